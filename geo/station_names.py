"""Station names where there is little room."""

from __future__ import annotations

from collections.abc import Sequence

_SHARED_ENDINGS = ("派出所", " Police Station", " Station")


def without_shared_ending(names: Sequence[str]) -> tuple[str, ...]:
    """The names without "Station" or the like, where every name ends so and none is only that."""
    for ending in _SHARED_ENDINGS:
        if len(names) > 1 and all(n.endswith(ending) and n != ending for n in names):
            return tuple(n.removesuffix(ending).rstrip() for n in names)
    return tuple(names)
