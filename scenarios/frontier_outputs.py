"""The output folder of a frontier: table, picture, a plan file for each point, maps of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.maps import redistricting_map, write_map
from geo.safe_text import write_csv
from geo.sheets_frontier import FrontierPoint, frontier_sheet, mark_dominated
from optimizer.errors import Translate
from optimizer.frontier import FrontierPlan
from optimizer.plan import Bundle, Plan
from scenarios.documents import json_text, plain
from scenarios.frontier import FrontierStudy
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import modelled_items
from scenarios.titles import case_title

COLUMNS = (
    "point", "officers_freed", "extra_alert_min_per_year", "extra_min_per_alert", "centres",
    "stations_bundled", "heaviest_officers", "gap_min_per_alert", "knee", "bundles",
)  # fmt: skip

PLAN_PREFIX = "plan-"


def write_frontier(
    study: FrontierStudy,
    out: Path,
    _: Translate,
    language: Language,
    command: Sequence[str],
    maps: Sequence[int],
) -> tuple[str, ...]:
    """Write a frontier into the folder `out`, all or nothing.

    Args:
        study: The frontier.
        out: Folder to make; an earlier one of ours is replaced.
        _: Translation of the picture. Column names stay, for programs.
        language: Of the picture.
        command: For the manifest.
        maps: Numbers of points to draw as maps.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written.
    """
    found = study.found
    with atomic_folder(out) as folder:
        write_csv(folder / "frontier.csv", COLUMNS, [_row(p) for p in found.points])
        write_csv(
            folder / "placed.csv",
            ("plan", "officers_freed", "extra_min_per_alert", "officers_given_away",
             "min_given_away"),
            [(m.said(_), *(None if x is None else round(x, 6) for x in asdict(m.placed).values()))
             for m in study.marks],
        )  # fmt: skip
        write_text(folder / "frontier.json", json_text(document(study, _)))
        for point in found.points:
            write_plan_table(folder / f"{PLAN_PREFIX}{point.number:03d}.csv", point.bundles)
        county = study.loaded.county
        scene = scene_of(study.loaded, Plan(bundles=found.points[-1].bundles),
                         _title(study), _, language)  # fmt: skip
        figure = frontier_sheet(scene, sheet_points(study, _))
        write_map(figure, folder / "frontier", ("png", "svg"))
        for number in maps:
            point = found.points[number - 1]
            said = _("point {n} of the frontier").format(n=number)
            scene = scene_of(study.loaded, Plan(bundles=point.bundles), f"{county.name} · {said}",
                             _, language)  # fmt: skip
            write_map(redistricting_map(scene), folder / f"map-{number:03d}", ("png", "svg"))
        return write_manifest_of(folder, study.loaded, command)


def write_manifest_of(folder: Path, loaded: Any, command: Sequence[str]) -> tuple[str, ...]:
    """The manifest of a folder; of the files of plans only the first and the last are named."""
    names = write_manifest(
        folder,
        command=list(command),
        case=loaded.county.name,
        seed=loaded.policy.solver.seed,
        county_digest=loaded.county.digest,
        policy_digest=loaded.policy.digest,
        versions=versions(),
    )
    plans = [n for n in names if n.startswith(PLAN_PREFIX)]
    others = [n for n in names if n not in plans]
    if len(plans) > 2:
        plans = [f"{plans[0]} … {plans[-1]}"]
    return (*plans, *others)


def write_plan_table(path: Path, bundles: Sequence[Bundle]) -> None:
    """Bundles as the table that `jingli score --plan` reads."""
    rows = sorted((s, b.centre_id) for b in bundles for s in b.station_ids)
    write_csv(path, ("station_id", "centre_id"), rows)


def sheet_points(study: FrontierStudy, _: Translate) -> tuple[FrontierPoint, ...]:
    """What the picture shows: every point, some with their numbers, and the plans in hand."""
    named = {p.number for p in study.representative(12)}
    points = [
        FrontierPoint(
            label=str(p.number) if p.number in named else "",
            officers_freed=p.officers_freed,
            mean_response_min=p.extra_min_per_alert,
            is_knee=p.is_knee,
        )
        for p in study.found.points
    ]
    points += [
        FrontierPoint(
            label=mark.said(_),
            officers_freed=mark.placed.officers_freed,
            mean_response_min=mark.placed.extra_min_per_alert,
            is_today=mark.kind == "today",
            is_published=mark.kind == "published",
            is_chosen=mark.kind == "scenario",
        )
        for mark in study.marks
    ]
    return mark_dominated(points)


def document(study: FrontierStudy, _: Translate) -> dict[str, Any]:
    """The frontier for machines."""
    found = study.found
    return {
        "case": study.loaded.county.name,
        "scenario": study.scenario,
        "status": found.status.value,
        "third_aim": found.third,
        "left_free": list(found.left_free),
        "most_freed_officers": found.most_freed_officers,
        "alerts_per_year": found.alerts_per_year,
        "modelled": modelled_items(study.loaded.county.provenance),
        "points": [
            {k: plain(v) for k, v in asdict(p).items() if k != "bundles"}
            | {"bundles": [list(b.station_ids) for b in p.bundles if b.office_ids],
               "centres_of_bundles": [b.centre_id for b in p.bundles if b.office_ids]}
            for p in found.points
        ],
        "placed": [
            {"plan": m.said(_), "kind": m.kind, **plain(asdict(m.placed))} for m in study.marks
        ],
    }  # fmt: skip


def _row(point: FrontierPlan) -> tuple[object, ...]:
    return (
        point.number,
        round(point.officers_freed, 6),
        round(point.extra_alert_min_per_year, 3),
        round(point.extra_min_per_alert, 6),
        point.centres,
        point.stations_bundled,
        round(point.heaviest_officers, 3),
        round(point.gap_min_per_alert, 6),
        "yes" if point.is_knee else "",
        bundles_text(point.bundles),
    )


def bundles_text(bundles: Sequence[Bundle]) -> str:
    """Bundles of two or more by ids, the centre first."""
    return "; ".join(" + ".join((b.centre_id, *b.office_ids)) for b in bundles if b.office_ids)


def _title(study: FrontierStudy) -> str:
    return case_title(study.loaded.county.name, study.scenario)
