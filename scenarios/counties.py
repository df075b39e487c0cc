"""A province: many counties in one go, one county a task, on several cores or a cluster.

No bundle crosses a county, so the counties' problems are independent and their plans together are
the province's plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from optimizer.consolidation import consolidate
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.policy import Policy
from optimizer.result import Result
from optimizer.scorecard import Evaluation
from scenarios.case import CASE_FILE, Case, open_case
from scenarios.compare import township_changes
from scenarios.documents import plain
from scenarios.fan_out import Task, fan_out
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyCase:
    """One county of the province.

    Attributes:
        typed: Its case as the planner typed it, or its folder in the province's folder.
        case: The opened case.
        prepared: Its data, read once.
        loaded: Its data in the world of the scenario.
        scenario: The scenario asked for; None for the case's own default.
        sets: What `--set` adds.
    """

    typed: str
    case: Case
    prepared: Prepared
    loaded: LoadedCase
    scenario: str | None
    sets: tuple[str, ...]


def case_folders(named: Sequence[str]) -> tuple[str, ...]:
    """Every case that is named, each once; a folder of case folders stands for all of them."""
    found: dict[Path | str, str] = {}
    for one in named:
        for case in _inside(one) or [one]:
            # However it is written: a county counted twice would double the province's totals.
            found.setdefault(_place_of(case), case)
    return tuple(found.values())


def _inside(folder: str) -> list[str]:
    """Case folders in a folder that is none itself; what may not be read is refused later."""
    path = Path(folder)
    try:
        if not path.is_dir() or (path / CASE_FILE).exists():
            return []
        return [str(p.parent) for p in sorted(path.glob(f"*/{CASE_FILE}"))]
    except PermissionError:
        return []


def _place_of(case: str) -> Path | str:
    try:
        return case_folder(case).resolve() if Path(case).exists() else case
    except PermissionError:
        return case


def case_folder(typed: str) -> Path:
    """The folder of a case that is typed as a folder or as the file in it."""
    path = Path(typed)
    return path.parent if path.is_file() else path


def read_counties(
    typed: Sequence[str],
    scenario: str | None,
    sets: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[CountyCase, ...]:
    """Read every county before any is solved.

    Args:
        typed: The cases.
        scenario: A scenario that each of them has; None for each case's own default.
        sets: What `--set` adds to each.
        progress: Told how many are read, and of how many.

    Raises:
        InputError: every problem of every county, each with its case.
    """
    found: list[CountyCase] = []
    problems: list[Problem] = []
    for i, one in enumerate(typed):
        try:
            case = open_case(one)
            prepared = Prepared(case)
            loaded = prepared.load(case.scenario(scenario, sets))
            found.append(
                CountyCase(
                    typed=one,
                    case=case,
                    prepared=prepared,
                    loaded=loaded,
                    scenario=scenario,
                    sets=tuple(sets),
                )
            )
        except InputError as error:
            problems += [replace(p, where=_place(one, p.where)) for p in error.problems]
        if progress is not None:
            progress(i + 1, len(typed))
    if problems:
        raise InputError(problems)
    return tuple(found)


def solve_counties(
    counties: Sequence[CountyCase], *, workers: int = 1, cluster: str | None = None
) -> Iterator[tuple[int, Result]]:
    """Solve each county; yield (its row, its result) as they finish, in any order.

    A county's data travels to one worker, once; workers need no files.

    Args:
        counties: What to solve.
        workers: Processes on this machine.
        cluster: Address of a Dask scheduler instead.

    Raises:
        InputError: the cluster does not answer or runs other versions.
        WorkersLostError: workers died again and again.
    """
    worlds = [(c.loaded.county, c.loaded.policy) for c in counties]
    for row, found in fan_out(Consolidation(), worlds, workers=workers, cluster=cluster):
        result: Result = found
        yield row, result


@dataclass(frozen=True, slots=True)
class Consolidation:
    """The job of the fan-out: what a task gets is a county and its policy."""

    def open(self) -> Task:
        """The task."""
        return _consolidated


def _consolidated(world: tuple[County, Policy]) -> Result:
    return consolidate(*world)


def totals(runs: Sequence[Run]) -> dict[str, float]:
    """The counties with a plan put together.

    Returns:
        `centres`, `stations_bundled`, `officers_freed`, `officers_reassigned`, `alerts_per_year`,
        `townships_losing`, `residents_losing_standard`: sums. `mean_response_today_min`,
        `mean_response_min`: weighted by alerts; inf where an alert is out of reach, 0 where there
        are none.
    """
    return totals_of([(r.today, r.plan) for r in runs if r.plan is not None])


def totals_of(planned: Sequence[tuple[Evaluation, Evaluation]]) -> dict[str, float]:
    """`totals` of evaluations: each county's today and plan."""
    plans = [p for _, p in planned]
    townships = [township_changes(t, p) for t, p in planned]
    alerts = math.fsum(p.alerts_per_year for p in plans)

    def mean(pairs: Sequence[tuple[float, float]]) -> float:
        return math.fsum(a * m for a, m in pairs if a > 0) / alerts if alerts > 0 else 0.0

    return {
        "centres": sum(p.centres for p in plans),
        "stations_bundled": sum(p.stations_bundled for p in plans),
        "officers_freed": math.fsum(p.officers_freed for p in plans),
        "officers_reassigned": sum(p.officers_reassigned for p in plans),
        "alerts_per_year": alerts,
        "townships_losing": sum(c.loses for changes in townships for c in changes),
        "residents_losing_standard": math.fsum(
            c.residents_losing_standard for changes in townships for c in changes
        ),
        "mean_response_today_min": mean(
            [(t.alerts_per_year, t.mean_response_min) for t, _ in planned]
        ),
        "mean_response_min": mean([(p.alerts_per_year, p.mean_response_min) for p in plans]),
    }


def totals_document(runs: Sequence[Run]) -> dict[str, float | None]:
    """`totals` as JSON holds them."""
    found: dict[str, float | None] = plain(totals(runs))
    return found


def _place(typed: str, where: str) -> str:
    return where if where in ("case", typed) else f"{typed}: {where}"
