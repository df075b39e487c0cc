"""Main roads of a case, street by street, with the minutes to them: for rules on coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.road_graph import RoadGraph
from geo.routing import Router, travel
from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.main_roads import HOURS, MainRoads
from optimizer.policy import Policy
from scenarios.road_assets import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """Streets of the managed classes.

    Attributes:
        station: Row of the station whose ground each is on, shape (K,).
        road_km: Its length, shape (K,).
        lon_deg, lat_deg: Its middle.
        router: The roads, ready to be driven.
        policy: Walking to the roads.
    """

    station: IntArray
    road_km: FloatArray
    lon_deg: FloatArray
    lat_deg: FloatArray
    router: Router
    policy: Policy

    def minutes(self, from_lon: FloatArray, from_lat: FloatArray) -> FloatArray:
        """Minutes from some places to the middle of each street, shape (F, K)."""
        if not len(self.lon_deg) or not len(from_lon):
            return np.zeros((len(from_lon), len(self.lon_deg)))
        return travel(
            None,
            from_lon,
            from_lat,
            self.lon_deg,
            self.lat_deg,
            walk_km_per_h=self.policy.roads.walk_km_per_h,
            count_walk_in=self.policy.roads.count_walk_in,
            index=self.router,
        ).travel_time_min


def streets_of(county: County, policy: Policy, network: RoadGraph, router: Router) -> Streets:
    """The streets that squads manage, each on the ground of the cell nearest to its middle."""
    classes = [network.class_names.index(c) for c in county.road_classes
               if c in network.class_names]  # fmt: skip
    street = np.flatnonzero(np.isin(network.street_class, classes))
    middle = shapely.line_interpolate_point(network.street_lines(street), 0.5, normalized=True)
    lon, lat = shapely.get_x(middle), shapely.get_y(middle)
    wide = np.cos(np.radians(float(county.cells.lat_deg.mean())))
    cells = shapely.STRtree(shapely.points(county.cells.lon_deg * wide, county.cells.lat_deg))
    nearest = cells.nearest(shapely.points(lon * wide, lat)) if len(street) else street
    return Streets(
        station=county.cells.station[np.asarray(nearest, dtype=np.int64)],
        road_km=network.street_km()[street],
        lon_deg=lon,
        lat_deg=lat,
        router=router,
        policy=policy,
    )


def with_main_roads(
    county: County,
    policy: Policy,
    network: RoadGraph,
    router: Router,
    checkpoints: Sequence[Checkpoint],
) -> County:
    """The county with its main roads, where `traffic.min_checkpoint_coverage` asks for them."""
    if policy.traffic.min_checkpoint_coverage is None:
        return replace(county, main_roads=None) if county.main_roads is not None else county
    streets = streets_of(county, policy, network, router)
    manned = np.zeros((len(checkpoints), HOURS), np.bool_)
    for row, point in zip(manned, checkpoints, strict=True):
        row[list(point.hours)] = True
    return replace(
        county,
        main_roads=MainRoads(
            station=streets.station,
            road_km=streets.road_km,
            seat_min=streets.minutes(county.stations.lon_deg, county.stations.lat_deg),
            checkpoint_min=streets.minutes(
                np.array([p.lon_deg for p in checkpoints], float),
                np.array([p.lat_deg for p in checkpoints], float),
            ),
            is_manned=manned,
        ),
    )
