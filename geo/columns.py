"""Which columns a layer has, and which header of a file stands for which of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from optimizer.errors import Problem

Kind = Literal["id", "text", "number", "count", "yes_no", "lon", "lat", "time", "choice", "id_list"]
GeometryKind = Literal["none", "point", "line", "polygon", "any"]

SPACE = (
    " \t\r\n\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What counts as space around a value, the invisible ones that copying leaves behind included."""

HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x2212: 0x2D}
"""Full-width forms (１，＝) to ASCII, for `str.translate`; the minus sign to a hyphen too."""

# Chinese names of the columns that come one per category (`年警情_盗窃`).
_PREFIX_ALIASES: Mapping[str, tuple[str, ...]] = {
    "alerts_per_year": ("年警情", "年警情数"),
    "equipment": ("装备", "装备数"),
}
_SHOWN_HEADERS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that Jingli reads.

    Attributes:
        name: Its canonical name.
        kind: How its values are read and checked; see `geo.values`.
        required: A file without it, or a row with an empty cell, is wrong. A layer's geometry
            stands in for required `lon` and `lat`.
        minimum, maximum: Bounds of the value, inclusive; of the year for `time`.
        choices: For `choice`: accepted text -> canonical value.
        aliases: Other headers understood; case, spaces, `_`, `-` and full width do not matter.
        default: Stands for an empty cell or an absent column; None = none.
        first_header_wins: Of several headers in a file that stand for the column, the one named
            first here is read; otherwise the planner is asked.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    default: object = None
    first_header_wins: bool = False

    @property
    def may_miss(self) -> bool:
        """Whether the column's values may be missing after reading."""
        return self.default is None and not self.required


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns of one layer.

    Attributes:
        layer: Jingli's name of the layer.
        columns: What is read; nothing else ever is.
        prefix_columns: Names that also come one per category: `alerts_per_year` takes
            `alerts_per_year_<category>` too and keeps it under that name. One without a Column of
            its own is an optional number >= 0.
        geometry: Kind of geometry the layer needs; `none` = no geometry is kept, `any` = any kind,
            or none at all where the columns give the place.
        unique: Columns whose values may not repeat, each on its own.

    Raises:
        ValueError: columns that could not be told apart, or `unique` names that are no columns.
    """

    layer: str
    columns: tuple[Column, ...]
    prefix_columns: tuple[str, ...] = ()
    geometry: GeometryKind = "none"
    unique: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for column in self.all_columns():
            for header in _headers_of(column):
                other = seen.setdefault(header_key(header), column.name)
                if other != column.name:
                    raise ValueError(
                        f"{self.layer}: {header!r} means {other} as well as {column.name}"
                    )
        strangers = set(self.unique) - {c.name for c in self.columns}
        if strangers:
            raise ValueError(f"{self.layer}: unique names no column: {sorted(strangers)}")

    def all_columns(self) -> tuple[Column, ...]:
        """The columns, with those that only `prefix_columns` names."""
        own = {c.name for c in self.columns}
        implied = (
            Column(name=p, kind="number", minimum=0) for p in self.prefix_columns if p not in own
        )
        return (*self.columns, *implied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the headers of a file stand for.

    Attributes:
        position: Canonical name -> place of the header in the file, from 0.
        header: Canonical name -> header as the file spells it.
        columns: The columns found, those per category included, in the order of the schema.
        problems: Missing, doubled and wrongly declared columns.
    """

    position: Mapping[str, int]
    header: Mapping[str, str]
    columns: tuple[Column, ...]
    problems: tuple[Problem, ...]


@lru_cache(maxsize=4096)
def header_key(header: str) -> str:
    """`header` without what does not matter: case, spaces, `_`, `-`, full width."""
    narrow = header.translate(HALF_WIDTH).casefold()
    return re.sub(rf"[{re.escape(SPACE)}_-]", "", narrow)


def match_headers(
    headers: Sequence[str],
    schema: Schema,
    declared: Mapping[str, str],
    *,
    where: str,
    has_geometry: bool = False,
) -> Match:
    """Find the columns of `schema` among the `headers` of a file.

    Args:
        headers: As the file spells them, in its order.
        schema: What to look for.
        declared: Canonical name -> header, which goes before any alias.
        where: The file, for the problems.
        has_geometry: The layer has shapes, so longitude and latitude need not be columns.

    Returns:
        What was found, and every problem with it.
    """
    columns = {c.name: c for c in schema.all_columns()}
    problems: list[Problem] = []
    found: dict[str, list[int]] = {}
    for name, header in declared.items():
        column = columns.get(name) or _per_category(name, schema, columns)
        if column is None:
            problems.append(_unknown_name(name, columns, where))
            continue
        columns[name] = column
        found[name] = _places_of(header, headers)
        if not found[name]:
            problems.append(_missing_declared(column, header, headers, where))
    taken = {i for places in found.values() for i in places}
    for i, header in enumerate(headers):
        column = None if i in taken else _recognise(header, schema, columns)
        if column is not None and column.name not in declared:
            columns.setdefault(column.name, column)
            found.setdefault(column.name, []).append(i)
    for name, places in found.items():
        if len(places) > 1 and name not in declared and columns[name].first_header_wins:
            found[name] = places = _best_first(columns[name], places, headers)
        if len(places) > 1:
            problems.append(_doubled(name, [headers[i] for i in places], where))
    position = {name: places[0] for name, places in found.items() if places}
    problems += _missing(schema, position, found, headers, has_geometry, where)
    ordered = tuple(c for c in _in_order(columns.values(), schema) if c.name in position)
    return Match(
        position={c.name: position[c.name] for c in ordered},
        header={c.name: headers[position[c.name]].strip(SPACE) for c in ordered},
        columns=ordered,
        problems=tuple(problems),
    )


def recognised(headers: Sequence[str], schema: Schema, declared: Mapping[str, str]) -> int:
    """How many of `headers` stand for a column: the way to tell a header from a title."""
    columns = {c.name: c for c in schema.all_columns()}
    wanted = {header_key(h) for h in declared.values()}
    return sum(
        header_key(h) in wanted or _recognise(h, schema, columns) is not None for h in headers
    )


def _headers_of(column: Column) -> tuple[str, ...]:
    return (column.name, *column.aliases, *_PREFIX_ALIASES.get(column.name, ()))


def _recognise(header: str, schema: Schema, columns: Mapping[str, Column]) -> Column | None:
    key = header_key(header)
    if not key:
        return None
    for column in schema.all_columns():
        if any(key == header_key(h) for h in _headers_of(column)):
            return column
    narrow = header.translate(HALF_WIDTH).strip(SPACE)
    for prefix in schema.prefix_columns:
        base = columns[prefix]
        for alias in _headers_of(base):
            loose = r"[\s_-]*".join(re.escape(part) for part in re.split(r"[\s_-]+", alias))
            parted = re.fullmatch(
                rf"{loose}(?:[\s_:-]+(?P<after>.+)|\s*\((?P<inside>.+)\))", narrow, re.IGNORECASE
            )
            if parted:
                category = (parted["after"] or parted["inside"]).strip()
                return replace(base, name=f"{prefix}_{category}", required=False)
    return None


def _best_first(column: Column, places: Sequence[int], headers: Sequence[str]) -> list[int]:
    """The one place whose header comes first among the column's; all of them if two tie."""
    rank = [header_key(h) for h in _headers_of(column)]
    order = [rank.index(header_key(headers[i])) for i in places]
    return [i for i, at in zip(places, order, strict=True) if at == min(order)]


def _per_category(name: str, schema: Schema, columns: Mapping[str, Column]) -> Column | None:
    for prefix in schema.prefix_columns:
        if name.startswith(f"{prefix}_") and len(name) > len(prefix) + 1:
            return replace(columns[prefix], name=name, required=False)
    return None


def _places_of(header: str, headers: Sequence[str]) -> list[int]:
    exact = [i for i, h in enumerate(headers) if h.strip(SPACE) == header.strip(SPACE)]
    if exact:
        return exact
    return [i for i, h in enumerate(headers) if header_key(h) == header_key(header)]


def _in_order(columns: Iterable[Column], schema: Schema) -> list[Column]:
    """Schema order; columns per category after the column they belong to, by name."""
    rank = {c.name: i for i, c in enumerate(schema.all_columns())}

    def key(column: Column) -> tuple[int, str]:
        if column.name in rank:
            return rank[column.name], ""
        prefix = next(p for p in schema.prefix_columns if column.name.startswith(f"{p}_"))
        return rank[prefix], column.name

    return sorted(columns, key=key)


def _missing(
    schema: Schema,
    position: Mapping[str, int],
    declared_or_found: Mapping[str, object],
    headers: Sequence[str],
    has_geometry: bool,
    where: str,
) -> list[Problem]:
    half_a_place = {c.name for c in schema.columns if c.kind in ("lon", "lat")} & set(position)
    problems = []
    for column in schema.all_columns():
        name, is_place = column.name, column.kind in ("lon", "lat")
        if name in declared_or_found or (is_place and has_geometry):
            continue
        if name in schema.prefix_columns and any(p.startswith(f"{name}_") for p in position):
            continue
        if (column.required and column.default is None) or (is_place and half_a_place):
            problems.append(_missing_column(column, headers, where))
    return problems


def _shown(headers: Sequence[str]) -> str:
    names = [h.strip(SPACE)[:30] or "''" for h in headers[:_SHOWN_HEADERS]]
    return ", ".join(names) + (", …" if len(headers) > _SHOWN_HEADERS else "")


def _missing_column(column: Column, headers: Sequence[str], where: str) -> Problem:
    also = column.aliases
    return Problem(
        where=where,
        column=column.name,
        expected="a column {name} (also understood: {aliases})" if also else "a column {name}",
        fix="the file has: {found}; rename one of them, or name it under columns in case.yaml",
        params={"name": column.name, "aliases": ", ".join(also), "found": _shown(headers)},
    )


def _missing_declared(column: Column, header: str, headers: Sequence[str], where: str) -> Problem:
    return Problem(
        where=where,
        column=column.name,
        value=header,
        expected="the header that case.yaml names for {name}",
        fix="the file has: {found}; correct columns in case.yaml",
        params={"name": column.name, "found": _shown(headers)},
    )


def _unknown_name(name: str, columns: Mapping[str, Column], where: str) -> Problem:
    return Problem(
        where=where,
        column=f"columns.{name}",
        expected="one of the layer's columns: {names}",
        fix="correct columns in case.yaml: Jingli's name on the left, the file's header on the "
        "right",
        params={"names": ", ".join(columns)},
    )


def _doubled(name: str, headers: Sequence[str], where: str) -> Problem:
    return Problem(
        where=where,
        column=name,
        value=_shown(headers),
        expected="one column for {name}; these headers all stand for it",
        fix="delete one, or say under columns in case.yaml which to read",
        params={"name": name},
    )
