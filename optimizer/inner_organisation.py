"""Two teams, one room (两队一室): who works where inside a station or centre, by head count.

Officers go to the case team, the community team and the command room by the work of each
(`optimizer/inner_work.py`) with least numbers, then those of the community team to its areas; both
shares are exact (`optimizer/apportionment.py`). Least numbers of a team: its minimum in the policy,
officers for its nights (`one_night_in`), and for the community team those of its areas.

A unit with fewer officers or auxiliaries than the least of its teams gets one team and one room
(一队一室), where the team does both; one too small for that keeps one big roster (大值班).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from optimizer.apportionment import apportion
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.frozen import FloatArray
from optimizer.inner_form import HEADS_IN, Area, Form, Heads, Organisation
from optimizer.inner_problems import beat_problems, input_problems, too_small
from optimizer.inner_work import TEAMS, UnitWork, unit_works
from optimizer.plan import Plan
from optimizer.policy import Policy

_ROUNDING = 1e-9


def organise(
    county: County,
    policy: Policy,
    plan: Plan,
    unit_ids: Iterable[str] | None = None,
    beats: Mapping[str, str] | None = None,
) -> tuple[Organisation, ...]:
    """The inside of stations and centres of a plan, in the plan's order.

    Args:
        county: The county.
        policy: `organisation` is read, and what required strength depends on.
        plan: Bundles, road duties and strength are read.
        unit_ids: Centres and lone stations that are meant; None = all.
        beats: Beat of each cell, by ids, where beats are drawn: each is one area. Units none of
            whose cells is named are divided as if there were none.

    Raises:
        InputError: a role that nobody holds, limits that contradict each other, beats that are not
            whole or cross a unit's border, and with `form: two_teams` every unit that is too small.
        ValueError: a unit that is no centre or lone station of the plan.
    """
    works = unit_works(county, policy, plan, unit_ids)
    beats = beats or {}
    problems = [
        *input_problems(county, policy, works),
        *beat_problems(county, works, beats, whole=unit_ids is None),
    ]
    if problems:
        raise InputError(problems)
    found = tuple(_organised(policy, w, _drawn(county, w, beats)) for w in works)
    if policy.organisation.form == "two_teams":
        small = [too_small(county, o) for o in found if o.form != "two_teams"]
        if small:
            raise InputError(small)
    return found


def _drawn(county: County, work: UnitWork, beats: Mapping[str, str]) -> tuple[str, ...]:
    """Beat of each cell of a unit; empty where none is drawn there."""
    ids = county.cells.cell_id
    return tuple(beats[ids[c]] for c in work.cells.tolist() if ids[c] in beats)


def _organised(policy: Policy, work: UnitWork, drawn: tuple[str, ...]) -> Organisation:
    rules = policy.organisation
    wanted, least_areas = _areas_asked(policy, work, drawn)
    pairs = rules.auxiliaries_per_area
    least = _least(policy, work, "two_teams", least_areas)
    lacking = max(0, sum(least) - work.officers)
    lacking_aux = max(0, sum(_least_auxiliaries(policy, work, least_areas)) - work.auxiliaries)
    form: Form = "two_teams"
    areas = 0
    if lacking or lacking_aux:
        form, pairs = "one_team", 0
        least = _least(policy, work, form, least_areas)
        if sum(least) > work.officers:
            form, least = "one_roster", (0,)
    groups = HEADS_IN[form]
    officers = apportion(work.officers, [work.officers_of(*g) for g in groups], least).tolist()
    if form != "one_roster":
        place = next(i for i, g in enumerate(groups) if "community" in g)
        able = officers[place] // rules.officers_per_area
        if pairs:
            case, _community, command = _least_auxiliaries(policy, work, 0)
            able = min(able, (work.auxiliaries - case - command) // pairs)
        areas = max(least_areas, min(wanted, able))
    if form == "two_teams":
        least_aux = _least_auxiliaries(policy, work, areas)
    else:
        # One team has no minimum of auxiliaries to keep: it is what there is.
        least_aux = (0,) * len(groups)
    auxiliaries = apportion(
        work.auxiliaries, [work.auxiliaries_of(*g) for g in groups], least_aux
    ).tolist()
    teams = tuple(
        Heads(
            teams=g,
            officers=officers[i],
            auxiliaries=auxiliaries[i],
            work_officers=work.officers_of(*g),
            work_auxiliaries=work.auxiliaries_of(*g),
            least_officers=least[i],
            least_auxiliaries=least_aux[i],
            night_posts=work.night_posts_of(*g),
        )
        for i, g in enumerate(groups)
    )
    return Organisation(
        unit_id=work.unit_id,
        station_ids=work.station_ids,
        form=form,
        officers=work.officers,
        auxiliaries=work.auxiliaries,
        required_officers=work.officers_of(*TEAMS),
        teams=teams,
        areas=_areas(policy, work, teams, areas, drawn, pairs) if areas else (),
        areas_wanted=wanted,
        lacking_officers=lacking,
        lacking_auxiliaries=lacking_aux,
        roster_posts=work.roster_posts,
        disputes_per_year=work.disputes_per_year,
    )


def _areas_asked(policy: Policy, work: UnitWork, drawn: tuple[str, ...]) -> tuple[int, int]:
    """Areas that the residents ask for, and the least."""
    rules = policy.organisation
    if drawn:
        return len(set(drawn)), len(set(drawn))
    least = max(rules.min_areas, len(work.station_ids) if rules.area_per_station else 1)
    asked = math.ceil(float(work.residents.sum()) / rules.residents_per_area - _ROUNDING)
    wanted = max(least, asked)
    if rules.max_areas is not None:
        wanted = min(wanted, rules.max_areas)
    return wanted, wanted if rules.hold_areas else least


def _least(policy: Policy, work: UnitWork, form: Form, areas: int) -> tuple[int, ...]:
    """Officers of each team of a form at the least."""
    rules = policy.organisation
    own = {
        "case": rules.min_case_officers,
        "community": max(rules.min_community_officers, areas * rules.officers_per_area),
        "command": rules.min_command_officers,
    }
    found = []
    for group in HEADS_IN[form]:
        turns = math.ceil(rules.one_night_in * work.night_posts_of(*group) - _ROUNDING)
        found.append(max(turns, *(own[t] for t in group)))
    return tuple(found)


def _least_auxiliaries(policy: Policy, work: UnitWork, areas: int) -> tuple[int, ...]:
    """Auxiliaries of each of the two teams and the room at the least."""
    rules = policy.organisation
    own = (
        rules.min_case_auxiliaries,
        max(rules.min_community_auxiliaries, areas * rules.auxiliaries_per_area),
        rules.min_command_auxiliaries,
    )
    return tuple(
        max(n, math.ceil(rules.one_night_in * work.night_auxiliaries_of(t) - _ROUNDING))
        for t, n in zip(TEAMS, own, strict=True)
    )


def _areas(
    policy: Policy,
    work: UnitWork,
    teams: Sequence[Heads],
    areas: int,
    drawn: tuple[str, ...],
    pairs: int,
) -> tuple[Area, ...]:
    """The community team's areas with their heads."""
    rules = policy.organisation
    team = next(t for t in teams if "community" in t.teams)
    parts = _parts(work, areas, drawn, rules.area_per_station)
    officers_work = [float(work.cell_officers @ weight) for *_, weight in parts]
    auxiliaries_work = [float(work.cell_auxiliaries @ weight) for *_, weight in parts]
    officers = apportion(team.officers, officers_work, [rules.officers_per_area] * areas)
    auxiliaries = apportion(team.auxiliaries, auxiliaries_work, [pairs] * areas)
    return tuple(
        Area(
            area_id=area_id,
            station_ids=stations,
            drawn=bool(drawn),
            residents=float(work.residents @ weight),
            work_officers=officers_work[i],
            officers=int(officers[i]),
            auxiliaries=int(auxiliaries[i]),
        )
        for i, (area_id, stations, weight) in enumerate(parts)
    )


def _parts(
    work: UnitWork, areas: int, drawn: tuple[str, ...], by_station: bool
) -> list[tuple[str, tuple[str, ...], FloatArray]]:
    """Id, stations and share of each cell of every area."""
    stations = work.station_ids
    if drawn:
        beat = np.array(drawn)
        return [
            (
                one,
                tuple(stations[j] for j in np.unique(work.cell_station[beat == one]).tolist()),
                (beat == one).astype(float),
            )
            for one in sorted(set(drawn))
        ]
    if not by_station:
        even = np.full(len(work.cells), 1.0 / areas)
        return [(f"{work.unit_id}-{k + 1}", stations, even) for k in range(areas)]
    residents = np.bincount(work.cell_station, work.residents, minlength=len(stations))
    count = apportion(areas, residents.tolist(), [1] * len(stations)).tolist()
    return [
        (f"{station}-{k + 1}", (station,), (work.cell_station == j) / count[j])
        for j, station in enumerate(stations)
        for k in range(count[j])
    ]
