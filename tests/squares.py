"""A job for workers to do; in a file of its own, so that a worker imports nothing heavy for it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from scenarios.fan_out import Task


@dataclass(frozen=True)
class Squares:
    """A job that notes where it was opened; `deadly` items end their worker."""

    folder: str
    deadly: frozenset[int] = frozenset()
    once: bool = True

    def open(self) -> Task:
        (Path(self.folder) / f"opened-{os.getpid()}").touch()

        def task(item: int) -> int:
            if item in self.deadly:
                scar = Path(self.folder) / f"died-{item}"
                if not (self.once and scar.exists()):
                    scar.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            return item * item

        return task
