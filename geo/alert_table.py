"""The alerts of a case as plain columns: what every analysis of alerts reads.

Eight narrow columns, about 40 bytes an alert, so that 20 million fit in a gigabyte. No name, no
number and no free text: a place is a salted key, and a row can be traced to its line in its file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.frozen import BoolArray

# How an alert got its cell: its own point, the cell it names, a place name it carries, or a share
# of a township's alerts that carry no more than the township.
PLACED = ("point", "cell", "place_name", "township")

DTYPES: dict[str, str] = {
    "occurred_at": "datetime64[s]",
    "cell": "int32",
    "category": "int16",
    "priority": "int8",
    "x_m": "float32",
    "y_m": "float32",
    "place": "uint64",
    "placed": "int8",
    "file": "int16",
    "row": "int64",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertTable:
    """Alerts in the order of their times, then file, then row. A alerts.

    Attributes:
        files: What was read, as the planner wrote it.
        categories: Labels.
        crs: Metric system of `x_m` and `y_m` (`geo.crs.local_crs` of the case).
        occurred_at: Local wall-clock time, datetime64[s], shape (A,).
        cell: Row in `county.cells`, int32, shape (A,); never negative.
        category: Row in `categories`, int16, shape (A,).
        priority: As logged, 1 = most urgent, int8, shape (A,); 0 where not given.
        x_m, y_m: Place, float32, shape (A,); NaN where no point was given.
        place: Salted key of the place (its id, its address, or its point), uint64, shape (A,);
            0 where the alert has no place finer than its cell.
        placed: Row in `PLACED`, int8, shape (A,).
        file: Row in `files`, int16, shape (A,).
        row: Line or row in that file, int64, shape (A,).
    """

    files: tuple[str, ...]
    categories: tuple[str, ...]
    crs: str
    occurred_at: NDArray[np.datetime64]
    cell: NDArray[np.int32]
    category: NDArray[np.int16]
    priority: NDArray[np.int8]
    x_m: NDArray[np.float32]
    y_m: NDArray[np.float32]
    place: NDArray[np.uint64]
    placed: NDArray[np.int8]
    file: NDArray[np.int16]
    row: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = np.shape(self.occurred_at)
        for name, dtype in DTYPES.items():
            # Not copied: at 20 million rows a second copy of every column is the budget.
            array = np.asarray(getattr(self, name), dtype=dtype).view()
            if array.shape != shape or array.ndim != 1:
                raise ValueError(f"alert_table.{name}: shape {array.shape}, not {shape}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if len(self) and bool((self.occurred_at[1:] < self.occurred_at[:-1]).any()):
            raise ValueError("alert_table.occurred_at: not in order")

    def __len__(self) -> int:
        return len(self.occurred_at)

    def only(self, kept: BoolArray | slice) -> AlertTable:
        """The alerts of a mask or slice, in the same order."""
        columns: dict[str, Any] = {name: getattr(self, name)[kept] for name in DTYPES}
        return replace(self, **columns)

    def between(self, start: np.datetime64, end: np.datetime64) -> AlertTable:
        """The alerts from `start` up to, not including, `end`."""
        first, last = np.searchsorted(self.occurred_at, [start, end]).tolist()
        return self.only(slice(first, last))

    def with_point(self) -> AlertTable:
        """The alerts whose point is known."""
        return self.only(np.isfinite(self.x_m))
