"""New sites beside those there are: by hand and against enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.result import Status
from optimizer.siting import Objective, Siting, SitingTask, best_sites, today


def line() -> SitingTask:
    """Places 0..8 km apart a minute each; what is there stands at 0; a far place calls seldom."""
    place = np.arange(9.0)
    return SitingTask(
        weight=np.array([1.0, 1, 1, 1, 1, 5, 1, 1, 1]),
        today_min=place,
        minutes=np.abs(place[:, None] - place),
        standard_min=np.full(9, 1.0),
    )


def test_today_worked_by_hand() -> None:
    """36 minutes and five calls' 20 more, over 13: 56 / 13; two of 13 within a minute."""
    found = today(line(), "mean")
    assert found.mean_min == pytest.approx(56 / 13)
    assert (found.farthest_min, found.sites) == (8.0, ())
    assert found.covered_fraction == pytest.approx(2 / 13)


def test_one_site_worked_by_hand() -> None:
    """Nearest to most calls is 5; the farthest waits least with 5 or 6: 3 or 2 km."""
    (mean,) = best_sites(line(), "mean", 1)
    assert (mean.sites, mean.status) == ((5,), Status.OPTIMAL)
    assert mean.mean_min == pytest.approx((0 + 1 + 2 + 2 + 1 + 0 + 1 + 2 + 3) / 13)
    (far,) = best_sites(line(), "farthest", 1)
    # 0 answers 0..2 or 3, the new site the rest: at 6, 3 waits 3; at 5, 8 does: the mean decides.
    assert (far.farthest_min, far.bound, far.sites) == (3.0, 3.0, (5,))
    (most,) = best_sites(line(), "covered", 1)
    assert most.covered_fraction == pytest.approx(9 / 13)
    assert most.sites[0] in (4, 5, 6)
    assert most.sites == (5,)


def test_it_ends_where_no_site_helps() -> None:
    """With a minute's reach three sites cover all; a fourth cannot help."""
    found = list(best_sites(line(), "covered", 9))
    assert [round(s.covered_fraction * 13) for s in found[:3]] == [9, 12, 13]
    assert found[-1].covered_fraction == 1.0


def test_a_site_that_is_nowhere_sooner_is_not_offered() -> None:
    task = SitingTask(
        weight=np.ones(2),
        today_min=np.array([1.0, 2.0]),
        minutes=np.array([[1.0, 2.0], [np.inf, np.inf]]),
        standard_min=np.ones(2),
    )
    assert list(best_sites(task, "mean", 2)) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from(["mean", "farthest", "covered"]))
def test_equals_enumeration(seed: int, n: int, objective: Objective) -> None:
    random = np.random.default_rng(seed)
    minutes = random.random((7, 9)) * 30
    minutes[random.random((7, 9)) < 0.2] = np.inf
    task = SitingTask(
        weight=random.integers(0, 9, 9).astype(np.float64) + 0.5,
        today_min=random.random(9) * 40,
        minutes=minutes,
        standard_min=random.choice([5.0, 10.0], 9),
    )
    found: Siting | None = None
    for found in best_sites(task, objective, n):
        assert found.status is Status.OPTIMAL
    best = min(task.value(task.waits(s), objective) for s in combinations(range(7), n))
    value = today(task, objective).value if found is None else found.value
    assert value == pytest.approx(best, rel=1e-5, abs=1e-5)
    if found is not None:
        assert task.value(task.waits(found.sites), objective) == found.value
        assert found.bound <= found.value


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"weight": np.zeros(9)}, "all 0"),
        ({"today_min": np.full(9, np.inf)}, "finite"),
        ({"minutes": -np.ones((2, 9))}, "negative"),
    ],
)
def test_wrong_values_are_refused(change: dict[str, np.ndarray], text: str) -> None:
    whole = {name: getattr(line(), name) for name in SitingTask.__dataclass_fields__}
    with pytest.raises(ValueError, match=text):
        SitingTask(**(whole | change))
