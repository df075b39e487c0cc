"""Barriers between neighbours, and the crossings over them, as layers of a plan."""

from __future__ import annotations

import numpy as np
import shapely

from geo.barriers import Barriers
from geo.gpkg import Layer
from geo.plane import as_geometry, line_km
from geo.qgis_style import Look, single
from geo.road_marks import COLOURS
from optimizer.errors import Translate

NAMES = ("barriers", "crossings")


def barrier_layers(barriers: Barriers, translate: Translate) -> list[Layer]:
    """Layers `barriers` (lines; the outlines of areas) and `crossings` (a point in each).

    Whole, as the case has them; only maps cut them at the county's border.

    Args:
        barriers: Of the case and its scenario.
        translate: English to the language of the legend.
    """
    walls = [(name, lines) for name, lines in barriers.lines() if len(lines)]
    gates = np.flatnonzero(barriers.passable)
    wall = Look(label=translate("Barrier"), colour=COLOURS["barrier"], width_mm=1.1)
    gate = Look(
        label=translate("Crossing"), colour="#FFFFFF", outline=COLOURS["barrier"], shape="square",
        width_mm=0.5,
    )  # fmt: skip
    return [
        Layer(
            name=NAMES[0],
            title="Barriers between neighbours",
            columns={
                "name": [name for name, _lines in walls],
                "length_km": np.array([float(line_km(li).sum()) for _n, li in walls], float),
            },
            geometry=as_geometry([shapely.multilinestrings(lines) for _name, lines in walls]),
            kind="MultiLineString",
            style=single("line", wall, "name"),
        ),
        Layer(
            name=NAMES[1],
            title="Crossings over barriers",
            columns={"name": [barriers.name[i] for i in gates]},
            geometry=as_geometry(list(shapely.point_on_surface(barriers.geometry[gates]))),
            kind="Point",
            style=single("marker", gate, "name"),
        ),
    ]
