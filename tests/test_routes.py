"""Ways as lines: as long as the minutes say, from place to place, along open roads."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.closures import cuts_of
from geo.plane import line_km
from geo.road_graph import RoadGraph
from geo.routes import Routes, routes
from geo.routing import Router, router, travel, with_changes
from tests.road_view import parts_of
from tests.test_routing import INF, KM_PER_DEG, ROUNDED, network, random_network

SQUARE = network(
    [(0, 0), (10, 0), (10, 10), (0, 10)],
    [(0, 1, 10, 10), (1, 2, 10, 10), (2, 3, 10, 10), (3, 0, 10, 10)],
    one_way=(3,),
)


def ways(roads: Router, start: tuple[float, float], goal: tuple[float, float]) -> Routes:
    at = [np.array([v]) / KM_PER_DEG for v in (*start, *goal)]
    return routes(roads, roads.snap(at[0], at[1]), roads.snap(at[2], at[3]), np.array([[0, 0]]))


def corners(found: Routes) -> list[tuple[float, float]]:
    return [(round(x, 2), round(y, 2)) for x, y in np.array(found.line[0].coords) * KM_PER_DEG]


def test_a_way_by_hand() -> None:
    whole = router(SQUARE)
    found = ways(whole, (3, 0), (10, 4))
    assert corners(found) == [(3, 0), (10, 0), (10, 4)]
    assert found.travel_time_min[0] == pytest.approx(11, abs=ROUNDED)
    # On one street, both ways.
    assert corners(ways(whole, (3, 0), (8, 0))) == [(3, 0), (8, 0)]
    assert corners(ways(whole, (8, 0), (3, 0))) == [(8, 0), (3, 0)]
    # The west side is open southwards only: from it one goes by the south, and never back up.
    assert corners(ways(whole, (0, 4), (0, 6))) == [
        (0, 4),
        (0, 0),
        (10, 0),
        (10, 10),
        (0, 10),
        (0, 6),
    ]
    assert corners(ways(whole, (0, 6), (0, 4))) == [(0, 6), (0, 4)]


def test_a_way_round_a_closure_and_none() -> None:
    cut = with_changes(router(SQUARE), cuts=cuts_of([(0, 0.5, 0.6)]))
    assert corners(ways(cut, (10, 4), (7, 0))) == [(10, 4), (10, 0), (7, 0)]
    assert corners(ways(cut, (10, 4), (3, 0))) == [(10, 4), (10, 10), (0, 10), (0, 0), (3, 0)]
    gone = ways(cut, (3, 0), (8, 0))
    assert gone.line[0] is None
    assert gone.travel_time_min[0] == INF
    assert ways(router(SQUARE), (3, 0), (3, 0)).line[0] is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_lines_are_as_long_as_the_kilometres_say(seed: int) -> None:
    """On networks whose kilometres are those of their lines."""
    rng = np.random.default_rng(seed)
    roads = random_network(rng)
    cm = np.rint(line_km(roads.street_lines()) * 100_000.0)[roads.arc_street]
    drawn = RoadGraph(**parts_of(roads) | {
        "length_cm": cm.astype(np.uint32), "travel_ms": (cm * 0.6).astype(np.uint32),
    })  # fmt: skip
    ready = router(drawn)
    at = rng.uniform(0, 10, (6, 2)) / KM_PER_DEG
    start, goal = ready.snap(*at[:3].T), ready.snap(*at[3:].T)
    pairs = np.argwhere(np.ones((3, 3), bool))
    found = routes(ready, start, goal, pairs)
    table = travel(
        None, *at[:3].T, *at[3:].T, walk_km_per_h=5.0, count_walk_in=False, index=ready
    )  # fmt: skip
    assert found.road_km == pytest.approx(table.road_km.ravel(), abs=ROUNDED)
    for p, line in enumerate(found.line):
        if line is not None:
            # A place within a metre of a junction takes any street there.
            assert line_km(np.array([line]))[0] == pytest.approx(found.road_km[p], abs=3e-3)
            assert shapely.is_valid(line)
