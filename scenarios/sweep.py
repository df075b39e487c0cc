"""A sweep: many points of one scenario, solved, kept, and the robust bundling among their plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shapely

from geo.plane import GeometryArray
from optimizer.consolidation import consolidate
from optimizer.errors import InputError, Problem, SolverError
from optimizer.evaluation import evaluate
from optimizer.frozen import digest
from optimizer.plan import Plan, current_plan
from optimizer.stage_memory import StageMemory
from scenarios.case import Case
from scenarios.changes import Cache, apply
from scenarios.drawings import read_drawings
from scenarios.fan_out import Task, fan_out, versions
from scenarios.load import LoadedCase, inspect
from scenarios.prepared import case_for, read_key
from scenarios.run import recheck
from scenarios.scenario import Scenario
from scenarios.sweep_points import Design, Point
from scenarios.sweep_regret import Candidate, Judge, first_of_each, plain, plans_digest, ranked
from scenarios.sweep_store import Journal
from scenarios.sweep_years import AlertDays, alert_days, with_year

MEASURES = (
    "objective", "officers_freed", "officers_required_stations", "mean_response_min",
    "p90_response_min", "share_within_fraction", "worst_township_response_min", "centres",
    "stations_bundled", "duty_stations", "worst_wait_share_fraction", "mismatch_fraction",
    "load_max", "load_gini", "road_km_per_officer_max", "officers_reassigned",
    "officers_rehomed", "officers_road_duty", "alerts_per_year",
)  # fmt: skip
TODAY_MEASURES = ("mean_response_min", "share_within_fraction", "mismatch_fraction")
INVALID = "INVALID"
"""Status of a point whose values contradict the case, such as a lock on a closed station."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that the points of a sweep share; travels once to each worker.

    Attributes:
        case: The opened case; its files are not read again.
        scenario: Scenario that the points vary, or None.
        sets: What `--set` adds to it.
        keys: Keys of the axes.
        bases: The case as read, by road speeds.
        drawn: Shapes of drawn closures.
        log: The alert log where years are drawn from it.
        seed: For the years.
    """

    case: Case
    scenario: str | None
    sets: tuple[str, ...]
    keys: tuple[str, ...]
    bases: Mapping[str, LoadedCase]
    drawn: Mapping[str, GeometryArray]
    log: AlertDays | None
    seed: int

    def open(self) -> Task:
        """Solver of points, with a memory of its own for what points share."""
        return Bench(self).solve

    def scenario_at(self, point: Point) -> Scenario:
        """The scenario with the values of one point.

        A value equal to the present one is simply the present one: at a point it says something.

        Raises:
            InputError: every problem of the values.
        """
        values = zip(self.keys, point.values, strict=True)
        sets = [*self.sets, *(f"{k}={v}" for k, v in values)]
        return self.case.scenario(self.scenario, sets, sets_must_change=False)


@dataclass(slots=True)
class Bench:
    """A world at work in one process."""

    world: World
    caches: dict[str, Cache] = field(default_factory=dict)
    memory: StageMemory = field(default_factory=StageMemory)

    def at(self, point: Point) -> LoadedCase:
        """The case in the world of one point.

        Raises:
            InputError: every problem of the point's values.
        """
        scenario = self.world.scenario_at(point)
        key = read_key(scenario)
        base = self.world.bases[key]
        if point.year is not None:
            county = with_year(base.county, self.world.log, self.world.seed, point.year)
            base = replace(base, county=county)
        cache = self.caches.setdefault(key, Cache())
        return apply(base, scenario, drawn=self.world.drawn, cache=cache)

    def _drawn_alerts(self, point: Point) -> float | None:
        """Alerts of the year drawn for a point, before the scenario changes any."""
        if point.year is None:
            return None
        county = next(iter(self.world.bases.values())).county
        drawn = with_year(county, self.world.log, self.world.seed, point.year)
        return plain(float(drawn.cells.alerts_per_year.sum()))

    def solve(self, point: Point) -> dict[str, Any]:
        """Status, measures and plan of one point, as plain JSON."""
        try:
            loaded = self.at(point)
        except InputError as error:
            why = "; ".join(p.text() for p in error.problems)
            drawn = self._drawn_alerts(point)
            return {
                "status": INVALID, "why": why, "drawn_alerts": drawn, "measures": {}, "plan": None
            }  # fmt: skip
        county, policy = loaded.county, loaded.policy
        result = consolidate(county, policy, memory=self.memory)
        rules = sorted({r for p in result.proofs for r in p.clashing_rules})
        found: dict[str, Any] = {
            "status": result.status.value,
            "why": ", ".join(rules),
            "drawn_alerts": self._drawn_alerts(point),
            "measures": {},
            "plan": None,
        }
        if result.plan is not None:
            scored = evaluate(county, policy, result.plan)
            try:
                recheck(loaded, result, scored)
            except SolverError as error:
                raise SolverError(f"point {point.index}: {error}") from error
            today = evaluate(county, policy, current_plan(county))
            found["measures"] = {m: plain(getattr(scored, m)) for m in MEASURES} | {
                f"today_{m}": plain(getattr(today, m)) for m in TODAY_MEASURES
            }
            found["plan"] = result.plan.to_json()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """The job of the second round: every candidate bundling at one point."""

    world: World
    plans: tuple[str, ...]

    def open(self) -> Task:
        """Judge of the candidates at a point."""
        bench = Bench(self.world)
        judge = Judge([Plan.from_json(text) for text in self.plans])

        def objectives(point: Point) -> list[float | None]:
            loaded = bench.at(point)
            return judge.objectives(loaded.county, loaded.policy)

        return objectives


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A finished sweep.

    Attributes:
        world, design: What was swept.
        results: One entry per point, in order: status, why, measures, bundling, plan digest.
        candidates: Distinct bundlings, the most robust first.
        bundlings: How many distinct bundlings there were; more than the candidates if too many.
        digest: What the sweep is.
    """

    world: World
    design: Design
    results: tuple[dict[str, Any], ...]
    candidates: tuple[Candidate, ...]
    bundlings: int
    digest: str


def prepare(case: Case, scenario: str | None, sets: Sequence[str], design: Design) -> World:
    """Read the case and check the values of every axis, before any point is solved.

    Raises:
        InputError: every problem of the case's files, or of a value.
    """
    world = World(
        case=case,
        scenario=case.scenario_name(scenario),
        sets=tuple(sets),
        keys=tuple(a.key for a in design.axes),
        bases={},
        drawn={},
        log=None,
        seed=design.seed,
    )
    first = case.scenario(world.scenario, sets)
    drawn, problems = read_drawings(first, case.folder)
    if problems:
        raise InputError(problems)
    bases = {k: _read(case, s) for k, s in _worlds_to_read(world, first, design).items()}
    base = bases[read_key(first)]
    log = alert_days(base) if design.years else None
    world = replace(world, bases=bases, drawn=drawn, log=log)
    _check_values(world, design)
    return world


def sweep_digest(world: World, design: Design) -> str:
    """What a sweep is: equal digests mean equal results."""
    scenario = world.case.scenario(world.scenario, world.sets)
    return digest(
        [
            {k: b.county.digest for k, b in world.bases.items()},
            [s.entry.spec.model_dump_json() for s in scenario.steps],
            scenario.policy.digest,
            {n: [shapely.to_wkb(g, hex=True) for g in s] for n, s in world.drawn.items()},
            [str(a) for a in design.axes],
            [str(design.samples), design.years, design.seed],
            world.log,
            versions(),
        ]
    )


def run_sweep(
    world: World,
    design: Design,
    journal: Journal,
    *,
    digest: str,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Solve what the journal does not hold yet, then weigh the bundlings against each other.

    Args:
        world: The case as prepared.
        design: The points.
        journal: Keeps every finished point.
        digest: `sweep_digest` of the two.
        workers: Processes on this machine.
        cluster: Address of a Dask scheduler instead.
        progress: Told the step (`points` or `regret`), how many are done, and of how many.

    Raises:
        InputError: the disk is full, or the cluster does not answer; what was finished is kept.
    """
    points = design.points()
    tell = progress if progress is not None else _silent
    plans: dict[str, str] = {e["digest"]: e["plan"] for e in journal.entries if "plan" in e}
    done: dict[int, dict[str, Any]] = {
        e["point"]: e["result"] for e in journal.entries if "point" in e
    }
    todo = [p for p in points if p.index not in done]
    tell("points", len(done), len(points))
    for row, result in fan_out(world, todo, workers=workers, cluster=cluster):
        _keep(journal, plans, done, todo[row].index, result)
        tell("points", len(done), len(points))
    results = tuple(done[i] for i in range(len(points)))
    chosen = first_of_each(results)
    regret = Regret(world=world, plans=tuple(plans[results[i]["plan"]] for i in chosen.values()))
    ours = plans_digest(regret.plans)
    judged: dict[int, list[float | None]] = {
        e["regret"]: e["objectives"] for e in journal.entries if e.get("of") == ours
    }
    solved = [points[i] for i, r in enumerate(results) if r["plan"] is not None]
    left = [p for p in solved if p.index not in judged]
    tell("regret", len(solved) - len(left), len(solved))
    for row, objectives in fan_out(regret, left, workers=workers, cluster=cluster):
        index = left[row].index
        journal.add({"regret": index, "of": ours, "objectives": objectives})
        judged[index] = objectives
        tell("regret", len(judged), len(solved))
    return Sweep(
        world=world,
        design=design,
        results=results,
        candidates=ranked(chosen, regret.plans, results, judged),
        bundlings=len({r["bundling"] for r in results if r["plan"] is not None}),
        digest=digest,
    )


def _keep(
    journal: Journal,
    plans: dict[str, str],
    done: dict[int, dict[str, Any]],
    index: int,
    result: dict[str, Any],
) -> None:
    """Add a point to the journal; a plan found before is not written again."""
    text = result["plan"]
    bundling = None
    if text is not None:
        plan = Plan.from_json(text)
        bundling = digest(plan.bundles)
        if plan.digest not in plans:
            journal.add({"digest": plan.digest, "plan": text})
            plans[plan.digest] = text
        result = result | {"plan": plan.digest}
    kept = result | {"bundling": bundling}
    journal.add({"point": index, "result": kept})
    done[index] = kept


# --- before -----------------------------------------------------------------------------------


def _worlds_to_read(world: World, first: Scenario, design: Design) -> dict[str, Scenario]:
    """A scenario for each way of reading the case that the points need, by `read_key`."""
    found = {read_key(first): first}
    speeds = ("policy.roads", "policy.crews.effective_hours_per_week", "alerts.forecast")
    if any(a.key.startswith(speeds) for a in design.axes):
        for point in design.points():
            scenario = world.scenario_at(point)
            found.setdefault(read_key(scenario), scenario)
    return found


def _read(case: Case, scenario: Scenario) -> LoadedCase:
    inspection = inspect(case_for(case, scenario), scenario.policy)
    if inspection.loaded is None:
        raise InputError(inspection.problems)
    return inspection.loaded


def _check_values(world: World, design: Design) -> None:
    """Every listed value, and the ends of every range, must fit; the others at their first."""
    bench = Bench(world)
    start = tuple(a.ends()[0] for a in design.axes)
    problems: list[Problem] = []
    tried: set[tuple[str, ...]] = set()
    for i, axis in enumerate(design.axes):
        for value in axis.listed or axis.ends():
            values = (*start[:i], value, *start[i + 1 :])
            if values in tried:
                continue
            tried.add(values)
            point = Point(index=0, values=values, year=None)
            try:
                if read_key(world.scenario_at(point)) in world.bases:
                    bench.at(point)
            except InputError as error:
                problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)


def _silent(_step: str, _done: int, _of: int) -> None:
    """Tell nobody."""
