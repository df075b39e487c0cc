"""Why the first simulation on a machine takes longer: said before it starts."""

from __future__ import annotations

import click

from optimizer.errors import Translate


def say_compiling(_: Translate) -> None:
    """Say on stderr that the simulation is compiled now, if it is."""
    from optimizer.simulation_loop import compiling

    match compiling():
        case "once":
            said = _("Compiling the simulation, once on this machine: some 20 seconds …")
        case "always":
            said = _(
                "Compiling the simulation: some 20 seconds, every time, for no folder can be "
                "written to keep it in. Name one in the environment variable NUMBA_CACHE_DIR."
            )
        case _other:
            return
    click.echo(said, err=True)
