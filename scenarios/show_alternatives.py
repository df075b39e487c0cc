"""Alternatives and stability on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console

from optimizer.alternatives import MOST_PLANS, Alternatives
from optimizer.errors import Translate
from scenarios.alternatives import AlternativesStudy, differs
from scenarios.alternatives_outputs import bundle_name, label_text
from scenarios.provenance import modelled_text
from scenarios.show_lines import Column, grid, say_lines
from scenarios.sweep_years import POISSON
from scenarios.titles import case_title

_BUNDLES_SHOWN = 20


def show_alternatives(study: AlternativesStudy, console: Console, _: Translate) -> None:
    """Print the best plans, the different ones, and how certain each bundle is."""
    say_lines(case_title(study.loaded.county.name, study.scenario), console, "bold")
    if not study.best.plans:
        say_lines(
            _("No proven plan ({status}); `jingli run` says why.").format(
                status=study.best.status.value
            ),
            console,
        )
        return
    say_lines(_uniqueness(study.best, _), console)
    _plans(study, study.best, _("Best plans"), console, _)
    say_lines(_complete(study.best, _), console)
    if len(study.diverse.plans) > 1:
        title = _("Different plans: at least {share}% new bundles against any earlier one").format(
            share=f"{100 * study.share_fraction:g}"
        )
        _plans(study, study.diverse, title, console, _)
    _stability(study, console, _)
    items = modelled_text(study.loaded.county.provenance, _)
    if items:
        say_lines(_("Modelled: {items}").format(items=items), console)


def _uniqueness(found: Alternatives, _: Translate) -> str:
    if found.is_unique is None:
        return _("Whether another plan is as good as the best is not known.")
    if not found.is_unique:
        return _("Other plans are exactly as good as the best.")
    if len(found.plans) < 2:
        return _("The best plan is the only one that keeps the rules, proven.")
    return _(
        "The best plan is the only best one, proven; the next costs {more} officers more."
    ).format(more=f"{found.plans[1].above_officers:.3f}")


def _complete(found: Alternatives, _: Translate) -> str:
    if found.is_all:
        return _("These are all plans that keep the rules, proven.")
    if found.within_officers is None:
        return _("There are too many plans to list the best of them.")
    return _("No other plan is cheaper than the last of these, proven.")


def _plans(
    study: AlternativesStudy, found: Alternatives, title: str, console: Console, _: Translate
) -> None:
    console.print()
    say_lines(title, console, "bold")
    columns = [
        Column(header=_("Plan"), figures=True),
        Column(header=_("Officers dearer"), figures=True),
        Column(header=_("What differs from the best"), gives_way=True),
    ]
    rows = []
    for number, plan in enumerate(found.plans, 1):
        text = differs(plan, found.plans[0], study.short_names, _)
        if not plan.is_proven:
            text += " " + _("(a cheaper one as different may exist)")
        rows.append((str(number), f"{plan.above_officers:+.3f}", text))
    for line in grid(columns, rows, console.width):
        console.print(line)


def _stability(study: AlternativesStudy, console: Console, _: Translate) -> None:
    near = study.near
    console.print()
    say_lines(_("How certain each bundle is"), console, "bold")
    reached = near.within_officers
    if reached is None:
        say_lines(_("There are too many plans near the best to list them."), console)
    else:
        say_lines(
            _("All {n} plans up to {more} officers above the best, proven complete.").format(
                n=f"{len(near.plans):,}", more=f"{reached:.3f}"
            ),
            console,
        )
        if reached < study.near_asked_officers - 1e-6:
            say_lines(
                _("{asked} officers were asked for; there are too many plans to list up to there "
                  "(at most {most} are).")
                .format(asked=f"{study.near_asked_officers:.3f}", most=f"{MOST_PLANS:,}"),
                console,
            )  # fmt: skip
    if study.years:
        text = (
            _("{n} years of alerts drawn (Poisson, modelled; seed {seed}), each solved anew.")
            if study.year_kind == POISSON
            else _("{n} years of alerts drawn from the log (seed {seed}), each solved anew.")
        )
        say_lines(text.format(n=study.years, seed=study.seed), console)
        if study.years_solved < study.years:
            say_lines(
                _("{n} of them have no proven plan.").format(n=study.years - study.years_solved),
                console,
            )
    columns = [
        Column(header=_("Bundle"), gives_way=True),
        Column(header=_("Best plan")),
        Column(header=_("Near-optimal plans, %"), figures=True),
        Column(header=_("Drawn years, %"), figures=True),
        Column(header=_("Label")),
    ]
    rows = [
        (
            bundle_name(b, study.short_names),
            "●" if b.in_best else "",
            f"{100 * b.near_share_fraction:.0f}",
            "" if b.year_share_fraction is None else f"{100 * b.year_share_fraction:.0f}",
            label_text(b.label, _),
        )
        for b in study.bundles[:_BUNDLES_SHOWN]
    ]
    for line in grid(columns, rows, console.width):
        console.print(line)
    if len(study.bundles) > len(rows):
        say_lines(
            _("{shown} of {all} bundles; --out writes all.").format(
                shown=len(rows), all=len(study.bundles)
            ),
            console,
        )
    say_lines(
        _(
            "core: in every near-optimal plan and in nine of ten years; likely: in half of both; "
            "open: any other."
        ),
        console,
    )
