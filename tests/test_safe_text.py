from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.safe_text import csv_text, plain_text, spreadsheet_text, spreadsheet_value, write_csv


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-1+1", "@SUM(1)", "\t=1", "\r=1",
        "\n=1", "  =1", "＝1+1", "＠SUM(1)", "-", "+1-555 x", "\ufeff=1",
    ],
)  # fmt: skip
def test_formula_becomes_text(text: str) -> None:
    assert spreadsheet_text(text) == "'" + text


@pytest.mark.parametrize(
    "text",
    ["桂溪派出所", "<script>alert(1)</script>", "a=b", "", "3-5", "-2.3", "+4", "-1e-5", "+12.5%"],
)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert spreadsheet_text(text) == text


@settings(deadline=None)
@given(st.text(max_size=6) | st.from_regex(r"[=+\-@].{0,4}"))
def test_an_escaped_text_can_be_read_back(text: str) -> None:
    # A text that has the apostrophe already cannot be told from one that was given it.
    assume(not text.startswith("'"))
    assert plain_text(spreadsheet_text(text)) == text


def test_an_apostrophe_of_the_planner_stays() -> None:
    assert plain_text("'quoted'") == "'quoted'"
    assert plain_text("'-2.3") == "'-2.3"


def test_numbers_stay_numbers_and_gaps_are_empty() -> None:
    assert spreadsheet_value(-2.5) == -2.5
    assert spreadsheet_value(True) is True
    for gap in (None, float("nan"), float("inf")):
        assert spreadsheet_value(gap) == ""


def test_header_and_cells_are_escaped_and_quoted() -> None:
    text = csv_text(["name", "=x"], [["=1", 2], ['a "b", c\nd', -2.5]])
    assert text == 'name,\'=x\r\n\'=1,2\r\n"a ""b"", c\nd",-2.5\r\n'


def test_ragged_row_is_refused() -> None:
    with pytest.raises(ValueError, match="row of 1 cells under 2 headers"):
        csv_text(["a", "b"], [["x"]])


def test_file_opens_in_excel_as_utf8(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "moves.csv", ["单位"], [["桂溪"]])
    assert path.read_bytes() == b"\xef\xbb\xbf" + "单位\r\n桂溪\r\n".encode()


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
def test_any_text_comes_back_and_none_is_a_formula(names: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(["n"], [[n] for n in names]), newline="")))[1:]
    # The csv module writes a lone empty cell as "", so every row is there.
    assert [r[0].removeprefix("'") for r in rows] == [n.removeprefix("'") for n in names]
    assert not any(r[0][:1] in tuple("=@＝＠\t\r\n") for r in rows if r[0])
