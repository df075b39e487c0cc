"""A line layer that an earlier run kept says the same again."""

from __future__ import annotations

import json
from pathlib import Path

from scenarios.case import open_case
from scenarios.prepared import Prepared
from tests.small_case import Row, write_case
from tests.test_change_roads import features


def test_a_kept_layer_tells_its_problems_again(tmp_path: Path) -> None:
    def with_roads(document: Row) -> None:
        document["layers"]["roads"] = {"path": "roads.geojson", "crs": "WGS84"}

    folder = write_case(tmp_path / "case", case=with_roads)
    text = json.dumps({"type": "FeatureCollection", "features": features()}, ensure_ascii=False)
    (folder / "roads.geojson").write_text(text, encoding="utf-8")
    said = []
    for _ in range(2):
        prepared = Prepared(open_case(str(folder)))
        found = prepared.inspection(prepared.case.scenario(None)).problems
        said.append([p.text() for p in found])
    assert any("footway 1" in text for text in said[0])
    assert said[0] == said[1]
    assert list((folder / ".jingli").glob("*.graph"))
