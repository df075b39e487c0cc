"""Errors a planner can act on: every problem of every file in one message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Translate = Callable[[str], str]


def untranslated(text: str) -> str:
    """Return `text` as it is: the translation into English."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with the input, said so that a planner can mend it.

    `expected` and `fix` are message templates in English; `params` fills their `{braces}` after
    translation, so that one catalogue entry serves every row.

    Attributes:
        where: File name (or `case.yaml`), as the planner wrote it.
        row: Line of the file as an editor or Excel numbers it (the header is line 1); None when
            the problem is not of one row.
        column: Column as the file spells it, or a dotted key of `case.yaml`.
        value: The offending value as text, shortened by the caller where long.
        expected: What would have been right.
        fix: What to do about it.
        params: Values for the braces of `expected` and `fix`.
        severity: `error` stops the run; `warning` is shown and the run goes on.
    """

    where: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    expected: str
    fix: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    severity: str = "error"

    def text(self, translate: Translate = untranslated) -> str:
        """Say the problem in one line, in the language of `translate`."""
        place = self.where
        if self.row is not None:
            place += " " + translate("line {row}").format(row=self.row)
        if self.column is not None:
            place += f" {self.column}"
        if self.value is not None:
            place += f" = {self.value}"
        said = translate(self.expected).format(**self.params)
        line = place + translate(": ") + translate("expected {what}").format(what=said)
        if self.fix:
            line += translate("; ") + translate(self.fix).format(**self.params)
        return line


class JingliError(Exception):
    """Base of all errors that Jingli raises on purpose."""


class WrongValue(ValueError):  # noqa: N818 - a planner's value, not a failure of ours
    """A value that a schema's own rule refuses, said as in `Problem`.

    Args:
        expected: Message template in English: what would have been right.
        fix: What to do about it, likewise.
        params: Values for the braces of both.
    """

    def __init__(self, expected: str, fix: str = "", **params: object) -> None:
        self.expected = expected
        self.fix = fix
        self.params = params
        super().__init__(expected.format(**params))


class InputError(JingliError):
    """Bad input: carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.text())

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Travel between processes with the problems, not only their text."""
        return type(self), (self.problems,)

    def text(self, translate: Translate = untranslated) -> str:
        """All problems as one bulleted list."""
        head = translate("{n} problem(s) in the input:").format(n=len(self.problems))
        return "\n".join([head, *(f"  - {p.text(translate)}" for p in self.problems)])


class SolverError(JingliError):
    """The solver failed in a way that is neither a plan nor a proof that there is none."""
