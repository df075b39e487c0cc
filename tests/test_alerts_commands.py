"""`jingli alerts`, `jingli repeats` and `jingli tasks`, as a planner types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from tests.alert_case import write_alert_case
from tests.command_line import command, document, refused, said
from tests.small_case import write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_alert_case(tmp_path_factory.mktemp("alerts") / "case")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sheet_names(path: Path) -> list[str]:
    return list(CalamineWorkbook.from_path(str(path)).sheet_names)


def test_a_week_on_the_console_and_in_files(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = said("alerts", case, "--week", "--out", out)
    assert "2026-03-25 – 2026-03-31" in text
    assert "more alerts than expected: help" in text
    assert "--trace 20260325-20260331" in text
    found = json.loads((out / "briefing.json").read_text(encoding="utf-8"))
    county = found["lines"][0]
    assert f"{county['alerts']} alerts; expected" in text
    lines = table(out / "briefing.csv")
    assert [int(r["Alerts"]) for r in lines] == [r["alerts"] for r in found["lines"]]
    assert [r["Trace key"] for r in lines] == [r["key"] for r in found["lines"]]
    assert sheet_names(out / "briefing.xlsx")[1:] == [
        "Briefing",
        "Places",
        "Tasks proposed",
    ]
    assert (out / "briefing.png").stat().st_size > 10_000
    # The same question is the same answer.
    again = document("alerts", case)
    assert again == found


def test_every_key_of_the_document_leads_to_its_rows(case: Path, tmp_path: Path) -> None:
    found = document("alerts", case, "--day")
    line = max(found["lines"][1:], key=lambda r: r["alerts"])
    out = tmp_path / "rows"
    traced = document("alerts", case, "--trace", line["key"], "--out", out)
    assert traced["alerts"] == line["alerts"] == len(traced["rows"])
    log = (case / "alerts.csv").read_text(encoding="utf-8").splitlines()
    for row in traced["rows"]:
        assert log[row["row"] - 1].startswith(row["occurred_at"])
    assert len(table(out / "trace.csv")) == line["alerts"]
    text = said("alerts", case, "--trace", line["key"])
    assert f"{line['alerts']} alerts behind {line['key']}" in text
    assert "alerts.csv, lines" in text


def test_no_output_holds_a_place_but_its_key(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("repeats", case, "--out", out)
    every = (out / "repeats.json").read_text(encoding="utf-8")
    assert "lon_deg" not in every
    assert "Longitude, degrees" not in table(out / "repeats.csv")[0]
    with_points = document("repeats", case, "--points")
    assert with_points["places"][0]["lon_deg"] == pytest.approx(107.35, abs=1e-3)


def test_repeats_by_what_is_asked(case: Path) -> None:
    plain = document("repeats", case)
    first = plain["places"][0]
    assert (first["grade"], first["alerts"], first["categories"]) == ("red", 7, {"dispute": 7})
    assert not document("repeats", case, "--category", "help", "--station", "乙")["places"]
    assert [p["alerts"] for p in document("repeats", case, "--days", 5)["places"]] == [4]
    assert document("repeats", case, "--alerts", 8)["places"] == []
    assert {p["grade"] for p in document("repeats", case, "--grade", "blue")["places"]} <= {"blue"}
    own = document("repeats", case, "--category", "dispute")["places"][0]
    for key, number in ((own["key"], 7), (own["lookback_key"], own["lookback_alerts"])):
        assert document("repeats", case, "--trace", key)["alerts"] == number
    earlier = document("repeats", case, "--as-of", "2026-03-26")
    assert earlier["as_of"] == "2026-03-26"
    assert earlier["places"][0]["alerts"] == 4
    text = said("repeats", case)
    assert "1 red" in text
    assert "never people" in text


def test_a_task_from_issue_to_check(case: Path, tmp_path: Path) -> None:
    assert "No task has been issued yet" in said("tasks", case, "list")
    issued = document("tasks", case, "issue", "--on", "2026-04-01", "--grade", "red")
    ids = [t["task_id"] for t in issued["tasks"]]
    assert len(ids) == 2
    assert {t["grade"] for t in issued["tasks"]} == {"red"}
    assert document("tasks", case, "issue", "--on", "2026-04-01", "--grade", "red") == {
        "tasks": [],
        "present": ids,
    }
    assert ids[0] in said("alerts", case)
    late = document("tasks", case, "list", "--overdue", "--on", "2026-04-04")
    assert sorted(t["task_id"] for t in late["tasks"]) == sorted(ids)
    assert not document("tasks", case, "list", "--overdue", "--on", "2026-04-03")["tasks"]
    text = said("tasks", case, "done", ids[0][-5:], "--officers", 3, "--on", "2026-04-02")
    assert text == f"{ids[0]}: done on 2026-04-02, 3 officers took part"
    said("tasks", case, "check", ids[0], "--on", "2026-04-03")
    said("tasks", case, "reopen", ids[0], "--on", "2026-04-05")
    out = tmp_path / "tasks"
    listed = document("tasks", case, "list", "--on", "2026-04-06", "--out", out)
    task = next(t for t in listed["tasks"] if t["task_id"] == ids[0])
    assert [s["state"] for s in task["steps"]] == ["issued", "done", "checked", "reopened"]
    assert (task["state"], task["overdue"], task["officers"]) == ("reopened", True, 3)
    assert len(table(out / "task_steps.csv")) == 5
    assert {r["State"] for r in table(out / "tasks.csv")} == {"reopened", "issued"}
    assert sheet_names(out / "tasks.xlsx")[1:] == ["Tasks", "Steps"]
    assert len(document("tasks", case, "list", "--state", "reopened")["tasks"]) == 1
    assert len(document("tasks", case, "list", "--station", "02")["tasks"]) == 1


def test_tasks_of_a_case_know_no_columns_for_people(case: Path) -> None:
    task = document("tasks", case, "issue", "--on", "2026-04-01")["tasks"][0]
    assert set(task) == {
        "task_id", "county", "issued_at", "as_of", "kind", "subject", "grade", "station_id",
        "station", "township", "cell_id", "category", "alerts", "expected_alerts", "trace", "due",
        "state", "officers", "changed_on",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["alerts", "--day", "--week"], "one of --day, --week and --month"),
        (["alerts", "--as-of", "2030-01-01"], "a day of the log: 2024-01-01 to 2026-03-31"),
        (["alerts", "--as-of", "yesterday"], "a day such as 2026-11-21"),
        (["alerts", "--trace", "nonsense"], "parts such as 20260301-20260307"),
        (["repeats", "--as-of", "2020-01-01"], "a day of the log"),
        (["repeats", "--category", "nonsense"], "categories of the log"),
        (["repeats", "--station", "nowhere"], "an id or a name of"),
        (["tasks", "done"], "ids of the tasks"),
        (["tasks", "list", "x"], "no ids with list"),
        (["tasks", "issue", "--day", "--month"], "one of --day, --week and --month"),
        (["tasks", "issue", "--station", "nowhere"], "an id or a name of"),
        (["tasks", "check", "x", "--officers", "3"], "the action done with it"),
        (["tasks", "list", "--as-of", "2026-03-31"], "the action issue with it"),
        (["tasks", "done", "x", "--on", "soon"], "--on = soon: expected a day such as"),
        (["tasks", "done", "nonsense"], "the id of a task of this county"),
        (["tasks", "list", "--station", "nowhere"], "a station that has tasks: -"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_message(
    case: Path, words: list[str], message: str
) -> None:
    assert message in refused(words[0], case, *words[1:])


def test_a_case_without_a_log_says_so(tmp_path: Path) -> None:
    plain = write_case(tmp_path / "plain")
    for words in (["alerts"], ["repeats"], ["tasks", "issue"]):
        assert "a log of alerts" in refused(words[0], plain, *words[1:])


def test_rules_of_the_case_are_checked(tmp_path: Path) -> None:
    rules: dict[str, Any] = {"repeats": {"days": 60, "lookback_days": 30}}
    wrong = write_alert_case(tmp_path / "wrong", **rules)
    assert "a look-back of at least the window: 60 days" in refused("repeats", wrong)


def test_in_chinese(case: Path) -> None:
    done = command("alerts", case, "--month", "--lang", "zh")
    assert done.exit_code == 0
    assert "警情月报 · 2026-03-01 – 2026-03-31" in done.stdout
    assert all(len(line.encode("gb18030")) <= 80 for line in done.stdout.splitlines())
