"""Reading `.osm`, `.osm.gz` and `.osm.bz2` as a stream: only what roads need is kept."""

from __future__ import annotations

import bz2
import gzip
import zlib
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat

import numpy as np

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
from geo.osm_pbf import CUT_OFF, NOT_OSM

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"


def unpacked(path: Path) -> IO[bytes]:
    """The file's content as a stream, unpacked by what the file holds, not by its name."""
    with path.open("rb") as file:
        start = file.read(3)
    openers: tuple[tuple[bytes, Callable[[Path], object]], ...] = (
        (_GZIP, gzip.open),
        (_BZIP2, bz2.open),
    )
    for magic, opener in openers:
        if start.startswith(magic):
            return cast("IO[bytes]", opener(path))
    return path.open("rb")


def read_xml(path: Path) -> OsmData:
    """Read the roads of a file.

    Raises:
        OsmFileError: the file is not of this format, is cut off or is damaged.
        OSError: it cannot be opened.
    """
    taker = _Taker()
    parser = expat.ParserCreate()
    parser.StartElementHandler = taker.start
    parser.EndElementHandler = taker.end
    with unpacked(path) as file:
        try:
            while piece := file.read(1 << 20):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, KeyError):
            raise OsmFileError(CUT_OFF if taker.is_osm else NOT_OSM) from None
        except (EOFError, zlib.error):
            raise OsmFileError(CUT_OFF) from None
        except OSError as error:
            if error.errno is not None:
                raise
            # gzip and bz2 report damage without a number.
            raise OsmFileError(CUT_OFF) from None
    return taker.data()


class _Taker:
    """Takes elements as they come."""

    def __init__(self) -> None:
        self.is_osm = False
        self._node_id, self._lon, self._lat = array("q"), array("i"), array("i")
        self._way_id, self._count, self._refs = array("q"), array("q"), array("q")
        self._way_text = array("i")
        self._texts = Texts()
        self._barriers: dict[int, dict[str, str]] = {}
        self._restrictions: list[Restriction] = []
        self._tags: dict[str, str] = {}
        self._id = 0
        self._nodes: list[int] = []
        self._members: list[tuple[str, int, str]] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "tag":
            self._tags[given["k"]] = given["v"]
        elif name == "nd":
            self._nodes.append(int(given["ref"]))
        elif name == "member":
            self._members.append((given["type"], int(given["ref"]), given.get("role", "")))
        elif name in ("node", "way", "relation"):
            self._id = int(given["id"])
            self._tags, self._nodes, self._members = {}, [], []
            # A deleted node has no place.
            if name == "node" and "lon" in given and "lat" in given:
                lon, lat = float(given["lon"]), float(given["lat"])
                # Exchanged coordinates are reported, not dropped; more does not fit.
                if abs(lon) <= 200 and abs(lat) <= 200:
                    self._node_id.append(self._id)
                    self._lon.append(round(lon * 1e7))
                    self._lat.append(round(lat * 1e7))
        elif not self.is_osm:
            if name != "osm":
                raise ValueError("not OpenStreetMap")
            self.is_osm = True

    def end(self, name: str) -> None:
        tags = self._tags
        if name == "way":
            if "highway" in tags or tags.get("route") == "ferry":
                self._way_id.append(self._id)
                self._count.append(len(self._nodes))
                self._refs.extend(self._nodes)
                self._way_text.extend(self._texts.row(tags.get(key, "")) for key in WAY_KEYS)
        elif name == "node":
            if "barrier" in tags:
                self._barriers[self._id] = {key: tags[key] for key in NODE_KEYS if key in tags}
        elif name == "relation":
            one = restriction_of(self._id, tags, self._members)
            if one is not None:
                self._restrictions.append(one)

    def data(self) -> OsmData:
        if not self.is_osm:
            raise OsmFileError(NOT_OSM)
        refs = np.array(self._refs, np.int64)
        ids, lon, lat = used_nodes(
            rising(refs),
            np.array(self._node_id, np.int64),
            np.array(self._lon, np.int32),
            np.array(self._lat, np.int32),
        )
        ids, first_row = np.unique(ids, return_index=True)
        used = set(ids[np.isin(ids, list(self._barriers))].tolist())
        return OsmData(
            node_id=ids,
            lon_e7=lon[first_row],
            lat_e7=lat[first_row],
            barriers={node: tags for node, tags in self._barriers.items() if node in used},
            way_id=np.array(self._way_id, np.int64),
            ref_first=np.concatenate([[0], np.cumsum(self._count, dtype=np.int64)]),
            ref=refs,
            way_text=np.array(self._way_text, np.int32).reshape(-1, len(WAY_KEYS)),
            texts=self._texts.all(),
            restrictions=tuple(self._restrictions),
        )
