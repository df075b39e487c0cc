"""Hot spots as tables, a workbook, JSON, a map and GIS layers, all or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.atomic import atomic_folder, write_text
from geo.emerging import CLASSES
from geo.gpkg import write_layers
from geo.near_repeat import NearRepeats
from optimizer.errors import Translate, untranslated
from optimizer.plan import current_plan
from scenarios.alert_choice import selection_document, selection_key, selection_text
from scenarios.documents import json_text
from scenarios.hot_spots import HotSpot, HotSpotStudy
from scenarios.hot_spots_maps import hot_spot_layers, write_maps
from scenarios.hot_spots_words import band_texts, kind_text
from scenarios.keeping import versions
from scenarios.key_areas import write_key_areas
from scenarios.key_areas_hot import hot_key_areas, key_areas_document, key_areas_text
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import inputs_text
from scenarios.rhythm_trace import joined_key, part_key
from scenarios.tables import Sheet
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK = "hot_spots.xlsx"
LAYERS = "hot_spots.gpkg"


def hot_spots_document(found: HotSpotStudy, _: Translate = untranslated) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    meant, rules = found.meant, found.rules
    return {
        "case": meant.county.name,
        "scenario": meant.scenario,
        "selection": selection_document(meant.selection),
        "selection_key": selection_key(meant.selection),
        "alerts": float(meant.counts.sum()),
        "years": meant.years,
        "places": found.places,
        "per": found.per,
        "grid_m": None if found.grid is None else found.grid.step_m,
        "band_m": found.band_m,
        "places_tested": len(found.keys),
        "places_hot": int(found.is_hot.sum()),
        "false_discovery_fraction": rules.false_discovery_fraction,
        "scale": rules.scale,
        "permutations": found.permutations,
        "seed": rules.seed,
        "without_point": found.without_point,
        "too_few_alerts": found.small,
        "hot_spots": [_spot(s) for s in found.spots],
        "through_time": None
        if found.through is None
        else {
            "step": rules.emerging.step,
            "starts": [str(d) for d in found.through.starts],
            "places": [_spot(s) for s in found.changing],
        },
        "near_repeats": None if found.repeats is None else _near(found.repeats),
        "key_areas": key_areas_document(hot_key_areas(found, _)),
    }


def _spot(spot: HotSpot) -> dict[str, Any]:
    return {
        "rank": spot.rank,
        "township": spot.township,
        "cell_id": spot.cell_id,
        "alerts": spot.alerts,
        "expected": spot.expected_alerts,
        "times": None if math.isinf(spot.times) else spot.times,
        "area_km2": spot.area_km2,
        "z": spot.z,
        "q": spot.q,
        "class": spot.kind or None,
        "hot_fraction": spot.hot_fraction,
        "last_alerts": spot.last_alerts,
        "keys": list(spot.keys),
    }


def _near(near: NearRepeats) -> dict[str, Any]:
    return {
        "alerts": near.alerts,
        "permutations": near.permutations,
        "distances_m": near.distances_m.tolist(),
        "days": near.days.tolist(),
        "pairs": near.pairs.tolist(),
        "expected": near.expected_pairs.tolist(),
        "ratio": near.ratio.tolist(),
        "p": near.p.tolist(),
    }


def hot_spot_sheets(found: HotSpotStudy, _: Translate) -> tuple[Sheet, ...]:
    """Hot spots, their places, change through time and near repeats as tables."""
    sheets = [_spots(found, _), _places(found, _)]
    if found.through is not None:
        sheets.append(_changing(found, _))
    if found.repeats is not None:
        sheets.append(_repeats(found.repeats, _))
    return tuple(sheets)


def _spots(found: HotSpotStudy, _: Translate) -> Sheet:
    return Sheet(
        name="hot_spots",
        title=_("Hot spots"),
        header=(_("Rank"), _("Township"), _("Cell"), _("Alerts"), _("Expected"), _("Times"),
                _("km²"), _("Highest Gi*"), _("Least q"), _("Places"), _("First key")),
        kinds=("count", "text", "text", "count", "number", "number", "number", "number",
               "text", "count", "text"),
        rows=tuple(
            (s.rank, s.township, s.cell_id, s.alerts, s.expected_alerts, s.times, s.area_km2, s.z,
             f"{s.q:.2g}", len(s.keys), _first_key(found, s))
            for s in found.spots
        ),
    )  # fmt: skip


def _places(found: HotSpotStudy, _: Translate) -> Sheet:
    """Every place that is hot, with the key by which its alerts are found."""
    local = found.local
    rank = {key: s.rank for s in found.spots for key in s.keys}
    rows = np.flatnonzero(found.is_hot).tolist()
    return Sheet(
        name="places",
        title=_("Places"),
        header=(_("Key"), _("Hot spot"), _("Alerts"), _("Gi*"), _("p"), _("q")),
        kinds=("text", "count", "count", "number", "text", "text"),
        rows=tuple(
            (_trace_key(found, i), rank.get(found.keys[i]),
             float(found.counts[i]), float(local.z[i]), f"{local.p[i]:.2g}",
             f"{local.q[i]:.2g}")
            for i in rows
        ),
    )  # fmt: skip


def _first_key(found: HotSpotStudy, spot: HotSpot) -> str:
    """The key of the first place of a spot, as the table of places gives it."""
    return _trace_key(found, found.keys.index(spot.keys[0]))


def _trace_key(found: HotSpotStudy, place: int) -> str:
    """The key of the alerts that were counted at a place."""
    return joined_key(place_key(found, place), selection_key(found.meant.selection))


def place_key(found: HotSpotStudy, place: int) -> str:
    """The key of a place for `jingli alerts --trace`."""
    key = found.keys[place]
    return key if found.grid is not None else part_key("cell", key)


def _changing(found: HotSpotStudy, _: Translate) -> Sheet:
    return Sheet(
        name="through_time",
        title=_("Through time"),
        header=(_("Rank"), _("Course"), _("Township"), _("Cell"), _("Alerts"),
                _("In the last step"), _("Steps hot"), _("km²"), _("First key")),
        kinds=("count", "text", "text", "text", "count", "count", "fraction", "number", "text"),
        rows=tuple(
            (s.rank, kind_text(s.kind, _), s.township, s.cell_id, s.alerts, s.last_alerts,
             s.hot_fraction, s.area_km2, _first_key(found, s))
            for s in found.changing
        ),
    )  # fmt: skip


def _repeats(near: NearRepeats, _: Translate) -> Sheet:
    distances, days = band_texts(near, _)
    return Sheet(
        name="near_repeats",
        title=_("Near repeats"),
        header=(_("Distance"), _("Days between"), _("Pairs"), _("Expected"), _("Times"), _("p")),
        kinds=("text", "text", "count", "number", "number", "text"),
        rows=tuple(
            (distances[d], days[t], int(near.pairs[d, t]), float(near.expected_pairs[d, t]),
             float(near.ratio[d, t]), f"{near.p[d, t]:.2g}")
            for d in range(len(distances))
            for t in range(len(days))
        ),
    )  # fmt: skip


def write_hot_spots(
    found: HotSpotStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON, maps and layers into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    meant = found.meant
    county = meant.county
    title = case_title(county.name, meant.scenario)
    keys = hot_key_areas(found, _)
    lines = [
        (_("Alerts"), selection_text(meant.selection, _)),
        (_("Hot spots"), _("Gi* with conditional permutation; at most {share:.0%} of the places "
                           "listed by chance.").format(
                               share=found.rules.false_discovery_fraction)),
        (_("Key areas"), key_areas_text(keys, found.meant.loaded.case.spec
                                        .alert_rules.visibility, _)),
        (_("Inputs"), inputs_text(county.provenance, _)),
    ]  # fmt: skip
    sheets = hot_spot_sheets(found, _)
    scene = scene_of(meant.loaded, current_plan(county), title, _, language)
    with atomic_folder(out) as folder:
        write_text(folder / "hot_spots.json", json_text(hot_spots_document(found, _)))
        write_key_areas(keys.areas, keys.window, folder)
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        write_layers(folder / LAYERS, hot_spot_layers(found, _), _, attribution=scene.attribution)
        write_maps(found, scene, folder, _)
        return write_manifest(
            folder,
            command=list(command),
            county_digest=county.digest,
            policy_digest=meant.loaded.policy.digest,
            seed=found.rules.seed,
            versions=versions(),
        )


def classes_found(found: HotSpotStudy) -> list[tuple[str, int]]:
    """Classes through time and how many squares each has; those without left out."""
    assert found.through is not None
    number = np.bincount(found.through.kind, minlength=len(CLASSES)).tolist()
    return [(name, n) for name, n in zip(CLASSES, number, strict=True) if n and name != "none"]
