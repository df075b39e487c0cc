"""The part of the report that sets each bundle against the best plan without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.case import open_case
from scenarios.explain import Explanation
from scenarios.explain_words import price_text
from scenarios.language import translator
from scenarios.opened import Opened
from scenarios.report import content_why
from scenarios.report.blocks import Bullets, Heading, Paragraph, TableBlock
from scenarios.report.content_why import why
from scenarios.report.material import Material, material_of
from scenarios.run import Run, run_case
from tests.small_case import write_case
from tests.test_explain_command import county


def made(folder: Path, scenario: str | None) -> Run:
    return run_case(open_case(str(write_case(folder / "case", case=county))), scenario)


def material(run: Run) -> Material:
    return material_of(run, (), translator("en"), "en", ())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("why"), None)


def test_each_bundle_stands_beside_the_best_plan_without_it(run: Run) -> None:
    plan = run.result.plan
    assert plan is not None
    found = Explanation(
        Opened(label="", scenario=None, loaded=run.loaded, proofs=run.result.proofs, plan=plan)
    )
    heading, _said, table, *rest = why(material(run))
    assert isinstance(heading, Heading)
    assert isinstance(table, TableBlock)
    assert len(table.rows) == len(found.bundles) == sum(bool(b.office_ids) for b in plan.bundles)
    for row, one in zip(table.rows, found.bundles, strict=True):
        assert row[0] == found.name[one.bundle.centre_id]
        assert one.without.price is not None
        assert row[2] == price_text(one.without.price, translator("en"))
    possible = sum(p.verdict == "costs" for p in found.pairs)
    bullets = [b for b in rest if isinstance(b, Bullets)]
    assert [len(b.items) for b in bullets] == ([min(possible, 5)] if possible else [])


def test_locks_are_told(tmp_path: Path) -> None:
    blocks = list(why(material(made(tmp_path, "kept"))))
    texts = [b.text for b in blocks if isinstance(b, Paragraph)]
    assert any("A lock, not the price, decided" in t for t in texts)


def test_too_many_stations_are_not_solved_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_why, "MOST_STATIONS", 5)
    assert not list(why(material(run)))
