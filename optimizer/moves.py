"""Who goes where, by head count: the cheapest moves that turn today's strength into a plan's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.errors import SolverError
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import Bundle, Move
from optimizer.solver import min_cost_flow
from optimizer.strength import UnitNeed

STEPS_PER_MIN = 1000
"""Minutes become whole thousandths, the only scaling of time in this file."""

UNREACHABLE_MIN = 100_000.0
"""Stands for no road at all: such a move is made only where nothing else is possible."""


def whole_steps(travel_time_min: FloatArray) -> IntArray:
    """Minutes as whole thousandths; unreachable and absurd ones as `UNREACHABLE_MIN`."""
    steps: IntArray = np.rint(np.minimum(travel_time_min, UNREACHABLE_MIN) * STEPS_PER_MIN).astype(
        np.int64
    )
    return steps


def ship(supply: IntArray, demand: IntArray, price: IntArray, may: BoolArray) -> IntArray:
    """Cheapest shipment from I origins to J destinations, proven by minimum-cost flow.

    Args:
        supply: Officers who leave each origin, shape (I,).
        demand: Officers who arrive at each destination, shape (J,), with the same sum.
        price: Price per officer, shape (I, J).
        may: Allowed pairs, shape (I, J).

    Returns:
        Officers on each pair, shape (I, J). The same input gives the same answer.

    Raises:
        SolverError: no shipment exists.
    """
    origin, destination = np.nonzero(may)
    flow = min_cost_flow(
        tail=origin,
        head=len(supply) + destination,
        capacity=np.minimum(supply[origin], demand[destination]),
        price=price[origin, destination],
        supply=np.concatenate([supply, -demand]),
    )
    if flow is None:
        raise SolverError("moves: the officers who leave cannot fill the places they are to fill")
    sent = np.zeros(may.shape, dtype=np.int64)
    sent[origin, destination] = flow
    return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Officers of one place today, who stay in unit `home` or leave it."""

    holder_id: str
    home_id: str
    officers: int
    place: int


def staffing_moves(
    county: County,
    bundles: Sequence[Bundle],
    needs: Sequence[UnitNeed],
    given: Mapping[str, int],
    received: Mapping[str, int],
) -> tuple[Move, ...]:
    """Moves by `bundle` and by `reassign`; those by `road_duty` are the traffic stage's.

    First the fewest minutes between the places of reassigned officers, summed; then the fewest
    officers moved inside their bundle, so that whoever is reassigned leaves a police office rather
    than the centre. Officers of squads are not touched: who came by road duty stays.

    Args:
        county: The county.
        bundles: The plan's bundles.
        needs: The plan's units.
        given: Officers reassigned out of a unit, by unit id; units that give none may be left out.
            At most what the unit's own stations (or the functional unit) hold today.
        received: Officers reassigned into a unit; no unit is in both, and the sums agree.

    Returns:
        Sorted moves.

    Raises:
        SolverError: `given` exceeds what a unit holds, or the sums differ.
    """
    origins = _origins(county, bundles)
    place = {need.unit_id: need.place for need in needs}
    sources = [o for o in origins if given.get(o.home_id, 0)]
    givers = sorted({o.home_id for o in sources})
    takers = sorted(unit for unit, officers in received.items() if officers)
    moves = [
        Move(from_id=o.holder_id, to_id=o.home_id, officers=o.officers, reason="bundle")
        for o in origins
        if o.holder_id != o.home_id and o.officers and not given.get(o.home_id, 0)
    ]
    if not sources:
        return tuple(sorted(moves))
    held = dict.fromkeys(givers, 0)
    for o in sources:
        held[o.home_id] += o.officers
    supply = np.array([o.officers for o in sources], dtype=np.int64)
    staying = [held[unit] - given[unit] for unit in givers]
    demand = np.array(staying + [received[unit] for unit in takers], dtype=np.int64)
    stays = np.array([[o.home_id == unit for unit in givers] for o in sources])
    rehomed = stays & np.array([[o.holder_id != unit for unit in givers] for o in sources])
    steps = whole_steps(
        county.station_time_min[
            np.ix_([o.place for o in sources], [place[unit] for unit in takers])
        ]
    )
    if (demand < 0).any():
        raise SolverError("moves: a unit gives more officers than it holds")
    sent = ship(
        supply,
        demand,
        np.hstack([rehomed.astype(np.int64), steps * (int(supply.sum()) + 1)]),
        np.hstack([stays, np.ones((len(sources), len(takers)), dtype=np.bool_)]),
    )
    for i, j in np.argwhere(sent > 0).tolist():
        source, is_home = sources[i], j < len(givers)
        to_id = givers[j] if is_home else takers[j - len(givers)]
        if to_id != source.holder_id:
            moves.append(
                Move(
                    from_id=source.holder_id,
                    to_id=to_id,
                    officers=int(sent[i, j]),
                    reason="bundle" if is_home else "reassign",
                )
            )
    return tuple(sorted(moves))


def _origins(county: County, bundles: Sequence[Bundle]) -> list[_Origin]:
    """Where officers serve today, squads left out, sorted by id."""
    stations, units = county.stations, county.units
    row = stations.index()
    found = [
        _Origin(
            holder_id=s,
            home_id=bundle.centre_id,
            officers=int(stations.officers[row[s]]),
            place=row[s],
        )
        for bundle in bundles
        for s in bundle.station_ids
    ]
    found += [
        _Origin(
            holder_id=unit,
            home_id=unit,
            officers=int(units.officers[i]),
            place=int(units.station[i]),
        )
        for i, unit in enumerate(units.unit_id)
    ]
    return sorted(found, key=lambda o: o.holder_id)
