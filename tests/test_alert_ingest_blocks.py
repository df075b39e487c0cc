"""Long text tables in pieces: every record once, with the line it starts in."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.alert_ingest_batches import open_text
from geo.alert_ingest_blocks import blocks, scan_text
from geo.columns import Column, Schema
from geo.raw import Source
from optimizer.errors import InputError

SCHEMA = Schema(
    layer="alerts",
    columns=(Column(name="a", kind="text"), Column(name="b", kind="text")),
)
FIELD = st.text(st.sampled_from('x,"\n 警'), max_size=6)


def source(path: Path) -> Source:
    return Source(layer="alerts", path=path, shown=path.name)


def records_of(path: Path, size: int) -> list[tuple[int, list[str]]]:
    """Lines and values as `blocks` cuts them."""
    found = []
    scanned = scan_text(source(path))
    for block in blocks(source(path), scanned, ",", skip_lines=0, size=size):
        rows = [r for r in csv.reader(io.StringIO(block.data.decode(), newline="")) if r]
        assert len(rows) == block.row.size
        found += list(zip(block.row.tolist(), rows, strict=True))
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(FIELD, min_size=2, max_size=3), max_size=12),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_the_same_records_and_lines_as_pythons_reader(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    size: int,
    final_newline: bool,
    ending: str,
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=ending).writerows(rows)
    text = buffer.getvalue()
    if not final_newline:
        text = text.removesuffix(ending)
    path = tmp_path_factory.mktemp("blocks") / "t.csv"
    path.write_bytes(text.encode())
    if not text:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected, line = [], 1
    for record in reader:
        if record:
            expected.append((line, record))
        line = reader.line_num + 1
    assert records_of(path, size) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", [3, 1 << 20])
def test_encodings(tmp_path: Path, encoding: str, size: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text("警情,地点\n盗窃,东街\n\n纠纷,西街\n", encoding=encoding)
    found = records_of(path, size)
    assert found == [(1, ["警情", "地点"]), (2, ["盗窃", "东街"]), (4, ["纠纷", "西街"])]


def test_lines_that_end_as_on_old_macs(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r1,2\r3,4\r")
    for size in (1, 4, 1 << 20):
        assert records_of(path, size) == [(1, ["a", "b"]), (2, ["1", "2"]), (3, ["3", "4"])]


def test_a_line_ending_cut_in_two_is_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,"b"\r\n1,2\r\n')
    for size in range(1, 12):
        assert records_of(path, size) == [(1, ["a", "b"]), (2, ["1", "2"])]


def test_a_digest_says_the_content(tmp_path: Path) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("a,b\n1,2\n", encoding="utf-8")
    two.write_text("a,b\n1,3\n", encoding="utf-8")
    assert scan_text(source(one)).digest != scan_text(source(two)).digest


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n\xff\xff\n", "byte 4 is neither"),
        (b"a,b\n1,\x00\n", "this file is binary"),
        (b"PK\x03\x04xx", "this is a workbook"),
    ],
)
def test_no_text(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        scan_text(source(path))


def test_an_open_quotation_mark_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n3,"4\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 3"):
        records_of(path, 1 << 20)


def test_only_known_columns_and_titles_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("某县警情\n姓名,b,a\n张三,2,1\n李四,4,3\n")
    log = open_text(source(path), SCHEMA)
    (batch,) = log.batches()
    assert {n: v.to_pylist() for n, v in batch.columns.items()} == {
        "a": ["1", "3"],
        "b": ["2", "4"],
    }
    assert batch.row.tolist() == [3, 4]
    assert [p.severity for p in log.problems] == ["warning"]


def test_rows_of_other_lengths(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1\n2,3\n4,5,6\n7,8,\n", encoding="utf-8")
    (batch,) = open_text(source(path), SCHEMA).batches()
    assert batch.columns["a"].to_pylist() == ["1", "2", "4", "7"]
    assert batch.columns["b"].to_pylist() == ["", "3", "5", "8"]
    assert [f.at.tolist() for f in batch.faults] == [[2]]
    assert isinstance(batch.columns["a"], pa.Array)
