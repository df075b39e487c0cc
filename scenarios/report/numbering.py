"""Numbers of chapters, tables and pictures, and widths of columns: the same in every format."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from optimizer.errors import Translate
from scenarios.language import translator
from scenarios.report.blocks import Block, Heading, Picture, Report, TableBlock

CONTENTS_FROM = 7
"""Chapters from which a paged report has a table of contents."""

KEPT_WHOLE_ROWS = 14
"""A table of at most so many rows is not divided between pages."""

_DIGITS = "零一二三四五六七八九"
_NARROWEST, _WIDEST = 5.0, 34.0
_LEAST_NAME = 9.0
"""Width of a column of names that is never given up to figures."""
_MOST_SQUEEZED = 1.4
"""Room that figures want against what they have, up to which they are squeezed at all."""
_SHORT_NAME = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A block and its number.

    Attributes:
        block: What it numbers.
        label: As shown: 一、 or （一） or 表1, in English 1 or 1.1 or Table 1; empty for the rest.
        anchor: Name to link to; empty for the rest.
        number: Of tables and pictures; 0 for the rest.
    """

    block: Block
    label: str = ""
    anchor: str = ""
    number: int = 0


def chinese_number(number: int) -> str:
    """1 to 99 as 一, 十, 十一, 二十, 二十一 …; larger ones in digits."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def numbered(report: Report) -> Iterator[Numbered]:
    """Every block with its number. Sections count within their chapter."""
    _ = translator(report.lang)
    chapter = section = table = picture = 0
    for block in report.blocks:
        match block:
            case Heading(level=1):
                chapter, section = chapter + 1, 0
                label = f"{chinese_number(chapter)}、" if report.lang == "zh" else f"{chapter}"
                yield Numbered(block=block, label=label, anchor=f"chapter-{chapter}")
            case Heading():
                section += 1
                if report.lang == "zh":
                    label = f"（{chinese_number(section)}）"
                else:
                    label = f"{chapter}.{section}" if chapter else f"{section}"
                yield Numbered(block=block, label=label, anchor=f"section-{chapter}-{section}")
            case TableBlock():
                table += 1
                yield Numbered(
                    block=block, label=table_label(_, table), anchor=f"table-{table}", number=table
                )
            case Picture():
                picture += 1
                yield Numbered(
                    block=block,
                    label=picture_label(_, picture),
                    anchor=f"figure-{picture}",
                    number=picture,
                )
            case _:
                yield Numbered(block=block)


def table_label(_: Translate, number: int | str) -> str:
    """Table 1, in the language of `_`."""
    return _("Table {n}").format(n=number)


def picture_label(_: Translate, number: int | str) -> str:
    """Figure 1, in the language of `_`."""
    return _("Figure {n}").format(n=number)


def has_contents(report: Report) -> bool:
    """Whether a paged report of so many chapters wants a table of contents."""
    chapters = sum(isinstance(b, Heading) and b.level == 1 for b in report.blocks)
    return chapters >= CONTENTS_FROM


def text_width(text: str) -> float:
    """Width in half-width signs: a Chinese sign counts two, and so does an arrow or a dash."""
    return float(sum(2 if _is_wide(sign) else 1 for sign in text))


def _is_wide(sign: str) -> bool:
    kind = unicodedata.east_asian_width(sign)
    return kind in "WF" or (kind == "A" and not sign.isalpha())


def column_shares(table: TableBlock, signs_across: float) -> tuple[float, ...]:
    """Share of the table's width for each column, summing to 1.

    Args:
        table: Its texts, and the widths it asks for.
        signs_across: Half-width signs that its whole width has room for.

    Returns:
        As the table asks; else by its texts: a column has room for its longest word and, within
        limits, for its widest and its mean cell. No column is so narrow that a figure or a word
        of it breaks, as long as the others have room to give.
    """
    if table.width_share:
        wanted = [max(share, 0.0) for share in table.width_share]
    else:
        wanted = [_wanted(table, column) for column in range(len(table.header))]
    total = sum(wanted)
    if not total:
        return tuple(1 / len(wanted) for _ in wanted)
    floors = [_unbroken(table, column) / signs_across for column in range(len(wanted))]
    is_figure = [align == "right" for align in table.align]
    least = _LEAST_NAME / signs_across
    kept = sum(min(f, least) for f, figure in zip(floors, is_figure, strict=True) if not figure)
    figures = sum(f for f, figure in zip(floors, is_figure, strict=True) if figure)
    if 1 - kept < figures <= _MOST_SQUEEZED * (1 - kept):
        # Figures and names share what there is: a name of one sign a line cannot be read.
        give = (1 - kept) / figures * 0.999
        floors = [f * give if fig else f for f, fig in zip(floors, is_figure, strict=True)]
        figures *= give
    names = sum(floors) - figures
    # Names give way to figures where both together have no room.
    if figures < 1 <= figures + names:
        give = (1 - figures) / names * 0.999
        floors = [f if fig else f * give for f, fig in zip(floors, is_figure, strict=True)]
    return _not_below([share / total for share in wanted], floors)


def _not_below(shares: list[float], floors: list[float]) -> tuple[float, ...]:
    """`shares`, none below its floor, the rest giving in proportion; as they are if none can."""
    if sum(floors) >= 1:
        return tuple(shares)
    raised: set[int] = set()
    while True:
        rest = 1 - sum(floors[i] for i in raised)
        free = sum(share for i, share in enumerate(shares) if i not in raised)
        now = [floors[i] if i in raised else share * rest / free for i, share in enumerate(shares)]
        low = {i for i, share in enumerate(now) if share < floors[i] - 1e-12}
        if not low:
            return tuple(now)
        raised |= low


def _unbroken(table: TableBlock, column: int) -> float:
    """Width that a column needs for its figures, short names and words, in half-width signs.

    The head may take three lines.
    """
    cells = [row[column] for row in table.rows]
    widest = max((text_width(cell) for cell in cells), default=0.0)
    if table.align[column] != "right" and widest > _SHORT_NAME:
        words = [text_width(w) for c in cells for w in c.split() if w.isascii()]
        widest = max([_SHORT_NAME, *words])
    header = table.header[column]
    head = max([text_width(header) / 3, *(len(w) for w in header.split() if w.isascii())])
    return max(min(widest, 20.0), min(head, 14.0)) + 2.0


def _wanted(table: TableBlock, column: int) -> float:
    """Width a column would like, in half-width signs."""
    head = text_width(table.header[column])
    cells = [text_width(row[column]) for row in table.rows] or [0.0]
    texts = (table.header[column], *(row[column] for row in table.rows))
    word = max((len(w) for t in texts for w in t.split() if w.isascii()), default=0)
    widest, mean = max(cells), sum(cells) / len(cells)
    room = max(min(widest, 14.0), (widest + 2 * mean) / 3, min(head, 12.0), min(word, 16))
    return min(max(room, _NARROWEST), _WIDEST) + 2.0
