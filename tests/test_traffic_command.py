"""`jingli traffic`, hours on duty, checkpoints and equipment."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from optimizer.road_duty import in_proportion
from optimizer.road_hours import accidents_by_hour, on_duty
from scenarios.cli import jingli
from scenarios.counties import read_counties
from scenarios.joint_case import write_joint_case
from scenarios.road_assets import parse_hours
from tests import small_case
from tests.test_traffic_rules import policy
from tests.toy import toy_county

EVEN = np.full(24, 1 / 24)


def test_hours_of_text() -> None:
    assert parse_hours("07-09;17-19") == (7, 8, 17, 18)
    assert parse_hours("22:00-02:00") == (0, 1, 22, 23)
    assert parse_hours("0-24") == tuple(range(24))
    for wrong in ("", "9", "25-26", "7-7", "morning"):
        assert parse_hours(wrong) is None


def test_pieces_are_whole_and_none_is_lost() -> None:
    assert in_proportion(5, [1, 1, 2]) == (1, 1, 3)  # 1.25, 1.25, 2.5
    assert in_proportion(3, [1, 1]) == (2, 1), "equal remainders: the first"
    assert in_proportion(2, [0, 0, 0]) == (1, 1, 0)
    for pieces in range(8):
        assert sum(in_proportion(pieces, [0.3, 1.7, 2.2])) == pieces


def test_checkpoints_go_first_and_the_rest_follows_accidents() -> None:
    # 4 officers x 42 h a week are 24 officer-hours a day.
    share = np.where(np.arange(24) == 18, 0.5, 0.5 / 23)
    present, short = on_duty(4, 42.0, share, np.zeros(24, np.int64))
    assert present.tolist() == [1] * 24
    needed = np.zeros(24, np.int64)
    needed[[7, 18]] = 3
    present, short = on_duty(4, 42.0, share, needed)
    assert present[[7, 18]].tolist() == [3, 3]
    assert present.sum() == 24
    assert not short.any()
    # One officer has 6 hours: 3 for hour 18, which has most accidents, 3 for hour 7.
    present, short = on_duty(1, 42.0, share, needed)
    assert present.sum() == 6
    assert not short.any()
    needed[8] = 3
    present, short = on_duty(1, 42.0, share, needed)
    assert (present[18], present[7], short[8]) == (3, 3, 3)


def test_accidents_by_hour_follow_the_periods() -> None:
    county = toy_county(
        n_periods=2,
        period_hours=np.array([6.0, 18.0]),
        period_share_fraction=np.array([[0.5, 0.5], [0.4, 0.6]]),
    )
    found = accidents_by_hour(county, policy())
    assert found[:6] == pytest.approx(np.full(6, 0.4 / 6))
    assert found[6:] == pytest.approx(np.full(18, 0.6 / 18))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small case with accidents, equipment and a checkpoint."""
    folder = tmp_path_factory.mktemp("county") / "case"

    def with_accidents(spec: dict[str, Any]) -> None:
        spec["policy"]["workload"] = {"categories": {"help": {"is_road_traffic": True}}}
        spec["layers"]["checkpoints"] = {"path": "checkpoints.csv", "crs": "WGS84"}

    def with_pieces(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row.update({"车辆": 3, "装备_测速仪": 2})

    small_case.write_case(folder, case=with_accidents, squads=with_pieces)
    (folder / "checkpoints.csv").write_text(
        "编号,检查站,经度,纬度,值守时段,民警\nK1,东站,107.4,30.22,00-24,9\n".replace(
            "20.2", "30.22"
        ),
        encoding="utf-8",
    )
    return folder


def told(*words: str) -> tuple[int, str]:
    said = CliRunner().invoke(jingli, [*words, "--lang", "en"])
    return said.exit_code, said.output


def test_json_adds_up(case: Path, tmp_path: Path) -> None:
    code, text = told("traffic", str(case), "--joint", "--out", str(tmp_path / "out"), "--json")
    assert code == 0, text
    found: dict[str, Any] = json.loads(text)
    before, after = found["squads_today"], found["duty_stations"]
    for key in ("officers", "road_km"):
        assert sum(u[key] for u in before) == pytest.approx(sum(u[key] for u in after))
    for kind in found["equipment"]:
        pieces = [sum(u["equipment"][kind] for u in side) for side in (before, after)]
        assert pieces[0] == pieces[1] > 0
    accidents = found["accidents_today"]["accidents_per_year"]
    assert sum(u["accidents"]["accidents_per_year"] for u in after) == pytest.approx(accidents)
    assert accidents == found["accidents_plan"]["accidents_per_year"] > 0
    assert [o["option"] for o in found["options"]] == ["asked", "two_step", "joint"]
    asked, two_step, joint = found["options"]
    assert asked["km_per_officer_max"] == pytest.approx(max(u["km_per_officer"] for u in after))
    assert two_step["km_per_officer_max"] == asked["km_per_officer_max"]
    assert joint["proof"]["status"] == "OPTIMAL"
    (point,) = found["checkpoints"]
    assert len(point["short_hours"]) > 0, "nine officers round the clock are more than any has"
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"traffic.json", "duty_stations.csv", "checkpoints.csv", "plan.png"} <= written
    assert json.loads((tmp_path / "out" / "traffic.json").read_text("utf-8")) == found


def test_bad_input_is_one_list(case: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for file in case.iterdir():
        if file.is_file():
            (bad / file.name).write_bytes(file.read_bytes())
    text = (bad / "checkpoints.csv").read_text(encoding="utf-8")
    (bad / "checkpoints.csv").write_text(text.replace("00-24", "early"), encoding="utf-8")
    code, said = told("traffic", str(bad), "--set", "policy.traffic.which_squads=['nobody']")
    assert code == 2
    assert "which_squads = nobody" in said
    assert "early" in said


def test_squads_that_stay_are_refused_and_too_many_stations_named(case: Path) -> None:
    code, said = told("traffic", str(case), "--set", "policy.traffic.dissolve_squads=false")
    assert code == 2
    assert "dissolve_squads = false" in said
    code, said = told("traffic", str(case), "--set", "policy.traffic.duty_stations=50")
    assert code == 1
    assert "traffic.duty_stations" in said


def test_console_fits(case: Path) -> None:
    code, said = told("traffic", str(case), "--joint")
    assert code == 0
    assert "Checkpoints" in said
    assert "One solve" in said


def test_counties_put_together_keep_equipment_and_checkpoints(case: Path, tmp_path: Path) -> None:
    (one,) = read_counties([str(case)], None, ())
    (tmp_path / "b").mkdir()
    write_joint_case([one, replace(one, typed=str(tmp_path / "b"))], tmp_path / "joint")
    with (tmp_path / "joint" / "squads.csv").open(encoding="utf-8", newline="") as file:
        squads = list(csv.DictReader(file))
    assert [(s["vehicles"], s["equipment_测速仪"]) for s in squads] == [("3", "2")] * 2
    with (tmp_path / "joint" / "checkpoints.csv").open(encoding="utf-8", newline="") as file:
        points = list(csv.DictReader(file))
    hours = one.loaded.road_assets.checkpoints[0].hours
    assert [parse_hours(p["hours"]) for p in points] == [hours, hours]
    assert [p["officers"] for p in points] == ["9", "9"]
