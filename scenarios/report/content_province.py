"""The report of a province: all counties together, ranked, who loses, and each in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

from optimizer.county import Provenance
from optimizer.errors import InputError, Problem, Translate
from optimizer.result import Status
from optimizer.scorecard import BundleRow, Evaluation
from scenarios.compare import NOTICEABLE_MIN, TownshipChange, township_changes
from scenarios.counties import totals_of
from scenarios.kept import KeptRun
from scenarios.language import Language
from scenarios.provenance import modelled_text
from scenarios.province import PlannedCounty, Province, losers
from scenarios.report import wording
from scenarios.report.blocks import (
    RIGHT,
    Block,
    Bullets,
    Heading,
    KeyFigure,
    KeyFigures,
    PageBreak,
    Paragraph,
    Picture,
    Report,
    TableBlock,
)
from scenarios.report.wording import changes_as_shown, listed, one, percent, signed, whole
from scenarios.sizes import sizes_text
from scenarios.tables import office_names

WORST = 15
"""Losing townships in the chapter's table; the appendix has them all."""
_BUNDLES_TOLD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A county with a plan."""

    name: str
    kept: KeptRun

    @property
    def today(self) -> Evaluation:
        return self.kept.today

    @property
    def plan(self) -> Evaluation:
        return self.kept.evaluation

    @property
    def freed_fraction(self) -> float:
        """Officers freed as a share of those that the stations require today."""
        required = self.today.officers_required_stations
        return self.plan.officers_freed / required if required > 0 else 0.0


def build_province_report(
    province: Province, translate: Translate, language: Language, *, dated: date | None = None
) -> Report:
    """The report about a province: the same folder gives the same report.

    Raises:
        InputError: no county has a plan.
    """
    _ = translate
    planned = [_Planned(name=c.name, kept=c.kept) for c in province.counties if c.kept is not None]
    if not planned:
        raise InputError([_no_plan(province)])
    items = _modelled(planned, _)
    return Report(
        title=_("Plans for bundling stations: {n} counties").format(
            n=whole(len(province.counties))
        ),
        subtitle=_("Draft for decision"),
        facts=tuple(_facts(province, planned, dated, _)),
        running=(
            _("Draft · {n} of {of} counties with a plan · with modelled inputs")
            if items
            else _("Draft · {n} of {of} counties with a plan · all inputs given")
        ).format(n=whole(len(planned)), of=whole(len(province.counties))),
        blocks=tuple(_blocks(province, planned, _)),
        lang=language,
        attribution=province.attribution,
    )


def _facts(
    province: Province, planned: Sequence[_Planned], dated: date | None, _: Translate
) -> Iterator[tuple[str, str]]:
    yield _("Folder"), province.name
    yield _("Counties"), listed([c.name for c in province.counties], _, most=len(province.counties))
    if dated is not None:
        yield (
            _("Date of the run"),
            _("{year}-{month}-{day}").format(
                year=dated.year, month=f"{dated.month:02d}", day=f"{dated.day:02d}"
            ),
        )
    proven = sum(p.kept.status == Status.OPTIMAL.value for p in planned)
    yield (
        _("Status of the plans"),
        _("{proven} proven best, {kept} that keep every rule, {none} without a plan").format(
            proven=whole(proven),
            kept=whole(len(planned) - proven),
            none=whole(len(province.counties) - len(planned)),
        ),
    )
    if items := _modelled(planned, _):
        yield _("Modelled inputs"), items
    yield _("Computed with"), f"Jingli {version('jingli')}"


def _blocks(province: Province, planned: Sequence[_Planned], _: Translate) -> Iterator[Block]:
    yield from _summary(province, planned, _)
    yield Picture(
        caption=_("Bundles of all counties"),
        png=province.overview_png,
        svg=province.overview_svg,
        wide=True,
    )
    yield from _county_table(province, planned, _)
    yield from _ranking(planned, _)
    yield from _losing(province, _)
    yield Heading(text=_("County by county"))
    for county in province.counties:
        yield Heading(text=county.name, level=2)
        yield from _county(county, _)
    yield PageBreak()
    yield Heading(text=_("Appendix: tables"))
    yield _bundle_table(planned, _)
    yield _loser_table(province, _, most=None)


def _summary(province: Province, planned: Sequence[_Planned], _: Translate) -> Iterator[Block]:
    all_ = totals_of([(p.today, p.plan) for p in planned])
    before = sum(p.today.officers_required_stations for p in planned)
    losing = losers(province)
    yield Heading(text=_("Summary"))
    text = _(
        "{counties} together bundle {bundled} into {bundles} and free {freed} of the {before} "
        "officers that their stations require today ({share})."
    ).format(
        counties=_counties(len(planned), _),
        bundled=wording.stations(int(all_["stations_bundled"]), _),
        bundles=wording.bundles(int(all_["centres"]), _),
        freed=one(all_["officers_freed"]),
        before=one(before),
        share=percent(all_["officers_freed"] / before if before > 0 else 0.0),
    )
    yield Paragraph(text=text)
    change = changes_as_shown(all_["mean_response_today_min"], all_["mean_response_min"])
    yield Paragraph(
        text=_(
            "Over all alerts the mean response goes from {before} to {after} min ({change}). "
            "{losing} lose, with {residents} residents; {standard} residents are within the "
            "standard today and outside it under the plans."
        ).format(
            before=one(all_["mean_response_today_min"]),
            after=one(all_["mean_response_min"]),
            change=signed(change),
            losing=wording.townships(len(losing), _),
            residents=whole(sum(c.plan.population for _name, c in losing)),
            standard=whole(sum(c.residents_losing_standard for _name, c in losing)),
        )
    )
    if losing and losing[0][1].mean_response_change_min >= NOTICEABLE_MIN:
        yield Paragraph(text=_loses_most(*losing[0], _))
    apart = [c.name for c in province.counties if c.name not in province.joint]
    text = _("No bundle crosses a county; each county is decided for itself.")
    if province.joint:
        text = _("Bundles may cross the border between: {joint}; these are decided as one.").format(
            joint=_("; ").join(province.joint)
        )
        if apart:
            text += _(" No other bundle crosses a county.")
    yield Paragraph(text=text)
    yield KeyFigures(
        figures=(
            KeyFigure(
                label=_("Officers required at stations"),
                today=one(before),
                plan=one(before - all_["officers_freed"]),
            ),
            KeyFigure(
                label=_("Mean response"),
                today=_("{n} min").format(n=one(all_["mean_response_today_min"])),
                plan=_("{n} min").format(n=one(all_["mean_response_min"])),
            ),
            KeyFigure(
                label=_("Round-the-clock duty posts"),
                today=whole(sum(p.today.duty_posts for p in planned)),
                plan=whole(sum(p.plan.duty_posts for p in planned)),
            ),
        )
    )
    without = [c for c in province.counties if c.kept is None]
    if without:
        yield Paragraph(
            text=_("Without a plan, and in no total here: {counties}.").format(
                counties=listed([c.name for c in without], _, most=len(without))
            ),
            weight="warning",
        )
    if items := _modelled(planned, _):
        yield Paragraph(
            text=_(
                "Modelled, not given by the bureaus: {items}. Which county has which is in its own "
                "report."
            ).format(items=items),
            weight="warning",
        )


def _loses_most(county: str, change: TownshipChange, _: Translate) -> str:
    return _(
        "{township} ({county}) loses most: {before} min today, {after} min under the plan "
        "({change})."
    ).format(
        township=change.plan.township,
        county=county,
        before=one(change.today.mean_response_min),
        after=one(change.plan.mean_response_min),
        change=signed(change.mean_response_change_min),
    )


def _county_table(province: Province, planned: Sequence[_Planned], _: Translate) -> Iterator[Block]:
    found = {p.name: p for p in planned}
    yield Heading(text=_("All counties"))
    yield TableBlock(
        caption=_("Counties"),
        header=(
            _("County"),
            _("Stations → centres"),
            _("Required today"),
            _("Freed"),
            _("Mean response, min"),
            _("Within the standard"),
            _("Townships that lose"),
            _("Moved"),
            _("Status"),
        ),
        rows=tuple(
            _county_cells(found[c.name], _status(c.status, _))
            if c.name in found
            else (c.name, *(["–"] * 7), _status(c.status, _))
            for c in province.counties
        ),
        align=("left", *([RIGHT] * 7), "left"),
        width_share=(1.2, 1.0, 1.0, 0.8, 1.4, 1.7, 1.1, 0.8, 1.3),
    )


def _status(status: str, _: Translate) -> str:
    known = {
        Status.OPTIMAL.value: _("proven best"),
        Status.FEASIBLE.value: _("not proven best"),
        Status.INFEASIBLE.value: _("no plan"),
    }
    return known.get(status, _("no plan found"))


def _county_cells(p: _Planned, status: str) -> tuple[str, ...]:
    today, plan = p.today, p.plan
    return (
        p.name,
        f"{whole(plan.stations_bundled)}→{whole(plan.centres)}",
        one(today.officers_required_stations),
        one(plan.officers_freed),
        f"{one(today.mean_response_min)}→{one(plan.mean_response_min)}",
        f"{percent(today.share_within_fraction)}→{percent(plan.share_within_fraction)}",
        whole(sum(c.loses for c in township_changes(today, plan))),
        whole(plan.officers_reassigned),
        status,
    )


def _ranking(planned: Sequence[_Planned], _: Translate) -> Iterator[Block]:
    ranked = sorted(planned, key=lambda p: (-p.freed_fraction, p.name))
    yield Heading(text=_("Ranking"), level=2)
    yield TableBlock(
        caption=_("Counties by the share of officers freed"),
        header=(
            _("Rank"),
            _("County"),
            _("Freed, share of required"),
            _("Freed"),
            _("Longer mean response, min"),
            _("Worst loss of a township, min"),
            _("Residents who lose the standard"),
        ),
        rows=tuple(
            (
                whole(i + 1),
                p.name,
                percent(p.freed_fraction),
                one(p.plan.officers_freed),
                signed(changes_as_shown(p.today.mean_response_min, p.plan.mean_response_min)),
                _worst_loss(p),
                whole(sum(c.residents_losing_standard for c in township_changes(p.today, p.plan))),
            )
            for i, p in enumerate(ranked)
        ),
        align=("right", "left", *([RIGHT] * 5)),
        note=_("A high rank is no merit by itself: read it beside what it costs."),
        width_share=(0.5, 1.6, 1.2, 0.8, 1.2, 1.2, 1.3),
    )


def _worst_loss(p: _Planned) -> str:
    changes = township_changes(p.today, p.plan)
    worst = changes[0]
    if worst.mean_response_change_min <= 0:
        return "–"
    return f"{signed(worst.mean_response_change_min)} ({worst.plan.township})"


def _losing(province: Province, _: Translate) -> Iterator[Block]:
    yield Heading(text=_("Townships that lose"), level=2)
    if not losers(province):
        yield Paragraph(text=_("No township loses."))
        return
    yield _loser_table(province, _, most=WORST)


def _loser_table(province: Province, _: Translate, most: int | None) -> TableBlock:
    every = losers(province)
    shown = every if most is None else every[:most]
    hidden = len(every) - len(shown)
    return TableBlock(
        caption=_("Townships that lose most") if most is not None else _("Townships that lose"),
        header=(
            _("County"),
            _("Township"),
            _("Responsible in the plan"),
            _("Mean response, min"),
            _("Change, min"),
            _("Within the standard"),
            _("Residents"),
            _("of them lose the standard"),
        ),
        rows=tuple(
            (
                name,
                c.plan.township,
                c.plan.responsible,
                f"{one(c.today.mean_response_min)}→{one(c.plan.mean_response_min)}",
                signed(c.mean_response_change_min),
                f"{percent(c.today.share_within_fraction)}→{percent(c.plan.share_within_fraction)}",
                whole(c.plan.population),
                whole(c.residents_losing_standard),
            )
            for name, c in shown
        ),
        align=("left", "left", "left", *([RIGHT] * 5)),
        note=_("{n} more are in the appendix.").format(n=whole(hidden)) if hidden else "",
        width_share=(1.0, 1.1, 1.4, 1.2, 0.8, 1.7, 0.95, 1.0),
        appendix=most is None,
    )


def _county(county: PlannedCounty, _: Translate) -> Iterator[Block]:
    if county.kept is None:
        text = _("No plan ({status}).").format(status=county.status)
        if county.clashing_rules:
            text += _(" These rules cannot hold together: {rules}.").format(
                rules=", ".join(county.clashing_rules)
            )
        yield Paragraph(text=text, weight="warning")
        return
    today, plan = county.kept.today, county.kept.evaluation
    bundled = [b for b in plan.bundles if len(b.station_ids) > 1]
    if not bundled:
        yield Paragraph(text=_("The plan bundles no station."))
        return
    yield Paragraph(
        text=_(
            "{bundled} into {bundles} ({sizes}); {freed} officers freed; mean response {before} to "
            "{after} min; {losing} lose. Run: {run}."
        ).format(
            bundled=wording.stations(plan.stations_bundled, _),
            bundles=wording.bundles(plan.centres, _),
            sizes=sizes_text(bundled, _),
            freed=one(plan.officers_freed),
            before=one(today.mean_response_min),
            after=one(plan.mean_response_min),
            losing=wording.townships(sum(c.loses for c in township_changes(today, plan)), _),
            run=county.kept.label,
        )
    )
    ranked = sorted(bundled, key=lambda b: (-round(b.officers_freed, 6), b.centre_id))
    items = [_bundle_text(b, _) for b in ranked[:_BUNDLES_TOLD]]
    if len(ranked) > _BUNDLES_TOLD:
        items.append(
            _("{n} more are in the appendix.").format(n=whole(len(ranked) - _BUNDLES_TOLD))
        )
    yield Bullets(items=tuple(items))


def _bundle_text(b: BundleRow, _: Translate) -> str:
    return _(
        "{centre} with {offices}: {freed} freed, mean response {before} to {after} min"
    ).format(
        centre=b.centre_name,
        offices=listed(office_names(b), _),
        freed=one(b.officers_freed),
        before=one(b.mean_response_today_min),
        after=one(b.mean_response_min),
    )


def _bundle_table(planned: Sequence[_Planned], _: Translate) -> TableBlock:
    return TableBlock(
        caption=_("Bundles"),
        header=(
            _("County"),
            _("Centre station"),
            _("Police offices"),
            _("Freed"),
            _("In the plan"),
            _("Mean response, min"),
            _("Farthest cell, min"),
        ),
        rows=tuple(
            (
                p.name,
                b.centre_name,
                listed(office_names(b), _),
                one(b.officers_freed),
                whole(b.strength),
                f"{one(b.mean_response_today_min)}→{one(b.mean_response_min)}",
                one(b.farthest_min),
            )
            for p in planned
            for b in p.plan.bundles
            if len(b.station_ids) > 1
        ),
        align=("left", "left", "left", *([RIGHT] * 4)),
        width_share=(1.2, 1.3, 2.0, 0.7, 0.8, 1.3, 0.9),
        appendix=True,
    )


def _counties(n: int, _: Translate) -> str:
    return (_("{n} county") if n == 1 else _("{n} counties")).format(n=whole(n))


def _modelled(planned: Sequence[_Planned], _: Translate) -> str:
    items = sorted({i for p in planned for i in p.kept.modelled})
    return modelled_text([Provenance(item=i, origin="modelled") for i in items], _)


def _no_plan(province: Province) -> Problem:
    return Problem(
        where=province.name,
        value="0",
        expected="a province with a plan in one county at the least",
        fix="`jingli run` of one county says which rules clash",
    )
