r"""Service minutes and travel fitted to a log: on some alerts, judged on others.

Services: maximum likelihood, laws compared by Akaike's criterion $2k - 2\ln L$ (H. Akaike, 1974,
*IEEE Transactions on Automatic Control* 19, 716-723). Travel: Huber's robust regression of the
observed minutes on the modelled ones (P. J. Huber, 1964, *Annals of Mathematical Statistics* 35,
73-101), as statsmodels has it, clipped at three deviations: drives are skewed, and a mean that
clips the usual 1.345 is too short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from optimizer.frozen import BoolArray, FloatArray

Law = Literal["lognormal", "exponential", "gamma"]
State = Literal["fitted", "poor", "few"]

MIN_EACH = 100
"""Alerts to fit on, and as many to judge on. With fewer a true law fails `MAX_KS` by chance in
more than one of forty cases (Kolmogorov's distribution)."""
MAX_KS = 0.15
"""A fit is poor where the two shares of alerts below some minutes differ by more than this."""
SAME_MIN = 0.5
MAX_DISTANCE_FRACTION = 0.2
"""Or where minutes differ by more than this share of the observed mean, on average over ranks."""
MAX_FIFTH_FRACTION = 0.2
"""Travel is poor where a fifth of the alerts, by road minutes, is off by more than this share."""
BANDS_HOURS = ((0, 6), (6, 12), (12, 18), (18, 24))
LEVEL = 0.95
_POINTS = 2000
_CLIP = 3.0
_LEAST_MIN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How far a modelled distribution is from the observed one.

    Attributes:
        alerts: Observed.
        ks: Kolmogorov and Smirnov's distance, 0-1; minutes within `SAME_MIN` count as equal.
        wasserstein_min: Wasserstein's distance: mean difference between equal ranks, minutes.
        distance_fraction: The same over the observed mean.
    """

    alerts: int
    ks: float
    wasserstein_min: float
    distance_fraction: float

    @property
    def is_poor(self) -> bool:
        """Beyond a threshold."""
        return self.ks > MAX_KS or self.distance_fraction > MAX_DISTANCE_FRACTION


def match_of(observed: FloatArray, modelled: FloatArray) -> Match:
    """Compare two samples, neither empty, of any sizes."""
    apart = float(stats.wasserstein_distance(observed, modelled))
    mean = float(observed.mean())
    return Match(
        alerts=len(observed),
        ks=max(_ahead(observed, modelled), _ahead(modelled, observed)),
        wasserstein_min=apart,
        distance_fraction=apart / mean if mean > 0 else np.inf,
    )


def _ahead(one: FloatArray, other: FloatArray) -> float:
    """By how much the share of `one` up to some minute exceeds that of `other` up to a bit later.

    Logs are kept to the minute, and a county has few distances: without the bit, responses of 7.24
    minutes against 7.26 would be far apart.
    """
    one, other = np.sort(one), np.sort(other)
    later = np.searchsorted(other, one + SAME_MIN + 1e-9, side="right") / len(other)
    return max(0.0, float((np.arange(1, len(one) + 1) / len(one) - later).max()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFit:
    """Minutes on scene of one category.

    Attributes:
        state: `few` alerts, `poor` fit, or `fitted`.
        fit_alerts, judged_alerts: How many were there.
        mean_min, cv: Of the fit; NaN where `few`. The cv is the law's own, not the sample's, on
            which a few very long services weigh heavily.
        aic: Akaike's criterion by law; the least is the best.
        match: Of the law used, on the alerts judged; None where `few`.
    """

    state: State
    fit_alerts: int
    judged_alerts: int
    mean_min: float = np.nan
    cv: float = np.nan
    aic: tuple[tuple[Law, float], ...] = ()
    match: Match | None = None

    @property
    def best(self) -> Law | None:
        """The law that the alerts fitted on favour."""
        return min(self.aic, key=lambda item: item[1])[0] if self.aic else None


def aic_of(service_min: FloatArray) -> tuple[tuple[Law, float], ...]:
    """Akaike's criterion of each law on services above 0."""
    log = np.log(service_min)
    spread = float(log.std())
    shape, _loc, scale = stats.gamma.fit(service_min, floc=0)
    found: tuple[tuple[Law, float, int], ...] = (
        ("lognormal", stats.lognorm.logpdf(service_min, spread, scale=np.exp(log.mean())).sum(), 2),
        ("exponential", stats.expon.logpdf(service_min, scale=service_min.mean()).sum(), 1),
        ("gamma", stats.gamma.logpdf(service_min, shape, scale=scale).sum(), 2),
    )
    return tuple((law, 2.0 * k - 2.0 * float(likelihood)) for law, likelihood, k in found)


def enough(fit: FloatArray, judged: FloatArray) -> bool:
    """Whether there are alerts enough to fit and to judge, and they are not all alike."""
    return min(len(fit), len(judged)) >= MIN_EACH and float(fit.std()) > 0


def floored(service_min: FloatArray) -> FloatArray:
    """Services that a clock of whole minutes shows as 0 took half a minute."""
    return np.maximum(service_min, _LEAST_MIN)


def fit_service(fit: FloatArray, judged: FloatArray, law: Law) -> ServiceFit:
    """Fit the minutes on scene of one category.

    Args:
        fit: Minutes to fit on.
        judged: Minutes to judge on.
        law: What the simulation is to draw: lognormal or exponential.
    """
    if not enough(floored(fit), judged):
        return ServiceFit(state="few", fit_alerts=len(fit), judged_alerts=len(judged))
    fit, judged = floored(fit), floored(judged)
    spread = float(np.log(fit).std())
    cv = 1.0 if law == "exponential" else float(np.sqrt(np.expm1(spread**2)))
    found = match_of(judged, law_quantiles(law, float(fit.mean()), cv, _POINTS))
    return ServiceFit(
        state="poor" if found.is_poor else "fitted",
        fit_alerts=len(fit),
        judged_alerts=len(judged),
        mean_min=float(fit.mean()),
        cv=cv,
        aic=aic_of(fit),
        match=found,
    )


def law_quantiles(law: Law, mean_min: float, cv: float, points: int) -> FloatArray:
    """Quantiles of a law at the middles of `points` equal shares, as the simulation draws it."""
    at = (np.arange(points) + 0.5) / points
    if law == "exponential":
        found: FloatArray = stats.expon.ppf(at, scale=mean_min)
    elif law == "gamma":
        found = stats.gamma.ppf(at, 1.0 / cv**2, scale=mean_min * cv**2)
    else:
        spread = np.sqrt(np.log1p(cv**2))
        found = mean_min * np.exp(spread * stats.norm.ppf(at) - 0.5 * spread**2)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelFit:
    """Observed minutes from dispatch to arrival = intercept + factor x modelled road minutes.

    Attributes:
        state: `few` alerts, `poor` fit, or `fitted`.
        fit_alerts, judged_alerts: How many were there.
        from_dispatch: The clock started at the dispatch; else at the alert.
        handling_min: Median minutes from the alert to the dispatch; 0 where not logged, and then
            part of the intercept. The median, because waits for a free crew lengthen the mean.
        intercept_min: Minutes before the drive.
        factor: Real minutes per modelled minute, above 1 = roads slower than modelled.
        factor_low, factor_high: 95% interval.
        bands: First hour, hour after the last, alerts, factor; only bands with enough alerts.
        longest_min: Modelled road minutes of the farthest alert fitted on.
        match: On the alerts judged; None where `few`. Its `ks` is not a criterion: real drives
            scatter around the line, the simulation's do not.
        worst_fifth_fraction: Largest error of the median minutes, over the observed ones, in a
            fifth of the alerts judged, by road minutes; NaN where `few`.
    """

    state: State
    fit_alerts: int
    judged_alerts: int
    from_dispatch: bool
    handling_min: float = np.nan
    intercept_min: float = np.nan
    factor: float = np.nan
    factor_low: float = np.nan
    factor_high: float = np.nan
    bands: tuple[tuple[int, int, int, float], ...] = ()
    longest_min: float = np.nan
    match: Match | None = None
    worst_fifth_fraction: float = np.nan

    @property
    def turnout_min(self) -> float:
        """Minutes from the alert to wheels rolling."""
        return self.handling_min + self.intercept_min


def fit_travel(
    road_min: FloatArray,
    took_min: FloatArray,
    hour: FloatArray,
    judged: BoolArray,
    *,
    handling_min: float,
    from_dispatch: bool,
) -> TravelFit:
    """Fit travel; where a line would start below 0 it goes through 0.

    Args:
        road_min: Modelled minutes from the responsible station, finite.
        took_min: Observed minutes.
        hour: Hour of the day.
        judged: Alerts to judge on; the others are fitted on.
        handling_min: Median minutes from alert to dispatch.
        from_dispatch: Where `took_min` starts.
    """
    x, y = road_min[~judged], took_min[~judged]
    n, n_judged = len(x), int(judged.sum())
    if not enough(x, road_min[judged]):
        return TravelFit(
            state="few", fit_alerts=n, judged_alerts=n_judged, from_dispatch=from_dispatch
        )
    line = _robust(y, np.column_stack([np.ones(n), x]))
    intercept, factor, row = float(line.params[0]), float(line.params[1]), 1
    if intercept < 0:
        line = _robust(y, x[:, None])
        intercept, factor, row = 0.0, float(line.params[0]), 0
    low, high = (float(v) for v in line.conf_int(1.0 - LEVEL)[row])
    modelled = np.maximum(intercept + factor * road_min[judged], 0.0)
    match = match_of(took_min[judged], modelled)
    worst = _worst_fifth(road_min[judged], took_min[judged], modelled)
    is_poor = low <= 0 or match.distance_fraction > MAX_DISTANCE_FRACTION
    bands = []
    for first, last in BANDS_HOURS:
        mine = (hour[~judged] >= first) & (hour[~judged] < last) & (x > 0)
        if mine.sum() >= MIN_EACH:
            band = _robust(y[mine] - intercept, x[mine][:, None])
            bands.append((first, last, int(mine.sum()), float(band.params[0])))
    return TravelFit(
        state="poor" if is_poor or worst > MAX_FIFTH_FRACTION else "fitted",
        fit_alerts=n,
        judged_alerts=n_judged,
        from_dispatch=from_dispatch,
        handling_min=handling_min,
        intercept_min=intercept,
        factor=factor,
        factor_low=low,
        factor_high=high,
        bands=tuple(bands),
        longest_min=float(x.max()),
        match=match,
        worst_fifth_fraction=worst,
    )


def _robust(y: FloatArray, x: FloatArray) -> Any:
    import statsmodels.api as sm

    return sm.RLM(y, x, M=sm.robust.norms.HuberT(t=_CLIP)).fit()


def _worst_fifth(road_min: FloatArray, took_min: FloatArray, modelled_min: FloatArray) -> float:
    worst = 0.0
    for rows in np.array_split(np.argsort(road_min, kind="stable"), 5):
        seen = float(np.median(took_min[rows]))
        apart = abs(float(np.median(modelled_min[rows])) - seen)
        worst = max(worst, apart / seen if seen > 0 else np.inf)
    return worst
