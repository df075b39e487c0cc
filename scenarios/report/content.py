"""What a report says: the chapters in order, with the maps, about one run that has a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from importlib.metadata import version

from geo.maps import redistricting_map
from optimizer.errors import InputError, Problem, Translate
from scenarios.kept import KeptRun
from scenarios.language import Language, in_language
from scenarios.provenance import modelled_items, modelled_text
from scenarios.report.blocks import Block, PageBreak, Picture, Report
from scenarios.report.charts import Form, picture
from scenarios.report.content_appendix import appendix
from scenarios.report.content_bundles import bundles
from scenarios.report.content_choices import choices
from scenarios.report.content_inputs import inputs
from scenarios.report.content_method import method
from scenarios.report.content_moves import moves
from scenarios.report.content_risks import risks
from scenarios.report.content_roads import roads
from scenarios.report.content_summary import summary
from scenarios.report.content_windows import windows
from scenarios.report.material import Material, material_of
from scenarios.report.numbering import chinese_number
from scenarios.run import Run

BOTH: tuple[Form, ...] = ("png", "svg")
CHAPTERS = (bundles, roads, moves, windows, risks, choices, method, inputs)
"""After the summary, which is chapter 1, and before the appendix."""
_DIGITS = 12


def build_report(
    run: Run,
    alternatives: Sequence[KeptRun],
    translate: Translate,
    language: Language,
    *,
    label: str = "",
    dated: date | None = None,
    forms: Collection[Form] = BOTH,
) -> Report:
    """The report about a run: the same run gives the same report.

    Args:
        run: A run with a plan, just made or opened again.
        alternatives: Other runs of the same county, to compare with.
        translate: Translation into the report's language.
        language: Language of the report.
        label: Under which the run is kept; empty where it is not.
        dated: Day of the run; None where nobody knows it. The clock is never asked.
        forms: Forms of pictures that the renderer wants; the others stay empty.

    Raises:
        InputError: the run has no plan.
    """
    if run.plan is None or run.result.plan is None:
        raise InputError([no_plan(run)])
    _, county = translate, run.loaded.county
    m = material_of(run, alternatives, translate, language, forms)
    return Report(
        title=_("Plan for bundling stations and matching strength to alerts: {county}").format(
            county=county.name
        ),
        subtitle=_("Draft for decision"),
        facts=tuple(_facts(m, label, dated)),
        running=_running(m),
        blocks=tuple(_blocks(m)),
        lang=language,
        attribution=m.scene.attribution,
    )


def no_plan(run: Run) -> Problem:
    """Why there is nothing to report."""
    return Problem(
        where=run.scenario or run.loaded.county.name,
        value=run.result.status.value,
        expected="a run with a plan",
        fix="`jingli runs --open` says which rules clash",
    )


def _blocks(m: Material) -> Iterator[Block]:
    yield from summary(m)
    yield _map(m)
    for chapter in CHAPTERS:
        yield from chapter(m)
    yield PageBreak()
    yield from appendix(m)


def _map(m: Material) -> Picture:
    return picture(
        lambda: redistricting_map(m.scene, with_changes=True),
        m.forms,
        m.translate("Jurisdictions today and under the plan; hatched: another station responsible"),
        wide=True,
    )


def _facts(m: Material, label: str, dated: date | None) -> Iterator[tuple[str, str]]:
    _, run = m.translate, m.run
    yield _("County"), run.loaded.county.name
    if run.scenario:
        yield _("Scenario"), run.scenario
    if run.description:
        yield _("In words"), in_language(run.description, m.language)
    if label:
        yield _("Run number"), label
    if dated is not None:
        yield (
            _("Date of the run"),
            _("{year}-{month}-{day}").format(
                year=dated.year, month=f"{dated.month:02d}", day=f"{dated.day:02d}"
            ),
        )
    yield _("Status of the plan"), _status(m)
    items = modelled_text(run.loaded.county.provenance, _)
    if items:
        yield _("Modelled inputs"), items
    yield _("Plan digest"), m.plan.plan_digest[:_DIGITS]
    yield _("Computed with"), f"Jingli {version('jingli')}"


def _status(m: Material) -> str:
    _, status = m.translate, m.run.result.status.value
    said = {
        "OPTIMAL": _("OPTIMAL: each stage proven best under its policy and inputs"),
        "FEASIBLE": _("FEASIBLE: keeps every rule; not every stage proven best"),
    }
    return said.get(status, status)


def _running(m: Material) -> str:
    _ = m.translate
    if modelled_items(m.run.loaded.county.provenance):
        # Which they are stands on the first page; a list does not fit the head of every page.
        chapter = 2 + CHAPTERS.index(inputs)
        return _("Draft · {status} · with modelled inputs, see chapter {chapter}").format(
            status=m.run.result.status.value,
            chapter=chinese_number(chapter) if m.language == "zh" else chapter,
        )
    return _("Draft · {status} · all inputs given").format(status=m.run.result.status.value)
