"""Alerts without coordinates: placed by the names of cells, townships and stations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from geo.columns import HALF_WIDTH
from optimizer.frozen import FloatArray, IntArray

# What people leave out or add at the end of a village's or community's name.
_ENDINGS = ("社区居民委员会", "居民委员会", "村民委员会", "社区居委会", "村委会", "居委会", "社区")
_LONGEST_NAME = 24
_SHORTEST_WITHIN = 2
# The fraction of the golden ratio: shares of any length fill evenly (Kuipers and Niederreiter,
# Uniform Distribution of Sequences, 1974, chapter 2.3).
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
# Alerts of a category with points that say how the others spread within an area.
_ENOUGH_ALERTS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gazetteer:
    """Names and what they stand for.

    Attributes:
        areas: Cells of each township or jurisdiction, ascending.
        cells: Name -> cells of that name.
        area: Name -> area.
        lengths: Lengths of all names, longest first.
    """

    areas: tuple[IntArray, ...]
    cells: Mapping[str, tuple[int, ...]]
    area: Mapping[str, int]
    lengths: tuple[int, ...] = field(default=())

    def find(self, township: str, *words: str) -> tuple[int, int]:
        """Cell and area that some words name; -1 where they name none.

        Args:
            township: Township or station, exactly.
            words: Place name and address: exactly, else the longest names within.
        """
        within = self.area.get(plain_name(township), -1)
        for word in words:
            text = plain_name(word)
            if not text:
                continue
            cell, area = self._within(text, within)
            if cell >= 0:
                return cell, -1
            within = area if within < 0 else within
        return -1, within

    def home(self, cell: IntArray, area: IntArray) -> IntArray:
        """The smallest area of each cell, or of the cells of an area; -1 where neither is known.

        Args:
            cell: -1 where not known, shape (R,).
            area: Likewise, shape (R,).
        """
        cells = 1 + max((int(a[-1]) for a in self.areas if len(a)), default=-1)
        # The last entry, which -1 finds, is no area.
        of_cell = np.full(max(cells, int(cell.max(initial=-1)) + 1) + 1, -1, np.int64)
        by_size = sorted(range(len(self.areas)), key=lambda i: (-len(self.areas[i]), -i))
        for i in by_size:
            of_cell[self.areas[i]] = i
        of_area = np.array([of_cell[a[0]] if len(a) else -1 for a in self.areas] + [-1], np.int64)
        return np.where(cell >= 0, of_cell[cell], of_area[area])

    def _within(self, text: str, within: int) -> tuple[int, int]:
        """The first longest name of a cell, and of an area, in a text."""
        area, candidates = within, list[tuple[int, ...]]()
        for length in self.lengths:
            for at in range(len(text) - length + 1):
                part = text[at : at + length]
                if part in self.cells:
                    candidates.append(self.cells[part])
                if area < 0 and part in self.area:
                    area = self.area[part]
        allowed = None if area < 0 else set(self.areas[area].tolist())
        for cells in candidates:
            left = [c for c in cells if allowed is None or c in allowed]
            # A name that several villages bear says nothing without its township.
            if len(left) == 1:
                return left[0], area
        return -1, area


def plain_name(name: str) -> str:
    """A name without what does not matter: width, case, spaces."""
    return "".join(name.translate(HALF_WIDTH).casefold().split())


def gazetteer(
    cell_names: Iterable[tuple[int, str]],
    townships: Iterable[tuple[int, str]],
    stations: Iterable[tuple[int, str]],
) -> Gazetteer:
    """Names of a county.

    Args:
        cell_names: Cells with their names and ids; a cell may have several.
        townships: Cells with their townships.
        stations: Cells with the names of their stations.
    """
    cells: dict[str, list[int]] = {}
    for cell, name in cell_names:
        whole = plain_name(name)
        for form in (whole, *(whole.removesuffix(e) for e in _ENDINGS)):
            if len(form) >= _SHORTEST_WITHIN and cell not in cells.setdefault(form, []):
                cells[form].append(cell)
    members: dict[str, set[int]] = {}
    for source in (townships, stations):
        for cell, name in source:
            if plain_name(name):
                members.setdefault(plain_name(name), set()).add(cell)
    names = sorted(members)
    lengths = {len(n) for n in (*cells, *names) if _SHORTEST_WITHIN <= len(n) <= _LONGEST_NAME}
    return Gazetteer(
        areas=tuple(np.array(sorted(members[n]), np.int64) for n in names),
        cells={name: tuple(found) for name, found in cells.items() if found},
        area={name: i for i, name in enumerate(names)},
        lengths=tuple(sorted(lengths, reverse=True)),
    )


def spread(
    area: IntArray,
    category: IntArray,
    areas: tuple[IntArray, ...],
    counts: FloatArray,
    population: FloatArray,
) -> IntArray:
    """Cells of alerts that carry no more than an area: as its other alerts lie.

    The shares of an area's cells are those of its alerts of the same category whose cell is known,
    of all its alerts where these are fewer than ten, of its residents where there are no such
    alerts, and equal otherwise. The alerts are dealt out in turn by the golden ratio, so that any
    stretch of time has about these shares, the same in every run.

    Args:
        area: Row in `areas` of each alert in the order of their times, shape (U,).
        category: Category of each, shape (U,).
        areas: Cells of each area.
        counts: Alerts whose cell is known by cell and category, shape (C, K).
        population: Residents, shape (C,).
    """
    cell = np.zeros(len(area), np.int64)
    group = area * max(counts.shape[1], 1) + category
    order = np.argsort(group, kind="stable")
    turns = np.flatnonzero(group[order][1:] != group[order][:-1]) + 1
    for rows in np.split(order, turns):
        if not len(rows):
            continue
        cells, k = areas[int(area[rows[0]])], int(category[rows[0]])
        weight = counts[cells, k]
        if weight.sum() < _ENOUGH_ALERTS:
            weight = counts[cells].sum(axis=1)
        if weight.sum() <= 0:
            weight = population[cells]
        if weight.sum() <= 0:
            weight = np.ones(len(cells))
        edges = np.cumsum(weight) / weight.sum()
        turn = (0.5 + _GOLDEN * np.arange(len(rows))) % 1.0
        cell[rows] = cells[np.minimum(np.searchsorted(edges, turn, "right"), len(cells) - 1)]
    return cell
