"""The scenarios of a case: who inherits from whom, and what each changes against its parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenarios.case import Case
from scenarios.library import Entry, as_text
from scenarios.scenario import Scenario, Step, leaves
from scenarios.scenario_schema import DATA_KEYS, ScenarioSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that a scenario sets itself.

    Attributes:
        key: Dotted key.
        before: Value it inherits; empty where that is known only from the data.
        after: Value it sets.
        origin: The scenario, or the block that says so.
        reason: Why.
    """

    key: str
    before: str
    after: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One scenario.

    Attributes:
        name: Its name.
        description: What it says of itself.
        parents: Names under `extends`.
        file: Where it is written.
        is_default: Run when none is named.
        settings: What it changes against its parents, in order.
    """

    name: str
    description: str
    parents: tuple[str, ...]
    file: str
    is_default: bool
    settings: tuple[Setting, ...]


def scenario_tree(case: Case) -> tuple[Leaf, ...]:
    """Every scenario of `case`, parents before children, siblings as written.

    Only the scenario files are read, not the data.
    """
    found = {}
    for name, entry in case.library.scenarios.items():
        spec = entry.spec
        assert isinstance(spec, ScenarioSpec)
        found[name] = Leaf(
            name=name,
            description=spec.description,
            parents=spec.extends,
            file=entry.shown,
            is_default=name == case.spec.default_scenario,
            settings=tuple(_settings(case.scenario(name))),
        )
    ordered: dict[str, Leaf] = {}

    def place(leaf: Leaf) -> None:
        for parent in leaf.parents:
            place(found[parent])
        ordered.setdefault(leaf.name, leaf)

    for leaf in found.values():
        place(leaf)
    return tuple(ordered.values())


def _settings(scenario: Scenario) -> Iterator[Setting]:
    for override in scenario.overrides:
        if override.is_own:
            yield Setting(
                key=override.key,
                before=override.before,
                after=override.after,
                origin=override.origin,
                reason=override.reason,
            )
    for step in scenario.steps:
        if step.is_own:
            yield from _data_settings(step)


def _data_settings(step: Step) -> Iterator[Setting]:
    entry: Entry = step.entry
    said: Mapping[str, Any] = entry.spec.model_dump(
        mode="json", exclude_unset=True, include=set(DATA_KEYS)
    )
    for path, value in leaves(said):
        if not path or path[-1] == "reason":
            continue
        yield Setting(
            key=".".join(path),
            before="",
            after=as_text(value),
            origin=step.name,
            reason=step.reason,
        )
