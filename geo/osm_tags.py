"""What OpenStreetMap's tags mean for a police car: speed, direction, access, barriers.

Meanings after https://wiki.openstreetmap.org (Key:maxspeed, Key:oneway, Key:access, Key:barrier).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MILE_KM = 1.609_344
KNOT_KM = 1.852

# National defaults that a tag names by its place: urban, rural and motorway limits in km/h.
# China: Regulation on the Implementation of the Road Traffic Safety Law, articles 45, 46 and 78.
_LIMITS: Mapping[str, tuple[float, float, float]] = {
    "CN": (50.0, 70.0, 120.0),
    "AT": (50.0, 100.0, 130.0),
    "DE": (50.0, 100.0, 130.0),
    "FR": (50.0, 80.0, 130.0),
    "GB": (30 * MILE_KM, 60 * MILE_KM, 70 * MILE_KM),
    "US": (25 * MILE_KM, 55 * MILE_KM, 65 * MILE_KM),
    "": (50.0, 90.0, 120.0),
}
_PLACE = {"urban": 0, "rural": 1, "nonurban": 1, "trunk": 1, "motorway": 2, "expressway": 2}
_WALK_KM_PER_H = 7.0
_LIVING_STREET_KM_PER_H = 20.0
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*(mph|knots|km/h|kmh|kph)?")
_COUNTRY = re.compile(r"([A-Z]{2}):(.+)")
_UNIT = {"mph": MILE_KM, "knots": KNOT_KM}

# Beside these every value opens the way: yes, destination, customers, emergency ...
_BARRED = frozenset({
    "no", "private", "agricultural", "forestry", "agricultural;forestry", "forestry;agricultural",
    "military", "foot", "bicycle", "bus", "psv", "use_sidepath", "dismount",
})  # fmt: skip
# The narrower key decides.
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")

# A car gets through these unless the tags bar it.
_PASSABLE = frozenset({
    "border_control", "bump_gate", "cattle_grid", "coupure", "entrance", "gate", "hampshire_gate",
    "height_restrictor", "kerb", "lift_gate", "no", "rope", "rising_bollard", "sally_port",
    "sliding_gate", "swing_gate", "toll_booth", "yes", "checkpoint", "wicket_gate",
    "police_checkpoint", "spikes", "weight_restrictor", "sump_buster",
})  # fmt: skip


def speed_km_per_h(text: str) -> float | None:
    """Speed that a `maxspeed` means; of several the lowest. None where it names none.

    A number below or at zero comes back as it stands, so that the reader can report it. `none`,
    `signals` and texts that cannot be read give None.
    """
    found = [_one_speed(part.strip()) for part in re.split(r"[;,|]", text)]
    known = [speed for speed in found if speed is not None]
    return min(known) if known else None


def _one_speed(text: str) -> float | None:
    plain = text.casefold()
    number = _NUMBER.fullmatch(plain)
    if number is not None:
        return float(number[1]) * _UNIT.get(number[2] or "", 1.0)
    if plain == "walk":
        return _WALK_KM_PER_H
    country = _COUNTRY.fullmatch(text.upper())
    if country is None:
        return None
    place = country[2].casefold()
    zone = re.fullmatch(r"zone:?(\d+)", place)
    if zone is not None:
        return float(zone[1]) * (MILE_KM if country[1] in ("GB", "US") else 1.0)
    if place in ("walk", "living_street"):
        return _WALK_KM_PER_H if place == "walk" else _LIVING_STREET_KM_PER_H
    if place not in _PLACE:
        return None
    return _LIMITS.get(country[1], _LIMITS[""])[_PLACE[place]]


def direction(oneway: str, junction: str, highway: str) -> int | None:
    """1 as drawn, -1 against, 0 both ways; None where it changes with the hour (`reversible`).

    Roundabouts and motorways with their links are one-way unless tagged otherwise.
    """
    said = oneway.strip().casefold()
    if said in ("-1", "reverse"):
        return -1
    if said in ("yes", "true", "1"):
        return 1
    if said == "reversible":
        return None
    if said in ("no", "false", "0", "alternating"):
        return 0
    implied = junction in ("roundabout", "circular") or highway in ("motorway", "motorway_link")
    return 1 if implied else 0


def is_open(tags: Mapping[str, str]) -> bool:
    """Whether a car may use what carries these tags."""
    for key in _ACCESS_KEYS:
        value = tags.get(key, "")
        if value:
            return value.strip().casefold() not in _BARRED
    return True


def lets_through(tags: Mapping[str, str]) -> bool:
    """Whether a car gets past a node with these tags."""
    said = any(tags.get(key) for key in _ACCESS_KEYS)
    if said:
        return is_open(tags)
    if tags.get("locked") == "yes":
        return False
    return tags.get("barrier", "") in _PASSABLE
