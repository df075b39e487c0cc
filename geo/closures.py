"""Stretches of street that cannot be driven: what they bar, and where places meet the road then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from geo.plane import GeometryArray, as_geometry
from geo.snapping import Snapped, Snapper
from optimizer.frozen import BoolArray, FloatArray, IntArray

# Fractions of a street nearer to each other than this are one point.
_SPECK = 1e-9
# First radius in which a place on a closed stretch looks for an open road, doubled until it has.
_LOOK_M = 250.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cuts:
    """Closed stretches, sorted by street and start; on one street they are apart. C stretches.

    Attributes:
        street: Shape (C,).
        start, end: Fractions of the street's line, 0 to 1, shape (C,).
    """

    street: IntArray
    start: FloatArray
    end: FloatArray

    def __len__(self) -> int:
        """Number of stretches."""
        return len(self.street)

    def streets(self) -> IntArray:
        """Streets that cannot be driven from end to end, each once."""
        return np.unique(self.street)

    def of(self, street: int) -> list[tuple[float, float]]:
        """Closed stretches of one street."""
        rows = slice(*np.searchsorted(self.street, [street, street + 1]).tolist())
        return list(zip(self.start[rows].tolist(), self.end[rows].tolist(), strict=True))

    def bar(self, street: IntArray, one: FloatArray, two: FloatArray) -> BoolArray:
        """Whether the way between two fractions of each street is closed somewhere."""
        low, high = np.minimum(one, two), np.maximum(one, two)
        barred = np.zeros(len(street), np.bool_)
        for i in np.flatnonzero(np.isin(street, self.street) & (high > low)).tolist():
            for start, end in self.of(int(street[i])):
                barred[i] |= start < high[i] - _SPECK and end > low[i] + _SPECK
        return barred

    def cover(self, street: IntArray, fraction: FloatArray) -> BoolArray:
        """Whether each place on a street stands on a closed stretch."""
        covered = np.zeros(len(street), np.bool_)
        for i in np.flatnonzero(np.isin(street, self.street)).tolist():
            for start, end in self.of(int(street[i])):
                covered[i] |= start + _SPECK < fraction[i] < end - _SPECK
                covered[i] |= start <= _SPECK and end >= 1.0 - _SPECK
        return covered


NO_CUTS = Cuts(street=np.zeros(0, np.int64), start=np.zeros(0), end=np.zeros(0))


def cuts_of(stretches: Iterable[tuple[int, float, float]]) -> Cuts:
    """Stretches (street, start, end as fractions of its line) joined where they overlap."""
    joined: list[list[float]] = []
    for street, start, end in sorted(stretches):
        last = joined[-1] if joined else None
        if last is not None and last[0] == street and start <= last[2]:
            last[2] = max(last[2], end)
        else:
            joined.append([street, start, end])
    table = np.array(joined, float).reshape(-1, 3)
    return Cuts(
        street=table[:, 0].astype(np.int64),
        start=np.clip(table[:, 1], 0.0, 1.0),
        end=np.clip(table[:, 2], 0.0, 1.0),
    )


def open_stretches(cuts: Cuts, street: int) -> list[tuple[float, float]]:
    """What stays open of a street, as fractions of its line."""
    made, at = [], 0.0
    for start, end in [*cuts.of(street), (1.0, 1.0)]:
        if start - at > _SPECK:
            made.append((at, start))
        at = max(at, end)
    return made


def stretch_lines(lines: GeometryArray, stretches: Cuts) -> GeometryArray:
    """The stretches as lines, shape (C,); `lines` are those of all streets."""
    made = [
        substring(lines[street], start, end, normalized=True)
        for street, start, end in zip(
            stretches.street.tolist(), stretches.start.tolist(), stretches.end.tolist(), strict=True
        )
    ]
    return as_geometry(made)


def led_round(index: Snapper, cuts: Cuts, at: Snapped) -> Snapped:
    """Places that stand on a closed stretch moved to the nearest point of an open road.

    All others stay where they meet the road: a closure moves nobody across a river, it cuts them
    off, and that is then said.
    """
    rows = np.flatnonzero(cuts.cover(at.street, at.fraction))
    if not len(rows):
        return at
    street, fraction = at.street.copy(), at.fraction.copy()
    access_km, led_past_km = at.access_km.copy(), at.led_past_km.copy()
    for row in rows.tolist():
        place = shapely.Point(float(at.x_m[row]), float(at.y_m[row]))
        found = _nearest_open(index, cuts, place)
        if found is None:
            continue  # nothing is open: the place stays on its closed road
        street[row], fraction[row], walk_km = found
        led_past_km[row] += walk_km - access_km[row]
        access_km[row] = walk_km
    return replace(
        at, street=street, fraction=fraction, access_km=access_km, led_past_km=led_past_km
    )


def _nearest_open(index: Snapper, cuts: Cuts, place: Any) -> tuple[int, float, float] | None:
    """Street, fraction and kilometres to the nearest point on an open road."""
    closed = set(cuts.street.tolist())
    look_m = _LOOK_M
    while True:
        near = np.sort(index.within(place, look_m))
        best: tuple[float, int, Any] | None = None
        for street in near.tolist():
            line = index.lines[street]
            parts = [line]
            if street in closed:
                parts = [substring(line, *p, normalized=True) for p in open_stretches(cuts, street)]
            for part in parts:
                walk_m = float(shapely.distance(part, place))
                if best is None or walk_m < best[0]:
                    best = (walk_m, street, part)
        if best is not None and (best[0] <= look_m or len(near) == index.usable.sum()):
            walk_m, street, part = best
            point = shapely.line_interpolate_point(part, shapely.line_locate_point(part, place))
            line = index.lines[street]
            fraction = float(shapely.line_locate_point(line, point) / shapely.length(line))
            return street, _into(cuts, street, min(max(fraction, 0.0), 1.0)), walk_m / 1000.0
        if len(near) >= index.usable.sum():
            return None
        look_m *= 2.0


def _into(cuts: Cuts, street: int, fraction: float) -> float:
    """A fraction that rounding has put a hair inside a closed stretch, put on its edge."""
    for start, end in cuts.of(street):
        if start < fraction < end:
            return start if fraction - start < end - fraction else end
    return fraction
