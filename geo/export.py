"""A plan as one GeoPackage whose layers open in QGIS: who is responsible where, today and then.

Names come through as the planner wrote them (nothing in a GeoPackage is run); unreachable minutes
are empty. Two runs on the same plan write the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.barrier_layers import barrier_layers
from geo.barriers import Barriers
from geo.gpkg import Layer, multipolygons, plain_column, write_layers
from geo.isochrone_layers import isochrone_layers
from geo.isochrones import Surface
from geo.jurisdictions import GeometryArray, centre_rows, dissolve, duty_rows, fates
from geo.plan_styles import plan_styles
from geo.road_change_layer import road_changes_layer
from geo.road_marks import RoadMark
from optimizer.county import GIVEN, County, Provenance
from optimizer.errors import Translate, untranslated
from optimizer.frozen import FloatArray
from optimizer.plan import Plan

DataTable = pd.DataFrame | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]
"""A table of plain columns, or of plain rows."""

_SNAP_DEG = 1e-7
"""About a centimetre: borders that differ by less are one border."""
_FATE_LABELS = {
    "centre": "Centre station",
    "police_office": "Police office",
    "stays": "Station that stays",
}
_REASON_LABELS = {
    "bundle": "To the own centre station",
    "road_duty": "From a dissolved squad, with the roads",
    "reassign": "To where the work is",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Subject:
    """What every layer is made from."""

    county: County
    plan: Plan
    cells: GeometryArray | None
    turnout_min: float
    translate: Translate

    def areas(self, group: Any, n: int) -> tuple[GeometryArray, str]:
        """Shapes of groups of cells, and their kind: areas, or points where cells have no shape."""
        if self.cells is not None:
            joined = dissolve(self.cells, group, n, grid=_SNAP_DEG)
            return multipolygons(joined), "MultiPolygon"
        cells = self.county.cells
        points = np.column_stack([cells.lon_deg, cells.lat_deg])
        found: GeometryArray = np.full(n, None, dtype=object)
        for k in np.unique(group).tolist():
            found[k] = shapely.multipoints(points[group == k])
        return found, "MultiPoint"


def write_plan_gpkg(
    path: Path,
    county: County,
    plan: Plan,
    *,
    turnout_min: float,
    cell_geometry: GeometryArray | None = None,
    road_lines: GeometryArray | None = None,
    road_class_names: Sequence[str] | None = None,
    station_table: DataTable | None = None,
    bundle_table: DataTable | None = None,
    township_tables: tuple[DataTable, DataTable] | None = None,
    reach: Surface | None = None,
    road_marks: Sequence[RoadMark] = (),
    barriers: Barriers | None = None,
    attribution: str = "",
    translate: Translate = untranslated,
) -> tuple[str, ...]:
    """Write `plan` and today's deployment as layers of one GeoPackage (EPSG:4326), atomically.

    Layers: `jurisdictions_today`, `jurisdictions_plan`, `stations`, `cells`, `bundle_links`,
    `moves`, `road_duties`, `roads`, `road_changes`, `barriers`, `crossings`, `townships`,
    `isochrones_today` and `isochrones_plan` where `reach` is given, and the table
    `provenance`. A layer without content is written empty, so that a QGIS project finds it. QGIS
    finds their styles in the table `layer_styles`.

    Args:
        path: The file, replaced where it exists.
        county: The county.
        plan: The plan.
        turnout_min: Minutes from alert to wheels rolling, part of every response.
        cell_geometry: Polygons of the cells in WGS84, shape (C,); None where cells are points
            (areas are then the points of their cells).
        road_lines: LineStrings in WGS84, one for each street.
        road_class_names: Class of each of them.
        station_table: More columns for `jurisdictions_today`, by `station_id`.
        bundle_table: More columns for `jurisdictions_plan`, by `centre_id`.
        township_tables: Columns for `townships`, today and under the plan, by `township`; numbers
            that both have also get a column `…_change`.
        reach: Minutes from every station.
        road_marks: What the scenario changes on the roads.
        barriers: What parts neighbours.
        attribution: Whose data it is; in the metadata of the file and the last row of
            `provenance`.
        translate: English to the language of labels and layer titles.

    Returns:
        Names of the layers, in order.

    Raises:
        InputError: the file cannot be written.
    """
    cells = None if cell_geometry is None else shapely.force_2d(cell_geometry)
    subject = _Subject(
        county=county, plan=plan, cells=cells, turnout_min=turnout_min, translate=translate
    )
    layers = [
        _jurisdictions_today(subject, station_table),
        _jurisdictions_plan(subject, bundle_table),
        _stations(subject),
        _cells(subject),
        _bundle_links(subject),
        _moves(subject),
        _road_duties(subject),
        _roads(subject, road_lines, road_class_names),
        road_changes_layer(road_marks, translate),
        *barrier_layers(barriers or Barriers.none(), translate),
        _townships(subject, township_tables),
        _provenance(subject, attribution),
    ]
    styles = plan_styles(county, plan, {la.name: la.kind for la in layers}, translate)
    if township_tables is None:
        del styles["townships"]  # no response to colour them by
    styled = [replace(layer, style=styles.get(layer.name, layer.style)) for layer in layers]
    if reach is not None:
        styled[-1:-1] = isochrone_layers(county, plan, reach, translate)
    write_layers(path, styled, translate, attribution=attribution)
    return tuple(layer.name for layer in styled)


def _jurisdictions_today(subject: _Subject, table: DataTable | None) -> Layer:
    county = subject.county
    stations, cells = county.stations, county.cells
    shapes, kind = subject.areas(cells.station, len(stations))
    columns = {
        "station_id": list(stations.station_id),
        "name": list(stations.name),
        "kind": _station_kinds(county),
        "officers": stations.officers,
        "authorised_officers": stations.authorised_officers,
        "auxiliaries": stations.auxiliaries,
        "population": _sums(cells.station, cells.population, len(stations)),
        "alerts_per_year": _sums(cells.station, cells.alerts_per_year.sum(axis=1), len(stations)),
    }
    return Layer(
        name="jurisdictions_today",
        title="Jurisdictions today",
        columns=_joined(columns, "station_id", table),
        geometry=shapes,
        kind=kind,
    )


def _jurisdictions_plan(subject: _Subject, table: DataTable | None) -> Layer:
    county, plan = subject.county, subject.plan
    stations, cells = county.stations, county.cells
    row = stations.index()
    number = {b.centre_id: k for k, b in enumerate(plan.bundles)}
    of_station = np.array([number[plan.centre_of()[s]] for s in stations.station_id])
    group = of_station[cells.station]
    shapes, kind = subject.areas(group, len(plan.bundles))
    strength = dict(plan.strength)
    columns = {
        "centre_id": [b.centre_id for b in plan.bundles],
        "centre_name": [stations.name[row[b.centre_id]] for b in plan.bundles],
        "station_ids": [b.station_ids for b in plan.bundles],
        "station_names": [
            tuple(stations.name[row[s]] for s in b.station_ids) for b in plan.bundles
        ],
        "n_stations": [len(b.station_ids) for b in plan.bundles],
        "officers_before": [
            int(stations.officers[[row[s] for s in b.station_ids]].sum()) for b in plan.bundles
        ],
        "officers_after": _counts(strength.get(b.centre_id) for b in plan.bundles),
        "population": _sums(group, cells.population, len(plan.bundles)),
        "alerts_per_year": _sums(group, cells.alerts_per_year.sum(axis=1), len(plan.bundles)),
    }
    return Layer(
        name="jurisdictions_plan",
        title="Jurisdictions under the plan",
        columns=_joined(columns, "centre_id", table),
        geometry=shapes,
        kind=kind,
    )


def _stations(subject: _Subject) -> Layer:
    county, plan = subject.county, subject.plan
    stations, t = county.stations, subject.translate
    centre, fate = centre_rows(county, plan), fates(county, plan)
    strength = dict(plan.strength)
    return Layer(
        name="stations",
        title="Stations and what becomes of each",
        columns={
            "station_id": list(stations.station_id),
            "name": list(stations.name),
            "kind": _station_kinds(county),
            "becomes": list(fate),
            "becomes_label": [t(_FATE_LABELS[f]) for f in fate],
            "centre_id": [stations.station_id[c] for c in centre],
            "centre_name": [stations.name[c] for c in centre],
            "is_duty_station": np.isin(np.arange(len(stations)), duty_rows(county, plan)),
            "has_window": stations.has_window,
            "officers_before": stations.officers,
            # The officers of a police office are counted at its centre station.
            "officers_after": _counts(strength.get(s) for s in stations.station_id),
        },
        geometry=shapely.points(stations.lon_deg, stations.lat_deg),
        kind="Point",
    )


def _cells(subject: _Subject) -> Layer:
    county = subject.county
    stations, cells = county.stations, county.cells
    centre = centre_rows(county, subject.plan)[cells.station]
    column = np.arange(len(cells))
    today_min = subject.turnout_min + county.travel_time_min[cells.station, column]
    plan_min = subject.turnout_min + county.travel_time_min[centre, column]
    if subject.cells is None:
        shapes, kind = shapely.points(cells.lon_deg, cells.lat_deg), "Point"
    else:
        shapes, kind = multipolygons(shapely.make_valid(subject.cells)), "MultiPolygon"
    return Layer(
        name="cells",
        title="Demand cells and their response",
        columns={
            "cell_id": list(cells.cell_id),
            "township": list(cells.township),
            "station_id_today": [stations.station_id[s] for s in cells.station],
            "station_today": [stations.name[s] for s in cells.station],
            "centre_id_plan": [stations.station_id[c] for c in centre],
            "centre_plan": [stations.name[c] for c in centre],
            "changes": centre != cells.station,
            "response_today_min": today_min,
            "response_plan_min": plan_min,
            "response_change_min": np.where(np.isfinite(plan_min), plan_min - today_min, np.nan),
            "population": cells.population,
            "alerts_per_year": cells.alerts_per_year.sum(axis=1),
        },
        geometry=shapes,
        kind=kind,
    )


def _bundle_links(subject: _Subject) -> Layer:
    county, plan = subject.county, subject.plan
    stations, row = county.stations, county.stations.index()
    links = [(row[b.centre_id], row[o]) for b in plan.bundles for o in b.office_ids]
    seat = np.column_stack([stations.lon_deg, stations.lat_deg])
    return Layer(
        name="bundle_links",
        title="Centre stations and their police offices",
        columns={
            "centre_id": [stations.station_id[c] for c, _ in links],
            "centre_name": [stations.name[c] for c, _ in links],
            "office_id": [stations.station_id[o] for _, o in links],
            "office_name": [stations.name[o] for _, o in links],
            "travel_min": np.array([county.station_time_min[c, o] for c, o in links], float),
        },
        geometry=_ways([(seat[c], seat[o]) for c, o in links]),
        kind="LineString",
    )


def _moves(subject: _Subject) -> Layer:
    moves, t = subject.plan.moves, subject.translate
    name, place = _unit_names(subject.county), _unit_places(subject.county)
    return Layer(
        name="moves",
        title="Officers who change unit",
        columns={
            "from_id": [m.from_id for m in moves],
            "from_name": [name[m.from_id] for m in moves],
            "to_id": [m.to_id for m in moves],
            "to_name": [name[m.to_id] for m in moves],
            "officers": np.array([m.officers for m in moves], np.int64),
            "reason": [m.reason for m in moves],
            "reason_label": [t(_REASON_LABELS[m.reason]) for m in moves],
        },
        geometry=_ways([(place[m.from_id], place[m.to_id]) for m in moves]),
        kind="LineString",
    )


def _road_duties(subject: _Subject) -> Layer:
    county, duties = subject.county, subject.plan.road_duties
    stations, squads, row = county.stations, county.squads, county.stations.index()
    name = _unit_names(county)
    squad_of = {
        s: q for q, area in zip(squads.squad_id, squads.stations, strict=True) for s in area
    }
    rows = np.array([row[d.station_id] for d in duties], dtype=np.int64)
    shapes, kind = subject.areas(county.cells.station, len(stations))
    assert county.duty_road_km is not None
    per_class = {
        f"road_km_{label}": county.duty_road_km[rows, k]
        for k, label in enumerate(county.road_classes)
    }
    before = [squad_of.get(d.station_id) for d in duties]
    return Layer(
        name="road_duties",
        title="Who manages the roads of each jurisdiction",
        columns={
            "station_id": [d.station_id for d in duties],
            "station_name": [name[d.station_id] for d in duties],
            "squad_id_today": before,
            "squad_today": [None if q is None else name[q] for q in before],
            "duty_id": [d.duty_id for d in duties],
            "duty_name": [name[d.duty_id] for d in duties],
            "changes": [d.duty_id != q for d, q in zip(duties, before, strict=True)],
            "road_km": county.duty_road_km[rows].sum(axis=1),
            **per_class,
        },
        geometry=shapes[rows],
        kind=kind,
    )


def _roads(
    subject: _Subject, lines: GeometryArray | None, class_names: Sequence[str] | None
) -> Layer:
    given = np.zeros(0, dtype=object) if lines is None else shapely.force_2d(lines)
    labels = [None] * len(given) if class_names is None else list(class_names)
    managed = set(subject.county.road_classes)
    return Layer(
        name="roads",
        title="Roads",
        columns={
            "road_class": labels,
            "managed": np.array([label in managed for label in labels], np.bool_),
            "origin": [subject.county.origin_of("roads")] * len(given),
        },
        geometry=given,
        kind="LineString",
    )


def _townships(subject: _Subject, tables: tuple[DataTable, DataTable] | None) -> Layer:
    cells = subject.county.cells
    names, group = np.unique(np.array(cells.township, dtype=object), return_inverse=True)
    shapes, kind = subject.areas(group, len(names))
    columns: dict[str, Any] = {
        "township": names.tolist(),
        "population": _sums(group, cells.population, len(names)),
        "alerts_per_year": _sums(group, cells.alerts_per_year.sum(axis=1), len(names)),
    }
    today, then = (_by_key(t, "township", names.tolist()) for t in tables or ({}, {}))
    for column in [c for c in today if c not in columns]:
        columns[f"{column}_today"] = today[column]
        if column in then:
            columns[f"{column}_plan"] = then[column]
            both = (pd.Series(today[column]), pd.Series(then[column]))
            if all(pd.api.types.is_numeric_dtype(s) and s.dtype != bool for s in both):
                columns[f"{column}_change"] = (both[1] - both[0]).to_numpy()
    return Layer(
        name="townships",
        title="Townships, today and under the plan",
        columns=columns,
        geometry=shapes,
        kind=kind,
    )


def _provenance(subject: _Subject, attribution: str) -> Layer:
    entries, t = subject.county.provenance, subject.translate
    if attribution:
        entries += (Provenance(item="attribution", origin=GIVEN, note=attribution),)
    return Layer(
        name="provenance",
        title="What is given and what is modelled",
        columns={
            "item": [e.item for e in entries],
            "origin": [e.origin for e in entries],
            "origin_label": [t(e.origin) for e in entries],
            "note": [e.note for e in entries],
        },
        geometry=None,
        kind=None,
    )


def _joined(columns: dict[str, Any], key: str, table: DataTable | None) -> dict[str, Any]:
    """`columns` and those of `table` that they lack, matched by `key`."""
    more = {} if table is None else _by_key(table, key, columns[key])
    return {**columns, **{k: v for k, v in more.items() if k not in columns and k != key}}


def _by_key(table: DataTable, key: str, wanted: Sequence[str]) -> dict[str, Any]:
    """Columns of `table` in the order of `wanted`; empty where it has no such row."""
    frame = pd.DataFrame(table)
    if frame.empty:
        return {}
    ordered = frame.set_index(key).reindex(list(wanted))
    return {str(c): plain_column(ordered[c].tolist()) for c in ordered.columns}


def _counts(values: Iterable[int | None]) -> Any:
    return pd.array(list(values), dtype="Int64")


def _sums(group: Any, amount: FloatArray, n: int) -> FloatArray:
    return np.bincount(group, weights=amount, minlength=n).astype(np.float64)


def _ways(ends: Sequence[tuple[Any, Any]]) -> GeometryArray:
    """Straight lines; None where both ends are one place."""
    found: GeometryArray = np.full(len(ends), None, dtype=object)
    for i, (start, end) in enumerate(ends):
        if tuple(start) != tuple(end):
            found[i] = shapely.linestrings([tuple(start), tuple(end)])
    return found


def _station_kinds(county: County) -> list[str]:
    return ["urban" if u else "rural" for u in county.stations.is_urban.tolist()]


def _unit_names(county: County) -> dict[str, str]:
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    return {i: n for ids, names in tables for i, n in zip(ids, names, strict=True)}


def _unit_places(county: County) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of each unit; a functional unit is at the station near its seat."""
    stations, squads, units = county.stations, county.squads, county.units
    seat = list(zip(stations.lon_deg.tolist(), stations.lat_deg.tolist(), strict=True))
    found = dict(zip(stations.station_id, seat, strict=True))
    squad_seats = zip(squads.lon_deg.tolist(), squads.lat_deg.tolist(), strict=True)
    found |= dict(zip(squads.squad_id, squad_seats, strict=True))
    return found | {u: seat[s] for u, s in zip(units.unit_id, units.station.tolist(), strict=True)}
