"""Chapter 6: what can go wrong, each with its number, and what to watch after the start."""

from __future__ import annotations

from collections.abc import Iterator

from geo.sheets_response import response_sheet
from scenarios.report import wording
from scenarios.report.blocks import Block, Bullets, Heading, Paragraph, TableBlock
from scenarios.report.charts import picture, response_chart
from scenarios.report.content_moves import missing
from scenarios.report.material import Material, minutes_lost
from scenarios.report.wording import changes_as_shown, listed, one, percent, signed, whole

WORST = 10
NEAR_LIMIT = 0.9
"""Share of the allowed waiting above which a bundle counts as near the limit."""


def risks(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Risks and what to watch"))
    yield Heading(text=_("Risks"), level=2)
    found = tuple(_found(m))
    if found:
        yield Bullets(items=found)
    else:
        yield Paragraph(text=_("The figures of the plan show no risk that today does not have."))
    if m.losers:
        yield Heading(text=_("Townships that wait longer"), level=2)
        yield _worst(m)
        yield picture(
            lambda: response_chart(m.losers, _),
            m.forms,
            _("Mean response today and under the plan, townships that lose most"),
        )
        yield picture(
            lambda: response_sheet(m.scene, m.run.loaded.policy.response.turnout_min),
            m.forms,
            _("Response minutes today and under the plan, and their change"),
            wide=True,
        )
    yield Heading(text=_("What to watch after the start"), level=2)
    yield Bullets(items=tuple(_watched(m)))
    yield Paragraph(
        text=_(
            "The plan reckons response, strength and workload. It says nothing about whether crime "
            "rises or falls, and promises nothing of the kind."
        )
    )


def _found(m: Material) -> Iterator[str]:
    yield from _of_response(m)
    yield from _of_crews(m)
    yield from _of_strength(m)
    yield from _of_single_points(m)


def _of_response(m: Material) -> Iterator[str]:
    _, response = m.translate, m.run.loaded.policy.response
    before = {t.township for t in m.today.townships if not t.meets_response_standard}
    beyond = [t for t in m.plan.townships if not t.meets_response_standard]
    if beyond:
        new = [t.township for t in beyond if t.township not in before]
        text = _(
            "Beyond the standard: in {townships} fewer than {share} of alerts are reached in time "
            "(today {today})."
        ).format(
            townships=wording.townships(len(beyond), _),
            share=percent(response.share_within_fraction),
            today=whole(len(before)),
        )
        if new:
            text += _(" New among them: {names}.").format(
                names=listed(
                    [
                        _("{township} ({share})").format(
                            township=t.township, share=percent(t.share_within_fraction)
                        )
                        for t in beyond
                        if t.township in new
                    ],
                    _,
                )
            )
        yield text
    if m.losers:
        farthest = max(m.plan.townships, key=lambda t: t.farthest_min)
        yield _(
            "Far ends: the farthest place of {township} is reached in {minutes} min (limit in a "
            "bundle {limit}). Floods or works on one road would make it longer."
        ).format(
            township=farthest.township,
            minutes=one(farthest.farthest_min),
            limit=one(response.farthest_min),
        )


def _of_crews(m: Material) -> Iterator[str]:
    _, years, limit = m.translate, m.years, m.run.loaded.policy.crews.max_wait_share_fraction
    near = [
        b
        for b in m.plan.bundles
        if len(b.station_ids) > 1 and b.wait_share_fraction >= NEAR_LIMIT * limit
    ]
    if near:
        yield _(
            "Waiting near the limit of {limit}: {names}. A little more work there, and alerts wait "
            "too long or one more crew is needed."
        ).format(
            limit=percent(limit),
            names=listed(
                [
                    _("{centre} ({share})").format(
                        centre=b.centre_name, share=percent(b.wait_share_fraction)
                    )
                    for b in near
                ],
                _,
            ),
        )
    tipping = [
        (b, n)
        for b, n in zip(m.plan.bundles, years.years_with_more_crews, strict=True)
        if n and len(b.station_ids) > 1
    ]
    if tipping:
        policy = m.run.loaded.policy.crews
        yield _(
            "Busier years: {names} need one more crew than planned, which takes {officers} each."
        ).format(
            names=listed(
                [
                    _("{centre} in {n} of {years} drawn years").format(
                        centre=b.centre_name, n=n, years=years.years
                    )
                    for b, n in sorted(tipping, key=lambda p: (-p[1], p[0].centre_id))
                ],
                _,
            ),
            officers=wording.officers(policy.crew_officers * policy.relief_factor, _),
        )


def _of_strength(m: Material) -> Iterator[str]:
    _, plan = m.translate, m.plan
    lacking = [u for u in plan.units if missing(u) >= 0.05]
    if lacking:
        worst = max(lacking, key=lambda u: (u.load_after, u.unit_id))
        yield _(
            "Too few officers: {unit} holds {has} where its workload requires {needs}. Crews can "
            "be kept on duty round the clock only with overtime, auxiliaries or officers from "
            "elsewhere."
        ).format(
            unit=worst.name, has=whole(worst.officers_after), needs=one(worst.required_officers)
        )
    worse = changes_as_shown(
        plan.mismatch_today_regrouped_fraction * 100.0, plan.mismatch_fraction * 100.0
    )
    if worse > 0 and plan.officers_reassigned:
        yield _(
            "Reassignment: strength fits workload worse by {points} percentage points than with "
            "the stations grouped and nobody reassigned."
        ).format(points=one(worse))
    over = [u for u in plan.units if u.over_establishment_officers > 0]
    if over:
        yield _("Above establishment: {names}.").format(
            names=listed(
                [
                    _("{unit} {n}").format(unit=u.name, n=f"+{u.over_establishment_officers}")
                    for u in over
                ],
                _,
            )
        )


def _of_single_points(m: Material) -> Iterator[str]:
    _, plan = m.translate, m.plan
    gone = set(m.decided.dissolved_squad_ids)
    alone = [r for r in plan.roads if r.officers == 1 and r.duty_id not in gone]
    if alone:
        yield _(
            "Single points: {n} of {duty} have one road officer each, for up to {km} km of managed "
            "road."
        ).format(
            n=whole(len(alone)),
            duty=wording.duty_stations(sum(r.duty_id not in gone for r in plan.roads), _),
            km=one(max(r.road_km for r in alone)),
        )
    one_crew = [b.centre_name for b in plan.bundles if b.crews == 1 and len(b.station_ids) > 1]
    if one_crew:
        yield _("Single crew: {names} answer all alerts of their bundle with one crew.").format(
            names=listed(one_crew, _)
        )
    span = m.run.loaded.policy.weights.span_officers
    wide = [b for b in plan.bundles if b.strength > span]
    if wide:
        yield _("Span of command: more than {span} under one centre at {names}.").format(
            span=wording.officers(span, _), names=listed([b.centre_name for b in wide], _)
        )


def _worst(m: Material) -> TableBlock:
    _ = m.translate
    shown = m.losers[:WORST]
    note = _("Alerts and residents of the whole township.")
    if len(m.losers) > WORST:
        note += " " * (m.language == "en") + _("{n} more are in the appendix.").format(
            n=whole(len(m.losers) - WORST)
        )
    return TableBlock(
        caption=_("Townships that lose most"),
        header=(
            _("Township"),
            _("Responsible today"),
            _("Responsible in the plan"),
            _("Mean response, min"),
            _("Change, min"),
            _("Within the standard"),
            _("Alerts a year"),
            _("Residents"),
        ),
        rows=tuple(
            (
                c.plan.township,
                c.today.responsible,
                c.plan.responsible,
                f"{one(c.today.mean_response_min)}→{one(c.plan.mean_response_min)}",
                signed(minutes_lost(c)),
                f"{percent(c.today.share_within_fraction)}→{percent(c.plan.share_within_fraction)}",
                whole(c.plan.alerts_per_year),
                m.residents(c.plan.population),
            )
            for c in shown
        ),
        align=("left", "left", "left", "right", "right", "right", "right", "right"),
        note=note,
        width_share=(1.0, 1.3, 1.3, 1.3, 0.8, 1.7, 0.8, 0.9),
    )


def _watched(m: Material) -> Iterator[str]:
    _, plan = m.translate, m.plan
    if m.losers:
        yield _(
            "Each month, from the alert log: mean response of {townships}. If it stays above the "
            "value of this plan for three months, ask for the reason."
        ).format(
            townships=listed(
                [
                    _("{township} ({minutes} min)").format(
                        township=c.plan.township, minutes=one(c.plan.mean_response_min)
                    )
                    for c in m.losers[:5]
                ],
                _,
            )
        )
    yield _(
        "Each month: share of alerts that wait over {wait} min for a free crew, bundle by bundle; "
        "the plan allows {share}."
    ).format(
        wait=one(m.run.loaded.policy.crews.max_wait_min),
        share=percent(m.run.loaded.policy.crews.max_wait_share_fraction),
    )
    if plan.officers_reassigned:
        yield _(
            "Each quarter: officers in post against officers required, by unit; work it out again "
            "with the alerts of the quarter."
        )
    if plan.officers_road_duty:
        yield _(
            "Each quarter: managed road and accidents per road officer; the plan has {km} km at "
            "the highest."
        ).format(km=one(plan.road_km_per_officer_max))
    if plan.police_offices:
        yield _("Each month: whether every window opened at its hours, and whether must-patrol "
                "lines were driven as laid down.")  # fmt: skip
