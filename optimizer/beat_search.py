"""Good beats quickly: even shares around seats, seats moved, borders moved by chance.

1. Seats by chance, far apart (k-means++, Arthur and Vassilvitskii 2007), and in turn: units shared
   out evenly around them at tolls (Lloyd's alternation with capacities), seats moved to the middle.
2. What is cut off joins a beat that touches it.
3. Units cross borders by simulated annealing; no beat ever falls apart; work outside the band is
   paid for dearer and dearer. Seats move along.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimizer.beat_core import BeatCore
from optimizer.frozen import FloatArray, IntArray

_TOLL_ROUNDS = 40
_ROUNDING = 1e-9
_MANY_UNITS = 3000
_STARTS, _STARTS_OF_MANY, _KEPT = 40, 1, 6
_LEAST_STARTS, _UNITS_A_START = 6, 5
_REHEAT = 0.2
_PRICED_SEATS = 60
_MANY_ENTRIES = 400_000
_FAR = 1e18
_TINY = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A division of the units: beat of each, row of each seat, objective, work out of band."""

    beat_of: IntArray
    seat_rows: IntArray
    objective: float
    off_band: float

    @property
    def valid(self) -> bool:
        """Whether all loads are in the band and no unit is left over."""
        return self.off_band <= 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is tried from one start.

    Attributes:
        rounds: Of annealing; seats move between them.
        moves: Tried in each.
        lloyd_rounds: Times the seats move to the middle before.
        heat: First temperature as a share of the mean price of a unit.
    """

    rounds: int
    moves: int
    lloyd_rounds: int
    heat: float


def effort_for(core: BeatCore) -> Effort:
    """Thorough where it is cheap."""
    if core.units <= _MANY_UNITS:
        # Seats move often: as many moves in fewer rounds end a per cent dearer.
        return Effort(rounds=240, moves=40 * core.units, lloyd_rounds=12, heat=1.0)
    return Effort(rounds=12, moves=10 * core.units, lloyd_rounds=8, heat=0.05)


def from_start(core: BeatCore, random: np.random.Generator, effort: Effort) -> Found | None:
    """A division from seats by chance; None where a unit can reach none of them."""
    from optimizer.beat_loops import even_shares, joined_to_seats

    seats = seeds(core, random)
    if seats is None:
        return None
    extra = _tie_price(core)
    work = core.work + extra
    toll = np.zeros(len(seats))
    for _ in range(effort.lloyd_rounds):
        price = with_ties(core, seats, extra)
        step = float(np.median(price.min(axis=0) / work)) + 1e-12
        beat_of = even_shares(price, work, core.low, core.high, toll, _TOLL_ROUNDS, step)
        joined_to_seats(beat_of, core.home[seats], price, core.first, core.neighbour)
        if bool((beat_of < 0).any()):
            return None
        moved = middle_seats(core, beat_of, seats, random)
        if np.array_equal(moved, seats):
            break
        seats = moved
    return improved(core, beat_of, seats, random, effort)


def improved(
    core: BeatCore,
    beat_of: IntArray,
    seats: IntArray,
    random: np.random.Generator,
    effort: Effort,
    *,
    today: IntArray | None = None,
    deadline: float = np.inf,
) -> Found:
    """Move borders and seats; the best division on the way.

    Args:
        core: The problem.
        beat_of: Beats in one piece each, shape (U,).
        seats: Rows of the seats, shape (K,).
        random: Chance.
        effort: How long.
        today: Beat of each unit today, numbered as `beat_of`; changes are then capped.
        deadline: `time.monotonic()` at which to stop.
    """
    from optimizer.beat_loops import anneal

    beat_of = beat_of.copy()
    k = len(seats)
    price = _finite(core.prices(seats))
    best = division(core, beat_of, seats)
    mean = float(price[beat_of, np.arange(core.units)].mean())
    per_work = float(price[beat_of, np.arange(core.units)].sum()) / max(1e-300, core.work.sum())
    counted = np.zeros(0, np.int64) if today is None else today
    cap = core.task.max_changes
    for turn in range(effort.rounds):
        done = turn / max(1, effort.rounds - 1)
        heat = 0.0 if done > 0.95 else effort.heat * mean * 0.002**done
        fixed = np.zeros(core.units, np.int64)
        fixed[core.home[seats]] = 1
        load = np.bincount(beat_of, core.work, minlength=k)
        allowed = core.units
        if today is not None and cap is not None:
            allowed = cap - int((beat_of != today).sum())
        anneal(
            price, core.work, core.low, core.high, core.first, core.neighbour, fixed, beat_of,
            load, counted, allowed, heat, per_work * (0.5 + 20.0 * done),
            random.random((effort.moves, 3)),
        )  # fmt: skip
        moved = middle_seats(core, beat_of, seats, random)
        if not np.array_equal(moved, seats):
            seats = moved
            price = _finite(core.prices(seats))
        now = division(core, beat_of, seats)
        if (now.off_band, now.objective) < (best.off_band, best.objective):
            best = now
        if time.monotonic() > deadline:
            break
    return best


def middle_seats(
    core: BeatCore, beat_of: IntArray, seats: IntArray, random: np.random.Generator
) -> IntArray:
    """The best seat of each beat; of very many, the best of some by chance."""
    from optimizer.beat_loops import best_seat

    moved = seats.copy()
    stay = set(core.must.tolist())
    seat_beat = beat_of[core.home]
    order = np.argsort(seat_beat, kind="stable")
    ends = np.searchsorted(seat_beat[order], np.arange(len(seats) + 1))
    unit_order = np.argsort(beat_of, kind="stable")
    unit_ends = np.searchsorted(beat_of[unit_order], np.arange(len(seats) + 1))
    for b in range(len(seats)):
        if int(seats[b]) in stay:
            continue
        rows = order[ends[b] : ends[b + 1]]
        units = unit_order[unit_ends[b] : unit_ends[b + 1]]
        if len(rows) * len(units) > _MANY_ENTRIES:
            rows = np.sort(random.choice(rows, _PRICED_SEATS, replace=False))
            rows = np.union1d(rows, seats[b : b + 1])
        if len(rows):
            moved[b] = rows[best_seat(np.ascontiguousarray(core.prices(rows, units)))]
    return moved


def nearest_division(core: BeatCore, seats: IntArray) -> IntArray | None:
    """Units shared out evenly around given seats, in one piece each; None where not all can be."""
    from optimizer.beat_loops import even_shares, joined_to_seats

    extra = _tie_price(core)
    work = core.work + extra
    price = with_ties(core, seats, extra)
    step = float(np.median(price.min(axis=0) / work)) + 1e-12
    toll = np.zeros(len(seats))
    beat_of = even_shares(price, work, core.low, core.high, toll, 2 * _TOLL_ROUNDS, step)
    joined_to_seats(beat_of, core.home[seats], price, core.first, core.neighbour)
    return None if bool((beat_of < 0).any()) else beat_of


def division(core: BeatCore, beat_of: IntArray, seats: IntArray) -> Found:
    """A division with its objective and the work out of the band."""
    price = core.prices(seats)
    load = np.bincount(beat_of, core.work, minlength=len(seats))
    slack = _ROUNDING * max(1.0, core.low)
    off = np.maximum(load - core.high - slack, 0) + np.maximum(core.low - slack - load, 0)
    total = float(price[beat_of, np.arange(core.units)].sum())
    return Found(beat_of.copy(), seats.copy(), total, float(off.sum()))


def _finite(price: FloatArray) -> FloatArray:
    found: FloatArray = np.where(np.isfinite(price), price, _FAR)
    return found


def _tie_price(core: BeatCore) -> FloatArray:
    """A little work for units without any, so that they, too, go where they are near."""
    mean = max(1e-12, float(core.work.mean()))
    extra: FloatArray = np.where(core.work > 0, 0.0, _TINY * mean)
    return extra


def with_ties(core: BeatCore, seats: IntArray, extra: FloatArray) -> FloatArray:
    """Prices with a little added for units that cost nothing, by how near the seat is."""
    price = _finite(core.prices(seats))
    idle = np.flatnonzero(extra > 0)
    if len(idle):
        task = core.task
        sample = np.zeros(core.units, np.int64)
        sample[core.unit_of[::-1]] = np.arange(task.cells)[::-1]
        cells = sample[idle]
        for b, row in enumerate(seats):
            if task.minutes is not None:
                near = task.minutes[core.seats[row], cells]
            else:
                near = task.straight_km(core.seats[row : row + 1], cells)[0]
            price[b, idle] = np.where(price[b, idle] >= _FAR, _FAR, extra[idle] * near)
    return price


def seeds(core: BeatCore, random: np.random.Generator) -> IntArray | None:
    """Rows of k seats in different units: those that must be, the others by chance, far apart."""
    share = _beats_by_piece(core, random)
    if share is None:
        return None
    chosen: list[int] = core.must.tolist()
    for row in chosen:
        share[core.piece[core.home[row]]] -= 1
    if bool((share < 0).any()):
        return None
    near = np.full(core.units, _FAR)
    for row in chosen:
        near = np.minimum(near, _finite(core.prices(np.array([row])))[0])
    weight = np.bincount(core.home, minlength=core.units) > 0
    for _ in range(int(share.sum())):
        open_unit = weight & (share[core.piece] > 0)
        open_unit[core.home[chosen]] = False
        if not open_unit.any():
            return None
        pull = np.where(open_unit, near if len(chosen) else np.maximum(core.work, 1e-12), 0.0)
        new = open_unit & (near >= _FAR)
        if new.any():  # a piece of the map without a seat
            pull = np.where(new, np.maximum(core.work, 1e-12), 0.0)
        total = float(pull.sum())
        odds = pull / total if total > 0 else open_unit / open_unit.sum()
        unit = int(random.choice(core.units, p=odds))
        rows = np.flatnonzero(core.home == unit)
        row = int(rows[int(random.integers(len(rows)))])
        chosen.append(row)
        share[core.piece[unit]] -= 1
        near = np.minimum(near, _finite(core.prices(np.array([row])))[0])
    return np.array(sorted(chosen), np.int64)


def _beats_by_piece(core: BeatCore, random: np.random.Generator) -> IntArray | None:
    """How many beats each connected piece of the map gets; by chance where several would do."""
    k = core.task.beats
    pieces = int(core.piece.max(initial=-1)) + 1
    if pieces == 1:
        return np.array([k], np.int64)
    work = np.bincount(core.piece, core.work, minlength=pieces)
    seats = np.bincount(core.piece[core.home], minlength=pieces)
    least = np.maximum(1, np.ceil(work / core.high - _ROUNDING)).astype(np.int64)
    most = np.full(pieces, k, np.int64)
    if core.low > 0:
        most = np.floor(work / core.low + _ROUNDING).astype(np.int64)
    most = np.minimum(most, seats)
    if bool((least > most).any()) or least.sum() > k or most.sum() < k:
        return None
    share = least.copy()
    while share.sum() < k:
        odds = np.where(share < most, work / share + 1e-12, 0.0)
        best = np.flatnonzero(odds >= odds.max() * (0.8 + 0.2 * random.random()))
        share[int(random.choice(best))] += 1
    return share


def best_division(
    core: BeatCore, seed: int, deadline: float, evidence: dict[str, float]
) -> Found | None:
    """The best division of many starts; the valid one first, else the one least out of band.

    Args:
        core: The problem.
        seed: Of chance.
        deadline: `time.monotonic()` after which no new start is made.
        evidence: `starts` and `valid_starts` are put down here.
    """
    random = np.random.default_rng(seed)
    effort = effort_for(core)
    if core.task.today is not None and core.task.max_changes is not None:
        return _from_today(core, random, effort, deadline, evidence)
    many = core.units > _MANY_UNITS
    pool: list[Found] = []
    starts, valid = 0, 0
    half = 0.5 * (time.monotonic() + deadline)
    most = _STARTS_OF_MANY if many else min(_STARTS, _LEAST_STARTS + core.units // _UNITS_A_START)
    while starts < most and (not starts or time.monotonic() < half):
        found = from_start(core, random, effort)
        starts += 1
        if found is not None:
            valid += found.valid
            pool = sorted([*pool, found], key=_key)[:_KEPT]
    # The best are warmed up again, less hot, and each gives way to what is better.
    warm = replace(effort, heat=_REHEAT * effort.heat)
    again = 0
    while pool and again < (0 if many else 2 * most) and time.monotonic() < deadline:
        at = int(random.integers(len(pool)))
        found = improved(core, pool[at].beat_of, pool[at].seat_rows, random, warm)
        again += 1
        if _key(found) < _key(pool[at]):
            pool[at] = found
    evidence["starts"], evidence["valid_starts"], evidence["warmed_up"] = starts, valid, again
    return min(pool, key=_key, default=None)


def _key(found: Found) -> tuple[float, float]:
    return (found.off_band, found.objective)


def _from_today(
    core: BeatCore,
    random: np.random.Generator,
    effort: Effort,
    deadline: float,
    evidence: dict[str, float],
) -> Found | None:
    """Divisions near today's, which is mended only as far as changes allow."""
    today = today_of_units(core)
    if today is None:
        return None
    seats = np.array([np.flatnonzero(today[core.home] == b)[0] for b in range(core.task.beats)])
    seats = middle_seats(core, today, seats, random)
    best: Found | None = None
    starts = 0
    most = min(_STARTS, _LEAST_STARTS + core.units // _UNITS_A_START)
    while starts < most and (starts == 0 or time.monotonic() < deadline):
        found = improved(core, today, seats, random, effort, today=today, deadline=deadline)
        starts += 1
        if best is None or _key(found) < _key(best):
            best = found
    evidence["starts"] = starts
    return best


def today_of_units(core: BeatCore) -> IntArray | None:
    """Today's beat of each unit, 0 to k-1; None where it is no division into k whole beats."""
    task = core.task
    assert task.today is not None
    labels, of_cell = np.unique(task.today, return_inverse=True)
    of_unit = np.zeros(core.units, np.int64)
    of_unit[core.unit_of] = of_cell
    if len(labels) != task.beats or not np.array_equal(of_unit[core.unit_of], of_cell):
        return None
    a = np.repeat(np.arange(core.units), np.diff(core.first))
    same = of_unit[a] == of_unit[core.neighbour]
    graph = coo_array(
        (np.ones(int(same.sum())), (a[same], core.neighbour[same])), shape=(core.units,) * 2
    )
    pieces = connected_components(graph, directed=False)[0]
    seated = np.isin(np.arange(task.beats), of_unit[core.home]).all()
    return of_unit if pieces == task.beats and seated else None
