"""Static maps of a run, one sheet each, for several papers and formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from geo.atomic import make_folder
from geo.map_ground import Ground
from geo.map_page import Paper
from geo.maps import Format, MapScene, ground_for, redistricting_map, write_map
from geo.sheets import difference_sheet, plan_sheet, today_sheet
from geo.sheets_flows import flow_sheet
from geo.sheets_frontier import FrontierPoint, frontier_sheet, mark_dominated
from geo.sheets_response import response_sheet
from optimizer.errors import Translate
from scenarios.language import Language
from scenarios.outputs import map_scene
from scenarios.run import Run

SheetName = Literal["map", "today", "plan", "difference", "response", "flows", "frontier"]
SHEETS: tuple[SheetName, ...] = (
    "map", "today", "plan", "difference", "response", "flows", "frontier",
)  # fmt: skip
PUBLISHED_SCENARIO = "as_published"
PAPERS: tuple[Paper, ...] = ("a4", "a3")
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")


def write_sheets(
    run: Run,
    folder: Path,
    translate: Translate,
    language: Language,
    papers: Sequence[Paper] = ("a4",),
    formats: Sequence[Format] = FORMATS,
    which: Sequence[SheetName] = SHEETS,
    points: Sequence[FrontierPoint] = (),
) -> tuple[str, ...]:
    """Write the static maps of a run that has a plan into `folder`, which may exist.

    A sheet is `difference.pdf`, or `difference.a3.pdf` on paper other than A4. Each file is
    replaced atomically; other files of the folder stay.

    Args:
        run: The run.
        folder: Where to; made if it is not there.
        translate: Into the language of the sheets.
        language: Of the sheets.
        papers: Paper sizes.
        formats: File formats.
        which: Sheets to write.
        points: What the frontier shows; none: today and this plan.

    Returns:
        Names of the files written.

    Raises:
        InputError: a file cannot be written.
        ValueError: the run has no plan.
    """
    scene = map_scene(run, translate, language)
    ground = ground_for(scene)
    make = _makers(run, ground, points or frontier_points(run, (), translate))
    make_folder(folder)
    written: list[str] = []
    for paper in papers:
        for name in which:
            figure = make[name](replace(scene, paper=paper))
            stem = folder / (name if paper == "a4" else f"{name}.{paper}")
            written += [path.name for path in write_map(figure, stem, formats)]
    return tuple(written)


def write_all_sheets(
    runs: Sequence[tuple[str, Run]],
    folder: Path,
    translate: Translate,
    language: Language,
    papers: Sequence[Paper] = (),
    formats: Sequence[Format] = (),
) -> tuple[Path, ...]:
    """Write the sheets of one run into `folder`, or those of each of several into a folder in it.

    The frontiers show the plans of all runs of the same county.

    Args:
        runs: Runs that have plans, with the names the planner calls them.
        folder: Where to.
        translate: Into the language of the sheets.
        language: Of the sheets.
        papers: Paper sizes; none: A4.
        formats: File formats; none: all.

    Returns:
        The folders written.

    Raises:
        InputError: a file cannot be written.
    """
    folders = []
    every = [run for _name, run in runs]
    for i, (name, run) in enumerate(runs, 1):
        inside = folder if len(runs) == 1 else folder / f"{i}-{Path(name).name}"
        points = frontier_points(run, every, translate)
        write_sheets(
            run,
            inside,
            translate,
            language,
            papers or ("a4",),
            formats or FORMATS,
            points=points,
        )
        folders.append(inside)
    return tuple(folders)


def frontier_points(
    run: Run, others: Sequence[Run], translate: Translate
) -> tuple[FrontierPoint, ...]:
    """Today, the run's plan, and the plans of other runs of the same county, on one frontier.

    A run in another world (other alerts, roads or stations) cannot be compared and is left out.
    """
    county = run.today.county_digest
    points = [
        FrontierPoint(
            label=translate("Today"),
            officers_freed=0.0,
            mean_response_min=run.today.mean_response_min,
            is_today=True,
        )
    ]
    for one in [run, *(o for o in others if o is not run and o.today.county_digest == county)]:
        if one.plan is not None:
            points.append(
                FrontierPoint(
                    label=one.scenario or translate("Plan"),
                    officers_freed=one.plan.officers_freed,
                    mean_response_min=one.plan.mean_response_min,
                    is_published=one.scenario == PUBLISHED_SCENARIO,
                    is_chosen=one is run,
                )
            )
    return mark_dominated(points)


def _makers(
    run: Run, ground: Ground, points: Sequence[FrontierPoint]
) -> Mapping[SheetName, Callable[[MapScene], Figure]]:
    turnout_min = run.loaded.policy.response.turnout_min
    return {
        "map": lambda scene: redistricting_map(scene, ground),
        "today": lambda scene: today_sheet(scene, ground),
        "plan": lambda scene: plan_sheet(scene, ground),
        "difference": lambda scene: difference_sheet(scene, ground),
        "response": lambda scene: response_sheet(scene, turnout_min, ground),
        "flows": lambda scene: flow_sheet(scene, ground),
        "frontier": lambda scene: frontier_sheet(scene, points),
    }
