"""Hot spots on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from geo.near_repeat import NearRepeats
from optimizer.errors import Translate
from scenarios.alert_choice import selection_text
from scenarios.hot_spots import HotSpotStudy
from scenarios.hot_spots_outputs import classes_found
from scenarios.hot_spots_words import band_texts, kind_text, step_text
from scenarios.key_areas_hot import hot_key_areas, key_areas_text
from scenarios.provenance import modelled_text
from scenarios.rhythm_show import show_warnings
from scenarios.show_lines import wrapped
from scenarios.show_table import table
from scenarios.titles import case_title

_ROWS = 15


def show_hot_spots(found: HotSpotStudy, console: Console, _: Translate) -> None:
    """Print the top places, change through time and near repeats."""
    meant = found.meant
    title = escape(case_title(meant.county.name, meant.scenario))
    console.rule(f"[bold]{title}")
    said = _("{which}: {n:,.0f} alerts in {years:.2f} years").format(
        which=selection_text(meant.selection, _), n=meant.counts.sum(), years=meant.years
    )
    console.print(escape(said))
    _tested(found, console, _)
    _spots(found, console, _)
    if found.through is not None:
        _through(found, console, _)
    if found.repeats is not None:
        _near(found.repeats, console, _)
    rules = meant.loaded.case.spec.alert_rules.visibility
    lines = [
        key_areas_text(hot_key_areas(found, _), rules, _),
        _("Hot: more alerts there and next to it than places drawn at random have (Gi*, "
          "permutation); at most {share:.0%} of the places by chance. A place beside a hot one may "
          "be listed for its neighbour's alerts.")
        .format(share=found.rules.false_discovery_fraction),
    ]  # fmt: skip
    if found.per == "km2":
        lines.append(_("Where many people live there are more alerts: --per 1000-residents."))
    modelled = modelled_text(meant.county.provenance, _)
    if modelled:
        lines.append(_("Modelled: {items}").format(items=modelled))
    for line in (part for said in lines for part in wrapped(said, console.width)):
        console.print(f"[dim]{escape(line)}")
    if meant.alerts is not None:
        show_warnings(meant.alerts.problems, console, _)


def _tested(found: HotSpotStudy, console: Console, _: Translate) -> None:
    if found.grid is not None:
        said = _("{hot:,} of {n:,} squares of {step:g} m are hot.").format(
            hot=int(found.is_hot.sum()), n=len(found.keys), step=found.grid.step_m
        )
    else:
        said = _("{hot:,} of {n:,} cells are hot.").format(
            hot=int(found.is_hot.sum()), n=len(found.keys)
        )
    if found.small:
        said += " " + _("{n} places with fewer than {least} alerts are left out.").format(
            n=found.small, least=found.rules.least_alerts
        )
    console.print(escape(said))
    if found.without_point:
        said = _("{n:,} alerts without a point in the county are not counted.")
        console.print(escape(said.format(n=found.without_point)))


def _spots(found: HotSpotStudy, console: Console, _: Translate) -> None:
    if not found.spots:
        said = _(
            "No place is hot together with those round it. Single cells that surely have more are "
            "in `jingli density`."
        )
        console.print(escape(said), soft_wrap=not said.isascii())
        return
    shown = table(
        _("Hot spots, most alerts beyond the mean first"),
        (_("Rank"), "right"),
        (_("Place"), "left"),
        (_("Alerts"), "right"),
        (_("Expected"), "right"),
        (_("Times"), "right"),
        (_("km²"), "right"),
        ("Gi*", "right"),
        ("q", "right"),
    )
    for s in found.spots[:_ROWS]:
        shown.add_row(
            str(s.rank),
            escape(f"{s.township} {s.cell_id}"),
            f"{s.alerts:,.0f}",
            f"{s.expected_alerts:,.0f}" if s.expected_alerts >= 10 else f"{s.expected_alerts:.1f}",
            f"{s.times:.1f}",
            f"{s.area_km2:.1f}",
            f"{s.z:.1f}",
            _chance(s.q),
        )
    console.print(shown)
    _more(len(found.spots), console, _)


def _through(found: HotSpotStudy, console: Console, _: Translate) -> None:
    assert found.through is not None
    comma = _(", ")
    said = _("{n} steps of one {step} from {start}").format(
        n=len(found.through.starts),
        step=step_text(found.rules.emerging.step, _),
        start=found.through.starts[0],
    )
    squares = comma.join(f"{kind_text(k, _)} {n:,}" for k, n in classes_found(found))
    console.print(escape(_("{steps}. Squares: {classes}").format(
        steps=said, classes=squares or "–")))  # fmt: skip
    if not found.changing:
        return
    shown = table(
        _("Hot spots through time"),
        (_("Course"), "left"),
        (_("Place"), "left"),
        (_("Alerts"), "right"),
        (_("In the last step"), "right"),
        (_("Steps hot"), "right"),
        (_("km²"), "right"),
    )
    for s in found.changing[:_ROWS]:
        assert s.hot_fraction is not None
        shown.add_row(
            escape(kind_text(s.kind, _)),
            escape(f"{s.township} {s.cell_id}"),
            f"{s.alerts:,.0f}",
            f"{s.last_alerts:,}",
            f"{s.hot_fraction:.0%}",
            f"{s.area_km2:.1f}",
        )
    console.print(shown)
    _more(len(found.changing), console, _)


def _near(near: NearRepeats, console: Console, _: Translate) -> None:
    distances, days = band_texts(near, _)
    shown = table(
        _("Near repeats: pairs of alerts over those by chance"),
        (_("Distance"), "left"),
        *((text, "right") for text in days),
    )
    for d, name in enumerate(distances):
        cells = []
        for t in range(len(days)):
            if not near.pairs[d, t] and not near.expected_pairs[d, t]:
                cells.append("–")
                continue
            sure = " *" if near.p[d, t] <= 0.05 else ""
            cells.append(f"{near.ratio[d, t]:.2f}{sure}")
        shown.add_row(escape(name), *cells)
    console.print(shown)
    said = _("* p at most 0.05 over {n} shuffles of the times").format(n=near.permutations)
    console.print(f"[dim]{escape(said)}")


def _more(rows: int, console: Console, _: Translate) -> None:
    if rows > _ROWS:
        said = _("and {n:,} more; --out writes all").format(n=rows - _ROWS)
        console.print(f"[dim]{escape(said)}")


def _chance(q: float) -> str:
    return "<0.001" if q < 0.001 else f"{q:.3f}"
