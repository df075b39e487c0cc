"""A status is never more than was proven."""

from __future__ import annotations

import pytest

from optimizer.plan import Plan
from optimizer.result import Proof, Result, Status


def proof(status: Status) -> Proof:
    value = 1.0 if status in (Status.OPTIMAL, Status.FEASIBLE) else None
    return Proof(stage="bundling", status=status, objective=value, bound=value)


@pytest.mark.parametrize(
    ("objective", "bound"), [(None, None), (10.0, None), (None, 10.0), (10.0, 9.99)]
)
def test_optimal_needs_a_bound_equal_to_the_objective(
    objective: float | None, bound: float | None
) -> None:
    with pytest.raises(ValueError, match="OPTIMAL needs a bound equal to the objective"):
        Proof(stage="bundling", status=Status.OPTIMAL, objective=objective, bound=bound)


def test_optimal_within_rounding() -> None:
    one = Proof(stage="bundling", status=Status.OPTIMAL, objective=1e6, bound=1e6 - 1e-5)
    assert one.gap_fraction == 0.0


def test_feasible_needs_a_plan() -> None:
    with pytest.raises(ValueError, match="FEASIBLE needs an objective"):
        Proof(stage="traffic", status=Status.FEASIBLE)
    assert Proof(stage="traffic", status=Status.FEASIBLE, objective=3.0).gap_fraction is None


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [(10.0, 9.0, 0.1), (-10.0, -11.0, 0.1), (0.0, -1.0, float("inf")), (0.0, 0.0, 0.0)],
)
def test_gap(objective: float, bound: float, gap: float) -> None:
    one = Proof(stage="staffing", status=Status.FEASIBLE, objective=objective, bound=bound)
    assert one.gap_fraction == pytest.approx(gap)


@pytest.mark.parametrize(
    ("statuses", "weakest"),
    [
        ((Status.OPTIMAL, Status.OPTIMAL), Status.OPTIMAL),
        ((Status.OPTIMAL, Status.FEASIBLE), Status.FEASIBLE),
        ((Status.FEASIBLE, Status.UNKNOWN), Status.UNKNOWN),
        ((Status.OPTIMAL, Status.INFEASIBLE), Status.INFEASIBLE),
        ((Status.UNKNOWN,), Status.UNKNOWN),
    ],
)
def test_a_result_is_as_good_as_its_weakest_stage(
    statuses: tuple[Status, ...], weakest: Status
) -> None:
    found = Result(plan=Plan(bundles=()), proofs=tuple(proof(s) for s in statuses))
    assert found.status is weakest
