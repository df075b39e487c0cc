"""Times of alerts, a column at once: every way in which bureaus write them, local clock.

Understood beside ISO dates: 2026年5月1日8时30分, 2026/5/1 下午2:05:00, 20260501083000, 01/05/2026
08:30 (the order of day and month as the whole column shows), 24:00 (the next day's 0:00), full
width, and seconds or milliseconds since 1970. UTC is refused, since the clock of the place counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.columns import SPACE
from optimizer.frozen import BoolArray, IntArray

Stamps = NDArray[np.datetime64]
NO_TIME = np.datetime64("NaT")
_EMPTY = pa.array(["", "-", "--", "—", "/", "\\N", "NULL", "null", "NA", "N/A", "无", "空", "NaN"])
_SECONDS_PER_HOUR = 3600

_HALVES = "上午|下午|凌晨|早上|中午|晚上|AM|PM|am|pm"
_CLOCK = (
    r"(?:[T\s]*(?:(?:星期|周)[一二三四五六日天])?\s*"
    rf"(?P<half>{_HALVES})?\s*(?P<hour>\d{{1,2}})"
    r"(?:[:时點点](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})(?:[.,]\d+)?秒?)?分?|[时点])"
    rf"\s*(?P<after>AM|PM|am|pm)?)?(?:\s*(?P<offset>[+-]\d\d:?\d\d))?$"
)
_YEAR_FIRST = (
    r"^(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})日?" + _CLOCK
)
_YEAR_LAST = r"^(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})" + _CLOCK
_DIGITS = (
    r"^(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:[T\s]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?$"
)
_EPOCH = r"^(?:\d{9,10}(?:\.\d+)?|\d{12,13})$"
_ISO = r"^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$"
_UTC = r"(?i)\d\s*(?:Z|[+-]00:?00|UTC|GMT)$"
_FIRST_MS = 100_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """One column of times. R rows.

    Attributes:
        at: Local wall-clock seconds, datetime64[s], NaT where there is none, shape (R,).
        blank: Empty, shape (R,).
        utc: Given as UTC, shape (R,).
        year_last: Day and month before the year, shape (R,); `at` takes the day first wherever
            that can be.
        swaps: Both could be the month, shape (R,).
        day_first, month_first: Rows that can only be the one.
        epoch: Seconds or milliseconds since 1970: how many.
    """

    at: Stamps
    blank: BoolArray
    utc: BoolArray
    year_last: BoolArray
    swaps: BoolArray
    day_first: BoolArray
    month_first: BoolArray
    epoch: int


def parse_times(column: pa.Array, clock_offset_hours: float) -> Times:
    """Read a column of times.

    Args:
        column: Text, numbers or timestamps.
        clock_offset_hours: Hours ahead of UTC, for seconds since 1970.
    """
    n = len(column)
    nothing = _Work(n)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _stamps(column, nothing)
    if pa.types.is_floating(column.type):
        column = pc.cast(pc.round(column), pa.int64(), safe=False)
    plain = trimmed(column)
    work = nothing
    work.blank = as_mask(pc.or_kleene(pc.is_null(plain), pc.is_in(plain, _EMPTY)))
    left = np.flatnonzero(~work.blank)
    if not left.size:
        return work.done()
    text = plain if left.size == n else plain.take(pa.array(left))
    if not _whole_iso(text, left, work):
        left, text = _part_iso(text, left, work)
        _slowly(text, left, work, clock_offset_hours)
    return work.done()


class _Work:
    """Columns of `Times` being filled."""

    def __init__(self, n: int) -> None:
        self.at: Stamps = np.full(n, NO_TIME, "datetime64[s]")
        self.blank, self.utc, self.year_last, self.swaps, self.day_first, self.month_first = (
            np.zeros(n, np.bool_) for _ in range(6)
        )
        self.epoch = 0

    def done(self) -> Times:
        return Times(
            at=self.at,
            blank=self.blank,
            utc=self.utc,
            year_last=self.year_last,
            swaps=self.swaps,
            day_first=self.day_first,
            month_first=self.month_first,
            epoch=self.epoch,
        )


def trimmed(column: pa.Array) -> pa.Array:
    """Text without space around it, whatever the column holds."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        column = pc.cast(column, pa.string())
    stripped = pc.ascii_trim_whitespace(column)
    if pc.all(pc.string_is_ascii(stripped), skip_nulls=True).as_py() is False:
        stripped = pc.utf8_trim(stripped, characters=SPACE)
    return stripped


def as_mask(values: Any) -> BoolArray:
    """Arrow's truth values as NumPy's; null is false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), np.bool_)


def swapped(at: Stamps) -> Stamps:
    """Times whose day and month changed places; both are at most 12."""
    month = at.astype("datetime64[M]")
    day = (at.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    number = month.astype(np.int64) % 12
    turned = (month - number.astype("timedelta64[M]") + day.astype("timedelta64[M]")).astype(
        "datetime64[D]"
    ) + number.astype("timedelta64[D]")
    clock = at - at.astype("datetime64[D]").astype("datetime64[s]")
    turned_at: Stamps = turned.astype("datetime64[s]") + clock
    return turned_at


def _stamps(column: pa.Array, work: _Work) -> Times:
    kind = column.type
    work.blank = as_mask(pc.is_null(column))
    zone = getattr(kind, "tz", None)
    if zone is not None and str(zone).upper() in ("UTC", "Z", "+00:00", "GMT", "ETC/UTC"):
        work.utc = ~work.blank
        return work.done()
    if zone is not None:
        column = pc.local_timestamp(column)
    whole = pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.int64())
    micro = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False)
    work.at = np.where(work.blank, NO_TIME, (micro // 1_000_000).astype("datetime64[s]"))
    return work.done()


def _whole_iso(text: pa.Array, at: IntArray, work: _Work) -> bool:
    """Read a column of nothing but ISO times; false where it is not."""
    try:
        micro = pc.cast(pc.cast(text, pa.timestamp("us")), pa.int64())
    except pa.ArrowInvalid:
        return False
    # Arrow also takes 20260501T0830 and a bare hour, which others read otherwise.
    if not pc.all(pc.match_substring(pc.utf8_slice_codeunits(text, 4, 5), "-")).as_py():
        return False
    work.at[at] = (np.asarray(micro) // 1_000_000).astype("datetime64[s]")
    return True


def _part_iso(text: pa.Array, at: IntArray, work: _Work) -> tuple[IntArray, pa.Array]:
    """Read the ISO times of a mixed column; the others are left."""
    iso = as_mask(pc.match_substring_regex(text, _ISO))
    if iso.any() and _whole_iso(text.filter(pa.array(iso)), at[iso], work):
        return at[~iso], text.filter(pa.array(~iso))
    return at, text


def _slowly(text: pa.Array, at: IntArray, work: _Work, clock_offset_hours: float) -> None:
    """Read whatever else is a time."""
    text = pc.utf8_normalize(text, "NFKC")
    utc = as_mask(pc.match_substring_regex(text, _UTC))
    work.utc[at] = utc
    left = ~utc
    for pattern in (_YEAR_FIRST, _DIGITS, _YEAR_LAST):
        here = np.flatnonzero(left)
        if not here.size:
            return
        fields = pc.extract_regex(text.take(pa.array(here)), pattern)
        hit = ~as_mask(pc.is_null(fields))
        rows = here[hit]
        if rows.size:
            moment = _moments(fields.filter(pa.array(hit)), at[rows], work, pattern == _YEAR_LAST)
            work.at[at[rows]] = moment
            # Ten digits may be a date by chance only where it is a date that can be.
            left[rows[~np.isnat(moment)]] = False
            if pattern != _DIGITS:
                left[rows] = False
    _epoch(text, at, left, work, clock_offset_hours)


def _epoch(
    text: pa.Array, at: IntArray, left: BoolArray, work: _Work, clock_offset_hours: float
) -> None:
    here = np.flatnonzero(left)
    if not here.size:
        return
    of_digits = text.take(pa.array(here))
    hit = as_mask(pc.match_substring_regex(of_digits, _EPOCH))
    if not hit.any():
        return
    number = np.asarray(pc.cast(of_digits.filter(pa.array(hit)), pa.float64()))
    seconds = np.floor(np.where(number >= _FIRST_MS, number / 1000.0, number)).astype(np.int64)
    ahead = round(clock_offset_hours * _SECONDS_PER_HOUR)
    work.at[at[here[hit]]] = (seconds + ahead).astype("datetime64[s]")
    work.epoch += int(hit.sum())


def _moments(fields: pa.StructArray, at: IntArray, work: _Work, year_last: bool) -> Stamps:
    names = [f.name for f in fields.type]

    def number(name: str) -> IntArray:
        if name not in names:
            return np.zeros(len(fields), np.int64)
        said = fields.field(name)
        filled = pc.if_else(pc.equal(pc.binary_length(said), 0), "0", said)
        return np.asarray(pc.cast(filled, pa.int64()), np.int64)

    year, month, day = number("year"), number("month"), number("day")
    hour, minute, second = number("hour"), number("minute"), number("second")
    if year_last:
        work.year_last[at] = True
        work.day_first[at] = (day > 12) & (month <= 12)
        only_month_first = (month > 12) & (day <= 12)
        work.month_first[at] = only_month_first
        work.swaps[at] = (day <= 12) & (month <= 12)
        day, month = (
            np.where(only_month_first, month, day),
            np.where(only_month_first, day, month),
        )
    impossible = np.zeros(len(fields), np.bool_)
    if "half" in names:
        hour, impossible = _of_half(fields, hour)
    midnight = (hour == 24) & (minute == 0) & (second == 0)
    good = (month >= 1) & (month <= 12) & (year >= 1) & ((hour <= 23) | midnight)
    good &= (minute <= 59) & (second <= 59) & ~impossible
    start = (np.where(good, (year - 1970) * 12 + month - 1, 0)).astype("datetime64[M]")
    days = ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.int64)
    good &= (day >= 1) & (day <= days)
    seconds = (
        (start.astype("datetime64[D]").astype(np.int64) + day - 1) * 86_400
        + hour * _SECONDS_PER_HOUR
        + minute * 60
        + second
    )
    return np.where(good, seconds.astype("datetime64[s]"), NO_TIME)


def _of_half(fields: pa.StructArray, hour: IntArray) -> tuple[IntArray, BoolArray]:
    """Hours of the 24-hour clock, and which cannot be."""
    before, after = fields.field("half"), fields.field("after")
    said = pc.utf8_upper(pc.if_else(pc.equal(pc.binary_length(before), 0), after, before))
    late = as_mask(pc.is_in(said, pa.array(["下午", "晚上", "PM"])))
    noon = as_mask(pc.equal(said, "中午"))
    early = as_mask(pc.is_in(said, pa.array(["上午", "凌晨", "早上", "AM"])))
    is_night_twelve = as_mask(pc.equal(said, "晚上")) & (hour == 12)
    shifted = np.where((late & (hour < 12)) | (noon & (hour < 11)), hour + 12, hour)
    shifted = np.where(early & (hour == 12), 0, shifted)
    return shifted, (early & (hour > 12)) | is_night_twelve
