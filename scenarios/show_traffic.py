"""Traffic consolidation on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.result import Proof, Status
from scenarios.show_table import table
from scenarios.titles import case_title
from scenarios.traffic import RoadUnit, TrafficFacts
from scenarios.traffic_outputs import (
    class_text,
    hours_text,
    kind_text,
    per,
    short_hours,
)


def show_traffic(found: TrafficFacts, console: Console, _: Translate) -> None:
    """Print duty stations and squads, what changes, options, hours, checkpoints."""
    county = found.run.loaded.county
    title = escape(case_title(county.name, found.run.scenario))
    console.rule(f"[bold]{title}")
    _units(found.squads, _("Squads today"), console, _)
    _units(found.duty, _("Duty stations"), console, _)
    _sources(found, console, _)
    _before_after(found, console, _)
    _options(found, console, _)
    _equipment(found, console, _)
    _hours(found, console, _)
    for line in (
        _(
            "Minutes to an accident: turn-out and drive from the squad's or duty station's seat. "
            "Modelled, like the alerts, unless a log is given."
        ),
        _(
            "Officers on duty by hour are worked out from head counts and weekly hours, most "
            "accidents first; no roster says so."
        ),
    ):  # fmt: skip
        console.print(f"[dim]{escape(line)}", soft_wrap=not line.isascii())


def _units(units: Sequence[RoadUnit], title: str, console: Console, _: Translate) -> None:
    shown = table(
        title,
        (_("Name"), "left"),
        (_("km"), "right"),
        (_("Officers"), "right"),
        (_("km each"), "right"),
        (_("Accidents each"), "right"),
        (_("Minutes"), "right"),
    )
    for unit in units:
        shown.add_row(
            escape(unit.name),
            f"{unit.road_km:.1f}",
            str(unit.officers),
            _number(per(unit.road_km, unit.officers)),
            _number(per(unit.response.accidents_per_year, unit.officers), 0),
            f"{unit.response.mean_min:.1f}",
        )
    console.print(shown)


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _sources(found: TrafficFacts, console: Console, _: Translate) -> None:
    shown = table(
        _("Roads and officers that come"),
        (_("Duty station"), "left"),
        (_("Roads of"), "left"),
        (_("By class, km"), "left"),
        (_("Officers from"), "left"),
    )
    county = found.run.loaded.county
    classes = [class_text(c, _) for c in county.road_classes]
    for unit in found.duty:
        by_class = [f"{c} {km:.1f}" for c, km in zip(classes, unit.km, strict=True) if km > 0]
        shown.add_row(
            escape(unit.name),
            escape(_(", ").join(unit.jurisdictions)),
            escape(_(", ").join(by_class)) or "-",
            escape(_(", ").join(f"{name} {n}" for name, n in unit.sources)) or "-",
        )
    console.print(shown)
    parts = found.run.result.plan.class_duties if found.run.result.plan is not None else ()
    if parts:
        name = dict(zip(county.stations.station_id, county.stations.name, strict=True))
        each = _("; ").join(
            _("{roads} of {jurisdiction} to {duty}").format(
                roads=class_text(p.road_class, _),
                jurisdiction=name[p.station_id],
                duty=name[p.duty_id],
            )
            for p in parts
        )
        said = _("Parted by class, the rest of a jurisdiction elsewhere: {each}.").format(each=each)
        console.print(escape(said), soft_wrap=not said.isascii())


def _before_after(found: TrafficFacts, console: Console, _: Translate) -> None:
    rules = found.run.loaded.policy.traffic
    shown = table(
        _("Before and after"), (_("Measure"), "left"), (_("Today"), "right"), (_("Plan"), "right")
    )

    def most(units: Sequence[RoadUnit], accidents: bool) -> str:
        each = [
            per(u.response.accidents_per_year if accidents else u.road_km, u.officers)
            for u in units
        ]
        known = [e for e in each if e is not None]
        return "-" if len(known) < len(each) or not known else f"{max(known):,.1f}"

    def mean(units: Sequence[RoadUnit], accidents: bool) -> str:
        amount = sum(u.response.accidents_per_year if accidents else u.road_km for u in units)
        return _number(per(amount, sum(u.officers for u in units)))

    hours = found.hours
    both = (found.squads, found.duty)
    rows = (
        (_("Units with road duty"), *(str(len(u)) for u in both)),
        (_("Officers with road duty"), *(str(sum(x.officers for x in u)) for u in both)),
        *(
            [(_("Auxiliaries with them"), *(str(sum(x.auxiliaries for x in u)) for u in both))]
            if any(u.auxiliaries for u in found.squads)
            else []
        ),
        (_("Most km per officer"), *(most(u, False) for u in both)),
        (_("Mean km per officer"), *(mean(u, False) for u in both)),
        (_("Most accidents per officer"), *(most(u, True) for u in both)),
        (_("Minutes to an accident"), f"{found.today.mean_min:.1f}", f"{found.plan.mean_min:.1f}"),
        (
            _("Accidents reached within {n} min").format(n=f"{rules.accident_limit_min:g}"),
            f"{found.today.within_fraction:.1%}",
            f"{found.plan.within_fraction:.1%}",
        ),
        (
            _("Main roads within {n} min, mean of the day").format(n=f"{rules.coverage_min:g}"),
            f"{hours.covered_today.mean():.1%}",
            f"{hours.covered_plan.mean():.1%}",
        ),
        (
            _("The same in the worst hour"),
            f"{hours.covered_today.min():.1%}",
            f"{hours.covered_plan.min():.1%}",
        ),
        *(
            []
            if hours.covered_fraction is None
            else [
                (
                    _("Near a duty station or a manned checkpoint"),
                    "-",
                    f"{hours.covered_fraction:.1%}",
                )
            ]
        ),
    )
    for row in rows:
        shown.add_row(*map(escape, row))
    console.print(shown)


def _options(found: TrafficFacts, console: Console, _: Translate) -> None:
    names = {
        "asked": _("This run"),
        "free": _("Any number"),
        "two_step": _("Two steps"),
        "joint": _("One solve"),
    }
    options = found.options
    shown = table(
        _("Side by side"),
        (_("Measure"), "left"),
        *((names[o.key], "right") for o in options),
    )
    rows = (
        (_("Duty stations"), [str(o.duty_stations) for o in options]),
        (_("Most km per officer"), [f"{o.load_km:.1f}" for o in options]),
        (_("Officers leaving their area"), [str(o.leavers) for o in options]),
        (_("Minutes to an accident"), [f"{o.response.mean_min:.1f}" for o in options]),
        (_("Reached in time"), [f"{o.response.within_fraction:.1%}" for o in options]),
        # The joint proof speaks for the joint answer alone.
        (_("Proof"), ["-" if o.key == "two_step" else _proof(o.proof, _) for o in options]),
    )
    for label, values in rows:
        shown.add_row(escape(label), *map(escape, values))
    console.print(shown)
    if len(options) > 1 and options[1].key == "free":
        said = _("Any number: of duty stations, with the bundles of this run.")
        console.print(escape(said), soft_wrap=not said.isascii())
    if found.joint is not None:
        line = joint_text(found, _)
        console.print(escape(line), soft_wrap=not line.isascii())


def _proof(proof: Proof, _: Translate) -> str:
    if proof.status is Status.OPTIMAL:
        return _("proven")
    gap = proof.gap_fraction
    return proof.status.value if gap is None else _("gap {gap}").format(gap=f"{gap:.2%}")


def joint_text(found: TrafficFacts, _: Translate) -> str:
    """What one solve brings over two steps."""
    joint = found.joint
    assert joint is not None
    price = f"{found.run.loaded.policy.traffic.joint_price_per_km:g}"
    if joint.best is None:
        return _("Bundles and roads together: no plan was found.")
    if joint.two_step is None:
        return _("Bundles first leaves no road duty that keeps the rules; one solve finds a plan.")
    saved = joint.two_step.objective - joint.best.objective
    if joint.best == joint.two_step:
        return _(
            "One solve gives the same bundles and roads as two steps, at {price} officers per km."
        ).format(price=price)
    return _(
        "One solve is worth {saved} officers more, at {price} officers per km: bundles cost "
        "{dearer} officers more, and the most loaded officer has {km} km fewer."
    ).format(
        saved=f"{saved:.2f}",
        price=price,
        dearer=f"{joint.best.price - joint.two_step.price:.2f}",
        km=f"{joint.two_step.load_km - joint.best.load_km:.1f}",
    )  # fmt: skip


def _equipment(found: TrafficFacts, console: Console, _: Translate) -> None:
    kinds = found.run.loaded.road_assets.kinds
    if not kinds:
        return
    shown = table(_("Equipment"), (_("Unit"), "left"), *((kind_text(k, _), "right") for k in kinds))
    for unit in (*found.squads, *found.duty):
        shown.add_row(escape(unit.name), *map(str, unit.equipment))
    console.print(shown)


def _hours(found: TrafficFacts, console: Console, _: Translate) -> None:
    hours = found.hours
    shown = table(
        _("Main roads by hour"),
        (_("Hours"), "left"),
        (_("On duty today"), "right"),
        (_("Plan"), "right"),
        (_("Covered today"), "right"),
        (_("Plan"), "right"),
    )
    for first in range(0, 24, 4):
        part = slice(first, first + 4)
        shown.add_row(
            f"{first:02d}-{first + 4:02d}",
            f"{hours.on_duty_today[part].mean():.1f}",
            f"{hours.on_duty_plan[part].mean():.1f}",
            f"{hours.covered_today[part].mean():.1%}",
            f"{hours.covered_plan[part].mean():.1%}",
        )
    console.print(shown)
    if not hours.checkpoints:
        return
    name = {u.unit_id: u.name for u in found.duty}
    points = table(
        _("Checkpoints"),
        (_("Checkpoint"), "left"),
        (_("Hours"), "left"),
        (_("Officers"), "right"),
        (_("Manned by"), "left"),
        (_("Hours short of officers"), "left"),
    )
    for point, unit in hours.checkpoints:
        points.add_row(
            escape(point.name),
            hours_text(point.hours),
            str(point.officers),
            escape(name[unit]),
            hours_text(short_hours(found, point, unit)) or "-",
        )
    console.print(points)
