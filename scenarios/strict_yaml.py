"""YAML as a planner means it: `0421` and `no` stay text, a key twice is an error, lines are known.

YAML 1.1 reads `0421` as 273, `no` as False and `1:30` as 90. Here only plain decimal numbers,
`true`/`false` and `null`/`~`/nothing are anything but text (the core of YAML 1.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from optimizer.errors import InputError, Problem

Path_ = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema, less octal and hexadecimal."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class's own attribute


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?"
        r"|(?:0|[1-9][0-9]*)(?:\.|[eE][-+]?[0-9]+)|\.inf|\.nan)$",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed YAML file.

    Attributes:
        data: Plain mappings, lists and scalars.
        line: Line (from 1) of each key or list item, by its path.
    """

    data: Any
    line: Mapping[Path_, int]

    def line_of(self, path: Path_) -> int | None:
        """Line of `path`, or of its nearest parent that has one."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.line:
                return self.line[path[:end]]
        return None


def read_yaml(path: Path, shown: str) -> Document:
    """Parse `path` (UTF-8 with or without BOM, else GB18030).

    Args:
        path: The file.
        shown: Its name in messages.

    Raises:
        InputError: unreadable, wrong encoding, not YAML, or a key twice.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _error(
            shown, expected="a readable file", fix="check the path and the file's name"
        ) from None
    except PermissionError:
        raise _error(
            shown,
            expected="a file that you may read",
            fix="ask for read permission on the folder and its files",
        ) from None
    except OSError as error:
        raise _error(
            shown, expected="a readable file", fix="check the path", value=str(error.strerror)
        ) from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _error(shown, expected="text in UTF-8 or GB18030", fix="save the file as UTF-8")
    return parse_yaml(text, shown)


def parse_yaml(text: str, shown: str) -> Document:
    """Parse YAML text.

    Args:
        text: The text.
        shown: Name of its source in messages.

    Raises:
        InputError: not YAML, or a key twice.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        problems: list[Problem] = []
        if node is not None:
            _walk(node, (), lines, problems, shown)
        if problems:
            raise InputError(problems)
        data = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _error(
            shown,
            expected="valid YAML ({reason})",
            fix=(
                "write : and a space; ： (full width, as Chinese input types it) is no colon here"
                if _is_wide_colon(text, mark)
                else "check indentation, colons and quotes near this line"
            ),
            row=None if mark is None else mark.line + 1,
            reason=error.problem,
        ) from None
    except yaml.YAMLError as error:
        raise _error(
            shown,
            expected="valid YAML ({reason})",
            fix="remove control characters",
            reason=str(error),
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Document(data=data, line=lines)


def _is_wide_colon(text: str, mark: yaml.Mark | None) -> bool:
    """Whether a line at the error, or the one before it, has ： for its colon."""
    lines = text.splitlines()
    near = (
        range(0) if mark is None else range(max(0, mark.line - 1), min(len(lines), mark.line + 1))
    )
    return any("：" in lines[i] and not re.search(r":(?:\s|$)", lines[i]) for i in near)


def _walk(
    node: yaml.Node, path: Path_, lines: dict[Path_, int], problems: list[Problem], shown: str
) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            if key.value in seen:
                problems.append(
                    Problem(
                        where=shown,
                        row=key.start_mark.line + 1,
                        column=".".join(map(str, here)),
                        expected="each key once",
                        fix="delete one of the two",
                    )
                )
            seen.add(key.value)
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, problems, shown)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            lines[(*path, i)] = value.start_mark.line + 1
            _walk(value, (*path, i), lines, problems, shown)


def _error(
    shown: str,
    *,
    expected: str,
    fix: str,
    row: int | None = None,
    value: str | None = None,
    reason: str | None = None,
) -> InputError:
    problem = Problem(
        where=shown, row=row, value=value, expected=expected, fix=fix, params={"reason": reason}
    )
    return InputError([problem])
