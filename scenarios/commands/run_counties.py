"""`jingli run` of several cases: the counties of a province, one county a task, one table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import (
    EXIT_NO_PLAN,
    EXIT_PLAN,
    EXIT_STOPPED,
    console,
    language_of,
    print_json,
    refuse_bad_folder,
)
from scenarios.commands.progress_bar import Bar, Stop
from scenarios.commands.run_job import Done, RunJob
from scenarios.language import Language

JOINT_CASES = "_joint"
"""Folder of the joint cases in a province's output."""

if TYPE_CHECKING:
    from scenarios.counties import CountyCase
    from scenarios.store import Store


def run_counties(
    typed: Sequence[str],
    scenarios: Sequence[str],
    sets: tuple[str, ...],
    *,
    out: Path | None,
    across: Sequence[str] = (),
    store: Store | None,
    again: bool,
    dry_run: bool,
    workers: int,
    cluster: str | None,
    as_json: bool,
    lang: Language | None,
) -> int:
    """Read all counties, solve what the store does not have, keep, write and show them.

    A run that was stopped or killed goes on where it stopped: finished counties are in the store.

    Returns:
        The exit code.

    Raises:
        InputError: every problem of every county before anything is solved.
    """
    language, _ = language_of(lang)
    if len(scenarios) > 1:
        raise InputError([_several_scenarios(scenarios)])
    scenario = next(iter(scenarios), None)
    if across and out is None:
        raise InputError([_no_place(across)])
    folders = _folders(out, typed)
    for folder in folders:
        if folder is not None:
            refuse_bad_folder(folder)
    from scenarios.counties import read_counties, solve_counties

    steps = {"reading": _("Reading"), "counties": _("Counties")}
    with Bar(steps, quiet=as_json) as bar, Stop() as stop:
        counties = read_counties(
            typed, scenario, sets, lambda done, of: bar.show("reading", done, of)
        )
        if across and out is not None:
            from scenarios.joint_case import joined

            groups = [tuple(n.strip() for n in group.split(",") if n.strip()) for group in across]
            counties = joined(counties, groups, out / JOINT_CASES)
            folders = _folders(out, [c.typed for c in counties])
        jobs = [
            RunJob(
                typed=c.typed,
                case=c.case,
                prepared=c.prepared,
                sets=c.sets,
                store=store,
                again=again,
                # The bar shows the progress, and one table all counties.
                as_json=True,
                lang=lang,
                language=language,
                translate=_,
            )
            for c in counties
        ]
        if dry_run:
            bar.close()
            _foresee(jobs, counties, as_json=as_json, lang=lang)
            return EXIT_PLAN
        done: dict[int, Done] = {}

        def keep(row: int, one: Done) -> None:
            done[row] = one
            bar.show("counties", len(done), len(counties))
            stop.check()

        try:
            todo = []
            for row, (county, job) in enumerate(zip(counties, jobs, strict=True)):
                if job.known(county.loaded):
                    keep(row, job.one(county.scenario, folders[row]))
                else:
                    todo.append(row)
            solving = [counties[row] for row in todo]
            for at, result in solve_counties(solving, workers=workers, cluster=cluster):
                row = todo[at]
                keep(row, jobs[row].one(counties[row].scenario, folders[row], result))
        except KeyboardInterrupt:
            bar.close()
            click.echo(_stopped(done.values(), len(counties), _), err=True)
            sys.exit(EXIT_STOPPED)
    ordered = [done[row] for row in range(len(counties))]
    if out is not None:
        from scenarios.province import write_province

        joint = [
            c.loaded.county.name for c in counties if Path(c.typed).parent == out / JOINT_CASES
        ]
        runs = list(zip([d.run for d in ordered], folders, strict=True))
        write_province(runs, joint, out, _, language)
    _show(ordered, counties, out, as_json=as_json, translate=_)
    for one in ordered:
        if one.refusal is not None:
            raise one.refusal
    return EXIT_PLAN if all(d.run.plan is not None for d in ordered) else EXIT_NO_PLAN


def _show(
    ordered: Sequence[Done],
    counties: Sequence[CountyCase],
    out: Path | None,
    *,
    as_json: bool,
    translate: Translate,
) -> None:
    _ = translate
    if as_json:
        from scenarios.counties import totals_document

        documents = [
            d.document() | {"case_folder": c.typed} for d, c in zip(ordered, counties, strict=True)
        ]
        province = totals_document([d.run for d in ordered])
        print_json({"counties": documents, "province": province})
        return
    from scenarios.show_counties import show_counties

    paper = console()
    joint = [
        c.loaded.county.name
        for c in counties
        if out is not None and Path(c.typed).parent == out / JOINT_CASES
    ]
    show_counties([(d.run, d.run_id, d.found) for d in ordered], paper, _, joint)
    if out is not None:
        line = _("Written to {folder}: a folder for each county with a plan").format(folder=out)
        paper.print(line, markup=False)


def _foresee(
    jobs: Sequence[RunJob],
    counties: Sequence[CountyCase],
    *,
    as_json: bool,
    lang: Language | None,
) -> None:
    from scenarios.show_dry_run import show_foreseen

    _language, _ = language_of(lang)
    found = [job.foreseen(c.scenario) for job, c in zip(jobs, counties, strict=True)]
    if as_json:
        print_json([document for document, _overrides in found])
        return
    for document, overrides in found:
        show_foreseen(document, overrides, console(), _)


def _no_place(across: Sequence[str]) -> Problem:
    return Problem(
        where="--across",
        value=" ".join(across),
        expected="--out with a folder: the joint case is written into it",
        fix="add --out FOLDER",
    )


def _folders(out: Path | None, typed: Sequence[str]) -> list[Path | None]:
    """A folder for each county, named after its case's folder.

    Raises:
        InputError: two cases whose folders have the same name.
    """
    if out is None:
        return [None] * len(typed)
    from scenarios.counties import case_folder

    own = [case_folder(t).resolve().name for t in typed]
    names = [re.sub(r"[^\w.+-]", "_", name).strip(".") or "_" for name in own]
    if len({n.casefold() for n in names}) < len(names):
        raise InputError(
            [
                Problem(
                    where="--out",
                    value=", ".join(typed),
                    expected="cases in folders of different names",
                    fix="rename a folder, or run the cases apart, each with its own --out",
                )
            ]
        )
    return [out / name for name in names]


def _several_scenarios(scenarios: Sequence[str]) -> Problem:
    return Problem(
        where="--scenario",
        value=", ".join(scenarios),
        expected="one scenario for all counties",
        fix="run the province once for each scenario",
    )


def _stopped(done: Iterable[Done], of: int, _: Translate) -> str:
    kept = sum(d.run_id is not None for d in done)
    return _(
        "Stopped. {kept} of {n} counties are kept; the same command goes on from there."
    ).format(kept=kept, n=of)
