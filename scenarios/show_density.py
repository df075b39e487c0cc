"""Density of alerts on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from scenarios.alert_choice import selection_text
from scenarios.density import FEW_ALERTS, DensityStudy, RateTable
from scenarios.density_outputs import unit_text
from scenarios.provenance import modelled_text
from scenarios.rhythm_show import show_warnings
from scenarios.show_lines import wrapped
from scenarios.show_table import table
from scenarios.titles import case_title

_ROWS = 12


def show_density(found: DensityStudy, console: Console, _: Translate) -> None:
    """Print the alerts meant, the surface, townships and the highest cells."""
    meant = found.meant
    title = escape(case_title(meant.county.name, meant.scenario))
    console.rule(f"[bold]{title}")
    said = _("{which}: {n:,.0f} alerts in {years:.2f} years").format(
        which=selection_text(meant.selection, _), n=meant.counts.sum(), years=meant.years
    )
    console.print(escape(said))
    if meant.alerts is None:
        console.print(escape(_("The case has yearly rates only: no surface, no times.")))
    _surface(found, console, _)
    unit = unit_text(found, _)
    for title, rates, name in (
        (_("Townships: {unit}").format(unit=unit), found.townships, _("Township")),
        (_("Highest cells: {unit}").format(unit=unit), found.cells, _("Cell")),
    ):
        _rates(title, rates, name, console, _)
    lines = [
        _("↑ the whole interval lies above the county's rate. Rates of small cells are drawn "
          "towards it, as far as chance explains the difference (Poisson-gamma; Marshall 1991)."),
    ]  # fmt: skip
    if any(t.rests_on_few(i) for t in (found.townships, found.cells) for i in t.order()[:_ROWS]):
        lines.append(
            _("* rests on fewer than {n} alerts: the raw rate says hardly anything, take the "
              "interval.").format(n=FEW_ALERTS)
        )  # fmt: skip
    modelled = modelled_text(meant.county.provenance, _)
    if modelled:
        lines.append(_("Modelled: {items}").format(items=modelled))
    for line in (part for said in lines for part in wrapped(said, console.width)):
        console.print(f"[dim]{escape(line)}")
    if meant.alerts is not None:
        show_warnings(meant.alerts.problems, console, _)


def _surface(found: DensityStudy, console: Console, _: Translate) -> None:
    surface, bands = found.surface, found.bands
    if surface is None or bands is None:
        return
    rule = {
        "given": _("as given"),
        "scott": _("by Scott's rule"),
        "likelihood": _("which foretells left-out squares best"),
    }[surface.rule]
    said = _("Kernel: {metres:,.0f} m, {rule}; squares of {step:g} m.").format(
        metres=surface.bandwidth_m, rule=rule, step=surface.grid.step_m
    )
    console.print(escape(said), soft_wrap=not said.isascii())
    whole = float(surface.grid.inside.sum()) * (surface.grid.step_m / 1000.0) ** 2
    for share, area in zip(bands.share_fraction.tolist(), bands.area_km2.tolist(), strict=True):
        if share in (0.5, 0.9):
            said = _("{share:.0%} of alerts lie on {area:,.1f} km², {part:.1%} of the ground.")
            console.print(escape(said.format(share=share, area=area, part=area / whole)))
    if found.without_point:
        said = _("{n:,} alerts without a point are in the tables only.")
        console.print(escape(said.format(n=found.without_point)))


def _rates(title: str, rates: RateTable, name: str, console: Console, _: Translate) -> None:
    shown = table(
        title,
        (name, "left"),
        (_("Alerts"), "right"),
        (_("Raw"), "right"),
        (_("Drawn in"), "right"),
        (_("Lower end"), "right"),
        (_("Upper end"), "right"),
        ("", "left"),
    )
    r = rates.rates
    for i in rates.order()[:_ROWS]:
        label = rates.names[i]
        if rates.townships[i] != label:
            label = f"{label} {rates.townships[i]}"
        shown.add_row(
            escape(label),
            f"{rates.counts[i]:,.0f}",
            "–" if rates.exposure[i] <= 0 else _figure(float(r.raw[i])),
            _figure(float(r.rate[i])),
            _figure(float(r.low[i])),
            _figure(float(r.high[i])),
            ("↑" if rates.surely_higher(i) else "") + ("*" if rates.rests_on_few(i) else ""),
        )
    console.print(shown)
    more = len(rates.names) - _ROWS
    if more > 0:
        console.print(f"[dim]{escape(_('and {n:,} more; --out writes all').format(n=more))}")


def _figure(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}" if rate >= 10 else f"{rate:.2f}"
