"""Chapter 7, a part: what the best plan without each bundle costs, and the pairs nearest to it."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import InputError
from scenarios.explain import Explanation
from scenarios.explain_reasons import locks_text
from scenarios.explain_words import change_text, instead_text, price_text
from scenarios.opened import Opened
from scenarios.report.blocks import Block, Bullets, Heading, Paragraph, TableBlock
from scenarios.report.material import Material
from scenarios.report.wording import listed

MOST_STATIONS = 60
"""Stations up to which every bundle is set against the best plan without it: some seconds."""
PAIRS = 5


def why(m: Material) -> Iterator[Block]:
    """The part; nothing where no station is bundled, or there are too many to solve again."""
    _ = m.translate
    if not m.bundled or len(m.run.loaded.county.stations) > MOST_STATIONS:
        return
    try:
        found = Explanation(
            Opened(
                label="",
                scenario=m.run.scenario,
                loaded=m.run.loaded,
                proofs=m.run.result.proofs,
                plan=m.decided,
            )
        )
    except InputError:  # bundles from elsewhere: there is no optimum to set them against
        return
    yield Heading(text=_("Why these bundles and not others"), level=2)
    yield Paragraph(
        text=_(
            "For each bundle the best plan without it was found, under the same rules. Prices are "
            "in officers: required, longer ways, overload. Road duty and reassignment are not "
            "weighed."
        )
    )
    if found.locks is not None:
        yield Paragraph(text=locks_text(found, _).replace("\u00a0", " "))
    yield _table(m, found)
    nearest = sorted(
        (p for p in found.pairs if p.change is not None and p.change.price is not None),
        key=lambda p: (p.change.price.total if p.change and p.change.price else 0.0, p.station_ids),
    )
    if nearest:
        yield Paragraph(text=_("Neighbours that were nearly put together, and what it would cost:"))
        yield Bullets(
            items=tuple(
                _("{stations}: {cost}")
                .format(
                    stations=listed([found.name[s] for s in p.station_ids], _),
                    cost=change_text(p.change, found.name, _) if p.change else "",
                )
                .replace("\u00a0", " ")
                for p in nearest[:PAIRS]
            )
        )


def _table(m: Material, found: Explanation) -> TableBlock:
    _ = m.translate
    rows = []
    for w in found.bundles:
        change, name = w.without, found.name
        rows.append(
            (
                name[w.bundle.centre_id],
                listed([name[s] for s in w.bundle.office_ids], _),
                change_text(change, name, _)
                if change.price is None
                else price_text(change.price, _),
                instead_text(change, name, _).replace("\u00a0", " ") if change.new else "–",
            )
        )
    return TableBlock(
        caption=_("The best plan without each bundle"),
        header=(_("Centre station"), _("Police offices"), _("Price"), _("Instead")),
        rows=tuple(rows),
        align=("left", "left", "left", "left"),
        note=_("A few hundredths: nearly a toss-up."),
        width_share=(1.1, 1.5, 1.8, 3.0),
    )
