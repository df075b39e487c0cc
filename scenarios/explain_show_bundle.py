"""The explanation of one bundle on the console, at 80 columns."""

from __future__ import annotations

from rich.console import Console

from optimizer.errors import Translate
from optimizer.explain_bundle import BundleWhy, Need, Queue
from scenarios.explain import Explanation
from scenarios.explain_show import opening, show_hosts
from scenarios.explain_words import (
    adding_up,
    change_text,
    instead_text,
    margin_label,
    margin_texts,
    signed,
)
from scenarios.show_lines import Cell, Column
from scenarios.show_plan import Paper

TOWNSHIPS_SHOWN = 6
_NOTICEABLE_MIN = 0.05


def show_bundle(found: Explanation, why: BundleWhy, console: Console, _: Translate) -> None:
    """One bundle: what it frees and why, whom it costs, its limits, its centre, without it."""
    out = opening(found.opened, console, _)
    if why.locks or why.lock_decides:
        out.heading(_("Locks"))
        out.say(_bundle_lock_text(why, _))
    out.heading(_("What it frees"))
    out.say(_freed_text(why, _))
    out.grid(_need_columns(_), _need_rows(found, why, _))
    out.say("")
    for station, queue in zip((*why.bundle.station_ids, ""), why.queues, strict=True):
        out.say(_queue_text(found.name.get(station, ""), queue, found, _))
    out.heading(_("What it costs whom"))
    _show_townships(why, out)
    for office in why.offices:
        said = (
            _("{office} becomes a police office, {n} min from the centre; its window closes.")
            if office.window_closes
            else _("{office} becomes a police office, {n} min from the centre.")
        )
        out.say(said.format(office=found.name[office.station_id], n=f"{office.travel_min:.1f}"))
    out.heading(_("Limits"), _("! little is left"))
    out.facts(
        [
            (
                "  " + margin_label(m, _),
                (
                    _("{value}, at least {limit}") if m.is_least else _("{value}, at most {limit}")
                ).format(value=margin_texts(m)[0], limit=margin_texts(m)[1])
                + (" !" if m.is_near else ""),
                "yellow" if m.is_near else "",
            )
            for m in why.margins
        ]
    )
    out.heading(_("Why this centre"), _("Price against the stations apart; lowest is chosen."))
    show_hosts(found, why.hosts, out)
    out.heading(_("The best plan without this bundle"))
    out.say(change_text(why.without, found.name, _))
    if why.without.new:
        out.say(_("Instead: {bundles}").format(bundles=instead_text(why.without, found.name, _)))


def _bundle_lock_text(why: BundleWhy, _: Translate) -> str:
    rules = _(", ").join(why.locks)
    if why.lock_decides and why.locks:
        return _(
            "A lock decided, not the price: without locks the best plan has no such bundle. It is "
            "named in {rules}."
        ).format(rules=rules)
    if why.lock_decides:
        return _(
            "No lock names its stations, but locks elsewhere decided: without them the best plan "
            "has no such bundle."
        )
    return _(
        "It is named in {rules}, but the price alone would choose it too: the lock changes "
        "nothing here."
    ).format(rules=rules)


def _freed_text(why: BundleWhy, _: Translate) -> str:
    apart, together = why.apart, why.together
    *_stations, before, after, freed = _need_table(why)[-1]
    return _(
        "Apart the {n} stations need {each} crews round the clock and {posts} duty posts; together "
        "they need crews {crews}, duty posts {post} and windows {windows}: {before} → {after} "
        "officers, {freed} freed."
    ).format(
        n=len(why.alone),
        each="+".join(str(need.crews) for need in why.alone),
        posts=apart.posts,
        crews=together.crews,
        post=together.posts,
        windows=together.windows,
        before=f"{before:.2f}",
        after=f"{after:.2f}",
        freed=f"{freed:.2f}",
    )


def _need_columns(_: Translate) -> tuple[Column, ...]:
    parts = (
        _("Crews"), _("Posts"), _("Windows"), _("Case work"), _("Community work"), _("Required"),
    )  # fmt: skip
    return (
        Column(header=_("Officers"), gives_way=True),
        *(Column(header=part, figures=True) for part in parts),
    )


def _need_rows(found: Explanation, why: BundleWhy, _: Translate) -> list[tuple[Cell, ...]]:
    """A line for each station alone, for all apart, as one, and for what is freed."""
    labels = [
        *(found.name[s] for s in why.bundle.station_ids), _("Apart"), _("As one"), _("Freed"),
    ]  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for label, values in zip(labels, zip(*_need_table(why), strict=True), strict=True):
        style = "" if len(rows) < len(why.alone) else "bold"
        is_freed = len(rows) == len(labels) - 1
        shown = [signed(v, 2) if is_freed else f"{v:.2f}" for v in values]
        rows.append(((label, style), *((text, style) for text in shown)))
    return rows


def _need_table(why: BundleWhy) -> list[tuple[float, ...]]:
    """Parts of the required officers by stations, apart, together and freed; the total last.

    Rounded so that it adds up along the rows and along the columns; the totals of all stations
    apart and of what is freed are rounded themselves.
    """
    each, together, was = [_parts(n) for n in why.alone], _parts(why.together), _parts(why.apart)
    apart = adding_up(was, 2)
    freed = adding_up([b - a for b, a in zip(was, together, strict=True)], 2)
    rows = []
    for k in range(len(apart)):
        stations = adding_up([parts[k] for parts in each], 2, total=apart[k])
        rows.append((*stations, apart[k], apart[k] - freed[k], freed[k]))
    rows.append(tuple(sum(column) for column in zip(*rows, strict=True)))
    return [tuple(round(value, 2) for value in row) for row in rows]


def _parts(need: Need) -> list[float]:
    return [
        need.crew_officers, need.post_officers, need.window_officers, need.case_officers,
        need.community_officers,
    ]  # fmt: skip


def _queue_text(station: str, queue: Queue, found: Explanation, _: Translate) -> str:
    rules = found.opened.loaded.policy.crews
    who = station or _("As one")
    text = _(
        "{who}, busiest {period}: {jobs} jobs an hour of {service} min keep {load} crews busy; "
        "with {crews} crews {share} wait over {wait} min"
    ).format(
        who=who,
        period=queue.period,
        jobs=f"{queue.jobs_per_hour:.2f}",
        service=f"{queue.service_min:.1f}",
        load=f"{queue.offered_erlangs:.2f}",
        crews=queue.crews,
        share=f"{100 * queue.wait_share_fraction:.1f}%",
        wait=f"{rules.max_wait_min:g}",
    )
    fewer = queue.wait_share_one_fewer_fraction
    if fewer is None:
        return text + _(", the fewest that are allowed.")
    return text + _(", with one fewer {share}; {limit} may.").format(
        share=f"{100 * fewer:.1f}%", limit=f"{100 * rules.max_wait_share_fraction:g}%"
    )


def _show_townships(why: BundleWhy, out: Paper) -> None:
    _ = out.translate
    losers = [t for t in why.townships if t.together_min - t.today_min >= _NOTICEABLE_MIN]
    same = len(why.townships) - len(losers)
    columns = (
        Column(header=_("Township")),
        Column(header=_("Alerts a year"), figures=True),
        Column(header=_("Residents"), figures=True),
        Column(header=_("Response, min"), figures=True),
        Column(header=_("Change"), figures=True),
        Column(header=_("Within"), figures=True),
        Column(header=_("Lose the standard"), figures=True),
    )
    if losers:
        out.grid(
            columns,
            [
                (
                    t.township,
                    f"{t.alerts_per_year:,.0f}",
                    f"{t.residents:,.0f}",
                    f"{t.today_min:.1f} → {t.together_min:.1f}",
                    signed(round(t.together_min, 1) - round(t.today_min, 1), 1),
                    f"{t.today_within_fraction:.0%} → {t.together_within_fraction:.0%}",
                    f"{t.residents_losing_standard:,.0f}",
                )
                for t in losers[:TOWNSHIPS_SHOWN]
            ],
        )
        out.more(len(losers) - TOWNSHIPS_SHOWN)
    if same:
        out.say(_("Townships that wait no longer: {n}").format(n=same))
