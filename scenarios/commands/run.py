"""`jingli run`: propose a plan, prove it, score it, keep it."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import (
    CASE,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    command_line,
    console,
    language_of,
    opened_store,
    refuse_bad_folder,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from optimizer.result import Result
    from scenarios.case import Case
    from scenarios.load import LoadedCase
    from scenarios.prepared import Prepared
    from scenarios.run import Run
    from scenarios.store import Store


@click.command("run", help="Run a case: propose a plan, prove it, score it against today.")
@CASE
@click.option(
    "-s",
    "--scenario",
    "scenarios",
    multiple=True,
    help="Scenario; several by repeating it, combined by +; default: the case's own.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value, such as policy.bundling.centres=9; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for plan, tables, map and GeoPackage; none: print only.",
)
@STORE
@click.option("--no-store", is_flag=True, help="Neither look in the run store nor keep the run.")
@click.option("--again", is_flag=True, help="Solve again even if the run store has the answer.")
@click.option(
    "--dry-run", is_flag=True, help="Read and check everything; say what would be computed."
)
@JSON
@LANG
def run_command(
    case: str,
    scenarios: tuple[str, ...],
    sets: tuple[str, ...],
    out: Path | None,
    store: str | None,
    no_store: bool,
    again: bool,
    dry_run: bool,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    asked: tuple[str | None, ...] = tuple(dict.fromkeys(scenarios)) or (None,)
    with Failures(_):
        from scenarios.case import open_case
        from scenarios.prepared import Prepared

        opened = open_case(case)
        # Every mistake in a name or a value before the first run.
        for name in asked:
            opened.scenario(name, sets)
        folders = _folders(out, asked)
        for folder in folders:
            if folder is not None:
                refuse_bad_folder(folder)
        keeper = nullcontext() if no_store else opened_store(store, make=not dry_run)
        with keeper as open_store:
            job = _Job(
                typed=case,
                case=opened,
                prepared=Prepared(opened),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    typed: str
    case: Case
    prepared: Prepared
    sets: tuple[str, ...]
    store: Store | None
    again: bool
    as_json: bool
    lang: Language | None
    language: Language
    translate: Translate

    def run(self, asked: tuple[str | None, ...], folders: tuple[Path | None, ...]) -> bool:
        """Run the scenarios one after another; whether each has a plan."""
        documents, all_planned = [], True
        for name, folder in zip(asked, folders, strict=True):
            run, run_id, found, refusal = self._one(name, folder)
            all_planned &= run.plan is not None
            if self.as_json:
                from scenarios.documents import evaluation_document

                document = evaluation_document(run)
                documents.append(document | {"run_id": run_id, "found_in_store": found})
            if refusal is not None:
                raise refusal
        if self.as_json:
            from scenarios.documents import json_text

            click.echo(json_text(documents if len(asked) > 1 else documents[0]), nl=False)
        return all_planned

    def _one(
        self, name: str | None, folder: Path | None
    ) -> tuple[Run, str | None, bool, InputError | None]:
        """One scenario, shown and kept: the run, its id, whether it was found, why not kept."""
        from scenarios.run import run_case

        known = _Known(self.store, self.again)
        refusal: InputError | None = None
        written: tuple[str, ...] = ()
        command = self._command(name)
        with Progress(self.translate, quiet=self.as_json) as progress:
            run = run_case(
                self.case,
                name,
                progress.step,
                sets=self.sets,
                prepared=self.prepared,
                known=known.result,
            )
            run_id = known.run_id
            if self.store is not None and run_id is None:
                run_id, refusal = self._keep(run, command)
            if folder is not None and run.plan is not None:
                from scenarios.outputs import write_run

                progress.step("writing")
                written = write_run(run, folder, self.translate, self.language, command)
        if not self.as_json:
            self._show(run, folder, written, run_id, found=known.run_id is not None)
        return run, run_id, known.run_id is not None, refusal

    def _keep(self, run: Run, command: list[str]) -> tuple[str | None, InputError | None]:
        """Keep the run; a store that refuses now must not cost the planner the answer."""
        from datetime import UTC, datetime

        from scenarios.keeping import record_of_run

        assert self.store is not None
        record = record_of_run(run, self.typed, command, datetime.now(UTC))
        try:
            return self.store.add(record), None
        except InputError as error:
            return None, error

    def _show(
        self,
        run: Run,
        folder: Path | None,
        written: tuple[str, ...],
        run_id: str | None,
        *,
        found: bool,
    ) -> None:
        from scenarios.show import show_run

        _, paper = self.translate, console()
        show_run(run, paper, _)
        lines = []
        if found:
            lines.append(
                _("Found in the run store as {run_id}: not solved again (--again does).").format(
                    run_id=run_id
                )
            )
        elif run_id is not None:
            lines.append(_("Kept in the run store as {run_id}.").format(run_id=run_id))
        if written:
            lines.append(
                _("Written to {folder}: {files}").format(folder=folder, files=", ".join(written))
            )
        elif run.plan is None and folder is not None:
            lines.append(_("No plan: nothing written to {folder}.").format(folder=folder))
        for line in lines:
            paper.print(line, markup=False)

    def foresee(self, asked: tuple[str | None, ...]) -> None:
        """Say what a run would do, without solving anything."""
        documents = [self._foreseen(name) for name in asked]
        if self.as_json:
            from scenarios.documents import json_text

            click.echo(json_text(documents if len(asked) > 1 else documents[0]), nl=False)
            return
        from scenarios.show_dry_run import show_foreseen

        for document in documents:
            show_foreseen(document, console(), self.translate)

    def _foreseen(self, name: str | None) -> dict[str, object]:
        resolved = self.case.scenario(name, self.sets)
        with Progress(self.translate, quiet=self.as_json) as progress:
            progress.step("reading")
            loaded = self.prepared.load(resolved)
            found = _Known(self.store, self.again)
            found.result(loaded)
        county, policy = loaded.county, loaded.policy
        return {
            "case": county.name,
            "scenario": resolved.label,
            "stations": len(county.stations),
            "cells": len(county.cells),
            "squads": len(county.squads),
            "units": len(county.units),
            "dissolves_squads": policy.traffic.dissolve_squads and len(county.squads) > 0,
            "reassigns": policy.staffing.reassign,
            "time_limit_s": policy.solver.time_limit_s,
            "overrides": [
                {"key": o.key, "before": o.before, "after": o.after, "reason": o.reason}
                for o in loaded.overrides
            ],
            "warnings": [w.text(self.translate) for w in loaded.warnings],
            "county_digest": county.digest,
            "policy_digest": policy.digest,
            "store": None if self.store is None else self.store.location,
            "found_in_store": found.run_id,
        }

    def _command(self, name: str | None) -> list[str]:
        words = [self.typed, *(w for s in self.sets for w in ("--set", s))]
        return command_line("run", words, scenario=name, lang=self.lang)


class _Known:
    """Looks a result up in the store and remembers under which id it was found."""

    def __init__(self, store: Store | None, again: bool) -> None:
        self._store = None if again else store
        self.run_id: str | None = None

    def result(self, loaded: LoadedCase) -> Result | None:
        """The kept result of the same inputs."""
        if self._store is None:
            return None
        from scenarios.keeping import find_run, result_of

        found = find_run(self._store, loaded)
        if found is None:
            return None
        self.run_id = found.run_id
        return result_of(found.record)


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
