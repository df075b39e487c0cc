from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from optimizer.columns import (
    ADJACENCY,
    APART,
    CAN_BUNDLE,
    CAN_HOST,
    COLUMN_RULES,
    FARTHEST,
    HOST,
    KEEP,
    LARGEST_BUNDLE,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    OFFICE_TRAVEL,
    RURAL_ONLY,
    SHARE_WITHIN,
    TOGETHER,
    Columns,
    count_sets,
    priced_columns,
    together_groups,
    undominated,
)
from optimizer.connected_sets import connected_sets
from optimizer.county import County
from optimizer.policy import Policy
from tests.toy import random_county, toy_county

ALL = frozenset(COLUMN_RULES)
# Hand-worked in test_a_pair_by_hand.
SINGLE_OFFICERS = 2 * 3.5 + 3.5 + 240_000 / (48 * 60 * 365 / 7)
PAIR_OFFICERS = 2 * 3.5 + 3.5 + 40 / 48 + 2 * 240_000 / (48 * 60 * 365 / 7)


def policy(**parts: Any) -> Policy:
    return Policy.model_validate(parts)


def find(columns: Columns, county: County, host: str, *stations: str) -> int:
    row = county.stations.index()
    wanted = sorted(row[s] for s in stations)
    for i in range(len(columns)):
        members = sorted(columns.members[i, : columns.size[i]].tolist())
        if members == wanted and columns.host[i] == row[host]:
            return i
    raise LookupError((host, stations))


def keys(columns: Columns) -> set[tuple[tuple[int, ...], int]]:
    return {
        (tuple(sorted(m[:k].tolist())), int(h))
        for m, k, h in zip(columns.members, columns.size, columns.host, strict=True)
    }


def is_connected(members: tuple[int, ...], pairs: set[tuple[int, int]]) -> bool:
    reached, todo = {members[0]}, [members[0]]
    while todo:
        here = todo.pop()
        for other in members:
            if other not in reached and ((here, other) in pairs or (other, here) in pairs):
                reached.add(other)
                todo.append(other)
    return len(reached) == len(members)


@pytest.mark.parametrize("seed", range(8))
def test_connected_sets_are_all_and_only(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 9
    pairs = np.argwhere(np.triu(rng.random((n, n)) < 0.3, 1))
    near = {(int(i), int(j)) for i, j in pairs}
    found = connected_sets(pairs, n, 5)
    for size, sets in enumerate(found, start=1):
        expected = [c for c in itertools.combinations(range(n), size) if is_connected(c, near)]
        assert [tuple(row) for row in sets.tolist()] == expected


def test_connected_sets_of_numbers_too_large_for_one_key() -> None:
    n = 10_000
    pairs = np.array([[9_995, 9_996], [9_996, 9_997], [9_997, 9_998], [9_998, 9_999]])
    found = connected_sets(pairs, n, 5)
    assert [len(s) for s in found] == [n, 4, 3, 2, 1]


def test_a_pair_by_hand() -> None:
    """Two stations 12 min apart, 1,200 alerts each, cells 0, 4 and 4 min from their seat.

    Alone: 1,200 / 8,760 h x (40 + 2 x 8/3) min = 0.1035 erlang; one crew leaves
    0.1035 e^(-0.8965 x 5 / 45.33) = 9.4% waiting over 5 min, two crews hardly any. Together:
    2,400 alerts, mean travel (8/3 + 12) / 2 min, 0.2496 erlang; two crews leave 2.4%. Extra travel:
    1,200 alerts x (12 - 8/3) min = 11,200 alert-min, at 0.1 a thousand 1.12 officers.
    """
    county = toy_county(n_stations=2)
    columns = priced_columns(county, policy())
    alone = find(columns, county, "s01", "s01")
    pair = find(columns, county, "s01", "s01", "s02")
    assert columns.price_units[alone] == round(SINGLE_OFFICERS * 1e6)
    assert columns.freed_units[alone] == 0
    assert columns.price_units[pair] == round((PAIR_OFFICERS + 1.12) * 1e6)
    assert columns.freed_units[pair] == round((2 * SINGLE_OFFICERS - PAIR_OFFICERS) * 1e9)
    assert columns.rehomed_officers[pair] == 15
    assert len(columns) == 4


def test_every_weight_has_its_price() -> None:
    county = toy_county(n_stations=2)

    def price(**weights: float) -> float:
        columns = priced_columns(county, policy(weights=weights))
        return float(columns.price_units[find(columns, county, "s02", "s01", "s02")]) / 1e6

    nothing = {"officers": 0, "response_per_1000_alert_min": 0, "overload_per_officer": 0}
    assert price(**nothing) == 0
    assert price(**(nothing | {"officers": 2})) == pytest.approx(2 * PAIR_OFFICERS, abs=1e-6)
    assert price(**(nothing | {"response_per_1000_alert_min": 0.5})) == pytest.approx(5.6)
    assert price(**(nothing | {"overload_per_officer": 3, "span_officers": 10})) == pytest.approx(
        3 * (PAIR_OFFICERS - 10), abs=1e-6
    )
    assert price(**(nothing | {"fixed_per_office": 0.25})) == 0.25


def test_a_better_host_may_shorten_response() -> None:
    # The second station's alerts lie at the first one's seat: serving them from there gains time.
    travel = np.array([[1.0, 1.0], [9.0, 9.0]])
    county = toy_county(
        n_stations=2,
        cells_per_station=1,
        travel_time_min=travel,
        road_km=travel,
        cells={"station": np.array([0, 1])},
    )
    weights = {"officers": 0, "overload_per_officer": 0, "response_per_1000_alert_min": 1}
    columns = priced_columns(county, policy(weights=weights))
    pair = find(columns, county, "s01", "s01", "s02")
    assert columns.price_units[pair] == round(-0.4 * 8 * 1e6)


CASES: list[tuple[str, dict[str, Any], dict[str, Any], float]] = [
    # rule, changes to the county, policy, amount at (s01 hosts s01+s02)
    (OFFICE_TRAVEL, {}, {"bundling": {"max_office_travel_min": 11.9}}, 12.0),
    (FARTHEST, {}, {"response": {"farthest_min": 17.9}}, 18.0),
    (SHARE_WITHIN, {}, {"response": {"rural_min": 12, "share_within_fraction": 0.67}}, 4 / 6),
    (MAX_OFFICERS, {"stations": {"max_officers": np.array([12.0, 99, 99])}}, {},
     SINGLE_OFFICERS - 12.0),
    (CAN_HOST, {"stations": {"can_host": np.array([False, True, True])}}, {}, 1),
    (CAN_BUNDLE, {"stations": {"can_bundle": np.array([True, False, True])}}, {}, 1),
    (RURAL_ONLY, {"n_urban": 2}, {"response": {"urban_min": 30}}, 2),
    (MAX_BUNDLE_SIZE, {}, {"bundling": {"max_bundle_size": 1}}, 2),
    (ADJACENCY, {"station_adjacency": np.array([[0, 2], [1, 2]])}, {}, 1),
    (TOGETHER, {}, {"bundling": {"locks": {"together": [["s02", "s03"]]}}}, 1),
    (APART, {}, {"bundling": {"locks": {"apart": [["s01", "s02"]]}}}, 1),
    (KEEP, {}, {"bundling": {"locks": {"keep": ["s01", "s02"]}}}, 2),
    (HOST, {}, {"bundling": {"locks": {"host": ["s02"]}}}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "change", "parts", "amount"), CASES, ids=[c[0] for c in CASES])
def test_each_rule_bars_its_column_and_no_other(
    rule: str, change: dict[str, Any], parts: dict[str, Any], amount: float
) -> None:
    county = toy_county(n_stations=3, **change)
    rules = policy(**parts)
    everything = priced_columns(county, rules, without=ALL)
    row = find(everything, county, "s01", "s01", "s02")
    broken = {r for r, b in zip(COLUMN_RULES, everything.broken[row], strict=True) if b}
    assert broken == {rule}
    assert everything.amount[row, COLUMN_RULES.index(rule)] == pytest.approx(amount)
    kept = priced_columns(county, rules)
    with pytest.raises(LookupError):
        find(kept, county, "s01", "s01", "s02")
    without = priced_columns(county, rules, without=frozenset({rule}))
    assert find(without, county, "s01", "s01", "s02") >= 0


def test_a_lone_station_breaks_no_rule_but_together() -> None:
    county = toy_county(n_stations=2, stations={"max_officers": np.zeros(2)})
    hard = policy(
        response={"farthest_min": 1, "rural_min": 1, "share_within_fraction": 1},
        bundling={"max_office_travel_min": 0.1, "locks": {"keep": ["s01"], "host": ["s01"]}},
    )
    assert keys(priced_columns(county, hard)) == {((0,), 0), ((1,), 1)}
    locked = policy(bundling={"locks": {"together": [["s01", "s02"]]}})
    assert keys(priced_columns(county, locked)) == set()  # s02 has no room for two either
    assert keys(priced_columns(toy_county(n_stations=2), locked)) == {((0, 1), 0), ((0, 1), 1)}


def test_no_alerts_means_no_share_to_miss() -> None:
    county = toy_county(n_stations=2, alerts_per_cell=0.0)
    columns = priced_columns(county, policy(response={"rural_min": 1, "share_within_fraction": 1}))
    assert find(columns, county, "s01", "s01", "s02") >= 0


def test_an_unreachable_host_is_no_host_whatever_is_dropped() -> None:
    base = toy_county(n_stations=2)
    travel = base.travel_time_min.copy()
    travel[0, 3:] = np.inf
    county = toy_county(n_stations=2, travel_time_min=travel)
    columns = priced_columns(county, policy(), without=ALL)
    with pytest.raises(LookupError):
        find(columns, county, "s01", "s01", "s02")
    assert find(columns, county, "s02", "s01", "s02") >= 0


@pytest.mark.parametrize("seed", range(6))
def test_dropping_rules_only_adds_columns(seed: int) -> None:
    county = random_county(seed, 7, n_urban=2)
    rules = policy(bundling={"max_office_travel_min": 12, "locks": {"apart": [["s01", "s03"]]}})
    everything = priced_columns(county, rules, without=ALL, largest=3)
    for rule in (*COLUMN_RULES, ""):
        dropped = frozenset({rule}) & ALL
        some = priced_columns(county, rules, without=dropped, largest=3)
        assert keys(some) == keys(everything.at(everything.breaking_only(dropped) & (
            everything.size <= 3)))  # fmt: skip


@pytest.mark.parametrize("freed_counts", [False, True])
def test_undominated_keeps_what_a_naive_search_keeps(freed_counts: bool) -> None:
    lost = 0
    for seed in range(5):
        county = random_county(seed, 7, n_urban=0)
        rules = policy(weights={"response_per_1000_alert_min": 3})
        columns = priced_columns(county, rules)
        kept = keys(undominated(columns, county, freed_counts=freed_counts))
        expected = set()
        for i in range(len(columns)):
            me = (columns.price_units[i], -columns.freed_units[i] if freed_counts else 0)
            better = False
            for j in np.flatnonzero(columns.set_of == columns.set_of[i]).tolist():
                it = (columns.price_units[j], -columns.freed_units[j] if freed_counts else 0)
                tie = (columns.rehomed_officers[j], j) < (columns.rehomed_officers[i], i)
                better |= it[0] <= me[0] and it[1] <= me[1] and (it != me or tie)
            if not better:
                members = tuple(sorted(columns.members[i, : columns.size[i]].tolist()))
                expected.add((members, int(columns.host[i])))
        assert kept == expected
        lost += len(columns) - len(kept)
    assert lost > 0


def test_ties_between_hosts() -> None:
    # Alike but for their officers: the host with more officers rehomes fewer.
    county = toy_county(n_stations=2, stations={"officers": np.array([9, 11])})
    columns = undominated(priced_columns(county, policy()), county, freed_counts=False)
    assert find(columns, county, "s02", "s01", "s02") >= 0
    # Alike in all: the smaller id.
    county = toy_county(n_stations=2)
    columns = undominated(priced_columns(county, policy()), county, freed_counts=False)
    assert find(columns, county, "s01", "s01", "s02") >= 0


def test_together_groups_join_where_they_share_a_station() -> None:
    locks = {"together": [["d", "c"], ["a", "b"], ["x", "y"], ["b", "c"]]}
    assert together_groups(policy(bundling={"locks": locks})) == (("a", "b", "c", "d"), ("x", "y"))


def test_count_sets_is_the_number_looked_at() -> None:
    county = random_county(3, 8, n_urban=2)
    for without in (frozenset[str](), frozenset({ADJACENCY}), frozenset({RURAL_ONLY})):
        rules = policy(
            bundling={"max_bundle_size": 4, "max_office_travel_min": 1000},
            response={"farthest_min": 1000, "share_within_fraction": 0},
        )
        columns = priced_columns(county, rules, without=without)
        sets = len({m for m, _ in keys(columns) if len(m) > 1})
        assert sets == count_sets(county, rules, without=without, largest=4, most=10**6)
    assert LARGEST_BUNDLE == 5


def test_bundle_of_a_column() -> None:
    ids = ("b", "a", "c", "d")
    county = toy_county(stations={"station_id": ids})
    columns = priced_columns(county, policy())
    made = columns.bundle(county, find(columns, county, "c", "a", "b", "c"))
    assert (made.centre_id, made.station_ids) == ("c", ("a", "b", "c"))
