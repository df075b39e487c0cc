"""Alert logs by URL: PostgreSQL (with PostGIS), DuckDB, and what DuckDB can read.

Nothing is installed or downloaded on the way: where DuckDB lacks a part, such as the one for
https, the message says so. PostgreSQL is read by COPY, which streams, as CSV through the reader
of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from geo.alert_ingest_batches import ROWS_PER_BATCH, Batch, Log
from geo.columns import Schema, match_headers
from geo.faults import RECORD
from geo.raw import Source, choose_part, refuse
from optimizer.errors import InputError
from optimizer.frozen import digest

_SCHEME = re.compile(r"^(postgresql|postgres|duckdb|https?|s3)://", re.IGNORECASE)
_READ = {".parquet": "read_parquet", ".csv": "read_csv", ".json": "read_json_auto"}
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_OFFLINE = "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false"


def is_url(path: str) -> bool:
    """Whether a layer's path is a URL that this module reads."""
    return _SCHEME.match(path) is not None


def open_url(url: str, source: Source, schema: Schema, clock_offset_hours: float) -> Log:
    """Open a table by URL.

    Args:
        url: Where it lies; `sheet` of the source names the table of a database.
        source: How it is shown and read.
        schema: Its columns.
        clock_offset_hours: The county's clock, for times that carry a zone.

    Raises:
        InputError: it cannot be reached or read.
    """
    if url.lower().startswith("postgres"):
        from geo.alert_ingest_postgres import open_postgres

        return open_postgres(url, source, schema, clock_offset_hours)
    return open_duckdb(url, source, schema, clock_offset_hours)


def open_duckdb(url: str, source: Source, schema: Schema, clock_offset_hours: float) -> Log:
    """Open a DuckDB file (`duckdb://…`), or a file that DuckDB reads, local or not.

    Args:
        url: As in `open_url`, or the path of a file of JSON lines.
        source: How it is shown and read.
        schema: Its columns.
        clock_offset_hours: As in `open_url`.

    Raises:
        InputError: it cannot be reached or read.
    """
    import duckdb

    is_file = url.lower().startswith("duckdb://")
    path = Path(url[len("duckdb://") :] if is_file else url)
    if is_file and not path.is_file():
        raise refuse(source, "a DuckDB file that is there", "correct path in case.yaml")
    try:
        connection = duckdb.connect(str(path) if is_file else ":memory:", read_only=is_file)
        connection.execute(_OFFLINE)
        relation = _table(connection, source) if is_file else _remote(url, source)
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        counted = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise _duckdb_problem(source, error) from error
    names = [str(row[0]) for row in described]
    kinds = {str(row[0]): str(row[1]) for row in described}
    match = match_headers(names, schema, source.columns, where=source.shown)
    wanted = {c.name: names[match.position[c.name]] for c in match.columns}

    def batches() -> Iterator[Batch]:
        chosen = ", ".join(
            f"{_selected(own, kinds[own], clock_offset_hours)} AS {_quoted(name)}"
            for name, own in wanted.items()
        )
        done = 0
        try:
            found = connection.sql(f"SELECT {chosen} FROM {relation}")
            reader: Any = found.to_arrow_reader(ROWS_PER_BATCH)
            for piece in reader:
                row = np.arange(done + 1, done + 1 + piece.num_rows)
                done += piece.num_rows
                columns = {name: piece.column(name) for name in wanted}
                yield Batch(columns=columns, row=row, read=done)
        except duckdb.Error as error:
            raise _duckdb_problem(source, error) from error

    key = None
    if path.is_file():
        stamp = path.stat()
        key = digest({"url": url, "size": stamp.st_size, "changed": stamp.st_mtime_ns})
    return Log(
        source=source,
        match=match,
        batches=batches,
        size=int(counted[0][0]),
        key=key,
        counted=RECORD,
    )


def _table(connection: Any, source: Source) -> str:
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
    ).fetchall()
    named = {f"{s}.{t}" if s != "main" else t: (s, t) for s, t in rows}
    schema, table = named[choose_part(source, list(named), "layer")]
    return f"{_quoted(schema)}.{_quoted(table)}"


def _remote(url: str, source: Source) -> str:
    name = url.split("?")[0].lower().removesuffix(".gz")
    for ending, function in _READ.items():
        if name.endswith(ending) or (ending == ".json" and name.endswith(_JSON_LINES)):
            options = ", all_varchar = true" if ending == ".csv" else ""
            return f"{function}('{url.replace(chr(39), chr(39) * 2)}'{options})"
    raise refuse(
        source,
        "a URL ending in {endings}",
        "name the file itself",
        endings=", ".join([*_READ, ".jsonl"]),
    )


def _selected(own: str, kind: str, clock_offset_hours: float) -> str:
    column = _quoted(own)
    if kind == "TIMESTAMP WITH TIME ZONE":
        # An instant; the county's clock is this far ahead of UTC.
        minutes = round(clock_offset_hours * 60)
        return f"(({column} AT TIME ZONE 'UTC') + INTERVAL {minutes} MINUTE)"
    if kind in ("DOUBLE", "FLOAT", "DATE") or kind.startswith(("TIMESTAMP", "BIGINT", "INTEGER")):
        return column
    return f"CAST({column} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _duckdb_problem(source: Source, error: Exception) -> InputError:
    said = str(error).splitlines()[0][:200]
    fix = "correct path and sheet of the alerts layer in case.yaml"
    if "httpfs" in str(error) or "xtension" in str(error):
        fix = "DuckDB lacks a part for this here and none is downloaded: copy the file to the case"
    return refuse(source, "a table that DuckDB can read ({said})", fix, said=said)
