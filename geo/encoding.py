"""Text encodings of Chinese tables: byte-order mark, then strict UTF-8, then strict GB18030.

Detectors that guess are wrong on short tables; a strict decoder is right or says where it failed.
GB18030 holds all of GBK and GB2312.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text of a file and the encoding that it was in."""

    text: str
    encoding: str


class UndecodableError(ValueError):
    """Bytes in none of the encodings understood.

    Attributes:
        byte_offset: First byte that cannot be read, counted from 0.
        line: Line it stands in, counted from 1.
        encoding: The encoding that came farthest.
    """

    def __init__(self, byte_offset: int, line: int, encoding: str) -> None:
        super().__init__(f"byte {byte_offset} (line {line}) is not {encoding}")
        self.byte_offset = byte_offset
        self.line = line
        self.encoding = encoding


def decode(data: bytes) -> Decoded:
    """Decode the bytes of a text file.

    Raises:
        UndecodableError: the bytes are neither what their mark says, nor UTF-8, nor GB18030.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _first_of(data, (encoding,), skip=len(mark))
    return _first_of(data, ("utf-8", "gb18030"), skip=0)


def _first_of(data: bytes, encodings: tuple[str, ...], *, skip: int) -> Decoded:
    farthest = UndecodableError(-1, 0, "")
    for encoding in encodings:
        try:
            return Decoded(text=data[skip:].decode(encoding), encoding=encoding)
        except UnicodeDecodeError as error:
            at = error.start + skip
            if at > farthest.byte_offset:
                farthest = UndecodableError(at, data.count(b"\n", 0, at) + 1, encoding)
    raise farthest
