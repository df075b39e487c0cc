"""Whether any handover keeps the rules, and which rules clash where none does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.frozen import IntArray
from optimizer.result import Proof, Relaxation, Status
from optimizer.road_ground import Ground, Rules
from optimizer.road_model import Pairs, Rows
from optimizer.solver import Limits, solve

STAGE = "traffic"
UNIT = "km per officer"
IN_TIME = "traffic.accidents_within_fraction"
COVERAGE = "traffic.min_checkpoint_coverage"

_DROPPED: dict[str, dict[str, object]] = {
    "traffic.contiguity": {"is_contiguous": False},
    "traffic.rural_only": {"is_rural_only": False},
    "traffic.max_accident_travel_min": {"max_travel_min": float("inf")},
    IN_TIME: {"in_time_fraction": None},
    COVERAGE: {"coverage_fraction": None},
    "traffic.min_officers_per_duty_station": {"min_officers": 0},
    "strength.conserved": {"is_conserving": False},
    "traffic.duty_stations": {"duty_stations": None},
    "traffic.coverage": {"is_covering": False},
}
"""What leaving a rule out means, in the order that a diagnosis tries it."""


def some_handover(ground: Ground, rules: Rules, limits: Limits) -> tuple[Status, IntArray | None]:
    """Some unit for each piece of road, or INFEASIBLE; the fewest handovers.

    Columns are the allowed pairs, then one per unit: it takes road duty, then one per sort of main
    road: it is covered.
    """
    pieces, units = ground.own.shape
    pairs = Pairs.of(ground.may(rules))
    near, every = ground.near, pairs.every
    wanted, officers = rules.duty_stations, int(ground.squad_officers.sum())
    least_open = 1 if rules.is_conserving and officers else 0
    rows = Rows()
    pairs.shared_out(rows, pieces, 1.0 if rules.is_covering else 0.0)
    zero = np.zeros(units, np.int64)
    for weight, low, high in (
        (1.0, 0 if wanted is None else wanted, units if wanted is None else wanted),
        (float(rules.min_officers), 0, officers),
        (1.0, least_open, units),
    ):
        rows.add(float(low), float(high), 1, (zero, pairs.is_open, weight))
    in_time = ground.in_time_units[pairs.piece, pairs.unit].astype(float)
    rows.add(float(ground.in_time_least(rules)), np.inf, 1, (every * 0, every, in_time))
    if rules.is_contiguous and ground.is_split:
        pairs.run_on(rows, ground.land, ground.runs_on)
    sorts = 0
    if rules.coverage_fraction is not None:
        sorts = len(near.units)
        least = near.least(rules.coverage_fraction)
        pairs.covered(rows, near.near, near.units, least, pairs.end)
    handed = (~ground.own[pairs.piece, pairs.unit]).astype(np.float64)
    objective = np.concatenate([handed, np.zeros(units + sorts)])
    solved = solve(rows.model(objective, np.ones(len(objective))), limits)
    if solved.values is None:
        return solved.status, None
    duty = np.full(pieces, -1, dtype=np.int64)
    chosen = np.flatnonzero(solved.values[: len(every)] > 0.5)
    duty[pairs.piece[chosen]] = pairs.unit[chosen]
    return solved.status, duty


def diagnosis(ground: Ground, rules: Rules, limits: Limits) -> Proof:
    """A minimal set of rules that cannot hold together, and the single changes that would help."""

    def status(changed: Rules) -> Status:
        return some_handover(ground, changed, limits)[0]

    left, clash = rules, []
    for rule, dropped in _DROPPED.items():
        without = replace(left, **dropped)  # type: ignore[arg-type]
        if status(without) is Status.INFEASIBLE:
            left = without
        else:
            clash.append(rule)

    def is_possible(changed: Rules) -> bool:
        return status(changed) in (Status.OPTIMAL, Status.FEASIBLE)

    return Proof(
        stage=STAGE,
        status=Status.INFEASIBLE,
        objective_unit=UNIT,
        method="branch and bound on which unit may take which roads",
        clashing_rules=tuple(sorted(clash)),
        relaxations=tuple(
            r for rule in sorted(clash) for r in _relaxations(rule, ground, rules, is_possible)
        ),
    )


def _relaxations(
    rule: str, ground: Ground, rules: Rules, is_possible: Callable[[Rules], bool]
) -> list[Relaxation]:
    """The nearest value of one rule with which a plan exists; empty where there is none."""
    present, needed = "", None
    if rule == "traffic.duty_stations" and rules.duty_stations is not None:
        present = str(rules.duty_stations)
        counts = sorted(
            range(1, len(ground.unit_id) + 1), key=lambda n: abs(n - (rules.duty_stations or 0))
        )
        needed = next(
            (str(n) for n in counts if is_possible(replace(rules, duty_stations=n))), None
        )
    elif rule == "traffic.min_officers_per_duty_station":
        present = str(rules.min_officers)
        fewer = range(rules.min_officers - 1, 0, -1)
        needed = next((str(n) for n in fewer if is_possible(replace(rules, min_officers=n))), None)
    elif rule == "traffic.max_accident_travel_min":
        present = f"{rules.max_travel_min:g}"
        needed = _nearest_minutes(ground, rules, is_possible)
    elif rule == IN_TIME and rules.in_time_fraction is not None:
        present = f"{rules.in_time_fraction:g}"
        needed = _largest_share(rules.in_time_fraction, "in_time_fraction", rules, is_possible)
    elif rule == COVERAGE and rules.coverage_fraction is not None:
        present = f"{rules.coverage_fraction:g}"
        needed = _largest_share(rules.coverage_fraction, "coverage_fraction", rules, is_possible)
    elif rule == "traffic.rural_only":
        present = "true"
        needed = "false" if is_possible(replace(rules, is_rural_only=False)) else None
    return [] if needed is None else [Relaxation(rule=rule, present=present, needed=needed)]


def _nearest_minutes(
    ground: Ground, rules: Rules, is_possible: Callable[[Rules], bool]
) -> str | None:
    """Fewest minutes of travel with which a plan exists, rounded up to a tenth."""
    may = ground.may(replace(rules, max_travel_min=float("inf")))
    minutes = ground.travel_time_min[may]
    longer = np.ceil(minutes[(minutes > rules.max_travel_min) & np.isfinite(minutes)] * 10) / 10
    choices = np.unique(longer).tolist()
    low, high = 0, len(choices)
    while low < high:
        middle = (low + high) // 2
        if is_possible(replace(rules, max_travel_min=choices[middle])):
            high = middle
        else:
            low = middle + 1
    return f"{choices[low]:g}" if low < len(choices) else None


def _largest_share(
    asked: float, name: str, rules: Rules, is_possible: Callable[[Rules], bool]
) -> str | None:
    """Largest share, of accidents or of roads, with which a plan exists, to a thousandth below."""
    low, high = -1, math.ceil(asked * 1000)
    while low + 1 < high:
        middle = (low + high) // 2
        changed: dict[str, float] = {name: middle / 1000}
        if is_possible(replace(rules, **changed)):  # type: ignore[arg-type]
            low = middle
        else:
            high = middle
    return None if low < 0 else f"{low / 1000:g}"
