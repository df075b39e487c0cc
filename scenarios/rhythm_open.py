"""A case and its alert log, opened for what is asked of alerts; nothing is solved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from optimizer.errors import InputError, Problem
from scenarios.alerts_case import Alerts, open_alerts
from scenarios.case import open_case
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared


def open_log(case: str, progress: Callable[[str], None] | None = None) -> tuple[LoadedCase, Alerts]:
    """The case with today's deployment, and its alerts.

    Args:
        case: Folder or name of a shipped case.
        progress: Called with the name of each step.

    Raises:
        InputError: no such case, no log in it, or something is wrong with either.
    """
    opened = open_case(case)
    if progress is not None:
        progress("reading")
    loaded = Prepared(opened).load(opened.scenario(None))
    return loaded, open_alerts(loaded, progress)


def day_of(text: str | None, where: str = "--as-of") -> date | None:
    """A day as typed.

    Raises:
        InputError: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            [
                Problem(
                    where=where,
                    value=text,
                    expected="a day such as 2026-11-21",
                    fix="write year, month and day with hyphens",
                )
            ]
        ) from error
