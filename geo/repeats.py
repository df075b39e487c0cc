"""Repeat alerts (重复警情): places with several alerts within days, graded red, yellow, blue.

Only places are counted and graded, never people: the alert table holds no names, and a place is a
salted key. The rules are `optimizer.alert_rules_repeats.Repeats`:

- Place: alerts with the same key are at one place; points within `radius_m` of the busiest point
  belong to it too (`geo.near_places`: measured from that one point, so that chains do not run on).
- Repeat: `alerts` alerts of one kind less than `days` days apart, in the `lookback_days` up to the
  day asked for. Of the windows with so many alerts the heaviest counts, of equals the latest.
- Weight: each alert counts by the severity of its category and of its priority.
- Grade: red or yellow by the weight of that window and the days since the last alert; else blue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.alert_table import AlertTable
from geo.near_places import joined_places
from optimizer.alert_rules_repeats import GRADES, Repeats
from optimizer.frozen import BoolArray, FloatArray, IntArray

ALL_KINDS = "all"
_DAY_S = 86_400
_WEIGHT_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepeatPlaces:
    """Places of repeat alerts, most urgent first. P places, W alerts in the look-back.

    Attributes:
        start: When the look-back begins.
        kinds: Names of what is counted together.
        categories: As in the alert table.
        kind: Row in `kinds`, shape (P,).
        key: Key of the busiest point of the place, uint64, shape (P,).
        grade: Row in `GRADES`, shape (P,).
        alerts: In the window that counts, shape (P,).
        weight: The same by severity, shape (P,).
        first, last: Its first and last alert, datetime64[s], shape (P,).
        lookback_alerts: Alerts of the kind in the whole look-back, shape (P,).
        quiet_days: Days since the last of them, 0 = on the day asked for, shape (P,).
        keys: How many keys were joined into the place, shape (P,).
        cell: Row of the cell of the latest alert, shape (P,).
        x_m, y_m: The busiest point; NaN where none is known, shape (P,).
        categories_in_window: Alerts in the window by category, shape (P, K).
        without_place: Alerts in the look-back that have no place finer than their cell.
        lookback: Alerts in the look-back.
        group: For each alert of the look-back the row of its leader; -1 without, shape (W,).
        leader: The same row for each place of the list, shape (P,).
        point_x_m, point_y_m: Point of the place that a row leads, NaN at other rows, shape (W,).
        member_keys: Key of each alert in the look-back, shape (W,).
    """

    start: np.datetime64
    kinds: tuple[str, ...]
    categories: tuple[str, ...]
    kind: IntArray
    key: NDArray[np.uint64]
    grade: IntArray
    alerts: IntArray
    weight: FloatArray
    first: NDArray[np.datetime64]
    last: NDArray[np.datetime64]
    lookback_alerts: IntArray
    quiet_days: IntArray
    keys: IntArray
    cell: IntArray
    x_m: FloatArray
    y_m: FloatArray
    categories_in_window: IntArray
    without_place: int
    lookback: AlertTable
    group: IntArray
    leader: IntArray
    point_x_m: FloatArray
    point_y_m: FloatArray
    member_keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.key)

    def grade_name(self, place: int) -> str:
        """Grade of a place."""
        return GRADES[int(self.grade[place])]

    def keys_of(self, place: int) -> NDArray[np.uint64]:
        """Every key that was joined into a place, sorted."""
        return np.unique(self.member_keys[self.group == self.leader[place]])

    def leader_of(self, key: int) -> int:
        """Row of the leader of the place that a key belongs to; -1 where it is not there."""
        rows = np.flatnonzero(self.member_keys == np.uint64(key))
        return int(self.group[rows[0]]) if key and len(rows) else -1

    def is_at(self, key: int) -> BoolArray:
        """The alerts of the look-back at the place led by `key`; none where it leads none."""
        leader = self.leader_of(key)
        # A key that another point leads names no place of its own.
        leads = leader >= 0 and int(self.member_keys[leader]) == key
        found: BoolArray = (self.group == leader) & leads
        return found

    def alerts_at(self, key: int) -> AlertTable:
        """The same as a table."""
        return self.lookback.only(self.is_at(key))


def repeat_places(table: AlertTable, as_of: np.datetime64, rules: Repeats) -> RepeatPlaces:
    """The places of repeat alerts as of the end of a day.

    Args:
        table: The alerts.
        as_of: Last day that counts.
        rules: See the module.
    """
    end = as_of.astype("datetime64[D]") + np.timedelta64(1, "D")
    start = end - np.timedelta64(rules.lookback_days, "D")
    window = table.between(start, end)
    places = _places(window, rules.radius_m)
    group = places.group
    weights = _weights(window, rules)
    kinds = rules.kinds or {ALL_KINDS: table.categories}
    parts: list[dict[str, NDArray[np.generic]]] = []
    for number, wanted in enumerate(kinds.values()):
        of_kind = np.isin(window.category, _rows(table.categories, wanted)) & (group >= 0)
        parts.append(_of_kind(window, places, weights, of_kind, end, rules, number))
    both = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    order = np.lexsort((both["kind"], both["key"], -both["alerts"], -both["weight"], both["grade"]))
    return RepeatPlaces(
        start=start,
        kinds=tuple(kinds),
        categories=table.categories,
        without_place=int((window.place == 0).sum()),
        lookback=window,
        group=group,
        point_x_m=places.x_m,
        point_y_m=places.y_m,
        member_keys=window.place,
        **{name: column[order] for name, column in both.items()},
    )


def _rows(categories: tuple[str, ...], wanted: tuple[str, ...]) -> IntArray:
    return np.array([k for k, name in enumerate(categories) if name in wanted], dtype=np.int64)


def _weights(window: AlertTable, rules: Repeats) -> FloatArray:
    """Severity of each alert."""
    by_category = np.array([rules.category_weights.get(c, 1.0) for c in window.categories] or [1.0])
    weights = by_category[window.category]
    for priority, weight in rules.priority_weights.items():
        weights = np.where(window.priority == priority, weights * weight, weights)
    return weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Places:
    """Places of a window of W alerts; a place is known by the row of its leader's first alert.

    Attributes:
        group: Place of each alert, -1 without, shape (W,).
        keys: Number of keys of the place known by a row, shape (W,).
        x_m, y_m: Its leader's point, shape (W,).
    """

    group: IntArray
    keys: IntArray
    x_m: FloatArray
    y_m: FloatArray


def _places(window: AlertTable, radius_m: float) -> _Places:
    made = _Places(
        group=np.full(len(window), -1, np.int64),
        keys=np.zeros(len(window), np.int64),
        x_m=np.full(len(window), np.nan),
        y_m=np.full(len(window), np.nan),
    )
    rows = np.flatnonzero(window.place != 0)
    if not len(rows):
        return made
    # Rows are in the order of time; a stable sort keeps the first of each key in front.
    by_key = rows[np.argsort(window.place[rows], kind="stable")]
    sorted_keys = window.place[by_key]
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
    counts = np.diff(np.r_[starts, len(by_key)])
    of_place = np.repeat(np.arange(len(starts)), counts)
    first_row = by_key[starts]
    x, y = _first_points(window, by_key, of_place, len(starts))
    has_point = np.flatnonzero(np.isfinite(x))
    leader = np.arange(len(starts))
    if radius_m > 0 and len(has_point):
        # Most alerts first, then the earliest: as one number, which sorts in half the time.
        order = np.argsort(first_row[has_point] - counts[has_point] * len(window))
        led = joined_places(x[has_point], y[has_point], order, radius_m)
        leader[has_point] = has_point[led]
    made.group[by_key] = first_row[leader[of_place]]
    made.keys[first_row] = np.bincount(leader, minlength=len(starts))
    made.x_m[first_row], made.y_m[first_row] = x, y
    return made


def _first_points(
    window: AlertTable, by_key: IntArray, of_place: IntArray, places: int
) -> tuple[FloatArray, FloatArray]:
    """The first known point of each place."""
    x, y = np.full(places, np.nan), np.full(places, np.nan)
    known = np.flatnonzero(np.isfinite(window.x_m[by_key]))[::-1]  # the first is written last
    x[of_place[known]] = window.x_m[by_key[known]]
    y[of_place[known]] = window.y_m[by_key[known]]
    return x, y


def _of_kind(
    window: AlertTable,
    places: _Places,
    weights: FloatArray,
    of_kind: BoolArray,
    end: np.datetime64,
    rules: Repeats,
    kind: int,
) -> dict[str, NDArray[np.generic]]:
    """Columns of the places of one kind, in the order of their leaders' rows."""
    rows = np.flatnonzero(of_kind)
    rows = rows[np.argsort(places.group[rows], kind="stable")]  # by place, then by time
    seconds = window.occurred_at[rows].astype(np.int64)
    place = places.group[rows]
    # Places far apart on one axis of time: a window then never reaches into another place.
    span = (rules.lookback_days + rules.days + 2) * _DAY_S
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]]) if len(rows) else rows
    number = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(rows)]))
    axis = number * span + (seconds - (end.astype("datetime64[s]").astype(np.int64) - span))
    low = np.searchsorted(axis, axis - rules.days * _DAY_S, side="right")
    at = np.arange(len(rows))
    alerts = at - low + 1
    summed = np.r_[0.0, np.cumsum(weights[rows])]
    weight = np.round(summed[at + 1] - summed[low], _WEIGHT_DIGITS)
    enough = np.flatnonzero(alerts >= rules.alerts)
    best = enough[np.lexsort((enough, weight[enough], number[enough]))]
    best = best[np.r_[number[best][1:] != number[best][:-1], True]] if len(best) else best
    ends = np.r_[starts, len(rows)]
    last_row = rows[ends[number[best] + 1] - 1]
    leader = place[best]
    last_day = window.occurred_at[last_row].astype("datetime64[D]")
    quiet = (end - 1 - last_day).astype(np.int64)
    grade = np.full(len(best), 2)
    for rank, rule in ((1, rules.yellow), (0, rules.red)):
        grade[(weight[best] >= rule.weight) & (quiet <= rule.last_days)] = rank
    return {
        "kind": np.full(len(best), kind),
        "key": window.place[leader],
        "grade": grade,
        "alerts": alerts[best],
        "weight": weight[best],
        "first": window.occurred_at[rows[low[best]]],
        "last": window.occurred_at[rows[best]],
        "lookback_alerts": np.diff(ends)[number[best]],
        "quiet_days": quiet,
        "keys": places.keys[leader],
        "cell": window.cell[last_row].astype(np.int64),
        "x_m": places.x_m[leader],
        "y_m": places.y_m[leader],
        "categories_in_window": _by_category(window, rows, low[best], best),
        "leader": leader,
    }


def _by_category(window: AlertTable, rows: IntArray, low: IntArray, last: IntArray) -> IntArray:
    """Alerts of each category in rows `low` to `last`, shape (P, K)."""
    lengths = last - low + 1
    place = np.repeat(np.arange(len(low)), lengths)
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    category = window.category[rows[np.repeat(low, lengths) + within]].astype(np.int64)
    k = max(len(window.categories), 1)
    return np.bincount(place * k + category, minlength=len(low) * k).reshape(len(low), k)
