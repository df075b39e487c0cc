r"""Other bundlings than the best: the next best, all within a gap, and truly different ones.

All plans within a gap are listed by exact-cover search over the columns whose reduced costs fit the
gap (`enumeration.py`), so the list is complete or is not handed out. Different plans: each is the
cheapest one of whose bundles at least a stated share is in no one earlier plan, a linear row per
earlier plan,
$\sum_{|S_j| \ge 2} (\mathbb 1[S_j \text{ not in it}] - \text{share})\, x_j \ge 0$.

A plan is its sets of stations, under the cheapest host each; or sets and hosts, if asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from optimizer.bundling import cover_of, lock_problems
from optimizer.columns import UNITS_PER_OFFICER, Columns, priced_columns, undominated
from optimizer.county import County
from optimizer.cover import Cover, Limit
from optimizer.enumeration import every_partition
from optimizer.errors import InputError
from optimizer.frozen import IntArray
from optimizer.partition import Relaxation, partition, relaxation
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Status
from optimizer.short_lists import cheapest_by_lists
from optimizer.solver import Limits
from optimizer.workload import Demand, demand_of

MOST_PLANS = 20_000
"""Plans listed at the most; a gap that holds more is halved until it does not."""
_FIRST_FRACTION = 1e-4
_SHARE_PARTS = 1_000
_PER_UNIT = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One plan.

    Attributes:
        bundles: Its bundles of all stations, sorted.
        price_officers: Its price.
        above_officers: Its price less that of the best.
        is_proven: For different plans: that none as different is cheaper.
    """

    bundles: tuple[Bundle, ...]
    price_officers: float
    above_officers: float
    is_proven: bool = True

    def sets(self) -> frozenset[tuple[str, ...]]:
        """Its bundles of two or more, whoever hosts them."""
        return frozenset(b.station_ids for b in self.bundles if b.office_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """What was found.

    Attributes:
        status: Of the best plan: OPTIMAL, or INFEASIBLE, UNKNOWN or FEASIBLE (nothing is listed).
        plans: By price; the best first.
        within_officers: All plans up to so much above the best are among `plans`; None = not known.
        is_all: No other plan keeps the rules at all.
        is_unique: No other plan is as cheap as the best; None = not known.
    """

    status: Status
    plans: tuple[Alternative, ...] = ()
    within_officers: float | None = None
    is_all: bool = False
    is_unique: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The columns of a county, the best plan and the bound: what all questions start from."""

    county: County
    columns: Columns
    cover: Cover
    status: Status
    best: IntArray
    price: int
    known: Relaxation | None
    deadline: float
    seed: int
    with_hosts: bool

    def limits(self) -> Limits:
        """Time that is left."""
        return Limits(time_limit_s=max(0.05, self.deadline - time.monotonic()), seed=self.seed)

    def plan(self, chosen: IntArray, *, is_proven: bool = True) -> Alternative:
        """Columns as a plan."""
        price = int(self.cover.price[chosen].sum())
        return Alternative(
            bundles=tuple(sorted(self.columns.bundle(self.county, int(i)) for i in chosen)),
            price_officers=price / UNITS_PER_OFFICER,
            above_officers=(price - self.price) / UNITS_PER_OFFICER,
            is_proven=is_proven,
        )


def choice_of(
    county: County,
    policy: Policy,
    demand: Demand | None = None,
    *,
    with_hosts: bool = False,
    time_limit_s: float | None = None,
) -> Choice:
    """Price the columns and find the best plan.

    Args:
        county: The county.
        policy: Rules and weights.
        demand: `demand_of(county, policy)` if the caller has it.
        with_hosts: The same sets under another host are another plan.
        time_limit_s: Seconds; None = the policy's.

    Raises:
        InputError: locks that name unknown stations or contradict each other.
        SolverError: the solver failed.
    """
    if problems := lock_problems(county, policy):
        raise InputError(problems)
    limit_s = policy.solver.time_limit_s if time_limit_s is None else time_limit_s
    deadline = time.monotonic() + limit_s
    demand = demand_of(county, policy) if demand is None else demand
    columns = priced_columns(county, policy, demand)
    if not with_hosts:
        frees = policy.bundling.min_officers_freed is not None
        columns = undominated(columns, county, freed_counts=frees)
    cover = cover_of(county, policy, columns)
    limits = Limits(time_limit_s=limit_s, seed=policy.solver.seed)
    found = partition(cover, limits)
    is_best = found.status is Status.OPTIMAL and found.chosen is not None
    return Choice(
        county=county,
        columns=columns,
        cover=cover,
        status=found.status,
        best=np.zeros(0, dtype=np.int64) if found.chosen is None else found.chosen,
        price=found.price or 0,
        known=relaxation(cover, limits) if is_best else None,
        deadline=deadline,
        seed=policy.solver.seed,
        with_hosts=with_hosts,
    )


def best_plans(choice: Choice, count: int) -> Alternatives:
    """The `count` best plans; proven that no other is cheaper than the last of them."""
    if choice.known is None:
        return Alternatives(status=choice.status)
    gap = max(1, round(abs(choice.price) * _FIRST_FRACTION))
    # Two are needed to know whether the best is alone.
    wanted = max(2, count)
    while True:
        found = _within(choice, gap)
        if found is None or _is_everything(choice, gap):
            break
        if len(_told(choice, found, gap, is_all=False).plans) > wanted:
            break
        gap *= 2
    while found is None and gap > 0:
        gap = gap * 3 // 4
        found = _within(choice, gap)
    if found is None:
        return _told(choice, [choice.best], None, is_all=False)
    is_all = _is_everything(choice, gap) and len(found) <= count
    told = _told(choice, found, gap, is_all=is_all)
    if len(told.plans) > count:
        reached = told.plans[count - 1].above_officers
        return replace(told, plans=told.plans[:count], within_officers=_just_below(
            reached, told.plans[count].above_officers))  # fmt: skip
    return told


def _just_below(last: float, following: float) -> float:
    """Up to where the list is complete: the last price, unless the next plan costs as much."""
    return last if following > last else float(np.nextafter(last, -1.0))


def plans_within(choice: Choice, officers: float) -> Alternatives:
    """All plans up to `officers` above the best; a smaller gap where there are too many."""
    if choice.known is None:
        return Alternatives(status=choice.status)
    gap = round(officers * UNITS_PER_OFFICER)
    found = _within(choice, gap)
    while found is None and gap > 0:
        gap //= 2
        found = _within(choice, gap)
    if found is None:
        return _told(choice, [choice.best], None, is_all=False)
    return _told(choice, found, gap, is_all=_is_everything(choice, gap))


def diverse_plans(choice: Choice, count: int, share: float) -> Alternatives:
    """The best plan, then each time the cheapest that differs enough from all before.

    Args:
        choice: The columns and the best plan.
        count: Plans, the best among them.
        share: Least share of a plan's bundles of two or more that are not in an earlier plan, held
            against each earlier plan by itself.
    """
    if choice.known is None:
        return Alternatives(status=choice.status)
    parts = round(share * _SHARE_PARTS)
    joint = choice.columns.size > 1
    rows: list[Limit] = []
    plans = [choice.plan(choice.best)]
    taken, short = choice.best, True
    while len(plans) < count:
        there = np.isin(choice.columns.set_of, choice.columns.set_of[taken]) & joint
        weight = np.where(there, -parts, _SHARE_PARTS - parts) * joint
        rows.append(Limit(coefficients=weight.astype(np.int64), at_least=0, per_unit=_PER_UNIT))
        asked = replace(choice.cover, limits=(*choice.cover.limits, *rows))
        least = int(choice.cover.price[taken].sum())
        found = None
        if short:
            found = cheapest_by_lists(asked, choice.known, least, choice.deadline)
            short = found is not None
        if found is None:
            found = partition(asked, choice.limits())
        if found.chosen is None or not joint[found.chosen].any():
            break
        taken = found.chosen
        plans.append(choice.plan(taken, is_proven=found.status is Status.OPTIMAL))
    return Alternatives(status=choice.status, plans=tuple(plans))


def _within(choice: Choice, gap: int) -> list[IntArray] | None:
    """Columns of all plans up to `gap` units above the best; None where there are too many."""
    assert choice.known is not None
    slack = (choice.price + gap) * choice.known.scale - choice.known.lower_scaled
    if time.monotonic() > choice.deadline:
        return None
    found = every_partition(
        choice.cover,
        choice.known.reduced_scaled,
        slack,
        choice.cover.price[:, None],
        most=MOST_PLANS,
    )
    if found is None:
        return None
    fits = np.flatnonzero(found.values[:, 0] <= choice.price + gap)
    return [found.chosen[row][found.chosen[row] >= 0] for row in fits.tolist()]


def _is_everything(choice: Choice, gap: int) -> bool:
    """Whether a gap is so wide that no plan can lie beyond it."""
    most = np.zeros(choice.cover.stations)
    share = choice.cover.price / (choice.cover.members >= 0).sum(axis=1)
    most[:] = -np.inf
    for place in choice.cover.members.T:
        inside = place >= 0
        np.maximum.at(most, place[inside], share[inside])
    return choice.price + gap > float(most.sum()) + 1


def _told(choice: Choice, found: list[IntArray], gap: int | None, *, is_all: bool) -> Alternatives:
    plans = [choice.plan(chosen) for chosen in found]
    if not choice.with_hosts:
        cheapest: dict[frozenset[tuple[str, ...]], Alternative] = {}
        for plan in sorted(plans, key=lambda p: (p.price_officers, p.bundles)):
            cheapest.setdefault(plan.sets(), plan)
        plans = list(cheapest.values())
    plans.sort(key=lambda p: (p.price_officers, p.bundles))
    # Of plans of equal price the one that a run proposes comes first.
    best = choice.plan(choice.best)
    first = [p for p in plans if p.bundles == best.bundles]
    plans = [*first, *(p for p in plans if p.bundles != best.bundles)]
    unique = None
    if gap is not None:
        unique = sum(p.above_officers <= 0 for p in plans) == 1
    return Alternatives(
        status=choice.status,
        plans=tuple(plans),
        within_officers=None if gap is None else gap / UNITS_PER_OFFICER,
        is_all=is_all,
        is_unique=unique,
    )
