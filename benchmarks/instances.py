"""Counties to measure on: real seats from the check data, everything else modelled by this recipe.

Seats of Shaanxi (and, beyond its 1,118, the nearest of the neighbouring provinces), in WGS84. For
each seat a few cells around it, residents and alerts log-normal, roads 1.3 times the straight line
at 40 km/h, stations adjacent where their Delaunay triangles say so. Seats named as street offices
(街道) are urban.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
from scipy.spatial import Delaunay

from optimizer.county import Cells, County, Provenance, Stations
from optimizer.frozen import FloatArray, IntArray

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PROVINCE = "陕西"
KM_PER_DEG = 111.2
CATEGORIES = ("criminal", "public_order", "traffic", "other")
CATEGORY_SHARE = np.array([0.08, 0.17, 0.25, 0.5])
PERIODS = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")
PERIOD_SHARE = np.array([0.09, 0.08, 0.19, 0.2, 0.24, 0.2])
CELLS_PER_STATION = 4
MINUTES_PER_KM = 1.3 / 40.0 * 60.0


def seats(count: int) -> tuple[list[str], list[str], FloatArray]:
    """Ids, names and lon/lat of `count` seats nearest to the middle of Shaanxi's seats.

    Shaanxi's own come first; where they do not suffice, the nearest of other provinces.
    """
    rows = []
    with gzip.open(SHARED / "china_towns" / "china_towns_2016.csv.gz", "rt", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            if row["lon_wgs84"] and row["lat_wgs84"]:
                rows.append(row)
    at = np.array([(float(r["lon_wgs84"]), float(r["lat_wgs84"])) for r in rows])
    own = np.array([PROVINCE in r["province"] for r in rows])
    middle = at[own].mean(axis=0)
    away = np.hypot((at[:, 0] - middle[0]) * np.cos(np.radians(middle[1])), at[:, 1] - middle[1])
    chosen = np.lexsort((away, ~own))[:count]
    chosen.sort()
    return [rows[i]["code"] for i in chosen], [rows[i]["town"] for i in chosen], at[chosen]


def seat_county(count: int, *, seed: int = 1) -> County:
    """A county of `count` real seats with modelled cells, alerts and roads."""
    ids, names, at = seats(count)
    rng = np.random.default_rng(seed)
    wide = KM_PER_DEG * np.cos(np.radians(at[:, 1].mean()))
    km = np.column_stack([at[:, 0] * wide, at[:, 1] * KM_PER_DEG])
    km += rng.normal(0.0, 1e-6, km.shape)
    station = np.repeat(np.arange(count), CELLS_PER_STATION)
    offset = rng.normal(0.0, 2.5, (len(station), 2))
    offset[::CELLS_PER_STATION] = 0.0
    cell_km = km[station] + offset
    urban = np.array(["街道" in n for n in names])
    population = np.exp(rng.normal(np.log(32_000), 0.5, count))[station] / CELLS_PER_STATION
    alerts = population * 0.064 * np.exp(rng.normal(0.0, 0.3, len(station)))
    in_post = np.maximum(5, np.rint(population * CELLS_PER_STATION / 1850.0)[::CELLS_PER_STATION])
    return County(
        name=f"{count} seats of {PROVINCE}",
        categories=CATEGORIES,
        period_names=PERIODS,
        period_hours=np.full(6, 4.0),
        period_share_fraction=np.tile(PERIOD_SHARE, (4, 1)),
        stations=Stations(
            station_id=tuple(ids),
            name=tuple(names),
            lon_deg=at[:, 0],
            lat_deg=at[:, 1],
            is_urban=urban,
            officers=in_post.astype(int),
            authorised_officers=in_post.astype(int) + 1,
            auxiliaries=in_post.astype(int),
            can_bundle=np.ones(count, bool),
            can_host=np.ones(count, bool),
            max_officers=np.full(count, np.inf),
            has_window=np.ones(count, bool),
        ),
        cells=Cells(
            cell_id=tuple(f"{ids[s]}-{k % CELLS_PER_STATION}" for k, s in enumerate(station)),
            station=station,
            township=tuple(names[s] for s in station),
            lon_deg=cell_km[:, 0] / wide,
            lat_deg=cell_km[:, 1] / KM_PER_DEG,
            is_urban=urban[station],
            population=population,
            area_km2=np.ones(len(station)),
            alerts_per_year=alerts[:, None] * CATEGORY_SHARE,
        ),
        travel_time_min=_minutes(km, cell_km),
        road_km=_minutes(km, cell_km) / MINUTES_PER_KM * 1.3,
        station_time_min=_minutes(km, km),
        cell_adjacency=np.zeros((0, 2), dtype=np.int64),
        station_adjacency=_delaunay(km),
        provenance=(Provenance(item="cells", origin="modelled", note="benchmarks/instances.py"),),
    )


def _minutes(a: FloatArray, b: FloatArray) -> FloatArray:
    x = a[:, None, 0] - b[None, :, 0]
    y = a[:, None, 1] - b[None, :, 1]
    minutes: FloatArray = np.hypot(x, y) * MINUTES_PER_KM
    return minutes


def _delaunay(km: FloatArray) -> IntArray:
    corners = Delaunay(km).simplices
    pairs = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return pairs.astype(np.int64)
