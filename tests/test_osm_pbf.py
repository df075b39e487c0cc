"""The binary form: blocks written by hand, and files that are not whole."""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from geo.osm import read_osm, read_osm_roads
from geo.osm_data import OsmFileError
from geo.osm_xml import read_xml
from optimizer.policy import Roads
from tests import osm_text as osm

STRINGS = (
    "", "highway", "tertiary", "barrier", "gate", "access", "no", "type", "restriction",
    "no_u_turn", "from", "via", "to", "building", "yes", "route", "ferry",
)  # fmt: skip


def number(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 63)


def varint(field: int, value: int) -> bytes:
    return number(field << 3) + number(value)


def block(field: int, content: bytes) -> bytes:
    return number(field << 3 | 2) + number(len(content)) + content


def packed(field: int, values: list[int]) -> bytes:
    return block(field, b"".join(number(v) for v in values))


def deltas(values: list[int]) -> list[int]:
    return [zigzag(b - a) for a, b in zip([0, *values], values, strict=False)]


def at(*texts: str) -> list[int]:
    return [STRINGS.index(text) for text in texts]


def way(way_id: int, nodes: list[int], *tags: str) -> bytes:
    keys, values = packed(2, at(*tags[::2])), packed(3, at(*tags[1::2]))
    return block(3, varint(1, way_id) + keys + values + packed(8, deltas(nodes)))


def dense(ids: list[int], lon: list[int], lat: list[int], tags: list[int]) -> bytes:
    coordinates = packed(8, deltas(lat)) + packed(9, deltas(lon))
    return block(2, packed(1, deltas(ids)) + coordinates + packed(10, tags))


def plain(node_id: int, lon: int, lat: int, *tags: str) -> bytes:
    keys, values = packed(2, at(*tags[::2])), packed(3, at(*tags[1::2]))
    place = varint(8, zigzag(lat)) + varint(9, zigzag(lon))
    return block(1, varint(1, zigzag(node_id)) + keys + values + place)


def restriction(source: int, via: int, target: int) -> bytes:
    said = packed(2, at("type", "restriction")) + packed(3, at("restriction", "no_u_turn"))
    members = packed(8, at("from", "via", "to")) + packed(9, deltas([source, via, target]))
    return block(4, varint(1, 77) + said + members + packed(10, [1, 0, 1]))


def blob(kind: str, content: bytes, *, pack: int = 3) -> bytes:
    inner = zlib.compress(content) if pack == 3 else content
    body = varint(2, len(content)) + block(pack, inner)
    header = block(1, kind.encode()) + varint(3, len(body))
    return len(header).to_bytes(4, "big") + header + body


def header(*features: str) -> bytes:
    needed = features or ("OsmSchema-V0.6", "DenseNodes")
    return blob("OSMHeader", b"".join(block(4, one.encode()) for one in needed))


def primitives(*groups: bytes, more: bytes = b"") -> bytes:
    table = block(1, b"".join(block(1, text.encode()) for text in STRINGS))
    return table + b"".join(block(2, group) for group in groups) + more


def write(path: Path, *blobs: bytes) -> Path:
    path.write_bytes(b"".join(blobs))
    return path


NODES = dense(
    [1, 2, 3],
    [1_073_000_000, 1_073_100_000, 1_073_200_000],
    [300_000_000, 300_000_000, -300_000_000],
    [0, *at("barrier", "gate", "access", "no"), 0, *at("building", "yes"), 0],
)
WAYS = way(-5, [1, 2, 3], "highway", "tertiary") + way(6, [1, 2], "building", "yes")


def test_everything_that_roads_need(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.osm.pbf",
        header(),
        blob("OSMData", primitives(NODES)),
        blob("OSMData", primitives(WAYS + way(7, [3, 1], "route", "ferry"), restriction(-5, 2, 6))),
    )
    data = read_osm(path)
    assert data.node_id.tolist() == [1, 2, 3]
    assert data.lon_e7.tolist() == [1_073_000_000, 1_073_100_000, 1_073_200_000]
    assert data.lat_e7.tolist() == [300_000_000, 300_000_000, -300_000_000]
    assert data.barriers == {2: {"barrier": "gate", "access": "no"}}
    # Way ids may not be negative in this format, but editors' own numbers are.
    assert data.way_id.tolist() == [-5, 7]
    assert data.ref_first.tolist() == [0, 3, 5]
    assert data.ref.tolist() == [1, 2, 3, 3, 1]
    assert [data.texts[row] for row in data.way_text[0, :2]] == ["tertiary", ""]
    assert [data.texts[row] for row in data.way_text[1, :2]] == ["", "ferry"]
    (one,) = data.restrictions
    assert one.members == (("way", -5, "from"), ("node", 2, "via"), ("way", 6, "to"))
    assert one.tags == {"restriction": "no_u_turn"}


def test_plain_nodes_other_granularity_and_unpacked_blobs(tmp_path: Path) -> None:
    nodes = plain(1, 1_000, 500) + plain(2, 2_000, 600, "barrier", "gate")
    # Units of 1e-6 degrees, moved by one degree east and two south.
    more = varint(17, 1000) + varint(19, -2_000_000_000) + varint(20, 1_000_000_000)
    path = write(
        tmp_path / "x.osm.pbf",
        header(),
        blob("OSMData", primitives(nodes, more=more), pack=1),
        blob("Other", b"not ours"),
        blob("OSMData", primitives(way(5, [1, 2], "highway", "tertiary")), pack=1),
    )
    data = read_osm(path)
    assert data.lon_e7.tolist() == [10_010_000, 10_020_000]
    assert data.lat_e7.tolist() == [-19_995_000, -19_994_000]
    assert data.barriers == {2: {"barrier": "gate"}}


def test_xml_and_binary_say_the_same(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.osm.pbf",
        header(),
        blob("OSMData", primitives(NODES, WAYS, restriction(-5, 2, 6))),
    )
    text = osm.write(
        tmp_path / "x.osm",
        osm.node(1, 107.3, 30.0),
        osm.node(2, 107.31, 30.0, barrier="gate", access="no"),
        osm.node(3, 107.32, -30.0, building="yes"),
        osm.way(-5, [1, 2, 3], highway="tertiary"),
        osm.way(6, [1, 2], building="yes"),
        osm.restriction(77, -5, 2, 6, "no_u_turn"),
    )
    one, two = read_osm(path), read_xml(text)
    for name in ("node_id", "lon_e7", "lat_e7", "way_id", "ref_first", "ref"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist(), name
    assert one.barriers == two.barriers
    assert one.restrictions == two.restrictions


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    whole = header() + blob("OSMData", primitives(NODES, WAYS))
    start = len(header())
    for length in range(1, len(whole)):
        if length == start:
            continue  # a file of nothing but a header is whole
        path = write(tmp_path / "x.osm.pbf", whole[:length])
        graph, problems = read_osm_roads(path, "x.osm.pbf", Roads())
        assert graph is None
        assert len(problems) == 1
        said = problems[0].text()
        assert "cut off or damaged" in said or "something else under that name" in said


@pytest.mark.parametrize("at_byte", range(0, 120, 7))
def test_damaged_blocks_are_refused_not_believed(tmp_path: Path, at_byte: int) -> None:
    content = bytearray(primitives(NODES, WAYS))
    at_byte = len(content) - 1 - at_byte
    content[at_byte] ^= 0xFF
    path = write(tmp_path / "x.osm.pbf", header(), blob("OSMData", bytes(content), pack=1))
    # Some damage gives other numbers, which no reader can see.
    with suppress(OsmFileError):
        read_osm(path)


@pytest.mark.parametrize(
    ("blobs", "said"),
    [
        ([header("OsmSchema-V0.6", "Sort.Strange")], "nothing beyond the common format"),
        ([header(), blob("OSMData", b"x", pack=6)], "packed with zlib"),
        ([b"\x00\x00\x00\x0d\x0a\x09OSMHeader garbage"], "something else"),
    ],
)
def test_forms_that_are_not_read(tmp_path: Path, blobs: list[bytes], said: str) -> None:
    with pytest.raises(OsmFileError, match=said):
        read_osm(write(tmp_path / "x.osm.pbf", *blobs))


def test_a_block_larger_than_the_format_allows_is_not_unpacked(tmp_path: Path) -> None:
    bomb = blob("OSMData", bytes(33 * 1024 * 1024))
    with pytest.raises(OsmFileError, match="cut off or damaged"):
        read_osm(write(tmp_path / "x.osm.pbf", header(), bomb))


def test_a_real_file_cut_in_the_middle(shared: Path, tmp_path: Path) -> None:
    whole = (shared / "osm" / "liechtenstein-2013-08-03.osm.pbf").read_bytes()
    path = write(tmp_path / "x.osm.pbf", whole[: len(whole) // 2])
    graph, problems = read_osm_roads(path, "x.osm.pbf", Roads())
    assert graph is None
    assert [p.text() for p in problems] == [
        "x.osm.pbf: expected a whole OpenStreetMap file; this one is cut off or damaged; download "
        "the file again, or cut the extract again"
    ]
