"""Many independent tasks on one machine (joblib) or on a Dask cluster, with the same results.

A `Job` is what all tasks share, such as a loaded case. It travels once per worker process, never
once per task, and is opened there once. Tasks are pure functions of the opened job and their item,
so neither the number of workers, nor their order, nor a worker that died changes a result.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
import platform
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from optimizer.errors import InputError, JingliError, Problem

CLUSTER = "--cluster"
# Packages that could make another number of the same input.
PACKAGES = ("jingli", "numpy", "scipy", "pandas", "shapely", "pyproj", "ortools")
# A pool that breaks this often without finishing a task breaks because of a task.
FRUITLESS_ROUNDS = 3
CONNECT_S = 20.0
# Tasks a cluster holds per thread: enough that none waits for us, few enough to forget.
IN_FLIGHT_PER_THREAD = 4

Task = Callable[[Any], Any]


class Job(Protocol):
    """What all tasks share. Must pickle."""

    def open(self) -> Task:
        """The function that does one task; called once in each worker process."""


class WorkersLostError(JingliError):
    """Workers died again and again without finishing a task."""


def fan_out(
    job: Job, items: Sequence[Any], *, workers: int = 1, cluster: str | None = None
) -> Iterator[tuple[int, Any]]:
    """Do one task per item; yield (row of the item, result) as they finish, in any order.

    Args:
        job: Shared by all tasks.
        items: What each task gets.
        workers: Processes on this machine; 1 = in this process.
        cluster: Address of a Dask scheduler; then `workers` is not used.

    Raises:
        InputError: the cluster cannot be reached, has no worker, or runs other versions.
        WorkersLostError: workers died `FRUITLESS_ROUNDS` times in succession for nothing.
    """
    if not items:
        return
    if cluster is not None:
        yield from _on_cluster(job, items, cluster)
    elif min(workers, len(items)) <= 1:
        task = job.open()
        for row, item in enumerate(items):
            yield row, task(item)
    else:
        yield from _on_this_machine(job, items, min(workers, len(items)))


def versions() -> dict[str, str]:
    """Versions of everything that the results depend on."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "-"
    return found


def _our_versions() -> dict[str, str]:
    """Versions of this process; the workers call `versions` themselves."""
    return versions()


# --- in a worker ----------------------------------------------------------------------------

_opened: dict[str, Task] = {}
_opening = threading.Lock()


def _task(key: str, read: Callable[[], bytes]) -> Task:
    """The opened job of this process. A process serves one sweep, so one is kept."""
    with _opening:
        if key not in _opened:
            if threading.current_thread() is threading.main_thread():
                # Ctrl-C is for the driver, which then ends its workers.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            _opened.clear()
            _opened[key] = pickle.loads(read()).open()
        return _opened[key]


def _from_file(path: str, key: str, row: int, item: Any) -> tuple[int, Any]:
    return row, _task(key, Path(path).read_bytes)(item)


def _from_memory(blob: bytes, key: str, row: int, item: Any) -> tuple[int, Any]:
    return row, _task(key, lambda: blob)(item)


def _frozen(job: Job) -> tuple[bytes, str]:
    blob = pickle.dumps(job, protocol=5)
    return blob, hashlib.sha256(blob).hexdigest()


# --- one machine ----------------------------------------------------------------------------


def _on_this_machine(job: Job, items: Sequence[Any], workers: int) -> Iterator[tuple[int, Any]]:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import get_reusable_executor

    blob, key = _frozen(job)
    left = dict(enumerate(items))
    fruitless = 0
    with tempfile.TemporaryDirectory(prefix="jingli-") as folder:
        shared = Path(folder) / "job"
        shared.write_bytes(blob)
        # One thread per worker: sums come out the same however many cores there are.
        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            try:
                while left:
                    before = len(left)
                    pool = Parallel(return_as="generator_unordered", batch_size=1)
                    tasks = (
                        delayed(_from_file)(str(shared), key, r, i) for r, i in [*left.items()]
                    )
                    try:
                        for row, result in pool(tasks):
                            del left[row]
                            yield row, result
                    except BrokenProcessPool as error:
                        fruitless = 0 if len(left) < before else fruitless + 1
                        if fruitless == FRUITLESS_ROUNDS:
                            raise _lost() from error
            finally:
                if left:
                    get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _lost() -> WorkersLostError:
    return WorkersLostError(
        "worker processes were ended again and again, perhaps for want of memory; what was "
        "finished is kept: run the same command again with fewer workers"
    )


# --- a cluster ------------------------------------------------------------------------------


def _on_cluster(job: Job, items: Sequence[Any], url: str) -> Iterator[tuple[int, Any]]:
    blob, key = _frozen(job)
    client = _client(url)
    try:
        left = dict(enumerate(items))
        fruitless = 0
        while left:
            before = len(left)
            for row, result in _round(client, blob, key, dict(left)):
                del left[row]
                yield row, result
            fruitless = 0 if len(left) < before else fruitless + 1
            if fruitless == FRUITLESS_ROUNDS:
                raise _lost()
    finally:
        client.close()


def _round(client: Any, blob: bytes, key: str, left: dict[int, Any]) -> Iterator[tuple[int, Any]]:
    """Do what is left. Ends early when the shared data went down with its last holder."""
    api = _distributed()
    # On every worker, so that it outlives any one of them.
    shared = client.scatter(blob, broadcast=True)
    waiting = iter(left.items())
    threads = sum(client.nthreads().values()) or 1
    running = api.as_completed(loop=client.loop)

    def submit() -> None:
        for row, item in waiting:
            running.add(client.submit(_from_memory, shared, key, row, item, pure=False))
            return

    for _ in range(threads * IN_FLIGHT_PER_THREAD):
        submit()
    for future in running:
        if future.status == "finished":
            yield future.result()
            submit()
        elif future.status == "error":
            error = future.exception()
            if isinstance(error, api.KilledWorker):
                raise _lost() from error
            raise error
        else:
            return


def _client(url: str) -> Any:
    """A client of the scheduler at `url` whose workers would compute what we compute."""
    api = _distributed()
    try:
        client = api.Client(url, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise InputError(
            [
                Problem(
                    where=CLUSTER,
                    value=url,
                    expected="the address of a running Dask scheduler, such as tcp://10.0.0.1:8786",
                    fix="start one with `dask scheduler`, or correct the address",
                )
            ]
        ) from None
    try:
        _check_workers(client, url)
    except BaseException:
        client.close()
        raise
    return client


def _distributed() -> Any:
    """The package, which has no types."""
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise InputError(
            [
                Problem(
                    where=CLUSTER,
                    expected="the package distributed",
                    fix="install it: pip install jingli[cluster]",
                )
            ]
        ) from None


def _check_workers(client: Any, url: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise InputError(
            [
                Problem(
                    where=CLUSTER,
                    value=url,
                    expected="at least one worker at the scheduler",
                    fix="start workers with `dask worker` and its address",
                )
            ]
        ) from None
    ours = _our_versions()
    apart = sorted(
        f"{worker}: {package} {theirs.get(package, '-')}"
        for worker, theirs in client.run(versions).items()
        for package in ours
        if theirs.get(package, "-") != ours[package]
    )
    if apart:
        raise InputError(
            [
                Problem(
                    where=CLUSTER,
                    value="; ".join(apart[:5]) + ("; …" if len(apart) > 5 else ""),
                    expected="workers with the same versions as here: {versions}",
                    fix="install the same versions on every worker",
                    params={"versions": ", ".join(f"{k} {v}" for k, v in ours.items())},
                )
            ]
        )
