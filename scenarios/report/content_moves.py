"""Chapter 4: which units give and receive officers, by head count, and how they stand after."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.scorecard import UnitRow
from scenarios.report import wording
from scenarios.report.blocks import Block, Heading, Paragraph, TableBlock
from scenarios.report.charts import picture, strength_chart
from scenarios.report.material import Material
from scenarios.report.wording import listed, load, one, whole
from scenarios.role_tables import roles_told

CHARTED = 20
"""Units in the chart; all are in the appendix."""


def moves(m: Material) -> Iterator[Block]:
    """The chapter."""
    _, plan = m.translate, m.plan
    yield Heading(text=_("Moves of officers"))
    yield Paragraph(text=_told(m))
    if plan.officers_reassigned:
        yield _balance(m)
    if told := roles_told(m.decided, _):
        yield Paragraph(text=_("Besides: {parts}.").format(parts=_("; ").join(told)))
    if plan.units:
        yield picture(
            lambda: strength_chart(plan.units, _, most=CHARTED),
            m.forms,
            _(
                "Officers today and in the plan against the officers the workload requires: the "
                "{units} that change most"
            ).format(units=wording.units(min(CHARTED, len(plan.units)), _)),
        )
    yield Paragraph(text=short(m))


def _told(m: Material) -> str:
    _, plan = m.translate, m.plan
    if not m.decided.moves:
        return _("No officer changes unit; every unit keeps its strength of today.")
    parts = []
    if plan.officers_reassigned:
        staffing = m.run.loaded.policy.staffing
        reassigned = (
            _(
                "{officers} are reassigned. The policy prescribes which units give or how many "
                "officers which units receive; within that, strength is brought as near to the "
                "workload as it goes."
            )
            if staffing.inflows or staffing.give_only_from_bundles
            else _(
                "{officers} are reassigned, so that strength comes as near to the workload as it "
                "goes under the policy."
            )
        )
        parts.append(reassigned.format(officers=wording.officers(plan.officers_reassigned, _)))
    if plan.officers_rehomed:
        parts.append(
            _(
                "{officers} of stations that become police offices come under their centre's "
                "command; they are not counted as reassigned."
            ).format(officers=wording.officers(plan.officers_rehomed, _))
        )
    if plan.officers_road_duty:
        parts.append(
            _("{officers} come with road duty from the traffic squads.").format(
                officers=wording.officers(plan.officers_road_duty, _)
            )
        )
    parts.append(
        _("The bureau's strength stays {n}.").format(n=wording.officers(plan.officers_in_post, _))
    )
    return (" " * (m.language == "en")).join(parts)


def _net(m: Material) -> dict[str, tuple[int, int]]:
    """Officers who come and go by reassignment; a police office counts as its bundle."""
    centre = m.decided.centre_of()
    found: dict[str, tuple[int, int]] = {}
    for move in m.moves("reassign"):
        giver, taker = centre.get(move.from_id, move.from_id), centre.get(move.to_id, move.to_id)
        come, go = found.get(giver, (0, 0))
        found[giver] = (come, go + move.officers)
        come, go = found.get(taker, (0, 0))
        found[taker] = (come + move.officers, go)
    return found


def _balance(m: Material) -> TableBlock:
    _, net = m.translate, _net(m)
    units = [u for u in m.plan.units if u.unit_id in net]
    units.sort(key=lambda u: (net[u.unit_id][1] - net[u.unit_id][0], u.unit_id))
    return TableBlock(
        caption=_("Units that receive or give"),
        header=(
            _("Unit"),
            _("Before"),
            _("In"),
            _("Out"),
            _("After"),
            _("Required"),
            _("Required per officer"),
        ),
        rows=tuple(
            (
                u.name,
                whole(u.officers_before),
                whole(net[u.unit_id][0]),
                whole(net[u.unit_id][1]),
                whole(u.officers_after),
                one(u.required_officers),
                f"{load(u.load_before)}→{load(u.load_after)}",
            )
            for u in units
        ),
        align=("left", "right", "right", "right", "right", "right", "right"),
        note=_(
            "Before: today's officers of all that the unit takes over, squad officers on road duty "
            "among them. Required: by workload, road duty included. Above 1.00 officers are "
            "missing. By head count only: who goes, the bureau decides; every move is in the "
            "appendix."
        ),
        width_share=(2.0, 0.8, 0.7, 0.7, 0.8, 0.9, 1.5),
    )


def short(m: Material) -> str:
    """Which units stay short, and which hold more than they need."""
    _ = m.translate
    lacking = sorted(
        (u for u in m.plan.units if missing(u) >= 0.05), key=lambda u: (-missing(u), u.unit_id)
    )
    ample = [u for u in m.plan.units if u.officers_after - u.required_officers >= 1.0]
    if lacking:
        text = _(
            "Under the plan {units} have fewer officers than their workload requires, {missing} in "
            "all; most are missing at: {names}."
        ).format(
            units=wording.units(len(lacking), _),
            missing=wording.officers(sum(missing(u) for u in lacking), _),
            names=listed([_gap(m, u) for u in lacking[:6]], _),
        )
        worse = _givers_short(m)
        if worse:
            text += _(
                " Give officers although they are short by this reckoning: {names}; check these "
                "first."
            ).format(names=listed([u.name for u in worse], _))
    else:
        text = _("Under the plan every unit has the officers that its workload requires.")
    fed = [u for u in m.plan.units if _gains(m, u) > 0 and u.load_before <= 1.0]
    if fed:
        text += _(" Receive officers although they have enough today: {names}.").format(
            names=listed([u.name for u in fed], _)
        )
    if ample:
        text += _(" More than required: {names}.").format(
            names=listed(
                [
                    _("{unit} {n}").format(
                        unit=u.name, n=f"+{one(u.officers_after - u.required_officers)}"
                    )
                    for u in ample
                ],
                _,
            )
        )
    return text


def missing(unit: UnitRow) -> float:
    """Officers a unit has fewer than required under the plan."""
    return unit.required_officers - unit.officers_after


def _gains(m: Material, unit: UnitRow) -> int:
    """Officers a unit gains by reassignment; negative where it gives."""
    come, go = _net(m).get(unit.unit_id, (0, 0))
    return come - go


def _givers_short(m: Material) -> list[UnitRow]:
    return [u for u in m.plan.units if _gains(m, u) < 0 and missing(u) >= 0.05]


def _gap(m: Material, unit: UnitRow) -> str:
    return m.translate("{unit} ({has} of {needs})").format(
        unit=unit.name, has=whole(unit.officers_after), needs=one(unit.required_officers)
    )
