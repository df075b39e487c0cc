"""Chapter 9: what was read, what was set aside or mended, and every input that is modelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from optimizer.county import MODELLED, Provenance
from scenarios.language import in_language
from scenarios.provenance import item_text
from scenarios.report.blocks import Block, Bullets, Heading, Paragraph, TableBlock
from scenarios.report.material import Material
from scenarios.report.wording import listed, whole

WARNINGS_TOLD = 6


def inputs(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Data quality and modelled inputs"))
    yield Heading(text=_("What was read"), level=2)
    yield _quality(m)
    yield Bullets(items=tuple(_findings(m)))
    yield Heading(text=_("Modelled inputs"), level=2)
    yield from _modelled(m)


def _quality(m: Material) -> TableBlock:
    _ = m.translate
    return TableBlock(
        caption=_("Files read"),
        header=(
            _("Layer"),
            _("File"),
            _("Read"),
            _("Kept"),
            _("Set aside"),
            _("Outside"),
            _("Doubles"),
            _("Values missing"),
        ),
        rows=tuple(
            (
                item_text(q.layer, _),
                Path(q.file).name,
                whole(q.rows_read),
                whole(q.rows_kept),
                whole(q.rows_quarantined),
                whole(q.out_of_county),
                whole(q.duplicates),
                whole(sum(q.missing.values())),
            )
            for q in m.run.inspection.quality
        ),
        align=("left", "left", "right", "right", "right", "right", "right", "right"),
        note=_("Rows of each file; set aside: not used, with the reason in the record of the run."),
        width_share=(1.4, 1.8, 0.8, 0.8, 0.9, 0.9, 0.9, 1.0),
    )


def _findings(m: Material) -> Iterator[str]:
    _, inspection = m.translate, m.run.inspection
    aside = {layer: len(rows) for layer, rows in inspection.quarantined.items() if len(rows)}
    if aside:
        yield _("Set aside: {rows}.").format(
            rows=listed(
                [
                    _("{layer} {n}").format(layer=item_text(layer, _), n=whole(n))
                    for layer, n in aside.items()
                ],
                _,
            )
        )
    else:
        yield _("No row was set aside.")
    repairs = len(inspection.repairs)
    yield (
        _("Polygons mended: {n}; repairs.csv of the run names each.").format(n=whole(repairs))
        if repairs
        else _("No polygon had to be mended.")
    )
    warnings = m.run.loaded.warnings
    for warning in warnings[:WARNINGS_TOLD]:
        yield _("Warning: {text}").format(text=warning.text(_))
    if len(warnings) > WARNINGS_TOLD:
        yield _("{n} more warnings: warnings.csv of the run.").format(
            n=whole(len(warnings) - WARNINGS_TOLD)
        )


def _modelled(m: Material) -> Iterator[Block]:
    _ = m.translate
    entries = [p for p in m.run.loaded.county.provenance if p.origin == MODELLED]
    rows = _by_note(m, entries)
    if not rows:
        yield Paragraph(text=_("Every input was given by the bureau; none is modelled."))
        return
    yield Paragraph(
        text=_(
            "These inputs are modelled: worked out by a written recipe or assumed, not given by "
            "the bureau. Each number of this report that uses one is as good as the model."
        ),
        weight="warning",
    )
    yield TableBlock(
        caption=_("Modelled inputs"),
        header=(_("Input"), _("How it was modelled")),
        rows=rows,
        align=("left", "left"),
        width_share=(1.6, 3.4),
        appendix=True,
    )


def _by_note(m: Material, entries: Sequence[Provenance]) -> tuple[tuple[str, str], ...]:
    """Every item with its note; columns of one layer with the same note share a row."""
    _ = m.translate
    found: dict[tuple[str, str], dict[str, None]] = {}
    for entry in entries:
        layer = entry.item.partition(".")[0]
        note = in_language(entry.note, m.language)
        found.setdefault((layer, note), {})[item_text(entry.item, _)] = None
    rows = []
    for (layer, note), items in found.items():
        head = item_text(layer, _) + _(": ")
        first, *others = items
        rows.append((listed([first, *(o.removeprefix(head) for o in others)], _, most=99), note))
    return tuple(rows)
