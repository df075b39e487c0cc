"""What the interactive map is told: scenes, cards and overlays, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from geo.jurisdictions import GeometryArray
from geo.road_marks import RoadMark
from optimizer.county import County
from optimizer.frozen import FloatArray
from optimizer.plan import Plan

Verdict = Literal["better", "worse", ""]
Kind = Literal["points", "lines", "areas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """One measure as text with its unit: today, under the plan, and what changes.

    An empty `plan` shows `today` across both columns.
    """

    label: str
    today: str
    plan: str = ""
    change: str = ""
    verdict: Verdict = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a click on a township or a station tells.

    Attributes:
        title, badge, subtitle: Name, what becomes of it, facts in a line.
        rows: Measures.
        notes: Sentences: why, and what the bundle frees.
        stations: Ids of the stations that it speaks of; the page links to their cards.
    """

    title: str
    badge: str = ""
    subtitle: str = ""
    rows: tuple[CardRow, ...] = ()
    notes: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A layer from outside, such as hot spots or beats, drawn over the map on request.

    Attributes:
        name: What the planner calls it.
        features: Geometries in WGS84 and their labels, empty where they have none.
        kind: How they are drawn.
        is_shade: Areas without outlines, which darken where they lie over each other.
    """

    name: str
    features: tuple[tuple[Any, str], ...]
    kind: Kind
    is_shade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Township:
    """Mean response of a township in minutes, and its card.

    Attributes:
        name: Its name.
        today_min, plan_min: Mean response.
        alerts_per_year: Its alerts.
        card: What a click on it tells.
        loses: Whether it is worse off under the plan.
        loss: What it loses, in words, for the list of those that do.
    """

    name: str
    today_min: float
    plan_min: float
    alerts_per_year: float
    card: Card
    loses: bool = False
    loss: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WebScene:
    """One scenario on the interactive map. S stations, C cells, A road lines.

    Attributes:
        title: The county.
        name: The scenario in the switcher.
        description: What the scenario says of itself.
        status_line: What is proven of the plan, with its gap where it is not.
        proven: The plan is proven to be optimal.
        headline: The measures that matter most.
        county: The county in the world of the scenario.
        plan: The plan.
        cell_geometry: Polygons of the cells in WGS84, shape (C,); None where cells are points.
        outline: The county's outline in WGS84; None = the cells' own.
        road_lines: LineStrings in WGS84, shape (A,).
        road_class_names: Class of each of them; None where unknown.
        road_marks: What the scenario changes on the roads, each with its line of the legend.
        cell_today_min, cell_plan_min: Response of each cell from the station responsible,
            turn-out included, shape (C,); inf = unreachable.
        townships: In any order; every name that cells carry.
        station_cards: By station id.
        provenance_line: What is modelled.
        attribution: Whose data it is.
    """

    title: str
    name: str
    description: str = ""
    status_line: str = ""
    proven: bool = False
    headline: tuple[CardRow, ...] = ()
    county: County
    plan: Plan
    cell_geometry: GeometryArray | None = None
    outline: Any | None = None
    road_lines: GeometryArray | None = None
    road_class_names: Sequence[str] | None = None
    road_marks: tuple[tuple[str, RoadMark], ...] = ()
    cell_today_min: FloatArray
    cell_plan_min: FloatArray
    townships: tuple[Township, ...]
    station_cards: Mapping[str, Card] = field(default_factory=dict)
    provenance_line: str = ""
    attribution: str = ""
