"""The command `jingli`. Heavy libraries load only when a command needs them."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import click

from optimizer.errors import InputError, JingliError, Translate
from scenarios.language import Language, default_language, translator, use_for_this_process

EXIT_PLAN, EXIT_NO_PLAN, EXIT_BAD_INPUT = 0, 1, 2
LANGUAGES: tuple[Language, ...] = ("en", "zh")
UNICODE = ("utf-8", "utf8", "gb18030")


class _Group(click.Group):
    """A group whose help, and that of its commands, is in the planner's language."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _translate_help(command)
        return command

    def get_help(self, ctx: click.Context) -> str:
        _translate_help(self)
        return super().get_help(ctx)


def _translate_help(command: click.Command) -> None:
    _ = translator(_asked_language())
    if command.help:
        command.help = _(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)


def _asked_language() -> Language:
    """Language of the command line, known before it is parsed: help is shown while parsing."""
    arguments = sys.argv[1:]
    for here, following in zip(arguments, [*arguments[1:], ""], strict=True):
        for language in LANGUAGES:
            if here == f"--lang={language}" or (here, following) == ("--lang", language):
                return language
    return default_language()


def main() -> None:
    """Entry point of the command `jingli`."""
    # click's own words (Usage, Options, Missing argument …) come from the same catalogue.
    use_for_this_process(_asked_language())
    for stream in (sys.stdout, sys.stderr):
        # Windows consoles with a legacy code page cannot print Chinese names otherwise.
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() not in UNICODE:
            stream.reconfigure(errors="replace")
    jingli()


_LANG = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=None,
    help="Language of all output; default from the locale.",
)


@click.group(
    cls=_Group, help="Jingli (警力): how police strength should follow alerts, with proof."
)
@click.version_option(
    package_name="jingli", message="jingli %(version)s", help="Show the version and exit."
)
def jingli() -> None:
    """The group; its help is given to the decorator, for translation."""


@jingli.command("run", help="Run a case: propose a plan, prove it, score it against today.")
@click.argument("case")
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for plan, tables, map and GeoPackage; none: print only.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the evaluation as JSON.")
@_LANG
def run_command(
    case: str, scenario: str | None, out: Path | None, as_json: bool, lang: Language | None
) -> None:
    """See the decorator."""
    language, _ = _language(lang)
    with _Failures(_):
        from scenarios.case import open_case
        from scenarios.run import run_case

        opened = open_case(case)
        if out is not None:
            _refuse_bad_folder(out)
        with _Progress(_, quiet=as_json) as progress:
            run = run_case(opened, scenario, progress.step)
            written: tuple[str, ...] = ()
            if out is not None and run.plan is not None:
                from scenarios.outputs import write_run

                progress.step("writing")
                command = ["jingli", "run", case, *_given(scenario=scenario, lang=lang)]
                written = write_run(run, out, _, language, command)
        if as_json:
            from scenarios.outputs import evaluation_json

            click.echo(evaluation_json(run), nl=False)
        else:
            from scenarios.show import show_run

            console = _console()
            show_run(run, console, _)
            if written:
                console.print(
                    _("Written to {folder}: {files}").format(folder=out, files=", ".join(written)),
                    markup=False,
                )
            elif run.plan is None and out is not None:
                console.print(
                    _("No plan: nothing written to {folder}.").format(folder=out), markup=False
                )
    sys.exit(EXIT_PLAN if run.plan is not None else EXIT_NO_PLAN)


@jingli.command(
    "validate", help="Read a case and report every problem and the quality of its data."
)
@click.argument("case")
@click.option("-s", "--scenario", default=None, help="Scenario; default: the case's own.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the data-quality sheet and the rows set aside.",
)
@_LANG
def validate_command(
    case: str, scenario: str | None, out: Path | None, lang: Language | None
) -> None:
    """See the decorator."""
    _language_of, _ = _language(lang)
    with _Failures(_):
        from scenarios.case import open_case
        from scenarios.load import inspect
        from scenarios.outputs import write_records
        from scenarios.show import show_inspection

        opened = open_case(case)
        policy = opened.policy(opened.scenario_name(scenario))
        inspection = inspect(opened, policy)
        console = _console()
        show_inspection(inspection, console, _)
        if out is not None:
            written = write_records(inspection, out, _)
            console.print(
                _("Written to {folder}: {files}").format(folder=out, files=", ".join(written)),
                markup=False,
            )
    sys.exit(EXIT_PLAN if inspection.loaded is not None else EXIT_BAD_INPUT)


@jingli.command("schema", help="Print the JSON schema of case.yaml, for editors.")
def schema_command() -> None:
    """See the decorator."""
    import json

    from scenarios.schema import CaseSpec

    click.echo(json.dumps(CaseSpec.model_json_schema(), ensure_ascii=False, indent=1))


@jingli.command("cases", help="List the cases that ship with Jingli.")
def cases_command() -> None:
    """See the decorator."""
    from scenarios.case import embedded_cases, open_case

    for name in embedded_cases():
        spec = open_case(name).spec
        click.echo(f"{name}\t{spec.name}\t{', '.join(spec.scenarios)}")


class _Failures:
    """Turns our errors into one message on stderr and the exit code of the design."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, InputError):
            _stop(error.text(self._translate), EXIT_BAD_INPUT)
        if isinstance(error, JingliError):
            _stop(str(error), EXIT_NO_PLAN)


class _Progress:
    """The step under way, on stderr, where somebody watches."""

    def __init__(self, translate: Translate, *, quiet: bool) -> None:
        self._translate = translate
        self._quiet = quiet or not sys.stderr.isatty()
        self._status: Any = None

    def __enter__(self) -> _Progress:
        if not self._quiet:
            from rich.console import Console

            self._status = Console(stderr=True).status("…")
            self._status.start()
        return self

    def step(self, name: str) -> None:
        """Show the name of a step."""
        if self._status is not None:
            from scenarios.show import step_text

            self._status.update(step_text(name, self._translate) + " …")

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def _language(lang: Language | None) -> tuple[Language, Translate]:
    language = lang if lang is not None else default_language()
    return language, translator(language)


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _refuse_bad_folder(out: Path) -> None:
    """Refuse before the work what would be refused after it."""
    from geo.atomic import replace_problem

    problem = replace_problem(out)
    if problem is not None:
        raise InputError([problem])


def _given(**options: str | None) -> list[str]:
    return [text for k, v in options.items() if v is not None for text in (f"--{k}", v)]


def _stop(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)
