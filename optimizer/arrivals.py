r"""Alerts for the simulation: drawn from a non-homogeneous Poisson process, or replayed from a log.

The rate of category $k$ in cell $c$ at time $t$ is $\lambda_{ck}\,h_k(t)\,w(t)\,m_k(t)$: alerts a
year times factors for the hour, the weekday and the month, scaled so that a year holds
$\lambda_{ck}$ alerts. The rate is constant within an hour, so the process is drawn exactly and not
by rejection: a Poisson number per category, times by inversion of the cumulative rate, cells by
their shares (P. A. W. Lewis and G. S. Shedler (1979), *Naval Research Logistics Quarterly* 26,
section 1; order statistics of a Poisson process).

Everything random of an alert (when, where, how long, arrest or escort, where its crew goes next) is
drawn here, before any crew is sent, from streams keyed by seed, replication and purpose. Two
deployments that are given the same `Alerts` therefore face the same year: common random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray, read_only
from optimizer.policy import Policy

DAY_MIN = 1440.0
HOURS_PER_YEAR = 8760
NO_SITE, CUSTODY, ESCORT = range(3)
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
# Purposes of the random streams; a new one gets the next number, so that old draws stay.
_NUMBER, _TIME, _CELL, _SERVICE, _SITE, _STAY, _PATROL = range(7)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrivalModel:
    """Rates and ways of the alerts. C cells, K categories.

    Attributes:
        alerts_per_year: Shape (C, K).
        hour_factor: Relative rate of each hour of the day, shape (K, 24).
        weekday_factor: Relative rate from Monday to Sunday, shape (7,). Day 0 is a Monday.
        month_share_fraction: Share of a year's alerts in each month, shape (K, 12).
        priority: 1 = most urgent, shape (K,).
        crews: Crews sent to one alert, shape (K,).
        service_mean_min: Mean minutes on scene, shape (K,).
        service_cv: Standard deviation over mean, shape (K,); not used by `exponential`.
        exponential: Minutes on scene are exponential; else lognormal.
        arrest_fraction, escort_fraction: Share of alerts that end so, shape (K,).
        custody_min, escort_min: Mean minutes at the custody site and the escort's end.
    """

    alerts_per_year: FloatArray
    hour_factor: FloatArray
    weekday_factor: FloatArray
    month_share_fraction: FloatArray
    priority: IntArray
    crews: IntArray
    service_mean_min: FloatArray
    service_cv: FloatArray
    exponential: bool = False
    arrest_fraction: FloatArray
    escort_fraction: FloatArray
    custody_min: float = 0.0
    escort_min: float = 0.0

    def __post_init__(self) -> None:
        shape = np.shape(self.alerts_per_year)
        if len(shape) != 2:
            raise ValueError("arrivals.alerts_per_year: cells by categories")
        k = shape[1]
        for name, size in (
            ("alerts_per_year", shape),
            ("hour_factor", (k, 24)),
            ("weekday_factor", (7,)),
            ("month_share_fraction", (k, 12)),
            ("service_mean_min", (k,)),
            ("service_cv", (k,)),
            ("arrest_fraction", (k,)),
            ("escort_fraction", (k,)),
        ):
            _put(self, name, float, size, least=0.0)
        for name in ("priority", "crews"):
            _put(self, name, np.int64, (k,), least=1.0)
        for name in ("hour_factor", "month_share_fraction"):
            if (getattr(self, name).sum(axis=1) <= 0).any():
                raise ValueError(f"arrivals.{name}: a category needs a positive value")
        if self.weekday_factor.sum() <= 0:
            raise ValueError("arrivals.weekday_factor: at least one positive value")
        if (self.arrest_fraction + self.escort_fraction > 1).any():
            raise ValueError("arrivals.arrest_fraction + escort_fraction: at most 1")
        for name in ("custody_min", "escort_min"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"arrivals.{name}: finite and not negative")

    def times(self, factor: ArrayLike) -> ArrivalModel:
        """The same with the rates multiplied; `factor` is broadcast to (C, K)."""
        return replace(self, alerts_per_year=self.alerts_per_year * np.asarray(factor, float))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alerts:
    """Alerts of one replication, sorted by time. N alerts.

    Attributes:
        time_min: Minutes since Monday 00:00 of day 0, shape (N,).
        cell: Row of the cell.
        category: Column of the category.
        priority: 1 = most urgent.
        crews: Crews asked for.
        service_min: Minutes on scene, the same for all its crews.
        site: 0 none, 1 custody, 2 escort: where the first crew goes afterwards.
        stay_min: Minutes there.
        patrol: Uniform on [0, 1): decides where the crew goes when it is free.
    """

    time_min: FloatArray
    cell: IntArray
    category: IntArray
    priority: IntArray
    crews: IntArray
    service_min: FloatArray
    site: IntArray
    stay_min: FloatArray
    patrol: FloatArray

    def __post_init__(self) -> None:
        n = len(self.time_min)
        for name in ("time_min", "service_min", "stay_min", "patrol"):
            _put(self, name, float, (n,), least=0.0)
        for name in ("cell", "category", "site"):
            _put(self, name, np.int64, (n,), least=0.0)
        for name in ("priority", "crews"):
            _put(self, name, np.int64, (n,), least=1.0)
        if (np.diff(self.time_min) < 0).any():
            raise ValueError("alerts.time_min: must not go backwards")
        if (self.site > ESCORT).any():
            raise ValueError("alerts.site: 0, 1 or 2")

    def __len__(self) -> int:
        return len(self.time_min)


def arrival_model(
    county: County,
    policy: Policy,
    *,
    month_share_fraction: FloatArray | None = None,
    hour_factor: FloatArray | None = None,
    weekday_factor: FloatArray | None = None,
) -> ArrivalModel:
    """Rates and ways of a county's alerts under a policy.

    Args:
        county: Rates; its periods give the hours unless `hour_factor` does.
        policy: Work per alert and `simulation`.
        month_share_fraction: Shape (K, 12); None = even over the days of the year.
        hour_factor: Shape (K, 24); None = flat within each period of the county.
        weekday_factor: Shape (7,); None = the policy's.
    """
    work = [policy.workload.of(k) for k in county.categories]
    rules = policy.simulation
    ways = [rules.of(k) for k in county.categories]
    months = np.tile(_MONTH_DAYS / _MONTH_DAYS.sum(), (len(work), 1))
    return ArrivalModel(
        alerts_per_year=county.cells.alerts_per_year,
        hour_factor=_hours(county) if hour_factor is None else hour_factor,
        weekday_factor=np.array(rules.weekday_factor) if weekday_factor is None else weekday_factor,
        month_share_fraction=months if month_share_fraction is None else month_share_fraction,
        priority=np.array([w.priority for w in ways]),
        crews=np.array([-(-w.officers_sent // policy.crews.crew_officers) for w in work]),
        service_mean_min=np.array([w.on_scene_min for w in work]),
        service_cv=np.array([w.service_cv for w in ways]),
        exponential=rules.service_distribution == "exponential",
        arrest_fraction=np.array([w.arrest_share_fraction for w in ways]),
        escort_fraction=np.array(
            [
                w.escort_share_fraction if k.is_road_traffic else 0.0
                for w, k in zip(ways, work, strict=True)
            ]
        ),
        custody_min=rules.custody_min,
        escort_min=rules.escort_min,
    )


def hourly_rate(model: ArrivalModel, days: int) -> FloatArray:
    """Alerts of the whole county in each hour, shape (K, 24 x days).

    The year is of 365 days; day 0 is a Monday and 1 January.
    """
    day = np.arange(days)
    month = np.repeat(np.arange(12), _MONTH_DAYS)
    month_rate = model.month_share_fraction / model.month_share_fraction.sum(axis=1, keepdims=True)
    per_day = (month_rate / (_MONTH_DAYS / 365.0))[:, month[day % 365]]
    weekday = model.weekday_factor / model.weekday_factor.mean()
    hour = model.hour_factor / model.hour_factor.mean(axis=1, keepdims=True)
    relative = (per_day * weekday[day % 7])[:, :, None] * hour[:, None, :]
    yearly = model.alerts_per_year.sum(axis=0)
    rate: FloatArray = yearly[:, None] * relative.reshape(len(yearly), -1) / HOURS_PER_YEAR
    return rate


def draw_alerts(model: ArrivalModel, days: int, *, seed: int, replication: int) -> Alerts:
    """Alerts of `days` days.

    Args:
        model: Rates and ways.
        days: Days from day 0 on.
        seed: Any seed >= 0.
        replication: Number of the replication; each has streams of its own.
    """

    def stream(purpose: int) -> np.random.Generator:
        return np.random.default_rng([seed, replication, purpose])

    rate = hourly_rate(model, days)
    total = np.concatenate([np.zeros((len(rate), 1)), np.cumsum(rate, axis=1)], axis=1)
    number = stream(_NUMBER).poisson(total[:, -1])
    category = np.repeat(np.arange(len(number)), number)
    at = stream(_TIME).random(len(category))
    where = stream(_CELL).random(len(category))
    hours = np.arange(total.shape[1], dtype=float)
    time_min, cell = np.empty(len(category)), np.empty(len(category), np.int64)
    first = np.concatenate([[0], np.cumsum(number)])
    for k in range(len(number)):
        part = slice(first[k], first[k + 1])
        time_min[part] = np.interp(at[part] * total[k, -1], total[k], hours) * 60.0
        shares = np.cumsum(model.alerts_per_year[:, k])
        found = np.searchsorted(shares, where[part] * shares[-1], side="right")
        cell[part] = np.minimum(found, len(shares) - 1)
    order = np.argsort(time_min, kind="stable")
    return _with_ways(
        model, time_min[order], cell[order], category[order], seed=seed, replication=replication
    )


def replay_alerts(
    model: ArrivalModel,
    time_min: ArrayLike,
    cell: ArrayLike,
    category: ArrayLike,
    *,
    seed: int = 0,
    replication: int = 0,
    priority: ArrayLike | None = None,
    service_min: ArrayLike | None = None,
) -> Alerts:
    """Alerts as a log has them; what it does not say is drawn.

    Args:
        model: Ways of each category; its rates are not used.
        time_min: Minutes since Monday 00:00 of day 0, in any order, shape (N,).
        cell: Rows of cells.
        category: Columns of categories.
        seed: Seed of what is drawn.
        replication: Replication likewise.
        priority: None = by category.
        service_min: Minutes on scene; None = drawn.

    Raises:
        ValueError: a category or cell that the model does not have, negative or NaN values.
    """
    time, where, what = np.asarray(time_min, float), np.asarray(cell), np.asarray(category)
    order = np.argsort(time, kind="stable")
    c, k = model.alerts_per_year.shape
    if len(where) and (where.min() < 0 or where.max() >= c):
        raise ValueError("alerts.cell: row of no cell")
    if len(what) and (what.min() < 0 or what.max() >= k):
        raise ValueError("alerts.category: column of no category")
    made = _with_ways(
        model, time[order], where[order], what[order], seed=seed, replication=replication
    )
    if priority is not None:
        made = replace(made, priority=np.asarray(priority)[order])
    if service_min is not None:
        made = replace(made, service_min=np.asarray(service_min, float)[order])
    return made


def merge_alerts(one: Alerts, other: Alerts) -> Alerts:
    """Both together, by time; at the same instant those of `one` first."""
    order = np.argsort(np.concatenate([one.time_min, other.time_min]), kind="stable")
    return Alerts(
        **{
            name: np.concatenate([getattr(one, name), getattr(other, name)])[order]
            for name in Alerts.__dataclass_fields__
        }
    )


def _with_ways(
    model: ArrivalModel,
    time_min: FloatArray,
    cell: IntArray,
    category: IntArray,
    *,
    seed: int,
    replication: int,
) -> Alerts:
    """Priorities, service, arrests and escorts for alerts already placed in time."""

    def stream(purpose: int) -> np.random.Generator:
        return np.random.default_rng([seed, replication, purpose])

    n = len(time_min)
    mean = model.service_mean_min[category]
    if model.exponential:
        service = mean * stream(_SERVICE).standard_exponential(n)
    else:
        # Lognormal of mean 1 and the given coefficient of variation.
        spread = np.sqrt(np.log1p(model.service_cv**2))
        log_mean = -0.5 * spread**2
        service = mean * np.exp(
            log_mean[category] + spread[category] * stream(_SERVICE).standard_normal(n)
        )
    end = stream(_SITE).random(n)
    arrest = model.arrest_fraction[category]
    escort = arrest + model.escort_fraction[category]
    site = np.where(end < arrest, CUSTODY, np.where(end < escort, ESCORT, NO_SITE))
    stay_mean = np.array([0.0, model.custody_min, model.escort_min])[site]
    return Alerts(
        time_min=time_min,
        cell=cell,
        category=category,
        priority=model.priority[category],
        crews=model.crews[category],
        service_min=service,
        site=site,
        stay_min=stay_mean * stream(_STAY).standard_exponential(n),
        patrol=stream(_PATROL).random(n),
    )


def _hours(county: County) -> FloatArray:
    """Rate of each hour relative to the others, from periods that need not start on the hour."""
    edges = np.concatenate([[0.0], np.cumsum(county.period_hours)])
    edges[-1] = 24.0
    hour = np.arange(24.0)
    within = np.minimum(hour[:, None] + 1.0, edges[None, 1:]) - np.maximum(
        hour[:, None], edges[None, :-1]
    )
    density = county.period_share_fraction / county.period_hours
    factor: FloatArray = density @ np.clip(within, 0.0, None).T
    return factor


def _put(table: object, name: str, dtype: Any, shape: tuple[int, ...], *, least: float) -> None:
    array = read_only(
        getattr(table, name), dtype, shape=shape, name=f"{type(table).__name__}.{name}"
    )
    if (array < least).any():
        raise ValueError(f"{type(table).__name__}.{name}: below {least:g}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{type(table).__name__}.{name}: must be finite")
    object.__setattr__(table, name, array)
