"""GeoPackage, Shapefile and GeoJSON layers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pyogrio import raw as ogr

from geo.crs import from_wgs84
from tests.reading import (
    AREAS,
    EAST,
    POINTS,
    SQUARE,
    only,
    read,
    texts,
)


def layer(
    path: Path, shapes: Sequence[object], *, crs: str | None = "EPSG:4326", **rest: Any
) -> Path:
    drivers = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}
    fields = rest.pop("fields", {"编号": [f"0{i}" for i in range(1, len(shapes) + 1)]})
    kinds = {shapely.get_type_id(s) for s in shapes if s is not None}
    ogr.write(
        path,
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[
            np.array(v) if isinstance(v[0], int | float) else np.array(v, dtype=object)
            for v in fields.values()
        ],
        fields=list(fields),
        crs=crs,
        driver=drivers[path.suffix],
        geometry_type=rest.pop("kind", {0: "Point", 1: "LineString", 3: "Polygon"}[min(kinds)]),
        **rest,
    )
    return path


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_vector_layers(tmp_path: Path, ending: str) -> None:
    path = layer(
        tmp_path / f"c{ending}", [SQUARE, EAST], fields={"编号": ["01", "02"], "手机": ["1", "2"]}
    )
    table = read(path, AREAS, crs=None)
    assert not table.problems
    assert table.frame["cell_id"].tolist() == ["01", "02"]
    assert table.frame["row"].tolist() == [1, 2]
    assert list(table.frame.columns) == ["row", "cell_id", "lon_deg", "lat_deg"]
    assert table.geometry is not None
    assert [g.equals(s) for g, s in zip(table.geometry, [SQUARE, EAST], strict=True)] == [
        True,
        True,
    ]
    inside = shapely.points(table.frame["lon_deg"], table.frame["lat_deg"])
    assert shapely.contains(table.geometry, inside).all()


def test_shapes_stay_beside_their_rows(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.gpkg", [SQUARE, EAST], fields={"编号": ["", "02"]})
    table = read(path, AREAS, crs=None)
    assert table.frame["cell_id"].tolist() == ["02"]
    assert table.geometry is not None
    assert [g.equals(EAST) for g in table.geometry] == [True]


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_rows_of_layers_are_features(tmp_path: Path, ending: str) -> None:
    shapes = [POINTS[0], POINTS[1]]
    path = layer(tmp_path / f"s{ending}", shapes, fields={"编号": ["1", "1"], "民警": [3, -4]})
    table = read(path, crs=None)
    assert texts(table)[0].startswith(
        f"s{ending} feature 2 编号 = 1: expected each value once; row 1"
    )
    assert texts(table)[1] == f"s{ending} feature 2 民警 = -4: expected a whole number ≥ 0"
    assert (
        table.problems[0]
        .text(lambda t: {"feature {row}": "第{row}个要素"}.get(t, t))
        .startswith(f"s{ending} 第2个要素")
    )
    assert table.frame["lon_deg"].tolist() == [107.35]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("declared", [True, False])
def test_shapefile_text(tmp_path: Path, encoding: str, declared: bool) -> None:
    fields = {"编号": ["01", "02"], "名称": ["桂溪派出所", "龙溪"], "民警": [3, 4]}
    path = layer(tmp_path / "s.shp", POINTS, fields=fields, encoding=encoding)
    if not declared:
        path.with_suffix(".cpg").unlink()
    table = read(path, crs=None)
    assert not table.problems
    assert table.frame["name"].tolist() == ["桂溪派出所", "龙溪"]
    assert table.frame["officers"].tolist() == [3, 4]


def test_shapefile_in_an_unknown_encoding(tmp_path: Path) -> None:
    fields = {"编号": ["1", "2"], "name": ["caf\xe9 x", "y"], "民警": [3, 4]}
    path = layer(
        tmp_path / "s.shp", POINTS, fields={**fields, "name": ["cafe x", "y"]}, encoding="GB18030"
    )
    path.with_suffix(".cpg").unlink()
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"cafe x", b"caf\xe9 x"))
    assert "text in UTF-8 or GB18030" in only(read(path, crs=None)).text()


def test_shapefile_without_its_parts(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.shp", [SQUARE])
    path.with_suffix(".dbf").unlink()
    assert "the files c.dbf beside it" in only(read(path, AREAS, crs=None)).text()


def test_geojson_in_gb18030(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.geojson", [SQUARE], fields={"编号": ["桂溪"]})
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert read(path, AREAS, crs=None).frame["cell_id"].tolist() == ["桂溪"]
    path.write_bytes(b'{"\xff\xff')
    assert "byte 2 in line 1 is not" in only(read(path, AREAS)).text()


def test_old_geojson_in_metres(tmp_path: Path) -> None:
    # Before the standard of 2016 any coordinates could stand in a GeoJSON.
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    path = tmp_path / "s.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"编号":"1","民警":2},'
        f'"geometry":{{"type":"Point","coordinates":[{x},{y},300]}}}}]}}',
        encoding="utf-8",
    )
    table = read(path, crs="EPSG:4524")
    assert not table.problems
    assert table.frame["lon_deg"].tolist() == pytest.approx([107.35])
    assert table.geometry is not None
    assert not table.geometry[0].has_z


def test_other_formats_under_a_familiar_ending(tmp_path: Path) -> None:
    # GDAL would open both by their content, and a VRT may point anywhere.
    target = layer(tmp_path / "c.geojson", [SQUARE])
    vrt = tmp_path / "v.geojson"
    vrt.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="c"><SrcDataSource>'
        f"{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    assert "a readable GeoJSON file; this one is damaged" in only(read(vrt, AREAS)).text()
    with sqlite3.connect(tmp_path / "d.gpkg") as database:
        database.execute("create table cells (cell_id text)")
    assert (
        "a readable GeoPackage file; this one is damaged"
        in only(read(tmp_path / "d.gpkg", AREAS)).text()
    )


def test_geopackage_layers(tmp_path: Path) -> None:
    path = layer(tmp_path / "c.gpkg", [SQUARE], layer="村")
    layer(path, POINTS, layer="点", append=True)
    assert not read(path, AREAS, crs=None, sheet="村").problems
    assert "the file has: " in only(read(path, AREAS)).text()
    assert "a layer named x" in only(read(path, AREAS, sheet="x")).text()
    layer(path, [EAST], layer="Cells", append=True)
    table = read(path, AREAS, crs=None)
    assert table.geometry is not None
    assert table.geometry[0].equals(EAST)


def test_geopackage_times_are_wall_clock(tmp_path: Path) -> None:
    # The format stamps every time as UTC, whatever clock its writer went by.
    path = tmp_path / "s.gpkg"
    ogr.write(
        path,
        geometry=shapely.to_wkb(np.array(POINTS[:1], dtype=object)),
        field_data=[
            np.array(["1"], dtype=object),
            np.array([1]),
            np.array(["2024-01-05T08:05"], "M8[ms]"),
        ],
        fields=["编号", "民警", "opened_at"],
        crs="EPSG:4326",
        driver="GPKG",
        geometry_type="Point",
        gdal_tz_offsets={"opened_at": np.array([100], dtype=np.int8)},
    )
    stored = ogr.read(path, columns=["opened_at"], datetime_as_string=True)[3][0][0]
    assert stored.endswith("Z")
    assert read(path, crs=None).frame["opened_at"].tolist() == [pd.Timestamp("2024-01-05 08:05")]


def test_shapefile_that_is_none(tmp_path: Path) -> None:
    for ending in (".shp", ".dbf", ".shx"):
        (tmp_path / f"s{ending}").write_bytes(b"junk" * 50)
    assert "a readable Shapefile file; this one is damaged" in only(read(tmp_path / "s.shp")).text()
