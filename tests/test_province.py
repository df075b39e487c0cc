"""A province's folder and its report: totals, ranking, every loser, each county, one map."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from docx import Document

from geo.overview import CountyScene, overview_map
from optimizer.errors import InputError
from optimizer.plan import Bundle, Plan
from scenarios.compare import township_changes
from scenarios.language import Language, translator
from scenarios.province import Province, losers, read_province
from scenarios.report.blocks import Heading, Paragraph, Picture, Report, TableBlock
from scenarios.report.content_province import build_province_report
from tests.command_line import command, refused
from tests.small_case import Row
from tests.test_joint_case import county
from tests.toy import toy_county

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two counties with plans, one without; no bundle crosses."""
    cases, out = tmp_path_factory.mktemp("cases"), tmp_path_factory.mktemp("p") / "province"

    def impossible(row: Row) -> None:
        row["policy"]["bundling"]["centres"] = 3

    county(cases / "jia", "甲县", 0, {"01"})
    county(cases / "yi", "乙县", 3, set())
    county(cases / "bing", "丙县", 6, set(), impossible)
    done = command("run", cases, "--out", out, "--no-store", "--lang", "en")
    assert done.exit_code == 1
    return out


@pytest.fixture(scope="module")
def province(folder: Path) -> Province:
    return read_province(str(folder))


def rows(folder: Path, name: str) -> list[list[str]]:
    text = (folder / name).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def report(province: Province, language: Language = "en") -> Report:
    return build_province_report(province, translator(language), language)


def table(found: Report, caption: str) -> TableBlock:
    return next(b for b in found.blocks if isinstance(b, TableBlock) and b.caption == caption)


def text(found: Report) -> str:
    return " ".join(b.text for b in found.blocks if isinstance(b, (Paragraph, Heading)))


def test_tables_hold_the_rows_of_every_county(folder: Path) -> None:
    for name in ("bundles.csv", "townships.csv"):
        head, *found = rows(folder, name)
        assert head[0] == "County"
        own = [
            [county_name, *row]
            for county_name, sub in (("甲县", "jia"), ("乙县", "yi"))
            for row in rows(folder / sub, name)[1:]
        ]
        assert sorted(found) == sorted(own)
    head, *found = rows(folder, "counties.csv")
    assert [r[0] for r in found] == ["丙县", "甲县", "乙县"]
    assert found[0][-1] == "bundling.centres"
    assert found[1][head.index("By size")] == "1 × 2-into-1"


def test_the_report_adds_up(folder: Path, province: Province) -> None:
    found = report(province)
    plans = [c.kept for c in province.counties if c.kept is not None]
    freed = sum(k.evaluation.officers_freed for k in plans)
    said = text(found)
    assert f"free {freed:.1f} of the" in said
    assert "Without a plan, and in no total here: 丙县." in said
    assert "These rules cannot hold together: bundling.centres." in said
    assert "No bundle crosses a county" in said
    totals = json.loads((folder / "province.json").read_text(encoding="utf-8"))["totals"]
    assert totals["officers_freed"] == pytest.approx(freed)
    assert [r[0] for r in table(found, "Counties").rows] == ["丙县", "甲县", "乙县"]


def test_the_ranking_is_by_share_of_officers_freed(province: Province) -> None:
    share = {
        c.name: c.kept.evaluation.officers_freed / c.kept.today.officers_required_stations
        for c in province.counties
        if c.kept is not None
    }
    ranked = table(report(province), "Counties by the share of officers freed").rows
    assert [r[1] for r in ranked] == sorted(share, key=lambda n: -share[n])
    assert [r[0] for r in ranked] == ["1", "2"]


def test_no_loser_is_hidden(province: Province) -> None:
    expected = {
        (c.name, t.plan.township)
        for c in province.counties
        if c.kept is not None
        for t in township_changes(c.kept.today, c.kept.evaluation)
        if t.plan.mean_response_min >= t.today.mean_response_min + 0.05
    }
    assert len(expected) >= 2
    found = losers(province)
    assert {(n, c.plan.township) for n, c in found} == expected
    loss = [c.mean_response_change_min for _n, c in found]
    assert loss == sorted(loss, reverse=True)
    every = table(report(province), "Townships that lose").rows
    assert {(r[0], r[1]) for r in every} == expected


def test_joint_counties_are_said(province: Province) -> None:
    joint = replace(province, joint=("甲县",))
    assert "Bundles may cross the border between: 甲县" in text(report(joint))
    assert "No other bundle crosses a county." in text(report(joint))


def test_in_every_format_and_language(folder: Path, province: Province, tmp_path: Path) -> None:
    for name in ("r.html", "r.docx", "r.pdf"):
        done = command("report", folder, "--lang", "zh", "--out", tmp_path / name)
        assert done.exit_code == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for words in ("分区县情况", "甲县", "各区县的捆绑", "二合一1个", "名次"):
        assert words in page
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    paragraphs = [p.text for p in Document(str(tmp_path / "r.docx")).paragraphs]
    assert any("腾出" in p for p in paragraphs)
    pictures = [b for b in report(province).blocks if isinstance(b, Picture)]
    assert pictures[0].png.startswith(b"\x89PNG")
    assert "<svg" in pictures[0].svg


def test_refusals(folder: Path, province: Province, tmp_path: Path) -> None:
    template = tmp_path / "t.docx"
    Document().save(str(template))
    words = ("report", folder, "--format", "docx", "--template", template)
    assert "a province's has no template" in refused(*words)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "province.json").write_text("{}", encoding="utf-8")
    assert "complete and unchanged" in refused("report", broken)
    none = replace(province, counties=tuple(c for c in province.counties if c.kept is None))
    with pytest.raises(InputError, match="one county at the least"):
        report(none)


def scene(west_deg: float, name: str) -> CountyScene:
    world = toy_county(n_stations=2)
    shifted = replace(
        world,
        name=name,
        stations=replace(world.stations, lon_deg=world.stations.lon_deg + west_deg),
        cells=replace(world.cells, lon_deg=world.cells.lon_deg + west_deg),
    )
    squares = shapely.box(
        shifted.cells.lon_deg - 0.01, shifted.cells.lat_deg - 0.01,
        shifted.cells.lon_deg + 0.01, shifted.cells.lat_deg + 0.01,
    )  # fmt: skip
    plan = Plan(bundles=(Bundle(centre_id="s01", station_ids=("s01", "s02")),))
    return CountyScene(
        county=shifted,
        plan=plan,
        cell_geometry=np.asarray(squares, dtype=object),
        text=name,
    )


def test_one_map_where_counties_lie_together_else_a_panel_each() -> None:
    near = overview_map([scene(0.0, "A"), scene(0.15, "B")], "t", "", translator("en"))
    assert [a.get_label() for a in near.axes] == ["panel 1"]
    shown = {t.get_text() for t in near.axes[0].texts}
    assert {"A", "B"} <= shown
    far = overview_map([scene(0.0, "A"), scene(9.0, "B")], "t", "", translator("en"))
    assert [a.get_label() for a in far.axes] == ["panel 1", "panel 2"]
    points = replace(scene(0.0, "A"), cell_geometry=None)
    assert overview_map([points], "t", "", translator("en")).axes[0].collections
    with pytest.raises(ValueError, match="needs a county"):
        overview_map([], "t", "", translator("en"))
