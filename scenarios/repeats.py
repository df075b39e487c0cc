"""Repeat alerts of a case, with the names of places, stations and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from geo.alert_table import AlertTable
from geo.crs import from_wgs84, to_wgs84
from geo.repeats import RepeatPlaces, repeat_places
from optimizer.alert_rules_repeats import GRADES, Repeats
from optimizer.county import County, Provenance
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray
from scenarios.names import Wrong, gazetteer
from scenarios.rhythm_trace import joined_key, part_key, time_key
from scenarios.rhythm_windows import Window, check_window, log_days


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRow:
    """One place of repeat alerts.

    Attributes:
        place: Its key, 16 hexadecimal digits: a salted hash, not the address.
        kind: What is counted together; `all` where the rules name no kinds.
        grade: red, yellow or blue.
        alerts, weight: In the window that counts, and the same by severity.
        first, last: Its first and last alert.
        lookback_alerts: Alerts of the kind in the look-back.
        quiet_days: Days since the last of them.
        keys: Addresses and points joined into the place.
        cell_id, township, station_id, station_name: Where it is.
        at_seat: So near to a station's seat that people may report there in person.
        categories: Alerts in the window by category, most first.
        lon_deg, lat_deg: Its busiest point in WGS84; NaN where none is known.
        key, lookback_key: For `--trace`: the rows of the window and of the look-back.
    """

    place: str
    kind: str
    grade: str
    alerts: int
    weight: float
    first: datetime
    last: datetime
    lookback_alerts: int
    quiet_days: int
    keys: int
    cell_id: str
    township: str
    station_id: str
    station_name: str
    at_seat: bool
    categories: tuple[tuple[str, int], ...]
    lon_deg: float
    lat_deg: float
    key: str
    lookback_key: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepeatStudy:
    """The places of repeat alerts of a county.

    Attributes:
        county_name: The county.
        as_of: Last day that counts.
        rules: By which they were found.
        found: The places as arrays.
        rows: Most urgent first.
        lookback_alerts: Alerts in the look-back, all kinds.
        without_place: Those with no place finer than their cell: no repeat can be seen there.
        problems: Warnings.
        provenance: Of the county and of its log.
    """

    county_name: str
    as_of: date
    rules: Repeats
    found: RepeatPlaces
    rows: tuple[RepeatRow, ...]
    lookback_alerts: int
    without_place: int
    problems: tuple[Problem, ...]
    provenance: tuple[Provenance, ...]

    def graded(self, grade: str) -> int:
        """How many places have a grade."""
        return sum(row.grade == grade for row in self.rows)


def study_repeats(
    county: County,
    table: AlertTable,
    rules: Repeats,
    as_of: date | None = None,
    problems: tuple[Problem, ...] = (),
    provenance: tuple[Provenance, ...] = (),
) -> RepeatStudy:
    """The places of repeat alerts as of a day.

    Args:
        county: Its names.
        table: Its alerts.
        rules: See `geo.repeats`.
        as_of: Last day that counts; None for the last that is over in the log.
        problems: Warnings of the reading, passed on.
        provenance: Of the log, beside that of the county.

    Raises:
        InputError: no alerts, a day outside the log, or a category that the log does not have.
    """
    log = log_days(table)
    day = as_of or log.full_day
    check_window(Window(first=log.first, last=day), log, "、".join(table.files))
    _check_kinds(rules, table)
    found = repeat_places(table, np.datetime64(day), rules)
    return RepeatStudy(
        county_name=county.name,
        as_of=day,
        rules=rules,
        found=found,
        rows=repeat_rows(county, found, rules, day),
        lookback_alerts=len(found.lookback),
        without_place=found.without_place,
        problems=problems,
        provenance=(*county.provenance, *provenance),
    )


def _check_kinds(rules: Repeats, table: AlertTable) -> None:
    named = {c for own in rules.kinds.values() for c in own} | set(rules.category_weights)
    unknown = sorted(named - set(table.categories))
    if unknown:
        raise InputError(
            [
                Problem(
                    where="alert_rules.repeats",
                    value=", ".join(unknown),
                    expected="categories of the log: {known}",
                    fix="correct kinds and category_weights, or --category",
                    params={"known": ", ".join(table.categories)},
                )
            ]
        )


def at_seats(
    county: County, crs: str, seat_m: float, x_m: FloatArray, y_m: FloatArray
) -> BoolArray:
    """Which places lie within `seat_m` of a station's seat, shape as given."""
    x, y = from_wgs84(county.stations.lon_deg, county.stations.lat_deg, crs)
    gap_m = np.hypot(x_m[:, None] - x[None, :], y_m[:, None] - y[None, :])
    return np.asarray((gap_m <= seat_m).any(axis=1))  # NaN is near to nothing


def repeat_rows(
    county: County, found: RepeatPlaces, rules: Repeats, as_of: date
) -> tuple[RepeatRow, ...]:
    """The places with their names, in their order."""
    near = at_seats(county, found.lookback.crs, rules.seat_m, found.x_m, found.y_m)
    lon, lat = np.full(len(found), np.nan), np.full(len(found), np.nan)
    known = np.isfinite(found.x_m)
    lon[known], lat[known] = to_wgs84(found.x_m[known], found.y_m[known], found.lookback.crs)
    return tuple(
        _row(county, found, rules, as_of, i, bool(near[i]), float(lon[i]), float(lat[i]))
        for i in range(len(found))
    )


def _row(
    county: County,
    found: RepeatPlaces,
    rules: Repeats,
    as_of: date,
    i: int,
    at_seat: bool,
    lon_deg: float,
    lat_deg: float,
) -> RepeatRow:
    cell = int(found.cell[i])
    station = int(county.cells.station[cell])
    kind = found.kinds[int(found.kind[i])]
    place = f"{int(found.key[i]):016x}"
    own = [
        part_key("repeat", place),
        part_key("asof", f"{as_of:%Y%m%d}"),
        part_key("category", *rules.kinds[kind]) if kind in rules.kinds else "",
    ]
    counted = zip(found.categories, found.categories_in_window[i].tolist(), strict=True)
    return RepeatRow(
        place=place,
        kind=kind,
        grade=GRADES[int(found.grade[i])],
        alerts=int(found.alerts[i]),
        weight=float(found.weight[i]),
        first=_datetime(found.first[i]),
        last=_datetime(found.last[i]),
        lookback_alerts=int(found.lookback_alerts[i]),
        quiet_days=int(found.quiet_days[i]),
        keys=int(found.keys[i]),
        cell_id=county.cells.cell_id[cell],
        township=county.cells.township[cell],
        station_id=county.stations.station_id[station],
        station_name=county.stations.name[station],
        at_seat=at_seat,
        categories=tuple(sorted(((c, n) for c, n in counted if n), key=lambda p: (-p[1], p[0]))),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        key=joined_key(time_key(found.first[i], found.last[i]), *own),
        lookback_key=joined_key(*own),
    )


def _datetime(moment: np.datetime64) -> datetime:
    return datetime.fromisoformat(str(moment))


def asked_rules(
    rules: Repeats,
    *,
    categories: Sequence[str] = (),
    alerts: int | None = None,
    days: int | None = None,
    radius_m: float | None = None,
) -> Repeats:
    """The case's rules with what was typed beside them; a longer window looks further back."""
    changes: dict[str, Any] = {
        "kinds": {"+".join(categories): tuple(categories)} if categories else None,
        "alerts": alerts,
        "days": days,
        "lookback_days": None if days is None else max(days, rules.lookback_days),
        "radius_m": radius_m,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    return Repeats.model_validate(rules.model_dump() | given)


def chosen_rows(
    study: RepeatStudy, county: County, grades: Sequence[str], station: str | None
) -> tuple[RepeatRow, ...]:
    """The places of these grades (none: all) and of a station.

    Args:
        study: The study.
        county: Its names.
        grades: Of `GRADES`.
        station: Id or name; None for all.

    Raises:
        InputError: no such station.
    """
    wanted = None
    if station is not None:
        found = gazetteer(county).stations.find(station)
        if isinstance(found, Wrong):
            raise InputError([found.problem("--station", station)])
        wanted = found
    return tuple(
        row
        for row in study.rows
        if (not grades or row.grade in grades) and wanted in (None, row.station_id)
    )
