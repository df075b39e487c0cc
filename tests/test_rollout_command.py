"""`jingli rollout`: the months as they are read, and the bundle in the way."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import command, document, refused, said
from tests.small_case import write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def steered(case: dict[str, Any]) -> None:
    case["policy"]["response"] = {"rural_min": 60}
    case["policy"]["bundling"] = {"max_office_travel_min": 60, "max_bundle_size": 2, "centres": 2}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollout")
    case = write_case(folder / "case", case=steered)
    done = command("run", case, "--no-store", "--out", folder / "out")
    assert done.exit_code == 0, done.output
    return folder / "out"


def test_the_months_are_told_written_and_add_up(out: Path, tmp_path: Path) -> None:
    text = said("rollout", out, "--months", "2", "--out", tmp_path / "months")
    assert "Proven: no order that keeps the standards frees officers earlier" in text
    made = document("rollout", out, "--months", "2")
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert [len(m["switched"]) for m in made["months"]] == [1, 1]
    assert made["months"][-1]["officers_freed"] == pytest.approx(
        evaluation["plan"]["officers_freed"], abs=0.01
    )
    assert made["months"][-1]["mean_response_min"] == pytest.approx(
        evaluation["plan"]["mean_response_min"], abs=0.01
    )
    with (tmp_path / "months" / "rollout.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["officers_freed"]) for r in rows] == [
        m["officers_freed"] for m in made["months"]
    ]
    zh = command("rollout", out, "--months", "2", "--lang", "zh").output
    assert "分步实施" in zh
    assert "Freed" not in zh


def test_more_bundles_than_the_months_can_take(out: Path) -> None:
    text = refused("rollout", out, "--months", "1", "--per-month", "1")
    assert "room for all 2 bundles" in text
    assert "at least 2 months, or 2 bundles a month" in text
    assert command("rollout", out, "--months", "0").exit_code == 2
    assert "no-such-run" in refused("rollout", "no-such-run", "--months", "2", "--store",
                                    out.parent / "none.sqlite")  # fmt: skip
