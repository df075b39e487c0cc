"""The event loop of the simulation, compiled by numba; the same function runs as plain Python.

`run_events` is the loop. `compiled()` is it through numba, `run_plain` the same function as it
stands, the twin: both give the same event log. Helpers are registered with numba and stay callable
from Python. Importing this module imports numba, so only `optimizer.simulation` does, when it runs.

One crew has one event ahead of it, so the heap holds crews, ordered by (time, crew), and a crew's
next event replaces the last one in place. Alerts come sorted, duty changes from a daily calendar.
Of events at one instant the calendar's go first, then crews', then alerts'.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, cast

import numpy as np
from numba import njit
from numba.extending import register_jitable

from optimizer.arrivals import CUSTODY
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
    World,
    as_objects,
    copy_back,
)

# --- ways -----------------------------------------------------------------------------------


def _week(w: World, t: float) -> int:
    last = len(w.weeks) - 1
    return min(int(t / WEEK_MIN), last) if last > 0 else 0


def _way(w: World, m: int, cell: int, t: float) -> float:
    """Minutes for crew `m` from now to `cell`, turn-out included."""
    rules, week = w.rules[0], w.weeks[_week(w, t)]
    moving = t < w.crews[m].there_at
    row = w.crews[m].from_row if moving else w.crews[m].row
    on_road = moving or row >= rules.stations
    turnout = rules.turnout_on_road_min if on_road else rules.turnout_min
    drive = w.travel_min[row, cell] * week.travel_factor
    return float(turnout + week.extra_turnout_min + drive)


def _find(w: World, u: int, cell: int, priority: int, t: float) -> int:
    """Nearest crew that may go: of the units asked first, else of those asked next; or -1."""
    best, best_min = -1, np.inf
    recall = priority <= w.rules[0].recall_priority
    for tier in range(2):
        limit = np.inf if tier == 0 else w.rules[0].max_help_travel_min
        low = w.units[u].near_from if tier == 0 else w.units[u].far_from
        high = w.units[u].near_to if tier == 0 else w.units[u].far_to
        for i in range(low, high):
            v = w.helpers[i]
            if w.units[v].available == 0:
                continue
            for m in range(w.units[v].first_crew, w.units[v].end_crew):
                status = w.crews[m].status
                if status == FREE or (status == BREAK and recall):
                    minutes = _way(w, m, cell, t)
                    if minutes < best_min and minutes <= limit:
                        best, best_min = m, minutes
        if best >= 0:
            return best
    return -1


def _find_preemptible(w: World, u: int, cell: int, priority: int) -> int:
    """Crew whose job may be left for this one: least urgent job, then nearest; or -1."""
    best, best_min, best_priority = -1, np.inf, 0
    for i in range(w.units[u].near_from, w.units[u].near_to):
        v = w.helpers[i]
        for m in range(w.units[v].first_crew, w.units[v].end_crew):
            if w.crews[m].status != BUSY or w.crews[m].phase > ON_SCENE:
                continue
            theirs = w.jobs[w.crews[m].job].priority
            if theirs <= priority or theirs < w.rules[0].preemptible_priority:
                continue
            minutes = w.travel_min[_row_when_left(w, m), cell]
            if minutes == np.inf:
                continue
            if theirs > best_priority or (theirs == best_priority and minutes < best_min):
                best, best_min, best_priority = m, minutes, theirs
    return best


def _row_when_left(w: World, m: int) -> int:
    """Where a crew that leaves its job is taken to be: the scene, or where it set out."""
    if w.crews[m].phase == ON_SCENE and w.rules[0].from_scene == 1:
        return int(w.rules[0].stations + w.jobs[w.crews[m].job].cell)
    return int(w.crews[m].start_row)


def _next_job(w: World, m: int, t: float) -> int:
    """Waiting job that crew `m` takes: by urgency, then own side first, then receipt; or -1."""
    if w.counts[WAITING] == 0:
        return -1
    u = w.crews[m].unit
    best, best_unit, best_priority = -1, -1, w.rules[0].levels
    for tier in range(2):
        found_in_tier = False
        low = w.units[u].near_from if tier == 0 else w.units[u].far_from
        high = w.units[u].near_to if tier == 0 else w.units[u].far_to
        for i in range(low, high):
            v = w.helpers[i]
            if w.units[v].waiting == 0:
                continue
            limit = np.inf if tier == 0 else w.rules[0].max_help_travel_min
            for priority in range(min(best_priority + 1, w.rules[0].levels)):
                j = w.lines[v, priority].first
                if j < 0:
                    continue
                better = priority < best_priority or (found_in_tier and j < best)
                minutes = _way(w, m, w.jobs[j].cell, t)
                if better and minutes < np.inf and minutes <= limit:
                    best, best_unit, best_priority = j, v, priority
                    found_in_tier = True
                    break
    if best >= 0:
        dequeue(w, best_unit, best_priority)
    return int(best)


# --- what crews do --------------------------------------------------------------------------


def _go_idle(w: World, m: int, t: float, status: int) -> None:
    w.crews[m].status = status
    if status == FREE or w.rules[0].recall_priority > 0:
        u = w.crews[m].unit
        if w.units[u].available == 0:
            w.units[u].none_min += counted(w, w.units[u].none_since, t)
        w.units[u].available += 1


def _leave_idle(w: World, m: int, t: float) -> None:
    status = w.crews[m].status
    if status == FREE and w.crews[m].patrolling >= 0:
        w.cells[w.crews[m].patrolling].patrol_min += counted(w, w.crews[m].there_at, t)
    if status == FREE or w.rules[0].recall_priority > 0:
        u = w.crews[m].unit
        w.units[u].available -= 1
        if w.units[u].available == 0:
            w.units[u].none_since = t


def _start(w: World, m: int, j: int, t: float) -> None:
    arrive = t + _way(w, m, w.jobs[j].cell, t)
    w.crews[m].start_row = w.crews[m].from_row if t < w.crews[m].there_at else w.crews[m].row
    w.crews[m].status = BUSY
    w.crews[m].phase = EN_ROUTE
    w.crews[m].job = j
    w.crews[m].busy_since = t
    w.jobs[j].crew = m
    if np.isnan(w.jobs[j].dispatched):
        w.jobs[j].dispatched = t
    log(w, t, DISPATCHED, j, m)
    schedule(w, m, arrive)


def _pause(w: World, m: int, t: float) -> None:
    """A break at the station."""
    home = w.units[w.crews[m].unit].home
    w.crews[m].break_due = 0
    w.crews[m].row = home
    w.crews[m].from_row = home
    w.crews[m].there_at = t
    w.crews[m].patrolling = -1
    _go_idle(w, m, t, BREAK)
    log(w, t, PAUSED, -1, m)
    schedule(w, m, t + w.rules[0].break_min)


def _release(w: World, m: int, t: float) -> None:
    """A crew with nothing in hand: off duty, the next job, its break, or free."""
    if w.crews[m].changed_at >= 0.0:
        w.crews[m].overrun_min += counted(w, w.crews[m].changed_at, t)
        w.crews[m].changed_at = -1.0
    if w.crews[m].on_duty == 0:
        w.crews[m].status = OFF
        w.crews[m].duty_min += counted(w, w.crews[m].duty_since, t)
        unschedule(w, m)
        log(w, t, OUT, -1, m)
        return
    j = _next_job(w, m, t)
    if j >= 0:
        _start(w, m, j, t)
    elif w.crews[m].break_due == 1:
        _pause(w, m, t)
    else:
        _go_idle(w, m, t, FREE)
        unschedule(w, m)


def _head_home(w: World, m: int, row: int, t: float) -> None:
    """The job is over at `row`: free on the road from there, or busy until back."""
    u = w.crews[m].unit
    home = w.units[u].home
    week = _week(w, t)
    if row >= w.rules[0].stations:
        back_min = w.return_min[u, row - w.rules[0].stations]
    else:
        back_min = w.station_min[row, home]
    back_min *= w.weeks[week].travel_factor
    if w.rules[0].from_scene == 0:
        w.crews[m].phase = BACK
        schedule(w, m, t + back_min)
        return
    _finish(w, m, row, t, t + back_min)


def _finish(w: World, m: int, row: int, t: float, there: float) -> None:
    j = w.crews[m].job
    u = w.crews[m].unit
    w.crews[m].busy_min += counted(w, w.crews[m].busy_since, t)
    w.crews[m].job = -1
    w.counts[OPEN] -= 1
    w.crews[m].from_row = row
    w.crews[m].row = w.units[u].home
    w.crews[m].there_at = there
    w.crews[m].patrolling = -1
    if w.jobs[j].patrol < w.rules[0].patrol_share:
        share = w.jobs[j].patrol / w.rules[0].patrol_share
        low, high = w.units[u].patrol_from, w.units[u].patrol_to
        while low < high:
            middle = (low + high) // 2
            if w.patrol[middle].cum > share:
                high = middle
            else:
                low = middle + 1
        if low < w.units[u].patrol_to:
            w.crews[m].patrolling = w.patrol[low].cell
            if w.rules[0].from_scene == 1:
                w.crews[m].row = w.rules[0].stations + w.patrol[low].cell
    log(w, t, RELEASED, j, m)
    _release(w, m, t)


def _crew_event(w: World, m: int, t: float) -> None:
    if w.crews[m].status == BREAK:
        _leave_idle(w, m, t)
        log(w, t, RESUMED, -1, m)
        _release(w, m, t)
        return
    j = w.crews[m].job
    cell, site = w.jobs[j].cell, w.jobs[j].site
    phase = w.crews[m].phase
    if phase == EN_ROUTE:
        if np.isnan(w.jobs[j].arrived):
            w.jobs[j].arrived = t
        w.crews[m].phase = ON_SCENE
        log(w, t, ARRIVED, j, m)
        schedule(w, m, t + w.jobs[j].remaining)
    elif phase == ON_SCENE:
        w.jobs[j].cleared = t
        w.jobs[j].remaining = 0.0
        log(w, t, CLEARED, j, m)
        if site > 0:
            way = w.cells[cell].custody_min if site == CUSTODY else w.cells[cell].escort_min
            way *= w.weeks[_week(w, t)].travel_factor
            w.crews[m].phase = AWAY
            schedule(w, m, t + way + w.jobs[j].stay_min)
        else:
            _head_home(w, m, w.rules[0].stations + cell, t)
    elif phase == AWAY:
        row = w.cells[cell].custody_row if site == CUSTODY else w.cells[cell].escort_row
        _head_home(w, m, row, t)
    else:
        _finish(w, m, w.units[w.crews[m].unit].home, t, t)


def _receive(w: World, j: int, t: float) -> None:
    cell, priority = w.jobs[j].cell, w.jobs[j].priority
    u = w.cells[cell].unit
    w.counts[OPEN] += 1
    log(w, t, RECEIVED, j, -1)
    m = _find(w, u, cell, priority, t)
    if m >= 0:
        _leave_idle(w, m, t)
        if w.crews[m].status == BREAK:
            w.crews[m].break_due = 1
        _start(w, m, j, t)
        return
    if priority <= w.rules[0].preempt_priority:
        m = _find_preemptible(w, u, cell, priority)
        if m >= 0:
            left = w.crews[m].job
            row = _row_when_left(w, m)
            if w.crews[m].phase == ON_SCENE:
                w.jobs[left].remaining = w.crews[m].next_time - t
            w.crews[m].busy_min += counted(w, w.crews[m].busy_since, t)
            w.crews[m].from_row = row
            w.crews[m].there_at = np.inf
            log(w, t, LEFT, left, m)
            left_cell = w.jobs[left].cell
            enqueue(w, w.cells[left_cell].unit, w.jobs[left].priority, left)
            _start(w, m, j, t)
            return
    enqueue(w, u, priority, j)
    log(w, t, QUEUED, j, -1)


def _calendar_event(w: World, kind: int, who: int, t: float) -> None:
    if kind == BREAK_DUE:
        if w.crews[who].on_duty == 1:
            if w.crews[who].status == FREE:
                _leave_idle(w, who, t)
                _pause(w, who, t)
            elif w.crews[who].status == BUSY:
                w.crews[who].break_due = 1
        return
    for m in range(len(w.crews)):
        if kind == SHIFT:
            w.crews[m].break_due = 0
            if w.crews[m].status == BUSY and w.crews[m].changed_at < 0.0:
                w.crews[m].changed_at = t
            continue
        u = w.crews[m].unit
        wanted = m - w.units[u].first_crew < w.crews_on[u, who]
        if wanted and w.crews[m].on_duty == 0:
            w.crews[m].on_duty = 1
            if w.crews[m].status == OFF:
                home = w.units[u].home
                w.crews[m].duty_since = t
                w.crews[m].row = home
                w.crews[m].from_row = home
                w.crews[m].there_at = t
                w.crews[m].patrolling = -1
                log(w, t, ON, -1, m)
                _release(w, m, t)
        elif not wanted and w.crews[m].on_duty == 1:
            w.crews[m].on_duty = 0
            w.crews[m].break_due = 0
            if w.crews[m].status == BUSY:
                if w.crews[m].changed_at < 0.0:
                    w.crews[m].changed_at = t
            else:
                _leave_idle(w, m, t)
                _release(w, m, t)


def run_events(w: World) -> int:
    """Run until all jobs are done or `stop_min`; the outcome is in `w`.

    Args:
        w: A fresh world of `simulation_tables.world_of`.

    Returns:
        Events handled: jobs received, crews' steps and the calendar's entries.
    """
    n, day, entry = len(w.jobs), 0, 0
    stop_min, window_to = w.rules[0].stop_min, w.rules[0].window_to
    while True:
        k = w.counts[NEXT_JOB]
        t_job = w.jobs[k].time if k < n else np.inf
        t_day = day * DAY_MIN + w.calendar[entry].minute
        t_crew = w.crews[w.heap[0]].next_time if w.counts[HEAP] > 0 else np.inf
        t = min(t_job, t_day, t_crew)
        if t > stop_min or (k == n and w.counts[OPEN] == 0 and t >= window_to):
            break
        w.counts[EVENTS] += 1
        if t_day <= t:
            _calendar_event(w, w.calendar[entry].kind, w.calendar[entry].who, t)
            entry += 1
            if entry == len(w.calendar):
                entry, day = 0, day + 1
        elif t_crew <= t:
            _crew_event(w, w.heap[0], t)
        else:
            w.counts[NEXT_JOB] = k + 1
            _receive(w, k, t)
    for m in range(len(w.crews)):
        if w.crews[m].status == BUSY:
            w.crews[m].busy_min += counted(w, w.crews[m].busy_since, np.inf)
        elif w.crews[m].status == FREE and w.crews[m].patrolling >= 0:
            cell = w.crews[m].patrolling
            w.cells[cell].patrol_min += counted(w, w.crews[m].there_at, np.inf)
        if w.crews[m].status != OFF:
            w.crews[m].duty_min += counted(w, w.crews[m].duty_since, np.inf)
    for u in range(len(w.units)):
        if w.units[u].available == 0:
            w.units[u].none_min += counted(w, w.units[u].none_since, np.inf)
    return int(w.counts[EVENTS])


# Without reference counts, which cost ten times the work: nothing here allocates.
_OPTIONS: dict[str, Any] = {"_nrt": False, "error_model": "numpy"}
_INLINED: tuple[Callable[..., Any], ...] = (
    log, counted, earlier, settle, schedule, _week, _way, _go_idle, _leave_idle, _start, _find,
    _finish, _head_home, _crew_event, _receive,
)  # fmt: skip
_CALLED: tuple[Callable[..., Any], ...] = (
    unschedule, enqueue, dequeue, _find_preemptible, _row_when_left, _next_job,
    _pause, _release, _calendar_event,
)  # fmt: skip
for _helper in _INLINED:
    register_jitable(forceinline=True, **_OPTIONS)(_helper)
for _helper in _CALLED:
    register_jitable(**_OPTIONS)(_helper)

Loop = Callable[[World], int]


def run_plain(w: World) -> int:
    """`run_events` as plain Python: the twin, slow, for checking."""
    objects = as_objects(w)
    events = run_events(objects)
    copy_back(objects, w)
    return events


@cache
def compiled() -> Loop:
    """`run_events` through numba: compiled once per machine.

    What was compiled is kept where numba can write: in `NUMBA_CACHE_DIR`, beside the source, or in
    the user's cache folder; where in none of them, every process compiles for itself.
    """
    decorate: Any = njit
    try:
        made = decorate(cache=True, nogil=True, **_OPTIONS)(run_events)
    except RuntimeError:  # numba: no folder to keep it in
        made = decorate(nogil=True, **_OPTIONS)(run_events)
    return cast("Loop", made)


def compiling() -> Literal["no", "once", "always"]:
    """Whether the first call of `compiled()` takes its time, once or, with no folder, every time.

    Numba does not tell, so its cache's index is read; if that looks different one day, the answer
    is no.
    """
    loop: Any = compiled()
    if loop.signatures:
        return "no"
    kept = getattr(loop, "_cache", None)
    if getattr(kept, "cache_path", None) is None:
        return "always"
    load = getattr(getattr(kept, "_cache_file", None), "_load_index", None)
    return "no" if load is None or load() else "once"
