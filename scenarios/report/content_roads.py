"""Chapter 3: who looks after the managed roads when traffic squads end."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.report import wording
from scenarios.report.blocks import Block, Heading, Paragraph, TableBlock
from scenarios.report.material import Material
from scenarios.report.wording import listed, one, whole


def roads(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Handover of road duty"))
    squads = m.run.loaded.county.squads
    if not len(squads):
        yield Paragraph(
            text=_("The case holds no traffic squads; this plan says nothing about road duty.")
        )
        return
    if not m.decided.dissolved_squad_ids:
        yield Paragraph(
            text=_(
                "Roads stay with {squads}: {km} km of managed road, {mean} km per officer on the "
                "mean and {highest} at the highest."
            ).format(
                squads=wording.squads(len(squads), _),
                km=one(sum(r.road_km for r in m.today.roads)),
                mean=one(m.today.road_km_per_officer_mean),
                highest=one(m.today.road_km_per_officer_max),
            )
        )
        return
    yield Paragraph(text=_told(m))
    yield _squads(m)
    yield Paragraph(text=_("Who looks after which roads is in the appendix."), weight="note")


def _told(m: Material) -> str:
    _, plan, today = m.translate, m.plan, m.today
    text = _(
        "{squads} end. Their {officers} and {km} km of managed road go to {duty}, each within "
        "{limit} min of the seats of the jurisdictions whose roads it takes over."
    ).format(
        squads=wording.squads(len(m.decided.dissolved_squad_ids), _),
        officers=wording.officers(plan.officers_road_duty, _),
        km=one(sum(r.road_km for r in today.roads)),
        duty=wording.duty_stations(plan.duty_stations, _),
        limit=one(m.run.loaded.policy.traffic.max_accident_travel_min),
    )
    text += _(
        " The highest managed road per officer goes from {before} to {after} km; the mean is "
        "{mean_before} km before and {mean_after} km after: the handover spreads the roads, it "
        "does not make them fewer."
    ).format(
        before=one(today.road_km_per_officer_max),
        after=one(plan.road_km_per_officer_max),
        mean_before=one(today.road_km_per_officer_mean),
        mean_after=one(plan.road_km_per_officer_mean),
    )
    single = [r.duty_name for r in plan.roads if r.officers == 1]
    if single:
        text += _(
            " {duty} have a single road officer ({names}); leave and illness have to be covered by "
            "the station."
        ).format(duty=wording.duty_stations(len(single), _), names=listed(single, _, most=15))
    return text


def _squads(m: Material) -> TableBlock:
    _ = m.translate
    sent: dict[str, list[str]] = {}
    for move in m.moves("road_duty"):
        text = _("{unit} {n}").format(unit=m.names[move.to_id], n=whole(move.officers))
        sent.setdefault(move.from_id, []).append(text)
    return TableBlock(
        caption=_("Squads that end, and where their officers go"),
        header=(
            _("Squad"),
            _("Officers"),
            _("Managed road, km"),
            _("km per officer"),
            _("Duty stations and officers"),
        ),
        rows=tuple(
            (
                r.duty_name,
                whole(r.officers),
                one(r.road_km),
                one(r.km_per_officer),
                listed(sent.get(r.duty_id, []), _, most=20),
            )
            for r in m.today.roads
            if r.duty_id in m.decided.dissolved_squad_ids
        ),
        align=("left", "right", "right", "right", "left"),
        width_share=(1.4, 0.7, 1.0, 1.0, 3.4),
    )
