"""From what a planner wrote to one resolved scenario: parents, blocks and values, in order.

The order is the same everywhere: parents as `extends` lists them (each with its own parents and
blocks first), then the blocks that `overrides` lists, then the scenario's own values, then `--set`.
What several parents share is applied once, where it first stands. Mappings are merged key by key,
lists are replaced. Every override that a scenario makes itself must change something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from optimizer.errors import InputError, Problem, Translate, untranslated
from optimizer.policy import Policy
from scenarios.library import COMBINE, Entry, Library, as_text, did_you_mean, unchanged, unknown
from scenarios.scenario_schema import ScenarioSpec
from scenarios.set_values import (
    GIVEN_ON_COMMAND_LINE,
    NOWHERE,
    SET,
    More,
    set_block,
    shown_set,
)
from scenarios.spec_errors import problems_of

_WHOLE = (("bundling", "locks", "fix"), ("bundling", "changes", "from_centres"))
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One block in the order in which it is applied.

    Attributes:
        name: The scenario or block, or `--set`.
        entry: What it says.
        is_own: Said by the scenario itself, not by a parent: it must change something.
    """

    name: str
    entry: Entry
    is_own: bool

    @property
    def reason(self) -> str:
        """Why, for overrides that give no reason of their own."""
        return self.entry.spec.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What follows from a change, such as where the officers of a closed station go.

    Attributes:
        template: Message template in English.
        params: Values for its braces.
    """

    template: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, translate: Translate = untranslated) -> str:
        """Say it in the language of `translate`."""
        return translate(self.template).format(**self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value that a scenario changes, for the report.

    Attributes:
        key: Dotted key, such as `policy.bundling.centres` or `stations.S202.close`.
        place: Name of the station, squad or unit that the key is of; empty elsewhere.
        before: Value without the override; empty where there was none.
        after: Value with it.
        origin: Scenario or block that says so.
        file, line: Where it is written; the line is None on the command line.
        reason: Why.
        is_own: Said by the scenario itself, not by a parent.
        effect: What follows from it, where that is not plain.
    """

    key: str
    before: str
    after: str
    origin: str
    file: str
    line: int | None
    reason: str
    is_own: bool
    place: str = ""
    effect: Effect | None = None

    def reason_text(self, translate: Translate = untranslated) -> str:
        """Why; for the command line in the language of `translate`, else as written."""
        return translate(GIVEN_ON_COMMAND_LINE) if self.origin == SET else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario with nothing left to look up but names of places.

    Attributes:
        name: As asked for; None = the case as it is.
        sets: What `--set` added, as typed.
        description: For people.
        parents: Names under `extends`.
        steps: All blocks, in order.
        policy: The policy after all of them; locks may still name stations by name.
        overrides: What they change in the policy, in order.
    """

    name: str | None
    sets: tuple[str, ...] = ()
    description: str = ""
    parents: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    policy: Policy
    overrides: tuple[Override, ...] = ()

    @property
    def label(self) -> str | None:
        """Name for outputs: no two different scenarios of one case share it."""
        return ", ".join(filter(None, (self.name, *map(shown_set, self.sets)))) or None


def resolve(
    library: Library,
    name: str | None,
    sets: Sequence[str] = (),
    *,
    sets_must_change: bool = True,
) -> Scenario:
    """The scenario `name` with the values of `--set`.

    Args:
        library: What the case offers.
        name: A scenario; several scenarios and blocks joined by `+` are applied in that order;
            None for the case as it is.
        sets: Each `a.b=value`, the value as in YAML.
        sets_must_change: Whether a value of `sets` that is the present one is an error; a sweep
            passes the present values too.

    Raises:
        InputError: every problem at once: unknown and circular names, overrides that do not fit
            the policy or change nothing.
    """
    order = _Order(library)
    spec = order.asked(name) if name is not None else ScenarioSpec()
    if sets:
        order.add_sets(sets, must_change=sets_must_change)
    policy, overrides = _policy(library.policy, order)
    if order.problems:
        raise InputError(order.problems)
    return Scenario(
        name=name,
        sets=tuple(sets),
        description=spec.description,
        parents=spec.extends,
        steps=tuple(order.steps),
        policy=policy,
        overrides=tuple(overrides),
    )


def library_problems(library: Library) -> list[Problem]:
    """Every problem of every scenario, each once."""
    found: list[Problem] = []
    for name in library.scenarios:
        try:
            resolve(library, name)
        except InputError as error:
            found.extend(p for p in error.problems if p not in found)
    return found


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`: mappings are merged key by key, all else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = deep_merge(merged[key], value)
        elif isinstance(value, More):
            held = merged.get(key) or []
            merged[key] = [*held, *(v for v in value if v not in held)]
        else:
            merged[key] = value
    return merged


class _Order:
    """Puts blocks in order; remembers what has been applied and what is wrong."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.steps: list[Step] = []
        self.problems: list[Problem] = []
        self._done: dict[tuple[str, str], str] = {}

    def asked(self, name: str) -> ScenarioSpec:
        """Add the scenario that the planner asked for."""
        if name in self.library.scenarios or COMBINE not in name:
            spec = self._scenario(name, (), is_own=True)
            return spec if spec is not None else ScenarioSpec()
        parts = tuple(p.strip() for p in name.split(COMBINE))
        for part in parts:
            if part in self.library.scenarios:
                self._scenario(part, (), is_own=False)
            elif part in self.library.blocks:
                self._block(part, self.library.blocks[part], (), name, is_own=True)
            else:
                known = [*self.library.scenarios, *self.library.blocks]
                self.problems.append(unknown("scenario", part, known))
        described = [s.entry.spec for s in self.steps if s.name in parts]
        texts = (s.description for s in described if isinstance(s, ScenarioSpec))
        return ScenarioSpec(extends=parts, description=" + ".join(filter(None, texts)))

    def add_sets(self, sets: Sequence[str], *, must_change: bool) -> None:
        """Add the block of the command line."""
        block, problems = set_block(sets)
        self.problems += problems
        entry = Entry(spec=block, document=NOWHERE, shown=SET)
        self.steps.append(Step(name=SET, entry=entry, is_own=must_change))

    def _scenario(
        self, name: str, trail: tuple[str, ...], *, is_own: bool, asker: Entry | None = None
    ) -> ScenarioSpec | None:
        entry = self.library.scenarios.get(name)
        if entry is None or not isinstance(entry.spec, ScenarioSpec):
            problem = unknown("scenario", name, list(self.library.scenarios))
            if asker is not None:
                said = asker.problem(("extends",), problem.expected, problem.fix, value=name)
                problem = replace(said, params=problem.params)
            self.problems.append(problem)
            return None
        if name in trail:
            self._circle((*trail[trail.index(name) :], name))
            return None
        spec = entry.spec
        if ("scenario", name) in self._done:
            return spec
        for parent in spec.extends:
            self._scenario(parent, (*trail, name), is_own=False, asker=entry)
        for i, item in enumerate(spec.overrides):
            self._listed(item.use, i, name, entry, is_own=is_own)
        self._done["scenario", name] = name
        self.steps.append(Step(name=name, entry=entry, is_own=is_own))
        return spec

    def _circle(self, names: tuple[str, ...]) -> None:
        """Say a circle once, at the first of its names in the alphabet."""
        ring = names[:-1]
        start = ring.index(min(ring))
        ring = (*ring[start:], *ring[:start], ring[start])
        problem = self.library.scenarios[ring[0]].problem(
            ("extends",),
            "parents that end somewhere, not a circle",
            "take one of them out of its `extends`",
            value=" -> ".join(ring),
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def _listed(self, use: str | None, i: int, by: str, entry: Entry, *, is_own: bool) -> None:
        """Add entry `i` of a scenario's `overrides`."""
        assert isinstance(entry.spec, ScenarioSpec)
        path = ("overrides", i)
        if use is None:
            inline = entry.spec.overrides[i]
            here = replace(entry, spec=inline, prefix=(*entry.prefix, *path))
            label = inline.name or f"{by} {i + 1}"
            self.steps.append(Step(name=label, entry=here, is_own=is_own))
            return
        block = self.library.blocks.get(use)
        if block is None:
            known = list(self.library.blocks)
            fix, near = did_you_mean(use, known, "check the spelling")
            self.problems.append(
                entry.problem(
                    path,
                    "a block of this case: {known}",
                    fix,
                    value=use,
                    known=", ".join(known) or "-",
                    near=near,
                )
            )
            return
        earlier = self._done.get(("block", use))
        if earlier is not None and is_own:
            self.problems.append(
                entry.problem(
                    path,
                    "a block that changes something; {earlier} has applied it already",
                    "delete it here",
                    value=use,
                    earlier=earlier,
                )
            )
        self._block(use, block, path, by, is_own=is_own)

    def _block(
        self, name: str, block: Entry, path: Sequence[str | int], by: str, *, is_own: bool
    ) -> None:
        if ("block", name) not in self._done:
            self._done["block", name] = by
            self.steps.append(Step(name=name, entry=block, is_own=is_own))


def _policy(base: Policy, order: _Order) -> tuple[Policy, list[Override]]:
    """The policy after all steps, and what each changed; problems go to `order`."""
    policy, overrides = base, []
    present = base.model_dump(mode="json")
    for step in order.steps:
        entry = step.entry
        written, twice = expand_policy(entry)
        order.problems += [p for p in twice if step.is_own or step.name == SET]
        if not written:
            continue
        merged = present
        for tree, _ in written.values():
            merged = deep_merge(merged, tree)
        try:
            policy = Policy.model_validate(merged)
        except ValidationError as error:
            if step.is_own or step.name == SET:
                prefix = (*entry.prefix, "policy")
                order.problems += problems_of(error, entry.document, entry.shown, Policy, prefix)
            continue
        after = policy.model_dump(mode="json")
        for path, (_, at) in written.items():
            was, now = value_at(present, path), value_at(after, path)
            if was != now:
                overrides.append(policy_override(step, path, at, was, now))
            elif step.is_own and not isinstance(value_at(written[path][0], path), More):
                order.problems.append(unchanged(entry, at, now))
        present = after
    return policy, overrides


def expand_policy(
    entry: Entry,
) -> tuple[dict[tuple[str, ...], tuple[dict[str, Any], tuple[str, ...]]], list[Problem]]:
    """Values of a block's policy by path: each as a tree, with the path it was written under.

    A first key may be dotted. Two values for one path are a problem.
    """
    found: dict[tuple[str, ...], tuple[dict[str, Any], tuple[str, ...]]] = {}
    problems: list[Problem] = []
    for first, value in entry.spec.policy.items():
        start = tuple(str(first).split("."))
        for rest, leaf in leaves(value, start):
            path, at = (*start, *rest), ("policy", str(first), *rest)
            if any(path[: len(p)] == p or p[: len(path)] == path for p in found):
                problems.append(entry.problem(at, "each key once", "delete one of the two"))
                continue
            tree: Any = leaf
            for step in reversed(path):
                tree = {step: tree}
            found[path] = (tree, at)
    return found, problems


def leaves(tree: object, start: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Path and value of everything in `tree` that is no mapping, or an empty one.

    Bundles by station are one value, not one a station; `start` is where `tree` stands.
    """
    if isinstance(tree, Mapping) and tree and start not in _WHOLE:
        for key, value in tree.items():
            for path, leaf in leaves(value, (*start, str(key))):
                yield (str(key), *path), leaf
    else:
        yield (), tree


def value_at(tree: Any, path: Sequence[str]) -> Any:
    """Value at `path`, or None where there is none."""
    for step in path:
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def policy_override(
    step: Step, path: Sequence[str], at: Sequence[str], was: object, now: object
) -> Override:
    """An override of a policy value; without a reason, the scenario's description stands for it."""
    spec = step.entry.spec
    said = spec.description if isinstance(spec, ScenarioSpec) else ""
    return Override(
        key=".".join(("policy", *path)),
        before=_shortened(as_text(was), path),
        after=_shortened(as_text(now), path),
        origin=step.name,
        file=step.entry.shown,
        line=step.entry.line_of(at),
        reason=step.reason or said,
        is_own=step.is_own,
    )


def _shortened(text: str, path: Sequence[str]) -> str:
    """A plan's bundles are many words."""
    is_long = tuple(path) in _WHOLE and len(text) > _LONGEST
    return text[:_LONGEST] + " …" if is_long else text
