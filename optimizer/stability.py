"""Which bundles hardly depend on the choice of plan or on the year's alerts, and which do.

Two shares for each bundle (its stations, whoever hosts them): of the near-optimal plans, and of the
years of alerts drawn anew, each priced and solved again to proof. A bundle is

- core: in every near-optimal plan, and the answer in at least nine of ten years;
- likely: in at least half of both;
- open: any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from optimizer.alternatives import Alternatives
from optimizer.bundling import cover_of
from optimizer.columns import priced_columns, undominated
from optimizer.county import County
from optimizer.partition import partition
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.solver import Limits

Label = Literal["core", "likely", "open"]
Sets = frozenset[tuple[str, ...]]
CORE_YEARS, LIKELY = 0.9, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleShare:
    """How often a bundle is chosen.

    Attributes:
        station_ids: Its stations, sorted.
        in_best: Whether the best plan has it.
        near_share_fraction: Share of the near-optimal plans that have it.
        year_share_fraction: Share of the drawn years whose best plan has it; None without years.
        label: What follows from the shares.
    """

    station_ids: tuple[str, ...]
    in_best: bool
    near_share_fraction: float
    year_share_fraction: float | None
    label: Label


def best_sets(county: County, policy: Policy) -> Sets | None:
    """Bundles of two or more of the best plan, proven; None where there is no such plan.

    Raises:
        SolverError: the solver failed.
    """
    frees = policy.bundling.min_officers_freed is not None
    columns = undominated(priced_columns(county, policy), county, freed_counts=frees)
    limits = Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed)
    found = partition(cover_of(county, policy, columns), limits)
    if found.status is not Status.OPTIMAL or found.chosen is None:
        return None
    bundles = (columns.bundle(county, int(i)) for i in found.chosen)
    return frozenset(b.station_ids for b in bundles if b.office_ids)


def shares(near: Alternatives, years: Iterable[Sets | None]) -> tuple[BundleShare, ...]:
    """Shares of every bundle that a near-optimal plan has, or the best plan of some year.

    Args:
        near: The near-optimal plans, the best first.
        years: Bundles of the best plan of each year; years without a proven plan count for none.

    Returns:
        By label, then by shares, the most certain first.
    """
    drawn = list(years)
    plans = [plan.sets() for plan in near.plans]
    in_near = Counter(s for sets in plans for s in sets)
    in_years = Counter(s for sets in drawn if sets is not None for s in sets)
    best = plans[0] if plans else frozenset()
    rows = []
    for stations in {*in_near, *in_years}:
        near_share = in_near[stations] / len(plans) if plans else 0.0
        year_share = in_years[stations] / len(drawn) if drawn else None
        rows.append(
            BundleShare(
                station_ids=stations,
                in_best=stations in best,
                near_share_fraction=near_share,
                year_share_fraction=year_share,
                label=label_of(near_share, year_share),
            )
        )
    order: tuple[Label, ...] = ("core", "likely", "open")
    return tuple(
        sorted(
            rows,
            key=lambda r: (
                order.index(r.label),
                -r.near_share_fraction,
                -(r.year_share_fraction or 0.0),
                r.station_ids,
            ),
        )
    )


def label_of(near_share: float, year_share: float | None) -> Label:
    """The label that follows from both shares; from the first alone where no years were drawn."""
    years = near_share if year_share is None else year_share
    if near_share >= 1.0 and years >= CORE_YEARS:
        return "core"
    return "likely" if near_share >= LIKELY and years >= LIKELY else "open"
