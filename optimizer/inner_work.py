r"""Work inside a station or centre: which source of work falls to which team, and where.

Officers and auxiliaries are those of `optimizer/required_strength.py`, source by source;
nothing is added but video watch (`organisation.video_officers`). Crews, kept round the clock, fall
to the teams by their shares of the day and of the night:

$m n \rho\,((24 - H)\,d_t + H\,g_t)/24$ officers for team $t$ with $H$ hours of night and shares
$d_t$ by day and $g_t$ by night.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.county import County
from optimizer.frozen import FloatArray, IntArray
from optimizer.plan import Plan
from optimizer.policy import Policy
from optimizer.required_strength import CREW_SOURCES, SOURCES, required_strength

Team = Literal["case", "community", "command"]
TEAMS: tuple[Team, ...] = ("case", "community", "command")
_TEAM: dict[str, Team] = {
    "case": "case",
    "community": "community",
    "window": "community",
    "patrol": "community",
    "post": "command",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One source of work of one team, in officers and auxiliaries required.

    `source` is `crews`, `video` or one of `SOURCES` of `optimizer/required_strength.py`.
    """

    team: Team
    source: str
    officers: float
    auxiliaries: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitWork:
    """A station or centre, its strength, and its work by team. C cells of the unit.

    Attributes:
        unit_id: The centre or lone station.
        station_ids: Its stations.
        officers: Strength in the plan; where it has none, those in post at its stations.
        auxiliaries: Auxiliaries in post at its stations.
        work: Every source of every team.
        crews: Duty crews round the clock.
        night_posts: Officers on duty at once at night, by team, video watch included.
        night_auxiliaries: Auxiliaries likewise: those of crews and of the duty post.
        roster_posts: Officers on duty at once at night under one big roster: crews and duty post.
        cells: Rows of its cells, rising, shape (C,).
        cell_station: Place in `station_ids` of the station of each cell, shape (C,).
        residents: Shape (C,).
        disputes_per_year: Alerts of the categories that are disputes.
        cell_officers, cell_auxiliaries: The community team's work by cell, shape (C,): community
            work where residents are, crews where alerts are; all else by residents.
    """

    unit_id: str
    station_ids: tuple[str, ...]
    officers: int
    auxiliaries: int
    work: tuple[Work, ...]
    crews: int
    night_posts: tuple[float, ...]
    night_auxiliaries: tuple[float, ...]
    roster_posts: int
    cells: IntArray
    cell_station: IntArray
    residents: FloatArray
    disputes_per_year: float
    cell_officers: FloatArray
    cell_auxiliaries: FloatArray

    def officers_of(self, *teams: Team) -> float:
        """Officers that the work of some teams requires."""
        return sum(w.officers for w in self.work if w.team in teams)

    def auxiliaries_of(self, *teams: Team) -> float:
        """Auxiliaries that the work of some teams requires."""
        return sum(w.auxiliaries for w in self.work if w.team in teams)

    def night_posts_of(self, *teams: Team) -> float:
        """Officers of some teams on duty at once at night."""
        return sum(self.night_posts[TEAMS.index(t)] for t in teams)

    def night_auxiliaries_of(self, *teams: Team) -> float:
        """Auxiliaries of some teams on duty at once at night."""
        return sum(self.night_auxiliaries[TEAMS.index(t)] for t in teams)


def unit_works(
    county: County, policy: Policy, plan: Plan, unit_ids: Iterable[str] | None = None
) -> tuple[UnitWork, ...]:
    """Work inside the stations and centres of a plan, in the plan's order.

    Args:
        county: The county.
        policy: The policy.
        plan: Bundles, road duties and strength are read.
        unit_ids: Centres and lone stations that are meant; None = all.

    Raises:
        InputError: a centre that cannot reach all its alerts.
        ValueError: a unit that is no centre or lone station of the plan.
    """
    wanted = None if unit_ids is None else set(unit_ids)
    strangers = sorted((wanted or set()) - {b.centre_id for b in plan.bundles})
    if strangers:
        raise ValueError(f"organisation: no centre or lone station of the plan: {strangers}")
    required = required_strength(county, policy, plan)
    at = {u: i for i, u in enumerate(required.unit_id)}
    alerts_per_year = county.cells.alerts_per_year.sum(axis=1)
    row = county.stations.index()
    works = []
    for bundle in plan.bundles:
        if wanted is not None and bundle.centre_id not in wanted:
            continue
        i = at[bundle.centre_id]
        rows = [row[s] for s in bundle.station_ids]
        mine = np.flatnonzero(np.isin(county.cells.station, rows))
        crews = int(required.crews[i])
        work = _work(policy, required.officers[i], required.auxiliaries[i])
        residents, alerts = county.cells.population[mine], alerts_per_year[mine]
        place = {s: j for j, s in enumerate(rows)}
        stations = county.cells.station[mine].tolist()
        works.append(
            UnitWork(
                unit_id=bundle.centre_id,
                station_ids=bundle.station_ids,
                officers=int(required.officers_held[i]),
                auxiliaries=int(required.auxiliaries_held[i]),
                work=work,
                crews=crews,
                night_posts=_night_posts(
                    policy,
                    crews * policy.crews.crew_officers,
                    policy.crews.duty_post_officers + policy.organisation.video_officers,
                ),
                night_auxiliaries=_night_posts(
                    policy,
                    crews * policy.crews.crew_auxiliaries,
                    policy.strength.auxiliaries.duty_post_auxiliaries,
                ),
                roster_posts=crews * policy.crews.crew_officers + policy.crews.duty_post_officers,
                cells=mine,
                cell_station=np.array([place[s] for s in stations], dtype=np.int64),
                residents=residents,
                disputes_per_year=_disputes(county, policy, mine),
                cell_officers=_by_cell(work, "officers", residents, alerts),
                cell_auxiliaries=_by_cell(work, "auxiliaries", residents, alerts),
            )
        )
    return tuple(works)


def _work(policy: Policy, officers: FloatArray, auxiliaries: FloatArray) -> tuple[Work, ...]:
    """A unit's sources, shape (J,) as `SOURCES`, by team."""
    inner = policy.organisation
    night = inner.night_hours / 24.0
    heads: dict[str, tuple[float, float]] = {}
    for source, here, theirs in zip(SOURCES, officers.tolist(), auxiliaries.tolist(), strict=True):
        name = "crews" if source in CREW_SOURCES else source
        if here <= 0 and theirs <= 0:
            continue
        before = heads.get(name, (0.0, 0.0))
        heads[name] = (before[0] + here, before[1] + theirs)
    found = []
    for source, (here, theirs) in heads.items():
        if source == "crews":
            for t in TEAMS:
                share = (1.0 - night) * getattr(inner.day_crews, f"{t}_fraction")
                share += night * getattr(inner.night_crews, f"{t}_fraction")
                found.append(
                    Work(team=t, source=source, officers=here * share, auxiliaries=theirs * share)
                )
        else:
            team = inner.road_duty_team if source == "road" else _TEAM[source]
            found.append(Work(team=team, source=source, officers=here, auxiliaries=theirs))
    video = inner.video_officers * policy.crews.relief_factor
    found.append(Work(team="command", source="video", officers=video, auxiliaries=0.0))
    return tuple(w for w in found if w.officers or w.auxiliaries)


def _night_posts(policy: Policy, on_crews: int, in_room: int) -> tuple[float, ...]:
    """Heads on duty at once at night, by team: crews by the night's shares, the room's its own."""
    share = policy.organisation.night_crews
    return tuple(
        float(on_crews * getattr(share, f"{t}_fraction") + (in_room if t == "command" else 0))
        for t in TEAMS
    )


def _disputes(county: County, policy: Policy, cells: IntArray) -> float:
    named = policy.organisation.dispute_categories
    is_dispute = np.array([name in named for name in county.categories])
    return float(county.cells.alerts_per_year[cells][:, is_dispute].sum())


def _by_cell(
    work: tuple[Work, ...],
    role: Literal["officers", "auxiliaries"],
    residents: FloatArray,
    alerts: FloatArray,
) -> FloatArray:
    """The community team's work by cell, shape (C,)."""
    found = np.zeros(len(residents))
    for one in work:
        if one.team != "community":
            continue
        first, then = (alerts, residents) if one.source == "crews" else (residents, alerts)
        weight = first if first.sum() > 0 else then
        if weight.sum() <= 0:
            weight = np.ones(len(residents))
        found += getattr(one, role) * weight / weight.sum()
    return found
