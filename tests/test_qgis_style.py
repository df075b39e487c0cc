"""The styles that QGIS finds in a GeoPackage, read back with sqlite3 and an XML parser."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from xml.etree import ElementTree as ET

import pyogrio
import pytest

from geo.colouring import fills
from geo.plan_styles import CHANGE_BREAKS_MIN, CHANGE_COLOURS
from geo.qgis_style import Look, categorised, graduated, single
from tests.test_export import county_of, plan_for, written

NASTY = ("<script>alert(1)</script>", "=HYPERLINK(1)", "垫江'\"&派出所", "\x01\ufffe-1", "a;b\nc")
Styles = dict[str, ET.Element]


def styles(path: Path) -> Styles:
    with sqlite3.connect(path) as database:
        rows = database.execute("select f_table_name, styleQML from layer_styles").fetchall()
    return {name: ET.fromstring(qml) for name, qml in rows}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    towns = [{"township": f"Township {i}", "mean_response_min": 1.0 * i} for i in range(1, 6)]
    county = county_of(stations={"name": NASTY})
    path = tmp_path_factory.mktemp("styles") / "plan.gpkg"
    return written(path, county, township_tables=(towns, towns))


@pytest.fixture(scope="module")
def found(file: Path) -> Styles:
    return styles(file)


def looks(style: ET.Element, option: str) -> dict[str, str]:
    """Value of each class and an option of its symbol."""
    symbols = {
        s.attrib["name"]: s.find(f"layer/Option/Option[@name='{option}']")
        for s in style.findall("renderer-v2/symbols/symbol")
    }
    found = {}
    for one in style.findall("renderer-v2/categories/category"):
        symbol = symbols[one.attrib["symbol"]]
        assert symbol is not None
        found[one.attrib["value"]] = symbol.attrib["value"]
    return found


def rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def test_the_table_is_one_that_qgis_reads(file: Path) -> None:
    with sqlite3.connect(file) as database:
        kind = database.execute(
            "select data_type from gpkg_contents where table_name = 'layer_styles'"
        ).fetchall()
        rows = database.execute(
            "select f_table_catalog, f_table_schema, f_geometry_column, useAsDefault, update_time"
            " from layer_styles"
        ).fetchall()
        geometry = dict(
            database.execute("select table_name, column_name from gpkg_geometry_columns")
        )
        named = [r[0] for r in database.execute("select f_table_name from layer_styles")]
    assert kind == [("attributes",)]
    assert set(rows) == {("", "", "geom", 1, "2000-01-01T00:00:00.000Z")}
    assert {geometry[n] for n in named} == {"geom"}
    # Every layer with places has exactly one style; QGIS takes the first it finds.
    assert sorted(named) == sorted(geometry)


def test_every_style_names_columns_that_are_there(file: Path, found: Styles) -> None:
    for name, style in found.items():
        columns = set(pyogrio.read_info(file, layer=name)["fields"])
        renderer = style.find("renderer-v2")
        assert renderer is not None
        if renderer.attrib["type"] != "singleSymbol":
            assert renderer.attrib["attr"] in columns, name
        label = style.find("labeling/settings/text-style")
        assert (label is not None) == (style.attrib["labelsEnabled"] == "1")
        if label is not None:
            assert label.attrib["fieldName"] in columns, name


def test_every_class_has_its_symbol_of_the_layers_kind(file: Path, found: Styles) -> None:
    wanted = {
        "Point": "marker",
        "LineString": "line",
        "MultiLineString": "line",
        "MultiPolygon": "fill",
    }
    kinds = dict(pyogrio.list_layers(file).tolist())
    for name, style in found.items():
        symbols = style.findall("renderer-v2/symbols/symbol")
        assert {s.attrib["type"] for s in symbols} == {wanted[kinds[name]]}
        names = [s.attrib["name"] for s in symbols]
        classes = [
            *style.findall("renderer-v2/categories/category"),
            *style.findall("renderer-v2/ranges/range"),
        ]
        if classes:
            assert [c.attrib["symbol"] for c in classes] == names
        for layer in style.iter("layer"):
            # The same for QGIS before and after 3.24.
            new = {o.attrib["name"]: o.attrib["value"] for o in layer.findall("Option/Option")}
            assert new == {p.attrib["k"]: p.attrib["v"] for p in layer.findall("prop")}


def test_jurisdictions_wear_the_colours_of_the_map(found: Styles) -> None:
    county = county_of()
    colour = fills(county, plan_for(county))
    today = looks(found["jurisdictions_today"], "color")
    ids = county.stations.station_id
    assert today == {s: rgba(c) for s, c in zip(ids, colour.station, strict=True)}
    then = looks(found["jurisdictions_plan"], "color")
    # s01 is an office of s02 and has no area of its own.
    assert then == {s: rgba(colour.plan[i]) for i, s in enumerate(ids) if s != "s01"}


def test_stations_by_fate_roads_by_class_and_duties_by_unit(found: Styles) -> None:
    assert looks(found["stations"], "name") == {
        "centre": "star",
        "police_office": "circle",
        "stays": "circle",
    }
    assert list(looks(found["roads"], "line_width")) == ["national", "county", ""]
    labels = [c.attrib["label"] for c in found["roads"].iter("category")]
    assert labels == ["National road", "County road", "Other roads"]
    assert list(looks(found["road_duties"], "color")) == ["s02", "s03", "s04", "s05"]


def test_change_of_response_is_graduated_without_a_gap(found: Styles) -> None:
    for name in ("cells", "townships"):
        ranges = found[name].findall("renderer-v2/ranges/range")
        assert len(ranges) == len(CHANGE_COLOURS) == len(CHANGE_BREAKS_MIN) + 1
        ends = [(float(r.attrib["lower"]), float(r.attrib["upper"])) for r in ranges]
        assert [low for low, _ in ends][1:] == [high for _, high in ends][:-1]
        assert [high for _, high in ends][:-1] == list(CHANGE_BREAKS_MIN)
        assert ends[3] == (-1.0, 1.0)
        colours = [o.attrib["value"] for o in found[name].findall(".//Option[@name='color']")]
        assert colours == [rgba(c) for c in CHANGE_COLOURS]


def test_flows_are_arrows_thicker_with_the_count(found: Styles) -> None:
    layers = found["moves"].findall("renderer-v2/symbols/symbol/layer")
    assert {layer.attrib["class"] for layer in layers} == {"ArrowLine"}
    widths = [layer.find("Option/Option[@name='arrow_width']") for layer in layers]
    shown = [float(w.attrib["value"]) for w in widths if w is not None]
    assert len(shown) == 4
    assert shown == sorted(set(shown))


def test_nasty_names_are_values_and_nothing_else(found: Styles) -> None:
    labels = [c.attrib["label"] for c in found["jurisdictions_today"].iter("category")]
    # What XML cannot hold is replaced; all else is the name, to the letter.
    assert labels == [n.replace("\x01", "\ufffd").replace("\ufffe", "\ufffd") for n in NASTY]
    assert not [e for style in found.values() for e in style.iter("script")]


def test_a_plan_without_townships_has_no_style_for_a_column_that_is_not_there(
    tmp_path: Path,
) -> None:
    assert "townships" not in styles(written(tmp_path / "plan.gpkg"))


def test_points_only_county_is_drawn_with_markers(tmp_path: Path) -> None:
    style = styles(written(tmp_path / "plan.gpkg", cell_geometry=None))
    for name in ("jurisdictions_today", "jurisdictions_plan", "cells", "road_duties"):
        kinds = {s.attrib["type"] for s in style[name].findall("renderer-v2/symbols/symbol")}
        assert kinds == {"marker"}, name


def test_graduated_refuses_breaks_that_do_not_fit() -> None:
    look = Look(label="x", colour="#000000")
    for breaks, n in (((1.0,), 1), ((2.0, 1.0), 3), ((1.0, 1.0), 3)):
        with pytest.raises(ValueError, match="ascending breaks"):
            graduated("fill", "x", breaks, [look] * n)


def test_a_style_is_the_same_text_every_time() -> None:
    look = Look(label="x", colour="#0A0B0C", dashed=True)
    text = single("line", look)
    assert text == single("line", look)
    assert text.startswith("<!DOCTYPE qgis")
    assert 'value="10,11,12,255"' in text
    assert 'value="dash"' in text
    assert ET.fromstring(categorised("fill", "c", [])).attrib["labelsEnabled"] == "0"
