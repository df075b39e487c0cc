"""Datums and coordinates of whole files: what is converted, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from geo.columns import Column, GeometryKind, Match, Schema
from geo.crs import from_wgs84, to_wgs84
from geo.places import Places, locate_rows
from geo.raw import Raw, Source
from geo.values import parse

LON = Column(name="lon", kind="lon")
LAT = Column(name="lat", kind="lat")
NO_MATCH = Match(position={}, header={}, columns=(), problems=())


def locate(
    lon: Sequence[object] | None = None,
    lat: Sequence[object] | None = None,
    *,
    shapes: Sequence[object] | None = None,
    crs: str | None = "WGS84",
    carried: str | None = None,
    default: str | None = None,
    geometry: GeometryKind = "any",
    columns: tuple[Column, ...] = (LON, LAT),
) -> Places:
    values: dict[str, Any] = {}
    for name, given in (("lon", lon), ("lat", lat)):
        if given is not None:
            values[name] = np.empty(len(given), dtype=object)
            values[name][:] = given
    n = len(shapes if shapes is not None else lon or [0])
    raw = Raw(
        match=NO_MATCH,
        values=values,
        row=np.arange(n),
        geometry=None if shapes is None else np.array(shapes, dtype=object),
        crs=carried,
        default_crs=default,
    )
    parsed = {c.name: parse(c, values[c.name]) for c in columns if c.name in values}
    source = Source(layer="l", path=Path("f"), shown="f", crs=crs)
    return locate_rows(source, Schema(layer="l", columns=columns, geometry=geometry), raw, parsed)


def rules(places: Places) -> list[tuple[str, list[int]]]:
    return [(f.expected.split(";")[0], f.at.tolist()) for f in places.faults]


def near(places: Places) -> list[tuple[float, float]]:
    assert places.lon_deg is not None
    assert places.lat_deg is not None
    return list(zip(places.lon_deg.tolist(), places.lat_deg.tolist(), strict=True))


SWAPPED = "longitude before latitude"
DEGREES = "degrees: longitude from -180 to 180, latitude from -90 to 90"
SQUARE = shapely.box(107.3, 30.3, 107.4, 30.4)


# --- columns --------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["WGS84", "CGCS2000", "GCJ02", "BD09", "EPSG:4524"])
def test_columns_in_every_datum(crs: str) -> None:
    x, y = from_wgs84(107.35, 30.32, crs)
    places = locate([float(x)], [float(y)], crs=crs)
    assert near(places)[0] == pytest.approx((107.35, 30.32), abs=1e-9)
    assert not places.faults
    assert not places.problems


def test_swapped_columns() -> None:
    places = locate([30.32, 107.36], [107.35, 30.33])
    assert rules(places) == [(SWAPPED, [0])]
    assert places.faults[0].values == ["30.32, 107.35"]
    assert "latitude and longitude look swapped" in places.faults[0].expected
    assert np.isnan(near(places)[0]).all()


def test_swapped_in_the_far_west_shows_only_in_chinese_datums() -> None:
    # Kashgar, 76 E 39.5 N: swapped it is a place in the Barents Sea.
    assert rules(locate([39.5], [76.0], crs="GCJ02")) == [(SWAPPED, [0])]
    assert rules(locate([39.5], [76.0])) == []
    assert rules(locate([76.0], [39.5], crs="GCJ02")) == []


def test_metres_declared_as_degrees() -> None:
    assert rules(locate([500_000], [3_300_000])) == [(DEGREES, [0])]


def test_null_island() -> None:
    assert rules(locate(["0", 107], ["0", 0])) == [("a place", [0])]


def test_half_a_place() -> None:
    places = locate(["107", "", ""], ["", "30", ""])
    assert rules(places) == [("both longitude and latitude, or neither", [0, 1])]


def test_a_wrong_number_is_told_once() -> None:
    places = locate(["x"], ["30"])
    assert rules(places) == []
    assert np.isnan(near(places)[0]).all()


def test_a_value_out_of_bounds_is_told_once() -> None:
    columns = (replace(LON, minimum=60), LAT)
    assert rules(locate([30.3], [107.3], columns=columns)) == []


def test_northing_in_the_x_column() -> None:
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    places = locate([y, x], [x, y], crs="EPSG:4524")
    assert rules(places) == [("easting before northing", [0])]


def test_wrong_zone() -> None:
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    places = locate([x], [y], crs="EPSG:4526")
    assert rules(places) == [("a place in the area that {crs} is made for", [0])]


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        (None, "a datum for the coordinates; the file names none"),
        ("MARS", "a datum: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n"),
        ("EPSG:999999", "a datum: WGS84"),
    ],
)
def test_no_datum(crs: str | None, words: str) -> None:
    places = locate([107.0], [30.0], crs=crs)
    assert words in places.problems[0].text()
    assert np.isnan(near(places)[0]).all()


def test_no_place_asked_or_given() -> None:
    assert locate(crs=None, columns=(), geometry="none") == Places()
    nowhere = locate(crs=None)
    assert np.isnan(near(nowhere)).all()
    assert not nowhere.problems


# --- shapes ---------------------------------------------------------------------------------


def test_place_of_a_shape_is_inside_it() -> None:
    horseshoe = shapely.from_wkt("POLYGON((0 0,9 0,9 9,8 9,8 1,1 1,1 9,0 9,0 0))")
    assert not horseshoe.contains(horseshoe.centroid)
    places = locate(shapes=[horseshoe, shapely.Point(3, 4)])
    assert horseshoe.contains(shapely.Point(near(places)[0]))
    assert near(places)[1] == (3, 4)


def test_place_of_an_invalid_polygon() -> None:
    bow_tie = shapely.from_wkt("POLYGON((0 0,1 1,1 0,0 1,0 0))")
    places = locate(shapes=[bow_tie])
    assert np.isfinite(near(places)).all()
    assert places.geometry is not None
    assert places.geometry[0].equals_exact(bow_tie)  # mended later, with a log
    flat = shapely.from_wkt("POLYGON((0 0,1 1,2 2,0 0))")
    assert np.isfinite(near(locate(shapes=[flat]))).all()


def test_shapes_move_once() -> None:
    places = locate(shapes=[SQUARE], crs="GCJ02", carried="EPSG:4326")
    assert places.geometry is not None
    corner = shapely.get_coordinates(places.geometry[0])[0]
    assert corner == pytest.approx(np.array(to_wgs84(107.4, 30.3, "GCJ02")), abs=1e-12)
    assert places.geometry[0].contains(shapely.Point(near(places)[0]))


def test_columns_go_before_shapes_in_the_same_datum() -> None:
    places = locate([107.31], [30.31], shapes=[SQUARE], crs="GCJ02", carried="EPSG:4490")
    assert near(places)[0] == tuple(float(v) for v in to_wgs84(107.31, 30.31, "GCJ02"))


def test_degree_columns_beside_projected_shapes() -> None:
    x, y = from_wgs84([107.3, 107.4], [30.3, 30.4], "EPSG:4524")
    box = shapely.box(x[0], y[0], x[1], y[1])
    places = locate([107.31], [30.31], shapes=[box], crs=None, carried="EPSG:4524")
    assert near(places) == [(107.31, 30.31)]
    feet = locate([x[0]], [y[0]], shapes=[box], crs=None, carried="EPSG:4524")
    assert near(feet)[0] == pytest.approx((107.3, 30.3), abs=1e-9)


def test_empty_shapes_and_wrong_kinds() -> None:
    shapes = [
        None,
        shapely.Polygon(),
        shapely.Point(107, 30),
        SQUARE,
        shapely.MultiPolygon([SQUARE]),
    ]
    places = locate(shapes=shapes, geometry="polygon")
    assert rules(places) == [("a polygon in every row", [0, 1]), ("a polygon in every row", [2])]
    assert places.faults[1].values == ["Point"]
    assert rules(locate(shapes=shapes)) == [("a shape in every row", [0, 1])]
    assert rules(locate(shapes=[shapely.LineString([(1, 1), (2, 2)])], geometry="line")) == []
    assert rules(locate(shapes=[SQUARE], geometry="point")) == [("a point in every row", [0])]


def test_shapes_with_swapped_or_impossible_coordinates() -> None:
    swapped = shapely.box(30.3, 107.3, 30.4, 107.4)
    metres = shapely.box(5e5, 3.3e6, 5.1e5, 3.4e6)
    assert rules(locate(shapes=[swapped, metres, SQUARE])) == [(SWAPPED, [0]), (DEGREES, [1])]
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    turned = shapely.box(y, x, y + 100, x + 100)
    assert rules(locate(shapes=[turned], crs=None, carried="EPSG:4524")) == [
        ("easting before northing", [0])
    ]


def test_shapes_needed_but_not_there() -> None:
    places = locate(columns=(), geometry="line")
    assert "a layer with shapes; this file is a plain table" in places.problems[0].text()


def test_no_geometry_is_kept_for_a_plain_layer() -> None:
    places = locate(shapes=[shapely.Point(107, 30)], geometry="none")
    assert places.geometry is None
    assert near(places) == [(107, 30)]


# --- declared against carried ---------------------------------------------------------------


def test_carried_datum_is_used() -> None:
    assert not locate(shapes=[SQUARE], crs=None, carried="EPSG:4490").problems
    assert not locate(shapes=[SQUARE], crs=None, default="EPSG:4326").problems
    assert locate(shapes=[SQUARE], crs=None).problems


@pytest.mark.parametrize(
    ("declared", "carried"),
    [
        ("WGS84", "EPSG:4490"),
        ("CGCS2000", "EPSG:4326"),
        ("EPSG:4490", "EPSG:4326"),
        ("BD09", "EPSG:4326"),
    ],
)
def test_datums_that_agree(declared: str, carried: str) -> None:
    assert not locate(shapes=[SQUARE], crs=declared, carried=carried).problems


def test_half_a_metre_is_no_conflict() -> None:
    metres = shapely.box(36.4e6, 3.3e6, 36.5e6, 3.4e6)
    almost = "+proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=36500000.5 +y_0=0 +ellps=GRS80 +units=m"
    assert not locate(shapes=[metres], crs="EPSG:4524", carried=almost).problems


@pytest.mark.parametrize(
    ("declared", "carried"), [("EPSG:4524", "EPSG:4525"), ("GCJ02", "EPSG:3857")]
)
def test_datums_in_conflict(declared: str, carried: str) -> None:
    places = locate(
        shapes=[shapely.box(36.4e6, 3.3e6, 36.5e6, 3.4e6)], crs=declared, carried=carried
    )
    (problem,) = places.problems
    assert problem.value == declared
    assert f"the coordinate system that the file names, {carried}; the two are" in problem.text()
    assert places.geometry is None


def test_declared_goes_before_the_default_of_the_format() -> None:
    places = locate(shapes=[shapely.Point(107.0, 30.0)], crs="GCJ02", default="EPSG:4326")
    assert near(places)[0] == tuple(float(v) for v in to_wgs84(107.0, 30.0, "GCJ02"))
    x, y = (float(v) for v in from_wgs84(107.35, 30.32, "EPSG:4524"))
    old_style = locate(shapes=[shapely.Point(x, y)], crs="EPSG:4524", default="EPSG:4326")
    assert near(old_style)[0] == pytest.approx((107.35, 30.32), abs=1e-9)


def test_a_carried_system_nobody_knows_gives_way() -> None:
    local = 'LOCAL_CS["construction site"]'
    assert not locate(shapes=[SQUARE], crs="WGS84", carried=local).problems
    assert locate(shapes=[SQUARE], crs=None, carried=local).problems


def test_required_coordinates_without_a_value() -> None:
    columns = (replace(LON, required=True), replace(LAT, required=True))
    assert locate(["", "107"], ["30", "30"], columns=columns).faults == ()
