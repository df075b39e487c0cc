"""Two ways to the road: places beside a new road keep the way they had before it was built."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geo.routing import Router
from geo.snapping import Snapped, Snapper, joined
from optimizer.frozen import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """How the K streets of a network became pieces of streets of a larger one. Q pieces.

    Attributes:
        index: Where places meet the streets before.
        first: Row of each street's first piece, shape (K + 1,).
        piece: Street in the larger network, shape (Q,).
        end: Where each piece ends, as a fraction of the street before, shape (Q,).
    """

    index: Snapper
    first: IntArray
    piece: IntArray
    end: FloatArray

    def moved(self, at: Snapped) -> Snapped:
        """Places met on streets before, on the pieces of now."""
        street, fraction = self.piece[self.first[at.street]], at.fraction.copy()
        split = np.flatnonzero(np.diff(self.first)[at.street] > 1)
        for row in split.tolist():
            low, high = self.first[at.street[row] : at.street[row] + 2].tolist()
            ends = self.end[low:high]
            k = min(int(np.searchsorted(ends, at.fraction[row])), len(ends) - 1)
            start = 0.0 if k == 0 else float(ends[k - 1])
            street[row] = self.piece[low + k]
            fraction[row] = (at.fraction[row] - start) / (float(ends[k]) - start)
        return replace(at, street=street, fraction=np.clip(fraction, 0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Accesses:
    """P places on the road, then the second ways of some of them. R rows.

    Attributes:
        at: Where they meet the road, R rows.
        owner: Place of each row, shape (R,); the first P are 0..P-1.
        places: P.
    """

    at: Snapped
    owner: IntArray
    places: int

    def least(self, rows: FloatArray, *others: FloatArray) -> tuple[FloatArray, ...]:
        """Along the last axis, of each place the value of the way with the least of `rows`.

        Args:
            rows: What decides, such as minutes, shape (…, R).
            others: What goes with it, such as kilometres, same shape.

        Returns:
            All of them, shape (…, P).
        """
        made = [a[..., : self.places].copy() for a in (rows, *others)]
        for r in range(self.places, len(self.owner)):
            to = int(self.owner[r])
            better = rows[..., r] < made[0][..., to]
            for a, source in zip(made, (rows, *others), strict=True):
                a[..., to] = np.where(better, source[..., r], a[..., to])
        return tuple(made)


def accesses(
    roads: Router, split: Split | None, lon_deg: FloatArray, lat_deg: FloatArray
) -> Accesses:
    """Where places in WGS84 meet the road, with the way from before new roads where it differs.

    A road that is built takes nobody's way away: whoever would meet it goes by it or by the road
    met before, whichever is quicker. So no new road makes any way longer.
    """
    near = roads.snap(lon_deg, lat_deg)
    places = len(near.street)
    every = np.arange(places)
    if split is None:
        return Accesses(at=near, owner=every, places=places)
    met = split.index.snap(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
    before = roads.on_open_roads(replace(split.moved(met), x_m=near.x_m, y_m=near.y_m))
    # A split moves a point by less than a millimetre; only another street is another way.
    other = np.flatnonzero(
        (before.street != near.street) | (np.abs(before.fraction - near.fraction) > 1e-6)
    )
    again = Snapped(**{n: getattr(before, n)[other] for n in Snapped.__dataclass_fields__})
    return Accesses(at=joined([near, again]), owner=np.concatenate([every, other]), places=places)
