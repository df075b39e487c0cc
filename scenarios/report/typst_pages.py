"""The report as PDF, set by typst from `templates/report.typ`.

Fonts come from wheels only, so the same report gives the same pages everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font

from scenarios.language import translator
from scenarios.report.blocks import (
    Bullets,
    Heading,
    KeyFigure,
    KeyFigures,
    PageBreak,
    Paragraph,
    Picture,
    Report,
    TableBlock,
)
from scenarios.report.numbering import (
    KEPT_WHOLE_ROWS,
    Numbered,
    column_shares,
    has_contents,
    numbered,
    text_width,
)
from scenarios.report.plain_text import plain_report

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
MOST_CONTENTS = 18
"""Headings up to which the first page has room for sections too."""
_SIGNS_IN_HEAD = 94
_SIGNS_ACROSS = {False: 90.0, True: 102.0}
"""Half-width signs across a table, and across one of an appendix."""


def pdf_bytes(report: Report) -> bytes:
    """Set `report` as PDF: A4, fonts embedded, text selectable, the same bytes every time."""
    pages = typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"report": json.dumps(_document(plain_report(report)), ensure_ascii=False)},
    )
    assert isinstance(pages, bytes)
    return pages


@cache
def _fonts() -> typst.Fonts:
    """Noto Serif SC and Noto Sans SC; DejaVu Sans (in matplotlib's wheel) for signs they lack."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(path) for path in _font_folders()],
    )


def _font_folders() -> tuple[Path, Path]:
    return (
        Path(pylopdf_fonts_zh_cn.serif_path()).parent,
        Path(get_data_path()) / "fonts" / "ttf",
    )


@cache
def _drawable() -> frozenset[int]:
    """Code points that our fonts can draw, wherever they stand."""
    signs = _font_folders()[1]
    sans = FT2Font(pylopdf_fonts_zh_cn.sans_path()).get_charmap()
    more = FT2Font(str(signs / "DejaVuSans.ttf")).get_charmap()
    return frozenset(sans) | frozenset(more)


def drawable(text: str) -> str:
    """`text` with each sign that no font of ours has shown by its code, as ［U+20BB7］."""
    known = _drawable()
    if all(ord(sign) in known for sign in text):
        return text
    return "".join(s if ord(s) in known else f"［U+{ord(s):04X}］" for s in text)


def _document(report: Report) -> dict[str, Any]:
    """All that the template reads."""
    _ = translator(report.lang)
    words = {
        "page": _("Page {page} of {pages}"),
        "contents": _("Contents"),
        "today": _("Today") + _(": "),
        "note": _("Note") + _(": "),
    }
    headings = sum(isinstance(block, Heading) for block in report.blocks)
    blocks = [_block(one) for one in numbered(report)]
    document = {
        "lang": report.lang,
        "title": report.title,
        "subtitle": report.subtitle,
        "head": report.title if _fits_in_head(report) else "",
        "facts": report.facts,
        "running": report.running,
        "attribution": report.attribution,
        "contents": has_contents(report),
        "contents_depth": 1 if headings > MOST_CONTENTS else 2,
        "words": words,
        "blocks": blocks,
    }
    return {name: _each_text(value, drawable) for name, value in document.items()}


def _fits_in_head(report: Report) -> bool:
    """Whether the title has room beside the running line, which matters more."""
    return text_width(report.title) + text_width(report.running) < _SIGNS_IN_HEAD


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """`value` of lists and mappings with every text changed; drawings stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {k: v if k == "svg" else _each_text(v, change) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(v, change) for v in value]
    return value


def _block(one: Numbered) -> dict[str, Any]:
    """One block as the template reads it."""
    match one.block:
        case Heading(text=text, level=level):
            return {"kind": "heading", "label": one.label, "text": text, "level": level}
        case Paragraph(text=text, weight=weight):
            return {"kind": "paragraph", "text": text, "weight": weight}
        case Bullets(items=items):
            return {"kind": "bullets", "items": items}
        case KeyFigures(figures=figures):
            columns = 3 if len(figures) in (5, 6, 9) else min(len(figures), 4)
            return {
                "kind": "key_figures",
                "columns": max(columns, 1),
                "figures": [_card(f) for f in figures],
            }
        case TableBlock() as table:
            return {
                "kind": "table",
                "label": one.label,
                "caption": table.caption,
                "header": table.header,
                "rows": table.rows,
                "align": table.align,
                "note": table.note,
                "shares": column_shares(table, _SIGNS_ACROSS[table.appendix]),
                "appendix": table.appendix,
                "keep": len(table.rows) <= KEPT_WHOLE_ROWS and not table.appendix,
            }
        case Picture(caption=caption, svg=svg, wide=wide):
            if not svg:
                raise ValueError(f"{caption}: no SVG to set")
            return {
                "kind": "picture",
                "label": one.label,
                "caption": caption,
                "svg": svg,
                "wide": wide,
            }
        case PageBreak():
            return {"kind": "page_break"}


def _card(figure: KeyFigure) -> dict[str, Any]:
    return {
        "label": figure.label,
        "today": figure.today,
        "plan": figure.plan,
        "remark": figure.remark,
        "long": text_width(figure.plan) > 13,
    }
