"""A case folder: its `case.yaml`, its scenarios, and the policy that each scenario means."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from scenarios.schema import CaseSpec, Layer
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import Document, read_yaml

CASE_FILE = "case.yaml"
EMBEDDED = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An opened case. No layer has been read yet.

    Attributes:
        folder: Where it lies.
        spec: The checked `case.yaml`.
        document: The file as parsed, with lines for messages.
    """

    folder: Path
    spec: CaseSpec
    document: Document

    def layer_path(self, layer: Layer) -> Path:
        """Path of a layer's file."""
        return self.folder / layer.path.replace("\\", "/")

    def scenario_name(self, asked: str | None) -> str | None:
        """The scenario to run: the one asked for, else the case's default, else none.

        Raises:
            InputError: no such scenario.
        """
        name = asked if asked is not None else self.spec.default_scenario
        if name is not None and name not in self.spec.scenarios:
            raise InputError([_unknown("scenario", name, list(self.spec.scenarios))])
        return name

    def policy(self, scenario: str | None) -> Policy:
        """The case's policy with the scenario's overrides.

        Raises:
            InputError: the overrides do not fit the policy's schema.
        """
        base = (self.document.data or {}).get("policy") or {}
        if scenario is None:
            return self.spec.policy
        merged = deep_merge(base, self.spec.scenarios[scenario].policy)
        try:
            return Policy.model_validate(merged)
        except ValidationError as error:
            prefix = ("scenarios", scenario, "policy")
            raise InputError(problems_of(error, self.document, CASE_FILE, Policy, prefix)) from None


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`: mappings are merged key by key, all else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def embedded_cases() -> list[str]:
    """Names of the cases that ship with Jingli."""
    return sorted(p.parent.name for p in EMBEDDED.glob(f"*/{CASE_FILE}"))


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
    case = Case(folder=folder, spec=spec, document=document)
    problems: list[Problem] = []
    for name in spec.scenarios:
        try:
            case.policy(name)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return case


def _folder(named: str) -> Path:
    path = Path(named)
    if path.is_dir():
        effective = os.access in os.supports_effective_ids
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=effective):
            raise InputError(
                [
                    Problem(
                        where=named,
                        expected="a folder that you may read",
                        fix="ask for read permission on the folder and its files",
                    )
                ]
            )
        return path
    if path.name == CASE_FILE and path.is_file():
        return path.parent
    if (EMBEDDED / named / CASE_FILE).is_file() and named in embedded_cases():
        return EMBEDDED / named
    raise InputError([_unknown("case", named, embedded_cases())])


def _unknown(what: str, name: str, known: list[str]) -> Problem:
    near = difflib.get_close_matches(name, known, n=1)
    return Problem(
        where=what,
        value=name,
        expected="a case folder or one of: {known}" if what == "case" else "one of: {known}",
        fix="did you mean {near}?" if near else "check the spelling",
        params={"known": ", ".join(known) or "-", "near": near[0] if near else ""},
    )
