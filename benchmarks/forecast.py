"""Time and accuracy of the forecast: `python -m benchmarks.forecast`.

Counties of known truth are drawn (weekday, season, trend, drift, overdispersion), foretold a year
ahead, and held against what then came. CPU time against statsmodels' own regression of the same
days, in one process.
"""

from __future__ import annotations

import time

import numpy as np

from optimizer.alert_rules_forecast import METHODS, SPLITS, ForecastRules
from optimizer.forecast import forecast
from optimizer.forecast_back_test import History
from optimizer.forecast_model import foretell
from optimizer.forecast_shares import shares_by
from optimizer.forecast_split import Events, back_test_split
from optimizer.frozen import FloatArray, IntArray

YEARS, AHEAD, CELLS = 4, 365, 325


def truth(rng: np.random.Generator, categories: int, days: int) -> tuple[FloatArray, IntArray]:
    """Means and counts of each category and day."""
    t = np.arange(days)
    level = np.exp(np.cumsum(rng.normal(0, 0.003, (categories, days)), axis=1))
    season = np.exp(0.2 * np.sin(2 * np.pi * t / 365.2425) + 0.15 * (t % 7 >= 5) + 0.03 * t / 365)
    mean = np.geomspace(0.3, 60, categories)[:, None] * level * season
    return mean, rng.negative_binomial(mean / 0.5, 1 / 1.5)


def one(seed: int, categories: int) -> tuple[float, int, list[str], FloatArray]:
    """CPU seconds, categories inside their interval, methods, relative errors of the year."""
    rng = np.random.default_rng(seed)
    n = YEARS * 365
    _, counts = truth(rng, categories, n + AHEAD)
    days = np.datetime64("2022-01-01") + np.arange(n + AHEAD)
    history = History(
        counts=counts[:, :n],
        known=np.ones(n, np.bool_),
        days=days,
        kind=np.zeros(n + AHEAD, np.int64),
    )
    names = tuple(str(k) for k in range(categories))
    start = time.process_time()
    made = forecast(
        history,
        names,
        rng.poisson(20, (categories, CELLS)),
        rng.poisson(20, (categories, 168)),
        ForecastRules(),
    )
    seconds = time.process_time() - start
    came = counts[:, n:].sum(axis=1)
    told = [made.total(categories=[k]) for k in range(categories)]
    inside = sum(e.lower <= c <= e.upper for e, c in zip(told, came, strict=True))
    naive = [
        np.array([history.foretold(k, m, ForecastRules()).mean.sum() for k in range(categories)])
        for m in METHODS
    ]
    errors = [np.abs(np.log(np.maximum(a, 1) / np.maximum(came, 1))) for a in naive]
    used = np.abs(np.log(np.array([e.mean for e in told]) / np.maximum(came, 1)))
    return seconds, inside, list(made.methods), np.stack([*errors, used])


def shares(seed: int, categories: int) -> tuple[FloatArray, list[str], list[str], float]:
    """Loss of each rule for shares of cells against the truth, rules chosen and best, CPU seconds.

    Cells have shares of their own, half alike in all categories; the loss is the Kullback-Leibler
    divergence from the true shares, in nats an alert, shape (M, K).
    """
    rng = np.random.default_rng(seed)
    n = YEARS * 365
    common = rng.dirichlet(np.full(CELLS, 0.5))
    true = 0.5 * common + 0.5 * rng.dirichlet(np.full(CELLS, 0.5), categories)
    hours = rng.dirichlet(np.full(168, 20.0))
    mean = np.geomspace(0.05, 60, categories)
    per_day = rng.poisson(np.broadcast_to(mean, (n, categories)))
    category = np.repeat(np.tile(np.arange(categories), n), per_day.ravel())
    cell = np.empty(len(category), np.int64)
    for k in range(categories):
        own = category == k
        cell[own] = rng.choice(CELLS, int(own.sum()), p=true[k])
    events = Events(
        day=np.repeat(np.arange(n), per_day.sum(axis=1)),
        category=category,
        cell=cell,
        hour=rng.choice(168, len(category), p=hours),
        area=np.arange(CELLS) % 26,
        categories=categories,
    )
    start = time.process_time()
    tested = back_test_split(events, np.ones(n, np.bool_), ForecastRules())
    seconds = time.process_time() - start
    counts = np.zeros((categories, CELLS), np.int64)
    np.add.at(counts, (category, cell), 1)
    base = np.full(CELLS, 1.0 / CELLS)
    told = [shares_by(rule, counts, tested.cells.last_year, base)[0] for rule in SPLITS]
    loss = np.stack([(true * np.log(true / share)).sum(axis=1) for share in told])
    best = [SPLITS[m] for m in np.argmin(loss, axis=0).tolist()]
    return loss, list(tested.cells.best()), best, seconds


def ratio() -> tuple[float, float]:
    """CPU seconds of one fit, ours and statsmodels' negative binomial regression."""
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    n = YEARS * 365
    _, counts = truth(rng, 1, n)
    days = np.datetime64("2022-01-01") + np.arange(n + AHEAD)
    known, kind = np.ones(n, np.bool_), np.zeros(n + AHEAD, np.int64)
    start = time.process_time()
    for _ in range(10):
        foretell(counts[0], known, days, kind, ForecastRules())
    ours = (time.process_time() - start) / 10
    t = np.arange(n)
    phase = 2 * np.pi * t / 365.2425
    waves = np.column_stack([np.sin(phase), np.cos(phase), np.sin(2 * phase), np.cos(2 * phase)])
    x = np.column_stack([np.eye(7)[t % 7], waves, t / 365])
    start = time.process_time()
    for _ in range(3):
        sm.NegativeBinomial(counts[0], x, loglike_method="nb1").fit(disp=0, maxiter=200)
    return ours, (time.process_time() - start) / 3


def main() -> None:
    """Print the figures."""
    seconds, inside, errors, plain = 0.0, 0, list[FloatArray](), 0
    seeds, categories = 8, 6
    for seed in range(seeds):
        took, held, methods, error = one(seed, categories)
        seconds += took
        inside += held
        plain += sum(m != "model" for m in methods)
        errors.append(error)
    total = seeds * categories
    mean = np.concatenate(errors, axis=1).mean(axis=1)
    print(f"{seeds} counties, {categories} categories, {YEARS} years of log, {CELLS} cells")
    print(f"forecast with back-test: {seconds / seeds:.2f} s CPU")
    print(f"90 % intervals of the year hold {inside} of {total}; a plain rule used in {plain}")
    for name, value in zip([*METHODS, "as used"], mean.tolist(), strict=True):
        print(f"mean absolute log error of the year, {name}: {value:.3f}")
    found = [shares(seed, categories) for seed in range(seeds)]
    loss = np.mean([f[0] for f in found], axis=(0, 2)).tolist()
    same = sum(a == b for _, chosen, best, _ in found for a, b in zip(chosen, best, strict=True))
    cpu = sum(f[3] for f in found) / seeds
    named = ", ".join(f"{rule} {value:.3f}" for rule, value in zip(SPLITS, loss, strict=True))
    print(f"shares of cells against the truth, nats an alert: {named}")
    print(f"the best rule was chosen for {same} of {total}; back-test of shares {cpu:.2f} s CPU")
    ours, theirs = ratio()
    print(f"one fit: {ours * 1000:.1f} ms, statsmodels NB1 {theirs * 1000:.1f} ms CPU")


if __name__ == "__main__":
    main()
