"""After a rollout: what was promised when the plan was decided, against what happened since.

Counts of alerts are read with the effects in `review_effects`; minutes and workload are set against
the plan's evaluation; and a drift alarm says when the alerts have moved so far from those the plan
was made for that it should be made again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.readers import Source
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.scorecard import BundleRow
from scenarios.alert_log import case_log, read_log
from scenarios.load import LoadedCase
from scenarios.months import MONTH_DAYS
from scenarios.review_effects import BLOCK_DAYS, Effect, Panel, effect
from scenarios.review_log import HOLE_ALERTS, JoinedLog
from scenarios.run import Run

ObjectArray = NDArray[Any]

ALL = "all"
LEVEL_FRACTION = 0.95
_DAYS_PER_YEAR = 365.0
_DAYS_PER_WEEK = 7
# A bundle's alerts have drifted when they rise or fall by this much for good.
DRIFT_FRACTION = 0.25
# Chance that the alarm of any bundle rings in the weeks reviewed though nothing changed.
FALSE_ALARM_FRACTION = 0.01
_ALARM_DRAWS = 4000
_MIN_TIMED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Response minutes of a bundle, promised and observed.

    Attributes:
        promised_min: Mean of the plan's evaluation.
        modelled_today_min: The same of the deployment before it.
        before_min, after_min: Observed means; None without enough timed alerts.
        after_low_min, after_high_min: Interval of the mean after, from the spread between days.
        timed_after: Alerts with times since the rollout.
        kept: Whether the promise lies at or above the interval's lower end; None if not known.
    """

    promised_min: float
    modelled_today_min: float
    before_min: float | None
    after_min: float | None
    after_low_min: float | None
    after_high_min: float | None
    timed_after: int
    kept: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReview:
    """One bundle, or lone station, since the rollout.

    Attributes:
        centre_id, centre_name, stations: Who.
        minutes: Response.
        forecast_alerts_per_year: Of the case when it was decided.
        observed_alerts_per_year: Since the rollout; low and high are its 95% Poisson interval.
        alarm_week: Week after the rollout in which its drift alarm rang, 1 = the first; None if
            it did not.
        officers_required, officers_required_now: Forecast, and with the alerts observed.
    """

    centre_id: str
    centre_name: str
    stations: int
    minutes: Minutes
    forecast_alerts_per_year: float
    observed_alerts_per_year: float
    observed_low_per_year: float
    observed_high_per_year: float
    alarm_week: int | None
    officers_required: float
    officers_required_now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What happened after a rollout.

    Attributes:
        since: Day of the rollout.
        first, last: First and last day with alerts.
        effects: By category; `all` first.
        bundles: By centre; lone stations are not here.
        lone_alarms: Name and week of each lone station whose drift alarm rang.
        clock: `dispatched` where minutes run from the dispatch, `occurred` where from the alert.
        rules_broken: Rules that the plan breaks with the alerts observed, as texts.
        redo: Whether the plan should be made again: an alarm rang or a rule is broken.
        warnings: Of the logs.
    """

    since: date
    first: date
    last: date
    effects: tuple[tuple[str, Effect], ...]
    bundles: tuple[BundleReview, ...]
    lone_alarms: tuple[tuple[str, int], ...]
    clock: str
    rules_broken: tuple[str, ...]
    redo: bool
    warnings: tuple[Problem, ...]


def review(run: Run, source: Source, since: date, *, seed: int = 0) -> Review:
    """Review a rollout.

    Args:
        run: The run whose plan was rolled out.
        source: The new log; alerts before the rollout may be in it too. The case's own log, if it
            has one, adds the time before.
        since: Day of the rollout.
        seed: For the threshold of the drift alarm.

    Raises:
        InputError: the log cannot be used, or says nothing of the time after the rollout.
    """
    loaded, plan = run.loaded, run.result.plan
    assert plan is not None
    assert run.plan is not None
    new = read_log(source, loaded)
    old = case_log(loaded)
    log = JoinedLog.of([new] if old is None else [old, new], since)
    if log.last < since or not log.days_after:
        raise InputError(
            [
                Problem(
                    where=source.shown,
                    column="occurred_at",
                    value=f"{log.first} … {log.last}",
                    expected="alerts after the rollout of {since}",
                    fix="give a log that goes on after it, or correct --since",
                    params={"since": str(since)},
                )
            ]
        )
    county = loaded.county
    centre_of = {s: b.centre_id for b in plan.bundles for s in b.station_ids}
    size = {b.centre_id: len(b.station_ids) for b in plan.bundles}
    ids = county.stations.station_id
    is_bundled = np.array([size[centre_of[s]] > 1 for s in ids], np.bool_)
    station = county.cells.station[log.cell]
    rows = [b for b in run.plan.bundles if len(b.station_ids) > 1]
    season = _season(loaded)
    per_year = _DAYS_PER_YEAR / float(log.season_of_days(season).sum())
    observed, unknown = _observed_county(run, log, per_year)
    now = evaluate(observed, loaded.policy, plan)
    required_now = {b.centre_id: b.officers_required for b in now.bundles}
    centre = np.array([centre_of[s] for s in ids], object)[station]
    forecast = np.zeros(len(ids))
    np.add.at(forecast, county.cells.station, county.cells.alerts_per_year.sum(axis=1))
    missing = _missing_stations(log, station, forecast, season)
    held = {s: 0.0 if i in missing else float(forecast[i]) for i, s in enumerate(ids)}
    due = np.array([sum(held[s] for s in b.station_ids) for b in run.plan.bundles])
    alarms = _alarms(log, centre, run.plan.bundles, due, season, seed)
    clock = "dispatched" if np.isfinite(log.dispatched_min).any() else "occurred"
    broken = tuple(v.text() for v in violations(observed, loaded.policy, plan))
    return Review(
        since=since,
        first=log.first,
        last=log.last,
        effects=_effects(log, station, is_bundled, county.categories),
        bundles=tuple(
            _bundle(
                log,
                centre == b.centre_id,
                b,
                per_year,
                alarms[b.centre_id],
                required_now[b.centre_id],
            )
            for b in rows
        ),
        lone_alarms=tuple(
            (b.centre_name, week)
            for b in run.plan.bundles
            if len(b.station_ids) == 1 and (week := alarms[b.centre_id]) is not None
        ),
        clock=clock,
        rules_broken=broken,
        redo=bool(broken) or any(a is not None for a in alarms.values()),
        warnings=(
            *new.problems,
            *(() if old is None else old.problems),
            *(() if unknown is None else (replace(unknown, where=source.shown),)),
            *_told_missing([county.stations.name[i] for i in missing], source.shown),
        ),
    )


def _effects(
    log: JoinedLog, station: IntArray, is_bundled: BoolArray, categories: tuple[str, ...]
) -> tuple[tuple[str, Effect], ...]:
    """All alerts together, then each category; the more categories, the wider their intervals."""
    blocks = log.blocks()
    row = np.full(int(blocks.max(initial=0) - blocks.min(initial=0)) + 1, -1, np.int64)
    if len(blocks):
        row[blocks - blocks.min()] = np.arange(len(blocks))
    block = log.day // BLOCK_DAYS
    inside = (block >= blocks.min(initial=0)) & (block <= blocks.max(initial=-1))
    column = np.where(inside, row[np.where(inside, block - blocks.min(initial=0), 0)], -1)
    found = []
    known = [c for c in categories if c in log.categories]
    for name in [ALL, *(known if len(known) > 1 else [])]:
        used = column >= 0
        level = LEVEL_FRACTION
        if name != ALL:
            used = used & (log.category == log.categories.index(name))
            level = 1.0 - (1.0 - LEVEL_FRACTION) / len(known)
        counts = np.zeros((len(is_bundled), len(blocks)))
        np.add.at(counts, (station[used], column[used]), 1.0)
        found.append(
            (name, effect(Panel(block=blocks, alerts=counts, is_bundled=is_bundled), level))
        )
    return tuple(found)


def _missing_stations(
    log: JoinedLog, station: IntArray, alerts_per_year: FloatArray, season: FloatArray
) -> tuple[int, ...]:
    """Stations without one alert since the rollout where many were due: not in the log."""
    due = alerts_per_year * log.season_of_days(season).sum() / _DAYS_PER_YEAR
    seen = np.bincount(station[log.day >= 0], minlength=len(alerts_per_year))
    return tuple(np.flatnonzero((seen == 0) & (due >= HOLE_ALERTS)).tolist())


def _told_missing(names: Sequence[str], shown: str) -> tuple[Problem, ...]:
    if not names:
        return ()
    return (
        Problem(
            where=shown,
            value=", ".join(names),
            expected="alerts of every station since the rollout: these have none",
            fix="add them; until then their workload counts as none and their alarm is silent",
            severity="warning",
        ),
    )


def _season(loaded: LoadedCase) -> FloatArray:
    """Alerts of a day of each month over those of a mean day, shape (12,); 1 where not known."""
    shares = loaded.month_share_fraction
    if shares is None:
        return np.ones(12)
    rate = loaded.county.cells.alerts_per_year.sum(axis=0)
    by_month = rate @ shares / rate.sum()
    season: FloatArray = by_month / (MONTH_DAYS / _DAYS_PER_YEAR)
    return season


def _observed_county(run: Run, log: JoinedLog, per_year: float) -> tuple[County, Problem | None]:
    """The county with each cell's alerts a year as observed since the rollout.

    Alerts of categories that the case does not know count as the county's mix of those it knows,
    so that no workload is lost; a warning names them.
    """
    county = run.loaded.county
    since = log.day >= 0
    row = {c: k for k, c in enumerate(county.categories)}
    known = np.array([row.get(c, -1) for c in log.categories], np.int64)[log.category]
    used, other = since & (known >= 0), since & (known < 0)
    rates = np.zeros(county.cells.alerts_per_year.shape)
    np.add.at(rates, (log.cell[used], known[used]), per_year)
    warning = None
    if other.any():
        total = county.cells.alerts_per_year.sum(axis=0)
        np.add.at(rates, log.cell[other], per_year * total / total.sum())
        warning = Problem(
            where="",
            column="category",
            value=", ".join(log.categories[k] for k in np.unique(log.category[other])[:5]),
            expected="categories of the case: {n} of {of} alerts since the rollout have others",
            fix="name them as in the case; until then the workload counts them as its usual mix",
            severity="warning",
            params={"n": int(other.sum()), "of": int(since.sum())},
        )
    changed = replace(county, cells=replace(county.cells, alerts_per_year=rates))
    return changed, warning


def _bundle(
    log: JoinedLog,
    mine: BoolArray,
    row: BundleRow,
    per_year: float,
    alarm: int | None,
    required_now: float,
) -> BundleReview:
    from scipy.stats import chi2

    n = int((mine & (log.day >= 0)).sum())
    tail = (1.0 - LEVEL_FRACTION) / 2.0
    # Exact interval of a Poisson count (Garwood 1936).
    low = float(chi2.ppf(tail, 2 * n)) / 2.0 if n else 0.0
    high = float(chi2.ppf(1.0 - tail, 2 * n + 2)) / 2.0
    return BundleReview(
        centre_id=row.centre_id,
        centre_name=row.centre_name,
        stations=len(row.station_ids),
        minutes=_minutes(log, mine, row),
        forecast_alerts_per_year=row.alerts_per_year,
        observed_alerts_per_year=n * per_year,
        observed_low_per_year=low * per_year,
        observed_high_per_year=high * per_year,
        alarm_week=alarm,
        officers_required=row.officers_required,
        officers_required_now=required_now,
    )


def _minutes(log: JoinedLog, mine: BoolArray, row: BundleRow) -> Minutes:
    start = np.where(np.isfinite(log.dispatched_min), log.dispatched_min, 0.0)
    if np.isfinite(log.dispatched_min).any():
        start = log.dispatched_min
    took = log.arrived_min - start
    timed = mine & np.isfinite(took)
    after, before = timed & (log.day >= 0), timed & (log.day < 0)
    mean = low = high = kept = None
    if after.sum() >= _MIN_TIMED:
        mean, low, high = _mean_by_days(took[after], log.day[after])
        kept = low <= row.mean_response_min
    return Minutes(
        promised_min=row.mean_response_min,
        modelled_today_min=row.mean_response_today_min,
        before_min=float(took[before].mean()) if before.sum() >= _MIN_TIMED else None,
        after_min=mean,
        after_low_min=low,
        after_high_min=high,
        timed_after=int(after.sum()),
        kept=kept,
    )


def _mean_by_days(took: FloatArray, day: IntArray) -> tuple[float, float, float]:
    """Mean and its interval, errors clustered by day: a busy day makes all its alerts wait."""
    import statsmodels.api as sm

    fit = sm.OLS(took, np.ones(len(took))).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(day, return_inverse=True)[1]}, use_t=True
    )
    low, high = fit.conf_int(alpha=1.0 - LEVEL_FRACTION)[0]
    return float(fit.params[0]), float(low), float(high)


def _alarms(
    log: JoinedLog,
    centre: ObjectArray,
    rows: Sequence[BundleRow],
    alerts_per_year: FloatArray,
    season: FloatArray,
    seed: int,
) -> dict[str, int | None]:
    """Week in which the alerts of each bundle had drifted from `alerts_per_year`, or None.

    Lone stations count as bundles of one. Two CUSUMs of weekly counts, for a lasting rise and a
    lasting fall of `DRIFT_FRACTION` (Lucas 1985, Technometrics 27, 129-144). The threshold is
    drawn, seeded, so that no bundle's alarm rings in the weeks reviewed with probability
    1 - `FALSE_ALARM_FRACTION` if nothing changed.
    """
    weeks = log.days_after // _DAYS_PER_WEEK
    if not weeks or not rows:
        return {b.centre_id: None for b in rows}
    by_day = log.season_of_days(season)[: weeks * _DAYS_PER_WEEK]
    of_year = by_day.reshape(weeks, _DAYS_PER_WEEK).sum(axis=1) / _DAYS_PER_YEAR
    expected = np.outer(alerts_per_year, of_year)
    counts = np.zeros((len(rows), weeks))
    week = log.day // _DAYS_PER_WEEK
    used = (week >= 0) & (week < weeks)
    for i, b in enumerate(rows):
        mine = used & (centre == b.centre_id)
        counts[i] = np.bincount(week[mine], minlength=weeks)
    draws = np.random.default_rng(seed).poisson(expected, size=(_ALARM_DRAWS, len(rows), weeks))
    quiet = _cusum(draws.astype(float), expected).max(axis=(1, 2))
    limit = float(np.quantile(quiet, 1.0 - FALSE_ALARM_FRACTION))
    rang = _cusum(counts[None], expected)[0] > limit
    return {
        b.centre_id: int(np.argmax(rang[i])) + 1 if rang[i].any() else None
        for i, b in enumerate(rows)
    }


def _cusum(counts: FloatArray, expected: FloatArray) -> FloatArray:
    """Evidence against the forecast after each week, in units of log likelihood, (D, I, W)."""
    found = np.zeros(counts.shape)
    up = down = np.zeros(counts.shape[:2])
    for w in range(counts.shape[2]):
        here, due = counts[:, :, w], expected[:, w]
        up = np.maximum(0.0, up + _evidence(here, due, 1.0 + DRIFT_FRACTION))
        down = np.maximum(0.0, down + _evidence(here, due, 1.0 - DRIFT_FRACTION))
        found[:, :, w] = np.maximum(up, down)
    return found


def _evidence(count: FloatArray, expected: FloatArray, times: float) -> FloatArray:
    """Log likelihood ratio of a Poisson count: rate times `times` against the rate."""
    evidence: FloatArray = count * math.log(times) - expected * (times - 1.0)
    return evidence
