from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from pypdf import PdfReader

from geo.flow_lines import flows_of, most_of, place_counts, width_pt
from geo.map_names import map_names
from geo.map_parts import arrow_parts
from geo.maps import MapScene, write_map
from geo.sheets_flows import INKS, flow_sheet
from optimizer.plan import Move
from tests.places import plan_of
from tests.test_maps import CHINESE, GROUPS, axes, legend_of, scene_of, texts
from tests.test_sheets import overlapping
from tests.toy import toy_county

MOVES = (
    Move(from_id="s02", to_id="s03", officers=9, reason="bundle"),
    Move(from_id="s06", to_id="s05", officers=15, reason="bundle"),
    Move(from_id="q1", to_id="s03", officers=3, reason="road_duty"),
    Move(from_id="q2", to_id="s05", officers=1, reason="road_duty"),
    Move(from_id="s02", to_id="s03", officers=2, reason="reassign"),
    Move(from_id="s03", to_id="s04", officers=4, reason="reassign"),
    Move(from_id="u1", to_id="s01", officers=7, reason="reassign"),
    Move(from_id="u1", to_id="s04", officers=2, reason="reassign"),
    Move(from_id="s04", to_id="u2", officers=6, reason="reassign"),
)


def flow_scene(moves: Any = MOVES, **more: Any) -> MapScene:
    county = toy_county(
        n_stations=6, grid_width=3, n_urban=1, n_squads=2, n_units=2, stations={"name": CHINESE}
    )
    plan = plan_of(county, GROUPS, dissolve=True, moves=moves)
    return scene_of(county, plan=plan, **more)


def arrows(figure: Figure) -> dict[str, PathPatch]:
    found = axes(figure, "flows").findobj(PathPatch)
    return {str(p.get_gid()): p for p in found if str(p.get_gid()).startswith("flow ")}


def counts(figure: Figure) -> list[int]:
    return sorted(int(t.get_text()) for t in axes(figure, "flows").texts if t.zorder == 5.9)


def test_arrows_and_counts_are_the_moves_of_the_plan() -> None:
    figure = flow_sheet(flow_scene())
    assert counts(figure) == [1, 2, 3, 4, 9, 15]
    found = axes(figure, "flows").findobj(PathPatch)
    inks = [to_hex(p.get_edgecolor()) for p in found if str(p.get_gid()).startswith("flow ")]
    assert sorted(inks) == sorted([ink.lower() for ink in INKS.values()] * 2)
    for reason, label in (
        ("reassign", "Reassigned"),
        ("road_duty", "Road duty from a squad"),
        ("bundle", "Under their centre's command"),
    ):
        total = sum(m.officers for m in MOVES if m.reason == reason)
        assert any(f"{label}: {total}" in t for t in texts(axes(figure, "flows")))


def test_units_without_a_place_stand_beside_with_their_counts() -> None:
    shown = legend_of(flow_sheet(flow_scene()))
    assert "Unit 1 → 桂溪 7, 周嘉 2" in shown
    assert "Unit 2 ← 周嘉 6" in shown
    many = tuple(
        Move(from_id="u1", to_id=f"s0{i}", officers=10 - i, reason="reassign") for i in range(1, 7)
    )
    lines = legend_of(flow_sheet(flow_scene(many)))
    at = next(i for i, line in enumerate(lines) if line.startswith("Unit 1 →"))
    assert len(lines) > at + 1  # too long for one line
    words = " ".join(lines[at:]).replace(",", " ").split()[2:]  # without the unit's own name
    assert [int(w) for w in words if w.isdigit()] == [9, 8, 7, 6, 5, 4]


def test_more_units_than_there_is_room_for_are_summed() -> None:
    county = toy_county(n_stations=2, n_units=15)
    moves = [
        Move(from_id=f"u{i}", to_id="s01", officers=i, reason="reassign") for i in range(1, 16)
    ]
    scene = scene_of(county, {}, plan=plan_of(county, {}, moves=sorted(moves)))
    shown = legend_of(flow_sheet(scene))
    assert "3 more moves, 6 officers" in shown
    assert sum("→" in line for line in shown) == 12


def test_widths_grow_with_the_count_and_police_offices_are_thin() -> None:
    most = most_of(MOVES)
    assert most == {"bundle": 15, "road_duty": 7, "reassign": 7}
    widths = [width_pt(n, "reassign", most) for n in (1, 2, 5, 7)]
    assert widths == sorted(set(widths))
    assert width_pt(15, "bundle", most) < width_pt(7, "road_duty", most) / 2
    drawn = arrows(flow_sheet(flow_scene()))
    assert drawn["flow q1 s03"].get_linewidth() > drawn["flow q2 s05"].get_linewidth()


def test_counts_and_names_do_not_collide() -> None:
    scene = flow_scene()
    figure = flow_sheet(scene)
    ax = axes(figure, "flows")
    boxes = [p for p in ax.findobj(FancyBboxPatch) if p.zorder == 5.8]
    assert len(boxes) == 6
    named = [t for t in ax.texts if t.get_text() in map_names(scene.county)]
    assert len(named) == 6
    assert not overlapping(figure, [*boxes, *named])


def test_a_plan_without_moves_says_so() -> None:
    figure = flow_sheet(flow_scene(()))
    assert counts(figure) == []
    assert "Nobody changes unit" in texts(axes(figure, "flows"))
    assert "Reassigned" not in legend_of(figure)
    alone = toy_county(n_stations=1, cells_per_station=1)
    assert flow_sheet(scene_of(alone, {}, cell_geometry=None)).axes


def test_counts_without_room_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"a": np.array([0.0, 0.0]), "b": np.array([40.0, 0.0])}
    moves = [Move(from_id="a", to_id="b", officers=n, reason="reassign") for n in (3, 2, 1)]
    flows, others = flows_of(moves, place, dict.fromkeys(place, 4.0))
    assert not others
    size = np.full((3, 2), 30.0)
    placed = place_counts(flows, size, np.zeros((0, 4)), (-100, -100, 140, 100))
    assert placed.shown.tolist() == [True, False, False]
    everywhere = np.array([[-100.0, -100.0, 140.0, 100.0]])
    assert not place_counts(flows, size, everywhere, (-100, -100, 140, 100)).shown.any()

    def none_fit(*given: Any) -> Any:
        found = place_counts(*given)
        return replace(found, shown=np.zeros(len(found.shown), bool))

    monkeypatch.setattr("geo.sheets_flows.place_counts", none_fit)
    figure = flow_sheet(flow_scene())
    assert any("Head counts left out for lack of room: 6" in t.get_text() for t in figure.texts)


def test_opposite_arrows_and_several_of_one_way_come_apart() -> None:
    place = {"a": np.array([0.0, 0.0]), "b": np.array([100.0, 0.0])}
    ways = [("a", "b", "bundle"), ("a", "b", "reassign"), ("b", "a", "reassign")]
    moves = [Move(from_id=f, to_id=t, officers=1, reason=r) for f, t, r in ways]  # type: ignore[arg-type]
    flows, _ = flows_of(moves, place, dict.fromkeys(place, 5.0))
    middles = [f.points[len(f.points) // 2, 1] for f in flows]
    assert len({round(m, 3) for m in middles}) == 3
    for flow in flows:
        start, end = place[flow.from_id], place[flow.to_id]
        assert np.hypot(*(flow.points[0] - start)) == pytest.approx(5.0, abs=0.3)
        assert np.hypot(*(flow.points[-1] - end)) == pytest.approx(5.0, abs=0.3)


def test_arrows_between_places_that_touch_or_coincide() -> None:
    for apart in (0.0, 3.0):
        place = {"a": np.array([0.0, 0.0]), "b": np.array([apart, 0.0])}
        move = Move(from_id="a", to_id="b", officers=1, reason="road_duty")
        ((flow,), _) = flows_of([move], place, dict.fromkeys(place, 5.0))
        assert np.isfinite(flow.points).all()
        body, head = arrow_parts(flow.points, 1.0)
        assert np.isfinite(body).all()
        assert np.isfinite(head).all()
        assert np.ptp(flow.points[:, 0]) > 2.0


def test_head_of_an_arrow_is_at_its_tip_and_covers_the_end_of_its_body() -> None:
    body, head = arrow_parts(np.array([[0.0, 0.0], [20.0, 0.0]]), 2.0)
    assert head[0].tolist() == [20.0, 0.0]
    assert body[-1, 0] < 20.0
    assert head[1:, 0].max() < body[-1, 0]
    assert head[1, 1] == -head[2, 1] > 1.0


def test_words_go_through_the_translator() -> None:
    scene = flow_scene(translate=lambda text: f"⟦{text}⟧")
    given = {"垫江县：现状与方案", "模拟：道路、警力", "Data: test", *map_names(scene.county)}
    said = [t for t in texts(flow_sheet(scene)) if t.strip() and not t.isdigit()]
    lost = [t for t in said if "⟦" not in t and t not in given and not t.startswith("Unit")]
    assert not lost


def test_pdf_holds_the_counts_as_text_and_is_the_same_twice(tmp_path: Path) -> None:
    written = [write_map(flow_sheet(flow_scene()), tmp_path / r, ("svg", "pdf")) for r in "ab"]
    for one, two in zip(*written, strict=True):
        assert one.read_bytes() == two.read_bytes()
    words = PdfReader(written[0][1]).pages[0].extract_text().split()
    assert {"15", "9", "Unit"} <= set(words)
    assert mpl.rcParams["text.parse_math"]
