"""A plan that somebody drew by hand or made elsewhere: read, checked, completed, scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.columns import Column, Schema
from geo.readers import Source, Table, read_table
from geo.safe_text import plain_text
from optimizer.county import County
from optimizer.errors import InputError, Problem
from optimizer.evaluation import evaluate
from optimizer.feasibility import Violation, violations
from optimizer.plan import Bundle, Move, Plan, current_plan
from optimizer.policy import Policy
from optimizer.reassignment_stage import staff
from optimizer.result import Proof
from optimizer.scorecard import Evaluation
from optimizer.traffic import hand_over, plan_with_roads
from scenarios.load import LoadedCase
from scenarios.names import Wrong, gazetteer

PLAN_SCHEMA = Schema(
    layer="plan",
    columns=(
        Column(
            name="station_id",
            kind="text",
            required=True,
            aliases=("派出所编号", "派出所", "派出所名称", "编号", "所编号", "station", "id"),
        ),
        Column(
            name="centre_id",
            kind="text",
            required=True,
            aliases=(
                "中心派出所编号",
                "中心派出所",
                "中心编号",
                "中心所编号",
                "中心所",
                "中心",
                "center_id",
                "centre",
                "center",
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A plan from outside, judged like one of ours.

    Attributes:
        loaded: The case in the world of the scenario.
        plan: The plan, with what was completed.
        judged: `bundles` = only bundles were given and judged; `all` = road duty and strength too.
        proofs: Of the stages that were completed.
        today, evaluation: Evaluations.
        broken: Rules that the plan breaks; empty = it keeps all that were judged.
    """

    loaded: LoadedCase
    plan: Plan
    judged: str
    proofs: tuple[Proof, ...]
    today: Evaluation
    evaluation: Evaluation
    broken: tuple[Violation, ...]


def score(loaded: LoadedCase, path: Path, *, layer: str | None, complete: bool) -> Scored:
    """Read a plan from outside and judge it.

    Args:
        loaded: The case.
        path: A table with a row per station and its centre, by id or by name; or the `plan.json`
            of a run.
        layer: Sheet of a workbook or layer of a GeoPackage.
        complete: Decide road duty and strength, at their best for these bundles.

    Raises:
        InputError: every station that is there twice, missing or unknown, and every centre that is
            not in its own bundle; or no road duty or strength is possible for these bundles.
    """
    county, policy = loaded.county, loaded.policy
    proofs: tuple[Proof, ...] = ()
    judged, rules = "all", policy
    if path.suffix.lower() == ".json":
        plan = _whole_plan(path)
    else:
        bundles = read_bundles(county, path, layer=layer)
        if complete:
            plan, proofs = _completed(county, policy, bundles, str(path))
        else:
            plan, judged = _bundles_only(county, bundles), "bundles"
            rules = _bundle_rules(policy)
    return Scored(
        loaded=loaded,
        plan=plan,
        judged=judged,
        proofs=proofs,
        today=evaluate(county, policy, current_plan(county)),
        evaluation=evaluate(county, policy, plan),
        broken=violations(county, rules, plan),
    )


def read_bundles(county: County, path: Path, *, layer: str | None = None) -> tuple[Bundle, ...]:
    """Bundles of a table with the columns station and centre.

    Raises:
        InputError: everything that is wrong with the table.
    """
    source = Source(layer="plan", path=path, shown=str(path), sheet=layer, strict=True)
    table = read_table(source, PLAN_SCHEMA)
    errors = [p for p in table.problems if p.severity == "error"]
    if not {"station_id", "centre_id"} <= set(table.frame.columns):
        raise InputError(errors)
    centre_of, problems = _assignment(county, table)
    problems = errors + problems
    if not errors:
        problems += _missing(county, centre_of, table)
    if problems:
        raise InputError(problems)
    members: dict[str, list[str]] = {}
    for station, centre in centre_of.items():
        members.setdefault(centre, []).append(station)
    return tuple(
        sorted(Bundle(centre_id=c, station_ids=tuple(sorted(s))) for c, s in members.items())
    )


def _assignment(county: County, table: Table) -> tuple[dict[str, str], list[Problem]]:
    """Station -> centre, by id, and every row that is wrong."""
    names = gazetteer(county).stations
    problems: list[Problem] = []
    centre_of: dict[str, str] = {}
    row_of: dict[str, int] = {}
    for row in table.frame.to_dict("records"):
        line = int(row["row"])
        found: dict[str, str] = {}
        for column in ("station_id", "centre_id"):
            one = names.find(str(row[column]))
            if isinstance(one, Wrong):  # a file of ours escapes ids such as -1
                one = names.find(plain_text(str(row[column])))
            if isinstance(one, Wrong):
                problems.append(_unknown(table, line, column, row[column], one))
            else:
                found[column] = one
        station = found.get("station_id")
        if station is None:
            continue
        if station in row_of:
            problems.append(
                table.problem(
                    "each station once; row {first} has it already",
                    "delete one of the two rows",
                    row=line,
                    column="station_id",
                    value=row["station_id"],
                    first=row_of[station],
                )
            )
            continue
        row_of[station] = line
        if "centre_id" in found:
            centre_of[station] = found["centre_id"]
    for station, centre in centre_of.items():
        own = centre_of.get(centre)
        if own is not None and own != centre:
            problems.append(
                table.problem(
                    "a centre that is its own centre; {centre} belongs to {other}",
                    "name the centre of the whole bundle in every row of it",
                    row=row_of[station],
                    column="centre_id",
                    value=names.shown(centre),
                    centre=names.shown(centre),
                    other=names.shown(own),
                )
            )
    missing = set(county.stations.station_id) - set(row_of)
    # A row whose centre is wrong is told once, not as a missing station too.
    centre_of.update({s: s for s in row_of if s not in centre_of and s not in missing})
    return centre_of, problems


def _unknown(table: Table, line: int, column: str, value: object, wrong: Wrong) -> Problem:
    return table.problem(
        wrong.expected,
        wrong.fix,
        row=line,
        column=column,
        value=value,
        near=wrong.near,
        known=wrong.known,
    )


def _missing(county: County, centre_of: Mapping[str, str], table: Table) -> list[Problem]:
    name = dict(zip(county.stations.station_id, county.stations.name, strict=True))
    return [
        table.problem(
            "a row for every station; {station} is missing",
            "add it; a station that stays alone is its own centre",
            column="station_id",
            station=f"{name[s]} ({s})",
        )
        for s in county.stations.station_id
        if s not in centre_of
    ]


def _whole_plan(path: Path) -> Plan:
    try:
        return Plan.from_json(path.read_text(encoding="utf-8"))
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


def _bundles_only(county: County, bundles: tuple[Bundle, ...]) -> Plan:
    """The bundles with today's officers, each under its centre; squads as they are."""
    stations = county.stations
    held = dict(zip(stations.station_id, stations.officers.tolist(), strict=True))
    today = current_plan(county)
    others = {*county.squads.squad_id, *county.units.unit_id}
    strength: list[Any] = [(u, n) for u, n in today.strength if u in others]
    strength += [(b.centre_id, sum(held[s] for s in b.station_ids)) for b in bundles]
    moves = [
        Move(from_id=s, to_id=b.centre_id, officers=held[s], reason="bundle")
        for b in bundles
        for s in b.office_ids
        if held[s]
    ]
    return Plan(
        bundles=bundles,
        road_duties=today.road_duties,
        strength=tuple(sorted(strength)),
        moves=tuple(sorted(moves)),
    )


def _bundle_rules(policy: Policy) -> Policy:
    """The policy with its rules on bundles only."""
    return policy.model_copy(
        update={
            "traffic": policy.traffic.model_copy(update={"dissolve_squads": False}),
            "staffing": policy.staffing.model_copy(update={"reassign": False}),
        }
    )


def _completed(
    county: County, policy: Policy, bundles: tuple[Bundle, ...], shown: str
) -> tuple[Plan, tuple[Proof, ...]]:
    roads, traffic = hand_over(county, policy, bundles)
    if roads is None:
        raise InputError([_impossible(shown, traffic)])
    plan, staffing = staff(county, policy, plan_with_roads(county, bundles, roads))
    if plan is None:
        failed = next(proof for proof in staffing if proof.objective is None)
        raise InputError([_impossible(shown, failed)])
    return plan, (traffic, *staffing)


def _impossible(shown: str, proof: Proof) -> Problem:
    return Problem(
        where=shown,
        value=proof.status.value,
        expected="bundles for which road duty and strength can be decided; in the way: {rules}",
        fix="score the bundles without --complete, or change those rules",
        params={"rules": ", ".join(proof.clashing_rules) or proof.stage},
    )
