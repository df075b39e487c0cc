"""A plan that a planner names to steer by: today, a run, its folder, or a plan file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.plan import Bundle, Plan, current_plan
from scenarios.handmade import read_bundles
from scenarios.kept import OpenStore, read_runs

TODAY = ("today", "现状")


def given_bundles(asked: str, county: County, open_store: OpenStore) -> tuple[Bundle, ...]:
    """The bundles of the plan that `asked` names, lone stations too.

    Args:
        asked: `today`; a plan file as `jingli score` takes; a run's folder; or its id in the store
            or the beginning of one.
        county: The county, whose stations the plan must have.
        open_store: Opens the store; called only if it is needed.

    Raises:
        InputError: no such plan, or one of other stations.
    """
    if asked in TODAY:
        return current_plan(county).bundles
    path = Path(asked)
    if path.is_file():
        if path.suffix.lower() != ".json":
            return read_bundles(county, path)
        bundles = _of_json(path)
    else:
        bundles = read_runs([asked], open_store)[0].plan.bundles
    known = set(county.stations.station_id)
    held = Counter(s for b in bundles for s in b.station_ids)
    wrong = sorted(known ^ set(held) | {s for s, n in held.items() if n > 1})
    if wrong:
        raise InputError(
            [
                Problem(
                    where=asked,
                    value=", ".join(wrong[:12]) + (", …" if len(wrong) > 12 else ""),
                    expected="a plan with each station of this county once",
                    fix="name a plan made for this county and scenario",
                )
            ]
        )
    return bundles


def _of_json(path: Path) -> tuple[Bundle, ...]:
    try:
        return Plan.from_json(path.read_text(encoding="utf-8")).bundles
    except (OSError, ValueError) as error:
        raise InputError(
            [
                Problem(
                    where=str(path),
                    value=str(error)[:80],
                    expected="the plan.json of a run",
                    fix="name that file, or a table with the columns station_id and centre_id",
                )
            ]
        ) from error
