"""Explanations, checked by solving from scratch, by brute force through the judges, and by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from optimizer.bundling import bundle, cover_of, lock_problems
from optimizer.columns import COLUMN_RULES, UNITS_PER_OFFICER, priced_columns, undominated
from optimizer.county import County
from optimizer.evaluation import evaluate
from optimizer.explain_board import LOCKS, Board, Change, board_of
from optimizer.explain_bundle import Office, bundle_why, host_choices
from optimizer.explain_pair import SetWhy, rejected_pairs, set_why
from optimizer.feasibility import keeps_bundling_rules, violations
from optimizer.partition import partition
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.workload import assess, demand_of
from tests.test_bundling import partitions
from tests.test_columns import policy
from tests.toy import random_county, toy_county, worked_county, worked_policy

NEAR = 1e-5
"""Each column's price is rounded to a millionth of an officer."""
SEEDS, FEWER = range(16), range(8)


def rules_of(seed: int) -> Policy:
    """Policies of all kinds: loose, tight, with counts, locks, caps on residents and changes."""
    wide: dict[str, Any] = {"max_office_travel_min": 60.0}
    kinds: tuple[dict[str, Any], ...] = (
        {"bundling": wide, "response": {"share_within_fraction": 0.3, "farthest_min": 90.0}},
        {"bundling": {"max_office_travel_min": 40.0}},
        {
            "bundling": {**wide, "centres": 2},
            "response": {"share_within_fraction": 0.3, "farthest_min": 90.0},
        },
        {
            "bundling": {**wide, "locks": {"keep": ("s03",), "together": (("s04", "s05"),)}},
            "response": {"share_within_fraction": 0.2, "farthest_min": 120.0},
        },
        {
            "bundling": {**wide, "min_officers_freed": 6.0},
            "response": {"share_within_fraction": 0.3, "farthest_min": 90.0},
            "weights": {"response_per_1000_alert_min": 1.0, "fixed_per_office": 0.5,
                        "span_officers": 25.0},
        },
        {
            "bundling": {
                **wide,
                "changes": {"price_per_station": 0.7, "from_centres": {"s03": "s02"}},
            },
            "response": {"share_within_fraction": 0.3, "farthest_min": 90.0},
        },
        {
            "bundling": wide,
            "response": {"share_within_fraction": 0.2, "farthest_min": 120.0},
            "equity": {"max_township_loss_min": 12.0,
                       "max_residents_losing_standard_fraction": 0.1},
        },
        {
            "bundling": {**wide, "stations_bundled": 4, "changes": {"max_stations": 3}},
            "response": {"share_within_fraction": 0.2, "farthest_min": 120.0},
            "equity": {"max_residents_losing_standard_fraction": 0.3},
        },
    )  # fmt: skip
    return Policy.model_validate(kinds[seed % len(kinds)])


@cache
def known(seed: int, n: int = 6) -> Board | None:
    """The board of a random county's best plan; None where it has no plan."""
    county, rules = random_county(seed, n), rules_of(seed)
    found, proof = bundle(county, rules)
    if found is None:
        return None
    assert proof.status is Status.OPTIMAL
    return board_of(county, rules, found)


def boards(n: int = 6, seeds: range = SEEDS) -> Iterator[Board]:
    found = [known(seed, n) for seed in seeds]
    assert sum(b is not None for b in found) > len(found) // 2
    yield from (b for b in found if b is not None)


def with_locks(rules: Policy, **more: tuple[Any, ...]) -> Policy:
    locks = rules.bundling.locks
    changed = locks.model_copy(update={k: (*getattr(locks, k), *v) for k, v in more.items()})
    part = rules.bundling.model_copy(update={"locks": changed})
    return rules.model_copy(update={"bundling": part})


def objective(board: Board, rules: Policy) -> float | None:
    """Price of the best plan under other rules, from scratch but for a diagnosis; None: no plan."""
    if lock_problems(board.county, rules):
        return None
    frees = rules.bundling.min_officers_freed is not None
    columns = undominated(priced_columns(board.county, rules), board.county, freed_counts=frees)
    found = partition(cover_of(board.county, rules, columns), board.limits)
    assert found.status in (Status.OPTIMAL, Status.INFEASIBLE)
    return None if found.price is None else found.price / UNITS_PER_OFFICER


def base_price(board: Board) -> float:
    return sum(p.total for p in board.prices(board.bundles))


# ---------------------------------------------------------------- solved from scratch


def test_a_pair_costs_what_a_fresh_lock_costs() -> None:
    told = {"costs": 0, "refused": 0}
    for board in boards():
        for why in rejected_pairs(board):
            fresh = objective(board, with_locks(board.policy, together=(why.station_ids,)))
            if why.verdict == "costs":
                told["costs"] += 1
                assert why.change is not None
                assert why.change.price is not None
                assert fresh is not None
                assert why.change.price.total == pytest.approx(fresh - base_price(board), abs=NEAR)
                assert why.change.price.total > -NEAR
            else:
                told["refused"] += 1
                assert why.verdict in ("rule", "no_plan")
                assert fresh is None
    assert min(told.values()) > 10


def test_three_stations_cost_what_a_fresh_lock_costs() -> None:
    seen = set()
    for board in boards(5, FEWER):
        for three in itertools.combinations(board.county.stations.station_id, 3):
            why = set_why(board, three)
            seen.add(why.verdict)
            if why.verdict == "together":
                continue
            fresh = objective(board, with_locks(board.policy, together=(three,)))
            if why.verdict == "costs":
                assert why.change is not None
                assert why.change.price is not None
                assert fresh is not None
                assert why.change.price.total == pytest.approx(fresh - base_price(board), abs=NEAR)
            else:
                assert fresh is None
    assert {"costs", "rule"} <= seen


def test_a_pair_of_the_plan_costs_what_keeping_it_apart_costs() -> None:
    told = 0
    for board in boards(seeds=FEWER):
        for one in board.bundles:
            for pair in itertools.combinations(one.station_ids, 2):
                why = set_why(board, pair)
                assert why.verdict == "together"
                assert why.change is not None
                fresh = objective(board, with_locks(board.policy, apart=(pair,)))
                assert (why.change.price is None) == (fresh is None)
                if fresh is not None and why.change.price is not None:
                    told += 1
                    assert why.change.price.total == pytest.approx(
                        fresh - base_price(board), abs=NEAR
                    )
    assert told > 10


def test_a_new_plan_is_the_old_one_with_the_change_and_keeps_every_rule() -> None:
    for board in boards(seeds=FEWER):
        for why in rejected_pairs(board):
            if why.change is None or why.change.price is None:
                continue
            new = tuple(sorted((set(board.bundles) - set(why.change.gone)) | set(why.change.new)))
            assert any(set(why.station_ids) <= set(b.station_ids) for b in new)
            assert keeps_bundling_rules(board.county, board.policy, [new]) == [True]
            judged = [
                evaluate(board.county, board.policy, Plan(bundles=b)) for b in (board.bundles, new)
            ]
            apart = why.change.price
            # What the changed centres of a plan to stay near cost is no part of these.
            for part, field in (
                (apart.officers, "officers_price"), (apart.response, "response_price"),
                (apart.overload, "overload_price"), (apart.fixed, "fixed_price"),
            ):  # fmt: skip
                before, after = (getattr(e, field) for e in judged)
                assert part == pytest.approx(after - before, abs=1e-6)
            assert why.change.officers_required == pytest.approx(
                judged[1].officers_required_stations - judged[0].officers_required_stations
            )


# ---------------------------------------------------------------- brute force through the judges


def _bundle(centre: str, stations: tuple[str, ...]) -> Bundle:
    return Bundle(centre_id=centre, station_ids=stations)


class Every:
    """Every plan of a small county that keeps the rules, with its price, by the judges alone."""

    def __init__(self, county: County, rules: Policy) -> None:
        ids = sorted(county.stations.station_id)
        today = evaluate(county, rules, current_plan(county)).objective
        self.price: dict[Bundle, float] = {}
        for size in range(1, len(ids) + 1):
            for members in itertools.combinations(ids, size):
                for centre in members:
                    one = Bundle(centre_id=centre, station_ids=members)
                    rest = [Bundle(centre_id=s, station_ids=(s,)) for s in ids if s not in members]
                    plan = Plan(bundles=tuple(sorted([one, *rest])))
                    self.price[one] = evaluate(county, rules, plan).objective - today
        every = [
            tuple(sorted(map(_bundle, hosts, sets)))
            for parts in partitions(tuple(range(len(ids))))
            for sets in [[tuple(ids[i] for i in part) for part in parts]]
            if max(map(len, sets)) <= rules.bundling.max_bundle_size
            for hosts in itertools.product(*sets)
        ]
        kept = keeps_bundling_rules(county, rules, every)
        self.plans = [p for p, keeps in zip(every, kept, strict=True) if keeps]

    def best(self, meets: Callable[[tuple[Bundle, ...]], bool]) -> float | None:
        prices = [sum(self.price[b] for b in plan) for plan in self.plans if meets(plan)]
        return min(prices, default=None)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6, 7])
def test_brute_force_agrees_on_every_explanation(seed: int) -> None:
    board = known(seed, 5)
    if board is None:
        pytest.skip("no plan to explain")
    every = Every(board.county, board.policy)
    plan = every.best(lambda p: p == board.bundles)
    assert plan is not None
    assert plan == pytest.approx(every.best(lambda _p: True), abs=NEAR)

    def agrees(change: Change, meets: Callable[[tuple[Bundle, ...]], bool]) -> None:
        best = every.best(meets)
        assert (change.price is None) == (best is None)
        if best is not None and change.price is not None:
            assert change.price.total == pytest.approx(best - plan, abs=NEAR)
            assert change.least_officers == pytest.approx(change.price.total, abs=NEAR)

    for one in board.bundles:
        sets = one.station_ids
        agrees(
            bundle_why(board, one).without,
            lambda p, sets=sets: all(b.station_ids != sets for b in p),  # type: ignore[misc]
        )
    for pair in itertools.combinations(board.county.stations.station_id, 2):
        why = set_why(board, pair)
        if why.change is not None and why.verdict in ("costs", "no_plan"):
            agrees(
                why.change,
                lambda p, pair=pair: any(set(pair) <= set(b.station_ids) for b in p),  # type: ignore[misc]
            )


# ---------------------------------------------------------------- what a bundle frees, and whom


def test_the_worked_example_by_hand() -> None:
    """The two stations of docs/formulation.md: one crew and one duty post freed, less a window."""
    county, rules = worked_county(), worked_policy()
    found, _proof = bundle(county, rules)
    assert found == (Bundle(centre_id="A", station_ids=("A", "B")),)
    why = bundle_why(board_of(county, rules, found), found[0])
    assert [n.crews for n in why.alone] == [3, 2]
    assert (why.together.crews, why.together.posts, why.together.windows) == (4, 1, 1)
    assert why.apart.officers == pytest.approx(35.820396, abs=1e-6)
    assert why.together.officers == pytest.approx(29.653729, abs=1e-6)
    assert why.price.total == pytest.approx(32.753729 - 35.820396, abs=1e-6)
    assert why.price.response == pytest.approx(3.1)
    a, b, both = why.queues
    assert (a.period, b.period, both.period) == ("day", "day", "day")
    assert a.offered_erlangs == pytest.approx(0.424658, abs=1e-6)
    assert a.service_min == pytest.approx(62.0)
    assert a.wait_share_fraction == pytest.approx(0.007897, abs=1e-6)
    assert a.wait_share_one_fewer_fraction == pytest.approx(0.065502, abs=1e-6)
    assert both.jobs_per_hour == pytest.approx(0.684932, abs=1e-6)
    assert both.service_min == pytest.approx(74.4)
    assert both.wait_share_one_fewer_fraction == pytest.approx(0.052398, abs=1e-6)
    loser, same = why.townships
    assert (loser.township, loser.alerts_per_year, loser.residents) == ("Bton", 2000.0, 20_000.0)
    assert loser.station_id == "B"
    assert (loser.today_min, loser.together_min) == (8.0, 23.5)
    assert same.today_min == same.together_min == 8.0
    assert why.offices == (Office(station_id="B", travel_min=16.0, window_closes=False),)
    # B as the centre: 72,000 alert-minutes in place of 61,000.
    assert [h.centre_id for h in why.hosts] == ["A", "B"]
    under_b = why.hosts[1].price
    assert under_b is not None
    assert under_b.total == pytest.approx(33.853729 - 35.820396, abs=1e-6)
    # Without the bundle the two stay apart.
    assert why.without.price is not None
    assert why.without.price.total == pytest.approx(35.820396 - 32.753729, abs=1e-6)
    assert [b.station_ids for b in why.without.new] == [("A",), ("B",)]


def test_a_window_that_closes_is_told() -> None:
    rules = worked_policy()
    part = rules.bundling.model_copy(update={"offices_keep_windows": False})
    closing = rules.model_copy(update={"bundling": part})
    joint = Bundle(centre_id="A", station_ids=("A", "B"))
    why = bundle_why(board_of(worked_county(), closing, (joint,)), joint)
    assert [o.window_closes for o in why.offices] == [True]
    assert (why.together.windows, why.together.window_officers) == (0, 0.0)


def test_parts_add_up_to_the_required_officers() -> None:
    for board in boards(seeds=FEWER):
        ids = board.county.stations.station_id
        for one in board.bundles:
            why = bundle_why(board, one)
            groups = [(s, (s,)) for s in one.station_ids] + [(one.centre_id, one.station_ids)]
            assessed = assess(
                board.county, board.policy, demand_of(board.county, board.policy),
                [ids.index(h) for h, _m in groups], [[ids.index(s) for s in m] for _h, m in groups],
            )  # fmt: skip
            for i, need in enumerate((*why.alone, why.together)):
                parts = (
                    need.crew_officers, need.post_officers, need.window_officers,
                    need.case_officers, need.community_officers,
                )  # fmt: skip
                assert sum(parts) == pytest.approx(need.officers, abs=1e-9)
                assert need.officers == pytest.approx(float(assessed.officers[i]), abs=1e-9)
                assert need.crews == why.queues[i].crews == int(assessed.crews[i])
                share = why.queues[i].wait_share_fraction
                assert share <= board.policy.crews.max_wait_share_fraction
                fewer = why.queues[i].wait_share_one_fewer_fraction
                assert fewer is None or fewer > board.policy.crews.max_wait_share_fraction
            assert why.price.officers == pytest.approx(
                board.policy.weights.officers * (why.together.officers - why.apart.officers)
            )
            minutes = sum(t.alerts_per_year * (t.together_min - t.today_min) for t in why.townships)
            weight = board.policy.weights.response_per_1000_alert_min / 1000.0
            assert why.price.response == pytest.approx(weight * minutes, abs=1e-9)


def test_prices_are_those_the_solver_saw() -> None:
    for board in boards():
        bundles = [board.columns.bundle(board.county, i) for i in range(len(board.columns))]
        for price, units in zip(
            board.prices(bundles), board.columns.price_units.tolist(), strict=True
        ):
            assert price.total == pytest.approx(units / UNITS_PER_OFFICER, abs=1e-6)


def test_the_centre_is_the_cheapest_that_is_allowed() -> None:
    others = 0
    for board in boards():
        for one in board.bundles:
            if not one.office_ids or board.policy.bundling.min_officers_freed is not None:
                continue
            allowed = [h for h in bundle_why(board, one).hosts if h.price and not h.broken]
            assert allowed[0].centre_id == one.centre_id
            totals = [h.price.total for h in allowed if h.price is not None]
            assert min(totals) == pytest.approx(totals[0], abs=NEAR)
            others += len(allowed) - 1
    assert others


def test_a_host_that_roads_do_not_lead_from_has_no_price() -> None:
    county = toy_county(n_stations=2)
    far = county.station_time_min.copy()
    far[1, 0] = float("inf")
    cut = toy_county(n_stations=2, station_time_min=far)
    board = board_of(cut, policy(), current_plan(cut).bundles)
    hosts = host_choices(board, board.rows(("s01", "s02")))
    assert [(h.centre_id, h.price is None) for h in hosts] == [("s01", False), ("s02", True)]


# ---------------------------------------------------------------- rules in the way


def tight(seed: int) -> Board:
    """Today of a county in which a bundle can break every rule that is no lock."""
    odd = {
        "can_bundle": [True, True, True, True, False, True],
        "can_host": [True, True, False, True, True, True],
        "max_officers": [float("inf"), 12.0, 15.0, 20.0, 12.0, 90.0],
    }
    rules = policy(
        bundling={
            "max_office_travel_min": 22.0,
            "offices_keep_windows": False,
            "barriers": (("s02", "s03"),),
        },
        response={"farthest_min": 30.0, "share_within_fraction": 0.8},
        equity={
            "max_township_loss_min": 9.0,
            "max_township_response_min": 20.0,
            "max_window_km": 8.0,
        },
    )
    county = random_county(seed, 6, stations=odd)
    return board_of(county, rules, current_plan(county).bundles)


def test_broken_rules_are_those_the_judge_finds() -> None:
    seen = set()
    for board in [*boards(), *(tight(seed) for seed in range(4))]:
        singles = {b.centre_id: b for b in current_plan(board.county).bundles}
        base = {v.rule for v in violations(board.county, board.policy, current_plan(board.county))}
        for why in rejected_pairs(board):
            if why.verdict != "rule":
                continue
            assert why.nearest is not None
            hosts = [
                (Bundle(centre_id=h.centre_id, station_ids=why.station_ids), h.broken)
                for h in why.hosts
                if h.price is not None
            ]
            for one, broken in [(why.nearest.bundle, why.nearest.broken), *hosts]:
                rest = [b for s, b in singles.items() if s not in one.station_ids]
                plan = Plan(bundles=tuple(sorted([one, *rest])))
                judged = violations(board.county, board.policy, plan)
                found = {v.rule for v in judged} & set(COLUMN_RULES)
                mine = {b.rule for b in broken}
                assert mine <= found <= mine | base
                assert set(why.always) <= mine
                seen |= mine
                for b in broken:
                    if b.value is not None:
                        values = [float(v.value) for v in judged if v.rule == b.rule]
                        assert any(abs(b.value - v) < 0.006 for v in values), (b, values)
    structure = {"adjacency", "bundling.max_bundle_size"}
    assert seen >= {r for r in COLUMN_RULES if not r.startswith(LOCKS)} - structure


def test_the_nearest_breaks_fewest_rules_and_least() -> None:
    """Pair under either host: one travels 31 min too far, the other keeps that but is too small."""
    county = toy_county(n_stations=2, stations={"max_officers": [1.0, float("inf")]})
    rules = policy(bundling={"max_office_travel_min": 1e-3})
    board = board_of(county, rules, current_plan(county).bundles)
    why = set_why(board, ("s01", "s02"))
    assert why.verdict == "rule"
    assert why.nearest is not None
    assert why.nearest.bundle.centre_id == "s02"
    assert [b.rule for b in why.nearest.broken] == ["bundling.max_office_travel_min"]
    assert why.nearest.broken[0].station_ids == ("s01",)
    by_host = {h.centre_id: [b.rule for b in h.broken] for h in why.hosts}
    assert by_host["s01"] == ["stations.max_officers", "bundling.max_office_travel_min"]
    room = next(b for h in why.hosts for b in h.broken if b.rule == "stations.max_officers")
    assert room.limit == 1.0
    assert room.value == pytest.approx(
        float(assess(county, rules, demand_of(county, rules), [0], [[0, 1]]).centre_officers[0])
    )
    assert why.always == ("bundling.max_office_travel_min",)


def line(n: int, **bundling: Any) -> Board:
    """Stations in a row, all alone."""
    county = toy_county(n_stations=n)
    return board_of(county, policy(bundling=bundling), current_plan(county).bundles)


def test_stations_that_are_not_neighbours() -> None:
    board = line(4)
    far = set_why(board, ("s01", "s04"))
    assert (far.verdict, far.are_neighbours, far.between) == (
        "not_neighbours", False, ("s02", "s03"),
    )  # fmt: skip
    through = set_why(board, ("s01", "s03"))
    assert through.between == ("s02",)
    assert through.verdict in ("costs", "rule")
    assert not through.hosts
    assert set_why(board, ("s01", "s02", "s03", "s04")).verdict == "too_many"


def test_a_barrier_is_named() -> None:
    board = line(3, barriers=(("s01", "s02"),))
    why = set_why(board, ("s01", "s02"))
    assert why.verdict == "rule"
    assert why.always == ("bundling.barriers",)
    assert why.nearest is not None
    assert why.nearest.broken[0].station_ids == ("s01", "s02")


def test_margins_hold_and_say_what_is_near() -> None:
    seen = set()
    for board in boards():
        for one in board.bundles:
            for m in bundle_why(board, one).margins:
                seen.add(m.rule)
                assert m.value >= m.limit - 1e-9 if m.is_least else m.value <= m.limit + 1e-9
                if m.rule == "bundling.max_bundle_size":
                    assert m.is_near == (
                        len(one.station_ids) == board.policy.bundling.max_bundle_size
                    )
    assert {"bundling.max_bundle_size", "bundling.max_office_travel_min", "response.farthest_min",
            "response.share_within_fraction"} <= seen  # fmt: skip


# ---------------------------------------------------------------- counts and locks


def test_a_count_in_the_way_is_named() -> None:
    """Three in a row, exactly one bundle of two: with all three together the counts fail."""
    county = toy_county(n_stations=3)
    rules = policy(bundling={"centres": 1, "stations_bundled": 2})
    found, _proof = bundle(county, rules)
    assert found is not None
    why = set_why(board_of(county, rules, found), ("s01", "s02", "s03"))
    assert why.verdict == "no_plan"
    assert why.change is not None
    assert why.change.clashing == ("bundling.stations_bundled",)


def locked(**locks: Any) -> Board:
    county = toy_county(n_stations=3)
    rules = policy(bundling={"locks": locks})
    found, proof = bundle(county, rules)
    assert found is not None
    assert proof.status is Status.OPTIMAL
    return board_of(county, rules, found)


def test_a_lock_that_decides_is_told_from_one_that_changes_nothing() -> None:
    free = locked()
    assert free.free is None
    (joint,) = [b for b in free.bundles if b.office_ids]
    assert not bundle_why(free, joint).lock_decides
    # The same bundle, asked for by a lock: the price would choose it anyway.
    same = locked(together=(joint.station_ids,))
    why = bundle_why(same, joint)
    assert why.locks == ("bundling.locks.together",)
    assert not why.lock_decides
    # A lock against it: what stays alone does so for the lock.
    kept = locked(keep=(joint.station_ids[0],))
    alone = Bundle(centre_id=joint.station_ids[0], station_ids=(joint.station_ids[0],))
    why = bundle_why(kept, alone)
    assert why.locks == ("bundling.locks.keep",)
    assert why.lock_decides
    pair = set_why(kept, joint.station_ids[:2])
    assert pair.verdict == "rule"
    assert pair.always == ("bundling.locks.keep",)
    assert pair.unlocked is not None
    assert pair.unlocked.price is not None
    assert pair.unlocked.price.total == pytest.approx(0.0, abs=NEAR)


def test_every_lock_is_named_where_it_stands_in_the_way() -> None:
    cases: tuple[tuple[dict[str, Any], tuple[str, str], str], ...] = (
        ({"keep": ("s01",)}, ("s01", "s02"), "bundling.locks.keep"),
        ({"apart": (("s01", "s02"),)}, ("s01", "s02"), "bundling.locks.apart"),
        ({"fix": {"s01": ()}}, ("s01", "s02"), "bundling.locks.fix"),
    )
    for locks, pair, rule in cases:
        board = locked(**locks)
        why = set_why(board, pair)
        assert why.verdict == "rule"
        assert why.always == (rule,)
        assert why.nearest is not None
        assert set(why.nearest.broken[0].station_ids) & set(pair)
        assert why.unlocked is not None
    both = locked(host=("s01", "s02"))
    why = set_why(both, ("s01", "s02"))
    assert why.always == ("bundling.locks.host",)
    split = locked(together=(("s02", "s03"),), keep=("s01",))
    broken = {b.rule for h in set_why(split, ("s01", "s02")).hosts for b in h.broken}
    assert broken == {"bundling.locks.together", "bundling.locks.keep"}


def test_locks_in_the_way_of_a_plan_are_named_as_one() -> None:
    """s02 is locked to s03, so forbidding that pair leaves no plan but one without locks."""
    board = locked(together=(("s02", "s03"),))
    why = set_why(board, ("s02", "s03"))
    assert why.verdict == "together"
    assert why.change is not None
    assert why.change.clashing == (LOCKS,)


def test_what_locks_cost_is_what_solving_without_them_saves() -> None:
    for board in boards():
        if not board.locks():
            assert board.free is None
            continue
        assert board.free is not None
        part = board.policy.bundling
        no_locks = part.model_copy(update={"locks": type(part.locks)()})
        free = objective(board, board.policy.model_copy(update={"bundling": no_locks}))
        assert free is not None
        change = board.change(board.columns.size > 0, locks=False)
        assert change.price is not None
        assert change.price.total == pytest.approx(free - base_price(board), abs=NEAR)
        decided = [b for b in board.bundles if bundle_why(board, b).lock_decides]
        assert bool(decided) == (change.price.total < -NEAR)


def test_a_lone_station_is_explained_as_a_set_of_one() -> None:
    verdicts = set()
    for board in boards():
        for one in board.bundles:
            if one.office_ids:
                continue
            why: SetWhy = set_why(board, one.station_ids)
            verdicts.add(why.verdict)
            without = bundle_why(board, one).without
            if why.verdict == "costs":
                assert why.change == without
            else:
                assert without.price is None
    assert {"costs", "rule"} <= verdicts
