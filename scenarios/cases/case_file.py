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
Words = tuple[str, str]
"""The same in Chinese and in English."""
_NOTHING: Words = ("", "")


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


def _note(step: str, said: Words) -> str:
    """Step of the recipe and what is to be said, first in Chinese, then in English."""
    zh, en = said
    if step:
        zh = f"推算步骤 {step.replace(', ', '、')}" + (f"：{zh}" if zh else "")
        en = f"recipe step {step}" + (f": {en}" if en else "")
    return f"{zh} / {en}"


def _provenance(facts: Facts, n_placed: int) -> list[dict[str, str]]:
    figures = facts.figures

    def total(value: int | None, zh: str, en: str, zh_otherwise: str, otherwise: str) -> Words:
        if value is None:
            return zh_otherwise, otherwise
        return f"{zh} {value:,} 为公开数据", f"{en} {value:,} is published"

    by_resident = (
        "总数按垫江公开的人均数推算",
        "the total is modelled by the published rate of Dianjiang per resident",
    )
    by_unit = (
        "总数按全国村均人口推算",
        "the total is modelled by the national mean per village unit",
    )
    by_rate = "总数按垫江公开的比例推算", "the total is modelled by the published rate of Dianjiang"
    by_number = (
        "数目按垫江公开的比例推算",
        "the number is modelled by the published rate of Dianjiang",
    )
    of_county = "全县总数", "the county total of"
    people = total(figures.registered_population, *of_county, *by_unit)
    alerts = total(figures.alerts_per_year, *of_county, *by_resident)
    officers = total(figures.officers_in_post, *of_county, *by_resident)
    authorised = total(figures.officers_authorised, *of_county, *by_rate)
    squads = total(figures.rural_squads, "数目", "the number of", *by_number)
    # How towns without a seat were treated is told in English by `facts`.
    handled = " ".join(["one station per township.", *facts.notes])
    # Layer, its columns, step of the recipe, and what is to be said besides in both languages.
    modelled: list[tuple[str, str, str, Words]] = [
        ("stations", "", "1", ("每个乡镇一个派出所", handled)),
        ("stations", "lon lat", "1", (
            "设派出所驻乡镇政府所在地", "the station is taken to stand at the township seat")),
        ("stations", "kind", "1", _NOTHING),
        ("stations", "officers", "7", (
            f"各单位合计：{officers[0]}", f"over all units {officers[1]}")),
        ("stations", "authorised_officers", "7", (
            f"各单位合计：{authorised[0]}", f"over all units {authorised[1]}")),
        ("stations", "auxiliaries", "7", ("每名民警配一名", "one per officer")),
        ("stations", "can_bundle can_host", "7", ("未见限制", "no restriction is known")),
        ("stations", "max_officers", "7", ("按城乡类别和场镇大小", "by kind and size of the town")),
        ("stations", "has_window", "7", ("各所均有", "every station")),
        ("cells", "", "2, 3", ("每个村（居）一个单元", "one cell per village-level unit")),
        ("cells", "geometry", "2, 3", ("泰森多边形", "Thiessen cells")),
        ("cells", "lon lat", "3", (
            f"其中 {n_placed} 处位置为公开数据", f"{n_placed} places are published")),
        ("cells", "station_id", "2", ("归所在乡镇的派出所", "the station of the township")),
        ("cells", "kind", "3", _NOTHING),
        ("cells", "population", "4", people),
        ("cells", "alerts_per_year", "5", alerts),
        ("alert_rhythm", "", "6", _NOTHING),
        ("roads", "", "", (
            "由 Jingli 按驻地和单元推算", "built by Jingli from the seats and cells")),
        ("squads", "", "7, 9", squads),
        ("squads", "officers", "7", _NOTHING),
        ("squads", "lon lat stations", "9", _NOTHING),
        ("units", "", "8", _NOTHING),
        ("units", "kind lon lat officers authorised_officers required_officers", "8", _NOTHING),
        ("units", "can_give can_receive", "8", _NOTHING),
        ("policy", "workload", "10", ("每起警情用时", "minutes per alert")),
    ]  # fmt: skip
    entries = [
        {"item": f"{layer}.{column}".strip("."), "origin": "modelled", "note": _note(step, said)}
        for layer, columns, step, said in modelled
        for column in (columns.split() or [""])
    ]
    entries.append(
        {
            "item": "cells.township",
            "origin": "given",
            "note": "2016 年统计用区划代码（Vonng/adcode） / NBS codes of 2016 (Vonng/adcode)",
        }
    )
    entries.append({"item": "boundary", "origin": "given", "note": "Vonng/adcode 2016"})
    return entries
