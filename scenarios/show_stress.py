"""A stress test on the console at 80 columns: the stresses, the weeks after, what breaks first."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.simulation_load import Load
from optimizer.simulation_measures import Compared
from optimizer.stress_runs import StressRow
from scenarios.run import Run
from scenarios.show_lines import Cell, Column, grid, listed_in, say_lines
from scenarios.stress import StressResult
from scenarios.stress_texts import (
    breaks,
    breaks_text,
    factor_text,
    meaning,
    reasons_text,
    rule_text,
    stress_text,
    transition_text,
    verdicts,
)
from scenarios.tables import names
from scenarios.titles import case_title

BUNDLES_SHOWN = 8
WEEKS_SHOWN = (0, 1, 2, 4, 8, 12, 16, 20, 26, 39, 52, 104)
_DASH = "–"


def show_stress(run: Run, result: StressResult, console: Console, _: Translate) -> None:
    """Print the outcome of a stress test."""
    title = escape(case_title(run.loaded.county.name, run.scenario))
    console.rule(f"[bold]{title}")
    rules = result.rules
    say_lines(
        _(
            "{n} replications of {days} days of an average month; today and plan face the same "
            "alerts; ± is the interval at 95%."
        ).format(n=rules.replications, days=rules.days),
        console,
    )
    crews = [
        sum(f.crews for f in side) for side in (result.setup.load_today, result.setup.load_plan)
    ]
    say_lines(
        _("Crews on duty, mean over the day: today {today}, plan {plan}.").format(
            today=f"{crews[0]:g}", plan=f"{crews[1]:g}"
        ),
        console,
    )
    name = names(run)
    _show_rows(result, console, _)
    for stress in {row.stress.name: row.stress for row in result.rows[1:]}.values():
        say_lines(meaning(result, stress, _), console, style="dim")
    say_lines(rule_text(result, _), console, style="dim")
    _show_endless(result, name, console, _)
    for sentence in verdicts(result, _):
        say_lines("• " + sentence, console)
    if result.transition is not None:
        _show_transition(result, console, _)
    elif "transition" in result.names and result.undisturbed.measures:
        say_lines(_("No ground changes hands by this plan: no dip after the rollout."), console)
    if result.breaks:
        _show_breaks(result, name, console, _)
    if result.assumed:
        console.print()
        say_lines(
            _("Assumed, not given by the bureau; set with --set or --config:"), console, "magenta"
        )
        values = rules.model_dump(mode="json")
        say_lines("; ".join(f"{k} = {values[k]}" for k in result.assumed), console)


def _show_rows(result: StressResult, console: Console, _: Translate) -> None:
    columns = (
        Column(header=_("Stress"), gives_way=True),
        Column(header=_("Response, min"), figures=True),
        Column(header=_("Change"), figures=True),
        Column(header=_("Within standard, %"), figures=True),
        Column(header=_("Change"), figures=True),
        Column(header=_("Long waits, %"), figures=True),
        Column(header=_("Breaks")),
    )
    rows: list[list[Cell]] = []
    for row in result.rows:
        style = "red" if breaks(result, row, "plan") else ""
        label = stress_text(row.stress, _)
        figures = _figures(row.measures, row)
        rows.append([(t, style) for t in (label, *figures, breaks_text(result, row, _))])
        if row.stress.scope.cells is not None and row.measures:
            usual = _figures(row.undisturbed, None)
            rows.append([(t, "dim") for t in (_("… without it"), *usual, "")])
    console.print()
    console.print(_("Today → plan under stress"), style="bold")
    for line in grid(columns, rows, console.width):
        console.print(line)
    console.print()


def _figures(measures: Mapping[str, Compared], row: StressRow | None) -> tuple[str, ...]:
    """Today → plan and the change of the three measures; dashes where means would be no means."""
    if not measures or (row is not None and row.growing):
        return (_DASH,) * 5
    response, within = measures["response_mean_min"], measures["within_fraction"]
    long = measures["waits_long_fraction"]
    return (
        f"{response.today:.1f}→{response.plan:.1f}",
        _change(response, 1.0, 2),
        f"{100 * within.today:.1f}→{100 * within.plan:.1f}",
        _change(within, 100.0, 1),
        f"{100 * long.today:.1f}→{100 * long.plan:.1f}",
    )


def _change(compared: Compared, scale: float, digits: int) -> str:
    """Change and interval, with no more digits than the interval bears."""
    change, half = scale * float(compared.change), scale * float(compared.change_half_width)
    digits = max(digits - (half >= 1.0) - (half >= 10.0), 0)
    return f"{change:+.{digits}f}±{half:.{digits}f}"


def _show_endless(
    result: StressResult, name: Mapping[str, str], console: Console, _: Translate
) -> None:
    """Where crews cannot keep up, and what would hold."""
    for row in result.rows:
        for where, endless, beyond in (
            (_("today"), row.overloaded_today, row.beyond_today),
            (_("the plan"), row.overloaded_plan, row.beyond_plan),
        ):
            stress = stress_text(row.stress, _)
            if endless:
                text = _("{stress}, {where}: the queue has no end; what would hold: {units}.")
                say_lines(
                    text.format(stress=stress, where=where, units=_units(endless, name, _)),
                    console,
                    style="bold red",
                )
            elif beyond:
                text = _("{stress}, {where}: live on their neighbours' help: {units}.")
                say_lines(
                    text.format(stress=stress, where=where, units=_units(beyond, name, _)),
                    console,
                    style="red",
                )
        for which in row.growing:
            text = _("{stress}, {where}: the queue still grew at the end, so no means are given.")
            where = _("today") if which == "today" else _("the plan")
            say_lines(
                text.format(stress=stress_text(row.stress, _), where=where),
                console,
                style="red",
            )


def _units(loads: tuple[Load, ...], name: Mapping[str, str], _: Translate) -> str:
    return listed_in(
        (
            _("{unit} {crews} crews ({officers} officers), now {now}").format(
                unit=name[one.unit_id],
                crews=one.crews_that_hold,
                officers=f"{one.officers_that_hold:.1f}",
                now=f"{one.crews:g}",
            )
            for one in loads
        ),
        _,
    )


def _show_transition(result: StressResult, console: Console, _: Translate) -> None:
    course = result.transition
    assert course is not None
    console.print()
    console.print(_("The weeks after the rollout"), style="bold")
    known = [w for w in course.weeks if w.measures]
    if not known:
        return
    last = int(known[-1].stress.size)
    shown = [w for w in known if w.stress.size in WEEKS_SHOWN or int(w.stress.size) == last]
    columns = [
        Column(header=_("Week")),
        *(Column(header=str(int(w.stress.size) + 1), figures=True) for w in shown),
    ]
    rows: list[list[Cell]] = [
        [_("Within, %"), *(f"{100 * w.measures['within_fraction'].plan:.1f}" for w in shown)],
        [_("Mean, min"), *(f"{w.measures['response_mean_min'].plan:.1f}" for w in shown)],
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    say_lines(transition_text(result, _), console)


def _show_breaks(
    result: StressResult, name: Mapping[str, str], console: Console, _: Translate
) -> None:
    columns = (
        Column(header=_("Centre or station")),
        Column(header=_("Stations"), figures=True),
        Column(header=_("Plan breaks at ×"), figures=True),
        Column(header=_("Today at ×"), figures=True),
        Column(header=_("Because of"), gives_way=True),
        Column(header=_("Crews"), figures=True),
        Column(header=_("More crews that hold"), figures=True),
        Column(header=_("Busy, %"), figures=True),
    )
    rows: list[list[Cell]] = []
    for one in result.breaks[:BUNDLES_SHOWN]:
        mark = "*" if one.misses_undisturbed else ""
        rows.append(
            [
                name[one.centre_id] + mark,
                str(one.stations),
                factor_text(one.factor, result),
                factor_text(one.factor_today, result),
                reasons_text(one.reasons, _),
                f"{one.crews:g}",
                _("none") if one.more_crews is None else f"+{one.more_crews}",
                f"{100 * one.utilisation_fraction:.0f}",
            ]
        )
    console.print()
    console.print(_("What breaks first as alerts rise everywhere"), style="bold")
    for line in grid(columns, rows, console.width):
        console.print(line)
    if any(one.misses_undisturbed for one in result.breaks[:BUNDLES_SHOWN]):
        say_lines(_("* misses the standard even undisturbed"), console, style="dim")
    if len(result.breaks) > BUNDLES_SHOWN:
        say_lines(
            _("{n} more break at ×{factor} or later; --out writes all.").format(
                n=len(result.breaks) - BUNDLES_SHOWN,
                factor=factor_text(result.breaks[BUNDLES_SHOWN].factor, result),
            ),
            console,
            style="dim",
        )
    bundled = [one for one in result.breaks if one.stations > 1]
    if bundled:
        one = bundled[0]
        say_lines(
            _(
                "The first bundle of two or more to break: {name}, at ×{factor} (today ×{today})."
            ).format(
                name=name[one.centre_id],
                factor=factor_text(one.factor, result),
                today=factor_text(one.factor_today, result),
            ),
            console,
        )
