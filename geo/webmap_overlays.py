"""Layers from outside for the interactive map: hot spots, beats, whatever a GIS has saved."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from geo.crs import WGS84
from geo.fonts import one_line
from geo.plane import as_geometry
from geo.webmap_scene import Kind, Overlay
from optimizer.errors import InputError, Problem

_DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".gpkg": "GPKG"}
_LABELS = ("name", "名称", "label", "标注", "title", "id", "编号")
_KINDS: tuple[Kind, ...] = ("points", "lines", "areas")
_DETAIL_DEG = 2e-5
_MOST_FEATURES = 20_000
_BROKEN = (DataSourceError, DataLayerError, FieldError, shapely.errors.ShapelyError, OSError)


def read_overlay(path: Path) -> tuple[Overlay, ...]:
    """The layers of a GeoJSON file or GeoPackage, one overlay for each kind of shape in each.

    GeoJSON is WGS84 by its standard; a GeoPackage says which coordinates it holds. A label comes
    from a column `name`, `名称`, `label`, `标注`, `title`, `id` or `编号`, whichever comes first.

    Raises:
        InputError: no such file, another format, no shapes, too many of them, or no coordinate
            system.
    """
    if path.suffix.lower() not in _DRIVERS:
        raise InputError([_problem(path, "a .geojson or .gpkg file", "save the layer as GeoJSON")])
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        frames = [gpd.read_file(path, layer=name, engine="pyogrio") for name in layers]
    except _BROKEN as error:
        raise InputError(
            [_problem(path, "a file that a GIS can open", "save it again from QGIS")]
        ) from error
    found: list[Overlay] = []
    for name, frame in zip(layers, frames, strict=True):
        if not isinstance(frame, gpd.GeoDataFrame):
            continue
        shown = path.stem if len(layers) == 1 else f"{path.stem} · {name}"
        found += _overlays(path, shown, frame)
    if not found:
        raise InputError([_problem(path, "at least one point, line or area", "check the layer")])
    return tuple(found)


def _overlays(path: Path, shown: str, frame: gpd.GeoDataFrame) -> list[Overlay]:
    if len(frame) > _MOST_FEATURES:
        raise InputError(
            [_problem(path, "at most 20,000 shapes", "keep only what the map should show")]
        )
    if frame.crs is None:
        raise InputError(
            [
                _problem(
                    path,
                    "a layer that says which coordinate system it is in",
                    "set the layer's coordinate system in QGIS and save it again",
                )
            ]
        )
    shapes = shapely.force_2d(frame.to_crs(WGS84).geometry.to_numpy())
    labels = _labels(frame)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kind = shapely.get_dimensions(shapes)
    found = []
    for dimension, name in enumerate(_KINDS):
        rows = np.flatnonzero(there & (kind == dimension)).tolist()
        if rows:
            thin = shapely.simplify(as_geometry(shapes[rows]), _DETAIL_DEG)
            features = tuple(zip(thin.tolist(), [labels[r] for r in rows], strict=True))
            found.append((name, features))
    many = len(found) > 1
    return [
        Overlay(name=f"{shown} ({name})" if many else shown, features=features, kind=name)
        for name, features in found
    ]


def _labels(frame: gpd.GeoDataFrame) -> list[str]:
    columns = {str(c).lower(): c for c in frame.columns}
    column = next((columns[label] for label in _LABELS if label in columns), None)
    if column is None:
        return [""] * len(frame)
    return ["" if pd.isna(v) else one_line(str(v)) for v in frame[column].tolist()]


def _problem(path: Path, expected: str, fix: str) -> Problem:
    return Problem(where=str(path), expected=expected, fix=fix)
