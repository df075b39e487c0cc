"""Values of one column: read, checked and converted together, never row by row with a model.

What every kind accepts:

- `id`, `text`: any text, kept as it is (HTML and formula characters too: writers escape them). In
  ids full-width letters and digits become half-width, and a whole number stored as 101.0 is `101`.
- `number`, `count`, `lon`, `lat`: digits of either width, thousands separators, spaces around.
  A `count` is a whole number >= 0.
- `yes_no`: 是/否, yes/no, true/false, 1/0, 有/无.
- `time`: a local date and time, year first; an offset such as +08:00 is dropped, since the wall
  clock of the place counts; UTC (`Z`) is refused.
- `choice`: one of the texts listed, whatever its case and width.
- `id_list`: ids with `;`, `、`, `,` or `|` between them.

An empty cell is missing; in all kinds but `id` and `text` so are `-`, `/`, `无`, `NA` and the like.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.columns import HALF_WIDTH, SPACE, Column
from geo.faults import Fault
from optimizer.frozen import BoolArray, FloatArray

# Doubles hold every whole number up to here; Excel keeps 15 digits.
_LARGEST_WHOLE = 2.0**53
_EXCEL_WHOLE = 1e15

_NO_VALUE = frozenset(
    v
    for word in (
        "",
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "空",
        "na",
        "n/a",
        "null",
        "none",
        "nan",
    )
    for v in (word, word.upper(), word.capitalize())
) | {"NaN", "\\N"}
_YES = ("1", "y", "yes", "t", "true", "是", "有", "可", "√", "✓", "✔")
_NO = ("0", "n", "no", "f", "false", "否", "无", "不可", "没有", "×", "✗")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}([, \u00a0\u2009\u202f]\d{3})+(\.\d*)?")
_CUT_BY_EXCEL = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_BETWEEN_IDS = re.compile(rf"[;；、,，|{re.escape(SPACE)}]+")
_COMMON_CLOCK = re.compile(
    r"\d{4}([-/])\d{1,2}\1\d{1,2}(?:[ T]\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?)?"
)
_CLOCK = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:：时点](\d{1,2})(?:[:：分](\d{1,2}(?:[.,]\d+)?)?秒?)?)?分?"
    r"(?:\s*(?P<offset>[+-]\d\d:?\d\d))?"
)
_DIGITS_CLOCK = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T\s]?(\d\d)(\d\d)(\d\d)?)?(?P<offset>)")
_UTC = re.compile(r".*\d\s*(Z|[+-]00:?00|UTC|GMT)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One column after reading.

    Attributes:
        values: Canonical values, one per row; where a row is bad, a stand-in of the same type.
        blank: Rows without a value in the file (a default may stand there now).
        faults: Rows that break a rule.
    """

    values: NDArray[Any] | pd.api.extensions.ExtensionArray
    blank: BoolArray
    faults: tuple[Fault, ...]


def parse(column: Column, raw: NDArray[Any]) -> Parsed:
    """Read and check the values of one column.

    Args:
        column: What they must be.
        raw: As the file holds them, shape (N,): text, or numbers, times and truth values.

    Returns:
        By kind: `id`, `text`, `choice` object arrays of str, with None where missing; `number`,
        `lon`, `lat` floats with NaN; `count` int64, or floats with NaN where the column may miss
        values; `yes_no` bool, or pandas `boolean` with NA; `time` datetime64[ns] with NaT;
        `id_list` tuples, empty where missing.
    """
    parsed = _READERS[column.kind](column, raw)
    if not column.required or column.default is not None or not parsed.blank.any():
        return parsed
    at = np.flatnonzero(parsed.blank)
    empty = Fault(
        column=column.name,
        at=at,
        values=[""] * at.size,
        expected="a value in every row",
        fix="fill the cell in",
    )
    return Parsed(values=parsed.values, blank=parsed.blank, faults=(*parsed.faults, empty))


def texts(raw: NDArray[Any]) -> list[str]:
    """Every value as text without space around it; nothing becomes the empty text."""
    if raw.dtype.kind in "iu":
        return [str(v) for v in raw.tolist()]
    return [v.strip(SPACE) if type(v) is str else _text(v) for v in raw.tolist()]


def _text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, str):
        return value.strip(SPACE)
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        if value.is_integer():
            return str(int(value)) if abs(value) < _EXCEL_WHOLE else f"{value:.14E}"
        return repr(float(value))
    if isinstance(value, list | tuple | np.ndarray):
        return ";".join(_text(v) for v in value)
    return str(value).strip(SPACE)


def _fault(
    column: Column,
    bad: BoolArray,
    said: Sequence[str] | NDArray[Any],
    expected: str,
    fix: str = "",
    params: Mapping[str, object] | None = None,
) -> tuple[Fault, ...]:
    at = np.flatnonzero(bad)
    if not at.size:
        return ()
    values = texts(said[at]) if isinstance(said, np.ndarray) else [said[i] for i in at.tolist()]
    return (
        Fault(
            column=column.name,
            at=at,
            values=values,
            expected=expected,
            fix=fix,
            params=params or {},
        ),
    )


# --- text -----------------------------------------------------------------------------------


def _read_text(column: Column, raw: NDArray[Any]) -> Parsed:
    said = texts(raw)
    blank = np.fromiter((not v for v in said), np.bool_, len(said))
    return Parsed(values=_objects(said, blank, column.default), blank=blank, faults=())


def _read_id(column: Column, raw: NDArray[Any]) -> Parsed:
    said = [v if v.isascii() else v.translate(HALF_WIDTH).strip(SPACE) for v in texts(raw)]
    blank = np.fromiter((not v for v in said), np.bool_, len(said))
    cut = np.fromiter(
        ("+" in v and _CUT_BY_EXCEL.fullmatch(v) is not None for v in said), np.bool_, len(said)
    )
    faults = _fault(
        column,
        cut,
        said,
        "the whole id; Excel has cut it to a rounded number",
        "give the column the format Text, then enter the ids again",
    )
    return Parsed(values=_objects(said, blank, column.default), blank=blank, faults=faults)


def _read_id_list(column: Column, raw: NDArray[Any]) -> Parsed:
    lists = [
        tuple(part for part in _BETWEEN_IDS.split(v.translate(HALF_WIDTH)) if part)
        for v in texts(raw)
    ]
    blank = np.fromiter((not v for v in lists), np.bool_, len(lists))
    double = np.fromiter((len(set(v)) < len(v) for v in lists), np.bool_, len(lists))
    values = np.empty(len(lists), dtype=object)
    values[:] = lists
    return Parsed(
        values=values,
        blank=blank,
        faults=_fault(column, double, raw, "each id once", "delete the repeated id"),
    )


def _read_choice(column: Column, raw: NDArray[Any]) -> Parsed:
    understood = {_plain(k): v for k, v in column.choices.items()}
    understood |= {_plain(v): v for v in column.choices.values()}
    said, found, blank = _look_up(raw, understood)
    return Parsed(
        values=_objects(found, blank, column.default),
        blank=blank,
        faults=_fault(
            column,
            np.array([v is None for v in found], dtype=np.bool_) & ~blank,
            said,
            "one of {choices}",
            "write one of these",
            {"choices": ", ".join(dict.fromkeys([*column.choices.values(), *column.choices]))},
        ),
    )


def _read_yes_no(column: Column, raw: NDArray[Any]) -> Parsed:
    understood = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}
    said, found, blank = _look_up(raw, understood)
    unknown = np.array([v is None for v in found], dtype=np.bool_)
    truth = np.array([bool(v) for v in found], dtype=np.bool_)
    values: NDArray[Any] | pd.api.extensions.ExtensionArray = truth
    if column.default is not None:
        values = np.where(blank, bool(column.default), truth)
    elif not column.required:
        values = pd.arrays.BooleanArray(truth, unknown)
    return Parsed(
        values=values,
        blank=blank,
        faults=_fault(column, unknown & ~blank, said, "yes or no (是 or 否)", "write one of these"),
    )


def _look_up(
    raw: NDArray[Any], understood: Mapping[str, Any]
) -> tuple[list[str], list[Any], BoolArray]:
    """The text, the meaning (None = not understood) and the emptiness of every value."""
    said = texts(raw)
    meaning = {v: understood.get(_plain(v)) for v in dict.fromkeys(said)}
    found = [meaning[v] for v in said]
    blank = np.fromiter(
        (f is None and v in _NO_VALUE for v, f in zip(said, found, strict=True)),
        np.bool_,
        len(said),
    )
    return said, found, blank


def _plain(text: str) -> str:
    return " ".join(text.translate(HALF_WIDTH).casefold().split())


def _objects(found: Sequence[Any], blank: BoolArray, default: object) -> NDArray[Any]:
    values = np.empty(len(found), dtype=object)
    values[:] = found
    values[blank] = default
    return values


# --- numbers --------------------------------------------------------------------------------


def _read_number(column: Column, raw: NDArray[Any]) -> Parsed:
    numbers, blank, bad = _numbers(raw)
    expected, params = _wanted(column, "a number")
    faults = _fault(column, bad, raw, expected, "write digits only, no words or units", params)
    faults += _fault(
        column, ~blank & ~bad & _out_of_range(column, numbers), raw, expected, "", params
    )
    if column.default is not None:
        numbers = np.where(blank, _number_default(column), numbers)
    return Parsed(values=numbers, blank=blank, faults=faults)


def _read_count(column: Column, raw: NDArray[Any]) -> Parsed:
    numbers, blank, bad = _numbers(raw)
    expected, params = _wanted(column, "a whole number")
    with np.errstate(invalid="ignore"):
        wrong = _out_of_range(column, numbers) | (np.floor(numbers) != numbers)
    wrong |= np.abs(numbers) > _LARGEST_WHOLE
    wrong &= ~blank & ~bad
    faults = _fault(column, bad, raw, expected, "write digits only, no words or units", params)
    faults += _fault(column, wrong, raw, expected, "", params)
    if column.default is not None:
        numbers = np.where(blank, _number_default(column), numbers)
    if column.may_miss:
        return Parsed(values=numbers, blank=blank, faults=faults)
    whole = np.where(bad | wrong | np.isnan(numbers), 0.0, numbers).astype(np.int64)
    return Parsed(values=whole, blank=blank, faults=faults)


def _numbers(raw: NDArray[Any]) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Numbers (NaN where there is none), which values are missing, and which are no number."""
    if raw.dtype.kind in "iuf":
        numbers = raw.astype(float)
        blank = np.isnan(numbers)
        return numbers, blank, np.isinf(numbers)
    given = raw
    if not {type(v) for v in raw.tolist()} <= {str, float, int}:
        # pandas would make numbers of dates and truth values.
        given = np.array(texts(raw), dtype=object)
    series = pd.to_numeric(pd.Series(given, dtype=object), errors="coerce")
    numbers = np.array(series, dtype=float)
    blank = np.zeros(numbers.shape, dtype=np.bool_)
    doubtful = np.flatnonzero(~np.isfinite(numbers))
    for i, text in zip(doubtful.tolist(), texts(given[doubtful]), strict=True):
        blank[i] = text in _NO_VALUE
        numbers[i] = np.nan if blank[i] else _number(text)
    return numbers, blank, ~blank & ~np.isfinite(numbers)


def _number(text: str) -> float:
    plain = text.translate(HALF_WIDTH).strip(SPACE)
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[^\d.+-]", "", plain)
    return float(plain) if plain.isascii() and _NUMBER.fullmatch(plain) else np.nan


def _number_default(column: Column) -> float:
    return float(str(column.default))


def _lowest(column: Column) -> float | None:
    return 0.0 if column.kind == "count" and column.minimum is None else column.minimum


def _out_of_range(column: Column, numbers: FloatArray) -> BoolArray:
    low, high = _lowest(column), column.maximum
    out = np.zeros(numbers.shape, dtype=np.bool_)
    if low is not None:
        out |= numbers < low
    if high is not None:
        out |= numbers > high
    return out


_RANGES = {
    ("a number", False, False): "a number",
    ("a number", True, False): "a number ≥ {minimum}",
    ("a number", False, True): "a number ≤ {maximum}",
    ("a number", True, True): "a number from {minimum} to {maximum}",
    ("a whole number", True, False): "a whole number ≥ {minimum}",
    ("a whole number", True, True): "a whole number from {minimum} to {maximum}",
    ("a time", False, False): "a date and time such as 2026-05-01 08:30",
    ("a time", True, False): "a date and time such as 2026-05-01 08:30, in {minimum} or later",
    ("a time", False, True): "a date and time such as 2026-05-01 08:30, in {maximum} or earlier",
    ("a time", True, True): (
        "a date and time such as 2026-05-01 08:30, from {minimum} to {maximum}"
    ),
}


def _wanted(column: Column, what: str) -> tuple[str, dict[str, object]]:
    low, high = _lowest(column), column.maximum
    params = {
        name: f"{bound:.12g}"
        for name, bound in (("minimum", low), ("maximum", high))
        if bound is not None
    }
    return _RANGES[what, low is not None, high is not None], dict(params)


# --- times ----------------------------------------------------------------------------------


def _read_time(column: Column, raw: NDArray[Any]) -> Parsed:
    if raw.dtype.kind == "M":
        times = raw.astype("datetime64[us]")
        blank = np.isnat(times)
        utc = np.zeros(blank.shape, dtype=np.bool_)
    else:
        said = texts(raw)
        blank = np.fromiter((v in _NO_VALUE for v in said), np.bool_, len(said))
        times = _times(said)
        utc = np.zeros(blank.shape, dtype=np.bool_)
        for i in np.flatnonzero(np.isnat(times) & ~blank).tolist():
            utc[i] = _UTC.fullmatch(said[i]) is not None
    year = times.astype("datetime64[Y]").astype(np.int64) + 1970
    bad = np.isnat(times) & ~blank & ~utc
    out = ~np.isnat(times) & (_out_of_range(column, year.astype(float)) | (year < 1678))
    out |= ~np.isnat(times) & (year > 2261)  # what datetime64[ns] can hold
    expected, params = _wanted(column, "a time")
    faults = _fault(column, bad, raw, expected, "write year, month, day, hour and minute", params)
    faults += _fault(column, out, raw, expected, "check the year", params)
    faults += _fault(
        column, utc, raw, "local time; this is UTC", "convert it to the county's time", params
    )
    times[out] = np.datetime64("NaT")
    if column.default is not None:
        times[blank] = np.datetime64(str(column.default), "us")
    return Parsed(values=times.astype("datetime64[ns]"), blank=blank, faults=faults)


def _times(said: Sequence[str]) -> NDArray[Any]:
    """Wall-clock times, NaT where the text is none: common writings together, others one by one.

    pandas also reads `now` or a bare year, so it sees only texts that look like a full date.
    """
    common = [v if _COMMON_CLOCK.fullmatch(v) else None for v in said]
    fast = pd.to_datetime(pd.Series(common, dtype=object), format="ISO8601", errors="coerce")
    times: NDArray[Any] = np.array(fast.to_numpy(), dtype="datetime64[us]")
    for i in np.flatnonzero(np.isnat(times)).tolist():
        if said[i]:
            times[i] = _clock(said[i])
    return times


def _clock(text: str) -> np.datetime64:
    plain = text.translate(HALF_WIDTH)
    match = _CLOCK.fullmatch(plain) or _DIGITS_CLOCK.fullmatch(plain)
    if match is None or _UTC.fullmatch(plain):
        return np.datetime64("NaT")
    year, month, day, hour, minute, second = match.groups()[:6]
    whole, _, part = (second or "0").replace(",", ".").partition(".")
    try:
        moment = dt.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(whole),
            int(f"{part:0<6.6}"),
        )  # fmt: skip
    except ValueError:
        return np.datetime64("NaT")
    return np.datetime64(moment, "us")


_READERS: Mapping[str, Callable[[Column, NDArray[Any]], Parsed]] = {
    "id": _read_id,
    "text": _read_text,
    "number": _read_number,
    "count": _read_count,
    "yes_no": _read_yes_no,
    "lon": _read_number,
    "lat": _read_number,
    "time": _read_time,
    "choice": _read_choice,
    "id_list": _read_id_list,
}
