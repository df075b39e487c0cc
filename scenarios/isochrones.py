"""Minutes over the ground, for the maps of a run."""

from __future__ import annotations

import shapely

from geo.boundaries import union
from geo.isochrone_layers import isochrone_overlays
from geo.isochrones import MINUTES, Surface, travel_surface
from geo.plane import as_geometry, plane_at
from geo.webmap_scene import Overlay
from optimizer.errors import Translate
from optimizer.plan import Plan
from scenarios.load import LoadedCase

_RIM_M = 1500.0
"""Ground round counties whose cells are points and that have no outline."""


def surface_of(loaded: LoadedCase) -> Surface:
    """Minutes from the seats to the ground of the county, in the world of the case's scenario."""
    stations, cells, rules = loaded.county.stations, loaded.county.cells, loaded.policy.roads
    area = loaded.outline
    if area is None and loaded.cell_geometry is not None:
        area = union(loaded.cell_geometry)
    if area is None:
        plane = plane_at(cells.lon_deg, cells.lat_deg)
        places = shapely.multipoints(plane.points(cells.lon_deg, cells.lat_deg))
        area = plane.unproject(as_geometry([places.convex_hull.buffer(_RIM_M)]))[0]
    return travel_surface(
        loaded.router,
        stations.lon_deg,
        stations.lat_deg,
        area=area,
        walk_km_per_h=rules.walk_km_per_h if rules.count_walk_in else None,
        limit_min=max(MINUTES),
        split=loaded.split,
    )


def run_overlays(
    loaded: LoadedCase, plan: Plan, surface: Surface, translate: Translate
) -> tuple[Overlay, ...]:
    """What the interactive map of one run shows beside the scene itself."""
    return isochrone_overlays(loaded.county, plan, surface, translate)
