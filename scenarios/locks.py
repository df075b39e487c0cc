"""What is steered by hand, from names to ids before anything is solved.

Also in one order, so that the same decisions are the same run however they were written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from optimizer.county import Stations
from optimizer.errors import Problem
from optimizer.policy import Policy
from optimizer.steering_problems import FREE
from optimizer.steering_rules import BARRIERS, FIX, FROM_CENTRES, fixed_bundles
from scenarios.names import Names, Wrong
from scenarios.scenario import Override, Scenario
from scenarios.set_values import SET

_GROUPS = ("together", "apart")
_LISTS = ("keep", "host", "free")
_LOCKS = "bundling.locks"
# Options of the command line that say the same.
_OPTIONS = {
    **{f"policy.{_LOCKS}.{rule}": f"--{rule}" for rule in (*_GROUPS, *_LISTS, "fix")},
    f"policy.{BARRIERS}": "--barrier",
    f"policy.{FROM_CENTRES}": "--from",
}


def with_lock_ids(
    policy: Policy, stations: Names, closed: Names, scenario: Scenario, shown: str
) -> tuple[Policy, list[Problem]]:
    """The policy with station ids wherever it names stations to steer bundling.

    Args:
        policy: Locks name stations by id or name.
        stations: Stations that are there.
        closed: Stations that the scenario closes.
        scenario: To say who wrote a lock.
        shown: Name of the case's file, where the others stand.

    Returns:
        The policy, and a problem for every name that no station has. With problems the policy has
        what of the locks can still be judged: no group that an unknown name leaves alone.
    """
    problems: list[Problem] = []

    def ids(names: Iterable[str], rule: str) -> tuple[str, ...]:
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

    rules, locks = policy.bundling, policy.bundling.locks

    def groups(written: Iterable[tuple[str, ...]], rule: str) -> tuple[tuple[str, ...], ...]:
        known = [(group, ids(group, rule)) for group in written]
        return _in_order(g for group, g in known if len(g) == len(group) or len(set(g)) > 1)

    found: dict[str, object] = {
        rule: groups(getattr(locks, rule), f"{_LOCKS}.{rule}") for rule in _GROUPS
    }
    found |= {
        rule: tuple(sorted(set(ids(getattr(locks, rule), f"{_LOCKS}.{rule}")))) for rule in _LISTS
    }
    fixed = [(ids([centre], FIX), ids(stations, FIX)) for centre, stations in locks.fix.items()]
    barriers = groups(rules.barriers, BARRIERS)
    before = [
        (ids([station], FROM_CENTRES), ids([centre], FROM_CENTRES))
        for station, centre in rules.changes.from_centres.items()
    ]
    unclear = any(p.column in (f"policy.{FIX}", f"policy.{FREE}") for p in problems)
    twice = _two_of_one(fixed, FIX, scenario, shown)
    problems += twice
    if unclear or twice:
        # Half a fixed bundle would contradict what the whole does not.
        fixed, found["free"] = [], ()
    found["fix"] = {c: tuple(sorted({c, *stations})) for (c,), stations in fixed}
    known = [(s, c) for s, c in before if s and c]
    changes = rules.changes.model_copy(
        update={"from_centres": {s: c for (s,), (c,) in sorted(known) if s != c}}
    )
    bundling = rules.model_copy(
        update={
            "locks": locks.model_copy(update=found),
            "barriers": barriers,
            "changes": changes,
        }
    )
    return policy.model_copy(update={"bundling": bundling}), problems


def without_freed(policy: Policy) -> Policy:
    """The policy with what is still fixed only; its locks hold ids and contradict nothing."""
    rules, locks = policy.bundling, policy.bundling.locks
    if not locks.free:
        return policy
    left = {b.centre_id: b.station_ids for b in fixed_bundles(policy)}
    locks = locks.model_copy(update={"fix": left, "free": ()})
    return policy.model_copy(update={"bundling": rules.model_copy(update={"locks": locks})})


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
        said = _said(scenario, problem.column or "")
        named = ", ".join(name.get(s, s) for s in (problem.value or "").split(", "))
        if said is not None:
            problem = replace(problem, where=_where(said), row=said.line)
        found.append(replace(problem, value=named))
    return found


def _problem(wrong: Wrong, name: str, rule: str, scenario: Scenario, shown: str) -> Problem:
    """The problem of a lock on a station that is not there, where the lock was written last."""
    key = f"policy.{rule}"
    said = _said(scenario, key)
    return replace(
        wrong.problem(shown if said is None else _where(said), name),
        row=None if said is None else said.line,
        column=key,
    )


def _said(scenario: Scenario, key: str) -> Override | None:
    """The override that wrote `key` last."""
    return next((o for o in reversed(scenario.overrides) if o.key == key), None)


def _where(said: Override) -> str:
    """File of an override; of the command line the option."""
    return _OPTIONS.get(said.key, said.file) if said.file == SET else said.file


def _in_order(groups: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Groups in one order, each once, their stations in one order."""
    return tuple(sorted({tuple(sorted(g)) for g in groups}))


def _two_of_one(
    fixed: Iterable[tuple[tuple[str, ...], tuple[str, ...]]],
    rule: str,
    scenario: Scenario,
    shown: str,
) -> list[Problem]:
    """A centre that stands twice, by id and by name, with different stations."""
    found = []
    known = sorted((c[0], tuple(sorted({*c, *s}))) for c, s in fixed if c)
    for centre, same in groupby(known, key=lambda pair: pair[0]):
        if len({stations for _, stations in same}) > 1:
            wrong = Wrong(
                expected="each centre of a fixed bundle once",
                fix="write its bundle once, under its id or its name",
            )
            found.append(_problem(wrong, centre, rule, scenario, shown))
    return found
