"""The interactive map in a real Chromium with no network: used as a planner uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser, Page

from geo.webmap import Overlay, write_web_map
from scenarios.case import open_case
from scenarios.language import translator
from scenarios.run import run_case
from scenarios.web_scene import web_scenes
from tests.small_case import Row, write_case

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x","y")'


def evil_names(rows: list[Row]) -> None:
    rows[1]["name"] = SCRIPT
    rows[2]["name"] = FORMULA


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "two": {"description": "两个中心", "policy": {"bundling": {"centres": 2}}},
        "none": {"description": "不捆绑", "policy": {"bundling": {"centres": 0}}},
    }
    case["default_scenario"] = "two"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("webmap")
    folder = write_case(base / "case", stations=evil_names, case=scenarios)
    case = open_case(str(folder))
    runs = [run_case(case, "two"), run_case(case, "none")]
    _ = translator("zh")
    spots = Overlay(name=SCRIPT, features=((shapely.Point(107.35, 30.21), SCRIPT),), kind="points")
    return write_web_map(
        base / "map.html", web_scenes(runs, _, "zh"), overlays=[spots], translate=_, lang="zh"
    )


class Watched:
    """A page, and everything it asked for or complained of."""

    def __init__(self, browser: Browser, file: Path, width: int, height: int) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, locale="zh-CN"
        )
        self.context.route("**/*", self._let_only_the_file)
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self._uri = file.as_uri()
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("dialog", lambda d: self.said.append(f"dialog {d.message}"))
        self.page.goto(self._uri)
        self.page.wait_for_selector("html[data-ready=yes]")

    def _let_only_the_file(self, route: Any) -> None:
        if route.request.url == self._uri:
            route.continue_()
        else:
            route.abort()

    def close(self) -> None:
        self.context.close()
        strangers = [u for u in self.asked if u != self._uri and not u.startswith("data:")]
        assert strangers == []
        assert self.said == []


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Page]:
    watched = Watched(browser, page_file, 1200, 800)
    yield watched.page
    watched.close()


def split(page: Page) -> int:
    return int(page.get_attribute("#swipe", "aria-valuenow") or "")


def ink(page: Page, pane: str) -> list[int]:
    """Number of distinct colours, and a sum of all, on the canvas of a pane."""
    found: list[int] = page.evaluate(
        """(pane) => {
          const from = document.querySelector(`.leaflet-${pane}-pane canvas`);
          const to = document.createElement('canvas');
          [to.width, to.height] = [from.width / 2, from.height / 2];
          const ctx = to.getContext('2d');
          ctx.drawImage(from, 0, 0, to.width, to.height);
          const raw = ctx.getImageData(0, 0, to.width, to.height).data;
          const seen = new Uint32Array(raw.buffer);
          let sum = 0;
          for (const v of seen) sum = (sum * 31 + v) % 1000003;
          return [new Set(seen).size, sum];
        }""",
        pane,
    )
    return found


def settled(page: Page) -> None:
    """Two frames on: what was asked for is drawn."""
    page.evaluate("() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))")


def test_draws_both_sides_and_speaks_chinese(opened: Page) -> None:
    assert opened.inner_text("#title") == "小县"
    assert ink(opened, "today")[0] > 20
    assert ink(opened, "plan")[0] > 20
    assert ink(opened, "today")[1] != ink(opened, "plan")[1]
    assert "推算" in opened.inner_text("#provenance")
    assert opened.is_visible("#provenance")
    words = opened.inner_text("body")
    for english in ("Today", "Plan", "Legend", "Station", "officers", "min "):
        assert english not in words


def test_divider_by_mouse_and_by_keyboard(opened: Page) -> None:
    assert split(opened) == 50
    before = opened.evaluate("document.querySelector('.leaflet-plan-pane').style.clipPath")
    box = opened.locator("#swipe").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x - 200, y, steps=4)
    opened.mouse.up()
    assert 20 < split(opened) < 30
    after = opened.evaluate("document.querySelector('.leaflet-plan-pane').style.clipPath")
    assert before != after
    at = split(opened)
    opened.focus("#swipe")
    opened.keyboard.press("ArrowRight")
    assert split(opened) == at + 2
    opened.keyboard.press("Shift+ArrowLeft")
    assert split(opened) == at - 8
    opened.keyboard.press("End")
    assert split(opened) == 98


def test_modes_show_one_side_or_both(opened: Page) -> None:
    opened.click("[data-mode=plan]")
    assert opened.is_hidden("#swipe")
    assert opened.get_attribute("[data-mode=plan]", "aria-pressed") == "true"
    opened.click("[data-mode=swipe]")
    assert opened.is_visible("#swipe")


def test_every_layer_changes_the_map_and_the_legend_follows(opened: Page) -> None:
    opened.click("[data-mode=plan]")
    settled(opened)
    values = "found => found.map(i => i.value)"
    for value in opened.eval_on_selector_all("input[name=layer]", values):
        before = ink(opened, "plan")
        for changes in (True, False):  # on and off again, or off and on again
            opened.locator(f"input[name=layer][value='{value}']").click()
            settled(opened)
            assert (ink(opened, "plan") != before) == changes, value
    seen = []
    for value in opened.eval_on_selector_all("input[name=fill]", values):
        opened.check(f"input[name=fill][value='{value}']")
        settled(opened)
        seen.append(ink(opened, "plan")[1])
    assert len(set(seen)) >= len(seen) - 1  # a township is a cell's jurisdiction here
    opened.check("input[value=cell]")
    assert "责任派出所到场时间（分钟）" in opened.inner_text("#legend")
    opened.check("input[value=change]")
    assert "责任派出所到场时间" not in opened.inner_text("#legend")
    assert "到场时间变化" in opened.inner_text("#legend")


def test_click_on_a_township_opens_its_card(opened: Page) -> None:
    box = opened.locator("#map").bounding_box()
    assert box is not None
    opened.click("[data-mode=plan]")
    for step in range(1, 40):  # from the west rim inwards until there is ground
        opened.mouse.click(box["x"] + box["width"] * step / 40, box["y"] + box["height"] / 2 - 40)
        if opened.is_visible("#card") and "镇" in opened.inner_text("#card h2"):
            break
    card = opened.inner_text("#card")
    for told in ("乡镇", "现状", "方案", "变化", "责任派出所", "平均到场时间", "分钟", "年警情"):
        assert told in card
    opened.keyboard.press("Escape")
    assert opened.is_hidden("#card")


def test_search_by_name_and_by_id_with_the_keyboard(opened: Page) -> None:
    opened.fill("#search", "丁镇")
    assert opened.locator("#found li[role=option]").count() == 1
    opened.keyboard.press("Enter")
    assert opened.inner_text("#card h2") == "丁镇"
    opened.fill("#search", "05")
    opened.keyboard.press("ArrowDown")
    assert opened.get_attribute("#found-0", "aria-selected") == "true"
    opened.keyboard.press("Enter")
    assert opened.inner_text("#card h2") == "戊派出所"
    assert opened.evaluate("document.activeElement.tagName") == "H2"
    opened.fill("#search", "没有这个地方")
    assert "没有找到" in opened.inner_text("#found")


def test_bundle_card_says_what_the_bundle_frees(opened: Page) -> None:
    opened.locator("#bundles button").first.click()
    card = opened.inner_text("#card")
    assert "改为中心派出所" in card
    assert "捆绑腾出" in card


def test_scenario_switch_changes_plan_and_head(opened: Page) -> None:
    before, plan = opened.inner_text("#headline"), ink(opened, "plan")
    opened.select_option("#scenario", index=1)
    settled(opened)
    assert opened.inner_text("#headline") != before
    assert ink(opened, "plan") != plan
    assert opened.inner_text("#description") == "不捆绑"
    assert opened.locator("#bundles").is_hidden()


def test_names_that_attack_are_only_names(opened: Page) -> None:
    for name in (SCRIPT, FORMULA):
        opened.fill("#search", name)
        opened.keyboard.press("Enter")
        assert opened.inner_text("#card h2") == name
    opened.locator("input[value='overlay 0']").check()
    settled(opened)
    assert SCRIPT in opened.inner_text("#layers")
    assert SCRIPT in opened.inner_text("#legend")
    # Leaflet, the page's own script and the data: nothing that a name brought in.
    assert opened.locator("script").count() == 3


def test_paper_keeps_legend_and_provenance(opened: Page) -> None:
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    paper = opened.inner_text("#paper")
    assert "小县" in paper
    assert "以下数据为推算" in paper
    assert "中心派出所" in paper
    assert opened.locator("#paper figure canvas").count() == 2
    assert opened.is_hidden(".app")
    pdf = opened.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 1


def test_works_on_a_phone(browser: Browser, page_file: Path) -> None:
    watched = Watched(browser, page_file, 420, 800)
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    assert page.is_visible("#provenance")
    page.locator("#bundles button").first.click()
    assert page.is_visible("#card")
    watched.close()


def test_data_is_what_was_written(opened: Page) -> None:
    data = json.loads(opened.inner_text("#data") or opened.text_content("#data") or "")
    assert [s["name"] for s in data["scenes"]] == ["two", "none"]
