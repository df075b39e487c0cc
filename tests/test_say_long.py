"""Long lines on the console: 80 columns in either script, the lines of a list hang under it."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from scenarios.show import say_long

_MIXED = (
    "  - 接警/2025年上半年.csv 报警时间: expected dates in one order; 40 can only have the day "
    "first (lines 2: 13/02/2025 08:00; 3: 13/02/2025 08:00), and 250 that could be read either"
)
_CHINESE = "  - 接警记录.csv 报警时间：应为日期顺序一致；四十个日期只能是日在前，另有二百五十个" * 3


@pytest.mark.parametrize("text", [_MIXED, _CHINESE, "plain words " * 20])
@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_wider_than_the_screen(text: str, width: int) -> None:
    paper = io.StringIO()
    say_long(text, Console(file=paper, width=width))
    lines = paper.getvalue().splitlines()
    assert len(lines) > 1
    assert max(cell_len(line) for line in lines) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if text.startswith("  - "):
        assert lines[0].startswith("  - ")
        assert all(line.startswith("    ") and line[4] != " " for line in lines[1:])


def test_markup_in_a_name_is_text() -> None:
    paper = io.StringIO()
    say_long("[bold]表.csv", Console(file=paper, width=80))
    assert paper.getvalue() == "[bold]表.csv\n"
