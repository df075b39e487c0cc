"""A run under stress: the planner's assumptions, the places, the weeks after the rollout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.frozen import BoolArray, IntArray
from optimizer.policy import Policy
from optimizer.simulation import Fan, Setup
from optimizer.stress import Incidents, Peak, Scope, Stress, new_cells
from optimizer.stress_break import Break, breaking
from optimizer.stress_rules import StressRules
from optimizer.stress_runs import Progress, StressRow, average_month, run_stresses
from scenarios.fan_out import fan_out
from scenarios.library import did_you_mean
from scenarios.load import LoadedCase
from scenarios.run import Run
from scenarios.simulate import setup_of
from scenarios.spec_errors import problems_of
from scenarios.strict_yaml import Document, parse_yaml, read_yaml

NAMES = (
    "surge", "market", "snow", "incidents", "strength", "far_end", "transition", "breaking",
)  # fmt: skip
"""What can be asked for, in the order in which it is shown."""
SET = "--set"
MARKET = "market_place"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transition:
    """The plan's bundles of two or more stations in the weeks after its rollout.

    Attributes:
        weeks: One row per week, the first week first; `stress.size` is the week from 0.
        changed_fraction: Share of alerts on ground that is new to its crews.
        recovered_week: First week from which on the share within the standard stays within
            `StressRules.recovered_within_fraction` of the undisturbed; None = not in these weeks.
    """

    weeks: tuple[StressRow, ...]
    changed_fraction: float
    recovered_week: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressResult:
    """A run under stress.

    Attributes:
        rules: Assumptions.
        names: What was asked for, of `NAMES`.
        assumed: Keys of `rules` that nobody set: modelled.
        rows: The undisturbed, then each stress.
        transition: The weeks after the rollout; None where it was not asked for, or no ground
            changes hands.
        breaks: Bundles by breaking factor; empty where it was not asked for.
        market: Name of the market's place.
        incident_townships: Townships of the two incidents.
        setup: What was simulated.
        policy: The policy.
    """

    rules: StressRules
    names: tuple[str, ...]
    assumed: tuple[str, ...]
    rows: tuple[StressRow, ...]
    transition: Transition | None
    breaks: tuple[Break, ...]
    market: str
    incident_townships: tuple[str, ...]
    setup: Setup
    policy: Policy

    @property
    def undisturbed(self) -> StressRow:
        """The row without any stress."""
        return self.rows[0]


def rules_from(
    config: Path | None, sets: Sequence[str], options: Mapping[str, Any]
) -> tuple[StressRules, tuple[str, ...]]:
    """Assumptions from a YAML file, `--set key=value`, and options, the later going first.

    Args:
        config: The file; keys as those of `StressRules`.
        sets: `key=value` each.
        options: Values of options; None = not given.

    Returns:
        The assumptions, and the keys that nobody set.

    Raises:
        InputError: every problem in them.
    """
    problems: list[Problem] = []
    document, shown = Document(data={}, line={}), SET
    if config is not None:
        document, shown = read_yaml(config, str(config)), str(config)
        if not isinstance(document.data, dict | None):
            fix = "write one `key: value` per line"
            raise InputError([Problem(where=shown, expected="keys with values", fix=fix)])
    problems += _problems(document.data or {}, document, shown)
    typed: dict[str, Any] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            problems.append(
                Problem(
                    where=SET,
                    value=text,
                    expected="key=value, such as market_factor=8",
                    fix="write the key, =, and the value",
                )
            )
            continue
        typed[key.strip()] = parse_yaml(value, SET).data
    problems += _problems(typed, Document(data=typed, line={}), SET)
    if problems:
        raise InputError(problems)
    given = {**(document.data or {}), **typed}
    given |= {key: value for key, value in options.items() if value is not None}
    problems = _problems(given, Document(data=given, line={}), shown)
    if problems:  # single values are good, together they are not
        raise InputError(problems)
    return StressRules.model_validate(given), tuple(
        k for k in StressRules.model_fields if k not in given and k not in _RUN_LENGTH
    )


_RUN_LENGTH = frozenset({"days", "replications", "seed", "break_factors", MARKET})


def stress_run(
    run: Run,
    rules: StressRules,
    *,
    only: Sequence[str] = (),
    assumed: Sequence[str] = (),
    workers: int = 1,
    progress: Progress = lambda step, done, of: None,
) -> StressResult:
    """Put a run under stress.

    Args:
        run: A run that has a plan.
        rules: Sizes of the stresses.
        only: Names of `NAMES`; empty = all.
        assumed: Keys of `rules` that nobody set.
        workers: Processes; the result does not depend on them.
        progress: Called with the step (`stresses`, `breaking`), how much is done, and of how much.

    Raises:
        InputError: a market at no known place.
    """
    assert run.result.plan is not None
    names = [n for n in NAMES if not only or n in only]
    county, policy = run.loaded.county, run.loaded.policy
    market = market_cells(county, rules.market_place) if "market" in names else None
    setup = stress_setup(run.loaded, run, rules)
    places = incident_cells(setup)
    asked = stresses(setup, rules, names, market, places)
    weeks = (
        [_week(setup, rules, w) for w in range(rules.transition_weeks + 1)]
        if "transition" in names and new_cells(setup).any()
        else []
    )
    # The alerts of all stresses are drawn at one factor, whatever was asked for, so that `only`
    # changes no figure.
    top = max(*rules.break_factors, *rules.surge_factors, rules.market_factor)
    fan: Fan = partial(fan_out, workers=workers)
    rows = run_stresses(
        setup,
        [*asked, *weeks],
        policy,
        replications=rules.replications,
        top_factor=top,
        fan=fan,
        progress=progress,
    )
    shown = rows[: 1 + len(asked)]
    endless = bool(rows[0].overloaded_today or rows[0].overloaded_plan)
    breaks: tuple[Break, ...] = ()
    if "breaking" in names and not endless:
        breaks = breaking(
            setup,
            policy,
            rules.break_factors,
            least_drop_fraction=rules.break_least_drop_fraction,
            replications=rules.replications,
            top_factor=top,
            fan=fan,
            progress=progress,
        )
    return StressResult(
        rules=rules,
        names=tuple(names),
        assumed=tuple(assumed),
        rows=(*shown, *rows[1 + len(asked) :][:1]),
        transition=None if not weeks or endless else _transition(setup, rules, rows[-len(weeks) :]),
        breaks=breaks,
        market=_market_name(county, market) if market is not None else "",
        incident_townships=tuple(county.cells.township[c] for c in places),
        setup=setup,
        policy=policy,
    )


def stress_setup(loaded: LoadedCase, run: Run, rules: StressRules) -> Setup:
    """The setup of an average month, as long and with the seed that the rules ask for."""
    assert run.result.plan is not None
    setup = setup_of(loaded, run.result.plan)
    return replace(
        setup, model=average_month(setup.model), days=rules.days, seed=rules.seed, replay=None
    )


def stresses(
    setup: Setup,
    rules: StressRules,
    names: Sequence[str],
    market: BoolArray | None,
    incidents: Sequence[int],
) -> list[Stress]:
    """Stresses of the table, in its order; the weeks after the rollout are apart."""
    bundle = setup.ground.bundle_of_cell
    found: list[Stress] = []
    if "surge" in names:
        found += [Stress(name="surge", size=f, surge=f) for f in rules.surge_factors]
    if "market" in names and market is not None:
        found.append(
            Stress(
                name="market",
                size=rules.market_factor,
                peak=Peak(
                    cells=market,
                    factor=rules.market_factor,
                    from_hour=rules.market_from_hour,
                    to_hour=rules.market_to_hour,
                ),
                scope=Scope(
                    cells=np.isin(bundle, bundle[market]),
                    from_hour=rules.market_from_hour,
                    hours=rules.market_to_hour - rules.market_from_hour,
                ),
            )
        )
    if "snow" in names:
        found.append(
            Stress(
                name="snow",
                size=rules.snow_speed_fraction,
                travel_factor=rules.snow_travel_factor,
            )
        )
    if "incidents" in names:
        found.append(
            Stress(
                name="incidents",
                size=float(rules.incident_crews),
                incidents=Incidents(
                    cells=tuple(incidents),
                    crews=rules.incident_crews,
                    hours=rules.incident_hours,
                    hour=rules.incident_hour,
                ),
                scope=Scope(
                    cells=np.isin(bundle, bundle[list(incidents)]),
                    from_hour=rules.incident_hour,
                    hours=rules.incident_hours,
                ),
            )
        )
    if "strength" in names:
        found.append(
            Stress(
                name="strength",
                size=rules.absent_fraction,
                absent_fraction=rules.absent_fraction,
            )
        )
    if "far_end" in names:
        found.append(Stress(name="far_end", far_end=True))
    return found


def market_cells(county: County, place: str | None) -> BoolArray:
    """Cells of the market's township, or of the station that was named.

    Raises:
        InputError: no such place, or one without alerts.
    """
    cells, stations = county.cells, county.stations
    township = np.array(cells.township)
    alerts = cells.alerts_per_year.sum(axis=1)
    if place is None:
        rural = ~stations.is_urban[cells.station]
        pool = sorted(set(township[rural].tolist())) or sorted(set(township.tolist()))
        place = max(pool, key=lambda t: alerts[township == t].sum())
    if place in set(cells.township):
        found: BoolArray = township == place
    else:
        rows = [
            i
            for i, both in enumerate(zip(stations.station_id, stations.name, strict=True))
            if place in both
        ]
        found = np.isin(cells.station, rows)
    if not found.any():
        known = [*sorted(set(cells.township)), *stations.station_id, *stations.name]
        fix, near = did_you_mean(place, known, "write a township's name or a station's id or name")
        raise InputError(
            [
                Problem(
                    where=MARKET,
                    value=place,
                    expected="a township or station of the county",
                    fix=fix,
                    params={"near": near},
                )
            ]
        )
    if not alerts[found].sum() > 0:
        raise InputError(
            [
                Problem(
                    where=MARKET,
                    value=place,
                    expected="a place that has alerts",
                    fix="name another place",
                )
            ]
        )
    return found


def incident_cells(setup: Setup) -> tuple[int, ...]:
    """The worst two places: in the two bundles with most alerts, the cell farthest from the centre.

    Bundles of two or more stations go before stations alone; only cells with alerts count.
    """
    plan, alerts = setup.plan, setup.model.alerts_per_year.sum(axis=1)
    total = np.bincount(plan.unit_of_cell, weights=alerts, minlength=len(plan.unit_id))
    alone = np.array([len(m) < 2 for m in plan.members])
    order = np.lexsort((np.arange(len(total)), -total, alone))
    found = []
    for u in order[total[order] > 0][:2].tolist():
        cells: IntArray = np.flatnonzero((plan.unit_of_cell == u) & (alerts > 0))
        found.append(int(cells[np.argmax(plan.travel_min[plan.home_station[u], cells])]))
    return tuple(found)


def merged_cells(setup: Setup) -> BoolArray:
    """Cells of the plan's bundles of two or more stations, shape (C,)."""
    sizes = np.array([len(m) for m in setup.plan.members])
    merged: BoolArray = sizes[setup.plan.unit_of_cell] > 1
    return merged


def _week(setup: Setup, rules: StressRules, week: int) -> Stress:
    left = rules.new_ground_share(week)
    return Stress(
        scope=Scope(cells=merged_cells(setup)),
        name="new_ground",
        size=float(week),
        new_ground=(rules.new_ground_travel_fraction * left, rules.new_ground_turnout_min * left),
    )


def _transition(setup: Setup, rules: StressRules, weeks: Sequence[StressRow]) -> Transition:
    alerts = setup.model.alerts_per_year.sum(axis=1)
    recovered: int | None = None
    for row in reversed(weeks):
        if not row.measures:
            break
        lost = row.undisturbed["within_fraction"].plan - row.measures["within_fraction"].plan
        if lost > rules.recovered_within_fraction:
            break
        recovered = int(row.stress.size)
    return Transition(
        weeks=tuple(weeks),
        changed_fraction=float(alerts[new_cells(setup)].sum() / max(alerts.sum(), 1e-9)),
        recovered_week=recovered,
    )


def _market_name(county: County, cells: BoolArray) -> str:
    townships = zip(county.cells.township, cells.tolist(), strict=True)
    return "、".join(sorted({township for township, yes in townships if yes}))


def _problems(values: Mapping[str, Any], document: Document, shown: str) -> list[Problem]:
    try:
        StressRules.model_validate(values)
    except ValidationError as error:
        return problems_of(error, document, shown, StressRules)
    return []
