"""The question of bundling asked again with rules dropped or changed, on columns priced once.

A rule about one bundle is a bit that a column breaks or not; dropping it frees the columns that
break nothing else, and another limit only sets the bit anew. A rule about the whole plan is a
count.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.columns import (
    ADJACENCY,
    APART,
    CAN_BUNDLE,
    COLUMN_RULES,
    FARTHEST,
    FREED_UNITS_PER_OFFICER,
    HOST,
    KEEP,
    LARGEST_BUNDLE,
    LIMIT_SLACK,
    MAX_BUNDLE_SIZE,
    OFFICE_TRAVEL,
    RESIDENTS,
    RURAL_ONLY,
    SHARE_WITHIN,
    TOGETHER,
    TOWNSHIP_LOSS,
    TOWNSHIP_RESPONSE,
    WINDOW_KM,
    Columns,
    Reach,
    count_sets,
    every_column,
    locks_broken,
)
from optimizer.county import County
from optimizer.equity_columns import RESIDENT_UNITS, resident_units_allowed
from optimizer.existence import Counts, Existence, Row
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.solver import Limits
from optimizer.steering_rules import BARRIERS, FIX, MAX_CHANGES
from optimizer.workload import Demand

CENTRES = "bundling.centres"
STATIONS_BUNDLED = "bundling.stations_bundled"
FREED = "bundling.min_officers_freed"
PLAN_RULES = (CENTRES, STATIONS_BUNDLED, FREED, RESIDENTS, MAX_CHANGES)
LOCKS = (TOGETHER, APART, KEEP, HOST, FIX)
LIMITS = (OFFICE_TRAVEL, FARTHEST, SHARE_WITHIN, TOWNSHIP_LOSS, TOWNSHIP_RESPONSE, WINDOW_KM)
MOST_SETS = 30_000
"""Sets examined at the most when a rule is dropped; beyond that the rule counts as needed."""

_ELIGIBILITY = (RURAL_ONLY, CAN_BUNDLE, KEEP, BARRIERS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Is there a plan under `policy` without the rules `dropped`?

    Attributes:
        county: The county.
        policy: The policy; its locks and limits are those of `bits`.
        columns: All columns that any question looks at.
        bits: Rules that each column breaks, bit i for rule i of `COLUMN_RULES`, shape (N,).
        near, far: Which sets were priced: connected ones; and any (None = connected only).
        search: Finds plans, and remembers them.
        dropped: Rules left out.
    """

    county: County
    policy: Policy
    columns: Columns
    bits: IntArray
    near: Reach
    far: Reach | None
    search: Existence
    dropped: frozenset[str] = frozenset()

    def without(self, *rules: str) -> Question:
        """The question with `rules` left out as well."""
        return replace(self, dropped=self.dropped | set(rules))

    def largest(self) -> int:
        """Stations of the largest sets looked at; 0 where too many would have to be."""
        reach = self.far if ADJACENCY in self.dropped else self.near
        opened = self.dropped & set(_ELIGIBILITY)
        asked = self.policy.bundling.max_bundle_size
        if reach is None or not opened <= reach.without:
            return 0
        if MAX_BUNDLE_SIZE not in self.dropped:
            return asked if reach.largest >= asked else 0
        return reach.largest if reach.largest > asked else 0

    def allowed(self) -> BoolArray:
        """Columns that break no rule but dropped ones, shape (N,)."""
        kept = sum(1 << i for i, rule in enumerate(COLUMN_RULES) if rule not in self.dropped)
        inside: BoolArray = (self.bits & kept) == 0
        return inside

    def counts(self) -> Counts:
        """What the whole plan must add up to."""
        rules, freed = self.policy.bundling, None
        if FREED not in self.dropped and rules.min_officers_freed is not None:
            freed = round(rules.min_officers_freed * FREED_UNITS_PER_OFFICER)
        at_most = []
        residents = resident_units_allowed(self.county, self.policy)
        if RESIDENTS not in self.dropped and residents is not None:
            # As `residents_limit`: the rounding of each station's residents.
            at_most.append((RESIDENTS, residents + len(self.county.stations)))
        if MAX_CHANGES not in self.dropped and rules.changes.max_stations is not None:
            at_most.append((MAX_CHANGES, rules.changes.max_stations))
        return Counts(
            centres=None if CENTRES in self.dropped else rules.centres,
            bundled=None if STATIONS_BUNDLED in self.dropped else rules.stations_bundled,
            freed_units=freed,
            at_most=tuple(sorted(at_most)),
        )

    def has_plan(self) -> bool | None:
        """Whether there is a plan; None where not known."""
        if not self.largest():
            return None
        return self.has_plan_of(self.allowed())

    def has_plan_of(self, allowed: BoolArray) -> bool | None:
        """Whether there is a plan of these columns; None where the time ran out."""
        status, _ = self.search.plan(allowed, self.counts())
        return None if status is Status.UNKNOWN else status is not Status.INFEASIBLE

    def breaks(self, rule: str) -> BoolArray:
        """Columns that break `rule`, shape (N,)."""
        broken: BoolArray = (self.bits >> COLUMN_RULES.index(rule)) & 1 == 1
        return broken

    def breaking(self, rule: str, broken: BoolArray) -> Question:
        """The question with `rule` broken by other columns."""
        bit = 1 << COLUMN_RULES.index(rule)
        return replace(self, bits=np.where(broken, self.bits | bit, self.bits & ~bit))

    def with_value(self, key: str, value: Any) -> Question:
        """The question with another value of the policy's dotted `key`."""
        *above, name = key.split(".")
        parts = [self.policy]
        for step in above:
            parts.append(getattr(parts[-1], step))
        made = parts.pop().model_copy(update={name: value})
        for step, part in zip(reversed(above), reversed(parts), strict=True):
            made = part.model_copy(update={step: made})
        return replace(self, policy=made)

    def with_limit(self, rule: str, limit: float) -> Question:
        """The question with another value of a limit or of the size."""
        amount = self.amount(rule)
        beyond = limit - amount if rule == SHARE_WITHIN else amount - limit
        broken = (beyond > LIMIT_SLACK) & (self.columns.size > 1)
        return self.with_value(rule, limit).breaking(rule, broken)

    def with_locks(self, rule: str, entries: tuple[Any, ...]) -> Question:
        """The question with other locks of one kind."""
        changed = self.with_value(rule, dict(entries) if rule == FIX else entries)
        broken = locks_broken(self.columns, self.county, changed.policy)
        for lock in LOCKS:
            changed = changed.breaking(lock, broken[:, COLUMN_RULES.index(lock)])
        return changed

    def amount(self, rule: str) -> FloatArray:
        """What `rule` measures of each column, shape (N,)."""
        amount: FloatArray = self.columns.amount[:, COLUMN_RULES.index(rule)]
        return amount


def ask(
    county: County, policy: Policy, demand: Demand, limits: Limits, rules: tuple[str, ...]
) -> Question:
    """The question as `policy` asks it, ready to be asked without some of `rules`.

    Args:
        county: The county.
        policy: The policy.
        demand: `demand_of(county, policy)`.
        limits: Seed.
        rules: Rules in force.
    """
    asked = count_sets(
        county, policy, without=frozenset(), largest=policy.bundling.max_bundle_size,
        most=sys.maxsize,
    )  # fmt: skip
    most = max(MOST_SETS, asked)
    near = _reach(county, policy, rules, frozenset(), most)
    assert near is not None
    far = _reach(county, policy, rules, frozenset({ADJACENCY}), most)
    columns = every_column(county, policy, demand, near, far)
    columns = columns.at(np.lexsort((-columns.freed_units, columns.set_of)))
    weights = 1 << np.arange(len(COLUMN_RULES))
    totals = {}
    if RESIDENTS in rules:
        totals[RESIDENTS] = Row(amount=columns.resident_units, per_unit=RESIDENT_UNITS)
    if MAX_CHANGES in rules:
        totals[MAX_CHANGES] = Row(amount=columns.changed)
    return Question(
        county=county,
        policy=policy,
        columns=columns,
        bits=columns.broken @ weights,
        near=near,
        far=far,
        search=Existence(columns, len(county.stations), limits, float("inf"), totals),
    )


def _reach(
    county: County, policy: Policy, rules: tuple[str, ...], more: frozenset[str], most: int
) -> Reach | None:
    """As large sets of as many stations as `most` allows, at least those that the policy allows."""
    smallest = policy.bundling.max_bundle_size
    for opened in dict.fromkeys((frozenset(rules) & set(_ELIGIBILITY), frozenset())):
        for largest in range(LARGEST_BUNDLE, smallest - 1, -1):
            sets = count_sets(county, policy, without=opened | more, largest=largest, most=most)
            if sets <= most:
                return Reach(largest, opened)
    return None
