"""The command `jingli`: a group whose commands load when they are asked for."""

from __future__ import annotations

import sys
from copy import copy
from importlib import import_module
from io import TextIOWrapper
from itertools import pairwise
from typing import TypeVar

import click

from scenarios.commands.common import EXIT_STOPPED, LANG, LANGUAGES
from scenarios.language import Language, default_language, translator, use_for_this_process

UNICODE = ("utf-8", "utf8", "gb18030")
COMMANDS = {
    "run": "run",
    "validate": "validate",
    "scenarios": "scenarios",
    "sweep": "sweep",
    "runs": "runs",
    "show": "show",
    "map": "map",
    "report": "report",
    "explain": "explain",
    "rollout": "rollout",
    "traffic": "traffic",
    "reassign": "reassign",
    "diff": "diff",
    "compare": "compare",
    "score": "score",
    "frontier": "frontier",
    "alternatives": "alternatives",
    "route": "route",
    "reach": "reach",
    "ingest": "ingest",
    "density": "density",
    "hotspots": "hotspots",
    "forecast": "forecast",
    "balance": "balance",
    "strength": "strength",
    "roster": "roster",
    "siting": "siting",
    "simulate": "simulate",
    "stress": "stress",
    "organise": "organise",
    "beats": "beats",
    "patrols": "patrols",
    "visibility": "visibility",
    "calibrate": "calibrate",
    "review": "review",
    "alerts": "alerts",
    "repeats": "repeats",
    "tasks": "tasks",
    "init": "init",
    "cases": "cases",
    "schema": "cases",
}
"""Command -> module of `scenarios.commands` that holds it as `<command>_command`; help's order."""


_C = TypeVar("_C", bound=click.Command)


class _Group(click.Group):
    """Commands load by name; their help is in the planner's language."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"scenarios.commands.{COMMANDS[cmd_name]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return _translated(command)

    def get_help(self, ctx: click.Context) -> str:
        return click.Group.get_help(_translated(self), ctx)

    def invoke(self, ctx: click.Context) -> object:
        # click's own code for Ctrl-C is 1, which here says that there is no plan.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(translator(_asked_language())("Stopped."), err=True)
            ctx.exit(EXIT_STOPPED)


def _translated(command: _C) -> _C:
    """A copy with its help in the planner's language; the command itself stays as it is."""
    _ = translator(_asked_language())
    told = copy(command)
    told.params = [copy(parameter) for parameter in command.params]
    if told.help:
        told.help = _(told.help)
    for parameter in told.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    return told


def _asked_language() -> Language:
    """Language of the command line, known before it is parsed: help is shown while parsing."""
    arguments = sys.argv[1:]
    asked: Language | None = None
    for here, following in pairwise([*arguments, ""]):
        for language in LANGUAGES:
            if here == f"--lang={language}" or (here, following) == ("--lang", language):
                asked = language  # the last one, which is the command's own
    return default_language() if asked is None else asked


def main() -> None:
    """Entry point of the command `jingli`."""
    # click's own words (Usage, Options, Missing argument …) come from the same catalogue.
    use_for_this_process(_asked_language())
    for stream in (sys.stdout, sys.stderr):
        # Windows consoles with a legacy code page cannot print Chinese names otherwise.
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() not in UNICODE:
            stream.reconfigure(errors="replace")
    jingli()


@click.group(
    cls=_Group, help="Jingli (警力): how police strength should follow alerts, with proof."
)
@click.version_option(
    package_name="jingli", message="jingli %(version)s", help="Show the version and exit."
)
@LANG
def jingli(lang: Language | None) -> None:
    """The group; its help is given to the decorator, for translation. Commands ask for `lang`."""
