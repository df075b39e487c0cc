"""What the sections of a report are written from, worked out once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from geo.maps import MapScene
from optimizer.errors import Translate
from optimizer.plan import Move, Plan, current_plan
from optimizer.scorecard import BundleRow, Evaluation
from optimizer.strength import assess_bundles
from optimizer.workload import demand_of
from scenarios.compare import TownshipChange, township_changes
from scenarios.kept import KeptRun
from scenarios.language import Language
from scenarios.outputs import map_scene
from scenarios.report.charts import Form
from scenarios.report.uncertainty import Years, draw_years
from scenarios.report.wording import changes_as_shown, whole
from scenarios.run import Run
from scenarios.tables import names


@dataclass(frozen=True, slots=True, kw_only=True)
class FreedBy:
    """Officers that a bundle (or all of them) needs less than its stations apart, by source.

    Attributes:
        crews_before, crews_after: Crews on duty round the clock.
        posts: By one duty post instead of several.
        crews: By pooling crews; negative where longer ways need more.
        windows: Officers for windows of police offices, as a negative number.
    """

    crews_before: int
    crews_after: int
    posts: float
    crews: float
    windows: float

    @property
    def officers(self) -> float:
        """All of it; case and community work stay the same."""
        return self.posts + self.crews + self.windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Officers required over all units against officers in post, before and after.

    Attributes:
        in_post: Officers of all units.
        required_before, required_after: What the workload of all units needs.
    """

    in_post: int
    required_before: float
    required_after: float

    @property
    def before(self) -> float:
        """Officers missing today."""
        return max(0.0, self.required_before - self.in_post)

    @property
    def after(self) -> float:
        """Officers still missing under the plan."""
        return max(0.0, self.required_after - self.in_post)

    @property
    def filled(self) -> float:
        """The part of what is freed that only fills the shortage."""
        return self.before - self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the sections are written from.

    Attributes:
        run: The run; it has a plan.
        plan: Evaluation of the plan.
        decided: The plan.
        freed_by: For each bundle of the plan, in its order, lone stations among them.
        shortage: Of officers over all units.
        changes: Townships, the greatest loss first.
        years: Drawn years.
        alternatives: Other runs of the county.
        names: Name of every station, squad and unit by id.
        scene: For maps of the plan.
        forms: Forms of pictures that are asked for.
        translate, language: Of the report.
    """

    run: Run
    plan: Evaluation
    decided: Plan
    freed_by: tuple[FreedBy, ...]
    shortage: Shortage
    changes: tuple[TownshipChange, ...]
    years: Years
    alternatives: tuple[KeptRun, ...]
    names: Mapping[str, str]
    scene: MapScene
    forms: Collection[Form]
    translate: Translate
    language: Language

    @property
    def today(self) -> Evaluation:
        """Evaluation of the present deployment."""
        return self.run.today

    @property
    def bundled(self) -> tuple[tuple[BundleRow, FreedBy], ...]:
        """Bundles of two or more, the one that frees most first."""
        pairs = zip(self.plan.bundles, self.freed_by, strict=True)
        return tuple(
            sorted(
                ((b, f) for b, f in pairs if len(b.station_ids) > 1),
                key=lambda p: (-round(p[0].officers_freed, 6), p[0].centre_id),
            )
        )

    @property
    def losers(self) -> tuple[TownshipChange, ...]:
        """Townships that wait longer as shown, the greatest loss first."""
        return tuple(c for c in self.changes if minutes_lost(c) > 0)

    @property
    def winners(self) -> tuple[TownshipChange, ...]:
        """Townships that wait less as shown, the greatest gain first."""
        return tuple(c for c in reversed(self.changes) if minutes_lost(c) < 0)

    def residents(self, amount: float) -> str:
        """Residents as shown; a dash where the case does not know any."""
        return whole(amount) if self.run.loaded.county.cells.population.any() else "–"

    def moves(self, reason: str) -> tuple[Move, ...]:
        """Moves for one reason."""
        return tuple(m for m in self.decided.moves if m.reason == reason)

    def offices(self, bundle: BundleRow) -> list[str]:
        """Names of the police offices of a bundle."""
        pairs = zip(bundle.station_ids, bundle.station_names, strict=True)
        return [n for s, n in pairs if s != bundle.centre_id]


def minutes_lost(change: TownshipChange) -> float:
    """Change of a township's mean response as a reader sees it."""
    return changes_as_shown(change.today.mean_response_min, change.plan.mean_response_min)


def material_of(
    run: Run,
    alternatives: Collection[KeptRun],
    translate: Translate,
    language: Language,
    forms: Collection[Form],
) -> Material:
    """Everything a report says about a run that has a plan."""
    decided, plan = run.result.plan, run.plan
    assert decided is not None
    assert plan is not None
    scene = map_scene(run, translate, language)
    return Material(
        run=run,
        plan=plan,
        decided=decided,
        freed_by=_freed_by(run, decided),
        shortage=Shortage(
            in_post=plan.officers_in_post,
            required_before=run.today.officers_required,
            required_after=plan.officers_required,
        ),
        changes=township_changes(run.today, plan),
        years=draw_years(run.loaded, run.inspection, decided),
        alternatives=tuple(alternatives),
        names=names(run),
        scene=scene,
        forms=forms,
        translate=translate,
        language=language,
    )


def _freed_by(run: Run, decided: Plan) -> tuple[FreedBy, ...]:
    county, policy = run.loaded.county, run.loaded.policy
    demand, today = demand_of(county, policy), current_plan(county)
    apart = assess_bundles(county, policy, today, demand)
    joined = assess_bundles(county, policy, decided, demand)
    row = {b.centre_id: i for i, b in enumerate(today.bundles)}
    found = []
    for i, bundle in enumerate(decided.bundles):
        single = [row[s] for s in bundle.station_ids]
        found.append(
            FreedBy(
                crews_before=int(apart.crews[single].sum()),
                crews_after=int(joined.crews[i]),
                posts=float(apart.post_officers[single].sum() - joined.post_officers[i]),
                crews=float(apart.crew_officers[single].sum() - joined.crew_officers[i]),
                windows=float(apart.window_officers[single].sum() - joined.window_officers[i]),
            )
        )
    return tuple(found)
