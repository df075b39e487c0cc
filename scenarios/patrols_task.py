"""A patrol shift of a unit: key areas, windows, time left free for alerts, and the task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geo import routing
from geo.columns import Column, Schema
from geo.readers import Source, Table, read_table
from geo.snapping import Snapped
from optimizer.errors import InputError, Problem, Translate
from optimizer.frozen import FloatArray
from optimizer.patrol_plan import NO_WAY, PatrolTask
from optimizer.workload import demand_of
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer
from scenarios.opened import Opened

DAY_MIN = 1440
_SPAN = re.compile(r"^\s*(\d{1,2})[:：](\d{2})\s*[-–~至]\s*(\d{1,2})[:：](\d{2})\s*$")
_OFFICE_MIN, _CELL_MIN, _CELL_VISITS, _CELLS = 10.0, 20.0, 2, 4
_ID_ALIASES = ("编号", "id", "重点部位编号", "area_id")
KEY_AREAS = Schema(
    layer="key_areas",
    columns=(
        Column(name="key_area_id", kind="id", required=True, aliases=_ID_ALIASES),
        Column(name="name", kind="text", required=True, aliases=("名称", "重点部位", "重点区域")),
        Column(name="lon", kind="lon", required=True, aliases=("经度", "lng", "longitude")),
        Column(name="lat", kind="lat", required=True, aliases=("纬度", "latitude")),
        Column(
            name="minutes", kind="number", required=True, minimum=1, maximum=DAY_MIN,
            aliases=("驻守分钟", "每班分钟", "分钟", "minutes_per_shift"),
        ),
        Column(
            name="visits", kind="count", minimum=1, maximum=12, default=1,
            aliases=("次数", "每班次数", "巡逻次数"),
        ),
        Column(name="window", kind="text", aliases=("时段", "时间窗")),
        Column(
            name="minutes_today", kind="number", minimum=0, maximum=DAY_MIN,
            aliases=("目前分钟", "现有分钟"),
        ),
    ),
    geometry="none",
    unique=("key_area_id",),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolWishes:
    """What a planner asks.

    Attributes:
        centre: Station or centre by id or name.
        vehicles: Vehicles on patrol.
        shift: From-to by the clock, such as `20:00-04:00`.
        key_areas: File of key areas; None = police offices and densest cells.
        crs: Datum of the file.
        reserve_min: Minutes of each vehicle that go to alerts; None = as modelled.
        variants: Plans of equal quality, the best included.
        within_fraction: Driving that a variant may add.
        seed: Of the search and the variants.
    """

    centre: str
    vehicles: int = 1
    shift: str = "20:00-04:00"
    key_areas: Path | None = None
    crs: str = "WGS84"
    reserve_min: float | None = None
    variants: int = 1
    within_fraction: float = 0.1
    seed: int = 0


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatrolAsked:
    """The task with its places.

    Attributes:
        wishes: What was asked.
        centre_row: The centre among the stations.
        station_ids: Stations of the unit.
        starts_min: Start of the shift by the clock.
        shift_min: Its length.
        areas: Key areas.
        area_of: Key area of each visit.
        places: The centre and each visit's place on the roads.
        task: The task.
        alert_min: Minutes that alerts are expected to take in the shift, all vehicles together.
        reserve_min: Minutes of each vehicle that go to alerts, spread over the shift.
    """

    wishes: PatrolWishes
    centre_row: int
    station_ids: tuple[str, ...]
    starts_min: int
    shift_min: int
    areas: tuple[KeyArea, ...]
    area_of: tuple[int, ...]
    places: Snapped
    task: PatrolTask
    alert_min: float
    reserve_min: float

    @property
    def pace(self) -> float:
        """Minutes by the clock for a minute of patrol."""
        return pace_of(self.shift_min, self.reserve_min)

    def minutes(self, seconds: int) -> float:
        """Minutes of patrol in seconds by the clock, alerts left out."""
        return seconds / 60.0 / self.pace

    @property
    def modelled_areas(self) -> bool:
        """Nobody named the key areas."""
        return self.wishes.key_areas is None


def pace_of(shift_min: float, reserve_min: float) -> float:
    """Minutes by the clock for a minute of patrol, where alerts take the rest."""
    return shift_min / (shift_min - reserve_min)


def patrol_task(opened: Opened, wishes: PatrolWishes, _: Translate) -> PatrolAsked:
    """The task of a run or case that has a plan.

    Raises:
        InputError: everything that is wrong with options and the file.
    """
    assert opened.plan is not None, "the caller has said that there is none"
    county = opened.loaded.county
    problems: list[Problem] = []
    span = _span(wishes.shift)
    if span is None:
        problems.append(_bad_span("--shift", wishes.shift))
    found = gazetteer(county).stations.find(wishes.centre)
    if isinstance(found, Wrong):
        problems.append(found.problem("--centre", wishes.centre))
    if span is None or isinstance(found, Wrong):
        raise InputError(problems)
    centre = opened.plan.centre_of()[found]
    (bundle,) = (b for b in opened.plan.bundles if b.centre_id == centre)
    row = county.stations.station_id.index(centre)
    starts, shift = span
    if wishes.key_areas is None:
        areas = _modelled_areas(opened.loaded, bundle.station_ids, row, shift, _)
    else:
        areas = _read_areas(wishes.key_areas, wishes.crs, starts, shift)
    if not areas:
        raise InputError([_no_areas(wishes)])
    alert_min = expected_alert_min(opened.loaded, bundle.station_ids, row, starts, shift)
    reserve = alert_min / wishes.vehicles if wishes.reserve_min is None else wishes.reserve_min
    problems += _time_problems(wishes, areas, shift, reserve)
    if problems:
        raise InputError(problems)
    area_of, task, places = _task(opened.loaded, row, areas, wishes, shift, reserve)
    return PatrolAsked(
        wishes=wishes,
        centre_row=row,
        station_ids=bundle.station_ids,
        starts_min=starts,
        shift_min=shift,
        areas=areas,
        area_of=area_of,
        places=places,
        task=task,
        alert_min=alert_min,
        reserve_min=reserve,
    )


def expected_alert_min(
    loaded: LoadedCase, station_ids: tuple[str, ...], centre_row: int, starts: int, shift: int
) -> float:
    """Crew-minutes that alerts of a unit take in a shift: on scene, there and back.

    Sum over the unit's cells and the periods of the day of hours in the shift x (crew-minutes on
    scene + crews sent x 2 x minutes from the centre), as in the offered load of docs/formulation.
    """
    county = loaded.county
    demand = demand_of(county, loaded.policy)
    own = np.isin(county.cells.station, [county.stations.station_id.index(s) for s in station_ids])
    travel = county.travel_time_min[centre_row, own]
    travel = np.where(np.isfinite(travel), travel, 0.0)
    per_hour = demand.scene_crew_min_per_hour[own].sum(axis=0) + (
        demand.jobs_per_hour[own] * 2.0 * travel[:, None]
    ).sum(axis=0)
    last = np.cumsum(county.period_hours) * 60.0
    first = last - county.period_hours * 60.0
    hours: FloatArray = np.zeros(len(last))
    for day in (0, DAY_MIN):
        inside = np.minimum(last + day, starts + shift) - np.maximum(first + day, starts)
        hours += np.clip(inside, 0.0, None) / 60.0
    return float(per_hour @ hours)


def _span(text: str) -> tuple[int, int] | None:
    """Start by the clock and length in minutes of `20:00-04:00`; None where it is none."""
    met = _SPAN.match(text)
    if met is None:
        return None
    h1, m1, h2, m2 = (int(part) for part in met.groups())
    if h1 > 23 or h2 > 24 or m1 > 59 or m2 > 59:
        return None
    start, end = h1 * 60 + m1, h2 * 60 + m2
    return start, (end - start) % DAY_MIN or DAY_MIN


def _bad_span(where: str, value: str) -> Problem:
    return Problem(
        where=where,
        value=value,
        expected="from and to by the clock",
        fix="write it like 20:00-04:00",
    )


def _no_areas(wishes: PatrolWishes) -> Problem:
    return Problem(
        where="--key-areas",
        value=None if wishes.key_areas is None else str(wishes.key_areas),
        expected="at least one key area",
        fix="list the places to patrol in a table",
    )


def _modelled_areas(
    loaded: LoadedCase, station_ids: tuple[str, ...], centre_row: int, shift: int, _: Translate
) -> tuple[KeyArea, ...]:
    """The unit's other stations, and its cells with most alerts."""
    stations, cells = loaded.county.stations, loaded.county.cells
    rows = [stations.station_id.index(s) for s in station_ids]
    areas = [
        KeyArea(
            area_id=stations.station_id[r], name=stations.name[r],
            lon_deg=float(stations.lon_deg[r]), lat_deg=float(stations.lat_deg[r]),
            minutes=_OFFICE_MIN, visits=1, opens_min=0, closes_min=shift,
        )
        for r in rows if r != centre_row
    ]  # fmt: skip
    own = np.flatnonzero(np.isin(cells.station, rows))
    alerts = cells.alerts_per_year[own].sum(axis=1)
    for c in own[np.argsort(-alerts, kind="stable")][:_CELLS].tolist():
        areas.append(
            KeyArea(
                area_id=cells.cell_id[c],
                name=_("{township} cell {cell}").format(
                    township=cells.township[c], cell=cells.cell_id[c]
                ),
                lon_deg=float(cells.lon_deg[c]), lat_deg=float(cells.lat_deg[c]),
                minutes=_CELL_MIN, visits=_CELL_VISITS, opens_min=0, closes_min=shift,
            )
        )  # fmt: skip
    return tuple(areas)


def _read_areas(path: Path, crs: str, starts: int, shift: int) -> tuple[KeyArea, ...]:
    table = read_table(
        Source(layer="key_areas", path=path, shown=str(path), crs=crs, strict=True), KEY_AREAS
    )
    problems = [p for p in table.problems if p.severity == "error"]
    if problems:
        raise InputError(problems)
    areas = []
    for line in table.frame.to_dict("records"):
        window = _window(table, line, starts, shift, problems)
        today = line.get("minutes_today")
        areas.append(
            KeyArea(
                area_id=str(line["key_area_id"]), name=str(line["name"]),
                lon_deg=float(line["lon_deg"]), lat_deg=float(line["lat_deg"]),
                minutes=float(line["minutes"]), visits=int(line["visits"]),
                opens_min=window[0], closes_min=window[1],
                today_min=None if today is None or today != today else float(today),
            )
        )  # fmt: skip
    if problems:
        raise InputError(problems)
    return tuple(areas)


def _window(
    table: Table, line: dict[Any, Any], starts: int, shift: int, problems: list[Problem]
) -> tuple[int, int]:
    """The window of a key area in minutes from the start of the shift; problems are added."""
    text = line.get("window")
    row = int(line["row"])
    opens, closes = 0, shift
    if isinstance(text, str) and text.strip():
        span = _span(text)
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
            problems.append(
                table.problem(
                    "a window inside the shift; it reaches {n} minutes outside",
                    "change the window, or --shift",
                    row=row, column="window", value=text, n=min(closes - shift, span[1]),
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


def _time_problems(
    wishes: PatrolWishes, areas: tuple[KeyArea, ...], shift: int, reserve: float
) -> list[Problem]:
    problems = []
    wanted, have = sum(a.minutes for a in areas), wishes.vehicles * shift
    if wanted > have:
        problems.append(
            Problem(
                where="--vehicles",
                value=str(wishes.vehicles),
                expected="vehicle-minutes for the presence wanted, {wanted}; {n} are missing even "
                "without driving and alerts",
                fix="more vehicles (at least {least}), a longer shift or fewer minutes",
                params={
                    "wanted": f"{wanted:.0f}",
                    "n": f"{wanted - have:.0f}",
                    "least": int(-(-wanted // shift)),
                },
            )
        )
    if reserve >= shift:
        problems.append(
            Problem(
                where="--reserve" if wishes.reserve_min is not None else "--vehicles",
                value=f"{reserve:.0f}" if wishes.reserve_min is not None else str(wishes.vehicles),
                expected="time left beside alerts; they take {n} of {shift} minutes of each "
                "vehicle",
                fix="more vehicles, or say with --reserve how many minutes go to alerts",
                params={"n": f"{reserve:.0f}", "shift": shift},
            )
        )
    return problems


def _task(
    loaded: LoadedCase, centre: int, areas: tuple[KeyArea, ...], wishes: PatrolWishes, shift: int,
    reserve: float,
) -> tuple[tuple[int, ...], PatrolTask, Snapped]:  # fmt: skip
    """Visits, each with its own part of the window, and seconds by road between them.

    Alerts come at any time, so driving and staying are stretched alike by what they take.
    """
    pace = pace_of(shift, reserve)
    area_of, stay, opens, closes, names = [], [], [], [], []
    for row, area in enumerate(areas):
        part = (area.closes_min - area.opens_min) * 60 / area.visits
        for k in range(area.visits):
            area_of.append(row)
            names.append(area.name)
            opens.append(area.opens_min * 60 + int(k * part))
            closes.append(area.opens_min * 60 + int((k + 1) * part))
            stay.append(max(round(area.minutes * 60 * pace / area.visits), 1))
    stations = loaded.county.stations
    lon = [float(stations.lon_deg[centre]), *(areas[a].lon_deg for a in area_of)]
    lat = [float(stations.lat_deg[centre]), *(areas[a].lat_deg for a in area_of)]
    rules, at = loaded.policy.roads, loaded.router.snap(lon, lat)
    minutes = routing.with_walks(
        loaded.router, at, at, routing.reached(loaded.router, at, at),
        walk_km_per_h=rules.walk_km_per_h if rules.count_walk_in else None,
    ).travel_time_min  # fmt: skip
    # Rounded up: what the plan promises can be driven.
    seconds = np.where(np.isfinite(minutes), np.ceil(minutes * 60.0 * pace - 1e-6), NO_WAY)
    seconds = seconds.astype(np.int64)
    np.fill_diagonal(seconds, 0)
    task = PatrolTask(
        names=tuple(names),
        travel_s=seconds,
        stay_s=np.array(stay, np.int64),
        opens_s=np.array(opens, np.int64),
        closes_s=np.array(closes, np.int64),
        vehicles=wishes.vehicles,
        shift_s=shift * 60,
    )
    return tuple(area_of), task, at
