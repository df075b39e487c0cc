"""Issuing what a briefing proposes (派发)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from optimizer.alert_rules_rhythm import Period
from optimizer.errors import InputError
from scenarios.kept import OpenStore
from scenarios.names import Wrong, gazetteer
from scenarios.rhythm import briefing
from scenarios.rhythm_open import open_log
from scenarios.tasks import task_of
from scenarios.tasks_open import proposed
from scenarios.tasks_record import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What was issued.

    Attributes:
        county: Name of the county.
        as_of: Last day of the briefing.
        tasks: The new ones.
        present: Ids of open tasks about what was proposed as well.
    """

    county: str
    as_of: date
    tasks: tuple[Task, ...]
    present: tuple[str, ...]


def issue_tasks(
    case: str,
    period: Period,
    as_of: date | None,
    grades: Sequence[str],
    station: str | None,
    open_store: OpenStore,
    issued_at: datetime,
    progress: Callable[[str], None] | None = None,
) -> Issue:
    """Issue what the briefing of a period proposes, but for what has an open task.

    Args:
        case: The case.
        period: Of the briefing.
        as_of: Its last day; None for the last full day of the log.
        grades: Only these; none for all.
        station: Only of this one, by id or name.
        open_store: Opens the store, which is made where there is none.
        issued_at: When, with its zone.
        progress: Called with the name of each step.

    Raises:
        InputError: something is wrong with the case, its log, the day, the station or the store.
    """
    loaded, alerts = open_log(case, progress)
    county = loaded.county
    wanted = None
    if station is not None:
        found = gazetteer(county).stations.find(station)
        if isinstance(found, Wrong):
            raise InputError([found.problem("--station", station)])
        wanted = found
    rules = loaded.case.spec.alert_rules
    brief = briefing(county, alerts.table, rules, period, as_of, alerts.problems, alerts.provenance)
    every = proposed(brief, county, open_store)
    chosen = [
        p for p in every if (not grades or p.grade in grades) and wanted in (None, p.station_id)
    ]
    last = brief.windows.now.last
    tasks = [task_of(p, county.name, last, issued_at) for p in chosen if not p.open_task]
    with open_store() as store:
        assert store is not None  # it is made where there is none
        issued = store.tasks.issue(tasks)
    return Issue(
        county=county.name,
        as_of=last,
        tasks=tuple(t for t in tasks if t.task_id in issued.added),
        present=(*(p.open_task for p in chosen if p.open_task), *issued.present),
    )
