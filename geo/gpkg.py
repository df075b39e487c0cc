"""GeoPackage files: layers in one go, whole or not at all, the same content in the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from geo.atomic import atomic_path
from geo.jurisdictions import GeometryArray
from optimizer.errors import InputError, Problem, Translate, untranslated

# GeoPackage stores when a layer last changed; a fixed time keeps equal plans equal files.
_FIXED_TIME = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One layer.

    Attributes:
        name: Its table name.
        title: English description, translated when written.
        columns: Values by column name, one per feature.
        geometry: One per feature, in WGS84; None for a table without places.
        kind: Kind of geometry, such as `MultiPolygon`; None without places.
    """

    name: str
    title: str
    columns: dict[str, Any]
    geometry: GeometryArray | None
    kind: str | None


def write_layers(path: Path, layers: Sequence[Layer], translate: Translate = untranslated) -> None:
    """Write `layers` to one file (EPSG:4326), atomically; a layer without features too.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as aside, _fixed_time():
        try:
            for layer in layers:
                _write(aside, layer, translate)
        except (DataSourceError, DataLayerError) as error:
            raise InputError([_unwritable(path, error)]) from error


def _write(path: Path, layer: Layer, translate: Translate) -> None:
    frame: Any = pd.DataFrame({k: plain_column(v) for k, v in layer.columns.items()})
    options: dict[str, Any] = {"layer_options": {"DESCRIPTION": translate(layer.title)}}
    if layer.geometry is not None:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(layer.geometry, crs="EPSG:4326"))
        options["geometry_type"] = layer.kind
    pyogrio.write_dataframe(frame, path, layer=layer.name, driver="GPKG", **options)


def plain_column(values: Any) -> Any:
    """A column that GeoPackage holds: lists as text, infinities empty, text typed even if empty."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "f":
            return np.where(np.isfinite(values), values, np.nan)
        return values
    if isinstance(values, pd.Series | pd.api.extensions.ExtensionArray):
        return values
    texts = ["; ".join(map(str, v)) if isinstance(v, list | tuple) else v for v in values]
    if all(v is None or isinstance(v, str) for v in texts):
        return pd.Series(texts, dtype="object" if texts else "str")
    series = pd.Series(texts)
    return series.replace([np.inf, -np.inf], np.nan) if series.dtype.kind == "f" else series


def multipolygons(shapes: GeometryArray) -> GeometryArray:
    """Polygons as multipolygons, so that a layer holds one kind; None where there is no area."""
    found: GeometryArray = np.full(len(shapes), None, dtype=object)
    for i, shape in enumerate(shapes):
        if shape is not None:
            parts = shapely.get_parts(shapely.get_parts(shape))
            parts = parts[shapely.get_dimensions(parts) == 2]
            found[i] = shapely.multipolygons(parts) if len(parts) else None
    return found


@contextmanager
def _fixed_time() -> Iterator[None]:
    """GDAL's idea of now, as it was before on leaving."""
    before = {k: pyogrio.get_gdal_config_option(k) for k in _FIXED_TIME}
    pyogrio.set_gdal_config_options(_FIXED_TIME)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _unwritable(path: Path, error: Exception) -> Problem:
    return Problem(
        where=str(path),
        value=str(error).splitlines()[0][:120],
        expected="a file that can be written",
        fix="close QGIS if it has the file open, check the folder's permissions and free space",
    )
