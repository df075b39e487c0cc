"""A county with one bundle, ready to be put under stress."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.county import County
from optimizer.plan import Bundle, Plan, current_plan
from optimizer.policy import Policy
from optimizer.simulation import Setup, prepare
from tests.toy import KM_PER_DEG, toy_county


def bundled(county: County, *groups: tuple[str, ...]) -> Plan:
    """Today's plan with groups of stations bundled at the first of each."""
    alone = set(county.stations.station_id) - {s for g in groups for s in g}
    bundles = [Bundle(centre_id=s, station_ids=(s,)) for s in alone]
    bundles += [Bundle(centre_id=g[0], station_ids=tuple(sorted(g))) for g in groups]
    return replace(current_plan(county), bundles=tuple(sorted(bundles)))


def minutes_between_cells(county: County, speed_km_per_h: float = 30.0) -> Any:
    """Straight lines at a speed, as in `toy_county`."""
    x = county.cells.lon_deg * KM_PER_DEG * np.cos(np.radians(30.3))
    y = county.cells.lat_deg * KM_PER_DEG
    return np.hypot(x[:, None] - x, y[:, None] - y) / speed_km_per_h * 60.0


def stressed_setup(
    *groups: tuple[str, ...],
    crews_today: Any = None,
    crews_plan: Any = None,
    on_road: bool = True,
    policy: Policy | None = None,
    **county: Any,
) -> Setup:
    """Five stations in a line, the groups bundled in the plan; two weeks counted."""
    made = toy_county(**{"n_stations": 5, "alerts_per_cell": 600.0, **county})
    setup = prepare(
        made,
        Policy() if policy is None else policy,
        bundled(made, *groups),
        cell_time_min=minutes_between_cells(made) if on_road else None,
        crews_today=crews_today,
        crews_plan=crews_plan,
    )
    return replace(setup, days=14, warm_up_days=7, seed=3)
