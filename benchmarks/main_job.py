"""Wall time and peak memory of whole commands: python benchmarks/main_job.py [runs].

Whole processes, imports included, against the same interpreter importing what a run needs and doing
nothing, so that the ratio holds when the machine's speed drifts.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORTS = "import geopandas, matplotlib.figure, ortools.linear_solver.pywraplp, scipy.sparse, rich"


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak resident megabytes of one run."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    jingli = shutil.which("jingli", path=str(Path(sys.executable).parent))
    if jingli is None:
        sys.exit("install Jingli into this interpreter first: python dev.py demo")
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        commands = {
            "imports only": [sys.executable, "-c", IMPORTS],
            "jingli --help": [jingli, "--help"],
            "jingli run dianjiang": [jingli, "run", "dianjiang", "--no-store", "--json"],
            "jingli run dianjiang --out": [jingli, "run", "dianjiang", "--no-store", "--out", out],
            "jingli run dianjiang -s free": [
                jingli,
                "run",
                "dianjiang",
                "-s",
                "free",
                "--no-store",
                "--json",
            ],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                one = measure(command)
                if turn:  # the first turn warms the disk cache
                    taken[name].append(one)
    base = statistics.median(wall for wall, _ in taken["imports only"])
    print(f"{'command':32} {'wall s (min med max)':>24} {'/ imports':>9} {'peak MB':>8}")
    for name, rows in taken.items():
        walls = sorted(wall for wall, _ in rows)
        middle = statistics.median(walls)
        spread = f"{walls[0]:.2f} {middle:.2f} {walls[-1]:.2f}"
        print(f"{name:32} {spread:>24} {middle / base:9.2f} {max(mb for _, mb in rows):8.0f}")


if __name__ == "__main__":
    main()
