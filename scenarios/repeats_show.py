"""Places of repeat alerts on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from optimizer.errors import Translate
from scenarios.provenance import modelled_text
from scenarios.repeats import RepeatRow, RepeatStudy
from scenarios.rhythm_show import show_warnings
from scenarios.rhythm_words import GRADE_STYLES, counts_text, grade_text, kind_text
from scenarios.show_lines import Cell, Column, grid, say_lines

ROWS_SHOWN = 30


def show_repeats(
    study: RepeatStudy, rows: Sequence[RepeatRow], console: Console, _: Translate
) -> None:
    """Print the places.

    Args:
        study: The study.
        rows: Those of its places that were asked for.
        console: Where.
        _: Translation.
    """
    rules = study.rules
    say_lines(
        f"{study.county_name} · {_('Repeat alerts')} · {study.as_of.isoformat()}", console, "bold"
    )
    say_lines(
        _(
            "{n} places with {alerts} alerts or more in {days} days, looked for in the last "
            "{lookback} days: {red} red, {yellow} yellow, {blue} blue."
        ).format(
            n=len(study.rows),
            alerts=rules.alerts,
            days=rules.days,
            lookback=rules.lookback_days,
            red=study.graded("red"),
            yellow=study.graded("yellow"),
            blue=study.graded("blue"),
        ),
        console,
    )
    if rows:
        console.print()
        _table(study, rows, console, _)
    console.print()
    _notes(study, rows, console, _)
    show_warnings(study.problems, console, _)


def _table(study: RepeatStudy, rows: Sequence[RepeatRow], console: Console, _: Translate) -> None:
    several = len(study.found.kinds) > 1 or bool(study.rules.kinds)
    columns = [
        Column(header=_("Grade")),
        Column(header=_("Place"), gives_way=True),
        Column(header=_("Station"), gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("Weight"), figures=True),
        Column(header=_("Days quiet"), figures=True),
        Column(header=_("By category"), gives_way=True),
        Column(header=_("Place key")),
    ]
    shown: list[tuple[Cell, ...]] = []
    for row in rows[:ROWS_SHOWN]:
        place = f"{row.township} {row.cell_id}"
        if several:
            place += f" · {kind_text(row.kind, _)}"
        if row.at_seat:
            place += _(" (at a station's seat)")
        shown.append(
            (
                (grade_text(row.grade, _), GRADE_STYLES[row.grade]),
                place,
                row.station_name,
                f"{row.alerts:,}",
                f"{row.weight:,.1f}",
                str(row.quiet_days),
                counts_text(row.categories, 2),
                row.place,
            )
        )
    for line in grid(columns, shown, console.width):
        console.print(line)
    if len(rows) > ROWS_SHOWN:
        text = _("… and {n} more; --out and --json name them all")
        say_lines(text.format(n=len(rows) - ROWS_SHOWN), console)


def _notes(study: RepeatStudy, rows: Sequence[RepeatRow], console: Console, _: Translate) -> None:
    rules = study.rules
    say_lines(
        _(
            "Red: weight {red} or more, last alert at most {red_days} days ago; yellow: {yellow}, "
            "{yellow_days} days; blue: the others. Weight counts each alert by its severity."
        ).format(
            red=f"{rules.red.weight:g}",
            red_days=rules.red.last_days,
            yellow=f"{rules.yellow.weight:g}",
            yellow_days=rules.yellow.last_days,
        ),
        console,
    )
    if study.without_place:
        share = study.without_place / max(study.lookback_alerts, 1)
        say_lines(
            _(
                "{n} of {total} alerts in the look-back ({share}) have no place finer than their "
                "cell: repeats among them cannot be seen."
            ).format(
                n=f"{study.without_place:,}",
                total=f"{study.lookback_alerts:,}",
                share=f"{share:.0%}",
            ),
            console,
        )
    if rows:
        say_lines(
            _(
                "Rows behind the first place: `--trace {key}`; --json and --out give every key."
            ).format(key=rows[0].key),
            console,
        )
    if modelled := modelled_text(study.provenance, _):
        say_lines(_("Modelled: {items}").format(items=modelled), console)
    say_lines(_("Places are counted and graded, never people."), console)
