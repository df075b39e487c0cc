"""Road classes in a planner's words."""

from __future__ import annotations

from optimizer.errors import Translate

_CLASSES = {
    "expressway": "expressway",
    "national": "national road",
    "provincial": "provincial road",
    "county": "county road",
    "township": "township road",
    "village": "village road",
    "street": "street",
    "ferry": "ferry",
    "other": "other road",
}


def class_text(road_class: str, translate: Translate) -> str:
    """The name of a class; one of the case's own is shown as it is."""
    return translate(_CLASSES[road_class]) if road_class in _CLASSES else road_class
