"""The whole chain: bundles, then road duty, then strength and moves."""

from __future__ import annotations

from collections.abc import Callable

from optimizer.bundling import bundle
from optimizer.county import County
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.result import Result
from optimizer.staffing import reassign
from optimizer.traffic import hand_over


def consolidate(
    county: County, policy: Policy, progress: Callable[[str], None] | None = None
) -> Result:
    """Decide bundles, road duties, strength and moves, each stage on what the last decided.

    Args:
        county: The county.
        policy: The policy.
        progress: Told the name of each stage before it runs: `bundling`, `traffic`, `staffing`.

    Returns:
        The plan and the proof of each stage that ran; no plan, and no further stage, after a stage
        that found none. Each stage is proven for the stages before it as they are: the chain as a
        whole is not claimed to be optimal.
    """
    tell = progress if progress is not None else _silent
    tell("bundling")
    bundles, bundling_proof = bundle(county, policy)
    if bundles is None:
        return Result(plan=None, proofs=(bundling_proof,))
    tell("traffic")
    roads, traffic_proof = hand_over(county, policy, bundles)
    if roads is None:
        return Result(plan=None, proofs=(bundling_proof, traffic_proof))
    tell("staffing")
    plan, staffing_proof = reassign(
        county,
        policy,
        Plan(
            bundles=bundles,
            road_duties=roads.road_duties,
            dissolved_squad_ids=roads.dissolved_squad_ids,
            moves=roads.moves,
        ),
    )
    return Result(plan=plan, proofs=(bundling_proof, traffic_proof, staffing_proof))


def _silent(_stage: str) -> None:
    """Tell nobody."""
