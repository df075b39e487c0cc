"""`jingli simulate`: would the plan survive a Saturday night?"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.errors import InputError, Problem
from scenarios.commands.common import (
    ALL_CORES,
    EXIT_NO_PLAN,
    EXIT_PLAN,
    JSON,
    LANG,
    RUN_OR_CASE,
    SCENARIO,
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
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.run import Run


@click.command(
    "simulate",
    help="Simulate crews and alerts, today against the plan. RUN is a run id, an output folder, "
    "or a case, which is then run first. Exit code 1: the queue has no end.",
)
@RUN_OR_CASE
@SCENARIO
@click.option("--replications", type=click.IntRange(2), help="Replications at the most.")
@click.option(
    "--half-width",
    type=click.FloatRange(0, min_open=True),
    help="Stop when the change in mean response is known to this many minutes.",
)
@click.option("--days", type=click.IntRange(1, 3660), help="Days of each replication.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Random seed.")
@click.option(
    "--dispatch",
    type=click.Choice(("own", "neighbours", "nearest")),
    help="Which crews may be sent: the own centre's; then its neighbours'; or the nearest of all.",
)
@click.option(
    "--crews",
    type=click.Choice(("required", "in-post")),
    help="Crews that the workload requires, or that the officers in post can man.",
)
@click.option(
    "--replay", is_flag=True, help="The case's own alert log, day by day, in place of drawn alerts."
)
@ALL_CORES
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables, JSON and a chart; none: print only.",
)
@STORE
@JSON
@LANG
def simulate_command(
    asked: str,
    scenario: str | None,
    replications: int | None,
    half_width: float | None,
    days: int | None,
    seed: int | None,
    dispatch: str | None,
    crews: str | None,
    replay: bool,
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
        from scenarios.simulate import assumptions, simulate_run
        from scenarios.simulation_outputs import simulation_document, write_simulation

        with Progress(_, quiet=as_json) as progress:
            run = _run(asked, scenario, store, progress)
            least = run.loaded.policy.simulation.min_replications
            wishes = {
                "max_replications": replications,
                "min_replications": None if replications is None else min(least, replications),
                "half_width_min": half_width,
                "days": days,
                "seed": seed,
                "dispatch": dispatch,
                "crews": None if crews is None else crews.replace("-", "_"),
            }
            say_compiling(_)
            progress.step("simulation")
            result, setup, policy = simulate_run(run, wishes, workers=workers, replay=replay)
            assumed = assumptions(
                run.loaded, policy, setup, [k for k, v in wishes.items() if v is not None]
            )
            document = simulation_document(run, result, assumed, policy)
            written: tuple[str, ...] = ()
            if out is not None:
                progress.step("writing")
                written = write_simulation(run, result, document, out, _, asked_command())
        from scenarios.show_simulation import show_simulation

        say_found(
            lambda: document,
            partial(show_simulation, run, result, assumed),
            _,
            as_json=as_json,
            out=out,
            written=written,
        )
    sys.exit(EXIT_PLAN if result.measures else EXIT_NO_PLAN)


def _run(asked: str, scenario: str | None, store: str | None, progress: Progress) -> Run:
    """A kept run, or a case run now."""
    from scenarios.case import names_case, open_case
    from scenarios.reopen import reopen
    from scenarios.run import run_case

    if not names_case(asked):
        return reopen(asked, present_store(store), progress.step)
    run = run_case(open_case(asked), scenario, progress.step)
    if run.result.plan is None:
        raise InputError(
            [
                Problem(
                    where=asked,
                    value=run.scenario,
                    expected="a scenario that has a plan",
                    fix="`jingli run` says which rules clash",
                )
            ]
        )
    return run
