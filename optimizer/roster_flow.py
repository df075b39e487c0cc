"""The rosters that rest and runs of days and nights allow, as ways through a network.

A slot's roster is a way from day to day through states: what was worked last, how many days and
nights in a row, how much rest is still owed. So many slots are a flow of so many units, and a flow
of whole units is that many ways: for these rules head counts lose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from optimizer.roster import DAY_H, FREE, RosterTask


@dataclass(frozen=True, slots=True, order=True)
class State:
    """Where a slot stands after a day.

    Attributes:
        days, nights: Worked in a row up to now; 0 after a free day.
        ready_h: Hours into the next day before which no shift may start.
    """

    days: int = 0
    nights: int = 0
    ready_h: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One day: from a state by a kind of shift (FREE for none) into a state."""

    before: State
    kind: int
    after: State


class RosterNetwork:
    """States and steps of one kind of slot.

    Args:
        task: Kinds of shift and rules.
        kinds: Those that the slot may work.
    """

    def __init__(self, task: RosterTask, kinds: tuple[int, ...]) -> None:
        self._task = task
        self._kinds = kinds

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step that some roster takes, from the state of a slot long at rest."""
        found: set[Step] = set()
        open_states, seen = [State()], {State()}
        while open_states:
            state = open_states.pop()
            for step in self._from(state):
                found.add(step)
                if step.after not in seen:
                    seen.add(step.after)
                    open_states.append(step.after)
        return tuple(sorted(found))

    def _from(self, state: State) -> list[Step]:
        rules = self._task.limits
        owed = max(0, state.ready_h - DAY_H)
        steps = [Step(state, FREE, State(ready_h=self._useful(owed)))]
        for s in self._kinds:
            kind = self._task.shifts[s]
            nights = state.nights + 1 if kind.is_night else 0
            if (
                kind.offset >= state.ready_h
                and state.days < rules.max_consecutive_days
                and nights <= rules.max_consecutive_nights
            ):
                ready = max(0, kind.offset + kind.hours + rules.rest_hours - DAY_H)
                after = State(days=state.days + 1, nights=nights, ready_h=self._useful(ready))
                steps.append(Step(state, s, after))
        return steps

    def _useful(self, ready_h: int) -> int:
        """Hours that end no start are the same as those up to the next start."""
        starts = {self._task.shifts[s].offset for s in self._kinds}
        days, hours = divmod(ready_h, DAY_H)
        later = [start for start in starts if start >= hours]
        return days * DAY_H + min(later) if later else (days + 1) * DAY_H + min(starts, default=0)
