"""What is wrong with a task for beats whatever the search does, for planners."""

from __future__ import annotations

import numpy as np

from optimizer.beat_core import BeatCore, core_of
from optimizer.beat_plan import BeatTask
from optimizer.errors import Problem

_SHOWN = 5


def problems(task: BeatTask, where: str = "beats") -> tuple[Problem, ...]:
    """Every problem of a task; those of severity `error` leave no plan.

    Args:
        task: The task.
        where: What to call its input: a file, or a key of the case.
    """
    if not task.cells or task.beats < 1:
        return (
            Problem(
                where=where, column="beats", value=str(task.beats),
                expected="one beat or more, and cells to share out",
                fix="set the number of beats to at least 1",
            ),
        )  # fmt: skip
    core = core_of(task)
    if task.beats > core.units:
        return tuple(_counts(task, core, where)[:1])  # the rest follows from it
    heavy = _weights(task, core, where)
    return (*_counts(task, core, where), *heavy, *([] if heavy else _map(task, core, where)))


def tolerance_bound(core: BeatCore) -> float:
    """No tolerance below this can be met: by the heaviest unit, and by pieces of the map."""
    even = float(core.work.sum()) / core.task.beats
    if even <= 0:
        return 0.0
    least = float(core.work.max()) / even - 1.0
    for work in np.bincount(core.piece, core.work):
        least = max(least, _off_even(float(work), even))
    return max(0.0, float(least))


def _off_even(work: float, even: float) -> float:
    """How far a piece of the map is from even beats at the least: some whole number shares it."""
    if even <= 0:
        return 0.0
    fewer, more = np.floor(work / even), np.ceil(work / even)
    return float(min(abs(work / (n * even) - 1.0) for n in {fewer, more, 1.0} if n >= 1))


def _up(tolerance: float) -> str:
    """Rounded up, so that what is told is enough."""
    return f"{np.ceil(tolerance * 1e4 - 1e-6) / 1e4:.4f}"


def _ids(task: BeatTask, cells: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    shown = ", ".join(task.cell_ids[cell] for cell in cells[:_SHOWN])
    return shown + (" …" if len(cells) > _SHOWN else "")


def _counts(task: BeatTask, core: BeatCore, where: str) -> list[Problem]:
    found = []
    if task.beats > core.units:
        found.append(
            Problem(
                where=where, column="beats", value=str(task.beats),
                expected="no more beats than cells; there are {n} cells (or groups kept whole)",
                fix="ask for fewer beats, or leave out the rule that keeps groups whole",
                params={"n": core.units},
            )
        )  # fmt: skip
    if task.beats > len(np.unique(core.home)):
        found.append(
            Problem(
                where=where, column="may_seat", value=str(len(core.seats)),
                expected="a possible seat for each of the {k} beats",
                fix="allow more cells as seats, or ask for fewer beats",
                params={"k": task.beats},
            )
        )  # fmt: skip
    if len(core.must) > task.beats or len(np.unique(core.home[core.must])) < len(core.must):
        found.append(
            Problem(
                where=where, column="seats", value=str(len(core.must)),
                expected="at most {k} seats, in different cells (or groups kept whole)",
                fix="name fewer seats, or ask for more beats",
                params={"k": task.beats},
            )
        )  # fmt: skip
    reach = np.isfinite(task.minutes) if task.minutes is not None else None
    if reach is not None:
        busy = np.flatnonzero(task.calls_per_year > 0)
        off = reach.copy()
        np.fill_diagonal(off, val=False)
        lost = busy[~off[:, busy].any(axis=0)] if task.cells > 1 else busy[:0]
        if len(lost):
            found.append(
                Problem(
                    where=where, column="minutes", value=_ids(task, lost),
                    expected="a road from somewhere to every cell with alerts",
                    fix="draw the missing road, or count the walk to the nearest one",
                    severity="warning",
                )
            )  # fmt: skip
    return found


def _weights(task: BeatTask, core: BeatCore, where: str) -> list[Problem]:
    found = []
    heavy = np.flatnonzero(core.work > core.high * (1 + 1e-9))
    for unit in heavy[:_SHOWN].tolist():
        cells = np.flatnonzero(core.unit_of == unit)
        even = float(core.work.sum()) / task.beats
        found.append(
            Problem(
                where=where, column="work_per_year", value=_ids(task, cells),
                expected="no cell (or group kept whole) heavier than a whole beat: it has {work}, "
                "a beat at most {high}",
                fix="divide it, ask for fewer beats, or allow a tolerance of at least {needed}",
                params={
                    "work": f"{core.work[unit]:g}",
                    "high": f"{core.high:g}",
                    "needed": _up(float(core.work[unit]) / even - 1),
                },
            )
        )  # fmt: skip
    return found


def _map(task: BeatTask, core: BeatCore, where: str) -> list[Problem]:
    """Pieces of the map that no whole number of beats can share."""
    found = []
    work = np.bincount(core.piece, core.work)
    least_sum, most_sum = 0, 0
    for piece, load in enumerate(work.tolist()):
        units = np.flatnonzero(core.piece == piece)
        cells = np.flatnonzero(core.piece[core.unit_of] == piece)
        least = max(1, int(np.ceil(load / core.high - 1e-9))) if core.high > 0 else 1
        most = len(units)
        if core.low > 0:
            most = min(most, int(np.floor(load / core.low + 1e-9)))
        if most < least:
            found.append(
                Problem(
                    where=where, column="adjacency", value=_ids(task, cells),
                    expected="parts of the map that can be shared out evenly; this part of {n} "
                    "cells has work {work}, a beat {low} to {high}",
                    fix="join it by a ferry link or a bridge (--join CELL=CELL), move a barrier, "
                    "or allow a tolerance of at least {needed}",
                    params={
                        "n": len(cells),
                        "work": f"{load:g}",
                        "low": f"{core.low:g}",
                        "high": f"{core.high:g}",
                        "needed": _up(_off_even(load, float(core.work.sum()) / task.beats)),
                    },
                )
            )  # fmt: skip
        least_sum, most_sum = least_sum + least, most_sum + max(most, least)
    if not found and not least_sum <= task.beats <= most_sum:
        found.append(
            Problem(
                where=where, column="beats", value=str(task.beats),
                expected="between {least} and {most} beats for the {n} separate parts of the map",
                fix="change the number of beats, join parts by a link, or allow a larger tolerance",
                params={"least": least_sum, "most": most_sum, "n": len(work)},
            )
        )  # fmt: skip
    return found
