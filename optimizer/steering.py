"""What a planner steers by hand as a judge sees it: fixed bundles, barriers, changes from a plan.

None of the code that makes plans is used: barriers are walked from cell to cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from optimizer.county import County
from optimizer.plan import Bundle, Plan
from optimizer.policy import Policy
from optimizer.rules import Violation

Named = Callable[[Iterable[str]], str]
"""Names of stations with their ids, in the order given."""


def stations_changed(policy: Policy, plan: Plan) -> tuple[str, ...]:
    """Stations whose centre is not that of the plan to start from, sorted."""
    before = policy.bundling.changes.from_centres
    return tuple(sorted(s for s, c in plan.centre_of().items() if before.get(s, s) != c))


def bundle_rules(
    county: County, policy: Policy, bundle: Bundle, where: str, named: Named
) -> Iterator[Violation]:
    """Whether a bundle holds together without crossing a barrier.

    A bundle that is not one area even across barriers breaks another rule, and is not told here.

    Args:
        county: The county.
        policy: The policy.
        bundle: The bundle.
        where: Its name in a violation.
        named: Names its stations.
    """
    if not len(county.severed_cells) and not policy.bundling.barriers:
        return
    inside = set(bundle.station_ids)
    if _beyond(bundle.centre_id, inside, _links(county, inside)):
        return
    shut = {frozenset(pair) for pair in policy.bundling.barriers}
    apart = _beyond(bundle.centre_id, inside, _links(county, inside, across_barriers=False) - shut)
    if apart:
        yield Violation(rule="bundling.barriers", where=where, value=named(sorted(apart)))


def plan_rules(county: County, policy: Policy, plan: Plan, named: Named) -> Iterator[Violation]:
    """Bundles that are not as fixed, and too many stations with another centre."""
    locks, changes = policy.bundling.locks, policy.bundling.changes
    at = {s: b for b in plan.bundles for s in b.station_ids}
    for centre, stations in sorted(locks.fix.items()):
        members = {centre, *stations} & set(at)
        if members & set(locks.free) or not members:
            continue
        found = sorted({at[s] for s in members})
        if [(b.centre_id, set(b.station_ids)) for b in found] != [(centre, members)]:
            yield Violation(
                rule="bundling.locks.fix",
                where=named([centre, *sorted(members - {centre})]),
                value=" | ".join(named([b.centre_id, *b.office_ids]) for b in found),
            )
    changed = stations_changed(policy, plan)
    if changes.max_stations is not None and len(changed) > changes.max_stations:
        yield Violation(
            rule="bundling.changes.max_stations",
            where=county.name,
            value=str(len(changed)),
            limit=str(changes.max_stations),
            what=named(changed),
        )


def _links(
    county: County, inside: set[str], *, across_barriers: bool = True
) -> set[frozenset[str]]:
    """Pairs of the stations `inside` that are neighbours."""
    ids, station = county.stations.station_id, county.cells.station
    severed = {frozenset(pair) for pair in county.severed_cells.tolist()}
    rows = np.array([s in inside for s in ids])
    adjacency = county.station_adjacency
    assert adjacency is not None
    near = adjacency[rows[adjacency].all(axis=1)].tolist()
    pairs = {frozenset((ids[a], ids[b])) for a, b in near}
    if across_barriers or not severed:
        return pairs
    touching = county.cell_adjacency[rows[station[county.cell_adjacency]].all(axis=1)].tolist()
    met, still = set(), set()
    for one, other in touching:
        pair = frozenset((ids[station[one]], ids[station[other]]))
        met.add(pair)
        if frozenset((one, other)) not in severed:
            still.add(pair)
    # Neighbours by hand whose cells do not touch are no matter of a barrier on the map.
    return {pair for pair in pairs if pair in still or pair not in met}


def _beyond(centre: str, inside: set[str], links: set[frozenset[str]]) -> set[str]:
    """Stations `inside` that the centre does not reach over `links`."""
    reached, edge = {centre}, [centre]
    while edge:
        one = edge.pop()
        for other in inside - reached:
            if frozenset((one, other)) in links:
                reached.add(other)
                edge.append(other)
    return inside - reached
