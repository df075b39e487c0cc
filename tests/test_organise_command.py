"""`jingli organise`: a case or a kept run, on the console, as JSON and as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from scenarios import organise_plot
from scenarios.language import translator
from scenarios.opened import open_asked
from scenarios.organise import study_organisation
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

DISPUTES = (
    "--set", "policy.organisation.dispute_categories=[help]",
    "--set", "policy.organisation.dispute_before_min=60",
    "--set", "policy.organisation.dispute_after_min=45",
)  # fmt: skip


def two_centres(spec: Row) -> None:
    spec["policy"]["response"] = {"rural_min": 60}
    spec["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}


def some_small(rows: list[Row]) -> None:
    """Two teams, a crew and a post take five officers, one team and a room four."""
    rows[0]["auxiliaries"] = 24
    for row, officers in zip(rows[1:4], (4, 4, 3), strict=True):
        row["officers"] = row["authorised_officers"] = officers


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "case"
    return write_case(folder, case=two_centres, stations=some_small)


@pytest.fixture(scope="module")
def ran(small: Path) -> Any:
    """The case run and kept."""
    return document("run", small, "--store", small.parent / "kept.sqlite")


@pytest.fixture(scope="module")
def kept(small: Path, ran: Any) -> tuple[object, ...]:
    """How the kept run is named."""
    return (ran["run_id"], "--store", small.parent / "kept.sqlite")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def test_a_kept_run_is_organised_as_the_plan_has_it(
    kept: tuple[object, ...], ran: Any, small: Path
) -> None:
    found = document("organise", *kept)
    assert {u["unit_id"]: u["officers"] for u in found["units"]} == {
        b["centre_id"]: b["strength"] for b in ran["plan"]["bundles"]
    }
    for unit in found["units"]:
        assert sum(t["officers"] for t in unit["teams"]) == unit["officers"]
        assert sum(t["auxiliaries"] for t in unit["teams"]) == unit["auxiliaries"]
        assert sum(w["officers"] for w in unit["work"]) == pytest.approx(unit["officers_required"])
        if unit["areas"]:
            community = next(t for t in unit["teams"] if "community" in t["teams"])
            assert sum(a["officers"] for a in unit["areas"]) == community["officers"]
    assert found["deployment"] == "plan"
    assert found["assumed"]["policy.organisation.residents_per_area"] == 10_000
    assert found["modelled"] == ["alerts.rhythm", "roads"]
    assert document("organise", small)["units"] == found["units"]


def test_today_and_one_unit(kept: tuple[object, ...], ran: Any, small: Path) -> None:
    bundle = next(b for b in ran["plan"]["bundles"] if len(b["station_ids"]) > 1)
    office = next(s for s in bundle["station_ids"] if s != bundle["centre_id"])
    (unit,) = document("organise", *kept, "--unit", office)["units"]
    assert unit["unit_id"] == bundle["centre_id"]
    (alone,) = document("organise", small, "--unit", office, "--today")["units"]
    assert alone["unit_id"] == office
    text = said("organise", small, "--today", "--unit", "甲")
    assert "甲派出所: two teams, one room; 20 officers, 24 auxiliaries" in text
    assert "before: one big roster" in text
    assert "community work" in text
    assert "Areas are not drawn" in text


def test_the_console_says_what_changes(small: Path) -> None:
    text = said("organise", small, "--today")
    assert "so one team, one room; officers+auxiliaries lacking: 乙 1+0, 丙 1+0" in text
    assert "so one big roster; officers+auxiliaries lacking for two teams: 丁 2+0" in text
    assert "leave the big roster" in text
    assert "Proven: no other share" in text
    assert "ASSUMED" not in text
    assert "night_crews = case 1" in text
    stated = said("organise", small, "--today", *DISPUTES)
    # 1,600 alerts of the kind at 甲 and 240 each at 戊 and 己; the others have no community team.
    assert "ASSUMED in the policy and measured by nobody" in stated
    assert "On 2,080 disputes a year that would be 520 hours, if it came true" in stated
    found = document("organise", small, "--today", *DISPUTES)["disputes"]
    assert found == {"assumption": True, "per_year": 2080, "before_min": 60, "after_min": 45}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_line_is_wider_than_the_screen(kept: tuple[object, ...], lang: str) -> None:
    for options in ((), ("--today",), ("--unit", "甲")):
        done = command("organise", *kept, *options, "--lang", lang)
        assert done.exit_code == 0
        assert max(cell_len(line) for line in done.output.splitlines()) <= 80
    if lang == "zh":
        assert "两队一室" in done.output
        assert "办案队" in done.output
        assert not [w for w in ("team", "officers", "room") if w in done.output.split("以下")[0]]


def test_files_hold_what_the_console_says(kept: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    said("organise", *kept, "--out", out)
    whole = json.loads((out / "organisation.json").read_text(encoding="utf-8"))
    assert whole == document("organise", *kept)
    with (out / "organisation_teams.csv").open(encoding="utf-8-sig", newline="") as file:
        teams = list(csv.DictReader(file))
    assert [int(t["Officers"]) for t in teams] == [
        t["officers"] for u in whole["units"] for t in u["teams"]
    ]
    with (out / "organisation_units.csv").open(encoding="utf-8-sig", newline="") as file:
        units = list(csv.DictReader(file))
    for row, unit in zip(units, whole["units"], strict=True):
        heads = ("Case team", "Community team", "Command room")
        assert sum(int(row[f"{t}, officers"] or 0) for t in heads) == unit["officers"]
        assert int(row["Community areas"]) == len(unit["areas"])
    with (out / "organisation_areas.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == sum(len(u["areas"]) for u in whole["units"])
    book = CalamineWorkbook.from_path(out / "organisation.xlsx")
    assert book.sheet_names == ["About", "Units", "Teams", "Work", "Community areas"]
    assert len(book.get_sheet_by_name("Teams").to_python()) == len(teams) + 1
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert {p.name for p in out.iterdir()} == {*manifest["files"], "manifest.json"}
    assert "organisation.png" in manifest["files"]
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    assert "mine.txt" in refused("organise", *kept, "--out", out)


def test_beats_from_a_file(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "beats.csv"
    path.write_text("村编号,警格\nc11,北\nc12,北\nc13,南\nc14,南\n", encoding="utf-8")
    (unit,) = document("organise", small, "--today", "--unit", "甲", "--beats", path)["units"]
    assert [(a["area_id"], a["drawn"], a["residents"]) for a in unit["areas"]] == [
        ("北", True, 8000), ("南", True, 8000),
    ]  # fmt: skip
    path.write_text("村编号,警格\nc11,北\nc11,南\nzz,南\n", encoding="utf-8")
    text = refused("organise", small, "--today", "--beats", path)
    assert "c11" in text
    path.write_text("cell_id,beat\nc11,n\nzz,n\n", encoding="utf-8")
    text = refused("organise", small, "--today", "--beats", path)
    assert "cell_id = zz: expected a cell of the case" in text
    assert "3 of its cells have none" in text


def test_bad_input_is_one_list(small: Path, tmp_path: Path) -> None:
    text = refused("organise", small, "--today", "--set", "policy.organisation.form=two_teams")
    assert "3 problem(s)" in text
    assert "1 officers and 0 auxiliaries more" in text
    assert "一队一室" in text
    assert "too small for one team and one room too" in text
    assert "expected an id or a name" in refused("organise", small, "--unit", "nobody")

    def without(rows: list[Row]) -> None:
        for row in rows:
            del row["auxiliaries"]

    case = write_case(tmp_path / "case", stations=without)
    text = refused("organise", case, "--today")
    assert "nobody holds the role" in text
    assert "policy.organisation.auxiliaries_per_area" in text


def test_without_a_plan(tmp_path: Path) -> None:
    def impossible(spec: Row) -> None:
        spec["policy"]["bundling"] = {"centres": 6}

    case = write_case(tmp_path / "case", case=impossible)
    done = command("organise", case, "--lang", "en")
    assert done.exit_code == 1
    assert "--today" in done.stderr
    assert command("organise", case, "--today").exit_code == 0


def test_the_chart_keeps_to_the_largest_units(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_asked(str(small), None, (), lambda: None, today_only=True)  # type: ignore[arg-type, return-value]
    study = study_organisation(opened, today_only=True)
    bars, nights = organise_plot.organisation_chart(study, "t", translator("en")).axes
    names = [label.get_text() for label in bars.get_yticklabels()]
    assert names[0] == "甲派出所"
    assert len(names) == 6
    assert sorted(int(t.get_text()) for t in bars.texts) == sorted(
        t.officers for o in study.found for t in o.teams
    )
    assert "Modelled values" in bars.figure.get_supxlabel()
    assert nights.get_xlabel() == "Nights per officer a month"
    monkeypatch.setattr(organise_plot, "_MOST_UNITS", 2)
    figure = organise_plot.organisation_chart(study, "t", translator("en"))
    assert figure.get_suptitle() == "t · today's stations · the 2 largest units"
    assert len(figure.axes[0].get_yticklabels()) == 2
