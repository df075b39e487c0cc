"""Keys of places: the same for the same place, secret, and never lost or shared by two cases."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from geo.place_key import SALT_FILE, case_salt, id_keys, point_keys, text_keys

SALT = "abcdefghijklmnop"


def test_width_case_and_spaces_do_not_matter() -> None:
    keys = text_keys(pa.array(["新民村3组 Ａ栋", "新民村３组a栋", "新民村4组A栋", "", None]), SALT)
    assert keys[0] == keys[1] != keys[2]
    assert keys[3:].tolist() == [0, 0]
    assert 0 not in keys[:3]


def test_another_salt_gives_other_keys() -> None:
    word = pa.array(["东街12号"])
    assert text_keys(word, SALT)[0] != text_keys(word, SALT[::-1])[0]


def test_points_to_a_metre() -> None:
    lon = np.array([107.3, 107.3000004, 107.30002, np.nan, 0.0])
    lat = np.array([30.2, 30.2, 30.2, 30.2, 0.0])
    keys = point_keys(lon, lat)
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == 0
    assert keys[4] != 0


def test_different_points_never_share_a_key() -> None:
    x, y = np.meshgrid(np.arange(400) * 1e-5 + 107.0, np.arange(400) * 1e-5 - 30.0)
    assert len(np.unique(point_keys(x.ravel(), y.ravel()))) == x.size


def test_the_salt_is_drawn_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".jingli"
    salt = case_salt(folder)
    assert case_salt(folder) == salt
    assert len(salt) == 16
    assert stat.S_IMODE((folder / SALT_FILE).stat().st_mode) == 0o600
    assert case_salt(tmp_path / "other") != salt


@pytest.mark.parametrize("text", ["", "short", "no letters at !!"])
def test_a_spoilt_salt_is_drawn_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / SALT_FILE).write_text(text, encoding="utf-8")
    salt = case_salt(tmp_path)
    assert len(salt) == 16
    assert case_salt(tmp_path) == salt


def test_a_folder_that_cannot_be_made_gives_a_salt_for_this_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert len(case_salt(tmp_path / "file" / ".jingli")) == 16


def test_ids_without_value_have_no_key() -> None:
    keys = id_keys(pa.array(["a", "", None, "a", "b"]))
    assert keys[0] == keys[3] != keys[4]
    assert keys[1:3].tolist() == [0, 0]
