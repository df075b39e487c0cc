"""Scenarios resolved: inheritance, blocks, `--set`, and every way to write one wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from optimizer.errors import InputError
from scenarios.case import Case, open_case
from scenarios.scenario import deep_merge

MINIMAL: dict[str, Any] = {
    "jingli": 1,
    "name": "测试县",
    "layers": {
        "stations": {"path": "stations.csv"},
        "cells": {"path": "cells.csv"},
        "roads": "modelled",
    },
    "policy": {"bundling": {"centres": 4, "max_bundle_size": 2}},
}


def make(
    tmp_path: Path,
    files: dict[str, str] | None = None,
    blocks: str | None = None,
    **changes: Any,
) -> Path:
    text = yaml.safe_dump(deep_merge(MINIMAL, changes), allow_unicode=True)
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "scenarios").mkdir(exist_ok=True)
    for name, content in (files or {}).items():
        (tmp_path / "scenarios" / f"{name}.yaml").write_text(content, encoding="utf-8")
    if blocks is not None:
        (tmp_path / "overrides.yaml").write_text(blocks, encoding="utf-8")
    return tmp_path


def opened(tmp_path: Path, *args: Any, **kwargs: Any) -> Case:
    return open_case(str(make(tmp_path, *args, **kwargs)))


def refused(tmp_path: Path, *args: Any, **kwargs: Any) -> list[str]:
    folder = make(tmp_path, *args, **kwargs)
    with pytest.raises(InputError) as caught:
        open_case(str(folder))
    return [p.text() for p in caught.value.problems]


def asked(case: Case, name: str | None, *sets: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        case.scenario(name, sets)
    return [p.text() for p in caught.value.problems]


# --- inheritance ----------------------------------------------------------------------------


def test_parents_then_blocks_then_own_values(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "parent": "policy: {bundling: {centres: 5, max_bundle_size: 3}, solver: {seed: 1}}",
            "child": "extends: parent\noverrides: [shared, {policy: {solver: {seed: 3}}}]\n"
            "policy: {bundling: {centres: 9}}",
        },
        blocks="shared: {policy: {bundling: {centres: 7}, solver: {seed: 2, time_limit_s: 5}}}",
    )
    policy = case.scenario("child").policy
    assert policy.bundling.centres == 9  # own value last
    assert policy.bundling.max_bundle_size == 3  # from the parent
    assert policy.solver.seed == 3  # the second block over the first
    assert policy.solver.time_limit_s == 5
    assert case.scenario("parent").policy.bundling.centres == 5
    assert case.scenario(None).policy.bundling.centres == 4


def test_the_later_parent_wins_and_a_shared_ancestor_is_applied_once(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "base": "policy: {bundling: {centres: 5}, solver: {seed: 1}}",
            "a": "extends: base\npolicy: {bundling: {centres: 6}}",
            "b": "extends: base\npolicy: {solver: {seed: 2}}",
            "both": "extends: [a, b]",
        },
    )
    scenario = case.scenario("both")
    # Were `base` applied again before `b`, it would put 5 centres back.
    assert (scenario.policy.bundling.centres, scenario.policy.solver.seed) == (6, 2)
    assert [s.name for s in scenario.steps] == ["base", "a", "b", "both"]
    swapped = opened(tmp_path, {"b": "extends: base\npolicy: {bundling: {centres: 8}}"}).scenario(
        "both"
    )
    assert swapped.policy.bundling.centres == 8


def test_mappings_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "one": "policy: {bundling: {locks: {keep: [A, B], host: [C]}}}",
            "two": "extends: one\npolicy: {bundling: {locks: {keep: [D]}}}",
        },
    )
    locks = case.scenario("two").policy.bundling.locks
    assert (locks.keep, locks.host) == (("D",), ("C",))


def test_an_override_below_a_default_keeps_the_other_defaults(tmp_path: Path) -> None:
    case = opened(tmp_path, {"slow": "policy: {roads: {speed_km_per_h: {county: 25}}}"})
    speeds = case.scenario("slow").policy.roads.speed_km_per_h
    assert speeds == {**case.scenario(None).policy.roads.speed_km_per_h, "county": 25.0}


def test_files_and_case_yaml_are_one_library(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {"file": "extends: inside\noverrides: [block]"},
        scenarios={"inside": {"policy": {"bundling": {"centres": 6}}}},
        overrides={"block": {"policy": {"solver": {"seed": 4}}}},
        default_scenario="file",
    )
    assert case.scenario_name(None) == "file"
    policy = case.scenario(None).policy
    assert (policy.bundling.centres, policy.solver.seed) == (6, 4)


def test_joined_names_are_applied_in_order(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "a": "description: A\npolicy: {bundling: {centres: 5}}",
            "b": "description: B\npolicy: {bundling: {centres: 6}}",
        },
        blocks="c: {policy: {solver: {seed: 9}}}",
    )
    assert case.scenario("a+b").policy.bundling.centres == 6
    scenario = case.scenario("b + a+c")
    assert (scenario.policy.bundling.centres, scenario.policy.solver.seed) == (5, 9)
    assert scenario.description == "B + A"
    assert "did you mean" in asked(case, "a+bb")[0]


def test_every_override_says_before_after_origin_line_and_reason(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "parent": "reason: because\npolicy:\n  bundling:\n    centres: 5",
            "child": "extends: parent\ndescription: fewer\npolicy:\n  bundling.centres: 3\n"
            "  bundling.locks.keep: [沙河]",
        },
    )
    first, second, third = case.scenario("child").overrides
    assert (first.key, first.before, first.after) == ("policy.bundling.centres", "4", "5")
    assert (first.origin, first.file, first.line) == ("parent", "scenarios/parent.yaml", 4)
    assert (first.reason, first.is_own) == ("because", False)
    assert (second.before, second.after, second.line, second.is_own) == ("5", "3", 4, True)
    assert second.reason == "fewer"  # the description stands for a missing reason
    assert (third.before, third.after) == ("[]", '["沙河"]')


# --- what is wrong --------------------------------------------------------------------------


def test_circular_extends_is_said_once_with_the_whole_circle(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {"a": "extends: b", "b": "extends: c", "c": "\nextends: a", "d": "extends: a"},
    )
    assert len(said) == 1
    assert "a -> b -> c -> a" in said[0]
    assert "scenarios/a.yaml line 1" in said[0]


def test_a_scenario_that_extends_itself(tmp_path: Path) -> None:
    said = refused(tmp_path, {"a": "extends: a"})
    assert len(said) == 1
    assert "a -> a" in said[0]


def test_unknown_parent_and_block_are_told_with_line_and_nearest_name(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {"winter": "{}", "x": "description: x\nextends: wintr\noverrides: [nigth_cars]"},
        blocks="night_cars: {policy: {solver: {seed: 2}}}",
    )
    assert any("scenarios/x.yaml line 2 extends = wintr" in s for s in said)
    assert any("did you mean winter?" in s for s in said)
    assert any("line 3 overrides.0 = nigth_cars" in s for s in said)
    assert any("did you mean night_cars?" in s for s in said)


def test_a_typo_gets_the_nearest_key_at_any_depth(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {
            "a": "polcy: {}",
            "b": "policy: {bundling: {max_bundel_size: 3}}",
            "c": "stations: {沙河: {oficers: 5}}",
            "d": "alerts: {factors: {summer: {factr: 1.2}}}",
            "e": "roads: {close: {bridge: {neer: [107, 30]}}}",
            "f": "overrides: [{name: x, stations: {A: {clsoe: true}}}]",
        },
    )
    for word in ("policy", "max_bundle_size", "officers", "factor", "near", "close"):
        assert any(f"did you mean {word}?" in s for s in said), (word, said)
    assert len(said) == 6


def test_an_override_that_changes_nothing_names_the_present_value(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {"a": "policy:\n  bundling:\n    centres: 4\n    max_bundle_size: 2.0"},
    )
    assert "scenarios/a.yaml line 3 policy.bundling.centres: expected a value other than" in said[0]
    assert "the present one, 4" in said[0]
    assert "the present one, 2" in said[1]


def test_what_a_parent_said_already_changes_nothing(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {
            "a": "policy: {bundling: {centres: 9}}\noverrides: [x]",
            "b": "extends: a\noverrides: [x]\npolicy: {bundling: {centres: 9}}",
        },
        blocks="x: {policy: {solver: {seed: 2}}}",
    )
    assert len(said) == 2
    assert any("the present one, 9" in s for s in said)
    assert any("a has applied it already" in s for s in said)


def test_two_parents_may_agree(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {
            "a": "policy: {bundling: {centres: 9}}",
            "b": "policy: {bundling: {centres: 9}, solver: {seed: 3}}",
            "c": "extends: [a, b]",
        },
    )
    assert case.scenario("c").policy.bundling.centres == 9


def test_two_overrides_of_one_key_in_one_block(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {
            "twice": "policy:\n  bundling: {centres: 5}\n  bundling: {max_bundle_size: 3}",
            "dotted": "policy:\n  bundling.centres: 5\n  bundling: {centres: 6}",
        },
    )
    assert any("twice.yaml line 3 policy.bundling: expected each key once" in s for s in said)
    assert any("dotted.yaml line 3 policy.bundling.centres: expected each key" in s for s in said)


def test_yaml_pitfalls_in_scenario_files(tmp_path: Path) -> None:
    case = opened(
        tmp_path,
        {"locks": "policy:\n  bundling:\n    locks:\n      keep: [0421, no, 422, 沙河]"},
    )
    assert case.scenario("locks").policy.bundling.locks.keep == ("0421", "no", "422", "沙河")


def test_files_that_are_no_scenarios(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {"empty": "", "list": "- a", "broken": "a: [", "a+b": "{}", "same": "{}"},
        blocks="[]",
        scenarios={"same": {}},
    )
    assert any("scenarios/empty.yaml: expected keys such as" in s for s in said)
    assert any("scenarios/list.yaml: expected keys such as" in s for s in said)
    assert any("scenarios/broken.yaml line 1" in s and "valid YAML" in s for s in said)
    assert any("a+b" in s and "without `+`" in s for s in said)
    assert any("scenarios/same.yaml = same" in s and "case.yaml has not given" in s for s in said)
    assert any("overrides.yaml: expected names of blocks" in s for s in said)


def test_a_block_is_named_or_written_out_not_both(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        {"a": "overrides: [{use: x, reason: y}]"},
        blocks="x: {policy: {solver: {seed: 2}}}",
    )
    assert len(said) == 1
    assert "either the name of a block or a block written out" in said[0]


def test_default_scenario_must_exist(tmp_path: Path) -> None:
    said = refused(tmp_path, {"winter": "{}"}, default_scenario="wintre")
    assert "case.yaml line" in said[0]
    assert "did you mean winter?" in said[0]


# --- --set ----------------------------------------------------------------------------------


def test_set_is_typed_as_yaml_and_comes_last(tmp_path: Path) -> None:
    case = opened(tmp_path, {"a": "policy: {bundling: {centres: 9}}"})
    sets = (
        "policy.bundling.centres=12",
        "policy.bundling.rural_only=false",
        "policy.bundling.min_officers_freed=2.5",
        "policy.bundling.locks.keep=[0421, 沙河]",
        "policy.bundling.stations_bundled=",
    )
    scenario = case.scenario("a", sets[:4])
    rules = scenario.policy.bundling
    assert (rules.centres, rules.rural_only, rules.min_officers_freed) == (12, False, 2.5)
    assert rules.locks.keep == ("0421", "沙河")
    assert scenario.label == "a, " + ", ".join(sets[:4])
    last = scenario.overrides[-1]
    assert (last.origin, last.line) == ("--set", None)
    assert last.reason_text() == "given on the command line"
    assert last.reason_text(str.upper) == "GIVEN ON THE COMMAND LINE"
    assert "the present one, -" in asked(case, "a", sets[4])[0]  # none already
    assert case.scenario("a", ["policy.bundling.centres="]).policy.bundling.centres is None


def test_set_says_what_is_wrong(tmp_path: Path) -> None:
    case = opened(tmp_path, {"a": "{}"})
    said = asked(
        case,
        "a",
        "policy.bundling.centres",
        "bundling.centres=3",
        "polcy.bundling.centres=3",
        "policy.bundling.centres=3",
        "policy.bundling.centres=5",
        "policy.bundling.locks.keep=[a",
        "stations.沙河.oficers=4",
    )
    assert any("key=value" in s for s in said)
    assert any("did you mean policy.bundling.centres?" in s for s in said)
    assert any("did you mean policy?" in s for s in said)
    assert any("policy.bundling.centres: expected each key once" in s for s in said)
    assert any("--set policy.bundling.locks.keep" in s and "valid YAML" in s for s in said)
    assert any("stations.沙河.oficers" in s and "did you mean officers?" in s for s in said)
    typed = asked(case, "a", "policy.bundling.centres=many", "policy.bundling.centers=1")
    assert any("--set policy.bundling.centres = many" in s and "a whole number" in s for s in typed)
    assert any("did you mean centres?" in s for s in typed)


def test_set_to_the_present_value_is_an_error_unless_a_sweep_asks(tmp_path: Path) -> None:
    case = opened(tmp_path, {"a": "{}"})
    assert "the present one, 4" in asked(case, "a", "policy.bundling.centres=4")[0]
    scenario = case.scenario("a", ["policy.bundling.centres=4"], sets_must_change=False)
    assert scenario.policy == case.scenario("a").policy
    assert scenario.overrides == ()
    with pytest.raises(InputError, match="did you mean centres"):
        case.scenario("a", ["policy.bundling.centers=4"], sets_must_change=False)


def test_unknown_scenario_is_told_with_the_known_ones(tmp_path: Path) -> None:
    case = opened(tmp_path, {"winter": "{}", "summer": "{}"})
    said = asked(case, "wintr")[0]
    assert "did you mean winter" in said
    assert "summer" in said
