"""New sites beside those there are: by hand and against enumeration."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

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


def limited(task: SitingTask, *limits: float, decided: tuple[int, ...] = ()) -> SitingTask:
    return replace(task, limit=np.array(limits), decided=decided)


def test_a_limit_worked_by_hand() -> None:
    """At 5 the busy place alone fills a site that takes 5: it saves 5 x 5."""
    (mean,) = best_sites(limited(line(), *[5.0] * 9), "mean", 1)
    # 25 minutes saved; without 5, a site at 7 saves 7 + 7 + 5 + 1 = 20 at the most.
    assert mean.sites == (5,)
    assert mean.status is Status.OPTIMAL
    assert mean.mean_min == pytest.approx((56 - 25) / 13)
    assert [i for i, s in enumerate(mean.taken_by) if s >= 0] == [5]
    (most,) = best_sites(limited(line(), *[3.0] * 9), "covered", 1)
    # Three of 2..4 or 6..8, but no more; 0 and 1 are covered already.
    assert most.covered_fraction == pytest.approx(5 / 13)
    assert most.sites[0] in (3, 7)
    (far,) = best_sites(limited(line(), *[3.0] * 9), "farthest", 1)
    # It takes three of 6, 7 and 8, so that 5 waits longest, whatever the site's place.
    assert (far.farthest_min, far.status) == (5.0, Status.OPTIMAL)


def test_who_is_decided_on_has_a_limit_too() -> None:
    """Site 8 is there and takes 8 and 7, no more; without its limit it takes 5 to 8."""
    held = limited(line(), *[2.0] * 9, decided=(8,))
    before = today(held, "mean")
    assert before.sites == ()
    assert before.mean_min == pytest.approx((56 - 8 - 6) / 13)
    free = today(replace(line(), decided=(8,)), "mean")
    assert free.mean_min == pytest.approx((56 - 8 - 6 - 4 - 5 * 2) / 13)
    (with_one,) = best_sites(held, "farthest", 1)
    # 7 and 8 are with 8, two of 5 and 6 too many for 2: 5 alone weighs 5.
    assert with_one.farthest_min == 5.0
    assert 8 not in with_one.sites


def _least(task: SitingTask, n: int, objective: Objective) -> float:
    """By trying every set of sites and every sharing out among them."""
    assert task.limit is not None
    best = np.inf
    rest = [j for j in range(len(task.minutes)) if j not in task.decided]
    for sites in combinations(rest, n):
        rows = (-1, *sites, *task.decided)
        for taken_by in product(rows, repeat=len(task.weight)):
            load = np.zeros(len(task.minutes))
            for place, row in enumerate(taken_by):
                if row >= 0:
                    load[row] += task.weight[place]
            wait = task.waits_by(taken_by)
            if (load <= task.limit).all():
                best = min(best, task.value(wait, objective))
    return best


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 2), st.sampled_from(["mean", "farthest", "covered"]))
def test_limits_equal_enumeration(seed: int, n: int, objective: Objective) -> None:
    random = np.random.default_rng(seed)
    minutes = random.random((4, 5)) * 30
    minutes[random.random((4, 5)) < 0.2] = np.inf
    task = SitingTask(
        weight=random.integers(0, 5, 5) + 0.5 * random.integers(0, 2) + 0.25,
        today_min=random.random(5) * 40,
        minutes=minutes,
        standard_min=random.choice([5.0, 10.0], 5),
        limit=random.integers(0, 9, 4).astype(float),
        decided=(1,) if random.random() < 0.3 else (),
    )
    found = today(task, objective)
    for found in best_sites(task, objective, n):
        assert len(found.sites) <= n
    assert found.status is Status.OPTIMAL
    assert found.value == pytest.approx(_least(task, n, objective), rel=1e-5, abs=1e-5)
    load = np.bincount(
        [s for s in found.taken_by if s >= 0],
        [w for w, s in zip(task.weight, found.taken_by, strict=True) if s >= 0],
        minlength=4,
    )
    assert task.limit is not None
    assert (load <= task.limit + 1e-9).all()
    assert {s for s in found.taken_by if s >= 0} <= {*found.sites, *task.decided}
