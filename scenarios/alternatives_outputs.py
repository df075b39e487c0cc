"""The output folder of `jingli alternatives`: tables, a plan file each, how certain bundles are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.atomic import atomic_folder, write_text
from geo.fonts import map_fonts, one_line
from geo.maps import write_map
from geo.safe_text import write_csv
from geo.sheets_stability import CertainBundle, stability_map
from optimizer.alternatives import Alternatives
from optimizer.errors import Translate
from optimizer.plan import Plan
from optimizer.stability import BundleShare
from scenarios.alternatives import AlternativesStudy, differs
from scenarios.documents import json_text, plain
from scenarios.frontier_outputs import (
    PLAN_PREFIX,
    bundles_text,
    write_manifest_of,
    write_plan_table,
)
from scenarios.language import Language
from scenarios.outputs import scene_of
from scenarios.provenance import modelled_items, modelled_text
from scenarios.sweep_years import POISSON

SHOWN = 30
"""Bundles in the picture at the most."""
_COLOUR = {"core": "#2A6EB0", "likely": "#7FA8CF", "open": "#C9CDD3"}
_YEAR_INK = "#E8902F"


def write_alternatives(
    study: AlternativesStudy, out: Path, _: Translate, language: Language, command: Sequence[str]
) -> tuple[str, ...]:
    """Write the alternatives into the folder `out`, all or nothing.

    Args:
        study: The alternatives.
        out: Folder to make; an earlier one of ours is replaced.
        _: Translation of the pictures and of what differs. Column names stay, for programs.
        language: Of the map.
        command: For the manifest.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written.
    """
    with atomic_folder(out) as folder:
        header = ("plan", "above_officers", "price_officers", "proven", "differs", "bundles")
        for name, found in (("best", study.best), ("diverse", study.diverse)):
            write_csv(folder / f"{name}.csv", header, _rows(study, found, _))
            for number, plan in enumerate(found.plans, 1):
                write_plan_table(folder / f"{PLAN_PREFIX}{name}-{number:02d}.csv", plan.bundles)
        write_csv(folder / "near.csv", header, _rows(study, study.near, _))
        write_csv(
            folder / "bundles.csv",
            ("bundle", "names", "in_best", "share_of_near_optimal_plans", "share_of_drawn_years",
             "label"),
            [
                (
                    " + ".join(b.station_ids),
                    bundle_name(b, study.names),
                    "yes" if b.in_best else "",
                    round(b.near_share_fraction, 4),
                    "" if b.year_share_fraction is None else round(b.year_share_fraction, 4),
                    b.label,
                )
                for b in study.bundles
            ],
        )  # fmt: skip
        write_text(folder / "alternatives.json", json_text(document(study, _)))
        if study.bundles:
            write_map(stability_figure(study, _), folder / "bundles", ("png", "svg"))
            best = Plan(bundles=study.best.plans[0].bundles)
            scene = scene_of(study.loaded, best, study.loaded.county.name, _, language)
            write_map(
                stability_map(scene, [_certain(b) for b in study.bundles]),
                folder / "bundles-map",
                ("png", "svg"),
            )
        return write_manifest_of(folder, study.loaded, command)


def document(study: AlternativesStudy, _: Translate) -> dict[str, Any]:
    """The alternatives for machines."""
    return {
        "case": study.loaded.county.name,
        "scenario": study.scenario,
        "status": study.best.status.value,
        "unique": study.best.is_unique,
        "modelled": modelled_items(study.loaded.county.provenance),
        "best": _found(study, study.best, _),
        "near": _found(study, study.near, _) | {"asked_officers": study.near_asked_officers},
        "diverse": _found(study, study.diverse, _) | {"share_fraction": study.share_fraction},
        "bundles": [plain(asdict(b)) | {"station_ids": list(b.station_ids)} for b in study.bundles],
        "years": study.years,
        "years_solved": study.years_solved,
        "year_drawn_by": study.year_kind if study.years else None,
        "seed": study.seed,
    }


def _found(study: AlternativesStudy, found: Alternatives, _: Translate) -> dict[str, Any]:
    names = study.names
    return {
        "within_officers": found.within_officers,
        "complete": found.is_all,
        "plans": [
            {
                "above_officers": p.above_officers,
                "price_officers": p.price_officers,
                "proven": p.is_proven,
                "differs": differs(p, found.plans[0], names, _),
                "bundles": [list(b.station_ids) for b in p.bundles if b.office_ids],
                "centres": [b.centre_id for b in p.bundles if b.office_ids],
            }
            for p in found.plans
        ],
    }


def _rows(study: AlternativesStudy, found: Alternatives, _: Translate) -> list[tuple[object, ...]]:
    return [
        (
            number,
            round(p.above_officers, 6),
            round(p.price_officers, 6),
            "yes" if p.is_proven else "no",
            differs(p, found.plans[0], study.names, _),
            bundles_text(p.bundles),
        )
        for number, p in enumerate(found.plans, 1)
    ]


def bundle_name(bundle: BundleShare, names: Mapping[str, str]) -> str:
    """The stations of a bundle by name."""
    return "+".join(names[s] for s in bundle.station_ids)


def _certain(bundle: BundleShare) -> CertainBundle:
    """A bundle on the map: the smaller of its shares, as its label goes by both."""
    near, years = bundle.near_share_fraction, bundle.year_share_fraction
    return CertainBundle(
        station_ids=bundle.station_ids,
        in_best=bundle.in_best,
        share_fraction=near if years is None else min(near, years),
    )


def label_text(label: str, _: Translate) -> str:
    """What a planner calls a label."""
    return {"core": _("core"), "likely": _("likely"), "open": _("open")}[label]


def stability_figure(study: AlternativesStudy, _: Translate) -> Figure:
    """A bar for each bundle: its share of the near-optimal plans, and a mark for the years."""
    bundles = study.bundles[:SHOWN]
    names = study.short_names
    with map_fonts():
        figure = Figure(figsize=(9.0, 1.9 + 0.3 * len(bundles)), layout="constrained")
        title = one_line(f"{study.loaded.county.name} · {_('How certain each bundle is')}")
        figure.set_label(title)
        figure.suptitle(title, fontsize=12, x=0.01, ha="left")
        axes = figure.subplots()
        at = np.arange(len(bundles))
        for label, colour in _COLOUR.items():
            mine = [i for i, b in enumerate(bundles) if b.label == label]
            if mine:
                axes.barh(
                    mine,
                    [100.0 * bundles[i].near_share_fraction for i in mine],
                    color=colour,
                    height=0.62,
                    label=_("Near-optimal plans, {label}").format(label=label_text(label, _)),
                )
        years = [b.year_share_fraction for b in bundles]
        if any(y is not None for y in years):
            axes.plot(
                [100.0 * (y or 0.0) for y in years], at, "D", color=_YEAR_INK, markersize=5.5,
                markeredgecolor="white", label=_("Drawn years"),
            )  # fmt: skip
        marked = [("● " if b.in_best else "") + bundle_name(b, names) for b in bundles]
        axes.set_yticks(at, [one_line(m) for m in marked], fontsize=8)
        axes.set_xlim(-1.5, 102.0)
        axes.set_ylim(len(bundles) - 0.4, -0.6)
        axes.set_xlabel(_("Share that has the bundle, % (● = in the best plan)"), fontsize=8.5)
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(axis="x", color="#E3E6EA", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        figure.legend(loc="outside upper right", ncols=2, fontsize=8, frameon=False)
        note = _note(study, _)
        if note:
            figure.supxlabel(one_line(note), fontsize=7, x=0.01, ha="left", color="#8A1F11")
    return figure


def _note(study: AlternativesStudy, _: Translate) -> str:
    items = modelled_text(study.loaded.county.provenance, _)
    said = [_("Modelled: {items}").format(items=items)] if items else []
    if study.years and study.year_kind == POISSON:
        said.append(_("Drawn years are modelled (Poisson)."))
    return " · ".join(said)
