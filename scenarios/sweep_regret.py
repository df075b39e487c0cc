"""The bundlings found in a sweep against each other: each priced again in every point's world."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimizer.county import County
from optimizer.feasibility import keeps_bundling_rules
from optimizer.frozen import FloatArray, IntArray, digest
from optimizer.plan import Bundle, Plan
from optimizer.policy import Policy, Weights
from optimizer.stage_memory import BUNDLING
from optimizer.workload import assess, demand_of

MAX_CANDIDATES = 50

# Sums may differ in the last bits between processors; twelve figures say all there is to say.
_FIGURES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One bundling found in the sweep.

    Attributes:
        plan: The first plan that has it.
        point: Number of the point it was found at.
        found_at: At how many points it was the best.
        breaks_at: At how many points it breaks a rule.
        max_regret: Greatest gap to the best bundling of a point, over points where it breaks no
            rule; officers.
        mean_regret: Mean of the same.
    """

    plan: Plan
    point: int
    found_at: int
    breaks_at: int
    max_regret: float
    mean_regret: float


@dataclass(slots=True)
class Judge:
    """Prices the candidates in one world after another; worlds with equal inputs once."""

    plans: Sequence[Plan]
    _known: dict[str, list[float | None]] = field(default_factory=dict)

    def objectives(self, county: County, policy: Policy) -> list[float | None]:
        """Bundling objective of each plan; None where its bundling breaks a rule."""
        key = BUNDLING.key(county, policy)
        if key not in self._known:
            self._known[key] = self._objectives(county, policy)
        return self._known[key]

    def _objectives(self, county: County, policy: Policy) -> list[float | None]:
        here = set(county.stations.station_id)
        fit = sorted(
            {p.bundles for p in self.plans if {s for b in p.bundles for s in b.station_ids} == here}
        )
        kept = dict(zip(fit, keeps_bundling_rules(county, policy, fit), strict=True))
        price = bundle_prices(county, policy, sorted({b for bundles in fit for b in bundles}))
        found: list[float | None] = []
        for plan in self.plans:
            value = None
            if kept.get(plan.bundles, False):
                value = plain(math.fsum(price[b] for b in plan.bundles))
            found.append(None if value is None else float(value))
        return found


def bundle_prices(county: County, policy: Policy, bundles: Sequence[Bundle]) -> dict[Bundle, float]:
    """Price of each bundle in officers; over the bundles of a plan they add up to its objective.

    Formula: docs/formulation.md, section "Bundling". All bundles are assessed at once, which is
    what makes weighing many plans in many worlds cheap.
    """
    row = county.stations.index()
    members = [[row[s] for s in b.station_ids] for b in bundles]
    stations = list(range(len(row)))
    demand = demand_of(county, policy)
    together = assess(county, policy, demand, [row[b.centre_id] for b in bundles], members)
    alone = assess(county, policy, demand, stations, [[s] for s in stations]).alert_min_per_year
    extra_min = together.alert_min_per_year - np.array([alone[m].sum() for m in members])
    offices = np.array([len(m) - 1 for m in members])
    weights = policy.weights
    # A centre that cannot reach its cells breaks a rule anyway; at weight 0 its price is 0 x inf.
    with np.errstate(invalid="ignore"):
        price = _price(weights, together.officers, extra_min, offices)
    return dict(zip(bundles, price.tolist(), strict=True))


def _price(
    weights: Weights, officers: FloatArray, extra_min: FloatArray, offices: IntArray
) -> FloatArray:
    price: FloatArray = (
        weights.officers * officers
        + weights.response_per_1000_alert_min / 1000.0 * extra_min
        + weights.overload_per_officer * np.maximum(officers - weights.span_officers, 0.0)
        + weights.fixed_per_office * offices
    )
    return price


def first_of_each(results: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """First point of each distinct bundling; of too many, those found most often."""
    first: dict[str, int] = {}
    count: dict[str, int] = {}
    for i, result in enumerate(results):
        if result["plan"] is not None:
            first.setdefault(result["bundling"], i)
            count[result["bundling"]] = count.get(result["bundling"], 0) + 1
    chosen = sorted(first, key=lambda b: (-count[b], first[b]))[:MAX_CANDIDATES]
    return {b: first[b] for b in chosen}


def ranked(
    chosen: Mapping[str, int],
    plans: Sequence[str],
    results: Sequence[Mapping[str, Any]],
    judged: Mapping[int, Sequence[float | None]],
) -> tuple[Candidate, ...]:
    """Candidates by points where they break a rule, greatest regret, mean regret, first found."""
    found = []
    for row, (bundling, point) in enumerate(chosen.items()):
        regrets = []
        for i, objectives in judged.items():
            mine = objectives[row]
            if mine is not None:
                regrets.append(max(0.0, mine - _best(results[i], objectives)))
        found.append(
            Candidate(
                plan=Plan.from_json(plans[row]),
                point=point,
                found_at=sum(r["bundling"] == bundling for r in results),
                breaks_at=len(judged) - len(regrets),
                max_regret=float(f"{max(regrets, default=math.inf):.9g}"),
                mean_regret=float(f"{np.mean(sorted(regrets)):.9g}") if regrets else math.inf,
            )
        )
    return tuple(sorted(found, key=lambda c: (c.breaks_at, c.max_regret, c.mean_regret, c.point)))


def plans_digest(plans: Sequence[str]) -> str:
    """What a regret round is about: journal entries with another digest are of another round."""
    return digest(list(plans))


def plain(value: float) -> float | int | None:
    """A number as JSON holds it; None for what has no finite value."""
    if isinstance(value, int):
        return value
    return float(f"{value:.{_FIGURES}g}") if math.isfinite(value) else None


def _best(result: Mapping[str, Any], objectives: Iterable[float | None]) -> float:
    """The least objective known at a point."""
    return min([float(result["measures"]["objective"]), *(o for o in objectives if o is not None)])
