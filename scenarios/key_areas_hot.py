"""Key areas from hot spots: where alerts come in by night, police are to be seen by night.

A rule (`alert_rules.visibility`) turns night alerts into a grade, and a grade into visits; what it
gives is modelled until a planner has looked at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo.plane import Plane, plane_at
from optimizer.alert_rules_repeats import GRADES
from optimizer.alert_rules_visibility import Visibility, clock_span
from optimizer.errors import Translate
from optimizer.frozen import FloatArray, IntArray
from scenarios.alert_places import AlertsMeant
from scenarios.hot_spots import HotSpot, HotSpotStudy
from scenarios.key_areas import KEY_AREA_COLUMNS, KeyArea, alerts_per_year_in, key_area_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class HotKeyAreas:
    """Key areas of the hot spots.

    Attributes:
        window: By the clock: the hours asked for, else the night of the rules.
        areas: In the order of the hot spots, the busiest of each first.
        few: Hot spots with fewer alerts in the window than the lowest grade needs.
        even: Nothing says when alerts come, so that the window has its share of the hours.
    """

    window: str
    areas: tuple[KeyArea, ...]
    few: int
    even: bool = False

    def graded(self, grade: str) -> int:
        """How many have a grade."""
        return sum(area.grade == grade for area in self.areas)


def hot_key_areas(found: HotSpotStudy, _: Translate) -> HotKeyAreas:
    """The key areas of hot spots: the busiest places of each, graded by their alerts by night.

    Within a hot spot the busiest place is one, then the next that is `apart_m` from those before,
    up to `most_per_hot_spot`; every place of the hot spot counts with the nearest of them. One
    that is then too quiet for the lowest grade is none, and its places count with the others.
    """
    rules = found.meant.loaded.case.spec.alert_rules.visibility
    window = _window(found.meant, rules)
    span = clock_span(window)
    assert span is not None
    night = _night_alerts(found, *span)
    row_of = {key: row for row, key in enumerate(found.keys)}
    x_m, y_m, lon, lat = _middles(found)
    hot = [row_of[key] for spot in found.spots for key in spot.keys]
    cell_of = _cells(found, np.array(hot, np.int64))
    areas: list[KeyArea] = []
    few = 0
    for spot in found.spots:
        rows = np.array([row_of[key] for key in spot.keys])
        kept = []
        for peak, alerts in _peaks(rows, night, x_m, y_m, found.keys, rules):
            grade = rules.grade(alerts)
            if grade is None:
                continue
            minutes, visits = rules.presence(grade[1], span[1])
            kept.append(
                KeyArea(
                    area_id=f"H{spot.rank}", name=_name(found, spot, int(cell_of[peak]), _),
                    lon_deg=float(lon[peak]), lat_deg=float(lat[peak]), minutes=minutes,
                    visits=visits, opens_min=0, closes_min=span[1], grade=grade[0],
                    alerts_per_year=alerts, modelled=True,
                )
            )  # fmt: skip
        few += not kept
        if len(kept) > 1:
            kept = [replace(a, area_id=f"{a.area_id}-{k}") for k, a in enumerate(kept, 1)]
        areas += kept
    even = found.meant.table is None and len(found.meant.county.period_hours) == 1
    return HotKeyAreas(window=window, areas=_told_apart(areas), few=few, even=even)


def key_areas_document(found: HotKeyAreas) -> dict[str, Any]:
    """The key areas for programs."""
    return {
        "window": found.window,
        "modelled": True,
        "below_the_lowest_grade": found.few,
        "areas": [
            dict(zip(KEY_AREA_COLUMNS, row, strict=True))
            for row in key_area_rows(found.areas, found.window)
        ],
    }


def key_areas_text(found: HotKeyAreas, rules: Visibility, _: Translate) -> str:
    """How many there are, and by which rule."""
    red, yellow, blue = (found.graded(grade) for grade in GRADES)
    said = _(
        "Key areas for patrols, {window}: {n} (red {red}, yellow {yellow}, blue {blue}), modelled: "
        "{red_min:g}, {yellow_min:g} or {blue_min:g} min a night from {red_alerts:g}, "
        "{yellow_alerts:g} or {blue_alerts:g} alerts a week in these hours."
    ).format(
        window=found.window, n=len(found.areas), red=red, yellow=yellow, blue=blue,
        red_min=rules.red.visits * rules.visit_min, red_alerts=rules.red.alerts_per_week,
        yellow_min=rules.yellow.visits * rules.visit_min,
        yellow_alerts=rules.yellow.alerts_per_week,
        blue_min=rules.blue.visits * rules.visit_min, blue_alerts=rules.blue.alerts_per_week,
    )  # fmt: skip
    if found.even:
        said += " " + _("No rhythm of the day known: alerts taken as even over the hours.")
    if found.few:
        said += " " + _("{n} hot spots have fewer and are none.").format(n=found.few)
    return said


def _window(meant: AlertsMeant, rules: Visibility) -> str:
    if meant.selection.hours is None:
        return rules.night
    low, high = meant.selection.hours
    return f"{low:02d}:00-{high:02d}:00"


def _night_alerts(found: HotSpotStudy, starts: int, length: int) -> FloatArray:
    """Alerts a year in the window at every place, shape (N,)."""
    meant = found.meant
    if meant.table is None:
        asked = meant.selection.categories
        kept = np.array([not asked or c in asked for c in meant.county.categories])
        return alerts_per_year_in(meant.county, starts, length, kept)
    table = meant.table if found.grid is None else meant.points
    assert table is not None
    minute = table.occurred_at.astype("datetime64[m]").astype(np.int64) % 1440
    by_night = (minute - starts) % 1440 < length
    if found.grid is None:
        count = np.bincount(table.cell[by_night], minlength=len(found.keys)).astype(float)
    else:
        inside = found.grid.counts(table.x_m[by_night], table.y_m[by_night])
        count = inside[found.grid.inside].astype(float)
    per_year: FloatArray = count / meant.years
    return per_year


def _middles(found: HotSpotStudy) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Middle of every place: metres east and north, longitude and latitude, each (N,)."""
    if found.grid is None:
        cells = found.meant.county.cells
        plane = plane_at(cells.lon_deg, cells.lat_deg)
        return (*plane.xy(cells.lon_deg, cells.lat_deg), cells.lon_deg, cells.lat_deg)
    x_m, y_m = found.grid.middles(np.flatnonzero(found.grid.inside))
    return (x_m, y_m, *Plane(crs=found.grid.crs).lon_lat(x_m, y_m))


def _cells(found: HotSpotStudy, rows: IntArray) -> IntArray:
    """Cell of these places: of a square, that of most of its alerts; -1 elsewhere; shape (N,)."""
    if found.grid is None:
        return np.arange(len(found.keys))
    points = found.meant.points
    assert points is not None
    squares = np.flatnonzero(found.grid.inside)
    place = np.full(found.grid.inside.size + 1, -1)  # the last is that of no square
    place[squares[rows]] = rows
    at = place[found.grid.square_of(points.x_m, points.y_m)]
    cells = len(found.meant.county.cells)
    on = at >= 0
    both, number = np.unique(at[on] * cells + points.cell[on], return_counts=True)
    order = np.argsort(number, kind="stable")  # the last that is written is the most
    cell = np.full(len(found.keys), -1)
    cell[both[order] // cells] = both[order] % cells
    return cell


def _peaks(
    rows: IntArray, night: FloatArray, x_m: FloatArray, y_m: FloatArray, keys: Sequence[str],
    rules: Visibility,
) -> list[tuple[int, float]]:  # fmt: skip
    """Busiest places of a hot spot, each with the alerts of the places nearest to it."""
    order = sorted(rows.tolist(), key=lambda r: (-night[r], keys[r]))
    peaks: list[int] = []
    for row in order:
        if night[row] <= 0 or len(peaks) == rules.most_per_hot_spot:
            break
        away = [float(np.hypot(x_m[row] - x_m[p], y_m[row] - y_m[p])) for p in peaks]
        if min(away, default=np.inf) >= rules.apart_m:
            peaks.append(row)
    while peaks:
        away_m = np.hypot(x_m[rows][:, None] - x_m[peaks], y_m[rows][:, None] - y_m[peaks])
        alerts = np.bincount(away_m.argmin(axis=1), night[rows], len(peaks)).tolist()
        least = min(range(len(peaks)), key=lambda k: (alerts[k], -k))
        if len(peaks) == 1 or rules.grade(alerts[least]) is not None:
            return list(zip(peaks, alerts, strict=True))
        # Too quiet for a key area of its own: it counts with the others.
        del peaks[least]
    return []


def _name(found: HotSpotStudy, spot: HotSpot, cell: int, _: Translate) -> str:
    cells = found.meant.county.cells
    township, cell_id = spot.township, spot.cell_id
    if cell >= 0:
        township, cell_id = cells.township[cell], cells.cell_id[cell]
    return _("{township} cell {cell}").format(township=township, cell=cell_id)


def _told_apart(areas: Sequence[KeyArea]) -> tuple[KeyArea, ...]:
    """The same with their ids behind names that several have."""
    number = Counter(a.name for a in areas)
    return tuple(
        replace(a, name=f"{a.name} ({a.area_id})") if number[a.name] > 1 else a for a in areas
    )
