from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.colouring import (
    PALETTE,
    colour_classes,
    colours,
    fills,
    lighter,
    touching_stations,
    union_adjacency,
)
from geo.map_parts import INK
from optimizer.frozen import FloatArray
from optimizer.plan import current_plan
from tests.places import plan_of
from tests.toy import random_county, toy_county

# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def linear(colour: str) -> FloatArray:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: FloatArray) -> FloatArray:
    lms = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    ) @ rgb  # fmt: skip
    return np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    ) @ np.cbrt(lms)  # fmt: skip


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("vision", VISION)
def test_palette_is_told_apart_without_red_green_or_blue(vision: str) -> None:
    seen = [oklab(np.clip(VISION[vision] @ linear(c), 0, 1)) for c in PALETTE]
    apart = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert apart > 0.07  # a just noticeable difference is about 0.02


@pytest.mark.parametrize("colour", [*PALETTE, *map(lighter, PALETTE)])
def test_black_text_is_readable_on_every_fill(colour: str) -> None:
    contrast = (luminance(colour) + 0.05) / (luminance(INK) + 0.05)
    assert contrast >= 4.5  # WCAG 2.1 AA


def test_union_by_hand() -> None:
    # A-B-C-D in a line; B joins A, C joins D: A and D become neighbours.
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    union = union_adjacency(pairs, np.array([0, 0, 3, 3]))
    assert union.tolist() == [[0, 1], [0, 3], [1, 2], [2, 3]]


def test_path_and_triangle_by_hand() -> None:
    assert len(set(colour_classes(3, [(0, 1), (1, 2), (0, 2)]).tolist())) == 3
    assert colour_classes(0, []).tolist() == []
    assert colour_classes(1, []).tolist() == [0]


def test_more_neighbours_than_palette_get_more_colours() -> None:
    n = len(PALETTE) + 4
    classes = colour_classes(n, list(itertools.combinations(range(n), 2)))
    assert sorted(classes.tolist()) == list(range(n))
    assert len(set(colours(n))) == n
    assert len(set(colours(60))) == 60


def test_spreading_never_costs_colours_beyond_the_palette() -> None:
    rng = np.random.default_rng(229)  # found by search: spreading alone needs a ninth colour here
    n, chance = int(rng.integers(14, 30)), rng.uniform(0.35, 0.6)
    pairs = [p for p in itertools.combinations(range(n), 2) if rng.random() < chance]
    classes = colour_classes(n, pairs)
    assert all(classes[i] != classes[j] for i, j in pairs)
    assert classes.max() < len(PALETTE)


def test_bundles_differ_from_one_another_where_colours_suffice() -> None:
    kind = [True, False] * 8
    classes = colour_classes(16, [(i, i + 1) for i in range(15)], kind=kind)
    assert len(set(classes[::2].tolist())) == len(PALETTE)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(4, 30), st.data())
def test_neighbours_never_share_a_colour(seed: int, n: int, data: st.DataObject) -> None:
    county = random_county(seed, n)
    near = county.neighbours()
    groups, taken = {}, set()
    for s in data.draw(st.permutations(range(n))):
        free = [j for j in sorted(near[s]) if j not in taken]
        if s not in taken and free:
            members = [s, *free[: data.draw(st.integers(1, 2))]]
            taken |= set(members)
            groups[f"s{s + 1:02d}"] = [f"s{m + 1:02d}" for m in members]
    plan = plan_of(county, groups)
    found = fills(county, plan)
    assert found == fills(county, plan)
    centre = plan.centre_of()
    ids = county.stations.station_id
    assert county.station_adjacency is not None
    for i, j in county.station_adjacency.tolist():
        assert found.station[i] != found.station[j]
        if centre[ids[i]] != centre[ids[j]]:
            pale = [c if c in map(lighter, PALETTE) else lighter(c) for c in
                    (found.plan[i], found.plan[j])]  # fmt: skip
            assert pale[0] != pale[1]
        else:
            assert found.plan[i] == found.plan[j]


def test_a_bundle_wears_its_centres_colour() -> None:
    county = toy_county(n_stations=5)
    found = fills(county, plan_of(county, {"s02": ["s01", "s02"]}))
    row = county.stations.index()
    assert found.plan[row["s01"]] == found.plan[row["s02"]]
    assert lighter(found.plan[row["s02"]]) == found.station[row["s02"]]
    assert found.plan[row["s04"]] == found.station[row["s04"]]
    today = fills(county, current_plan(county))
    assert today.plan == today.station


def test_pair_that_a_planner_forbids_still_touches_on_the_map() -> None:
    county = toy_county(n_stations=2, station_adjacency=np.zeros((0, 2), np.int64))
    assert touching_stations(county).tolist() == [[0, 1]]
    found = fills(county, current_plan(county))
    assert found.station[0] != found.station[1]
