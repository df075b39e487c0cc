"""Whose data a case rests on: what it says, and OpenStreetMap wherever its data is used.

The Open Database Licence asks for the credit on everything made with the data, whatever
`attribution` says.
"""

from __future__ import annotations

from collections.abc import Iterator

from geo.osm import is_osm
from scenarios.schema import CaseSpec

OSM_CREDIT = "© OpenStreetMap contributors, ODbL"
_NAMED = "openstreetmap"
# Shapefiles of the public extract servers.
_SHARED_LAYERS = "gis_osm_"


def credited(spec: CaseSpec) -> str:
    """The case's `attribution`, with OpenStreetMap's where it lacks and any of the data is theirs.

    Theirs is what a layer of an OpenStreetMap file says, or of one called `gis_osm_…`, and what
    an entry of `provenance` calls so.
    """
    said = spec.attribution.strip()
    if _NAMED in said.casefold() or not _uses_osm(spec):
        return said
    return f"{said} · {OSM_CREDIT}" if said else OSM_CREDIT


def _uses_osm(spec: CaseSpec) -> bool:
    return any(_is_theirs(path) for path in _paths(spec)) or any(
        _NAMED in entry.note.casefold() for entry in spec.provenance
    )


def _is_theirs(path: str) -> bool:
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return is_osm(name) or name.casefold().startswith(_SHARED_LAYERS)


def _paths(spec: CaseSpec) -> Iterator[str]:
    layers = spec.layers
    for layer in (
        layers.stations, layers.cells, layers.cells.attributes, layers.alerts, layers.squads,
        layers.units, layers.barriers, layers.boundary,
    ):  # fmt: skip
        if layer is not None:
            yield layer.path
    if layers.roads != "modelled":
        yield layers.roads.path
