"""The smallest changes of rules under which a question that has no plan gets one.

A single change leaves all other rules as they are. Of two rules changed at once the size is the sum
of both changes: of a number by how much of its present value it changes, of anything else how many
stations, groups or locks it names (1 for a rule left out). One of the two is changed as little as
possible with the other left out, then the other as little as possible; both orders are tried.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.columns import (
    ADJACENCY,
    CAN_HOST,
    FREED_TOLERANCE,
    FREED_UNITS_PER_OFFICER,
    LIMIT_SLACK,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    OFFICE_TRAVEL,
    RESIDENTS,
    RURAL_ONLY,
    SHARE_WITHIN,
    freed_limit,
)
from optimizer.cover import Cover, Limit
from optimizer.equity_columns import RESIDENT_UNITS
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.partition import partition
from optimizer.question import CENTRES, FREED, LIMITS, LOCKS, PLAN_RULES, Question
from optimizer.result import Relaxation, Status
from optimizer.steering_rules import BARRIERS, FIX, MAX_CHANGES, hold_together, parted_pairs

MOST_PAIRS = 3
"""Pairs of changes told, the smallest first."""

_DECIMALS = {OFFICE_TRAVEL: 1, SHARE_WITHIN: 3}
_OFFENCE_UNITS = 1_000_000
_COUNT_BY_COUNT = 0.3
"""Share of the time in which counts are tried one by one, nearest first."""


@dataclass(frozen=True, slots=True)
class Way:
    """One change.

    Attributes:
        relaxation: The change as told.
        after: The question when it is made.
        size: How large it is.
    """

    relaxation: Relaxation
    after: Question
    size: float


def single_changes(question: Question, rule: str) -> Iterator[Way]:
    """The smallest changes of `rule` alone that make a plan possible; none where none does."""
    if not question.without(rule).has_plan():
        return
    if rule == FREED:
        yield from _of_freed(question)
    elif rule == RESIDENTS:
        yield from _of_residents(question)
    elif rule == MAX_CHANGES:
        yield from _of_changes(question)
    elif rule in PLAN_RULES:
        yield from _of_count(question, rule)
    elif rule in LOCKS:
        yield from _of_locks(question, rule)
    elif rule == MAX_BUNDLE_SIZE:
        yield from _of_size(question)
    elif rule in LIMITS:
        yield _of_limit(question, rule)
    else:
        yield from _of_stations(question, rule)


def pairs(
    question: Question, clash: tuple[str, ...], rules: tuple[str, ...]
) -> tuple[tuple[Relaxation, Relaxation], ...]:
    """The smallest changes of two rules that together make a plan possible.

    Args:
        question: A question that no change of one rule answers.
        clash: Its clashing rules; one of the two is among them, or the clash would stand.
        rules: All rules in force.

    Returns:
        At most `MOST_PAIRS`, the smallest first, each pair of rules once.
    """
    found: list[tuple[float, tuple[Relaxation, Relaxation]]] = []
    for i, one in enumerate(clash):
        for other in (r for r in rules if r not in clash[: i + 1]):
            ways = [
                both
                for first, second in ((one, other), (other, one))
                if (both := _both(question, first, second)) is not None
            ]
            if ways:
                found.append(min(ways, key=lambda way: way[0]))
    found.sort(key=lambda way: way[0])
    return tuple(two for _, two in found[:MOST_PAIRS])


def _both(
    question: Question, first: str, second: str
) -> tuple[float, tuple[Relaxation, Relaxation]] | None:
    """`first` changed as little as possible with `second` left out, then `second`."""
    if not question.without(first, second).has_plan():
        return None
    if question.without(first).has_plan() is not False:
        return None  # the time ran out before its single change was found
    if question.without(second).has_plan() is not False:
        return None
    for way in single_changes(question.without(second), first):
        kept = replace(way.after, dropped=way.after.dropped - {second})
        then = min(single_changes(kept, second), key=lambda w: w.size, default=None)
        if then is not None:
            return way.size + then.size, (way.relaxation, then.relaxation)
    return None


def _relative(present: float, needed: float) -> float:
    return abs(needed - present) / max(abs(present), 1e-9)


def _of_freed(question: Question) -> Iterator[Way]:
    without = question.without(FREED)
    present = question.policy.bundling.min_officers_freed
    assert present is not None
    allowed = np.flatnonzero(without.allowed())
    # In whole units of 1e-6 officer, so that the maximum is exact.
    chosen = _cheapest(without, allowed, -(question.columns.freed_units[allowed] // 1000))
    if chosen is None:
        return
    most = int(question.columns.freed_units[chosen].sum()) + FREED_TOLERANCE
    least = math.floor(most / FREED_UNITS_PER_OFFICER * 10.0) / 10.0
    after = question.with_value(FREED, least) if least >= 0 else without
    needed = f"{least:g}" if least >= 0 else "dropped"
    size = _relative(present, least) if least >= 0 else 1.0
    yield Way(Relaxation(rule=FREED, present=f"{present:g}", needed=needed), after, size)


def _of_residents(question: Question) -> Iterator[Way]:
    """The plan under which fewest residents lose the standard."""
    without, units = question.without(RESIDENTS), question.columns.resident_units
    allowed = np.flatnonzero(without.allowed())
    chosen = _cheapest(without, allowed, units[allowed])
    if chosen is None:
        return
    present = question.policy.equity.max_residents_losing_standard_fraction
    assert present is not None
    residents = float(question.county.cells.population.sum()) * RESIDENT_UNITS
    least = math.ceil(int(units[chosen].sum()) / residents * 1000.0 - 1e-9) / 1000.0
    said = Relaxation(rule=RESIDENTS, present=f"{present:g}", needed=f"{least:g}")
    yield Way(said, question.with_value(RESIDENTS, least), _relative(present, least))


def _of_changes(question: Question) -> Iterator[Way]:
    """The plan under which fewest stations get another centre."""
    without, changed = question.without(MAX_CHANGES), question.columns.changed
    allowed = np.flatnonzero(without.allowed())
    chosen = _cheapest(without, allowed, changed[allowed])
    if chosen is None:
        return
    present = question.policy.bundling.changes.max_stations
    assert present is not None
    least = int(changed[chosen].sum())
    said = Relaxation(rule=MAX_CHANGES, present=str(present), needed=str(least))
    yield Way(said, question.with_value(MAX_CHANGES, least), _relative(present, least))


def _of_count(question: Question, rule: str) -> Iterator[Way]:
    """The nearest count, the smaller of two."""
    rules, stations = question.policy.bundling, len(question.county.stations)
    present = rules.centres if rule == CENTRES else rules.stations_bundled
    assert present is not None
    most = stations // 2 if rule == CENTRES else stations
    search = question.search
    until = search.deadline
    # One count can be hard to settle where the most that any plan reaches is not.
    search.deadline = time.monotonic() + (until - time.monotonic()) * _COUNT_BY_COUNT
    found: int | None = None
    for count in sorted(range(most + 1), key=lambda count: (abs(count - present), count)):
        answer = count != present and question.with_value(rule, count).has_plan()
        if answer is None:
            search.deadline = until
            found = _end_of_counts(question, rule, present)
            break
        if answer:
            found = count
            break
    search.deadline = until
    if found is None:
        return
    said = Relaxation(rule=rule, present=str(present), needed=str(found))
    yield Way(said, question.with_value(rule, found), _relative(present, found))


def _end_of_counts(question: Question, rule: str, present: int) -> int | None:
    """The most that plans reach where that is less than `present`, or the least where it is more.

    The end of a range that does not hold `present` is the nearest count there is.
    """
    without, columns = question.without(rule), question.columns
    counted = np.where(columns.size > 1, 1 if rule == CENTRES else columns.size, 0)
    allowed = _one_of_each_set(without, np.flatnonzero(without.allowed()))
    for sign in (-1, 1):
        chosen = _cheapest(without, allowed, sign * counted[allowed])
        if chosen is None:
            return None
        reached = int(counted[chosen].sum())
        if sign * (reached - present) > 0:
            return reached
    return None


def _one_of_each_set(
    question: Question, rows: IntArray, offence: FloatArray | None = None
) -> IntArray:
    """Of the hosts of one set the one that offends least, where no row tells them apart."""
    counts, sets = question.counts(), question.columns.set_of
    if counts.freed_units is not None or counts.at_most:
        return rows
    weight = np.zeros(len(rows)) if offence is None else offence[rows]
    order = rows[np.lexsort((weight, sets[rows]))]
    first: IntArray = np.sort(order[np.r_[True, sets[order[1:]] != sets[order[:-1]]][: len(order)]])
    return first


def _of_locks(question: Question, rule: str) -> Iterator[Way]:
    """Each lock whose removal alone is enough; else all of the rule, if that is."""
    held = getattr(question.policy.bundling.locks, rule.rsplit(".", 1)[1])
    entries: tuple[Any, ...] = tuple(held.items() if rule == FIX else held)
    several = False
    for i, entry in enumerate(entries):
        after = question.with_locks(rule, entries[:i] + entries[i + 1 :])
        if after.has_plan():
            several = True
            bundle = [entry[0], *(s for s in entry[1] if s != entry[0])] if rule == FIX else entry
            group = (bundle,) if isinstance(bundle, str) else tuple(bundle)
            said = Relaxation(
                rule=rule, present="{stations}", needed="dropped", params={"stations": (group,)}
            )
            yield Way(said, after, 1.0)
    if not several and len(entries) > 1:
        said = Relaxation(
            rule=rule, present="{n} locks", needed="dropped", params={"n": len(entries)}
        )
        yield Way(said, question.without(rule), float(len(entries)))


def _of_size(question: Question) -> Iterator[Way]:
    present = question.policy.bundling.max_bundle_size
    for size in range(present + 1, question.without(MAX_BUNDLE_SIZE).largest() + 1):
        after = question.with_limit(MAX_BUNDLE_SIZE, size)
        if after.has_plan():
            said = Relaxation(rule=MAX_BUNDLE_SIZE, present=str(present), needed=str(size))
            yield Way(said, after, _relative(present, size))
            return


def _of_limit(question: Question, rule: str) -> Way:
    """Bisection over the values that the columns really have."""
    without = question.without(rule)
    allowed, amount = without.allowed(), question.amount(rule)
    # Beyond the limit by how much, in the sense that more is worse.
    sign = -1.0 if rule == SHARE_WITHIN else 1.0
    worse = np.where(question.breaks(rule), sign * amount, -np.inf)
    values = np.unique(worse[allowed & np.isfinite(worse)])
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        answer = without.has_plan_of(allowed & (worse <= values[middle]))
        if answer is None:
            break
        low, high = (low, middle) if answer else (middle + 1, high)
    section, name = rule.split(".")
    present = float(getattr(getattr(question.policy, section), name))
    scale = 10.0 ** _DECIMALS.get(rule, 1)
    outward = sign * math.ceil(float(values[high]) * scale - 1e-9) / scale + 0.0  # no minus zero
    said = Relaxation(rule=rule, present=f"{present:g}", needed=f"{outward:g}")
    return Way(said, question.with_limit(rule, outward), _relative(present, outward))


def _of_stations(question: Question, rule: str) -> Iterator[Way]:
    """The plan that offends least, said station by station."""
    columns, breaks = question.columns, question.breaks(rule)
    offence: FloatArray = np.where(breaks, question.amount(rule), 0.0)
    without = question.without(rule)
    allowed = _one_of_each_set(without, np.flatnonzero(without.allowed()), offence)
    units = np.rint(offence[allowed] * _OFFENCE_UNITS).astype(np.int64)
    # Among plans that offend alike, the one whose offending bundles have fewest stations.
    ties = np.where(breaks, columns.size, 0)[allowed]
    chosen = _cheapest(without, allowed, units, ties)
    if chosen is None:
        return
    offending = [int(i) for i in chosen if breaks[i]]
    said, mended, size = _told(question, rule, offending)
    after = question.breaking(rule, breaks & ~mended)
    yield Way(said, after, size)


def _told(
    question: Question, rule: str, offending: list[int]
) -> tuple[Relaxation, BoolArray, float]:
    """The change that lets the columns `offending` through, what else it lets through, its size."""
    columns, stations = question.columns, question.county.stations
    sets = [columns.members[i, : columns.size[i]].tolist() for i in offending]
    hosts = [int(columns.host[i]) for i in offending]
    ids = stations.station_id
    if rule == RURAL_ONLY:
        every = np.ones(len(columns), dtype=bool)
        return Relaxation(rule=rule, present="true", needed="false"), every, 1.0
    if rule == ADJACENCY:
        groups = tuple(sorted(tuple(sorted(ids[s] for s in members)) for members in sets))
        said = Relaxation(
            rule=rule,
            present="neighbours only",
            needed="dropped for {stations}",
            params={"stations": groups},
        )
        return said, np.isin(columns.set_of, columns.set_of[offending]), float(len(groups))
    if rule == BARRIERS:
        parted = parted_pairs(question.county, question.policy)
        needed = _crossed(question, sets, parted)
        joined = tuple(sorted(tuple(sorted(ids[s] for s in pair)) for pair in needed.tolist()))
        said = Relaxation(
            rule=rule,
            present="{n} pairs parted",
            needed="a crossing between {stations}",
            params={"n": len(parted), "stations": joined},
        )
        return said, np.isin(columns.set_of, columns.set_of[offending]), float(len(joined))
    if rule == MAX_OFFICERS:
        room, beyond = stations.max_officers, question.amount(rule)
        asked = {h: math.ceil(room[h] + beyond[i] - 1e-9) for h, i in zip(hosts, offending,
                                                                         strict=True)}  # fmt: skip
        order = sorted(hosts, key=lambda h: ids[h])
        more = np.zeros(len(ids))
        for h, officers in asked.items():
            more[h] = officers - room[h]
        said = Relaxation(
            rule=rule,
            present=", ".join(f"{{s{h}}}: {room[h]:g}" for h in order),
            needed=", ".join(f"{{s{h}}}: {asked[h]}" for h in order),
            params={f"s{h}": ((ids[h],),) for h in order},
        )
        size = sum(_relative(float(room[h]), asked[h]) for h in order)
        least: FloatArray = more[columns.host] + LIMIT_SLACK
        return said, np.less_equal(beyond, least), size
    can = stations.can_host if rule == CAN_HOST else stations.can_bundle
    named = hosts if rule == CAN_HOST else {s for m in sets for s in m if not can[s]}
    order = sorted(named, key=lambda s: ids[s])
    still = ~can
    still[order] = False
    said = Relaxation(
        rule=rule,
        present=", ".join(f"{{s{s}}}: no" for s in order),
        needed=", ".join(f"{{s{s}}}: yes" for s in order),
        params={f"s{s}": ((ids[s],),) for s in order},
    )
    if rule == CAN_HOST:
        barred: BoolArray = still[columns.host]
    else:
        inside: BoolArray = still[columns.members] & (columns.members >= 0)
        barred = np.asarray(inside.any(axis=1))
    return said, ~barred, float(len(order))


def _crossed(question: Question, sets: list[list[int]], parted: IntArray) -> IntArray:
    """Parted pairs, as few as can be, that must be joined for the sets to hold together."""
    open_to, n = question.county.station_adjacency, len(question.county.stations)
    assert open_to is not None
    still = parted[np.isin(parted, [s for members in sets for s in members]).all(axis=1)]
    kept = open_to[~np.isin(open_to @ (n, 1), parted @ (n, 1))]
    for i in range(len(still) - 1, -1, -1):
        fewer = np.vstack([kept, np.delete(still, i, axis=0)])
        if all(hold_together(np.array([members]), fewer, n)[0] for members in sets):
            still = np.delete(still, i, axis=0)
    return still


def _cheapest(
    question: Question, rows: IntArray, price: IntArray, *ties: IntArray
) -> IntArray | None:
    """The cheapest plan among `rows` that keeps every row of the whole plan; None out of time."""
    columns, counts = question.columns, question.counts()
    joint = (columns.size[rows] > 1).astype(np.int64)
    exactly = []
    if counts.centres is not None:
        exactly.append((joint, counts.centres))
    if counts.bundled is not None:
        exactly.append((joint * columns.size[rows], counts.bundled))
    least = []
    if counts.freed_units is not None:
        least.append(freed_limit(columns.freed_units[rows], counts.freed_units))
    search = question.search
    for name, most in counts.at_most:
        of = search.rows[name]
        least.append(
            Limit(coefficients=-of.amount[rows], at_least=-most, per_unit=float(of.per_unit))
        )
    limits = replace(search.limits, time_limit_s=max(0.01, search.deadline - time.monotonic()))
    found = partition(
        Cover(
            stations=len(question.county.stations),
            members=columns.members[rows],
            price=price,
            ties=ties,
            exactly=tuple(exactly),
            limits=tuple(least),
        ),
        limits,
    )
    # Cut short, what is told works, but less might do.
    search.out_of_time |= found.status is not Status.OPTIMAL
    return None if found.chosen is None else rows[found.chosen]
