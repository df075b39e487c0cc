"""Fill colours of jurisdictions: neighbours never share one, today or in the plan.

A bundle wears the colour of its centre station, so the eye finds it again across the two panels.
Both panels are coloured at once, on the union of today's adjacencies and the plan's.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, IntArray
from optimizer.plan import Plan

PALETTE = (
    "#AAC4F9", "#FFE681", "#65DEB5", "#DA7A60", "#958BE1", "#EAAB57", "#A5F6FF", "#57A8A5",
)  # fmt: skip
"""Eight fills that carry black text, chosen by maximising the smallest OKLab difference of any pair
in full colour vision and in protanopia, deuteranopia and tritanopia (Machado et al. 2009)."""

_GOLDEN_FRACTION = 0.618033988749895


@dataclass(frozen=True, slots=True, kw_only=True)
class Fills:
    """Colours of a county's stations, as `#RRGGBB`, in station order.

    Attributes:
        station: Of each station's jurisdiction today, pale.
        plan: Of the jurisdiction each station belongs to in the plan: its centre's colour, full
            where a bundle of two or more stands out, pale where a station stays alone.
    """

    station: tuple[str, ...]
    plan: tuple[str, ...]


def fills(county: County, plan: Plan) -> Fills:
    """Colour today's jurisdictions and the plan's so that no two neighbours share a colour."""
    return fills_alike([(county, plan)])[0]


def fills_alike(maps: Sequence[tuple[County, Plan]]) -> tuple[Fills, ...]:
    """Colour several plans so that a station, and the bundle it is the centre of, look alike.

    All are coloured at once, on the union of their adjacencies: a station has one colour in every
    map that has it, and neighbours differ in each. Stations are matched by id.

    Args:
        maps: One or more; the counties may differ in what a scenario opens or closes.
    """
    every = dict.fromkeys(s for county, _ in maps for s in county.stations.station_id)
    place = {station: i for i, station in enumerate(every)}
    pairs, hosts = [], np.zeros(len(place), bool)
    found = []
    for county, plan in maps:
        centre, bundled = _centres(county, plan)
        here = np.array([place[s] for s in county.stations.station_id], dtype=np.int64)
        pairs.append(here[union_adjacency(touching_stations(county), centre)])
        hosts[here[centre[bundled]]] = True
        found.append((here, centre, bundled))
    classes = colour_classes(len(place), _distinct(np.concatenate(pairs)), kind=hosts)
    full = colours(int(classes.max()) + 1)
    pale = tuple(lighter(c) for c in full)
    return tuple(
        Fills(
            station=tuple(pale[k] for k in classes[here].tolist()),
            plan=tuple(
                full[k] if b else pale[k]
                for k, b in zip(classes[here[centre]].tolist(), bundled.tolist(), strict=True)
            ),
        )
        for here, centre, bundled in found
    )


def _centres(county: County, plan: Plan) -> tuple[IntArray, BoolArray]:
    """Row of the centre of each station, and whether it is in a bundle of two or more."""
    row = county.stations.index()
    centre = np.arange(len(county.stations))
    bundled = np.zeros(len(county.stations), bool)
    for bundle in plan.bundles:
        for station in bundle.station_ids:
            centre[row[station]] = row[bundle.centre_id]
            bundled[row[station]] = len(bundle.station_ids) > 1
    return centre, bundled


def touching_stations(county: County) -> IntArray:
    """Pairs of stations that are adjacent by rule or touch on the map, shape (A, 2), i < j.

    A pair that the planner forbids (across a river) still touches on the map.
    """
    assert county.station_adjacency is not None
    on_the_map = county.cells.station[county.cell_adjacency]
    return _distinct(np.concatenate([county.station_adjacency, on_the_map]))


def union_adjacency(pairs: IntArray, centre: IntArray) -> IntArray:
    """Pairs of stations that may not share a colour, shape (A, 2), i < j, sorted.

    Args:
        pairs: Neighbouring stations today, shape (E, 2).
        centre: Row of the centre station of each station in the plan, shape (S,).

    Returns:
        Today's pairs, and the centres of the plan's neighbouring bundles.
    """
    pairs = np.reshape(pairs, (-1, 2))
    return _distinct(np.concatenate([pairs, centre[pairs]]))


def _distinct(pairs: IntArray) -> IntArray:
    apart = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    distinct: IntArray = np.unique(apart, axis=0)
    return distinct


def colour_classes(
    n: int,
    pairs: IntArray | Sequence[Sequence[int]],
    kind: BoolArray | Sequence[bool] | None = None,
) -> IntArray:
    """Colour a graph so that no edge joins two nodes of one colour.

    DSATUR (Brélaz 1979): the node whose neighbours wear the most colours goes next. It takes the
    colour least used so far, so that the whole palette is spread over the map; should that need
    more colours than the palette has, the smallest free colour is taken instead, which is frugal.
    The same input gives the same colours.

    Args:
        n: Number of nodes.
        pairs: Edges, shape (E, 2).
        kind: Colours are spread among nodes of one kind first: bundles, which wear them in full,
            should look different from one another; None = all of one kind.

    Returns:
        Colour of each node, 0, 1, …, shape (n,).
    """
    near: list[set[int]] = [set() for _ in range(n)]
    for i, j in np.reshape(np.asarray(pairs, dtype=np.int64), (-1, 2)).tolist():
        near[i].add(j)
        near[j].add(i)
    kinds = [0] * n if kind is None else [int(k) for k in kind]
    spread = _dsatur(near, kinds, spread=True)
    if n and spread.max() >= len(PALETTE):
        frugal = _dsatur(near, kinds, spread=False)
        if frugal.max() < spread.max():
            return frugal
    return spread


def _dsatur(near: Sequence[set[int]], kinds: Sequence[int], *, spread: bool) -> IntArray:
    colour = np.full(len(near), -1, dtype=np.int64)
    worn: list[set[int]] = [set() for _ in near]
    left = set(range(len(near)))
    used = [[0, 0] for _ in PALETTE]
    while left:
        node = min(left, key=lambda i: (-len(worn[i]), -len(near[i]), i))
        left.remove(node)
        free = [k for k in range(len(used)) if k not in worn[node]]
        if not free:
            free = [len(used)]
            used.append([0, 0])
        kind = kinds[node]
        choice = min(free, key=lambda k: (used[k][kind], sum(used[k]), k)) if spread else free[0]
        used[choice][kind] += 1
        colour[node] = choice
        for other in near[node]:
            worn[other].add(choice)
    return colour


def colours(n: int) -> tuple[str, ...]:
    """`n` different fills: the palette, then hues by the golden angle in three lightnesses."""
    found = list(PALETTE[:n])
    step = 0
    while len(found) < n:
        hue = (step * _GOLDEN_FRACTION) % 1.0
        more = _hex(colorsys.hls_to_rgb(hue, (0.72, 0.82, 0.62)[step % 3], 0.65))
        if more not in found:
            found.append(more)
        step += 1
    return tuple(found)


def lighter(colour: str, *, white_fraction: float = 0.58) -> str:
    """Mix `colour` with white."""
    parts = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return _hex(p + (1.0 - p) * white_fraction for p in parts)


def _hex(rgb: Iterable[float]) -> str:
    return "#" + "".join(f"{round(p * 255.0):02X}" for p in rgb)
