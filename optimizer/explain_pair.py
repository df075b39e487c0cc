"""Why stations are not in one bundle: the rule in the way, or what forcing them together costs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from optimizer.columns import COLUMN_RULES
from optimizer.explain_board import LOCKS, Board, Change
from optimizer.explain_bundle import HostChoice, host_choices
from optimizer.explain_rules import Broken, broken_rules, excess_order
from optimizer.frozen import BoolArray, IntArray
from optimizer.plan import Bundle
from optimizer.result import Status

Verdict = Literal["together", "too_many", "not_neighbours", "rule", "no_plan", "costs", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A bundle with all the stations that comes nearest to keeping every rule."""

    bundle: Bundle
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWhy:
    """Why stations share no bundle (of one station: why it is in none).

    Attributes:
        station_ids: The stations, sorted.
        verdict: `together`: the plan has them in one bundle; `too_many`: more than a bundle may
            have; `not_neighbours`: no bundle of allowed size links them; `rule`: every bundle with
            all of them breaks a rule; `no_plan`: such bundles exist, but no plan with one keeps
            the rules on the whole plan; `costs`: a plan exists, at this price; `unknown`: the time
            ran out.
        are_neighbours: They are one connected area.
        between: Stations on the shortest chain between them where they are not; for a pair only.
        hosts: The very set under each of its members.
        always: Rules that every bundle with all of them breaks.
        nearest: Where none keeps every rule: the one that breaks fewest, and least.
        bundles_seen: Bundles of allowed size with all of them that were looked at.
        change: The best plan with them together, against the plan. Of `together`: the best plan
            with this pair (or set) not all in one bundle.
        unlocked: Where a lock stands in the way: the best plan without locks that has them
            together, against the best plan without locks.
    """

    station_ids: tuple[str, ...]
    verdict: Verdict
    are_neighbours: bool
    between: tuple[str, ...] = ()
    hosts: tuple[HostChoice, ...] = ()
    always: tuple[str, ...] = ()
    nearest: Nearest | None = None
    bundles_seen: int = 0
    change: Change | None = None
    unlocked: Change | None = None


def set_why(board: Board, station_ids: Sequence[str]) -> SetWhy:
    """Explain why stations are not in one bundle, or what keeps them together costs to undo.

    Args:
        board: The plan and its columns.
        station_ids: One station or more, all different. One: why it is in no bundle.
    """
    asked = tuple(sorted(set(station_ids)))
    rows = board.rows(asked)
    joint = board.columns.size > 1
    holding = joint & (board.inside(rows) == len(rows))
    linked = _linked(board, rows)
    between = () if linked or len(rows) != 2 else _between(board, rows)
    hosts = (
        host_choices(board, rows) if linked and board.exactly(rows).any() and len(rows) > 1 else ()
    )
    seen = len(np.unique(board.columns.set_of[holding]))

    def why(verdict: Verdict, **found: object) -> SetWhy:
        return SetWhy(
            station_ids=asked, verdict=verdict, are_neighbours=linked, between=between, hosts=hosts,
            bundles_seen=seen, **found,  # type: ignore[arg-type]
        )  # fmt: skip

    if any(set(asked) <= set(b.station_ids) and b.office_ids for b in board.bundles):
        return why("together", change=board.change(~holding))
    if len(rows) > board.policy.bundling.max_bundle_size:
        return why("too_many")
    if not holding.any():
        return why("not_neighbours")
    condition = board.together(rows)
    if not (holding & board.asked).any():
        broken = board.columns.broken[holding]
        always = tuple(r for i, r in enumerate(COLUMN_RULES) if broken[:, i].all())
        return why(
            "rule", always=always, nearest=_nearest(board, np.flatnonzero(holding)),
            unlocked=_unlocked(board, condition) if (holding & board.unlocked()).any() else None,
        )  # fmt: skip
    change = board.change(condition)
    if change.price is not None:
        return why("costs", change=change)
    if change.status is not Status.INFEASIBLE:
        return why("unknown", change=change)
    return why(
        "no_plan", change=change,
        unlocked=_unlocked(board, condition) if LOCKS in change.clashing else None,
    )  # fmt: skip


def rejected_pairs(board: Board) -> tuple[SetWhy, ...]:
    """Every two neighbouring stations that the plan does not put in one bundle, in id order."""
    ids = board.county.stations.station_id
    home = {s: i for i, b in enumerate(board.bundles) for s in b.station_ids}
    pairs = board.county.station_adjacency
    assert pairs is not None
    named = sorted({tuple(sorted((ids[a], ids[b]))) for a, b in pairs.tolist()})
    return tuple(set_why(board, pair) for pair in named if home[pair[0]] != home[pair[1]])


def _unlocked(board: Board, condition: BoolArray) -> Change:
    assert board.free is not None
    return board.change(condition, locks=False, against=board.free.bundles or None)


def _nearest(board: Board, columns: IntArray) -> Nearest:
    """Fewest broken rules, least beyond their limits, fewest stations, smallest ids."""
    found = []
    for c in columns.tolist():
        broken = broken_rules(board, c)
        bundle = board.columns.bundle(board.county, c)
        found.append((excess_order(broken), len(bundle.station_ids), bundle, broken))
    _order, _size, bundle, broken = min(found, key=lambda f: f[:3])
    return Nearest(bundle=bundle, broken=broken)


def _linked(board: Board, rows: IntArray) -> bool:
    """Whether the stations are one connected area."""
    neighbours, ground = board.county.neighbours(), set(rows.tolist())
    reached, edge = {int(rows[0])}, [int(rows[0])]
    while edge:
        for one in neighbours[edge.pop()] & ground - reached:
            reached.add(one)
            edge.append(one)
    return reached == ground


def _between(board: Board, rows: IntArray) -> tuple[str, ...]:
    """Stations on the shortest chain of neighbours between two, smallest ids first; empty: none."""
    ids, neighbours = board.county.stations.station_id, board.county.neighbours()
    start, goal = rows.tolist()
    came: dict[int, int] = {start: start}
    edge = deque([start])
    while edge and goal not in came:
        here = edge.popleft()
        for one in sorted(neighbours[here] - came.keys(), key=lambda s: ids[s]):
            came[one] = here
            edge.append(one)
    if goal not in came:
        return ()
    way = [goal]
    while way[-1] != start:
        way.append(came[way[-1]])
    assert all(b in neighbours[a] for a, b in pairwise(way))
    return tuple(ids[s] for s in reversed(way[1:-1]))
