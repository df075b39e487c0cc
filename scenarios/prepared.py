"""One opened case in one process: read once, shared by all scenarios that are run on it."""

from __future__ import annotations

from collections.abc import Callable

from optimizer.errors import InputError
from optimizer.stage_memory import StageMemory
from scenarios.case import Case
from scenarios.changes import Cache, apply, load_key
from scenarios.drawings import read_drawings
from scenarios.load import Inspection, LoadedCase, inspect
from scenarios.scenario import Scenario


class Prepared:
    """A case whose files are read once per set of road speeds, and travel once per set of roads.

    Args:
        case: The opened case.
        watch: Told how far the reading of a long alert log is: file, read, of how much, rows.

    Attributes:
        memory: What stages answered for its scenarios.
    """

    def __init__(
        self, case: Case, watch: Callable[[str, int, int, int], None] | None = None
    ) -> None:
        self.case = case
        self._watch = watch
        self.memory = StageMemory()
        self._read: dict[str, tuple[Inspection, Cache]] = {}

    def inspection(self, scenario: Scenario) -> Inspection:
        """What reading the case's files turns up; the scenario matters for road speeds only."""
        return self._inspected(scenario)[0]

    def has_read_for(self, scenario: Scenario) -> bool:
        """Whether the files have been read for the scenario's road speeds already."""
        return load_key(scenario.policy) in self._read

    def load(self, scenario: Scenario) -> LoadedCase:
        """The case in the world of `scenario`.

        Raises:
            InputError: every problem of the case's files, or of the scenario.
        """
        inspection, cache = self._inspected(scenario)
        if inspection.loaded is None:
            raise InputError(inspection.problems)
        drawn, problems = read_drawings(scenario, self.case.folder)
        try:
            loaded = apply(inspection.loaded, scenario, drawn=drawn, cache=cache)
        except InputError as error:
            raise InputError([*problems, *error.problems]) from None
        if problems:
            raise InputError(problems)
        return loaded

    def _inspected(self, scenario: Scenario) -> tuple[Inspection, Cache]:
        key = load_key(scenario.policy)
        if key not in self._read:
            self._read[key] = inspect(self.case, scenario.policy, self._watch), Cache()
        return self._read[key]
