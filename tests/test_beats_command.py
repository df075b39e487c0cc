"""`jingli beats`: drawn, given, moved by hand, scored; on the console, as JSON and as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from tests.command_line import command, document, refused, said
from tests.small_case import write_case, write_csv

WEST = {f"c{s}{i}": "W" if s <= 3 else "E" for s in range(1, 7) for i in range(1, 5)}
"""Two beats: stations 1 to 3, and 4 to 6."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six stations of four square cells in a row, 3,080 alerts, 1,760 of them in the first."""
    return write_case(tmp_path_factory.mktemp("beats") / "case")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGLI_STORE", str(tmp_path / "runs.sqlite"))


def drawn(folder: Path, beat_of: dict[str, str] | None = None, name: str = "drawn.csv") -> Path:
    rows = [{"cell_id": c, "beat": b} for c, b in (beat_of or WEST).items()]
    write_csv(folder / name, rows)
    return folder / name


def scored(small: Path, path: Path, *more: object, exit_code: int = 0) -> Any:
    return document(
        "beats", small, "--drawn", path, "--tolerance", "0.6", *more, exit_code=exit_code
    )


def test_beats_are_drawn_with_a_bound(small: Path) -> None:
    found = document("beats", small, "--k", 3)
    assert found["status"] in ("OPTIMAL", "FEASIBLE")
    plan = found["found"]
    assert plan["valid"]
    assert found["bound"] <= plan["objective"] * (1 + 1e-9)
    assert set(plan["beat_of"]) == set(WEST)
    even = 3080 / 3
    for beat in plan["beats"]:
        assert abs(beat["work"] / even - 1) <= 0.1 + 1e-9
        assert beat["work_over_even"] == pytest.approx(beat["work"] / even)
        assert plan["beat_of"][beat["seat_id"]] == beat["name"]
    assert found["modelled"] == ["alerts.rhythm", "roads"]


def test_figures_of_given_beats(small: Path, tmp_path: Path) -> None:
    found = scored(small, drawn(tmp_path))
    assert found["status"] is None
    assert [b["name"] for b in found["found"]["beats"]] == ["E", "W"]
    east, west = found["found"]["beats"]
    # Cells of 440 alerts in the first station, of 66 elsewhere.
    assert (east["alerts_per_year"], west["alerts_per_year"]) == (12 * 66, 4 * 440 + 8 * 66)
    assert (east["residents"], west["residents"]) == (12 * 1500, 4 * 4000 + 8 * 1500)
    # 45 officers in all, shared out by alerts.
    assert east["officers"] + west["officers"] == pytest.approx(20 + 5 * 6)
    assert east["officers"] / west["officers"] == pytest.approx(792 / 2288)
    # A row of 6 x 2 squares, a little higher than wide on the ground.
    step = 0.02 * 111.2
    wide, high = 6 * step * np.cos(np.radians(30.22)), 2 * step
    assert east["area_km2"] == pytest.approx(wide * high, rel=0.01)
    perimeter = 2 * (wide + high)
    assert east["polsby_popper"] == pytest.approx(4 * np.pi * wide * high / perimeter**2, rel=0.01)
    disc = np.pi * (wide**2 + high**2) / 4
    assert east["reock"] == pytest.approx(wide * high / disc, rel=0.01)
    for beat in (east, west):
        assert beat["price"] == pytest.approx(beat["mean_minutes"] * beat["alerts_per_year"])
    assert found["found"]["objective"] == pytest.approx(east["price"] + west["price"])


def test_work_is_shared_out_by_what_is_asked(small: Path, tmp_path: Path) -> None:
    path = drawn(tmp_path)
    east, west = scored(small, path, "--balance", "residents")["found"]["beats"]
    assert (east["work"], west["work"]) == (18_000, 28_000)
    east, west = scored(small, path, "--balance", "minutes")["found"]["beats"]
    assert east["work"] / east["alerts_per_year"] != pytest.approx(1)


def test_a_move_is_scored_at_once_and_broken_rules_are_named(small: Path, tmp_path: Path) -> None:
    path = drawn(tmp_path)
    fine = scored(small, path, "--move", "c32=E")
    assert fine["edited"]["valid"]
    assert fine["edited"]["beat_of"]["c32"] == "E"
    assert fine["found"]["beat_of"]["c32"] == "W"
    assert fine["moves"] == [{"cell_id": "c32", "from_beat": "W", "to_beat": "E"}]
    broken = scored(small, path, "--move", "c11=E", exit_code=1)["edited"]["broken"]
    assert [(b["rule"], b["beat"], b["cells"]) for b in broken] == [
        ("beats.contiguous", "E", ["c11"])
    ]
    done = command(
        "beats", small, "--drawn", path, "--tolerance", "0.6", "--move", "c11=E", "--lang", "en"
    )
    assert done.exit_code == 1
    assert "beat E is in 2 pieces; apart: c11" in done.output
    tight = document("beats", small, "--drawn", path, exit_code=1)["found"]["broken"]
    assert [(b["rule"], b["beat"], b["value"]) for b in tight] == [
        ("beats.tolerance_fraction", "E", 792), ("beats.tolerance_fraction", "W", 2288)
    ]  # fmt: skip


def test_a_seat_that_moves_away_is_replaced(small: Path, tmp_path: Path) -> None:
    path = drawn(tmp_path)
    (seat,) = (b["seat_id"] for b in scored(small, path)["found"]["beats"] if b["name"] == "E")
    edited = document(
        "beats", small, "--drawn", path, "--tolerance", "2", "--move", f"{seat}=W",
        exit_code=1,
    )["edited"]  # fmt: skip
    east = edited["beats"][0]
    assert edited["beat_of"][east["seat_id"]] == "E"
    assert "beats.seat" not in [b["rule"] for b in edited["broken"]]


def test_against_today(small: Path, tmp_path: Path) -> None:
    path = drawn(tmp_path)
    then = drawn(tmp_path, WEST | {"c32": "E"}, "today.csv")
    found = scored(small, path, "--today", then)
    assert found["changed_cells"] == ["c32"]
    assert [b["changed"] for b in found["found"]["beats"]] == [0, 1]
    capped = scored(small, path, "--today", then, "--max-changes", 0, exit_code=1)
    assert [b["rule"] for b in capped["found"]["broken"]] == ["beats.max_changes"]
    stations = scored(small, path, "--today", "stations")
    assert len(stations["today"]["beats"]) == 6
    # Of the three stations of each beat one carries on.
    assert len(stations["changed_cells"]) == 16


def test_villages_grids_seats_and_joins(small: Path, tmp_path: Path) -> None:
    path = drawn(tmp_path)
    rows = [{"cell_id": c, "village": "", "grid": "", "may_seat": "yes"} for c in WEST]
    for row in rows:
        if row["cell_id"] in ("c32", "c41"):
            row["village"] = "河口村"
        if row["cell_id"].startswith("c6"):
            row["may_seat"] = "no"
    write_csv(tmp_path / "cells.csv", rows)
    found = scored(small, path, "--cells", tmp_path / "cells.csv", exit_code=1)["found"]
    assert [(b["rule"], b["cells"]) for b in found["broken"]] == [("beats.group", ["c32", "c41"])]
    assert not any(b["seat_id"].startswith("c6") for b in found["beats"])
    found = scored(small, path, "--seat", "c61")["found"]
    assert found["beats"][0]["seat_id"] == "c61"
    joined = scored(small, path, "--move", "c11=E", "--join", "c11=c41")
    assert joined["edited"]["valid"]


def test_one_station_as_it_is_today(small: Path) -> None:
    found = document("beats", small, "--station", "甲", "--alone", "--k", 2)
    assert found["unit"] == "01"
    assert set(found["found"]["beat_of"]) == {"c11", "c12", "c13", "c14"}
    assert {b["name"] for b in found["found"]["beats"]} == {"01-1", "01-2"}
    assert sum(b["officers"] for b in found["found"]["beats"]) == pytest.approx(20)


def test_a_unit_of_the_plan_is_drawn_for_organise(small: Path, tmp_path: Path) -> None:
    ran = document("run", small, "--store", tmp_path / "kept.sqlite")
    bundle = max(ran["plan"]["bundles"], key=lambda b: len(b["station_ids"]))
    out = tmp_path / "beats"
    kept = (ran["run_id"], "--store", tmp_path / "kept.sqlite")
    found = document(
        "beats", *kept, "--station", bundle["station_ids"][-1], "--k", 2, "--tolerance", 2,
        "--out", out,
    )  # fmt: skip
    assert found["unit"] == bundle["centre_id"]
    assert found["station_ids"] == bundle["station_ids"]
    units = document("organise", *kept, "--unit", bundle["centre_id"], "--beats", out / "beats.csv")
    areas = {a["area_id"] for u in units["units"] for a in u["areas"]}
    assert areas <= {b["name"] for b in found["found"]["beats"]}


def test_files(small: Path, tmp_path: Path) -> None:
    path, out = drawn(tmp_path), tmp_path / "out"
    then = drawn(tmp_path, WEST | {"c32": "E"}, "today.csv")
    found = scored(small, path, "--today", then, "--out", out)
    with (out / "beats.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["cell_id"]: r["beat"] for r in rows} == WEST
    assert [r["cell_id"] for r in rows if r["changed"] == "yes"] == ["c32"]
    assert json.loads((out / "beats.json").read_text(encoding="utf-8")) == found
    layers = {str(name) for name, _kind in pyogrio.list_layers(out / "beats.gpkg")}
    assert {"beats", "cells", "seats"} <= layers
    beats = pyogrio.read_dataframe(out / "beats.gpkg", layer="beats")
    assert list(beats["name"]) == ["E", "W"]
    assert beats["alerts_per_year"].sum() == 3080
    sheets = CalamineWorkbook.from_path(str(out / "beats.xlsx")).sheet_names
    assert sheets[1:] == ["Beats", "Today's beats"]
    assert (out / "beats.png").stat().st_size > 20_000
    # What was written is read again, seats too.
    again = scored(small, out / "beats.csv")
    assert again["found"]["beats"] == [b | {"changed": 0} for b in found["found"]["beats"]]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_console_holds_at_80_columns(
    small: Path, tmp_path: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = drawn(tmp_path)
    done = command(
        "beats", small, "--drawn", path, "--tolerance", "0.6", "--today", "stations",
        "--move", "c32=E", "--lang", lang,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert max(cell_len(line) for line in done.output.splitlines()) <= 80
    assert ("Modelled" if lang == "en" else "推算") in done.output


def test_everything_wrong_is_said_together(small: Path, tmp_path: Path) -> None:
    wrong = dict(list(WEST.items())[2:]) | {"x99": "E"}
    text = refused(
        "beats", small, "--drawn", drawn(tmp_path, wrong), "--seat", "nowhere", "--join", "c11",
        "--max-changes", 3, "--grid-rule", "whole",
    )  # fmt: skip
    assert "x99" in text
    assert "2 are missing" in text
    assert "--seat = nowhere" in text
    assert "--join = c11" in text
    assert "--today beside it" in text
    both = refused("beats", small, "--drawn", drawn(tmp_path), "--move", "c1=E", "--move", "c11=N")
    assert "c1=E" in both
    assert "c11=N" in both
    assert "--cells beside it" in refused("beats", small, "--k", 2, "--grid-rule", "whole")
    assert "--station = Z" in refused("beats", small, "--station", "Z", "--alone")


def test_what_cannot_be_drawn_is_said(small: Path) -> None:
    text = refused("beats", small, "--k", 25)
    assert "there are 24 cells" in text
    text = refused("beats", small, "--k", 12)
    assert "heavier than a whole beat" in text


def test_the_help_is_in_both_languages() -> None:
    assert "Contiguous beats" in said("beats", "--help")
    done = command("--lang", "zh", "beats", "--help")
    assert done.exit_code == 0
