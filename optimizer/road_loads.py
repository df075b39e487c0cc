r"""Sharing roads and officers over duty stations, on plain arrays: exact, by groups and thresholds.

Jurisdictions $j$ with $k_j$ managed km go to units $r$; unit $r$ gets $n_r \ge m$ officers, $N$ in
all. In order of rank: least $t = \max_r K_r / n_r$ with $K_r$ the km of unit $r$; then fewest
officers who leave their squad's area; then fewest jurisdictions handed to a unit not their own.

Every load $t$ that any plan can have is one of finitely many $K(A)/n$ over groups $A$ of
jurisdictions that one unit may take. For one $t$ a group needs
$n_A = \max(m, \lceil K(A)/t \rceil)$ officers, and the question is a set partition: one group per
unit at the most, each jurisdiction in one group, $\sum n_A \le N$.

`road_frontier.py` answers it by dynamic programming wherever few borders are open at a time, as in
any county seen so far. Where that is too wide, branch and bound does, here. The linear relaxation
of the partition is strong, so most loads are excluded without a search: the least load whose
relaxation is possible is found by bisection, and the least possible one from there upwards. The
dual prices of the relaxation also exclude most groups from the search (reduced-cost fixing). No
number with a decimal point enters the integer model, so its proof needs no tolerance on kilometres.
A share of accidents to be reached in time is one more row, and coverage of main roads a column per
sort of road, at most 1 and at most the groups of units near it; only this method knows them.
Where parted jurisdictions make too many groups, `road_assignment.py` shares their pieces.

With a price $p$ on officers who leave, goal one is least $t + p\,L$ with $L$ of them. $L(t)$, the
fewest at a load of at most $t$, never grows with $t$; so the loads from the least one up to that at
which nobody leaving would pay are halved again and again, and a part of them is left out where even
its least load with its fewest leavers costs no less than the best so far.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Status
from optimizer.road_assignment import GAP_FRACTION, share_by_assignment
from optimizer.road_frontier import TooWideError, share_by_frontier
from optimizer.road_model import Rows, cover
from optimizer.road_task import (
    Groups,
    RoadTask,
    Shared,
    groups_of,
    load_of,
    officers_needed,
    road_km_of,
    split_officers,
)
from optimizer.solver import Limits, Model, relax, solve

FIRST_SHARE_ABOVE_MEAN = 0.01
"""The first load tried is the mean load and this share of it."""

SHARE_OF_TIME = 0.35
"""Share of the time left that one load may take, so that a hard one leaves time for easier ones."""

_TOLERANCE_OFFICERS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Home:
    """The fewest leavers, then handovers, at one load: unit of each jurisdiction, officers."""

    duty: IntArray
    officers: IntArray
    leavers: int
    is_proven: bool


def share_roads(task: RoadTask, start: IntArray, limits: Limits) -> Shared:
    """Share roads and officers; see the top of this file.

    Args:
        task: At least one jurisdiction, and enough officers for `start`.
        start: Any allowed unit of each jurisdiction, with the right number of units, shape (J,).
        limits: Seconds for the first goal, and again for the other two; seed.
    """
    groups = groups_of(task)
    if task.is_parted and not groups.is_complete:
        return share_by_assignment(task, start, limits)
    is_plain = task.in_time is None and task.near is None and not task.leave_price_km
    if groups.is_complete and is_plain:
        try:
            best = share_by_frontier(task, groups, start)
        except TooWideError:
            pass
        else:
            return Shared(
                duty=best.duty,
                officers=best.officers,
                load_km=best.load_km,
                bound_km=best.load_km,
                is_proven=True,
                groups=len(groups.unit),
                method="dynamic programme over the borders between units: least load",
            )
    search = _Search(task=task, groups=groups, limits=limits)
    duty, load_km, bound_km, usable = search.least_load(start)
    found = search.at_home(usable, load_km, duty)
    if found is None:
        found = _Home(
            duty=duty, officers=split_officers(task, duty), leavers=task.officers, is_proven=False
        )
    method, leave_km = "set partition: least load by bisection and branch and bound", 0.0
    if task.leave_price_km and groups.is_complete:
        found, bound_km = search.priced(found, load_km, bound_km)
        load_km = _load_at(task, found)
        leave_km = task.leave_price_km * found.leavers
        method += ", with the price of officers who leave"
    shared = Shared(
        duty=found.duty,
        officers=found.officers,
        load_km=load_km,
        leave_km=leave_km,
        bound_km=bound_km,
        is_proven=groups.is_complete and found.is_proven,
        groups=len(groups.unit),
        method=method,
    )
    if task.is_parted and bound_km < (load_km + leave_km) * (1 - GAP_FRACTION):
        other = share_by_assignment(task, found.duty, limits)
        bound_km = max(bound_km, other.bound_km)
        better = min(shared, other, key=lambda one: one.load_km + one.leave_km)
        shared = replace(better, bound_km=min(bound_km, better.load_km + better.leave_km))
    return shared


def _price_of(task: RoadTask, home: _Home) -> float:
    """Its load, and the price of its leavers."""
    return _load_at(task, home) + (task.leave_price_km or 0.0) * home.leavers


def _load_at(task: RoadTask, home: _Home) -> float:
    """Most km per officer at a unit."""
    is_open = home.officers > 0
    return float((road_km_of(task, home.duty)[is_open] / home.officers[is_open]).max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    task: RoadTask
    groups: Groups
    limits: Limits

    def least_load(self, start: IntArray) -> tuple[IntArray, float, float, Groups]:
        """Duties of least load, the load, its bound, and the groups that can reach the load.

        A group that no plan of one load can use, no plan of a smaller load can use either.
        """
        duty, loads = start, self._loads(load_of(self.task, start))
        ends_at_s = time.monotonic() + self.limits.time_limit_s
        low, kept = self._relaxed_least(loads, ends_at_s)

        def usable(at: int) -> Groups:
            return next(groups for most, groups in reversed(kept) if most >= at)

        high, unproven = len(loads) - 1, None
        probe, step, has_found = low, 1, False
        while low < high:
            status, found = self._partition(usable(probe), float(loads[probe]), ends_at_s)
            if found is not None:
                duty, has_found = found, True
                high = int(np.searchsorted(loads, load_of(self.task, found)))
            elif status is Status.INFEASIBLE:
                low = probe + 1
            else:
                unproven = low if unproven is None else unproven
                if time.monotonic() >= ends_at_s:
                    break
                low = probe + 1
            probe = (low + high) // 2 if has_found else min(low + step, high - 1)
            step *= 2
        least = float(loads[high])
        if self.groups.is_complete:
            bound = float(loads[high if unproven is None else unproven])
        else:
            bound = min(least, float(self.task.road_km.sum()) / self.task.officers)
        return duty, least, bound, usable(high)

    def _relaxed_least(
        self, loads: FloatArray, ends_at_s: float
    ) -> tuple[int, list[tuple[int, Groups]]]:
        """Row of the least load that the linear relaxation allows, no plan having less.

        Also the groups left at ever smaller loads, each with the largest row that it holds for. The
        first loads tried are close to the mean: there few groups are left.
        """
        low, high = 0, len(loads) - 1
        kept = [(high, self.groups)]
        share = FIRST_SHARE_ABOVE_MEAN
        while low < high and time.monotonic() < ends_at_s:
            near = int(np.searchsorted(loads, loads[0] * (1.0 + share)))
            share *= 2.0
            middle = min(near, high - 1) if len(kept) == 1 else (low + high) // 2
            if middle < low:
                continue
            candidates = self._candidates(kept[-1][1], float(loads[middle]))
            if candidates is None:
                low = middle + 1
            else:
                high = middle
                kept.append((middle, candidates[0]))
        return low, kept

    def _loads(self, most: float) -> FloatArray:
        """Every load that a plan can have, from the mean load to `most`, sorted."""
        mean = float(self.task.road_km.sum()) / self.task.officers
        found = [np.array([most])]
        for n in range(self.task.min_officers, self.task.officers + 1):
            loads = self.groups.road_km / n
            found.append(np.unique(loads[(loads >= mean * (1 - 1e-9)) & (loads <= most)]))
        return np.unique(np.concatenate(found))

    def _candidates(self, groups: Groups, load_km: float) -> tuple[Groups, IntArray] | None:
        """Groups that a plan with this load can use, and their officers; None = no such plan."""
        task = self.task
        needed = officers_needed(groups.road_km, load_km, task.min_officers)
        others = task.min_officers * ((task.duty_stations or 1) - 1)
        is_useful = needed <= task.officers - others
        if task.is_parted and load_km > 0:
            # All groups of a plan together waste no more officers than this.
            waste = task.officers - float(task.road_km.sum()) / load_km + _TOLERANCE_OFFICERS
            is_useful &= needed - groups.road_km / load_km <= waste
        keep = np.flatnonzero(is_useful)
        groups, needed = groups.only(keep), needed[keep]
        model = self._model(groups, needed, np.inf, needed.astype(np.float64))
        relaxed = relax(model, self.limits)
        if relaxed.status is Status.INFEASIBLE:
            return None
        if relaxed.objective is None or relaxed.dual_values is None:
            return groups, needed
        if relaxed.objective > task.officers + _TOLERANCE_OFFICERS:
            return None
        priced = np.bincount(
            model.column,
            weights=model.value * relaxed.dual_values[model.row],
            minlength=len(model.objective),
        )
        least = (relaxed.objective + model.objective - priced)[: len(needed)]
        keep = np.flatnonzero(least <= task.officers + _TOLERANCE_OFFICERS)
        return groups.only(keep), needed[keep]

    def _partition(
        self, groups: Groups, load_km: float, ends_at_s: float
    ) -> tuple[Status, IntArray | None]:
        """Duties with at most this load."""
        left_s = ends_at_s - time.monotonic()
        if left_s <= 0:
            return Status.UNKNOWN, None
        candidates = self._candidates(groups, load_km)
        if candidates is None:
            return Status.INFEASIBLE, None
        groups, needed = candidates
        model = self._model(groups, needed, self.task.officers, np.zeros(len(needed)))
        solved = solve(model, replace(self.limits, time_limit_s=left_s * SHARE_OF_TIME))
        if solved.values is None:
            return solved.status, None
        return solved.status, _duty(groups, solved.values[: len(needed)])

    def _model(
        self, groups: Groups, needed: IntArray, officers: float, objective: FloatArray
    ) -> Model:
        """Set partition: rows are the jurisdictions, the units, their number, the officers.

        Columns are the groups, then the sorts of main road that are covered.
        """
        task = self.task
        jurisdictions, units = task.may.shape
        count, wanted = len(needed), task.duty_stations
        group, jurisdiction = np.nonzero(groups.members)
        every, zero = np.arange(count), np.zeros(count, dtype=np.int64)
        rows = Rows()
        rows.add(1.0, 1.0, jurisdictions, (jurisdiction, group, 1.0))
        rows.add(0.0, 1.0, units, (groups.unit, every, 1.0))
        low, high = (0, units) if wanted is None else (wanted, wanted)
        rows.add(float(low), float(high), 1, (zero, every, 1.0))
        rows.add(0.0, float(officers), 1, (zero, every, needed.astype(np.float64)))
        if task.in_time is not None:
            in_time = (groups.members * task.in_time.T[groups.unit]).sum(axis=1)
            rows.add(float(task.in_time_at_least), np.inf, 1, (zero, every, in_time.astype(float)))
        sorts = 0
        if task.near is not None and task.near_units is not None:
            sorts = len(task.near_units)
            near, least = task.near, task.near_at_least
            cover(rows, near, task.near_units, least, count, (groups.unit, every))
        columns = count + sorts
        return rows.model(np.concatenate([objective, np.zeros(sorts)]), np.ones(columns))

    def priced(self, first: _Home, least_km: float, bound_km: float) -> tuple[_Home, float]:
        """Least load and price of leavers together, and its bound; see the top of this file.

        Args:
            first: The fewest leavers at the least load.
            least_km: The least load.
            bound_km: Its bound.
        """
        task, price = self.task, self.task.leave_price_km or 0.0
        ends_at_s = time.monotonic() + self.limits.time_limit_s
        best, best_km = first, _price_of(task, first)
        loads = self._loads(best_km)
        loads = loads[loads >= least_km]
        # What is not proven: no plan there costs less than this.
        floors = [] if bound_km >= least_km else [bound_km]
        if not first.is_proven:
            floors.append(least_km)

        def fewest(at: int, floor: float) -> _Home:
            nonlocal best, best_km
            found = self.at_home(self.groups, float(loads[at]), best.duty)
            home = replace(first, is_proven=False) if found is None else found
            if _price_of(task, home) < best_km:
                best, best_km = home, _price_of(task, home)
            if not home.is_proven:
                floors.append(floor)
            return home

        parts = [(0, len(loads) - 1, fewest(len(loads) - 1, float(loads[-1])))]
        while parts:
            low, high, upper = parts.pop()
            if low + 1 >= high:
                continue
            # Loads between the two: none less than the next, no fewer leavers than at the upper.
            leavers_km = price * upper.leavers if upper.is_proven else 0.0
            floor = float(loads[low + 1]) + leavers_km
            if floor >= best_km:
                continue
            if time.monotonic() >= ends_at_s:
                floors.append(floor)
                continue
            middle = (low + high) // 2
            found = fewest(middle, float(loads[middle]) + leavers_km)
            parts += [(middle, high, upper), (low, middle, found)]
        return best, min(best_km, *floors) if floors else best_km

    def at_home(self, groups: Groups, load_km: float, start: IntArray) -> _Home | None:
        """Duties, officers and proof: fewest leavers, then fewest handovers, at this load.

        To the set partition come officers beyond a group's need, per unit, and officers of a squad
        who serve a unit of its area, per pair; all others leave. The search begins at `start`.
        """
        task = self.task
        candidates = self._candidates(groups, load_km)
        if candidates is None:
            return None
        groups, needed = candidates
        model = self._home_model(groups, needed)
        g, units = len(needed), task.may.shape[1]
        is_start = (groups.members == (start == groups.unit[:, None])).all(axis=1)
        held = np.bincount(groups.unit[is_start], weights=needed[is_start], minlength=units)
        hint = np.zeros(len(model.objective))
        first = g + (0 if task.near_units is None else len(task.near_units))
        hint[:g], hint[first : first + units] = is_start, split_officers(task, start) - held
        # CP-SAT is quicker on many counties, but lost on some (Jiangyou, 40 stations).
        solved = solve(model, self.limits, start=hint)
        if solved.values is None:
            return None
        chosen = solved.values[:g] > 0.5
        officers = solved.values[first : first + units].astype(np.int64)
        officers[groups.unit[chosen]] += needed[chosen]
        return _Home(
            duty=_duty(groups, solved.values[:g]),
            officers=officers,
            leavers=task.officers - int(solved.values[first + units :].sum()),
            is_proven=solved.status is Status.OPTIMAL,
        )

    def _home_model(self, groups: Groups, needed: IntArray) -> Model:
        """Columns: those of `_model`, officers beyond need per unit, pairs of squad and home."""
        task = self.task
        base = self._model(groups, needed, task.officers, np.zeros(len(needed)))
        jurisdictions, units = task.may.shape
        squad, home = np.nonzero(task.in_area)
        g, pairs, every = len(needed), len(squad), np.arange(units)
        first = len(base.objective)
        extra, pair = first + every, first + units + np.arange(pairs)
        strength = jurisdictions + units + 1
        filled = len(base.row_lower)
        room, sent = filled + units, filled + 2 * units
        entries = [
            (base.row, base.column, base.value),
            (np.full(units, strength), extra, np.ones(units)),
            # Officers at home in a unit are at most its officers.
            (filled + home, pair, np.ones(pairs)),
            (filled + groups.unit, np.arange(g), -needed.astype(np.float64)),
            (filled + every, extra, -np.ones(units)),
            # Only a unit with roads takes officers beyond its need.
            (room + every, extra, np.ones(units)),
            (room + groups.unit, np.arange(g), np.full(g, -float(task.officers))),
            (sent + squad, pair, np.ones(pairs)),
        ]
        free = np.full(2 * units, -np.inf)
        row_lower = np.concatenate([base.row_lower, free, np.zeros(len(task.squad_officers))])
        row_upper = np.concatenate([base.row_upper, np.zeros(2 * units), task.squad_officers])
        row_lower[strength] = row_upper[strength] = task.officers
        handed = (groups.members & ~task.own.T[groups.unit]).sum(axis=1).astype(np.float64)
        columns = first + units + pairs
        return Model(
            objective=np.concatenate(
                [handed, np.zeros(first - g + units), np.full(pairs, -float(jurisdictions + 1))]
            ),
            lower=np.zeros(columns),
            upper=np.concatenate(
                [np.ones(first), np.full(units, task.officers), task.squad_officers[squad]]
            ),
            integer=np.ones(columns, dtype=np.bool_),
            row=np.concatenate([e[0] for e in entries]),
            column=np.concatenate([e[1] for e in entries]),
            value=np.concatenate([e[2] for e in entries]),
            row_lower=row_lower,
            row_upper=row_upper,
        )


def _duty(groups: Groups, chosen: FloatArray) -> IntArray:
    """Unit of each jurisdiction in a chosen partition."""
    duty = np.zeros(groups.members.shape[1], dtype=np.int64)
    for g in np.flatnonzero(chosen > 0.5).tolist():
        duty[groups.members[g]] = groups.unit[g]
    return duty
