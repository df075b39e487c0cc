"""Beats as JSON, tables, a workbook, GIS layers and a map, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.atomic import atomic_folder, write_text
from geo.beat_map import BeatScene, Division, beat_map
from geo.colouring import colour_classes, colours
from geo.gpkg import Layer, multipolygons, write_layers
from geo.jurisdictions import dissolve
from geo.maps import write_map
from geo.plane import as_geometry
from geo.qgis_style import Look, categorised
from geo.safe_text import write_csv
from optimizer.county import MODELLED
from optimizer.errors import Translate
from optimizer.frozen import digest
from scenarios.alert_shades import cell_shapes
from scenarios.barriers import barrier_marks
from scenarios.beats import BeatStudy, Scored
from scenarios.beats_random import (
    HISTOGRAM,
    RANDOM_CSV,
    RANDOM_HEADER,
    random_chart,
    random_document,
    random_rows,
    random_sheet,
)
from scenarios.beats_range import Tried
from scenarios.beats_words import (
    beat_sheets,
    broken_text,
    modelled_line,
    number,
    objective_text,
    proof_text,
)
from scenarios.credits import credited
from scenarios.documents import json_text, plain
from scenarios.keeping import versions
from scenarios.language import Language, in_language
from scenarios.manifest import write_manifest
from scenarios.provenance import modelled_items
from scenarios.road_lines import drawn_roads
from scenarios.workbook import write_book

BEATS_CSV = "beats.csv"
"""Cell by cell: what `--drawn`, `--today` and `jingli organise --beats` read."""
_SNAP_DEG = 1e-7


def beats_document(study: BeatStudy) -> dict[str, Any]:
    """Everything as plain values; null where there is no value."""
    asked, task, result = study.asked, study.asked.task, study.result
    county = study.opened.loaded.county
    return {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "county_digest": county.digest,
        "modelled": modelled_items(county.provenance),
        "minutes_by_road": asked.by_road,
        "cells_without_road": list(asked.no_road),
        "unit": asked.unit_id,
        "station_ids": list(asked.station_ids),
        "asked": {
            "beats": task.beats,
            "tolerance_fraction": task.tolerance_fraction,
            "balance": asked.balance,
            "objective": task.objective,
            "barriers": asked.wishes.barriers,
            "max_changes": task.max_changes,
            "grid_rule": task.grid_rule,
        },
        "status": None if result is None else result.status.value,
        "bound": None if result is None else result.bound,
        "gap_fraction": None if result is None else result.gap_fraction,
        "smallest_tolerance_fraction": None
        if result is None
        else result.smallest_tolerance_fraction,
        "tolerance_bound_fraction": None if result is None else result.tolerance_bound_fraction,
        "numbers_of_beats": [_tried(one, task.beats) for one in study.tried],
        "random_plans": random_document(study),
        "evidence": {} if result is None else dict(result.evidence),
        "moves": [
            {"cell_id": cell, "from_beat": old, "to_beat": new} for cell, old, new in study.moved
        ],
        "changed_cells": [
            one for one, is_new in zip(task.cell_ids, study.changed.tolist(), strict=True) if is_new
        ],
        "today": _scored(study, study.today),
        "found": _scored(study, study.best),
        "edited": _scored(study, study.edited),
    }


def _tried(one: Tried, beats: int) -> dict[str, Any]:
    return {
        "beats": one.beats,
        "status": one.result.status.value,
        "objective": one.result.objective,
        "bound": one.result.bound,
        "gap_fraction": one.result.gap_fraction,
        "mean_min": number(one.mean_min),
        "farthest_min": number(one.farthest_min),
        "proposed": one.beats == beats,
        "problems": [p.text() for p in one.problems],
    }


def _scored(study: BeatStudy, scored: Scored | None) -> dict[str, Any] | None:
    if scored is None:
        return None
    ids = study.asked.task.cell_ids
    return {
        "objective": number(scored.objective),
        "mean_minutes": number(scored.mean_minutes),
        "largest_difference_fraction": scored.worst_share,
        "valid": not scored.broken,
        "broken": [
            {
                "rule": one.rule,
                "beat": None if one.beat is None else scored.names[one.beat],
                "cells": [ids[c] for c in one.cells if c >= 0],
                "value": one.value,
                "limit": one.limit,
            }
            for one in scored.broken
        ],
        "beats": [plain(asdict(row)) for row in scored.rows],
        "beat_of": {
            one: scored.names[b] for one, b in zip(ids, scored.plan.beat_of.tolist(), strict=True)
        },
    }


def write_beats(
    study: BeatStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write cells, tables, workbook, JSON, GIS layers and a map into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    shown = study.shown
    assert shown is not None, "the caller has said that there are no beats"
    loaded = study.opened.loaded
    title = _("Beats of {area}").format(area=study.area_name)
    sheets = beat_sheets(study, _)
    beside = study.random_plans if study.random_plans and study.random_plans.moved else None
    if beside is not None:
        sheets = (*sheets, random_sheet(study, _))
    attribution = in_language(credited(loaded.case.spec), language)
    with atomic_folder(out) as folder:
        write_text(folder / "beats.json", json_text(beats_document(study)))
        write_csv(folder / BEATS_CSV, _HEADER, _cells(study, shown))
        write_book(folder, "beats.xlsx", title, _lines(study, shown, _), sheets, _, language)
        write_layers(folder / "beats.gpkg", _layers(study, shown, _), _, attribution=attribution)
        write_map(beat_map(scene_of_beats(study, title, attribution, _)), folder / "beats")
        if beside is not None:
            write_csv(folder / RANDOM_CSV, RANDOM_HEADER, random_rows(beside))
            heading = f"{title} · {_('Against random plans')}"
            write_map(random_chart(study, heading, _), folder / HISTOGRAM, ("png",))
        return write_manifest(
            folder,
            command=list(command),
            county_digest=loaded.county.digest,
            policy_digest=loaded.policy.digest,
            beats_digest=digest(shown.plan.beat_of),
            versions=versions(),
        )


_HEADER = ("cell_id", "beat", "seat", "changed", "today")


def _cells(study: BeatStudy, shown: Scored) -> list[Sequence[object]]:
    """Beat of each cell, under headers that other commands read."""
    seats = set(shown.plan.seat.tolist())
    today = study.asked.task.today
    return [
        (
            one,
            shown.names[beat],
            "yes" if row in seats else "no",
            "yes" if study.changed[row] else "no",
            "" if today is None else study.asked.today_names[int(today[row])],
        )
        for row, (one, beat) in enumerate(
            zip(study.asked.task.cell_ids, shown.plan.beat_of.tolist(), strict=True)
        )
    ]


def _lines(study: BeatStudy, shown: Scored, _: Translate) -> list[tuple[str, str]]:
    """The first page of the workbook."""
    lines = [(_("Inputs"), modelled_line(study, _)), (_("Made small"), objective_text(study, _))]
    if study.result is not None:
        lines.insert(0, (_("Proof"), proof_text(study.result, _)))
    if study.moved:
        moves = "; ".join(f"{cell}: {old} → {new}" for cell, old, new in study.moved)
        lines.append((_("Moved by hand"), moves))
    lines += [(_("Broken rule"), broken_text(study, shown, one, _)) for one in shown.broken]
    return lines


def scene_of_beats(study: BeatStudy, title: str, attribution: str, _: Translate) -> BeatScene:
    """What the map needs."""
    loaded, asked, shown = study.opened.loaded, study.asked, study.shown
    assert shown is not None
    cells = cell_shapes(loaded)[asked.rows]
    county = loaded.county
    today = None
    if study.today is not None:
        today = Division(
            beat_of=study.today.plan.beat_of,
            names=study.today.names,
            heading=_("Today"),
            line=_line(study, study.today, _),
        )
    notes = []
    if loaded.cell_geometry is None:
        notes.append(_("Cells are known as points only: discs stand for them."))
    if shown.broken:
        notes.append(_("These beats break {n} rules.").format(n=len(shown.broken)))
    seats = asked.rows[np.maximum(shown.plan.seat, 0)]
    places = np.column_stack([county.cells.lon_deg[seats], county.cells.lat_deg[seats]])
    places[shown.plan.seat < 0] = np.nan
    marks = barrier_marks(loaded.barriers, loaded.outline, loaded.cell_geometry)
    walls = [line for mark in marks for line in mark.lines] if asked.wishes.barriers else []
    return BeatScene(
        cells=cells,
        pairs=asked.task.adjacency,
        plan=Division(
            beat_of=shown.plan.beat_of,
            names=shown.names,
            heading=_("Edited by hand") if study.edited is not None else _("Plan"),
            line=_line(study, shown, _),
        ),
        seats=places,
        today=today,
        kept=study.kept,
        changed=study.changed,
        roads=drawn_roads(loaded)[0],
        barriers=as_geometry(walls),
        title=title,
        provenance_line=modelled_line(study, _),
        attribution=attribution,
        cell_ids=asked.task.cell_ids,
        roads_modelled=county.origin_of("roads") == MODELLED,
        notes=tuple(notes),
        translate=_,
    )


def _line(study: BeatStudy, scored: Scored, _: Translate) -> str:
    """The figures under a heading of the map."""
    minutes = number(scored.mean_minutes)
    return _("{n} beats · {minutes} min mean · largest difference {off:.1%}").format(
        n=len(scored.names),
        minutes="–" if minutes is None else f"{minutes:.1f}",
        off=scored.worst_share,
    )


def _layers(study: BeatStudy, shown: Scored, _: Translate) -> list[Layer]:
    """Beats and cells as layers of a GeoPackage."""
    asked, county = study.asked, study.opened.loaded.county
    cells = cell_shapes(study.opened.loaded)[asked.rows]
    beat_of, k = shown.plan.beat_of, len(shown.names)
    shapes = dissolve(cells, beat_of, k, grid=_SNAP_DEG)
    ends = beat_of[asked.task.adjacency]
    worn = colour_classes(k, ends[ends[:, 0] != ends[:, 1]])
    palette = colours(int(worn.max(initial=0)) + 1)
    looks = [
        (name, Look(label=name, colour=palette[c]))
        for name, c in zip(shown.names, worn.tolist(), strict=True)
    ]
    columns: dict[str, Any] = {
        name: [number(v) if isinstance(v, float) else v for v in values]
        for name, values in _by_column(shown).items()
    }
    seats = [int(s) for s in shown.plan.seat.tolist() if s >= 0]
    rows = asked.rows[seats]
    lon, lat = county.cells.lon_deg[rows], county.cells.lat_deg[rows]
    table = _cells(study, shown)
    return [
        Layer(
            name="beats", title="Beats", columns=columns, geometry=multipolygons(shapes),
            kind="MultiPolygon", style=categorised("fill", "name", looks, "name"),
        ),
        Layer(
            name="cells", title="Cells with their beats",
            columns={h: [r[i] for r in table] for i, h in enumerate(_HEADER)},
            geometry=multipolygons(cells), kind="MultiPolygon",
        ),
        Layer(
            name="seats", title="Beat offices",
            columns={"cell_id": [asked.task.cell_ids[s] for s in seats]},
            geometry=as_geometry(list(shapely.points(lon, lat))), kind="Point",
        ),
    ]  # fmt: skip


def _by_column(shown: Scored) -> dict[str, list[Any]]:
    rows = [asdict(row) for row in shown.rows]
    return {name: [row[name] for row in rows] for name in rows[0]}
