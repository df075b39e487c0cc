"""Texts of a report made fit for every format: no signs that break XML or turn a line around."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import TypeVar

from scenarios.report.blocks import Report

_SPACE = re.compile(r"[\s\x1c-\x1f\x85]")
_KEPT_SPACES = "\u00a0\u202f\u2009\u3000"
_KEPT_FORMAT_SIGNS = "\u200d"
"""Joins the parts of one emoji."""

_T = TypeVar("_T")


def plain(text: str) -> str:
    """`text` as one line.

    Line breaks, tabs and other white space become spaces. Control signs, marks that turn the
    direction of writing and signs that XML forbids are left out; all else stays.
    """
    kept = []
    for sign in text:
        if sign in _KEPT_SPACES or sign in _KEPT_FORMAT_SIGNS:
            kept.append(sign)
        elif _SPACE.match(sign):
            kept.append(" ")
        elif unicodedata.category(sign) not in ("Cc", "Cf", "Cs") and ord(sign) & 0xFFFE != 0xFFFE:
            kept.append(sign)
    return re.sub(" {2,}", " ", "".join(kept)).strip(" ")


def plain_report(report: Report) -> Report:
    """The same report, each of its texts `plain`; drawings are left as they are."""
    return _plain(report)


def _plain(value: _T) -> _T:
    """`value` with every text in it plain; data classes and sequences keep their kind."""
    if isinstance(value, str):
        return plain(value)  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return type(value)(_plain(v) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.name != "svg"]
        return dataclasses.replace(value, **{n: _plain(getattr(value, n)) for n in fields})
    return value
