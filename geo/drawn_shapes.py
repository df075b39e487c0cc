"""Lines and areas that a planner drew in a GIS: all of a file, or one feature of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from geo.crs import WGS84, geometry_to_wgs84
from geo.plane import GeometryArray, as_geometry

_NAMES = ("name", "名称", "道路名称", "路名", "label", "标注", "title")
_IDS = ("id", "road_id", "编号", "道路编号", "osm_id", "fid")
_BROKEN = (
    DataSourceError, DataLayerError, FieldError, OSError, ValueError, TypeError,
    shapely.errors.ShapelyError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """What a file holds.

    Attributes:
        shapes: Lines and areas in WGS84, one part each.
        known: Names and ids of its features, for a feature that was not found.
        is_found: Whether the feature that was asked for is there.
    """

    shapes: GeometryArray
    known: tuple[str, ...] = ()
    is_found: bool = True


def read_drawn(path: Path, feature: str, crs: str) -> Drawn | None:
    """Lines and areas of a GeoJSON file, GeoPackage or Shapefile; None where it has none.

    Args:
        path: The file.
        feature: Name or id of a feature; empty = all.
        crs: Datum of the coordinates, where the file does not say: GeoJSON never does.
    """
    try:
        is_json = path.suffix.lower() in (".geojson", ".json")
        features = list(_of_geojson(path) if is_json else _of_gis(path))
    except _BROKEN:
        return None
    known = [text for texts, *_ in features for text in texts]
    features = [one for one in features if not feature or feature in one[0]]
    found: list[Any] = []
    for _, shape, own_crs in features:
        parts = shapely.get_parts(shapely.force_2d(shape))
        good = np.isin(shapely.get_dimensions(parts), (1, 2)) & ~shapely.is_empty(parts)
        if good.any():
            mended = as_geometry(shapely.make_valid(parts[good]))
            found += geometry_to_wgs84(mended, own_crs or crs).tolist()
    if feature and not features:
        return Drawn(shapes=as_geometry([]), known=tuple(dict.fromkeys(known)), is_found=False)
    return Drawn(shapes=as_geometry(found)) if found else None


def _of_geojson(path: Path) -> Iterable[tuple[list[str], Any, str | None]]:
    """Texts that call each feature, and its shape."""
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    for feature in _features(document):
        geometry: Any = feature
        called: list[str] = []
        if feature.get("type") == "Feature":
            geometry, given = feature.get("geometry"), feature.get("properties") or {}
            given = {str(k).lower(): v for k, v in given.items()}
            called = _called([given.get(k) for k in _NAMES], [feature.get("id")])
            called += _called([given.get(k) for k in _IDS])
        if geometry is not None:
            yield called, shapely.from_geojson(json.dumps(geometry)), None


def _features(document: object) -> Iterable[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        raise ValueError("not GeoJSON")
    if document.get("type") == "FeatureCollection":
        for one in document.get("features", ()):
            yield from _features(one)
    else:
        yield document


def _of_gis(path: Path) -> Iterable[tuple[list[str], Any, str | None]]:
    """The same of every layer of a GeoPackage, or of a Shapefile."""
    for layer, kind in pyogrio.list_layers(path):
        if kind is None:
            continue
        frame = gpd.read_file(path, layer=layer, engine="pyogrio", fid_as_index=True)
        has_crs = frame.crs is not None
        shapes = (frame.to_crs(WGS84) if has_crs else frame).geometry.to_numpy()
        columns = {str(c).lower(): frame[c].tolist() for c in frame.columns}
        for row, shape in enumerate(shapes.tolist()):
            called = _called([columns[k][row] for k in (*_NAMES, *_IDS) if k in columns])
            called += _called([frame.index[row]])
            if shape is not None:
                yield called, shape, WGS84 if has_crs else None


def _called(*groups: Iterable[object]) -> list[str]:
    found = []
    for value in (v for group in groups for v in group):
        if value is None or value != value:  # NaN
            continue
        whole = isinstance(value, float) and value.is_integer()
        found.append(str(int(value) if whole else value))  # type: ignore[call-overload]
    return list(dict.fromkeys(found))
