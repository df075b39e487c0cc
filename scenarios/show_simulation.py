"""The simulation on the console: today | plan | change with intervals, and what breaks first."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.simulation import SimulationResult
from optimizer.simulation_load import Load
from optimizer.simulation_measures import Compared
from scenarios.run import Run
from scenarios.show_lines import say_lines
from scenarios.show_table import table, verdict_text
from scenarios.simulation_table import groups_of, headline, row_of
from scenarios.tables import names
from scenarios.titles import case_title

TOWNSHIPS_SHOWN = 6
BUNDLES_SHOWN = 6
# Values of several parts come as Python writes them.
_MARKS = re.compile("[{}']")


def show_simulation(
    run: Run,
    result: SimulationResult,
    assumed: Mapping[str, str],
    console: Console,
    _: Translate,
) -> None:
    """Print the outcome, or why there is none."""
    county = run.loaded.county
    title = escape(case_title(county.name, run.scenario))
    console.rule(f"[bold]{title}")
    name = names(run)
    if not result.measures:
        _show_overload(result, name, console, _)
        return
    say_lines(
        _(
            "{n} replications of {days} days after {warm} days of warm-up; today and plan face the "
            "same alerts; ± is a 95-percent interval."
        ).format(n=result.replications, days=result.days, warm=result.warm_up_days),
        console,
    )
    for deployment in result.growing:
        console.print(
            _("The queue still grew at the end ({where}): these means say nothing.").format(
                where=_("today") if deployment == "today" else _("plan")
            ),
            style="bold red",
        )
    found = table(
        _("Today against the plan, simulated"),
        (_("Measure"), "left"),
        (_("Today"), "right"),
        (_("Plan"), "right"),
        (_("Change"), "right"),
    )
    for row in headline(result, _):
        found.add_row(
            escape(row.heading),
            row.shown(row.today),
            row.shown(row.plan),
            verdict_text(row.shown_change(), row.verdict),
        )
    console.print(found)
    if not result.precise:
        console.print(
            _("The wanted precision was not reached; ask for more --replications."), style="yellow"
        )
    _show_townships(result, console, _)
    _show_bundles(result, name, console, _)
    _show_hours(result, console, _)
    if assumed:
        console.print(f"[bold magenta]{_('Assumed in the simulation, not given by the bureau')}[/]")
        text = "; ".join(
            f"{k.removeprefix('policy.')} = {_MARKS.sub('', v)}" for k, v in assumed.items()
        )
        say_lines(text, console)


def _show_townships(result: SimulationResult, console: Console, _: Translate) -> None:
    response, p90 = result.measures["response_mean_min"], result.measures["response_p90_min"]
    patrol = result.measures["patrol_min_per_day"]
    shown = sorted(
        groups_of(result, "township"), key=lambda g: (-_known(response.change[g[0]]), g[1])
    )
    worse = [g for g in shown if response.change[g[0]] > response.change_half_width[g[0]]]
    better = [g for g in shown if -response.change[g[0]] > response.change_half_width[g[0]]]
    found = table(
        _("Townships: {lose} lose beyond chance, {gain} gain").format(
            lose=len(worse), gain=len(better)
        ),
        (_("Township"), "left"),
        (_("Mean, min"), "right"),
        (_("Change"), "right"),
        (_("90%, min"), "right"),
        (_("Patrol, min/day"), "right"),
    )
    for i, label in [*worse[:TOWNSHIPS_SHOWN], *better[: -TOWNSHIPS_SHOWN // 2 : -1]]:
        row = row_of(response, "response_mean_min", label, "", 1, "less", i)
        t = result.ground.townships.index(label)
        found.add_row(
            escape(label),
            f"{response.today[i]:.1f}→{response.plan[i]:.1f}",
            verdict_text(row.shown_change(), row.verdict),
            f"{p90.today[i]:.1f}→{p90.plan[i]:.1f}",
            f"{patrol.today[t]:.0f}→{patrol.plan[t]:.0f}",
        )
    if worse or better:
        console.print(found)


def _show_bundles(
    result: SimulationResult, name: Mapping[str, str], console: Console, _: Translate
) -> None:
    busy = result.measures["bundle_utilisation_fraction"]
    none_free = result.measures["bundle_none_free_fraction"]
    waits = result.measures["waits_long_fraction"]
    order = np.argsort(-np.nan_to_num(none_free.plan), kind="stable")[:BUNDLES_SHOWN]
    group = {label: i for i, (k, label) in enumerate(result.ground.groups) if k == "bundle"}
    crews = {f.unit_id: f.crews for f in result.load_plan}
    found = table(
        _("What breaks first in the plan"),
        (_("Centre or station"), "left"),
        (_("Crews"), "right"),
        (_("Busy, %"), "right"),
        (_("None free, %"), "right"),
        (_("Wait >{n} min, %").format(n=f"{result.ground.long_wait_min:g}"), "right"),
    )
    for b in order.tolist():
        centre = result.ground.bundles[b]
        found.add_row(
            escape(name[centre]),
            _crews(crews[centre]),
            _pair(busy, b),
            _pair(none_free, b),
            _pair(waits, group[centre]),
        )
    console.print(found)


def _show_hours(result: SimulationResult, console: Console, _: Translate) -> None:
    waits = result.measures["waits_fraction"]
    hours = groups_of(result, "hour")
    if not hours:
        return
    worst, label = max(hours, key=lambda g: (_known(waits.plan[g[0]]), g[1]))
    response = result.measures["response_mean_min"]
    say_lines(
        _(
            "Worst hour in the plan: {hour}:00; {waits} of its alerts wait for a crew (today "
            "{before}); mean response {response} min (today {response_before})."
        ).format(
            hour=label,
            waits=f"{waits.plan[worst]:.1%}",
            before=f"{waits.today[worst]:.1%}",
            response=f"{response.plan[worst]:.1f}",
            response_before=f"{response.today[worst]:.1f}",
        ),
        console,
    )


def _show_overload(
    result: SimulationResult, name: Mapping[str, str], console: Console, _: Translate
) -> None:
    """Why nothing was simulated, and the strength that would hold."""
    console.print(
        _("The queue has no end: crews cannot keep up with the alerts. Nothing was simulated."),
        style="bold red",
    )
    for title, loads in (
        (_("Today"), result.overloaded_today),
        (_("Plan"), result.overloaded_plan),
    ):
        if loads:
            console.print(_overload_table(title, loads, name, _))


def _overload_table(
    title: str, loads: tuple[Load, ...], name: Mapping[str, str], _: Translate
) -> object:
    found = table(
        title,
        (_("Centre or station"), "left"),
        (_("Crews"), "right"),
        (_("Busy, %"), "right"),
        (_("Crews that hold"), "right"),
        (_("Officers for them"), "right"),
    )
    for load in loads:
        found.add_row(
            escape(name[load.unit_id]),
            _crews(load.crews),
            f"{load.utilisation_fraction:.0%}",
            str(load.crews_that_hold),
            f"{load.officers_that_hold:.1f}",
        )
    return found


def _pair(compared: Compared, at: int) -> str:
    return f"{100 * compared.today[at]:.1f}→{100 * compared.plan[at]:.1f}"


def _crews(mean: float) -> str:
    return f"{mean:.0f}" if mean == round(mean) else f"{mean:.1f}"


def _known(value: float) -> float:
    return -np.inf if np.isnan(value) else float(value)
