"""Sweeps: each point is a run, the regret is what it says, and nothing finished is ever lost."""

from __future__ import annotations

import json
import resource
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scenarios.sweep as sweep
from optimizer.errors import InputError, SolverError, untranslated
from optimizer.evaluation import evaluate
from optimizer.feasibility import violations
from optimizer.plan import Plan, current_plan
from optimizer.result import Proof, Result, Status
from scenarios.case import open_case
from scenarios.load import LoadedCase
from scenarios.run import run_case
from scenarios.sweep import MEASURES, Bench, Sweep, prepare
from scenarios.sweep_outputs import measure_labels
from scenarios.sweep_points import parse_design
from scenarios.sweep_regret import Judge
from scenarios.tornado import as_drawn, tornado, tornado_figure
from tests.small_case import Row, write_case
from tests.sweep_support import (
    POINTS,
    command,
    kept,
    same_files,
    started,
    sweep_of,
    wait_for,
    words,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("sweep") / "case")


@pytest.fixture(scope="module")
def whole(small: Path) -> Path:
    """The folder of a sweep that nothing disturbed."""
    out = small.parent / "whole"
    done = command(*words(small, out))
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def swept(small: Path) -> Sweep:
    return sweep_of(small, small.parent / "swept.journal")


def table(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "results.parquet")


def test_every_file_and_no_journal_left(whole: Path) -> None:
    assert {p.name for p in whole.iterdir()} == {
        "results.parquet", "results.csv", "tornado.csv", "tornado.png", "tornado.svg",
        "robust.json", "robust_plan.json", "manifest.json",
    }  # fmt: skip
    assert not (whole.parent / "whole.journal").exists()
    assert len(table(whole)) == len(pd.read_csv(whole / "results.csv")) == POINTS


def test_a_point_is_the_run_with_the_same_values(small: Path, whole: Path) -> None:
    """Also where a value is the present one (factor 1), which a scenario file may not say."""
    for row, sets in ((1, ["policy.response.rural_min=9"]),
                      (6, ["policy.response.rural_min=15", "alerts.factor=1.2"])):  # fmt: skip
        run = run_case(open_case(str(small)), None, sets=sets)
        point = table(whole).iloc[row]
        assert run.plan is not None
        assert run.result.plan is not None
        assert point["status"] == run.result.status.value
        assert point["plan_digest"] == run.result.plan.digest
        for measure in MEASURES:
            assert point[measure] == pytest.approx(getattr(run.plan, measure), rel=1e-11), measure


def objective_of(loaded: LoadedCase, plan: Plan) -> float | None:
    """Price of a bundling by the evaluation; None where the judge finds a rule on bundles broken.

    Today's road duties, for who serves where is decided anew in each world.
    """
    roads = current_plan(loaded.county).road_duties
    alone = Plan(bundles=plan.bundles, road_duties=roads)
    rules = ("adjacency", "bundling.", "stations.", "response.")
    if any(v.rule.startswith(rules) for v in violations(loaded.county, loaded.policy, alone)):
        return None
    return evaluate(loaded.county, loaded.policy, alone).objective


def test_regret_by_hand(swept: Sweep) -> None:
    """Against the definition, for every bundling: price at each point less the best there."""
    bench = Bench(swept.world)
    worlds = [bench.at(p) for p in swept.design.points()]
    for candidate in swept.candidates:
        prices = [objective_of(loaded, candidate.plan) for loaded in worlds]
        regrets = [
            price - result["measures"]["objective"]
            for price, result in zip(prices, swept.results, strict=True)
            if price is not None
        ]
        assert candidate.breaks_at == len(worlds) - len(regrets)
        # OPTIMAL at every point: nothing is better than the point's own plan.
        assert min(regrets) > -1e-6
        assert candidate.max_regret == pytest.approx(max(regrets), abs=1e-6)
        assert candidate.mean_regret == pytest.approx(np.mean(np.maximum(regrets, 0)), abs=1e-6)
    assert {r["status"] for r in swept.results} == {"OPTIMAL"}
    # Of each kind there is one, or the above says little.
    assert any(c.breaks_at == 0 and c.max_regret > 0.01 for c in swept.candidates)
    assert any(c.breaks_at for c in swept.candidates)


def test_a_bundling_of_other_stations_has_no_price(small: Path, swept: Sweep) -> None:
    loaded = Bench(swept.world).at(swept.design.points()[0])
    fits = swept.candidates[0].plan
    short = Plan(bundles=fits.bundles[1:])
    assert Judge([short, fits]).objectives(loaded.county, loaded.policy)[0] is None
    assert Judge([short]).objectives(loaded.county, loaded.policy) == [None]


def test_points_that_share_a_stage_say_the_same_with_a_memory(small: Path) -> None:
    """Strength and road duty do not bear on bundling: one bundling serves all four points."""
    design = parse_design(
        ("policy.staffing.max_moves=1,2", "policy.traffic.max_accident_travel_min=45,60"),
        samples=None, years=0, seed=0,
    )  # fmt: skip
    world = prepare(open_case(str(small)), None, (), design)
    points = design.points()
    bench = Bench(world)
    assert [bench.solve(p) for p in points] == [Bench(world).solve(p) for p in points]
    assert bench.memory.bundling.found == len(points) - 1


def test_a_plan_that_breaks_its_rules_ends_the_sweep(
    small: Path, swept: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = swept.design.points()[0]
    good = Bench(swept.world).solve(point)
    plan = Plan.from_json(good["plan"])

    def wrong(*_args: object, **_kwargs: object) -> Result:
        proof = Proof(stage="bundling", status=Status.OPTIMAL, objective=9e9, bound=9e9)
        return Result(plan=plan, proofs=(proof,))

    monkeypatch.setattr(sweep, "consolidate", wrong)
    with pytest.raises(SolverError, match="point 0: the solver's objective"):
        Bench(swept.world).solve(point)
    worse = replace(plan, strength=tuple((u, n + 1) for u, n in plan.strength))
    monkeypatch.setattr(sweep, "consolidate", lambda *_a, **_k: Result(plan=worse, proofs=()))
    with pytest.raises(SolverError, match="point 0: the plan breaks its own rules"):
        Bench(swept.world).solve(point)


def test_candidates_are_in_order_and_each_the_best_somewhere(swept: Sweep) -> None:
    order = [(c.breaks_at, c.max_regret) for c in swept.candidates]
    assert order == sorted(order)
    assert sum(c.found_at for c in swept.candidates) == POINTS
    assert all(c.found_at >= 1 for c in swept.candidates)


def test_a_bundling_that_breaks_the_standard_elsewhere_is_counted(swept: Sweep) -> None:
    """rural_min = 9 forbids what 15 allows."""
    lone = [c for c in swept.candidates if c.breaks_at]
    assert lone
    assert all(c.breaks_at < POINTS for c in lone)


def test_tornado_by_hand(swept: Sweep) -> None:
    freed = np.array([r["measures"]["officers_freed"] for r in swept.results]).reshape(2, 4)
    bars = {b.key: b for b in tornado(swept) if b.measure == "officers_freed"}
    by_factor = bars["alerts.factor"]
    assert by_factor.swing == pytest.approx(np.ptp(freed.mean(axis=0)))
    assert by_factor.mean == pytest.approx(freed.mean())
    assert bars["policy.response.rural_min"].swing == pytest.approx(np.ptp(freed.mean(axis=1)))
    swings = [b.swing for b in tornado(swept) if b.measure == "officers_freed"]
    assert swings == sorted(swings, reverse=True)


def test_a_point_without_a_plan_is_a_row_with_the_rules(small: Path, tmp_path: Path) -> None:
    sweep = sweep_of(small, tmp_path / "j", grid=("policy.bundling.centres=1,5",))
    assert [r["status"] for r in sweep.results] == ["OPTIMAL", "INFEASIBLE"]
    assert "bundling.centres" in sweep.results[1]["why"]
    # No bar, and the picture says that it is not because the key moves nothing.
    assert {b.values for b in tornado(sweep)} == {1}
    figure = tornado_figure(tornado(sweep), measure_labels(untranslated), "t", untranslated)
    assert all("a plan only at 1" in [t.get_text() for t in a.texts] for a in figure.axes)


def test_the_console_says_why_points_have_no_plan_and_counts_over_the_others(
    small: Path, tmp_path: Path
) -> None:
    done = command(
        "sweep", str(small), "--grid", "policy.bundling.centres=1,5", "--lang", "en",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip
    text = " ".join(done.output.split())
    assert "No plan at 1 points: bundling.centres" in text
    assert "of the 1 points with a plan it is the best at 1 and breaks a rule at 0" in text


def test_the_console_cuts_no_label_at_80_columns(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = command(
        "sweep", str(small), "--grid", "alerts.factor=0.8:1.2", "--samples", "6",
        "--resample-years", "1", "--out", str(tmp_path / "out"), "--lang", "zh",
    )  # fmt: skip
    rows = [line.split("│") for line in done.output.splitlines() if "│" in line]
    assert "捆绑的代价（人）" in "".join(r[1].strip() for r in rows)
    assert "alerts.factor" in "".join(r[2].strip() for r in rows)
    bins = (tmp_path / "out" / "tornado.csv").read_text("utf-8").splitlines()
    spans = [v for line in bins[1:] for v in line.split(",") if "…" in v]
    assert all(len(set(v.split("…"))) == 2 for v in spans), "a bin of one value is that value"


def test_shares_are_drawn_and_shown_in_per_cent(swept: Sweep) -> None:
    labels = measure_labels(untranslated)
    assert labels["share_within_fraction"] == "Alerts within the standard, %"
    bars = [b for b in tornado(swept) if b.measure == "share_within_fraction"]
    [axes] = tornado_figure(bars, labels, "t", untranslated).axes
    assert np.asarray(axes.lines[0].get_xdata())[0] == pytest.approx(100 * bars[0].mean)
    assert as_drawn("mean_response_min", 12.5) == 12.5


def test_values_that_cannot_be_are_refused_before_the_first_point(small: Path) -> None:
    done = command(
        "sweep", str(small), "--lang", "en",
        "--grid", "policy.response.rural_min=-5,15", "--grid", "policy.weights.oficers=1,2",
        "--grid", "stations.99.officers=3,4",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "did you mean" in done.output
    done = command("sweep", str(small), "--grid", "policy.response.rural_min=-5,15")
    assert done.exit_code == 2
    assert "rural_min = -5" in done.output


def test_a_million_points_are_refused_with_their_count(small: Path) -> None:
    done = command(
        "sweep", str(small), "--lang", "en",
        "--grid", "alerts.factor=0.001:1:0.001", "--grid", "policy.response.rural_min=1:1000:1",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "1,000,000" in done.output
    assert "--yes" in done.output


def test_json(small: Path, tmp_path: Path) -> None:
    done = command(
        "sweep", str(small), "--grid", "alerts.factor=0.9,1", "--json", "--out", str(tmp_path / "o")
    )
    document = json.loads(done.stdout)
    assert document["points"] == document["points_with_a_plan"] == 2
    assert document["robust"]["max_regret_officers"] >= 0


# --- years ------------------------------------------------------------------------------------


def test_years_from_rates_are_poisson_and_say_so(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    done = command(
        "sweep", str(small), "--resample-years", "3", "--seed", "5", "--out", str(out),
        "--lang", "en",
    )  # fmt: skip
    assert "modelled" in done.output
    rows = table(out)
    assert set(rows["year_drawn_by"]) == {"poisson (modelled)"}
    assert rows["year_alerts"].nunique() == 3
    # 3,080 alerts a year: within five standard deviations, and whole numbers.
    assert (abs(rows["year_alerts"] - 3080) < 5 * 3080**0.5).all()
    assert (rows["year_alerts"] % 1 == 0).all()


# --- nothing is lost --------------------------------------------------------------------------


def solved_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the points solved from now on."""
    found: list[int] = []
    solve = Bench.solve

    def counted(bench: Bench, point: object) -> dict[str, object]:
        found.append(point.index)  # type: ignore[attr-defined]
        return solve(bench, point)  # type: ignore[arg-type]

    monkeypatch.setattr(Bench, "solve", counted)
    return found


def test_killed_outright_it_goes_on_where_it_stopped(
    small: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, journal = tmp_path / "out", tmp_path / "out.journal"
    driver = started(words(small, out))
    wait_for(lambda: kept(journal) >= 3 or driver.poll() is not None)
    driver.kill()
    driver.communicate()
    before = kept(journal)
    assert 3 <= before < POINTS
    again = solved_again(monkeypatch)
    assert command(*words(small, out)).exit_code == 0
    assert again == list(range(before, POINTS))
    same_files(whole, out)


def test_ctrl_c_keeps_what_is_done(
    small: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, journal = tmp_path / "out", tmp_path / "out.journal"
    driver = started(words(small, out))
    wait_for(lambda: kept(journal) >= 2 or driver.poll() is not None)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=60)
    assert driver.returncode == 130
    before = kept(journal)
    assert f"{before} of {POINTS} points are kept" in said
    assert "Traceback" not in said
    assert not out.exists()
    again = solved_again(monkeypatch)
    assert command(*words(small, out)).exit_code == 0
    assert again == list(range(before, POINTS))
    same_files(whole, out)


def test_a_full_disk_midway_is_said_and_loses_nothing(
    small: Path, whole: Path, tmp_path: Path
) -> None:
    out, journal = tmp_path / "out", tmp_path / "out.journal"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    try:
        done = command(*words(small, out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.exit_code == 2
    assert "room on the disk" in done.output
    assert 1 <= kept(journal) < POINTS
    assert not out.exists()
    assert command(*words(small, out)).exit_code == 0
    same_files(whole, out)


def test_another_sweep_does_not_go_on_with_this_ones_journal(small: Path, tmp_path: Path) -> None:
    sweep_of(small, tmp_path / "j", grid=("alerts.factor=0.9",))
    with pytest.raises(InputError, match="this very sweep"):
        sweep_of(small, tmp_path / "j", grid=("alerts.factor=0.8",))

    def busier(rows: list[Row]) -> None:
        rows[0]["alerts_per_year_help"] += 1

    other = write_case(tmp_path / "case", cells=busier)
    with pytest.raises(InputError, match="this very sweep"):
        sweep_of(other, tmp_path / "j", grid=("alerts.factor=0.9",))
