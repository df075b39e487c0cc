"""Loops over the bytes of OpenStreetMap's binary format, compiled by numba.

Importing this module imports numba, so only `geo.osm_pbf` does, when it reads.

The format: https://wiki.openstreetmap.org/wiki/PBF_Format (Protocol Buffers: a field is a number
of seven bits a byte that names it and its kind, then its value).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.compiled import compiled

_CUT = "the block ends inside a field"


@compiled
def _number(data: Any, at: int) -> tuple[Any, int]:
    """A varint and where it ends."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while True:
        if at >= data.size:
            raise ValueError(_CUT)
        byte = data[at]
        at += 1
        value |= np.uint64(byte & 0x7F) << shift
        if byte < 0x80:
            return np.int64(value), at
        shift += np.uint64(7)


@compiled
def _signed(data: Any, at: int) -> tuple[Any, int]:
    """A zigzag varint and where it ends."""
    value, at = _number(data, at)
    # Shift without the sign, as an unsigned number would.
    return ((value >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(value & 1), at


@compiled
def _field(data: Any, at: int) -> tuple[Any, Any, int, int]:
    """Number, kind, start and end of the value of the field at `at`.

    A varint's value starts where it stands; a block's starts after its length.
    """
    tag, at = _number(data, at)
    kind = tag & 7
    start = at
    if kind == 0:
        _, end = _number(data, at)
    elif kind == 1:
        end = at + 8
    elif kind == 2:
        size, start = _number(data, at)
        end = start + size
    elif kind == 5:
        end = at + 4
    else:
        raise ValueError("an unknown kind of field")
    if end > data.size or end < start:
        raise ValueError(_CUT)
    return tag >> 3, kind, start, end


@compiled
def strings(data: Any, start: int, end: int) -> Any:
    """Start and end of each string of a string table, shape (n, 2)."""
    found = np.empty(((end - start) // 2 + 1, 2), np.int64)
    n = 0
    at = start
    while at < end:
        _, _, first, at = _field(data, at)
        found[n, 0] = first
        found[n, 1] = at
        n += 1
    return found[:n]


@compiled
def ways(
    data: Any, start: int, end: int, column_of: Any, columns: int, ferry: int
) -> tuple[Any, Any, Any, Any]:
    """Ways of a group that have column 0 (`highway`), or `ferry` in column 1 (`route`).

    Args:
        data: The block.
        start: Where the group starts.
        end: Where it ends.
        column_of: Column of each string of the table when it is a key, or -1.
        columns: C.
        ferry: String row of the text `ferry`.

    Returns:
        Ids (w,), number of nodes (w,), string row of each column's value (w, C; 0 = none), and
        the ids of all nodes in turn.
    """
    most = (end - start) // 2 + 1
    ids = np.empty(most // 2 + 1, np.int64)
    counts = np.empty(most // 2 + 1, np.int64)
    values = np.zeros((most // 2 + 1, columns), np.int32)
    refs = np.empty(end - start + 1, np.int64)
    n = 0
    filled = 0
    at = start
    while at < end:
        number, _, inner, at = _field(data, at)
        if number != 3:
            continue
        keys = keys_end = vals = vals_end = nodes = nodes_end = 0
        way_id = 0
        place = inner
        while place < at:
            field, _, first, place = _field(data, place)
            if field == 1:
                way_id, _ = _number(data, first)
            elif field == 2:
                keys, keys_end = first, place
            elif field == 3:
                vals, vals_end = first, place
            elif field == 8:
                nodes, nodes_end = first, place
        for c in range(columns):
            values[n, c] = 0
        while keys < keys_end and vals < vals_end:
            key, keys = _number(data, keys)
            val, vals = _number(data, vals)
            if key < column_of.size and column_of[key] >= 0:
                values[n, column_of[key]] = val
        if values[n, 0] == 0 and (ferry == 0 or values[n, 1] != ferry):
            continue
        ref = 0
        before = filled
        while nodes < nodes_end:
            step, nodes = _signed(data, nodes)
            ref += step
            refs[filled] = ref
            filled += 1
        ids[n] = way_id
        counts[n] = filled - before
        n += 1
    return ids[:n].copy(), counts[:n].copy(), values[:n].copy(), refs[:filled].copy()


@compiled
def dense_nodes(
    data: Any, start: int, end: int, column_of: Any, columns: int
) -> tuple[Any, Any, Any, Any, Any]:
    """Nodes of a group's dense block.

    Returns:
        Ids (n,), raw longitude (n,) and latitude (n,), rows of the nodes with column 0
        (`barrier`) (b,), and the string row of each of their columns' values (b, C).
    """
    id_at = id_end = lat_at = lat_end = lon_at = lon_end = tag_at = tag_end = 0
    at = start
    while at < end:
        number, _, first, at = _field(data, at)
        if number == 1:
            id_at, id_end = first, at
        elif number == 8:
            lat_at, lat_end = first, at
        elif number == 9:
            lon_at, lon_end = first, at
        elif number == 10:
            tag_at, tag_end = first, at
    most = id_end - id_at
    ids = np.empty(most, np.int64)
    lon = np.empty(most, np.int64)
    lat = np.empty(most, np.int64)
    node_id = node_lon = node_lat = 0
    n = 0
    while id_at < id_end:
        if lat_at >= lat_end or lon_at >= lon_end:
            raise ValueError(_CUT)
        step, id_at = _signed(data, id_at)
        node_id += step
        step, lat_at = _signed(data, lat_at)
        node_lat += step
        step, lon_at = _signed(data, lon_at)
        node_lon += step
        ids[n] = node_id
        lon[n] = node_lon
        lat[n] = node_lat
        n += 1
    rows = np.empty(n, np.int64)
    values = np.zeros((n, columns), np.int32)
    found = 0
    node = 0
    while tag_at < tag_end and node < n:
        key, tag_at = _number(data, tag_at)
        if key == 0:
            if values[found, 0] > 0:
                rows[found] = node
                found += 1
            else:
                for c in range(columns):
                    values[found, c] = 0
            node += 1
            continue
        val, tag_at = _number(data, tag_at)
        if key < column_of.size and column_of[key] >= 0:
            values[found, column_of[key]] = val
    return (
        ids[:n].copy(),
        lon[:n].copy(),
        lat[:n].copy(),
        rows[:found].copy(),
        values[:found].copy(),
    )
