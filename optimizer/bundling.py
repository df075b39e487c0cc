"""Bundling (捆绑): which stations are run as one, and from which centre; proven.

Exact set partition over priced columns (`columns.py`, `partition.py`). Rules about one bundle are
kept by leaving its column out; rules about the whole plan are rows. Plans of equal price: fewest
officers rehomed, then the smallest sum of the centres' places in the order of station ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from optimizer.columns import (
    APART,
    FREED_UNITS_PER_OFFICER,
    HOST,
    KEEP,
    TOGETHER,
    UNITS_PER_OFFICER,
    Columns,
    freed_limit,
    id_rank,
    priced_columns,
    residents_limit,
    together_groups,
    undominated,
)
from optimizer.county import County
from optimizer.cover import Cover, Limit
from optimizer.diagnosis import diagnose
from optimizer.equity_columns import resident_units_allowed
from optimizer.errors import InputError, Problem
from optimizer.partition import partition
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.solver import Limits
from optimizer.steering_problems import steering_problems
from optimizer.workload import Demand, demand_of

WHERE = "case.yaml"
UNIT = "officers"


def bundle(
    county: County, policy: Policy, demand: Demand | None = None
) -> tuple[tuple[Bundle, ...] | None, Proof]:
    """Choose the bundles with the lowest total price under the policy.

    Args:
        county: The county.
        policy: Rules, weights and limits of the search.
        demand: `demand_of(county, policy)` if the caller has it.

    Returns:
        The bundles, sorted, every station in exactly one (None without a plan), and the proof. An
        INFEASIBLE proof names the clashing rules and the smallest ways out.

    Raises:
        InputError: locks that name unknown stations or contradict each other.
        SolverError: the solver failed.
    """
    if problems := lock_problems(county, policy):
        raise InputError(problems)
    demand = demand_of(county, policy) if demand is None else demand
    limits = Limits(time_limit_s=policy.solver.time_limit_s, seed=policy.solver.seed)
    frees = policy.bundling.min_officers_freed is not None
    columns = undominated(priced_columns(county, policy, demand), county, freed_counts=frees)
    found = partition(cover_of(county, policy, columns), limits)
    method = f"set partition, {found.effort}"
    if found.status is Status.INFEASIBLE:
        known = diagnose(county, policy, demand, limits)
        return None, Proof(
            stage="bundling",
            status=Status.INFEASIBLE,
            objective_unit=UNIT,
            method=f"{method}; {known.method}" if known.method else method,
            clashing_rules=known.clashing_rules,
            relaxations=known.relaxations,
            joint_relaxations=known.joint_relaxations,
        )
    proof = Proof(
        stage="bundling",
        status=found.status,
        objective=None if found.price is None else found.price / UNITS_PER_OFFICER,
        objective_unit=UNIT,
        bound=None if found.bound is None else found.bound / UNITS_PER_OFFICER,
        method=method,
    )
    if found.chosen is None:
        return None, proof
    return tuple(sorted(columns.bundle(county, int(i)) for i in found.chosen)), proof


def cover_of(county: County, policy: Policy, columns: Columns) -> Cover:
    """The set partition that `policy` asks for over `columns`."""
    rules = policy.bundling
    joint = (columns.size > 1).astype("int64")
    exactly = []
    if rules.centres is not None:
        exactly.append((joint, rules.centres))
    if rules.stations_bundled is not None:
        exactly.append((joint * columns.size, rules.stations_bundled))
    limits = []
    if rules.min_officers_freed is not None:
        asked = round(rules.min_officers_freed * FREED_UNITS_PER_OFFICER)
        limits.append(freed_limit(columns.freed_units, asked))
    residents = resident_units_allowed(county, policy)
    if residents is not None:
        stations = len(county.stations)
        limits.append(residents_limit(columns.resident_units, residents, stations))
    if rules.changes.max_stations is not None:
        limits.append(Limit(coefficients=-columns.changed, at_least=-rules.changes.max_stations))
    return Cover(
        stations=len(county.stations),
        members=columns.members,
        price=columns.price_units,
        ties=(columns.rehomed_officers, id_rank(county)[columns.host]),
        exactly=tuple(exactly),
        limits=tuple(limits),
    )


def lock_problems(county: County, policy: Policy) -> list[Problem]:
    """Locks that name no station, are too small to mean anything, or cannot all hold."""
    locks = policy.bundling.locks
    known = set(county.stations.station_id)
    found: list[Problem] = []
    for rule, groups in ((TOGETHER, locks.together), (APART, locks.apart)):
        for group in groups:
            found += _strangers(rule, group, known)
            if len(set(group)) < 2:
                found.append(_problem(rule, group, "at least two different stations in a group",
                                      "add the other station or remove the group"))  # fmt: skip
    found += _strangers(KEEP, locks.keep, known) + _strangers(HOST, locks.host, known)
    for group in together_groups(policy):
        kept = sorted(set(group) & set(locks.keep))
        if kept:
            found.append(_problem(KEEP, kept, "stations that no `together` lock names",
                                  "remove the station from one of the two locks"))  # fmt: skip
        hosts = sorted(set(group) & set(locks.host))
        if len(hosts) > 1:
            found.append(_problem(HOST, hosts, "one centre at the most in a `together` group",
                                  "only one station of a bundle can be its centre"))  # fmt: skip
        pairs = {p for other in locks.apart for p in combinations(sorted(set(other)), 2)}
        for pair in sorted(pairs & set(combinations(group, 2))):
            found.append(_problem(APART, pair, "stations that no `together` lock joins",
                                  "remove the stations from one of the two locks"))  # fmt: skip
    return [*found, *steering_problems(county, policy)]


def _strangers(rule: str, station_ids: Iterable[str], known: set[str]) -> list[Problem]:
    return [
        _problem(rule, [s], "the id of a station", "use a station_id of the stations layer")
        for s in sorted(set(station_ids) - known)
    ]


def _problem(rule: str, station_ids: Iterable[str], expected: str, fix: str) -> Problem:
    return Problem(
        where=WHERE,
        column=f"policy.{rule}",
        value=", ".join(station_ids),
        expected=expected,
        fix=fix,
    )
