"""One run with hostile names, end to end: every file that is written shows them and obeys none.

A file reader is asked what it would run, fetch or compute; a browser opens the pages offline.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import zipfile
from pathlib import Path

import docx
import pytest
from lxml import etree
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.command_line import said
from tests.small_case import Row, write_case

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x.example","y")'
TYPST = "#pagebreak() $x^2$ @a"
JINJA = "{{ 7*7 }}{% x %}"
IMAGE = "<img src=x onerror=alert(2)>"
SIGNS = "-1+1|cmd\u202e\u0007'&<!--"
NAMES = (SCRIPT, FORMULA, TYPST, JINJA, IMAGE, SIGNS)


def _stations(rows: list[Row]) -> None:
    for row, name in zip(rows, NAMES, strict=True):
        row["name"] = name


def _cells(rows: list[Row]) -> None:
    for i, row in enumerate(rows):
        row["township"] = f"{NAMES[i // 4]} 镇"


def _squads(rows: list[Row]) -> None:
    rows[0]["name"] = SCRIPT


def _case(case: Row) -> None:
    case["name"] = SCRIPT
    case["attribution"] = f"{FORMULA} {IMAGE}"
    case["scenarios"] = {"two": {"description": TYPST, "policy": {"bundling": {"centres": 2}}}}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that `run --out`, `map --sheets` and `report` write, in one folder."""
    base = tmp_path_factory.mktemp("hostile")
    case = write_case(base / "case", stations=_stations, cells=_cells, squads=_squads, case=_case)
    run = base / "run"
    said("run", case, "-s", "two", "--no-store", "--out", run)
    folder = base / "more"
    folder.mkdir()
    said("map", run, "--out", folder / "map.html", "--sheets", folder, "--format", "svg")
    said("report", run, "--format", "pdf", "--format", "docx", "--format", "html",
         "--out", folder / "report.pdf")  # fmt: skip
    return base


def _files(folder: Path, ending: str, least: int) -> list[Path]:
    found = sorted(p for part in ("run", "more") for p in (folder / part).glob(f"*.{ending}"))
    assert len(found) >= least, [p.name for p in found]
    return found


def _watch(page: Page, asked: list[str], trouble: list[str]) -> None:
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("dialog", lambda d: trouble.append(f"dialog {d.message}"))


def test_pages_run_nothing_and_fetch_nothing(browser: Browser, written: Path) -> None:
    for path in _files(written, "html", 3):
        context = browser.new_context(offline=True)
        page = context.new_page()
        asked: list[str] = []
        trouble: list[str] = []
        _watch(page, asked, trouble)
        page.goto(path.as_uri())
        assert SCRIPT in page.inner_text("body")
        assert page.locator("img[src=x]").count() == 0
        context.close()
        assert [u for u in asked if u != path.as_uri() and not u.startswith("data:")] == []
        assert trouble == []


def test_drawings_hold_no_script_and_no_reference(written: Path) -> None:
    for path in _files(written, "svg", 8):
        for node in etree.fromstring(path.read_bytes()).iter(etree.Element):
            assert etree.QName(node).localname not in ("script", "foreignObject", "image", "a")
            for name, value in node.attrib.items():
                assert not str(name).lower().startswith("on")
                if str(name).endswith("href"):
                    assert str(value).startswith("#")


def test_pdfs_hold_no_action_and_show_the_names(written: Path) -> None:
    for path in _files(written, "pdf", 2):
        reader = PdfReader(path)
        for page in reader.pages:
            for one in page.get("/Annots", ()) or ():
                action = one.get_object().get("/A") or {}
                assert action.get("/S") in (None, "/GoTo"), path.name
        root = reader.root_object
        assert "/OpenAction" not in root
        assert "/AA" not in root
        assert not any("/JavaScript" in str(value) for value in root.values())
    text = "".join(p.extract_text() for p in PdfReader(written / "more" / "report.pdf").pages[:6])
    flat = re.sub(r"\s", "", text)
    for name in (SCRIPT, TYPST, JINJA, IMAGE):
        assert re.sub(r"\s", "", name) in flat


def test_the_word_document_holds_text_only(written: Path) -> None:
    (path,) = _files(written, "docx", 1)
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            assert "vba" not in name.lower()
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in parts.read(name)
            if name.endswith(".xml"):
                etree.fromstring(parts.read(name))
    document = docx.Document(str(path))
    cells = {c.text for t in document.tables for row in t.rows for c in row.cells}
    assert {SCRIPT, FORMULA, JINJA, TYPST} <= cells
    fields = document.element.body.xpath(".//w:instrText")
    assert {f.text.split()[0] for f in fields} <= {"SEQ", "PAGE"}


def test_the_workbook_computes_and_links_nothing(written: Path) -> None:
    (path,) = _files(written, "xlsx", 1)
    texts = []
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            assert "externalLink" not in name
            assert "vba" not in name.lower()
            content = parts.read(name)
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in content
            if name.startswith("xl/worksheets/sheet"):
                tree = etree.fromstring(content)
                assert not tree.findall(".//{*}f"), name
            if name == "xl/sharedStrings.xml":
                texts = [e.text or "" for e in etree.fromstring(content).iter("{*}t")]
    assert SCRIPT in texts
    assert any("HYPERLINK" in text for text in texts)


def test_tables_hold_no_formula(written: Path) -> None:
    seen = ""
    for path in _files(written, "csv", 8):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for text in row:
                    seen += text
                    if text[:1] in "=+-@\t\r" and text:
                        float(text.rstrip("%"))  # a number, which may wear a sign
    assert SCRIPT in seen


def test_the_geopackage_is_sound_and_has_no_new_tables(written: Path) -> None:
    (path,) = _files(written, "gpkg", 1)
    base = sqlite3.connect(path)
    try:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = [n for (n,) in base.execute("SELECT table_name FROM gpkg_contents")]
        assert not any(SCRIPT in n or "HYPERLINK" in n for n in tables)
        styles = base.execute("SELECT styleQML FROM layer_styles").fetchall()
        assert styles
        for (style,) in styles:
            etree.fromstring(style.encode())
    finally:
        base.close()
