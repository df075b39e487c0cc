"""Chapter 7: other plans of the county beside this one, and what the scenario prescribes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from optimizer.errors import Translate
from scenarios.compare import MeasureRow
from scenarios.documents import steered_in
from scenarios.kept import KeptRun, kept_of_run
from scenarios.language import in_language
from scenarios.report.blocks import RIGHT, Block, Heading, Paragraph, TableBlock
from scenarios.report.content_why import why
from scenarios.report.material import Material
from scenarios.report.wording import listed
from scenarios.steered import steered_text
from scenarios.versus import Contest, Versus, versus

SHOWN = (
    "centres",
    "stations_bundled",
    "officers_freed",
    "mean_response_min",
    "p90_response_min",
    "share_within_fraction",
    "worst_township",
    "worst_township_response_min",
    "worst_wait_share_fraction",
    "mismatch_fraction",
    "load_max",
    "road_km_per_officer_max",
    "duty_stations",
    "officers_reassigned",
)
MOST = 4
"""Other plans in the table; a page holds no more."""


def choices(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Alternatives considered"))
    others = m.alternatives[:MOST]
    if others:
        found = versus([_this(m), *others], _)
        yield Paragraph(text=_told(m, found, others))
        yield _table(m, found)
        yield _dominated(m, found)
    else:
        yield Paragraph(
            text=_(
                "Only today's deployment was set against this plan: the run store holds no other "
                "plan of this county. Run other scenarios and make the report again before you "
                "choose."
            )
        )
    yield from why(m)
    yield Heading(text=_("What the scenario prescribes"), level=2)
    yield from _overrides(m)


def _this(m: Material) -> KeptRun:
    return kept_of_run(m.run, "", None, ())


def _letter(i: int) -> str:
    return chr(ord("A") + i)


def _label(run: KeptRun) -> str:
    return run.scenario or run.label


def _told(m: Material, found: Versus, others: Sequence[KeptRun]) -> str:
    _ = m.translate
    plans = [
        _("{letter} = {name}").format(letter=_letter(i + 1), name=_label(r))
        for i, r in enumerate(others)
    ]
    text = _("This plan (A) is set against today and against {plans}.").format(
        plans=listed(plans, _)
    )
    if not found.same_data:
        text += _(
            " Not all of them saw the same data: a scenario changed alerts, roads or stations, so "
            "the columns differ by more than the plan."
        )
    more = len(m.alternatives) - len(others)
    if more:
        text += _(" {n} more plans in the run store are left out here.").format(n=more)
    return text


def _table(m: Material, found: Versus) -> TableBlock:
    _ = m.translate
    contests = [c for c in found.contests if c.row.name in SHOWN]
    letters = [_letter(i) + (" ×" if found.dominated_by[i] else "") for i in range(len(found.runs))]
    return TableBlock(
        caption=_("Plans compared"),
        header=(_("Measure"), _("Today"), *letters),
        rows=tuple((c.row.heading, *_values(c)) for c in contests),
        align=("left", *([RIGHT] * (len(letters) + 1))),
        note=_("* best of the plans on this measure; × dominated by another plan."),
        width_share=(3.0, *([1.0] * (len(letters) + 1))),
    )


def _values(contest: Contest) -> Iterator[str]:
    """Today, then each plan; a star where no plan shows a better value."""
    row = at_most_one_decimal(contest.row)
    today, *plans = (row.shown(v) for v in contest.values)
    best = {plans[i] for i in contest.winners}
    yield today
    for plan in plans:
        yield plan + (" *" if plan in best and len(set(plans)) > 1 else "")


def at_most_one_decimal(row: MeasureRow) -> MeasureRow:
    """The measure as a report shows it: minutes and kilometres to one decimal."""
    return replace(row, digits=min(row.digits, 1)) if row.unit else row


def _dominated(m: Material, found: Versus) -> Paragraph:
    _ = m.translate
    by = found.dominated_by[0]
    if by:
        return Paragraph(
            text=_(
                "This plan is dominated: {plans} is as good on every measure and better on one. "
                "Prefer it, unless a reason outside these figures speaks for this plan."
            ).format(plans=listed([_label(found.runs[j]) for j in by], _)),
            weight="warning",
        )
    beaten = [_label(r) for i, r in enumerate(found.runs) if 0 in found.dominated_by[i]]
    text = _("No other plan is as good on every measure and better on one: the choice is a trade.")
    if beaten:
        text += _(" This plan dominates: {plans}.").format(plans=listed(beaten, _))
    return Paragraph(text=text)


def _overrides(m: Material) -> Iterator[Block]:
    _, overrides = m.translate, m.run.loaded.overrides
    if m.run.description:
        yield Paragraph(
            text=_("Scenario {name}: {description}").format(
                name=m.run.scenario or "", description=in_language(m.run.description, m.language)
            )
        )
    said = steered_text(steered_in(m.run), _)
    if said:
        yield Paragraph(text=_("Steered by hand") + _(": ") + said)
    if not overrides:
        yield Paragraph(text=_("The scenario changes nothing: the case is taken as it is."))
        return
    rows, last = [], in_language(m.run.description, m.language)
    for o in overrides:
        reason = in_language(o.reason_text(_), m.language)
        rows.append(
            (
                f"{o.place} {o.key}" if o.place else _setting(o.key, _),
                _value(o.before, _),
                _value(o.after, _),
                _("as above") if reason and reason == last else reason,
            )
        )
        last = reason
    yield TableBlock(
        caption=_("What the scenario changes, and why"),
        header=(_("Setting"), _("Before"), _("After"), _("Reason")),
        rows=tuple(rows),
        align=("left", "left", "left", "left"),
        width_share=(2.6, 1.2, 1.8, 2.4),
    )


def _setting(key: str, _: Translate) -> str:
    """A policy key in words; one we have no words for stays as it is."""
    said = {
        "policy.bundling.centres": _("Number of bundles"),
        "policy.bundling.stations_bundled": _("Number of stations bundled"),
        "policy.bundling.max_bundle_size": _("Stations in one bundle at the most"),
        "policy.bundling.rural_only": _("Town stations stay alone"),
        "policy.bundling.max_office_travel_min": _("Minutes to a police office at the most"),
        "policy.bundling.min_officers_freed": _("Officers to be freed at the least"),
        "policy.bundling.offices_keep_windows": _("Police offices keep their windows"),
        "policy.equity.max_township_loss_min": _("Minutes a township may lose at the most"),
        "policy.equity.max_township_response_min": _("Minutes of the slowest township at the most"),
        "policy.equity.max_residents_losing_standard_fraction": _(
            "Share of residents who may lose the standard"
        ),
        "policy.equity.max_window_km": _("Kilometres to the centre's window at the most"),
        "policy.response.share_within_fraction": _("Share of alerts to be reached in time"),
        "policy.traffic.dissolve_squads": _("Traffic squads end"),
        "policy.traffic.duty_stations": _("Number of duty stations"),
        "policy.staffing.max_moves": _("Officers reassigned at the most"),
        "policy.staffing.inflows": _("Officers prescribed to receive"),
        "policy.staffing.give_only_from_bundles": _("Only bundles give officers"),
    }
    return said.get(key, key)


def _value(text: str, _: Translate) -> str:
    """A value in words."""
    if text in ("", "[]", "null"):
        return _("free")
    if text in ("true", "false"):
        return _("yes") if text == "true" else _("no")
    try:
        inflows = [(_group(i["to"], _), int(i["officers"])) for i in json.loads(text)]
    except (ValueError, TypeError, KeyError):
        return text
    return listed([_("{unit} {n}").format(unit=g, n=n) for g, n in inflows], _)


def _group(name: str, _: Translate) -> str:
    return {
        "urban_stations": _("town stations"),
        "rural_stations": _("rural stations"),
        "functional_units": _("functional units"),
        "other_units": _("all other units"),
    }[name]
