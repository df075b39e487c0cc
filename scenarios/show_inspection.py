"""What `jingli validate` found, on the console: data quality, problems, scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optimizer.errors import Translate
from scenarios.barriers import barriers_text
from scenarios.load import Inspection
from scenarios.quality import quality_sheet, roads_sheet
from scenarios.scenario_checks import ScenarioCheck
from scenarios.show import say_long

# Layer and file lead the data-quality sheet; counts follow.
TEXT_COLUMNS = 2


def show_inspection(inspection: Inspection, console: Console, _: Translate) -> None:
    """Print the data-quality sheet and every problem."""
    sheet = quality_sheet(inspection, _)
    sheet_table = Table(
        title=_("Data quality"), title_justify="left", title_style="bold", header_style="bold"
    )
    *counted, missing = sheet.header
    for i, header in enumerate(counted):
        text = i < TEXT_COLUMNS
        sheet_table.add_column(
            header, justify="left" if text else "right", overflow="fold", no_wrap=not text
        )
    for row in sheet.rows:
        sheet_table.add_row(
            *(escape(Path(str(v)).name if i == 1 else str(v)) for i, v in enumerate(row[:-1]))
        )
    console.print(sheet_table)
    for row in sheet.rows:
        if row[-1]:
            console.print(escape(f"  {row[0]}{_(': ')}{missing}{_(': ')}{row[-1]}"))
    if inspection.roads is not None:
        roads = roads_sheet(inspection.roads, inspection.walk_in_km, _)
        console.print("[bold]" + roads.header[0])
        for what, value, remark in roads.rows:
            more = f" ({remark})" if remark else ""
            console.print(escape(f"  {what}{_(': ')}{value:,}{more}"), highlight=False)
    errors = [p for p in inspection.problems if p.severity == "error"]
    warnings = [p for p in inspection.problems if p.severity != "error"]
    for colour, title, found in (
        ("red", _("Errors"), errors),
        ("yellow", _("Warnings"), warnings),
    ):
        if found:
            console.print(f"[bold {colour}]{title} ({len(found)})")
            for problem in found:
                say_long("  - " + problem.text(_), console, colour)
    if inspection.loaded is not None:
        said = barriers_text(inspection.loaded.county, inspection.loaded.barriers, _)
        if said:
            say_long(said, console)
    for layer, frame in inspection.quarantined.items():
        console.print(
            _("{n} rows of {layer} set aside").format(n=len(frame), layer=layer), style="yellow"
        )


def show_checks(
    inspection: Inspection, checks: Sequence[ScenarioCheck], console: Console, _: Translate
) -> None:
    """Print which scenarios were checked, what is wrong with them, and whether all can be run."""
    if inspection.loaded is None:
        console.print(_("Scenarios are checked once the files are right."), style="yellow")
        return
    wrong: dict[str, list[str]] = {}
    for check in checks:
        for problem in check.problems or ():
            wrong.setdefault(problem.text(_), []).append(check.name or _("the case as it is"))
    if wrong:
        console.print(f"[bold red]{_('Errors in scenarios')} ({len(wrong)})")
        for text, names in wrong.items():
            say_long(f"  - [{', '.join(names)}] {text}", console, "red")
    checked = [c.name for c in checks if c.problems is not None and c.name is not None]
    if checked:
        console.print(
            escape(f"{_('Scenarios checked')} ({len(checked)}){_(': ')}{', '.join(checked)}")
        )
    left = [c.name for c in checks if c.problems is None and c.name is not None]
    if left:
        said = _("Not checked, because their road speeds have the files read anew; use -s: {names}")
        console.print(escape(said.format(names=", ".join(left))), style="yellow")
    if not wrong:
        console.print("[green]" + _("The case can be run."))
