"""Counties between which bundles may cross: one joint case, its plan against every partition."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from optimizer.columns import UNITS_PER_OFFICER
from scenarios.case import open_case
from scenarios.counties import CountyCase, read_counties
from scenarios.joint_case import joined, write_joint_case
from scenarios.run import run_case
from tests.command_line import document, refused, said
from tests.small_case import STEP, Row, write_case
from tests.test_bundling import brute_force

Change = Callable[[Row], None]


def county(folder: Path, name: str, east: int, alone: set[str], case: Change | None = None) -> Path:
    """Three stations in a row, `east` stations further on; those of `alone` may not be bundled."""
    shift = 2 * STEP * east

    def stations(rows: list[Row]) -> None:
        del rows[3:]
        for row in rows:
            row["lon"] += shift
            row["kind"] = "rural"
            row["can_bundle"] = "no" if row["station_id"] in alone else "yes"

    def cells(rows: list[Row]) -> None:
        del rows[12:]
        for row in rows:
            row["geometry"] = [[[round(x + shift, 6), y] for x, y in row["geometry"][0]]]

    def squads(rows: list[Row]) -> None:
        rows[0] |= {"stations": "02;03", "lon": rows[0]["lon"] + shift}

    def changed(row: Row) -> None:
        row["name"] = name
        row["policy"] = {
            "bundling": {"max_bundle_size": 2},
            "traffic": {"dissolve_squads": True, "max_accident_travel_min": 90},
        }
        if case is not None:
            case(row)

    return write_case(folder, stations=stations, cells=cells, squads=squads, case=changed)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two counties side by side: only the stations on either side of the border may be bundled."""
    folder = tmp_path_factory.mktemp("province")
    county(folder / "jia", "甲县", 0, {"01", "02"})
    county(folder / "yi", "乙县", 3, {"02", "03"})
    return folder


def read(province: Path, *sets: str) -> tuple[CountyCase, ...]:
    return read_counties([str(province / "jia"), str(province / "yi")], None, sets)


def test_apart_unless_allowed_then_across_and_the_best_of_every_partition(
    province: Path, tmp_path: Path
) -> None:
    apart = document("run", province, "--no-store")
    assert [d["plan"]["centres"] for d in apart["counties"]] == [0, 0]
    out = tmp_path / "out"
    text = said("run", province, "--across", "jia,yi", "--out", out, "--no-store")
    assert "Bundles may cross a border here, solved as one: 甲县 + 乙县" in text
    assert "No bundle crosses" not in text
    plan = json.loads((out / "jia+yi" / "plan.json").read_text(encoding="utf-8"))
    joint = [b["station_ids"] for b in plan["bundles"] if len(b["station_ids"]) > 1]
    assert joint == [["jia:03", "yi:01"]]
    run = run_case(open_case(str(out / "_joint" / "jia+yi")), None)
    best = brute_force(run.loaded.county, run.loaded.policy).key
    assert best is not None
    assert run.result.proofs[0].objective == pytest.approx(best[0] / UNITS_PER_OFFICER, abs=1e-9)


def test_the_joint_case_has_all_that_the_counties_have(province: Path, tmp_path: Path) -> None:
    own = read(province)
    (both,) = joined(own, [("yi", "jia")], tmp_path)
    world, parts = both.loaded.county, [c.loaded.county for c in own]
    assert world.name == "甲县 + 乙县"
    assert len(world.stations) == sum(len(p.stations) for p in parts)
    assert world.cells.alerts_per_year.sum() == sum(p.cells.alerts_per_year.sum() for p in parts)
    assert world.cells.population.sum() == sum(p.cells.population.sum() for p in parts)
    assert world.stations.officers.tolist() == [n for p in parts for n in p.stations.officers]
    assert world.squads.stations == (("jia:02", "jia:03"), ("yi:02", "yi:03"))
    assert len(world.units) == 2
    ids = world.stations.station_id
    assert world.station_adjacency is not None
    near = {(ids[i], ids[j]) for i, j in world.station_adjacency}
    assert ("jia:03", "yi:01") in near
    assert "甲县甲镇" in world.cells.township, "a name that both have says whose it is"
    assert set(world.stations.name) >= {"甲县甲派出所", "乙县甲派出所"}


def test_locks_and_counts_of_both_hold_together(tmp_path: Path) -> None:
    def case(keep: str) -> Change:
        def change(row: Row) -> None:
            row["policy"]["bundling"] |= {"centres": 1, "locks": {"keep": [keep]}}
            row["policy"]["staffing"] = {"inflows": [{"to": "rural_stations", "officers": 1}]}

        return change

    county(tmp_path / "jia", "甲县", 0, set(), case("01"))
    county(tmp_path / "yi", "乙县", 3, set(), case("03"))
    (both,) = joined(read(tmp_path), [("jia", "yi")], tmp_path / "joint")
    policy = both.loaded.policy
    assert policy.bundling.centres == 2
    assert policy.bundling.locks.keep == ("jia:01", "yi:03")
    assert [(i.to, i.officers) for i in policy.staffing.inflows] == [("rural_stations", 2)]


def rhythm(hours: tuple[float, float], share: float) -> Change:
    def change(row: Row) -> None:
        row["alert_rhythm"] = {
            "periods": [{"name": "day", "hours": hours[0]}, {"name": "night", "hours": hours[1]}],
            "share_fraction": {"help": [share, 1 - share]},
        }
        row["policy"]["workload"] = {"categories": {"help": {"on_scene_min": 33}}}

    return change


def test_a_category_with_two_rhythms_stays_two(tmp_path: Path) -> None:
    county(tmp_path / "jia", "甲县", 0, set(), rhythm((12, 12), 0.6))
    county(tmp_path / "yi", "乙县", 3, set(), rhythm((12, 12), 0.7))
    own = read(tmp_path)
    (both,) = joined(own, [("jia", "yi")], tmp_path / "joint")
    world = both.loaded.county
    assert world.categories == ("criminal", "help", "help_yi")
    assert world.period_share_fraction[1:, 0].tolist() == [0.6, 0.7]
    assert both.loaded.policy.workload.of("help_yi").on_scene_min == 33


def roads(name: str) -> Change:
    def change(row: Row) -> None:
        row["layers"]["roads"] = {"path": name, "crs": "WGS84"}

    return change


def line(folder: Path) -> None:
    coordinates = [[107.2 + 0.01 * i, 30.22] for i in range(60)]
    feature = {"type": "Feature", "properties": {},
               "geometry": {"type": "LineString", "coordinates": coordinates}}  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (folder / "roads.geojson").write_text(text, encoding="utf-8")


def test_roads_of_two_files_are_refused_and_of_one_are_not(tmp_path: Path) -> None:
    for name, east in (("jia", 0), ("yi", 3)):
        line(county(tmp_path / name, name, east, set(), roads("roads.geojson")))
    with pytest.raises(Exception, match="two road files do not say where"):
        joined(read(tmp_path), [("jia", "yi")], tmp_path / "joint")
    line(tmp_path)
    for name in ("jia", "yi"):
        path = tmp_path / name / "case.yaml"
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
        spec["layers"]["roads"]["path"] = "../roads.geojson"
        path.write_text(yaml.safe_dump(spec, allow_unicode=True), encoding="utf-8")
    (both,) = joined(read(tmp_path), [("jia", "yi")], tmp_path / "joint")
    world = both.loaded.county
    assert world.station_time_min[0, 5] < 120


def test_what_cannot_be_joined_is_said_at_once(province: Path, tmp_path: Path) -> None:
    county(tmp_path / "jia", "甲县", 0, set(), rhythm((12, 12), 0.6))

    def other(row: Row) -> None:
        rhythm((10, 14), 0.6)(row)
        row["policy"]["response"] = {"rural_min": 25}

    county(tmp_path / "yi", "乙县", 3, set(), other)
    text = refused("run", tmp_path, "--across", "jia,yi", "--out", tmp_path / "o", "--no-store")
    assert "alert_rhythm.periods" in text
    assert "policy.response.rural_min" in text
    cases: list[tuple[Any, str]] = [
        (("--across", "jia,bing"), "the folder name of a county of this run"),
        (("--across", "jia"), "at least two counties"),
        (("--across", "jia,yi", "--across", "yi,jia"), "each county in one group only"),
    ]
    for words, expected in cases:
        out = tmp_path / "elsewhere"
        assert expected in refused("run", province, *words, "--out", out, "--no-store")
    assert "add --out" in refused("run", province, "--across", "jia,yi", "--no-store")
    assert "several cases" in refused("run", province / "jia", "--across", "jia,yi", "--no-store")


def test_the_same_files_give_the_same_joint_case(province: Path, tmp_path: Path) -> None:
    own = read(province)
    texts = []
    for name in ("a", "b"):
        write_joint_case(own, tmp_path / name)
        texts.append({p.name: p.read_bytes() for p in sorted((tmp_path / name).iterdir())})
    assert texts[0] == texts[1]
