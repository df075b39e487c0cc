"""Stresses simulated: tallies of each replication, and today | plan | change with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from optimizer.arrivals import DAY_MIN, Alerts, ArrivalModel, draw_alerts
from optimizer.frozen import BoolArray, FloatArray
from optimizer.policy import Policy
from optimizer.simulation import GROWING_DAYS, Fan, Setup, run_replication
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_load import Load, loads, overloaded
from optimizer.simulation_measures import Compared, Trace, interval
from optimizer.stress import DEPLOYMENTS, Deployment, Scope, Stress, incident_category

ALERTS, REACHED, RESPONSE, WITHIN, WAITS, LONG = range(6)
MEASURES = (
    "response_mean_min", "within_fraction", "waits_fraction", "waits_long_fraction",
    "unserved_fraction",
)  # fmt: skip
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

Progress = Callable[[str, int, int], None]
"""Called with a step's name, how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Counts of one replication of one deployment.

    Attributes:
        scopes: For each scope asked for: alerts, alerts reached, their minutes of response, alerts
            within the standard, waiting, waiting long; shape (scopes, 6).
        bundles: The same for all alerts of each bundle of the plan, shape (B, 6).
        backlog_days: Alerts that wait when the window ends, in days of alerts.
    """

    scopes: FloatArray
    bundles: FloatArray
    backlog_days: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressJob:
    """What all tasks of a stress test share; a job of `scenarios.fan_out`.

    Attributes:
        setup: The setup, of an average month (`average_month`).
        stresses: The stresses.
        scopes: Scopes by which each stress is tallied.
        top_factor: Alerts are drawn with all rates times this.
        deployments: Which deployments are simulated.
    """

    setup: Setup
    stresses: tuple[Stress, ...]
    scopes: tuple[tuple[Scope, ...], ...]
    top_factor: float
    deployments: tuple[Deployment, ...] = DEPLOYMENTS

    def open(self) -> Callable[[tuple[int, int]], dict[Deployment, Tally]]:
        """The task of one (stress, replication)."""
        drawn: dict[int, Alerts] = {}

        def task(item: tuple[int, int]) -> dict[Deployment, Tally]:
            at, replication = item
            if replication not in drawn:
                drawn.clear()  # tasks come by replication
                drawn[replication] = self.drawn(replication)
            return self.tallies(at, replication, drawn[replication])

        return task

    def drawn(self, replication: int) -> Alerts:
        """The alerts that all stresses of a replication thin."""
        setup = self.setup
        return draw_alerts(
            setup.model.times(self.top_factor),
            setup.warm_up_days + setup.days,
            seed=setup.seed,
            replication=replication,
        )

    def tallies(self, at: int, replication: int, drawn: Alerts) -> dict[Deployment, Tally]:
        """The deployments under one stress; new ground leaves today as it is undisturbed."""
        setup, stress = self.setup, self.stresses[at]
        alerts = stress.alerts(setup, drawn, self.top_factor, replication)
        start = setup.warm_up_days * DAY_MIN
        found: dict[Deployment, Tally] = {}
        for which in self.deployments:
            if which == "today" and stress.new_ground is not None:
                continue
            trace = run_replication(
                stress.inputs(setup, which, replication),
                alerts,
                window_from=start,
                window_to=start + setup.days * DAY_MIN,
                use_compiled=setup.compiled,
            )
            found[which] = tally(trace, setup, self.scopes[at])
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressRow:
    """One stress, today | plan | change.

    Attributes:
        stress: The stress.
        measures: By name, see `MEASURES`; each a single number. Empty where the queue has no end.
        undisturbed: The same of the same alerts' place and hours without the stress.
        extra: How much more the stress changes the plan than today, by name: mean, half-width.
        overloaded_today, overloaded_plan: Units whose queue has no end; nothing is simulated then.
        beyond_today, beyond_plan: Units that live on their neighbours' help: their own work is as
            much as their crews' time or more.
        growing: Deployments whose queue had not settled at the end.
    """

    stress: Stress
    measures: Mapping[str, Compared]
    undisturbed: Mapping[str, Compared]
    extra: Mapping[str, tuple[float, float]]
    overloaded_today: tuple[Load, ...]
    overloaded_plan: tuple[Load, ...]
    beyond_today: tuple[Load, ...]
    beyond_plan: tuple[Load, ...]
    growing: tuple[Deployment, ...]

    def breaks(self, which: Deployment, policy: Policy, least_drop_fraction: float) -> bool:
        """Whether a deployment breaks; see `breaches`."""
        endless = self.overloaded_today if which == "today" else self.overloaded_plan
        if endless or which in self.growing:
            return True
        if not self.measures:
            return False

        def value(of: Mapping[str, Compared], name: str) -> float:
            return float(getattr(of[name], which))

        late, waits = breaches(
            within=value(self.measures, "within_fraction"),
            before=value(self.undisturbed, "within_fraction"),
            long=value(self.measures, "waits_long_fraction"),
            policy=policy,
            least_drop_fraction=least_drop_fraction,
        )
        return bool(late or waits)


def breaches(
    *,
    within: ArrayLike,
    before: ArrayLike,
    long: ArrayLike,
    policy: Policy,
    least_drop_fraction: float,
) -> tuple[BoolArray, BoolArray]:
    """Whether too few are reached in time because of a stress, and whether too many wait too long.

    Args:
        within: Share reached within the standard.
        before: The same undisturbed.
        long: Share that waits longer than `policy.crews.max_wait_min`.
        policy: Its standards.
        least_drop_fraction: Nearer than this to `before` it is not the stress.
    """
    share, usual = np.asarray(within, float), np.asarray(before, float)
    late: BoolArray = (share < policy.response.share_within_fraction) & (
        share <= usual - least_drop_fraction
    )
    waits: BoolArray = np.asarray(long, float) > policy.crews.max_wait_share_fraction
    return late, waits


def average_month(model: ArrivalModel) -> ArrivalModel:
    """The same without seasons: a stress of some weeks must not be that of January."""
    months = np.tile(_MONTH_DAYS / _MONTH_DAYS.sum(), (len(model.month_share_fraction), 1))
    return replace(model, month_share_fraction=months)


def tally(trace: Trace, setup: Setup, scopes: Sequence[Scope]) -> Tally:
    """Counts of one replication; major incidents themselves are left out."""
    alerts, ground = trace.alerts, setup.ground
    seen = (alerts.time_min >= trace.window_from) & (alerts.time_min < trace.window_to)
    seen &= alerts.category != incident_category(setup)
    response, wait = trace.response_min, trace.wait_min
    reached = np.isfinite(response)
    columns = np.column_stack(
        [
            np.ones(len(alerts)),
            reached,
            np.where(reached, response, 0.0),
            response <= ground.standard_min[alerts.cell],
            wait > 0,
            wait > ground.long_wait_min,
        ]
    )
    bundle = ground.bundle_of_cell[alerts.cell[seen]]
    by_bundle = [
        np.bincount(bundle, weights=columns[seen, j], minlength=len(ground.bundles))
        for j in range(columns.shape[1])
    ]
    late = (alerts.time_min < trace.window_to) & (alerts.time_min + wait > trace.window_to)
    return Tally(
        scopes=np.array([columns[seen & s.holds(alerts)].sum(axis=0) for s in scopes]),
        bundles=np.column_stack(by_bundle),
        backlog_days=float(late.sum() / max(seen.sum() / setup.days, 1e-9)),
    )


def run_stresses(
    setup: Setup,
    stresses: Sequence[Stress],
    policy: Policy,
    *,
    replications: int,
    top_factor: float,
    fan: Fan,
    progress: Progress,
) -> tuple[StressRow, ...]:
    """Simulate stresses, and the undisturbed first; one row each.

    Where a queue has no end even undisturbed, that row is the only one.

    Args:
        setup: Of an average month.
        stresses: What to simulate; the first row is always `Stress()`.
        policy: For what holds an endless queue.
        replications: How many.
        top_factor: As `StressJob.top_factor`.
        fan: Runs tasks; any number of workers gives the same rows.
        progress: Called as `stresses`.
    """
    base = Stress()
    asked = [base, *stresses]
    found = [[_loads(setup, s, which, policy) for which in DEPLOYMENTS] for s in asked]
    endless = [
        [
            overloaded(s.inputs(setup, which, 0), f) if s.lasting else ()
            for which, f in zip(DEPLOYMENTS, pair, strict=True)
        ]
        for s, pair in zip(asked, found, strict=True)
    ]
    if any(endless[0]):
        asked = [base]
    job = StressJob(
        setup=setup,
        stresses=tuple(asked),
        scopes=(tuple(s.scope for s in asked), *((s.scope,) for s in asked[1:])),
        top_factor=top_factor,
    )
    items = [(i, r) for r in range(replications) for i in range(len(asked)) if not any(endless[i])]
    done = gather(fan, job, items, lambda n: progress("stresses", n, len(items)))
    for (i, r), both in done.items():
        if "today" not in both:
            usual = done[0, r]["today"]
            both["today"] = replace(usual, scopes=usual.scopes[[i]])
    rows = []
    for i, one in enumerate(asked):
        here = [done[i, r] for r in range(replications)] if (i, 0) in done else []
        start = [done[0, r] for r in range(replications)] if (0, 0) in done else []
        after, before = _compared(here, 0), _compared(start, i)
        rows.append(
            StressRow(
                stress=one,
                measures=after,
                undisturbed=before,
                extra=_extra(here, start, i) if here and start else {},
                overloaded_today=endless[i][0],
                overloaded_plan=endless[i][1],
                beyond_today=_beyond(found[i][0]) if one.lasting else (),
                beyond_plan=_beyond(found[i][1]) if one.lasting else (),
                growing=tuple(
                    w
                    for w in DEPLOYMENTS
                    if here and np.mean([t[w].backlog_days for t in here]) > GROWING_DAYS
                ),
            )
        )
    return tuple(rows)


def gather(
    fan: Fan, job: StressJob, items: Sequence[tuple[int, int]], done: Callable[[int], None]
) -> dict[tuple[int, int], dict[Deployment, Tally]]:
    """Tallies by (stress, replication)."""
    found = {}
    done(0)
    for n, (row, value) in enumerate(fan(job, items), start=1):
        found[items[row]] = value
        done(n)
    return found


def ratios(counts: FloatArray) -> dict[str, FloatArray]:
    """Measures from counts of shape (…, 6); NaN without alerts."""
    alerts, reached = counts[..., ALERTS], counts[..., REACHED]

    def share(of: FloatArray, by: FloatArray) -> FloatArray:
        made: FloatArray = np.divide(of, by, out=np.full(by.shape, np.nan), where=by > 0)
        return made

    return {
        "response_mean_min": share(counts[..., RESPONSE], reached),
        "within_fraction": share(counts[..., WITHIN], alerts),
        "waits_fraction": share(counts[..., WAITS], alerts),
        "waits_long_fraction": share(counts[..., LONG], alerts),
        "unserved_fraction": share(alerts - reached, alerts),
    }


def _each(done: Sequence[Mapping[Deployment, Tally]], scope: int, which: Deployment) -> (
    dict[str, FloatArray]
):  # fmt: skip
    return ratios(np.array([t[which].scopes[scope] for t in done]))


def _compared(done: Sequence[Mapping[Deployment, Tally]], scope: int) -> dict[str, Compared]:
    if not done:
        return {}
    today, plan = (_each(done, scope, which) for which in DEPLOYMENTS)
    found = {}
    for name in MEASURES:
        (a, a_half), (b, b_half), (c, c_half) = (
            interval(x) for x in (today[name], plan[name], plan[name] - today[name])
        )
        found[name] = Compared(
            today=a,
            plan=b,
            change=c,
            today_half_width=a_half,
            plan_half_width=b_half,
            change_half_width=c_half,
        )
    return found


def _extra(
    here: Sequence[Mapping[Deployment, Tally]],
    start: Sequence[Mapping[Deployment, Tally]],
    scope: int,
) -> dict[str, tuple[float, float]]:
    """Change by the stress in the plan less that of today, replication by replication."""
    after = [_each(here, 0, which) for which in DEPLOYMENTS]
    before = [_each(start, scope, which) for which in DEPLOYMENTS]
    found = {}
    for name in MEASURES:
        today, plan = (a[name] - b[name] for a, b in zip(after, before, strict=True))
        mean, half = interval(plan - today)
        found[name] = (float(mean), float(half))
    return found


def _loads(setup: Setup, stress: Stress, which: Deployment, policy: Policy) -> tuple[Load, ...]:
    """Work offered to each unit under a lasting stress; missing crews by their mean."""
    side: SimulationInputs = replace(stress, absent_fraction=0.0).inputs(setup, which, 0)
    found = loads(side, setup.model.times(stress.surge), policy)
    left = 1.0 - stress.absent_fraction
    return tuple(
        replace(f, crews=f.crews * left, utilisation_fraction=f.utilisation_fraction / left)
        for f in found
    )


def _beyond(found: Sequence[Load]) -> tuple[Load, ...]:
    return tuple(f for f in found if f.utilisation_fraction >= 1.0)
