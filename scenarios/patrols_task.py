"""A patrol shift of a unit: key areas, windows, time left free for alerts, and the task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo import routing
from geo.snapping import Snapped
from optimizer.alert_rules_visibility import clock_span
from optimizer.errors import InputError, Problem, Translate
from optimizer.patrol_plan import NO_WAY, PatrolTask
from optimizer.workload import demand_of
from scenarios.key_areas import KeyArea, KeyAreasRead, hours_in_shift, key_areas_of
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer
from scenarios.opened import Opened

_OFFICE_MIN, _CELL_MIN, _CELL_VISITS, _CELLS = 10.0, 20.0, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolWishes:
    """What a planner asks.

    Attributes:
        centre: Station or centre by id or name.
        vehicles: Vehicles on patrol.
        shift: From-to by the clock, such as `20:00-04:00`.
        key_areas: File of key areas; None = the layer of the case, else police offices and
            densest cells.
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
        areas_from: File of the key areas; empty where nobody named them.
        elsewhere: Key areas of the file on the ground of other units.
        off_ground: Key areas of the file on no station's ground.
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
    areas_from: str = ""
    elsewhere: int = 0
    off_ground: int = 0

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
        return not self.areas_from


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
    span = clock_span(wishes.shift)
    if span is None:
        problems.append(bad_span("--shift", wishes.shift))
    found = gazetteer(county).stations.find(wishes.centre)
    if isinstance(found, Wrong):
        problems.append(found.problem("--centre", wishes.centre))
    if span is None or isinstance(found, Wrong):
        raise InputError(problems)
    centre = opened.plan.centre_of()[found]
    (bundle,) = (b for b in opened.plan.bundles if b.centre_id == centre)
    row = county.stations.station_id.index(centre)
    starts, shift = span
    read = key_areas_of(opened.loaded, wishes.key_areas, wishes.crs, starts, shift)
    if read is None:
        areas = _modelled_areas(opened.loaded, bundle.station_ids, row, shift, _)
    else:
        own = {county.stations.station_id.index(s) for s in bundle.station_ids}
        areas = tuple(a for a in read.areas if a.station_row in own)
    if not areas:
        raise InputError([_no_areas(read, county.stations.name[row])])
    off_ground = 0 if read is None else sum(a.station_row < 0 for a in read.areas)
    alert_min = expected_alert_min(opened.loaded, bundle.station_ids, row, starts, shift)
    reserve = alert_min / wishes.vehicles if wishes.reserve_min is None else wishes.reserve_min
    problems += _time_problems(wishes, areas, shift, reserve)
    if problems:
        raise InputError(problems)
    area_of, task, places = task_of(opened.loaded, row, areas, wishes.vehicles, shift, reserve)
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
        areas_from="" if read is None else read.origin,
        elsewhere=0 if read is None else len(read.areas) - len(areas) - off_ground,
        off_ground=off_ground,
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
    return float(per_hour @ hours_in_shift(county, starts, shift))


def bad_span(where: str, value: str) -> Problem:
    """What is no span of time."""
    return Problem(
        where=where,
        value=value,
        expected="from and to by the clock",
        fix="write it like 20:00-04:00",
    )


def _no_areas(read: KeyAreasRead | None, centre: str) -> Problem:
    return Problem(
        where="--key-areas" if read is None else read.origin,
        value=None if read is None else str(len(read.areas)),
        expected="at least one key area on the ground of {centre} and its police offices",
        fix="list places to patrol there, or name another centre",
        params={"centre": centre},
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
            modelled=True, station_row=r,
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
                modelled=True, station_row=int(cells.station[c]),
            )
        )  # fmt: skip
    return tuple(areas)


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


def task_of(
    loaded: LoadedCase, centre: int, areas: tuple[KeyArea, ...], vehicles: int, shift: int,
    reserve: float,
) -> tuple[tuple[int, ...], PatrolTask, Snapped]:  # fmt: skip
    """Visits, each with its own part of the window, and seconds by road between them.

    Between two visits of one place nobody stays there: who goes nowhere else drives by the
    centre. Else two visits would be one long stay, as waiting is free.

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
    again = np.equal.outer([-1, *area_of], [-1, *area_of])
    by_centre = seconds[:, :1] + seconds[:1, :]
    by_centre[(seconds[:, :1] == NO_WAY) | (seconds[:1, :] == NO_WAY)] = NO_WAY
    seconds = np.where(again, by_centre, seconds)
    np.fill_diagonal(seconds, 0)
    task = PatrolTask(
        names=tuple(names),
        travel_s=seconds,
        stay_s=np.array(stay, np.int64),
        opens_s=np.array(opens, np.int64),
        closes_s=np.array(closes, np.int64),
        vehicles=vehicles,
        shift_s=shift * 60,
        place_of=tuple(area_of),
    )
    return tuple(area_of), task, at
