"""Required strength of a case or a run: today and the plan, by period or hour, shift by shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.errors import InputError
from optimizer.frozen import FloatArray
from optimizer.plan import Plan, current_plan
from optimizer.policy import Policy
from optimizer.policy_strength import StrengthRules
from optimizer.required_strength import RequiredStrength, by_hour, required_strength
from optimizer.shift_table import ShiftRow, refuse_unreachable_levels, shift_table
from optimizer.strength_sensitivity import NextStep, Sensitivity, next_steps, sensitivity
from scenarios.alert_log import case_log
from scenarios.load import LoadedCase
from scenarios.names import Names, Wrong, gazetteer
from scenarios.opened import Opened

TODAY, PLAN = "today", "plan"
_OWN_ASSUMPTIONS = ("day_work_starts_hour", "day_work_ends_hour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One deployment, taken apart.

    Attributes:
        deployment: `today` or `plan`.
        plan: The plan.
        required: Officers and hours by source.
        shifts: Crews per unit and shift.
        steps: Where each unit's crews change.
        sensitivity: Officers required under other values.
    """

    deployment: str
    plan: Plan
    required: RequiredStrength
    shifts: tuple[ShiftRow, ...]
    steps: tuple[NextStep, ...]
    sensitivity: Sensitivity

    def unit_of(self, unit: str | None) -> str | None:
        """The unit that a station belongs to: a police office's is its centre; None stays None."""
        if unit is None or unit in self.required.unit_id:
            return unit
        pairs = zip(self.required.unit_id, self.required.station_ids, strict=True)
        return next((u for u, stations in pairs if unit in stations), unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrengthStudy:
    """Required strength of a case.

    Attributes:
        opened: The case or run; its plan is None where there is none or none was asked for.
        policy: Its policy with the service levels asked for.
        sides: Today, and the plan where there is one.
        hours_from: `periods` of the case; by the hour: `log`, or `rhythm` where hours inside a
            period are alike.
        names: Name of every unit.
        assumed: Values that nobody set, dotted key -> value.
    """

    opened: Opened
    policy: Policy
    sides: tuple[Side, ...]
    hours_from: str
    names: Mapping[str, str]
    assumed: Mapping[str, str]

    @property
    def loaded(self) -> LoadedCase:
        """The case in the world of its scenario."""
        return self.opened.loaded

    def unit(self, typed: str) -> str:
        """Id of a station, squad or functional unit that is typed by id or name.

        Raises:
            InputError: no such unit, or several of that name.
        """
        known = gazetteer(self.loaded.county)
        for kind in (known.stations, known.squads, known.units):
            found = kind.find(typed)
            if not isinstance(found, Wrong):
                return found
        wrong = Names("unit", tuple(self.names), tuple(self.names.values())).find(typed)
        assert isinstance(wrong, Wrong)
        raise InputError([wrong.problem("--unit", typed)])


def with_levels(policy: Policy, levels: Mapping[str, float | None]) -> Policy:
    """The policy with values of `strength` replaced; None leaves one as it is."""
    values = policy.strength.model_dump() | {k: v for k, v in levels.items() if v is not None}
    return policy.model_copy(update={"strength": StrengthRules.model_validate(values)})


def study_strength(
    opened: Opened,
    *,
    hourly: bool = False,
    today_only: bool = False,
    levels: Mapping[str, float | None] | None = None,
) -> StrengthStudy:
    """Take the required strength of a case or run apart.

    Args:
        opened: `open_asked(…)`.
        hourly: By the hour instead of by the case's periods.
        today_only: Leave the plan out.
        levels: Service levels of `policy.strength` to replace.

    Raises:
        InputError: a service level out of everybody's reach, or cells that a centre cannot reach.
    """
    loaded = opened.loaded
    county, policy = loaded.county, with_levels(loaded.policy, levels or {})
    finer, hours_from = None, "periods"
    if hourly:
        share = log_hours(loaded)
        finer, hours_from = by_hour(county, share), "rhythm" if share is None else "log"
    plans = [(TODAY, current_plan(county))]
    if opened.plan is not None and not today_only:
        plans.append((PLAN, opened.plan))
    sides = []
    for deployment, plan in plans:
        shifts = shift_table(county if finer is None else finer, policy, plan)
        refuse_unreachable_levels(shifts, policy)
        sides.append(
            Side(
                deployment=deployment,
                plan=plan,
                required=required_strength(county, policy, plan, finer),
                shifts=shifts,
                steps=next_steps(county, policy, plan),
                sensitivity=sensitivity(county, policy, plan),
            )
        )
    return StrengthStudy(
        opened=opened,
        policy=policy,
        sides=tuple(sides),
        hours_from=hours_from,
        names=_names(loaded),
        assumed=_assumed(policy, hours_from),
    )


def log_hours(loaded: LoadedCase) -> FloatArray | None:
    """Alerts of each category in each hour of the case's log, shape (K, 24); None without one."""
    log = case_log(loaded)
    if log is None:
        return None
    hour = (log.occurred_at.astype("datetime64[h]").astype(np.int64)) % 24
    known = log.category < len(loaded.county.categories)
    counts = np.zeros((len(loaded.county.categories), 24))
    np.add.at(counts, (log.category[known], hour[known]), 1.0)
    # A category without alerts in the log has the mix of all.
    empty = counts.sum(axis=1) == 0
    counts[empty] = counts.sum(axis=0)
    return counts


def _names(loaded: LoadedCase) -> dict[str, str]:
    county = loaded.county
    found: dict[str, str] = {}
    found.update(zip(county.stations.station_id, county.stations.name, strict=True))
    found.update(zip(county.squads.squad_id, county.squads.name, strict=True))
    found.update(zip(county.units.unit_id, county.units.name, strict=True))
    return found


def _assumed(policy: Policy, hours_from: str) -> dict[str, str]:
    standard: dict[str, Any] = StrengthRules().model_dump()
    ours = policy.strength.model_dump()
    found = {
        f"policy.strength.{key}": f"{ours[key]:g}"
        for key in _OWN_ASSUMPTIONS
        if ours[key] == standard[key]
    }
    if policy.strength.auxiliaries == StrengthRules().auxiliaries:
        found["policy.strength.auxiliaries"] = "crews only"
    if hours_from == "rhythm":
        found["alerts.hours"] = "alike within a period"
    return found
