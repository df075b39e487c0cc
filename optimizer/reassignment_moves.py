"""Transfers between units of a plan as moves: which station's people go, and who joins the centre.

A transfer leaves a bundle; the plan says which of its stations the people leave. First the fewest
minutes between their places, summed, then the fewest officers moved inside their bundle: the rule
of `optimizer/moves.py`, for one giving unit after another, since who goes where is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from optimizer.county import County
from optimizer.moves import ship, whole_steps
from optimizer.plan import Move, QualifiedMove
from optimizer.reassignment_task import RoleTask, Transfer
from optimizer.strength import UnitNeed


def role_moves(
    county: County,
    needs: Sequence[UnitNeed],
    transfers: Sequence[Transfer],
    heads: Mapping[str, int],
    *,
    rehomes: bool,
) -> tuple[Move, ...]:
    """Moves of one role by `reassign`, and by `bundle` where those who stay join their centre.

    Args:
        county: The county.
        needs: The plan's units, in the order that `transfers` counts in.
        transfers: Who goes where; a unit gives at most what its places hold.
        heads: People of the role in each station and functional unit today.
        rehomes: Whether those who stay in a police office move to the centre by name; else they
            go with their station.

    Returns:
        Sorted moves.

    Raises:
        SolverError: a unit gives more people than it holds.
    """
    row = county.stations.index()
    leaving: dict[int, dict[int, int]] = defaultdict(dict)
    for one in transfers:
        leaving[one.giver][one.taker] = one.people
    moves: list[Move] = []
    for u, need in enumerate(needs):
        if need.kind == "squad":
            continue
        holders = need.station_ids or (need.unit_id,)
        takers = sorted(leaving[u])
        held = np.array([heads.get(h, 0) for h in holders], dtype=np.int64)
        gone = [leaving[u][v] for v in takers]
        demand = np.array([max(0, int(held.sum()) - sum(gone)), *gone], dtype=np.int64)
        # A functional unit stands at the station that stands for its place.
        places = [row.get(h, need.place) for h in holders]
        steps = whole_steps(
            county.station_time_min[np.ix_(places, [needs[v].place for v in takers])]
        )
        stays = np.array([[int(rehomes and h != need.unit_id)] for h in holders], dtype=np.int64)
        price = np.hstack([stays, steps * (int(held.sum()) + 1)])
        sent = ship(held, demand, price, np.ones(price.shape, dtype=np.bool_))
        for i, j in np.argwhere(sent > 0).tolist():
            to_id = needs[takers[j - 1]].unit_id if j else need.unit_id
            if to_id != holders[i] and (j or rehomes):
                moves.append(
                    Move(
                        from_id=holders[i],
                        to_id=to_id,
                        officers=int(sent[i, j]),
                        reason="reassign" if j else "bundle",
                    )
                )
    return tuple(sorted(moves))


def qualified_moves(
    needs: Sequence[UnitNeed], task: RoleTask, transfers: Sequence[Transfer]
) -> tuple[QualifiedMove, ...]:
    """How many of the officers transferred hold each qualification that a rule counts."""
    return tuple(
        sorted(
            QualifiedMove(
                from_id=needs[one.giver].unit_id,
                to_id=needs[one.taker].unit_id,
                qualification=rule.name,
                officers=number,
            )
            for one in transfers
            for rule, number in zip(task.qualified, one.holders, strict=False)
            if number
        )
    )
