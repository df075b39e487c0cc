"""Patrol routes: by hand, against brute force, and as the judge drives them."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.patrol_exact import exact_routes
from optimizer.patrol_listing import all_routes
from optimizer.patrol_plan import NO_WAY, PatrolTask, Routes
from optimizer.patrol_rules import judge
from optimizer.patrol_sets import shared_routes
from optimizer.patrol_tours import proven_routes
from optimizer.patrols import (
    arrival_entropy_bits,
    arrival_order,
    mean_overlap_fraction,
    overlap_fraction,
    places_of,
    plan_patrols,
    variants,
)
from scenarios.patrols_task import pace_of


def line(at_min: list[int], *, vehicles: int = 1, shift_min: int = 480) -> PatrolTask:
    """Visits of 10 minutes on a straight road through the centre at 0."""
    places = np.array([0, *at_min])
    n = len(at_min)
    return PatrolTask(
        names=tuple("abcdefghijklmnop"[:n]),
        travel_s=abs(places[:, None] - places[None, :]) * 60,
        stay_s=np.full(n, 600),
        opens_s=np.zeros(n, int),
        closes_s=np.full(n, shift_min * 60),
        vehicles=vehicles,
        shift_s=shift_min * 60,
    )


def changed(task: PatrolTask, **values: object) -> PatrolTask:
    fields = {name: getattr(task, name) for name in PatrolTask.__dataclass_fields__}
    return PatrolTask(**{**fields, **values})


def brute(task: PatrolTask) -> tuple[int, int]:
    """Best price over all orders with separators between vehicles, by the judge alone."""
    best = None
    marks = list(range(task.visits)) + [-1 - v for v in range(task.vehicles)]
    for order in set(permutations(marks)):
        parts: list[list[int]] = [[]]
        for one in order:
            if one >= 0:
                parts[-1].append(one)
            else:
                parts.append([])
        routes = tuple(tuple(p) for p in parts[: task.vehicles])
        seen = judge(task, routes)
        if not seen.broken:
            price = seen.missed_s, seen.drive_s
            best = price if best is None else min(best, price)
    assert best is not None
    return best


def test_line_by_hand() -> None:
    # Out to 30 on one side and 20 on the other and back: 100 minutes of driving.
    result = plan_patrols(line([10, 30, -20]))
    assert (result.missed_s, result.drive_s) == (0, 100 * 60)
    assert result.is_optimal
    assert result.gap_fraction == 0.0


def test_what_does_not_fit_the_shift_is_missed() -> None:
    # 100 minutes of driving and 30 of presence fit 130 minutes; one less and -20 goes unseen.
    assert plan_patrols(line([10, 30, -20], shift_min=130)).missed_s == 0
    short = plan_patrols(line([10, 30, -20], shift_min=129))
    assert short.missed_s == 600
    assert short.is_optimal


def test_two_vehicles_share_what_one_cannot_do() -> None:
    one = line([30, -30], shift_min=80)
    assert plan_patrols(one).missed_s == 600
    two = plan_patrols(changed(one, vehicles=2))
    assert two.routes == ((0,), (1,))
    assert (two.missed_s, two.drive_s) == (0, 120 * 60)


def test_windows_set_the_order() -> None:
    task = changed(line([10, 20]), opens_s=np.array([7200, 0]), closes_s=np.array([9000, 3600]))
    result = plan_patrols(task)
    assert result.routes == ((1, 0),)
    seen = judge(task, result.routes)
    assert [(c.arrives_s, c.begins_s) for c in seen.calls] == [(1200, 1200), (2400, 7200)]
    # From minute 40 to 120 the vehicle waits at a and is seen there, then stays its 10 minutes.
    assert [(c.waits_s, c.present_s) for c in seen.calls] == [(0, 600), (4800, 5400)]
    assert seen.waits_s == 4800


def test_waiting_never_stands_in_for_presence_in_the_window() -> None:
    # There from minute 10 on, but the window of 9 minutes holds no stay of 10.
    task = changed(line([10]), opens_s=np.array([3600]), closes_s=np.array([4140]))
    result = plan_patrols(task)
    assert result.missed_s == 600
    assert result.is_optimal
    seen = judge(task, ((0,),))
    assert seen.waits_s == 3000
    assert [(b.rule, b.over) for b in seen.broken] == [("window", 60)]


def test_no_way_is_missed() -> None:
    task = line([10, 20])
    travel = task.travel_s.copy()
    travel[:, 2] = NO_WAY
    result = plan_patrols(changed(task, travel_s=travel))
    assert result.routes == ((0,),)
    assert result.missed_s == 600


def test_judge_names_each_rule() -> None:
    task = line([10, 20], shift_min=60)

    def rules(routes: Routes, of: PatrolTask = task) -> list[tuple[str, int]]:
        return [(b.rule, b.over) for b in judge(of, routes).broken]

    assert rules(((0, 1),)) == []
    assert rules(((0,), (1,))) == [("vehicles", 1)]
    assert rules(((0, 0),)) == [("visited_once", 1)]
    assert rules(((0, 1),), changed(task, shift_s=3540)) == [("shift", 60)]
    late = changed(task, closes_s=np.array([1100, 3600]))
    assert rules(((0, 1),), late) == [("window", 100)]
    travel = task.travel_s.copy()
    travel[1, 2] = NO_WAY
    assert ("road", 1) in rules(((0, 1),), changed(task, travel_s=travel))


def stepped(task: PatrolTask, route: tuple[int, ...]) -> tuple[set[int], int]:
    """One vehicle second by second: visits left after their windows, and when it is back."""
    late: set[int] = set()
    here, second = 0, 0
    for visit in (*route, -1):
        for _driving in range(int(task.travel_s[here, visit + 1])):
            second += 1
        here = visit + 1
        if visit >= 0:
            seen = 0
            while seen < task.stay_s[visit]:
                seen += second >= task.opens_s[visit]
                second += 1
            if second > task.closes_s[visit]:
                late.add(visit)
    return late, second


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_judge_drives_as_a_clock_that_ticks(data: st.DataObject) -> None:
    """Any routes at all, also those that break rules."""
    task = data.draw(tasks(4))
    visits = st.lists(st.integers(0, task.visits - 1), min_size=1, max_size=3)
    routes = tuple(map(tuple, data.draw(st.lists(visits, max_size=3))))
    seen = judge(task, routes)
    expected = set()
    for vehicle, route in enumerate(routes):
        late, back = stepped(task, route)
        assert seen.back_s[vehicle] == back
        expected |= {("window", vehicle, v) for v in late}
        if back > task.shift_s:
            expected.add(("shift", vehicle, -1))
    times = [sum(route.count(v) for route in routes) for v in range(task.visits)]
    expected |= {("visited_once", -1, v) for v, n in enumerate(times) if n > 1}
    if len(routes) > task.vehicles:
        expected.add(("vehicles", -1, -1))
    assert {(b.rule, b.vehicle, b.visit) for b in seen.broken} == expected
    assert seen.missed == tuple(v for v, n in enumerate(times) if not n)
    assert seen.missed_s == sum(int(task.stay_s[v]) for v in seen.missed)


def night_s(rng: np.random.Generator, work: float, per_min: float, service: float) -> float:
    """Minutes until so much patrol is done, alerts drawn at random answered as they come."""
    clock, alert = 0.0, rng.exponential(1.0 / per_min)
    while alert < clock + work:
        work -= max(alert - clock, 0.0)
        clock = max(alert, clock) + service
        alert += rng.exponential(1.0 / per_min)
    return clock + work


def test_alerts_stretch_patrol_by_their_load() -> None:
    """Two alerts of an hour in eight take 120 of 480 minutes: 90 of patrol take 120 by the clock.

    W minutes of work that Poisson alerts of rate r and length s interrupt take W / (1 - r s) on
    average, the delay cycle of Conway, Maxwell and Miller (1967), with variance
    r s^2 W / (1 - r s)^3, here 3200.
    """
    assert pace_of(480, 2 * 60) == pytest.approx(4 / 3)
    assert 90 * pace_of(480, 2 * 60) == pytest.approx(120)
    rng = np.random.default_rng(7)
    nights = [night_s(rng, 90.0, 2 / 480, 60.0) for _night in range(4000)]
    assert np.mean(nights) == pytest.approx(120.0, abs=3 * 3200**0.5 / 4000**0.5)
    assert np.var(nights) == pytest.approx(3200.0, rel=0.12)


@st.composite
def tasks(draw: st.DrawFn, most: int = 5) -> PatrolTask:
    n = draw(st.integers(1, most))
    vehicles = draw(st.integers(1, 2))
    numbers = st.integers(1, 30)
    table = draw(st.lists(numbers, min_size=(n + 1) ** 2, max_size=(n + 1) ** 2))
    opens = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    width = draw(st.lists(st.integers(1, 90), min_size=n, max_size=n))
    stay = draw(st.lists(st.integers(1, 20), min_size=n, max_size=n))
    travel = np.array(table).reshape(n + 1, n + 1)
    np.fill_diagonal(travel, 0)
    return PatrolTask(
        names=tuple(str(i) for i in range(n)),
        travel_s=travel,
        stay_s=np.array(stay),
        opens_s=np.array(opens),
        closes_s=np.array(opens) + np.array(width),
        vehicles=vehicles,
        shift_s=draw(st.integers(40, 160)),
    )


@settings(max_examples=30, deadline=None)
@given(tasks(4))
def test_every_method_meets_brute_force(task: PatrolTask) -> None:
    best = brute(task)
    for labels in (10_000, 0):
        result = plan_patrols(task, most_labels=labels, rounds=5)
        seen = judge(task, result.routes)
        assert seen.broken == ()
        assert (seen.missed_s, seen.drive_s) == (result.missed_s, result.drive_s) == best
        assert result.is_optimal
    shared = shared_routes(task)
    assert shared is not None
    seen = judge(task, shared)
    assert seen.broken == ()
    assert (seen.missed_s, seen.drive_s) == best


@settings(max_examples=15, deadline=None)
@given(tasks(7), st.integers(0, 3))
def test_bounds_hold_with_little_effort(task: PatrolTask, seed: int) -> None:
    best = plan_patrols(task, rounds=20)
    assert best.is_optimal
    start: Routes = ()
    found = proven_routes(task, start, effort=0.001, seed=seed)
    seen = judge(task, found.routes)
    assert seen.broken == ()
    assert found.missed_bound_s <= best.missed_s <= seen.missed_s
    if seen.missed_s == best.missed_s:
        assert found.drive_bound_s <= best.drive_s <= seen.drive_s


@settings(max_examples=40, deadline=None)
@given(tasks(6), st.integers(0, 60), st.integers(0, 60))
def test_a_plan_already_known_only_saves_labels(task: PatrolTask, missed: int, drive: int) -> None:
    """Plans that are no better than the best never bar the way to it."""
    task = changed(task, vehicles=1)
    best = exact_routes(task, 100_000)
    assert best is not None
    seen = judge(task, best)
    known = seen.missed_s + missed, seen.drive_s + drive
    again = exact_routes(task, 100_000, known)
    assert again is not None
    assert judge(task, again).drive_s == seen.drive_s
    assert judge(task, again).missed_s == seen.missed_s


def test_a_place_one_never_comes_back_from() -> None:
    # From a there is a way home by b only, and b's window is over before anyone is there.
    travel = np.array([[0, 60, 60], [NO_WAY, 0, 60], [60, 60, 0]])
    task = changed(line([1, 1]), travel_s=travel, closes_s=np.array([9000, 600]))
    result = plan_patrols(task, most_labels=0)
    assert result.routes == ()
    assert result.is_optimal
    assert result.missed_s == 1200


def test_what_cp_sat_gives_up_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two halves, two vehicles, more presence wanted than there is time for."""
    rng = np.random.default_rng(5)
    task = changed(
        line(rng.integers(-40, 40, 9).tolist(), vehicles=2, shift_min=100),
        stay_s=rng.integers(600, 2400, 9),
    )
    monkeypatch.setattr("optimizer.patrols.FIRST_EFFORT", 1e-6)
    shared = plan_patrols(task, rounds=8)
    assert shared.exact
    assert shared.is_optimal
    monkeypatch.undo()
    solved = plan_patrols(task, rounds=8)
    assert not solved.exact
    assert solved.is_optimal
    assert (shared.missed_s, shared.drive_s) == (solved.missed_s, solved.drive_s)


def test_no_effort_proves_nothing() -> None:
    result = plan_patrols(line([10, 20], shift_min=30), most_labels=0, effort=0.0)
    assert result.missed_s == 600
    assert (result.missed_bound_s, result.drive_bound_s) == (0, None)
    assert not result.is_optimal
    assert result.gap_fraction is None


def test_time_that_is_short_is_proven() -> None:
    # 4 visits of 10 minutes at the centre's door, 25 minutes: two of them fit.
    result = plan_patrols(line([0, 0, 0, 0], shift_min=25), most_labels=0)
    assert result.missed_s == result.missed_bound_s == 20 * 60


def twenty() -> PatrolTask:
    """Twenty visits of five minutes on a plane, two vehicles."""
    rng = np.random.default_rng(4)
    xy = rng.uniform(0, 20, (21, 2))
    km = np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1))
    n = 20
    return PatrolTask(
        names=tuple(str(i) for i in range(n)),
        travel_s=np.rint(km * 60).astype(int),
        stay_s=np.full(n, 300),
        opens_s=np.zeros(n, int),
        closes_s=np.full(n, 28800),
        vehicles=2,
        shift_s=28800,
    )


def test_twenty_visits_are_proven() -> None:
    result = plan_patrols(twenty(), rounds=50)
    assert not result.exact
    assert judge(twenty(), result.routes).broken == ()
    assert result.missed_s == 0
    assert result.is_optimal


def test_same_task_same_routes() -> None:
    made = [plan_patrols(twenty(), rounds=20, effort=0.05) for _again in range(2)]
    assert made[0] == made[1]


def test_variants_are_as_good_and_unlike() -> None:
    task = line([10, 10, 20, 20, -15, -15])
    best = plan_patrols(task)
    made = variants(task, best, 4, within_fraction=0.05, seed=1, rounds=200)
    assert len(made) == len(set(made)) == 4
    assert made[0] == best.routes
    for routes in made:
        seen = judge(task, routes)
        assert seen.broken == ()
        assert seen.missed_s == 0
        assert seen.drive_s <= best.drive_s * 1.05
    overlap = mean_overlap_fraction(made)
    assert overlap is not None
    assert overlap < 0.6
    assert variants(task, best, 4, within_fraction=0.05, seed=1, rounds=200) == made


def brute_plans(task: PatrolTask, missed_s: int, drive_s: float) -> set[Routes]:
    """Every plan as good as that, by the judge alone; vehicles in order of their first visits."""
    found = set()
    marks = [*range(task.visits), -1]
    for order in permutations(marks):
        cut = order.index(-1)
        for parts in ((order[:cut], order[cut + 1 :]), (order[:cut], ())):
            for first in range(len(parts[0]) + 1):
                routes = tuple(sorted(r for r in (parts[0][:first], parts[1]) if r))
                seen = judge(task, routes)
                if not seen.broken and seen.missed_s <= missed_s and seen.drive_s <= drive_s:
                    found.add(routes)
    return found


@settings(max_examples=30, deadline=None)
@given(tasks(4), st.floats(0.0, 0.5), st.integers(2, 6))
def test_no_order_of_arrival_comes_twice(task: PatrolTask, within: float, count: int) -> None:
    best = plan_patrols(task, rounds=5)
    most_s = best.drive_s * (1.0 + within)
    every = brute_plans(task, best.missed_s, most_s)
    listed = all_routes(task, best.missed_s, most_s, 10_000)
    assert listed is not None
    assert set(listed) == every
    made = variants(task, best, count, within_fraction=within, seed=0)
    assert set(made) <= every
    orders = {arrival_order(task, routes) for routes in every}
    assert len({arrival_order(task, routes) for routes in made}) == len(made)
    # Fewer only where there are no more.
    assert len(made) == min(count, len(orders))


def test_orders_of_arrival_by_hand() -> None:
    # a and b are one place: which of their visits comes first does not show.
    task = line([10, 10, 20], vehicles=2)
    assert places_of(task) == (0, 0, 2)
    assert places_of(replace(task, place_of=(7, 5, 7))) == (0, 1, 0)
    with pytest.raises(ValueError, match="place_of"):
        replace(task, place_of=(7,))
    assert arrival_order(task, ((0, 1, 2),)) == arrival_order(task, ((1, 0, 2),)) == (0, 0, 2)
    # Two vehicles: 20 is reached after 20 minutes, the second visit at 10 after 10 + 10 + 0.
    assert arrival_order(task, ((0, 1), (2,))) == (0, 0, 2)
    assert arrival_order(task, ((2, 0), (1,))) == (0, 2, 0)
    # Only one order is there: out and back with the same place twice, and the way round.
    best = plan_patrols(task)
    made = variants(task, best, 9, within_fraction=0.0, seed=0)
    assert {arrival_order(task, r) for r in made} == {(0, 0, 2), (0, 2, 0), (2, 0, 0)}


def test_too_many_plans_to_list_are_searched() -> None:
    best = plan_patrols(twenty(), rounds=50)
    assert all_routes(twenty(), 0, best.drive_s * 1.05, 500) is None
    made = variants(twenty(), best, 5, within_fraction=0.05, seed=2, rounds=60)
    assert len(made) == 5
    assert len({arrival_order(twenty(), r) for r in made}) == 5
    for routes in made:
        seen = judge(twenty(), routes)
        assert not seen.broken
        assert seen.drive_s <= best.drive_s * 1.05


def test_overlap_and_entropy_by_hand() -> None:
    # Legs 0->a, a->b, b->0 and 0->a, a->c, c->0: one of five is shared.
    assert overlap_fraction(((0, 1),), ((0, 2),)) == pytest.approx(0.2)
    assert arrival_entropy_bits(((0, 900), (0, 100))) == pytest.approx(0.5)
    assert mean_overlap_fraction((((0,),),)) is None
