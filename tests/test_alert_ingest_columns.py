"""Columns of a long log in temporary files: the same values, the same reading, no room said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo import alert_ingest_columns
from geo.alert_ingest_columns import Columns
from geo.alert_table import DTYPES
from optimizer.errors import InputError
from tests.ingest_case import plain_case, points, read, stamps, write_log_case, write_rows

KINDS = {"n": "int16", "at": "datetime64[s]"}


def batch(n: int, start: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return {"n": np.arange(start, start + n), "at": np.arange(start, start + n).astype("M8[s]")}


@pytest.mark.parametrize("most", [0, 4, 100])
def test_columns_are_the_batches_one_after_the_other(most: int, tmp_path: Path) -> None:
    columns = Columns(KINDS, tmp_path, rows_in_memory=most)
    for start, n in ((0, 3), (3, 0), (3, 5), (8, 2)):
        columns.add(batch(n, start))
    assert columns.in_files == (most < 10)
    found = columns.whole()
    for name, kind in KINDS.items():
        assert found[name].dtype == kind
        assert found[name].tolist() == np.arange(10).astype(kind).tolist()
        assert isinstance(found[name], np.memmap) == (most < 10)
    kept = columns.stowed(found["n"][np.arange(0, 10, 2)])
    assert kept.tolist() == [0, 2, 4, 6, 8]
    found["n"][:] = 7
    assert (kept.tolist(), found["n"].tolist()) == ([0, 2, 4, 6, 8], [7] * 10)
    assert columns.stowed(found["n"][:0]).size == 0
    assert not list(tmp_path.iterdir())


def test_no_rows_are_columns_of_their_kind() -> None:
    found = Columns(KINDS, None).whole()
    assert [(name, len(v), v.dtype) for name, v in found.items()] == [
        (name, 0, np.dtype(kind)) for name, kind in KINDS.items()
    ]


def test_a_folder_that_cannot_be_written_is_replaced_by_the_systems(tmp_path: Path) -> None:
    columns = Columns(KINDS, tmp_path / "not there", rows_in_memory=0)
    columns.add(batch(3, 0))
    assert columns.whole()["n"].tolist() == [0, 1, 2]


def test_a_full_disk_says_how_much_room_is_needed(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    columns = Columns(KINDS, tmp_path, rows_in_memory=0)
    columns._new_file = lambda: open("/dev/full", "wb", buffering=0)  # type: ignore[method-assign] # noqa: SIM115, PTH123
    with pytest.raises(InputError, match="room on the disk"):
        columns.add(batch(3, 0))


def test_a_long_log_is_read_as_a_short_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files turned to the month, repeated ids and calls, an order of its own: all alike."""
    plain = plain_case(tmp_path / "plain")
    folder = tmp_path / "case"
    write_log_case(folder, {"path": "log/*.csv"}, {"date_order": "month_first"})
    (folder / "log").mkdir()
    where, when = points(400), stamps(200, days=9) * 2
    for name, own in (("a.csv", slice(0, 250)), ("b.csv", slice(250, 400))):
        rows = [
            (f"{t[5:7]}/{t[8:10]}/{t[:4]} {t[11:]}", "ab"[i % 2], *where[i % 90], f"n{i % 380}")
            for i, t in list(enumerate(when))[own]
        ]
        write_rows(
            folder / "log" / name, [*rows, ("25/02/2025", "a", *where[0], f"x{name}")],
            ("报警时间", "警情类别", "经度", "纬度", "接警单编号"),
        )  # fmt: skip
    short = read(plain, folder)
    monkeypatch.setattr(alert_ingest_columns, "ROWS_IN_MEMORY", 60)
    long = read(plain, folder, anew=True)
    for name in DTYPES:
        assert np.array_equal(
            getattr(short.table, name), getattr(long.table, name), equal_nan=name in ("x_m", "y_m")
        )
    assert short.quarantined == long.quarantined
    assert set(short.quarantined.values()) >= {2, 20}
    assert short.aside is not None
    assert long.aside is not None
    assert short.aside.row.tolist() == long.aside.row.tolist()
    assert not [p for p in (folder / ".jingli").iterdir() if p.name.startswith("tmp")]
