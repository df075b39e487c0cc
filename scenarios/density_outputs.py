"""Density of alerts as tables, a workbook, JSON, maps and GIS layers, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.alert_sheets import ShadedMap, shaded_sheet
from geo.atomic import atomic_folder, write_text
from geo.gpkg import Layer, multipolygons, write_layers
from geo.maps import MapScene, ground_for, write_map
from geo.plane import as_geometry
from geo.qgis_style import Look, categorised
from optimizer.county import MODELLED
from optimizer.errors import Translate
from optimizer.plan import current_plan
from scenarios.alert_choice import selection_document, selection_text
from scenarios.alert_shades import TIMES, band_shades, band_text, cell_shapes, rate_shades
from scenarios.density import FEW_ALERTS, DensityStudy, RateTable
from scenarios.documents import json_text
from scenarios.keeping import versions
from scenarios.language import Language
from scenarios.manifest import write_manifest
from scenarios.outputs import scene_of
from scenarios.provenance import inputs_text
from scenarios.tables import Kind, Sheet
from scenarios.titles import case_title
from scenarios.workbook import write_book

WORKBOOK = "density.xlsx"
LAYERS = "density.gpkg"
_SHRUNK = (
    "Rates of small cells are drawn towards the county's, as far as chance explains the difference."
)


def density_document(found: DensityStudy) -> dict[str, Any]:
    """Everything as plain values, for programs."""
    meant, surface, bands = found.meant, found.surface, found.bands
    return {
        "case": meant.county.name,
        "scenario": meant.scenario,
        "selection": selection_document(meant.selection),
        "alerts": float(meant.counts.sum()),
        "years": meant.years,
        "from_log": meant.alerts is not None,
        "per": found.per,
        "exposure_modelled": exposure_modelled(found),
        "surface": None
        if surface is None
        else {
            "alerts": surface.alerts,
            "without_point": found.without_point,
            "bandwidth_m": surface.bandwidth_m,
            "rule": surface.rule,
            "grid_m": surface.grid.step_m,
            "highest_per_km2_year": float(np.nanmax(surface.per_km2)) / meant.years,
        },
        "densest_ground": []
        if bands is None
        else [
            {"share_fraction": share, "area_km2": area, "from_per_km2_year": low / meant.years}
            for share, area, low in zip(
                bands.share_fraction.tolist(),
                bands.area_km2.tolist(),
                bands.from_per_km2.tolist(),
                strict=True,
            )
        ],
        "cells": _rows(found.cells),
        "townships": _rows(found.townships),
    }


def _rows(table: RateTable) -> list[dict[str, Any]]:
    r = table.rates
    return [
        {
            "name": table.names[i],
            "township": table.townships[i],
            "alerts": float(table.counts[i]),
            "exposure": float(table.exposure[i]),
            "raw_per_year": None if np.isnan(r.raw[i]) else float(r.raw[i]),
            "rate_per_year": float(r.rate[i]),
            "low_per_year": float(r.low[i]),
            "high_per_year": float(r.high[i]),
            "common_per_year": float(r.common[i]),
            "kept_fraction": float(r.kept_fraction[i]),
            "surely_higher": table.surely_higher(i),
            "rests_on_few_alerts": table.rests_on_few(i),
        }
        for i in table.order()
    ]


def exposure_modelled(found: DensityStudy) -> bool:
    """Whether what rates are counted over was modelled."""
    item = "cells.geometry" if found.per == "km2" else "cells.population"
    return found.meant.county.origin_of(item) == MODELLED


def unit_text(found: DensityStudy, _: Translate) -> str:
    """Unit of the rates."""
    return _("alerts a year per km²") if found.per == "km2" else _("alerts a year per 1,000")


def density_sheets(found: DensityStudy, _: Translate) -> tuple[Sheet, ...]:
    """Rates of cells and townships, and the densest ground, as tables."""
    unit = unit_text(found, _)
    over = _("km²") if found.per == "km2" else _("Thousand residents")

    def sheet(name: str, title: str, table: RateTable, *, is_cell: bool) -> Sheet:
        r = table.rates
        own = (_("Cell"), _("Township")) if is_cell else (_("Township"),)
        texts: tuple[Kind, ...] = ("text", "text") if is_cell else ("text",)
        return Sheet(
            name=name,
            title=title,
            header=(*own, _("Alerts"), over, _("Raw: {unit}").format(unit=unit),
                    _("Drawn to the county's: {unit}").format(unit=unit), _("Lower end"),
                    _("Upper end"),
                    _("Own difference kept"), _("Surely above the county"),
                    _("Fewer than {n} alerts").format(n=FEW_ALERTS)),
            kinds=(*texts, "count", "number", "number", "number", "number",
                   "number", "fraction", "text", "text"),
            rows=tuple(
                (*((table.names[i], table.townships[i]) if is_cell else (table.names[i],)),
                 float(table.counts[i]), float(table.exposure[i]),
                 None if np.isnan(r.raw[i]) else float(r.raw[i]), float(r.rate[i]),
                 float(r.low[i]), float(r.high[i]), float(r.kept_fraction[i]),
                 _("yes") if table.surely_higher(i) else _("no"),
                 _("yes") if table.rests_on_few(i) else _("no"))
                for i in table.order()
            ),
        )  # fmt: skip

    sheets = [
        sheet("townships", _("Townships"), found.townships, is_cell=False),
        sheet("cells", _("Cells"), found.cells, is_cell=True),
    ]
    if found.bands is not None:
        bands, years = found.bands, found.meant.years
        sheets.append(
            Sheet(
                name="densest_ground",
                title=_("Densest ground"),
                header=(_("Share of alerts"), _("km²"), _("Alerts a year per km² from")),
                kinds=("fraction", "number", "number"),
                rows=tuple(
                    zip(bands.share_fraction.tolist(), bands.area_km2.tolist(),
                        (bands.from_per_km2 / years).tolist(), strict=True)
                ),
            )
        )  # fmt: skip
    return tuple(sheets)


def write_density(
    found: DensityStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write tables, workbook, JSON, maps and layers into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written, or holds something else.
    """
    meant = found.meant
    county = meant.county
    title = case_title(county.name, meant.scenario)
    lines = [
        (_("Alerts"), selection_text(meant.selection, _)),
        (_("Rates"), _(_SHRUNK)),
        (_("Inputs"), inputs_text(county.provenance, _)),
    ]  # fmt: skip
    sheets = density_sheets(found, _)
    scene = scene_of(meant.loaded, current_plan(county), title, _, language)
    with atomic_folder(out) as folder:
        write_text(folder / "density.json", json_text(density_document(found)))
        write_book(folder, WORKBOOK, title, lines, sheets, _, language)
        write_layers(folder / LAYERS, density_layers(found, _), _, attribution=scene.attribution)
        _write_maps(found, scene, folder, _)
        return write_manifest(
            folder,
            command=list(command),
            county_digest=county.digest,
            policy_digest=meant.loaded.policy.digest,
            versions=versions(),
        )


def _write_maps(found: DensityStudy, scene: MapScene, folder: Path, _: Translate) -> None:
    meant = found.meant
    ground = ground_for(scene)
    which = selection_text(meant.selection, _)
    if found.surface is not None and found.bands is not None:
        surface = found.surface
        shown = ShadedMap(
            label="density",
            heading=_("Density of alerts: {which}").format(which=which),
            line=_("{n:,} alerts · kernel {metres:,.0f} m · highest {top:,.0f} a year per km²")
            .format(n=surface.alerts, metres=surface.bandwidth_m,
                    top=float(np.nanmax(surface.per_km2)) / meant.years),
            legend=_("Alerts"),
            shades=band_shades(found.bands, _),
            notes=("Each class holds the classes darker than itself.",),
        )  # fmt: skip
        write_map(shaded_sheet(scene, shown, ground), folder / "density", ("png",))
    rates = found.cells.rates
    shown = ShadedMap(
        label="rates",
        heading=_("Rates of cells: {which}").format(which=which),
        line=_("county: {rate:,.1f} {unit}").format(
            rate=float(meant.counts.sum() / (found.cells.exposure.sum() * meant.years)),
            unit=unit_text(found, _),
        ),
        legend=_("Times the county's rate"),
        shades=rate_shades(rates.rate, rates.common, cell_shapes(meant.loaded), _),
        notes=(_SHRUNK,),
    )
    write_map(shaded_sheet(scene, shown, ground), folder / "rates", ("png",))


def density_layers(found: DensityStudy, _: Translate) -> tuple[Layer, ...]:
    """Densest ground and rates of cells for a GIS; `jingli map --overlay` takes the file too."""
    table, rates = found.cells, found.cells.rates
    times = rates.rate / np.maximum(rates.common, 1e-300)
    shades = rate_shades(rates.rate, rates.common, cell_shapes(found.meant.loaded), _)
    by_class = np.searchsorted(np.array(TIMES), times, side="right")
    present = sorted(set(by_class.tolist()))
    layers = [
        Layer(
            name="cell_rates",
            title="Alerts a year by cell, drawn towards the county's rate",
            columns={
                "cell_id": list(table.names),
                "name": [
                    f"{cell} {rate:,.1f}"
                    for cell, rate in zip(table.names, rates.rate.tolist(), strict=True)
                ],
                "township": list(table.townships),
                "alerts": table.counts,
                "raw_per_year": rates.raw,
                "rate_per_year": rates.rate,
                "low_per_year": rates.low,
                "high_per_year": rates.high,
                "class": [str(k) for k in by_class.tolist()],
                "per": [found.per] * len(table.names),
            },
            geometry=multipolygons(cell_shapes(found.meant.loaded)),
            kind="MultiPolygon",
            style=categorised(
                "fill",
                "class",
                [
                    (str(k), Look(label=shade.text, colour=shade.fill))
                    for k, shade in zip(present, shades, strict=True)
                ],
            ),
        )
    ]
    if found.bands is not None:
        bands = found.bands
        there = [i for i, shape in enumerate(bands.geometry) if shape is not None]
        names = [band_text(float(bands.share_fraction[i]), _) for i in there]
        colours = [shade.fill for shade in band_shades(bands, _)][::-1]
        layers.append(
            Layer(
                name="densest_ground",
                title="Densest ground by share of alerts",
                columns={
                    "name": names,
                    "share_fraction": bands.share_fraction[there],
                    "from_per_km2_year": bands.from_per_km2[there] / found.meant.years,
                    "area_km2": bands.area_km2[there],
                },
                geometry=multipolygons(as_geometry([bands.geometry[i] for i in there])),
                kind="MultiPolygon",
                style=categorised(
                    "fill",
                    "name",
                    [
                        (name, Look(label=name, colour=colour, opaque_fraction=0.7))
                        for name, colour in zip(names, colours, strict=True)
                    ],
                ),
            )
        )
    return tuple(layers)
