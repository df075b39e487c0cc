"""Counties to measure on: real seats from the check data, everything else modelled by this recipe.

Seats of Shaanxi (and, beyond its 1,118, the nearest of the neighbouring provinces), in WGS84. For
each seat a few cells around it, residents and alerts log-normal, roads 1.3 times the straight line
at 40 km/h, stations adjacent where their Delaunay triangles say so. Seats named as street offices
(街道) are urban.
"""

from __future__ import annotations

import csv
import functools
import gzip
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from pyproj import Transformer
from scipy.sparse import csr_matrix
from scipy.spatial import Delaunay

from optimizer.columns import Columns, priced_columns, undominated
from optimizer.county import Cells, County, Provenance, Stations
from optimizer.frozen import FloatArray, IntArray
from optimizer.policy import Policy

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TOWNS = SHARED / "china_towns" / "china_towns_2016.csv.gz"
PROVINCE = "陕西"
ALBERS = "ESRI:102025"
MOST_IN_ONE_TABLE = 1_200
STATIONS_PER_TILE = 400
KM_PER_DEG = 111.2
CATEGORIES = ("criminal", "public_order", "traffic", "other")
CATEGORY_SHARE = np.array([0.08, 0.17, 0.25, 0.5])
PERIODS = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")
PERIOD_SHARE = np.array([0.09, 0.08, 0.19, 0.2, 0.24, 0.2])
CELLS_PER_STATION = 4
MINUTES_PER_KM = 1.3 / 40.0 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seats:
    """Real seats with modelled cells around them. S seats, C cells, kilometres on a plane."""

    station_id: list[str]
    name: list[str]
    lon_lat_deg: FloatArray
    km: FloatArray
    cell_km: FloatArray
    cell_lon_lat_deg: FloatArray
    population: FloatArray
    alerts: FloatArray
    officers: IntArray
    pairs: IntArray

    def county(self, rows: IntArray, name: str) -> County:
        """A county of some of the seats, which keep their cells; dense tables over these alone."""
        place = np.full(len(self.station_id), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        cells = (rows[:, None] * CELLS_PER_STATION + np.arange(CELLS_PER_STATION)).ravel()
        station = np.repeat(np.arange(len(rows)), CELLS_PER_STATION)
        ids, names = [self.station_id[i] for i in rows], [self.name[i] for i in rows]
        urban = np.array(["街道" in n for n in names])
        km, cell_km, in_post = self.km[rows], self.cell_km[cells], self.officers[rows]
        minutes, count = _minutes(km, cell_km), len(rows)
        pairs = place[self.pairs]
        return County(
            name=name,
            categories=CATEGORIES,
            period_names=PERIODS,
            period_hours=np.full(6, 4.0),
            period_share_fraction=np.tile(PERIOD_SHARE, (4, 1)),
            stations=Stations(
                station_id=tuple(ids),
                name=tuple(names),
                lon_deg=self.lon_lat_deg[rows, 0],
                lat_deg=self.lon_lat_deg[rows, 1],
                is_urban=urban,
                officers=in_post,
                authorised_officers=in_post + 1,
                auxiliaries=in_post,
                can_bundle=np.ones(count, bool),
                can_host=np.ones(count, bool),
                max_officers=np.full(count, np.inf),
                has_window=np.ones(count, bool),
            ),
            cells=Cells(
                cell_id=tuple(f"{ids[s]}-{k % CELLS_PER_STATION}" for k, s in enumerate(station)),
                station=station,
                township=tuple(names[s] for s in station),
                lon_deg=self.cell_lon_lat_deg[cells, 0],
                lat_deg=self.cell_lon_lat_deg[cells, 1],
                is_urban=urban[station],
                population=self.population[cells],
                area_km2=np.ones(len(station)),
                alerts_per_year=self.alerts[cells, None] * CATEGORY_SHARE,
            ),
            travel_time_min=minutes,
            road_km=minutes / MINUTES_PER_KM * 1.3,
            station_time_min=_minutes(km, km),
            cell_adjacency=np.zeros((0, 2), dtype=np.int64),
            station_adjacency=pairs[(pairs >= 0).all(axis=1)],
            provenance=(
                Provenance(item="cells", origin="modelled", note="benchmarks/instances.py"),
            ),
        )


def seats(count: int) -> tuple[list[str], list[str], FloatArray]:
    """Ids, names and lon/lat of `count` seats nearest to the middle of Shaanxi's seats.

    Shaanxi's own come first; where they do not suffice, the nearest of other provinces. China has
    35,350 town seats with coordinates; what is asked beyond them lies midway between two of them.
    """
    rows = []
    with gzip.open(TOWNS, "rt", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            if row["lon_wgs84"] and row["lat_wgs84"]:
                at = float(row["lon_wgs84"]), float(row["lat_wgs84"])
                rows.append((row["code"], row["town"], *at, PROVINCE in row["province"]))
    known = rows[:]
    for one, next_one in itertools.islice(itertools.pairwise(known), max(0, count - len(known))):
        middle = (one[2] + next_one[2]) / 2, (one[3] + next_one[3]) / 2
        rows.append((f"{one[0]}+", f"{one[1]}+", *middle, False))
    lon_lat = np.array([r[2:4] for r in rows])
    own = np.array([r[4] for r in rows])
    middle = lon_lat[own].mean(axis=0)
    narrow = np.cos(np.radians(middle[1]))
    away = np.hypot((lon_lat[:, 0] - middle[0]) * narrow, lon_lat[:, 1] - middle[1])
    chosen = np.lexsort((away, ~own))[:count]
    chosen.sort()
    return [rows[i][0] for i in chosen], [rows[i][1] for i in chosen], lon_lat[chosen]


@functools.cache
def seats_with_cells(count: int, seed: int = 1) -> Seats:
    """`count` real seats with modelled cells, alerts and neighbours."""
    ids, names, at = seats(count)
    rng = np.random.default_rng(seed)
    wide = KM_PER_DEG * np.cos(np.radians(at[:, 1].mean()))
    if count <= MOST_IN_ONE_TABLE:
        km = np.column_stack([at[:, 0] * wide, at[:, 1] * KM_PER_DEG])
    else:
        km = np.column_stack(Transformer.from_crs(4326, ALBERS, always_xy=True).transform(*at.T))
        km /= 1000.0
    km += rng.normal(0.0, 1e-6, km.shape)
    station = np.repeat(np.arange(count), CELLS_PER_STATION)
    offset = rng.normal(0.0, 2.5, (len(station), 2))
    offset[::CELLS_PER_STATION] = 0.0
    population = np.exp(rng.normal(np.log(32_000), 0.5, count))[station] / CELLS_PER_STATION
    alerts = population * 0.064 * np.exp(rng.normal(0.0, 0.3, len(station)))
    in_post = np.maximum(5, np.rint(population * CELLS_PER_STATION / 1850.0)[::CELLS_PER_STATION])
    return Seats(
        station_id=ids,
        name=names,
        lon_lat_deg=at,
        km=km,
        cell_km=km[station] + offset,
        cell_lon_lat_deg=at[station] + offset / np.array([wide, KM_PER_DEG]),
        population=population,
        alerts=alerts,
        officers=in_post.astype(np.int64),
        pairs=_delaunay(km),
    )


def seat_county(count: int, *, seed: int = 1) -> County:
    """A county of `count` real seats with modelled cells, alerts and roads."""
    return seats_with_cells(count, seed).county(np.arange(count), f"{count} seats of {PROVINCE}")


def seat_columns(count: int, policy: Policy, *, freed_counts: bool = False) -> Columns:
    """Columns of as many seats as one table of travel times cannot hold, tile by tile.

    A tile is some hundred stations with all stations that a bundle of theirs can reach; it is a
    county, priced by `priced_columns` as any other, and gives the columns whose smallest station is
    its own. So every column of the whole is priced, once.
    """
    whole = seats_with_cells(count)
    hops = policy.bundling.max_bundle_size - 1
    both = np.vstack([whole.pairs, whole.pairs[:, ::-1]])
    near = csr_matrix((np.ones(len(both), np.int8), (both[:, 0], both[:, 1])), (count, count))
    near.data[:] = 1
    found = []
    for own in _tiles(whole.km, np.arange(count)):
        inside = np.zeros(count, dtype=bool)
        inside[own] = True
        for _ in range(hops):
            inside |= np.asarray(near @ inside.astype(np.int8) > 0)
        rows = np.flatnonzero(inside)
        columns = _tile_columns(whole, rows, policy, freed_counts=freed_counts)
        mine = np.isin(rows[columns.members[:, 0]], own)
        columns = columns.at(mine)
        members = np.where(columns.members >= 0, rows[columns.members], -1)
        found.append(replace(columns, members=members, host=rows[columns.host]))
    joined = {
        f.name: np.concatenate([getattr(part, f.name) for part in found]) for f in fields(Columns)
    }
    columns = Columns(**joined)
    order = np.lexsort(columns.members.T[::-1])
    return columns.at(order)


def _tile_columns(whole: Seats, rows: IntArray, policy: Policy, *, freed_counts: bool) -> Columns:
    """Columns of one tile, whose tables are gone before those of the next are made."""
    county = whole.county(rows, "tile")
    return undominated(priced_columns(county, policy), county, freed_counts=freed_counts)


def _tiles(km: FloatArray, rows: IntArray) -> Iterator[IntArray]:
    """Halves of halves, across the longer side, until a tile is small."""
    if len(rows) <= STATIONS_PER_TILE:
        yield rows
        return
    side = int(np.argmax(np.ptp(km[rows], axis=0)))
    order = rows[np.argsort(km[rows, side], kind="stable")]
    yield from _tiles(km, np.sort(order[: len(order) // 2]))
    yield from _tiles(km, np.sort(order[len(order) // 2 :]))


def _minutes(a: FloatArray, b: FloatArray) -> FloatArray:
    x = a[:, None, 0] - b[None, :, 0]
    y = a[:, None, 1] - b[None, :, 1]
    minutes: FloatArray = np.hypot(x, y) * MINUTES_PER_KM
    return minutes


def _delaunay(km: FloatArray) -> IntArray:
    corners = Delaunay(km).simplices
    pairs = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return pairs.astype(np.int64)
