"""The report as one page, in a real browser with no network."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from scenarios.report.blocks import Picture
from scenarios.report.render import render
from tests.report_sample import FORMULA, HOSTILE, JINJA, LONG, RARE, SCRIPT, TYPST, sample

Lang = Literal["zh", "en"]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser(browser: Browser, tmp_path: Path, lang: Lang, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(sample(lang), "html"))
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.on("dialog", lambda d: said.append(d.message))
    page.goto(path.as_uri())
    assert [u for u in asked if not u.startswith("data:")] == [path.as_uri()]
    assert not said
    assert page.evaluate("document.documentElement.lang") == ("zh-CN" if lang == "zh" else "en")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "no sideways scroll"
    assert page.evaluate("document.scripts.length") == 0
    drawn = page.evaluate(
        "[...document.images].map(i => i.complete && i.naturalWidth > 100 && i.alt.length > 1)"
    )
    assert drawn == [True, True]
    # The style is allowed by its hash: were it not, nothing would be bold or ruled.
    assert page.evaluate("getComputedStyle(document.querySelector('table')).borderBottomWidth") == (
        "2px"
    )
    cells = page.locator("#table-2 tbody th").all_inner_texts()
    assert cells == [SCRIPT, FORMULA, TYPST, JINJA, "控制 符站", LONG, RARE]
    # The skip link is the first that the keyboard reaches, and leads to the text.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.close()


class Outline(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_what_the_page_is_made_of() -> None:
    data = render(sample("zh"), "html")
    assert data == render(sample("zh"), "html")
    page = Outline(data.decode())
    policy = next(m["content"] for m in page.named("meta") if "http-equiv" in m) or ""
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not page.named("script")
    assert not [t for t, a in page.tags if "style" in a or any(n.startswith("on") for n in a)]
    links = [a.get("src") or a.get("href") for t, a in page.tags if {"src", "href"} & set(a)]
    assert not [u for u in links if not str(u).startswith(("data:", "#"))]
    targets = {a["id"] for _, a in page.tags if "id" in a}
    assert not [u for u in links if str(u).startswith("#") and str(u)[1:] not in targets]
    assert len(page.named("caption")) == len(page.named("table")) == 3
    assert {h["scope"] for h in page.named("th")} == {"col", "row"}
    assert [t for t, _ in page.tags if re.fullmatch("h[123]", t)][:4] == ["h1", "h2", "h2", "h3"]


def test_no_name_becomes_markup() -> None:
    page = render(sample("en", rows=3), "html").decode()
    assert SCRIPT not in page
    assert "49" not in re.sub(r"data:[^\"]*|<style>.*?</style>", "", page, flags=re.S), "7*7"
    assert "&lt;script&gt;" in page
    assert all(name in HOSTILE for name in (SCRIPT, JINJA))


def test_a_picture_needs_its_drawing() -> None:
    report = dataclasses.replace(sample("zh"), blocks=(Picture(caption="图", png=b"x", svg=""),))
    with pytest.raises(ValueError, match="no SVG"):
        render(report, "html")
