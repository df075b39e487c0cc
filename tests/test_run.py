"""The main job through the command line: outputs, proofs, determinism, exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyogrio
import pytest
from click.testing import CliRunner, Result

from optimizer.plan import Plan
from scenarios.case import open_case
from scenarios.cases.recipe import write_case as write_recipe
from scenarios.cli import jingli
from scenarios.run import Run, run_case
from tests.small_case import Row, write_case

FILES = {
    "plan.json", "evaluation.json", "plan.gpkg", "map.png", "map.svg", "map.pdf", "manifest.json",
    "measures.csv", "bundles.csv", "moves.csv", "road_duties.csv", "townships.csv", "units.csv",
    "provenance.csv", "quality.csv", "plan.xlsx", "assignment.csv", "townships_plan.csv",
    "stations_plan.csv",
}  # fmt: skip


def command(*arguments: str) -> Result:
    done = CliRunner().invoke(jingli, [*arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case")


@pytest.fixture(scope="module")
def written(small: Path) -> Path:
    out = small.parent / "out"
    done = command("run", str(small), "--out", str(out), "--lang", "en")
    assert done.exit_code == 0, done.output
    return out


def test_all_files_are_there_and_in_the_manifest(written: Path) -> None:
    present = {p.name for p in written.iterdir()}
    assert present >= FILES
    manifest = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == present - {"manifest.json"}
    assert set(manifest["inputs"]) == {
        "case.yaml", "stations.csv", "cells.geojson", "squads.csv", "units.csv",
    }  # fmt: skip
    assert manifest["seed"] == 0
    assert manifest["status"] == "OPTIMAL"


def test_the_same_input_gives_the_same_bytes(small: Path, written: Path) -> None:
    again = small.parent / "again"
    assert command("run", str(small), "--out", str(again), "--lang", "en").exit_code == 0
    for name in sorted(FILES - {"manifest.json"}):
        assert (again / name).read_bytes() == (written / name).read_bytes(), name


def test_an_earlier_run_is_replaced_and_a_strangers_folder_is_not(
    small: Path, written: Path, tmp_path: Path
) -> None:
    assert command("run", str(small), "--out", str(written), "--lang", "en").exit_code == 0
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    done = command("run", str(small), "--out", str(tmp_path))
    assert done.exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["diary.txt"]


def test_the_plan_on_file_is_the_plan_that_was_judged(written: Path) -> None:
    plan = Plan.from_json((written / "plan.json").read_text(encoding="utf-8"))
    judged = json.loads((written / "evaluation.json").read_text(encoding="utf-8"))
    assert judged["plan"]["plan_digest"] == plan.digest
    assert judged["plan"]["centres"] == sum(len(b.station_ids) > 1 for b in plan.bundles)
    stages = {p["stage"]: p for p in judged["proofs"]}
    assert stages["bundling"]["objective"] == pytest.approx(judged["plan"]["objective"], abs=1e-3)


def test_tables_hold_every_station_and_township(written: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        text = (written / name).read_text(encoding="utf-8-sig")
        return list(csv.DictReader(text.splitlines()))

    assert sum(int(r["Stations"]) for r in rows("bundles.csv")) == 6
    assert len(rows("townships.csv")) == 6
    before = sum(int(r["Officers before"]) for r in rows("units.csv"))
    assert before == sum(int(r["Officers after"]) for r in rows("units.csv")) == 20 + 5 * 6 + 4 + 10


def test_the_geopackage_opens(written: Path) -> None:
    layers = {str(name) for name, _ in pyogrio.list_layers(written / "plan.gpkg")}
    assert layers >= {"jurisdictions_today", "jurisdictions_plan", "stations", "cells", "moves"}
    assert len(pyogrio.read_dataframe(written / "plan.gpkg", layer="stations")) == 6


def test_json_is_for_machines_alone(small: Path) -> None:
    done = command("run", str(small), "--json")
    document = json.loads(done.stdout)
    assert document["status"] == "OPTIMAL"
    assert document["modelled"] == ["alerts.rhythm", "roads"]
    assert document["today"]["officers_in_post"] == document["plan"]["officers_in_post"]


def test_no_plan_is_exit_code_1_with_reasons_and_no_folder(tmp_path: Path) -> None:
    def impossible(case: Row) -> None:
        case["policy"]["bundling"] = {"centres": 3, "stations_bundled": 5}

    folder = write_case(tmp_path / "case", case=impossible)
    done = command("run", str(folder), "--out", str(tmp_path / "out"), "--lang", "en")
    assert done.exit_code == 1
    assert "bundling.centres" in done.output
    assert "bundling.stations_bundled" in done.output
    assert not (tmp_path / "out").exists()


def test_chinese_all_through(small: Path) -> None:
    done = command("run", str(small), "--lang", "zh")
    assert done.exit_code == 0
    for word in ("现状", "方案", "中心派出所", "警务室"):
        assert word in done.output


def test_validate_says_what_was_read(small: Path, tmp_path: Path) -> None:
    done = command("validate", str(small), "--out", str(tmp_path / "q"), "--lang", "en")
    assert done.exit_code == 0
    assert "The case can be run" in done.output
    assert {p.name for p in (tmp_path / "q").iterdir()} >= {"quality.csv", "manifest.json"}


def test_validate_still_shows_quality_beside_errors(tmp_path: Path) -> None:
    def wrong(rows: list[Row]) -> None:
        rows[0]["officers"] = "many"

    done = command("validate", str(write_case(tmp_path / "case", stations=wrong)), "--lang", "en")
    assert done.exit_code == 2
    assert "cells.geojson" in done.output
    assert "officers = many" in done.output.replace("\n", " ")


def test_unknown_scenario_and_case_are_bad_input(small: Path) -> None:
    assert command("run", str(small), "-s", "nope").exit_code == 2
    assert command("run", "no-such-case").exit_code == 2


def test_schema_is_json() -> None:
    schema = json.loads(command("schema").stdout)
    assert "layers" in schema["properties"]


def test_cases_lists_dianjiang() -> None:
    assert "dianjiang" in command("cases").stdout


@pytest.fixture(scope="module")
def dianjiang() -> dict[str, Run]:
    case = open_case("dianjiang")
    return {name: run_case(case, name) for name in ("as_published", "free")}


def test_dianjiang_as_published(dianjiang: dict[str, Run]) -> None:
    """What was published comes out as asked: 17 into 8, 15 duty stations, 15 + 17 officers."""
    run = dianjiang["as_published"]
    assert run.result.status.value == "OPTIMAL"
    plan = run.result.plan
    assert plan is not None
    bundled = [b for b in plan.bundles if len(b.station_ids) > 1]
    assert len(bundled) == 8
    assert sorted(len(b.station_ids) for b in bundled) == [2] * 7 + [3]
    assert len(plan.dissolved_squad_ids) == 5
    assert len({d.duty_id for d in plan.road_duties}) == 15
    stations = run.loaded.county.stations
    urban = {s for s, u in zip(stations.station_id, stations.is_urban, strict=True) if u}
    moved = [m for m in plan.moves if m.reason == "reassign"]
    assert sum(m.officers for m in moved if m.to_id in urban) == 15
    assert sum(m.officers for m in moved if m.to_id not in urban) == 17
    inside = {s for b in bundled for s in b.station_ids}
    assert {m.from_id for m in moved} <= inside


def test_dianjiang_free_is_no_worse_in_its_own_objective(dianjiang: dict[str, Run]) -> None:
    free, published = dianjiang["free"], dianjiang["as_published"]
    assert free.plan is not None
    assert published.plan is not None
    assert free.result.status.value == "OPTIMAL"
    assert free.plan.objective <= published.plan.objective + 1e-6


@pytest.mark.parametrize(("county", "stations"), [("daye", 16), ("jiangyou", 40), ("anxi", 24)])
def test_other_counties_run_by_the_same_recipe(
    shared: Path, tmp_path: Path, county: str, stations: int
) -> None:
    write_recipe(shared / county, tmp_path / county)
    run = run_case(open_case(str(tmp_path / county)), "free")
    assert run.result.status.value == "OPTIMAL"
    assert run.plan is not None
    assert len(run.loaded.county.stations) == stations
    assert run.plan.objective <= run.today.objective


def test_carrollton_runs_on_its_real_streets_and_calls(shared: Path) -> None:
    folder = Path(__file__).resolve().parent.parent / "examples" / "carrollton"
    assert shared.is_dir()
    run = run_case(open_case(str(folder)), None)
    assert run.result.status.value == "OPTIMAL"
    cells = run.loaded.county.cells
    assert len(run.loaded.county.stations) == 12
    assert len(cells) == 320
    assert cells.alerts_per_year.sum() * 536 / 365 == pytest.approx(129_082 - 97)
    aside = run.inspection.quarantined["cells"]
    assert len(aside) == 5


def test_a_stage_with_nothing_to_decide_claims_no_proof(tmp_path: Path) -> None:
    def kept(case: Row) -> None:
        case["policy"]["traffic"] = {"dissolve_squads": False}

    output = command("run", str(write_case(tmp_path / "case", case=kept)), "--lang", "en").output
    assert "traffic consolidation: nothing to decide" in output
