"""Moves against hand-worked cases, enumeration and linear programming."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from optimizer.county import County, Units
from optimizer.errors import SolverError
from optimizer.moves import UNREACHABLE_MIN, ship, staffing_moves, whole_steps
from optimizer.plan import Bundle, Move, Plan, current_plan
from optimizer.policy import Policy
from optimizer.solver import min_cost_flow
from optimizer.strength import unit_needs
from tests.toy import random_county, toy_county


def plan_of(county: County, *groups: tuple[str, ...]) -> Plan:
    """The first of each group is its centre; all other stations stay alone."""
    alone = set(county.stations.station_id) - {s for g in groups for s in g}
    bundles = [
        *(Bundle(centre_id=g[0], station_ids=tuple(sorted(g))) for g in groups),
        *(Bundle(centre_id=s, station_ids=(s,)) for s in alone),
    ]
    return Plan(bundles=tuple(sorted(bundles)), road_duties=current_plan(county).road_duties)


def moves(
    county: County, plan: Plan, given: dict[str, int], received: dict[str, int]
) -> tuple[Move, ...]:
    needs = unit_needs(county, Policy(), plan)
    return staffing_moves(county, plan.bundles, needs, given, received)


def said(found: tuple[Move, ...], reason: str) -> set[tuple[str, str, int]]:
    return {(m.from_id, m.to_id, m.officers) for m in found if m.reason == reason}


# --- minimum-cost flow -------------------------------------------------------------------------


def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def test_flow_takes_the_cheaper_way_until_it_is_full() -> None:
    # 0 -> 2 directly at 3, or by 1 at 1 + 1 for at most two units.
    flow = min_cost_flow(
        tail=ints(0, 0, 1),
        head=ints(2, 1, 2),
        capacity=ints(9, 2, 9),
        price=ints(3, 1, 1),
        supply=ints(5, 0, -5),
    )
    assert flow is not None
    assert flow.tolist() == [3, 2, 2]


def test_flow_that_cannot_arrive_and_flow_that_does_not_balance() -> None:
    one = ints(0), ints(1), ints(1), ints(1)
    assert min_cost_flow(*one, supply=ints(2, -2)) is None
    with pytest.raises(SolverError, match="balance"):
        min_cost_flow(*one, supply=ints(2, -1))


def test_prices_beyond_exact_arithmetic_are_refused() -> None:
    with pytest.raises(SolverError, match="COST"):
        min_cost_flow(ints(0), ints(1), ints(5), ints(10**18), supply=ints(4, -4))


@pytest.mark.parametrize("seed", range(8))
def test_shipment_equals_linear_programming(seed: int) -> None:
    """The transport polytope has whole corners, so its linear optimum is the whole one."""
    rng = np.random.default_rng(seed)
    supply = rng.integers(0, 6, 4)
    demand = rng.multinomial(int(supply.sum()), [0.5, 0.3, 0.2])
    price = rng.integers(0, 50, (4, 3))
    may = rng.random((4, 3)) < 0.8
    may[:, 0] = may[0] = True
    bounds = [(0, 99 if ok else 0) for ok in may.ravel()]
    rows = [np.kron(np.eye(4)[i], np.ones(3)) for i in range(4)]
    rows += [np.tile(np.eye(3)[j], 4) for j in range(3)]
    best = linprog(price.ravel(), A_eq=rows, b_eq=[*supply, *demand], bounds=bounds)
    assert best.success
    sent = ship(supply, demand, price, may)
    assert (sent.sum(axis=1) == supply).all()
    assert (sent.sum(axis=0) == demand).all()
    assert not sent[~may].any()
    assert (sent * price).sum() == pytest.approx(best.fun)


def test_a_shipment_that_cannot_be_is_refused() -> None:
    may = np.array([[True, False], [True, False]])
    with pytest.raises(SolverError, match="cannot fill"):
        ship(ints(1, 1), ints(1, 1), np.ones((2, 2), np.int64), may)


def test_minutes_become_whole_thousandths() -> None:
    assert whole_steps(np.array([0.0, 1.2345, np.inf])).tolist() == [
        0,
        1234,
        int(UNREACHABLE_MIN * 1000),
    ]


# --- the moves of a plan -----------------------------------------------------------------------


def test_officers_of_an_office_go_to_their_centre() -> None:
    county = toy_county(n_stations=4, stations={"officers": [7, 8, 9, 0]})
    found = moves(county, plan_of(county, ("s02", "s01"), ("s03", "s04")), {}, {})
    assert found == (Move(from_id="s01", to_id="s02", officers=7, reason="bundle"),)


def test_the_nearest_officer_goes() -> None:
    # s01 and s04 give one each, s02 and s03 receive: neighbours, not across the county.
    county = toy_county(n_stations=4)
    found = moves(county, plan_of(county), {"s01": 1, "s04": 1}, {"s02": 1, "s03": 1})
    assert said(found, "reassign") == {("s01", "s02", 1), ("s04", "s03", 1)}


def test_the_bundle_gives_from_the_office_nearest_to_the_receiver() -> None:
    # s01 + s02 + s03 under s02; s04 receives: s03 is next to it, and holds two officers only.
    county = toy_county(n_stations=4, stations={"officers": [9, 9, 2, 9]})
    found = moves(county, plan_of(county, ("s02", "s01", "s03")), {"s02": 3}, {"s04": 3})
    assert said(found, "reassign") == {("s03", "s04", 2), ("s02", "s04", 1)}
    assert said(found, "bundle") == {("s01", "s02", 9)}


def test_equally_far_an_office_gives_before_the_centre() -> None:
    """Whoever must leave the office anyway is the one reassigned."""
    county = toy_county(n_stations=3, stations={"officers": [5, 5, 5]})
    minutes = np.array([[0.0, 12, 20], [12, 0, 20], [20, 20, 0]])
    county = replace(county, station_time_min=minutes)
    found = moves(county, plan_of(county, ("s01", "s02")), {"s01": 2}, {"s03": 2})
    assert said(found, "reassign") == {("s02", "s03", 2)}
    assert said(found, "bundle") == {("s02", "s01", 3)}


def test_a_place_without_road_is_the_last_choice() -> None:
    county = toy_county(n_stations=3, stations={"officers": [1, 5, 5]})
    minutes = county.station_time_min.copy()
    minutes[1, 2] = np.inf
    county = replace(county, station_time_min=minutes)
    found = moves(county, plan_of(county, ("s01", "s02")), {"s01": 2}, {"s03": 2})
    assert said(found, "reassign") == {("s01", "s03", 1), ("s02", "s03", 1)}


def test_functional_units_give_and_receive_at_their_place() -> None:
    county = toy_county(n_stations=4, n_units=2)  # u1 at s01, u2 at s02
    found = moves(county, plan_of(county), {"u2": 1, "s04": 1}, {"u1": 1, "s03": 1})
    assert said(found, "reassign") == {("u2", "u1", 1), ("s04", "s03", 1)}
    county = toy_county(n_stations=4, n_units=3)  # u3 at s03
    found = moves(county, plan_of(county), {"u3": 1, "s02": 1}, {"s04": 1, "s01": 1})
    assert said(found, "reassign") == {("u3", "s04", 1), ("s02", "s01", 1)}


def test_more_than_a_unit_holds_is_refused() -> None:
    county = toy_county(n_stations=2, officers=5)
    with pytest.raises(SolverError, match="more officers than it holds"):
        moves(county, plan_of(county), {"s01": 6}, {"s02": 6})
    with pytest.raises(SolverError, match="balance"):
        moves(county, plan_of(county), {"s01": 2}, {"s02": 1})


def test_same_moves_whatever_the_order_of_units() -> None:
    """Every way is equally long, so that many answers are best."""
    base = replace(random_county(2, 6, n_units=3), station_time_min=5.0 * (1.0 - np.eye(6)))
    units = base.units
    back = slice(None, None, -1)
    turned = replace(
        base,
        units=Units(
            unit_id=units.unit_id[back],
            name=units.name[back],
            kind=units.kind,
            officers=units.officers[back],
            authorised_officers=units.authorised_officers[back],
            required_officers=units.required_officers[back],
            can_give=units.can_give,
            can_receive=units.can_receive,
            station=units.station[back],
        ),
    )
    given, received = {"u1": 2, "u2": 2, "s01": 1}, {"u3": 1, "s05": 2, "s06": 2}
    plan = plan_of(base, ("s01", "s02"))
    assert moves(base, plan, given, received) == moves(turned, plan, given, received)


@pytest.mark.parametrize("seed", range(10))
def test_fewest_minutes_then_fewest_rehomed_by_enumeration(seed: int) -> None:
    """Bundles s01 + s02 and s03 + s04 give two each, s05 and s06 receive two each."""
    rng = np.random.default_rng(seed)
    held = rng.integers(1, 4, 6)
    county = toy_county(n_stations=6, stations={"officers": held})
    minutes = rng.integers(1, 4, (6, 6)) * 5.0
    minutes = np.triu(minutes, 1)
    county = replace(county, station_time_min=np.array(minutes + minutes.T, dtype=np.float64))
    ids = county.stations.station_id
    found = moves(
        county,
        plan_of(county, ("s01", "s02"), ("s03", "s04")),
        {"s01": 2, "s03": 2},
        {"s05": 2, "s06": 2},
    )
    best = None
    # Officer k of the four goes from one of the two stations of its bundle to a receiver.
    for froms in itertools.product((0, 1), (0, 1), (2, 3), (2, 3)):
        if any(n > held[s] for s, n in Counter(froms).items()):
            continue
        for tos in set(itertools.permutations((4, 4, 5, 5))):
            total = sum(minutes[a, b] for a, b in zip(froms, tos, strict=True))
            rehomed = sum(int(held[s]) - froms.count(s) for s in (1, 3))
            best = min(best, (total, rehomed)) if best else (total, rehomed)
    row = {s: i for i, s in enumerate(ids)}
    total = sum(n * minutes[row[a], row[b]] for a, b, n in said(found, "reassign"))
    rehomed = sum(n for _, _, n in said(found, "bundle"))
    assert (total, rehomed) == best
