"""Which rules a bundle that might be breaks, and how near a bundle is to its limits: in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.columns import (
    APART,
    CAN_BUNDLE,
    CAN_HOST,
    COLUMN_RULES,
    FARTHEST,
    HOST,
    KEEP,
    MAX_BUNDLE_SIZE,
    MAX_OFFICERS,
    OFFICE_TRAVEL,
    RURAL_ONLY,
    SHARE_WITHIN,
    TOGETHER,
)
from optimizer.explain_board import Board
from optimizer.policy import Policy

BARRIERS = "bundling.barriers"
FIX = "bundling.locks.fix"
NEAR_FRACTION = 0.9
"""A value at so much of its limit is near it."""
_NEAR_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that a bundle would break.

    Attributes:
        rule: Its name.
        value: What the rule measures there; None for a plain no.
        limit: What it asks for; None likewise.
        station_ids: Stations that offend, or the office that is too far.
        township: Township of the cell that is too far; empty where there is none.
        excess: How far beyond the limit, as a share of it; 1 for a plain no.
    """

    rule: str
    value: float | None = None
    limit: float | None = None
    station_ids: tuple[str, ...] = ()
    township: str = ""
    excess: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A limit that a bundle keeps.

    Attributes:
        rule: Its name.
        value, limit: What the rule measures there, and what it asks for.
        is_near: Little is left: a tenth of the limit; of a share, a fifth of what may be missed.
        is_least: The value must not fall below the limit (else: not rise above it).
    """

    rule: str
    value: float
    limit: float
    is_near: bool
    is_least: bool = False


def broken_rules(board: Board, column: int) -> tuple[Broken, ...]:
    """The rules that a column breaks, in the order of `COLUMN_RULES`."""
    flags = board.columns.broken[column]
    return tuple(_broken(board, column, r) for i, r in enumerate(COLUMN_RULES) if flags[i])


def margins(board: Board, column: int) -> tuple[Margin, ...]:
    """How far a column of two or more is from each limit in numbers."""
    found = []
    for i, rule in enumerate(COLUMN_RULES):
        limit = limit_of(board, column, rule)
        if limit is None or not np.isfinite(limit):
            continue
        value = _value(board, column, rule, float(board.columns.amount[column, i]))
        least = rule == SHARE_WITHIN
        if least:
            near = value - limit <= _NEAR_SHARE * (1.0 - limit) + 1e-9
        else:
            near = value >= NEAR_FRACTION * limit
        found.append(
            Margin(rule=rule, value=value, limit=limit, is_near=bool(near), is_least=least)
        )
    return tuple(found)


def limit_of(board: Board, column: int, rule: str) -> float | None:
    """The number that a rule holds a column against; None for a plain yes or no."""
    if rule == MAX_OFFICERS:
        return float(board.county.stations.max_officers[board.columns.host[column]])
    found = policy_value(board.policy, rule)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found)


def policy_value(policy: Policy, rule: str) -> object:
    """What the policy says at a dotted key; None where it has no such key, or nothing there."""
    found: object = policy
    for name in rule.split("."):
        found = getattr(found, name, None)
    return found


def excess_order(broken: tuple[Broken, ...]) -> tuple[int, float]:
    """Sort key: fewest rules first, then the least excess."""
    return len(broken), max((b.excess for b in broken), default=0.0)


def _broken(board: Board, column: int, rule: str) -> Broken:
    amount = float(board.columns.amount[column, COLUMN_RULES.index(rule)])
    limit = limit_of(board, column, rule)
    stations, township = _offending(board, column, rule)
    if limit is None:
        return Broken(rule=rule, station_ids=stations, township=township)
    value = _value(board, column, rule, amount)
    return Broken(
        rule=rule,
        value=value,
        limit=limit,
        station_ids=stations,
        township=township,
        excess=abs(value - limit) / limit if limit > 0 else float("inf"),
    )


def _value(board: Board, column: int, rule: str, amount: float) -> float:
    """What is held against the limit; of a building the columns note what is beyond it."""
    if rule == MAX_OFFICERS:
        return amount + float(board.county.stations.max_officers[board.columns.host[column]])
    return amount


def _offending(board: Board, column: int, rule: str) -> tuple[tuple[str, ...], str]:
    """Stations that a broken rule is about, and the township of a cell."""
    county, locks = board.county, board.policy.bundling.locks
    stations, ids = county.stations, county.stations.station_id
    members = board.columns.members[column, : board.columns.size[column]].tolist()
    host = int(board.columns.host[column])
    mine = {ids[s] for s in members}
    if rule == FARTHEST:
        cells = np.flatnonzero(np.isin(county.cells.station, members))
        cell = int(cells[np.argmax(county.travel_time_min[host, cells])])
        return (ids[host],), county.cells.township[cell]
    if rule == OFFICE_TRAVEL:
        far = max(members, key=lambda s: (float(county.station_time_min[host, s]), -s))
        return (ids[far],), ""
    found: set[str] = {
        RURAL_ONLY: {ids[s] for s in members if stations.is_urban[s]},
        CAN_BUNDLE: {ids[s] for s in members if not stations.can_bundle[s]},
        CAN_HOST: {ids[host]},
        MAX_OFFICERS: {ids[host]},
        MAX_BUNDLE_SIZE: mine,
        KEEP: mine & set(locks.keep),
        HOST: (mine & set(locks.host)) - {ids[host]},
        APART: {
            s for group in locks.apart if len(mine & set(group)) > 1 for s in mine & set(group)
        },
        BARRIERS: {s for pair in board.policy.bundling.barriers if set(pair) <= mine for s in pair},
        FIX: mine & {s for c, group in locks.fix.items() for s in (c, *group)} - set(locks.free),
        TOGETHER: {
            s for group in locks.together if mine & set(group) and set(group) - mine for s in group
        },
    }.get(rule, set())
    return tuple(sorted(found)), ""
