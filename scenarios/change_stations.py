"""Stations, squads and units changed: head counts, properties, seats, new stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.county import County, Squads, Stations, Units
from scenarios.merge_changes import ChangeNotes
from scenarios.scenario_schema import Changes, SquadChange, StationChange, UnitChange

COUNTS = ("officers", "authorised_officers", "auxiliaries")
FLAGS = ("can_bundle", "can_host", "has_window")


def with_head_counts(county: County, changes: Changes, notes: ChangeNotes) -> County:
    """Stations, squads and units with changed head counts and properties; seats stay.

    Args:
        county: The county.
        changes: New stations in it are left to `with_seats`.
        notes: Problems are added: less than no officers, more than the building holds.
    """
    rows = county.stations.index()
    stations = _columns(county.stations)
    for one, change in changes.stations.items():
        if change is not None and one in rows:
            _set_counts(stations, rows[one], ("stations", one), change, notes)
            _set_station(stations, rows[one], change)
            _check_room(stations, rows[one], one, notes)
            _check_sense(one, change, notes)
    squads = _columns(county.squads)
    areas = list(county.squads.stations)
    for one, squad in changes.squads.items():
        if squad is not None:
            row = county.squads.squad_id.index(one)
            _set_counts(squads, row, ("squads", one), squad, notes)
            if squad.stations is not None:
                areas[row] = tuple(sorted(squad.stations))
    for row, one in enumerate(county.squads.squad_id):
        if one in changes.squads:
            _check_areas(county.squads, areas, row, notes)
    # New stations are not there yet; they join where jurisdictions are made.
    areas = [tuple(s for s in area if s in rows) for area in areas]
    units = _columns(county.units)
    for one, unit in changes.units.items():
        if unit is not None:
            row = county.units.unit_id.index(one)
            _set_counts(units, row, ("units", one), unit, notes)
            for key in ("required_officers", "can_give", "can_receive"):
                if getattr(unit, key) is not None:
                    units[key][row] = getattr(unit, key)
    if notes.problems:
        return county
    return replace(
        county,
        stations=replace(county.stations, **stations),
        squads=replace(county.squads, **squads, stations=tuple(areas)),
        units=replace(county.units, **units),
    )


def with_seats(stations: Stations, changes: Changes, notes: ChangeNotes) -> Stations:
    """Stations with moved seats, and the new ones after the others."""
    rows = stations.index()
    table: dict[str, list[Any]] = {
        name: list(getattr(stations, name)) for name in Stations.__dataclass_fields__
    }
    for one, change in changes.stations.items():
        if change is None or (one not in rows and not change.open):
            continue
        if one in rows:
            if change.at is not None:
                table["lon_deg"][rows[one]], table["lat_deg"][rows[one]] = change.at
        elif _can_open(one, change, notes):
            assert change.at is not None
            assert change.officers is not None
            row = {
                "station_id": one,
                "name": change.name or one,
                "lon_deg": change.at[0],
                "lat_deg": change.at[1],
                "is_urban": change.kind == "urban",
                "officers": change.officers,
                "authorised_officers": _or(change.authorised_officers, change.officers),
                "auxiliaries": _or(change.auxiliaries, 0),
                "can_bundle": _or(change.can_bundle, True),
                "can_host": _or(change.can_host, True),
                "max_officers": _or(change.max_officers, np.inf),
                "has_window": _or(change.has_window, True),
            }
            for name, value in row.items():
                table[name].append(value)
    columns: dict[str, Any] = {
        name: tuple(values) if name in ("station_id", "name") else np.array(values)
        for name, values in table.items()
    }
    return Stations(**columns)


# --- head counts ----------------------------------------------------------------------------


def _columns(table: Stations | Squads | Units) -> dict[str, Any]:
    """Copies of the numeric columns that a scenario may change."""
    names = {
        Stations: (*COUNTS, *FLAGS, "max_officers", "is_urban"),
        Squads: ("officers",),
        Units: ("officers", "authorised_officers", "required_officers", "can_give", "can_receive"),
    }[type(table)]
    return {name: getattr(table, name).copy() for name in names}


def _set_counts(
    columns: dict[str, Any],
    row: int,
    at: tuple[str, str],
    change: StationChange | SquadChange | UnitChange,
    notes: ChangeNotes,
) -> None:
    for name in COUNTS:
        fixed = getattr(change, name, None)
        more = getattr(change, f"add_{name}", None)
        if fixed is None and more is None:
            continue
        present = int(columns[name][row])
        value = present + (more or 0) if fixed is None else fixed
        if value < 0:
            notes.wrong(
                (*at, f"add_{name}"),
                "at most as many fewer as there are, {present}",
                "take fewer away",
                value=more,
                present=present,
            )
            continue
        columns[name][row] = value
        if fixed is None:
            notes.effect(
                (*at, f"add_{name}"), "{before} before, {after} now", before=present, after=value
            )


def _set_station(columns: dict[str, Any], row: int, change: StationChange) -> None:
    for name in (*FLAGS, "max_officers"):
        if getattr(change, name) is not None:
            columns[name][row] = getattr(change, name)
    if change.kind is not None:
        columns["is_urban"][row] = change.kind == "urban"


def _check_room(columns: dict[str, Any], row: int, one: str, notes: ChangeNotes) -> None:
    officers, room = columns["officers"][row], columns["max_officers"][row]
    if officers > room:
        notes.wrong(
            ("stations", one),
            "at most as many officers as the building holds, {room:.0f}",
            "raise its max_officers too, or take fewer",
            value=int(officers),
            room=float(room),
        )


def _check_sense(one: str, change: StationChange, notes: ChangeNotes) -> None:
    """Keys that mean something only beside another one."""
    at = ("stations", one)
    if change.open:
        notes.wrong(
            (*at, "open"), "a name that no station has yet", "give the new station another name"
        )
    if change.name is not None:
        notes.wrong((*at, "name"), "a new station: its `open: true`", "delete the name")
    for key in ("cells_to", "officers_to"):
        if getattr(change, key) is not None and not change.close:
            notes.wrong((*at, key), "a station that closes: its `close: true`", "add it")


def _check_areas(
    squads: Squads, areas: Sequence[tuple[str, ...]], row: int, notes: ChangeNotes
) -> None:
    for other, area in enumerate(areas):
        both = sorted(set(area) & set(areas[row])) if other != row else []
        if both:
            notes.wrong(
                ("squads", squads.squad_id[row], "stations"),
                "each station in one squad's area; squad {other} has it too",
                "take it out of one of the two",
                value=", ".join(both),
                other=squads.squad_id[other],
            )


# --- opening --------------------------------------------------------------------------------


def _can_open(one: str, change: StationChange, notes: ChangeNotes) -> bool:
    missing = [
        key
        for key, value in (
            ("at", change.at),
            ("kind", change.kind),
            ("officers", change.officers),
        )
        if value is None
    ]
    if missing:
        notes.wrong(
            ("stations", one),
            "{missing} of a new station",
            "add what is missing",
            missing=", ".join(missing),
        )
    room = np.inf if change.max_officers is None else change.max_officers
    if (change.officers or 0) > room:
        notes.wrong(
            ("stations", one, "officers"),
            "at most as many officers as the building holds, {room:.0f}",
            "raise its max_officers too, or take fewer",
            value=change.officers,
            room=float(room),
        )
    if change.close:
        notes.wrong(
            ("stations", one, "close"),
            "a new station, or a closed one",
            "write `{one}: null` to take back that a parent opens it",
            one=one,
        )
    return not missing


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
