"""What was steered by hand, said in a line: of a policy, whoever wrote it and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.errors import Translate
from optimizer.policy import Policy
from optimizer.steering_rules import fixed_bundles

MOST_NAMED = 6
"""Fixed bundles named one by one; of more only the number is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """One decision made beforehand.

    Attributes:
        kind: `together`, `apart`, `keep`, `host`, `fix`, `fix_many`, `barrier`, `cap`, `price`.
        stations: Names of the stations.
        amount: Count, cap or price; 0 elsewhere.
        from_today: For `cap` and `price`: the plan to stay near is today.
    """

    kind: str
    stations: tuple[str, ...] = ()
    amount: float = 0.0
    from_today: bool = True

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "kind": self.kind,
            "stations": list(self.stations),
            "amount": self.amount,
            "from_today": self.from_today,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Steer:
        """What `document` made."""
        return cls(
            kind=document["kind"],
            stations=tuple(document["stations"]),
            amount=document["amount"],
            from_today=document["from_today"],
        )

    def text(self, _: Translate) -> str:
        """In the language of `_`."""
        names = "+".join(self.stations)
        n = f"{self.amount:g}"
        plan = _("today") if self.from_today else _("the plan to start from")
        return {
            "together": _("{stations} together"),
            "apart": _("{stations} apart"),
            "keep": _("{stations} alone"),
            "host": _("{stations} no police office"),
            "fix": _("{stations} fixed"),
            "fix_many": _("{n} bundles and {lone} lone stations fixed"),
            "barrier": _("no bundle across {stations}"),
            "cap": _("at most {n} stations with another centre than in {plan}"),
            "price": _("each station with another centre than in {plan} costs {n} officers"),
        }[self.kind].format(stations=names, n=n, plan=plan, lone=len(self.stations))


def steered(policy: Policy, name: Mapping[str, str]) -> tuple[Steer, ...]:
    """Everything that a policy decides beforehand.

    Args:
        policy: Its locks name stations by id.
        name: Name of each station id.
    """
    rules, changes = policy.bundling, policy.bundling.changes

    def named(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(name.get(s, s) for s in ids)

    found = [Steer(kind="together", stations=named(g)) for g in rules.locks.together]
    found += [Steer(kind="apart", stations=named(g)) for g in rules.locks.apart]
    found += [Steer(kind="keep", stations=named([s])) for s in rules.locks.keep]
    found += [Steer(kind="host", stations=named([s])) for s in rules.locks.host]
    fixed = fixed_bundles(policy)
    if len(fixed) > MOST_NAMED:
        lone = [b.centre_id for b in fixed if not b.office_ids]
        found.append(
            Steer(kind="fix_many", stations=named(lone), amount=float(len(fixed) - len(lone)))
        )
    else:
        found += [Steer(kind="fix", stations=named([b.centre_id, *b.office_ids])) for b in fixed]
    found += [Steer(kind="barrier", stations=named(pair)) for pair in rules.barriers]
    today = not changes.from_centres
    if changes.max_stations is not None:
        found.append(Steer(kind="cap", amount=float(changes.max_stations), from_today=today))
    if changes.price_per_station:
        found.append(Steer(kind="price", amount=changes.price_per_station, from_today=today))
    return tuple(found)


def steered_text(items: Sequence[Steer], _: Translate) -> str:
    """One line; empty where nothing is steered."""
    return _("; ").join(item.text(_) for item in items)
