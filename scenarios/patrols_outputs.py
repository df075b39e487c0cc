"""Patrols as JSON, tables, GPX tracks and a map, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.atomic import atomic_folder, write_text
from geo.gpx import Track, Waypoint, write_gpx
from geo.maps import write_map
from geo.patrol_map import PatrolScene, patrol_map
from geo.plane import GeometryArray, as_geometry
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.patrol_plan import Routes
from optimizer.patrol_rules import Judged
from scenarios.alert_shades import cell_shapes
from scenarios.credits import credited
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language, in_language
from scenarios.manifest import write_manifest
from scenarios.patrols import PatrolStudy
from scenarios.patrols_words import modelled_line
from scenarios.provenance import modelled_items
from scenarios.road_lines import drawn_roads

_STOPS = ("variant", "vehicle", "order", "key_area_id", "name", "lon", "lat", "drive_min",
          "arrives", "begins", "leaves")  # fmt: skip
_AREAS = ("key_area_id", "name", "lon", "lat", "visits", "visits_done", "minutes_wanted",
          "minutes_given", "minutes_waiting", "minutes_today", "reason_missed")  # fmt: skip


def patrols_document(study: PatrolStudy) -> dict[str, Any]:
    """Everything as plain values; null where there is no value."""
    asked, result = study.asked, study.result
    county = study.opened.loaded.county
    return {
        "case": county.name,
        "run": study.opened.label,
        "scenario": study.opened.scenario,
        "county_digest": county.digest,
        "modelled": modelled_items(county.provenance),
        "key_areas_modelled": asked.modelled_areas or any(a.modelled for a in asked.areas),
        "key_areas_from": asked.areas_from or None,
        "key_areas_elsewhere": asked.elsewhere,
        "key_areas_off_ground": asked.off_ground,
        "centre_id": county.stations.station_id[asked.centre_row],
        "centre": study.centre_name,
        "station_ids": list(asked.station_ids),
        "shift": asked.wishes.shift,
        "vehicles": asked.wishes.vehicles,
        "seed": asked.wishes.seed,
        "alerts_expected_crew_min": asked.alert_min,
        "reserve_min": asked.reserve_min,
        "status": "OPTIMAL" if result.is_optimal else "FEASIBLE",
        "exact": result.exact,
        "missed_min": asked.minutes(result.missed_s),
        "missed_bound_min": asked.minutes(result.missed_bound_s),
        "drive_min": asked.minutes(result.drive_s),
        "drive_bound_min": None
        if result.drive_bound_s is None
        else asked.minutes(result.drive_bound_s),
        "gap_fraction": result.gap_fraction,
        "waits_min": asked.minutes(study.judged.waits_s),
        "key_areas_covered": study.covered,
        "key_areas_covered_today": study.covered_today,
        "leg_overlap_fraction": study.overlap_fraction,
        "arrival_entropy_bits": study.entropy_bits,
        "key_areas": [
            {
                **asdict(area),
                "minutes_given": given,
                "minutes_waiting": study.waiting_min[row],
                "missed_because": _why(study, row),
            }
            for row, (area, given) in enumerate(zip(asked.areas, study.given_min, strict=True))
        ],
        "variants": [
            {
                "drive_min": asked.minutes(seen.drive_s),
                "stops": [
                    dict(zip(_STOPS[1:], stop, strict=True)) for stop in _stops(study, routes, seen)
                ],
                "back": [study.clock(s) for s in seen.back_s],
            }
            for routes, seen in study.plans
        ],
    }


def write_patrols(
    study: PatrolStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write timetable, key areas, JSON, a GPX file for each variant and a map into `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    loaded = study.opened.loaded
    with atomic_folder(out) as folder:
        write_text(folder / "patrols.json", json_text(patrols_document(study)))
        rows = [
            (k, *stop)
            for k, (routes, seen) in enumerate(study.plans, 1)
            for stop in _stops(study, routes, seen)
        ]
        write_csv(folder / "timetable.csv", _STOPS, rows)
        write_csv(folder / "key_areas.csv", _AREAS, _areas(study))
        for k, (_routes, _seen) in enumerate(study.plans):
            _write_gpx(study, k, folder / f"patrol_{k + 1}.gpx", _)
        write_map(patrol_map(_scene(study, _, language)), folder / "patrols", formats=("png",))
        return write_manifest(
            folder,
            command=list(command),
            county_digest=loaded.county.digest,
            policy_digest=loaded.policy.digest,
            versions=versions(),
        )


def _stops(study: PatrolStudy, routes: Routes, seen: Judged) -> list[tuple[object, ...]]:
    """Rows of the timetable of one variant."""
    asked = study.asked
    rows: list[tuple[object, ...]] = []
    for vehicle, route in enumerate(routes):
        here = 0
        own = [c for c in seen.calls if c.vehicle == vehicle]
        assert tuple(c.visit for c in own) == route
        for order, call in enumerate(own, 1):
            area = asked.areas[asked.area_of[call.visit]]
            drive = asked.minutes(int(asked.task.travel_s[here, call.visit + 1]))
            rows.append(
                (
                    vehicle + 1, order, area.area_id, area.name, area.lon_deg, area.lat_deg,
                    round(drive, 2), study.clock(call.arrives_s), study.clock(call.begins_s),
                    study.clock(call.leaves_s),
                )
            )  # fmt: skip
            here = call.visit + 1
    return rows


def _why(study: PatrolStudy, row: int) -> str | None:
    return next((why for visit, why in study.reasons if study.asked.area_of[visit] == row), None)


def _areas(study: PatrolStudy) -> list[tuple[object, ...]]:
    done = [study.asked.area_of[c.visit] for c in study.judged.calls]
    return [
        (
            area.area_id, area.name, area.lon_deg, area.lat_deg, area.visits, done.count(row),
            area.minutes, given, study.waiting_min[row],
            "" if area.today_min is None else area.today_min, _why(study, row) or "",
        )
        for row, (area, given) in enumerate(zip(study.asked.areas, study.given_min, strict=True))
    ]  # fmt: skip


def _write_gpx(study: PatrolStudy, variant: int, path: Path, _: Translate) -> None:
    seen = study.plans[variant][1]
    points = [
        Waypoint(
            name=f"{c.vehicle + 1}: {study.clock(c.begins_s)} {study.asked.task.names[c.visit]}",
            lon_deg=study.asked.areas[study.asked.area_of[c.visit]].lon_deg,
            lat_deg=study.asked.areas[study.asked.area_of[c.visit]].lat_deg,
        )
        for c in seen.calls
    ]
    tracks = [
        Track(
            name=_("{centre}, vehicle {n}, {shift}").format(
                centre=study.centre_name, n=vehicle + 1, shift=study.asked.wishes.shift
            ),
            segments=tuple(
                tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line).tolist())
                for line in legs
                if line is not None
            ),
        )
        for vehicle, legs in enumerate(study.lines[variant])
    ]
    write_gpx(path, points, tracks)


def _scene(study: PatrolStudy, _: Translate, language: Language) -> PatrolScene:
    loaded, asked = study.opened.loaded, study.asked
    county = loaded.county
    rows = [county.stations.station_id.index(s) for s in asked.station_ids]
    own = np.isin(county.cells.station, rows)
    legs: list[GeometryArray] = [
        as_geometry([line for line in legs if line is not None]) for legs in study.lines[0]
    ]
    areas = asked.areas
    missed = {asked.area_of[v] for v in study.judged.missed}
    labels: list[list[str]] = [[] for _area in areas]
    for call in study.judged.calls:
        labels[asked.area_of[call.visit]].append(study.clock(call.begins_s))
    centre = asked.centre_row
    return PatrolScene(
        cells=cell_shapes(loaded)[own],
        roads=drawn_roads(loaded)[0],
        ways=tuple(legs),
        centre=(float(county.stations.lon_deg[centre]), float(county.stations.lat_deg[centre])),
        area_at=np.array([[a.lon_deg, a.lat_deg] for a in areas]),
        area_text=tuple(" ".join((a.name, *times)) for a, times in zip(areas, labels, strict=True)),
        area_missed=np.array([row in missed for row in range(len(areas))]),
        title=_("Patrol of {centre}, {shift}").format(
            centre=study.centre_name, shift=asked.wishes.shift
        ),
        line=_("{k} of {n} key areas · {minutes:.0f} min of driving").format(
            k=study.covered, n=len(areas), minutes=asked.minutes(study.judged.drive_s)
        ),
        provenance_line=modelled_line(study, _),
        attribution=in_language(credited(loaded.case.spec), language),
        translate=_,
    )
