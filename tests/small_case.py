"""A small case on disk: six stations in a row, four square cells each, modelled roads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

WEST, SOUTH, STEP = 107.30, 30.20, 0.02
STATIONS = 6
Row = dict[str, Any]


def station_rows() -> list[Row]:
    return [
        {
            "station_id": f"0{s + 1}",
            "name": f"{'甲乙丙丁戊己'[s]}派出所",
            "lon": round(WEST + STEP * (2 * s + 1) - 0.004, 6),
            "lat": round(SOUTH + STEP - 0.003, 6),
            "kind": "urban" if s == 0 else "rural",
            "officers": 20 if s == 0 else 6,
            "authorised_officers": 22 if s == 0 else 6,
            "auxiliaries": 6,
            "max_officers": 60 if s == 0 else 30,
        }
        for s in range(STATIONS)
    ]


def cell_rows() -> list[Row]:
    rows = []
    for s in range(STATIONS):
        for i in range(4):
            x, y = WEST + STEP * (2 * s + i % 2), SOUTH + STEP * (i // 2)
            corners = [(x, y), (x + STEP, y), (x + STEP, y + STEP), (x, y + STEP), (x, y)]
            rows.append(
                {
                    "cell_id": f"c{s + 1}{i + 1}",
                    "station_id": f"0{s + 1}",
                    "township": "甲乙丙丁戊己"[s] + "镇",
                    "population": 4000 if s == 0 else 1500,
                    "alerts_per_year_criminal": 40 if s == 0 else 6,
                    "alerts_per_year_help": 400 if s == 0 else 60,
                    "geometry": [[[round(a, 6), round(b, 6)] for a, b in corners]],
                }
            )
    return rows


def spec() -> Row:
    return {
        "jingli": 1,
        "name": "小县",
        "layers": {
            "stations": {"path": "stations.csv", "crs": "WGS84"},
            "cells": {"path": "cells.geojson", "crs": "WGS84"},
            "roads": "modelled",
            "squads": {"path": "squads.csv", "crs": "WGS84"},
            "units": {"path": "units.csv"},
        },
        "policy": {"traffic": {"dissolve_squads": True}, "staffing": {"max_moves": 4}},
    }


def write_csv(path: Path, rows: list[Row], encoding: str = "utf-8") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_cells(path: Path, rows: list[Row]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {k: v for k, v in row.items() if k != "geometry"},
            "geometry": {"type": "Polygon", "coordinates": row["geometry"]},
        }
        for row in rows
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")


def write_case(
    folder: Path,
    *,
    stations: Callable[[list[Row]], None] | None = None,
    cells: Callable[[list[Row]], None] | None = None,
    squads: Callable[[list[Row]], None] | None = None,
    case: Callable[[Row], None] | None = None,
) -> Path:
    """Write the case into `folder`; each argument may change the rows before they are written."""
    folder.mkdir(parents=True, exist_ok=True)
    squad_rows: list[Row] = [
        {
            "squad_id": "q1",
            "name": "东中队",
            "lon": WEST + 0.1,
            "lat": SOUTH + 0.02,
            "officers": 4,
            "stations": "02;03;04;05;06",
        }
    ]
    unit_rows: list[Row] = [
        {
            "unit_id": "u1",
            "name": "刑侦大队",
            "kind": "刑侦",
            "officers": 10,
            "authorised_officers": 12,
            "required_officers": 14,
        }
    ]
    parts: list[tuple[list[Row], Callable[[list[Row]], None] | None]] = [
        (station_rows(), stations),
        (cell_rows(), cells),
        (squad_rows, squads),
    ]
    for rows, change in parts:
        if change is not None:
            change(rows)
    document = spec()
    if case is not None:
        case(document)
    write_csv(folder / "stations.csv", parts[0][0])
    write_cells(folder / "cells.geojson", parts[1][0])
    write_csv(folder / "squads.csv", squad_rows)
    write_csv(folder / "units.csv", unit_rows)
    (folder / "case.yaml").write_text(
        yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return folder
