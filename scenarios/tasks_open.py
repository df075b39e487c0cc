"""The tasks of a county in the run store, and what a briefing adds to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from optimizer.county import County
from optimizer.errors import InputError, Problem
from scenarios.case import open_case
from scenarios.kept import OpenStore
from scenarios.repeats import repeat_rows
from scenarios.rhythm import Briefing
from scenarios.tasks import Proposal, proposals
from scenarios.tasks_record import Event, State, Task

_STATE_OF: Mapping[str, State] = {"done": "done", "check": "checked", "reopen": "reopened"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTasks:
    """The tasks of a case's county, and every step of each."""

    county: str
    tasks: tuple[Task, ...]
    events: tuple[Event, ...]

    def chosen(
        self,
        grades: Sequence[str],
        states: Sequence[str],
        station: str | None,
        overdue_on: date | None,
    ) -> tuple[Task, ...]:
        """Those of these grades, states (none: all) and this station; late ones of a day.

        Raises:
            InputError: no task is of such a station.
        """
        if station is not None and not any(station in (t.station_id, t.station)
                                           for t in self.tasks):  # fmt: skip
            known = dict.fromkeys(t.station for t in self.tasks)
            raise InputError(
                [
                    Problem(
                        where="--station",
                        value=station,
                        expected="a station that has tasks: {known}",
                        fix="write its id or its full name",
                        params={"known": "、".join(known) or "-"},
                    )
                ]
            )
        return tuple(
            t
            for t in self.tasks
            if (not grades or t.grade in grades)
            and (not states or t.state in states)
            and (station is None or station in (t.station_id, t.station))
            and (overdue_on is None or t.overdue(overdue_on))
        )


def case_tasks(case: str, open_store: OpenStore) -> CaseTasks:
    """The tasks of a case; none where there is no store yet.

    Raises:
        InputError: no such case, or the store is locked or out of reach.
    """
    county = open_case(case).spec.name
    with open_store() as store:
        if store is None:
            return CaseTasks(county=county, tasks=(), events=())
        return CaseTasks(
            county=county, tasks=store.tasks.list(county), events=store.tasks.events(county)
        )


def move_tasks(
    case: str,
    ids: Sequence[str],
    action: str,
    on: date,
    officers: int | None,
    open_store: OpenStore,
) -> tuple[Task, ...]:
    """Move tasks on (反馈、督查), all of them or none.

    Args:
        case: The case.
        ids: Of the tasks.
        action: `done`, `check` or `reopen`.
        on: Day of the step.
        officers: Heads who took part.
        open_store: Opens the store.

    Raises:
        InputError: no such case or task, a step that cannot be, or the store refuses.
    """
    county = open_case(case).spec.name
    with open_store() as store:
        assert store is not None  # it is made where there is none
        return store.tasks.move(county, ids, _STATE_OF[action], on, officers)


def proposed(brief: Briefing, county: County, open_store: OpenStore) -> tuple[Proposal, ...]:
    """What a briefing proposes, with the open tasks about the same.

    Raises:
        InputError: the store is locked or out of reach.
    """
    rows = repeat_rows(county, brief.repeats, brief.rules.repeats, brief.windows.now.last)
    with open_store() as store:
        known = () if store is None else store.tasks.list(county.name)
    return proposals(brief, rows, known)
