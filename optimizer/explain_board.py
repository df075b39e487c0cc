"""The board on which a plan's bundles are explained: columns priced once, solved again at will.

An explanation is a second answer to the same set partition with columns left out: the same rows,
the same prices, the same proof. Only bundling is solved again; road duty and reassignment are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from pydantic import BaseModel

from optimizer.bundling import cover_of
from optimizer.columns import (
    ADJACENCY,
    COLUMN_RULES,
    MAX_BUNDLE_SIZE,
    UNITS_PER_OFFICER,
    Columns,
    Reach,
    every_column,
    undominated,
)
from optimizer.county import County
from optimizer.frozen import BoolArray, IntArray
from optimizer.partition import partition
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.question import PLAN_RULES
from optimizer.result import Status
from optimizer.solver import Limits
from optimizer.workload import Demand, assess, demand_of

_Model = TypeVar("_Model", bound=BaseModel)
LOCKS = "bundling.locks"
"""Every lock at once; each is `bundling.locks.<kind>`."""
_LOOKED_BEYOND = frozenset(COLUMN_RULES) - {ADJACENCY, MAX_BUNDLE_SIZE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price, or a difference of prices, by its parts; unit: one officer.

    Attributes:
        officers: Officers required, times their weight.
        response: Alert-minutes of travel beyond today's, times their weight.
        overload: Officers beyond the span of one command, times their weight.
        fixed: Police offices, times their weight.
        changes: Stations with another centre than in the plan to stay near, times their price.
    """

    officers: float = 0.0
    response: float = 0.0
    overload: float = 0.0
    fixed: float = 0.0
    changes: float = 0.0

    @property
    def total(self) -> float:
        """All parts together."""
        return float(sum(getattr(self, f.name) for f in fields(self)))

    def __add__(self, other: Price) -> Price:
        return Price(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def __sub__(self, other: Price) -> Price:
        return Price(
            **{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The best plan under one more condition, against the plan that is explained.

    Attributes:
        status: Of the second answer; OPTIMAL: the difference is exact.
        price: Its price less the plan's; None without a plan.
        least_officers: No plan under the condition has a price closer; None where not known.
        officers_required: Officers required, the difference.
        alert_min_per_year: Alert-minutes of travel a year, the difference.
        gone: Bundles (and lone stations) of the plan that are not in it, sorted.
        new: Those that are in their place, sorted.
        clashing: Without a plan: rules on the whole plan each of which alone stands in the way.
    """

    status: Status
    price: Price | None = None
    least_officers: float | None = None
    officers_required: float = 0.0
    alert_min_per_year: float = 0.0
    gone: tuple[Bundle, ...] = ()
    new: tuple[Bundle, ...] = ()
    clashing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """A plan's bundles among all columns that could have been.

    Attributes:
        county: The county.
        policy: The policy of the run.
        demand: `demand_of(county, policy)`.
        bundles: What is explained: every station in one, sorted.
        columns: Every connected set of up to `max_bundle_size` stations under every host that can
            reach it, whatever rules it breaks.
        asked: Columns that keep every rule on single bundles, shape (N,).
        limits: Time and seed of each second answer.
        free: The best plan without locks; None where there are none.
    """

    county: County
    policy: Policy
    demand: Demand
    bundles: tuple[Bundle, ...]
    columns: Columns
    asked: BoolArray
    limits: Limits
    free: Answer | None = None

    def rows(self, station_ids: Sequence[str]) -> IntArray:
        """Station rows, in id order."""
        row = self.county.stations.index()
        return np.array([row[s] for s in sorted(station_ids)], dtype=np.int64)

    def inside(self, rows: IntArray) -> IntArray:
        """How many of the stations `rows` each column holds, shape (N,)."""
        count: IntArray = np.isin(self.columns.members, rows).sum(axis=1)
        return count

    def together(self, rows: IntArray) -> BoolArray:
        """Columns that a lock joining the stations would leave: all of them or none."""
        inside = self.inside(rows)
        if len(rows) == 1:
            alone: BoolArray = (inside == 1) & (self.columns.size == 1)
            return ~alone
        whole: BoolArray = (inside == 0) | (inside == len(rows))
        return whole

    def exactly(self, rows: IntArray) -> BoolArray:
        """Columns of this very set, one for each host."""
        same: BoolArray = (self.inside(rows) == len(rows)) & (self.columns.size == len(rows))
        return same

    def unlocked(self) -> BoolArray:
        """Columns that break no rule but locks."""
        free = frozenset(r for r in COLUMN_RULES if r.startswith(LOCKS))
        return self.columns.breaking_only(free)

    def locks(self) -> tuple[str, ...]:
        """Kinds of lock that the policy has, as rules."""
        named = self.policy.bundling.locks
        kinds = [r.removeprefix(f"{LOCKS}.") for r in COLUMN_RULES if r.startswith(LOCKS)]
        return tuple(f"{LOCKS}.{kind}" for kind in kinds if getattr(named, kind))

    def prices(self, bundles: Sequence[Bundle]) -> tuple[Price, ...]:
        """Price of each bundle by its parts, the response part against today's."""
        return tuple(price for price, _officers, _min in self._weighed(bundles))

    def best(self, allowed: BoolArray, policy: Policy | None = None) -> Answer:
        """The cheapest partition into some of the columns, under the plan's rows."""
        policy = self.policy if policy is None else policy
        columns = self.columns.at(allowed)
        cover = cover_of(self.county, policy, columns)
        if not cover.limits:
            # Hosts of one set differ in nothing but the price: the cheapest is enough.
            columns = undominated(columns, self.county, freed_counts=False)
            cover = cover_of(self.county, policy, columns)
        found = partition(cover, self.limits)
        if found.chosen is None:
            return Answer(status=found.status)
        return Answer(
            status=found.status,
            bundles=tuple(sorted(columns.bundle(self.county, int(i)) for i in found.chosen)),
            price_units=found.price,
            bound_units=found.bound,
        )

    def change(
        self,
        condition: BoolArray,
        *,
        locks: bool = True,
        against: Sequence[Bundle] | None = None,
    ) -> Change:
        """The best plan of the columns that meet `condition`, against the plan.

        Args:
            condition: Shape (N,); the rules on single bundles hold besides.
            locks: Whether the locks hold too.
            against: Bundles to set it against; None = the plan's.
        """
        base = self.bundles if against is None else tuple(against)
        allowed = (self.asked if locks else self.unlocked()) & condition
        answer = self.best(allowed)
        if not answer.bundles:
            stands = answer.status is Status.INFEASIBLE
            return Change(
                status=answer.status, clashing=self._clashing(condition, locks) if stands else ()
            )
        gone = tuple(sorted(set(base) - set(answer.bundles)))
        new = tuple(sorted(set(answer.bundles) - set(base)))
        before, after = self._weighed(gone), self._weighed(new)
        price = sum((p for p, _o, _m in after), Price()) - sum((p for p, _o, _m in before), Price())
        least = None
        if answer.price_units is not None and answer.bound_units is not None:
            room = (answer.price_units - answer.bound_units) / UNITS_PER_OFFICER
            least = price.total - room
        return Change(
            status=answer.status,
            price=price,
            least_officers=least,
            officers_required=sum(o for _p, o, _m in after) - sum(o for _p, o, _m in before),
            alert_min_per_year=sum(m for _p, _o, m in after) - sum(m for _p, _o, m in before),
            gone=gone,
            new=new,
        )

    def _clashing(self, condition: BoolArray, locks: bool) -> tuple[str, ...]:
        """Rules on the whole plan (and the locks as one) without which there would be a plan."""
        found = []
        allowed = (self.asked if locks else self.unlocked()) & condition
        for rule in PLAN_RULES:
            freer = _freed_of(self.policy, rule.split("."))
            if freer is not None and self.best(allowed, freer).bundles:
                found.append(rule)
        if locks and self.locks() and self.best(self.unlocked() & condition).bundles:
            found.append(LOCKS)
        return tuple(found)

    def _weighed(self, bundles: Sequence[Bundle]) -> list[tuple[Price, float, float]]:
        """Price, officers required and extra alert-minutes of each bundle."""
        if not bundles:
            return []
        w, row = self.policy.weights, self.county.stations.index()
        members = [[row[s] for s in b.station_ids] for b in bundles]
        lone = sorted({s for rows in members for s in rows})
        known = assess(
            self.county, self.policy, self.demand,
            [row[b.centre_id] for b in bundles] + lone, [*members, *([s] for s in lone)],
            with_waits=False,
        )  # fmt: skip
        today = dict(zip(lone, known.alert_min_per_year[len(bundles) :].tolist(), strict=True))
        found = []
        changes = self.policy.bundling.changes
        for i, (bundle, rows) in enumerate(zip(bundles, members, strict=True)):
            officers = float(known.officers[i])
            extra = float(known.alert_min_per_year[i]) - sum(today[s] for s in rows)
            extra = 0.0 if len(rows) == 1 else extra
            price = Price(
                officers=w.officers * officers,
                response=w.response_per_1000_alert_min / 1000.0 * extra,
                overload=w.overload_per_officer * max(0.0, officers - w.span_officers),
                fixed=w.fixed_per_office * (len(rows) - 1),
                changes=changes.price_per_station
                * sum(
                    changes.from_centres.get(s, s) != bundle.centre_id for s in bundle.station_ids
                ),
            )
            found.append((price, officers, extra))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A second answer: bundles (none without a plan), price and bound in whole units of 1e-6."""

    status: Status
    bundles: tuple[Bundle, ...] = ()
    price_units: int | None = None
    bound_units: int | None = None


def _freed_of(part: _Model, keys: Sequence[str]) -> _Model | None:
    """The policy (or a part of it) without the limit of a dotted key; None where there is none."""
    value = getattr(part, keys[0], None)
    if value is None:
        return None
    if len(keys) == 1:
        return part.model_copy(update={keys[0]: None})
    inner = _freed_of(value, keys[1:])
    return None if inner is None else part.model_copy(update={keys[0]: inner})


def board_of(
    county: County, policy: Policy, bundles: Sequence[Bundle], demand: Demand | None = None
) -> Board:
    """Price every column and set the plan's bundles among them.

    Args:
        county: The county, in the world of the run.
        policy: Its policy.
        bundles: The plan's, every station in exactly one.
        demand: `demand_of(county, policy)` if the caller has it.

    Returns:
        The board.
    """
    demand = demand_of(county, policy) if demand is None else demand
    near = Reach(policy.bundling.max_bundle_size, _LOOKED_BEYOND)
    columns = every_column(county, policy, demand, near)
    board = Board(
        county=county,
        policy=policy,
        demand=demand,
        bundles=tuple(sorted(bundles)),
        columns=columns,
        asked=columns.breaking_only(frozenset()),
        limits=Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed),
    )
    return replace(board, free=board.best(board.unlocked())) if board.locks() else board
