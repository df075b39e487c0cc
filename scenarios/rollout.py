"""A phased rollout for people and programs: the months as a table, or what is in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from geo.atomic import atomic_folder, write_text
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.evaluation import evaluate
from optimizer.plan import Bundle
from optimizer.result import Status
from optimizer.rollout import Rollout, interim_policy, rollout
from optimizer.scorecard import Evaluation
from scenarios.documents import json_text, proof_documents
from scenarios.manifest import write_manifest
from scenarios.run import Run
from scenarios.show_table import table
from scenarios.titles import case_title

COLUMNS = (
    "month",
    "switched",
    "officers_freed",
    "officers_waiting",
    "mean_response_min",
    "share_within_fraction",
    "worst_township",
    "worst_township_response_min",
)
"""Headers of `rollout.csv`, the same in every language: programs read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phased:
    """A run's rollout with the figures of each month.

    Attributes:
        run: The run.
        found: The months, or what is in the way.
        states: Evaluation of the state at the end of each month.
    """

    run: Run
    found: Rollout
    states: tuple[Evaluation, ...]

    def name(self, bundle: Bundle) -> str:
        """A bundle's stations by name, the centre first."""
        stations = self.run.loaded.county.stations
        of = dict(zip(stations.station_id, stations.name, strict=True))
        return "+".join(of[s] for s in (bundle.centre_id, *bundle.office_ids))

    def rows(self) -> list[tuple[Any, ...]]:
        """The months in the order of `COLUMNS`."""
        return [
            (
                month.month,
                ";".join(self.name(b) for b in month.switched),
                round(month.officers_freed, 2),
                month.officers_waiting,
                round(state.mean_response_min, 2),
                round(state.share_within_fraction, 4),
                state.worst_township,
                round(state.worst_township_response_min, 2),
            )
            for month, state in zip(self.found.months, self.states, strict=True)
        ]

    def document(self, translate: Translate) -> dict[str, Any]:
        """Everything for programs."""
        return {
            "case": self.run.loaded.county.name,
            "scenario": self.run.scenario,
            "proof": proof_documents([self.found.proof])[0],
            "least_in_month": self.found.least_in_month,
            "most_in_month": self.found.most_in_month,
            "months": [
                dict(zip(COLUMNS, row, strict=True))
                | {
                    "switched": [
                        {"centre_id": b.centre_id, "station_ids": list(b.station_ids)}
                        for b in month.switched
                    ]
                }
                for row, month in zip(self.rows(), self.found.months, strict=True)
            ],
            "blocked": [
                {
                    "centre_id": b.bundle.centre_id,
                    "station_ids": list(b.bundle.station_ids),
                    "broken": [{"rule": v.rule, "text": v.text(translate)} for v in b.broken],
                    "officers_missing": b.officers_missing,
                }
                for b in self.found.blocked
            ],
        }


def phased(run: Run, *, months: int, per_month: int | None) -> Phased:
    """The rollout of a run with a plan.

    Raises:
        InputError: no bundles in the plan, or more than the months can take.
    """
    loaded = run.loaded
    assert run.result.plan is not None
    found = rollout(
        loaded.county, loaded.policy, run.result.plan, months=months, per_month=per_month
    )
    rules = interim_policy(loaded.policy)
    states = tuple(
        evaluate(loaded.county, loaded.policy if m.plan == run.result.plan else rules, m.plan)
        for m in found.months
    )
    return Phased(run=run, found=found, states=states)


def write_rollout(
    made: Phased, out: Path, translate: Translate, command: Sequence[str]
) -> tuple[str, ...]:
    """Write the months as CSV and JSON into the folder `out`.

    Returns:
        Names of the files.

    Raises:
        InputError: `out` cannot be written, or holds something that is not an earlier result.
    """
    with atomic_folder(out) as folder:
        write_csv(folder / "rollout.csv", COLUMNS, made.rows())
        write_text(folder / "rollout.json", json_text(made.document(translate)))
        return write_manifest(
            folder,
            command=list(command),
            county_digest=made.run.today.county_digest,
            policy_digest=made.run.today.policy_digest,
        )


def show_rollout(made: Phased, console: Console, _: Translate) -> None:
    """Print the months, or the bundles in the way."""
    county, found = made.run.loaded.county, made.found
    title = escape(case_title(county.name, made.run.scenario))
    console.rule(f"[bold]{title}")
    if not found.months:
        _show_blocked(made, console, _)
        return
    shown = table(
        _("Phased rollout"),
        (_("Month"), "right"),
        (_("Bundles switched"), "left"),
        (_("Freed so far"), "right"),
        (_("Waiting"), "right"),
        (_("Response, min"), "right"),
        (_("Slowest township"), "left"),
    )
    today = made.run.today
    rows = [("0", _("today"), 0.0, 0, today)]
    rows += [
        (
            str(m.month),
            "\n".join(made.name(b) for b in m.switched) or "-",
            m.officers_freed,
            m.officers_waiting,
            state,
        )
        for m, state in zip(found.months, made.states, strict=True)
    ]
    for month, switched, freed, waiting, state in rows:
        shown.add_row(
            month,
            escape(switched),
            f"{freed:.1f}",
            str(waiting),
            f"{state.mean_response_min:.1f}",
            f"{escape(state.worst_township)} {state.worst_township_response_min:.1f}",
        )
    console.print(shown)
    late = f"{found.proof.objective or 0.0:,.1f}"
    if found.proof.status is Status.OPTIMAL:
        told = _("Proven: no order that keeps the standards frees officers earlier")
    else:
        told = _("Not proven to be the earliest order: the time limit ran out")
    told += _("; ") + _("{late} officer-months later than all at once.").format(late=late)
    console.print(escape(told), soft_wrap=not told.isascii())
    for line in (
        _spread_text(found, _),
        _(
            "Every month keeps the rules of the plan, its counts aside; road duty changes hands "
            "with the last bundle."
        ),
        _(
            "Waiting: officers whose bundle is switched on, and the bundle they go to is not."
        ),
    ):  # fmt: skip
        console.print(f"[dim]{escape(line)}", soft_wrap=not line.isascii())


def _spread_text(found: Rollout, _: Translate) -> str:
    """Under which spread over the months the order is the best."""
    least, most = found.least_in_month, found.most_in_month
    if least == most:
        return _("Of the orders with {n} bundles switched in each month.").format(n=most)
    if least:
        return _("Of the orders with {least} to {most} bundles switched in each month.").format(
            least=least, most=most
        )
    return _(
        "Of the orders with at most {most} bundles switched in a month; fewer bundles than months "
        "leave months empty."
    ).format(most=most)


def _show_blocked(made: Phased, console: Console, _: Translate) -> None:
    blocked = made.found.blocked
    if not blocked:
        console.print(_("The time limit ran out before an order was found."))
        return
    console.print(_("No order keeps the standards in every month. In the way:"))
    for one in blocked:
        console.print(f"  [bold]{escape(made.name(one.bundle))}")
        lines = [v.text(_) for v in one.broken]
        if one.officers_missing:
            lines.append(
                _("it needs {n} officers more than are in post or freed by then").format(
                    n=one.officers_missing
                )
            )
        for line in lines:
            console.print(f"    - {escape(line)}", soft_wrap=not line.isascii())
