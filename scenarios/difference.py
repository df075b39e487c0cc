"""What two runs decide and reach differently: measures, townships, decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optimizer.errors import Translate
from optimizer.plan import Plan
from optimizer.scorecard import TownshipRow
from scenarios.compare import MeasureRow, finite, measures
from scenarios.kept import KeptRun

ALONE, DISSOLVED, KEPT = "alone", "dissolved", "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One decision that differs; what it is about, and what each run decides.

    Attributes:
        kind: `bundle`, `road_duty`, `squad`, `move` or `strength`.
        what: Names of what is decided on.
        a, b: What each run decides, by name, or `alone`, `dissolved`, `kept`; empty = nothing.
    """

    kind: str
    what: str
    a: str
    b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipPair:
    """One township in both runs; None where a run does not have it."""

    name: str
    a: TownshipRow | None
    b: TownshipRow | None

    @property
    def change_min(self) -> float:
        """Minutes that its alerts wait longer in the second run."""
        if self.a is None or self.b is None:
            return 0.0
        return self.b.mean_response_min - self.a.mean_response_min

    @property
    def differs(self) -> bool:
        """Whether a planner would see a difference."""
        if self.a is None or self.b is None:
            return True
        return self.a.responsible != self.b.responsible or round(self.change_min, 1) != 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Run A against run B.

    Attributes:
        a, b: The runs.
        same_data: Both saw the same county data.
        same_policy: Both kept the same policy.
        inputs: Overrides that differ: key, value in A, value in B; None = not overridden.
        measures: Headline measures; `today` is A and `plan` is B.
        townships: Every township, the greatest loss first.
        decisions: Decisions that differ.
        same_bundles: Bundles of two or more that both have.
    """

    a: KeptRun
    b: KeptRun
    same_data: bool
    same_policy: bool
    inputs: tuple[tuple[str, str | None, str | None], ...]
    measures: tuple[MeasureRow, ...]
    townships: tuple[TownshipPair, ...]
    decisions: tuple[Change, ...]
    same_bundles: int


def difference(a: KeptRun, b: KeptRun, _: Translate) -> Difference:
    """Compare two runs."""
    keys = dict.fromkeys([*a.overrides, *b.overrides])
    inputs = tuple(
        (key, a.overrides.get(key), b.overrides.get(key))
        for key in keys
        if a.overrides.get(key) != b.overrides.get(key)
    )
    left = {t.township: t for t in a.evaluation.townships}
    right = {t.township: t for t in b.evaluation.townships}
    pairs = [
        TownshipPair(name=n, a=left.get(n), b=right.get(n)) for n in dict.fromkeys([*left, *right])
    ]
    return Difference(
        a=a,
        b=b,
        same_data=a.evaluation.county_digest == b.evaluation.county_digest,
        same_policy=a.evaluation.policy_digest == b.evaluation.policy_digest,
        inputs=inputs,
        measures=measures(a.evaluation, b.evaluation, _),
        townships=tuple(sorted(pairs, key=lambda p: (-p.change_min, p.name))),
        decisions=decisions(a.plan, b.plan, {**a.names, **b.names}),
        same_bundles=len(_bundles(a.plan) & _bundles(b.plan)),
    )


def decisions(a: Plan, b: Plan, name: Mapping[str, str]) -> tuple[Change, ...]:
    """Decisions that differ, kind by kind.

    Args:
        a: A plan.
        b: Another plan of the same county.
        name: Name of every id.
    """
    return (*_stations(a, b, name), *_roads(a, b, name), *_flows(a, b, name))


def to_document(found: Difference) -> dict[str, Any]:
    """The difference for machines."""
    return {
        "a": _run_document(found.a),
        "b": _run_document(found.b),
        "same_data": found.same_data,
        "same_policy": found.same_policy,
        "inputs": [{"key": k, "a": x, "b": y} for k, x, y in found.inputs],
        "measures": [
            {
                "name": m.name,
                "a": a_value,
                "b": b_value,
                "better": {"better": "b", "worse": "a", "": None}[m.verdict],
            }
            for m in found.measures
            for a_value, b_value in [(finite(m.today), finite(m.plan))]
        ],
        "townships": [
            {
                "township": t.name,
                "a_mean_response_min": None if t.a is None else finite(t.a.mean_response_min),
                "b_mean_response_min": None if t.b is None else finite(t.b.mean_response_min),
                "a_responsible": None if t.a is None else t.a.responsible,
                "b_responsible": None if t.b is None else t.b.responsible,
            }
            for t in found.townships
        ],
        "decisions": [
            {"kind": c.kind, "what": c.what, "a": c.a, "b": c.b} for c in found.decisions
        ],
        "same_bundles": found.same_bundles,
    }


def _run_document(run: KeptRun) -> dict[str, Any]:
    return {
        "run": run.label,
        "case": run.case_name,
        "scenario": run.scenario,
        "status": run.status,
        "plan_digest": run.plan.digest,
    }


def _bundles(plan: Plan) -> set[tuple[str, tuple[str, ...]]]:
    return {(b.centre_id, b.station_ids) for b in plan.bundles if b.office_ids}


def _stations(a: Plan, b: Plan, name: Mapping[str, str]) -> list[Change]:
    """Stations whose whole bundle differs, joined where they change alike."""
    shown_a, shown_b = _shown_bundles(a, name), _shown_bundles(b, name)
    groups: dict[tuple[str, str], list[str]] = {}
    for station in sorted({*shown_a, *shown_b}):
        pair = (shown_a.get(station, ""), shown_b.get(station, ""))
        if pair[0] != pair[1]:
            groups.setdefault(pair, []).append(name[station])
    return [
        Change(kind="bundle", what="、".join(who), a=one, b=other)
        for (one, other), who in groups.items()
    ]


def _shown_bundles(plan: Plan, name: Mapping[str, str]) -> dict[str, str]:
    """Each station's bundle: `centre ← offices`, or `alone`."""
    return {
        station: f"{name[b.centre_id]} ← {'、'.join(name[o] for o in b.office_ids)}"
        if b.office_ids
        else ALONE
        for b in plan.bundles
        for station in b.station_ids
    }


def _roads(a: Plan, b: Plan, name: Mapping[str, str]) -> list[Change]:
    duty_a = {d.station_id: d.duty_id for d in a.road_duties}
    duty_b = {d.station_id: d.duty_id for d in b.road_duties}
    found = [
        Change(kind="road_duty", what=name[s], a=_name(x, name), b=_name(y, name))
        for s, x, y in _pairs(duty_a, duty_b)
    ]
    for squad in sorted(set(a.dissolved_squad_ids) ^ set(b.dissolved_squad_ids)):
        in_a, in_b = squad in a.dissolved_squad_ids, squad in b.dissolved_squad_ids
        found.append(
            Change(
                kind="squad",
                what=name[squad],
                a=DISSOLVED if in_a else KEPT,
                b=DISSOLVED if in_b else KEPT,
            )
        )
    return found


def _flows(a: Plan, b: Plan, name: Mapping[str, str]) -> list[Change]:
    """Reassigned officers and strengths that differ."""
    moves_a, moves_b = _reassigned(a), _reassigned(b)
    found = [
        Change(kind="move", what=f"{name[x]} → {name[y]}", a=_count(n), b=_count(m))
        for (x, y), n, m in _pairs(moves_a, moves_b)
    ]
    return found + [
        Change(kind="strength", what=name[u], a=_count(n), b=_count(m))
        for u, n, m in _pairs(dict(a.strength), dict(b.strength))
    ]


def _reassigned(plan: Plan) -> dict[tuple[str, str], int]:
    return {(m.from_id, m.to_id): m.officers for m in plan.moves if m.reason == "reassign"}


def _pairs(a: Mapping[Any, Any], b: Mapping[Any, Any]) -> Iterable[tuple[Any, Any, Any]]:
    return ((k, a.get(k), b.get(k)) for k in sorted({*a, *b}) if a.get(k) != b.get(k))


def _count(n: int | None) -> str:
    return "" if n is None else str(n)


def _name(one: str | None, name: Mapping[str, str]) -> str:
    return "" if one is None else name[one]
