"""The command that a manifest records: everything that decides the result, asked or by default."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scenarios.cli import jingli
from scenarios.commands.common import JSON, LANG, RUN_OR_CASE, SETS, STORE, asked_command
from tests.small_case import write_case

COMMANDS = Path(__file__).parent.parent / "scenarios" / "commands"


@click.command("judge")
@RUN_OR_CASE
@SETS
@click.option("-k", "--best", type=int, default=3)
@click.option("--unit")
@click.option("--pair", nargs=2, default=None)
@click.option("--today", "today_only", is_flag=True)
@click.option("--out", default=None)
@JSON
@STORE
@LANG
def judge(**_given: object) -> None:
    """A command with every kind of option."""
    click.echo(json.dumps(asked_command(), ensure_ascii=False))


@pytest.mark.parametrize(
    ("typed", "recorded"),
    [
        (["a"], ["a", "--best", "3"]),
        (
            ["--set", "x=1", "a", "--set", "y=2", "-k", "5"],
            ["a", "--set", "x=1", "--set", "y=2", "--best", "5"],
        ),
        (["a", "--today", "--unit", "沙河"], ["a", "--best", "3", "--unit", "沙河", "--today"]),
        (["a", "--lang", "zh"], ["a", "--best", "3", "--lang", "zh"]),
        (["a", "--out", "f", "--json", "--store", "s.sqlite"], ["a", "--best", "3"]),
        (
            ["a", "--unit", "postgresql://u:word@h/d"],
            ["a", "--best", "3", "--unit", "postgresql://u:***@h/d"],
        ),
    ],
)
def test_what_decides_is_recorded_and_no_more(typed: list[str], recorded: list[str]) -> None:
    done = CliRunner().invoke(judge, typed)
    assert json.loads(done.output) == ["jingli", "judge", *recorded]


def test_both_words_of_an_option_are_recorded() -> None:
    done = CliRunner().invoke(judge, ["a", "--pair", "甲", "乙"])
    assert json.loads(done.output)[-3:] == ["--pair", "甲", "乙"]


def test_the_manifest_of_a_command_has_its_sets(tmp_path: Path) -> None:
    case = str(write_case(tmp_path / "case"))
    given = ["--set", "policy.crews.effective_hours_per_week=44"]
    words = ["strength", case, "--today", *given, "--lang", "en", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(jingli, words)
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"][:5] == ["jingli", "strength", case, *given]
    assert "--today" in manifest["command"]
    assert "--out" not in manifest["command"]


def test_no_command_writes_its_own_record() -> None:
    own = {p.name for p in COMMANDS.glob("*.py") if "command_line(" in p.read_text("utf-8")}
    assert own == {"common.py", "run_job.py"}, "asked_command() records a command"
