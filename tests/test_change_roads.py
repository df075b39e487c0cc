"""Roads closed, cut and slowed, on a network with minutes worked by hand.

Two roads run from west to east: the main road through the seats of six stations (60 km/h) and the
upper road 2 cells further north (30 km/h), joined at both ends. One kilometre is one minute on the
main road, two on the upper one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from click.testing import CliRunner

from geo.map_legend import legend_keys
from geo.maps import ground_for
from geo.plane import line_km
from optimizer.errors import InputError
from optimizer.plan import current_plan
from scenarios.case import open_case
from scenarios.changes import apply
from scenarios.cli import jingli
from scenarios.drawings import read_drawings, scenario_paths
from scenarios.load import LoadedCase
from scenarios.outputs import scene_of
from scenarios.prepared import Prepared
from tests.small_case import SOUTH, STEP, WEST, Row, write_case
from tests.test_changes import scenario_of

MAIN, UPPER = SOUTH + STEP - 0.003, SOUTH + 3 * STEP
X = [WEST + STEP * (2 * s + 1) - 0.004 for s in range(6)]
ROUNDED = 1e-5  # each arc to a millisecond and a centimetre
GAP_X = (X[2] + X[3]) / 2  # on the main road between 03 and 04


def features() -> list[Row]:
    """Main road in five named pieces, the upper one in one piece, two links, one footpath."""
    lines = [
        ("大桥路" if s == 2 else "主路", 60, [[X[s], MAIN], [X[s + 1], MAIN]]) for s in range(5)
    ]
    lines += [("北路", 30, [[X[0], UPPER], [X[5], UPPER]])]
    lines += [("", 60, [[x, MAIN], [x, UPPER]]) for x in (X[0], X[5])]
    path = {
        "type": "Feature",
        "properties": {"road_class": "footway", "osm_id": 900},
        "geometry": {"type": "LineString", "coordinates": [[X[0], MAIN], [X[1], UPPER]]},
    }
    return [
        {
            "type": "Feature",
            "properties": {
                "road_class": "county" if name == "北路" else "provincial",
                "speed_km_per_h": speed,
                "name": name,
                "osm_id": 100 + i,
            },
            "geometry": {"type": "LineString", "coordinates": points},
        }
        for i, (name, speed, points) in enumerate(lines)
    ] + [path]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}

    folder = write_case(tmp_path_factory.mktemp("roads") / "case", case=with_roads)
    text = json.dumps({"type": "FeatureCollection", "features": features()}, ensure_ascii=False)
    (folder / "roads.geojson").write_text(text, encoding="utf-8")
    return Prepared(open_case(str(folder)))


@pytest.fixture(scope="module")
def base(prepared: Prepared) -> LoadedCase:
    return prepared.load(prepared.case.scenario(None))


@pytest.fixture
def changed(prepared: Prepared, base: LoadedCase) -> Callable[..., LoadedCase]:
    def of(**roads: Any) -> LoadedCase:
        scenario = scenario_of(prepared.case, roads=roads)
        drawn, problems = read_drawings(scenario, prepared.case.folder)
        if problems:
            raise InputError(problems)
        return apply(base, scenario, drawn=drawn)

    return of


@pytest.fixture
def refused(changed: Callable[..., LoadedCase]) -> Callable[..., list[str]]:
    def of(**roads: Any) -> list[str]:
        with pytest.raises(InputError) as caught:
            changed(**roads)
        return [p.text() for p in caught.value.problems]

    return of


def between(loaded: LoadedCase, one: int, two: int) -> float:
    return float(loaded.county.station_time_min[one, two])


def km(loaded: LoadedCase) -> dict[str, float]:
    """Length of main pieces, upper road and links by hand from the network's own lengths."""
    graph = loaded.network

    def of(rows: Any) -> float:
        return float(graph.street_km()[rows].sum())

    links = [graph.with_id(i)[0] for i in ("106", "107")]
    return {"piece": of(graph.named("大桥路")), "upper": of(graph.named("北路")),
            "link": of(links[0])}  # fmt: skip


def detour_min(loaded: LoadedCase, west: int, east: int) -> float:
    """Minutes from seat to seat by the west link, the upper road and the east link."""
    length = km(loaded)
    main = length["piece"] * (west + 5 - east)
    return main + 2 * length["link"] + 2 * length["upper"]


def test_the_network_is_as_drawn(base: LoadedCase) -> None:
    # Points where only the name of a place changes are drawn, not driven.
    assert base.network.streets == 6
    assert between(base, 2, 3) == pytest.approx(km(base)["piece"], rel=ROUNDED)


@pytest.mark.parametrize(
    "closure",
    [
        {"near": [GAP_X, MAIN + 0.0005]},
        {"across": [[GAP_X, MAIN - 0.01], [GAP_X, MAIN + 0.01]]},
        {"inside": [[GAP_X - 0.004, MAIN - 0.01], [GAP_X + 0.004, MAIN - 0.01],
                    [GAP_X, MAIN + 0.01]]},
        {"name": "大桥路"},
        {"id": 102},
        {"id": ["102"]},
        {"between": ["丙", "丁"]},
        {"drawn": "line.geojson"},
        {"drawn": "area.geojson"},
    ],
    ids=lambda c: "-".join(map(str, c.values()))[:20],
)  # fmt: skip
def test_a_closed_bridge_forces_the_long_way_round(
    changed: Callable[..., LoadedCase],
    prepared: Prepared,
    base: LoadedCase,
    closure: dict[str, Any],
) -> None:
    line = {"type": "LineString", "coordinates": [[GAP_X, MAIN - 0.01], [GAP_X, MAIN + 0.01]]}
    box = [[GAP_X - 0.001, MAIN - 0.01], [GAP_X + 0.001, MAIN - 0.01], [GAP_X, MAIN + 0.01]]
    area = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon",
            "coordinates": [[*box, box[0]]]}}  # fmt: skip
    for name, shape in (("line", line), ("area", area)):
        (prepared.case.folder / f"{name}.geojson").write_text(json.dumps(shape), encoding="utf-8")
    loaded = changed(close={"bridge": closure})
    expected = detour_min(base, 2, 3)
    assert between(loaded, 2, 3) == pytest.approx(expected, rel=ROUNDED)
    assert between(loaded, 3, 2) == pytest.approx(expected, rel=ROUNDED)
    # On each side of the gap nothing changes.
    assert between(loaded, 0, 2) == pytest.approx(between(base, 0, 2), rel=ROUNDED)
    assert between(loaded, 3, 5) == pytest.approx(between(base, 3, 5), rel=ROUNDED)
    # The road is closed to driving; the duty to manage it stays.
    assert loaded.county.duty_road_km is not None
    assert base.county.duty_road_km is not None
    assert (loaded.county.duty_road_km == base.county.duty_road_km).all()


def test_a_cut_is_marked_on_the_road_and_as_long_as_asked(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(close={"bridge": {"near": [GAP_X, MAIN], "length_m": 400}})
    assert loaded.network is base.network  # other weights over the same roads
    (mark,) = loaded.road_marks
    assert (mark.kind, mark.text(str)) == ("closed", "Closed: bridge")
    assert line_km(mark.lines).sum() == pytest.approx(0.4, rel=1e-3)
    assert mark.crosses == pytest.approx(np.array([[GAP_X, MAIN]]), abs=1e-5)
    said = next(o.effect for o in loaded.overrides if o.key == "roads.close.bridge")
    assert said is not None
    assert said.text() == "1 roads closed over 0.40 km: 大桥路"


def test_closures_overlap_and_touch(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    loaded = changed(
        close={
            "a": {"near": [GAP_X, MAIN], "length_m": 400},
            "b": {"near": [GAP_X + 0.002, MAIN], "length_m": 400},
            "round b": {"near": [GAP_X + 0.002, MAIN], "length_m": 1000},
            "end": {"near": [X[5], MAIN + 0.02], "length_m": 100},
        }
    )
    # All three by the bridge overlap: one gap of a kilometre. The east link is cut too, so that
    # west and east part company.
    assert np.isinf(between(loaded, 0, 5))
    assert sum(line_km(m.lines).sum() for m in loaded.road_marks[:3]) > 1.0
    assert between(loaded, 0, 2) == pytest.approx(between(base, 0, 2), rel=ROUNDED)
    assert between(loaded, 3, 5) == pytest.approx(between(base, 3, 5), rel=ROUNDED)


# --- speeds ---------------------------------------------------------------------------------


def test_speed_factors_divide_minutes(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    half = changed(speed_factor=0.5)
    assert between(half, 0, 5) == pytest.approx(2 * between(base, 0, 5), rel=ROUNDED)
    assert (half.county.road_km == base.county.road_km).all()
    county = changed(speeds={"snow": {"classes": ["county"], "factor": 0.5}})
    assert between(county, 0, 5) == between(base, 0, 5)
    both = changed(
        speed_factor=0.8,
        speeds={"a": {"factor": 0.5}, "b": {"name": "大桥路", "factor": 0.25}},
    )
    # 0.8 x 0.5 everywhere, and a quarter of that on one of five pieces.
    expected = km(base)["piece"] * (4 / 0.4 + 1 / 0.1)
    assert between(both, 0, 5) == pytest.approx(expected, rel=ROUNDED)


def test_roads_by_id_are_named(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    loaded = changed(
        close={"works": {"id": [105, 106], "reason": "r"}},
        speeds={"ice": {"id": [102, 101, 100], "factor": 0.5}},
    )
    piece = km(base)["piece"]
    assert between(loaded, 1, 3) == pytest.approx(4 * piece, rel=ROUNDED)
    assert between(loaded, 3, 5) == pytest.approx(2 * piece, rel=ROUNDED)
    effects = {o.key: o.effect.text() for o in loaded.overrides if o.effect is not None}
    length = km(base)
    # The link has no name: its id stands for it.
    assert effects == {
        "roads.close.works": f"2 roads closed over {length['upper'] + length['link']:.2f} km: "
        "北路, 106",
        "roads.speeds.ice": f"{3 * piece:.1f} km of road: 主路, 大桥路",
    }


def test_both_directions_drawn_one_over_the_other_have_their_own_ids(tmp_path: Path) -> None:
    """A one-way pair with one geometry: closing one id leaves the other direction open."""

    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}

    folder = write_case(tmp_path / "case", case=with_roads)
    drawn = [f for f in features() if f["properties"]["osm_id"] != 102]
    for i, points in ((102, [[X[2], MAIN], [X[3], MAIN]]), (202, [[X[3], MAIN], [X[2], MAIN]])):
        shape = {"type": "LineString", "coordinates": points}
        tags = {"road_class": "provincial", "speed_km_per_h": 60, "oneway": "yes", "osm_id": i}
        drawn.append({"type": "Feature", "properties": tags, "geometry": shape})
    text = json.dumps({"type": "FeatureCollection", "features": drawn})
    (folder / "roads.geojson").write_text(text, encoding="utf-8")
    prepared = Prepared(open_case(str(folder)))
    base = prepared.load(prepared.case.scenario(None))
    loaded = apply(base, scenario_of(prepared.case, roads={"close": {"x": {"id": 202}}}))
    assert between(loaded, 2, 3) == between(base, 2, 3)
    assert between(loaded, 3, 2) > 5 * between(base, 3, 2)


def test_speed_inside_an_area_holds_for_that_part(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    east = [[GAP_X, SOUTH], [X[5] + 0.1, SOUTH], [X[5] + 0.1, MAIN + 0.01], [GAP_X, MAIN + 0.01]]
    loaded = changed(speeds={"flood": {"inside": east, "factor": 0.5}})
    piece = km(base)["piece"]
    assert between(loaded, 2, 3) == pytest.approx(piece * 1.5, rel=1e-4)
    assert between(loaded, 0, 2) == pytest.approx(piece * 2, rel=ROUNDED)
    assert between(loaded, 3, 5) == pytest.approx(piece * 4, rel=ROUNDED)


def test_a_speed_at_times_counts_by_the_alerts_of_those_times(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    winter = changed(speeds={"ice": {"factor": 0.5, "months": [12, 1, 2]}})
    # No month is known to have more alerts than its days: 90 of 365 days take twice as long.
    expected = between(base, 0, 5) * (1 + 90 / 365)
    assert between(winter, 0, 5) == pytest.approx(expected, rel=ROUNDED)
    said = next(o.effect for o in winter.overrides if o.key == "roads.speeds.ice")
    assert said is not None
    assert said.text().endswith("counts by 25% of the alerts")


def test_hours_count_by_the_alerts_of_those_hours(prepared: Prepared, base: LoadedCase) -> None:
    kinds = len(base.county.categories)
    rhythm = replace(
        base.county,
        period_names=("00-08", "08-24"),
        period_hours=np.array([8.0, 16.0]),
        period_share_fraction=np.tile([0.25, 0.75], (kinds, 1)),
    )
    known = replace(base, county=rhythm)
    roads = {"speeds": {"rush": {"factor": 0.5, "hours": "08-12"}}}
    rush = apply(known, scenario_of(prepared.case, roads=roads))
    # A quarter of the sixteen hours with three quarters of the alerts.
    expected = between(base, 0, 5) * (1 + 0.75 / 4)
    assert between(rush, 0, 5) == pytest.approx(expected, rel=ROUNDED)
    with pytest.raises(InputError, match="knows no rhythm of the day"):
        apply(base, scenario_of(prepared.case, roads=roads))


def test_a_season_of_alerts_takes_the_roads_of_that_season(
    prepared: Prepared, base: LoadedCase
) -> None:
    roads = {"speeds": {"ice": {"factor": 0.5, "months": [12, 1, 2]}}}
    weights = np.full((len(base.county.categories), 12), 1 / 12)
    weights[:, 0], weights[:, 6] = 2 / 12, 0
    known = replace(base, month_share_fraction=weights)
    january = scenario_of(prepared.case, roads=roads, alerts={"as_in": {"months": 1}})
    loaded = apply(known, january)
    assert between(loaded, 0, 5) == pytest.approx(2 * between(base, 0, 5), rel=ROUNDED)
    year = apply(known, scenario_of(prepared.case, roads=roads))
    assert between(year, 0, 5) == pytest.approx(between(base, 0, 5) * (1 + 4 / 12), rel=ROUNDED)


# --- new roads ------------------------------------------------------------------------------


def test_a_new_road_joins_two_junctions(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    line = [[X[2], MAIN], [X[3], MAIN]]
    loaded = changed(new={"快速路": {"line": line, "speed_km_per_h": 120, "road_class": "express"}})
    assert between(loaded, 2, 3) == pytest.approx(km(base)["piece"] / 2, rel=1e-4)
    assert between(loaded, 3, 2) == pytest.approx(km(base)["piece"] / 2, rel=1e-4)
    assert [(m.kind, m.name) for m in loaded.road_marks] == [("new", "快速路")]
    assert loaded.network.streets == 7
    assert "express" in loaded.network.class_names
    said = next(o.effect for o in loaded.overrides if o.key == "roads.new.快速路")
    assert said is not None
    piece = km(base)["piece"]
    assert said.text() == (
        f"{piece:.2f} km of new road, {piece / 2:.1f} min from end to end; it "
        "meets others at 2 places"
    )
    one_way = changed(new={"快速路": {"line": line, "speed_km_per_h": 120, "oneway": True}})
    assert between(one_way, 2, 3) == pytest.approx(km(base)["piece"] / 2, rel=1e-4)
    assert between(one_way, 3, 2) == pytest.approx(km(base)["piece"], rel=1e-4)


@pytest.mark.parametrize("drawn", [True, False])
def test_a_new_road_splits_the_roads_that_it_joins(
    changed: Callable[..., LoadedCase], prepared: Prepared, base: LoadedCase, drawn: bool
) -> None:
    line = [[GAP_X, MAIN + 0.0005], [GAP_X, UPPER]]
    shape = {"type": "LineString", "coordinates": line}
    (prepared.case.folder / "new.geojson").write_text(json.dumps(shape), encoding="utf-8")
    road = {"drawn": "new.geojson"} if drawn else {"line": line}
    loaded = changed(
        new={"连接线": {**road, "speed_km_per_h": 60}},
        close={"bridge": {"near": [GAP_X + 0.003, MAIN]}},
    )
    length = km(base)
    # Half the piece, up the new road, half the upper road at 2 min a km, down the east link and
    # back over two pieces.
    expected = length["piece"] / 2 + length["link"] + length["upper"] + length["link"]
    expected += 2 * length["piece"]
    assert between(loaded, 2, 3) == pytest.approx(expected, rel=0.01)
    assert between(loaded, 3, 2) == pytest.approx(expected, rel=0.01)
    # The parts of a split road keep its name.
    both = changed(new={"连接线": {**road}}, close={"bridge": {"name": "大桥路"}})
    said = next(o.effect for o in both.overrides if o.key == "roads.close.bridge")
    assert said is not None
    assert said.text() == f"2 roads closed over {length['piece']:.2f} km: 大桥路"


def test_new_roads_that_mean_nothing(refused: Callable[..., list[str]]) -> None:
    said = refused(
        new={
            "far": {"line": [[WEST, SOUTH - 0.2], [X[0], MAIN]]},
            "bare": {"road_class": "county"},
            "no file": {"drawn": "missing.geojson"},
        }
    )
    assert any("roads.new.no file.drawn" in s for s in said)
    said = refused(
        new={
            "far": {"line": [[WEST, SOUTH - 0.2], [X[0], MAIN]]},
            "bare": {"road_class": "county"},
        }
    )
    assert any("roads.new.far.line: expected both ends within 100 m of a road" in s for s in said)
    assert any("roads.new.bare" in s and "line or drawn" in s for s in said)


# --- what is wrong --------------------------------------------------------------------------


def test_closures_that_mean_nothing(refused: Callable[..., list[str]]) -> None:
    said = refused(
        close={
            "far": {"near": [WEST, SOUTH - 0.2]},
            "air": {"across": [[WEST, SOUTH], [WEST + 0.001, SOUTH]]},
            "typo": {"name": "大乔路"},
            "not direct": {"between": ["甲", "丁"]},
            "bare": {"reason": "x", "length_m": 5},
            "no file": {"name": "主路", "length_m": 50},
            "no id": {"id": [1012, 555, 102]},
            "path": {"id": "900"},
            "twice": {"id": ["104", "103"]},
            "again": {"name": "主路"},
        },
        speeds={"none": {"classes": ["village"], "factor": 0.5}, "half": {"name": "北路"},
                "id": {"id": "1O2", "factor": 0.5}},
    )  # fmt: skip
    for key, words in (
        ("close.far.near", "a point on a road; the nearest is"),
        ("close.air", "a shape that meets a road"),
        ("close.typo.name = 大乔路", "did you mean 大桥路?"),
        ("close.not direct.between", "one road joins directly"),
        ("close.bare", "where the road is closed"),
        ("close.no file.length_m", "`near` or `across`"),
        ("close.again", "not closed already"),
        ("close.no id.id = 1012", "expected the id of a road; did you mean 102 / 101"),
        ("close.no id.id = 555", "expected the id of a road; check the spelling"),
        ("close.path.id = 900", "the id of a road that cars can use; this one is left out"),
        ("close.twice", "not closed already"),
        ("speeds.none", "there are none"),
        ("speeds.half", "a factor"),
        ("speeds.id.id = 1O2", "did you mean 102"),
    ):
        assert any(f"roads.{key}" in s and words in s for s in said), (key, said)


def test_two_selectors_for_one_closure(refused: Callable[..., list[str]]) -> None:
    said = refused(close={"x": {"near": [GAP_X, MAIN], "name": "主路"}})
    assert any("one override of each thing" in s for s in said)


def test_cells_cut_off_are_named(prepared: Prepared, base: LoadedCase) -> None:
    apart = {"bridge": {"name": "大桥路"}, "north": {"name": "北路"}}
    # West and east have nothing to do with each other, and every cell keeps to its side.
    assert np.isinf(between(apply(base, scenario_of(prepared.case, roads={"close": apart})), 2, 3))
    taken = {"丙": {"takes_cells": ["c44"]}}
    scenario = scenario_of(prepared.case, roads={"close": apart}, stations=taken)
    with pytest.raises(InputError) as caught:
        apply(base, scenario)
    said = [p.text() for p in caught.value.problems]
    assert len(said) == 1
    assert "roads.close = c44: expected a way by road from 丙派出所 to each of its cells" in said[0]
    assert "give these cells to a station that reaches them" in said[0]


def test_the_message_says_who_is_cut_off_and_from_where(
    prepared: Prepared, base: LoadedCase
) -> None:
    apart = {"bridge": {"name": "大桥路"}, "north": {"name": "北路"}}
    taken = {"丙": {"takes_cells": ["c44"]}}
    scenario = scenario_of(prepared.case, roads={"close": apart}, stations=taken)
    with pytest.raises(InputError) as caught:
        apply(base, scenario)
    said = caught.value.problems[0].text()
    cells = base.county.cells
    township = cells.township[cells.cell_id.index("c44")]
    assert f"cut off: {township}, still reached from " in said
    assert "丁派出所" in said.split("still reached from")[1]
    assert "丙派出所" not in said.split("still reached from")[1]


def test_the_station_that_reaches_first_takes_over(prepared: Prepared, base: LoadedCase) -> None:
    apart = {"bridge": {"name": "大桥路"}, "north": {"name": "北路"}}
    taken = {"丙": {"takes_cells": ["c44"]}}
    roads = {"close": apart, "cut_off": "nearest"}
    loaded = apply(base, scenario_of(prepared.case, roads=roads, stations=taken))
    cells = loaded.county.cells
    lost = cells.cell_id.index("c44")
    column = loaded.county.travel_time_min[:, lost]
    assert cells.station[lost] == np.argmin(column)
    assert np.isfinite(column.min())
    said = next(o.effect for o in loaded.overrides if o.key == "roads.cut_off")
    assert said is not None
    assert "1 cells are cut off" in said.text()
    assert "丙派出所 → " in said.text()


def test_a_plan_says_which_townships_are_lost_to_whom(prepared: Prepared, base: LoadedCase) -> None:
    assert base.warnings == prepared.inspection(prepared.case.scenario(None)).loaded.warnings  # type: ignore[union-attr]
    apart = {"bridge": {"name": "大桥路"}, "north": {"name": "北路"}}
    loaded = apply(base, scenario_of(prepared.case, roads={"close": apart}))
    said = [w for w in loaded.warnings if w.where == "roads.close"]
    minutes, cells = loaded.county.travel_time_min, loaded.county.cells
    lost = {
        cells.township[c]
        for c in range(len(cells))
        if (np.isinf(minutes[:, c]) & np.isfinite(base.county.travel_time_min[:, c])).any()
    }
    assert lost
    assert all(any(t in str(w.value) for w in said) for t in lost)
    assert all(w.severity == "warning" and "can no longer reach" in w.text() for w in said)
    round_about = {"close": {"bridge": {"name": "大桥路"}}}
    long_way = apply(base, scenario_of(prepared.case, roads=round_about))
    assert not [w for w in long_way.warnings if w.where == "roads.close"]


def test_no_road_left(refused: Callable[..., list[str]]) -> None:
    world = [[100, 20], [120, 20], [120, 40], [100, 40]]
    assert any("at least one open road" in s for s in refused(close={"all": {"inside": world}}))


def test_a_drawing_that_cannot_be_read(
    refused: Callable[..., list[str]], prepared: Prepared
) -> None:
    (prepared.case.folder / "points.geojson").write_text(
        json.dumps({"type": "Point", "coordinates": [107, 30]}), encoding="utf-8"
    )
    for name in ("missing.geojson", "points.geojson", "case.yaml"):
        said = refused(close={"x": {"drawn": name}})
        assert any(f"drawn = {name}: expected a GeoJSON file" in s for s in said)


def test_the_files_of_a_scenario_are_inputs(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    (folder / "scenarios").mkdir()
    line = {"type": "LineString", "coordinates": [[GAP_X, MAIN - 0.01], [GAP_X, MAIN + 0.01]]}
    (folder / "line.geojson").write_text(json.dumps(line), encoding="utf-8")
    texts = {
        "scenarios/parent.yaml": "overrides: [quick]",
        "scenarios/child.yaml": "extends: parent\nreason: r\n"
        "roads: {close: {b: {drawn: line.geojson}}}",
        "scenarios/other.yaml": "policy: {solver: {seed: 7}}",
        "overrides.yaml": "quick: {policy: {solver: {seed: 3}}}",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    scenario = open_case(str(folder)).scenario("child", ["alerts.factor=2"])
    assert scenario_paths(scenario, folder) == {
        name: folder / name
        for name in (
            "line.geojson",
            "overrides.yaml",
            "scenarios/child.yaml",
            "scenarios/parent.yaml",
        )
    }


def test_names_need_a_layer_that_has_them(tmp_path: Path) -> None:
    prepared = Prepared(open_case(str(write_case(tmp_path / "case"))))
    base = prepared.load(prepared.case.scenario(None))
    for key, value, words in (("name", "主路", "no names"), ("id", "7", "no ids")):
        with pytest.raises(InputError, match=f"the roads of this case have {words}"):
            apply(base, scenario_of(prepared.case, roads={"close": {"x": {key: value}}}))


def test_whom_a_closure_parts_is_in_every_output(tmp_path: Path) -> None:
    """Console, JSON, `warnings.csv`, and under both maps; with the closures' own legend lines."""

    def apart(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}
        close = {"大桥": {"name": "大桥路"}, "北": {"name": "北路"}}
        document["scenarios"] = {"apart": {"reason": "r", "roads": {"close": close}}}

    folder = write_case(tmp_path / "case", case=apart)
    text = json.dumps({"type": "FeatureCollection", "features": features()}, ensure_ascii=False)
    (folder / "roads.geojson").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    line = ["run", str(folder), "-s", "apart", "--no-store", "--out", str(out), "--lang", "en"]
    told = CliRunner(env={"COLUMNS": "200"}).invoke(jingli, line)
    assert told.exit_code == 0, told.output
    assert "甲派出所, 乙派出所, 丙派出所 can no longer reach all of it" in told.stdout
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    west, east = ["甲派出所", "乙派出所", "丙派出所"], ["丁派出所", "戊派出所", "己派出所"]
    lost = {tuple(one["stations"]): set(one["townships"]) for one in found["no_longer_reached"]}
    assert lost == {tuple(west): {"丁镇", "戊镇", "己镇"}, tuple(east): {"甲镇", "乙镇", "丙镇"}}
    assert "can no longer reach" in (out / "warnings.csv").read_text(encoding="utf-8-sig")
    under = "No longer reached by road: "
    page = (out / "map.html").read_text(encoding="utf-8")
    assert under in page
    assert '"Closed: 大桥"' in page
    layer = pyogrio.read_dataframe(out / "plan.gpkg", layer="road_changes")
    assert layer["label"].tolist() == ["Closed: 大桥", "Closed: 北"]
    assert (layer["length_km"] > 3).all()
    # No bundle reaches over the water.
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    for bundle in plan["bundles"]:
        sides = {station in ("01", "02", "03") for station in bundle["station_ids"]}
        assert len(sides) == 1


@pytest.mark.parametrize(
    ("roads", "label"),
    [
        ({"speeds": {"winter": {"classes": ["provincial"], "factor": 0.6, "months": [12, 1]}}},
         "provincial roads × 0.6 (winter; months 12, 1)"),
        ({"speeds": {"ice": {"name": "大桥路", "factor": 0.5}}}, "大桥路 × 0.5 (ice)"),
        ({"speed_factor": 0.7}, "all roads × 0.7"),
        ({"close": {"k": {"id": 105}}}, "Closed: k"),
        ({"new": {"n": {"line": [[X[2], MAIN], [X[2], UPPER]], "road_class": "轮渡"}}},
         "Ferry: n"),
    ],
)  # fmt: skip
def test_every_change_is_a_line_of_the_legend_and_on_the_map(
    changed: Callable[..., LoadedCase], roads: dict[str, Any], label: str
) -> None:
    loaded = changed(**roads)
    scene = scene_of(loaded, current_plan(loaded.county), "t", str, "en")
    ground = ground_for(scene)
    (mark,) = ground.marks
    assert mark.text == label
    assert label in [k.text for k in legend_keys(loaded.county, scene.plan, ground)]
    assert bool(len(mark.lines)) == ("speed_factor" not in roads)
    assert len(mark.cross_m) == ("close" in roads)
