"""`jingli reassign`: side by side with the scenario, rules from the layers' columns, refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len
from rich.console import Console

from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.reassignment_rules import Sent, broken_rules
from scenarios.case import open_case
from scenarios.language import Language, translator
from scenarios.opened import open_asked
from scenarios.prepared import Prepared
from scenarios.reassign import study_reassign
from scenarios.show_reassign import show_reassign
from scenarios.store import open_store
from tests.command_line import command, document, refused
from tests.small_case import Row, write_case


def rows(stations: list[Row]) -> None:
    for i, row in enumerate(stations):
        row["持枪民警"] = 15 if i == 0 else 0
        row["任职超期"] = 2 if i == 1 else 0
        row["艰苦岗位"] = "是" if i == 5 else "否"


def spec(case: Row) -> None:
    case["policy"]["response"] = {"rural_min": 60}
    case["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}
    case["policy"]["staffing"] = {
        "inflows": [{"to": "urban_stations", "officers": 1}],
        "give_only_from_bundles": True,
    }
    case["scenarios"] = {
        "few": {"policy": {"staffing": {"max_moves": 2}}},
    }


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("reassign") / "case", stations=rows, case=spec)


@pytest.fixture(scope="module")
def ran(case: Path) -> dict[str, Any]:
    """What the run of the case said; it is kept beside it."""
    made: dict[str, Any] = document("run", case, "--store", case.parent / "runs.sqlite")
    return made


@pytest.fixture(scope="module")
def run(case: Path, ran: dict[str, Any]) -> list[str]:
    return [ran["run_id"], "--store", str(case.parent / "runs.sqlite")]


def ask(case: Path, **rules: Any) -> list[str]:
    more = ["--set", f"policy.reassignment={json.dumps(rules)}"] if rules else []
    return ["reassign", str(case), "--today", *more]


def test_the_free_optimum_stands_beside_the_stated_inflows(
    run: list[str], ran: dict[str, Any]
) -> None:
    made = document("reassign", *run, "--recruits", "3", "--months", "2")
    assert made["stated"]["officers"] == {
        u["unit_id"]: u["officers_after"] for u in ran["plan"]["units"]
    }
    assert made["stated"]["moves"] == 1
    assert made["left_free"] == ["staffing.inflows", "staffing.give_only_from_bundles"]
    assert made["officers"]["status"] == "OPTIMAL"
    assert made["optimum"]["imbalance"] < made["stated"]["imbalance"]
    assert sum(made["optimum"]["officers"].values()) == sum(made["today"]["officers"].values())
    points = {p["moves"]: p["imbalance"] for p in made["frontier"]}
    assert points[0] == pytest.approx(made["today"]["imbalance"])
    assert points[made["officers"]["moves"]] == pytest.approx(made["optimum"]["imbalance"])
    # No plan of one move betters the frontier, the stated one included.
    assert points[1] <= made["stated"]["imbalance"]
    gains = [p["gain"] for p in made["frontier"][1:]]
    assert gains == sorted(gains, reverse=True)
    assert made["months"]["months"][-1]["moved"] == made["officers"]["moves"]
    assert made["months"]["months"][-1]["imbalance"] == pytest.approx(made["optimum"]["imbalance"])
    falls = [r["gain"] for r in made["recruits"]]
    assert len(falls) == 3
    assert falls == sorted(falls, reverse=True)


def test_on_the_console_in_both_languages(run: list[str]) -> None:
    opened = open_asked(run[0], None, (), lambda: open_store(run[2]))
    study = study_reassign(opened, recruits=2, months=2)
    languages: tuple[tuple[Language, tuple[str, ...]], ...] = (
        ("en", ("Free optimum", "town stations +1", "What each further move buys", "knee")),
        ("zh", ("自由最优", "城区派出所 +1", "每多调一人换来多少", "拐点")),
    )
    for lang, words in languages:
        screen = io.StringIO()
        show_reassign(study, Console(file=screen, width=80), translator(lang))
        text = screen.getvalue()
        for word in words:
            assert word in text, word
        assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_files_agree_with_the_document(run: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = document("reassign", *run, "--out", out)
    assert made == json.loads((out / "reassign.json").read_text(encoding="utf-8"))
    with (out / "transfers.csv").open(encoding="utf-8-sig", newline="") as file:
        people = [int(r["People"]) for r in csv.DictReader(file) if r["Role"] == "officers"]
    assert people == [t["people"] for t in made["officers"]["transfers"]]
    sheets = CalamineWorkbook.from_path(str(out / "reassign.xlsx")).sheet_names
    assert sheets == ["About", "Moves", "Units", "What each move buys"]
    assert (out / "strength.png").stat().st_size > 10_000
    assert (out / "frontier.svg").stat().st_size > 5_000


def test_qualifications_rotation_and_hardship_come_from_the_columns(case: Path) -> None:
    made = document(*ask(case, qualified={"firearm": {"02": 2, "03": 1}}))
    came = {"02": 0, "03": 0}
    for one in made["officers"]["transfers"]:
        for unit, sign in ((one["to_id"], 1), (one["from_id"], -1)):
            if unit in came:
                came[unit] += sign * one["holders"]["firearm"]
    assert came["02"] >= 2
    assert came["03"] >= 1
    left = document(*ask(case, rotation={"at_least": 2}))["officers"]["transfers"]
    assert sum(t["people"] for t in left if t["from_id"] == "02") >= 2
    plain = document(*ask(case))["optimum"]["officers"]["06"]
    assert document(*ask(case, hardship_price=-3.0))["optimum"]["officers"]["06"] > plain
    teams = document(*ask(case, teams={"residents_per_team": 2000, "auxiliaries": 1}))
    assert min(teams["optimum"]["officers"][f"0{s}"] for s in range(2, 7)) >= 3


def test_every_wrong_rule_in_one_list(case: Path) -> None:
    text = refused(
        *ask(
            case,
            floors={"rural_stations": 12, "nowhere": 3},
            caps={"01": 5},
            qualified={"traffic_law": {"01": 1}, "firearm": {"rural_stations": 6}},
        )
    )
    assert "nowhere" in text
    assert "a cap of at least its 20 officers today" in text
    assert "somebody with this qualification" in text
    assert "15 holders can fill; 15 are missing" in text
    # Five rural stations of 6 lack 6 each; town 20 and unit 10 can give.
    assert "lack 30" in text
    assert refused("reassign", str(case), "--today", "--per-month", "2")


def test_rules_without_their_columns(tmp_path: Path) -> None:
    bare = write_case(tmp_path / "bare")
    text = refused(*ask(bare, rotation={"at_least": 1}, hardship_price=1.0))
    assert "officers due for rotation somewhere; no layer counts any" in text
    assert "fill in the column is_hardship" in text


def test_a_floor_beyond_all_strength_names_units_and_shortage(case: Path) -> None:
    text = refused(*ask(case, floors={"rural_stations": 13}))
    # 5 x 7 = 35 are asked for; the town station gives 20 - 3, the unit 10.
    assert "lack 35, the others can give 27; 8 are missing" in text


def test_rules_that_clash_are_named_and_end_with_one(case: Path) -> None:
    done = command(*ask(case, qualified={"firearm": {"06": 2}}, max_move_min=0.1))
    assert done.exit_code == 1
    assert "Proven: no choice of moves keeps all rules." in done.output
    assert "reassignment.qualified" in done.output
    assert "reassignment.max_move_min" in done.output


def test_months_too_few_are_refused(run: list[str]) -> None:
    text = refused("reassign", *run, "--months", "1", "--per-month", "1")
    assert "officers a month" in text


# --- the judge ----------------------------------------------------------------------------------


def test_the_judge_finds_each_broken_rule(case: Path) -> None:
    opened = open_case(str(case))
    loaded = Prepared(opened).load(opened.scenario(None, ()))
    county, plan = loaded.county, current_plan(loaded.county)

    def rules(sent: list[Sent], staffing: dict[str, Any] | None = None, **own: Any) -> set[str]:
        policy = Policy.model_validate(
            {"reassignment": own, "staffing": {"min_officers_per_station": 0, **(staffing or {})}}
        )
        return {v.rule for v in broken_rules(county, policy, plan, sent)}

    def sent(a: str, b: str, n: int, firearm: int = 0) -> Sent:
        return Sent(from_id=a, to_id=b, people=n, holders=(("firearm", firearm),))

    one = sent("01", "02", 2)
    assert rules([one]) == set()
    assert rules([one], {"max_moves": 1}) == {"staffing.max_moves"}
    assert rules([one], {"give_only_from_bundles": True}) == {"staffing.give_only_from_bundles"}
    assert rules([sent("02", "01", 4)], {"min_officers_per_station": 3}) == {
        "staffing.min_officers_per_station"
    }
    assert rules([one], {"respect_establishment": True}) == {"staffing.respect_establishment"}
    assert rules([one], floors={"01": 19}) == {"reassignment.floors"}
    assert rules([one], caps={"02": 7}) == {"reassignment.caps"}
    assert rules([one], max_give_fraction=0.05) == {"reassignment.max_give_fraction"}
    assert rules([one], max_move_min=0.1) == {"reassignment.max_move_min"}
    assert rules([one], rotation={"at_least": 1}) == {"reassignment.rotation.at_least"}
    assert rules([sent("02", "01", 2)], rotation={"at_most": 1}) == {
        "reassignment.rotation.at_most"
    }
    assert rules([one], qualified={"firearm": {"02": 1}}) == {"reassignment.qualified"}
    assert rules([sent("01", "02", 2, 1)], qualified={"firearm": {"02": 1}}) == set()
    assert rules([one], qualified_fraction={"firearm": {"02": 0.1}}) == {
        "reassignment.qualified_fraction"
    }
    assert rules([one], teams={"residents_per_team": 400}) == {
        "reassignment.teams",
        "reassignment.auxiliary_teams",
    }
    assert rules([sent("q1", "02", 1)]) == {"moves.reason"}
    assert "strength.conserved" in rules([sent("02", "01", 7)])
    assert rules([sent("01", "01", 1)]) == {"moves.reason"}
