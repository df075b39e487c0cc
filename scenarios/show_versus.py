"""Several runs in one table on the console, at 80 columns."""

from __future__ import annotations

from string import ascii_uppercase

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.show_difference import run_line
from scenarios.show_table import table
from scenarios.versus import Versus

ACROSS = 4
"""Runs beside each other; more go into further tables."""


def letter_of(position: int) -> str:
    """Letter of a run: A to Z, then A2, B2 and so on."""
    turn, at = divmod(position, len(ascii_uppercase))
    return ascii_uppercase[at] + (str(turn + 1) if turn else "")


def show_versus(found: Versus, console: Console, _: Translate) -> None:
    """Print which run is which, the measures with the winners, and the dominated plans."""
    for i, run in enumerate(found.runs):
        console.print(f"[bold]{letter_of(i)}[/]  " + escape(run_line(run)))
    if not found.same_data:
        console.print(
            _("The runs saw different data: measures differ for that reason too; Today is A's."),
            style="yellow",
        )
    for start in range(0, len(found.runs), ACROSS):
        console.print(_grid(found, range(start, min(start + ACROSS, len(found.runs))), _))
    console.print(_("* best on this measure, alone or with others"))
    for i, better in enumerate(found.dominated_by):
        if better:
            console.print(
                _("{plan} is dominated: {others} no worse on any measure, better on one.").format(
                    plan=letter_of(i), others=", ".join(letter_of(j) for j in better)
                ),
                style="red",
                markup=False,
            )
    if not any(found.dominated_by):
        console.print(_("No plan is dominated: each is better than any other on some measure."))


def _grid(found: Versus, shown: range, _: Translate) -> object:
    letters = [letter_of(i) + (" ✗" if found.dominated_by[i] else "") for i in shown]
    grid = table(
        _("Measures"),
        (_("Measure"), "left"),
        (_("Today"), "right"),
        *((letter, "right") for letter in letters),
    )
    for contest in found.contests:
        row = contest.row
        cells = [escape(row.shown(contest.values[0]))]
        for i in shown:
            text = escape(row.shown(contest.values[i + 1]))
            cells.append(f"[green]{text} *[/]" if i in contest.winners else f"{text}  ")
        grid.add_row(escape(row.heading), *cells)
    grid.add_section()
    grid.add_row(_("Measures won"), "", *(f"{found.wins[i]}  " for i in shown))
    return grid
