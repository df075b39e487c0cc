"""A log with times against the model: what services, crews and roads really take.

Fitted on the odd weeks of the log, judged on the even ones, so that no value is praised by the
alerts that made it. What cannot be fitted, or fits poorly, keeps the case's value and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from optimizer.arrivals import DAY_MIN, replay_alerts
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.simulation import prepare, run_replication
from optimizer.simulation_load import overloaded
from scenarios.alert_log import AlertLog
from scenarios.calibration_fit import (
    MIN_EACH,
    Law,
    Match,
    ServiceFit,
    TravelFit,
    aic_of,
    enough,
    fit_service,
    fit_travel,
    floored,
    match_of,
)
from scenarios.case import deep_merge
from scenarios.load import LoadedCase
from scenarios.simulate import cell_minutes

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.80, 0.90, 0.95)
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFit:
    """One category of the county.

    Attributes:
        category: Its label.
        service: Minutes on scene.
        present_min, present_cv: What the case says.
        officers_alerts: Alerts, of the weeks fitted on, that say how many officers were sent.
        officers_mean: Their mean; NaN where none says.
        present_officers: What the case says.
    """

    category: str
    service: ServiceFit
    present_min: float
    present_cv: float
    officers_alerts: int
    officers_mean: float
    present_officers: int

    @property
    def officers_sent(self) -> int | None:
        """Whole officers to write; None where too few alerts say."""
        if self.officers_alerts < MIN_EACH:
            return None
        return max(1, round(self.officers_mean))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Responses:
    """Minutes from the alert to the first arrival on the alerts judged.

    Attributes:
        observed_min: As logged, sorted.
        present_min: Simulated with the case's values: the log's own alerts replayed, sorted; None
            where the queue would have no end.
        calibrated_min: The same with the values fitted.
        present, calibrated: Distances from the observed ones.
    """

    observed_min: FloatArray
    present_min: FloatArray | None
    calibrated_min: FloatArray | None
    present: Match | None
    calibrated: Match | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What a log says about a case.

    Attributes:
        shown: The log as the planner wrote it.
        first, last: Days of its first and last alert.
        scenario: Scenario whose values it is set against, or None.
        weeks_fitted, weeks_judged: Weeks with alerts, Monday to Sunday.
        law: What the simulation is to draw for minutes on scene.
        categories: By category of the county.
        travel: Turn-out and roads.
        beyond_cells: Cells farther from their station than any alert fitted on.
        responses: None where too few alerts are judged.
        services_min: Minutes on scene of the alerts judged, by category, sorted.
        overrides: Policy values that the fit changes, nested, as a scenario writes them.
        road_factor: Minutes on the road times this; 1 where not fitted.
        other_categories: Labels of the log that the county does not have, with their alerts.
        warnings: Of the log.
    """

    shown: str
    first: date
    last: date
    scenario: str | None
    weeks_fitted: int
    weeks_judged: int
    law: Law
    categories: tuple[CategoryFit, ...]
    travel: TravelFit
    beyond_cells: int
    responses: Responses | None
    services_min: Mapping[str, FloatArray]
    overrides: Mapping[str, Any]
    road_factor: float
    other_categories: tuple[tuple[str, int], ...]
    warnings: tuple[Problem, ...]


def calibrate(loaded: LoadedCase, log: AlertLog, *, seed: int = 0) -> Calibration:
    """Fit a case to a log.

    Args:
        loaded: The case in the world of a scenario.
        log: The log with its times.
        seed: Of what the replay draws.

    Raises:
        InputError: a log without the times that a fit needs.
    """
    _check_times(log)
    week = _weeks(log)
    judged = week % 2 == 1
    known = len(loaded.county.categories)
    service = log.cleared_min - log.arrived_min
    law = _law(log, service, judged, known)
    categories = tuple(_category(loaded, log, k, service, judged, law) for k in range(known))
    travel, beyond = _travel(loaded, log, judged)
    overrides = _overrides(loaded.policy, law, categories, travel)
    factor = travel.factor if travel.state == "fitted" else 1.0
    names, counts = np.unique(log.category[log.category >= known], return_counts=True)
    return Calibration(
        shown=log.shown,
        first=log.occurred_at[0].astype("datetime64[D]").item(),
        last=log.occurred_at[-1].astype("datetime64[D]").item(),
        scenario=None if loaded.scenario is None else loaded.scenario.name,
        weeks_fitted=len(np.unique(week[~judged])),
        weeks_judged=len(np.unique(week[judged])),
        law=law,
        categories=categories,
        travel=travel,
        beyond_cells=beyond,
        responses=_responses(loaded, log, judged, overrides, factor, seed),
        services_min={
            name: np.sort(service[(log.category == k) & judged & np.isfinite(service)])
            for k, name in enumerate(loaded.county.categories)
        },
        overrides=overrides,
        road_factor=factor,
        other_categories=tuple(
            (log.categories[k], n) for k, n in zip(names.tolist(), counts.tolist(), strict=True)
        ),
        warnings=log.problems,
    )


def no_log() -> InputError:
    """The error of a case without a log, where none is named either."""
    return InputError(
        [
            Problem(
                where="case.yaml",
                column="layers.alerts",
                expected="an alert log with times; this case has yearly rates only",
                fix="name a log with --alerts, or add one to the case",
            )
        ]
    )


def _check_times(log: AlertLog) -> None:
    if not len(log) or not np.isfinite(log.arrived_min).any():
        raise InputError(
            [
                Problem(
                    where=log.shown,
                    column="arrived_at",
                    expected="times of arrival: a fit needs arrived_at for travel, cleared_at "
                    "for the minutes on scene, and better dispatched_at and officers_sent too",
                    fix="export the log with these columns",
                )
            ]
        )


def _weeks(log: AlertLog) -> IntArray:
    """Weeks from Monday to Sunday, counted from 0 at the log's first."""
    day = log.occurred_at.astype("datetime64[D]").astype(np.int64)
    monday = (day + 3) // _WEEK_DAYS  # 1 January 1970 was a Thursday
    weeks: IntArray = monday - monday[0]
    return weeks


def _law(log: AlertLog, service: FloatArray, judged: BoolArray, known: int) -> Law:
    """The one law of the simulation, lognormal or exponential, that suits all categories best."""
    apart = 0.0
    for k in range(known):
        mine = (log.category == k) & np.isfinite(service)
        fit = floored(service[mine & ~judged])
        if enough(fit, service[mine & judged]):
            by_law = dict(aic_of(fit))
            apart += by_law["exponential"] - by_law["lognormal"]
    return "exponential" if apart < 0 else "lognormal"


def _category(
    loaded: LoadedCase,
    log: AlertLog,
    k: int,
    service: FloatArray,
    judged: BoolArray,
    law: Law,
) -> CategoryFit:
    name = loaded.county.categories[k]
    mine = log.category == k
    timed = mine & np.isfinite(service)
    sent = log.officers_sent[mine & ~judged]
    sent = sent[np.isfinite(sent)]
    work, ways = loaded.policy.workload.of(name), loaded.policy.simulation.of(name)
    return CategoryFit(
        category=name,
        service=fit_service(service[timed & ~judged], service[timed & judged], law),
        present_min=work.on_scene_min,
        present_cv=ways.service_cv,
        officers_alerts=len(sent),
        officers_mean=float(sent.mean()) if len(sent) else np.nan,
        present_officers=work.officers_sent,
    )


def _travel(loaded: LoadedCase, log: AlertLog, judged: BoolArray) -> tuple[TravelFit, int]:
    """Fit travel; cells farther than any alert fitted on are counted."""
    county = loaded.county
    station_of = county.cells.station
    own_min = county.travel_time_min[station_of, np.arange(len(station_of))]
    road = own_min[log.cell]
    sent = log.dispatched_min
    both = np.isfinite(sent) & np.isfinite(log.arrived_min)
    from_dispatch = bool(both.sum() >= 2 * MIN_EACH)
    took = log.arrived_min - sent if from_dispatch else log.arrived_min
    used = np.isfinite(took) & np.isfinite(road)
    fit = fit_travel(
        road[used],
        took[used],
        _hour(log)[used],
        judged[used],
        handling_min=float(np.median(sent[both & ~judged])) if from_dispatch else 0.0,
        from_dispatch=from_dispatch,
    )
    reached = own_min[np.isfinite(own_min)]
    return fit, 0 if fit.state == "few" else int((reached > fit.longest_min).sum())


def _hour(log: AlertLog) -> FloatArray:
    day = log.occurred_at.astype("datetime64[D]")
    hours: FloatArray = (log.occurred_at - day).astype("timedelta64[s]").astype(float) / 3600.0
    return hours


def _overrides(
    policy: Policy, law: Law, categories: tuple[CategoryFit, ...], travel: TravelFit
) -> dict[str, Any]:
    """Policy values that differ from the present ones, rounded as they are written."""
    work: dict[str, Any] = {}
    ways: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    for one in categories:
        name = one.category
        fitted: dict[str, Any] = {}
        if one.service.state == "fitted":
            fitted["on_scene_min"] = round(one.service.mean_min, 1)
        if one.officers_sent is not None:
            fitted["officers_sent"] = one.officers_sent
        _put(work, name, fitted, policy.workload.categories, policy.workload.other_category)
        if one.service.state == "fitted" and law == "lognormal":
            fitted = {"service_cv": round(one.service.cv, 2)}
            now = policy.simulation
            _put(ways, name, fitted, now.categories, now.other_category)
    if ways:
        rules["categories"] = ways
    is_any = any(one.service.state == "fitted" for one in categories)
    if is_any and law != policy.simulation.service_distribution:
        rules["service_distribution"] = law
    found: dict[str, Any] = {}
    if work:
        found["workload"] = {"categories": work}
    if travel.state == "fitted":
        turnout = round(travel.turnout_min, 1)
        if turnout != policy.response.turnout_min:
            found["response"] = {"turnout_min": turnout}
        # A crew on the road is ready, but it too is told only when the alert has been handled.
        on_road = round(travel.handling_min, 1)
        if on_road > policy.simulation.turnout_on_road_min:
            rules["turnout_on_road_min"] = on_road
    if rules:
        found["simulation"] = rules
    return found


def _put(
    into: dict[str, Any],
    name: str,
    fitted: dict[str, Any],
    listed: Mapping[str, Any],
    otherwise: Any,
) -> None:
    """Values of a category that change; one not listed yet takes the rest of the others' along."""
    present = listed.get(name, otherwise).model_dump(mode="json")
    changed = {key: value for key, value in fitted.items() if value != present[key]}
    if changed:
        into[name] = changed if name in listed else present | changed


def _responses(
    loaded: LoadedCase,
    log: AlertLog,
    judged: BoolArray,
    overrides: Mapping[str, Any],
    factor: float,
    seed: int,
) -> Responses | None:
    """Replay the log's alerts through today's deployment, before and after the fit."""
    known = log.category < len(loaded.county.categories)
    seen = (judged & np.isfinite(log.arrived_min))[known]
    if seen.sum() < MIN_EACH:
        return None
    observed = log.arrived_min[known][seen]
    ways = cell_minutes(loaded) if loaded.policy.simulation.start_from == "scene" else None
    after = Policy.model_validate(deep_merge(loaded.policy.model_dump(mode="json"), overrides))
    found: list[FloatArray | None] = []
    for policy, times in ((loaded.policy, 1.0), (after, factor)):
        response = _replayed(loaded, policy, times, ways, log, known, seed)
        found.append(None if response is None else response[seen])
    matches = [
        None if sample is None else match_of(observed, sample[np.isfinite(sample)])
        for sample in found
    ]
    present, calibrated = (None if sample is None else np.sort(sample) for sample in found)
    return Responses(
        observed_min=np.sort(observed),
        present_min=present,
        calibrated_min=calibrated,
        present=matches[0],
        calibrated=matches[1],
    )


def _replayed(
    loaded: LoadedCase,
    policy: Policy,
    factor: float,
    ways: FloatArray | None,
    log: AlertLog,
    known: BoolArray,
    seed: int,
) -> FloatArray | None:
    """Minutes from alert to arrival of each alert; None where the queue would have no end."""
    county = replace(
        loaded.county,
        travel_time_min=loaded.county.travel_time_min * factor,
        station_time_min=loaded.county.station_time_min * factor,
    )
    plan = current_plan(county)
    setup = prepare(county, policy, plan, cell_time_min=None if ways is None else ways * factor)
    if overloaded(setup.today, setup.load_today):
        return None
    at = log.occurred_at[known]
    monday = at[0].astype("datetime64[D]")
    monday = monday - np.timedelta64((int(monday.astype(np.int64)) + 3) % _WEEK_DAYS, "D")
    time = (at - monday).astype("timedelta64[s]").astype(float) / 60.0
    category = log.category[known]
    given = log.priority[known]
    alerts = replay_alerts(
        setup.model,
        time,
        log.cell[known],
        category,
        seed=seed,
        priority=np.where(given > 0, given, setup.model.priority[category]),
    )
    trace = run_replication(
        setup.today, alerts, window_from=0.0, window_to=float(time[-1]) + DAY_MIN
    )
    return trace.response_min
