"""Stresses on a deployment: what each changes, and nothing else.

A `Stress` changes the alerts, the ways or the crews of a `Setup`. All stresses of one replication
thin the same drawn alerts: they are drawn at the highest factor of all (`StressJob.top_factor`) and
each is kept with probability factor / highest, by a uniform number of its own. So a surge holds
every undisturbed alert and more, and today, plan and all stresses share what they can (common
random numbers; thinning as in P. A. W. Lewis and G. S. Shedler (1979), *Naval Research Logistics
Quarterly* 26, theorem 1).

Docs: docs/stress.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimizer.arrivals import DAY_MIN, NO_SITE, Alerts, merge_alerts
from optimizer.frozen import BoolArray, IntArray
from optimizer.simulation import Setup
from optimizer.simulation_inputs import SimulationInputs, finite

Deployment = Literal["today", "plan"]
DEPLOYMENTS: tuple[Deployment, ...] = ("today", "plan")
# Purposes of random streams; those of `optimizer.arrivals` are below 100.
_KEPT, _ABSENT = 100, 101


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scope:
    """Alerts that a stress is judged by.

    Attributes:
        cells: Which cells, shape (C,); None = all.
        from_hour: Hour of the day from which on.
        hours: For how many hours; 24 = all day.
    """

    cells: BoolArray | None = None
    from_hour: float = 0.0
    hours: float = 24.0

    def holds(self, alerts: Alerts) -> BoolArray:
        """Which alerts count, shape (N,)."""
        since = (alerts.time_min / 60.0 - self.from_hour) % 24.0
        inside: BoolArray = since < self.hours
        return inside if self.cells is None else inside & self.cells[alerts.cell]


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peak:
    """More alerts in some cells during some hours of every day."""

    cells: BoolArray
    factor: float
    from_hour: float
    to_hour: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incidents:
    """Major incidents at the same time in each of `cells`, every day of the window.

    Attributes:
        cells: Rows of cells.
        crews: Crews that each takes.
        hours: For how long.
        hour: Hour of the day at which they start.
    """

    cells: tuple[int, ...]
    crews: int
    hours: float
    hour: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stress:
    """One stress; the defaults change nothing.

    Attributes:
        name: `undisturbed`, `surge`, `market`, `snow`, `incidents`, `strength`, `far_end`,
            `new_ground`.
        size: The number that tells stresses of one name apart: factor, share or week.
        surge: All alerts multiplied.
        peak: More alerts in one place.
        travel_factor: All travel minutes multiplied.
        incidents: Major incidents.
        absent_fraction: Share of crews missing.
        far_end: Free crews wait in the cell of their area that is farthest from its centre.
        more_crews: Unit of the plan and crews that it has more of, round the clock.
        new_ground: Extra travel (share of the usual) and extra minutes of turn-out, in the plan,
            to cells whose responsible station changed; never together with another stress.
        scope: Alerts that it is judged by.
    """

    name: str = "undisturbed"
    size: float = 0.0
    surge: float = 1.0
    peak: Peak | None = None
    travel_factor: float = 1.0
    incidents: Incidents | None = None
    absent_fraction: float = 0.0
    far_end: bool = False
    more_crews: tuple[int, int] | None = None
    new_ground: tuple[float, float] | None = None
    scope: Scope = EVERYTHING

    def __post_init__(self) -> None:
        others = (self.surge, self.travel_factor, self.absent_fraction, self.far_end) != (
            1,
            1,
            0,
            0,
        )
        if self.new_ground is not None and (others or not self.lasting):
            raise ValueError("stress.new_ground: not together with another stress")

    @property
    def lasting(self) -> bool:
        """Whether it goes on for good, so that a queue may have no end."""
        return self.peak is None and self.incidents is None

    @property
    def most(self) -> float:
        """Highest factor on alerts."""
        return max(self.surge, 1.0 if self.peak is None else self.peak.factor)

    def alerts(self, setup: Setup, drawn: Alerts, top_factor: float, replication: int) -> Alerts:
        """Alerts of one replication; incidents have a category of their own, the last plus one.

        Args:
            setup: The setup.
            drawn: Alerts drawn with all rates times `top_factor`.
            top_factor: At least `most`.
            replication: Which one.
        """
        stream = np.random.default_rng([setup.seed, replication, _KEPT])
        wanted = np.full(len(drawn), self.surge)
        if self.peak is not None:
            hour = drawn.time_min % DAY_MIN / 60.0
            there = self.peak.cells[drawn.cell]
            there &= (hour >= self.peak.from_hour) & (hour < self.peak.to_hour)
            wanted[there] = self.peak.factor
        kept = chosen(drawn, stream.random(len(drawn)) * top_factor < wanted)
        if self.incidents is None:
            return kept
        return merge_alerts(kept, self._incidents(self.incidents, setup))

    def inputs(self, setup: Setup, which: Deployment, replication: int) -> SimulationInputs:
        """Ways and crews of one deployment in one replication."""
        side = setup.today if which == "today" else setup.plan
        if self.far_end:
            side = at_far_end(side)
        if self.new_ground is not None and which == "plan":
            side = on_new_ground(side, new_cells(setup), *self.new_ground)
        if self.travel_factor != 1.0:
            side = side.slower(self.travel_factor)
        if self.more_crews is not None and which == "plan":
            unit, more = self.more_crews
            side = side.with_crews(
                side.crews + more * (np.arange(len(side.crews)) == unit)[:, None]
            )
        if self.absent_fraction > 0:
            side = side.with_crews(
                crews_left(side, self.absent_fraction, seed=setup.seed, replication=replication)
            )
        return side

    @staticmethod
    def _incidents(what: Incidents, setup: Setup) -> Alerts:
        first = setup.warm_up_days
        start = (np.arange(first, first + setup.days) * 24.0 + what.hour) * 60.0
        time = np.repeat(start, len(what.cells))
        n = len(time)
        return Alerts(
            time_min=time,
            cell=np.tile(np.array(what.cells), setup.days),
            category=np.full(n, incident_category(setup)),
            priority=np.ones(n, np.int64),
            crews=np.full(n, what.crews),
            service_min=np.full(n, what.hours * 60.0),
            site=np.full(n, NO_SITE),
            stay_min=np.zeros(n),
            patrol=np.full(n, np.nextafter(1.0, 0.0)),
        )


def incident_category(setup: Setup) -> int:
    """Category number of major incidents, which no alert has."""
    return int(setup.model.alerts_per_year.shape[1])


def chosen(alerts: Alerts, which: BoolArray) -> Alerts:
    """Some of the alerts."""
    return Alerts(**{name: getattr(alerts, name)[which] for name in Alerts.__dataclass_fields__})


def new_cells(setup: Setup) -> BoolArray:
    """Cells whose responsible station changes by the plan, shape (C,)."""
    today, plan = (s.home_station[s.unit_of_cell] for s in (setup.today, setup.plan))
    changed: BoolArray = today != plan
    return changed


def on_new_ground(
    side: SimulationInputs, cells: BoolArray, extra_fraction: float, extra_min: float
) -> SimulationInputs:
    """The same with slower ways to some cells; turn-out minutes are added to the way there."""
    slower = np.where(cells, 1.0 + extra_fraction, 1.0)
    more = np.where(cells, extra_min, 0.0)
    between = None if side.cell_time_min is None else side.cell_time_min * slower + more
    return replace(side, travel_min=side.travel_min * slower + more, cell_time_min=between)


def far_cells(side: SimulationInputs) -> IntArray:
    """Cell of each unit's area that is farthest from its centre, shape (U,); ties: first."""
    found = np.zeros(len(side.unit_id), np.int64)
    for u, home in enumerate(side.home_station.tolist()):
        cells = np.flatnonzero(side.unit_of_cell == u)
        if len(cells):
            found[u] = cells[np.argmax(finite(side.travel_min[home, cells]))]
    return found


def at_far_end(side: SimulationInputs) -> SimulationInputs:
    """The same with free crews in the farthest cell of their area, none on patrol.

    Each unit gets a place of its own behind the stations, so that custody rooms and hospitals stay
    where they are. Without minutes between cells a way goes round by the best station.
    """
    s, u = len(side.station_min), len(side.unit_id)
    far = far_cells(side)
    to_far = side.travel_min[:, far]
    if side.cell_time_min is not None:
        from_far = side.cell_time_min[far]
    else:
        from_far = np.array([(side.travel_min + to_far[:, [i]]).min(axis=0) for i in range(u)])
    station_min = np.zeros((s + u, s + u))
    station_min[:s, :s] = side.station_min
    station_min[:s, s:] = to_far
    station_min[s:, :s] = to_far.T
    station_min[s:, s:] = from_far[:, far]
    station_min[range(s, s + u), range(s, s + u)] = 0.0
    empty = np.bincount(side.unit_of_cell, minlength=u) == 0
    return replace(
        side,
        travel_min=np.vstack([side.travel_min, from_far]),
        station_min=station_min,
        home_station=np.where(empty, side.home_station, s + np.arange(u)),
        patrol_share_fraction=0.0,
    )


def crews_left(
    side: SimulationInputs, absent_fraction: float, *, seed: int, replication: int
) -> IntArray:
    """Crews on duty when a share of all crews is missing at random, shape (U, P).

    As many crews are missing as the share says, its fraction of a crew by chance, so the mean over
    replications is exact. Today and plan use one random number for each crew of a centre. A unit's
    last crew goes only when there is no other left to go, and never where no neighbour may help
    (dispatch `own`).
    """
    stream = np.random.default_rng([seed, replication, _ABSENT])
    odd = stream.random()
    crew_unit = side.crew_unit
    rank = np.arange(len(crew_unit)) - np.searchsorted(crew_unit, crew_unit)
    # By rank first, so that deployments with other greatest ranks share the numbers of the lower.
    luck = stream.random((int(rank.max(initial=0)) + 1, len(side.station_min)))
    order = np.argsort(luck[rank, side.home_station[crew_unit]], kind="stable")
    wanted = absent_fraction * len(crew_unit)
    missing = int(wanted) + int(odd < wanted - int(wanted))
    left = side.crews.max(axis=1)
    gone = np.zeros(len(crew_unit), bool)
    for last_too in (False, True):
        if last_too and side.dispatch == "own":
            break
        for m in order.tolist():
            enough = left[crew_unit[m]] > 1 or last_too
            if gone.sum() < missing and enough and not gone[m]:
                gone[m] = True
                left[crew_unit[m]] -= 1
    on_duty = (rank[:, None] < side.crews[crew_unit]) & ~gone[:, None]
    crews = np.zeros_like(side.crews)
    np.add.at(crews, crew_unit, on_duty)
    return crews
