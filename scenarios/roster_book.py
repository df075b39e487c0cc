"""The workbook of a roster: month sheet, cover by hour, shortage, fairness, and what it rests on.

Every text is written as text; the same roster is the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from geo.atomic import atomic_path
from optimizer.errors import Translate
from optimizer.roster import FREE, on_duty
from scenarios.language import Language
from scenarios.provenance import modelled_text
from scenarios.roster import RosterStudy
from scenarios.roster_words import (
    cell_text,
    line_text,
    marks,
    pattern_text,
    shift_text,
    short_spans,
    slot_text,
    stage_text,
    weekday_text,
)

_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FONTS = {"en": "Calibri", "zh": "Microsoft YaHei"}
_COLOURS = ("#FFE699", "#C6E0B4", "#8EA9DB", "#F4B084", "#D9C3E8", "#A9D8D8")
_AWAY, _WEEKEND, _SHORT, _OVER = "#BFBFBF", "#F2F2F2", "#E06666", "#EAF1E4"
_DARK = "#1F3864"
_A4 = 9


@dataclass(frozen=True, slots=True)
class _Book:
    book: Any
    study: RosterStudy
    translate: Translate
    font: str
    made: dict[tuple[tuple[str, Any], ...], Any]

    def format(self, **looks: Any) -> Any:
        key = tuple(sorted(looks.items()))
        if key not in self.made:
            base = {"font_name": self.font, "font_size": 10, "valign": "vcenter"}
            self.made[key] = self.book.add_format(base | looks)
        return self.made[key]

    def head(self, **looks: Any) -> Any:
        base = {"bold": True, "bg_color": _DARK, "font_color": "#FFFFFF", "align": "center",
                "text_wrap": True, "border": 1, "border_color": "#FFFFFF"}  # fmt: skip
        return self.format(**(base | looks))

    def cell(self, **looks: Any) -> Any:
        return self.format(align="center", border=1, border_color="#BFBFBF", **looks)

    def page(self, name: str) -> Any:
        page = self.book.add_worksheet(name)
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        title = self.study.unit_name[:80].replace("&", "&&")
        page.set_header(f"&L&9{title}&R&9&A")
        page.set_footer("&C&9&P / &N")
        return page


def write_roster_book(study: RosterStudy, path: Path, _: Translate, language: Language) -> None:
    """Write the workbook.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as aside:
        book = xlsxwriter.Workbook(str(aside), {"in_memory": True})
        book.set_properties({"created": _CREATED, "title": study.unit_name, "author": "Jingli"})
        pages = _Book(book, study, _, _FONTS[language], {})
        _month(pages)
        _cover(pages)
        _shortage(pages)
        _fairness(pages)
        _about(pages)
        book.close()


def _month(pages: _Book) -> None:
    """Slots by days, coloured by shift; a legend below."""
    _, study, task = pages.translate, pages.study, pages.study.task
    page, mark = pages.page(_("Roster")), marks(task.shifts, _)
    page.set_column(0, 0, 5)
    page.set_column(1, 1, 22)
    page.set_column(2, 1 + task.days, 3.6)
    page.set_column(2 + task.days, 4 + task.days, 6.5)
    page.set_row(1, 30)
    page.merge_range(0, 0, 1, 0, "", pages.head())
    page.write_string(0, 0, _("Slot"), pages.head())
    page.merge_range(0, 1, 1, 1, "", pages.head())
    page.write_string(0, 1, _("Kind"), pages.head())
    for d in range(task.days):
        date = task.start + timedelta(days=d)
        page.write_string(0, 2 + d, weekday_text(date, _), pages.head(font_size=8))
        page.write_string(1, 2 + d, f"{date.month}/{date.day}", pages.head(font_size=8))
    for j, text in enumerate((_("Hours"), _("Nights"), _("Weekends worked"))):
        page.merge_range(0, 2 + task.days + j, 1, 2 + task.days + j, "", pages.head(font_size=8))
        page.write_string(0, 2 + task.days + j, text, pages.head(font_size=8))
    for i, (slot, count) in enumerate(zip(task.slots, study.score.slots, strict=True)):
        page.write_number(2 + i, 0, i + 1, pages.cell())
        page.write_string(2 + i, 1, slot_text(slot, _), pages.format(border=1,
                          border_color="#BFBFBF", shrink=True))  # fmt: skip
        row = study.plan.shift[i].tolist()
        for d, s in enumerate(row):
            text = cell_text(task, row, i, d, mark, _)
            page.write_string(2 + i, 2 + d, text, pages.cell(**_fill(pages, i, d, s)))
        for j, value in enumerate((count.hours, count.nights, count.weekends)):
            page.write_number(2 + i, 2 + task.days + j, value, pages.cell())
    last = 3 + len(task.slots)
    for s, kind in enumerate(task.shifts):
        colour = _COLOURS[s % len(_COLOURS)]
        page.write_string(last + s, 0, mark[s], pages.cell(bg_color=colour))
        end = (kind.start_hour + kind.hours) % 24
        hours = f"{kind.start_hour:02d}:00–{end:02d}:00"
        page.write_string(last + s, 1, f"{shift_text(kind.name, _)} {hours}", pages.format())
    for j, (text, meaning) in enumerate(
        ((_("L"), _("leave")), (_("T"), _("training")), (_("R"), _("free by request")))
    ):
        line = last + len(task.shifts) + j
        page.write_string(line, 0, text, pages.cell(bg_color=_AWAY))
        page.write_string(line, 1, meaning, pages.format())
    page.freeze_panes(2, 2)
    page.repeat_rows(0, 1)


def _fill(pages: _Book, slot: int, day: int, shift: int) -> dict[str, str]:
    task = pages.study.task
    if shift != FREE:
        return {"bg_color": _COLOURS[shift % len(_COLOURS)]}
    if task.leave[slot, day] or task.training[slot, day] or task.off[slot, day]:
        return {"bg_color": _AWAY}
    weekend = (task.start + timedelta(days=day)).weekday() >= 5
    return {"bg_color": _WEEKEND} if weekend else {}


def _cover(pages: _Book) -> None:
    """Heads on duty by day and hour for each line; short hours red, as "2/3"."""
    _, study, task = pages.translate, pages.study, pages.study.task
    page = pages.page(_("Cover by hour"))
    page.set_column(0, 0, 17)
    page.set_column(1, 24, 5)
    there = on_duty(task, study.plan.shift)
    row = 0
    for line, counted in zip(task.lines, there, strict=True):
        label = line_text(line.kind, line.name, _)
        page.write_string(row, 0, label, pages.head(align="left"))
        for h in range(24):
            page.write_string(row, 1 + h, f"{(task.day_start_hour + h) % 24}", pages.head())
        for d in range(task.days):
            date = task.start + timedelta(days=d)
            text = f"{date.isoformat()} {weekday_text(date, _)}"
            page.write_string(row + 1 + d, 0, text, pages.cell())
            for h in range(24):
                have, need = int(counted[d * 24 + h]), int(line.required[d * 24 + h])
                if have < need:
                    looks = pages.cell(bg_color=_SHORT, font_color="#FFFFFF", bold=True)
                    page.write_string(row + 1 + d, 1 + h, f"{have}/{need}", looks)
                else:
                    looks = pages.cell(**({"bg_color": _OVER} if have > need else {}))
                    page.write_number(row + 1 + d, 1 + h, have, looks)
        row += task.days + 2
    page.write_string(
        row,
        0,
        _("Red: on duty / required. Green: more than required. A day starts at {hour}:00.").format(
            hour=task.day_start_hour
        ),
        pages.format(italic=True),
    )
    page.freeze_panes(0, 1)


def _table(
    pages: _Book, name: str, header: Sequence[str], widths: Sequence[float], rows: Sequence[Any]
) -> None:
    page = pages.page(name)
    for j, (text, width) in enumerate(zip(header, widths, strict=True)):
        page.set_column(j, j, width)
        page.write_string(0, j, text, pages.head())
    for i, values in enumerate(rows, start=1):
        for j, value in enumerate(values):
            if isinstance(value, str):
                page.write_string(i, j, value, pages.cell())
            else:
                page.write_number(i, j, value, pages.cell())
    page.freeze_panes(1, 0)
    page.repeat_rows(0)


def _shortage(pages: _Book) -> None:
    _ = pages.translate
    rows = [
        (
            span.start.date().isoformat(),
            weekday_text(span.start.date(), _),
            span.hours,
            line_text(span.short.kind, span.short.name, _),
            span.short.required,
            span.short.on_duty,
            span.short.missing,
        )
        for span in short_spans(pages.study.score.short)
    ]
    header = (
        _("Date"), _("Weekday"), _("Hours"), _("Who"), _("Required"), _("On duty"), _("Missing"),
    )  # fmt: skip
    widths = (13, 9, 16, 24, 10, 10, 10)
    _table(pages, _("Shortage"), header, widths,
           rows or [(_("None: every hour has the heads it needs."), *[""] * 6)])  # fmt: skip


def _fairness(pages: _Book) -> None:
    _, study = pages.translate, pages.study
    weeks = study.task.days / 7
    rows = [
        (
            count.slot,
            slot_text(slot, _),
            count.hours,
            round(count.hours / weeks, 1),
            count.shifts,
            count.nights,
            count.weekends,
            count.leave_days,
            count.training_days,
        )
        for slot, count in zip(study.task.slots, study.score.slots, strict=True)
    ]
    header = (
        _("Slot"), _("Kind"), _("Hours"), _("Hours a week"), _("Shifts"), _("Nights"),
        _("Weekends worked"), _("Days of leave"), _("Training days"),
    )  # fmt: skip
    _table(pages, _("Fairness"), header, (7, 32, 9, 11, 9, 9, 11, 11, 11), rows)


def _about(pages: _Book) -> None:
    """What the roster rests on: proof, rules, demand, what is modelled."""
    _, study, task = pages.translate, pages.study, pages.study.task
    page = pages.page(_("About"))
    page.set_column(0, 0, 36)
    page.set_column(1, 1, 90)
    first = datetime.combine(task.start, time(task.day_start_hour))
    end = first + timedelta(days=task.days)
    rules = task.limits
    lines: list[tuple[str, str]] = [
        (_("Unit"), study.unit_name),
        (_("Period"), f"{first:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"),
        (_("Pattern"), pattern_text(study.rules.pattern, _)),
        *(
            (
                stage_text(p.stage, _),
                f"{p.objective:,.0f}{_(', ')}{_('bound')} {p.bound:,.0f}{_(', ')}{p.status.value}",
            )
            for p in study.plan.proofs
        ),
        (_("Rest between shifts, h"), str(rules.rest_hours)),
        (_("Most hours in a week"), str(rules.max_hours_per_week)),
        (_("Mean hours a week at most"), f"{rules.average_hours_per_week:g}"),
        (_("Days in a row at most"), str(rules.max_consecutive_days)),
        (_("Nights in a row at most"), str(rules.max_consecutive_nights)),
        (
            _("Demand by hour"),
            _("given in a file") if study.demand_origin == "file" else _("modelled from alerts"),
        ),
        *((key, value) for key, value in study.assumed.items()),
    ]
    items = modelled_text(study.provenance, _)
    if items and study.demand_origin != "file":
        lines.append((_("Modelled, not given by the bureau"), items))
    lines.append(("", _("Slots are anonymous; who takes which is for the station to say.")))
    for i, (label, text) in enumerate(lines):
        page.write_string(i, 0, label, pages.format(bold=True, font_color=_DARK, valign="top"))
        page.write_string(i, 1, text, pages.format(text_wrap=True, valign="top"))
