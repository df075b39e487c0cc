"""`jingli report`: files, options, what stands beside the plan."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from optimizer.errors import InputError
from scenarios.commands.common import opened_store
from scenarios.kept import KeptRun, read_runs
from scenarios.report.beside import plans_beside
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")


def scenarios(case: Row) -> None:
    case["scenarios"] = {
        "free": {"description": "自由"},
        "one": {"policy": {"bundling": {"centres": 1}}},
        "none": {"policy": {"bundling": {"centres": 6}}},
        "later": {"policy": {"solver": {"time_limit_s": 61}}},
    }


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A store with runs of four scenarios, the id of `free`, and its output folder."""
    folder = tmp_path_factory.mktemp("report")
    case, store, out = (
        write_case(folder / "case", case=scenarios),
        folder / "s.sqlite",
        folder / "o",
    )
    run_id = document("run", case, "-s", "free", "--store", store, "--out", out)["run_id"]
    for name in ("one", "later"):
        said("run", case, "-s", name, "--store", store)
    command("run", case, "-s", "none", "--store", store)
    return store, run_id, out


def test_a_page_of_html_by_the_beginning_of_an_id(
    kept: tuple[Path, str, Path], tmp_path: Path
) -> None:
    store, run_id, _ = kept
    page = tmp_path / "r.html"
    text = said("report", run_id[:-1], "--out", page, "--store", store)
    assert "Written to" in text
    html = page.read_text(encoding="utf-8")
    assert run_id in html
    assert "one" in html, "the other plan of the store stands beside it"


def test_a_template_to_begin_with_needs_no_run(
    kept: tuple[Path, str, Path], tmp_path: Path
) -> None:
    store, run_id, _ = kept
    template, page = tmp_path / "own.docx", tmp_path / "r.docx"
    assert "Written to" in said("report", "--write-template", template)
    said("report", run_id, "--template", template, "--out", page, "--store", store)
    text = "\n".join(p.text for p in docx.Document(str(page)).paragraphs)
    assert "Draft for decision" in text
    assert "{{" not in text


def test_a_report_needs_a_run_and_a_template_its_ending(tmp_path: Path) -> None:
    assert "the id of a run, its beginning" in refused("report")
    assert "ends in .docx" in refused("report", "--write-template", tmp_path / "own.doc")
    assert not list(tmp_path.iterdir())


def test_the_same_run_gives_the_same_bytes(kept: tuple[Path, str, Path], tmp_path: Path) -> None:
    store, run_id, _ = kept
    one, other = tmp_path / "one.html", tmp_path / "other.html"
    for page in (one, other):
        said("report", run_id, "--out", page, "--store", store)
    assert one.read_bytes() == other.read_bytes()


def test_an_output_folder_does_not_know_its_day(
    kept: tuple[Path, str, Path], tmp_path: Path
) -> None:
    store, _, folder = kept
    page = tmp_path / "r.html"
    said("report", folder, "--out", page, "--store", store)
    assert "Date of the run" not in page.read_text(encoding="utf-8")
    said("report", folder, "--out", page, "--store", store, "--date", "2026-03-01")
    assert "2026-03-01" in page.read_text(encoding="utf-8")


def test_several_formats_differ_in_the_ending(kept: tuple[Path, str, Path], tmp_path: Path) -> None:
    store, run_id, _ = kept
    said(
        "report", run_id, "--format", "pdf", "--format", "docx", "--out", tmp_path / "plan.pdf",
        "--store", store,
    )  # fmt: skip
    assert (tmp_path / "plan.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "plan.docx").read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "r.txt"), "the formats pdf, docx and html"),
        (("--format", "pdf", "--template", "t.docx"), "a template together with --format docx"),
        (("--format", "docx", "--template", "t.docx"), "a template file that is there"),
        (("--date", "1 March"), "a day as YYYY-MM-DD"),
    ],
)
def test_bad_options_are_refused(
    kept: tuple[Path, str, Path], options: tuple[str, ...], message: str
) -> None:
    store, run_id, _ = kept
    assert message in refused("report", run_id, *options, "--store", store)


def test_a_run_without_a_plan_and_no_run_at_all(kept: tuple[Path, str, Path]) -> None:
    store, _, _ = kept
    runs = document("runs", "--store", store)
    (none,) = (r["run_id"] for r in runs if r["status"] == "INFEASIBLE")
    assert "a run with a plan" in refused("report", none, "--store", store)
    assert "the id of a run" in refused("report", "2099", "--store", store)


def test_beside_a_plan_stand_other_plans_only(kept: tuple[Path, str, Path]) -> None:
    store, run_id, _ = kept

    def asked(name: str) -> KeptRun:
        return read_runs([name], lambda: opened_store(str(store), make=False))[0]

    others = plans_beside(asked(run_id), lambda: opened_store(str(store), make=False))
    # `later` decides the same under a limit that does not bind; `none` has no plan.
    assert [r.scenario for r in others] == ["one"]
    assert plans_beside(asked(run_id), lambda: opened_store(str(store), make=False), most=1)
    with pytest.raises(InputError):
        asked("2099")
    missing = str(store.with_name("missing.sqlite"))
    assert plans_beside(asked(run_id), lambda: opened_store(missing, make=False)) == ()
