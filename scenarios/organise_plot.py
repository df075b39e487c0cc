"""Picture of two teams, one room: officers of every unit by team, nights before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.errors import Translate
from optimizer.inner_form import Organisation
from scenarios.organise import TODAY, OrganisationStudy
from scenarios.provenance import modelled_items

_COLOURS = {
    ("case",): "#4477aa",
    ("community",): "#44aa99",
    ("command",): "#ddaa77",
    ("case", "community"): "#88ccee",
    ("case", "community", "command"): "#bbbbbb",
}
_BEFORE, _AFTER = "#999999", "#cc6677"
_ROW_IN, _FRAME_IN = 0.27, 1.7
_MOST_UNITS = 60
"""More would make a picture that no program opens; the tables have all."""


def organisation_chart(study: OrganisationStudy, title: str, _: Translate) -> Figure:
    """Bars of officers by team, and the nights of those who have any."""
    title += " · " + (_("today's stations") if study.deployment == TODAY else _("the plan's units"))
    rows = sorted(study.found, key=lambda o: (-o.officers, o.unit_id))[:_MOST_UNITS]
    if len(rows) < len(study.found):
        title += " · " + _("the {n} largest units").format(n=_MOST_UNITS)
    at = np.arange(len(rows))
    names = {
        ("case",): _("case team"),
        ("community",): _("community team"),
        ("command",): _("command room"),
        ("case", "community"): _("one team"),
        ("case", "community", "command"): _("one roster"),
    }
    with map_fonts():
        figure = Figure(figsize=(9.0, _FRAME_IN + _ROW_IN * len(rows)), layout="constrained")
        figure.suptitle(one_line(title), fontsize=11, x=0.01, ha="left")
        bars, nights = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for teams, colour in _COLOURS.items():
            wide = np.array([_officers(o, teams) for o in rows])
            if not wide.any():
                continue
            left = np.array([_left(o, teams) for o in rows])
            bars.barh(at, wide, left=left, color=colour, label=one_line(names[teams]), height=0.7)
            for i in np.flatnonzero(wide).tolist():
                bars.text(left[i] + wide[i] / 2, i, str(wide[i]), ha="center", va="center",
                          fontsize=7)  # fmt: skip
        _nights(nights, rows, at, _)
        bars.set_yticks(at, [one_line(study.name(o.unit_id)) for o in rows], fontsize=8)
        bars.set_ylim(len(rows) - 0.4, -0.6)
        bars.set_xlabel(one_line(_("Officers")), fontsize=8)
        nights.set_xlabel(one_line(_("Nights per officer a month")), fontsize=8)
        nights.set_xlim(0, 1.04 * nights.get_xlim()[1])
        for axes in (bars, nights):
            axes.tick_params(labelsize=8)
            axes.grid(alpha=0.3, axis="x")
            axes.set_axisbelow(True)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        if modelled_items(study.loaded.county.provenance):
            said = _("Modelled values are no findings about the county.")
            figure.supxlabel(one_line(said), fontsize=7, x=0.01, ha="left")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _nights(axes: Any, rows: list[Organisation], at: Any, _: Translate) -> None:
    """Nights under one roster against those of the teams that have nights."""
    axes.scatter([o.nights_before for o in rows], at, color=_BEFORE, marker="|", s=80,
                 label=one_line(_("nights before")), zorder=3)  # fmt: skip
    for team, looks, label in (
        ("case", {"marker": "o", "s": 42, "facecolors": "none"}, _("nights after, case team")),
        ("command", {"marker": "^", "s": 12}, _("nights after, command room")),
    ):
        found = [
            (o.team_of(team).nights_per_officer_month, i)  # type: ignore[arg-type]
            for i, o in enumerate(rows)
            if o.form != "one_roster"
        ]
        if found:
            axes.scatter(*zip(*found, strict=True), edgecolors=_AFTER, label=one_line(label),
                         zorder=3, **({"facecolors": _AFTER} | looks))  # fmt: skip


def _officers(one: Organisation, teams: tuple[str, ...]) -> int:
    return sum(t.officers for t in one.teams if t.teams == teams)


def _left(one: Organisation, teams: tuple[str, ...]) -> int:
    """Officers of the teams before this one."""
    before = 0
    for team in one.teams:
        if team.teams == teams:
            return before
        before += team.officers
    return before
