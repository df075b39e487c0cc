"""A case as read and in the world of a scenario, for commands that compare the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios.load import LoadedCase


def load_worlds(
    case: str, scenario: str | None, sets: tuple[str, ...]
) -> tuple[LoadedCase, LoadedCase | None]:
    """The case as its files say, and under a scenario or values; None where neither is asked for.

    Raises:
        InputError: every problem of the case or of the scenario.
    """
    from scenarios.case import open_case
    from scenarios.prepared import Prepared

    opened = open_case(case)
    asked = None if scenario is None and not sets else opened.scenario(scenario, sets)
    prepared = Prepared(opened)
    today = prepared.load(opened.scenario(None))
    return today, None if asked is None else prepared.load(asked)
