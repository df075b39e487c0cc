"""What the event loop of the simulation reads and changes: few arrays of records.

Records, because numba takes a record array as one argument and plain Python reads it alike; few,
because every array of an argument costs time at every call.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.frozen import FloatArray, IntArray

# A crew's status, and its phase while busy.
OFF, FREE, BUSY, BREAK = range(4)
EN_ROUTE, ON_SCENE, AWAY, BACK = range(4)
# Kinds of calendar entries.
PERIOD, SHIFT, BREAK_DUE = range(3)
# Kinds of log lines.
RECEIVED, DISPATCHED, ARRIVED, CLEARED, RELEASED, QUEUED, LEFT, PAUSED, RESUMED, ON, OUT = range(11)
LOG_NAMES = (
    "received", "dispatched", "arrived", "cleared", "released", "queued", "left", "break_starts",
    "break_ends", "on_duty", "off_duty",
)  # fmt: skip
# Places in `World.counts`.
HEAP, EVENTS, LOGGED, NEXT_JOB, WAITING, OPEN = range(6)
DAY_MIN = 1440.0
WEEK_MIN = 10080.0

Records = Any
"""A record array; its fields are typed by the dtypes below."""


def _fields(whole: str, real: str) -> np.dtype[Any]:
    return np.dtype(
        [(n, np.int64) for n in whole.split()] + [(n, np.float64) for n in real.split()]
    )


RULES = _fields(
    "stations levels from_scene preempt_priority preemptible_priority recall_priority",
    "turnout_min turnout_on_road_min max_help_travel_min patrol_share break_min "
    "window_from window_to stop_min",
)
# start_row: where it set out; from_row: place until there_at; row: place from then on;
# patrolling: cell or -1; changed_at: shift's end that its job runs past, or -1.
CREWS = _fields(
    "unit status phase on_duty job start_row from_row row patrolling break_due heap_at",
    "next_time there_at busy_since duty_since changed_at busy_min duty_min overrun_min",
)
# near: units asked first, far: next, both in World.helpers; available: crews that could go.
UNITS = _fields(
    "home first_crew end_crew near_from near_to far_from far_to patrol_from patrol_to available "
    "waiting",
    "none_since none_min",
)
CELLS = _fields("unit custody_row escort_row", "custody_min escort_min patrol_min")
# One job per crew asked for, by time. site: 0 none, 1 custody, 2 escort; patrol: uniform, decides
# where the crew goes next; following: next in its line. NaN = not yet.
JOBS = _fields(
    "cell priority site following crew",
    "time remaining stay_min patrol dispatched arrived cleared",
)
LINES = _fields("first last", "")
PATROL = _fields("cell", "cum")
WEEKS = _fields("", "travel_factor extra_turnout_min")
CALENDAR = _fields("kind who", "minute")
LOG = _fields("kind job crew", "time")


_TABLES = ("rules", "crews", "units", "cells", "jobs", "patrol", "weeks", "calendar", "log")


class World(NamedTuple):
    """One replication of one deployment. U units, M crews by unit, S stations, C cells."""

    rules: Records  # (1,)
    crews: Records  # (M,)
    units: Records  # (U,)
    cells: Records  # (C,)
    jobs: Records  # (J,)
    lines: Records  # (U, priorities + 1) queues of jobs
    patrol: Records  # cells by unit with cumulative shares
    weeks: Records  # from day 0; the last holds on
    calendar: Records  # what happens every day; its first entry puts period 0 on duty at minute 0
    log: Records  # as many lines as there is room for
    counts: IntArray
    heap: IntArray  # (M,)
    helpers: IntArray
    crews_on: IntArray  # (U, P)
    travel_min: FloatArray  # (S, C) or (S + C, C): from a station, then from a cell
    return_min: FloatArray  # (U, C) from a cell to the unit's centre
    station_min: FloatArray  # (S, S)


def records(size: int | tuple[int, ...], dtype: np.dtype[Any], **columns: object) -> Records:
    """A record array of zeros with the given columns filled."""
    made: NDArray[Any] = np.zeros(size, dtype)
    for name, values in columns.items():
        made[name] = values
    return made.view(np.recarray)


def as_objects(world: World) -> World:
    """The same world as plain Python objects, on which the plain-Python loop runs much faster."""

    def objects(table: Records) -> list[SimpleNamespace]:
        names = table.dtype.names
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in table.tolist()]

    lines = iter(objects(world.lines.ravel()))
    return World(
        **{name: objects(getattr(world, name)) for name in _TABLES},
        lines={at: next(lines) for at in np.ndindex(world.lines.shape)},
        counts=world.counts.tolist(),
        heap=world.heap.tolist(),
        helpers=world.helpers.tolist(),
        crews_on=world.crews_on,
        travel_min=world.travel_min,
        return_min=world.return_min,
        station_min=world.station_min,
    )


def copy_back(objects: World, world: World) -> None:
    """Write what happened to `objects` into the arrays of `world`."""
    for name in ("crews", "units", "cells", "jobs", "log"):
        table = getattr(world, name)
        for i, one in enumerate(getattr(objects, name)):
            table[i] = tuple(vars(one)[field] for field in table.dtype.names)
    world.counts[:] = objects.counts
