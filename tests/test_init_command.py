"""`jingli init`: what it writes is accepted once it is filled in."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from python_calamine import CalamineWorkbook

from optimizer.policy import Policy
from scenarios.alert_rules import AlertRules
from scenarios.case import open_case
from scenarios.commands import init as init_module
from scenarios.template import WORKBOOK, Answers, case_text
from tests.command_line import command, document, refused, said
from tests.small_case import cell_rows, station_rows

SHEETS = ("派出所", "村社", "交巡警中队", "职能单位")


def headers_of(folder: Path) -> dict[str, list[str]]:
    if (folder / WORKBOOK).exists():
        book = CalamineWorkbook.from_path(str(folder / WORKBOOK))
        return {n: [str(h) for h in book.get_sheet_by_name(n).to_python()[0]] for n in SHEETS}
    return {
        n: next(csv.reader((folder / f"{n}.csv").read_text("utf-8-sig").splitlines()))
        for n in SHEETS
    }


def filled() -> dict[str, list[dict[str, Any]]]:
    """The small case as a planner would type it under the Chinese headers."""
    stations = [
        {
            "编号": r["station_id"], "名称": r["name"], "经度": r["lon"], "纬度": r["lat"],
            "类型": "城区" if r["kind"] == "urban" else "农村", "民警": r["officers"],
            "编制": r["authorised_officers"], "辅警": r["auxiliaries"], "可捆绑": "是",
        }
        for r in station_rows()
    ]  # fmt: skip
    cells = []
    for r in cell_rows():
        lon, lat = (sum(p[i] for p in r["geometry"][0][:4]) / 4 for i in (0, 1))
        cells.append(
            {
                "单元编号": r["cell_id"], "派出所编号": r["station_id"], "乡镇": r["township"],
                "人口": r["population"], "经度": lon, "纬度": lat,
                "年警情_刑事": r["alerts_per_year_criminal"],
                "年警情_求助": r["alerts_per_year_help"],
            }
        )  # fmt: skip
    squads = [
        {"中队编号": "q1", "名称": "东中队", "经度": 107.4, "纬度": 30.22, "民警": 4,
         "辖区派出所": "02;03;04;05;06"}
    ]  # fmt: skip
    units = [{"单位编号": "u1", "名称": "刑侦大队", "民警": 10, "编制": 12, "需要警力": 14}]
    return dict(zip(SHEETS, (stations, cells, squads, units), strict=True))


def fill(folder: Path) -> None:
    headers, rows = headers_of(folder), filled()
    for name in SHEETS:
        assert set(rows[name][0]) <= set(headers[name]), name
    if (folder / WORKBOOK).exists():
        book = xlsxwriter.Workbook(str(folder / WORKBOOK))
        for name in SHEETS:
            page = book.add_worksheet(name)
            page.write_row(0, 0, headers[name])
            for i, row in enumerate(rows[name], start=1):
                page.write_row(i, 0, [row.get(h, "") for h in headers[name]])
        book.close()
        return
    for name in SHEETS:
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=headers[name])
            writer.writeheader()
            writer.writerows(rows[name])


@pytest.mark.parametrize("tables", ["xlsx", "csv"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_filled_template_runs(tmp_path: Path, tables: str, lang: str) -> None:
    folder = tmp_path / "新县"
    done = command(
        "init", folder, "--yes", "--tables", tables, "--squads", "--units", "--lang", lang
    )
    assert done.exit_code == 0, done.output
    fill(folder)
    assert "The case can be run" in said("validate", folder)
    ran = document("run", folder)
    assert ran["case"] == "新县"
    assert ran["status"] == "OPTIMAL"
    assert ran["plan"]["officers_in_post"] == 20 + 5 * 6 + 4 + 10
    assert ran["plan"]["officers_road_duty"] == 4


def test_defaults_ask_nothing_and_leave_squads_and_units_out(tmp_path: Path) -> None:
    folder = tmp_path / "新县"
    assert "jingli validate" in said("init", folder)
    spec = open_case(str(folder)).spec
    assert spec.layers.squads is None
    assert spec.layers.units is None
    assert spec.layers.stations.crs == "WGS84"
    assert not spec.policy.traffic.dissolve_squads
    fill(folder)
    assert document("run", folder)["plan"]["officers_in_post"] == 20 + 5 * 6


def test_an_empty_template_is_refused_with_the_sheets(tmp_path: Path) -> None:
    said("init", tmp_path / "新县")
    done = command("validate", tmp_path / "新县", "--lang", "en")
    assert done.exit_code == 2
    assert "at least one row of data" in " ".join(done.output.split())


def test_leading_zeros_survive(tmp_path: Path) -> None:
    """The columns of ids are text, so that Excel keeps 001."""
    said("init", tmp_path / "新县")
    with zipfile.ZipFile(tmp_path / "新县" / WORKBOOK) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert re.search(r'<col min="1" [^>]*style="[1-9]', sheet)
    assert 'numFmtId="49"' in styles  # Excel's own number of the format "@"
    assert "dataValidation" in sheet


def test_names_that_yaml_would_misread(tmp_path: Path) -> None:
    for name in ("no", "0421", "a: b", "#1", "'x"):
        folder = tmp_path / f"case{abs(hash(name))}"
        said("init", folder, "--name", name)
        assert open_case(str(folder)).spec.name == name


def test_the_wizard_asks_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def __getattr__(self, name: str) -> Any:
            import sys

            return (lambda: True) if name == "isatty" else getattr(sys.stdin, name)

    class Sys:
        stdin = Terminal()

    monkeypatch.setattr(init_module, "sys", Sys)
    folder = tmp_path / "x"
    done = command("init", folder, "--lang", "en", answers="大县\nGCJ02\ny\nn\n")
    assert done.exit_code == 0, done.output
    assert "Name of the county" in done.output
    spec = open_case(str(folder)).spec
    assert (spec.name, spec.layers.stations.crs) == ("大县", "GCJ02")
    assert spec.layers.squads is not None
    assert spec.layers.units is None


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("mine", encoding="utf-8")
    refused("init", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["case.yaml"]


def test_bad_answers_are_refused_together(tmp_path: Path) -> None:
    text = refused("init", tmp_path / "x", "--crs", "Mars", "--name", " ")
    assert "2 problem(s)" in text
    assert "GCJ02" in text
    assert not (tmp_path / "x").exists()


def test_rules_on_alerts_in_comments_are_rules() -> None:
    text = case_text(Answers(name="X", tables="csv", crs="WGS84", squads=True, units=True), str)
    start = text.index("# alert_rules:\n")
    lines = [n[2:] for n in text[start:].splitlines()[:3]]
    rules = AlertRules.model_validate(yaml.safe_load("\n".join(lines))["alert_rules"])
    assert rules.repeats.kinds == {"quarrels": ("dispute", "family")}
    assert rules.rhythm.due.days("blue") == 15


def test_what_stands_in_comments_is_a_policy() -> None:
    answers = Answers(name="X", tables="csv", crs="WGS84", squads=True, units=True)
    text = case_text(answers, str)
    added = "joint: true, duty_stations: 15, split_by_class: true, min_checkpoint_coverage: 0.8"
    assert f"  #   {added}\n" in text
    text = text.replace("{dissolve_squads: true}", "{dissolve_squads: true, " + added + "}")
    for section in ("reassignment", "strength", "roster", "equity", "staffing"):
        assert f"  # {section}:" in text
        text = text.replace(f"  # {section}:", f"  {section}:")
    for key in ("pattern", "groups", "qualified_on_duty"):
        text = text.replace(f"  #   {key}:", f"    {key}:")
    policy = Policy.model_validate(yaml.safe_load(text)["policy"])
    assert [s.count for s in policy.roster.groups] == [4, 8]
    assert policy.roster.qualified_on_duty == {"firearm": 1}
    assert policy.reassignment.floors == {"rural_stations": 5}
    assert policy.traffic.min_checkpoint_coverage == 0.8
