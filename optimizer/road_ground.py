"""The ground of the squads that end, as arrays: pieces of road, units, squads; rules on them.

A piece is the roads of one jurisdiction, or of one class of it where `traffic.split_by_class` lets
classes go their own ways.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.main_roads import HOURS
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.road_duty import (
    TIME_TOLERANCE_MIN,
    accidents_in_time,
    accidents_per_year,
    ending_squads,
    nearest_station,
)
from optimizer.road_task import IN_TIME_UNIT

WHOLE = -1
"""Class of a piece that is all roads of its jurisdiction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a handover, each of which a diagnosis can relax."""

    duty_stations: int | None
    min_officers: int
    max_travel_min: float
    is_rural_only: bool
    in_time_fraction: float | None = None
    coverage_fraction: float | None = None
    is_contiguous: bool = True
    is_covering: bool = True
    is_conserving: bool = True

    @classmethod
    def of(cls, policy: Policy) -> Rules:
        """The rules that a policy sets."""
        traffic = policy.traffic
        return cls(
            duty_stations=traffic.duty_stations,
            min_officers=max(1, traffic.min_officers_per_duty_station),
            max_travel_min=traffic.max_accident_travel_min,
            is_rural_only=traffic.rural_only,
            in_time_fraction=traffic.accidents_within_fraction,
            coverage_fraction=traffic.min_checkpoint_coverage,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """What duty stations add to the coverage of main roads; M sorts of road, C centres.

    Attributes:
        near: Centres whose duty station covers each sort round the clock, shape (M, C).
        units: What covering it adds to what the checkpoints cover, as a share of all main-road
            km x hours in whole units of `IN_TIME_UNIT`, shape (M,).
        given: What the checkpoints cover by themselves, in the same units.
        is_counted: There are main roads to cover.
    """

    near: BoolArray
    units: IntArray
    given: int
    is_counted: bool

    def least(self, fraction: float | None) -> int:
        """Units that duty stations must add."""
        if fraction is None or not self.is_counted:
            return 0
        # Each sort is rounded once; nobody is refused for that.
        return math.floor(fraction / IN_TIME_UNIT) - self.given - len(self.units) - 1

    @classmethod
    def of_none(cls, centres: int) -> Near:
        """No coverage is asked for."""
        return cls(
            near=np.zeros((0, centres), np.bool_),
            units=np.zeros(0, np.int64),
            given=0,
            is_counted=False,
        )

    @classmethod
    def of(
        cls, county: County, policy: Policy, lands: Sequence[int], centres: Sequence[int]
    ) -> Near:
        """Streets on the ground of some stations, by which centres are near."""
        if policy.traffic.min_checkpoint_coverage is None:
            return cls.of_none(len(centres))
        if county.main_roads is None:
            raise ValueError("county.main_roads: needed for traffic.min_checkpoint_coverage")
        roads, limit_min = county.main_roads, policy.traffic.coverage_min + TIME_TOLERANCE_MIN
        mine = np.flatnonzero(np.isin(roads.station, lands))
        km = roads.road_km[mine]
        total = float(km.sum()) * HOURS
        if total <= 0:
            return cls.of_none(len(centres))
        at_point = roads.checkpoint_min[:, mine] <= limit_min
        hours = (at_point[:, :, None] & roads.is_manned[:, None, :]).any(axis=0).sum(axis=1)
        added = km * (HOURS - hours)
        near = (roads.seat_min[np.ix_(np.array(centres, np.int64), mine)] <= limit_min).T
        helps = near.any(axis=1) & (added > 0)
        sorts, sort = np.unique(near[helps], axis=0, return_inverse=True)
        by_sort = np.bincount(sort.ravel(), weights=added[helps], minlength=len(sorts))
        share = by_sort / (total * IN_TIME_UNIT)
        return cls(
            near=sorts,
            units=np.rint(share).astype(np.int64),
            given=round(float((km * hours).sum()) / (total * IN_TIME_UNIT)),
            is_counted=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Roads, units and squads. P pieces, R units, Q squads, each sorted by id.

    Attributes:
        station_id: Jurisdiction of each piece, by id, then class.
        road_class: Row of its class, `WHOLE` for all roads of the jurisdiction, shape (P,).
        is_main: The piece of its jurisdiction with most km, shape (P,).
        unit_id, squad_id: Ids; a unit goes by its centre.
        own: The unit of each piece's jurisdiction, shape (P, R).
        is_next: The unit is the jurisdiction's own or has a station next to it, shape (P, R).
        runs_on: The piece's road runs on into the unit's own ground, or is there; (P, R).
        is_rural: Of each unit's centre, shape (R,).
        travel_time_min: From the unit's centre to the jurisdiction's seat, shape (P, R).
        road_km: Managed km of each piece, shape (P,).
        squad_officers: Shape (Q,).
        in_area: The unit has a station in the squad's area, shape (Q, R).
        squad_time_min: From the station nearest to the squad's seat to the unit, shape (Q, R).
        in_time_units: Share of all accidents of the jurisdictions that a unit reaches in time in
            each of them, in whole units of `IN_TIME_UNIT`, shape (P, R); accidents go with the
            main piece.
        near: Main roads and the units that cover them.
    """

    station_id: tuple[str, ...]
    road_class: IntArray
    is_main: BoolArray
    unit_id: tuple[str, ...]
    squad_id: tuple[str, ...]
    own: BoolArray
    is_next: BoolArray
    runs_on: BoolArray
    is_rural: BoolArray
    travel_time_min: FloatArray
    road_km: FloatArray
    squad_officers: IntArray
    in_area: BoolArray
    squad_time_min: FloatArray
    in_time_units: IntArray
    near: Near

    @classmethod
    def of(cls, county: County, policy: Policy, bundles: Sequence[Bundle]) -> Ground:
        """Read the county, in the order of ids whatever the order of its rows."""
        stations, squads = county.stations, county.squads
        row, neighbours = stations.index(), county.neighbours()
        units = sorted(bundles)
        members = [frozenset(row[s] for s in unit.station_ids) for unit in units]
        centres = [row[unit.centre_id] for unit in units]
        ending = ending_squads(county, policy)
        lands = [row[s] for s in sorted(s for q in ending for s in squads.stations[q])]
        order = sorted(ending, key=lambda q: squads.squad_id[q])
        areas = [frozenset(row[s] for s in squads.stations[q]) for q in order]
        seats = [nearest_station(county, q) for q in order]
        shape = (len(lands), len(units))
        own = np.array([[j in m for m in members] for j in lands], np.bool_).reshape(shape)
        beside = np.array([[bool(neighbours[j] & m) for m in members] for j in lands], np.bool_)
        assert county.duty_road_km is not None
        km = county.duty_road_km
        pieces = [
            (at, c)
            for at, j in enumerate(lands)
            for c in _classes(km[j], policy.traffic.split_by_class)
        ]
        at = np.array([p[0] for p in pieces], dtype=np.int64)
        road_class = np.array([p[1] for p in pieces], dtype=np.int64)
        runs_on = np.array(
            [
                [
                    lands[i] in m
                    or c == WHOLE
                    or any(km[k, c] > 0 for k in neighbours[lands[i]] & m)
                    for m in members
                ]
                for i, c in pieces
            ],
            np.bool_,
        ).reshape(len(pieces), len(units))
        is_main = np.array(
            [c in (WHOLE, int(np.argmax(km[lands[i]]))) for i, c in pieces], np.bool_
        )
        in_time = _in_time_units(county, policy, lands, centres)
        return cls(
            station_id=tuple(stations.station_id[lands[i]] for i in at.tolist()),
            road_class=road_class,
            is_main=is_main,
            unit_id=tuple(unit.centre_id for unit in units),
            squad_id=tuple(squads.squad_id[q] for q in order),
            own=own[at],
            is_next=(own | beside.reshape(shape))[at],
            runs_on=runs_on,
            is_rural=~stations.is_urban[centres],
            travel_time_min=county.station_time_min[np.ix_(centres, lands)].T[at],
            road_km=np.array(
                [km[lands[i]].sum() if c == WHOLE else km[lands[i], c] for i, c in pieces], float
            ),
            squad_officers=squads.officers[order],
            in_area=np.array([[bool(area & m) for m in members] for area in areas], np.bool_),
            squad_time_min=county.station_time_min[np.ix_(seats, centres)],
            in_time_units=in_time[at] * is_main[:, None],
            near=Near.of(county, policy, lands, centres),
        )

    @property
    def is_split(self) -> bool:
        """Whether any jurisdiction has more than one piece."""
        return bool((self.road_class != WHOLE).any())

    @property
    def land(self) -> IntArray:
        """Number of each piece's jurisdiction, shape (P,)."""
        number = {s: i for i, s in enumerate(sorted(set(self.station_id)))}
        return np.array([number[s] for s in self.station_id], dtype=np.int64)

    def in_time_least(self, rules: Rules) -> int:
        """Units of accidents reached in time that the rules ask for."""
        if rules.in_time_fraction is None:
            return 0
        # Each pair is rounded once; nobody is refused for that.
        return math.floor(rules.in_time_fraction / IN_TIME_UNIT) - len(set(self.station_id))

    def may(self, rules: Rules) -> BoolArray:
        """Units that may take each piece, shape (P, R)."""
        near = self.travel_time_min <= rules.max_travel_min + TIME_TOLERANCE_MIN
        allowed: BoolArray = near & (self.is_rural | (not rules.is_rural_only))
        return allowed & self.is_next if rules.is_contiguous else allowed


def _classes(road_km: FloatArray, is_split: bool) -> list[int]:
    """Classes that are pieces of their own; all roads in one where at most one has any."""
    present = [int(c) for c in np.flatnonzero(road_km > 0)]
    return present if is_split and len(present) > 1 else [WHOLE]


def _in_time_units(
    county: County, policy: Policy, lands: Sequence[int], centres: Sequence[int]
) -> IntArray:
    """See `Ground.in_time_units`; without accidents every pair reaches its even share."""
    shape = (len(lands), len(centres))
    if policy.traffic.accidents_within_fraction is None:
        return np.zeros(shape, dtype=np.int64)
    station, stations = county.cells.station, len(county.stations)
    accidents = accidents_per_year(county, policy)
    total = np.bincount(station, weights=accidents, minlength=stations)[list(lands)].sum()
    if total <= 0:
        return np.full(shape, math.ceil(1.0 / IN_TIME_UNIT / max(len(lands), 1)), dtype=np.int64)
    reached = accidents_in_time(county, policy)[np.ix_(lands, centres)]
    units: IntArray = np.rint(reached / (total * IN_TIME_UNIT)).astype(np.int64)
    return units
