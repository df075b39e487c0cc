"""Make a case from a county's published facts, by the recipe of dianjiang/SOURCES.md.

    python -m scenarios.cases.recipe FACTS_DIR OUT_DIR

The same facts give the same bytes. Whatever the facts do not publish is modelled from
`assumptions.py` and labelled so in the case's provenance.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from optimizer.errors import InputError
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.cases import assumptions as given
from scenarios.cases.apportion import (
    Strength,
    alerts_per_year,
    nearest,
    place_of,
    residents,
    strength,
)
from scenarios.cases.assumptions import Place
from scenarios.cases.case_file import case_yaml
from scenarios.cases.facts import Facts, Figures, Township, Village, read_facts
from scenarios.cases.squad_areas import grow_areas
from scenarios.cases.tessellation import (
    DECIMALS,
    LocalPlane,
    neighbours,
    plane_of,
    township_areas,
    village_cells,
    village_sites,
)

_NUMBERS = (
    "registered_population",
    "officers_in_post",
    "officers_authorised",
    "alerts_per_year",
    "rural_squads",
)
_SUFFIXES = ("街道办事处", "街道", "管理区", "管理处", "镇", "乡")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A demand cell: one village-level unit.

    Attributes:
        town: Row of its township.
        village: The unit, with the place used for it.
        place: Where it lies.
        is_placed: Its place is published, not modelled.
        area: Polygon in WGS84 degrees.
        residents: Registered residents.
    """

    town: int
    village: Village
    place: Place
    is_placed: bool
    area: Any
    residents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A county made by the recipe. S stations (one per township), C cells, K categories."""

    facts: Facts
    plane: LocalPlane
    township_areas: tuple[Any, ...]
    is_urban: BoolArray
    cells: tuple[Cell, ...]
    alerts: FloatArray
    squad_areas: tuple[tuple[int, ...], ...]
    squad_seats: tuple[int, ...]
    strength: Strength

    @property
    def station_residents(self) -> IntArray:
        """Registered residents of each jurisdiction, shape (S,)."""
        town = [c.town for c in self.cells]
        people = np.array([c.residents for c in self.cells], float)
        return np.bincount(town, people, len(self.is_urban)).astype(np.int64)


def model(facts: Facts) -> Model:
    """Steps 1 to 8 of the recipe.

    Raises:
        ValueError: too few officers for the floors of stations and squads.
    """
    towns, figures, plane = facts.townships, facts.figures, plane_of(facts.outline)
    seats_deg = np.array([[t.lon_deg, t.lat_deg] for t in towns])
    seats_km = plane.km(seats_deg)
    county_km = plane.km(np.array([[facts.lon_deg, facts.lat_deg]]))[0]
    near = np.hypot(*(seats_km - county_km).T) <= given.COUNTY_TOWN_RADIUS_KM
    is_urban = near | np.array([t.is_subdistrict for t in towns])
    areas = township_areas(plane, facts.outline, seats_deg)
    cells = _cells(plane, towns, areas, is_urban, residents(figures, towns))
    people = np.array([c.residents for c in cells], np.int64)
    total = figures.alerts_per_year
    if total is None:
        total = nearest(people.sum() * given.ALERTS_PER_RESIDENT)
    alerts = alerts_per_year(total, people, [c.place for c in cells])

    town_people = np.bincount([c.town for c in cells], people, len(towns)).astype(np.int64)
    rural = np.flatnonzero(~is_urban)
    n_squads = figures.rural_squads
    if n_squads is None:
        n_squads = nearest(len(rural) * given.SQUADS_PER_RURAL_STATION)
    local = {int(r): i for i, r in enumerate(rural)}
    town_areas = [shapely.coverage_union_all([c.area for c in cells if c.town == t])
                  for t in range(len(towns))]  # fmt: skip
    pairs = [(local[i], local[j]) for i, j in neighbours(town_areas) if i in local and j in local]
    grown = grow_areas(seats_km[rural], town_people[rural], pairs, county_km, n_squads)
    squad_areas = tuple(tuple(int(rural[i]) for i in area) for area in grown)
    officers = figures.officers_in_post
    if officers is None:
        officers = nearest(people.sum() * given.OFFICERS_PER_RESIDENT)
    authorised = figures.officers_authorised
    if authorised is None:
        authorised = nearest(officers * given.AUTHORISED_PER_OFFICER)
    return Model(
        facts=facts,
        plane=plane,
        township_areas=tuple(town_areas),
        is_urban=is_urban,
        cells=tuple(cells),
        alerts=alerts,
        squad_areas=squad_areas,
        squad_seats=tuple(max(a, key=lambda t: (town_people[t], -t)) for a in squad_areas),
        strength=strength(
            officers,
            authorised,
            is_urban,
            town_people,
            np.array([town_people[list(a)].sum() for a in squad_areas], np.int64),
            alerts.sum(axis=0),
        ),
    )


def files(made: Model) -> dict[str, bytes]:
    """Contents of every file of the case, by name."""
    return {
        "boundary.geojson": _geojson(
            [({"name": made.facts.name}, shapely.coverage_union_all(list(made.township_areas)))]
        ),
        "case.yaml": case_yaml(
            made.facts,
            n_rural=int((~made.is_urban).sum()),
            officers=_officers(made),
            n_placed=sum(c.is_placed for c in made.cells),
        ),
        "cells.geojson": _cells_file(made),
        "squads.csv": _squads_file(made),
        "stations.csv": _stations_file(made),
        "units.csv": _units_file(made),
    }


def write_case(facts_dir: Path, out_dir: Path, overrides: Figures | None = None) -> Model:
    """Read the facts, make the case and write its files into `out_dir`.

    Raises:
        InputError: the facts are incomplete or wrong.
    """
    made = model(read_facts(facts_dir, overrides))
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, content in files(made).items():
        (out_dir / name).write_bytes(content)
    return made


def summary(made: Model) -> str:
    """Totals, notes and the check of the modelled areas against published ones."""
    f = made.facts
    lines = [
        f"{f.name}: {len(f.townships)} stations ({int(made.is_urban.sum())} urban), "
        f"{len(made.cells)} cells ({sum(c.is_placed for c in made.cells)} at a published place), "
        f"{len(made.squad_areas)} squads",
        f"residents {int(made.station_residents.sum())}, alerts {made.alerts.sum():.1f} a year, "
        f"officers {_officers(made)}: stations {int(made.strength.stations.sum())}, "
        f"squads {int(made.strength.squads.sum())}, units {int(made.strength.units.sum())}",
        *f.notes,
    ]
    errors = []
    row = {t.name: i for i, t in enumerate(f.townships)}
    for known in f.figures.published_area_km2:
        areas = [made.township_areas[row[n]] for n in known.townships]
        modelled = float(made.plane.area_km2(areas).sum())
        errors.append(abs(modelled / known.area_km2 - 1.0))
        names = "+".join(known.townships)
        lines.append(f"area {names}: modelled {modelled:.1f} km2, published {known.area_km2:g}")
    if errors:
        lines.append(f"mean absolute area error {np.mean(errors):.0%} of {len(errors)} areas")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(description="Make a case from a county's published facts.")
    parser.add_argument("facts_dir", type=Path, help="folder with the facts")
    parser.add_argument("out_dir", type=Path, help="folder that gets the case")
    parser.add_argument("--name", help="the county's name")
    for option in _NUMBERS:
        parser.add_argument("--" + option.replace("_", "-"), type=int)
    asked = vars(parser.parse_args(arguments))
    chosen = {k: asked[k] for k in ("name", *_NUMBERS) if asked[k] is not None}
    try:
        made = write_case(asked["facts_dir"], asked["out_dir"], Figures(**chosen))
    except (InputError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(made))
    return 0


def _cells(
    plane: LocalPlane,
    towns: Sequence[Township],
    areas: Sequence[Any],
    is_urban: BoolArray,
    people: Sequence[IntArray],
) -> list[Cell]:
    """Step 3: published places where they fit, the others settled around the seat."""
    sites: list[FloatArray] = []
    placed: list[BoolArray] = []
    for town, area in zip(towns, areas, strict=True):
        at = np.array([[v.lon_deg, v.lat_deg] for v in town.villages]).round(DECIMALS)
        # A published point outside its township's modelled area may be a namesake elsewhere.
        known = shapely.contains_xy(area, at[:, 0], at[:, 1])
        free = sorted(np.flatnonzero(~known), key=lambda i: (town.villages[i].ur_code, i))
        seat = np.array([town.lon_deg, town.lat_deg])
        at[free] = village_sites(plane, area, seat, at[known], len(free))
        sites.append(at)
        placed.append(known)
    found = []
    for t, polygons in enumerate(village_cells(plane, areas, sites)):
        for i, (village, polygon) in enumerate(zip(towns[t].villages, polygons, strict=True)):
            found.append(
                Cell(
                    town=t,
                    village=Village(
                        code=village.code,
                        name=village.name,
                        ur_code=village.ur_code,
                        lon_deg=float(sites[t][i, 0]),
                        lat_deg=float(sites[t][i, 1]),
                    ),
                    place=place_of(village, in_county_town=bool(is_urban[t])),
                    is_placed=bool(placed[t][i]),
                    area=polygon,
                    residents=int(people[t][i]),
                )
            )
    return found


def _officers(made: Model) -> int:
    s = made.strength
    return int(s.stations.sum() + s.squads.sum() + s.units.sum())


def _short(township: str) -> str:
    for suffix in _SUFFIXES:
        if township.endswith(suffix) and len(township) >= len(suffix) + 2:
            return township.removesuffix(suffix)
    return township


def _station_id(town: Township) -> str:
    return "S" + town.code[6:9]


def _stations_file(made: Model) -> bytes:
    s = made.strength
    columns = zip(
        made.facts.townships,
        made.is_urban.tolist(),
        s.stations.tolist(),
        s.stations_authorised.tolist(),
        s.auxiliaries.tolist(),
        s.max_officers.tolist(),
        strict=True,
    )
    return _csv(
        ("station_id", "name", "lon", "lat", "kind", "officers", "authorised_officers",
         "auxiliaries", "can_bundle", "can_host", "max_officers", "has_window"),
        [
            (_station_id(t), _short(t.name) + "派出所", t.lon_deg, t.lat_deg,
             "urban" if urban else "rural", officers, authorised, auxiliaries,
             "yes", "yes", room, "yes")
            for t, urban, officers, authorised, auxiliaries, room in columns
        ],
    )  # fmt: skip


def _squads_file(made: Model) -> bytes:
    towns = made.facts.townships
    rows = []
    for q, (area, seat) in enumerate(zip(made.squad_areas, made.squad_seats, strict=True)):
        rows.append(
            (
                f"Q{q + 1:02d}",
                _short(towns[seat].name) + "交巡警中队",
                towns[seat].lon_deg,
                towns[seat].lat_deg,
                int(made.strength.squads[q]),
                ";".join(_station_id(towns[t]) for t in area),
            )
        )
    return _csv(("squad_id", "name", "lon", "lat", "officers", "stations"), rows)


def _units_file(made: Model) -> bytes:
    s, rows = made.strength, []
    columns = zip(
        given.UNITS,
        s.units.tolist(),
        s.units_authorised.tolist(),
        s.units_required.tolist(),
        strict=True,
    )
    for (unit_id, name, kind, _, work), officers, authorised, required in columns:
        may_move = "no" if work is None else "yes"
        at = (round(made.facts.lon_deg, DECIMALS), round(made.facts.lat_deg, DECIMALS))
        rows.append((unit_id, name, kind, *at, officers, authorised, required, may_move, may_move))
    header = ("unit_id", "name", "kind", "lon", "lat", "officers", "authorised_officers",
              "required_officers", "can_give", "can_receive")  # fmt: skip
    return _csv(header, rows)


def _cells_file(made: Model) -> bytes:
    towns, features = made.facts.townships, []
    for cell, alerts in zip(made.cells, made.alerts.tolist(), strict=True):
        properties: dict[str, object] = {
            "cell_id": "C" + cell.village.code[6:],
            "name": cell.village.name,
            "station_id": _station_id(towns[cell.town]),
            "township": towns[cell.town].name,
            "kind": "urban" if cell.place == "county_town" else "rural",
            "lon": cell.village.lon_deg,
            "lat": cell.village.lat_deg,
            "population": cell.residents,
        }
        for category, rate in zip(given.CATEGORY_SHARE, alerts, strict=True):
            properties[f"alerts_per_year_{category}"] = rate
        features.append((properties, cell.area))
    return _geojson(features)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _geojson(features: Iterable[tuple[Mapping[str, object], Any]]) -> bytes:
    """RFC 7946: WGS84, counterclockwise shells; one feature per line."""
    lines = []
    for properties, area in features:
        geometry = shapely.orient_polygons(shapely.normalize(area))
        feature = {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(shapely.to_geojson(geometry)),
        }
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n'.encode()


if __name__ == "__main__":
    sys.exit(main())
