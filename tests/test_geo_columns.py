"""Headers: aliases in two languages, per-category columns, and every way to get them wrong."""

from __future__ import annotations

import pytest

from geo.columns import Column, Match, Schema, header_key, match_headers, recognised

STATIONS = Schema(
    layer="stations",
    columns=(
        Column(name="station_id", kind="id", required=True, aliases=("编号", "ID")),
        Column(name="officers", kind="count", required=True, aliases=("民警",)),
        Column(name="lon", kind="lon", aliases=("经度", "X")),
        Column(name="lat", kind="lat", aliases=("纬度", "Y")),
        Column(name="kind", kind="text", required=True, default="rural"),
    ),
    prefix_columns=("alerts_per_year",),
    unique=("station_id",),
)


def match(*headers: str, has_geometry: bool = False, **declared: str) -> Match:
    return match_headers(headers, STATIONS, declared, where="s.csv", has_geometry=has_geometry)


@pytest.mark.parametrize(
    "header",
    [
        "station_id",
        "Station ID",
        " STATION-ID ",
        "ｓｔａｔｉｏｎ＿ｉｄ",
        "编 号",
        "\ufeff编号",
        "id",
    ],
)
def test_spellings(header: str) -> None:
    found = match("x1", header, "民警")
    assert found.position["station_id"] == 1
    assert found.header["station_id"] == header.strip(" \ufeff")
    assert not found.problems


def test_order_is_the_schemas_and_strangers_are_left() -> None:
    found = match("手机号", "民警", "编号")
    assert [c.name for c in found.columns] == ["station_id", "officers"]
    assert set(found.position) == {"station_id", "officers"}


def test_missing_column_lists_what_there_is_and_what_is_understood() -> None:
    (problem,) = match("编号", "人数").problems
    assert problem.column == "officers"
    assert problem.text() == (
        "s.csv officers: expected a column officers (also understood: 民警); the file has: 编号, "
        "人数; rename one of them, or name it under columns in case.yaml"
    )


def test_column_with_default_may_be_absent() -> None:
    assert not [p for p in match("id", "officers").problems if p.column == "kind"]


def test_two_headers_for_one_column() -> None:
    (problem,) = match("编号", "station_id", "民警").problems
    assert problem.column == "station_id"
    assert problem.value == "编号, station_id"


def test_declared_header_goes_first() -> None:
    found = match("编号", "code", "民警", station_id="code")
    assert found.position["station_id"] == 1
    assert not found.problems
    loosely = match("CODE ", "民警", station_id="code")
    assert loosely.position["station_id"] == 0


def test_declared_header_stands_for_nothing_else() -> None:
    found = match("编号", "民警", "officers", kind="民警")
    assert not found.problems
    assert (found.position["kind"], found.position["officers"]) == (1, 2)


def test_declared_header_that_is_not_there() -> None:
    (problem,) = match("编号", "民警", station_id="code").problems
    assert problem.value == "code"
    assert "编号, 民警" in problem.text()


def test_declared_header_that_is_there_twice() -> None:
    (problem,) = match("code", "code", "民警", station_id="code").problems
    assert problem.column == "station_id"


@pytest.mark.parametrize("name", ["stationid", "alerts_per_year_"])
def test_declared_name_that_is_no_column(name: str) -> None:
    (problem,) = match("编号", "民警", **{name: "编号"}).problems
    assert problem.column == f"columns.{name}"
    assert "station_id, officers, lon, lat, kind, alerts_per_year" in problem.text()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("alerts_per_year_theft", "alerts_per_year_theft"),
        ("Alerts per year: Theft", "alerts_per_year_Theft"),
        ("年警情_盗窃", "alerts_per_year_盗窃"),
        ("年警情（盗窃）", "alerts_per_year_盗窃"),
        ("alerts_per_year", "alerts_per_year"),
        ("年警情", "alerts_per_year"),
    ],
)
def test_per_category(header: str, name: str) -> None:
    found = match("id", "officers", header)
    assert found.position[name] == 2
    column = next(c for c in found.columns if c.name == name)
    assert (column.kind, column.minimum, column.required) == ("number", 0, False)


def test_per_category_needs_a_category() -> None:
    assert len(match("id", "officers", "alerts_per_year_", "alerts_per_yearly").columns) == 3


def test_per_category_declared() -> None:
    found = match("id", "officers", "DAOQIE", alerts_per_year_theft="DAOQIE")
    assert found.position["alerts_per_year_theft"] == 2


def test_same_category_twice() -> None:
    (problem,) = match("id", "officers", "年警情_盗窃", "alerts_per_year 盗窃").problems
    assert problem.column == "alerts_per_year_盗窃"


def test_required_prefix_column_is_met_by_its_categories() -> None:
    rate = Column(name="rate", kind="number", required=True)
    schema = Schema(layer="l", columns=(rate,), prefix_columns=("rate",))
    assert not match_headers(["rate_a"], schema, {}, where="f").problems
    assert match_headers(["ratea"], schema, {}, where="f").problems


def test_half_a_place() -> None:
    (problem,) = match("id", "officers", "经度").problems
    assert problem.column == "lat"
    assert not match("id", "officers", "经度", has_geometry=True).problems
    assert not match("id", "officers").problems


def test_shapes_stand_in_for_required_coordinates() -> None:
    lon, lat = (Column(name=n, kind=n, required=True) for n in ("lon", "lat"))  # type: ignore[arg-type]
    schema = Schema(layer="l", columns=(lon, lat), geometry="any")
    assert len(match_headers(["a"], schema, {}, where="f").problems) == 2
    assert not match_headers(["a"], schema, {}, where="f", has_geometry=True).problems


def test_header_against_title() -> None:
    assert recognised(["编号", "民警", "手机"], STATIONS, {}) == 2
    assert recognised(["垫江县派出所一览表", "", ""], STATIONS, {}) == 0
    assert recognised(["代码"], STATIONS, {"station_id": "代码"}) == 1


def test_schema_refuses_what_cannot_be_told_apart() -> None:
    a = Column(name="a", kind="text", aliases=("名称",))
    b = Column(name="b", kind="text", aliases=("名 称",))
    with pytest.raises(ValueError, match="means a as well as b"):
        Schema(layer="l", columns=(a, b))
    with pytest.raises(ValueError, match="unique"):
        Schema(layer="l", columns=(a,), unique=("b",))


def test_header_key() -> None:
    assert header_key("Ｓtation _-　ID\u200b") == "stationid"


def test_of_several_headers_the_first_named_is_read_where_the_column_says_so() -> None:
    column = Column(name="road_id", kind="text", first_header_wins=True, aliases=("osm_id", "id"))
    schema = Schema(layer="roads", columns=(column,), geometry="none")

    def of(*headers: str, **declared: str) -> Match:
        return match_headers(headers, schema, declared, where="roads.shp")

    assert of("id", "osm_id").header == {"road_id": "osm_id"}
    assert of("id", "osm_id", road_id="id").header == {"road_id": "id"}
    assert [p.value for p in of("osm_id", "id", "OSM ID").problems] == ["osm_id, OSM ID"]
