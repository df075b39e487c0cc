"""Rules that a single bundle keeps or breaks: names, and how a table of bundles notes them."""

from __future__ import annotations

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy
from optimizer.steering_rules import BARRIERS, FIX, fix_offences

ADJACENCY = "adjacency"
MAX_BUNDLE_SIZE = "bundling.max_bundle_size"
RURAL_ONLY = "bundling.rural_only"
CAN_BUNDLE = "stations.can_bundle"
CAN_HOST = "stations.can_host"
MAX_OFFICERS = "stations.max_officers"
OFFICE_TRAVEL = "bundling.max_office_travel_min"
FARTHEST = "response.farthest_min"
SHARE_WITHIN = "response.share_within_fraction"
TOGETHER = "bundling.locks.together"
APART = "bundling.locks.apart"
KEEP = "bundling.locks.keep"
HOST = "bundling.locks.host"
TOWNSHIP_LOSS = "equity.max_township_loss_min"
TOWNSHIP_RESPONSE = "equity.max_township_response_min"
WINDOW_KM = "equity.max_window_km"
RESIDENTS = "equity.max_residents_losing_standard_fraction"
COLUMN_RULES = (
    ADJACENCY, BARRIERS, MAX_BUNDLE_SIZE, RURAL_ONLY, CAN_BUNDLE, CAN_HOST, MAX_OFFICERS,
    OFFICE_TRAVEL,
    FARTHEST, SHARE_WITHIN, FIX, TOGETHER, APART, KEEP, HOST, TOWNSHIP_LOSS, TOWNSHIP_RESPONSE,
    WINDOW_KM,
)  # fmt: skip
"""Rules that a single bundle keeps or breaks; the other rules bind the whole plan."""

LIMIT_SLACK = 1e-9
"""A value may be beyond its limit by so much: the rounding of its terms."""


def together_groups(policy: Policy) -> tuple[tuple[str, ...], ...]:
    """Groups of the `together` locks, joined where they share a station; sorted."""
    joined: list[set[str]] = []
    for group in policy.bundling.locks.together:
        merged = set(group)
        apart = [other for other in joined if not other & merged]
        for other in joined:
            if other & merged:
                merged |= other
        joined = [*apart, merged]
    return tuple(sorted(tuple(sorted(g)) for g in joined))


def note_locks(
    county: County,
    policy: Policy,
    members: IntArray,
    host: IntArray,
    joint: BoolArray,
    broken: BoolArray,
    amount: FloatArray,
) -> None:
    """Note which locks are broken; all but `together` are about bundles of two or more."""
    locks = policy.bundling.locks
    for rule, groups in ((TOGETHER, together_groups(policy)), (APART, locks.apart)):
        for group in groups:
            inside = np.isin(members, rows_of(county, group)).sum(axis=1)
            split = (inside > 0) & (inside < len(set(group)))
            note(rule, split if rule == TOGETHER else inside >= 2, broken, amount)
    if locks.keep:
        kept = np.isin(members, rows_of(county, locks.keep)).sum(axis=1)
        note(KEEP, kept * joint, broken, amount)
    if locks.host:
        centres = np.isin(members, rows_of(county, locks.host))
        note(HOST, (centres & (members != host[:, None])).sum(axis=1) * joint, broken, amount)
    if locks.fix:
        note(FIX, fix_offences(county, policy, members, host), broken, amount)


def note(rule: str, offending: BoolArray | IntArray, broken: BoolArray, amount: FloatArray) -> None:
    """Note how many offend against `rule`, shape (N,), in tables of shape (N, rules)."""
    at = COLUMN_RULES.index(rule)
    amount[:, at] += offending
    broken[:, at] = amount[:, at] > 0


def hold(
    rule: str, value: FloatArray, broken: BoolArray, amount: FloatArray, *, at_most: float
) -> None:
    """Note the value that `rule` limits, shape (N,), in tables of shape (N, rules)."""
    at = COLUMN_RULES.index(rule)
    amount[:, at] = value
    broken[:, at] = value > at_most + LIMIT_SLACK


def rows_of(county: County, station_ids: tuple[str, ...]) -> IntArray:
    """Station rows of the ids, sorted, each once."""
    row = county.stations.index()
    return np.array(sorted({row[s] for s in station_ids}), dtype=np.int64)
