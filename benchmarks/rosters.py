"""Rosters: processor time to a first roster and to the end, beside plain CP-SAT and HiGHS.

    python -m benchmarks.rosters                       # 30 x 7, 30 x 28 and 40 x 28
    python -m benchmarks.rosters --sizes 30x7 --rivals

The rivals get the model over slots for the first stage (shortage) as it is: no order of alike
slots, no start, no bounds by head counts. Times are processor seconds of this process.
"""

from __future__ import annotations

import argparse
import time
from datetime import date

import highspy
import numpy as np

from optimizer.policy_roster import Roster, Slots
from optimizer.roster import RosterTask
from optimizer.roster_demand import WeekDemand
from optimizer.roster_model import RosterModel
from optimizer.roster_rules import roster_faults, roster_score
from optimizer.roster_search import make_roster
from optimizer.roster_start import start_roster
from optimizer.roster_task import roster_task
from optimizer.solver import Limits, Model, solve

# Heads by hour of the day of a busy town centre, for 42 hours a week of each of 30 officers.
HEADS = (6, 5, 4, 4, 4, 4, 5, 6, 8, 8, 8, 8, 7, 7, 8, 8, 9, 9, 9, 10, 10, 9, 8, 7)


def instance(people: int, days: int) -> RosterTask:
    """Three shifts, a third of the slots with firearms; Friday to Sunday a fifth more."""
    week = np.array([HEADS] * 7, dtype=float) * people / 30 * 0.9
    week[4:] *= 1.2
    heads = np.floor(week + 0.5).astype(np.int64)
    rules = Roster(qualified_on_duty={"firearm": 1})
    groups = (
        Slots(count=people // 3, qualifications=("firearm",)),
        Slots(count=people - people // 3),
    )
    demand = WeekDemand(case=heads, community=heads * 0, auxiliary=heads * 0)
    return roster_task(rules, groups, demand, date(2026, 12, 7), days // 7)


def highs(model: Model, seconds: float) -> tuple[float, float]:
    """Value and bound of HiGHS's own branch and bound on one thread."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", seconds)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.objective), len(model.row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.objective, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    order = np.argsort(model.row, kind="stable")
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    ends = np.cumsum(np.bincount(model.row, minlength=lp.num_row_))
    lp.a_matrix_.start_ = np.r_[0, ends]
    lp.a_matrix_.index_, lp.a_matrix_.value_ = model.column[order], model.value[order]
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    solver.passModel(lp)
    solver.run()
    info = solver.getInfo()
    return info.objective_function_value, info.mip_dual_bound


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=["30x7", "30x28", "40x28"])
    parser.add_argument("--effort", type=float, default=8.0)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall limit of the rivals")
    asked = parser.parse_args()
    for size in asked.sizes:
        people, days = map(int, size.split("x"))
        task = instance(people, days)
        began = time.process_time()
        first = start_roster(task)
        first_s = time.process_time() - began
        assert not roster_faults(task, first)
        began = time.process_time()
        plan = make_roster(task, effort=asked.effort)
        ours_s = time.process_time() - began
        print(
            f"{size:>6}: first roster {first_s:.2f} s, "
            f"shortage {roster_score(task, first).shortage}; end {ours_s:.1f} s: "
            + ", ".join(f"{p.stage} {p.objective:.0f} >= {p.bound:.0f} {p.status.value}"
                        for p in plan.proofs),
            flush=True,
        )  # fmt: skip
        if not asked.rivals:
            continue
        model = RosterModel(task, with_slots=True, ordered=False).model("shortage")
        began = time.process_time()
        said = solve(model, Limits(time_limit_s=asked.seconds), backend="cp_sat")
        took = time.process_time() - began
        print(f"        plain CP-SAT, shortage: {said.objective} >= {said.bound}, {took:.1f} s, "
              f"{took / ours_s:.1f} x", flush=True)  # fmt: skip
        began = time.process_time()
        value, bound = highs(model, asked.seconds)
        took = time.process_time() - began
        print(f"        HiGHS, shortage alone: {value:.0f} >= {bound:.1f}, {took:.1f} s, "
              f"{took / ours_s:.1f} x", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
