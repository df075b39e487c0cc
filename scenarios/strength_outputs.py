"""Required strength as JSON, tables, a workbook and pictures, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from optimizer.errors import Translate
from optimizer.required_strength import SOURCES
from optimizer.shift_table import shift_officers, shift_starts
from scenarios.documents import json_text, plain
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.provenance import inputs_text, modelled_items
from scenarios.strength import Side, StrengthStudy
from scenarios.strength_plot import day_chart, sensitivity_chart
from scenarios.strength_tables import by_source, strength_sheets
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK = "strength.xlsx"


def strength_document(study: StrengthStudy, unit: str | None = None) -> dict[str, Any]:
    """Everything as plain values; null where there is no value or it is infinite.

    Args:
        study: The study.
        unit: Only this unit; None = all.
    """
    county, policy = study.loaded.county, study.policy
    return {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "county_digest": county.digest,
        "policy_digest": policy.digest,
        "modelled": modelled_items(county.provenance),
        "assumed": dict(study.assumed),
        "periods": study.hours_from,
        "effective_hours_per_week": policy.crews.effective_hours_per_week,
        "max_wait_min": policy.crews.max_wait_min,
        "max_wait_share_fraction": policy.crews.max_wait_share_fraction,
        "strength": plain(policy.strength.model_dump(mode="json")),
        "shift_starts_hours": list(shift_starts(policy)),
        **{side.deployment: _side(side, unit) for side in study.sides},
    }


def _side(side: Side, unit: str | None) -> dict[str, Any]:
    r, unit = side.required, side.unit_of(unit)
    chosen = [i for i, u in enumerate(r.unit_id) if unit in (None, u)]
    found: dict[str, Any] = {
        "plan_digest": side.plan.digest,
        "officers_required": float(r.officers.sum()),
        "auxiliaries_required": float(r.auxiliaries.sum()),
        "officers_in_post": float(r.officers_held.sum()),
        "auxiliaries_in_post": float(r.auxiliaries_held.sum()),
        "by_source": {
            s: {"officers": o, "auxiliaries": a} for s, (o, a) in by_source(side).items()
        },
        "crew_officers_by_shift": shift_officers(side.shifts),
        "units": [
            {
                "unit_id": r.unit_id[i],
                "kind": r.kind[i],
                "station_ids": list(r.station_ids[i]),
                "crews": int(r.crews[i]),
                "officers": _named(r.officers[i].tolist()),
                "auxiliaries": _named(r.auxiliaries[i].tolist()),
                "officers_required": float(r.officers[i].sum()),
                "auxiliaries_required": float(r.auxiliaries[i].sum()),
                "officers_in_post": float(r.officers_held[i]),
                "auxiliaries_in_post": float(r.auxiliaries_held[i]),
                "periods": [
                    {
                        "name": name,
                        "hours": float(r.period_hours[p]),
                        "crews_needed_alone": int(r.crews_by_period[i, p]),
                        "officer_hours_a_day": _named(r.officer_hours[i, :, p].tolist()),
                        "auxiliary_hours_a_day": _named(r.auxiliary_hours[i, :, p].tolist()),
                    }
                    for p, name in enumerate(r.period_names)
                ],
            }
            for i in chosen
        ],
        "shifts": [asdict(row) for row in side.shifts if unit in (None, row.unit_id)],
        "next_steps": [asdict(step) for step in side.steps if unit in (None, step.unit_id)],
        "sensitivity": [
            {
                "assumption": p.assumption,
                "step": p.step,
                "value": p.value,
                "total_officers": p.total_officers,
                "officers": {side.sensitivity.unit_id[i]: p.officers[i] for i in chosen},
                "crews": {side.sensitivity.unit_id[i]: p.crews[i] for i in chosen},
                "beyond": [u for u in p.beyond_unit_ids if unit in (None, u)],
            }
            for p in side.sensitivity.points
        ],
    }
    return _plain(found)


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """With null for infinity, also inside lists."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: one(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [one(v) for v in value]
        return plain(value)

    made: dict[str, Any] = one(found)
    return made


def _named(values: Sequence[float]) -> dict[str, float]:
    return dict(zip(SOURCES, values, strict=True))


def write_strength(
    study: StrengthStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON and pictures into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    county = study.loaded.county
    sheets = strength_sheets(study, _)
    title = case_title(county.name, study.opened.scenario)
    people = _("Officers required come from the workload model; officers in post are people.")
    given = inputs_text(county.provenance, _)
    lines = [
        (_("Required strength"), people),
        (_("Inputs"), given),
        ("", _("Modelled values are no findings about the county.")),
    ]
    with atomic_folder(out) as folder:
        write_text(folder / "strength.json", json_text(strength_document(study)))
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        for name, figure in (
            ("strength_day.png", day_chart(study, title, _)),
            ("strength_sensitivity.png", sensitivity_chart(study, title, _)),
        ):
            with map_fonts():
                figure.savefig(folder / name, dpi=150, metadata={"Software": None})
        return write_manifest(
            folder,
            command=list(command),
            county_digest=county.digest,
            policy_digest=study.policy.digest,
            versions=versions(),
        )
