"""p-center: by hand, against enumeration, and published optima."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optimizer.p_center as module
from optimizer.covering import Found
from optimizer.frozen import FloatArray
from optimizer.p_center import p_center
from optimizer.result import Status
from tests.test_p_median import orlib


def smallest(minutes: FloatArray, p: int, existing: tuple[int, ...]) -> float:
    """By enumeration."""
    rest = [j for j in range(minutes.shape[1]) if j not in existing]
    return min(
        float(minutes[:, [*existing, *more]].min(axis=1).max())
        for more in combinations(rest, p - len(set(existing)))
    )


def test_a_line_worked_by_hand() -> None:
    """Seven places a minute apart: the middle is 3 from the ends; sites at 0 and 1 help little."""
    place = np.arange(7.0)
    minutes = np.abs(place[:, None] - place)
    one = p_center(minutes, 1)
    assert (one.status, one.sites, one.radius, one.bound) == (Status.OPTIMAL, (3,), 3.0, 3.0)
    assert p_center(minutes, 2).radius == 2.0
    assert p_center(minutes, 3).radius == 1.0
    assert p_center(minutes, 3, existing=(0, 1)).radius == 2.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.booleans())
def test_equals_enumeration(seed: int, p: int, apart: bool) -> None:
    random = np.random.default_rng(seed)
    minutes = random.integers(0, 20, (9, 7)).astype(float)
    if apart:
        minutes[random.random((9, 7)) < 0.4] = np.inf
    existing = tuple(int(j) for j in random.permutation(7)[: random.integers(0, p + 1)])
    found = p_center(minutes, p, existing=existing)
    assert found.status is Status.OPTIMAL
    assert found.radius == smallest(minutes, p, existing) == found.bound
    assert float(minutes[:, list(found.sites)].min(axis=1).max()) == found.radius
    assert set(existing) <= set(found.sites)
    assert len(set(found.sites)) == p


@pytest.mark.parametrize("number", [1, 5, 10, 15])
def test_published_optima(shared: Path, number: int) -> None:
    """Optima of OR-Library's networks as p-center problems."""
    folder = shared / "orlib_pmed"
    text = (folder / "kcenteropt.txt").read_text(encoding="ascii")
    known = {name: float(value) for name, value in map(str.split, text.strip().splitlines())}
    distance, p, _ = orlib(shared, f"pmed{number}")
    found = p_center(distance, p)
    assert (found.status, found.radius) == (Status.OPTIMAL, known[f"pmed{number}"])


def test_without_an_answer_in_time_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where covering says UNKNOWN, the plan stands with the distance not yet excluded."""
    random = np.random.default_rng(1)
    minutes = random.integers(1, 50, (30, 20)).astype(float)
    best = p_center(minutes, 3).radius
    monkeypatch.setattr(module, "cover_everybody", lambda *_, **__: Found(status=Status.UNKNOWN))
    found = p_center(minutes, 3)
    assert found.status is Status.FEASIBLE
    assert found.bound <= best <= found.radius
    assert 0 < found.gap_fraction < 1


def test_who_cannot_be_reached_makes_the_radius_infinite() -> None:
    minutes = np.array([[0.0, np.inf], [np.inf, 0.0]])
    found = p_center(minutes, 1)
    assert (found.status, found.radius, found.gap_fraction) == (Status.OPTIMAL, math.inf, 0.0)
    assert p_center(minutes, 2).radius == 0.0


@pytest.mark.parametrize(("p", "existing"), [(0, ()), (3, ()), (1, (0, 1)), (1, (7,))])
def test_wrong_numbers_are_refused(p: int, existing: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"p_center\.(p|existing)"):
        p_center(np.ones((3, 2)), p, existing=existing)


def test_minutes_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        p_center(-np.ones((2, 2)), 1)
