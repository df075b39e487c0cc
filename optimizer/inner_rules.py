"""Judge of the inner organisation: every rule and the optimum again, without what decided it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np

from optimizer.county import County
from optimizer.inner_form import HEADS_IN, Form, Organisation
from optimizer.inner_work import TEAMS, UnitWork, unit_works
from optimizer.plan import Plan
from optimizer.policy import Policy

_TOLERANCE = 1e-9


def deviation(heads: Sequence[int], work: Sequence[float]) -> float:
    """Sum of (n - q)^2 / q over places with work; q is the share of all heads by work."""
    total, whole = sum(heads), math.fsum(work)
    if total <= 0 or whole <= 0:
        return 0.0
    targets = [total * w / whole for w in work]
    return math.fsum((n - q) ** 2 / q for n, q in zip(heads, targets, strict=True) if q > 0)


def broken(
    county: County, policy: Policy, plan: Plan, found: Sequence[Organisation]
) -> tuple[str, ...]:
    """Every rule that an organisation breaks, a line each; empty = none.

    That no single head moved between two teams, or two areas, lowers the deviation makes the share
    optimal: the objective is separable and convex, and the rules are one sum and lower limits.
    """
    works = unit_works(county, policy, plan, [o.unit_id for o in found])
    by_unit = {w.unit_id: w for w in works}
    lines: list[str] = []
    for one in found:
        said = [*_team_lines(policy, by_unit[one.unit_id], one), *_area_lines(policy, by_unit, one)]
        lines += [f"{one.unit_id}: {line}" for line in said]
    return tuple(lines)


def _floors(policy: Policy, work: UnitWork, form: Form, areas: int) -> tuple[list[int], list[int]]:
    """Officers and auxiliaries of each team of a form at the least, with so many areas."""
    rules = policy.organisation
    officers, auxiliaries = [], []
    for teams in HEADS_IN[form]:
        posts = sum(work.night_posts[TEAMS.index(t)] for t in teams)
        floor = [math.ceil(rules.one_night_in * posts - _TOLERANCE)]
        floor += [int(getattr(rules, f"min_{t}_officers")) for t in teams]
        nightly = sum(work.night_auxiliaries[TEAMS.index(t)] for t in teams)
        pairs = [math.ceil(rules.one_night_in * nightly - _TOLERANCE)]
        pairs += [int(getattr(rules, f"min_{t}_auxiliaries")) for t in teams]
        if "community" in teams:
            floor.append(areas * rules.officers_per_area)
            pairs.append(areas * rules.auxiliaries_per_area)
        officers.append(0 if form == "one_roster" else max(floor))
        auxiliaries.append(max(pairs) if form == "two_teams" else 0)
    return officers, auxiliaries


def _fits(policy: Policy, work: UnitWork, form: Form, areas: int) -> bool:
    officers, auxiliaries = _floors(policy, work, form, areas)
    return sum(officers) <= work.officers and sum(auxiliaries) <= work.auxiliaries


def _areas_due(policy: Policy, work: UnitWork, one: Organisation) -> tuple[int, int]:
    """Areas that the residents ask for, and the least that there may be."""
    rules = policy.organisation
    if any(a.drawn for a in one.areas):
        return len(one.areas), len(one.areas)
    least = max(rules.min_areas, len(work.station_ids) if rules.area_per_station else 1)
    asked = math.ceil(float(work.residents.sum()) / rules.residents_per_area - _TOLERANCE)
    most = math.inf if rules.max_areas is None else rules.max_areas
    wanted = int(min(max(least, asked), most))
    return wanted, wanted if rules.hold_areas else least


def _team_lines(policy: Policy, work: UnitWork, one: Organisation) -> list[str]:
    lines: list[str] = []
    if tuple(t.teams for t in one.teams) != HEADS_IN[one.form]:
        return [f"form: {one.form} with other teams"]
    wanted, fewest = _areas_due(policy, work, one)
    if one.form != "two_teams" and _fits(policy, work, "two_teams", fewest):
        lines.append("form: two teams and one room would fit")
    if one.form == "one_roster" and _fits(policy, work, "one_team", fewest):
        lines.append("form: one team and one room would fit")
    if one.form != "one_roster" and not fewest <= len(one.areas) <= max(wanted, fewest):
        lines.append(f"areas: {len(one.areas)}, due are {fewest} to {wanted}")
    if one.form != "one_roster" and len(one.areas) < wanted:
        team, more = one.team_of("community"), len(one.areas) + 1
        auxiliaries = sum(_floors(policy, work, one.form, more)[1])
        if (
            more * policy.organisation.officers_per_area <= team.officers
            and auxiliaries <= work.auxiliaries
        ):
            lines.append(f"areas: {len(one.areas)} of {wanted}, though there are heads for more")
    for team in one.teams:
        posts = sum(work.night_posts[TEAMS.index(t)] for t in team.teams)
        if abs(posts - team.night_posts) > _TOLERANCE:
            lines.append(f"night_crews: {team.night_posts} posts at night, {posts} by the shares")
    # Areas follow the officers, so only the fewest are a limit on who gets them.
    shared = _floors(policy, work, one.form, fewest)[0]
    least, pairs = _floors(policy, work, one.form, len(one.areas))
    for role, whole, floors, limits in (
        ("officers", work.officers, least, shared),
        ("auxiliaries", work.auxiliaries, pairs, pairs),
    ):
        heads = [int(getattr(t, role)) for t in one.teams]
        asked = [
            math.fsum(getattr(w, role) for w in work.work if w.team in t.teams) for t in one.teams
        ]
        if sum(heads) != whole:
            lines.append(f"strength: {sum(heads)} {role} of {whole}")
        lines += [
            f"least: {n} {role} for {t.teams}, {floor} at least"
            for n, floor, t in zip(heads, floors, one.teams, strict=True)
            if n < floor
        ]
        lines += [f"best: {line} of {role}" for line in _better(heads, asked, limits)]
    return lines


def _area_lines(policy: Policy, by_unit: dict[str, UnitWork], one: Organisation) -> list[str]:
    rules, work, lines = policy.organisation, by_unit[one.unit_id], []
    if one.form == "one_roster":
        return ["areas under one roster"] if one.areas else []
    team = one.team_of("community")
    pairs = rules.auxiliaries_per_area if one.form == "two_teams" else 0
    for role, least in (("officers", rules.officers_per_area), ("auxiliaries", pairs)):
        heads = [int(getattr(a, role)) for a in one.areas]
        if sum(heads) != getattr(team, role):
            lines.append(f"areas: {sum(heads)} {role}, the team has {getattr(team, role)}")
        if min(heads, default=0) < least:
            lines.append(f"pairing: an area with {min(heads, default=0)} {role}, {least} at least")
    heads = [a.officers for a in one.areas]
    asked = [a.work_officers for a in one.areas]
    lines += [
        f"best: {line} of areas"
        for line in _better(heads, asked, [rules.officers_per_area] * len(heads))
    ]
    for what, parts, whole in (
        ("work", asked, work.cell_officers),
        ("residents", [a.residents for a in one.areas], work.residents),
    ):
        total = float(np.sum(whole))
        if abs(math.fsum(parts) - total) > 1e-6 * max(1.0, total):
            lines.append(f"areas: {what} {math.fsum(parts)} of {total}")
    if any(a.drawn for a in one.areas):
        return lines
    if rules.area_per_station:
        lines += _station_lines(work, one)
    return lines


def _station_lines(work: UnitWork, one: Organisation) -> list[str]:
    """Every station has an area, and areas follow the residents."""
    count = [sum(s in a.station_ids for a in one.areas) for s in work.station_ids]
    residents = np.bincount(work.cell_station, work.residents, minlength=len(work.station_ids))
    if min(count) < 1:
        return ["area_per_station: a station without an area"]
    return [
        f"best: {line} of stations' areas"
        for line in _better(count, residents.tolist(), [1] * len(count))
    ]


def _better(heads: Sequence[int], work: Sequence[float], least: Sequence[int]) -> list[str]:
    """Single moves that lower the deviation."""
    present, found = deviation(heads, work), []
    for giver, taker in permutations(range(len(heads)), 2):
        if heads[giver] <= least[giver] or work[taker] <= 0:
            continue
        moved = list(heads)
        moved[giver] -= 1
        moved[taker] += 1
        if work[giver] <= 0 or deviation(moved, work) < present - 1e-9 * max(1.0, present):
            found.append(f"a head from {giver} to {taker} would be better")
    return found
