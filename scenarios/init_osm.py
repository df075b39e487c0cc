"""A case to start from when all there is is an OpenStreetMap extract.

What the extract has is taken over; what had to be made up is labelled modelled in `case.yaml`; what
only the bureau knows stays blank, so that `jingli validate` asks for it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo.atomic import atomic_folder, write_text
from geo.ferries import without_ferries
from geo.osm import is_osm, read_osm_roads
from geo.osm_cells import Cell, cells_of_areas, squares
from geo.osm_data import OsmFileError
from geo.osm_places import VILLAGE, Places, Police, read_places
from geo.plane import plane_at
from geo.road_graph import RoadGraph
from geo.routing import nearest, router
from geo.safe_text import write_csv
from optimizer.errors import InputError, Problem, Translate
from optimizer.policy import Policy
from scenarios.case import CASE_FILE
from scenarios.credits import OSM_CREDIT
from scenarios.template import CATEGORIES, scalar

STATIONS_FILE, CELLS_FILE, SHAPES_FILE = "stations.csv", "cells.csv", "cells.geojson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was written.

    Attributes:
        files: Names of the files.
        found: What the extract has, and what it lacks, for people.
        missing: What the planner has to fill in.
    """

    files: tuple[str, ...]
    found: tuple[str, ...]
    missing: tuple[str, ...]


def write_osm_case(
    folder: Path,
    extract: Path,
    name: str,
    _: Translate,
    *,
    level: str | None = None,
    grid_km: float | None = None,
) -> Started:
    """Write a case from an extract into `folder`, with a copy of the extract.

    Townships become cells, each of the station that reaches it first by road; `amenity=police`
    become stations. Where the extract has no whole township, or `grid_km` is given, the cells are
    squares with streets; where it has no police, each township, else each settlement, gets a
    station.

    Args:
        folder: New or empty.
        extract: The file.
        name: The county's name.
        _: Translation.
        level: `admin_level` of the townships; None = the one that fits best.
        grid_km: Side of the squares; None = townships, else a side that makes at most 500.

    Raises:
        InputError: the extract cannot be read or has neither townships, police nor settlements;
            the folder holds something or cannot be written.
    """
    start = _start(extract, level, grid_km)
    with atomic_folder(folder) as building:
        write_text(building / CASE_FILE, _case_text(name, extract.name, start, _))
        write_csv(building / STATIONS_FILE, _STATION_HEADERS, _station_rows(start.stations))
        write_csv(building / CELLS_FILE, _CELL_HEADERS, _cell_rows(start))
        write_text(building / SHAPES_FILE, _shapes(start.cells))
        try:
            shutil.copyfile(extract, building / extract.name)
        except OSError as error:
            raise InputError([_unreadable(extract, error)]) from error
        files = tuple(sorted(path.name for path in building.iterdir()))
    idle = len({one.osm_id for one in start.stations} - set(start.own))
    return Started(
        files=files,
        found=tuple(_found(start, _)),
        missing=(
            *(
                [_("the stations you really have, in place of the modelled ones")]
                * bool(start.made_up)
            ),
            _("officers and kind (城区 or 农村) of each station, in {file}").format(
                file=STATIONS_FILE
            ),
            _("alerts a year, and residents where they lack, in {file}").format(file=CELLS_FILE),
            _("the station of each cell: the one that is there first by road stands there"),
            *(
                [
                    _("cells for {n} stations that are nowhere first, or take them out").format(
                        n=idle
                    )
                ]
                if idle
                else []
            ),
        ),
    )


_STATION_HEADERS = ("编号", "名称", "经度", "纬度", "城乡", "民警", "编制", "辅警")
_CELL_HEADERS = ("编号", "派出所编号", "乡镇", "人口", *(f"年警情_{c}" for c in CATEGORIES))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """What the case starts from.

    Attributes:
        places: What the extract has.
        stations: From the extract or made up.
        made_up: Where stations that the extract lacks were put; empty = it has them.
        cells: Areas or squares.
        own: Id of the station of each cell.
        step_km: Side of the squares; None = areas.
    """

    places: Places
    stations: tuple[Police, ...]
    made_up: Literal["", "township", "settlement"]
    cells: tuple[Cell, ...]
    own: tuple[str, ...]
    step_km: float | None


def _start(extract: Path, level: str | None, grid_km: float | None) -> _Start:
    places, graph = _read(extract, level)
    step_km = None
    if grid_km is None and places.townships:
        cells = cells_of_areas(places.townships, places.settlements, graph)
    else:
        cells, step_km = squares(graph, places.townships, places.settlements, grid_km)
    made_up: Literal["", "township", "settlement"] = ""
    stations = places.police
    if not stations and places.townships:
        made_up = "township"
        seats = cells_of_areas(places.townships, places.settlements, graph)
        stations = tuple(_post(f"r{c.cell_id}", c.township, c.lon_deg, c.lat_deg) for c in seats)
    elif not stations:
        made_up = "settlement"
        # Hamlets have no station where there are villages.
        large = [one for one in places.settlements if one.rank <= VILLAGE]
        homes = large if len(large) > 1 else places.settlements
        stations = tuple(_post(s.osm_id, s.name or s.osm_id, s.lon_deg, s.lat_deg) for s in homes)
    own = _own_stations(graph, cells, stations)
    if made_up:
        # Nobody asked for a station that would serve nobody.
        stations = tuple(one for one in stations if one.osm_id in set(own))
    names = {one.osm_id: one.name or one.osm_id for one in stations}
    return _Start(
        places=places,
        stations=stations,
        made_up=made_up,
        cells=tuple(
            c if c.township else replace(c, township=names[o])
            for c, o in zip(cells, own, strict=True)
        ),
        own=tuple(own),
        step_km=step_km,
    )


def _post(osm_id: str, place: str, lon_deg: float, lat_deg: float) -> Police:
    return Police(osm_id=osm_id, name=f"{place}派出所", lon_deg=lon_deg, lat_deg=lat_deg)


def _read(extract: Path, level: str | None) -> tuple[Places, RoadGraph]:
    shown = extract.name
    try:
        if not is_osm(shown):
            raise OsmFileError("a file whose name ends in .osm.pbf, .osm, .osm.gz or .osm.bz2")
        if not extract.is_file():
            raise FileNotFoundError(2, "No such file")
        places = read_places(extract, level)
    except OsmFileError as fault:
        raise InputError(
            [
                Problem(
                    where=shown,
                    expected=fault.expected,
                    fix="download the file again, or cut the extract again",
                )
            ]
        ) from fault
    except OSError as error:
        raise InputError([_unreadable(extract, error)]) from error
    if level is not None and not places.townships:
        raise InputError([_no_such_level(shown, level, places)])
    graph, problems = read_osm_roads(extract, shown, Policy().roads)
    if graph is None:
        raise InputError([p for p in problems if p.severity == "error"])
    if not (places.townships or places.police or places.settlements):
        raise InputError(
            [
                Problem(
                    where=shown,
                    expected="police stations, settlements, or the whole border of a township; "
                    "this extract has none of them",
                    fix="cut the extract beyond the border of the county, or use jingli init "
                    "without --from-osm, give stations and villages yourself and name the extract "
                    "under roads",
                )
            ]
        )
    return places, graph


def _no_such_level(shown: str, level: str, places: Places) -> Problem:
    return Problem(
        where=shown,
        value=level,
        expected="an admin_level of which the extract has whole areas; there are {levels}",
        fix="give one of them, or cut the extract beyond the border of the county; without "
        "--admin-level and whole areas the cells are squares",
        params={"levels": ", ".join(f"{k} ({n})" for k, n in places.levels.items()) or "–"},
    )


def _unreadable(extract: Path, error: OSError) -> Problem:
    return Problem(
        where=str(extract),
        value=error.strerror or type(error).__name__,
        expected="a file that can be read",
        fix="check the path and the permissions",
    )


def _own_stations(graph: RoadGraph, cells: Sequence[Cell], stations: Sequence[Police]) -> list[str]:
    """Id of the station that reaches each cell first; by straight line where none does."""
    roads = router(without_ferries(graph))
    seats = [one.lon_deg for one in stations], [one.lat_deg for one in stations]
    homes = [one.lon_deg for one in cells], [one.lat_deg for one in cells]
    row = nearest(roads, roads.snap(*seats), roads.snap(*homes)).source[:, 0]
    plane = plane_at(*seats)
    _, straight = cKDTree(np.column_stack(plane.xy(*seats))).query(
        np.column_stack(plane.xy(*homes))
    )
    return [stations[r].osm_id for r in np.where(row < 0, straight, row).tolist()]


def _station_rows(stations: Sequence[Police]) -> list[list[object]]:
    return [
        [s.osm_id, s.name or f"派出所 {s.osm_id}", s.lon_deg, s.lat_deg, "", "", "", ""]
        for s in stations
    ]


def _cell_rows(start: _Start) -> list[list[object]]:
    blank = [""] * len(CATEGORIES)
    return [
        [c.cell_id, own, c.township, "" if c.population is None else c.population, *blank]
        for c, own in zip(start.cells, start.own, strict=True)
    ]


def _shapes(cells: Sequence[Cell]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"cell_id": one.cell_id, "lon": one.lon_deg, "lat": one.lat_deg},
            "geometry": json.loads(shapely.to_geojson(one.geometry)),
        }
        for one in cells
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _found(start: _Start, _: Translate) -> list[str]:
    places = start.places
    said = []
    if places.townships:
        said.append(
            _("{n} townships (admin_level {level})").format(
                n=len(places.townships), level=places.level
            )
        )
    else:
        said.append(_("no township whose whole border is in the extract"))
    if start.step_km is not None:
        said.append(
            _("{n} squares of {km:g} km with streets as cells (modelled)").format(
                n=len(start.cells), km=start.step_km
            )
        )
    if start.made_up == "township":
        said.append(_("no police stations: one is put into each township (modelled)"))
    elif start.made_up:
        said.append(
            _("no police stations: one is put into each of {n} settlements (modelled)").format(
                n=len(start.stations)
            )
        )
    else:
        said.append(_("{n} police stations").format(n=len(start.stations)))
    return said


def _case_text(name: str, extract: str, start: _Start, _: Translate) -> str:
    """The `case.yaml`, every part with a comment."""
    modelled = {"cells.station_id": _("the station that is there first by road")}
    if start.step_km is None:
        modelled["cells.lon"] = _("the main settlement, else the middle of the streets")
    else:
        modelled["cells.geometry"] = _("squares of {km:g} km with streets").format(km=start.step_km)
    if start.made_up:
        note = (
            _("the main settlement of its township, else the middle of its streets")
            if start.made_up == "township"
            else _("a settlement of the extract")
        )
        modelled |= dict.fromkeys(("stations.lon", "stations.lat", "stations.name"), note)
    lines = [
        "# " + _("Made from {file} by jingli init --from-osm.").format(file=extract),
        "# " + _("Fill in the tables beside this file, then run jingli validate on the folder."),
        "jingli: 1",
        f"name: {scalar(name)}",
        f"attribution: {scalar(OSM_CREDIT)}",
        "layers:",
        "  # " + _("Fill in kind and officers of each station; delete what is no station."),
        f"  stations: {{path: {STATIONS_FILE}, crs: WGS84}}",
        "  # " + _("Boundaries are in the first file; fill in the second: station and alerts."),
        f"  cells: {{path: {SHAPES_FILE}, crs: WGS84, attributes: {{path: {CELLS_FILE}}}}}",
        "  # "
        + _("Roads of the extract; ferries: true crosses water, maxspeed: false drives by class."),
        f"  roads: {{path: {scalar(extract)}}}",
        "provenance:",
        *(
            f"  - {{item: {item}, origin: modelled, note: {scalar(note)}}}"
            for item, note in modelled.items()
        ),
        "policy:",
        "  # " + _("Response standards in minutes."),
        "  response: {urban_min: 10, rural_min: 30}",
        "scenarios:",
        "  free:",
        "    description: " + scalar(_("Jingli chooses how many and which stations are bundled.")),
        "default_scenario: free",
    ]
    return "\n".join(lines) + "\n"
