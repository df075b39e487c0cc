"""spopt's regionalisers on the same stations: what they save, and which rules they break.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.regionalisers                      # 26 and 300 stations
    python -m benchmarks.regionalisers --stations 1200

They are asked for as many regions as Jingli's plan has (max-p: at least two stations in each) and
know nothing of prices, sizes or response times. Every station may be bundled. Each region is priced
under its cheapest host; then once more with the regions that break a rule left as they are today.
Times are CPU seconds, those of their own child processes among them. Needs the check data.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.instances import seat_county
from optimizer.bundling import bundle
from optimizer.county import County
from optimizer.policy import Policy
from optimizer.workload import assess, demand_of

LIMIT_S = 120.0
MOST_FOR_P_MEDIAN = 300
RUNS = 5
Regions = list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What regions cost.

    Attributes:
        price: Each under its cheapest host that keeps the rules, or its cheapest host.
        kept_price: The same with the regions that break a rule taken apart.
        broken: Regions that keep the rules under no host.
    """

    price: float
    kept_price: float
    broken: int


def busy_s() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def score(county: County, policy: Policy, regions: Regions) -> Score:
    """Price of regions, and those that break a rule."""
    demand = demand_of(county, policy)
    pairs = [(r, h) for r in regions for h in r]
    known = assess(county, policy, demand, [h for _, h in pairs], [r for r, _ in pairs])
    stations = list(range(len(county.stations)))
    today = assess(county, policy, demand, stations, [[s] for s in stations])

    def alone(station: int) -> float:
        officers = float(today.officers[station])
        return w.officers * officers + w.overload_per_officer * max(0.0, officers - w.span_officers)

    near, w, rules = county.neighbours(), policy.weights, policy.bundling
    total, kept, broken, i = 0.0, 0.0, 0, 0
    for region in regions:
        choices = []
        for _ in region:
            officers = float(known.officers[i])
            extra_min = known.alert_min_per_year[i] - today.alert_min_per_year[region].sum()
            price = (
                w.officers * officers
                + w.response_per_1000_alert_min / 1000 * float(extra_min)
                + w.overload_per_officer * max(0.0, officers - w.span_officers)
                + w.fixed_per_office * (len(region) - 1)
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
        kept += sum(alone(s) for s in region) if wrong else price
        broken += wrong
    return Score(price=total, kept_price=kept, broken=broken)


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
        start = busy_s()
        try:
            theirs.send((make(), busy_s() - start, ""))
        except Exception as error:
            said = f"{type(error).__name__}: {str(error)[:80]}"
            theirs.send((None, busy_s() - start, said))

    child = context.Process(target=work)
    child.start()
    if ours.poll(LIMIT_S):
        answer: tuple[Regions | None, float, str] = ours.recv()
    else:
        answer = (None, LIMIT_S, "no answer")
        child.terminate()
    child.join()
    return answer


def compare(stations: int) -> None:
    """Saving reached, bundles that break a rule, time; every station may be bundled."""
    county = seat_county(stations)
    policy = Policy.model_validate({"bundling": {"rural_only": False}})
    took = []
    for _ in range(RUNS):
        start = busy_s()
        plan, proof = bundle(county, policy)
        took.append(busy_s() - start)
    own_s = sorted(took)[RUNS // 2]
    assert plan is not None
    assert proof.objective is not None
    row = county.stations.index()
    own = [[row[s] for s in b.station_ids] for b in plan]
    today = score(county, policy, [[s] for s in range(stations)]).price
    best = score(county, policy, own)
    assert best.broken == 0
    assert abs(best.price - proof.objective) < 1e-3 * stations, (best, proof.objective)
    print(
        f"{stations:5} jingli: {proof.status.value} {best.price:.1f} of today's {today:.1f}, "
        f"{len(own)} regions, columns and proof {own_s:.3f} s (median of {RUNS})"
    )
    for name, make in regionalisers(county, len(own)):
        if name == "p-median" and stations > MOST_FOR_P_MEDIAN:
            print(f"{'':6}{name}: not tried, {stations**2:,} binaries")
            continue
        regions, seconds, failure = in_child(make)
        if regions is None:
            print(f"{'':6}{name}: {failure} after {seconds:.0f} s", flush=True)
            continue
        found = score(county, policy, regions)
        shares = [100 * (today - p) / (today - best.price) for p in (found.price, found.kept_price)]
        print(
            f"{'':6}{name:15} {shares[0]:4.0f}% of the saving, {shares[1]:4.0f}% by the rules, "
            f"{found.broken} of {len(regions)} regions break one, {seconds:.2f} s = "
            f"{seconds / own_s:.0f}x",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[26, 300])
    asked = parser.parse_args()
    bundle(seat_county(26), Policy())  # imports done once, outside the clock
    for stations in asked.stations:
        compare(stations)


if __name__ == "__main__":
    main()
