r"""Columns of the set partition: connected sets of stations, each with a host and a price.

A column $(S, h)$ is a bundle $S$ under centre $h \in S$. Price, in officers (formulation.md,
section "Bundling"):

$p(S,h) = w_o R(S,h) + \frac{w_r}{1000}\bigl(A(S,h) - \sum_{s \in S} A(\{s\},s)\bigr)
        + w_l \max(0, R(S,h) - R_{span}) + w_f (|S| - 1)$

with $R$ the officers required and $A$ the alert-minutes of travel a year, both from
`workload.assess`. A station that stays alone breaks none of the response, travel and capacity
rules: they are rules about bundles of two or more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from optimizer.candidate_sets import (
    LARGEST_BUNDLE,
    Reach,
    candidate_sets,
    count_sets,
    eligible,
    id_rank,
)
from optimizer.column_rules import (
    ADJACENCY,
    APART,
    CAN_BUNDLE,
    CAN_HOST,
    COLUMN_RULES,
    FARTHEST,
    HOST,
    KEEP,
    LIMIT_SLACK,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    OFFICE_TRAVEL,
    RESIDENTS,
    RURAL_ONLY,
    SHARE_WITHIN,
    TOGETHER,
    TOWNSHIP_LOSS,
    TOWNSHIP_RESPONSE,
    WINDOW_KM,
    hold,
    note,
    note_locks,
    together_groups,
)
from optimizer.connected_sets import connected_sets, joined
from optimizer.county import County
from optimizer.cover import Limit
from optimizer.equity_columns import RESIDENT_UNITS, is_guarded, taken
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.steering_rules import (
    BARRIERS,
    FIX,
    changed_stations,
    cross_barriers,
    has_barriers,
    hold_together,
    open_pairs,
    parted_pairs,
)
from optimizer.workload import Assessment, Demand, assess, demand_of

# Names of the files beside it too: callers need not know where a rule is noted.
__all__ = [
    "ADJACENCY", "APART", "CAN_BUNDLE", "CAN_HOST", "COLUMN_RULES", "FARTHEST",
    "FREED_TOLERANCE", "FREED_UNITS_PER_OFFICER", "HOST", "KEEP", "LARGEST_BUNDLE",
    "LIMIT_SLACK", "MAX_BUNDLE_SIZE", "MAX_OFFICERS", "OFFICE_TRAVEL", "RESIDENTS",
    "RURAL_ONLY", "SHARE_WITHIN", "TOGETHER", "TOWNSHIP_LOSS", "TOWNSHIP_RESPONSE",
    "UNITS_PER_OFFICER", "WINDOW_KM", "Columns", "Reach", "connected_sets", "count_sets",
    "eligible", "every_column", "freed_limit", "id_rank", "locks_broken", "priced_columns",
    "residents_limit", "together_groups", "undominated",
]  # fmt: skip


UNITS_PER_OFFICER = 1_000_000
"""Prices become whole numbers here, and nowhere else: one unit is 1e-6 officer."""
FREED_UNITS_PER_OFFICER = 1_000_000_000
FREED_TOLERANCE = 100
"""A plan may miss a limit on officers freed by so many units (1e-7 officer): rounding of terms."""

_CHUNK = 6_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """N columns, sorted by the station ids of their sets and then of their hosts.

    Attributes:
        members: Station rows of each set, in id order, padded with -1; shape (N, 5).
        size: |S|, shape (N,).
        host: Station row of the centre, shape (N,).
        set_of: Number of the set, the same for all hosts of one set, shape (N,).
        price_units: Price in whole units of 1e-6 officer, shape (N,).
        freed_units: Officers required by the members alone less those required together, in whole
            units of 1e-9 officer (savings repeat, so their rounding would add up), shape (N,).
        rehomed_officers: Officers in post at the stations that become police offices, shape (N,).
        changed: Stations whose centre is not that of the plan to start from; 0 where the policy
            asks for no such thing, shape (N,).
        resident_units: Residents who lose the response standard, in thousandths; 0 where the policy
            does not limit them, shape (N,).
        broken: Rules the column breaks, shape (N, rules) in the order of `COLUMN_RULES`.
        amount: What the rule measures there: for a rule with a limit the value held against it,
            for `stations.max_officers` the officers beyond the building, else how many stations
            (groups for the locks) offend; shape (N, rules).
    """

    members: IntArray
    size: IntArray
    host: IntArray
    set_of: IntArray
    price_units: IntArray
    freed_units: IntArray
    rehomed_officers: IntArray
    changed: IntArray
    resident_units: IntArray
    broken: BoolArray
    amount: FloatArray

    def __len__(self) -> int:
        return len(self.size)

    def at(self, rows: IntArray | BoolArray) -> Columns:
        """Some of the columns."""
        return Columns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def breaking_only(self, rules: frozenset[str]) -> BoolArray:
        """Columns that break no rule outside `rules`, shape (N,)."""
        outside = np.array([r not in rules for r in COLUMN_RULES])
        allowed: BoolArray = ~(self.broken & outside).any(axis=1)
        return allowed

    def bundle(self, county: County, row: int) -> Bundle:
        """The column as a plan's bundle."""
        ids = county.stations.station_id
        members = self.members[row, : self.size[row]].tolist()
        return Bundle(
            centre_id=ids[int(self.host[row])], station_ids=tuple(sorted(ids[s] for s in members))
        )


def freed_limit(freed_units: IntArray, at_least_units: int) -> Limit:
    """The row that demands so many officers freed, in units of 1e-9 officer."""
    return Limit(
        coefficients=freed_units,
        at_least=at_least_units,
        per_unit=FREED_UNITS_PER_OFFICER,
        tolerance=FREED_TOLERANCE,
    )


def residents_limit(resident_units: IntArray, at_most_units: int, stations: int) -> Limit:
    """The row that lets so many residents lose the standard, in thousandths of a resident."""
    return Limit(
        coefficients=-resident_units,
        at_least=-at_most_units,
        per_unit=1000.0 * RESIDENT_UNITS,
        tolerance=stations,
    )


def priced_columns(
    county: County,
    policy: Policy,
    demand: Demand | None = None,
    *,
    without: frozenset[str] = frozenset(),
    largest: int = LARGEST_BUNDLE,
) -> Columns:
    """Every column that breaks no rule outside `without`, priced.

    Args:
        county: The county.
        policy: Rules and weights.
        demand: `demand_of(county, policy)` if the caller has it.
        without: Column rules that may be broken; the columns say which they break.
        largest: Stations in one set at the most where `without` has the size rule.

    Returns:
        The columns. A host from which a cell or a police office cannot be reached is never among
        them: nothing could be computed for it.
    """
    demand = demand_of(county, policy) if demand is None else demand
    limit = largest if MAX_BUNDLE_SIZE in without else policy.bundling.max_bundle_size
    rank = id_rank(county)
    sets = candidate_sets(county, policy, rank, without, limit)
    return _in_order(_priced(county, policy, demand, sets, without), rank)


def every_column(
    county: County, policy: Policy, demand: Demand, near: Reach, far: Reach | None = None
) -> Columns:
    """Columns of all sets within reach, whatever rules they break, priced; unsorted.

    Args:
        county: The county.
        policy: Rules and weights.
        demand: `demand_of(county, policy)`.
        near: Which connected sets.
        far: Which sets, connected or not; None = connected ones only.

    Returns:
        The columns, those of one set together. As for `priced_columns`, a host that cannot reach
        all is left out.
    """
    rank = id_rank(county)
    sets = candidate_sets(county, policy, rank, near.without - {ADJACENCY}, near.largest)
    if far is not None:
        more = candidate_sets(county, policy, rank, far.without | {ADJACENCY}, far.largest)
        sets = [joined(*both) for both in zip(sets, more, strict=False)] + sets[len(more) :]
    return _priced(county, policy, demand, sets, frozenset(COLUMN_RULES))


def locks_broken(columns: Columns, county: County, policy: Policy) -> BoolArray:
    """Lock rules that the columns break under `policy`; `Columns.broken` but for other locks."""
    broken, amount = columns.broken.copy(), columns.amount.copy()
    for rule in (TOGETHER, APART, KEEP, HOST, FIX):
        broken[:, COLUMN_RULES.index(rule)] = False
        amount[:, COLUMN_RULES.index(rule)] = 0.0
    note_locks(county, policy, columns.members, columns.host, columns.size > 1, broken, amount)
    return broken


def _priced(
    county: County,
    policy: Policy,
    demand: Demand,
    sets: list[tuple[IntArray, BoolArray]],
    without: frozenset[str],
) -> Columns:
    """Columns of the lone stations and of `sets` (in ranks), numbered set by set."""
    row_at = np.argsort(id_rank(county))
    stations = np.arange(len(row_at))
    alone = assess(county, policy, demand, stations, stations[:, None], with_waits=False)
    maker = _Maker(county, policy, demand, alone, without)
    parts = [maker.columns(row_at[:, None], connected=np.ones(len(row_at), dtype=bool), first=0)]
    first = len(row_at)
    for ranked, connected in sets:
        for start in range(0, len(ranked), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            sets_here = row_at[ranked[chunk]]
            parts.append(maker.columns(sets_here, connected=connected[chunk], first=first))
            first += len(sets_here)
    return Columns(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Columns)}
    )


def undominated(columns: Columns, county: County, *, freed_counts: bool) -> Columns:
    """For each set its cheapest host; with `freed_counts` also dearer ones that free more.

    Dearer ones under which fewer residents lose the standard or fewer stations change their centre
    stay too, where that is limited.
    Ties go to the host whose choice rehomes fewest officers, then to the smallest station id.
    """
    freed = columns.freed_units if freed_counts else np.zeros(len(columns), np.int64)
    host, residents, changed = (
        id_rank(county)[columns.host],
        columns.resident_units,
        columns.changed,
    )
    order = np.lexsort(
        (
            host, columns.rehomed_officers, changed, residents, -freed, columns.price_units,
            columns.set_of,
        )
    )  # fmt: skip
    sets, freed = columns.set_of[order], freed[order]
    residents, changed = residents[order], changed[order]
    dominated = np.zeros(len(order), dtype=bool)
    for lag in range(1, LARGEST_BUNDLE):
        as_good = (freed[:-lag] >= freed[lag:]) & (residents[:-lag] <= residents[lag:])
        as_good &= changed[:-lag] <= changed[lag:]
        dominated[lag:] |= (sets[lag:] == sets[:-lag]) & as_good
    return columns.at(np.sort(order[~dominated]))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Hosts, rules and prices for sets of one size."""

    county: County
    policy: Policy
    demand: Demand
    alone: Assessment
    without: frozenset[str]

    def columns(self, sets: IntArray, *, connected: BoolArray, first: int) -> Columns:
        """Every host of every set (station rows, shape (N, k)) that `without` lets through.

        The sets are numbered from `first`.
        """
        n, k = sets.shape
        members, host = np.repeat(sets, k, axis=0), sets.ravel()
        near, set_of = np.repeat(connected, k), np.repeat(np.arange(first, first + n), k)
        travel = self.county.station_time_min[host[:, None], members].max(axis=1, initial=0.0)
        broken = np.zeros((n * k, len(COLUMN_RULES)), dtype=bool)
        amount = np.zeros((n * k, len(COLUMN_RULES)))
        joint = np.full(n * k, k > 1)
        note_locks(self.county, self.policy, members, host, joint, broken, amount)
        if k > 1:
            self._before_pricing(members, host, near, travel, broken, amount)
        kept = self._allowed(broken) & np.isfinite(travel)
        members, host, set_of = members[kept], host[kept], set_of[kept]
        broken, amount = broken[kept], amount[kept]
        residents = np.zeros(len(host), dtype=np.int64)
        if k > 1 and is_guarded(self.policy):
            residents = self._guard(members, host, broken, amount)
        known = assess(self.county, self.policy, self.demand, host, members, with_waits=False)
        if k > 1:
            self._after_assessment(known, host, broken, amount)
        kept = self._allowed(broken) & np.isfinite(known.officers)
        kept &= np.isfinite(known.farthest_min) & np.isfinite(known.alert_min_per_year)
        padded = np.full((int(kept.sum()), LARGEST_BUNDLE), -1, dtype=np.int64)
        padded[:, :k] = members[kept]
        changed = self._changed(members, host)
        extra_min = known.alert_min_per_year - self.alone.alert_min_per_year[members].sum(axis=1)
        freed = self.alone.officers[members].sum(axis=1) - known.officers
        in_post = self.county.stations.officers
        return Columns(
            members=padded,
            size=np.full(len(padded), k, dtype=np.int64),
            host=host[kept],
            set_of=set_of[kept],
            price_units=self._price_units(known.officers[kept], extra_min[kept], changed[kept], k),
            freed_units=np.rint(freed[kept] * FREED_UNITS_PER_OFFICER).astype(np.int64),
            rehomed_officers=(in_post[members].sum(axis=1) - in_post[host])[kept],
            changed=changed[kept],
            resident_units=residents[kept],
            broken=broken[kept],
            amount=amount[kept],
        )

    def _allowed(self, broken: BoolArray) -> BoolArray:
        strict = np.array([rule not in self.without for rule in COLUMN_RULES])
        allowed: BoolArray = ~(broken & strict).any(axis=1)
        return allowed

    def _changed(self, members: IntArray, host: IntArray) -> IntArray:
        changes = self.policy.bundling.changes
        if changes.max_stations is None and not changes.price_per_station:
            return np.zeros(len(host), dtype=np.int64)
        return changed_stations(self.county, self.policy, members, host)

    def _price_units(
        self, officers: FloatArray, extra_min: FloatArray, changed: IntArray, size: int
    ) -> IntArray:
        w, per_change = self.policy.weights, self.policy.bundling.changes.price_per_station
        return _units(
            w.officers * officers
            + w.response_per_1000_alert_min / 1000.0 * extra_min
            + w.overload_per_officer * np.maximum(0.0, officers - w.span_officers)
            + w.fixed_per_office * (size - 1)
            + per_change * changed
        )

    def _before_pricing(
        self,
        members: IntArray,
        host: IntArray,
        near: BoolArray,
        travel_min: FloatArray,
        broken: BoolArray,
        amount: FloatArray,
    ) -> None:
        rules, stations = self.policy.bundling, self.county.stations
        size = members.shape[1]
        if self.without & {ADJACENCY, BARRIERS} and has_barriers(self.county, self.policy):
            pairs = self.county.station_adjacency
            assert pairs is not None
            near = near | hold_together(members, pairs, len(stations))
            open_to = open_pairs(self.county, self.policy)
            parted = parted_pairs(self.county, self.policy)
            crossing = cross_barriers(members, open_to, parted, len(stations))
            note(BARRIERS, crossing, broken, amount)
        note(ADJACENCY, ~near, broken, amount)
        hold(MAX_BUNDLE_SIZE, np.full(len(host), float(size)), broken, amount,
              at_most=rules.max_bundle_size)  # fmt: skip
        if rules.rural_only:
            note(RURAL_ONLY, stations.is_urban[members].sum(axis=1), broken, amount)
        note(CAN_BUNDLE, (~stations.can_bundle)[members].sum(axis=1), broken, amount)
        note(CAN_HOST, (~stations.can_host)[host], broken, amount)
        hold(OFFICE_TRAVEL, travel_min, broken, amount, at_most=rules.max_office_travel_min)

    def _guard(
        self, members: IntArray, host: IntArray, broken: BoolArray, amount: FloatArray
    ) -> IntArray:
        """Note what breaks the equity guard; residents who lose the standard, where limited."""
        rules, found = self.policy.equity, taken(self.county, self.policy, host, members)
        for rule, value, limit in (
            (TOWNSHIP_LOSS, found.township_loss_min, rules.max_township_loss_min),
            (TOWNSHIP_RESPONSE, found.township_response_min, rules.max_township_response_min),
            (WINDOW_KM, found.window_km, rules.max_window_km),
        ):
            if limit is not None:
                hold(rule, value, broken, amount, at_most=limit)
        if rules.max_residents_losing_standard_fraction is None:
            return np.zeros(len(host), dtype=np.int64)
        return found.resident_units

    def _after_assessment(
        self, known: Assessment, host: IntArray, broken: BoolArray, amount: FloatArray
    ) -> None:
        response = self.policy.response
        reached = np.isfinite(known.centre_officers)  # the others are left out afterwards
        needed = np.where(reached, known.centre_officers, 0.0)
        beyond = needed - self.county.stations.max_officers[host]
        hold(MAX_OFFICERS, beyond, broken, amount, at_most=0.0)
        hold(FARTHEST, known.farthest_min, broken, amount, at_most=response.farthest_min)
        alerts = known.alerts_per_year
        share = np.divide(
            known.alerts_within_per_year, alerts, out=np.ones(len(alerts)), where=alerts > 0
        )
        hold(SHARE_WITHIN, -share, broken, amount, at_most=-response.share_within_fraction)
        amount[:, COLUMN_RULES.index(SHARE_WITHIN)] = share


def _units(officers: FloatArray) -> IntArray:
    return np.rint(officers * UNITS_PER_OFFICER).astype(np.int64)


def _in_order(columns: Columns, rank: IntArray) -> Columns:
    """Sort by set, then host, and number the sets."""
    ranked = np.where(columns.members >= 0, rank[columns.members], -1)
    order = np.lexsort((rank[columns.host], *ranked.T[::-1]))
    columns, ranked = columns.at(order), ranked[order]
    is_new = np.ones(len(columns), dtype=bool)
    is_new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    return replace(columns, set_of=np.cumsum(is_new) - 1)
