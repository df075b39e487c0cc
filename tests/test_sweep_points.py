"""Points of a sweep: grids, samples, years, and what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from optimizer.errors import InputError
from scenarios.sweep_points import Design, parse_design


def design(*grids: str, samples: int | None = None, years: int = 0, seed: int = 0) -> Design:
    return parse_design(grids, samples=samples, years=years, seed=seed)


def values(*grids: str) -> list[tuple[str, ...]]:
    return [p.values for p in design(*grids).points()]


def problems(*grids: str, samples: int | None = None, years: int = 0) -> list[str]:
    with pytest.raises(InputError) as caught:
        design(*grids, samples=samples, years=years)
    return [p.text() for p in caught.value.problems]


def test_a_range_holds_both_ends() -> None:
    assert values("policy.response.rural_min=15:30:5") == [("15",), ("20",), ("25",), ("30",)]


def test_steps_add_up_in_decimals() -> None:
    assert values("a.b=0.1:0.5:0.1") == [("0.1",), ("0.2",), ("0.3",), ("0.4",), ("0.5",)]
    assert values("a.b=-1:1:1") == [("-1",), ("0",), ("1",)]
    assert values("a.b=1e2:3e2:1e2") == [("100",), ("200",), ("300",)]


def test_a_last_step_that_does_not_fit_is_left_out() -> None:
    assert values("a.b=1:6:2") == [("1",), ("3",), ("5",)]


def test_lists_keep_brackets_whole() -> None:
    assert values("a.b=[01, 02],[03],no") == [("[01, 02]",), ("[03]",), ("no",)]


def test_a_grid_is_every_combination_the_last_key_fastest() -> None:
    assert values("a.b=1,2", "c.d=x,y,z") == list(product(("1", "2"), ("x", "y", "z")))


def test_a_huge_grid_is_counted_not_built() -> None:
    wide = design("a.b=0:1:0.000001", "c.d=1:1000:1")
    assert len(wide) == 1_000_001 * 1000
    assert wide.points()[len(wide) - 1].values == ("1", "1000")


def test_a_hypercube_hits_each_stratum_once() -> None:
    cube = design("a.b=0:1", "c.d=10:20", samples=40, seed=3)
    for column, low, wide in ((0, 0.0, 1.0), (1, 10.0, 10.0)):
        drawn = np.array([float(p.values[column]) for p in cube.points()])
        strata = np.floor((drawn - low) / wide * 40 - 1e-9).clip(0)
        assert sorted(strata.tolist()) == list(range(40))


def test_listed_values_are_sampled_equally_often() -> None:
    drawn = [p.values[0] for p in design("a.b=x,y,z,w", samples=40).points()]
    assert {v: drawn.count(v) for v in "xyzw"} == dict.fromkeys("xyzw", 10)


def test_the_seed_decides_the_samples() -> None:
    def at(seed: int) -> list[tuple[str, ...]]:
        return [p.values for p in design("a.b=0:1", samples=5, seed=seed).points()]

    assert at(1) == at(1) != at(2)


def test_combinations_share_years_and_samples_do_not() -> None:
    grid = design("a.b=1,2", years=3)
    assert [(p.values[0], p.year) for p in grid.points()] == [
        ("1", 0), ("1", 1), ("1", 2), ("2", 0), ("2", 1), ("2", 2),
    ]  # fmt: skip
    drawn = [p.year for p in design("a.b=1,2", samples=4, years=2).points()]
    assert len(set(drawn)) == 8
    assert [p.year for p in design("a.b=1,2").points()] == [None, None]
    assert [p.year for p in design(years=3).points()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ("a.b", "key=values"),
        ("=1,2", "key=values"),
        ("a.b=1,,2", "each once"),
        ("a.b=1,1", "each once"),
        ("a.b=1:5", "takes steps"),
        ("a.b=5:1:1", "first below last"),
        ("a.b=1:5:0", "first below last"),
        ("a.b=1:5:-1", "first below last"),
    ],
)
def test_bad_grids_are_named(grid: str, said: str) -> None:
    assert said in problems(grid)[0]


def test_every_problem_at_once() -> None:
    assert len(problems("a.b", "c.d=1:5", "e.f=1,2", "e.f=3")) == 3


def test_something_must_vary() -> None:
    assert "something that varies" in problems()[0]
    assert "keys to draw" in problems(samples=5, years=1)[0]
    assert "at the most" in problems("a.b=1,2", samples=2_000_000)[0]
