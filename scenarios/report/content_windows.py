"""Chapter 5: window services kept, and the must-patrol line of each police office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.routing import travel
from optimizer.equity import windows_left
from optimizer.errors import Translate
from scenarios.report import wording
from scenarios.report.blocks import Block, Heading, Paragraph, TableBlock
from scenarios.report.material import Material
from scenarios.report.wording import one, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolLine:
    """The way from a centre to one of its police offices.

    Attributes:
        centre, office: Names.
        has_window: The office has a household-registration window today.
        closes_window: It closes under the plan.
        residents: Of the office's jurisdiction of today.
        farthest_km: Road kilometres from the office to its farthest cell.
        road_km: Length of the fastest way from the centre.
        travel_min: Minutes of that way, as all travel in the plan.
    """

    centre: str
    office: str
    has_window: bool
    closes_window: bool
    residents: float
    farthest_km: float
    road_km: float
    travel_min: float


def windows(m: Material) -> Iterator[Block]:
    """The chapter."""
    _, plan = m.translate, m.plan
    yield Heading(text=_("Windows and must-patrol lines"))
    lines = patrol_lines(m)
    if not lines:
        yield Paragraph(
            text=_(
                "No station becomes a police office: all windows stay, and no must-patrol line is "
                "needed. The way to the nearest window is {mean} km on the mean and {longest} km "
                "at the longest."
            ).format(mean=one(plan.window_access_mean_km), longest=one(plan.window_access_max_km))
        )
        return
    closed = sum(line.closes_window for line in lines)
    kept = sum(line.has_window for line in lines) - closed
    text = (
        _closed(m, closed)
        if closed
        else _(
            "{kept} of {offices} have a household-registration window and keep it. The way to the "
            "nearest window stays {mean} km on the mean over residents and {longest} km at the "
            "longest."
        ).format(
            kept=whole(kept),
            offices=wording.offices(len(lines), _),
            mean=one(plan.window_access_mean_km),
            longest=one(plan.window_access_max_km),
        )
    )
    crews = m.run.loaded.policy.crews
    if kept and crews.window_officers:
        text += _(
            " A window is reckoned with {officers}, open {hours} hours a week; this is taken off "
            "what bundling frees."
        ).format(
            officers=wording.officers(crews.window_officers, _),
            hours=one(crews.window_hours_per_week),
        )
    yield Paragraph(text=text)
    yield Paragraph(
        text=_(
            "So that a police office's area stays in sight, each gets a must-patrol line: the way "
            "from its centre and back. How often it is patrolled the bureau decides; one patrol a "
            "day on every line is {km} km there and back, {hours} hours of driving for the county."
        ).format(
            km=one(2.0 * sum(line.road_km for line in lines)),
            hours=one(2.0 * sum(line.travel_min for line in lines) / 60.0),
        )
    )
    yield TableBlock(
        caption=_("Police offices: window and must-patrol line"),
        header=(
            _("Must-patrol line"),
            _("Length, km"),
            _("Drive, min"),
            _("Window"),
            _("Residents"),
            _("Farthest home, km"),
        ),
        rows=tuple(
            (
                _("{centre} – {office}").format(centre=line.centre, office=line.office),
                one(line.road_km),
                one(line.travel_min),
                _window(line, _),
                m.residents(line.residents),
                one(line.farthest_km),
            )
            for line in lines
        ),
        align=("left", "right", "right", "left", "right", "right"),
        note=_(
            "Length and drive one way, along the fastest way. Farthest home: road from the police "
            "office to the farthest cell of its area."
        )
        + " " * (m.language == "en")
        + _on_roads(m),
        width_share=(3.0, 0.8, 0.8, 0.9, 1.0, 1.0),
    )


def _window(line: PatrolLine, _: Translate) -> str:
    if line.closes_window:
        return _("closes")
    return _("kept") if line.has_window else _("none today")


def _closed(m: Material, closed: int) -> str:
    """How many windows close, and how much longer the way to one becomes."""
    _, plan, today = m.translate, m.plan, m.today
    return _(
        "{closed} household-registration windows of police offices close. The way to the nearest "
        "window goes from {mean_today} to {mean} km on the mean over residents, and from "
        "{longest_today} to {longest} km at the longest."
    ).format(
        closed=whole(closed),
        mean_today=one(today.window_access_mean_km),
        mean=one(plan.window_access_mean_km),
        longest_today=one(today.window_access_max_km),
        longest=one(plan.window_access_max_km),
    )


def _on_roads(m: Material) -> str:
    _ = m.translate
    if m.run.loaded.county.origin_of("roads") == "modelled":
        return _("Roads are modelled: drive each line before it is laid down.")
    return _("Roads as given by the bureau.")


def patrol_lines(m: Material) -> tuple[PatrolLine, ...]:
    """One line per police office, by centre and office."""
    county, loaded = m.run.loaded.county, m.run.loaded
    row = county.stations.index()
    pairs = [(row[b.centre_id], row[office]) for b in m.decided.bundles for office in b.office_ids]
    if not pairs:
        return ()
    centres, offices = (sorted({p[side] for p in pairs}) for side in (0, 1))
    lon, lat = county.stations.lon_deg, county.stations.lat_deg
    ways = travel(
        None,
        lon[centres],
        lat[centres],
        lon[offices],
        lat[offices],
        walk_km_per_h=loaded.policy.roads.walk_km_per_h,
        count_walk_in=loaded.policy.roads.count_walk_in,
        index=loaded.router,
    )
    left = windows_left(county, loaded.policy, m.decided)
    found = []
    for c, s in pairs:
        mine = np.flatnonzero(county.cells.station == s)
        found.append(
            PatrolLine(
                centre=county.stations.name[c],
                office=county.stations.name[s],
                has_window=bool(county.stations.has_window[s]),
                closes_window=bool(county.stations.has_window[s] and not left[s]),
                residents=float(county.cells.population[mine].sum()),
                farthest_km=float(county.road_km[s, mine].max(initial=0.0)),
                road_km=float(ways.road_km[centres.index(c), offices.index(s)]),
                travel_min=float(county.station_time_min[c, s]),
            )
        )
    return tuple(found)
