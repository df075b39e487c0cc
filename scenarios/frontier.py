"""The frontier of a case, with the plans that a planner has in hand placed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from optimizer.bundling import bundle
from optimizer.errors import InputError, Problem, Translate
from optimizer.evaluation import evaluate
from optimizer.frontier import Frontier, FrontierPlan, Placed, Third, frontier, place
from optimizer.plan import Bundle, Plan
from scenarios.case import Case
from scenarios.handmade import read_bundles
from scenarios.kept import OpenStore, read_runs
from scenarios.load import LoadedCase
from scenarios.map_sheets import PUBLISHED_SCENARIO
from scenarios.prepared import Prepared
from scenarios.run import Progress

MarkKind = Literal["today", "published", "scenario", "given"]
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A plan placed on the frontier.

    Attributes:
        label: What the planner calls it; empty for today.
        kind: Where it comes from.
        bundles: Its bundles of all stations.
        placed: Where it lies.
    """

    label: str
    kind: MarkKind
    bundles: tuple[Bundle, ...]
    placed: Placed

    def said(self, _: Translate) -> str:
        """Its name in the language of `_`."""
        if self.kind == "today":
            return _("Today")
        if self.kind == "published":
            joint = [b for b in self.bundles if b.office_ids]
            return _("Published counts ({stations} into {centres}), best plan").format(
                stations=sum(len(b.station_ids) for b in joint), centres=len(joint)
            )
        if self.kind == "scenario" and not self.label:
            return _("This scenario")
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierStudy:
    """What `jingli frontier` found.

    Attributes:
        loaded: The case in the world of the scenario.
        scenario: The scenario's name, with what `--set` added.
        found: The frontier.
        marks: Plans placed on it.
        other_world: The published scenario changes the data, so it could not be placed.
    """

    loaded: LoadedCase
    scenario: str | None
    found: Frontier
    marks: tuple[Mark, ...]
    other_world: bool

    def representative(self, most: int = _SHOWN) -> tuple[FrontierPlan, ...]:
        """Some of the points, evenly over the frontier, with both ends and the knee."""
        points = self.found.points
        if len(points) <= most:
            return points
        last = len(points) - 1
        some = {round(i * last / (most - 2)) for i in range(most - 1)}
        some |= {p.number - 1 for p in points if p.is_knee}
        return tuple(points[i] for i in sorted(some))


def study_frontier(
    case: Case,
    scenario: str | None,
    sets: Sequence[str],
    *,
    third: Third | None,
    keep_counts: bool,
    time_limit_s: float | None,
    plans: Sequence[str],
    open_store: OpenStore,
    progress: Progress,
) -> FrontierStudy:
    """Work out the frontier of one scenario.

    Args:
        case: The opened case.
        scenario: The scenario; None = the case's own.
        sets: What `--set` adds.
        third: The third aim.
        keep_counts: Hold the counts of the policy too.
        time_limit_s: Seconds; None = the policy's.
        plans: Plans to place: a table or `plan.json`, an output folder, or the id of a run.
        open_store: Opens the run store; called only where a plan is an id.
        progress: Called with the name of each step.

    Raises:
        InputError: every problem of the case, the scenario and the plans.
    """
    prepared, resolved = Prepared(case), case.scenario(scenario, sets)
    progress("reading")
    loaded = prepared.load(resolved)
    given = [(one, _bundles_of(one, loaded, open_store)) for one in plans]
    progress("bundling")
    found = frontier(
        loaded.county,
        loaded.policy,
        third=third,
        keep_counts=keep_counts,
        time_limit_s=time_limit_s,
    )
    progress("evaluation")
    county = loaded.county
    alone = tuple(sorted(Bundle(centre_id=s, station_ids=(s,)) for s in county.stations.station_id))
    wanted: list[tuple[str, MarkKind, tuple[Bundle, ...]]] = [("", "today", alone)]
    own, _proof = bundle(county, loaded.policy)
    is_published = resolved.label == PUBLISHED_SCENARIO
    if own is not None:
        kind: MarkKind = "published" if is_published else "scenario"
        wanted.append((resolved.label or "", kind, own))
    other_world = False
    if not is_published and PUBLISHED_SCENARIO in case.spec.scenarios:
        there = prepared.load(case.scenario(PUBLISHED_SCENARIO, ()))
        other_world = there.county.digest != county.digest
        published = None if other_world else bundle(county, there.policy)[0]
        if published is not None:
            wanted.append((PUBLISHED_SCENARIO, "published", published))
    wanted += [(label, "given", bundles) for label, bundles in given]
    marks = tuple(_mark(loaded, found, *one) for one in wanted)
    return FrontierStudy(
        loaded=loaded,
        scenario=resolved.label,
        found=found,
        marks=marks,
        other_world=other_world,
    )


def _mark(
    loaded: LoadedCase,
    found: Frontier,
    label: str,
    kind: MarkKind,
    bundles: tuple[Bundle, ...],
) -> Mark:
    score = evaluate(loaded.county, loaded.policy, Plan(bundles=bundles))
    extra_min = sum(b.extra_alert_min_per_year for b in score.bundles)
    per_alert = extra_min / score.alerts_per_year if score.alerts_per_year else 0.0
    placed = place(found, score.officers_freed, per_alert)
    return Mark(label=label, kind=kind, bundles=bundles, placed=placed)


def _bundles_of(asked: str, loaded: LoadedCase, open_store: OpenStore) -> tuple[Bundle, ...]:
    """The bundles of a plan that the planner names."""
    path = Path(asked)
    if path.is_file() and path.suffix.lower() != ".json":
        return read_bundles(loaded.county, path)
    if path.is_file():
        try:
            bundles = Plan.from_json(path.read_text(encoding="utf-8")).bundles
        except (OSError, ValueError) as error:
            raise InputError(
                [
                    Problem(
                        where=asked,
                        value=str(error)[:80],
                        expected="the plan.json of a run",
                        fix="name that file, or a table with the columns station_id and centre_id",
                    )
                ]
            ) from error
    else:
        bundles = read_runs([asked], open_store)[0].plan.bundles
    if {s for b in bundles for s in b.station_ids} != set(loaded.county.stations.station_id):
        raise InputError(
            [
                Problem(
                    where=asked,
                    expected="a plan of this county",
                    fix="name a plan whose stations are those of the case",
                )
            ]
        )
    return bundles
