"""Long work on the console: a bar with the time left, and Ctrl-C that loses nothing."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any


class Stop:
    """Ctrl-C, remembered: one that a library swallows ends the work at the next `check`."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> Stop:
        # Handlers belong to the main thread; elsewhere there is no Ctrl-C to catch.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def _take(self, _signal: int, _frame: object) -> None:
        self._asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Stop now if it was asked for.

        Raises:
            KeyboardInterrupt: it was.
        """
        if self._asked:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


class Bar:
    """A bar with the time left, on stderr, where somebody watches.

    Args:
        names: What each step is called.
        quiet: Whether to show nothing.
    """

    def __init__(self, names: Mapping[str, str], *, quiet: bool) -> None:
        self._names = names
        self._quiet = quiet or not sys.stderr.isatty()
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        if not self._quiet:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("<"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
        return self

    def show(self, step: str, done: int, of: int) -> None:
        """So many of a step are done."""
        if self._bar is None:
            return
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(
                self._names.get(step, step), total=of, completed=done
            )
        self._bar.update(self._tasks[step], completed=done)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __exit__(self, *_: object) -> None:
        self.close()
