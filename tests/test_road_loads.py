"""Least load of duty stations against all assignments at once, and one method against the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import optimizer.road_frontier as road_frontier
from optimizer.frozen import FloatArray, IntArray
from optimizer.road_loads import share_roads
from optimizer.road_task import Groups, RoadTask, Shared, officers_needed, split_officers
from optimizer.solver import Limits, min_cost_flow


def random_task(seed: int) -> RoadTask:
    """9 to 11 jurisdictions, 4 to 6 units, 4 to 8 officers."""
    rng = np.random.default_rng(seed)
    jurisdictions, units = int(rng.integers(9, 12)), int(rng.integers(4, 7))
    may = rng.random((jurisdictions, units)) < 0.35
    own = np.zeros((jurisdictions, units), dtype=np.bool_)
    own[np.arange(jurisdictions), rng.integers(0, units, jurisdictions)] = True
    road_km = np.round(rng.uniform(5, 60, jurisdictions), 1)
    officers = rng.integers(2, 5, 2)
    officers[0] += max(0, units - int(officers.sum()))
    return RoadTask(
        may=may | own,
        own=own,
        road_km=road_km,
        squad_officers=officers,
        in_area=rng.random((2, units)) < 0.6,
        duty_stations=None,
        min_officers=1,
    )


def every_road_km(task: RoadTask) -> tuple[FloatArray, FloatArray]:
    """Km and number of jurisdictions of each unit under every assignment, shape (A, R)."""
    units = task.may.shape[1]
    km, count = np.zeros((1, units)), np.zeros((1, units))
    for j, choices in enumerate(task.may):
        give = np.eye(units)[np.flatnonzero(choices)]
        km = (km[:, None, :] + give * task.road_km[j]).reshape(-1, units)
        count = (count[:, None, :] + give).reshape(-1, units)
    return km, count


def is_possible(task: RoadTask, km: FloatArray, count: FloatArray, load_km: float) -> bool:
    needed = np.where(count > 0, officers_needed(km, load_km, task.min_officers), 0)
    return bool((needed.sum(axis=1) <= task.officers).any())


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_least_load_equals_enumeration(seed: int) -> None:
    """In seed 1 the least load is above the one that the linear relaxation allows."""
    task = random_task(seed)
    km, count = every_road_km(task)
    found = share_roads(task, task.own.argmax(axis=1), Limits())
    assert found.is_proven
    assert found.bound_km == found.load_km
    assert is_possible(task, km, count, found.load_km * (1 + 1e-9))
    assert not is_possible(task, km, count, found.load_km * (1 - 1e-9))
    used = np.bincount(found.duty, weights=task.road_km, minlength=task.may.shape[1])
    assert int(found.officers.sum()) == task.officers
    is_open = found.officers > 0
    assert (used[is_open] / found.officers[is_open]).max() == pytest.approx(found.load_km)
    assert not used[~is_open].any()
    assert task.may[np.arange(len(found.duty)), found.duty].all()


def at_home(task: RoadTask, officers: IntArray) -> int:
    """Most officers in their squad's area, by a flow over every pair of squad and unit."""
    squads, units = task.in_area.shape
    pair = np.argwhere(task.in_area)
    tail = np.concatenate([pair[:, 0], np.arange(squads)])
    head = np.concatenate([squads + pair[:, 1], np.full(squads, squads + units)])
    price = np.concatenate([np.zeros(len(pair)), np.ones(squads)]).astype(np.int64)
    # Whoever finds no room at home goes by way of one more node, at a price of one each.
    tail = np.concatenate([tail, np.full(units, squads + units)])
    head = np.concatenate([head, squads + np.arange(units)])
    price = np.concatenate([price, np.zeros(units, dtype=np.int64)])
    flow = min_cost_flow(
        tail, head, np.full(len(tail), task.officers), price,
        np.concatenate([task.squad_officers, -officers, [0]]),
    )  # fmt: skip
    assert flow is not None
    return task.officers - int((flow * price).sum())


def goals(task: RoadTask, found: Shared) -> tuple[float, int, int]:
    handed = int((~task.own[np.arange(len(found.duty)), found.duty]).sum())
    return found.load_km, task.officers - at_home(task, found.officers), handed


def counted(seed: int) -> RoadTask:
    """A random task; in some the number of duty stations is stated, in some squads share areas."""
    task = random_task(seed)
    rng = np.random.default_rng([seed, 1])
    stations = [None, None, int(task.may.any(axis=0).sum()) - 1][seed % 3]
    least = 2 if seed % 4 == 1 and stations is None else 1
    more = rng.integers(0, 4) if least == 1 else task.may.shape[1]
    return replace(
        task,
        duty_stations=stations,
        min_officers=least,
        squad_officers=task.squad_officers + np.array([0, more]),
        in_area=rng.random((2, task.may.shape[1])) < rng.choice([0.3, 0.6]),
    )


@pytest.mark.parametrize("seed", range(24))
def test_both_methods_reach_the_same_goals(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = counted(seed)
    start = start_of(task)
    by_states = share_roads(task, start, Limits())
    monkeypatch.setattr(road_frontier, "MOST_STEPS", 0)
    by_branching = share_roads(task, start, Limits())
    assert "dynamic" in by_states.method
    assert "dynamic" not in by_branching.method
    assert by_states.is_proven
    assert by_branching.is_proven
    assert goals(task, by_states) == goals(task, by_branching)
    assert int(by_states.officers.sum()) == task.officers
    assert (by_states.officers[by_states.duty] >= task.min_officers).all()
    if task.duty_stations is not None:
        assert len(np.unique(by_states.duty)) == task.duty_stations


def start_of(task: RoadTask) -> IntArray:
    """Some assignment with the right number of units, by trial."""
    wanted = task.duty_stations
    rng = np.random.default_rng(0)
    while True:
        duty = np.array([rng.choice(np.flatnonzero(row)) for row in task.may])
        opened = len(np.unique(duty))
        if wanted in (None, opened) and opened * task.min_officers <= task.officers:
            return duty


def test_the_tasks_above_have_leavers_and_handovers() -> None:
    found = [goals(t, share_roads(t, start_of(t), Limits())) for t in map(counted, range(24))]
    assert len({leavers for _, leavers, _ in found}) >= 4
    assert len({handed for _, _, handed in found}) >= 4


def test_a_spare_officer_goes_where_the_load_is_highest_if_that_keeps_them_at_home() -> None:
    """19, 20 and 20 km, four officers: one each is 20 km per officer, and one more mends nothing.

    The fourth goes to the first of the two with 20 km; with that one outside the squad's area, to
    the other, though the load is the same, for there nobody more leaves the area.
    """
    task = RoadTask(
        may=np.eye(3, dtype=np.bool_),
        own=np.eye(3, dtype=np.bool_),
        road_km=np.array([19.0, 20.0, 20.0]),
        squad_officers=np.array([4]),
        in_area=np.array([[True, True, True]]),
        duty_stations=None,
        min_officers=1,
    )
    duty = np.arange(3)
    found = share_roads(task, duty, Limits())
    assert (found.load_km, found.officers.tolist()) == (20.0, [1, 2, 1])
    found = share_roads(replace(task, in_area=np.array([[True, False, True]])), duty, Limits())
    assert (found.load_km, found.officers.tolist()) == (20.0, [1, 1, 2])


def test_a_wide_frontier_is_left_to_branch_and_bound() -> None:
    """Too many bits for one number: 62 jurisdictions."""
    many = 62
    own = np.zeros((many, 2), dtype=np.bool_)
    own[:31, 0] = own[31:, 1] = True
    task = RoadTask(
        may=own, own=own, road_km=np.ones(many), squad_officers=np.array([2]),
        in_area=np.ones((1, 2), dtype=np.bool_), duty_stations=None, min_officers=1,
    )  # fmt: skip
    groups = Groups(
        unit=np.array([0, 1]), members=own.T, road_km=np.array([31.0, 31.0]), is_complete=True
    )
    with pytest.raises(road_frontier.TooWideError):
        road_frontier.share_by_frontier(task, groups, own.argmax(axis=1))


def test_officers_go_where_the_load_is_highest() -> None:
    task = random_task(0)
    duty = task.own.argmax(axis=1)
    officers = split_officers(task, duty)
    assert int(officers.sum()) == task.officers
    units = task.may.shape[1]
    km = np.bincount(duty, weights=task.road_km, minlength=units).astype(np.float64)
    load = float((km[officers > 0] / officers[officers > 0]).max())
    needed = np.where(km > 0, officers_needed(km, load * (1 - 1e-9), 1), 0)
    assert int(needed.sum()) > task.officers, "no split has less"


def test_officers_needed_is_exact_at_its_own_thresholds() -> None:
    road_km = np.array([0.0, 0.1, 0.3, 1 / 3, 52.0, 155.9])
    for n in range(1, 40):
        for km in road_km[1:]:
            needed = officers_needed(road_km, km / n, 1)
            assert (road_km / needed <= km / n).all()
            assert ((needed == 1) | (road_km / np.maximum(needed - 1, 1) > km / n)).all()
    assert officers_needed(road_km, 1000.0, 2).tolist() == [2] * 6
    assert officers_needed(road_km[:1], 0.0, 3).tolist() == [3]
