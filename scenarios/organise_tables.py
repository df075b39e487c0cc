"""Two teams, one room, as tables: units before and after, teams, work by source, areas."""

from __future__ import annotations

import math

from optimizer.errors import Translate
from optimizer.inner_form import Form, Heads, Organisation
from optimizer.inner_work import Team, Work
from scenarios.organise import OrganisationStudy
from scenarios.tables import Cell, Sheet


def team_text(team: Team, _: Translate) -> str:
    """Name of a team."""
    return {
        "case": _("case team"),
        "community": _("community team"),
        "command": _("command room"),
    }[team]


def teams_text(heads: Heads, _: Translate) -> str:
    """Name of a team that may do the work of several."""
    if len(heads.teams) == 3:
        return _("one roster")
    return _("one team") if len(heads.teams) == 2 else team_text(heads.teams[0], _)


def form_text(form: Form, _: Translate) -> str:
    """Name of a form."""
    return {
        "two_teams": _("two teams, one room"),
        "one_team": _("one team, one room"),
        "one_roster": _("one big roster"),
    }[form]


def source_text(source: str, _: Translate) -> str:
    """Name of a source of work."""
    return {
        "crews": _("duty crews"),
        "post": _("duty post"),
        "window": _("windows"),
        "case": _("case work"),
        "community": _("community work"),
        "road": _("road duty"),
        "patrol": _("foot patrol"),
        "video": _("video watch"),
    }[source]


def load_of(heads: Heads) -> float:
    """Officers required per officer; inf where work has nobody, NaN where there is neither."""
    if heads.officers:
        return heads.work_officers / heads.officers
    return math.inf if heads.work_officers > 0 else math.nan


def organisation_sheets(study: OrganisationStudy, _: Translate) -> tuple[Sheet, ...]:
    """All tables."""
    return (
        _units(study, _),
        _teams(study, _),
        _work(study, _),
        _areas(study, _),
    )


def _units(study: OrganisationStudy, _: Translate) -> Sheet:
    return Sheet(
        name="organisation_units",
        title=_("Units"),
        header=(
            _("Unit id"), _("Unit"), _("Stations"), _("Form"), _("Officers"), _("Auxiliaries"),
            _("Officers required"),
            _("Case team, officers"), _("Case team, auxiliaries"),
            _("Community team, officers"), _("Community team, auxiliaries"),
            _("Command room, officers"), _("Command room, auxiliaries"),
            _("Community areas"), _("Areas the residents ask for"),
            _("Off the big roster, officers"),
            _("Nights per officer a month, before"),
            _("Nights per officer a month, case team"),
            _("Nights per officer a month, community team"),
            _("Nights per officer a month, command room"),
            _("Officers lacking for two teams"), _("Auxiliaries lacking for two teams"),
        ),
        kinds=(
            "text", "text", "count", "text", "count", "count", "number",
            *(("count",) * 6), "count", "count", "count", *(("number",) * 4), "count", "count",
        ),
        rows=tuple(_unit_row(study, o, _) for o in study.found),
    )  # fmt: skip


def _unit_row(study: OrganisationStudy, one: Organisation, _: Translate) -> tuple[Cell, ...]:
    heads: list[Cell] = []
    nights: list[Cell] = []
    shown: list[Heads] = []
    for team in ("case", "community", "command"):
        # A team that does the work of several is counted once, under the first.
        own = one.team_of(team)
        heads += [None, None] if own in shown else [own.officers, own.auxiliaries]
        nights.append(round(own.nights_per_officer_month, 2))
        shown.append(own)
    return (
        one.unit_id,
        study.name(one.unit_id),
        len(one.station_ids),
        form_text(one.form, _),
        one.officers,
        one.auxiliaries,
        round(one.required_officers, 2),
        *heads,
        len(one.areas),
        one.areas_wanted,
        one.off_roster_officers,
        round(one.nights_before, 2),
        *nights,
        one.lacking_officers,
        one.lacking_auxiliaries,
    )


def _teams(study: OrganisationStudy, _: Translate) -> Sheet:
    return Sheet(
        name="organisation_teams",
        title=_("Teams"),
        header=(
            _("Unit id"), _("Unit"), _("Team"), _("Officers"), _("Auxiliaries"),
            _("Officers required"), _("Auxiliaries required"), _("Load"),
            _("Officers at the least"), _("Auxiliaries at the least"),
            _("On duty at night, officers"), _("Nights per officer a month"),
        ),
        kinds=(
            "text", "text", "text", "count", "count", "number", "number", "load", "count",
            "count", "number", "number",
        ),
        rows=tuple(
            (
                o.unit_id,
                study.name(o.unit_id),
                teams_text(t, _),
                t.officers,
                t.auxiliaries,
                round(t.work_officers, 2),
                round(t.work_auxiliaries, 2),
                round(load_of(t), 3),
                t.least_officers,
                t.least_auxiliaries,
                round(t.night_posts, 2),
                round(t.nights_per_officer_month, 2),
            )
            for o in study.found
            for t in o.teams
        ),
    )  # fmt: skip


def _work(study: OrganisationStudy, _: Translate) -> Sheet:
    def row(unit_id: str, work: Work) -> tuple[Cell, ...]:
        return (
            unit_id,
            study.name(unit_id),
            team_text(work.team, _),
            source_text(work.source, _),
            round(work.officers, 3),
            round(work.auxiliaries, 3),
        )

    return Sheet(
        name="organisation_work",
        title=_("Work"),
        header=(
            _("Unit id"), _("Unit"), _("Team"), _("Work"), _("Officers required"),
            _("Auxiliaries required"),
        ),
        kinds=("text", "text", "text", "text", "number", "number"),
        rows=tuple(row(w.unit_id, one) for w in study.works for one in w.work),
    )  # fmt: skip


def _areas(study: OrganisationStudy, _: Translate) -> Sheet:
    return Sheet(
        name="organisation_areas",
        title=_("Community areas"),
        header=(
            _("Unit id"), _("Unit"), _("Area"), _("Stations"), _("Drawn"), _("Residents"),
            _("Officers required"), _("Officers"), _("Auxiliaries"),
        ),
        kinds=("text", "text", "text", "text", "text", "count", "number", "count", "count"),
        rows=tuple(
            (
                o.unit_id,
                study.name(o.unit_id),
                a.area_id,
                "、".join(study.name(s) for s in a.station_ids),
                _("yes") if a.drawn else _("no"),
                round(a.residents),
                round(a.work_officers, 3),
                a.officers,
                a.auxiliaries,
            )
            for o in study.found
            for a in o.areas
        ),
    )  # fmt: skip
