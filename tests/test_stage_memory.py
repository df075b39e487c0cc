"""A stage's key holds all that it reads: with a memory the chain answers the same, only sooner."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
import pytest

from optimizer.bundling import bundle
from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.result import Proof, Result, Status
from optimizer.stage_memory import BUNDLING, TRAFFIC, Answers, Reads, StageMemory
from optimizer.traffic import hand_over
from tests.toy import random_county

TABLES = ("stations", "cells", "squads")


def county(seed: int = 3) -> County:
    here = random_county(
        seed, 8, n_urban=1, n_squads=2, squad_officers=4, n_units=2, cells_per_station=2
    )
    station = here.cells.station[here.cell_adjacency]
    between = here.cell_adjacency[station[:, 0] != station[:, 1]]
    return replace(here, severed_cells=between[:1])


def policy(**parts: Any) -> Policy:
    asked = {"traffic": {"dissolve_squads": True, "max_accident_travel_min": 120.0}, **parts}
    return Policy.model_validate(asked)


POLICIES = {
    "free": policy(),
    "counted": policy(
        bundling={"centres": 2, "stations_bundled": 4, "min_officers_freed": 0.1},
        traffic={"dissolve_squads": True, "max_accident_travel_min": 120.0, "duty_stations": 3},
    ),
    "no bundling": policy(bundling={"centres": 5, "stations_bundled": 4}),
    "every rule clashes": policy(
        bundling={"centres": 4, "stations_bundled": 8, "max_office_travel_min": 2.0,
                  "locks": {"apart": [["s01", "s02"]], "keep": ["s03"], "host": ["s04"]}},
        response={"farthest_min": 5.0, "share_within_fraction": 1.0},
    ),
    "no traffic": policy(traffic={"dissolve_squads": True, "duty_stations": 9}),
    "too far": policy(traffic={"dissolve_squads": True, "max_accident_travel_min": 1.0}),
}  # fmt: skip


# --- a stage sees nothing but what its key holds ----------------------------------------------


class Narrow:
    """A table with some fields only; its methods run on these."""

    def __init__(self, whole: object, kept: dict[str, object]) -> None:
        self._whole, self._kept = whole, kept

    def __getattr__(self, name: str) -> Any:
        if name in self._kept:
            return self._kept[name]
        method = getattr(type(self._whole), name, None)
        if callable(method):
            return method.__get__(self)
        raise AssertionError(f"{type(self._whole).__name__}.{name} is read but not in the key")

    def __len__(self) -> int:
        return int(cast("Any", type(self._whole)).__len__(self))


def narrowed(whole: County, reads: Reads) -> County:
    kept: dict[str, object] = {n: getattr(whole, n) for n in reads.county}
    for table in TABLES:
        names = getattr(reads, table)
        kept[table] = Narrow(
            getattr(whole, table), {n: getattr(getattr(whole, table), n) for n in names}
        )
    return cast("County", Narrow(whole, kept))


def narrowed_policy(whole: Policy, reads: Reads) -> Policy:
    found = whole.model_copy()
    for part in set(Policy.model_fields) - set(reads.policy):
        del found.__dict__[part]
    return found


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", [3, 4])
def test_bundling_reads_its_key_only(name: str, seed: int) -> None:
    here, rules = county(seed), POLICIES[name]
    found = bundle(narrowed(here, BUNDLING), narrowed_policy(rules, BUNDLING))
    assert found == bundle(here, rules)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", [3, 4])
def test_traffic_reads_its_key_only(name: str, seed: int) -> None:
    here, rules = county(seed), POLICIES[name]
    bundles = current_plan(here).bundles
    found = hand_over(narrowed(here, TRAFFIC), narrowed_policy(rules, TRAFFIC), bundles)
    assert found == hand_over(here, rules, bundles)


def test_the_policies_above_end_in_every_way() -> None:
    ends = [[(p.stage, p.status) for p in consolidate(county(), r).proofs] for r in
            POLICIES.values()]  # fmt: skip
    assert {e[-1] for e in ends} >= {
        ("staffing", Status.OPTIMAL), ("traffic", Status.INFEASIBLE),
        ("bundling", Status.INFEASIBLE),
    }  # fmt: skip


def test_a_narrow_county_refuses_other_fields() -> None:
    here = narrowed(county(), BUNDLING)
    for read in (lambda: here.units, lambda: here.stations.lon_deg, lambda: here.squads.officers):
        with pytest.raises(AssertionError, match="not in the key"):
            read()
    with pytest.raises(AttributeError):
        _ = narrowed_policy(policy(), BUNDLING).traffic


# --- every field in turn ----------------------------------------------------------------------


def other(value: Any) -> Any:
    """A value of the same form, a little different."""
    if isinstance(value, np.ndarray):
        changed = value.copy()
        if value.dtype == np.bool_:
            changed[0] = ~changed[0]
        elif value.ndim == 2 and value.shape[0] == value.shape[1]:
            changed[0, 1] += 1
        else:
            changed.flat[0] = changed.flat[0] + 1 if np.isfinite(changed.flat[0]) else 9
        return changed
    if not value:
        return ("x",)
    if isinstance(value[0], tuple):
        return (value[0][:-1], *value[1:])
    return (f"{value[0]}x", *value[1:])


def each_change(reads: Reads) -> list[tuple[str, bool, dict[str, Any]]]:
    """(field, whether the stage reads it, the county's fields with that one changed)."""
    here, found = county(), []
    for f in fields(County):
        if f.name not in (*TABLES, "units", "provenance", "_digest", "name"):
            value = other(getattr(here, f.name))
            found.append((f.name, f.name in reads.county, {f.name: value}))
    for table in TABLES:
        whole = getattr(here, table)
        for f in fields(whole):
            kept = {g.name: getattr(whole, g.name) for g in fields(whole)}
            kept[f.name] = other(kept[f.name])
            is_read = f.name in getattr(reads, table)
            found.append((f"{table}.{f.name}", is_read, {table: Narrow(whole, kept)}))
    return found


@pytest.mark.parametrize("reads", [BUNDLING, TRAFFIC], ids=["bundling", "traffic"])
def test_each_field_read_is_in_the_key_and_no_other(reads: Reads) -> None:
    here = county()
    whole = {f.name: getattr(here, f.name) for f in fields(County)}
    before = reads.key(here, policy())
    changes = each_change(reads)
    assert sum(is_read for _, is_read, _ in changes) == sum(
        len(getattr(reads, t)) for t in ("county", *TABLES)
    )
    for name, is_read, changed in changes:
        after = reads.key(cast("County", Narrow(here, whole | changed)), policy())
        assert (after != before) == is_read, name
    assert reads.key(here, policy(), "more") != before


CHANGED = {
    "workload": {"community_officer_min_per_1000_residents": 9000.0},
    "crews": {"max_wait_min": 4.0},
    "response": {"rural_min": 29.0},
    "roads": {"walk_km_per_h": 4.0},
    "bundling": {"centres": 2},
    "equity": {"max_township_loss_min": 5.0},
    "weights": {"fixed_per_office": 0.3},
    "traffic": {"dissolve_squads": True, "duty_stations": 4},
    "staffing": {"max_moves": 3},
    "solver": {"seed": 1},
}


@pytest.mark.parametrize("reads", [BUNDLING, TRAFFIC], ids=["bundling", "traffic"])
def test_each_part_of_the_policy_read_is_in_the_key(reads: Reads) -> None:
    assert set(reads.policy) <= set(CHANGED)
    for part, values in CHANGED.items():
        after = reads.key(county(), policy(**{part: values}))
        assert (after != reads.key(county(), policy())) == (part in reads.policy), part


# --- the chain --------------------------------------------------------------------------------


def worlds() -> list[tuple[County, Policy]]:
    """Neighbouring worlds in a row, as a sweep has them; some come twice."""
    here, found = county(), []
    busier = replace(
        here, cells=replace(here.cells, alerts_per_year=here.cells.alerts_per_year * 1.3)
    )
    more = replace(here, squads=replace(here.squads, officers=here.squads.officers + 1))
    units = replace(here, units=replace(here.units, officers=here.units.officers + 5))
    for there in (here, busier, more, units, here):
        found += [(there, POLICIES[name]) for name in ("free", "counted", "no traffic")]
        found += [(there, policy(**{part: values})) for part, values in CHANGED.items()]
    return found


def test_the_same_bytes_with_and_without() -> None:
    memory = StageMemory()

    def text(result: Result) -> tuple[str, tuple[Proof, ...]]:
        return "" if result.plan is None else result.plan.to_json(), result.proofs

    for there, rules in worlds():
        assert text(consolidate(there, rules, memory=memory)) == text(consolidate(there, rules))
    assert memory.bundling.found > len(worlds()) / 2
    assert memory.traffic.found > len(worlds()) / 2


def test_a_stage_taken_from_memory_is_told_too() -> None:
    memory, told = StageMemory(), list[str]()
    for _ in range(2):
        consolidate(county(), policy(), told.append, memory=memory)
    assert told == ["bundling", "traffic", "staffing"] * 2
    assert (memory.bundling.found, memory.traffic.found) == (1, 1)


def test_squads_that_stay_ask_no_memory() -> None:
    memory = StageMemory()
    consolidate(county(), policy(traffic={"dissolve_squads": False}), memory=memory)
    assert (len(memory.bundling), len(memory.traffic)) == (1, 0)


def answer(status: Status) -> tuple[str | None, Proof]:
    return "plan", Proof(stage="traffic", status=status, objective=1.0, bound=1.0)


def test_only_proofs_are_kept() -> None:
    kept: Answers[str] = Answers()
    for status in (Status.FEASIBLE, Status.UNKNOWN):
        kept.recall("a", lambda status=status: answer(status))  # type: ignore[misc]
        assert not len(kept)
    kept.recall("a", lambda: answer(Status.OPTIMAL))
    assert kept.recall("a", lambda: pytest.fail("worked out again")) == answer(Status.OPTIMAL)


def test_the_least_lately_asked_goes_first() -> None:
    kept: Answers[str] = Answers(most=2)
    for key in ("a", "b", "a", "c"):
        kept.recall(key, lambda: answer(Status.OPTIMAL))
    assert len(kept) == 2
    assert kept.found == 1
    kept.recall("a", lambda: pytest.fail("a was asked after b"))
    kept.recall("b", lambda: answer(Status.OPTIMAL))
    assert kept.found == 2


def test_wrong_locks_are_refused_each_time() -> None:
    rules = policy(bundling={"locks": {"keep": ["nobody"]}})
    memory = StageMemory()
    for _ in range(2):
        with pytest.raises(InputError):
            consolidate(county(), rules, memory=memory)
    assert not len(memory.bundling)
