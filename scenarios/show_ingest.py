"""What reading an alert log gave, on the console at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.alerts_case import Alerts
from scenarios.ingest_outputs import category_counts, placed_text, span
from scenarios.show import say_long
from scenarios.show_table import table

_SHOWN_CATEGORIES = 12
_SHOWN_FILES = 3


def show_ingest(name: str, alerts: Alerts, console: Console, _: Translate) -> None:
    """Print counts, how alerts were placed, what was set aside and why, and warnings."""
    found = alerts.table
    console.rule(f"[bold]{escape(name)}")
    files = ", ".join(found.files[:_SHOWN_FILES])
    if len(found.files) > _SHOWN_FILES:
        more = len(found.files) - _SHOWN_FILES
        files = _("{names} and {n} more").format(names=files, n=more)
    said = _("{files}: {rows:,} rows, {n:,} alerts, {aside:,} set aside").format(
        files=files, rows=alerts.rows_read, n=len(found), aside=alerts.rows_read - len(found)
    )
    say_long(said, console)
    times = span(found)
    if times is not None:
        console.print(escape(_("From {first} to {last}").format(first=times[0], last=times[1])))
    _shares(alerts, console, _)
    if alerts.aside is not None and alerts.aside.reasons:
        made = table(_("Set aside"), (_("Reason"), "left"), (_("Rows"), "right"))
        made.add_column(_("First"), no_wrap=False, overflow="fold")
        for reason in alerts.aside.reasons:
            first = reason.examples[0]
            where = _("line {row}").format(row=first.row)
            value = f" {reason.column} = {first.value}" if first.value else f" {reason.column}"
            made.add_row(escape(reason.reason.text(_)), f"{reason.count:,}", escape(where + value))
        console.print(made)
    if alerts.problems:
        console.print(f"[bold yellow]{_('Warnings')} ({len(alerts.problems)})")
        for problem in alerts.problems:
            say_long("  - " + problem.text(_), console, "yellow")
    if alerts.was_kept:
        console.print("[dim]" + escape(_("Opened from what an earlier reading kept.")))


def _shares(alerts: Alerts, console: Console, _: Translate) -> None:
    total = max(len(alerts.table), 1)
    made = table(
        _("Alerts"), (_("Category"), "left"), (_("Alerts"), "right"), (_("Share"), "right")
    )
    counts = sorted(category_counts(alerts.table).items(), key=lambda pair: (-pair[1], pair[0]))
    for name, n in counts[:_SHOWN_CATEGORIES]:
        made.add_row(escape(name), f"{n:,}", f"{n / total:.1%}")
    if len(counts) > _SHOWN_CATEGORIES:
        rest = sum(n for _name, n in counts[_SHOWN_CATEGORIES:])
        made.add_row(_("others"), f"{rest:,}", f"{rest / total:.1%}")
    console.print(made)
    parts = [
        f"{placed_text(how, _)} {share:.1%}" for how, share in alerts.placed.items() if share > 0
    ]
    say_long(_("Placed: {ways}").format(ways=_(", ").join(parts)), console)
