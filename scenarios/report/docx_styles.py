"""Word styles of the report: an official document's (GB/T 9704-2012), and the like in English.

Body 仿宋_GB2312 at 16 pt on lines of 28.95 pt (22 on a page), chapters 黑体, sections 楷体_GB2312,
title 方正小标宋_GBK at 22 pt. Fonts are named, not embedded: offices have them, and Word takes the
alternative named in the font table where they are missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from xml.sax.saxutils import quoteattr

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import qn

Language = Literal["en", "zh"]

BODY = "Jingli Body"
BULLET = "Jingli Bullet"
NOTE = "Jingli Note"
WARNING = "Jingli Warning"
TABLE = "Jingli Table"
SMALL_TABLE = "Jingli Small Table"
NARROW_TABLE = "Jingli Narrow Table"
PICTURE = "Jingli Picture"
RUNNING = "Jingli Running"
PAGE_NUMBER = "Jingli Page Number"
TITLE, SUBTITLE, CAPTION = "Title", "Subtitle", "Caption"
CHAPTER, SECTION = "Heading 1", "Heading 2"

OTHER_FONTS = {
    "仿宋_GB2312": "仿宋",
    "楷体_GB2312": "楷体",
    "方正小标宋_GBK": "宋体",
}
"""Font -> the one that Word takes where it is missing."""

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a paragraph looks.

    Attributes:
        east: Font of Chinese signs.
        west: Font of all others.
        size_pt: Of the font.
        bold: Whether bold.
        line_pt: Fixed distance of lines; None for single spacing.
        before_pt: Room above.
        after_pt: Room below.
        indent_chars: First-line indent.
        hanging_pt: Hanging indent, for points of a list.
        align: As Word calls it.
        with_next: Stays on the page of the next paragraph.
        outline: Level in the outline; None for text.
        boxed: Has a border and a tint.
    """

    east: str
    west: str
    size_pt: float
    bold: bool = False
    line_pt: float | None = None
    before_pt: float = 0
    after_pt: float = 0
    indent_chars: int = 0
    hanging_pt: float = 0
    align: Literal["left", "both", "center", "right"] = "left"
    with_next: bool = False
    outline: int | None = None
    boxed: bool = False


def looks(lang: Language) -> dict[str, Look]:
    """Style name -> look."""
    if lang == "zh":
        song = Look(east="宋体", west="Times New Roman", size_pt=14)
        text = replace(song, east="仿宋_GB2312", size_pt=16, line_pt=28.95, align="both")
        head = replace(text, east="黑体", align="left", indent_chars=2, with_next=True)
        section = replace(head, east="楷体_GB2312", outline=1)
        title = Look(
            east="方正小标宋_GBK", west="Times New Roman", size_pt=22, line_pt=35, align="center"
        )
        table, small, caption = 12.0, 10.5, 12.0
        subtitle = replace(title, east="楷体_GB2312", size_pt=16, line_pt=28.95, after_pt=12)
    else:
        song = Look(east="宋体", west="Times New Roman", size_pt=10)
        text = replace(song, size_pt=12, line_pt=18, align="both", after_pt=6)
        head = Look(
            east="黑体", west="Arial", size_pt=15, bold=True, before_pt=14, after_pt=6,
            with_next=True,
        )  # fmt: skip
        section = replace(head, size_pt=12.5, before_pt=8, after_pt=4, outline=1)
        title = replace(head, size_pt=22, align="center", before_pt=0, after_pt=8)
        table, small, caption = 10.5, 9.5, 10.5
        subtitle = replace(title, size_pt=14, bold=False, after_pt=14)
    cell = replace(text, size_pt=table, line_pt=None, align="left", after_pt=0)
    return {
        "Normal": text,
        BODY: replace(text, indent_chars=2 if lang == "zh" else 0),
        TITLE: replace(title, with_next=True),
        SUBTITLE: subtitle,
        CHAPTER: replace(head, outline=0),
        SECTION: section,
        BULLET: replace(text, hanging_pt=text.size_pt * 1.5, after_pt=text.after_pt / 2),
        NOTE: replace(cell, size_pt=small, before_pt=2, after_pt=10),
        WARNING: replace(
            text, line_pt=(text.line_pt or 0) * 0.9, before_pt=8, after_pt=10, boxed=True
        ),
        TABLE: cell,
        SMALL_TABLE: replace(cell, size_pt=small),
        NARROW_TABLE: replace(cell, size_pt=8),
        CAPTION: Look(
            east="黑体", west=head.west, size_pt=caption, bold=head.bold, align="center",
            before_pt=8, after_pt=4,
        ),
        PICTURE: replace(cell, align="center", before_pt=8, with_next=True),
        RUNNING: replace(song, size_pt=9, align="center"),
        PAGE_NUMBER: song,
    }  # fmt: skip


def set_styles(document: Document, lang: Language) -> None:
    """Replace every style of `document` by ours."""
    styles = document.styles.element
    for style in styles.findall(qn("w:style")):
        styles.remove(style)
    defaults = styles.find(qn("w:docDefaults"))
    if defaults is not None:
        styles.remove(defaults)
    styles.insert(0, parse_xml(_defaults(lang)))
    for name, look in looks(lang).items():
        styles.append(parse_xml(_style(name, look, lang)))
    styles.append(parse_xml(_TABLE_DEFAULT))


def add_missing_styles(document: Document, lang: Language) -> None:
    """Give a bureau's template those of our styles that it does not define itself."""
    known = {style.name for style in document.styles}
    for name, look in looks(lang).items():
        if name not in known:
            document.styles.element.append(parse_xml(_style(name, look, lang)))


def _defaults(lang: Language) -> str:
    return (
        f"<w:docDefaults {_W}><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="Times New Roman" w:eastAsia="宋体" w:hAnsi="Times New Roman" '
        'w:cs="Times New Roman"/><w:sz w:val="24"/><w:szCs w:val="24"/>'
        f'<w:lang w:val="{"en-US" if lang == "zh" else "en-GB"}" w:eastAsia="zh-CN" '
        'w:bidi="ar-SA"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>'
    )


_TABLE_DEFAULT = (
    f'<w:style {_W} w:type="table" w:default="1" w:styleId="TableNormal">'
    '<w:name w:val="Normal Table"/><w:uiPriority w:val="99"/><w:semiHidden/>'
    '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>'
    '<w:top w:w="0" w:type="dxa"/><w:left w:w="90" w:type="dxa"/>'
    '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="90" w:type="dxa"/>'
    "</w:tblCellMar></w:tblPr></w:style>"
)


def _style(name: str, look: Look, lang: Language) -> str:
    """The style as WordprocessingML; children stand in the order that the standard asks."""
    written = name.lower() if name in (CHAPTER, SECTION, CAPTION) else name
    half_points = round(look.size_pt * 2)
    # Chinese quotation marks and dashes take the Chinese font.
    hint = ' w:hint="eastAsia"' if lang == "zh" else ""
    fonts = (
        f"<w:rFonts{hint} w:ascii={quoteattr(look.west)} w:eastAsia={quoteattr(look.east)} "
        f'w:hAnsi={quoteattr(look.west)} w:cs="Times New Roman"/>'
    )
    return (
        f'<w:style {_W} w:type="paragraph" w:styleId="{name.replace(" ", "")}"'
        f"{' w:default=' + quoteattr('1') if name == 'Normal' else ''}"
        f"{' w:customStyle=' + quoteattr('1') if name.startswith('Jingli') else ''}>"
        f"<w:name w:val={quoteattr(written)}/><w:qFormat/>"
        f"<w:pPr>{_paragraph_properties(look)}</w:pPr>"
        f"<w:rPr>{fonts}{'<w:b/><w:bCs/>' if look.bold else ''}"
        f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/></w:rPr></w:style>'
    )


def _paragraph_properties(look: Look) -> str:
    parts = []
    if look.with_next:
        parts.append("<w:keepNext/><w:keepLines/>")
    parts.append("<w:widowControl/>")
    if look.boxed:
        side = 'w:val="single" w:color="B35C00" w:space="6"'
        sides = "".join(
            f'<w:{name} {side} w:sz="{24 if name == "left" else 6}"/>'
            for name in ("top", "left", "bottom", "right")
        )
        parts.append(f"<w:pBdr>{sides}</w:pBdr>")
        parts.append('<w:shd w:val="clear" w:color="auto" w:fill="FFF6E8"/>')
    parts.append('<w:overflowPunct w:val="0"/>')
    line = (
        f'w:line="{round(look.line_pt * 20)}" w:lineRule="exact"'
        if look.line_pt
        else 'w:line="240" w:lineRule="auto"'
    )
    parts.append(
        f'<w:spacing w:before="{round(look.before_pt * 20)}" '
        f'w:after="{round(look.after_pt * 20)}" {line}/>'
    )
    if look.hanging_pt:
        hang = round(look.hanging_pt * 20)
        parts.append(f'<w:ind w:left="{2 * hang}" w:hanging="{hang}"/>')
    elif look.indent_chars:
        twips = round(look.indent_chars * look.size_pt * 20)
        parts.append(f'<w:ind w:firstLineChars="{look.indent_chars * 100}" w:firstLine="{twips}"/>')
    elif look.boxed:
        parts.append('<w:ind w:left="140" w:right="140"/>')
    parts.append(f'<w:jc w:val="{look.align}"/>')
    if look.outline is not None:
        parts.append(f'<w:outlineLvl w:val="{look.outline}"/>')
    return "".join(parts)
