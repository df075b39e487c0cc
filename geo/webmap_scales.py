"""Classes and colours of the interactive map's measures, the same for all scenarios of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geo.webmap_scene import WebScene
from optimizer.frozen import FloatArray

RESPONSE = ("#FFF4DC", "#FDDCA5", "#F6B773", "#E3864F", "#BE5340", "#842B33")
CHANGE = ("#1D6F7A", "#67AFB0", "#C3E1DD", "#F4F2EC", "#F8DAB6", "#E59B54", "#AD5418")
DENSITY = ("#F1F3F8", "#D3DCEC", "#A9BDDC", "#7295C4", "#3F6AA6", "#24437A")
"""Light to dark, and teal against orange: told apart with every kind of colour vision."""

_MINUTES = ((1, 2, 3, 4, 5), (2, 4, 6, 8, 10), (5, 10, 15, 20, 30), (10, 20, 30, 45, 60))
_CHANGES = ((0.1, 0.5, 1.0), (0.5, 2.0, 5.0), (1.0, 5.0, 10.0))
_MOST_MINUTES_FRACTION, _MOST_CHANGES_FRACTION = 0.95, 0.75


def scales(scenes: Sequence[WebScene]) -> dict[str, Any]:
    """Upper limits of the classes of each measure, and one colour more than limits."""
    minutes = np.concatenate([m for s in scenes for m in (s.cell_today_min, s.cell_plan_min)])
    with np.errstate(invalid="ignore"):
        change = np.concatenate([np.abs(s.cell_plan_min - s.cell_today_min) for s in scenes])
    change = change[np.isfinite(change) & (change > 0.05)]
    steps = _first(_CHANGES, change, _MOST_CHANGES_FRACTION)
    return {
        "response": {
            "limits": _first(_MINUTES, minutes, _MOST_MINUTES_FRACTION),
            "colours": RESPONSE,
        },
        "change": {"limits": [-s for s in reversed(steps)] + [*steps], "colours": CHANGE},
        "density": {"limits": _density_limits(scenes), "colours": DENSITY},
    }


def _first(choices: Sequence[Sequence[float]], values: FloatArray, fraction: float) -> list[float]:
    """The first classes whose highest limit this share of the values keeps, else the last."""
    values = values[np.isfinite(values)]
    most = float(np.quantile(values, fraction)) if len(values) else 0.0
    return list(next((c for c in choices if most <= c[-1]), choices[-1]))


def _density_limits(scenes: Sequence[WebScene]) -> list[float]:
    """Round limits of alerts a year and km2, near equal numbers of cells; empty without areas."""
    found = []
    for scene in scenes:
        cells = scene.county.cells
        has_area = cells.area_km2 > 0
        alerts = cells.alerts_per_year.sum(axis=1)
        found.append(alerts[has_area] / cells.area_km2[has_area])
    density = np.concatenate(found)
    density = density[density > 0]
    if not len(density):
        return []
    middle = np.quantile(density, [0.2, 0.45, 0.7, 0.87, 0.96])
    rounded = {_round(float(v)) for v in middle}
    return sorted(rounded)


def _round(value: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    step = min((1.0, 2.0, 5.0, 10.0), key=lambda s: abs(np.log(value / (s * power))))
    return float(f"{step * power:.6g}")
