"""Shapes and colours by which alerts stand on maps: rates of cells, densest ground."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from geo.alert_sheets import SEQUENCE, Shade
from geo.density_bands import DensityBands
from geo.plane import GeometryArray, as_geometry, plane_at
from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from scenarios.load import LoadedCase

TIMES = (0.5, 0.8, 1.25, 2.0)
"""Ends of the classes of a rate over the common one; the outer classes are open."""


def cell_shapes(loaded: LoadedCase) -> GeometryArray:
    """Polygons of the cells in WGS84; discs where only points are known, shape (C,)."""
    if loaded.cell_geometry is not None:
        return loaded.cell_geometry
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    points = plane.points(cells.lon_deg, cells.lat_deg)
    west, south, east, north = shapely.total_bounds(points).tolist()
    radius_m = 0.25 * float(np.sqrt(max((east - west) * (north - south), 1.0) / len(points)))
    return plane.unproject(as_geometry(shapely.buffer(points, radius_m, quad_segs=4)))


def rate_shades(
    rate: FloatArray, common: FloatArray, shapes: GeometryArray, _: Translate
) -> tuple[Shade, ...]:
    """Cells by their rate over the common one, shapes (C,)."""
    times = np.divide(rate, common, where=common > 0, out=np.ones(len(rate)))
    kind = np.searchsorted(np.array(TIMES), times, side="right")
    texts = [_("below {times:g} times").format(times=TIMES[0])]
    texts += [
        _("{low:g} to {high:g} times").format(low=low, high=high) for low, high in pairwise(TIMES)
    ]
    texts.append(_("{times:g} times and more").format(times=TIMES[-1]))
    return tuple(
        Shade(text=texts[k], fill=SEQUENCE[k], areas=_together(shapes[kind == k]))
        for k in range(len(texts))
        if (kind == k).any()
    )


def band_shades(bands: DensityBands, _: Translate) -> tuple[Shade, ...]:
    """Densest ground, the least dense band first."""
    made = []
    for i in reversed(range(len(bands.share_fraction))):
        shape = bands.geometry[i]
        if shape is None:
            continue
        made.append(
            Shade(
                text=band_text(float(bands.share_fraction[i]), _),
                fill=SEQUENCE[len(SEQUENCE) - 1 - i],
                areas=as_geometry([shape]),
            )
        )
    return tuple(made)


def band_text(share_fraction: float, _: Translate) -> str:
    """What a band of densest ground is."""
    return _("densest ground with {share:.0%} of alerts").format(share=share_fraction)


def _together(shapes: GeometryArray) -> GeometryArray:
    there: list[Any] = [s for s in shapes.tolist() if s is not None]
    return as_geometry([shapely.multipolygons(shapely.get_parts(as_geometry(there)))])
