"""What a scenario does to roads, and barriers, as maps show it: lines and words of the legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from geo.plane import GeometryArray
from optimizer.errors import Translate
from optimizer.frozen import FloatArray

Kind = Literal["slower", "faster", "new", "ferry", "closed", "barrier"]

COLOURS: dict[Kind, str] = {
    "closed": "#B3261E",
    "slower": "#E59B54",
    "faster": "#2E7D5B",
    "new": "#7A1FA2",
    "ferry": "#0B72B9",
    "barrier": "#1F3A5F",
}
"""Told apart by most kinds of colour vision; closures also carry a cross, ferries are dashed."""

_SAYS: dict[Kind, str] = {
    "closed": "Closed: {name}",
    "new": "New road: {name}",
    "ferry": "Ferry: {name}",
    "barrier": "Barrier: {name}",
}
_ROADS_OF: dict[str, str] = {
    "expressway": "expressways",
    "national": "national roads",
    "provincial": "provincial roads",
    "county": "county roads",
    "township": "township roads",
    "village": "village roads",
    "street": "streets",
    "ferry": "ferries",
    "other": "other roads",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadMark:
    """One change of roads.

    Attributes:
        kind: What is done.
        name: What the scenario calls it; empty for a factor on all roads.
        lines: LineStrings in WGS84; none where all roads change alike.
        crosses: Longitude and latitude of the middle of each stretch that is closed, shape (P, 2):
            a closed bridge is too short to be seen.
        factor: Speed over speed before; None for what is no change of speed.
        classes: Road classes that it speaks of.
        roads: Names or ids of roads that it speaks of.
        months: 1-12; empty = all year.
        hours: Such as `07-09`; empty = all day.
    """

    kind: Kind
    name: str
    lines: GeometryArray
    crosses: FloatArray
    factor: float | None = None
    classes: tuple[str, ...] = ()
    roads: str = ""
    months: tuple[int, ...] = ()
    hours: str = ""

    def text(self, translate: Translate) -> str:
        """The line of the legend."""
        if self.factor is None:
            return translate(_SAYS[self.kind]).format(name=self.name or "")
        named = [translate(_ROADS_OF[c]) if c in _ROADS_OF else c for c in self.classes]
        roads = ", ".join([*named, *filter(None, [self.roads])]) or translate("all roads")
        when = [self.name] if self.name else []
        if self.months:
            said = ", ".join(map(str, self.months))
            when.append(translate("months {months}").format(months=said))
        if self.hours:
            when.append(translate("{hours} h").format(hours=self.hours))
        said = translate("{roads} × {factor}").format(roads=roads, factor=f"{self.factor:g}")
        return said + (f" ({'; '.join(when)})" if when else "")
