"""Traffic consolidation against hand-worked cases and full enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import optimizer.road_frontier as road_frontier
import optimizer.road_loads as road_loads
import optimizer.road_task as road_task
from optimizer.county import County, Squads
from optimizer.feasibility import violations
from optimizer.plan import Bundle, Move, Plan, RoadDuty, current_plan
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.solver import Solved
from optimizer.traffic import TrafficPlan, hand_over
from tests.toy import random_county, toy_county


def traffic(**rules: Any) -> Policy:
    return Policy.model_validate({"traffic": {"dissolve_squads": True, **rules}})


def singles(county: County) -> tuple[Bundle, ...]:
    return current_plan(county).bundles


def bundled(county: County, *groups: tuple[str, ...]) -> tuple[Bundle, ...]:
    """The first of each group is its centre; all other stations stay alone."""
    alone = set(county.stations.station_id) - {s for g in groups for s in g}
    return tuple(
        sorted(
            [
                *(Bundle(centre_id=g[0], station_ids=tuple(sorted(g))) for g in groups),
                *(Bundle(centre_id=s, station_ids=(s,)) for s in alone),
            ]
        )
    )


def line(
    road_km: list[float],
    squads: dict[str, tuple[int, tuple[str, ...]]],
    n_urban: int = 0,
    **overrides: Any,
) -> County:
    """Stations on a line, 12 minutes apart, with stated roads and squads (officers, area).

    A squad sits at the last station of its area.
    """
    base = toy_county(n_stations=len(road_km), n_urban=n_urban)
    km = np.array(road_km, float)
    row = base.stations.index()
    seats = [row[area[-1]] if area else 0 for _, area in squads.values()]
    return replace(
        base,
        duty_road_km=np.column_stack([km, np.zeros(len(km))]),
        squads=Squads(
            squad_id=tuple(squads),
            name=tuple(squads),
            lon_deg=base.stations.lon_deg[seats],
            lat_deg=base.stations.lat_deg[seats],
            officers=np.array([n for n, _ in squads.values()]),
            stations=tuple(area for _, area in squads.values()),
        ),
        **overrides,
    )


def broken(
    county: County, policy: Policy, bundles: tuple[Bundle, ...], found: TrafficPlan
) -> list[str]:
    """Rules on traffic that the solver-free judge finds broken."""
    plan = Plan(
        bundles=bundles,
        road_duties=found.road_duties,
        dissolved_squad_ids=found.dissolved_squad_ids,
        moves=found.moves,
    )
    rules = (v.rule for v in violations(county, policy, plan))
    return [r for r in rules if r.startswith(("traffic.", "moves."))]


def measured(county: County, bundles: tuple[Bundle, ...], found: TrafficPlan) -> Any:
    """(km per officer, officers leaving their area, handovers), recomputed from the plan."""
    assert county.duty_road_km is not None
    row = county.stations.index()
    road_km: dict[str, float] = {}
    for duty in found.road_duties:
        km = float(county.duty_road_km[row[duty.station_id]].sum())
        road_km[duty.duty_id] = road_km.get(duty.duty_id, 0.0) + km
    holder = {duty.station_id: duty.duty_id for duty in found.road_duties}
    for part in found.class_duties:
        at = row[part.station_id], county.road_classes.index(part.road_class)
        km = float(county.duty_road_km[at])
        road_km[holder[part.station_id]] -= km
        road_km[part.duty_id] = road_km.get(part.duty_id, 0.0) + km
    officers: dict[str, int] = {}
    for move in found.moves:
        officers[move.to_id] = officers.get(move.to_id, 0) + move.officers
    members = {b.centre_id: set(b.station_ids) for b in bundles}
    area = dict(zip(county.squads.squad_id, map(set, county.squads.stations), strict=True))
    return (
        max(km / officers[unit] for unit, km in road_km.items()),
        sum(m.officers for m in found.moves if not area[m.from_id] & members[m.to_id]),
        sum(d.station_id not in members[d.duty_id] for d in found.road_duties),
    )


def splits(officers: int, units: list[int]) -> Iterator[dict[int, int]]:
    """All ways to send `officers` to `units`."""
    for cut in itertools.combinations(range(officers + len(units) - 1), len(units) - 1):
        ends = (-1, *cut, officers + len(units) - 1)
        yield {
            u: b - a - 1 for u, a, b in zip(units, ends[:-1], ends[1:], strict=True) if b - a > 1
        }


def enumerate_best(county: County, policy: Policy, bundles: tuple[Bundle, ...]) -> Any:
    """The best (load, leavers, handovers) over every assignment and every split; None = none."""
    assert county.duty_road_km is not None
    rules, row, next_to = policy.traffic, county.stations.index(), county.neighbours()
    members = [{row[s] for s in b.station_ids} for b in bundles]
    centres = [row[b.centre_id] for b in bundles]
    lands = [row[s] for area in county.squads.stations for s in area]
    areas = [{row[s] for s in area} for area in county.squads.stations]
    choices = [
        [
            r
            for r, m in enumerate(members)
            if (j in m or next_to[j] & m)
            and county.station_time_min[centres[r], j] <= rules.max_accident_travel_min
            and not (rules.rural_only and county.stations.is_urban[centres[r]])
        ]
        for j in lands
    ]
    best = None
    for duty in itertools.product(*choices):
        units = sorted(set(duty))
        if rules.duty_stations not in (None, len(units)):
            continue
        km = {
            r: float(
                sum(
                    county.duty_road_km[j].sum() for j, d in zip(lands, duty, strict=True) if d == r
                )
            )
            for r in units
        }
        handed = sum(j not in members[r] for j, r in zip(lands, duty, strict=True))
        for sent in itertools.product(
            *(list(splits(int(n), units)) for n in county.squads.officers)
        ):
            officers = {r: sum(s.get(r, 0) for s in sent) for r in units}
            if min(officers.values()) < max(1, rules.min_officers_per_duty_station):
                continue
            leavers = sum(
                n
                for s, area in zip(sent, areas, strict=True)
                for r, n in s.items()
                if not area & members[r]
            )
            found = (round(max(km[r] / officers[r] for r in units), 9), leavers, handed)
            best = found if best is None else min(best, found)
    return best


def test_by_hand_one_squad() -> None:
    # 30, 10, 20 km in a row and 3 officers: s01 alone with 2 officers is 15 km each, s02 + s03 with
    # one is 30; s01 + s02 (40) with 2 and s03 (20) with 1 is 20 km each, the mean, so the optimum.
    county = line([30, 10, 20], {"q1": (3, ("s01", "s02", "s03"))})
    plan, proof = hand_over(county, traffic(), singles(county))
    assert proof.status is Status.OPTIMAL
    assert proof.objective == proof.bound == 20.0
    assert plan is not None
    assert plan.dissolved_squad_ids == ("q1",)
    # Both s01 and s02 could manage s01 + s02; s03 must keep its own.
    assert RoadDuty(station_id="s03", duty_id="s03") in plan.road_duties
    assert measured(county, singles(county), plan) == (20.0, 0, 1)
    assert sum(m.officers for m in plan.moves) == 3


def test_exact_number_of_duty_stations_changes_the_answer() -> None:
    county = line([30, 10, 20], {"q1": (3, ("s01", "s02", "s03"))})
    plan, proof = hand_over(county, traffic(duty_stations=3), singles(county))
    # One officer each: the longest road counts.
    assert proof.objective == 30.0
    assert plan is not None
    assert [d.duty_id for d in plan.road_duties] == ["s01", "s02", "s03"]
    plan, proof = hand_over(county, traffic(duty_stations=1), singles(county))
    assert plan is not None
    assert {d.duty_id for d in plan.road_duties} == {"s02"}, "only the middle one is next to all"
    assert proof.objective == 20.0


def test_officers_stay_in_their_area_before_roads_stay_at_home() -> None:
    # Two squads; equal loads are possible with everyone at home.
    county = line([20, 20, 20, 20], {"q1": (2, ("s01", "s02")), "q2": (2, ("s03", "s04"))})
    plan, _ = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert measured(county, singles(county), plan) == (20.0, 0, 0)
    assert plan.moves == tuple(
        Move(from_id=q, to_id=s, officers=1, reason="road_duty")
        for q, s in (("q1", "s01"), ("q1", "s02"), ("q2", "s03"), ("q2", "s04"))
    )
    # With 3 and 1 officers, s02 takes the roads of s03 rather than an officer leave the area.
    county = line([20, 20, 20, 20], {"q1": (3, ("s01", "s02")), "q2": (1, ("s03", "s04"))})
    plan, _ = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert measured(county, singles(county), plan) == (20.0, 0, 1)
    # Four duty stations leave no such way out: one officer goes, to the nearer station.
    plan, _ = hand_over(county, traffic(duty_stations=4), singles(county))
    assert plan is not None
    assert measured(county, singles(county), plan) == (20.0, 1, 0)
    assert Move(from_id="q1", to_id="s03", officers=1, reason="road_duty") in plan.moves


def test_a_bundle_on_the_border_is_home_to_both_squads() -> None:
    county = line([20, 20, 20], {"q1": (1, ("s01",)), "q2": (2, ("s02", "s03"))})
    bundles = bundled(county, ("s02", "s01"))
    plan, _ = hand_over(county, traffic(duty_stations=2), bundles)
    assert plan is not None
    assert measured(county, bundles, plan)[1] == 0
    assert "s01" not in {d.duty_id for d in plan.road_duties}, "a police office takes no roads"


def instance(seed: int) -> tuple[County, Policy, tuple[Bundle, ...]]:
    rng = np.random.default_rng(seed)
    county = random_county(seed, 5, n_urban=seed % 2, n_squads=2, squad_officers=2 + seed % 3)
    assert county.station_adjacency is not None
    centre, other = next(
        (i, j) for i, j in county.station_adjacency.tolist() if not county.stations.is_urban[i]
    )
    ids = county.stations.station_id
    policy = traffic(
        duty_stations=[None, 2, 3][seed % 3],
        min_officers_per_duty_station=int(rng.integers(0, 3)),
        rural_only=bool(rng.integers(2)),
        max_accident_travel_min=float(rng.choice([15.0, 25.0, 90.0])),
    )
    bundles = bundled(county, (ids[centre], ids[other])) if seed % 4 else singles(county)
    return county, policy, bundles


@cache
def answer(seed: int) -> tuple[TrafficPlan | None, Proof]:
    return hand_over(*instance(seed))


@pytest.mark.parametrize("seed", range(16))
def test_equals_enumeration(seed: int) -> None:
    county, policy, bundles = instance(seed)
    plan, proof = answer(seed)
    best = enumerate_best(county, policy, bundles)
    if best is None:
        assert (plan, proof.status) == (None, Status.INFEASIBLE)
        assert proof.clashing_rules
        return
    assert plan is not None
    assert proof.status is Status.OPTIMAL
    load, leavers, handed = measured(county, bundles, plan)
    assert (round(load, 9), leavers, handed) == best
    assert proof.objective == pytest.approx(load, rel=1e-12)
    assert not broken(county, policy, bundles, plan)


def test_the_instances_above_are_of_both_kinds() -> None:
    found = [answer(seed)[1].status for seed in range(16)]
    assert 4 <= found.count(Status.OPTIMAL) <= 13
    assert set(found) == {Status.OPTIMAL, Status.INFEASIBLE}


def clash(county: County, policy: Policy, bundles: tuple[Bundle, ...] | None = None) -> Proof:
    plan, proof = hand_over(county, policy, bundles or singles(county))
    assert plan is None
    assert proof.status is Status.INFEASIBLE
    return proof


def helps(county: County, policy: Policy, proof: Proof) -> dict[str, str]:
    """The relaxations by rule, each tried."""
    for one in proof.relaxations:
        key = one.rule.removeprefix("traffic.")
        value: Any = one.needed == "true" if one.needed in ("true", "false") else one.needed
        rules = {**policy.traffic.model_dump(), key: value}
        plan, _ = hand_over(county, Policy.model_validate({"traffic": rules}), singles(county))
        assert plan is not None, one
    return {one.rule: one.needed for one in proof.relaxations}


def test_too_few_officers_for_the_duty_stations() -> None:
    county = line([20, 20, 20], {"q1": (4, ("s01", "s02", "s03"))})
    policy = traffic(duty_stations=3, min_officers_per_duty_station=2)
    proof = clash(county, policy)
    assert proof.clashing_rules == (
        "traffic.duty_stations",
        "traffic.min_officers_per_duty_station",
    )
    assert helps(county, policy, proof) == {
        "traffic.duty_stations": "2",
        "traffic.min_officers_per_duty_station": "1",
    }


def test_more_duty_stations_than_jurisdictions() -> None:
    county = line([20, 20, 20], {"q1": (9, ("s01", "s02"))})
    proof = clash(county, traffic(duty_stations=3))
    assert proof.clashing_rules == ("traffic.duty_stations",)
    assert helps(county, traffic(duty_stations=3), proof) == {"traffic.duty_stations": "2"}


def test_no_duty_station_leaves_roads_without_owner() -> None:
    county = line([20, 20], {"q1": (2, ("s01", "s02"))})
    proof = clash(county, traffic(duty_stations=0))
    assert "traffic.duty_stations" in proof.clashing_rules
    assert helps(county, traffic(duty_stations=0), proof) == {"traffic.duty_stations": "1"}


def test_a_town_jurisdiction_goes_to_its_rural_neighbour() -> None:
    # s01 is a town station inside the squad's area.
    county = line([20, 20, 20], {"q1": (3, ("s01", "s02", "s03"))}, n_urban=1)
    plan, _ = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert plan.road_duties[0] == RoadDuty(station_id="s01", duty_id="s02")
    plan, _ = hand_over(county, traffic(rural_only=False, duty_stations=3), singles(county))
    assert plan is not None
    assert plan.road_duties[0] == RoadDuty(station_id="s01", duty_id="s01")


def test_a_town_jurisdiction_without_rural_neighbour_is_named() -> None:
    county = line([20, 20, 20], {"q1": (3, ("s01", "s02", "s03"))}, n_urban=2)
    proof = clash(county, traffic())
    assert proof.clashing_rules == (
        "traffic.contiguity",
        "traffic.coverage",
        "traffic.rural_only",
    )
    assert helps(county, traffic(), proof) == {"traffic.rural_only": "false"}


def test_a_neighbour_too_far_is_named_with_the_minutes_that_help() -> None:
    county = line([20, 20], {"q1": (2, ("s01", "s02"))}, n_urban=1)
    policy = traffic(max_accident_travel_min=11)
    proof = clash(county, policy)
    assert proof.clashing_rules == (
        "traffic.coverage",
        "traffic.max_accident_travel_min",
        "traffic.rural_only",
    )
    assert helps(county, policy, proof) == {
        "traffic.max_accident_travel_min": "12",
        "traffic.rural_only": "false",
    }


def test_the_minutes_that_help_are_rounded_up() -> None:
    county = line([20, 20], {"q1": (2, ("s01", "s02"))}, n_urban=1)
    county = replace(county, station_time_min=county.station_time_min * 1.03)
    policy = traffic(max_accident_travel_min=11)
    assert helps(county, policy, clash(county, policy))["traffic.max_accident_travel_min"] == "12.4"


def test_a_far_police_office_is_not_taken_by_its_own_centre() -> None:
    # s02 is an office of s01, 12 minutes away; s03 is 12 minutes away too: nobody is within 11.
    county = line([20, 20, 20], {"q1": (3, ("s02",))})
    bundles = bundled(county, ("s01", "s02"))
    proof = clash(county, traffic(max_accident_travel_min=11), bundles)
    assert proof.clashing_rules == ("traffic.coverage", "traffic.max_accident_travel_min")


def test_squads_without_officers_cannot_man_their_roads() -> None:
    county = line([20, 20], {"q1": (0, ("s01", "s02"))})
    for least in (0, 1):
        proof = clash(county, traffic(min_officers_per_duty_station=least))
        assert proof.clashing_rules == (
            "traffic.coverage",
            "traffic.min_officers_per_duty_station",
        )
        assert proof.relaxations == ()


def test_officers_of_a_squad_without_ground_have_nowhere_to_go() -> None:
    county = line([20, 20], {"q1": (2, ())})
    assert clash(county, traffic()).clashing_rules == ("strength.conserved",)
    empty = line([20, 20], {"q1": (0, ())})
    plan, proof = hand_over(empty, traffic(), singles(empty))
    assert proof.status is Status.OPTIMAL
    assert plan == TrafficPlan(road_duties=(), dissolved_squad_ids=("q1",))


def test_jurisdictions_without_roads_still_get_an_owner() -> None:
    county = line([0, 0, 0], {"q1": (2, ("s01", "s02", "s03"))})
    plan, proof = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert proof.objective == 0.0
    assert proof.status is Status.OPTIMAL
    assert [d.station_id for d in plan.road_duties] == ["s01", "s02", "s03"]
    assert sum(m.officers for m in plan.moves) == 2


def test_squads_that_stay_keep_their_roads() -> None:
    county = line([20, 20], {"q1": (2, ("s01", "s02"))})
    plan, proof = hand_over(county, Policy(), singles(county))
    assert plan == TrafficPlan(road_duties=current_plan(county).road_duties)
    assert (proof.status, proof.objective, proof.bound) == (Status.OPTIMAL, 0.0, 0.0)
    bare = toy_county(n_stations=2)
    plan, proof = hand_over(bare, traffic(), singles(bare))
    assert plan == TrafficPlan(road_duties=())
    assert proof.status is Status.OPTIMAL


def test_same_answer_whatever_the_order_of_rows() -> None:
    county = random_county(3, 8, n_urban=1, n_squads=3, squad_officers=5)
    squads = county.squads
    back = slice(None, None, -1)
    turned = replace(
        county,
        squads=Squads(
            squad_id=squads.squad_id[back],
            name=squads.name[back],
            lon_deg=squads.lon_deg[back],
            lat_deg=squads.lat_deg[back],
            officers=squads.officers[back],
            stations=tuple(area[back] for area in squads.stations[back]),
        ),
    )
    first = hand_over(county, traffic(), singles(county))
    assert first == hand_over(turned, traffic(), singles(turned))
    assert first == hand_over(county, traffic(), singles(county))


def test_a_search_without_proof_does_not_claim_one(monkeypatch: pytest.MonkeyPatch) -> None:
    county = random_county(5, 8, n_urban=1, n_squads=3, squad_officers=4)
    _, best = hand_over(county, traffic(), singles(county))

    def out_of_time(*_args: object, **_kwargs: object) -> Solved:
        return Solved(status=Status.UNKNOWN)

    monkeypatch.setattr(road_frontier, "MOST_STEPS", 0)
    monkeypatch.setattr(road_loads, "solve", out_of_time)
    plan, proof = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert proof.status is Status.FEASIBLE
    assert proof.objective is not None
    assert proof.bound is not None
    assert best.objective is not None
    assert proof.bound <= best.objective <= proof.objective
    assert measured(county, singles(county), plan)[0] == pytest.approx(proof.objective)
    assert not broken(county, traffic(), singles(county), plan)


def test_too_many_groups_give_a_plan_with_an_honest_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    county = random_county(5, 8, n_urban=1, n_squads=3, squad_officers=4)
    _, best = hand_over(county, traffic(), singles(county))
    monkeypatch.setattr(road_task, "MOST_GROUPS", 30)
    plan, proof = hand_over(county, traffic(), singles(county))
    assert plan is not None
    assert proof.status is Status.FEASIBLE
    assert proof.bound is not None
    assert best.objective is not None
    assert proof.bound <= best.objective <= (proof.objective or 0.0)
    assert not broken(county, traffic(), singles(county), plan)


def test_as_published_five_squads_into_fifteen_stations() -> None:
    """26 stations, 17 of the 24 rural ones in 8 bundles: 15 rural units, all on road duty."""
    county = random_county(11, 26, n_urban=2, n_squads=5, squad_officers=5)
    free, groups = set(range(2, 26)), []
    next_to = county.neighbours()
    for size in [3] + [2] * 7:
        group = [min(free, key=lambda s: (len(next_to[s] & free), s))]
        while len(group) < size:
            near = set().union(*(next_to[s] for s in group)) & free - set(group)
            group.append(min(near, key=lambda s: (len(next_to[s] & free), s)))
        free -= set(group)
        groups.append(tuple(county.stations.station_id[s] for s in group))
    bundles = bundled(county, *groups)
    policy = traffic(duty_stations=15)
    plan, proof = hand_over(county, policy, bundles)
    assert plan is not None, proof
    assert proof.status is Status.OPTIMAL
    assert len({d.duty_id for d in plan.road_duties}) == 15 == 24 - 17 + 8
    assert sum(m.officers for m in plan.moves) == 25
    assert not broken(county, policy, bundles, plan)
