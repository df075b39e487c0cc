"""Rules of reassignment that no choice of moves could keep: bad input, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from optimizer.county import County
from optimizer.errors import Problem
from optimizer.frozen import IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.policy_staffing import GROUPS
from optimizer.reassignment import Board
from optimizer.reassignment_task import RoleTask
from optimizer.unit_groups import of_unit

_WHERE = "policy.reassignment"
_SHOWN = 6


def problems_of(county: County, policy: Policy, plan: Plan, board: Board) -> tuple[Problem, ...]:
    """Everything in rules and head counts that cannot be, before anything is solved."""
    names = _names(county)
    return (
        *_strangers(policy, plan, board, names),
        *_holders(county, names),
        *_caps(policy, board, names),
        *_nobody(county, policy, board),
        *_qualified(policy, board, names),
        *_floors(board.officers, "floors", board, names),
        *(
            _floors(board.auxiliaries, "auxiliary_floors", board, names)
            if board.auxiliaries
            else ()
        ),
        *_rotation(board, names),
    )


def _names(county: County) -> dict[str, str]:
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    return {i: f"{n} ({i})" for ids, ns in tables for i, n in zip(ids, ns, strict=True)}


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" … (+{more})" if more > 0 else "")


def _strangers(policy: Policy, plan: Plan, board: Board, names: Mapping[str, str]) -> list[Problem]:
    """Rules for what is no unit of the plan."""
    rules = policy.reassignment
    tables: dict[str, Mapping[str, object]] = {
        "floors": rules.floors,
        "auxiliary_floors": rules.auxiliary_floors,
        "caps": rules.caps,
    }
    tables |= {f"qualified.{k}": v for k, v in rules.qualified.items()}
    tables |= {f"qualified_fraction.{k}": v for k, v in rules.qualified_fraction.items()}
    units = {n.unit_id for n in board.needs}
    centre_of = plan.centre_of()
    found = []
    for table, rule in tables.items():
        for key in sorted(set(rule) - units - set(GROUPS)):
            centre = centre_of.get(key)
            found.append(
                Problem(
                    where=f"{_WHERE}.{table}",
                    value=key,
                    expected="a unit's id or one of: {groups}"
                    if centre is None
                    else "a unit of the plan; in it this station is a police office of {centre}",
                    fix="check the id" if centre is None else "set the rule for its centre station",
                    params={
                        "groups": ", ".join(GROUPS),
                        "centre": names.get(centre or "", centre or ""),
                    },
                )
            )
    return found


def _holders(county: County, names: Mapping[str, str]) -> list[Problem]:
    """More holders of something than officers."""
    officers: dict[str, int] = {}
    for ids, counts in (
        (county.stations.station_id, county.stations.officers),
        (county.squads.squad_id, county.squads.officers),
        (county.units.unit_id, county.units.officers),
    ):
        officers.update(zip(ids, counts.tolist(), strict=True))
    found = []
    for one in county.personnel:
        for column in (
            "firearm_officers", "case_officers", "traffic_law_officers", "overdue_officers",
        ):  # fmt: skip
            number = int(getattr(one, column))
            if one.unit_id in officers and number > officers[one.unit_id]:
                found.append(
                    Problem(
                        where=names[one.unit_id],
                        column=column,
                        value=str(number),
                        expected="at most the {officers} officers in post",
                        fix="correct one of the two counts",
                        params={"officers": officers[one.unit_id]},
                    )
                )
    return found


def _caps(policy: Policy, board: Board, names: Mapping[str, str]) -> list[Problem]:
    caps = of_unit(board.needs, policy.reassignment.caps, 10**9)
    found = []
    for need, cap, before in zip(board.needs, caps, board.officers.before, strict=True):
        if cap < before:
            found.append(
                Problem(
                    where=f"{_WHERE}.caps",
                    column=names[need.unit_id],
                    value=str(int(cap)),
                    expected="a cap of at least its {before} officers today",
                    fix="raise the cap; whom to move out is what reassignment decides",
                    params={"before": int(before)},
                )
            )
    return found


def _nobody(county: County, policy: Policy, board: Board) -> list[Problem]:
    """Rules on a role or qualification that nobody holds."""
    rules = policy.reassignment
    found = []
    for name in dict.fromkeys([*rules.qualified, *rules.qualified_fraction]):
        asked = {**rules.qualified.get(name, {}), **rules.qualified_fraction.get(name, {})}
        if any(asked.values()) and not any(p.holders(name) for p in county.personnel):
            found.append(
                Problem(
                    where=f"{_WHERE}.qualified",
                    value=name,
                    expected="somebody with this qualification; no layer counts any",
                    fix="fill in the column {column}, or take the rule out",
                    params={"column": f"{name}_officers"},
                )
            )
    rotates = rules.rotation.at_least > 0 or rules.rotation.at_most is not None
    if rotates and not any(p.overdue_officers for p in county.personnel):
        found.append(
            Problem(
                where=f"{_WHERE}.rotation",
                expected="officers due for rotation somewhere; no layer counts any",
                fix="fill in the column {column}, or take the rule out",
                params={"column": "overdue_officers"},
            )
        )
    if rules.hardship_price and not any(p.is_hardship for p in county.personnel):
        found.append(
            Problem(
                where=f"{_WHERE}.hardship_price",
                expected="a hardship unit; no layer marks any",
                fix="fill in the column {column}, or take the rule out",
                params={"column": "is_hardship"},
            )
        )
    wants = any(rules.auxiliary_floors.values()) or (
        rules.teams is not None and rules.teams.auxiliaries > 0
    )
    if wants and board.auxiliaries is None:
        found.append(
            Problem(
                where=f"{_WHERE}.auxiliary_floors",
                expected="auxiliaries at some station; no layer counts any",
                fix="fill in the column {column}, or take the rule out",
                params={"column": "auxiliaries"},
            )
        )
    return found


def _qualified(policy: Policy, board: Board, names: Mapping[str, str]) -> list[Problem]:
    found = []
    for rule in board.officers.qualified:
        short = int(rule.least.sum() - rule.holders.sum())
        if rule.holders.any() and short > 0:
            asking = rule.least > rule.holders
            found.append(
                Problem(
                    where=f"{_WHERE}.qualified.{rule.name}",
                    value=str(int(rule.least.sum())),
                    expected="minimums that the {holders} holders can fill; {short} are missing, "
                    "first at {units}",
                    fix="lower the minimums, or train {short} officers",
                    params={
                        "holders": int(rule.holders.sum()),
                        "short": short,
                        "units": _units(board, asking, names),
                    },
                )
            )
    return found


def _floors(task: RoleTask, table: str, board: Board, names: Mapping[str, str]) -> list[Problem]:
    """Floors above what there is, or above a unit's room."""
    found = []
    tight = task.forced > task.room
    for u in np.flatnonzero(tight).tolist():
        found.append(
            Problem(
                where=f"{_WHERE}.{table}",
                column=names[board.needs[u].unit_id],
                value=str(int(task.floor[u])),
                expected="a floor within its room, establishment and cap: {most} at the most",
                fix="lower the floor, or raise what limits the unit",
                params={"most": min(int(task.before[u] + task.room[u]), int(task.before.sum()))},
            )
        )
    wanted = int(task.forced.sum())
    there = int(task.spare.sum())
    if wanted > there:
        found.append(
            Problem(
                where=f"{_WHERE}.{table}",
                value=str(int(np.maximum(task.floor, 0).sum())),
                expected="floors that the strength can fill: {units} lack {wanted}, the others "
                "can give {there}; {short} are missing",
                fix="lower floors by {short} in all",
                params={
                    "units": _units(board, task.forced > 0, names),
                    "wanted": wanted,
                    "there": there,
                    "short": wanted - there,
                },
            )
        )
    elif wanted > task.max_moves:
        found.append(
            Problem(
                where="policy.staffing.max_moves"
                if task.role == "officer"
                else f"{_WHERE}.max_auxiliary_moves",
                value=str(task.max_moves),
                expected="moves enough to fill the floors: {wanted}",
                fix="allow {wanted}, or lower floors",
                params={"wanted": wanted},
            )
        )
    return found


def _rotation(board: Board, names: Mapping[str, str]) -> list[Problem]:
    task = board.officers
    found = []
    held = task.rotate > task.give
    if held.any():
        found.append(
            Problem(
                where=f"{_WHERE}.rotation.at_least",
                value=_units(board, held, names),
                expected="a rotation that at_most and max_give_fraction allow",
                fix="lower at_least, or raise the other two",
            )
        )
    due = int(task.rotate.sum())
    if due > task.max_moves:
        found.append(
            Problem(
                where="policy.staffing.max_moves",
                value=str(task.max_moves),
                expected="moves enough for those due for rotation: {due}",
                fix="allow {due}, or lower rotation.at_least",
                params={"due": due},
            )
        )
    return found


def _units(
    board: Board,
    which: IntArray | np.ndarray[tuple[int], np.dtype[np.bool_]],
    names: Mapping[str, str],
) -> str:
    return _some(names[board.needs[u].unit_id] for u in np.flatnonzero(which).tolist())
