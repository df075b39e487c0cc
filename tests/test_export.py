from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from geo.export import write_plan_gpkg
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.plan import Move, Plan, current_plan
from tests.places import cell_polygons, plan_of
from tests.toy import toy_county

LAYERS = (
    "jurisdictions_today", "jurisdictions_plan", "stations", "cells", "bundle_links", "moves",
    "road_duties", "roads", "road_changes", "barriers", "crossings", "townships", "provenance",
)  # fmt: skip
MOVES = (
    Move(from_id="q1", to_id="s02", officers=3, reason="road_duty"),
    Move(from_id="s01", to_id="s02", officers=15, reason="bundle"),
    Move(from_id="s04", to_id="u1", officers=2, reason="reassign"),
    Move(from_id="u1", to_id="s01", officers=1, reason="reassign"),
)


def county_of(**more: Any) -> County:
    """Five stations in a line with six cells each, a squad over all, a unit at the first seat."""
    return toy_county(n_stations=5, cells_per_station=6, n_squads=1, n_units=1, **more)


def plan_for(county: County) -> Plan:
    return plan_of(county, {"s02": ["s01", "s02"]}, dissolve=True, moves=MOVES)


def written(path: Path, county: County | None = None, **more: Any) -> Path:
    county = county or county_of()
    seat = np.column_stack([county.stations.lon_deg, county.stations.lat_deg])
    line = shapely.LineString(seat[:2])
    fields: dict[str, Any] = {
        "turnout_min": 2.0,
        "cell_geometry": cell_polygons(county),
        "road_lines": np.array([line, shapely.LineString(seat[1:3])], object),
        "road_class_names": ("county", "village"),
    }
    plan = more.pop("plan", None) or plan_for(county)
    assert write_plan_gpkg(path, county, plan, **{**fields, **more}) == LAYERS
    return path


def layer(path: Path, name: str) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(path, layer=name)


def test_every_layer_opens_valid_in_wgs84(tmp_path: Path) -> None:
    path = written(tmp_path / "plan.gpkg")
    kinds = dict(pyogrio.list_layers(path).tolist())
    assert tuple(kinds) == (*LAYERS, "layer_styles")
    counts = {}
    for name in LAYERS:
        frame = layer(path, name)
        counts[name] = len(frame)
        if kinds[name] is not None:
            assert frame.crs.to_epsg() == 4326
            assert set(frame.geometry.dropna().geom_type) <= {kinds[name]}
            assert frame.geometry.dropna().is_valid.all()
    assert counts == {
        "jurisdictions_today": 5, "jurisdictions_plan": 4, "stations": 5, "cells": 30,
        "bundle_links": 1, "moves": 4, "road_duties": 5, "roads": 2, "road_changes": 0,
        "barriers": 0, "crossings": 0, "townships": 5, "provenance": 1,
    }  # fmt: skip
    with sqlite3.connect(path) as database:
        assert database.execute("pragma application_id").fetchone() == (0x47504B47,)  # "GPKG"
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_jurisdictions_cover_the_cells_and_bundles_join_theirs(tmp_path: Path) -> None:
    county = county_of()
    path = written(tmp_path / "plan.gpkg", county)
    cells = shapely.union_all(cell_polygons(county))
    today = layer(path, "jurisdictions_today").set_index("station_id")
    plan = layer(path, "jurisdictions_plan").set_index("centre_id")
    for frame in (today, plan):
        area = shapely.area(frame.geometry.to_numpy()).sum()  # in degrees: only for comparing
        assert area == pytest.approx(cells.area, rel=1e-5)
        assert frame.geometry.union_all().symmetric_difference(cells).area < 1e-5 * cells.area
    pair = today.geometry["s01"].union(today.geometry["s02"])
    assert plan.geometry["s02"].symmetric_difference(pair).area < 1e-5 * pair.area
    assert plan.loc["s02", ["station_ids", "centre_name", "n_stations"]].tolist() == [
        "s01; s02", "Station 2", 2,
    ]  # fmt: skip
    assert plan.loc["s02", ["officers_before", "officers_after"]].tolist() == [30, 30]
    assert plan["alerts_per_year"].sum() == pytest.approx(county.cells.alerts_per_year.sum())
    assert today["population"].tolist() == [6 * 8000.0] * 5


def test_stations_say_what_becomes_of_each(tmp_path: Path) -> None:
    path = written(tmp_path / "plan.gpkg", translate=lambda text: text.upper())
    found = layer(path, "stations").set_index("station_id")
    assert found["becomes"].tolist() == ["police_office", "centre", "stays", "stays", "stays"]
    assert found["becomes_label"].tolist()[:2] == ["POLICE OFFICE", "CENTRE STATION"]
    assert found["centre_name"].tolist()[:3] == ["Station 2", "Station 2", "Station 3"]
    assert found["is_duty_station"].tolist() == [False, True, True, True, True]
    assert found["officers_before"].tolist() == [15] * 5
    assert pd.isna(found.loc["s01", "officers_after"])  # counted at the centre
    assert found["officers_after"].tolist()[1:] == [30, 15, 15, 15]


def test_cells_carry_response_today_and_then(tmp_path: Path) -> None:
    county = county_of()
    found = layer(written(tmp_path / "plan.gpkg", county), "cells").set_index("cell_id")
    # The cell at the first seat: 0 minutes from its own station, 12 from the next, 2 to turn out.
    seat = found.loc["s01c0"]
    assert seat["response_today_min"] == pytest.approx(2.0)
    assert seat["response_plan_min"] == pytest.approx(14.0)
    assert seat["response_change_min"] == pytest.approx(12.0)
    assert (seat["station_id_today"], seat["centre_id_plan"]) == ("s01", "s02")
    assert found["changes"].tolist() == [True] * 6 + [False] * 24
    assert (found["response_change_min"][6:] == 0).all()


def test_unreachable_is_empty_not_infinite(tmp_path: Path) -> None:
    county = county_of()
    travel = county.travel_time_min.copy()
    travel[1, 0] = np.inf
    cut_off = county_of(travel_time_min=travel)
    found = layer(written(tmp_path / "plan.gpkg", cut_off), "cells").set_index("cell_id")
    assert found.loc["s01c0", ["response_plan_min", "response_change_min"]].isna().all()
    assert found.loc["s01c0", "response_today_min"] == pytest.approx(2.0)


def test_links_moves_and_road_duties(tmp_path: Path) -> None:
    county = county_of()
    path = written(tmp_path / "plan.gpkg", county)
    (link,) = layer(path, "bundle_links").itertuples()
    assert (link.centre_id, link.office_id, link.travel_min) == ("s02", "s01", 12.0)
    assert link.geometry.coords[0] == pytest.approx(
        (county.stations.lon_deg[1], county.stations.lat_deg[1])
    )
    moves = layer(path, "moves")
    assert moves["officers"].tolist() == [3, 15, 2, 1]
    assert moves["from_name"].tolist() == ["Squad 1", "Station 1", "Station 4", "Unit 1"]
    assert moves["reason"].tolist() == ["road_duty", "bundle", "reassign", "reassign"]
    # The unit stands at the first station's seat, so its move there has no length to draw.
    assert moves.geometry.isna().tolist() == [False, False, False, True]
    duties = layer(path, "road_duties").set_index("station_id")
    assert duties["squad_id_today"].tolist() == ["q1"] * 5
    assert duties["duty_id"].tolist() == ["s02", "s02", "s03", "s04", "s05"]
    assert duties["changes"].all()
    assert duties[["road_km_national", "road_km_county", "road_km"]].iloc[0].tolist() == (
        pytest.approx([10.0, 20.0, 30.0])
    )
    assert (duties.geometry.geom_type == "MultiPolygon").all()


def test_roads_are_written_with_class_and_duty(tmp_path: Path) -> None:
    found = layer(written(tmp_path / "plan.gpkg"), "roads")
    assert found["road_class"].tolist() == ["county", "village"]
    assert found["managed"].tolist() == [True, False]
    bare = layer(written(tmp_path / "b.gpkg", road_class_names=None), "roads")
    assert bare["road_class"].isna().all()
    assert not bare["managed"].any()


def test_a_plan_that_changes_nothing_has_empty_layers(tmp_path: Path) -> None:
    county = toy_county(n_stations=3)
    path = written(
        tmp_path / "plan.gpkg", county, plan=current_plan(county), road_lines=None,
        road_class_names=None,
    )  # fmt: skip
    for name in ("bundle_links", "moves", "road_duties", "roads"):
        assert len(layer(path, name)) == 0
        assert pyogrio.read_info(path, layer=name)["crs"] == "EPSG:4326"
    columns = pyogrio.read_info(path, layer="moves")
    kinds = dict(zip(columns["fields"], columns["ogr_types"], strict=True))
    assert (kinds["from_name"], kinds["officers"]) == ("OFTString", "OFTInteger64")


def test_tables_of_the_evaluation_are_joined_by_key(tmp_path: Path) -> None:
    towns = [f"Township {i}" for i in range(1, 6)]
    path = written(
        tmp_path / "plan.gpkg",
        station_table=pd.DataFrame({"station_id": ["s02", "s01"], "load": [2.0, 1.0]}),
        bundle_table=[
            {"centre_id": "s02", "officers_freed": 3.5, "station_ids": ("kept", "ours"),
             "meets": True, "farthest_min": float("inf")}
        ],
        township_tables=(
            {"township": towns[::-1], "mean_response_min": [9.0, 9.0, 9.0, 9.0, 5.0],
             "responsible": ["b", "b", "b", "b", "a"], "meets": [True, True, True, True, False]},
            {"township": towns, "mean_response_min": [7.5, 9.0, 9.0, 9.0, 9.0],
             "responsible": ["b"] * 5, "meets": [True] * 5},
        ),
    )  # fmt: skip
    today = layer(path, "jurisdictions_today").set_index("station_id")["load"]
    assert today[["s01", "s02"]].tolist() == [1.0, 2.0]
    assert today[["s03", "s04", "s05"]].isna().all()
    bundle = layer(path, "jurisdictions_plan").set_index("centre_id").loc["s02"]
    assert bundle["officers_freed"] == 3.5
    assert bundle["station_ids"] == "s01; s02"  # our own column is not overwritten
    assert pd.isna(bundle["farthest_min"])
    town = layer(path, "townships").set_index("township").loc["Township 1"]
    assert town[["mean_response_min_today", "mean_response_min_plan"]].tolist() == [5.0, 7.5]
    assert town["mean_response_min_change"] == pytest.approx(2.5)
    assert (town["responsible_today"], town["responsible_plan"]) == ("a", "b")
    assert "responsible_change" not in town.index
    assert (town["meets_today"], town["meets_plan"]) == (False, True)
    assert "meets_change" not in town.index


def test_nasty_names_come_through_unchanged(tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", "=HYPERLINK(1)", "垫江'\"派出所", "-1", "a;b\nc")
    county = county_of(stations={"name": names})
    path = written(tmp_path / "计划 plan.gpkg", county)
    assert tuple(layer(path, "stations")["name"]) == names
    assert layer(path, "bundle_links")["office_name"].tolist() == ["<script>alert(1)</script>"]


def test_points_only_county_has_points_for_areas(tmp_path: Path) -> None:
    county = county_of()
    path = written(tmp_path / "plan.gpkg", county, cell_geometry=None)
    kinds = dict(pyogrio.list_layers(path).tolist())
    assert kinds["cells"] == "Point"
    for name in ("jurisdictions_today", "jurisdictions_plan", "road_duties", "townships"):
        assert kinds[name] == "MultiPoint"
    plan = layer(path, "jurisdictions_plan").set_index("centre_id")
    assert len(plan.geometry["s02"].geoms) == 12


def test_provenance_travels_with_the_layers(tmp_path: Path) -> None:
    (row,) = layer(written(tmp_path / "plan.gpkg"), "provenance").itertuples()
    assert (row.item, row.origin, row.note) == ("stations", "modelled", "toy")


def test_whose_data_it_is_stands_in_the_metadata_and_in_the_last_row(tmp_path: Path) -> None:
    credit = "县公安局 · © OpenStreetMap contributors, ODbL"
    path = written(tmp_path / "plan.gpkg", attribution=credit)
    info = pyogrio.read_info(path, layer="stations")
    assert info["dataset_metadata"] == {"ATTRIBUTION": credit}
    *_, row = layer(path, "provenance").itertuples()
    assert (row.item, row.origin, row.note) == ("attribution", "given", credit)
    assert path.read_bytes() == written(tmp_path / "two.gpkg", attribution=credit).read_bytes()


def test_same_plan_same_bytes_and_gdal_as_before(tmp_path: Path) -> None:
    for before in ("2011-11-11T00:00:00.000Z", None):
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        one = written(tmp_path / "one.gpkg").read_bytes()
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    path = tmp_path / "two.gpkg"
    path.write_bytes(b"something else")
    assert written(path).read_bytes() == one
    with sqlite3.connect(path) as database:
        times = database.execute("select distinct last_change from gpkg_contents").fetchall()
    assert times == [("2000-01-01T00:00:00.000Z",)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.gpkg", "two.gpkg"]


def test_unwritable_file_is_an_input_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.*plan\.gpkg"):
        written(tmp_path / "absent" / "plan.gpkg")
    (tmp_path / "plan.gpkg").mkdir()
    (tmp_path / "plan.gpkg" / "x").touch()
    with pytest.raises(InputError, match="close programs"):
        written(tmp_path / "plan.gpkg")
    assert [p.name for p in tmp_path.iterdir()] == ["plan.gpkg"]
