"""Sweeps of the small case, in this process or in others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from scenarios.case import open_case
from scenarios.cli import jingli
from scenarios.sweep import Sweep, prepare, run_sweep, sweep_digest
from scenarios.sweep_points import parse_design
from scenarios.sweep_store import Journal

ROOT = Path(__file__).resolve().parent.parent
GRID = ("policy.response.rural_min=9,15", "alerts.factor=0.8,1,1.2,1.4")
POINTS = 8
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def words(case: Path, out: Path, *more: str) -> list[str]:
    grids = [w for g in GRID for w in ("--grid", g)]
    return ["sweep", str(case), *grids, "--out", str(out), "--lang", "en", *more]


def command(*arguments: str) -> Result:
    done = CliRunner().invoke(jingli, [*arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def started(arguments: list[str]) -> subprocess.Popen[str]:
    code = "from scenarios.cli import jingli; jingli()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def kept(journal: Path) -> int:
    """Points in a journal that another process writes."""
    return journal.read_bytes().count(b'{"point":') if journal.exists() else 0


def wait_for(what: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def sweep_of(
    case: Path,
    journal: Path,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    grid: tuple[str, ...] = GRID,
    samples: int | None = None,
    years: int = 0,
    seed: int = 0,
    sets: tuple[str, ...] = (),
) -> Sweep:
    design = parse_design(grid, samples=samples, years=years, seed=seed)
    world = prepare(open_case(str(case)), None, sets, design)
    digest = sweep_digest(world, design)
    opened = Journal(journal, digest)
    try:
        return run_sweep(
            world, design, opened,
            digest=digest, workers=workers, cluster=cluster, progress=progress,
        )  # fmt: skip
    finally:
        opened.close()


def same_files(one: Path, other: Path) -> list[str]:
    """Names of the files of two sweeps' folders, all the same byte for byte but the manifests."""
    names = sorted(p.name for p in one.iterdir())
    assert names == sorted(p.name for p in other.iterdir())
    for name in names:
        if name != "manifest.json":
            assert (one / name).read_bytes() == (other / name).read_bytes(), name
    return names
