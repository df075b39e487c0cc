"""A report with every block, long tables, hostile names and two pictures, in both languages."""

from __future__ import annotations

import io
from functools import cache
from typing import Literal

from matplotlib.figure import Figure

from geo.fonts import map_fonts
from scenarios.report.blocks import (
    Block,
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

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x","y")'
TYPST = r"#pagebreak() $x$ *b* _i_ @ref <l> [ ] \\ // /* `raw` --- ~"
JINJA = "{{ 7*7 }} {% raw %} {# no #}"
CONTROL = "控制\x0b符\x00站\ud800\ufffe"
LONG = "A" * 90
RARE = "䶮溪·𠮷安所🚓"
HOSTILE = (SCRIPT, FORMULA, TYPST, JINJA, CONTROL, LONG, RARE)

_ZH_STATIONS = [
    "桂溪",
    "桂阳",
    "新民",
    "沙坪",
    "周嘉",
    "普顺",
    "永安",
    "高安",
    "高峰",
    "五洞",
    "澄溪",
    "太平",
    "鹤游",
    "坪山",
    "砚台",
    "曹回",
    "杠家",
    "包家",
    "白家",
    "永平",
    "三溪",
    "裴兴",
    "黄沙",
    "长龙",
    "沙河",
    "大石",
]
_EN_STATIONS = [
    "Guixi",
    "Guiyang",
    "Xinmin",
    "Shaping",
    "Zhoujia",
    "Pushun",
    "Yong'an",
    "Gao'an",
    "Gaofeng",
    "Wudong",
    "Chengxi",
    "Taiping",
    "Heyou",
    "Pingshan",
    "Yantai",
    "Caohui",
    "Gangjia",
    "Baojia",
    "Baijia",
    "Yongping",
    "Sanxi",
    "Peixing",
    "Huangsha",
    "Changlong",
    "Shahe",
    "Dashi",
]


@cache
def picture(wide: bool, lang: Literal["en", "zh"]) -> tuple[bytes, str]:
    """A drawing as PNG and SVG."""
    with map_fonts():
        figure = Figure(figsize=(10, 6) if wide else (6, 4))
        axes = figure.add_subplot()
        axes.bar([0, 1, 2], [3, 5, 2], color=["#0072b2", "#e69f00", "#009e73"])
        axes.set_title("出警时间" if lang == "zh" else "Response minutes 垫江")
        png, svg = io.BytesIO(), io.StringIO()
        figure.savefig(png, format="png", dpi=100, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return png.getvalue(), svg.getvalue()


def _zh_text() -> list[Block]:
    return [
        Heading(text="摘要"),
        Paragraph(
            text="本方案将全县26个派出所捆绑为8个中心派出所、9个警务室，其余单独设置。与现状相比，"
            "全天候值守岗位由26个减为17个，可腾出民警约31.6名，充实到警情较多的桂溪、桂阳等所；"
            "平均出警时间由11.8 min增至12.4 min，仍有92.1%的警情在出警时限30 min内到达。"
        ),
        KeyFigures(
            figures=(
                KeyFigure(label="值守岗位", today="26", plan="17", remark="减少9个"),
                KeyFigure(label="腾出民警", today="", plan="31.6名", remark="95%区间 27.9～35.0"),
                KeyFigure(label="平均出警时间", today="11.8 min", plan="12.4 min"),
                KeyFigure(label="时限内到达率", today="94.0%", plan="92.1%", remark="标准为90%"),
                KeyFigure(label="工作量与警力失配", today="0.183", plan="0.092"),
            )
        ),
        Paragraph(
            text="警力、警情、道路通行时间均为模型推算，不是公安机关的实有数据；用于决策前应换成本单位数据重新计算。",
            weight="warning",
        ),
        Heading(text="为什么要捆绑", level=2),
        Paragraph(
            text="每个全天候值守岗位需要约5.2名民警轮换。两个警情较少的派出所合并值守后，只需保留一个岗位（见表2），"
            "相邻乡镇由中心派出所统一出警；群众办事窗口不撤、牌子不摘、社区民警不动。"
        ),
        Bullets(
            items=(
                "窗口服务：26个窗口全部保留，群众办事距离不变。",
                "必巡线路：原由交巡警中队管理的国省道，移交给沿线8个中心派出所，"
                "每名民警管理里程由21.4 km降为9.8 km。",
                "警力去向：优先充实缺口最大的单位。",
            )
        ),
        Paragraph(text="注：区间由警情重抽样200次得到。", weight="note"),
    ]


def _en_text() -> list[Block]:
    return [
        Heading(text="Summary"),
        Paragraph(
            text="The plan bundles the county's 26 police stations into 8 centre stations with 9 "
            "police offices; the others stay as they are. Round-the-clock posts fall from 26 to "
            "17, which frees about 31.6 officers for the busiest units. The mean response grows "
            "from 11.8 to 12.4 minutes, and 92.1% of alerts are still reached within 30 minutes."
        ),
        KeyFigures(
            figures=(
                KeyFigure(label="Round-the-clock posts", today="26", plan="17", remark="9 fewer"),
                KeyFigure(
                    label="Officers freed", today="", plan="31.6", remark="95% interval 27.9–35.0"
                ),
                KeyFigure(label="Mean response", today="11.8 min", plan="12.4 min"),
                KeyFigure(
                    label="Reached within the standard",
                    today="94.0%",
                    plan="92.1%",
                    remark="standard: 90%",
                ),
                KeyFigure(label="Mismatch of work and strength", today="0.183", plan="0.092"),
            )
        ),
        Paragraph(
            text="Strength, alerts and travel times are modelled, not the bureau's own records; "
            "put in your own data and run the plan again before deciding.",
            weight="warning",
        ),
        Heading(text="Why bundle at all", level=2),
        Paragraph(
            text="A post that is manned round the clock takes about 5.2 officers. Two quiet "
            "stations that share one post (Table 2) free the other; the windows stay open, the "
            "community officers stay where they are."
        ),
        Bullets(
            items=(
                "Window services: all 26 windows are kept; nobody travels farther.",
                "Must-patrol lines: national and provincial roads pass from the traffic squads to "
                "8 centre stations; kilometres per officer fall from 21.4 to 9.8.",
                "Officers go first to the unit with the largest gap.",
            )
        ),
        Paragraph(text="Note: interval from 200 resampled years.", weight="note"),
    ]


def _bundles(lang: Literal["en", "zh"]) -> TableBlock:
    names = _ZH_STATIONS if lang == "zh" else _EN_STATIONS
    joint = "、" if lang == "zh" else ", "
    rows = tuple(
        (
            names[3 * i],
            joint.join(names[3 * i + 1 : 3 * i + 3]),
            f"{3200 - 311 * i:,}",
            f"{9.2 + 0.7 * i:.1f}",
            f"{4.9 - 0.3 * i:.1f}",
        )
        for i in range(8)
    )
    return TableBlock(
        caption="各捆绑组一览" if lang == "zh" else "Bundles of the plan",
        header=("中心派出所", "警务室", "年警情（起）", "平均出警（min）", "腾出民警")
        if lang == "zh"
        else ("Centre station", "Police offices", "Alerts a year", "Response (min)", "Freed"),
        rows=rows,
        align=("left", "left", "right", "right", "right"),
        note="警情为模型推算。" if lang == "zh" else "Alerts are modelled.",
    )


def _hostile(lang: Literal["en", "zh"]) -> TableBlock:
    return TableBlock(
        caption=("怪名 " if lang == "zh" else "Odd names ") + SCRIPT,
        header=("名称", FORMULA) if lang == "zh" else ("Name", FORMULA),
        rows=tuple((name, str(i)) for i, name in enumerate(HOSTILE)),
        align=("left", "right"),
        width_share=(5, 2),
    )


def _long(lang: Literal["en", "zh"], rows: int) -> TableBlock:
    names = _ZH_STATIONS if lang == "zh" else _EN_STATIONS
    return TableBlock(
        caption="各单位警力调整明细" if lang == "zh" else "Officers by unit",
        header=("序号", "单位", "现有", "调整后", "需求", "负荷（现状）", "负荷（方案）")
        if lang == "zh"
        else ("No.", "Unit", "Today", "Plan", "Required", "Load today", "Load plan"),
        rows=tuple(
            (
                str(i + 1),
                names[i % 26] + ("派出所" if lang == "zh" else " station"),
                str(8 + i % 7),
                str(9 + i % 5),
                f"{8.31 + i % 9:.1f}",
                f"{0.71 + i % 9 / 10:.2f}",
                f"{0.92 + i % 3 / 10:.2f}",
            )
            for i in range(rows)
        ),
        align=("right", "left", "right", "right", "right", "right", "right"),
        appendix=True,
    )


def sample(lang: Literal["en", "zh"], *, rows: int = 70, chapters: int = 7) -> Report:
    """A report of `chapters` chapters (at least 4) with every block."""
    zh = lang == "zh"
    narrow_png, narrow_svg = picture(False, lang)
    wide_png, wide_svg = picture(True, lang)
    text = _zh_text() if zh else _en_text()
    blocks: list[Block] = [
        *text,
        Heading(text="各捆绑组" if zh else "The bundles"),
        text[1],
        _bundles(lang),
        text[5],
        Picture(
            caption="现状与方案出警时间" if zh else "Response today and plan",
            png=narrow_png,
            svg=narrow_svg,
        ),
        Picture(
            caption="方案辖区图" if zh else "Jurisdictions of the plan",
            png=wide_png,
            svg=wide_svg,
            wide=True,
        ),
        Heading(text="名称检验 " + SCRIPT if zh else "Names to check " + SCRIPT),
        Paragraph(text=" ".join(HOSTILE)),
        _hostile(lang),
        Bullets(items=HOSTILE),
    ]
    for i in range(chapters - 4):
        blocks += [Heading(text=f"章节甲{i}" if zh else f"More {i}"), text[1], text[5]]
    blocks += [
        PageBreak(),
        Heading(text="附录" if zh else "Appendix"),
        _long(lang, rows),
    ]
    return Report(
        title="垫江县派出所警务捆绑与警力调整方案"
        if zh
        else "Police consolidation plan for Dianjiang County",
        subtitle="以“公布的改革”为情景" if zh else "Scenario “as published”",
        facts=(
            ("案例" if zh else "Case", "垫江县 Dianjiang"),
            ("情景" if zh else "Scenario", TYPST),
            ("运行" if zh else "Run", "3f9a6c1d"),
            ("日期" if zh else "Date", "2026年11月21日" if zh else "21 November 2026"),
        ),
        running="警力与警情为模型推算，仅供讨论"
        if zh
        else "Strength and alerts are modelled; for discussion",
        blocks=blocks,
        lang=lang,
        attribution="边界与地名 © OpenStreetMap 贡献者（ODbL）；人口为普查数据"
        if zh
        else "Boundaries and names © OpenStreetMap contributors (ODbL); population of 2020",
    )
