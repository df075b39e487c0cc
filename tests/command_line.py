"""`jingli` in this process, for tests."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from scenarios.cli import jingli


def command(*arguments: object, answers: str | None = None) -> Result:
    done = CliRunner().invoke(jingli, [str(a) for a in arguments], input=answers)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def said(*arguments: object) -> str:
    """What a command that succeeds prints, without line breaks of the console."""
    done = command(*arguments, "--lang", "en")
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def document(*arguments: object, exit_code: int = 0) -> Any:
    done = command(*arguments, "--json")
    assert done.exit_code == exit_code, done.output
    return json.loads(done.stdout)


def refused(*arguments: object) -> str:
    """What a command says when it refuses."""
    done = command(*arguments, "--lang", "en")
    assert done.exit_code == 2, done.output
    return " ".join(done.stderr.split())
