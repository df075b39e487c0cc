"""Density of a case's alerts: the surface, and rates of cells and townships with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo.density import Surface, density_surface
from geo.density_bands import DensityBands, density_bands
from geo.shrinkage import Shrunk, shrunk_rates
from optimizer.frozen import FloatArray
from scenarios.alert_places import (
    AlertsMeant,
    exposure_of,
    grid_of,
    ground_on,
    neighbours_of,
)

Per = Literal["km2", "1000-residents"]
_SQUARES = 40_000
FEW_ALERTS = 5
"""A rate on fewer alerts than this has a standard error of half of itself by chance alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateTable:
    """Rates a year of cells or townships.

    Attributes:
        names: Cell ids or township names.
        townships: Township of each.
        counts: Alerts.
        exposure: Square kilometres, or thousands of residents.
        rates: Per year and unit of exposure.
    """

    names: tuple[str, ...]
    townships: tuple[str, ...]
    counts: FloatArray
    exposure: FloatArray
    rates: Shrunk

    def order(self) -> list[int]:
        """Rows, the highest shrunk rate first."""
        keys = zip((-self.rates.rate).tolist(), self.names, range(len(self.names)), strict=True)
        return [row for _rate, _name, row in sorted(keys)]

    def rests_on_few(self, row: int) -> bool:
        """Its rate rests on so few alerts, but not none, that it says hardly anything."""
        return bool(0 < self.counts[row] < FEW_ALERTS)

    def surely_higher(self, row: int) -> bool:
        """The whole interval lies above the common rate."""
        return bool(self.rates.low[row] > self.rates.common[row])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityStudy:
    """Where alerts are.

    Attributes:
        meant: The alerts.
        per: What rates are counted over.
        cells: Rates of cells.
        townships: Rates of townships.
        surface: Density of the alerts with a point; None where there are none.
        bands: The densest ground; None likewise.
        without_point: Alerts that the surface does not hold.
    """

    meant: AlertsMeant
    per: Per
    cells: RateTable
    townships: RateTable
    surface: Surface | None
    bands: DensityBands | None
    without_point: int


def study_density(meant: AlertsMeant, per: Per) -> DensityStudy:
    """Estimate the density of the alerts that are meant.

    Args:
        meant: The alerts.
        per: Whether rates are per square kilometre or per thousand residents.

    Raises:
        InputError: cells without areas or residents, or a grid too fine.
    """
    rules = meant.loaded.case.spec.alert_rules.density
    county = meant.county
    exposure = exposure_of(meant.loaded, per)
    pairs = neighbours_of(meant.loaded) if rules.towards == "neighbours" else None
    sure = rules.interval_fraction
    cells = RateTable(
        names=county.cells.cell_id,
        townships=county.cells.township,
        counts=meant.counts,
        exposure=exposure,
        rates=shrunk_rates(meant.counts, exposure * meant.years, pairs, interval_fraction=sure),
    )
    names = tuple(sorted(set(county.cells.township)))
    row = {name: i for i, name in enumerate(names)}
    group = np.array([row[t] for t in county.cells.township])
    counts = np.bincount(group, meant.counts, len(names)).astype(float)
    over = np.bincount(group, exposure, len(names)).astype(float)
    townships = RateTable(
        names=names,
        townships=names,
        counts=counts,
        exposure=over,
        rates=shrunk_rates(counts, over * meant.years, interval_fraction=sure),
    )
    surface, bands = _surface(meant)
    held = 0 if surface is None else surface.alerts
    return DensityStudy(
        meant=meant,
        per=per,
        cells=cells,
        townships=townships,
        surface=surface,
        bands=bands,
        without_point=0 if meant.table is None else len(meant.table) - held,
    )


def _surface(meant: AlertsMeant) -> tuple[Surface | None, DensityBands | None]:
    points = meant.points
    if points is None:
        return None, None
    rules = meant.loaded.case.spec.alert_rules.density
    area = ground_on(meant.loaded, points.crs)
    grid = grid_of(area, points.crs, rules.grid_m, _SQUARES, "alert_rules.density.grid_m")
    surface = density_surface(
        points.x_m, points.y_m, grid, bandwidth_m=rules.bandwidth_m, rule=rules.bandwidth
    )
    return surface, density_bands(surface, area)
