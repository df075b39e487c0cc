"""The output folder of a run: plan, tables, map, GeoPackage and manifest, all or nothing."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from geo.atomic import atomic_folder, write_text
from geo.export import write_plan_gpkg
from geo.isochrones import Surface
from geo.maps import MapScene, redistricting_map, write_map
from geo.webmap import write_web_map
from optimizer.errors import Translate
from optimizer.plan import Plan
from scenarios.assignment import assignment_for_people, assignment_sheets
from scenarios.barriers import barrier_marks
from scenarios.case import CASE_FILE
from scenarios.credits import credited
from scenarios.documents import evaluation_json, steered_in
from scenarios.drawings import scenario_paths
from scenarios.isochrones import run_overlays, surface_of
from scenarios.keeping import versions
from scenarios.language import Language, in_language
from scenarios.load import Inspection, LoadedCase
from scenarios.manifest import file_digest, write_manifest
from scenarios.provenance import inputs_text
from scenarios.quality import record_sheets
from scenarios.reach import cut_off_text
from scenarios.road_lines import drawn_roads
from scenarios.role_tables import role_sheets
from scenarios.run import Run
from scenarios.tables import Sheet, names_in, sheets
from scenarios.titles import case_title
from scenarios.web_scene import web_scenes
from scenarios.workbook import WORKBOOK, write_csv_sheets, write_workbook

_NOT_IN_WORKBOOK = ("quarantine", "repairs")
"""Long records of single rows; they have files of their own."""


def write_run(
    run: Run, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write everything about a run that has a plan into the folder `out`.

    Args:
        run: The run.
        out: Folder to make; an earlier run's folder is replaced.
        _: Translation of table headers and map text.
        language: For the map.
        command: The command line, for the manifest.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something that is not an earlier run.
    """
    assert run.result.plan is not None
    assert run.plan is not None
    with atomic_folder(out) as folder:
        write_text(folder / "plan.json", run.result.plan.to_json())
        write_text(folder / "evaluation.json", evaluation_json(run))
        write_tables(run, folder, _, language)
        reach = surface_of(run.loaded)
        _write_gpkg(run, folder / "plan.gpkg", reach, _)
        write_map(redistricting_map(map_scene(run, _, language)), folder / "map")
        scenes = web_scenes([run], _, language)
        over = run_overlays(run.loaded, run.result.plan, reach, _)
        write_web_map(folder / "map.html", scenes, overlays=over, translate=_, lang=language)
        return write_manifest(folder, **_facts(run, command))


def write_tables(run: Run, folder: Path, _: Translate, language: Language) -> None:
    """Write the CSV files and the workbook of a run that has a plan into a folder.

    Raises:
        InputError: a file cannot be written.
    """
    assert run.result.plan is not None
    loaded = run.loaded
    tables, records = sheets(run, _, language), record_sheets(run.inspection, _, loaded.warnings)
    roles = role_sheets(run.result.plan, names_in(loaded.county), _)
    turnout_min = loaded.policy.response.turnout_min
    assignment = assignment_sheets(loaded.county, run.result.plan, turnout_min)
    write_csv_sheets(folder, (*tables, *roles, *assignment, *records))
    # The workbook makes its own page of the measures, and its last tables are about the inputs.
    _measures, *decisions, provenance = tables
    pages: list[Sheet] = [*decisions, *roles, assignment_for_people(assignment[0], _), provenance]
    pages += [sheet for sheet in records if sheet.name not in _NOT_IN_WORKBOOK]
    write_workbook(folder / WORKBOOK, run, pages, _, language)


def map_scene(run: Run, _: Translate, language: Language) -> MapScene:
    """What the map needs of a run."""
    assert run.result.plan is not None
    county = run.loaded.county
    title = case_title(county.name, run.scenario)
    return scene_of(run.loaded, run.result.plan, title, _, language)


def scene_of(
    loaded: LoadedCase, plan: Plan, title: str, _: Translate, language: Language
) -> MapScene:
    """What a map of `plan` needs of its case."""
    provenance = inputs_text(loaded.county.provenance, _)
    road_lines, road_classes = drawn_roads(loaded)
    return MapScene(
        county=loaded.county,
        plan=plan,
        cell_geometry=loaded.cell_geometry,
        outline=loaded.outline,
        road_lines=road_lines,
        road_class_names=road_classes,
        road_marks=(
            *loaded.road_marks,
            *barrier_marks(loaded.barriers, loaded.outline, loaded.cell_geometry),
        ),
        title=title,
        provenance_line=" · ".join(filter(None, [cut_off_text(loaded.warnings, _), provenance])),
        attribution=in_language(credited(loaded.case.spec), language),
        translate=_,
        lang=language,
    )


def write_records(inspection: Inspection, out: Path, _: Translate) -> tuple[str, ...]:
    """Write the data-quality record of a case into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something that is not an earlier run.
    """
    with atomic_folder(out) as folder:
        write_csv_sheets(folder, record_sheets(inspection, _))
        return write_manifest(folder)


def _write_gpkg(run: Run, path: Path, reach: Surface, _: Translate) -> None:
    assert run.result.plan is not None
    assert run.plan is not None
    loaded = run.loaded
    road_lines, road_classes = drawn_roads(loaded)
    bundles = [
        {k: v for k, v in asdict(b).items() if not isinstance(v, tuple)} for b in run.plan.bundles
    ]
    write_plan_gpkg(
        path,
        loaded.county,
        run.result.plan,
        turnout_min=loaded.policy.response.turnout_min,
        cell_geometry=loaded.cell_geometry,
        road_lines=road_lines,
        road_class_names=road_classes,
        bundle_table=bundles,
        township_tables=(
            [asdict(t) for t in run.today.townships],
            [asdict(t) for t in run.plan.townships],
        ),
        reach=reach,
        road_marks=run.loaded.road_marks,
        barriers=loaded.barriers,
        attribution=credited(loaded.case.spec),
        translate=_,
    )


def _facts(run: Run, command: Sequence[str]) -> dict[str, object]:
    """Input digests, versions, seed and command: what makes the same plan again."""
    loaded = run.loaded
    return {
        "command": list(command),
        "case": loaded.county.name,
        "scenario": run.scenario,
        "status": run.result.status.value,
        "steered": [s.document() for s in steered_in(run)],
        "seed": loaded.policy.solver.seed,
        "county_digest": run.today.county_digest,
        "policy_digest": run.today.policy_digest,
        "plan_digest": run.plan.plan_digest if run.plan is not None else None,
        "inputs": _input_digests(loaded),
        "versions": versions(),
    }


def _input_digests(loaded: LoadedCase) -> dict[str, str]:
    """SHA-256 of `case.yaml`, the scenario's files and the layers' (whole Shapefiles)."""
    case, spec = loaded.case, loaded.case.spec.layers
    layers = [spec.stations, spec.cells, spec.cells.attributes, spec.alerts]
    layers += [spec.squads, spec.units, spec.boundary, spec.barriers]
    layers += [] if spec.roads == "modelled" else [spec.roads]
    found = {CASE_FILE: case.folder / CASE_FILE}
    if loaded.scenario is not None:
        found |= scenario_paths(loaded.scenario, case.folder)
    for layer in layers:
        if layer is None:
            continue
        path = case.layer_path(layer)
        companions = sorted(path.parent.glob(f"{glob.escape(path.stem)}.*"))
        for one in companions if path.suffix.lower() == ".shp" else [path]:
            found[layer.path if one == path else f"{layer.path} ({one.suffix})"] = one
    return {shown: file_digest(path) for shown, path in found.items()}
