"""The best roster: shortage first, then unfairness, then surplus, each with its bound.

Head counts alone (`RosterModel` without slots) give a bound of all three stages in a moment. If
slots can be found for those head counts, the roster is proven best in all of them at once; else the
stages are searched one after another, with the bounds of the head counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from optimizer.errors import SolverError
from optimizer.frozen import FloatArray, IntArray
from optimizer.result import Proof, Status
from optimizer.roster import RosterPlan, RosterTask
from optimizer.roster_even import evened
from optimizer.roster_model import STAGES, RosterModel, Stage
from optimizer.roster_rules import roster_faults, roster_score
from optimizer.roster_share import shared
from optimizer.roster_start import repaired, start_roster
from optimizer.roster_ways import slots_for
from optimizer.solver import Limits, solve

UNITS: dict[Stage, str] = {
    "shortage": "weighted officer-hours",
    "unfairness": "weighted spread",
    "surplus": "officer-hours",
}
_COUNTS_SHARE, _EVEN_SHARE, _SLOTS_SHARE = 0.25, 0.5, 0.5
_BOUND_NODES, _NO_CLOCK_S, _ROUNDING = 300, 1e6, 1e-5
COUNTED = "head counts bound it; slots were found that meet the bound"
SEARCHED = "CP-SAT over slots, bounded by head counts"


def make_roster(
    task: RosterTask,
    *,
    effort: float = 8.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> RosterPlan:
    """A roster that keeps every rule, with a proof or a gap for each stage.

    Args:
        task: What is required, and the rules; its fixed shifts must keep them
            (`optimizer.roster_problems`).
        effort: Most work on one stage, in deterministic seconds.
        seed: Random seed.
        progress: Called with the name of each step.

    Raises:
        SolverError: the roster found breaks a rule when it is counted again.
    """
    return _Search(task, effort, seed, progress or (lambda _name: None)).run()


class _Search:
    def __init__(
        self, task: RosterTask, effort: float, seed: int, progress: Callable[[str], None]
    ) -> None:
        self.task, self.effort, self.seed, self.progress = task, effort, seed, progress
        self.shift = start_roster(task)
        self.counts = RosterModel(task, with_slots=False)

    def run(self) -> RosterPlan:
        self.progress("roster_counts")
        least, assumed, values = self._bounds({})
        method = COUNTED
        if values is not None:
            self.progress("roster_slots")
            wish = slots_for(self.task, self.counts.classes, self.counts.flow_of(values))
            self._take(repaired(self.task, wish))
        fair = least.get("unfairness", 0)
        self._take(shared(self.task, self.shift, least=fair, seed=self.seed))
        if self._values()["unfairness"] > fair:
            self.progress("roster_even")
            effort = _EVEN_SHARE * self.effort
            self._take(evened(self.task, self.shift, least=fair, effort=effort, seed=self.seed))
        if self._values() != least:
            method = SEARCHED
            self.slots = RosterModel(self.task, with_slots=True)
            if values is not None:
                self._realise(values, assumed)
            if self._values() != least:
                least = self._stages(least, assumed)
        faults = roster_faults(self.task, self.shift)
        if faults:
            raise SolverError(f"roster: {faults[0]}")
        return RosterPlan(shift=self.shift, proofs=_proofs(self._values(), least, method))

    def _bounds(
        self, most: Mapping[Stage, int]
    ) -> tuple[dict[Stage, int], dict[Stage, int], FloatArray | None]:
        """Bounds by head counts of the stages, one after another.

        Args:
            most: What earlier stages reached.

        Returns:
            Bounds of the other stages; what each bound takes for granted of the stages before it;
            and the head counts of the last stage.
        """
        assumed, least = dict(most), dict[Stage, int]()
        values: FloatArray | None = None
        for stage in STAGES:
            if stage in most:
                continue
            least[stage] = self._loose_bound(stage, assumed)
            model = self.counts.model(stage, most=assumed, least={stage: least[stage]})
            said = solve(model, self._limits(_COUNTS_SHARE), backend="cp_sat", start=values)
            least[stage] = max(least[stage], 0 if said.bound is None else round(said.bound))
            if said.values is None or said.objective is None:
                break
            values, assumed[stage] = said.values, round(said.objective)
        return least, assumed, values

    def _loose_bound(self, stage: Stage, most: dict[Stage, int]) -> int:
        """Bound of a stage with only most, least and weekends in whole numbers.

        Heads as fractions leave little of the model to branch on, and equal hours in whole shifts
        are what a bound by a linear programme misses.
        """
        model = self.counts.model(stage, most=most)
        whole = np.zeros_like(model.integer)
        whole[self.counts.spreads] = True
        limits = Limits(time_limit_s=_NO_CLOCK_S, seed=self.seed, nodes=_BOUND_NODES)
        said = solve(replace(model, integer=whole), limits)
        return 0 if said.bound is None else max(0, math.ceil(said.bound - _ROUNDING))

    def _realise(self, values: FloatArray, assumed: dict[Stage, int]) -> None:
        """Slots for the head counts of the bounds; then for any that meet their three values."""
        start = self.slots.start_of(self.shift)
        for counts in (self.counts.counts_of(values), None):
            model = self.slots.model(None, most=assumed, counts=counts)
            said = solve(model, self._limits(_SLOTS_SHARE), backend="cp_sat", start=start)
            if said.values is not None:
                self._take(self.slots.shift_of(said.values))
                return

    def _stages(self, least: dict[Stage, int], assumed: dict[Stage, int]) -> dict[Stage, int]:
        """Search stage after stage, each keeping what those before it reached; their bounds."""
        reached: dict[Stage, int] = {}
        bounds: dict[Stage, int] = {}
        for stage in STAGES:
            self.progress(f"roster_{stage}")
            if stage not in least or any(assumed.get(s) != v for s, v in reached.items()):
                least, assumed, _values = self._bounds(reached)
            bounds[stage] = least[stage]
            if self._values()[stage] > least[stage]:
                model = self.slots.model(stage, most=reached, least={stage: least[stage]})
                start = self.slots.start_of(self.shift)
                said = solve(model, self._limits(1.0), backend="cp_sat", start=start)
                if said.values is not None:
                    self._take(self.slots.shift_of(said.values))
                if said.bound is not None:
                    bounds[stage] = max(least[stage], round(said.bound))
            reached[stage] = self._values()[stage]
        return bounds

    def _take(self, shift: IntArray) -> None:
        """Keep a roster that is better than the one in hand."""
        if self._key(shift) < self._key(self.shift):
            self.shift = shift

    def _values(self) -> dict[Stage, int]:
        score = roster_score(self.task, self.shift)
        return {
            "shortage": score.shortage,
            "unfairness": score.unfairness,
            "surplus": score.surplus_hours,
        }

    def _key(self, shift: IntArray) -> tuple[int, int, int]:
        score = roster_score(self.task, shift)
        return score.shortage, score.unfairness, score.surplus_hours

    def _limits(self, share: float) -> Limits:
        return Limits(seed=self.seed, effort=share * self.effort)


def _proofs(
    found: Mapping[Stage, int], least: Mapping[Stage, int], method: str
) -> tuple[Proof, ...]:
    """What is proven of each stage."""
    proofs, proven = [], True
    for stage in STAGES:
        bound = min(least.get(stage, 0), found[stage])
        # A stage is proven best only among rosters that are best in the stages before it.
        proven = proven and bound == found[stage]
        proofs.append(
            Proof(
                stage=stage,
                status=Status.OPTIMAL if proven else Status.FEASIBLE,
                objective=float(found[stage]),
                objective_unit=UNITS[stage],
                bound=float(bound),
                method=method,
            )
        )
    return tuple(proofs)
