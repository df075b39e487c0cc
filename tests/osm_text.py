"""Hand-written OpenStreetMap files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

Tags = Mapping[str, str]


def node(node_id: int, lon: float, lat: float, **tags: str) -> str:
    return f'<node id="{node_id}" lon="{lon}" lat="{lat}">{_tags(tags)}</node>'


def way(way_id: int, nodes: Sequence[int], **tags: str) -> str:
    refs = "".join(f'<nd ref="{one}"/>' for one in nodes)
    return f'<way id="{way_id}">{refs}{_tags(tags)}</way>'


def relation(relation_id: int, members: Sequence[tuple[str, int, str]], tags: Tags) -> str:
    said = "".join(
        f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members
    )
    return f'<relation id="{relation_id}">{said}{_tags(tags)}</relation>'


def restriction(
    relation_id: int, source: int, via: int, target: int, kind: str, **more: str
) -> str:
    members = [("way", source, "from"), ("node", via, "via"), ("way", target, "to")]
    return relation(relation_id, members, {"type": "restriction", "restriction": kind, **more})


def document(*elements: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">{"".join(elements)}</osm>\n'


def write(path: Path, *elements: str) -> Path:
    path.write_text(document(*elements), encoding="utf-8")
    return path


def _tags(tags: Tags) -> str:
    # A trailing underscore keeps Python's words apart; `__` stands for a colon.
    plain = {key.rstrip("_").replace("__", ":"): value for key, value in tags.items()}
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in plain.items())
