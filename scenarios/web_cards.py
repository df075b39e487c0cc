"""What a click on the interactive map tells of a township or a station: figures and reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from geo.jurisdictions import fates
from geo.webmap_scene import Card, CardRow, Township, Verdict
from optimizer.errors import Translate
from optimizer.plan import Move
from optimizer.scorecard import BundleRow, Evaluation, TownshipRow
from scenarios.compare import TownshipChange, township_changes
from scenarios.run import Run
from scenarios.tables import names

MOST_FLOWS = 6
"""Flows of officers that a card names; the map shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What all cards of a run look up."""

    bundle: dict[str, BundleRow]
    today: dict[str, BundleRow]
    name: dict[str, str]
    fate: dict[str, str]
    share_within_fraction: float


def _facts(run: Run) -> _Facts:
    assert run.plan is not None
    assert run.result.plan is not None
    county = run.loaded.county
    return _Facts(
        bundle={s: b for b in run.plan.bundles for s in b.station_ids},
        today={b.centre_id: b for b in run.today.bundles},
        name=names(run),
        fate=dict(zip(county.stations.station_id, fates(county, run.result.plan), strict=True)),
        share_within_fraction=run.loaded.policy.response.share_within_fraction,
    )


def headline(today: Evaluation, plan: Evaluation, _: Translate) -> tuple[CardRow, ...]:
    """The measures that stand at the head of the map."""
    return (
        minutes_row(_("Mean response"), today.mean_response_min, plan.mean_response_min, _),
        share_row(_("Within the standard"), today, plan, _),
        minutes_row(
            _("Worst township"),
            today.worst_township_response_min,
            plan.worst_township_response_min,
            _,
        ),
        officers_row(
            _("Officers required at stations"),
            today.officers_required_stations,
            plan.officers_required_stations,
        ),
        CardRow(label=_("Officers reassigned"), today="—", plan=f"{plan.officers_reassigned}"),
    )


def minutes_row(label: str, today_min: float, plan_min: float, _: Translate) -> CardRow:
    """Minutes to one decimal; more is worse."""
    change, verdict = _change(today_min, plan_min, less_is_better=True)
    return CardRow(
        label=label,
        today=_minutes(today_min, _),
        plan=_minutes(plan_min, _),
        change=change and _("{n} min").format(n=change),
        verdict=verdict,
    )


def officers_row(label: str, today: float, plan: float) -> CardRow:
    """Officers that work needs, to one decimal; more is worse. The label names the unit."""
    change, verdict = _change(today, plan, less_is_better=True)
    return CardRow(
        label=label, today=f"{today:,.1f}", plan=f"{plan:,.1f}", change=change, verdict=verdict
    )


def share_row(
    label: str,
    today: Evaluation | TownshipRow | BundleRow,
    plan: Evaluation | TownshipRow | BundleRow,
    _: Translate,
) -> CardRow:
    """Alerts reached within the standard; less is worse."""
    before, after = today.share_within_fraction * 100.0, plan.share_within_fraction * 100.0
    change, verdict = _change(before, after, less_is_better=False)
    return CardRow(
        label=label,
        today=f"{before:.1f}%",
        plan=f"{after:.1f}%",
        change=change and _("{n} points").format(n=change),
        verdict=verdict,
    )


def townships(run: Run, _: Translate) -> tuple[Township, ...]:
    """Every township with its card, in the order of its name."""
    assert run.plan is not None
    facts = _facts(run)
    before = {t.township: t for t in run.today.townships}
    change = {c.plan.township: c for c in township_changes(run.today, run.plan)}
    return tuple(
        Township(
            name=t.township,
            today_min=before[t.township].mean_response_min,
            plan_min=t.mean_response_min,
            alerts_per_year=t.alerts_per_year,
            card=_township_card(run, before[t.township], t, facts, _),
            loses=change[t.township].loses,
            loss=_loss_text(change[t.township], _) if change[t.township].loses else "",
        )
        for t in sorted(run.plan.townships, key=lambda t: t.township)
    )


def _loss_text(change: TownshipChange, _: Translate) -> str:
    """Minutes, residents of the township, and those of them who lose the standard."""
    text = _("{minutes} min; {residents} residents").format(
        minutes=f"{change.mean_response_change_min:+.1f}".replace("inf", "∞"),
        residents=f"{change.plan.population:,.0f}",
    )
    if change.residents_losing_standard > 0:
        text += _("; {residents} lose the standard").format(
            residents=f"{change.residents_losing_standard:,.0f}"
        )
    return text


def _township_card(
    run: Run, today: TownshipRow, plan: TownshipRow, facts: _Facts, _: Translate
) -> Card:
    stations = _stations_of(run, today.township)
    subtitle = _("{n} alerts a year").format(n=f"{today.alerts_per_year:,.0f}")
    if today.population > 0:
        subtitle += " · " + _("{n} residents").format(n=f"{today.population:,.0f}")
    rows = (
        CardRow(
            label=_("Responsible station"),
            today=today.responsible,
            plan=plan.responsible,
            change="" if today.responsible == plan.responsible else "≠",
        ),
        minutes_row(_("Mean response"), today.mean_response_min, plan.mean_response_min, _),
        share_row(_("Within the standard"), today, plan, _),
        minutes_row(_("Farthest place"), today.farthest_min, plan.farthest_min, _),
    )
    notes = [n for s in stations[:3] for n in _reasons(s, facts, _)]
    if not plan.meets_response_standard:
        notes.append(
            _("Here fewer alerts than the standard asks ({share}) are reached in time.").format(
                share=f"{facts.share_within_fraction:.0%}"
            )
        )
    return Card(
        title=today.township,
        subtitle=subtitle,
        rows=rows,
        notes=tuple(dict.fromkeys(notes)),
        stations=tuple(dict.fromkeys(s for o in stations[:4] for s in _with_centre(o, facts))),
    )


def _with_centre(station: str, facts: _Facts) -> tuple[str, str]:
    return station, facts.bundle[station].centre_id


def _stations_of(run: Run, township: str) -> list[str]:
    """Stations responsible in a township today, those with most of its cells first."""
    cells = run.loaded.county.cells
    count: dict[int, int] = {}
    for name, row in zip(cells.township, cells.station.tolist(), strict=True):
        if name == township:
            count[row] = count.get(row, 0) + 1
    ids = run.loaded.county.stations.station_id
    return [ids[row] for row in sorted(count, key=lambda r: (-count[r], r))]


def station_cards(run: Run, _: Translate) -> dict[str, Card]:
    """The card of each station: its bundle, officers and flows."""
    assert run.result.plan is not None
    facts = _facts(run)
    flows: dict[str, list[Move]] = {}
    for move in run.result.plan.moves:
        if move.reason != "bundle":
            flows.setdefault(move.from_id, []).append(move)
            flows.setdefault(move.to_id, []).append(move)
    return {
        station: _station_card(run, station, flows.get(station, []), facts, _)
        for station in run.loaded.county.stations.station_id
    }


def _station_card(
    run: Run, station: str, flows: Sequence[Move], facts: _Facts, _: Translate
) -> Card:
    county, bundle, alone = run.loaded.county, facts.bundle[station], facts.today[station]
    row = county.stations.index()[station]
    badge = {
        "centre": _("becomes a centre station"),
        "police_office": _("becomes a police office"),
        "stays": _("stays as it is"),
    }[facts.fate[station]]
    rows: list[CardRow] = []
    if facts.fate[station] == "police_office":
        rows += [
            _wide(_("Officers today"), f"{county.stations.officers[row]}"),
            _wide(_("Alerts a year"), _("{n} alerts").format(n=f"{alone.alerts_per_year:,.0f}")),
            _wide(_("Mean response today"), _minutes(alone.mean_response_min, _)),
        ]
    else:
        apart = bundle.strength - bundle.officers_today
        rows += [
            CardRow(
                label=_("Officers in post"),
                today=f"{bundle.officers_today}",
                plan=f"{bundle.strength}",
                change=f"{apart:+d}".replace("-", "−") if apart else "",
            ),
            officers_row(
                _("Officers required"), bundle.officers_required_today, bundle.officers_required
            ),
            minutes_row(
                _("Mean response"), bundle.mean_response_today_min, bundle.mean_response_min, _
            ),
            _wide(_("Alerts a year"), _("{n} alerts").format(n=f"{bundle.alerts_per_year:,.0f}")),
            _wide(_("Within the standard"), f"{bundle.share_within_fraction:.1%}"),
            _wide(_("Farthest place"), _minutes(bundle.farthest_min, _)),
        ]
    notes = _reasons(station, facts, _)
    for move in sorted(flows, key=lambda m: (-m.officers, m))[:MOST_FLOWS]:
        template = {
            "road_duty": _("{n} officers come for road duty from {a} to {b}."),
            "reassign": _("{n} officers are reassigned from {a} to {b}."),
        }[move.reason]
        notes.append(
            template.format(n=move.officers, a=facts.name[move.from_id], b=facts.name[move.to_id])
        )
    return Card(
        title=facts.name[station],
        badge=badge,
        subtitle=_("No. {id}").format(id=station),
        rows=tuple(rows),
        notes=tuple(notes),
        stations=bundle.station_ids if len(bundle.station_ids) > 1 else (),
    )


def _wide(label: str, text: str) -> CardRow:
    return CardRow(label=label, today=text)


def _reasons(station: str, facts: _Facts, _: Translate) -> list[str]:
    """What becomes of a station, and what its bundle frees and costs."""
    bundle, name = facts.bundle[station], facts.name
    if facts.fate[station] == "stays":
        return [_("{name} stays as it is, outside every bundle.").format(name=name[station])]
    notes = []
    if facts.fate[station] == "police_office":
        notes.append(
            _("{name} becomes a police office of {centre}.").format(
                name=name[station], centre=bundle.centre_name
            )
        )
    else:
        offices = _(", ").join(name[s] for s in bundle.station_ids if s != station)
        notes.append(
            _("{name} becomes the centre station of {offices}.").format(
                name=name[station], offices=offices
            )
        )
    notes.append(
        _(
            "Together the {n} stations need {needed} officers, apart {apart}: "
            "the bundle frees {freed}."
        ).format(
            n=len(bundle.station_ids),
            needed=f"{bundle.officers_required:,.1f}",
            apart=f"{bundle.officers_required_today:,.1f}",
            freed=f"{bundle.officers_freed:,.1f}",
        )
    )
    slower = bundle.mean_response_min - bundle.mean_response_today_min
    if round(slower, 1) > 0:
        notes.append(_("Alerts wait {n} min longer on average.").format(n=f"{slower:.1f}"))
    elif round(slower, 1) < 0:
        notes.append(_("Alerts wait {n} min less on average.").format(n=f"{-slower:.1f}"))
    notes.append(
        _("From the centre it takes {n} min to the farthest police office.").format(
            n=f"{bundle.office_travel_min:.1f}"
        )
    )
    return notes


def _minutes(value: float, _: Translate) -> str:
    return _("{n} min").format(n=f"{value:,.1f}") if math.isfinite(value) else _("not reached")


def _change(today: float, plan: float, *, less_is_better: bool) -> tuple[str, Verdict]:
    """Signed difference to one decimal, empty where nothing is seen to change, and whom it helps.

    What is shown is the difference of the two figures as shown, so that a reader can add it up.
    """
    if not (math.isfinite(today) and math.isfinite(plan)):
        return "", ""
    apart = round(round(plan, 1) - round(today, 1), 1)
    if apart == 0:
        return "", ""
    text = f"{apart:+,.1f}".replace("-", "−")
    return text, "better" if (apart < 0) == less_is_better else "worse"
