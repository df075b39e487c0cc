"""Hot spots of a case's alerts: places, how they change through time, and repeats nearby."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import shapely

from geo.alert_grid import Grid
from geo.emerging import CLASSES, LEAST_STEPS, Through, emerging_hot_spots, steps_of
from geo.hot_spots import (
    LocalG,
    draws_for,
    grid_groups,
    grid_hot_spots,
    pair_groups,
    pair_hot_spots,
    scaled,
)
from geo.near_repeat import NearRepeats, TooManyPairsError, near_repeats
from geo.plane import GeometryArray, Plane, as_geometry
from geo.shrinkage import shrunk_rates
from optimizer.alert_rules_hot_spots import HotSpots
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from scenarios.alert_places import (
    AlertsMeant,
    exposure_of,
    grid_of,
    ground_on,
    neighbours_of,
)
from scenarios.alert_shades import cell_shapes
from scenarios.density import Per

Places = Literal["grid", "cells"]
_SQUARES = 10_000
_SIDES = 1.5
"""Band in sides of a square: the square and the eight round it."""
_KM2 = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """One hot spot: neighbouring places that are hot.

    Attributes:
        rank: 1 = most alerts beyond what the county's mean gives.
        township, cell_id: Where most of its alerts are.
        keys: Squares or cells that it is made of, by which `--trace` finds its alerts.
        alerts: In these places, over the time of the alerts.
        expected_alerts: What they would have at the county's mean.
        area_km2: Ground.
        z, q: The highest Gi* and the least false-discovery share of its places.
        kind: Class through time; empty where not asked for.
        hot_fraction: Share of steps in which it is hot; None likewise.
        last_alerts: In the last whole step; None likewise.
        geometry: In WGS84.
    """

    rank: int
    township: str
    cell_id: str
    keys: tuple[str, ...]
    alerts: float
    expected_alerts: float
    area_km2: float
    z: float
    q: float
    geometry: Any
    kind: str = ""
    hot_fraction: float | None = None
    last_alerts: int | None = None

    @property
    def times(self) -> float:
        """Alerts over those expected."""
        return self.alerts / self.expected_alerts if self.expected_alerts > 0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HotSpotStudy:
    """Hot spots.

    Attributes:
        meant: The alerts.
        places: Squares of a grid, or cells.
        per: What the places are compared by.
        grid: The squares; None where places are cells.
        band_m: Reach of a square's neighbours; None where places are cells.
        local: Gi* of every place.
        counts: Alerts of every place.
        keys: Of every place.
        is_hot: Which of them are hot.
        spots: Hot spots, most alerts beyond the mean first.
        small: Hot spots left out for too few alerts.
        permutations: Random draws behind the chances.
        without_point: Alerts that no square holds.
        through: Squares through time; None where not asked for.
        changing: Places by class through time, the new ones first.
        repeats: Near repeats; None where not asked for.
    """

    meant: AlertsMeant
    places: Places
    per: Per
    grid: Grid | None
    band_m: float | None
    local: LocalG
    counts: FloatArray
    keys: tuple[str, ...]
    is_hot: BoolArray
    spots: tuple[HotSpot, ...]
    small: int
    permutations: int
    without_point: int
    through: Through | None = None
    changing: tuple[HotSpot, ...] = ()
    repeats: NearRepeats | None = None

    @property
    def rules(self) -> HotSpots:
        """The rules of the case."""
        return self.meant.loaded.case.spec.alert_rules.hot_spots


def study_hot_spots(
    meant: AlertsMeant,
    *,
    per: Per = "km2",
    by_cells: bool = False,
    emerging: bool = False,
    near_repeat: bool = False,
) -> HotSpotStudy:
    """Find the hot spots among the alerts that are meant.

    Args:
        meant: The alerts.
        per: Squares are compared by their alerts; cells by alerts per square kilometre or per
            thousand residents, drawn towards the county's rate.
        by_cells: Cells, though alerts have points.
        emerging: Hot spots through time as well.
        near_repeat: Near repeats as well.

    Raises:
        InputError: times or places asked of alerts that have none, a grid too fine, a log too short
            for steps, or too many pairs.
    """
    if emerging or near_repeat:
        _refuse_without_points(meant, "--emerging" if emerging else "--near-repeat")
    if by_cells or per != "km2" or meant.points is None:
        if emerging:
            raise InputError([_squares_only()])
        found = _of_cells(meant, per)
        return replace(found, repeats=_near_repeats(meant) if near_repeat else None)
    return _of_squares(meant, emerging=emerging, near_repeat=near_repeat)


def _of_squares(meant: AlertsMeant, *, emerging: bool, near_repeat: bool) -> HotSpotStudy:
    points, table = meant.points, meant.table
    assert points is not None
    assert table is not None
    rules = meant.loaded.case.spec.alert_rules.hot_spots
    area = ground_on(meant.loaded, points.crs)
    grid = grid_of(area, points.crs, rules.grid_m, _SQUARES, "alert_rules.hot_spots.grid_m")
    band_m = _SIDES * grid.step_m if rules.band_m is None else rules.band_m
    flat = grid.square_of(points.x_m, points.y_m)
    counts = grid.counts(points.x_m, points.y_m)
    squares = np.flatnonzero(grid.inside)
    draws = rules.permutations or draws_for(len(squares), rules.false_discovery_fraction)
    values = scaled(counts, rules.scale)
    local = grid_hot_spots(values, grid, band_m=band_m, permutations=draws, seed=rules.seed)
    is_hot = local.hot(rules.false_discovery_fraction)
    place = np.full(counts.size, -1)
    place[squares] = np.arange(len(squares))
    # Place of each alert with a point; -1 = outside the county.
    at = np.where(flat >= 0, place[flat], -1)
    keys = tuple(grid.key(i) for i in squares.tolist())
    held = _held(at, points.cell, len(meant.county.cells))
    number = counts[grid.inside].astype(float)
    made = _Maker(meant=meant, local=local, keys=keys, counts=number, held=held, grid=grid)
    spots, small = made.spots(grid_groups(is_hot, grid))
    study = HotSpotStudy(
        meant=meant,
        places="grid",
        per="km2",
        grid=grid,
        band_m=band_m,
        local=local,
        counts=number,
        keys=keys,
        is_hot=is_hot,
        spots=spots,
        small=small,
        permutations=draws,
        without_point=len(table) - int((flat >= 0).sum()),
    )
    if emerging:
        through = _through(meant, grid, flat, band_m, draws)
        study = replace(study, through=through, changing=_changing(made, through, grid))
    return replace(study, repeats=_near_repeats(meant)) if near_repeat else study


def _of_cells(meant: AlertsMeant, per: Per) -> HotSpotStudy:
    rules = meant.loaded.case.spec.alert_rules.hot_spots
    exposure = exposure_of(meant.loaded, per)
    pairs = neighbours_of(meant.loaded)
    value = scaled(shrunk_rates(meant.counts, exposure * meant.years).rate, rules.scale)
    n = len(value)
    draws = rules.permutations or draws_for(n, rules.false_discovery_fraction)
    local = pair_hot_spots(value, pairs, permutations=draws, seed=rules.seed)
    is_hot = local.hot(rules.false_discovery_fraction)
    keys = meant.county.cells.cell_id
    made = _Maker(meant=meant, local=local, keys=keys, counts=meant.counts, held=None, grid=None,
                  exposure=exposure)  # fmt: skip
    spots, small = made.spots(pair_groups(is_hot, pairs))
    return HotSpotStudy(
        meant=meant,
        places="cells",
        per=per,
        grid=None,
        band_m=None,
        local=local,
        counts=meant.counts,
        keys=keys,
        is_hot=is_hot,
        spots=spots,
        small=small,
        permutations=draws,
        without_point=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Maker:
    """Groups of places as hot spots.

    Attributes:
        meant: The alerts.
        local: Gi* of every place.
        keys: Of every place.
        counts: Alerts in every place.
        held: Place, cell and number of the alerts that lie in both; None where places are cells.
        grid: The squares, or None.
        exposure: Of the cells, where places are cells.
    """

    meant: AlertsMeant
    local: LocalG
    keys: tuple[str, ...]
    counts: FloatArray
    held: tuple[IntArray, IntArray, IntArray] | None
    grid: Grid | None
    exposure: FloatArray | None = None

    def spots(self, group: IntArray) -> tuple[tuple[HotSpot, ...], int]:
        """Hot spots of the groups of places, shape (N,), -1 = none; and how many are too small."""
        made = [self.spot(rows) for rows in _rows_of(group)]
        least = self.meant.loaded.case.spec.alert_rules.hot_spots.least_alerts
        kept = [s for s in made if s.alerts >= least]
        kept.sort(key=lambda s: (s.expected_alerts - s.alerts, s.keys))
        ranked = tuple(_ranked(s, i + 1) for i, s in enumerate(kept))
        return ranked, len(made) - len(kept)

    def spot(self, rows: IntArray) -> HotSpot:
        """The hot spot of these places."""
        cells, local = self.meant.county.cells, self.local
        alerts = float(self.counts[rows].sum())
        if self.held is None:
            assert self.exposure is not None
            counts, exposure = self.counts, self.exposure
            share = exposure[rows].sum() / exposure.sum()
            expected = float(counts[exposure > 0].sum() * share)
            cell = int(rows[np.argmax(counts[rows])])
            shapes = [s for s in cell_shapes(self.meant.loaded)[rows] if s is not None]
            geometry = shapely.union_all(shapes)
            area_km2 = float(cells.area_km2[rows].sum())
        else:
            assert self.grid is not None
            expected = float(self.counts.mean() * len(rows))
            place, cell_of, number = self.held
            own = np.isin(place, rows)
            cell = int(np.bincount(cell_of[own], number[own], len(cells)).argmax())
            flat = np.flatnonzero(self.grid.inside)[rows]
            shape = shapely.union_all(self.grid.boxes(flat))
            geometry = Plane(crs=self.grid.crs).unproject(as_geometry([shape]))[0]
            area_km2 = len(rows) * self.grid.step_m**2 / _KM2
        return HotSpot(
            rank=0,
            township=cells.township[cell],
            cell_id=cells.cell_id[cell],
            keys=tuple(self.keys[i] for i in rows.tolist()),
            alerts=alerts,
            expected_alerts=expected,
            area_km2=area_km2,
            z=float(local.z[rows].max()),
            q=float(local.q[rows].min()),
            geometry=geometry,
        )


def _through(meant: AlertsMeant, grid: Grid, flat: IntArray, band_m: float, draws: int) -> Through:
    points = meant.points
    assert points is not None
    rules = meant.loaded.case.spec.alert_rules.hot_spots
    assert meant.alerts is not None
    first, last = meant.alerts.table.occurred_at[[0, -1]].astype("datetime64[D]")
    starts, step = steps_of(points.occurred_at, rules.emerging.step, first, last)
    if len(starts) < LEAST_STEPS:
        raise InputError(
            [
                Problem(
                    where="--emerging",
                    value=str(len(starts)),
                    expected="at least {least} whole steps in the log; a step is one {step}",
                    fix="set alert_rules.hot_spots.emerging.step to week, or give a longer log",
                    params={"least": LEAST_STEPS, "step": rules.emerging.step},
                )
            ]
        )
    kept = (flat >= 0) & (step >= 0)
    size = grid.inside.size
    counts = np.bincount(step[kept] * size + flat[kept], minlength=len(starts) * size)
    return emerging_hot_spots(
        counts.reshape(len(starts), *grid.shape),
        starts,
        grid,
        band_m=band_m,
        scale=rules.scale,
        rules=rules.emerging,
        false_discovery_fraction=rules.false_discovery_fraction,
        permutations=draws,
        seed=rules.seed,
    )


def _changing(made: _Maker, through: Through, grid: Grid) -> tuple[HotSpot, ...]:
    """Neighbouring squares of one class, class by class, the ones to look at first first."""
    order = ("new", "consecutive", "intensifying", "persistent", "sporadic", "fading", "past")
    least = made.meant.loaded.case.spec.alert_rules.hot_spots.least_alerts
    found: list[HotSpot] = []
    for kind in order:
        of_kind = through.kind == CLASSES.index(kind)
        spots = []
        for rows in _rows_of(grid_groups(of_kind, grid)):
            one = made.spot(rows)
            if one.alerts < least:
                continue
            spots.append(
                replace(
                    one,
                    kind=kind,
                    hot_fraction=float(through.is_hot[rows].mean()),
                    last_alerts=int(through.counts[rows, -1].sum()),
                )
            )
        spots.sort(key=lambda s: (s.expected_alerts - s.alerts, s.keys))
        found += spots
    return tuple(_ranked(s, i + 1) for i, s in enumerate(found))


def _near_repeats(meant: AlertsMeant) -> NearRepeats:
    points = meant.points
    assert points is not None
    rules = meant.loaded.case.spec.alert_rules.hot_spots
    near = rules.near_repeat
    try:
        return near_repeats(
            points.x_m,
            points.y_m,
            points.occurred_at,
            distances_m=near.distances_m,
            days=near.days,
            permutations=near.permutations,
            seed=rules.seed,
            most_pairs=near.most_pairs,
        )
    except TooManyPairsError as error:
        raise InputError(
            [
                Problem(
                    where="--near-repeat",
                    value=str(error.pairs),
                    expected="at most {most} pairs of alerts within {metres} m",
                    fix="ask for one --category, fewer --hours or one --month, or shorten "
                    "alert_rules.hot_spots.near_repeat.distances_m",
                    params={"most": near.most_pairs, "metres": near.distances_m[-1]},
                )
            ]
        ) from error


def spot_shapes(spots: tuple[HotSpot, ...]) -> GeometryArray:
    """Their shapes, in order."""
    return as_geometry([s.geometry for s in spots])


def _held(place: IntArray, cell: Any, cells: int) -> tuple[IntArray, IntArray, IntArray]:
    """Place, cell and number of the alerts that lie in both; those in no place left out."""
    kept = place >= 0
    both, number = np.unique(place[kept] * cells + cell[kept], return_counts=True)
    return both // cells, both % cells, number


def _rows_of(group: IntArray) -> list[IntArray]:
    """Rows of each group."""
    inside = np.flatnonzero(group >= 0)
    order = inside[np.argsort(group[inside], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []


def _ranked(spot: HotSpot, rank: int) -> HotSpot:
    return replace(spot, rank=rank)


def _refuse_without_points(meant: AlertsMeant, option: str) -> None:
    if meant.points is None:
        raise InputError(
            [
                Problem(
                    where=option,
                    expected="alerts with a time and a point; this case has none",
                    fix="give a log with lon and lat under layers: alerts",
                )
            ]
        )


def _squares_only() -> Problem:
    return Problem(
        where="--emerging",
        expected="squares of a grid; hot spots of cells are not followed through time",
        fix="leave out --cells and --per, or --emerging",
    )
