"""Repeat alerts and expectation: time on a million alerts, and what intervals hold.

    python -m benchmarks.alerts_repeats

CPU seconds of this process. The first line is with compiling, if nothing was kept of it. The plain
way is what a script would do: a KD-tree, then place by place in Python, on a tenth of the alerts.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
from scipy.spatial import cKDTree

from geo.alert_table import AlertTable
from geo.repeats import repeat_places
from optimizer.alert_rules_repeats import Repeats
from optimizer.expectation import expectation

MILLION = 1_000_000
LAST = np.datetime64("2026-03-31")
MEANS = (0.05, 0.3, 1.0, 3.0, 10.0, 40.0)


def drawn(n: int, seed: int = 0) -> AlertTable:
    """Alerts of 90 days, half of them in one town, places to the metre."""
    rng = np.random.default_rng(seed)
    start = LAST - np.timedelta64(89, "D")
    times = start.astype("datetime64[s]") + np.sort(rng.integers(0, 90 * 86_400, n))
    in_town = rng.random(n) < 0.5
    x, y = (
        np.where(in_town, rng.normal(0, 2_000, n), rng.uniform(-25_000, 25_000, n)).round()
        for _axis in range(2)
    )
    key = (x.astype(np.int64) + 50_000) * 100_003 + y.astype(np.int64) + 50_000
    none = np.zeros(n)
    return AlertTable(
        files=("drawn",),
        categories=("a", "b", "c"),
        crs="local",
        occurred_at=times,
        cell=none.astype(np.int32),
        category=rng.integers(0, 3, n).astype(np.int16),
        priority=rng.integers(0, 4, n).astype(np.int8),
        x_m=x.astype(np.float32),
        y_m=y.astype(np.float32),
        place=key.astype(np.uint64),
        placed=none.astype(np.int8),
        file=none.astype(np.int16),
        row=np.arange(n),
    )


def plain_repeats(table: AlertTable, rules: Repeats) -> int:
    """Places with enough alerts in a window, as a script would find them."""
    x, y = table.x_m.astype(float), table.y_m.astype(float)
    counts: dict[int, list[int]] = defaultdict(list)
    for row, key in enumerate(table.place.tolist()):
        counts[key].append(row)
    order = sorted(counts, key=lambda k: (-len(counts[k]), counts[k][0]))
    first = np.array([counts[k][0] for k in order])
    near = cKDTree(np.column_stack([x[first], y[first]]))
    taken = np.zeros(len(order), np.bool_)
    second = table.occurred_at.astype(np.int64).tolist()
    found = 0
    for at, _key in enumerate(order):
        if taken[at]:
            continue
        members = [
            m
            for m in near.query_ball_point([x[first[at]], y[first[at]]], rules.radius_m)
            if not taken[m]
        ]
        taken[members] = True
        times = sorted(second[row] for m in members for row in counts[order[m]])
        span = rules.days * 86_400
        ends = range(rules.alerts - 1, len(times))
        found += any(times[e] - times[e - rules.alerts + 1] < span for e in ends)
    return found


def main() -> None:
    """Print one line per measurement."""
    table = drawn(MILLION)
    for rules in (Repeats(), Repeats(), Repeats(kinds={"one": ("a",), "two": ("b", "c")})):
        start = time.process_time()
        found = repeat_places(table, LAST, rules)
        took = time.process_time() - start
        print(f"{MILLION:,} alerts, {len(found.kinds)} kinds: {took:.2f} s, {len(found):,} places")
    tenth = drawn(MILLION // 10)
    start = time.process_time()
    ours = len(repeat_places(tenth, LAST, Repeats()))
    took = time.process_time() - start
    start = time.process_time()
    theirs = plain_repeats(tenth, Repeats())
    plain = time.process_time() - start
    assert ours == theirs
    print(f"{len(tenth):,} alerts: {took:.2f} s, plain {plain:.2f} s ({plain / took:.0f} times)")
    for days in (1, 7, 30):
        for dispersion in (1.0, 2.0):
            inside, took = held(days, dispersion)
            shown = ", ".join(f"{m:g}: {i:.1%}" for m, i in zip(MEANS, inside, strict=True))
            print(f"{days} days, dispersion {dispersion:g}: {took:.3f} s; held of 95% {shown}")


def held(days: int, dispersion: float, logs: int = 60) -> tuple[list[float], float]:
    """Share of drawn periods inside the interval by alerts a day, and seconds a log."""
    rng = np.random.default_rng(1)
    length, each = 800, 4
    start = length - days
    weekend = np.arange(length) % 7 >= 5
    season = 1 + 0.1 * np.sin(2 * np.pi * np.arange(length) / 365)
    mean = np.repeat(np.array(MEANS), each)[:, None] * (1 + 0.3 * weekend) * season
    inside, took = [], 0.0
    for _log in range(logs):
        counts = (
            rng.poisson(mean)
            if dispersion == 1.0
            else rng.negative_binomial(mean / (dispersion - 1.0), 1.0 / dispersion)
        )
        begun = time.process_time()
        found = expectation(
            counts, np.datetime64("2024-01-01"), start, days, np.ones(length, np.bool_),
            level_days=91, interval_fraction=0.95,
        )  # fmt: skip
        took += time.process_time() - begun
        counted = counts[:, start:].sum(axis=1)
        inside.append((counted >= found.lower) & (counted <= found.upper))
    return np.mean(inside, axis=0).reshape(len(MEANS), each).mean(axis=1).tolist(), took / logs


if __name__ == "__main__":
    main()
