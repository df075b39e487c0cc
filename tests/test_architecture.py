"""The import arrows of docs/concepts.md, read from the syntax trees."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("optimizer", "geo", "scenarios")
MAY_IMPORT = {
    "optimizer": {"optimizer"},
    "geo": {"geo", "optimizer"},
    "scenarios": {"scenarios", "geo", "optimizer"},
}
FORBIDDEN = {
    "optimizer": {"geopandas", "shapely", "pyogrio", "pyproj", "click", "rich", "matplotlib"},
    "geo": {"ortools", "click", "rich"},
    "scenarios": {"ortools"},
}
DECISIONS = {
    f"optimizer.{name}"
    for name in (
        "allocation", "alternatives", "apportionment", "beat_border", "beat_border_exact",
        "beat_exact", "beat_relaxed", "beat_tolerance",
        "beat_tree", "beats", "bundling", "candidate_sets",
        "column_rules", "columns", "consolidation", "covering", "cut_loop", "diagnosis",
        "enumeration",
        "existence", "explain_board", "explain_bundle", "explain_pair", "explain_rules",
        "frontier", "highs", "inner_organisation", "joint_model", "joint_traffic", "moves",
        "p_center", "p_median", "pareto", "pareto_sweep", "partition",
        "patrol_exact", "patrol_search", "patrol_sets", "patrol_tours", "patrols", "pieces",
        "question",
        "reassignment",
        "reassignment_flow", "reassignment_model", "reassignment_phases",
        "reassignment_moves", "reassignment_problems", "reassignment_stage", "regions",
        "road_assignment",
        "road_diagnosis", "road_frontier", "road_model",
        "road_loads", "rollout", "roster_even", "roster_model", "roster_search", "short_lists",
        "siting", "siting_capacity", "solver", "stability",
        "staffing", "stage_memory", "traffic", "ways_out",
    )
}  # fmt: skip
JUDGES = tuple(
    f"optimizer/{name}.py"
    for name in (
        "beat_rules",
        "equity",
        "evaluation",
        "feasibility",
        "inner_rules",
        "measures",
        "reassignment_rules",
        "membership",
        "patrol_rules",
        "road_duty",
        "road_rules",
        "roster_rules",
        "rules",
        "scorecard",
        "steering",
    )
)
# geo knows the optimizer's data types and how loops are compiled, never its decisions or its
# solver.
GEO_SEES = {
    *(
        f"optimizer.alert_rules_{part}"
        for part in (
            "ingest",
            "density",
            "hot_spots",
            "repeats",
            "rhythm",
            "forecast",
            "visibility",
        )
    ),
    "optimizer.beat_plan",
    "optimizer.compiled",
    "optimizer.county",
    "optimizer.plan",
    "optimizer.errors",
    "optimizer.frozen",
    "optimizer.policy",
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def test_packages_are_there() -> None:
    for package in OURS:
        assert sources(package), package


@pytest.mark.parametrize("package", OURS)
def test_arrows_point_one_way(package: str) -> None:
    for path in sources(package):
        tops = {name.split(".")[0] for name in imports(path)}
        assert (tops & set(OURS)) <= MAY_IMPORT[package], path
        assert not tops & FORBIDDEN[package], path


def test_only_solver_knows_a_solver() -> None:
    knowing = {
        str(p.relative_to(ROOT))
        for package in OURS
        for p in sources(package)
        if any(name.split(".")[0] == "ortools" for name in imports(p))
    }
    assert knowing <= {"optimizer/solver.py"}


def test_judges_never_import_a_decision() -> None:
    for name in JUDGES:
        assert not imports(ROOT / name) & DECISIONS, name


def test_every_decision_is_named_here() -> None:
    """A new file that imports the solver, or what does, is a decision: add it to the list."""
    for path in sources("optimizer"):
        name = f"optimizer.{path.stem}"
        if name not in DECISIONS and imports(path) & DECISIONS:
            pytest.fail(f"{path.name} imports a decision but is not listed as one")


def test_geo_sees_only_data_types() -> None:
    for path in sources("geo"):
        for name in imports(path):
            if name.startswith("optimizer"):
                module = ".".join(name.split(".")[:2])
                assert module in GEO_SEES, f"{path}: {name}"


def test_the_checks_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from scenarios import cli\nimport ortools.sat\n", encoding="utf-8")
    assert {"scenarios", "scenarios.cli", "ortools.sat"} <= imports(bad)
