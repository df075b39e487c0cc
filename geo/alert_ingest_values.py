"""Values of a batch: what `geo.values` says of each different one, for all rows that hold it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.alert_ingest_times import as_mask, trimmed
from geo.columns import HALF_WIDTH, Column
from geo.faults import Fault
from geo.values import Parsed, parse
from optimizer.frozen import BoolArray, FloatArray, IntArray

_NUMBER = r"(\d{1,2}(?:\.\d+)?)"
_DEGREES = re.compile(
    r"(?P<before>[NSEW]|东经|西经|北纬|南纬)?\s*(?P<sign>[+-]?)(?P<deg>\d{1,3})\s*[°º度d\s]\s*"
    rf"(?P<min>{_NUMBER})\s*(?:['′’‘分m]|\s)?\s*"
    rf"(?:(?P<sec>{_NUMBER})\s*(?:[\"″”“秒s]|''|′′)?)?\s*(?P<after>[NSEW])?",
    re.IGNORECASE,
)
# What only somebody who writes degrees, minutes and seconds writes.
_OF_DEGREES = re.compile(r"[°º度′’‘分″”“秒'\"NSEW东西南北]|^\D*\d{1,3}\s+\d", re.IGNORECASE)
_SOUTH_OR_WEST = frozenset(("S", "W", "南纬", "西经"))


def by_value(column: Column, values: pa.Array) -> Parsed:
    """A column read by its different values; the same as `geo.values.parse` of every row."""
    index, different = _encoded(values)
    return _spread(parse(column, different), index)


def coordinates(column: Column, values: pa.Array) -> Parsed:
    """A column of coordinates: decimal numbers, and degrees, minutes and seconds."""
    quick = _plain_numbers(values)
    if quick is not None:
        blank = np.isnan(quick)
        return Parsed(values=quick, blank=blank, faults=())
    index, different = _encoded(values)
    parsed = parse(column, different)
    numbers = np.array(parsed.values, dtype=float)
    faults: list[Fault] = []
    for fault in parsed.faults:
        found = np.array([from_degrees(v) for v in fault.values], dtype=float)
        numbers[fault.at] = found
        tried = np.array([_OF_DEGREES.search(v) is not None for v in fault.values], np.bool_)
        for wrong, told in (
            (np.isnan(found) & tried, _no_degrees(fault)),
            (np.isnan(found) & ~tried, fault),
        ):
            here = np.flatnonzero(wrong)
            if here.size:
                kept = [fault.values[i] for i in here.tolist()]
                faults.append(replace(told, at=fault.at[here], values=kept))
    return _spread(Parsed(values=numbers, blank=parsed.blank, faults=tuple(faults)), index)


def _no_degrees(fault: Fault) -> Fault:
    return Fault(
        column=fault.column,
        at=fault.at,
        values=fault.values,
        expected="degrees, minutes and seconds such as 106°15'30\"E, minutes and seconds below 60",
        fix="write it so, or as decimal degrees such as 106.2583",
    )


def from_degrees(text: str) -> float:
    """Degrees of `106°15'30.5"E`, `106度15分30秒` or `106 15 30`; NaN where it is none.

    Minutes and seconds are below 60, but for seconds rounded up to 60.00 by the program that
    wrote them.
    """
    match = _DEGREES.fullmatch(text.translate(HALF_WIDTH).strip())
    if match is None:
        return float("nan")
    minutes, seconds = float(match["min"]), float(match["sec"] or 0)
    rounded_up = seconds == 60 and "." in match["sec"]
    if minutes >= 60 or (seconds >= 60 and not rounded_up):
        return float("nan")
    degrees = int(match["deg"]) + minutes / 60 + seconds / 3600
    side = (match["before"] or match["after"] or "").upper()
    return -degrees if (match["sign"] == "-") != (side in _SOUTH_OR_WEST) else degrees


def plain_text(values: pa.Array) -> tuple[NDArray[np.object_], BoolArray]:
    """Text without space around it, and which rows have any."""
    plain = trimmed(values)
    filled = as_mask(pc.greater(pc.binary_length(plain), 0))
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=object), filled


def _plain_numbers(values: pa.Array) -> FloatArray | None:
    kind = values.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        numbers = np.asarray(
            pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        )
    else:
        text = pc.ascii_trim_whitespace(values) if pa.types.is_string(kind) else trimmed(values)
        empty = pc.equal(pc.binary_length(text), 0)
        text = pc.if_else(pc.fill_null(empty, True), pa.scalar(None, pa.string()), text)
        try:
            numbers = np.asarray(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            return None
        if np.isnan(numbers).sum() != text.null_count:
            return None
    return None if np.isinf(numbers).any() else numbers.astype(float)


def _encoded(values: pa.Array) -> tuple[IntArray, NDArray[Any]]:
    """Place of each row's value among the different ones, and these."""
    kind = values.type
    plain = values
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        plain = trimmed(values)
    coded = plain.dictionary_encode(null_encoding="encode")
    index = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    words = coded.dictionary
    if pa.types.is_string(words.type) or pa.types.is_large_string(words.type):
        different = np.empty(len(words), dtype=object)
        different[:] = words.to_pylist()
        return index, different
    return index, np.asarray(words.to_numpy(zero_copy_only=False))


def _spread(parsed: Parsed, index: IntArray) -> Parsed:
    """What holds of the different values, for every row."""
    faults = []
    for fault in parsed.faults:
        place = np.full(len(parsed.blank), -1)
        place[fault.at] = np.arange(fault.at.size)
        of_row = place[index]
        at = np.flatnonzero(of_row >= 0)
        said = [fault.values[i] for i in of_row[at].tolist()]
        faults.append(replace(fault, at=at, values=said))
    values: Any = parsed.values
    return Parsed(values=values[index], blank=parsed.blank[index], faults=tuple(faults))
