"""What briefings, repeat alerts and tasks are called."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.alert_rules_rhythm import Period
from optimizer.errors import Translate
from scenarios.rhythm import Section

GRADE_STYLES = {"red": "red", "yellow": "yellow", "blue": "blue", "": ""}


def grade_text(grade: str, _: Translate) -> str:
    """Grade of a place or a task."""
    return {"red": _("red"), "yellow": _("yellow"), "blue": _("blue"), "": "-"}[grade]


def state_text(state: str, _: Translate) -> str:
    """Where a task stands."""
    return {
        "issued": _("issued"),
        "done": _("done"),
        "checked": _("checked"),
        "reopened": _("reopened"),
    }[state]


def period_text(period: Period, _: Translate) -> str:
    """What a briefing is of."""
    return {
        "day": _("alerts of the day"),
        "week": _("alerts of seven days"),
        "month": _("alerts of the month"),
    }[period]


def before_text(period: Period, _: Translate) -> str:
    """The period before."""
    return {
        "day": _("Day before"),
        "week": _("Seven days before"),
        "month": _("Month before"),
    }[period]


def section_text(section: Section, _: Translate) -> str:
    """What the lines of a section are."""
    return {
        "county": _("County"),
        "category": _("Category"),
        "township": _("Township"),
        "station": _("Station"),
        "station_category": _("Station and category"),
    }[section]


def flag_text(flag: str, _: Translate) -> str:
    """Against expectation."""
    return {"up": _("more than expected"), "down": _("fewer than expected"), "": ""}[flag]


def task_text(kind: str, category: str, township: str, cell_id: str, _: Translate) -> str:
    """What a task is about."""
    what = category or _("all categories")
    if kind == "rise":
        return _("more alerts than expected: {what}").format(what=what)
    return _("repeat alerts at one place: {what}, {township} {cell}").format(
        what=what, township=township, cell=cell_id
    )


def kind_text(kind: str, _: Translate) -> str:
    """Name of what is counted together; the planner's own names stay as they are."""
    return _("all categories") if kind == "all" else kind


def counts_text(counts: Sequence[tuple[str, int]], most: int | None = None) -> str:
    """Categories and their alerts, the first `most` of them; None = all.

    The comma is that of the script the categories are written in.
    """
    comma = ", " if all(name.isascii() for name, _n in counts) else "、"
    left_out = ["…"] if len(counts) > len(counts[:most]) else []
    return comma.join([f"{name} {n}" for name, n in counts[:most]] + left_out)


def interval_text(lower: int | None, upper: int | None) -> str:
    """An interval of counts."""
    return "-" if lower is None or upper is None else f"{lower}–{upper}"


def count_text(alerts: int | None) -> str:
    """A count, or that there is none."""
    return "-" if alerts is None else f"{alerts:,}"


def change_text(change_fraction: float | None) -> str:
    """A change against another period."""
    if change_fraction is None:
        return "-"
    # Adding nothing takes the sign from a zero.
    return f"{round(change_fraction, 2) + 0.0:+.0%}"
