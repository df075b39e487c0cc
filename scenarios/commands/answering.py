"""How a command answers: it refuses a folder it cannot use, works, writes its files, and says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.errors import Translate
from scenarios.commands.common import (
    Failures,
    Progress,
    asked_command,
    language_of,
    refuse_bad_folder,
    say_found,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from rich.console import Console

Writes = Callable[[Path, Translate, Language, list[str]], tuple[str, ...]]
"""Writes the files of what was found: folder, translation, language, command line as asked."""


@dataclass(slots=True)
class Answer:
    """What a command has to say, said once the work is over."""

    translate: Translate
    language: Language
    step: Callable[[str], None]
    _out: Path | None
    _written: tuple[str, ...] = ()
    _said: Callable[..., None] | None = None

    def write(self, writes: Writes) -> None:
        """Write the files, where a folder was named."""
        if self._out is not None:
            self.step("writing")
            self._written = writes(self._out, self.translate, self.language, asked_command())

    def say(self, document: Callable[[], Any], show: Callable[[Console, Translate], None]) -> None:
        """Say what was found, for programs or for a planner, with the names of the files."""
        self._said = partial(say_found, document, show, self.translate)

    def finish(self, *, as_json: bool) -> None:
        """Print what is to be said."""
        if self._said is not None:
            self._said(as_json=as_json, out=self._out, written=self._written)


@contextmanager
def answering(lang: Language | None, out: Path | None, *, as_json: bool) -> Iterator[Answer]:
    """The work of a command: our failures end it with one message and the code of the design.

    Args:
        lang: Language asked for.
        out: Folder of the files; refused before the work where it could not be written.
        as_json: For programs: no progress, and a document instead of tables.
    """
    language, _ = language_of(lang)
    with Failures(_):
        if out is not None:
            refuse_bad_folder(out)
        with Progress(_, quiet=as_json) as progress:
            answer = Answer(_, language, progress.step, out)
            yield answer
        answer.finish(as_json=as_json)
