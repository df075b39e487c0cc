"""Policy (政策参数): every rule and weight a planner sets, with its unit and its default.

Pydantic models, so that one definition gives the checks (all errors at once, unknown keys refused),
the documentation and the JSON schema that editors read.
"""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field, field_validator

from optimizer.errors import WrongValue
from optimizer.frozen import digest
from optimizer.policy_beats import Beats
from optimizer.policy_bundling import Bundling
from optimizer.policy_equity import Equity
from optimizer.policy_inner import InnerOrganisation
from optimizer.policy_part import Count, Fraction, Minutes, NotNegative, Part, Positive
from optimizer.policy_roster import Roster
from optimizer.policy_simulation import Simulation
from optimizer.policy_staffing import Reassignment, Staffing
from optimizer.policy_strength import StrengthRules
from optimizer.policy_traffic import Traffic

WEEKS_PER_YEAR = 365.0 / 7.0


class CategoryWork(Part):
    """What one alert of a category asks for."""

    on_scene_min: Minutes = Field(
        default=40.0, description="Minutes a crew is busy at the scene, travel excluded"
    )
    officers_sent: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Officers sent to one alert"
    )
    case_work_officer_min: Minutes = Field(
        default=0.0, description="Officer-minutes of case work that follow one alert"
    )
    is_road_traffic: bool = Field(
        default=False, description="Counts as a road accident for the traffic rules"
    )


class Workload(Part):
    """How alerts, residents and roads become officer-minutes."""

    categories: dict[str, CategoryWork] = Field(
        default_factory=dict, description="Work per alert of each category"
    )
    other_category: CategoryWork = Field(
        default_factory=CategoryWork, description="Work per alert of a category not listed"
    )
    community_officer_min_per_1000_residents: NotNegative = Field(
        default=10_000.0, description="Community work, officer-minutes per 1,000 residents a year"
    )
    road_duty_officer_min_per_km: dict[str, NotNegative] = Field(
        default_factory=lambda: {"national": 4000.0, "provincial": 3000.0, "county": 2000.0},
        description="Road duty, officer-minutes per km a year, by road class",
    )

    def of(self, category: str) -> CategoryWork:
        """Work per alert of `category`."""
        return self.categories.get(category, self.other_category)


class Crews(Part):
    """Duty crews and posts."""

    crew_officers: Annotated[int, Field(ge=1)] = Field(default=1, description="Officers per crew")
    crew_auxiliaries: Count = Field(default=1, description="Auxiliaries per crew")
    min_crews: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Crews on duty round the clock at the least"
    )
    duty_post_officers: Count = Field(
        default=1,
        description="Officers on the round-the-clock duty post (command, desk) per station",
    )
    window_officers: Count = Field(default=1, description="Officers at a police office's window")
    window_hours_per_week: NotNegative = Field(
        default=40.0, description="Opening hours of a police office's window"
    )
    effective_hours_per_week: Positive = Field(
        default=48.0, description="Hours one officer really works a week, leave and training off"
    )
    max_wait_min: Minutes = Field(
        default=5.0, description="Minutes an alert may wait for a free crew (t_q)"
    )
    max_wait_share_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05, description="Share of alerts that may wait longer than that (alpha)"
    )

    @property
    def relief_factor(self) -> float:
        """Officers per post kept 168 hours a week."""
        return 168.0 / self.effective_hours_per_week

    @property
    def officer_min_per_year(self) -> float:
        """Effective minutes of one officer a year."""
        return self.effective_hours_per_week * 60.0 * WEEKS_PER_YEAR


class Response(Part):
    """Response standards (出警时限). Response = turn-out + travel from the responsible station."""

    turnout_min: Minutes = Field(default=2.0, description="Minutes from alert to wheels rolling")
    urban_min: Positive = Field(default=10.0, description="Standard in urban cells")
    rural_min: Positive = Field(default=30.0, description="Standard in rural cells")
    share_within_fraction: Fraction = Field(
        default=0.9, description="Share of a bundle's alerts that must be reached in the standard"
    )
    farthest_min: Positive = Field(
        default=60.0, description="No cell of a bundle may be farther than this (turn-out included)"
    )


class Weights(Part):
    """What counts how much in bundling; the unit of the price is one officer."""

    officers: NotNegative = Field(default=1.0, description="Price of one required officer")
    response_per_1000_alert_min: NotNegative = Field(
        default=0.1,
        description="Price of 1,000 extra alert-minutes of response a year: at 0.1 one officer is "
        "worth ten minutes on a thousand alerts",
    )
    overload_per_officer: NotNegative = Field(
        default=1.0, description="Price of each required officer beyond `span_officers` at a centre"
    )
    span_officers: Positive = Field(
        default=40.0, description="Officers one centre commands without strain"
    )
    fixed_per_office: NotNegative = Field(
        default=0.0, description="Price of turning one station into a police office"
    )


_CHINESE_CLASSES = {
    "高速": "expressway",
    "高速公路": "expressway",
    "国道": "national",
    "省道": "provincial",
    "县道": "county",
    "乡道": "township",
    "村道": "village",
    "街道": "street",
    "轮渡": "ferry",
}
"""What a policy may call road classes, as road layers do."""


class Roads(Part):
    """How roads become minutes."""

    speed_km_per_h: dict[str, Positive] = Field(
        default_factory=lambda: {
            "expressway": 80.0,
            "national": 50.0,
            "provincial": 45.0,
            "county": 40.0,
            "township": 30.0,
            "village": 20.0,
            "street": 30.0,
        },
        description="Speed of a response drive by road class, km/h",
    )
    other_speed_km_per_h: Positive = Field(
        default=30.0, description="Speed on a road whose class is not listed, km/h"
    )
    walk_km_per_h: Positive = Field(
        default=5.0, description="Speed on the way between a place and the nearest road, km/h"
    )
    count_walk_in: bool = Field(
        default=True, description="Count the way between a place and the nearest road"
    )
    detour_factor: Annotated[float, Field(ge=1)] = Field(
        default=1.3, description="Modelled roads: road length over straight line"
    )
    managed_classes: tuple[str, ...] = Field(
        default=("national", "provincial", "county"),
        description="Road classes that traffic squads manage (国省县道)",
    )

    @field_validator("speed_km_per_h", mode="before")
    @classmethod
    def _speeds_by_class(cls, given: object) -> object:
        """Speeds under Chinese class names."""
        if not isinstance(given, dict):
            return given
        found: dict[object, object] = {}
        for name, speed in given.items():
            key = _CHINESE_CLASSES.get(name, name)
            if key in found:
                raise WrongValue(
                    "one speed for each road class; {road_class} has two",
                    "delete one of the two",
                    road_class=name,
                )
            found[key] = speed
        return found

    @field_validator("managed_classes", mode="before")
    @classmethod
    def _managed(cls, given: object) -> object:
        """Managed classes under Chinese names, each once."""
        if not isinstance(given, list | tuple):
            return given
        return tuple(dict.fromkeys(_CHINESE_CLASSES.get(name, name) for name in given))


class Solver(Part):
    """Limits of the search. One worker and a fixed seed give the same plan every time."""

    time_limit_s: Positive = Field(default=60.0, description="Seconds per solve")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Random seed")


class Policy(Part):
    """All rules and weights of one run."""

    workload: Workload = Field(default_factory=Workload)
    crews: Crews = Field(default_factory=Crews)
    response: Response = Field(default_factory=Response)
    roads: Roads = Field(default_factory=Roads)
    bundling: Bundling = Field(default_factory=Bundling)
    equity: Equity = Field(default_factory=Equity)
    weights: Weights = Field(default_factory=Weights)
    traffic: Traffic = Field(default_factory=Traffic)
    staffing: Staffing = Field(default_factory=Staffing)
    reassignment: Reassignment = Field(default_factory=Reassignment)
    solver: Solver = Field(default_factory=Solver)
    simulation: Simulation = Field(default_factory=Simulation)
    strength: StrengthRules = Field(default_factory=StrengthRules)
    roster: Roster = Field(default_factory=Roster)
    organisation: InnerOrganisation = Field(default_factory=InnerOrganisation)
    beats: Beats = Field(default_factory=Beats)

    @property
    def digest(self) -> str:
        """SHA-256 of all values."""
        return digest(json.loads(self.model_dump_json()))
