"""Rules of the simulation (仿真): how crews are sent, and how long it is run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy_part import Count, Fraction, Minutes, NotNegative, Part, Positive


class CategorySimulation(Part):
    """How one category of alerts behaves in the simulation."""

    priority: Annotated[int, Field(ge=1, le=5)] = Field(
        default=2, description="1 = urgent, 2 = ordinary, 3 and above = may wait"
    )
    service_cv: NotNegative = Field(
        default=1.0,
        description="Standard deviation of the minutes on scene over their mean; 0 = always the "
        "same",
    )
    arrest_share_fraction: Fraction = Field(
        default=0.02, description="Share of alerts that end in an arrest and a way to custody"
    )
    escort_share_fraction: Fraction = Field(
        default=0.05, description="Share of road accidents with an escort to the nearest town"
    )

    @model_validator(mode="after")
    def _one_ending(self) -> CategorySimulation:
        if self.arrest_share_fraction + self.escort_share_fraction > 1:
            raise WrongValue(
                "arrest_share_fraction and escort_share_fraction that sum to 1 at most",
                "lower one of the two",
            )
        return self


class Simulation(Part):
    """Discrete-event simulation (仿真): how crews are sent, and how long it is run."""

    categories: dict[str, CategorySimulation] = Field(
        default_factory=dict, description="Behaviour of each category's alerts"
    )
    other_category: CategorySimulation = Field(
        default_factory=CategorySimulation, description="Behaviour of a category not listed"
    )
    service_distribution: Literal["lognormal", "exponential"] = Field(
        default="lognormal",
        description="Minutes on scene; the mean is the workload's; exponential ignores service_cv",
    )
    weekday_factor: tuple[NotNegative, ...] = Field(
        default=(1.0,) * 7, description="Alerts from Monday to Sunday, relative to one another"
    )
    crews: Literal["required", "in_post"] = Field(
        default="required",
        description="Crews that the workload requires, or that the officers in post can man",
    )
    crews_on_duty: Literal["round_the_clock", "by_period"] = Field(
        default="round_the_clock",
        description="The busiest period's crews all day, or each period's own",
    )
    dispatch: Literal["own", "neighbours", "nearest"] = Field(
        default="neighbours",
        description="Nearest free crew of the own centre only; then of its neighbours; or the "
        "nearest of all",
    )
    max_help_travel_min: Minutes = Field(
        default=30.0, description="A neighbour's crew is not sent farther than this"
    )
    start_from: Literal["scene", "station"] = Field(
        default="scene",
        description="A crew that is done may be sent on from where it is, or must be back first",
    )
    turnout_on_road_min: Minutes = Field(
        default=0.5, description="Minutes from alert to driving for a crew already on the road"
    )
    patrol_share_fraction: Fraction = Field(
        default=0.3, description="Share of free crews on patrol in their area; others at the seat"
    )
    shift_starts_hours: tuple[Annotated[float, Field(ge=0, lt=24)], ...] = Field(
        default=(8.0, 20.0), description="Hours of the day at which shifts change; empty = never"
    )
    break_min: Minutes = Field(default=30.0, description="One break per crew and shift; 0 = none")
    break_after_min: Minutes = Field(
        default=240.0, description="Minutes from the shift's start to the first crew's break"
    )
    break_recall_priority: Annotated[int, Field(ge=0, le=5)] = Field(
        default=2, description="Alerts of this priority or more urgent end a break; 0 = none do"
    )
    preempt_priority: Annotated[int, Field(ge=0, le=5)] = Field(
        default=0,
        description="Alerts of this priority or more urgent may call a crew off a job; 0 = never",
    )
    preemptible_priority: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="Only jobs of this priority or less urgent are left"
    )
    custody_min: Minutes = Field(
        default=60.0, description="Mean minutes at the custody site per arrest, travel not included"
    )
    custody_station_ids: tuple[str, ...] = Field(
        default=(), description="Stations with custody rooms; empty = every centre and lone station"
    )
    escort_min: Minutes = Field(
        default=30.0, description="Mean minutes per escort at its end, travel not included"
    )
    days: Annotated[int, Field(ge=1, le=3660)] = Field(
        default=365, description="Days simulated in each replication, warm-up not counted"
    )
    warm_up_days: Count | None = Field(
        default=None, description="Days run first and not counted; none = by docs/simulation.md"
    )
    min_replications: Annotated[int, Field(ge=2)] = Field(
        default=10, description="Replications before the precision is looked at"
    )
    max_replications: Annotated[int, Field(ge=2)] = Field(
        default=60, description="Replications at the most"
    )
    half_width_min: Positive = Field(
        default=0.05,
        description="Stop when the 95% interval of the change in mean response is no wider than "
        "this to either side, minutes",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Random seed")

    @model_validator(mode="after")
    def _sensible(self) -> Simulation:
        if len(self.weekday_factor) != 7 or sum(self.weekday_factor) <= 0:
            raise WrongValue("seven values of weekday_factor, not all of them zero", "correct it")
        if list(self.shift_starts_hours) != sorted(set(self.shift_starts_hours)):
            raise WrongValue("rising hours in shift_starts_hours, each once", "correct it")
        if self.max_replications < self.min_replications:
            raise WrongValue("max_replications of at least min_replications", "raise it")
        return self

    def of(self, category: str) -> CategorySimulation:
        """Behaviour of `category`."""
        return self.categories.get(category, self.other_category)
