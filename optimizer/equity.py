"""The equity guard as a judge sees it: what a plan takes from whom, cell by cell.

None of the code that made the plan is used; what a bundle may take is in `policy_equity`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.measures import response_by_group
from optimizer.plan import Bundle, Plan
from optimizer.policy import Policy
from optimizer.rules import Violation
from optimizer.workload import closes_window, standard_min

TOLERANCE = 1e-6
"""Minutes, km or shares that rounding may cost."""
_RESIDENTS_EACH = 1e-3
"""Residents per station that rounding may cost: rows hold whole thousandths."""


def loses_standard(county: County, policy: Policy, plan: Plan) -> BoolArray:
    """Cells within the response standard today and outside it in `plan`, shape (C,)."""
    every = np.arange(len(county.cells))
    limit_min = standard_min(county, policy)
    turnout = policy.response.turnout_min
    today = turnout + county.travel_time_min[county.cells.station, every]
    then = turnout + county.travel_time_min[_centre_rows(county, plan)[county.cells.station], every]
    lost: BoolArray = (today <= limit_min) & (then > limit_min)
    return lost


def windows_left(county: County, policy: Policy, plan: Plan) -> BoolArray:
    """Stations that keep a window under `plan`, shape (S,)."""
    stations = np.arange(len(county.stations))
    left: BoolArray = county.stations.has_window & ~closes_window(
        county, policy, _centre_rows(county, plan), stations
    )
    return left


def bundle_rules(county: County, policy: Policy, bundle: Bundle, where: str) -> Iterator[Violation]:
    """Rules on what one bundle takes; a station alone takes nothing.

    Args:
        county: The county.
        policy: The policy.
        bundle: The bundle.
        where: Its name in a violation.
    """
    guard = policy.equity
    asked = (guard.max_township_loss_min, guard.max_township_response_min, guard.max_window_km)
    if asked == (None, None, None):
        return
    row = county.stations.index()
    centre = row[bundle.centre_id]
    for office in sorted(bundle.office_ids):
        cells = np.flatnonzero(county.cells.station == row[office])
        if cells.size:
            yield from _townships(county, policy, where, centre, cells)
            yield from _windows(county, policy, where, centre, cells)


def plan_rules(county: County, policy: Policy, plan: Plan) -> Iterator[Violation]:
    """Rules on what the whole plan takes."""
    limit = policy.equity.max_residents_losing_standard_fraction
    residents = float(county.cells.population.sum())
    if limit is None or residents <= 0:
        return
    lost = float(county.cells.population[loses_standard(county, policy, plan)].sum())
    rounding = max(TOLERANCE * residents, _RESIDENTS_EACH * len(county.stations))
    if lost > limit * residents + rounding:
        yield Violation(
            rule="equity.max_residents_losing_standard_fraction",
            where=county.name,
            value=f"{lost / residents:.4f}",
            limit=f"{limit:g}",
            what=f"{lost:.0f}",
        )


def _townships(
    county: County, policy: Policy, where: str, centre: int, cells: IntArray
) -> Iterator[Violation]:
    """Mean response of each township's part that one station serves today."""
    guard, names = policy.equity, sorted({county.cells.township[c] for c in cells.tolist()})
    number = {name: i for i, name in enumerate(names)}
    part = np.array([number[county.cells.township[c]] for c in cells.tolist()], dtype=np.int64)

    def mean(station: int) -> FloatArray:
        minutes = policy.response.turnout_min + county.travel_time_min[station, cells]
        return response_by_group(
            part,
            len(names),
            alerts_per_year=county.cells.alerts_per_year[cells].sum(axis=1),
            population=county.cells.population[cells],
            response_min=minutes,
            is_within=np.ones(len(cells), dtype=bool),
        ).mean_response_min

    today, then = mean(int(county.cells.station[cells[0]])), mean(centre)
    most_loss, most = guard.max_township_loss_min, guard.max_township_response_min
    for i, township in enumerate(names):
        loss = float(then[i] - today[i])
        if most_loss is not None and loss > most_loss + TOLERANCE:
            yield Violation(
                rule="equity.max_township_loss_min",
                where=where,
                value=f"{loss:.2f}",
                limit=f"{most_loss:g}",
                what=township,
            )
        if most is not None and then[i] > most + TOLERANCE and loss > TOLERANCE:
            yield Violation(
                rule="equity.max_township_response_min",
                where=where,
                value=f"{then[i]:.2f}",
                limit=f"{most:g}",
                what=township,
            )


def _windows(
    county: County, policy: Policy, where: str, centre: int, cells: IntArray
) -> Iterator[Violation]:
    """Way to the centre's window, where the station's own closes."""
    limit_km, station = policy.equity.max_window_km, county.cells.station[cells[0]]
    if limit_km is None or not closes_window(county, policy, np.array(centre), station):
        return
    if county.cells.population.any():
        cells = cells[county.cells.population[cells] > 0]
    today_km, then_km = county.road_km[station, cells], county.road_km[centre, cells]
    beyond = np.flatnonzero((then_km > limit_km + TOLERANCE) & (then_km > today_km + TOLERANCE))
    if beyond.size:
        farthest = int(beyond[np.argmax(then_km[beyond])])
        yield Violation(
            rule="equity.max_window_km",
            where=where,
            value=f"{then_km[farthest]:.2f}",
            limit=f"{limit_km:g}",
            what=county.cells.cell_id[int(cells[farthest])],
        )


def _centre_rows(county: County, plan: Plan) -> IntArray:
    """Row of the centre of each station, shape (S,)."""
    row, centre_of = county.stations.index(), plan.centre_of()
    return np.array([row[centre_of[s]] for s in county.stations.station_id], dtype=np.int64)
