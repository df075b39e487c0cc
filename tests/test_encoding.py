"""Encodings: byte-order mark, strict UTF-8, strict GB18030, else the byte that cannot be read."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.encoding import UndecodableError, decode


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("派出所".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "派出所".encode(), "utf-8"),
        ("派出所".encode("gbk"), "gb18030"),
        (codecs.BOM_UTF16_LE + "派出所".encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "派出所".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_encodings(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert decoded.text == "派出所"
    assert decoded.encoding == encoding


def test_characters_that_only_gb18030_has() -> None:
    # 䶮 (a county of names has it) is not in Python's gbk.
    data = "䶮桥派出所\n".encode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        data.decode("gbk")
    assert decode(data).text == "䶮桥派出所\n"


def test_names_byte_and_line() -> None:
    good = "编号\n一\n".encode()  # 6 + 1 + 3 + 1 = 11 bytes, two lines
    with pytest.raises(UndecodableError) as caught:
        decode(good + b"\xff\xff")
    assert (caught.value.byte_offset, caught.value.line) == (11, 3)
    assert caught.value.encoding == "utf-8"


def test_a_mark_is_a_promise() -> None:
    with pytest.raises(UndecodableError) as caught:
        decode(codecs.BOM_UTF8 + "桂".encode("gbk"))
    assert caught.value.byte_offset == 3
    assert caught.value.encoding == "utf-8"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_utf8_is_never_taken_for_another(text: str) -> None:
    if text[0] in "\ufeff":
        return
    assert decode(text.encode()).text == text
