"""A kept plan on the console, readable at 80 columns, with colour and without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from optimizer.county import Provenance
from optimizer.errors import Translate
from optimizer.plan import Move
from optimizer.result import Status
from scenarios.compare import (
    MeasureRow,
    TownshipChange,
    measures,
    township_changes,
)
from scenarios.documents import proof_documents
from scenarios.kept import KeptRun
from scenarios.provenance import modelled_text
from scenarios.role_tables import roles_told
from scenarios.show_lines import (
    Cell,
    Column,
    further_losers_text,
    grid,
    listed,
    paragraph,
    wrapped,
)
from scenarios.sizes import sizes_text
from scenarios.steered import steered_text
from scenarios.tables import kind_text, office_names, reason_text
from scenarios.titles import case_title
from scenarios.workbook import proof_text, stage_text

HEADLINES = (
    "centres",
    "stations_bundled",
    "duty_posts",
    "officers_required_stations",
    "officers_freed",
    "mean_response_min",
    "p90_response_min",
    "share_within_fraction",
    "worst_township",
    "worst_township_response_min",
    "residents_losing_standard",
    "mismatch_fraction",
    "mismatch_today_regrouped_fraction",
    "load_max",
    "road_km_per_officer_max",
    "officers_reassigned",
)
"""Measures that are shown without `--full`."""
ROWS_SHOWN = 5
_INDENT = "  "
_STATUS_COLOURS = {
    Status.OPTIMAL: "green",
    Status.FEASIBLE: "yellow",
    Status.INFEASIBLE: "red",
    Status.UNKNOWN: "red",
}
_VERDICTS = {"better": ("✓", "green"), "worse": ("✗", "red"), "": (" ", "")}


def show_plan(kept: KeptRun, console: Console, _: Translate, *, full: bool) -> None:
    """Print a plan: what it is, what it changes, who loses, what is modelled, what was proven.

    Args:
        kept: The run.
        console: Where to; nothing is wider than it.
        _: Translation.
        full: All measures, moves, road duties and townships, not the first few.
    """
    out = Paper(console, _)
    title = case_title(kept.case_name, kept.scenario)
    out.lines(paragraph(title, out.width, style="bold"))
    out.lines([Text("─" * min(out.width, cell_len(title)), style="dim")])
    out.facts(_facts(kept, _))
    _show_measures(kept, out, full)
    _show_bundles(kept, out)
    _show_moves(kept, out, full)
    _show_roads(kept, out, full)
    _show_townships(kept, out, full)
    _show_proofs(kept, out)
    if not full:
        out.lines([Text()])
        out.lines(paragraph(_("--full shows every row."), out.width, style="dim"))


class Paper:
    """Prints lines that are no wider than the screen, under headings."""

    def __init__(self, console: Console, translate: Translate) -> None:
        self._console = console
        self.translate = translate
        self.width = console.width

    def lines(self, lines: Iterable[Text]) -> None:
        """Lines as they are."""
        for line in lines:
            # They fit by construction: the terminal must not break them again.
            self._console.print(line, soft_wrap=True)

    def heading(self, text: str, remark: str = "") -> None:
        """A heading after a blank line, and a remark under it."""
        self.lines([Text()])
        self.lines(paragraph(text, self.width, style="bold cyan"))
        if remark:
            self.say(remark)

    def say(self, text: str, style: str = "") -> None:
        """A paragraph."""
        self.lines(paragraph(text, self.width, _INDENT, style))

    def facts(self, facts: Sequence[tuple[str, str, str]]) -> None:
        """Label, text and style of each; the texts stand under one another."""
        column = max(cell_len(label) for label, _text, _style in facts) + 2
        for label, text, style in facts:
            parts = wrapped(text, max(10, self.width - column))
            for k, part in enumerate(parts):
                line = Text()
                shown = label if k == 0 else ""
                line.append(shown + " " * (column - cell_len(shown)), style="dim")
                line.append(part, style=style or None)
                self.lines([line])

    def grid(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """A table."""
        indent = Text(_INDENT)
        for line in grid(columns, rows, self.width - len(_INDENT)):
            self.lines([indent + line])

    def more(self, hidden: int) -> None:
        """How many rows are not shown."""
        if hidden > 0:
            self.say(self.translate("… {n} more").format(n=hidden), "dim")


def _facts(kept: KeptRun, _: Translate) -> list[tuple[str, str, str]]:
    facts = [(_("Run"), kept.label, "")]
    if kept.created_at is not None:
        facts.append((_("When"), f"{kept.created_at.astimezone():%Y-%m-%d %H:%M}", ""))
    facts.append((_("Status"), kept.status, _STATUS_COLOURS[Status(kept.status)]))
    items = modelled_text([Provenance(item=i, origin="modelled") for i in kept.modelled], _)
    if items:
        facts.append((_("Modelled"), items, "magenta"))
    else:
        facts.append((_("Inputs"), _("All inputs given"), ""))
    if kept.steered:
        facts.append((_("Steered by hand"), steered_text(kept.steered, _), ""))
    for i, (key, value) in enumerate(kept.overrides.items()):
        facts.append((_("Changed") if i == 0 else "", f"{key} = {value or '-'}", ""))
    return facts


def _show_measures(kept: KeptRun, out: Paper, full: bool) -> None:
    _ = out.translate
    rows = [m for m in measures(kept.today, kept.evaluation, _) if full or m.name in HEADLINES]
    out.heading(_("Today against the plan"))
    columns = (
        Column(header=_("Measure"), gives_way=True),
        Column(header=_("Today"), figures=True),
        Column(header=_("Plan"), figures=True),
        Column(header=_("Change"), figures=True),
    )
    out.grid(columns, [_measure_cells(m) for m in rows])


def _measure_cells(row: MeasureRow) -> tuple[Cell, ...]:
    # A sign beside the colour, for those who cannot see it and for paper.
    sign, colour = _VERDICTS[row.verdict]
    change = (f"{row.change} {sign}", colour)
    return (row.heading, row.shown(row.today), row.shown(row.plan), change)


def _show_bundles(kept: KeptRun, out: Paper) -> None:
    _ = out.translate
    bundles = [b for b in kept.evaluation.bundles if len(b.station_ids) > 1]
    out.heading(_("Bundles"))
    if not bundles:
        out.say(_("No stations are bundled."))
        return
    columns = (
        Column(header=_("Centre station")),
        Column(header=_("Police offices"), gives_way=True),
        Column(header=_("Freed"), figures=True),
        Column(header=_("Response, min"), figures=True),
        Column(header=_("Within"), figures=True),
    )
    out.grid(
        columns,
        [
            (
                (b.centre_name, "bold"),
                listed(office_names(b)),
                f"{b.officers_freed:.1f}",
                f"{b.mean_response_today_min:.1f} → {b.mean_response_min:.1f}",
                (f"{b.share_within_fraction:.0%} ✓", "")
                if b.meets_response_standard
                else (f"{b.share_within_fraction:.0%} ✗", "red"),
            )
            for b in bundles
        ],
    )
    out.say(_("By size: {sizes}").format(sizes=sizes_text(bundles, _)))
    alone = len(kept.evaluation.bundles) - len(bundles)
    if alone:
        out.say(_("Stations that stay as they are: {n}").format(n=alone))


def _show_moves(kept: KeptRun, out: Paper, full: bool) -> None:
    _, plan = out.translate, kept.plan
    out.heading(_("Officers who change unit"))
    if not plan.moves:
        out.say(_("Nobody moves."))
        return
    for reason in ("bundle", "road_duty", "reassign"):
        total = sum(m.officers for m in plan.moves if m.reason == reason)
        if total:
            out.say(_("{n} officers: {reason}").format(n=total, reason=reason_text(reason, _)))
    for line in roles_told(plan, _):
        out.say(line)
    moved = [m for m in plan.moves if m.reason == "reassign"]
    if full:
        _show_every_move(kept, plan.moves, out)
    elif moved:
        _show_receivers(kept, moved, out)


def _show_receivers(kept: KeptRun, moved: Sequence[Move], out: Paper) -> None:
    """Who gains officers by reassignment, and from where: the greatest gains first."""
    _, name = out.translate, kept.names
    kinds = {u.unit_id: u.kind for u in kept.evaluation.units}
    gains: dict[str, int] = {}
    for m in moved:
        gains[m.to_id] = gains.get(m.to_id, 0) + m.officers
    columns = (
        Column(header=_("Reassigned to")),
        Column(header=_("Kind")),
        Column(header=_("Officers"), figures=True),
        Column(header=_("From"), gives_way=True),
    )
    out.grid(
        columns,
        [
            (
                name[unit],
                kind_text(kinds[unit], _),
                f"+{n}",
                listed(f"{name[m.from_id]}({m.officers})" for m in moved if m.to_id == unit),
            )
            for unit, n in sorted(gains.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def _show_every_move(kept: KeptRun, moves: Sequence[Move], out: Paper) -> None:
    _, name = out.translate, kept.names
    columns = (
        Column(header=_("From")),
        Column(header=_("To")),
        Column(header=_("Officers"), figures=True),
        Column(header=_("Reason"), gives_way=True),
    )
    out.grid(
        columns,
        [
            (name[m.from_id], name[m.to_id], str(m.officers), reason_text(m.reason, _))
            for m in moves
        ],
    )


def _show_roads(kept: KeptRun, out: Paper, full: bool) -> None:
    _, roads = out.translate, kept.evaluation.roads
    if not roads:
        return
    name, dissolved = kept.names, kept.plan.dissolved_squad_ids
    out.heading(_("Road duty"))
    if dissolved:
        out.say(
            _("Squads that end: {n}; stations that take over their roads: {stations}").format(
                n=len(dissolved), stations=kept.evaluation.duty_stations
            )
        )
    columns = (
        Column(header=_("Unit")),
        Column(header=_("Managed road, km"), figures=True),
        Column(header=_("Road officers"), figures=True),
        Column(header=_("km per officer"), figures=True),
        Column(header=_("Roads of"), gives_way=True),
    )
    shown = sorted(roads, key=lambda r: (-r.km_per_officer, r.duty_id))
    out.grid(
        columns,
        [
            (
                r.duty_name,
                f"{r.road_km:.1f}",
                str(r.officers),
                f"{r.km_per_officer:.1f}".replace("inf", "∞"),
                listed(name[s] for s in r.jurisdiction_ids),
            )
            for r in (shown if full else shown[:ROWS_SHOWN])
        ],
    )
    out.more(0 if full else len(shown) - ROWS_SHOWN)


def _show_townships(kept: KeptRun, out: Paper, full: bool) -> None:
    _, changes = out.translate, township_changes(kept.today, kept.evaluation)
    losers = [c for c in changes if c.loses]
    winners = [c for c in changes if c.gains]
    out.heading(
        _("Townships: {lose} lose, {gain} gain, {same} as before").format(
            lose=len(losers), gain=len(winners), same=len(changes) - len(losers) - len(winners)
        )
    )
    shown = changes if full else tuple(losers[:ROWS_SHOWN])
    if not shown:
        return
    columns = (
        Column(header=_("Township")),
        Column(header=_("Responsible in the plan"), gives_way=True),
        Column(header=_("Response, min"), figures=True),
        Column(header=_("Change"), figures=True),
        Column(header=_("Within"), figures=True),
        Column(header=_("Residents"), figures=True),
    )
    out.grid(columns, [_township_cells(c) for c in shown])
    if not full and (said := further_losers_text(losers[ROWS_SHOWN:], _)):
        out.say(said)


def _township_cells(one: TownshipChange) -> tuple[Cell, ...]:
    change = one.mean_response_change_min
    lost, gained = one.loses, one.gains
    sign, colour = _VERDICTS["worse" if lost else "better" if gained else ""]
    return (
        one.plan.township,
        one.plan.responsible,
        f"{one.today.mean_response_min:.1f}→{one.plan.mean_response_min:.1f}",
        (f"{change:+.1f} {sign}" if lost or gained else "0 ", colour),
        f"{one.today.share_within_fraction:.0%}→{one.plan.share_within_fraction:.0%}",
        f"{one.plan.population:,.0f}",
    )


def _show_proofs(kept: KeptRun, out: Paper) -> None:
    _ = out.translate
    out.heading(_("Proof"))
    out.facts([(_INDENT + stage_text(p.stage, _), proof_text(p, _), "") for p in kept.proofs])


def plan_document(kept: KeptRun) -> dict[str, Any]:
    """The run for machines: what `jingli run --json` says, and the decisions."""
    return {
        "run": kept.label,
        "created_at": None if kept.created_at is None else kept.created_at.isoformat(),
        "case": kept.case_name,
        "case_typed": kept.case_typed,
        "scenario": kept.scenario,
        "status": kept.status,
        "proofs": proof_documents(kept.proofs),
        "modelled": list(kept.modelled),
        "overrides": dict(kept.overrides),
        "steered": [s.document() for s in kept.steered],
        "today": kept.today.to_dict(),
        "plan": kept.evaluation.to_dict(),
        "decisions": asdict(kept.plan),
    }
