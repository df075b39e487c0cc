"""Keys of places: the same key for the same place within a case, and no way back to an address.

An id or address becomes a keyed hash (SipHash-2-4, 64 bits). Its secret, the salt, is drawn once
for a case and lies beside it; without it nobody can try out addresses against the keys. A point
becomes a key without need of secrecy, since the point itself stands in the table.
"""

from __future__ import annotations

import os
import secrets
import string
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.atomic import make_folder
from optimizer.errors import InputError
from optimizer.frozen import BoolArray, FloatArray, IntArray

SALT_FILE = "place.salt"
_SALT_CHARACTERS = 16  # what SipHash takes: 95 bits in letters and digits
_LETTERS = string.ascii_letters + string.digits
# Points this close together are one place: a hundred-thousandth of a degree, about a metre.
_PER_DEGREE = 1e5
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def case_salt(folder: Path) -> str:
    """The salt kept in `folder`, drawn now where there is none.

    Where the folder cannot be written it is one for this time only.
    """
    path = folder / SALT_FILE
    kept = _kept(path)
    if kept is not None:
        return kept
    salt = "".join(secrets.choice(_LETTERS) for _ in range(_SALT_CHARACTERS))
    with suppress(OSError, InputError):
        make_folder(folder)
        path.unlink(missing_ok=True)  # a spoilt one
        # Of two that come at once the first draws it for both.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(salt)
    return _kept(path) or salt


def _kept(path: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="ascii").strip()
        if len(text) == _SALT_CHARACTERS and text.isalnum():
            return text
    return None


def text_keys(texts: pa.Array, salt: str) -> NDArray[np.uint64]:
    """Keys of ids or addresses, shape (R,); 0 for an empty one.

    Width, case and spaces do not matter.
    """
    coded = pc.fill_null(texts, "").dictionary_encode()
    plain = pc.utf8_lower(pc.utf8_normalize(coded.dictionary, "NFKC"))
    plain = pc.replace_substring_regex(plain, r"\s+", "")
    words = np.empty(len(plain), dtype=object)
    words[:] = plain.to_pylist()
    hashed = pd.util.hash_array(words, hash_key=salt, categorize=False)
    keys = np.asarray(hashed, np.uint64).copy()
    keys[keys == 0] = 1
    keys[words == ""] = 0
    spread: NDArray[np.uint64] = keys[np.asarray(coded.indices, np.int64)]
    return spread


def keys_within(keys: NDArray[np.uint64], area: IntArray) -> NDArray[np.uint64]:
    """Keys that differ from area to area, shape (R,); 0 stays 0.

    Args:
        keys: Shape (R,).
        area: Number of the area, -1 where not known, shape (R,).
    """
    mixed = keys ^ ((area + 1).astype(np.uint64) * _MIX_1)
    mixed[mixed == 0] = 1
    mixed[keys == 0] = 0
    return mixed


def point_keys(lon_deg: FloatArray, lat_deg: FloatArray) -> NDArray[np.uint64]:
    """Keys of points to about a metre, shape (R,); 0 where there is none."""
    known = np.isfinite(lon_deg) & np.isfinite(lat_deg)
    x, y = (
        np.rint(np.where(known, v, 0.0) * _PER_DEGREE).astype(np.int64).astype(np.uint64)
        for v in (lon_deg, lat_deg)
    )
    # splitmix64's finisher: one to one, so different points never share a key.
    key = (x << np.uint64(32)) ^ (y & np.uint64(0xFFFFFFFF))
    key = (key ^ (key >> np.uint64(30))) * _MIX_1
    key = (key ^ (key >> np.uint64(27))) * _MIX_2
    key ^= key >> np.uint64(31)
    key[known & (key == 0)] = 1
    key[~known] = 0
    return np.asarray(key, np.uint64)


def id_keys(ids: pa.Array) -> NDArray[np.uint64]:
    """Keys of ids that only serve to find doubles, and are not kept; 0 for an empty one."""
    words = np.asarray(ids.to_numpy(zero_copy_only=False), dtype=object)
    keys = np.asarray(pd.util.hash_array(words, categorize=False), np.uint64).copy()
    keys[keys == 0] = 1
    empty: BoolArray = np.asarray(pc.fill_null(pc.equal(pc.binary_length(ids), 0), True), np.bool_)
    keys[empty] = 0
    return keys
