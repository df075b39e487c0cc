"""The section `alert_rules` of `case.yaml`: how alerts are read and what is made of them."""

from __future__ import annotations

from pydantic import Field

from optimizer.alert_rules_density import Density
from optimizer.alert_rules_forecast import ForecastRules
from optimizer.alert_rules_hot_spots import HotSpots
from optimizer.alert_rules_ingest import Ingest
from optimizer.alert_rules_repeats import Repeats
from optimizer.alert_rules_rhythm import AlertRhythm
from optimizer.alert_rules_visibility import Visibility
from optimizer.policy_part import Part


class AlertRules(Part):
    """Rules on alerts, one part for each question asked of them."""

    ingest: Ingest = Field(default_factory=Ingest, description="Reading of the log")
    density: Density = Field(default_factory=Density, description="Density of alerts")
    hot_spots: HotSpots = Field(default_factory=HotSpots, description="Hot spots (治安乱点)")
    repeats: Repeats = Field(default_factory=Repeats, description="Repeat alerts (重复警情)")
    rhythm: AlertRhythm = Field(
        default_factory=AlertRhythm, description="Day, week and month, and tasks for stations"
    )
    forecast: ForecastRules = Field(
        default_factory=ForecastRules, description="Forecast of the planning year"
    )
    visibility: Visibility = Field(
        default_factory=Visibility, description="Presence at key areas by night (见警率)"
    )
