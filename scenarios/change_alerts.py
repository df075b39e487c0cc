"""Alerts changed: factors, places that are not there yet, event days, and the season looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from optimizer.county import County
from optimizer.frozen import BoolArray, FloatArray, IntArray
from optimizer.policy import Policy
from scenarios.merge_changes import ChangeNotes, Path
from scenarios.scenario_schema import AlertChanges, AlertFactor, Event, Place, Where

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)
DAYS_PER_YEAR = 365.0
# Joins a category and the changes that give some of its alerts a rhythm of their own.
VARIANT = "@"

CellAt = Callable[[FloatArray, FloatArray], IntArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Factor:
    """A factor as masks. C cells, K categories, P periods, 12 months."""

    name: str
    by: float
    cells: BoolArray
    categories: BoolArray
    hours: FloatArray
    months: BoolArray

    @property
    def has_hours(self) -> bool:
        """Whether it changes the rhythm of the day."""
        return bool(self.by != 1.0 and np.ptp(self.hours) > 0)


@dataclass(slots=True, kw_only=True)
class _Alerts:
    """Alerts while they change: rates, shares of the periods, and where new categories come from.

    Attributes:
        names: K categories.
        rate: Alerts a year, shape (C, K).
        share: Share of each period, shape (K, P).
        like: Category whose work an added category has.
    """

    names: list[str]
    rate: FloatArray
    share: FloatArray
    like: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, like: str, rate: FloatArray, share: FloatArray) -> None:
        """Add a category with its own rhythm."""
        while name in self.names:
            name += VARIANT
        self.names.append(name)
        self.like[name] = self.like.get(like, like)
        self.rate = np.column_stack([self.rate, rate])
        self.share = np.vstack([self.share, share / share.sum()])


def with_alerts(
    county: County,
    policy: Policy,
    changes: AlertChanges,
    month_share_fraction: FloatArray | None,
    cell_at: CellAt,
    notes: ChangeNotes,
) -> tuple[County, Policy]:
    """The county with changed alerts, and the policy that knows the work of added categories.

    Places come first, then factors, then the season, then events. Places and factors therefore
    multiply; an event brings the alerts it states, whatever the factors.

    Alerts that get a rhythm of their own (by hours, in some cells only) become a category of their
    own, such as `criminal@night market`, with the work per alert of the category they come from.

    Args:
        county: The county; jurisdictions as in the case's files.
        policy: For the work per alert.
        changes: What changes.
        month_share_fraction: Share of each category's alerts in each month, shape (K, 12); None =
            not known, then by the days of the months.
        cell_at: Row of the cell at each point, -1 outside all.
        notes: Problems and effects are added.
    """
    cells = county.cells
    alerts = _Alerts(
        names=list(county.categories),
        rate=cells.alerts_per_year.copy(),
        share=county.period_share_fraction.copy(),
    )
    population = cells.population.copy()
    for name, place in (changes.places or {}).items():
        path = ("alerts", "places", name)
        if place is not None:
            _add_place(county, place, path, cell_at, alerts, population, notes)
    factors = _factors(county, changes, notes)
    events = {n: e for n, e in (changes.events or {}).items() if e is not None}
    season, event_days = _season(changes, events, notes)
    months = month_weights(month_share_fraction, len(county.categories))
    if season is not None and month_share_fraction is None and all(f.months.all() for f in factors):
        notes.nothing(
            ("alerts", "as_in", "months"),
            "months that differ: this case knows no rhythm of the year, and no factor names months",
        )
    if not notes.problems:
        _multiply(alerts, factors, months, season, notes)
        for name, event in events.items():
            _add_event(county, name, event, event_days, cell_at, alerts, notes)
        if not alerts.rate.sum() > 0:
            notes.wrong(("alerts",), "some alerts that remain", "raise the factors above 0")
    if notes.problems:
        return county, policy
    work = {n: policy.workload.of(like) for n, like in alerts.like.items()}
    if work:
        known = {**policy.workload.categories, **work}
        workload = policy.workload.model_copy(update={"categories": known})
        policy = policy.model_copy(update={"workload": workload})
    return replace(
        county,
        categories=tuple(alerts.names),
        period_share_fraction=alerts.share,
        cells=replace(cells, alerts_per_year=alerts.rate, population=population),
    ), policy


# --- where and when -------------------------------------------------------------------------


def _mask(county: County, where: Where) -> BoolArray:
    """Cells that every selector of `where` names, shape (C,)."""
    cells = county.cells
    mask = np.ones(len(cells), np.bool_)
    if where.cells is not None:
        mask &= np.isin(np.array(cells.cell_id, dtype=object), list(where.cells))
    if where.townships is not None:
        mask &= np.isin(np.array(cells.township, dtype=object), list(where.townships))
    if where.stations is not None:
        rows = county.stations.index()
        mask &= np.isin(cells.station, [rows[s] for s in where.stations if s in rows])
    if where.inside is not None:
        ring = shapely.make_valid(shapely.polygons(np.array(where.inside)))
        mask &= shapely.intersects_xy(ring, cells.lon_deg, cells.lat_deg)
    return mask


def hour_shares(county: County, hours: str, path: Path, notes: ChangeNotes) -> FloatArray:
    """Share of each period of the day that lies in `hours` (such as 20-06), shape (P,)."""
    start, end = (int(part) for part in hours.split("-"))
    if start > 24 or end > 24 or start % 24 == end % 24:
        notes.wrong(path, "from-to in hours of the day, such as 20-06", "correct it", value=hours)
        return np.ones(len(county.period_hours))
    if len(county.period_hours) == 1:
        notes.wrong(
            path,
            "hours in a case that knows when alerts fall; this one knows no rhythm of the day",
            "add alert_rhythm to the case, or leave the hours out",
            value=hours,
        )
        return np.ones(1)
    last = np.cumsum(county.period_hours)
    first = last - county.period_hours
    spans = [(start, end)] if start < end else [(start, 24), (0, end)]
    inside = sum(np.clip(np.minimum(last, b) - np.maximum(first, a), 0.0, None) for a, b in spans)
    share: FloatArray = inside / county.period_hours
    return share


def month_weights(share: FloatArray | None, n_categories: int) -> FloatArray:
    """Share of each category's alerts in each month, shape (K, 12); by days where not known."""
    if share is not None:
        return share
    return np.tile(MONTH_DAYS / DAYS_PER_YEAR, (n_categories, 1))


def _season(
    changes: AlertChanges, events: dict[str, Event], notes: ChangeNotes
) -> tuple[BoolArray | None, dict[str, float]]:
    """Months that stand for the year (None = all), and days of each event counted a year."""
    days = {name: float(event.days or 1) for name, event in events.items()}
    if changes.as_in is None:
        return None, days
    if changes.as_in.event is not None:
        if changes.as_in.event not in events:
            notes.wrong(
                ("alerts", "as_in", "event"),
                "one of the events: {known}",
                "write it under alerts.events",
                value=changes.as_in.event,
                known=", ".join(events) or "-",
            )
        return None, days | {changes.as_in.event: DAYS_PER_YEAR}
    if changes.as_in.months is None:
        notes.wrong(("alerts", "as_in"), "months or an event", "add one of the two")
        return None, days
    return _month_mask(changes.as_in.months), days


def _month_mask(months: tuple[int, ...] | None) -> BoolArray:
    return np.isin(np.arange(1, 13), months if months is not None else np.arange(1, 13))


# --- places ---------------------------------------------------------------------------------


def _add_place(
    county: County,
    place: Place,
    path: Path,
    cell_at: CellAt,
    alerts: _Alerts,
    population: FloatArray,
    notes: ChangeNotes,
) -> None:
    """Add residents and alerts of a place to its cell."""
    cells = county.cells
    if place.cell is not None:
        row = cells.cell_id.index(place.cell)
    elif place.at is not None:
        row = _one_cell(place.at, path, cell_at, notes)
        if row < 0:
            return
    else:
        notes.wrong(path, "where the place is: at or cell", "add one of the two")
        return
    people = place.population or 0.0
    same = np.array([t == cells.township[row] for t in cells.township])
    mix = cells.alerts_per_year[same].sum(axis=0)
    residents = float(cells.population[same].sum())
    if place.alerts_per_year is not None:
        total = place.alerts_per_year
    elif residents > 0:
        total = people * float(mix.sum()) / residents
    else:
        notes.wrong(path, "alerts_per_year, for its township has no residents", "add it")
        return
    if not people and not total:
        notes.nothing(path, "a population or alerts_per_year above 0")
        return
    parts = _parts(county, place.categories, mix, (*path, "categories"), notes)
    alerts.rate[row, : len(parts)] += total * parts
    population[row] += people
    notes.effect(
        path,
        "{people} residents and {alerts} alerts a year more in cell {cell}",
        people=f"{people:,.0f}",
        alerts=f"{total:,.0f}",
        cell=cells.cell_id[row],
    )


def _one_cell(point: tuple[float, float], path: Path, cell_at: CellAt, notes: ChangeNotes) -> int:
    row = int(cell_at(np.array([point[0]]), np.array([point[1]]))[0])
    if row < 0:
        notes.wrong(
            (*path, "at"),
            "a point inside one of the county's cells",
            "check longitude, latitude and the block's crs",
            value=f"{point[0]:.5f}, {point[1]:.5f}",
        )
    return row


def _parts(
    county: County,
    asked: dict[str, float] | None,
    mix: FloatArray,
    path: Path,
    notes: ChangeNotes,
) -> FloatArray:
    """Share of each category of the case's files, sum 1, shape (K,)."""
    if asked is not None:
        strange = sorted(set(asked) - set(county.categories))
        if strange or not sum(asked.values()) > 0:
            notes.wrong(
                path,
                "parts above 0 of the categories: {known}",
                "correct them",
                value=", ".join(strange) or None,
                known=", ".join(county.categories),
            )
        mix = np.array([asked.get(k, 0.0) for k in county.categories])
    if not mix.sum() > 0:
        mix = county.cells.alerts_per_year.sum(axis=0)
    parts: FloatArray = mix / (mix.sum() if mix.sum() > 0 else 1.0)
    return parts


# --- factors --------------------------------------------------------------------------------


def _factors(county: County, changes: AlertChanges, notes: ChangeNotes) -> list[_Factor]:
    """Every factor as masks."""
    n_cells, n_periods = len(county.cells), len(county.period_names)
    found = []
    if changes.factor is not None:
        whole = AlertFactor(factor=changes.factor)
        found.append(_masks(county, "", whole, ("alerts", "factor"), notes))
    seen: dict[str, str] = {}
    for name, factor in (changes.factors or {}).items():
        if factor is None:
            continue
        path = ("alerts", "factors", name)
        if factor.factor is None:
            notes.wrong(path, "a factor", "add `factor:`")
            continue
        selects = factor.model_dump_json(exclude={"factor", "reason"})
        if selects in seen:
            notes.wrong(
                path,
                "one factor for the same alerts; {other} has the same selection",
                "delete one of the two, or give both in one factor",
                other=seen[selects],
            )
        seen[selects] = name
        masks = _masks(county, name, factor, path, notes)
        rates = county.cells.alerts_per_year[np.ix_(masks.cells, masks.categories)]
        if not rates.sum() > 0 and not changes.places:
            notes.nothing(path, "alerts that it speaks of: there are none")
        found.append(masks)
    assert all(f.cells.shape == (n_cells,) and f.hours.shape == (n_periods,) for f in found)
    return found


def _masks(
    county: County, name: str, factor: AlertFactor, path: Path, notes: ChangeNotes
) -> _Factor:
    hours = np.ones(len(county.period_names))
    if factor.hours is not None:
        hours = hour_shares(county, factor.hours, (*path, "hours"), notes)
    return _Factor(
        name=name,
        by=1.0 if factor.factor is None else factor.factor,
        cells=_mask(county, factor),
        categories=np.array(
            [factor.categories is None or k in factor.categories for k in county.categories]
        ),
        hours=hours,
        months=_month_mask(factor.months),
    )


def _multiply(
    alerts: _Alerts,
    factors: list[_Factor],
    months: FloatArray,
    season: BoolArray | None,
    notes: ChangeNotes,
) -> None:
    """Apply the factors and the season to rates and rhythm."""
    before = alerts.rate.sum()
    for k in range(len(alerts.names)):
        weight = months[k]
        if season is not None:
            # Rates as in these months, counted up from their days to a year.
            weight = weight * season * (DAYS_PER_YEAR / MONTH_DAYS[season].sum())
        mine = [f for f in factors if f.categories[k]]
        if not mine and season is None:
            continue
        # Cells touched by the same factors share one rhythm.
        everywhere = np.ones(len(alerts.rate), np.bool_)
        touched = np.column_stack([everywhere, *(f.cells for f in mine)])
        groups, group_of = np.unique(touched, axis=0, return_inverse=True)
        group_of = group_of.reshape(-1)
        for g, row in enumerate(groups):
            here = [f for f, on in zip(mine, row[1:].tolist(), strict=True) if on]
            cells = group_of == g
            n_periods = alerts.share.shape[1]
            scale = _scale(here, weight, n_periods, is_season=season is not None)
            _rescale(alerts, k, cells, scale, here)
    after = alerts.rate.sum()
    paths: list[Path] = [
        ("alerts", "factors", f.name) if f.name else ("alerts", "factor") for f in factors
    ]
    if season is not None:
        paths.append(("alerts", "as_in"))
    for path in paths:
        notes.effect(
            path,
            "all factors and the season together: {before} to {after} alerts a year",
            before=f"{before:,.0f}",
            after=f"{after:,.0f}",
        )


def _scale(
    factors: list[_Factor], month_weight: FloatArray, n_periods: int, *, is_season: bool
) -> FloatArray:
    """What the alerts of each period are multiplied by, shape (P,)."""
    each = np.ones((n_periods, 12))
    if all(f.months.all() for f in factors) and not is_season:
        for f in factors:
            each[:, 0] *= 1.0 + (f.by - 1.0) * f.hours
        return each[:, 0]
    for f in factors:
        each *= 1.0 + (f.by - 1.0) * f.hours[:, None] * f.months[None, :]
    scale: FloatArray = each @ month_weight
    return scale


def _rescale(
    alerts: _Alerts, k: int, cells: BoolArray, scale: FloatArray, factors: list[_Factor]
) -> None:
    """Multiply the alerts of category `k` in `cells`, with a rhythm of their own if it changes."""
    if not any(f.has_hours for f in factors):
        alerts.rate[cells, k] *= scale[0]
        return
    by_period = alerts.share[k] * scale
    total = float(by_period.sum())
    if not total > 0:
        alerts.rate[cells, k] = 0.0
        return
    if (alerts.rate[~cells, k] == 0).all():
        alerts.rate[cells, k] *= total
        alerts.share[k] = by_period / total
        return
    names = "+".join(f.name for f in factors if f.name)
    rate = np.where(cells, alerts.rate[:, k] * total, 0.0)
    alerts.rate[cells, k] = 0.0
    if rate.sum() > 0:
        like = alerts.names[k]
        alerts.add(f"{like}{VARIANT}{names}", like, rate, by_period)


# --- events ---------------------------------------------------------------------------------


def _add_event(
    county: County,
    name: str,
    event: Event,
    days: dict[str, float],
    cell_at: CellAt,
    alerts: _Alerts,
    notes: ChangeNotes,
) -> None:
    """Add the alerts of an event day, spread over its cells as their alerts are."""
    path = ("alerts", "events", name)
    if not event.alerts:
        notes.wrong(path, "alerts above 0 on the day", "add `alerts:`")
        return
    mask = _mask(county, event)
    if event.at is not None:
        row = _one_cell(event.at, path, cell_at, notes)
        if row < 0:
            return
        mask &= np.arange(len(mask)) == row
    if not mask.any():
        notes.nothing(path, "cells that it happens in: there are none")
        return
    known = county.cells.alerts_per_year
    weight = np.where(mask, known.sum(axis=1), 0.0)
    weight = weight if weight.sum() > 0 else mask.astype(float)
    parts = _parts(county, event.categories, known[mask].sum(axis=0), (*path, "categories"), notes)
    total = event.alerts * days[name]
    hours = None
    if event.hours is not None:
        hours = hour_shares(county, event.hours, (*path, "hours"), notes) * county.period_hours
    for k, part in enumerate(parts.tolist()):
        rate = weight / weight.sum() * (total * part)
        if part <= 0:
            continue
        if hours is None:
            alerts.rate[:, k] += rate
        else:
            alerts.add(f"{county.categories[k]}{VARIANT}{name}", county.categories[k], rate, hours)
    notes.effect(
        path, "{alerts} alerts a year more on {days} days", alerts=f"{total:,.0f}",
        days=f"{days[name]:.0f}",
    )  # fmt: skip
