"""Beats: part an area into contiguous beats of even work, near to their seats; with a bound."""

from __future__ import annotations

from optimizer.beat_plan import BeatPlan, BeatResult, BeatTask
from optimizer.solver import Limits

__all__ = ["BeatPlan", "BeatResult", "BeatTask", "districts"]


def districts(task: BeatTask, limits: Limits | None = None) -> BeatResult:
    """Part the cells of a task into beats.

    Args:
        task: What is asked.
        limits: Time and seed; `time_limit_s` covers search and proof together.

    Raises:
        InputError: the task cannot be met whatever the search (`beat_problems.problems`).
    """
    raise NotImplementedError
