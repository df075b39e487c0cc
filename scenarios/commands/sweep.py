"""`jingli sweep`: many points of one scenario, what moves the answer, and the robust plan."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import (
    CASE,
    CLUSTER,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    EXIT_STOPPED,
    JSON,
    LANG,
    SETS,
    WORKERS,
    Failures,
    asked_command,
    console,
    language_of,
    refuse_bad_folder,
    written_text,
)
from scenarios.commands.progress_bar import Bar, Stop
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.sweep import Sweep
    from scenarios.sweep_points import Design

DIGEST_SHOWN = 10
RULES_SHOWN = 3
"""Sets of clashing rules that the console names, the most frequent first."""


@click.command("sweep", help="Solve many points of a scenario: what moves the answer, what lasts.")
@CASE
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@SETS
@click.option(
    "--grid",
    "grids",
    multiple=True,
    metavar="KEY=VALUES",
    help="Values of a key: first:last:step, or a list a,b,c; with --samples also first:last.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=None,
    help="Points of a Latin hypercube instead of every combination.",
)
@click.option(
    "--resample-years",
    "years",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=1,
    default=0,
    help="Years drawn anew from the alert log, by days, for each point; alone: 1.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed.")
@WORKERS
@CLUSTER
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for results, tornado and robust plan; default: one named after the sweep.",
)
@click.option("--yes", is_flag=True, help="Do it however many points there are.")
@JSON
@LANG
def sweep_command(
    case: str,
    scenario: str | None,
    sets: tuple[str, ...],
    grids: tuple[str, ...],
    samples: int | None,
    years: int,
    seed: int,
    workers: int,
    cluster: str | None,
    out: Path | None,
    yes: bool,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.sweep import prepare, run_sweep, sweep_digest
        from scenarios.sweep_outputs import robust_document, write_sweep
        from scenarios.sweep_points import parse_design
        from scenarios.sweep_store import Journal

        design = parse_design(grids, samples=samples, years=years, seed=seed)
        _refuse_too_many(design, yes)
        opened = open_case(case)
        if out is not None:
            refuse_bad_folder(out)
        world = prepare(opened, scenario, sets, design)
        digest = sweep_digest(world, design)
        folder = out if out is not None else Path(f"jingli-sweep-{digest[:DIGEST_SHOWN]}")
        refuse_bad_folder(folder)
        journal = Journal(folder.with_name(f"{folder.name}.journal"), digest)
        steps = {"points": _("Points"), "regret": _("Weighing the plans")}
        with Bar(steps, quiet=as_json) as bar, Stop() as stop:

            def show(step: str, done: int, of: int) -> None:
                stop.check()
                bar.show(step, done, of)

            try:
                sweep = run_sweep(
                    world,
                    design,
                    journal,
                    digest=digest,
                    workers=workers,
                    cluster=cluster,
                    progress=show,
                )
                written = write_sweep(sweep, folder, _, asked_command())
            except KeyboardInterrupt:
                journal.close()
                bar.close()
                # Read again: the interruption may have come between writing and counting.
                kept = sum("point" in e for e in Journal(journal.path, digest).entries)
                click.echo(_stopped(kept, len(design), _), err=True)
                sys.exit(EXIT_STOPPED)
            finally:
                journal.close()
        journal.remove()
        if as_json:
            import json

            document = robust_document(sweep) | {"folder": str(folder), "sweep_digest": digest}
            click.echo(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
        else:
            _show(sweep, folder, written, _)
    sys.exit(EXIT_PLAN if sweep.candidates else EXIT_NO_PLAN)


def _refuse_too_many(design: Design, yes: bool) -> None:
    from scenarios.sweep_points import MAX_POINTS_UNASKED

    if len(design) > MAX_POINTS_UNASKED and not yes:
        raise InputError(
            [
                Problem(
                    where="--grid",
                    value=f"{len(design):,}",
                    expected="{most} points at the most without --yes",
                    fix="take longer steps, draw --samples instead, or add --yes",
                    params={"most": f"{MAX_POINTS_UNASKED:,}"},
                )
            ]
        )


def _stopped(kept: int, of: int, _: Translate) -> str:
    return _("Stopped. {kept} of {n} points are kept; the same command goes on from there.").format(
        kept=kept, n=of
    )


def _show(sweep: Sweep, folder: Path, written: tuple[str, ...], _: Translate) -> None:
    """What a planner wants to know first: how many have a plan, what moves it, what lasts."""
    from rich.markup import escape
    from rich.table import Table

    from scenarios.sweep_outputs import measure_labels
    from scenarios.sweep_years import POISSON, year_kind
    from scenarios.tornado import SHOWN, as_drawn, tornado

    out = console()
    counts: dict[str, int] = {}
    for result in sweep.results:
        counts[result["status"]] = counts.get(result["status"], 0) + 1
    said = ", ".join(f"{s} {n:,}" for s, n in sorted(counts.items()))
    out.print(_("{n} points: {counts}").format(n=f"{len(sweep.results):,}", counts=said))
    for rules, n in Counter(r["why"] for r in sweep.results if r["why"]).most_common(RULES_SHOWN):
        out.print(_("No plan at {n} points: {rules}").format(n=f"{n:,}", rules=rules), markup=False)
    if sweep.design.years and year_kind(sweep.world.log) == POISSON:
        out.print(
            _("Years are modelled: no alert log, so counts are drawn from Poisson distributions.")
        )
    table = Table(title=_("What moves the answer"), title_justify="left", header_style="bold")
    for header in (_("Measure"), _("Assumption"), _("Least"), _("at"), _("Most"), _("at")):
        # At 80 columns a label is broken, never cut.
        table.add_column(header, overflow="fold")
    labels = measure_labels(_)
    for bar in tornado(sweep, SHOWN):
        if bar.swing > 0:
            least, most = (as_drawn(bar.measure, v) for v in (bar.smallest, bar.largest))
            cells = (labels[bar.measure], bar.key, f"{least:.4g}", bar.smallest_at,
                     f"{most:.4g}", bar.largest_at)  # fmt: skip
            table.add_row(*(escape(c) for c in cells))
    out.print(table)
    if sweep.candidates:
        best = sweep.candidates[0]
        out.print(
            _(
                "Robust bundling: {centres} centres; at most {most} officers dearer than the best "
                "at any point, {mean} on average; of the {n} points with a plan it is the best "
                "at {found} and breaks a rule at {breaks}. {judged} of {all} bundlings judged."
            ).format(
                centres=sum(len(b.station_ids) > 1 for b in best.plan.bundles),
                most=f"{best.max_regret:.3g}",
                mean=f"{best.mean_regret:.3g}",
                found=best.found_at,
                n=sum(r["plan"] is not None for r in sweep.results),
                breaks=best.breaks_at,
                judged=len(sweep.candidates),
                all=sweep.bundlings,
            )
        )
    out.print(written_text(folder, written, _), markup=False)
