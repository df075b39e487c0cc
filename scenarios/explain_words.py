"""Explanations in words: one table from rule to sentence, prices and changes as planners say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from optimizer.county import County
from optimizer.errors import Translate
from optimizer.explain_board import LOCKS, Change, Price
from optimizer.explain_rules import Broken, Margin, policy_value
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Status
from scenarios.show_lines import listed_in

Names = Mapping[str, str]

BREAKS = {
    "adjacency": "not one connected area",
    "bundling.barriers": "held together only across a barrier: {stations}",
    "bundling.max_bundle_size": "{value} stations; a bundle has {limit} at the most",
    "bundling.rural_only": "town stations stay alone: {stations}",
    "stations.can_bundle": "may not be bundled: {stations}",
    "stations.can_host": "may not be a centre station: {stations}",
    "stations.max_officers": "{value} officers would work at {stations}, whose building holds "
    "{limit}",
    "bundling.max_office_travel_min": "{value} min from the centre to {stations}; at most {limit}",
    "response.farthest_min": "{value} min to the farthest place, in {township}; at most {limit}",
    "response.share_within_fraction": "{value} of the alerts reached in time; at least {limit}",
    "bundling.locks.together": "a lock wants these together: {stations}",
    "bundling.locks.apart": "a lock keeps these apart: {stations}",
    "bundling.locks.keep": "a lock keeps these alone: {stations}",
    "bundling.locks.host": "by a lock never a police office: {stations}",
    "bundling.locks.fix": "a lock has fixed the bundle of {stations}",
    "equity.max_township_loss_min": "a township waits {value} min longer; at most {limit}",
    "equity.max_township_response_min": "a township gets slower, to {value} min; at most {limit}",
    "equity.max_window_km": "{value} km to the window that is left; at most {limit}",
}
"""What a bundle that might be would break, by rule; after the bundle's name. For translation."""
ASKS = {
    "adjacency": "a bundle is one connected area",
    "bundling.barriers": "no bundle across a barrier",
    "bundling.max_bundle_size": "at most {value} stations in a bundle",
    "bundling.rural_only": "town stations stay alone",
    "stations.can_bundle": "stations that may not be bundled: {stations}",
    "stations.can_host": "stations that may not be a centre: {stations}",
    "stations.max_officers": "no more officers at a centre than its building holds",
    "bundling.max_office_travel_min": "at most {value} min from a centre to its police offices",
    "response.farthest_min": "at most {value} min to the farthest place of a bundle",
    "response.share_within_fraction": "at least {value} of a bundle's alerts reached in time",
    "bundling.locks.together": "locks: together {value}",
    "bundling.locks.apart": "locks: apart {value}",
    "bundling.locks.keep": "locks: alone {value}",
    "bundling.locks.host": "locks: never a police office {value}",
    "bundling.locks.fix": "locks: fixed bundles {value}",
    "equity.max_township_loss_min": "no township waits over {value} min longer",
    "equity.max_township_response_min": "no township gets slower than {value} min",
    "equity.max_window_km": "nobody travels over {value} km to the window that is left",
    "bundling.centres": "exactly {value} bundles of two or more",
    "bundling.stations_bundled": "exactly {value} stations in bundles",
    "bundling.min_officers_freed": "at least {value} officers freed",
    "equity.max_residents_losing_standard_fraction": "at most {value} of the residents lose the "
    "response standard",
    "bundling.changes.max_stations": "at most {value} stations get another centre",
    LOCKS: "the locks, all of them together",
    "traffic.duty_stations": "exactly {value} duty stations",
    "traffic.rural_only": "only rural stations take road duty",
    "traffic.min_officers_per_duty_station": "at least {value} squad officers at a duty station",
    "traffic.max_accident_travel_min": "at most {value} min from a duty station to the seat whose "
    "roads it takes",
    "traffic.coverage": "every managed road is taken over",
    "traffic.accidents_within_fraction": "a share of {value} of the accidents reached in time",
    "traffic.contiguity": "a duty station takes roads of its own ground or next to it",
    "staffing.max_moves": "at most {value} officers reassigned",
    "staffing.inflows": "officers received as prescribed",
    "staffing.give_only_from_bundles": "only bundles of two or more give officers",
    "staffing.min_officers_per_station": "at least {value} officers stay at a station",
    "staffing.respect_establishment": "no unit beyond its authorised strength",
    "units.can_give": "some units may not give officers",
    "units.can_receive": "some units may not receive officers",
}
"""What a rule asks for; for translation."""
LIMITS = {
    "bundling.max_bundle_size": "Stations",
    "stations.max_officers": "Officers at the centre's building",
    "bundling.max_office_travel_min": "Farthest police office, min",
    "response.farthest_min": "Farthest place, min",
    "response.share_within_fraction": "Alerts reached in time",
    "equity.max_township_loss_min": "Longest added wait of a township, min",
    "equity.max_township_response_min": "Slowest township that loses, min",
    "equity.max_window_km": "Farthest window, km",
}
"""Label of a limit that a bundle keeps; for translation."""
_WHOLE = frozenset({"bundling.max_bundle_size", "bundling.centres", "bundling.stations_bundled"})


def broken_text(broken: Broken, name: Names, _: Translate) -> str:
    """One broken rule with value and limit, and the rule's key for whoever wants to change it."""
    template = BREAKS.get(broken.rule)
    if template is None:
        said = _("breaks a rule")
    else:
        value, limit = _apart(broken.rule, broken.value, broken.limit)
        said = _(template).format(
            stations=_listed([name[s] for s in broken.station_ids], _),
            township=broken.township,
            value=value,
            limit=limit,
        )
    return _("{text} [{rule}]").format(text=said, rule=broken.rule)


def broken_texts(broken: Sequence[Broken], name: Names, _: Translate) -> str:
    """Several broken rules in a row."""
    return _("; ").join(broken_text(b, name, _) for b in broken)


def asks_text(rule: str, county: County, policy: Policy, _: Translate) -> str:
    """What a rule asks for, with its present value."""
    template = ASKS.get(rule)
    if template is None:
        return rule
    stations = county.stations
    barred = {
        "stations.can_bundle": stations.can_bundle,
        "stations.can_host": stations.can_host,
    }.get(rule)
    named = "–"
    if barred is not None:
        named = _listed([n for n, may in zip(stations.name, barred, strict=True) if not may], _)
    name = dict(zip(stations.station_id, stations.name, strict=True))
    value = policy_value(policy, rule)
    said = _(template).format(
        stations=named,
        value=_shown(rule, float(value))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else _entries(value, name, _),
    )
    return _("{text} [{rule}]").format(text=said, rule=rule)


def margin_label(margin: Margin, _: Translate) -> str:
    """What a limit is about."""
    label = LIMITS.get(margin.rule)
    return margin.rule if label is None else _(label)


def margin_texts(margin: Margin) -> tuple[str, str]:
    """Value and limit, with so many digits that they differ where they do."""
    return _apart(margin.rule, margin.value, margin.limit)


def price_text(price: Price, _: Translate) -> str:
    """A difference of prices with its parts, which add up as shown."""
    parts = (
        (_("officers required {n}"), price.officers),
        (_("longer ways {n}"), price.response),
        (_("overload {n}"), price.overload),
        (_("police offices {n}"), price.fixed),
        (_("changed centres {n}"), price.changes),
    )
    shown = adding_up([value for _label, value in parts], 2)
    said = [
        label.format(n=signed(value, 2))
        for (label, _value), value in zip(parts, shown, strict=True)
        if value
    ]
    if not said:
        return signed(0.0, 2)
    return _("{total} ({parts})").format(
        total=signed(round(sum(shown), 2), 2), parts=_(", ").join(said)
    )


def change_text(change: Change, name: Names, _: Translate) -> str:
    """What a second answer costs beside the plan, and what it does instead."""
    if change.price is None:
        if change.status is not Status.INFEASIBLE:
            return _("not known: the time limit ran out before an answer")
        if not change.clashing:
            return _("there is no such plan under these rules")
        return _("there is no such plan unless one of these gives way: {rules}").format(
            rules=_(", ").join(change.clashing)
        )
    text = price_text(change.price, _)
    if change.status is not Status.OPTIMAL:
        least = change.least_officers
        text += _("; not proven, at least {least}").format(
            least="−∞" if least is None else signed(least, 2)
        )
    return text


def instead_text(change: Change, name: Names, _: Translate) -> str:
    """Bundles that come in place of those that go."""
    if not change.new:
        return _("nothing else changes")
    return _("; ").join(bundle_text(b, name, _) for b in change.new)


def bundle_text(bundle: Bundle, name: Names, _: Translate) -> str:
    """A bundle, the centre first; or a station that stays alone."""
    if not bundle.office_ids:
        return _("{station} alone").format(station=name[bundle.centre_id])
    return _("{centre} with {offices}").format(
        centre=name[bundle.centre_id], offices=listed_in([name[s] for s in bundle.office_ids], _)
    )


def sentences(said: Iterable[str], _: Translate) -> str:
    """Sentences in a row."""
    return reduce(lambda a, b: _("{a} {b}").format(a=a, b=b), said)


def signed(value: float, digits: int) -> str:
    """A number with its sign; 0 has none."""
    shown = round(value, digits)
    if shown == 0:
        return f"{0:.{digits}f}"
    return f"{shown:+.{digits}f}".replace("-", "−")


def adding_up(parts: Sequence[float], digits: int, total: float | None = None) -> tuple[float, ...]:
    """Parts rounded so that they add up to `total`, or to their own rounded sum.

    Each is rounded down or up; those with the largest remainders go up. A total that is farther
    away than that is met by the parts in order, one unit each.
    """
    scale = 10.0**digits
    low = [math.floor(p * scale + 1e-9) for p in parts]
    missing = round((sum(parts) if total is None else total) * scale) - sum(low)
    order = sorted(range(len(parts)), key=lambda i: (low[i] - parts[i] * scale, i))
    turns, rest = divmod(missing, len(parts)) if parts else (0, 0)
    for place, i in enumerate(order):
        low[i] += turns + (place < rest)
    return tuple(round(n / scale, digits) for n in low)


def _apart(rule: str, value: float | None, limit: float | None) -> tuple[str, str]:
    """Both with as few digits as tell them apart."""
    if value is None or limit is None:
        return "–", "–"
    scale = 100.0 if rule.endswith("_fraction") else 1.0
    digits = 1
    while (
        digits < 4
        and value != limit
        and round(value * scale, digits) == round(limit * scale, digits)
    ):
        digits += 1
    return _shown(rule, value, digits), _shown(rule, limit)


def _shown(rule: str, value: float, digits: int = 1) -> str:
    if rule.endswith("_fraction"):
        text = f"{100.0 * value:.{digits}f}"
        return (text.rstrip("0").rstrip(".") if digits == 1 else text) + "%"
    if rule in _WHOLE or value == round(value):
        return f"{value:.0f}"
    return f"{value:.{digits}f}"


def _listed(names: Sequence[str], _: Translate) -> str:
    return listed_in(names, _) if names else "–"


def _entries(value: object, name: Names, _: Translate) -> str:
    """The entries of a lock, by name."""
    if isinstance(value, str):
        return name.get(value, value)
    if isinstance(value, Mapping):
        return _("; ").join(
            listed_in([name.get(c, c), *(name.get(s, s) for s in group if s != c)], _)
            for c, group in value.items()
        )
    if isinstance(value, tuple) and value and all(isinstance(v, str) for v in value):
        return listed_in([name.get(v, v) for v in value], _)
    if isinstance(value, tuple):
        return _("; ").join(_entries(v, name, _) for v in value)
    return ""
