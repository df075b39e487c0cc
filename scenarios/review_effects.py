r"""What changed after a rollout, and how much of it may be called an effect.

Counts come as stations by blocks of four weeks, counted from the day of rollout so that no block
lies on both sides. Three estimates, all with statsmodels:

- difference in differences: each station's $\log(\text{after} / \text{before})$ of its alerts a
  day, bundled stations against the others, weighted by how exactly each is known, with HC3 errors
  and Student's t (two periods per station as in Bertrand, Duflo and Mullainathan 2004, QJE 119,
  249-275; inference over few groups as in Donald and Lang 2007, REStat 89, 221-233; HC3:
  MacKinnon and White 1985). Whatever meets all stations alike, seasons included, cancels.
- the same with the year before the rollout left out of the baseline. Stations chosen because that
  year was bad improve by themselves (regression to the mean); earlier years do not know of the
  choice.
- interrupted time series of the bundled stations together: log-linear trend, yearly waves and a
  step at the rollout, quasi-Poisson with HAC errors (Wagner et al. 2002, J. Clin. Pharm. Ther. 27,
  299-309). It has no controls and is shown as a second opinion only.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only

BLOCK_DAYS = 28
BLOCKS_PER_YEAR = 13
# With fewer stations on a side, or fewer alerts, no interval is worth having.
MIN_STATIONS = 3
MIN_ALERTS = 30
MIN_BLOCKS = 3
# A station without an alert on one side, where as many were due, is missing from the log.
MISSING_ALERTS = 20.0
# Blocks before the selection year, for a baseline that does not know of the choice.
MIN_EARLIER_BLOCKS = 6
# Blocks before and after, for waves and a step to be told apart.
MIN_SERIES_BEFORE = BLOCKS_PER_YEAR
_PARALLEL_P = 0.05

Verdict = Literal["fewer", "more", "none shown", "cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Alerts of each station in each block. S stations, B blocks.

    Attributes:
        block: Blocks after the rollout, shape (B,); 0 is the first after it, -1 the last before.
        alerts: Shape (S, B).
        is_bundled: Whether the plan bundles the station, shape (S,).
    """

    block: IntArray
    alerts: FloatArray
    is_bundled: BoolArray

    def __post_init__(self) -> None:
        b, s = np.size(self.block), np.size(self.is_bundled)
        for name, dtype, shape in (
            ("block", np.int64, (b,)),
            ("alerts", float, (s, b)),
            ("is_bundled", np.bool_, (s,)),
        ):
            array = read_only(getattr(self, name), dtype, shape=shape, name=f"panel.{name}")
            object.__setattr__(self, name, array)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A relative change with its interval: -0.2 is a fifth fewer.

    Attributes:
        fraction: The estimate.
        low_fraction, high_fraction: Ends of the interval.
        level_fraction: Confidence of the interval.
    """

    fraction: float
    low_fraction: float
    high_fraction: float
    level_fraction: float

    @property
    def excludes_zero(self) -> bool:
        """Whether no change at all lies outside the interval."""
        return self.low_fraction > 0 or self.high_fraction < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What may be said of the bundled stations' alerts.

    Attributes:
        alerts_before, alerts_after: Of the bundled stations, in the blocks used.
        observed_fraction: Change of their alerts a day: what headlines quote, no effect.
        against_controls: Difference in differences over the whole time before; None where there is
            too little.
        against_earlier: The same with the year before the rollout left out of the baseline.
        selection: Bundled against others: that year against the years before it. Above 0 they were
            in a bad year when they were chosen, and fall back by themselves.
        parallel_p: Chance of a difference in trends before the rollout as large as the one seen,
            were there none; None where not known.
        series: Step of the interrupted time series; None where there is too little.
        verdict: What may be said.
        reasons: Why no more may be said; codes that the console and the report put into words.
    """

    alerts_before: int
    alerts_after: int
    observed_fraction: float
    against_controls: Change | None
    against_earlier: Change | None
    selection: Change | None
    parallel_p: float | None
    series: Change | None
    verdict: Verdict
    reasons: tuple[str, ...]


def effect(panel: Panel, level_fraction: float = 0.95) -> Effect:
    """Estimate what the rollout changed, and say what may be said of it.

    An effect is called one only if the interval against the stations that were not bundled
    excludes 0 with and without the year of selection, and the trends before were alike.

    Args:
        panel: The counts.
        level_fraction: Confidence of the intervals.
    """
    after, before = panel.block >= 0, panel.block < 0
    chosen = before & (panel.block >= -BLOCKS_PER_YEAR)
    earlier = before & ~chosen
    bundled = panel.alerts[panel.is_bundled]
    n_before, n_after = bundled[:, before].sum(), bundled[:, after].sum()
    reasons: list[str] = []
    if min(panel.is_bundled.sum(), (~panel.is_bundled).sum()) < MIN_STATIONS:
        reasons.append("few stations")
    if min(n_before, n_after, panel.alerts[~panel.is_bundled].sum()) < MIN_ALERTS:
        reasons.append("few alerts")
    if min(after.sum(), before.sum()) < MIN_BLOCKS:
        reasons.append("short")
    elif _stations_missing(panel, before, after):
        reasons.append("stations missing")
    against = trend = selection = base = None
    parallel_p = None
    if not reasons:
        against, _p = _difference(panel, before, after, level_fraction)
        if earlier.sum() >= MIN_EARLIER_BLOCKS:
            base, _p = _difference(panel, earlier, after, level_fraction)
            selection, _p = _difference(panel, earlier, chosen, level_fraction)
            # The year of selection is kept out of the trend too.
            trend = np.flatnonzero(earlier)
        else:
            reasons.append("no earlier year")
            trend = np.flatnonzero(before)
        if len(trend) >= 2 * MIN_BLOCKS:
            half = len(trend) // 2
            _c, parallel_p = _difference(panel, trend[:half], trend[-half:], level_fraction)
    if selection is not None and selection.low_fraction > 0:
        reasons.append("chosen in a bad year")
    if parallel_p is not None and parallel_p < _PARALLEL_P:
        reasons.append("trends differ")
    return Effect(
        alerts_before=int(n_before),
        alerts_after=int(n_after),
        observed_fraction=_ratio(n_after / max(after.sum(), 1), n_before / max(before.sum(), 1)),
        against_controls=against,
        against_earlier=base,
        selection=selection,
        parallel_p=parallel_p,
        series=_series(panel.block, bundled.sum(axis=0), level_fraction),
        verdict=_verdict(against, base, reasons),
        reasons=tuple(reasons),
    )


def _stations_missing(panel: Panel, before: BoolArray, after: BoolArray) -> bool:
    """Whether a station has no alert on one side where many were due: a hole in the log."""
    then, now = panel.alerts[:, before].sum(axis=1), panel.alerts[:, after].sum(axis=1)
    now_per_then = after.sum() / before.sum()
    due_now, due_then = then * now_per_then, now / now_per_then
    gone = (now == 0) & (due_now >= MISSING_ALERTS) | (then == 0) & (due_then >= MISSING_ALERTS)
    return bool(gone.any())


def _verdict(against: Change | None, base: Change | None, reasons: list[str]) -> Verdict:
    if against is None:
        return "cannot tell"
    if not against.excludes_zero:
        return "none shown"
    if base is None:
        return "cannot tell"
    if not base.excludes_zero or (base.fraction < 0) != (against.fraction < 0):
        return "none shown"
    if "trends differ" in reasons:
        return "cannot tell"
    return "fewer" if base.fraction < 0 else "more"


def _ratio(now: float, then: float) -> float:
    return now / then - 1.0 if then > 0 else math.nan


def _difference(
    panel: Panel, before: Any, after: Any, level_fraction: float
) -> tuple[Change, float]:
    """Bundled against others, `after` against `before`; and the chance of it were there none."""
    import statsmodels.api as sm

    then, now = panel.alerts[:, before].sum(axis=1), panel.alerts[:, after].sum(axis=1)
    blocks = [np.size(panel.block[before]), np.size(panel.block[after])]
    # Half an alert on each side, so that a station without any has a logarithm (Haldane 1956).
    change = np.log((now + 0.5) / blocks[1]) - np.log((then + 0.5) / blocks[0])
    design = np.column_stack([np.ones(len(change)), panel.is_bundled.astype(float)])
    weight = 1.0 / (1.0 / (now + 0.5) + 1.0 / (then + 0.5))
    fit = sm.WLS(change, design, weights=weight).fit(cov_type="HC3", use_t=True)
    low, high = fit.conf_int(alpha=1.0 - level_fraction)[1]
    found = Change(
        fraction=math.expm1(float(fit.params[1])),
        low_fraction=math.expm1(float(low)),
        high_fraction=math.expm1(float(high)),
        level_fraction=level_fraction,
    )
    return found, float(fit.pvalues[1])


def _series(block: IntArray, alerts: FloatArray, level_fraction: float) -> Change | None:
    """Step at the rollout in the bundled stations' alerts."""
    import statsmodels.api as sm

    before = block < 0
    if before.sum() < MIN_SERIES_BEFORE or (~before).sum() < MIN_BLOCKS or alerts.sum() <= 0:
        return None
    year = (block + 0.5) / BLOCKS_PER_YEAR
    columns = [np.ones(len(block)), year, ~before]
    # A wave and a step look alike until the wave has been seen twice.
    if before.sum() >= 2 * BLOCKS_PER_YEAR:
        columns += [np.sin(2 * np.pi * year), np.cos(2 * np.pi * year)]
    design = np.column_stack(columns).astype(float)
    model = sm.GLM(alerts, design, family=sm.families.Poisson())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(scale="X2", cov_type="HAC", cov_kwds={"maxlags": 2}, use_t=True)
    low, high = fit.conf_int(alpha=1.0 - level_fraction)[2]
    if not all(map(math.isfinite, (fit.params[2], low, high))):
        return None
    return Change(
        fraction=math.expm1(float(fit.params[2])),
        low_fraction=math.expm1(float(low)),
        high_fraction=math.expm1(float(high)),
        level_fraction=level_fraction,
    )
