"""A status is never more than was proven."""

from __future__ import annotations

import json

import pytest

from optimizer.plan import Plan
from optimizer.result import Proof, Relaxation, Result, Status
from scenarios.documents import proof_documents, proofs_of


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


def test_a_way_out_is_told_in_any_language_and_kept_whole() -> None:
    change = Relaxation(
        rule="adjacency",
        present="neighbours only",
        needed="dropped for {stations}",
        params={"stations": "01+02"},
    )
    assert change.needed_text() == "dropped for 01+02"
    assert change.needed_text(lambda t: t.replace("dropped for", "取消：")) == "取消： 01+02"
    proof = Proof(
        stage="bundling",
        status=Status.INFEASIBLE,
        objective=None,
        objective_unit="",
        bound=None,
        method="",
        relaxations=(change,),
        joint_relaxations=((change, change),),
    )
    (document,) = proof_documents([proof])
    assert document["relaxations"][0]["needed"] == "dropped for 01+02"
    assert proofs_of([document]) == (proof,)
    # As earlier versions kept it.
    del document["relaxations"][0]["said"], document["joint_relaxations"]
    assert proofs_of([document])[0].joint_relaxations == ()
    assert proofs_of([document])[0].relaxations[0].needed_text() == "dropped for 01+02"


def test_stations_of_a_way_out_are_named_for_people_and_by_id_for_programs() -> None:
    change = Relaxation(
        rule="bundling.barriers",
        present="{n} pairs parted",
        needed="a crossing between {stations}",
        params={"n": 2, "stations": (("01", "02"), ("03", "04"))},
    )
    assert change.present_text() == "2 pairs parted"
    assert change.needed_text() == "a crossing between 01+02, 03+04"
    name = {"01": "甲", "02": "乙{", "03": "丙"}
    assert change.needed_text(name=name) == "a crossing between 甲+乙{, 丙+04"
    proof = Proof(stage="bundling", status=Status.INFEASIBLE, relaxations=(change,))
    (document,) = proof_documents([proof])
    assert document["relaxations"][0]["needed"] == "a crossing between 01+02, 03+04"
    assert proofs_of([json.loads(json.dumps(document))]) == (proof,)


def test_a_brace_in_a_name_is_no_template() -> None:
    change = Relaxation(rule="bundling.locks.keep", present="S{1}", needed="dropped")
    assert change.present_text() == "S{1}"
