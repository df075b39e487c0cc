"""A briefing of alerts: windows, counts, flags, places, and every number back to its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from geo.alert_table import AlertTable
from geo.crs import from_wgs84
from optimizer.alert_rules_rhythm import Period
from optimizer.errors import InputError
from scenarios.alert_rules import AlertRules
from scenarios.repeats import study_repeats
from scenarios.rhythm import SECTIONS, Briefing, briefing
from scenarios.rhythm_open import day_of, open_log
from scenarios.rhythm_trace import joined_key, part_key, row_spans, traced, traced_rows
from scenarios.rhythm_windows import LogDays, Window, log_days, windows_of
from scenarios.rhythm_words import counts_text
from scenarios.tasks import Proposal, proposals
from scenarios.tasks_record import Task
from tests.alert_case import CATEGORIES, LAST, log_rows, write_alert_case

RULES = AlertRules()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_log(str(write_alert_case(tmp_path_factory.mktemp("log") / "case")))


@pytest.fixture(scope="module")
def week(opened: Any) -> Briefing:
    loaded, alerts = opened
    return briefing(loaded.county, alerts.table, RULES, "week")


def brief_of(opened: Any, period: Period, as_of: date | None = None, **rules: Any) -> Briefing:
    loaded, alerts = opened
    changed = AlertRules.model_validate(rules) if rules else RULES
    return briefing(loaded.county, alerts.table, changed, period, as_of)


# --- windows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "as_of", "now", "before", "last_year"),
    [
        ("day", "2026-03-31", ("03-31", "03-31"), ("03-30", "03-30"), ("2025-04-01",) * 2),
        ("week", "2026-03-31", ("03-25", "03-31"), ("03-18", "03-24"),
         ("2025-03-26", "2025-04-01")),
        ("month", "2026-03-31", ("03-01", "03-31"), ("02-01", "02-28"),
         ("2025-03-01", "2025-03-31")),
        ("month", "2026-03-30", ("03-01", "03-30"), ("02-01", "02-28"),
         ("2025-03-01", "2025-03-30")),
        ("month", "2026-02-28", ("02-01", "02-28"), ("01-01", "01-31"),
         ("2025-02-01", "2025-02-28")),
        ("month", "2026-01-15", ("01-01", "01-15"), ("2025-12-01", "2025-12-15"),
         ("2025-01-01", "2025-01-15")),
    ],
)  # fmt: skip
def test_windows_by_hand(period: Period, as_of: str, now: Any, before: Any, last_year: Any) -> None:
    found = windows_of(period, date.fromisoformat(as_of))
    for window, said in ((found.now, now), (found.before, before), (found.last_year, last_year)):
        full = [s if len(s) == 10 else f"2026-{s}" for s in said]
        assert [window.first.isoformat(), window.last.isoformat()] == full


def test_categories_are_listed_with_the_comma_of_their_script() -> None:
    assert counts_text([("help", 3), ("family", 2)]) == "help 3, family 2"
    assert counts_text([("纠纷", 3), ("求助", 2), ("盗窃", 1)], 2) == "纠纷 3、求助 2、…"
    assert counts_text([("help", 3), ("family", 2)], 1) == "help 3, …"


def test_a_year_back_is_the_same_weekday() -> None:
    for period in ("day", "week"):
        found = windows_of(period, date(2026, 3, 31))
        assert found.now.last.weekday() == found.last_year.last.weekday()


def _times(*texts: str) -> AlertTable:
    n: Any = np.zeros(len(texts))
    return AlertTable(
        files=("log.csv",), categories=("x",), crs="local", cell=n, category=n, priority=n, x_m=n,
        y_m=n, place=n, placed=n, file=n, row=n,
        occurred_at=np.array(texts, dtype="datetime64[s]"),
    )  # fmt: skip


def _hourly(last: datetime) -> AlertTable:
    start = datetime(2026, 1, 1)
    hours = int((last - start).total_seconds() // 3600) + 1
    return _times(*((start + timedelta(hours=h)).isoformat() for h in range(hours)))


def test_a_last_day_that_is_not_over_is_not_reported() -> None:
    morning = log_days(_hourly(datetime(2026, 1, 20, 9)))
    assert (morning.last, morning.full_day) == (date(2026, 1, 20), date(2026, 1, 19))
    evening = log_days(_hourly(datetime(2026, 1, 20, 23)))
    assert evening.full_day == date(2026, 1, 20)
    # One alert a day: the next may simply not have come.
    seldom = log_days(_times(*(f"2026-01-{d:02d}T09:00:00" for d in range(1, 21))))
    assert seldom.full_day == date(2026, 1, 20)


# --- what a briefing says -------------------------------------------------------------------


def test_the_planted_rise_is_flagged_and_nothing_else(week: Briefing) -> None:
    up = {(line.section, line.name) for line in week.lines if line.flag}
    assert up == {
        ("township", "戊镇"),
        ("station", "戊派出所"),
        ("station_category", "戊派出所 · help"),
    }


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_an_arrow_is_outside_its_interval(opened: Any, period: Period) -> None:
    brief = brief_of(opened, period, rhythm={"false_discovery_fraction": 0.9})
    flagged = [line for line in brief.lines if line.flag]
    assert flagged
    for line in flagged:
        assert line.lower is not None
        assert line.upper is not None
        assert line.alerts > line.upper if line.flag == "up" else line.alerts < line.lower


def test_sections_add_up_to_the_county(week: Briefing) -> None:
    total = week.section("county")[0]
    for section in SECTIONS:
        lines = week.section(section)
        assert sum(line.alerts for line in lines) == total.alerts
        assert sum(line.before or 0 for line in lines) == total.before
        assert sum(line.last_year or 0 for line in lines) == total.last_year


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_every_number_is_its_rows(opened: Any, period: Period) -> None:
    loaded, alerts = opened
    brief = brief_of(opened, period)
    for line in brief.lines:
        for key, number in (
            (line.key, line.alerts),
            (line.before_key, line.before),
            (line.last_year_key, line.last_year),
        ):
            if line.section in ("county", "township", "station_category"):
                found = traced(key, alerts.table, loaded.county, RULES.repeats)
                assert len(found) == number, key
    for place in brief.places:
        for key, number in (
            (place.key, place.alerts),
            (place.lookback_key, place.lookback_alerts),
        ):
            assert len(traced(key, alerts.table, loaded.county, RULES.repeats)) == number, key


def test_rows_are_those_of_the_file(opened: Any, week: Briefing) -> None:
    loaded, alerts = opened
    written = log_rows()
    line = next(n for n in week.section("station_category") if n.flag)
    rows = traced_rows(traced(line.key, alerts.table, loaded.county, RULES.repeats), loaded.county)
    for row in rows:
        there = written[row.row - 2]  # the header is line 1
        assert there["occurred_at"] == row.occurred_at
        assert there["category"] == row.category == "help"
        assert row.file == "alerts.csv"


def test_before_and_a_year_earlier_only_where_the_log_holds_them(opened: Any) -> None:
    early = brief_of(opened, "week", date(2024, 1, 12))
    assert not early.covers_before
    assert {line.before for line in early.lines} == {None}
    assert {line.before_key for line in early.lines} == {""}
    assert early.spread is None
    assert not any(line.flag for line in early.lines)


def test_counts_against_brute_force(opened: Any) -> None:
    brief = brief_of(opened, "month", date(2026, 2, 28))
    rows = [r for r in log_rows() if r["occurred_at"].startswith("2026-02")]
    for line in brief.section("category"):
        assert line.alerts == sum(r["category"] == line.category for r in rows)
    assert {line.category for line in brief.section("category")} == set(CATEGORIES)


def test_the_planted_place_comes_first(week: Briefing) -> None:
    first = week.places[0]
    assert (first.township, first.station_id, first.grade) == ("乙镇", "02", "red")
    assert first.lookback_alerts == 7
    assert not first.at_seat


# --- repeats by name ------------------------------------------------------------------------


def test_repeat_rows_trace_to_their_alerts(opened: Any) -> None:
    loaded, alerts = opened
    rules = RULES.repeats.model_copy(
        update={"kinds": {"quarrels": ("dispute",), "rest": ("help", "criminal")}}
    )
    study = study_repeats(loaded.county, alerts.table, rules)
    assert {row.kind for row in study.rows} == {"quarrels", "rest"} or len(study.rows) == 1
    for row in study.rows:
        window = traced(row.key, alerts.table, loaded.county, rules)
        back = traced(row.lookback_key, alerts.table, loaded.county, rules)
        assert (len(window), len(back)) == (row.alerts, row.lookback_alerts)
        assert sum(n for _, n in row.categories) == row.alerts


def test_unknown_categories_of_the_rules_are_refused(opened: Any) -> None:
    loaded, alerts = opened
    rules = RULES.repeats.model_copy(update={"kinds": {"a": ("nonsense",)}})
    with pytest.raises(InputError, match="nonsense: expected categories of the log: criminal"):
        study_repeats(loaded.county, alerts.table, rules)


# --- keys -----------------------------------------------------------------------------------


def test_keys_narrow(opened: Any) -> None:
    loaded, alerts = opened

    def count(key: str) -> int:
        return len(traced(key, alerts.table, loaded.county, RULES.repeats))

    times = alerts.table.occurred_at
    hour = times.astype("datetime64[h]").astype(int) % 24
    weekday = (times.astype("datetime64[D]").astype(int) + 3) % 7 + 1
    assert count("hours=8-10") == int(np.isin(hour, [8, 9]).sum())
    assert count("hours=22-02") == int(np.isin(hour, [22, 23, 0, 1]).sum())
    # The night of Friday ends on Saturday morning.
    friday = ((weekday == 5) & (hour >= 22)) | ((weekday == 6) & (hour < 2))
    assert count("hours=22-02/weekday=5") == int(friday.sum())
    assert count("weekday=6,7") == int((weekday >= 6).sum())
    assert count("month=2") == sum(r["occurred_at"][5:7] == "02" for r in log_rows())
    assert count("category=help,dispute") == count("category=help") + count("category=dispute")
    assert count("station=甲派出所/20260301-20260301") == count("20260301-20260301/station=01")
    assert count("cell=c11") + count("cell=c12") + count("cell=c13") + count("cell=c14") == count(
        "township=甲镇"
    )
    place = int(alerts.table.place[-1])
    assert count(f"place={place:016x}") == int((alerts.table.place == place).sum()) >= 1
    x, y = float(alerts.table.x_m[-1]), float(alerts.table.y_m[-1])
    square = f"g250:{int(x // 250)}:{int(y // 250)}"
    inside = (alerts.table.x_m // 250 == x // 250) & (alerts.table.y_m // 250 == y // 250)
    assert count(square) == int(inside.sum()) >= 1
    beside = f"g250:{int(x // 250) + 1}:{int(y // 250)}"
    assert count(f"{square},{beside}") == count(square) + count(beside)
    last = f"{LAST:%Y%m%d}"
    assert count(f"{last}T000000-{last}T235959") == count(f"{last}-{last}")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "parts such as 20260301-20260307"),
        ("nonsense", "parts such as 20260301-20260307"),
        ("20261301-20261302", "parts such as 20260301-20260307"),
        ("category=none", "categories of the log: criminal, dispute, help"),
        ("township=无镇", "an id or a name of"),
        ("place=xyz", "the key of a place"),
        ("place=0", "the key of a place"),
        ("repeat=12", "asof= and the day of the list"),
        ("asof=20260331", "the key of a place"),
        ("hours=8", "hours such as 20-02"),
        ("weekday=8", "numbers from 1 to 7"),
        ("month=1,x", "numbers from 1 to 12"),
    ],
)
def test_keys_that_mean_nothing_are_refused(opened: Any, key: str, said: str) -> None:
    loaded, alerts = opened
    with pytest.raises(InputError, match=said):
        traced(key, alerts.table, loaded.county, RULES.repeats)


def test_days_outside_the_log_are_refused_with_the_days_it_covers(opened: Any) -> None:
    loaded, alerts = opened
    first, last = alerts.table.occurred_at[[0, -1]].astype("datetime64[D]").tolist()
    told = f"days of the log, which covers {first} to {last}"
    for key in ("20300101-20300107", f"{first.year - 1}0101-{first.year - 1}0102"):
        with pytest.raises(InputError, match=told):
            traced(key, alerts.table, loaded.county, RULES.repeats)
    for key in (f"{first:%Y%m%d}-{first:%Y%m%d}", f"{last:%Y%m%d}-20300101"):
        assert len(traced(key, alerts.table, loaded.county, RULES.repeats))


def test_names_that_would_end_a_part_are_escaped() -> None:
    key = joined_key("20260301-20260302", "", part_key("township", "a/b=c,d e%"))
    assert key == "20260301-20260302/township=a%2Fb%3Dc%2Cd%20e%25"


def test_all_wrong_parts_are_told_at_once(opened: Any) -> None:
    loaded, alerts = opened
    with pytest.raises(InputError) as refused:
        traced("hours=9/weekday=0/category=x", alerts.table, loaded.county, RULES.repeats)
    assert len(refused.value.problems) == 3


def test_lines_of_a_file_are_joined(opened: Any) -> None:
    loaded, alerts = opened
    rows = traced_rows(alerts.table.only(slice(0, 1)), loaded.county)
    made = tuple(replace(rows[0], row=r) for r in (5, 2, 3, 9))
    assert row_spans(made) == (("alerts.csv", "2–3, 5, 9"),)


# --- what cannot be asked -------------------------------------------------------------------


@pytest.mark.parametrize("as_of", [date(2023, 12, 31), date(2026, 4, 1)])
def test_a_day_outside_the_log_is_refused(opened: Any, as_of: date) -> None:
    with pytest.raises(InputError, match="a day of the log: 2024-01-01 to 2026-03-31"):
        brief_of(opened, "day", as_of)


def test_days_are_read_or_refused() -> None:
    assert day_of("2026-03-31") == date(2026, 3, 31)
    assert day_of(None) is None
    with pytest.raises(InputError, match="a day such as 2026-11-21"):
        day_of("31/03/2026")


def test_a_period_of_which_nothing_is_in_the_log(opened: Any) -> None:
    loaded, alerts = opened
    day = alerts.table.occurred_at.astype("datetime64[D]")
    lost = (day >= np.datetime64("2026-02-05")) & (day <= np.datetime64("2026-02-20"))
    gappy = loaded, replace(alerts, table=alerts.table.only(~lost))
    with pytest.raises(InputError, match="7 of its 7 days are missing"):
        brief_of(gappy, "week", date(2026, 2, 15))
    partly = brief_of(gappy, "week", date(2026, 2, 7))
    assert any("3 of its 7 days are missing" in p.text() for p in partly.problems)
    after = brief_of(gappy, "week", date(2026, 2, 27))
    assert not after.covers_before
    # The level does not fall for the days that are missing.
    assert after.section("county")[0].expected_alerts == pytest.approx(94, rel=0.08)


# --- tasks ----------------------------------------------------------------------------------


def proposed(opened: Any, brief: Briefing, known: tuple[Task, ...] = ()) -> tuple[Proposal, ...]:
    loaded, _alerts = opened
    from scenarios.repeats import repeat_rows

    rows = repeat_rows(loaded.county, brief.repeats, RULES.repeats, brief.windows.now.last)
    return proposals(brief, rows, known)


def test_tasks_for_the_planted_place_and_the_planted_rise(opened: Any, week: Briefing) -> None:
    found = proposed(opened, week)
    assert [(t.kind, t.grade, t.station_id) for t in found[:2]] == [
        ("repeat", "red", "02"),
        ("rise", "red", "05"),
    ]
    place, rise = found[:2]
    assert place.category == "dispute 7"
    assert place.due == rise.due == date(2026, 4, 3)
    assert (rise.category, rise.township) == ("help", "")
    loaded, alerts = opened
    for task in found:
        rows = traced(task.trace, alerts.table, loaded.county, RULES.repeats)
        assert len(rows) == task.alerts


def test_an_open_task_is_named_and_a_checked_one_is_not(opened: Any, week: Briefing) -> None:
    from scenarios.tasks import task_of

    issued = tuple(
        task_of(p, "小县", date(2026, 3, 31), datetime(2026, 4, 1).astimezone())
        for p in proposed(opened, week)
    )
    assert len({t.task_id for t in issued}) == len(issued)
    again = proposed(opened, week, issued)
    assert [p.open_task for p in again] == [t.task_id for t in issued]
    checked = tuple(replace(t, state="checked") for t in issued)
    assert not any(p.open_task for p in proposed(opened, week, checked))


def test_a_task_follows_its_place_when_another_point_leads_it(opened: Any, week: Briefing) -> None:
    """The busiest point of a place may change from one week to the next."""
    keys = week.repeats.keys_of(0)
    own = int(week.repeats.key[0])
    other = next(int(k) for k in keys.tolist() if k != own)
    from scenarios.tasks import task_of

    first = proposed(opened, week)[0]
    task = task_of(first, "小县", date(2026, 3, 31), datetime(2026, 4, 1).astimezone())
    moved = replace(task, subject=f"repeat:{other:016x}:all")
    assert proposed(opened, week, (moved,))[0].open_task == task.task_id


def test_a_quiet_place_is_no_task(opened: Any) -> None:
    day = brief_of(opened, "day", date(2026, 3, 29))  # the planted place: 28 and 30 March
    assert not [p for p in proposed(opened, day) if p.kind == "repeat" and p.station_id == "02"]


def test_a_station_seat_is_marked_and_no_task(opened: Any) -> None:
    loaded, alerts = opened
    plain = study_repeats(loaded.county, alerts.table, RULES.repeats)
    there = np.isin(alerts.table.place, plain.found.keys_of(0))
    stations = loaded.county.stations
    x, y = from_wgs84(stations.lon_deg[1:2], stations.lat_deg[1:2], alerts.table.crs)
    moved = replace(
        alerts.table,
        x_m=np.where(there, x + 40.0, alerts.table.x_m),
        y_m=np.where(there, y, alerts.table.y_m),
    )
    study = study_repeats(loaded.county, moved, RULES.repeats)
    assert [row.at_seat for row in study.rows] == [True] + [False] * (len(study.rows) - 1)
    brief = briefing(loaded.county, moved, RULES, "week")
    assert brief.places[0].at_seat
    subjects = {p.subject for p in proposals(brief, study.rows, ())}
    assert f"repeat:{study.rows[0].place}:all" not in subjects
    near = RULES.repeats.model_copy(update={"seat_m": 30.0})
    assert not study_repeats(loaded.county, moved, near).rows[0].at_seat


def test_window_and_log_days_know_what_they_hold() -> None:
    log = LogDays(
        first=date(2026, 1, 1),
        alerts=np.ones(10, np.int64),
        known=np.array([True] * 5 + [False] + [True] * 4),
        full_day=date(2026, 1, 10),
    )
    assert log.covers(Window(first=date(2026, 1, 1), last=date(2026, 1, 5)))
    assert not log.covers(Window(first=date(2026, 1, 5), last=date(2026, 1, 6)))
    assert not log.covers(Window(first=date(2025, 12, 31), last=date(2026, 1, 2)))
    assert not log.covers(Window(first=date(2026, 1, 9), last=date(2026, 1, 11)))
