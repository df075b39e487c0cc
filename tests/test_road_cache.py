"""Graphs kept on disk: opened if whole and of the same making, made anew otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from geo import road_cache
from geo.osm import OsmOptions, read_osm_roads
from geo.road_graph import ARRAYS, RoadGraph
from optimizer.errors import Problem
from optimizer.policy import Roads
from tests import osm_text as osm

ELEMENTS = [
    osm.node(1, 107.3, 30.0),
    osm.node(2, 107.31, 30.0),
    osm.way(10, [1, 2], highway="tertiary", name="人民路"),
    osm.way(11, [1, 2], highway="footway"),
]


def read(
    folder: Path, cache: Path, roads: Roads | None = None, **options: bool
) -> tuple[RoadGraph, tuple[Problem, ...]]:
    path = folder / "x.osm"
    if not path.exists():
        osm.write(path, *ELEMENTS)
    graph, problems = read_osm_roads(
        path, "x.osm", roads or Roads(), OsmOptions(**options), cache=cache
    )
    assert graph is not None
    return graph, problems


def test_a_kept_graph_is_the_same_graph_with_the_same_warnings(tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    first, said = read(tmp_path, cache)
    again, said_again = read(tmp_path, cache)
    assert len(list(cache.iterdir())) == 1
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert getattr(first, name).dtype == getattr(again, name).dtype
    assert (again.class_names, again.texts) == (first.class_names, first.texts)
    assert [p.text() for p in said] == [p.text() for p in said_again]
    assert len(said) == 1


def test_the_second_run_does_not_read_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(tmp_path, tmp_path / "kept")
    monkeypatch.setattr("geo.osm.read_osm", None)
    read(tmp_path, tmp_path / "kept")


@pytest.mark.parametrize("change", ["speed", "other_speed", "managed", "option", "file", "version"])
def test_another_making_is_another_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    cache = tmp_path / "kept"
    read(tmp_path, cache)
    roads, options = Roads(), {}
    if change == "speed":
        roads = Roads(speed_km_per_h={**Roads().speed_km_per_h, "township": 20.0})
    elif change == "other_speed":
        roads = Roads(other_speed_km_per_h=5.0)
    elif change == "managed":
        roads = Roads(managed_classes=("township",))
    elif change == "option":
        options = {"maxspeed": False}
    elif change == "file":
        osm.write(tmp_path / "x.osm", *ELEMENTS, osm.node(3, 107.4, 30.0))
    else:
        monkeypatch.setattr(road_cache, "VERSION", road_cache.VERSION + 1)
    graph, _ = read(tmp_path, cache, roads, **options)
    assert len(list(cache.iterdir())) == 2
    if change == "speed":
        assert graph.travel_ms.tolist() != read(tmp_path, cache)[0].travel_ms.tolist()


def test_other_policy_keeps_the_graph(tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    read(tmp_path, cache)
    read(tmp_path, cache, Roads(walk_km_per_h=4.0, detour_factor=1.5))
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("harm", ["cut", "flipped", "emptied", "foreign", "folder"])
def test_a_harmed_file_is_made_anew(tmp_path: Path, harm: str) -> None:
    cache = tmp_path / "kept"
    first, _ = read(tmp_path, cache)
    (kept,) = cache.iterdir()
    content = kept.read_bytes()
    if harm == "cut":
        kept.write_bytes(content[:-7])
    elif harm == "flipped":
        kept.write_bytes(content[:-70] + bytes([content[-70] ^ 1]) + content[-69:])
    elif harm == "emptied":
        kept.write_bytes(b"")
    elif harm == "foreign":
        kept.write_bytes(b"JLROADS1" + (2).to_bytes(8, "little") + b"{}")
    else:
        kept.unlink()
        kept.mkdir()
    again, _ = read(tmp_path, cache)
    assert again.travel_ms.tolist() == first.travel_ms.tolist()
    if harm != "folder":
        assert kept.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    cache.write_text("a file where the folder should be")
    _, problems = read(tmp_path, cache)
    assert [p.severity for p in problems] == ["warning"] * 2
    assert "could not be kept" in problems[-1].text()


def test_only_the_newest_graphs_are_kept(tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    for i in range(6):
        read(tmp_path, cache, Roads(other_speed_km_per_h=10.0 + i))
        for age, path in enumerate(sorted(cache.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
            os.utime(path, ns=(age, age))
    (cache / "notes.txt").write_text("a planner's own")
    read(tmp_path, cache, Roads(other_speed_km_per_h=99.0))
    assert len(list(cache.glob("*.graph"))) == 4
    assert (cache / "notes.txt").exists()
