"""Two teams, one room, for a case or a run: opened, decided, judged, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.columns import Column, Schema
from geo.readers import Source, read_table
from optimizer.errors import InputError, SolverError
from optimizer.inner_form import Organisation
from optimizer.inner_organisation import organise
from optimizer.inner_rules import broken
from optimizer.inner_work import UnitWork, unit_works
from optimizer.plan import Plan, current_plan
from optimizer.policy_inner import InnerOrganisation
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer
from scenarios.opened import Opened

TODAY, PLAN = "today", "plan"
BEATS = Schema(
    layer="beats",
    columns=(
        Column(
            name="cell_id", kind="id", required=True, aliases=("单元编号", "村编号", "编号", "id")
        ),
        Column(
            name="beat",
            kind="text",
            required=True,
            aliases=("警格", "警格编号", "片区", "社区", "area"),
        ),
    ),
    unique=("cell_id",),
)
"""Beat of each cell, where beats are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationStudy:
    """The inside of the stations and centres of a deployment.

    Attributes:
        opened: The case or run.
        deployment: `today` or `plan`.
        plan: The deployment.
        found: One entry per unit.
        works: Their work by team and source, in the same order.
        whole: Whether all units were asked for.
        assumed: Values of the policy that nobody set, dotted key -> value.
    """

    opened: Opened
    deployment: str
    plan: Plan
    found: tuple[Organisation, ...]
    works: tuple[UnitWork, ...]
    whole: bool
    assumed: Mapping[str, Any]

    @property
    def loaded(self) -> LoadedCase:
        """The case in the world of its scenario."""
        return self.opened.loaded

    @property
    def rules(self) -> InnerOrganisation:
        """What the policy says of the inner organisation."""
        return self.loaded.policy.organisation

    def name(self, station_id: str) -> str:
        """Name of a station."""
        stations = self.loaded.county.stations
        return stations.name[stations.index()[station_id]]

    @property
    def disputes_per_year(self) -> float:
        """Disputes of the units that get a community team of its own."""
        return sum(o.disputes_per_year for o in self.found if o.form == "two_teams")


def study_organisation(
    opened: Opened, *, unit: str | None = None, today_only: bool = False, beats: Path | None = None
) -> OrganisationStudy:
    """Organise the inside of the units of a case or run, and judge the result.

    Args:
        opened: `open_asked(…)`; with a plan, unless `today_only`.
        unit: One station or centre by id or name; None = all.
        today_only: Today's stations instead of the plan's.
        beats: Table of the beat of each cell.

    Raises:
        InputError: everything that is wrong with unit, beats, head counts and limits.
        SolverError: the organisation breaks a rule, which is our fault.
    """
    county, policy = opened.loaded.county, opened.loaded.policy
    plan = current_plan(county) if today_only else opened.plan
    assert plan is not None, "the caller has said that there is none"
    drawn = None if beats is None else read_beats(beats)
    ids = None if unit is None else (_unit(opened, plan, unit),)
    found = organise(county, policy, plan, ids, drawn)
    wrong = broken(county, policy, plan, found)
    if wrong:
        raise SolverError(
            "the organisation breaks its own rules; please report this:\n"
            + "\n".join(f"  - {line}" for line in wrong)
        )
    standard = InnerOrganisation().model_dump(mode="json")
    ours = policy.organisation.model_dump(mode="json")
    return OrganisationStudy(
        opened=opened,
        deployment=TODAY if today_only else PLAN,
        plan=plan,
        found=found,
        works=unit_works(county, policy, plan, ids),
        whole=unit is None,
        assumed={
            f"policy.organisation.{key}": value
            for key, value in ours.items()
            if value == standard[key] and value is not None and not key.startswith("dispute_")
        },
    )


def read_beats(path: Path) -> dict[str, str]:
    """Beat of each cell.

    Raises:
        InputError: everything that is wrong with the table.
    """
    table = read_table(Source(layer="beats", path=path, shown=str(path), strict=True), BEATS)
    errors = [p for p in table.problems if p.severity == "error"]
    if errors:
        raise InputError(errors)
    return dict(zip(table.frame["cell_id"], table.frame["beat"], strict=True))


def _unit(opened: Opened, plan: Plan, typed: str) -> str:
    """Centre or lone station that a planner names; a police office's is its centre."""
    found = gazetteer(opened.loaded.county).stations.find(typed)
    if isinstance(found, Wrong):
        raise InputError([found.problem("--unit", typed)])
    return plan.centre_of()[found]
