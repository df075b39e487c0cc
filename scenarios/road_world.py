"""The roads of a scenario: ferries, new roads, closures and speeds, ready to drive and to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from geo import routing
from geo.accesses import Accesses, Split, accesses
from geo.closures import Cuts, open_stretches
from geo.ferries import ferries, without_ferries
from geo.plane import GeometryArray
from geo.road_graph import RoadGraph
from geo.road_marks import RoadMark
from geo.routing import Router
from geo.snapping import snapper
from optimizer.frozen import FloatArray
from scenarios.change_alerts import hour_shares, month_weights
from scenarios.change_roads import road_plan
from scenarios.load import LoadedCase
from scenarios.merge_changes import ChangeNotes
from scenarios.new_roads import with_new_roads
from scenarios.scenario_schema import Changes, Speed
from scenarios.streets import Streets

# Later ones are drawn over earlier ones.
_ORDER = ("slower", "faster", "new", "ferry", "closed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadWorld:
    """Roads of a case or of a scenario.

    Attributes:
        graph: The roads, with streets that are cut still whole.
        router: The same, with what is closed and slower.
        split: How the streets of the case became these; None where they are the same.
        marks: What the scenario changes, for maps.
    """

    graph: RoadGraph
    router: Router
    split: Split | None = None
    marks: tuple[RoadMark, ...] = ()

    def meet(self, lon_deg: FloatArray, lat_deg: FloatArray) -> Accesses:
        """Where places meet the road."""
        return accesses(self.router, self.split, lon_deg, lat_deg)


def world_as_read(loaded: LoadedCase) -> RoadWorld:
    """The roads that a case was loaded with."""
    return RoadWorld(
        graph=loaded.network, router=loaded.router, split=loaded.split, marks=loaded.road_marks
    )


def road_world(
    loaded: LoadedCase,
    changes: Changes,
    drawn: Mapping[str, GeometryArray],
    notes: ChangeNotes,
) -> RoadWorld:
    """The roads in the world of a scenario; of the case where there are problems.

    Args:
        loaded: The case as read.
        changes: What the scenario changes.
        drawn: Shapes of the files that it names, in WGS84.
        notes: Problems and effects are added.
    """
    stations, cells, asked = loaded.county.stations, loaded.county.cells, changes.roads
    places = {
        one: (float(x), float(y))
        for ids, table in ((cells.cell_id, cells), (stations.station_id, stations))
        for one, x, y in zip(ids, table.lon_deg, table.lat_deg, strict=True)
    }
    graph, marks = _with_ferries(loaded, asked.ferries, notes)
    base = loaded.router if graph is loaded.network else routing.router(graph)
    assert base.index is not None
    streets, split = Streets(graph, places, base.index), None
    if asked.new:
        made = with_new_roads(streets, base.index, asked.new, drawn, loaded.policy.roads, notes)
        if made.split is not None:
            graph, split = made.graph, made.split
            index = snapper(graph, no_access=made.no_access)
            streets = Streets(graph, places, index)
            base = routing.router(graph, index=index)
            marks += made.marks
    plan = road_plan(streets, asked, drawn, notes, partial(_alert_share, loaded, changes, notes))
    cuts = plan.fractions(streets)
    if len(cuts) and not _has_open_road(graph, cuts):
        notes.wrong(("roads",), "at least one open road", "close less")
    if notes.problems:
        return world_as_read(loaded)
    router = routing.with_changes(base, cuts=cuts, slowness=plan.slowness)
    drawn_order = sorted((*marks, *plan.marks), key=lambda mark: _ORDER.index(mark.kind))
    return RoadWorld(graph=graph, router=router, split=split, marks=tuple(drawn_order))


def _has_open_road(graph: RoadGraph, cuts: Cuts) -> bool:
    shut = cuts.streets()
    return len(shut) < graph.streets or any(open_stretches(cuts, s) for s in shut.tolist())


def _with_ferries(
    loaded: LoadedCase, on: bool | None, notes: ChangeNotes
) -> tuple[RoadGraph, tuple[RoadMark, ...]]:
    """The roads with or without the ferries of the file."""
    graph, path = loaded.network, ("roads", "ferries")
    if on is None:
        return graph, ()
    with_them = loaded.with_ferries
    if with_them is None:
        notes.wrong(
            path,
            "ferries in the road layer of this case; there are none",
            "delete it, or draw the ferry under `roads.new` with `road_class: ferry`",
            value=on,
        )
        return graph, ()
    is_on = graph is with_them
    if on == is_on:
        notes.nothing(path, "a value other than the present one, {present}", present=on)
        return graph, ()
    rows = np.flatnonzero(ferries(with_them))
    km = float(with_them.street_km()[rows].sum())
    if not on:
        notes.effect(path, "{n} ferries over {km} km do not run", n=len(rows), km=f"{km:.1f}")
        return without_ferries(with_them), ()
    notes.effect(path, "{n} ferries over {km} km run", n=len(rows), km=f"{km:.1f}")
    names = dict.fromkeys(filter(None, (with_them.name_of(s) for s in rows.tolist())))
    mark = RoadMark(
        kind="ferry",
        name=", ".join(names),
        lines=with_them.street_lines(rows),
        crosses=np.zeros((0, 2)),
    )
    return with_them, (mark,)


def _alert_share(
    loaded: LoadedCase, changes: Changes, notes: ChangeNotes, speed: Speed, path: tuple[str, ...]
) -> float:
    """Share of the case's alerts that fall in the hours and months of a change of speed.

    Where alerts stand for a season (`alerts.as_in`), the share is that of the season.
    """
    county = loaded.county
    per_category = county.cells.alerts_per_year.sum(axis=0)
    hours = np.ones(len(county.categories))
    if speed.hours is not None:
        inside = hour_shares(county, speed.hours, (*path, "hours"), notes)
        hours = county.period_share_fraction @ inside
    months = month_weights(loaded.month_share_fraction, len(county.categories))
    as_in = changes.alerts.as_in
    if as_in is not None and as_in.months is not None:
        months = months * np.isin(np.arange(1, 13), as_in.months)
    within = np.isin(np.arange(1, 13), speed.months or range(1, 13))
    year = months.sum(axis=1)
    season = np.divide((months * within).sum(axis=1), year, out=np.zeros_like(year), where=year > 0)
    return float((per_category * hours * season).sum() / per_category.sum())
