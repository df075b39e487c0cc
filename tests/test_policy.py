"""Policy: unknown keys refused, all errors at once, defaults and derived values."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from optimizer.policy import WEEKS_PER_YEAR, CategoryWork, Crews, Policy, Roads, Workload


def errors_of(raw: dict[str, Any]) -> dict[str, str]:
    """Dotted key -> message of every error."""
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(raw)
    return {".".join(str(p) for p in e["loc"]): e["msg"] for e in caught.value.errors()}


def test_the_defaults_stand_on_their_own() -> None:
    policy = Policy()
    assert policy == Policy.model_validate({})
    assert policy.crews.relief_factor == 3.5  # 168 h / 48 h
    assert policy.crews.crew_officers == 1
    assert policy.crews.crew_auxiliaries == 1
    assert policy.bundling.max_bundle_size == 3


def test_officer_minutes_of_a_year() -> None:
    assert pytest.approx(365 / 7) == WEEKS_PER_YEAR
    assert Crews().officer_min_per_year == pytest.approx(48 * 60 * 365 / 7)
    assert Crews(effective_hours_per_week=40).relief_factor == pytest.approx(4.2)


@pytest.mark.parametrize(
    "key",
    [
        "bundlings", "bundling.max_size", "bundling.locks.never", "crews.relief_factor",
        "response.turnout", "weights.officer", "traffic.centres", "staffing.moves",
        "workload.categories.theft.minutes", "workload.other_category.minutes", "roads.speed",
        "solver.threads",
    ],
)  # fmt: skip
def test_unknown_keys_are_refused_everywhere(key: str) -> None:
    raw: dict[str, Any] = {}
    here = raw
    *path, last = key.split(".")
    for part in path:
        here = here.setdefault(part, {})
    here[last] = 1
    assert errors_of(raw) == {key: "Extra inputs are not permitted"}


def test_all_errors_at_once() -> None:
    found = errors_of(
        {
            "crews": {"min_crews": 0, "max_wait_share_fraction": 1.0},
            "response": {"share_within_fraction": 90},
            "bundling": {"max_bundle_size": 6, "centres": -1, "rural_only": "maybe"},
            "nonsense": 1,
        }
    )
    assert set(found) == {
        "crews.min_crews",
        "crews.max_wait_share_fraction",
        "response.share_within_fraction",
        "bundling.max_bundle_size",
        "bundling.centres",
        "bundling.rural_only",
        "nonsense",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("crews.effective_hours_per_week", 0),
        ("crews.crew_officers", 0),
        ("crews.max_wait_min", -1),
        ("crews.max_wait_share_fraction", 0),
        ("response.turnout_min", -0.1),
        ("response.farthest_min", 0),
        ("response.share_within_fraction", 1.01),
        ("bundling.max_bundle_size", 0),
        ("bundling.max_bundle_size", 2.5),
        ("bundling.max_office_travel_min", 0),
        ("weights.officers", -1),
        ("weights.span_officers", 0),
        ("weights.response_per_1000_alert_min", float("nan")),
        ("weights.fixed_per_office", float("inf")),
        ("traffic.min_officers_per_duty_station", -1),
        ("staffing.max_moves", -1),
        ("roads.detour_factor", 0.9),
        ("roads.walk_km_per_h", 0),
        ("solver.time_limit_s", 0),
        ("solver.seed", -1),
        ("workload.community_officer_min_per_1000_residents", -1),
    ],
)
def test_values_out_of_range_are_refused(key: str, value: float) -> None:
    part, name = key.split(".")
    assert set(errors_of({part: {name: value}})) == {key}


@pytest.mark.parametrize(
    ("inflows", "message"),
    [
        (["urban_stations", "urban_stations"], "each group once at most"),
        (["other_units", "functional_units"], "other_units alone"),
        (["rural_stations", "other_units"], "other_units alone"),
    ],
)
def test_inflow_groups_do_not_overlap(inflows: list[str], message: str) -> None:
    raw = {"staffing": {"inflows": [{"to": g, "officers": 1} for g in inflows]}}
    assert message in errors_of(raw)["staffing"]


def test_inflow_groups_that_do_not_overlap_stand() -> None:
    for groups in (["urban_stations", "other_units"], ["rural_stations", "functional_units"]):
        raw = {"staffing": {"inflows": [{"to": g, "officers": 1} for g in groups]}}
        assert len(Policy.model_validate(raw).staffing.inflows) == 2


def test_work_of_a_category_not_listed() -> None:
    work = Workload(
        categories={"theft": CategoryWork(on_scene_min=90)},
        other_category=CategoryWork(on_scene_min=20),
    )
    assert work.of("theft").on_scene_min == 90
    assert work.of("noise").on_scene_min == 20


def test_policy_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Policy().bundling.rural_only = False  # type: ignore[misc]


def test_digest_follows_values_not_spelling() -> None:
    one = Policy.model_validate({"bundling": {"centres": 8}, "crews": {"max_wait_min": 5}})
    two = Policy.model_validate({"crews": {"max_wait_min": 5.0}, "bundling": {"centres": 8}})
    assert one.digest == two.digest
    assert one.digest != Policy().digest
    assert Policy.model_validate({"bundling": {"centres": 9}}).digest != one.digest


def test_every_key_is_described_with_its_default() -> None:
    seen: list[str] = []

    def walk(schema: dict[str, Any], defs: dict[str, Any]) -> None:
        for name, spec in schema["properties"].items():
            inner = spec.get("$ref") or (spec.get("allOf") or [{}])[0].get("$ref")
            if inner:
                walk(defs[inner.rsplit("/", 1)[-1]], defs)
            else:
                seen.append(name)
                assert spec.get("description"), name
                assert "default" in spec or name in ("to", "officers", "speed_km_per_h",
                                                     "road_duty_officer_min_per_km",
                                                     "categories"), name  # fmt: skip

    whole = Policy.model_json_schema()
    walk(whole, whole["$defs"])
    assert len(seen) > 40


def test_road_classes_by_their_chinese_names() -> None:
    chinese = ("高速", "国道", "省道", "县道", "乡道", "村道", "街道")
    said = Roads(
        speed_km_per_h={name: 10.0 + i for i, name in enumerate(chinese)},
        managed_classes=("国道", "省道", "national", "机场路"),
    )
    assert said.speed_km_per_h == {name: 10.0 + i for i, name in enumerate(Roads().speed_km_per_h)}
    assert said.managed_classes == ("national", "provincial", "机场路")
    with pytest.raises(ValidationError, match="one speed for each road class; 县道 has two"):
        Roads(speed_km_per_h={"county": 40.0, "县道": 30.0})
