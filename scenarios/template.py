"""A new case to fill in: a commented `case.yaml` and empty tables with Chinese headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import xlsxwriter
import yaml

from geo import crs as datums
from geo.atomic import atomic_folder, write_text
from geo.columns import Column, Schema
from geo.safe_text import write_csv
from optimizer.errors import InputError, Problem, Translate
from scenarios import layers
from scenarios.case import CASE_FILE

WORKBOOK = "填报表.xlsx"
Tables = Literal["xlsx", "csv"]
CATEGORIES = ("刑事", "治安", "交通", "纠纷", "求助")
_CHOICES = {"kind": ("城区", "农村"), "yes_no": ("是", "否")}
_ROWS_CHECKED = 5000
_TEXT_FORMAT = 49
"""Excel's own number of the format "@"."""
# The same template is the same bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the wizard asks.

    Attributes:
        name: The county's name.
        crs: Datum of the coordinates.
        tables: One workbook, or a CSV file per table.
        squads: The traffic squads are part of the question.
        units: The functional units are.
    """

    name: str
    crs: str = "WGS84"
    tables: Tables = "xlsx"
    squads: bool = False
    units: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    layer: str
    title: str
    schema: Schema
    more: tuple[str, ...] = ()

    def headers(self) -> list[tuple[str, Column | None]]:
        """Header and column; the first name of a column that Jingli understands besides its own."""
        own: list[tuple[str, Column | None]] = [
            (c.aliases[0], c) for c in self.schema.columns if c.name != _LOAD_BY_MINUTES
        ]
        return [*own, *((h, None) for h in self.more)]


_LOAD_BY_MINUTES = "workload_officer_min_per_year"
_SHEETS = (
    _Sheet(layer="stations", title="派出所", schema=layers.STATIONS),
    _Sheet(
        layer="cells",
        title="村社",
        schema=layers.CELLS,
        more=tuple(f"年警情_{c}" for c in CATEGORIES),
    ),
    _Sheet(layer="squads", title="交巡警中队", schema=layers.SQUADS),
    _Sheet(layer="units", title="职能单位", schema=layers.UNITS),
)


def write_template(folder: Path, answers: Answers, _: Translate) -> tuple[str, ...]:
    """Write a new case into `folder`.

    Returns:
        Names of the files.

    Raises:
        InputError: the folder holds something, or cannot be written; an unknown datum; no name.
    """
    _check(answers)
    with atomic_folder(folder) as building:
        write_text(building / CASE_FILE, case_text(answers, _))
        if answers.tables == "csv":
            for sheet in _SHEETS:
                write_csv(building / f"{sheet.title}.csv", [h for h, _c in sheet.headers()], [])
        else:
            _write_workbook(building / WORKBOOK, _)
        return tuple(sorted(p.name for p in building.iterdir()))


def _check(answers: Answers) -> None:
    problems = []
    if not answers.name.strip():
        problems.append(
            Problem(where="--name", expected="the county's name", fix="give it with --name")
        )
    if not datums.is_known(answers.crs):
        problems.append(
            Problem(
                where="--crs",
                value=answers.crs,
                expected="WGS84, CGCS2000, GCJ02, BD09 or EPSG: and a number",
                fix="Amap and Tencent give GCJ02, Baidu BD09, survey data mostly CGCS2000",
            )
        )
    if problems:
        raise InputError(problems)


def case_text(answers: Answers, _: Translate) -> str:
    """The `case.yaml` of a new case, every part with a comment."""
    lines = [
        *_comment(
            _("Fill in the tables beside this file, then run jingli validate on the folder."), ""
        ),
        "jingli: 1",
        f"name: {scalar(answers.name)}",
        "layers:",
        *_comment(
            _("crs is the datum of longitude and latitude: WGS84, CGCS2000, GCJ02 (Amap), BD09.")
        ),
    ]
    used = {"stations": True, "cells": True, "squads": answers.squads, "units": answers.units}
    notes = {
        "stations": _("One row per police station."),
        "cells": _("One row per village or community: a point, or boundaries in a GIS file."),
        "squads": _("Traffic squads; take the # away when the table is filled in."),
        "units": _("Functional units; take the # away when the table is filled in."),
    }
    for sheet in _SHEETS:
        lines += _comment(notes[sheet.layer])
        mark = "" if used[sheet.layer] else "# "
        lines.append(f"  {mark}{sheet.layer}: {_layer(sheet, answers)}")
    lines += [
        *_comment(_("Modelled roads join the villages; real ones: {path: roads.shp}")),
        "  roads: modelled",
        "policy:",
        *_comment(_("Response standards in minutes.")),
        "  response: {urban_min: 10, rural_min: 30}",
        *_comment(_("true: the squads end and stations take their roads.")),
        f"  traffic: {{dissolve_squads: {'true' if answers.squads else 'false'}}}",
        *_comment(_("Add in the same braces what applies; all keys: jingli schema.")),
        "  #   joint: true, duty_stations: 15, split_by_class: true, min_checkpoint_coverage: 0.8",
        *_comment(_("At most so many officers change unit; leave it out for no limit.")),
        "  # staffing: {max_moves: 30}",
        *_comment(_("Rules of reassignment: floors, qualifications, pairing, rotation, ways.")),
        "  # reassignment: {floors: {rural_stations: 5}, max_move_min: 60}",
        *_comment(_("Shifts, and auxiliaries beside officers, for jingli strength.")),
        "  # strength: {shift_starts_hours: [0, 8, 16], auxiliaries: {community_per_officer: 2}}",
        *_comment(_("Rosters: shifts, and slots by head count where officers are not all alike.")),
        "  # roster:",
        "  #   pattern: three_shift",
        "  #   groups: [{count: 4, qualifications: [firearm]}, {count: 8}]",
        "  #   qualified_on_duty: {firearm: 1}",
        *_comment(
            _("No township waits so many minutes longer than today; leave it out for no limit.")
        ),
        "  # equity: {max_township_loss_min: 10}",
        *_comment(_("Rules on a log of alerts, for jingli alerts and jingli repeats."), ""),
        "# alert_rules:",
        "#   repeats: {alerts: 3, days: 30, radius_m: 30, kinds: {quarrels: [dispute, family]}}",
        "#   rhythm: {top_places: 10, due: {red: 3, yellow: 7, blue: 15}}",
        "#   forecast: {use: true, growth_scenarios: {low: -0.05, high: 0.05}}",
        '#   visibility: {night: "20:00-04:00", visit_min: 15}',
        *_comment(_("What-ifs; run one with -s."), ""),
        "scenarios:",
        "  free:",
        f"    description: {scalar(_('Jingli chooses how many and which stations are bundled.'))}",
        "  # eight_centres:",
        "  #   extends: free",
        "  #   policy: {bundling.centres: 8}",
        "default_scenario: free",
    ]
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str = "  ") -> Iterator[str]:
    yield f"{indent}# {text}"


def _layer(sheet: _Sheet, answers: Answers) -> str:
    parts = (
        [f"path: {WORKBOOK}", f"sheet: {sheet.title}"]
        if answers.tables == "xlsx"
        else [f"path: {sheet.title}.csv"]
    )
    return "{" + ", ".join([*parts, f"crs: {scalar(answers.crs)}"]) + "}"


def scalar(text: str) -> str:
    """Text as YAML that reads as that text."""
    return yaml.safe_dump([text], allow_unicode=True, default_flow_style=True, width=10_000)[1:-2]


def _write_workbook(path: Path, _: Translate) -> None:
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": _CREATED})
    text = book.add_format({"num_format": _TEXT_FORMAT})
    needed = book.add_format({"bold": True, "bg_color": "#FFF2CC", "border": 1})
    optional = book.add_format({"bold": True, "bg_color": "#EDEDED", "border": 1})
    for sheet in _SHEETS:
        page = book.add_worksheet(sheet.title)
        page.freeze_panes(1, 0)
        for i, (header, column) in enumerate(sheet.headers()):
            required = column is not None and column.required
            page.write_string(0, i, header, needed if required else optional)
            page.write_comment(0, i, _note(column, required, _))
            # Excel would make 1 of 001 in any other column.
            is_text = column is not None and column.kind in ("id", "id_list", "text")
            page.set_column(i, i, 14, text if is_text else None)
            choices = _choices(column)
            if choices:
                page.data_validation(
                    1, i, _ROWS_CHECKED, i, {"validate": "list", "source": list(choices)}
                )
    book.close()


def _choices(column: Column | None) -> Sequence[str]:
    if column is None:
        return ()
    return _CHOICES["kind"] if column.kind == "choice" else _CHOICES.get(column.kind, ())


def _note(column: Column | None, required: bool, _: Translate) -> str:
    if column is None:
        return _("Alerts a year of this kind; rename, add or delete such columns as you need.")
    said = _("required") if required else _("may stay empty")
    if column.kind == "id_list":
        said += "; " + _("several ids with ; between them")
    return f"{column.name}: {said}"
