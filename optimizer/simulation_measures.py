"""Measures of the simulation: one replication in numbers, and today | plan | change with intervals.

Quantiles come from histograms with bins of `BIN_MIN` minutes, linear within a bin: the error is
below one bin. What is beyond the last bin counts there; a quantile that falls there is inf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from optimizer.arrivals import DAY_MIN, Alerts
from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.simulation_inputs import SimulationInputs
from optimizer.simulation_state import Records
from optimizer.workload import standard_min

BIN_MIN = 0.1
BINS = 2400
QUANTILES = (0.5, 0.8, 0.9, 0.95)
CONFIDENCE = 0.95
PRIORITIES = 5

Values = dict[str, FloatArray]
"""Measures of one replication of one deployment: name -> array. See `measure`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """What happened to every alert and crew in one replication. N alerts, J jobs, M crews.

    Attributes:
        alerts: The alerts.
        window_from, window_to: What is counted, minutes from day 0.
        response_min: Minutes from alert to the first crew's arrival; inf = none came, shape (N,).
        wait_min: Minutes from alert to the first dispatch; inf likewise.
        alert_of_job: Row of each job's alert, shape (J,); a job is one crew asked for.
        crew, dispatched, arrived, cleared: Of each job: last crew (-1 none), minutes from day 0
            (NaN = not yet).
        crew_unit: Unit of each crew, shape (M,).
        busy_min, duty_min, overrun_min: Of each crew within the window; overrun is work past the
            end of a shift, counted once per job.
        none_free_min: Minutes of each unit without a crew that could go, shape (U,).
        patrol_min: Minutes of patrol in each cell, shape (C,).
        events: Events handled.
        log: Records of time, kind (see `simulation_state.LOG_NAMES`), job, crew; empty unless
            asked for.
    """

    alerts: Alerts
    window_from: float
    window_to: float
    response_min: FloatArray
    wait_min: FloatArray
    alert_of_job: IntArray
    crew: IntArray
    dispatched: FloatArray
    arrived: FloatArray
    cleared: FloatArray
    crew_unit: IntArray
    busy_min: FloatArray
    duty_min: FloatArray
    overrun_min: FloatArray
    none_free_min: FloatArray
    patrol_min: FloatArray
    events: int
    log: Records


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """How alerts are grouped, today as in the plan. C cells, G groups, T townships, B bundles.

    Attributes:
        groups: (kind, label) of each group; kinds `all`, `township`, `category`, `priority`,
            `hour`, `bundle` (of the plan, by centre id) stand together in this order.
        townships, bundles: T and B labels.
        township_of_cell, bundle_of_cell: Shape (C,).
        standard_min: Response standard of each cell.
        categories: Alert categories.
        long_wait_min: A wait longer than this is long.
    """

    groups: tuple[tuple[str, str], ...]
    townships: tuple[str, ...]
    bundles: tuple[str, ...]
    township_of_cell: IntArray
    bundle_of_cell: IntArray
    standard_min: FloatArray
    categories: tuple[str, ...]
    long_wait_min: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """A measure of both deployments over the replications: means and half-widths of intervals.

    Arrays have the measure's shape; NaN where no replication has a value, half-widths NaN where
    fewer than two have. Intervals are Student's at 95%, the change's from paired differences.
    """

    today: FloatArray
    plan: FloatArray
    change: FloatArray
    today_half_width: FloatArray
    plan_half_width: FloatArray
    change_half_width: FloatArray


def ground_of(county: County, policy: Policy, plan: Plan) -> Ground:
    """Groups of a county's alerts; bundles are those of `plan`."""
    townships = tuple(sorted(set(county.cells.township)))
    row = {t: i for i, t in enumerate(townships)}
    station = county.stations.index()
    bundle_of_station = np.zeros(len(county.stations), np.int64)
    for b, bundle in enumerate(plan.bundles):
        bundle_of_station[[station[s] for s in bundle.station_ids]] = b
    bundles = tuple(b.centre_id for b in plan.bundles)
    return Ground(
        groups=(
            ("all", ""),
            *(("township", t) for t in townships),
            *(("category", k) for k in county.categories),
            *(("priority", str(p + 1)) for p in range(PRIORITIES)),
            *(("hour", f"{h:02d}") for h in range(24)),
            *(("bundle", b) for b in bundles),
        ),
        townships=townships,
        bundles=bundles,
        township_of_cell=np.array([row[t] for t in county.cells.township], np.int64),
        bundle_of_cell=bundle_of_station[county.cells.station],
        standard_min=standard_min(county, policy),
        categories=county.categories,
        long_wait_min=policy.crews.max_wait_min,
    )


def measure(trace: Trace, inputs: SimulationInputs, ground: Ground) -> Values:
    """One replication of one deployment in numbers.

    Returns:
        By group (G,): `alerts_per_day`, `response_mean_min`, `response_p50_min`, `_p80_`, `_p90_`,
        `_p95_`, `within_fraction`, `wait_mean_min`, `waits_fraction` (had to wait for a crew),
        `waits_long_fraction` (longer than `Ground.long_wait_min`). By bundle of the plan (B,):
        `bundle_utilisation_fraction`, `bundle_none_free_fraction` (mean of its units). By unit
        (U,) of this deployment: `unit_utilisation_fraction`, `unit_none_free_fraction`. By crew
        (M,): `crew_utilisation_fraction`. By township (T,): `patrol_min_per_day`. Single ():
        `utilisation_fraction`, `none_free_fraction` (mean over units by alerts),
        `cross_area_fraction`, `overrun_min_per_day`, `patrol_total_min_per_day`,
        `unserved_fraction`, `backlog_days` (alerts that wait for a crew when the window ends, in
        days of alerts), `events`. `histogram` (BINS + 1,): responses of all.
    """
    alerts = trace.alerts
    seen = (alerts.time_min >= trace.window_from) & (alerts.time_min < trace.window_to)
    days = (trace.window_to - trace.window_from) / DAY_MIN
    cell = alerts.cell[seen]
    response, wait = trace.response_min[seen], trace.wait_min[seen]
    found = _grouped(alerts, seen, response, wait, days, ground)

    unit_of_bundle_cell = ground.bundle_of_cell
    units = len(inputs.unit_id)
    bundle_of_unit = np.zeros(units, np.int64)
    bundle_of_unit[inputs.unit_of_cell] = unit_of_bundle_cell
    unit_alerts = np.bincount(inputs.unit_of_cell[cell], minlength=units).astype(float)
    unit_of_crew = trace.crew_unit
    busy = np.bincount(unit_of_crew, weights=trace.busy_min, minlength=units).astype(float)
    duty = np.bincount(unit_of_crew, weights=trace.duty_min, minlength=units).astype(float)
    none_free = trace.none_free_min / (trace.window_to - trace.window_from)

    def by_bundle(per_unit: FloatArray) -> FloatArray:
        total = np.bincount(bundle_of_unit, weights=per_unit, minlength=len(ground.bundles))
        return total.astype(float)

    found["unit_utilisation_fraction"] = _ratio(busy, duty)
    found["unit_none_free_fraction"] = none_free
    found["bundle_utilisation_fraction"] = _ratio(by_bundle(busy), by_bundle(duty))
    found["bundle_none_free_fraction"] = _ratio(by_bundle(none_free), by_bundle(np.ones(units)))
    found["crew_utilisation_fraction"] = _ratio(trace.busy_min, trace.duty_min)
    found["utilisation_fraction"] = _ratio(busy.sum(), duty.sum())
    found["none_free_fraction"] = _ratio(none_free @ unit_alerts, unit_alerts.sum())
    job_seen = seen[trace.alert_of_job] & (trace.crew >= 0)
    job_cell = alerts.cell[trace.alert_of_job[job_seen]]
    away = trace.crew_unit[trace.crew[job_seen]] != inputs.unit_of_cell[job_cell]
    found["cross_area_fraction"] = _ratio(away.sum(), len(away))
    found["overrun_min_per_day"] = np.asarray(trace.overrun_min.sum() / days)
    patrol = np.bincount(
        ground.township_of_cell, weights=trace.patrol_min, minlength=len(ground.townships)
    )
    found["patrol_min_per_day"] = patrol / days
    found["patrol_total_min_per_day"] = np.asarray(patrol.sum() / days)
    found["unserved_fraction"] = _ratio(np.isinf(response).sum(), len(response))
    sent = alerts.time_min + trace.wait_min
    waiting = (alerts.time_min < trace.window_to) & (sent > trace.window_to)
    found["backlog_days"] = _ratio(waiting.sum(), seen.sum() / days)
    found["events"] = np.asarray(float(trace.events))
    return found


def compare(today: Sequence[Values], plan: Sequence[Values]) -> dict[str, Compared]:
    """Means, changes and intervals over replications, in their order.

    Measures by unit and crew differ in shape between deployments: there the change is NaN.
    `histogram` is left out.
    """
    found = {}
    for name in today[0]:
        if name == "histogram":
            continue
        a = np.array([v[name] for v in today], dtype=float)
        b = np.array([v[name] for v in plan], dtype=float)
        same = a.shape == b.shape
        with np.errstate(invalid="ignore"):
            apart = b - a if same else np.full_like(b, np.nan)
        means, halves = zip(*(interval(x) for x in (a, b, apart)), strict=True)
        found[name] = Compared(
            today=means[0],
            plan=means[1],
            change=means[2],
            today_half_width=halves[0],
            plan_half_width=halves[1],
            change_half_width=halves[2],
        )
    return found


def interval(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and half-width of Student's 95% interval over axis 0; NaN values are left out.

    Infinite values (a quantile beyond the histogram) make the mean infinite, the width NaN.
    """
    known = ~np.isnan(values)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / n
        square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
        deviation = np.sqrt(square / (n - 1))
        half = student.ppf(0.5 + CONFIDENCE / 2, n - 1) * deviation / np.sqrt(n)
    return np.where(n > 0, mean, np.nan), np.where((n > 1) & np.isfinite(mean), half, np.nan)


def quantile_min(histogram: IntArray, fraction: float) -> FloatArray:
    """Quantile from histograms of shape (…, BINS + 1), linear within a bin.

    NaN of an empty histogram, inf beyond the last bin.
    """
    cum = np.cumsum(histogram, axis=-1)
    total = cum[..., -1]
    rank = fraction * total
    at = np.argmax(cum >= np.maximum(rank, 1e-9)[..., None], axis=-1)
    here = np.take_along_axis(histogram, at[..., None], -1)[..., 0]
    before = np.take_along_axis(cum, at[..., None], -1)[..., 0] - here
    value = (at + (rank - before) / np.maximum(here, 1)) * BIN_MIN
    return np.where(total == 0, np.nan, np.where(at == BINS, np.inf, value))


def _grouped(
    alerts: Alerts, seen: BoolArray, response: FloatArray, wait: FloatArray, days: float,
    ground: Ground,
) -> Values:  # fmt: skip
    cell = alerts.cell[seen]
    bin_of = np.minimum(response / BIN_MIN, BINS).astype(np.int64)
    within = (response <= ground.standard_min[cell]).astype(float)
    keys: Mapping[str, tuple[IntArray, int]] = {
        "all": (np.zeros(len(cell), np.int64), 1),
        "township": (ground.township_of_cell[cell], len(ground.townships)),
        "category": (alerts.category[seen], len(ground.categories)),
        "priority": (alerts.priority[seen] - 1, PRIORITIES),
        "hour": ((alerts.time_min[seen] % DAY_MIN // 60.0).astype(np.int64), 24),
        "bundle": (ground.bundle_of_cell[cell], len(ground.bundles)),
    }
    parts: dict[str, list[FloatArray]] = {}

    def put(name: str, values: FloatArray) -> None:
        parts.setdefault(name, []).append(values)

    # A few alerts that nobody reached must not make every mean infinite: they are counted apart.
    reached = np.isfinite(response)
    histogram = np.zeros(0, np.int64)
    for kind, (key, size) in keys.items():
        number = np.bincount(key, minlength=size).astype(float)
        come = np.bincount(key[reached], minlength=size).astype(float)
        bins = np.bincount(key * (BINS + 1) + bin_of, minlength=size * (BINS + 1))
        bins = bins.reshape(size, BINS + 1)
        if kind == "all":
            histogram = bins[0]

        def mean(
            of: FloatArray, count: FloatArray, key: IntArray = key, size: int = size
        ) -> FloatArray:
            return _ratio(np.bincount(key, weights=of, minlength=size), count)

        put("alerts_per_day", number / days)
        put("response_mean_min", mean(np.where(reached, response, 0.0), come))
        for q in QUANTILES:
            put(f"response_p{round(q * 100)}_min", quantile_min(bins, q))
        put("within_fraction", mean(within, number))
        put("wait_mean_min", mean(np.where(reached, wait, 0.0), come))
        put("waits_fraction", mean((wait > 0).astype(float), number))
        put("waits_long_fraction", mean((wait > ground.long_wait_min).astype(float), number))
    found = {name: np.concatenate(values) for name, values in parts.items()}
    found["histogram"] = histogram.astype(float)
    return found


def _ratio(of: object, by: object) -> FloatArray:
    a, b = np.asarray(of, float), np.asarray(by, float)
    ratio: FloatArray = np.divide(a, b, out=np.full(np.broadcast(a, b).shape, np.nan), where=b > 0)
    return ratio
