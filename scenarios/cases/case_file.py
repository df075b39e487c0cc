"""The `case.yaml` that the recipe writes: layers, rhythm, provenance, policy and scenarios."""

from __future__ import annotations

from typing import Any

import yaml

from scenarios.cases import assumptions as given
from scenarios.cases.apportion import nearest
from scenarios.cases.facts import Facts

_HEADER = """\
# Made by the recipe: python -m scenarios.cases.recipe FACTS_DIR OUT_DIR
# Each step and each number: scenarios/cases/dianjiang/SOURCES.md. Do not edit: change the facts or
# the recipe and run it again.
"""


def case_yaml(facts: Facts, *, n_rural: int, officers: int, n_placed: int) -> bytes:
    """Text of `case.yaml`.

    Args:
        facts: The county's facts.
        n_rural: Rural stations.
        officers: Officers in post in the whole county.
        n_placed: Cells that stand at a published place.
    """
    default, scenarios = _scenarios(facts, n_rural, officers)
    case: dict[str, Any] = {
        "jingli": 1,
        "name": facts.name,
        "attribution": facts.figures.attribution,
        "layers": {
            "stations": {"path": "stations.csv", "crs": "WGS84", "origin": "modelled"},
            "cells": {"path": "cells.geojson", "crs": "WGS84", "origin": "modelled"},
            "roads": "modelled",
            "squads": {"path": "squads.csv", "crs": "WGS84", "origin": "modelled"},
            "units": {"path": "units.csv", "crs": "WGS84", "origin": "modelled"},
            "boundary": {"path": "boundary.geojson", "crs": "WGS84", "origin": "given"},
        },
        "alert_rhythm": {
            "periods": [{"name": name, "hours": 4} for name in given.PERIODS],
            "share_fraction": {k: list(shares) for k, shares in given.RHYTHM.items()},
        },
        "provenance": _provenance(facts, n_placed),
        "policy": {
            "workload": {"categories": {k: dict(work) for k, work in given.CATEGORY_WORK.items()}}
        },
        "default_scenario": default,
        "scenarios": scenarios,
    }
    text = yaml.safe_dump(
        case, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None
    )
    return (_HEADER + text).encode()


def _scenarios(facts: Facts, n_rural: int, officers: int) -> tuple[str, dict[str, Any]]:
    reform = facts.figures.reform
    dissolve = {"dissolve_squads": True}
    if reform is not None:
        moves = reform.moved_to_urban_stations + reform.moved_to_other_units
        fixed = {
            "description": "按公开做法：数目照公开的要求，哪些所、哪些路、哪些民警由警力选择 / "
            "What the county did: the published counts are asked for, Jingli chooses which "
            "stations, roads and officers.",
            "policy": {
                "bundling": {
                    "centres": reform.centres,
                    "stations_bundled": reform.stations_bundled,
                },
                "traffic": {**dissolve, "duty_stations": reform.duty_stations},
                "staffing": {
                    "max_moves": moves,
                    "inflows": [
                        {"to": "urban_stations", "officers": reform.moved_to_urban_stations},
                        {"to": "other_units", "officers": reform.moved_to_other_units},
                    ],
                    "give_only_from_bundles": True,
                },
            },
        }
        default = "as_published"
    else:
        moves = nearest(officers * given.MOVES_PER_OFFICER)
        fixed = {
            "description": "按垫江的比例：每 24 个农村所捆绑 17 个为 8 个中心所 / "
            "Dianjiang's proportions: 17 of 24 rural stations bundled into 8 centres, scaled to "
            "this county.",
            "policy": {
                "bundling": {
                    "centres": nearest(n_rural * given.CENTRES_PER_RURAL_STATION),
                    "stations_bundled": nearest(n_rural * given.BUNDLED_PER_RURAL_STATION),
                },
                "traffic": dissolve,
                "staffing": {"max_moves": moves},
            },
        }
        default = "free"
    free = {
        "description": "自由选择：捆绑哪些、谁管路、谁调出调入都由警力选择，只限调动人数 / Jingli "
        "chooses how many and which stations are bundled, which take road duty, and who gives and "
        "receives; only the number of moves is capped.",
        "policy": {"traffic": dissolve, "staffing": {"max_moves": moves}},
    }
    name = "as_published" if reform is not None else "two_in_three"
    return default, {name: fixed, "free": free}


def _provenance(facts: Facts, n_placed: int) -> list[dict[str, str]]:
    figures = facts.figures

    def total(value: int | None, what: str, otherwise: str) -> str:
        return f"{what} {value:,} is published" if value is not None else otherwise

    people = total(
        figures.registered_population,
        "the county total of",
        "the total is modelled by the national mean per village unit",
    )
    alerts = total(
        figures.alerts_per_year,
        "the county total of",
        "the total is modelled by the published rate of Dianjiang per resident",
    )
    officers = total(
        figures.officers_in_post,
        "the county total of",
        "the total is modelled by the published rate of Dianjiang per resident",
    )
    authorised = total(
        figures.officers_authorised,
        "the county total of",
        "the total is modelled by the published rate of Dianjiang",
    )
    squads = total(
        figures.rural_squads,
        "the number of",
        "the number is modelled by the published rate of Dianjiang",
    )
    handled = " ".join(["recipe step 1: one station per township.", *facts.notes])
    seat = "recipe step 1: the station is taken to stand at the township seat"
    modelled = [
        ("stations", "", handled),
        ("stations", "lon lat", seat),
        ("stations", "kind", "recipe step 1"),
        ("stations", "officers", f"recipe step 7; over all units {officers}"),
        ("stations", "authorised_officers", f"recipe step 7; over all units {authorised}"),
        ("stations", "auxiliaries", "recipe step 7: one per officer"),
        ("stations", "can_bundle can_host", "recipe step 7: no restriction is known"),
        ("stations", "max_officers", "recipe step 7: by kind and size of the town"),
        ("stations", "has_window", "recipe step 7: every station"),
        ("cells", "", "recipe steps 2 and 3: one cell per village-level unit"),
        ("cells", "geometry", "recipe steps 2 and 3: Thiessen cells"),
        ("cells", "lon lat", f"recipe step 3; {n_placed} places are published"),
        ("cells", "station_id", "recipe step 2: the station of the township"),
        ("cells", "kind", "recipe step 3"),
        ("cells", "population", f"recipe step 4; {people}"),
        ("cells", "alerts_per_year", f"recipe step 5; {alerts}"),
        ("alert_rhythm", "", "recipe step 6"),
        ("roads", "", "built by Jingli from the seats and cells"),
        ("squads", "", f"recipe steps 7 and 9; {squads}"),
        ("squads", "officers", "recipe step 7"),
        ("squads", "lon lat stations", "recipe step 9"),
        ("units", "", "recipe step 8"),
        ("units", "kind lon lat officers authorised_officers required_officers", "recipe step 8"),
        ("units", "can_give can_receive", "recipe step 8"),
        ("policy", "workload", "minutes per alert: recipe step 10"),
    ]
    entries = [
        {"item": f"{layer}.{column}".strip("."), "origin": "modelled", "note": note}
        for layer, columns, note in modelled
        for column in (columns.split() or [""])
    ]
    entries.append(
        {"item": "cells.township", "origin": "given", "note": "NBS codes of 2016 (Vonng/adcode)"}
    )
    entries.append({"item": "boundary", "origin": "given", "note": "Vonng/adcode 2016"})
    return entries
