"""Which bundle breaks first as alerts rise everywhere, and at what factor.

A bundle's area breaks at a factor when one of three holds there: `busy`, its own work is as much as
its crews' time or more; `waits`, more alerts than `policy.crews.max_wait_share_fraction` wait
longer than `policy.crews.max_wait_min`; `late`, fewer than `policy.response.share_within_fraction`
are reached within the standard, and clearly fewer than undisturbed. Today is judged on the same
ground, its stations together.

Factors come from a fixed list and share their alerts, so that more is always a superset of less.
The breaking factor is the smallest tried from which on every tried factor breaks, found by
bisection for all bundles at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy
from optimizer.simulation import Fan, Setup
from optimizer.simulation_load import loads
from optimizer.stress import DEPLOYMENTS, EVERYTHING, Deployment, Stress
from optimizer.stress_runs import ALERTS, Progress, StressJob, breaches, gather, ratios

REASONS = ("busy", "waits", "late")
# Crews that are added to a bundle at the most, to see whether they hold it.
MOST_MORE_CREWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One bundle of the plan.

    Attributes:
        centre_id: Its centre, or the station that stays alone.
        stations: How many stations it has.
        factor: Surge factor at which it breaks in the plan; inf = at none that was tried.
        factor_today: The same for its ground today.
        reasons: Why it breaks in the plan at `factor`, of `REASONS`; empty where it does not.
        crews: Crews on duty in the plan, mean over the day.
        more_crews: Crews round the clock, on top of those, with which it would not break at
            `factor`; 0 where it does not break, None where `MOST_MORE_CREWS` are not enough.
        more_officers: Officers to man them.
        utilisation_fraction: Own work over crews' time in the plan, undisturbed.
        within_fraction, within_today_fraction: Undisturbed share within the standard.
        misses_undisturbed: The plan misses the standard here even undisturbed.
    """

    centre_id: str
    stations: int
    factor: float
    factor_today: float
    reasons: tuple[str, ...]
    crews: float
    more_crews: int | None
    more_officers: float | None
    utilisation_fraction: float
    within_fraction: float
    within_today_fraction: float
    misses_undisturbed: bool


def breaking(
    setup: Setup,
    policy: Policy,
    factors: Sequence[float],
    *,
    least_drop_fraction: float,
    replications: int,
    top_factor: float,
    fan: Fan,
    progress: Progress,
) -> tuple[Break, ...]:
    """Bundles of the plan by breaking factor, the first to break first.

    Args:
        setup: Of an average month.
        policy: Its standards.
        factors: Surge factors, rising; the first should be 1.
        least_drop_fraction: See `StressRules.break_least_drop_fraction`.
        replications: How many.
        top_factor: As `StressJob.top_factor`.
        fan: Runs tasks.
        progress: Called as `breaking`.
    """
    search = _Search(
        setup=setup,
        policy=policy,
        factors=tuple(factors),
        least_drop_fraction=least_drop_fraction,
        replications=replications,
        top_factor=top_factor,
        fan=fan,
        progress=progress,
    )
    at_today, at_plan = search.run()
    share = {w: ratios(search.undisturbed(w))["within_fraction"] for w in DEPLOYMENTS}
    values = np.append(np.asarray(factors, float), np.inf)
    more = search.more_crews(at_plan)
    per_crew = policy.crews.crew_officers * policy.crews.relief_factor
    found = []
    for i, unit in enumerate(setup.load_plan):
        extra = more[i]
        found.append(
            Break(
                centre_id=unit.unit_id,
                stations=len(setup.plan.members[i]),
                factor=float(values[at_plan[i]]),
                factor_today=float(values[at_today[i]]),
                reasons=search.reasons_at(int(at_plan[i]), i),
                crews=unit.crews,
                more_crews=extra,
                more_officers=None if extra is None else extra * per_crew,
                utilisation_fraction=unit.utilisation_fraction,
                within_fraction=float(share["plan"][i]),
                within_today_fraction=float(share["today"][i]),
                misses_undisturbed=bool(share["plan"][i] < policy.response.share_within_fraction),
            )
        )
    return tuple(
        sorted(found, key=lambda one: (one.factor, -one.utilisation_fraction, one.centre_id))
    )


class _Search:
    """Counts of what was simulated so far, and what to simulate next."""

    def __init__(
        self,
        *,
        setup: Setup,
        policy: Policy,
        factors: tuple[float, ...],
        least_drop_fraction: float,
        replications: int,
        top_factor: float,
        fan: Fan,
        progress: Progress,
    ) -> None:
        self._setup = setup
        self._policy = policy
        self._factors = factors
        self._least_drop_fraction = least_drop_fraction
        self._replications = replications
        self._top_factor = top_factor
        self._fan = fan
        self._progress = progress
        self._work = _work(setup, policy)
        # Row 0 is the undisturbed, row i + 1 factor i.
        self._counts: dict[int, dict[Deployment, FloatArray]] = {}
        self._rounds = int(np.ceil(np.log2(len(factors)))) + 1 + MOST_MORE_CREWS
        self._done = 0

    def undisturbed(self, which: Deployment) -> FloatArray:
        """Counts by bundle without stress."""
        return self._counts[0][which]

    def run(self) -> tuple[IntArray, IntArray]:
        """Row of the breaking factor of each bundle, today and in the plan."""
        surges = [Stress(name="surge", size=f, surge=f) for f in self._factors]
        stresses = (Stress(), *surges)
        bundles = len(self._setup.ground.bundles)

        def evaluate(rows: tuple[int, ...]) -> Mapping[int, BoolArray]:
            asked = sorted({i + 1 for i in rows} | ({0} if not self._counts else set()))
            self._counts.update(self._simulate(stresses, asked, DEPLOYMENTS))
            return {
                i: np.concatenate(
                    [
                        self._reasons(self._counts[i + 1][w], self._factors[i], w).any(axis=0)
                        for w in DEPLOYMENTS
                    ]
                )
                for i in rows
            }

        at = first_broken(len(self._factors), 2 * bundles, evaluate)
        return at[:bundles], at[bundles:]

    def reasons_at(self, row: int, bundle: int) -> tuple[str, ...]:
        """Why a bundle of the plan breaks at a factor; empty where it does not."""
        if row >= len(self._factors):
            return ()
        which = self._reasons(self._counts[row + 1]["plan"], self._factors[row], "plan")
        return tuple(r for r, yes in zip(REASONS, which[:, bundle].tolist(), strict=True) if yes)

    def more_crews(self, at: IntArray) -> list[int | None]:
        """Crews more with which each bundle of the plan would not break at its factor."""
        found: list[int | None] = [0 if i >= len(self._factors) else None for i in at.tolist()]
        for more in range(1, MOST_MORE_CREWS + 1):
            left = [b for b, crews in enumerate(found) if crews is None]
            if not left:
                break
            stresses = tuple(
                Stress(name="surge", surge=self._factors[at[b]], more_crews=(b, more)) for b in left
            )
            counts = self._simulate(stresses, range(len(left)), ("plan",))
            for i, b in enumerate(left):
                crews = self._setup.load_plan[b].crews
                factor = self._factors[at[b]] * crews / (crews + more)
                if not self._reasons(counts[i]["plan"], factor, "plan")[:, b].any():
                    found[b] = more
        self._progress("breaking", 1000, 1000)
        return found

    def _simulate(
        self,
        stresses: tuple[Stress, ...],
        rows: Sequence[int],
        deployments: tuple[Deployment, ...],
    ) -> dict[int, dict[Deployment, FloatArray]]:
        """Counts by bundle of some of the stresses, over all replications."""
        job = StressJob(
            setup=self._setup,
            stresses=stresses,
            scopes=((EVERYTHING,),) * len(stresses),
            top_factor=self._top_factor,
            deployments=deployments,
        )
        items = [(i, r) for r in range(self._replications) for i in rows]

        def show(n: int) -> None:
            share = min((self._done + n / len(items)) / self._rounds, 1.0)
            self._progress("breaking", round(1000 * share), 1000)

        done = gather(self._fan, job, items, show)
        self._done += 1
        return {
            i: {
                w: np.sum([done[i, r][w].bundles for r in range(self._replications)], axis=0)
                for w in deployments
            }
            for i in rows
        }

    def _reasons(self, counts: FloatArray, factor: float, which: Deployment) -> BoolArray:
        """Which of `REASONS` holds in each bundle, shape (3, B)."""
        here, before = ratios(counts), ratios(self.undisturbed(which))
        late, waits = breaches(
            within=here["within_fraction"],
            before=before["within_fraction"],
            long=here["waits_long_fraction"],
            policy=self._policy,
            least_drop_fraction=self._least_drop_fraction,
        )
        some = self.undisturbed(which)[:, ALERTS] > 0
        return np.array([self._work[which] * factor >= 1.0, waits, late]) & some


def first_broken(
    size: int, n: int, evaluate: Callable[[tuple[int, ...]], Mapping[int, BoolArray]]
) -> IntArray:
    """Smallest tried index from which on every tried index is broken, for each of `n` things.

    Bisection for all things at once; tried are only the indices that some thing asks for. Where
    chance makes a thing broken at one index and not at a later one, the later counts.

    Args:
        size: Indices 0 … size - 1.
        n: Things.
        evaluate: Tells for some indices which things are broken, shape (n,) each.

    Returns:
        Shape (n,); `size` where the last index is not broken.
    """
    ends = (0, size - 1) if size > 1 else (0,)
    tried = dict(evaluate(ends))
    while True:
        rows = np.array(sorted(tried))
        broken = np.array([tried[i] for i in rows.tolist()])
        wanted: set[int] = set()
        found = np.zeros(n, np.int64)
        for thing in range(n):
            whole = rows[~broken[:, thing]]
            low = int(whole.max()) if len(whole) else -1
            above = rows[rows > low]
            high = int(above.min()) if len(above) else size
            found[thing] = high
            if high - low > 1 and low >= 0:
                wanted.add((low + high) // 2)
        if not wanted:
            return found
        tried.update(evaluate(tuple(sorted(wanted))))


def _work(setup: Setup, policy: Policy) -> dict[Deployment, FloatArray]:
    """Own work over crews' time of each bundle's ground, undisturbed, shape (B,)."""
    found: dict[Deployment, FloatArray] = {}
    for which in DEPLOYMENTS:
        side = setup.today if which == "today" else setup.plan
        bundle = np.zeros(len(side.unit_id), np.int64)
        bundle[side.unit_of_cell] = setup.ground.bundle_of_cell
        unit = loads(side, setup.model, policy)
        crews = np.array([f.crews for f in unit])
        work = np.array([f.utilisation_fraction * f.crews if f.crews > 0 else 0.0 for f in unit])
        size = len(setup.ground.bundles)
        total = np.bincount(bundle, weights=crews, minlength=size)
        asked = np.bincount(bundle, weights=work, minlength=size)
        found[which] = np.divide(asked, total, out=np.zeros(size), where=total > 0)
    return found
