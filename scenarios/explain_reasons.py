"""The verdict on a set of stations in a sentence or two, and what the locks decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optimizer.columns import RURAL_ONLY
from optimizer.errors import Translate
from optimizer.explain_pair import SetWhy
from scenarios.explain import Explanation
from scenarios.explain_words import (
    broken_texts,
    bundle_text,
    change_text,
    instead_text,
    sentences,
)
from scenarios.show_lines import listed_in

SAME_PRICE = 5e-7
"""Prices are whole millionths of an officer: what is less than half of one is rounding."""


def reason_text(found: Explanation, why: SetWhy, _: Translate) -> str:
    """The verdict in a sentence or two."""
    name, one = found.name, len(why.station_ids) == 1
    size = found.opened.loaded.policy.bundling.max_bundle_size
    if why.verdict == "together":
        assert why.change is not None
        return _("Together in the plan. The best plan with them apart: {cost}.").format(
            cost=change_text(why.change, name, _)
        )
    if why.verdict == "too_many":
        return _("{n} stations; a bundle has {limit} at the most.").format(
            n=len(why.station_ids), limit=size
        )
    if why.verdict == "not_neighbours":
        return _not_neighbours(found, why, size, _)
    said = []
    if not one and not why.are_neighbours:
        said.append(_("Not neighbours: only with others between them."))
    if why.verdict == "rule":
        said += _rule_texts(found, why, _)
    elif why.verdict == "no_plan":
        assert why.change is not None
        said.append(_("A bundle would be allowed, but {why}.").format(
            why=change_text(why.change, name, _)))  # fmt: skip
    else:
        assert why.change is not None
        template = (
            _("The best plan with it in a bundle costs {cost}.")
            if one
            else _("The best plan with them together costs {cost}.")
        )
        said.append(template.format(cost=change_text(why.change, name, _)))
    if why.unlocked is not None:
        said.append(_unlocked_text(why, name, _))
    return sentences(said, _)


def _rule_texts(found: Explanation, why: SetWhy, _: Translate) -> list[str]:
    """The rule in the way; a plain no stands before what is too far or too slow besides."""
    assert why.nearest is not None
    plain = [b for b in why.nearest.broken if b.rule in why.always and b.limit is None]
    if plain:
        asked = set(why.station_ids)
        if len(asked) == 1 and [b.rule for b in plain] == [RURAL_ONLY]:
            return [_("A town station: those stay alone [{rule}].").format(rule=RURAL_ONLY)]
        named = [
            replace(b, station_ids=tuple(s for s in b.station_ids if s in asked) or b.station_ids)
            for b in plain
        ]
        return [_("Ruled out: {rules}.").format(rules=broken_texts(named, found.name, _))]
    one = len(why.station_ids) == 1
    template = (
        _("No bundle that has it keeps every rule ({n} looked at).")
        if one
        else _("No bundle that has them all keeps every rule ({n} looked at).")
    )
    nearest = _("Nearest is {bundle}: {rules}.").format(
        bundle=bundle_text(why.nearest.bundle, found.name, _),
        rules=broken_texts(why.nearest.broken, found.name, _),
    )
    return [template.format(n=why.bundles_seen), nearest]


def _unlocked_text(why: SetWhy, name: Mapping[str, str], _: Translate) -> str:
    assert why.unlocked is not None
    price = why.unlocked.price
    if price is not None and price.total < SAME_PRICE:
        return _("A lock decides, not the price: without locks the best plan has it.")
    return _("Without locks: {cost}; so the price is against it too.").format(
        cost=change_text(why.unlocked, name, _)
    )


def _not_neighbours(found: Explanation, why: SetWhy, size: int, _: Translate) -> str:
    if len(why.station_ids) == 1:
        return _("It has no neighbour.")
    if why.between:
        return _(
            "Not neighbours: {between} between them, so a bundle would need {n} stations; {limit} "
            "are allowed."
        ).format(
            between=listed_in([found.name[s] for s in why.between], _),
            n=len(why.between) + 2,
            limit=size,
        )
    if why.are_neighbours:
        return _("From none of them can all the others and their places be reached by road.")
    return _("Not neighbours: no bundle of {limit} stations links them.").format(limit=size)


def locks_text(found: Explanation, _: Translate) -> str:
    """Whether a lock, not the price, decided, and at what price."""
    change = found.locks
    assert change is not None
    if change.price is None:
        return change_text(change, found.name, _)
    if change.price.total > -SAME_PRICE:
        return _("The locks cost nothing: without them no plan is cheaper.")
    return _(
        "A lock, not the price, decided part of this plan. Without any lock: {cost}; it would "
        "have {bundles}."
    ).format(cost=change_text(change, found.name, _), bundles=instead_text(change, found.name, _))
