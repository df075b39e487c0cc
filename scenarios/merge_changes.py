"""The data changes of all blocks of a scenario merged into one, relative to the case's files.

Places are looked up and points brought to WGS84 here, so that what follows knows ids and degrees
only. A later block replaces the values of an earlier one under the same key; `null` takes an
earlier override back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from geo.crs import is_known, to_wgs84
from optimizer.county import County
from optimizer.errors import Problem
from optimizer.policy import Policy
from scenarios.library import as_text, unchanged
from scenarios.names import Gazetteer, Names, Wrong, gazetteer
from scenarios.scenario import Effect, Override, Scenario, Step
from scenarios.scenario_schema import DATA_KEYS, RIVALS, Block, Changes, has_rivals

Path = tuple[str, ...]
Key = tuple[str | int, ...]

REASON = "reason"
_POINTS = frozenset({"at", "near", "across", "inside", "line"})
_NAMED = frozenset({"factors", "places", "events", "speeds", "close", "new", "add"})
_MISSING = object()


@dataclass(slots=True, kw_only=True)
class ChangeNotes:
    """What merging and applying turn up, gathered until all is known.

    Attributes:
        problems: Errors so far.
        origin: Step and written path of each value that holds, by its path.
        effects: What follows from a change, by its path.
    """

    problems: list[Problem] = field(default_factory=list)
    origin: dict[Path, tuple[Step, Key]] = field(default_factory=dict)
    effects: dict[Path, Effect] = field(default_factory=dict)

    def wrong(
        self, path: Path, expected: str, fix: str = "", *, value: object = None, **params: object
    ) -> None:
        """Note a problem at `path`, told at the line that the planner wrote."""
        for end in range(len(path), 0, -1):
            for known, (step, at) in self.origin.items():
                if known[:end] == path[:end]:
                    shown = at[: len(at) - (len(known) - end)] or at
                    problem = step.entry.problem(shown, expected, fix, value=value, **params)
                    if problem not in self.problems:
                        self.problems.append(problem)
                    return
        raise ValueError(f"no override at {path}")

    def nothing(self, path: Path, why: str, **params: object) -> None:
        """Note that a change does nothing."""
        self.wrong(path, why, "delete it, or correct it", **params)

    def effect(self, path: Path, template: str, **params: object) -> None:
        """Note what follows from a change."""
        self.effects[path] = Effect(template=template, params=params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """All data changes of a scenario.

    Attributes:
        changes: What holds in the end.
        overrides: Who said what, in order.
    """

    changes: Changes
    overrides: tuple[tuple[Path, Override], ...]


def merge_changes(scenario: Scenario, county: County, policy: Policy, notes: ChangeNotes) -> Merged:
    """Merge the data changes of every step of `scenario`.

    Args:
        scenario: The resolved scenario.
        county: The county as its files say, for names and present values.
        policy: For the names of road classes.
        notes: Problems are added: unknown names, two overrides of one key in one block, overrides
            without effect or reason.
    """
    new = dict(opened_stations(scenario, county))
    places = gazetteer(county, tuple(new.items()))
    tree: dict[str, Any] = {}
    found: list[tuple[Path, Override]] = []
    for step in scenario.steps:
        words = _Words(step, places, policy, notes)
        given: dict[Path, tuple[object, Key]] = {}
        for path, value, at in words.leaves():
            twin = _said_already(given, path)
            if twin is not None:
                notes.problems.append(
                    step.entry.problem(
                        at,
                        "one override of each thing in a block; {other} is another of this one",
                        "delete one of the two",
                        other=".".join(map(str, given[twin][1])),
                    )
                )
                continue
            given[path] = (value, at)
        found += _merge_step(step, given, tree, county, places, notes)
    return Merged(changes=Changes.model_validate(tree), overrides=tuple(found))


def _item(path: Path, new: frozenset[str]) -> Path:
    """The change that a value belongs to: a named item, a new station, or a single value."""
    if path[0] in ("alerts", "roads", "barriers") and len(path) > 2 and path[1] in _NAMED:
        return path[:3]
    as_one = path[:2] == ("alerts", "as_in") or (path[0] == "stations" and path[1] in new)
    return path[:2] if as_one else path


def opened_stations(scenario: Scenario, county: County) -> tuple[tuple[str, str], ...]:
    """Id and name of stations that no file has and a step opens."""
    known = {*county.stations.station_id, *county.stations.name}
    found: dict[str, str] = {}
    for step in scenario.steps:
        for key, change in step.entry.spec.stations.items():
            if change is not None and change.open and key not in known:
                found[key] = change.name or found.get(key) or key
    return tuple(found.items())


def _said_already(given: Mapping[Path, object], path: Path) -> Path | None:
    """A path in `given` that speaks of the same thing as `path` does."""
    if path in given:
        return path
    if has_rivals(path):
        for group in RIVALS:
            if path[-1] in group:
                for other in sorted(group):
                    if (*path[:-1], other) in given:
                        return (*path[:-1], other)
    return None


def _merge_step(
    step: Step,
    given: Mapping[Path, tuple[object, Key]],
    tree: dict[str, Any],
    county: County,
    places: Gazetteer,
    notes: ChangeNotes,
) -> list[tuple[Path, Override]]:
    """Put one step's values into `tree`; its overrides, one per item."""
    new = frozenset(places.stations.ids) - set(county.stations.station_id)
    before: dict[Path, object] = {}
    first: dict[Path, Key] = {}
    for path, (value, at) in given.items():
        if path[-1] == REASON:
            if not any(p[: len(path) - 1] == path[:-1] and p[-1] != REASON for p in given):
                notes.problems.append(_says_nothing(step, at[:-1]))
            continue
        item = _item(path, new)
        present = _at(tree, path)
        if present is _MISSING:
            present = None if value is None else _base(county, path)
        if item not in before:
            was = _at(tree, item)
            before[item] = _base(county, item) if was is _MISSING else _copy(was)
            first[item] = at
        if _same(value, present):
            if step.is_own:
                notes.problems.append(unchanged(step.entry, at, _text(present)))
            continue
        for rival in _rivals(path):
            _drop(tree, notes, rival)
        if value is None:
            _drop(tree, notes, path)
        else:
            _put(tree, path, value)
            notes.origin[path] = (step, at)
    made = []
    for item, was in before.items():
        now = _at(tree, item)
        if now is _MISSING:
            now = _base(county, item)
        if _same(was, now):
            continue
        reason = _reason(given, item, step)
        if not reason and step.is_own:
            notes.problems.append(
                step.entry.problem(
                    first[item][: len(item)],
                    "a reason for this change, which is printed beside it",
                    "write `reason:` under it, or once at the top",
                )
            )
        override = Override(
            key=".".join(item),
            before=_text(was),
            after=_text(now),
            origin=step.name,
            file=step.entry.shown,
            line=step.entry.line_of(first[item]),
            reason=reason,
            is_own=step.is_own,
            place=_place(places, item),
        )
        made.append((item, override))
    return made


def _place(places: Gazetteer, item: Path) -> str:
    kinds = {"stations": places.stations, "squads": places.squads, "units": places.units}
    return kinds[item[0]].shown(item[1]) if item[0] in kinds else ""


def _says_nothing(step: Step, at: Key) -> Problem:
    return step.entry.problem(at, "something that changes below it", "delete it, or fill it in")


def _reason(given: Mapping[Path, tuple[object, Key]], item: Path, step: Step) -> str:
    for end in range(len(item), 0, -1):
        said = given.get((*item[:end], REASON))
        if said is not None and said[0]:
            return str(said[0])
    return step.reason


def _rivals(path: Path) -> Iterator[Path]:
    if has_rivals(path):
        for group in RIVALS:
            if path[-1] in group:
                yield from ((*path[:-1], other) for other in sorted(group - {path[-1]}))


def _base(county: County, path: Path) -> object:
    """Value without any override, as the case's files say; None where they say nothing."""
    match path:
        case ("alerts" | "roads", "factor" | "speed_factor"):
            return 1.0
        case ("alerts" | "roads", "factors" | "speeds", _, "factor"):
            return 1.0
        case ("stations" | "squads" | "units", one, key):
            return _base_of(county, path[0], one, key)
    return None


def _base_of(county: County, layer: str, one: str, key: str) -> object:
    table: Any = {"stations": county.stations, "squads": county.squads, "units": county.units}[
        layer
    ]
    ids = {"stations": "station_id", "squads": "squad_id", "units": "unit_id"}[layer]
    if one not in getattr(table, ids):
        return None
    row = getattr(table, ids).index(one)
    if key.startswith("add_"):
        return 0
    if key in ("open", "close"):
        return False
    if key == "at":
        return (float(table.lon_deg[row]), float(table.lat_deg[row]))
    if key == "kind":
        return "urban" if table.is_urban[row] else "rural"
    if not hasattr(table, key):
        return None
    value = getattr(table, key)[row]
    return value.item() if isinstance(value, np.generic) else value


class _Words:
    """Reads one step: places by name, points in its datum."""

    def __init__(self, step: Step, places: Gazetteer, policy: Policy, notes: ChangeNotes) -> None:
        self.step = step
        self.places = places
        self.notes = notes
        roads = policy.roads
        known = dict.fromkeys([*roads.speed_km_per_h, *roads.managed_classes, "other"])
        self.classes = Names("class", known)
        self.crs = step.entry.spec.crs
        if not is_known(self.crs):
            notes.problems.append(
                step.entry.problem(
                    ("crs",),
                    "a datum: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n",
                    "use one of these",
                    value=self.crs,
                )
            )
            self.crs = "WGS84"

    def leaves(self) -> Iterator[tuple[Path, object, Key]]:
        """Path with ids, value with ids and WGS84, and the path as written."""
        spec: Block = self.step.entry.spec
        data = spec.model_dump(exclude_unset=True, include=set(DATA_KEYS))
        for at, value in _leaves(data) if data else ():
            if value == {}:
                self.notes.problems.append(_says_nothing(self.step, at))
                continue
            path = self._path(at)
            if path is None:
                continue
            if value is not None and path[-1] in _POINTS:
                value = self._points(at, value)
            elif value is not None:
                value = self._names(path, at, value)
            if value is not _MISSING:
                yield path, value, at

    def _path(self, at: Path) -> Path | None:
        """`at` with the id of its station, squad or unit."""
        kinds = {
            "stations": self.places.stations,
            "squads": self.places.squads,
            "units": self.places.units,
        }
        if at[0] not in kinds or len(at) < 2:
            return at
        one = self._one(kinds[at[0]], at[1], at[:2])
        return None if one is None else (at[0], one, *at[2:])

    def _names(self, path: Path, at: Path, value: object) -> object:
        """`value` with ids for names, where it names places."""
        names = self._kind(path)
        if names is None:
            return value
        if isinstance(value, str):
            one = self._one(names, value, at)
            return _MISSING if one is None else one
        assert isinstance(value, tuple)
        ids = [self._one(names, text, at) for text in value]
        if None in ids:
            return _MISSING
        return tuple(ids) if path[-1] == "between" else tuple(dict.fromkeys(ids))

    def _kind(self, path: Path) -> Names | None:
        """What the value at `path` names."""
        known = self.places
        key = path[-1]
        if key == "between":
            both = (*known.stations.ids, *known.cells.ids)
            return Names("station", both, (*map(known.stations.shown, known.stations.ids),
                                           *known.cells.ids))  # fmt: skip
        if len(path) > 2 and path[-2] == "categories":
            return None
        by_key = {
            "takes_cells": known.cells,
            "takes_townships": known.townships,
            "cells_to": known.stations,
            "officers_to": known.stations,
            "stations": known.stations,
            "cells": known.cells,
            "cell": known.cells,
            "townships": known.townships,
            "categories": known.categories,
            "classes": self.classes,
        }
        return by_key.get(key)

    def _one(self, names: Names, text: str, at: Key) -> str | None:
        found = names.find(text)
        if isinstance(found, str):
            return found
        self._unknown(found, text, at)
        return None

    def _unknown(self, found: Wrong, text: str, at: Key) -> None:
        problem = self.step.entry.problem(
            at, found.expected, found.fix, value=text, known=found.known, near=found.near
        )
        if problem not in self.notes.problems:
            self.notes.problems.append(problem)

    def _points(self, at: Path, value: Any) -> object:
        """Points in WGS84."""
        single = at[-1] in ("at", "near")
        xy = np.array([value] if single else value, dtype=float)
        lon, lat = to_wgs84(xy[:, 0], xy[:, 1], self.crs)
        good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
        if not good.all():
            self.notes.problems.append(
                self.step.entry.problem(
                    at,
                    "longitude first, then latitude, in {crs}",
                    "check their order and the block's crs",
                    value=as_text([list(p) for p in xy[~good][:1].tolist()]),
                    crs=self.crs,
                )
            )
            return _MISSING
        points = tuple((float(x), float(y)) for x, y in zip(lon, lat, strict=True))
        return points[0] if single else points


def _leaves(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Path and value of everything in `tree` that is no mapping, or an empty one."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            for path, leaf in _leaves(value):
                yield (str(key), *path), leaf
    else:
        yield (), tree


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(tree, dict) or step not in tree:
            return _MISSING
        tree = tree[step]
    return tree


def _put(tree: dict[str, Any], path: Path, value: object) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value


def _drop(tree: dict[str, Any], notes: ChangeNotes, path: Path) -> None:
    """Take the value or item at `path` out of `tree`, and mappings that this empties."""
    if _at(tree, path) is _MISSING:
        return
    for known in [k for k in notes.origin if k[: len(path)] == path]:
        del notes.origin[known]
    for end in range(len(path) - 1, -1, -1):
        holder = _at(tree, path[:end]) if end else tree
        del holder[path[end]]
        if holder or not end:
            return


def _copy(value: Any) -> Any:
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, dict) else value


def _same(one: object, two: object) -> bool:
    if one is _MISSING or two is _MISSING:
        return one is two
    if isinstance(one, tuple) and isinstance(two, tuple):
        pointed = any(isinstance(v, (tuple, float)) for v in (*one, *two))
        return one == two if pointed else sorted(map(str, one)) == sorted(map(str, two))
    if isinstance(one, bool) != isinstance(two, bool):
        return False
    return one == two


def _text(value: object) -> str:
    """A value or item in one line, as a planner would type it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{k}: {_text(v)}" for k, v in value.items() if k != REASON)
        return f"{{{inner}}}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    return as_text(value)


def with_effects(merged: Merged, notes: ChangeNotes) -> tuple[Override, ...]:
    """The overrides of `merged`, each with what follows from it."""
    return tuple(
        replace(override, effect=notes.effects.get(path)) for path, override in merged.overrides
    )
