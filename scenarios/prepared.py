"""One opened case in one process: read once, shared by all scenarios that are run on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from optimizer.errors import InputError
from optimizer.frozen import digest
from optimizer.stage_memory import StageMemory
from scenarios.case import Case
from scenarios.changes import Cache, apply, load_key
from scenarios.drawings import read_drawings
from scenarios.load import Inspection, LoadedCase, inspect
from scenarios.scenario import Scenario


class Prepared:
    """A case whose files are read once per source of rates and road speeds, travel once per roads.

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
        """What reading the case's files turns up; road speeds and `alerts.forecast` matter."""
        return self._inspected(scenario)[0]

    def has_read_for(self, scenario: Scenario) -> bool:
        """Whether the files have been read as this scenario needs them already."""
        return read_key(scenario) in self._read

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
        key = read_key(scenario)
        if key not in self._read:
            case = case_for(self.case, scenario)
            self._read[key] = inspect(case, scenario.policy, self._watch), Cache()
        return self._read[key]


def read_key(scenario: Scenario) -> str:
    """Digest of what reading the case's files takes from a scenario."""
    return digest([load_key(scenario.policy), _forecast(scenario)])


def case_for(case: Case, scenario: Scenario) -> Case:
    """The case with the source of its alert rates that a scenario asks for: past or forecast."""
    use = _forecast(scenario)
    rules = case.spec.alert_rules
    if use is None or use == rules.forecast.use:
        return case
    forecast = rules.forecast.model_copy(update={"use": use})
    changed = rules.model_copy(update={"forecast": forecast})
    return replace(case, spec=case.spec.model_copy(update={"alert_rules": changed}))


def _forecast(scenario: Scenario) -> bool | None:
    """What the last block that speaks of it says; null takes an earlier one back."""
    said = [
        step.entry.spec.alerts.forecast
        for step in scenario.steps
        if "forecast" in step.entry.spec.alerts.model_fields_set
    ]
    return said[-1] if said else None
