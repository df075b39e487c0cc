"""OpenStreetMap is credited wherever its data is used, whatever the case says."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from click.testing import CliRunner

from scenarios.cli import jingli
from scenarios.credits import OSM_CREDIT, credited
from scenarios.schema import CaseSpec
from tests.small_case import spec
from tests.test_osm_case import ladder, osm_case


def case_of(layers: dict[str, Any], **more: Any) -> CaseSpec:
    document = spec()
    whole = {**document["layers"], "roads": "modelled", **layers}
    return CaseSpec.model_validate({**document, **more, "layers": whole})


def test_roads_of_an_extract_are_credited_after_what_the_case_says() -> None:
    extract = {"roads": {"path": "county.osm.pbf"}}
    assert credited(case_of(extract)) == OSM_CREDIT
    assert credited(case_of(extract, attribution="县公安局")) == f"县公安局 · {OSM_CREDIT}"
    own = "Data from OpenStreetMap"
    assert credited(case_of(extract, attribution=own)) == own


@pytest.mark.parametrize(
    ("layers", "note", "is_theirs"),
    [
        ({}, "", False),
        ({"roads": {"path": "streets.shp"}}, "of the bureau", False),
        ({"roads": {"path": "sichuan\\gis_osm_roads_free_1.shp"}}, "", True),
        ({"boundary": {"path": "border.osm"}}, "", True),
        ({}, "villages by openstreetmap", True),
    ],
)
def test_whose_data_it_is(layers: dict[str, Any], note: str, is_theirs: bool) -> None:
    origin = {"item": "cells", "origin": "given", "note": note}
    assert credited(case_of(layers, provenance=[origin])) == (OSM_CREDIT if is_theirs else "")


def test_every_output_of_a_case_on_osm_roads_is_credited(tmp_path: Path) -> None:
    folder = osm_case(tmp_path / "case", ladder())
    out = tmp_path / "out"
    asked = ["run", str(folder), "--out", str(out), "--no-store", "--lang", "zh"]
    done = CliRunner().invoke(jingli, asked)
    assert done.exit_code == 0, done.output
    page = (out / "map.html").read_text(encoding="utf-8")
    assert OSM_CREDIT in page or json.dumps(OSM_CREDIT)[1:-1] in page
    # Text of the SVG is drawn as outlines; its lines stand in comments.
    assert "OpenStreetMap" in (out / "map.svg").read_text(encoding="utf-8")
    about = pyogrio.read_info(out / "plan.gpkg", layer="stations")["dataset_metadata"]
    assert OSM_CREDIT in about["ATTRIBUTION"]
    with zipfile.ZipFile(out / "plan.xlsx") as book:
        assert OSM_CREDIT in book.read("xl/sharedStrings.xml").decode()
