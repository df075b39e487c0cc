"""The nearest stations of each township for people, for programs and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from geo.atomic import make_folder
from geo.safe_text import write_csv
from optimizer.errors import Translate
from scenarios.show_lines import Cell, Column, grid, listed, listed_in, say_lines
from scenarios.station_reach import Near, TownshipReach

CSV_FILE = "reach.csv"
Reach = tuple[TownshipReach, ...]


def show_reach(
    today: Reach, then: Reach | None, scenario: str | None, console: Console, _: Translate
) -> None:
    """Print the nearest stations of each township, and where another is responsible."""
    say_lines(
        _("Nearest stations by road: mean minutes of travel over each township's alerts"),
        console,
        "bold",
    )
    now = today if then is None else then
    was = {row.township: row for row in today}
    columns = [Column(header=_("Township")), Column(header=_("Responsible"))]
    columns.append(Column(header=_("Nearest today"), gives_way=True))
    if then is not None:
        said = _("Nearest under {scenario}").format(scenario=scenario)
        columns.append(Column(header=said, gives_way=True))
    rows: list[list[Cell]] = []
    for row in now:
        before = was.get(row.township)
        sign = "" if row.is_nearest_responsible else " ≠"
        cells: list[Cell] = [row.township, _said(row.responsible, _) + sign]
        cells.append("–" if before is None else _listed(before, _))
        if then is not None:
            same = before is not None and _listed(before, _) == _listed(row, _)
            cells.append(_("the same") if same else (_listed(row, _), "bold"))
        rows.append(cells)
    for line in grid(columns, rows, console.width):
        console.print(line)
    other = [row for row in now if not row.is_nearest_responsible]
    said = _("≠ the nearest station is not the one responsible: {n} of {all} townships")
    say_lines(said.format(n=len(other), all=len(now)), console)
    for row in now:
        if row.lost:
            text = _("{township}: no longer reached from {stations}").format(
                township=row.township, stations=listed_in(row.lost, _)
            )
            say_lines(text, console, "red")
    if any(n.missed_cells for row in now for n in (row.responsible, *row.nearest)):
        say_lines(_("* reaches part of the township only"), console, "dim")


def reach_document(today: Reach, then: Reach | None, scenario: str | None) -> dict[str, Any]:
    """The same for programs; null where a station does not reach all of a township."""
    return {
        "scenario": scenario,
        "today": [_row(row) for row in today],
        "then": None if then is None else [_row(row) for row in then],
    }


def write_reach(today: Reach, then: Reach | None, folder: Path) -> tuple[str, ...]:
    """Write `reach.csv` into a folder, made if need be: a row per township, world and station.

    Raises:
        InputError: it cannot be written.
    """
    make_folder(folder)
    rows: list[Sequence[object]] = []
    for world, reach in (("today", today), ("scenario", then or ())):
        for row in reach:
            for rank, near in enumerate(row.nearest, 1):
                there = bool(np.isfinite(near.travel_time_min))
                rows.append([
                    world, row.township, rank, near.station,
                    round(near.travel_time_min, 3) if there else "", near.missed_cells,
                    near.station == row.responsible.station, row.responsible.station,
                ])  # fmt: skip
    header = [
        "world", "township", "rank", "station", "travel_time_min", "missed_cells",
        "is_responsible", "responsible",
    ]  # fmt: skip
    write_csv(folder / CSV_FILE, header, rows)
    return (CSV_FILE,)


def _said(near: Near, _: Translate) -> str:
    """`沙河 12.3`, a star where it reaches a part only."""
    name = near.station.removesuffix("派出所") or near.station
    if np.isfinite(near.travel_time_min):
        return f"{name}\u00a0{near.travel_time_min:.1f}"
    return f"{name}\u00a0*"


def _listed(row: TownshipReach, _: Translate) -> str:
    return listed(_said(near, _) for near in row.nearest) or _("none")


def _row(row: TownshipReach) -> dict[str, Any]:
    return {
        "township": row.township,
        "responsible": _near(row.responsible),
        "nearest_is_responsible": row.is_nearest_responsible,
        "nearest": [_near(near) for near in row.nearest],
        "no_longer_reached_from": list(row.lost),
    }


def _near(near: Near) -> dict[str, Any]:
    there = bool(np.isfinite(near.travel_time_min))
    return {
        "station": near.station,
        "travel_time_min": round(near.travel_time_min, 4) if there else None,
        "missed_cells": near.missed_cells,
    }
