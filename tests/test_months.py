"""Shares of the months: from the case's rhythm and from a log of any length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.readers import Source, Table
from scenarios.months import month_shares
from scenarios.schema import Rhythm

DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def log(first: str, last: str, per_day: dict[int, int], category: str | None = "help") -> Table:
    """One alert a day, or as many as `per_day` says for its month."""
    times = [
        day + pd.Timedelta(hours=8)
        for day in pd.date_range(first, last, freq="D")
        for _ in range(per_day.get(day.month, 1))
    ]
    frame = pd.DataFrame({"row": range(len(times)), "occurred_at": times})
    if category is not None:
        frame["category"] = pd.Series([category] * len(times), dtype=object)
    source = Source(
        layer="alerts", path=Path("a.csv"), shown="a.csv", sheet=None, crs=None, columns={},
        strict=False,
    )  # fmt: skip
    return Table(
        source=source, frame=frame, geometry=None, problems=(), quarantined=pd.DataFrame(),
        rows_read=len(frame), duplicates=0, missing={}, headers={}, counted="line {row}",
    )  # fmt: skip


def test_a_month_covered_twice_does_not_weigh_twice() -> None:
    # A year and a half, twice as many alerts a day in June.
    found = month_shares(("help",), None, log("2023-01-01", "2024-06-30", {6: 2}))
    assert found is not None
    expected = DAYS.astype(float)
    expected[5] *= 2
    assert found[0] == pytest.approx(expected / expected.sum())


def test_categories_apart_and_the_mix_for_those_without_alerts() -> None:
    found = month_shares(("criminal", "help"), None, log("2023-01-01", "2023-12-31", {1: 3}))
    assert found is not None
    assert found[0] == pytest.approx(found[1])
    assert found[1, 0] == pytest.approx(3 * 31 / (365 + 62))
    unnamed = month_shares(("other",), None, log("2023-01-01", "2023-12-31", {}, None))
    assert unnamed is not None
    assert unnamed[0] == pytest.approx(DAYS / 365)


def test_a_log_without_all_months_says_nothing() -> None:
    assert month_shares(("help",), None, log("2023-01-01", "2023-12-30", {})) is None
    assert month_shares(("help",), None, None) is None


def test_the_rhythm_goes_before_the_log() -> None:
    even = [1 / 12] * 12
    rhythm = Rhythm.model_validate(
        {
            "periods": [{"name": "00-24", "hours": 24}],
            "share_fraction": {},
            "month_share_fraction": {"help": even},
        }
    )
    found = month_shares(("criminal", "help"), rhythm, log("2023-01-01", "2023-12-31", {1: 3}))
    assert found is not None
    assert found[1] == pytest.approx(even)
    assert found[0] == pytest.approx(DAYS / 365)  # no `other` in the rhythm: by days


@pytest.mark.parametrize(
    ("shares", "words"), [([0.5, 0.5], "there are 2"), ([0.1] * 12, "these sum to 1.2")]
)
def test_months_must_add_up(shares: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rhythm.model_validate(
            {
                "periods": [{"name": "00-24", "hours": 24}],
                "share_fraction": {},
                "month_share_fraction": {"help": shares},
            }
        )
