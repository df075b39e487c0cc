"""Bundles of four and five: priced, chosen, staffed, given roads, judged, drawn and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geo.colouring import fills
from optimizer.bundling import bundle
from optimizer.columns import UNITS_PER_OFFICER
from optimizer.consolidation import consolidate
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.plan import Bundle, Plan
from optimizer.policy import Policy
from optimizer.result import Status
from scenarios.language import translator
from scenarios.sizes import sizes_text
from tests.command_line import command, document, said
from tests.small_case import Row, write_case
from tests.test_bundling import brute_force
from tests.test_columns import policy
from tests.toy import random_county, toy_county

LOOSE: dict[str, Any] = {
    "response": {"rural_min": 60.0, "share_within_fraction": 0.0, "farthest_min": 120.0},
    "weights": {"overload_per_officer": 0.0, "response_per_1000_alert_min": 0.01},
}


def loose(size: int, **bundling: Any) -> Policy:
    rules = {"max_bundle_size": size, "max_office_travel_min": 90.0, **bundling}
    return policy(bundling=rules, **LOOSE)


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_plan_has_a_large_one_and_equals_every_partition(size: int, seed: int) -> None:
    county = random_county(seed, 7, n_urban=0)
    rules = loose(size)
    bundles, proof = bundle(county, rules)
    assert bundles is not None
    assert proof.status is Status.OPTIMAL
    expected = brute_force(county, rules).key
    assert expected is not None
    assert proof.objective == pytest.approx(expected[0] / UNITS_PER_OFFICER, abs=1e-9)
    assert 4 <= max(len(b.station_ids) for b in bundles) <= size


def test_a_bundle_of_five_is_the_best_of_some_county() -> None:
    found = [bundle(random_county(seed, 7, n_urban=0), loose(5))[0] or () for seed in range(6)]
    assert any(len(b.station_ids) == 5 for bundles in found for b in bundles)


@pytest.mark.parametrize("size", [4, 5])
def test_the_whole_chain(size: int) -> None:
    county = toy_county(n_stations=8, grid_width=4, n_squads=2, n_units=2, seed=5)
    rules = loose(size, centres=1, stations_bundled=size).model_dump()
    rules["traffic"] |= {"dissolve_squads": True, "max_accident_travel_min": 90.0}
    rules["staffing"]["max_moves"] = 5
    checked = Policy.model_validate(rules)
    result = consolidate(county, checked)
    assert [p.status for p in result.proofs] == [Status.OPTIMAL] * 3
    plan = result.plan
    assert plan is not None
    assert violations(county, checked, plan) == ()
    (joint,) = (b for b in plan.bundles if b.office_ids)
    assert len(joint.station_ids) == size
    colour = fills(county, plan).plan
    row = county.stations.index()
    assert len({colour[row[s]] for s in joint.station_ids}) == 1, "one bundle, one colour"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    size = 5

    def case(row: Row) -> None:
        row["policy"]["bundling"] = {
            "max_bundle_size": size, "centres": 1, "stations_bundled": size,
            "max_office_travel_min": 90,
        }  # fmt: skip
        row["policy"]["response"] = {
            "rural_min": 60, "share_within_fraction": 0, "farthest_min": 120,
        }  # fmt: skip

    folder = write_case(tmp_path_factory.mktemp("case"), case=case)
    return size, folder


def test_consoles_files_and_report(run: tuple[int, Path], tmp_path: Path) -> None:
    size, folder = run
    out = tmp_path / "out"
    done = command("run", folder, "--no-store", "--out", out, "--lang", "zh")
    assert done.exit_code == 0
    text = " ".join(done.output.split())
    assert f"按规模：{'四五'[size - 4]}合一1个" in text
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert sorted(len(b["station_ids"]) for b in plan["bundles"]) == [1] * (6 - size) + [size]
    assert f"1 × {size}-into-1" in said("show", out)
    page = tmp_path / "report.html"
    assert command("report", out, "--out", page, "--lang", "zh").exit_code == 0
    assert f"其中{'四五'[size - 4]}合一1个" in page.read_text(encoding="utf-8")
    kept = document("show", out)
    assert kept["status"] == "OPTIMAL"


def test_sizes_are_told_smallest_first() -> None:
    county = toy_county(n_stations=8)
    ids = county.stations.station_id
    parts = (ids[:2], ids[2:4], ids[4:7], ids[7:])
    plan = Plan(bundles=tuple(Bundle(centre_id=p[0], station_ids=p) for p in parts))
    rows = evaluate(county, Policy(), plan).bundles
    assert sizes_text(rows, translator("en")) == "2 × 2-into-1, 1 × 3-into-1"
    assert sizes_text(rows, translator("zh")) == "二合一2个，三合一1个"
