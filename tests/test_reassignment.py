"""Reassignment against hand-worked cases and full enumeration, rule by rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optimizer.allocation import Task, allocate
from optimizer.reassignment import answer, frontier, knee
from optimizer.reassignment_flow import Network, cheapest, decide
from optimizer.reassignment_model import decide_exchange
from optimizer.reassignment_phases import phases
from optimizer.reassignment_steps import curve, marginal
from optimizer.reassignment_task import (
    Qualified,
    RoleTask,
    Transfer,
    after,
    imbalance,
    mismatch,
    objective,
)
from optimizer.result import Status
from optimizer.solver import Limits

LIMITS = Limits(time_limit_s=30.0)


def role(before: list[int], target: list[float], **fields: Any) -> RoleTask:
    n = len(before)
    total = sum(before)
    values: dict[str, Any] = {
        "role": "officer",
        "before": np.array(before, np.int64),
        "target": np.array(target, float),
        "floor": np.zeros(n, np.int64),
        "room": np.full(n, total, np.int64),
        "give": np.array(before, np.int64),
        "rotate": np.zeros(n, np.int64),
        "takes": np.ones(n, bool),
        "way_min": 10.0 * np.abs(np.subtract.outer(np.arange(n), np.arange(n))),
        "max_way_min": np.inf,
        "price_per_min": 0.0,
        "worth": np.zeros(n),
        "max_moves": total,
    }
    for name, value in fields.items():
        values[name] = (
            np.array(value, values[name].dtype)
            if isinstance(values.get(name), np.ndarray)
            else value
        )
    return RoleTask(**values)


def rule(holders: list[int], least: list[int], share: list[float] | None = None) -> Qualified:
    return Qualified(
        name="firearm",
        holders=np.array(holders, np.int64),
        least=np.array(least, np.int64),
        least_fraction=np.array(share or [0.0] * len(holders)),
    )


def keeps(task: RoleTask, sent: np.ndarray[Any, Any]) -> bool:
    """Whether a matrix of people keeps every rule but qualifications."""
    left, arrived = sent.sum(axis=1), sent.sum(axis=0)
    then = task.before - left + arrived
    return bool(
        sent.sum() <= task.max_moves
        and not sent[~task.may].any()
        and (left <= task.give).all()
        and (left >= task.rotate).all()
        and (arrived[~task.takes] == 0).all()
        and (then <= task.before + task.room).all()
        and (then >= task.floor).all()
        and (task.exchanges or not ((left > 0) & (arrived > 0)).any())
    )


def every_matrix(units: int, most: int) -> list[np.ndarray[Any, Any]]:
    pairs = [(u, v) for u in range(units) for v in range(units) if u != v]
    found = []
    for counts in itertools.product(range(most + 1), repeat=len(pairs)):
        if sum(counts) > most + 2:
            continue
        sent = np.zeros((units, units), np.int64)
        for (u, v), n in zip(pairs, counts, strict=True):
            sent[u, v] = n
        found.append(sent)
    return found


MATRICES = every_matrix(3, 2)


def transfers_of(sent: np.ndarray[Any, Any]) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(giver=u, taker=v, people=int(sent[u, v])) for u, v in np.argwhere(sent).tolist()
    )


# --- known answers ----------------------------------------------------------------------------


def test_whole_targets_are_reached_and_each_move_is_priced() -> None:
    # Imbalance 36/4 + 36/8 = 13.5. Moves from unit 1 (n = 10, q = 4) to unit 2 (n = 2, q = 8):
    # the first changes it by (2*2+1)/8 - (2*9+1)/4 = 0.625 - 4.75.
    task = role([10, 2, 6], [4, 8, 6])
    found = answer(task, LIMITS)
    assert after(task, found.transfers).tolist() == [4, 8, 6]
    assert (found.status, found.objective, found.moves) == (Status.OPTIMAL, 0.0, 6)
    points = frontier(task, LIMITS)
    assert [p.moves for p in points] == [0, 1, 2, 3, 4, 5, 6]
    assert points[0].imbalance == pytest.approx(13.5)
    assert points[1].gain == pytest.approx(4.75 - 0.625)
    assert points[0].mismatch_fraction == pytest.approx(6 / 18)
    assert points[-1].mismatch_fraction == pytest.approx(0.0)


def test_a_floor_is_filled_before_anything_else() -> None:
    task = role([10, 2, 6], [9, 8, 1], floor=[0, 0, 8], max_moves=2)
    found = answer(task, LIMITS)
    assert after(task, found.transfers).tolist() == [8, 2, 8]
    assert frontier(task, LIMITS)[0].moves == 2
    assert answer(role([10, 2, 6], [9, 8, 1], floor=[0, 0, 9], max_moves=2), LIMITS).status is (
        Status.INFEASIBLE
    )


def test_rotation_exchanges_people_where_strength_is_right() -> None:
    task = role([5, 5, 5], [5, 5, 5], rotate=[2, 0, 0])
    found = answer(task, LIMITS)
    assert found.moves == 4
    assert after(task, found.transfers).tolist() == [5, 5, 5]
    assert sum(t.people for t in found.transfers if t.giver == 0) == 2


def test_ways_are_worth_it_up_to_their_price() -> None:
    # The first move gains 4.125; 20 minutes at 0.3 cost 6.
    far = [[0, 20, 20], [20, 0, 20], [20, 20, 0]]
    task = role([10, 2, 6], [4, 8, 6], way_min=far, price_per_min=0.3)
    assert answer(task, LIMITS).moves == 0
    cheap = role([10, 2, 6], [4, 8, 6], way_min=far, price_per_min=0.1)
    assert 0 < answer(cheap, LIMITS).moves < 6
    near = role([10, 2, 6], [4, 8, 6], way_min=far, max_way_min=15.0)
    assert answer(near, LIMITS).moves == 0


def test_hardship_posts_draw_or_repel() -> None:
    even = role([6, 5, 5], [16 / 3] * 3, worth=[0, 0, 1.0])
    assert after(even, answer(even, LIMITS).transfers)[2] > 5
    task = role([9, 3, 3], [5, 5, 5], worth=[0, 0, -50.0])
    assert after(task, answer(task, LIMITS).transfers)[2] == 0


def test_a_swap_brings_a_qualification_without_changing_strength() -> None:
    task = role([5, 5, 5], [5, 5, 5], qualified=(rule([4, 0, 2], [1, 2, 1]),))
    found = answer(task, LIMITS)
    assert found.status is Status.OPTIMAL
    assert after(task, found.transfers).tolist() == [5, 5, 5]
    brought = sum(t.holders[0] for t in found.transfers if t.taker == 1)
    assert brought - sum(t.holders[0] for t in found.transfers if t.giver == 1) == 2


def test_recruits_go_where_they_help_most() -> None:
    # Steps (2n + 1)/q: unit 1 9/5, 11/5; unit 2 5/5, 7/5, 9/5 ...
    task = role([4, 2, 4], [5, 5, 5])
    placed = marginal(task, task.before, 4, np.full(3, 9))
    assert [u for u, _ in placed] == [1, 1, 0, 1]
    assert placed[0][1] == pytest.approx(2 - 5 / 5)
    falls = sum(g for _, g in placed)
    assert imbalance(np.array([5, 5, 4]), task.target) == pytest.approx(
        imbalance(task.before, task.target) - falls
    )


def test_knee_is_farthest_below_the_line() -> None:
    points = frontier(role([20, 1, 6], [9, 9, 9]), LIMITS)
    found = knee(points)
    assert found is not None
    first, last = points[0], points[-1]
    gaps = [
        1
        - p.moves / last.moves
        - (p.imbalance - last.imbalance) / (first.imbalance - last.imbalance)
        for p in points
    ]
    assert found == points[int(np.argmax(gaps))]
    assert knee(points[:2]) is None


# --- against enumeration ------------------------------------------------------------------------


def draw(rng: np.random.Generator, **fields: Any) -> RoleTask:
    before = np.array(fields.pop("before", rng.integers(0, 4, 3)))
    target = np.array(fields.pop("target", rng.uniform(0.4, 4.0, 3)))
    if rng.random() < 0.15 and "price_per_min" not in fields:
        target[int(rng.integers(3))] = 0.0
    values: dict[str, Any] = {
        "room": rng.integers(0, 3, 3),
        "give": np.minimum(before, rng.integers(0, 3, 3)),
        "floor": np.where(rng.random(3) < 0.3, rng.integers(0, 3, 3), 0),
        "max_moves": int(rng.integers(0, 3)),
    }
    return role(before.tolist(), target.tolist(), **(values | fields))


def idle(task: RoleTask, transfers: tuple[Transfer, ...]) -> int:
    return int(after(task, transfers)[task.target <= 0].sum())


def compare(task: RoleTask, found: Any, allowed: Callable[[Any], bool] = lambda _: True) -> bool:
    every = [transfers_of(s) for s in MATRICES if keeps(task, s) and allowed(s)]
    if found.objective is None:
        assert found.status is Status.INFEASIBLE
        assert not every
        return False
    assert found.status is Status.OPTIMAL
    sent = np.zeros((3, 3), np.int64)
    for one in found.transfers:
        sent[one.giver, one.taker] = one.people
    assert keeps(task, sent)
    least = min(idle(task, t) for t in every)
    assert idle(task, found.transfers) == least
    best = min(objective(task, t) for t in every if idle(task, t) == least)
    assert found.objective == pytest.approx(best, abs=1e-5)
    return True


def test_plain_answers_equal_enumeration_and_the_run_stage() -> None:
    rng = np.random.default_rng(1)
    solved = 0
    for _ in range(60):
        task = draw(rng)
        solved += compare(task, answer(task, LIMITS))
        if not task.forced.any():
            plain = Task(
                officers=task.before,
                target_officers=task.target,
                give=np.minimum(task.give, np.maximum(task.before - task.floor, 0)),
                room=task.room,
                group=np.zeros(3, np.int64),
                inflows=None,
                max_moves=task.max_moves,
            )
            change, _ = allocate(plain)
            assert change is not None
            then = after(task, answer(task, LIMITS).transfers)
            assert then.tolist() == (task.before + change).tolist()
    assert 20 < solved < 60


def priced(rng: np.random.Generator, **fields: Any) -> RoleTask:
    takes = rng.random(3) < 0.8
    return draw(
        rng,
        target=rng.uniform(0.4, 4.0, 3),
        takes=takes,
        room=np.where(takes, rng.integers(0, 3, 3), 0),
        way_min=rng.integers(1, 40, (3, 3)),
        price_per_min=float(rng.choice([0.01, 0.05])),
        worth=rng.choice([0.0, -0.5, 0.5], 3),
        max_way_min=float(rng.choice([20.0, np.inf])),
        max_moves=2,
        **fields,
    )


def test_flows_equal_enumeration() -> None:
    rng = np.random.default_rng(2)
    solved = sum(compare(task, answer(task, LIMITS)) for task in (priced(rng) for _ in range(90)))
    assert 30 < solved < 90


def test_nobody_is_passed_on_where_the_direct_way_is_too_long() -> None:
    way_min = [[0, 10, 25], [10, 0, 10], [25, 10, 0]]
    task = role([9, 5, 1], [5, 5, 5], give=[2, 2, 2], room=[2, 2, 2], way_min=way_min,
                max_way_min=15.0, max_moves=2)  # fmt: skip
    assert decide(task) is None, "the flow passes people on"
    assert compare(task, answer(task, LIMITS))


def test_rotation_equals_enumeration() -> None:
    rng = np.random.default_rng(6)
    met = {True: 0, False: 0}
    for _ in range(25):
        task = priced(rng, rotate=[1, 0, 0])
        met[compare(task, answer(task, LIMITS))] += 1
    assert min(met.values()) >= 3


def test_each_limit_on_moves_equals_enumeration() -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        task = draw(rng, target=rng.uniform(0.4, 4.0, 3), give=[2, 2, 2], before=[3, 3, 3],
                    room=[2, 2, 2], floor=[0, 0, 0], price_per_min=0.01, max_moves=9)  # fmt: skip
        for point in frontier(task, LIMITS):
            if point.moves <= 2:
                values = [
                    (objective(task, transfers_of(s)), imbalance_of(task, s))
                    for s in MATRICES
                    if keeps(task, s) and s.sum() <= point.moves
                ]
                assert point.imbalance == pytest.approx(min(values)[1], abs=1e-5)


def imbalance_of(task: RoleTask, sent: np.ndarray[Any, Any]) -> float:
    return imbalance(after(task, transfers_of(sent)), task.target)


def test_qualifications_equal_enumeration() -> None:
    rng = np.random.default_rng(4)
    met = {True: 0, False: 0}
    for _ in range(25):
        task = draw(rng, target=rng.uniform(0.4, 4.0, 3), max_moves=2)
        holders = rng.integers(0, task.before + 1)
        one = rule(
            holders.tolist(),
            rng.integers(0, 2, 3).tolist(),
            rng.choice([0.0, 0.34], 3).tolist(),
        )
        task = role(
            task.before.tolist(),
            task.target.tolist(),
            room=task.room,
            give=task.give,
            floor=task.floor,
            max_moves=2,
            qualified=(one,),
        )

        def allowed(
            sent: np.ndarray[Any, Any], task: RoleTask = task, one: Qualified = one
        ) -> bool:
            pairs = np.argwhere(sent).tolist()
            then = task.before - sent.sum(axis=1) + sent.sum(axis=0)
            for counts in itertools.product(*(range(int(sent[u, v]) + 1) for u, v in pairs)):
                part = np.zeros((3, 3), np.int64)
                for (u, v), n in zip(pairs, counts, strict=True):
                    part[u, v] = n
                left, others = part.sum(axis=1), (sent - part).sum(axis=1)
                has = one.holders - left + part.sum(axis=0)
                if (
                    (left <= one.holders).all()
                    and (others <= task.before - one.holders).all()
                    and (has >= one.least).all()
                    and (has >= one.least_fraction * then - 1e-9).all()
                ):
                    return True
            return False

        met[compare(task, decide_exchange(task, LIMITS), allowed)] += 1
    assert min(met.values()) >= 3


def test_ways_found_as_needed_give_the_cheapest_flow() -> None:
    """A network large enough to start with the nearest ways only, against all ways at once."""
    from optimizer.solver import min_cost_flow

    rng = np.random.default_rng(5)
    g, r = 60, 70
    price = rng.integers(1, 1000, (g, r))
    may = rng.random((g, r)) < 0.9
    supply = np.r_[np.full(g, 7), np.full(r, -6)]
    none = np.zeros(0, np.int64)
    net = Network(
        tail=none, head=none, capacity=none, price=none, supply=supply, giver=np.arange(g),
        taker=g + np.arange(r), way_price=price, may=may,
    )  # fmt: skip
    sent = cheapest(net)
    assert sent is not None
    assert sent.sum(axis=1).tolist() == [7] * g
    i, j = np.nonzero(may)
    full = min_cost_flow(i, g + j, np.full(len(i), 420), price[i, j], supply)
    assert full is not None
    assert int((sent * price).sum()) == int((full * price[i, j]).sum())
    assert not sent[~may].any()


def test_an_idle_unit_among_many_gives_all_it_has() -> None:
    """Its people pay for any arrival; the lists of steps must not be cut short, nor explode."""
    n = 400
    before = np.full(n, 100)
    target = np.r_[0.0, np.full(n - 1, 100.0 * n / (n - 1))]
    for price in (0.0, 1e-6):
        task = role(before.tolist(), target.tolist(), price_per_min=price)
        found = answer(task, LIMITS)
        people = after(task, found.transfers)
        assert people[0] == 0
        assert people[1:].max() - people[1:].min() <= 1


def test_curve_stops_where_nothing_is_gained() -> None:
    assert len(curve(role([3, 2], [2.5, 2.5])).giver) == 0  # type: ignore[union-attr]
    assert mismatch(np.array([3, 2]), np.array([2.5, 2.5])) == pytest.approx(0.1)


# --- months -------------------------------------------------------------------------------------


def test_months_take_what_helps_most_first_and_wait_for_their_bundle() -> None:
    # Gains per move 0 -> 1: 4.125, 0 -> 2 with (2n + 1)/q at unit 2 of 13/6.
    task = role([10, 2, 6], [4, 8, 6])
    sent = answer(task, LIMITS).transfers
    made, proof = phases(task, sent, months=3, per_month=2, release={}, limits=LIMITS)
    assert [m.moved for m in made] == [2, 4, 6]
    assert proof.status is Status.OPTIMAL
    late, _ = phases(task, sent, months=3, per_month=4, release={0: 2}, limits=LIMITS)
    assert [m.moved for m in late] == [0, 4, 6]
    none, proof = phases(task, sent, months=2, per_month=2, release={}, limits=LIMITS)
    assert none == ()
    assert proof.status is Status.INFEASIBLE


def test_months_equal_enumeration_and_stay_between_before_and_after() -> None:
    rng = np.random.default_rng(7)
    for _ in range(6):
        before, target = [6, 5, 1, 2], rng.uniform(1, 6, 4).tolist()
        task = role(before, target, max_moves=4)
        sent = answer(task, LIMITS).transfers
        if not sent:
            continue
        per_month = -(-sum(t.people for t in sent) // 2)
        made, proof = phases(task, sent, months=2, per_month=per_month, release={}, limits=LIMITS)
        then = after(task, sent)
        first = []
        for counts in itertools.product(*(range(t.people + 1) for t in sent)):
            if not sum(t.people for t in sent) - per_month <= sum(counts) <= per_month:
                continue
            some = tuple(
                Transfer(giver=t.giver, taker=t.taker, people=n)
                for t, n in zip(sent, counts, strict=True)
            )
            first.append(imbalance(after(task, some), task.target))
        assert proof.objective == pytest.approx(min(first) + imbalance(then, task.target))
        halfway = after(task, made[0].transfers)
        assert (halfway >= np.minimum(task.before, then)).all()
        assert (halfway <= np.maximum(task.before, then)).all()


def test_an_exchange_never_empties_a_post_in_between() -> None:
    task = role([3, 3, 3], [3, 3, 3], rotate=[2, 2, 0])
    sent = answer(task, LIMITS).transfers
    made, _ = phases(task, sent, months=4, per_month=4, release={}, limits=LIMITS)
    for month in range(4):
        so_far = tuple(t for m in made[: month + 1] for t in m.transfers)
        assert after(task, so_far).tolist() == [3, 3, 3]
