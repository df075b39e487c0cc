"""The journal of a sweep: what is lost (nothing) when a process or a disk gives out."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from optimizer.errors import InputError
from scenarios.sweep_store import Journal


def written(path: Path, n: int = 3) -> list[dict[str, object]]:
    journal = Journal(path, "d")
    entries: list[dict[str, object]] = [{"point": i, "result": {"名": "垫江"}} for i in range(n)]
    for entry in entries:
        journal.add(entry)
    journal.close()
    return entries


def read(path: Path, digest: str = "d") -> list[dict[str, object]]:
    journal = Journal(path, digest)
    journal.close()
    return journal.entries


def refused(path: Path, digest: str = "d") -> str:
    with pytest.raises(InputError) as caught:
        Journal(path, digest)
    return str(caught.value)


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    assert written(tmp_path / "j") == read(tmp_path / "j")


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_line_is_cut_away_and_the_rest_stays(tmp_path: Path, cut: int) -> None:
    entries = written(tmp_path / "j")
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-cut])
    assert read(tmp_path / "j") == entries[:2]
    journal = Journal(tmp_path / "j", "d")
    journal.add(entries[2])
    journal.close()
    assert (tmp_path / "j").read_bytes() == whole


def test_a_flipped_bit_ends_what_is_believed(tmp_path: Path) -> None:
    entries = written(tmp_path / "j")
    data = bytearray((tmp_path / "j").read_bytes())
    data[-4] ^= 1
    (tmp_path / "j").write_bytes(data)
    assert read(tmp_path / "j") == entries[:2]


@pytest.mark.parametrize("length", [0, 1, 9, 20])
def test_a_journal_torn_in_its_head_starts_anew(tmp_path: Path, length: int) -> None:
    written(tmp_path / "j", 0)
    (tmp_path / "j").write_bytes((tmp_path / "j").read_bytes()[:length])
    assert read(tmp_path / "j") == []


def test_another_sweeps_journal_is_refused_and_kept(tmp_path: Path) -> None:
    entries = written(tmp_path / "j")
    assert "this very sweep" in refused(tmp_path / "j", "other")
    assert read(tmp_path / "j") == entries


def test_a_strangers_file_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("my diary\n", encoding="utf-8")
    assert "this very sweep" in refused(tmp_path / "j")
    assert (tmp_path / "j").read_text(encoding="utf-8") == "my diary\n"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j", "d")
    assert "no other process" in refused(tmp_path / "j")
    first.close()
    assert read(tmp_path / "j") == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "a place that can be written" in refused(tmp_path / "file" / "j")


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    """A file size limit stops the third entry after its first bytes, as a full disk does."""
    journal = Journal(tmp_path / "j", "d")
    journal.add({"point": 0, "result": "x"})
    journal.add({"point": 1, "result": "x"})
    size = (tmp_path / "j").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        with pytest.raises(InputError) as caught:
            journal.add({"point": 2, "result": "x"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "room on the disk" in str(caught.value)
    assert (tmp_path / "j").stat().st_size == size
    journal.add({"point": 2, "result": "y"})
    journal.close()
    assert [e["point"] for e in read(tmp_path / "j")] == [0, 1, 2]
