"""`--trace KEY` of the commands on alerts: the rows behind a number."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from geo.alert_table import AlertTable
from optimizer.alert_rules_repeats import Repeats
from optimizer.county import County
from optimizer.errors import Translate
from scenarios.commands.common import (
    asked_command,
    say_found,
)
from scenarios.language import Language
from scenarios.rhythm_outputs import trace_document, write_trace
from scenarios.rhythm_show import show_trace
from scenarios.rhythm_trace import traced, traced_rows


def trace_rows(
    key: str,
    table: AlertTable,
    county: County,
    rules: Repeats,
    out: Path | None,
    _: Translate,
    language: Language,
    *,
    as_json: bool,
) -> None:
    """Print, and write where asked, the rows that a key means.

    Args:
        key: As the outputs give it.
        table: The alerts of the case.
        county: Its names.
        rules: Of repeat alerts, as when the number was made.
        out: Folder for the rows; None: print only.
        _: Translation.
        language: Its language.
        as_json: Print JSON.

    Raises:
        InputError: the key means nothing, or `out` cannot be written.
    """
    rows = traced_rows(traced(key, table, county, rules), county)
    written: tuple[str, ...] = ()
    if out is not None:
        written = write_trace(key, rows, county, out, _, language, asked_command())
    say_found(
        partial(trace_document, key, rows),
        partial(show_trace, rows, key),
        _,
        as_json=as_json,
        out=out,
        written=written,
    )
