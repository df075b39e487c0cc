"""What the tests of the readers share: schemas, small files, and ways to look at a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely

from geo.readers import Column, Schema, Source, Table, read_table
from optimizer.errors import Problem

COLUMNS = (
    Column(name="station_id", kind="id", required=True, aliases=("编号",)),
    Column(name="name", kind="text", aliases=("名称",)),
    Column(name="lon", kind="lon", required=True, aliases=("经度", "X")),
    Column(name="lat", kind="lat", required=True, aliases=("纬度", "Y")),
    Column(name="officers", kind="count", required=True, aliases=("民警",)),
    Column(name="opened_at", kind="time", minimum=2000, maximum=2035),
)
SCHEMA = Schema(
    layer="stations",
    columns=COLUMNS,
    prefix_columns=("alerts_per_year",),
    geometry="any",
    unique=("station_id",),
)
AREAS = Schema(
    layer="cells",
    columns=(Column(name="cell_id", kind="id", required=True, aliases=("编号",)), *COLUMNS[2:4]),
    geometry="polygon",
    unique=("cell_id",),
)


def read(path: Path, schema: Schema = SCHEMA, crs: str | None = "WGS84", **rest: Any) -> Table:
    return read_table(
        Source(layer=schema.layer, path=path, shown=path.name, crs=crs, **rest), schema
    )


def csv(folder: Path, *lines: str, name: str = "s.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


HEAD = "station_id,name,lon,lat,officers"
GOOD = "01,桂溪派出所,107.35,30.32,21"


def texts(table: Table) -> list[str]:
    return [p.text() for p in table.problems]


def only(table: Table) -> Problem:
    (problem,) = table.problems
    return problem


SQUARE = shapely.box(107.3, 30.3, 107.4, 30.4)
EAST = shapely.box(107.4, 30.3, 107.5, 30.4)
POINTS = [shapely.Point(107.35, 30.32), shapely.Point(107.36, 30.33)]
