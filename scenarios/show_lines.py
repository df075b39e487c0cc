"""Columns of text that hold in any width: figures stay whole, names break between names.

Widths are those of a terminal, where a Chinese character takes two columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from optimizer.errors import Translate
from scenarios.compare import NOTICEABLE_MIN, TownshipChange

GAP = 2
_LEAST_TEXT = 7
# A line may be broken after a blank and after punctuation, and before a Chinese bracket; not at
# the comma of thousands.
_PIECES = re.compile(r"（?(?:[^ 、，；。：,;（）]|(?<=\d),(?=\d{3}(?!\d)))*[、，；。：,;）]* *")
_NO_BREAK = "\u00a0"
_BLANKS = re.compile(rf"[^\S{_NO_BREAK}]+")
# A name must neither steer the terminal nor turn the direction of what follows it.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its header, whether it holds figures, and whether it gives way when narrow."""

    header: str
    figures: bool = False
    gives_way: bool = False


Cell = str | tuple[str, str]
"""A text, or a text and its style."""


def wrapped(text: str, width: int) -> list[str]:
    """Lines of `text`, none wider than `width`.

    A line ends after a blank or punctuation of either script, at which a comma may be left out.
    Only a piece that is wider than a line is broken inside.
    """
    text = _CONTROL.sub("\ufffd", _BLANKS.sub(" ", text).strip())
    lines, line = [], ""
    for piece in (p for p in _PIECES.findall(text) if p):
        if cell_len((line + piece).rstrip()) <= width:
            line += piece
            continue
        if line:
            lines.append(line.rstrip())
        line = piece
        core = piece.rstrip("、，, ")
        if cell_len(piece.rstrip()) > width >= cell_len(core):
            # A comma that does not fit any more would stand alone on the next line.
            line = core
        elif cell_len(core) > width:
            *whole, line = chop_cells(piece.rstrip(), width)
            line += piece[len(piece.rstrip()) :]  # the blank before what follows
            lines += whole
    if line.rstrip() or not lines:
        lines.append(line.rstrip())
    return [done.replace(_NO_BREAK, " ") for done in lines]


def listed(names: Iterable[str]) -> str:
    """Names in a row that a line may break between, not inside."""
    names = tuple(names)
    kept = [name.replace(" ", _NO_BREAK) for name in names]
    return (", " if "".join(names).isascii() else "、").join(kept)


def listed_in(names: Iterable[str], _: Translate) -> str:
    """The same with the comma of the sentence's language, whatever the names are written in."""
    kept = (name.replace(" ", _NO_BREAK) for name in names)
    return reduce(lambda a, b: _("{a}, {b}").format(a=a, b=b), kept)


def further_losers_text(losers: Sequence[TownshipChange], _: Translate) -> str:
    """Townships that a table of losers has no row for: each by name, with what it loses.

    Args:
        losers: They, the greatest loss first; empty gives an empty text.
        _: The planner's language.
    """
    if not losers:
        return ""
    named = [
        f"{c.plan.township} {c.mean_response_change_min:+.1f}"
        if c.mean_response_change_min >= NOTICEABLE_MIN
        else _("{township} ({residents} residents lose the standard)").format(
            township=c.plan.township, residents=f"{c.residents_losing_standard:,.0f}"
        )
        for c in losers
    ]
    return _("{n} more that lose, min: {townships}").format(
        n=len(losers), townships=listed_in(named, _)
    )


def say_lines(text: str, console: Console, style: str = "") -> None:
    """Print a text that breaks between words and figures in either script."""
    for line in paragraph(text, console.width, style=style):
        console.print(line)


def paragraph(text: str, width: int, indent: str = "", style: str = "") -> list[Text]:
    """A text wrapped to the width, each line indented."""
    lines = wrapped(text, max(1, width - cell_len(indent)))
    return [Text(indent + line, style=style) for line in lines]


def grid(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> list[Text]:
    """Lines of a table without borders, headers first; none wider than `width`.

    Figures are never broken. Where the table is wider than the screen, the headers of figures are
    broken, then the columns that give way are narrowed, then every other column of text.
    """
    texts = [[cell if isinstance(cell, str) else cell[0] for cell in row] for row in rows]
    widths = _widths(columns, texts, width)
    found = [_line([wrapped(c.header, w) for c, w in zip(columns, widths, strict=True)], columns,
                   widths, ["bold"] * len(columns))]  # fmt: skip
    for row, shown in zip(rows, texts, strict=True):
        styles = ["" if isinstance(cell, str) else cell[1] for cell in row]
        parts = [wrapped(t, w) for t, w in zip(shown, widths, strict=True)]
        found.append(_line(parts, columns, widths, styles))
    return [line for lines in found for line in lines]


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    widths, least = [], []
    for j, column in enumerate(columns):
        content = max((cell_len(row[j]) for row in rows), default=0)
        widths.append(max(content, cell_len(column.header)))
        pieces = [cell_len(piece.rstrip()) for piece in _PIECES.findall(column.header)]
        least.append(max(content, *pieces) if column.figures else min(widths[j], _LEAST_TEXT))
    # Headers of figures are broken first, then texts that give way, then other texts.
    for able in (
        [j for j, c in enumerate(columns) if c.figures],
        [j for j, c in enumerate(columns) if c.gives_way],
        [j for j, c in enumerate(columns) if not c.figures],
    ):
        while sum(widths) > width - GAP * (len(columns) - 1):
            wide = [j for j in able if widths[j] > least[j]]
            if not wide:
                break
            widths[max(wide, key=lambda j: (widths[j] - least[j], -j))] -= 1
    return widths


def _line(
    parts: Sequence[Sequence[str]],
    columns: Sequence[Column],
    widths: Sequence[int],
    styles: Sequence[str],
) -> list[Text]:
    """The lines of one row; its cells are as high as the highest."""
    found = []
    for k in range(max(map(len, parts))):
        line = Text()
        for j, (column, width, style) in enumerate(zip(columns, widths, styles, strict=True)):
            text = parts[j][k] if k < len(parts[j]) else ""
            space = " " * max(0, width - cell_len(text))
            before, after = (space, "") if column.figures else ("", space)
            line.append(before)
            line.append(text, style=style or None)
            line.append(after + (" " * GAP if j < len(columns) - 1 else ""))
        line.rstrip()
        found.append(line)
    return found
