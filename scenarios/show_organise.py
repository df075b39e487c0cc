"""Two teams, one room, on the console, at 80 columns."""

from __future__ import annotations

import math

from rich.console import Console

from optimizer.errors import Translate
from optimizer.inner_form import NIGHTS_PER_MONTH, Heads, Organisation
from optimizer.inner_work import UnitWork
from scenarios.organise import TODAY, OrganisationStudy
from scenarios.organise_outputs import assumed_text, disputes_text
from scenarios.organise_tables import form_text, load_of, source_text, team_text, teams_text
from scenarios.provenance import modelled_text
from scenarios.show_lines import Column, grid, listed_in, say_lines
from scenarios.titles import case_title

_ROUNDING = 1e-9
_SAID_FIRST = (
    "min_case_officers", "officers_per_area", "auxiliaries_per_area", "residents_per_area",
    "day_crews", "night_crews", "night_hours", "one_night_in",
)  # fmt: skip
"""Assumptions that the console names; the files have all."""


def show_organisation(study: OrganisationStudy, console: Console, _: Translate) -> None:
    """Print every unit before and after, or one unit in full."""
    head = case_title(study.loaded.county.name, study.opened.scenario)
    deployment = _("today's stations") if study.deployment == TODAY else _("the plan's units")
    say_lines(f"{head} · {deployment}", console, "bold")
    if study.whole:
        _show_units(study, console, _)
    else:
        for one, work in zip(study.found, study.works, strict=True):
            _show_unit(study, one, work, console, _)
    _show_warnings(study, console, _)
    _notes(study, console, _)


def _show_units(study: OrganisationStudy, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Unit"), gives_way=True),
        Column(header=_("Strength"), figures=True),
        Column(header=_("Case team"), figures=True),
        Column(header=_("Community team"), figures=True),
        Column(header=_("Command room"), figures=True),
        Column(header=_("Areas"), figures=True),
        Column(header=_("Off roster"), figures=True),
        Column(header=_("Nights before"), figures=True),
        Column(header=_("after: case"), figures=True),
        Column(header=_("after: room"), figures=True),
    ]
    rows = []
    for one in study.found:
        case, community, room = (one.team_of(t) for t in ("case", "community", "command"))
        merged, alone = community is case, room is case
        rows.append(
            (
                _short(study, one),
                f"{one.officers}+{one.auxiliaries}",
                _heads(case),
                "←" if merged else _heads(community),
                "←" if alone else _heads(room),
                "-" if alone else f"{len(one.areas)}/{one.areas_wanted}",
                str(one.off_roster_officers),
                _nights(one.nights_before),
                _nights(case.nights_per_officer_month),
                "←" if alone else _nights(room.nights_per_officer_month),
            )
        )
    for line in grid(columns, rows, console.width):
        console.print(line)
    say_lines(
        _(
            "Officers+auxiliaries; ← one team with the column on its left. Areas: made/asked for "
            "by the residents. Off roster: officers who have no nights any more. Nights: per "
            "officer a month."
        ),
        console,
        "dim",
    )


def _show_unit(
    study: OrganisationStudy, one: Organisation, work: UnitWork, console: Console, _: Translate
) -> None:
    name = study.name(one.unit_id)
    console.print()
    said = _("{unit}: {form}; {officers} officers, {auxiliaries} auxiliaries, {required} officers "
             "required")  # fmt: skip
    say_lines(
        said.format(
            unit=name,
            form=form_text(one.form, _),
            officers=one.officers,
            auxiliaries=one.auxiliaries,
            required=f"{one.required_officers:.1f}",
        ),
        console,
        "bold",
    )
    columns = [
        Column(header=_("Team")),
        Column(header=_("Officers"), figures=True),
        Column(header=_("least"), figures=True),
        Column(header=_("by work"), figures=True),
        Column(header=_("Load"), figures=True),
        Column(header=_("Auxiliaries"), figures=True),
        Column(header=_("Night duty"), figures=True),
        Column(header=_("Nights a month"), figures=True),
    ]
    rows = [
        (
            _("before: one big roster"),
            str(one.officers),
            "",
            f"{one.required_officers:.1f}",
            _load(one.required_officers / one.officers if one.officers else math.inf),
            str(one.auxiliaries),
            str(one.roster_posts),
            _nights(one.nights_before),
        )
    ]
    rows += [
        (
            teams_text(t, _),
            str(t.officers),
            str(t.least_officers),
            f"{t.work_officers:.1f}",
            _load(load_of(t)),
            str(t.auxiliaries),
            f"{t.night_posts:g}",
            _nights(t.nights_per_officer_month),
        )
        for t in one.teams
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    console.print()
    _show_work(work, console, _)
    if one.areas:
        console.print()
        _show_areas(study, one, console, _)


def _show_work(work: UnitWork, console: Console, _: Translate) -> None:
    columns = [
        Column(header=_("Work")),
        Column(header=_("Team")),
        Column(header=_("Officers required"), figures=True),
        Column(header=_("Auxiliaries required"), figures=True),
    ]
    rows = [
        (
            source_text(w.source, _),
            team_text(w.team, _),
            f"{w.officers:.2f}",
            f"{w.auxiliaries:.2f}",
        )
        for w in work.work
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)


def _show_areas(
    study: OrganisationStudy, one: Organisation, console: Console, _: Translate
) -> None:
    columns = [
        Column(header=_("Community area")),
        Column(header=_("Stations"), gives_way=True),
        Column(header=_("Residents"), figures=True),
        Column(header=_("Officers required"), figures=True),
        Column(header=_("Officers"), figures=True),
        Column(header=_("Auxiliaries"), figures=True),
    ]
    rows = [
        (
            a.area_id,
            listed_in((study.name(s) for s in a.station_ids), _),
            f"{a.residents:,.0f}",
            f"{a.work_officers:.2f}",
            str(a.officers),
            str(a.auxiliaries),
        )
        for a in one.areas
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    if not one.areas[0].drawn:
        say_lines(
            _(
                "Areas are not drawn: each is an equal part of its station until beats say which "
                "cells it has (--beats)."
            ),
            console,
            "dim",
        )


def _show_warnings(study: OrganisationStudy, console: Console, _: Translate) -> None:
    console.print()
    for form, text in (
        (
            "one_team",
            _(
                "Too small for two teams, so one team, one room; officers+auxiliaries lacking: "
                "{units}"
            ),
        ),
        (
            "one_roster",
            _(
                "Too small for teams, so one big roster; officers+auxiliaries lacking for two "
                "teams: {units}"
            ),
        ),
    ):
        small = [o for o in study.found if o.form == form]
        if small:
            units = listed_in(
                (
                    f"{_short(study, o)}\u00a0{o.lacking_officers}+{o.lacking_auxiliaries}"
                    for o in small
                ),
                _,
            )
            say_lines(text.format(units=units), console, "yellow")
    fewer = [o for o in study.found if o.areas and len(o.areas) < o.areas_wanted]
    if fewer:
        said = _("Fewer areas than the residents ask for, for want of heads: {units}")
        names = listed_in((_short(study, o) for o in fewer), _)
        say_lines(said.format(units=names), console, "yellow")
    most = NIGHTS_PER_MONTH / study.rules.one_night_in
    tired = [o for o in study.found if _most_nights(o) > most + _ROUNDING]
    if tired:
        said = _(
            "More nights than one in {n} for the crews that the workload requires: {units}. They "
            "cannot all be manned."
        )
        names = listed_in((_short(study, o) for o in tired), _)
        say_lines(said.format(n=f"{study.rules.one_night_in:g}", units=names), console, "bold red")


def _notes(study: OrganisationStudy, console: Console, _: Translate) -> None:
    leavers = sum(o.off_roster_officers for o in study.found)
    if leavers:
        said = _("{n} officers leave the big roster; those who stay have the nights of the crews "
                 "that the workload requires.")  # fmt: skip
        say_lines(said.format(n=leavers), console)
    say_lines(
        _("Proven: no other share of the heads is nearer to the work within the least numbers."),
        console,
    )
    disputes = disputes_text(study, _)
    if disputes:
        say_lines(disputes, console, "bold magenta")
    modelled = modelled_text(study.loaded.county.provenance, _)
    if modelled:
        say_lines(_("Modelled: {items}").format(items=modelled), console, "magenta")
    if study.assumed:
        say_lines(
            _("Assumed, not given by the bureau: {items}").format(
                items=assumed_text(study, _SAID_FIRST)
            ),
            console,
            "magenta",
        )


def _short(study: OrganisationStudy, one: Organisation) -> str:
    return study.name(one.unit_id).removesuffix("派出所") or one.unit_id


def _most_nights(one: Organisation) -> float:
    return max(t.nights_per_officer_month for t in one.teams)


def _heads(team: Heads) -> str:
    return f"{team.officers}+{team.auxiliaries}"


def _nights(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "∞"


def _load(value: float) -> str:
    return "-" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.2f}"
