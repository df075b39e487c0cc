"""A planted effect is found within its interval, a planted return to the usual is none."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from scenarios.review_effects import BLOCKS_PER_YEAR, Effect, Panel, effect

DRAWS = 40


def world(
    seed: int,
    planted: float = 0.0,
    *,
    chosen_when_bad: bool = False,
    years_before: int = 3,
    stations: int = 24,
    bundled: int = 14,
    drift: float = 0.0,
) -> Panel:
    """Stations with years of their own; `planted` changes the bundled ones after the rollout."""
    rng = np.random.default_rng(seed)
    block = np.arange(-years_before * BLOCKS_PER_YEAR, BLOCKS_PER_YEAR)
    usual = rng.lognormal(np.log(80.0), 0.5, stations)
    season = 1.0 + 0.2 * np.sin(2 * np.pi * block / BLOCKS_PER_YEAR)
    year = block // BLOCKS_PER_YEAR + years_before
    years = np.exp(rng.normal(0.0, 0.12, (stations, years_before + 1)))
    mean = usual[:, None] * season * years[:, year]
    seen = rng.poisson(mean)
    order = rng.permutation(stations)
    if chosen_when_bad:
        last = (block < 0) & (block >= -BLOCKS_PER_YEAR)
        order = np.argsort(-seen[:, last].sum(axis=1) / usual)
    is_bundled = np.zeros(stations, bool)
    is_bundled[order[:bundled]] = True
    times = np.where(is_bundled[:, None], (1.0 + planted) ** (block >= 0), 1.0)
    times = times * np.where(is_bundled[:, None], np.exp(drift * block / BLOCKS_PER_YEAR), 1.0)
    seen = np.where((block >= 0) | (drift != 0.0), rng.poisson(mean * times), seen)
    return Panel(block=block, alerts=seen.astype(float), is_bundled=is_bundled)


def effects(planted: float = 0.0, **more: object) -> list[Effect]:
    return [effect(world(seed, planted, **more)) for seed in range(DRAWS)]  # type: ignore[arg-type]


def covered(found: list[Effect], which: str, truth: float) -> int:
    changes = [getattr(e, which) for e in found]
    return sum(c is not None and c.low_fraction <= truth <= c.high_fraction for c in changes)


def test_a_fifth_fewer_is_found_within_its_interval() -> None:
    found = effects(-0.2)
    # 95% intervals: fewer than 34 of 40 is a chance below 1 in 500.
    assert covered(found, "against_controls", -0.2) >= 34
    assert covered(found, "against_earlier", -0.2) >= 34
    verdicts = Counter(e.verdict for e in found)
    assert verdicts["fewer"] >= 28
    assert verdicts["more"] == 0


def test_no_effect_is_hardly_ever_called_one() -> None:
    found = effects(0.0)
    assert covered(found, "against_controls", 0.0) >= 34
    assert sum(e.verdict in ("fewer", "more") for e in found) <= 4


def test_stations_chosen_in_a_bad_year_fall_back_and_that_is_no_effect() -> None:
    found = effects(0.0, chosen_when_bad=True)
    # The trap is real: plain numbers fall ...
    assert np.mean([e.observed_fraction for e in found]) < -0.015
    naive = [e.against_controls for e in found if e.against_controls is not None]
    assert np.mean([c.fraction for c in naive]) < -0.03
    # ... the years before the choice do not.
    assert covered(found, "against_earlier", 0.0) >= 34
    assert sum(e.verdict == "fewer" for e in found) <= 4
    assert sum("chosen in a bad year" in e.reasons for e in found) >= 30


def test_a_true_effect_survives_a_bad_year_of_choice() -> None:
    found = effects(-0.2, chosen_when_bad=True)
    assert covered(found, "against_earlier", -0.2) >= 34
    assert sum(e.verdict == "fewer" for e in found) >= 15


def test_with_one_year_before_nothing_is_called_an_effect() -> None:
    found = effects(0.0, chosen_when_bad=True, years_before=1)
    naive = [e.against_controls for e in found if e.against_controls is not None]
    assert sum(c.high_fraction < 0 for c in naive) >= 20, "plain differences are fooled"
    assert {e.verdict for e in found} <= {"cannot tell", "none shown"}
    assert all("no earlier year" in e.reasons for e in found)


def test_stations_that_drifted_apart_before_are_not_an_effect() -> None:
    found = effects(0.0, drift=-0.25, years_before=4)
    assert sum("trends differ" in e.reasons for e in found) >= 30
    assert sum(e.verdict == "fewer" for e in found) <= 8


def test_a_step_without_controls_in_a_calm_series() -> None:
    rng = np.random.default_rng(3)
    block = np.arange(-39, 13)
    mean = 4000.0 * (1 + 0.2 * np.sin(2 * np.pi * block / 13)) * np.where(block >= 0, 0.8, 1.0)
    alerts = np.tile(rng.poisson(mean / 10), (10, 1)).astype(float)
    found = effect(Panel(block=block, alerts=alerts, is_bundled=np.arange(10) < 5))
    assert found.series is not None
    assert found.series.low_fraction <= -0.2 <= found.series.high_fraction
    assert found.series.high_fraction < -0.1
    # Controls fell alike: no effect of the rollout.
    assert found.verdict == "none shown"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bundled": 2}, "few stations"),
        ({"bundled": 22}, "few stations"),
    ],
)
def test_too_few_stations(change: dict[str, int], reason: str) -> None:
    found = effect(world(1, -0.5, **change))  # type: ignore[arg-type]
    assert found.verdict == "cannot tell"
    assert found.against_controls is None
    assert reason in found.reasons
    assert found.observed_fraction < -0.3


def test_too_few_alerts_and_too_short() -> None:
    panel = world(1)
    few = Panel(block=panel.block, alerts=panel.alerts * 0, is_bundled=panel.is_bundled)
    found = effect(few)
    assert found.verdict == "cannot tell"
    assert "few alerts" in found.reasons
    assert np.isnan(found.observed_fraction)
    near = panel.block < 2
    short = Panel(
        block=panel.block[near], alerts=panel.alerts[:, near], is_bundled=panel.is_bundled
    )
    assert "short" in effect(short).reasons


def test_the_difference_by_hand() -> None:
    """Two periods of equal length and large counts: the ratio of ratios."""
    block = np.array([-3, -2, -1, 0, 1, 2])
    before, after = 10_000.0, 8_000.0
    alerts = np.full((8, 6), before)
    alerts[:4, 3:] = after
    found = effect(Panel(block=block, alerts=alerts, is_bundled=np.arange(8) < 4))
    assert found.against_controls is not None
    assert found.against_controls.fraction == pytest.approx(-0.2, abs=1e-4)
    assert found.observed_fraction == pytest.approx(-0.2)
