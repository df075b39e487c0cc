"""Where a place meets the road: the nearest point on the nearest road that leads somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.plane import GeometryArray, Plane, plane_of
from geo.road_graph import DEGREE, RoadGraph, to_e7
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray

# Nobody turns off a motorway into a village, nor boards a ferry in mid-stream: places reach these
# by other roads.
NO_ACCESS_CLASSES = ("expressway", "ferry")
# A place beside a small separate piece of road is led past it to the main network if that is at
# most this much further; beyond it, the place stays cut off and is reported.
LED_PAST_KM = 1.0
# A separate network with at least this share of the road length is no stray piece: whoever lives
# by it belongs to it, even if the main network lies just across the river.
OWN_NETWORK_FRACTION = 0.05
# A walk to the road longer than this is reported.
FAR_FROM_ROAD_KM = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapped:
    """Places on the network, one row each.

    Attributes:
        street: Street met, shape (P,).
        fraction: How far along the street's line, 0 at its start, shape (P,).
        access_km: Straight line from the place to that point, shape (P,).
        led_past_km: How much further that is than the nearest road of all, shape (P,); above 0
            where the nearest one is a stray piece or an expressway.
        x_m, y_m: The places themselves on the plane, shape (P,).
    """

    street: IntArray
    fraction: FloatArray
    access_km: FloatArray
    led_past_km: FloatArray
    x_m: FloatArray
    y_m: FloatArray


def joined(sets: Sequence[Snapped]) -> Snapped:
    """Several sets of places as one, in order."""
    return Snapped(**{
        name: np.concatenate([getattr(one, name) for one in sets])
        for name in Snapped.__dataclass_fields__
    })  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapper:
    """Index over the streets of one network. Build with `snapper`.

    Attributes:
        plane: The plane distances are measured on.
        lines: Each street's line on the plane, shape (K,).
        usable, main: Streets that places may meet, and those of them on the main networks.
    """

    plane: Plane
    lines: GeometryArray
    usable: BoolArray
    main: BoolArray
    _trees: tuple[tuple[IntArray, shapely.STRtree], ...]

    @property
    def tree(self) -> shapely.STRtree:
        """All streets, whether places may meet them or not; its rows are those of `lines`."""
        return self._trees[0][1]

    def snap(self, lon_deg: FloatArray, lat_deg: FloatArray) -> Snapped:
        """Meet the road from each place.

        The nearest point on the nearest street that gives access, by straight line; a stray piece
        of road is passed over for a main network up to `LED_PAST_KM` further. Ties go to the
        first street.
        """
        # As fine as the roads: a place on a road's end stands on it exactly.
        x_m, y_m = self.plane.xy(to_e7(lon_deg) / DEGREE, to_e7(lat_deg) / DEGREE)
        places = shapely.points(x_m, y_m)
        nearest, gap = self._nearest(0, places)
        street, walk = nearest, gap
        if len(self._trees) > 1:
            usable, usable_gap = self._nearest(1, places)
            main, main_gap = self._nearest(2, places)
            led = main_gap <= usable_gap + LED_PAST_KM * 1000.0
            street = np.where(led, main, usable)
            walk = np.where(led, main_gap, usable_gap)
        line = self.lines[street]
        fraction = shapely.line_locate_point(line, places) / shapely.length(line)
        return Snapped(
            street=street,
            fraction=np.clip(fraction, 0.0, 1.0),
            access_km=walk / 1000.0,
            led_past_km=(walk - gap) / 1000.0,
            x_m=x_m,
            y_m=y_m,
        )

    def within(self, place: Any, look_m: float) -> IntArray:
        """Streets that give access and pass a point of the plane at most this far away."""
        streets, tree = self._trees[min(1, len(self._trees) - 1)]
        found: IntArray = streets[tree.query(place, predicate="dwithin", distance=look_m)]
        return found

    def _nearest(self, which: int, places: GeometryArray) -> tuple[IntArray, FloatArray]:
        streets, tree = self._trees[which]
        (place, found), gap = tree.query_nearest(places, all_matches=True, return_distance=True)
        # Matches come sorted by place; of equals the first street wins.
        order = np.lexsort((streets[found], place))
        _, first = np.unique(place[order], return_index=True)
        pick = order[first]
        return streets[found[pick]], np.asarray(gap[pick], float)


def snapper(roads: RoadGraph, no_access: BoolArray | None = None) -> Snapper:
    """Index the streets of `roads`.

    A street is on a main network if both its ends can be driven to from each other and that
    strongly connected component is the largest, or has `OWN_NETWORK_FRACTION` of the road length.

    Args:
        roads: The roads.
        no_access: Streets that places do not meet, besides those of `NO_ACCESS_CLASSES`, (K,).

    Raises:
        ValueError: no roads.
    """
    if not len(roads):
        raise ValueError("no roads to meet")
    arc, tail = roads.street_arc(), roads.tail()
    drawn, label = roads.street_lines(), roads.component
    length_km = roads.length_cm / 100_000.0
    plane = plane_of(drawn)
    lines = plane.project(drawn)
    barred = [n in NO_ACCESS_CLASSES for n in roads.class_names]
    usable = ~np.array(barred, dtype=bool)[roads.street_class]
    if no_access is not None:
        usable &= ~no_access
    if not usable.any():
        usable[:] = True
    one, two = label[tail[arc]], label[roads.head[arc]]
    together = one == two
    km = np.bincount(one[together], length_km[arc[together]], minlength=label.max() + 1)
    large = km >= OWN_NETWORK_FRACTION * length_km[arc].sum()
    large[0] = True
    main = usable & together & large[one]
    if not main.any():
        main = usable
    sets = [np.arange(len(arc))]
    if not main.all():
        sets += [np.flatnonzero(usable), np.flatnonzero(main)]
    return Snapper(
        plane=plane,
        lines=lines,
        usable=usable,
        main=main,
        _trees=tuple((rows, shapely.STRtree(lines[rows])) for rows in sets),
    )


def access_problems(
    where: str, names: tuple[str, ...], access_km: FloatArray, led_past_km: FloatArray
) -> tuple[Problem, ...]:
    """Warnings that name the places led past a stray road, and those far from any road."""
    problems = []
    led = np.flatnonzero(led_past_km > 1e-6)
    if len(led):
        problems.append(
            Problem(
                where=where,
                expected="the nearest road to lead to the rest of the county: {n} places are led "
                "on, at most {km:.2f} km further, to one that does ({names})",
                fix="join the separate roads in the road layer where they meet in truth",
                params={
                    "n": len(led),
                    "km": float(led_past_km[led].max()),
                    "names": _listed(names, led),
                },
                severity="warning",
            )
        )
    far = np.flatnonzero(access_km > FAR_FROM_ROAD_KM)
    if len(far):
        problems.append(
            Problem(
                where=where,
                expected="a road within {limit:g} km of every place: {n} places are further away, "
                "the furthest {km:.1f} km ({names})",
                fix="add the missing roads, or check the places' coordinates and datum",
                params={
                    "limit": FAR_FROM_ROAD_KM,
                    "n": len(far),
                    "km": float(access_km[far].max()),
                    "names": _listed(names, far),
                },
                severity="warning",
            )
        )
    return tuple(problems)


def _listed(names: tuple[str, ...], rows: IntArray, most: int = 10) -> str:
    said = "、".join(names[i] for i in rows[:most])
    return said + ("…" if len(rows) > most else "")
