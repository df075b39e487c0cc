"""Traffic consolidation as tables, a workbook, JSON and a map, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from optimizer.errors import Translate
from optimizer.road_hours import HOURS
from scenarios.documents import json_text, plain, proof_documents
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.map_sheets import write_sheets
from scenarios.provenance import inputs_text
from scenarios.road_assets import Checkpoint
from scenarios.tables import Cell, Kind, Sheet
from scenarios.titles import case_title
from scenarios.traffic import Option, Response, RoadUnit, TrafficFacts
from scenarios.workbook import WORKBOOK, write_book


def class_text(name: str, _: Translate) -> str:
    """A road class in the planner's language."""
    return {
        "national": _("National"),
        "provincial": _("Provincial"),
        "county": _("County road"),
    }.get(name, name)


def kind_text(kind: str, _: Translate) -> str:
    """A kind of equipment likewise."""
    return {"vehicles": _("Vehicles"), "speed_guns": _("Speed guns")}.get(kind, kind)


def option_text(key: str, _: Translate) -> str:
    """What an option is called."""
    return {
        "asked": _("This run"),
        "free": _("Any number of duty stations"),
        "two_step": _("Bundles first, then roads"),
        "joint": _("Bundles and roads in one solve"),
    }[key]


def per(amount: float, officers: int) -> float | None:
    """An amount per officer; none where nobody is."""
    return amount / officers if officers else None


def traffic_document(found: TrafficFacts) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    run = found.run
    hours = found.hours
    assert run.result.plan is not None
    rules = run.loaded.policy.traffic
    return {
        "case": run.loaded.county.name,
        "scenario": run.scenario,
        "plan_digest": run.result.plan.digest,
        "road_classes": list(run.loaded.county.road_classes),
        "equipment": list(run.loaded.road_assets.kinds),
        "split_by_class": rules.split_by_class,
        "classes_by_themselves": [asdict(d) for d in run.result.plan.class_duties],
        "covered_round_the_clock_fraction": found.hours.covered_fraction,
        "min_checkpoint_coverage": rules.min_checkpoint_coverage,
        "accident_limit_min": rules.accident_limit_min,
        "coverage_min": rules.coverage_min,
        "modelled": ["hours on duty", "checkpoint officers", "coverage by hour"],
        "squads_today": [_unit(u, found) for u in found.squads],
        "duty_stations": [_unit(u, found) for u in found.duty],
        "accidents_today": _response(found.today),
        "accidents_plan": _response(found.plan),
        "options": [_option(o) for o in found.options],
        "joint_price_per_km": rules.joint_price_per_km if found.joint else None,
        "hours": [
            {
                "hour": h,
                "on_duty_today": int(hours.on_duty_today[h]),
                "on_duty_plan": int(hours.on_duty_plan[h]),
                "covered_today_fraction": float(hours.covered_today[h]),
                "covered_plan_fraction": float(hours.covered_plan[h]),
            }
            for h in range(HOURS)
        ],
        "checkpoints": [
            asdict(point)
            | {
                "manned_by": unit,
                "short_hours": list(short_hours(found, point, unit)),
            }
            for point, unit in hours.checkpoints
        ],
    }


def _response(one: Response) -> dict[str, Any]:
    return {name: plain(value) for name, value in asdict(one).items()}


def _unit(unit: RoadUnit, found: TrafficFacts) -> dict[str, Any]:
    kinds = found.run.loaded.road_assets.kinds
    classes = found.run.loaded.county.road_classes
    return {
        "unit_id": unit.unit_id,
        "name": unit.name,
        "jurisdictions": list(unit.jurisdictions),
        "km_by_class": dict(zip(classes, unit.km, strict=True)),
        "road_km": unit.road_km,
        "officers": unit.officers,
        "auxiliaries": unit.auxiliaries,
        "from_squads": dict(unit.sources),
        "km_per_officer": per(unit.road_km, unit.officers),
        "accidents_per_officer": per(unit.response.accidents_per_year, unit.officers),
        "accidents": _response(unit.response),
        "equipment": dict(zip(kinds, unit.equipment, strict=True)),
    }


def _option(option: Option) -> dict[str, Any]:
    return {
        "option": option.key,
        "duty_stations": option.duty_stations,
        "km_per_officer_max": option.load_km,
        "officers_leaving_their_area": option.leavers,
        "bundles_price_officers": option.price,
        "accidents": _response(option.response),
        "proof": proof_documents([option.proof])[0],
    }


def traffic_sheets(found: TrafficFacts, _: Translate) -> tuple[Sheet, ...]:
    """Squads, duty stations, options, hours and checkpoints as tables."""
    county, kinds = found.run.loaded.county, found.run.loaded.road_assets.kinds
    header = (
        _("Unit"), _("Name"), _("Jurisdictions"),
        *(class_text(c, _) + " km" for c in county.road_classes),
        _("Managed roads, km"), _("Officers"), _("Auxiliaries"), _("From squads"),
        _("km per officer"),
        _("Accidents a year"), _("Accidents per officer"), _("Minutes to an accident"),
        _("Reached in time"), *(kind_text(k, _) for k in kinds),
    )  # fmt: skip
    number: Kind = "number"
    count: Kind = "count"
    looks: tuple[Kind, ...] = (
        "text", "text", "text", *([number] * len(county.road_classes)), "number", "count",
        "count", "text", "number", "count", "number", "number", "fraction", *([count] * len(kinds)),
    )  # fmt: skip

    def rows(units: Sequence[RoadUnit]) -> tuple[tuple[Cell, ...], ...]:
        return tuple(
            (
                u.unit_id, u.name, _(", ").join(u.jurisdictions), *u.km, u.road_km, u.officers,
                u.auxiliaries, _(", ").join(f"{name} {n}" for name, n in u.sources),
                per(u.road_km, u.officers),
                u.response.accidents_per_year, per(u.response.accidents_per_year, u.officers),
                u.response.mean_min, u.response.within_fraction, *u.equipment,
            )
            for u in units
        )  # fmt: skip

    hours = found.hours
    every = [
        Sheet(name="squads_today", title=_("Squads today"), header=header, kinds=looks,
              rows=rows(found.squads)),
        Sheet(name="duty_stations", title=_("Duty stations"), header=header, kinds=looks,
              rows=rows(found.duty)),
        Sheet(
            name="options",
            title=_("Options"),
            header=(_("Option"), _("Duty stations"), _("Most km per officer"),
                    _("Officers leaving their area"), _("Price of bundles, officers"),
                    _("Minutes to an accident"), _("Reached in time"), _("Proof")),
            kinds=("text", "count", "number", "count", "number", "number", "fraction", "text"),
            rows=tuple(
                (option_text(o.key, _), o.duty_stations, o.load_km, o.leavers, o.price,
                 o.response.mean_min, o.response.within_fraction, o.proof.status.value)
                for o in found.options
            ),
        ),
        Sheet(
            name="hours",
            title=_("Hours"),
            header=(_("Hour"), _("On duty today"), _("On duty in the plan"), _("Covered today"),
                    _("Covered in the plan")),
            kinds=("text", "count", "count", "fraction", "fraction"),
            rows=tuple(
                (f"{h:02d}-{h + 1:02d}", int(hours.on_duty_today[h]), int(hours.on_duty_plan[h]),
                 float(hours.covered_today[h]), float(hours.covered_plan[h]))
                for h in range(HOURS)
            ),
        ),
    ]  # fmt: skip
    if hours.checkpoints:
        name = {u.unit_id: u.name for u in found.duty}
        every.append(
            Sheet(
                name="checkpoints",
                title=_("Checkpoints"),
                header=(_("Checkpoint"), _("Hours"), _("Officers"), _("Manned by"),
                        _("Hours short of officers")),
                kinds=("text", "text", "count", "text", "text"),
                rows=tuple(
                    (p.name, hours_text(p.hours), p.officers, name[unit],
                     hours_text(short_hours(found, p, unit)))
                    for p, unit in hours.checkpoints
                ),
            )
        )  # fmt: skip
    return tuple(every)


def short_hours(found: TrafficFacts, point: Checkpoint, unit: str) -> tuple[int, ...]:
    """Hours in which the unit that mans a checkpoint has too few officers."""
    short = found.hours.short.get(unit)
    return () if short is None else tuple(h for h in point.hours if short[h])


def hours_text(hours: Sequence[int]) -> str:
    """Hours as spans: `07-09, 17-19`."""
    spans: list[list[int]] = []
    for hour in hours:
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return ", ".join(f"{a:02d}-{b:02d}" for a, b in spans)


def write_traffic(
    found: TrafficFacts, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON and map into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    run = found.run
    assert run.result.plan is not None
    county = run.loaded.county
    title = case_title(county.name, run.scenario)
    lines = [
        (_("Traffic consolidation"), _("Officers are head counts; accidents are alerts of "
                                       "categories marked as road traffic.")),
        (_("Inputs"), inputs_text(county.provenance, _)),
        (_("Hours"), _("Hours on duty are worked out from head counts, not taken from rosters.")),
    ]  # fmt: skip
    sheets = traffic_sheets(found, _)
    with atomic_folder(out) as folder:
        write_text(folder / "traffic.json", json_text(traffic_document(found)))
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        write_sheets(run, folder, _, language, formats=("png",), which=("plan",))
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=run.result.plan.digest,
            county_digest=county.digest,
            policy_digest=run.loaded.policy.digest,
            versions=versions(),
        )
