"""An alert log in PostgreSQL, with PostGIS or without: COPY streams it as CSV to our reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from geo.alert_ingest_batches import ROWS_PER_BATCH, Batch, Log
from geo.alert_ingest_blocks import BLOCK_BYTES, whole_records
from geo.columns import Schema, match_headers
from geo.crs import WGS84
from geo.faults import RECORD
from geo.raw import Source, choose_part, refuse
from optimizer.errors import InputError
from optimizer.frozen import digest

_GEOMETRY = ("geometry", "geography")
_CONNECT_S = 10


def open_postgres(url: str, source: Source, schema: Schema, clock_offset_hours: float) -> Log:
    """Open a table of a PostgreSQL database.

    Its rows are read in the order of their alert id where there is one. The password is best left
    out of the URL: libpq takes it from its password file or PGPASSWORD.

    Args:
        url: Of the database; `sheet` of the source names the table.
        source: How it is shown and read.
        schema: Its columns.
        clock_offset_hours: The county's clock, for times with a zone.

    Raises:
        InputError: no connection, no such table, or psycopg is not installed.
    """
    try:
        import psycopg
    except ImportError:
        raise refuse(
            source, "the extra for PostgreSQL, which is not installed",
            "install it: pip install 'jingli[postgres]'",
        ) from None  # fmt: skip
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_S) as connection:
            table = _table(connection, source)
            kinds = _columns(connection, table)
            shape = next((c for c, kind in kinds.items() if kind in _GEOMETRY), None)
            srid = _srid(connection, table, shape)
    except psycopg.Error as error:
        raise _problem(source, error, url) from error
    names = [c for c in kinds if c != shape]
    match = match_headers(
        names, schema, source.columns, where=source.shown, has_geometry=shape is not None
    )
    wanted = {c.name: names[match.position[c.name]] for c in match.columns}
    chosen = [
        f"{_value(own, kinds[own], clock_offset_hours)} AS {_quoted(name)}"
        for name, own in wanted.items()
    ]
    has_point = shape is not None and "lon" not in wanted
    if has_point:
        place = _point(f"{_quoted(str(shape))}::geometry", srid)
        chosen += [f"ST_{axis}({place}) AS {name}" for axis, name in (("X", "lon"), ("Y", "lat"))]
        match = _with_point(names, schema, source)
    order = f" ORDER BY {_quoted(wanted['alert_id'])}" if "alert_id" in wanted else ""
    read = [*wanted, *(("lon", "lat") if has_point else ())]
    query = f"SELECT {', '.join(chosen)} FROM {table}{order}"
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_S) as connection:
            state = connection.execute(
                f"SELECT count(*), {_extent(wanted.get('occurred_at'))} FROM {table}".encode()
            ).fetchone()
    except psycopg.Error as error:
        raise _problem(source, error, url) from error
    assert state is not None
    return Log(
        source=source,
        match=match,
        batches=lambda: _batches(url, query, read, source),
        size=int(state[0]),
        key=digest({"table": table, "query": query, "state": [str(v) for v in state]}),
        counted=RECORD,
        crs=WGS84 if has_point and srid else None,
    )


def _point(shape: str, srid: int) -> str:
    """A point of a shape, in WGS84 where its system is known; each row by its own number."""
    other = f"ST_PointOnSurface({shape})"
    point = f"CASE GeometryType({shape}) WHEN 'POINT' THEN {shape} ELSE {other} END"
    return f"ST_Transform({point}, 4326)" if srid else point


def _with_point(names: list[str], schema: Schema, source: Source) -> Any:
    return match_headers(
        [*names, "lon", "lat"], schema, source.columns, where=source.shown, has_geometry=False
    )


def _batches(url: str, query: str, names: list[str], source: Source) -> Iterator[Batch]:
    """The rows of a query, streamed."""
    import psycopg

    done = 0
    try:
        with (
            psycopg.connect(url, connect_timeout=_CONNECT_S) as connection,
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)".encode()) as copy,
        ):
            waiting = bytearray()
            for piece in copy:
                waiting += piece
                if len(waiting) >= BLOCK_BYTES:
                    # COPY gives whole rows, so whole records end wherever a piece does.
                    for batch in _batch(bytes(waiting), names, done):
                        done = int(batch.row[-1])
                        yield batch
                    waiting.clear()
            for batch in _batch(bytes(waiting), names, done):
                yield batch
    except psycopg.Error as error:
        raise _problem(source, error, url) from error


def _batch(data: bytes, names: list[str], done: int) -> Iterator[Batch]:
    if not data:
        return
    rows, _end, _lines = whole_records(data, ",")
    table = arrow_csv.read_csv(
        pa.py_buffer(data),
        read_options=arrow_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=len(data) + 1
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    assert table.num_rows == len(rows)
    for start in range(0, table.num_rows, ROWS_PER_BATCH):
        part = table.slice(start, ROWS_PER_BATCH).combine_chunks()
        row = np.arange(done + start + 1, done + start + 1 + part.num_rows)
        columns = {n: part.column(n).chunk(0) for n in names}
        yield Batch(columns=columns, row=row, read=int(row[-1]))


def _table(connection: Any, source: Source) -> str:
    rows = connection.execute(
        b"SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN "
        b"('pg_catalog', 'information_schema') AND table_name NOT IN ('spatial_ref_sys', "
        b"'geometry_columns', 'geography_columns') ORDER BY 1, 2"
    ).fetchall()
    named = {t if s == "public" else f"{s}.{t}": (s, t) for s, t in rows}
    asked = source.sheet
    if asked is not None and asked not in named and asked.startswith("public."):
        named[asked] = named.get(asked.removeprefix("public."), ("public", asked))
    schema, table = named[choose_part(source, list(named), "layer")]
    return f"{_quoted(schema)}.{_quoted(table)}"


def _columns(connection: Any, table: str) -> dict[str, str]:
    cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode())
    codes = [c.type_code for c in cursor.description]
    known = dict(
        connection.execute(
            b"SELECT oid, typname FROM pg_type WHERE oid = ANY(%s)", [codes]
        ).fetchall()
    )
    return {c.name: str(known.get(c.type_code, "")) for c in cursor.description}


def _srid(connection: Any, table: str, shape: str | None) -> int:
    if shape is None:
        return 0
    row = connection.execute(
        f"SELECT ST_SRID({_quoted(shape)}::geometry) FROM {table} WHERE {_quoted(shape)} IS NOT "
        "NULL LIMIT 1".encode()
    ).fetchone()
    return 0 if row is None else int(row[0])


def _value(own: str, kind: str, clock_offset_hours: float) -> str:
    column = _quoted(own)
    if kind == "timestamptz":
        minutes = round(clock_offset_hours * 60)
        return f"(({column} AT TIME ZONE 'UTC') + INTERVAL '{minutes} minutes')"
    return column


def _extent(time: str | None) -> str:
    return "0, 0" if time is None else f"min({_quoted(time)}), max({_quoted(time)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _problem(source: Source, error: Exception, url: str) -> InputError:
    said = (str(error).splitlines() or ["?"])[0][:200]
    secret = url.split("@")[0].rpartition(":")[2] if "@" in url else ""
    if secret:
        said = said.replace(secret, "***")
    return refuse(
        source,
        "a PostgreSQL database that can be read ({said})",
        "check host, user and password (PGPASSWORD or the password file), and the table",
        said=said,
    )
