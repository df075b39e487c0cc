"""The same results from one process, several, or a cluster, whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from optimizer.errors import InputError
from scenarios.counties import read_counties, solve_counties
from scenarios.fan_out import WorkersLostError, fan_out, versions
from scenarios.sweep import Sweep
from scenarios.sweep_outputs import write_sweep
from tests.small_case import Row, write_case
from tests.squares import Squares
from tests.sweep_support import ENVIRONMENT, POINTS, same_files, sweep_of, wait_for


def opened(folder: Path) -> int:
    return sum(p.name.startswith("opened") for p in folder.iterdir())


def test_in_this_process(tmp_path: Path) -> None:
    assert dict(fan_out(Squares(str(tmp_path)), [3, 1, 2])) == {0: 9, 1: 1, 2: 4}
    assert dict(fan_out(Squares(str(tmp_path)), [])) == {}
    assert opened(tmp_path) == 1


def test_a_job_is_opened_once_in_each_worker(tmp_path: Path) -> None:
    found = dict(fan_out(Squares(str(tmp_path)), range(40), workers=2))
    assert found == {i: i * i for i in range(40)}
    assert 1 <= opened(tmp_path) <= 2


def test_a_worker_that_dies_is_replaced_and_nothing_is_missing(tmp_path: Path) -> None:
    job = Squares(str(tmp_path), deadly=frozenset({7}))
    assert dict(fan_out(job, range(20), workers=2)) == {i: i * i for i in range(20)}
    assert (tmp_path / "died-7").exists()


def test_a_task_that_kills_every_worker_ends_in_an_error(tmp_path: Path) -> None:
    job = Squares(str(tmp_path), deadly=frozenset({0, 1}), once=False)
    found = []
    with pytest.raises(WorkersLostError, match="fewer workers"):
        found += [row for row, _ in fan_out(job, [0, 1], workers=2)]
    assert found == []


# --- a real sweep -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("fan") / "case")


def folder_of(sweep: Sweep, out: Path) -> Path:
    write_sweep(sweep, out, str, ["jingli", "sweep"])
    return out


@pytest.fixture(scope="module")
def local(small: Path) -> Path:
    return folder_of(sweep_of(small, small.parent / "local.journal"), small.parent / "local")


def test_two_processes_one_killed_midway_give_the_same_bytes(
    small: Path, local: Path, tmp_path: Path
) -> None:
    from joblib.externals.loky import get_reusable_executor

    killed: list[int] = []

    def kill_one(step: str, done: int, _of: int) -> None:
        if step == "points" and done == 2 and not killed:
            pid = min(get_reusable_executor(reuse=True)._processes)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    sweep = sweep_of(small, tmp_path / "j", workers=2, progress=kill_one)
    assert killed
    assert len(sweep.results) == POINTS
    same_files(local, folder_of(sweep, tmp_path / "out"))


@dataclass(frozen=True)
class Cluster:
    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


def address_in(scheduler_file: Path) -> str | None:
    """Address of the scheduler, once it has written its file to the end."""
    try:
        found: str = json.loads(scheduler_file.read_text(encoding="utf-8"))["address"]
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A Dask scheduler and two workers, each a process of its own, on loopback."""
    file = tmp_path / "scheduler.json"
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"log-{len(running)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                env=ENVIRONMENT, cwd=tmp_path, stdout=log, stderr=log,
            )  # fmt: skip
        running.append(process)
        return process

    try:
        start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(file),
        )  # fmt: skip
        # The file is there before its text is, and the workers read it too.
        wait_for(lambda: address_in(file) is not None)
        workers = tuple(
            start(
                "worker", "--scheduler-file", str(file), "--host", "127.0.0.1", "--nthreads", "1",
                "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path / f"w{i}"),
            )
            for i in range(2)
        )  # fmt: skip
        address = address_in(file)
        assert address is not None
        yield Cluster(address, workers)
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def both_there(address: str) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=90)


def test_a_cluster_one_worker_killed_midway_gives_the_same_bytes(
    small: Path, local: Path, tmp_path: Path, cluster: Cluster
) -> None:
    both_there(cluster.address)
    killed: list[int] = []

    def kill_one(step: str, done: int, _of: int) -> None:
        if step == "points" and done == 2 and not killed:
            cluster.workers[0].kill()
            cluster.workers[0].wait()
            killed.append(done)

    sweep = sweep_of(small, tmp_path / "j", cluster=cluster.address, progress=kill_one)
    assert killed == [2]
    assert len(sweep.results) == POINTS
    same_files(local, folder_of(sweep, tmp_path / "out"))


def test_no_scheduler_is_bad_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scenarios.fan_out.CONNECT_S", 0.2)
    with pytest.raises(InputError, match="running Dask scheduler"):
        list(fan_out(Squares(str(tmp_path)), [1], cluster="tcp://127.0.0.1:9"))


def test_workers_of_other_versions_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = versions() | {"numpy": "0.1"}
    monkeypatch.setattr("scenarios.fan_out._our_versions", lambda: ours)
    with pytest.raises(InputError, match=r"same versions.*numpy 0\.1"):
        list(fan_out(Squares(str(tmp_path)), [1], cluster=cluster.address))


def test_a_province_on_a_cluster_one_worker_killed_midway_is_the_province_here(
    tmp_path: Path, cluster: Cluster
) -> None:
    def more(officers: int) -> Callable[[list[Row]], None]:
        def stations(rows: list[Row]) -> None:
            rows[1]["officers"] += officers

        return stations

    folders = [write_case(tmp_path / f"c{i}", stations=more(i)) for i in range(5)]
    counties = read_counties([str(f) for f in folders], None, ())
    here = dict(solve_counties(counties))
    both_there(cluster.address)
    there = {}
    for row, result in solve_counties(counties, cluster=cluster.address):
        if not there:
            cluster.workers[0].kill()
            cluster.workers[0].wait()
        there[row] = result
    assert sorted(there) == list(range(5))
    for row, result in here.items():
        assert result.plan is not None
        found = there[row].plan
        assert found is not None
        assert found.to_json() == result.plan.to_json()
        assert there[row].proofs == result.proofs
