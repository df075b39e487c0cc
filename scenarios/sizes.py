"""How many stations are run as one: 2-into-1 (二合一) up to 5-into-1 (五合一)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from optimizer.errors import Translate
from optimizer.scorecard import BundleRow


def sizes_text(bundles: Iterable[BundleRow], _: Translate) -> str:
    """Bundles of two or more by size, such as `6 × 2-into-1, 1 × 3-into-1`; empty without any."""
    count = Counter(len(b.station_ids) for b in bundles if len(b.station_ids) > 1)
    return _(", ").join(_sized(size, n, _) for size, n in sorted(count.items()))


def _sized(size: int, n: int, _: Translate) -> str:
    named = {
        2: _("{n} × 2-into-1"),
        3: _("{n} × 3-into-1"),
        4: _("{n} × 4-into-1"),
        5: _("{n} × 5-into-1"),
    }
    return named.get(size, _("{n} × {size}-into-1")).format(n=n, size=size)
