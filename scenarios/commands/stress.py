"""`jingli stress`: what a plan stands before it breaks, against today."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    ALL_CORES,
    EXIT_PLAN,
    EXIT_STOPPED,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    asked_command,
    language_of,
    present_store,
    refuse_bad_folder,
    say_found,
)
from scenarios.commands.compiling import say_compiling
from scenarios.commands.progress_bar import Bar, Stop
from scenarios.language import Language

NAMES = (
    "surge", "market", "snow", "incidents", "strength", "far_end", "transition", "breaking",
)  # fmt: skip
"""As `scenarios.stress.NAMES`, which takes long to import."""


@click.command(
    "stress",
    help="Put a plan under stress, against today: surges, a market day, snow, two major "
    "incidents, missing crews, the weeks after the rollout; and which bundle breaks first. RUN is "
    "a run id or an output folder.",
)
@click.argument("asked", metavar="RUN")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(NAMES),
    help="Only this stress; may be repeated.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=None,
    help="YAML file with sizes of the stresses; the keys are in docs/stress.md.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="One such value, such as market_place=澄溪镇; may be repeated.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Random seed.")
@click.option("--replications", type=click.IntRange(2), help="Replications.")
@ALL_CORES
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, JSON and charts; none: print only.",
)
@STORE
@JSON
@LANG
def stress_command(
    asked: str,
    only: tuple[str, ...],
    config: Path | None,
    sets: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    workers: int,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.reopen import reopen
        from scenarios.stress import rules_from, stress_run
        from scenarios.stress_outputs import stress_document, write_stress

        rules, assumed = rules_from(config, sets, {"seed": seed, "replications": replications})
        with Progress(_, quiet=as_json) as progress:
            run = reopen(asked, present_store(store), progress.step)
        say_compiling(_)
        steps = {"stresses": _("Stresses"), "breaking": _("What breaks first")}
        with Bar(steps, quiet=as_json) as bar, Stop() as stop:

            def show(step: str, done: int, of: int) -> None:
                stop.check()
                bar.show(step, done, of)

            try:
                result = stress_run(
                    run, rules, only=only, assumed=assumed, workers=workers, progress=show
                )
            except KeyboardInterrupt:
                bar.close()
                click.echo(_("Stopped; nothing was written."), err=True)
                sys.exit(EXIT_STOPPED)
        document = stress_document(run, result, _)
        written: tuple[str, ...] = ()
        if out is not None:
            written = write_stress(run, result, document, out, _, asked_command())
        from scenarios.show_stress import show_stress

        say_found(
            lambda: document,
            partial(show_stress, run, result),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
    sys.exit(EXIT_PLAN)
