"""Bundling: time to proof, solvers on the same columns, and spopt's regionalisers beside it.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.bundling              # 26, 300 and 1,200 stations
    python -m benchmarks.bundling --stations 26 --no-spopt

Needs the check data (shared/data beside the checkout). Times are wall clock of one process, each
against Jingli's own in the same run, because the machine's speed varies.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.instances import seat_county
from optimizer.bundling import bundle, cover_of
from optimizer.columns import priced_columns, undominated
from optimizer.county import County
from optimizer.partition import Cover, partition
from optimizer.policy import Policy
from optimizer.solver import Backend, Limits, Model, solve
from optimizer.workload import assess, demand_of

LIMIT_S = 60.0
OTHERS_LIMIT_S = 120.0
MOST_FOR_P_MEDIAN = 300
Regions = list[list[int]]
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def policies(stations: int) -> dict[str, Policy]:
    """The regimes that the decision record speaks of."""
    wide = {"bundling": {"rural_only": False, "max_office_travel_min": 60},
            "response": {"farthest_min": 120, "share_within_fraction": 0.3}}  # fmt: skip
    parts: dict[str, dict[str, object]] = {
        "default": {},
        "counts": {},
        "wide": wide,
        "packing": {"weights": {"response_per_1000_alert_min": 0.02}},
    }
    found = {name: Policy.model_validate(part) for name, part in parts.items()}
    plan, _ = bundle(seat_county(stations), found["default"])
    assert plan is not None
    joint = [len(b.station_ids) for b in plan if b.office_ids]
    # Fewer bundles than the free optimum has, so that the counts bind, and surely possible.
    few = max(1, len(joint) * 2 // 3)
    counts = {"centres": few, "stations_bundled": 2 * few + few // 4}
    found["counts"] = Policy.model_validate({"bundling": counts})
    return found


def proofs(stations: int) -> None:
    """Columns, proof and whole call under each policy."""
    county = seat_county(stations)
    for name, policy in policies(stations).items():
        columns, columns_s = timed(partial(priced_columns, county, policy))
        kept = undominated(columns, county, freed_counts=False)
        cover = cover_of(county, policy, kept)
        found, proof_s = timed(partial(partition, cover, Limits(time_limit_s=LIMIT_S)))
        (_, proof), all_s = timed(partial(bundle, county, policy))
        print(
            f"{stations:5} {name:8} {len(columns):6} columns {columns_s:5.2f} s, "
            f"{proof.status.value} {proof.objective:.6f} gap {proof.gap_fraction:.2e}, "
            f"solve {proof_s:6.3f} s, call {all_s:6.3f} s; {found.effort}",
            flush=True,
        )
        for solver, seconds, said in plain_solvers(cover):
            print(
                f"{'':15}{solver:7} {seconds:7.3f} s = {seconds / proof_s:6.1f}x  {said}",
                flush=True,
            )


def plain_solvers(cover: Cover) -> Iterator[tuple[str, float, str]]:
    """The same partition given to each solver at once, columns and all."""
    assert not cover.limits, "rows with a lower limit are not handed over here"
    rows = [cover.incidence(), *(csr_matrix(r[None, :]) for r, _ in cover.exactly)]
    at, column, value, offset = [], [], [], 0
    for block in rows:
        entries = block.tocoo()
        at.append(entries.row + offset)
        column.append(entries.col)
        value.append(entries.data)
        offset += block.shape[0]
    wanted = np.r_[np.ones(cover.stations), [v for _, v in cover.exactly]]
    n = len(cover)
    model = Model(
        objective=cover.price.astype(float),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        row=np.concatenate(at).astype(np.int64),
        column=np.concatenate(column).astype(np.int64),
        value=np.concatenate(value).astype(float),
        row_lower=wanted,
        row_upper=wanted,
    )
    backends: tuple[Backend, ...] = ("scip", "cp_sat")
    for backend in backends:
        found, seconds = timed(partial(solve, model, Limits(time_limit_s=LIMIT_S), backend=backend))
        yield backend, seconds, f"{found.status.value} {found.objective}"
    yield ("highs", *highs(model))


def highs(model: Model) -> tuple[float, str]:
    """HiGHS as ortools carries it (Jingli does not use it: it reports no honest bound there)."""
    from ortools.linear_solver.python import model_builder_helper as ortools

    builder: Any = ortools.ModelBuilderHelper()
    shape = (len(model.row_lower), len(model.objective))
    matrix = csr_matrix((model.value, (model.row, model.column)), shape=shape)
    builder.fill_model_from_sparse_data(
        model.lower, model.upper, model.objective, model.row_lower, model.row_upper, matrix
    )
    for column in range(shape[1]):
        builder.set_var_integrality(column, True)
    solver: Any = ortools.ModelSolverHelper("highs")
    solver.set_time_limit_in_seconds(LIMIT_S)
    solver.set_solver_specific_parameters(
        "mip_rel_gap=0,mip_abs_gap=0.5,threads=1,output_flag=false"
    )
    _, seconds = timed(lambda: solver.solve(builder))
    objective = solver.objective_value() if solver.has_solution() else None
    return seconds, f"{solver.status().name} {objective}"


def score(county: County, policy: Policy, regions: Regions) -> tuple[float, int]:
    """Price of regions, each under its cheapest host that keeps the rules, and rule breakers.

    A region that keeps the rules under no host takes its cheapest host and counts as broken.
    """
    demand = demand_of(county, policy)
    pairs = [(r, h) for r in regions for h in r]
    known = assess(county, policy, demand, [h for _, h in pairs], [r for r, _ in pairs])
    stations = list(range(len(county.stations)))
    today = assess(county, policy, demand, stations, [[s] for s in stations])
    near, w, rules = county.neighbours(), policy.weights, policy.bundling
    total, broken, i = 0.0, 0, 0
    for region in regions:
        choices = []
        for _ in region:
            officers = float(known.officers[i])
            extra_min = known.alert_min_per_year[i] - today.alert_min_per_year[region].sum()
            price = (
                w.officers * officers
                + w.response_per_1000_alert_min / 1000 * float(extra_min)
                + w.overload_per_officer * max(0.0, officers - w.span_officers)
            )
            alerts = known.alerts_per_year[i]
            wrong = len(region) > 1 and (
                len(region) > rules.max_bundle_size
                or known.office_travel_min[i] > rules.max_office_travel_min
                or known.farthest_min[i] > policy.response.farthest_min
                or known.alerts_within_per_year[i]
                < policy.response.share_within_fraction * alerts - 1e-6
                or not _linked(region, near)
            )
            choices.append((bool(wrong), price))
            i += 1
        wrong, price = min(choices)
        total += price
        broken += wrong
    return total, broken


def _linked(region: Sequence[int], near: Sequence[frozenset[int]]) -> bool:
    reached, todo = {region[0]}, [region[0]]
    while todo:
        new = (near[todo.pop()] & set(region)) - reached
        reached |= new
        todo += list(new)
    return len(reached) == len(region)


def regionalisers(county: County, bundles: int) -> Iterator[tuple[str, Callable[[], Regions]]]:
    """Spopt's four, asked for as many regions as Jingli's plan has."""
    import geopandas
    from libpysal.weights import W
    from spopt.locate import PMedian
    from spopt.region import MaxPHeuristic, RegionKMeansHeuristic, Skater

    n = len(county.stations)
    weights = W(
        {i: sorted(near) for i, near in enumerate(county.neighbours())}, silence_warnings=True
    )
    alerts = np.bincount(
        county.cells.station, weights=county.cells.alerts_per_year.sum(axis=1), minlength=n
    )
    frame = geopandas.GeoDataFrame(
        {
            "lon": county.stations.lon_deg,
            "lat": county.stations.lat_deg,
            "alerts": alerts,
            "one": 1,
        },
        geometry=geopandas.points_from_xy(county.stations.lon_deg, county.stations.lat_deg),
    )

    def labelled(labels: Sequence[int]) -> Regions:
        found: dict[int, list[int]] = {}
        for station, label in enumerate(labels):
            found.setdefault(int(label), []).append(station)
        return list(found.values())

    def p_median() -> Regions:
        import pulp

        made = PMedian.from_cost_matrix(county.station_time_min, alerts, p_facilities=bundles)
        made = made.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=300))
        return [sorted(c) for c in made.fac2cli if c]

    def k_means() -> Regions:
        model = RegionKMeansHeuristic(frame[["lon", "lat"]].to_numpy(), bundles, weights)
        model.solve()
        return labelled(model.labels_)

    def skater() -> Regions:
        model = Skater(frame, weights, attrs_name=["lon", "lat"], n_clusters=bundles, floor=1)
        model.solve()
        return labelled(model.labels_)

    def max_p() -> Regions:
        np.random.seed(0)
        model = MaxPHeuristic(frame, weights, ["lon", "lat"], "one", threshold=2, top_n=2)
        model.solve()
        return labelled(model.labels_)

    yield "p-median", p_median
    yield "region-k-means", k_means
    yield "skater", skater
    yield "max-p", max_p


def in_child(make: Callable[[], Regions]) -> tuple[Regions | None, float, str]:
    """Another's code on our input, in a process of its own, because it may fail or never end."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        start = time.perf_counter()
        try:
            theirs.send((make(), time.perf_counter() - start, ""))
        except Exception as error:
            said = f"{type(error).__name__}: {str(error)[:80]}"
            theirs.send((None, time.perf_counter() - start, said))

    child = context.Process(target=work)
    child.start()
    if ours.poll(OTHERS_LIMIT_S):
        answer: tuple[Regions | None, float, str] = ours.recv()
    else:
        answer = (None, OTHERS_LIMIT_S, "no answer")
        child.terminate()
    child.join()
    return answer


def beside_spopt(stations: int) -> None:
    """Saving reached, bundles that break a rule, time; every station may be bundled."""
    county = seat_county(stations)
    policy = Policy.model_validate({"bundling": {"rural_only": False}})
    (plan, proof), own_s = timed(partial(bundle, county, policy))
    assert plan is not None
    assert proof.objective is not None
    row = county.stations.index()
    own = [[row[s] for s in b.station_ids] for b in plan]
    today, _ = score(county, policy, [[s] for s in range(stations)])
    best, broken = score(county, policy, own)
    assert abs(best - proof.objective) < 1e-3 * stations, (best, proof.objective)
    print(
        f"{stations:5} jingli: price {best:.1f} of today's {today:.1f}, {broken} of {len(own)} "
        f"break a rule, {own_s:.2f} s, {proof.status.value}"
    )
    for name, make in regionalisers(county, len(own)):
        if name == "p-median" and stations > MOST_FOR_P_MEDIAN:
            print(f"{'':6}{name}: not tried, {stations**2:,} binaries")
            continue
        regions, seconds, failure = in_child(make)
        if regions is None:
            print(f"{'':6}{name}: {failure} after {seconds:.0f} s", flush=True)
            continue
        price, broken = score(county, policy, regions)
        print(
            f"{'':6}{name}: price {price:.1f}, {100 * (today - price) / (today - best):.0f}% of "
            f"the saving, {broken} of {len(regions)} break a rule, {seconds:.2f} s = "
            f"{seconds / own_s:.0f}x",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[26, 300, 1200])
    parser.add_argument("--no-spopt", action="store_true")
    parser.add_argument("--no-solvers", action="store_true")
    asked = parser.parse_args()
    bundle(seat_county(26), Policy())  # imports done once, outside the clock
    for stations in asked.stations:
        if not asked.no_solvers:
            proofs(stations)
        if not asked.no_spopt:
            beside_spopt(stations)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
