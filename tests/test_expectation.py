"""What a period was to bring: by hand, and intervals that hold what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson
from statsmodels.stats.multitest import multipletests

from optimizer.expectation import Expectation, expectation, flagged, known_days
from optimizer.frozen import IntArray

MONDAY = np.datetime64("2024-01-01")


def expect(counts: Any, start: int, days: int, known: Any = None, **changed: Any) -> Expectation:
    counts = np.asarray(counts)
    rules: dict[str, Any] = {"level_days": 91, "interval_fraction": 0.95}
    there = np.ones(counts.shape[1], np.bool_) if known is None else np.asarray(known)
    return expectation(counts, MONDAY, start, days, there, **rules | changed)


def test_an_even_history_by_hand() -> None:
    found = expect(np.full((1, 100), 4), 93, 7)
    # 91 days of 4 and half an alert, a week of it; never a square, so the spread is Poisson's.
    assert found.mean == pytest.approx([7 * (91 * 4 + 0.5) / 91])
    assert found.dispersion.tolist() == [1.0]
    assert found.lower.tolist() == [int(poisson.ppf(0.025, found.mean[0]))]
    assert found.upper.tolist() == [int(poisson.ppf(0.975, found.mean[0]))]
    assert (found.history_days, found.blocks, found.seasonal) == (93, 9, False)


def test_what_comes_from_the_period_on_is_not_looked_at() -> None:
    counts = np.random.default_rng(0).poisson(3.0, (3, 120))
    later = counts.copy()
    later[:, 100:] = 1000
    for days in (1, 7):
        one, two = expect(counts, 100, days), expect(later, 100, days)
        assert one.mean.tolist() == two.mean.tolist()
        assert one.upper.tolist() == two.upper.tolist()


def test_weekdays_are_told_apart_and_few_alerts_follow_the_county() -> None:
    week = np.array([10, 10, 10, 10, 10, 20, 20])
    often = np.tile(week, 52)
    never = np.zeros_like(often)
    saturday = expect(np.stack([often, never]), 52 * 7 - 2, 1)
    monday = expect(np.stack([often, never]), 51 * 7, 1)
    assert saturday.mean[0] == pytest.approx(20.0, rel=0.01)
    assert monday.mean[0] == pytest.approx(10.0, rel=0.01)
    assert saturday.mean[1] / monday.mean[1] == pytest.approx(2.0, rel=0.02)
    assert saturday.mean[1] < 0.01


def test_season_only_from_two_years() -> None:
    dates = MONDAY + np.arange(3 * 366)
    july = dates.astype("datetime64[M]").astype(int) % 12 == 6
    counts = np.where(july, 40, 10)[None, :]
    second, third = (
        int((np.datetime64(d) - MONDAY).astype(int)) for d in ("2025-07-01", "2026-07-01")
    )
    assert expect(counts, second, 7).mean[0] == pytest.approx(70.0, rel=0.02)
    found = expect(counts, third, 7)
    assert found.seasonal
    assert found.mean[0] == pytest.approx(280.0, rel=0.02)


def test_special_days_are_known_from_earlier_ones() -> None:
    days = 2 * 365 + 200
    kind = np.zeros(days, np.int64)
    for first in (40, 40 + 365):
        kind[first : first + 8] = 2
    counts = np.where(kind == 2, 50, 100)[None, :]
    start = 40 + 2 * 365
    kind[start : start + 7] = 2
    told = expect(counts, start, 7, kind=kind[: start + 7])
    blind = expect(counts, start, 7)
    # 16 days of half: 800 and 50 over 1,600 and 50.
    assert told.mean[0] == pytest.approx(700 * 850 / 1650, rel=0.02)
    assert blind.mean[0] > 1.6 * told.mean[0]
    # Days after it are as usual, and what the special days brought does not lower their level.
    after = expect(counts, 40 + 365 + 20, 7, kind=kind[: 40 + 365 + 27])
    assert after.mean[0] == pytest.approx(700, rel=0.02)


def test_the_level_is_the_recent_one() -> None:
    counts = np.concatenate([np.full(200, 10), np.full(100, 30)])[None, :]
    assert expect(counts, 300, 1).mean[0] == pytest.approx(30.0, rel=0.01)
    # The whole history, with its mean: 200 days of 10 and 100 of 30.
    assert expect(counts, 300, 1, level_days=300).mean[0] == pytest.approx(16.7, rel=0.02)


def test_days_of_a_gap_count_for_nothing() -> None:
    counts = np.full((1, 100), 6)
    known = np.ones(100, np.bool_)
    known[40:60] = False
    whole = expect(counts, 98, 1)
    gap = expect(np.where(known, counts, 0), 98, 1, known)
    assert gap.mean == pytest.approx(whole.mean, rel=0.01)
    assert gap.history_days == 78
    assert gap.dispersion.tolist() == [1.0]
    # Three days of the week asked for are not in the log: four are to be expected.
    half = np.ones(100, np.bool_)
    half[95:98] = False
    assert expect(counts, 93, 7, half).mean[0] == pytest.approx(4 * 6, rel=0.02)


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("dispersion", [1.0, 2.5])
def test_intervals_hold_their_share(days: int, dispersion: float) -> None:
    rng = np.random.default_rng(5)
    mean = np.array([0.3, 3.0, 20.0]).repeat(100)[:, None]
    shape = (300, 300)
    counts: IntArray = (
        rng.poisson(mean, shape)
        if dispersion == 1.0
        else rng.negative_binomial(mean / (dispersion - 1.0), 1.0 / dispersion, shape)
    )
    start = 300 - days
    found = expect(counts, start, days)
    counted = counts[:, start:].sum(axis=1)
    inside = ((counted >= found.lower) & (counted <= found.upper)).reshape(3, 100).mean(axis=1)
    # Counts are whole: the interval holds at least its share; for many alerts hardly more.
    assert (inside >= 0.88).all()
    assert inside.mean() >= 0.93
    assert inside[2] <= 0.99
    assert found.dispersion.reshape(3, 100).mean(axis=1)[2] == pytest.approx(dispersion, rel=0.2)


def test_a_planted_rise_is_flagged_and_a_null_seldom() -> None:
    rng = np.random.default_rng(2)
    falsely = 0
    for _ in range(60):
        counts = rng.poisson(4.0, (30, 200))
        found = expect(counts, 193, 7)
        assert not (found.chance_fraction(counts[:, 193:].sum(axis=1)) < 0).any()
        falsely += bool(flagged(found.chance_fraction(counts[:, 193:].sum(axis=1)), 0.1).any())
        counts[7, 193:] += 8
        counted = counts[:, 193:].sum(axis=1)
        assert flagged(found.chance_fraction(counted), 0.1)[7]
    # Without any rise, a table with a flag is false: no more than one in ten of them, give or take.
    assert falsely <= 12


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30), st.sampled_from([0.05, 0.1, 0.3]))
def test_flags_are_those_of_statsmodels(chances: list[float], rate: float) -> None:
    found = flagged(np.array(chances), rate)
    if chances:
        assert found.tolist() == multipletests(chances, alpha=rate, method="fdr_bh")[0].tolist()
    else:
        assert not len(found)


def test_gaps_of_a_log_are_told_from_quiet_days() -> None:
    busy = np.full(60, 9)
    busy[30:33] = 0
    assert np.flatnonzero(~known_days(busy)).tolist() == [30, 31, 32]
    quiet = np.tile([1, 0, 0, 1], 15)
    assert known_days(quiet).all()
    # A third of the log missing does not make its own absence likely.
    half = np.r_[np.full(40, 2), np.zeros(20, int), np.full(1, 2)]
    assert int((~known_days(half)).sum()) == 20
    assert known_days(np.zeros(5, int)).all()
