"""What the event loop of the simulation reads and changes: tables as named tuples of arrays.

Named tuples, because numba takes them as arguments and plain Python reads them alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimizer.frozen import FloatArray, IntArray

OFF, FREE, BUSY, BREAK = range(4)
EN_ROUTE, ON_SCENE, AWAY, BACK = range(4)
PERIOD, SHIFT, BREAK_DUE = range(3)
RECEIVED, DISPATCHED, ARRIVED, CLEARED, RELEASED, QUEUED, LEFT, PAUSED, RESUMED, ON, OUT = range(11)
LOG_NAMES = (
    "received", "dispatched", "arrived", "cleared", "released", "queued", "left", "break_starts",
    "break_ends", "on_duty", "off_duty",
)  # fmt: skip
HEAP, EVENTS, LOGGED, NEXT_JOB, WAITING, OPEN = range(6)
DAY_MIN = 1440.0
WEEK_MIN = 10080.0


class Side(NamedTuple):
    """One deployment. U units, M crews by unit, S stations, C cells; rows = S, or S + C."""

    unit_of_cell: IntArray  # (C,)
    crew_unit: IntArray  # (M,)
    first_crew: IntArray  # (U + 1,)
    crews_on: IntArray  # (U, P) crews on duty
    home_row: IntArray  # (U,) station row of the centre
    near_first: IntArray  # (U + 1,) into near_unit: units asked first
    near_unit: IntArray
    far_first: IntArray  # (U + 1,) into far_unit: units asked next
    far_unit: IntArray
    travel_min: FloatArray  # (rows, C) from a station, then from a cell
    return_min: FloatArray  # (U, C) cell to the unit's centre
    station_min: FloatArray  # (S, S)
    site_row: IntArray  # (2, C) station row of the custody site, of the escort's end
    site_min: FloatArray  # (2, C) minutes there from the cell
    patrol_first: IntArray  # (U + 1,) into patrol_cell
    patrol_cell: IntArray
    patrol_cum: FloatArray  # cumulative shares of each unit's cells
    travel_factor: FloatArray  # by week; the last holds on
    extra_turnout_min: FloatArray  # by week likewise


class Rules(NamedTuple):
    """Numbers that hold for all crews."""

    stations: int
    from_scene: int
    turnout_min: float
    turnout_on_road_min: float
    max_help_travel_min: float
    patrol_share: float
    preempt_priority: int
    preemptible_priority: int
    break_min: float
    recall_priority: int
    window_from: float
    window_to: float
    stop_min: float


class Jobs(NamedTuple):
    """One row per crew asked for, by time."""

    time: FloatArray
    cell: IntArray
    priority: IntArray
    service_min: FloatArray
    site: IntArray  # 0 none, 1 custody, 2 escort
    stay_min: FloatArray
    patrol: FloatArray  # uniform, decides where the crew goes next


class Calendar(NamedTuple):
    """What happens every day, by minute of the day."""

    minute: FloatArray
    kind: IntArray
    who: IntArray


class State(NamedTuple):
    """Everything the loop changes. NaN = not yet."""

    counts: IntArray
    status: IntArray  # crews from here
    phase: IntArray
    on_duty: IntArray
    job: IntArray
    start_row: IntArray
    from_row: IntArray  # place until there_at
    row: IntArray  # place from there_at on
    there_at: FloatArray
    patrolling: IntArray  # cell or -1
    break_due: IntArray
    next_time: FloatArray
    heap: IntArray
    heap_at: IntArray
    busy_since: FloatArray
    duty_since: FloatArray
    changed_at: FloatArray
    busy_min: FloatArray
    duty_min: FloatArray
    overrun_min: FloatArray
    available: IntArray  # units from here
    none_since: FloatArray
    none_min: FloatArray
    head: IntArray  # (U, levels)
    tail: IntArray
    waiting: IntArray
    patrol_min: FloatArray  # (C,)
    following: IntArray  # jobs from here
    crew: IntArray
    remaining: FloatArray
    dispatched: FloatArray
    arrived: FloatArray
    cleared: FloatArray
    log_time: FloatArray
    log_kind: IntArray
    log_job: IntArray
    log_crew: IntArray


def new_state(side: Side, jobs: Jobs, log_capacity: int = 0) -> State:
    """Everybody off duty, nothing happened; the calendar's first minute puts crews on duty."""
    m, u, n = len(side.crew_unit), len(side.home_row), len(jobs.time)
    levels = int(jobs.priority.max(initial=0)) + 1

    def whole(size: int, value: int = 0) -> IntArray:
        return np.full(size, value, np.int64)

    def real(size: int, value: float = 0.0) -> FloatArray:
        return np.full(size, value)

    home = side.home_row[side.crew_unit].astype(np.int64)
    return State(
        counts=whole(6), status=whole(m, OFF), phase=whole(m), on_duty=whole(m), job=whole(m, -1),
        start_row=home.copy(), from_row=home.copy(), row=home.copy(), there_at=real(m),
        patrolling=whole(m, -1), break_due=whole(m), next_time=real(m, np.inf),
        heap=whole(m, -1), heap_at=whole(m, -1), busy_since=real(m), duty_since=real(m),
        changed_at=real(m, -1.0), busy_min=real(m), duty_min=real(m), overrun_min=real(m),
        available=whole(u), none_since=real(u), none_min=real(u),
        head=np.full((u, levels), -1, np.int64), tail=np.full((u, levels), -1, np.int64),
        waiting=whole(u), patrol_min=real(len(side.unit_of_cell)),
        following=whole(n, -1), crew=whole(n, -1),
        remaining=jobs.service_min.astype(np.float64).copy(),
        dispatched=real(n, np.nan), arrived=real(n, np.nan), cleared=real(n, np.nan),
        log_time=real(log_capacity), log_kind=whole(log_capacity), log_job=whole(log_capacity),
        log_crew=whole(log_capacity),
    )  # fmt: skip
