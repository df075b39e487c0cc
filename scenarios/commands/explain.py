"""`jingli explain`: why these bundles and not others, for a plan or for want of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optimizer.errors import InputError, Problem, Translate
from scenarios.commands.common import (
    EXIT_NO_PLAN,
    JSON,
    LANG,
    RUN_OR_CASE,
    SCENARIO,
    SETS,
    STORE,
    Failures,
    Progress,
    asked_command,
    console,
    language_of,
    present_store,
    print_json,
    refuse_bad_folder,
    say_written,
)
from scenarios.language import Language

if TYPE_CHECKING:
    from scenarios.explain import Explanation


@click.command(
    "explain",
    help="Why these bundles and not others. RUN is a run id, the beginning of one, an output "
    "folder, or a case with -s. Without a plan: the rules that clash and the smallest ways out.",
)
@RUN_OR_CASE
@SCENARIO
@SETS
@click.option("--bundle", default=None, metavar="X", help="The bundle of a station, by id or name.")
@click.option(
    "--pair", default=None, metavar="A,B", help="Two stations: together or not, and at what price."
)
@click.option(
    "--why-not",
    default=None,
    metavar="A,B[,C]",
    help="Why stations are not in one bundle: the rule in the way, or the price of forcing them.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for tables and JSON of all bundles and all rejected pairs.",
)
@STORE
@JSON
@LANG
def explain_command(
    asked: str,
    scenario: str | None,
    sets: tuple[str, ...],
    bundle: str | None,
    pair: str | None,
    why_not: str | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        _refuse_two_questions(bundle, pair, why_not)
        if out is not None:
            refuse_bad_folder(out)
        from scenarios.explain import Explanation
        from scenarios.explain_outputs import no_plan_document, write_explanation
        from scenarios.explain_show import show_no_plan
        from scenarios.opened import open_asked

        with Progress(_, quiet=as_json) as progress:
            opened = open_asked(asked, scenario, sets, present_store(store), progress.step)
            found = None if opened.plan is None else Explanation(opened)
            written: tuple[str, ...] = ()
            if found is not None and out is not None:
                progress.step("writing")
                written = write_explanation(found, out, _, asked_command())
        if found is None:
            if as_json:
                print_json(no_plan_document(opened, _))
            else:
                show_no_plan(opened, console(), _)
        else:
            _answer(found, bundle, pair, why_not, as_json, _)
            if written and not as_json:
                say_written(out, written, _)
    if found is None:
        sys.exit(EXIT_NO_PLAN)


def _answer(
    found: Explanation,
    bundle: str | None,
    pair: str | None,
    why_not: str | None,
    as_json: bool,
    _: Translate,
) -> None:
    from scenarios.explain_outputs import (
        bundle_document,
        head_document,
        set_document,
        summary_document,
    )
    from scenarios.explain_show import show_set, show_summary
    from scenarios.explain_show_bundle import show_bundle

    document: dict[str, Any]
    if bundle is not None:
        (station,) = _stations(found, bundle, "--bundle", least=1, most=1)
        if found.bundle_of(station).office_ids:
            why = found.why_bundle(station)
            document = head_document(found.opened) | {"bundle": bundle_document(why)}
            if not as_json:
                show_bundle(found, why, console(), _)
        else:
            alone = found.why_set([station])
            document = head_document(found.opened) | {
                "lone": set_document(found, alone, _),
                "neighbours": [set_document(found, one, _) for one in found.neighbours_of(station)],
            }
            if not as_json:
                show_set(found, alone, console(), _)
    elif pair is not None or why_not is not None:
        option = "--pair" if pair is not None else "--why-not"
        most = 2 if pair is not None else 10
        stations = _stations(found, pair or why_not or "", option, least=2, most=most)
        reasons = found.why_set(stations)
        document = head_document(found.opened) | {"set": set_document(found, reasons, _)}
        if not as_json:
            show_set(found, reasons, console(), _)
    elif as_json:
        document = summary_document(found, _)
    else:
        show_summary(found, console(), _)
    if as_json:
        print_json(document)


def _stations(
    found: Explanation, typed: str, option: str, *, least: int, most: int
) -> tuple[str, ...]:
    """Ids of the stations that were typed, so many of them."""
    stations = found.ids(typed, option)
    if least <= len(stations) <= most:
        return stations
    expected = {
        (1, 1): "one station",
        (2, 2): "two different stations, separated by a comma",
    }.get((least, most), "two different stations or more, separated by commas")
    raise InputError(
        [
            Problem(
                where=option, value=typed, expected=expected, fix="write names or ids of stations"
            )
        ]
    )


def _refuse_two_questions(*asked: str | None) -> None:
    if sum(one is not None for one in asked) > 1:
        raise InputError(
            [
                Problem(
                    where="jingli explain",
                    expected="one of --bundle, --pair and --why-not",
                    fix="ask them one after another",
                )
            ]
        )
