"""Tables of the event loop, made from the inputs of one deployment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from optimizer.arrivals import Alerts
from optimizer.frozen import IntArray
from optimizer.simulation_inputs import SimulationInputs, finite
from optimizer.simulation_state import (
    BREAK_DUE,
    DAY_MIN,
    PERIOD,
    SHIFT,
    Calendar,
    Jobs,
    Rules,
    Side,
)


def side_of(inputs: SimulationInputs) -> Side:
    """Tables of the event loop."""
    u, c = len(inputs.unit_id), len(inputs.unit_of_cell)
    everyone = tuple(range(u))
    near = [everyone if inputs.dispatch == "nearest" else (i,) for i in range(u)]
    far = [n if inputs.dispatch == "neighbours" else () for n in inputs.neighbours]
    near_first, near_unit = _rows(near)
    far_first, far_unit = _rows(far)
    travel = inputs.travel_min
    if inputs.cell_time_min is not None:
        travel = np.vstack([travel, inputs.cell_time_min])
    order = np.argsort(inputs.unit_of_cell, kind="stable")
    weight = inputs.patrol_weight[order]
    first = np.concatenate([[0], np.cumsum(np.bincount(inputs.unit_of_cell, minlength=u))])
    cum = np.zeros(c)
    for a, b in pairwise(first.tolist()):
        total = weight[a:b].sum()
        cum[a:b] = np.cumsum(weight[a:b]) / total if total > 0 else 0.0
        if total > 0:
            cum[b - 1] = 1.0
    cell = np.arange(c)
    sites = np.vstack([inputs.custody_station, inputs.escort_station])
    return Side(
        unit_of_cell=inputs.unit_of_cell.copy(),
        crew_unit=inputs.crew_unit,
        first_crew=np.concatenate([[0], np.cumsum(inputs.crews.max(axis=1))]).astype(np.int64),
        crews_on=inputs.crews.copy(),
        home_row=inputs.home_station.copy(),
        near_first=near_first,
        near_unit=near_unit,
        far_first=far_first,
        far_unit=far_unit,
        travel_min=np.array(travel, order="C"),
        return_min=finite(inputs.travel_min[inputs.home_station]),
        station_min=finite(inputs.station_min),
        site_row=sites,
        site_min=finite(np.vstack([inputs.travel_min[s, cell] for s in sites])),
        patrol_first=first.astype(np.int64),
        patrol_cell=order.astype(np.int64),
        patrol_cum=cum,
        travel_factor=inputs.travel_factor.copy(),
        extra_turnout_min=inputs.extra_turnout_min.copy(),
    )


def rules_of(
    inputs: SimulationInputs, *, window_from: float, window_to: float, stop_min: float
) -> Rules:
    """Numbers of the event loop; the three arguments in minutes from day 0."""
    return Rules(
        stations=len(inputs.station_min),
        from_scene=int(inputs.cell_time_min is not None),
        turnout_min=float(inputs.turnout_min),
        turnout_on_road_min=float(inputs.turnout_on_road_min),
        max_help_travel_min=float(inputs.max_help_travel_min),
        patrol_share=float(inputs.patrol_share_fraction),
        preempt_priority=int(inputs.preempt_priority),
        preemptible_priority=int(inputs.preemptible_priority),
        break_min=float(inputs.break_min),
        recall_priority=int(inputs.break_recall_priority),
        window_from=float(window_from),
        window_to=float(window_to),
        stop_min=float(stop_min),
    )


def calendar_of(inputs: SimulationInputs) -> Calendar:
    """Periods, shift changes and breaks of a day. Breaks of a unit's crews follow each other."""
    entries: list[tuple[float, int, int]] = []
    last = inputs.crews[:, -1]
    for p, start in enumerate(inputs.period_start_min.tolist()):
        if p == 0 or not np.array_equal(inputs.crews[:, p], last):
            entries.append((start, PERIOD, p))
        last = inputs.crews[:, p]
    starts = [h * 60.0 for h in inputs.shift_starts_hours]
    crew_unit = inputs.crew_unit
    rank = np.arange(len(crew_unit)) - np.searchsorted(crew_unit, crew_unit)
    for i, start in enumerate(starts):
        entries.append((start, SHIFT, 0))
        length = (starts[(i + 1) % len(starts)] - start) % DAY_MIN or DAY_MIN
        room = length - inputs.break_after_min - inputs.break_min
        if inputs.break_min > 0 and room >= 0:
            for m, r in enumerate(rank.tolist()):
                turn = (r * inputs.break_min) % (room + inputs.break_min)
                due = (start + inputs.break_after_min + min(turn, room)) % DAY_MIN
                entries.append((due, BREAK_DUE, m))
    entries.sort()
    minute, kind, who = zip(*entries, strict=True)
    return Calendar(
        minute=np.array(minute, float),
        kind=np.array(kind, np.int64),
        who=np.array(who, np.int64),
    )


def jobs_of(alerts: Alerts) -> tuple[Jobs, IntArray]:
    """One job per crew asked for, and the row of each job's alert.

    The first crew takes the arrested or the escort; the others are free when the scene is done.
    """
    alert = np.repeat(np.arange(len(alerts)), alerts.crews)
    first = np.ones(len(alert), bool)
    first[1:] = alert[1:] != alert[:-1]
    return Jobs(
        time=alerts.time_min[alert],
        cell=alerts.cell[alert],
        priority=alerts.priority[alert],
        service_min=alerts.service_min[alert],
        site=np.where(first, alerts.site[alert], 0),
        stay_min=alerts.stay_min[alert],
        patrol=alerts.patrol[alert],
    ), alert


def _rows(lists: Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
    """Lists of unequal length as one array and where each starts."""
    first = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    return first, np.array([i for one in lists for i in one], dtype=np.int64)
