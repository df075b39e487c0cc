"""Plans of given columns, against every partition; what is remembered costs no solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimizer import existence
from optimizer.columns import COLUMN_RULES, FREED_UNITS_PER_OFFICER, Columns, Reach, every_column
from optimizer.existence import Counts, Existence
from optimizer.frozen import BoolArray
from optimizer.result import Status
from optimizer.solver import Limits
from optimizer.workload import demand_of
from tests.test_bundling import partitions
from tests.test_columns import policy
from tests.toy import random_county

EVERYTHING = Reach(3, frozenset(COLUMN_RULES))
STATIONS = 6


def columns_of(seed: int) -> Columns:
    county = random_county(seed, STATIONS, n_urban=0)
    found = every_column(county, policy(), demand_of(county, policy()), EVERYTHING)
    return found.at(np.lexsort((-found.freed_units, found.set_of)))


def search_of(columns: Columns) -> Existence:
    return Existence(columns, STATIONS, Limits(), float("inf"))


def by_hand(columns: Columns, allowed: BoolArray, counts: Counts) -> bool:
    """Whether any partition into allowed sets adds up."""
    best: dict[tuple[int, ...], int] = {}
    for i in np.flatnonzero(allowed):
        members = tuple(sorted(columns.members[i, : columns.size[i]].tolist()))
        freed = int(columns.freed_units[i])
        best[members] = max(best.get(members, freed), freed)
    for parts in partitions(tuple(range(STATIONS))):
        joint = [p for p in parts if len(p) > 1]
        if (
            all(p in best for p in parts)
            and counts.centres in (None, len(joint))
            and counts.bundled in (None, sum(map(len, joint)))
            and (counts.freed_units is None or sum(best[p] for p in parts) >= counts.freed_units)
        ):
            return True
    return False


@pytest.mark.parametrize("at_first", [1_500, 0])
def test_equals_trying_every_partition(monkeypatch: pytest.MonkeyPatch, at_first: int) -> None:
    """All columns at once, and by column generation two at a time."""
    monkeypatch.setattr(existence, "_AT_FIRST", at_first)
    monkeypatch.setattr(existence, "_JOINING", 2)
    said = []
    for seed in range(4):
        columns, rng = columns_of(seed), np.random.default_rng(seed)
        search = search_of(columns)
        for _ in range(15):
            # Lone stations may be barred too, as by a lock that joins stations.
            allowed = rng.random(len(columns)) < np.where(columns.size == 1, 0.8, 0.3)
            freed = int(rng.integers(0, 60)) * FREED_UNITS_PER_OFFICER
            counts = Counts(
                centres=int(rng.integers(0, 4)) if rng.random() < 0.6 else None,
                bundled=int(rng.integers(0, 7)) if rng.random() < 0.5 else None,
                freed_units=freed if rng.random() < 0.4 else None,
            )
            status, chosen = search.plan(allowed, counts)
            expected = by_hand(columns, allowed, counts)
            assert status is (Status.FEASIBLE if expected else Status.INFEASIBLE)
            said.append(expected)
            if expected:
                assert allowed[chosen].all()
                held = np.sort(columns.members[chosen].ravel())
                assert held[held >= 0].tolist() == list(range(STATIONS))
    assert 10 < sum(said) < len(said) - 10


def no_solver(*_: Any, **__: Any) -> Any:
    raise AssertionError("a solver was asked")


def test_what_was_found_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = columns_of(1)
    search = search_of(columns)
    every, small = np.ones(len(columns), dtype=bool), columns.size <= 2
    assert search.plan(small, Counts(centres=3))[0] is Status.FEASIBLE
    assert search.plan(small, Counts(centres=4))[0] is Status.INFEASIBLE
    most = Counts(freed_units=10**6 * FREED_UNITS_PER_OFFICER)
    assert search.plan(every, most)[0] is Status.INFEASIBLE
    monkeypatch.setattr(existence, "relax", no_solver)
    monkeypatch.setattr(existence, "solve", no_solver)
    # More columns and fewer counts: the same plan; fewer columns, larger counts: still none.
    assert search.plan(every, Counts(bundled=6))[0] is Status.FEASIBLE
    assert search.plan(columns.size == 1, Counts(centres=5))[0] is Status.INFEASIBLE
    assert search.plan(small, most)[0] is Status.INFEASIBLE
    # A refutation that rests on a count says nothing where the count is free.
    with pytest.raises(AssertionError, match="solver"):
        search.plan(columns.size == 1, Counts(bundled=2))


def test_out_of_time_is_not_known() -> None:
    columns = columns_of(1)
    search = Existence(columns, STATIONS, Limits(), 0.0)
    status, _ = search.plan(np.ones(len(columns), dtype=bool), Counts(centres=3))
    assert status is Status.UNKNOWN
    assert search.out_of_time
