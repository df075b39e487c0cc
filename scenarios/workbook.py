"""The workbook of a run: a page that says what it is, then a sheet for each table.

Every text is written as text (`write_string`): a station named `=HYPERLINK(…)` stays a name. The
same run is the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from rich.cells import cell_len

from geo.atomic import atomic_path
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.result import Proof, Status
from scenarios.compare import MeasureRow, measures
from scenarios.credits import credited
from scenarios.language import Language
from scenarios.provenance import modelled_text
from scenarios.run import Run
from scenarios.tables import Cell, Kind, Sheet
from scenarios.titles import case_title

WORKBOOK = "plan.xlsx"
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FONTS = {"en": "Calibri", "zh": "Microsoft YaHei"}
_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "number": "#,##0.0",
    "minutes": "#,##0.0",
    "change_min": "+#,##0.0;-#,##0.0;0.0",
    "fraction": "0.0%",
    "load": "0.00",
}
_A4 = 9
_MOST_WIDE, _LEAST_WIDE = 44, 7
_ROWS_MEASURED = 400
"""Widths are fitted to so many rows; the rest of a long table looks alike."""
_HEADER_LINES = 3
"""Long headers are broken, so that a column of figures stays as narrow as its figures."""
_LINE_PT = 16.5
_COVER_LABEL, _COVER_TEXT = 34, 104
_NOTICEABLE_MIN = 0.05
_LONGEST_PAGE_TITLE = 100
_INFINITE = "∞"
# Rules between rows are drawn by the formats, so that a printed page has them too.
_RULED = {"bottom": 1, "bottom_color": "#D9D9D9"}


@dataclass(slots=True, kw_only=True)
class _Pages:
    """The workbook under way: its formats are made once each."""

    book: Any
    font: str
    title: str
    translate: Translate
    _made: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **looks: Any) -> Any:
        """A cell format."""
        key = tuple(sorted(looks.items()))
        if key not in self._made:
            base = {"font_name": self.font, "font_size": 10, "valign": "vcenter"}
            self._made[key] = self.book.add_format(base | looks)
        return self._made[key]

    def header(self, **looks: Any) -> Any:
        """Format of a table's header."""
        return self.format(
            bold=True, font_color="#FFFFFF", bg_color="#1F3864", text_wrap=True, border=1,
            border_color="#FFFFFF", **looks,
        )  # fmt: skip

    def page(self, name: str) -> Any:
        """A new sheet, set up for print: landscape A4, as wide as the paper."""
        page = self.book.add_worksheet(name)
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.6)
        # An ampersand starts a code in a page header.
        title = self.title[:_LONGEST_PAGE_TITLE].replace("&", "&&")
        page.set_header(f"&L&9{title}&R&9&A")
        page.set_footer("&C&9&P / &N")
        return page


def write_workbook(
    path: Path, run: Run, tables: Sequence[Sheet], _: Translate, language: Language
) -> None:
    """Write the workbook of a run that has a plan.

    Args:
        path: The file, replaced where it exists.
        run: The run.
        tables: Sheets after the page of measures, in order; their names are keys of `sheet_title`.
        _: Translation.
        language: Its language, which chooses the font.

    Raises:
        InputError: the file cannot be written.
    """
    county = run.loaded.county
    title = case_title(county.name, run.scenario)
    with atomic_path(path) as aside:
        # In memory: no file of ours is left in the temporary folder if the run is ended.
        book = xlsxwriter.Workbook(str(aside), {"in_memory": True})
        book.set_properties({"created": _CREATED, "title": title, "author": "Jingli"})
        pages = _Pages(book=book, font=_FONTS[language], title=title, translate=_)
        _cover(pages, run, title, [sheet.name for sheet in tables])
        assert run.plan is not None
        _summary(pages, measures(run.today, run.plan, _))
        for sheet in tables:
            _table(pages, sheet)
        book.close()


def write_table_workbook(
    path: Path,
    title: str,
    lines: Sequence[tuple[str, str]],
    tables: Sequence[Sheet],
    _: Translate,
    language: Language,
) -> None:
    """Write a workbook of any tables behind a page that says what they are.

    Args:
        path: The file, replaced where it exists.
        title: What the first page is headed with.
        lines: Label and text of each line of the first page, translated.
        tables: Sheets in order, each with its `title`.
        _: Translation.
        language: Its language, which chooses the font.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as aside:
        book = xlsxwriter.Workbook(str(aside), {"in_memory": True})
        book.set_properties({"created": _CREATED, "title": title, "author": "Jingli"})
        pages = _Pages(book=book, font=_FONTS[language], title=title, translate=_)
        titles = [sheet.title for sheet in tables]
        _front(pages, title, [(name, text, {}) for name, text in lines], titles)
        for sheet in tables:
            _table(pages, sheet)
        book.close()


def write_book(
    folder: Path,
    workbook: str,
    title: str,
    lines: Sequence[tuple[str, str]],
    sheets: Sequence[Sheet],
    _: Translate,
    language: Language,
) -> None:
    """Write each sheet as a CSV file of its name, and all of them in one workbook.

    Args:
        folder: Where they go.
        workbook: Name of the workbook; the rest as in `write_table_workbook`.
        title: Likewise.
        lines: Likewise.
        sheets: Likewise.
        _: Likewise.
        language: Likewise.
    """
    write_csv_sheets(folder, sheets)
    write_table_workbook(folder / workbook, title, lines, sheets, _, language)


def write_csv_sheets(folder: Path, sheets: Iterable[Sheet]) -> None:
    """Write each sheet as a CSV file of its name."""
    for sheet in sheets:
        write_csv(folder / f"{sheet.name}.csv", sheet.header, sheet.rows)


def sheet_title(name: str, _: Translate) -> str:
    """Name of a table's sheet."""
    return {
        "cover": _("About"),
        "measures": _("Summary"),
        "bundles": _("Bundles"),
        "moves": _("Moves"),
        "auxiliary_moves": _("Auxiliaries' moves"),
        "qualified_moves": _("Qualified moves"),
        "road_duties": _("Road duty"),
        "townships": _("Townships"),
        "units": _("Units"),
        "assignment": _("Assignment"),
        "provenance": _("Provenance"),
        "quality": _("Data quality"),
        "roads": _("Roads"),
        "warnings": _("Warnings"),
    }[name]


def _cover(pages: _Pages, run: Run, title: str, tables: Sequence[str]) -> None:
    """The first page: what this is, what was proven, what is modelled, how to read it."""
    _ = pages.translate
    titles = [sheet_title(name, _) for name in ("measures", *tables)]
    _front(pages, title, _cover_lines(run, _), titles)


def _front(
    pages: _Pages,
    title: str,
    lines: Sequence[tuple[str, str, dict[str, Any]]],
    titles: Sequence[str],
) -> None:
    """A first page: title, lines of label, text and looks, and a link to each sheet."""
    _, page = pages.translate, pages.page(sheet_title("cover", pages.translate))
    page.hide_gridlines(2)
    page.fit_to_pages(1, 1)
    page.set_column(0, 0, _COVER_LABEL)
    page.set_column(1, 1, _COVER_TEXT)
    page.set_row(0, 30)
    page.write_string(0, 0, title, pages.format(bold=True, font_size=18, font_color="#1F3864"))
    line = 1
    label = pages.format(bold=True, valign="top", font_color="#1F3864")
    for name, text, looks in lines:
        page.write_string(line, 0, name, label)
        page.write_string(line, 1, text, pages.format(text_wrap=True, valign="top", **looks))
        # Spreadsheets do not fit a row's height to text of another program's making.
        per_line = _COVER_TEXT * (1.2 if text.isascii() else 1.05)
        page.set_row(line, _LINE_PT * _lines(text, per_line) + 2)
        line += 1
    line += 1
    page.write_string(line, 0, _("Sheets"), label)
    link = pages.format(font_color="#0563C1", underline=1)
    for sheet in titles:
        page.write_url(line, 1, f"internal:'{sheet}'!A1", link, sheet)
        line += 1


def _cover_lines(run: Run, _: Translate) -> list[tuple[str, str, dict[str, Any]]]:
    """Label, text and looks of each line of the first page."""
    county = run.loaded.county
    said: list[tuple[str, str, dict[str, Any]]] = []
    if run.scenario:
        said.append((_("Scenario"), run.scenario, {}))
    if run.description:
        said.append(("", run.description, {"italic": True}))
    said.append((_("Status"), run.result.status.value, {"bold": True}))
    said += [(stage_text(p.stage, _), proof_text(p, _), {}) for p in run.result.proofs]
    items = modelled_text(county.provenance, _)
    if items:
        modelled = {"bg_color": "#FCE4D6"}
        said.append((_("Modelled, not given by the bureau"), items, modelled))
    else:
        said.append((_("Inputs"), _("All inputs given"), {}))
    said += [
        (
            _("How to read it"),
            _(
                "Today is the present deployment, judged by the same rules as the plan. Response "
                "is turn-out plus driving from the responsible station."
            ),
            {},
        ),
        ("", _("Officers required come from the workload model; officers in post are people."), {}),
        (
            "",
            _("Load is officers required per officer in post: above 1 there is too much work."),
            {},
        ),
        (
            "",
            _(
                "Change is plan less today, of shares in percentage points; red is a longer "
                "response, blue a shorter one."
            ),
            {},
        ),
        ("", _("Modelled values are no findings about the county."), {}),
    ]
    if credit := credited(run.loaded.case.spec):
        said.append((_("Data"), credit, {}))
    return said


def stage_text(stage: str, _: Translate) -> str:
    """Name of a stage of a decision."""
    return {
        "bundling": _("bundling"),
        "traffic": _("traffic consolidation"),
        "staffing": _("reassignment"),
        "auxiliaries": _("reassignment of auxiliaries"),
    }.get(stage, stage)


def proof_text(proof: Proof, _: Translate) -> str:
    """What is known of a stage: status, objective, bound and gap, in one line."""
    if proof.stage == "traffic" and proof.objective == 0.0:
        # No kilometre per officer: no squad was to be dissolved, or none manages a road.
        return _("nothing to decide")
    said = proof.status.value
    if proof.status is Status.OPTIMAL:
        said += f" ({_('proven: no plan under this policy is better')})"
    if proof.objective is not None:
        said += f"{_('; ')}{_('objective')} {proof.objective:,.3f} {_(proof.objective_unit)}"
    if proof.bound is not None:
        said += f"{_(', ')}{_('bound')} {proof.bound:,.3f}"
    if proof.gap_fraction is not None:
        said += f"{_(', ')}{_('gap')} {proof.gap_fraction:.2%}"
    return said


def _summary(pages: _Pages, rows: Sequence[MeasureRow]) -> None:
    """Today against the plan: figures as figures, each with the decimals of its measure."""
    _ = pages.translate
    header = (_("Measure"), _("Unit"), _("Today"), _("Plan"), _("Change"), _("Verdict"))
    widths = [max(cell_len(r.label) for r in rows) + 2.0, 8.0, 13.0, 13.0, 13.0, 12.0]
    name = sheet_title("measures", _)
    page = _headed(pages, name, header, ("text", "text", *["count"] * 3, "text"), widths)
    said = {"better": _("better"), "worse": _("worse"), "": ""}
    colour = {"better": "#1F5C99", "worse": "#B03A1E", "": "#000000"}
    for i, row in enumerate(rows, start=1):
        page.write_string(i, 0, row.label, pages.format(**_RULED))
        page.write_string(i, 1, row.unit, pages.format(**_RULED))
        decimals = "0." + "0" * row.digits if row.digits else "0"
        number = decimals + "%" if row.unit == "%" else "#,##" + decimals
        for j, value in ((2, row.today), (3, row.plan)):
            _figure(pages, page, (i, j), value, number)
        looks = {"font_color": colour[row.verdict]}
        if isinstance(row.today, str) or isinstance(row.plan, str):
            _figure(pages, page, (i, 4), row.change, number)
        else:
            digits = row.digits + 2 if row.unit == "%" else row.digits
            apart = round(row.plan - row.today, digits)
            _figure(pages, page, (i, 4), apart, f"+{number};-{number};0", **looks)
        page.write_string(i, 5, said[row.verdict], pages.format(indent=1, **_RULED, **looks))


def _table(pages: _Pages, sheet: Sheet) -> None:
    _ = pages.translate
    kinds = sheet.kinds or _kinds(sheet)
    widths = _widths(sheet, kinds)
    page = _headed(pages, sheet.title or sheet_title(sheet.name, _), sheet.header, kinds, widths)
    text = pages.format(num_format="@", indent=1, **_RULED)
    wrapped = pages.format(num_format="@", indent=1, text_wrap=True, **_RULED)
    plain = pages.format(**_RULED)
    formats = [
        pages.format(num_format=_FORMATS[k], **_RULED) if k in _FORMATS else plain for k in kinds
    ]
    for i, row in enumerate(sheet.rows, start=1):
        high = 1
        for j, value in enumerate(row):
            if isinstance(value, str):
                lines = _lines(value, widths[j] - 2)
                high = max(high, lines)
                page.write_string(i, j, value, wrapped if lines > 1 else text)
            elif value is None or math.isnan(value):
                page.write_blank(i, j, None, plain)
            elif math.isinf(value):
                page.write_string(i, j, _INFINITE, pages.format(align="right", **_RULED))
            else:
                page.write_number(i, j, value, formats[j])
        if high > 1:
            page.set_row(i, _LINE_PT * high)
    last = len(sheet.rows)
    if last:
        page.autofilter(0, 0, last, len(sheet.header) - 1)
    for j, kind in enumerate(kinds):
        if kind == "change_min" and last:
            _colour_changes(pages, page, j, last)


def _kinds(sheet: Sheet) -> tuple[Kind, ...]:
    """Figures are counts where a table does not say."""
    first = sheet.rows[0] if sheet.rows else ("",) * len(sheet.header)
    return tuple("text" if value is None or isinstance(value, str) else "count" for value in first)


def _colour_changes(pages: _Pages, page: Any, column: int, last: int) -> None:
    """Longer response red, shorter blue: a pair that a colour-blind reader tells apart."""
    for criteria, limit, fill in (
        (">=", _NOTICEABLE_MIN, "#F8CBAD"),
        ("<=", -_NOTICEABLE_MIN, "#BDD7EE"),
    ):
        page.conditional_format(
            1, column, last, column,
            {
                "type": "cell",
                "criteria": criteria,
                "value": limit,
                "format": pages.book.add_format({"bg_color": fill}),
            },
        )  # fmt: skip


def _headed(
    pages: _Pages, name: str, header: Sequence[str], kinds: Sequence[str], widths: Sequence[float]
) -> Any:
    """A sheet with its header, which stays in sight on the screen and on every printed page."""
    page = pages.page(name)
    high = 1
    for j, (text, kind, width) in enumerate(zip(header, kinds, widths, strict=True)):
        side = {"align": "left", "indent": 1} if kind == "text" else {"align": "right"}
        text = _broken(text, kind)
        page.write_string(0, j, text, pages.header(**side))
        page.set_column(j, j, width)
        high = max(high, _lines(text, width - 2))
    page.set_row(0, _LINE_PT * min(high, _HEADER_LINES) + 6)
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    return page


def _figure(
    pages: _Pages, page: Any, at: tuple[int, int], value: float | str, number: str, **looks: Any
) -> None:
    """A figure as a number; text and infinity as text on the right."""
    if isinstance(value, str) or not math.isfinite(value):
        shown = value if isinstance(value, str) else "" if math.isnan(value) else _INFINITE
        page.write_string(*at, shown, pages.format(align="right", **_RULED, **looks))
    else:
        page.write_number(*at, value, pages.format(num_format=number, **_RULED, **looks))


def _widths(sheet: Sheet, kinds: Sequence[Kind]) -> list[float]:
    """Width of each column for its content, and for a header of up to three lines."""
    found = []
    for j, header in enumerate(sheet.header):
        content = max((_width(row[j], kinds[j]) for row in sheet.rows[:_ROWS_MEASURED]), default=0)
        parts = _broken(header, kinds[j]).split("\n")
        # Chinese may be broken anywhere, English between words.
        if header.isascii():
            room = max(map(cell_len, header.split()), default=0)
            room = max(room, math.ceil(cell_len(header) / _HEADER_LINES) + 2)
        else:
            room = max(
                math.ceil(cell_len(parts[0]) / (_HEADER_LINES - 1)) + 1,
                *map(cell_len, parts[1:]),
                0,
            )
        need = max(content, room)
        found.append(float(min(max(need + 3, _LEAST_WIDE), _MOST_WIDE)))
    return found


def _broken(header: str, kind: str) -> str:
    """A Chinese header with its unit on a line of its own, so that no bracket stands alone."""
    return header if kind == "text" else header.replace("（", "\n（")


def _width(value: Cell, kind: Kind) -> int:
    if value is None:
        return 0
    if isinstance(value, str):
        return cell_len(value)
    shown = f"{value:,.0f}" if kind == "count" else f"{value:,.1f}"
    return len(shown) + (2 if kind == "fraction" else 1 if kind == "change_min" else 0)


def _lines(text: str, width: float) -> int:
    """Lines that `text` takes in a cell; Chinese characters are two columns wide."""
    return sum(max(1, math.ceil(cell_len(line) / width)) for line in text.split("\n"))
