"""What other processes do to a run store in tests: `python -m tests.store_processes NAME …`."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from optimizer.errors import InputError
from optimizer.plan import Bundle, Plan
from optimizer.result import Status
from scenarios.store import open_store
from scenarios.store_address import is_postgres
from scenarios.store_record import RunRecord

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = Plan(bundles=(Bundle(centre_id="0421", station_ids=("0421", "澄溪")),))
BIG = json.dumps({"today": {}, "plan": {"filler": "x" * 200_000}}, separators=(",", ":"))


def run_record(number: int = 0, **changes: Any) -> RunRecord:
    """A run that ended `number` seconds after noon."""
    whole: dict[str, Any] = {
        "created_at": NOON + timedelta(seconds=number),
        "case_name": "垫江县",
        "case_folder": "cases/垫江 2026",
        "county_digest": "a" * 64,
        "scenario": "as_published",
        "policy_digest": "b" * 64,
        "seed": 7,
        "version": "0.1.0",
        "versions": {"python": "3.12.1", "numpy": "2.1.0"},
        "status": Status.OPTIMAL,
        "command": ("jingli", "run", "cases/垫江 2026"),
        "proofs": '[{"stage": "bundling", "status": "OPTIMAL", "objective": 250.06}]',
        "evaluation": '{"today": {"officers_freed": 0.0}, "plan": {"load_max": null}}',
        "plan": PLAN.to_json(),
    }
    return RunRecord(**whole | changes)


def add_when_told(place: str, seed: str) -> None:
    """Wait for a line, then open the store and add one run."""
    print("ready", flush=True)
    sys.stdin.readline()
    add_many(place, seed, "1")


def add_many(place: str, seed: str, runs: str) -> None:
    """Add runs and say the id of each once it is kept."""
    with open_store(place, wait_s=60) as opened:
        for number in range(int(runs)):
            print(opened.add(run_record(number, seed=int(seed))), flush=True)


def hold(place: str) -> None:
    """Hold the store locked, as a writer does, until told to let go."""
    if is_postgres(place):
        import psycopg

        with psycopg.connect(place) as other:
            other.execute("LOCK TABLE jingli.runs IN EXCLUSIVE MODE")
            print("held", flush=True)
            sys.stdin.readline()
        return
    with closing(sqlite3.connect(place, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        print("held", flush=True)
        sys.stdin.readline()


def add_until_refused(place: str) -> None:
    """Add large runs where the operating system lets no file grow beyond 1 MB."""
    import resource

    with open_store(place) as opened:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        try:
            for number in range(100):
                print(opened.add(run_record(number, evaluation=BIG)), flush=True)
        except InputError as error:
            print(error.problems[0].text())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
