"""A run simulated: roads between cells, the planner's wishes, workers, and what was assumed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np

from geo.routing import travel
from geo.snapping import snapper
from optimizer.arrivals import arrival_model
from optimizer.frozen import FloatArray
from optimizer.plan import Plan
from optimizer.policy import Policy, Simulation
from optimizer.simulation import Setup, SimulationResult, prepare, simulate
from scenarios.fan_out import fan_out
from scenarios.load import LoadedCase
from scenarios.run import Run

MOST_CELLS = 3000
"""Cells up to which minutes between all of them are computed: 72 MB."""


def cell_minutes(loaded: LoadedCase) -> FloatArray | None:
    """Minutes by road from every cell to every cell, shape (C, C); None beyond `MOST_CELLS`."""
    cells, rules = loaded.county.cells, loaded.policy.roads
    if len(cells) > MOST_CELLS:
        return None
    found = travel(
        loaded.network,
        cells.lon_deg,
        cells.lat_deg,
        cells.lon_deg,
        cells.lat_deg,
        walk_km_per_h=rules.walk_km_per_h,
        count_walk_in=rules.count_walk_in,
        index=snapper(loaded.network),
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
    model = arrival_model(loaded.county, policy, month_share_fraction=loaded.month_share_fraction)
    return prepare(loaded.county, policy, plan, cell_time_min=cell_time_min, model=model)


def simulate_run(
    run: Run, wishes: Mapping[str, Any] | None = None, *, workers: int = 1
) -> tuple[SimulationResult, Setup, Policy]:
    """Simulate today and the plan of a run.

    Args:
        run: A run that has a plan.
        wishes: Values of `policy.simulation` to replace.
        workers: Processes; the result does not depend on them.

    Returns:
        The result, its setup, and the policy it was made under.
    """
    assert run.result.plan is not None
    policy = with_wishes(run.loaded.policy, wishes or {})
    setup = setup_of(run.loaded, run.result.plan, policy)
    return simulate(setup, partial(fan_out, workers=workers)), setup, policy


def assumptions(
    loaded: LoadedCase, policy: Policy, setup: Setup, asked: Collection[str] = ()
) -> dict[str, str]:
    """Values of `policy.simulation` that nobody set, and what the data does not say: modelled.

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
        if key not in run_length and key not in asked and value == standard[key] and value != {}
    }
    if loaded.month_share_fraction is None:
        found["alerts.months"] = "even"
    if setup.today.cell_time_min is None:
        found["policy.simulation.start_from"] = "station"
    return found
