"""Lines that hold in any width."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from scenarios.show_lines import Column, grid, listed, wrapped

NAMES = Column(header="警务室", gives_way=True)
TEXT = st.text(st.sampled_from("甲乙派出所 、，（）:ab-1."), max_size=60)


def plain(columns: list[Column], rows: list[tuple[str, ...]], width: int) -> list[str]:
    return [line.plain for line in grid(columns, rows, width)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("永平派出所、三溪派出所", 22, ["永平派出所、三溪派出所"]),
        ("永平派出所、三溪派出所", 20, ["永平派出所、", "三溪派出所"]),
        # The comma has no room: it is left out rather than set on a line of its own.
        ("永平派出所、三溪派出所", 10, ["永平派出所", "三溪派出所"]),
        ("Road officers, total", 9, ["Road", "officers,", "total"]),
        ("it had 23,005, at 4,5", 12, ["it had", "23,005, at", "4,5"]),
        ("public_order 4", 9, ["public_or", "der 4"]),
        ("国省县道（公里）", 10, ["国省县道", "（公里）"]),
        ("永平派出所(3)、黄沙派出所(4)", 20, ["永平派出所(3)、", "黄沙派出所(4)"]),
        # One name that is wider than the line has to be broken.
        ("永平派出所", 6, ["永平派", "出所"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_between_names(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


def test_a_name_does_not_steer_the_terminal() -> None:
    assert wrapped("\x1b[31mred\x07", 40) == ["\ufffd[31mred\ufffd"]
    assert wrapped("a\u202eb", 40) == ["a\ufffdb"]
    assert wrapped("two\nlines", 40) == ["two lines"]


def test_names_of_two_words_are_not_broken_inside() -> None:
    assert wrapped(listed(["Beat 2(2)", "Beat 6(2)"]), 14) == ["Beat 2(2),", "Beat 6(2)"]
    assert listed(["永平派出所", "Beat 6"]) == "永平派出所、Beat\u00a06"


@settings(deadline=None)
@given(TEXT, st.integers(min_value=2, max_value=30))
def test_no_line_is_wider_and_only_blanks_and_commas_are_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)

    def kept(some: str) -> str:
        return "".join(c for c in some if c not in " 、，")

    assert kept("".join(lines)) == kept(text)


def test_figures_stand_under_one_another_on_the_right() -> None:
    rows = [("沙河乡", "9.5"), ("甲", "128.1")]
    assert plain([Column(header="乡镇"), Column(header="分", figures=True)], rows, 40) == [
        "乡镇       分",
        "沙河乡    9.5",
        "甲      128.1",
    ]


def test_headers_of_figures_give_way_before_texts_and_texts_before_figures() -> None:
    columns = [NAMES, Column(header="km per officer", figures=True)]
    rows = [("永平派出所、三溪派出所", "11.0 → 15.8")]
    assert plain(columns, rows, 40)[0].endswith("km per officer")
    assert plain(columns, rows, 35) == [
        "警务室                       km per",
        "                            officer",
        "永平派出所、三溪派出所  11.0 → 15.8",
    ]
    assert plain(columns, rows, 27)[2:] == ["永平派出所、    11.0 → 15.8", "三溪派出所"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXT, st.integers(0, 10**6).map(str), TEXT), max_size=4),
    st.integers(min_value=46, max_value=120),
)
def test_no_table_is_wider_than_the_screen_and_no_figure_is_broken(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    columns = [Column(header="Unit"), Column(header="Officers", figures=True), NAMES]
    lines = plain(columns, list(rows), width)
    assert all(cell_len(line) <= width for line in lines)
    for _name, figure, _names in rows:
        assert any(figure in line.split() for line in lines)
