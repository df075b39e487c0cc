r"""Sharing pieces of road where there are too many groups: assignment, one load after another.

Whether a load $t$ is possible is a model with $x_{pr} \in \{0, 1\}$ (piece $p$ goes to unit $r$)
and whole officers $n_r$:

$$ \sum_r x_{pr} = 1, \qquad \sum_p k_p x_{pr} \le t\, n_r, \qquad \sum_r n_r = N, \qquad
   \underline n\, o_r \le n_r \le N o_r, $$

with the rules of the groups as rows. Small pieces fill officers up, so the least load lies close to
the mean load $\sum k_p / N$, which no plan is below: the search begins there, and goes up and
halves until what it has and what it has excluded are within `GAP_FRACTION`. The plan is FEASIBLE
with that gap then, OPTIMAL only where both meet. At the load found come the fewest officers who
leave their squad's area, then the fewest handovers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Status
from optimizer.road_model import Pairs, Rows
from optimizer.road_task import RoadTask, Shared, load_of, road_km_of, split_officers
from optimizer.solver import Limits, Model, solve

GAP_FRACTION = 5e-4
"""The search for the least load ends within this of what is excluded."""
SHARE_OF_TIME = 0.3
"""Share of the time left that one load may take."""
_PER_KM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Home:
    """Unit of each piece, officers of each unit, leavers, whether leavers and handovers are proven.

    `least` is what no plan at this load has less leavers than.
    """

    duty: IntArray
    officers: IntArray
    leavers: int
    is_proven: bool
    least: int


def share_by_assignment(task: RoadTask, start: IntArray, limits: Limits) -> Shared:
    """Share roads and officers; see the top of this file.

    Args:
        task: At least one piece, and enough officers for `start`.
        start: Any allowed unit of each piece, with the right number of units, shape (J,).
        limits: Seconds for the first goal, and again for the other two; seed.

    Raises:
        SolverError: the solver failed.
    """
    search = _Search(task=task, pairs=Pairs.of(task.may), limits=limits)
    duty, bound_km = search.least_load(start)
    load_km = load_of(task, duty)
    found = search.at_home(duty, load_km)
    method, leave_km = "assignment of pieces of road: least load by halving", 0.0
    if task.leave_price_km:
        found, load_km, bound_km = search.priced(found, load_km, bound_km)
        leave_km = task.leave_price_km * found.leavers
        method += ", with the price of officers who leave"
    return Shared(
        duty=found.duty,
        officers=found.officers,
        load_km=load_km,
        leave_km=leave_km,
        bound_km=min(bound_km, load_km + leave_km),
        is_proven=found.is_proven,
        groups=0,
        method=method,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    task: RoadTask
    pairs: Pairs
    limits: Limits

    def least_load(self, start: IntArray) -> tuple[IntArray, float]:
        """Units of each piece, and a load that no plan is below."""
        task = self.task
        mean_km = float(task.road_km.sum()) / task.officers
        ends_at_s = time.monotonic() + self.limits.time_limit_s
        duty, high = start, load_of(task, start)
        low = bound = mean_km
        step = GAP_FRACTION / 2
        has_found = False
        while high > low * (1 + GAP_FRACTION) and (left_s := ends_at_s - time.monotonic()) > 0:
            probe = (low + high) / 2 if has_found else min(low * (1 + step), (low + high) / 2)
            step *= 4
            model = self._model(probe)
            limits = replace(self.limits, time_limit_s=left_s * SHARE_OF_TIME)
            found = solve(model, limits, backend="cp_sat", start=self._hint(duty))
            if found.values is not None:
                duty, has_found = self._duty(found.values), True
                high = load_of(task, duty)
            else:
                low = probe
                if found.status is Status.INFEASIBLE:
                    bound = max(bound, probe)
        return duty, min(bound, high)

    def at_home(self, start: IntArray, load_km: float) -> _Home:
        """Fewest leavers, then fewest handovers, at this load; no worse than the start."""
        task = self.task
        officers = split_officers(task, start)
        known = _Home(
            duty=start,
            officers=officers,
            leavers=task.officers - self._most_home(officers),
            is_proven=False,
            least=0,
        )
        model = self._model(load_km, with_home=True)
        hint = np.zeros(len(model.objective))
        known_values = self._hint(start)
        hint[: len(known_values)] = known_values
        found = solve(model, self.limits, backend="cp_sat", start=hint)
        pieces = len(task.own)
        least = 0
        if found.bound is not None:
            least = max(0, task.officers - int((pieces - found.bound) // (pieces + 1)))
        if found.values is None:
            return replace(known, least=least)
        first = self.pairs.end + self._sorts
        home = int(found.values[first + self.pairs.units :].sum())
        duty = self._duty(found.values)
        officers = found.values[first : first + self.pairs.units].astype(np.int64)
        is_open = officers > 0
        # The solver's load may pass the limit by its tolerance.
        load = float((road_km_of(task, duty)[is_open] / officers[is_open]).max())
        if load > load_km * (1 + 1e-9):
            return replace(known, least=least)
        return _Home(
            duty=duty,
            officers=officers,
            leavers=task.officers - home,
            is_proven=found.status is Status.OPTIMAL,
            least=least,
        )

    def priced(self, first: _Home, least_km: float, bound_km: float) -> tuple[_Home, float, float]:
        """Load and price of leavers together: home, its load, and what no plan is below.

        Loads are tried from the least one up. Between two of them no plan has less than the lower
        load with the fewest leavers of the higher one.
        """
        price = self.task.leave_price_km or 0.0
        ends_at_s = time.monotonic() + self.limits.time_limit_s
        best, best_km = first, least_km + price * first.leavers
        floors = [bound_km + price * first.least]
        low, share = least_km, 0.01
        while low < best_km:
            high = least_km * (1 + share)
            share *= 1.5
            left_s = ends_at_s - time.monotonic()
            if left_s <= 0:
                floors.append(low)
                break
            part = replace(self, limits=replace(self.limits, time_limit_s=left_s * SHARE_OF_TIME))
            found = part.at_home(best.duty, high)
            floors.append(low + price * found.least)
            load = self._load(found)
            if load + price * found.leavers < best_km:
                best, best_km = found, load + price * found.leavers
            low = high
        return best, self._load(best), min(best_km, *floors)

    def _load(self, home: _Home) -> float:
        is_open = home.officers > 0
        return float((road_km_of(self.task, home.duty)[is_open] / home.officers[is_open]).max())

    def _most_home(self, officers: IntArray) -> int:
        """Officers at home with these officers of each unit: squads in turn fill what is left."""
        left, home = officers.copy(), 0
        for held, area in zip(self.task.squad_officers.tolist(), self.task.in_area, strict=True):
            for unit in np.flatnonzero(area).tolist():
                sent = min(held, int(left[unit]))
                left[unit] -= sent
                held -= sent
                home += sent
        return home

    @property
    def _sorts(self) -> int:
        return 0 if self.task.near_units is None else len(self.task.near_units)

    def _hint(self, duty: IntArray) -> FloatArray:
        """Columns up to the officers, as a plan has them."""
        pairs = self.pairs
        taken = (duty[pairs.piece] == pairs.unit).astype(np.float64)
        officers = split_officers(self.task, duty)
        near = np.zeros(0) if self.task.near is None else (self.task.near & (officers > 0)).any(1)
        return np.concatenate([taken, officers > 0, near, officers.astype(np.float64)])

    def _duty(self, values: FloatArray) -> IntArray:
        duty = np.zeros(len(self.task.own), dtype=np.int64)
        chosen = np.flatnonzero(values[: len(self.pairs.piece)] > 0.5)
        duty[self.pairs.piece[chosen]] = self.pairs.unit[chosen]
        return duty

    def _model(self, load_km: float, *, with_home: bool = False) -> Model:
        """Columns: pairs, open units, sorts of road, officers; with `with_home` those at home."""
        task, pairs = self.task, self.pairs
        pieces, units = task.may.shape
        every, each = pairs.every, np.arange(units)
        officers = pairs.end + self._sorts + each
        rows, zero = Rows(), np.zeros(units, np.int64)
        pairs.shared_out(rows, pieces)
        total = float(task.officers)
        low, high = (0, units) if task.duty_stations is None else (task.duty_stations,) * 2
        rows.add(float(low), float(high), 1, (zero, pairs.is_open, 1.0))
        rows.add(total, total, 1, (zero, officers, 1.0))
        least = float(task.min_officers)
        rows.add(0.0, np.inf, units, (each, officers, 1.0), (each, pairs.is_open, -least))
        rows.add(-np.inf, 0.0, units, (each, officers, 1.0), (each, pairs.is_open, -total))
        # Whole metres, so that the least is exact: roads rounded down, the load up.
        km = np.floor(task.road_km[pairs.piece] * _PER_KM)
        most = float(np.ceil(load_km * _PER_KM))
        rows.add(-np.inf, 0.0, units, (pairs.unit, every, km), (each, officers, -most))
        if task.in_time is not None:
            reached = task.in_time[pairs.piece, pairs.unit].astype(np.float64)
            least = float(task.in_time_at_least)
            rows.add(least, np.inf, 1, (every * 0, every, reached))
        if task.land is not None and task.runs_on is not None:
            pairs.run_on(rows, task.land, task.runs_on)
        if task.near is not None and task.near_units is not None:
            pairs.covered(rows, task.near, task.near_units, task.near_at_least, pairs.end)
        upper = np.concatenate([np.ones(pairs.end + self._sorts), np.full(units, total)])
        if not with_home:
            return rows.model(np.zeros(len(upper)), upper)
        squad, home = np.nonzero(task.in_area)
        pair = len(upper) + np.arange(len(squad))
        rows.add(-np.inf, 0.0, units, (home, pair, 1.0), (each, officers, -1.0))
        held = task.squad_officers.astype(np.float64)
        rows.add(0.0, held, len(held), (squad, pair, 1.0))
        handed = (~task.own[pairs.piece, pairs.unit]).astype(np.float64)
        objective = np.concatenate(
            [handed, np.zeros(len(upper) - len(every)), np.full(len(squad), -float(pieces + 1))]
        )
        return rows.model(objective, np.concatenate([upper, held[squad]]))
