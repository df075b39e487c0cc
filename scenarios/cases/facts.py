"""Facts of a county as published: town seats, village-level units, outline, figures.

Layout of a folder of facts: `townships.csv`, `adcode_<code>_all_levels.csv`,
`county_<code>_wgs84.geojson` and, if any figures are published, `facts.yaml`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry import shape

from geo.crs import to_wgs84
from optimizer.errors import InputError, Problem
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import read_yaml

Count = Annotated[int, Field(ge=0)]
ADCODE = (
    "地名、县界：Vonng/adcode 2016（国家统计局、民政部、高德），CC BY 4.0，有改动；其余为推算。 / "
    "Places and outline: Vonng/adcode 2016 (NBS, MCA, Amap), CC BY 4.0, changed. "
    "All else is modelled."
)


class Part(BaseModel):
    """Base of every part of `facts.yaml`: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CensusGroup(Part):
    """Residents of towns that the census counted together."""

    townships: tuple[str, ...]
    residents: Count


class Census(Part):
    """A census by town; only its shares are used."""

    year: int
    total: Count
    groups: tuple[CensusGroup, ...]


class PublishedArea(Part):
    """Area of towns as published, to check the modelled ones against."""

    townships: tuple[str, ...]
    area_km2: Annotated[float, Field(gt=0)]


class Reform(Part):
    """What the county did."""

    centres: Count
    stations_bundled: Count
    duty_stations: Count
    moved_to_urban_stations: Count
    moved_to_other_units: Count


class Figures(Part):
    """Published figures; whatever is not given is modelled."""

    name: str | None = None
    attribution: str = ADCODE
    registered_population: Count | None = None
    officers_in_post: Count | None = None
    officers_authorised: Count | None = None
    alerts_per_year: Count | None = None
    rural_squads: Count | None = None
    census: Census | None = None
    published_area_km2: tuple[PublishedArea, ...] = ()
    reform: Reform | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A village-level unit (村、社区). Coordinates in WGS84; NaN where none is published."""

    code: str
    name: str
    ur_code: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Township:
    """A town-level unit with a seat, and its village-level units by code."""

    code: str
    name: str
    lon_deg: float
    lat_deg: float
    villages: tuple[Village, ...]

    @property
    def is_subdistrict(self) -> bool:
        """The NBS numbers subdistricts (街道) 001 to 099 within their county."""
        return self.code[6] == "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a county.

    Attributes:
        name: The county's name.
        lon_deg, lat_deg: Seat of the county government, WGS84.
        townships: Town-level units with a seat, by code.
        outline: Outline of the county, WGS84.
        figures: Published figures.
        notes: How town-level units without a seat were treated, one sentence each.
    """

    name: str
    lon_deg: float
    lat_deg: float
    townships: tuple[Township, ...]
    outline: Any
    figures: Figures
    notes: tuple[str, ...]


def read_facts(folder: Path, overrides: Figures | None = None) -> Facts:
    """Read a folder of facts.

    Args:
        folder: See the module.
        overrides: Figures that go before those of `facts.yaml`.

    Raises:
        InputError: all that is missing or wrong.
    """
    problems: list[Problem] = []
    paths = [
        _the_one(folder, pattern, problems)
        for pattern in ("townships.csv", "adcode_*_all_levels.csv", "county_*_wgs84.geojson")
    ]
    figures = _figures(folder, overrides, problems)
    if problems:
        raise InputError(problems)
    towns = _rows(paths[0], ("code", "name", "lon_wgs84", "lat_wgs84"), problems)
    places = _rows(
        paths[1], ("code", "parent", "name", "level", "ur_code", "lon_gcj02", "lat_gcj02"), problems
    )
    outline = _outline(paths[2], problems)
    if problems:
        raise InputError(problems)
    lon, lat = _wgs84(places)
    county = [i for i, row in enumerate(places) if row["level"] == "county"]
    if len(county) != 1 or np.isnan(lon[county[0]]):
        problems.append(_problem(paths[1], "one row of level county, with its coordinates"))
        raise InputError(problems)
    villages: dict[str, list[Village]] = {row["code"]: [] for row in towns}
    for i, row in sorted(enumerate(places), key=lambda item: item[1]["code"]):
        # A dummy unit is a statistical placeholder where nobody lives.
        if row["level"] == "village" and row["parent"] in villages and row.get("dummy") != "t":
            villages[row["parent"]].append(
                Village(
                    code=row["code"],
                    name=row["name"],
                    ur_code=row["ur_code"],
                    lon_deg=float(lon[i]),
                    lat_deg=float(lat[i]),
                )
            )
    townships, notes = _with_seats(
        [
            Township(
                code=row["code"],
                name=row["name"],
                lon_deg=_degrees(row["lon_wgs84"]),
                lat_deg=_degrees(row["lat_wgs84"]),
                villages=tuple(villages[row["code"]]),
            )
            for row in sorted(towns, key=lambda row: row["code"])
        ],
        outline,
    )
    outside = [t.name for t in townships if not shapely.contains_xy(outline, t.lon_deg, t.lat_deg)]
    named = {n for area in figures.published_area_km2 for n in area.townships}
    if figures.census is not None:
        named |= {n for group in figures.census.groups for n in group.townships}
    strangers = named - {t.name for t in townships}
    if strangers:
        problems.append(
            Problem(
                where="facts.yaml",
                value="、".join(sorted(strangers)),
                expected="names of towns in {towns}",
                params={"towns": paths[0].name},
            )
        )
    if outside or not townships:
        problems.append(
            _problem(paths[0], "town seats inside the county's outline", "、".join(outside))
        )
    if problems:
        raise InputError(problems)
    return Facts(
        name=figures.name or places[county[0]]["name"],
        lon_deg=float(lon[county[0]]),
        lat_deg=float(lat[county[0]]),
        townships=townships,
        outline=outline,
        figures=figures,
        notes=notes,
    )


def _with_seats(
    towns: Sequence[Township], outline: Any
) -> tuple[tuple[Township, ...], tuple[str, ...]]:
    """Give each town-level unit a seat, merge it, or leave it out (SOURCES.md, step 1)."""
    seated = {t.code: t for t in towns if not np.isnan(t.lon_deg)}
    notes: list[str] = []
    for town in towns:
        if town.code in seated:
            continue
        known = [v for v in town.villages if shapely.contains_xy(outline, v.lon_deg, v.lat_deg)]
        hosts = [t for t in seated.values() if t.is_subdistrict and town.is_subdistrict]
        if known:
            seated[town.code] = replace(town, lon_deg=known[0].lon_deg, lat_deg=known[0].lat_deg)
            notes.append(f"{town.name} has no published seat: {known[0].name} stands for it.")
        elif hosts:
            host = min(hosts, key=lambda t: (abs(int(t.code) - int(town.code)), t.code))
            seated[host.code] = replace(host, villages=host.villages + town.villages)
            notes.append(
                f"{town.name} has no published place: its {len(town.villages)} village units "
                f"are counted in {host.name}."
            )
        else:
            notes.append(
                f"{town.name} has no published place: left out, with its "
                f"{len(town.villages)} village units."
            )
    return tuple(seated[code] for code in sorted(seated)), tuple(notes)


def _figures(folder: Path, overrides: Figures | None, problems: list[Problem]) -> Figures:
    figures = Figures()
    path = folder / "facts.yaml"
    if path.exists():
        document = read_yaml(path, path.name)
        try:
            figures = Figures.model_validate(document.data)
        except ValidationError as error:
            problems.extend(problems_of(error, document, path.name, Figures))
    if overrides is not None:
        given = {k: getattr(overrides, k) for k in overrides.model_fields_set}
        figures = figures.model_copy(update=given)
    return figures


def _the_one(folder: Path, pattern: str, problems: list[Problem]) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        problems.append(_problem(folder / pattern, "exactly one such file", str(len(found))))
        return folder / pattern
    return found[0]


def _rows(path: Path, columns: Iterable[str], problems: list[Problem]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [c for c in columns if c not in (reader.fieldnames or ())]
        rows = list(reader)
    if missing:
        problems.append(_problem(path, "these columns", ", ".join(missing)))
    elif not rows:
        problems.append(_problem(path, "at least one row"))
    return rows


def _outline(path: Path, problems: list[Problem]) -> Any:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    if len(features) != 1:
        problems.append(_problem(path, "one feature, the county's outline", str(len(features))))
        return None
    outline = shape(features[0]["geometry"])
    if not outline.is_valid or outline.geom_type not in ("Polygon", "MultiPolygon"):
        problems.append(_problem(path, "a valid polygon", outline.geom_type))
    return outline


def _wgs84(places: Sequence[dict[str, str]]) -> tuple[Any, Any]:
    lon = np.array([_degrees(row["lon_gcj02"]) for row in places])
    lat = np.array([_degrees(row["lat_gcj02"]) for row in places])
    known = ~np.isnan(lon)
    lon[known], lat[known] = to_wgs84(lon[known], lat[known], "GCJ02")
    return lon, lat


def _degrees(text: str) -> float:
    return float(text) if text else float("nan")


def _problem(path: Path, expected: str, value: str | None = None) -> Problem:
    return Problem(where=path.name, value=value, expected=expected)
