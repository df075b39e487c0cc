"""Alerts as plain columns: order, shapes, windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geo.alert_table import AlertTable


def alerts(**columns: Any) -> AlertTable:
    times = columns.pop("occurred_at", ["2026-01-01", "2026-01-02", "2026-01-03"])
    n = len(times)
    plain: dict[str, Any] = {
        "cell": np.zeros(n),
        "category": np.zeros(n),
        "priority": np.zeros(n),
        "x_m": np.zeros(n),
        "y_m": np.zeros(n),
        "place": np.zeros(n),
        "placed": np.zeros(n),
        "file": np.zeros(n),
        "row": np.arange(n),
    }
    stamps = np.array(times, dtype="datetime64[s]")
    return AlertTable(
        files=("a.csv",), categories=("x",), crs="local", occurred_at=stamps, **{**plain, **columns}
    )


def test_a_window_holds_its_start_and_not_its_end() -> None:
    table = alerts()
    window = table.between(np.datetime64("2026-01-02"), np.datetime64("2026-01-03"))
    assert window.row.tolist() == [1]
    assert window.cell.dtype == np.int32


def test_only_points() -> None:
    table = alerts(x_m=np.array([1.0, np.nan, 3.0]))
    assert table.with_point().row.tolist() == [0, 2]


def test_columns_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        alerts().cell[0] = 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cell": np.zeros(2)}, "alert_table.cell: shape"),
        ({"occurred_at": ["2026-01-02", "2026-01-01"]}, "not in order"),
    ],
)
def test_wrong_columns_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        alerts(**wrong)
