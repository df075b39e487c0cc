"""Alerts against officers as JSON, tables, a workbook, maps and a chart, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.alert_sheets import ShadedMap, shaded_sheet
from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts, one_line
from geo.maps import write_map
from optimizer.errors import Translate
from optimizer.measures import shares
from scenarios.alert_shades import cell_shapes, rate_shades
from scenarios.balance import INTERVAL_FRACTION, BalanceStudy, Deployment
from scenarios.balance_show import share_rows, side_text, unit_names
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import inputs_text, modelled_items
from scenarios.tables import Cell, Kind, Sheet
from scenarios.workbook import write_book

_COLOURS = {"today": "#7a7a7a", "plan": "#b2182b"}
_NOBODY = 1e-9


def balance_document(study: BalanceStudy) -> dict[str, Any]:
    """Everything as plain values, for programs; a load nobody carries is null."""
    return {
        "case": study.county.name,
        "scenario": study.opened.scenario,
        "modelled": modelled_items(study.county.provenance),
        "months": list(study.months),
        "month_alerts": list(study.alerts),
        "months_left_out": list(study.left_out),
        "deployments": [_side(side) for side in study.deployments],
        "warnings": [p.text() for p in study.problems],
    }


def _side(side: Deployment) -> dict[str, Any]:
    return {
        "deployment": side.kind,
        "mismatch_fraction": side.balance.mismatch_fraction,
        "alerts_mismatch_fraction": side.balance.alerts_mismatch_fraction,
        "by_month": side.by_month[:, 0].tolist(),
        "alerts_by_month": side.by_month[:, 1].tolist(),
        "by_chance": None if side.by_chance is None else side.by_chance[0].tolist(),
        "alerts_by_chance": None if side.by_chance is None else side.by_chance[1].tolist(),
        "by_chance_interval_fraction": INTERVAL_FRACTION,
        "units": [
            {
                "unit_id": unit,
                "alerts_per_year": alerts,
                "alerts_share_fraction": of_alerts,
                "workload_share_fraction": of_work,
                "officers_share_fraction": of_officers,
                "officers": officers,
                "load": None if np.isinf(load) else load,
            }
            for unit, alerts, of_alerts, of_work, of_officers, officers, load in share_rows(side)
        ],
    }


def balance_sheets(study: BalanceStudy, _: Translate) -> tuple[Sheet, ...]:
    """Units of each deployment, and months."""
    names = unit_names(study)
    kinds: tuple[Kind, ...] = (
        "text", "text", "text", "number", "fraction", "fraction", "fraction", "count", "load",
    )  # fmt: skip
    units = Sheet(
        name="units",
        title=_("Units"),
        header=(_("Deployment"), _("Unit id"), _("Unit"), _("Alerts a year"),
                _("Share of alerts"), _("Share of workload"), _("Share of officers"),
                _("Officers"), _("Load")),
        kinds=kinds,
        rows=tuple(
            (side_text(side.kind, _), unit, names[unit], round(alerts, 2), of_alerts, of_work,
             of_officers, round(officers), None if np.isinf(load) else load)
            for side in study.deployments
            for unit, alerts, of_alerts, of_work, of_officers, officers, load in share_rows(side)
        ),
    )  # fmt: skip
    each: tuple[Kind, ...] = ("fraction",)
    month_kinds: tuple[Kind, ...] = ("text", "count", *(each * 2 * len(study.deployments)))
    rows: list[tuple[Cell, ...]] = [
        (month, n, *(v for side in study.deployments for v in side.by_month[i].tolist()))
        for i, (month, n) in enumerate(zip(study.months, study.alerts, strict=True))
    ]
    months = Sheet(
        name="months",
        title=_("Months"),
        header=(_("Month"), _("Alerts"),
                *(text.format(side=side_text(s.kind, _)) for s in study.deployments
                  for text in (_("{side}: mismatch with workload"),
                               _("{side}: mismatch with alerts")))),
        kinds=month_kinds,
        rows=tuple(rows),
    )  # fmt: skip
    return (units, months) if rows else (units,)


def write_balance(
    study: BalanceStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON, maps and chart into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    county = study.county
    title = f"{county.name} · {_('Alerts against officers')}"
    cover = [
        (_("Inputs"), inputs_text(county.provenance, _)),
        *((_("Note"), p.text(_)) for p in study.problems),
    ]  # fmt: skip
    sheets = balance_sheets(study, _)
    with atomic_folder(out) as folder:
        write_text(folder / "balance.json", json_text(balance_document(study)))
        write_book(folder, "balance.xlsx", title, cover, sheets, _, language)
        for side in study.deployments:
            scene = scene_of(study.opened.loaded, side.plan, county.name, _, language)
            figure = shaded_sheet(scene, _map(study, side, _))
            write_map(figure, folder / f"balance_{side.kind}", ("png",))
        if study.months:
            figure = mismatch_chart(study, title, _)
            with map_fonts():
                figure.savefig(folder / "months.png", dpi=150, metadata={"Software": None})
        return write_manifest(
            folder,
            command=list(command),
            county_digest=county.digest,
            policy_digest=study.opened.loaded.policy.digest,
            versions=versions(),
        )


def _map(study: BalanceStudy, side: Deployment, _: Translate) -> ShadedMap:
    """Ground of each unit by its share of alerts over its share of the stations' officers."""
    b = side.balance
    county = study.county
    ground = [u for u, stations in enumerate(b.station_ids) if stations]
    alerts, officers = shares(b.alerts_per_year[ground]), shares(b.officers[ground])
    unit_of = {s: i for i, u in enumerate(ground) for s in b.station_ids[u]}
    station = [unit_of[s] for s in county.stations.station_id]
    of_cell = np.array(station)[county.cells.station]
    shades = rate_shades(
        alerts[of_cell],
        np.maximum(officers[of_cell], _NOBODY),
        cell_shapes(study.opened.loaded),
        _,
    )
    return ShadedMap(
        label=f"balance_{side.kind}",
        heading=_("Alerts against officers: {side}").format(side=side_text(side.kind, _)),
        line=_("mismatch of officers against alerts {index}").format(
            index=f"{b.alerts_mismatch_fraction:.1%}"
        ),
        legend=_("Share of alerts over share of officers"),
        shades=shades,
        notes=("Shares are of the stations' officers; squads and functional units are left out.",),
    )


def mismatch_chart(study: BalanceStudy, title: str, _: Translate) -> Figure:
    """Mismatch indices month by month, with what chance alone makes."""
    at = np.array(study.months, "datetime64[M]").astype("datetime64[D]")
    with map_fonts():
        figure = Figure(figsize=(11.0, 4.2), layout="constrained")
        figure.suptitle(one_line(title), fontsize=10, x=0.01, ha="left")
        heads = (_("Officers against workload"), _("Officers against alerts"))
        for index, (axes, head) in enumerate(zip(figure.subplots(1, 2), heads, strict=True)):
            for side in study.deployments:
                colour, name = _COLOURS[side.kind], side_text(side.kind, _)
                assert side.by_chance is not None
                low, high = (100 * side.by_chance[index]).tolist()
                label = one_line(_("{side}: by chance alone").format(side=name))
                axes.axhspan(low, high, color=colour, alpha=0.15, linewidth=0, label=label)
                months = 100 * side.by_month[:, index]
                axes.plot(at, months, color=colour, marker="o", markersize=3, linewidth=1.2,
                          label=one_line(name))  # fmt: skip
            _furnish(axes, head, _)
    return figure


def _furnish(axes: Any, head: str, _: Translate) -> None:
    axes.set_title(one_line(head), fontsize=9, loc="left")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(one_line(_("Mismatch index, %")), fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.legend(fontsize=7, frameon=False, ncols=2, loc="lower left")
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
