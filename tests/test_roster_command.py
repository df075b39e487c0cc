"""`jingli roster`: console, JSON, workbook, CSV, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from optimizer.plan import current_plan
from optimizer.roster_demand import week_demand
from scenarios.case import open_case
from scenarios.prepared import Prepared
from tests.command_line import command, document, refused, said
from tests.small_case import write_case

SHORT = ("--today", "--weeks", "1", "--start", "2026-12-07", "--set", "policy.roster.effort=1")
DUTY = (*SHORT, "--pattern", "24on48off")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def week_file(path: Path, officers: int = 1, *, leave_out: int | None = None) -> Path:
    rows = ["星期,小时,民警"]
    rows += [
        f"{day},{hour},{officers}"
        for day in ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
        for hour in range(24)
        if day != "周三" or hour != leave_out
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_shortage_is_named_by_date_and_hour(small: Path, tmp_path: Path) -> None:
    """Two officers on 24/48 hold four of seven days: three are short, and the exit code says so."""
    asked = ("roster", small, "--unit", "02", *DUTY, "--officers", "2")
    demand = ("--demand", week_file(tmp_path / "need.csv"))
    found = document(*asked, *demand, exit_code=1)
    assert found["shortage_hours"] == 72
    assert found["demand_origin"] == "file"
    assert len(found["short"]) == 72
    assert found["proofs"][0]["status"] == "OPTIMAL"
    text = command(*asked, *demand, "--lang", "zh").stdout
    assert "缺员：应在岗 168 人时中缺 72 人时" in text
    assert "应在岗 1，在岗 0" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_a_station_is_rostered_from_its_alerts(small: Path) -> None:
    text = said("roster", small, "--unit", "甲派出所", *DUTY, "--officers", "28")
    assert "Every hour has the heads it needs" in text
    assert "modelled from alerts" in text
    assert "policy.crews.effective_hours_per_week = 48" in text


def test_demand_is_crews_post_and_desk(small: Path) -> None:
    prepared = Prepared(open_case(str(small)))
    loaded = prepared.load(prepared.case.scenario(None))
    (bundle,) = [b for b in current_plan(loaded.county).bundles if b.centre_id == "01"]
    week = week_demand(loaded.county, loaded.policy, bundle)
    # One duty post beside the crews, round the clock; one auxiliary per crew of one officer.
    assert (week.case[5:] == week.auxiliary[5:] + 1).all()
    # 16,000 residents x 10,000 officer-min per 1,000 a year = 51 h a week: one head on 40 h.
    assert week.community.sum() == 5 * 8
    assert set(np.flatnonzero(week.community[0])) == set(range(8, 16))


def test_the_workbook_holds_month_cover_shortage_and_fairness(small: Path, tmp_path: Path) -> None:
    leave = tmp_path / "leave.csv"
    leave.write_text(
        "岗位号,开始日期,结束日期,类别,班次\n1,2026-12-08,2026-12-09,休假,\n"
        "2,2026-12-07,,固定班,duty\n",
        encoding="utf-8",
    )
    base = ("roster", small, "--unit", "02", *DUTY, "--officers", "2", "--leave", leave)
    asked = (*base, "--demand", week_file(tmp_path / "need.csv"), "--lang", "zh")
    books = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for book in books:
        assert command(*asked, "--out", book).exit_code == 1
    assert books[0].read_bytes() == books[1].read_bytes()
    sheets = {
        name: CalamineWorkbook.from_path(books[0]).get_sheet_by_name(name).to_python()
        for name in ("排班", "各时在岗", "缺员", "均衡")
    }
    month = sheets["排班"]
    assert month[0][2:5] == ["周一", "周二", "周三"]
    assert month[2][3:5] == ["休", "休"]
    assert month[3][2] == "值"
    assert any("0/1" in [str(c) for c in row] for row in sheets["各时在岗"])
    assert str(sheets["缺员"][1][2]).endswith("–24:00")
    assert sheets["缺员"][1][6] == 1
    assert len(sheets["均衡"]) == 3
    table = tmp_path / "a.csv"
    assert command(*asked, "--out", table).exit_code == 1
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][0] == "岗位号"
    assert ["2", "2026-12-07 08:00", "2026-12-08 08:00"] in [[r[0], r[4], r[5]] for r in rows]


def test_wrong_files_are_refused_in_one_list(small: Path, tmp_path: Path) -> None:
    asked = ("roster", small, "--unit", "02", *DUTY, "--officers", "3")
    gap = week_file(tmp_path / "gap.csv", leave_out=7)
    assert "expected all 24 hours of weekday 3" in refused(*asked, "--demand", gap)
    leave = tmp_path / "leave.csv"
    leave.write_text(
        "slot,from,to,kind,shift\n9,2026-12-08,,leave,\n1,2026-12-01,,leave,\n"
        "1,2026-12-09,2026-12-08,off,\n2,2026-12-09,,duty,early\n3,2026-12-09,,off,\n"
        "3,2026-12-09,,leave,\n",
        encoding="utf-8",
    )
    text = refused(*asked, "--leave", leave)
    assert "5 problem(s)" in text
    for piece in (
        "a slot from 1 to 3",
        "days within the roster, 2026-12-07 to 2026-12-13",
        "a last day that is not before the first",
        "one of the shifts duty",
        "each day of a slot once; line 6 has it already",
    ):
        assert piece in text
    leave.write_text(
        "slot,from,to,kind,shift\n1,2026-12-08,2026-12-09,duty,duty\n", encoding="utf-8"
    )
    assert "roster.rest_hours = 0: expected fixed shifts of slot 1" in refused(
        *asked, "--leave", leave
    )


def test_units_and_options_that_do_not_fit_are_refused(small: Path, tmp_path: Path) -> None:
    assert "--demand FILE" in refused("roster", small, "--unit", "刑侦大队", *DUTY)
    assert "--unit = 无此所" in refused("roster", small, "--unit", "无此所", *DUTY)
    said_out = refused("roster", small, "--unit", "02", *DUTY, "--out", tmp_path / "x.pdf")
    assert "ends in .xlsx or .csv" in said_out
    assert "at most 200 slots" in refused(
        "roster", small, "--unit", "02", *DUTY, "--officers", "201"
    )
    assert "shifts for the pattern custom" in refused(
        "roster", small, "--unit", "02", *SHORT, "--pattern", "custom"
    )
