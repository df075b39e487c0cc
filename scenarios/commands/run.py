"""`jingli run`: propose a plan, prove it, score it, keep it."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    CASES,
    CLUSTER,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    SETS,
    STORE,
    WORKERS,
    Failures,
    language_of,
    opened_store,
    refuse_bad_folder,
)
from scenarios.commands.run_job import RunJob
from scenarios.commands.steering import Steering, refuse_for_province, steering_options
from scenarios.language import Language


@click.command(
    "run",
    help="Run a case: propose a plan, prove it, score it against today. Several cases, or a "
    "folder of cases, are the counties of a province: one county a task, one table.",
)
@CASES
@click.option(
    "-s",
    "--scenario",
    "scenarios",
    multiple=True,
    help="Scenario; several by repeating it, combined by +; default: the case's own.",
)
@SETS
@steering_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for plan, tables, map and GeoPackage; none: print only.",
)
@click.option(
    "--across",
    metavar="COUNTY,COUNTY",
    multiple=True,
    help="Of several cases: counties (folder names) between which bundles may cross. They are "
    "solved as one county; needs --out. May be repeated.",
)
@STORE
@click.option("--no-store", is_flag=True, help="Neither look in the run store nor keep the run.")
@click.option("--again", is_flag=True, help="Solve again even if the run store has the answer.")
@click.option(
    "--dry-run", is_flag=True, help="Read and check everything; say what would be computed."
)
@WORKERS
@CLUSTER
@JSON
@LANG
def run_command(
    cases: tuple[str, ...],
    scenarios: tuple[str, ...],
    sets: tuple[str, ...],
    steering: Steering,
    out: Path | None,
    across: tuple[str, ...],
    store: str | None,
    no_store: bool,
    again: bool,
    dry_run: bool,
    workers: int,
    cluster: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    asked: tuple[str | None, ...] = tuple(dict.fromkeys(scenarios)) or (None,)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.counties import case_folders
        from scenarios.prepared import Prepared

        typed = case_folders(cases)
        if len(typed) > 1:
            from scenarios.commands.run_counties import run_counties

            refuse_for_province(steering)
            keeper = nullcontext() if no_store else opened_store(store)
            with keeper as open_store:
                sys.exit(
                    run_counties(
                        typed,
                        scenarios,
                        sets,
                        out=out,
                        across=across,
                        store=open_store,
                        again=again,
                        dry_run=dry_run,
                        workers=workers,
                        cluster=cluster,
                        as_json=as_json,
                        lang=lang,
                    )
                )
        if across:
            raise InputError([_one_county(typed)])
        [case] = typed
        opened = open_case(case)
        # Every mistake in a name or a value before the first run.
        for name in asked:
            opened.scenario(name, sets)
        prepared = Prepared(opened)
        if steering:
            sets = steering.sets(prepared, asked[0], sets, lambda: opened_store(store, make=False))
            for name in asked:
                opened.scenario(name, sets)
        folders = _folders(out, asked)
        for folder in folders:
            if folder is not None:
                refuse_bad_folder(folder)
        keeper = nullcontext() if no_store else opened_store(store, make=not dry_run)
        with keeper as open_store:
            job = RunJob(
                typed=case,
                case=opened,
                prepared=prepared,
                sets=sets,
                store=open_store,
                again=again,
                as_json=as_json,
                lang=lang,
                language=language,
                translate=_,
            )
            if dry_run:
                job.foresee(asked)
                sys.exit(EXIT_PLAN)
            has_plan = job.run(asked, folders)
    sys.exit(EXIT_PLAN if has_plan else EXIT_NO_PLAN)


def _one_county(typed: tuple[str, ...]) -> Problem:
    return Problem(
        where="--across",
        value=", ".join(typed),
        expected="several cases, the counties of a province",
        fix="name the cases of all counties, or their folder",
    )


def _folders(out: Path | None, asked: tuple[str | None, ...]) -> tuple[Path | None, ...]:
    """Where each scenario's files go: `out` itself, or a folder in it for each of several.

    Raises:
        InputError: two scenarios whose names would be the same folder.
    """
    if out is None or len(asked) == 1:
        return (out,) * len(asked)
    names = [re.sub(r"[^\w.+-]", "_", str(name)).strip(".") or "_" for name in asked]
    if len({n.casefold() for n in names}) < len(names):
        raise InputError(
            [
                Problem(
                    where="--out",
                    value=", ".join(map(str, asked)),
                    expected="scenarios whose names are different folder names",
                    fix="run them one at a time, each with its own --out",
                )
            ]
        )
    return tuple(out / name for name in names)
