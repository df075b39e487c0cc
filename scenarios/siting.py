"""Where one more police office, or a standby point, helps most, in a case or under a plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import FloatArray
from optimizer.measures import weighted_mean
from optimizer.plan import Plan, current_plan
from optimizer.siting import Objective, Siting, SitingTask, best_sites, today
from optimizer.solver import Limits
from scenarios.alert_choice import selection_of
from scenarios.opened import Opened
from scenarios.siting_sites import (
    MOST_PAIRS,
    Site,
    decided_rows,
    own_candidates,
    read_candidates,
    site_minutes,
    with_room,
)

Kind = Literal["standby", "police_office"]
NIGHT = "22-06"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a planner asks.

    Attributes:
        kind: A standby point answers alerts; a police office is where residents go.
        sites: New sites at the most.
        objective: What counts.
        within_min: Standard for all places; None = the policy's, town and rural.
        hours: Hours of the day whose alerts count, such as `22-06`; None = all.
        officers: Heads that each site must have room for.
        candidates: Table of candidates; None = every cell and every station that does not answer.
        crs: Its datum.
        decided: Candidates that are decided on already.
        limit: Alerts a year of the hours asked for, or residents, that each site takes over at the
            most, where the table of candidates says nothing smaller; None = no limit.
    """

    kind: Kind
    sites: int
    objective: Objective = "mean"
    within_min: float | None = None
    hours: str | None = None
    officers: int = 0
    candidates: Path | None = None
    crs: str = "WGS84"
    decided: tuple[str, ...] = ()
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitingStudy:
    """What was found.

    Attributes:
        opened: The case or run.
        asked: The question.
        plan: Whose centres answer; today's deployment where a case was asked for.
        sites: Candidates.
        left_out: Candidates without room.
        task: Places and minutes.
        decided: Rows of the candidates decided on; they are there before any new site.
        before: Without new sites.
        found: The best 1, 2, … sites.
    """

    opened: Opened
    asked: Asked
    plan: Plan
    sites: tuple[Site, ...]
    left_out: int
    task: SitingTask
    decided: tuple[int, ...]
    before: Siting
    found: tuple[Siting, ...]

    @property
    def county(self) -> County:
        """The county."""
        return self.opened.loaded.county

    def worst_township(self, step: Siting) -> tuple[str, float]:
        """Township whose mean wait is longest, and that mean in minutes."""
        wait, weight = self.task.waits_by(step.taken_by), self.task.weight
        townships = np.array(self.county.cells.township)
        found = [
            (-weighted_mean(wait[own], weight[own]), name)
            for name in sorted(set(self.county.cells.township))
            if weight[own := townships == name].sum() > 0
        ]
        mean_min, name = min(found)
        return name, -mean_min

    def taken(self, step: Siting, row: int) -> float:
        """Alerts a year, or residents, that a site takes over."""
        return float(self.task.weight[np.flatnonzero(np.array(step.taken_by) == row)].sum())

    def gained(self, step: Siting) -> float:
        """Alerts or residents within the standard besides those of before."""
        more = step.covered_fraction - self.before.covered_fraction
        return more * float(self.task.weight.sum())


def study_siting(opened: Opened, asked: Asked) -> SitingStudy:
    """Find the best new sites.

    Raises:
        InputError: what the question cannot mean in this case.
    """
    county = opened.loaded.county
    plan = current_plan(county) if opened.plan is None else opened.plan
    weight = _weight(county, asked)
    row = county.stations.index()
    seats = sorted(row[b.centre_id] for b in plan.bundles)
    idle = frozenset(range(len(county.stations))) - frozenset(seats)
    if asked.candidates is not None:
        offered = read_candidates(asked.candidates, asked.crs)
    else:
        offered = own_candidates(opened.loaded, idle if asked.kind == "standby" else frozenset())
    sites = with_room(offered, asked.officers, str(asked.candidates or opened.label))
    decided = decided_rows(sites, asked.decided)
    _check_numbers(asked, sites, decided, len(county.cells))
    minutes = site_minutes(opened.loaded, sites)
    if not np.isfinite(minutes).any():
        raise InputError(
            [
                Problem(
                    where=str(asked.candidates or opened.label),
                    expected="a candidate that reaches a cell by road; none reaches any",
                    fix="check the points and their datum (--crs), and the roads",
                )
            ]
        )
    turnout_min = opened.loaded.policy.response.turnout_min if asked.kind == "standby" else 0.0
    minutes = minutes + turnout_min
    base_min = _base_min(county, plan, asked.kind) + turnout_min
    rules = opened.loaded.policy.response
    standard = np.where(county.cells.is_urban, rules.urban_min, rules.rural_min)
    if asked.within_min is not None:
        standard = np.full(len(county.cells), asked.within_min)
    most = np.array([s.takes_at_most for s in sites])
    if asked.limit is not None:
        most = np.minimum(most, asked.limit)
    task = SitingTask(
        weight=weight, today_min=base_min, minutes=minutes, standard_min=standard,
        limit=most if np.isfinite(most).any() else None, decided=decided,
    )  # fmt: skip
    limits = Limits(time_limit_s=_SECONDS, seed=opened.loaded.policy.solver.seed)
    return SitingStudy(
        opened=opened,
        asked=asked,
        plan=plan,
        sites=sites,
        left_out=len(offered) - len(sites),
        task=task,
        decided=decided,
        before=today(task, asked.objective, limits),
        found=tuple(best_sites(task, asked.objective, asked.sites, limits)),
    )


def _base_min(county: County, plan: Plan, kind: Kind) -> FloatArray:
    """Minutes to each cell: from its centre, or for residents from the nearest seat, (C,)."""
    if kind == "police_office":
        nearest: FloatArray = county.travel_time_min.min(axis=0)
        return nearest
    row, centre = county.stations.index(), plan.centre_of()
    answers = np.array([row[centre[s]] for s in county.stations.station_id])
    minutes: FloatArray = county.travel_time_min[
        answers[county.cells.station], np.arange(len(county.cells))
    ]
    lost = np.flatnonzero(~np.isfinite(minutes))
    if len(lost):
        cell = int(lost[0])
        raise InputError(
            [
                Problem(
                    where="RUN",
                    value=f"{county.cells.township[cell]} {county.cells.cell_id[cell]}",
                    expected="a way by road from its centre to every cell",
                    fix="open a road, or ask for another run",
                )
            ]
        )
    return minutes


def _weight(county: County, asked: Asked) -> FloatArray:
    """Residents, or alerts a year in the hours asked for, of each cell, shape (C,)."""
    if asked.kind == "police_office":
        if asked.hours is not None:
            raise InputError(
                [
                    Problem(
                        where="--hours",
                        value=asked.hours,
                        expected="--standby, whose alerts have hours",
                        fix="leave --night and --hours out for police offices",
                    )
                ]
            )
        residents: FloatArray = np.asarray(county.cells.population, dtype=float)
        if residents.sum() > 0:
            return residents
        raise InputError([_nobody("cells.population", "residents in the cells")])
    share = np.ones(len(county.period_hours))
    if asked.hours is not None:
        share = _hour_share(county, asked.hours)
    by_category = county.period_share_fraction @ share
    weight: FloatArray = county.cells.alerts_per_year @ by_category
    if not weight.sum() > 0:
        raise InputError([_nobody("cells.alerts_per_year", "alerts in these hours")])
    return weight


def _nobody(where: str, expected: str) -> Problem:
    return Problem(where=where, expected=expected, fix="add them to the case, or ask otherwise")


def _hour_share(county: County, hours: str) -> FloatArray:
    """Share of each period of the day that lies in the hours, shape (P,)."""
    span = selection_of((), hours, None, None, ()).hours
    assert span is not None
    if len(county.period_hours) == 1:
        raise InputError(
            [
                Problem(
                    where="--hours",
                    value=hours,
                    expected="hours in a case that knows when alerts fall; this one knows no "
                    "rhythm of the day",
                    fix="add alert_rhythm to the case, or leave the hours out",
                )
            ]
        )
    low, high = span
    last = np.cumsum(county.period_hours)
    first = last - county.period_hours
    inside = np.zeros(len(last))
    for a, b in [(low, high)] if low < high else [(low, 24), (0, high)]:
        inside += np.clip(np.minimum(last, b) - np.maximum(first, a), 0.0, None)
    share: FloatArray = inside / county.period_hours
    return share


def _check_numbers(
    asked: Asked, sites: tuple[Site, ...], decided: tuple[int, ...], cells: int
) -> None:
    room = len(sites) - len(decided)
    if asked.sites > room:
        raise InputError(
            [
                Problem(
                    where="--standby" if asked.kind == "standby" else "--police-offices",
                    value=str(asked.sites),
                    expected="at most as many sites as candidates not yet decided on, {n}",
                    fix="ask for fewer, or add candidates",
                    params={"n": room},
                )
            ]
        )
    if len(sites) * cells > MOST_PAIRS:
        raise InputError(
            [
                Problem(
                    where="--candidates",
                    value=f"{len(sites):,}",
                    expected="at most {n} candidates for {cells} cells",
                    fix="give a table of candidates, such as the villages that come into question",
                    params={"n": f"{MOST_PAIRS // cells:,}", "cells": f"{cells:,}"},
                )
            ]
        )
