"""Parquet tables, GeoParquet included, with record numbers from 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from geo.columns import Schema, match_headers
from geo.crs import WGS84
from geo.faults import RECORD
from geo.raw import Raw, Source, refuse, unreadable
from optimizer.errors import InputError


def read_parquet(source: Source, schema: Schema) -> Raw:
    """Read a Parquet file: only the columns of `schema`, and the shapes of a GeoParquet.

    Raises:
        InputError: no Parquet file, or shapes that are not WKB.
    """
    try:
        file = pq.ParquetFile(source.path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(source, "Parquet", "pandas") from error
    names = list(file.schema_arrow.names)
    shape, crs = shape_column(source, file.schema_arrow.metadata or {})
    match = match_headers(
        names,
        schema,
        source.columns,
        where=source.shown,
        has_geometry=shape is not None,
    )
    wanted = [names[match.position[c.name]] for c in match.columns]
    if len({*names}) < len(names) and match.problems:
        raise InputError(match.problems)
    try:
        table = file.read(columns=[*wanted, *([shape] if shape else [])])
    except (pa.ArrowException, OSError) as error:
        raise unreadable(source, "Parquet", "pandas") from error
    geometry = None
    if shape is not None:
        blobs = _array(table.column(shape))
        geometry = shapely.from_wkb(blobs, on_invalid="ignore")
    return Raw(
        match=match,
        values={
            c.name: _array(table.column(name))
            for c, name in zip(match.columns, wanted, strict=True)
        },
        row=np.arange(1, table.num_rows + 1, dtype=np.int64),
        counted=RECORD,
        geometry=geometry,
        crs=crs,
    )


def shape_column(source: Source, metadata: Mapping[bytes, bytes]) -> tuple[str | None, str | None]:
    """Name and coordinate system of a GeoParquet's shapes; (None, None) for a plain table."""
    if b"geo" not in metadata:
        return None, None
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        about = geo["columns"][name]
        encoding = about["encoding"]
        # The format's default is WGS84; a null says "unknown".
        crs = _crs_text(about["crs"]) if "crs" in about else WGS84
    except (ValueError, KeyError, TypeError, CRSError) as error:
        raise unreadable(source, "GeoParquet", "pandas") from error
    if encoding != "WKB":
        raise refuse(source, "GeoParquet shapes as WKB", "write the file again with WKB shapes")
    return str(name), crs


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    kind = column.type
    if pa.types.is_integer(kind) and column.null_count:
        # Floats would round long ids.
        column = column.cast(pa.string())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        local = column.to_pandas()
        if str(kind.tz).upper() in ("UTC", "Z", "+00:00", "GMT", "ETC/UTC"):
            return np.asarray(local.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), dtype=object)
        return np.asarray(local.dt.tz_localize(None).to_numpy())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(column.to_pylist(), dtype=object)
    return np.asarray(column.to_numpy())


def _crs_text(crs: object) -> str | None:
    if crs is None:
        return None
    found = pyproj.CRS.from_user_input(crs)
    code = found.to_epsg()
    return found.to_wkt() if code is None else f"EPSG:{code}"
