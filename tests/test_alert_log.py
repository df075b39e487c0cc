"""A log with its times: placed, ordered, and impossible times dropped with a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo.readers import Source
from optimizer.errors import InputError
from scenarios.alert_log import AlertLog, case_log, read_log
from scenarios.case import open_case
from scenarios.layers import ALERT_TIMES
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from tests.small_case import Row, write_case

HEADER = "报警时间,单元编号,警情类别,优先级,派警时间,到场时间,处置完毕时间,出警人数"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    case = open_case(str(write_case(tmp_path_factory.mktemp("log") / "case")))
    return Prepared(case).load(case.scenario(None))


def log_of(loaded: LoadedCase, tmp_path: Path, *rows: str) -> AlertLog:
    path = tmp_path / "new.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    source = Source(layer=ALERT_TIMES.layer, path=path, shown="new.csv", strict=False)
    return read_log(source, loaded)


def cell(loaded: LoadedCase, row: int = 0) -> str:
    return loaded.county.cells.cell_id[row]


def test_times_are_minutes_after_the_alert_and_alerts_are_in_order(
    loaded: LoadedCase, tmp_path: Path
) -> None:
    one, two = cell(loaded, 3), cell(loaded, 5)
    log = log_of(
        loaded, tmp_path,
        f"2026-05-01 10:00,{one},盗窃,1,2026-05-01 10:01,2026-05-01 10:12:30,2026-05-01 11:00,2",
        f"2026-05-01 09:00,{two},,,,2026-05-01 09:20,,",
    )  # fmt: skip
    assert len(log) == 2
    assert log.cell.tolist() == [5, 3]
    assert [log.categories[k] for k in log.category] == ["other", "盗窃"]
    assert log.priority.tolist() == [0, 1]
    np.testing.assert_allclose(log.dispatched_min, [np.nan, 1.0])
    np.testing.assert_allclose(log.arrived_min, [20.0, 12.5])
    np.testing.assert_allclose(log.cleared_min, [np.nan, 60.0])
    np.testing.assert_allclose(log.officers_sent, [np.nan, 2.0])
    assert log.days == 1
    assert log.problems == ()


def test_clocks_that_go_backwards_and_endless_services(loaded: LoadedCase, tmp_path: Path) -> None:
    at = cell(loaded)
    log = log_of(
        loaded, tmp_path,
        f"2026-05-01 10:00,{at},x,,2026-05-01 10:05,2026-05-01 10:03,2026-05-01 10:40,",
        f"2026-05-01 11:00,{at},x,,2026-05-01 10:59,2026-05-01 11:09,,",
        f"2026-05-01 12:00,{at},x,,2026-05-01 12:01,2026-05-01 12:09,2026-05-03 12:00,",
    )  # fmt: skip
    assert len(log) == 3, "the alerts still count"
    np.testing.assert_allclose(log.dispatched_min, [5.0, np.nan, 1.0])
    np.testing.assert_allclose(log.arrived_min, [np.nan, 9.0, 9.0])
    np.testing.assert_allclose(log.cleared_min, [40.0, np.nan, np.nan])
    text = "\n".join(p.text() for p in log.problems)
    assert "派警时间" in text
    assert "到场时间" in text
    assert "before it" in text
    assert "within a day" in text


def test_a_step_is_set_against_one_that_the_log_has(loaded: LoadedCase, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text(
        "报警时间,单元编号,警情类别,到场时间\n"
        f"2026-05-01 10:00,{cell(loaded)},x,2026-05-01 09:00\n",
        encoding="utf-8",
    )
    log = read_log(
        Source(layer=ALERT_TIMES.layer, path=path, shown="new.csv", strict=False), loaded
    )
    [warning] = log.problems
    assert "a time at or after 报警时间" in warning.text()


def test_an_hour_back_again_and_again_is_a_change_of_the_clock(
    loaded: LoadedCase, tmp_path: Path
) -> None:
    at = cell(loaded)
    rows = [f"2026-05-0{d} 10:00,{at},x,,2026-05-0{d} 09:02,,," for d in range(1, 7)]
    [problem] = log_of(loaded, tmp_path, *rows).problems
    assert "summer time" in problem.text()
    [problem] = log_of(loaded, tmp_path, *rows[:2]).problems
    assert "summer time" not in problem.text()


def test_months_without_any_alert_are_a_gap(loaded: LoadedCase, tmp_path: Path) -> None:
    at = cell(loaded)
    rows = [f"2026-{m:02d}-11 10:00,{at},x,,,,," for m in (1, 2, 4, 7)]
    log = log_of(loaded, tmp_path, *rows)
    assert log.months_missing == ("2026-03", "2026-05", "2026-06")
    assert "2026-05" in log.problems[0].text()


def test_another_countys_log_is_refused(loaded: LoadedCase, tmp_path: Path) -> None:
    here, away = f"2026-05-01 10:00,{cell(loaded)},x,,,,,", "2026-05-01 10:00,elsewhere,x,,,,,"
    log = log_of(loaded, tmp_path, here, here, away)
    assert len(log) == 2
    assert "1 of 3" in log.problems[0].text()
    with pytest.raises(InputError, match="alerts of this county: 1 of 2"):
        log_of(loaded, tmp_path, here, away)
    with pytest.raises(InputError, match="at least one row"):
        log_of(loaded, tmp_path)


def test_utc_stamps_are_set_aside(loaded: LoadedCase, tmp_path: Path) -> None:
    at = cell(loaded)
    rows = [f"2026-05-01 10:0{i},{at},x,,,,," for i in range(3)]
    log = log_of(loaded, tmp_path, *rows, f"2026-05-01T10:00:00Z,{at},x,,,,,")
    assert len(log) == 3
    assert len(log.quarantined) == 1


def test_a_file_that_is_not_there(loaded: LoadedCase, tmp_path: Path) -> None:
    source = Source(layer=ALERT_TIMES.layer, path=tmp_path / "no.csv", shown="no.csv", strict=False)
    with pytest.raises(InputError, match=r"no\.csv"):
        read_log(source, loaded)


def test_the_cases_own_log(loaded: LoadedCase, tmp_path: Path) -> None:
    assert case_log(loaded) is None

    def logged(row: Row) -> None:
        row["layers"]["alerts"] = {"path": "alerts.csv"}

    folder = write_case(tmp_path / "case", case=logged)
    at = cell(loaded)
    rows = [f"2026-05-01 10:0{i},{at},x,,,2026-05-01 10:1{i},," for i in range(3)]
    (folder / "alerts.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    case = open_case(str(folder))
    log = case_log(Prepared(case).load(case.scenario(None)))
    assert log is not None
    np.testing.assert_allclose(log.arrived_min, 10.0)
