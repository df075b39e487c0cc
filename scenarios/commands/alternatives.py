"""`jingli alternatives`: the next best plans, different ones, and what all of them share."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    SETS,
    Failures,
    Progress,
    asked_command,
    language_of,
    refuse_bad_folder,
    say_found,
)
from scenarios.commands.progress_bar import Bar
from scenarios.language import Language


@click.command(
    "alternatives",
    help="The next best plans with a proof that none is missing, truly different ones, and which "
    "bundles all of them share.",
)
@CASE
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@SETS
@click.option("--best", type=click.IntRange(1, 10_000), default=10, help="Best plans; 10.")
@click.option(
    "--within",
    default="1%",
    metavar="OFFICERS|%",
    help="Plans that count as near-optimal: officers above the best, or a share of its price; 1%.",
)
@click.option("--diverse", type=click.IntRange(1, 100), default=5, help="Different plans; 5.")
@click.option(
    "--share",
    type=click.FloatRange(0.0, 1.0),
    default=0.3,
    help="Least share of a different plan's bundles that are not in an earlier one; 0.3.",
)
@click.option("--hosts", is_flag=True, help="The same bundles under another centre count apart.")
@click.option(
    "--years",
    type=click.IntRange(0, 100_000),
    default=200,
    help="Years of alerts to draw and solve anew; 200, 0 for none.",
)
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of the drawn years; 1.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    help="Processes for the drawn years; the result does not depend on them. 1.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, picture and plan files.",
)
@JSON
@LANG
def alternatives_command(
    case: str,
    scenario: str | None,
    sets: tuple[str, ...],
    best: int,
    within: str,
    diverse: int,
    share: float,
    hosts: bool,
    years: int,
    seed: int,
    workers: int,
    out: Path | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        from scenarios.alternatives import study_alternatives
        from scenarios.alternatives_outputs import document, write_alternatives
        from scenarios.case import open_case

        if out is not None:
            refuse_bad_folder(out)
        opened = open_case(case)
        with Bar({"years": _("Years")}, quiet=as_json) as bar:
            study = study_alternatives(
                opened,
                scenario,
                sets,
                best=best,
                within=within,
                diverse=diverse,
                share_fraction=share,
                with_hosts=hosts,
                years=years,
                seed=seed,
                workers=workers,
                progress=lambda step: None,
                year_progress=lambda done, of: bar.show("years", done, of),
            )
        written: tuple[str, ...] = ()
        if out is not None and study.best.plans:
            with Progress(_, quiet=as_json) as progress:
                progress.step("writing")
                written = write_alternatives(study, out, _, language, asked_command())
        from scenarios.show_alternatives import show_alternatives

        say_found(
            partial(document, study, _),
            partial(show_alternatives, study),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
    sys.exit(EXIT_PLAN if study.best.plans else EXIT_NO_PLAN)
