"""How many beats: the numbers that come into question, each drawn, and which one is proposed."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.beat_plan import BeatPlan, BeatResult, BeatTask
from optimizer.beats import districts
from optimizer.errors import InputError, Problem
from optimizer.measures import weighted_mean
from optimizer.policy_beats import Beats
from optimizer.result import Status
from optimizer.solver import Limits

MOST_NUMBERS = 20
"""Each is a search of its own."""
_RANGE = re.compile(r"\s*(\d{1,6})\s*(?:[-–~～至]\s*(\d{1,6})\s*)?")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """Beats of one number.

    Attributes:
        beats: How many.
        result: What the search said; INFEASIBLE without a plan where the task cannot be met.
        mean_min: From the seats, over all alerts; NaN without a plan or alerts.
        farthest_min: Of the cell with alerts that is farthest from its seat, likewise.
        problems: Why no beats of this number can be drawn whatever the search.
    """

    beats: int
    result: BeatResult
    mean_min: float
    farthest_min: float
    problems: tuple[Problem, ...] = ()


def numbers_of_beats(
    text: str | None, rules: Beats, officers: int, by_residents: int, drawn: int
) -> tuple[int, ...] | Problem:
    """Numbers of beats that come into question, ascending.

    Args:
        text: What the planner wrote, `8` or `6-10`; None = one number as residents ask for.
        rules: Officers per beat at the least and at the most.
        officers: Of the unit.
        by_residents: What residents ask for.
        drawn: Beats of the planner's own file; 0 = none. They are scored, whatever their number.
    """
    least = 1 if rules.max_officers is None else math.ceil(officers / rules.max_officers - 1e-9)
    most = None if rules.min_officers is None else math.floor(officers / rules.min_officers + 1e-9)
    if text is None:
        if drawn:
            return (drawn,)
        held = max(by_residents, least)
        return (max(1, held if most is None else min(held, most)),)
    found = _RANGE.fullmatch(text)
    low = int(found[1]) if found else 0
    high = int(found[2] or found[1]) if found else 0
    if not 1 <= low <= high or high - low >= MOST_NUMBERS:
        return Problem(
            where="--k",
            value=text,
            expected="a number of beats, or a range of at most {n} numbers",
            fix="write it like 8 or 6-10",
            params={"n": MOST_NUMBERS},
        )
    if drawn and low < high:
        return Problem(
            where="--k",
            value=text,
            expected="one number of beats, as --drawn scores the beats of a file",
            fix="leave --k out, or leave --drawn out",
        )
    inside = range(max(low, least), (high if most is None else min(high, most)) + 1)
    if inside:
        return tuple(inside)
    return Problem(
        where="--k",
        value=text,
        expected="as many beats as {officers} officers are enough for by policy.beats: "
        "{least} to {most}",
        fix="ask for such a number, or change policy.beats.min_officers or max_officers",
        params={"officers": officers, "least": least, "most": "∞" if most is None else most},
    )


def try_numbers(
    task: BeatTask, numbers: Sequence[int], limits: Limits, step: Callable[[int], None]
) -> tuple[Tried, ...]:
    """Draw beats of each number.

    Args:
        task: The task, of any number.
        numbers: Ascending.
        limits: Time of each, and seed.
        step: Told each number before its search.

    Raises:
        InputError: none of the numbers can be met, whatever the search; what is wrong with the
            last one.
    """
    tried: list[Tried] = []
    for number in numbers:
        step(number)
        asked = replace(task, beats=number)
        try:
            result = districts(asked, limits)
        except InputError as wrong:
            if number == numbers[-1] and all(t.problems for t in tried):
                raise
            none = BeatResult(status=Status.INFEASIBLE)
            tried.append(
                Tried(
                    beats=number, result=none, mean_min=math.nan, farthest_min=math.nan,
                    problems=tuple(wrong.problems),
                )
            )  # fmt: skip
            continue
        mean, farthest = (
            (math.nan, math.nan) if result.plan is None else minutes_of(asked, result.plan)
        )
        tried.append(Tried(beats=number, result=result, mean_min=mean, farthest_min=farthest))
    return tuple(tried)


def minutes_of(task: BeatTask, plan: BeatPlan) -> tuple[float, float]:
    """Mean minutes over all alerts, and those of the farthest cell with alerts; NaN without any."""
    calls = task.calls_per_year
    busy = np.flatnonzero(calls > 0)
    if not len(busy):
        return math.nan, math.nan
    seats = plan.seat[plan.beat_of[busy]]
    if task.minutes is not None:
        wait = task.minutes[seats, busy]
    else:
        assert task.x_km is not None
        assert task.y_km is not None
        far = np.hypot(task.x_km[seats] - task.x_km[busy], task.y_km[seats] - task.y_km[busy])
        wait = far * task.minutes_per_km
    return weighted_mean(wait, calls[busy]), float(wait.max())


def proposed(
    tried: Sequence[Tried], within_min: float | None, least_saving_fraction: float
) -> int | None:
    """Which of the numbers is proposed, by its place; None where no number has beats.

    Args:
        tried: By number, ascending.
        within_min: The least number whose farthest cell with alerts is within these minutes; where
            no number does, the one that comes nearest.
        least_saving_fraction: Without `within_min`: the first number after which the next one
            saves less than this share of what is made small.
    """
    there = [(i, t) for i, t in enumerate(tried) if t.result.objective is not None]
    if not there:
        return None
    if within_min is not None:
        for i, one in there:
            if one.farthest_min <= within_min + 1e-9:
                return i
        return min(there, key=lambda found: (found[1].farthest_min, found[0]))[0]
    for (i, one), (_next, after) in itertools.pairwise(there):
        now, then = one.result.objective, after.result.objective
        assert now is not None
        assert then is not None
        if now - then < least_saving_fraction * now:
            return i
    return there[-1][0]
