"""Townships, settlements and police stations of an OpenStreetMap file, to start a case from."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyogrio
import shapely

from geo.osm_data import OsmFileError
from geo.osm_pbf import CUT_OFF
from geo.osm_xml import unpacked
from geo.plane import GeometryArray, as_geometry

_Rows = list[tuple[dict[str, str], Any]]

# Settlements by how much they are the middle of their surroundings.
_SETTLEMENTS = ("city", "town", "suburb", "village", "quarter", "neighbourhood", "hamlet")
VILLAGE = _SETTLEMENTS.index("village")

# Two police stations this near to each other, one without a name, are one.
_SAME_DEG = 0.0006

# Administrative levels by how well they fit a Chinese township (8): neighbours first.
_LEVELS = ("8", "9", "7", "10", "6")

_CONFIG = """closed_ways_are_polygons=amenity,boundary,building,landuse
attribute_name_laundering=no
[points]
osm_id=yes
attributes=amenity,name,place,population
other_tags=no
[lines]
osm_id=no
other_tags=no
[multipolygons]
osm_id=yes
osm_way_id=yes
attributes=amenity,boundary,admin_level,name,population
other_tags=no
[multilinestrings]
osm_id=no
other_tags=no
[other_relations]
osm_id=no
other_tags=no
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Township:
    """An administrative area.

    Attributes:
        osm_id: Of its relation or way.
        name: Empty where it has none.
        population: As tagged; None where it is not, or is no number.
        geometry: Polygon in WGS84.
    """

    osm_id: str
    name: str
    population: int | None
    geometry: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Police:
    """An `amenity=police`, by a point of its own or of its building."""

    osm_id: str
    name: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A place where people live, by its point.

    Attributes:
        osm_id: Of its node.
        name: Empty where it has none.
        rank: 0 = a city, rising to hamlets.
        population: As tagged.
        lon_deg, lat_deg: WGS84.
    """

    osm_id: str
    name: str
    rank: int
    population: int | None
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a file has.

    Attributes:
        townships: Areas of one level, by id.
        level: That level; empty without townships.
        levels: How many whole areas there are of each level.
        police: Stations, by id.
        settlements: By id.
    """

    townships: tuple[Township, ...]
    level: str
    levels: dict[str, int]
    police: tuple[Police, ...]
    settlements: tuple[Settlement, ...] = ()


def read_places(path: Path, level: str | None = None) -> Places:
    """Read administrative areas and police stations.

    Args:
        path: The file.
        level: `admin_level` to take as townships; None = the level next to 8, which is a township
            in China, that has at least two areas; else one.

    Raises:
        OsmFileError: the file cannot be read.
        OSError: it cannot be opened.
    """
    with _plain(path) as plain:
        try:
            areas, points = _areas_and_points(plain)
        except _UnsortedError:
            # As editors save them. GDAL takes longer over such files, so that it has to be asked.
            areas, points = _areas_and_points(plain, OSM_USE_CUSTOM_INDEXING="NO")
    found: dict[str, list[Township]] = {}
    police = []
    for row, shape in areas:
        osm_id = row["osm_id"] or row["osm_way_id"]
        if row["amenity"] == "police":
            middle = shapely.point_on_surface(shape)
            police.append(_police(f"w{osm_id}", row["name"], middle))
        if row["boundary"] == "administrative":
            one = Township(
                osm_id=osm_id,
                name=row["name"],
                population=_whole(row["population"]),
                geometry=shape,
            )
            found.setdefault(row["admin_level"], []).append(one)
    police += [
        _police(f"n{row['osm_id']}", row["name"], shape)
        for row, shape in points
        if row["amenity"] == "police"
    ]
    homes = [_settlement(row, shape) for row, shape in points if row["place"] in _SETTLEMENTS]
    levels = {name: len(found[name]) for name in sorted(found)}
    if level is None:
        many = [name for name in _LEVELS if levels.get(name, 0) > 1]
        level = next(iter([*many, *(name for name in _LEVELS if name in levels)]), "")
    townships = sorted(found.get(level, []), key=lambda one: _by_number(one.osm_id))
    return Places(
        townships=tuple(townships),
        level=level if townships else "",
        levels=levels,
        police=tuple(
            _apart(sorted(police, key=lambda one: (one.osm_id[0], _by_number(one.osm_id))))
        ),
        settlements=tuple(sorted(homes, key=lambda one: _by_number(one.osm_id))),
    )


def _police(osm_id: str, name: str, point: Any) -> Police:
    return Police(osm_id=osm_id, name=name, lon_deg=round(point.x, 6), lat_deg=round(point.y, 6))


class _UnsortedError(Exception):
    """Nodes of the file do not come by rising number."""


def _areas_and_points(plain: Path, **options: str) -> tuple[_Rows, _Rows]:
    with _configured(**options):
        return (
            _rows(plain, "multipolygons", "boundary = 'administrative' OR amenity = 'police'"),
            _rows(plain, "points", f"amenity = 'police' OR place IN {_SETTLEMENTS}"),
        )


def _settlement(row: dict[str, str], point: Any) -> Settlement:
    return Settlement(
        osm_id=f"n{row['osm_id']}",
        name=row["name"],
        rank=_SETTLEMENTS.index(row["place"]),
        population=_whole(row["population"]),
        lon_deg=round(point.x, 6),
        lat_deg=round(point.y, 6),
    )


def _apart(police: list[Police]) -> Iterator[Police]:
    """Each station once: a point in or beside a building, of one name or one nameless, is one.

    Nameless ones give way to named ones.
    """
    seen: list[Police] = []
    for one in sorted(police, key=lambda one: not one.name):
        same = any(
            (one.name == other.name and _within(one, other, 0.002))
            or (not one.name and _within(one, other, _SAME_DEG))
            for other in seen
        )
        if not same:
            seen.append(one)
    yield from (one for one in police if one in seen)


def _within(one: Police, other: Police, degrees: float) -> bool:
    apart = max(abs(one.lon_deg - other.lon_deg), abs(one.lat_deg - other.lat_deg))
    return apart < degrees


def _by_number(osm_id: str) -> tuple[int, str]:
    digits = osm_id.lstrip("nwr")
    return (int(digits) if digits.lstrip("-").isdigit() else 0, osm_id)


def _whole(text: str) -> int | None:
    plain = text.replace(",", "").replace(" ", "")
    return int(plain) if plain.isdigit() else None


def _rows(path: Path, layer: str, where: str) -> _Rows:
    """Attributes, with empty text for none, and mended shape of each feature."""
    try:
        with warnings.catch_warnings():
            # Rings that the extract cuts open are dropped below.
            warnings.simplefilter("ignore", RuntimeWarning)
            meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer, where=where)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        if "OSM_USE_CUSTOM_INDEXING" in str(error):
            raise _UnsortedError from error
        raise OsmFileError(CUT_OFF) from error
    names = [str(name) for name in meta["fields"]]
    geometry: GeometryArray = as_geometry(shapely.from_wkb(shapes))
    if layer == "multipolygons":
        geometry = as_geometry(shapely.make_valid(geometry))
    found = []
    for i, shape in enumerate(geometry):
        polygons = layer != "multipolygons" or (
            shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")
        )
        if shape is None or shape.is_empty or not polygons:
            continue
        row = {
            name: "" if column[i] is None else str(column[i])
            for name, column in zip(names, columns, strict=True)
        }
        found.append((row, shape))
    return found


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """The file as GDAL reads it: unpacked beside nothing of the planner's."""
    if path.name.casefold().endswith((".pbf", ".osm")):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "extract.osm"
        try:
            with unpacked(path) as packed, plain.open("wb") as file:
                shutil.copyfileobj(packed, file)
        except (EOFError, ValueError) as error:
            raise OsmFileError(CUT_OFF) from error
        yield plain


@contextmanager
def _configured(**options: str) -> Iterator[None]:
    """GDAL told which tags to give as columns, and how to read."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "osmconf.ini"
        config.write_text(_CONFIG, encoding="utf-8")
        options["OSM_CONFIG_FILE"] = str(config)
        before = {name: pyogrio.get_gdal_config_option(name) for name in options}
        pyogrio.set_gdal_config_options(options)
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options(before)
