"""The points of a sweep: grid, Latin hypercube, and years of alerts drawn anew.

Points are computed from their number, so that a grid of any size takes no room.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray

GRID = "--grid"
MAX_POINTS_UNASKED = 100_000
MAX_SAMPLES = 1_000_000
# Figures of a number drawn from a range: more would only look exact.
_FIGURES = 6

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::({_NUMBER}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One key and the values it takes.

    Attributes:
        key: Dotted key, as for `--set`.
        listed: The values as text, where they are listed.
        low, high: Ends of a range.
        step: Its step; None = any number between the ends, to be drawn.
    """

    key: str
    listed: tuple[str, ...] = ()
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    step: Decimal | None = None

    @property
    def is_continuous(self) -> bool:
        """Whether any number between the ends may be drawn."""
        return not self.listed and self.step is None

    def __len__(self) -> int:
        """Number of values; 0 where they are any of a range."""
        if self.listed:
            return len(self.listed)
        return 0 if self.step is None else int((self.high - self.low) / self.step) + 1

    def value(self, i: int) -> str:
        """Value number `i` as text."""
        if self.listed:
            return self.listed[i]
        assert self.step is not None
        return _text(self.low + self.step * i)

    def drawn(self, u: float) -> str:
        """The value at the share `u` (0 <= u < 1) of the axis, as text."""
        if not self.is_continuous:
            return self.value(min(int(u * len(self)), len(self) - 1))
        value = float(self.low) + u * float(self.high - self.low)
        return _text(Decimal(f"{value:.{_FIGURES}g}"))

    def ends(self) -> tuple[str, str]:
        """First and last value as text."""
        if self.is_continuous:
            return _text(self.low), _text(self.high)
        return self.value(0), self.value(len(self) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point: its number, the value of each axis as text, and the year drawn for it."""

    index: int
    values: tuple[str, ...]
    year: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Which points a sweep has.

    Attributes:
        axes: Keys and values.
        samples: Points of a Latin hypercube; None = every combination of values.
        years: Years drawn anew for each combination or sample; 0 = the alerts as they are.
        seed: For the hypercube and the years.
    """

    axes: tuple[Axis, ...] = ()
    samples: int | None = None
    years: int = 0
    seed: int = 0

    def __len__(self) -> int:
        """Number of points."""
        each = max(1, self.years)
        if self.samples is not None:
            return self.samples * each
        return math.prod(len(a) for a in self.axes) * each

    def points(self) -> Sequence[Point]:
        """All points, each computed when it is asked for."""
        return _Points(self)


class _Points(Sequence[Point]):
    def __init__(self, design: Design) -> None:
        self._design = design
        self._cube = None if design.samples is None else _cube(design)

    def __len__(self) -> int:
        return len(self._design)

    def __getitem__(self, index: int) -> Point:  # type: ignore[override]
        if not 0 <= index < len(self):
            raise IndexError(index)
        design = self._design
        combination, year = divmod(index, max(1, design.years))
        if self._cube is not None:
            row = self._cube[combination]
            values = [a.drawn(float(u)) for a, u in zip(design.axes, row, strict=True)]
            # Samples differ in everything; combinations share years, to be compared in pairs.
            year = index
        else:
            values = []
            for axis in reversed(design.axes):
                combination, i = divmod(combination, len(axis))
                values.insert(0, axis.value(i))
        return Point(index=index, values=tuple(values), year=year if design.years else None)


def _cube(design: Design) -> FloatArray:
    """Latin hypercube in the unit cube, shape (samples, axes)."""
    assert design.samples is not None
    if not design.axes:
        return np.zeros((design.samples, 0))
    rng = np.random.default_rng(design.seed)
    # Here, for it takes as long to import as several points to solve, in every worker.
    from scipy.stats import qmc

    return qmc.LatinHypercube(d=len(design.axes), rng=rng).random(design.samples)


def parse_design(grids: Sequence[str], *, samples: int | None, years: int, seed: int) -> Design:
    """The design that the command line asks for.

    Args:
        grids: Each `key=15:30:5` (both ends included), `key=0.8,1,1.2`, or, with samples,
            `key=0.8:1.2` for any number between.
        samples: Points of a Latin hypercube, or None for every combination.
        years: Years to draw per point.
        seed: Random seed.

    Raises:
        InputError: every problem of every grid.
    """
    problems: list[Problem] = []
    axes: list[Axis] = []
    for text in grids:
        axis = _axis(text, samples is not None, problems)
        if axis is None:
            continue
        if any(a.key == axis.key for a in axes):
            problems.append(_problem(axis.key, None, "each key once", "give all values in one"))
        axes.append(axis)
    if not grids and not years:
        problems.append(
            _problem(
                None,
                None,
                "something that varies",
                "add --grid key=values, or --resample-years",
            )
        )
    if samples is not None and not grids and not problems:
        problems.append(
            _problem(None, None, "keys to draw samples of", "add --grid, or leave --samples out")
        )
    if samples is not None and samples > MAX_SAMPLES:
        problems.append(
            Problem(
                where="--samples",
                value=str(samples),
                expected="{most} samples at the most",
                fix="ask for fewer",
                params={"most": MAX_SAMPLES},
            )
        )
    if problems:
        raise InputError(problems)
    return Design(axes=tuple(axes), samples=samples, years=years, seed=seed)


def _axis(text: str, is_sampled: bool, problems: list[Problem]) -> Axis | None:
    key, equals, said = text.partition("=")
    key, said = key.strip(), said.strip()
    if not equals or not key or not said:
        problems.append(
            _problem(
                None,
                text,
                "key=values, such as policy.response.rural_min=15:30:5 or alerts.factor=0.8,1,1.2",
                "write the dotted key, =, and the values",
            )
        )
        return None
    match = _RANGE.fullmatch(said)
    if match is None:
        values = tuple(_parts(said))
        if not all(values) or len(set(values)) != len(values):
            problems.append(
                _problem(key, said, "values between the commas, each once", "correct the list")
            )
            return None
        return Axis(key=key, listed=values)
    low, high = Decimal(match[1]), Decimal(match[2])
    step = None if match[3] is None else Decimal(match[3])
    if step is None and not is_sampled:
        problems.append(
            _problem(
                key,
                said,
                "first:last:step, for a grid takes steps",
                "add a step, or draw from the range with --samples",
            )
        )
        return None
    if high < low or (step is None and high == low) or (step is not None and step <= 0):
        problems.append(
            _problem(key, said, "first below last and a step above 0", "correct the range")
        )
        return None
    return Axis(key=key, low=low, high=high, step=step)


def _parts(text: str) -> list[str]:
    """Split at the commas that no bracket holds."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [p.strip() for p in parts]


def _text(value: Decimal) -> str:
    """A number as a planner types it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _problem(column: str | None, value: str | None, expected: str, fix: str) -> Problem:
    return Problem(where=GRID, column=column, value=value, expected=expected, fix=fix)
