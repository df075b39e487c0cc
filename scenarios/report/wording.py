"""How numbers and lists read in a report: one decimal for minutes, a unit to every count."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optimizer.errors import Translate


def one(value: float) -> str:
    """A value to one decimal; ∞ where something is out of reach."""
    return "∞" if math.isinf(value) else f"{_plain(value, 1):,.1f}"


def whole(value: float) -> str:
    """A value without decimals."""
    return f"{round(value):,}"


def percent(fraction: float) -> str:
    """A share as percent to one decimal."""
    return f"{_plain(fraction * 100.0, 1):,.1f}%"


def signed(value: float) -> str:
    """A change to one decimal with its sign."""
    shown = _plain(value, 1)
    return f"{shown:+,.1f}" if shown else "0.0"


def load(value: float) -> str:
    """Required officers per officer, to two decimals."""
    return "∞" if math.isinf(value) else f"{value:,.2f}"


def changes_as_shown(before: float, after: float) -> float:
    """Difference of two values as a reader sees them, to one decimal; 0 where both are infinite."""
    return 0.0 if before == after else round(_plain(after, 1) - _plain(before, 1), 1)


def _plain(value: float, digits: int) -> float:
    """Rounded, and never minus zero."""
    return round(value, digits) + 0.0


def listed(items: Sequence[str], _: Translate, most: int = 8) -> str:
    """Names in a row; beyond `most` of them, how many more."""
    text = ""
    for item in items[:most]:
        text = _("{before}, {name}").format(before=text, name=item) if text else item
    if len(items) > most:
        text = _("{names} and {n} more").format(names=text, n=len(items) - most)
    return text


def stations(n: int, _: Translate) -> str:
    """So many stations."""
    return (_("{n} station") if n == 1 else _("{n} stations")).format(n=whole(n))


def bundles(n: int, _: Translate) -> str:
    """So many bundles."""
    return (_("{n} bundle") if n == 1 else _("{n} bundles")).format(n=whole(n))


def offices(n: int, _: Translate) -> str:
    """So many police offices."""
    return (_("{n} police office") if n == 1 else _("{n} police offices")).format(n=whole(n))


def officers(n: float, _: Translate) -> str:
    """So many officers; parts of one are full-time equivalents."""
    is_one = n == 1 and isinstance(n, int)
    shown = whole(n) if isinstance(n, int) else one(n)
    return (_("{n} officer") if is_one else _("{n} officers")).format(n=shown)


def squads(n: int, _: Translate) -> str:
    """So many traffic squads."""
    return (_("{n} traffic squad") if n == 1 else _("{n} traffic squads")).format(n=whole(n))


def duty_stations(n: int, _: Translate) -> str:
    """So many duty stations."""
    return (_("{n} duty station") if n == 1 else _("{n} duty stations")).format(n=whole(n))


def townships(n: int, _: Translate) -> str:
    """So many townships."""
    return (_("{n} township") if n == 1 else _("{n} townships")).format(n=whole(n))


def posts(n: int, _: Translate) -> str:
    """So many round-the-clock duty posts."""
    return (_("{n} duty post") if n == 1 else _("{n} duty posts")).format(n=whole(n))


def units(n: int, _: Translate) -> str:
    """So many units."""
    return (_("{n} unit") if n == 1 else _("{n} units")).format(n=whole(n))
