from __future__ import annotations

import warnings

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.textpath import text_to_path

from geo.fonts import FAMILY, font_path, map_fonts, one_line


def test_font_is_open_and_covers_chinese() -> None:
    with TTFont(font_path(), lazy=True) as font:
        assert font["name"].getBestFamilyName() == FAMILY
        licence = str(font["name"].getDebugName(13))
        covered = font.getBestCmap()
    assert "SIL Open Font License" in licence
    every = [bytes([a, b]) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    missing = [
        sign for raw in every
        if (sign := raw.decode("gb2312", errors="ignore")) and ord(sign) not in covered
    ]  # fmt: skip
    assert missing == []
    assert not set(map(ord, "0123456789 ·→≥％（）、。：；䶮垭塆")) - set(covered)


def test_map_fonts_finds_the_wheels_font_and_restores_everything() -> None:
    before = dict(mpl.rcParams)
    with map_fonts(), map_fonts():
        found = font_manager.findfont(font_manager.FontProperties(), fallback_to_default=False)
        assert str(found) == str(font_path())
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before
    with pytest.raises(RuntimeError), map_fonts():
        raise RuntimeError
    assert dict(mpl.rcParams) == before


def test_sign_that_the_font_lacks_comes_from_the_fallback() -> None:
    with TTFont(font_path(), lazy=True) as font:
        assert ord("⟦") not in font.getBestCmap()
    with map_fonts(), warnings.catch_warnings():
        warnings.simplefilter("error")
        text_to_path.get_text_width_height_descent(
            "⟦桂溪⟧", font_manager.FontProperties(size=8), False
        )


def test_font_is_registered_once() -> None:
    for _ in range(3):
        with map_fonts():
            pass
    known = [f for f in font_manager.fontManager.ttflist if f.fname == str(font_path())]
    assert len(known) == 1


def test_label_is_one_clean_line() -> None:
    assert one_line("  桂溪\t派出所\r\n二楼 ") == "桂溪 派出所 二楼"
    assert one_line("a\x00b\u202ec\ud800") == "abc"
