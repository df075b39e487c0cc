"""What a scenario does to roads as a layer of a plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely

from geo.gpkg import Layer
from geo.plane import as_geometry, line_km
from geo.qgis_style import Look, categorised, single
from geo.road_marks import COLOURS, RoadMark
from optimizer.errors import Translate

NAME = "road_changes"
_TITLE = "Roads that the scenario changes"


def road_changes_layer(marks: Sequence[RoadMark], translate: Translate) -> Layer:
    """Layer `road_changes`: one row per closure, change of speed, new road and ferry.

    `kind` is `closed`, `slower`, `faster`, `new` or `ferry`; `factor` is the speed over the speed
    before. A change of all roads alike has no geometry.

    Args:
        marks: What the scenario changes.
        translate: English to the language of the legend.
    """
    labels = [mark.text(translate) for mark in marks]
    looks = [
        (
            label,
            Look(label=label, colour=COLOURS[mark.kind], width_mm=0.9, dashed=mark.kind == "ferry"),
        )
        for label, mark in zip(labels, marks, strict=True)
    ]
    plain = Look(label=translate(_TITLE), colour=COLOURS["closed"], width_mm=0.9)
    shapes = [shapely.multilinestrings(mark.lines) if len(mark.lines) else None for mark in marks]
    return Layer(
        name=NAME,
        title=_TITLE,
        columns={
            "kind": [mark.kind for mark in marks],
            "name": [mark.name for mark in marks],
            "label": labels,
            "factor": np.array([np.nan if m.factor is None else m.factor for m in marks], float),
            "road_classes": [", ".join(mark.classes) for mark in marks],
            "roads": [mark.roads for mark in marks],
            "months": [", ".join(map(str, mark.months)) for mark in marks],
            "hours": [mark.hours for mark in marks],
            "length_km": pd.array(
                [float(line_km(m.lines).sum()) if len(m.lines) else None for m in marks], "Float64"
            ),
        },
        geometry=as_geometry(shapes),
        kind="MultiLineString",
        style=categorised("line", "label", looks) if looks else single("line", plain),
    )
