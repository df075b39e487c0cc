"""Bundling against every partition of a thousand small random counties.

    python -m benchmarks.brute_force --counties 1000

The counties, the rules and the plain search through all partitions are those of the tests.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from optimizer import bundling
from optimizer.columns import UNITS_PER_OFFICER
from optimizer.diagnosis import Diagnosis
from optimizer.errors import InputError
from optimizer.result import Status
from tests.test_bundling import brute_force, random_case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counties", type=int, default=1000)
    asked = parser.parse_args()
    setattr(bundling, "diagnose", lambda *_: Diagnosis())  # noqa: B010 (why none exists is not asked)
    seen: Counter[str] = Counter()
    start = time.process_time()
    seed = -1
    while sum(seen.values()) - seen["locks refused"] < asked.counties:
        seed += 1
        county, rules = random_case(seed)
        try:
            plan, proof = bundling.bundle(county, rules)
        except InputError:
            seen["locks refused"] += 1
            continue
        expected = brute_force(county, rules).key
        if expected is None:
            assert plan is None, seed
            assert proof.status is Status.INFEASIBLE, seed
        else:
            assert proof.status is Status.OPTIMAL, seed
            assert proof.objective is not None
            assert round(proof.objective * UNITS_PER_OFFICER) == expected[0], seed
        seen[proof.status.value] += 1
    spent = time.process_time() - start
    print(f"{asked.counties} counties agree: {dict(seen)}, {spent:.0f} CPU s")


if __name__ == "__main__":
    main()
