"""The alert layer of a case: one file or many, or a table of a database, and its columns."""

from __future__ import annotations

import csv
import glob
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from geo.alert_ingest_batches import Log, open_file
from geo.alert_ingest_names import plain_name
from geo.alert_ingest_rows import Categories
from geo.alert_ingest_urls import is_url, open_duckdb, open_url
from geo.alerts import NO_CATEGORY
from geo.columns import Column, Schema
from geo.encoding import UndecodableError, decode
from geo.raw import Source
from geo.readers import readable
from optimizer.alert_rules_ingest import Ingest
from optimizer.errors import InputError, Problem
from scenarios import layers
from scenarios.case import CASE_FILE, Case
from scenarios.schema import AlertLayer
from scenarios.store_address import masked
from scenarios.strict_yaml import read_yaml

ALERT_LOG = Schema(
    layer="alerts",
    columns=(
        *layers.ALERTS.columns,
        Column(name="priority", kind="count", minimum=1, aliases=("优先级", "警情等级", "等级")),
        Column(
            name="place_id",
            kind="id",
            aliases=("地点编号", "标准地址编码", "地址编码", "location_id"),
        ),
        Column(
            name="address",
            kind="text",
            aliases=("地址", "发生地址", "案发地址", "警情地址", "事发地址", "报警地址"),
        ),
        Column(
            name="place_name",
            kind="text",
            aliases=("地名", "发生地点", "案发地点", "地点", "村社区", "村", "社区"),
        ),
        Column(name="township", kind="text", aliases=("乡镇", "镇街", "乡镇街道", "所属乡镇")),
    ),
    geometry="any",
)
"""What is read of a log; names, telephone numbers and what was said never are."""

_DATABASES = (".duckdb", ".ddb")
_FOR_DUCKDB = (*_DATABASES, ".jsonl", ".ndjson")
_WILD = frozenset("*?[")
_CODE, _CATEGORY = ("code", "代码", "警情代码", "编码"), ("category", "类别", "警情类别")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSource:
    """One file or table of the layer.

    Attributes:
        source: How it is read.
        url: Where it lies, if it is no file.
    """

    source: Source
    url: str | None = None

    def of_file(self, layer: str) -> Source:
        """The same file for a reader of whole tables.

        Raises:
            InputError: it is no file.
        """
        if self.url is not None:
            raise InputError([_no_service_times(self.source.shown)])
        return replace(self.source, layer=layer)

    def open(self, clock_offset_hours: float) -> Log:
        """Open it.

        Raises:
            InputError: it cannot be read.
        """
        if self.url is not None:
            return open_url(self.url, self.source, ALERT_LOG, clock_offset_hours)
        readable(self.source)
        path = self.source.path
        if path.suffix.lower() in _FOR_DUCKDB:
            return open_duckdb(
                f"duckdb://{path}" if path.suffix.lower() in _DATABASES else str(path),
                self.source,
                ALERT_LOG,
                clock_offset_hours,
            )
        return open_file(self.source, ALERT_LOG)


def _no_service_times(shown: str) -> Problem:
    return Problem(
        where=shown,
        column="layers.alerts",
        expected="a log in files, where times of service are asked for (calibrate, review, "
        "simulate)",
        fix="export the table as CSV or Parquet and name it as path",
    )


def is_ingested(case: Case) -> bool:
    """Whether the county's own rates, too, come from the reading that analyses of alerts open.

    So it is where the case says how to read its log (`alert_rules.ingest`), forecasts from it, or
    has one that only that reading understands; other cases are read as ever and give the plans they
    gave.
    """
    layer = case.spec.layers.alerts
    if layer is None:
        return False
    rules = case.spec.alert_rules
    if "ingest" in rules.model_fields_set or rules.forecast.use or layer.paths:
        return True
    suffix = Path(layer.path).suffix.lower()
    return is_url(layer.path) or bool(_WILD & set(layer.path)) or suffix in (".gz", *_FOR_DUCKDB)


def alert_sources(case: Case) -> tuple[AlertSource, ...]:
    """The files and tables of the alert layer, in the order of `case.yaml` and by name.

    Raises:
        InputError: the case has no such layer, or a pattern fits no file.
    """
    layer = case.spec.layers.alerts
    if layer is None:
        raise InputError([_no_log()])
    found: list[AlertSource] = []
    problems: list[Problem] = []
    for path in layer.all_paths:
        if is_url(path):
            url = path
            if path.lower().startswith("duckdb://"):
                url = f"duckdb://{case.folder / path[len('duckdb://') :]}"
            found.append(AlertSource(source=_source(case, layer, Path(), masked(path)), url=url))
            continue
        plain = path.replace("\\", "/")
        shown = [plain]
        if _WILD & set(plain) and not (case.folder / plain).exists():
            hits = glob.glob(plain, root_dir=case.folder, recursive=True)  # noqa: PTH207 - shown as written
            shown = sorted(h for h in hits if (case.folder / h).is_file())
            if not shown:
                problems.append(_no_file(path))
        found += [AlertSource(source=_source(case, layer, case.folder / s, s)) for s in shown]
    if problems:
        raise InputError(problems)
    return tuple(found)


def _source(case: Case, layer: AlertLayer, path: Path, shown: str) -> Source:
    return Source(
        layer=ALERT_LOG.layer,
        path=path,
        shown=shown,
        sheet=layer.sheet,
        crs=layer.crs,
        columns=layer.columns,
        strict=False,
    )


def _no_log() -> Problem:
    return Problem(
        where=CASE_FILE,
        column="layers.alerts",
        expected="a log of alerts; this case has yearly rates only",
        fix="add the log under layers: `alerts: {{path: alerts.csv, crs: GCJ02}}`",
    )


def _no_file(pattern: str) -> Problem:
    return Problem(
        where=CASE_FILE,
        column="layers.alerts",
        value=pattern,
        expected="a pattern that fits at least one file",
        fix="* stands for any part of a name, ** for any folders; correct it",
    )


# --- the bureau's codes -----------------------------------------------------------------------


def categories_of(case: Case, rules: Ingest) -> Categories:
    """The mapping of the bureau's codes, from the case and its mapping file.

    Raises:
        InputError: the file cannot be read, or maps a code twice.
    """
    if rules.category_file is None and not rules.categories:
        return Categories()
    known: dict[str, str] = {}
    if rules.category_file is not None:
        known |= _mapping_file(case, rules.category_file)
    known |= {plain_name(code): name.strip() for code, name in rules.categories.items()}
    return Categories(known=known, unknown=rules.unknown_category)


def listed_categories(case: Case) -> frozenset[str]:
    """The categories that the case itself names: those it gives work, a rhythm or a behaviour."""
    spec = case.spec
    rhythm = {} if spec.alert_rhythm is None else spec.alert_rhythm.share_fraction
    policy = spec.policy
    named = {*policy.workload.categories, *policy.simulation.categories, *rhythm}
    return frozenset((*named, NO_CATEGORY) if named else ())


def _mapping_file(case: Case, shown: str) -> Mapping[str, str]:
    path = case.folder / shown.replace("\\", "/")
    readable(Source(layer="category_file", path=path, shown=shown))
    if path.suffix.lower() in (".yaml", ".yml"):
        data = read_yaml(path, shown).data
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            raise InputError([_bad_mapping(shown)])
        pairs = [(i, str(k), str(v)) for i, (k, v) in enumerate(data.items(), start=1)]
    else:
        pairs = _csv_pairs(path, shown)
    known: dict[str, str] = {}
    problems: list[Problem] = []
    for row, code, name in pairs:
        key = plain_name(code)
        if not key or not name.strip():
            continue
        if known.setdefault(key, name.strip()) != name.strip():
            problems.append(
                Problem(
                    where=shown,
                    row=row,
                    value=code,
                    expected="each code once; it stands above for {name}",
                    fix="delete one of the two",
                    params={"name": known[key]},
                )
            )
    if problems or not known:
        raise InputError(problems or [_bad_mapping(shown)])
    return known


def _csv_pairs(path: Path, shown: str) -> list[tuple[int, str, str]]:
    try:
        text = decode(path.read_bytes()).text
    except UndecodableError:
        raise InputError([_bad_mapping(shown)]) from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [h.strip().casefold() for h in rows[0]] if rows else []
    code = next((header.index(h) for h in _CODE if h in header), None)
    name = next((header.index(h) for h in _CATEGORY if h in header), None)
    if code is None or name is None:
        raise InputError([_bad_mapping(shown)])
    return [
        (line, row[code], row[name])
        for line, row in enumerate(rows[1:], start=2)
        if len(row) > max(code, name)
    ]


def _bad_mapping(shown: str) -> Problem:
    return Problem(
        where=shown,
        expected="a CSV table with the columns code and category, or YAML lines `code: category`",
        fix="give each of the bureau's codes one of your categories",
    )
