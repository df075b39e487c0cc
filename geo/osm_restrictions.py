"""Turn restrictions of OpenStreetMap: read from relations, honoured by splitting junctions.

A junction with forbidden turns becomes several nodes on one spot: roads arrive at a gate, leave
from a gate, and arcs of 0 ms join the gates where the turn is allowed. Only such junctions grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.osm_data import Restriction
from optimizer.frozen import IntArray

# A restriction that spares these does not bind a police car.
_EXEMPT = frozenset({"motorcar", "motor_vehicle", "emergency"})


@dataclass(frozen=True, slots=True)
class Banned:
    """One restriction.

    Attributes:
        via: Id of the node where the turn happens.
        sources, targets: Ids of the ways that it leads from and to.
        only: The targets are the only ways allowed; else they are forbidden.
    """

    via: int
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Arcs after the junctions were split.

    Attributes:
        tail, head: Of the road arcs in their order, then of the turns.
        copied: Node of which each further node is a copy.
        honoured: Restrictions that act.
    """

    tail: IntArray
    head: IntArray
    copied: IntArray
    honoured: int


def banned_turns(restrictions: Sequence[Restriction]) -> tuple[list[Banned], int]:
    """Restrictions that bind a car at a node, and how many others there are that would bind it.

    Those over a way (`via` is a way), at certain hours (`restriction:conditional`) or without a
    member of each role are not honoured; those that spare motorcars or emergency do not count.
    """
    found, unread = [], 0
    for one in restrictions:
        if _EXEMPT & {text.strip() for text in one.tags.get("except", "").split(";")}:
            continue
        said = [
            one.tags[key]
            for key in ("restriction:motorcar", "restriction:motor_vehicle", "restriction")
            if key in one.tags
        ]
        if not said:
            # Of other vehicles only, or of certain hours.
            unread += "restriction:conditional" in one.tags
            continue
        sources = tuple(n for kind, n, role in one.members if (kind, role) == ("way", "from"))
        targets = tuple(n for kind, n, role in one.members if (kind, role) == ("way", "to"))
        via = [(kind, n) for kind, n, role in one.members if role == "via"]
        plain = len(via) == 1 and via[0][0] == "node"
        if not (plain and sources and targets and said[0].startswith(("no_", "only_"))):
            unread += 1
            continue
        found.append(Banned(via[0][1], sources, targets, said[0].startswith("only_")))
    return found, unread


def apply_turns(
    turns: Sequence[Banned],
    *,
    node_id: IntArray,
    tail: IntArray,
    head: IntArray,
    first_way: IntArray,
    last_way: IntArray,
) -> Turned:
    """Split the junctions at which turns are forbidden.

    Args:
        turns: The restrictions.
        node_id: Id of each node, shape (N,).
        tail: Node where each arc starts, shape (A,).
        head: Likewise where it ends.
        first_way: Way on which each arc starts, shape (A,).
        last_way: Way on which it ends.
    """
    tail, head = tail.astype(np.int64), head.astype(np.int64)
    at_node: dict[int, list[Banned]] = {}
    row_of = {int(node_id[r]): int(r) for r in np.flatnonzero(np.isin(node_id, _vias(turns)))}
    for turn in turns:
        if turn.via in row_of:
            at_node.setdefault(row_of[turn.via], []).append(turn)
    rows = np.array(sorted(at_node), np.int64)
    into, out_of = _by_node(head, rows), _by_node(tail, rows)
    copied: list[int] = []
    joins: list[tuple[int, int]] = []
    honoured = 0
    for row in rows.tolist():
        arriving, leaving = into.get(row, []), out_of.get(row, [])
        shut: dict[int, set[int]] = {}
        for turn in at_node[row]:
            sources = [arc for arc in arriving if last_way[arc] in turn.sources]
            targets = {arc for arc in leaving if first_way[arc] in turn.targets}
            # A way that passes the junction should have been split there: which half is meant?
            if len(sources) != len(turn.sources) or not targets:
                continue
            honoured += 1
            gone = set(leaving) - targets if turn.only else targets
            for arc in sources:
                shut.setdefault(arc, set()).update(gone)
        joins += _split(row, shut, leaving, tail, head, copied, len(node_id))
    ends = np.array(joins, np.int64).reshape(-1, 2)
    return Turned(
        tail=np.concatenate([tail, ends[:, 0]]),
        head=np.concatenate([head, ends[:, 1]]),
        copied=np.array(copied, np.int64),
        honoured=honoured,
    )


def _vias(turns: Sequence[Banned]) -> list[int]:
    return [turn.via for turn in turns]


def _by_node(ends: NDArray[np.int64], rows: IntArray) -> dict[int, list[int]]:
    """Arcs that end (or start) at each of `rows`."""
    found: dict[int, list[int]] = {}
    for arc in np.flatnonzero(np.isin(ends, rows)).tolist():
        found.setdefault(int(ends[arc]), []).append(arc)
    return found


def _split(
    row: int,
    shut: dict[int, set[int]],
    leaving: Sequence[int],
    tail: IntArray,
    head: IntArray,
    copied: list[int],
    nodes: int,
) -> list[tuple[int, int]]:
    """Give the junction its gates; returns the turns between them. Changes `tail` and `head`."""
    shut = {arc: gone for arc, gone in shut.items() if gone}
    if not shut:
        return []

    def gate() -> int:
        copied.append(row)
        return nodes + len(copied) - 1

    restricted = set().union(*shut.values())
    # Roads into which every turn is allowed leave from one gate.
    exits: dict[int, int] = {}
    common = gate() if restricted != set(leaving) else -1
    for arc in leaving:
        exits[arc] = gate() if arc in restricted else common
        tail[arc] = exits[arc]
    # Arrivals without restriction keep the node; those shut alike share a gate.
    entries: dict[frozenset[int], int] = {frozenset(): row}
    for arc, gone in shut.items():
        key = frozenset(gone)
        if key not in entries:
            entries[key] = gate()
        head[arc] = entries[key]
    return [
        (entry, exit_)
        for gone, entry in entries.items()
        for exit_ in sorted({exits[arc] for arc in leaving if arc not in gone})
    ]
