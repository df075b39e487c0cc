"""Slots rostered anew a few at a time, and bounds by head counts that know whole shifts."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.policy_roster import Roster, Slots
from optimizer.roster import FREE, on_duty
from optimizer.roster_demand import WeekDemand
from optimizer.roster_even import evened
from optimizer.roster_model import RosterModel
from optimizer.roster_rules import roster_faults, roster_score
from optimizer.roster_search import make_roster
from optimizer.roster_task import roster_task
from optimizer.solver import solve
from tests.test_roster import MONDAY, row, task_of


def test_one_shift_a_day_is_shared_by_four_as_evenly_as_seven_days_go() -> None:
    task = task_of(4, 7, 0)
    shift = np.vstack([row("d.d.d.d"), row(".d.d.d."), row("......."), row(".......")])
    # 48 hours against none, one weekend against none.
    assert roster_score(task, shift).unfairness == 48 + 12
    fair = evened(task, shift, least=0, effort=2.0)
    # Seven shifts of four: two or one each; Saturday and Sunday are two of the four at the most.
    assert roster_score(task, fair).unfairness == 12 + 12
    assert roster_faults(task, fair) == ()
    assert ((fair != FREE).sum(axis=0) == 1).all()
    # Where nothing is to be gained, or none may be worked for it, it stays.
    assert (evened(task, shift, least=60, effort=2.0) == shift).all()
    assert (evened(task, shift, least=0, effort=0.1) == shift).all()


@pytest.mark.parametrize("seed", range(3))
def test_heads_on_duty_stay_and_none_with_a_qualification_is_missed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    week = np.full((7, 24), 2, dtype=np.int64)
    groups = (Slots(count=3, qualifications=("firearm",)), Slots(count=4))
    rules = Roster(qualified_on_duty={"firearm": 1})
    demand = WeekDemand(case=week, community=week * 0, auxiliary=week * 0)
    task = roster_task(rules, groups, demand, MONDAY, 2)
    shift = np.full((7, 14), FREE)
    for i in range(7):
        for d in range(0, 14, 2):
            shift[i, d] = int(rng.integers(-1, 2)) if rng.random() < 0.8 else FREE
    assert roster_faults(task, shift) == ()
    fair = evened(task, shift, least=0, effort=1.0, seed=seed)
    assert roster_faults(task, fair) == ()
    work = [line.is_work for line in task.lines]
    assert (on_duty(task, fair) == on_duty(task, shift))[work].all()
    assert roster_score(task, fair).shortage <= roster_score(task, shift).shortage
    assert roster_score(task, fair).unfairness < roster_score(task, shift).unfairness


def test_equal_hours_in_whole_shifts_bound_the_surplus() -> None:
    # Two classes of two; 5 shifts of 8 hours are needed by day. Equal hours for four: 8 shifts.
    week = np.zeros((7, 24), dtype=np.int64)
    week[:5, 8:16] = 1
    groups = (Slots(count=2, qualifications=("firearm",)), Slots(count=2))
    demand = WeekDemand(case=week, community=week * 0, auxiliary=week * 0)
    task = roster_task(Roster(), groups, demand, MONDAY, 1)
    counts = RosterModel(task, with_slots=False)
    equal = counts.model("surplus", most={"shortage": 0, "unfairness": 0})
    assert solve(equal).objective == 3 * 8
    plan = make_roster(task, effort=2.0)
    assert [(p.objective, p.bound) for p in plan.proofs] == [(0, 0), (0, 0), (24, 24)]
