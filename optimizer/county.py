"""The county: stations, cells, squads, functional units, travel and adjacency, checked together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from optimizer.frozen import ONLY_IF_SET, BoolArray, FloatArray, IntArray, digest, read_only
from optimizer.main_roads import MainRoads
from optimizer.personnel import Personnel

GIVEN: Literal["given"] = "given"
MODELLED: Literal["modelled"] = "modelled"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stations:
    """Police stations (派出所), one row each.

    Attributes:
        station_id: Unique ids, in the order every station axis uses.
        name: Names for people.
        lon_deg, lat_deg: Seat in WGS84, shape (S,).
        is_urban: True for a town station, False for a rural one.
        officers, authorised_officers, auxiliaries: Head counts (实有, 编制, 辅警).
        can_bundle: May become part of a bundle of two or more.
        can_host: May be the centre station of a bundle.
        max_officers: Most officers the building holds; inf = no limit known.
        has_window: Keeps a household-registration window today.
    """

    station_id: tuple[str, ...]
    name: tuple[str, ...]
    lon_deg: FloatArray
    lat_deg: FloatArray
    is_urban: BoolArray
    officers: IntArray
    authorised_officers: IntArray
    auxiliaries: IntArray
    can_bundle: BoolArray
    can_host: BoolArray
    max_officers: FloatArray
    has_window: BoolArray

    def __post_init__(self) -> None:
        n = len(self.station_id)
        if len(self.name) != n:
            raise ValueError(f"stations.name: {len(self.name)} names for {n} stations")
        _unique(self.station_id, "stations.station_id")
        _set(self, float, ("lon_deg", "lat_deg", "max_officers"), (n,), "stations")
        _set(self, np.int64, ("officers", "authorised_officers", "auxiliaries"), (n,), "stations")
        _set(self, np.bool_, ("is_urban", "can_bundle", "can_host", "has_window"), (n,), "stations")
        for name in ("officers", "authorised_officers", "auxiliaries", "max_officers"):
            _not_negative(getattr(self, name), f"stations.{name}")

    def __len__(self) -> int:
        return len(self.station_id)

    def index(self) -> dict[str, int]:
        """Row of each station id."""
        return {s: i for i, s in enumerate(self.station_id)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Demand cells, the smallest areas alerts are counted in.

    Attributes:
        cell_id: Unique ids, in the order every cell axis uses.
        station: Row of the station responsible today, shape (C,).
        township: Township name of each cell.
        lon_deg, lat_deg: Representative point in WGS84.
        is_urban: Which response standard holds there.
        population: Registered residents.
        area_km2: Area; 0 where only a point is known.
        alerts_per_year: Alert rates, shape (C, K), columns as `County.categories`.
    """

    cell_id: tuple[str, ...]
    station: IntArray
    township: tuple[str, ...]
    lon_deg: FloatArray
    lat_deg: FloatArray
    is_urban: BoolArray
    population: FloatArray
    area_km2: FloatArray
    alerts_per_year: FloatArray

    def __post_init__(self) -> None:
        n = len(self.cell_id)
        if len(self.township) != n:
            raise ValueError(f"cells.township: {len(self.township)} values for {n} cells")
        _unique(self.cell_id, "cells.cell_id")
        _set(self, np.int64, ("station",), (n,), "cells")
        _set(self, float, ("lon_deg", "lat_deg", "population", "area_km2"), (n,), "cells")
        _set(self, np.bool_, ("is_urban",), (n,), "cells")
        k = np.asarray(self.alerts_per_year).shape[-1]
        _set(self, float, ("alerts_per_year",), (n, k), "cells")
        for name in ("population", "area_km2", "alerts_per_year"):
            _not_negative(getattr(self, name), f"cells.{name}")
            _finite(getattr(self, name), f"cells.{name}")

    def __len__(self) -> int:
        return len(self.cell_id)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Squads:
    """Traffic squads (交巡警中队).

    Attributes:
        squad_id: Unique ids.
        name: Names for people.
        lon_deg, lat_deg: Seat in WGS84, shape (Q,).
        officers: Officers in post.
        stations: For each squad, the station ids whose roads it manages (its own area, 本辖区).
            A station belongs to at most one squad.
    """

    squad_id: tuple[str, ...]
    name: tuple[str, ...]
    lon_deg: FloatArray
    lat_deg: FloatArray
    officers: IntArray
    stations: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        n = len(self.squad_id)
        if len(self.name) != n or len(self.stations) != n:
            raise ValueError("squads: name and stations need one entry per squad")
        _unique(self.squad_id, "squads.squad_id")
        _unique([s for area in self.stations for s in area], "squads.stations")
        _set(self, float, ("lon_deg", "lat_deg"), (n,), "squads")
        _set(self, np.int64, ("officers",), (n,), "squads")
        _not_negative(self.officers, "squads.officers")

    def __len__(self) -> int:
        return len(self.squad_id)

    @classmethod
    def none(cls) -> Squads:
        """A county whose traffic squads are not part of the question."""
        return cls(
            squad_id=(),
            name=(),
            lon_deg=np.zeros(0),
            lat_deg=np.zeros(0),
            officers=np.zeros(0, np.int64),
            stations=(),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Functional units (刑侦, 治安, 情指 …): bodies that hold officers but no ground.

    Attributes:
        unit_id: Unique ids, distinct from station and squad ids.
        name: Names for people.
        kind: Free label of the bureau.
        officers, authorised_officers: Head counts.
        required_officers: Officers its workload needs, shape (U,).
        can_give, can_receive: May lose or gain officers in a reassignment.
        station: Row of the station nearest to its seat, which stands for its place.
    """

    unit_id: tuple[str, ...]
    name: tuple[str, ...]
    kind: tuple[str, ...]
    officers: IntArray
    authorised_officers: IntArray
    required_officers: FloatArray
    can_give: BoolArray
    can_receive: BoolArray
    station: IntArray

    def __post_init__(self) -> None:
        n = len(self.unit_id)
        if len(self.name) != n or len(self.kind) != n:
            raise ValueError("units: name and kind need one entry per unit")
        _unique(self.unit_id, "units.unit_id")
        _set(self, np.int64, ("officers", "authorised_officers", "station"), (n,), "units")
        _set(self, float, ("required_officers",), (n,), "units")
        _set(self, np.bool_, ("can_give", "can_receive"), (n,), "units")
        for name in ("officers", "authorised_officers", "required_officers"):
            _not_negative(getattr(self, name), f"units.{name}")
        _finite(self.required_officers, "units.required_officers")

    def __len__(self) -> int:
        return len(self.unit_id)

    @classmethod
    def none(cls) -> Units:
        """A county whose functional units are not part of the question."""
        return cls(
            unit_id=(),
            name=(),
            kind=(),
            officers=np.zeros(0, np.int64),
            authorised_officers=np.zeros(0, np.int64),
            required_officers=np.zeros(0),
            can_give=np.zeros(0, np.bool_),
            can_receive=np.zeros(0, np.bool_),
            station=np.zeros(0, np.int64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where one input comes from: `given` by the bureau, or `modelled` by a written recipe."""

    item: str
    origin: Literal["given", "modelled"]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class County:
    """Everything a decision needs, checked together. S stations, C cells, K categories, P periods.

    Attributes:
        name: The county's name.
        categories: Alert categories, K labels.
        period_names: P labels of parts of the day, such as `00-04`.
        period_hours: Hours per day of each period, sum 24.
        period_share_fraction: Share of a category's alerts that falls in each period, shape (K, P),
            rows sum to 1.
        stations, cells, squads, units: The tables.
        travel_time_min: Minutes by road from station seat to cell, shape (S, C); inf = unreachable.
        road_km: Kilometres of the same ways, shape (S, C); inf = unreachable.
        station_time_min: Minutes from seat to seat, shape (S, S), zero diagonal.
        cell_adjacency: Pairs of neighbouring cells, shape (E, 2), each i < j, sorted.
        station_adjacency: Pairs of neighbouring stations, shape (A, 2), each i < j, sorted. Derived
            from the cells unless given (a caller may forbid a pair, such as across a river).
        severed_cells: Neighbouring cells that a barrier parts (a river, an expressway without
            exit): pairs of `cell_adjacency`, shape (B, 2). They border all the same, but do not
            hold a bundle together.
        road_classes: R labels of the roads that a traffic squad manages.
        duty_road_km: Managed road length in each station's jurisdiction, shape (S, R).
        personnel: What is known of units' people besides their number, sorted; units of which
            nothing is known are left out.
        provenance: Origin of each input, at least one entry per layer.
        main_roads: Streets of the managed classes with the minutes to them, where a rule on their
            coverage asks for them; no part of the digest otherwise.
    """

    name: str
    categories: tuple[str, ...]
    period_names: tuple[str, ...]
    period_hours: FloatArray
    period_share_fraction: FloatArray
    stations: Stations
    cells: Cells
    travel_time_min: FloatArray
    road_km: FloatArray
    station_time_min: FloatArray
    cell_adjacency: IntArray
    station_adjacency: IntArray | None = None
    severed_cells: IntArray = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    squads: Squads = field(default_factory=Squads.none)
    units: Units = field(default_factory=Units.none)
    road_classes: tuple[str, ...] = ()
    duty_road_km: FloatArray | None = None
    personnel: tuple[Personnel, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    main_roads: MainRoads | None = field(default=None, metadata=ONLY_IF_SET)
    _digest: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        s, c = len(self.stations), len(self.cells)
        k, p, r = len(self.categories), len(self.period_names), len(self.road_classes)
        if not s or not c or not k or not p:
            raise ValueError("a county needs stations, cells, alert categories and periods")
        _set(self, float, ("period_hours",), (p,), "county")
        _set(self, float, ("period_share_fraction",), (k, p), "county")
        _set(self, float, ("travel_time_min", "road_km"), (s, c), "county")
        _set(self, float, ("station_time_min",), (s, s), "county")
        for name in ("travel_time_min", "road_km", "station_time_min", "period_share_fraction"):
            _not_negative(getattr(self, name), f"county.{name}")
        if self.duty_road_km is None:
            object.__setattr__(self, "duty_road_km", np.zeros((s, r)))
        _set(self, float, ("duty_road_km",), (s, r), "county")
        _not_negative(self.duty_road_km, "county.duty_road_km")
        _finite(self.duty_road_km, "county.duty_road_km")
        if abs(float(self.period_hours.sum()) - 24.0) > 1e-6 or (self.period_hours <= 0).any():
            raise ValueError("county.period_hours: positive hours that sum to 24")
        if not np.allclose(self.period_share_fraction.sum(axis=1), 1.0, atol=1e-6):
            raise ValueError("county.period_share_fraction: each category's shares sum to 1")
        if self.cells.alerts_per_year.shape[1] != k:
            raise ValueError("cells.alerts_per_year: one column per category")
        if (np.diag(self.station_time_min) != 0).any():
            raise ValueError("county.station_time_min: a station is 0 minutes from itself")
        if self.cells.station.min() < 0 or self.cells.station.max() >= s:
            raise ValueError("cells.station: row of no station")
        own_min = self.travel_time_min[self.cells.station, np.arange(c)]
        if not np.isfinite(own_min).all():
            lost = self.cells.cell_id[int(np.flatnonzero(~np.isfinite(own_min))[0])]
            raise ValueError(f"county.travel_time_min: cell {lost!r} unreachable from its station")
        if len(self.units) and (self.units.station.min() < 0 or self.units.station.max() >= s):
            raise ValueError("units.station: row of no station")
        known = set(self.stations.station_id)
        strangers = sorted({i for area in self.squads.stations for i in area} - known)
        if strangers:
            raise ValueError(f"squads.stations: unknown stations {strangers}")
        _unique(
            [*self.stations.station_id, *self.squads.squad_id, *self.units.unit_id],
            "ids of stations, squads and units together",
        )
        if self.main_roads is not None:
            self.main_roads.check(s)
        pairs = _pairs(self.cell_adjacency, c, "county.cell_adjacency")
        object.__setattr__(self, "cell_adjacency", pairs)
        severed = _pairs(self.severed_cells, c, "county.severed_cells")
        if not np.isin(severed @ (c, 1), pairs @ (c, 1)).all():
            raise ValueError("county.severed_cells: cells that are no neighbours")
        object.__setattr__(self, "severed_cells", severed)
        between = (
            self.cells.station[pairs] if self.station_adjacency is None else self.station_adjacency
        )
        object.__setattr__(
            self, "station_adjacency", _pairs(between, s, "county.station_adjacency")
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all values: equal digests mean equal counties."""
        if not self._digest:  # seconds for a province, so once
            object.__setattr__(self, "_digest", digest(self))
        return self._digest

    def neighbours(self) -> tuple[frozenset[int], ...]:
        """Rows of the stations adjacent to each station."""
        found: list[set[int]] = [set() for _ in range(len(self.stations))]
        assert self.station_adjacency is not None
        for i, j in self.station_adjacency.tolist():
            found[i].add(j)
            found[j].add(i)
        return tuple(frozenset(n) for n in found)

    def origin_of(self, item: str) -> Literal["given", "modelled"]:
        """Origin of `item`: modelled if any provenance entry on it, or on its layer, says so.

        `item` is a layer (`roads`) or a layer's column (`cells.population`).
        """
        layer = item.split(".")[0]
        for entry in self.provenance:
            if entry.item in (item, layer) and entry.origin == MODELLED:
                return MODELLED
        return GIVEN


def _set(table: object, dtype: type, names: Iterable[str], shape: tuple[int, ...], at: str) -> None:
    for name in names:
        array = read_only(getattr(table, name), dtype, shape=shape, name=f"{at}.{name}")
        object.__setattr__(table, name, array)


def _not_negative(array: FloatArray | IntArray | None, name: str) -> None:
    if array is not None and (array < 0).any():
        raise ValueError(f"{name}: negative")


def _finite(array: FloatArray | None, name: str) -> None:
    if array is not None and not np.isfinite(array).all():
        raise ValueError(f"{name}: must be finite")


def _unique(ids: Iterable[str], name: str) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"{name}: {one!r} twice")
        seen.add(one)


def _pairs(pairs: IntArray, n: int, name: str) -> IntArray:
    """Sorted, unique pairs i < j of rows below `n`; pairs of one row with itself are dropped."""
    array = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if array.size and (array.min() < 0 or array.max() >= n):
        raise ValueError(f"{name}: row outside 0..{n - 1}")
    array = np.sort(array[array[:, 0] != array[:, 1]], axis=1)
    array = np.unique(array, axis=0)
    array.setflags(write=False)
    return array


def merge_provenance(entries: Iterable[Provenance]) -> tuple[Provenance, ...]:
    """Entries sorted by item, doubles dropped."""
    kept: Mapping[tuple[str, str, str], Provenance] = {
        (e.item, e.origin, e.note): e for e in entries
    }
    return tuple(kept[key] for key in sorted(kept))
