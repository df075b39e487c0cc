"""The plan as tables of plain rows, headers translated, for CSV files and the console."""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.errors import Translate
from scenarios.compare import measures, township_changes
from scenarios.provenance import item_text
from scenarios.run import Run

Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table: file name without suffix, translated header, rows."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(run: Run, _: Translate) -> tuple[Sheet, ...]:
    """All tables of a run that has a plan."""
    assert run.plan is not None
    return (
        _measures(run, _),
        _bundles(run, _),
        _moves(run, _),
        _road_duties(run, _),
        _townships(run, _),
        _units(run, _),
        _provenance(run, _),
    )


def names(run: Run) -> dict[str, str]:
    """Name of every station, squad and unit by id."""
    county = run.loaded.county
    found: dict[str, str] = {}
    for table, ids in (
        (county.stations, county.stations.station_id),
        (county.squads, county.squads.squad_id),
        (county.units, county.units.unit_id),
    ):
        found.update(zip(ids, table.name, strict=True))
    return found


def _measures(run: Run, _: Translate) -> Sheet:
    assert run.plan is not None
    return Sheet(
        name="measures",
        header=(_("Measure"), _("Unit"), _("Today"), _("Plan"), _("Change")),
        rows=tuple(
            (m.label, m.unit, m.shown(m.today), m.shown(m.plan), m.change)
            for m in measures(run.today, run.plan, _)
        ),
    )


def _bundles(run: Run, _: Translate) -> Sheet:
    assert run.plan is not None
    return Sheet(
        name="bundles",
        header=(
            _("Centre id"),
            _("Centre station"),
            _("Police offices"),
            _("Stations"),
            _("Crews"),
            _("Officers required today"),
            _("Officers required"),
            _("Officers freed"),
            _("Officers today"),
            _("Officers in the plan"),
            _("Alerts a year"),
            _("Mean response today, min"),
            _("Mean response, min"),
            _("Within the standard, share"),
            _("Farthest cell, min"),
            _("Farthest police office, min"),
            _("Keeps the response standard"),
        ),
        rows=tuple(
            (
                b.centre_id,
                b.centre_name,
                "、".join(
                    n
                    for s, n in zip(b.station_ids, b.station_names, strict=True)
                    if s != b.centre_id
                ),
                len(b.station_ids),
                b.crews,
                round(b.officers_required_today, 2),
                round(b.officers_required, 2),
                round(b.officers_freed, 2),
                b.officers_today,
                b.strength,
                round(b.alerts_per_year, 1),
                round(b.mean_response_today_min, 2),
                round(b.mean_response_min, 2),
                round(b.share_within_fraction, 4),
                round(b.farthest_min, 1),
                round(b.office_travel_min, 1),
                _("yes") if b.meets_response_standard else _("no"),
            )
            for b in run.plan.bundles
        ),
    )


def reason_text(reason: str, _: Translate) -> str:
    """Why officers move."""
    return {
        "bundle": _("under their centre's command"),
        "road_duty": _("road duty from a squad"),
        "reassign": _("reassigned"),
    }[reason]


def _moves(run: Run, _: Translate) -> Sheet:
    assert run.result.plan is not None
    name = names(run)
    return Sheet(
        name="moves",
        header=(_("From id"), _("From"), _("To id"), _("To"), _("Officers"), _("Reason")),
        rows=tuple(
            (
                m.from_id,
                name[m.from_id],
                m.to_id,
                name[m.to_id],
                m.officers,
                reason_text(m.reason, _),
            )
            for m in run.result.plan.moves
        ),
    )


def _road_duties(run: Run, _: Translate) -> Sheet:
    assert run.plan is not None
    name = names(run)
    return Sheet(
        name="road_duties",
        header=(
            _("Unit id"),
            _("Unit"),
            _("Managed road, km"),
            _("Road officers"),
            _("km per officer"),
            _("Roads of"),
        ),
        rows=tuple(
            (
                r.duty_id,
                r.duty_name,
                round(r.road_km, 1),
                r.officers,
                round(r.km_per_officer, 1),
                "、".join(name[s] for s in r.jurisdiction_ids),
            )
            for r in run.plan.roads
        ),
    )


def _townships(run: Run, _: Translate) -> Sheet:
    assert run.plan is not None
    return Sheet(
        name="townships",
        header=(
            _("Township"),
            _("Alerts a year"),
            _("Residents"),
            _("Responsible today"),
            _("Responsible in the plan"),
            _("Mean response today, min"),
            _("Mean response, min"),
            _("Change, min"),
            _("Within the standard today, share"),
            _("Within the standard, share"),
            _("Farthest cell, min"),
        ),
        rows=tuple(
            (
                c.plan.township,
                round(c.plan.alerts_per_year, 1),
                round(c.plan.population),
                c.today.responsible,
                c.plan.responsible,
                round(c.today.mean_response_min, 2),
                round(c.plan.mean_response_min, 2),
                round(c.mean_response_change_min, 2),
                round(c.today.share_within_fraction, 4),
                round(c.plan.share_within_fraction, 4),
                round(c.plan.farthest_min, 1),
            )
            for c in township_changes(run.today, run.plan)
        ),
    )


def _units(run: Run, _: Translate) -> Sheet:
    assert run.plan is not None
    return Sheet(
        name="units",
        header=(
            _("Unit id"),
            _("Unit"),
            _("Kind"),
            _("Officers before"),
            _("Officers after"),
            _("Officers required"),
            _("Load before"),
            _("Load after"),
            _("Over establishment"),
        ),
        rows=tuple(
            (
                u.unit_id,
                u.name,
                kind_text(u.kind, _),
                u.officers_before,
                u.officers_after,
                round(u.required_officers, 2),
                round(u.load_before, 3),
                round(u.load_after, 3),
                u.over_establishment_officers,
            )
            for u in run.plan.units
        ),
    )


def kind_text(kind: str, _: Translate) -> str:
    """What a unit is."""
    return {
        "urban_station": _("town station"),
        "rural_station": _("rural station"),
        "squad": _("traffic squad"),
        "functional": _("functional unit"),
    }[kind]


def _provenance(run: Run, _: Translate) -> Sheet:
    return Sheet(
        name="provenance",
        header=(_("Input"), _("Origin"), _("Note")),
        rows=tuple(
            (item_text(p.item, _), _("modelled") if p.origin == "modelled" else _("given"), p.note)
            for p in run.loaded.county.provenance
        ),
    )
