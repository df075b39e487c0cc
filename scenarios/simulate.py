"""A run simulated: roads between cells, the planner's wishes, workers, and what was assumed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from geo.routing import travel
from optimizer.arrivals import DAY_MIN, Alerts, ArrivalModel, arrival_model, replay_alerts
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.policy_simulation import Simulation
from optimizer.simulation import Setup, SimulationResult, prepare, simulate
from scenarios.alert_log import case_log
from scenarios.case import CASE_FILE
from scenarios.fan_out import fan_out
from scenarios.load import LoadedCase
from scenarios.run import Run

WARM_UP_DAYS = 7
"""First days of a replayed log, that fill the streets and are not counted."""
MOST_CELLS = 3000
"""Cells up to which minutes between all of them are computed: 72 MB."""


def cell_minutes(loaded: LoadedCase) -> FloatArray | None:
    """Minutes by road from every cell to every cell, shape (C, C); None beyond `MOST_CELLS`."""
    cells, rules = loaded.county.cells, loaded.policy.roads
    if len(cells) > MOST_CELLS:
        return None
    found = travel(
        None,
        cells.lon_deg,
        cells.lat_deg,
        cells.lon_deg,
        cells.lat_deg,
        walk_km_per_h=rules.walk_km_per_h,
        count_walk_in=rules.count_walk_in,
        index=loaded.router,
    ).travel_time_min
    made = np.array(found)
    np.fill_diagonal(made, 0.0)
    return made


def with_wishes(policy: Policy, wishes: Mapping[str, Any]) -> Policy:
    """The policy with values of `simulation` replaced; None leaves one as it is.

    Raises:
        pydantic.ValidationError: a value that the policy does not allow.
    """
    values = policy.simulation.model_dump() | {k: v for k, v in wishes.items() if v is not None}
    return policy.model_copy(update={"simulation": Simulation.model_validate(values)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogReplay:
    """The alerts of a log, again in every replication; what the log does not say is drawn.

    Attributes:
        model: Ways of each category.
        time_min: Minutes since Monday 00:00 of the first alert's week, rising, shape (N,).
        cell, category, priority: Shape (N,).
        service_min: Minutes on scene; NaN = drawn.
        seed: Seed of what is drawn.
    """

    model: ArrivalModel
    time_min: FloatArray
    cell: IntArray
    category: IntArray
    priority: IntArray
    service_min: FloatArray
    seed: int

    def __call__(self, replication: int) -> Alerts:
        """The alerts of one replication."""
        made = replay_alerts(
            self.model,
            self.time_min,
            self.cell,
            self.category,
            seed=self.seed,
            replication=replication,
            priority=self.priority,
        )
        known = np.isfinite(self.service_min)
        return replace(made, service_min=np.where(known, self.service_min, made.service_min))


def replayed(setup: Setup, loaded: LoadedCase) -> Setup:
    """The same with the case's own log in place of drawn alerts; its first week warms up.

    Raises:
        InputError: a case without a log, or a log of less than two weeks.
    """
    log = case_log(loaded)
    if log is None or log.days < 2 * WARM_UP_DAYS:
        raise InputError(
            [
                Problem(
                    where=CASE_FILE,
                    column="layers.alerts",
                    value=None if log is None else str(log.days),
                    expected="an alert log of at least {days} days, to replay it",
                    fix="add one, or leave out --replay",
                    params={"days": 2 * WARM_UP_DAYS},
                )
            ]
        )
    known = log.category < len(loaded.county.categories)
    at = log.occurred_at[known]
    day = at[0].astype("datetime64[D]")
    monday = day - (int(day.astype(np.int64)) + 3) % 7  # day 0 of numpy, in 1970, was a Thursday
    time = (at - monday).astype("timedelta64[s]").astype(float) / 60.0
    category, priority = log.category[known], log.priority[known]
    service = (log.cleared_min - log.arrived_min)[known]
    return replace(
        setup,
        days=int(np.ceil(time[-1] / DAY_MIN)) - WARM_UP_DAYS,
        warm_up_days=WARM_UP_DAYS,
        replay=LogReplay(
            model=setup.model,
            time_min=time,
            cell=log.cell[known],
            category=category,
            priority=np.where(priority > 0, priority, setup.model.priority[category]),
            service_min=np.where(service >= 0, service, np.nan),
            seed=setup.seed,
        ),
    )


def setup_of(
    loaded: LoadedCase,
    plan: Plan,
    policy: Policy | None = None,
    *,
    cell_time_min: FloatArray | None = None,
) -> Setup:
    """What `optimizer.simulation.simulate` needs of a case and a plan.

    Args:
        loaded: The case in the world of its scenario.
        plan: The plan.
        policy: None = the case's; its `simulation` part says how crews are sent.
        cell_time_min: `cell_minutes(loaded)` if the caller has it.

    Raises:
        InputError: a custody station that does not exist.
    """
    policy = loaded.policy if policy is None else policy
    if cell_time_min is None and policy.simulation.start_from == "scene":
        cell_time_min = cell_minutes(loaded)
    foretold = loaded.forecast
    model = arrival_model(
        loaded.county,
        policy,
        month_share_fraction=loaded.month_share_fraction,
        hour_factor=None if foretold is None else foretold.hour_factor(),
        weekday_factor=None if foretold is None else foretold.weekday_factor(),
    )
    return prepare(loaded.county, policy, plan, cell_time_min=cell_time_min, model=model)


def simulate_run(
    run: Run,
    wishes: Mapping[str, Any] | None = None,
    *,
    workers: int = 1,
    replay: bool = False,
) -> tuple[SimulationResult, Setup, Policy]:
    """Simulate today and the plan of a run.

    Args:
        run: A run that has a plan.
        wishes: Values of `policy.simulation` to replace.
        workers: Processes; the result does not depend on them.
        replay: The case's own log in place of drawn alerts.

    Returns:
        The result, its setup, and the policy it was made under.
    """
    assert run.result.plan is not None
    policy = with_wishes(run.loaded.policy, wishes or {})
    setup = setup_of(run.loaded, run.result.plan, policy)
    if replay:
        setup = replayed(setup, run.loaded)
    return simulate(setup, partial(fan_out, workers=workers)), setup, policy


def assumptions(
    loaded: LoadedCase, policy: Policy, setup: Setup, asked: Collection[str] = ()
) -> dict[str, str]:
    """Values of `policy.simulation` that nobody set, and what the data does not say: modelled.

    Units whose officers in post man less than one crew, and that are given one, are named too.

    A value equal to the default counts as nobody's, unless `asked` names its key.

    Returns:
        Dotted key -> value as text.
    """
    rules = policy.simulation.model_dump(mode="json")
    standard = Simulation().model_dump(mode="json")
    run_length = {
        "days", "warm_up_days", "min_replications", "max_replications", "half_width_min", "seed",
    }  # fmt: skip
    found = {
        f"policy.simulation.{key}": "even" if key == "weekday_factor" else str(value)
        for key, value in rules.items()
        if key not in run_length
        and key not in asked
        and value == standard[key]
        and value != {}
        and not (key == "weekday_factor" and loaded.forecast is not None)
    }
    for name, side in (("today", setup.today), ("plan", setup.plan)):
        if side.raised:
            found[f"crews.at_least_one.{name}"] = ", ".join(side.raised)
    if loaded.month_share_fraction is None:
        found["alerts.months"] = "even"
    if setup.today.cell_time_min is None:
        found["policy.simulation.start_from"] = "station"
    return found
