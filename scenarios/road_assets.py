"""What squads hold beside officers, and checkpoints: read with the case, split after the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from geo.readers import Table
from optimizer.errors import Problem

HOURS = 24
_SPAN = re.compile(r"\s*(\d{1,2})(?::00)?\s*[-–~至]\s*(\d{1,2})(?::00)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A place on a main road that is manned (一站一体查).

    Attributes:
        checkpoint_id, name: Id and name.
        lon_deg, lat_deg: WGS84.
        hours: Hours of the day in which it is manned, 0 to 23, sorted.
        officers: Officers in each of them.
    """

    checkpoint_id: str
    name: str
    lon_deg: float
    lat_deg: float
    hours: tuple[int, ...]
    officers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadAssets:
    """Equipment by squad and kind, and checkpoints.

    Attributes:
        kinds: Kinds of equipment (`vehicles`, `speed_guns`, what `equipment_…` columns name).
        held: Pieces of each kind by squad id.
        checkpoints: In the order of their ids.
    """

    kinds: tuple[str, ...] = ()
    held: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    checkpoints: tuple[Checkpoint, ...] = ()


def equipment_column(kind: str) -> str:
    """The column of the squads that a kind of equipment was read from."""
    return kind if kind in ("vehicles", "speed_guns", "equipment") else f"equipment_{kind}"


def road_assets_of(
    squads: Table | None, checkpoints: Table | None
) -> tuple[RoadAssets, list[Problem]]:
    """Read both layers; every problem of both."""
    kinds: tuple[str, ...] = ()
    held: dict[str, tuple[int, ...]] = {}
    problems: list[Problem] = []
    if squads is not None:
        frame = squads.frame
        columns = [c for c in ("vehicles", "speed_guns") if c in frame and frame[c].notna().any()]
        columns += sorted(c for c in map(str, frame.columns) if c.startswith("equipment"))
        kinds = tuple(c.removeprefix("equipment_") for c in columns)
        for _, row in frame.iterrows():
            pieces = [0.0 if row[c] != row[c] else float(row[c]) for c in columns]
            for column, number in zip(columns, pieces, strict=True):
                if number != int(number):
                    problems.append(
                        squads.problem(
                            expected="a whole number of pieces",
                            fix="count whole pieces",
                            row=int(row["row"]),
                            column=column,
                            value=f"{number:g}",
                            severity="error",
                        )
                    )
            held[str(row["squad_id"])] = tuple(int(n) for n in pieces)
    found: list[Checkpoint] = []
    if checkpoints is not None:
        for _, row in checkpoints.frame.iterrows():
            hours = parse_hours(str(row["hours"]))
            if hours is None or int(row["officers"]) < 1:
                is_hours = hours is None
                problems.append(
                    checkpoints.problem(
                        expected="hours such as 07-09;17-19 (whole hours, 00 to 24)"
                        if is_hours
                        else "at least one officer",
                        fix="correct the hours" if is_hours else "correct the number",
                        row=int(row["row"]),
                        column="hours" if is_hours else "officers",
                        value=str(row["hours"] if is_hours else row["officers"]),
                        severity="error",
                    )
                )
                continue
            found.append(
                Checkpoint(
                    checkpoint_id=str(row["checkpoint_id"]),
                    name=str(row["name"]),
                    lon_deg=float(row["lon_deg"]),
                    lat_deg=float(row["lat_deg"]),
                    hours=hours,
                    officers=int(row["officers"]),
                )
            )
    found.sort(key=lambda c: c.checkpoint_id)
    return RoadAssets(kinds=kinds, held=held, checkpoints=tuple(found)), problems


def parse_hours(text: str) -> tuple[int, ...] | None:
    """Hours of `07-09;17-19`; over midnight as `22-06`; None where it says nothing of the kind."""
    found: set[int] = set()
    for part in re.split(r"[;；,，、]", text):
        match = _SPAN.fullmatch(part)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2])
        if first >= HOURS or last > HOURS or first == last:
            return None
        length = (last - first) % HOURS or HOURS
        found |= {(first + i) % HOURS for i in range(length)}
    return tuple(sorted(found))
