"""Equity guard: what a plan may not take from anybody. Every limit is off until it is set.

A limit that is tighter than today forbids nothing of today: a township, a resident or a window
that is beyond it already is named by the evaluation, and may not get worse by bundling.
"""

from __future__ import annotations

from pydantic import Field

from optimizer.policy_part import Fraction, NotNegative, Part, Positive


class Equity(Part):
    """Equity guard (公平底线)."""

    max_township_loss_min: NotNegative | None = Field(
        default=None,
        description="Minutes by which the mean response of a township may grow against today; of a "
        "township that several stations serve, of each station's part; none = free",
    )
    max_township_response_min: Positive | None = Field(
        default=None,
        description="Mean response of a township (of each station's part of it) at the most; one "
        "that is slower today may not get slower; none = free",
    )
    max_residents_losing_standard_fraction: Fraction | None = Field(
        default=None,
        description="Share of all residents who are within the response standard today and outside "
        "it in the plan, at the most; none = free",
    )
    max_window_km: Positive | None = Field(
        default=None,
        description="Road km from any cell with residents to its bundle's window, at the most, "
        "where the station's own window closes; one that is farther today may not get farther; "
        "none = free",
    )
