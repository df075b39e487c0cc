"""Shapes and plans for tests of maps and layers, on the counties of tests/toy.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from geo.jurisdictions import GeometryArray
from optimizer.county import County
from optimizer.plan import Bundle, Move, Plan, RoadDuty


def cell_polygons(county: County) -> GeometryArray:
    """Thiessen polygons of the county's cells, clipped to a box round them."""
    points = shapely.points(county.cells.lon_deg, county.cells.lat_deg)
    box = shapely.box(*shapely.total_bounds(points)).buffer(0.02)
    regions = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=box)
    )
    owner, region = shapely.STRtree(regions).query(points, predicate="within")
    found: GeometryArray = np.full(len(points), None, dtype=object)
    found[owner] = shapely.intersection(regions[region], box)
    return found


def plan_of(
    county: County,
    groups: Mapping[str, Sequence[str]],
    *,
    dissolve: bool = False,
    moves: Sequence[Move] = (),
) -> Plan:
    """Bundles by centre as given, all other stations alone; squads dissolved or in place."""
    bundled = {s for members in groups.values() for s in members}
    bundles = [
        Bundle(centre_id=c, station_ids=tuple(sorted(members))) for c, members in groups.items()
    ]
    bundles += [
        Bundle(centre_id=s, station_ids=(s,))
        for s in county.stations.station_id
        if s not in bundled
    ]
    centre = {s: b.centre_id for b in bundles for s in b.station_ids}
    squads = county.squads
    duties = [
        RoadDuty(station_id=s, duty_id=centre[s] if dissolve else q)
        for q, area in zip(squads.squad_id, squads.stations, strict=True)
        for s in area
    ]
    row = county.stations.index()
    strength = [
        (b.centre_id, int(county.stations.officers[[row[s] for s in b.station_ids]].sum()))
        for b in bundles
    ]
    return Plan(
        bundles=tuple(sorted(bundles)),
        road_duties=tuple(sorted(duties)),
        dissolved_squad_ids=tuple(sorted(squads.squad_id)) if dissolve else (),
        strength=tuple(sorted(strength)),
        moves=tuple(sorted(moves)),
    )
