"""p-center on OR-Library's 40 networks: radius, proof and processor seconds.

python -m benchmarks.p_center --data ../shared/data/orlib_pmed            # all 40
python -m benchmarks.p_center --data ... 1 6                              # these

Optima are those of `kcenteropt.txt` beside the networks.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.pmed import network
from optimizer.p_center import p_center
from optimizer.solver import Limits


def main() -> None:
    """Print a line an instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, default=range(1, 41))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    lines = (options.data / "kcenteropt.txt").read_text(encoding="ascii").split("\n")
    known = {line.split()[0]: float(line.split()[1]) for line in lines if line.split()}
    p_center(np.eye(3), 2)  # libraries loaded before the clock starts
    for number in options.numbers:
        name = f"pmed{number}"
        distance, p = network(options.data, name)
        began = time.process_time()
        found = p_center(distance, p, limits=Limits(time_limit_s=options.seconds))
        busy = time.process_time() - began
        print(
            f"{name:7} n={len(distance):3} p={p:3}  {found.radius:4.0f} (known {known[name]:4.0f})"
            f"  {found.status.name} bound {found.bound:4.0f}  {busy:6.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
