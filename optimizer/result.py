"""What a decision returns: a status that is never more than was proven, and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from optimizer.errors import Translate, untranslated
from optimizer.plan import Plan


class Status(Enum):
    """How much is known about a decision."""

    OPTIMAL = "OPTIMAL"
    """Proven: no better plan exists under the policy."""
    FEASIBLE = "FEASIBLE"
    """A plan that keeps every rule, with a bound on how much better another could be."""
    INFEASIBLE = "INFEASIBLE"
    """Proven: no plan keeps every rule; the clashing rules are named."""
    UNKNOWN = "UNKNOWN"
    """The limits ran out before a plan or a proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One change of one rule that would make a plan possible.

    Attributes:
        rule: Name of the rule (a dotted policy key where there is one).
        present: Its value now: a value, or a message template in English.
        needed: The nearest value under which a plan exists, likewise; `dropped` where only
            leaving the rule out helps.
        params: Values for the braces of both; empty where there are none. Stations are groups of
            ids, each a tuple.
    """

    rule: str
    present: str
    needed: str
    params: Mapping[str, object] = field(default_factory=dict)

    def present_text(
        self, translate: Translate = untranslated, name: Mapping[str, str] | None = None
    ) -> str:
        """The present value in the language of `translate`, stations by `name` or else by id."""
        return self._said(translate(self.present), name or {})

    def needed_text(
        self, translate: Translate = untranslated, name: Mapping[str, str] | None = None
    ) -> str:
        """The value that helps, likewise."""
        return self._said(translate(self.needed), name or {})

    def _said(self, text: str, name: Mapping[str, str]) -> str:
        # Without params a brace is part of a name that the planner gave.
        if not self.params:
            return text
        shown = {
            key: ", ".join("+".join(name.get(s, s) for s in group) for group in value)
            if isinstance(value, tuple)
            else value
            for key, value in self.params.items()
        }
        return text.format(**shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Status of one stage of the chain, with its evidence.

    Attributes:
        stage: `bundling`, `traffic` or `staffing`.
        status: What was proven.
        objective: Value of the plan in the stage's objective; None without a plan.
        objective_unit: Unit of `objective` and `bound`.
        bound: No plan can have an objective below this; None where not known.
        method: The exact method in a few words.
        clashing_rules: For INFEASIBLE: a minimal set of rules that cannot hold together.
        relaxations: For INFEASIBLE: single changes that each make a plan possible.
        joint_relaxations: For INFEASIBLE where no single change was found: changes that make a
            plan possible when made together.
    """

    stage: str
    status: Status
    objective: float | None = None
    objective_unit: str = ""
    bound: float | None = None
    method: str = ""
    clashing_rules: tuple[str, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    joint_relaxations: tuple[tuple[Relaxation, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.status is Status.OPTIMAL and self.gap_fraction != 0.0:
            raise ValueError(f"{self.stage}: OPTIMAL needs a bound equal to the objective")
        if self.status is Status.FEASIBLE and self.objective is None:
            raise ValueError(f"{self.stage}: FEASIBLE needs an objective")

    @property
    def gap_fraction(self) -> float | None:
        """(objective - bound) / |objective|, 0 when proven; None where either is not known."""
        if self.objective is None or self.bound is None:
            return None
        apart = self.objective - self.bound
        if apart <= 1e-9 * max(1.0, abs(self.objective)):
            return 0.0
        return apart / abs(self.objective) if self.objective else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A plan (or none) and the proof of each stage, in the order the stages ran."""

    plan: Plan | None
    proofs: tuple[Proof, ...]

    @property
    def status(self) -> Status:
        """The weakest status of the stages."""
        found = {p.status for p in self.proofs}
        for status in (Status.INFEASIBLE, Status.UNKNOWN, Status.FEASIBLE):
            if status in found:
                return status
        return Status.OPTIMAL
