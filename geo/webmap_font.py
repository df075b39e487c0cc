"""The signs that a page needs, out of Noto Sans SC: for machines that have no Chinese font."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from geo.fonts import font_path

NAME = "Jingli Sans SC"


@lru_cache(maxsize=4)
def font_data_uri(signs: frozenset[str]) -> str:
    """A WOFF font of these signs, and of Latin letters and digits, as a data URI."""
    wanted = {ord(s) for s in signs} | set(range(0x20, 0x7F))
    with TTFont(font_path(), lazy=True, recalcBBoxes=False) as font:
        options = Options()
        options.layout_features = []
        options.drop_tables += ["BASE", "DSIG", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
        options.name_IDs = [0, 1, 2, 13, 14]  # copyright and licence stay with the outlines
        options.notdef_outline = True
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        font.flavor = "woff"
        out = io.BytesIO()
        font.save(out, reorderTables=False)
    return "data:font/woff;base64," + base64.b64encode(out.getvalue()).decode()
