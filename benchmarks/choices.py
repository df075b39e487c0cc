"""Frontier and alternatives: seconds of CPU after the case is read.

`python -m benchmarks.choices [STATIONS ...]`; 26, 100 and 300 without.
"""

from __future__ import annotations

import sys
import time

from benchmarks.instances import seat_county
from optimizer.alternatives import best_plans, choice_of, diverse_plans, plans_within
from optimizer.frontier import frontier
from optimizer.policy import Policy

LIMIT_S = 600.0
"""Of wall clock: on a loaded machine far from seconds of CPU."""


def main(sizes: list[int]) -> None:
    """Print a line for each question and size."""
    for count in sizes:
        county, policy = seat_county(count), Policy()
        started = time.process_time()
        choice = choice_of(county, policy)
        print(f"{count} stations: priced, best and bound {time.process_time() - started:.3f} s")
        started = time.process_time()
        best = best_plans(choice, 10)
        print(f"  10 best, unique {best.is_unique}: {time.process_time() - started:.3f} s")
        asked = 0.001 * best.plans[0].price_officers
        started = time.process_time()
        near = plans_within(choice, asked)
        print(
            f"  {len(near.plans)} plans within {near.within_officers:.3f} of {asked:.3f} officers: "
            f"{time.process_time() - started:.3f} s"
        )
        started = time.process_time()
        different = diverse_plans(choice, 5, 0.3)
        print(f"  {len(different.plans)} different: {time.process_time() - started:.3f} s")
        started = time.process_time()
        found = frontier(county, policy, time_limit_s=LIMIT_S)
        gap = max(p.gap_min_per_alert for p in found.points)
        print(
            f"  frontier {found.status.value}, {len(found.points)} points, gap {gap:.4f} min per "
            f"alert, {found.points[-1].officers_freed:.1f} of at most "
            f"{found.most_freed_officers:.1f} officers, stopped by {found.stopped_by}: "
            f"{time.process_time() - started:.3f} s"
        )


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [26, 100, 300])
