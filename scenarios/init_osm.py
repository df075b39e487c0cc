"""A case to start from when all there is is an OpenStreetMap extract.

What the extract has is taken over; what had to be made up is labelled modelled in `case.yaml`; what
only the bureau knows stays blank, so that `jingli validate` asks for it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from geo.atomic import atomic_folder, write_text
from geo.osm import is_osm
from geo.osm_data import OsmFileError
from geo.osm_places import Places, Police, Township, nearest, read_places
from geo.safe_text import write_csv
from optimizer.errors import InputError, Problem, Translate
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
    folder: Path, extract: Path, name: str, _: Translate, *, level: str | None = None
) -> Started:
    """Write a case from an extract into `folder`, with a copy of the extract.

    Townships become cells, each of the station next to it; `amenity=police` become stations. Where
    the extract has no police, each township gets a station at its middle.

    Args:
        folder: New or empty.
        extract: The file.
        name: The county's name.
        _: Translation.
        level: `admin_level` of the townships; None = the one that fits best.

    Raises:
        InputError: the extract cannot be read or has neither townships nor police; the folder
            holds something or cannot be written.
    """
    places = _places(extract, level)
    stations, made_up = _stations(places)
    own = _own_stations(places.townships, stations)
    with atomic_folder(folder) as building:
        write_text(
            building / CASE_FILE, _case_text(name, extract.name, places, made_up=made_up, _=_)
        )
        write_csv(building / STATIONS_FILE, _STATION_HEADERS, _station_rows(stations))
        write_csv(building / CELLS_FILE, _CELL_HEADERS, _cell_rows(places.townships, own))
        write_text(building / SHAPES_FILE, _shapes(places.townships))
        try:
            shutil.copyfile(extract, building / extract.name)
        except OSError as error:
            raise InputError([_unreadable(extract, error)]) from error
        files = tuple(sorted(path.name for path in building.iterdir()))
    return Started(
        files=files,
        found=tuple(_found(places, made_up, _)),
        missing=(
            _("officers and kind (城区 or 农村) of each station, in {file}").format(
                file=STATIONS_FILE
            ),
            _("alerts a year, and residents where they lack, in {file}").format(file=CELLS_FILE),
            _("the station of each cell: the nearest one stands there"),
        ),
    )


_STATION_HEADERS = ("编号", "名称", "经度", "纬度", "城乡", "民警", "编制", "辅警")
_CELL_HEADERS = ("编号", "派出所编号", "乡镇", "人口", *(f"年警情_{c}" for c in CATEGORIES))


def _places(extract: Path, level: str | None) -> Places:
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
    if not places.townships:
        raise InputError(
            [
                Problem(
                    where=shown,
                    expected="administrative boundaries of at least one township; whole ones are "
                    "there of: {levels}",
                    fix="cut the extract beyond the border of the county, or use jingli init "
                    "without --from-osm and give the villages yourself",
                    params={
                        "levels": ", ".join(f"{k} ({n})" for k, n in places.levels.items()) or "–"
                    },
                )
            ]
        )
    return places


def _unreadable(extract: Path, error: OSError) -> Problem:
    return Problem(
        where=str(extract),
        value=error.strerror or type(error).__name__,
        expected="a file that can be read",
        fix="check the path and the permissions",
    )


def _stations(places: Places) -> tuple[tuple[Police, ...], bool]:
    """The stations, and whether they are made up."""
    if places.police:
        return places.police, False
    made = []
    for one in places.townships:
        middle = shapely.point_on_surface(one.geometry)
        made.append(
            Police(
                osm_id=f"r{one.osm_id}",
                name=f"{one.name or one.osm_id}派出所",
                lon_deg=round(middle.x, 6),
                lat_deg=round(middle.y, 6),
            )
        )
    return tuple(made), True


def _own_stations(townships: Sequence[Township], stations: Sequence[Police]) -> list[str]:
    """Id of the station nearest to the middle of each township."""
    middles = [shapely.point_on_surface(one.geometry) for one in townships]
    rows = nearest(
        [point.x for point in middles],
        [point.y for point in middles],
        [one.lon_deg for one in stations],
        [one.lat_deg for one in stations],
    )
    return [stations[row].osm_id for row in rows]


def _station_rows(stations: Sequence[Police]) -> list[list[object]]:
    return [
        [s.osm_id, s.name or f"派出所 {s.osm_id}", s.lon_deg, s.lat_deg, "", "", "", ""]
        for s in stations
    ]


def _cell_rows(townships: Sequence[Township], own: Sequence[str]) -> list[list[object]]:
    blank = [""] * len(CATEGORIES)
    return [
        [t.osm_id, own_id, t.name or t.osm_id, "" if t.population is None else t.population, *blank]
        for t, own_id in zip(townships, own, strict=True)
    ]


def _shapes(townships: Sequence[Township]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"cell_id": one.osm_id},
            "geometry": json.loads(shapely.to_geojson(one.geometry)),
        }
        for one in townships
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _found(places: Places, made_up: bool, _: Translate) -> list[str]:
    said = [
        _("{n} townships (admin_level {level})").format(
            n=len(places.townships), level=places.level
        ),
    ]
    if made_up:
        said.append(_("no police stations: one is put at the middle of each township (modelled)"))
    else:
        said.append(_("{n} police stations").format(n=len(places.police)))
    return said


def _case_text(name: str, extract: str, places: Places, *, made_up: bool, _: Translate) -> str:
    """The `case.yaml`, every part with a comment."""
    nearest_note = scalar(_("the nearest station"))
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
        f"  - {{item: cells.station_id, origin: modelled, note: {nearest_note}}}",
    ]
    if made_up:
        note = scalar(_("the middle of its township"))
        lines += [
            f"  - {{item: {item}, origin: modelled, note: {note}}}"
            for item in ("stations.lon", "stations.lat", "stations.name")
        ]
    lines += [
        "policy:",
        "  # " + _("Response standards in minutes."),
        "  response: {urban_min: 10, rural_min: 30}",
        "scenarios:",
        "  free:",
        "    description: " + scalar(_("Jingli chooses how many and which stations are bundled.")),
        "default_scenario: free",
    ]
    return "\n".join(lines) + "\n"
