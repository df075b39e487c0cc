"""A run explained: opened in the world it was made in, its bundles set among what could have been.

Bundling alone is solved again, with the run's policy; road duty, reassignment and the officers'
moves stay as they are and are not weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from optimizer.errors import InputError, Problem
from optimizer.explain_board import Board, Change, board_of
from optimizer.explain_bundle import BundleWhy, bundle_why
from optimizer.explain_pair import SetWhy, rejected_pairs, set_why
from optimizer.plan import Bundle
from scenarios.names import Names, Wrong
from scenarios.opened import Opened


class Explanation:
    """Answers about a run that has a plan, each computed when it is asked for.

    Args:
        opened: The run.

    Raises:
        InputError: a bundle of the plan breaks a rule, so that it is no plan of ours.
    """

    def __init__(self, opened: Opened) -> None:
        assert opened.plan is not None
        self.opened = opened
        self.board: Board = board_of(
            opened.loaded.county, opened.loaded.policy, opened.plan.bundles
        )
        stations = opened.loaded.county.stations
        self.name = dict(zip(stations.station_id, stations.name, strict=True))
        self._refuse_strange_bundles()

    @cached_property
    def bundles(self) -> tuple[BundleWhy, ...]:
        """Every bundle of two or more, the one that frees most first."""
        joint = [bundle_why(self.board, b) for b in self.board.bundles if b.office_ids]
        return tuple(
            sorted(joint, key=lambda w: (w.together.officers - w.apart.officers, w.bundle))
        )

    @cached_property
    def lone(self) -> tuple[SetWhy, ...]:
        """Every station that stays alone, and why."""
        alone = [b.centre_id for b in self.board.bundles if not b.office_ids]
        return tuple(set_why(self.board, [s]) for s in alone)

    @cached_property
    def pairs(self) -> tuple[SetWhy, ...]:
        """Every two neighbours that are not in one bundle, and why."""
        return rejected_pairs(self.board)

    @cached_property
    def locks(self) -> Change | None:
        """The plan's best rival without any lock, against the plan; None where there are none."""
        if not self.board.locks():
            return None
        everything = self.board.columns.size > 0
        return self.board.change(everything, locks=False)

    def bundle_of(self, station_id: str) -> Bundle:
        """The bundle a station is in."""
        return next(b for b in self.board.bundles if station_id in b.station_ids)

    def why_bundle(self, station_id: str) -> BundleWhy:
        """Why the bundle of a station is in the plan."""
        return bundle_why(self.board, self.bundle_of(station_id))

    def why_set(self, station_ids: Sequence[str]) -> SetWhy:
        """Why stations share no bundle; of one, why it is in none."""
        return set_why(self.board, station_ids)

    def neighbours_of(self, station_id: str) -> tuple[SetWhy, ...]:
        """The pairs of a station with each of its neighbours."""
        county = self.opened.loaded.county
        ids = county.stations.station_id
        near = county.neighbours()[ids.index(station_id)]
        return tuple(set_why(self.board, [station_id, ids[s]]) for s in sorted(near))

    def ids(self, typed: str, option: str) -> tuple[str, ...]:
        """Station ids of names or ids in a row, separated by commas of either script.

        Raises:
            InputError: every name that no station has, or that several have.
        """
        stations = self.opened.loaded.county.stations
        names = Names("station", stations.station_id, stations.name)
        problems, found = [], []
        for text in [t.strip() for t in _split(typed)]:
            one = names.find(text)
            if isinstance(one, Wrong):
                problems.append(one.problem(option, text))
            else:
                found.append(one)
        if problems:
            raise InputError(problems)
        return tuple(sorted(set(found)))

    def _refuse_strange_bundles(self) -> None:
        board, strange = self.board, []
        for bundle in board.bundles:
            rows = board.rows(bundle.station_ids)
            centre = self.opened.loaded.county.stations.station_id.index(bundle.centre_id)
            known = board.exactly(rows) & (board.columns.host == centre) & board.asked
            if not known.any():
                strange.append(bundle)
        if strange:
            raise InputError(
                [
                    Problem(
                        where=self.opened.label,
                        value=", ".join(self.name[s] for s in b.station_ids),
                        expected="a bundle that keeps every rule of the run's policy",
                        fix="run the scenario again, then name the new run",
                    )
                    for b in strange
                ]
            )


def _split(typed: str) -> list[str]:
    for mark in ("，", "、", ";", "；", "+"):
        typed = typed.replace(mark, ",")
    return [part for part in typed.split(",") if part.strip()]
