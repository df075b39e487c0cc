"""What reading a case turns up, gathered until all files have been seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from geo.alert_table import AlertTable
from geo.readers import QualityRow, Table
from geo.road_layer import RoadsRead
from optimizer.county import MODELLED, Provenance
from optimizer.errors import JingliError, Problem
from optimizer.frozen import FloatArray

if TYPE_CHECKING:
    from optimizer.forecast import Forecast


class StagedError(JingliError):
    """A stage of reading found errors that later stages cannot build on."""


@dataclass(slots=True, kw_only=True)
class Notes:
    """The notebook of one reading.

    Attributes:
        tables: Layers as read, by name.
        problems: Errors and warnings so far.
        provenance: Origin of what was read or modelled.
        outside: Rows that lie in no cell, by layer.
        quarantined: Rows set aside with line, column, value and reason, by layer.
        repairs: Log of mended polygons.
        roads: The road layer; None where it is not read yet or roads are modelled.
        walk_in_km: Straight lines from the places of a layer to the road that they meet.
        alerts: The alert log, where it is read by `scenarios.alerts_case`; otherwise it is among
            the tables.
        alerts_quality: Its row of the data-quality sheet.
        watch: Told how far the reading of a long log is (`geo.alert_ingest.Watch`).
        forecast: The forecast that the county's rates are, where the case asks for it.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    provenance: list[Provenance] = field(default_factory=list)
    outside: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, pd.DataFrame] = field(default_factory=dict)
    repairs: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["cell_id", "what", "area_km2", "other_id"])
    )

    roads: RoadsRead | None = None
    walk_in_km: dict[str, FloatArray] = field(default_factory=dict)
    alerts: AlertTable | None = None
    alerts_quality: QualityRow | None = None
    watch: Callable[[str, int, int, int], None] | None = None
    forecast: Forecast | None = None

    def add(self, found: Iterable[Problem]) -> None:
        """Note problems."""
        self.problems.extend(found)

    def set_aside(self, layer: str, rows: pd.DataFrame) -> None:
        """Note quarantined rows of a layer."""
        if len(rows):
            before = self.quarantined.get(layer, rows.iloc[:0])
            self.quarantined[layer] = pd.concat([before, rows], ignore_index=True)

    def modelled(self, item: str, note: str) -> None:
        """Note an input that was modelled."""
        self.provenance.append(Provenance(item=item, origin=MODELLED, note=note))

    def has_errors(self) -> bool:
        """Whether anything noted is an error."""
        return any(p.severity == "error" for p in self.problems)

    def stop_on_errors(self) -> None:
        """End the reading here if anything noted is an error.

        Raises:
            StagedError: something is.
        """
        if self.has_errors():
            raise StagedError
