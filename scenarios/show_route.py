"""A way for people, for programs and for satellite receivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rich.console import Console

from geo.atomic import make_folder
from geo.gpx import Track, write_gpx
from geo.safe_text import write_csv
from optimizer.errors import Translate
from scenarios.road_words import class_text
from scenarios.route import Route, WayThere
from scenarios.show_lines import Column, grid, say_lines

CSV_FILE, GPX_FILE = "route.csv", "route.gpx"


def show_route(route: Route, console: Console, _: Translate) -> None:
    """Print the way, road by road, and what a scenario changes of it."""
    say_lines(
        _("From {start} to {goal}").format(start=route.start.name, goal=route.goal.name),
        console,
        "bold",
    )
    titles = list(_titles(route, _))
    same = route.then is not None and _same(route.today, route.then)
    for title, way in titles[:1] if same else titles:
        _show_way(title, way, console, _)
    if route.then is None:
        return
    if same:
        say_lines(_("The same under {scenario}.").format(scenario=route.scenario), console)
    else:
        say_lines(_difference(route, _), console, "bold")
    for said, marks in (
        (_("On the way today the scenario changes: {what}"), route.met),
        (_("The way under the scenario uses: {what}"), () if same else route.used),
    ):
        if marks:
            say_lines(said.format(what="; ".join(marks)), console)


def route_document(route: Route, _: Translate) -> dict[str, Any]:
    """The same for programs; null where there is no way."""
    return {
        "from": _place(route.start),
        "to": _place(route.goal),
        "scenario": route.scenario,
        "today": _way(route.today),
        "then": None if route.then is None else _way(route.then),
        "changes_on_the_way_today": list(route.met),
        "changes_used": list(route.used),
    }


def write_route(route: Route, folder: Path, _: Translate) -> tuple[str, ...]:
    """Write `route.csv` (a row per stretch) and `route.gpx` into a folder, made if need be.

    Raises:
        InputError: they cannot be written.
    """
    make_folder(folder)
    rows: list[Sequence[object]] = []
    for world, way in _worlds(route):
        for i, stretch in enumerate(way.stretches, 1):
            rows.append(
                [world, i, stretch.name, stretch.road_class, round(stretch.road_km, 3),
                 round(stretch.travel_time_min, 3)]
            )  # fmt: skip
    header = ["world", "number", "road", "road_class", "road_km", "travel_time_min"]
    write_csv(folder / CSV_FILE, header, rows)
    write_route_gpx(route, folder / GPX_FILE, _)
    return CSV_FILE, GPX_FILE


def write_route_gpx(route: Route, path: Path, _: Translate) -> None:
    """Write the drive as tracks of a GPX file (1.1), one for today and one for the scenario.

    Raises:
        InputError: it cannot be written.
    """
    tracks = [
        Track(
            name=f"{route.start.name} - {route.goal.name} ({title})",
            segments=(tuple(map(tuple, shapely.get_coordinates(way.line).tolist())),),
        )
        for title, way in _titles(route, _)
        if way.line is not None
    ]
    write_gpx(path, (), tracks)


def _worlds(route: Route) -> Iterator[tuple[str, WayThere]]:
    yield "today", route.today
    if route.then is not None:
        yield "scenario", route.then


def _titles(route: Route, _: Translate) -> Iterator[tuple[str, WayThere]]:
    yield _("Today"), route.today
    if route.then is not None:
        yield _("Under {scenario}").format(scenario=route.scenario), route.then


def _show_way(title: str, way: WayThere, console: Console, _: Translate) -> None:
    if not np.isfinite(way.travel_time_min):
        say_lines(_("{title}: no way by road").format(title=title), console, "red")
        return
    said = _("{title}: {minutes} min, {km} km").format(
        title=title, minutes=f"{way.travel_time_min:.1f}", km=f"{way.road_km:.1f}"
    )
    say_lines(said, console)
    if way.on_foot:
        say_lines("  " + _("on foot: the road is further away than the place"), console)
        return
    rows = [
        (
            s.name or _("(no name)"),
            class_text(s.road_class, _),
            f"{s.road_km:.2f}",
            f"{s.travel_time_min:.1f}",
        )
        for s in way.stretches
    ]
    columns = (
        Column(header=_("Road"), gives_way=True),
        Column(header=_("Class")),
        Column(header=_("km"), figures=True),
        Column(header=_("min"), figures=True),
    )
    if rows:
        for line in grid(columns, rows, console.width):
            console.print(line)
    said = _("to the road {start} km, from the road {goal} km").format(
        start=f"{way.walk_from_km:.2f}", goal=f"{way.walk_to_km:.2f}"
    )
    console.print("  " + said, style="dim", highlight=False)


def _difference(route: Route, _: Translate) -> str:
    assert route.then is not None
    was, now = route.today.travel_time_min, route.then.travel_time_min
    if np.isfinite(was) and np.isfinite(now):
        return _("Under {scenario}: {minutes} min, {km} km").format(
            scenario=route.scenario,
            minutes=f"{now - was:+.1f}",
            km=f"{route.then.road_km - route.today.road_km:+.1f}",
        )
    if np.isfinite(was):
        return _("Under {scenario} it can no longer be reached.").format(scenario=route.scenario)
    return _("Under {scenario} it can be reached.").format(scenario=route.scenario)


def _same(one: WayThere, two: WayThere) -> bool:
    if not (np.isfinite(one.travel_time_min) and np.isfinite(two.travel_time_min)):
        return bool(one.travel_time_min == two.travel_time_min)
    return abs(one.travel_time_min - two.travel_time_min) < 5e-4 and [
        s.name for s in one.stretches
    ] == [s.name for s in two.stretches]


def _place(place: Any) -> dict[str, Any]:
    return {
        "kind": place.kind,
        "name": place.name,
        "lon_deg": place.lon_deg,
        "lat_deg": place.lat_deg,
    }


def _way(way: WayThere) -> dict[str, Any]:
    there = bool(np.isfinite(way.travel_time_min))
    return {
        "travel_time_min": round(way.travel_time_min, 4) if there else None,
        "road_km": round(way.road_km, 4) if there else None,
        "walk_from_km": round(way.walk_from_km, 4),
        "walk_to_km": round(way.walk_to_km, 4),
        "on_foot": way.on_foot,
        "roads": [
            {
                "name": s.name,
                "road_class": s.road_class,
                "road_km": round(s.road_km, 4),
                "travel_time_min": round(s.travel_time_min, 4),
            }
            for s in way.stretches
        ],
        "line": None if way.line is None else shapely.get_coordinates(way.line).round(6).tolist(),
    }
