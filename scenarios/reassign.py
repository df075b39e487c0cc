"""Reassignment of a case or run: the free optimum beside the plan of the scenario."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.errors import InputError, Problem, SolverError
from optimizer.frozen import IntArray
from optimizer.plan import Move, Plan, current_plan
from optimizer.reassignment import (
    Board,
    FrontierPoint,
    answer,
    board_of,
    frontier,
    knee,
    ways_out,
)
from optimizer.reassignment_phases import Phase, phases
from optimizer.reassignment_problems import problems_of
from optimizer.reassignment_rules import Sent, broken_rules
from optimizer.reassignment_steps import marginal
from optimizer.reassignment_task import (
    Answer,
    RoleTask,
    Transfer,
    after,
    imbalance,
    mismatch,
)
from optimizer.result import Proof, Status
from optimizer.rollout import rollout
from scenarios.load import LoadedCase
from scenarios.opened import Opened

NO_RELEASE: Mapping[int, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One strength of all units, judged.

    Attributes:
        moves: Officers reassigned.
        officers: In each unit, in the order of the board.
        imbalance: Sum of squared deviations over targets.
        mismatch_fraction: Hoover index.
    """

    moves: int
    officers: IntArray
    imbalance: float
    mismatch_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruit:
    """Where one recruit serves.

    Attributes:
        unit: Row of the unit.
        gain: Fall of the imbalance.
        officers: In that unit then.
        mismatch_fraction: Hoover index then.
    """

    unit: int
    gain: float
    officers: int
    mismatch_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """The reassignment over months.

    Attributes:
        phases: The months; empty where they are too few.
        proof: What is known.
        release: Month from which on each unit gives, by row; from the first where not named.
        from_rollout: That follows from the rollout of the bundles.
    """

    phases: tuple[Phase, ...]
    proof: Proof
    release: Mapping[int, int]
    from_rollout: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignStudy:
    """What `jingli reassign` found.

    Attributes:
        opened: The case or run.
        plan: The plan whose units are looked at.
        board: The question.
        is_free: Stated inflows were left out, and that only bundles give.
        found: Officers; without an objective where the rules clash.
        ways_out: Then: rules of which leaving out any one helps.
        auxiliaries: The same for auxiliaries; None where there are none to move.
        before, stated, then: Strength today, under the scenario's own plan (None with `--today`),
            and under what was found (None without an answer).
        points: The frontier.
        knee: Its knee.
        recruits: Where recruits serve, in order.
        months: Over months; None = not asked for.
        names: Name of every unit.
        alerts: Alerts a year in each unit's ground, by row.
    """

    opened: Opened
    plan: Plan
    board: Board
    is_free: bool
    found: Answer
    ways_out: tuple[str, ...]
    auxiliaries: Answer | None
    before: Side
    stated: Side | None
    then: Side | None
    points: tuple[FrontierPoint, ...]
    knee: FrontierPoint | None
    recruits: tuple[Recruit, ...]
    months: Months | None
    names: Mapping[str, str]
    alerts: tuple[float, ...]

    @property
    def loaded(self) -> LoadedCase:
        """The case in the world of its scenario."""
        return self.opened.loaded

    def name(self, row: int) -> str:
        """Name of a unit."""
        return self.names[self.board.needs[row].unit_id]


def study_reassign(
    opened: Opened,
    *,
    today_only: bool = False,
    recruits: int = 0,
    months: int | None = None,
    per_month: int | None = None,
) -> ReassignStudy:
    """Decide who goes where, and what each move buys.

    Args:
        opened: `open_asked(…)`.
        today_only: Between today's units, without bundles and handover.
        recruits: Recruits to place besides.
        months: Months until all have moved; None = not asked.
        per_month: Officers moved in a month at the most; None = evenly.

    Raises:
        InputError: rules that nothing could keep, or more moves than the months take.
        SolverError: the solver failed, or its answer breaks a rule.
    """
    county, policy = opened.loaded.county, opened.loaded.policy
    plan = current_plan(county) if today_only or opened.plan is None else opened.plan
    is_free = bool(policy.staffing.inflows)
    board = board_of(county, policy, plan, free=is_free)
    if problems := problems_of(county, policy, plan, board):
        raise InputError(problems)
    task = board.officers
    found = answer(task, board.limits)
    helpers = None if board.auxiliaries is None else answer(board.auxiliaries, board.limits)
    _recheck(opened, plan, board, found, helpers, is_free=is_free)
    has = found.objective is not None
    people = after(task, found.transfers)
    points = frontier(task, board.limits)
    stated = None
    if plan.strength and not today_only and opened.plan is not None:
        held = dict(plan.strength)
        officers = np.array([held[n.unit_id] for n in board.needs], dtype=np.int64)
        moved = sum(m.officers for m in plan.moves if m.reason == "reassign")
        stated = _side(task, officers, moved)
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    names = {i: n for ids, called in tables for i, n in zip(ids, called, strict=True)}
    return ReassignStudy(
        opened=opened,
        plan=plan,
        board=board,
        is_free=is_free,
        found=found,
        ways_out=() if found.status is not Status.INFEASIBLE else ways_out(task, board.limits),
        auxiliaries=helpers,
        before=_side(task, task.before, 0),
        stated=stated,
        then=_side(task, people, found.moves) if has else None,
        points=points,
        knee=knee(points),
        recruits=_recruits(task, people, recruits),
        months=None
        if months is None or not has
        else _months(opened, plan, board, found.transfers, months, per_month),
        names=names,
        alerts=_alerts(opened, board),
    )


def _side(task: RoleTask, officers: IntArray, moves: int) -> Side:
    return Side(
        moves=moves,
        officers=officers,
        imbalance=imbalance(officers, task.target),
        mismatch_fraction=mismatch(officers, task.target),
    )


def _alerts(opened: Opened, board: Board) -> tuple[float, ...]:
    county = opened.loaded.county
    per_station = np.bincount(
        county.cells.station,
        weights=county.cells.alerts_per_year.sum(axis=1),
        minlength=len(county.stations),
    )
    row = county.stations.index()
    return tuple(float(sum(per_station[row[s]] for s in need.station_ids)) for need in board.needs)


def sent_of(board: Board, task: RoleTask, transfers: tuple[Transfer, ...]) -> tuple[Sent, ...]:
    """Transfers by the ids of units."""
    return tuple(
        Sent(
            from_id=board.needs[t.giver].unit_id,
            to_id=board.needs[t.taker].unit_id,
            people=t.people,
            holders=tuple(
                (rule.name, n) for rule, n in zip(task.qualified, t.holders, strict=False)
            ),
        )
        for t in transfers
    )


def _recheck(
    opened: Opened,
    plan: Plan,
    board: Board,
    found: Answer,
    helpers: Answer | None,
    *,
    is_free: bool,
) -> None:
    """Hold the answer against every rule, without the search's own task."""
    auxiliaries: tuple[Sent, ...] | None = None
    if board.auxiliaries is not None and helpers is not None and helpers.objective is not None:
        auxiliaries = sent_of(board, board.auxiliaries, helpers.transfers)
    if found.objective is None:
        return
    broken = broken_rules(
        opened.loaded.county,
        opened.loaded.policy,
        plan,
        sent_of(board, board.officers, found.transfers),
        auxiliaries,
        free=is_free,
    )
    if broken:
        raise SolverError(
            "the reassignment breaks its own rules; please report this:\n"
            + "\n".join(f"  - {v.rule} {v.where}: {v.value} / {v.limit}" for v in broken)
        )


def _recruits(task: RoleTask, people: IntArray, count: int) -> tuple[Recruit, ...]:
    """One recruit after another to where the imbalance falls most."""
    if not count:
        return ()
    total = float(task.before.sum())
    larger = replace(task, target=task.target * ((total + count) / total))
    room = np.where(task.room > 0, np.clip(task.before + task.room - people, 0, None), 0)
    found, now = [], people.copy()
    for unit, gain in marginal(larger, people, count, room):
        now[unit] += 1
        found.append(
            Recruit(
                unit=unit,
                gain=gain,
                officers=int(now[unit]),
                mismatch_fraction=mismatch(now, larger.target),
            )
        )
    return tuple(found)


def _months(
    opened: Opened,
    plan: Plan,
    board: Board,
    transfers: tuple[Transfer, ...],
    months: int,
    per_month: int | None,
) -> Months:
    moved = sum(t.people for t in transfers)
    most = max(1, math.ceil(moved / months)) if per_month is None else per_month
    if most * months < moved:
        raise InputError(
            [
                Problem(
                    where="--per-month",
                    value=f"{months} × {most}",
                    expected="room for all {moved} moves",
                    fix="at least {months} months, or {per_month} officers a month",
                    params={
                        "moved": moved,
                        "months": math.ceil(moved / most),
                        "per_month": math.ceil(moved / months),
                    },
                )
            ]
        )
    release, from_rollout = _release(opened, plan, board, transfers, months)
    # Who is free late must not wait for a cap that spreads moves evenly.
    late = Counter[int]()
    for t in transfers:
        late[release.get(t.giver, 1)] += t.people
    if per_month is None:
        for start in sorted(late):
            left = sum(n for m, n in late.items() if m >= start)
            most = max(most, math.ceil(left / (months - start + 1)))
    found, proof = phases(
        board.officers,
        transfers,
        months=months,
        per_month=most,
        release=release,
        limits=board.limits,
    )
    return Months(phases=found, proof=proof, release=release, from_rollout=from_rollout)


def _release(
    opened: Opened, plan: Plan, board: Board, transfers: tuple[Transfer, ...], months: int
) -> tuple[Mapping[int, int], bool]:
    """Month in which the bundle of each giving unit is switched on."""
    if not any(b.office_ids for b in plan.bundles):
        return NO_RELEASE, False
    own = tuple(
        Move(
            from_id=board.needs[t.giver].unit_id,
            to_id=board.needs[t.taker].unit_id,
            officers=t.people,
            reason="reassign",
        )
        for t in transfers
    )
    others = tuple(m for m in plan.moves if m.reason != "reassign")
    ours = replace(plan, moves=tuple(sorted((*others, *own))))
    made = rollout(opened.loaded.county, opened.loaded.policy, ours, months=months)
    row = {n.unit_id: u for u, n in enumerate(board.needs)}
    found = {row[b.centre_id]: m.month for m in made.months for b in m.switched}
    return found, bool(made.months)
