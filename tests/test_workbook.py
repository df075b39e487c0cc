"""The workbook of a run, read back with another library and by its XML."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from python_calamine import CalamineWorkbook

from scenarios.case import open_case
from scenarios.language import Language, translator
from scenarios.outputs import write_tables
from scenarios.run import Run, run_case
from scenarios.tables import Sheet, sheet_of
from scenarios.workbook import proof_text
from tests.small_case import Row, write_case

FORMULA = '=HYPERLINK("http://x","y")'
SCRIPT = "<script>alert(1)</script>"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    def nasty(rows: list[Row]) -> None:
        rows[1]["name"], rows[2]["name"] = FORMULA, SCRIPT

    def town(rows: list[Row]) -> None:
        for row in rows[20:]:
            row["township"] = "@SUM(1)"

    folder = write_case(tmp_path_factory.mktemp("book") / "case", stations=nasty, cells=town)
    return run_case(open_case(str(folder)), None)


def write(run: Run, folder: Path, language: Language) -> Path:
    folder.mkdir()
    write_tables(run, folder, translator(language), language)
    return folder / "plan.xlsx"


@pytest.fixture(scope="module")
def english(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(run, tmp_path_factory.mktemp("book") / "en", "en")


@pytest.fixture(scope="module")
def chinese(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(run, tmp_path_factory.mktemp("book") / "zh", "zh")


def rows(path: Path, sheet: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()


def parts(path: Path, beginning: str) -> dict[str, ET.Element]:
    with zipfile.ZipFile(path) as file:
        return {n: ET.fromstring(file.read(n)) for n in file.namelist() if n.startswith(beginning)}


def test_a_sheet_for_every_table_in_both_languages(english: Path, chinese: Path) -> None:
    assert CalamineWorkbook.from_path(english).sheet_names == [
        "About", "Summary", "Bundles", "Moves", "Road duty", "Townships", "Units", "Assignment",
        "Provenance", "Data quality",
    ]  # fmt: skip
    assert CalamineWorkbook.from_path(chinese).sheet_names[:4] == [
        "说明", "总体情况", "捆绑组", "警力调动",
    ]  # fmt: skip


def test_the_first_page_says_what_it_is_and_what_is_modelled(run: Run, english: Path) -> None:
    page = rows(english, "About")
    said = {label: text for label, text in page if label}
    assert page[0][0] == "小县"
    assert said["Status"] == "OPTIMAL"
    bundling = said["bundling"]
    assert bundling == proof_text(run.result.proofs[0], translator("en"))
    assert "bound" in bundling
    assert "gap 0.00%" in bundling
    assert said["Modelled, not given by the bureau"] == "alerts: time of day; roads"
    assert any("turn-out plus driving" in text for _label, text in page)


def test_figures_are_figures_and_agree_with_the_evaluation(run: Run, english: Path) -> None:
    assert run.plan is not None
    summary = {row[0]: row[2:5] for row in rows(english, "Summary")[1:]}
    response = summary["Mean response"]
    assert response[:2] == [run.today.mean_response_min, run.plan.mean_response_min]
    assert response[2] == pytest.approx(response[1] - response[0], abs=0.005)
    assert summary["Alerts within the standard"][1] == run.plan.share_within_fraction
    header, *bundles = rows(english, "Bundles")
    at = header.index("Mean response, min")
    assert [b[at] for b in bundles] == [round(b.mean_response_min, 2) for b in run.plan.bundles]
    units = rows(english, "Units")[1:]
    assert sum(u[4] for u in units) == 20 + 5 * 6 + 4 + 10
    assert len(rows(english, "Assignment")) == 1 + 24


def test_names_that_look_like_formulas_are_names(english: Path) -> None:
    assert FORMULA in [row[3] for row in rows(english, "Assignment")]
    assert SCRIPT in [row[3] for row in rows(english, "Assignment")]
    assert "@SUM(1)" in [row[0] for row in rows(english, "Townships")]
    sheets = parts(english, "xl/worksheets/sheet")
    assert len(sheets) == 10
    for sheet in sheets.values():
        assert not list(sheet.iter(f"{MAIN}f"))  # no formula anywhere
        for link in sheet.iter(f"{MAIN}hyperlink"):
            assert set(link.attrib) == {"ref", "location", "display"}  # inside the file only
    assert not parts(english, "xl/externalLinks")


def test_headers_stay_in_sight_on_screen_and_paper(english: Path) -> None:
    titles = ET.tostring(parts(english, "xl/workbook.xml")["xl/workbook.xml"], encoding="unicode")
    for name, sheet in list(parts(english, "xl/worksheets/sheet").items())[1:]:
        pane = sheet.find(f"{MAIN}sheetViews/{MAIN}sheetView/{MAIN}pane")
        assert pane is not None, name
        assert (pane.attrib["ySplit"], pane.attrib["state"]) == ("1", "frozen")
        setup = sheet.find(f"{MAIN}pageSetup")
        assert setup is not None
        assert (setup.attrib["orientation"], setup.attrib["fitToHeight"]) == ("landscape", "0")
    # A filter on each table but the summary, which has an order of its own.
    assert titles.count("_xlnm._FilterDatabase") == 8
    assert titles.count("_xlnm.Print_Titles") == 9


def test_formats_carry_unit_and_sign(english: Path) -> None:
    styles = parts(english, "xl/styles.xml")["xl/styles.xml"]
    codes = {e.attrib["formatCode"] for e in styles.iter(f"{MAIN}numFmt")}
    assert {"0.0%", "#,##0.0", "+#,##0.0;-#,##0.0;0.0"} <= codes
    rules = [
        (name, rule.attrib["operator"])
        for name, sheet in parts(english, "xl/worksheets/sheet").items()
        for rule in sheet.iter(f"{MAIN}cfRule")
    ]
    # Colour on the change of response only: townships and cells.
    assert [operator for _name, operator in rules] == ["greaterThanOrEqual", "lessThanOrEqual"] * 2


def test_columns_are_as_wide_as_their_chinese(chinese: Path) -> None:
    (sheet,) = parts(chinese, "xl/worksheets/sheet3.xml").values()
    widths = {int(c.attrib["min"]): float(c.attrib["width"]) for c in sheet.iter(f"{MAIN}col")}
    # 甲派出所 is eight columns wide; the nasty names make the column the widest that is allowed.
    assert widths[2] >= len(FORMULA)
    assert max(widths.values()) < 50
    assert min(widths.values()) >= 7


def test_the_same_run_is_the_same_bytes(run: Run, english: Path, tmp_path: Path) -> None:
    assert write(run, tmp_path / "again", "en").read_bytes() == english.read_bytes()
    core = parts(english, "docProps/core.xml")["docProps/core.xml"]
    assert re.findall(r"\d{4}-\d\d-\d\d", "".join(core.itertext())) == ["2000-01-01"] * 2


def test_a_table_needs_a_kind_for_every_column() -> None:
    with pytest.raises(ValueError, match="2 headers, 1 kinds"):
        Sheet(name="x", header=("a", "b"), rows=(), kinds=("text",))
    assert sheet_of("x", (("a", "count", lambda n: n * 2),), [1, 2]).rows == ((2,), (4,))
