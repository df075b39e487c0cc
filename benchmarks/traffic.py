"""Traffic consolidation: road duty alone and jointly with bundling, random counties.

    python -m benchmarks.traffic

CPU seconds of this process, status, and gap. Counties are those of the tests (`tests/toy.py`).
"""

from __future__ import annotations

import time

from optimizer.joint_traffic import bundle_with_roads
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.traffic import hand_over
from tests.toy import random_county

ALONE = ((26, 15), (40, 20), (40, None), (60, 30))
JOINT = (12, 20, 26)
SEEDS = (1, 2)


def main() -> None:
    """Print one line per county."""
    for stations, duty in ALONE:
        for seed in SEEDS:
            county = random_county(seed, stations, n_squads=stations // 6,
                                   squad_officers=6)  # fmt: skip
            rules = {"dissolve_squads": True, "duty_stations": duty}
            policy = Policy.model_validate({"traffic": rules})
            start = time.process_time()
            _plan, proof = hand_over(county, policy, current_plan(county).bundles)
            took = time.process_time() - start
            print(f"roads {stations} stations, {duty} duty, seed {seed}: {took:.2f} s, "
                  f"{proof.status.value}, gap {proof.gap_fraction}")  # fmt: skip
    for stations in JOINT:
        for seed in SEEDS:
            county = random_county(seed, stations, n_squads=max(2, stations // 6), squad_officers=6)
            policy = Policy.model_validate(
                {"traffic": {"dissolve_squads": True, "joint_price_per_km": 1.0}}
            )
            start = time.process_time()
            found = bundle_with_roads(county, policy)
            took = time.process_time() - start
            gain = (
                "-"
                if found.best is None or found.two_step is None
                else f"{found.two_step.objective - found.best.objective:.3f}"
            )
            print(f"joint {stations} stations, seed {seed}: {took:.2f} s, "
                  f"{found.proof.status.value}, gap {found.proof.gap_fraction}, "
                  f"officers gained {gain}, {found.proof.method}")  # fmt: skip


if __name__ == "__main__":
    main()
