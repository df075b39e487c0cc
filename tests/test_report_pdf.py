"""The report as PDF: its text, its fonts, its pages; hostile names are text and nothing else."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from scenarios.report.blocks import Heading, PageBreak, Paragraph, Picture, Report, TableBlock
from scenarios.report.numbering import chinese_number, column_shares, numbered
from scenarios.report.plain_text import plain
from scenarios.report.render import render
from scenarios.report.typst_pages import drawable
from tests.report_sample import FORMULA, JINJA, LONG, SCRIPT, TYPST, picture, sample

Lang = Literal["zh", "en"]


def text_of(reader: PdfReader) -> str:
    return "\n".join(texts_of(reader))


@cache
def texts_of(reader: PdfReader) -> tuple[str, ...]:
    return tuple(page.extract_text() for page in reader.pages)


def squeezed(text: str) -> str:
    """Without white space, which PDF has none of."""
    return re.sub(r"\s", "", text)


def fonts(reader: PdfReader) -> Iterator[DictionaryObject]:
    for page in reader.pages:
        resources = page["/Resources"]
        assert isinstance(resources, DictionaryObject)
        for font in resources.get("/Font", {}).values():
            yield from (d.get_object() for d in font.get_object()["/DescendantFonts"])


@pytest.fixture(scope="module")
def readers() -> dict[str, PdfReader]:
    return {lang: PdfReader(io.BytesIO(render(sample(lang), "pdf"))) for lang in ("zh", "en")}


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("垫江县派出所警务捆绑与警力调整方案", "目录", "一、摘要", "（一）为什么要捆绑",
                "七、附录", "表1各捆绑组一览", "图1现状与方案出警时间", "图2方案辖区图",
                "桂溪派出所", "说明：警情为模型推算。", "现状：26", "第1页", "共8页")),
        ("en", ("Police consolidation plan", "Contents", "1 Summary", "1.1 Why bundle at all",
                "7 Appendix", "Table 1 Bundles of the plan", "Figure 2 Jurisdictions",
                "Guixi station", "垫江县", "Today: 26", "Page 1 of 8")),
    ],
)  # fmt: skip
def test_text_can_be_searched(
    readers: dict[str, PdfReader], lang: str, words: tuple[str, ...]
) -> None:
    text = squeezed(text_of(readers[lang]))
    assert not [w for w in words if squeezed(w) not in text]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_fonts_are_embedded_and_come_from_wheels(readers: dict[str, PdfReader], lang: str) -> None:
    found = list(fonts(readers[lang]))
    assert {str(f["/BaseFont"]).split("+")[1].split("-")[0] for f in found} <= {
        "NotoSansSC", "NotoSerifSC", "DejaVuSans"
    }  # fmt: skip
    for font in found:
        about = font["/FontDescriptor"].get_object()
        assert isinstance(about, DictionaryObject)
        assert {"/FontFile2", "/FontFile3"} & set(about)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages(readers: dict[str, PdfReader], lang: str) -> None:
    reader = readers[lang]
    turned = [p.mediabox.width > p.mediabox.height for p in reader.pages]
    assert len(turned) == 8
    assert sum(turned) == 1, "the wide picture alone lies on its side"
    sizes = {tuple(sorted(float(x) for x in p.mediabox[2:])) for p in reader.pages}
    assert all(s == pytest.approx((595.28, 841.89), abs=0.1) for s in sizes), "A4"
    running = "仅供讨论" if lang == "zh" else "for discussion"
    for text in texts_of(reader):
        assert running in text
        assert "OpenStreetMap" in text
    assert reader.metadata is not None
    assert reader.metadata.title == sample("zh" if lang == "zh" else "en").title
    assert reader.metadata.creation_date is None
    titles = [o["/Title"] for o in reader.outline if not isinstance(o, list)]
    assert len(titles) == 7
    assert squeezed(str(titles[0])) in ("一、摘要", "1Summary")


def test_a_long_table_repeats_its_header(readers: dict[str, PdfReader]) -> None:
    holding = [t for t in texts_of(readers["zh"]) if "序号" in t]
    assert len(holding) == 2
    assert all("调整后" in t for t in holding)


def test_hostile_names_are_text(readers: dict[str, PdfReader]) -> None:
    text = squeezed(text_of(readers["zh"]))
    for name in (SCRIPT, FORMULA, TYPST, JINJA, LONG, "控制符站", "䶮溪·［U+20BB7］安所"):
        assert squeezed(name) in text, name


def test_the_same_bytes_again() -> None:
    report = sample("zh", rows=3, chapters=4)
    assert render(report, "pdf") == render(report, "pdf")


@pytest.mark.parametrize("chapters", [6, 7])
def test_contents_from_seven_chapters(chapters: int) -> None:
    reader = PdfReader(io.BytesIO(render(sample("zh", chapters=chapters, rows=3), "pdf")))
    assert ("目录" in squeezed(text_of(reader))) is (chapters == 7)


def small(*blocks: Heading | Paragraph | PageBreak | Picture | TableBlock) -> Report:
    return dataclasses.replace(sample("zh", rows=1), blocks=blocks, facts=(), subtitle="")


def test_a_table_without_rows_and_two_wide_pictures() -> None:
    png, svg = picture(True, "zh")
    wide = Picture(caption="图", png=png, svg=svg, wide=True)
    empty = TableBlock(caption="空", header=("甲", "乙"), rows=(), align=("left", "right"))
    reader = PdfReader(io.BytesIO(render(small(empty, wide, wide), "pdf")))
    assert [p.mediabox.width > p.mediabox.height for p in reader.pages] == [False, True, True]


def test_a_picture_needs_its_drawing() -> None:
    with pytest.raises(ValueError, match="no SVG"):
        render(small(Picture(caption="图", png=b"x", svg="")), "pdf")


def test_signs_no_font_has_are_shown_by_their_code() -> None:
    assert drawable("䶮溪 Aé→") == "䶮溪 Aé→"
    assert drawable("𠮷🚓") == "［U+20BB7］［U+1F693］"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("一\x0b二\n三", "一 二 三"),
        ("a\x00b\x1bc", "abc"),
        ("a\u202eb\u200bc", "abc"),
        ("\ud800x\ufffe\uffff", "x"),
        ("12\u00a0min\u3000x", "12\u00a0min\u3000x"),
        ("  a  b ", "a b"),
    ],
)
def test_plain_text(given: str, wanted: str) -> None:
    assert plain(given) == wanted


def test_numbers() -> None:
    assert [chinese_number(n) for n in (1, 9, 10, 11, 20, 21, 99)] == [
        "一", "九", "十", "十一", "二十", "二十一", "九十九"
    ]  # fmt: skip
    labels = [one.label for one in numbered(sample("zh")) if one.label]
    assert labels == [
        "一、", "（一）", "二、", "表1", "图1", "图2", "三、", "表2", "四、", "五、", "六、",
        "七、", "表3",
    ]  # fmt: skip
    assert [one.label for one in numbered(sample("en")) if one.label][:3] == ["1", "1.1", "2"]


def test_columns_have_room_for_their_texts() -> None:
    table = TableBlock(
        caption="", header=("单位", "n"), rows=(("一个名称相当长的派出所", "1"),) * 3,
        align=("left", "right"),
    )  # fmt: skip
    wide, narrow = column_shares(table, 90)
    assert wide > 2 * narrow
    assert wide + narrow == pytest.approx(1)
    asked = dataclasses.replace(table, width_share=(1, 3))
    assert column_shares(asked, 90) == (0.25, 0.75)


def test_a_figure_is_never_broken_for_a_width_that_was_asked() -> None:
    table = TableBlock(
        caption="", header=("甲", "乙"), rows=(("x", "100.0% → 88.4%"),),
        align=("left", "right"), width_share=(9, 1),
    )  # fmt: skip
    wide, narrow = column_shares(table, 90)
    assert narrow == pytest.approx((15 + 2) / 90)
    assert wide + narrow == pytest.approx(1)
    assert column_shares(table, 10) == (0.9, 0.1), "no room to give"


def test_names_keep_room_beside_many_figures() -> None:
    figures = tuple("15,860" for _ in range(8))
    table = TableBlock(
        caption="t",
        header=("Centre or lone station", "Police offices", *("Officers required",) * 8),
        rows=(("桂溪派出所", "曹回派出所", *figures),),
        align=("left", "left", *("right",) * 8),
        width_share=(1.5, 1.7, 0.6, 0.9, 0.9, 0.9, 0.9, 0.9, 1.4, 0.9),
    )
    shares = column_shares(table, 76.0)
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares[:2]) * 76.0 >= 8.9, "four Chinese signs a line"
