"""Other plans of a case than the best, and which bundles all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from geo.station_names import without_shared_ending
from optimizer.alternatives import (
    Alternative,
    Alternatives,
    best_plans,
    choice_of,
    diverse_plans,
    plans_within,
)
from optimizer.county import County
from optimizer.errors import InputError, Problem, Translate
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.stability import BundleShare, Sets, best_sets, shares
from scenarios.case import Case
from scenarios.fan_out import Task, fan_out
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.run import Progress
from scenarios.sweep_years import AlertDays, YearKind, alert_days, with_year, year_kind

YearProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _DrawnYears:
    """A job: the best plan of each drawn year."""

    county: County
    policy: Policy
    log: AlertDays | None
    seed: int

    def open(self) -> Task:
        """The function of one year's number."""
        return self.best_of

    def best_of(self, year: int) -> Sets | None:
        """Bundles of that year's best plan."""
        return best_sets(with_year(self.county, self.log, self.seed, year), self.policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativesStudy:
    """What `jingli alternatives` found.

    Attributes:
        loaded: The case in the world of the scenario.
        scenario: The scenario's name, with what `--set` added.
        best: The best plans.
        near: All plans within the gap asked for, or within the largest that could be listed.
        near_asked_officers: The gap asked for.
        diverse: Different plans.
        share_fraction: Least share of bundles in which these differ.
        bundles: How often each bundle is chosen.
        years, years_solved: Years drawn, and those with a proven plan.
        year_kind: How they were drawn.
        seed: Of the drawing.
    """

    loaded: LoadedCase
    scenario: str | None
    best: Alternatives
    near: Alternatives
    near_asked_officers: float
    diverse: Alternatives
    share_fraction: float
    bundles: tuple[BundleShare, ...]
    years: int
    years_solved: int
    year_kind: YearKind
    seed: int

    @property
    def names(self) -> dict[str, str]:
        """Name of each station by id."""
        stations = self.loaded.county.stations
        return dict(zip(stations.station_id, stations.name, strict=True))

    @property
    def short_names(self) -> dict[str, str]:
        """The same without an ending that all of them share, for console and picture."""
        stations = self.loaded.county.stations
        return dict(zip(stations.station_id, without_shared_ending(stations.name), strict=True))


def study_alternatives(
    case: Case,
    scenario: str | None,
    sets: Sequence[str],
    *,
    best: int,
    within: str,
    diverse: int,
    share_fraction: float,
    with_hosts: bool,
    years: int,
    seed: int,
    workers: int = 1,
    progress: Progress,
    year_progress: YearProgress,
) -> AlternativesStudy:
    """List the alternatives of one scenario and weigh its bundles.

    Args:
        case: The opened case.
        scenario: The scenario; None = the case's own.
        sets: What `--set` adds.
        best: How many of the best plans.
        within: Gap of the near-optimal plans: officers, or a share of the price such as `1%`.
        diverse: How many different plans, the best among them.
        share_fraction: Least share of bundles in which these differ.
        with_hosts: The same sets under another host are another plan.
        years: Years of alerts to draw and solve.
        seed: Of the drawing.
        workers: Processes for the drawn years; the result is the same for any number.
        progress: Called with the name of each step.
        year_progress: Called with the years done and their number.

    Raises:
        InputError: every problem of the case and the scenario; a gap that is no number.
    """
    share, officers = _gap(within)
    prepared, resolved = Prepared(case), case.scenario(scenario, sets)
    progress("reading")
    loaded = prepared.load(resolved)
    county, policy = loaded.county, loaded.policy
    progress("bundling")
    choice = choice_of(county, policy, with_hosts=with_hosts)
    found = best_plans(choice, best)
    price = found.plans[0].price_officers if found.plans else 0.0
    asked = officers if share is None else share * abs(price)
    near = plans_within(choice, asked)
    different = diverse_plans(choice, diverse, share_fraction)
    log = alert_days(loaded) if years else None
    drawn: list[Sets | None] = [None] * (years if found.plans else 0)
    job = _DrawnYears(county=county, policy=policy, log=log, seed=seed)
    for done, (year, sets_of_year) in enumerate(fan_out(job, range(len(drawn)), workers=workers)):
        year_progress(done, years)
        drawn[year] = sets_of_year
    return AlternativesStudy(
        loaded=loaded,
        scenario=resolved.label,
        best=found,
        near=near,
        near_asked_officers=asked,
        diverse=different,
        share_fraction=share_fraction,
        bundles=shares(near, drawn),
        years=len(drawn),
        years_solved=sum(one is not None for one in drawn),
        year_kind=year_kind(log),
        seed=seed,
    )


def differs(plan: Alternative, best: Alternative, names: dict[str, str], _: Translate) -> str:
    """What a plan does otherwise than the best, in words."""
    ours = {b for b in plan.bundles if b.office_ids}
    theirs = {b for b in best.bundles if b.office_ids}
    new = [_named(b, names) for b in sorted(ours - theirs)]
    old = [_named(b, names) for b in sorted(theirs - ours)]
    if new and old:
        return _("{new} instead of {old}").format(new=_row(new), old=_row(old))
    if new:
        return _("{new} as well").format(new=_row(new))
    if old:
        return _("without {old}").format(old=_row(old))
    return _("the best plan")


def _named(bundle: Bundle, names: dict[str, str]) -> str:
    return "+".join(names[s] for s in (bundle.centre_id, *bundle.office_ids))


def _row(bundles: Sequence[str]) -> str:
    """Bundles in a row, with the comma of their names' script."""
    return (", " if "".join(bundles).isascii() else "、").join(bundles)


def _gap(within: str) -> tuple[float | None, float]:
    """A share, or officers."""
    text = within.strip().replace("％", "%")
    try:
        value = float(text.removesuffix("%"))
        if not 0.0 <= value < 1e6:
            raise ValueError(within)
    except ValueError:
        raise InputError(
            [
                Problem(
                    where="--within",
                    value=within,
                    expected="officers, or a share of the price such as 1%",
                    fix="write for example --within 3 or --within 0.5%",
                )
            ]
        ) from None
    return (value / 100.0, 0.0) if text.endswith("%") else (None, value)
