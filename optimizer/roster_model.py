r"""The roster as a linear model in whole numbers, with slots or with head counts only.

$x_{ids}$ = slot i works kind s on day d; $n_{cds} = \sum_{i \in c} x_{ids}$ over a class c of
slots of one role, team and qualifications; $u_{\ell b}$, $o_{\ell b}$ = missing and surplus slots
of requirement line $\ell$ in block b, the hours of a day with the same kinds of shift on duty and
the same requirement. Rules of one slot are rows over $x_i$:

- rest: the shifts whose time on duty plus rest holds one moment exclude each other (intervals on a
  line that share a moment are a clique, and every pair that clashes shares one);
- weekly and total hours, days and nights in a row, nights a week.

Without $x$ the same rows summed over a class are a relaxation (`with_slots=False`): its optimum
bounds that of the roster from below. Hours a slot may work are first rounded down to what its kinds
of shift can add up to. The spread of nights in a group of m slots with T nights in all obeys
$m \cdot hi \ge T \ge m \cdot lo$ with whole hi and lo, so the relaxation knows that 31 nights
cannot be shared evenly by 10. Rest and days in a row are flows (`optimizer.roster_flow`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from math import gcd, inf
from typing import Literal

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.roster import FREE, RosterTask, Slot
from optimizer.roster_caps import Caps
from optimizer.roster_flow import RosterNetwork, State, Step
from optimizer.solver import Model

Stage = Literal["shortage", "unfairness", "surplus"]
STAGES: tuple[Stage, ...] = ("shortage", "unfairness", "surplus")
_Term = tuple[int, float]


@dataclass(slots=True)
class _Rows:
    """Columns and rows under way."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)

    def new(self, lower: float, upper: float) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def add(self, terms: Iterable[_Term], low: float = -inf, high: float = inf) -> None:
        for column, value in terms:
            self.row.append(len(self.row_lower))
            self.column.append(column)
            self.value.append(value)
        self.row_lower.append(low)
        self.row_upper.append(high)


class RosterModel:
    """Columns, rows and the three objectives of one task.

    Args:
        task: The task.
        with_slots: With a column per slot, day and kind of shift; else head counts only.
        ordered: Slots that are alike in everything are put in order, so that no roster is looked
            at once for every way of numbering them.
    """

    def __init__(self, task: RosterTask, *, with_slots: bool, ordered: bool = True) -> None:
        self.task = task
        self.rows = _Rows()
        self.allowed = task.allowed()
        self.classes = _classes(task.slots)
        self._caps = Caps(task, self.allowed)
        self.objective: dict[Stage, list[_Term]] = {stage: [] for stage in STAGES}
        self.x: dict[tuple[int, int, int], int] = {}
        self.n: dict[tuple[int, int, int], int] = {}
        self.flow: dict[tuple[int, int, Step], int] = {}
        # Columns of most, least and weekends: alone whole, they make a strong and cheap bound.
        self.spreads: list[int] = []
        if with_slots:
            self._slots()
            if ordered:
                self._order()
        self._counts(with_slots)
        self._cover()
        self._fairness(with_slots)

    def model(
        self,
        goal: Stage | None,
        *,
        most: dict[Stage, int] | None = None,
        least: dict[Stage, int] | None = None,
        counts: dict[tuple[int, int, int], int] | None = None,
    ) -> Model:
        """The model that minimises one stage.

        Args:
            goal: The stage; None = any roster will do.
            most: Stages that may not be worse than this.
            least: Stages that are known not to be better.
            counts: Head counts to be met exactly, by class, day and kind.
        """
        r = self.rows
        prices = np.zeros(len(r.lower))
        for priced, price in self.objective[goal] if goal else ():
            prices[priced] += price
        row, column, value = list(r.row), list(r.column), list(r.value)
        row_lower, row_upper = list(r.row_lower), list(r.row_upper)
        for stage in STAGES:
            low = -inf if least is None else least.get(stage, -inf)
            high = inf if most is None else most.get(stage, inf)
            if self.objective[stage] and (low > -inf or high < inf):
                for c, v in self.objective[stage]:
                    row.append(len(row_lower))
                    column.append(c)
                    value.append(v)
                row_lower.append(low)
                row_upper.append(high)
        lower, upper = np.array(r.lower), np.array(r.upper)
        if counts is not None:
            for key, number in counts.items():
                lower[self.n[key]] = upper[self.n[key]] = number
        return Model(
            objective=prices,
            lower=lower,
            upper=upper,
            integer=np.ones(len(prices), dtype=bool),
            row=np.array(row, dtype=np.int64),
            column=np.array(column, dtype=np.int64),
            value=np.array(value, dtype=float),
            row_lower=np.array(row_lower),
            row_upper=np.array(row_upper),
        )

    def counts_of(self, values: FloatArray) -> dict[tuple[int, int, int], int]:
        """Head counts of a solution, by class, day and kind."""
        return {key: int(values[column]) for key, column in self.n.items()}

    def flow_of(self, values: FloatArray) -> dict[tuple[int, int, Step], int]:
        """Slots that take each step in a solution by head counts."""
        return {key: int(values[column]) for key, column in self.flow.items() if values[column]}

    def shift_of(self, values: FloatArray) -> IntArray:
        """The roster of a solution, shape (N, D)."""
        found = np.full((len(self.task.slots), self.task.days), FREE, dtype=np.int64)
        for (i, d, s), column in self.x.items():
            if values[column] > 0.5:
                found[i, d] = s
        return found

    def start_of(self, shift: IntArray) -> FloatArray:
        """A solution that begins with a roster: slots and head counts; the rest follows."""
        values = np.array(self.rows.lower)
        shift = self.ordered(shift)
        for (i, d, s), column in self.x.items():
            values[column] = float(shift[i, d] == s)
        for (c, d, s), column in self.n.items():
            values[column] = float((shift[self.classes[c], d] == s).sum())
        for required, terms, short, over in self._blocks:
            on_duty = sum(values[column] for column, _v in terms)
            values[short] = max(0.0, required - on_duty)
            if over is not None:
                values[over] = max(0.0, on_duty - required)
        return values

    def ordered(self, shift: IntArray) -> IntArray:
        """The same roster with slots that are alike in the model's order."""
        found = shift.copy()
        for alike in self._alike:
            rows = sorted((shift[i].tolist() for i in alike), key=lambda r: [-v for v in r])
            found[list(alike)] = rows
        return found

    @cached_property
    def _alike(self) -> tuple[tuple[int, ...], ...]:
        """Slots that differ in nothing but their number."""
        task, found = self.task, defaultdict(list)
        for i, slot in enumerate(task.slots):
            away = (task.leave[i], task.training[i], task.off[i], task.fixed[i])
            found[(slot, *(a.tobytes() for a in away))].append(i)
        return tuple(tuple(v) for v in found.values() if len(v) > 1)

    def _slots(self) -> None:
        task, caps, r = self.task, self._caps, self.rows
        fixed = task.fixed
        for i, d, s in np.argwhere(self.allowed).tolist():
            self.x[i, d, s] = r.new(float(fixed[i, d] == s), 1.0)
        for i in range(len(task.slots)):
            own = {(d, s): c for (j, d, s), c in self._by_slot[i]}
            for clique in caps.cliques:
                terms = [(own[k], 1.0) for k in clique if k in own]
                if len(terms) > 1:
                    r.add(terms, high=1.0)
            for members, high in caps.slot_rows(i):
                terms = [(own[k], weight) for k, weight in members if k in own]
                if sum(v for _c, v in terms) > high:
                    r.add(terms, high=high)

    @cached_property
    def _by_slot(self) -> dict[int, list[tuple[tuple[int, int, int], int]]]:
        found = defaultdict(list)
        for key, column in self.x.items():
            found[key[0]].append((key, column))
        return found

    def _order(self) -> None:
        """Alike slots by what they work on the first days, latest kind first."""
        task = self.task
        base, days = len(task.shifts) + 1, min(3, task.days)
        for alike in self._alike:
            codes = [
                [
                    (self.x[i, d, s], float((s + 1) * base ** (days - 1 - d)))
                    for d in range(days)
                    for s in range(len(task.shifts))
                    if (i, d, s) in self.x
                ]
                for i in alike
            ]
            for a, b in pairwise(codes):
                self.rows.add([*a, *((c, -v) for c, v in b)], low=0.0)

    def _counts(self, with_slots: bool) -> None:
        task, caps, r = self.task, self._caps, self.rows
        for c, members in enumerate(self.classes):
            may = self.allowed[members]
            for d in range(task.days):
                for s in range(len(task.shifts)):
                    most = int(may[:, d, s].sum())
                    if most:
                        least = int((task.fixed[members, d] == s).sum())
                        self.n[c, d, s] = r.new(float(least), float(most))
                        if with_slots:
                            terms = [(self.x[i, d, s], 1.0) for i in members if (i, d, s) in self.x]
                            r.add([*terms, (self.n[c, d, s], -1.0)], 0.0, 0.0)
            own = {(d, s): column for (k, d, s), column in self.n.items() if k == c}
            for clique in caps.cliques:
                there = int(sum(any(may[j, d, s] for d, s in clique) for j in range(len(members))))
                r.add([(own[k], 1.0) for k in clique if k in own], high=float(there))
            if not with_slots:
                self._flow(c, members, own)
            rows = zip(*(caps.slot_rows(i) for i in members), strict=True)
            for same in rows:
                terms = [(own[k], weight) for k, weight in same[0][0] if k in own]
                r.add(terms, high=float(sum(high for _m, high in same)))

    def _flow(self, c: int, members: Sequence[int], own: dict[tuple[int, int], int]) -> None:
        """The head counts of a class as ways of its slots from day to day."""
        task, r, size = self.task, self.rows, float(len(members))
        kinds = tuple(sorted({s for _d, s in own}))
        steps = RosterNetwork(task, kinds).steps
        coming: dict[State, list[_Term]] = {}
        for d in range(task.days):
            leaving: dict[State, list[_Term]] = defaultdict(list)
            arriving: dict[State, list[_Term]] = defaultdict(list)
            working: dict[int, list[_Term]] = defaultdict(list)
            for step in steps:
                from_rest = step.before == State()
                if (step.before not in coming if d else not from_rest) or (
                    step.kind != FREE and (d, step.kind) not in own
                ):
                    continue
                column = r.new(0.0, size)
                leaving[step.before].append((column, 1.0))
                arriving[step.after].append((column, -1.0))
                working[step.kind].append((column, 1.0))
                self.flow[c, d, step] = column
            if d:
                for state, terms in coming.items():
                    r.add([*terms, *leaving[state]], 0.0, 0.0)
            else:
                r.add(leaving[State()], size, size)
            for s in kinds:
                if (d, s) in own:
                    r.add([*working[s], (own[d, s], -1.0)], 0.0, 0.0)
            coming = arriving

    def _cover(self) -> None:
        task = self.task
        self._blocks: list[tuple[int, list[_Term], int, int | None]] = []
        for line in task.lines:
            counted = [c for c, m in enumerate(self.classes) if line.counts(task.slots[m[0]])]
            for d in range(task.days):
                blocks: dict[tuple[tuple[int, ...], int], list[int]] = defaultdict(list)
                for h in range(d * 24, d * 24 + 24):
                    kinds = range(len(task.shifts))
                    here = tuple(s for s in kinds if h in range(*task.span(d, s)))
                    blocks[here, int(line.required[h])].append(h)
                for (here, required), hours in blocks.items():
                    terms = [
                        (self.n[c, d, s], 1.0) for c in counted for s in here if (c, d, s) in self.n
                    ]
                    self._block(line.is_work, required, hours, terms)

    def _block(
        self, is_work: bool, required: int, hours: Sequence[int], terms: list[_Term]
    ) -> None:
        r = self.rows
        short = r.new(0.0, float(required))
        r.add([*terms, (short, 1.0)], low=float(required))
        weight = float(self.task.hour_weight[list(hours)].sum())
        self.objective["shortage"].append((short, weight))
        over: int | None = None
        if is_work and terms:
            most = sum(r.upper[c] for c, _v in terms)
            over = r.new(0.0, max(0.0, most - required))
            r.add([*terms, (over, -1.0)], high=float(required))
            self.objective["surplus"].append((over, float(len(hours))))
        self._blocks.append((required, terms, short, over))

    def _fairness(self, with_slots: bool) -> None:
        task, prices = self.task, self.task.fairness
        present = task.present()
        nights = {s for s, kind in enumerate(task.shifts) if kind.is_night}
        unit = gcd(*(k.hours for k in task.shifts))
        if task.training.any():
            unit = gcd(unit, task.limits.training_hours)
        for group in task.groups():
            held = [i for i in group if present[i]] or list(group)
            classes = [c for c, m in enumerate(self.classes) if m[0] in group]
            # Hours in the greatest step that all shifts share.
            hours = {s: kind.hours / unit for s, kind in enumerate(task.shifts)}
            extra = {
                i: task.limits.training_hours * int(task.training[i].sum()) / unit for i in group
            }
            for price, kinds, more in (
                (float(prices.nights), dict.fromkeys(nights, 1.0), {}),
                (float(prices.hours * unit), hours, extra),
            ):
                keys = [(d, s) for d in range(task.days) for s in kinds]
                totals = {
                    c: [(self.n[c, d, s], kinds[s]) for d, s in keys if (c, d, s) in self.n]
                    for c in classes
                }
                each = None
                if with_slots:
                    each = {
                        i: [(self.x[i, d, s], kinds[s]) for d, s in keys if (i, d, s) in self.x]
                        for i in group
                    }
                if price and kinds:
                    self._spread(price, held, totals, each, more)
            if prices.weekends:
                totals, each = self._weekends(classes, with_slots)
                self._spread(float(prices.weekends), held, totals, each, {})

    def _spread(
        self,
        price: float,
        held: Sequence[int],
        totals: Mapping[int, list[_Term]],
        each: dict[int, list[_Term]] | None,
        more: Mapping[int, float],
    ) -> None:
        """Most over the group and least over those never away; `more` is added to a slot's own.

        Each class by itself lies between the two as well: they are of the group.
        """
        r = self.rows
        every = [term for terms in totals.values() for term in terms]
        top = float(sum(r.upper[c] * v for c, v in every)) + float(sum(more.values()))
        high, low = r.new(0.0, top), r.new(0.0, top)
        self.spreads += [high, low]
        r.add([(high, 1.0), (low, -1.0)], low=0.0)
        self.objective["unfairness"] += [(high, price), (low, -price)]
        group = [i for c in totals for i in self.classes[c]]
        parts = [(self.classes[c], terms) for c, terms in totals.items()]
        for members, total in parts if len(parts) == 1 else [(group, every), *parts]:
            added = float(sum(more.get(i, 0.0) for i in members))
            r.add([*total, (high, -float(len(members)))], high=-added)
            least = float(sum(i in held for i in members))
            r.add([*total, (low, -least)], low=-added)
        for i, terms in (each or {}).items():
            own = more.get(i, 0.0)
            r.add([*terms, (high, -1.0)], high=-own)
            if i in held:
                r.add([*terms, (low, -1.0)], low=-own)

    def _weekends(
        self, classes: Sequence[int], with_slots: bool
    ) -> tuple[dict[int, list[_Term]], dict[int, list[_Term]] | None]:
        """Weekends worked: in all by class, and by slot."""
        task, r = self.task, self.rows
        inside: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for d in range(task.days):
            for s in range(len(task.shifts)):
                number = task.weekend(d, s)
                if number is not None:
                    inside[number].append((d, s))
        totals: dict[int, list[_Term]] = {c: [] for c in classes}
        group = [i for c in classes for i in self.classes[c]]
        each: dict[int, list[_Term]] | None = {i: [] for i in group} if with_slots else None
        for number, c in product(sorted(inside), classes):
            whole = r.new(0.0, float(len(self.classes[c])))
            self.spreads.append(whole)
            totals[c].append((whole, 1.0))
            by_day: dict[int, list[_Term]] = defaultdict(list)
            for d, s in inside[number]:
                by_day[d] += [(self.n[c, d, s], 1.0)] if (c, d, s) in self.n else []
            for terms in by_day.values():
                r.add([*terms, (whole, -1.0)], high=0.0)
            r.add([*(t for terms in by_day.values() for t in terms), (whole, -1.0)], low=0.0)
            if each is None:
                continue
            own = []
            for i in self.classes[c]:
                columns = [self.x[i, d, s] for d, s in inside[number] if (i, d, s) in self.x]
                worked = r.new(0.0, 1.0)
                for column in columns:
                    r.add([(column, 1.0), (worked, -1.0)], high=0.0)
                r.add([*((x, 1.0) for x in columns), (worked, -1.0)], low=0.0)
                each[i].append((worked, 1.0))
                own.append((worked, 1.0))
            r.add([*own, (whole, -1.0)], 0.0, 0.0)
        return totals, each


def _classes(slots: Sequence[Slot]) -> tuple[list[int], ...]:
    """Rows of the slots of each role, team and set of qualifications."""
    found: dict[Slot, list[int]] = {}
    for i, slot in enumerate(slots):
        found.setdefault(slot, []).append(i)
    return tuple(found.values())
