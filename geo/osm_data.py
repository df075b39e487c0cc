"""What road reading takes from an OpenStreetMap file, whichever form the file has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from optimizer.frozen import IntArray

# The first two decide whether a way is kept: a road, or a ferry.
WAY_KEYS = (
    "highway", "route", "oneway", "junction", "maxspeed", "access", "vehicle", "motor_vehicle",
    "motorcar", "area", "name", "ref",
)  # fmt: skip
# The first decides whether a node's tags are kept.
NODE_KEYS = ("barrier", "access", "vehicle", "motor_vehicle", "motorcar", "locked")

RESTRICTION_KEYS = (
    "restriction",
    "restriction:motorcar",
    "restriction:motor_vehicle",
    "restriction:conditional",
    "except",
)


Number = TypeVar("Number", bound=np.generic)


class OsmFileError(Exception):
    """A file that cannot be read.

    Args:
        expected: Message template in English, as in `optimizer.errors.Problem`.
    """

    def __init__(self, expected: str) -> None:
        self.expected = expected
        super().__init__(expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A turn that a relation forbids or prescribes.

    Attributes:
        relation_id: Of the relation.
        tags: Its tags.
        members: Kind (`node`, `way`, `relation`), id and role of each.
    """

    relation_id: int
    tags: Mapping[str, str]
    members: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OsmData:
    """Ways that may be roads, their nodes, barriers and restrictions. N nodes, W ways, R refs.

    Attributes:
        node_id: Ids of the nodes that the ways use and the file has, rising, shape (N,).
        lon_e7, lat_e7: WGS84 in 1e-7 degrees, shape (N,).
        barriers: Tags (`NODE_KEYS`) of each node with a barrier, by id.
        way_id: In the order of the file, shape (W,).
        ref_first: Row of each way's first node in `ref`, shape (W + 1,).
        ref: Node ids of the ways, shape (R,).
        way_text: Row in `texts` of each of `WAY_KEYS`, shape (W, len(WAY_KEYS)); 0 = no tag.
        texts: Each text once; row 0 is empty.
        restrictions: Relations that restrict turns.
    """

    node_id: IntArray
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    barriers: Mapping[int, Mapping[str, str]]
    way_id: IntArray
    ref_first: IntArray
    ref: IntArray
    way_text: NDArray[np.int32]
    texts: tuple[str, ...]
    restrictions: tuple[Restriction, ...]


class Texts:
    """Texts and their rows; row 0 is the empty one."""

    def __init__(self) -> None:
        self._row: dict[str, int] = {"": 0}

    def row(self, text: str) -> int:
        """Row of `text`, new or not."""
        return self._row.setdefault(text, len(self._row))

    def all(self) -> tuple[str, ...]:
        """Every text, by row."""
        return tuple(self._row)


def restriction_of(
    relation_id: int, tags: Mapping[str, str], members: Iterable[tuple[str, int, str]]
) -> Restriction | None:
    """The restriction that a relation means for cars, or None."""
    if tags.get("type") not in ("restriction", "restriction:motorcar", "restriction:motor_vehicle"):
        return None
    kept = {key: tags[key] for key in RESTRICTION_KEYS if key in tags}
    return Restriction(relation_id=relation_id, tags=kept, members=tuple(members))


def rising(values: NDArray[Number]) -> NDArray[Number]:
    """Each value once, rising. By sorting: numpy's `unique` hashes, ten times slower here."""
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def used_nodes(
    used: IntArray, ids: IntArray, lon_e7: NDArray[Any], lat_e7: NDArray[Any]
) -> tuple[IntArray, NDArray[np.int32], NDArray[np.int32]]:
    """The nodes among `ids` that are `used` (rising, each once)."""
    if not len(used):
        return ids[:0], lon_e7[:0].astype(np.int32), lat_e7[:0].astype(np.int32)
    at = np.searchsorted(used, ids)
    at[at == len(used)] = 0
    kept = used[at] == ids
    return ids[kept], lon_e7[kept].astype(np.int32), lat_e7[kept].astype(np.int32)
