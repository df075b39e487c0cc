"""p-median on OR-Library's 40 networks: value, proof and processor seconds, beside plain rivals.

    python -m benchmarks.pmed --data ../shared/data/orlib_pmed            # all 40
    python -m benchmarks.pmed --data ... 1 6 --rivals                     # these, and spopt's model

The rival is spopt's p-median model (Ryan et al.) solved by CBC and by HiGHS through PuLP, in the
same run; packages: benchmarks/requirements.txt. Of edges given twice the last counts.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from optimizer.frozen import FloatArray
from optimizer.p_median import p_median
from optimizer.solver import Limits


def network(folder: Path, name: str) -> tuple[FloatArray, int]:
    """Distances between all vertices, and p."""
    lines = (folder / f"{name}.txt").read_text(encoding="ascii").split("\n")
    rows = [[int(v) for v in line.split()] for line in lines if line.split()]
    n, _, p = rows[0]
    length = np.zeros((n, n))
    for a, b, km in rows[1:]:
        length[a - 1, b - 1] = length[b - 1, a - 1] = km
    return shortest_path(csr_matrix(length), directed=False), p


def by_spopt(distance: FloatArray, p: int, seconds: float) -> dict[str, str]:
    """The model of spopt with the solvers that come in wheels: value, or what they said."""
    import pulp
    from spopt.locate import PMedian

    said = {}
    for solver in (
        pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds),
        pulp.HiGHS(msg=False, timeLimit=seconds),
    ):
        began = time.perf_counter()
        model = PMedian.from_cost_matrix(distance, np.ones(len(distance)), p_facilities=p)
        try:
            model = model.solve(solver)
            value = (
                f"{pulp.value(model.problem.objective):.0f} {pulp.LpStatus[model.problem.status]}"
            )
        except RuntimeError as error:
            value = str(error)[:40]
        said[solver.name] = f"{value}, {time.perf_counter() - began:.1f} s of clock"
    return said


def main() -> None:
    """Print a line an instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, default=range(1, 41))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rivals", action="store_true")
    options = parser.parse_args()
    with (options.data / "pmed_optima.csv").open(encoding="ascii") as file:
        known = {r["instance"]: int(r["optimal_p_median"]) for r in csv.DictReader(file)}
    p_median(np.eye(3), 2)  # compiled before the clock starts
    proven, busy_in_all = 0, 0.0
    for number in options.numbers:
        name = f"pmed{number}"
        distance, p = network(options.data, name)
        began = time.process_time()
        found = p_median(distance, p, limits=Limits(time_limit_s=options.seconds))
        busy = time.process_time() - began
        busy_in_all += busy
        proven += found.status.name == "OPTIMAL"
        print(
            f"{name:7} n {len(distance):3} p {p:3}  known {known[name]:5}  ours {found.price:7.0f}"
            f"  bound {found.bound:7.0f}  {found.status.name:8}  nodes {found.nodes:5}"
            f"  {busy:6.2f} s",
            flush=True,
        )
        if options.rivals:
            for solver, value in by_spopt(distance, p, options.seconds).items():
                print(f"        spopt, {solver}: {value}", flush=True)
    print(f"proven {proven} of {len(options.numbers)}, {busy_in_all:.1f} s")


if __name__ == "__main__":
    main()
