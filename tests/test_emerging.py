"""Hot spots through time: steps, trends, classes by their definitions, planted courses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from scipy.stats import kendalltau, norm

from geo.alert_grid import grid_over
from geo.emerging import CLASSES, classify, emerging_hot_spots, mann_kendall_z, steps_of
from optimizer.alert_rules_hot_spots import Emerging

CRS = "+proj=tmerc +lat_0=30 +lon_0=107 +datum=WGS84 +units=m"


def ends(days: np.ndarray) -> Any:
    return days[[0, -1]].astype("datetime64[D]")


def test_steps_that_the_log_does_not_cover_are_left_out() -> None:
    days = np.array(["2026-01-15", "2026-02-01", "2026-02-28", "2026-03-31", "2026-04-02"],
                    "datetime64[s]")  # fmt: skip
    starts, step = steps_of(days, "month", *ends(days))
    assert starts.astype(str).tolist() == ["2026-02-01", "2026-03-01"]
    assert step.tolist() == [-1, 0, 0, 1, -1]
    days = np.array(["2026-01-01", "2026-03-31"], "datetime64[s]")
    whole, _ = steps_of(days[1:], "quarter", *ends(days))
    assert whole.astype(str).tolist() == ["2026-01-01"]


def test_weeks_begin_on_monday() -> None:
    days = np.array(["2026-01-05", "2026-01-11", "2026-01-12", "2026-01-18"], "datetime64[s]")
    starts, step = steps_of(days, "week", *ends(days))
    assert starts.astype(str).tolist() == ["2026-01-05", "2026-01-12"]
    assert step.tolist() == [0, 0, 1, 1]
    assert len(steps_of(days, "month", *ends(days))[0]) == 0


def test_the_trend_by_hand_and_as_kendall() -> None:
    # 1 2 3 4 5: S = 10, variance 5 x 4 x 15 / 18 = 16.67, z = 9 / 4.08.
    rising = mann_kendall_z(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]))[0]
    assert rising == pytest.approx(9 / np.sqrt(50 / 3))
    rng = np.random.default_rng(1)
    series = rng.poisson(2.0, (50, 14)).astype(float)
    for row, z in zip(series, mann_kendall_z(series), strict=True):
        theirs = kendalltau(np.arange(14), row, method="asymptotic")
        s = _s(row)
        plain = norm.isf(theirs.pvalue / 2.0)  # without the correction for continuity
        if s:
            assert abs(z) == pytest.approx(plain * (abs(s) - 1) / abs(s), rel=1e-9)
            assert np.sign(z) == np.sign(theirs.statistic) or abs(s) == 1
    assert mann_kendall_z(np.ones((1, 9))).tolist() == [0.0]


def _s(row: np.ndarray) -> float:
    return float(sum(np.sign(row[j] - row[i]) for i in range(len(row)) for j in range(i + 1, 14)))


@pytest.mark.parametrize(
    ("hot", "trend", "kind"),
    [
        ("..........", 9.0, "none"),
        (".........#", 0.0, "new"),
        ("........##", 0.0, "consecutive"),
        ("..########", 9.0, "consecutive"),
        (".#########", 0.0, "persistent"),
        (".#########", 3.0, "intensifying"),
        ("##########", 0.0, "persistent"),
        ("##########", 3.0, "intensifying"),
        ("##########", -3.0, "fading"),
        ("##.####.##", 3.0, "sporadic"),
        ("#........#", 0.0, "sporadic"),
        ("#########.", 0.0, "fading"),
        ("######....", -3.0, "fading"),
        ("######....", 0.0, "past"),
        ("#......#..", 0.0, "sporadic"),
        ("#.........", -3.0, "past"),
    ],
)
def test_classes(hot: str, trend: float, kind: str) -> None:
    shape = np.array([[sign == "#" for sign in hot]])
    found = classify(shape, np.array([trend]), persistent_fraction=0.9, trend_z=1.96)
    assert CLASSES[found[0]] == kind


def test_planted_courses() -> None:
    grid = grid_over(shapely.box(0, 0, 2500, 2500), CRS, 100.0)
    rng = np.random.default_rng(3)
    steps = 12
    counts = rng.poisson(0.8, (steps, *grid.shape))
    more = np.arange(steps)
    counts[:, 3:6, 3:6] += 8
    counts[-1, 3:6, 15:18] += 9
    counts[:, 15:18, 3:6] += (4 + 2 * more)[:, None, None]
    counts[:4, 15:18, 15:18] += 9
    found = emerging_hot_spots(
        counts,
        np.arange(steps).astype("datetime64[M]").astype("datetime64[D]"),
        grid,
        band_m=150.0,
        scale="root",
        rules=Emerging(steps_counted=1),
        false_discovery_fraction=0.05,
        permutations=12_500,
        seed=1,
    )
    kind = found.kind.reshape(grid.shape)
    for at, name in (((4, 4), "persistent"), ((4, 16), "new"), ((16, 4), "intensifying"),
                     ((16, 16), "past")):  # fmt: skip
        assert CLASSES[kind[at]] == name, at
    assert found.counts.shape == (625, steps)
    assert (kind == CLASSES.index("none")).mean() > 0.85


def test_too_few_steps_are_refused() -> None:
    grid = grid_over(shapely.box(0, 0, 300, 300), CRS, 100.0)
    with pytest.raises(ValueError, match="3 steps"):
        emerging_hot_spots(
            np.zeros((3, *grid.shape), int), np.zeros(3, "datetime64[D]"), grid, band_m=150.0,
            scale="root", rules=Emerging(), false_discovery_fraction=0.05, permutations=99, seed=1,
        )  # fmt: skip
