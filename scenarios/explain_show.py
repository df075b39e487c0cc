"""Explanations on the console at 80 columns: the summary, one set of stations, no plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from optimizer.errors import Translate
from optimizer.explain_bundle import BundleWhy, HostChoice
from optimizer.explain_pair import SetWhy
from optimizer.result import Relaxation, Status
from scenarios.explain import Explanation
from scenarios.explain_reasons import locks_text, reason_text
from scenarios.explain_words import (
    adding_up,
    asks_text,
    broken_texts,
    change_text,
    instead_text,
    price_text,
    signed,
)
from scenarios.opened import Opened
from scenarios.show_lines import Cell, Column, listed_in, paragraph
from scenarios.show_plan import Paper
from scenarios.tables import names_in
from scenarios.titles import case_title
from scenarios.workbook import stage_text

PAIRS_SHOWN = 5


def show_summary(found: Explanation, console: Console, _: Translate) -> None:
    """Every bundle in a line, every lone station, and the pairs that were rejected."""
    out = opening(found.opened, console, _)
    if found.locks is not None:
        out.heading(_("Locks"))
        out.say(locks_text(found, _))
    out.heading(
        _("Bundles"),
        _(
            "Freed by closing duty posts and pooling crews, less windows; min: added wait of the "
            "bundle's alerts; without: what the best plan without this very bundle costs more."
        ),
    )
    columns = (
        Column(header=_("Centre station")),
        Column(header=_("Police offices"), gives_way=True),
        Column(header=_("Posts"), figures=True),
        Column(header=_("Crews"), figures=True),
        Column(header=_("Windows"), figures=True),
        Column(header=_("Freed"), figures=True),
        Column(header=_("min"), figures=True),
        Column(header=_("Without"), figures=True),
    )
    if found.bundles:
        out.grid(columns, [_bundle_cells(found, why, _) for why in found.bundles])
    else:
        out.say(_("No stations are bundled."))
    by_lock = [w for w in found.bundles if w.lock_decides]
    if by_lock:
        out.say(_("* a lock decided, not the price: without locks the best plan has it not."))
    if found.lone:
        out.heading(_("Stations that stay alone"))
        for why in found.lone:
            out.say(
                _("{station}: {reason}").format(
                    station=found.name[why.station_ids[0]], reason=reason_text(found, why, _)
                )
            )
    _show_pairs(found, out)


def _show_pairs(found: Explanation, out: Paper) -> None:
    _, pairs = out.translate, found.pairs
    costs = [p for p in pairs if p.verdict == "costs"]
    out.heading(
        _("Neighbours in different bundles: {pairs} pairs").format(pairs=len(pairs)),
        _(
            "{rule} break a rule in every bundle that has both, {no_plan} fit no plan, {costs} are "
            "possible at a price."
        ).format(
            rule=sum(p.verdict in ("rule", "not_neighbours", "too_many") for p in pairs),
            no_plan=sum(p.verdict in ("no_plan", "unknown") for p in pairs),
            costs=len(costs),
        ),
    )
    rules = Counter(r for p in pairs if p.verdict == "rule" for r in p.always)
    for rule, n in sorted(rules.items(), key=lambda item: (-item[1], item[0])):
        county, policy = found.opened.loaded.county, found.opened.loaded.policy
        out.say(_("{n}: {rule}").format(n=n, rule=asks_text(rule, county, policy, _)))
    nearest = sorted(costs, key=lambda p: (_price(p), p.station_ids))
    if nearest:
        out.say("")
        out.say(_("Closest to being chosen:"))
    for why in nearest[:PAIRS_SHOWN]:
        assert why.change is not None
        out.say(
            _("{stations}: {cost}").format(
                stations=listed_in([found.name[s] for s in why.station_ids], _),
                cost=change_text(why.change, found.name, _),
            )
        )
    out.more(len(nearest) - PAIRS_SHOWN)


def show_set(found: Explanation, why: SetWhy, console: Console, _: Translate) -> None:
    """Why stations are not in one bundle; of one station, why it is in none."""
    out = opening(found.opened, console, _)
    names = listed_in([found.name[s] for s in why.station_ids], _)
    if len(why.station_ids) == 1:
        out.heading(_("Why {station} stays alone").format(station=names))
    elif why.verdict == "together":
        out.heading(_("{stations} are in one bundle").format(stations=names))
    else:
        out.heading(_("Why not together: {stations}").format(stations=names))
    out.say(reason_text(found, why, _))
    if why.change is not None and why.change.new:
        instead = instead_text(why.change, found.name, _)
        out.say(_("The plan would then be: {bundles}").format(bundles=instead))
    if why.hosts:
        out.heading(_("These stations alone as a bundle"), _("Price against the stations apart."))
        show_hosts(found, why.hosts, out)
    if len(why.station_ids) == 1:
        out.heading(_("With each neighbour"))
        for pair in found.neighbours_of(why.station_ids[0]):
            other = next(s for s in pair.station_ids if s != why.station_ids[0])
            out.say(
                _("{station}: {reason}").format(
                    station=found.name[other], reason=reason_text(found, pair, _)
                )
            )


def show_no_plan(opened: Opened, console: Console, _: Translate) -> None:
    """Why there is no plan: the rules that clash, and the smallest ways out, in full."""
    out = opening(opened, console, _)
    county, policy = opened.loaded.county, opened.loaded.policy
    name = names_in(county)
    for proof in opened.proofs:
        if proof.status not in (Status.INFEASIBLE, Status.UNKNOWN):
            continue
        out.heading(_("{stage}: no plan").format(stage=stage_text(proof.stage, _)))
        if proof.status is Status.UNKNOWN:
            out.say(_("The time limit ran out before a plan or a proof."))
            continue
        out.say(
            _("These rules cannot hold together; drop any one of them and the others can:")
            if len(proof.clashing_rules) > 1
            else _("This rule cannot hold:")
        )
        for rule in proof.clashing_rules:
            out.say("- " + asks_text(rule, county, policy, _))
        if proof.relaxations:
            out.say("")
            out.say(_("Any one of these changes makes a plan possible, each the smallest:"))
            for change in proof.relaxations:
                out.say("- " + _relaxation(change, name, _))
        if proof.joint_relaxations:
            out.say("")
            out.say(_("No single change is enough. Made together, those of one line are:"))
            for changes in proof.joint_relaxations:
                out.say("- " + _("; ").join(_relaxation(c, name, _) for c in changes))
        if not (proof.relaxations or proof.joint_relaxations):
            out.say(_("No change of one rule, or of two, was found that helps."))


def opening(opened: Opened, console: Console, _: Translate) -> Paper:
    """The paper, with what is explained at its head."""
    out = Paper(console, _)
    county = opened.loaded.county
    title = case_title(county.name, opened.scenario)
    out.lines(paragraph(title, out.width, style="bold"))
    out.lines([Text("─" * min(out.width, cell_len(title)), style="dim")])
    what = _("Case") if opened.is_case else _("Run")
    facts = [(what, opened.label, ""), (_("Status"), opened.status.value, "")]
    if opened.plan is not None:
        facts.append(
            (
                _("Prices"),
                _(
                    "in officers: required, longer ways, overload. Bundling alone is solved again, "
                    "road duty and reassignment are not."
                ),
                "dim",
            )
        )
        if opened.status is not Status.OPTIMAL:
            facts.append((_("Note"), _("the plan is not proven best: a price may be negative"), ""))
    out.facts(facts)
    return out


def _bundle_cells(found: Explanation, why: BundleWhy, _: Translate) -> tuple[Cell, ...]:
    posts, crews, windows = _sources(why)
    added = sum(t.alerts_per_year * (t.together_min - t.today_min) for t in why.townships)
    alerts = sum(t.alerts_per_year for t in why.townships)
    without = why.without.price
    name = found.name[why.bundle.centre_id] + (" *" if why.lock_decides else "")
    return (
        (name, "bold"),
        listed_in([found.name[s] for s in why.bundle.office_ids], _),
        signed(posts, 1),
        signed(crews, 1),
        signed(windows, 1),
        f"{posts + crews + windows:.1f}",
        signed(added / alerts if alerts else 0.0, 1),
        _("none") if without is None else signed(without.total, 2),
    )


def _sources(why: BundleWhy) -> tuple[float, float, float]:
    apart, together = why.apart, why.together
    shown = adding_up(
        [
            apart.post_officers - together.post_officers,
            apart.crew_officers - together.crew_officers,
            apart.window_officers - together.window_officers,
        ],
        1,
    )
    return shown[0], shown[1], shown[2]


def _price(why: SetWhy) -> float:
    return 0.0 if why.change is None or why.change.price is None else why.change.price.total


def show_hosts(found: Explanation, hosts: Sequence[HostChoice], out: Paper) -> None:
    """A set of stations under each of its members: price, and what it breaks."""
    _ = out.translate
    for host in hosts:
        if host.price is None:
            said = _("cannot reach every place and every office by road")
        else:
            said = price_text(host.price, _)
            if host.broken:
                said += _("; not allowed: {rules}").format(
                    rules=broken_texts(host.broken, found.name, _)
                )
        out.say(_("{station}: {reason}").format(station=found.name[host.centre_id], reason=said))


def _relaxation(change: Relaxation, name: Mapping[str, str], _: Translate) -> str:
    return _("{rule}: {present} → {needed}").format(
        rule=change.rule, present=change.present_text(_, name), needed=change.needed_text(_, name)
    )
