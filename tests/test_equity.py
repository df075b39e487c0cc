"""The equity guard: what it forbids, against its definition in plain Python and every partition."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.bundling import bundle
from optimizer.columns import COLUMN_RULES, priced_columns
from optimizer.county import County
from optimizer.equity import loses_standard, windows_left
from optimizer.errors import untranslated
from optimizer.evaluation import evaluate
from optimizer.feasibility import keeps_bundling_rules, violations
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.workload import assess, demand_of
from scenarios.compare import measures, township_changes
from scenarios.documents import evaluation_of
from scenarios.show_lines import further_losers_text
from tests.command_line import command
from tests.small_case import write_case
from tests.test_bundling import partitions
from tests.test_columns import policy
from tests.toy import random_county, worked_county, worked_policy

LOSS = "equity.max_township_loss_min"
RESPONSE = "equity.max_township_response_min"
RESIDENTS = "equity.max_residents_losing_standard_fraction"
WINDOW = "equity.max_window_km"
UNDER_A = Plan(bundles=(Bundle(centre_id="A", station_ids=("A", "B")),))
WIDE = {"rural_only": False, "max_office_travel_min": 60.0, "max_bundle_size": 5}


def guarded(base: Policy | None = None, *, windows: bool | str = True, **limits: Any) -> Policy:
    found = worked_policy() if base is None else base
    document = found.model_dump()
    document["equity"] = limits
    document["bundling"]["offices_keep_windows"] = windows
    return Policy.model_validate(document)


def shared_townships(seed: int, n: int) -> County:
    """A random county whose townships span stations, one of them without alerts."""
    county = random_county(seed, n, n_urban=0)
    names = tuple(f"T{i // 4}" for i in range(len(county.cells)))
    alerts = county.cells.alerts_per_year.copy()
    alerts[4:6] = 0.0
    return replace(county, cells=replace(county.cells, township=names, alerts_per_year=alerts))


# ---------------------------------------------------------------- the definition, cell by cell


def keeps_guard(county: County, rules: Policy, bundles: tuple[Bundle, ...]) -> bool:
    guard, cells, stations = rules.equity, county.cells, county.stations
    ids, turnout = stations.station_id, rules.response.turnout_min
    lost = 0.0
    for b in bundles:
        h = ids.index(b.centre_id)
        for office in b.office_ids:
            s = ids.index(office)
            mine = [c for c in range(len(cells)) if cells.station[c] == s]
            for township in {cells.township[c] for c in mine}:
                part = [c for c in mine if cells.township[c] == township]
                weight = [float(cells.alerts_per_year[c].sum()) for c in part]
                if not sum(weight):
                    weight = [float(cells.population[c]) for c in part]
                then, now = (
                    turnout
                    + sum(w * county.travel_time_min[x, c] for w, c in zip(weight, part,
                                                                           strict=True))
                    / sum(weight)
                    for x in (h, s)
                )  # fmt: skip
                worst, most = guard.max_township_loss_min, guard.max_township_response_min
                if worst is not None and then - now > worst + 1e-7:
                    return False
                if most is not None and then > max(most, now) + 1e-7:
                    return False
            for c in mine:
                limit = rules.response.urban_min if cells.is_urban[c] else rules.response.rural_min
                now, then = (turnout + county.travel_time_min[x, c] for x in (s, h))
                if now <= limit < then:
                    lost += float(cells.population[c])
                closes = not rules.bundling.offices_keep_windows
                closes = closes and bool(stations.has_window[s] and stations.has_window[h])
                km = guard.max_window_km
                if (
                    closes
                    and km is not None
                    and county.road_km[h, c] > max(km, county.road_km[s, c]) + 1e-7
                ):
                    return False
    share = guard.max_residents_losing_standard_fraction
    return share is None or lost <= share * float(cells.population.sum()) + 0.01


def every_bundling(county: County) -> Iterator[tuple[Bundle, ...]]:
    ids = county.stations.station_id
    for parts in partitions(tuple(range(len(ids)))):
        for hosts in itertools.product(*parts):
            yield tuple(
                sorted(
                    Bundle(centre_id=ids[h], station_ids=tuple(sorted(ids[s] for s in p)))
                    for p, h in zip(parts, hosts, strict=True)
                )
            )


def cheapest(county: County, rules: Policy, bundlings: list[tuple[Bundle, ...]]) -> float | None:
    """Lowest price of the bundlings that keep the definition above."""
    row = county.stations.index()
    distinct = sorted({b for bundles in bundlings for b in bundles})
    known = assess(county, rules, demand_of(county, rules), [row[b.centre_id] for b in distinct], [
        [row[s] for s in b.station_ids] for b in distinct])  # fmt: skip
    at, w = {b: i for i, b in enumerate(distinct)}, rules.weights
    today = [at[b] for b in current_plan(county).bundles]
    now_min = sum(float(known.alert_min_per_year[i]) for i in today)
    prices = []
    for bundles in bundlings:
        if not keeps_guard(county, rules, bundles):
            continue
        rows = [at[b] for b in bundles]
        officers = [float(known.officers[i]) for i in rows]
        extra_min = sum(float(known.alert_min_per_year[i]) for i in rows) - now_min
        prices.append(
            w.officers * sum(officers)
            + w.response_per_1000_alert_min * extra_min / 1000
            + w.overload_per_officer * sum(max(0.0, o - w.span_officers) for o in officers)
        )
    return min(prices, default=None)


GUARDS: tuple[dict[str, Any], ...] = (
    {"max_township_loss_min": 6.0},
    {"max_township_response_min": 14.0},
    {"max_residents_losing_standard_fraction": 0.05},
    {"max_window_km": 9.0, "windows": False},
    {"max_window_km": 9.0, "windows": "far"},
    {"max_township_loss_min": 12.0, "max_township_response_min": 20.0, "max_window_km": 14.0,
     "max_residents_losing_standard_fraction": 0.1, "windows": False},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_solver_equals_every_partition_and_the_judge_agrees(seed: int) -> None:
    county = shared_townships(seed, 5)
    response = {"rural_min": 14.0, "share_within_fraction": 0.0, "farthest_min": 90.0}
    base = policy(bundling=WIDE, response=response)
    every = list(every_bundling(county))
    kept = keeps_bundling_rules(county, base, every)
    allowed = [b for b, keeps in zip(every, kept, strict=True) if keeps]
    changed = 0
    free = cheapest(county, base, allowed)
    for limits in GUARDS:
        rules = guarded(base, **limits)
        bundles, proof = bundle(county, rules)
        assert bundles is not None
        assert proof.status is Status.OPTIMAL
        best = cheapest(county, rules, allowed)
        assert proof.objective == pytest.approx(best, abs=1e-5)
        assert evaluate(county, rules, Plan(bundles=bundles)).objective == pytest.approx(best)
        judged = keeps_bundling_rules(county, rules, allowed)
        assert judged == [keeps_guard(county, rules, b) for b in allowed]
        changed += best is not None and free is not None and best > free + 1e-6
    assert changed, "no guard binds here"


def test_each_guard_binds_in_some_county() -> None:
    """So that no rule of the brute force above passes for want of a case."""
    response = {"rural_min": 14.0, "share_within_fraction": 0.0, "farthest_min": 90.0}
    base = policy(bundling=WIDE, response=response)
    for limits in GUARDS[:4]:
        windows = limits.get("windows", True)
        free = guarded(base, windows=windows)
        assert any(
            bundle(county, free)[0] != bundle(county, guarded(base, **limits))[0]
            for county in map(shared_townships, range(4), itertools.repeat(5))
        ), limits


def test_a_column_breaks_exactly_what_the_judge_names() -> None:
    county = shared_townships(2, 6)
    rules = guarded(policy(bundling=WIDE), **GUARDS[-1])
    found = priced_columns(county, rules, without=frozenset(COLUMN_RULES), largest=3)
    guards = [r for r in COLUMN_RULES if r.startswith("equity.")]
    assert len(guards) == 3
    alone = {s: Bundle(centre_id=s, station_ids=(s,)) for s in county.stations.station_id}
    seen = set()
    for i in range(len(found)):
        one = found.bundle(county, i)
        rest = [b for s, b in alone.items() if s not in one.station_ids]
        broken = {v.rule for v in violations(county, rules, Plan(bundles=tuple(sorted(
            [one, *rest]))))}  # fmt: skip
        mine = {r for r in guards if found.broken[i, COLUMN_RULES.index(r)]}
        assert mine == broken & set(guards), one
        seen |= mine
    assert seen == set(guards)


# ---------------------------------------------------------------- by hand, on the worked example


def said(rules: Policy, county: County | None = None, plan: Plan = UNDER_A) -> dict[str, str]:
    found = violations(county or worked_county(), rules, plan)
    return {v.rule: v.text() for v in found if v.rule.startswith("equity.")}


def test_loss_of_a_township_by_hand() -> None:
    """B's cells: (1500*20 + 500*26)/2000 = 21.5 from A, 6 from B: 15.5 minutes lost."""
    assert "15.50" in said(guarded(max_township_loss_min=15.4))[LOSS]
    assert "Bton" in said(guarded(max_township_loss_min=15.4))[LOSS]
    assert not said(guarded(max_township_loss_min=15.5))
    assert bundle(worked_county(), guarded(max_township_loss_min=15.5))[0] == UNDER_A.bundles
    under_b, _ = bundle(worked_county(), guarded(max_township_loss_min=15.4))
    assert under_b == (Bundle(centre_id="B", station_ids=("A", "B")),), "Aton loses 20 - 6 = 14"
    apart, _ = bundle(worked_county(), guarded(max_township_loss_min=13.9))
    assert apart == current_plan(worked_county()).bundles


def test_slowest_township_by_hand() -> None:
    assert "23.50" in said(guarded(max_township_response_min=23.4))[RESPONSE]
    assert not said(guarded(max_township_response_min=23.5))
    assert not said(guarded(max_township_response_min=1.0), plan=current_plan(worked_county()))


def test_a_township_slower_than_the_limit_today_may_be_bundled_where_it_does_not_get_slower() -> (
    None
):
    here = worked_county()
    travel_min = here.travel_time_min.copy()
    travel_min[0, 2:] = travel_min[1, 2:]
    here = replace(here, travel_time_min=travel_min)
    rules = guarded(max_township_response_min=1.0)
    assert not said(rules, here)
    assert bundle(here, rules)[0] == UNDER_A.bundles


def test_residents_who_lose_the_standard_by_hand() -> None:
    """At 25 minutes B2 (28 from A, 11 from B; 5,000 of 50,000 residents) loses it."""
    rules = guarded(max_residents_losing_standard_fraction=0.09)
    rules = rules.model_copy(
        update={"response": rules.response.model_copy(update={"rural_min": 25.0,
                                                              "share_within_fraction": 0.5})}
    )  # fmt: skip
    here = worked_county()
    assert loses_standard(here, rules, UNDER_A).tolist() == [False, False, False, True]
    assert "0.1000" in said(rules)[RESIDENTS]
    assert "(5000)" in said(rules)[RESIDENTS]
    enough = guarded(rules, max_residents_losing_standard_fraction=0.1)
    assert not said(enough)
    assert bundle(here, enough)[0] == UNDER_A.bundles
    assert bundle(here, rules)[0] != UNDER_A.bundles


def test_windows_close_and_how_far_the_way_is() -> None:
    """Road km are half the minutes: 13 km from A to B2, 4.5 today; the window takes 0.8333."""
    here = worked_county()
    kept, closed = guarded(), guarded(windows=False)
    assert windows_left(here, kept, UNDER_A).tolist() == [True, True]
    assert windows_left(here, closed, UNDER_A).tolist() == [True, False]
    assert windows_left(here, closed, current_plan(here)).tolist() == [True, True]
    before, after = evaluate(here, kept, UNDER_A), evaluate(here, closed, UNDER_A)
    assert before.officers_required_stations - after.officers_required_stations == pytest.approx(
        40.0 / 48.0
    )
    assert before.window_access_max_km == pytest.approx(5.0)
    assert after.window_access_max_km == pytest.approx(13.0)
    assert after.window_access_mean_km == pytest.approx((20 * 2 + 10 * 5 + 15 * 10 + 5 * 13) / 50.0)
    assert "13.00 km from cell B2" in said(guarded(windows=False, max_window_km=12.9))[WINDOW]
    assert not said(guarded(windows=False, max_window_km=13.0))
    assert not said(guarded(max_window_km=0.1)), "the offices keep their windows"
    assert bundle(here, guarded(windows=False, max_window_km=12.9))[0] != UNDER_A.bundles
    assert not said(guarded(windows="far", max_window_km=12.9)), "B keeps its own"
    assert windows_left(here, guarded(windows="far", max_window_km=12.9), UNDER_A).all()
    far = windows_left(here, guarded(windows="far", max_window_km=13.0), UNDER_A)
    assert far.tolist() == [True, False]
    assert bundle(here, guarded(windows="far", max_window_km=12.9))[0] == UNDER_A.bundles
    assert windows_left(here, guarded(windows="far"), UNDER_A).tolist() == [True, False]
    bare = replace(here, stations=replace(here.stations, has_window=np.array([False, True])))
    assert windows_left(bare, closed, UNDER_A).tolist() == [False, True], "the only one stays"


# ---------------------------------------------------------------- no plan


CLASHES: tuple[tuple[str, dict[str, Any], str], ...] = (
    (LOSS, {"max_township_loss_min": 3.0}, "15.5"),
    (RESPONSE, {"max_township_response_min": 9.0}, "23.5"),
    (RESIDENTS, {"max_residents_losing_standard_fraction": 0.02}, "0.1"),
    (WINDOW, {"max_window_km": 9.0, "windows": False}, "13"),
)


@pytest.mark.parametrize(("rule", "limits", "needed"), CLASHES)
def test_a_clash_is_named_with_its_smallest_change(
    rule: str, limits: dict[str, Any], needed: str
) -> None:
    base = worked_policy().model_dump()
    base["bundling"]["centres"] = 1
    base["bundling"]["locks"]["host"] = ("A",)
    base["response"] |= {"rural_min": 25.0, "share_within_fraction": 0.5}
    rules = guarded(Policy.model_validate(base), **limits)
    none, proof = bundle(worked_county(), rules)
    assert none is None
    assert proof.status is Status.INFEASIBLE
    assert rule in proof.clashing_rules
    assert told(proof)[rule] == needed
    key = rule.split(".")[1]
    mended = guarded(
        rules, **{**limits, key: float(needed), "windows": limits.get("windows", True)}
    )
    assert bundle(worked_county(), mended)[0] == UNDER_A.bundles


def told(proof: Proof) -> dict[str, str]:
    return {r.rule: r.needed for r in proof.relaxations}


def test_off_by_default() -> None:
    assert all(value is None for _key, value in Policy().equity)
    assert Policy().bundling.offices_keep_windows


def test_a_run_of_an_earlier_jingli_does_not_claim_that_nobody_loses() -> None:
    rules = worked_policy()
    document = evaluate(worked_county(), rules, UNDER_A).to_dict()
    today = evaluate(worked_county(), rules, current_plan(worked_county()))
    for name in ("residents_losing_standard", "most_losing_township", "most_township_loss_min"):
        del document[name]
    for town in document["townships"]:
        del town["residents_losing_standard"]
    old = evaluation_of(document)
    row = {m.name: m for m in measures(today, old, untranslated)}["residents_losing_standard"]
    assert (row.shown(row.plan), row.change, row.verdict) == ("–", "", "")
    assert [c.loses for c in township_changes(today, old)] == [True, False]
    del document["officers_freed"]
    with pytest.raises(KeyError):
        evaluation_of(document)


def test_a_township_whose_residents_lose_the_standard_loses_whatever_its_mean() -> None:
    today = evaluate(worked_county(), worked_policy(), current_plan(worked_county()))
    plan = replace(
        today,
        townships=(
            replace(today.townships[0], residents_losing_standard=1.0),
            replace(today.townships[1], mean_response_min=today.townships[1].mean_response_min + 1),
        ),
    )
    assert [(c.plan.township, c.loses) for c in township_changes(today, plan)] == [
        ("Bton", True), ("Aton", True),
    ]  # fmt: skip


def test_losers_beyond_the_table_are_named_with_what_they_lose() -> None:
    rules = worked_policy()
    county = worked_county()
    changes = township_changes(
        evaluate(county, rules, current_plan(county)), evaluate(county, rules, UNDER_A)
    )
    town = changes[0].plan.township
    said = further_losers_text(changes[:1], untranslated).replace("\u00a0", " ")
    assert said == f"1 more that lose, min: {town} {changes[0].mean_response_change_min:+.1f}"
    assert further_losers_text((), untranslated) == ""
    as_fast = replace(
        changes[0].plan,
        mean_response_min=changes[0].today.mean_response_min,
        residents_losing_standard=1234.0,
    )
    said = further_losers_text([replace(changes[0], plan=as_fast)], untranslated)
    assert said.replace("\u00a0", " ").endswith(f"{town} (1,234 residents lose the standard)")


WORDS = (
    ("max_township_loss_min=0.5", (), "任何乡镇延长不超过0.5分钟"),
    ("max_township_response_min=1", (), "变慢的乡镇平均到场不超过1分钟"),
    (
        "max_window_km=0.1",
        ("--set", "policy.bundling.offices_keep_windows=false"),
        "居民到保留窗口不超过0.1公里",
    ),
)


@pytest.mark.parametrize(("value", "more", "words"), WORDS)
def test_a_planner_reads_the_clash_in_words_and_the_way_out_works(
    value: str, more: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    case, key = write_case(tmp_path / "case"), "equity." + value.split("=")[0]
    run = ("run", case, "--no-store", "--lang", "zh", "--set", "policy.bundling.stations_bundled=4",
           *more)  # fmt: skip
    done = command(*run, "--set", f"policy.equity.{value}")
    assert done.exit_code == 1
    said = "".join(done.stdout.split())
    assert words in said
    assert f"[{key}]" in said
    (needed,) = re.findall(rf"-{key}：\S+?→([\d.]+)", said)
    assert command(*run, "--set", f"policy.{key}={needed}").exit_code == 0
