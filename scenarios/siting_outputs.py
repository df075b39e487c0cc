"""New sites as tables, a workbook, JSON, a map and a GIS layer, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.alert_sheets import Shade, ShadedMap, Spot, shaded_sheet
from geo.atomic import atomic_folder, write_text
from geo.gpkg import Layer, write_layers
from geo.maps import write_map
from geo.plane import as_geometry
from geo.qgis_style import Look, single
from optimizer.errors import Translate
from optimizer.siting import Siting
from scenarios.alert_shades import cell_shapes
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import inputs_text, modelled_items
from scenarios.siting import SitingStudy
from scenarios.siting_sites import Site
from scenarios.siting_words import question_text, status_text, taken_text
from scenarios.tables import Sheet
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK, LAYERS = "siting.xlsx", "siting.gpkg"
_COLOUR = "#B3001B"
_SOONER = ((1.0, "#D9F0A3"), (3.0, "#ADDD8E"), (5.0, "#78C679"), (10.0, "#238443"))
"""Minutes by which a place waits less, and the colour of what gains at least so much."""


def siting_document(study: SitingStudy) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    asked = study.asked
    return {
        "case": study.county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "kind": asked.kind,
        "objective": asked.objective,
        "within_min": asked.within_min,
        "hours": asked.hours,
        "weighed_by": "alerts_per_year" if asked.kind == "standby" else "residents",
        "weight": float(study.task.weight.sum()),
        "candidates": len(study.sites),
        "candidates_without_room": study.left_out,
        "limit": asked.limit,
        "decided": [_site(study, row) for row in study.decided],
        "modelled": modelled_items(study.county.provenance),
        "before": _step(study, study.before),
        "best": [_step(study, step) for step in study.found],
    }


def _step(study: SitingStudy, step: Siting) -> dict[str, Any]:
    township, mean_min = study.worst_township(step)
    return {
        "sites": [
            {**_site(study, row), "takes_over": study.taken(step, row)} for row in step.sites
        ],
        "status": step.status.value,
        "value": step.value,
        "bound": step.bound,
        "gap_fraction": step.gap_fraction,
        "mean_min": step.mean_min,
        "farthest_min": step.farthest_min,
        "within_fraction": step.covered_fraction,
        "more_within": study.gained(step),
        "worst_township": township,
        "worst_township_mean_min": mean_min,
    }


def _site(study: SitingStudy, row: int) -> dict[str, Any]:
    site = study.sites[row]
    return {
        "site_id": site.site_id,
        "name": site.name,
        "lon_deg": site.lon_deg,
        "lat_deg": site.lat_deg,
    }


def siting_sheets(study: SitingStudy, _: Translate) -> tuple[Sheet, ...]:
    """A row for each number of sites, and a row for each site of each number."""
    steps = (study.before, *study.found)
    rows, places = [], []
    for n, step in enumerate(steps):
        before = steps[n - 1] if n else step
        township, mean_min = study.worst_township(step)
        rows.append(
            (n, _("; ").join(study.sites[s].name for s in step.sites), step.mean_min,
             step.mean_min - before.mean_min, step.farthest_min, step.covered_fraction,
             study.gained(step) - study.gained(before), township, mean_min,
             status_text(step, _))
        )  # fmt: skip
        places += [
            (n, s.site_id, s.name, s.lon_deg, s.lat_deg, study.taken(step, row))
            for row, s in ((i, study.sites[i]) for i in step.sites)
        ]
    return (
        Sheet(
            name="siting",
            title=_("New sites"),
            header=(_("New sites"), _("Where"), _("Mean, min"), _("Change, min"),
                    _("Farthest, min"), _("Within"), _("More within"), _("Worst township"),
                    _("Its mean, min"), _("Proof")),
            kinds=("count", "text", "minutes", "change_min", "minutes", "fraction", "count",
                   "text", "minutes", "text"),
            rows=tuple(rows),
        ),
        Sheet(
            name="sites",
            title=_("Places"),
            header=(_("New sites"), _("Site id"), _("Where"), _("Longitude"), _("Latitude"),
                    taken_text(study, _)),
            kinds=("count", "text", "text", "text", "text", "number"),
            rows=tuple((n, i, name, f"{x:.6f}", f"{y:.6f}", w) for n, i, name, x, y, w in places),
        ),
    )  # fmt: skip


def write_siting(
    study: SitingStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON, map and layer into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    county, loaded = study.county, study.opened.loaded
    title = case_title(county.name, study.opened.scenario)
    given = inputs_text(county.provenance, _)
    sheets = siting_sheets(study, _)
    scene = scene_of(loaded, study.plan, title, _, language)
    with atomic_folder(out) as folder:
        write_text(folder / "siting.json", json_text(siting_document(study)))
        lines = [(_("Asked"), question_text(study, _)), (_("Inputs"), given)]
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        write_layers(folder / LAYERS, [_layer(study, _)], _, attribution=scene.attribution)
        write_map(shaded_sheet(scene, _shown(study, _)), folder / "siting", ("png",))
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=study.plan.digest,
            county_digest=county.digest,
            policy_digest=loaded.policy.digest,
            versions=versions(),
        )


def _layer(study: SitingStudy, _: Translate) -> Layer:
    rows = [(n, study.sites[s]) for n, step in enumerate(study.found, 1) for s in step.sites]
    return Layer(
        name="new_sites",
        title="New sites",
        columns={
            "new_sites": [n for n, _s in rows],
            "site_id": [s.site_id for _n, s in rows],
            "name": [s.name for _n, s in rows],
        },
        geometry=as_geometry([shapely.Point(s.lon_deg, s.lat_deg) for _n, s in rows]),
        kind="Point",
        style=single("marker", Look(label=_("New sites"), colour=_COLOUR), label_column="name"),
    )


def _shown(study: SitingStudy, _: Translate) -> ShadedMap:
    """Ground that waits less, and the new sites of the largest number."""
    last = study.found[-1] if study.found else study.before
    sooner_min = study.task.today_min - study.task.waits_by(last.taken_by)
    shapes = cell_shapes(study.opened.loaded)
    shades = []
    for i, (low, colour) in enumerate(_SOONER):
        high = _SOONER[i + 1][0] if i + 1 < len(_SOONER) else np.inf
        rows = (sooner_min >= low) & (sooner_min < high)
        areas = as_geometry([s for s in shapes[rows] if s is not None])
        if len(areas):
            text = _("{n} min and more").format(n=f"{low:g}")
            shades.append(Shade(text=text, fill=colour, areas=areas))
    return ShadedMap(
        label="siting",
        heading=question_text(study, _),
        line=_("mean {before} → {after} min, within {was} → {now}").format(
            before=f"{study.before.mean_min:.1f}",
            after=f"{last.mean_min:.1f}",
            was=f"{study.before.covered_fraction:.1%}",
            now=f"{last.covered_fraction:.1%}",
        ),
        legend=_("Sooner by"),
        shades=tuple(shades),
        spots=tuple(_spot(study.sites[s]) for s in last.sites),
    )


def _spot(site: Site) -> Spot:
    """A cell by its id alone: its township stands on the map already."""
    text = site.site_id if site.name.endswith(site.site_id) else site.name
    return Spot(text=text, lon_deg=site.lon_deg, lat_deg=site.lat_deg)
