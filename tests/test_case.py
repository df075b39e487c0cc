from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from optimizer.errors import InputError
from scenarios.case import deep_merge, open_case
from scenarios.language import translator
from tests.small_case import Row, write_case

MINIMAL: dict[str, Any] = {
    "jingli": 1,
    "name": "测试县",
    "layers": {
        "stations": {"path": "stations.csv"},
        "cells": {"path": "cells.csv"},
        "roads": "modelled",
    },
}


def case_folder(tmp_path: Path, **changes: Any) -> Path:
    text = yaml.safe_dump(deep_merge(MINIMAL, changes), allow_unicode=True)
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def refused(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        open_case(str(folder))
    return [p.text() for p in caught.value.problems]


def test_a_minimal_case_opens_by_folder_and_by_file(tmp_path: Path) -> None:
    folder = case_folder(tmp_path)
    assert open_case(str(folder)).spec.name == "测试县"
    assert open_case(str(folder / "case.yaml")).spec.name == "测试县"


def test_all_errors_at_once_each_with_its_line(tmp_path: Path) -> None:
    folder = case_folder(
        tmp_path,
        policy={
            "bundling": {"max_bundel_size": 3, "centres": -1},
            "response": {"urban_min": "ten"},
        },
    )
    said = refused(folder)
    assert len(said) == 3
    typo = next(s for s in said if "max_bundel_size" in s)
    assert "did you mean max_bundle_size?" in typo
    assert "case.yaml line" in typo
    assert any("policy.bundling.centres = -1" in s and ">= 0" in s for s in said)
    assert any("policy.response.urban_min = ten" in s and "a number" in s for s in said)


def test_unknown_top_key_and_missing_key(tmp_path: Path) -> None:
    folder = case_folder(tmp_path, senarios={})
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace("name: 测试县\n", ""), encoding="utf-8")
    said = refused(folder)
    assert any("senarios" in s and "did you mean scenarios?" in s for s in said)
    assert any("name" in s and "required" in s for s in said)


def test_station_codes_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    folder = case_folder(tmp_path)
    with (folder / "case.yaml").open("a", encoding="utf-8") as file:
        file.write("policy:\n  bundling:\n    locks:\n      keep: [0421, 422, no]\n")
    assert open_case(str(folder)).spec.policy.bundling.locks.keep == ("0421", "422", "no")


def test_a_scenario_overrides_only_what_it_names(tmp_path: Path) -> None:
    folder = case_folder(
        tmp_path,
        policy={"bundling": {"max_bundle_size": 2, "centres": 4}},
        scenarios={"eight": {"policy": {"bundling": {"centres": 8}}}},
        default_scenario="eight",
    )
    case = open_case(str(folder))
    assert case.scenario_name(None) == "eight"
    policy = case.policy("eight")
    assert (policy.bundling.centres, policy.bundling.max_bundle_size) == (8, 2)
    assert case.policy(None).bundling.centres == 4


def test_a_wrong_override_is_found_when_the_case_opens(tmp_path: Path) -> None:
    folder = case_folder(tmp_path, scenarios={"bad": {"policy": {"bundling": {"centers": 8}}}})
    said = refused(folder)
    assert len(said) == 1
    assert "scenarios.bad.policy.bundling.centers" in said[0]
    assert "did you mean centres?" in said[0]


def test_unknown_scenario_and_default(tmp_path: Path) -> None:
    folder = case_folder(tmp_path, scenarios={"free": {}})
    with pytest.raises(InputError, match="did you mean free"):
        open_case(str(folder)).scenario_name("fre")
    assert any(
        "default_scenario" in s for s in refused(case_folder(tmp_path, default_scenario="x"))
    )


def test_unknown_case_names_the_shipped_ones() -> None:
    with pytest.raises(InputError, match="did you mean dianjiang"):
        open_case("dianjang")


def test_empty_case_file(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("", encoding="utf-8")
    assert "expected keys" in refused(tmp_path)[0]


def test_rhythm_must_add_up(tmp_path: Path) -> None:
    periods = [{"name": "day", "hours": 12}, {"name": "night", "hours": 11}]
    assert (
        "sum to 23"
        in refused(case_folder(tmp_path, alert_rhythm={"periods": periods, "share_fraction": {}}))[
            0
        ]
    )
    periods[1]["hours"] = 12
    wrong = {"periods": periods, "share_fraction": {"theft": [0.5, 0.4]}}
    assert "sum to 0.9" in refused(case_folder(tmp_path, alert_rhythm=wrong))[0]


def test_merge_replaces_lists_and_keeps_the_rest() -> None:
    base = {"a": {"b": [1, 2], "c": 3}, "d": 4}
    assert deep_merge(base, {"a": {"b": [9]}}) == {"a": {"b": [9], "c": 3}, "d": 4}
    assert base == {"a": {"b": [1, 2], "c": 3}, "d": 4}


def test_own_rules_of_the_schema_speak_chinese(tmp_path: Path) -> None:
    def change(case: Row) -> None:
        case["alert_rhythm"] = {
            "periods": [{"name": "day", "hours": 20}],
            "share_fraction": {"other": [1.0]},
        }
        case["policy"]["staffing"]["inflows"] = [
            {"to": "other_units", "officers": 1},
            {"to": "other_units", "officers": 2},
        ]
        case["policy"]["bundling"] = {"adjacency": 3}
        case["layers"]["stations"]["seat"] = "somewhere"
        case["layers"]["cells"]["no_station"] = "none"

    with pytest.raises(InputError) as caught:
        open_case(str(write_case(tmp_path / "case", case=change)))
    said = caught.value.text(translator("zh"))
    assert "各时段小时数合计 24；现合计 20" in said
    assert "inflows 中每类单位最多出现一次" in said
    assert "'given', 'median_of_cells'" in said
    assert not [word for word in ("expected", "hours sum", " or ", "Value error") if word in said]
