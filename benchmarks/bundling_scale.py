"""Bundling at the size of provinces: time to proof and memory, each run in a process of its own.

    python -m benchmarks.bundling_scale                          # 26 to 10,000 stations, default
    python -m benchmarks.bundling_scale --stations 1200 --modes default counts packing wide far five
    python -m benchmarks.bundling_scale --stations 40000 --limit 600

A dense table of travel times ends at some thousand stations, so seats are priced tile by tile with
the pricing of any county (`instances.seat_columns`) and joined into one partition. Times are CPU
seconds: on a busy machine they say more than the clock. Needs the check data.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from typing import Any

import numpy as np

from benchmarks.instances import seat_columns, seats_with_cells
from optimizer.columns import UNITS_PER_OFFICER, freed_limit
from optimizer.cover import Cover
from optimizer.partition import partition
from optimizer.policy import Policy
from optimizer.solver import Limits

WIDE = {"bundling": {"rural_only": False, "max_office_travel_min": 60},
        "response": {"farthest_min": 120, "share_within_fraction": 0.3}}  # fmt: skip
MODES: dict[str, dict[str, object]] = {
    "default": {},
    "counts": {},
    "far": {},
    "packing": {"weights": {"response_per_1000_alert_min": 0.02}},
    "wide": WIDE,
    "five": {"bundling": {"max_bundle_size": 5}},
}
FAR_SHARE = 0.9
"""The far end of the frontier: this share of the most officers that any plan frees."""


def cover_of(count: int, mode: str, limit_s: float) -> Cover:
    policy = Policy.model_validate(MODES[mode])
    columns = seat_columns(count, policy, freed_counts=mode == "far")
    joint = (columns.size > 1).astype(np.int64)
    free = Cover(
        stations=count,
        members=columns.members,
        price=columns.price_units,
        ties=(columns.rehomed_officers, columns.host),
    )
    parts: dict[str, Any] = {
        "stations": count,
        "members": free.members,
        "price": free.price,
        "ties": free.ties,
    }
    if mode == "counts":
        best = partition(free, Limits(time_limit_s=limit_s)).chosen
        assert best is not None
        few = max(1, int(joint[best].sum()) * 2 // 3)
        return Cover(**parts, exactly=((joint, few), (joint * columns.size, 2 * few + few // 4)))
    if mode == "far":
        # What the cheapest plan frees, and FAR_SHARE of the way from there to the relaxed most.
        bare = Cover(
            stations=count, members=free.members, price=-columns.freed_units // 1000 + free.price
        )
        most = partition(bare, Limits(time_limit_s=limit_s)).chosen
        best = partition(free, Limits(time_limit_s=limit_s)).chosen
        assert most is not None
        assert best is not None
        ends = [int(columns.freed_units[c].sum()) for c in (best, most)]
        asked = ends[0] + int(FAR_SHARE * (ends[1] - ends[0]))
        return Cover(**parts, limits=(freed_limit(columns.freed_units, asked),))
    return free


def run(count: int, mode: str, limit_s: float) -> None:
    # Imports are done once, outside the clock.
    for known in ("default", "wide"):
        partition(cover_of(26, known, limit_s), Limits())
    start = time.process_time()
    seats_with_cells(count)
    read = time.process_time()
    cover = cover_of(count, mode, limit_s)
    priced = time.process_time()
    found = partition(cover, Limits(time_limit_s=limit_s))
    end = time.process_time()
    gap = "-"
    if found.price is not None and found.bound is not None:
        gap = f"{100 * (found.price - found.bound) / abs(found.price):.4f}%"
    price = "-" if found.price is None else f"{found.price / UNITS_PER_OFFICER:.6f}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:6} {mode:8} {len(cover):7} columns: priced {priced - read:6.2f}, solved "
        f"{end - priced:6.2f} CPU s, {found.status.value} {price} gap {gap}, {peak:.0f} MB; "
        f"{found.effort} (seats {read - start:.1f} s)",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[26, 300, 1200, 10000])
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=["default"])
    parser.add_argument("--limit", type=float, default=300.0, help="seconds of wall clock")
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for count in asked.stations:
        for mode in asked.modes:
            child = context.Process(target=run, args=(count, mode, asked.limit))
            child.start()
            child.join()


if __name__ == "__main__":
    main()
