"""What bundles take from townships and residents, for the rules of the equity guard.

A column fixes the responsible centre of every cell of its stations, so whatever it takes is known
before it is chosen. Everything is a maximum or a sum over the column's stations, each served from
its host; a pair (host, station) is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy
from optimizer.workload import closes_window, standard_min

RESIDENT_UNITS = 1_000
"""Residents enter rows as whole numbers: one unit is a thousandth of a resident."""
_SAME = 1e-9
"""Minutes or km that rounding may add to what stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What N bundles take, each under a stated host; all of shape (N,).

    Attributes:
        township_loss_min: Largest growth of the mean response of a township part (the cells of one
            township that one station serves today).
        township_response_min: Slowest mean response of the parts that get slower; 0 without one.
        window_km: Farthest road km to the centre's window of the cells that get farther from one;
            0 without one.
        resident_units: Residents within the standard today and outside it under the host.
    """

    township_loss_min: FloatArray
    township_response_min: FloatArray
    window_km: FloatArray
    resident_units: IntArray


def resident_units_allowed(county: County, policy: Policy) -> int | None:
    """Units of residents who may lose the standard; None where that is not limited."""
    fraction = policy.equity.max_residents_losing_standard_fraction
    if fraction is None:
        return None
    return int(fraction * float(county.cells.population.sum()) * RESIDENT_UNITS + 1e-6)


def is_guarded(policy: Policy) -> bool:
    """Whether any limit of the guard is set."""
    return any(value is not None for _key, value in policy.equity)


def taken(county: County, policy: Policy, host: IntArray, members: IntArray) -> Taken:
    """What the bundles `members` (station rows, shape (N, k), -1 = none) take under `host` (N,)."""
    inside: BoolArray = members >= 0
    hosts = np.broadcast_to(host[:, None], members.shape)
    served = np.where(inside, members, hosts)
    keys, pair = np.unique(hosts * len(county.stations) + served, return_inverse=True)
    pair = pair.reshape(members.shape)
    by_pair = _of_pairs(county, policy, *np.divmod(keys, len(county.stations)))

    def most(of: FloatArray) -> FloatArray:
        found: FloatArray = np.where(inside, of[pair], 0.0).max(axis=1, initial=0.0)
        return found

    return Taken(
        township_loss_min=most(by_pair.township_loss_min),
        township_response_min=most(by_pair.township_response_min),
        window_km=most(by_pair.window_km),
        resident_units=np.where(inside, by_pair.resident_units[pair], 0).sum(axis=1),
    )


def _of_pairs(county: County, policy: Policy, host: IntArray, station: IntArray) -> Taken:
    """The same for single stations, each served from a host."""
    cells, turnout = county.cells, policy.response.turnout_min
    part, weight = _parts(county)
    order = np.lexsort((part, cells.station))
    count = np.bincount(cells.station, minlength=len(county.stations))
    first = np.cumsum(count) - count
    lengths = count[station]
    row = np.repeat(np.arange(len(station)), lengths)
    offset = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cell = order[first[station][row] + offset]
    own_min = county.travel_time_min[cells.station[cell], cell]
    new_min = county.travel_time_min[host[row], cell]
    # The cells of one part stand together in their pair.
    starts = np.ones(len(cell), dtype=bool)
    starts[1:] = (row[1:] != row[:-1]) | (part[cell][1:] != part[cell][:-1])
    at = np.flatnonzero(starts)

    def per_part(minutes: FloatArray) -> FloatArray:
        of = np.multiply(weight[cell], minutes, out=np.zeros(len(cell)), where=weight[cell] > 0)
        total: FloatArray = np.add.reduceat(of, at) if len(at) else of
        return total

    before, after = turnout + per_part(own_min), turnout + per_part(new_min)
    loss, slower, farther = (np.zeros(len(station)) for _ in range(3))
    np.maximum.at(loss, row[at], after - before)
    np.maximum.at(slower, row[at], np.where(after > before + _SAME, after, 0.0))
    closes = closes_window(county, policy, host, station)[row] & _lived_in(county)[cell]
    own_km, new_km = county.road_km[station[row], cell], county.road_km[host[row], cell]
    np.maximum.at(farther, row, np.where(closes & (new_km > own_km + _SAME), new_km, 0.0))
    limit_min = standard_min(county, policy)[cell]
    lost = (turnout + own_min <= limit_min) & (turnout + new_min > limit_min)
    residents = np.bincount(
        row, weights=np.where(lost, cells.population[cell], 0.0), minlength=len(station)
    )
    return Taken(
        township_loss_min=loss,
        township_response_min=slower,
        window_km=farther,
        resident_units=np.rint(residents * RESIDENT_UNITS).astype(np.int64),
    )


def _parts(county: County) -> tuple[IntArray, FloatArray]:
    """Township part of each cell, and the cell's weight in it: alerts, else residents, else one."""
    cells = county.cells
    number = {name: i for i, name in enumerate(sorted(set(cells.township)))}
    township = np.array([number[t] for t in cells.township], dtype=np.int64)
    _keys, part = np.unique(cells.station * len(number) + township, return_inverse=True)
    weight = np.zeros(len(cells))
    for amount in (cells.alerts_per_year.sum(axis=1), cells.population, np.ones(len(cells))):
        total = np.bincount(part, weights=weight)
        weight = np.where(total[part] > 0, weight, amount)
    return part.astype(np.int64), weight / np.bincount(part, weights=weight)[part]


def _lived_in(county: County) -> BoolArray:
    """Cells with residents; all where no residents are known."""
    population = county.cells.population
    lived: BoolArray = population > 0 if population.any() else np.ones(len(population), dtype=bool)
    return lived
