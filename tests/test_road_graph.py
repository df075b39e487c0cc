"""The compressed graph: sorted arcs, conversions, turns that are no road."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.road_graph import NO_CLASS, TURN, RoadGraph, graph_from_arcs
from tests.road_view import parts_of, straight_roads


def parts() -> dict[str, Any]:
    """Three nodes on a line; 0-1 both ways, 1-2 one way, a slower second road 0-1; node 3 alone.

    Street 1 is drawn from 2 to 1 and driven against its line.
    """
    return {
        "node_lon_e7": [0, 100_000, 200_000, 900_000],
        "node_lat_e7": [0, 0, 0, 0],
        "tail": [1, 0, 1, 0],
        "head": [0, 1, 2, 1],
        "travel_ms": [1000, 1000, 500, 3000],
        "length_cm": [111_300, 111_300, 111_300, 200_000],
        "arc_street": [0, 0, 1, 2],
        "arc_backward": [True, False, True, False],
        "street_class": np.array([0, 1, 0], np.uint8),
        "class_names": ("county", "village"),
        "street_name": np.array([1, 0, 0], np.int32),
        "street_ref": np.array([2, 2, 0], np.int32),
        "texts": ("", "人民路", "G318"),
        "street_id_first": [0, 2, 3, 4],
        "street_id": [11, 12, 13, 14],
        "street_id_cm": np.array([0, 100_000, 0, 0], np.uint32),
        "shape_first": [0, 2, 4, 7],
        "shape_lon_e7": np.array([0, 100_000, 200_000, 100_000, 0, 50_000, 100_000], np.int32),
        "shape_lat_e7": np.array([0, 0, 0, 0, 0, 10_000, 0], np.int32),
    }


def graph() -> RoadGraph:
    given = parts()
    for name in ("node_lon_e7", "node_lat_e7"):
        given[name] = np.array(given[name], np.int32)
    return graph_from_arcs(**given)


def test_arcs_are_sorted_and_the_first_of_parallel_ones_is_the_fastest() -> None:
    made = graph()
    assert made.first_arc.tolist() == [0, 2, 4, 4, 4]
    assert made.head.tolist() == [1, 1, 0, 2]
    assert made.travel_ms.tolist() == [1000, 3000, 1000, 500]
    assert made.tail().tolist() == [0, 0, 1, 1]
    assert made.class_code().tolist() == [0, 0, 0, 1]
    along, against = made.arcs_of_streets()
    assert along.tolist() == [0, -1, 1]
    assert against.tolist() == [2, 3, -1]


def test_components_are_strong_and_the_longest_comes_first() -> None:
    # 0 and 1 reach each other; nothing leads back from 2; 3 has no road.
    assert graph().component.tolist() == [0, 0, 1, 2]


def test_names_fall_back_to_numbers() -> None:
    made = graph()
    assert [made.name_of(street) for street in range(3)] == ["人民路", "G318", ""]
    assert made.named("人民路").tolist() == [0]
    # A road is found by its number too, whether or not it has a name.
    assert made.named("G318").tolist() == [0, 1]
    assert made.named("").tolist() == made.named("新路").tolist() == []
    assert made.known_names() == {"人民路", "G318"}


def test_a_street_knows_where_along_it_each_way_begins() -> None:
    made = graph()
    assert made.ids_of(0) == ("11", "12")
    assert made.known_ids() == {"11", "12", "13", "14"}
    # Way 12 begins after 1.000 of 1.113 km.
    street, start, end = made.with_id("12")
    assert (street.tolist(), end.tolist()) == ([0], [1.0])
    assert start.tolist() == pytest.approx([100_000 / 111_300])
    street, start, end = made.with_id("11")
    assert (street.tolist(), start.tolist()) == ([0], [0.0])
    assert end.tolist() == pytest.approx([100_000 / 111_300])
    for unknown in ("15", "011", "G318", "", "-1"):
        assert len(made.with_id(unknown)[0]) == 0


def test_ids_that_are_texts() -> None:
    given = parts_of(graph())
    given |= {"street_id": np.array([1, 0, 2, 2]), "ids_are_texts": True}
    made = RoadGraph(**given)
    assert made.ids_of(0) == ("人民路",)  # the second part has none
    assert made.known_ids() == {"人民路", "G318"}
    street, _, end = made.with_id("人民路")
    assert (street.tolist(), end.tolist()) == ([0], [pytest.approx(100_000 / 111_300)])
    assert made.with_id("G318")[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="street_id"):
        RoadGraph(**given | {"street_id": np.array([1, 0, 2, 3])})


def test_streets_by_their_lines() -> None:
    made = graph()
    assert made.street_classes() == ("county", "village", "county")
    assert made.street_classes(np.array([1])) == ("village",)
    assert made.street_km().tolist() == [1.113, 1.113, 2.0]
    assert made.street_arc().tolist() == [0, 3, 1]
    lines = made.street_lines(np.array([1, 2]))
    assert shapely.get_coordinates(lines[0])[:, 0].tolist() == [0.02, 0.01]
    assert shapely.get_coordinates(lines[1])[:, 0].tolist() == [0.0, 0.005, 0.01]


def test_turns_are_no_street() -> None:
    given = parts()
    for name in ("node_lon_e7", "node_lat_e7"):
        given[name] = np.array(given[name], np.int32)
    given["tail"] = [*given["tail"], 2]
    given["head"] = [*given["head"], 3]
    given["travel_ms"] = [*given["travel_ms"], 0]
    given["length_cm"] = [*given["length_cm"], 0]
    given["arc_street"] = [*given["arc_street"], TURN]
    given["arc_backward"] = [*given["arc_backward"], False]
    made = graph_from_arcs(**given)
    assert made.class_code().tolist()[-1] == NO_CLASS
    along, against = made.arcs_of_streets()
    assert len(along) == 3
    assert not {4} & set(along.tolist()) | {4} & set(against.tolist())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("head", [1, 1, 0, 4]),
        ("arc_street", [0, 0, 1, 3]),
        ("first_arc", [0, 2, 4, 4, 5]),
        ("travel_ms", [1, 2, 3]),
        ("street_name", [3, 0, 0]),
        ("shape_first", [0, 4, 2, 7]),
    ],
)
def test_rows_that_point_nowhere_are_refused(name: str, value: list[int]) -> None:
    made = graph()
    given = parts_of(made)
    given[name] = np.array(value, given[name].dtype)
    with pytest.raises(ValueError, match=name):
        RoadGraph(**given)


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        graph().travel_ms[0] = 1


def test_an_empty_graph() -> None:
    made = straight_roads([], [], [], [], [])
    assert (made.nodes, made.streets, len(made)) == (0, 0, 0)
    assert made.street_km().tolist() == []


def test_auckland_loads(shared: Path) -> None:
    """The roads of the ambulance simulation: nodes and arcs with travel times in days."""
    with zipfile.ZipFile(shared / "auckland" / "roads.zip") as packed:
        nodes = pd.read_csv(packed.open("nodes.csv"), skiprows=1).dropna(subset="x")
        arcs = pd.read_csv(packed.open("arcs.csv"), skiprows=5).dropna(subset="toNode")
    lon, lat = (np.rint(nodes[c].to_numpy() * 1e7).astype(np.int32) for c in ("x", "y"))
    tail, head = (arcs[c].to_numpy(np.int64) - 1 for c in ("fromNode", "toNode"))
    ends = np.column_stack([tail, head]).reshape(-1)
    each = np.arange(len(arcs) + 1)
    made = graph_from_arcs(
        node_lon_e7=lon,
        node_lat_e7=lat,
        tail=tail,
        head=head,
        travel_ms=np.rint(arcs["mode_1"].to_numpy() * 86_400_000),
        length_cm=np.rint(arcs["distance"].to_numpy() * 100_000),
        arc_street=np.arange(len(arcs)),
        arc_backward=np.zeros(len(arcs), bool),
        street_class=np.zeros(len(arcs), np.uint8),
        class_names=("other",),
        street_name=np.zeros(len(arcs), np.int32),
        street_ref=np.zeros(len(arcs), np.int32),
        texts=("",),
        street_id_first=each,
        street_id=arcs["index"].to_numpy(np.int64),
        street_id_cm=np.zeros(len(arcs), np.uint32),
        shape_first=2 * each,
        shape_lon_e7=lon[ends],
        shape_lat_e7=lat[ends],
    )
    assert (made.nodes, len(made)) == (len(nodes), len(arcs))
    assert (made.component == 0).mean() > 0.99
    # Arc 1: 2.8e-5 days; the smallest difference kept is a millisecond.
    first = int(np.flatnonzero(made.street_id[made.arc_street] == 1)[0])
    assert made.travel_ms[first] == round(2.806238009587237e-5 * 86_400_000)
    assert made.travel_ms.sum() / 86_400_000 == pytest.approx(arcs["mode_1"].sum(), rel=1e-4)
