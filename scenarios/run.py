"""The main job: load a case, consolidate, check the plan anew, judge it against today."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from optimizer.consolidation import consolidate
from optimizer.errors import SolverError
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.plan import current_plan
from optimizer.result import Result
from optimizer.road_duty import joint_part
from optimizer.scorecard import Evaluation
from scenarios.case import Case
from scenarios.load import Inspection, LoadedCase
from scenarios.prepared import Prepared

Progress = Callable[[str], None]

# Solver and judge add the same prices in another order; integer scaling rounds each column.
OBJECTIVE_TOLERANCE_OFFICERS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One scenario of one case, run.

    Attributes:
        inspection: What reading the case turned up.
        loaded: The case's data in the world of the scenario; its `overrides` are what it changes.
        scenario: Name of the scenario and what `--set` adds, or None.
        result: Plan and proofs.
        today: Evaluation of the present deployment.
        plan: Evaluation of the plan; None when there is none.
        seconds: Wall seconds of each step, for the console only: they are in no other output.
        description: What the scenario says of itself.
    """

    inspection: Inspection
    loaded: LoadedCase
    scenario: str | None
    result: Result
    today: Evaluation
    plan: Evaluation | None
    seconds: Mapping[str, float]
    description: str = ""


def run_case(
    case: Case,
    scenario: str | None,
    progress: Progress | None = None,
    *,
    sets: Sequence[str] = (),
    prepared: Prepared | None = None,
    known: Callable[[LoadedCase], Result | None] | None = None,
) -> Run:
    """Run one scenario.

    Args:
        case: The opened case.
        scenario: A scenario's name; None for the case's default.
        progress: Called with the name of each step as it starts.
        sets: What `--set` adds, each `a.b=value`.
        prepared: The case as other scenarios have read it, to share its data.
        known: Asked for the result of the same inputs before anything is solved; what it gives is
            checked and judged like a new plan.

    Raises:
        InputError: every problem of the case's files and of the scenario.
        SolverError: the plan breaks a rule or its price does not add up, which is our fault.
    """
    resolved = case.scenario(scenario, sets)
    prepared = Prepared(case) if prepared is None else prepared
    seconds: dict[str, float] = {}
    step_name, started = "", perf_counter()

    def step(next_name: str) -> None:
        nonlocal step_name, started
        now = perf_counter()
        if step_name:
            seconds[step_name] = seconds.get(step_name, 0.0) + now - started
        step_name, started = next_name, now
        if progress is not None and next_name:
            progress(next_name)

    step("reading")
    loaded = prepared.load(resolved)
    policy = loaded.policy
    result = None if known is None else known(loaded)
    if result is None:
        result = consolidate(loaded.county, policy, step, memory=prepared.memory)
    step("evaluation")
    today = evaluate(loaded.county, policy, current_plan(loaded.county))
    plan = None
    if result.plan is not None:
        plan = evaluate(loaded.county, policy, result.plan)
        recheck(loaded, result, plan)
    step("")
    return Run(
        inspection=prepared.inspection(resolved),
        loaded=loaded,
        scenario=resolved.label,
        result=result,
        today=today,
        plan=plan,
        seconds=seconds,
        description=resolved.description,
    )


def recheck(loaded: LoadedCase, result: Result, plan: Evaluation) -> None:
    """Hold the plan against every rule and the solver's objective, without the solver.

    Args:
        loaded: The world it was made for.
        result: The plan and its proofs.
        plan: Its evaluation.

    Raises:
        SolverError: a rule is broken, or the price does not add up.
    """
    assert result.plan is not None
    broken = violations(loaded.county, loaded.policy, result.plan)
    if broken:
        raise SolverError(
            "the plan breaks its own rules; please report this:\n"
            + "\n".join(f"  - {v.text()}" for v in broken)
        )
    for proof in result.proofs:
        if proof.stage != "bundling" or proof.objective is None:
            continue
        # A joint solve counts the roads with the bundles.
        judged = plan.objective + joint_part(loaded.county, loaded.policy, result.plan)
        if abs(proof.objective - judged) > OBJECTIVE_TOLERANCE_OFFICERS:
            raise SolverError(
                f"the solver's objective {proof.objective:.6f} is not the evaluation's "
                f"{judged:.6f}; please report this"
            )
