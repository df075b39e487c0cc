"""Which alerts a planner means by --category, --hours, --weekday and --month, and its words."""

from __future__ import annotations

from collections.abc import Sequence

from geo.alert_selection import Selection
from optimizer.errors import InputError, Problem, Translate
from scenarios.names import Names, Wrong
from scenarios.rhythm_trace import joined_key, part_key

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def selection_of(
    categories: Sequence[str],
    hours: str | None,
    weekday: str | None,
    month: str | None,
    known: Sequence[str],
) -> Selection:
    """The selection that the options of a command mean.

    Args:
        categories: `--category`, each a label or its short form.
        hours: `--hours`, such as `20-02`.
        weekday: `--weekday`, such as `1-5`, `6,7` or `fri-sun`; Monday = 1.
        month: `--month`, such as `6-8` or `12,1,2`.
        known: Categories of the log.

    Raises:
        InputError: what cannot be read, all at once.
    """
    problems: list[Problem] = []
    names = Names("category", known)
    found = []
    for typed in categories:
        one = names.find(typed)
        if isinstance(one, Wrong):
            problems.append(one.problem("--category", typed))
        else:
            found.append(one)
    selection = Selection(
        categories=tuple(dict.fromkeys(found)),
        hours=_hours(hours, problems),
        weekdays=tuple(n - 1 for n in _numbers(weekday, 7, "--weekday", problems)),
        months=_numbers(month, 12, "--month", problems),
    )
    if problems:
        raise InputError(problems)
    return selection


def selection_text(selection: Selection, _: Translate) -> str:
    """The selection in a line; `all alerts` where nothing is left out."""
    days = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"),
            _("Sunday"))  # fmt: skip
    comma = _(", ")
    parts = [comma.join(selection.categories)] if selection.categories else []
    if selection.hours is not None:
        low, high = selection.hours
        parts.append(_("{low:02d}:00 to {high:02d}:00").format(low=low, high=high))
    if selection.weekdays:
        parts.append(comma.join(days[d] for d in selection.weekdays))
    if selection.months:
        months = comma.join(str(m) for m in selection.months)
        parts.append(_("months {months}").format(months=months))
    return " · ".join(parts) if parts else _("all alerts")


def selection_key(selection: Selection) -> str:
    """The selection as parts of a key of `jingli alerts --trace`; empty for all alerts."""
    parts = [part_key("category", *selection.categories)] if selection.categories else []
    if selection.hours is not None:
        low, high = selection.hours
        parts.append(part_key("hours", f"{low:02d}-{high:02d}"))
    if selection.weekdays:
        parts.append(part_key("weekday", *(str(d + 1) for d in selection.weekdays)))
    if selection.months:
        parts.append(part_key("month", *(str(m) for m in selection.months)))
    return joined_key(*parts)


def selection_document(selection: Selection) -> dict[str, object]:
    """The selection for programs; weekdays from Monday = 1."""
    return {
        "categories": list(selection.categories),
        "hours": None if selection.hours is None else list(selection.hours),
        "weekdays": [d + 1 for d in selection.weekdays],
        "months": list(selection.months),
    }


def _hours(typed: str | None, problems: list[Problem]) -> tuple[int, int] | None:
    if typed is None:
        return None
    ends = [part.strip().removesuffix(":00") for part in typed.split("-")]
    if len(ends) == 2 and all(e.isdecimal() and e.isascii() for e in ends):
        low, high = (int(e) for e in ends)
        if 0 <= low <= 23 and 1 <= high <= 24 and low != high:
            return low, high
        if 0 < low <= 23 and high == 0:
            return low, 24
    problems.append(
        Problem(
            where="--hours",
            value=typed,
            expected="two different full hours, such as 08-20, or 20-02 across midnight",
            fix="write FROM-TO in hours of 0 to 24",
        )
    )
    return None


def _numbers(typed: str | None, most: int, where: str, problems: list[Problem]) -> tuple[int, ...]:
    """Numbers from 1 to `most`; a span such as 11-2 runs on over the end."""
    found: list[int] = []
    for part in (typed or "").replace("，", ",").split(",") if typed is not None else ():
        ends = [_number(end.strip(), most) for end in part.split("-")]
        if len(ends) > 2 or None in ends:
            days = most == 7
            problems.append(
                Problem(
                    where=where,
                    value=typed,
                    expected="weekdays, such as 1-5, 6,7 or fri-sun; Monday is 1"
                    if days
                    else "months, such as 6-8 or 12,1,2",
                    fix="write numbers of 1 to {most}, separated by commas",
                    params={"most": most},
                )
            )
            return ()
        low, high = ends[0], ends[-1]
        assert low is not None
        assert high is not None
        length = (high - low) % most + 1
        found += [(low - 1 + i) % most + 1 for i in range(length)]
    return tuple(sorted(set(found)))


def _number(text: str, most: int) -> int | None:
    if most == 7 and text[:3].lower() in _WEEKDAYS:
        return 1 + _WEEKDAYS.index(text[:3].lower())
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= most:
        return int(text)
    return None
