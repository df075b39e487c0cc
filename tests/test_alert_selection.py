"""Part of a log: what the hours, days and months of a planner mean."""

from __future__ import annotations

import numpy as np
import pytest

from geo.alert_selection import Selection, chosen, years_of
from optimizer.alert_rules_repeats import Repeats
from optimizer.errors import InputError, untranslated
from scenarios.alert_choice import selection_key, selection_of, selection_text
from scenarios.rhythm_trace import traced
from tests.test_alert_table import alerts
from tests.toy import toy_county

FRIDAY = "2026-01-02"


def kept(selection: Selection, *times: str) -> list[bool]:
    found: list[bool] = chosen(
        alerts(occurred_at=list(times), **_plain(len(times))), selection
    ).tolist()
    return found


def _plain(n: int) -> dict[str, np.ndarray]:
    return {
        name: np.zeros(n)
        for name in ("cell", "category", "priority", "x_m", "y_m", "place", "placed", "file")
    } | {"row": np.arange(n)}


def test_a_night_ends_on_the_next_morning() -> None:
    night = Selection(hours=(20, 2), weekdays=(4,))
    times = ("2026-01-02T01:00", f"{FRIDAY}T19:59", f"{FRIDAY}T20:00", "2026-01-03T01:59",
             "2026-01-03T02:00", "2026-01-03T21:00")  # fmt: skip
    assert kept(night, *times) == [False, False, True, True, False, False]


def test_months_of_nights_too() -> None:
    january = Selection(hours=(22, 4), months=(1,))
    assert kept(january, "2026-01-01T01:00", "2026-01-31T23:00", "2026-02-01T03:00") == [
        False, True, True,
    ]  # fmt: skip


def test_dates_hold_their_start_and_not_their_end() -> None:
    dates = Selection(start=np.datetime64("2026-01-02"), end=np.datetime64("2026-01-03"))
    assert kept(dates, "2026-01-01T23:59", "2026-01-02T00:00", "2026-01-03T00:00") == [
        False, True, False,
    ]  # fmt: skip


def test_categories() -> None:
    table = alerts(category=np.array([0, 0, 0]))
    assert chosen(table, Selection(categories=("x",))).all()
    assert not chosen(table, Selection(categories=("y",))).any()


def test_years_count_the_days_that_are_meant() -> None:
    table = alerts(occurred_at=["2025-01-01", "2025-06-01", "2026-06-30"])
    assert years_of(table, Selection()) == pytest.approx(546 / 365)
    # Two Januaries, one whole year of them each.
    assert years_of(table, Selection(months=(1,))) == pytest.approx(2.0)
    assert years_of(table, Selection(weekdays=(0,))) == pytest.approx(78 / (365 / 7), rel=0.01)
    assert years_of(table.only(slice(0, 0)), Selection()) == 0.0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ({"hours": "20-02"}, Selection(hours=(20, 2))),
        ({"hours": "08:00-24"}, Selection(hours=(8, 24))),
        ({"hours": "22-0"}, Selection(hours=(22, 24))),
        ({"weekday": "fri-mon"}, Selection(weekdays=(0, 4, 5, 6))),
        ({"weekday": "6，7"}, Selection(weekdays=(5, 6))),
        ({"month": "11-2"}, Selection(months=(1, 2, 11, 12))),
        ({"categories": ["X"]}, Selection(categories=("x",))),
    ],
)
def test_what_planners_write(typed: dict[str, object], meant: Selection) -> None:
    plain: dict[str, object] = {"categories": [], "hours": None, "weekday": None, "month": None}
    assert selection_of(**{**plain, **typed}, known=["x"]) == meant  # type: ignore[arg-type]


def test_everything_that_cannot_be_read_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        selection_of(["y"], "25-3", "8", "0-3", ["x"])
    assert [p.where for p in caught.value.problems] == [
        "--category", "--hours", "--weekday", "--month",
    ]  # fmt: skip
    with pytest.raises(InputError):
        selection_of([], "8-8", None, None, [])


def test_the_selection_in_words() -> None:
    meant = Selection(categories=("x",), hours=(20, 2), weekdays=(4, 5), months=(7,))
    assert selection_text(meant, untranslated) == (
        "x · 20:00 to 02:00 · Friday, Saturday · months 7"
    )
    assert selection_text(Selection(), untranslated) == "all alerts"


def test_the_selection_as_a_key_of_trace() -> None:
    county = toy_county()
    rng = np.random.default_rng(1)
    seconds = np.sort(rng.integers(0, 400 * 86_400, 3000))
    times = np.datetime64("2026-01-01T00:00:00") + seconds.astype("timedelta64[s]")
    table = alerts(occurred_at=times, **_plain(3000))
    for meant in (
        Selection(hours=(20, 2), weekdays=(4, 5), months=(1, 7)),
        Selection(hours=(8, 12), months=(3,)),
        Selection(categories=("x",), weekdays=(6,)),
    ):
        found = traced(selection_key(meant), table, county, Repeats())
        assert found.row.tolist() == table.only(chosen(table, meant)).row.tolist()
        assert len(found) > 0
    assert selection_key(Selection()) == ""
