"""The Chinese font of every static picture: Noto Sans SC (OFL), out of a wheel, never the system's.

The same font everywhere makes the same picture everywhere. matplotlib's settings are changed only
inside `map_fonts()`, for drawing as well as for saving: a text finds its font when it is drawn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib as mpl
import pylopdf_fonts_zh_cn
from matplotlib import font_manager

FAMILY = "Noto Sans SC"
FALLBACK = "DejaVu Sans"
"""Comes with matplotlib; for signs that Noto Sans SC lacks."""


def font_path() -> Path:
    """File of Noto Sans SC."""
    return Path(pylopdf_fonts_zh_cn.sans_path())


@cache
def _register() -> None:
    """Make the font known to matplotlib, once per process."""
    font_manager.fontManager.addfont(str(font_path()))


@contextmanager
def map_fonts() -> Iterator[None]:
    """Draw and save with Noto Sans SC; matplotlib's own settings are back afterwards.

    - Text is never read as TeX, so that a `$` in a name is a `$`.
    - SVG text becomes outlines: right on a machine that has no Chinese font.
    - PDF text is embedded as Type 3 with its Unicode values: it can be selected and searched.
      Type 42 would put this font's CFF outlines into a slot that the PDF standard keeps for
      TrueType ones, which strict readers refuse.
    - Ids in an SVG do not change from run to run.
    """
    _register()
    with mpl.rc_context(
        {
            # matplotlib falls back from family to family, not inside one.
            "font.family": ["sans-serif", FALLBACK],
            "font.sans-serif": [FAMILY],
            "axes.unicode_minus": False,
            "text.parse_math": False,
            "text.usetex": False,
            "svg.fonttype": "path",
            "svg.hashsalt": "jingli",
            "pdf.fonttype": 3,
            "pdf.compression": 6,
            "path.simplify": True,
        }
    ):
        yield


def one_line(text: str) -> str:
    """`text` as a label: white space becomes single spaces, control characters are left out."""
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
