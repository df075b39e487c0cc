"""Alert logs of any kind as batches of Arrow columns: only the columns asked for are ever read."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from geo.alert_ingest_blocks import Block, blocks, first_text, scan_text, unclosed
from geo.columns import SPACE, Match, Schema, match_headers
from geo.faults import LINE, RECORD, Fault
from geo.raw import Raw, Source, header_texts, title_warning, unreadable
from geo.read_parquet import shape_column
from geo.read_text import layout, records, too_long
from geo.read_vector import read_geojson, read_gpkg, read_shp
from geo.read_xlsx import read_xlsx
from geo.values import texts
from optimizer.errors import InputError, Problem
from optimizer.frozen import IntArray

ROWS_PER_BATCH = 200_000
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
_WHOLE: Mapping[str, Callable[[Source, Schema], Raw]] = {
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".gpkg": read_gpkg,
    ".shp": read_shp,
    ".geojson": read_geojson,
    ".json": read_geojson,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a log. R rows.

    Attributes:
        columns: Canonical name -> values, R of them.
        row: Row numbers as people count them in the file, shape (R,).
        read: Bytes (or rows) of the log read so far.
        geometry: Shapes in the file's coordinates, shape (R,), or None.
        faults: Rows that are wrong as rows.
    """

    columns: Mapping[str, pa.Array]
    row: IntArray
    read: int
    geometry: NDArray[Any] | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """An opened log.

    Attributes:
        source: Where it lies.
        match: Which header stands for which column.
        batches: Gives its rows in order, from the start each time it is called.
        size: Bytes (or rows) that `Batch.read` counts up to.
        key: Digest of its content, or whatever changes when it does; None = not known.
        counted: What row numbers count.
        crs, default_crs: As in `geo.raw.Raw`.
        problems: Of the log as a whole.
    """

    source: Source
    match: Match
    batches: Callable[[], Iterator[Batch]]
    size: int
    key: str | None
    counted: str = LINE
    crs: str | None = None
    default_crs: str | None = None
    problems: tuple[Problem, ...] = field(default=())


def open_text(source: Source, schema: Schema) -> Log:
    """A CSV, TSV or TXT table, also with `.gz`, of any length.

    Raises:
        InputError: bytes in no known encoding.
    """
    scanned = scan_text(source)
    text = first_text(source, scanned)
    separator, header_record = layout(text, schema, source)
    header: list[str] = []
    titles = skip = 0
    for at, (line, record) in enumerate(
        islice(records(text, separator, source), header_record + 2)
    ):
        if at <= header_record:
            titles += any(header)
            header = header_texts(record)
            skip = text.count("\n") + 1
        else:
            skip = line - 1
    match = match_headers(header, schema, source.columns, where=source.shown)

    def batches() -> Iterator[Batch]:
        for block in blocks(source, scanned, separator, skip_lines=skip):
            yield _of_block(block, source, match, separator, len(header))

    return Log(
        source=source,
        match=match,
        batches=batches,
        size=source.path.stat().st_size,
        key=scanned.digest,
        problems=title_warning(source, titles),
    )


def _of_block(block: Block, source: Source, match: Match, separator: str, width: int) -> Batch:
    names = [str(i) for i in range(width)]
    wanted = {c.name: str(match.position[c.name]) for c in match.columns}
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(block.data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(block.data) + 1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in block.data
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(dict.fromkeys(wanted.values())),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        table = None
    if table is None or table.num_rows != block.row.size:
        return _record_by_record(block, source, wanted, separator, width)
    columns = {name: _one(table.column(at)) for name, at in wanted.items()}
    return Batch(columns=columns, row=block.row, read=block.read)


def _record_by_record(
    block: Block, source: Source, wanted: Mapping[str, str], separator: str, width: int
) -> Batch:
    """The same where some rows have other numbers of values than there are headers."""
    reader = csv.reader(
        io.StringIO(block.data.decode(), newline=""), delimiter=separator, strict=True
    )
    rows: list[Sequence[str]] = []
    long: list[tuple[int, int]] = []
    try:
        for record in reader:
            if not record:
                continue
            if len(record) != width:
                record.extend([""] * (width - len(record)))
                if any(v.strip(SPACE) for v in record[width:]):
                    long.append((len(rows), len(record)))
            rows.append(record)
    except csv.Error as error:
        raise unclosed(source, int(block.row[min(len(rows), block.row.size - 1)])) from error
    columns = {
        name: pa.array([r[int(at)] for r in rows], pa.string()) for name, at in wanted.items()
    }
    return Batch(
        columns=columns, row=block.row[: len(rows)], read=block.read, faults=too_long(long, width)
    )


def _one(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def open_parquet(source: Source, schema: Schema) -> Log:
    """A Parquet or GeoParquet file, row group by row group.

    Raises:
        InputError: no Parquet file, or shapes that are not WKB.
    """
    try:
        file = pq.ParquetFile(source.path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(source, "Parquet", "pandas") from error
    names = list(file.schema_arrow.names)
    shape, crs = shape_column(source, file.schema_arrow.metadata or {})
    match = match_headers(
        names, schema, source.columns, where=source.shown, has_geometry=shape is not None
    )
    wanted = {c.name: names[match.position[c.name]] for c in match.columns}
    if "lon" in wanted:
        shape = None
    total = max(file.metadata.num_rows, 1)
    size = source.path.stat().st_size

    def batches() -> Iterator[Batch]:
        done = 0
        read = list(dict.fromkeys([*wanted.values(), *([shape] if shape else [])]))
        try:
            for piece in file.iter_batches(batch_size=ROWS_PER_BATCH, columns=read):
                row = np.arange(done + 1, done + 1 + piece.num_rows)
                done += piece.num_rows
                blobs = None if shape is None else piece.column(shape)
                yield Batch(
                    columns={name: piece.column(own) for name, own in wanted.items()},
                    row=row,
                    read=size * done // total,
                    geometry=None
                    if blobs is None
                    else shapely.from_wkb(np.array(blobs.to_pylist(), object), on_invalid="ignore"),
                )
        except (pa.ArrowException, OSError) as error:
            raise unreadable(source, "Parquet", "pandas") from error

    return Log(
        source=source,
        match=match,
        batches=batches,
        size=size,
        key=_file_digest(source),
        counted=RECORD,
        crs=crs,
    )


def open_whole(source: Source, schema: Schema) -> Log:
    """A workbook or a layer of shapes, which is read at once.

    Raises:
        InputError: it cannot be read.
    """
    raw = _WHOLE[source.path.suffix.lower()](source, schema)
    size = source.path.stat().st_size
    return Log(
        source=source,
        match=raw.match,
        batches=lambda: _of_raw(raw, size),
        size=size,
        key=_file_digest(source),
        counted=raw.counted,
        crs=raw.crs,
        default_crs=raw.default_crs,
        problems=raw.problems,
    )


def _of_raw(raw: Raw, size: int) -> Iterator[Batch]:
    total = max(raw.row.size, 1)
    for start in range(0, raw.row.size, ROWS_PER_BATCH):
        part = slice(start, start + ROWS_PER_BATCH)
        row = raw.row[part]
        yield Batch(
            columns={name: arrow(values[part]) for name, values in raw.values.items()},
            row=row,
            read=size * (start + row.size) // total,
            geometry=None if raw.geometry is None else raw.geometry[part],
            faults=raw.faults if total <= ROWS_PER_BATCH else (),
        )


def arrow(values: NDArray[Any]) -> pa.Array:
    """Values as a file holds them: numbers and times as such, everything else as text."""
    if values.dtype.kind in "iufM":
        return pa.array(values, from_pandas=True)
    return pa.array(texts(values), pa.string())


def _file_digest(source: Source) -> str:
    hasher = hashlib.sha256()
    # A Shapefile is several files.
    for path in sorted(source.path.parent.glob(f"{source.path.stem}.*")):
        if path == source.path or source.path.suffix.lower() == ".shp":
            with path.open("rb") as file:
                hasher.update(hashlib.file_digest(file, "sha256").digest())
    return hasher.hexdigest()


def wrong_file(source: Source) -> InputError:
    """A file whose ending says nothing."""
    endings = ", ".join([*TEXT_ENDINGS, ".csv.gz", ".parquet", *_WHOLE, ".jsonl", ".duckdb"])
    return InputError(
        [
            Problem(
                where=source.shown,
                expected="a file ending in {endings}",
                fix="save it as one of these",
                params={"endings": endings},
            )
        ]
    )


def open_file(source: Source, schema: Schema) -> Log:
    """Open a file by its ending.

    Raises:
        InputError: it cannot be read.
    """
    name = source.path.name.lower().removesuffix(".gz")
    if name.endswith(TEXT_ENDINGS):
        return open_text(source, schema)
    if source.path.suffix.lower() == ".parquet":
        return open_parquet(source, schema)
    if source.path.suffix.lower() in _WHOLE:
        return open_whole(source, schema)
    raise wrong_file(source)
