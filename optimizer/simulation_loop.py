"""The event loop of the simulation, compiled by numba; the same function runs as plain Python.

`run_events` is the loop. `compiled()` is it through numba, `run_events` itself is the twin: both
give the same event log. Helpers are registered with numba and stay callable from Python. Importing
this module imports numba, so only `optimizer.simulation` does, when it runs.

One crew has one event ahead of it, so the heap holds crews, ordered by (time, crew), and a crew's
next event replaces the last one in place. Alerts come sorted, duty changes from a daily calendar.
Of events at one instant the calendar's go first, then crews', then alerts'.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
from numba import njit
from numba.extending import register_jitable

from optimizer.simulation_queues import (
    counted,
    dequeue,
    earlier,
    enqueue,
    log,
    schedule,
    settle,
    unschedule,
)
from optimizer.simulation_state import (
    ARRIVED,
    AWAY,
    BACK,
    BREAK,
    BREAK_DUE,
    BUSY,
    CLEARED,
    DAY_MIN,
    DISPATCHED,
    EN_ROUTE,
    EVENTS,
    FREE,
    HEAP,
    LEFT,
    NEXT_JOB,
    OFF,
    ON,
    ON_SCENE,
    OPEN,
    OUT,
    PAUSED,
    QUEUED,
    RECEIVED,
    RELEASED,
    RESUMED,
    SHIFT,
    WAITING,
    WEEK_MIN,
    Calendar,
    Jobs,
    Rules,
    Side,
    State,
)

# --- ways -----------------------------------------------------------------------------------


def _way(side: Side, rules: Rules, state: State, m: int, cell: int, t: float) -> float:
    """Minutes for crew `m` from now to `cell`, turn-out included."""
    week = min(int(t // WEEK_MIN), len(side.travel_factor) - 1)
    moving = t < state.there_at[m]
    row = state.from_row[m] if moving else state.row[m]
    turnout = rules.turnout_on_road_min if moving or row >= rules.stations else rules.turnout_min
    return float(
        turnout + side.extra_turnout_min[week] + side.travel_min[row, cell]
        * side.travel_factor[week]
    )  # fmt: skip


def _find(
    side: Side, rules: Rules, state: State, u: int, cell: int, priority: int, t: float
) -> int:
    """Nearest crew that may go: of the units asked first, else of those asked next; or -1."""
    best, best_min = -1, np.inf
    for tier in range(2):
        first = side.near_first if tier == 0 else side.far_first
        units = side.near_unit if tier == 0 else side.far_unit
        for i in range(first[u], first[u + 1]):
            v = units[i]
            if state.available[v] == 0:
                continue
            for m in range(side.first_crew[v], side.first_crew[v + 1]):
                status = state.status[m]
                if status == FREE or (status == BREAK and priority <= rules.recall_priority):
                    minutes = _way(side, rules, state, m, cell, t)
                    if minutes < best_min and (tier == 0 or minutes <= rules.max_help_travel_min):
                        best, best_min = m, minutes
        if best >= 0:
            return best
    return -1


def _find_preemptible(
    side: Side, rules: Rules, jobs: Jobs, state: State, u: int, cell: int, priority: int
) -> int:
    """Crew whose job may be left for this one: least urgent job, then nearest; or -1."""
    best, best_min, best_priority = -1, np.inf, 0
    for i in range(side.near_first[u], side.near_first[u + 1]):
        v = side.near_unit[i]
        for m in range(side.first_crew[v], side.first_crew[v + 1]):
            if state.status[m] != BUSY or state.phase[m] > ON_SCENE:
                continue
            theirs = jobs.priority[state.job[m]]
            if theirs <= priority or theirs < rules.preemptible_priority:
                continue
            minutes = side.travel_min[_row_when_left(rules, jobs, state, m), cell]
            if minutes == np.inf:
                continue
            if theirs > best_priority or (theirs == best_priority and minutes < best_min):
                best, best_min, best_priority = m, minutes, theirs
    return best


def _row_when_left(rules: Rules, jobs: Jobs, state: State, m: int) -> int:
    """Where a crew that leaves its job is taken to be: the scene, or where it set out."""
    if state.phase[m] == ON_SCENE and rules.from_scene == 1:
        return int(rules.stations + jobs.cell[state.job[m]])
    return int(state.start_row[m])


def _next_job(side: Side, rules: Rules, jobs: Jobs, state: State, m: int, t: float) -> int:
    """Waiting job that crew `m` takes: by urgency, then own side first, then receipt; or -1."""
    if state.counts[WAITING] == 0:
        return -1
    u = side.crew_unit[m]
    best, best_unit, best_priority = -1, -1, state.head.shape[1]
    for tier in range(2):
        first = side.near_first if tier == 0 else side.far_first
        units = side.near_unit if tier == 0 else side.far_unit
        found_in_tier = False
        for i in range(first[u], first[u + 1]):
            v = units[i]
            if state.waiting[v] == 0:
                continue
            limit = np.inf if tier == 0 else rules.max_help_travel_min
            for priority in range(min(best_priority + 1, state.head.shape[1])):
                j = state.head[v, priority]
                if j < 0:
                    continue
                better = priority < best_priority or (found_in_tier and j < best)
                minutes = _way(side, rules, state, m, jobs.cell[j], t)
                if better and minutes < np.inf and minutes <= limit:
                    best, best_unit, best_priority = j, v, priority
                    found_in_tier = True
                    break
    if best >= 0:
        dequeue(state, best_unit, best_priority)
    return int(best)


# --- what crews do --------------------------------------------------------------------------


def _go_idle(side: Side, rules: Rules, state: State, m: int, t: float, status: int) -> None:
    state.status[m] = status
    if status == FREE or rules.recall_priority > 0:
        u = side.crew_unit[m]
        if state.available[u] == 0:
            state.none_min[u] += counted(rules, state.none_since[u], t)
        state.available[u] += 1


def _leave_idle(side: Side, rules: Rules, state: State, m: int, t: float) -> None:
    status = state.status[m]
    if status == FREE and state.patrolling[m] >= 0:
        state.patrol_min[state.patrolling[m]] += counted(rules, state.there_at[m], t)
    if status == FREE or rules.recall_priority > 0:
        u = side.crew_unit[m]
        state.available[u] -= 1
        if state.available[u] == 0:
            state.none_since[u] = t


def _start(side: Side, rules: Rules, jobs: Jobs, state: State, m: int, j: int, t: float) -> None:
    arrive = t + _way(side, rules, state, m, jobs.cell[j], t)
    state.start_row[m] = state.from_row[m] if t < state.there_at[m] else state.row[m]
    state.status[m] = BUSY
    state.phase[m] = EN_ROUTE
    state.job[m] = j
    state.busy_since[m] = t
    state.crew[j] = m
    if np.isnan(state.dispatched[j]):
        state.dispatched[j] = t
    log(state, t, DISPATCHED, j, m)
    schedule(state, m, arrive)


def _pause(side: Side, rules: Rules, state: State, m: int, t: float) -> None:
    """A break at the station."""
    home = side.home_row[side.crew_unit[m]]
    state.break_due[m] = 0
    state.row[m] = home
    state.from_row[m] = home
    state.there_at[m] = t
    state.patrolling[m] = -1
    _go_idle(side, rules, state, m, t, BREAK)
    log(state, t, PAUSED, -1, m)
    schedule(state, m, t + rules.break_min)


def _release(side: Side, rules: Rules, jobs: Jobs, state: State, m: int, t: float) -> None:
    """A crew with nothing in hand: off duty, the next job, its break, or free."""
    if state.changed_at[m] >= 0.0:
        state.overrun_min[m] += counted(rules, state.changed_at[m], t)
        state.changed_at[m] = -1.0
    if state.on_duty[m] == 0:
        state.status[m] = OFF
        state.duty_min[m] += counted(rules, state.duty_since[m], t)
        unschedule(state, m)
        log(state, t, OUT, -1, m)
        return
    j = _next_job(side, rules, jobs, state, m, t)
    if j >= 0:
        _start(side, rules, jobs, state, m, j, t)
    elif state.break_due[m] == 1:
        _pause(side, rules, state, m, t)
    else:
        _go_idle(side, rules, state, m, t, FREE)
        unschedule(state, m)


def _head_home(
    side: Side, rules: Rules, jobs: Jobs, state: State, m: int, row: int, t: float
) -> None:
    """The job is over at `row`: free on the road from there, or busy until back."""
    u = side.crew_unit[m]
    home = side.home_row[u]
    week = min(int(t // WEEK_MIN), len(side.travel_factor) - 1)
    if row >= rules.stations:
        back_min = side.return_min[u, row - rules.stations]
    else:
        back_min = side.station_min[row, home]
    back_min *= side.travel_factor[week]
    if rules.from_scene == 0:
        state.phase[m] = BACK
        schedule(state, m, t + back_min)
        return
    _finish(side, rules, jobs, state, m, row, t, t + back_min)


def _finish(
    side: Side, rules: Rules, jobs: Jobs, state: State, m: int, row: int, t: float, there: float
) -> None:
    j = state.job[m]
    u = side.crew_unit[m]
    state.busy_min[m] += counted(rules, state.busy_since[m], t)
    state.job[m] = -1
    state.counts[OPEN] -= 1
    state.from_row[m] = row
    state.row[m] = side.home_row[u]
    state.there_at[m] = there
    state.patrolling[m] = -1
    if jobs.patrol[j] < rules.patrol_share:
        share = jobs.patrol[j] / rules.patrol_share
        low, high = side.patrol_first[u], side.patrol_first[u + 1]
        while low < high:
            middle = (low + high) // 2
            if side.patrol_cum[middle] > share:
                high = middle
            else:
                low = middle + 1
        if low < side.patrol_first[u + 1]:
            state.patrolling[m] = side.patrol_cell[low]
            if rules.from_scene == 1:
                state.row[m] = rules.stations + side.patrol_cell[low]
    log(state, t, RELEASED, j, m)
    _release(side, rules, jobs, state, m, t)


def _crew_event(side: Side, rules: Rules, jobs: Jobs, state: State, m: int, t: float) -> None:
    if state.status[m] == BREAK:
        _leave_idle(side, rules, state, m, t)
        log(state, t, RESUMED, -1, m)
        _release(side, rules, jobs, state, m, t)
        return
    j = state.job[m]
    cell = jobs.cell[j]
    phase = state.phase[m]
    if phase == EN_ROUTE:
        if np.isnan(state.arrived[j]):
            state.arrived[j] = t
        state.phase[m] = ON_SCENE
        log(state, t, ARRIVED, j, m)
        schedule(state, m, t + state.remaining[j])
    elif phase == ON_SCENE:
        state.cleared[j] = t
        state.remaining[j] = 0.0
        log(state, t, CLEARED, j, m)
        site = jobs.site[j] - 1
        if site >= 0:
            week = min(int(t // WEEK_MIN), len(side.travel_factor) - 1)
            state.phase[m] = AWAY
            way = side.site_min[site, cell] * side.travel_factor[week]
            schedule(state, m, t + way + jobs.stay_min[j])
        else:
            _head_home(side, rules, jobs, state, m, rules.stations + cell, t)
    elif phase == AWAY:
        _head_home(side, rules, jobs, state, m, side.site_row[jobs.site[j] - 1, cell], t)
    else:
        _finish(side, rules, jobs, state, m, side.home_row[side.crew_unit[m]], t, t)


def _receive(side: Side, rules: Rules, jobs: Jobs, state: State, j: int, t: float) -> None:
    cell, priority = jobs.cell[j], jobs.priority[j]
    u = side.unit_of_cell[cell]
    state.counts[OPEN] += 1
    log(state, t, RECEIVED, j, -1)
    m = _find(side, rules, state, u, cell, priority, t)
    if m >= 0:
        _leave_idle(side, rules, state, m, t)
        if state.status[m] == BREAK:
            state.break_due[m] = 1
        _start(side, rules, jobs, state, m, j, t)
        return
    if priority <= rules.preempt_priority:
        m = _find_preemptible(side, rules, jobs, state, u, cell, priority)
        if m >= 0:
            left = state.job[m]
            row = _row_when_left(rules, jobs, state, m)
            if state.phase[m] == ON_SCENE:
                state.remaining[left] = state.next_time[m] - t
            state.busy_min[m] += counted(rules, state.busy_since[m], t)
            state.from_row[m] = row
            state.there_at[m] = np.inf
            log(state, t, LEFT, left, m)
            left_cell = jobs.cell[left]
            enqueue(state, side.unit_of_cell[left_cell], jobs.priority[left], left)
            _start(side, rules, jobs, state, m, j, t)
            return
    enqueue(state, u, priority, j)
    log(state, t, QUEUED, j, -1)


def _calendar_event(
    side: Side, rules: Rules, jobs: Jobs, state: State, kind: int, who: int, t: float
) -> None:
    if kind == BREAK_DUE:
        if state.on_duty[who] == 1:
            if state.status[who] == FREE:
                _leave_idle(side, rules, state, who, t)
                _pause(side, rules, state, who, t)
            elif state.status[who] == BUSY:
                state.break_due[who] = 1
        return
    for m in range(len(side.crew_unit)):
        if kind == SHIFT:
            state.break_due[m] = 0
            if state.status[m] == BUSY and state.changed_at[m] < 0.0:
                state.changed_at[m] = t
            continue
        u = side.crew_unit[m]
        wanted = m - side.first_crew[u] < side.crews_on[u, who]
        if wanted and state.on_duty[m] == 0:
            state.on_duty[m] = 1
            if state.status[m] == OFF:
                home = side.home_row[u]
                state.duty_since[m] = t
                state.row[m] = home
                state.from_row[m] = home
                state.there_at[m] = t
                state.patrolling[m] = -1
                log(state, t, ON, -1, m)
                _release(side, rules, jobs, state, m, t)
        elif not wanted and state.on_duty[m] == 1:
            state.on_duty[m] = 0
            state.break_due[m] = 0
            if state.status[m] == BUSY:
                if state.changed_at[m] < 0.0:
                    state.changed_at[m] = t
            else:
                _leave_idle(side, rules, state, m, t)
                _release(side, rules, jobs, state, m, t)


def run_events(side: Side, rules: Rules, jobs: Jobs, calendar: Calendar, state: State) -> int:
    """Run until all jobs are done or `rules.stop_min`; the outcome is in `state`.

    Args:
        side: The deployment.
        rules: How crews are sent.
        jobs: By time.
        calendar: By minute, kind, who; its first entry puts the first period on duty at minute 0.
        state: Of `new_state`.

    Returns:
        Events handled: jobs received, crews' steps and the calendar's entries.
    """
    n, day, entry = len(jobs.time), 0, 0
    while True:
        k = state.counts[NEXT_JOB]
        t_job = jobs.time[k] if k < n else np.inf
        t_day = day * DAY_MIN + calendar.minute[entry]
        t_crew = state.next_time[state.heap[0]] if state.counts[HEAP] > 0 else np.inf
        t = min(t_job, t_day, t_crew)
        if t > rules.stop_min or (k == n and state.counts[OPEN] == 0 and t >= rules.window_to):
            break
        state.counts[EVENTS] += 1
        if t_day <= t:
            _calendar_event(side, rules, jobs, state, calendar.kind[entry], calendar.who[entry], t)
            entry += 1
            if entry == len(calendar.minute):
                entry, day = 0, day + 1
        elif t_crew <= t:
            _crew_event(side, rules, jobs, state, state.heap[0], t)
        else:
            state.counts[NEXT_JOB] = k + 1
            _receive(side, rules, jobs, state, k, t)
    for m in range(len(side.crew_unit)):
        if state.status[m] == BUSY:
            state.busy_min[m] += counted(rules, state.busy_since[m], np.inf)
        elif state.status[m] == FREE and state.patrolling[m] >= 0:
            cell = state.patrolling[m]
            state.patrol_min[cell] += counted(rules, state.there_at[m], np.inf)
        if state.status[m] != OFF:
            state.duty_min[m] += counted(rules, state.duty_since[m], np.inf)
    for u in range(len(side.home_row)):
        if state.available[u] == 0:
            state.none_min[u] += counted(rules, state.none_since[u], np.inf)
    return int(state.counts[EVENTS])


for _helper in (
    log, counted, earlier, settle, schedule, unschedule, enqueue, dequeue, _way, _find,
    _find_preemptible, _row_when_left, _next_job, _go_idle, _leave_idle, _start, _pause, _release,
    _head_home, _finish, _crew_event, _receive, _calendar_event,
):  # fmt: skip
    register_jitable(_helper)

Loop = Callable[[Side, Rules, Jobs, Calendar, State], int]


@cache
def compiled() -> Loop:
    """`run_events` through numba: compiled once per machine, kept beside the source."""
    decorate: Any = njit(cache=True, nogil=True)
    return cast("Loop", decorate(run_events))
