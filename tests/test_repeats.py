"""Repeat alerts by place: against brute force, by hand, planted ones and a planted null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from geo import near_places
from geo.alert_table import AlertTable
from geo.near_places import joined_places
from geo.repeats import RepeatPlaces, repeat_places
from optimizer.alert_rules_repeats import GRADES, Repeats

AS_OF = np.datetime64("2026-03-31")
Alert = tuple[str, float, float, str, int]
"""Time, x, y, category, place key (0 = none)."""
CATEGORIES = ("dispute", "family", "theft")


def table(alerts: list[Alert], priority: list[int] | None = None) -> AlertTable:
    urgent = priority or [3] * len(alerts)
    order = sorted(range(len(alerts)), key=lambda i: (alerts[i][0], i))
    rows = [alerts[i] for i in order]
    n = len(rows)
    none: Any = np.zeros(n)
    return AlertTable(
        files=("alerts.csv",),
        categories=CATEGORIES,
        crs="local",
        occurred_at=np.array([r[0] for r in rows], dtype="datetime64[s]"),
        x_m=np.array([r[1] for r in rows]),
        y_m=np.array([r[2] for r in rows]),
        category=np.array([CATEGORIES.index(r[3]) for r in rows], int),
        place=np.array([r[4] for r in rows], "u8"),
        priority=np.array([urgent[i] for i in order], int),
        cell=none,
        placed=none,
        file=none,
        row=np.arange(2, n + 2),
    )


def at(
    *days: int, x: float = 0.0, y: float = 0.0, what: str = "family", key: int = 1
) -> list[Alert]:
    """Alerts at noon so many days before the day asked for."""
    noon = AS_OF.astype("datetime64[h]") + 12
    return [(str(noon - np.timedelta64(24 * d, "h")), x, y, what, key) for d in days]


def graded(found: RepeatPlaces) -> list[tuple[int, str, int]]:
    return [
        (int(found.key[i]), found.grade_name(i), int(found.alerts[i])) for i in range(len(found))
    ]


def test_grades_by_hand() -> None:
    alerts = [
        *at(1, 2, 3, 4, 5, 6, key=1, x=0),  # six, the last yesterday
        *at(15, 16, 17, 18, 19, 20, key=2, x=1000),  # six, but the last 15 days ago
        *at(1, 2, 3, key=3, x=2000),  # three
        *at(1, 2, key=4, x=3000),  # two are no repeat
        *at(40, 41, 42, 43, 44, 45, key=5, x=4000),  # too long ago for red and for yellow
    ]
    found = repeat_places(table(alerts), AS_OF, Repeats())
    assert graded(found) == [(1, "red", 6), (2, "yellow", 6), (5, "blue", 6), (3, "blue", 3)]
    assert found.quiet_days.tolist() == [1, 15, 40, 1]


def test_priority_and_category_weigh() -> None:
    alerts = at(1, 2, 3)
    rules = Repeats(category_weights={"family": 1.5}, priority_weights={1: 2.0})
    plain = repeat_places(table(alerts), AS_OF, rules)
    assert plain.weight.tolist() == [4.5]
    assert plain.grade_name(0) == "yellow"
    urgent = repeat_places(table(alerts, priority=[1, 1, 3]), AS_OF, rules)
    assert urgent.weight.tolist() == [7.5]
    assert urgent.grade_name(0) == "red"


def test_a_window_is_shorter_than_its_days() -> None:
    rules = Repeats(alerts=2, days=10)
    assert not len(repeat_places(table(at(1, 11)), AS_OF, rules))
    assert len(repeat_places(table(at(1, 10)), AS_OF, rules)) == 1


def test_nothing_after_the_day_asked_for_counts() -> None:
    alerts = at(0, -1, -2)
    assert not len(repeat_places(table(alerts), AS_OF, Repeats(alerts=2)))
    late = repeat_places(table(alerts), AS_OF + np.timedelta64(2, "D"), Repeats())
    assert late.alerts.tolist() == [3]


def test_kinds_are_counted_by_themselves() -> None:
    alerts = at(1, 2, 3, what="family") + at(1, 2, what="dispute") + at(1, what="theft")
    rules = Repeats(kinds={"quarrels": ("family", "dispute"), "theft": ("theft",)})
    found = repeat_places(table(alerts), AS_OF, rules)
    assert [found.kinds[k] for k in found.kind] == ["quarrels"]
    assert found.categories_in_window.tolist() == [[2, 3, 0]]
    assert len(found.alerts_at(1)) == 6


def test_a_chain_of_points_does_not_run_on() -> None:
    # 40 m apart: the middle one has most alerts, takes its neighbours, and not theirs.
    alerts = [
        a
        for i, n in enumerate((3, 3, 4, 3, 3))
        for a in at(*range(1, n + 1), x=40.0 * i, key=i + 1)
    ]
    found = repeat_places(table(alerts), AS_OF, Repeats(radius_m=50))
    assert sorted(graded(found)) == [(1, "blue", 3), (3, "red", 10), (5, "blue", 3)]
    assert found.keys_of(0).tolist() == [2, 3, 4]
    assert found.keys.tolist() == [3, 1, 1]
    assert len(found.alerts_at(3)) == 10
    assert not len(found.alerts_at(2)), "a place that another leads has no list of its own"


def test_the_border_of_the_radius_belongs_to_the_place() -> None:
    alerts = at(1, 2, key=1) + at(1, 2, x=30.0, y=40.0, key=2)
    assert repeat_places(table(alerts), AS_OF, Repeats(radius_m=50)).alerts.tolist() == [4]
    assert not len(repeat_places(table(alerts), AS_OF, Repeats(radius_m=49.9)))
    assert not len(repeat_places(table(alerts), AS_OF, Repeats(radius_m=0)))


def test_a_place_with_a_name_and_no_point_counts_and_one_without_either_does_not() -> None:
    nan = float("nan")
    alerts = at(1, 2, 3, x=nan, y=nan, key=7) + at(1, 2, 3, x=nan, y=nan, key=0)
    found = repeat_places(table(alerts), AS_OF, Repeats())
    assert graded(found) == [(7, "blue", 3)]
    assert found.without_place == 3
    mixed = at(3, x=nan, y=nan, key=7) + at(1, 2, key=7) + at(1, x=10.0, key=8)
    joined = repeat_places(table(mixed), AS_OF, Repeats())
    assert joined.alerts.tolist() == [4]
    assert joined.x_m.tolist() == [0.0]


@pytest.mark.parametrize("compiled", [False, True])
def test_joined_places_are_those_of_the_plain_rule(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled:
        monkeypatch.setattr(near_places, "_PLAIN_POINTS", 0)
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = int(rng.integers(1, 60))
        x, y = rng.integers(0, 12, (2, n)).astype(float)
        order = rng.permutation(n)
        radius = float(rng.choice([0.0, 1.0, 2.5, 5.0]))
        expected = np.full(n, -1)
        for p in order.tolist():
            if expected[p] < 0:
                near = np.hypot(x - x[p], y - y[p]) <= radius
                expected[near & (expected < 0)] = p
        assert joined_places(x, y, order, radius).tolist() == expected.tolist()


_alerts = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(0, 3), st.sampled_from(CATEGORIES), st.sampled_from([1, 2])
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(_alerts, st.integers(2, 4), st.integers(1, 20))
def test_windows_are_those_of_brute_force(
    drawn: list[tuple[int, int, str, int]], n: int, days: int
) -> None:
    made = [(at(d, x=500.0 * p, what=what, key=p + 1)[0], w) for d, p, what, w in drawn]
    rules = Repeats(
        alerts=n, days=days, lookback_days=max(40, days), priority_weights={2: 3.0}, radius_m=10
    )
    found = repeat_places(table([m[0] for m in made], [m[1] for m in made]), AS_OF, rules)
    expected: dict[int, tuple[int, float, int]] = {}
    for place in range(4):
        own = sorted(
            ((-d, 3.0 if w == 2 else 1.0) for d, p, _what, w in drawn if p == place and d < 40),
            key=lambda o: o[0],
        )
        # Every window that ends with an alert; alerts of one moment end it together.
        windows = []
        for at_, _w in own:
            inside = [w for t, w in own if at_ - days < t <= at_]
            if len(inside) >= n:
                windows.append((sum(inside), at_, len(inside)))
        if windows:
            weight, last, count = max(windows)
            expected[place + 1] = (count, weight, last)
    got = {
        int(found.key[i]): (
            int(found.alerts[i]),
            float(found.weight[i]),
            int((found.last[i].astype("datetime64[D]") - AS_OF).astype(int)),
        )
        for i in range(len(found))
    }
    assert got == expected
    assert found.grade.tolist() == sorted(found.grade.tolist())
    assert all(
        len(found.alerts_at(int(found.key[i]))) == found.lookback_alerts[i]
        for i in range(len(found))
    )


def test_planted_repeats_are_found_and_scattered_alerts_are_not() -> None:
    rng = np.random.default_rng(1)
    scattered = [
        a
        for key in range(2_000)
        for a in at(
            int(rng.integers(0, 90)), x=rng.uniform(0, 4e4), y=rng.uniform(0, 4e4), key=key + 100
        )
    ]
    assert not len(repeat_places(table(scattered), AS_OF, Repeats()))
    planted = [
        a
        for p in range(5)
        for i, day in enumerate(rng.integers(1, 12, 7).tolist())
        for a in at(
            day, x=8_000.0 * p + rng.uniform(-8, 8), y=rng.uniform(-8, 8), key=10 * p + i + 1
        )
    ]
    found = repeat_places(table(scattered + planted), AS_OF, Repeats())
    assert [found.grade_name(i) for i in range(len(found))] == ["red"] * 5
    assert sorted((found.x_m / 8_000.0).round().tolist()) == [0, 1, 2, 3, 4]
    assert found.alerts.min() >= 7


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"days": 60, "lookback_days": 30}, "a look-back of at least the window"),
        ({"red": {"weight": 2, "last_days": 5}}, "red at least as strict as yellow"),
        ({"red": {"weight": 9, "last_days": 60}}, "red at least as strict as yellow"),
        ({"alerts": 1}, "greater than or equal to 2"),
        ({"kinds": {"disputes": []}}, "at least 1 item"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Repeats.model_validate(rules)


def test_an_empty_log_has_no_repeats() -> None:
    found = repeat_places(table([]), AS_OF, Repeats())
    assert len(found) == 0
    assert len(found.alerts_at(1)) == 0
    assert GRADES[0] == "red"
