"""Rosters: brute force, answers by hand, the judge rule by rule, bad input."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pytest

from optimizer.errors import WrongValue
from optimizer.policy_roster import Roster, Shift, Slots
from optimizer.result import Status
from optimizer.roster import (
    FREE,
    Fairness,
    Line,
    RosterTask,
    ShiftKind,
    Slot,
    SlotRules,
    on_duty,
)
from optimizer.roster_demand import WeekDemand, by_hour
from optimizer.roster_keeps import Keeper
from optimizer.roster_rules import roster_faults, roster_score
from optimizer.roster_search import make_roster
from optimizer.roster_share import shared
from optimizer.roster_start import start_roster
from optimizer.roster_task import roster_task, task_problems

MONDAY = date(2026, 12, 7)
DAY = ShiftKind(name="day", start_hour=8, offset=0, hours=12)
NIGHT = ShiftKind(name="night", start_hour=20, offset=12, hours=12)
RULES = SlotRules(
    rest_hours=12,
    max_hours_per_week=60,
    average_hours_per_week=60.0,
    max_consecutive_days=6,
    max_consecutive_nights=3,
    max_nights_per_week=None,
    training_hours=8,
)


def task_of(count: int, days: int, need: Any, /, **changes: Any) -> RosterTask:
    no = np.zeros((count, days), dtype=bool)
    base: dict[str, Any] = {
        "start": MONDAY,
        "days": days,
        "day_start_hour": 8,
        "shifts": (DAY, NIGHT),
        "slots": (Slot(),) * count,
        "lines": (Line(kind="role", name="officer", required=np.broadcast_to(need, (24 * days,))),),
        "hour_weight": np.ones(24 * days, dtype=np.int64),
        "leave": no,
        "training": no,
        "off": no,
        "fixed": np.full((count, days), FREE),
        "limits": RULES,
        "fairness": Fairness(nights=12, weekends=12, hours=1),
    }
    return RosterTask(**(base | changes))


def row(text: str) -> Any:
    return np.array([[{"d": 0, "n": 1, ".": FREE}[c] for c in text]])


def set_days(slots: int, days: int, slot: int, which: list[int]) -> Any:
    marked = np.zeros((slots, days), dtype=bool)
    marked[slot, which] = True
    return marked


def brute(task: RosterTask) -> tuple[int, int, int]:
    """The best of all rosters, from rows that the judge lets pass."""
    rows: list[list[tuple[int, ...]]] = []
    for i in range(len(task.slots)):
        kept = []
        for one in product((FREE, 0, 1), repeat=task.days):
            shift = np.full((len(task.slots), task.days), FREE)
            shift[i] = one
            if not any(f.slot == i + 1 for f in roster_faults(task, shift)):
                kept.append(one)
        rows.append(kept)
    # Cover, nights, weekends and hours of a row, from the judge's count of that row alone.
    facts: list[list[tuple[Any, Any]]] = []
    for i, kept in enumerate(rows):
        own = []
        for one in kept:
            shift = np.full((len(task.slots), task.days), FREE)
            shift[i] = one
            count = roster_score(task, shift).slots[i]
            own.append(
                (on_duty(task, shift), np.array([count.nights, count.weekends, count.hours]))
            )
        facts.append(own)
    required = np.array([line.required for line in task.lines])
    work = np.array([line.is_work for line in task.lines])
    prices = np.array([task.fairness.nights, task.fairness.weekends, task.fairness.hours])
    present = task.present()
    held = present if present.any() else np.ones(len(task.slots), dtype=bool)
    best = None
    for chosen in product(*facts):
        cover = sum(c for c, _f in chosen)
        loads = np.array([f for _c, f in chosen])
        key = (
            int((np.maximum(required - cover, 0) * task.hour_weight).sum()),
            int((prices * (loads.max(axis=0) - loads[held].min(axis=0))).sum()),
            int(np.maximum(cover - required, 0)[work].sum()),
        )
        best = key if best is None else min(best, key)
    assert best is not None
    return best


@pytest.mark.parametrize("seed", range(6))
def test_no_roster_of_all_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    need = np.repeat(rng.integers(0, 3, 6), 12)
    gun = Line(kind="qualification", name="firearm", required=np.ones(72, int), is_work=False)
    task = task_of(
        3,
        3,
        need,
        start=date(2026, 12, 11),  # Friday
        slots=(Slot(qualifications=("firearm",)), Slot(), Slot()),
        hour_weight=rng.integers(1, 4, 72),
        limits=replace(RULES, rest_hours=int(rng.choice([11, 12, 24])), max_consecutive_days=2),
    )
    if seed % 2:
        task = replace(task, lines=(*task.lines, gun), leave=set_days(3, 3, 1, [2]))
    if seed == 4:
        fixed = np.full((3, 3), FREE)
        fixed[2, 1] = 1
        task = replace(task, fixed=fixed, training=set_days(3, 3, 0, [0]))
    plan = make_roster(task, effort=5)
    score = roster_score(task, plan.shift)
    assert (score.shortage, score.unfairness, score.surplus_hours) == brute(task)
    assert [p.status for p in plan.proofs] == [Status.OPTIMAL] * 3
    assert not roster_faults(task, plan.shift)


def test_two_slots_on_24_off_48_leave_three_days_of_seven_open() -> None:
    """56 h a week are two shifts each: four days of seven, 72 hours short, each one named."""
    duty = ShiftKind(name="duty", start_hour=8, offset=0, hours=24)
    rules = replace(RULES, rest_hours=48, max_hours_per_week=72, average_hours_per_week=56.0)
    plan = make_roster(task_of(2, 7, 1, shifts=(duty,), limits=rules))
    score = roster_score(task_of(2, 7, 1, shifts=(duty,), limits=rules), plan.shift)
    assert score.shortage == score.shortage_hours == len(score.short) == 72
    assert plan.proofs[0].bound == 72.0
    assert score.short[0].missing == 1
    assert {s.at.hour for s in score.short} == set(range(24))


def test_three_slots_on_24_off_48_cover_six_days() -> None:
    duty = ShiftKind(name="duty", start_hour=8, offset=0, hours=24)
    rules = replace(RULES, rest_hours=48, max_hours_per_week=72, average_hours_per_week=72.0)
    plan = make_roster(task_of(3, 7, 1, shifts=(duty,), limits=rules))
    assert [p.objective for p in plan.proofs][:1] == [0.0]
    # Seven duties for three slots: 2, 2, 3. One night and 24 hours apart, weekend shared unevenly.
    assert plan.proofs[1].objective == 12 + 24 + 12
    assert plan.proofs[1].status is Status.OPTIMAL


def test_a_heavy_hour_is_covered_before_light_ones() -> None:
    weight = np.ones(24 * 7, dtype=np.int64)
    weight[12:24] = 5  # Monday night
    task = task_of(1, 7, 1, hour_weight=weight, limits=replace(RULES, max_hours_per_week=12))
    shift = make_roster(task).shift
    assert shift[0, 0] == 1
    assert (shift[0, 1:] == FREE).all()


def test_the_same_task_is_the_same_roster() -> None:
    task = task_of(4, 7, np.tile(np.repeat([2, 1], 12), 7), leave=set_days(4, 7, 2, [3]))
    first, second = make_roster(task, effort=2), make_roster(task, effort=2)
    assert (first.shift == second.shift).all()
    assert first.proofs == second.proofs


def test_little_effort_still_gives_a_roster_that_keeps_the_rules() -> None:
    task = task_of(7, 14, np.tile(np.repeat([3, 2], 12), 14), leave=set_days(7, 14, 1, [2, 3]))
    plan = make_roster(task, effort=1e-6)
    assert not roster_faults(task, plan.shift)
    for proof in plan.proofs:
        assert proof.bound is not None
        assert proof.objective is not None
        assert proof.bound <= proof.objective


@pytest.mark.parametrize(
    ("text", "changes", "rule"),
    [
        ("nd.....", {}, "roster.rest_hours"),
        ("dddddd.", {"average_hours_per_week": 84.0}, "roster.max_hours_per_week"),
        ("dddd...", {"average_hours_per_week": 36.0}, "roster.average_hours_per_week"),
        ("ddd....", {"max_consecutive_days": 2}, "roster.max_consecutive_days"),
        ("nnnn...", {}, "roster.max_consecutive_nights"),
        ("n.n....", {"max_nights_per_week": 1}, "roster.max_nights_per_week"),
    ],
)
def test_the_judge_names_the_rule(text: str, changes: dict[str, Any], rule: str) -> None:
    task = task_of(1, 7, 0, limits=replace(RULES, **changes))
    assert [f.rule for f in roster_faults(task, row(text))] == [rule]
    shorter = row(text[:5].replace("d", ".", 1).replace("n", ".", 1) + text[5:])
    assert not roster_faults(task, shorter)


def test_the_judge_knows_absences_requests_and_teams() -> None:
    for name in ("leave", "training", "off"):
        # The night of day 0 ends on the morning of day 1.
        away: dict[str, Any] = {name: set_days(1, 7, 0, [1])}
        assert [f.rule for f in roster_faults(task_of(1, 7, 0, **away), row("n......"))] == [name]
        assert not roster_faults(task_of(1, 7, 0, **away), row("d......"))
    fixed = np.full((1, 7), FREE)
    fixed[0, 2] = 1
    task = task_of(1, 7, 0, fixed=fixed)
    assert [f.rule for f in roster_faults(task, row("..d...."))] == ["duty"]
    assert not roster_faults(task, row("..n...."))
    team = task_of(1, 7, 0, shifts=(replace(DAY, team="case"), NIGHT))
    assert [f.rule for f in roster_faults(team, row("d......"))] == ["roster.shifts.team"]


def test_training_counts_as_work() -> None:
    """Four shifts of 12 h and 8 h of training are 56 h and five days in a row."""
    trained = set_days(1, 7, 0, [4])
    rules = replace(RULES, max_hours_per_week=55, max_consecutive_days=4)
    found = roster_faults(task_of(1, 7, 0, training=trained, limits=rules), row("dddd..."))
    assert [f.rule for f in found] == [
        "roster.max_consecutive_days",
        "roster.max_hours_per_week",
    ]


def test_the_fast_check_says_what_the_judge_says() -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for _trial in range(300):
        rules = replace(
            RULES,
            rest_hours=int(rng.choice([8, 12, 30])),
            max_hours_per_week=int(rng.choice([36, 60])),
            average_hours_per_week=float(rng.choice([30, 48])),
            max_consecutive_days=int(rng.choice([2, 5])),
            max_consecutive_nights=int(rng.choice([1, 3])),
            max_nights_per_week=[None, 2][rng.integers(2)],
        )
        task = task_of(
            1, 14, 0, limits=rules, leave=rng.random((1, 14)) < 0.04,
            training=rng.random((1, 14)) < 0.04,
        )  # fmt: skip
        shift = np.where(rng.random((1, 14)) < 0.4, rng.integers(0, 2, (1, 14)), FREE)
        keeps = Keeper(task).keeps(0, shift[0])
        assert keeps == (not roster_faults(task, shift)), roster_faults(task, shift)
        seen.add(keeps)
    assert seen == {True, False}


def test_start_and_swaps_keep_the_rules_and_the_cover() -> None:
    need = np.tile(np.repeat([4, 2], 12), 14)
    gun = Line(kind="qualification", name="firearm", required=np.ones(336, int), is_work=False)
    task = task_of(12, 14, need, leave=set_days(12, 14, 3, [4, 5, 6]))
    task = replace(
        task,
        slots=(Slot(qualifications=("firearm",)),) * 5 + (Slot(),) * 7,
        lines=(*task.lines, gun),
    )
    before = start_roster(task)
    after = shared(task, before)
    assert not roster_faults(task, before)
    assert not roster_faults(task, after)
    assert (on_duty(task, before)[0] == on_duty(task, after)[0]).all()
    was, now = roster_score(task, before), roster_score(task, after)
    assert now.shortage <= was.shortage
    assert now.surplus_hours == was.surplus_hours
    assert now.unfairness < was.unfairness


def test_weekends_count_by_the_date_a_shift_starts() -> None:
    late = ShiftKind(name="night", start_hour=0, offset=16, hours=8)
    task = task_of(1, 7, 0, shifts=(DAY, late))
    # Friday's late shift starts on Saturday at 0:00, Sunday's on Monday.
    assert [task.weekend(d, 1) is not None for d in range(7)] == [False] * 4 + [True, True, False]
    assert roster_score(task, row("....n..")).slots[0].weekends == 1
    assert roster_score(task, row("......n")).slots[0].weekends == 0
    assert late.is_night
    assert NIGHT.is_night
    assert not DAY.is_night


def test_unfairness_leaves_out_who_is_away() -> None:
    task = task_of(2, 7, 0, leave=set_days(2, 7, 0, [6]))
    shift = np.vstack([row("......."), row("dd.....")])
    assert roster_score(task, shift).unfairness == 0
    here = task_of(2, 7, 0)
    assert roster_score(here, shift).unfairness == 24


def flat(case: int, community: int = 0) -> WeekDemand:
    week = np.zeros((7, 24), dtype=np.int64)
    return WeekDemand(case=week + case, community=week + community, auxiliary=week + 1)


def problems(rules: dict[str, Any], officers: int = 6, demand: WeekDemand | None = None) -> str:
    roster = Roster.model_validate(rules)
    groups = roster.groups or (Slots(count=officers),)
    task = roster_task(roster, groups, flat(1) if demand is None else demand, MONDAY, 4)
    return "\n".join(p.text() for p in task_problems(roster, task))


def test_contradictory_rules_are_named() -> None:
    said = problems({"rest_hours": 16, "average_hours_per_week": 56, "max_hours_per_week": 56})
    assert "roster.average_hours_per_week = 56" in said
    assert "with shifts of 8 h, 16 h of rest, 6 days and 3 nights in a row" in said
    assert "more than 48.0 h a week" in said
    own = {"pattern": "custom", "shifts": [{"name": "x", "start_hour": 20, "hours": 14}]}
    assert "ends before the roster's day does, at 8:00" in problems(own)
    long = problems({"pattern": "24on48off", "max_hours_per_week": 20})
    assert "at least the 24 hours of the shift duty" in long
    assert "at most max_hours_per_week, 40" in problems(
        {"max_hours_per_week": 40, "average_hours_per_week": 44}
    )
    assert problems({}) == ""


def test_what_nobody_holds_and_nobody_covers_is_named() -> None:
    assert "some slot holds" in problems({"qualified_on_duty": {"firearm": 1}})
    groups = [{"count": 1, "qualifications": ["firearm"]}, {"count": 5}]
    said = problems({"groups": groups, "qualified_on_duty": {"firearm": 2}})
    assert "at most the 1 slots there are" in said
    assert "at most the 2 slots" in problems({}, officers=2, demand=flat(3))
    assert "some slot holds" in problems({"pattern": "two_team"})
    day = {"pattern": "custom", "shifts": [{"name": "x", "start_hour": 8, "hours": 22}]}
    assert "6:00, 7:00" in problems({**day, "max_hours_per_week": 60})
    assert "0:00" in problems({"max_nights_per_week": 0})


def test_policy_refuses_shifts_without_the_pattern() -> None:
    for wrong in (
        {"pattern": "custom"},
        {"shifts": [{"name": "x", "start_hour": 8, "hours": 8}]},
        {"pattern": "custom", "shifts": [{"name": "x", "start_hour": 8, "hours": 8}] * 2},
        {"hour_weights": [1, 2]},
    ):
        with pytest.raises((ValueError, WrongValue)):
            Roster.model_validate(wrong)
    assert Shift(name="x", start_hour=8, hours=8).team is None


def test_two_teams_have_their_own_lines_and_shifts() -> None:
    roster = Roster(pattern="two_team")
    groups = (Slots(count=4, team="case"), Slots(count=1, team="community"))
    week = np.zeros((7, 24), dtype=np.int64)
    week[:5, 8:16] = 1
    demand = WeekDemand(case=week * 0 + 1, community=week, auxiliary=week)
    task = roster_task(roster, groups, demand, MONDAY, 1)
    plan = make_roster(task, effort=5)
    assert [line.name for line in task.lines] == ["case", "community"]
    # 168 h of one post by four slots of 48 h; the community officer works Monday to Friday.
    assert roster_score(task, plan.shift).shortage == 0
    assert plan.shift[4].tolist() == [2] * 5 + [FREE, FREE]


def test_hours_of_the_roster_start_at_its_first_shift() -> None:
    week = np.arange(7 * 24).reshape(7, 24)
    hours = by_hour(week, 6, 8, 2)
    assert hours[0] == 6 * 24 + 8
    assert hours[16] == 0
    assert hours[-1] == 24 + 7
