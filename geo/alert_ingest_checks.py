"""What a planner should know of a log before trusting what is made of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from geo.alert_ingest import FileFacts, Ingested
from geo.alert_ingest_rows import World
from geo.alert_table import PLACED, AlertTable
from geo.alerts import datum_shift_warning
from geo.crs import from_wgs84
from optimizer.alert_rules_ingest import Ingest
from optimizer.errors import Problem
from optimizer.frozen import FloatArray

# More than this share of a log at one place is hardly a place where things happen.
_ONE_PLACE_FRACTION = 1.0 / 3.0
_ENOUGH_ALERTS = 30
_SAMPLE = 100_000
_SEAT_M = 300.0
# More doubles than this are rather a log whose places are coarse.
_MANY_REPEATS_FRACTION = 0.1
_MOSTLY_FRACTION = 0.5
_SHOWN_CODES = 12
_ENOUGH_SWAPPED = 0.9


def is_of_no_use(found: Ingested, world: World) -> tuple[Problem, ...]:
    """Why none, or less than half, of a log can be used; nothing where more can be."""
    n, kept = found.rows_read, len(found.table)
    if kept > n * (1.0 - _MOSTLY_FRACTION):
        return ()
    where = ", ".join(f.shown for f in found.files)
    swapped = _swapped(found.files, world)
    if swapped:
        return swapped
    reasons = [r for r in found.aside.reasons if not is_double(r.reason.expected)]
    if kept and sum(r.count for r in reasons) <= n * _MOSTLY_FRACTION:
        return ()
    problems = [
        Problem(
            where=where,
            expected="a log of which most can be used: {kept} of {n} rows can",
            fix="correct what the lines below say, first of all the datum and the columns",
            params={"kept": f"{kept:,}", "n": f"{n:,}"},
        )
    ]
    for reason in reasons[:5]:
        first = reason.examples[0] if reason.examples else None
        problems.append(
            Problem(
                where=where if first is None else found.table.files[first.file],
                row=None if first is None else first.row,
                column=reason.column or None,
                value=None if first is None else first.value or None,
                expected=reason.reason.expected,
                fix=reason.reason.fix,
                params=reason.reason.params,
            )
        )
    return tuple(problems)


def warnings_of(
    found: Ingested,
    world: World,
    rules: Ingest,
    seats: Iterable[tuple[str, float, float]],
) -> tuple[Problem, ...]:
    """What is odd about a log that can be used.

    Args:
        found: The log as read.
        world: Where its alerts were placed.
        rules: How it was read.
        seats: Stations: name, longitude, latitude.
    """
    shown = ", ".join(found.table.files)
    said: list[Problem] = []
    said += _aside_warnings(found, shown)
    said += _time_warnings(found, shown, rules)
    said += _one_place(found.table, shown, world, seats)
    said += _codes(found, rules, shown)
    said += _doubles(found, rules, shown)
    said += _names(found.table, shown)
    said += _datum(found.files, world)
    return tuple(said)


def _warning(where: str, expected: str, fix: str = "", **params: object) -> Problem:
    column = params.pop("column", None)
    return Problem(
        where=where,
        column=None if column is None else str(column),
        expected=expected,
        fix=fix,
        params=params,
        severity="warning",
    )


def is_double(expected: str) -> bool:
    """Whether rows set aside for this reason only repeat another."""
    return expected.startswith(("one row for an alert", "each alert id once"))


def _swapped(files: Iterable[FileFacts], world: World) -> tuple[Problem, ...]:
    """Whether the points that lie outside lie inside with longitude and latitude exchanged."""
    for facts in files:
        lon, lat = facts.outside
        if len(lon) and (world.reach(lat, lon) >= 0).mean() >= _ENOUGH_SWAPPED:
            return (
                Problem(
                    where=facts.shown,
                    column="lon, lat",
                    value=f"{lon[0]:.6f}, {lat[0]:.6f}",
                    expected="longitude before latitude; latitude and longitude look swapped",
                    fix="swap the two columns, or their headers",
                ),
            )
    return ()


def _aside_warnings(found: Ingested, shown: str) -> list[Problem]:
    n = len(found.aside) - found.same_id - found.same_place
    if n <= 0:
        return []
    return [
        _warning(
            shown,
            "rows that can be used: {n} of {total} are set aside",
            "`jingli ingest CASE --out FOLDER` lists them with line and reason",
            n=f"{n:,}",
            total=f"{found.rows_read:,}",
        )
    ]


def _time_warnings(found: Ingested, shown: str, rules: Ingest) -> list[Problem]:
    said: list[Problem] = []
    for facts in found.files:
        if facts.epoch:
            said.append(
                _warning(
                    facts.shown,
                    "local times; {n} are seconds since 1970 and were read at UTC{offset}",
                    "set alert_rules.ingest.clock_offset_hours if the county's clock is another",
                    column="occurred_at",
                    n=f"{facts.epoch:,}",
                    offset=f"{rules.clock_offset_hours:+g}",
                )
            )
    months = missing_months(found.table)
    if months:
        said.append(
            _warning(
                shown,
                "a log without gaps: no alert at all in {n} months between its first and last",
                "add the alerts of {months}; rates and trends over a gap are too low",
                column="occurred_at",
                n=len(months),
                months=", ".join(months[:12]) + (", …" if len(months) > 12 else ""),
            )
        )
    return said


def missing_months(table: AlertTable) -> tuple[str, ...]:
    """Months between the first and the last alert without any, as 2026-03."""
    if not len(table):
        return ()
    month = table.occurred_at.astype("datetime64[M]").astype(np.int64)
    held = np.bincount(month - month[0], minlength=1)
    return tuple(str(np.datetime64(int(month[0] + m), "M")) for m in np.flatnonzero(held == 0))


def _one_place(
    table: AlertTable, shown: str, world: World, seats: Iterable[tuple[str, float, float]]
) -> list[Problem]:
    """Whether one place holds a third of all alerts, and whether a station stands there."""
    if int(np.count_nonzero(table.place)) < _ENOUGH_ALERTS:
        return []
    n, key = _commonest(table.place)
    share = n / len(table)
    if share < _ONE_PLACE_FRACTION:
        return []
    rows = np.flatnonzero(table.place == key)
    known = rows[np.isfinite(table.x_m[rows])]
    near = ""
    if known.size:
        x, y = float(np.median(table.x_m[known])), float(np.median(table.y_m[known]))
        near = _nearest_seat(x, y, world.crs, seats)
    params = {
        "share": f"{share:.0%}",
        "n": f"{n:,}",
        "cell": world.cell_id[int(table.cell[rows[0]])],
        "station": near,
    }
    expected = (
        "alerts at many places: {share} of them ({n}) are at one, in cell {cell}, where {station} "
        "stands"
        if near
        else "alerts at many places: {share} of them ({n}) are at one, in cell {cell}"
    )
    fix = "where calls were logged at the desk, leave their place empty and give the township"
    return [_warning(shown, expected, fix, **params)]


def _commonest(place: NDArray[np.uint64]) -> tuple[int, np.uint64]:
    """How many alerts the commonest place has, and its key; 0 is no place.

    Only a place that holds a third matters. Any such is among the three commonest of a sample: to
    sort all keys of 100 million alerts would take gigabytes.
    """
    some = place
    if len(place) > _SAMPLE:
        some = place[np.random.default_rng(0).integers(0, len(place), _SAMPLE)]
    keys, count = np.unique(some[some != 0], return_counts=True)
    if not keys.size:
        return 0, np.uint64(0)
    found = [
        (int(np.count_nonzero(place == key)), -int(key), key)
        for key in keys[np.argsort(-count, kind="stable")[:3]]
    ]
    n, _order, key = max(found)
    return n, np.uint64(key)


def _nearest_seat(
    x_m: float, y_m: float, crs: str, seats: Iterable[tuple[str, float, float]]
) -> str:
    best, name = _SEAT_M, ""
    for station, lon, lat in seats:
        sx, sy = from_wgs84(lon, lat, crs)
        gap = float(np.hypot(float(sx) - x_m, float(sy) - y_m))
        if gap <= best:
            best, name = gap, station
    return name


def _codes(found: Ingested, rules: Ingest, shown: str) -> list[Problem]:
    if not found.unknown:
        return []
    codes = [f"{code} ({n:,})" for code, n in list(found.unknown.items())[:_SHOWN_CODES]]
    if len(found.unknown) > _SHOWN_CODES:
        codes.append("…")
    done = {
        "other": "codes that the category mapping holds; these count as other: {codes}",
        "quarantine": "codes that the category mapping holds; these are set aside: {codes}",
        "keep": "codes that the category mapping holds; these are kept as they are: {codes}",
    }[rules.unknown_category]
    return [
        _warning(
            shown,
            done,
            "add them to the mapping, or say alert_rules.ingest.unknown_category",
            column="category",
            codes=", ".join(codes),
        )
    ]


def _doubles(found: Ingested, rules: Ingest, shown: str) -> list[Problem]:
    said: list[Problem] = []
    if found.same_id:
        said.append(
            _warning(
                shown,
                "each alert id once; {n} rows repeat one and are left out",
                column="alert_id",
                n=f"{found.same_id:,}",
            )
        )
    total = len(found.table) + found.same_place
    if found.same_place:
        many = found.same_place > _MANY_REPEATS_FRACTION * total
        said.append(
            _warning(
                shown,
                "one row for an alert; {n} of {total} repeat one of their category and place "
                "within {minutes} minutes and are left out",
                "so many? where places are no finer than villages, write alert_rules.ingest."
                "duplicate_min: 0"
                if many
                else "alert_rules.ingest.duplicate_min sets the minutes; 0 counts every row",
                n=f"{found.same_place:,}",
                total=f"{total:,}",
                minutes=f"{rules.duplicate_min:g}",
            )
        )
    return said


def placed_shares(table: AlertTable) -> dict[str, float]:
    """Share of the alerts that each way of placing gave a cell."""
    if not len(table):
        return dict.fromkeys(PLACED, 0.0)
    count = np.bincount(table.placed, minlength=len(PLACED)) / len(table)
    return dict(zip(PLACED, count.tolist(), strict=True))


def _names(table: AlertTable, shown: str) -> list[Problem]:
    share = placed_shares(table)
    said = []
    if share["place_name"]:
        said.append(
            _warning(
                shown,
                "a place for every alert; {share} have none and are placed by a name in it",
                share=f"{share['place_name']:.1%}",
            )
        )
    if share["township"]:
        said.append(
            _warning(
                shown,
                "a place for every alert; {share} name no more than a township or station and are "
                "spread over its cells as its other alerts lie (modelled)",
                share=f"{share['township']:.1%}",
            )
        )
    return said


def _datum(files: Iterable[FileFacts], world: World) -> list[Problem]:
    if world.geometry is None:
        return []
    said = []
    for facts in files:
        if not facts.outside.size:
            continue
        points: FloatArray = facts.inside
        warning = datum_shift_warning(
            points[0], points[1], world.geometry, shown=facts.shown, declared=facts.crs
        )
        if warning is not None:
            said.append(warning)
    return said
