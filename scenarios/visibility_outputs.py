"""Visibility as tables, a workbook, JSON, a map and a GIS layer, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.atomic import atomic_folder, write_text
from geo.gpkg import Layer, write_layers
from geo.maps import write_map
from geo.plane import as_geometry
from geo.qgis_style import Look, categorised
from geo.visibility_map import GRADE_COLOURS, Panel, PresenceMap, visibility_map
from optimizer.errors import Translate
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.key_areas import write_key_areas
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import modelled_items
from scenarios.tables import Sheet
from scenarios.titles import case_title
from scenarios.visibility import KINDS, AreaSeen, Coverage, UnitPatrol, VisibilityStudy
from scenarios.visibility_words import (
    because_text,
    coverage_text,
    crews_text,
    grade_of,
    line_text,
    modelled_line,
    proof_text,
    proofs_text,
    rule_text,
)
from scenarios.workbook import write_book

WORKBOOK, LAYERS = "visibility.xlsx", "visibility.gpkg"


def visibility_document(study: VisibilityStudy) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    county = study.opened.loaded.county
    return {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "county_digest": county.digest,
        "plan_digest": study.plan.digest,
        "modelled": modelled_items(county.provenance),
        "night": study.night,
        "key_areas_from": study.areas_from or None,
        "vehicles": study.wishes.vehicles,
        "seed": study.wishes.seed,
        "today": _coverage(study.coverage(is_plan=False)),
        "plan": _coverage(study.coverage(is_plan=True)),
        "grades": {
            grade or "none": {
                "today": _coverage(study.coverage(is_plan=False, grade=grade)),
                "plan": _coverage(study.coverage(is_plan=True, grade=grade)),
            }
            for grade in KINDS
            if any(a.area.grade == grade for a in study.areas)
        },
        "key_areas": [_area(study, a) for a in study.areas],
        "units_today": [_unit(study, u) for u in study.today],
        "units_plan": [_unit(study, u) for u in study.planned],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        **asdict(coverage),
        "share_fraction": coverage.share_fraction,
        "alert_share_fraction": coverage.alert_share_fraction,
        "presence_fraction": coverage.presence_fraction,
    }


def _area(study: VisibilityStudy, seen: AreaSeen) -> dict[str, Any]:
    area = seen.area
    return {
        "key_area_id": area.area_id,
        "name": area.name,
        "lon_deg": area.lon_deg,
        "lat_deg": area.lat_deg,
        "grade": area.grade or None,
        "modelled": area.modelled,
        "alerts_per_year": seen.alerts_per_year,
        "minutes_wanted": area.minutes,
        "visits": area.visits,
        "minutes_today": seen.today_min,
        "minutes_today_modelled": not seen.today_given,
        "minutes_plan": seen.plan_min,
        "covered_today": seen.covered_today,
        "covered_plan": seen.covered_plan,
        "centre_today": study.today[seen.unit_today].centre_id,
        "centre_plan": study.planned[seen.unit_plan].centre_id,
        "missed_because": seen.because,
    }


def _unit(study: VisibilityStudy, unit: UnitPatrol) -> dict[str, Any]:
    told = asdict(unit)
    told["areas"] = [study.areas[row].area.area_id for row in unit.areas]
    told["idle"] = unit.idle or None
    told["status"] = unit.status or None
    return told


def visibility_sheets(study: VisibilityStudy, _: Translate) -> tuple[Sheet, ...]:
    """Coverage, key areas and units."""
    return (_summary(study, _), _areas(study, _), _units(study, _))


def _summary(study: VisibilityStudy, _: Translate) -> Sheet:
    rows = []
    for grade in (None, *KINDS):
        before, after = (study.coverage(is_plan=p, grade=grade) for p in (False, True))
        if not before.areas:
            continue
        rows.append(
            (_("all") if grade is None else grade_of(grade, _), before.areas, before.alerts,
             before.wanted_min, before.given_min, after.given_min, before.share_fraction,
             after.share_fraction, before.alert_share_fraction, after.alert_share_fraction)
        )  # fmt: skip
    return Sheet(
        name="coverage",
        title=_("Coverage"),
        header=(_("Grade"), _("Key areas"), _("Night alerts a year"), _("Wanted min"),
                _("Today min"), _("Plan min"), _("Covered today"), _("Covered by the plan"),
                _("By night alerts, today"), _("By night alerts, plan")),
        kinds=("text", "count", "count", "minutes", "minutes", "minutes", "fraction", "fraction",
               "fraction", "fraction"),
        rows=tuple(rows),
    )  # fmt: skip


def _areas(study: VisibilityStudy, _: Translate) -> Sheet:
    return Sheet(
        name="areas",
        title=_("Key areas"),
        header=(_("Id"), _("Key area"), _("Grade"), _("Night alerts a year"), _("Visits"),
                _("Wanted min"), _("Today min"), _("Plan min"), _("Unit today"),
                _("Unit of the plan"), _("Why not"), _("Origin")),
        kinds=("text", "text", "text", "number", "count", "minutes", "minutes", "minutes", "text",
               "text", "text", "text"),
        rows=tuple(
            (s.area.area_id, s.area.name, grade_of(s.area.grade, _), s.alerts_per_year,
             s.area.visits, s.area.minutes, s.today_min, s.plan_min,
             study.today[s.unit_today].centre_name, study.planned[s.unit_plan].centre_name,
             because_text(s.because, _), _("modelled") if s.area.modelled else _("given"))
            for s in study.areas
        ),
    )  # fmt: skip


def _units(study: VisibilityStudy, _: Translate) -> Sheet:
    rows = []
    for world, units in ((_("Today"), study.today), (_("Plan"), study.planned)):
        rows += [
            (world, u.centre_name, len(u.station_ids), u.officers, u.crews_required, u.vehicles,
             u.alert_min, len(u.areas), u.wanted_min, sum(u.given_min), u.drive_min,
             proof_text(u, _))
            for u in units
        ]  # fmt: skip
    return Sheet(
        name="units",
        title=_("Units"),
        header=(_("World"), _("Unit"), _("Stations"), _("Officers"), _("Crews needed"),
                _("Crews on patrol"), _("Crew-minutes for alerts"), _("Key areas"),
                _("Wanted min"), _("Given min"), _("Driving, min"), _("Proof")),
        kinds=("text", "text", "count", "count", "count", "count", "minutes", "count", "minutes",
               "minutes", "minutes", "text"),
        rows=tuple(rows),
    )  # fmt: skip


def write_visibility(
    study: VisibilityStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON, map and layer into `out`; modelled key areas as a table too.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    loaded = study.opened.loaded
    county = loaded.county
    title = case_title(county.name, study.opened.scenario)
    lines = [
        (_("Night"), study.night),
        (_("Coverage"), coverage_text(study, _)),
        (_("Rule"), rule_text(study, _)),
        (_("Today"), crews_text(study.today, _("Today"), _)),
        (_("Plan"), crews_text(study.planned, _("Plan"), _)),
        (_("Proof"), proofs_text(study, _)),
        (_("Inputs"), modelled_line(study, _)),
    ]
    heading = _("{county}: visibility, {night}").format(county=title, night=study.night)
    scene = replace(
        scene_of(loaded, study.plan, heading, _, language), provenance_line=modelled_line(study, _)
    )
    with atomic_folder(out) as folder:
        write_text(folder / "visibility.json", json_text(visibility_document(study)))
        write_book(folder, WORKBOOK, title, lines, visibility_sheets(study, _), _, language)
        if not study.areas_from:
            # For the planner to correct and give back.
            write_key_areas([a.area for a in study.areas], study.night, folder)
        write_layers(folder / LAYERS, [_layer(study, _)], _, attribution=scene.attribution)
        write_map(visibility_map(scene, presence_map(study, _)), folder / "visibility", ("png",))
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=study.plan.digest,
            county_digest=county.digest,
            policy_digest=loaded.policy.digest,
            seed=study.wishes.seed,
            versions=versions(),
        )


def _layer(study: VisibilityStudy, _: Translate) -> Layer:
    rows = [_area(study, a) for a in study.areas]
    columns: dict[str, Any] = {
        key: [row[key] for row in rows]
        for key in rows[0]
        if key not in ("lon_deg", "lat_deg", "grade", "missed_because")
    }
    columns["grade"] = [a.area.grade or "none" for a in study.areas]
    columns["missed_because"] = [a.because or "" for a in study.areas]
    points = [shapely.Point(a.area.lon_deg, a.area.lat_deg) for a in study.areas]
    looks = [
        (kind or "none", Look(label=grade_of(kind, _), colour=colour))
        for kind, colour in zip(KINDS, GRADE_COLOURS, strict=True)
    ]
    return Layer(
        name="key_areas",
        title="Key areas",
        columns=columns,
        geometry=as_geometry(points),
        kind="Point",
        style=categorised("marker", "grade", looks),
    )


def presence_map(study: VisibilityStudy, _: Translate) -> PresenceMap:
    """What the map draws of the study."""
    row_of = study.opened.loaded.county.stations.index()

    def panel(*, is_plan: bool) -> Panel:
        units = study.planned if is_plan else study.today
        idle = np.zeros(len(row_of), bool)
        for unit in units:
            # On the map, the ground of a unit lies in the row of its centre.
            idle[row_of[unit.centre_id]] = unit.idle in ("no_crew", "alerts")
        state = [
            _state(a.plan_min, covered=a.covered_plan)
            if is_plan
            else _state(a.today_min, covered=a.covered_today)
            for a in study.areas
        ]
        line = line_text(study, _, is_plan=is_plan)
        return Panel(state=np.array(state), idle=idle, line=line)

    red, yellow, blue, none = (grade_of(kind, _) for kind in KINDS)
    return PresenceMap(
        lon_deg=np.array([a.area.lon_deg for a in study.areas]),
        lat_deg=np.array([a.area.lat_deg for a in study.areas]),
        grade=np.array([KINDS.index(a.area.grade) for a in study.areas]),
        grade_texts=(red, yellow, blue, none),
        today=panel(is_plan=False),
        plan=panel(is_plan=True),
        notes=("Presence as planned, alerts answered on the way; single nights differ.",),
    )


def _state(minutes: float, *, covered: bool) -> int:
    """Row in all, part, none."""
    return 0 if covered else 1 if minutes > 0 else 2
