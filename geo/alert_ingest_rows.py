"""One batch of an alert log: read, checked, placed. Pure, so that batches run side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.alert_ingest_batches import Batch, Log
from geo.alert_ingest_names import Gazetteer, plain_name
from geo.alert_ingest_orders import DAY_FIRST, MONTH_FIRST, SWAPS, Said, examples
from geo.alert_ingest_times import Times, as_mask, parse_times, trimmed
from geo.alert_ingest_values import by_value, coordinates
from geo.alert_table import PLACED
from geo.alerts import NO_CATEGORY
from geo.columns import Column, Schema
from geo.crs import from_wgs84
from geo.faults import Fault
from geo.place_key import id_keys, keys_within, point_keys, text_keys
from geo.places import Places, locate_rows
from geo.plane import GeometryArray
from geo.raw import Raw
from geo.values import Parsed, texts
from optimizer.alert_rules_ingest import Ingest
from optimizer.errors import Problem
from optimizer.frozen import BoolArray, FloatArray, IntArray

OUTSIDE = "a place inside one of the cells"
FAR = "a place in the county; it is more than {km} km away, in the sea or another county"
_FAR_KM = 50.0
_KM_PER_DEG = 111.2
# Points outside all cells that each batch keeps to look into.
_SAMPLE = 500
_TIME = (
    "a date and time such as 2026-05-01 08:30, from {minimum} to {maximum}",
    "a date and time such as 2026-05-01 08:30",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """What alerts are placed in. C cells.

    Attributes:
        cell_id: C ids.
        geometry: Polygons in WGS84, shape (C,), or None where cells are points.
        lon_deg, lat_deg: Representative points, shape (C,).
        population: Residents, shape (C,).
        crs: Metric system of the table.
        names: What place names stand for.
        reach: Finds cells: longitudes and latitudes -> rows, -1 outside all.
    """

    cell_id: tuple[str, ...]
    geometry: GeometryArray | None
    lon_deg: FloatArray
    lat_deg: FloatArray
    population: FloatArray
    crs: str
    names: Gazetteer
    reach: Callable[[FloatArray, FloatArray], IntArray]

    def km_away(self, lon_deg: FloatArray, lat_deg: FloatArray) -> FloatArray:
        """Kilometres from the box of the cells, roughly; NaN where a place is not known."""
        if self.geometry is None:
            west, east = float(self.lon_deg.min()), float(self.lon_deg.max())
            south, north = float(self.lat_deg.min()), float(self.lat_deg.max())
        else:
            west, south, east, north = shapely.total_bounds(self.geometry).tolist()
        east_deg = np.maximum(np.maximum(west - lon_deg, lon_deg - east), 0.0)
        north_deg = np.maximum(np.maximum(south - lat_deg, lat_deg - north), 0.0)
        across = east_deg * np.cos(np.radians((south + north) / 2.0))
        km: FloatArray = np.hypot(across, north_deg) * _KM_PER_DEG
        return km


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """The bureau's codes and ours.

    Attributes:
        known: Code -> category; None where no mapping is given.
        unknown: What becomes of a code that it does not hold.
    """

    known: Mapping[str, str] | None = None
    unknown: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The good rows of a batch, and the faults of the others. G good rows of R.

    Attributes:
        columns: By name of `AlertTable`, and `order` (above), `id_key` and `area`; shape (G,).
        row: Lines of all rows, shape (R,).
        faults: What is wrong; `at` counts among all rows.
        labels: Categories by their number in `columns["category"]`.
        unknown: Rows of each code that the mapping does not hold.
        outside: Some points outside all cells, shape (2, n).
        inside: Some points read, shape (2, n).
        epoch: Times given as seconds since 1970.
        dates: First dates of each order of day and month, see `alert_ingest_orders`.
        problems: Of the log as a whole.
        read: As in `Batch`.
    """

    columns: Mapping[str, NDArray[Any]]
    row: IntArray
    faults: tuple[Fault, ...]
    labels: tuple[str, ...]
    unknown: Mapping[str, int]
    outside: FloatArray
    inside: FloatArray
    epoch: int
    dates: Mapping[int, Sequence[Said]]
    problems: tuple[Problem, ...]
    read: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reader:
    """How the batches of one log are read.

    Attributes:
        log: The log.
        schema: Its columns.
        world: Where alerts are placed.
        rules: Of ingest.
        categories: The mapping of codes.
        salt: Secret of the case.
    """

    log: Log
    schema: Schema
    world: World
    rules: Ingest
    categories: Categories
    salt: str

    def rows(self, batch: Batch) -> Rows:
        """Read a batch."""
        columns = {c.name: c for c in self.log.match.columns}
        batch = _without_blank(batch)
        n = len(batch.row)
        faults = list(batch.faults)
        times = self._times(batch, faults)
        places = self._places(batch, columns, faults)
        assert places.lon_deg is not None
        assert places.lat_deg is not None
        lon, lat = places.lon_deg, places.lat_deg
        cell, area, placed, outside = self._cells(batch, columns, lon, lat, faults)
        category, labels, unknown = self._categories(batch, n, faults)
        priority = _priority(batch, columns, faults)
        good = np.ones(n, np.bool_)
        for fault in faults:
            good[fault.at] = False
        x_m, y_m = from_wgs84(lon[good], lat[good], self.world.crs)
        order = np.zeros(n, np.int8)
        for mask, code in (
            (times.swaps, SWAPS),
            (times.day_first, DAY_FIRST),
            (times.month_first, MONTH_FIRST),
        ):
            order[mask] = code
        found = {
            "occurred_at": times.at[good],
            "cell": cell[good].astype(np.int32),
            "category": category[good].astype(np.int16),
            "priority": np.clip(priority[good], 0, 127).astype(np.int8),
            "x_m": x_m.astype(np.float32),
            "y_m": y_m.astype(np.float32),
            "place": self._place_keys(batch, lon, lat, self.world.names.home(cell, area))[good],
            "placed": placed[good].astype(np.int8),
            "row": batch.row[good],
            "order": order[good],
            "area": area[good].astype(np.int32),
        }
        if "alert_id" in batch.columns:
            found["id_key"] = id_keys(trimmed(batch.columns["alert_id"]))[good]
        known = np.flatnonzero(np.isfinite(lon))[:: max(n // _SAMPLE, 1)]
        away = np.flatnonzero(outside)[:_SAMPLE]
        return Rows(
            columns=found,
            row=batch.row,
            faults=tuple(faults),
            labels=labels,
            unknown=unknown,
            outside=np.array([lon[away], lat[away]]),
            inside=np.array([lon[known], lat[known]]),
            epoch=times.epoch,
            dates=examples(np.where(good, order, 0), batch.row, batch.columns["occurred_at"])
            if order.any()
            else {},
            problems=places.problems,
            read=batch.read,
        )

    def _times(self, batch: Batch, faults: list[Fault]) -> Times:
        column = self.schema_column("occurred_at")
        said = batch.columns["occurred_at"]
        times = parse_times(said, self.rules.clock_offset_hours)
        year = times.at.astype("datetime64[Y]").astype(np.int64) + 1970
        none = np.isnat(times.at)
        low, high = column.minimum or 1, column.maximum or 9999
        bounds = {"minimum": f"{low:g}", "maximum": f"{high:g}"}
        utc_fix = "convert it to the county's time"
        _add(faults, column.name, times.blank, said, "a value in every row", "fill the cell in")
        _add(faults, column.name, times.utc, said, "local time; this is UTC", utc_fix)
        _add(
            faults, column.name, none & ~times.blank & ~times.utc, said, _TIME[0],
            "write year, month, day, hour and minute", bounds,
        )  # fmt: skip
        wrong = ~none & ((year < low) | (year > high))
        _add(faults, column.name, wrong, said, _TIME[0], "check the year", bounds)
        if self.rules.date_order == "year_first":
            _add(
                faults, column.name, times.year_last, said, _TIME[1],
                "write year, month, day, hour and minute",
            )  # fmt: skip
        return times

    def schema_column(self, name: str) -> Column:
        """The column of the schema."""
        return next(c for c in self.schema.columns if c.name == name)

    def _places(self, batch: Batch, columns: Mapping[str, Column], faults: list[Fault]) -> Places:
        parsed = {
            name: coordinates(columns[name], batch.columns[name])
            for name in ("lon", "lat")
            if name in columns
        }
        for name in parsed:
            faults += parsed[name].faults
        raw = Raw(
            match=self.log.match,
            values={},
            row=batch.row,
            counted=self.log.counted,
            geometry=batch.geometry,
            crs=self.log.crs,
            default_crs=self.log.default_crs,
        )
        nowhere = np.full(len(batch.row), np.nan)
        if "lon" not in parsed and batch.geometry is None:
            return Places(lon_deg=nowhere, lat_deg=nowhere.copy())
        if batch.geometry is None:
            # A column of empty cells needs no datum.
            empty = all(np.isnan(np.asarray(p.values, float)).all() for p in parsed.values())
            if empty and self.log.source.crs is None and self.log.crs is None:
                return Places(lon_deg=nowhere, lat_deg=nowhere.copy())
        places = locate_rows(self.log.source, self.schema, raw, parsed)
        faults += places.faults
        if places.lon_deg is None or places.lat_deg is None:
            return replace(places, lon_deg=nowhere, lat_deg=nowhere.copy())
        return places

    def _cells(
        self,
        batch: Batch,
        columns: Mapping[str, Column],
        lon: FloatArray,
        lat: FloatArray,
        faults: list[Fault],
    ) -> tuple[IntArray, IntArray, IntArray, BoolArray]:
        """Cell (-1 if only an area is known), area, how it was placed, and points outside."""
        n = len(batch.row)
        cell, area = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        placed = np.full(n, PLACED.index("cell"), np.int64)
        named = np.zeros(n, np.bool_)
        if "cell_id" in columns:
            parsed = by_value(columns["cell_id"], batch.columns["cell_id"])
            faults += parsed.faults
            named = ~parsed.blank
            rows = {c: i for i, c in enumerate(self.world.cell_id)}
            ids = pa.array(parsed.values, pa.string()).dictionary_encode(null_encoding="encode")
            of_id = np.array([rows.get(v, -1) for v in ids.dictionary.to_pylist()], np.int64)
            if n:
                cell = of_id[np.asarray(ids.indices)]
            unknown = named & (cell < 0)
            said = batch.columns["cell_id"]
            _add(faults, "cell_id", unknown, said, "a cell_id of the cells layer")
        by_point = ~named & np.isfinite(lon) & np.isfinite(lat)
        cell[by_point] = self.world.reach(lon[by_point], lat[by_point])
        placed[by_point] = PLACED.index("point")
        outside = by_point & (cell < 0)
        far = outside.copy()
        far[outside] = self.world.km_away(lon[outside], lat[outside]) > _FAR_KM
        _add_points(
            faults, far, lon, lat, FAR,
            "check longitude and latitude digit by digit; leave both empty where not known",
            {"km": f"{_FAR_KM:g}"},
        )  # fmt: skip
        _add_points(
            faults, outside & ~far, lon, lat, OUTSIDE,
            "check the place and the layer's datum (crs); alerts of neighbour counties stay aside",
        )  # fmt: skip
        left = ~named & ~by_point
        if left.any():
            self._by_name(batch, left, cell, area, placed)
        known_faults = np.zeros(n, np.bool_)
        for fault in faults:
            known_faults[fault.at] = True
        nowhere = left & (cell < 0) & (area < 0) & ~known_faults
        _add_points(
            faults, nowhere, lon, lat, "a place, or a cell_id",
            "give longitude and latitude, a cell_id, or the name of a village or township",
        )  # fmt: skip
        return cell, area, placed, outside

    def _by_name(
        self, batch: Batch, left: BoolArray, cell: IntArray, area: IntArray, placed: IntArray
    ) -> None:
        """Place rows by the names that they carry."""
        at = np.flatnonzero(left)
        words = [
            trimmed(batch.columns[name]).take(pa.array(at)).to_pylist()
            if name in batch.columns
            else [""] * at.size
            for name in ("township", "place_name", "address")
        ]
        known: dict[tuple[str, ...], tuple[int, int]] = {}
        for i, said in zip(at.tolist(), zip(*words, strict=True), strict=True):
            key = tuple(w or "" for w in said)
            if key not in known:
                known[key] = self.world.names.find(*key)
            cell[i], area[i] = known[key]
        by_cell, by_area = left & (cell >= 0), left & (cell < 0) & (area >= 0)
        placed[by_cell] = PLACED.index("place_name")
        placed[by_area] = PLACED.index("township")

    def _categories(
        self, batch: Batch, n: int, faults: list[Fault]
    ) -> tuple[IntArray, tuple[str, ...], Mapping[str, int]]:
        if "category" not in batch.columns:
            return np.zeros(n, np.int64), (NO_CATEGORY,), {}
        codes = trimmed(batch.columns["category"]).dictionary_encode(null_encoding="encode")
        index = np.asarray(codes.indices, np.int64)
        said = [v or "" for v in codes.dictionary.to_pylist()]
        mapping = self.categories.known
        labels: list[str] = []
        strange: list[int] = []
        for i, code in enumerate(said):
            if mapping is None or not code:
                labels.append(code or NO_CATEGORY)
            elif plain_name(code) in mapping:
                labels.append(mapping[plain_name(code)])
            else:
                strange.append(i)
                labels.append(code if self.categories.unknown == "keep" else NO_CATEGORY)
        count = np.bincount(index, minlength=len(said))
        unknown = Counter({said[i]: int(count[i]) for i in strange})
        if strange and self.categories.unknown == "quarantine":
            hit = np.isin(index, strange)
            values = batch.columns["category"]
            _add(faults, "category", hit, values, "a code of the category mapping")
        different = sorted(set(labels))
        number = np.array([different.index(label) for label in labels] or [0], np.int64)
        return (number[index] if n else index), tuple(different), unknown

    def _place_keys(
        self, batch: Batch, lon: FloatArray, lat: FloatArray, home: IntArray
    ) -> NDArray[np.uint64]:
        """Keys of places; an address counts within its township: every one has a school gate."""
        keys = np.zeros(len(batch.row), np.uint64)
        for name in ("place_id", "address"):
            if name in batch.columns:
                own = text_keys(self._finer(trimmed(batch.columns[name])), self.salt)
                if name == "address":
                    own = keys_within(own, home)
                keys = np.where(keys == 0, own, keys)
        return np.where(keys == 0, point_keys(lon, lat), keys)

    def _finer(self, said: pa.Array) -> pa.Array:
        """Addresses without those that name no more than a village or township."""
        coded = pc.fill_null(said, "").dictionary_encode()
        names = self.world.names
        words = [
            "" if plain_name(w) in names.cells or plain_name(w) in names.area else w
            for w in coded.dictionary.to_pylist()
        ]
        return pa.array(words, pa.string()).take(coded.indices)


def _without_blank(batch: Batch) -> Batch:
    """A batch without rows whose cells are all empty, as spreadsheets leave at their end."""
    blank = np.ones(len(batch.row), np.bool_)
    for values in batch.columns.values():
        empty = pc.is_null(values, nan_is_null=True)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            empty = pc.or_kleene(empty, pc.equal(pc.binary_length(values), 0))
        blank &= as_mask(empty)
        if not blank.any():
            return batch
    if batch.geometry is not None:
        blank &= np.array([g is None for g in batch.geometry])
    kept = ~blank
    place = np.cumsum(kept) - 1
    return replace(
        batch,
        columns={name: values.filter(pa.array(kept)) for name, values in batch.columns.items()},
        row=batch.row[kept],
        geometry=None if batch.geometry is None else batch.geometry[kept],
        faults=tuple(replace(f, at=place[f.at]) for f in batch.faults if kept[f.at].all()),
    )


def _priority(batch: Batch, columns: Mapping[str, Column], faults: list[Fault]) -> FloatArray:
    if "priority" not in columns:
        return np.zeros(len(batch.row))
    parsed: Parsed = by_value(columns["priority"], batch.columns["priority"])
    faults += parsed.faults
    values: FloatArray = np.nan_to_num(np.asarray(parsed.values, dtype=float), nan=0.0)
    return values


def _add(
    faults: list[Fault],
    column: str,
    wrong: BoolArray,
    said: pa.Array,
    expected: str,
    fix: str = "",
    params: Mapping[str, object] | None = None,
) -> None:
    at = np.flatnonzero(wrong)
    if at.size:
        values = np.asarray(said.take(pa.array(at)).to_numpy(zero_copy_only=False), dtype=object)
        faults.append(
            Fault(
                column=column, at=at, values=texts(values), expected=expected, fix=fix,
                params=params or {},
            )
        )  # fmt: skip


def _add_points(
    faults: list[Fault],
    wrong: BoolArray,
    lon: FloatArray,
    lat: FloatArray,
    expected: str,
    fix: str = "",
    params: Mapping[str, object] | None = None,
) -> None:
    at = np.flatnonzero(wrong)
    if at.size:
        values = [
            f"{x:.6f}, {y:.6f}" if np.isfinite(x) else ""
            for x, y in zip(lon[at].tolist(), lat[at].tolist(), strict=True)
        ]
        faults.append(
            Fault(
                column="lon, lat", at=at, values=values, expected=expected, fix=fix,
                params=params or {},
            )
        )  # fmt: skip
