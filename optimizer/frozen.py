"""Frozen tables: arrays copied and set read-only, and one digest for equality."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ONLY_IF_SET: Mapping[str, bool] = {"only_if_set": True}
"""Metadata of a field that is left out of the digest while it is empty."""


def read_only(values: Any, dtype: type, *, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Copy `values` into a read-only array of `dtype` and `shape`.

    Raises:
        ValueError: wrong shape, a value that `dtype` cannot hold exactly, or NaN.
    """
    given = np.asarray(values)
    if given.shape != shape:
        raise ValueError(f"{name}: shape {given.shape}, expected {shape}")
    array: NDArray[Any] = np.array(given, dtype=dtype, order="C")
    if given.dtype.kind == "f" and array.dtype.kind in "iub" and not np.array_equal(array, given):
        raise ValueError(f"{name}: values must be whole numbers")
    if array.dtype.kind == "f" and bool(np.isnan(array).any()):
        raise ValueError(f"{name}: NaN refused")
    array.setflags(write=False)
    return array


def digest(value: Any) -> str:
    """SHA-256 over a canonical walk of `value`: dataclasses, mappings, sequences, arrays, scalars.

    Field order, mapping order, memory layout and platform do not matter; dtype and shape do. Fields
    whose name starts with an underscore hold no value of their own and are left out; so are empty
    ones marked `ONLY_IF_SET`, which were added after digests had been kept.
    """
    hasher = hashlib.sha256()
    _feed(hasher, value)
    return hasher.hexdigest()


def _feed(hasher: hashlib._Hash, value: Any) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hasher.update(f"<{type(value).__name__}>".encode())
        names = (
            f.name
            for f in dataclasses.fields(value)
            if not f.metadata.get("only_if_set") or getattr(value, f.name)
        )
        for name in sorted(n for n in names if not n.startswith("_")):
            hasher.update(f"{name}=".encode())
            _feed(hasher, getattr(value, name))
    elif isinstance(value, np.ndarray):
        plain = np.ascontiguousarray(value)
        little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        hasher.update(f"{little.dtype.str}{value.shape}".encode())
        hasher.update(little.data)
    elif isinstance(value, Mapping):
        hasher.update(f"map{len(value)}".encode())
        for key in sorted(value, key=str):
            _feed(hasher, key)
            _feed(hasher, value[key])
    elif isinstance(value, (list, tuple)):
        hasher.update(f"seq{len(value)}".encode())
        for item in value:
            _feed(hasher, item)
    else:
        text = repr(value).encode()
        hasher.update(f"{type(value).__name__}{len(text)}:".encode() + text)
