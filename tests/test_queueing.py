"""Erlang's formulas against published values, closed forms and their own definitions."""

from __future__ import annotations

from fractions import Fraction
from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.queueing import MAX_SERVERS, crews_needed, erlang_b, erlang_c, wait_exceeds

LOADS = st.floats(0.0, 60.0)
SERVERS = st.integers(1, 80)


def exact_b(servers: int, offered: Fraction) -> Fraction:
    """Erlang B by its definition, in whole numbers."""
    terms = [offered**k / factorial(k) for k in range(servers + 1)]
    return terms[-1] / sum(terms)


def exact_c(servers: int, offered: Fraction) -> Fraction:
    """Erlang C by its definition as a sum over states."""
    top = offered**servers / factorial(servers) * servers / (servers - offered)
    return top / (sum(offered**k / factorial(k) for k in range(servers)) + top)


@pytest.mark.parametrize(
    ("servers", "offered", "blocked"),
    [
        (3, 1.5, 0.13433),  # Larson & Odoni's worked example; design check value
        (1, 1.0, 1 / 2),
        (2, 1.0, 1 / 5),
        (3, 1.0, 1 / 16),
        (4, 1.0, 1 / 65),
        (5, 1.0, 1 / 326),
        (0, 2.0, 1.0),
        (7, 0.0, 0.0),
    ],
)
def test_erlang_b_known(servers: int, offered: float, blocked: float) -> None:
    assert erlang_b(servers, offered) == pytest.approx(blocked, abs=5e-6)


@pytest.mark.parametrize(
    ("servers", "offered", "blocked"),
    # The Erlang B traffic table in general use: offered erlangs
    # (four digits) at a stated grade of service.
    [
        (10, 3.092, 0.001),
        (10, 4.461, 0.01),
        (10, 5.084, 0.02),
        (10, 6.216, 0.05),
        (5, 1.361, 0.01),
        (20, 12.03, 0.01),
        (50, 37.90, 0.01),
        (100, 84.06, 0.01),
    ],
)
def test_erlang_b_traffic_table(servers: int, offered: float, blocked: float) -> None:
    assert erlang_b(servers, offered) == pytest.approx(blocked, rel=3e-3)


def test_erlang_c_equals_all_busy_of_the_hypercube_queue() -> None:
    # Larson & Odoni (1981), sections 5.4.3-5.4.4: N = 3, lambda = 1.5, mu = 1: P(all busy) .23684,
    # here 9/38; whatever the dispatch preferences, it must equal Erlang C.
    assert erlang_c(3, 1.5) == pytest.approx(0.23684, abs=5e-6)
    assert erlang_c(3, 1.5) == pytest.approx(9 / 38, rel=1e-12)


@pytest.mark.parametrize(
    ("servers", "offered", "waiting"),
    # M/M/1: C = a; M/M/2: C = a^2 / (2 + a) (Kleinrock 1975, section 3.5).
    [(1, 0.3, 0.3), (1, 0.9, 0.9), (2, 1.0, 1 / 3), (2, 1.5, 2.25 / 3.5), (3, 2.0, 4 / 9)],
)
def test_erlang_c_closed_forms(servers: int, offered: float, waiting: float) -> None:
    assert erlang_c(servers, offered) == pytest.approx(waiting, rel=1e-12)


@pytest.mark.parametrize("servers", [1, 2, 5, 17, 40])
@pytest.mark.parametrize("offered", ["1/7", "1", "9/2", "33/2", "39"])
def test_both_formulas_against_their_definition(servers: int, offered: str) -> None:
    a = Fraction(offered)
    assert erlang_b(servers, float(a)) == pytest.approx(float(exact_b(servers, a)), rel=1e-12)
    if a < servers:
        assert erlang_c(servers, float(a)) == pytest.approx(float(exact_c(servers, a)), rel=1e-11)


def test_wait_of_one_server() -> None:
    # M/M/1: P(W > t) = a e^(-(1 - a) t / s).
    assert wait_exceeds(1, 0.5, 10.0, 10.0) == pytest.approx(0.5 * exp(-0.5), rel=1e-12)
    assert wait_exceeds(3, 1.5, 40.0, 0.0) == pytest.approx(9 / 38, rel=1e-12)


def test_a_queue_that_cannot_settle_always_waits() -> None:
    assert erlang_c([1, 2], [1.0, 5.0]).tolist() == [1.0, 1.0]
    assert wait_exceeds(2, 2.0, 30.0, 1e6) == 1.0


def test_no_load_never_waits() -> None:
    assert wait_exceeds(1, 0.0, 0.0, 0.0) == 0.0
    assert crews_needed(0.0, 0.0, max_wait_min=5, max_wait_share_fraction=0.05) == 1


@settings(deadline=None)
@given(SERVERS, LOADS)
def test_b_and_c_are_probabilities_and_c_is_the_larger(servers: int, offered: float) -> None:
    b, c = float(erlang_b(servers, offered)), float(erlang_c(servers, offered))
    assert 0.0 <= b <= c <= 1.0


@settings(deadline=None)
@given(SERVERS, LOADS, st.floats(0.001, 5.0))
def test_more_load_blocks_more_and_more_servers_block_less(
    servers: int, offered: float, more: float
) -> None:
    for formula in (erlang_b, erlang_c):
        here = float(formula(servers, offered))
        assert float(formula(servers, offered + more)) >= here - 1e-12
        assert float(formula(servers + 1, offered)) <= here + 1e-12


@settings(deadline=None)
@given(SERVERS, LOADS, st.floats(1.0, 200.0), st.floats(0.0, 60.0), st.floats(0.01, 30.0))
def test_waiting_longer_is_rarer(
    servers: int, offered: float, service: float, wait: float, more: float
) -> None:
    sooner = float(wait_exceeds(servers, offered, service, wait))
    assert float(wait_exceeds(servers, offered, service, wait + more)) <= sooner
    assert 0.0 <= sooner <= 1.0


@settings(deadline=None)
@given(LOADS, st.floats(5.0, 200.0), st.floats(0.0, 30.0), st.floats(0.001, 0.9), st.integers(1, 4))
def test_crews_needed_are_the_fewest(
    offered: float, service: float, wait: float, share: float, least: int
) -> None:
    m = int(
        crews_needed(
            offered, service, max_wait_min=wait, max_wait_share_fraction=share, min_crews=least
        )
    )
    assert m >= least
    assert float(wait_exceeds(m, offered, service, wait)) <= share
    if m > least:
        assert float(wait_exceeds(m - 1, offered, service, wait)) > share


@settings(max_examples=200, deadline=None)
@given(LOADS, LOADS, st.floats(5.0, 200.0), st.floats(0.0, 30.0), st.floats(0.001, 0.5))
def test_pooling_never_needs_more_crews(
    one: float, two: float, service: float, wait: float, share: float
) -> None:
    # Smith & Whitt (1981), Resource sharing for efficiency in traffic systems: at equal service
    # time, pooled groups wait less. This is what makes bundling pay.
    apart = crews_needed(
        [one, two], service, max_wait_min=wait, max_wait_share_fraction=share
    ).sum()
    pooled = crews_needed(one + two, service, max_wait_min=wait, max_wait_share_fraction=share)
    assert int(pooled) <= int(apart)


def test_crews_needed_in_any_shape() -> None:
    loads = np.array([[0.0, 0.5, 1.0], [2.0, 4.0, 8.0]])
    found = crews_needed(loads, 60.0, max_wait_min=5, max_wait_share_fraction=0.05)
    one_by_one = [
        [int(crews_needed(a, 60.0, max_wait_min=5, max_wait_share_fraction=0.05)) for a in row]
        for row in loads
    ]
    assert found.tolist() == one_by_one
    assert found.shape == (2, 3)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        erlang_b(3, -1.0)
    with pytest.raises(ValueError, match="finite and not negative"):
        crews_needed(float("nan"), 1.0, max_wait_min=5, max_wait_share_fraction=0.05)
    with pytest.raises(ValueError, match="whole numbers"):
        erlang_b(2.5, 1.0)
    with pytest.raises(ValueError, match="whole numbers from 1"):
        erlang_c(0, 1.0)
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            crews_needed(1.0, 1.0, max_wait_min=5, max_wait_share_fraction=share)
    with pytest.raises(ValueError, match=f"over {MAX_SERVERS}"):
        crews_needed(float(MAX_SERVERS), 60.0, max_wait_min=0.0, max_wait_share_fraction=0.05)
