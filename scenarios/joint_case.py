"""Counties between which bundles may cross, as one case: their files put together on disk.

The joint case is an ordinary one: neighbours across the border, roads and travel times are worked
out from its files as for any county. Ids carry the folder of their county (`jia:01`).
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import yaml

from geo.atomic import atomic_folder, write_text
from optimizer.errors import InputError, Problem
from scenarios.case import CASE_FILE
from scenarios.counties import CountyCase, case_folder, read_counties
from scenarios.credits import credited
from scenarios.manifest import write_manifest
from scenarios.road_assets import equipment_column

ID_SEPARATOR = ":"
_SUMMED = (
    ("bundling", "centres"), ("bundling", "stations_bundled"), ("bundling", "min_officers_freed"),
    ("bundling", "changes", "max_stations"), ("traffic", "duty_stations"),
    ("staffing", "max_moves"),
)  # fmt: skip
"""What each county counts for itself: together they count the sum."""
_SAME_HOURS = 1e-9
Row = dict[str, Any]


def county_key(county: CountyCase) -> str:
    """Name of a county among those of a province: its case's folder."""
    return case_folder(county.typed).resolve().name


def write_joint_case(counties: Sequence[CountyCase], folder: Path) -> None:
    """Write the case of several counties together, each in the world of its scenario.

    Args:
        counties: Two or more, read.
        folder: Folder to make; an earlier joint case is replaced.

    Raises:
        InputError: what cannot be put together soundly, all of it; or `folder` cannot be written.
    """
    joint = _Joint(counties)
    problems = [*joint.time_problems(), *joint.road_problems(), *joint.geometry_problems()]
    policy, clashes = joint.policy()
    if problems + clashes:
        raise InputError(problems + clashes)
    with atomic_folder(folder) as building:
        write_text(building / "stations.csv", _csv(joint.stations()))
        write_text(building / "cells.geojson", _geojson(joint.cells()))
        for name, rows in (
            ("squads", joint.squads()),
            ("units", joint.units()),
            ("checkpoints", joint.checkpoints()),
        ):
            if rows:
                write_text(building / f"{name}.csv", _csv(rows))
        outline = joint.outline()
        if outline is not None:
            write_text(building / "boundary.geojson", _geojson([{"geometry": outline}]))
        document = joint.document(policy, folder)
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        write_text(building / CASE_FILE, text)
        write_manifest(building)


def joined(
    counties: Sequence[CountyCase], groups: Sequence[Sequence[str]], into: Path
) -> tuple[CountyCase, ...]:
    """The counties, those of a group as one joint case in the place of its first.

    Args:
        counties: As read.
        groups: Folder names of counties between which bundles may cross.
        into: Folder for the joint cases.

    Raises:
        InputError: every group that names no county, one county or a county of another group; what
            cannot be put together.
    """
    if problems := [*_group_problems(counties, groups)]:
        raise InputError(problems)
    place = {county_key(c): i for i, c in enumerate(counties)}
    rows: list[list[int]] = [sorted(place[name] for name in set(group)) for group in groups]
    first = {members[0]: members for members in rows}
    away = {i for members in rows for i in members}
    found: list[CountyCase] = []
    for i, county in enumerate(counties):
        if i in first:
            group = [counties[j] for j in first[i]]
            folder = into / "+".join(county_key(c) for c in group)
            write_joint_case(group, folder)
            found += read_counties([str(folder)], None, ())
        elif i not in away:
            found.append(county)
    return tuple(found)


def _group_problems(
    counties: Sequence[CountyCase], groups: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    known = [county_key(c) for c in counties]
    taken = set[str]()
    for group in groups:
        own = set(group)
        shown = ",".join(group)
        for stranger in sorted(own - set(known)):
            yield Problem(
                where="--across",
                value=stranger,
                expected="the folder name of a county of this run: {known}",
                fix="check the spelling",
                params={"known": ", ".join(known)},
            )
        if len(own) < 2:
            yield Problem(
                where="--across",
                value=shown,
                expected="at least two counties, separated by commas",
                fix="name the other county too, or leave the option out",
            )
        for twice in sorted(own & taken):
            yield Problem(
                where="--across",
                value=twice,
                expected="each county in one group only",
                fix="put all counties between which bundles may cross into one group",
            )
        taken |= own


class _Joint:
    """The tables of several counties, one below the other."""

    def __init__(self, counties: Sequence[CountyCase]) -> None:
        self.counties = counties
        self.keys = [county_key(c) for c in counties]
        self.worlds = [c.loaded.county for c in counties]

    def name(self) -> str:
        return " + ".join(w.name for w in self.worlds)

    def id(self, k: int, own: str) -> str:
        return f"{self.keys[k]}{ID_SEPARATOR}{own}"

    def time_problems(self) -> Iterator[Problem]:
        first = self.worlds[0]
        for key, world in zip(self.keys[1:], self.worlds[1:], strict=True):
            same = world.period_names == first.period_names and bool(
                np.allclose(world.period_hours, first.period_hours, atol=_SAME_HOURS)
            )
            if not same:
                yield _refusal(
                    key,
                    "alert_rhythm.periods",
                    ", ".join(world.period_names),
                    "the parts of the day that {other} has: {periods}",
                    "give both the same periods",
                    other=self.keys[0],
                    periods=", ".join(first.period_names),
                )

    def road_problems(self) -> Iterator[Problem]:
        first = self._road(0)
        for k, key in enumerate(self.keys):
            if self.counties[k].loaded.road_marks:
                yield _refusal(
                    key,
                    "roads",
                    self.counties[k].scenario or "-",
                    "roads that no scenario changes",
                    "run the counties joined without the changes of roads",
                )
            elif len(self.counties[k].loaded.barriers):
                yield _refusal(
                    key,
                    "layers.barriers",
                    str(len(self.counties[k].loaded.barriers)),
                    "no barriers in counties that are joined",
                    "run the counties apart, or joined without the layer",
                )
            elif self._road(k) != first:
                yield _refusal(
                    key,
                    "layers.roads",
                    _road_text(self._road(k)),
                    "the road layer of {other}: {roads}",
                    "name one road file that covers both, or `modelled` in both: two road files "
                    "do not say where their roads meet",
                    other=self.keys[0],
                    roads=_road_text(first),
                )

    def geometry_problems(self) -> Iterator[Problem]:
        areas = [c.loaded.cell_geometry is not None for c in self.counties]
        for key, has in zip(self.keys, areas, strict=True):
            if has != areas[0]:
                yield _refusal(
                    key,
                    "layers.cells",
                    "boundaries" if has else "points",
                    "cells with boundaries in all counties, or points in all",
                    "give the cells of both in the same form",
                )

    def policy(self) -> tuple[Any, list[Problem]]:
        """One policy for all, station ids and category names as in the joint case."""
        found: Any = None
        problems: list[Problem] = []
        for k, county in enumerate(self.counties):
            stations = {s: self.id(k, s) for s in self.worlds[k].stations.station_id}
            dump = county.loaded.policy.model_dump(mode="json")
            dump["bundling"] = _renamed(dump["bundling"], stations)
            names = self._category_names(k)
            work = dump["workload"]["categories"]
            for old, new in names.items():
                if old in work:
                    work[new] = work[old]
            found = dump if found is None else _merged(found, dump, (), self.keys[k], problems)
        return found, problems

    def stations(self) -> list[Row]:
        rows = []
        taken = _repeated(n for w in self.worlds for n in w.stations.name)
        for k, world in enumerate(self.worlds):
            s = world.stations
            for i, own in enumerate(s.station_id):
                room = float(s.max_officers[i])
                rows.append({
                    "station_id": self.id(k, own),
                    "name": world.name + s.name[i] if s.name[i] in taken else s.name[i],
                    "lon": float(s.lon_deg[i]),
                    "lat": float(s.lat_deg[i]),
                    "kind": "urban" if s.is_urban[i] else "rural",
                    "officers": int(s.officers[i]),
                    "authorised_officers": int(s.authorised_officers[i]),
                    "auxiliaries": int(s.auxiliaries[i]),
                    "can_bundle": "yes" if s.can_bundle[i] else "no",
                    "can_host": "yes" if s.can_host[i] else "no",
                    "max_officers": int(room) if np.isfinite(room) else "",
                    "has_window": "yes" if s.has_window[i] else "no",
                })  # fmt: skip
        return rows

    def cells(self) -> list[Row]:
        rows = []
        towns = [sorted(set(w.cells.township)) for w in self.worlds]
        taken = _repeated(t for names in towns for t in names)
        every = self._categories()
        for k, world in enumerate(self.worlds):
            c, geometry = world.cells, self.counties[k].loaded.cell_geometry
            names = self._category_names(k)
            for i, own in enumerate(c.cell_id):
                town = c.township[i]
                alerts = dict.fromkeys(every, 0.0)
                for j, category in enumerate(world.categories):
                    alerts[names[category]] = float(c.alerts_per_year[i, j])
                rows.append({
                    "cell_id": self.id(k, own),
                    "station_id": self.id(k, world.stations.station_id[int(c.station[i])]),
                    "township": world.name + town if town in taken else town,
                    "kind": "urban" if c.is_urban[i] else "rural",
                    "population": float(c.population[i]),
                    **{f"alerts_per_year_{a}": n for a, n in alerts.items()},
                    "geometry": shapely.Point(c.lon_deg[i], c.lat_deg[i])
                    if geometry is None else geometry[i],
                })  # fmt: skip
        return rows

    def squads(self) -> list[Row]:
        """Squads with their auxiliaries and every kind of equipment that any county counts."""
        kinds = list(dict.fromkeys(k for c in self.counties for k in c.loaded.road_assets.kinds))
        rows = []
        for k, world in enumerate(self.worlds):
            q, assets = world.squads, self.counties[k].loaded.road_assets
            helpers = {p.unit_id: p.auxiliaries for p in world.personnel}
            for i, own in enumerate(q.squad_id):
                held = dict(zip(assets.kinds, assets.held.get(own, ()), strict=False))
                rows.append({
                    "squad_id": self.id(k, own),
                    "name": q.name[i],
                    "lon": float(q.lon_deg[i]),
                    "lat": float(q.lat_deg[i]),
                    "officers": int(q.officers[i]),
                    "auxiliaries": helpers.get(own, 0),
                    "stations": ";".join(self.id(k, s) for s in q.stations[i]),
                    **{equipment_column(kind): held.get(kind, 0) for kind in kinds},
                })  # fmt: skip
        return rows

    def checkpoints(self) -> list[Row]:
        return [
            {
                "checkpoint_id": self.id(k, point.checkpoint_id),
                "name": point.name,
                "lon": point.lon_deg,
                "lat": point.lat_deg,
                "hours": ";".join(f"{h:02d}-{h + 1:02d}" for h in point.hours),
                "officers": point.officers,
            }
            for k, county in enumerate(self.counties)
            for point in county.loaded.road_assets.checkpoints
        ]

    def units(self) -> list[Row]:
        return [
            {
                "unit_id": self.id(k, u.unit_id[i]),
                "name": u.name[i],
                "kind": u.kind[i],
                "officers": int(u.officers[i]),
                "authorised_officers": int(u.authorised_officers[i]),
                "required_officers": float(u.required_officers[i]),
                "can_give": "yes" if u.can_give[i] else "no",
                "can_receive": "yes" if u.can_receive[i] else "no",
                "lon": float(w.stations.lon_deg[u.station[i]]),
                "lat": float(w.stations.lat_deg[u.station[i]]),
            }
            for k, (u, w) in enumerate((w.units, w) for w in self.worlds)
            for i in range(len(u))
        ]

    def outline(self) -> Any:
        own = [c.loaded.outline for c in self.counties]
        return None if any(o is None for o in own) else shapely.union_all(own)

    def document(self, policy: Any, folder: Path) -> Row:
        layers: Row = {
            "stations": {"path": "stations.csv", "crs": "WGS84"},
            "cells": {"path": "cells.geojson", "crs": "WGS84"},
            "roads": "modelled",
        }
        spec = self.counties[0].case.spec.layers.roads
        if spec != "modelled":
            road = self.counties[0].case.layer_path(spec).resolve()
            layers["roads"] = spec.model_dump(mode="json", exclude_defaults=True) | {
                "path": Path(os.path.relpath(road, folder.resolve())).as_posix()
            }
        if self.squads():
            layers["squads"] = {"path": "squads.csv", "crs": "WGS84"}
        if self.checkpoints():
            layers["checkpoints"] = {"path": "checkpoints.csv", "crs": "WGS84"}
        if self.units():
            layers["units"] = {"path": "units.csv", "crs": "WGS84"}
        if self.outline() is not None:
            layers["boundary"] = {"path": "boundary.geojson", "crs": "WGS84"}
        shares: Row = {}
        for k, world in enumerate(self.worlds):
            names = self._category_names(k)
            for row, category in enumerate(world.categories):
                shares[names[category]] = world.period_share_fraction[row].tolist()
        first = self.worlds[0]
        periods = zip(first.period_names, first.period_hours.tolist(), strict=True)
        credits = dict.fromkeys(credited(c.case.spec) for c in self.counties)
        return {
            "jingli": 1,
            "name": self.name(),
            "attribution": " · ".join(a for a in credits if a),
            "layers": layers,
            "alert_rhythm": {
                "periods": [{"name": n, "hours": h} for n, h in periods],
                "share_fraction": shares,
            },
            "provenance": [
                {"item": p.item, "origin": p.origin, "note": f"{w.name}: {p.note}"}
                for w in self.worlds
                for p in w.provenance
                if p.item.split(".")[0] != "roads"
            ],
            "policy": policy,
        }

    def _road(self, k: int) -> Any:
        case = self.counties[k].case
        spec = case.spec.layers.roads
        if spec == "modelled":
            return spec
        return spec.model_copy(update={"path": str(case.layer_path(spec).resolve())})

    def _categories(self) -> list[str]:
        names = [self._category_names(k).values() for k in range(len(self.worlds))]
        return list(dict.fromkeys(n for own in names for n in own))

    def _category_names(self, k: int) -> dict[str, str]:
        """Categories with another rhythm than in the first county that has them stay apart."""
        world, named = self.worlds[k], {}
        for row, category in enumerate(world.categories):
            named[category] = category
            for other in self.worlds[:k]:
                if category in other.categories:
                    share = other.period_share_fraction[other.categories.index(category)]
                    if share.shape != world.period_share_fraction[row].shape or not np.allclose(
                        share, world.period_share_fraction[row], rtol=0.0, atol=_SAME_HOURS
                    ):
                        named[category] = f"{category}_{self.keys[k]}"
                    break
        return named


def _renamed(value: Any, stations: Mapping[str, str]) -> Any:
    """Station ids anywhere in a part of the policy, as in the joint case."""
    if isinstance(value, dict):
        return {stations.get(k, k): _renamed(v, stations) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, stations) for v in value]
    return stations.get(value, value) if isinstance(value, str) else value


def _merged(one: Any, other: Any, at: tuple[str, ...], key: str, problems: list[Problem]) -> Any:
    """Two policies as one: counts add up, lists follow one another, all else must be the same."""
    if at in _SUMMED and one is not None and other is not None:
        return one + other
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            k: _merged(one[k], other[k], (*at, k), key, problems)
            if k in one and k in other
            else one.get(k, other.get(k))
            for k in dict.fromkeys([*one, *other])
        }
    if at == ("staffing", "inflows"):
        return _inflows(one, other)
    if one == other:
        return one
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    problems.append(
        _refusal(
            key,
            ".".join(("policy", *at)),
            json.dumps(other, ensure_ascii=False),
            "one policy for counties that are joined; another has {other}",
            "set the same value in both, such as with --set",
            other=json.dumps(one, ensure_ascii=False),
        )
    )
    return one


def _inflows(one: list[Row], other: list[Row]) -> list[Row]:
    total: dict[str, int] = {}
    for flow in [*one, *other]:
        total[flow["to"]] = total.get(flow["to"], 0) + flow["officers"]
    return [{"to": to, "officers": n} for to, n in total.items()]


def _repeated(names: Iterator[str]) -> set[str]:
    seen, twice = set[str](), set[str]()
    for name in names:
        (twice if name in seen else seen).add(name)
    return twice


def _road_text(road: Any) -> str:
    return road if isinstance(road, str) else Path(road.path).name


def _refusal(
    county: str, column: str, value: str, expected: str, fix: str, **params: object
) -> Problem:
    return Problem(
        where=f"--across {county}",
        column=column,
        value=value,
        expected=expected,
        fix=fix,
        params=params,
    )


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _geojson(rows: Sequence[Row]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {k: v for k, v in row.items() if k != "geometry"},
            "geometry": shapely.geometry.mapping(row["geometry"]),
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
