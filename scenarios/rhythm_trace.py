"""Back from a number to its rows: keys that name the alerts counted, and the lines they stand on.

A key is parts joined by `/`, each of which narrows what is meant, in any order:

    20260301-20260307             days, both included; with T and hhmmss to the second
    category=dispute,family       categories
    township=沙河镇, station=03, cell=v112
    place=9f31…                   one address or point (salted key)
    repeat=9f31…  asof=20260331   a place of repeat alerts with all points that belong to it
    g250:12:-3,g250:13:-3         squares of a density or hot-spot map
    hours=20-02, weekday=5,6, month=7   as `jingli density` takes them; Monday is 1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, unquote

import numpy as np

from geo.alert_selection import Selection, chosen
from geo.alert_table import PLACED, AlertTable
from geo.repeats import repeat_places
from optimizer.alert_rules_repeats import Repeats
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray
from scenarios.names import Wrong, gazetteer

_TIME = r"(\d{8})(?:T(\d{6}))?"
_SPAN = re.compile(rf"{_TIME}-{_TIME}")
_SQUARE = re.compile(r"g(\d+(?:\.\d+)?):(-?\d+):(-?\d+)")
_HEX = re.compile(r"[0-9a-f]{1,16}")
# What would end a part, or a word of the shell.
_UNSAFE = re.compile(r"[^\w.:+\-]")
_FORM = "parts such as 20260301-20260307, category=…, township=…, joined by /"
_FIX = "copy a key from --json or from a table written with --out"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRow:
    """One row behind a number: where it stands, when it was, nothing of who."""

    file: str
    row: int
    occurred_at: str
    category: str
    priority: int
    cell_id: str
    township: str
    placed: str


def day_key(first: date, last: date) -> str:
    """The part of a key that means these days."""
    return f"{first:%Y%m%d}-{last:%Y%m%d}"


def time_key(first: np.datetime64, last: np.datetime64) -> str:
    """The part of a key that means the alerts from one moment to another, both included."""
    return "-".join(str(t.astype("datetime64[s]")).replace("-", "").replace(":", "")
                    for t in (first, last))  # fmt: skip


def part_key(name: str, *values: str) -> str:
    """The part of a key that means any of these values."""
    safe = (_UNSAFE.sub(lambda m: quote(m.group(), safe=""), value) for value in values)
    return f"{name}={','.join(safe)}"


def joined_key(*parts: str) -> str:
    """A key of parts; empty ones mean nothing."""
    return "/".join(p for p in parts if p)


def traced(key: str, table: AlertTable, county: County, rules: Repeats) -> AlertTable:
    """The alerts that a key means.

    Args:
        key: See the module.
        table: The alerts of the case.
        county: Its names.
        rules: Of repeat alerts, by which points belong to a place.

    Raises:
        InputError: every part that means nothing.
    """
    parts = [p for p in key.strip().split("/") if p]
    hours = next((p.removeprefix("hours=") for p in parts if p.startswith("hours=")), "")
    read = _Reader(table=table, county=county, problems=[], night=_hours(hours))
    kept = np.ones(len(table), np.bool_)
    values: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if equals and name in _READERS:
            kept &= _READERS[name](read, value)
        elif equals and name in (*_REPEAT, *_TIME_PARTS):
            values[name] = value
        else:
            kept &= read.days_or_square(part)
    if values.keys() & set(_TIME_PARTS):
        kept &= read.part_of_time(values)
    if values.keys() & set(_REPEAT):
        kept &= read.repeat(values, rules)
    if not parts:
        read.wrong(key, _FORM)
    if read.problems:
        raise InputError(read.problems)
    return table.only(kept)


def traced_rows(table: AlertTable, county: County) -> tuple[TracedRow, ...]:
    """Where alerts stand, by file and row."""
    order = np.lexsort((table.row, table.file))
    cells = county.cells
    return tuple(
        TracedRow(
            file=table.files[int(table.file[i])],
            row=int(table.row[i]),
            occurred_at=str(table.occurred_at[i]).replace("T", " "),
            category=table.categories[int(table.category[i])],
            priority=int(table.priority[i]),
            cell_id=cells.cell_id[int(table.cell[i])],
            township=cells.township[int(table.cell[i])],
            placed=PLACED[int(table.placed[i])],
        )
        for i in order.tolist()
    )


def row_spans(rows: tuple[TracedRow, ...]) -> tuple[tuple[str, str], ...]:
    """For each file its rows as text, such as `12, 45–47`."""
    by_file: dict[str, list[int]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row.row)
    return tuple((file, _spans(sorted(own))) for file, own in by_file.items())


def _spans(rows: list[int]) -> str:
    found: list[list[int]] = []
    for row in rows:
        if found and row <= found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reader:
    table: AlertTable
    county: County
    problems: list[Problem]
    # Hours of the key: those after midnight belong to the day and month of the night before.
    night: tuple[int, int] | None

    def wrong(self, value: str, expected: str, fix: str = _FIX, **params: object) -> BoolArray:
        self.problems.append(
            Problem(where="--trace", value=value, expected=expected, fix=fix, params=params)
        )
        return np.zeros(len(self.table), np.bool_)

    def named(self, name: str | Wrong, typed: str) -> str:
        if isinstance(name, Wrong):
            self.problems.append(name.problem("--trace", typed))
            return ""
        return name

    def days_or_square(self, part: str) -> BoolArray:
        span = _SPAN.fullmatch(part)
        squares = [_SQUARE.fullmatch(one) for one in part.split(",")]
        if None not in squares:
            return self.squares([m.groups() for m in squares if m is not None])
        if span is None:
            return self.wrong(part, _FORM)
        try:
            low, high = _moment(span[1], span[2]), _moment(span[3], span[4])
        except ValueError:
            return self.wrong(part, _FORM)
        high += np.timedelta64(1, "s") if span[4] else np.timedelta64(1, "D")
        times = self.table.occurred_at
        if len(times) and (high <= times[0] or low > times[-1]):
            first, last = times[[0, -1]].astype("datetime64[D]").astype(str).tolist()
            return self.wrong(
                part, "days of the log, which covers {first} to {last}",
                "name days within it", first=first, last=last,
            )  # fmt: skip
        return (times >= low) & (times < high)

    def squares(self, squares: list[tuple[str, ...]]) -> BoolArray:
        kept = np.zeros(len(self.table), np.bool_)
        there = np.isfinite(self.table.x_m)
        for step in {step for step, _x, _y in squares}:
            side = float(step)
            east, north = (
                np.floor(np.where(there, v, 0.0).astype(float) / side).astype(np.int64)
                for v in (self.table.x_m, self.table.y_m)
            )
            asked = [(int(x), int(y)) for of, x, y in squares if of == step]
            # One number for a square: a county is far less than 2**31 squares wide.
            kept |= np.isin(east * 2**32 + north, [x * 2**32 + y for x, y in asked])
        return kept & there

    def categories(self, value: str) -> BoolArray:
        wanted = [unquote(one) for one in value.split(",")]
        unknown = [w for w in wanted if w not in self.table.categories]
        if unknown:
            known = ", ".join(self.table.categories)
            return self.wrong(", ".join(unknown), "categories of the log: {known}", known=known)
        return chosen(self.table, Selection(categories=tuple(wanted)))

    def township(self, value: str) -> BoolArray:
        name = self.named(gazetteer(self.county).townships.find(unquote(value)), value)
        return np.array([t == name for t in self.county.cells.township])[self.table.cell]

    def station(self, value: str) -> BoolArray:
        name = self.named(gazetteer(self.county).stations.find(unquote(value)), value)
        row = self.county.stations.index().get(name, -1)
        found: BoolArray = (self.county.cells.station == row)[self.table.cell]
        return found

    def cell(self, value: str) -> BoolArray:
        name = self.named(gazetteer(self.county).cells.find(unquote(value)), value)
        return np.array([c == name for c in self.county.cells.cell_id])[self.table.cell]

    def place(self, value: str) -> BoolArray:
        if not _HEX.fullmatch(value) or int(value, 16) == 0:
            return self.wrong(value, "the key of a place: up to 16 digits 0-9 a-f")
        found: BoolArray = self.table.place == np.uint64(int(value, 16))
        return found

    def repeat(self, values: Mapping[str, str], rules: Repeats) -> BoolArray:
        value, day = values.get("repeat", ""), values.get("asof", "")
        if not _HEX.fullmatch(value):
            return self.wrong(value, "the key of a place: up to 16 digits 0-9 a-f")
        try:
            as_of = _moment(day, None)
        except ValueError:
            return self.wrong(day, "asof= and the day of the list beside repeat=")
        found = repeat_places(self.table, as_of, rules)
        start = int(np.searchsorted(self.table.occurred_at, found.start))
        kept = np.zeros(len(self.table), np.bool_)
        kept[start : start + len(found.lookback)] = found.is_at(int(value, 16))
        return kept

    def part_of_time(self, values: Mapping[str, str]) -> BoolArray:
        """Hours, weekdays and months at once: a night belongs to the day on which it began."""
        low, _dash, high = values.get("hours", "0-24").partition("-")
        if not (low.isdigit() and high.isdigit() and int(low) < 24 and int(high) <= 24):
            self.wrong(values["hours"], "hours such as 20-02")
            low, high = "0", "24"
        week, year = values.get("weekday"), values.get("month")
        meant = Selection(
            hours=(int(low), int(high)) if "hours" in values else None,
            weekdays=() if week is None else tuple(d - 1 for d in self.numbers(week, 7)),
            months=() if year is None else self.numbers(year, 12),
        )
        return chosen(self.table, meant)

    def numbers(self, value: str, most: int) -> tuple[int, ...]:
        own = tuple(int(v) for v in value.split(",") if v.isdigit())
        if not own or len(own) != len(value.split(",")) or not 1 <= min(own) <= max(own) <= most:
            self.wrong(value, "numbers from 1 to {most}", most=most)
            return (1,)
        return own


_READERS: Mapping[str, Callable[[_Reader, str], BoolArray]] = {
    "category": _Reader.categories,
    "township": _Reader.township,
    "station": _Reader.station,
    "cell": _Reader.cell,
    "place": _Reader.place,
}
_REPEAT, _TIME_PARTS = ("repeat", "asof"), ("hours", "weekday", "month")


def _hours(value: str) -> tuple[int, int] | None:
    """The hours that `20-02` means; None where it means none."""
    low, _dash, high = value.partition("-")
    if not (low.isdigit() and high.isdigit() and int(low) < 24 and int(high) <= 24):
        return None
    return int(low), int(high)


def _moment(day: str, time: str | None) -> np.datetime64:
    """A time of the form 20260301 and 235959.

    Raises:
        ValueError: it is none.
    """
    if len(day) != 8 or not day.isdigit():
        raise ValueError(day)
    text = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    clock = "00:00:00" if time is None else f"{time[:2]}:{time[2:4]}:{time[4:]}"
    return np.datetime64(f"{text}T{clock}", "s")
