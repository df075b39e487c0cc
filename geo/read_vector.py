"""GeoPackage, Shapefile and GeoJSON layers, with feature numbers from 1."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from geo.columns import Schema, match_headers
from geo.crs import WGS84
from geo.encoding import UndecodableError, decode
from geo.faults import FEATURE
from geo.raw import Raw, Source, choose_part, refuse, unreadable

# GDAL picks a driver by content; these first bytes make sure that it is the one the name says.
_GPKG_MAGIC = b"SQLite format 3\0"
_SHP_MAGIC = b"\x00\x00\x27\x0a"
# Every byte is a character in Latin-1, so text read through it can be turned back into bytes.
_BYTES = "ISO-8859-1"
_GEOJSON_CRS = ("EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84h")

_BROKEN = (DataSourceError, DataLayerError, FieldError, shapely.errors.ShapelyError)


def read_gpkg(source: Source, schema: Schema) -> Raw:
    """Read one layer of a GeoPackage: only the columns of `schema`, and the shapes.

    Raises:
        InputError: no GeoPackage, or no such layer.
    """
    with source.path.open("rb") as file:
        if file.read(len(_GPKG_MAGIC)) != _GPKG_MAGIC:
            raise unreadable(source, "GeoPackage", "QGIS")
    try:
        with _quiet():
            layers = [str(name) for name, _ in pyogrio.list_layers(source.path)]
        layer = choose_part(source, layers, "layer")
        # The format knows only UTC and its writers put wall-clock time there all the same.
        return _read(source, schema, source.path, layer=layer, drop_zone=True)
    except _BROKEN as error:
        raise unreadable(source, "GeoPackage", "QGIS") from error


def read_geojson(source: Source, schema: Schema) -> Raw:
    """Read a GeoJSON feature collection: only the columns of `schema`, and the shapes.

    Raises:
        InputError: no GeoJSON, or bytes in no known encoding.
    """
    try:
        text = decode(source.path.read_bytes()).text
    except UndecodableError as error:
        raise refuse(
            source,
            "text in UTF-8; byte {byte} in line {line} is not",
            "save the file again as UTF-8",
            byte=f"{error.byte_offset:,}",
            line=error.line,
        ) from error
    if not text.lstrip().startswith("{"):
        raise unreadable(source, "GeoJSON", "QGIS")
    try:
        raw = _read(source, schema, text.encode())
    except _BROKEN as error:
        raise unreadable(source, "GeoJSON", "QGIS") from error
    if raw.crs in _GEOJSON_CRS:
        # The format means WGS84; a file seldom says so, hence a declared datum goes first.
        return replace(raw, crs=None, default_crs=WGS84)
    return raw


def read_shp(source: Source, schema: Schema) -> Raw:
    """Read a Shapefile: only the columns of `schema`, and the shapes.

    Without a `.cpg` the text is read as strict UTF-8, then as strict GB18030.

    Raises:
        InputError: no Shapefile, a part of it missing, or text in no known encoding.
    """
    beside = {p.suffix.lower() for p in _siblings(source.path)}
    lost = [ending for ending in (".dbf", ".shx") if ending not in beside]
    if lost:
        raise refuse(
            source,
            "the files {names} beside it",
            "copy all parts of the Shapefile together",
            names=", ".join(source.path.stem + ending for ending in lost),
        )
    with source.path.open("rb") as file:
        if file.read(4) != _SHP_MAGIC:
            raise unreadable(source, "Shapefile", "QGIS")
    try:
        if ".cpg" in beside:
            return _read(source, schema, source.path)
        return _read_undeclared_text(source, schema)
    except UnicodeDecodeError as error:
        raise refuse(
            source,
            "text in UTF-8 or GB18030 (GBK), or a .cpg file that names the encoding",
            "export the layer again with encoding UTF-8",
        ) from error
    except _BROKEN as error:
        raise unreadable(source, "Shapefile", "QGIS") from error


def _siblings(path: Path) -> list[Path]:
    return [p for p in path.parent.iterdir() if p.stem == path.stem]


def _read_undeclared_text(source: Source, schema: Schema) -> Raw:
    try:
        return _read(source, schema, source.path, decoded_as="utf-8")
    except UnicodeDecodeError:
        return _read(source, schema, source.path, decoded_as="gb18030")


def _read(
    source: Source,
    schema: Schema,
    at: Path | bytes,
    *,
    layer: str | None = None,
    decoded_as: str | None = None,
    drop_zone: bool = False,
) -> Raw:
    """Read through GDAL; with `decoded_as` the bytes of the text are decoded here, strictly."""
    encoding = None if decoded_as is None else _BYTES
    with _quiet():
        info = pyogrio.read_info(at, layer=layer, encoding=encoding)
    fields = [str(f) for f in info["fields"]]
    has_geometry = info["geometry_type"] is not None
    match = match_headers(
        [_decoded(f, decoded_as) for f in fields],
        schema,
        source.columns,
        where=source.shown,
        has_geometry=has_geometry,
    )
    wanted = [fields[match.position[c.name]] for c in match.columns]
    with _quiet():
        meta, _, shapes, arrays = pyogrio.raw.read(
            at,
            layer=layer,
            encoding=encoding,
            columns=wanted,
            read_geometry=has_geometry,
            datetime_as_string=True,
        )
    by_field = {
        str(name): _without_zone(array) if drop_zone and "datetime" in str(kind) else array
        for name, kind, array in zip(meta["fields"], meta["dtypes"], arrays, strict=True)
    }
    values = {
        c.name: _decoded_array(by_field[name], decoded_as)
        for c, name in zip(match.columns, wanted, strict=True)
    }
    n_rows = len(shapes) if has_geometry else int(info["features"])
    return Raw(
        match=match,
        values=values,
        row=np.arange(1, n_rows + 1, dtype=np.int64),
        counted=FEATURE,
        geometry=shapely.from_wkb(shapes, on_invalid="ignore") if has_geometry else None,
        crs=None if meta["crs"] is None else str(meta["crs"]),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without GDAL's own warnings: they show paths, and what matters is checked row by row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _decoded(text: str, decoded_as: str | None) -> str:
    return text if decoded_as is None else text.encode(_BYTES).decode(decoded_as)


def _decoded_array(array: NDArray[Any], decoded_as: str | None) -> NDArray[Any]:
    if decoded_as is None or array.dtype.kind != "O":
        return array
    decoded = np.empty(array.shape, dtype=object)
    decoded[:] = [_decoded(v, decoded_as) if isinstance(v, str) else v for v in array.tolist()]
    return decoded


def _without_zone(times: NDArray[Any]) -> NDArray[Any]:
    bare = np.empty(times.shape, dtype=object)
    bare[:] = [v.removesuffix("Z") if isinstance(v, str) else v for v in times.tolist()]
    return bare
