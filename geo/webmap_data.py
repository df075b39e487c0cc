"""Scenes of the interactive map as the JSON document that its page carries."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from geo.boundaries import thiessen
from geo.colouring import fills, lighter
from geo.jurisdictions import GeometryArray, centre_rows, duty_rows, fates
from geo.map_names import map_names
from geo.plane import as_geometry, plane_at
from geo.road_marks import COLOURS
from geo.webmap_scales import scales
from geo.webmap_scene import Overlay, WebScene
from geo.webmap_shapes import (
    Frame,
    arcs,
    frame_of,
    line_numbers,
    road_numbers,
    simplified_cells,
)
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan, current_plan

Json = dict[str, Any]
_FATES = {"stays": 0, "centre": 1, "police_office": 2}
_REASONS = {"bundle": 0, "road_duty": 1, "reassign": 2}
_CALM_FRACTION = 0.2
"""White in the fills: a screen shines where paper only reflects."""
_RIM_M = 1500.0
"""Round counties whose cells are points and that have no outline."""


def document(scenes: Sequence[WebScene], overlays: Sequence[Overlay] = ()) -> Json:
    """Everything the page draws and says, but for its own words.

    Scenes with the same cells or the same roads share one copy.

    Args:
        scenes: One per scenario, at least one.
        overlays: Layers from outside, the same for all scenes.
    """
    shapes = [_shapes(s) for s in scenes]
    frame = frame_of(
        *(s for s in shapes),
        *(as_geometry([s.outline]) for s in scenes if s.outline is not None),
        *(s.road_lines for s in scenes if s.road_lines is not None),
    )
    grounds, roads = _Shared(), _Shared()
    drawn = []
    for scene, cells in zip(scenes, shapes, strict=True):
        ground = grounds.row(_key(cells), lambda c=cells, s=scene: _ground(c, s, frame))
        network = roads.row(_road_key(scene), lambda s=scene: _roads(s, frame))
        drawn.append(_scene(scene, frame, ground, network))
    return {
        "frame": [frame.lon_deg, frame.lat_deg],
        "grounds": grounds.made,
        "roads": roads.made,
        "scales": scales(scenes),
        "scenes": drawn,
        "overlays": [_overlay(o, frame) for o in overlays],
    }


class _Shared:
    """What several scenes may have in common, made once per key."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self._row: dict[str, int] = {}

    def row(self, key: str, make: Any) -> int:
        if key not in self._row:
            self._row[key] = len(self.made)
            self.made.append(make())
        return self._row[key]


def _key(shapes: GeometryArray) -> str:
    found = hashlib.sha256()
    for wkb in shapely.to_wkb(shapes).tolist():
        found.update(wkb or b"-")
    return found.hexdigest()


def _road_key(scene: WebScene) -> str:
    if scene.road_lines is None:
        return ""
    managed = "|".join(sorted(scene.county.road_classes))
    return _key(scene.road_lines) + managed


def _shapes(scene: WebScene) -> GeometryArray:
    """Cell polygons; where cells are points, the ground nearest to each."""
    if scene.cell_geometry is not None:
        return scene.cell_geometry
    cells = scene.county.cells
    lon, lat = cells.lon_deg, cells.lat_deg
    outline = scene.outline
    if outline is None:
        plane = plane_at(lon, lat)
        hull = shapely.multipoints(plane.points(lon, lat)).convex_hull.buffer(_RIM_M)
        outline = plane.unproject(as_geometry([hull]))[0]
    _, first = np.unique(np.column_stack([lon, lat]).round(6), axis=0, return_index=True)
    first = np.sort(first)
    found: GeometryArray = np.full(len(cells), None, dtype=object)
    found[first] = thiessen(lon[first], lat[first], outline)
    return found


def _ground(shapes: GeometryArray, scene: WebScene, frame: Frame) -> Json:
    thin = simplified_cells(shapes)
    land = [] if scene.outline is None else _rings(scene.outline, frame)
    return {"cells": len(thin), "arcs": arcs(thin, frame), "land": land}


def _rings(area: Any, frame: Frame) -> list[list[int]]:
    thin = shapely.simplify(area, 3e-5)
    return line_numbers(shapely.get_rings(shapely.get_parts(as_geometry([thin]))), frame)


def _roads(scene: WebScene, frame: Frame) -> Json:
    """Roads that squads manage, and all others."""
    lines = scene.road_lines
    if lines is None or not len(lines):
        return {"managed": [], "other": []}
    managed = np.zeros(len(lines), bool)
    if scene.road_class_names is not None:
        managed = np.isin(np.array(scene.road_class_names, str), scene.county.road_classes)
    return {
        "managed": road_numbers(lines[managed], frame),
        "other": road_numbers(lines[~managed], frame),
    }


def _scene(scene: WebScene, frame: Frame, ground: int, roads: int) -> Json:
    county, plan, cells = scene.county, scene.plan, scene.county.cells
    centre = centre_rows(county, plan)
    township = {t.name: i for i, t in enumerate(scene.townships)}
    of_cell = np.array([township[t] for t in cells.township], dtype=np.int64)
    alerts = cells.alerts_per_year.sum(axis=1)
    return {
        "title": scene.title,
        "name": scene.name,
        "description": scene.description,
        "status": scene.status_line,
        "proven": scene.proven,
        "headline": [_trimmed(asdict(r)) for r in scene.headline],
        "provenance": scene.provenance_line,
        "attribution": scene.attribution,
        "points_only": scene.cell_geometry is None,
        "ground": ground,
        "roads": roads,
        "roads_modelled": county.origin_of("roads") == "modelled",
        "stations": _stations(scene, frame, centre),
        "places": _places(scene, frame),
        "moves": _moves(scene),
        "duties_today": _duties(scene, current_plan(county)),
        "duties": _duties(scene, plan),
        "cells": {
            "id": list(cells.cell_id),
            "station": cells.station.tolist(),
            "township": of_cell.tolist(),
            "today": _tenths(scene.cell_today_min),
            "plan": _tenths(scene.cell_plan_min),
            "alerts": _tenths(alerts),
            "km2": [round(float(a), 3) for a in cells.area_km2],
        },
        "townships": [
            {
                "name": t.name,
                "at": at,
                "today": _tenths([t.today_min])[0],
                "plan": _tenths([t.plan_min])[0],
                "alerts": round(t.alerts_per_year),
                "loses": t.loses,
                "loss": t.loss,
                "card": _card(t.card, scene),
            }
            for t, at in zip(scene.townships, _label_points(scene, of_cell, frame), strict=True)
        ],
        "marks": [
            {
                "kind": mark.kind,
                "colour": COLOURS[mark.kind],
                "text": text,
                "lines": road_numbers(shapely.get_parts(mark.lines), frame),
                "at": _at(mark.crosses[:, 0], mark.crosses[:, 1], frame),
            }
            for text, mark in scene.road_marks
        ],
    }


def _stations(scene: WebScene, frame: Frame, centre: IntArray) -> Json:
    county = scene.county
    stations, colour = county.stations, fills(county, scene.plan)
    strength = dict(scene.plan.strength)
    empty: Json = {}
    return {
        "id": list(stations.station_id),
        "name": list(stations.name),
        "short": list(map_names(county)),
        "at": _at(stations.lon_deg, stations.lat_deg, frame),
        "urban": stations.is_urban.astype(int).tolist(),
        "fate": [_FATES[f] for f in fates(county, scene.plan)],
        "centre": centre.tolist(),
        "officers": stations.officers.tolist(),
        "strength": [strength.get(s) for s in stations.station_id],
        "duty": duty_rows(county, scene.plan).tolist(),
        "fill_today": [lighter(c, white_fraction=_CALM_FRACTION) for c in colour.station],
        "fill_plan": [lighter(c, white_fraction=_CALM_FRACTION) for c in colour.plan],
        "cards": [
            _card(scene.station_cards[s], scene) if s in scene.station_cards else empty
            for s in stations.station_id
        ],
    }


def _places(scene: WebScene, frame: Frame) -> list[Json]:
    """Squads and, where officers come from or go to units, the offices these share."""
    county = scene.county
    squads, units = county.squads, county.units
    at = _at(squads.lon_deg, squads.lat_deg, frame)
    found: list[Json] = [
        {
            "kind": "squad",
            "name": name,
            "at": at[q],
            "officers": n,
            "ends": one in scene.plan.dissolved_squad_ids,
        }
        for q, (one, name, n) in enumerate(
            zip(squads.squad_id, squads.name, squads.officers.tolist(), strict=True)
        )
    ]
    seats = _at(county.stations.lon_deg, county.stations.lat_deg, frame)
    for row in np.unique(units.station).tolist():
        names = [n for n, s in zip(units.name, units.station.tolist(), strict=True) if s == row]
        found.append({"kind": "units", "names": names, "at": seats[row]})
    return found


def _node_rows(scene: WebScene) -> dict[str, list[int]]:
    """Where each unit is drawn: (0, station row), or (1, row of `places`)."""
    county = scene.county
    found = {s: [0, i] for i, s in enumerate(county.stations.station_id)}
    found |= {q: [1, i] for i, q in enumerate(county.squads.squad_id)}
    offices = np.unique(county.units.station).tolist()
    for unit, row in zip(county.units.unit_id, county.units.station.tolist(), strict=True):
        found[unit] = [1, len(county.squads) + offices.index(row)]
    return found


def _moves(scene: WebScene) -> list[list[int]]:
    """Flows between places: from, to, officers, reason; moves that share all but names add up."""
    node = _node_rows(scene)
    flows: dict[tuple[int, ...], int] = {}
    for move in scene.plan.moves:
        key = (*node[move.from_id], *node[move.to_id], _REASONS[move.reason])
        flows[key] = flows.get(key, 0) + move.officers
    return [
        [*key[:4], n, key[4]]
        for key, n in sorted(flows.items(), key=lambda kv: (kv[0][4], -kv[1], kv[0]))
        if key[:2] != key[2:4]
    ]


def _duties(scene: WebScene, plan: Plan) -> list[list[int]]:
    """Row of the station whose roads are meant, and the place that manages them."""
    node, row = _node_rows(scene), scene.county.stations.index()
    return [[row[d.station_id], *node[d.duty_id]] for d in plan.road_duties]


def _label_points(scene: WebScene, of_cell: IntArray, frame: Frame) -> list[list[int]]:
    """The cell nearest to the middle of each township: a number there is on its ground."""
    cells = scene.county.cells
    place = np.column_stack([cells.lon_deg, cells.lat_deg])
    found = []
    for t in range(len(scene.townships)):
        own = place[of_cell == t]
        if not len(own):
            found.append([0, 0])
            continue
        away = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
        found.append(frame.numbers(own[int(away.argmin())])[0].tolist())
    return found


def _card(card: Any, scene: WebScene) -> Json:
    row = scene.county.stations.index()
    told = asdict(card)
    told["rows"] = [_trimmed(r) for r in told["rows"]]
    told["stations"] = [row[s] for s in card.stations]
    return _trimmed(told)


def _trimmed(values: Json) -> Json:
    return {k: v for k, v in values.items() if v not in ("", (), [])}


def _overlay(overlay: Overlay, frame: Frame) -> Json:
    features = []
    for shape, label in overlay.features:
        if overlay.kind == "points":
            numbers = [frame.numbers(shapely.get_coordinates(shape)).ravel().tolist()]
        else:
            parts = shapely.get_parts(as_geometry([shape]))
            lines = parts if overlay.kind == "lines" else shapely.get_rings(parts)
            numbers = line_numbers(lines, frame)
        features.append({"label": label, "at": numbers})
    made = {"name": overlay.name, "kind": overlay.kind, "features": features}
    return {**made, "shade": True} if overlay.is_shade else made


def _at(lon_deg: FloatArray, lat_deg: FloatArray, frame: Frame) -> list[list[int]]:
    places: list[list[int]] = frame.numbers(np.column_stack([lon_deg, lat_deg])).tolist()
    return places


def _tenths(values: Any) -> list[int | None]:
    """Tenths as whole numbers; None where there is no number."""
    return [round(v * 10.0) if math.isfinite(v) else None for v in np.asarray(values).tolist()]
