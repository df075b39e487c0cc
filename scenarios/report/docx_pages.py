"""The report as a Word document in the layout of Chinese official documents (GB/T 9704-2012)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Literal

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import _Footer, _Header
from docx.shared import Length, Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph
from lxml.etree import _Element

from scenarios.language import translator
from scenarios.report import docx_styles as styles
from scenarios.report.blocks import (
    Align,
    Block,
    Bullets,
    Heading,
    KeyFigures,
    PageBreak,
    Paragraph,
    Picture,
    Report,
    TableBlock,
)
from scenarios.report.docx_parts import (
    add_field,
    end_section,
    fixed_file,
    goes_on,
    landscape,
    make,
    table_element,
)
from scenarios.report.numbering import (
    KEPT_WHOLE_ROWS,
    Numbered,
    column_shares,
    numbered,
    picture_label,
    table_label,
    text_width,
)
from scenarios.report.plain_text import plain_report

MARGINS = {"top": Mm(37), "bottom": Mm(35), "left": Mm(28), "right": Mm(26)}
LANDSCAPE_MARGIN = Mm(24)
SMALL_FROM_COLUMNS = 5
"""A table of so many columns is set smaller."""
NARROW_FROM_COLUMNS = 8
"""And of so many smaller still, so that no figure breaks."""

_STYLE_OF_WEIGHT = {"plain": styles.BODY, "note": styles.NOTE, "warning": styles.WARNING}
_ROOM_IN_CELLS = 0.88
"""Part of a table's width that is not the margins of its cells; Word's fonts vary, too."""
_CAPTION_ROOM = Mm(20)


def docx_bytes(report: Report) -> bytes:
    """Set `report` for Word: the same bytes every time."""
    report = plain_report(report)
    document = official_document(report.lang, report.running)
    document.core_properties.title = report.title
    document.core_properties.subject = report.subtitle
    title = document.add_paragraph(report.title, styles.TITLE)
    inset = _title_inset(report.title, styles.looks(report.lang)[styles.TITLE].size_pt)
    if inset:
        title.paragraph_format.left_indent = title.paragraph_format.right_indent = inset
    if report.subtitle:
        document.add_paragraph(report.subtitle, styles.SUBTITLE)
    writer = BodyWriter(document, report)
    writer.facts(report.facts)
    writer.blocks(numbered(report))
    writer.attribution()
    return fixed_file(document, styles.OTHER_FONTS)


def _title_inset(title: str, size_pt: float) -> Length:
    """Room left free on either side so that the lines of a long title are of like length."""
    room = (Mm(210) - MARGINS["left"] - MARGINS["right"]) / Pt(1)
    width = text_width(title) * size_pt / 2
    lines = ceil(width / room)
    # Chinese breaks after any sign; words of other writings need room to turn over.
    spare = 1.3 if text_width(title) > 1.5 * len(title) else 3
    return Pt(max((room - width / lines - spare * size_pt) / 2, 0)) if lines > 1 else Pt(0)


def official_document(lang: Literal["en", "zh"], running: str) -> Document:
    """An empty document: A4, margins, styles, running head, page number at the outer foot."""
    document = docx.Document()
    _leave_out_parts(document)
    styles.set_styles(document, lang)
    settings = document.settings
    settings.odd_and_even_pages_header_footer = True
    fonts = settings.element.find(qn("w:themeFontLang"))
    if fonts is not None:
        fonts.set(qn("w:eastAsia"), "zh-CN")
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = MARGINS["top"], MARGINS["bottom"]
    section.left_margin, section.right_margin = MARGINS["left"], MARGINS["right"]
    section.header_distance, section.footer_distance = Mm(25), Mm(25)
    for head in (section.header, section.even_page_header):
        _only_paragraph(head, styles.RUNNING).add_run(running)
    for foot, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        paragraph = _only_paragraph(foot, styles.PAGE_NUMBER)
        _page_number(paragraph, "right" if side == "right" else "left")
    return document


def _leave_out_parts(document: Document) -> None:
    """Drop what python-docx's own template carries: a preview, a second set of styles, dates."""
    for rels in (document.part.rels, document.part.package.rels):
        for key, rel in list(rels.items()):
            if rel.reltype.endswith(("/thumbnail", "/stylesWithEffects", "/customXml")):
                del rels[key]
    about = document.core_properties
    about.author, about.last_modified_by, about.comments = "Jingli", "Jingli", ""
    for element in list(about._element):
        if element.tag.endswith(("}created", "}modified")):
            about._element.remove(element)


def _only_paragraph(part: _Header | _Footer, style: str) -> WordParagraph:
    """The paragraph of a page head or foot."""
    part.is_linked_to_previous = False
    paragraph: WordParagraph = part.paragraphs[0]
    paragraph.style = style
    return paragraph


def _page_number(paragraph: WordParagraph, side: Align) -> None:
    """— 1 —, one sign in from the outer edge."""
    properties = paragraph._p.get_or_add_pPr()
    properties.append(make("w:ind", **{f"{side}Chars": 100, side: 280}))
    properties.append(make("w:jc", val=side))
    paragraph.add_run("— ")
    add_field(paragraph, "PAGE", "1")
    paragraph.add_run(" —")


class BodyWriter:
    """Writes blocks at the end of a document.

    Args:
        document: Has the styles of `docx_styles`.
        report: Its language and attribution.
        section: Section that the blocks stand in; the last one where not given.
        width: Room for tables and pictures; between the margins where not given.
        may_turn: Whether wide pictures get a page on its side.
    """

    def __init__(
        self,
        document: Document,
        report: Report,
        section: BaseOxmlElement | None = None,
        *,
        width: Length | None = None,
        may_turn: bool = True,
    ) -> None:
        self._document = document
        self._report = report
        self._translate = translator(report.lang)
        last = document.element.body.sectPr
        self._section = last if section is None else section
        between_margins, self._height = _room(self._section)
        self._width = between_margins if width is None else width
        self._may_turn = may_turn
        self._old_last = last.getprevious()
        self._new_page = False
        self._was_wide: WordParagraph | None = None

    def blocks(self, blocks: Iterable[Numbered]) -> None:
        """Write blocks that are already numbered."""
        for one in blocks:
            self._one(one)
        self._close_wide()

    def _one(self, one: Numbered) -> None:
        block = one.block
        if not self._is_wide(block):
            self._close_wide()
        match block:
            case Heading(text=text, level=level):
                style = styles.CHAPTER if level == 1 else styles.SECTION
                gap = "" if self._report.lang == "zh" else "  "
                self._paragraph(one.label + gap + text, style)
            case Paragraph(text=text, weight=weight):
                self._paragraph(text, _STYLE_OF_WEIGHT[weight])
            case Bullets(items=items):
                for item in items:
                    self._paragraph("•\t" + item, styles.BULLET)
            case KeyFigures():
                self._key_figures(block)
            case TableBlock():
                self._table(one, block)
            case Picture():
                self._picture(one, block)
            case PageBreak():
                self._new_page = True

    def _is_wide(self, block: Block) -> bool:
        return self._may_turn and isinstance(block, Picture) and block.wide

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Label and value, line by line."""
        if facts:
            self._append_table(facts, (0.2, 0.8), ("left", "left"), styles.TABLE, head=False)

    def attribution(self) -> None:
        """Whose data it is."""
        if self._report.attribution:
            self._paragraph(self._report.attribution, styles.NOTE)

    def _paragraph(self, text: str, style: str) -> WordParagraph:
        paragraph = self._document.add_paragraph(text, style)
        if self._new_page:
            paragraph.paragraph_format.page_break_before = True
            self._new_page = False
        return paragraph

    def _caption(self, one: Numbered, text: str, *, with_next: bool) -> WordParagraph:
        """Word counts tables and pictures itself when one is added or taken out."""
        paragraph = self._paragraph("", styles.CAPTION)
        paragraph.paragraph_format.keep_with_next = with_next
        label = table_label if isinstance(one.block, TableBlock) else picture_label
        name = label(self._translate, "").strip()
        gap = "" if self._report.lang == "zh" else " "
        paragraph.add_run(name + gap)
        add_field(paragraph, f"SEQ {name} \\* ARABIC", str(one.number))
        paragraph.add_run("\u3000" if self._report.lang == "zh" else "  ")
        paragraph.add_run(text)
        return paragraph

    def _table(self, one: Numbered, table: TableBlock) -> None:
        self._caption(one, table.caption, with_next=True)
        columns = len(table.header)
        is_small = table.appendix or columns >= SMALL_FROM_COLUMNS
        style = styles.SMALL_TABLE if is_small else styles.TABLE
        style = styles.NARROW_TABLE if columns >= NARROW_FROM_COLUMNS else style
        sign = styles.looks(self._report.lang)[style].size_pt / 2
        self._append_table(
            (table.header, *table.rows),
            column_shares(table, self._width.pt / sign * _ROOM_IN_CELLS),
            table.align,
            style,
            description=table.caption,
        )
        _ = self._translate
        self._paragraph(_("Note") + _(": ") + table.note if table.note else "", styles.NOTE)

    def _key_figures(self, block: KeyFigures) -> None:
        """Today beside the plan; a table, because cards of a printed page do not edit well."""
        _ = self._translate
        header = (_("Indicator"), _("Today"), _("Plan"), _("Remark"))
        rows = tuple((f.label, f.today or "—", f.plan, f.remark) for f in block.figures)
        remarked = any(f.remark for f in block.figures)
        shown = tuple(row if remarked else row[:3] for row in (header, *rows))
        shares = (0.34, 0.2, 0.2, 0.26) if remarked else (0.5, 0.25, 0.25)
        align: tuple[Align, ...] = ("left", "right", "right", "left")
        self._air_before()
        self._append_table(shown, shares, align[: len(shares)], styles.TABLE)
        self._paragraph("", styles.NOTE)

    def _air_before(self) -> None:
        """A little room between a paragraph and a table without a caption."""
        before = self._document.element.body.sectPr.getprevious()
        if before is not self._old_last and before.tag == qn("w:p"):
            WordParagraph(before, self._document).paragraph_format.space_after = Pt(6)

    def _append_table(
        self,
        rows: Sequence[Sequence[str]],
        shares: Sequence[float],
        align: Sequence[Align],
        style: str,
        *,
        head: bool = True,
        description: str = "",
    ) -> None:
        if self._new_page:
            self._paragraph("", styles.NOTE)
        total = self._width.twips
        columns = [round(total * share) for share in shares]
        columns[-1] += total - sum(columns)
        table = table_element(
            columns,
            rows,
            style_id=self._document.styles[style].style_id,
            right=[a == "right" for a in align],
            head=head,
            whole=len(rows) <= KEPT_WHOLE_ROWS,
            description=description,
        )
        last = self._document.element.body.sectPr
        assert last is not None
        last.addprevious(table)

    def _picture(self, one: Numbered, picture: Picture) -> None:
        if not picture.png:
            raise ValueError(f"{picture.caption}: no PNG to set")
        width, height = self._width, self._height
        if self._is_wide(picture):
            width, height = self._open_wide()
        paragraph = self._paragraph("", styles.PICTURE)
        run = paragraph.add_run()
        shape = run.add_picture(io.BytesIO(picture.png))
        scale = min(width / shape.width, (height - _CAPTION_ROOM) / shape.height)
        shape.width, shape.height = Length(shape.width * scale), Length(shape.height * scale)
        shape._inline.docPr.set("descr", picture.caption)
        caption = self._caption(one, picture.caption, with_next=False)
        if self._is_wide(picture):
            self._was_wide = caption

    def _open_wide(self) -> tuple[Length, Length]:
        """Turn the page, unless it is turned already; width and height between its margins."""
        turned = landscape(self._section, LANDSCAPE_MARGIN)
        if self._was_wide is not None:
            self._new_page, self._was_wide = True, None
            return _room(turned)
        self._new_page = False
        body = self._document.element.body
        before = body.sectPr.getprevious()
        if before is not self._old_last and before.tag == qn("w:p"):
            last = WordParagraph(before, self._document)
        else:
            last = self._paragraph("", styles.SMALL_TABLE)
        end_section(last, self._section)
        goes_on(self._section)
        return _room(turned)

    def _close_wide(self) -> None:
        """Turn the page back."""
        if self._was_wide is not None:
            end_section(self._was_wide, landscape(self._section, LANDSCAPE_MARGIN))
            self._was_wide, self._new_page = None, False


def _room(section: BaseOxmlElement) -> tuple[Length, Length]:
    """Width and height between the margins of a section."""
    size, margins = section.find(qn("w:pgSz")), section.find(qn("w:pgMar"))
    if size is None or margins is None:
        return Mm(156), Mm(225)

    def twips(element: _Element, name: str) -> int:
        return abs(int(float(element.get(qn(f"w:{name}")) or 0)))

    width = twips(size, "w") - twips(margins, "left") - twips(margins, "right")
    height = twips(size, "h") - twips(margins, "top") - twips(margins, "bottom")
    return Length(width * 635), Length(height * 635)
