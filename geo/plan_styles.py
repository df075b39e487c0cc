"""How QGIS draws the layers of a plan: the colours and signs of Jingli's own maps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from geo.colouring import fills
from geo.jurisdictions import centre_rows
from geo.qgis_style import Look, Symbol, categorised, graduated, single
from optimizer.county import MODELLED, County
from optimizer.errors import Translate
from optimizer.plan import Plan

INK = "#16202E"
_CENTRE_RED = "#B3001B"
_FLOW = "#6B3FA0"
_ROAD = "#7A7F87"
_SQUAD_GREYS = ("#D9D9D9", "#BFBFBF", "#A6A6A6")
CHANGE_COLOURS = (
    "#1D6F7A", "#67AFB0", "#C3E1DD", "#F4F2EC", "#F8DAB6", "#E59B54", "#AD5418",
)  # fmt: skip
"""Shorter response to longer: teal against orange, told apart with every kind of colour vision."""
CHANGE_BREAKS_MIN = (-10.0, -5.0, -1.0, 1.0, 5.0, 10.0)
_FLOW_CLASSES = (("1", 0.3), ("2–3", 0.7), ("4–5", 1.2), ("6+", 1.8))
_FLOW_BREAKS = (1.5, 3.5, 5.5)
_SYMBOL_OF: Mapping[str | None, Symbol] = {
    "Point": "marker",
    "MultiPoint": "marker",
    "LineString": "line",
    "MultiPolygon": "fill",
}


def plan_styles(
    county: County, plan: Plan, kinds: Mapping[str, str | None], translate: Translate
) -> dict[str, str]:
    """QML by layer name.

    Args:
        county: The county.
        plan: The plan.
        kinds: Kind of geometry of each layer that is there, such as `MultiPolygon`.
        translate: English to the language of the legends.
    """
    t = translate
    stations = county.stations
    colour, centre = fills(county, plan), centre_rows(county, plan)
    hosts = sorted({*centre.tolist()}, key=lambda c: stations.station_id[c])
    today = [
        (s, _area(name, fill))
        for s, name, fill in zip(stations.station_id, stations.name, colour.station, strict=True)
    ]
    then = [(stations.station_id[c], _area(stations.name[c], colour.plan[c])) for c in hosts]
    change = [
        Look(label=label, colour=c, outline="#FFFFFF", width_mm=0.1)
        for label, c in zip(_change_labels(), CHANGE_COLOURS, strict=True)
    ]
    flows = [Look(label=n, colour=_FLOW, width_mm=w, arrow=True) for n, w in _FLOW_CLASSES]
    area = _SYMBOL_OF[kinds["jurisdictions_today"]]
    return {
        "jurisdictions_today": categorised(area, "station_id", today, "name"),
        "jurisdictions_plan": categorised(area, "centre_id", then, "centre_name"),
        "stations": categorised("marker", "becomes", _fates(t), "name"),
        "cells": graduated(
            _SYMBOL_OF[kinds["cells"]], "response_change_min", CHANGE_BREAKS_MIN, change
        ),
        "bundle_links": single(
            "line", Look(label=t("Bundle"), colour=INK, width_mm=0.5, dashed=True)
        ),
        "moves": graduated("line", "officers", _FLOW_BREAKS, flows, "officers"),
        "road_duties": categorised(area, "duty_id", _duties(county, plan), "duty_name"),
        "roads": categorised("line", "road_class", _roads(county, t)),
        "townships": graduated(
            area, "mean_response_min_change", CHANGE_BREAKS_MIN, change, "township"
        ),
    }


def _area(label: str, fill: str) -> Look:
    # What lies below shows through a little: the county's own base map.
    return Look(label=label, colour=fill, outline=INK, width_mm=0.3, opaque_fraction=0.85)


def _fates(t: Translate) -> tuple[tuple[str, Look], ...]:
    return (
        (
            "centre",
            Look(
                label=t("Centre station"),
                colour=_CENTRE_RED,
                outline="#FFFFFF",
                shape="star",
                size_mm=5.0,
            ),
        ),
        ("police_office", Look(label=t("Police office"), colour="#FFFFFF", outline=INK)),
        ("stays", Look(label=t("Station that stays"), colour=INK, outline="#FFFFFF")),
    )


def _duties(county: County, plan: Plan) -> list[tuple[str, Look]]:
    """The unit that manages the roads: a duty station in its colour on the map, a squad grey."""
    stations, squads = county.stations, county.squads
    colour = dict(zip(stations.station_id, fills(county, plan).plan, strict=True))
    name = dict(zip(stations.station_id, stations.name, strict=True))
    for i, squad in enumerate(squads.squad_id):
        colour[squad] = _SQUAD_GREYS[i % len(_SQUAD_GREYS)]
        name[squad] = squads.name[i]
    return [(d, _area(name[d], colour[d])) for d in sorted({d.duty_id for d in plan.road_duties})]


def _roads(county: County, t: Translate) -> list[tuple[str, Look]]:
    said = {
        "expressway": t("Expressway"),
        "national": t("National road"),
        "provincial": t("Provincial road"),
        "county": t("County road"),
        "township": t("Township road"),
        "village": t("Village road"),
        "street": t("Street"),
    }
    classes = [
        (c, said.get(c, c), 0.7 - 0.1 * min(i, 4)) for i, c in enumerate(county.road_classes)
    ]
    # To QGIS the empty value means all others.
    classes.append(("", t("Other roads"), 0.15))
    if county.origin_of("roads") == MODELLED:
        classes = [(c, t("{name} (modelled)").format(name=n), w) for c, n, w in classes]
    return [(c, Look(label=n, colour=_ROAD, width_mm=w)) for c, n, w in classes]


def _change_labels() -> list[str]:
    ends = [f"{b:+.0f}" for b in CHANGE_BREAKS_MIN]
    inner = [f"{low} … {high}" for low, high in pairwise(ends)]
    return [f"< {ends[0]}", *inner, f"> {ends[-1]}"]
