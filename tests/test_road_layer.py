"""A layer of road lines: kept beside the case, recorded, and what is said of bad ones."""

from __future__ import annotations

import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo import road_layer
from geo.osm import OsmOptions
from geo.readers import Source, Table
from geo.road_graph import ARRAYS
from geo.road_layer import LineOptions, RoadsRead, read_line_layer, read_osm_layer
from geo.roads import roads_from_table
from optimizer.errors import untranslated
from optimizer.policy import Roads
from scenarios.quality import roads_sheet
from tests import osm_text as osm

LON, LAT = 107.3, 30.3


def feature(points: list[tuple[float, float]], **properties: Any) -> dict[str, Any]:
    line = [[LON + x, LAT + y] for x, y in points]
    geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


FEATURES = [
    feature([(0, 0), (0.01, 0)], road_id="G1-1", 等级="高速", 车速=None, 路名="绕城"),
    feature([(0.01, 0), (0.02, 0)], road_id="G1-2", 等级="高速", 车速=None, 路名="绕城"),
    feature([(0.02, 0), (0.03, 0)], road_id="X1", 等级="县道", 车速=60, 路名="前路"),
    feature([(0.02, 0), (0.02, 0.01)], road_id="X2", 等级="村道", 车速=0, 路名=""),
    feature([(0, 0.05), (0.01, 0.05)], road_id="X3", 等级="石板路", 车速=None, 路名=""),
    feature([(0, 0), (0, 0.01)], road_id="F1", 等级="footway", 车速=None, 路名=""),
]


def write(path: Path, features: list[dict[str, Any]]) -> Path:
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, roads: Roads | None = None, **options: Any) -> RoadsRead:
    source = Source(layer="roads", path=path, shown=path.name, crs="WGS84", strict=False)
    cache = path.parent / "kept"
    return read_line_layer(source, roads or Roads(), LineOptions(**options), cache)


def test_a_kept_layer_is_not_read_again_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "道路.geojson", FEATURES)
    first = read(path)
    monkeypatch.setattr(road_layer, "read_table", None)
    again = read(path)
    assert first.graph is not None
    assert again.graph is not None
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first.graph, name), getattr(again.graph, name))
    assert again.graph.texts == first.graph.texts
    assert again.graph.unused_ids == first.graph.unused_ids == ("F1",)
    assert again.graph.ids_are_texts
    assert [p.text() for p in again.problems] == [p.text() for p in first.problems]
    assert (again.quality, again.facts) == (first.quality, first.facts)
    # In a folder of another name the record speaks of that one.
    moved = Source(layer="roads", path=path, shown="roads/道路.geojson", crs="WGS84", strict=False)
    told = read_line_layer(moved, Roads(), LineOptions(), tmp_path / "kept")
    assert {p.where for p in told.problems} == {"roads/道路.geojson"}
    assert told.quality is not None
    assert told.quality.file == "roads/道路.geojson"


def test_rows_set_aside_are_kept_with_their_reasons(tmp_path: Path) -> None:
    broken = {"type": "Feature", "properties": {"等级": "县道"}, "geometry": None}
    path = write(tmp_path / "x.geojson", [*FEATURES, broken])
    first, again = read(path), read(path)
    assert len(first.quarantined) == len(again.quarantined) == 1
    said = [next(iter(r.quarantined["reason"])).text() for r in (first, again)]
    assert said[0] == said[1]


@pytest.mark.parametrize("change", ["speed", "oneway", "join", "merge", "columns", "file"])
def test_another_making_is_another_graph(tmp_path: Path, change: str) -> None:
    path = write(tmp_path / "x.geojson", FEATURES)
    read(path)
    if change == "speed":
        read(path, Roads(speed_km_per_h={**Roads().speed_km_per_h, "county": 20.0}))
    elif change == "columns":
        source = Source(
            layer="roads",
            path=path,
            shown=path.name,
            crs="WGS84",
            strict=False,
            columns={"name": "等级"},
        )
        read_line_layer(source, Roads(), LineOptions(), tmp_path / "kept")
    elif change == "file":
        read(write(path, FEATURES[:-1]))
    else:
        options: dict[str, Any] = {"oneway": False, "join": "crossings", "merge": 2.0}
        read(path, **{"merge_m" if change == "merge" else change: options[change]})
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_shapefile_is_all_of_its_files(tmp_path: Path) -> None:
    pytest.importorskip("geopandas")
    import geopandas

    line = shapely.LineString([(LON, LAT), (LON + 0.01, LAT)])
    path = tmp_path / "r.shp"
    for speed in (30, 60):
        frame = {"speed": [speed], "geometry": [line]}
        geopandas.GeoDataFrame(frame, crs="EPSG:4326").to_file(path)
        found = read(path).graph
        assert found is not None
        ms = found.travel_ms.tolist()
        assert (
            ms == [round(found.length_cm[0] / 100_000 / speed * 3.6e6)] * 2
            or abs(ms[0] - found.length_cm[0] * 36 / speed) < 1
        )
    # The lines are the same: the speeds are in the .dbf.
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_a_layer_gave(tmp_path: Path) -> None:
    facts = read(write(tmp_path / "x.geojson", FEATURES)).facts
    assert facts is not None
    assert (facts.rows_read, facts.rows_used, facts.with_speed) == (6, 5, 1)
    assert (facts.streets, facts.networks) == (4, 2)
    assert list(facts.km_by_class) == ["expressway", "county", "village", "other"]
    # 0.02 and 0.01 degrees east at 30.3 north: 96.1 km a degree.
    assert facts.km_by_class["expressway"] == pytest.approx(1.923, abs=2e-3)
    assert facts.apart_km == pytest.approx(0.961, abs=2e-3)
    assert facts.trap_km == 0.0
    assert facts.left_out == {"not_for_cars": 1, "bad_speed": 1, "unknown_class": 1}
    assert facts.turns_honoured is None


def test_what_an_osm_file_gave(tmp_path: Path) -> None:
    osm.write(
        tmp_path / "x.osm",
        osm.node(1, LON, LAT), osm.node(2, LON + 0.01, LAT), osm.node(3, LON + 0.01, LAT + 0.01),
        osm.node(4, LON + 0.02, LAT),
        osm.way(10, [1, 2], highway="primary", maxspeed="50"),
        osm.way(11, [2, 3], highway="primary", maxspeed="-5"),
        osm.way(12, [2, 4], highway="residential", oneway="yes"),
        osm.way(13, [1, 3], highway="footway"),
        osm.way(14, [3, 4], highway="residential", access="private"),
        osm.restriction(1, 10, 2, 11, "no_left_turn"),
    )  # fmt: skip
    source = Source(layer="roads", path=tmp_path / "x.osm", shown="x.osm")
    for _ in range(2):
        found = read_osm_layer(source, Roads(), OsmOptions(), tmp_path / "kept")
        facts = found.facts
        assert facts is not None
        assert (facts.rows_read, facts.rows_used, facts.with_speed) == (5, 3, 1)
        assert facts.left_out == {"not_for_cars": 1, "closed": 1, "bad_speed": 1}
        assert (facts.turns_honoured, facts.turns_ignored) == (1, 0)
    assert found.quality is not None
    assert facts is not None
    assert (found.quality.rows_read, found.quality.rows_kept) == (5, 3)
    away = {"stations": np.array([0.02]), "cells": np.array([0.05, 0.3, 1.25])}
    rows = {str(row[0]): row[1:] for row in roads_sheet(facts, away, untranslated).rows}
    assert rows["Roads used with a speed of their own"] == (1, "33%")
    assert rows["Length of class street, km"] == (1.0, "")
    assert rows["Turn restrictions that hold"] == (1, "")
    assert rows["Stations beside a road (within 100 m)"] == (1, "0 walk in, at most 0.02 km")
    assert rows["Cells beside a road (within 100 m)"] == (1, "2 walk in, at most 1.25 km")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = read(tmp_path / "none.geojson")
    assert found.graph is None
    assert [p.severity for p in found.problems] == ["error"]
    assert not (tmp_path / "kept").exists()


def test_a_layer_that_is_not_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [{"type": "Feat', encoding="utf-8")
    found = read(path)
    assert found.graph is None
    assert len([p for p in found.problems if p.severity == "error"]) == 1
    assert not (tmp_path / "kept").exists()


def test_longitude_and_latitude_exchanged(tmp_path: Path) -> None:
    turned = []
    for one in FEATURES:
        line = [[y, x] for x, y in one["geometry"]["coordinates"]]
        turned.append({**one, "geometry": {"type": "LineString", "coordinates": line}})
    found = read(write(tmp_path / "x.geojson", turned))
    assert found.graph is None
    said = [p.text() for p in found.problems if p.severity == "error"]
    assert said == [
        "x.geojson: expected longitude before latitude; latitude and longitude look swapped; "
        "swap the coordinates"
    ]


def test_auckland_as_lines_agrees_with_networkx(shared: Path) -> None:
    """The middle of a real metropolis, one line an arc: minutes as given, to the millisecond.

    By hand on all 90,638 lines, 5 places to all 54,370 junctions: largest difference 0 ms.
    """
    networkx = import_module("networkx")
    with zipfile.ZipFile(shared / "auckland" / "roads.zip") as packed:
        nodes = pd.read_csv(packed.open("nodes.csv"), skiprows=1).dropna(subset="x")
        arcs = pd.read_csv(packed.open("arcs.csv"), skiprows=5).dropna(subset="toNode")
    place = nodes[["x", "y"]].to_numpy()
    ends = arcs[["fromNode", "toNode"]].to_numpy(np.int64) - 1
    middle = (np.abs(place - np.median(place, axis=0)) < [0.03, 0.02]).all(axis=1)
    inside = middle[ends].all(axis=1)
    ends, minutes = ends[inside], arcs["mode_1"].to_numpy()[inside] * 1440.0
    frame = pd.DataFrame({
        "row": np.arange(len(ends)), "oneway": "yes", "travel_time_min": minutes,
    })  # fmt: skip
    graph, _ = roads_from_table(
        Table(
            source=Source(layer="roads", path=shared, shown="roads", strict=False),
            frame=frame, geometry=shapely.linestrings(place[ends]), problems=(),
            quarantined=pd.DataFrame(), rows_read=len(frame), duplicates=0, missing={},
            headers={}, counted="feature {row}",
        ),
        Roads(),
    )  # fmt: skip
    twin = networkx.DiGraph()
    for a, b, ms in zip(*ends.T.tolist(), np.rint(minutes * 60_000).tolist(), strict=True):
        if not twin.has_edge(a, b) or twin[a][b]["ms"] > ms:
            twin.add_edge(a, b, ms=ms)
    at = {tuple(p): i for i, p in enumerate(np.rint(place * 1e7).astype(int).tolist())}
    row = [at[p] for p in zip(graph.node_lon_e7.tolist(), graph.node_lat_e7.tolist(), strict=True)]
    cost = coo_array((graph.travel_ms.astype(float), (graph.tail(), graph.head)))
    found = dijkstra(_least(cost, graph.nodes), indices=0)
    told = networkx.single_source_dijkstra_path_length(twin, row[0], weight="ms")
    assert graph.nodes > 3000
    assert len(told) > 3000
    assert [told.get(one, np.inf) for one in row] == found.tolist()


def _least(cost: Any, nodes: int) -> Any:
    """Of parallel arcs the fastest."""
    order = np.lexsort((cost.data, cost.col, cost.row))
    key = cost.row[order].astype(np.int64) * nodes + cost.col[order]
    first = order[np.unique(key, return_index=True)[1]]
    at = (cost.row[first], cost.col[first])
    return coo_array((cost.data[first], at), shape=(nodes, nodes)).tocsr()
