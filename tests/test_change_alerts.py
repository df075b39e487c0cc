"""Alerts changed: totals and rhythms worked by hand.

The small case: 01 has four cells with 40 criminal and 400 help alerts a year, 02 to 06 four each
with 6 and 60; 3,080 in all. Here with two periods of the day.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.workload import demand_of
from scenarios.case import open_case
from scenarios.change_alerts import hour_shares
from scenarios.changes import apply
from scenarios.load import LoadedCase
from scenarios.merge_changes import ChangeNotes
from scenarios.prepared import Prepared
from tests.small_case import SOUTH, STEP, WEST, Row, write_case
from tests.test_changes import scenario_of

DAY, NIGHT = 0, 1
SHARES = {"criminal": [0.5, 0.5], "help": [0.75, 0.25]}
MONTHS = [0.1, 0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.1]


def prepared_case(folder: Path, **rhythm: Any) -> Prepared:
    def with_rhythm(document: Row) -> None:
        periods = [{"name": "08-20", "hours": 12}, {"name": "20-08", "hours": 12}]
        periods = [{"name": "00-12", "hours": 12}, {"name": "12-24", "hours": 12}]
        document["policy"]["workload"] = {
            "categories": {"help": {"on_scene_min": 25.0}, "criminal": {"on_scene_min": 70.0}}
        }
        document["alert_rhythm"] = {"periods": periods, "share_fraction": SHARES, **rhythm}

    return Prepared(open_case(str(write_case(folder, case=with_rhythm))))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared_case(tmp_path_factory.mktemp("alerts") / "case")


@pytest.fixture(scope="module")
def base(prepared: Prepared) -> LoadedCase:
    return prepared.load(prepared.case.scenario(None))


@pytest.fixture
def changed(prepared: Prepared, base: LoadedCase) -> Callable[..., LoadedCase]:
    return lambda **alerts: apply(base, scenario_of(prepared.case, alerts=alerts))


@pytest.fixture
def refused(changed: Callable[..., LoadedCase]) -> Callable[..., list[str]]:
    def of(**alerts: Any) -> list[str]:
        with pytest.raises(InputError) as caught:
            changed(**alerts)
        return [p.text() for p in caught.value.problems]

    return of


def by_station(loaded: LoadedCase) -> list[float]:
    cells = loaded.county.cells
    return np.bincount(cells.station, cells.alerts_per_year.sum(axis=1)).round(6).tolist()


def by_period(loaded: LoadedCase, station: int | None = None) -> list[float]:
    """Alerts a year in each period, of one station's cells or of all."""
    county = loaded.county
    mine = slice(None) if station is None else county.cells.station == station
    rates = county.cells.alerts_per_year[mine].sum(axis=0)
    return (rates @ county.period_share_fraction).round(6).tolist()


def test_one_factor_for_all(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    loaded = changed(factor=1.2)
    assert (loaded.county.cells.alerts_per_year == base.county.cells.alerts_per_year * 1.2).all()
    assert (loaded.county.period_share_fraction == base.county.period_share_fraction).all()
    assert loaded.county.categories == ("criminal", "help")
    # Alerts do not change roads.
    assert (loaded.county.travel_time_min == base.county.travel_time_min).all()


def test_factors_by_category_township_station_cell_and_area(
    changed: Callable[..., LoadedCase],
) -> None:
    # 264 alerts in the cells of a rural station: 24 criminal, 240 help.
    loaded = changed(
        factors={
            "a": {"factor": 2, "categories": ["criminal"], "townships": ["乙"]},
            "b": {"factor": 0.5, "stations": ["丙派出所"]},
            "c": {"factor": 3, "cells": ["c41"]},
            "d": {
                "factor": 0,
                "inside": [
                    [WEST + 8 * STEP, SOUTH],
                    [WEST + 10 * STEP, SOUTH],
                    [WEST + 10 * STEP, SOUTH + 2 * STEP],
                    [WEST + 8 * STEP, SOUTH + 2 * STEP],
                ],
            },
        }
    )
    assert by_station(loaded) == [1760, 24 * 2 + 240, 132, 264 + 2 * 66, 0, 264]


def test_factors_multiply(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(factor=2, factors={"a": {"factor": 3, "stations": "02"}})
    assert by_station(loaded) == [3520, 1584, 528, 528, 528, 528]


def test_hours_everywhere_change_the_rhythm(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(factors={"night": {"factor": 3, "hours": "12-24", "categories": "help"}})
    # help: 2,800 a year, 2,100 before noon and 700 after; the 700 become 2,100.
    assert loaded.county.categories == ("criminal", "help")
    assert by_period(loaded) == pytest.approx([2100 + 140, 2100 + 140])
    assert loaded.county.period_share_fraction[1] == pytest.approx([0.5, 0.5])


def test_hours_in_some_cells_leave_the_rhythm_of_the_others(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(factors={"夜市": {"factor": 3, "hours": "12-24", "stations": ["02"]}})
    county = loaded.county
    assert county.categories == ("criminal", "help", "criminal@夜市", "help@夜市")
    for station in (0, 2, 3, 4, 5):
        assert by_period(loaded, station) == pytest.approx(by_period(base, station))
    # 02: criminal 24 (12 + 12), help 240 (180 + 60); after noon three times as many.
    assert by_period(loaded, 1) == pytest.approx([12 + 180, 36 + 180])
    # The work per alert is that of the category it comes from.
    work = loaded.policy.workload
    assert work.of("help@夜市") == base.policy.workload.of("help")
    assert "help@夜市" in work.categories


def test_split_categories_ask_for_the_work_that_the_split_ones_would(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(factors={"夜市": {"factor": 3, "hours": "00-12", "stations": ["02"]}})
    before = demand_of(base.county, base.policy)
    after = demand_of(loaded.county, loaded.policy)
    mine = base.county.cells.station == 1
    assert after.jobs_per_hour[~mine] == pytest.approx(before.jobs_per_hour[~mine])
    assert after.jobs_per_hour[mine, 0] == pytest.approx(3 * before.jobs_per_hour[mine, 0])
    assert after.jobs_per_hour[mine, 1] == pytest.approx(before.jobs_per_hour[mine, 1])


def test_hours_are_spread_evenly_within_periods(base: LoadedCase) -> None:
    notes = ChangeNotes()
    county = base.county
    assert hour_shares(county, "00-12", ("alerts",), notes).tolist() == [1, 0]
    assert hour_shares(county, "9-15", ("alerts",), notes).tolist() == [0.25, 0.25]
    assert hour_shares(county, "22-06", ("alerts",), notes).tolist() == [0.5, 2 / 12]
    assert hour_shares(county, "18-24", ("alerts",), notes).tolist() == [0, 0.5]
    assert not notes.problems


# --- months ---------------------------------------------------------------------------------


def test_months_count_by_their_days_where_nothing_is_known(
    changed: Callable[..., LoadedCase],
) -> None:
    loaded = changed(factors={"summer": {"factor": 1.2, "months": [6, 7, 8]}})
    assert sum(by_station(loaded)) == pytest.approx(3080 * (1 + 0.2 * 92 / 365))


def test_a_season_stands_for_the_year(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(
        factors={"summer": {"factor": 1.2, "months": [6, 7, 8]}}, as_in={"months": [6, 7, 8]}
    )
    assert sum(by_station(loaded)) == pytest.approx(3080 * 1.2)
    half = changed(factors={"june": {"factor": 2, "months": [6]}}, as_in={"months": [6, 7]})
    assert sum(by_station(half)) == pytest.approx(3080 * (2 * 30 + 31) / 61)


def test_months_of_the_rhythm(tmp_path: Path) -> None:
    prepared = prepared_case(tmp_path / "case", month_share_fraction={"other": MONTHS})
    base = prepared.load(prepared.case.scenario(None))
    alerts: Row = {"factors": {"june": {"factor": 2, "months": 6}}}
    loaded = apply(base, scenario_of(prepared.case, alerts=alerts))
    assert sum(by_station(loaded)) == pytest.approx(3080 * 1.1)
    season = apply(base, scenario_of(prepared.case, alerts={"as_in": {"months": [2, 3]}}))
    # A tenth of the alerts in 59 days, as if all 365 were like that.
    assert sum(by_station(season)) == pytest.approx(3080 * 0.1 * 365 / 59)


def test_months_and_hours_together(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    loaded = changed(
        factors={"x": {"factor": 3, "months": [6], "hours": "12-24", "categories": "help"}}
    )
    day, night = by_period(base)
    assert by_period(loaded) == pytest.approx([day, night + 700 * 2 * 30 / 365])


# --- places ---------------------------------------------------------------------------------


def test_a_housing_estate_counts_in_its_cell(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    at = [WEST + 2.5 * STEP, SOUTH + 0.5 * STEP]  # in c21
    row = base.county.cells.cell_id.index("c21")
    loaded = changed(places={"estate": {"at": at, "population": 3000, "alerts_per_year": 330}})
    more = loaded.county.cells.alerts_per_year - base.county.cells.alerts_per_year
    assert more[row] == pytest.approx([30, 300])  # the township's mix is 1 to 10
    assert more.sum() == pytest.approx(330)
    assert loaded.county.cells.population[row] == 4500
    # Without a number: 66 alerts on 1,500 residents, so 132 on 3,000.
    modelled = changed(places={"estate": {"cell": "c21", "population": 3000}})
    assert sum(by_station(modelled)) == pytest.approx(3080 + 132)
    mixed = changed(
        places={
            "e": {"cell": "c21", "alerts_per_year": 100, "categories": {"criminal": 3, "help": 1}}
        }
    )
    more = mixed.county.cells.alerts_per_year - base.county.cells.alerts_per_year
    assert more[row] == pytest.approx([75, 25])
    assert (mixed.county.cells.population == base.county.cells.population).all()


def test_factors_hold_for_places_too(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(factor=2, places={"e": {"cell": "c21", "alerts_per_year": 100}})
    assert sum(by_station(loaded)) == pytest.approx(2 * 3180)


# --- events ---------------------------------------------------------------------------------


def test_an_event_adds_its_days_to_the_year(changed: Callable[..., LoadedCase]) -> None:
    event: Row = {"townships": ["乙"], "alerts": 50, "days": 2}
    loaded = changed(factor=2, events={"fair": event})
    assert by_station(loaded)[1] == pytest.approx(2 * 264 + 100)  # the factor is not for the event
    assert loaded.county.categories == ("criminal", "help")


def test_the_year_as_on_the_day_of_an_event(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    event: Row = {
        "at": [WEST + 2.5 * STEP, SOUTH + 0.5 * STEP],
        "alerts": 10,
        "hours": "10-14",
        "categories": {"help": 1},
    }
    loaded = changed(events={"fair": event}, as_in={"event": "fair"})
    county = loaded.county
    assert county.categories == ("criminal", "help", "help@fair")
    column = county.cells.alerts_per_year[:, 2]
    assert column.sum() == pytest.approx(3650)
    assert column[base.county.cells.cell_id.index("c21")] == pytest.approx(3650)
    assert county.period_share_fraction[2] == pytest.approx([0.5, 0.5])  # 10-12 and 12-14
    assert by_period(loaded, 2) == pytest.approx(by_period(base, 2))


def test_an_event_in_periods_of_unequal_length(tmp_path: Path) -> None:
    periods = [{"name": "00-08", "hours": 8}, {"name": "08-24", "hours": 16}]
    prepared = prepared_case(tmp_path / "case", periods=periods)
    base = prepared.load(prepared.case.scenario(None))
    event: Row = {"alerts": 10, "hours": "4-12", "stations": "02"}
    loaded = apply(base, scenario_of(prepared.case, alerts={"events": {"fair": event}}))
    assert loaded.county.period_share_fraction[2:] == pytest.approx(np.full((2, 2), 0.5))


def test_an_event_and_a_factor_of_one_name_stay_apart(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(
        factors={"x": {"factor": 2, "hours": "12-24", "stations": "02"}},
        events={"x": {"alerts": 5, "hours": "0-6", "stations": "03"}},
    )
    names = loaded.county.categories
    assert len(set(names)) == len(names) == 6


# --- what is wrong --------------------------------------------------------------------------


def test_changes_of_alerts_that_mean_nothing(refused: Callable[..., list[str]]) -> None:
    said = refused(
        factors={
            "a": {"categories": "help"},
            "b": {"factor": 2, "cells": "c11", "townships": ["己"]},
            "c": {"factor": 2, "hours": "20-20"},
            "d": {"factor": 2, "stations": "02"},
            "e": {"factor": 3, "stations": ["乙"]},
        },
        as_in={"event": "fairr"},
    )
    for key, words in (
        ("factors.a", "a factor"),
        ("factors.b", "alerts that it speaks of: there are none"),
        ("factors.c.hours = 20-20", "from-to in hours of the day"),
        ("factors.e", "d has the same selection"),
        ("as_in.event = fairr", "one of the events"),
    ):
        assert any(f"alerts.{key}" in s and words in s for s in said), (key, said)


def test_places_and_events_that_mean_nothing(refused: Callable[..., list[str]]) -> None:
    said = refused(
        places={
            "a": {"population": 5},
            "b": {"at": [WEST - 1, SOUTH], "population": 5},
            "c": {"cell": "c11", "population": 0.0, "alerts_per_year": 0},
            "d": {"cell": "c11", "population": 5, "categories": {"murder": 1}},
        }
    )
    for key, words in (
        ("places.a", "at or cell"),
        ("places.b.at", "a point inside one of the county's cells"),
        ("places.c", "above 0"),
        ("places.d.categories", "criminal, help"),
    ):
        assert any(f"alerts.{key}" in s and words in s for s in said), (key, said)
    said = refused(
        events={
            "a": {"townships": ["乙"]},
            "b": {"alerts": 5, "cells": "c11", "townships": ["乙"]},
            "c": {"alerts": 5, "at": [WEST - 1, SOUTH]},
        }
    )
    for key, words in (
        ("events.a", "alerts above 0"),
        ("events.b", "cells that it happens in"),
        ("events.c.at", "a point inside"),
    ):
        assert any(f"alerts.{key}" in s and words in s for s in said), (key, said)


def test_a_season_that_changes_nothing(refused: Callable[..., list[str]]) -> None:
    said = refused(as_in={"months": [6, 7, 8]})
    assert any("alerts.as_in.months" in s and "no rhythm of the year" in s for s in said)


def test_no_alerts_left(refused: Callable[..., list[str]]) -> None:
    assert any("some alerts that remain" in s for s in refused(factor=0))


def test_hours_need_a_rhythm(tmp_path: Path) -> None:
    prepared = Prepared(open_case(str(write_case(tmp_path / "case"))))
    base = prepared.load(prepared.case.scenario(None))
    alerts: Row = {"factors": {"night": {"factor": 2, "hours": "20-06"}}}
    with pytest.raises(InputError, match="no rhythm of the day"):
        apply(base, scenario_of(prepared.case, alerts=alerts))
