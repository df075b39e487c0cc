"""Near repeats: pairs as by hand and by pointpats; planted ones found, chance left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.near_repeat import NearRepeats, TooManyPairsError, near_repeats
from optimizer.frozen import FloatArray

DAY = 86_400


def knox(
    places: FloatArray,
    days: FloatArray,
    distances_m: tuple[float, ...] = (100.0,),
    within: tuple[float, ...] = (7.0,),
    permutations: int = 199,
    most_pairs: int = 10**6,
) -> NearRepeats:
    times: NDArray[np.datetime64] = np.rint(np.asarray(days) * DAY).astype("datetime64[s]")
    return near_repeats(
        places[:, 0], places[:, 1], times, distances_m=distances_m, days=within,
        permutations=permutations, seed=1, most_pairs=most_pairs,
    )  # fmt: skip


def even(seed: int, n: int = 300) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 2000, (n, 2)), np.rint(rng.uniform(0, 365, n) * 24) / 24


def test_pairs_by_hand() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.0], [100.0, 0.0], [250.0, 0.0]])
    days = np.array([0.0, 7.0, 3.0, 20.0])
    found = knox(places, days, (100.0, 250.0), (7.0, 21.0))
    # Same place: 0-1 at 7 days. 100 m: 0-2 at 3, 1-2 at 4. 250 m: 0-3 at 20, 1-3 at 13, 2-3 at 17.
    assert found.pairs.tolist() == [[1, 0], [2, 0], [0, 3]]
    assert found.distances_m.tolist() == [0.5, 100.0, 250.0]


def test_as_pointpats() -> None:
    pointpats = pytest.importorskip("pointpats")
    places, days = even(2)
    ours = knox(places, days, (120.0,), (10.0,), permutations=999)
    theirs = pointpats.Knox(places, days[:, None], delta=120.0, tau=10.0, permutations=99)
    assert ours.pairs.sum() == theirs.statistic_
    assert ours.p[1, 0] == pytest.approx(theirs.p_sim, abs=0.2)  # 4 sd of their 99 shuffles
    # Expected: pairs near in space times the share of all pairs near in time.
    gap = np.abs(days[:, None] - days)[np.triu_indices(300, 1)]
    away = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))[np.triu_indices(300, 1)]
    wanted = (away <= 120.0).sum() * (gap <= 10.0).mean()
    assert ours.expected_pairs.sum() == pytest.approx(wanted, rel=0.02)


def test_planted_repeats_are_found() -> None:
    places, days = even(3)
    rng = np.random.default_rng(3)
    followed = rng.choice(300, 40, replace=False)
    places = np.concatenate([places, places[followed] + rng.uniform(-50, 50, (40, 2))])
    days = np.concatenate([days, days[followed] + rng.uniform(0, 5, 40)])
    found = knox(places, days, (100.0, 500.0), (7.0, 30.0))
    assert found.p[1, 0] <= 0.005
    assert found.ratio[1, 0] > 2.0
    assert found.p[2, 1] > 0.01


def test_a_null_has_even_chances() -> None:
    p = np.array([knox(*even(100 + seed), permutations=99).p[1, 0] for seed in range(80)])
    assert (p <= 0.05).mean() < 0.125  # 10 or more of 80 at 5%: p = 0.005
    assert 0.35 < p.mean() < 0.65


def test_places_hot_at_all_times_are_no_repeats() -> None:
    rng = np.random.default_rng(5)
    places = np.concatenate([rng.normal(0, 60, (150, 2)), rng.uniform(0, 2000, (150, 2))])
    assert knox(places, rng.uniform(0, 365, 300)).p[1, 0] > 0.05


def test_too_many_pairs_are_refused_with_their_number() -> None:
    places, days = np.zeros((50, 2)), np.arange(50.0)
    with pytest.raises(TooManyPairsError) as caught:
        knox(places, days, most_pairs=1000)
    assert caught.value.pairs == 50 * 49 // 2


def test_no_alerts() -> None:
    found = knox(np.zeros((0, 2)), np.zeros(0))
    assert not found.pairs.any()
    assert (found.ratio == 1.0).all()
