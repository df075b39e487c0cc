"""Why no bundling is possible: a minimal set of clashing rules, and the smallest way out of each.

Clash: deletion filter (Chinneck & Dravnieks, *Locating minimal infeasible constraint sets in linear
programs*, ORSA Journal on Computing 3 (1991) 157-168) over the named rules: rules are dropped one
after another, and stay dropped while there is still no plan; what cannot be dropped is the clash.

Way out: for each clashing rule the smallest change of it alone, all other rules kept, under which a
plan exists. Numbers are rounded outward, so that the value printed works.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.columns import (
    ADJACENCY,
    APART,
    CAN_BUNDLE,
    CAN_HOST,
    COLUMN_RULES,
    FARTHEST,
    FREED_UNITS_PER_OFFICER,
    HOST,
    KEEP,
    LARGEST_BUNDLE,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    OFFICE_TRAVEL,
    RURAL_ONLY,
    SHARE_WITHIN,
    TOGETHER,
    Columns,
    count_sets,
    priced_columns,
)
from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.partition import LIMIT_TOLERANCE
from optimizer.policy import Policy
from optimizer.result import Relaxation, Status
from optimizer.solver import Limits, Model, relax, solve
from optimizer.workload import Demand

CENTRES = "bundling.centres"
STATIONS_BUNDLED = "bundling.stations_bundled"
FREED = "bundling.min_officers_freed"
PLAN_RULES = (CENTRES, STATIONS_BUNDLED, FREED)
MOST_SETS = 30_000
"""Sets examined at the most when a rule is dropped; beyond that the rule counts as needed."""

Row = tuple[IntArray | FloatArray, float, float]
"""Coefficients over the columns, lower and upper limit."""

_FILTER_SHARE = 0.6
_LOCKS = (TOGETHER, APART, KEEP, HOST)
_LIMIT_DECIMALS = {OFFICE_TRAVEL: 1, FARTHEST: 1, SHARE_WITHIN: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known about an infeasible policy; empty tuples where the time ran out first."""

    clashing_rules: tuple[str, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    method: str = ""


def diagnose(county: County, policy: Policy, demand: Demand, limits: Limits) -> Diagnosis:
    """Explain why no partition keeps every rule.

    Args:
        county: The county.
        policy: A policy under which bundling was proven infeasible.
        demand: `demand_of(county, policy)`.
        limits: Time for the whole diagnosis, and the seed.

    Returns:
        The clash and the relaxations; `method` says what was not examined, and why.
    """
    start = time.monotonic()
    asked = _Asked(county, policy, demand, limits, start + limits.time_limit_s * _FILTER_SHARE)
    dropped: set[str] = set()
    held: list[str] = []
    rules = [r for r in (*COLUMN_RULES, *PLAN_RULES) if _in_force(county, policy, r)]
    for rule in rules:
        answer = asked.without(frozenset(dropped | {rule}))
        if answer is None:
            held.append(rule)
        elif not answer:
            dropped.add(rule)
    clash = tuple(r for r in rules if r not in dropped)
    asked.deadline = start + limits.time_limit_s
    found = tuple(r for rule in clash for r in _relaxations(asked, rule))
    notes = []
    if held:
        notes.append(f"not examined for want of time or too many sets: {', '.join(held)}")
    if MAX_BUNDLE_SIZE in dropped and asked.largest < LARGEST_BUNDLE:
        notes.append(f"larger bundles examined up to {asked.largest} stations")
    if asked.out_of_time:
        notes.append("time ran out: other relaxations may exist")
    return Diagnosis(clashing_rules=clash, relaxations=found, method="; ".join(notes))


def _in_force(county: County, policy: Policy, rule: str) -> bool:
    rules, stations = policy.bundling, county.stations
    if rule in _LOCKS:
        return bool(getattr(rules.locks, rule.rsplit(".", 1)[1]))
    asked = {
        RURAL_ONLY: rules.rural_only and bool(stations.is_urban.any()),
        CAN_BUNDLE: not stations.can_bundle.all(),
        CAN_HOST: not stations.can_host.all(),
        MAX_OFFICERS: bool(np.isfinite(stations.max_officers).any()),
        MAX_BUNDLE_SIZE: rules.max_bundle_size < LARGEST_BUNDLE,
        CENTRES: rules.centres is not None,
        STATIONS_BUNDLED: rules.stations_bundled is not None,
        FREED: rules.min_officers_freed is not None,
    }
    return bool(asked.get(rule, True))


@dataclass(slots=True)
class _Asked:
    """The county's question, asked again with some rules changed; lives for one diagnosis."""

    county: County
    policy: Policy
    demand: Demand
    limits: Limits
    deadline: float
    out_of_time: bool = False
    asked_sets: int | None = None
    largest: int = LARGEST_BUNDLE

    def columns(
        self, without: frozenset[str] = frozenset(), policy: Policy | None = None
    ) -> Columns | None:
        """Columns when the rules `without` are dropped; None where there are too many to look at.

        Of the size rule as much is dropped as the number of sets allows, at least by one station.
        """
        policy = self.policy if policy is None else policy
        on_columns = without & frozenset(COLUMN_RULES)
        smallest = largest = policy.bundling.max_bundle_size
        if MAX_BUNDLE_SIZE in on_columns:
            smallest, largest = smallest + 1, LARGEST_BUNDLE
        while self._sets(policy, on_columns, largest) > self._most_sets():
            if largest == smallest:
                return None
            largest -= 1
        if MAX_BUNDLE_SIZE in on_columns:
            self.largest = min(self.largest, largest)
        return priced_columns(self.county, policy, self.demand, without=on_columns, largest=largest)

    def _sets(self, policy: Policy, without: frozenset[str], largest: int) -> int:
        most = sys.maxsize if not without else self._most_sets()
        return count_sets(self.county, policy, without=without, largest=largest, most=most)

    def _most_sets(self) -> int:
        """What the policy itself asks for is always looked at."""
        if self.asked_sets is None:
            size = self.policy.bundling.max_bundle_size
            self.asked_sets = self._sets(self.policy, frozenset(), size)
        return max(MOST_SETS, self.asked_sets)

    def without(self, rules: frozenset[str]) -> bool | None:
        """Whether a plan exists when `rules` are dropped; None where not known."""
        if time.monotonic() > self.deadline:
            return None
        columns = self.columns(rules)
        if columns is None:
            return None
        return self.exists(columns, {r for r in PLAN_RULES if r not in rules})

    def exists(
        self, columns: Columns, rows: set[str] | None = None, policy: Policy | None = None
    ) -> bool | None:
        """Whether some of `columns` make a plan under `rows`; None where the time ran out."""
        # Of the hosts of one set the one that frees most will do.
        order = np.lexsort((-columns.freed_units, columns.set_of))
        sets = columns.set_of[order]
        first = np.r_[True, sets[1:] != sets[:-1]]
        columns = columns.at(np.sort(order[first]))
        status, _ = self.best(columns, np.zeros(len(columns)), rows, policy=policy)
        return None if status is Status.UNKNOWN else status is not Status.INFEASIBLE

    def best(
        self,
        columns: Columns,
        objective: FloatArray | IntArray,
        rows: set[str] | None = None,
        *,
        policy: Policy | None = None,
        more: tuple[Row, ...] = (),
    ) -> tuple[Status, IntArray]:
        """Columns of the plan with the least objective, under `rows` (all plan rules by default).

        `more` adds rows (coefficients, lower, upper).
        """
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            self.out_of_time = True
            return Status.UNKNOWN, np.zeros(0, np.int64)
        rules = (self.policy if policy is None else policy).bundling
        rows = set(PLAN_RULES) if rows is None else rows
        joint = (columns.size > 1).astype(np.int64)
        extra: list[Row] = list(more)
        if CENTRES in rows and rules.centres is not None:
            extra.append((joint, rules.centres, rules.centres))
        if STATIONS_BUNDLED in rows and rules.stations_bundled is not None:
            wanted = rules.stations_bundled
            extra.append((joint * columns.size, wanted, wanted))
        if FREED in rows and rules.min_officers_freed is not None:
            tolerance = LIMIT_TOLERANCE / FREED_UNITS_PER_OFFICER
            freed = columns.freed_units / FREED_UNITS_PER_OFFICER
            extra.append((freed, rules.min_officers_freed - tolerance, np.inf))
        model = _model(columns, len(self.county.stations), objective, extra)
        limits = replace(self.limits, time_limit_s=left_s)
        if relax(model, limits).status is Status.INFEASIBLE:
            return Status.INFEASIBLE, np.zeros(0, np.int64)
        found = solve(model, limits)
        self.out_of_time |= found.status is Status.UNKNOWN
        if found.values is None:
            return found.status, np.zeros(0, np.int64)
        return found.status, np.flatnonzero(found.values > 0.5)


def _model(
    columns: Columns,
    stations: int,
    objective: FloatArray | IntArray,
    extra: list[Row],
) -> Model:
    n = len(columns)
    column, place = np.nonzero(columns.members >= 0)
    row = [columns.members[column, place]]
    at, value = [column], [np.ones(len(column))]
    for i, (coefficients, _, _) in enumerate(extra):
        held = np.flatnonzero(coefficients)
        row.append(np.full(len(held), stations + i))
        at.append(held)
        value.append(coefficients[held].astype(float))
    return Model(
        objective=np.asarray(objective, dtype=float),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        row=np.concatenate(row),
        column=np.concatenate(at),
        value=np.concatenate(value),
        row_lower=np.r_[np.ones(stations), [e[1] for e in extra]].astype(float),
        row_upper=np.r_[np.ones(stations), [e[2] for e in extra]].astype(float),
    )


def _relaxations(asked: _Asked, rule: str) -> Iterator[Relaxation]:
    """The smallest changes of `rule` alone that make a plan possible."""
    if rule in PLAN_RULES:
        yield from _of_plan_rule(asked, rule)
    elif rule in _LOCKS:
        yield from _of_locks(asked, rule)
    elif rule == MAX_BUNDLE_SIZE:
        yield from _of_size(asked)
    else:
        columns = asked.columns(frozenset({rule}))
        if columns is not None and rule in _LIMIT_DECIMALS:
            yield from _of_limit(asked, rule, columns)
        elif columns is not None:
            yield from _of_stations(asked, rule, columns)


def _of_plan_rule(asked: _Asked, rule: str) -> Iterator[Relaxation]:
    columns = asked.columns()
    assert columns is not None
    rules = asked.policy.bundling
    others = set(PLAN_RULES) - {rule}
    if rule == FREED:
        assert rules.min_officers_freed is not None
        # In whole units of 1e-6 officer, so that the maximum is exact.
        status, chosen = asked.best(columns, -(columns.freed_units // 1000), others)
        if status in (Status.OPTIMAL, Status.FEASIBLE):
            most = int(columns.freed_units[chosen].sum()) + LIMIT_TOLERANCE
            least = math.floor(most / FREED_UNITS_PER_OFFICER * 10.0) / 10.0
            needed = f"{least:g}" if least >= 0 else "dropped"
            yield Relaxation(rule=rule, present=f"{rules.min_officers_freed:g}", needed=needed)
        return
    wanted = rules.centres if rule == CENTRES else rules.stations_bundled
    assert wanted is not None
    joint = (columns.size > 1).astype(np.int64) * (1 if rule == CENTRES else columns.size)
    counts = []
    for sign, lower, upper in ((1, wanted, np.inf), (-1, -np.inf, wanted)):
        more = ((joint, float(lower), float(upper)),)
        status, chosen = asked.best(columns, sign * joint, others, more=more)
        if status in (Status.OPTIMAL, Status.FEASIBLE):
            counts.append(int(joint[chosen].sum()))
    if counts:
        nearest = min(counts, key=lambda count: (abs(count - wanted), count))
        yield Relaxation(rule=rule, present=str(wanted), needed=str(nearest))


def _of_locks(asked: _Asked, rule: str) -> Iterator[Relaxation]:
    """Each lock whose removal alone is enough; else all of the rule, if that is."""
    name = rule.rsplit(".", 1)[1]
    entries = tuple(getattr(asked.policy.bundling.locks, name))
    several = False
    for i, entry in enumerate(entries):
        policy = _with_locks(asked.policy, name, entries[:i] + entries[i + 1 :])
        columns = asked.columns(policy=policy)
        if columns is not None and asked.exists(columns, policy=policy):
            several = True
            shown = entry if isinstance(entry, str) else "+".join(entry)
            yield Relaxation(rule=rule, present=shown, needed="dropped")
    if not several and len(entries) > 1 and asked.without(frozenset({rule})):
        yield Relaxation(
            rule=rule, present="{n} locks", needed="dropped", params={"n": len(entries)}
        )


def _with_locks(policy: Policy, name: str, entries: tuple[object, ...]) -> Policy:
    locks = policy.bundling.locks.model_copy(update={name: entries})
    bundling = policy.bundling.model_copy(update={"locks": locks})
    return policy.model_copy(update={"bundling": bundling})


def _of_size(asked: _Asked) -> Iterator[Relaxation]:
    columns = asked.columns(frozenset({MAX_BUNDLE_SIZE}))
    if columns is None:
        return
    present = asked.policy.bundling.max_bundle_size
    for size in range(present + 1, int(columns.size.max()) + 1):
        if asked.exists(columns.at(columns.size <= size)):
            yield Relaxation(rule=MAX_BUNDLE_SIZE, present=str(present), needed=str(size))
            return


def _of_limit(asked: _Asked, rule: str, columns: Columns) -> Iterator[Relaxation]:
    """Bisection over the values that the columns really have."""
    at = COLUMN_RULES.index(rule)
    # Beyond the limit by how much, in the sense that more is worse.
    sign = -1.0 if rule == SHARE_WITHIN else 1.0
    worse = np.where(columns.broken[:, at], sign * columns.amount[:, at], -np.inf)

    def needed(most: float) -> float | None:
        """The worst value of a plan that goes no further than `most`; None without a plan."""
        inside: BoolArray = worse <= most
        status, chosen = asked.best(columns.at(inside), np.zeros(int(inside.sum())))
        if status not in (Status.OPTIMAL, Status.FEASIBLE):
            return None
        return float(worse[inside][chosen].max())

    reached = needed(np.inf)
    if reached is None:
        return
    values = np.unique(worse[np.isfinite(worse)])
    low, high = 0, int(np.searchsorted(values, reached))
    while low < high and not asked.out_of_time:
        middle = (low + high) // 2
        found = needed(float(values[middle]))
        if found is None:
            low = middle + 1
        else:
            high = int(np.searchsorted(values, found))
    present = {
        OFFICE_TRAVEL: asked.policy.bundling.max_office_travel_min,
        FARTHEST: asked.policy.response.farthest_min,
        SHARE_WITHIN: asked.policy.response.share_within_fraction,
    }[rule]
    scale = 10.0 ** _LIMIT_DECIMALS[rule]
    outward = sign * math.ceil(float(values[high]) * scale - 1e-9) / scale
    yield Relaxation(rule=rule, present=f"{present:g}", needed=f"{outward:g}")


def _of_stations(asked: _Asked, rule: str, columns: Columns) -> Iterator[Relaxation]:
    """The plan that offends least, said station by station."""
    at = COLUMN_RULES.index(rule)
    offence = np.where(columns.broken[:, at], columns.amount[:, at], 0.0)
    status, chosen = asked.best(columns, offence)
    if status not in (Status.OPTIMAL, Status.FEASIBLE):
        return
    stations = asked.county.stations
    offending = [int(i) for i in chosen if columns.broken[i, at]]
    sets = [columns.members[i, : columns.size[i]].tolist() for i in offending]
    hosts = [int(columns.host[i]) for i in offending]
    ids = stations.station_id
    if rule == RURAL_ONLY:
        present, needed = "true", "false"
    elif rule == ADJACENCY:
        groups = sorted("+".join(sorted(ids[s] for s in members)) for members in sets)
        yield Relaxation(
            rule=rule,
            present="neighbours only",
            needed="dropped for {stations}",
            params={"stations": ", ".join(groups)},
        )
        return
    elif rule == MAX_OFFICERS:
        room = {h: float(stations.max_officers[h]) for h in hosts}
        asked_for = {h: room[h] + offence[i] for h, i in zip(hosts, offending, strict=True)}
        order = sorted(hosts, key=lambda h: ids[h])
        present = ", ".join(f"{ids[h]}: {room[h]:g}" for h in order)
        needed = ", ".join(f"{ids[h]}: {math.ceil(asked_for[h] - 1e-9)}" for h in order)
    else:
        barred = {s for members in sets for s in members if not stations.can_bundle[s]}
        order = sorted(hosts if rule == CAN_HOST else barred, key=lambda s: ids[s])
        present = ", ".join(f"{ids[s]}: no" for s in order)
        needed = ", ".join(f"{ids[s]}: yes" for s in order)
    yield Relaxation(rule=rule, present=present, needed=needed)
