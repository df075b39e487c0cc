"""What hot spots are called in a planner's language."""

from __future__ import annotations

from geo.near_repeat import NearRepeats
from optimizer.errors import Translate

COLOURS = {
    "new": "#D7191C",
    "consecutive": "#F46D43",
    "intensifying": "#67001F",
    "persistent": "#B2182B",
    "sporadic": "#FDAE61",
    "fading": "#92C5DE",
    "past": "#4393C3",
}
"""Warm: hot in the last step. Cold: no longer."""


def kind_text(kind: str, _: Translate) -> str:
    """A class through time."""
    return {
        "new": _("new"),
        "consecutive": _("consecutive"),
        "intensifying": _("intensifying"),
        "persistent": _("persistent"),
        "sporadic": _("on and off"),
        "fading": _("fading"),
        "past": _("past"),
    }[kind]


def step_text(step: str, _: Translate) -> str:
    """A step of time."""
    return {"week": _("week"), "month": _("month"), "quarter": _("quarter")}[step]


def band_texts(near: NearRepeats, _: Translate) -> tuple[list[str], list[str]]:
    """Bands of distance and of days between two alerts."""
    ends = near.distances_m.tolist()
    distances = [_("same place")]
    for i in range(1, len(ends)):
        low = 0 if i == 1 else ends[i - 1]
        distances.append(_("{low:g}–{high:g} m").format(low=low, high=ends[i]))
    days = []
    for i, high in enumerate(near.days.tolist()):
        low = 0 if i == 0 else near.days[i - 1]
        days.append(_("{low:g}–{high:g} days").format(low=low, high=high))
    return distances, days
