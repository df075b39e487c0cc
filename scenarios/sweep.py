"""A sweep: many points of one scenario, solved, kept, and the robust bundling among their plans."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from geo.plane import GeometryArray
from optimizer.consolidation import consolidate
from optimizer.errors import InputError, Problem, SolverError
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.frozen import digest
from optimizer.plan import Plan, current_plan
from scenarios.case import Case
from scenarios.changes import Cache, apply, load_key
from scenarios.drawings import read_drawings
from scenarios.fan_out import Task, fan_out, versions
from scenarios.library import Entry, unchanged
from scenarios.load import LoadedCase, inspect
from scenarios.scenario import Scenario
from scenarios.scenario_schema import Block
from scenarios.set_values import NOWHERE, SET
from scenarios.sweep_points import Design, Point
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

# Sums may differ in the last bits between processors; twelve figures say all there is to say.
_FIGURES = 12
_UNCHANGED = unchanged(Entry(spec=Block(), document=NOWHERE, shown=SET), (), None).expected

# Rules that a bundling alone can break; the rest is decided anew each year.
BUNDLING_RULES = ("adjacency", "bundling.", "stations.", "response.")
MAX_CANDIDATES = 50

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
        """Solver of points, with a memory of its own for roads that points share."""
        return Bench(self).solve


@dataclass(slots=True)
class Bench:
    """A world at work in one process."""

    world: World
    caches: dict[str, Cache] = field(default_factory=dict)

    def at(self, point: Point) -> LoadedCase:
        """The case in the world of one point.

        A value equal to the present one is left out: at a point of a sweep it says something.

        Raises:
            InputError: every problem of the point's values.
        """
        world = self.world
        chosen = dict(zip(world.keys, point.values, strict=True))
        while True:
            sets = [*world.sets, *(f"{k}={v}" for k, v in chosen.items())]
            try:
                scenario = world.case.scenario(world.scenario, sets)
                return self._apply(scenario, point)
            except InputError as error:
                idle = {p.column for p in error.problems if _says_nothing(p)} & set(chosen)
                if not idle:
                    raise
                chosen = {k: v for k, v in chosen.items() if k not in idle}

    def _apply(self, scenario: Scenario, point: Point) -> LoadedCase:
        key = load_key(scenario.policy)
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
        return _plain(float(drawn.cells.alerts_per_year.sum()))

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
        result = consolidate(county, policy)
        rules = sorted({r for p in result.proofs for r in p.clashing_rules})
        found: dict[str, Any] = {
            "status": result.status.value,
            "why": ", ".join(rules),
            "drawn_alerts": self._drawn_alerts(point),
            "measures": {},
            "plan": None,
        }
        if result.plan is not None:
            broken = violations(county, policy, result.plan)
            if broken:
                raise SolverError(
                    f"point {point.index}: the plan breaks its own rules; please report this:\n"
                    + "\n".join(f"  - {v.text()}" for v in broken)
                )
            scored = evaluate(county, policy, result.plan)
            today = evaluate(county, policy, current_plan(county))
            found["measures"] = {m: _plain(getattr(scored, m)) for m in MEASURES} | {
                f"today_{m}": _plain(getattr(today, m)) for m in TODAY_MEASURES
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
        plans = [Plan.from_json(text) for text in self.plans]

        def judge(point: Point) -> list[float | None]:
            loaded = bench.at(point)
            return [_objective(loaded, plan) for plan in plans]

        return judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One bundling found in the sweep.

    Attributes:
        plan: The first plan that has it.
        point: Number of the point it was found at.
        found_at: At how many points it was the best.
        breaks_at: At how many points it breaks a rule.
        max_regret: Greatest gap to the best bundling of a point, over points where it breaks no
            rule; officers.
        mean_regret: Mean of the same.
    """

    plan: Plan
    point: int
    found_at: int
    breaks_at: int
    max_regret: float
    mean_regret: float


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
    base = bases[load_key(first.policy)]
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
    chosen = _candidates(results)
    regret = Regret(world=world, plans=tuple(plans[results[i]["plan"]] for i in chosen.values()))
    ours = _digest_of(regret.plans)
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
        candidates=_ranked(chosen, regret.plans, results, judged),
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
    """A scenario for each set of road speeds that the points need, by `load_key`."""
    found = {load_key(first.policy): first}
    speeds = ("policy.roads", "policy.crews.effective_hours_per_week")
    if any(a.key.startswith(speeds) for a in design.axes):
        for point in design.points():
            scenario = _policy_at(world, point)
            found.setdefault(load_key(scenario.policy), scenario)
    return found


def _policy_at(world: World, point: Point) -> Scenario:
    """The scenario of a point as far as its policy goes; values that change nothing left out."""
    chosen = dict(zip(world.keys, point.values, strict=True))
    while True:
        sets = [*world.sets, *(f"{k}={v}" for k, v in chosen.items())]
        try:
            return world.case.scenario(world.scenario, sets)
        except InputError as error:
            idle = {p.column for p in error.problems if _says_nothing(p)} & set(chosen)
            if not idle:
                raise
            chosen = {k: v for k, v in chosen.items() if k not in idle}


def _read(case: Case, scenario: Scenario) -> LoadedCase:
    inspection = inspect(case, scenario.policy)
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
                if load_key(_policy_at(world, point).policy) in world.bases:
                    bench.at(point)
            except InputError as error:
                problems += [p for p in error.problems if p not in problems]
    if problems:
        raise InputError(problems)


def _says_nothing(problem: Problem) -> bool:
    return problem.where == SET and problem.expected == _UNCHANGED


def _plain(value: float) -> float | int | None:
    """A number as JSON holds it; None for what has no finite value."""
    if isinstance(value, int):
        return value
    return float(f"{value:.{_FIGURES}g}") if math.isfinite(value) else None


def _silent(_step: str, _done: int, _of: int) -> None:
    """Tell nobody."""


# --- after ------------------------------------------------------------------------------------


def _candidates(results: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """First point of each distinct bundling; of too many, those found most often."""
    first: dict[str, int] = {}
    count: dict[str, int] = {}
    for i, result in enumerate(results):
        if result["plan"] is not None:
            first.setdefault(result["bundling"], i)
            count[result["bundling"]] = count.get(result["bundling"], 0) + 1
    chosen = sorted(first, key=lambda b: (-count[b], first[b]))[:MAX_CANDIDATES]
    return {b: first[b] for b in chosen}


def _objective(loaded: LoadedCase, plan: Plan) -> float | None:
    """Bundling objective of a plan in another world; None where its bundling breaks a rule."""
    stations = {s for b in plan.bundles for s in b.station_ids}
    if stations != set(loaded.county.stations.station_id):
        return None
    # Bundles alone: who serves where is decided again in every world.
    bundling = Plan(bundles=plan.bundles, road_duties=current_plan(loaded.county).road_duties)
    broken = violations(loaded.county, loaded.policy, bundling)
    if any(v.rule.startswith(BUNDLING_RULES) for v in broken):
        return None
    value = _plain(evaluate(loaded.county, loaded.policy, bundling).objective)
    return None if value is None else float(value)


def _ranked(
    chosen: Mapping[str, int],
    plans: Sequence[str],
    results: Sequence[Mapping[str, Any]],
    judged: Mapping[int, Sequence[float | None]],
) -> tuple[Candidate, ...]:
    """Candidates by points where they break a rule, greatest regret, mean regret, first found."""
    found = []
    for row, (bundling, point) in enumerate(chosen.items()):
        regrets = []
        for i, objectives in judged.items():
            mine = objectives[row]
            if mine is not None:
                regrets.append(max(0.0, mine - _best(results[i], objectives)))
        found.append(
            Candidate(
                plan=Plan.from_json(plans[row]),
                point=point,
                found_at=sum(r["bundling"] == bundling for r in results),
                breaks_at=len(judged) - len(regrets),
                max_regret=float(f"{max(regrets, default=math.inf):.9g}"),
                mean_regret=float(f"{np.mean(sorted(regrets)):.9g}") if regrets else math.inf,
            )
        )
    return tuple(sorted(found, key=lambda c: (c.breaks_at, c.max_regret, c.mean_regret, c.point)))


def _best(result: Mapping[str, Any], objectives: Iterable[float | None]) -> float:
    """The least objective known at a point."""
    return min([float(result["measures"]["objective"]), *(o for o in objectives if o is not None)])


def _digest_of(plans: Sequence[str]) -> str:
    return digest(list(plans))
