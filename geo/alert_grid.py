"""A grid of squares over the county, in metres: where alerts are counted for maps of density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.plane import GeometryArray
from optimizer.frozen import BoolArray, FloatArray, IntArray

_MOST_SQUARES = 4_000_000
_ROUND_STEPS_M = (25.0, 50.0, 100.0, 200.0, 250.0, 500.0, 1000.0, 2000.0, 5000.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Squares of one size, Y rows from south to north and X columns from west to east.

    Attributes:
        crs: Metric system of the squares, that of the alerts.
        west_m, south_m: Outer corner of the first square, a multiple of `step_m`.
        step_m: Side of a square.
        inside: Squares that touch the county, shape (Y, X).
    """

    crs: str
    west_m: float
    south_m: float
    step_m: float
    inside: BoolArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.inside.shape
        return int(rows), int(columns)

    def square_of(self, x_m: NDArray[Any], y_m: NDArray[Any]) -> IntArray:
        """Row of the flattened grid in which each place lies, shape as given; -1 = none inside."""
        rows, columns = self.shape
        east = np.floor((x_m - self.west_m) / self.step_m)
        north = np.floor((y_m - self.south_m) / self.step_m)
        on = (east >= 0) & (east < columns) & (north >= 0) & (north < rows)  # NaN is never on
        flat = np.where(on, north * columns + east, 0).astype(np.int64)
        return np.where(on & self.inside.ravel()[flat], flat, -1)

    def counts(self, x_m: NDArray[Any], y_m: NDArray[Any]) -> IntArray:
        """Alerts in each square, shape (Y, X); those outside the county are not counted."""
        rows, columns = self.shape
        flat = self.square_of(x_m, y_m)
        found = np.bincount(flat + 1, minlength=rows * columns + 1)[1:]
        return found.reshape(rows, columns).astype(np.int64)

    def key(self, flat: int) -> str:
        """What a square is called in tables: side, column and row from the plane's middle."""
        row, column = divmod(flat, self.shape[1])
        east = round(self.west_m / self.step_m) + column
        north = round(self.south_m / self.step_m) + row
        return f"g{self.step_m:g}:{east}:{north}"

    def middles(self, flat: IntArray) -> tuple[FloatArray, FloatArray]:
        """Middle of each of these squares on the plane."""
        row, column = np.divmod(flat, self.shape[1])
        x_m = self.west_m + (column + 0.5) * self.step_m
        y_m = self.south_m + (row + 0.5) * self.step_m
        return x_m, y_m

    def boxes(self, flat: IntArray) -> GeometryArray:
        """These squares as polygons on the plane."""
        x_m, y_m = self.middles(flat)
        half = self.step_m / 2.0
        made: GeometryArray = shapely.box(x_m - half, y_m - half, x_m + half, y_m + half)
        return made


def round_step_m(area_m2: float, squares: int) -> float:
    """The round side at which `area_m2` has about this many squares, at least 25 m."""
    exact = math.sqrt(area_m2 / squares)
    return min(_ROUND_STEPS_M, key=lambda step: abs(math.log(step / max(exact, 1.0))))


def grid_over(area: Any, crs: str, step_m: float) -> Grid:
    """Squares of `step_m` over `area`, a polygon on the plane of `crs`.

    Raises:
        ValueError: more than four million squares.
    """
    west, south, east, north = area.bounds
    west, south = (math.floor(v / step_m) * step_m for v in (west, south))
    columns = max(1, math.ceil((east - west) / step_m))
    rows = max(1, math.ceil((north - south) / step_m))
    if rows * columns > _MOST_SQUARES:
        raise ValueError(f"{rows} x {columns} squares")
    x_m = west + (np.arange(columns) + 0.5) * step_m
    y_m = south + (np.arange(rows) + 0.5) * step_m
    shapely.prepare(area)
    over_x, over_y = np.meshgrid(x_m, y_m)
    inside = shapely.contains_xy(area, over_x, over_y)
    # Squares whose middle lies outside, along the border: those that the border runs through.
    rim = shapely.get_coordinates(shapely.segmentize(area.boundary, step_m / 4.0))
    column = np.clip(np.floor((rim[:, 0] - west) / step_m).astype(int), 0, columns - 1)
    row = np.clip(np.floor((rim[:, 1] - south) / step_m).astype(int), 0, rows - 1)
    inside[row, column] = True
    return Grid(crs=crs, west_m=west, south_m=south, step_m=step_m, inside=inside)
