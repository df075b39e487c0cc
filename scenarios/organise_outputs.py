"""Two teams, one room, as JSON, tables, a workbook and a picture, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts
from optimizer.errors import Translate
from optimizer.inner_form import Organisation
from scenarios.documents import json_text, plain
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.organise import OrganisationStudy
from scenarios.organise_plot import organisation_chart
from scenarios.organise_tables import form_text, load_of, organisation_sheets
from scenarios.provenance import inputs_text, modelled_items
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK = "organisation.xlsx"


def organisation_document(study: OrganisationStudy) -> dict[str, Any]:
    """Everything as plain values; null where there is no value or it is infinite."""
    county, rules = study.loaded.county, study.rules
    return {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "deployment": study.deployment,
        "county_digest": county.digest,
        "policy_digest": study.loaded.policy.digest,
        "plan_digest": study.plan.digest,
        "modelled": modelled_items(county.provenance),
        "assumed": dict(study.assumed),
        "organisation": rules.model_dump(mode="json"),
        "disputes": {
            "assumption": rules.dispute_before_min is not None,
            "per_year": study.disputes_per_year,
            "before_min": rules.dispute_before_min,
            "after_min": rules.dispute_after_min,
        },
        "units": [
            _unit(o, {s: study.name(s) for s in o.station_ids}, list(w.work))
            for o, w in zip(study.found, study.works, strict=True)
        ],
    }


def _unit(one: Organisation, names: dict[str, str], work: list[Any]) -> dict[str, Any]:
    return {
        "unit_id": one.unit_id,
        "name": names[one.unit_id],
        "station_ids": list(one.station_ids),
        "form": one.form,
        "officers": one.officers,
        "auxiliaries": one.auxiliaries,
        "officers_required": one.required_officers,
        "lacking_officers": one.lacking_officers,
        "lacking_auxiliaries": one.lacking_auxiliaries,
        "off_roster_officers": one.off_roster_officers,
        "night_posts_before": one.roster_posts,
        "nights_per_officer_month_before": plain(one.nights_before),
        "areas_wanted": one.areas_wanted,
        "disputes_per_year": one.disputes_per_year,
        "teams": [
            asdict(t)
            | {
                "load": plain(load_of(t)),
                "nights_per_officer_month": plain(t.nights_per_officer_month),
            }
            for t in one.teams
        ],
        "work": [asdict(w) for w in work],
        "areas": [asdict(a) for a in one.areas],
    }


def write_organisation(
    study: OrganisationStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON and a picture into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    county = study.loaded.county
    sheets = organisation_sheets(study, _)
    title = case_title(county.name, study.opened.scenario)
    with atomic_folder(out) as folder:
        write_text(folder / "organisation.json", json_text(organisation_document(study)))
        write_book(folder, WORKBOOK, title, _lines(study, _), sheets, _, language)
        with map_fonts():
            organisation_chart(study, title, _).savefig(
                folder / "organisation.png", dpi=150, metadata={"Software": None}
            )
        return write_manifest(
            folder,
            command=list(command),
            plan_digest=study.plan.digest,
            county_digest=county.digest,
            policy_digest=study.loaded.policy.digest,
            versions=versions(),
        )


def _lines(study: OrganisationStudy, _: Translate) -> list[tuple[str, str]]:
    """The first page of the workbook."""
    given = inputs_text(study.loaded.county.provenance, _)
    lines = [
        (
            form_text("two_teams", _),
            _("Heads are shared by work, with least numbers; the share is proven best."),
        ),
        ("", _("Nights are those of the crews that the workload requires.")),
        (_("Inputs"), given),
        ("", _("Modelled values are no findings about the county.")),
        (_("Assumed"), assumed_text(study)),
    ]
    disputes = disputes_text(study, _)
    return [*lines, (_("Disputes"), disputes)] if disputes else lines


def assumed_text(study: OrganisationStudy, keys: Sequence[str] = ()) -> str:
    """Values of `policy.organisation` that nobody set; of `keys` only, unless that is empty."""
    own = {k.rsplit(".", 1)[1]: v for k, v in study.assumed.items()}
    return "; ".join(f"{k} = {_value(v)}" for k, v in own.items() if not keys or k in keys)


def _value(value: Any) -> str:
    """A value as it would be written in YAML, shares of 0 left out."""
    if isinstance(value, dict):
        shares = (f"{k.removesuffix('_fraction')} {v:g}" for k, v in value.items() if v)
        return " + ".join(shares)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def disputes_text(study: OrganisationStudy, _: Translate) -> str:
    """The stated assumption about disputes, as one; empty where none is stated."""
    before, after = study.rules.dispute_before_min, study.rules.dispute_after_min
    if before is None or after is None:
        return ""
    count = study.disputes_per_year
    return _(
        "ASSUMED in the policy and measured by nobody: a dispute takes {before} minutes under one "
        "roster and {after} with a community team. On {count} disputes a year that would be "
        "{hours} hours, if it came true; it is no promise."
    ).format(
        before=f"{before:g}",
        after=f"{after:g}",
        count=f"{count:,.0f}",
        hours=f"{count * (before - after) / 60.0:,.0f}",
    )
