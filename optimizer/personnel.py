"""What is known of a unit's people besides their number: head counts by label, never names."""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.policy_staffing import Qualification


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Personnel:
    """One station, squad or functional unit as of today.

    Attributes:
        unit_id: Its id.
        auxiliaries: Auxiliaries (辅警) of a squad or functional unit; a station's stand in
            `Stations.auxiliaries`.
        firearm_officers, case_officers, traffic_law_officers: Officers who hold the qualification.
        overdue_officers: Officers in post longer than the bureau allows; they are due for rotation.
        is_hardship: A hardship post (艰苦岗位).
        community_teams: Community teams it keeps; None = by residents.
    """

    unit_id: str
    auxiliaries: int = 0
    firearm_officers: int = 0
    case_officers: int = 0
    traffic_law_officers: int = 0
    overdue_officers: int = 0
    is_hardship: bool = False
    community_teams: int | None = None

    def holders(self, qualification: Qualification) -> int:
        """Officers who hold a qualification."""
        return {
            "firearm": self.firearm_officers,
            "case": self.case_officers,
            "traffic_law": self.traffic_law_officers,
        }[qualification]


NOBODY = Personnel(unit_id="")
"""Stands for a unit of which nothing is known."""
