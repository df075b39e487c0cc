"""The report for Word: official layout, real styles, a bureau's own template and its errors."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Literal

import docx
import pytest
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from lxml import etree

from optimizer.errors import InputError
from scenarios.language import translator
from scenarios.report.blocks import Paragraph, Picture, Report
from scenarios.report.docx_template import placeholder_names, starter_template
from scenarios.report.render import render
from tests.report_sample import FORMULA, JINJA, LONG, RARE, SCRIPT, TYPST, picture, sample


def opened(data: bytes) -> Document:
    return docx.Document(io.BytesIO(data))


def text_of(document: Document) -> str:
    return "\n".join(t.text or "" for t in document.element.body.iter(qn("w:t"), qn("w:p")))


@pytest.fixture(scope="module")
def zh() -> Document:
    return opened(render(sample("zh"), "docx"))


def test_layout_of_an_official_document(zh: Document) -> None:
    first = zh.sections[0]
    assert first.page_width == pytest.approx(Mm(210), abs=700)
    assert first.page_height == pytest.approx(Mm(297), abs=700)
    margins = (first.top_margin, first.bottom_margin, first.left_margin, first.right_margin)
    assert [m and round(m.mm) for m in margins] == [37, 35, 28, 26]
    assert [s.orientation for s in zh.sections] == [
        WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT
    ]  # fmt: skip
    assert zh.settings.odd_and_even_pages_header_footer
    for foot, side in ((first.footer, "right"), (first.even_page_footer, "left")):
        paragraph = foot.paragraphs[0]
        assert paragraph.text == "— 1 —"
        assert "PAGE" in paragraph._p.xml
        assert f'<w:jc w:val="{side}"' in paragraph._p.xml
    assert first.header.paragraphs[0].text == "警力与警情为模型推算，仅供讨论"


@pytest.mark.parametrize(
    ("style", "east", "size"),
    [
        ("Title", "方正小标宋_GBK", 22),
        ("Heading 1", "黑体", 16),
        ("Heading 2", "楷体_GB2312", 16),
        ("Jingli Body", "仿宋_GB2312", 16),
        ("Jingli Table", "仿宋_GB2312", 12),
        ("Jingli Small Table", "仿宋_GB2312", 10.5),
        ("Jingli Narrow Table", "仿宋_GB2312", 8),
        ("Caption", "黑体", 12),
    ],
)
def test_fonts_by_name(zh: Document, style: str, east: str, size: float) -> None:
    found = zh.styles[style]
    fonts = found.element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
    assert fonts is not None
    assert fonts.get(qn("w:eastAsia")) == east
    assert fonts.get(qn("w:ascii")) == "Times New Roman"
    assert found.font.size == Pt(size)


def test_lines_and_indent_of_the_body(zh: Document) -> None:
    body = next(p for p in zh.paragraphs if p.text.startswith("本方案"))
    assert body.style is not None
    assert body.style.name == "Jingli Body"
    form = body.style.paragraph_format
    assert form.line_spacing == Pt(28.95)
    assert form.first_line_indent == Pt(32), "two signs"
    assert 'w:firstLineChars="200"' in body.style.element.xml


def test_headings_are_headings(zh: Document) -> None:
    found = [(p.style.name, p.text) for p in zh.paragraphs if p.style and "Head" in p.style.name]
    assert found[:3] == [
        ("Heading 1", "一、摘要"),
        ("Heading 2", "（一）为什么要捆绑"),
        ("Heading 1", "二、各捆绑组"),
    ]  # fmt: skip
    assert found[-1] == ("Heading 1", "七、附录")


def test_captions_count_themselves(zh: Document) -> None:
    captions = [p for p in zh.paragraphs if p.style and p.style.name == "Caption"]
    assert [c.text for c in captions][:3] == [
        "表1\u3000各捆绑组一览", "图1\u3000现状与方案出警时间", "图2\u3000方案辖区图"
    ]  # fmt: skip
    assert "SEQ 表" in captions[0]._p.xml
    assert "SEQ 图" in captions[1]._p.xml


def test_tables_have_three_rules_and_repeat_their_header(zh: Document) -> None:
    table = zh.tables[-1]
    assert len(table.rows) == 71
    first = table.rows[0]._tr.xml
    assert "w:tblHeader" in first
    assert first.count('w:sz="12"') == 7, "thick rule above"
    assert "w:tblHeader" not in table.rows[1]._tr.xml
    assert table.rows[-1]._tr.xml.count('w:sz="12"') == 7, "thick rule below"
    assert all("w:cantSplit" in row._tr.xml for row in table.rows)
    assert '<w:jc w:val="right"' in table.rows[5]._tr.tc_lst[2].xml
    widths = [int(c.get(qn("w:w")) or 0) for c in table._tbl.tblGrid.iter(qn("w:gridCol"))]
    assert sum(widths) == pytest.approx(Mm(156).twips, abs=3)


def test_pictures_fit_between_the_margins(zh: Document) -> None:
    narrow, wide = zh.inline_shapes
    assert narrow.width.mm == pytest.approx(156, abs=0.2)
    assert wide.width.mm > 180
    assert wide.height.mm < 210 - 48
    assert wide._inline.docPr.get("descr") == "方案辖区图"


def test_hostile_names_are_text(zh: Document) -> None:
    text = text_of(zh)
    for name in (SCRIPT, FORMULA, TYPST, JINJA, LONG, RARE, "控制 符站"):
        assert name in text, name


def test_about_the_document_and_nothing_of_the_library(zh: Document) -> None:
    data = render(sample("zh"), "docx")
    assert data == render(sample("zh"), "docx")
    assert zh.core_properties.title == sample("zh").title
    assert zh.core_properties.created is None
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {i.date_time for i in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [n for n in parts.namelist() if "thumbnail" in n or "Effects" in n]
        fonts = parts.read("word/fontTable.xml").decode()
        for name in (n for n in parts.namelist() if n.endswith((".xml", ".rels"))):
            etree.fromstring(parts.read(name))
    assert 'w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in fonts


def test_english_has_its_own_fonts_and_numbers() -> None:
    document = opened(render(sample("en"), "docx"))
    heads = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 1"]
    assert heads[:2] == ["1  Summary", "2  The bundles"]
    assert 'w:ascii="Arial"' in document.styles["Heading 1"].element.xml
    assert "Table 1  Bundles of the plan" in [p.text for p in document.paragraphs]
    assert round(document.sections[0].left_margin.mm) == 28  # type: ignore[union-attr]


def test_a_wide_picture_first_and_two_on_end() -> None:
    png, svg = picture(True, "zh")
    wide = Picture(caption="图", png=png, svg=svg, wide=True)
    report = dataclasses.replace(sample("zh"), blocks=(wide, wide, Paragraph(text="完")))
    document = opened(render(report, "docx"))
    turned = [s.orientation == WD_ORIENT.LANDSCAPE for s in document.sections]
    assert turned == [False, True, False]


def test_a_picture_needs_its_drawing() -> None:
    report = dataclasses.replace(sample("zh"), blocks=(Picture(caption="图", png=b"", svg="x"),))
    with pytest.raises(ValueError, match="no PNG"):
        render(report, "docx")


# ------------------------------------------------------------------ a bureau's own template


def write_template(path: Path, *lines: str, head: str = "") -> Path:
    document = docx.Document()
    document.core_properties.title = "old"
    for line in lines:
        document.add_paragraph(line)
    if head:
        document.sections[0].header.paragraphs[0].text = head
    document.save(str(path))
    return path


def filled(report: Report, template: Path) -> Document:
    return opened(render(report, "docx", template))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_starter_template_gives_the_whole_report(
    lang: Literal["zh", "en"], tmp_path: Path
) -> None:
    path = tmp_path / "own.docx"
    path.write_bytes(starter_template(lang))
    assert starter_template(lang) == starter_template(lang)
    report = sample(lang, rows=3)
    document = filled(report, path)
    plain = opened(render(report, "docx"))
    assert [t.text for t in document.element.body.iter(qn("w:t")) if t.text in HOSTILE_HEADS] == [
        t.text for t in plain.element.body.iter(qn("w:t")) if t.text in HOSTILE_HEADS
    ]
    own, ours = text_of(document), text_of(plain)
    for words in (report.title, report.subtitle, TYPST, SCRIPT, JINJA, report.attribution):
        assert words in own, words
        assert own.count(words) == ours.count(words), words
    assert len(document.tables) == len(plain.tables) - 1, "facts are lines here"
    assert document.sections[0].header.paragraphs[0].text == report.running
    assert len(document.sections) == 3
    assert document.core_properties.title == report.title
    assert render(report, "docx", path) == render(report, "docx", path)


HOSTILE_HEADS = {"三、名称检验 " + SCRIPT, "3  Names to check " + SCRIPT}


def test_single_parts_where_the_template_wants_them(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "own.docx",
        "关于印发《{{ title }}》的通知",
        "{% for fact in facts %}{{ fact.label }}={{ fact.value }};{% endfor %}",
        "甲",
        "{{ table_2 }}",
        "乙",
        "{{p figure_1 }}",
        "丙",
        "{{p chapter_7 }}",
        "{{ attribution }}",
        head="{{ running }}",
    )
    report = sample("zh", rows=3)
    document = filled(report, path)
    texts = [p.text for p in document.paragraphs]
    assert texts[0] == f"关于印发《{report.title}》的通知"
    assert texts[1].startswith("案例=垫江县 Dianjiang;")
    order = ["甲", f"表2\u3000怪名 {SCRIPT}", "乙", "图1\u3000现状与方案出警时间", "丙", "七、附录"]
    assert [texts.index(t) for t in order] == sorted(texts.index(t) for t in order)
    assert len(document.tables) == 2
    assert texts.count(report.attribution) == 1


def test_a_body_brings_whose_data_it_is_when_the_template_does_not(tmp_path: Path) -> None:
    report = sample("zh", rows=3)
    document = filled(report, write_template(tmp_path / "own.docx", "{{p body }}", "止"))
    texts = [p.text for p in document.paragraphs]
    assert texts[-2:] == [report.attribution, "止"]


def test_the_templates_own_styles_are_kept(tmp_path: Path) -> None:
    path = write_template(tmp_path / "own.docx", "{{p body }}")
    before = docx.Document(str(path)).styles["Heading 1"].element.xml
    document = filled(sample("zh", rows=3), path)
    assert document.styles["Heading 1"].element.xml == before
    assert document.styles["Jingli Body"].type is not None


def test_a_part_inside_a_table_cell(tmp_path: Path) -> None:
    document = docx.Document()
    cell = document.add_table(1, 2).rows[0].cells[0]
    cell.paragraphs[0].text = "{{ figure_2 }}"
    document.save(str(tmp_path / "own.docx"))
    made = filled(sample("zh", rows=3), tmp_path / "own.docx")
    assert len(made.sections) == 1, "no page is turned for it"
    assert made.inline_shapes[0].width.mm < 80
    assert "图2" in made.tables[0].rows[0].cells[0].text


def problem_of(template: Path) -> str:
    with pytest.raises(InputError) as caught:
        render(sample("zh", rows=3), "docx", template)
    for problem in caught.value.problems:
        assert problem.text(translator("zh")) != problem.text()
    return caught.value.text()


def test_unknown_placeholders_are_named_with_those_there_are(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "own.docx", "{{ titel }} {{ title }}", "{{p bodi }}", head="{{ runing }}"
    )
    said = problem_of(path)
    for name in ("titel", "bodi", "runing"):
        assert f"own.docx = {{{{ {name} }}}}" in said
    assert "body, facts, running, subtitle, title, chapter_1 … chapter_7, figure_1" in said
    assert set(placeholder_names(sample("zh"))) >= {"body", "chapter_7", "table_3", "figure_2"}


def test_an_unknown_field_of_a_fact(tmp_path: Path) -> None:
    path = write_template(tmp_path / "own.docx", "{% for f in facts %}{{ f.nme }}{% endfor %}")
    assert "nme" in problem_of(path)


def test_a_placeholder_left_open(tmp_path: Path) -> None:
    path = write_template(tmp_path / "own.docx", "{% for f in facts %}{{ f.label }}")
    assert "placeholders that can be filled in" in problem_of(path)


def test_a_template_can_run_no_code(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "own.docx", "{{ title.__class__.__mro__[1].__subclasses__() }}"
    )
    assert "unsafe" in problem_of(path)


def test_the_body_in_a_page_head(tmp_path: Path) -> None:
    said = problem_of(write_template(tmp_path / "own.docx", "x", head="{{ body }}"))
    assert "{{ body }}" in said
    assert "not in a page head" in said


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut", None])
def test_no_word_document(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.docx"
    if content is None:
        with zipfile.ZipFile(path, "w") as parts:
            parts.writestr("xl/workbook.xml", "<x/>")
    else:
        path.write_bytes(content)
    assert "expected a Word document (.docx)" in problem_of(path)


def test_no_template(tmp_path: Path) -> None:
    assert "expected a file that can be read" in problem_of(tmp_path / "none.docx")


def test_a_template_is_for_word_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="for DOCX"):
        render(sample("zh"), "pdf", tmp_path / "own.docx")
