"""The interactive map: one HTML file that asks the network for nothing.

Leaflet comes out of its wheel when the page is written; page, style and script are ours
(`geo/web`). Names from the planner's files reach the page as JSON and the document as text nodes
only. A Content-Security-Policy allows the page its own scripts and styles, by hash, and no more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from xstatic.pkg import leaflet

from geo.atomic import write_text
from geo.webmap_data import document
from geo.webmap_font import NAME, font_data_uri
from geo.webmap_scene import Card, CardRow, Overlay, Township, WebScene
from geo.webmap_words import page_words
from optimizer.errors import Translate, untranslated

__all__ = ["Card", "CardRow", "Overlay", "Township", "WebScene", "web_map_html", "write_web_map"]

_OURS = Path(__file__).parent / "web"
_SCRIPTS = ("shapes.js", "paint.js", "names.js", "legend.js", "panel.js", "map.js")
_IMAGES = re.compile(r"url\([^)]*\)")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def write_web_map(
    path: Path,
    scenes: Sequence[WebScene],
    *,
    overlays: Sequence[Overlay] = (),
    translate: Translate = untranslated,
    lang: Literal["en", "zh"] = "en",
) -> Path:
    """Write the map of one or more scenarios as one file.

    Raises:
        InputError: `path` cannot be written.
        ValueError: no scene.
    """
    return write_text(path, web_map_html(scenes, overlays, translate, lang))


def web_map_html(
    scenes: Sequence[WebScene],
    overlays: Sequence[Overlay] = (),
    translate: Translate = untranslated,
    lang: Literal["en", "zh"] = "en",
) -> str:
    """The page; the same scenes give the same text.

    Raises:
        ValueError: no scene.
    """
    if not scenes:
        raise ValueError("a map needs a scene")
    words = page_words(translate)
    data = {"lang": lang, "words": words, **document(scenes, overlays)}
    text = json_for_html(data)
    style = _leaflet_style() + _font_face(text) + _read("map.css")
    scripts = [_leaflet_script(), _script()]
    environment = Environment(
        loader=FileSystemLoader(_OURS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        lang="zh-CN" if lang == "zh" else "en",
        title=scenes[0].title,
        words=words,
        policy=_policy(scripts, style),
        # Our own files and Leaflet's; the data is escaped above.
        style=Markup(style),
        scripts=[Markup(s) for s in scripts],
        data=Markup(text),
    )


def json_for_html(value: Any) -> str:
    """JSON that cannot end the script element it stands in, nor a line of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _policy(scripts: Sequence[str], style: str) -> str:
    """Nothing from anywhere but the scripts and the style of this very page."""
    run = " ".join(f"'{_sha256(s)}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {run}; style-src '{_sha256(style)}'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _font_face(text: str) -> str:
    uri = font_data_uri(frozenset(text))
    return f'@font-face{{font-family:"{NAME}";src:url({uri}) format("woff");font-display:block}}\n'


@cache
def _read(name: str) -> str:
    return (_OURS / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = "\n".join(_read(name) for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\n}})();\n'


@cache
def _leaflet_script() -> str:
    """Leaflet without the line by which a debugger would ask for its sources."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    return _SOURCE_MAP.sub("", text)


@cache
def _leaflet_style() -> str:
    """Leaflet's style without the pictures of controls that the map does not have."""
    text = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    return _IMAGES.sub("none", text)
