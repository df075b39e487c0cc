"""Scenarios and blocks as they stand in files, and the words for what is wrong in them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optimizer.errors import Problem
from optimizer.policy import Policy
from scenarios.scenario_schema import Block
from scenarios.strict_yaml import Document

COMBINE = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A scenario or block as it stands in a file.

    Attributes:
        spec: The checked content.
        document: The file, for lines.
        shown: The file's name in messages.
        prefix: Where in the file it stands.
    """

    spec: Block
    document: Document
    shown: str
    prefix: tuple[str | int, ...] = ()

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """Line of a key below the entry, or of the nearest one above it."""
        return self.document.line_of((*self.prefix, *path))

    def problem(
        self,
        path: Sequence[str | int],
        expected: str,
        fix: str = "",
        *,
        value: object = None,
        **params: object,
    ) -> Problem:
        """A problem at `path` below the entry, with its line."""
        whole = (*self.prefix, *path)
        return Problem(
            where=self.shown,
            row=self.line_of(path),
            column=".".join(map(str, whole)) or None,
            value=None if value is None else str(value),
            expected=expected,
            fix=fix,
            params=params,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Everything that can be run on one case.

    Attributes:
        policy: The case's policy.
        scenarios: Scenarios by name.
        blocks: Blocks that scenarios share, by name.
    """

    policy: Policy
    scenarios: Mapping[str, Entry]
    blocks: Mapping[str, Entry] = field(default_factory=dict)


def did_you_mean(name: str, known: Sequence[str], otherwise: str) -> tuple[str, str]:
    """A fix that names what is spelt most like `name`, and the text for its `{near}`."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return ("did you mean {near}?" if near else otherwise), " / ".join(near)


def unknown(what: str, name: str, known: Sequence[str]) -> Problem:
    """The planner asked for a scenario that the case does not have."""
    fix, near = did_you_mean(name, known, "check the spelling")
    return Problem(
        where=what,
        value=name,
        expected="one of: {known}",
        fix=fix,
        params={"known": ", ".join(known) or "-", "near": near},
    )


def unchanged(entry: Entry, path: Sequence[str | int], present: object) -> Problem:
    """The problem of an override that changes nothing."""
    return entry.problem(
        path,
        "a value other than the present one, {present}",
        "delete it, or write another value",
        present=as_text(present) or "-",
    )


def as_text(value: object) -> str:
    """A value as a planner would type it; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return json.dumps(value, ensure_ascii=False)
