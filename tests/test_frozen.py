"""Read-only copies and the digest that equality rests on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.frozen import digest, read_only

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Pair:
    a: Any
    b: Any
    _note: str = field(default="")


@dataclass(frozen=True)
class PairSwapped:
    b: Any
    a: Any


def test_read_only_copies_and_locks() -> None:
    given_array = np.array([1.0, 2.0])
    locked = read_only(given_array, float, shape=(2,), name="x")
    given_array[0] = 9.0
    assert locked.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        locked[0] = 3.0


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "message"),
    [
        ([1.0, 2.0], float, (3,), r"x: shape \(2,\), expected \(3,\)"),
        ([[1.0]], float, (1,), r"x: shape \(1, 1\)"),
        ([1.5, 2.0], np.int64, (2,), "x: values must be whole numbers"),
        ([0.5], np.bool_, (1,), "x: values must be whole numbers"),
        ([float("nan")], float, (1,), "x: NaN refused"),
    ],
)
def test_read_only_refuses(values: Any, dtype: type, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_only(values, dtype, shape=shape, name="x")


def test_read_only_takes_whole_floats_and_infinity() -> None:
    assert read_only([1.0, 2.0], np.int64, shape=(2,), name="x").tolist() == [1, 2]
    assert read_only([np.inf], float, shape=(1,), name="x")[0] == np.inf


def test_digest_is_fixed_for_all_time() -> None:
    # Digests are written into manifests: a change here makes old manifests useless.
    spelled = hashlib.sha256(b"seq3int1:1str3:'a'NoneType4:None").hexdigest()
    assert digest((1, "a", None)) == spelled
    array = hashlib.sha256(b"<f8(1,)" + b"\x00\x00\x00\x00\x00\x00\xf0\x3f").hexdigest()
    assert digest(np.array([1.0])) == array


def test_digest_ignores_layout_and_byte_order() -> None:
    plain = np.arange(12.0).reshape(3, 4)
    for other in (
        np.asfortranarray(plain),
        plain.astype(">f8"),
        np.repeat(plain, 2, axis=1)[:, ::2],
        read_only(plain, float, shape=(3, 4), name="x"),
    ):
        assert digest(other) == digest(plain)


@pytest.mark.parametrize(
    "other",
    [
        np.arange(12.0).reshape(4, 3),
        np.arange(12.0).astype(np.float32).reshape(3, 4),
        np.arange(12).reshape(3, 4),
        np.arange(12.0).reshape(3, 4) + 1e-15 * np.eye(3, 4),
        np.arange(12.0).reshape(3, 4).T,
    ],
)
def test_digest_sees_shape_dtype_and_every_bit(other: np.ndarray[Any, Any]) -> None:
    assert digest(other) != digest(np.arange(12.0).reshape(3, 4))


def test_digest_of_empty_arrays_keeps_their_shape() -> None:
    assert digest(np.zeros((0, 2))) != digest(np.zeros((2, 0)))


def test_digest_ignores_mapping_and_field_order() -> None:
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
    swapped = digest(PairSwapped(a=1, b=2))
    PairSwapped.__name__ = "Pair"
    try:
        assert digest(PairSwapped(a=1, b=2)) == digest(Pair(a=1, b=2)) != swapped
    finally:
        PairSwapped.__name__ = "PairSwapped"


def test_digest_leaves_out_underscored_fields_only() -> None:
    assert digest(Pair(a=1, b=2, _note="x")) == digest(Pair(a=1, b=2))
    assert digest(Pair(a=1, b=3)) != digest(Pair(a=1, b=2)) != digest(Pair(a=2, b=1))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        ((("a",), "b"), ("a", ("b",))),
        ([1, [2, 3]], [1, 2, 3]),
        (1, True),
        (1, 1.0),
        ("1", 1),
        ({"a": None}, {}),
        ((), ("",)),
    ],
)
def test_digest_tells_apart(one: Any, two: Any) -> None:
    assert digest(one) != digest(two)


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES)
def test_digests_are_equal_only_for_equal_values(one: Any, two: Any) -> None:
    assert digest(one) == digest(one)
    if repr(one) != repr(two) and one != two:
        assert digest(one) != digest(two)
