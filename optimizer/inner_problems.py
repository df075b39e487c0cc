"""What is wrong with the input of the inner organisation, said so that a planner can mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optimizer.county import County
from optimizer.errors import Problem
from optimizer.inner_form import Organisation
from optimizer.inner_work import UnitWork
from optimizer.policy import Policy

POLICY = "policy.organisation"


def input_problems(county: County, policy: Policy, works: Sequence[UnitWork]) -> list[Problem]:
    """Roles that nobody holds, and limits that contradict each other."""
    rules, found = policy.organisation, []
    asked = {
        "auxiliaries_per_area": rules.auxiliaries_per_area,
        "min_case_auxiliaries": rules.min_case_auxiliaries,
        "min_community_auxiliaries": rules.min_community_auxiliaries,
        "min_command_auxiliaries": rules.min_command_auxiliaries,
    }
    keys = [f"{POLICY}.{key}" for key, heads in asked.items() if heads]
    if works and keys and not any(w.auxiliaries for w in works):
        found.append(
            Problem(
                where="stations",
                column="auxiliaries",
                value="0",
                expected="auxiliaries at one station at least: {keys} asks for some, and nobody "
                "holds the role",
                fix="add the column auxiliaries to the stations, or set these keys to 0",
                params={"keys": ", ".join(keys)},
            )
        )
    if works and not any(w.officers for w in works):
        found.append(
            Problem(
                where="stations",
                column="officers",
                value="0",
                expected="officers in one of the units at least: without any there is no inside to "
                "organise",
                fix="give the units officers, or ask for another with --unit",
            )
        )
    for work in works:
        stations = len(work.station_ids)
        if rules.area_per_station and rules.max_areas is not None and rules.max_areas < stations:
            found.append(
                Problem(
                    where=name_of(county, work.unit_id),
                    column=f"{POLICY}.max_areas",
                    value=str(rules.max_areas),
                    expected="an area for each of its {n} stations, as area_per_station asks",
                    fix="raise max_areas, or set area_per_station to false",
                    params={"n": stations},
                )
            )
    return found


def beat_problems(
    county: County, works: Sequence[UnitWork], beats: Mapping[str, str], *, whole: bool
) -> list[Problem]:
    """Beats with unknown cells, in part of a unit only, or across the border of two units."""
    if not beats:
        return []
    ids = county.cells.cell_id
    found = [
        Problem(
            where="beats",
            column="cell_id",
            value=cell,
            expected="a cell of the case",
            fix="correct the id, or delete the line",
        )
        for cell in sorted(set(beats) - set(ids))
    ]
    unit_of: dict[str, str] = {}
    for work in works:
        cells = [ids[c] for c in work.cells.tolist()]
        named = [c for c in cells if c in beats]
        if named and len(named) < len(cells):
            missing = [c for c in cells if c not in beats]
            found.append(
                Problem(
                    where="beats",
                    column="cell_id",
                    value=missing[0],
                    expected="a beat for every cell of {unit}; {n} of its cells have none",
                    fix="add them, or take out the other cells of this unit",
                    params={"unit": name_of(county, work.unit_id), "n": len(missing)},
                )
            )
        for beat in sorted({beats[c] for c in named}):
            if unit_of.setdefault(beat, work.unit_id) != work.unit_id:
                found.append(
                    Problem(
                        where="beats",
                        column="beat",
                        value=beat,
                        expected="one station or centre for each beat; this one lies in {one} and "
                        "{other}",
                        fix="give the cells of the second another beat",
                        params={
                            "one": name_of(county, unit_of[beat]),
                            "other": name_of(county, work.unit_id),
                        },
                    )
                )
    if whole or found or unit_of:
        return found
    return [
        Problem(
            where="beats",
            expected="beats of the units that are asked for; these are of others",
            fix="name the file of their beats, or leave --beats out",
        )
    ]


def too_small(county: County, unit: Organisation) -> Problem:
    """A unit that cannot have two teams and one room, and the form that it can have."""
    fix = (
        "let it have one team and one room (一队一室) with form: auto, or lower the minimums, "
        "one_night_in or min_areas"
    )
    if unit.form == "one_roster":
        fix = (
            "it is too small for one team and one room too: let it keep one big roster with form: "
            "auto, or lower the minimums, one_night_in or min_areas"
        )
    return Problem(
        where=name_of(county, unit.unit_id),
        column=f"{POLICY}.form",
        value="two_teams",
        expected="{officers} officers and {auxiliaries} auxiliaries more: the least that two teams "
        "and one room take",
        fix=fix,
        params={"officers": unit.lacking_officers, "auxiliaries": unit.lacking_auxiliaries},
    )


def name_of(county: County, station_id: str) -> str:
    """Name and id of a station."""
    stations = county.stations
    return f"{stations.name[stations.index()[station_id]]} ({station_id})"
