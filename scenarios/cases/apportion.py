"""Residents, alerts and officers of a modelled county: shares turned into whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.cases import assumptions as given
from scenarios.cases.assumptions import Place
from scenarios.cases.facts import Census, Figures, Township, Village

TENTHS = 10


def nearest(value: float) -> int:
    """The nearest whole number, halves up."""
    return int(np.floor(value + 0.5))


def largest_remainder(total: int, weights: FloatArray) -> IntArray:
    """Whole numbers that sum to `total`, proportional to `weights` (Hamilton's method).

    Ties go to the first. All zeros where the weights are.
    """
    if not weights.sum() > 0:
        return np.zeros(len(weights), np.int64)
    quota: FloatArray = total * weights / weights.sum()
    # Rounded, so that equal weights tie on every machine.
    whole: IntArray = np.floor(np.round(quota, 9)).astype(np.int64)
    rest = np.round(quota - whole, 9)
    for row in sorted(range(len(weights)), key=lambda i: (-rest[i], i))[: total - int(whole.sum())]:
        whole[row] += 1
    return whole


def place_of(village: Village, *, in_county_town: bool) -> Place:
    """Where a village-level unit lies, for its alerts and its response standard."""
    if village.ur_code.startswith("1") and village.ur_code != "123":
        return "county_town" if in_county_town else "town_centre"
    return "town_centre" if village.ur_code == "210" else "village"


def total_residents(figures: Figures, townships: Sequence[Township]) -> int:
    """The county's registered population: published, else by its village-level units."""
    if figures.registered_population is not None:
        return figures.registered_population
    return sum(len(t.villages) for t in townships) * given.RESIDENTS_PER_VILLAGE_UNIT


def residents(figures: Figures, townships: Sequence[Township]) -> list[IntArray]:
    """Registered residents of each village-level unit, one array per township."""
    names = [t.name for t in townships]
    groups = _census_groups(figures.census, names)
    share = largest_remainder(
        total_residents(figures, townships), np.array([weight for _, weight in groups])
    )
    found = [np.zeros(len(t.villages), np.int64) for t in townships]
    for (rows, _), people in zip(groups, share.tolist(), strict=True):
        weights = np.array([_weight(v) for r in rows for v in townships[r].villages])
        split = largest_remainder(people, weights)
        start = 0
        for r in rows:
            found[r] = split[start : start + len(townships[r].villages)]
            start += len(townships[r].villages)
    return found


def people_present(people: IntArray, places: Sequence[Place]) -> FloatArray:
    """Weights of the people present in each cell: the registered, with the county town raised.

    Many who are registered in a village live in the county town: it holds at least
    `COUNTY_TOWN_PRESENT_SHARE` of all.
    """
    town = np.array([p == "county_town" for p in places])
    inside, outside = float(people[town].sum()), float(people[~town].sum())
    wanted = given.COUNTY_TOWN_PRESENT_SHARE
    if inside == 0 or outside == 0 or inside / (inside + outside) >= wanted:
        return people.astype(float)
    return np.where(town, people * (wanted / (1.0 - wanted) * outside / inside), people)


def alerts_per_year(total: int, people: IntArray, places: Sequence[Place]) -> FloatArray:
    """Alerts of each cell and category, shape (C, K), to a tenth; they sum to `total`."""
    present = people_present(people, places)
    shares = np.array(list(given.CATEGORY_SHARE.values()))
    totals = largest_remainder(total, shares)
    columns = []
    for category, amount in zip(given.CATEGORY_SHARE, totals.tolist(), strict=True):
        factor = np.array([given.PLACE_FACTOR[category][p] for p in places])
        columns.append(largest_remainder(amount * TENTHS, present * factor) / TENTHS)
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """Officers of every unit. S stations, Q squads, U functional units."""

    stations: IntArray
    stations_authorised: IntArray
    auxiliaries: IntArray
    max_officers: IntArray
    squads: IntArray
    units: IntArray
    units_authorised: IntArray
    units_required: FloatArray


def strength(
    officers: int,
    authorised: int,
    is_urban: BoolArray,
    station_residents: IntArray,
    squad_residents: IntArray,
    category_alerts: FloatArray,
) -> Strength:
    """Officers over stations, squads and functional units (SOURCES.md, steps 7 and 8).

    Args:
        officers: In post in the whole county.
        authorised: The county's establishment.
        is_urban: Of each station.
        station_residents: Of each station's jurisdiction.
        squad_residents: Of each squad's area.
        category_alerts: The county's alerts a year by category.
    """
    floor = np.full(len(is_urban), given.RURAL_STATION_FLOOR, np.int64)
    if is_urban.any():
        each = largest_remainder(given.COUNTY_TOWN_FLOOR, is_urban.astype(float))
        floor = np.maximum(floor, each)
    in_stations = max(nearest(given.STATIONS_SHARE * officers), int(floor.sum()))
    stations = floor + largest_remainder(
        in_stations - int(floor.sum()), station_residents.astype(float)
    )
    squad_floor = np.full(len(squad_residents), given.SQUAD_FLOOR, np.int64)
    in_squads = max(nearest(given.SQUADS_SHARE * officers), int(squad_floor.sum()))
    squads = squad_floor + largest_remainder(
        in_squads - int(squad_floor.sum()), squad_residents.astype(float)
    )
    in_units = officers - int(stations.sum()) - int(squads.sum())
    if in_units < 0:
        raise ValueError(f"{officers} officers do not cover the floors of stations and squads")
    units = largest_remainder(in_units, np.array([share for *_, share, _ in given.UNITS]))
    holders = np.concatenate([stations, units])
    posts = holders + largest_remainder(authorised - officers, holders.astype(float))
    people = int(station_residents.sum())
    return Strength(
        stations=stations,
        stations_authorised=posts[: len(stations)],
        auxiliaries=np.round(stations * given.AUXILIARIES_PER_OFFICER).astype(np.int64),
        max_officers=np.where(
            is_urban,
            given.URBAN_BUILDING_OFFICERS,
            np.where(
                station_residents >= given.LARGE_TOWN_RESIDENTS,
                given.LARGE_TOWN_BUILDING_OFFICERS,
                given.SMALL_TOWN_BUILDING_OFFICERS,
            ),
        ),
        squads=squads,
        units=units,
        units_authorised=posts[len(stations) :],
        units_required=_units_required(units, people, category_alerts),
    )


def _units_required(units: IntArray, people: int, category_alerts: FloatArray) -> FloatArray:
    by_category = dict(zip(given.CATEGORY_SHARE, category_alerts.tolist(), strict=True))
    by_category[given.ALL_ALERTS] = float(category_alerts.sum())
    required = []
    for (*_, work), today in zip(given.UNITS, units.tolist(), strict=True):
        if work is None:
            required.append(float(today))
            continue
        posts, per_alert, per_10000 = work
        minutes = posts * given.MIN_PER_YEAR + per_10000 * people / 10_000
        minutes += sum(by_category[category] * each for category, each in per_alert.items())
        required.append(round(minutes / given.EFFECTIVE_MIN_PER_YEAR, 1))
    return np.array(required)


def _census_groups(census: Census | None, names: Sequence[str]) -> list[tuple[list[int], float]]:
    """Rows of towns counted together and their residents; the unnamed share what is left."""
    row = {name: i for i, name in enumerate(names)}
    if census is None:
        return [(list(range(len(names))), 1.0)]
    groups = [([row[n] for n in g.townships], float(g.residents)) for g in census.groups]
    named = {r for rows, _ in groups for r in rows}
    unnamed = [r for r in range(len(names)) if r not in named]
    if unnamed:
        groups.append((unnamed, census.total - sum(residents for _, residents in groups)))
    return groups


def _weight(village: Village) -> float:
    return given.RESIDENT_WEIGHT.get(village.ur_code, 1.0)
