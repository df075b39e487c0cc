"""Checks of one layer against another: each returns every problem it finds, with line and fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import boundaries
from geo.readers import Table
from optimizer.county import County
from optimizer.errors import Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Policy
from optimizer.road_duty import ending_squads
from scenarios.case import CASE_FILE

SHOWN_AT_MOST = 20


def check_stations(stations: Table) -> list[Problem]:
    """Head counts against building and establishment."""
    frame = stations.frame
    found: list[Problem] = []
    if "max_officers" in frame:
        over = frame["officers"] > frame["max_officers"]
        found += _rows(
            frame[over.fillna(False)],
            stations,
            "officers",
            expected="at most max_officers of the same row",
            fix="correct officers, or raise max_officers",
        )
    return found


def check_good_rows(tables: Mapping[str, Table], no_station: Iterable[str]) -> list[Problem]:
    """What rows that could be read get wrong, where others could not be read.

    Ids are held against the stations only if every station could be read, and nothing is said to
    be missing: it may stand in a row that is wrong.

    Args:
        tables: Layers as read, by name.
        no_station: Values that mean "of no station".
    """
    stations = tables["stations"]
    if any(p.severity == "error" for p in stations.problems):
        return []
    found: list[Problem] = []
    cells, squads, units = tables["cells"], tables.get("squads"), tables.get("units")
    if "station_id" in cells.frame:
        of_some = ~cells.frame["station_id"].isin(set(no_station))
        found += _strangers(cells, cells.frame[of_some], stations)
    if squads is not None and {"squad_id", "stations"} <= set(squads.frame):
        found += check_squads(squads, stations)
    if units is not None and "unit_id" in units.frame:
        found += check_units(units, stations)
    return found


def check_cells(cells: Table, stations: Table) -> list[Problem]:
    """Every cell has a known station, and every station at least one cell."""
    found = _strangers(cells, cells.frame, stations)
    idle = ~stations.frame["station_id"].isin(set(cells.frame["station_id"]))
    found += _rows(
        stations.frame[idle],
        stations,
        "station_id",
        expected="a station with at least one cell in {cells}",
        fix="give it a cell, or take it out",
        cells=cells.source.shown,
    )
    return found


def _strangers(cells: Table, rows: pd.DataFrame, stations: Table) -> list[Problem]:
    """Cells among `rows` of a station that is not there; a missing station is told elsewhere."""
    strange = rows["station_id"].notna() & ~rows["station_id"].isin(
        set(stations.frame["station_id"])
    )
    return _rows(
        rows[strange],
        cells,
        "station_id",
        expected="a station_id of {stations}",
        fix="correct it, add the station, or list it under layers.cells.no_station",
        stations=stations.source.shown,
    )


def join_attributes(cells: Table, attributes: Table) -> tuple[Table, list[Problem]]:
    """Columns of a second file joined to the cells by cell_id.

    A column that both files have comes from the second. A cell without a row there is an error; a
    row there without a cell is a warning, for its alerts would be lost.
    """
    extra = attributes.frame.set_index("cell_id")
    missing = ~cells.frame["cell_id"].isin(extra.index)
    found = _rows(
        cells.frame[missing],
        cells,
        "cell_id",
        expected="a row with this cell_id in {attributes}",
        fix="add the row",
        attributes=attributes.source.shown,
    )
    unused = ~attributes.frame["cell_id"].isin(set(cells.frame["cell_id"]))
    found += [
        replace(problem, severity="warning")
        for problem in _rows(
            attributes.frame[unused],
            attributes,
            "cell_id",
            expected="a cell_id of {cells}; the row is not used",
            fix="correct it",
            cells=cells.source.shown,
        )
    ]
    kept = [
        c
        for c in extra.columns
        if c not in ("row", "lon_deg", "lat_deg") and not extra[c].isna().all()
    ]
    frame = cells.frame.drop(columns=[c for c in kept if c in cells.frame]).join(
        extra[kept], on="cell_id"
    )
    if "station_id" not in frame and not found:
        found.append(
            Problem(
                where=attributes.source.shown,
                column="station_id",
                expected="a column station_id here or in {cells}",
                fix="add it, or name it under columns",
                params={"cells": cells.source.shown},
            )
        )
    return replace(cells, frame=frame), found


def check_seats(stations: Table, seats: pd.DataFrame, geometry: NDArray[Any]) -> list[Problem]:
    """Every station seat lies in some cell."""
    at = boundaries.locate(
        seats["lon_deg"].to_numpy(float), seats["lat_deg"].to_numpy(float), geometry
    )
    lost = seats[at < 0].assign(
        place=lambda f: [
            f"{x:.5f}, {y:.5f}" for x, y in zip(f["lon_deg"], f["lat_deg"], strict=True)
        ]
    )
    return _rows(
        lost,
        stations,
        "place",
        expected="a seat inside one of the cells",
        fix="check longitude, latitude and the declared crs",
        label="lon, lat",
    )


def check_squads(squads: Table, stations: Table) -> list[Problem]:
    """Squad areas name known stations, each in one squad at the most."""
    known = set(stations.frame["station_id"])
    owner: dict[str, str] = {}
    found: list[Problem] = []
    for row, squad, area in zip(
        squads.frame["row"], squads.frame["squad_id"], squads.frame["stations"], strict=True
    ):
        for station in area:
            if station not in known:
                found.append(
                    squads.problem(
                        expected="a station_id of {stations}",
                        fix="correct it",
                        row=int(row),
                        column="stations",
                        value=station,
                        stations=stations.source.shown,
                    )
                )
            elif station in owner:
                found.append(
                    squads.problem(
                        expected="each station in one squad's area; squad {other} has it too",
                        fix="take it out of one of the two",
                        row=int(row),
                        column="stations",
                        value=station,
                        other=owner[station],
                    )
                )
            else:
                owner[station] = squad
    return found


def check_units(units: Table, stations: Table) -> list[Problem]:
    """Unit ids differ from station ids, and each unit says what its work needs."""
    frame = units.frame
    taken = frame["unit_id"].isin(set(stations.frame["station_id"]))
    found = _rows(
        frame[taken],
        units,
        "unit_id",
        expected="an id that no station has",
        fix="give the unit another id",
    )
    needs = [c for c in ("required_officers", "workload_officer_min_per_year") if c in frame]
    silent = frame[needs].isna().all(axis=1) if needs else pd.Series(True, index=frame.index)
    found += _rows(
        frame[silent],
        units,
        "required_officers",
        expected="required_officers or workload_officer_min_per_year",
        fix="fill in one of the two",
        value="",
    )
    return found


def check_road_duty(county: County, policy: Policy) -> list[Problem]:
    """Warnings where squads are to be dissolved and there is nothing to hand over."""
    if not policy.traffic.dissolve_squads:
        return []
    if not len(county.squads):
        return [
            Problem(
                where=CASE_FILE,
                column="policy.traffic.dissolve_squads",
                value="true",
                expected="a squads layer; without one no road duty is handed over",
                fix="add layers.squads, or leave dissolve_squads out",
                severity="warning",
            )
        ]
    row = county.stations.index()
    managed = [row[s] for area in county.squads.stations for s in area]
    found = _squads_asked(county, policy)
    if county.duty_road_km is not None and county.duty_road_km[managed].sum() <= 0:
        return [
            *found,
            Problem(
                where="roads",
                value="0 km",
                expected="roads that squads manage ({classes}) in their areas",
                fix="check the column road_class and policy.roads.managed_classes",
                params={"classes": ", ".join(policy.roads.managed_classes)},
                severity="warning",
            ),
        ]
    return [*found, *_squads_without_road(county, policy)]


def _squads_asked(county: County, policy: Policy) -> list[Problem]:
    """Squads that `which_squads` names and nobody knows."""
    asked = policy.traffic.which_squads
    strangers = [] if isinstance(asked, str) else sorted(set(asked) - set(county.squads.squad_id))
    return [
        Problem(
            where=CASE_FILE,
            column="policy.traffic.which_squads",
            value=squad,
            expected="all, rural, or ids of the squads layer",
            fix="use a squad_id of the squads layer",
        )
        for squad in strangers
    ]


def _squads_without_road(county: County, policy: Policy) -> list[Problem]:
    """Squads that are to end and whose area has no managed road, while others have."""
    row, squads = county.stations.index(), county.squads
    assert county.duty_road_km is not None
    return [
        Problem(
            where="squads",
            column="stations",
            value=f"{squads.squad_id[q]} {squads.name[q]}",
            expected="a squad whose area has roads that squads manage ({classes}); this one has "
            "none to hand over",
            fix="correct its stations, the road classes, or leave it out with "
            "policy.traffic.which_squads",
            params={"classes": ", ".join(policy.roads.managed_classes)},
        )
        for q in ending_squads(county, policy)
        if county.duty_road_km[[row[s] for s in squads.stations[q]]].sum() <= 0
    ]


def unreachable(
    stations: Table, cells: pd.DataFrame, station_of: IntArray, travel_time_min: FloatArray
) -> list[Problem]:
    """Cells that no road joins to their own station (errors), or to another station (a warning)."""
    cut = ~np.isfinite(travel_time_min)
    own = cut[station_of, np.arange(len(cells))]
    names = stations.frame["name"].to_numpy(object)
    lost = cells[own].assign(place=[f"{names[s]}" for s in station_of[own]])
    found: list[Problem] = []
    for station, group in lost.groupby("place", sort=True):
        ids = group["cell_id"].tolist()
        found.append(
            Problem(
                where="roads",
                column=str(station),
                value=_some(ids),
                expected="a way by road from the station to each of its cells",
                fix="add the missing road, check one-way streets, or join the islands",
            )
        )
    elsewhere = [
        f"{names[s]} ({int(n)})" for s, n in enumerate(cut.sum(axis=1)) if n and not own.all()
    ]
    if elsewhere and not found:
        found.append(
            Problem(
                where="roads",
                value=_some(elsewhere),
                expected="every cell to be reachable from every station; "
                "no bundle can join a station to cells that it cannot reach",
                fix="add the missing roads if they exist",
                severity="warning",
            )
        )
    return found


def _rows(
    frame: pd.DataFrame,
    table: Table,
    column: str,
    *,
    expected: str,
    fix: str,
    label: str | None = None,
    value: str | None = None,
    **params: object,
) -> list[Problem]:
    """One problem per row of `frame`, which holds rows of `table`; the first few in full."""
    shown = frame.head(SHOWN_AT_MOST)
    values = shown[column] if column in shown else [""] * len(shown)
    found = [
        table.problem(
            expected=expected,
            fix=fix,
            row=int(row),
            column=label or column,
            value=said if value is None else value,
            severity="error",
            **params,
        )
        for row, said in zip(shown["row"], values, strict=True)
    ]
    more = len(frame) - len(shown)
    if more > 0:
        found.append(
            table.problem(
                expected="no more such rows; there are {more} more",
                fix=fix,
                row=None,
                column=label or column,
                value=None,
                severity="error",
                more=more,
                **params,
            )
        )
    return found


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = len(listed) - SHOWN_AT_MOST
    return ", ".join(listed[:SHOWN_AT_MOST]) + (f" … (+{more})" if more > 0 else "")
