"""Closed stretches of street: what they bar, where places go, and whole answers after a change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import routing, shortest_paths
from geo.closures import NO_CUTS, cuts_of, open_stretches, stretch_lines
from geo.plane import as_geometry
from geo.routing import Router, router, travel, travel_times, with_changes
from geo.snapping import Snapped
from tests.road_view import without_streets
from tests.test_routing import INF, KM_PER_DEG, ROUNDED, network, random_network


def test_stretches_are_joined_and_sorted() -> None:
    cuts = cuts_of([(3, 0.5, 0.7), (1, 0.2, 0.3), (3, 0.6, 0.9), (3, 0.1, 0.2)])
    assert cuts.street.tolist() == [1, 3, 3]
    assert cuts.of(3) == [(0.1, 0.2), (0.5, 0.9)]
    assert cuts.streets().tolist() == [1, 3]
    assert open_stretches(cuts, 3) == [(0.0, 0.1), (0.2, 0.5), (0.9, 1.0)]
    assert open_stretches(cuts, 7) == [(0.0, 1.0)]
    assert len(NO_CUTS) == 0


def test_stretches_as_lines() -> None:
    import shapely

    lines = as_geometry([shapely.LineString([(0, 0), (10, 0)])])
    drawn = stretch_lines(lines, cuts_of([(0, 0.2, 0.5)]))
    assert shapely.get_coordinates(drawn).tolist() == [[2, 0], [5, 0]]


def test_a_cut_bars_what_passes_it_and_nothing_else() -> None:
    cuts = cuts_of([(0, 0.4, 0.6)])
    one = np.array([0.0, 0.0, 0.6, 0.9, 0.5])
    two = np.array([0.4, 0.7, 1.0, 0.1, 0.5])
    assert cuts.bar(np.zeros(5, int), one, two).tolist() == [False, True, False, True, False]
    assert not cuts.bar(np.ones(5, int), one, two).any()
    assert cuts.cover(np.zeros(5, int), two).tolist() == [False, False, False, False, True]


def ways(
    roads: Router, start: Sequence[tuple[float, float]], goal: Sequence[tuple[float, float]]
) -> np.ndarray:
    a, b = np.array(start, float) / KM_PER_DEG, np.array(goal, float) / KM_PER_DEG
    found = travel(
        None, a[:, 0], a[:, 1], b[:, 0], b[:, 1],
        walk_km_per_h=5.0, count_walk_in=False, index=roads,
    )  # fmt: skip
    return found.travel_time_min


# A square of 10 km a side, one minute a kilometre: 0-1-2-3-0.
SQUARE = network(
    [(0, 0), (10, 0), (10, 10), (0, 10)],
    [(0, 1, 10, 10), (1, 2, 10, 10), (2, 3, 10, 10), (3, 0, 10, 10)],
)


def test_places_on_both_sides_of_a_cut_go_the_long_way() -> None:
    whole = router(SQUARE)
    cut = with_changes(whole, cuts=cuts_of([(0, 0.5, 0.6)]))
    start, goal = [(3, 0)], [(8, 0), (4, 0), (0, 5), (10, 10)]
    assert ways(whole, start, goal)[0] == pytest.approx([5, 1, 8, 17], abs=ROUNDED)
    assert ways(cut, start, goal)[0] == pytest.approx([35, 1, 8, 23], abs=ROUNDED)
    # From the far side of the same street.
    assert ways(cut, [(8, 0)], [(3, 0), (10, 0)])[0] == pytest.approx([35, 2], abs=ROUNDED)
    # The base is as it was.
    assert ways(whole, start, goal)[0] == pytest.approx([5, 1, 8, 17], abs=ROUNDED)


def test_a_place_between_two_cuts_is_cut_off() -> None:
    cut = with_changes(router(SQUARE), cuts=cuts_of([(0, 0.3, 0.4), (0, 0.6, 0.7)]))
    assert ways(cut, [(5, 0)], [(5.5, 0), (0, 0)])[0].tolist() == [
        pytest.approx(0.5, abs=ROUNDED),
        INF,
    ]
    assert ways(cut, [(0, 5)], [(5, 0)])[0, 0] == INF


def test_a_place_on_a_closed_stretch_goes_to_the_nearest_open_road() -> None:
    whole = router(SQUARE)
    cut = with_changes(whole, cuts=cuts_of([(0, 0.2, 0.7)]))
    places = np.array([[3.0, 0.0], [6.0, 0.0]]) / KM_PER_DEG
    met = cut.snap(places[:, 0], places[:, 1])
    assert met.street.tolist() == [0, 0]
    assert met.fraction == pytest.approx([0.2, 0.7], abs=1e-6)
    assert met.access_km == pytest.approx([1.0, 1.0], abs=1e-3)
    # The whole street closed: along the others, at their ends.
    gone = with_changes(whole, cuts=cuts_of([(0, 0.0, 1.0)]))
    met = gone.snap(places[:, 0], places[:, 1])
    assert met.street.tolist() == [3, 1]
    assert met.access_km == pytest.approx([3.0, 4.0], abs=1e-3)


def test_a_closure_moves_nobody_across_a_river() -> None:
    # A dead end of 0.3 km beside the square, joined by a bridge: cut off, it is not led over.
    roads = network(
        [(0, 0), (10, 0), (10, 10), (0, 10), (5, -0.3), (5.2, -0.3), (5, 0)],
        [(0, 6, 5, 5), (6, 1, 5, 5), (1, 2, 10, 10), (2, 3, 10, 10), (3, 0, 10, 10),
         (6, 4, 0.3, 0.3), (4, 5, 0.2, 0.2)],
    )  # fmt: skip
    whole = router(roads)
    assert np.isfinite(ways(whole, [(0, 0)], [(5.1, -0.3)])).all()
    cut = with_changes(whole, cuts=cuts_of([(5, 0.4, 0.6)]))
    assert ways(cut, [(0, 0)], [(5.1, -0.3)])[0, 0] == INF
    assert ways(cut, [(5.2, -0.3)], [(5.1, -0.3)])[0, 0] == pytest.approx(0.1, abs=ROUNDED)


def test_nothing_open_leaves_places_where_they_are() -> None:
    gone = with_changes(router(SQUARE), cuts=cuts_of([(s, 0.0, 1.0) for s in range(4)]))
    assert ways(gone, [(3, 0)], [(8, 0)])[0, 0] == INF


def test_a_uniform_factor_touches_no_arc() -> None:
    whole = router(SQUARE)
    slow = with_changes(whole, slowness=1.25)
    assert slow.arcs is whole.arcs
    assert ways(slow, [(3, 0)], [(0, 5)])[0, 0] == pytest.approx(10.0, abs=ROUNDED)
    each = with_changes(slow, slowness=np.array([2.0, 1.0, 1.0, 1.0]))
    assert ways(each, [(3, 0)], [(0, 5)])[0, 0] == pytest.approx(13.75, abs=ROUNDED)
    assert (slow.arcs.travel_ms == whole.arcs.travel_ms).all()


def test_limits_hold_after_a_factor() -> None:
    slow = with_changes(router(SQUARE), slowness=2.0)
    start = slow.snap(np.array([0.0]), np.array([0.0]))
    goal = slow.snap(np.array([4.0, 6.0]) / KM_PER_DEG, np.zeros(2))
    found = travel_times(slow, start, goal, limit_min=10.0)
    assert found.target.tolist() == [0]
    assert found.travel_ms[0] == pytest.approx(8 * 60_000, abs=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_cuts_equal_a_network_without_the_streets(seed: int) -> None:
    """Whole streets closed by weights, against the network built anew without them."""
    rng = np.random.default_rng(seed)
    roads = random_network(rng)
    shut = np.unique(rng.integers(0, roads.streets, 2))
    kept = np.setdiff1d(np.arange(roads.streets), shut)
    if not len(kept):
        return
    left = without_streets(roads, shut.tolist())
    closed = with_changes(router(roads), cuts=cuts_of((int(s), 0.0, 1.0) for s in shut))
    # From points on streets that stay: how places meet the road is another matter.
    new_row = {int(s): i for i, s in enumerate(kept)}
    at = rng.choice(list(new_row), 4)
    fraction = rng.random(4)

    def places(rows: np.ndarray) -> Snapped:
        zero = np.zeros(4)
        return Snapped(
            street=rows, fraction=fraction, access_km=zero, led_past_km=zero, x_m=zero, y_m=zero
        )

    old, new = places(at), places(np.array([new_row[int(s)] for s in at]))
    one = routing.reached(closed, old, old)
    two = routing.reached(router(left), new, new)
    assert np.array_equal(one.first, two.first)
    assert np.array_equal(one.travel_ms, two.travel_ms)
    grown = routing.trees_after(routing.trees(router(roads), old), closed, old)
    three = routing.ways_along(grown, closed, old, old)
    assert np.array_equal(three.travel_ms, two.travel_ms)
    assert np.array_equal(three.target, two.target)


def test_large_changed_roads_use_trees_and_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = router(SQUARE)
    assert not routing.is_worth_trees(whole, 26)
    monkeypatch.setattr(shortest_paths, "_LARGE", 1)
    assert routing.is_worth_trees(whole, 26)
    monkeypatch.setattr(routing, "_TREE_BYTES", 10)
    assert not routing.is_worth_trees(whole, 26)
