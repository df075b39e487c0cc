"""The staffing stage of a run: plain, or by every rule of `policy.reassignment` where it is set."""

from __future__ import annotations

from dataclasses import replace

from optimizer.county import County
from optimizer.errors import InputError
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.reassignment import answer, board_of, clash, ways_out
from optimizer.reassignment_moves import qualified_moves, role_moves
from optimizer.reassignment_problems import problems_of
from optimizer.reassignment_task import Answer, RoleTask, after
from optimizer.result import Proof, Relaxation, Status
from optimizer.solver import Limits
from optimizer.staffing import STAGE, UNIT, reassign
from optimizer.unit_groups import follows_roles

AUXILIARIES = "auxiliaries"
PRICED = "squared deviation over target, and prices"


def staff(
    county: County, policy: Policy, plan_so_far: Plan
) -> tuple[Plan | None, tuple[Proof, ...]]:
    """Give every unit its strength, and list the moves.

    Without rules of its own under `policy.reassignment` this is `optimizer.staffing.reassign`.
    With them both roles are decided as `jingli reassign` decides them, stated inflows included,
    each role by itself.

    Args:
        county: The county.
        policy: `staffing` and `reassignment` are read, and what required strength depends on.
        plan_so_far: Bundles, road duties, dissolved squads and the moves by road duty.

    Returns:
        The plan with `strength` and all moves, and a proof, one for each role where the second
        has anybody to move. None where no choice of moves keeps the rules.

    Raises:
        InputError: rules of `policy.reassignment` that nothing could keep.
        ValueError: a unit requires infinitely many officers.
        SolverError: the solver failed.
    """
    if not follows_roles(policy):
        plan, proof = reassign(county, policy, plan_so_far)
        return plan, (proof,)
    board = board_of(county, policy, plan_so_far, stated=True)
    if problems := problems_of(county, policy, plan_so_far, board):
        raise InputError(problems)
    found = answer(board.officers, board.limits)
    proofs = [_proof(STAGE, board.officers, found, board.limits)]
    helpers = None
    if board.auxiliaries is not None:
        helpers = answer(board.auxiliaries, board.limits)
        proofs.append(_proof(AUXILIARIES, board.auxiliaries, helpers, board.limits))
    if any(p.objective is None for p in proofs):
        return None, tuple(proofs)
    stations, units = county.stations, county.units
    officers = dict(zip(stations.station_id, stations.officers.tolist(), strict=True))
    officers |= dict(zip(units.unit_id, units.officers.tolist(), strict=True))
    moves = role_moves(county, board.needs, found.transfers, officers, rehomes=True)
    auxiliary_moves = plan_so_far.auxiliary_moves
    if helpers is not None:
        held = dict(zip(stations.station_id, stations.auxiliaries.tolist(), strict=True))
        gone = role_moves(county, board.needs, helpers.transfers, held, rehomes=False)
        auxiliary_moves = tuple(sorted((*auxiliary_moves, *gone)))
    people = after(board.officers, found.transfers).tolist()
    ids = [n.unit_id for n in board.needs]
    plan = replace(
        plan_so_far,
        strength=tuple(sorted(zip(ids, people, strict=True))),
        moves=tuple(sorted((*plan_so_far.moves, *moves))),
        qualified_moves=qualified_moves(board.needs, board.officers, found.transfers),
        auxiliary_moves=auxiliary_moves,
    )
    return plan, tuple(proofs)


def _proof(stage: str, task: RoleTask, found: Answer, limits: Limits) -> Proof:
    unit = PRICED if task.price_per_min or task.worth.any() else UNIT
    if found.objective is not None:
        return Proof(
            stage=stage,
            status=found.status,
            objective=found.objective,
            objective_unit=unit,
            bound=found.objective if found.status is Status.OPTIMAL else found.bound,
            method=found.method,
        )
    if found.status is not Status.INFEASIBLE:
        return Proof(stage=stage, status=found.status, method=found.method)
    return Proof(
        stage=stage,
        status=Status.INFEASIBLE,
        method=found.method,
        clashing_rules=clash(task, limits),
        relaxations=tuple(
            Relaxation(rule=rule, present="in force", needed="dropped")
            for rule in ways_out(task, limits)
        ),
    )
