"""Known answers for beats: Carrollton (Wheeler 2019) and the 510 hexagons of Vlcek et al. (2024).

    python -m benchmarks.beats [--seconds N] [--wheeler SECONDS]

`--wheeler` also gives HiGHS Wheeler's own model as he wrote it, for that long.
Needs `shared/data` beside the checkout.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from optimizer.beat_plan import BeatPlan, BeatTask
from optimizer.beat_rules import violations
from optimizer.beats import districts
from optimizer.frozen import IntArray
from optimizer.p_median import Median, p_median
from optimizer.solver import Limits

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
KM_PER_FOOT = 0.0003048006
PUBLISHED = {0.05: 198_757.988, 0.10: 196_587.329}
VLCEK_C0 = {9: 888_372.48, 12: 774_615.16, 15: 681_010.63, 30: 471_117.30}


def carrollton(data: Path, tolerance: float, beats: int = 12) -> BeatTask:
    """The city's 325 reporting areas."""
    folder = data / "carrollton"
    areas = pd.read_csv(folder / "areas.csv")
    ids = [str(one) for one in areas["number_id"]]
    place = {one: at for at, one in enumerate(ids)}
    minutes = pd.read_csv(folder / "travel_minutes.csv", index_col=0)
    minutes.index = minutes.index.astype(str)
    pairs = pd.read_csv(folder / "adjacency.csv").astype(str)
    ends = [(place[a], place[b]) for a, b in zip(pairs["from_id"], pairs["to_id"], strict=True)]
    calls = areas["calls"].to_numpy(float)
    return BeatTask(
        cell_ids=tuple(ids),
        calls_per_year=calls,
        work_per_year=calls,
        adjacency=np.unique(np.sort(np.array(ends), axis=1), axis=0),
        beats=beats,
        tolerance_fraction=tolerance,
        minutes=minutes.loc[ids, ids].to_numpy(float),
        x_km=areas["x_ft"].to_numpy(float) * KM_PER_FOOT,
        y_km=areas["y_ft"].to_numpy(float) * KM_PER_FOOT,
    )


def published(data: Path, task: BeatTask, name: str) -> BeatPlan:
    """A published plan of Carrollton: `0.05_obj198757.99` or `0.10_obj196587.33`."""
    rows = pd.read_csv(data / "carrollton" / f"published_solution_In{name}.csv")
    place = {one: at for at, one in enumerate(task.cell_ids)}
    seat_of = {
        place[str(d)]: place[str(s)] for s, d in zip(rows["source"], rows["dest"], strict=True)
    }
    seats = sorted(set(seat_of.values()))
    beat = {seat: at for at, seat in enumerate(seats)}
    beat_of = np.array([beat[seat_of[cell]] for cell in range(task.cells)])
    return BeatPlan(beat_of=beat_of, seat=np.array(seats))


def vlcek(data: Path, sites: int, seconds: float) -> Median:
    """510 hexagons, workload in minutes as given, no balance and no contiguity (their C0)."""
    workload = np.loadtxt(data / "vlcek510" / "workload_0510.csv")
    return p_median(workload.T.copy(), sites, limits=Limits(time_limit_s=seconds))


def wheeler(task: BeatTask, seconds: float, farthest_min: float = 10.0) -> tuple[str, float, float]:
    """Wheeler's p-median model in HiGHS: what it says, its plan and its bound.

    An area needs a neighbour that is nearer to the seat or lies on the shortest way there; beats
    may still be in pieces.
    """
    import highspy
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import shortest_path

    n, calls, minutes = task.cells, task.calls_per_year, task.minutes
    assert minutes is not None
    ends = np.vstack([task.adjacency, task.adjacency[:, ::-1]])
    links = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()
    _, before = shortest_path(links, unweighted=True, return_predecessors=True)
    arcs = np.argwhere(minutes < farthest_min)
    column = np.full((n, n), -1, np.int64)
    column[arcs[:, 0], arcs[:, 1]] = np.arange(len(arcs))
    lines: list[tuple[IntArray, list[float], float, float]] = []
    own = np.diagonal(column)
    lines.append((own, [1.0] * n, task.beats, task.beats))
    for s, d in arcs:
        if s == d:
            continue
        lines.append((np.array([column[s, d], own[s]]), [1.0, -1.0], -np.inf, 0.0))
        near = links.indices[links.indptr[d] : links.indptr[d + 1]]
        some = {int(a) for a in near if minutes[s, a] < minutes[s, d]} | {int(before[s, d])}
        helped = [int(column[s, a]) for a in sorted(some) if column[s, a] >= 0]
        lines.append((np.array([*helped, column[s, d]]), [1.0] * len(helped) + [-1.0], 0.0, np.inf))
    low, high = task.band
    for one in range(n):
        served = column[:, one][column[:, one] >= 0]
        lines.append((served, [1.0] * len(served), 1.0, 1.0))
        to = np.flatnonzero(column[one] >= 0)
        lines.append((column[one, to], calls[to].tolist(), -np.inf, high))
        floor = calls[to] - low * (to == one)
        lines.append((column[one, to], floor.tolist(), 0.0, np.inf))
    lengths = [len(line[0]) for line in lines]
    rows = coo_matrix(
        (
            np.concatenate([line[1] for line in lines]),
            (np.repeat(np.arange(len(lines)), lengths), np.concatenate([li[0] for li in lines])),
        ),
        shape=(len(lines), len(arcs)),
    ).tocsc()
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(arcs), len(lines)
    program.col_cost_ = calls[arcs[:, 1]] * minutes[arcs[:, 0], arcs[:, 1]]
    program.col_lower_, program.col_upper_ = np.zeros(len(arcs)), np.ones(len(arcs))
    program.row_lower_ = np.array([line[2] for line in lines], dtype=float)
    program.row_upper_ = np.array([line[3] for line in lines], dtype=float)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = rows.indptr, rows.indices
    program.a_matrix_.value_ = rows.data
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(arcs)
    solver = highspy.Highs()
    for name, value in {"output_flag": False, "threads": 1, "time_limit": seconds}.items():
        solver.setOptionValue(name, value)
    solver.passModel(program)
    solver.run()
    said = solver.getInfo()
    return solver.getModelStatus().name, said.objective_function_value, said.mip_dual_bound


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=120.0)
    options.add_argument("--wheeler", type=float, default=0.0)
    chosen = options.parse_args()
    limits = Limits(time_limit_s=chosen.seconds)
    print("instance            known      ours       above    bound      gap     CPU s  rules")
    tasks = [(f"Carrollton {t:.0%}", carrollton(DATA, t), PUBLISHED[t]) for t in PUBLISHED]
    for name, task, known in tasks:
        began = time.process_time()
        result = districts(task, limits)
        took = time.process_time() - began
        if result.plan is None or result.objective is None:
            print(f"{name:18s} {known:11.3f} {result.status.name}")
            continue
        broken = len(violations(task, result.plan))
        print(
            f"{name:18s} {known:11.3f} {result.objective:11.3f} "
            f"{result.objective / known - 1:+8.4%} {result.bound:11.3f} "
            f"{result.gap_fraction or 0:7.3%} {took:7.1f}  {broken} broken",
            flush=True,
        )
    for sites, known in VLCEK_C0.items():
        began = time.process_time()
        median = vlcek(DATA, sites, chosen.seconds)
        took = time.process_time() - began
        print(
            f"Vlcek C0 p={sites:<8d} {known:11.3f} {median.price:11.3f} "
            f"{median.price / known - 1:+8.4%} {median.bound:11.3f} "
            f"{median.gap_fraction:7.3%} {took:7.1f}",
            flush=True,
        )
    if chosen.wheeler:
        began = time.process_time()
        said, found, bound = wheeler(carrollton(DATA, 0.05), chosen.wheeler)
        took = time.process_time() - began
        print(f"Wheeler's model in HiGHS: {said} {found:.3f}, bound {bound:.3f}, CPU {took:.0f} s")


if __name__ == "__main__":
    main()
