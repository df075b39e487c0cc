"""One or several runs of one case: found in the store or solved, kept, written, shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.errors import InputError, Translate
from scenarios.commands.common import (
    Progress,
    command_line,
    console,
    print_json,
    written_text,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from optimizer.result import Result
    from scenarios.case import Case
    from scenarios.load import LoadedCase
    from scenarios.prepared import Prepared
    from scenarios.run import Run
    from scenarios.scenario import Override
    from scenarios.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A run as the command made it.

    Attributes:
        run: The run.
        run_id: Its id in the store; None where it is not kept.
        found: Whether the store had it.
        refusal: Why the store did not take it.
        folder: Where its files are.
        written: Their names; empty where there is no plan.
    """

    run: Run
    run_id: str | None
    found: bool
    refusal: InputError | None
    folder: Path | None
    written: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The run for machines."""
        from scenarios.documents import evaluation_document

        return evaluation_document(self.run) | {
            "run_id": self.run_id,
            "found_in_store": self.found,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """What the runs of one case share.

    Attributes:
        typed: The case as the planner typed it.
        case, prepared: The opened case and its data.
        sets: What `--set` adds.
        store: Where runs are looked up and kept; None for neither.
        again: Solve even what the store has.
        as_json: Whether the output is for machines.
        lang: As asked, for the record of the command.
        language, translate: Of the output.
    """

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
        """Run the scenarios one after another and show each; whether each has a plan."""
        documents, all_planned = [], True
        for name, folder in zip(asked, folders, strict=True):
            done = self.one(name, folder)
            all_planned &= done.run.plan is not None
            if self.as_json:
                documents.append(done.document())
            else:
                self._show(done)
            if done.refusal is not None:
                raise done.refusal
        if self.as_json:
            print_json(documents if len(asked) > 1 else documents[0])
        return all_planned

    def one(self, name: str | None, folder: Path | None, solved: Result | None = None) -> Done:
        """One scenario, kept and written.

        Args:
            name: The scenario.
            folder: Where its files go.
            solved: Its result, where it was solved elsewhere.
        """
        from scenarios.run import run_case

        known = _Known(self.store, self.again, solved)
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
        return Done(
            run=run,
            run_id=run_id,
            found=known.run_id is not None,
            refusal=refusal,
            folder=folder,
            written=written,
        )

    def known(self, loaded: LoadedCase) -> bool:
        """Whether the store has the result of these inputs."""
        return _Known(self.store, self.again).result(loaded) is not None

    def _keep(self, run: Run, command: list[str]) -> tuple[str | None, InputError | None]:
        """Keep the run; a store that refuses now must not cost the planner the answer."""
        from datetime import UTC, datetime

        from scenarios.keeping import keep_if_new

        assert self.store is not None
        ended_at = datetime.now(UTC)
        try:
            return keep_if_new(self.store, run, self.typed, command, ended_at, self.again), None
        except InputError as error:
            return None, error

    def _show(self, done: Done) -> None:
        from scenarios.show import show_run

        _, paper, folder = self.translate, console(), done.folder
        show_run(done.run, paper, _)
        lines = []
        if done.found:
            lines.append(
                _("Found in the run store as {run_id}: not solved again (--again does).").format(
                    run_id=done.run_id
                )
            )
        elif done.run_id is not None:
            lines.append(_("Kept in the run store as {run_id}.").format(run_id=done.run_id))
        if done.written:
            lines.append(written_text(folder, done.written, _))
        elif done.run.plan is None and folder is not None:
            lines.append(_("No plan: nothing written to {folder}.").format(folder=folder))
        for line in lines:
            paper.print(line, markup=False)

    def foresee(self, asked: tuple[str | None, ...]) -> None:
        """Say what a run would do, without solving anything."""
        found = [self.foreseen(name) for name in asked]
        if self.as_json:
            documents = [document for document, _overrides in found]
            print_json(documents if len(asked) > 1 else documents[0])
            return
        from scenarios.show_dry_run import show_foreseen

        for document, overrides in found:
            show_foreseen(document, overrides, console(), self.translate)

    def foreseen(self, name: str | None) -> tuple[dict[str, object], tuple[Override, ...]]:
        """What a run of a scenario would do, and what the scenario changes."""
        resolved = self.case.scenario(name, self.sets)
        with Progress(self.translate, quiet=self.as_json) as progress:
            progress.step("reading")
            loaded = self.prepared.load(resolved)
            found = _Known(self.store, self.again)
            found.result(loaded)
        county, policy = loaded.county, loaded.policy
        document: dict[str, object] = {
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
        return document, loaded.overrides

    def _command(self, name: str | None) -> list[str]:
        words = [self.typed, *(w for s in self.sets for w in ("--set", s))]
        return command_line("run", words, scenario=name, lang=self.lang)


class _Known:
    """Looks a result up in the store and remembers under which id it was found."""

    def __init__(self, store: Store | None, again: bool, solved: Result | None = None) -> None:
        self._store = None if again else store
        self._solved = solved
        self.run_id: str | None = None

    def result(self, loaded: LoadedCase) -> Result | None:
        """The kept result of the same inputs, or the one that was solved elsewhere."""
        if self._solved is not None or self._store is None:
            return self._solved
        from scenarios.keeping import find_run, result_of

        found = find_run(self._store, loaded)
        if found is None:
            return None
        self.run_id = found.run_id
        return result_of(found.record)
