"""New sites on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.provenance import modelled_text
from scenarios.show_lines import Cell, Column, grid, listed, say_lines
from scenarios.siting import SitingStudy
from scenarios.siting_words import question_text, status_text, taken_text
from scenarios.titles import case_title


def show_siting(study: SitingStudy, console: Console, _: Translate) -> None:
    """Print the best 1, 2, … sites with what each number gains."""
    county, asked = study.county, study.asked
    title = case_title(county.name, study.opened.scenario)
    console.rule(f"[bold]{escape(title)}")
    say_lines(question_text(study, _), console, "bold")
    for line in _lines(study, _):
        say_lines(line, console)
    if study.decided:
        names = listed(study.sites[row].name for row in study.decided)
        say_lines(_("Decided on already, counted as there: {names}").format(names=names), console)
    more = _("More alerts within") if asked.kind == "standby" else _("More residents within")
    columns = [
        Column(header=_("New sites")),
        Column(header=_("Mean, min"), figures=True),
        Column(header=_("Farthest, min"), figures=True),
        Column(header=_("Within"), figures=True),
        Column(header=more, figures=True),
        Column(header=_("Worst township, min")),
        Column(header=_("Proof"), gives_way=True),
    ]
    rows: list[list[Cell]] = []
    steps = (study.before, *study.found)
    for n, step in enumerate(steps):
        before = steps[n - 1] if n else step
        township, mean_min = study.worst_township(step)
        change = "" if not n else f" ({step.mean_min - before.mean_min:+.2f})"
        rows.append([
            str(n), f"{step.mean_min:.2f}{change}", f"{step.farthest_min:.1f}",
            f"{step.covered_fraction:.1%}", f"{study.gained(step):+,.0f}" if n else "–",
            f"{township} {mean_min:.1f}", status_text(step, _),
        ])  # fmt: skip
    for shown in grid(columns, rows, console.width):
        console.print(shown)
    for n, step in enumerate(study.found, 1):
        names = listed(f"{study.sites[s].name} ({study.taken(step, s):,.0f})" for s in step.sites)
        say_lines(f"{n}{_(': ')}{names}", console)
    said = _("In brackets beside a site: {what}.")
    say_lines(said.format(what=taken_text(study, _)), console, "dim")
    if len(study.found) < asked.sites:
        say_lines(_("No further site is sooner anywhere than what is there."), console)
    say_lines(
        _("In brackets beside the mean: the change by one site more. Each number is solved on its "
          "own, so that the best two need not hold the best one."),
        console, "dim",
    )  # fmt: skip
    modelled = modelled_text(county.provenance, _)
    if modelled:
        say_lines(_("Modelled: {items}").format(items=modelled), console, "dim")


def _lines(study: SitingStudy, _: Translate) -> list[str]:
    """Who is there today, and who may be."""
    if study.asked.kind == "standby":
        there = _(
            "{n} centres and lone stations answer today, each on its own ground, turn-out "
            "included; a standby point, with a crew on duty, answers wherever it is sooner."
        ).format(n=len(study.plan.bundles))
    else:
        there = _(
            "Residents go to the nearest of {n} stations and police offices; minutes by road, "
            "without turn-out. A new police office is one more of them; it answers no alerts."
        ).format(n=len(study.county.stations))
    said = _("{n:,} candidates.").format(n=len(study.sites))
    if study.left_out:
        more = _("{n:,} without room for {officers} officers are left out.")
        said += " " + more.format(n=study.left_out, officers=study.asked.officers)
    return [there, said]
