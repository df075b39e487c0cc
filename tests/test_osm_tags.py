"""Tags: speeds, directions, access and barriers."""

from __future__ import annotations

import pytest

from geo.osm_tags import direction, is_open, lets_through, speed_km_per_h


@pytest.mark.parametrize(
    ("text", "km_per_h"),
    [
        ("50", 50.0),
        ("50 km/h", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("10 knots", 18.52),
        ("60;40", 40.0),
        ("signals;80", 80.0),
        ("CN:urban", 50.0),
        ("CN:rural", 70.0),
        ("cn:urban", 50.0),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("GB:zone20", 32.18688),
        ("FR:rural", 80.0),
        ("XX:rural", 90.0),
        ("walk", 7.0),
        ("DE:walk", 7.0),
        ("AT:living_street", 20.0),
        ("none", None),
        ("signals", None),
        ("", None),
        ("fast", None),
        ("CN:bridge", None),
        ("0", 0.0),
        ("-10", -10.0),
    ],
)
def test_speed(text: str, km_per_h: float | None) -> None:
    assert speed_km_per_h(text) == (km_per_h if km_per_h is None else pytest.approx(km_per_h))


@pytest.mark.parametrize(
    ("oneway", "junction", "highway", "expected"),
    [
        ("yes", "", "residential", 1),
        ("1", "", "residential", 1),
        ("-1", "", "residential", -1),
        ("reverse", "roundabout", "residential", -1),
        ("no", "", "motorway", 0),
        ("", "", "motorway", 1),
        ("", "", "motorway_link", 1),
        ("", "", "trunk", 0),
        ("", "roundabout", "tertiary", 1),
        ("", "circular", "tertiary", 1),
        ("no", "roundabout", "tertiary", 0),
        ("reversible", "", "primary", None),
        ("alternating", "", "primary", 0),
        ("whatever", "", "primary", 0),
    ],
)
def test_direction(oneway: str, junction: str, highway: str, expected: int | None) -> None:
    assert direction(oneway, junction, highway) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, True),
        ({"access": "no"}, False),
        ({"access": "private"}, False),
        ({"access": "destination"}, True),
        ({"access": "no", "motor_vehicle": "yes"}, True),
        ({"access": "yes", "motor_vehicle": "no"}, False),
        ({"motor_vehicle": "no", "motorcar": "yes"}, True),
        ({"vehicle": "no"}, False),
        ({"access": "emergency"}, True),
        ({"motor_vehicle": "agricultural;forestry"}, False),
    ],
)
def test_access(tags: dict[str, str], expected: bool) -> None:
    assert is_open(tags) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"barrier": "bollard"}, False),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, True),
        ({"barrier": "block"}, False),
        ({"barrier": "gate"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "gate", "locked": "yes"}, False),
        ({"barrier": "lift_gate", "access": "no"}, False),
        ({"barrier": "toll_booth"}, True),
        ({"barrier": "cattle_grid"}, True),
        ({"barrier": "fence"}, False),
    ],
)
def test_barriers(tags: dict[str, str], expected: bool) -> None:
    assert lets_through(tags) is expected
