"""Assignment files: what a dispatch system reads, and what `jingli score` reads back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from geo.safe_text import write_csv
from optimizer.plan import Plan
from scenarios.assignment import assignment_for_people, assignment_sheets
from scenarios.handmade import read_bundles
from tests.command_line import command, document
from tests.places import plan_of
from tests.small_case import Row, write_case
from tests.toy import toy_county

pytestmark = pytest.mark.usefixtures("no_pictures")

County = list[dict[str, str]]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def split(rows: list[Row]) -> None:
        # 丙镇 reaches into the area of station 02.
        rows[4]["township"] = "丙镇"

    folder = write_case(tmp_path_factory.mktemp("assignment") / "case", cells=split)
    done = command("run", folder, "--out", folder.parent / "out", "--no-store", "--lang", "zh")
    assert done.exit_code == 0, done.output
    return folder


def read(case: Path, name: str) -> list[dict[str, str]]:
    path = case.parent / "out" / name
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def plan(case: Path) -> Plan:
    return Plan.from_json((case.parent / "out" / "plan.json").read_text(encoding="utf-8"))


def test_every_cell_has_its_station_today_and_its_centre(case: Path) -> None:
    centre_of = plan(case).centre_of()
    cells = read(case, "assignment.csv")
    assert [c["cell_id"] for c in cells] == [f"c{s}{i}" for s in range(1, 7) for i in range(1, 5)]
    for cell in cells:
        station = f"0{cell['cell_id'][1]}"
        assert cell["station_id_today"] == station
        assert cell["centre_id"] == centre_of[station]
        assert station in cell["bundle_station_ids"].split(";")
        alone = len(cell["bundle_station_ids"].split(";")) == 1
        assert (cell["becomes"] == "stays") == alone
        assert (cell["becomes"] == "centre") == (not alone and cell["centre_id"] == station)
        change = float(cell["response_plan_min"]) - float(cell["response_today_min"])
        assert float(cell["response_change_min"]) == pytest.approx(change, abs=0.011)
        assert cell["modelled"] == "yes"  # the roads are


def test_townships_are_whole_or_say_how_they_are_split(case: Path) -> None:
    centre_of = plan(case).centre_of()
    towns: dict[str, County] = {}
    for row in read(case, "townships_plan.csv"):
        towns.setdefault(row["township"], []).append(row)
    assert [(r["centre_id"], r["cells"], r["whole"]) for r in towns["甲镇"]] == [("01", "4", "yes")]
    split = {r["centre_id"]: r for r in towns["丙镇"]}
    together = centre_of["02"] == centre_of["03"]
    assert set(split) == {centre_of["02"], centre_of["03"]}
    assert {r["whole"] for r in towns["丙镇"]} == {"yes" if together else "no"}
    assert sum(int(r["cells"]) for r in towns["丙镇"]) == 5
    assert {r["cells_of_township"] for r in towns["丙镇"]} == {"5"}


def test_score_reads_the_stations_file_back(case: Path) -> None:
    """The bundles come back as they were: the same measures that bundles decide."""
    file = case.parent / "out" / "stations_plan.csv"
    scored = document("score", case, "--plan", file)
    made = json.loads((case.parent / "out" / "evaluation.json").read_text(encoding="utf-8"))["plan"]
    assert scored["keeps_every_rule"]
    for measure in ("centres", "mean_response_min", "officers_freed", "objective"):
        assert scored["plan"][measure] == pytest.approx(made[measure]), measure
    bundles = [(b.centre_id, list(b.station_ids)) for b in plan(case).bundles]
    assert [(b["centre_id"], b["station_ids"]) for b in scored["plan"]["bundles"]] == bundles


def test_score_names_a_station_that_was_taken_out_of_the_file(case: Path, tmp_path: Path) -> None:
    lines = (case.parent / "out" / "stations_plan.csv").read_text("utf-8-sig").splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(lines[:-1]), encoding="utf-8")
    done = command("score", case, "--plan", short, "--lang", "en")
    assert done.exit_code == 2
    assert "己派出所 (06) is missing" in " ".join(done.stderr.split())


def test_ids_that_look_like_formulas_come_back(tmp_path: Path) -> None:
    county = toy_county(n_stations=3, stations={"station_id": ("-a", "=b", "c")})
    plan = plan_of(county, {"=b": ["-a", "=b"]})
    sheet = assignment_sheets(county, plan, turnout_min=2.0)[2]
    file = write_csv(tmp_path / "stations_plan.csv", sheet.header, sheet.rows)
    assert "'-a," in file.read_text(encoding="utf-8-sig")  # Excel does not run it
    assert read_bundles(county, file) == plan.bundles


def test_road_duty_stands_beside_each_station(case: Path) -> None:
    duty = {d.station_id: d.duty_id for d in plan(case).road_duties}
    assert duty
    for row in read(case, "stations_plan.csv"):
        assert row["road_duty_id"] == duty.get(row["station_id"], "")
        assert bool(row["road_duty_name"]) == (row["station_id"] in duty)


def test_minutes_are_those_of_the_county_and_none_is_infinite() -> None:
    county = toy_county(n_stations=3, cells_per_station=2)
    travel = county.travel_time_min.copy()
    travel[1, 0] = np.inf
    cut_off = toy_county(n_stations=3, cells_per_station=2, travel_time_min=travel)
    joined = plan_of(cut_off, {"s02": ["s01", "s02"]})
    cells, towns, stations = assignment_sheets(cut_off, joined, turnout_min=2.5)
    by_cell = [dict(zip(cells.header, row, strict=True)) for row in cells.rows]
    first, second = by_cell[:2]
    assert first["response_plan_min"] is None
    assert first["response_change_min"] is None
    assert first["response_today_min"] == round(2.5 + county.travel_time_min[0, 0], 2)
    assert second["response_plan_min"] == round(2.5 + county.travel_time_min[1, 1], 2)
    assert [first["becomes"], first["bundle_station_ids"]] == ["police_office", "s01;s02"]
    assert len(towns.rows) == len(stations.rows) == 3
    said = assignment_for_people(cells, lambda text: text.upper())
    words = dict(zip(said.header, said.rows[0], strict=True))
    assert words["WHICH BECOMES"] == "POLICE OFFICE"
    assert words["CELL"] == first["cell_id"]
