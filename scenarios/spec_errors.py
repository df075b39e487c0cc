"""Schema errors as problems a planner can act on: line, key, value, what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from optimizer.errors import Problem, WrongValue
from scenarios.strict_yaml import Document

_EXPECTED = {
    "missing": ("this key, which is required", "add it"),
    "extra_forbidden": ("a known key", "delete it or mend its spelling"),
    "int_type": ("a whole number", "write digits only"),
    "int_parsing": ("a whole number", "write digits only"),
    "int_from_float": ("a whole number", "write digits only"),
    "float_type": ("a number", "write digits and a decimal point only"),
    "float_parsing": ("a number", "write digits and a decimal point only"),
    "finite_number": ("a finite number", "write digits and a decimal point only"),
    "bool_type": ("true or false", "write true or false"),
    "bool_parsing": ("true or false", "write true or false"),
    "string_type": ("text", "put it in quotes"),
    "string_too_short": ("text that is not empty", "fill it in"),
    "greater_than_equal": ("a number >= {ge}", "raise it"),
    "greater_than": ("a number > {gt}", "raise it"),
    "less_than_equal": ("a number <= {le}", "lower it"),
    "less_than": ("a number < {lt}", "lower it"),
    "literal_error": ("{expected}", "use one of these"),
    "model_attributes_type": ("keys with values under it", "indent its keys below it"),
    "list_type": ("a list", "write it as [a, b] or one `- item` per line"),
    "model_type": ("keys with values under it", "indent its keys below it"),
    "dict_type": ("keys with values under it", "indent its keys below it"),
    "tuple_type": ("a list", "write it as [a, b] or one `- item` per line"),
    "too_short": ("a list of at least {min_length}", "add what is missing"),
    "too_long": ("a list of at most {max_length}", "take out what is too much"),
    "string_pattern_mismatch": ("text of the form {pattern}", "write it so"),
}


def problems_of(
    error: ValidationError,
    document: Document,
    shown: str,
    model: type[BaseModel],
    prefix: tuple[str | int, ...] = (),
) -> list[Problem]:
    """One problem per schema error.

    Args:
        error: What pydantic raised.
        document: The parsed file, for line numbers.
        shown: The file's name in messages.
        model: The model that was validated, for `did you mean`.
        prefix: Path of the validated part within the document.
    """
    found: dict[tuple[str | int, ...], Problem] = {}
    for one in error.errors(include_url=False):
        loc = tuple(p for p in one["loc"] if not (isinstance(p, str) and p in _UNION_TAGS))
        path = (*prefix, *loc)
        expected, fix = _EXPECTED.get(one["type"], ("{reason}", ""))
        params: dict[str, Any] = dict(one.get("ctx") or {})
        own = params.pop("error", None)
        if isinstance(own, WrongValue):
            expected, fix, params = own.expected, own.fix, dict(own.params)
        elif one["type"] == "literal_error":
            params["expected"] = params["expected"].replace(" or ", ", ")
        else:
            params["reason"] = one["msg"]
        value = None if one["type"] == "missing" else _short(one["input"])
        if one["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(loc[-1]), _keys(model, loc[:-1]), n=1)
            if near:
                fix, params["near"] = "did you mean {near}?", near[0]
        found.setdefault(
            path,
            Problem(
                where=shown,
                row=document.line_of(path),
                column=".".join(map(str, path)) or None,
                value=value,
                expected=expected,
                fix=fix,
                params=params,
            ),
        )
    return list(found.values())


# Names that pydantic puts into a location for the branches of a union.
_UNION_TAGS = {"RoadLayer", "literal['modelled']"}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Keys that are known at `path` below `model`; empty where it cannot be told."""
    here: Any = model
    for step in path:
        if _is_model(here):
            field = here.model_fields.get(str(step))
            here = None if field is None else field.annotation
        else:
            here = _inside(here)
        here = next((o for o in _options(here) if _is_model(o) or _inside(o)), None)
    return list(here.model_fields) if _is_model(here) else []


def _options(annotation: Any) -> tuple[Any, ...]:
    """The branches of a union; of anything else, itself."""
    is_union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _inside(annotation: Any) -> Any:
    """Type of the values of a mapping or list; None for anything else."""
    if get_origin(annotation) is Annotated:
        return _inside(get_args(annotation)[0])
    if get_origin(annotation) not in (dict, tuple, list):
        return None
    values = [a for a in get_args(annotation) if a is not Ellipsis]
    return values[-1] if values else None


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
