"""A job whose tasks say how long they took in the worker, so that what is left is the fan-out's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from scenarios.fan_out import Job, Task


@dataclass(frozen=True, slots=True)
class Timed:
    """Another job, timed.

    Attributes:
        job: The job.
        turn: Jobs of different turns are opened anew, with an empty memory.
    """

    job: Job
    turn: int

    def open(self) -> Task:
        """A task that gives wall seconds and processor seconds instead of its result."""
        task = self.job.open()

        def timed(item: Any) -> tuple[float, float]:
            wall, busy = time.perf_counter(), time.process_time()
            task(item)
            return time.perf_counter() - wall, time.process_time() - busy

        return timed
