"""How the density of alerts is estimated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimizer.policy_part import Part, Positive


class Density(Part):
    """Density of alerts (警情密度): the surface and the rates of cells."""

    bandwidth: Literal["likelihood", "scott"] = Field(
        default="likelihood",
        description="How far an alert spreads over the surface: the distance that best foretells "
        "squares left out one at a time, or Scott's rule",
    )
    bandwidth_m: Positive | None = Field(
        default=None, description="The distance itself; none = by the rule"
    )
    grid_m: Positive | None = Field(
        default=None, description="Side of a square of the surface; none = by the county's size"
    )
    interval_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.95, description="How sure the intervals of the cells' rates are"
    )
    towards: Literal["county", "neighbours"] = Field(
        default="county",
        description="What rates of small cells are drawn towards: the county's, or that of the "
        "cell and its neighbours",
    )
