"""Steering by hand on the command line: locks, fixed plans, staying near a plan, barriers.

The options become policy values, as if they stood in a scenario, so that a run steered here is the
run that the same words in YAML give. They add to the scenario's own.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from optimizer.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenarios.kept import OpenStore
    from scenarios.prepared import Prepared

_COMMAS = re.compile(r"[,，、;；]")
_STATIONS = "A,B"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What the options of one command line say, as typed.

    Attributes:
        together, apart, keep, host: Locks; stations by id or name, several by comma.
        fix_plan: Plan whose bundles stay; None = none.
        free: Stations whose bundle is not fixed after all.
        from_plan: Plan to stay near; None = as the scenario says, else today.
        max_changes: Stations with another centre than there at the most.
        change_price: Price of each, in officers.
        barrier: Pairs that are no neighbours.
    """

    together: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    fix_plan: str | None = None
    free: tuple[str, ...] = ()
    from_plan: str | None = None
    max_changes: int | None = None
    change_price: float | None = None
    barrier: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) not in ((), None) for f in fields(self))

    def sets(
        self,
        prepared: Prepared,
        scenario: str | None,
        given: Sequence[str],
        open_store: OpenStore,
    ) -> tuple[str, ...]:
        """`given` and the options as values of `--set`.

        Args:
            prepared: The case.
            scenario: The scenario that is steered, for the stations that are there.
            given: What `--set` says already.
            open_store: Opens the store, where a plan is a run in it.

        Raises:
            InputError: a plan that is none, or a pair that is no pair.
        """
        locks, changes = "policy.bundling.locks", "policy.bundling.changes"
        found = list(given)
        for name in ("together", "apart"):
            groups = [_stations(text) for text in getattr(self, name)]
            if groups:
                found.append(f"{locks}.{name}+={_json(groups)}")
        for name in ("keep", "host", "free"):
            stations = [s for text in getattr(self, name) for s in _stations(text)]
            if stations:
                found.append(f"{locks}.{name}+={_json(stations)}")
        pairs = [_stations(text) for text in self.barrier]
        problems = [_no_pair(text) for text, p in zip(self.barrier, pairs, strict=True)
                    if len(p) != 2]  # fmt: skip
        if problems:
            raise InputError(problems)
        if pairs:
            found.append(f"policy.bundling.barriers+={_json(pairs)}")
        if self.fix_plan is not None or self.from_plan is not None:
            from scenarios.given_plan import given_bundles

            county = prepared.load(prepared.case.scenario(scenario, given)).county
            if self.fix_plan is not None:
                fixed = given_bundles(self.fix_plan, county, open_store)
                whole = {b.centre_id: list(b.station_ids) for b in fixed}
                found.append(f"{locks}.fix={_json(whole)}")
            if self.from_plan is not None:
                before = given_bundles(self.from_plan, county, open_store)
                centre_of = {s: b.centre_id for b in before for s in b.station_ids}
                found.append(f"{changes}.from_centres={_json(centre_of)}")
        if self.max_changes is not None:
            found.append(f"{changes}.max_stations={self.max_changes}")
        if self.change_price is not None:
            found.append(f"{changes}.price_per_station={self.change_price}")
        return tuple(found)


def refuse_for_province(steering: Steering) -> None:
    """Refuse to steer several counties at once: names are of one county.

    Raises:
        InputError: something is steered.
    """
    if steering:
        raise InputError(
            [
                Problem(
                    where="jingli run",
                    expected="one case, where a plan is steered by hand",
                    fix="run the counties one at a time, or write the locks into each case.yaml",
                )
            ]
        )


def steering_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as `steering`."""

    @functools.wraps(command)
    def collected(**given: Any) -> Any:
        said = {f.name: given.pop(f.name) for f in fields(Steering)}
        return command(**given, steering=Steering(**said))

    wrapped: Callable[..., Any] = collected
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _several(*names: str, metavar: str, text: str) -> Callable[..., Any]:
    return click.option(*names, multiple=True, metavar=metavar, help=text)


_OPTIONS: tuple[Callable[..., Any], ...] = (
    _several("--together", metavar=_STATIONS, text="These stations end in one bundle."),
    _several("--apart", metavar=_STATIONS, text="No two of these stations share a bundle."),
    _several("--keep", metavar="A", text="This station stays alone."),
    _several("--host", metavar="A", text="This station never becomes a police office."),
    _several("--barrier", metavar=_STATIONS, text="These two do not count as neighbours."),
    click.option(
        "--fix",
        "fix_plan",
        metavar="PLAN",
        default=None,
        help="All bundles of a plan stay: `today`, a run, its folder, or a plan file.",
    ),
    _several("--free", metavar=_STATIONS, text="The bundles of these stations are not fixed."),
    click.option(
        "--from",
        "from_plan",
        metavar="PLAN",
        default=None,
        help="Plan to stay near, named like --fix; default: today.",
    ),
    click.option(
        "--max-changes",
        type=click.IntRange(min=0),
        default=None,
        metavar="N",
        help="Stations with another centre than in that plan, at the most.",
    ),
    click.option(
        "--change-price",
        type=click.FloatRange(min=0),
        default=None,
        metavar="X",
        help="Price of each such station, in officers.",
    ),
)


def _stations(text: str) -> list[str]:
    return [s for part in _COMMAS.split(text) if (s := part.strip())]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _no_pair(text: str) -> Problem:
    return Problem(
        where="--barrier",
        value=text,
        expected="two stations, separated by a comma",
        fix="write --barrier A,B; repeat the option for another pair",
    )
