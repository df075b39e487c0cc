"""Visibility (见警率): presence at the county's key areas by night, today and under a plan.

Every unit patrols its own ground with the crews that its officers can man; today's stations and
the plan's centres by one and the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path
from typing import Literal

import numpy as np

from optimizer.alert_rules_repeats import GRADES
from optimizer.alert_rules_visibility import clock_span
from optimizer.errors import InputError, Problem, Translate
from optimizer.evaluation import evaluate
from optimizer.patrol_rules import judge
from optimizer.patrols import plan_patrols
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.scorecard import BundleRow
from scenarios.key_areas import (
    KeyArea,
    alerts_per_year_in,
    cell_rows_at,
    key_areas_of,
    modelled_areas,
    outside_problems,
)
from scenarios.load import LoadedCase
from scenarios.opened import Opened
from scenarios.patrols import Reason, missed_because, presence_min
from scenarios.patrols_task import bad_span, expected_alert_min, pace_of, task_of

Idle = Literal["", "no_areas", "no_crew", "alerts"]
"""Why a unit does not patrol; empty where it does."""
AreaReason = Reason | Literal["no_crew", "alerts"]
KINDS = (*GRADES, "")
"""Grades, and none."""
MOST_LABELS, ROUNDS = 60_000, 400
EFFORT, MOST_EFFORT = 15.0, 2.0
"""Of CP-SAT for the whole county, in its own deterministic seconds (2 to 4 of CPU each), shared out
among the units; and for one unit at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityWishes:
    """What a planner asks.

    Attributes:
        night: From-to by the clock; None = `alert_rules.visibility.night`.
        key_areas: File of key areas; None = the layer of the case, else modelled.
        crs: Datum of the file.
        vehicles: Vehicles of every unit, today and under the plan; None = the crews that the
            unit's officers can man.
        seed: Of the search.
    """

    night: str | None = None
    key_areas: Path | None = None
    crs: str = "WGS84"
    vehicles: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPatrol:
    """The patrol of one unit in one night.

    Attributes:
        centre_id, centre_name: Where it starts and ends.
        station_ids: Stations of the unit.
        officers: In post, those on road duty left out.
        crews_required: Crews that the unit's alerts need.
        vehicles: On patrol.
        alert_min: Crew-minutes that alerts are expected to take.
        areas: Rows of the key areas on its ground.
        given_min: Presence at each of them.
        covered: Whether each gets all that is wanted.
        missed_because: Why each does not; None where it does.
        wanted_min, drive_min: Of the unit.
        status: `OPTIMAL` or `FEASIBLE`; empty where it does not patrol.
        gap_fraction: Of the driving; None where it does not patrol, or where it is not proven that
            no more presence is possible.
        missed_bound_min: Presence that every patrol of the unit misses.
        idle: Why it does not patrol.
    """

    centre_id: str
    centre_name: str
    station_ids: tuple[str, ...]
    officers: int
    crews_required: int
    vehicles: int
    alert_min: float
    areas: tuple[int, ...]
    given_min: tuple[float, ...]
    covered: tuple[bool, ...]
    missed_because: tuple[AreaReason | None, ...]
    wanted_min: float
    drive_min: float = 0.0
    status: str = ""
    gap_fraction: float | None = None
    missed_bound_min: float = 0.0
    idle: Idle = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSeen:
    """A key area, before and after.

    Attributes:
        area: The key area.
        alerts_per_year: Its weight: alerts in its window, of the file or of its cell.
        today_min, plan_min: Presence.
        covered_today, covered_plan: All that is wanted.
        today_given: Presence today is the file's, not planned.
        unit_today, unit_plan: Rows of its units.
        because: Why it is not covered under the plan; None where it is.
    """

    area: KeyArea
    alerts_per_year: float
    today_min: float
    plan_min: float
    covered_today: bool
    covered_plan: bool
    today_given: bool
    unit_today: int
    unit_plan: int
    because: AreaReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of what is wanted is given.

    Attributes:
        areas, covered: Key areas, and those with all the presence wanted.
        alerts, alerts_covered: Their night alerts a year.
        wanted_min, given_min: Presence; more than wanted at one place does not make up for less at
            another.
    """

    areas: int
    covered: int
    alerts: float
    alerts_covered: float
    wanted_min: float
    given_min: float

    @property
    def share_fraction(self) -> float:
        """Key areas covered."""
        return self.covered / self.areas if self.areas else 0.0

    @property
    def alert_share_fraction(self) -> float:
        """The same, each area counted by its night alerts."""
        return self.alerts_covered / self.alerts if self.alerts else 0.0

    @property
    def presence_fraction(self) -> float:
        """Presence given of that wanted."""
        return self.given_min / self.wanted_min if self.wanted_min else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisibilityStudy:
    """Before and after.

    Attributes:
        opened: Run or case.
        wishes: What was asked.
        plan: The plan.
        night: By the clock.
        shift_min: Its length.
        areas_from: File of the key areas; empty where nobody named them.
        areas: Key areas in the order of the file.
        today, planned: Patrols of today's stations, and of the plan's centres and lone stations.
    """

    opened: Opened
    wishes: VisibilityWishes
    plan: Plan
    night: str
    shift_min: int
    areas_from: str
    areas: tuple[AreaSeen, ...]
    today: tuple[UnitPatrol, ...]
    planned: tuple[UnitPatrol, ...]

    def coverage(self, *, is_plan: bool, grade: str | None = None) -> Coverage:
        """Of all key areas, or of one grade; of today or of the plan."""
        kept = [a for a in self.areas if grade is None or a.area.grade == grade]
        covered = [a for a in kept if (a.covered_plan if is_plan else a.covered_today)]
        return Coverage(
            areas=len(kept),
            covered=len(covered),
            alerts=sum(a.alerts_per_year for a in kept),
            alerts_covered=sum(a.alerts_per_year for a in covered),
            wanted_min=sum(a.area.minutes for a in kept),
            given_min=sum(
                min(a.plan_min if is_plan else a.today_min, a.area.minutes) for a in kept
            ),
        )

    def short(self) -> tuple[AreaSeen, ...]:
        """Areas not covered under the plan: those covered today first, then by night alerts."""
        found = [a for a in self.areas if not a.covered_plan]
        found.sort(key=lambda a: (not a.covered_today, -a.alerts_per_year, a.area.area_id))
        return tuple(found)


def study_visibility(opened: Opened, wishes: VisibilityWishes, _: Translate) -> VisibilityStudy:
    """Plan a night of every unit, today's and the plan's.

    Raises:
        InputError: everything that is wrong with options and the file of key areas.
    """
    assert opened.plan is not None, "the caller has said that there is none"
    loaded, plan = opened.loaded, opened.plan
    night = wishes.night or loaded.case.spec.alert_rules.visibility.night
    span = clock_span(night)
    if span is None:
        raise InputError([bad_span("--night", night)])
    starts, shift = span
    read = key_areas_of(loaded, wishes.key_areas, wishes.crs, starts, shift)
    if read is None:
        areas, origin = modelled_areas(loaded, starts, shift, _), ""
    else:
        problems = outside_problems(read)
        if problems:
            raise InputError(problems)
        areas, origin = read.areas, read.origin
    if not areas:
        raise InputError([_no_areas(origin)])
    worlds = [
        _questions(loaded, world, areas, wishes.vehicles)
        for world in (current_plan(loaded.county), plan)
    ]
    # A unit that stays as it is patrols as it does.
    units = list(dict.fromkeys(one for world in worlds for one in world))
    night_of = _Night(starts=starts, shift=shift, seed=wishes.seed,
                      effort=min(EFFORT / len(units), MOST_EFFORT))  # fmt: skip
    known = {one: _patrol(loaded, one, areas, night_of) for one in units}
    before, after = (tuple(known[one] for one in world) for world in worlds)
    return VisibilityStudy(
        opened=opened,
        wishes=wishes,
        plan=plan,
        night=night,
        shift_min=shift,
        areas_from=origin,
        areas=_seen(loaded, areas, before, after, starts),
        today=before,
        planned=after,
    )


def crews_manned(policy: Policy, officers: int, crews_required: int) -> int:
    """Crews that the officers in post can keep round the clock beside the duty post.

    Officers over the relief factor are at work at any time; those on the duty post stay. Not more
    than the unit's alerts require: the others have work of their own.
    """
    rules = policy.crews
    at_work = officers / rules.relief_factor - rules.duty_post_officers
    return max(min(crews_required, floor(at_work / rules.crew_officers + 1e-9)), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A unit, its crews and its key areas: what its patrol depends on."""

    centre_id: str
    station_ids: tuple[str, ...]
    officers: int
    crews_required: int
    vehicles: int
    areas: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    """What is the same for every unit: the shift in minutes, and how hard it is worked at."""

    starts: int
    shift: int
    seed: int
    effort: float


def _questions(
    loaded: LoadedCase, world: Plan, areas: Sequence[KeyArea], vehicles: int | None
) -> list[_Question]:
    """The units of a plan, in its order."""
    county, policy = loaded.county, loaded.policy
    row_of = county.stations.index()
    rows: list[BundleRow] = list(evaluate(county, policy, world).bundles)
    found = []
    for bundle in rows:
        moved = (m for m in world.moves if m.to_id == bundle.centre_id)
        on_roads = sum(m.officers for m in moved if m.reason == "road_duty")
        officers = bundle.strength - on_roads
        own = {row_of[s] for s in bundle.station_ids}
        manned = crews_manned(policy, officers, bundle.crews)
        found.append(
            _Question(
                centre_id=bundle.centre_id,
                station_ids=bundle.station_ids,
                officers=officers,
                crews_required=bundle.crews,
                vehicles=manned if vehicles is None else vehicles,
                areas=tuple(i for i, a in enumerate(areas) if a.station_row in own),
            )
        )
    return found


def _patrol(
    loaded: LoadedCase, unit: _Question, every: Sequence[KeyArea], night: _Night
) -> UnitPatrol:
    """Plan and judge the night of a unit."""
    starts, shift = night.starts, night.shift
    stations = loaded.county.stations
    centre = stations.station_id.index(unit.centre_id)
    areas = tuple(every[i] for i in unit.areas)
    alert_min = expected_alert_min(loaded, unit.station_ids, centre, starts, shift)
    reserve = alert_min / unit.vehicles if unit.vehicles else 0.0
    idle: Idle = ""
    if not areas:
        idle = "no_areas"
    elif not unit.vehicles:
        idle = "no_crew"
    elif reserve >= shift:
        idle = "alerts"
    n = len(areas)
    none = UnitPatrol(
        centre_id=unit.centre_id,
        centre_name=stations.name[centre],
        station_ids=unit.station_ids,
        officers=unit.officers,
        crews_required=unit.crews_required,
        vehicles=unit.vehicles,
        alert_min=alert_min,
        areas=unit.areas,
        given_min=(0.0,) * n,
        covered=(False,) * n,
        missed_because=(idle if idle in ("no_crew", "alerts") else None,) * n,
        wanted_min=sum(a.minutes for a in areas),
        missed_bound_min=sum(a.minutes for a in areas),
        idle=idle,
    )
    if idle:
        return none
    area_of, task, _at = task_of(loaded, centre, areas, unit.vehicles, shift, reserve)
    result = plan_patrols(
        task, seed=night.seed, most_labels=MOST_LABELS, rounds=ROUNDS, effort=night.effort
    )
    judged = judge(task, result.routes)
    assert not judged.broken, judged.broken
    pace = pace_of(shift, reserve)
    missed: dict[int, AreaReason] = {}
    for visit in judged.missed:
        missed.setdefault(area_of[visit], missed_because(task, visit))
    # The judge's clock is in whole seconds; an area that misses no visit has all its minutes.
    given = enumerate(presence_min(judged, area_of, n, pace))
    return replace(
        none,
        given_min=tuple(g if row in missed else areas[row].minutes for row, g in given),
        covered=tuple(row not in missed for row in range(n)),
        missed_because=tuple(missed.get(row) for row in range(n)),
        drive_min=result.drive_s / 60.0 / pace,
        status="OPTIMAL" if result.is_optimal else "FEASIBLE",
        gap_fraction=result.gap_fraction,
        missed_bound_min=result.missed_bound_s / 60.0 / pace,
    )


def _seen(
    loaded: LoadedCase, areas: Sequence[KeyArea], today: Sequence[UnitPatrol],
    planned: Sequence[UnitPatrol], starts: int,
) -> tuple[AreaSeen, ...]:  # fmt: skip
    """Every key area with its unit and presence before and after."""
    before, after = _by_area(today), _by_area(planned)
    weights = _weights(loaded, areas, starts)
    found = []
    for row, area in enumerate(areas):
        (unit, at), (later, then) = before[row], after[row]
        given = area.today_min
        found.append(
            AreaSeen(
                area=area,
                alerts_per_year=weights[row],
                today_min=today[unit].given_min[at] if given is None else given,
                plan_min=planned[later].given_min[then],
                covered_today=today[unit].covered[at] if given is None else given >= area.minutes,
                covered_plan=planned[later].covered[then],
                today_given=given is not None,
                unit_today=unit,
                unit_plan=later,
                because=planned[later].missed_because[then],
            )
        )
    return tuple(found)


def _by_area(units: Sequence[UnitPatrol]) -> dict[int, tuple[int, int]]:
    """Of each key area, its unit and its place among the unit's."""
    return {row: (unit, at) for unit, one in enumerate(units) for at, row in enumerate(one.areas)}


def _weights(loaded: LoadedCase, areas: Sequence[KeyArea], starts: int) -> list[float]:
    """Alerts a year in the window of each: the file's, else of its cell, shared in the cell."""
    lon, lat = (np.array([getattr(a, k) for a in areas]) for k in ("lon_deg", "lat_deg"))
    cell = cell_rows_at(loaded, lon, lat).tolist()
    unsaid = [c for c, a in zip(cell, areas, strict=True) if a.alerts_per_year is None]
    found = []
    for area, c in zip(areas, cell, strict=True):
        if area.alerts_per_year is not None:
            found.append(area.alerts_per_year)
            continue
        opens = (starts + area.opens_min) % 1440
        night = alerts_per_year_in(loaded.county, opens, area.closes_min - area.opens_min)
        found.append(float(night[c]) / unsaid.count(c) if c >= 0 else 0.0)
    return found


def _no_areas(origin: str) -> Problem:
    return Problem(
        where=origin or "--key-areas",
        expected="at least one key area",
        fix="list the places to patrol in a table",
    )
