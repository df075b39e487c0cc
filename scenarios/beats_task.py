"""From a planner's wishes to a task for beats: cells of a unit, minutes, borders, rules."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from geo.columns import Column, Schema
from geo.plane import plane_at
from geo.readers import Source, Table, read_table
from optimizer.beat_plan import BeatTask, GridRule, Objective
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, IntArray
from optimizer.policy_beats import BeatBalance, BeatObjective
from scenarios.beats_figures import borders_km, minutes_between, work_of
from scenarios.beats_range import numbers_of_beats
from scenarios.load import LoadedCase
from scenarios.names import Names, Wrong, gazetteer
from scenarios.opened import Opened

_OBJECTIVES: dict[BeatObjective, Objective] = {
    "minutes": "calls_minutes",
    "inertia": "inertia",
    "border": "border",
}
STATIONS: Literal["stations"] = "stations"
"""What `--today` says for today's stations instead of a file."""
_CELL_ID = Column(
    name="cell_id", kind="id", required=True, aliases=("单元编号", "村编号", "编号", "id")
)
DRAWN = Schema(
    layer="beats",
    columns=(
        _CELL_ID,
        Column(
            name="beat",
            kind="text",
            required=True,
            aliases=("警格", "警格编号", "片区", "社区", "area"),
        ),
        Column(name="seat", kind="yes_no", default=False, aliases=("警务点", "警格驻地")),
    ),
    unique=("cell_id",),
)
"""Beat of each cell and, where known, which cells are seats."""
WHOLE = Schema(
    layer="cells",
    columns=(
        _CELL_ID,
        Column(name="village", kind="text", aliases=("村", "行政村", "社区", "村社区", "group")),
        Column(name="grid", kind="text", aliases=("网格", "网格编号", "综治网格")),
        Column(name="may_seat", kind="yes_no", default=True, aliases=("可设警务点", "可驻")),
    ),
    unique=("cell_id",),
)
"""What stays together, and where a beat may have its seat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatWishes:
    """What a planner asks of beats.

    Attributes:
        station: Station or centre by id or name; None = the whole county.
        alone: The station as it is today, not the plan's unit.
        beats: How many, `8` or `6-10`; None = as residents ask for.
        within_min: Of a range of numbers, the least is wanted whose farthest cell with alerts is
            within so many minutes of its seat.
        tolerance_fraction: Of the work of a beat; this and the next two: None = as the policy says.
        balance: What is shared out evenly.
        objective: What is small in a good plan.
        barriers: Beats do not cross barriers.
        today: File of today's beats, or `stations`.
        max_changes: Cells that may change their beat.
        cells: File of villages, grids and possible seats.
        grid_rule: How beats fit civil grids.
        seats: Cells that are seats in any case.
        joins: Pairs of cells to be joined, such as by a ferry, `CELL=CELL`.
        moves: `CELL=BEAT`, made by hand after the search.
        drawn: File of beats to score, instead of a search.
        random_plans: Random valid plans to compare with; 0 = none.
    """

    station: str | None = None
    alone: bool = False
    beats: str | None = None
    within_min: float | None = None
    tolerance_fraction: float | None = None
    balance: BeatBalance | None = None
    objective: BeatObjective | None = None
    barriers: bool = True
    today: Path | Literal["stations"] | None = None
    max_changes: int | None = None
    cells: Path | None = None
    grid_rule: GridRule = "none"
    seats: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    drawn: Path | None = None
    random_plans: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatAsked:
    """A task with what a planner calls its parts.

    Attributes:
        wishes: What was asked.
        unit_id: Station or centre; None = the whole county.
        station_ids: Stations of the area.
        rows: Cells of the area, as rows of the county's.
        task: The task, with the least number of beats that comes into question.
        counts: Numbers of beats that come into question, ascending.
        officers: Of the unit in the plan, or today's of its stations.
        balance: What is shared out evenly.
        by_road: Minutes are by road; else straight lines at the county's pace.
        no_road: Cells without a way by road to most others; such ways count as straight walks.
        today_names: Names of today's beats; empty where they are not known.
        drawn: Beat of each cell in the planner's file, by place in `drawn_names`; None without.
        drawn_names: Names of its beats.
        drawn_seats: Cells that the file calls seats.
    """

    wishes: BeatWishes
    unit_id: str | None
    station_ids: tuple[str, ...]
    rows: IntArray
    task: BeatTask
    counts: tuple[int, ...]
    officers: int
    balance: BeatBalance
    by_road: bool
    no_road: tuple[str, ...] = ()
    today_names: tuple[str, ...] = ()
    drawn: IntArray | None = None
    drawn_names: tuple[str, ...] = ()
    drawn_seats: tuple[int, ...] = ()


def beat_task(opened: Opened, wishes: BeatWishes) -> BeatAsked:
    """The task of a case or run.

    Args:
        opened: With a plan where a station is named and not `alone`.
        wishes: What is asked.

    Raises:
        InputError: everything that is wrong with options and files.
    """
    loaded = opened.loaded
    county = loaded.county
    unit_id, station_ids = _area(opened, wishes)
    row = county.stations.index()
    rows = np.flatnonzero(np.isin(county.cells.station, [row[s] for s in station_ids]))
    if not len(rows):
        raise InputError([_no_cells(wishes)])
    ids = tuple(county.cells.cell_id[r] for r in rows.tolist())
    reading = _Reading(county, ids)
    today, today_names = _today(reading, county, rows, wishes)
    drawn, drawn_names, drawn_seats = reading.beats(wishes.drawn)
    village, grid, may_seat = reading.whole(wishes.cells)
    seats = tuple(sorted({r for s in wishes.seats if (r := reading.cell("--seat", s)) is not None}))
    pairs, barrier = _borders(reading, county, rows, wishes)
    if wishes.max_changes is not None and wishes.today is None:
        reading.problems.append(_needs("--max-changes", wishes.max_changes, "--today"))
    if wishes.grid_rule != "none" and grid is None and not reading.problems:
        reading.problems.append(_needs("--grid-rule", wishes.grid_rule, "--cells"))
    rules = loaded.policy.beats
    officers = _officers(opened, unit_id, station_ids, wishes)
    counts = numbers_of_beats(
        wishes.beats, rules, officers, _by_residents(loaded, rows), len(drawn_names)
    )
    if isinstance(counts, Problem):
        reading.problems.append(counts)
    if reading.problems or isinstance(counts, Problem):
        raise InputError(reading.problems)
    minutes, per_km, no_road = minutes_between(loaded, rows)
    balance = wishes.balance or rules.balance
    calls, work = work_of(loaded, rows, balance)
    plane = plane_at(county.cells.lon_deg[rows], county.cells.lat_deg[rows])
    x_m, y_m = plane.xy(county.cells.lon_deg[rows], county.cells.lat_deg[rows])
    tolerance, objective = wishes.tolerance_fraction, wishes.objective or rules.objective
    task = BeatTask(
        cell_ids=ids,
        calls_per_year=calls,
        work_per_year=work,
        adjacency=pairs,
        beats=counts[0],
        tolerance_fraction=rules.tolerance_fraction if tolerance is None else tolerance,
        minutes=minutes,
        x_km=x_m / 1000.0,
        y_km=y_m / 1000.0,
        minutes_per_km=per_km,
        objective=_OBJECTIVES[objective],
        border_km=borders_km(loaded, rows, pairs)
        if objective == "border" or wishes.random_plans
        else None,
        barrier=barrier,
        group=village,
        grid=grid,
        grid_rule=wishes.grid_rule,
        may_seat=may_seat,
        seats=seats,
        today=today,
        max_changes=wishes.max_changes,
    )
    return BeatAsked(
        wishes=wishes,
        unit_id=unit_id,
        station_ids=station_ids,
        rows=rows,
        task=task,
        counts=counts,
        officers=officers,
        balance=balance,
        by_road=minutes is not None,
        no_road=tuple(ids[r] for r in no_road),
        today_names=today_names,
        drawn=drawn,
        drawn_names=drawn_names,
        drawn_seats=drawn_seats,
    )


def split_pair(option: str, text: str) -> tuple[str, str] | Problem:
    """Both sides of `CELL=…`."""
    left, equals, right = text.partition("=")
    if equals and left.strip() and right.strip():
        return left.strip(), right.strip()
    return Problem(
        where=option,
        value=text,
        expected="two names with = between",
        fix="write it like c12=c15",
    )


class _Reading:
    """Reads the planner's files of cells; every problem is kept."""

    def __init__(self, county: County, ids: Sequence[str]) -> None:
        self.problems: list[Problem] = []
        self.names = Names("cell", ids)
        self._place = {one: i for i, one in enumerate(ids)}
        self._elsewhere = set(county.cells.cell_id) - set(ids)

    def cell(self, option: str, typed: str) -> int | None:
        """The cell that a planner names."""
        found = self.names.find(typed)
        if isinstance(found, Wrong):
            self.problems.append(found.problem(option, typed))
            return None
        return self._place[found]

    def beats(self, path: Path | None) -> tuple[IntArray | None, tuple[str, ...], tuple[int, ...]]:
        """Beat of each cell, the beats' names in order (2 before 10), and seats."""
        table = self._table(path, DRAWN)
        if table is None:
            return None, (), ()
        at = self._rows(table, every=True)
        if at is None:
            return None, (), ()
        names = sorted(set(table.frame["beat"].iloc[[t for _, t in at]]), key=_natural)
        place = {name: i for i, name in enumerate(names)}
        beat_of = np.zeros(len(self._place), np.int64)
        seats = []
        for cell, t in at:
            beat_of[cell] = place[table.frame["beat"].iloc[t]]
            if bool(table.frame["seat"].iloc[t]):
                seats.append(cell)
        return beat_of, tuple(str(n) for n in names), tuple(sorted(seats))

    def whole(self, path: Path | None) -> tuple[IntArray | None, IntArray | None, BoolArray | None]:
        """Village and grid of each cell, -1 = none, and whether it may be a seat."""
        table = self._table(path, WHOLE)
        at = None if table is None else self._rows(table, every=False)
        if table is None or at is None:
            return None, None, None
        labels: list[IntArray | None] = []
        for column in ("village", "grid"):
            label = np.full(len(self._place), -1, np.int64)
            known: dict[str, int] = {}
            for cell, t in at:
                value = table.frame[column].iloc[t] if column in table.frame else None
                if isinstance(value, str) and value:
                    label[cell] = known.setdefault(value, len(known))
            labels.append(label if known else None)
        may = np.ones(len(self._place), np.bool_)
        for cell, t in at:
            may[cell] = bool(table.frame["may_seat"].iloc[t])
        return labels[0], labels[1], None if may.all() else may

    def _table(self, path: Path | None, schema: Schema) -> Table | None:
        if path is None:
            return None
        source = Source(layer=schema.layer, path=path, shown=str(path), strict=True)
        table = read_table(source, schema)
        errors = [p for p in table.problems if p.severity == "error"]
        self.problems += errors
        return None if errors else table

    def _rows(self, table: Table, *, every: bool) -> list[tuple[int, int]] | None:
        """Cell and line of each line on the area, by cell; None where something is wrong."""
        found, wrong = [], False
        for t, one in enumerate(table.frame["cell_id"]):
            if one in self._place:
                found.append((self._place[one], t))
            elif one not in self._elsewhere:
                wrong = True
                self.problems.append(
                    table.problem(
                        "a cell of the case",
                        "check the spelling",
                        row=int(table.frame["row"].iloc[t]),
                        column="cell_id",
                        value=one,
                    )
                )
        missing = sorted(set(self._place) - {str(one) for one in table.frame["cell_id"]})
        if every and missing:
            wrong = True
            self.problems.append(
                table.problem(
                    "a beat for every cell of the area; {n} are missing",
                    "add a line for each of them",
                    column="cell_id",
                    value=", ".join(missing[:5]) + (" …" if len(missing) > 5 else ""),
                    n=len(missing),
                )
            )
        return None if wrong else sorted(found)


def _natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sorts figures in names by what they count."""
    return tuple((text, int(figures or -1)) for text, figures in re.findall(r"(\D*)(\d*)", name))


def _area(opened: Opened, wishes: BeatWishes) -> tuple[str | None, tuple[str, ...]]:
    """The unit that is meant, and its stations."""
    county = opened.loaded.county
    if wishes.station is None:
        return None, county.stations.station_id
    found = gazetteer(county).stations.find(wishes.station)
    if isinstance(found, Wrong):
        raise InputError([found.problem("--station", wishes.station)])
    if wishes.alone:
        return found, (found,)
    assert opened.plan is not None, "the caller has said that there is none"
    centre = opened.plan.centre_of()[found]
    (bundle,) = (b for b in opened.plan.bundles if b.centre_id == centre)
    return centre, bundle.station_ids


def _no_cells(wishes: BeatWishes) -> Problem:
    return Problem(
        where="--station",
        value=wishes.station,
        expected="a station with cells",
        fix="name another station",
    )


def _needs(option: str, value: object, other: str) -> Problem:
    return Problem(
        where=option,
        value=str(value),
        expected="{other} beside it",
        fix="add {other}, or leave {option} out",
        params={"option": option, "other": other},
    )


def _today(
    reading: _Reading, county: County, rows: IntArray, wishes: BeatWishes
) -> tuple[IntArray | None, tuple[str, ...]]:
    if wishes.today is None:
        return None, ()
    if isinstance(wishes.today, Path):
        beat_of, names, _seats = reading.beats(wishes.today)
        return beat_of, names
    own, beat_of = np.unique(county.cells.station[rows], return_inverse=True)
    return beat_of.astype(np.int64), tuple(county.stations.name[s] for s in own.tolist())


def _borders(
    reading: _Reading, county: County, rows: IntArray, wishes: BeatWishes
) -> tuple[IntArray, BoolArray | None]:
    """Pairs of the area's cells that touch or are joined, and which of them a barrier parts."""
    place = np.full(len(county.cells), -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = (place[county.cell_adjacency] >= 0).all(axis=1)
    pairs = county.cell_adjacency[inside]
    n = len(county.cells)
    parted = np.isin(pairs @ (n, 1), county.severed_cells @ (n, 1))
    own = place[pairs]
    for text in wishes.joins:
        both = split_pair("--join", text)
        if isinstance(both, Problem):
            reading.problems.append(both)
            continue
        ends = [reading.cell("--join", one) for one in both]
        if ends[0] is None or ends[1] is None or ends[0] == ends[1]:
            continue
        pair = sorted((ends[0], ends[1]))
        there = (own == pair).all(axis=1)
        parted = np.append(parted[~there], np.False_)
        own = np.vstack([own[~there], pair])
    barrier = parted if wishes.barriers and bool(parted.any()) else None
    return own.astype(np.int64), barrier


def _officers(
    opened: Opened, unit_id: str | None, station_ids: Sequence[str], wishes: BeatWishes
) -> int:
    """Officers of the unit in the plan; today's of the stations where there is none."""
    if opened.plan is not None and unit_id is not None and not wishes.alone:
        return dict(opened.plan.strength).get(unit_id, 0)
    stations = opened.loaded.county.stations
    row = stations.index()
    return int(stations.officers[[row[s] for s in station_ids]].sum())


def _by_residents(loaded: LoadedCase, rows: IntArray) -> int:
    """As many beats as the policy wants areas for the residents."""
    residents = float(loaded.county.cells.population[rows].sum())
    rules = loaded.policy.organisation
    wanted = max(rules.min_areas, math.ceil(residents / rules.residents_per_area - 1e-9))
    return wanted if rules.max_areas is None else min(wanted, rules.max_areas)
