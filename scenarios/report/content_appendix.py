"""The appendix: every measure, bundle, township, unit, road duty and move."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.compare import measures
from scenarios.report.blocks import RIGHT, Block, Heading, TableBlock
from scenarios.report.content_choices import at_most_one_decimal
from scenarios.report.material import Material, minutes_lost
from scenarios.report.wording import listed, load, one, percent, signed, whole
from scenarios.tables import kind_text, reason_text


def appendix(m: Material) -> Iterator[Block]:
    """The chapter."""
    yield Heading(text=m.translate("Appendix: tables"))
    yield _measures(m)
    yield _bundles(m)
    yield _townships(m)
    yield _units(m)
    if m.plan.roads:
        yield _roads(m)
    if m.decided.moves:
        yield _moves(m)


def _measures(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("All measures"),
        header=(_("Measure"), _("Today"), _("Plan"), _("Change")),
        rows=tuple(
            (r.heading, r.shown(r.today), r.shown(r.plan), r.change)
            for r in map(at_most_one_decimal, measures(m.today, m.plan, _))
        ),
        align=("left", "right", "right", "right"),
        width_share=(3.2, 1.0, 1.0, 1.0),
        appendix=True,
    )


def _bundles(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("Bundles and lone stations"),
        header=(
            _("Centre or lone station"),
            _("Police offices"),
            _("Crews"),
            _("Required today"),
            _("Required"),
            _("Officers today"),
            _("In the plan"),
            _("Alerts a year"),
            _("Mean response, min"),
            _("Farthest cell, min"),
        ),
        rows=tuple(
            (
                b.centre_name,
                listed(m.offices(b), _),
                whole(b.crews),
                one(b.officers_required_today),
                one(b.officers_required),
                whole(b.officers_today),
                whole(b.strength),
                whole(b.alerts_per_year),
                f"{one(b.mean_response_today_min)}→{one(b.mean_response_min)}",
                one(b.farthest_min),
            )
            for b in m.plan.bundles
        ),
        align=("left", "left", *([RIGHT] * 8)),
        note=_("Required: without road duty. In the plan: with the officers on road duty."),
        width_share=(1.5, 1.7, 0.6, 0.9, 0.9, 0.9, 0.9, 0.9, 1.4, 0.9),
        appendix=True,
    )


def _townships(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("Townships"),
        header=(
            _("Township"),
            _("Responsible today"),
            _("Responsible in the plan"),
            _("Alerts a year"),
            _("Residents"),
            _("Mean response, min"),
            _("Change, min"),
            _("Within the standard"),
            _("Farthest cell, min"),
        ),
        rows=tuple(
            (
                c.plan.township,
                c.today.responsible,
                c.plan.responsible,
                whole(c.plan.alerts_per_year),
                m.residents(c.plan.population),
                f"{one(c.today.mean_response_min)}→{one(c.plan.mean_response_min)}",
                signed(minutes_lost(c)),
                f"{percent(c.today.share_within_fraction)}→{percent(c.plan.share_within_fraction)}",
                one(c.plan.farthest_min),
            )
            for c in m.changes
        ),
        align=("left", "left", "left", *([RIGHT] * 6)),
        width_share=(1.1, 1.4, 1.4, 0.9, 1.0, 1.3, 0.8, 1.8, 0.8),
        appendix=True,
    )


def _units(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("Strength of all units"),
        header=(
            _("Unit"),
            _("Kind"),
            _("Officers before"),
            _("Officers after"),
            _("Required"),
            _("Required per officer"),
            _("Over establishment"),
        ),
        rows=tuple(
            (
                u.name,
                kind_text(u.kind, _),
                whole(u.officers_before),
                whole(u.officers_after),
                one(u.required_officers),
                f"{load(u.load_before)}→{load(u.load_after)}",
                whole(u.over_establishment_officers),
            )
            for u in m.plan.units
        ),
        align=("left", "left", *([RIGHT] * 5)),
        width_share=(1.8, 1.2, 0.9, 0.9, 0.9, 1.4, 0.9),
        appendix=True,
    )


def _roads(m: Material) -> TableBlock:
    _, gone = m.translate, set(m.decided.dissolved_squad_ids)
    return TableBlock(
        caption=_("Managed roads by unit"),
        header=(
            _("Unit"),
            _("Road officers"),
            _("Managed road, km"),
            _("km per officer"),
            _("Roads of the jurisdictions"),
        ),
        rows=tuple(
            (
                r.duty_name,
                whole(r.officers),
                one(r.road_km),
                one(r.km_per_officer),
                listed([m.names[s] for s in r.jurisdiction_ids], _, most=40),
            )
            for r in sorted(m.plan.roads, key=lambda r: (-r.km_per_officer, r.duty_id))
            if r.duty_id not in gone
        ),
        align=("left", "right", "right", "right", "left"),
        width_share=(1.4, 0.8, 1.0, 1.0, 3.2),
        appendix=True,
    )


def _moves(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("All moves of officers"),
        header=(_("From"), _("To"), _("Officers"), _("Reason")),
        rows=tuple(
            (m.names[v.from_id], m.names[v.to_id], whole(v.officers), reason_text(v.reason, _))
            for v in m.decided.moves
        ),
        align=("left", "left", "right", "left"),
        width_share=(1.6, 1.6, 0.7, 1.8),
        appendix=True,
    )
