"""Locks that name stations by name, turned into ids before anything is solved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from optimizer.county import Stations
from optimizer.errors import Problem
from optimizer.policy import Policy
from scenarios.names import Names, Wrong
from scenarios.scenario import Scenario

_GROUPS = ("together", "apart")
_LISTS = ("keep", "host")


def with_lock_ids(
    policy: Policy, stations: Names, closed: Names, scenario: Scenario, shown: str
) -> tuple[Policy, list[Problem]]:
    """The policy with station ids in its locks.

    Args:
        policy: Locks name stations by id or name.
        stations: Stations that are there.
        closed: Stations that the scenario closes.
        scenario: To say who wrote a lock.
        shown: Name of the case's file, where the others stand.

    Returns:
        The policy, and a problem for every name that no station has.
    """
    problems: list[Problem] = []

    def ids(names: tuple[str, ...], rule: str) -> tuple[str, ...]:
        found = []
        for name in names:
            one = stations.find(name)
            if isinstance(one, str):
                found.append(one)
            elif isinstance(closed.find(name), str):
                shut = Wrong(
                    expected="a station that is open; this scenario closes it",
                    fix="take it out of the lock, or keep it open",
                )
                problems.append(_problem(shut, name, rule, scenario, shown))
            else:
                problems.append(_problem(one, name, rule, scenario, shown))
        return tuple(found)

    locks = policy.bundling.locks
    found: dict[str, object] = {
        rule: tuple(ids(group, rule) for group in getattr(locks, rule)) for rule in _GROUPS
    }
    found |= {rule: ids(getattr(locks, rule), rule) for rule in _LISTS}
    if problems:
        return policy, problems
    bundling = policy.bundling.model_copy(update={"locks": locks.model_copy(update=found)})
    return policy.model_copy(update={"bundling": bundling}), []


def where_written(
    problems: Iterable[Problem], stations: Stations, scenario: Scenario
) -> list[Problem]:
    """Problems of locks with the stations' names, at the line that wrote the lock last.

    Args:
        problems: Of locks by id, from the case's file as far as the optimizer knows.
        stations: To name the stations.
        scenario: To say who wrote a lock.
    """
    name = dict(zip(stations.station_id, stations.name, strict=True))
    found = []
    for problem in problems:
        said = next((o for o in reversed(scenario.overrides) if o.key == problem.column), None)
        named = ", ".join(name.get(s, s) for s in (problem.value or "").split(", "))
        if said is not None:
            problem = replace(problem, where=said.file, row=said.line)
        found.append(replace(problem, value=named))
    return found


def _problem(wrong: Wrong, name: str, rule: str, scenario: Scenario, shown: str) -> Problem:
    """The problem of a lock on a station that is not there, where the lock was written last."""
    key = f"policy.bundling.locks.{rule}"
    said = next((o for o in reversed(scenario.overrides) if o.key == key), None)
    return Problem(
        where=shown if said is None else said.file,
        row=None if said is None else said.line,
        column=key,
        value=name,
        expected=wrong.expected,
        fix=wrong.fix,
        params={"known": wrong.known, "near": wrong.near},
    )
