"""Whether a road file lies where the county does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray

# Places may lie this far outside the roads' extent: an extract cut along the border.
_MARGIN_DEG = 0.02
_NAMED = 5


def cover_problems(
    shown: str,
    road_lon_deg: FloatArray,
    road_lat_deg: FloatArray,
    names: Sequence[str],
    lon_deg: FloatArray,
    lat_deg: FloatArray,
) -> tuple[Problem, ...]:
    """An error where the roads miss the county, a warning where they miss part of it.

    Args:
        shown: The road file, as the planner wrote it.
        road_lon_deg: Junctions of the roads, WGS84, shape (N,).
        road_lat_deg: Likewise.
        names: Names of the county's places, P of them.
        lon_deg: Where they are, WGS84, shape (P,).
        lat_deg: Likewise.
    """
    if not len(road_lon_deg) or not len(lon_deg):
        return ()
    west, east = float(road_lon_deg.min()), float(road_lon_deg.max())
    south, north = float(road_lat_deg.min()), float(road_lat_deg.max())

    def inside(lon: FloatArray, lat: FloatArray) -> BoolArray:
        return (
            (lon >= west - _MARGIN_DEG)
            & (lon <= east + _MARGIN_DEG)
            & (lat >= south - _MARGIN_DEG)
            & (lat <= north + _MARGIN_DEG)
        )

    out = np.flatnonzero(~inside(lon_deg, lat_deg))
    if not len(out):
        return ()
    box = {"west": west, "east": east, "south": south, "north": north}
    if len(out) == len(lon_deg):
        if inside(lat_deg, lon_deg).any():
            return (
                Problem(
                    where=shown,
                    expected="roads where the county is; they fit if longitude and latitude are "
                    "exchanged",
                    fix="exchange longitude and latitude in the roads, or in stations and cells",
                ),
            )
        return (
            Problem(
                where=shown,
                expected="roads where the county is; the roads lie between {west:.2f} and "
                "{east:.2f} east, {south:.2f} and {north:.2f} north, the county around {lon:.2f} "
                "east, {lat:.2f} north",
                fix="take an extract that covers the county, or check the datum of the layers",
                params=box | {"lon": float(np.median(lon_deg)), "lat": float(np.median(lat_deg))},
            ),
        )
    said = "、".join(names[row] for row in out[:_NAMED].tolist())
    return (
        Problem(
            where=shown,
            expected="roads in the whole county: {n} of {total} places lie outside the roads' "
            "extent ({names})",
            fix="take a larger extract, one that reaches beyond the border of the county",
            params={
                "n": len(out),
                "total": len(lon_deg),
                "names": said + ("…" if len(out) > _NAMED else ""),
            },
            severity="warning",
        ),
    )
