"""Vlcek et al. (2024): their dispatch rule written again, and our simulation set up beside it.

Theirs is a step of one minute: urgency by urgency, every waiting incident gets one car of its own
district, then the cars it still lacks, then one car of another district. Cars at paperwork may be
called away by incidents of their own district only. Cars return to the centre before they go on.
Incidents are dropped after six hours, and what they still lack once the first car has left.
The rule is described in the paper and its published program; this is our own code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from optimizer.arrivals import ArrivalModel, replay_alerts
from optimizer.frozen import FloatArray, IntArray
from optimizer.simulation import run_replication
from optimizer.simulation_inputs import SimulationInputs

MAX_HELP_MIN = 30
"""Not among their files: the one round value that gives their published means."""
TOTAL_CARS, LEAST_CARS, BACKLOG_MAX_MIN, DROP_MIN = 50, 2, 60, 360
IDLE, TO, AT, BACK, PAPER, BACKLOG = range(6)
_NEVER = 10**7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """One district layout with the incidents. D districts, N incidents, A areas.

    Attributes:
        minute: Whole minutes since midnight of the first day.
        weekday: Of the first day, 0 = Monday.
        priority, cars, length, backlog, area: As in their file; area from 0.
        own: District of each incident, shape (N,).
        district_of_area: Shape (A,).
        drive: Whole minutes from each centre to each area, at least 1, shape (D, A).
        cars_on: Cars on duty in each hour of the week, shape (168, D).
        published: Their means.
    """

    minute: IntArray
    weekday: int
    priority: IntArray
    cars: IntArray
    length: IntArray
    backlog: IntArray
    area: IntArray
    own: IntArray
    district_of_area: IntArray
    drive: IntArray
    cars_on: IntArray
    published: dict[str, float]

    @property
    def daily_cars(self) -> IntArray:
        """Cars in each hour of the day, the same on every day, shape (24, D)."""
        by_day = self.cars_on.reshape(7, 24, -1)
        shifts = np.roll(by_day.mean(axis=0), -6, axis=0).reshape(3, 8, -1).mean(axis=1)
        return np.roll(np.repeat(np.rint(shifts).astype(np.int64), 8, axis=0), 6, axis=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Means over all incidents, as they report them."""

    dispatch_min: float
    response_min: float
    driving_min: float
    cars_missing: float
    exchange_ratio: float


def read_layout(folder: Path, name: str) -> Layout:
    """One of the layouts with published simulation means."""
    incidents = pd.read_csv(folder / "incidents_0510.csv")
    between = pd.read_csv(folder / "drivingtimes_0510.csv", sep=r"\s+", header=None).to_numpy()
    shift = np.loadtxt(folder / "shifts_8hours.csv", dtype=np.int64)
    layout = pd.read_csv(folder / "results_stage1" / f"district_layout_0510_{name}.csv")
    centre = layout.sort_values("index")["location"].to_numpy().astype(np.int64) - 1
    centres, district_of_area = np.unique(centre, return_inverse=True)
    published = pd.read_csv(folder / "results_stage2" / f"simulation_0510_{name}.csv").iloc[0]
    epoch_min = incidents["epoch"].to_numpy(np.int64) // 60
    midnight = epoch_min[0] // 1440 * 1440
    area = incidents["location"].to_numpy(np.int64) - 1
    drive = np.maximum(1, np.rint(between[centres])).astype(np.int64)
    own = district_of_area[area]
    weekday = int((midnight // 1440 + 3) % 7)
    cars = incidents["cars"].to_numpy(np.int64)
    length = incidents["length"].to_numpy(np.int64)
    backlog = incidents["backlog"].to_numpy(np.int64)
    work = cars * (2 * drive[own, area] + length) + backlog
    return Layout(
        minute=epoch_min - midnight,
        weekday=weekday,
        priority=incidents["priority"].to_numpy(np.int64),
        cars=cars,
        length=length,
        backlog=backlog,
        area=area,
        own=own,
        district_of_area=district_of_area.astype(np.int64),
        drive=drive,
        cars_on=_cars_on(epoch_min - midnight, weekday, own, work, shift, len(centres)),
        published={str(k): float(v) for k, v in published.items()},
    )


def _cars_on(
    minute: IntArray, weekday: int, own: IntArray, work: IntArray, shift: IntArray, districts: int
) -> IntArray:
    """Their heuristic: car after car to the district and shift whose worst hour lacks most."""
    hour = minute // 60 + 24 * weekday
    week, week_hour = hour // 168, hour % 168
    load = np.zeros((districts, int(week.max()) + 1, 168))
    np.add.at(load, (own, week, week_hour), work.astype(float))
    mean = load.mean(axis=1)
    hours = np.bincount(shift)[1:]
    worst = np.array([mean[:, shift == s + 1].max(axis=1) for s in range(len(hours))])
    cars = np.full(worst.shape, LEAST_CARS)
    lacking = worst - 60.0 * LEAST_CARS
    left = (TOTAL_CARS - LEAST_CARS * districts) * 168
    while left >= hours.max():
        district, s = divmod(int(np.argmax(lacking.T)), len(hours))
        lacking[s, district] -= 60.0
        cars[s, district] += 1
        left -= int(hours[s])
    return cars[shift - 1]


def their_means(
    layout: Layout,
    *,
    nearest_helper: bool = False,
    paperwork: bool = True,
    drop: bool = True,
    daily: bool = False,
) -> Means:
    """Their rule, and the same with parts of it changed towards ours, one by one.

    Args:
        layout: The layout.
        nearest_helper: Help comes from the nearest district; theirs takes the least cars per
            minute of driving, that is a far district with few cars.
        paperwork: Cars do the paperwork.
        drop: Incidents are dropped.
        daily: The same cars on every day.
    """
    cars_on = np.tile(layout.daily_cars, (7, 1)) if daily else layout.cars_on
    start = int(layout.minute[0]) - 1
    minute = layout.minute - start
    flow = np.zeros((int(minute[-1]) + 1500, len(layout.drive), 6), np.int64)
    hour, clock = 24 * layout.weekday + (start + 1) // 60, (start + 1) % 60
    flow[1, :, IDLE] = cars_on[hour % 168]
    for i in range(2, len(flow)):
        # Their hours change one minute late.
        if clock == 60:
            hour, clock = hour + 1, 0
            flow[i, :, IDLE] = cars_on[hour % 168] - cars_on[(hour - 1) % 168]
        clock += 1
    n, districts, levels = len(minute), len(layout.drive), int(layout.priority.max()) + 1
    first, arrived = np.full(n, -1), np.full(n, -1)
    sent, own_sent = np.zeros(n, np.int64), np.zeros(n, np.int64)
    _compiled()(
        minute,
        layout.priority,
        layout.cars,
        layout.length,
        layout.backlog * int(paperwork),
        layout.own,
        layout.drive[:, layout.area],
        flow,
        np.zeros((districts, levels, 2000), np.int64),
        np.zeros((districts, levels), np.int64),
        first,
        arrived,
        sent,
        own_sent,
        int(minute[-1]) + (4 if drop else 1000),
        DROP_MIN if drop else _NEVER,
        nearest_helper,
    )
    seen = first >= 0
    return Means(
        dispatch_min=float((first - minute)[seen].mean()),
        response_min=float((arrived - minute)[seen].mean()),
        driving_min=float((arrived - first)[seen].mean()),
        cars_missing=float((layout.cars - sent).mean()),
        exchange_ratio=float(1.0 - own_sent.sum() / sent.sum()),
    )


@cache
def _compiled() -> Any:
    decorate: Any = njit(cache=True)
    return decorate(_minutes)


def _minutes(
    minute: Any, priority: Any, cars: Any, length: Any, backlog: Any, own: Any, drive: Any,
    flow: Any, waiting: Any, used: Any, first: Any, arrived: Any, sent: Any, own_sent: Any,
    last: int, drop_min: int, nearest_helper: bool,
) -> None:  # fmt: skip
    """All minutes; `flow` (T, D, 6) holds changes of later minutes and ends as the counts.

    Everything is filled in place and by the number: arrays cost numba most of its time to compile.
    """
    n, districts, levels = len(minute), flow.shape[1], waiting.shape[1]
    new = 0
    for m in range(1, last + 1):
        while new < n and minute[new] == m:
            waiting[own[new], priority[new], used[own[new], priority[new]]] = new
            used[own[new], priority[new]] += 1
            new += 1
        for p in range(1, levels):
            # Rounds 0 and 1 are of the own district, round 2 of the others.
            for step in range(3):
                for i in range(districts):
                    for j in range(used[i, p]):
                        c = waiting[i, p, j]
                        lacks = cars[c] - sent[c]
                        if lacks <= 0:
                            continue
                        giver, number, kind = -1, 1, IDLE
                        if step < 2:
                            on_duty = 0
                            for z in range(BACKLOG):
                                on_duty += flow[m, i, z]
                            if flow[m, i, IDLE] > 0:
                                giver = i
                                number = 1 if step == 0 else min(lacks, flow[m, i, IDLE])
                            elif (
                                flow[m, i, PAPER] > 0
                                and flow[m, i, BACKLOG] < BACKLOG_MAX_MIN * on_duty
                            ):
                                giver, kind = i, PAPER
                        else:
                            least = np.inf
                            for v in range(districts):
                                if flow[m, v, IDLE] > 0 and drive[v, c] < MAX_HELP_MIN:
                                    worth = drive[v, c] * 1.0
                                    if not nearest_helper:
                                        worth = flow[m, v, IDLE] / drive[v, c]
                                    if worth < least:
                                        giver, least = v, worth
                        if giver < 0:
                            continue
                        there = m + drive[giver, c]
                        done = there + length[c]
                        home = done + drive[giver, c]
                        if sent[c] == 0:
                            flow[home, giver, BACKLOG] += backlog[c]
                            first[c], arrived[c] = m, there
                        arrived[c] = min(arrived[c], there)
                        sent[c] += number
                        if giver == i:
                            own_sent[c] += number
                        flow[m, giver, kind] -= number
                        flow[m, giver, TO] += number
                        flow[there, giver, TO] -= number
                        flow[there, giver, AT] += number
                        flow[done, giver, AT] -= number
                        flow[done, giver, BACK] += number
                        flow[home, giver, BACK] -= number
                        flow[home, giver, IDLE] += number
        for i in range(districts):
            if flow[m, i, IDLE] > 0 and flow[m, i, BACKLOG] > 0:
                number = min(flow[m, i, IDLE], flow[m, i, BACKLOG])
                flow[m, i, PAPER] += number
                flow[m, i, IDLE] -= number
            if flow[m, i, BACKLOG] > 0:
                flow[m, i, BACKLOG] = max(flow[m, i, BACKLOG] - flow[m, i, PAPER], 0)
            else:
                flow[m, i, IDLE] += flow[m, i, PAPER]
                flow[m, i, PAPER] = 0
            for p in range(1, levels):
                kept = 0
                for j in range(used[i, p]):
                    c = waiting[i, p, j]
                    gone = first[c] >= 0 and m - first[c] >= length[c] and drop_min < _NEVER
                    if sent[c] < cars[c] and not gone and m - minute[c] < drop_min:
                        waiting[i, p, kept] = c
                        kept += 1
                used[i, p] = kept
        for i in range(districts):
            for z in range(BACKLOG + 1):
                flow[m + 1, i, z] += flow[m, i, z]


def our_means(layout: Layout) -> Means:
    """Our simulation of the same incidents: no paperwork, nothing dropped, the same every day."""
    districts, areas = layout.drive.shape
    starts = np.array([0.0, 6.0, 14.0, 22.0])
    between = np.zeros((districts, districts))
    everyone = range(districts)
    inputs = SimulationInputs(
        unit_id=tuple(f"{d:02d}" for d in everyone),
        members=tuple((d,) for d in everyone),
        home_station=np.arange(districts),
        unit_of_cell=layout.district_of_area,
        crews=layout.daily_cars[starts.astype(np.int64)].T,
        period_start_min=starts * 60.0,
        neighbours=tuple(tuple(v for v in everyone if v != d) for d in everyone),
        dispatch="neighbours",
        travel_min=layout.drive.astype(float),
        station_min=between,
        custody_station=layout.district_of_area,
        escort_station=layout.district_of_area,
        patrol_weight=np.ones(areas),
        travel_factor=np.ones(1),
        extra_turnout_min=np.zeros(1),
        turnout_min=0.0,
        turnout_on_road_min=0.0,
        max_help_travel_min=MAX_HELP_MIN - 0.5,
        patrol_share_fraction=0.0,
    )
    most = int(layout.cars.max())
    alerts = replay_alerts(
        _model(areas, most),
        layout.minute.astype(float),
        layout.area,
        layout.cars - 1,
        priority=layout.priority,
        service_min=layout.length.astype(float),
    )
    trace = run_replication(
        inputs, alerts, window_from=0.0, window_to=float(layout.minute[-1]) + 1.0
    )
    unit = trace.crew_unit[trace.crew]
    own = layout.own[trace.alert_of_job]
    driving = trace.response_min - trace.wait_min
    return Means(
        dispatch_min=float(trace.wait_min.mean()),
        response_min=float(trace.response_min.mean()),
        driving_min=float(driving.mean()),
        cars_missing=0.0,
        exchange_ratio=float((unit != own).mean()),
    )


def _model(areas: int, most_cars: int) -> ArrivalModel:
    """A category for each number of cars; rates are not used."""
    shares: FloatArray = np.zeros(most_cars)
    return ArrivalModel(
        alerts_per_year=np.zeros((areas, most_cars)),
        hour_factor=np.ones((most_cars, 24)),
        weekday_factor=np.ones(7),
        month_share_fraction=np.ones((most_cars, 12)),
        priority=np.ones(most_cars, np.int64),
        crews=np.arange(1, most_cars + 1),
        service_mean_min=np.ones(most_cars),
        service_cv=shares,
        arrest_fraction=shares,
        escort_fraction=shares,
    )
