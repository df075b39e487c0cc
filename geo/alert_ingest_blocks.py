"""A text table of any length as pieces of whole records in UTF-8, with physical line numbers."""

from __future__ import annotations

import codecs
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from geo.encoding import UndecodableError
from geo.raw import Source, refuse
from optimizer.errors import InputError, Problem
from optimizer.frozen import IntArray

BLOCK_BYTES = 1 << 24
# No record is longer: an opened quotation mark that nothing closes.
_LONGEST_RECORD = 1 << 26
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What one look through a file told.

    Attributes:
        digest: SHA-256 of its bytes.
        encoding: Of its text.
        mark: Bytes of its byte-order mark.
    """

    digest: str
    encoding: str
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some whole records.

    Attributes:
        data: UTF-8.
        row: Physical line of the file in which each record starts, shape (R,).
        read: Bytes of the file read so far.
    """

    data: bytes
    row: IntArray
    read: int


def scan_text(source: Source) -> Scanned:
    """Digest and encoding of a text file: its mark, else strict UTF-8, else strict GB18030.

    Raises:
        InputError: it is neither, or no text.
    """
    farthest: UndecodableError | None = None
    with source.path.open("rb") as plain, _text_of(plain, source.path) as file:
        head = file.read(4)
    if head.startswith(b"PK\x03\x04"):
        raise refuse(source, "a text table; this is a workbook", "give it the ending .xlsx")
    marked = [(len(mark), name) for mark, name in _MARKS if head.startswith(mark)]
    for mark, encoding in marked or [(0, "utf-8"), (0, "gb18030")]:
        try:
            return Scanned(digest=_checked(source, encoding, mark), encoding=encoding, mark=mark)
        except UndecodableError as error:
            if farthest is None or error.byte_offset > farthest.byte_offset:
                farthest = error
    assert farthest is not None
    raise InputError(
        [
            Problem(
                where=source.shown,
                row=farthest.line,
                expected="text in UTF-8 or GB18030 (GBK); byte {byte} is neither",
                fix="save the file again as UTF-8",
                params={"byte": f"{farthest.byte_offset:,}"},
            )
        ]
    )


def _checked(source: Source, encoding: str, mark: int) -> str:
    """Digest of a file that is text in this encoding throughout."""
    hasher = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read, lines = 0, 1
    with source.path.open("rb") as plain, _text_of(plain, source.path) as file:
        hasher.update(file.read(mark))
        while piece := file.read(BLOCK_BYTES):
            hasher.update(piece)
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                at = max(error.start - waiting, 0)
                line = lines + piece.count(b"\n", 0, at)
                raise UndecodableError(mark + read + at, line, encoding) from error
            if "\0" in text:
                raise refuse(source, "a text table; this file is binary", "save it as CSV in UTF-8")
            read += len(piece)
            lines += text.count("\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise UndecodableError(mark + read, lines, encoding) from error
    return hasher.hexdigest()


def first_text(source: Source, scanned: Scanned, size: int = 1 << 16) -> str:
    """The beginning of the file, to see how it is laid out."""
    for piece, _ in _pieces(source.path, scanned, size):
        return piece.decode("utf-8", errors="ignore")
    return ""


def blocks(
    source: Source, scanned: Scanned, separator: str, *, skip_lines: int, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """The records of a file in order, some thousands at a time.

    Args:
        source: The file.
        scanned: As `scan_text` told.
        separator: Between values.
        skip_lines: Lines above the first record.
        size: Bytes read at once.

    Raises:
        InputError: a quotation mark that nothing closes.
    """
    waiting, line, read = b"", 1 + skip_lines, 0
    for piece, read in _below(_pieces(source.path, scanned, size), skip_lines):
        data = waiting + piece
        row, end, lines = whole_records(data, separator)
        if row.size:
            yield Block(data=data[:end], row=row + line, read=read)
        waiting, line = data[end:], line + lines
        if len(waiting) > _LONGEST_RECORD:
            raise unclosed(source, line)
    if waiting:
        data = waiting + b"\n"
        row, end, _ = whole_records(data, separator)
        if end < len(data):
            raise unclosed(source, line)
        if row.size:
            yield Block(data=data, row=row + line, read=read)


def unclosed(source: Source, line: int) -> InputError:
    """A quotation mark that nothing closes, in the record that starts in this line."""
    return InputError(
        [
            Problem(
                where=source.shown,
                row=line,
                expected="quotation marks in pairs around a value",
                fix='close the quotation mark; one inside a value is written twice: ""',
            )
        ]
    )


def whole_records(data: bytes, separator: str) -> tuple[IntArray, int, int]:
    """Lines from 0 of the whole records in `data`, and the bytes and lines that they take."""
    is_plain = b'"' not in data and not data.startswith((b"\n", b"\r"))
    if is_plain and b"\n\n" not in data and b"\n\r" not in data:
        end = data.rfind(b"\n") + 1
        lines = data.count(b"\n", 0, end)
        return np.arange(lines), end, lines
    # Loops are compiled: only logs that need them load the compiler.
    from geo.alert_ingest_loops import records

    row, end, lines = records(np.frombuffer(data, np.uint8), ord(separator))
    return row, int(end), int(lines)


def _below(pieces: Iterator[tuple[bytes, int]], lines: int) -> Iterator[tuple[bytes, int]]:
    """The pieces without the first lines."""
    for piece, read in pieces:
        rest = piece
        while lines and rest:
            cut = rest.find(b"\n") + 1
            rest = rest[cut:] if cut else b""
            lines -= bool(cut)
        if rest:
            yield rest, read


def _pieces(path: Path, scanned: Scanned, size: int) -> Iterator[tuple[bytes, int]]:
    """The text in UTF-8 with lines that end in a newline, and the bytes of the file read so far."""
    decoder = codecs.getincrementaldecoder(scanned.encoding)("strict")
    is_utf8 = scanned.encoding == "utf-8"
    old_mac: bool | None = None
    held = b""
    with path.open("rb") as plain, _text_of(plain, path) as file:
        file.read(scanned.mark)
        while piece := file.read(size):
            text = held + (piece if is_utf8 else decoder.decode(piece).encode())
            held = b""
            if old_mac is None:
                if text.endswith(b"\r"):  # its newline may come with the next piece
                    text, held = text[:-1], b"\r"
                if b"\n" in text or b"\r" in text:
                    old_mac = b"\n" not in text
            yield text.replace(b"\r", b"\n") if old_mac else text, plain.tell()
        if held:
            yield b"\r" if old_mac is False else b"\n", plain.tell()


def _text_of(plain: IO[bytes], path: Path) -> IO[bytes]:
    """The bytes of the table itself, where the file is compressed."""
    return gzip.GzipFile(fileobj=plain) if path.suffix.lower() == ".gz" else plain  # type: ignore[return-value]
