"""`jingli visibility`: presence at key areas by night, before and after, by one rule."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from rich.cells import cell_len

from geo.visibility_map import GRADE_COLOURS, visibility_map
from optimizer.errors import untranslated
from optimizer.policy import Crews, Policy
from scenarios.commands.common import opened_store
from scenarios.key_areas import alerts_per_year_in, cell_rows_at, modelled_areas
from scenarios.opened import Opened, open_asked
from scenarios.outputs import scene_of
from scenarios.visibility import (
    VisibilityStudy,
    VisibilityWishes,
    crews_manned,
    study_visibility,
)
from scenarios.visibility_outputs import presence_map
from tests.command_line import command, document, refused, said
from tests.small_case import SOUTH, STEP, WEST, Row, write_case, write_csv


def three_bundles(spec: Row) -> None:
    """Bundles of two and no moves, so that officers in a bundle are those of its stations."""
    spec["policy"]["response"] = {"rural_min": 60}
    spec["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}
    spec["policy"]["traffic"] = {"dissolve_squads": False}
    spec["policy"]["staffing"] = {"max_moves": 0}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    folder = tmp_path_factory.mktemp("small")
    case = write_case(folder / "case", case=three_bundles)
    store = folder / "kept.sqlite"
    return (document("run", case, "--store", store)["run_id"], "--store", store)


@pytest.fixture(scope="module")
def opened(kept: tuple[object, ...]) -> Opened:
    return open_asked(str(kept[0]), None, (), partial(opened_store, str(kept[2]), make=False))


def areas(folder: Path, **changes: Any) -> Path:
    """A key area at the seat of every station: 20 minutes in one visit."""
    rows: list[Row] = [
        {
            "key_area_id": f"k{s + 1}", "name": f"place {s + 1}", "minutes": 20, "visits": 1,
            "lon": round(WEST + STEP * (2 * s + 1) - 0.004, 6),
            "lat": round(SOUTH + STEP - 0.003, 6),
            "window": "", "minutes_today": "", "grade": "red" if s < 2 else "", "station_id": "",
            "alerts_per_year": 100 * (s + 1),
        }
        for s in range(6)
    ]  # fmt: skip
    rows[0] |= changes
    path = folder / "areas.csv"
    write_csv(path, rows)
    return path


def study(opened: Opened, folder: Path, **changes: Any) -> VisibilityStudy:
    wishes = VisibilityWishes(key_areas=areas(folder, **changes))
    return study_visibility(opened, wishes, str)


def test_crews_by_hand() -> None:
    """Relief 3.5: 7 officers keep two posts, one of them the duty post."""
    one = Policy(crews=Crews(effective_hours_per_week=48.0))
    assert one.crews.relief_factor == 3.5
    assert [crews_manned(one, n, 9) for n in (0, 6, 7, 10, 11, 14)] == [0, 0, 1, 1, 2, 3]
    assert crews_manned(one, 14, 2) == 2
    pairs = Policy(crews=Crews(crew_officers=2, duty_post_officers=0))
    assert [crews_manned(pairs, n, 9) for n in (6, 7, 13, 14)] == [0, 1, 1, 2]


@given(st.integers(0, 200), st.integers(0, 20), st.integers(1, 3), st.integers(0, 3))
def test_crews_are_as_many_as_officers_keep(n: int, needed: int, pair: int, post: int) -> None:
    policy = Policy(crews=Crews(crew_officers=pair, duty_post_officers=post))
    crews = crews_manned(policy, n, needed)
    relief = policy.crews.relief_factor

    def wanted(crews: int) -> float:
        return (crews * pair + post) * relief

    assert crews == 0 or wanted(crews) <= n + 1e-6
    assert crews == needed or wanted(crews + 1) > n - 1e-6


def test_before_and_after_by_hand(opened: Opened, tmp_path: Path) -> None:
    """A station of 6 officers keeps no crew beside its duty post, a bundle of 12 keeps two.

    So today only the town patrols; under the plan the bundles too, and lone stations still not.
    """
    found = study(opened, tmp_path)
    assert opened.plan is not None
    alone = {b.centre_id for b in opened.plan.bundles if len(b.station_ids) == 1}
    assert len(alone) == 2
    assert {u.centre_id: u.vehicles > 0 for u in found.today} == {
        f"0{s}": s == 1 for s in range(1, 7)
    }
    for unit in found.planned:
        officers = 20 if "01" in unit.station_ids else 0
        officers += 6 * sum(s != "01" for s in unit.station_ids)
        assert unit.officers == officers
        assert (unit.vehicles > 0) == (officers >= 7)
        assert unit.idle == ("" if officers >= 7 else "no_crew")
    bundled = {s for u in found.planned if len(u.station_ids) > 1 for s in u.station_ids} | {"01"}
    for s, seen in enumerate(found.areas, 1):
        after = 20.0 if f"0{s}" in bundled else 0.0
        assert seen.plan_min == pytest.approx(after)
        assert seen.today_min == pytest.approx(20.0 if s == 1 else 0.0)
        assert (seen.covered_today, seen.covered_plan) == (s == 1, after > 0)
        assert seen.because == (None if after else "no_crew")
    before, now = (found.coverage(is_plan=p) for p in (False, True))
    assert (before.covered, before.areas) == (1, 6)
    assert before.alert_share_fraction == pytest.approx(100 / 2100)
    rows = sorted(int(s[1]) for s in bundled)
    assert now.alert_share_fraction == pytest.approx(sum(rows) * 100 / 2100)
    assert now.presence_fraction == pytest.approx(len(rows) / 6, abs=0.01)


def test_sums_are_those_of_the_areas(kept: tuple[object, ...], tmp_path: Path) -> None:
    told = document("visibility", *kept, "--key-areas", areas(tmp_path, minutes=90, visits=3))
    rows = told["key_areas"]
    parts = {"red": [r for r in rows if r["grade"]], "none": [r for r in rows if not r["grade"]]}
    for world in ("today", "plan"):
        for grade, some in [*parts.items(), (None, rows)]:
            one = told[world] if grade is None else told["grades"][grade][world]
            assert one["areas"] == len(some)
            done = [r for r in some if r[f"covered_{world}"]]
            assert one["share_fraction"] == pytest.approx(len(done) / len(some))
            alerts = [sum(r["alerts_per_year"] for r in part) for part in (done, some)]
            assert one["alert_share_fraction"] == pytest.approx(alerts[0] / alerts[1])
            given = sum(min(r[f"minutes_{world}"], r["minutes_wanted"]) for r in some)
            assert one["given_min"] == pytest.approx(given)
    for r in rows:
        assert r["covered_plan"] == (r["minutes_plan"] >= r["minutes_wanted"])
    owned = [a for u in told["units_plan"] for a in u["areas"]]
    assert sorted(owned) == [f"k{s}" for s in range(1, 7)]


def test_equal_vehicles_take_the_crews_out(opened: Opened, tmp_path: Path) -> None:
    wishes = VisibilityWishes(key_areas=areas(tmp_path), vehicles=1)
    found = study_visibility(opened, wishes, str)
    assert {u.vehicles for u in (*found.today, *found.planned)} == {1}
    assert found.coverage(is_plan=False).covered == 6


def test_presence_today_of_the_file_goes_first(opened: Opened, tmp_path: Path) -> None:
    for given_min, covered in ((19.0, False), (20.0, True), (55.0, True)):
        seen = study(opened, tmp_path, minutes_today=given_min).areas
        assert (seen[0].today_min, seen[0].covered_today) == (given_min, covered)
        assert seen[0].today_given
        assert not seen[1].today_given
    found = study(opened, tmp_path, minutes_today=55.0)
    # More than is wanted at one place does not make up for less at another.
    assert found.coverage(is_plan=False).given_min == pytest.approx(20.0)


def test_a_unit_that_stays_patrols_alike(opened: Opened, tmp_path: Path) -> None:
    found = study(opened, tmp_path)
    today = {u.centre_id: u for u in found.today}
    for unit in found.planned:
        if len(unit.station_ids) == 1:
            assert unit is today[unit.centre_id]


def test_weight_is_the_night_of_the_cell_where_the_file_is_silent(
    opened: Opened, tmp_path: Path
) -> None:
    path = areas(tmp_path)
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = list(csv.DictReader(file))
    for row in rows:
        row["alerts_per_year"] = ""
    rows[1] |= {"lon": rows[0]["lon"], "lat": rows[0]["lat"], "window": "20:00-22:00"}
    write_csv(path, rows)
    found = study_visibility(opened, VisibilityWishes(key_areas=path), str)
    county = opened.loaded.county
    lon, lat = (np.array([float(r[k]) for r in rows]) for k in ("lon", "lat"))
    cell = cell_rows_at(opened.loaded, lon, lat)
    night = alerts_per_year_in(county, 1200, 480)[cell]
    short = alerts_per_year_in(county, 1200, 120)[cell]
    told = [a.alerts_per_year for a in found.areas]
    assert told[2:] == pytest.approx(night[2:])
    assert told[:2] == pytest.approx([night[0] / 2, short[1] / 2])  # two in one cell


def test_modelled_areas_are_the_busiest_cells_and_the_seats(opened: Opened) -> None:
    """A cell of the town has 440 alerts a year, a third by night: red; 66 elsewhere: blue."""
    found = modelled_areas(opened.loaded, 1200, 480, str)
    cells = opened.loaded.county.cells
    for s in range(6):
        own = [a for a in found if a.station_row == s]
        graded = [a for a in own if a.grade]
        assert {a.grade for a in graded} == {"red" if s == 0 else "blue"}
        assert len(graded) == 2
        assert all(cells.station[cells.cell_id.index(a.area_id)] == s for a in graded)
        seats = [a for a in own if not a.grade]
        assert len(seats) <= 1
        assert all(a.minutes == 15.0 and a.visits == 1 for a in seats)
    assert all(a.modelled for a in found)
    assert len({a.area_id for a in found}) == len(found)


def test_files_hold_together(kept: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = said("visibility", *kept, "--out", out)
    assert "key areas modelled" in text
    assert "no rhythm of the day known" in text
    assert {p.name for p in out.iterdir()} == {
        "areas.csv", "coverage.csv", "units.csv", "key_areas.csv", "visibility.json",
        "visibility.xlsx", "visibility.gpkg", "visibility.png", "manifest.json",
    }  # fmt: skip
    told = json.loads((out / "visibility.json").read_text(encoding="utf-8"))
    # The key areas modelled, given back, are the same question.
    again = document("visibility", *kept, "--key-areas", out / "key_areas.csv")
    for key in ("covered_today", "covered_plan", "minutes_wanted", "modelled", "grade"):
        assert [r[key] for r in again["key_areas"]] == [r[key] for r in told["key_areas"]]
    assert again["plan"]["covered"] == told["plan"]["covered"]
    with (out / "areas.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["Id"] for r in rows] == [r["key_area_id"] for r in told["key_areas"]]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_console_holds_at_80_columns(kept: tuple[object, ...], tmp_path: Path, lang: str) -> None:
    path = areas(tmp_path)
    text = command("visibility", *kept, "--key-areas", path, "--lang", lang).output
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert {"en": "have no crew round the clock", "zh": "排不出全天候警组"}[lang] in text
    assert {"en": "presence today modelled", "zh": "现状驻守为推算"}[lang] in text.replace(
        "\n", " "
    )


@pytest.mark.parametrize(
    ("changes", "options", "word"),
    [
        ({"station_id": "nowhere"}, (), "an id or a name of"),
        ({"lon": WEST - 0.5}, (), "a place in the county, on a station's ground"),
        ({"window": "18:00-21:00"}, (), "120 minutes outside"),
        ({"window": "21:00-21:15"}, (), "no more minutes than its window has: 15"),
        ({"minutes": 500}, (), "no more minutes than its window has: 480"),
        ({"minutes": 0}, (), "minutes"),
        ({}, ("--night", "late"), "by the clock"),
    ],
)
def test_bad_input_is_said(
    kept: tuple[object, ...],
    tmp_path: Path,
    changes: dict[str, Any],
    options: tuple[object, ...],
    word: str,
) -> None:
    path = areas(tmp_path, **changes)
    text = refused("visibility", *kept, "--key-areas", path, *options)
    assert word in text


def test_a_night_full_of_alerts_leaves_no_patrol(tmp_path: Path, opened: Opened) -> None:
    def busy(spec: Row) -> None:
        three_bundles(spec)
        spec["policy"]["workload"] = {"other_category": {"on_scene_min": 400.0}}

    case = write_case(tmp_path / "busy", case=busy)
    found = document(
        "visibility", case, "--store", tmp_path / "kept.sqlite", "--vehicles", 1, "--key-areas",
        areas(tmp_path),
    )  # fmt: skip
    town = found["units_today"][0]
    assert town["idle"] == "alerts"
    assert town["given_min"] == [0.0]
    assert found["key_areas"][0]["missed_because"] == "alerts"


def face(marks: PathCollection) -> list[Any]:
    return [tuple(colour) for colour in np.asarray(marks.get_facecolor()).tolist()]


def test_map_shows_who_comes(opened: Opened, tmp_path: Path) -> None:
    """Today one key area in red is seen and five have nobody; grey ground where nobody patrols."""
    found = study(opened, tmp_path)
    assert opened.plan is not None
    scene = scene_of(opened.loaded, opened.plan, "t", untranslated, "en")
    figure = visibility_map(scene, presence_map(found, untranslated))
    seen: dict[str, list[int]] = {}
    for ax in figure.axes:
        marks = [c for c in ax.collections if isinstance(c, PathCollection)]

        def drawn(colour: str, *, disc: bool, marks: list[PathCollection] = marks) -> int:
            same = [c for c in marks if [to_hex(f).upper() for f in face(c)] == [colour]]
            return sum(
                len(np.asarray(c.get_offsets()))
                for c in same
                if (len(np.asarray(c.get_paths()[0].vertices)) > 20) == disc
            )

        seen[str(ax.get_label())] = [
            drawn(colour, disc=disc)
            for colour in (GRADE_COLOURS[0], GRADE_COLOURS[3])
            for disc in (True, False)
        ]
    bundled = {s for u in found.planned if len(u.station_ids) > 1 for s in u.station_ids} | {"01"}
    red = sum(s in bundled for s in ("01", "02"))
    # Red seen and missed, then those without a grade.
    assert seen["today"] == [1, 1, 0, 4]
    assert seen["plan"] == [red, 2 - red, len(bundled) - red, 4 - (len(bundled) - red)]
    assert presence_map(found, untranslated).today.idle.tolist() == [False] + [True] * 5
