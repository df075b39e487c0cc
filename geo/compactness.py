"""How compact areas are: Polsby-Popper and Reock, both 1 for a disc."""

from __future__ import annotations

import numpy as np
import shapely

from geo.plane import GeometryArray, as_geometry
from optimizer.frozen import FloatArray


def polsby_popper(shapes: GeometryArray) -> FloatArray:
    """4 pi x area / perimeter² (Polsby and Popper 1991), holes' rims counted.

    Args:
        shapes: Areas on a plane, shape (N,).

    Returns:
        From 0 to 1, shape (N,); NaN for what has no area.
    """
    areas = as_geometry(shapes)
    rim = shapely.length(areas)
    return _share(4.0 * np.pi * shapely.area(areas), rim**2)


def reock(shapes: GeometryArray) -> FloatArray:
    """Area / area of the smallest disc around it (Reock 1961).

    Args:
        shapes: Areas on a plane, shape (N,).

    Returns:
        From 0 to 1, shape (N,); NaN for what has no area.
    """
    areas = as_geometry(shapes)
    radius = shapely.minimum_bounding_radius(areas)
    return _share(shapely.area(areas), np.pi * radius**2)


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    there = np.isfinite(part) & np.isfinite(whole) & (part > 0) & (whole > 0)
    found: FloatArray = np.full(len(part), np.nan)
    return np.divide(part, whole, out=found, where=there)
