"""`jingli show`: a kept plan on the console, in any width, with colour and without."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from optimizer.plan import Plan
from scenarios.kept import KeptRun, read_runs
from scenarios.language import Language, translator
from scenarios.show_plan import show_plan
from scenarios.store import open_store
from tests.command_line import command, document, refused, said
from tests.small_case import Row, write_case

pytestmark = pytest.mark.usefixtures("no_pictures")

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
LONG = "垫江县公安局桂溪派出所"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An output folder, and the id of the same run in the store beside it."""

    def names(rows: list[Row]) -> None:
        rows[1]["name"], rows[2]["name"] = LONG, "[bold]\x1b[31m<script>[/]"

    base = tmp_path_factory.mktemp("show")
    case, store = write_case(base / "case", stations=names), base / "runs.sqlite"
    known = document("run", case, "--store", store, "--out", base / "out")
    return base, known["run_id"]


@pytest.fixture(scope="module")
def kept(made: tuple[Path, str]) -> KeptRun:
    base, run_id = made
    return read_runs([run_id], lambda: open_store(base / "runs.sqlite"))[0]


def shown(kept: KeptRun, language: Language, width: int, *, full: bool, colour: bool) -> str:
    paper = io.StringIO()
    console = Console(
        file=paper,
        width=width,
        highlight=False,
        force_terminal=True,
        color_system="standard" if colour else None,
    )
    show_plan(kept, console, translator(language), full=full)
    return paper.getvalue()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_the_screen(
    kept: KeptRun, language: Language, width: int, full: bool
) -> None:
    text = shown(kept, language, width, full=full, colour=False)
    wide = [line for line in text.splitlines() if cell_len(line) > width]
    assert not wide
    assert not [line for line in text.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_figures_are_whole_and_names_unbroken_at_80_columns(
    kept: KeptRun, language: Language
) -> None:
    words = set(shown(kept, language, 80, full=True, colour=False).split())
    plan = kept.evaluation
    for figure in (f"{plan.mean_response_min:,.2f}", f"{plan.officers_required_stations:,.1f}"):
        assert figure in words
    assert {LONG} <= {part for word in words for part in re.split("[、(]", word)}


def test_colour_changes_no_character(kept: KeptRun) -> None:
    plain = shown(kept, "zh", 80, full=True, colour=False)
    coloured = shown(kept, "zh", 80, full=True, colour=True)
    assert not ESCAPE.search(plain)
    assert ESCAPE.search(coloured)
    assert ESCAPE.sub("", coloured) == plain


def test_a_name_neither_colours_nor_steers_the_terminal(kept: KeptRun) -> None:
    text = shown(kept, "en", 120, full=True, colour=False)
    assert "\x1b" not in text
    assert "[bold]" in text  # markup in a name is part of the name


def test_it_says_what_a_planner_must_know(made: tuple[Path, str], own_store: Path) -> None:
    text = said("show", made[0] / "out")
    for part in (
        "小县", "OPTIMAL", "Today against the plan", "Mean response, min", "Bundles",
        "Officers who change unit", "Squads that end: 1", "Townships:",
        "Modelled alerts: time of day",
        "objective", "Stations that stay as they are: 1", "bound",
        "gap 0.00%", "--full shows every row",
    ):  # fmt: skip
        assert part in text, part
    assert not own_store.exists()  # a folder needs no store


def test_a_run_is_an_id_a_beginning_or_a_folder(
    made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, run_id = made
    monkeypatch.setenv("JINGLI_STORE", str(base / "runs.sqlite"))
    whole = said("show", run_id)
    assert run_id in whole
    assert said("show", run_id[:-2]) == whole
    # The folder has another label, and no time.
    assert "When" in whole
    assert "When" not in said("show", base / "out")
    assert "jingli runs" in refused("show", "nope")


def test_full_has_every_row_and_the_short_form_says_how_many_are_left_out(kept: KeptRun) -> None:
    full = shown(kept, "en", 120, full=True, colour=False)
    short = shown(kept, "en", 120, full=False, colour=False)
    for m in kept.plan.moves:
        assert kept.names[m.to_id].split("\x1b")[0] in full
    assert all(t.township in full for t in kept.evaluation.townships)
    assert "Inequality of load (Gini)" in full
    assert "Inequality of load (Gini)" not in short


def test_json_has_measures_and_decisions(made: tuple[Path, str]) -> None:
    found = document("show", made[0] / "out")
    assert found["status"] == "OPTIMAL"
    assert found["modelled"] == ["alerts.rhythm", "roads"]
    assert found["proofs"][0]["stage"] == "bundling"
    plan = Plan.from_json((made[0] / "out" / "plan.json").read_text(encoding="utf-8"))
    assert found["plan"]["plan_digest"] == plan.digest
    assert [b["centre_id"] for b in found["decisions"]["bundles"]] == [
        b.centre_id for b in plan.bundles
    ]


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [
        ((), {}, True),
        (("--no-colour",), {}, False),
        (("--no-color",), {}, False),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
    ],
)
def test_colour_can_be_refused(
    made: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    # Rich takes FORCE_COLOR for a terminal, which a test has not.
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    done = command("show", made[0] / "out", "--lang", "en", *options)
    assert done.exit_code == 0, done.output
    assert bool(ESCAPE.search(done.output)) == coloured


def test_a_pipe_has_no_colour(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert not ESCAPE.search(command("show", made[0] / "out", "--lang", "zh").output)


def test_a_run_without_a_plan_is_refused(made: tuple[Path, str]) -> None:
    base, _run_id = made
    store = base / "none.sqlite"
    sets = ("policy.bundling.centres=3", "policy.bundling.stations_bundled=5")
    options = [word for one in sets for word in ("--set", one)]
    run_id = document("run", base / "case", "--store", store, *options, exit_code=1)["run_id"]
    assert "a run with a plan" in refused("show", run_id, "--store", store)
