"""Evaluation: every measure worked by hand, against plain loops, and against what decisions say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.bundling import bundle
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.evaluation import Evaluation, RoadRow, TownshipRow, evaluate
from optimizer.measures import gini, hoover, loads, lorenz, weighted_mean, weighted_percentile
from optimizer.plan import Bundle, Move, Plan, RoadDuty, current_plan
from optimizer.policy import Crews, Policy, Response, Weights
from tests.toy import random_county, toy_county, worked_county, worked_policy

ROOT = Path(__file__).resolve().parent.parent
BOTH_AT_A = Plan(
    bundles=(Bundle(centre_id="A", station_ids=("A", "B")),),
    road_duties=(RoadDuty(station_id="A", duty_id="A"), RoadDuty(station_id="B", duty_id="A")),
    dissolved_squad_ids=("Q",),
    strength=(("A", 36), ("U", 12)),
    moves=(
        Move(from_id="A", to_id="U", officers=2, reason="reassign"),
        Move(from_id="B", to_id="A", officers=16, reason="bundle"),
        Move(from_id="Q", to_id="A", officers=4, reason="road_duty"),
    ),
)


def worked(plan: Plan = BOTH_AT_A, *, policy: Policy | None = None, **county: Any) -> Evaluation:
    return evaluate(worked_county(**county), policy or worked_policy(), plan)


TODAY = worked(current_plan(worked_county()))
PLAN = worked()


def random_bundles(county: County, seed: int) -> Plan:
    """Any partition into ones, twos and threes, connected or not."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(county.stations.station_id).tolist()
    bundles = []
    while ids:
        members = sorted(ids.pop() for _ in range(min(len(ids), int(rng.integers(1, 4)))))
        bundles.append(Bundle(centre_id=str(rng.choice(members)), station_ids=tuple(members)))
    return Plan(bundles=tuple(sorted(bundles)))


# --- the worked example of docs/formulation.md -------------------------------------------------


def test_worked_counts() -> None:
    assert (TODAY.centres, TODAY.police_offices, TODAY.stations_bundled) == (0, 0, 0)
    assert (PLAN.centres, PLAN.police_offices, PLAN.stations_bundled) == (1, 1, 2)
    assert (TODAY.units_total, PLAN.units_total) == (4, 2)
    assert (TODAY.duty_posts, TODAY.duty_posts_closed, TODAY.duty_posts_closed_officers) == (
        2,
        0,
        0,
    )
    assert (PLAN.duty_posts, PLAN.duty_posts_closed, PLAN.duty_posts_closed_officers) == (1, 1, 3.5)
    moved = (PLAN.officers_reassigned, PLAN.officers_rehomed, PLAN.officers_road_duty)
    assert moved == (2, 16, 4)
    assert TODAY.officers_in_post == PLAN.officers_in_post == 48


def test_worked_response() -> None:
    # Today 6, 12, 7 and 11 minutes for 2000, 1000, 1500 and 500 alerts; 90% = 4500 of them.
    assert TODAY.alerts_per_year == 5000.0
    assert TODAY.mean_response_min == pytest.approx(8.0)
    assert TODAY.p90_response_min == 12.0
    # Under the plan 6, 12, 22, 28: exactly 4500 alerts within 22 minutes.
    assert PLAN.mean_response_min == pytest.approx(14.2)
    assert PLAN.p90_response_min == 22.0
    assert PLAN.share_within_fraction == 1.0
    assert (TODAY.worst_township, TODAY.worst_township_response_min) == ("Aton", 8.0)
    assert (PLAN.worst_township, PLAN.worst_township_response_min) == ("Bton", 23.5)
    assert (PLAN.most_losing_township, PLAN.most_township_loss_min) == ("Bton", 15.5)
    assert (TODAY.most_losing_township, TODAY.most_township_loss_min) == ("", 0.0)
    assert PLAN.residents_losing_standard == TODAY.residents_losing_standard == 0.0


def test_share_within_counts_the_limit_as_kept() -> None:
    for rural_min, share in ((28.0, 1.0), (22.0, 0.9), (21.9, 0.6), (5.9, 0.0)):
        policy = worked_policy().model_copy(update={"response": Response(rural_min=rural_min)})
        assert worked(policy=policy).share_within_fraction == pytest.approx(share)


def test_worked_officers() -> None:
    assert TODAY.officers_required_stations == pytest.approx(35.820396, abs=1e-6)
    assert PLAN.officers_required_stations == pytest.approx(29.653729, abs=1e-6)
    assert PLAN.officers_freed == pytest.approx(6.166667, abs=1e-6)
    # With 0.759132 for the roads and 12 for the detectives.
    assert TODAY.officers_required == pytest.approx(48.579528, abs=1e-6)
    assert PLAN.officers_required == pytest.approx(42.412861, abs=1e-6)
    assert PLAN.worst_wait_share_fraction == pytest.approx(0.009520, abs=1e-6)
    assert TODAY.worst_wait_share_fraction == pytest.approx(0.030566, abs=1e-6)


def test_worked_price() -> None:
    # 61,000 alert-minutes instead of 30,000, at 0.1 per 1,000.
    assert PLAN.response_price == pytest.approx(3.1)
    assert PLAN.officers_price == pytest.approx(29.653729, abs=1e-6)
    assert (PLAN.overload_price, PLAN.fixed_price) == (0.0, 0.0)
    assert PLAN.objective == pytest.approx(32.753729, abs=1e-6)
    assert TODAY.objective == TODAY.officers_price == pytest.approx(35.820396, abs=1e-6)


def test_worked_price_with_every_weight() -> None:
    weights = Weights(
        officers=2.0,
        response_per_1000_alert_min=0.5,
        overload_per_officer=3.0,
        span_officers=25.0,
        fixed_per_office=1.25,
    )
    found = worked(policy=worked_policy().model_copy(update={"weights": weights}))
    assert found.officers_price == pytest.approx(2.0 * 29.653729, abs=2e-6)
    assert found.response_price == pytest.approx(15.5)
    assert found.overload_price == pytest.approx(3.0 * 4.653729, abs=3e-6)
    assert found.fixed_price == 1.25
    assert found.objective == pytest.approx(59.307458 + 15.5 + 13.961187 + 1.25, abs=6e-6)


def test_worked_fairness() -> None:
    # Shares of strength .375 .333333 .083333 .208333, of work .428004 .309352 .015627 .247018.
    assert TODAY.mismatch_fraction == pytest.approx(0.091688, abs=1e-6)
    assert TODAY.mismatch_today_regrouped_fraction == TODAY.mismatch_fraction
    # Regrouped: 38 and 10 officers for 30.412861 and 12; after the plan 36 and 12.
    assert PLAN.mismatch_today_regrouped_fraction == pytest.approx(
        38 / 48 - 30.412861 / 42.412861, abs=1e-6
    )
    assert PLAN.mismatch_fraction == pytest.approx(36 / 48 - 30.412861 / 42.412861, abs=1e-6)
    assert (PLAN.load_max, PLAN.load_min) == pytest.approx((1.0, 30.412861 / 36), abs=1e-6)
    assert PLAN.load_ratio == pytest.approx(36 / 30.412861, abs=1e-6)
    # With two units the Lorenz curve is one triangle: Gini = Hoover.
    assert PLAN.load_gini == pytest.approx(PLAN.mismatch_fraction)
    assert TODAY.load_max == pytest.approx(1.2)
    assert TODAY.load_min == pytest.approx(0.759132 / 4, abs=1e-6)
    assert TODAY.load_gini == pytest.approx(0.115723, abs=1e-6)


def test_the_page_prints_these_figures() -> None:
    """docs/formulation.md and the code cannot drift apart."""
    page = (ROOT / "docs" / "formulation.md").read_text("utf-8")
    figures = [
        TODAY.mismatch_fraction,
        TODAY.load_gini,
        TODAY.objective,
        PLAN.mismatch_fraction,
        PLAN.mismatch_today_regrouped_fraction,
        PLAN.objective,
        *(u.required_officers for u in TODAY.units if u.kind != "functional"),
        PLAN.units[0].required_officers,
    ]
    assert [f"{x:.6f}" for x in figures if f"{x:.6f}" not in page] == []
    named = set(re.findall(r"`([a-z0-9_]+)`", page.split("## 7. Evaluation")[1].split("## 8.")[0]))
    assert named <= {*Evaluation.__dataclass_fields__, "null"}


def test_worked_roads() -> None:
    squad = RoadRow(
        duty_id="Q",
        duty_name="Squad Q",
        road_km=41.0,
        officers=4,
        km_per_officer=10.25,
        jurisdiction_ids=("A", "B"),
    )
    assert TODAY.roads == (squad,)
    assert PLAN.roads == (replace(squad, duty_id="A", duty_name="Station A"),)
    assert (TODAY.duty_stations, PLAN.duty_stations) == (0, 1)
    assert PLAN.road_km_per_officer_max == PLAN.road_km_per_officer_mean == 10.25


def test_road_officers_mean_is_all_km_over_all_officers() -> None:
    county = toy_county(n_stations=4, n_squads=2, squad_officers=4, seed=2)
    assert county.duty_road_km is not None
    found = evaluate(county, Policy(), current_plan(county))
    km = county.duty_road_km.sum(axis=1)
    by_squad = [float(km[:2].sum()) / 4, float(km[2:].sum()) / 4]
    assert [r.km_per_officer for r in found.roads] == pytest.approx(by_squad)
    assert found.road_km_per_officer_max == pytest.approx(max(by_squad))
    assert found.road_km_per_officer_mean == pytest.approx(float(km.sum()) / 8)


def test_roads_with_nobody_for_them() -> None:
    nobody = replace(BOTH_AT_A, moves=BOTH_AT_A.moves[:2], strength=(("A", 32), ("U", 12)))
    found = worked(nobody)
    assert found.road_km_per_officer_max == float("inf")
    assert found.to_dict()["road_km_per_officer_max"] is None


def test_a_dissolved_squad_has_nobody_for_the_roads_left_with_it() -> None:
    left = tuple(RoadDuty(station_id=s, duty_id="Q") for s in ("A", "B"))
    rows = {r.duty_id: r for r in worked(replace(BOTH_AT_A, road_duties=left)).roads}
    assert (rows["Q"].road_km, rows["Q"].officers) == (41.0, 0)
    assert rows["Q"].km_per_officer == float("inf")
    assert (rows["A"].road_km, rows["A"].officers, rows["A"].km_per_officer) == (0.0, 4, 0.0)


def test_worked_windows() -> None:
    # Km are half the minutes: 2, 5, 2.5, 4.5 to the nearest of both windows.
    assert (PLAN.window_access_mean_km, PLAN.window_access_max_km) == pytest.approx((3.0, 5.0))
    stations = replace(worked_county().stations, has_window=np.array([True, False]))
    alone = worked(stations=stations)  # 2, 5, 10, 13 to the one at A
    assert (alone.window_access_mean_km, alone.window_access_max_km) == pytest.approx((6.1, 13.0))
    none = replace(stations, has_window=np.zeros(2, bool))
    assert worked(stations=none).window_access_max_km == float("inf")


def test_a_cell_where_nobody_lives_needs_no_window() -> None:
    cells = replace(worked_county().cells, population=np.array([20.0, 0.0, 15.0, 5.0]))
    assert worked(cells=cells).window_access_max_km == 4.5


def test_windows_where_no_residents_are_known() -> None:
    cells = replace(worked_county().cells, population=np.zeros(4))
    assert worked(cells=cells).window_access_mean_km == pytest.approx((2 + 5 + 2.5 + 4.5) / 4)


def test_worked_township_rows() -> None:
    assert PLAN.townships == (
        TownshipRow(
            township="Aton",
            alerts_per_year=3000.0,
            population=30_000.0,
            residents_losing_standard=0.0,
            mean_response_min=8.0,
            share_within_fraction=1.0,
            farthest_min=12.0,
            responsible="Station A",
            meets_response_standard=True,
        ),
        TownshipRow(
            township="Bton",
            alerts_per_year=2000.0,
            population=20_000.0,
            residents_losing_standard=0.0,
            mean_response_min=23.5,
            share_within_fraction=1.0,
            farthest_min=28.0,
            responsible="Station A",
            meets_response_standard=True,
        ),
    )
    assert [t.responsible for t in TODAY.townships] == ["Station A", "Station B"]


def test_a_township_across_stations_belongs_to_the_one_with_most_alerts() -> None:
    def responsible(alerts: list[float], population: list[float]) -> str:
        cells = replace(
            worked_county().cells,
            township=("T",) * 4,
            alerts_per_year=np.array(alerts)[:, None],
            population=np.array(population),
        )
        (row,) = worked(current_plan(worked_county()), cells=cells).townships
        return row.responsible

    assert responsible([100, 100, 150, 0], [1, 1, 1, 1]) == "Station A"
    assert responsible([100, 100, 250, 0], [9, 9, 1, 1]) == "Station B"
    assert responsible([0, 0, 0, 0], [1, 1, 5, 0]) == "Station B"
    assert responsible([0, 0, 0, 0], [0, 0, 0, 0]) == "Station A"  # ties: the smaller id


def test_a_township_without_alerts_is_never_the_worst() -> None:
    cells = replace(
        worked_county().cells, alerts_per_year=np.array([[2000.0], [1000.0], [0.0], [0.0]])
    )
    found = worked(cells=cells)
    assert (found.worst_township, found.worst_township_response_min) == ("Aton", 8.0)
    # Its mean is over residents: (15 x 22 + 5 x 28) / 20.
    assert found.townships[1].mean_response_min == pytest.approx(23.5)
    assert found.townships[1].share_within_fraction == 1.0


def test_worked_bundle_row() -> None:
    (row,) = PLAN.bundles
    assert asdict(row) == {
        "centre_id": "A",
        "centre_name": "Station A",
        "station_ids": ("A", "B"),
        "station_names": ("Station A", "Station B"),
        "crews": 4,
        "officers_required": pytest.approx(29.653729, abs=1e-6),
        "officers_required_today": pytest.approx(35.820396, abs=1e-6),
        "officers_freed": pytest.approx(6.166667, abs=1e-6),
        "officers_today": 34,
        "strength": 36,
        "alerts_per_year": 5000.0,
        "mean_response_min": pytest.approx(14.2),
        "mean_response_today_min": pytest.approx(8.0),
        "extra_alert_min_per_year": pytest.approx(31_000.0),
        "share_within_fraction": 1.0,
        "farthest_min": 28.0,
        "office_travel_min": 16.0,
        "wait_share_fraction": pytest.approx(0.009520, abs=1e-6),
        "busiest_utilisation_fraction": pytest.approx(0.849315 / 4, abs=1e-6),
        "meets_response_standard": True,
    }


@pytest.mark.parametrize(
    ("response", "meets"),
    [
        (Response(rural_min=22.0), True),
        (Response(rural_min=21.9), False),
        (Response(farthest_min=28.0), True),
        (Response(farthest_min=27.9), False),
    ],
)
def test_a_bundle_meets_the_standard_by_share_and_by_farthest_cell(
    response: Response, meets: bool
) -> None:
    policy = worked_policy().model_copy(update={"response": response})
    assert worked(policy=policy).bundles[0].meets_response_standard is meets


def test_worked_unit_rows() -> None:
    assert [asdict(u) for u in PLAN.units] == [
        {
            "unit_id": "A",
            "name": "Station A",
            "kind": "rural_station",
            "officers_before": 38,  # 18 + 16 + 4 from the squad
            "officers_after": 36,
            "required_officers": pytest.approx(30.412861, abs=1e-6),
            "load_before": pytest.approx(30.412861 / 38, abs=1e-6),
            "load_after": pytest.approx(30.412861 / 36, abs=1e-6),
            "over_establishment_officers": 0,  # 20 + 16 authorised, 4 posts come with the roads
        },
        {
            "unit_id": "U",
            "name": "Detectives",
            "kind": "functional",
            "officers_before": 10,
            "officers_after": 12,
            "required_officers": 12.0,
            "load_before": 1.2,
            "load_after": 1.0,
            "over_establishment_officers": 2,
        },
    ]


def test_over_establishment_counts_the_posts_that_come_with_the_roads() -> None:
    found = worked(replace(BOTH_AT_A, strength=(("A", 41), ("U", 7))))
    assert [u.over_establishment_officers for u in found.units] == [1, 0]


def test_a_unit_with_neither_work_nor_officers_has_no_load() -> None:
    units = replace(worked_county().units, officers=np.zeros(1, int), required_officers=np.zeros(1))
    found = worked(replace(BOTH_AT_A, strength=(("A", 38), ("U", 0))), units=units)
    assert found.load_min == found.load_max == pytest.approx(30.412861 / 38, abs=1e-6)


def test_a_plan_without_strength_holds_todays_officers() -> None:
    bare = Plan(bundles=BOTH_AT_A.bundles)
    found = worked(bare)
    assert {u.unit_id: u.officers_after for u in found.units} == {"A": 34, "Q": 4, "U": 10}
    assert found.mismatch_fraction == found.mismatch_today_regrouped_fraction
    assert found.objective == PLAN.objective


def test_no_alerts_at_all() -> None:
    county = toy_county(alerts_per_cell=0.0)
    found = evaluate(county, Policy(), current_plan(county))
    assert (found.mean_response_min, found.p90_response_min) == (0.0, 0.0)
    assert (found.share_within_fraction, found.worst_township) == (1.0, "")
    assert found.bundles[0].meets_response_standard


def test_no_duty_post_closes_none() -> None:
    policy = worked_policy().model_copy(update={"crews": Crews(duty_post_officers=0)})
    found = worked(policy=policy)
    assert (found.duty_posts, found.duty_posts_closed, found.duty_posts_closed_officers) == (
        0,
        0,
        0,
    )


def test_unreachable_alerts_are_infinite_and_null_in_json() -> None:
    minutes = worked_county().travel_time_min.copy()
    minutes[0, 3] = np.inf
    found = worked(travel_time_min=minutes)
    assert found.mean_response_min == found.objective == float("inf")
    assert found.p90_response_min == 22.0
    plain = found.to_dict()
    assert plain["mean_response_min"] is None
    assert plain["bundles"][0]["farthest_min"] is None
    assert found.mismatch_fraction == pytest.approx(12 / 48)  # the bundle would need them all
    json.dumps(plain, allow_nan=False)


def test_to_dict_holds_every_field_and_is_json() -> None:
    plain = json.loads(json.dumps(PLAN.to_dict(), allow_nan=False))
    assert set(plain) == set(Evaluation.__dataclass_fields__)
    assert plain["objective"] == PLAN.objective
    assert plain["bundles"][0]["station_ids"] == ["A", "B"]


# --- measures ----------------------------------------------------------------------------------

# Hundredths of an officer: shares of subnormal totals have no digits to compare.
HUNDREDTHS = st.integers(0, 10_000).map(lambda n: n / 100)
AMOUNTS = st.lists(HUNDREDTHS, min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("values", "weights", "fraction", "answer"),
    [
        ([6, 12, 22, 28], [2000, 1000, 1500, 500], 0.9, 22),
        ([28, 22, 12, 6], [500, 1500, 1000, 2000], 0.9, 22),
        ([6, 12, 22, 28], [2000, 1000, 1499, 501], 0.9, 28),
        ([1, 2, 3, 4, 5], [0.3] * 5, 0.8, 4),  # exactly four fifths, in spite of rounding
        ([1, 2, 3], [1, 1, 1], 0.0, 1),
        ([1, 2, np.inf], [1, 1, 0], 1.0, 2),
        ([5], [0], 0.9, 0),
    ],
)
def test_weighted_percentile(
    values: list[float], weights: list[float], fraction: float, answer: float
) -> None:
    found = weighted_percentile(np.array(values, float), np.array(weights, float), fraction)
    assert found == answer


def test_weighted_mean_ignores_what_has_no_weight() -> None:
    assert weighted_mean(np.array([1.0, 3.0, np.inf]), np.array([1.0, 3.0, 0.0])) == 2.5
    assert weighted_mean(np.array([1.0]), np.array([0.0])) == 0.0


def test_hoover_known() -> None:
    # Equal strength, work 3 : 1: a quarter of the work would have to move.
    assert hoover(np.array([5.0, 5.0]), np.array([3.0, 1.0])) == pytest.approx(0.25)
    assert hoover(np.array([9.0, 3.0]), np.array([3.0, 1.0])) == 0.0
    assert hoover(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert hoover(np.zeros(2), np.ones(2)) == 0.0


def test_gini_known() -> None:
    # Four alike units with work 1, 2, 3, 4: Gini = 0.25 (textbook value (n + 1 - 2 x 20/10) / n).
    assert gini(np.ones(4), np.array([3.0, 1.0, 4.0, 2.0])) == pytest.approx(0.25)
    assert gini(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == pytest.approx(0.0)
    assert gini(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)


def test_loads_of_units_without_officers() -> None:
    found = loads(np.array([2.0, 2.0, 0.0, 0.0]), np.array([4.0, 0.0, 0.0, 3.0]))
    assert found.tolist() == [0.5, np.inf, 0.0, 0.0]


@settings(deadline=None)
@given(AMOUNTS, st.data())
def test_gini_is_half_the_mean_difference_and_hoover_the_widest_gap(
    strength: list[float], data: st.DataObject
) -> None:
    work = data.draw(st.lists(HUNDREDTHS, min_size=len(strength), max_size=len(strength)))
    f, r = np.array(strength), np.array(work)
    h, g = hoover(f, r), gini(f, r)
    assert 0.0 <= h <= 1.0 + 1e-12
    assert h - 1e-9 <= g <= 1.0 + 1e-12
    if f.sum() <= 0 or r.sum() <= 0:
        assert h == g == 0.0
        return
    p, q = f / f.sum(), r / r.sum()
    # Sum over pairs of |p_i q_j - p_j q_i| / 2: holds for units without officers too.
    assert g == pytest.approx(float(np.abs(np.outer(p, q) - np.outer(q, p)).sum()) / 2, abs=1e-9)
    across, up = lorenz(f, r)
    assert h == pytest.approx(float((across - up).max()), abs=1e-9)


# --- properties --------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_response_against_plain_loops(seed: int) -> None:
    county, policy = random_county(seed, 7, n_urban=2), Policy()
    plan = random_bundles(county, seed)
    found = evaluate(county, policy, plan)
    centre_of = plan.centre_of()
    rows = county.stations.index()
    served = []
    for c, station in enumerate(county.cells.station.tolist()):
        centre = rows[centre_of[county.stations.station_id[station]]]
        response = 2.0 + float(county.travel_time_min[centre, c])
        standard = 10.0 if county.cells.is_urban[c] else 30.0
        alerts = float(county.cells.alerts_per_year[c].sum())
        served.append((response, alerts, response <= standard, county.cells.township[c]))
    total = sum(a for _, a, _, _ in served)
    assert found.mean_response_min == pytest.approx(sum(r * a for r, a, _, _ in served) / total)
    assert found.share_within_fraction == pytest.approx(
        sum(a for _, a, w, _ in served if w) / total
    )
    assert found.p90_response_min == min(
        r for r, _, _, _ in served if sum(a for s, a, _, _ in served if s <= r) >= 0.9 * total
    )
    for row in found.townships:
        here = [x for x in served if x[3] == row.township]
        assert row.farthest_min == max(r for r, _, _, _ in here)
        assert row.mean_response_min == pytest.approx(
            sum(r * a for r, a, _, _ in here) / sum(a for _, a, _, _ in here)
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_today_frees_nobody_and_adds_no_minute(seed: int) -> None:
    county = random_county(seed, 6, n_squads=2, n_units=2)
    found = evaluate(county, Policy(), current_plan(county))
    assert found.officers_freed == 0.0
    assert found.response_price == found.fixed_price == 0.0
    assert found.duty_posts_closed == found.officers_reassigned == found.centres == 0
    assert found.objective == found.officers_price + found.overload_price
    assert found.mismatch_fraction == found.mismatch_today_regrouped_fraction
    assert all(b.extra_alert_min_per_year == 0.0 for b in found.bundles)
    assert all(u.load_before == u.load_after for u in found.units)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_totals_are_the_sums_of_the_rows(seed: int) -> None:
    county = random_county(seed, 8, n_squads=2, n_units=2)
    found = evaluate(county, Policy(), random_bundles(county, seed))
    assert sum(b.officers_freed for b in found.bundles) == pytest.approx(found.officers_freed)
    assert sum(b.officers_required for b in found.bundles) == pytest.approx(
        found.officers_required_stations
    )
    assert sum(u.required_officers for u in found.units) == pytest.approx(found.officers_required)
    assert sum(u.officers_before for u in found.units) == found.officers_in_post
    assert sum(t.alerts_per_year for t in found.townships) == pytest.approx(found.alerts_per_year)
    assert 0.1 * sum(b.extra_alert_min_per_year for b in found.bundles) / 1000 == pytest.approx(
        found.response_price
    )
    assert max(b.wait_share_fraction for b in found.bundles) == found.worst_wait_share_fraction
    assert found.centres + sum(len(b.station_ids) == 1 for b in found.bundles) == found.duty_posts


def test_the_same_question_gets_the_same_answer() -> None:
    county = random_county(5, 9, n_squads=2, n_units=2)
    plan = random_bundles(county, 5)
    assert evaluate(county, Policy(), plan) == evaluate(county, Policy(), plan)


def test_station_order_does_not_matter() -> None:
    """The same county with its stations in another order: aligned by label, not by position."""
    county = worked_county()
    flip = [1, 0]
    columns: dict[str, Any] = {}
    for name in county.stations.__dataclass_fields__:
        column = getattr(county.stations, name)
        columns[name] = column[::-1]
    stations = replace(county.stations, **columns)
    assert county.duty_road_km is not None
    turned = replace(
        county,
        stations=stations,
        cells=replace(county.cells, station=1 - county.cells.station),
        travel_time_min=county.travel_time_min[flip],
        road_km=county.road_km[flip],
        station_time_min=county.station_time_min[flip][:, flip],
        duty_road_km=county.duty_road_km[flip],
        units=replace(county.units, station=np.array([1])),
    )
    for plan, expected in ((BOTH_AT_A, PLAN), (current_plan(county), TODAY)):
        found = evaluate(turned, worked_policy(), plan)
        assert replace(found, county_digest=expected.county_digest) == expected


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(0.0, 2.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 2.0),
    st.floats(-1.0, 3.0),
)
def test_objective_equals_that_of_the_decision(
    seed: int, officers: float, response: float, overload: float, fixed: float
) -> None:
    county = random_county(seed, 9)
    weights = Weights(
        officers=officers,
        response_per_1000_alert_min=response,
        overload_per_officer=overload,
        span_officers=18.0,
        fixed_per_office=max(0.0, fixed),
    )
    policy = Policy(weights=weights)
    bundles, proof = bundle(county, policy)
    assert bundles is not None
    assert proof.objective is not None
    found = evaluate(county, policy, Plan(bundles=bundles))
    # Prices are whole millionths of an officer in the solver: half of one per bundle at the most.
    assert found.objective == pytest.approx(proof.objective, abs=0.5e-6 * len(bundles) + 1e-9)
    assert found.objective <= evaluate(county, policy, current_plan(county)).objective + 1e-5


def test_the_worked_example_is_what_bundling_chooses() -> None:
    bundles, proof = bundle(worked_county(), worked_policy())
    assert bundles == BOTH_AT_A.bundles
    assert proof.objective == pytest.approx(32.753729, abs=1e-6)


# --- refusals and arrows -----------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"bundles": (Bundle(centre_id="A", station_ids=("A",)),)},
        ["plan bundles: expected every station in a bundle, alone or not; add B, which is missing"],
    ),
    (
        {
            "bundles": (
                Bundle(centre_id="A", station_ids=("A", "B")),
                Bundle(centre_id="B", station_ids=("B",)),
                Bundle(centre_id="Z", station_ids=("Z",)),
            )
        },
        [
            "plan bundles = Z: expected a station of the county; "
            "make the plan anew for this county, or correct the id",
            "plan bundles = B: expected each station in one bundle only; it stands 2 times",
        ],
    ),
    (
        {"road_duties": (RoadDuty(station_id="X", duty_id="U"),)},
        [
            "plan road_duties = X: expected a station of the county",
            "plan road_duties = U: expected a station or squad of the county",
        ],
    ),
    (
        {"road_duties": tuple(RoadDuty(station_id="A", duty_id=d) for d in ("A", "B"))},
        ["plan road_duties = A: expected the roads of a jurisdiction with one unit only"],
    ),
    ({"dissolved_squad_ids": ("A",)}, ["plan dissolved_squad_ids = A: expected a squad"]),
    (
        {"moves": (Move(from_id="X", to_id="A", officers=1, reason="reassign"),)},
        ["plan moves = X: expected a station, squad or unit of the county"],
    ),
    (
        {"strength": (("A", 1), ("U", 1), ("X", 1))},
        ["plan strength = X: expected a station, squad"],
    ),
    ({"strength": (("A", 1), ("B", 1), ("U", 1))}, ["plan strength = B: expected a unit of the"]),
    ({"strength": (("A", 1), ("A", 1), ("U", 1))}, ["plan strength = A: expected one figure"]),
    ({"strength": (("A", 1),)}, ["expected the officers of every unit of the plan; add U, which"]),
]


@pytest.mark.parametrize(("changes", "messages"), REFUSED)
def test_a_plan_of_another_county_is_refused(changes: dict[str, Any], messages: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        worked(replace(BOTH_AT_A, **changes))
    said = [p.text() for p in caught.value.problems]
    assert len(said) == len(messages)
    for line, message in zip(said, messages, strict=True):
        assert message in line


def test_evaluation_never_loads_a_decision_or_a_solver() -> None:
    """The arrows at run time, through everything the judges import."""
    script = (
        "import sys, optimizer.evaluation, optimizer.feasibility\n"
        "print(*[m for m in sys.modules if m.startswith(('optimizer.', 'ortools', 'highspy'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert set(done.stdout.split()) <= {
        f"optimizer.{m}"
        for m in (
            "county", "equity", "errors", "evaluation", "feasibility", "frozen", "main_roads",
            "measures", "membership", "personnel", "plan", "policy", "policy_beats",
            "policy_bundling", "policy_equity", "policy_inner", "policy_part", "policy_roster",
            "policy_simulation", "policy_staffing", "policy_strength", "policy_traffic", "queueing",
            "reassignment_rules", "road_duty", "road_rules", "roster_patterns", "rules",
            "scorecard", "steering", "strength", "unit_groups", "workload",
        )
    }  # fmt: skip
