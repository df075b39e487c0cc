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
    make = _makers(run, ground, points or run_points(run, translate))
    make_folder(folder)
    written: list[str] = []
    for paper in papers:
        for name in which:
            figure = make[name](replace(scene, paper=paper))
            stem = folder / (name if paper == "a4" else f"{name}.{paper}")
            written += [path.name for path in write_map(figure, stem, formats)]
    return tuple(written)


def run_points(run: Run, translate: Translate) -> tuple[FrontierPoint, ...]:
    """Today and the run's plan as points of a frontier."""
    if run.plan is None:
        raise ValueError("the run has no plan")
    return mark_dominated(
        (
            FrontierPoint(
                label=translate("Today"),
                officers_freed=0.0,
                mean_response_min=run.today.mean_response_min,
                is_today=True,
            ),
            FrontierPoint(
                label=run.scenario or translate("Plan"),
                officers_freed=run.plan.officers_freed,
                mean_response_min=run.plan.mean_response_min,
                is_chosen=True,
            ),
        )
    )


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
