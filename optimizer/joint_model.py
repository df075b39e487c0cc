r"""Bundles and road duty in one model: the cheapest plan whose load is at most $t$ km per officer.

Columns $x$: a bundle under its centre. Columns $y$: a centre $h$ with a group $A$ of jurisdictions,
for $n_A(t) = \max(m, \lceil K(A)/t \rceil)$ officers. Rows, besides those of bundling:

- every jurisdiction is in one group;
- for each centre and jurisdiction, the groups with it are no more than the bundles of that centre
  that may take it, and all groups of a centre no more than its bundles: since a centre has one
  bundle at the most, it has at most one group, and one that this bundle may take;
- $\sum n_A(t)\,y \le N$; the number of duty stations; the share of accidents in time.

A group wastes $n_A - K(A)/t$ officers, and all groups together $N - K/t$ at the most; near the
mean load that leaves fewer groups. The linear relaxation with the fewest officers as its goal
drops most of the rest: a column whose reduced cost passes what is left of $N$ is in no plan. With
a price on officers who leave their squad's area come officers beyond need per centre, and officers
of each squad at home per centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix

from optimizer.cover import Cover
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.highs import branch
from optimizer.result import Status
from optimizer.road_task import officers_needed
from optimizer.solver import Limits, Model, relax

MOST_GROUPS = 150_000
"""With more groups at one centre the model is not built."""
_WASTE_TOLERANCE = 1e-6
_TOLERANCE_OFFICERS = 1e-5
_PRICE_SCALE = 1e6
_FINER = 1000.0


class TooManyGroupsError(Exception):
    """The load leaves more groups than the model can hold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointTask:
    """C columns over S stations, J jurisdictions, Q squads.

    Attributes:
        cover: Members, whole prices and rows of the bundling.
        host: Station row of each column's centre, shape (C,).
        may: Jurisdictions that a column may take, shape (C, J).
        home: The column has a station in the squad's area, shape (C, Q).
        road_km: Managed km, shape (J,).
        squad_officers: Shape (Q,).
        duty_stations: Exact number; None = free.
        min_officers: At each duty station at the least, 1 or more.
        in_time: Accidents that a centre reaches in time, whole units, shape (J, S); None = free.
        in_time_at_least: What they add up to.
        leave_price: Price of an officer who leaves, in the cover's units of price.
        near: Stations that cover each sort of main road, shape (M, S); None = free.
        near_units: What each sort adds, shape (M,).
        near_at_least: What the sorts covered add up to.
    """

    cover: Cover
    host: IntArray
    may: BoolArray
    home: BoolArray
    road_km: FloatArray
    squad_officers: IntArray
    duty_stations: int | None
    min_officers: int
    in_time: IntArray | None
    in_time_at_least: int
    leave_price: int
    near: BoolArray | None = None
    near_units: IntArray | None = None
    near_at_least: int = 0

    @property
    def officers(self) -> int:
        """Officers of all squads."""
        return int(self.squad_officers.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cheapest:
    """The cheapest plan of at most a load.

    Attributes:
        status: OPTIMAL, INFEASIBLE, or what the time allowed.
        chosen: Columns; None without a plan.
        price: Bundles and leavers, in units of price; None without a plan.
        bound: No plan of that load is cheaper; None where not known.
        groups: Groups in the model.
    """

    status: Status
    chosen: IntArray | None = None
    price: int | None = None
    bound: int | None = None
    groups: int = 0


def cheapest(
    task: JointTask, keep: IntArray, load_km: float, limits: Limits, most_price: float = np.inf
) -> Cheapest:
    """Solve the model at one load.

    Args:
        task: The task.
        keep: Columns that may be used, sorted.
        load_km: Km per officer at the most; inf = any.
        limits: Time and seed.
        most_price: Bundles may cost so much, in units of price.

    Raises:
        TooManyGroupsError: the model would be too large.
        SolverError: the solver failed.
    """
    groups = _groups(task, keep, load_km)
    left = _usable(task, keep, groups, most_price, limits)
    if left is None:
        return Cheapest(status=Status.INFEASIBLE, groups=len(groups.host))
    keep, groups = left
    rows = _Rows(len(keep), len(groups.host))
    _bundling(task, keep, rows)
    _roads(task, keep, groups, rows, float(task.officers))
    _covered(task, keep, groups, rows)
    _, lone_price = _lone_prices(task.cover)
    priced = _savings(task, keep)
    if task.leave_price:
        _leavers(task, keep, groups, rows)
    found = branch(rows.model(priced), limits)
    if found.status is Status.INFEASIBLE:
        return Cheapest(status=Status.INFEASIBLE, groups=len(groups.host))
    constant = int(lone_price.sum()) + task.leave_price * (task.officers if task.leave_price else 0)
    bound = None if found.bound is None else int(np.floor(found.bound)) + constant
    if found.values is None:
        return Cheapest(status=Status.UNKNOWN, bound=bound, groups=len(groups.host))
    chosen = keep[found.values[: len(keep)] > 0.5]
    if not task.cover.holds(chosen):
        return Cheapest(status=Status.UNKNOWN, bound=bound, groups=len(groups.host))
    assert found.objective is not None
    return Cheapest(
        status=found.status,
        chosen=chosen,
        price=round(found.objective) + constant,
        bound=bound,
        groups=len(groups.host),
    )


def _usable(
    task: JointTask, keep: IntArray, groups: _Groups, most_price: float, limits: Limits
) -> tuple[IntArray, _Groups] | None:
    """Columns and groups that a plan with no more than all officers can use; None = no plan."""
    rows = _Rows(len(keep), len(groups.host))
    _bundling(task, keep, rows)
    _roads(task, keep, groups, rows, np.inf)
    if np.isfinite(most_price):
        every = np.arange(len(keep))
        most = (most_price - float(_lone_prices(task.cover)[1].sum())) / _PRICE_SCALE
        price = _savings(task, keep) / _PRICE_SCALE
        rows.add(np.array([-np.inf]), np.array([most]), (every * 0, every, price))
    model = rows.model(np.zeros(len(keep)), groups.officers.astype(np.float64))
    relaxed = relax(model, limits)
    if relaxed.status is Status.INFEASIBLE:
        return None
    if relaxed.objective is None or relaxed.dual_values is None:
        return keep, groups
    if relaxed.objective > task.officers + _TOLERANCE_OFFICERS:
        return None
    part = np.bincount(
        model.column,
        weights=model.value * relaxed.dual_values[model.row],
        minlength=len(model.objective),
    )
    least = relaxed.objective + model.objective - part
    good = least <= task.officers + _TOLERANCE_OFFICERS
    bundles, groups_left = good[: len(keep)], good[len(keep) :]
    return keep[bundles], _Groups(
        host=groups.host[groups_left],
        members=groups.members[groups_left],
        officers=groups.officers[groups_left],
    )


def _savings(task: JointTask, keep: IntArray) -> FloatArray:
    """Price of each column less that of its stations alone."""
    lone_price = _lone_prices(task.cover)[1]
    members = task.cover.members[keep]
    alone = np.where(members >= 0, lone_price[members], 0).sum(axis=1)
    found: FloatArray = (task.cover.price[keep] - alone).astype(np.float64)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """G groups: station row of the centre (G,), jurisdictions (G, J), officers (G,)."""

    host: IntArray
    members: BoolArray
    officers: IntArray


def _lone_prices(cover: Cover) -> tuple[IntArray, IntArray]:
    """Columns of lone stations, and the price of each station alone, shape (S,)."""
    lone = cover.lone()
    price = np.zeros(cover.stations, dtype=np.int64)
    price[cover.members[lone].max(axis=1)] = cover.price[lone]
    return lone, price


def _groups(task: JointTask, keep: IntArray, load_km: float) -> _Groups:
    """Groups that a plan of at most this load can use."""
    everything = float(task.road_km.sum())
    slots = task.officers - task.min_officers * ((task.duty_stations or 1) - 1)
    per_km = 0.0 if np.isinf(load_km) else 1.0 / load_km
    waste = task.officers - everything * per_km + _WASTE_TOLERANCE
    most_km = slots * load_km * (1 + 1e-12)
    hosts, sets, counts = [], [], []
    for h in np.unique(task.host[keep]).tolist():
        may = np.unique(task.may[keep[task.host[keep] == h]], axis=0)
        inside, km = np.zeros((1, len(task.road_km)), dtype=np.bool_), np.zeros(1)
        for j in np.flatnonzero(may.any(axis=0)).tolist():
            km_more = km + task.road_km[j]
            fits = km_more <= most_km
            more = inside[fits]
            more[:, j] = True
            allowed = (more[:, None, :] <= may[None, :, :]).all(axis=2).any(axis=1)
            inside = np.vstack([inside, more[allowed]])
            km = np.concatenate([km, km_more[fits][allowed]])
            if len(km) > MOST_GROUPS:
                raise TooManyGroupsError
        inside, km = inside[1:], km[1:]
        needed = (
            np.full(len(km), task.min_officers, dtype=np.int64)
            if np.isinf(load_km)
            else officers_needed(km, load_km, task.min_officers)
        )
        good = (needed <= slots) & (needed - km * per_km <= waste)
        hosts.append(np.full(int(good.sum()), h, dtype=np.int64))
        sets.append(inside[good])
        counts.append(needed[good])
    if sum(map(len, hosts)) > MOST_GROUPS:
        raise TooManyGroupsError
    return _Groups(
        host=np.concatenate(hosts), members=np.vstack(sets), officers=np.concatenate(counts)
    )


class _Rows:
    """Rows of a model under way; its columns are bundles, groups, then what is added."""

    def __init__(self, bundles: int, groups: int) -> None:
        self._entries: list[tuple[IntArray, IntArray, FloatArray]] = []
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._count = 0
        self.bundles, self.groups = bundles, groups
        self._more_upper = np.zeros(0)
        self._more_price = np.zeros(0)

    def columns(self, upper: FloatArray, price: FloatArray) -> IntArray:
        """Further whole columns from 0 to `upper`; their numbers."""
        first = self.bundles + self.groups + len(self._more_upper)
        self._more_upper = np.concatenate([self._more_upper, upper])
        self._more_price = np.concatenate([self._more_price, price])
        return first + np.arange(len(upper))

    def add(
        self,
        lower: FloatArray,
        upper: FloatArray,
        *entries: tuple[IntArray, IntArray, FloatArray],
    ) -> None:
        """Further rows; entries are (row among them, column, value)."""
        for row, column, value in entries:
            self._entries.append((self._count + row, column, value.astype(np.float64)))
        self._lower.append(np.asarray(lower, dtype=np.float64))
        self._upper.append(np.asarray(upper, dtype=np.float64))
        self._count += len(lower)

    def model(self, priced: FloatArray, grouped: FloatArray | None = None) -> Model:
        """The model; `priced` is the price of the bundles, `grouped` that of the groups."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        binary = self.bundles + self.groups
        upper = np.concatenate([np.ones(binary), self._more_upper])
        # Several entries at one place are one number.
        merged = coo_matrix((value, (row, column)), shape=(self._count, len(upper))).tocsr().tocoo()
        return Model(
            objective=np.concatenate(
                [priced, np.zeros(self.groups) if grouped is None else grouped, self._more_price]
            ),
            lower=np.zeros(len(upper)),
            upper=upper,
            integer=np.ones(len(upper), dtype=np.bool_),
            row=merged.row.astype(np.int64),
            column=merged.col.astype(np.int64),
            value=merged.data,
            row_lower=np.concatenate(self._lower),
            row_upper=np.concatenate(self._upper),
        )


def _bundling(task: JointTask, keep: IntArray, rows: _Rows) -> None:
    """Every station in one bundle; counts and limits."""
    members = task.cover.members[keep]
    column, place = np.nonzero(members >= 0)
    ones = np.ones(task.cover.stations)
    rows.add(ones, ones, (members[column, place], column, np.ones(len(column))))
    every, zero = np.arange(len(keep)), np.zeros(len(keep), dtype=np.int64)
    for weights, value in task.cover.exactly:
        rows.add(
            np.array([value]), np.array([value]), (zero, every, weights[keep].astype(np.float64))
        )
    for limit in task.cover.limits:
        unit = max(1.0, limit.per_unit / _FINER)
        rows.add(
            np.array([limit.floor / unit]),
            np.array([np.inf]),
            (zero, every, limit.coefficients[keep] / unit),
        )


def _roads(task: JointTask, keep: IntArray, groups: _Groups, rows: _Rows, officers: float) -> None:
    """Every jurisdiction in one group of a centre whose bundle may take it."""
    lands, count = len(task.road_km), len(groups.host)
    group = len(keep) + np.arange(count)
    inside, land = np.nonzero(groups.members)
    ones = np.ones(lands)
    rows.add(ones, ones, (land, group[inside], np.ones(len(land))))
    column, taken = np.nonzero(task.may[keep])
    pairs = np.unique(
        np.concatenate(
            [task.host[keep][column] * lands + taken, groups.host[inside] * lands + land]
        )
    )
    rows.add(
        np.full(len(pairs), -np.inf),
        np.zeros(len(pairs)),
        (
            np.searchsorted(pairs, groups.host[inside] * lands + land),
            group[inside],
            np.ones(len(land)),
        ),
        (
            np.searchsorted(pairs, task.host[keep][column] * lands + taken),
            column,
            -np.ones(len(column)),
        ),
    )
    stations = task.cover.stations
    rows.add(
        np.full(stations, -np.inf),
        np.zeros(stations),
        (groups.host, group, np.ones(count)),
        (task.host[keep], np.arange(len(keep)), -np.ones(len(keep))),
    )
    zero = np.zeros(count, dtype=np.int64)
    rows.add(np.zeros(1), np.array([officers]), (zero, group, groups.officers.astype(np.float64)))
    if task.duty_stations is not None:
        wanted = np.array([float(task.duty_stations)])
        rows.add(wanted, wanted, (zero, group, np.ones(count)))
    if task.in_time is not None:
        reached = (groups.members * task.in_time.T[groups.host]).sum(axis=1)
        # In thousandths of the share, so that a tolerance is not of the largest terms.
        scale = max(1.0, task.in_time_at_least / _FINER)
        rows.add(
            np.array([task.in_time_at_least / scale]),
            np.array([np.inf]),
            (zero, group, reached / scale),
        )


def _covered(task: JointTask, keep: IntArray, groups: _Groups, rows: _Rows) -> None:
    """Enough of the main roads near a centre with road duty."""
    if task.near is None or task.near_units is None:
        return
    sorts = len(task.near_units)
    first = rows.columns(np.ones(sorts), np.zeros(sorts))
    sort, group = np.nonzero(task.near[:, groups.host])
    every = np.arange(sorts)
    rows.add(
        np.full(sorts, -np.inf),
        np.zeros(sorts),
        (every, first, np.ones(sorts)),
        (sort, len(keep) + group, -np.ones(len(sort))),
    )
    scale = max(1.0, task.near_at_least / _FINER)
    rows.add(
        np.array([task.near_at_least / scale]),
        np.array([np.inf]),
        (every * 0, first, task.near_units / scale),
    )


def _leavers(task: JointTask, keep: IntArray, groups: _Groups, rows: _Rows) -> None:
    """Officers beyond need per centre, officers of a squad at home per centre; those are priced."""
    hosts = np.unique(task.host[keep])
    squads, n = len(task.squad_officers), len(hosts)
    group = len(keep) + np.arange(len(groups.host))
    at = np.searchsorted(hosts, groups.host)
    extra = rows.columns(np.full(n, float(task.officers)), np.zeros(n))
    # Every officer leaves until at home somewhere.
    pair_host = np.repeat(np.arange(n), squads)
    pair_squad = np.tile(np.arange(squads), n)
    home = rows.columns(
        task.squad_officers[pair_squad].astype(np.float64),
        np.full(n * squads, -float(task.leave_price)),
    )
    free = np.full(n, -np.inf)
    # Only a centre with roads takes officers beyond need.
    rows.add(
        free,
        np.zeros(n),
        (np.arange(n), extra, np.ones(n)),
        (at, group, np.full(len(group), -float(task.officers))),
    )
    rows.add(
        free,
        np.zeros(n),
        (pair_host, home, np.ones(len(home))),
        (at, group, -groups.officers.astype(np.float64)),
        (np.arange(n), extra, -np.ones(n)),
    )
    column, squad = np.nonzero(task.home[keep])
    place = np.searchsorted(hosts, task.host[keep][column]) * squads + squad
    rows.add(
        np.full(n * squads, -np.inf),
        np.zeros(n * squads),
        (np.arange(n * squads), home, np.ones(n * squads)),
        (place, column, -task.squad_officers[squad].astype(np.float64)),
    )
    rows.add(
        np.zeros(squads),
        task.squad_officers.astype(np.float64),
        (pair_squad, home, np.ones(len(home))),
    )
    total = np.array([float(task.officers)])
    rows.add(
        total,
        total,
        (np.zeros(len(group), np.int64), group, groups.officers.astype(np.float64)),
        (np.zeros(n, np.int64), extra, np.ones(n)),
    )
