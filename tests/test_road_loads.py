"""Least load of duty stations against all assignments at once."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.frozen import FloatArray
from optimizer.road_loads import RoadTask, officers_needed, share_roads, split_officers
from optimizer.solver import Limits


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
