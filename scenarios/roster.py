"""The roster of one unit of a plan: its demand, its slots, the search, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from optimizer.county import Provenance
from optimizer.errors import InputError, Problem
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.policy_roster import Roster, Slots
from optimizer.roster import RosterPlan, RosterTask
from optimizer.roster_demand import WeekDemand, assumed, week_demand
from optimizer.roster_rules import RosterScore, roster_score
from optimizer.roster_search import make_roster
from optimizer.roster_task import roster_task, slots_of, split_teams, task_problems
from scenarios.names import Wrong, gazetteer
from scenarios.opened import Opened
from scenarios.roster_files import read_absences, read_demand

MOST_WEEKS, MOST_SLOTS = 12, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says.

    Attributes:
        unit: Id or name.
        weeks: Weeks of the roster.
        start: First date.
        officers, auxiliaries: Slots; None = the strength; auxiliaries none.
        demand, leave: Files.
        changes: What replaces `policy.roster`, by key; None = not asked.
        today: Of the present deployment, not the plan.
    """

    unit: str
    weeks: int
    start: date
    officers: int | None = None
    auxiliaries: int = 0
    demand: Path | None = None
    leave: Path | None = None
    changes: Mapping[str, object]
    today: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RosterStudy:
    """A roster with everything that is told of it.

    Attributes:
        label: Of the run or case.
        unit_id, unit_name: The unit.
        officers_in_post: Its strength in the plan.
        demand_origin: `workload` (modelled) or `file` (given).
        groups: The slots.
        rules: `policy.roster` in force.
        task, plan, score: The task, the roster, its figures by the judge.
        assumed: Modelled inputs: key -> value.
        provenance: Origin of the case's data.
    """

    label: str
    provenance: tuple[Provenance, ...]
    unit_id: str
    unit_name: str
    officers_in_post: int | None
    demand_origin: Literal["workload", "file"]
    groups: tuple[Slots, ...]
    rules: Roster
    task: RosterTask
    plan: RosterPlan
    score: RosterScore
    assumed: Mapping[str, str]


def study_roster(
    opened: Opened, wishes: Wishes, progress: Callable[[str], None] | None = None
) -> RosterStudy:
    """Make the roster of a unit.

    Args:
        opened: The run or case.
        wishes: What is asked.
        progress: Called with the name of each step.

    Raises:
        InputError: everything wrong with unit, files and rules.
    """
    county, policy = opened.loaded.county, _with(opened.loaded.policy, wishes.changes)
    plan = current_plan(county) if wishes.today else opened.plan
    if plan is None:
        raise InputError(
            [
                Problem(
                    where=opened.label,
                    expected="a run that has a plan",
                    fix="name another, or add --today for the present deployment",
                )
            ]
        )
    unit_id, name, bundle = _unit(opened, plan, wishes.unit)
    demand = _demand(opened, policy, wishes, bundle)
    strength = dict(plan.strength).get(unit_id)
    groups = _groups(policy.roster, wishes, strength, demand, name)
    slots = slots_of(groups)
    absences = None
    if wishes.leave is not None:
        shifts = tuple(s.name for s in policy.roster.kinds)
        absences = read_absences(wishes.leave, len(slots), wishes.start, wishes.weeks * 7, shifts)
    task = roster_task(policy.roster, groups, demand, wishes.start, wishes.weeks, absences)
    shown = {
        key: str(path)
        for key, path in (("demand", wishes.demand), ("leave", wishes.leave))
        if path is not None
    }
    problems = task_problems(policy.roster, task, shown)
    if problems:
        raise InputError(problems)
    found = make_roster(
        task, effort=policy.roster.effort, seed=policy.roster.seed, progress=progress
    )
    return RosterStudy(
        label=opened.label,
        provenance=tuple(county.provenance),
        unit_id=unit_id,
        unit_name=name,
        officers_in_post=strength,
        demand_origin="workload" if wishes.demand is None else "file",
        groups=groups,
        rules=policy.roster,
        task=task,
        plan=found,
        score=roster_score(task, found.shift),
        assumed=assumed(policy) if wishes.demand is None else {},
    )


def _with(policy: Policy, changes: Mapping[str, object]) -> Policy:
    """The policy with what the command line says of rosters."""
    kept = {key: value for key, value in changes.items() if value is not None}
    if not kept:
        return policy
    before: dict[str, Any] = policy.roster.model_dump()
    if kept.get("pattern", before["pattern"]) != "custom":
        before["shifts"] = ()
    elif not before["shifts"]:
        raise InputError(
            [
                Problem(
                    where="--pattern",
                    value="custom",
                    expected="shifts for the pattern custom",
                    fix="list them under policy.roster.shifts in the case",
                )
            ]
        )
    roster = Roster.model_validate({**before, **kept})
    return policy.model_copy(update={"roster": roster})


def _unit(opened: Opened, plan: Plan, asked: str) -> tuple[str, str, Bundle | None]:
    """Id and name of a unit, and its bundle where it is a centre or lone station."""
    county = opened.loaded.county
    for table, ids in (
        (county.units, county.units.unit_id),
        (county.squads, county.squads.squad_id),
    ):
        for unit_id, name in zip(ids, table.name, strict=True):
            if asked in (unit_id, name):
                return unit_id, name, None
    found = gazetteer(county).stations.find(asked)
    if isinstance(found, Wrong):
        raise InputError([found.problem("--unit", asked)])
    names = dict(zip(county.stations.station_id, county.stations.name, strict=True))
    centre = plan.centre_of()[found]
    if centre != found:
        raise InputError(
            [
                Problem(
                    where="--unit",
                    value=asked,
                    expected="a centre or a lone station of the plan; this one belongs to {centre}",
                    fix="name {centre}, or add --today",
                    params={"centre": names[centre]},
                )
            ]
        )
    bundle = next(b for b in plan.bundles if b.centre_id == found)
    return found, names[found], bundle


def _demand(opened: Opened, policy: Policy, wishes: Wishes, bundle: Bundle | None) -> WeekDemand:
    if wishes.demand is not None:
        return read_demand(wishes.demand)
    if bundle is None:
        raise InputError(
            [
                Problem(
                    where="--unit",
                    value=wishes.unit,
                    expected="a station, whose demand comes from its alerts",
                    fix="give the demand of other units by hour: --demand FILE",
                )
            ]
        )
    return week_demand(opened.loaded.county, policy, bundle)


def _groups(
    rules: Roster, wishes: Wishes, strength: int | None, demand: WeekDemand, name: str
) -> tuple[Slots, ...]:
    """The slots: as the policy lists them, or the strength."""
    problems = []
    if rules.groups and (wishes.officers is not None or wishes.auxiliaries):
        problems.append(
            Problem(
                where="--officers" if wishes.officers is not None else "--auxiliaries",
                expected="slots from one place: the policy lists them under roster.groups",
                fix="leave the option out, or set policy.roster.groups=[]",
            )
        )
    officers = wishes.officers if wishes.officers is not None else strength
    if not rules.groups and not officers and not wishes.auxiliaries:
        problems.append(
            Problem(
                where=name,
                value=str(officers),
                expected="officers to make a roster for",
                fix="give their number: --officers N",
            )
        )
    total = sum(g.count for g in rules.groups) or (officers or 0) + wishes.auxiliaries
    if total > MOST_SLOTS:
        problems.append(
            Problem(
                where="--officers",
                value=str(total),
                expected="at most {most} slots in one roster",
                fix="make a roster for each team",
                params={"most": MOST_SLOTS},
            )
        )
    if problems:
        raise InputError(problems)
    if rules.groups:
        return rules.groups
    found: tuple[Slots, ...] = ()
    if officers and rules.pattern == "two_team":
        found = split_teams(officers, demand)
    elif officers:
        found = (Slots(count=officers),)
    if wishes.auxiliaries:
        found = (*found, Slots(count=wishes.auxiliaries, role="auxiliary"))
    return found
