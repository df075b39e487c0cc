"""Minutes over the ground, for the maps of a run."""

from __future__ import annotations

from geo.isochrone_layers import isochrone_overlays
from geo.isochrones import MINUTES, Surface, travel_surface
from geo.webmap_scene import Overlay
from optimizer.errors import Translate
from optimizer.plan import Plan
from scenarios.county_area import county_area
from scenarios.load import LoadedCase


def surface_of(loaded: LoadedCase) -> Surface:
    """Minutes from the seats to the ground of the county, in the world of the case's scenario."""
    stations, rules = loaded.county.stations, loaded.policy.roads
    return travel_surface(
        loaded.router,
        stations.lon_deg,
        stations.lat_deg,
        area=county_area(loaded),
        walk_km_per_h=rules.walk_km_per_h if rules.count_walk_in else None,
        limit_min=max(MINUTES),
        split=loaded.split,
    )


def run_overlays(
    loaded: LoadedCase, plan: Plan, surface: Surface, translate: Translate
) -> tuple[Overlay, ...]:
    """What the interactive map of one run shows beside the scene itself."""
    return isochrone_overlays(loaded.county, plan, surface, translate)
