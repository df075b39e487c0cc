"""Key areas (重点部位): where police are to be seen, for how long and when; whose ground it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.boundaries import locate
from geo.plane import plane_at
from geo.readers import Source, Table, read_table
from geo.safe_text import write_csv
from optimizer.alert_rules_visibility import DAY_MIN, clock_span
from optimizer.county import County
from optimizer.errors import InputError, Problem, Translate
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.layers import KEY_AREAS, layer_source
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer

KEY_AREA_COLUMNS = (
    "key_area_id", "name", "lon", "lat", "minutes", "visits", "window", "grade",
    "alerts_per_year", "origin",
)  # fmt: skip
"""Header of the table that `jingli hotspots` writes, as this module reads it."""
KEY_AREAS_FILE = "key_areas.csv"
CELLS_PER_STATION = 2
"""Busiest cells by night that stand for a station's key areas where nobody names any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyArea:
    """A place where police are to be seen (重点部位).

    Attributes:
        area_id, name: As the planner writes them.
        lon_deg, lat_deg: In WGS84.
        minutes: Presence wanted in the shift.
        visits: In how many visits, spread over the window.
        opens_min, closes_min: The window, minutes from the start of the shift.
        today_min: Presence today; None where not known.
        grade: `red`, `yellow`, `blue`, or empty.
        alerts_per_year: Alerts there in its window; None where the file does not say.
        modelled: By a rule, not named by a planner.
        station_row: Station on whose ground it lies; -1 = on none.
    """

    area_id: str
    name: str
    lon_deg: float
    lat_deg: float
    minutes: float
    visits: int
    opens_min: int
    closes_min: int
    today_min: float | None = None
    grade: str = ""
    alerts_per_year: float | None = None
    modelled: bool = False
    station_row: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAreasRead:
    """Key areas of a file.

    Attributes:
        areas: In the order of the file.
        origin: The file as the planner wrote it.
        table: As read, for problems found later.
        rows: Line of each area in the file.
    """

    areas: tuple[KeyArea, ...]
    origin: str
    table: Table
    rows: tuple[int, ...]


def key_areas_of(
    loaded: LoadedCase, path: Path | None, crs: str, starts: int, shift: int
) -> KeyAreasRead | None:
    """The key areas of a file, else of the layer of the case; None where there is neither.

    Args:
        loaded: The case.
        path: `--key-areas`.
        crs: Datum of that file.
        starts: Start of the shift by the clock, in minutes.
        shift: Its length in minutes.

    Raises:
        InputError: everything that is wrong in the file.
    """
    layer = loaded.case.spec.layers.key_areas
    if path is not None:
        source = Source(layer="key_areas", path=path, shown=str(path), crs=crs, strict=True)
    elif layer is not None:
        source = layer_source(loaded.case, layer, KEY_AREAS, strict=True)
    else:
        return None
    table = read_table(source, KEY_AREAS)
    problems = [p for p in table.problems if p.severity == "error"]
    if problems:
        raise InputError(problems)
    modelled = path is None and layer is not None and layer.origin == "modelled"
    areas = []
    for line in table.frame.to_dict("records"):
        window = _window(table, line, starts, shift, problems)
        areas.append(
            KeyArea(
                area_id=str(line["key_area_id"]), name=str(line["name"]),
                lon_deg=float(line["lon_deg"]), lat_deg=float(line["lat_deg"]),
                minutes=float(line["minutes"]), visits=int(line["visits"]),
                opens_min=window[0], closes_min=window[1],
                today_min=_number(line.get("minutes_today")),
                grade=_text(line.get("grade")),
                alerts_per_year=_number(line.get("alerts_per_year")),
                modelled=modelled or line.get("origin") == "modelled",
            )
        )  # fmt: skip
    rows = tuple(int(row) for row in table.frame["row"])
    on_ground = _grounds(loaded, table, areas, rows, problems)
    if problems:
        raise InputError(problems)
    return KeyAreasRead(areas=on_ground, origin=source.shown, table=table, rows=rows)


def modelled_areas(
    loaded: LoadedCase, starts: int, shift: int, _: Translate
) -> tuple[KeyArea, ...]:
    """Where nobody names key areas: busiest cells by night of each station, and every seat.

    Cells are graded by `alert_rules.visibility`, those below its lowest grade left out; a seat in
    a cell that is one already is no other.
    """
    stations, cells = loaded.county.stations, loaded.county.cells
    rules = loaded.case.spec.alert_rules.visibility
    night = alerts_per_year_in(loaded.county, starts, shift)
    at_seat = cell_rows_at(loaded, stations.lon_deg, stations.lat_deg).tolist()
    areas: list[KeyArea] = []
    for s, seat in enumerate(at_seat):
        own = np.flatnonzero(cells.station == s)
        busiest = own[np.argsort(-night[own], kind="stable")][:CELLS_PER_STATION].tolist()
        graded = [(c, rules.grade(float(night[c]))) for c in busiest]
        chosen = [(c, grade) for c, grade in graded if grade is not None]
        for c, (grade, times) in chosen:
            minutes, visits = rules.presence(times, shift)
            name = _("{township} cell {cell}").format(
                township=cells.township[c], cell=cells.cell_id[c]
            )
            areas.append(
                KeyArea(
                    area_id=cells.cell_id[c], name=name, lon_deg=float(cells.lon_deg[c]),
                    lat_deg=float(cells.lat_deg[c]), minutes=minutes, visits=visits, opens_min=0,
                    closes_min=shift, grade=grade, alerts_per_year=float(night[c]), modelled=True,
                    station_row=s,
                )
            )  # fmt: skip
        if seat not in [c for c, _grade in chosen]:
            minutes, visits = rules.presence(1, shift)
            areas.append(
                KeyArea(
                    area_id=f"seat:{stations.station_id[s]}", name=stations.name[s],
                    lon_deg=float(stations.lon_deg[s]), lat_deg=float(stations.lat_deg[s]),
                    minutes=minutes, visits=visits, opens_min=0, closes_min=shift, modelled=True,
                    station_row=s,
                )
            )  # fmt: skip
    return tuple(areas)


def outside_problems(read: KeyAreasRead) -> list[Problem]:
    """A problem for each key area that lies on no station's ground."""
    return [
        read.table.problem(
            "a place in the county, on a station's ground",
            "correct lon and lat or their datum (--crs), or say in a column station_id whose it is",
            row=row, column="lon", value=f"{area.name} {area.lon_deg:.5f}, {area.lat_deg:.5f}",
        )
        for area, row in zip(read.areas, read.rows, strict=True)
        if area.station_row < 0
    ]  # fmt: skip


def cell_rows_at(loaded: LoadedCase, lon_deg: FloatArray, lat_deg: FloatArray) -> IntArray:
    """Row of the cell in which each point lies, shape (P,); -1 = in none.

    Without borders of the cells, the nearest cell, inside the county's outline where that is
    known.
    """
    lon, lat = lon_deg, lat_deg
    if loaded.cell_geometry is not None:
        return locate(lon, lat, loaded.cell_geometry)
    cells = loaded.county.cells
    plane = plane_at(cells.lon_deg, cells.lat_deg)
    tree = shapely.STRtree(plane.points(cells.lon_deg, cells.lat_deg))
    nearest: IntArray = np.asarray(tree.nearest(plane.points(lon, lat)), np.int64)
    if loaded.outline is not None:
        nearest = np.where(shapely.intersects_xy(loaded.outline, lon, lat), nearest, -1)
    return nearest


def alerts_per_year_in(
    county: County, starts: int, shift: int, kept: BoolArray | None = None
) -> FloatArray:
    """Alerts a year of each cell in a shift by the clock, shape (C,).

    Within a part of the day, alerts come evenly; a county that knows no rhythm has one part.

    Args:
        county: The county.
        starts: Start of the shift by the clock, in minutes.
        shift: Its length in minutes.
        kept: Categories that count, shape (K,); None = all.
    """
    share = hours_in_shift(county, starts, shift) / county.period_hours
    by_category = county.period_share_fraction @ share
    if kept is not None:
        by_category = np.where(kept, by_category, 0.0)
    found: FloatArray = county.cells.alerts_per_year @ by_category
    return found


def hours_in_shift(county: County, starts: int, shift: int) -> FloatArray:
    """Hours of each part of the day that lie in a shift, shape (P,)."""
    last = np.cumsum(county.period_hours) * 60.0
    first = last - county.period_hours * 60.0
    hours: FloatArray = np.zeros(len(last))
    for day in (0, DAY_MIN):
        inside = np.minimum(last + day, starts + shift) - np.maximum(first + day, starts)
        hours += np.clip(inside, 0.0, None) / 60.0
    return hours


def key_area_rows(areas: Sequence[KeyArea], window: str) -> list[tuple[object, ...]]:
    """Rows that `key_areas_of` reads, under `KEY_AREA_COLUMNS`, all with one window."""
    return [
        (
            a.area_id, a.name, f"{a.lon_deg:.6f}", f"{a.lat_deg:.6f}", f"{a.minutes:g}", a.visits,
            window, a.grade, "" if a.alerts_per_year is None else f"{a.alerts_per_year:.1f}",
            "modelled" if a.modelled else "given",
        )
        for a in areas
    ]  # fmt: skip


def write_key_areas(areas: Sequence[KeyArea], window: str, folder: Path) -> None:
    """Write them as a table for `--key-areas`; points are in WGS84."""
    write_csv(folder / KEY_AREAS_FILE, KEY_AREA_COLUMNS, key_area_rows(areas, window))


def _grounds(
    loaded: LoadedCase,
    table: Table,
    areas: Sequence[KeyArea],
    rows: Sequence[int],
    problems: list[Problem],
) -> tuple[KeyArea, ...]:
    """The areas with their stations: as the file says, else where they lie; problems are added."""
    if not areas:
        return ()
    lon, lat = (np.array([getattr(a, k) for a in areas]) for k in ("lon_deg", "lat_deg"))
    cell = cell_rows_at(loaded, lon, lat)
    at = np.where(cell >= 0, loaded.county.cells.station[cell], -1).tolist()
    stations = loaded.county.stations
    row_of, names = stations.index(), gazetteer(loaded.county).stations
    said = table.frame["station_id"] if "station_id" in table.frame else [None] * len(areas)
    found = []
    for area, row, here, typed in zip(areas, rows, at, said, strict=True):
        station = here
        if _text(typed):
            one = names.find(_text(typed))
            if isinstance(one, Wrong):
                problems.append(
                    table.problem(
                        one.expected, one.fix, row=row, column="station_id", value=typed,
                        known=one.known, near=one.near,
                    )
                )  # fmt: skip
            else:
                station = row_of[one]
        found.append(replace(area, station_row=station))
    return tuple(found)


def _window(
    table: Table, line: dict[Any, Any], starts: int, shift: int, problems: list[Problem]
) -> tuple[int, int]:
    """The window of a key area in minutes from the start of the shift; problems are added."""
    text = line.get("window")
    row = int(line["row"])
    opens, closes = 0, shift
    if isinstance(text, str) and text.strip():
        span = clock_span(text)
        if span is None:
            problems.append(
                table.problem(
                    "from and to by the clock", "write it like 20:00-04:00",
                    row=row, column="window", value=text,
                )
            )  # fmt: skip
            return opens, closes
        opens = (span[0] - starts) % DAY_MIN
        closes = opens + span[1]
        if closes > shift:
            # Of the day before too: a window may begin before the shift.
            inside = min(max(closes - DAY_MIN, 0), shift) + max(shift - opens, 0)
            problems.append(
                table.problem(
                    "a window inside the shift; it reaches {n} minutes outside",
                    "change the window, or the shift",
                    row=row, column="window", value=text, n=span[1] - inside,
                )
            )  # fmt: skip
            return opens, closes
    if line["minutes"] > closes - opens:
        problems.append(
            table.problem(
                "no more minutes than its window has: {n}",
                "ask for fewer minutes, or widen the window",
                row=row, column="minutes", value=f"{line['minutes']:g}", n=closes - opens,
            )
        )  # fmt: skip
    return opens, closes


def _number(value: object) -> float | None:
    if value is None or value != value:
        return None
    return float(str(value))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
