"""The frontier of a county: against every bundling, against the judge, and its marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from optimizer import frontier as module
from optimizer.columns import Columns, priced_columns
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.evaluation import evaluate
from optimizer.frontier import Frontier, FrontierPlan, frontier, place, third_value
from optimizer.plan import Bundle, Plan
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.workload import assess, demand_of
from tests.toy import toy_county

SEEDS = range(25)


def county_of(seed: int) -> County:
    return toy_county(n_stations=6, grid_width=3, cells_per_station=2, seed=seed)


def policy_of(**bundling: object) -> Policy:
    return Policy.model_validate(
        {"bundling": {"rural_only": False, **bundling}, "response": {"rural_min": 40}}
    )


def every_bundling(columns: Columns, stations: int) -> Iterator[list[int]]:
    """All ways to put every station into one column."""
    inside = [frozenset(m[m >= 0].tolist()) for m in columns.members]

    def grow(taken: list[int], covered: frozenset[int]) -> Iterator[list[int]]:
        left = [s for s in range(stations) if s not in covered]
        if not left:
            yield taken
            return
        for column, members in enumerate(inside):
            if left[0] in members and not members & covered:
                yield from grow([*taken, column], covered | members)

    yield from grow([], frozenset())


def sums_of(county: County, policy: Policy) -> list[tuple[float, float, int, int]]:
    """Officers freed, alert-minutes a year, centres and heaviest bundle of every bundling."""
    columns = priced_columns(county, policy)
    known = assess(county, policy, demand_of(county, policy), columns.host, columns.members)
    lone = {int(columns.host[i]): i for i in np.flatnonzero(columns.size == 1)}
    today_min = sum(known.alert_min_per_year[i] for i in lone.values())
    today_officers = sum(known.officers[i] for i in lone.values())
    found = []
    for chosen in every_bundling(columns, len(county.stations)):
        joint = [i for i in chosen if columns.size[i] > 1]
        heaviest = max((known.officers[i] for i in joint), default=0.0)
        found.append(
            (
                float(today_officers - known.officers[chosen].sum()),
                float(known.alert_min_per_year[chosen].sum() - today_min),
                len(joint),
                int(np.ceil(heaviest - 1e-9)),
            )
        )
    return found


def unbettered(points: set[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """First aim large, all others small; rounded, so that equal means equal."""
    return sorted(
        p
        for p in points
        if not any(
            o != p and o[0] >= p[0] and all(a <= b for a, b in zip(o[1:], p[1:], strict=True))
            for o in points
        )
    )


def rounded(freed: float, extra_min: float) -> tuple[float, float]:
    return (round(freed, 4), round(extra_min, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_frontier_is_that_of_every_bundling(seed: int) -> None:
    county, policy = county_of(seed), policy_of()
    found = frontier(county, policy)
    every = {rounded(f, m) for f, m, _, _ in sums_of(county, policy)}
    assert found.status is Status.OPTIMAL
    assert [
        rounded(p.officers_freed, p.extra_alert_min_per_year) for p in found.points
    ] == unbettered({*every})
    assert [p.number for p in found.points] == [*range(1, len(found.points) + 1)]
    assert all(p.gap_min_per_alert == 0.0 for p in found.points)
    assert found.most_freed_officers == pytest.approx(max(f for f, _ in every), abs=1e-4)


@pytest.mark.parametrize("third", ["centres", "imbalance"])
@pytest.mark.parametrize("seed", range(8))
def test_three_aims_against_every_bundling(seed: int, third: module.Third) -> None:
    county, policy = county_of(seed), policy_of()
    found = frontier(county, policy, third=third)
    at = 2 if third == "centres" else 3
    every = {(*rounded(s[0], s[1]), float(s[at])) for s in sums_of(county, policy)}
    assert [
        (*rounded(p.officers_freed, p.extra_alert_min_per_year), float(third_value(p, third)))
        for p in found.points
    ] == sorted(unbettered({*every}), key=lambda p: (p[0], p[1]))
    assert found.status is Status.OPTIMAL


def test_points_say_what_the_judge_says() -> None:
    county, policy = county_of(3), policy_of()
    found = frontier(county, policy)
    assert len(found.points) > 2
    for point in found.points:
        score = evaluate(county, policy, Plan(bundles=point.bundles))
        assert point.officers_freed == pytest.approx(score.officers_freed, abs=1e-6)
        extra = sum(b.extra_alert_min_per_year for b in score.bundles)
        assert point.extra_alert_min_per_year == pytest.approx(extra, abs=0.01)
        assert point.extra_min_per_alert == pytest.approx(extra / score.alerts_per_year, abs=1e-6)
        assert (point.centres, point.stations_bundled) == (score.centres, score.stations_bundled)
        heaviest = max((b.officers_required for b in score.bundles if len(b.station_ids) > 1),
                       default=0.0)  # fmt: skip
        assert point.heaviest_officers == pytest.approx(heaviest)


def test_counts_are_left_free_unless_held() -> None:
    county = county_of(3)
    policy = policy_of(centres=1, min_officers_freed=1.0)
    free = frontier(county, policy)
    assert free.left_free == ("bundling.centres", "bundling.min_officers_freed")
    assert free.points == frontier(county, policy_of()).points
    held = frontier(county, policy, keep_counts=True)
    assert held.left_free == ()
    assert {p.centres for p in held.points} == {1}
    expected = {rounded(f, m) for f, m, n, _ in sums_of(county, policy_of()) if n == 1 and f >= 1.0}
    assert [
        rounded(p.officers_freed, p.extra_alert_min_per_year) for p in held.points
    ] == unbettered({*expected})


def test_no_bundling_at_all_is_infeasible_and_bad_locks_are_refused() -> None:
    county = county_of(3)
    none = frontier(county, policy_of(centres=3, stations_bundled=5), keep_counts=True)
    assert (none.status, none.points, none.knee) == (Status.INFEASIBLE, (), None)
    with pytest.raises(InputError):
        frontier(county, policy_of(locks={"keep": ["nowhere"]}))


def point(number: int, freed: float, minutes: float, **more: object) -> FrontierPlan:
    bundles = (Bundle(centre_id="a", station_ids=("a",)),)
    plain = FrontierPlan(
        number=number, bundles=bundles, officers_freed=freed,
        extra_alert_min_per_year=100 * minutes, extra_min_per_alert=minutes, centres=0,
        stations_bundled=0, heaviest_officers=0.0, gap_min_per_alert=0.0,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def of(*points: FrontierPlan) -> Frontier:
    return Frontier(
        points=points, status=Status.OPTIMAL, most_freed_officers=10.0, alerts_per_year=100.0,
        third=None, left_free=(), solves=0,
    )  # fmt: skip


def test_a_plan_is_placed_by_what_it_gives_away() -> None:
    """By hand: at (5, 2) the frontier frees 6 with 1.5 min, and 4 with 1: 1 officer, 0.5 min."""
    found = of(point(1, 0, 0), point(2, 4, 1.0), point(3, 6, 1.5), point(4, 10, 4.0))
    inside = place(found, 5.0, 2.0)
    assert (inside.officers_given_away, inside.min_given_away) == (1.0, 0.5)
    on_it = place(found, 6.0, 1.5)
    assert (on_it.officers_given_away, on_it.min_given_away) == (0.0, 0.0)
    beyond = place(found, 8.0, 1.5)
    assert (beyond.officers_given_away, beyond.min_given_away) == (-2.0, -2.5)
    assert place(found, 11.0, 9.0).min_given_away is None
    assert place(found, 0.0, -1.0).officers_given_away is None


def test_the_knee_lies_farthest_below_the_line() -> None:
    """By hand: (6, 1) is 0.6 - 0.1 below the line from (0, 0) to (10, 10), (8, 5) only 0.3."""
    plans = [point(0, 10, 10), point(0, 6, 1), point(0, 8, 5), point(0, 0, 0)]
    numbered = module._numbered(plans, with_knee=True)
    assert [(p.number, p.officers_freed, p.is_knee) for p in numbered] == [
        (1, 0, False), (2, 6, True), (3, 8, False), (4, 10, False),
    ]  # fmt: skip
    straight = module._numbered([point(0, 0, 0), point(0, 5, 5), point(0, 9, 9)], with_knee=True)
    assert not any(p.is_knee for p in straight)


def test_the_rounding_of_a_point_is_not_beyond_the_frontier() -> None:
    """100 alerts, one station: minutes were rounded by up to half a thousandth in 100."""
    found = of(point(1, 0, 0), point(2, 4, 1.0))
    rounded = place(found, 4.0 + 1e-9, 1.0 - 4e-6)
    assert (rounded.officers_given_away, rounded.min_given_away) == (0.0, 0.0)
    beyond = place(found, 4.0, 1.0 - 4e-5)
    assert beyond.officers_given_away == -4.0
    assert beyond.min_given_away == pytest.approx(-4e-5)
