"""A province's output folder: what its counties' plans are together, and the folder read again.

Each county's own files are in a folder of its own; beside them stand tables over all counties, one
map of all, and `province.json`, by which the folder is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from geo.atomic import make_folder, write_text
from geo.maps import write_map
from geo.overview import CountyScene, overview_map
from geo.safe_text import write_csv
from optimizer.errors import InputError, Problem, Translate
from scenarios.compare import TownshipChange, township_changes
from scenarios.counties import totals_document
from scenarios.credits import credited
from scenarios.documents import json_text
from scenarios.kept import KeptRun, read_runs
from scenarios.language import Language, in_language
from scenarios.provenance import modelled_text
from scenarios.run import Run
from scenarios.sizes import sizes_text
from scenarios.tables import Cell, sheets

PROVINCE_FILE = "province.json"
OVERVIEW = "overview"
_FORMAT = 1
_TABLES = ("bundles", "townships")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCounty:
    """One county of a province's folder.

    Attributes:
        name: Its name.
        status: Status of its plan.
        clashing_rules: Rules that cannot hold together, where it has no plan.
        kept: Its run; None where it has no plan.
    """

    name: str
    status: str
    clashing_rules: tuple[str, ...]
    kept: KeptRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """A province's folder, read again.

    Attributes:
        name: Of the folder.
        counties: In the order they were run in.
        joint: Names of those that are several counties solved as one.
        overview_png, overview_svg: The map of all.
        attribution: Whose data it is.
    """

    name: str
    counties: tuple[PlannedCounty, ...]
    joint: tuple[str, ...]
    overview_png: bytes
    overview_svg: str
    attribution: str


def write_province(
    runs: Sequence[tuple[Run, Path | None]],
    joint: Sequence[str],
    out: Path,
    translate: Translate,
    language: Language,
) -> tuple[str, ...]:
    """Write what the counties of a province are together into `out`.

    Args:
        runs: Each county's run and its own folder in `out`; None where it has no plan.
        joint: Names of those that are several counties solved as one.
        out: The province's folder; made if it is not there.
        translate: Into the language of tables and map.
        language: Of the tables and the map.

    Returns:
        Names of the files.

    Raises:
        InputError: a file cannot be written.
    """
    _ = translate
    make_folder(out)
    written = []
    planned = [run for run, _folder in runs if run.plan is not None]
    for table in _TABLES:
        header: tuple[str, ...] = ()
        rows: list[tuple[Cell, ...]] = []
        for run in planned:
            (sheet,) = (s for s in sheets(run, _, language) if s.name == table)
            header = (_("County"), *sheet.header)
            rows += [(run.loaded.county.name, *row) for row in sheet.rows]
        if header:
            write_csv(out / f"{table}.csv", header, rows)
            written.append(f"{table}.csv")
    write_csv(out / "counties.csv", _county_header(_), [_county_row(r, _) for r, _folder in runs])
    credits = dict.fromkeys(
        in_language(credited(run.loaded.case.spec), language) for run, _folder in runs
    )
    attribution = " · ".join(c for c in credits if c)
    figure = overview_map(
        [_scene(run, _) for run, _folder in runs],
        _("{n} counties: bundles of the plans").format(n=len(runs)),
        " · ".join(t for t in (_modelled([r for r, _f in runs], _), attribution) if t),
        _,
    )
    written += ["counties.csv", *(p.name for p in write_map(figure, out / OVERVIEW))]
    document = {
        "jingli_province": _FORMAT,
        "counties": [
            {
                "name": run.loaded.county.name,
                "folder": None if run.plan is None or folder is None else folder.name,
                "status": run.result.status.value,
                "clashing_rules": _clash(run),
            }
            for run, folder in runs
        ],
        "joint": list(joint),
        "attribution": attribution,
        "totals": totals_document([r for r, _f in runs]),
    }
    write_text(out / PROVINCE_FILE, json_text(document))
    return (*written, PROVINCE_FILE)


def is_province(asked: str) -> bool:
    """Whether a planner names a province's folder."""
    try:
        return (Path(asked) / PROVINCE_FILE).is_file()
    except OSError:
        return False


def read_province(asked: str, progress: Callable[[str], None] | None = None) -> Province:
    """A province's folder as it was written; no case is opened and nothing is solved.

    Args:
        asked: The folder.
        progress: Called with the name of each step as it starts.

    Raises:
        InputError: the folder is not whole.
    """
    folder = Path(asked)
    if progress is not None:
        progress("reading")
    try:
        document = json.loads((folder / PROVINCE_FILE).read_text(encoding="utf-8"))
        assert document["jingli_province"] == _FORMAT
        entries = [
            (e["name"], e["folder"], e["status"], tuple(e["clashing_rules"]))
            for e in document["counties"]
        ]
        joint, attribution = tuple(document["joint"]), str(document["attribution"])
        png = (folder / f"{OVERVIEW}.png").read_bytes()
        svg = (folder / f"{OVERVIEW}.svg").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise InputError([_not_whole(asked)]) from error
    paths = [str(folder / place) for _n, place, _s, _r in entries if place is not None]
    kept = iter(read_runs(paths, _no_store))
    return Province(
        name=folder.resolve().name,
        counties=tuple(
            PlannedCounty(
                name=name,
                status=status,
                clashing_rules=rules,
                kept=None if place is None else next(kept),
            )
            for name, place, status, rules in entries
        ),
        joint=joint,
        overview_png=png,
        overview_svg=svg,
        attribution=attribution,
    )


def losers(province: Province) -> tuple[tuple[str, TownshipChange], ...]:
    """County and change of every township that loses, the greatest loss first."""
    found = [
        (c.name, change)
        for c in province.counties
        if c.kept is not None
        for change in township_changes(c.kept.today, c.kept.evaluation)
        if change.loses
    ]
    return tuple(
        sorted(found, key=lambda f: (-f[1].mean_response_change_min, f[0], f[1].plan.township))
    )


def _no_store() -> NoReturn:
    raise AssertionError("a province's runs are folders")


def _county_header(_: Translate) -> tuple[str, ...]:
    return (
        _("County"),
        _("Status"),
        _("Stations bundled"),
        _("Centre stations (bundles)"),
        _("By size"),
        _("Officers required today"),
        _("Officers freed"),
        _("Officers reassigned"),
        _("Alerts a year"),
        _("Mean response today, min"),
        _("Mean response, min"),
        _("Townships that lose"),
        _("Residents who lose the standard"),
        _("These rules clash"),
    )


def _county_row(run: Run, _: Translate) -> tuple[Cell, ...]:
    name, status, clash = run.loaded.county.name, run.result.status.value, "、".join(_clash(run))
    plan, today = run.plan, run.today
    if plan is None:
        return (name, status, *([None] * 11), clash)
    return (
        name,
        status,
        plan.stations_bundled,
        plan.centres,
        sizes_text(plan.bundles, _),
        round(today.officers_required_stations, 2),
        round(plan.officers_freed, 2),
        plan.officers_reassigned,
        round(plan.alerts_per_year, 1),
        round(today.mean_response_min, 2),
        round(plan.mean_response_min, 2),
        sum(c.loses for c in township_changes(today, plan)),
        round(plan.residents_losing_standard),
        clash,
    )


def _clash(run: Run) -> list[str]:
    return sorted({r for p in run.result.proofs for r in p.clashing_rules})


def _scene(run: Run, _: Translate) -> CountyScene:
    county = run.loaded.county
    done = _("no plan") if run.plan is None else f"{run.plan.stations_bundled} → {run.plan.centres}"
    return CountyScene(
        county=county,
        plan=run.result.plan,
        cell_geometry=run.loaded.cell_geometry,
        text=f"{county.name} {done}",
    )


def _modelled(runs: Sequence[Run], _: Translate) -> str:
    every = [p for run in runs for p in run.loaded.county.provenance]
    items = modelled_text(every, _)
    return _("Modelled: {items}").format(items=items) if items else ""


def _not_whole(asked: str) -> Problem:
    return Problem(
        where=f"{asked}/{PROVINCE_FILE}",
        expected="a folder of `jingli run` of several cases, complete and unchanged",
        fix="name the folder that `jingli run --out` wrote, or run it again",
    )
