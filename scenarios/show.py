"""A run on the console, as a planner reads it: rich tables that hold at 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Problem, Translate
from optimizer.result import Proof, Relaxation, Status
from scenarios.compare import measures, township_changes
from scenarios.documents import steered_in
from scenarios.provenance import modelled_text
from scenarios.role_tables import show_roles
from scenarios.run import Run
from scenarios.show_lines import further_losers_text, say_lines, wrapped
from scenarios.show_overrides import show_overrides
from scenarios.show_table import table
from scenarios.sizes import sizes_text
from scenarios.steered import steered_text
from scenarios.tables import kind_text, names, reason_text
from scenarios.titles import case_title

TOWNSHIPS_SHOWN = 5
WARNINGS_SHOWN = 10


def show_run(run: Run, console: Console, _: Translate) -> None:
    """Print a run: proofs, today against plan, decisions, who wins and loses, what is modelled."""
    county = run.loaded.county
    title = escape(case_title(county.name, run.scenario))
    console.rule(f"[bold]{title}")
    if run.description:
        say_long(run.description, console, "italic")
    show_overrides(run.loaded.overrides, run.description, console, _)
    said = steered_text(steered_in(run), _)
    if said:
        line = _("Steered by hand") + _(": ") + said
        console.print(escape(line), soft_wrap=not line.isascii())
    show_proofs(run.result.proofs, console, _, names(run), _asked(run, _))
    if run.plan is not None:
        _show_measures(run, console, _)
        _show_bundles(run, console, _)
        _show_roads(run, console, _)
        _show_moves(run, console, _)
        _show_townships(run, console, _)
        _show_calibration(run, console, _)
    show_modelled(run, console, _)
    show_warnings(run.loaded.warnings, console, _)
    spent = "  ".join(f"{step_text(s, _)} {t:.1f} s" for s, t in run.seconds.items())
    console.print(f"[dim]{escape(spent)}")


def _asked(run: Run, _: Translate) -> Callable[[str], str]:
    if not any(proof.clashing_rules for proof in run.result.proofs):
        return str
    from scenarios.explain_words import asks_text

    county, policy = run.loaded.county, run.loaded.policy
    return lambda rule: asks_text(rule, county, policy, _)


def say_long(text: str, console: Console, style: str = "") -> None:
    """Print a long line, broken between words of either script; a list's lines hang under it."""
    indent = text[: len(text) - len(text.lstrip(" "))]
    mark = "- " if text[len(indent) :].startswith("- ") else ""
    lines = wrapped(text[len(indent) + len(mark) :], console.width - len(indent) - len(mark))
    for i, line in enumerate(lines):
        console.print(
            escape(indent + (" " * len(mark) if i else mark) + line), style=style, soft_wrap=True
        )


def step_text(step: str, _: Translate) -> str:
    """Name of a step of a run."""
    return {
        "reading": _("reading the case"),
        "bundling": _("bundling"),
        "traffic": _("traffic consolidation"),
        "staffing": _("reassignment"),
        "auxiliaries": _("reassignment of auxiliaries"),
        "evaluation": _("evaluation"),
        "writing": _("writing"),
        "simulation": _("simulation"),
        "roster": _("roster"),
    }.get(step, step)


def show_proofs(
    proofs: tuple[Proof, ...],
    console: Console,
    _: Translate,
    name: Mapping[str, str],
    asked: Callable[[str], str] = str,
) -> None:
    """Say what was proven, stage by stage; for INFEASIBLE which rules clash and what would help.

    Args:
        proofs: In the order of the stages.
        console: Where to print.
        _: The planner's language.
        name: Name of each station and unit by id.
        asked: What a rule asks for, in words; where the policy is not at hand, its key.
    """
    colours = {
        Status.OPTIMAL: "green",
        Status.FEASIBLE: "yellow",
        Status.INFEASIBLE: "red",
        Status.UNKNOWN: "red",
    }
    said = {
        Status.OPTIMAL: _("proven: no plan under this policy is better"),
        Status.FEASIBLE: _("keeps every rule; how much better another could be is bounded"),
        Status.INFEASIBLE: _("proven: no plan keeps every rule"),
        Status.UNKNOWN: _("the time limit ran out before a plan or a proof"),
    }
    for proof in proofs:
        if proof.stage == "traffic" and proof.objective == 0.0:
            # No kilometre per officer: no squad was to be dissolved, or none manages a road.
            console.print(
                f"[bold]{step_text(proof.stage, _)}[/bold]{_(': ')}{_('nothing to decide')}"
            )
            continue
        console.print(
            f"[bold]{step_text(proof.stage, _)}[/bold]{_(': ')}"
            f"[{colours[proof.status]}]{proof.status.value}[/] ({said[proof.status]})"
        )
        if proof.objective is not None:
            line = f"  {_('objective')} {proof.objective:,.3f} {_(proof.objective_unit)}"
            if proof.bound is not None:
                line += f"{_(', ')}{_('bound')} {proof.bound:,.3f}"
            if proof.status is Status.FEASIBLE and proof.gap_fraction is not None:
                line += f"{_(', ')}{_('gap')} {proof.gap_fraction:.2%}"
            console.print(escape(line))
        if proof.clashing_rules:
            console.print("  " + _("These rules cannot hold together:"))
            for rule in proof.clashing_rules:
                say_long("    - " + asked(rule), console)
        if proof.relaxations:
            console.print("  " + _("Any one of these changes makes a plan possible:"))
            for change in proof.relaxations:
                console.print(f"    - {_change(change, name, _)}")
        if proof.joint_relaxations:
            console.print(
                "  " + _("No single change is enough. Made together, the changes of one line are:")
            )
            for changes in proof.joint_relaxations:
                console.print("    - " + _("; ").join(_change(c, name, _) for c in changes))


def _change(change: Relaxation, name: Mapping[str, str], _: Translate) -> str:
    """A rule, its value now and the value that helps."""
    return (
        f"{escape(change.rule)}{_(': ')}{escape(change.present_text(_, name))} → "
        f"{escape(change.needed_text(_, name))}"
    )


def show_warnings(warnings: tuple[Problem, ...], console: Console, _: Translate) -> None:
    """Warnings of reading, the first few in full."""
    if not warnings:
        return
    console.print(f"[bold yellow]{_('Warnings')} ({len(warnings)})")
    for warning in warnings[:WARNINGS_SHOWN]:
        say_long("  - " + warning.text(_), console, "yellow")
    if len(warnings) > WARNINGS_SHOWN:
        console.print("  … " + _("the rest is in warnings.csv"), style="yellow")


def show_modelled(run: Run, console: Console, _: Translate) -> None:
    """Name every modelled input."""
    items = modelled_text(run.loaded.county.provenance, _)
    if items:
        console.print(
            f"[bold magenta]{_('Modelled, not given by the bureau')}[/]{_(': ')}" + escape(items),
            soft_wrap=not items.isascii(),
        )


def _show_measures(run: Run, console: Console, _: Translate) -> None:
    assert run.plan is not None
    found = table(
        _("Today against the plan"),
        (_("Measure"), "left"),
        (_("Today"), "right"),
        (_("Plan"), "right"),
        (_("Change"), "right"),
    )
    colours = {"better": "green", "worse": "red", "": ""}
    for m in measures(run.today, run.plan, _):
        change = m.change
        if m.verdict:
            # A sign beside the colour, for those who cannot see it and for paper.
            change += " ✓" if m.verdict == "better" else " ✗"
        style = colours[m.verdict]
        found.add_row(
            escape(m.heading),
            escape(m.shown(m.today)),
            escape(m.shown(m.plan)),
            f"[{style}]{change}[/]" if style else change,
        )
    console.print(found)


def _show_bundles(run: Run, console: Console, _: Translate) -> None:
    assert run.plan is not None
    found = table(
        _("Bundles"),
        (_("Centre station"), "left"),
        (_("Police offices"), "left"),
        (_("Freed"), "right"),
        (_("Crews"), "right"),
        (_("Response, min"), "right"),
        (_("Within"), "right"),
    )
    shown = [b for b in run.plan.bundles if len(b.station_ids) > 1]
    for b in shown:
        offices = [
            n for s, n in zip(b.station_ids, b.station_names, strict=True) if s != b.centre_id
        ]
        found.add_row(
            escape(b.centre_name),
            escape("、".join(offices)),
            f"{b.officers_freed:.1f}",
            str(b.crews),
            f"{b.mean_response_today_min:.1f}→{b.mean_response_min:.1f}",
            f"{b.share_within_fraction:.0%}" + ("" if b.meets_response_standard else " ✗"),
        )
    if shown:
        console.print(found)
        console.print(_("By size: {sizes}").format(sizes=sizes_text(shown, _)), markup=False)
    else:
        console.print(_("No stations are bundled."))


def _show_roads(run: Run, console: Console, _: Translate) -> None:
    assert run.plan is not None
    if not run.plan.roads:
        return
    found = table(
        _("Road duty"),
        (_("Unit"), "left"),
        (_("Managed road, km"), "right"),
        (_("Road officers"), "right"),
        (_("km per officer"), "right"),
    )
    for r in run.plan.roads:
        found.add_row(
            escape(r.duty_name), f"{r.road_km:.1f}", str(r.officers), f"{r.km_per_officer:.1f}"
        )
    console.print(found)


def _show_moves(run: Run, console: Console, _: Translate) -> None:
    assert run.result.plan is not None
    assert run.plan is not None
    name = names(run)
    moved = [m for m in run.result.plan.moves if m.reason == "reassign"]
    if moved:
        found = table(
            _("Officers reassigned"),
            (_("From"), "left"),
            (_("To"), "left"),
            (_("Kind"), "left"),
            (_("Officers"), "right"),
        )
        kinds = {u.unit_id: u.kind for u in run.plan.units}
        for m in moved:
            found.add_row(
                escape(name[m.from_id]),
                escape(name[m.to_id]),
                kind_text(kinds[m.to_id], _),
                str(m.officers),
            )
        console.print(found)
    for reason in ("bundle", "road_duty"):
        total = sum(m.officers for m in run.result.plan.moves if m.reason == reason)
        if total:
            console.print(
                _("{n} officers: {reason} (moves.csv)").format(
                    n=total, reason=reason_text(reason, _)
                )
            )
    show_roles(run.result.plan, name, console, _)


def _show_townships(run: Run, console: Console, _: Translate) -> None:
    assert run.plan is not None
    changes = township_changes(run.today, run.plan)
    losers = [c for c in changes if c.loses]
    winners = [c for c in changes if c.gains]
    found = table(
        _("Townships: {lose} lose, {gain} gain, {same} as before").format(
            lose=len(losers), gain=len(winners), same=len(changes) - len(losers) - len(winners)
        ),
        (_("Township"), "left"),
        (_("Responsible in the plan"), "left"),
        (_("Response, min"), "right"),
        (_("Change"), "right"),
        (_("Within"), "right"),
        (_("Residents"), "right"),
    )
    for c in [*losers[:TOWNSHIPS_SHOWN], *list(reversed(winners))[:TOWNSHIPS_SHOWN]]:
        style = "red" if c.loses else "green"
        found.add_row(
            escape(c.plan.township),
            escape(c.plan.responsible),
            f"{c.today.mean_response_min:.1f}→{c.plan.mean_response_min:.1f}",
            f"[{style}]{c.mean_response_change_min:+.1f}[/]",
            f"{c.today.share_within_fraction:.0%}→{c.plan.share_within_fraction:.0%}",
            f"{c.plan.population:,.0f}",
        )
    if losers or winners:
        console.print(found)
        if said := further_losers_text(losers[TOWNSHIPS_SHOWN:], _):
            say_lines(said, console)


def _show_calibration(run: Run, console: Console, _: Translate) -> None:
    assert run.plan is not None
    closed = run.plan.duty_posts_closed
    if closed > 0:
        text = _(
            "{n} round-the-clock duty posts close: {officers} officers at {relief} a post; "
            "with pooled crews, travel and windows the model frees {freed}."
        ).format(
            n=closed,
            officers=f"{run.plan.duty_posts_closed_officers:.1f}",
            relief=f"{run.loaded.policy.crews.relief_factor:.1f}",
            freed=f"{run.plan.officers_freed:.1f}",
        )
        say_long(text, console)
