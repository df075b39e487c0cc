"""The whole chain: bundles, then road duty, then strength and moves."""

from __future__ import annotations

from collections.abc import Callable

from optimizer.bundling import bundle
from optimizer.county import County
from optimizer.joint_traffic import bundle_with_roads
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.reassignment_stage import staff
from optimizer.result import Proof, Result
from optimizer.stage_memory import BUNDLING, TRAFFIC, StageMemory
from optimizer.traffic import TrafficPlan, hand_over, plan_with_roads


def consolidate(
    county: County,
    policy: Policy,
    progress: Callable[[str], None] | None = None,
    *,
    memory: StageMemory | None = None,
) -> Result:
    """Decide bundles, road duties, strength and moves, each stage on what the last decided.

    Args:
        county: The county.
        policy: The policy.
        progress: Told the name of each stage before it runs: `bundling`, `traffic`, `staffing`.
        memory: What stages answered for other counties and policies; the result is the same with
            it as without.

    Returns:
        The plan and the proof of each stage that ran; no plan, and no further stage, after a stage
        that found none. Reassignment has a proof for each role it decides. Each stage is proven
        for the stages before it as they are: the chain as a whole is not claimed to be optimal.
    """
    tell = progress if progress is not None else _silent
    tell("bundling")
    bundles, bundling_proof = _bundles(county, policy, memory)
    if bundles is None:
        return Result(plan=None, proofs=(bundling_proof,))
    tell("traffic")
    roads, traffic_proof = _roads(county, policy, bundles, memory)
    if roads is None:
        return Result(plan=None, proofs=(bundling_proof, traffic_proof))
    tell("staffing")
    plan, staffing_proofs = staff(county, policy, plan_with_roads(county, bundles, roads))
    return Result(plan=plan, proofs=(bundling_proof, traffic_proof, *staffing_proofs))


def _bundles(
    county: County, policy: Policy, memory: StageMemory | None
) -> tuple[tuple[Bundle, ...] | None, Proof]:
    if policy.traffic.joint and policy.traffic.dissolve_squads:
        joint = bundle_with_roads(county, policy)
        return None if joint.best is None else joint.best.bundles, joint.proof
    if memory is None:
        return bundle(county, policy)
    return memory.bundling.recall(BUNDLING.key(county, policy), lambda: bundle(county, policy))


def _roads(
    county: County, policy: Policy, bundles: tuple[Bundle, ...], memory: StageMemory | None
) -> tuple[TrafficPlan | None, Proof]:
    # Accidents in time, covered roads and classes read what the memory does not look at.
    traffic = policy.traffic
    asked = (traffic.accidents_within_fraction, traffic.min_checkpoint_coverage)
    reads_more = traffic.split_by_class or any(share is not None for share in asked)
    if memory is None or not policy.traffic.dissolve_squads or reads_more:
        return hand_over(county, policy, bundles)
    return memory.traffic.recall(
        TRAFFIC.key(county, policy, bundles), lambda: hand_over(county, policy, bundles)
    )


def _silent(_stage: str) -> None:
    """Tell nobody."""
