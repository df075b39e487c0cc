from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from optimizer.errors import InputError
from scenarios.case import open_case
from scenarios.cli import jingli
from scenarios.language import translator
from scenarios.map_sheets import (
    SHEETS,
    frontier_points,
    write_all_sheets,
    write_sheets,
)
from scenarios.outputs import write_run
from scenarios.run import Run, run_case
from tests.small_case import write_case


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write_case(tmp_path_factory.mktemp("sheets") / "case")
    return run_case(open_case(str(folder)), None)


@pytest.fixture(scope="module")
def other(run: Run) -> Run:
    return run_case(run.loaded.case, None, sets=["policy.bundling.centres=1"])


def test_every_sheet_is_written_and_speaks_chinese(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine", encoding="utf-8")
    names = write_sheets(run, tmp_path, translator("zh"), "zh", formats=("pdf",))
    assert names == tuple(f"{n}.pdf" for n in SHEETS)
    assert {p.name for p in tmp_path.iterdir()} == {*names, "kept.txt"}
    for name in names:
        text = PdfReader(tmp_path / name).pages[0].extract_text()
        assert "小县" in text
        assert "以下数据为推算" in text
        for english in ("Station", "Officers", "Legend", "station", "min"):
            assert english not in text, name


def test_papers_and_formats_are_as_asked(run: Run, tmp_path: Path) -> None:
    names = write_sheets(
        run,
        tmp_path / "a" / "b",
        translator("en"),
        "en",
        papers=("a4", "a3"),
        formats=("svg", "pdf"),
        which=("today",),
    )
    assert names == ("today.svg", "today.pdf", "today.a3.svg", "today.a3.pdf")
    sizes = [
        PdfReader(tmp_path / "a" / "b" / n).pages[0].mediabox.width for n in (names[1], names[3])
    ]
    assert float(sizes[1]) > 1.3 * float(sizes[0])


def test_a_folder_that_cannot_be_made_is_an_input_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError):
        write_sheets(run, tmp_path / "file", translator("en"), "en")


def test_frontier_of_a_run_holds_today_and_the_plan(run: Run) -> None:
    assert run.plan is not None
    today, plan = frontier_points(run, (), translator("en"))
    assert (today.is_today, today.officers_freed) == (True, 0.0)
    assert today.mean_response_min == run.today.mean_response_min
    assert plan.is_chosen
    assert plan.officers_freed == run.plan.officers_freed
    assert plan.mean_response_min == run.plan.mean_response_min


def test_frontier_takes_in_other_plans_of_the_same_county_only(run: Run, other: Run) -> None:
    changed = write_case(
        run.loaded.case.folder.parent / "changed",
        stations=lambda rows: rows[0].update(officers=21),
    )
    elsewhere = run_case(open_case(str(changed)), None)
    points = frontier_points(run, (run, other, elsewhere), translator("en"))
    assert [p.is_chosen for p in points] == [False, True, False]
    assert other.plan is not None
    assert points[2].officers_freed == other.plan.officers_freed


def test_several_runs_go_into_folders_of_their_own(run: Run, other: Run, tmp_path: Path) -> None:
    asked = [("x/out", run), ("y/out", other)]
    folders = write_all_sheets(asked, tmp_path, translator("en"), "en", (), ("svg",))
    assert folders == (tmp_path / "1-out", tmp_path / "2-out")
    for folder in folders:
        assert {p.name for p in folder.iterdir()} == {f"{n}.svg" for n in SHEETS}


@pytest.mark.usefixtures("no_pictures_here")
def test_map_command_writes_the_page_and_the_sheets(run: Run, tmp_path: Path) -> None:
    case = str(run.loaded.case.folder)
    write_run(run, tmp_path / "run", translator("en"), "en", ["jingli", "run", case])
    done = CliRunner().invoke(
        jingli,
        ["map", str(tmp_path / "run"), "--out", str(tmp_path / "map.html"), "--sheets",
         str(tmp_path / "sheets"), "--paper", "a3", "--format", "svg", "--lang", "en"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "map.html").exists()
    assert {p.name for p in (tmp_path / "sheets").iterdir()} == {f"{n}.a3.svg" for n in SHEETS}
