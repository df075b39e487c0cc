"""Who answers for what under a plan, for dispatch systems: by cell, by township, by station.

The files keep one set of English headers in every language: programs read them. Columns:
docs/data-format.md, section "Assignment files".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from geo.jurisdictions import centre_rows, fates
from optimizer.county import MODELLED, County
from optimizer.errors import Translate
from optimizer.frozen import FloatArray
from optimizer.plan import Plan
from scenarios.tables import Cell, Kind, Sheet

# What a cell's responsible station and its minutes rest on.
_RESTS_ON = (
    "stations.lon",
    "stations.lat",
    "cells.station_id",
    "cells.lon",
    "cells.lat",
    "cells.geometry",
    "roads",
)

_CELL_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("cell_id", "text"),
    ("township", "text"),
    ("station_id_today", "text"),
    ("station_name_today", "text"),
    ("becomes", "text"),
    ("bundle_station_ids", "text"),
    ("centre_id", "text"),
    ("centre_name", "text"),
    ("response_today_min", "minutes"),
    ("response_plan_min", "minutes"),
    ("response_change_min", "change_min"),
    ("modelled", "text"),
)


def assignment_sheets(county: County, plan: Plan, turnout_min: float) -> tuple[Sheet, ...]:
    """The three files: `assignment` (cells), `townships_plan` and `stations_plan`.

    Args:
        county: The county.
        plan: The plan.
        turnout_min: Minutes from alert to wheels rolling, part of every response.
    """
    return (
        _by_cell(county, plan, turnout_min),
        _by_township(county, plan),
        _by_station(county, plan),
    )


def assignment_for_people(sheet: Sheet, _: Translate) -> Sheet:
    """The table of cells with the headers and words of a planner, for the workbook."""
    header = {
        "cell_id": _("Cell"),
        "township": _("Township"),
        "station_id_today": _("Station id today"),
        "station_name_today": _("Station today"),
        "becomes": _("Which becomes"),
        "bundle_station_ids": _("Stations of the bundle"),
        "centre_id": _("Centre id"),
        "centre_name": _("Responsible in the plan"),
        "response_today_min": _("Response today, min"),
        "response_plan_min": _("Response, min"),
        "response_change_min": _("Change, min"),
        "modelled": _("Rests on modelled inputs"),
    }
    said: Mapping[str, Mapping[Cell, str]] = {
        "becomes": {
            "centre": _("Centre station"),
            "police_office": _("Police office"),
            "stays": _("Station that stays"),
        },
        "modelled": {"yes": _("yes"), "no": _("no")},
    }
    words = [said.get(column, {}) for column in sheet.header]
    return Sheet(
        name=sheet.name,
        header=tuple(header[column] for column in sheet.header),
        rows=tuple(
            tuple(
                word.get(value, value) if word else value
                for word, value in zip(words, row, strict=True)
            )
            for row in sheet.rows
        ),
        kinds=sheet.kinds,
    )


def _by_cell(county: County, plan: Plan, turnout_min: float) -> Sheet:
    stations, cells = county.stations, county.cells
    centre = centre_rows(county, plan)
    fate = fates(county, plan)
    own, column = cells.station, np.arange(len(cells))
    today_min = turnout_min + county.travel_time_min[own, column]
    plan_min = turnout_min + county.travel_time_min[centre[own], column]
    together = {s: ";".join(b.station_ids) for b in plan.bundles for s in b.station_ids}
    is_modelled = "yes" if any(county.origin_of(i) == MODELLED for i in _RESTS_ON) else "no"
    # What is one value a station is looked up once, not once a cell.
    before = [
        (s, name, becomes, together[s], stations.station_id[c], stations.name[c])
        for s, name, becomes, c in zip(
            stations.station_id, stations.name, fate, centre.tolist(), strict=True
        )
    ]
    return Sheet(
        name="assignment",
        header=tuple(name for name, _kind in _CELL_COLUMNS),
        rows=tuple(
            (cell, township, *before[s], today, then, change, is_modelled)
            for cell, township, s, today, then, change in zip(
                cells.cell_id,
                cells.township,
                own.tolist(),
                _minutes(today_min),
                _minutes(plan_min),
                _minutes(plan_min - today_min),
                strict=True,
            )
        ),
        kinds=tuple(kind for _name, kind in _CELL_COLUMNS),
    )


def _minutes(values: FloatArray) -> Sequence[float | None]:
    """Rounded; None where a place cannot be reached."""
    return [round(v, 2) if np.isfinite(v) else None for v in values.tolist()]


def _by_township(county: County, plan: Plan) -> Sheet:
    """One row a township and centre: a township that is not whole has several rows."""
    stations, cells = county.stations, county.cells
    alerts = cells.alerts_per_year.sum(axis=1).tolist()
    centre = centre_rows(county, plan)[cells.station].tolist()
    held: dict[tuple[str, str], list[float]] = {}
    whole: dict[str, int] = {}
    name = dict(zip(stations.station_id, stations.name, strict=True))
    for township, c, alerts_per_year in zip(cells.township, centre, alerts, strict=True):
        sums = held.setdefault((township, stations.station_id[c]), [0, 0.0])
        sums[0] += 1
        sums[1] += alerts_per_year
        whole[township] = whole.get(township, 0) + 1
    return Sheet(
        name="townships_plan",
        header=(
            "township",
            "centre_id",
            "centre_name",
            "cells",
            "cells_of_township",
            "whole",
            "alerts_per_year",
        ),
        rows=tuple(
            (
                township,
                one,
                name[one],
                int(n),
                whole[township],
                "yes" if n == whole[township] else "no",
                round(alerts_per_year, 1),
            )
            # The greatest part of a split township comes first.
            for (township, one), (n, alerts_per_year) in sorted(
                held.items(), key=lambda item: (item[0][0], -item[1][0], item[0][1])
            )
        ),
    )


def _by_station(county: County, plan: Plan) -> Sheet:
    """One row a station; `jingli score --plan` reads it back."""
    stations = county.stations
    name = dict(zip(stations.station_id, stations.name, strict=True))
    name |= dict(zip(county.squads.squad_id, county.squads.name, strict=True))
    centre_of = plan.centre_of()
    duty = {d.station_id: d.duty_id for d in plan.road_duties}
    return Sheet(
        name="stations_plan",
        header=(
            "station_id",
            "station_name",
            "becomes",
            "centre_id",
            "centre_name",
            "road_duty_id",
            "road_duty_name",
        ),
        rows=tuple(
            (
                s,
                name[s],
                fate,
                centre_of[s],
                name[centre_of[s]],
                duty.get(s, ""),
                name[duty[s]] if s in duty else "",
            )
            for s, fate in zip(stations.station_id, fates(county, plan), strict=True)
        ),
    )
