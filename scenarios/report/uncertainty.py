"""What chance alone does to the headline numbers: the same plan over many drawn years.

Every year is drawn as `scenarios.sweep_years` draws it; today and the plan meet the same years, so
that their difference is not blurred. The plan stays as it is: nothing is solved. Formulas are those
of `optimizer.evaluation`, without the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.measures import hoover, response_by_group, weighted_mean, weighted_percentile
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.strength import assess_bundles, unit_needs
from optimizer.workload import demand_of, standard_min
from scenarios.load import Inspection, LoadedCase
from scenarios.sweep_years import YearKind, alert_days, with_year, year_kind

YEARS = 40
LOW, HIGH = 0.05, 0.95
MEASURES = (
    "officers_required_stations",
    "mean_response_min",
    "p90_response_min",
    "share_within_fraction",
    "worst_township_response_min",
    "mismatch_fraction",
)
FREED = "officers_freed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """5th and 95th percentile over the drawn years: values of the years nearest to them."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """A plan and today over drawn years.

    Attributes:
        kind: How years were drawn.
        years: How many.
        seed: Of the drawing.
        today, plan: Range of each of `MEASURES`.
        change: Range of plan minus today in the same year; `officers_freed` is there too.
        years_with_more_crews: For each bundle of the plan, in its order, the years in which it
            needs more crews than in the case's own year.
    """

    kind: YearKind
    years: int
    seed: int
    today: Mapping[str, Range]
    plan: Mapping[str, Range]
    change: Mapping[str, Range]
    years_with_more_crews: tuple[int, ...]


def draw_years(
    loaded: LoadedCase, inspection: Inspection, plan: Plan, *, years: int = YEARS, seed: int = 0
) -> Years:
    """Judge today and `plan` over drawn years.

    An alert log is drawn from only where the scenario leaves the alerts as they were logged.

    Args:
        loaded: The case in the world of the scenario.
        inspection: The case as read.
        plan: The plan, complete with strength.
        years: How many years.
        seed: The same seed draws the same years.
    """
    county, policy = loaded.county, loaded.policy
    log = alert_days(loaded) if _as_logged(loaded, inspection) else None
    today = current_plan(county)
    crews = assess_bundles(county, policy, plan).crews
    more = np.zeros(len(plan.bundles), dtype=np.int64)
    values: dict[str, list[dict[str, float]]] = {"today": [], "plan": []}
    for year in range(years):
        drawn = with_year(county, log, seed, year)
        values["today"].append(_judge(drawn, policy, today)[0])
        judged, crews_then = _judge(drawn, policy, plan)
        values["plan"].append(judged)
        more += crews_then > crews
    before, after = (
        {m: np.array([one[m] for one in values[side]]) for m in MEASURES}
        for side in ("today", "plan")
    )
    change = {m: after[m] - before[m] for m in MEASURES}
    change[FREED] = -change["officers_required_stations"]
    return Years(
        kind=year_kind(log),
        years=years,
        seed=seed,
        today={m: _range(v) for m, v in before.items()},
        plan={m: _range(v) for m, v in after.items()},
        change={m: _range(v) for m, v in change.items()},
        years_with_more_crews=tuple(more.tolist()),
    )


def _as_logged(loaded: LoadedCase, inspection: Inspection) -> bool:
    read = inspection.loaded
    if read is None or len(read.county.cells) != len(loaded.county.cells):
        return False
    pairs = (
        (read.county.cells.alerts_per_year, loaded.county.cells.alerts_per_year),
        (read.county.period_share_fraction, loaded.county.period_share_fraction),
    )
    return all(np.array_equal(a, b) for a, b in pairs)


def _range(values: FloatArray) -> Range:
    # No mean of two years: one may be infinite.
    low, high = np.quantile(values, (LOW, HIGH), method="nearest")
    return Range(low=float(low), high=float(high))


def _judge(county: County, policy: Policy, plan: Plan) -> tuple[dict[str, float], IntArray]:
    """`MEASURES` and the crews of each bundle."""
    assessed = assess_bundles(county, policy, plan, demand_of(county, policy))
    needs = unit_needs(county, policy, plan, assessed)
    row = county.stations.index()
    centre_of = plan.centre_of()
    centre = np.array([row[centre_of[s]] for s in county.stations.station_id])[county.cells.station]
    travel_min = county.travel_time_min[centre, np.arange(len(county.cells))]
    response_min = policy.response.turnout_min + travel_min
    is_within = response_min <= standard_min(county, policy)
    alerts = county.cells.alerts_per_year.sum(axis=1)
    names, township = np.unique(np.array(county.cells.township, dtype=str), return_inverse=True)
    by_township = response_by_group(
        township,
        len(names),
        alerts_per_year=alerts,
        population=county.cells.population,
        response_min=response_min,
        is_within=is_within,
    )
    strength = dict(plan.strength)
    judged = {
        "officers_required_stations": float(assessed.officers.sum()),
        "mean_response_min": weighted_mean(response_min, alerts),
        "p90_response_min": weighted_percentile(response_min, alerts, 0.9),
        "share_within_fraction": 1.0 - weighted_mean((~is_within).astype(float), alerts),
        "worst_township_response_min": float(
            by_township.mean_response_min[by_township.alerts_per_year > 0].max(initial=0.0)
        ),
        "mismatch_fraction": hoover(
            np.array([float(strength.get(u.unit_id, u.officers_today)) for u in needs]),
            np.array([u.required_officers for u in needs]),
        ),
    }
    return judged, assessed.crews
