from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import InputError
from scenarios.strict_yaml import parse_yaml, read_yaml


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "case.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_yaml(path, "case.yaml")
    return str(caught.value)


def test_codes_and_words_stay_what_was_typed(tmp_path: Path) -> None:
    text = "code: 0421\nanswer: no\nclock: 1:30\nday: 2026-11-21\n"
    text += "hexa: 0x1F\noctal: 0o17\nplus: +86\n"
    assert read_yaml(write(tmp_path, text), "case.yaml").data == {
        "code": "0421",
        "answer": "no",
        "clock": "1:30",
        "day": "2026-11-21",
        "hexa": "0x1F",
        "octal": "0o17",
        "plus": 86,
    }


def test_numbers_truth_and_nothing_are_read(tmp_path: Path) -> None:
    text = "[0, -3, 2.5, .5, 1e3, 1., true, FALSE, ~, null, ]"
    assert read_yaml(write(tmp_path, text), "case.yaml").data == [
        0, -3, 2.5, 0.5, 1000.0, 1.0, True, False, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    document = read_yaml(write(tmp_path, "名称: 䶮镇所\n".encode(encoding)), "case.yaml")
    assert document.data == {"名称": "䶮镇所"}


def test_lines_are_known(tmp_path: Path) -> None:
    document = read_yaml(write(tmp_path, "a: 1\nb:\n  c: 2\n  d:\n    - x\n    - y\n"), "case.yaml")
    assert document.line_of(("b", "c")) == 3
    assert document.line_of(("b", "d", 1)) == 6
    assert document.line_of(("b", "d", 1, "deeper")) == 6
    assert document.line_of(("unknown",)) is None


def test_a_key_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refused(write(tmp_path, "a:\n  b: 1\n  c: 2\n  b: 3\n"))
    assert "line 4" in said
    assert "a.b" in said


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    assert "line 3" in refused(write(tmp_path, "a: 1\nb: [1, 2\nc: 3\n"))


def test_bytes_in_no_encoding_are_refused(tmp_path: Path) -> None:
    assert "UTF-8 or GB18030" in refused(write(tmp_path, b"a: \xff\xff\n"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "case.yaml" in refused(tmp_path / "case.yaml")


def test_control_characters_are_refused(tmp_path: Path) -> None:
    assert "valid YAML" in refused(write(tmp_path, "a: \x01\n"))


@pytest.mark.parametrize("line", ["description：夏季", "reason: 试\nstations：\n  沙河: 1"])
def test_a_full_width_colon_is_named(line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(f"{line}\nextends: a\n", "s.yaml")
    [problem] = caught.value.problems
    assert "full width" in problem.text()


def test_a_full_width_colon_within_a_text_is_not_blamed() -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml("reason: 注：试\nstations: [\n", "s.yaml")
    assert "check indentation" in caught.value.problems[0].text()
