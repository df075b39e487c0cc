"""What a planner steers by hand and cannot mean: unknown stations, and locks that contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from optimizer.county import County
from optimizer.errors import Problem
from optimizer.policy import Policy
from optimizer.steering_rules import BARRIERS, FIX, FROM_CENTRES, fixed_bundles

WHERE = "case.yaml"
FREE = "bundling.locks.free"


def steering_problems(county: County, policy: Policy) -> list[Problem]:
    """Problems of fixed bundles, of a plan to start from and of barriers by hand.

    Locks that fixed bundles contradict are told here; those that contradict each other are not.
    """
    known = set(county.stations.station_id)
    return [*_of_fixed(policy, known), *_of_changes(policy, known), *_of_barriers(county, policy)]


def _of_fixed(policy: Policy, known: set[str]) -> Iterator[Problem]:
    locks = policy.bundling.locks
    named = {s for centre, stations in locks.fix.items() for s in (centre, *stations)}
    yield from _strangers(FIX, named - known)
    yield from _strangers(FREE, set(locks.free) - known)
    for station in sorted(set(locks.free) & known - named):
        yield _problem(FREE, [station], "a station of a bundle under `fix`",
                       "take it out, or fix a plan that has it")  # fmt: skip
    fixed = fixed_bundles(policy)
    twice = Counter(s for b in fixed for s in b.station_ids)
    for station in sorted(s for s, n in twice.items() if n > 1):
        yield _problem(FIX, [station], "each station in one fixed bundle only",
                       "take it out of the others")  # fmt: skip
    for bundle in fixed:
        inside, offices = set(bundle.station_ids), set(bundle.office_ids)
        for group in locks.together:
            if inside & set(group) and not set(group) <= inside:
                yield _clash(sorted(inside & set(group)), "together")
        for group in locks.apart:
            for pair in combinations(sorted(inside & set(group)), 2):
                yield _clash(pair, "apart")
        for station in sorted(inside & set(locks.keep) if offices else ()):
            yield _clash([station], "keep")
        for station in sorted(offices & set(locks.host)):
            yield _clash([station], "host")


def _of_changes(policy: Policy, known: set[str]) -> Iterator[Problem]:
    before = policy.bundling.changes.from_centres
    yield from _strangers(FROM_CENTRES, ({*before} | {*before.values()}) - known)
    for centre in sorted(set(before.values()) & known):
        if before.get(centre, centre) != centre:
            yield _problem(FROM_CENTRES, [centre], "a centre that is its own centre",
                           "name the centre of the whole bundle for all its stations")  # fmt: skip


def _of_barriers(county: County, policy: Policy) -> Iterator[Problem]:
    barriers = policy.bundling.barriers
    ids = county.stations.station_id
    yield from _strangers(BARRIERS, {s for pair in barriers for s in pair} - set(ids))
    adjacency = county.station_adjacency
    assert adjacency is not None
    near = {frozenset((ids[a], ids[b])) for a, b in adjacency.tolist()}
    for pair in barriers:
        if set(pair) <= set(ids) and frozenset(pair) not in near:
            yield _problem(BARRIERS, pair, "two stations that are neighbours",
                           "delete the pair: they are no neighbours anyway")  # fmt: skip


def _strangers(rule: str, stations: Iterable[str]) -> Iterator[Problem]:
    for one in sorted(stations):
        yield _problem(rule, [one], "the id of a station", "use a station_id of the stations layer")


def _clash(stations: Iterable[str], lock: str) -> Problem:
    return Problem(
        where=WHERE,
        column=f"policy.{FIX}",
        value=", ".join(stations),
        expected="fixed bundles that the lock `{lock}` agrees with",
        fix="free the station (--free, or `free` under `locks`), or take it out of `{lock}`",
        params={"lock": lock},
    )


def _problem(rule: str, stations: Iterable[str], expected: str, fix: str) -> Problem:
    return Problem(
        where=WHERE, column=f"policy.{rule}", value=", ".join(stations), expected=expected, fix=fix
    )
