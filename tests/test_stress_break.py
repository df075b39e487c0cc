"""Bisection finds planted breaking factors; the one-bundle case is Erlang's."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.frozen import BoolArray
from optimizer.policy import Policy
from optimizer.queueing import wait_exceeds
from optimizer.simulation import Setup
from optimizer.simulation_load import Load
from optimizer.simulation_measures import Ground
from optimizer.stress_break import Break, breaking, first_broken
from scenarios.fan_out import fan_out
from tests.stress_support import stressed_setup
from tests.test_simulation_queues import flat, inputs


@given(st.integers(2, 40), st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_first_broken_finds_planted_thresholds(size: int, planted: list[int]) -> None:
    tried: list[int] = []

    def evaluate(rows: tuple[int, ...]) -> dict[int, BoolArray]:
        tried.extend(rows)
        return {i: np.array([i >= p for p in planted]) for i in rows}

    found = first_broken(size, len(planted), evaluate)
    assert found.tolist() == [min(p, size) for p in planted]
    assert len(set(tried)) == len(tried)
    assert len(tried) <= 2 + len(planted) * int(np.ceil(np.log2(size)))


def test_where_chance_mends_a_break_the_later_factor_counts() -> None:
    broken = [False, False, True, False, True, True, True, True]
    found = first_broken(8, 1, lambda rows: {i: np.array([broken[i]]) for i in rows})
    assert broken[found[0]]
    assert all(broken[i] for i in range(int(found[0]), 8))


SERVICE = 40.0
STEPS = tuple(round(1.0 + 0.1 * i, 1) for i in range(21))


def one_bundle(crews: int, erlangs: float) -> Setup:
    """One station, exponential service, no travel: M/M/m."""
    model = flat([erlangs / SERVICE], [SERVICE], [1.0], exponential=True)
    side = inputs(crews)
    load = Load(
        unit_id="A",
        crews=float(crews),
        utilisation_fraction=erlangs / crews,
        crews_that_hold=1,
        officers_that_hold=3.5,
    )
    ground = Ground(
        groups=(("all", ""),),
        townships=("T",),
        bundles=("A",),
        township_of_cell=np.zeros(1, np.int64),
        bundle_of_cell=np.zeros(1, np.int64),
        standard_min=np.array([1e6]),
        categories=("k",),
        long_wait_min=5.0,
    )
    return Setup(
        model=model,
        today=side,
        plan=side,
        ground=ground,
        load_today=(load,),
        load_plan=(load,),
        days=56,
        warm_up_days=7,
        min_replications=2,
        max_replications=2,
        half_width_min=1.0,
        seed=11,
    )


def found_in(setup: Setup, factors: tuple[float, ...], workers: int = 1, n: int = 12) -> (
    tuple[Break, ...]
):  # fmt: skip
    shown: list[tuple[int, int]] = []
    made = breaking(
        setup,
        Policy(),
        factors,
        least_drop_fraction=0.05,
        replications=n,
        top_factor=factors[-1],
        fan=partial(fan_out, workers=workers),
        progress=lambda step, done, of: shown.append((done, of)),
    )
    assert shown == sorted(shown)
    assert shown[-1] == (1000, 1000)
    return made


@pytest.mark.parametrize(("crews", "erlangs"), [(2, 0.25), (3, 0.7)])
def test_the_breaking_factor_is_erlangs(crews: int, erlangs: float) -> None:
    chance = [float(wait_exceeds(crews, erlangs * f, SERVICE, 5.0)) for f in STEPS]
    planted = next(f for f, p in zip(STEPS, chance, strict=True) if p > 0.05)
    assert 1.2 < planted < 2.8
    [one] = found_in(one_bundle(crews, erlangs), STEPS)
    assert one.factor == pytest.approx(planted, abs=0.1 + 1e-9)
    assert one.factor_today == one.factor
    assert one.reasons == ("waits",)
    assert one.more_crews == 1
    assert one.more_officers == pytest.approx(3.5)
    assert one.within_fraction == 1.0
    assert not one.misses_undisturbed


def test_busy_crews_break_even_if_nothing_else_does() -> None:
    """One always-same job after the other: hardly a wait counts as long, yet no time is left."""
    setup = one_bundle(1, 0.5)
    setup = replace(setup, ground=replace(setup.ground, long_wait_min=1e9))
    [one] = found_in(setup, (1.0, 1.5, 1.9, 2.0, 2.1), n=2)
    assert one.factor == 2.0
    assert one.reasons == ("busy",)
    assert one.more_crews == 1


def test_what_never_breaks_is_last_and_has_no_reason() -> None:
    setup = stressed_setup(crews_today=9, crews_plan=9, alerts_per_cell=50.0)
    found = found_in(replace(setup, days=7), (1.0, 1.2), n=2)
    assert {one.factor for one in found} == {np.inf}
    assert {one.more_crews for one in found} == {0}
    assert {one.reasons for one in found} == {()}
    assert [one.centre_id for one in found] == sorted(s for s in setup.plan.unit_id)


def test_ranking_does_not_depend_on_workers() -> None:
    setup = stressed_setup(("s02", "s03"), crews_today=1, crews_plan=1, alerts_per_cell=900.0)
    factors = (1.0, 1.5, 2.0, 3.0, 4.0)
    one, two = (found_in(setup, factors, workers=w, n=3) for w in (1, 2))
    assert one == two
    assert [b.factor for b in one] == sorted(b.factor for b in one)
    assert one[0].centre_id == "s02"  # twice the alerts for one crew
    assert one[0].stations == 2
    assert one[0].factor < one[0].factor_today
