"""`jingli calibrate`: what a log with times says about services, turn-out and roads."""

from __future__ import annotations

from pathlib import Path

import click

from scenarios.commands.common import (
    CASE,
    JSON,
    LANG,
    Failures,
    Progress,
    console,
    language_of,
    print_json,
)
from scenarios.commands.compiling import say_compiling
from scenarios.language import Language


@click.command(
    "calibrate",
    help="Fit minutes on scene, officers sent, turn-out and road speeds to a log with times, show "
    "how well they fit, and write them as a scenario.",
)
@CASE
@click.option(
    "--alerts",
    "log",
    type=click.Path(path_type=Path),
    default=None,
    help="The log; default: the case's own.",
)
@click.option("--crs", default=None, help="Datum of that log; default: the case's own log's.")
@click.option("--layer", default=None, help="Sheet of the workbook or layer of the GeoPackage.")
@click.option(
    "-s", "--scenario", default=None, help="Scenario to set the log against; default: the case's."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE.yaml",
    help="Write the fit as a scenario, such as CASE/scenarios/calibrated.yaml.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Write the quantile plot: .png, .svg or .pdf.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Random seed.")
@JSON
@LANG
def calibrate_command(
    case: str,
    log: Path | None,
    crs: str | None,
    layer: str | None,
    scenario: str | None,
    out: Path | None,
    plot: Path | None,
    seed: int,
    as_json: bool,
    lang: Language | None,
) -> None:
    """See the decorator."""
    _language, _ = language_of(lang)
    with Failures(_):
        from scenarios.alert_log import case_log, new_log_source, read_log
        from scenarios.calibration import calibrate, no_log
        from scenarios.calibration_scenario import scenario_document, write_scenario
        from scenarios.case import open_case
        from scenarios.prepared import Prepared
        from scenarios.show_calibration import calibration_document, show_calibration

        with Progress(_, quiet=as_json) as progress:
            progress.step("reading")
            opened = open_case(case)
            loaded = Prepared(opened).load(opened.scenario(scenario))
            if log is None:
                read = case_log(loaded)
            else:
                read = read_log(new_log_source(opened, log, sheet=layer, crs=crs), loaded)
            if read is None:
                raise no_log()
            say_compiling(_)
            progress.step("simulation")
            found = calibrate(loaded, read, seed=seed)
        document = scenario_document(found, loaded, _)
        name = loaded.county.name
        written = []
        if out is not None and document is not None:
            write_scenario(document, out, str(out))
            written.append(str(out))
        if plot is not None:
            from scenarios.calibration_plot import calibration_figure, write_plot

            figure = calibration_figure(found, f"{name} · {found.shown}", _)
            write_plot(figure, plot)
            written.append(str(plot))
        if as_json:
            print_json(calibration_document(found, name, document))
            return
        show_calibration(found, name, console(), _)
        if out is not None and document is None:
            said = _("Nothing written: no value of the case changes.")
            console().print(said, style="yellow")
        for path in written:
            console().print(_("Written: {file}").format(file=path), markup=False)
