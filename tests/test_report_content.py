"""What the report says: its numbers are the evaluation's, its sentences follow the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.result import Proof, Result, Status
from scenarios.case import open_case
from scenarios.kept import KeptRun, kept_of_run
from scenarios.language import Language, in_language, translator
from scenarios.report.blocks import (
    Bullets,
    Heading,
    KeyFigures,
    Paragraph,
    Picture,
    Report,
    TableBlock,
)
from scenarios.report.charts import Form
from scenarios.report.content import build_report
from scenarios.report.content_summary import freed
from scenarios.report.material import Shortage, material_of
from scenarios.report.wording import changes_as_shown, listed, one, signed
from scenarios.run import Run, run_case
from tests.small_case import Row, write_case

CHAPTERS = 10
SVG: tuple[Form, ...] = ("svg",)


def made(
    folder: Path,
    case: Callable[[Row], None] | None = None,
    stations: Callable[[list[Row]], None] | None = None,
    sets: tuple[str, ...] = (),
) -> Run:
    return run_case(
        open_case(str(write_case(folder / "case", case=case, stations=stations))), None, sets=sets
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("report"))


def told(
    run: Run, language: Language = "en", others: tuple[KeptRun, ...] = (), label: str = ""
) -> Report:
    return build_report(run, others, translator(language), language, label=label, forms=())


@pytest.fixture(scope="module")
def english(run: Run) -> Report:
    return told(run)


def texts(report: Report) -> Iterator[str]:
    """Every text of a report, block by block."""
    yield from (report.title, report.subtitle, report.running)
    for label, value in report.facts:
        yield f"{label}: {value}"
    for block in report.blocks:
        match block:
            case Heading() | Paragraph():
                yield block.text
            case Bullets():
                yield from block.items
            case KeyFigures():
                yield from (f"{f.label}: {f.today}, {f.plan}, {f.remark}" for f in block.figures)
            case TableBlock():
                yield from (block.caption, block.note, " | ".join(block.header))
                yield from (" | ".join(row) for row in block.rows)
            case _:
                pass


def whole(report: Report) -> str:
    return "\n".join(texts(report))


def table(report: Report, caption: str) -> TableBlock:
    (found,) = (b for b in report.blocks if isinstance(b, TableBlock) and b.caption == caption)
    return found


def has_table(report: Report, caption: str) -> bool:
    return any(isinstance(b, TableBlock) and b.caption == caption for b in report.blocks)


def proof(status: Status, bound: float | None) -> Proof:
    return Proof(
        stage="bundling", status=status, objective=50.0, objective_unit="officers", bound=bound
    )


def with_proofs(run: Run, *proofs: Proof) -> Run:
    return replace(run, result=Result(plan=run.result.plan, proofs=proofs))


def test_every_chapter_is_there_in_both_languages(run: Run) -> None:
    for language in ("en", "zh"):
        report = told(run, language)
        chapters = [b.text for b in report.blocks if isinstance(b, Heading) and b.level == 1]
        assert len(chapters) == CHAPTERS
        assert report.lang == language
    assert chapters[0] == "总体情况"
    assert chapters[-1] == "附表"


def test_no_sentence_has_an_open_brace(run: Run) -> None:
    for language in ("en", "zh"):
        assert not [t for t in texts(told(run, language)) if "{" in t or "}" in t]


def test_the_summary_holds_the_evaluations_numbers(run: Run, english: Report) -> None:
    assert run.plan is not None
    text = whole(english)
    before, after = run.today.officers_required_stations, run.plan.officers_required_stations
    assert f"stations need {after:.1f} officers instead of {before:.1f}" in text
    assert f": {run.plan.officers_freed:.1f} fewer" in text
    assert (
        f"goes from {run.today.mean_response_min:.1f} to {run.plan.mean_response_min:.1f} min"
    ) in text
    assert f"from {run.today.mismatch_fraction:.1%} to {run.plan.mismatch_fraction:.1%}" in text


@pytest.mark.parametrize(
    ("missing_of_freed", "sentence"),
    [
        (2.0, "makes no officer available for new tasks"),
        (0.75, "Most of what is freed"),
        (0.25, "Of what is freed"),
        (0.0, "nobody is missing"),
    ],
)
def test_how_much_only_fills_a_shortage(run: Run, missing_of_freed: float, sentence: str) -> None:
    """As many officers are missing today as this many times what the plan frees."""
    assert run.plan is not None
    amount = run.plan.officers_freed
    required = 100.0 + missing_of_freed * amount
    lack = Shortage(in_post=100, required_before=required, required_after=required - amount)
    material = material_of(run, (), translator("en"), "en", ())
    text = freed(replace(material, shortage=lack))
    assert sentence in text
    if 0 < missing_of_freed < 1:
        assert lack.filled == pytest.approx(missing_of_freed * amount)
        assert f"{lack.filled:.1f} officers" in text
        assert f"{amount - lack.filled:.1f} remain" in text


def test_the_shortage_is_that_of_all_units(run: Run) -> None:
    assert run.plan is not None
    lack = material_of(run, (), translator("en"), "en", ()).shortage
    assert lack.before == max(0.0, run.today.officers_required - run.plan.officers_in_post)
    assert lack.after == max(0.0, run.plan.officers_required - run.plan.officers_in_post)


def test_freed_by_source_adds_up_to_the_evaluation(run: Run, english: Report) -> None:
    assert run.plan is not None
    rows = table(english, "Officers freed, by source").rows
    *parts, (name, together) = rows
    assert name == "Together"
    assert float(together) == pytest.approx(run.plan.officers_freed, abs=0.051)
    assert sum(float(n) for _, n in parts) == pytest.approx(float(together), abs=0.2)


def test_each_bundle_row_is_the_evaluations(run: Run, english: Report) -> None:
    assert run.plan is not None
    rows = {r[0]: r for r in table(english, "Bundles: what changes").rows}
    bundled = [b for b in run.plan.bundles if len(b.station_ids) > 1]
    assert len(rows) == len(bundled) > 0
    for b in bundled:
        row = rows[b.centre_name]
        offices = [n for n in b.station_names if n != b.centre_name]
        assert row[1] == ", ".join(offices)
        assert row[2].endswith(f"→{b.crews}")
        assert row[3] == f"{b.officers_freed:.1f}"
        assert row[4] == f"{b.mean_response_today_min:.1f}→{b.mean_response_min:.1f}"
        assert row[6] == f"{b.office_travel_min:.1f}"
        assert row[7] == ("met" if b.meets_response_standard else "not met")


def test_road_duty_before_and_after(run: Run, english: Report) -> None:
    assert run.plan is not None
    assert run.result.plan is not None
    report = english
    ((name, officers, km, each, went),) = table(
        report, "Squads that end, and where their officers go"
    ).rows
    (squad,) = run.today.roads
    assert (name, officers) == ("东中队", "4")
    assert (km, each) == (f"{squad.road_km:.1f}", f"{squad.km_per_officer:.1f}")
    assert sum(int(part.rsplit(" ", 1)[1]) for part in went.split(", ")) == 4
    rows = table(report, "Managed roads by unit").rows
    kept = [r for r in run.plan.roads if r.duty_id not in run.result.plan.dissolved_squad_ids]
    assert len(rows) == len(kept)
    assert sum(int(r[1]) for r in rows) == 4


def test_moves_and_strength(run: Run, english: Report) -> None:
    assert run.plan is not None
    assert run.result.plan is not None
    report = english
    moves = table(report, "All moves of officers").rows
    assert sum(int(r[2]) for r in moves) == sum(m.officers for m in run.result.plan.moves)
    units = {r[0]: r for r in table(report, "Strength of all units").rows}
    for u in run.plan.units:
        assert units[u.name][2:4] == (str(u.officers_before), str(u.officers_after))
    for row in table(report, "Units that receive or give").rows:
        before, come, go, after = (int(x) for x in row[1:5])
        assert before + come - go == after, "squad officers are in both"


def test_patrol_lines_are_those_of_the_offices(run: Run, english: Report) -> None:
    assert run.result.plan is not None
    county = run.loaded.county
    row = county.stations.index()
    lines = {r[0]: r for r in table(english, "Police offices: window and must-patrol line").rows}
    pairs = [(b.centre_id, o) for b in run.result.plan.bundles for o in b.office_ids]
    assert len(lines) == len(pairs) > 0
    for centre, office in pairs:
        c, o = row[centre], row[office]
        line = lines[f"{county.stations.name[c]} – {county.stations.name[o]}"]
        assert line[2] == f"{county.station_time_min[c, o]:.1f}"
        assert line[3] == "kept"
        residents = county.cells.population[county.cells.station == o].sum()
        assert line[4] == f"{residents:,.0f}"
        assert float(line[1]) > 0


def test_losers_are_listed_with_their_minutes(run: Run, english: Report) -> None:
    assert run.plan is not None
    rows = table(english, "Townships that lose most").rows
    before = {t.township: t.mean_response_min for t in run.today.townships}
    after = {t.township: t.mean_response_min for t in run.plan.townships}
    losers = [t for t in after if round(after[t], 1) > round(before[t], 1)]
    assert sorted(r[0] for r in rows) == sorted(losers)
    for r in rows:
        change = round(after[r[0]], 1) - round(before[r[0]], 1)
        assert r[3] == f"{before[r[0]]:.1f}→{after[r[0]]:.1f}"
        assert r[4] == f"{change:+.1f}"


def test_optimal_is_said_only_where_it_is_proven(run: Run, english: Report) -> None:
    assert "Each decision is proven" in whole(english)
    open_gap = with_proofs(run, proof(Status.FEASIBLE, 45.0))
    text = whole(told(open_gap))
    assert "Each decision is proven" not in text
    assert "another could be better by 10.0% at the most" in text
    assert "FEASIBLE means" in text
    assert "OPTIMAL means" not in text
    unknown = whole(told(with_proofs(run, proof(Status.FEASIBLE, None))))
    assert "how much better another could be is not known" in unknown
    assert table(told(open_gap), "Stages, and what was proven").rows[0][2:] == (
        "FEASIBLE",
        "50.000 officers",
        "45.000",
        "10.00%",
    )


def test_a_worse_match_than_grouping_alone_is_said(run: Run) -> None:
    assert run.plan is not None
    worse = replace(
        run.plan, mismatch_fraction=0.30, mismatch_today_regrouped_fraction=0.25,
        officers_reassigned=4,
    )  # fmt: skip
    text = whole(told(replace(run, plan=worse)))
    assert "the reassignment makes the match worse by 5.0 percentage points" in text
    assert "strength fits workload worse by 5.0 percentage points" in text
    better = replace(worse, mismatch_fraction=0.20)
    assert "makes the match worse" not in whole(told(replace(run, plan=better)))


def test_no_squads_reads_well(tmp_path: Path) -> None:
    def without(case: Row) -> None:
        del case["layers"]["squads"]
        case["policy"] = {"staffing": {"max_moves": 2}}

    report = told(made(tmp_path, without))
    assert "The case holds no traffic squads" in whole(report)
    assert not has_table(report, "Managed roads by unit")
    assert "Managed road per officer" not in " ".join(
        f.label for b in report.blocks if isinstance(b, KeyFigures) for f in b.figures
    )


def test_squads_that_stay_read_well(tmp_path: Path) -> None:
    def keep(case: Row) -> None:
        case["policy"] = {"staffing": {"max_moves": 2}}

    text = whole(told(made(tmp_path, keep)))
    assert "Roads stay with 1 traffic squad:" in text


def test_nothing_at_all_reads_well(tmp_path: Path) -> None:
    def nothing(case: Row) -> None:
        case["policy"] = {"bundling": {"centres": 0}, "staffing": {"reassign": False}}

    for language in ("en", "zh"):
        report = told(made(tmp_path / language, nothing), language)
        text = whole(report)
        assert not has_table(report, "Officers freed, by source")
    assert "本方案不捆绑派出所，6个派出所均维持现状。不调配民警。" in text
    assert "没有合并值班岗和出警组，不腾出警力。" in text
    assert "本方案不调整民警，各单位警力维持现状。" in text
    assert "没有派出所改设警务室" in text
    assert "各乡镇到场时间均不变" in text


def test_hostile_names_stay_plain_text(tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", '=HYPERLINK("x")', "{n} $x$ #let \\ %s"]

    def rename(rows: list[Row]) -> None:
        for row, name in zip(rows[1:], names, strict=False):
            row["name"] = name

    text = whole(told(made(tmp_path, stations=rename)))
    for name in names:
        assert name in text


def test_the_same_run_gives_the_same_report(run: Run, english: Report) -> None:
    day = date(2026, 3, 1)
    first, other = (
        build_report(run, (), translator("zh"), "zh", label="r1", dated=day, forms=())
        for _ in range(2)
    )
    assert first == other
    assert ("测算日期", "2026年03月01日") in first.facts
    assert ("运行编号", "r1") in first.facts
    assert "Date of the run" not in dict(english.facts)


def test_alternatives_and_a_dominated_plan(run: Run, english: Report) -> None:
    assert run.plan is not None
    alone = whole(english)
    assert "Only today's deployment was set against this plan" in alone
    mine = kept_of_run(run, "", None, ())
    better = replace(
        mine,
        label="better",
        scenario="better",
        evaluation=replace(run.plan, mean_response_min=run.plan.mean_response_min - 1.0),
    )
    report = told(run, others=(better,))
    compared = table(report, "Plans compared")
    assert compared.header == ("Measure", "Today", "A ×", "B")
    mean = next(r for r in compared.rows if r[0].startswith("Mean response"))
    assert mean[1:] == (
        f"{run.today.mean_response_min:.1f}",
        f"{run.plan.mean_response_min:.1f}",
        f"{run.plan.mean_response_min - 1.0:.1f} *",
    )
    assert "This plan is dominated: better" in whole(report)
    worse = replace(
        mine,
        label="worse",
        scenario="worse",
        evaluation=replace(run.plan, mean_response_min=run.plan.mean_response_min + 1.0),
    )
    assert "This plan dominates: worse" in whole(told(run, others=(worse,)))


def test_overrides_are_listed_with_their_reasons(tmp_path: Path) -> None:
    run = made(tmp_path, sets=("policy.bundling.centres=1",))
    rows = table(told(run), "What the scenario changes, and why").rows
    assert rows[0][:3] == ("Number of bundles", "free", "1")
    assert rows[0][3]


def test_every_modelled_input_is_named(run: Run, english: Report) -> None:
    report = english
    entries = [p for p in run.loaded.county.provenance if p.origin == "modelled"]
    rows = table(report, "Modelled inputs").rows
    assert len(entries) > 0
    for entry in entries:
        assert any(in_language(entry.note, "en") == note for _, note in rows)
    assert "with modelled inputs, see chapter 9" in report.running
    chapters = [b.text for b in report.blocks if isinstance(b, Heading) and b.level == 1]
    assert chapters[8] == "Data quality and modelled inputs"
    assert dict(report.facts)["Modelled inputs"] in whole(report)


def test_counts_of_the_files_are_the_inspections(run: Run, english: Report) -> None:
    rows = table(english, "Files read").rows
    assert [r[2] for r in rows] == [str(q.rows_read) for q in run.inspection.quality]


def test_nothing_is_promised_about_crime(english: Report) -> None:
    assert "nothing about whether crime rises or falls" in whole(english)


def test_a_run_without_a_plan_is_refused(run: Run) -> None:
    infeasible = Proof(stage="bundling", status=Status.INFEASIBLE)
    none = replace(run, plan=None, result=Result(plan=None, proofs=(infeasible,)))
    with pytest.raises(InputError, match="a run with a plan"):
        told(none)


def test_pictures_hold_the_forms_that_are_asked_for(run: Run) -> None:
    report = build_report(run, (), translator("en"), "en", forms=SVG)
    pictures = [b for b in report.blocks if isinstance(b, Picture)]
    assert len(pictures) == 4
    assert all(p.svg.startswith("<?xml") and not p.png for p in pictures)
    assert any("Officers required by the workload" in p.svg for p in pictures), "text stays text"


def test_no_station_is_left_alone_and_residents_are_unknown(run: Run) -> None:
    assert run.plan is not None
    everything = replace(run.plan, stations_bundled=len(run.loaded.county.stations))
    assert "The plan joins all 6 stations into" in whole(told(replace(run, plan=everything)))
    cells = run.loaded.county.cells
    nobody = replace(cells, population=cells.population * 0.0)
    loaded = replace(run.loaded, county=replace(run.loaded.county, cells=nobody))
    rows = table(told(replace(run, loaded=loaded)), "Townships").rows
    assert {r[4] for r in rows} == {"–"}


def test_texts_of_a_case_appear_in_the_reports_language() -> None:
    both = "数据：县局 / Data: the bureau"
    assert in_language(both, "zh") == "数据：县局"
    assert in_language(both, "en") == "Data: the bureau"
    for text in ("a / b", "甲 / 乙", "甲 / b / c", "plain"):
        assert in_language(text, "zh") == text


def test_numbers_as_shown() -> None:
    assert [signed(x) for x in (-0.04, 0.0, 1.25, -12.0)] == ["0.0", "0.0", "+1.2", "-12.0"]
    assert one(float("inf")) == "∞"
    # 11.36 is shown as 11.4 and 28.14 as 28.1: a reader finds 16.7, not 16.8.
    assert changes_as_shown(11.36, 28.14) == 16.7
    names = translator("zh")
    assert listed(["甲", "乙", "丙"], names, most=2) == "甲、乙，另有1个"
    assert listed([], names) == ""
