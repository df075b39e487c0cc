"""`jingli diff`: what two runs decide and reach differently."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.plan import Bundle, Move, Plan, RoadDuty
from scenarios.difference import ALONE, DISSOLVED, KEPT, Change, decisions
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")

NAMES = {one: one.upper() for one in ("a", "b", "c", "q", "u")}


def plan(**parts: object) -> Plan:
    lone = tuple(Bundle(centre_id=s, station_ids=(s,)) for s in "abc")
    return Plan(**({"bundles": lone} | parts))  # type: ignore[arg-type]


def test_no_difference() -> None:
    assert decisions(plan(), plan(), NAMES) == ()


def test_a_new_bundle_is_said_once_for_all_its_stations() -> None:
    bundled = plan(
        bundles=(
            Bundle(centre_id="b", station_ids=("a", "b")),
            Bundle(centre_id="c", station_ids=("c",)),
        )
    )
    assert decisions(plan(), bundled, NAMES) == (
        Change(kind="bundle", what="A、B", a=ALONE, b="B ← A"),
    )


def test_another_centre_is_another_bundle() -> None:
    def under(centre: str) -> Plan:
        lone = Bundle(centre_id="c", station_ids=("c",))
        return plan(bundles=(Bundle(centre_id=centre, station_ids=("a", "b")), lone))

    assert decisions(under("a"), under("b"), NAMES) == (
        Change(kind="bundle", what="A、B", a="A ← B", b="B ← A"),
    )


def test_roads_squads_moves_and_strength() -> None:
    before = plan(
        road_duties=(RoadDuty(station_id="a", duty_id="q"),),
        strength=(("a", 5), ("q", 3)),
    )
    after = plan(
        road_duties=(RoadDuty(station_id="a", duty_id="b"),),
        dissolved_squad_ids=("q",),
        strength=(("a", 4), ("u", 1)),
        moves=(
            Move(from_id="a", to_id="u", officers=1, reason="reassign"),
            Move(from_id="q", to_id="b", officers=3, reason="road_duty"),
        ),
    )
    assert decisions(before, after, NAMES) == (
        Change(kind="road_duty", what="A", a="Q", b="B"),
        Change(kind="squad", what="Q", a=KEPT, b=DISSOLVED),
        Change(kind="move", what="A → U", a="", b="1"),
        Change(kind="strength", what="A", a="5", b="4"),
        Change(kind="strength", what="Q", a="3", b=""),
        Change(kind="strength", what="U", a="", b="1"),
    )


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "free": {"description": "自由"},
        "one": {"policy": {"bundling": {"centres": 1}}},
        "both": {"policy": {"bundling": {"centres": 3, "stations_bundled": 5}}},
        "busy": {"alerts": {"factor": 1.2}, "reason": "夏季"},
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small") / "case", case=scenarios)


def test_scenario_to_scenario(small: Path) -> None:
    text = said("diff", "free", "one", "--case", small)
    for part in (
        "policy.bundling.centres: as in the case → 1",
        "Officers freed by bundling",
        "bundles are the same in both",
        "stays alone",
    ):
        assert part in text, part
    found = document("diff", "free", "one", "--case", small)
    assert found["inputs"] == [{"key": "policy.bundling.centres", "a": None, "b": "1"}]
    assert found["same_data"]
    assert not found["same_policy"]
    centres = next(m for m in found["measures"] if m["name"] == "centres")
    assert (centres["a"], centres["b"]) == (2, 1)
    assert {t["township"] for t in found["townships"]} == {f"{n}镇" for n in "甲乙丙丁戊己"}


def test_measures_say_who_is_better(small: Path) -> None:
    found = document("diff", "free", "one", "--case", small)
    by_name = {m["name"]: m for m in found["measures"]}
    freed, response = by_name["officers_freed"], by_name["mean_response_min"]
    assert freed["better"] == ("a" if freed["a"] > freed["b"] else "b")
    assert response["better"] == ("a" if response["a"] < response["b"] else "b")
    assert by_name["centres"]["better"] is None


def test_other_data_is_said(small: Path) -> None:
    assert "saw different data" in said("diff", "free", "busy", "--case", small)


def test_run_to_run_and_folder(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_id = document("run", small, "-s", "one")["run_id"]
    said("run", small, "-s", "one", "--out", out)
    assert "decide exactly the same" in said("diff", run_id, out)
    assert document("diff", run_id, out)["decisions"] == []


def test_chinese(small: Path) -> None:
    done = command("diff", "free", "one", "--case", small, "--lang", "zh")
    assert done.exit_code == 0
    assert "自由" not in done.output  # the description is not part of a difference


def test_what_is_no_run_is_refused_all_at_once(small: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    text = refused("diff", "nope", tmp_path / "empty")
    assert "2 problem(s)" in text
    assert "jingli runs" in text
    assert "complete and unchanged" in text


def test_a_folder_that_was_tampered_with(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said("run", small, "-s", "one", "--out", out)
    (out / "evaluation.json").write_text('{"case": 1}', encoding="utf-8")
    assert "complete and unchanged" in refused("diff", out, out)


def test_a_run_without_a_plan_has_nothing_to_compare(small: Path) -> None:
    assert "a run with a plan" in refused("diff", "free", "both", "--case", small)
    assert "nope" in refused("diff", "free", "nope", "--case", small)
