"""`jingli explain`: one bundle, a pair, a set, the summary, no plan; in both languages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from geo.atomic import MANIFEST, MANIFEST_KEY
from scenarios.explain import Explanation
from scenarios.explain_show import show_set, show_summary
from scenarios.explain_show_bundle import show_bundle
from scenarios.language import Language, translator
from scenarios.opened import open_asked
from scenarios.store import open_store
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def county(case: Row) -> None:
    case["policy"]["response"] = {"rural_min": 60}
    case["policy"]["bundling"] = {"max_office_travel_min": 60}
    case["scenarios"] = {
        "kept": {"policy": {"bundling": {"locks": {"keep": ["丙派出所"]}}}},
        "busy": {"reason": "assumed", "alerts": {"factors": {"all": {"factor": 3.0}}}},
        "none": {"policy": {"bundling": {"centres": 3, "stations_bundled": 5}}},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """A case, a store, and the id of each scenario's run; the default's run has a folder too."""
    base = tmp_path_factory.mktemp("explain")
    case, store = write_case(base / "case", case=county), base / "runs.sqlite"
    ids = {}
    for name in ("", "kept", "busy", "none"):
        words = ["-s", name] if name else []
        done = document("run", case, "--store", store, *words, exit_code=name == "none")
        ids[name] = done["run_id"]
    with open_store(store) as opened:
        record = opened.get(ids[""]).record
    assert record.plan is not None
    # What an output folder is read by; its maps take seconds.
    (base / "out").mkdir()
    manifest = json.dumps({MANIFEST_KEY: record.version, "command": record.command})
    for file, text in (
        ("plan.json", record.plan),
        ("evaluation.json", record.evaluation),
        (MANIFEST, manifest),
    ):
        (base / "out" / file).write_text(text, encoding="utf-8")
    return base, store, ids


@pytest.fixture(scope="module")
def found(made: tuple[Path, Path, dict[str, str]]) -> Explanation:
    _base, store, ids = made
    return Explanation(open_asked(ids[""], None, (), lambda: open_store(store)))


def explained(made: tuple[Path, Path, dict[str, str]], scenario: str, *words: str) -> Any:
    _base, store, ids = made
    return document("explain", ids[scenario], "--store", store, *words)


def test_the_summary_is_what_the_run_decided(
    made: tuple[Path, Path, dict[str, str]], found: Explanation
) -> None:
    base, _store, _ids = made
    told = explained(made, "")
    plan = json.loads((base / "out" / "plan.json").read_text(encoding="utf-8"))
    joint = [b for b in plan["bundles"] if len(b["station_ids"]) > 1]
    assert joint
    assert sorted(b["bundle"]["centre_id"] for b in told["bundles"]) == [
        b["centre_id"] for b in joint
    ]
    evaluation = json.loads((base / "out" / "evaluation.json").read_text(encoding="utf-8"))
    freed = {b["centre_id"]: b["officers_freed"] for b in evaluation["plan"]["bundles"]}
    for one in told["bundles"]:
        mine = one["apart"]["officers"] - one["together"]["officers"]
        assert mine == pytest.approx(freed[one["bundle"]["centre_id"]])
    assert told["solved_again"] == ["bundling"]
    # Six stations in a row: every two neighbours are in one bundle or explained.
    pairs = {tuple(p["station_ids"]) for p in told["pairs"]}
    homes = {s: b["centre_id"] for b in plan["bundles"] for s in b["station_ids"]}
    apart = {(f"0{i}", f"0{i + 1}") for i in range(1, 6) if homes[f"0{i}"] != homes[f"0{i + 1}"]}
    assert pairs == apart


def test_folder_id_and_case_tell_the_same(made: tuple[Path, Path, dict[str, str]]) -> None:
    base, store, _ids = made
    by_id = explained(made, "", "--bundle", "乙")
    by_folder = document("explain", base / "out", "--bundle", "02")
    by_case = document("explain", base / "case", "--store", store, "--bundle", "乙派出所")
    for other in (by_folder, by_case):
        assert other["bundle"] == by_id["bundle"]


def test_a_run_is_explained_in_its_own_world(made: tuple[Path, Path, dict[str, str]]) -> None:
    """Three times the alerts: the queue that is told is that of the scenario."""
    usual, busy = (explained(made, name)["bundles"][0]["queues"] for name in ("", "busy"))
    for before, after in zip(usual, busy, strict=False):
        assert after["jobs_per_hour"] == pytest.approx(3.0 * before["jobs_per_hour"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_screen(
    found: Explanation, language: Language, width: int
) -> None:
    _ = translator(language)
    paper = io.StringIO()
    console = Console(file=paper, width=width, highlight=False)
    show_summary(found, console, _)
    show_bundle(found, found.bundles[0], console, _)
    show_set(found, found.pairs[0], console, _)
    show_set(found, found.lone[0], console, _)
    lines = paper.getvalue().splitlines()
    assert len(lines) > 60
    assert max(map(cell_len, lines)) <= width
    assert "None" not in paper.getvalue()
    assert "{" not in paper.getvalue()


def test_a_bundle_is_told_in_full(made: tuple[Path, Path, dict[str, str]]) -> None:
    _base, store, ids = made
    text = said("explain", ids[""], "--store", store, "--bundle", "乙")
    for part in (
        "What it frees", "crews round the clock", "busiest", "What it costs whom", "Limits",
        "Why this centre", "The best plan without this bundle", "Instead:",
        "Bundling alone is solved again",
    ):  # fmt: skip
        assert part in text
    why = explained(made, "", "--bundle", "乙")["bundle"]
    crews = "+".join(str(need["crews"]) for need in why["alone"])
    assert f"need {crews} crews round the clock" in text
    assert f"{why['apart']['officers']:.2f} → {why['together']['officers']:.2f} officers" in text


def test_a_lone_station_is_told_with_its_neighbours(
    made: tuple[Path, Path, dict[str, str]],
) -> None:
    _base, store, ids = made
    text = said("explain", ids[""], "--store", store, "--bundle", "甲")
    assert "Why 甲派出所 stays alone" in text
    assert "A town station: those stay alone [bundling.rural_only]." in text
    assert "With each neighbour" in text
    told = explained(made, "", "--bundle", "01")
    assert [n["station_ids"] for n in told["neighbours"]] == [["01", "02"]]
    assert told["lone"]["verdict"] == "rule"


def test_pairs_and_sets(made: tuple[Path, Path, dict[str, str]]) -> None:
    _base, store, ids = made
    told = explained(made, "", "--why-not", "甲、乙")["set"]
    assert (told["verdict"], told["always"][0]) == ("rule", "bundling.rural_only")
    same = explained(made, "", "--pair", "乙,甲")["set"]
    assert same == told
    plan = explained(made, "")["bundles"][0]["bundle"]["station_ids"]
    joint = explained(made, "", "--pair", ",".join(plan[:2]))["set"]
    assert joint["verdict"] == "together"
    assert joint["price_total"] > 0
    far = explained(made, "", "--why-not", "02,06")["set"]
    assert (far["verdict"], far["between"]) == ("not_neighbours", ["03", "04", "05"])
    text = said("explain", ids[""], "--store", store, "--why-not", "02,06")
    assert "a bundle would need 5 stations; 3 are allowed" in text
    many = said("explain", ids[""], "--store", store, "--why-not", "02,03,04,05")
    assert "4 stations; a bundle has 3 at the most" in many


def test_a_lock_is_told_from_the_price(made: tuple[Path, Path, dict[str, str]]) -> None:
    _base, store, ids = made
    text = said("explain", ids["kept"], "--store", store)
    assert "A lock, not the price, decided part of this plan." in text
    pair = said("explain", ids["kept"], "--store", store, "--pair", "乙,丙")
    assert "a lock keeps these alone: 丙派出所 [bundling.locks.keep]" in pair
    assert explained(made, "")["locks"] is None
    assert explained(made, "kept")["locks"]["price"]["officers"] < 0


def test_without_a_plan_the_clash_and_the_ways_out_are_told(
    made: tuple[Path, Path, dict[str, str]],
) -> None:
    base, store, ids = made
    for asked in ([ids["none"], "--store", store], [base / "case", "-s", "none"]):
        done = command("explain", *asked, "--lang", "en")
        assert done.exit_code == 1
        text = " ".join(done.output.split())
        assert f"{'Run' if asked[0] == ids['none'] else 'Case'} {asked[0]} " in text
        assert "exactly 3 bundles of two or more [bundling.centres]" in text
        assert "exactly 5 stations in bundles [bundling.stations_bundled]" in text
        assert "Any one of these changes makes a plan possible" in text
        assert "bundling.centres: 3 → 2" in text
    told = document("explain", ids["none"], "--store", store, exit_code=1)
    assert {c["rule"] for c in told["clashing"]} == {
        "bundling.centres", "bundling.stations_bundled",
    }  # fmt: skip
    assert told["proofs"][0]["relaxations"]


def test_chinese(made: tuple[Path, Path, dict[str, str]]) -> None:
    _base, store, ids = made
    done = command("explain", ids[""], "--store", store, "--bundle", "乙", "--lang", "zh")
    assert done.exit_code == 0
    for part in ("腾出多少，为什么", "由谁承受", "为何以此所为中心", "不设此组的最优方案"):
        assert part in done.output
    done = command("explain", ids["none"], "--store", store, "--lang", "zh")
    assert "以下规则不能同时成立" in done.output


def test_tables_hold_all_bundles_and_all_rejected_pairs(
    made: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    told = explained(made, "", "--out", str(tmp_path / "why"))
    names = {p.name for p in (tmp_path / "why").iterdir()}
    assert names == {
        "explanation.json", "explained_bundles.csv", "rejected_pairs.csv", "manifest.json",
    }  # fmt: skip
    kept = json.loads((tmp_path / "why" / "explanation.json").read_text(encoding="utf-8"))
    assert kept == told

    def rows(name: str) -> list[list[str]]:
        text = (tmp_path / "why" / name).read_text(encoding="utf-8-sig")
        return list(csv.reader(io.StringIO(text)))[1:]

    bundles, pairs = rows("explained_bundles.csv"), rows("rejected_pairs.csv")
    assert [r[0] for r in bundles] == [b["bundle"]["centre_id"] for b in told["bundles"]]
    for row, one in zip(bundles, told["bundles"], strict=True):
        freed = one["apart"]["officers"] - one["together"]["officers"]
        assert float(row[6]) == pytest.approx(freed, abs=1e-4)
        assert sum(float(v) for v in row[7:10]) == pytest.approx(freed, abs=2e-4)
    assert [[r[0], r[2]] for r in pairs] == [p["station_ids"] for p in told["pairs"]]
    for row, pair in zip(pairs, told["pairs"], strict=True):
        assert row[4] == pair["verdict"]
        assert row[-1] == pair["said"]


def test_what_cannot_be_answered_is_refused(made: tuple[Path, Path, dict[str, str]]) -> None:
    _base, store, ids = made
    asked = ("explain", ids[""], "--store", store)
    both = refused(*asked, "--bundle", "乙", "--pair", "乙,丙")
    assert "one of --bundle, --pair and --why-not" in both
    strange = refused(*asked, "--why-not", "乙,庚,辛")
    assert "庚" in strange
    assert "辛" in strange
    assert "two different stations, separated by a comma" in refused(*asked, "--pair", "乙,02")
    assert "one station" in refused(*asked, "--bundle", "乙,丙")
    assert "a case, where a scenario is chosen" in refused(*asked, "-s", "kept")
    assert "id of a run" in refused("explain", "nowhere", "--store", store)


def test_a_changed_case_is_refused(tmp_path: Path) -> None:
    case, store = write_case(tmp_path / "case", case=county), tmp_path / "runs.sqlite"
    ids = [
        document("run", case, "--store", store, "-s", name, exit_code=code)["run_id"]
        for name, code in (("kept", 0), ("none", 1))
    ]
    text = (case / "case.yaml").read_text(encoding="utf-8")
    assert "rural_min: 60" in text
    (case / "case.yaml").write_text(text.replace("rural_min: 60", "rural_min: 59"), "utf-8")
    for run_id in ids:
        assert "the case as it was when the run was made" in refused(
            "explain", run_id, "--store", store
        )


def test_a_plan_that_somebody_edited_is_refused(
    made: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    """A town station put into a bundle by hand: that is no run's plan."""
    base, _store, _ids = made
    edited = tmp_path / "edited"
    edited.mkdir()
    for path in (base / "out").iterdir():
        if path.suffix == ".json":
            (edited / path.name).write_bytes(path.read_bytes())
    plan = json.loads((edited / "plan.json").read_text(encoding="utf-8"))
    ids = [f"0{i}" for i in range(1, 7)]
    joint = {"centre_id": "01", "station_ids": ["01", "02"]}
    rest = [{"centre_id": s, "station_ids": [s]} for s in ids[2:]]
    plan["bundles"] = [joint, *rest]
    (edited / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    assert "keeps every rule of the run's policy" in refused("explain", edited)
