"""What rosters are told with: shifts, lines, stages and weekdays in the planner's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from optimizer.errors import Translate
from optimizer.roster import FREE, RosterTask, ShiftKind, Slot
from optimizer.roster_rules import Short


def shift_text(name: str, _: Translate) -> str:
    """Name of a kind of shift; the planner's own names stay."""
    return {
        "day": _("Day shift"),
        "evening": _("Evening shift"),
        "night": _("Night shift"),
        "duty": _("Duty, 24 hours"),
        "office": _("Office hours"),
    }.get(name, name)


def marks(shifts: Sequence[ShiftKind], _: Translate) -> tuple[str, ...]:
    """A mark of each kind of shift for one cell of a table; its name where marks would be alike."""
    texts = [shift_text(kind.name, _)[:1] for kind in shifts]
    return tuple(texts) if len(set(texts)) == len(texts) else tuple(k.name for k in shifts)


def away_mark(task: RosterTask, slot: int, day: int, _: Translate) -> str:
    """Why a slot works no shift on a day; empty for a free day."""
    if task.leave[slot, day]:
        return _("L")
    if task.training[slot, day]:
        return _("T")
    return _("R") if task.off[slot, day] else ""


def weekday_text(day: date, _: Translate) -> str:
    """Short name of a weekday."""
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))[day.weekday()]


def line_text(kind: str, name: str, _: Translate) -> str:
    """What a requirement counts."""
    if kind == "qualification":
        return _("qualified: {name}").format(name=qualification_text(name, _))
    return {
        "officer": _("Officers"),
        "auxiliary": _("auxiliaries"),
        "case": _("case team"),
        "community": _("community team"),
    }.get(name, name)


def qualification_text(name: str, _: Translate) -> str:
    """Name of a qualification; the planner's own names stay."""
    return {
        "firearm": _("firearm"),
        "case_handling": _("case handling"),
        "traffic_law": _("traffic law"),
    }.get(name, name)


def slot_text(slot: Slot, _: Translate) -> str:
    """Role, team and qualifications of a slot."""
    role = _("officer") if slot.role == "officer" else _("auxiliary")
    team = [] if slot.team is None else [line_text("team", slot.team, _)]
    return _(", ").join([role, *team, *(qualification_text(q, _) for q in slot.qualifications)])


def pattern_text(pattern: str, _: Translate) -> str:
    """Name of a pattern."""
    return {
        "three_shift": _("three shifts"),
        "24on48off": _("24 h on, 48 h off"),
        "day_night": _("12-hour day and night"),
        "two_team": _("two teams"),
        "custom": _("own shifts"),
    }[pattern]


def stage_text(stage: str, _: Translate) -> str:
    """Name of a stage with its unit."""
    return {
        "shortage": _("Shortage, weighted officer-hours"),
        "unfairness": _("Unfairness, weighted spread"),
        "surplus": _("Surplus, officer-hours"),
    }[stage]


@dataclass(frozen=True, slots=True)
class ShortSpan:
    """Hours in a row of one date with the same shortage."""

    start: datetime
    end: datetime
    short: Short

    @property
    def hours(self) -> str:
        """From and to by the clock; midnight at the end is 24:00."""
        return f"{self.start:%H:%M}–{f'{self.end:%H:%M}' if self.end.hour else '24:00'}"


def short_spans(short: Sequence[Short]) -> tuple[ShortSpan, ...]:
    """Shortage by hour, alike hours of a date put together."""
    hour, found = timedelta(hours=1), list[ShortSpan]()
    by_line = sorted(short, key=lambda s: (s.kind, s.name, s.at))
    for before, one in pairwise([None, *by_line]):
        assert one is not None
        alike = before is not None and (
            (before.kind, before.name, before.required, before.on_duty)
            == (one.kind, one.name, one.required, one.on_duty)
            and one.at - before.at == hour
            and one.at.hour
        )
        if alike:
            found[-1] = ShortSpan(found[-1].start, one.at + hour, found[-1].short)
        else:
            found.append(ShortSpan(one.at, one.at + hour, one))
    return tuple(sorted(found, key=lambda s: (s.start, s.short.kind, s.short.name)))


def span_text(span: ShortSpan, _: Translate) -> str:
    """A shortage with date, weekday, hours, and how many of how many are there."""
    return _("{date} {weekday} {hours} {who}: {there} of {required} on duty").format(
        date=span.start.date().isoformat(),
        weekday=weekday_text(span.start.date(), _),
        hours=span.hours,
        who=line_text(span.short.kind, span.short.name, _),
        there=span.short.on_duty,
        required=span.short.required,
    )


def cell_text(task: RosterTask, row: Sequence[int], slot: int, day: int, mark: Sequence[str],
              _: Translate) -> str:  # fmt: skip
    """What stands in a cell of the roster: the mark of the shift or of the absence."""
    return mark[row[day]] if row[day] != FREE else away_mark(task, slot, day, _)
