"""`jingli beats --ensemble` and `--objective border`; islands and cells without a road."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import command, document, refused
from tests.small_case import SOUTH, STEP, WEST, Row, cell_rows, write_case, write_csv

HALVES = {r["cell_id"]: "W" if r["cell_id"] < "c4" else "E" for r in cell_rows()}
"""Stations 1 to 3, and 4 to 6: two rows of six squares each."""
_M_PER_DEG = 111_200.0
WATER = 0.05


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def quick(spec: Row) -> None:
    spec["policy"]["solver"] = {"time_limit_s": 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("random") / "case", case=quick)


def drawn(folder: Path, beat_of: dict[str, str]) -> Path:
    write_csv(folder / "drawn.csv", [{"cell_id": c, "beat": b} for c, b in beat_of.items()])
    return folder / "drawn.csv"


def test_where_the_plan_lies_among_random_ones(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = document(
        "beats", small, "--drawn", drawn(tmp_path, HALVES), "--tolerance", "0.6",
        "--ensemble", 60, "--out", out,
    )  # fmt: skip
    said = found["random_plans"]
    assert said["plans"] == 60
    assert 0 < said["recombinations_made"] <= said["recombinations_tried"]
    with (out / "random_plans.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = np.array([[float(v) for v in row.values()] for row in csv.DictReader(file)])
    assert rows.shape == (60, 3)
    for column, measure in enumerate(("cost", "border", "load")):
        one = said["measures"][measure]
        own = one["own"]
        assert one["share_better_fraction"] == pytest.approx(
            (rows[:, column] < own * (1 - 1e-9)).mean()
        )
        assert one["least"] == rows[:, column].min()
        assert one["median"] == pytest.approx(np.median(rows[:, column]))
    measures = said["measures"]
    assert measures["cost"]["own"] == pytest.approx(found["found"]["objective"])
    # 2,288 of 3,080 alerts in the west.
    assert measures["load"]["own"] == pytest.approx(2288 / 1540)
    assert (rows[:, 2] <= 1.6 + 1e-9).all()
    assert (out / "random_plans.png").stat().st_size > 10_000
    # Moves by hand need the names of cells, so that few cells bear them on the map.
    assert "c34" in (out / "beats.svg").read_text(encoding="utf-8")
    table = (out / "against_random_plans.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(table) == 4


def test_beats_that_break_a_rule_are_not_compared(small: Path, tmp_path: Path) -> None:
    done = command(
        "beats", small, "--drawn", drawn(tmp_path, HALVES), "--ensemble", 30, "--lang", "en"
    )
    assert done.exit_code == 1
    assert "Not compared with random plans" in " ".join(done.output.split())


def test_borders_are_measured_on_the_map(small: Path, tmp_path: Path) -> None:
    """Between the halves two squares' sides of 0.02 degrees of latitude; half for each."""
    path = drawn(tmp_path, HALVES)
    found = document("beats", small, "--drawn", path, "--tolerance", "0.6", "--objective",
                     "border")["found"]  # fmt: skip
    side_km = 2 * STEP * _M_PER_DEG / 1000
    assert found["objective"] == pytest.approx(side_km, rel=0.01)
    assert [b["price"] for b in found["beats"]] == pytest.approx([side_km / 2] * 2, rel=0.01)
    assert found["mean_minutes"] > 0


def far_island(rows: list[Row]) -> None:
    """The cells of station 6 lie beyond water."""
    for row in rows:
        if row["cell_id"].startswith("c6"):
            row["geometry"] = [[[x + WATER, y] for x, y in row["geometry"][0]]]


def far_seat(rows: list[Row]) -> None:
    rows[5]["lon"] = round(rows[5]["lon"] + WATER, 6)


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A road on the mainland, another on the island, none between."""

    def roads(spec: Row) -> None:
        quick(spec)
        spec["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}

    folder = tmp_path_factory.mktemp("island") / "case"
    write_case(folder, cells=far_island, stations=far_seat, case=roads)
    y = SOUTH + STEP - 0.002
    ends = [(WEST, WEST + 10 * STEP), (WEST + 10 * STEP + WATER, WEST + 12 * STEP + WATER)]
    lines = [{"type": "LineString", "coordinates": [[a, y], [b, y]]} for a, b in ends]
    features = [
        {"type": "Feature", "properties": {"road_class": "county"}, "geometry": line}
        for line in lines
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "roads.geojson").write_text(text, encoding="utf-8")
    return folder


def test_an_island_says_which_tolerance_is_enough(island: Path) -> None:
    """264 of 3,080 alerts are on it, 26% of a third: no beat of its own below 74.3%."""
    text = refused("beats", island, "--k", 3, "--tolerance", "0.4")
    assert "c61, c62, c63, c64" in text
    assert "--join CELL=CELL" in text
    assert "at least 0.7429" in text
    assert 0.7428 < 1 - 264 / (3080 / 3) <= 0.7429
    enough = document("beats", island, "--k", 3, "--tolerance", "0.7429")
    assert enough["found"]["valid"]


def test_an_island_joined_by_a_ferry_has_minutes(island: Path) -> None:
    found = document("beats", island, "--k", 3, "--tolerance", "0.4", "--join", "c52=c61")
    assert found["cells_without_road"] == ["c61", "c62", "c63", "c64"]
    assert found["found"]["valid"]
    assert np.isfinite(found["found"]["objective"])
    beat_of = found["found"]["beat_of"]
    assert any(beat_of[c] == beat_of["c61"] for c in ("c51", "c52", "c53", "c54"))
    done = command("beats", island, "--k", 3, "--tolerance", "0.4", "--join", "c52=c61",
                   "--lang", "en")  # fmt: skip
    assert "straight walks of 5 km/h" in " ".join(done.output.split())


def test_too_many_beats_are_one_problem_not_eight(small: Path) -> None:
    text = refused("beats", small, "--k", 40)
    assert "1 problem(s)" in text
    assert "there are 24 cells" in text


def test_the_tolerance_that_a_heavy_cell_needs_is_enough(small: Path) -> None:
    """440 alerts in a cell, 280 in an even beat of eleven: 57.15%, rounded up."""
    text = refused("beats", small, "--k", 11)
    assert "at least 0.5715" in text
    done = command("beats", small, "--k", 11, "--tolerance", "0.5715", "--lang", "en")
    assert "heavier" not in done.output + done.stderr


def test_the_smallest_tolerance_is_told_and_is_enough(small: Path) -> None:
    """Four cells of 440 alerts in three beats of 586.7: one has 880."""
    asked = ("beats", small, "--station", "01", "--alone", "--k", 3)
    found = document(*asked, "--tolerance", "0.3", exit_code=1)
    assert found["status"] == "INFEASIBLE"
    least = found["smallest_tolerance_fraction"]
    assert least == pytest.approx(found["tolerance_bound_fraction"], abs=1e-6)
    assert least == pytest.approx(0.5)
    done = command(*asked, "--tolerance", "0.3", "--lang", "en")
    told = re.search(r"smallest tolerance that beats can keep is ([\d.]+)%", done.output)
    assert told is not None
    typed = float(told[1]) / 100
    assert least <= typed + 1e-9 < least + 0.0011
    enough = document(*asked, "--tolerance", f"{typed:.4f}")
    assert enough["found"]["valid"]
