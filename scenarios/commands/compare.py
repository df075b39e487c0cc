"""`jingli compare`: several runs in one table and one map."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    JSON,
    LANG,
    STORE,
    Failures,
    Progress,
    asked_command,
    language_of,
    opened_store,
    present_store,
    refuse_bad_folder,
    say_found,
)
from scenarios.language import Language


@click.command(
    "compare",
    help="Several runs in one table: which plan wins on which measure, which is dominated. RUN is "
    "a run id, an output folder, or with --case a scenario.",
)
@click.argument("runs", nargs=-1, metavar="RUN RUN ...")
@click.option("--case", default=None, help="The runs are scenarios of this case; they are run.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the table and a map of all plans; the runs' case must be there.",
)
@STORE
@JSON
@LANG
def compare_command(
    runs: tuple[str, ...],
    case: str | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    language, _ = language_of(lang)
    with Failures(_):
        asked = list(dict.fromkeys(runs))
        if len(asked) < 2:
            raise InputError(
                [
                    Problem(
                        where="jingli compare",
                        value=", ".join(asked) or None,
                        expected="two different runs or more",
                        fix="`jingli runs` lists the ids",
                    )
                ]
            )
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.versus import to_document, versus

        with Progress(_, quiet=as_json) as progress:
            if case is None:
                from scenarios.kept import read_runs

                kept = read_runs(asked, present_store(store))
            else:
                from scenarios.rerun import kept_scenarios

                with opened_store(store) as known:
                    kept = kept_scenarios(case, asked, known, progress.step)
            _refuse_two_counties([k.case_name for k in kept])
            found = versus(kept, _)
            written: tuple[str, ...] = ()
            if out is not None:
                from scenarios.versus_outputs import write_versus

                progress.step("writing")
                written = write_versus(found, out, _, language, asked_command())
        from scenarios.show_versus import show_versus

        say_found(
            partial(to_document, found),
            partial(show_versus, found),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )


def _refuse_two_counties(names: list[str]) -> None:
    counties = sorted(set(names))
    if len(counties) > 1:
        raise InputError(
            [
                Problem(
                    where="jingli compare",
                    value=", ".join(counties),
                    expected="runs of one county",
                    fix="compare the runs of each county apart",
                )
            ]
        )
