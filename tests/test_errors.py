from __future__ import annotations

import pickle

from optimizer.errors import InputError, Problem

PROBLEM = Problem(
    where="stations.csv",
    row=14,
    column="max_officers",
    value="-3",
    expected="a whole number >= {least}",
    fix="correct it",
    params={"least": 0},
)


def test_a_problem_says_place_value_expectation_and_fix() -> None:
    said = PROBLEM.text()
    assert said.startswith("stations.csv line 14 max_officers = -3")
    assert "expected a whole number >= 0" in said
    assert said.endswith("correct it")


def test_all_problems_are_in_one_message() -> None:
    error = InputError([PROBLEM, PROBLEM])
    assert str(error).count("stations.csv line 14") == 2
    assert str(error).startswith("2 problem(s)")


def test_an_error_travels_between_processes_whole() -> None:
    error = pickle.loads(pickle.dumps(InputError([PROBLEM])))
    assert error.problems == (PROBLEM,)
    assert str(error) == str(InputError([PROBLEM]))
