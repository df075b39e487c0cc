"""A run as a scene of the interactive map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.jurisdictions import centre_rows
from geo.webmap_scene import WebScene
from optimizer.errors import Translate
from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Proof, Status
from scenarios.barriers import barrier_marks
from scenarios.credits import credited
from scenarios.language import Language, in_language
from scenarios.load import LoadedCase
from scenarios.provenance import inputs_text
from scenarios.reach import cut_off_text
from scenarios.road_lines import drawn_roads
from scenarios.run import Run
from scenarios.show import step_text
from scenarios.web_cards import headline, station_cards, townships

_LONGEST_HEADING = 40


def web_scene(run: Run, _: Translate, language: Language, name: str | None = None) -> WebScene:
    """What the interactive map shows of a run that has a plan.

    Args:
        run: The run.
        _: Translation of everything it says.
        language: Of the page; picks the half of a description in two languages.
        name: What the switcher calls it; None = its scenario, or the county where it has none.
    """
    assert run.result.plan is not None
    assert run.plan is not None
    loaded, plan = run.loaded, run.result.plan
    county = loaded.county
    road_lines, road_classes = drawn_roads(loaded)
    walls = barrier_marks(loaded.barriers, loaded.outline, loaded.cell_geometry)
    marks = (*loaded.road_marks, *walls)
    provenance = inputs_text(county.provenance, _)
    return WebScene(
        title=county.name,
        name=name or scenario_name(run, language),
        description=in_language(run.description, language),
        status_line=status_line(run.result.proofs, _),
        proven=run.result.status is Status.OPTIMAL,
        headline=headline(run.today, run.plan, _),
        county=county,
        plan=plan,
        cell_geometry=loaded.cell_geometry,
        outline=loaded.outline,
        road_lines=road_lines,
        road_class_names=road_classes,
        road_marks=tuple((mark.text(_), mark) for mark in marks),
        cell_today_min=_cell_min(loaded, np.arange(len(county.stations))),
        cell_plan_min=_cell_min(loaded, centre_rows(county, plan)),
        townships=townships(run, _),
        station_cards=station_cards(run, _),
        provenance_line=" · ".join(filter(None, [cut_off_text(loaded.warnings, _), provenance])),
        attribution=in_language(credited(loaded.case.spec), language),
    )


def web_scenes(runs: Sequence[Run], _: Translate, language: Language) -> tuple[WebScene, ...]:
    """Scenes of several runs, each by a name of its own in the switcher."""
    counties = {r.loaded.county.name for r in runs}
    found: list[WebScene] = []
    seen: dict[str, int] = {}
    for run in runs:
        parts = [run.loaded.county.name] if len(counties) > 1 else []
        parts += [scenario_name(run, language)] if run.scenario else []
        name = " · ".join(parts) or run.loaded.county.name
        seen[name] = seen.get(name, 0) + 1
        name += f" ({seen[name]})" if seen[name] > 1 else ""
        found.append(web_scene(run, _, language, name))
    return tuple(found)


def scenario_name(run: Run, language: Language) -> str:
    """The scenario by the heading of its description (`Heading: more`) and its name."""
    if not run.scenario:
        return run.loaded.county.name
    heading, colon, _rest = (
        in_language(run.description, language).replace("：", ": ").partition(": ")
    )
    heading = heading.strip()
    if not colon or not heading or len(heading) > _LONGEST_HEADING:
        return run.scenario
    return f"{heading} · {run.scenario}"


def status_line(proofs: Sequence[Proof], _: Translate) -> str:
    """What is proven of a plan in one line: every stage that is not OPTIMAL is named."""
    unproven = [p for p in proofs if p.status is not Status.OPTIMAL]
    if not unproven:
        return _("{status}: proven, no plan under this policy is better").format(
            status=Status.OPTIMAL.value
        )
    told = []
    for proof in unproven:
        gap = proof.gap_fraction
        said = f"{step_text(proof.stage, _)} {proof.status.value}"
        if gap is None or not np.isfinite(gap):
            said += _(", gap not known")
        else:
            said += _(", at most {gap} from the best possible").format(gap=f"{gap:.1%}")
        told.append(said)
    return _("Not proven to be the best plan: {stages}").format(stages=_("; ").join(told))


def _cell_min(loaded: LoadedCase, centre: IntArray) -> FloatArray:
    """Response of each cell from its responsible station: turn-out and travel, shape (C,)."""
    county = loaded.county
    travel_min: FloatArray = county.travel_time_min[
        centre[county.cells.station], np.arange(len(county.cells))
    ]
    return travel_min + loaded.policy.response.turnout_min
