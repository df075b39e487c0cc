"""Why a bundle is in the plan: what it frees, whom it costs, and what would be without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.explain_board import Board, Change, Price
from optimizer.explain_rules import Broken, Margin, broken_rules, margins
from optimizer.frozen import IntArray
from optimizer.measures import response_by_group
from optimizer.plan import Bundle
from optimizer.queueing import crews_needed, wait_exceeds
from optimizer.result import Status
from optimizer.workload import assess, closes_window, standard_min


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Officers required, road duty not included, by their parts.

    Attributes:
        crews: Crews on duty round the clock.
        posts: Round-the-clock duty posts.
        windows: Day-time windows kept by police offices.
        crew_officers, post_officers, window_officers, case_officers, community_officers: The parts.
        officers: Their sum.
    """

    crews: int
    posts: int
    windows: int
    crew_officers: float
    post_officers: float
    window_officers: float
    case_officers: float
    community_officers: float
    officers: float

    def __add__(self, other: Need) -> Need:
        return Need(
            crews=self.crews + other.crews,
            posts=self.posts + other.posts,
            windows=self.windows + other.windows,
            crew_officers=self.crew_officers + other.crew_officers,
            post_officers=self.post_officers + other.post_officers,
            window_officers=self.window_officers + other.window_officers,
            case_officers=self.case_officers + other.case_officers,
            community_officers=self.community_officers + other.community_officers,
            officers=self.officers + other.officers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Why so many crews: the period of the day that needs most.

    Attributes:
        period: Its name.
        jobs_per_hour: Crews sent per hour.
        service_min: Minutes of one job, ways there and back included.
        offered_erlangs: Crews busy on average.
        crews: Crews on duty.
        wait_share_fraction: Share of alerts that wait longer than allowed with them.
        wait_share_one_fewer_fraction: With one crew fewer; None where the policy allows no fewer.
    """

    period: str
    jobs_per_hour: float
    service_min: float
    offered_erlangs: float
    crews: int
    wait_share_fraction: float
    wait_share_one_fewer_fraction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipCost:
    """A township (of it, what the bundle's stations look after), today and in the bundle.

    Attributes:
        township: Its name.
        station_id: The station that looks after most of it.
        alerts_per_year, residents: There.
        today_min, together_min: Mean response over its alerts (over residents where it has none).
        today_within_fraction, together_within_fraction: Share of its alerts within the standard.
        residents_losing_standard: Residents within the standard today and outside it together.
    """

    township: str
    station_id: str
    alerts_per_year: float
    residents: float
    today_min: float
    together_min: float
    today_within_fraction: float
    together_within_fraction: float
    residents_losing_standard: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A station that becomes a police office.

    Attributes:
        station_id: The station.
        travel_min: Minutes to it from the centre's seat.
        window_closes: Its window closes, the centre having one.
    """

    station_id: str
    travel_min: float
    window_closes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChoice:
    """A set of stations under one of its members.

    Attributes:
        centre_id: That member.
        price: Its price less that of its stations apart; None where it cannot reach them by road.
        broken: Rules that it breaks.
    """

    centre_id: str
    price: Price | None
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleWhy:
    """Why a bundle (or a lone station) is in the plan.

    Attributes:
        bundle: The bundle.
        alone: What each station needs alone, in the order of `bundle.station_ids`.
        together: What they need together.
        queues: The busiest period of each station alone, then of the bundle.
        price: The bundle's price less that of its stations apart.
        townships: What changes for whom, the greatest loss first; empty for a lone station.
        offices: Its police offices, by id.
        margins: Its limits.
        hosts: Every member as the centre, the present one first, then by price.
        without: The best plan without this very set of stations (for a lone station: with it in
            a bundle), against the plan.
        locks: Kinds of lock that name one of its stations.
        lock_decides: Without any lock the best plan would not have it.
    """

    bundle: Bundle
    alone: tuple[Need, ...]
    together: Need
    queues: tuple[Queue, ...]
    price: Price
    townships: tuple[TownshipCost, ...]
    offices: tuple[Office, ...]
    margins: tuple[Margin, ...]
    hosts: tuple[HostChoice, ...]
    without: Change
    locks: tuple[str, ...]
    lock_decides: bool

    @property
    def apart(self) -> Need:
        """What the stations need alone, summed."""
        total = self.alone[0]
        for need in self.alone[1:]:
            total = total + need
        return total


def bundle_why(board: Board, bundle: Bundle) -> BundleWhy:
    """Explain one bundle of the plan."""
    rows = board.rows(bundle.station_ids)
    ids = board.county.stations.station_id
    centre = ids.index(bundle.centre_id)
    needs = _needs(board, [*((s, [s]) for s in rows.tolist()), (centre, rows.tolist())])
    singles = [Bundle(centre_id=ids[s], station_ids=(ids[s],)) for s in rows.tolist()]
    price, *apart = board.prices([bundle, *singles])
    joint = len(rows) > 1
    column = board.exactly(rows) & (board.columns.host == centre)
    return BundleWhy(
        bundle=bundle,
        alone=tuple(needs[:-1]),
        together=needs[-1],
        queues=(*(_queue(board, s, np.array([s])) for s in rows), _queue(board, centre, rows)),
        price=price - sum(apart, Price()),
        townships=_townships(board, centre, rows) if joint else (),
        offices=tuple(_office(board, centre, s) for s in rows.tolist() if s != centre),
        margins=margins(board, int(np.flatnonzero(column)[0])) if joint and column.any() else (),
        hosts=host_choices(board, rows, first=bundle.centre_id) if joint else (),
        without=board.change(~board.exactly(rows)),
        locks=_locks(board, bundle),
        lock_decides=_lock_decides(board, bundle, rows),
    )


def host_choices(board: Board, rows: IntArray, first: str = "") -> tuple[HostChoice, ...]:
    """A set of stations under each of its members: `first`, then those allowed by price."""
    ids = board.county.stations.station_id
    singles = [Bundle(centre_id=ids[s], station_ids=(ids[s],)) for s in rows.tolist()]
    apart = sum(board.prices(singles), Price())
    columns = np.flatnonzero(board.exactly(rows))
    found = []
    at = {int(board.columns.host[c]): int(c) for c in columns}
    members = tuple(sorted(ids[s] for s in rows.tolist()))
    for s in rows.tolist():
        if s not in at:
            found.append(HostChoice(centre_id=ids[s], price=None))
            continue
        (price,) = board.prices([Bundle(centre_id=ids[s], station_ids=members)])
        found.append(
            HostChoice(centre_id=ids[s], price=price - apart, broken=broken_rules(board, at[s]))
        )

    def order(one: HostChoice) -> tuple[bool, bool, int, float, str]:
        price = np.inf if one.price is None else one.price.total
        return (
            one.centre_id != first, one.price is None, len(one.broken), price, one.centre_id
        )  # fmt: skip

    return tuple(sorted(found, key=order))


def _needs(board: Board, groups: Sequence[tuple[int, list[int]]]) -> list[Need]:
    known = assess(
        board.county, board.policy, board.demand, [h for h, _m in groups], [m for _h, m in groups],
        with_waits=False,
    )  # fmt: skip
    crews = board.policy.crews
    posts = 1 if crews.duty_post_officers else 0
    per_window = (
        crews.window_officers * crews.window_hours_per_week / crews.effective_hours_per_week
    )
    return [
        Need(
            crews=int(known.crews[i]),
            posts=posts,
            windows=round(float(known.window_officers[i]) / per_window) if per_window else 0,
            crew_officers=float(known.crew_officers[i]),
            post_officers=float(known.post_officers[i]),
            window_officers=float(known.window_officers[i]),
            case_officers=float(known.case_officers[i]),
            community_officers=float(known.community_officers[i]),
            officers=float(known.officers[i]),
        )
        for i in range(len(groups))
    ]


def _queue(board: Board, host: int, rows: IntArray) -> Queue:
    """The period that needs most crews; of several the one with the highest load."""
    county, demand, rules = board.county, board.demand, board.policy.crews
    cells = np.flatnonzero(np.isin(county.cells.station, rows))
    jobs = demand.jobs_per_hour[cells]
    # Nobody drives where nothing happens, however far it is.
    travel_min = np.where(jobs > 0, county.travel_time_min[host, cells][:, None], 0.0)
    total = jobs.sum(axis=0)
    busy_min = (demand.scene_crew_min_per_hour[cells] + 2.0 * jobs * travel_min).sum(axis=0)
    load = busy_min / 60.0
    service_min = np.divide(busy_min, total, out=np.zeros_like(total), where=total > 0)
    needed = crews_needed(
        load,
        service_min,
        max_wait_min=rules.max_wait_min,
        max_wait_share_fraction=rules.max_wait_share_fraction,
        min_crews=rules.min_crews,
    )
    at = int(np.lexsort((-load, -needed))[0])
    crews = int(needed[at])

    def waits(m: int) -> float:
        return float(wait_exceeds(m, load[at], service_min[at], rules.max_wait_min))

    return Queue(
        period=county.period_names[at],
        jobs_per_hour=float(total[at]),
        service_min=float(service_min[at]),
        offered_erlangs=float(load[at]),
        crews=crews,
        wait_share_fraction=waits(crews),
        wait_share_one_fewer_fraction=waits(crews - 1) if crews > rules.min_crews else None,
    )


def _townships(board: Board, centre: int, rows: IntArray) -> tuple[TownshipCost, ...]:
    county = board.county
    cells = np.flatnonzero(np.isin(county.cells.station, rows))
    names = sorted({county.cells.township[c] for c in cells.tolist()})
    place = {name: i for i, name in enumerate(names)}
    group = np.array([place[county.cells.township[c]] for c in cells.tolist()], dtype=np.int64)
    own = county.cells.station[cells]
    alerts, residents = board.demand.alerts_per_year[cells], county.cells.population[cells]
    turnout, standard = board.policy.response.turnout_min, standard_min(county, board.policy)[cells]
    before = turnout + county.travel_time_min[own, cells]
    after = turnout + county.travel_time_min[centre, cells]
    was, now = (
        response_by_group(
            group, len(names), alerts_per_year=alerts, population=residents, response_min=minutes,
            is_within=minutes <= standard,
        )
        for minutes in (before, after)
    )  # fmt: skip
    lost = (before <= standard) & (after > standard)
    found = []
    for i, name in enumerate(names):
        here = group == i
        served = np.bincount(own[here], minlength=len(county.stations))
        found.append(
            TownshipCost(
                township=name,
                station_id=county.stations.station_id[int(np.argmax(served))],
                alerts_per_year=float(alerts[here].sum()),
                residents=float(residents[here].sum()),
                today_min=float(was.mean_response_min[i]),
                together_min=float(now.mean_response_min[i]),
                today_within_fraction=float(was.share_within_fraction[i]),
                together_within_fraction=float(now.share_within_fraction[i]),
                residents_losing_standard=float(residents[here & lost].sum()),
            )
        )
    return tuple(sorted(found, key=lambda t: (t.today_min - t.together_min, t.township)))


def _office(board: Board, centre: int, station: int) -> Office:
    county = board.county
    closes = closes_window(county, board.policy, np.array([centre]), np.array([station]))
    return Office(
        station_id=county.stations.station_id[station],
        travel_min=float(county.station_time_min[centre, station]),
        window_closes=bool(closes[0]),
    )


def _locks(board: Board, bundle: Bundle) -> tuple[str, ...]:
    """Kinds of lock that name a station of the bundle."""
    found = []
    for rule in board.locks():
        entries = getattr(board.policy.bundling.locks, rule.rsplit(".", 1)[1])
        if set(bundle.station_ids) & set(_named(entries)):
            found.append(rule)
    return tuple(found)


def _named(value: object) -> list[str]:
    """Every text in a lock, however its entries are nested."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return [text for one in value for text in _named(one)]
    fields = getattr(type(value), "model_fields", ())
    return [text for name in fields for text in _named(getattr(value, name))]


def _lock_decides(board: Board, bundle: Bundle, rows: IntArray) -> bool:
    """Whether no best plan without locks has the bundle (the set; under whatever centre)."""
    free = board.free
    if free is None or free.status is not Status.OPTIMAL or bundle in free.bundles:
        return False
    whole = (board.inside(rows) == 0) | board.exactly(rows)
    forced = board.best(board.unlocked() & whole)
    assert free.price_units is not None
    return forced.price_units is None or forced.price_units > free.price_units
