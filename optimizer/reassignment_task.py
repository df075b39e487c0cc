r"""The question of `jingli reassign` on plain arrays, and the steps its objective is made of.

With $n_u$ people of a role (officers or auxiliaries) in unit $u$ and targets $q_u$ in proportion to
need, the imbalance $\sum_u (n_u - q_u)^2 / q_u$ changes by $(2 n_u + 1)/q_u - 2$ with one more in
$u$: the objective of `optimizer/allocation.py`, with more rules. Prices of ways, per person moved,
and of strength in hardship posts are added to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy_staffing import Qualification
from optimizer.result import Status

Role = Literal["officer", "auxiliary"]
NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Qualified:
    """Holders of one qualification. Of those who hold several nothing but the counts is known.

    Attributes:
        name: The qualification.
        holders: In post before, shape (U,).
        least: At the least after, shape (U,).
        least_fraction: The same as a share of the unit's officers after, shape (U,).
    """

    name: Qualification
    holders: IntArray
    least: IntArray
    least_fraction: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupInflow:
    """A stated number of people who come to a group of units.

    Attributes:
        members: Units of the group, shape (U,).
        people: Exactly so many arrive.
    """

    members: BoolArray
    people: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleTask:
    """One role's question. U units in the order of their ids, which breaks ties.

    Attributes:
        role: Officers or auxiliaries.
        before: In post before, shape (U,).
        target: Targets, shape (U,); 0 = nobody required.
        floor: At the least after, shape (U,).
        room: Most that a unit may grow above `before`, shape (U,).
        give: Most that leave a unit, shape (U,).
        rotate: So many leave a unit at the least, shape (U,).
        takes: Units that may take people at all; in an exchange one without room takes as many
            as leave it, shape (U,).
        way_min: Minutes from unit to unit, shape (U, U).
        max_way_min: No way is longer.
        price_per_min: Price of one minute of one person's way.
        worth: What one person more in each unit earns, and one fewer costs, shape (U,).
        max_moves: People moved at the most.
        qualified: Rules on qualifications; empty = none.
        inflows: Stated inflows; then nobody arrives outside their groups. Empty = none.
    """

    role: Role
    before: IntArray
    target: FloatArray
    floor: IntArray
    room: IntArray
    give: IntArray
    rotate: IntArray
    takes: BoolArray
    way_min: FloatArray
    max_way_min: float
    price_per_min: float
    worth: FloatArray
    max_moves: int
    qualified: tuple[Qualified, ...] = ()
    inflows: tuple[GroupInflow, ...] = ()

    @property
    def may(self) -> BoolArray:
        """Ways that may be taken, shape (U, U)."""
        may: BoolArray = self.way_min <= self.max_way_min
        np.fill_diagonal(may, False)
        return may

    @property
    def is_plain(self) -> bool:
        """Who gives and who receives can be told without saying who goes where."""
        return not (
            self.qualified
            or self.inflows
            or self.rotate.any()
            or self.price_per_min
            or self.worth.any()
            or np.isfinite(self.max_way_min)
        )

    @property
    def exchanges(self) -> bool:
        """Units may give and receive at once: for rotation, or for a qualification.

        Else a unit that receives gives nobody.
        """
        return bool(self.qualified) or bool(self.rotate.any())

    @property
    def forced(self) -> IntArray:
        """Growth that floors ask for, shape (U,)."""
        growth: IntArray = np.maximum(0, self.floor - self.before)
        return growth

    @property
    def spare(self) -> IntArray:
        """Most that each unit may shrink by, shape (U,)."""
        left: IntArray = np.clip(np.minimum(self.give, self.before - self.floor), 0, None)
        return left


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """People who go from one unit to another.

    Attributes:
        giver, taker: Rows of the units.
        people: How many.
        holders: How many of them hold each qualification, in the order of the task.
    """

    giver: int
    taker: int
    people: int
    holders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found for one role.

    Attributes:
        status: OPTIMAL only where proven.
        transfers: Sorted; empty without an answer too.
        objective: Imbalance and prices; None without an answer.
        bound: No answer is below it.
        method: How, in a few words.
    """

    status: Status
    transfers: tuple[Transfer, ...] = ()
    objective: float | None = None
    bound: float | None = None
    method: str = ""

    @property
    def moves(self) -> int:
        """People moved."""
        return sum(t.people for t in self.transfers)


def after(task: RoleTask, transfers: tuple[Transfer, ...]) -> IntArray:
    """People in each unit after the transfers, shape (U,)."""
    found = task.before.copy()
    for one in transfers:
        found[one.giver] -= one.people
        found[one.taker] += one.people
    return found


def imbalance(people: IntArray, target: FloatArray) -> float:
    """Sum of (n - q)^2 / q over the units with a target above 0."""
    some = target > 0
    apart = people[some] - target[some]
    return float((apart * apart / target[some]).sum())


def mismatch(people: IntArray, target: FloatArray) -> float:
    """Hoover index of people against targets; 0 where there are none."""
    total = float(people.sum())
    whole = float(target.sum())
    if total <= 0 or whole <= 0:
        return 0.0
    return float(np.abs(people / total - target / whole).sum() / 2.0)


def objective(task: RoleTask, transfers: tuple[Transfer, ...]) -> float:
    """Imbalance after the transfers, and what they cost."""
    people = after(task, transfers)
    ways = 0.0
    if task.price_per_min:
        ways = sum(t.people * float(task.way_min[t.giver, t.taker]) for t in transfers)
    worth = float(((people - task.before) * task.worth).sum())
    return imbalance(people, task.target) + task.price_per_min * ways - worth


def step_price(target: FloatArray, unit: IntArray, people: IntArray) -> FloatArray:
    """(2n + 1)/q - 2, for the step from n to n + 1; inf where nobody is required."""
    q = target[unit]
    with np.errstate(divide="ignore"):
        price: FloatArray = np.where(q > 0, (2 * people + 1) / q, np.inf) - 2.0
    return price


def steps(count: IntArray) -> tuple[IntArray, IntArray]:
    """Unit and number (from 0) of every step, `count[u]` of each unit."""
    unit = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(unit)) - np.repeat(np.cumsum(count) - count, count)
    return unit, number
