"""What commands share: options, language, failures, progress, the run store."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

from optimizer.errors import InputError, JingliError, Translate
from scenarios.language import Language, default_language, translator

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.kept import OpenStore
    from scenarios.store import Store

EXIT_PLAN, EXIT_NO_PLAN, EXIT_BAD_INPUT, EXIT_STOPPED = 0, 1, 2, 130
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_CASES = Path(__file__).parent.parent / "cases"


def _lang_of_group() -> str | None:
    """What `jingli --lang zh COMMAND` says, for commands that are not told themselves."""
    context = click.get_current_context(silent=True)
    given = None if context is None else context.find_root().params.get("lang")
    return given if isinstance(given, str) else None


LANG = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=_lang_of_group,
    show_default=False,
    help="Language of all output; default from the locale.",
)
# Plain text, not a path: pathlib would make postgres:/ of postgres://.
STORE = click.option(
    "--store",
    default=None,
    metavar="FILE|URL",
    help="Run store: a file or postgresql://…; default: JINGLI_STORE, else your own.",
)
SETS = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value, such as policy.bundling.centres=9; may be repeated.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
RUN_OR_CASE = click.argument("asked", metavar="RUN|CASE")
SCENARIO = click.option("-s", "--scenario", default=None, help="Scenario, where a case is named.")


def _complete_case(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    names = sorted(p.parent.name for p in _CASES.glob("*/case.yaml"))
    shipped = [CompletionItem(n) for n in names if n.startswith(incomplete)]
    return [*shipped, CompletionItem(incomplete, type="dir")]


CASE = click.argument("case", shell_complete=_complete_case)
CASES = click.argument("cases", nargs=-1, required=True, shell_complete=_complete_case)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    help="Processes on this machine, for a sweep or several cases.",
)
ALL_CORES = click.option(
    "--workers",
    type=click.IntRange(1),
    default=max(os.cpu_count() or 1, 1),
    help="Processes; the result does not depend on them.",
)
CLUSTER = click.option(
    "--cluster", default=None, metavar="URL", help="Dask scheduler, such as tcp://…"
)


def language_of(lang: Language | None) -> tuple[Language, Translate]:
    """Language of the output and its translation."""
    language = lang if lang is not None else default_language()
    return language, translator(language)


def console() -> Console:
    """Where a planner reads."""
    from rich.console import Console

    return Console(highlight=False)


def say(text: str) -> None:
    """Print a line that may hold a planner's own names."""
    click.echo(text)


def written_text(folder: object, files: Iterable[str], translate: Translate) -> str:
    """Where the files of a command are."""
    said = translate("Written to {folder}: {files}")
    return said.format(folder=folder, files=", ".join(files))


def print_json(document: Any) -> None:
    """Print a document for programs."""
    from scenarios.documents import json_text

    click.echo(json_text(document), nl=False)


def say_written(folder: object, files: Iterable[str], translate: Translate) -> None:
    """Say where the files of a command are, wrapped at the screen's edge."""
    console().print(written_text(folder, files, translate), markup=False)


def say_found(
    document: Callable[[], Any],
    show: Callable[[Console, Translate], None],
    translate: Translate,
    *,
    as_json: bool,
    out: object = None,
    written: Iterable[str] = (),
) -> None:
    """Say what a command found, for programs or for a planner.

    Args:
        document: Makes the document for programs.
        show: Prints for a planner, who is then told where the files are.
        translate: Translation.
        as_json: For programs.
        out: Folder of the files.
        written: Their names; none = nothing was written.
    """
    if as_json:
        print_json(document())
        return
    show(console(), translate)
    if written:
        say_written(out, written, translate)


def stop(message: str, code: int) -> NoReturn:
    """End with a message on stderr."""
    click.echo(message, err=True)
    sys.exit(code)


class Failures:
    """Turns our errors into one message on stderr and the exit code of the design."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, InputError):
            stop(error.text(self._translate), EXIT_BAD_INPUT)
        if isinstance(error, JingliError):
            stop(str(error), EXIT_NO_PLAN)


class Progress:
    """The step under way, on stderr, where somebody watches."""

    def __init__(self, translate: Translate, *, quiet: bool = False) -> None:
        self._translate = translate
        self._quiet = quiet or not sys.stderr.isatty()
        self._status: Any = None

    def __enter__(self) -> Progress:
        if not self._quiet:
            from rich.console import Console

            self._status = Console(stderr=True).status("…")
            self._status.start()
        return self

    def step(self, name: str) -> None:
        """Show the name of a step."""
        if self._status is not None:
            from scenarios.show import step_text

            self._status.update(step_text(name, self._translate) + " …")

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def refuse_bad_folder(out: Path) -> None:
    """Refuse before the work what would be refused after it."""
    from geo.atomic import replace_problem

    problem = replace_problem(out)
    if problem is not None:
        raise InputError([problem])


@contextmanager
def opened_store(given: str | None, *, make: bool = True) -> Iterator[Store | None]:
    """The run store; None where it is a file that is not there and `make` is false.

    Raises:
        InputError: it cannot be used.
    """
    from scenarios.store import open_store
    from scenarios.store_address import is_postgres, store_location

    location = store_location(given, os.environ, Path.home())
    if not make and not is_postgres(location) and not Path(location).expanduser().exists():
        yield None
        return
    with open_store(location) as store:
        yield store


def present_store(given: str | None) -> OpenStore:
    """Opens the run store where there is one; nothing is made of a store that is not there."""
    return partial(opened_store, given, make=False)


def command_line(command: str, words: Iterable[str], **options: str | Path | None) -> list[str]:
    """A command line for the record: long options, passwords hidden."""
    from scenarios.store_address import masked

    line = ["jingli", command, *words]
    for name, value in options.items():
        if value is not None:
            line += [f"--{name}", str(value)]
    return [masked(word) for word in line]


_UNRECORDED = frozenset(
    ["out", "store", "no_store", "as_json", "workers", "cluster", "again", "yes"]
)
"""Parameters that say where or how, and never what is found."""


def asked_command() -> list[str]:
    """The running command as it was asked, with its defaults, for the record in a manifest.

    Arguments first, then every option that has a value, in the order of `--help`; without those
    that only say where the output goes or how the work is shared out, so that the same question
    gives the same record.
    """
    context = click.get_current_context()
    words: list[str] = []
    options: list[str] = []
    for parameter in context.command.params:
        if parameter.name is None or parameter.name in _UNRECORDED:
            continue
        value = context.params.get(parameter.name)
        several = parameter.multiple or parameter.nargs == -1
        given = () if value is None else tuple(value) if several else (value,)
        if isinstance(parameter, click.Argument):
            words += [str(v) for v in given]
            continue
        name = max(parameter.opts, key=len)
        for one in given:
            if one is True:
                options.append(name)
            elif one is not False:
                each = one if isinstance(one, tuple) else (one,)
                options += [name, *(str(v) for v in each)]
    command = context.command.name or ""
    return command_line(command, [*words, *options])
