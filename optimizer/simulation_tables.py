"""The event loop's world, made from the inputs of one deployment and the alerts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from optimizer.arrivals import Alerts
from optimizer.frozen import IntArray
from optimizer.simulation_inputs import SimulationInputs, finite
from optimizer.simulation_state import (
    BREAK_DUE,
    CALENDAR,
    CELLS,
    CREWS,
    DAY_MIN,
    JOBS,
    LINES,
    LOG,
    PATROL,
    PERIOD,
    RULES,
    SHIFT,
    UNITS,
    WEEKS,
    Records,
    World,
    records,
)


def world_of(
    inputs: SimulationInputs,
    alerts: Alerts,
    *,
    window_from: float,
    window_to: float,
    stop_min: float,
    log_room: int = 0,
) -> tuple[World, IntArray]:
    """A world in which nothing has happened yet, and the row of each job's alert.

    Args:
        inputs: The deployment.
        alerts: The alerts; each crew asked for becomes a job.
        window_from: Minutes count from here, in minutes from day 0.
        window_to: And up to here.
        stop_min: The loop stops here at the latest.
        log_room: Lines of the log.
    """
    jobs, alert_of_job = _jobs(alerts)
    units, helpers = _units(inputs)
    crew_unit = inputs.crew_unit
    home = inputs.home_station[crew_unit]
    cell = np.arange(len(inputs.unit_of_cell))
    travel = inputs.travel_min
    if inputs.cell_time_min is not None:
        travel = np.vstack([travel, inputs.cell_time_min])
    order = np.argsort(inputs.unit_of_cell, kind="stable")
    levels = int(alerts.priority.max(initial=0)) + 1
    world = World(
        rules=_rules(inputs, levels, window_from, window_to, stop_min),
        crews=records(
            len(crew_unit), CREWS, unit=crew_unit, job=-1, start_row=home, from_row=home, row=home,
            patrolling=-1, heap_at=-1, next_time=np.inf, changed_at=-1.0,
        ),
        units=units,
        cells=records(
            len(cell), CELLS,
            unit=inputs.unit_of_cell,
            custody_row=inputs.custody_station,
            escort_row=inputs.escort_station,
            custody_min=finite(inputs.travel_min[inputs.custody_station, cell]),
            escort_min=finite(inputs.travel_min[inputs.escort_station, cell]),
        ),
        jobs=jobs,
        lines=records((len(units), levels), LINES, first=-1, last=-1),
        patrol=records(len(cell), PATROL, cell=order, cum=_patrol_shares(inputs, order)),
        weeks=records(
            len(inputs.travel_factor), WEEKS,
            travel_factor=inputs.travel_factor,
            extra_turnout_min=inputs.extra_turnout_min,
        ),
        calendar=_calendar(inputs),
        log=records(log_room, LOG),
        counts=np.zeros(6, np.int64),
        heap=np.full(len(crew_unit), -1, np.int64),
        helpers=helpers,
        crews_on=inputs.crews.copy(),
        travel_min=np.array(travel, order="C"),
        return_min=finite(inputs.travel_min[inputs.home_station]),
        station_min=finite(inputs.station_min),
    )  # fmt: skip
    return world, alert_of_job


def _rules(
    inputs: SimulationInputs, levels: int, start: float, end: float, stop_min: float
) -> Records:
    return records(
        1,
        RULES,
        stations=len(inputs.station_min),
        levels=levels,
        from_scene=int(inputs.cell_time_min is not None),
        turnout_min=inputs.turnout_min,
        turnout_on_road_min=inputs.turnout_on_road_min,
        max_help_travel_min=inputs.max_help_travel_min,
        patrol_share=inputs.patrol_share_fraction,
        preempt_priority=inputs.preempt_priority,
        preemptible_priority=inputs.preemptible_priority,
        break_min=inputs.break_min,
        recall_priority=inputs.break_recall_priority,
        window_from=start,
        window_to=end,
        stop_min=stop_min,
    )


def _units(inputs: SimulationInputs) -> tuple[Records, IntArray]:
    """Units and the list of helpers that they point into."""
    n = len(inputs.unit_id)
    everyone = tuple(range(n))
    near = [everyone if inputs.dispatch == "nearest" else (i,) for i in range(n)]
    far = [f if inputs.dispatch == "neighbours" else () for f in inputs.neighbours]
    helpers: list[int] = []

    def put(lists: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        start, end = [], []
        for one in lists:
            start.append(len(helpers))
            helpers.extend(one)
            end.append(len(helpers))
        return start, end

    near_from, near_to = put(near)
    far_from, far_to = put(far)
    last_crew = np.cumsum(inputs.crews.max(axis=1))
    last_cell = np.cumsum(np.bincount(inputs.unit_of_cell, minlength=n))
    units = records(
        n,
        UNITS,
        home=inputs.home_station,
        first_crew=last_crew - inputs.crews.max(axis=1),
        end_crew=last_crew,
        near_from=near_from,
        near_to=near_to,
        far_from=far_from,
        far_to=far_to,
        patrol_from=np.concatenate([[0], last_cell[:-1]]),
        patrol_to=last_cell,
    )
    return units, np.array(helpers, dtype=np.int64)


def _patrol_shares(inputs: SimulationInputs, order: IntArray) -> object:
    """Cumulative share of each unit's patrol that its cells get, cells in `order`."""
    weight = inputs.patrol_weight[order]
    ends = np.cumsum(np.bincount(inputs.unit_of_cell, minlength=len(inputs.unit_id)))
    cum = np.zeros(len(order))
    for a, b in pairwise([0, *ends.tolist()]):
        total = weight[a:b].sum()
        if total > 0:
            cum[a:b] = np.cumsum(weight[a:b]) / total
            cum[b - 1] = 1.0
    return cum


def _jobs(alerts: Alerts) -> tuple[Records, IntArray]:
    """The first crew takes the arrested or the escort; the others are free after the scene."""
    alert = np.repeat(np.arange(len(alerts)), alerts.crews)
    first = np.ones(len(alert), bool)
    first[1:] = alert[1:] != alert[:-1]
    jobs = records(
        len(alert),
        JOBS,
        cell=alerts.cell[alert],
        priority=alerts.priority[alert],
        site=np.where(first, alerts.site[alert], 0),
        following=-1,
        crew=-1,
        time=alerts.time_min[alert],
        remaining=alerts.service_min[alert],
        stay_min=alerts.stay_min[alert],
        patrol=alerts.patrol[alert],
        dispatched=np.nan,
        arrived=np.nan,
        cleared=np.nan,
    )
    return jobs, alert


def _calendar(inputs: SimulationInputs) -> Records:
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
    return records(len(entries), CALENDAR, minute=minute, kind=kind, who=who)
