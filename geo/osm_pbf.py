"""Reading `.osm.pbf`: blocks one at a time, only what roads need, no object per node.

Ways are read first and nodes in a second pass, so that of a country's nodes only those of roads
are held. Format: https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from geo.osm_data import (
    NODE_KEYS,
    WAY_KEYS,
    OsmData,
    OsmFileError,
    Restriction,
    Texts,
    restriction_of,
    rising,
    used_nodes,
)
from optimizer.frozen import IntArray

NOT_OSM = "an OpenStreetMap file; this one is something else under that name"
CUT_OFF = "a whole OpenStreetMap file; this one is cut off or damaged"
_COMPRESSED = "a file packed with zlib, as all common sources write it"
_FEATURES = frozenset({"OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"})
# Limits of the format.
_HEADER_BYTES, _BLOB_BYTES = 64 * 1024, 32 * 1024 * 1024
_MEMBER = ("node", "way", "relation")
_WAYS, _RELATIONS, _DENSE, _NODES = 3, 4, 2, 1


@dataclass(slots=True)
class _Gathered:
    """What the first pass has found."""

    texts: Texts = field(default_factory=Texts)
    ids: list[IntArray] = field(default_factory=list)
    counts: list[IntArray] = field(default_factory=list)
    refs: list[IntArray] = field(default_factory=list)
    text_rows: list[NDArray[np.int32]] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Block:
    """An unpacked block: bytes, string table and the groups by first field."""

    raw: bytes
    data: NDArray[np.uint8]
    strings: IntArray
    groups: tuple[tuple[int, int, int], ...]
    granularity: int
    lon_offset: int
    lat_offset: int

    def text(self, row: int) -> str:
        """A string of the table."""
        start, end = self.strings[row].tolist()
        return self.raw[start:end].decode("utf-8", "replace")

    def columns(self, keys: tuple[str, ...]) -> NDArray[np.int64]:
        """Row in `keys` of each string of the table, or -1."""
        wanted = {key.encode(): i for i, key in enumerate(keys)}
        found = [wanted.get(self.raw[a:b], -1) for a, b in self.strings.tolist()]
        return np.array(found, np.int64)


def read_pbf(path: Path) -> OsmData:
    """Read the roads of a file.

    Raises:
        OsmFileError: the file is not of this format, is cut off or is damaged.
        OSError: it cannot be opened.
    """
    found = _Gathered()
    node_blocks: list[int] = []
    with path.open("rb") as file:
        for place, kind, raw in _blobs(file, None):
            if kind == "OSMHeader":
                _check_header(raw)
                continue
            block = _block(raw)
            fields = {first for first, _, _ in block.groups}
            if fields & {_DENSE, _NODES}:
                node_blocks.append(place)
            if fields & {_WAYS, _RELATIONS}:
                _take_ways(block, found)
        refs = np.concatenate(found.refs) if found.refs else np.zeros(0, np.int64)
        used = rising(refs)
        nodes, barriers = _take_nodes(file, node_blocks, used)
    counts = np.concatenate(found.counts) if found.counts else np.zeros(0, np.int64)
    return OsmData(
        node_id=nodes[0],
        lon_e7=nodes[1],
        lat_e7=nodes[2],
        barriers=barriers,
        way_id=np.concatenate(found.ids) if found.ids else np.zeros(0, np.int64),
        ref_first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ref=refs,
        way_text=np.concatenate(found.text_rows)
        if found.text_rows
        else np.zeros((0, len(WAY_KEYS)), np.int32),
        texts=found.texts.all(),
        restrictions=tuple(found.restrictions),
    )


def _blobs(file: IO[bytes], places: list[int] | None) -> Iterator[tuple[int, str, bytes]]:
    """Place, kind and unpacked content of all blobs, or of those at `places`."""
    wanted = None if places is None else iter(places)
    while True:
        if wanted is not None:
            place = next(wanted, None)
            if place is None:
                return
            file.seek(place)
        place = file.tell()
        size = file.read(4)
        if not size:
            if place == 0:
                raise OsmFileError(NOT_OSM)
            return
        length = int.from_bytes(size, "big")
        if len(size) < 4 or not 0 < length <= _HEADER_BYTES:
            raise OsmFileError(NOT_OSM if place == 0 else CUT_OFF)
        kind, blob_bytes = _blob_header(file.read(length), length, place)
        packed = file.read(blob_bytes)
        if len(packed) < blob_bytes:
            raise OsmFileError(CUT_OFF)
        if kind in ("OSMHeader", "OSMData"):
            yield place, kind, _unpacked(packed)


def _blob_header(header: bytes, length: int, place: int) -> tuple[str, int]:
    fault = NOT_OSM if place == 0 else CUT_OFF
    kind, blob_bytes = "", -1
    try:
        if len(header) < length:
            raise ValueError
        for number, start, end in _fields(header, 0, length):
            if number == 1:
                kind = header[start:end].decode("ascii")
            elif number == 3:
                blob_bytes = _varint(header, start)[0]
    except (ValueError, IndexError):
        raise OsmFileError(fault) from None
    if not 0 <= blob_bytes <= _BLOB_BYTES or (place == 0 and kind != "OSMHeader"):
        raise OsmFileError(fault)
    return kind, blob_bytes


def _unpacked(blob: bytes) -> bytes:
    try:
        for number, start, end in _fields(blob, 0, len(blob)):
            if number == 1:
                return blob[start:end]
            if number == 3:
                return _inflated(blob[start:end])
            if number == 4:
                return lzma.decompress(blob[start:end])
            if number in (5, 6, 7):
                raise OsmFileError(_COMPRESSED)
    except (ValueError, IndexError, zlib.error, lzma.LZMAError):
        pass
    raise OsmFileError(CUT_OFF)


def _inflated(packed: bytes) -> bytes:
    """Unpacked to at most what the format allows, whatever the file claims."""
    inflater = zlib.decompressobj()
    raw = inflater.decompress(packed, _BLOB_BYTES)
    if not inflater.eof:
        raise ValueError("cut off, or too large")
    return raw


def _check_header(raw: bytes) -> None:
    needed = {
        raw[a:b].decode("utf-8", "replace") for n, a, b in _fields(raw, 0, len(raw)) if n == 4
    }
    if needed - _FEATURES:
        raise OsmFileError("a file that needs nothing beyond the common format")


def _block(raw: bytes) -> _Block:
    from geo.osm_loops import strings

    data = np.frombuffer(raw, np.uint8)
    table: IntArray = np.zeros((0, 2), np.int64)
    groups = []
    number_of = {17: 100, 19: 0, 20: 0}
    try:
        for number, start, end in _fields(raw, 0, len(raw)):
            if number == 1:
                table = strings(data, start, end)
            elif number == 2 and end > start:
                groups.append((raw[start] >> 3, start, end))
            elif number in number_of:
                value = _varint(raw, start)[0]
                number_of[number] = value - (1 << 64) if value >> 63 else value
    except (ValueError, IndexError):
        raise OsmFileError(CUT_OFF) from None
    return _Block(raw, data, table, tuple(groups), number_of[17], number_of[20], number_of[19])


def _take_ways(block: _Block, found: _Gathered) -> None:
    from geo.osm_loops import ways

    column_of = block.columns(WAY_KEYS)
    ferry = next(
        (i for i, (a, b) in enumerate(block.strings.tolist()) if block.raw[a:b] == b"ferry"), 0
    )
    for first, start, end in block.groups:
        if first == _WAYS:
            try:
                ids, counts, values, refs = ways(
                    block.data, start, end, column_of, len(WAY_KEYS), ferry
                )
            except ValueError:
                raise OsmFileError(CUT_OFF) from None
            used, back = np.unique(values, return_inverse=True)
            if len(used) and used[-1] >= len(block.strings):
                raise OsmFileError(CUT_OFF)
            rows = [found.texts.row(block.text(row)) if row else 0 for row in used.tolist()]
            found.ids.append(ids)
            found.counts.append(counts)
            found.refs.append(refs)
            found.text_rows.append(np.array(rows, np.int32)[back].reshape(values.shape))
        elif first == _RELATIONS:
            try:
                found.restrictions += _restrictions(block, start, end)
            except (ValueError, IndexError):
                raise OsmFileError(CUT_OFF) from None


def _restrictions(block: _Block, start: int, end: int) -> Iterator[Restriction]:
    raw = block.raw
    for number, first, last in _fields(raw, start, end):
        if number != _RELATIONS:
            continue
        at = {n: (a, b) for n, a, b in _fields(raw, first, last)}
        if not {2, 3, 8, 9, 10} <= at.keys():
            continue
        keys, values = _packed(raw, *at[2]), _packed(raw, *at[3])
        tags = {block.text(k): block.text(v) for k, v in zip(keys, values, strict=True)}
        if not tags.get("type", "").startswith("restriction"):
            continue
        roles, kinds = _packed(raw, *at[8]), _packed(raw, *at[10])
        steps = [(n >> 1) ^ -(n & 1) for n in _packed(raw, *at[9])]
        members = [
            (_MEMBER[kind], int(member), block.text(role))
            for kind, member, role in zip(kinds, np.cumsum(steps), roles, strict=True)
        ]
        one = restriction_of(_varint(raw, at[1][0])[0], tags, members)
        if one is not None:
            yield one


def _take_nodes(
    file: IO[bytes], places: list[int], used: IntArray
) -> tuple[tuple[IntArray, NDArray[np.int32], NDArray[np.int32]], dict[int, dict[str, str]]]:
    """Id, longitude and latitude of the used nodes, rising; tags of those with a barrier."""
    from geo.osm_loops import dense_nodes

    parts = [used_nodes(used, *(np.zeros(0, np.int64),) * 3)]
    barriers: dict[int, dict[str, str]] = {}
    for _, _, raw in _blobs(file, places):
        block = _block(raw)
        column_of = block.columns(NODE_KEYS)
        for first, start, end in block.groups:
            try:
                if first == _DENSE:
                    inner = next((a, b) for n, a, b in _fields(raw, start, end) if n == _DENSE)
                    ids, lon, lat, rows, values = dense_nodes(
                        block.data, *inner, column_of, len(NODE_KEYS)
                    )
                elif first == _NODES:
                    ids, lon, lat, rows, values = _plain_nodes(raw, start, end, column_of)
                else:
                    continue
            except (ValueError, IndexError, KeyError):
                raise OsmFileError(CUT_OFF) from None
            for row, tags in zip(rows.tolist(), values.tolist(), strict=True):
                said = zip(NODE_KEYS, tags, strict=True)
                barriers[int(ids[row])] = {key: block.text(v) for key, v in said if v}
            parts.append(
                used_nodes(
                    used,
                    ids,
                    _e7(lon, block.lon_offset, block.granularity),
                    _e7(lat, block.lat_offset, block.granularity),
                )
            )
    ids, lon, lat = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Nearly always in order already; each node once.
    ids, first_row = np.unique(ids, return_index=True)
    kept = {node: tags for node, tags in barriers.items() if _holds(ids, node)}
    return (ids, lon[first_row], lat[first_row]), kept


def _holds(rising: IntArray, value: int) -> bool:
    at = int(np.searchsorted(rising, value))
    return at < len(rising) and int(rising[at]) == value


def _e7(raw: IntArray, offset: int, granularity: int) -> IntArray:
    if granularity == 100 and offset == 0:
        return raw
    made: IntArray = np.rint((raw * granularity + offset) / 100.0).astype(np.int64)
    return made


def _plain_nodes(
    raw: bytes, start: int, end: int, column_of: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray, NDArray[np.int64]]:
    """As `dense_nodes`, of the form that few writers use."""
    ids: list[int] = []
    lon: list[int] = []
    lat: list[int] = []
    rows: list[int] = []
    values: list[list[int]] = []
    for number, first, last in _fields(raw, start, end):
        if number != _NODES:
            continue
        at = {n: (a, b) for n, a, b in _fields(raw, first, last)}
        one = [_varint(raw, at[n][0])[0] for n in (1, 8, 9)]
        node, y, x = ((n >> 1) ^ -(n & 1) for n in one)
        tags = [0] * len(NODE_KEYS)
        if 2 in at:
            for key, value in zip(_packed(raw, *at[2]), _packed(raw, *at[3]), strict=True):
                if column_of[key] >= 0:
                    tags[column_of[key]] = value
        if tags[0]:
            rows.append(len(ids))
            values.append(tags)
        ids.append(node)
        lon.append(x)
        lat.append(y)
    made: list[Any] = [np.array(column, np.int64) for column in (ids, lon, lat, rows)]
    return (*made, np.array(values, np.int64).reshape(len(rows), len(NODE_KEYS)))


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A varint and where it ends."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field's value.

    Raises:
        ValueError: a field runs past `end`.
        IndexError: the bytes end inside a number.
    """
    while at < end:
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == 0:
            start, (_, at) = at, _varint(raw, at)
        elif kind == 2:
            size, start = _varint(raw, at)
            at = start + size
        elif kind in (1, 5):
            start = at
            at += 8 if kind == 1 else 4
        else:
            raise ValueError("an unknown kind of field")
        if at > end:
            raise ValueError("a field runs past its block")
        yield tag >> 3, start, at


def _packed(raw: bytes, at: int, end: int) -> list[int]:
    values = []
    while at < end:
        value, at = _varint(raw, at)
        values.append(value)
    return values
