"""What a report is made of, whatever it is set in: PDF, DOCX or HTML.

All text is plain and already in the report's language; a renderer escapes it for its format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "right"]
Weight = Literal["plain", "note", "warning"]
RIGHT: Align = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; level 1 is a chapter (一、), 2 a section (（一）). Renderers number them."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text; a note is smaller, a warning stands out."""

    text: str
    weight: Weight = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of points."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One headline number: label, today -> plan as shown, and its range or remark."""

    label: str
    today: str
    plan: str
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """The headline numbers, side by side."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBlock:
    """A table; cells are shown as they are.

    Attributes:
        caption: Above the table; renderers number it.
        header: One text per column.
        rows: Texts, each row as long as the header.
        align: One per column.
        note: Below the table.
        width_share: Relative width of each column.
        appendix: Set smaller, may run over pages with its header repeated.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[Align, ...]
    note: str = ""
    width_share: tuple[float, ...] = ()
    appendix: bool = False

    def __post_init__(self) -> None:
        wide = len(self.header)
        if any(len(r) != wide for r in (*self.rows, self.align)):
            raise ValueError(f"{self.caption}: every row has {wide} cells")
        if self.width_share and len(self.width_share) != wide:
            raise ValueError(f"{self.caption}: {wide} widths")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in two forms of the same drawing; the caption is numbered by renderers.

    Attributes:
        caption: Below the picture.
        png: For DOCX; empty where none is asked for.
        svg: For PDF and HTML, else empty; text stays text.
        wide: Whether it wants a landscape page in a paged format.
    """

    caption: str
    png: bytes
    svg: str
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak:
    """A new page in a paged format."""


Block = Heading | Paragraph | Bullets | KeyFigures | TableBlock | Picture | PageBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report.

    Attributes:
        title: On the first page.
        subtitle: Below it.
        facts: Label and value of what the report is about: case, scenario, run, date.
        running: Line in the head of every page: what is modelled, status.
        blocks: The body, in order.
        lang: Language of everything.
        attribution: Whose data it is.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    running: str
    blocks: Sequence[Block]
    lang: Literal["en", "zh"]
    attribution: str
