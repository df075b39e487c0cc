"""Scenarios tried on the data of their case, without solving: what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optimizer.errors import InputError, Problem
from scenarios.case import Case
from scenarios.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCheck:
    """One scenario tried.

    Attributes:
        name: Its name; None for the case as it is.
        problems: What is wrong with it; None where it was not tried.
    """

    name: str | None
    problems: tuple[Problem, ...] | None


def all_names(case: Case) -> tuple[str | None, ...]:
    """Every scenario of a case, and the case as it is where that is what a plain run means."""
    plain = (None,) if case.spec.default_scenario is None else ()
    return (*plain, *case.library.scenarios)


def check_scenarios(
    prepared: Prepared,
    names: Sequence[str | None],
    *,
    read_anew: bool,
    progress: Callable[[str], None] | None = None,
) -> tuple[ScenarioCheck, ...]:
    """Apply each scenario's changes and locks to the county.

    Args:
        prepared: The case, its files read.
        names: Scenarios; None for the case as it is.
        read_anew: Whether scenarios may have the files read again, for other road speeds than
            those read for already; otherwise such scenarios are left out.
        progress: Called with each name before it is tried.
    """
    found = []
    for name in names:
        if progress is not None and name is not None:
            progress(name)
        problems: tuple[Problem, ...] | None = ()
        try:
            scenario = prepared.case.scenario(name)
            if read_anew or prepared.has_read_for(scenario):
                prepared.load(scenario)
            else:
                problems = None
        except InputError as error:
            problems = error.problems
        found.append(ScenarioCheck(name=name, problems=problems))
    return tuple(found)
