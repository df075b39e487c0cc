"""The report as one HTML file: no scripts, nothing to fetch, drawings inside.

The page may load nothing but its own style, known by its hash, and data: pictures. Drawings stand
in <img>, where an SVG cannot run anything either.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scenarios.language import translator
from scenarios.report.blocks import Heading, KeyFigures, PageBreak, Picture, Report, TableBlock
from scenarios.report.numbering import Numbered, column_shares, numbered, text_width
from scenarios.report.plain_text import plain_report

TEMPLATES = Path(__file__).parent / "templates"
_SIGNS_ACROSS = 100.0
CONTENTS_FROM = 3
"""Chapters from which the page lists them at its top."""


def html_bytes(report: Report) -> bytes:
    """Set `report` as a page: UTF-8, the same bytes every time."""
    report = plain_report(report)
    _ = translator(report.lang)
    pieces = list(_pieces(report))
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8") + _column_rules(report)
    chapters = [
        one for one in numbered(report) if isinstance(one.block, Heading) and one.block.level == 1
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        report=report,
        lang="zh-CN" if report.lang == "zh" else "en",
        pieces=pieces,
        chapters=chapters if len(chapters) >= CONTENTS_FROM else [],
        # Our own file and numbers only: no text of a planner is in it.
        style=Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        words={
            "skip": _("Skip to the text"),
            "contents": _("Contents"),
            "today": _("Today") + _(": "),
            "note": _("Note") + _(": "),
            "gap": "\u3000" if report.lang == "zh" else "\u2002",
        },
    )
    return page.encode("utf-8")


def _pieces(report: Report) -> Iterator[dict[str, Any]]:
    """Every block with what the template needs beside it."""
    new_page = False
    for one in numbered(report):
        if isinstance(one.block, PageBreak):
            new_page = True
            continue
        yield {
            "kind": type(one.block).__name__,
            "block": one.block,
            "label": one.label,
            "anchor": one.anchor,
            "new_page": new_page,
            **_more(one),
        }
        new_page = False


def _more(one: Numbered) -> dict[str, Any]:
    match one.block:
        case KeyFigures(figures=figures):
            return {"long": [text_width(f.plan) > 12 for f in figures]}
        case TableBlock(align=align):
            # The first column of names heads its row; a table of figures alone has none.
            names = align.index("left") if "left" in align else -1
            return {"columns": _column_class(one), "names": names}
        case Picture(svg=svg, caption=caption):
            if not svg:
                raise ValueError(f"{caption}: no SVG to set")
            drawing = base64.b64encode(svg.encode()).decode()
            return {"source": f"data:image/svg+xml;base64,{drawing}"}
        case _:
            return {}


def _column_class(one: Numbered) -> str:
    return f"columns-{one.number}"


def _column_rules(report: Report) -> str:
    """Widths of columns as rules of the style sheet: the page allows no style of an element."""
    return "".join(
        f".{_column_class(one)} col:nth-child({i}) {{ width: {share:.2%}; }}\n"
        for one in numbered(report)
        if isinstance(one.block, TableBlock)
        for i, share in enumerate(column_shares(one.block, _SIGNS_ACROSS), 1)
    )
