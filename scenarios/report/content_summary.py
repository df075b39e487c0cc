"""Chapter 1: what is proposed, what it frees, what it costs whom, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Translate
from optimizer.result import Status
from scenarios.provenance import modelled_text
from scenarios.report import wording
from scenarios.report.blocks import Block, Heading, KeyFigure, KeyFigures, Paragraph
from scenarios.report.material import Material, minutes_lost
from scenarios.report.uncertainty import FREED, Range
from scenarios.report.wording import changes_as_shown, one, percent, signed, whole
from scenarios.sizes import sizes_text
from scenarios.sweep_years import BOOTSTRAP


def summary(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Summary"))
    yield Paragraph(text=_("Proposal: {text}").format(text=proposal(m)))
    yield Paragraph(text=_("What it frees: {text}").format(text=freed(m)))
    yield Paragraph(text=_("What it costs: {text}").format(text=cost(m)))
    yield Paragraph(text=_("Strength and workload: {text}").format(text=balance(m)))
    yield KeyFigures(figures=tuple(_figures(m)))
    yield Paragraph(text=_("How sure: {text}").format(text=certainty(m)))
    yield Paragraph(text=range_note(m), weight="note")
    items = modelled_text(m.run.loaded.county.provenance, _)
    if items:
        yield Paragraph(
            text=_(
                "Modelled, not given by the bureau: {items}. The numbers here rest on them: "
                "work them out again with the bureau's own data before anything is decided."
            ).format(items=items),
            weight="warning",
        )


def proposal(m: Material) -> str:
    """What the plan does, in one paragraph."""
    _, plan = m.translate, m.plan
    stations = len(m.run.loaded.county.stations)
    if plan.centres:
        alone = stations - plan.stations_bundled
        joined = (
            _(
                "The plan joins {bundled} of {all} into {bundles}, each commanded from one centre "
                "station; {offices} are set up in the other buildings, and {alone} stay as they "
                "are."
            )
            if alone
            else _(
                "The plan joins all {bundled} into {bundles}, each commanded from one centre "
                "station; {offices} are set up in the other buildings."
            )
        )
        text = joined.format(
            bundled=wording.stations(plan.stations_bundled, _),
            all=whole(stations),
            bundles=wording.bundles(plan.centres, _),
            offices=wording.offices(plan.police_offices, _),
            alone=wording.stations(alone, _),
        )
        text += _(" By size: {sizes}.").format(sizes=sizes_text(plan.bundles, _))
    else:
        text = _("The plan bundles no station: all {all} stay as they are.").format(
            all=wording.stations(stations, _)
        )
    dissolved = len(m.decided.dissolved_squad_ids)
    if dissolved:
        text += _(" {squads} end; their {officers} go with the managed roads to {duty}.").format(
            squads=wording.squads(dissolved, _),
            officers=wording.officers(plan.officers_road_duty, _),
            duty=wording.duty_stations(plan.duty_stations, _),
        )
    if plan.officers_reassigned:
        text += _(" {officers} are reassigned from one unit to another.").format(
            officers=wording.officers(plan.officers_reassigned, _)
        )
    else:
        text += _(" No officer is reassigned.")
    return text


def freed(m: Material) -> str:
    """What the plan frees, and how much of that only fills a shortage."""
    _, plan, lack = m.translate, m.plan, m.shortage
    if not plan.centres:
        text = _("Nothing is pooled, so no officer is freed.")
    else:
        text = _(
            "With crews and duty posts pooled, the stations need {after} officers instead of "
            "{before}: {freed} fewer. {posts} fewer are kept round the clock."
        ).format(
            before=one(m.today.officers_required_stations),
            after=one(plan.officers_required_stations),
            freed=one(plan.officers_freed),
            posts=wording.posts(plan.duty_posts_closed, _),
        )
    if lack.before <= 0:
        return text + _(
            " All units together need {required} today and {in_post} are in post: nobody is "
            "missing, so what is freed is free for other work."
        ).format(
            required=wording.officers(lack.required_before, _),
            in_post=wording.officers(lack.in_post, _),
        )
    text += _(
        " All units together need {required} today and {in_post} are in post: {missing} short."
    ).format(
        required=wording.officers(lack.required_before, _),
        in_post=wording.officers(lack.in_post, _),
        missing=one(lack.before),
    )
    if plan.officers_freed <= 0:
        return text
    if lack.after > 0:
        return text + _(
            " Everything that is freed goes into this shortage, and {left} are still missing under "
            "the plan: it makes no officer available for new tasks."
        ).format(left=wording.officers(lack.after, _))
    template = (
        _(" Most of what is freed, {filled}, only fills this shortage; {spare} remain.")
        if lack.filled > plan.officers_freed / 2.0
        else _(" Of what is freed, {filled} fill this shortage; {spare} remain.")
    )
    return text + template.format(
        filled=wording.officers(lack.filled, _), spare=one(plan.officers_freed - lack.filled)
    )


def cost(m: Material) -> str:
    """Who waits longer, and by how much."""
    _, plan, today = m.translate, m.plan, m.today
    apart = changes_as_shown(today.mean_response_min, plan.mean_response_min)
    if not m.losers and not m.winners:
        return _(
            "Nobody waits longer: the mean response stays {mean} min, and every township keeps "
            "its own."
        ).format(mean=one(plan.mean_response_min))
    text = _(
        "Over all alerts the mean response goes from {before} to {after} min ({change}), and the "
        "share reached within the standard from {share_before} to {share_after}."
    ).format(
        before=one(today.mean_response_min),
        after=one(plan.mean_response_min),
        change=signed(apart),
        share_before=percent(today.share_within_fraction),
        share_after=percent(plan.share_within_fraction),
    )
    waiting = (
        _(" {lose} of {all} wait longer, {gain} less.")
        if m.winners
        else _(" {lose} of {all} wait longer, none less.")
    )
    text += waiting.format(
        lose=whole(len(m.losers)),
        all=wording.townships(len(m.changes), _),
        gain=whole(len(m.winners)),
    )
    if plan.residents_losing_standard > 0:
        text += _(
            " {residents} residents ({share} of all) are within the standard today and outside it "
            "under the plan."
        ).format(
            residents=whole(plan.residents_losing_standard),
            share=percent(plan.residents_losing_standard_fraction),
        )
    if m.losers:
        worst = m.losers[0]
        text += _(
            " {township} loses most: {before} min today, {after} min under the plan ({change})."
        ).format(
            township=worst.plan.township,
            before=one(worst.today.mean_response_min),
            after=one(worst.plan.mean_response_min),
            change=signed(minutes_lost(worst)),
        )
    return text


def balance(m: Material) -> str:
    """Whether strength follows workload better, and what grouping alone would have done."""
    _, plan = m.translate, m.plan
    text = _(
        "The mismatch of strength and workload (share of officers out of place) goes from "
        "{before} to {after}."
    ).format(before=percent(m.today.mismatch_fraction), after=percent(plan.mismatch_fraction))
    alone = plan.mismatch_today_regrouped_fraction
    change = changes_as_shown(alone * 100.0, plan.mismatch_fraction * 100.0)
    if not plan.officers_reassigned:
        return text
    if change > 0:
        text += _(
            " Grouping alone, with today's officers, would bring it to {alone}: the reassignment "
            "makes the match worse by {points} percentage points."
        ).format(alone=percent(alone), points=one(change))
        if _is_bound(m):
            text += _(
                " The policy states how many officers which units receive or give; this is its "
                "price."
            )
        return text
    return text + _(
        " Grouping alone would bring it to {alone}; the reassignment does the rest."
    ).format(alone=percent(alone))


def _is_bound(m: Material) -> bool:
    staffing = m.run.loaded.policy.staffing
    return bool(staffing.inflows) or staffing.give_only_from_bundles


def certainty(m: Material) -> str:
    """How sure the plan is, in one sentence per source of doubt."""
    _ = m.translate
    return proven(m) + " " * (m.language == "en") + drawn(m)


def proven(m: Material) -> str:
    """What the solver proved."""
    _, result = m.translate, m.run.result
    if result.status is Status.OPTIMAL:
        return _(
            "Each decision is proven: under this policy and these inputs no plan is better at its "
            "stage (OPTIMAL)."
        )
    gaps = [p.gap_fraction for p in result.proofs if p.status is Status.FEASIBLE]
    known = [g for g in gaps if g is not None]
    if len(known) == len(gaps) and known:
        return _(
            "The plan keeps every rule, but at one stage or more it is not proven to be the best "
            "(FEASIBLE): another could be better by {gap} at the most."
        ).format(gap=percent(max(known)))
    return _(
        "The plan keeps every rule, but it is not proven to be the best (FEASIBLE), and how much "
        "better another could be is not known."
    )


def drawn(m: Material) -> str:
    """What chance does to the two main numbers."""
    _, years = m.translate, m.years
    freed, longer = years.change[FREED], years.change["mean_response_min"]
    return _(
        "Over {n} drawn years the stations need {freed} officers fewer than today, and the mean "
        "response changes by {longer} min, in nine years of ten."
    ).format(
        n=years.years,
        freed=_between(one(freed.low), one(freed.high), _),
        longer=_between(signed(longer.low), signed(longer.high), _),
    )


def _between(low: str, high: str, _: Translate) -> str:
    """A range as shown; one number where both ends look alike."""
    return low if low == high else _("{low} to {high}").format(low=low, high=high)


def range_note(m: Material) -> str:
    """What the ranges cover, and what they do not."""
    _, years = m.translate, m.years
    how = (
        _("days of the alert log are drawn with replacement")
        if years.kind == BOOTSTRAP
        else _("alerts of each cell are drawn from a Poisson distribution, which is a model")
    )
    return _(
        "Ranges run from the 5th to the 95th percentile of {n} drawn years (seed {seed}): {how}. "
        "They cover chance in when and where alerts come, with the plan held fixed. They do not "
        "cover wrong or modelled inputs, speeds, minutes per alert, or growth of alerts."
    ).format(n=years.years, seed=years.seed, how=how)


def _figures(m: Material) -> Iterator[KeyFigure]:
    _, today, plan, years = m.translate, m.today, m.plan, m.years

    def spread(found: Range, shown: str) -> str:
        low, high = (
            (percent(found.low), percent(found.high))
            if shown == "%"
            else (one(found.low), one(found.high))
        )
        return _("nine years of ten: {range}").format(range=_between(low, high, _))

    yield KeyFigure(
        label=_("Officers required at stations"),
        today=one(today.officers_required_stations),
        plan=one(plan.officers_required_stations),
        remark=spread(years.plan["officers_required_stations"], ""),
    )
    if today.duty_posts:
        yield KeyFigure(
            label=_("Round-the-clock duty posts"),
            today=whole(today.duty_posts),
            plan=whole(plan.duty_posts),
        )
    yield KeyFigure(
        label=_("Mean response"),
        today=_minutes(today.mean_response_min, _),
        plan=_minutes(plan.mean_response_min, _),
        remark=spread(years.plan["mean_response_min"], ""),
    )
    yield KeyFigure(
        label=_("Alerts within the standard"),
        today=percent(today.share_within_fraction),
        plan=percent(plan.share_within_fraction),
        remark=spread(years.plan["share_within_fraction"], "%"),
    )
    yield KeyFigure(
        label=_("Mean response, slowest township"),
        today=_minutes(today.worst_township_response_min, _),
        plan=_minutes(plan.worst_township_response_min, _),
        remark=spread(years.plan["worst_township_response_min"], ""),
    )
    yield KeyFigure(
        label=_("Mismatch of strength and workload"),
        today=percent(today.mismatch_fraction),
        plan=percent(plan.mismatch_fraction),
        remark=_("grouping alone: {alone}").format(
            alone=percent(plan.mismatch_today_regrouped_fraction)
        ),
    )
    if today.road_km_per_officer_max > 0:
        yield KeyFigure(
            label=_("Managed road per officer, highest"),
            today=_("{n} km").format(n=one(today.road_km_per_officer_max)),
            plan=_("{n} km").format(n=one(plan.road_km_per_officer_max)),
        )
    if plan.officers_reassigned:
        yield KeyFigure(
            label=_("Officers reassigned"),
            today="0",
            plan=whole(plan.officers_reassigned),
            remark=_("of {n} in post").format(n=whole(plan.officers_in_post)),
        )


def _minutes(value: float, _: Translate) -> str:
    return _("{n} min").format(n=one(value))
