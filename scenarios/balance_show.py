"""Alerts against officers on the console, at 80 columns."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from optimizer.errors import Translate
from optimizer.measures import loads, shares
from scenarios.balance import INTERVAL_FRACTION, BalanceStudy, Deployment
from scenarios.provenance import modelled_text
from scenarios.rhythm_show import show_warnings
from scenarios.show_lines import Cell, Column, grid, listed, say_lines

_UNITS, _MONTHS = 15, 12


def side_text(kind: str, _: Translate) -> str:
    """Today or the plan."""
    return {"today": _("Today"), "plan": _("Plan")}[kind]


def unit_names(study: BalanceStudy) -> dict[str, str]:
    """Name of every unit."""
    county = study.county
    tables = (
        (county.stations.station_id, county.stations.name),
        (county.squads.squad_id, county.squads.name),
        (county.units.unit_id, county.units.name),
    )
    return {i: n for ids, names in tables for i, n in zip(ids, names, strict=True)}


def share_rows(side: Deployment) -> list[tuple[str, float, float, float, float, float, float]]:
    """Units, those with most work per officer first.

    Unit, alerts a year, shares of alerts, workload and officers, officers, load.
    """
    b = side.balance
    load = loads(b.required, b.officers)
    columns = zip(
        b.unit_id, b.alerts_per_year.tolist(), shares(b.alerts_per_year).tolist(),
        shares(b.required).tolist(), shares(b.officers).tolist(), b.officers.tolist(),
        load.tolist(), strict=True,
    )  # fmt: skip
    return sorted(columns, key=lambda r: (-r[6], r[0]))


def show_balance(study: BalanceStudy, console: Console, _: Translate) -> None:
    """Print shares of units, the mismatch index and its months."""
    heading = [study.county.name, study.opened.scenario or "", _("Alerts against officers")]
    say_lines(" · ".join(h for h in heading if h), console, "bold")
    for side in study.deployments:
        say_lines(
            _(
                "{side}: mismatch {index} of officers against workload; against alerts alone, "
                "stations only, {alerts}."
            ).format(
                side=side_text(side.kind, _),
                index=f"{side.balance.mismatch_fraction:.1%}",
                alerts=f"{side.balance.alerts_mismatch_fraction:.1%}",
            ),
            console,
        )
    say_lines(
        _("Mismatch: the share of officers who would have to stand elsewhere for all to carry "
          "the same (Hoover index)."),
        console,
    )  # fmt: skip
    for side in study.deployments:
        _units(study, side, console, _)
    _months(study, console, _)
    modelled = modelled_text(study.county.provenance, _)
    if modelled:
        console.print()
        say_lines(_("Modelled: {items}").format(items=modelled), console)
    show_warnings(study.problems, console, _)


def _units(study: BalanceStudy, side: Deployment, console: Console, _: Translate) -> None:
    names = unit_names(study)
    rows = share_rows(side)
    columns = [
        Column(header=side_text(side.kind, _), gives_way=True),
        Column(header=_("Alerts"), figures=True),
        Column(header=_("Share of alerts"), figures=True),
        Column(header=_("Of workload"), figures=True),
        Column(header=_("Of officers"), figures=True),
        Column(header=_("Officers"), figures=True),
        Column(header=_("Load"), figures=True),
    ]
    cells: list[tuple[Cell, ...]] = [
        (
            names[unit],
            f"{alerts:,.0f}",
            f"{of_alerts:.1%}",
            f"{of_work:.1%}",
            f"{of_officers:.1%}",
            f"{officers:,.0f}",
            "∞" if np.isinf(load) else f"{load:.2f}",
        )
        for unit, alerts, of_alerts, of_work, of_officers, officers, load in rows[:_UNITS]
    ]
    console.print()
    for line in grid(columns, cells, console.width):
        console.print(line)
    if len(rows) > _UNITS:
        said = _("… and {n} more; --out and --json name them all")
        say_lines(said.format(n=f"{len(rows) - _UNITS:,}"), console)


def _months(study: BalanceStudy, console: Console, _: Translate) -> None:
    console.print()
    if not study.months:
        said = _("No whole month of an alert log: the index is of the yearly rates only.")
        say_lines(said, console)
        return
    columns = [Column(header=_("Month")), Column(header=_("Alerts"), figures=True)]
    for side in study.deployments:
        name = side_text(side.kind, _)
        columns += [
            Column(header=_("{side}: workload").format(side=name), figures=True),
            Column(header=_("{side}: alerts").format(side=name), figures=True),
        ]
    rows: list[tuple[Cell, ...]] = [
        (
            month,
            f"{n:,}",
            *(f"{v:.1%}" for s in study.deployments for v in s.by_month[i].tolist()),
        )
        for i, (month, n) in enumerate(zip(study.months, study.alerts, strict=True))
    ]
    say_lines(_("Mismatch by month, against workload and against alerts"), console)
    for line in grid(columns, rows[-_MONTHS:], console.width):
        console.print(line)
    for side in study.deployments:
        assert side.by_chance is not None
        low, high = side.by_chance[1].tolist()
        say_lines(
            _(
                "{side}: against alerts, chance alone makes {low} to {high} of a month ({share}); "
                "{n} of {months} months lie outside."
            ).format(
                side=side_text(side.kind, _),
                low=f"{low:.1%}",
                high=f"{high:.1%}",
                share=f"{INTERVAL_FRACTION:.0%}",
                n=side.outside(1),
                months=len(study.months),
            ),
            console,
        )
    if study.left_out:
        said = _("Months that the log does not hold whole are left out: {months}")
        say_lines(said.format(months=listed(study.left_out)), console)
