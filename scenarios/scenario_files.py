"""Scenarios and blocks read from a case: those in `case.yaml` and those in files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from scenarios.library import COMBINE, Entry, Library
from scenarios.scenario_schema import Block, ScenarioSpec
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import Document, read_yaml

SCENARIO_FOLDER = "scenarios"
BLOCKS_FILE = "overrides.yaml"

B = TypeVar("B", bound=Block)


def read_library(
    folder: Path,
    shown: str,
    document: Document,
    policy: Policy,
    scenarios: Mapping[str, ScenarioSpec],
    blocks: Mapping[str, Block],
) -> tuple[Library, list[Problem]]:
    """Join what `case.yaml` says with the files `scenarios/*.yaml` and `overrides.yaml`.

    A file in `scenarios/` is one scenario, named by the file; `overrides.yaml` maps names to
    blocks. Files that cannot be read are left out of the library and told among the problems.

    Args:
        folder: The case folder.
        shown: Name of `case.yaml` in messages.
        document: `case.yaml` as parsed.
        policy: The case's policy.
        scenarios: Scenarios in `case.yaml`.
        blocks: Blocks in `case.yaml`.
    """
    problems: list[Problem] = []
    found = {
        name: Entry(spec=spec, document=document, shown=shown, prefix=("scenarios", name))
        for name, spec in scenarios.items()
    }
    shared = {
        name: Entry(spec=block, document=document, shown=shown, prefix=("overrides", name))
        for name, block in blocks.items()
    }
    for path in _scenario_paths(folder):
        said = f"{SCENARIO_FOLDER}/{path.name}"
        entry = _scenario(path, said, problems)
        if entry is not None:
            _add(found, path.stem, entry, problems)
    if (folder / BLOCKS_FILE).is_file():
        for name, entry in _blocks(folder / BLOCKS_FILE, problems).items():
            _add(shared, name, entry, problems)
    for name, entry in {**found, **shared}.items():
        if COMBINE in name or not name.strip():
            problems.append(
                entry.problem(
                    (),
                    "a name without `+`, which joins scenarios on the command line",
                    "rename it",
                    value=name,
                )
            )
    return Library(policy=policy, scenarios=found, blocks=shared), problems


def _scenario_paths(folder: Path) -> list[Path]:
    """The scenario files of a case, sorted by name."""
    return sorted(
        p
        for p in (folder / SCENARIO_FOLDER).glob("*.yaml")
        if p.is_file() and not p.name.startswith(".")
    )


def _add(entries: dict[str, Entry], name: str, entry: Entry, problems: list[Problem]) -> None:
    if name in entries:
        problems.append(
            entry.problem(
                (),
                "a name that {other} has not given already",
                "rename one of the two",
                value=name,
                other=entries[name].shown,
            )
        )
    else:
        entries[name] = entry


def _scenario(path: Path, shown: str, problems: list[Problem]) -> Entry | None:
    try:
        document = read_yaml(path, shown)
    except InputError as error:
        problems += error.problems
        return None
    return _entry(ScenarioSpec, document.data, document, shown, (), problems)


def _blocks(path: Path, problems: list[Problem]) -> dict[str, Entry]:
    try:
        document = read_yaml(path, BLOCKS_FILE)
    except InputError as error:
        problems += error.problems
        return {}
    if not isinstance(document.data, dict):
        problems.append(
            Problem(
                where=BLOCKS_FILE,
                expected="names of blocks with their keys under them",
                fix="write `name:` and indent its keys below it",
            )
        )
        return {}
    found = {}
    for name, data in document.data.items():
        entry = _entry(Block, data, document, BLOCKS_FILE, (str(name),), problems)
        if entry is not None:
            found[str(name)] = entry
    return found


def _entry(
    model: type[B],
    data: Any,
    document: Document,
    shown: str,
    prefix: tuple[str | int, ...],
    problems: list[Problem],
) -> Entry | None:
    if not isinstance(data, dict):
        problems.append(
            Problem(
                where=shown,
                row=document.line_of(prefix),
                column=".".join(map(str, prefix)) or None,
                expected="keys such as description, extends, policy, stations, alerts and roads",
                fix="start from a shipped scenario",
            )
        )
        return None
    try:
        spec = model.model_validate(data)
    except ValidationError as error:
        problems += problems_of(error, document, shown, model, prefix)
        return None
    return Entry(spec=spec, document=document, shown=shown, prefix=prefix)
