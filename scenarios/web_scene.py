"""A run as a scene of the interactive map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from geo.jurisdictions import centre_rows
from geo.network import RoadNetwork
from geo.plane import GeometryArray, as_geometry
from geo.webmap_scene import WebScene
from optimizer.errors import Translate
from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Proof, Status
from scenarios.language import Language, in_language
from scenarios.load import LoadedCase
from scenarios.provenance import modelled_text
from scenarios.run import Run
from scenarios.show import step_text
from scenarios.web_cards import headline, station_cards, townships

_SLOWER = 1.01
_LONGEST_HEADING = 40
_SAME_DEG = 1e-6


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
    county, network = loaded.county, loaded.network
    roads = network.roads()
    items = modelled_text(county.provenance, _)
    closed, slowed = changed_roads(run)
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
        road_lines=network.line[roads],
        road_class_names=tuple(network.class_names[c] for c in network.class_code[roads].tolist()),
        closed_lines=closed,
        slowed_lines=slowed,
        cell_today_min=_cell_min(loaded, np.arange(len(county.stations))),
        cell_plan_min=_cell_min(loaded, centre_rows(county, plan)),
        townships=townships(run, _),
        station_cards=station_cards(run, _),
        provenance_line=(
            _("Modelled: {items}").format(items=items) if items else _("All inputs given")
        ),
        attribution=in_language(loaded.case.spec.attribution, language),
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


def changed_roads(run: Run) -> tuple[GeometryArray, GeometryArray]:
    """Roads that the scenario closes, and those it slows down, against the case as read.

    Where it slows every road alike, none is singled out.
    """
    base, now = run.inspection.loaded, run.loaded.network
    if base is None or base.network is now:
        return as_geometry([]), as_geometry([])
    before, after = _pace(base.network), _pace(now)
    gone = [line for wkb, (line, _pace_min) in before.items() if wkb not in after]
    fresh = [line for wkb, (line, _pace_min) in after.items() if wkb not in before]
    closed = as_geometry([])
    if gone:
        left = shapely.union_all(as_geometry(fresh)).buffer(_SAME_DEG)
        parts = shapely.get_parts(shapely.difference(as_geometry(gone), left))
        closed = parts[shapely.get_dimensions(parts) == 1]
        closed = closed[~shapely.is_empty(closed)]
    same = [wkb for wkb in before if wkb in after]
    slowed = [after[w][0] for w in same if after[w][1] > _SLOWER * before[w][1]]
    if len(slowed) == len(same):
        slowed = []
    return closed, as_geometry(slowed)


def _pace(network: RoadNetwork) -> dict[bytes, tuple[shapely.Geometry, float]]:
    """Each arc's line and minutes, by the line."""
    roads = network.roads()
    lines = network.line[roads]
    wkb = shapely.to_wkb(lines).tolist()
    minutes = network.travel_time_min[roads].tolist()
    return {key: (line, one) for key, line, one in zip(wkb, lines, minutes, strict=True)}


def _cell_min(loaded: LoadedCase, centre: IntArray) -> FloatArray:
    """Response of each cell from its responsible station: turn-out and travel, shape (C,)."""
    county = loaded.county
    travel_min: FloatArray = county.travel_time_min[
        centre[county.cells.station], np.arange(len(county.cells))
    ]
    return travel_min + loaded.policy.response.turnout_min
