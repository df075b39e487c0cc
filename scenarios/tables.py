"""The plan as tables of plain rows, headers translated, for CSV files and the workbook."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from optimizer.county import County
from optimizer.errors import Translate
from optimizer.plan import Move
from optimizer.scorecard import BundleRow, RoadRow, UnitRow
from scenarios.compare import TownshipChange, measures, township_changes
from scenarios.language import Language, in_language
from scenarios.provenance import item_text
from scenarios.run import Run

Cell = str | int | float | None
Kind = Literal["text", "count", "number", "minutes", "change_min", "fraction", "load"]
"""How a column of figures is shown; its header states the unit."""
Row = TypeVar("Row")
Columns = Sequence[tuple[str, Kind, Callable[[Row], Cell]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table.

    Attributes:
        name: File name without suffix.
        header: Translated, one text per column.
        rows: Each as long as the header.
        kinds: How each column is shown; empty: as it comes.
        title: Translated name of its sheet in a workbook; empty: that of the tables of a run.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kinds: tuple[Kind, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        if self.kinds and len(self.kinds) != len(self.header):
            raise ValueError(f"{self.name}: {len(self.header)} headers, {len(self.kinds)} kinds")


def sheet_of(name: str, columns: Columns[Row], rows: Iterable[Row]) -> Sheet:
    """A table of `rows` whose columns are header, kind and how to get the cell."""
    return Sheet(
        name=name,
        header=tuple(header for header, _kind, _get in columns),
        rows=tuple(tuple(get(row) for _header, _kind, get in columns) for row in rows),
        kinds=tuple(kind for _header, kind, _get in columns),
    )


def sheets(run: Run, _: Translate, language: Language) -> tuple[Sheet, ...]:
    """All tables of a run that has a plan."""
    assert run.plan is not None
    assert run.result.plan is not None
    name = names(run)
    return (
        _measures(run, _),
        sheet_of("bundles", _bundle_columns(_), run.plan.bundles),
        sheet_of("moves", _move_columns(name, _), run.result.plan.moves),
        sheet_of("road_duties", _road_columns(name, _), run.plan.roads),
        sheet_of("townships", _township_columns(_), township_changes(run.today, run.plan)),
        sheet_of("units", _unit_columns(_), run.plan.units),
        _provenance(run, _, language),
    )


def names(run: Run) -> dict[str, str]:
    """Name of every station, squad and unit by id."""
    return names_in(run.loaded.county)


def names_in(county: County) -> dict[str, str]:
    """Likewise, of a county."""
    found: dict[str, str] = {}
    for table, ids in (
        (county.stations, county.stations.station_id),
        (county.squads, county.squads.squad_id),
        (county.units, county.units.unit_id),
    ):
        found.update(zip(ids, table.name, strict=True))
    return found


def reason_text(reason: str, _: Translate) -> str:
    """Why officers move."""
    return {
        "bundle": _("under their centre's command"),
        "road_duty": _("road duty from a squad"),
        "reassign": _("reassigned"),
    }[reason]


def kind_text(kind: str, _: Translate) -> str:
    """What a unit is."""
    return {
        "urban_station": _("town station"),
        "rural_station": _("rural station"),
        "squad": _("traffic squad"),
        "functional": _("functional unit"),
    }[kind]


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


def _bundle_columns(_: Translate) -> Columns[BundleRow]:
    return (
        (_("Centre id"), "text", lambda b: b.centre_id),
        (_("Centre station"), "text", lambda b: b.centre_name),
        (_("Police offices"), "text", _offices),
        (_("Stations"), "count", lambda b: len(b.station_ids)),
        (_("Crews"), "count", lambda b: b.crews),
        (
            _("Officers required today"),
            "number",
            lambda b: round(b.officers_required_today, 2),
        ),
        (_("Officers required"), "number", lambda b: round(b.officers_required, 2)),
        (_("Officers freed"), "number", lambda b: round(b.officers_freed, 2)),
        (_("Officers today"), "count", lambda b: b.officers_today),
        (_("Officers in the plan"), "count", lambda b: b.strength),
        (_("Alerts a year"), "count", lambda b: round(b.alerts_per_year, 1)),
        (
            _("Mean response today, min"),
            "minutes",
            lambda b: round(b.mean_response_today_min, 2),
        ),
        (_("Mean response, min"), "minutes", lambda b: round(b.mean_response_min, 2)),
        (
            _("Within the standard, share"),
            "fraction",
            lambda b: round(b.share_within_fraction, 4),
        ),
        (_("Farthest cell, min"), "minutes", lambda b: round(b.farthest_min, 1)),
        (_("Farthest police office, min"), "minutes", lambda b: round(b.office_travel_min, 1)),
        (
            _("Keeps the response standard"),
            "text",
            lambda b: _("yes") if b.meets_response_standard else _("no"),
        ),
    )


def _offices(bundle: BundleRow) -> str:
    return "、".join(office_names(bundle))


def office_names(bundle: BundleRow) -> tuple[str, ...]:
    """Names of the police offices of a bundle."""
    both = zip(bundle.station_ids, bundle.station_names, strict=True)
    return tuple(name for station, name in both if station != bundle.centre_id)


def _move_columns(name: dict[str, str], _: Translate) -> Columns[Move]:
    return (
        (_("From id"), "text", lambda m: m.from_id),
        (_("From"), "text", lambda m: name[m.from_id]),
        (_("To id"), "text", lambda m: m.to_id),
        (_("To"), "text", lambda m: name[m.to_id]),
        (_("Officers"), "count", lambda m: m.officers),
        (_("Reason"), "text", lambda m: reason_text(m.reason, _)),
    )


def _road_columns(name: dict[str, str], _: Translate) -> Columns[RoadRow]:
    return (
        (_("Unit id"), "text", lambda r: r.duty_id),
        (_("Unit"), "text", lambda r: r.duty_name),
        (_("Managed road, km"), "number", lambda r: round(r.road_km, 1)),
        (_("Road officers"), "count", lambda r: r.officers),
        (_("km per officer"), "number", lambda r: round(r.km_per_officer, 1)),
        (_("Roads of"), "text", lambda r: "、".join(name[s] for s in r.jurisdiction_ids)),
    )


def _township_columns(_: Translate) -> Columns[TownshipChange]:
    return (
        (_("Township"), "text", lambda c: c.plan.township),
        (_("Alerts a year"), "count", lambda c: round(c.plan.alerts_per_year, 1)),
        (_("Residents"), "count", lambda c: round(c.plan.population)),
        (_("Responsible today"), "text", lambda c: c.today.responsible),
        (_("Responsible in the plan"), "text", lambda c: c.plan.responsible),
        (
            _("Mean response today, min"),
            "minutes",
            lambda c: round(c.today.mean_response_min, 2),
        ),
        (_("Mean response, min"), "minutes", lambda c: round(c.plan.mean_response_min, 2)),
        (_("Change, min"), "change_min", lambda c: round(c.mean_response_change_min, 2)),
        (
            _("Within the standard today, share"),
            "fraction",
            lambda c: round(c.today.share_within_fraction, 4),
        ),
        (
            _("Within the standard, share"),
            "fraction",
            lambda c: round(c.plan.share_within_fraction, 4),
        ),
        (_("Farthest cell, min"), "minutes", lambda c: round(c.plan.farthest_min, 1)),
        (_("Residents who lose the standard"), "count", _losing),
    )


def _losing(change: TownshipChange) -> Cell:
    residents = change.plan.residents_losing_standard
    return None if math.isnan(residents) else round(residents)


def _unit_columns(_: Translate) -> Columns[UnitRow]:
    return (
        (_("Unit id"), "text", lambda u: u.unit_id),
        (_("Unit"), "text", lambda u: u.name),
        (_("Kind"), "text", lambda u: kind_text(u.kind, _)),
        (_("Officers before"), "count", lambda u: u.officers_before),
        (_("Officers after"), "count", lambda u: u.officers_after),
        (_("Officers required"), "number", lambda u: round(u.required_officers, 2)),
        (_("Load before"), "load", lambda u: round(u.load_before, 3)),
        (_("Load after"), "load", lambda u: round(u.load_after, 3)),
        (_("Over establishment"), "count", lambda u: u.over_establishment_officers),
    )


def _provenance(run: Run, _: Translate, language: Language) -> Sheet:
    return Sheet(
        name="provenance",
        header=(_("Input"), _("Origin"), _("Note")),
        rows=tuple(
            (
                item_text(p.item, _),
                _("modelled") if p.origin == "modelled" else _("given"),
                in_language(p.note, language),
            )
            for p in run.loaded.county.provenance
        ),
    )
