"""From a raw log to alerts in cells: what is kept, what is set aside, and what is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.alert_table import PLACED
from geo.boundaries import locate
from geo.crs import from_wgs84
from optimizer.errors import InputError
from scenarios import alert_layer
from scenarios.alerts_case import Alerts, quality_of
from scenarios.load import LoadedCase
from tests.ingest_case import HEADER, plain_case, points, read, stamps, write_log_case, write_rows

P, T = points(300), stamps(300)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> LoadedCase:
    return plain_case(tmp_path_factory.mktemp("plain"))


class Logs:
    """Writes logs and reads them."""

    def __init__(self, folder: Path, plain: LoadedCase) -> None:
        self.folder, self.plain = folder, plain
        self.work: Mapping[str, Any] = {}

    def read(
        self,
        rows: Any,
        header: Any = HEADER,
        *,
        layer: Mapping[str, Any] | None = None,
        rules: Mapping[str, Any] | None = None,
        encoding: str = "utf-8",
    ) -> Alerts:
        rules = {"duplicate_min": 0} if rules is None else rules
        write_log_case(self.folder, layer, rules, self.work)
        write_rows(self.folder / "alerts.csv", rows, header, encoding)
        return read(self.plain, self.folder)

    def refused(self, rows: Any, header: Any = HEADER, **options: Any) -> str:
        with pytest.raises(InputError) as caught:
            self.read(rows, header, **options)
        return caught.value.text()


@pytest.fixture
def logs(tmp_path: Path, plain: LoadedCase) -> Logs:
    return Logs(tmp_path / "case", plain)


def rows_of(times: list[str]) -> list[tuple[object, ...]]:
    return [(t, "盗窃", x, y) for t, (x, y) in zip(times, P, strict=True)]


def said(alerts: Alerts) -> str:
    return "\n".join(p.text() for p in alerts.problems)


def test_alerts_are_placed_sorted_and_traceable(logs: Logs) -> None:
    found = logs.read(rows_of(T))
    table = found.table
    assert len(table) == 300 == found.rows_read
    order = sorted(range(300), key=lambda i: T[i])
    assert table.row.tolist() == [i + 2 for i in order]
    assert [str(t) for t in table.occurred_at] == [T[i].replace(" ", "T") for i in order]
    assert logs.plain.cell_geometry is not None
    lon, lat = np.array(P).T
    cell = locate(lon, lat, logs.plain.cell_geometry)
    assert table.cell.tolist() == cell[order].tolist()
    x_m, y_m = from_wgs84(lon, lat, table.crs)
    assert np.abs(table.x_m - x_m[order]).max() < 0.01
    assert np.abs(table.y_m - y_m[order]).max() < 0.01
    assert found.placed == {"point": 1.0, "cell": 0.0, "place_name": 0.0, "township": 0.0}
    assert not found.problems


def test_gcj02_in_gb18030(logs: Logs) -> None:
    lon, lat = np.array(P).T
    lon, lat = from_wgs84(lon, lat, "GCJ02")
    rows = [(t, "盗窃", x, y) for t, x, y in zip(T, lon, lat, strict=True)]
    found = logs.read(rows, layer={"crs": "GCJ02"}, encoding="gb18030")
    plain = logs.read(rows_of(T))
    assert found.table.cell.tolist() == plain.table.cell.tolist()
    assert np.abs(found.table.x_m - plain.table.x_m).max() < 0.2


def moments() -> list[dt.datetime]:
    return [dt.datetime.fromisoformat(t) for t in T]


def test_a_column_of_seconds_since_1970_says_so(logs: Logs) -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    found = logs.read(rows_of([f"{m.replace(tzinfo=zone).timestamp():.0f}" for m in moments()]))
    assert found.table.occurred_at.tolist() == logs.read(rows_of(T)).table.occurred_at.tolist()
    assert "300 are seconds since 1970" in said(found)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"])
def test_order_of_day_and_month_as_the_column_shows(logs: Logs, pattern: str) -> None:
    found = logs.read(rows_of([f"{m:{pattern}}" for m in moments()]))
    assert found.table.occurred_at.tolist() == logs.read(rows_of(T)).table.occurred_at.tolist()


def ambiguous() -> list[str]:
    return [f"0{1 + i % 9}/0{1 + i % 8}/2025 08:00" for i in range(300)]


def test_an_order_that_cannot_be_told_is_an_error_with_the_way_to_declare_it(logs: Logs) -> None:
    text = logs.refused(rows_of(ambiguous()))
    assert "which is the day and which the month" in text
    assert "date_order: day_first" in text


@pytest.mark.parametrize(("declared", "first"), [("day_first", "02"), ("month_first", "01")])
def test_a_declared_order(logs: Logs, declared: str, first: str) -> None:
    rules = {"date_order": declared, "duplicate_min": 0}
    found = logs.read([("01/02/2025", "盗窃", *p) for p in P], rules=rules)
    assert {str(t)[5:7] for t in found.table.occurred_at} == {first}


def test_a_date_against_the_declared_order_is_set_aside(logs: Logs) -> None:
    times = ["01/02/2025"] * 299 + ["02/25/2025"]
    rules = {"date_order": "day_first", "duplicate_min": 0}
    found = logs.read(rows_of(times), rules=rules)
    assert found.quarantined == {"a date in the order day, month, year": 1}
    assert found.aside is not None
    assert found.aside.row.tolist() == [301]
    year_first = logs.refused(rows_of(times), rules={"date_order": "year_first"})
    assert "a date and time such as 2026-05-01 08:30" in year_first


def test_both_orders_in_one_column_are_an_error_with_counts_and_examples(logs: Logs) -> None:
    times = ["13/02/2025 08:00"] * 40 + ["03/04/2025 08:00"] * 250 + ["12/31/2025 09:00"] * 10
    text = logs.refused(rows_of(times))
    assert "40 can only have the day first (lines 2: 13/02/2025 08:00; 3: " in text
    assert "10 only the month (lines 292: 12/31/2025 09:00; 293: " in text
    assert "250 could be either" in text
    assert "date_order: day_first" in text
    rules = {"date_order": "day_first", "duplicate_min": 0}
    found = logs.read(rows_of(times), rules=rules)
    assert found.quarantined == {"a date in the order day, month, year": 10}
    assert found.aside is not None
    assert found.aside.reasons[0].examples[0].value == "12/31/2025 09:00"


def test_an_order_that_few_rows_show_is_said(logs: Logs) -> None:
    """One row settles the column: the planner hears which, and how many followed it."""
    times = ["03/04/2025 08:00"] * 299 + ["12/31/2025 09:00"]
    found = logs.read(rows_of(times))
    assert {str(t)[:10] for t in found.table.occurred_at} == {"2025-03-04", "2025-12-31"}
    assert "1 can only have the month first (lines 301: 12/31/2025 09:00)" in said(found)
    assert "299 that could be read either way (lines 2: 03/04/2025 08:00" in said(found)


def test_files_of_one_log_may_have_orders_of_their_own(logs: Logs) -> None:
    write_log_case(logs.folder, {"path": "log/*.csv"}, {"duplicate_min": 0})
    (logs.folder / "log").mkdir()
    for name, own in (("a", ["03/04/2025", "13/04/2025"]), ("b", ["03/04/2025", "04/13/2025"])):
        write_rows(logs.folder / "log" / f"{name}.csv", rows_of(own * 150))
    table = read(logs.plain, logs.folder).table
    days = [{str(t)[:10] for t in table.occurred_at[table.file == f]} for f in (0, 1)]
    assert days == [{"2025-04-03", "2025-04-13"}, {"2025-03-04", "2025-04-13"}]


def test_degrees_minutes_seconds_in_full_width(logs: Logs) -> None:
    def dms(value: float) -> str:
        whole = round(value * 3600, 3)
        text = f"{int(whole // 3600)}°{int(whole % 3600 // 60)}′{whole % 60:.3f}″"
        return text.translate({i: i + 0xFEE0 for i in range(0x30, 0x3A)})

    found = logs.read([(t, "盗窃", dms(x), dms(y)) for t, (x, y) in zip(T, P, strict=True)])
    assert found.table.cell.tolist() == logs.read(rows_of(T)).table.cell.tolist()


def test_points_in_the_sea_are_set_aside_with_line_and_value(logs: Logs) -> None:
    rows = rows_of(T)
    rows[7], rows[9] = (T[7], "盗窃", 122.5, 30.1), (T[9], "盗窃", P[9][0], P[9][1] + 0.2)
    found = logs.read(rows)
    assert found.aside is not None
    far, near = found.aside.reasons
    assert [(e.row, e.value) for e in far.examples] == [(9, "122.500000, 30.100000")]
    assert "it is more than 50 km away, in the sea or another county" in far.reason.text()
    assert "digit by digit" in far.reason.text()
    assert [e.row for e in near.examples] == [11]
    assert "a place inside one of the cells" in near.reason.text()
    assert "datum" in near.reason.text()
    assert "2 of 300 are set aside" in said(found)
    assert quality_of(found)[0].out_of_county == 2


def test_degrees_that_cannot_be_read_say_what_is_expected(logs: Logs) -> None:
    rows = rows_of(T)
    rows[3] = (T[3], "盗窃", "107°75'30\"E", P[3][1])
    rows[5] = (T[5], "盗窃", "在河边", P[5][1])
    found = logs.read(rows)
    assert found.aside is not None
    told = {r.examples[0].value: r.reason.text() for r in found.aside.reasons}
    assert "minutes and seconds below 60" in told["107°75'30\"E"]
    assert "decimal degrees such as 106.2583" in told["107°75'30\"E"]
    assert "a number" in told["在河边"]


def test_swapped_columns_are_named(logs: Logs) -> None:
    text = logs.refused([(t, "盗窃", y, x) for t, (x, y) in zip(T, P, strict=True)])
    assert "latitude and longitude look swapped" in text
    assert "swap the two columns" in text


def test_swapped_below_ninety_degrees_is_named_too(tmp_path: Path, plain: LoadedCase) -> None:
    """Where both are below 90 only the county itself tells."""
    from geo.alert_ingest import FileFacts
    from geo.alert_ingest_checks import _swapped
    from geo.alert_ingest_names import gazetteer
    from geo.alert_ingest_rows import World

    def reach(lon: Any, lat: Any) -> Any:
        return np.where((np.abs(lon - 76) < 1) & (np.abs(lat - 39) < 1), 0, -1)

    world = World(
        cell_id=("c",), geometry=None, lon_deg=np.array([76.0]), lat_deg=np.array([39.0]),
        population=np.zeros(1), crs="", names=gazetteer([], [], []), reach=reach,
    )  # fmt: skip
    outside = np.array([[39.1, 39.2], [76.0, 76.1]])
    facts = FileFacts(shown="a.csv", rows=2, epoch=0, outside=outside, inside=outside, crs="WGS84")
    assert [p.fix for p in _swapped([facts], world)] == ["swap the two columns, or their headers"]
    right = FileFacts(
        shown="a.csv", rows=2, epoch=0, outside=outside * 0, inside=outside, crs="WGS84"
    )
    assert _swapped([right], world) == ()


def test_a_log_of_another_county_is_refused(logs: Logs) -> None:
    text = logs.refused([(t, "盗窃", x + 3, y) for t, (x, y) in zip(T, P, strict=True)])
    assert "0 of 300 rows can" in text
    assert "it is more than 50 km away" in text


def test_one_place_with_a_third_of_all_alerts_names_the_station(logs: Logs) -> None:
    seat = (107.316, 30.217)
    rows = [(t, "盗窃", *(p if i % 2 else seat)) for i, (t, p) in enumerate(zip(T, P, strict=True))]
    assert "50% of them (150) are at one, in cell c11, where 甲派出所 stands" in said(
        logs.read(rows)
    )
    rows = [(t, "盗窃", *(p if i % 4 else seat)) for i, (t, p) in enumerate(zip(T, P, strict=True))]
    assert not logs.read(rows).problems


def test_missing_months(logs: Logs) -> None:
    rows = [r for r in rows_of(T) if not "2025-06" <= str(r[0]) < "2025-08"]
    assert "add the alerts of 2025-06, 2025-07" in said(logs.read(rows))


def test_codes_that_the_case_does_not_name_are_counted_and_said(logs: Logs) -> None:
    """Without a mapping the case's own categories are the list."""
    logs.work = {"theft": {}, "dispute": {}}
    codes = ["theft"] * 200 + ["dispute"] * 70 + ["theif"] * 20 + ["X9"] * 7 + [""] * 3
    found = logs.read([(t, c, *p) for t, c, p in zip(T, codes, P, strict=True)])
    assert "27 of 300 alerts have others" in said(found)
    assert "theif (20), X9 (7)" in said(found)
    assert "category_file" in said(found)
    # With a mapping the mapping is the list, and speaks for itself.
    rules = {"categories": {"theft": "T", "dispute": "D"}, "duplicate_min": 0}
    mapped = logs.read([(t, c, *p) for t, c, p in zip(T, codes, P, strict=True)], rules=rules)
    assert "these count as other: theif (20), X9 (7)" in said(mapped)
    assert "case.yaml names" not in said(mapped)


def test_codes_of_hardly_any_row_are_said_where_there_is_no_list(logs: Logs) -> None:
    codes = (["a"] * 1999 + ["A."]) * 2
    rows = [(t, c, *p) for t, c, p in zip(stamps(4000), codes, points(4000), strict=True)]
    found = logs.read(rows)
    assert "2 of 4,000 have one that hardly any other has" in said(found)
    assert "A. (2)" in said(found)
    assert "hardly" not in said(logs.read(rows_of(T)))


@pytest.mark.parametrize(
    ("unknown", "kept", "names"),
    [
        ("other", 300, ("dispute", "other", "theft")),
        ("keep", 300, ("999", "dispute", "theft")),
        ("quarantine", 200, ("dispute", "theft")),
    ],
)
def test_codes(logs: Logs, unknown: str, kept: int, names: tuple[str, ...]) -> None:
    codes = ["010101", "０２", "999"]
    rows = [(t, codes[i % 3], *p) for i, (t, p) in enumerate(zip(T, P, strict=True))]
    rules = {"categories": {"010101": "theft", "02": "dispute"}, "unknown_category": unknown}
    found = logs.read(rows, rules=rules)
    assert len(found.table) == kept
    assert found.table.categories == names
    assert found.unknown == {"999": 100}
    assert "999 (100)" in said(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codes.csv", "代码,类别\n010101,theft\n02,dispute\n"),
        ("codes.yaml", "'010101': theft\n'02': dispute\n"),
    ],
)
def test_a_mapping_file(logs: Logs, name: str, text: str) -> None:
    logs.folder.mkdir()
    (logs.folder / name).write_text(text, encoding="gb18030")
    rows = [(t, ["010101", "02"][i % 2], *p) for i, (t, p) in enumerate(zip(T, P, strict=True))]
    found = logs.read(rows, rules={"category_file": name})
    assert found.table.categories == ("dispute", "theft")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", "the columns code and category"),
        ("code,category\n1,x\n1,y\n", "each code once; it stands above for x"),
        ("", "the file is empty"),
    ],
)
def test_a_mapping_file_that_cannot_be_used(logs: Logs, text: str, expected: str) -> None:
    logs.folder.mkdir()
    (logs.folder / "codes.csv").write_text(text, encoding="utf-8")
    assert expected in logs.refused(rows_of(T), rules={"category_file": "codes.csv"})


def test_doubles_are_counted_from_the_first_that_is_kept(logs: Logs) -> None:
    at = np.datetime64("2025-03-01T08:00:00")
    minutes = [0, 5, 9, 14, 18, 40]
    rows = [(str(at + np.timedelta64(m, "m")), "盗窃", *P[0]) for m in minutes]
    rows += [(str(at), "纠纷", *P[0]), (str(at), "盗窃", *P[1])]
    found = logs.read(rows * 1, rules={"duplicate_min": 10})
    kept = sorted((str(t)[14:16], int(r)) for t, r in zip(
        found.table.occurred_at, found.table.row, strict=True))  # fmt: skip
    # 14 is within ten minutes of 9, which is not kept, but not of 0.
    assert [m for m, _ in kept] == ["00", "00", "00", "14", "40"]
    assert list(found.quarantined.values()) == [3]
    assert len(logs.read(rows, rules={"duplicate_min": 0}).table) == 8
    assert "3 of 8 repeat one" in said(found)


def test_the_same_id_twice(logs: Logs) -> None:
    rows = [(f"A{i % 299}", *r) for i, r in enumerate(rows_of(T))]
    found = logs.read(rows, ("警情编号", *HEADER))
    assert len(found.table) == 299
    assert found.aside is not None
    assert found.aside.row.tolist() == [301]


def test_alerts_without_a_point(logs: Logs) -> None:
    header = ("时间", "类别", "单元编号", "经度", "纬度", "乡镇", "地址")
    rows = []
    for i, (t, p) in enumerate(zip(T, P, strict=True)):
        kinds: list[tuple[object, ...]] = [
            ("", *p, "", ""),
            ("c21", "", "", "", ""),
            ("", "", "", "甲镇", ""),
            ("", "", "", "", "小县丙派出所门口"),
            ("", "", "", "", "不知道"),
            ("c99", "", "", "", ""),
        ]
        rows.append((t, "盗窃", *kinds[i % 6]))
    found = logs.read(rows, header)
    assert {k: round(v, 3) for k, v in found.placed.items()} == {
        "point": 0.25, "cell": 0.25, "place_name": 0.0, "township": 0.5,
    }  # fmt: skip
    assert found.quarantined == {"a place, or a cell_id": 50, "a cell_id of the cells layer": 50}
    table = found.table
    by_area = table.placed == PLACED.index("township")
    ids = np.array(logs.plain.county.cells.cell_id)[table.cell[by_area]]
    assert {i[:2] for i in ids.tolist()} == {"c1", "c3"}
    assert np.isnan(table.x_m[by_area]).all()
    assert {p.item for p in found.provenance if p.origin == "modelled"} == {"alerts.cell"}
    assert "50.0% name no more than a township" in said(found)


def test_a_place_is_its_id_then_its_address_then_its_point(logs: Logs) -> None:
    header = (*HEADER, "地点编号", "地址")
    t = "2025-03-01 08:00:00"
    rows = [
        (t, "a", *P[0], "L1", "东街1号"),
        (t, "b", *P[1], "L1", "西街2号"),
        (t, "c", *P[2], "", "东街1号"),
        (t, "d", *P[3], "", "东街 １ 号"),
        (t, "e", *P[4], "", "甲镇"),  # no finer than a township: the point counts
        (t, "f", *P[4], "", ""),
    ]
    key = logs.read(rows * 1, header).table.place.tolist()
    assert key[0] == key[1]
    assert key[2] == key[3] != key[0], "in one township"
    assert key[4] == key[5]
    assert len(set(key)) == 3


def test_the_same_words_in_another_township_are_another_place(logs: Logs) -> None:
    township = logs.plain.county.cells.township
    cell_id = logs.plain.county.cells.cell_id
    here = 0
    beside = next(i for i in range(1, len(cell_id)) if township[i] == township[here])
    away = next(i for i in range(len(cell_id)) if township[i] != township[here])
    t = "2025-03-01 08:00:00"
    header = ("发生时间", "警情类别", "单元编号", "地址", "乡镇")
    rows = [(t, "abc"[k], cell_id[i], "学校门口", "") for k, i in enumerate((here, beside, away))]
    rows.append((t, "d", "", "学校门口", township[here]))
    first, second, other, by_name = logs.read(rows, header).table.place.tolist()
    assert first == second == by_name
    assert other not in (0, first)


def test_nothing_but_the_whitelist_is_read(logs: Logs) -> None:
    header = (*HEADER, "报警人", "电话", "地址")
    rows = [(*r, "张三丰", "13800000000", "东街7788号") for r in rows_of(T)]
    logs.read(rows, header)
    kept = b"".join(p.read_bytes() for p in (logs.folder / ".jingli").rglob("*") if p.is_file())
    for secret in ("张三丰", "13800000000", "东街7788号"):
        assert secret.encode() not in kept


def test_what_is_kept_is_opened_until_something_changes(logs: Logs) -> None:
    first = logs.read(rows_of(T))
    again = logs.read(rows_of(T))
    assert (first.was_kept, again.was_kept) == (False, True)
    assert again.table.place.tolist() == first.table.place.tolist()
    assert [p.text() for p in again.problems] == [p.text() for p in first.problems]
    assert read(logs.plain, logs.folder, anew=True).was_kept is False
    assert logs.read(rows_of(T)[1:]).was_kept is False
    assert logs.read(rows_of(T)[1:], rules={"duplicate_min": 3}).was_kept is False


def test_a_broken_reading_is_made_anew(logs: Logs) -> None:
    logs.read(rows_of(T))
    (folder,) = (logs.folder / ".jingli").glob("alerts-*")
    (folder / "cell.npy").write_bytes(b"x")
    found = read(logs.plain, logs.folder)
    assert found.was_kept is False
    assert len(found.table) == 300


def test_aside_survives_being_kept(logs: Logs) -> None:
    rows = rows_of(T)
    rows[7] = (T[7], "盗窃", 122.5, 30.1)
    first, again = logs.read(rows), logs.read(rows)
    assert again.was_kept
    assert first.aside is not None
    assert again.aside is not None
    assert again.aside.reasons == first.aside.reasons
    assert again.aside.row.tolist() == first.aside.row.tolist()
    assert again.quarantined == first.quarantined


def test_the_same_in_pieces_of_any_size(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Batches change nothing: not the order, not the rows set aside, not the doubles."""
    lines = [
        (t, ["盗窃", "纠纷", ""][i % 3], *p) for i, (t, p) in enumerate(zip(T, P, strict=True))
    ]
    lines += [lines[i] for i in range(0, 300, 7)]
    lines[13] = (T[13], "盗窃", 122.5, 30.1)
    lines[20] = ("?", "盗窃", *P[20])
    whole = logs.read(lines, rules={"duplicate_min": 10})
    monkeypatch.setattr("geo.alert_ingest_blocks.BLOCK_BYTES", 700)
    monkeypatch.setattr("geo.alert_ingest_blocks.blocks.__kwdefaults__", {"size": 700})
    pieces = read(logs.plain, logs.folder, anew=True)
    assert pieces.table.row.tolist() == whole.table.row.tolist()
    assert pieces.table.cell.tolist() == whole.table.cell.tolist()
    assert pieces.quarantined == whole.quarantined


def test_progress_counts_up_to_the_whole(logs: Logs) -> None:
    logs.read(rows_of(T))
    told: list[tuple[str, int, int, int]] = []
    read(logs.plain, logs.folder, anew=True, watch=lambda *a: told.append(a))
    shown, done, size, rows = told[-1]
    assert (shown, rows) == ("alerts.csv", 300)
    assert done == size


def test_every_row_is_counted_once(logs: Logs) -> None:
    """A row with several faults is set aside for the first; nothing is lost."""
    rows = rows_of(T)
    rows[0] = ("?", "盗窃", "x", 30.2)
    rows[1] = ("", "盗窃", 122.0, 30.2)
    rows[2] = ("", "", "", "")
    found = logs.read(rows)
    # The last of these is an empty line of a spreadsheet: no row at all.
    assert found.rows_read == 299
    assert len(found.table) + sum(found.quarantined.values()) == 299
    assert found.aside is not None
    assert found.aside.row.tolist() == [2, 3]


def test_an_unknown_datum_is_asked_for(logs: Logs) -> None:
    assert "add crs to the layer" in logs.refused(rows_of(T), layer={"crs": None})


def test_a_file_without_times_is_refused(logs: Logs) -> None:
    assert "a column occurred_at" in logs.refused([("1", "2")], ("经度", "纬度"))


def test_a_header_alone_is_refused(logs: Logs) -> None:
    assert "at least one row of data" in logs.refused([])


def test_no_two_columns_of_the_schema_share_a_header() -> None:
    names = [c.name for c in alert_layer.ALERT_LOG.columns]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("n", [3_000, 400_000])
def test_the_commonest_place_of_a_long_log_is_counted_exactly(n: int) -> None:
    """The keys of a third, a little more than a third, and all others apart."""
    from geo.alert_ingest_checks import _commonest

    place = np.arange(10, 10 + n, dtype=np.uint64)
    place[: n // 3], place[n // 3 : 2 * n // 3 + 1] = 7, 8
    found = _commonest(np.random.default_rng(1).permutation(place))
    assert [int(v) for v in found] == [2 * n // 3 + 1 - n // 3, 8]
    assert _commonest(np.zeros(n, np.uint64))[0] == 0


def test_of_rows_with_one_id_the_first_counts(logs: Logs) -> None:
    rng = np.random.default_rng(3)
    ids = [f"n{i}" if i < 250 else "" for i in rng.integers(0, 260, 300).tolist()]
    header = (*HEADER, "接警单编号")
    rows = [(t, "a", *p, one) for t, p, one in zip(T, P, ids, strict=True)]
    found = logs.read(rows, header)
    first = {one: i for i, one in reversed(list(enumerate(ids))) if one}
    expected = [i for i, one in enumerate(ids) if not one or first[one] == i]
    assert sorted(found.table.row.tolist()) == [i + 2 for i in expected]
    assert len(expected) < 290
