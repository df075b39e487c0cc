"""The group: quick help, every command there, shell completion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from scenarios.cli import COMMANDS, jingli
from tests.command_line import command

HEAVY = {"numpy", "pandas", "geopandas", "matplotlib", "pydantic", "scipy", "rich", "yaml"}


def fresh(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
    )
    return done.stdout


def test_help_loads_nothing_heavy() -> None:
    loaded = fresh(
        "import sys; sys.argv = ['jingli', '--help']\n"
        "from scenarios.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    assert "Usage" in loaded
    assert not HEAVY & set(loaded.splitlines()[-1].split())


def test_a_run_does_not_load_what_it_does_not_use() -> None:
    loaded = fresh(
        "import sys\n"
        "import scenarios.commands.run_counties, scenarios.commands.run_job, scenarios.prepared\n"
        "print(*sys.modules)"
    )
    assert not {"numba", "statsmodels", "matplotlib", "docx", "typst"} & set(loaded.split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_command_has_help(name: str, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["jingli", name, "--help", "--lang", lang])
    done = CliRunner().invoke(jingli, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert done.output.strip()


def test_help_in_one_language_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    for lang in ("en", "zh", "en"):
        monkeypatch.setattr(sys, "argv", ["jingli", "run", "--help", "--lang", lang])
        shown.append(CliRunner().invoke(jingli, ["run", "--help"]).output)
    assert shown[0] == shown[2] != shown[1]


def test_no_arguments_shows_help() -> None:
    """As a program, where the language is looked for among no arguments at all."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 2
    assert "Usage" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command() -> None:
    assert command("rnu").exit_code == 2


PROGRAM = "import sys; sys.argv = ['jingli']\nfrom scenarios.cli import main\nmain()"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click asks bash for its version, and there is no bash")
    assert "_JINGLI_COMPLETE" in fresh(PROGRAM, _JINGLI_COMPLETE=f"{shell}_source")


def completed(words: str, at: int) -> list[str]:
    text = fresh(
        PROGRAM,
        _JINGLI_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(at),
    )
    return [line.partition(",")[2] for line in text.splitlines()]


def test_completion_of_commands_cases_and_options() -> None:
    assert completed("jingli sc", 1) == ["scenarios", "score", "schema"]
    assert "dianjiang" in completed("jingli run di", 2)
    assert "--dry-run" in completed("jingli run dianjiang --d", 3)


def test_ctrl_c_is_not_the_code_of_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scenarios.case.open_case", interrupted)
    done = command("run", "dianjiang", "--no-store")
    assert done.exit_code == 130
    assert "Stopped." in done.stderr
