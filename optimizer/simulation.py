"""Would the plan survive a Saturday night? Discrete-event simulation of crews and alerts.

Today and plan face the same alerts (common random numbers), replication by replication; measures
come as today | plan | change with 95% intervals. Most callers need `prepare` and `simulate`:

    setup = prepare(county, policy, plan, cell_time_min=minutes)
    result = simulate(setup)
    result.measures["response_mean_min"].change[0]       # group 0 is all alerts

A what-if changes the setup and simulates again:

    busy = replace(setup, model=setup.model.times(1.5))                    # surge
    snow = replace(setup, today=setup.today.slower(1.4), plan=setup.plan.slower(1.4))
    weak = replace(setup, plan=setup.plan.with_crews(fewer))

`run_replication` gives every alert and crew of one replication of one deployment (`Trace`), for
whoever needs more than measures. The model and its limits: docs/simulation.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from optimizer.arrivals import DAY_MIN, Alerts, ArrivalModel, arrival_model, draw_alerts
from optimizer.county import County
from optimizer.frozen import FloatArray
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.simulation_inputs import SimulationInputs, simulation_inputs
from optimizer.simulation_load import Load, loads, overloaded
from optimizer.simulation_measures import (
    Compared,
    Ground,
    Trace,
    Values,
    compare,
    ground_of,
    interval,
    measure,
)
from optimizer.simulation_state import LOGGED
from optimizer.simulation_tables import world_of

# After the last alert crews get this long to finish; what then waits was not served.
DRAIN_DAYS = 7
# Replications between two looks at the precision; the same for any number of workers.
BATCH = 10
MAX_WARM_UP_DAYS = 28
# A queue that holds more than this many days of alerts at the end has not settled.
GROWING_DAYS = 0.5

Fan = Callable[[Any, Sequence[Any]], Iterable[tuple[int, Any]]]
"""`scenarios.fan_out.fan_out` with its workers bound; yields (row, result) in any order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setup:
    """All that replications share; pickles, and is a job of `scenarios.fan_out`.

    Attributes:
        model: Where alerts come from.
        today, plan: The deployments.
        ground: How alerts are grouped.
        load_today, load_plan: Work offered to each unit, before any simulation.
        days: Days counted.
        warm_up_days: Days before, not counted.
        min_replications, max_replications, half_width_min: When to stop.
        seed: Seed.
        replay: A log's alerts in place of drawn ones; their service is still drawn unless given.
        compiled: False = the plain-Python twin, slow.
    """

    model: ArrivalModel
    today: SimulationInputs
    plan: SimulationInputs
    ground: Ground
    load_today: tuple[Load, ...]
    load_plan: tuple[Load, ...]
    days: int
    warm_up_days: int
    min_replications: int
    max_replications: int
    half_width_min: float
    seed: int
    replay: Callable[[int], Alerts] | None = None
    compiled: bool = True

    def alerts(self, replication: int) -> Alerts:
        """Alerts of one replication, the same for both deployments."""
        if self.replay is not None:
            return self.replay(replication)
        days = self.warm_up_days + self.days
        return draw_alerts(self.model, days, seed=self.seed, replication=replication)

    def trace(self, deployment: Literal["today", "plan"], replication: int) -> Trace:
        """One replication of one deployment, alert by alert."""
        inputs = self.today if deployment == "today" else self.plan
        return self._run(inputs, self.alerts(replication))

    def open(self) -> Callable[[int], tuple[Values, Values]]:
        """The task of one replication: measures of today and plan."""

        def task(replication: int) -> tuple[Values, Values]:
            alerts = self.alerts(replication)
            today, plan = (
                measure(self._run(inputs, alerts), inputs, self.ground)
                for inputs in (self.today, self.plan)
            )
            return today, plan

        return task

    def _run(self, inputs: SimulationInputs, alerts: Alerts) -> Trace:
        start = self.warm_up_days * DAY_MIN
        return run_replication(
            inputs,
            alerts,
            window_from=start,
            window_to=start + self.days * DAY_MIN,
            use_compiled=self.compiled,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulationResult:
    """Today | plan | change over the replications.

    Attributes:
        measures: By name, see `simulation_measures.measure`; empty where `overloaded_*` is not.
        ground: Labels of groups, townships and bundles.
        replications: How many were run.
        precise: The wanted half-width was reached.
        days, warm_up_days, seed: As of the setup.
        load_today, load_plan: Work offered to each unit.
        overloaded_today, overloaded_plan: Units whose queue has no end; nothing is simulated then.
        crew_units_today, crew_units_plan: Unit of each crew, for measures by crew.
        growing: Deployments (`today`, `plan`) whose queue had not settled at the end: means over
            such a run grow with its length and say nothing.
        histogram_today, histogram_plan: Responses of all alerts of all replications, shape
            (BINS + 1,) of `BIN_MIN` minutes each.
        events: Events handled in all.
    """

    measures: dict[str, Compared]
    ground: Ground
    replications: int
    precise: bool
    days: int
    warm_up_days: int
    seed: int
    load_today: tuple[Load, ...]
    load_plan: tuple[Load, ...]
    overloaded_today: tuple[Load, ...]
    overloaded_plan: tuple[Load, ...]
    crew_units_today: tuple[str, ...]
    crew_units_plan: tuple[str, ...]
    growing: tuple[str, ...]
    histogram_today: FloatArray
    histogram_plan: FloatArray
    events: int


def prepare(
    county: County,
    policy: Policy,
    plan: Plan,
    *,
    cell_time_min: FloatArray | None = None,
    model: ArrivalModel | None = None,
    today: Plan | None = None,
    crews_today: ArrayLike | None = None,
    crews_plan: ArrayLike | None = None,
    replay: Callable[[int], Alerts] | None = None,
) -> Setup:
    """What `simulate` needs of a county, a policy and a plan.

    Args:
        county: The county.
        policy: The policy; `policy.simulation` says how crews are sent and how long to run.
        plan: The plan.
        cell_time_min: Minutes from cell to cell, shape (C, C), see `simulation_inputs`.
        model: None = `arrival_model(county, policy)`.
        today: None = `current_plan(county)`.
        crews_today: Crews on duty, broadcast to (U, P); None = as the policy says.
        crews_plan: Likewise.
        replay: Replication -> alerts, in place of drawn ones. Must pickle to use workers.

    Raises:
        InputError: a custody station that does not exist.
    """
    rules = policy.simulation
    model = arrival_model(county, policy) if model is None else model
    sides = [
        simulation_inputs(county, policy, p, cell_time_min=cell_time_min, crews=c)
        for p, c in (
            (current_plan(county) if today is None else today, crews_today),
            (plan, crews_plan),
        )
    ]
    found = [loads(side, model, policy) for side in sides]
    warm_up = rules.warm_up_days
    if warm_up is None:
        warm_up = warm_up_days(county, policy, [*found[0], *found[1]])
    return Setup(
        model=model,
        today=sides[0],
        plan=sides[1],
        ground=ground_of(county, policy, plan),
        load_today=found[0],
        load_plan=found[1],
        days=rules.days,
        warm_up_days=warm_up,
        min_replications=rules.min_replications,
        max_replications=rules.max_replications,
        half_width_min=rules.half_width_min,
        seed=rules.seed,
        replay=replay,
    )


def warm_up_days(county: County, policy: Policy, found: Sequence[Load]) -> int:
    r"""Days until an empty start is forgotten: ten relaxation times of the slowest unit.

    The relaxation time of M/M/m is about $(s / m) / (1 - \sqrt\rho)^2$, exact for m = 1 (J. W.
    Cohen (1982), *The Single Server Queue*, II.2.1). Whole weeks, at least one (so that the window
    starts on a Monday), at most `MAX_WARM_UP_DAYS`.
    """
    service = max(
        (policy.workload.of(k).on_scene_min for k in county.categories), default=0.0
    ) + 2.0 * float(np.median(county.travel_time_min[np.isfinite(county.travel_time_min)]))
    slowest = 0.0
    for load in found:
        rho = load.utilisation_fraction
        if rho < 1 and load.crews > 0:
            slowest = max(slowest, service / load.crews / (1.0 - np.sqrt(rho)) ** 2)
    weeks = int(np.ceil(10.0 * slowest / DAY_MIN / 7.0))
    return min(max(weeks, 1) * 7, MAX_WARM_UP_DAYS)


def run_replication(
    inputs: SimulationInputs,
    alerts: Alerts,
    *,
    window_from: float,
    window_to: float,
    use_compiled: bool = True,
    log_events: bool = False,
) -> Trace:
    """Send crews to alerts, one replication of one deployment.

    Args:
        inputs: The deployment.
        alerts: What happens.
        window_from: Minute from day 0 on which alerts and minutes count.
        window_to: Minute before which they do; crews then have `DRAIN_DAYS` to finish.
        use_compiled: False = the plain-Python twin, the same function.
        log_events: Keep every event.
    """
    from optimizer.simulation_loop import compiled, run_plain

    world, alert_of_job = world_of(
        inputs,
        alerts,
        window_from=window_from,
        window_to=window_to,
        stop_min=window_to + DRAIN_DAYS * DAY_MIN,
        log_room=_log_room(alerts, window_to, inputs) if log_events else 0,
    )
    events = (compiled() if use_compiled else run_plain)(world)
    jobs, crews = world.jobs, world.crews
    first = np.flatnonzero(np.diff(alert_of_job, prepend=-1))

    def earliest(of_job: FloatArray) -> FloatArray:
        if not len(alerts):
            return np.zeros(0)
        came = np.fmin.reduceat(of_job, first) - alerts.time_min
        return np.where(np.isnan(came), np.inf, came)

    return Trace(
        alerts=alerts,
        window_from=window_from,
        window_to=window_to,
        response_min=earliest(jobs.arrived),
        wait_min=earliest(jobs.dispatched),
        alert_of_job=alert_of_job,
        crew=jobs.crew,
        dispatched=jobs.dispatched,
        arrived=jobs.arrived,
        cleared=jobs.cleared,
        crew_unit=crews.unit,
        busy_min=crews.busy_min,
        duty_min=crews.duty_min,
        overrun_min=crews.overrun_min,
        none_free_min=world.units.none_min,
        patrol_min=world.cells.patrol_min,
        events=events,
        log=world.log[: int(world.counts[LOGGED])],
    )


def simulate(
    setup: Setup, fan: Fan | None = None, *, even_if_overloaded: bool = False
) -> SimulationResult:
    """Simulate both deployments until precise enough.

    Replications are run in batches of `BATCH`, whatever the workers, and merged in order, so the
    result does not depend on them.

    Args:
        setup: Of `prepare`.
        fan: Runs a job's items; None = one after another here.
        even_if_overloaded: Simulate although a queue has no end, such as for a surge of some days.

    Returns:
        Measures with intervals; without measures where a queue has no end, which is then named
        with the strength that would hold it.
    """
    over = [
        overloaded(inputs, found)
        for inputs, found in ((setup.today, setup.load_today), (setup.plan, setup.load_plan))
    ]
    today: list[Values] = []
    plan: list[Values] = []
    precise = False
    if even_if_overloaded or not (over[0] or over[1]):
        run = _one_by_one if fan is None else fan
        while len(today) < setup.max_replications and not precise:
            upto = setup.min_replications if not today else len(today) + BATCH
            batch = range(len(today), min(upto, setup.max_replications))
            done = dict(run(setup, batch))
            today += [done[i][0] for i in range(len(batch))]
            plan += [done[i][1] for i in range(len(batch))]
            apart = np.array(
                [
                    p["response_mean_min"][0] - t["response_mean_min"][0]
                    for t, p in zip(today, plan, strict=True)
                ]
            )
            precise = bool(interval(apart)[1] <= setup.half_width_min)
    empty = np.zeros(0)
    return SimulationResult(
        measures=compare(today, plan) if today else {},
        ground=setup.ground,
        replications=len(today),
        precise=precise,
        days=setup.days,
        warm_up_days=setup.warm_up_days,
        seed=setup.seed,
        load_today=setup.load_today,
        load_plan=setup.load_plan,
        overloaded_today=over[0],
        overloaded_plan=over[1],
        crew_units_today=_crew_units(setup.today),
        crew_units_plan=_crew_units(setup.plan),
        growing=tuple(
            name for name, values in (("today", today), ("plan", plan)) if _grows(values)
        ),
        histogram_today=_total(today) if today else empty,
        histogram_plan=_total(plan) if plan else empty,
        events=int(sum(v["events"] for v in [*today, *plan])),
    )


def _one_by_one(setup: Setup, items: Sequence[int]) -> Iterator[tuple[int, Any]]:
    task = setup.open()
    for row, item in enumerate(items):
        yield row, task(item)


def _total(values: Sequence[Values]) -> FloatArray:
    total: FloatArray = np.sum([v["histogram"] for v in values], axis=0)
    return total


def _crew_units(inputs: SimulationInputs) -> tuple[str, ...]:
    return tuple(inputs.unit_id[u] for u in inputs.crew_unit)


def _grows(values: Sequence[Values]) -> bool:
    """Whether more waits at the end than a settled queue would hold."""
    return bool(values) and bool(np.mean([v["backlog_days"] for v in values]) > GROWING_DAYS)


def _log_room(alerts: Alerts, until_min: float, inputs: SimulationInputs) -> int:
    """Lines for the log: a job has at most a few dozen, a crew some a day."""
    days = int(until_min / DAY_MIN) + DRAIN_DAYS + 1
    return 40 * int(alerts.crews.sum()) + 40 * len(inputs.crew_unit) * days + 1000
