r"""Phased rollout: in which month each bundle of a plan is switched on.

A state is today with some of the plan's bundles switched; road duty changes hands in the last
month, with all of them. What a state must keep:

- Every rule on bundles, response, equity and room that the plan keeps (`feasibility.violations`),
  but for what is asked of the finished plan only: counts, officers freed, `together`, `fix`, the
  cap on changes, road duty and inflows. A rule that today breaks in some place may stay broken
  there.
- Strength: the officers that the switched centres need by the plan are there. With $g_b$ given and
  $t_b$ taken by reassignment at bundle $b$ and $G$ given by units that no bundle changes,
  $\sum_{b \in X} (t_b - g_b) \le G$ for the switched bundles $X$: nobody arrives who is not free.

Where there are as many bundles as months, or more, no month is without a switch; with `per_month`
not given each has between $\lfloor N/M \rfloor$ and $\lceil N/M \rceil$ of the $N$ bundles. That
forbids no plan: the rules are about single bundles or grow with the switched ones, so who gives
most goes first, and any spread of that order holds if the finished plan does.

Chosen is, among these, the order that frees most officers earliest: with $f_b$ the officers that
bundle $b$ frees, least $\sum_m \sum_{b \notin X_m} f_b$, the officer-months not yet freed. A
binary $x_{bm}$ says that $b$ is on in month $m$; a state found to break a rule is forbidden by a
row, and the model is solved again, until every state of the best order holds. With the rows of
broken states only, its value is a bound on every order, so the order is proven best.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.feasibility import violations
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Bundle, Move, Plan, current_plan
from optimizer.policy import Policy
from optimizer.policy_bundling import Changes
from optimizer.result import Proof, Status
from optimizer.rules import Violation
from optimizer.solver import Limits, Model, solve
from optimizer.strength import assess_bundles

STRENGTH = "rollout.strength"
_UNITS_PER_OFFICER = 10_000
"""Officers freed in whole units, so that a proof is about whole numbers."""

State = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month of a rollout.

    Attributes:
        month: From 1.
        switched: Bundles switched on in it, sorted.
        plan: The state at its end.
        officers_freed: Required officers below today's.
        officers_waiting: Given by switched bundles, and the bundle they go to is not switched yet.
    """

    month: int
    switched: tuple[Bundle, ...]
    plan: Plan
    officers_freed: float
    officers_waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A bundle that no order can switch on.

    Attributes:
        bundle: The bundle.
        broken: Rules that it breaks on top of all that can be switched on without it.
        officers_missing: Officers it needs that nobody has freed by then; 0 = none.
    """

    bundle: Bundle
    broken: tuple[Violation, ...]
    officers_missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The months, or what is in the way.

    Attributes:
        months: In order; empty without an order.
        least_in_month, most_in_month: Bundles switched in each month; the proof is about orders
            that keep to them.
        blocked: Without an order because none exists: the bundles in the way.
        proof: Stage `rollout`; the objective is in officer-months not yet freed.
    """

    months: tuple[Month, ...]
    least_in_month: int
    most_in_month: int
    blocked: tuple[Blocked, ...]
    proof: Proof


def rollout(
    county: County, policy: Policy, plan: Plan, *, months: int, per_month: int | None = None
) -> Rollout:
    """The order that frees most officers earliest.

    Args:
        county: The county.
        policy: The policy that the plan was made under.
        plan: The finished plan.
        months: Months until all bundles are switched on.
        per_month: Bundles in one month at the most; None = spread evenly.

    Raises:
        InputError: no bundles in the plan, or more than the months can take.
        SolverError: the solver failed.
    """
    joint = tuple(b for b in plan.bundles if b.office_ids)
    most = math.ceil(len(joint) / months) if per_month is None else per_month
    if problems := _problems(joint, months, most):
        raise InputError(problems)
    least = len(joint) // months if per_month is None else min(1, len(joint) // months)
    return _Order.of(county, policy, plan, joint, months, least, most).found()


def interim_policy(policy: Policy) -> Policy:
    """The policy without what is asked of the finished plan only."""
    rules = policy.bundling
    locks = rules.locks.model_copy(update={"together": (), "fix": {}, "free": ()})
    return policy.model_copy(
        update={
            "bundling": rules.model_copy(
                update={
                    "centres": None,
                    "stations_bundled": None,
                    "min_officers_freed": None,
                    "locks": locks,
                    "changes": Changes(),
                }
            ),
            "traffic": policy.traffic.model_copy(update={"dissolve_squads": False}),
            "staffing": policy.staffing.model_copy(update={"inflows": ()}),
        }
    )


def interim_plan(county: County, on: tuple[Bundle, ...]) -> Plan:
    """Today with the bundles `on` switched: their officers move to their centres, nobody else."""
    today = current_plan(county)
    held = dict(today.strength)
    inside = {s for b in on for s in b.station_ids}
    alone = [b for b in today.bundles if b.centre_id not in inside]
    strength = {u: n for u, n in today.strength if u not in inside}
    strength |= {b.centre_id: sum(held[s] for s in b.station_ids) for b in on}
    moves = [
        Move(from_id=s, to_id=b.centre_id, officers=held[s], reason="bundle")
        for b in on
        for s in b.office_ids
        if held[s]
    ]
    return Plan(
        bundles=tuple(sorted([*alone, *on])),
        road_duties=today.road_duties,
        strength=tuple(sorted(strength.items())),
        moves=tuple(sorted(moves)),
    )


@dataclass(slots=True, kw_only=True)
class _Order:
    """One search; lives for one call."""

    county: County
    policy: Policy
    plan: Plan
    joint: tuple[Bundle, ...]
    months: int
    least_in_month: int
    most_in_month: int
    deadline: float
    freed: FloatArray
    net_taken: IntArray
    given_elsewhere: int
    taken_elsewhere: int
    excused: frozenset[tuple[str, str]]
    known: dict[State, tuple[Violation, ...]]
    forbidden: list[State]

    @classmethod
    def of(
        cls,
        county: County,
        policy: Policy,
        plan: Plan,
        joint: tuple[Bundle, ...],
        months: int,
        least_in_month: int,
        most_in_month: int,
    ) -> _Order:
        """What the order is about, in numbers."""
        net_taken, given, taken = _reassigned(plan, joint)
        rules = interim_policy(policy)
        today = violations(county, rules, current_plan(county))
        return cls(
            county=county,
            policy=rules,
            plan=plan,
            joint=joint,
            months=months,
            least_in_month=least_in_month,
            most_in_month=most_in_month,
            deadline=time.monotonic() + policy.solver.time_limit_s,
            freed=_freed(county, policy, joint),
            net_taken=net_taken,
            given_elsewhere=given,
            taken_elsewhere=taken,
            excused=frozenset((v.rule, v.where) for v in today),
            known={},
            forbidden=[],
        )

    def found(self) -> Rollout:
        """Solve, look at the states, forbid what breaks a rule, and again."""
        units = np.rint(self.freed * _UNITS_PER_OFFICER)
        while True:
            solved = solve(self._model(-units, finished=True), self._time_left())
            if solved.values is None:
                return self._without_order(solved.status)
            states = self._states(solved.values)
            broken = [s for s in states if self._broken(s)]
            if not broken:
                break
            self.forbidden += [s for s in dict.fromkeys(broken) if s not in self.forbidden]
        late = float(units.sum()) * self.months
        objective = late + float(solved.objective or 0.0)
        bound = late + float(solved.bound if solved.bound is not None else -late)
        is_proven = solved.status is Status.OPTIMAL
        proof = Proof(
            stage="rollout",
            status=solved.status,
            objective=objective / _UNITS_PER_OFFICER,
            objective_unit="officer-months",
            bound=(objective if is_proven else bound) / _UNITS_PER_OFFICER,
            method=self._method(),
        )
        return Rollout(
            months=self._told(states),
            least_in_month=self.least_in_month,
            most_in_month=self.most_in_month,
            blocked=(),
            proof=proof,
        )

    def _told(self, states: list[State]) -> tuple[Month, ...]:
        told, before = [], frozenset[int]()
        for month, state in enumerate(states, start=1):
            on = tuple(self.joint[i] for i in sorted(state))
            is_last = len(state) == len(self.joint)
            told.append(
                Month(
                    month=month,
                    switched=tuple(self.joint[i] for i in sorted(state - before)),
                    plan=self.plan if is_last else interim_plan(self.county, on),
                    officers_freed=float(self.freed[sorted(state)].sum()),
                    officers_waiting=max(
                        0, -int(self.net_taken[sorted(state)].sum()) - self.taken_elsewhere
                    ),
                )
            )
            before = state
        return tuple(told)

    def _without_order(self, status: Status) -> Rollout:
        blocked: tuple[Blocked, ...] = ()
        if status is Status.INFEASIBLE:
            blocked = self._blocked()
        proof = Proof(
            stage="rollout",
            status=status,
            objective_unit="officer-months",
            method=self._method(),
            clashing_rules=tuple(
                sorted(
                    {v.rule for b in blocked for v in b.broken}
                    | {STRENGTH for b in blocked if b.officers_missing}
                )
            ),
        )
        return Rollout(
            months=(),
            least_in_month=self.least_in_month,
            most_in_month=self.most_in_month,
            blocked=blocked,
            proof=proof,
        )

    def _blocked(self) -> tuple[Blocked, ...]:
        """As many as can be switched on, and what each of the others breaks on top of them."""
        n = len(self.joint)
        while True:
            solved = solve(self._model(-np.ones(n), finished=False), self._time_left())
            if solved.values is None:
                return ()
            states = self._states(solved.values)
            broken = [s for s in dict.fromkeys(states) if self._broken(s)]
            if not broken:
                break
            self.forbidden += [s for s in broken if s not in self.forbidden]
        most = states[-1]
        told = []
        for i in sorted(set(range(n)) - most):
            needed = int(self.net_taken[[*sorted(most), i]].sum()) - self.given_elsewhere
            told.append(
                Blocked(
                    bundle=self.joint[i],
                    broken=self._broken(most | {i}),
                    officers_missing=max(0, needed),
                )
            )
        return tuple(told)

    def _states(self, values: FloatArray) -> list[State]:
        on = values.reshape(len(self.joint), self.months) > 0.5
        return [frozenset(np.flatnonzero(on[:, m]).tolist()) for m in range(self.months)]

    def _broken(self, state: State) -> tuple[Violation, ...]:
        """Rules that a state breaks and today does not."""
        if state not in self.known:
            on = tuple(self.joint[i] for i in sorted(state))
            found = violations(self.county, self.policy, interim_plan(self.county, on))
            self.known[state] = tuple(v for v in found if (v.rule, v.where) not in self.excused)
        return self.known[state]

    def _model(self, gain: FloatArray, *, finished: bool) -> Model:
        """x[b, m] in row-major order; `gain` a bundle and month."""
        n, months = len(self.joint), self.months
        at = np.arange(n * months).reshape(n, months)
        rows: list[tuple[IntArray, FloatArray, float, float]] = []
        for m in range(months):
            now = at[:, m]
            rows.append((now, self.net_taken.astype(float), -np.inf, float(self.given_elsewhere)))
            before = at[:, m - 1] if m else now[:0]
            both = np.r_[now, before]
            signs = np.r_[np.ones(n), -np.ones(len(before))]
            # How many can be switched on at all is another question than an even spread.
            least = float(self.least_in_month) if finished else -np.inf
            rows.append((both, signs, least, float(self.most_in_month)))
            rows += [
                (np.array([a, b]), np.array([1.0, -1.0]), 0.0, np.inf)
                for a, b in zip(now[: len(before)], before, strict=True)
            ]
            for state in self.forbidden:
                inside = np.isin(np.arange(n), sorted(state))
                sign = np.where(inside, -1.0, 1.0)
                rows.append((now, sign, 1.0 - float(inside.sum()), np.inf))
        lower = np.zeros(n * months)
        if finished:
            lower[at[:, -1]] = 1.0
        return Model(
            objective=np.repeat(gain, months),
            lower=lower,
            upper=np.ones(n * months),
            integer=np.ones(n * months, dtype=bool),
            row=np.repeat(np.arange(len(rows)), [len(r[0]) for r in rows]),
            column=np.concatenate([r[0] for r in rows]),
            value=np.concatenate([r[1] for r in rows]),
            row_lower=np.array([r[2] for r in rows]),
            row_upper=np.array([r[3] for r in rows]),
        )

    def _time_left(self) -> Limits:
        seed = self.policy.solver.seed
        return Limits(time_limit_s=max(0.01, self.deadline - time.monotonic()), seed=seed)

    def _method(self) -> str:
        return f"months as binaries, {len(self.known)} states looked at"


def _freed(county: County, policy: Policy, joint: tuple[Bundle, ...]) -> FloatArray:
    """Officers that each bundle frees, shape (N,)."""
    today = current_plan(county)
    single = dict(
        zip(
            (b.centre_id for b in today.bundles),
            assess_bundles(county, policy, today).officers.tolist(),
            strict=True,
        )
    )
    needed = assess_bundles(county, policy, replace(today, bundles=joint)).officers
    apart = np.array([sum(single[s] for s in b.station_ids) for b in joint])
    freed: FloatArray = apart - needed
    return freed


def _reassigned(plan: Plan, joint: tuple[Bundle, ...]) -> tuple[IntArray, int, int]:
    """Officers that each bundle takes less those it gives; those that others give; take."""
    of: Mapping[str, int] = {s: i for i, b in enumerate(joint) for s in b.station_ids}
    net, given, taken = np.zeros(len(joint), dtype=np.int64), 0, 0
    for move in plan.moves:
        if move.reason != "reassign":
            continue
        giver, taker = of.get(move.from_id), of.get(move.to_id)
        if giver is not None:
            net[giver] -= move.officers
        else:
            given += move.officers
        if taker is not None:
            net[taker] += move.officers
        else:
            taken += move.officers
    return net, given, taken


def _problems(joint: tuple[Bundle, ...], months: int, per_month: int) -> list[Problem]:
    if not joint:
        return [
            Problem(
                where="rollout",
                expected="a plan with at least one bundle of two or more stations",
                fix="name another run",
            )
        ]
    if months * per_month < len(joint):
        return [
            Problem(
                where="rollout",
                value=f"{months} × {per_month}",
                expected="room for all {n} bundles of the plan",
                fix="at least {months} months, or {per_month} bundles a month",
                params={
                    "n": len(joint),
                    "months": math.ceil(len(joint) / max(per_month, 1)),
                    "per_month": math.ceil(len(joint) / months),
                },
            )
        ]
    return []
