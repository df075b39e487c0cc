"""The report in a bureau's own Word template, filled in by docxtpl.

Short texts are placeholders of their own; the body, a chapter, a table or a picture is written at
the place of its placeholder with the template's own styles where it has them by our names.
"""

from __future__ import annotations

import io
import re
import secrets
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Length, Mm, Twips
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from lxml.etree import _Element

from optimizer.errors import InputError, Problem
from scenarios.report import docx_styles as styles
from scenarios.report.blocks import Heading, Picture, Report, TableBlock
from scenarios.report.docx_pages import BodyWriter, official_document
from scenarios.report.docx_parts import fixed_file
from scenarios.report.numbering import Numbered, numbered
from scenarios.report.plain_text import plain_report

BODY = "body"
_DOCUMENT = "word/document.xml"
_HOLDERS = tuple(qn(tag) for tag in ("w:body", "w:tc", "w:sdtContent"))
"""What holds paragraphs."""


def template_bytes(report: Report, template: Path) -> bytes:
    """Fill in `template` with `report`; the same bytes every time.

    Raises:
        InputError: `template` is no Word document, or holds a placeholder that a report has not,
            or one that cannot be read, or a part of the body where only text can stand.
    """
    report = plain_report(report)
    page = _opened(template)
    parts = _parts(report)
    marks = {name: f"jingli-{name}-{secrets.token_hex(8)}" for name in parts}
    texts = _texts(report)
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    asked = _names_asked(page, template, environment, {*texts, *parts})
    try:
        page.render({**texts, **marks}, environment)
    except Exception as error:
        # A template is code: whatever it does wrong, the planner is told.
        raise InputError([_cannot_be_filled(template, error)]) from error
    document = _as_filled(page)
    document.core_properties.title = report.title
    styles.add_missing_styles(document, report.lang)
    _write_parts(document, report, parts, marks, attribute="attribution" not in asked)
    _no_part_is_left(document, template, marks)
    return fixed_file(document, styles.OTHER_FONTS)


def placeholder_names(report: Report) -> tuple[str, ...]:
    """Every name that a template may hold for `report`."""
    return (*_texts(report), *_parts(report))


def starter_template(lang: Literal["en", "zh"] = "zh") -> bytes:
    """A template to begin with: our own layout, every style to be changed in Word."""
    document = official_document(lang, "{{ running }}")
    document.core_properties.title = "{{ title }}"
    document.add_paragraph("{{ title }}", styles.TITLE)
    document.add_paragraph("{{ subtitle }}", styles.SUBTITLE)
    document.add_paragraph("{%p for fact in facts %}", styles.NOTE)
    between = "：" if lang == "zh" else ": "
    document.add_paragraph("{{ fact.label }}" + between + "{{ fact.value }}", styles.TABLE)
    document.add_paragraph("{%p endfor %}", styles.NOTE)
    document.add_paragraph("{{p body }}", styles.BODY)
    document.add_paragraph("{{ attribution }}", styles.NOTE)
    return fixed_file(document, styles.OTHER_FONTS)


def _texts(report: Report) -> dict[str, Any]:
    """Placeholders that are filled with text."""
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "facts": [{"label": label, "value": value} for label, value in report.facts],
        "running": report.running,
        "attribution": report.attribution,
    }


def _parts(report: Report) -> dict[str, tuple[Numbered, ...]]:
    """Placeholders that are filled with blocks: all, chapter by chapter, and one by one."""
    everything = tuple(numbered(report))
    chapters: list[list[Numbered]] = []
    single: dict[str, tuple[Numbered, ...]] = {}
    for one in everything:
        if isinstance(one.block, Heading) and one.block.level == 1:
            chapters.append([])
        if chapters:
            chapters[-1].append(one)
        if isinstance(one.block, TableBlock | Picture):
            single[one.anchor.replace("-", "_")] = (one,)
    return {
        BODY: everything,
        **{f"chapter_{i}": tuple(blocks) for i, blocks in enumerate(chapters, 1)},
        **single,
    }


def _opened(template: Path) -> DocxTemplate:
    """The template, read into memory and known to be a Word document."""
    try:
        data = template.read_bytes()
    except OSError as error:
        problem = Problem(
            where=str(template),
            value=error.strerror,
            expected="a file that can be read",
            fix="check the path",
        )
        raise InputError([problem]) from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            parts.getinfo(_DOCUMENT)
        page = DocxTemplate(io.BytesIO(data))
        page.init_docx()
    except Exception as error:
        # A damaged file fails in any part of zip, XML or python-docx.
        problem = Problem(
            where=template.name,
            expected="a Word document (.docx)",
            fix="save it in Word as .docx, without a password and without macros",
        )
        raise InputError([problem]) from error
    return page


def _names_asked(
    page: DocxTemplate, template: Path, environment: SandboxedEnvironment, known: set[str]
) -> set[str]:
    """Names that the template asks for.

    Raises:
        InputError: one of them is unknown, or a placeholder cannot be read.
    """
    try:
        asked: set[str] = page.get_undeclared_template_variables(environment)
    except TemplateSyntaxError as error:
        raise InputError([_cannot_be_filled(template, error)]) from error
    asked -= set(environment.globals)
    unknown = sorted(asked - known)
    if unknown:
        raise InputError(
            Problem(
                where=template.name,
                value=f"{{{{ {name} }}}}",
                expected="one of the placeholders {names}",
                fix="correct it in the template or take it out",
                params={"names": _listed(known)},
            )
            for name in unknown
        )
    return asked


def _listed(names: set[str]) -> str:
    """Names in order, runs of numbered ones in short: chapter_1 … chapter_9."""
    families: dict[str, list[int]] = {}
    plain = []
    for name in names:
        match = re.fullmatch(r"(.+)_(\d+)", name)
        if match:
            families.setdefault(match[1], []).append(int(match[2]))
        else:
            plain.append(name)
    runs = [
        f"{family}_1" + (f" … {family}_{max(numbers)}" if len(numbers) > 1 else "")
        for family, numbers in sorted(families.items())
    ]
    return ", ".join([*sorted(plain), *runs])


def _cannot_be_filled(template: Path, error: Exception) -> Problem:
    said = error.message if isinstance(error, TemplateError) and error.message else str(error)
    return Problem(
        where=template.name,
        value=said,
        expected="placeholders that can be filled in",
        fix="compare them with docs/report.md",
    )


def _as_filled(page: DocxTemplate) -> Document:
    """The filled template as python-docx reads it; docxtpl leaves a tree of bare XML."""
    buffer = io.BytesIO()
    page.save(buffer)
    buffer.seek(0)
    document: Document = docx.Document(buffer)
    return document


def _write_parts(
    document: Document,
    report: Report,
    parts: Mapping[str, tuple[Numbered, ...]],
    marks: Mapping[str, str],
    *,
    attribute: bool,
) -> None:
    """Put the blocks where their marks stand; without its own place, whose data it is ends them."""
    name_of = {mark: name for name, mark in marks.items()}
    any_mark = re.compile("|".join(re.escape(mark) for mark in name_of))
    body = document.element.body
    for place, found in _places(body, any_mark):
        old_last = body.sectPr.getprevious()
        width = _cell_width(place)
        for name in (name_of[mark] for mark in found):
            writer = BodyWriter(
                document,
                report,
                _section_of(place),
                width=width,
                may_turn=width is None and (name == BODY or name.startswith("chapter_")),
            )
            writer.blocks(parts[name])
            if attribute and name == BODY:
                writer.attribution()
        _move(body, old_last, place)


def _places(body: BaseOxmlElement, mark: re.Pattern[str]) -> list[tuple[_Element, list[str]]]:
    """Each empty paragraph to be replaced, with the marks that stood at it.

    `{{p body }}` leaves its mark between paragraphs, `{{ body }}` inside of one.
    """
    places: list[tuple[_Element, list[str]]] = []
    for element in list(body.iter()):
        if not isinstance(element.tag, str):
            continue
        if element.tag == qn("w:t") and element.text and mark.search(element.text):
            paragraph = next(a for a in element.iterancestors(qn("w:p")))
            places.append((paragraph, mark.findall(element.text)))
        if element.tag in _HOLDERS and element.text and mark.search(element.text):
            places.append((body.makeelement(qn("w:p")), mark.findall(element.text)))
            element.text = None
            element.insert(0, places[-1][0])
        if element.tail and mark.search(element.tail):
            places.append((body.makeelement(qn("w:p")), mark.findall(element.tail)))
            element.tail = None
            element.addnext(places[-1][0])
    return places


def _section_of(place: _Element) -> BaseOxmlElement:
    """Properties of the section that `place` stands in: its own, or the first that follow it."""
    search: Callable[[str], Any] = place.xpath
    sections = "*[local-name() = 'sectPr']"
    found = search(f"descendant::{sections} | following::{sections}")
    return found[0]  # type: ignore[no-any-return]


def _cell_width(place: _Element) -> Length | None:
    """Width between the sides of the table cell that `place` stands in; None outside of one."""
    cell = next(place.iterancestors(qn("w:tc")), None)
    if cell is None:
        return None
    width = cell.find(f"{qn('w:tcPr')}/{qn('w:tcW')}")
    if width is None or width.get(qn("w:type")) != "dxa":
        return Mm(80)
    return Twips(max(int(float(width.get(qn("w:w")) or 0)) - 220, 600))


def _move(body: BaseOxmlElement, old_last: _Element | None, place: _Element) -> None:
    """Move what was written after `old_last` to `place`, which goes."""
    written = []
    element = body[0] if old_last is None else old_last.getnext()
    while element is not None and element.tag != qn("w:sectPr"):
        written.append(element)
        element = element.getnext()
    for one in written:
        place.addprevious(one)
    if place.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is None:
        parent = place.getparent()
        assert parent is not None
        parent.remove(place)
        if parent.tag == qn("w:tc") and (not len(parent) or parent[-1].tag == qn("w:tbl")):
            parent.append(parent.makeelement(qn("w:p")))
    else:  # it ends a section of the template
        for child in list(place):
            if child.tag != qn("w:pPr"):
                place.remove(child)


def _no_part_is_left(document: Document, template: Path, marks: Mapping[str, str]) -> None:
    """Page heads, foots and notes hold text only.

    Raises:
        InputError: a part of the body was asked for in one of them.
    """
    data = b"".join(part.blob for part in document.part.package.iter_parts())
    left = [name for name, mark in marks.items() if mark.encode() in data]
    if left:
        raise InputError(
            Problem(
                where=template.name,
                value=f"{{{{ {name} }}}}",
                expected="this placeholder in the text, not in a page head, foot or note",
                fix="put it on a line of its own in the text",
            )
            for name in left
        )
