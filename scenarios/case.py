"""A case folder: its `case.yaml`, its scenarios, and the policy that each scenario means."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from scenarios.library import COMBINE, Library, did_you_mean, unknown
from scenarios.scenario import Scenario, deep_merge, library_problems, resolve
from scenarios.scenario_files import read_library
from scenarios.schema import CaseSpec, Layer
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import Document, read_yaml

__all__ = [
    "CASE_FILE", "EMBEDDED", "Case", "deep_merge", "embedded_cases", "names_case", "open_case",
]  # fmt: skip

CASE_FILE = "case.yaml"
EMBEDDED = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An opened case. No layer has been read yet.

    Attributes:
        folder: Where it lies.
        spec: The checked `case.yaml`.
        document: The file as parsed, with lines for messages.
        library: Its scenarios, from `case.yaml` and the files beside it.
    """

    folder: Path
    spec: CaseSpec
    document: Document
    library: Library

    def layer_path(self, layer: Layer) -> Path:
        """Path of a layer's file."""
        return self.folder / layer.path.replace("\\", "/")

    def scenario_name(self, asked: str | None) -> str | None:
        """The scenario to run: the one asked for, else the case's default, else none.

        Several scenarios and blocks may be joined by `+`.

        Raises:
            InputError: no such scenario.
        """
        name = asked if asked is not None else self.spec.default_scenario
        known = [*self.library.scenarios]
        if name is not None and name not in known and COMBINE not in name:
            raise InputError([unknown("scenario", name, known)])
        return name

    def scenario(
        self, asked: str | None, sets: Sequence[str] = (), *, sets_must_change: bool = True
    ) -> Scenario:
        """The scenario to run, resolved, with the values of `--set`.

        Args:
            asked: As for `scenario_name`.
            sets: Each `a.b=value`.
            sets_must_change: Whether a value that is the present one is an error.

        Raises:
            InputError: every problem of its overrides.
        """
        name = self.scenario_name(asked)
        return resolve(self.library, name, sets, sets_must_change=sets_must_change)

    def policy(self, scenario: str | None) -> Policy:
        """The case's policy with the scenario's overrides; locks may name stations by name.

        Raises:
            InputError: the overrides do not fit the policy's schema.
        """
        return resolve(self.library, scenario).policy


def embedded_cases() -> list[str]:
    """Names of the cases that ship with Jingli."""
    return sorted(p.parent.name for p in EMBEDDED.glob(f"*/{CASE_FILE}"))


def names_case(named: str) -> bool:
    """Whether what a planner typed is a case; else it should be a run."""
    path = Path(named)
    return named in embedded_cases() or (path / CASE_FILE).exists() or path.name == CASE_FILE


def open_case(named: str) -> Case:
    """Open a case folder, its `case.yaml`, or an embedded case by name.

    Args:
        named: What the planner typed.

    Raises:
        InputError: every problem of the file at once.
    """
    folder = _folder(named)
    document = read_yaml(folder / CASE_FILE, CASE_FILE)
    if not isinstance(document.data, dict):
        raise InputError(
            [
                Problem(
                    where=CASE_FILE,
                    expected="keys such as jingli, name and layers",
                    fix="start from a shipped case",
                )
            ]
        )
    try:
        spec = CaseSpec.model_validate(document.data)
    except ValidationError as error:
        raise InputError(problems_of(error, document, CASE_FILE, CaseSpec)) from None
    library, problems = read_library(
        folder, CASE_FILE, document, spec.policy, spec.scenarios, spec.overrides
    )
    problems += library_problems(library)
    default = spec.default_scenario
    if default is not None and default not in library.scenarios and not problems:
        problems.append(_no_default(default, document, list(library.scenarios)))
    if problems:
        raise InputError(problems)
    return Case(folder=folder, spec=spec, document=document, library=library)


def _no_default(name: str, document: Document, known: list[str]) -> Problem:
    fix, near = did_you_mean(name, known, "name one of the scenarios, or delete it")
    return Problem(
        where=CASE_FILE,
        row=document.line_of(("default_scenario",)),
        column="default_scenario",
        value=name,
        expected="one of: {known}",
        fix=fix,
        params={"known": ", ".join(known) or "-", "near": near},
    )


def _folder(named: str) -> Path:
    path = Path(named)
    locked = InputError(
        [
            Problem(
                where=named,
                expected="a folder that you may read",
                fix="ask for read permission on the folder and its files",
            )
        ]
    )
    try:
        is_folder = path.is_dir()
    except PermissionError:
        # A folder above it is locked.
        raise locked from None
    if is_folder:
        effective = os.access in os.supports_effective_ids
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=effective):
            raise locked
        return path
    if path.name == CASE_FILE and path.is_file():
        return path.parent
    if (EMBEDDED / named / CASE_FILE).is_file() and named in embedded_cases():
        return EMBEDDED / named
    raise InputError([_no_case(named)])


def _no_case(named: str) -> Problem:
    known = embedded_cases()
    near = difflib.get_close_matches(named, known, n=1)
    return Problem(
        where="case",
        value=named,
        expected="a case folder or one of: {known}",
        fix="did you mean {near}?" if near else "check the spelling",
        params={"known": ", ".join(known) or "-", "near": near[0] if near else ""},
    )
