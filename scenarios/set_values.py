"""`--set a.b=value`: values of the command line as one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from scenarios.library import did_you_mean
from scenarios.scenario_schema import DATA_KEYS, Block
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import Document, parse_yaml

SET = "--set"
GIVEN_ON_COMMAND_LINE = "given on the command line"
NOWHERE = Document(data=None, line={})
_ABSENT = object()


def set_block(sets: Sequence[str]) -> tuple[Block, list[Problem]]:
    """The values of `--set a.b=value` as one block, and every problem in them."""
    tree: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in sets:
        key, equals, value = text.partition("=")
        path = key.strip().split(".")
        problem = _set_problem(text, path, bool(equals), tree)
        if problem is not None:
            problems.append(problem)
            continue
        try:
            data = parse_yaml(value, SET).data
        except InputError as error:
            problems += [replace(p, column=key, row=None) for p in error.problems]
            continue
        here = tree
        for step in path[:-1]:
            here = here.setdefault(step, {})
        here[path[-1]] = data
    try:
        # A reason is asked of files, where it is read again; who types a value knows why.
        return Block.model_validate({"reason": GIVEN_ON_COMMAND_LINE, **tree}), problems
    except ValidationError as error:
        return Block(), [*problems, *problems_of(error, NOWHERE, SET, Block)]


def _set_problem(
    text: str, path: Sequence[str], has_value: bool, tree: Mapping[str, Any]
) -> Problem | None:
    key = ".".join(path)
    if not has_value or not all(path):
        return Problem(
            where=SET,
            value=text,
            expected="key=value, such as policy.bundling.centres=12",
            fix="write the dotted key, =, and the value",
        )
    roots = ("policy", *DATA_KEYS)
    if path[0] not in roots or len(path) == 1:
        if path[0] in Policy.model_fields:
            fix, near = "did you mean {near}?", f"policy.{key}"
        else:
            fix, near = did_you_mean(path[0], roots, "start with one of these")
        return Problem(
            where=SET,
            column=key,
            expected="a key below one of: {roots}",
            fix=fix,
            params={"roots": ", ".join(roots), "near": near},
        )
    here: Any = tree
    for step in path:
        here = here.get(step, _ABSENT) if isinstance(here, Mapping) else None
        if here is _ABSENT:
            return None
    return Problem(where=SET, column=key, expected="each key once", fix="delete one of the two")
