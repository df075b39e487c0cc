"""Where beats lie among random valid plans: words, a table, plain values and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from geo.fonts import map_fonts, one_line
from optimizer.beat_ensemble import MEASURES, EnsembleResult, Measure
from optimizer.errors import Translate
from scenarios.beats import BeatStudy
from scenarios.beats_words import border_text, objective_text
from scenarios.provenance import modelled_items
from scenarios.tables import Sheet

RANDOM_CSV, HISTOGRAM = "random_plans.csv", "random_plans"
RANDOM_HEADER = ("objective", "border", "busiest_over_even")
_BARS, _OWN = "#88AACC", "#B3001B"
_BINS = 40


def measure_text(study: BeatStudy, measure: Measure, _: Translate) -> str:
    """What is compared, with its unit."""
    if measure == "cost" and study.asked.task.objective != "border":
        return objective_text(study, _)
    if measure == "load":
        return _("work of the busiest beat, share of an even one")
    return border_text(study, _)


def measures_of(study: BeatStudy) -> tuple[Measure, ...]:
    """What differs: where the border is made small, cost and border are the same."""
    same = study.asked.task.objective == "border"
    return tuple(m for m in MEASURES if not (same and m == "border"))


def random_text(found: EnsembleResult, _: Translate) -> str:
    """How the random plans were drawn, in a line."""
    if not found.moved:
        return _("No random plan could be drawn: the rules leave no room for another.")
    return _(
        "{n:,} random plans that keep every rule, by recombination of neighbouring beats (seed "
        "{seed}); they are shares of such plans, no chances."
    ).format(n=len(found.costs), seed=found.seed)


def random_sheet(study: BeatStudy, _: Translate) -> Sheet:
    """A row for each measure."""
    found = study.random_plans
    assert found is not None
    return Sheet(
        name="against_random_plans",
        title=_("Against random plans"),
        header=(_("Measure"), _("These beats"), _("Random: least"), "5%", _("Median"),
                "95%", _("Most"), _("Share of random plans that are better")),
        kinds=("text", *("number",) * 6, "fraction"),
        rows=tuple(
            (measure_text(study, m, _), found.own(m), *_marks(found, m), found.share_better(m))
            for m in measures_of(study)
        ),
    )  # fmt: skip


def _marks(found: EnsembleResult, measure: Measure) -> list[float]:
    values = found.values(measure)
    return [float(v) for v in np.quantile(values, (0.0, 0.05, 0.5, 0.95, 1.0))]


def random_document(study: BeatStudy) -> dict[str, Any] | None:
    """As plain values; null where it was not asked for or cannot be."""
    found = study.random_plans
    if found is None:
        return None
    return {
        "plans": len(found.costs),
        "recombinations_tried": found.steps,
        "recombinations_made": found.moved,
        "seed": found.seed,
        "border_unit": "km" if study.asked.task.border_km is not None else "pairs_of_cells",
        "measures": {
            m: {
                "own": found.own(m),
                "share_better_fraction": found.share_better(m),
                **dict(zip(("least", "p05", "median", "p95", "most"), _marks(found, m),
                           strict=True)),
            }
            for m in MEASURES
        },
    }  # fmt: skip


def random_rows(found: EnsembleResult) -> list[tuple[float, float, float]]:
    """Each random plan: objective, length of borders, work of the busiest beat over an even one."""
    columns = (found.costs.tolist(), found.border_lengths.tolist(), found.worst_loads.tolist())
    return list(zip(*columns, strict=True))


def random_chart(study: BeatStudy, title: str, _: Translate) -> Figure:
    """A histogram for each measure, with these beats as a line."""
    found = study.random_plans
    assert found is not None
    measures = measures_of(study)
    with map_fonts():
        figure = Figure(figsize=(8.3, 0.9 + 2.1 * len(measures)), layout="constrained")
        figure.suptitle(one_line(title), fontsize=12, x=0.01, ha="left")
        for axes, measure in zip(figure.subplots(len(measures), 1, squeeze=False)[:, 0], measures,
                                 strict=True):  # fmt: skip
            _histogram(axes, study, found, measure, _)
        said = [random_text(found, _)]
        if modelled_items(study.opened.loaded.county.provenance):
            said.append(_("Modelled values are no findings about the county."))
        figure.supxlabel("\n".join(one_line(line) for line in said), fontsize=7, x=0.01, ha="left")
    return figure


def _histogram(
    axes: Any, study: BeatStudy, found: EnsembleResult, measure: Measure, _: Translate
) -> None:
    values, own = found.values(measure), found.own(measure)
    low, high = min(float(values.min()), own), max(float(values.max()), own)
    axes.hist(values, bins=np.linspace(low, high if high > low else low + 1.0, _BINS + 1),
              color=_BARS)  # fmt: skip
    axes.axvline(own, color=_OWN, linewidth=2, label=one_line(_("These beats")))
    share = _("{share:.1%} of the random plans are better").format(
        share=found.share_better(measure)
    )
    axes.set_title(one_line(share), fontsize=9, color=_OWN, loc="right")
    axes.set_title(one_line(measure_text(study, measure, _)), fontsize=9, loc="left")
    axes.legend(fontsize=8, frameon=False, handlelength=1.2)
    axes.set_ylabel(one_line(_("Random plans")), fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_formatter(lambda value, _at: f"{value:,.6g}")
    axes.set_axisbelow(True)
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
