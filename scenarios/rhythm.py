"""The rhythm of alerts: a day, a week or a month against its like and against expectation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from geo.alert_table import AlertTable
from geo.repeats import RepeatPlaces, repeat_places
from optimizer.alert_rules_repeats import GRADES
from optimizer.alert_rules_rhythm import AlertRhythm, Period
from optimizer.county import County, Provenance
from optimizer.errors import Problem
from optimizer.expectation import Expectation, expectation, flagged
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.alert_rules import AlertRules
from scenarios.calendar import day_kinds
from scenarios.repeats import at_seats
from scenarios.rhythm_trace import day_key, joined_key, part_key
from scenarios.rhythm_windows import LogDays, Window, Windows, check_window, log_days, windows_of

Section = Literal["county", "category", "township", "station", "station_category"]
SECTIONS: tuple[Section, ...] = ("county", "category", "township", "station", "station_category")
LEAST_HISTORY_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a briefing.

    Attributes:
        section: What it counts.
        township: Its township, else empty.
        station_id: Its station, else empty.
        category: Its category, else empty.
        name: For people.
        alerts: In the period.
        before: In the period before; None where the log does not cover it.
        last_year: In the period a year earlier; likewise.
        expected_alerts, lower, upper: What was to be expected, with its interval; None without
            history.
        chance_fraction: Chance of a count at least as far from it; None likewise.
        flag: `up` or `down` outside the interval where the table's false-discovery rate holds, else
            empty.
        key, before_key, last_year_key: For `--trace`.
    """

    section: Section
    township: str
    station_id: str
    category: str
    name: str
    alerts: int
    before: int | None
    last_year: int | None
    expected_alerts: float | None
    lower: int | None
    upper: int | None
    chance_fraction: float | None
    flag: Literal["", "up", "down"]
    key: str
    before_key: str
    last_year_key: str

    @property
    def ratio(self) -> float | None:
        """Alerts over expected alerts."""
        return None if not self.expected_alerts else self.alerts / self.expected_alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPlace:
    """A place with many alerts in the period.

    Attributes:
        place: Its key, 16 hexadecimal digits.
        grade: red, yellow, blue; empty where it is no place of repeat alerts.
        alerts: In the period.
        lookback_alerts: In the look-back of the rules of repeat alerts.
        cell_id, township, station_id: Where it is.
        at_seat: So near to a station's seat that people may report there in person.
        key, lookback_key: For `--trace`.
    """

    place: str
    grade: str
    alerts: int
    lookback_alerts: int
    cell_id: str
    township: str
    station_id: str
    at_seat: bool
    key: str
    lookback_key: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Briefing:
    """What a period brought.

    Attributes:
        county_name: The county.
        windows: The period and those it is set against.
        covers_before, covers_last_year: Whether the log holds them whole.
        lines: By section in the order of `SECTIONS`.
        spread: Expectation of all groups; None where the history is too short.
        special_days: Public holidays and moved working days in the period, by the calendar of
            `alert_rules.forecast`.
        unannounced: Nobody knows yet which working days its year moves.
        places: Busiest first.
        repeats: Places of repeat alerts as of the last day.
        rules: What was asked.
        log_first, log_last: Days of the log.
        full_day: Its last day that is over.
        problems: Warnings.
        provenance: Of the county and of its log.
    """

    county_name: str
    windows: Windows
    covers_before: bool
    covers_last_year: bool
    lines: tuple[Line, ...]
    spread: Expectation | None
    special_days: int
    unannounced: bool
    places: tuple[TopPlace, ...]
    repeats: RepeatPlaces
    rules: AlertRules
    log_first: date
    log_last: date
    full_day: date
    problems: tuple[Problem, ...]
    provenance: tuple[Provenance, ...]

    def section(self, section: Section) -> tuple[Line, ...]:
        """Lines of one section."""
        return tuple(line for line in self.lines if line.section == section)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """G groups: what each counts, and the groups of every alert."""

    section: tuple[Section, ...]
    township: tuple[str, ...]
    station: tuple[str, ...]
    category: tuple[str, ...]
    first_of: Mapping[Section, int]


def briefing(
    county: County,
    table: AlertTable,
    rules: AlertRules,
    period: Period,
    as_of: date | None = None,
    problems: tuple[Problem, ...] = (),
    provenance: tuple[Provenance, ...] = (),
) -> Briefing:
    """What a period brought, against the one before, a year earlier, and expectation.

    Args:
        county: Its cells, townships and stations.
        table: Its alerts.
        rules: Of repeats and rhythm.
        period: Day, week or month.
        as_of: Its last day; None for the last day that is over in the log.
        problems: Warnings of the reading, passed on.
        provenance: Of the log, beside that of the county.

    Raises:
        InputError: no alerts, a day outside the log, or a period of which nothing is in it.
    """
    log = log_days(table)
    windows = windows_of(period, as_of or log.full_day)
    warnings = check_window(windows.now, log, "、".join(table.files))
    groups = _groups(county, table)
    counts = _Counts(county, table, log, groups)
    every = np.arange(np.datetime64(log.first), np.datetime64(windows.now.last) + 1)
    kind, unannounced = day_kinds(every, rules.forecast.calendar)
    spread = _spread(counts, log, windows.now, rules.rhythm, kind)
    repeats = repeat_places(table, np.datetime64(windows.now.last), rules.repeats)
    return Briefing(
        county_name=county.name,
        windows=windows,
        covers_before=log.covers(windows.before),
        covers_last_year=log.covers(windows.last_year),
        lines=_lines(county, groups, counts, windows, log, spread, rules.rhythm),
        spread=spread,
        special_days=int((kind[-windows.now.days :] > 0).sum()),
        unannounced=windows.now.last.year in unannounced,
        places=top_places(county, repeats, windows.now, rules),
        repeats=repeats,
        rules=rules,
        log_first=log.first,
        log_last=log.last,
        full_day=log.full_day,
        problems=(*problems, *warnings),
        provenance=(*county.provenance, *provenance),
    )


# --- groups and counts ----------------------------------------------------------------------


def _groups(county: County, table: AlertTable) -> _Groups:
    townships, stations = sorted(set(county.cells.township)), county.stations.station_id
    made: list[tuple[Section, str, str, str]] = [("county", "", "", "")]
    first_of: dict[Section, int] = {"county": 0}
    parts: tuple[tuple[Section, list[tuple[str, str, str]]], ...] = (
        ("category", [("", "", c) for c in table.categories]),
        ("township", [(t, "", "") for t in townships]),
        ("station", [("", s, "") for s in stations]),
        ("station_category", [("", s, c) for s in stations for c in table.categories]),
    )
    for section, own in parts:
        first_of[section] = len(made)
        made += [(section, *one) for one in own]
    section_of, township, station, category = zip(*made, strict=True)
    return _Groups(
        section=section_of,
        township=township,
        station=station,
        category=category,
        first_of=first_of,
    )


class _Counts:
    """Alerts by group over any days of the log."""

    def __init__(self, county: County, table: AlertTable, log: LogDays, groups: _Groups) -> None:
        names = sorted(set(county.cells.township))
        row = {name: i for i, name in enumerate(names)}
        self._township_of_cell = np.array([row[t] for t in county.cells.township], np.int64)
        self._station_of_cell = county.cells.station
        self._table = table
        self._log = log
        self._groups = groups

    def by_day(self, first: date, days: int) -> IntArray:
        """Alerts of each group on each of `days` days, shape (G, days)."""
        first_ = np.datetime64(first)
        part = self._table.between(first_, first_ + np.timedelta64(days, "D"))
        day = (part.occurred_at.astype("datetime64[D]") - first_).astype(np.int64)
        category = part.category.astype(np.int64)
        station = self._station_of_cell[part.cell]
        k = len(self._table.categories)
        at = self._groups.first_of
        found = np.zeros((len(self._groups.section), days), np.int64)
        for group in (
            np.zeros(len(part), np.int64),
            at["category"] + category,
            at["township"] + self._township_of_cell[part.cell],
            at["station"] + station,
            at["station_category"] + station * k + category,
        ):
            found += np.bincount(group * days + day, minlength=found.size).reshape(found.shape)
        return found

    def in_window(self, window: Window) -> IntArray | None:
        """Alerts of each group in a window; None where the log does not cover it."""
        if not self._log.covers(window):
            return None
        return self.all_in(window)

    def all_in(self, window: Window) -> IntArray:
        """Alerts of each group in a window, whatever the log covers."""
        found: IntArray = self.by_day(window.first, window.days).sum(axis=1)
        return found


def _spread(
    counts: _Counts, log: LogDays, now: Window, rules: AlertRhythm, kind: IntArray
) -> Expectation | None:
    """Expectation of every group; None where too few days lie before the period.

    Args:
        counts: Alerts by group and day.
        log: Days of the log.
        now: The period.
        rules: How far back.
        kind: What day each is, from the first of the log to the last of the period.
    """
    first = max(log.first, now.first - timedelta(days=rules.history_days))
    start = (now.first - first).days
    at = (first - log.first).days
    known = np.zeros(max(start, 0) + now.days, np.bool_)
    there = log.known[at : at + len(known)]
    known[: len(there)] = there
    if start <= 0 or int(known[:start].sum()) < LEAST_HISTORY_DAYS:
        return None
    return expectation(
        counts.by_day(first, start),
        np.datetime64(first),
        start,
        now.days,
        known,
        level_days=rules.level_days,
        interval_fraction=rules.interval_fraction,
        kind=kind[-len(known) :],
    )


# --- lines ----------------------------------------------------------------------------------


def _lines(
    county: County,
    groups: _Groups,
    counts: _Counts,
    windows: Windows,
    log: LogDays,
    spread: Expectation | None,
    rules: AlertRhythm,
) -> tuple[Line, ...]:
    now = counts.all_in(windows.now)
    before, last_year = counts.in_window(windows.before), counts.in_window(windows.last_year)
    chance = None if spread is None else spread.chance_fraction(now)
    up_down = _flags(groups, now, spread, chance, rules.false_discovery_fraction)
    names = dict(zip(county.stations.station_id, county.stations.name, strict=True))

    def key(window: Window, g: int) -> str:
        return joined_key(
            day_key(window.first, window.last),
            part_key("township", groups.township[g]) if groups.township[g] else "",
            part_key("station", groups.station[g]) if groups.station[g] else "",
            part_key("category", groups.category[g]) if groups.category[g] else "",
        )

    return tuple(
        Line(
            section=section,
            township=groups.township[g],
            station_id=groups.station[g],
            category=groups.category[g],
            name=_name(groups, g, names, county.name),
            alerts=int(now[g]),
            before=None if before is None else int(before[g]),
            last_year=None if last_year is None else int(last_year[g]),
            expected_alerts=None if spread is None else float(spread.mean[g]),
            lower=None if spread is None else int(spread.lower[g]),
            upper=None if spread is None else int(spread.upper[g]),
            chance_fraction=None if chance is None else float(chance[g]),
            flag=up_down[g],
            key=key(windows.now, g),
            before_key=key(windows.before, g) if before is not None else "",
            last_year_key=key(windows.last_year, g) if last_year is not None else "",
        )
        for g, section in enumerate(groups.section)
    )


def _name(groups: _Groups, g: int, names: Mapping[str, str], county: str) -> str:
    station = names.get(groups.station[g], "")
    parts = [p for p in (groups.township[g], station, groups.category[g]) if p]
    return " · ".join(parts) or county


def _flags(
    groups: _Groups,
    now: IntArray,
    spread: Expectation | None,
    chance: FloatArray | None,
    rate: float,
) -> list[Literal["", "up", "down"]]:
    """Rows outside their intervals, each table at its own false-discovery rate."""
    found: list[Literal["", "up", "down"]] = [""] * len(now)
    if spread is None or chance is None:
        return found
    sections = np.array(groups.section)
    for section in SECTIONS:
        rows = np.flatnonzero(sections == section)
        outside = (now[rows] < spread.lower[rows]) | (now[rows] > spread.upper[rows])
        beyond: BoolArray = flagged(chance[rows], rate) & outside
        for g in rows[beyond].tolist():
            found[g] = "up" if now[g] > spread.mean[g] else "down"
    return found


# --- places ---------------------------------------------------------------------------------


def top_places(
    county: County, repeats: RepeatPlaces, now: Window, rules: AlertRules
) -> tuple[TopPlace, ...]:
    """The places with most alerts in the period, at least two; of equals the more alerts before.

    Args:
        county: Names.
        repeats: As of the period's last day; its look-back bounds what is counted.
        now: The period.
        rules: How many, and how near to a seat is at it.
    """
    window = repeats.lookback
    in_period = (window.occurred_at >= np.datetime64(now.first)) & (repeats.group >= 0)
    groups, alerts = np.unique(repeats.group[in_period], return_counts=True)
    back = np.bincount(repeats.group[repeats.group >= 0], minlength=max(len(window), 1))
    kept = alerts >= 2
    groups, alerts = groups[kept], alerts[kept]
    order = np.lexsort((repeats.member_keys[groups], -back[groups], -alerts))
    grade: dict[int, int] = {}
    for leader, rank in zip(repeats.leader.tolist(), repeats.grade.tolist(), strict=True):
        grade[leader] = min(rank, grade.get(leader, rank))
    near = at_seats(county, repeats.lookback.crs, rules.repeats.seat_m,
                    repeats.point_x_m[groups], repeats.point_y_m[groups])  # fmt: skip
    found = []
    for i in order[: rules.rhythm.top_places].tolist():
        leader = int(groups[i])
        rows = np.flatnonzero(repeats.group == leader)
        cell = int(window.cell[rows[-1]])
        key = f"{int(repeats.member_keys[leader]):016x}"
        own = joined_key(part_key("repeat", key), part_key("asof", f"{now.last:%Y%m%d}"))
        found.append(
            TopPlace(
                place=key,
                grade=GRADES[grade[leader]] if leader in grade else "",
                alerts=int(alerts[i]),
                lookback_alerts=int(back[leader]),
                cell_id=county.cells.cell_id[cell],
                township=county.cells.township[cell],
                station_id=county.stations.station_id[int(county.cells.station[cell])],
                at_seat=bool(near[i]),
                key=joined_key(day_key(now.first, now.last), own),
                lookback_key=own,
            )
        )
    return tuple(found)


def change_fraction(alerts: int, days: int, other: int | None, other_days: int) -> float | None:
    """Alerts a day against another period's; None where there is none or it had no alerts."""
    if not other:
        return None
    return (alerts / days) / (other / other_days) - 1.0
