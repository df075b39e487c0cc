"""Small parts of a Word document that python-docx has no call for, and a file without a clock."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Literal
from xml.sax.saxutils import quoteattr

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Length
from docx.text.paragraph import Paragraph

_EPOCH = (1980, 1, 1, 0, 0, 0)
Rule = Literal["thick", "thin", "faint"]
_RULES: Mapping[Rule, tuple[str, str]] = {
    "thick": ("12", "000000"),
    "thin": ("6", "000000"),
    "faint": ("2", "D0D4D9"),
}


def make(tag: str, **attributes: str | int) -> BaseOxmlElement:
    """An element of WordprocessingML, attributes in its name space."""
    element: BaseOxmlElement = OxmlElement(tag)  # type: ignore[assignment]
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Add a field that shows `shown` until Word counts anew."""
    for kind in ("begin", "instruction", "separate", "shown", "end"):
        run = paragraph.add_run()
        if kind == "instruction":
            text = make("w:instrText")
            text.set(qn("xml:space"), "preserve")
            text.text = f" {instruction} "
            run._r.append(text)
        elif kind == "shown":
            run.text = shown
        else:
            run._r.append(make("w:fldChar", fldCharType=kind))


def table_element(
    columns: Sequence[int],
    rows: Sequence[Sequence[str]],
    *,
    style_id: str,
    right: Sequence[bool],
    head: bool,
    whole: bool,
    description: str = "",
) -> BaseOxmlElement:
    """A table of three rules: top, below the header, bottom.

    Args:
        columns: Widths in twentieths of a point.
        rows: Texts; the header first.
        style_id: Paragraph style of the cells.
        right: Columns aligned right.
        head: Whether the first row is a header, repeated on every page.
        whole: Whether to keep all rows on one page.
        description: For readers that cannot see it.
    """
    table = make("w:tbl")
    properties = make("w:tblPr")
    properties.append(make("w:tblW", w=sum(columns), type="dxa"))
    properties.append(make("w:jc", val="center"))
    properties.append(make("w:tblLayout", type="fixed"))
    properties.append(
        make("w:tblLook", val="0420", firstRow=int(head), noHBand=0, noVBand=1, firstColumn=0)
    )
    if description:
        properties.append(make("w:tblDescription", val=description))
    table.append(properties)
    grid = make("w:tblGrid")
    for width in columns:
        grid.append(make("w:gridCol", w=width))
    table.append(grid)
    last = len(rows) - 1
    for i, texts in enumerate(rows):
        row = make("w:tr")
        about = make("w:trPr")
        about.append(make("w:cantSplit"))
        if head and i == 0:
            about.append(make("w:tblHeader"))
        row.append(about)
        top: Rule = "thick" if i == 0 else "thin" if head and i == 1 else "faint"
        bottom: Rule = "thick" if i == last else "thin" if head and i == 0 else "faint"
        after_right = (False, *right)
        for width, text, is_right, is_after in zip(
            columns, texts, right, after_right[:-1], strict=True
        ):
            row.append(
                _cell(
                    width, text, style_id, (top, bottom), is_right=is_right,
                    indent=60 if is_after and not is_right else 0,
                    bold=head and i == 0, with_next=i < last and (whole or i == 0),
                )
            )  # fmt: skip
        table.append(row)
    return table


def _cell(
    width: int,
    text: str,
    style_id: str,
    rules: tuple[Rule, Rule],
    *,
    is_right: bool,
    indent: int,
    bold: bool,
    with_next: bool,
) -> BaseOxmlElement:
    cell = make("w:tc")
    about = make("w:tcPr")
    about.append(make("w:tcW", w=width, type="dxa"))
    borders = make("w:tcBorders")
    for side, rule in zip(("top", "bottom"), rules, strict=True):
        size, colour = _RULES[rule]
        borders.append(make(f"w:{side}", val="single", sz=size, space=0, color=colour))
    about.append(borders)
    about.append(make("w:vAlign", val="center"))
    cell.append(about)
    paragraph = make("w:p")
    properties = make("w:pPr")
    properties.append(make("w:pStyle", val=style_id))
    if with_next:
        properties.append(make("w:keepNext"))
    properties.append(make("w:spacing", before=40, after=40))
    if indent:
        properties.append(make("w:ind", left=indent))
    if is_right:
        properties.append(make("w:jc", val="right"))
    paragraph.append(properties)
    run = make("w:r")
    if bold:
        looks = make("w:rPr")
        looks.append(make("w:b"))
        run.append(looks)
    words = make("w:t")
    words.set(qn("xml:space"), "preserve")
    words.text = text
    run.append(words)
    paragraph.append(run)
    cell.append(paragraph)
    return cell


def end_section(paragraph: Paragraph, section: BaseOxmlElement) -> None:
    """Let `paragraph` be the last of a section like `section`."""
    properties = paragraph._p.get_or_add_pPr()
    for old in properties.findall(qn("w:sectPr")):
        properties.remove(old)
    properties.append(deepcopy(section))


def landscape(section: BaseOxmlElement, margin: Length) -> BaseOxmlElement:
    """A copy of `section` on its side, margins even, going on from the page before."""
    turned = deepcopy(section)
    goes_on(turned)
    size, margins = turned.find(qn("w:pgSz")), turned.find(qn("w:pgMar"))
    if size is not None:
        width, height = size.get(qn("w:w")), size.get(qn("w:h"))
        size.set(qn("w:w"), str(height))
        size.set(qn("w:h"), str(width))
        size.set(qn("w:orient"), "landscape")
    if margins is not None:
        for side in ("top", "bottom", "left", "right"):
            margins.set(qn(f"w:{side}"), str(margin.twips))
        for side in ("header", "footer"):
            margins.set(qn(f"w:{side}"), str(margin.twips // 2))
    return turned


def goes_on(section: BaseOxmlElement) -> None:
    """Let `section` begin on a new page as a continuation: no first page of its own, no restart."""
    for tag in ("w:titlePg", "w:pgNumType", "w:type"):
        for element in section.findall(qn(tag)):
            section.remove(element)


def fixed_file(document: Document, other_fonts: Mapping[str, str]) -> bytes:
    """Save `document` with no time in it, and with the alternatives of fonts it may lack."""
    buffer, fixed = io.BytesIO(), io.BytesIO()
    document.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(fixed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/fontTable.xml":
                data = _with_alternatives(data, other_fonts)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o600 << 16
            new.writestr(info, data, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _with_alternatives(font_table: bytes, other_fonts: Mapping[str, str]) -> bytes:
    """The font table with each font that it does not know and the one to take instead."""
    text = font_table.decode("utf-8")
    added = "".join(
        f"<w:font w:name={quoteattr(name)}><w:altName w:val={quoteattr(other)}/>"
        '<w:charset w:val="86"/></w:font>'
        for name, other in other_fonts.items()
        if name not in text
    )
    return text.replace("</w:fonts>", added + "</w:fonts>").encode("utf-8")
