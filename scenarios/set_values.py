"""`--set a.b=value`: values of the command line as one block; `a.b+=[…]` adds to a list."""

from __future__ import annotations

import hashlib
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
_STEERING = tuple(f"policy.bundling.{key}" for key in ("locks", "changes", "barriers"))
_LONGEST = 60


class More(list[Any]):
    """Entries that are added to a list, not put in its place."""


def shown_set(text: str) -> str:
    """A value of `--set` for a label: as typed, but what steers by hand is short.

    Two that differ stay apart: of a long one the end of its digest is kept.
    """
    key, _, value = text.partition("=")
    is_typed = not key.endswith("+") and len(text) <= _LONGEST
    if not text.startswith(_STEERING) or is_typed:
        return text
    short = value.replace('"', "").strip("[]{}")
    if len(short) > _LONGEST // 2:
        short = f"{short[: _LONGEST // 2]}…#{hashlib.sha256(value.encode()).hexdigest()[:6]}"
    return f"{key.removesuffix('+').rsplit('.', 1)[-1]}={short}"


def set_block(sets: Sequence[str]) -> tuple[Block, list[Problem]]:
    """The values of `--set a.b=value` as one block, and every problem in them."""
    tree: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in sets:
        key, equals, value = text.partition("=")
        is_more = key.endswith("+")
        key = key.removesuffix("+")
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
        if is_more:
            if not isinstance(data, list):
                problems.append(_no_list(key, value))
                continue
            data = More(data)
        here = tree
        for step in path[:-1]:
            here = here.setdefault(step, {})
        here[path[-1]] = data
    try:
        # A reason is asked of files, where it is read again; who types a value knows why.
        return Block.model_validate({"reason": GIVEN_ON_COMMAND_LINE, **tree}), problems
    except ValidationError as error:
        return Block(), [*problems, *problems_of(error, NOWHERE, SET, Block)]


def _no_list(key: str, value: str) -> Problem:
    return Problem(
        where=SET,
        column=key,
        value=value,
        expected="a list after +=, such as [a, b]",
        fix="put the entries in brackets",
    )


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
