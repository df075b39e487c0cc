"""Places as planners name them: by id, by name, or by the short form of a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optimizer.county import County
from optimizer.errors import Problem
from scenarios.library import did_you_mean

# Endings that people leave out: 沙河 for 沙河派出所.
_ENDINGS = {
    "station": ("派出所",),
    "squad": ("交巡警中队", "交警中队", "中队"),
    "unit": ("大队", "中心"),
    "township": ("街道办事处", "街道", "镇", "乡"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A name that means nothing, or more than one thing.

    Attributes:
        expected: Message template.
        fix: Likewise.
        near: For the fix.
        known: What there is.
    """

    expected: str
    fix: str
    near: str = ""
    known: str = ""

    def problem(self, where: str, typed: str) -> Problem:
        """The problem of the name typed for an option or in a file."""
        return Problem(
            where=where,
            value=typed,
            expected=self.expected,
            fix=self.fix,
            params={"known": self.known, "near": self.near},
        )


class Names:
    """Finds one kind of place.

    Args:
        kind: `station`, `squad`, `unit`, `cell`, `township`, `category` or `class`.
        ids: What is looked for.
        names: Names for people, one per id; None where the ids are the names.
    """

    def __init__(self, kind: str, ids: Iterable[str], names: Iterable[str] | None = None) -> None:
        self.ids = tuple(ids)
        self._shown = self.ids if names is None else tuple(names)
        self._of: dict[str, list[str]] = {}
        for one, name in zip(self.ids, self._shown, strict=True):
            short = [name.removesuffix(e) for e in _ENDINGS.get(kind, ()) if name.endswith(e)]
            for text in {_plain(t) for t in (name, *short) if t}:
                self._of.setdefault(text, []).append(one)

    def find(self, text: str) -> str | Wrong:
        """The id that `text` means: an id itself, else a unique name or short name."""
        if text in self.ids:
            return text
        found = sorted(set(self._of.get(_plain(text), ())))
        if len(found) == 1:
            return found[0]
        if found:
            return Wrong(
                expected="one of them: {known} have this name",
                fix="write the id",
                known=", ".join(found),
            )
        known = list(dict.fromkeys([*self._shown, *self.ids, *self._of]))
        fix, near = did_you_mean(text, known, "check the spelling")
        return Wrong(
            expected="an id or a name of: {known}", fix=fix, near=near, known=_some(self._shown)
        )

    def shown(self, one: str) -> str:
        """Name for people of an id."""
        return self._shown[self.ids.index(one)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """All names of a county."""

    stations: Names
    squads: Names
    units: Names
    cells: Names
    townships: Names
    categories: Names


def gazetteer(county: County, more_stations: Sequence[tuple[str, str]] = ()) -> Gazetteer:
    """The names of `county`.

    Args:
        county: The county.
        more_stations: Id and name of stations that a scenario opens.
    """
    stations = county.stations
    return Gazetteer(
        stations=Names(
            "station",
            (*stations.station_id, *(i for i, _ in more_stations)),
            (*stations.name, *(n for _, n in more_stations)),
        ),
        squads=Names("squad", county.squads.squad_id, county.squads.name),
        units=Names("unit", county.units.unit_id, county.units.name),
        cells=Names("cell", county.cells.cell_id),
        townships=Names("township", sorted(set(county.cells.township))),
        categories=Names("category", county.categories),
    )


def _plain(text: str) -> str:
    """Text without differences of width and case, and without spaces at its ends."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _some(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
