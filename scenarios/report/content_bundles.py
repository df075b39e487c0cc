"""Chapter 2: what changes per bundle, why, what it frees, who gains and who loses."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.scorecard import BundleRow
from scenarios.compare import TownshipChange
from scenarios.report import wording
from scenarios.report.blocks import Block, Bullets, Heading, Paragraph, TableBlock
from scenarios.report.material import FreedBy, Material, minutes_lost
from scenarios.report.wording import listed, one, percent, signed, whole

TOLD_ONE_BY_ONE = 12
"""Bundles that are told one by one; a city's others are in the appendix."""


def bundles(m: Material) -> Iterator[Block]:
    """The chapter."""
    _, found = m.translate, m.bundled
    yield Heading(text=_("Bundling of stations"))
    if not found:
        yield Paragraph(
            text=_(
                "The plan bundles no station. Every jurisdiction, every crew and every duty post "
                "stays as it is, and response does not change by it."
            )
        )
        return
    yield Heading(text=_("Why bundling frees officers"), level=2)
    yield Paragraph(text=_why(m))
    yield _sources(m)
    yield Heading(text=_("Bundle by bundle"), level=2)
    yield _table(m)
    yield Bullets(items=tuple(_told(m, row, by) for row, by in found[:TOLD_ONE_BY_ONE]))
    if len(found) > TOLD_ONE_BY_ONE:
        yield Paragraph(
            text=_("The other {bundles} are in the appendix.").format(
                bundles=wording.bundles(len(found) - TOLD_ONE_BY_ONE, _)
            )
        )
    yield Heading(text=_("Who gains and who loses"), level=2)
    yield Paragraph(text=_losers(m))
    gains = [_change_text(m, c) for c in m.winners]
    if gains:
        yield Bullets(items=(_("Shorter waits: {townships}").format(townships=listed(gains, _)),))


def _why(m: Material) -> str:
    _, policy = m.translate, m.run.loaded.policy
    text = _(
        "Small stations keep crews on duty round the clock for few alerts. One post kept all week "
        "takes {relief} officers, leave and training counted. Where neighbouring stations share "
        "their crews, fewer crews answer the same alerts with no more than {share} of them waiting "
        "over {wait} min for a free crew."
    ).format(
        relief=one(policy.crews.relief_factor),
        share=percent(policy.crews.max_wait_share_fraction),
        wait=one(policy.crews.max_wait_min),
    )
    if policy.crews.duty_post_officers:
        text += _(" One duty post at the centre replaces one at each station.")
    return text


def _sources(m: Material) -> TableBlock:
    """Where the freed officers come from; the sum is the evaluation's."""
    _ = m.translate
    parts = [f for _row, f in m.bundled]
    rows = [
        (_("Duty posts"), sum(f.posts for f in parts)),
        (_("Crews pooled"), sum(f.crews for f in parts)),
        (_("Windows of police offices"), sum(f.windows for f in parts)),
    ]
    rows = [r for r in rows if abs(r[1]) >= 0.05]
    rows.append((_("Together"), m.plan.officers_freed))
    return TableBlock(
        caption=_("Officers freed, by source"),
        header=(_("Source"), _("Officers freed")),
        rows=tuple((name, signed(n)) for name, n in rows),
        align=("left", "right"),
        note=_("Full-time equivalents; case work and community work stay as they are."),
        width_share=(3.0, 1.0),
    )


def _table(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("Bundles: what changes"),
        header=(
            _("Centre station"),
            _("Police offices"),
            _("Crews"),
            _("Freed"),
            _("Mean response, min"),
            _("Within the standard"),
            _("Farthest office, min"),
            _("Standard"),
        ),
        rows=tuple(
            (
                b.centre_name,
                listed(m.offices(b), _),
                f"{f.crews_before}→{f.crews_after}",
                one(b.officers_freed),
                f"{one(b.mean_response_today_min)}→{one(b.mean_response_min)}",
                percent(b.share_within_fraction),
                one(b.office_travel_min),
                _("met") if b.meets_response_standard else _("not met"),
            )
            for b, f in m.bundled
        ),
        align=("left", "left", "right", "right", "right", "right", "right", "left"),
        note=_(
            "Standard: at least {share} of a bundle's alerts reached within {urban} min in town "
            "and {rural} min in the country, and no cell farther than {farthest} min."
        ).format(
            share=percent(m.run.loaded.policy.response.share_within_fraction),
            urban=one(m.run.loaded.policy.response.urban_min),
            rural=one(m.run.loaded.policy.response.rural_min),
            farthest=one(m.run.loaded.policy.response.farthest_min),
        ),
        width_share=(1.5, 2.0, 0.8, 0.8, 1.4, 1.0, 1.0, 0.9),
    )


def _told(m: Material, row: BundleRow, by: FreedBy) -> str:
    """What the table of bundles does not say."""
    _ = m.translate
    unit = next(u for u in m.plan.units if u.unit_id == row.centre_id)
    text = _(
        "{centre} with {offices}: duty posts {posts}, crews {crews}, windows {windows} officers "
        "freed; {alerts} alerts a year require {required} officers in all, {strength} in "
        "the plan; farthest place {farthest} min."
    ).format(
        centre=row.centre_name,
        offices=listed(m.offices(row), _),
        posts=signed(by.posts),
        crews=signed(by.crews),
        windows=signed(by.windows),
        alerts=whole(row.alerts_per_year),
        required=one(unit.required_officers),
        strength=whole(unit.officers_after),
        farthest=one(row.farthest_min),
    )
    mine = [c for c in m.losers if c.plan.responsible == row.centre_name]
    if mine:
        text += _(" Longer waits: {townships}.").format(
            townships=listed([_change_text(m, c) for c in mine], _)
        )
    return text


def _losers(m: Material) -> str:
    _ = m.translate
    if not m.losers:
        return _("No township waits longer.")
    alerts = sum(c.plan.alerts_per_year for c in m.losers)
    return _(
        "{lose} wait longer: {townships}. They have {alerts} alerts a year, {share} of the "
        "county's. The officers who are freed serve the whole county; the longer way is theirs."
    ).format(
        lose=wording.townships(len(m.losers), _),
        townships=listed([_change_text(m, c) for c in m.losers], _, most=12),
        alerts=whole(alerts),
        share=percent(alerts / m.plan.alerts_per_year if m.plan.alerts_per_year else 0.0),
    )


def _change_text(m: Material, change: TownshipChange) -> str:
    return m.translate("{township} ({minutes} min)").format(
        township=change.plan.township, minutes=signed(minutes_lost(change))
    )
