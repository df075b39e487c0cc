"""Tasks that a briefing proposes to stations: places of repeat alerts, and rises beyond chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta

from geo.repeats import RepeatPlaces
from optimizer.alert_rules_repeats import GRADES
from scenarios.repeats import RepeatRow
from scenarios.rhythm import Briefing, Line
from scenarios.rhythm_words import counts_text
from scenarios.tasks_record import Matter, Task

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_DIGITS = 5
_CATEGORIES_SAID = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Matter):
    """A task that a briefing proposes; `open_task` is one already issued."""

    open_task: str = ""


def proposals(brief: Briefing, rows: Sequence[RepeatRow], known: Iterable[Task]) -> tuple[
    Proposal, ...
]:  # fmt: skip
    """What stations should do after a period, most urgent first.

    A place of repeat alerts whose last alert lies in the period, unless it is a station's seat;
    and a station whose alerts, of a category or in all, are flagged as more than expected. Of a
    station's total nothing is said where a category of it is named.

    Args:
        brief: The briefing.
        rows: Its places of repeat alerts.
        known: Tasks of the county; the open ones are not proposed again but named.
    """
    still_open = {t.subject: t.task_id for t in known if t.state != "checked"}
    due = brief.rules.rhythm.due
    last = brief.windows.now.last
    led = _open_places(brief.repeats, still_open)
    names = {line.station_id: line.name for line in brief.section("station")}
    made = []
    for i, row in enumerate(rows):
        if row.at_seat or row.quiet_days >= brief.windows.now.days:
            continue  # reported there, not happening there; or nothing new
        leader = int(brief.repeats.leader[i])
        made.append(
            Proposal(
                kind="repeat",
                subject=f"repeat:{row.place}:{row.kind}",
                grade=row.grade,
                station_id=row.station_id,
                station=row.station_name,
                township=row.township,
                cell_id=row.cell_id,
                category=counts_text(row.categories, _CATEGORIES_SAID),
                alerts=row.alerts,
                expected_alerts=None,
                trace=row.key,
                due=last + timedelta(days=due.days(row.grade)),
                open_task=led.get((leader, row.kind), ""),
            )
        )
    named = {p.station_id for p in brief.section("station_category") if p.flag == "up"}
    for line in brief.lines:
        total = line.section == "station" and line.station_id not in named
        if line.flag == "up" and (total or line.section == "station_category"):
            made.append(_rise(line, brief, names[line.station_id], still_open))
    made.sort(key=lambda p: (GRADES.index(p.grade), p.kind, -p.alerts, p.subject))
    return tuple(made)


def _rise(line: Line, brief: Briefing, station: str, still_open: Mapping[str, str]) -> Proposal:
    assert line.expected_alerts is not None  # a line without it has no flag
    rules = brief.rules.rhythm
    grade = rules.grade_of(line.alerts / line.expected_alerts)
    subject = f"rise:{line.station_id}:{line.category}"
    return Proposal(
        kind="rise",
        subject=subject,
        grade=grade,
        station_id=line.station_id,
        station=station,
        township="",
        cell_id="",
        category=line.category,
        alerts=line.alerts,
        expected_alerts=line.expected_alerts,
        trace=line.key,
        due=brief.windows.now.last + timedelta(days=rules.due.days(grade)),
        open_task=still_open.get(subject, ""),
    )


def _open_places(repeats: RepeatPlaces, still_open: Mapping[str, str]) -> dict[
    tuple[int, str], str
]:  # fmt: skip
    """Open tasks by the place they are about today, whichever of its points led it then."""
    found = {}
    for subject, task_id in still_open.items():
        what, _colon, rest = subject.partition(":")
        key, _colon, kind = rest.partition(":")
        if what == "repeat":
            found[repeats.leader_of(int(key, 16)), kind] = task_id
    return found


def task_of(proposal: Proposal, county: str, as_of: date, issued_at: datetime) -> Task:
    """The task of a proposal; its id depends on what it is about, not on when it is issued."""
    whole = "\n".join([county, as_of.isoformat(), proposal.subject])
    number = int.from_bytes(hashlib.sha256(whole.encode()).digest())
    digits = "".join(_DIGITS[(number >> 5 * i) & 31] for i in range(_ID_DIGITS))
    own = {f.name: getattr(proposal, f.name) for f in fields(Matter)}
    return Task(
        task_id=f"{as_of:%Y%m%d}-{digits}",
        county=county,
        issued_at=issued_at.astimezone(UTC),
        as_of=as_of,
        state="issued",
        officers=None,
        changed_on=issued_at.date(),
        **own,
    )
