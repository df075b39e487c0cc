from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from geo.atomic import atomic_folder, atomic_path, replace_problem, write_bytes, write_text
from optimizer.errors import InputError


def ours(folder: Path, files: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old", encoding="utf-8")
    manifest = {"jingli": "0.1.0", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def left_over(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("."))


def test_write_replaces_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old and much longer", encoding="utf-8")
    assert write_text(target, "新\r\n") == target
    assert target.read_bytes() == "新\r\n".encode()
    assert left_over(tmp_path) == []


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.gpkg"
    target.write_bytes(b"old")

    def interrupted() -> None:
        with atomic_path(target) as aside:
            assert aside.suffix == ".gpkg"
            assert aside.parent == tmp_path
            aside.write_bytes(b"half")
            aside.with_name(aside.name + "-wal").write_bytes(b"log")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert target.read_bytes() == b"old"
    assert left_over(tmp_path) == []


def test_file_has_ordinary_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode
    with atomic_folder(tmp_path / "out"):
        pass
    (tmp_path / "made").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "made").stat().st_mode


def test_unwritable_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.*plan\.csv"):
        write_bytes(tmp_path / "absent" / "plan.csv", b"")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_bytes(b"")
    with pytest.raises(InputError, match="close programs"):
        write_bytes(tmp_path / "taken", b"")
    assert left_over(tmp_path) == []


def test_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="free some space"):
        write_bytes(tmp_path / "plan.csv", b"")


def test_folder_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "out"

    def interrupted() -> None:
        with atomic_folder(target) as building:
            (building / "half").write_text("x", encoding="utf-8")
            assert not target.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []  # the parents that we made are gone too
    with atomic_folder(target) as building:
        (building / "plan.json").write_text("x", encoding="utf-8")
        assert not target.exists()
    assert [p.name for p in target.iterdir()] == ["plan.json"]
    assert left_over(target.parent) == []


def test_folder_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out"
    ours(target, ["plan.gpkg", "tables/moves.csv"])
    (target / "plan.gpkg-wal").write_text("left by QGIS", encoding="utf-8")
    with atomic_folder(target) as building:
        (building / "new").write_text("x", encoding="utf-8")
        assert (target / "plan.gpkg").exists()
    assert [p.name for p in target.iterdir()] == ["new"]
    assert left_over(tmp_path) == []


def test_failed_run_keeps_the_earlier_output(tmp_path: Path) -> None:
    target = tmp_path / "out"
    ours(target, ["plan.gpkg"])
    with pytest.raises(RuntimeError), atomic_folder(target):
        raise RuntimeError
    assert sorted(p.name for p in target.iterdir()) == ["manifest.json", "plan.gpkg"]
    assert left_over(tmp_path) == []


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with atomic_folder(target) as building:
        (building / "new").write_text("x", encoding="utf-8")
    assert [p.name for p in target.iterdir()] == ["new"]


@pytest.mark.parametrize("manifest", [None, "{}", "not json", "[]", '{"name": "other tool"}'])
def test_strange_folder_is_refused_before_the_work(tmp_path: Path, manifest: str | None) -> None:
    target = tmp_path / "photos"
    target.mkdir()
    (target / "holiday.jpg").write_bytes(b"x")
    if manifest is not None:
        (target / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(InputError, match="choose another output folder"), atomic_folder(target):
        pytest.fail("the work must not begin")
    assert (target / "holiday.jpg").read_bytes() == b"x"


def test_file_of_that_name_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not a file"), atomic_folder(target):
        pytest.fail("the work must not begin")


def test_a_planners_own_file_is_never_deleted(tmp_path: Path) -> None:
    target = tmp_path / "out"
    ours(target, ["plan.gpkg"])
    (target / "我的批注.docx").write_bytes(b"x")
    problem = replace_problem(target)
    assert problem is not None
    assert problem.value == "我的批注.docx"
    with pytest.raises(InputError, match="我的批注"), atomic_folder(target):
        pytest.fail("the work must not begin")
    # ... nor one that comes while the run goes on.
    (target / "我的批注.docx").unlink()
    with pytest.raises(InputError, match="late"), atomic_folder(target):
        (target / "late.docx").write_bytes(b"x")
    assert (target / "late.docx").exists()
    assert left_over(tmp_path) == []


def test_failed_swap_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    ours(target, ["plan.gpkg"])
    rename = Path.rename

    def fails(self: Path, to: Path) -> Path:
        if ".building-" in self.name:
            raise PermissionError(errno.EACCES, "held open")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(InputError, match="close programs"), atomic_folder(target):
        pass
    monkeypatch.undo()
    assert sorted(p.name for p in target.iterdir()) == ["manifest.json", "plan.gpkg"]
    assert left_over(tmp_path) == []


def test_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(InputError, match="close programs"),
        atomic_folder(tmp_path / "file" / "out"),
    ):
        pytest.fail("the work must not begin")


def test_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "disk" / "out"
    ours(real, ["plan.gpkg"])
    link = tmp_path / "out"
    try:
        link.symlink_to(real, target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let us make links")
    with atomic_folder(link) as building:
        (building / "new").write_text("x", encoding="utf-8")
    assert link.is_symlink()
    assert [p.name for p in real.iterdir()] == ["new"]
