"""GPX 1.1 files: tracks and waypoints for satellite receivers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from geo.atomic import write_bytes
from geo.safe_text import plain_text

_GPX = "http://www.topografix.com/GPX/1/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A named point in WGS84."""

    name: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A named way: segments of (longitude, latitude) in WGS84."""

    name: str
    segments: tuple[tuple[tuple[float, float], ...], ...]


def write_gpx(path: Path, waypoints: Iterable[Waypoint], tracks: Iterable[Track]) -> Path:
    """Write points and ways, points first as the format wants it.

    Raises:
        InputError: `path` cannot be written.
    """
    root = ET.Element("gpx", {"version": "1.1", "creator": "Jingli", "xmlns": _GPX})
    for point in waypoints:
        made = ET.SubElement(root, "wpt", _at(point.lon_deg, point.lat_deg))
        ET.SubElement(made, "name").text = plain_text(point.name)
    for track in tracks:
        made = ET.SubElement(root, "trk")
        ET.SubElement(made, "name").text = plain_text(track.name)
        for segment in track.segments:
            part = ET.SubElement(made, "trkseg")
            for lon, lat in segment:
                ET.SubElement(part, "trkpt", _at(lon, lat))
    ET.indent(root)
    return write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _at(lon_deg: float, lat_deg: float) -> dict[str, str]:
    return {"lat": f"{lat_deg:.7f}", "lon": f"{lon_deg:.7f}"}
