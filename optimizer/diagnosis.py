"""Why no bundling is possible: a minimal set of clashing rules, and the smallest ways out.

Clash: deletion filter (Chinneck & Dravnieks, *Locating minimal infeasible constraint sets in linear
programs*, ORSA Journal on Computing 3 (1991) 157-168) over the named rules: rules are dropped one
after another, and stay dropped while there is still no plan; what cannot be dropped is the clash.

Ways out (`ways_out.py`): for each clashing rule the smallest change of it alone, all other rules
kept, under which a plan exists; where there is none, the smallest changes of two rules at once, one
of them in the clash. Numbers are rounded outward, so that the value printed works.

All columns that any of these questions can allow are priced once; each question is a mask over them
(`question.py`, `existence.py`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from optimizer.columns import (
    CAN_BUNDLE,
    CAN_HOST,
    COLUMN_RULES,
    LARGEST_BUNDLE,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    RESIDENTS,
    RURAL_ONLY,
    TOWNSHIP_LOSS,
    TOWNSHIP_RESPONSE,
    WINDOW_KM,
)
from optimizer.county import County
from optimizer.policy import Policy
from optimizer.question import CENTRES, FREED, LOCKS, PLAN_RULES, STATIONS_BUNDLED, Question, ask
from optimizer.result import Relaxation
from optimizer.solver import Limits
from optimizer.steering_rules import BARRIERS, MAX_CHANGES, has_barriers
from optimizer.ways_out import Way, pairs, single_changes
from optimizer.workload import Demand

_FILTER_SHARE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known about an infeasible policy; empty tuples where the time ran out first.

    Attributes:
        clashing_rules: No plan keeps these rules. Each rule that `method` does not name as not
            examined is needed for that: without it, of all rules those clashing with it alone
            allow a plan.
        relaxations: Single changes that each make a plan possible.
        joint_relaxations: Where there is none, changes of two rules that together do.
        method: What was not examined, and why.
    """

    clashing_rules: tuple[str, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    joint_relaxations: tuple[tuple[Relaxation, Relaxation], ...] = ()
    method: str = ""


def diagnose(county: County, policy: Policy, demand: Demand, limits: Limits) -> Diagnosis:
    """Explain why no partition keeps every rule.

    Args:
        county: The county.
        policy: A policy under which bundling was proven infeasible.
        demand: `demand_of(county, policy)`.
        limits: Time for the whole diagnosis, and the seed.

    Returns:
        The clash and the ways out; `method` says what was not examined, and why.
    """
    start = time.monotonic()
    rules = tuple(r for r in (*COLUMN_RULES, *PLAN_RULES) if _in_force(county, policy, r))
    question = ask(county, policy, demand, limits, rules)
    clash, held, reduced = clash_of(question, rules, start + limits.time_limit_s * _FILTER_SHARE)
    ways = _ways(question, clash, start + limits.time_limit_s)
    joint = () if ways or question.search.out_of_time else pairs(question, clash, rules)
    notes = []
    if held:
        notes.append(f"not examined for want of time or too many sets: {', '.join(held)}")
    if MAX_BUNDLE_SIZE in reduced.dropped and reduced.largest() < LARGEST_BUNDLE:
        notes.append(f"larger bundles examined up to {reduced.largest()} stations")
    if question.search.out_of_time:
        notes.append("time ran out: other relaxations may exist")
    elif not ways:
        told = "no single change helps" if joint else "no change of one rule or of two helps"
        notes.append(told)
    return Diagnosis(
        clashing_rules=clash,
        relaxations=tuple(w.relaxation for w in ways),
        joint_relaxations=joint,
        method="; ".join(notes),
    )


def _ways(question: Question, clash: tuple[str, ...], until: float) -> tuple[Way, ...]:
    """Single changes of each clashing rule, in their order.

    Rules on the whole plan come first, for their smallest change costs least to find, and no rule
    takes more than half of the time that is left, so that one hard question hides no way out.
    """
    found: dict[str, tuple[Way, ...]] = {}
    for rule in sorted(clash, key=lambda rule: rule not in PLAN_RULES):
        last = len(found) == len(clash) - 1
        question.search.deadline = until if last else _half_way(until)
        found[rule] = tuple(single_changes(question, rule))
    question.search.deadline = until
    return tuple(way for rule in clash for way in found[rule])


def _half_way(until: float) -> float:
    now = time.monotonic()
    return now + (until - now) / 2.0


def clash_of(
    question: Question, rules: tuple[str, ...], until: float
) -> tuple[tuple[str, ...], tuple[str, ...], Question]:
    """The rules that remain when all that can go are dropped, one after another.

    Args:
        question: A question without a plan.
        rules: Rules in force.
        until: `time.monotonic()` at which to stop; no rule takes more than half of what is left.

    Returns:
        The clash, those rules of it for which it is not known whether they could go, and the
        question without the rest.
    """
    held = []
    left = question
    for rule in rules:
        without = left.without(rule)
        question.search.deadline = _half_way(until)
        answer = without.has_plan()
        if answer is None:
            held.append(rule)
        elif not answer:
            left = without
    return tuple(r for r in rules if r not in left.dropped), tuple(held), left


def _in_force(county: County, policy: Policy, rule: str) -> bool:
    rules, guard, stations = policy.bundling, policy.equity, county.stations
    if rule in LOCKS:
        return bool(getattr(rules.locks, rule.rsplit(".", 1)[1]))
    asked = {
        RURAL_ONLY: rules.rural_only and bool(stations.is_urban.any()),
        CAN_BUNDLE: not stations.can_bundle.all(),
        CAN_HOST: not stations.can_host.all(),
        MAX_OFFICERS: bool(np.isfinite(stations.max_officers).any()),
        MAX_BUNDLE_SIZE: rules.max_bundle_size < LARGEST_BUNDLE,
        CENTRES: rules.centres is not None,
        STATIONS_BUNDLED: rules.stations_bundled is not None,
        FREED: rules.min_officers_freed is not None,
        MAX_CHANGES: rules.changes.max_stations is not None,
        BARRIERS: has_barriers(county, policy),
        TOWNSHIP_LOSS: guard.max_township_loss_min is not None,
        TOWNSHIP_RESPONSE: guard.max_township_response_min is not None,
        WINDOW_KM: guard.max_window_km is not None,
        RESIDENTS: guard.max_residents_losing_standard_fraction is not None,
    }
    return bool(asked.get(rule, True))
