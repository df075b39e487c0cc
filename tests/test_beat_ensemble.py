"""Random valid beats: every one is valid, all of a small map are met, as often as in GerryChain."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import gerrychain
import networkx
import numpy as np
import pytest

from optimizer import beat_ensemble_loops as loops
from optimizer.beat_core import core_of
from optimizer.beat_ensemble import MEASURES, EnsembleResult, _Walk, ensemble
from optimizer.beat_plan import BeatPlan, BeatTask, border_length
from optimizer.beat_rules import violations
from optimizer.frozen import IntArray


def ring(cells: int) -> BeatTask:
    """Cells in a circle, each with one call."""
    at = np.arange(cells)
    angle = 2 * np.pi * at / cells
    return BeatTask(
        cell_ids=tuple(str(one) for one in at),
        calls_per_year=np.ones(cells),
        work_per_year=np.ones(cells),
        adjacency=np.column_stack([at, (at + 1) % cells]),
        beats=2,
        tolerance_fraction=0.0,
        x_km=np.cos(angle),
        y_km=np.sin(angle),
    )


def chequered(side: int, beats: int, **fields: object) -> BeatTask:
    """Squares a kilometre apart, each with one call."""
    y, x = np.divmod(np.arange(side * side), side)
    right = [(c, c + 1) for c in range(side * side) if (c + 1) % side]
    down = [(c, c + side) for c in range(side * side - side)]
    values: dict[str, object] = {
        "cell_ids": tuple(str(one) for one in range(side * side)),
        "calls_per_year": np.ones(side * side),
        "work_per_year": np.ones(side * side),
        "adjacency": np.array(right + down),
        "beats": beats,
        "tolerance_fraction": 0.0,
        "x_km": x.astype(float),
        "y_km": y.astype(float),
        **fields,
    }
    return BeatTask(**values)  # type: ignore[arg-type]


def quarters() -> tuple[BeatTask, BeatPlan]:
    """Four times four squares in four columns."""
    task = chequered(4, 4)
    return task, BeatPlan(beat_of=np.arange(16) % 4, seat=np.arange(4))


def all_plans(task: BeatTask) -> set[tuple[int, ...]]:
    """Every division of 16 squares into 4 beats of 4, each beat named by its smallest square."""
    near: dict[int, set[int]] = {c: set() for c in range(16)}
    for a, b in task.adjacency.tolist():
        near[a].add(b)
        near[b].add(a)
    beats = []
    for some in combinations(range(16), 4):
        met, ahead = {some[0]}, [some[0]]
        while ahead:
            new = (near[ahead.pop()] & set(some)) - met
            met |= new
            ahead += new
        if len(met) == 4:
            beats.append(some)
    found: set[tuple[int, ...]] = set()

    def fill(label: tuple[int, ...]) -> None:
        if -1 not in label:
            found.add(label)
            return
        least = label.index(-1)
        for some in beats:
            if some[0] == least and all(label[c] < 0 for c in some):
                fill(tuple(least if c in some else one for c, one in enumerate(label)))

    fill((-1,) * 16)
    return found


def named(beat_of: IntArray) -> tuple[int, ...]:
    """Each cell's beat by the beat's smallest cell."""
    return tuple(int(np.flatnonzero(beat_of == one)[0]) for one in beat_of)


def test_every_plan_of_a_small_map_is_met_and_valid() -> None:
    task, plan = quarters()
    every = all_plans(task)
    assert len(every) == 117  # known: 4 x 4 into four tetrominoes
    walk = _Walk(task, plan, seed=0)
    met = set()
    for _ in range(6000):
        walk.go(1)
        met.add(named(walk.beat_of))
    assert met == every
    assert walk.moved == 6000


def test_steps_are_those_of_gerrychain() -> None:
    """From one plan, the next is each other as often as in GerryChain, within chance."""
    task, plan = quarters()
    graph = networkx.grid_2d_graph(4, 4)
    networkx.set_node_attributes(graph, 1, "calls")
    columns = gerrychain.Partition(
        gerrychain.Graph.from_networkx(graph),
        {(row, column): column for row, column in graph.nodes},
        updaters={"calls": gerrychain.updaters.Tally("calls")},
    )
    chance, count = random.Random(1), 1500
    ours: Counter[tuple[int, ...]] = Counter()
    theirs: Counter[tuple[int, ...]] = Counter()
    walk = _Walk(task, plan, seed=1)
    for _ in range(count):
        walk.beat_of = plan.beat_of
        walk.go(1)
        ours[named(walk.beat_of)] += 1
        step = gerrychain.proposals.recom(columns, "calls", 4, 0.01, rng=chance)
        beat_of = [step.assignment[cell] for cell in range(16)]
        theirs[named(np.array(beat_of))] += 1
    assert set(ours) == set(theirs)
    assert len(ours) == 10  # three pairs of columns, each cut anew in three ways, or as it was
    assert sum(abs(ours[one] - theirs[one]) for one in ours) / 2 / count < 0.06


def test_all_halves_of_a_ring_are_met() -> None:
    task = ring(8)
    walk = _Walk(task, BeatPlan(beat_of=np.repeat([0, 1], 4), seat=np.array([1, 5])), seed=1)
    met = set()
    for _ in range(200):
        walk.go(1)
        seat = np.array([np.flatnonzero(walk.beat_of == b)[0] for b in (0, 1)])
        assert violations(task, BeatPlan(beat_of=walk.beat_of, seat=seat)) == ()
        met.add(named(walk.beat_of))
    assert len(met) == 4


def test_measures_of_a_ring() -> None:
    task = ring(8)
    plan = BeatPlan(beat_of=np.repeat([0, 1], 4), seat=np.array([0, 5]))
    found = ensemble(task, plan, 20, seed=3)
    # All halves are alike: a seat one step from its end. Ours has one seat at the end.
    near, far, across = (2 * np.sin(step * np.pi / 8) for step in (1, 2, 3))
    best = 2 * (2 * near + far)
    assert found.costs == pytest.approx(np.full(20, best))
    assert found.own_cost == pytest.approx((near + far + across) + (2 * near + far))
    assert found.border_lengths == pytest.approx(np.full(20, 2.0))
    assert found.worst_loads == pytest.approx(np.ones(20))
    assert found.share_better("cost") == 1.0
    # Equal is not better.
    assert found.share_better("border") == 0.0
    assert found.share_better("load") == 0.0


def test_same_seed_same_plans() -> None:
    task = chequered(6, 3, tolerance_fraction=0.2)
    plan = BeatPlan(beat_of=np.arange(36) // 12, seat=np.array([7, 19, 31]))
    one, two, other = (ensemble(task, plan, 40, seed) for seed in (5, 5, 6))
    for measure in MEASURES:
        assert one.values(measure).tolist() == two.values(measure).tolist()
    assert one.costs.tolist() != other.costs.tolist()


def test_costs_are_those_of_best_seats() -> None:
    """Prices kept from step to step are those of all beats priced anew."""
    task = chequered(6, 3, tolerance_fraction=0.2)
    walk = _Walk(task, BeatPlan(beat_of=np.arange(36) // 12, seat=np.array([7, 19, 31])), seed=2)
    cells = np.arange(36)
    price = task.prices(cells, cells)
    for _ in range(30):
        walk.go(3)
        cost, border, worst = walk.measured()
        total = 0.0
        for beat in range(3):
            inside = np.flatnonzero(walk.beat_of == beat)
            total += price[np.ix_(inside, inside)].sum(axis=1).min()
        assert cost == pytest.approx(total)
        assert border == border_length(task, walk.beat_of)
        assert worst == pytest.approx(np.bincount(walk.beat_of).max() / 12)


def test_a_seat_that_must_be_stays_one() -> None:
    task = chequered(6, 3, tolerance_fraction=0.2, seats=(0, 35), may_seat=np.zeros(36, bool))
    core = core_of(task)
    assert core.seats.tolist() == [0, 35]
    # Two possible seats for three beats: no walk can begin.
    with pytest.raises(ValueError, match=r"beats\.may_seat"):
        ensemble(task, BeatPlan(beat_of=np.arange(36) // 12, seat=np.array([0, 12, 35])), 5)
    task = chequered(6, 3, tolerance_fraction=0.2, seats=(0, 35))
    walk = _Walk(task, BeatPlan(beat_of=np.arange(36) // 12, seat=np.array([0, 12, 35])), seed=2)
    for _ in range(100):
        walk.go(1)
        assert walk.beat_of[0] != walk.beat_of[35]
    inside = np.flatnonzero(walk.beat_of == walk.beat_of[0])
    own = float(task.price(0, inside).sum())
    walk.measured()
    assert walk._cost[walk.beat_of[0]] == pytest.approx(own)


def test_shares() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    found = EnsembleResult(
        costs=values, border_lengths=values, worst_loads=values, own_cost=3.0,
        own_border_length=0.5, own_worst_load=9.0, steps=4, moved=4, seed=0,
    )  # fmt: skip
    assert [found.share_better(one) for one in MEASURES] == [0.5, 0.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_compiled_loops_equal_plain_ones(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    core = core_of(chequered(5, 3, tolerance_fraction=0.6))
    beat_of = drawn.integers(0, 3, 25)
    draw = float(drawn.random())
    args = (beat_of, 3, core.first, core.neighbour, draw)
    assert loops.beats_that_touch(*args) == loops.beats_that_touch.py_func(*args)
    columns = np.arange(25) % 5
    both = (np.minimum(columns // 2, 2), 0, 1, core.first, core.neighbour)
    units, pairs = loops.of_two_beats(*both)
    plain_units, plain_pairs = loops.of_two_beats.py_func(*both)
    assert units.tolist() == plain_units.tolist() == np.flatnonzero(columns < 4).tolist()
    assert pairs.tolist() == plain_pairs.tolist()
    assert len(pairs) == 5 * 3 + 4 * 4
    cut = (core.work[units], pairs, drawn.random(len(pairs)), 5.0, 15.0)
    side = loops.random_cut(*cut)
    assert side.tolist() == loops.random_cut.py_func(*cut).tolist()
    assert 5 <= side.sum() <= 15


def test_pairs_of_beats_are_equally_likely() -> None:
    """Three beats in a row touch in two pairs, over one border of 1 cell and one of 4."""
    pairs = np.array(
        [[0, 1], *[[1 + i, 5 + i] for i in range(4)], *[[i, i + 1] for i in (1, 2, 3)]]
    )
    task = BeatTask(
        cell_ids=tuple(map(str, range(9))), calls_per_year=np.ones(9), work_per_year=np.ones(9),
        adjacency=pairs, beats=3, x_km=np.zeros(9), y_km=np.zeros(9),
    )  # fmt: skip
    core = core_of(task)
    beat_of = np.array([0, 1, 1, 1, 1, 2, 2, 2, 2])
    chosen = [
        loops.beats_that_touch(beat_of, 3, core.first, core.neighbour, draw)
        for draw in (0.0, 0.49, 0.51, 0.99)
    ]
    assert chosen == [(0, 1), (0, 1), (1, 2), (1, 2)]
    alone = np.zeros(9, np.int64)
    assert loops.beats_that_touch(alone, 1, core.first, core.neighbour, 0.5) == (-1, -1)


def test_cuts_of_a_line() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    weight = np.array([0.1, 0.2, 0.3])
    # No cut of 1, 5, 1 leaves both sides between 3 and 4.
    assert not loops.random_cut(np.array([1.0, 5.0, 1.0]), pairs[:2], weight[:2], 3.0, 4.0).any()
    # All three cuts fit: the heaviest is made.
    side = loops.random_cut(np.ones(4), pairs, weight, 1.0, 3.0)
    assert side.tolist() == [False, False, False, True]
    # What does not hang together has no tree.
    assert not loops.random_cut(np.ones(4), pairs[:2], weight[:2], 1.0, 3.0).any()
