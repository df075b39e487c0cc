"""Several runs against each other: who wins on which measure, and which plan no one need choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.errors import Translate
from scenarios.compare import MeasureRow, finite, measures
from scenarios.kept import KeptRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """One measure over all runs.

    Attributes:
        row: Label, unit and direction; its `plan` is the first run's.
        values: Today, then each run.
        winners: Positions of the runs that are best, as shown; empty where all are equal or the
            measure is neither good nor bad.
    """

    row: MeasureRow
    values: tuple[float | str, ...]
    winners: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """Runs of one county against each other.

    Attributes:
        runs: As asked.
        contests: Measure by measure.
        wins: Measures each run wins, alone or with others.
        dominated_by: For each run the positions of those that are at least as good on every judged
            measure and better on one; empty where none is. Only runs that saw the same county data
            can dominate each other: nobody can choose the summer.
        same_data: All saw the same county data.
    """

    runs: tuple[KeptRun, ...]
    contests: tuple[Contest, ...]
    wins: tuple[int, ...]
    dominated_by: tuple[tuple[int, ...], ...]
    same_data: bool


def versus(runs: Sequence[KeptRun], _: Translate) -> Versus:
    """Compare runs.

    A difference that rounding hides from the reader decides nothing.

    Args:
        runs: Two or more.
        _: Translation.
    """
    sides = [measures(runs[0].today, r.evaluation, _) for r in runs]
    contests = []
    for rows in zip(*sides, strict=True):
        first = rows[0]
        contests.append(
            Contest(
                row=first,
                values=(first.today, *(r.plan for r in rows)),
                winners=_winners(rows),
            )
        )
    scores = [tuple(_score(r) for r in side if r.better != "neither") for side in sides]
    everyone = range(len(runs))
    data = [r.evaluation.county_digest for r in runs]
    return Versus(
        runs=tuple(runs),
        contests=tuple(contests),
        wins=tuple(sum(i in c.winners for c in contests) for i in everyone),
        dominated_by=tuple(
            tuple(j for j in everyone if data[j] == data[i] and dominates(scores[j], scores[i]))
            for i in everyone
        ),
        same_data=len(set(data)) == 1,
    )


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `one` is nowhere higher and somewhere lower than `other`: less is better."""
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def to_document(found: Versus) -> dict[str, Any]:
    """The comparison for machines."""
    return {
        "runs": [
            {
                "run": r.label,
                "case": r.case_name,
                "scenario": r.scenario,
                "status": r.status,
                "plan_digest": r.plan.digest,
                "wins": found.wins[i],
                "dominated_by": [found.runs[j].label for j in found.dominated_by[i]],
            }
            for i, r in enumerate(found.runs)
        ],
        "same_data": found.same_data,
        "measures": [
            {
                "name": c.row.name,
                "better": c.row.better,
                "today": finite(c.values[0]),
                "values": [finite(v) for v in c.values[1:]],
                "winners": [found.runs[i].label for i in c.winners],
            }
            for c in found.contests
        ],
    }


def _winners(rows: Sequence[MeasureRow]) -> tuple[int, ...]:
    if rows[0].better == "neither":
        return ()
    scores = [_score(r) for r in rows]
    best = min(scores)
    if all(s == best for s in scores):
        return ()
    return tuple(i for i, s in enumerate(scores) if s == best)


def _score(row: MeasureRow) -> float:
    """The value as shown, turned so that less is better."""
    assert not isinstance(row.plan, str)
    scaled = round(row.plan * (100.0 if row.unit == "%" else 1.0), row.digits)
    return -scaled if row.better == "more" else scaled
