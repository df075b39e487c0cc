"""Cuts for beats in one piece: a unit needs some of the units that part it from its seat.

Where C parts unit u from seat f, x_fu <= sum of x_fv over C holds for every plan in which f's beat
is in one piece (a,b-separators: Oehrlein and Haunert 2017; Validi, Buchanan and Lykhovyd 2022), in
fractions, too. The cut that is broken most is a separator of least weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.beat_core import BeatCore
from optimizer.frozen import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A unit and those of which it needs one, to be served from a seat (row of the seats)."""

    row: int
    unit: int
    between: IntArray


@dataclass(slots=True, eq=False)
class Separation:
    """Finds cuts on the map of one problem."""

    core: BeatCore
    _opposite: IntArray = field(init=False)

    def __post_init__(self) -> None:
        from optimizer.beat_cut_loops import opposite_arcs

        self._opposite = opposite_arcs(self.core.first, self.core.neighbour)

    def broken(
        self, home: int, share: FloatArray, *, by: float, most: int
    ) -> list[tuple[int, IntArray]]:
        """Units that are served from a seat with too little in between.

        Args:
            home: Unit of the seat.
            share: Of each unit that the seat serves, shape (U,).
            by: How much has to be missing.
            most: Cuts at most; units served most come first.

        Returns:
            Units, each with the units of which it needs one.
        """
        from optimizer.beat_cut_loops import least_separator

        core = self.core
        near = core.neighbour[core.first[home] : core.first[home + 1]]
        served = np.flatnonzero(share > by)
        served = served[~np.isin(served, near) & (served != home)]
        found: list[tuple[int, IntArray]] = []
        separator = np.zeros(core.units, np.bool_)
        for unit in served[np.argsort(-share[served], kind="stable")].tolist():
            enough = share[unit] - by
            through = least_separator(
                core.first, core.neighbour, self._opposite, home, unit, share, enough, separator
            )
            if through < enough:
                found.append((unit, self._slim(home, unit, separator)))
                if len(found) == most:
                    break
        return found

    def _slim(self, home: int, unit: int, separator: BoolArray) -> IntArray:
        """Those of a separator that are touched from both of its sides."""
        core = self.core
        kept = separator & touching(core, reached(core, unit, ~separator))
        return np.flatnonzero(kept & touching(core, reached(core, home, ~kept)))


def reached(core: BeatCore, start: int, inside: BoolArray) -> BoolArray:
    """Units inside that are reached from one."""
    found = np.zeros(core.units, np.bool_)
    found[start] = True
    stack = [start]
    while stack:
        unit = stack.pop()
        for other in core.neighbour[core.first[unit] : core.first[unit + 1]].tolist():
            if inside[other] and not found[other]:
                found[other] = True
                stack.append(other)
    return found


def touching(core: BeatCore, part: BoolArray) -> BoolArray:
    """Units outside a part that touch it."""
    owner = np.repeat(part, np.diff(core.first))
    found = np.zeros(core.units, np.bool_)
    found[core.neighbour[owner]] = True
    return found & ~part
