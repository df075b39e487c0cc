"""GeoPackage files: layers in one go, whole or not at all, the same content in the same bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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
_TIME = "2000-01-01T00:00:00.000Z"
_FIXED_TIME = {"OGR_CURRENT_DATE": _TIME}
_GEOMETRY = "geom"
"""Name that GDAL gives the geometry column of a GeoPackage."""
STYLES = "layer_styles"
_STYLE_TABLE = f"""
CREATE TABLE {STYLES} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
 f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),
 styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
 update_time DATETIME)
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One layer.

    Attributes:
        name: Its table name.
        title: English description, translated when written.
        columns: Values by column name, one per feature.
        geometry: One per feature, in WGS84; None for a table without places.
        kind: Kind of geometry, such as `MultiPolygon`; None without places.
        style: QML by which QGIS draws it; empty: QGIS's own choice.
    """

    name: str
    title: str
    columns: dict[str, Any]
    geometry: GeometryArray | None
    kind: str | None
    style: str = ""


def write_layers(
    path: Path,
    layers: Sequence[Layer],
    translate: Translate = untranslated,
    *,
    attribution: str = "",
) -> None:
    """Write `layers` to one file (EPSG:4326), atomically; a layer without features too.

    Args:
        path: The file.
        layers: What to write.
        translate: Of the layers' titles.
        attribution: Whose data it is, for the metadata of the file.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as aside, _fixed_time():
        try:
            about = {"dataset_metadata": {"ATTRIBUTION": attribution}} if attribution else {}
            for layer in layers:
                _write(aside, layer, translate, about)
                about = {}
            _write_styles(aside, layers, translate)
        except (DataSourceError, DataLayerError, sqlite3.Error) as error:
            raise InputError([_unwritable(path, error)]) from error


def _write(
    path: Path, layer: Layer, translate: Translate, about: dict[str, dict[str, str]]
) -> None:
    frame: Any = pd.DataFrame({k: plain_column(v) for k, v in layer.columns.items()})
    options: dict[str, Any] = {"layer_options": {"DESCRIPTION": translate(layer.title)}, **about}
    if layer.geometry is not None:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(layer.geometry, crs="EPSG:4326"))
        options["geometry_type"] = layer.kind
    pyogrio.write_dataframe(frame, path, layer=layer.name, driver="GPKG", **options)


def _write_styles(path: Path, layers: Sequence[Layer], translate: Translate) -> None:
    """The table in which QGIS looks for the style of a layer that it opens.

    QGIS makes it itself when a user saves a style; columns and contents are the same.
    """
    styled = [layer for layer in layers if layer.style]
    if not styled:
        return
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_STYLE_TABLE)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description,"
            " last_change, srs_id) VALUES (?, 'attributes', ?, '', ?, 0)",
            (STYLES, STYLES, _TIME),
        )
        database.executemany(
            f"INSERT INTO {STYLES} (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " ui, update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', '', ?)",
            [
                (layer.name, _GEOMETRY, layer.name, layer.style, translate(layer.title), _TIME)
                for layer in styled
            ],
        )


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
