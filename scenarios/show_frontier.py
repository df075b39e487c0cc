"""The frontier on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console

from optimizer.errors import Translate
from optimizer.frontier import FrontierPlan
from optimizer.result import Status
from scenarios.frontier import FrontierStudy, Mark
from scenarios.provenance import modelled_text
from scenarios.show_lines import Column, grid, listed, say_lines
from scenarios.titles import case_title

_NOTHING = 5e-4


def show_frontier(study: FrontierStudy, console: Console, _: Translate) -> None:
    """Print what was found, some of its points, and where the plans in hand lie."""
    found = study.found
    say_lines(case_title(study.loaded.county.name, study.scenario), console, "bold")
    if not found.points:
        text = (
            _("No bundling keeps the rules; `jingli run` says which of them clash.")
            if found.status is Status.INFEASIBLE
            else _("The time ended before a plan was found; raise --time-limit.")
        )
        say_lines(text, console)
        return
    say_lines(_summary(study, _), console)
    if found.left_free:
        say_lines(
            _(
                "Left free here, since it is what is traded: {keys} (--keep-counts holds it)."
            ).format(keys=listed(found.left_free)),
            console,
        )
    shown = study.representative()
    console.print()
    two = found.third is None
    slope = [Column(header=_("s per officer more"), figures=True)] if two else []
    columns = [
        Column(header=_("Point"), figures=True),
        Column(header=_("Officers freed"), figures=True),
        Column(header=_("Extra min per alert"), figures=True),
        *slope,
        Column(header=_("Centres"), figures=True),
        Column(header=_("Stations in them"), figures=True),
        Column(header=_("Heaviest bundle"), figures=True),
        Column(header="", gives_way=True),
    ]
    rows = []
    for before, point in zip((None, *shown), shown, strict=False):
        head, tail = _cells(point, _)
        rows.append((*head, *([_slope(point, before)] if two else []), *tail))
    for line in grid(columns, rows, console.width):
        console.print(line)
    if len(shown) < len(found.points):
        say_lines(
            _("{shown} of {all} points; --out writes all.").format(
                shown=len(shown), all=len(found.points)
            ),
            console,
        )
    console.print()
    for mark in study.marks:
        say_lines(_placed(mark, _, is_proven=found.status is Status.OPTIMAL), console)
    if study.other_world:
        say_lines(
            _("The published plan belongs to other data (alerts, roads or stations); not placed."),
            console,
        )
    _notes(study, console, _)


def _notes(study: FrontierStudy, console: Console, _: Translate) -> None:
    console.print()
    if study.found.knee is not None:
        say_lines(
            _(
                "Knee: the point farthest below the straight line between the ends, both axes "
                "scaled to their length."
            ),
            console,
        )
    say_lines(
        _("Heaviest bundle: officers required by the bundle of two or more that needs most."),
        console,
    )
    items = modelled_text(study.loaded.county.provenance, _)
    if items:
        say_lines(_("Modelled: {items}").format(items=items), console)


def _summary(study: FrontierStudy, _: Translate) -> str:
    found = study.found
    if found.status is Status.OPTIMAL:
        text = (
            _("{n} plans that no other betters in officers and minutes; these are all, proven.")
            if found.third is None
            else _("{n} plans that no other betters in all three aims; these are all, proven.")
        )
        return text.format(n=len(found.points))
    gaps = [p.gap_min_per_alert for p in found.points]
    why = (
        _("the work set for one question was used up")
        if found.stopped_by == "work"
        else _("the time ended")
    )
    return _(
        "{n} plans found, {proven} of them proven; {why} before all were. Between two points "
        "another plan may cost up to {gap} min per alert less, and none frees more than {most} "
        "officers."
    ).format(
        n=len(found.points),
        proven=sum(gap == 0.0 for gap in gaps),
        why=why,
        gap=f"{max(gaps):.3f}",
        most=f"{found.most_freed_officers:,.1f}",
    )


def _slope(point: FrontierPlan, before: FrontierPlan | None) -> str:
    """Seconds per alert that each officer more costs, from the row above."""
    if before is None or point.officers_freed <= before.officers_freed + 1e-6:
        return ""
    extra_s = 60.0 * (point.extra_min_per_alert - before.extra_min_per_alert)
    return f"{extra_s / (point.officers_freed - before.officers_freed):.2f}"


def _cells(point: FrontierPlan, _: Translate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cells before and after the slope."""
    said = [_("knee")] if point.is_knee else []
    if point.gap_min_per_alert > 0:
        said.append(_("gap {min}").format(min=f"{point.gap_min_per_alert:.3f}"))
    head = (str(point.number), f"{point.officers_freed:,.1f}", f"{point.extra_min_per_alert:+.3f}")
    heaviest = f"{point.heaviest_officers:,.1f}" if point.centres else ""
    return head, (str(point.centres), str(point.stations_bundled), heaviest, ", ".join(said))


def _placed(mark: Mark, _: Translate, *, is_proven: bool) -> str:
    placed = mark.placed
    what = _("{plan}: {officers} officers freed, {min} min per alert.").format(
        plan=mark.said(_),
        officers=f"{placed.officers_freed:,.1f}",
        min=f"{placed.extra_min_per_alert:+.3f}",
    )
    blank = " " if what.endswith(".") else ""
    more, fewer = placed.officers_given_away, placed.min_given_away
    if (more is not None and more < -_NOTHING) or fewer is None or fewer < -_NOTHING:
        beyond = (
            _("Beyond the frontier: it breaks a rule that the frontier keeps.")
            if is_proven
            else _(
                "Beyond the points found: it breaks a rule that they keep, or the search ended "
                "before it came to such a plan."
            )
        )
        return what + blank + beyond
    if more is None:
        return what
    if more < _NOTHING and fewer < _NOTHING:
        return what + blank + _("On the frontier.")
    return (
        what
        + blank
        + _(
            "It gives away {officers} officers at the same minutes, or {min} min per alert at the "
            "same officers."
        ).format(officers=f"{more:,.1f}", min=f"{fewer:.3f}")
    )
