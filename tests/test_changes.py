"""Scenarios applied to a loaded case: stations, officers, locks, sharing between scenarios.

The small case: six stations in a row from west to east, four square cells each, the first a town
station with 440 alerts a cell, the others with 66.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.bundling import bundle
from optimizer.errors import InputError
from optimizer.plan import current_plan
from optimizer.policy import Policy
from optimizer.result import Status
from scenarios.case import Case, open_case
from scenarios.changes import Cache, apply
from scenarios.load import LoadedCase
from scenarios.prepared import Prepared
from scenarios.run import run_case
from scenarios.scenario import Override, Scenario, resolve
from scenarios.scenario_files import read_library
from scenarios.scenario_schema import ScenarioSpec
from tests.small_case import SOUTH, STEP, WEST, write_case

Change = dict[str, Any]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(open_case(str(write_case(tmp_path_factory.mktemp("small") / "case"))))


@pytest.fixture(scope="module")
def base(prepared: Prepared) -> LoadedCase:
    return prepared.load(prepared.case.scenario(None))


def scenario_of(case: Case, **said: Any) -> Scenario:
    """A scenario as if it stood in a file, with line numbers."""
    said = {"reason": "to see", **said}
    spec = ScenarioSpec.model_validate(said)
    library, problems = read_library(
        case.folder, "case.yaml", case.document, case.spec.policy, {"x": spec}, {}
    )
    assert not problems
    return resolve(library, "x")


@pytest.fixture
def changed(prepared: Prepared, base: LoadedCase) -> Callable[..., LoadedCase]:
    return lambda **said: apply(base, scenario_of(prepared.case, **said))


@pytest.fixture
def refused(prepared: Prepared, base: LoadedCase) -> Callable[..., list[str]]:
    def of(**said: Any) -> list[str]:
        with pytest.raises(InputError) as caught:
            apply(base, scenario_of(prepared.case, **said))
        return [p.text() for p in caught.value.problems]

    return of


def override(loaded: LoadedCase, key: str) -> Override:
    return next(o for o in loaded.overrides if o.key == key)


def officers(loaded: LoadedCase) -> dict[str, int]:
    stations = loaded.county.stations
    return dict(zip(stations.station_id, stations.officers.tolist(), strict=True))


def cells_of(loaded: LoadedCase, station_id: str) -> set[str]:
    county = loaded.county
    row = county.stations.index()[station_id]
    return {c for c, s in zip(county.cells.cell_id, county.cells.station, strict=True) if s == row}


# --- nothing, head counts, properties -------------------------------------------------------


def test_a_scenario_without_changes_is_the_case(base: LoadedCase, prepared: Prepared) -> None:
    loaded = apply(base, scenario_of(prepared.case))
    assert loaded.county.digest == base.county.digest
    assert loaded.policy == base.policy
    assert loaded.overrides == ()


def test_head_counts_are_set_or_added(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(
        stations={
            "乙": {"officers": 9, "add_auxiliaries": 2},
            "03": {"add_officers": -2, "add_authorised_officers": 3},
        },
        squads={"q1": {"add_officers": 1}},
        units={"刑侦": {"officers": 12, "required_officers": 15.5, "can_give": False}},
    )
    stations, units = loaded.county.stations, loaded.county.units
    assert officers(loaded) == {"01": 20, "02": 9, "03": 4, "04": 6, "05": 6, "06": 6}
    assert stations.auxiliaries.tolist() == [6, 8, 6, 6, 6, 6]
    assert stations.authorised_officers.tolist() == [22, 6, 9, 6, 6, 6]
    assert loaded.county.squads.officers.tolist() == [5]
    assert (units.officers[0], units.required_officers[0], units.can_give[0]) == (12, 15.5, False)
    # Today is the world of the scenario too.
    assert dict(current_plan(loaded.county).strength)["02"] == 9
    said = override(loaded, "stations.03.add_officers")
    assert said.effect is not None
    assert said.effect.text() == "6 before, 4 now"
    assert said.place == "丙派出所"


def test_properties_and_seat(changed: Callable[..., LoadedCase], base: LoadedCase) -> None:
    place = [WEST + 5 * STEP, SOUTH + STEP]
    loaded = changed(
        stations={
            "02": {"kind": "urban", "max_officers": 9, "can_bundle": False, "can_host": False},
            "03": {"at": place, "has_window": False},
        }
    )
    stations = loaded.county.stations
    assert stations.is_urban.tolist() == [True, True, False, False, False, False]
    assert stations.max_officers[1] == 9
    assert not stations.can_bundle[1]
    assert not stations.can_host[1]
    assert not stations.has_window[2]
    assert [stations.lon_deg[2], stations.lat_deg[2]] == place
    # The standard of the cells stays, and so does the travel of the others.
    assert (loaded.county.cells.is_urban == base.county.cells.is_urban).all()
    others = [0, 1, 3, 4, 5]
    assert (loaded.county.travel_time_min[others] == base.county.travel_time_min[others]).all()
    assert (loaded.county.travel_time_min[2] != base.county.travel_time_min[2]).any()
    assert (loaded.county.station_time_min.diagonal() == 0).all()
    between = loaded.county.station_time_min
    assert between[2, 0] > base.county.station_time_min[2, 0] + 1
    assert between == pytest.approx(between.T)  # every road is open both ways


def test_squad_areas(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(squads={"东": {"stations": ["乙", "03"]}})
    assert loaded.county.squads.stations == (("02", "03"),)


def test_wrong_head_counts(refused: Callable[..., list[str]]) -> None:
    said = refused(stations={"02": {"add_officers": -7}, "03": {"officers": 31}})
    assert any("at most as many fewer as there are, 6" in s for s in said)
    assert any("at most as many officers as the building holds, 30" in s for s in said)
    assert not refused(stations={"03": {"officers": 31}})[0].startswith("case.yaml line None")


def test_keys_that_mean_nothing_alone(refused: Callable[..., list[str]]) -> None:
    said = refused(stations={"02": {"cells_to": "01", "open": True}, "03": {"name": "新"}})
    assert any("stations.02.cells_to" in s and "close: true" in s for s in said)
    assert any("stations.02.open" in s and "no station has yet" in s for s in said)
    assert any("stations.03.name" in s for s in said)


# --- closing --------------------------------------------------------------------------------


def test_closing_gives_each_cell_to_the_nearest_neighbour(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(stations={"丙": {"close": True}})
    county = loaded.county
    assert county.stations.station_id == ("01", "02", "04", "05", "06")
    # Its neighbours are 02 and 04; each of its four cells goes where the road is shorter.
    minutes = base.county.travel_time_min
    for cell in ("c31", "c32", "c33", "c34"):
        column = base.county.cells.cell_id.index(cell)
        nearest = "02" if minutes[1, column] <= minutes[3, column] else "04"
        assert cell in cells_of(loaded, nearest)
    assert {len(cells_of(loaded, s)) for s in ("01", "05", "06")} == {4}
    assert len(cells_of(loaded, "02")) + len(cells_of(loaded, "04")) == 12


def test_officers_follow_the_alerts(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(stations={"02": {"close": True}, "03": {"close": True}})
    # 01 and 04 are the open neighbours; every cell brings 66 alerts, so officers follow cells.
    taken = {s: len(cells_of(loaded, s)) - 4 for s in ("01", "04")}
    assert sum(taken.values()) == 8
    assert sum(officers(loaded).values()) == 50
    assert officers(loaded)["04"] - 6 + officers(loaded)["01"] - 20 == 12
    said = override(loaded, "stations.02.close").effect
    assert said is not None
    assert said.text().startswith("cells to 甲派出所")
    assert loaded.county.squads.stations == (("04", "05", "06"),)


def test_largest_remainder_when_cells_are_split(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(stations={"03": {"close": True, "officers": 7}})
    gained = {s: officers(loaded)[s] - 6 for s in ("02", "04")}
    cells = {s: len(cells_of(loaded, s)) - 4 for s in ("02", "04")}
    quota = {s: 7 * n / 4 for s, n in cells.items()}
    assert sum(gained.values()) == 7
    assert all(abs(gained[s] - quota[s]) < 1 for s in gained)


def test_only_neighbours_take_over_while_they_can(changed: Callable[..., LoadedCase]) -> None:
    # The seat of 06 stands in the west, but its cells lie in the east.
    in_03 = [round(WEST + 4.5 * STEP, 6), round(SOUTH + 0.5 * STEP, 6)]
    loaded = changed(stations={"03": {"close": True}, "06": {"at": in_03}})
    assert loaded.county.travel_time_min[4, loaded.county.cells.cell_id.index("c31")] < 1e-6
    assert len(cells_of(loaded, "06")) == 4
    assert len(cells_of(loaded, "02")) + len(cells_of(loaded, "04")) == 12


def test_officers_are_shared_by_alerts_not_by_cells(prepared: Prepared, base: LoadedCase) -> None:
    plain = apply(base, scenario_of(prepared.case, stations={"03": {"close": True}}))
    west = sorted(c for c in cells_of(plain, "02") if c.startswith("c3"))
    assert len(west) == 2
    scenario = scenario_of(
        prepared.case,
        stations={"03": {"close": True, "officers": 8}},
        alerts={"factors": {"west": {"factor": 3, "cells": west}}},
    )
    loaded = apply(base, scenario)
    assert (officers(loaded)["02"], officers(loaded)["04"]) == (6 + 6, 6 + 2)


def test_heirs_by_name(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(stations={"03": {"close": True, "cells_to": "己", "officers_to": "甲"}})
    assert cells_of(loaded, "06") >= {"c31", "c32", "c33", "c34"}
    assert officers(loaded)["01"] == 26
    assert officers(loaded)["06"] == 6


def test_when_all_neighbours_close_the_nearest_open_station_takes_over(
    changed: Callable[..., LoadedCase],
) -> None:
    every: Change = {s: {"close": True} for s in ("01", "02", "03", "04", "05")}
    loaded = changed(stations={**every, "06": {"max_officers": 50}})
    assert len(cells_of(loaded, "06")) == 24
    assert officers(loaded) == {"06": 50}


def test_closing_that_cannot_be(refused: Callable[..., list[str]]) -> None:
    every = {f"0{i}": {"close": True} for i in range(1, 7)}
    assert any("a station that stays open" in s for s in refused(stations=every))
    said = refused(
        stations={
            "02": {"close": True, "cells_to": "03"},
            "03": {"close": True, "officers_to": "02"},
        }
    )
    assert any("stations.02.cells_to = 03: expected a station that stays open" in s for s in said)
    assert any("stations.03.officers_to = 02" in s for s in said)
    said = refused(stations={"04": {"max_officers": 8}, "05": {"close": True, "officers_to": "04"}})
    assert len(said) == 1
    assert "stations.05.close: expected room for its officers" in said[0]
    assert "丁派出所 would have 12, and its building holds 8" in said[0]


def test_a_squad_keeps_a_station_or_has_no_officers(
    refused: Callable[..., list[str]], changed: Callable[..., LoadedCase]
) -> None:
    closing: Change = {"03": {"close": True}}
    said = refused(stations=closing, squads={"q1": {"stations": ["03"]}})
    assert any("stations.03.close: expected a station for squad 东中队" in s for s in said)
    without = {"q1": {"stations": ["03"], "officers": 0}}
    assert changed(stations=closing, squads=without).county.squads.stations == ((),)


def test_a_unit_beside_a_closed_station_stands_by_another(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    assert base.county.units.station.tolist() == [0]
    far = [round(WEST + 11.5 * STEP, 6), round(SOUTH + 0.5 * STEP, 6)]
    closing = {"close": True, "officers_to": "06"}
    loaded = changed(stations={"01": closing, "02": {"at": far}, "06": {"max_officers": 90}})
    # 02 has moved to the far end, so 03 is the nearest seat that is open.
    assert loaded.county.stations.station_id[loaded.county.units.station[0]] == "03"


# --- opening --------------------------------------------------------------------------------


def new(**more: Any) -> Change:
    """A station in the middle of c14, the cell of 01 that is next to those of 02."""
    at = [round(WEST + 1.5 * STEP, 6), round(SOUTH + 1.5 * STEP, 6)]
    return {"open": True, "at": at, "kind": "rural", "officers": 5} | more


def test_a_new_station_takes_the_cells_it_reaches_sooner(
    changed: Callable[..., LoadedCase], base: LoadedCase
) -> None:
    loaded = changed(stations={"07": new(name="新派出所", auxiliaries=3, max_officers=12)})
    county = loaded.county
    assert county.stations.station_id[-1] == "07"
    assert county.stations.name[-1] == "新派出所"
    row = (
        county.stations.officers,
        county.stations.authorised_officers,
        county.stations.auxiliaries,
    )
    assert [int(r[-1]) for r in row] == [5, 5, 3]
    assert county.stations.max_officers[-1] == 12
    own = base.county.travel_time_min[base.county.cells.station, np.arange(24)]
    mine = county.cells.station == 6
    sooner = county.travel_time_min[6] < own
    assert mine.any()
    assert sooner[mine].all()
    # Whatever is sooner from it but is not taken does not hang together with its seat.
    assert not (sooner & ~mine).any()
    said = override(loaded, "stations.07")
    assert said.after.startswith("{open: true")
    assert said.effect is not None
    alerts = base.county.cells.alerts_per_year[mine].sum()
    assert said.effect.text().startswith(f"{mine.sum()} cells with {alerts:,.0f} alerts a year")


def test_cells_beyond_those_of_others_are_not_taken(changed: Callable[..., LoadedCase]) -> None:
    # The seat of 06 is far from its cells: the new station reaches them sooner, but 04 and 05 lie
    # between.
    in_01, in_03 = ([round(WEST + x * STEP, 6), round(SOUTH + 0.5 * STEP, 6)] for x in (0.5, 4.5))
    loaded = changed(stations={"06": {"at": in_01}, "07": new(at=in_03)})
    county = loaded.county
    minutes, east = county.travel_time_min, county.cells.cell_id.index("c61")
    assert minutes[6, east] < minutes[5, east]
    assert cells_of(loaded, "06") == {"c61", "c62", "c63", "c64"}
    assert cells_of(loaded, "07") <= {"c31", "c32", "c33", "c34"}


def test_a_new_station_may_name_its_cells(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(
        stations={
            "07": new(takes_cells=["c11"], takes_townships=["丙"]),
            "己": {"takes_cells": "c51"},
            "丙": {"close": True},
        }
    )
    assert cells_of(loaded, "07") == {"c11", "c31", "c32", "c33", "c34"}
    assert cells_of(loaded, "06") == {"c51", "c61", "c62", "c63", "c64"}
    assert officers(loaded)["07"] == 5 + 6  # those of the closed station follow its cells


def test_a_new_station_joins_a_squad(changed: Callable[..., LoadedCase]) -> None:
    in_03 = [round(WEST + 4.5 * STEP, 6), round(SOUTH + 0.5 * STEP, 6)]
    loaded = changed(stations={"07": new(at=in_03)})
    assert cells_of(loaded, "07") <= {"c31", "c32", "c33", "c34"}  # all of the area of q1
    assert loaded.county.squads.stations == (("02", "03", "04", "05", "06", "07"),)
    named = changed(stations={"07": new(at=in_03)}, squads={"q1": {"stations": ["02", "07"]}})
    assert named.county.squads.stations == (("02", "07"),)
    # In town no squad manages the roads.
    assert "07" not in changed(stations={"07": new()}).county.squads.stations[0]


def test_opening_that_cannot_be(refused: Callable[..., list[str]]) -> None:
    said = refused(
        stations={
            "07": {"open": True, "kind": "rural"},
            "08": new(at=[100.0, 30.0]),
            "09": new(max_officers=4),
        }
    )
    assert any("stations.07" in s and "at, officers of a new station" in s for s in said)
    assert any("stations.08.at = 100.00000, 30.00000" in s for s in said)
    assert any("stations.09.officers = 5" in s and "holds, 4" in s for s in said)
    taken = refused(stations={"07": new(takes_townships=["丙"]), "08": new(takes_cells=["c31"])})
    assert any("1 are taken twice" in s for s in taken)
    assert any("丙派出所 has none left" in s for s in taken)
    assert any(
        "all are its own already" in s for s in refused(stations={"02": {"takes_cells": "c21"}})
    )


def test_a_station_that_is_not_there_is_no_new_one_by_accident(
    refused: Callable[..., list[str]],
) -> None:
    said = refused(stations={"丙丁派出所": {"officers": 5}})
    assert "did you mean" in said[0]
    assert "丙派出所" in said[0]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    closed=st.sets(st.sampled_from(["02", "03", "04", "05", "06"]), min_size=1, max_size=4),
    opened=st.booleans(),
)
def test_nothing_is_lost_when_stations_open_and_close(
    changed: Callable[..., LoadedCase], closed: set[str], opened: bool
) -> None:
    stations: Change = {s: {"close": True} for s in sorted(closed)}
    if opened:
        stations["07"] = new(officers=0)
    county, before = changed(stations=stations).county, changed().county
    for name in ("officers", "authorised_officers", "auxiliaries"):
        assert getattr(county.stations, name).sum() == getattr(before.stations, name).sum()
    assert county.duty_road_km is not None
    assert before.duty_road_km is not None
    assert county.duty_road_km.sum() == pytest.approx(before.duty_road_km.sum())
    assert (county.cells.alerts_per_year == before.cells.alerts_per_year).all()
    assert set(county.stations.station_id) == (
        set(before.stations.station_id) - closed | ({"07"} if opened else set())
    )
    assert set(county.cells.station.tolist()) == set(range(len(county.stations)))
    # Neighbours are those of the new jurisdictions.
    pairs = np.sort(county.cells.station[county.cell_adjacency], axis=1)
    touching = {(a, b) for a, b in pairs.tolist() if a != b}
    assert county.station_adjacency is not None
    assert {tuple(p) for p in county.station_adjacency.tolist()} == touching


# --- inheritance of data --------------------------------------------------------------------


def library_case(tmp_path: Path, **files: Change) -> Prepared:
    folder = write_case(tmp_path / "case")
    (folder / "scenarios").mkdir()
    for name, said in files.items():
        text = yaml.safe_dump(said, allow_unicode=True, sort_keys=False)
        (folder / "scenarios" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Prepared(open_case(str(folder)))


def test_a_child_replaces_adds_and_takes_back(tmp_path: Path) -> None:
    prepared = library_case(
        tmp_path,
        parent={
            "reason": "p",
            "stations": {"乙": {"officers": 9, "can_host": False}, "03": {"close": True}},
            "alerts": {"factors": {"more": {"factor": 2.0, "townships": ["乙"]}}},
        },
        child={
            "extends": "parent",
            "reason": "c",
            "stations": {"02": {"add_officers": 1}, "丙": None, "04": {"officers": 7}},
            "alerts": {"factors": {"more": {"factor": 3.0}}},
        },
    )
    loaded = prepared.load(prepared.case.scenario("child"))
    # Relative to the files: 6 + 1, not 9 + 1; 03 is open again; the township still holds.
    assert officers(loaded) == {"01": 20, "02": 7, "03": 6, "04": 7, "05": 6, "06": 6}
    assert not loaded.county.stations.can_host[1]
    mine = loaded.county.cells.alerts_per_year[loaded.county.cells.station == 1]
    assert mine.sum() == pytest.approx(3 * 4 * 66)
    said = [o for o in loaded.overrides if o.is_own]
    assert {o.reason for o in said} == {"c"}
    assert any(o.key == "stations.03" and o.after == "" for o in said)


def test_parents_that_agree_are_one_override(tmp_path: Path) -> None:
    said = {"reason": "r", "stations": {"乙": {"officers": 9}}}
    prepared = library_case(tmp_path, a=said, b=said, c={"extends": ["a", "b"]})
    loaded = prepared.load(prepared.case.scenario("c"))
    assert [(o.key, o.origin) for o in loaded.overrides] == [("stations.02.officers", "a")]


def test_overrides_without_effect_name_the_present_value(tmp_path: Path) -> None:
    prepared = library_case(
        tmp_path,
        parent={"reason": "p", "stations": {"乙": {"officers": 9}}},
        child={
            "extends": "parent",
            "reason": "c",
            "stations": {
                "乙派出所": {"officers": 9},
                "03": {"officers": 6, "close": False, "kind": "rural", "max_officers": 30},
                "04": {},
                "05": None,
                "06": {"reason": "only this"},
            },
            "squads": {"q1": {"stations": ["己", "戊", "丁", "丙", "乙"], "add_officers": 0}},
            "alerts": {"factor": 1, "factors": {"x": {"factor": 1.0}}},
            "roads": {"speed_factor": 1.0},
        },
    )
    with pytest.raises(InputError) as caught:
        prepared.load(prepared.case.scenario("child"))
    said = [p.text() for p in caught.value.problems]
    for key, present in (
        ("stations.乙派出所.officers", "9"),
        ("stations.03.officers", "6"),
        ("stations.03.close", "false"),
        ("stations.03.kind", "rural"),
        ("stations.03.max_officers", "30"),
        ("stations.05", "-"),
        ("squads.q1.stations", "[02, 03, 04, 05, 06]"),
        ("squads.q1.add_officers", "0"),
        ("alerts.factor", "1"),
        ("alerts.factors.x.factor", "1"),
        ("roads.speed_factor", "1"),
    ):
        assert any(f" {key}: " in s and f"the present one, {present};" in s for s in said), key
    assert any("stations.04: expected something that changes" in s for s in said)
    assert any("stations.06: expected something that changes" in s for s in said)
    assert all("scenarios/child.yaml line" in s for s in said)


def test_two_overrides_of_one_thing_in_one_block(refused: Callable[..., list[str]]) -> None:
    said = refused(
        stations={
            "乙": {"officers": 9},
            "02": {"officers": 8},
            "03": {"officers": 5, "add_officers": 1},
        },
    )
    assert any("stations.02.officers" in s and "stations.乙.officers is another" in s for s in said)
    assert any("stations.03.add_officers" in s and "03.officers is another" in s for s in said)
    assert len(said) == 2


def test_unknown_names_get_the_nearest(refused: Callable[..., list[str]]) -> None:
    said = refused(
        stations={
            "丙派出": {"officers": 9},
            "02": {"takes_cells": ["c91"], "takes_townships": "丙鎮"},
        },
        squads={"q2": {"officers": 1}},
        units={"刑侦队": {"officers": 1}},
        alerts={"factors": {"x": {"factor": 2, "categories": "crimnal"}}},
        roads={"speeds": {"y": {"factor": 0.5, "classes": ["contry"]}}},
    )
    for near in ("丙派出所", "q1", "刑侦", "criminal", "county", "丙镇"):
        assert any("did you mean" in s and near in s.split("did you mean")[1] for s in said), near
    assert any("c91" in s for s in said)


def test_a_data_change_needs_a_reason(prepared: Prepared, base: LoadedCase) -> None:
    scenario = scenario_of(prepared.case, reason="", stations={"02": {"officers": 9}})
    with pytest.raises(InputError, match="a reason for this change"):
        apply(base, scenario)
    own = {"02": {"officers": 9, "reason": "here"}}
    loaded = apply(base, scenario_of(prepared.case, reason="", stations=own))
    assert override(loaded, "stations.02.officers").reason == "here"
    both = apply(base, scenario_of(prepared.case, reason="block", stations=own))
    assert override(both, "stations.02.officers").reason == "here"


def test_changes_are_labelled_as_assumed(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(stations={"02": {"officers": 9}}, alerts={"factor": 1.2})
    county = loaded.county
    assert county.origin_of("stations.officers") == "modelled"
    assert county.origin_of("cells.alerts_per_year") == "modelled"
    assert county.origin_of("stations.name") == "given"
    assert any(
        p.note == "scenario x: stations.02.officers 6 -> 9: to see" for p in county.provenance
    )


# --- points, datums -------------------------------------------------------------------------


def test_points_in_gcj02_are_brought_to_wgs84(changed: Callable[..., LoadedCase]) -> None:
    from geo.crs import from_wgs84

    lon, lat = WEST + 5 * STEP, SOUTH + STEP
    x, y = from_wgs84(np.array([lon]), np.array([lat]), "GCJ02")
    loaded = changed(crs="GCJ02", stations={"03": {"at": [float(x[0]), float(y[0])]}})
    assert loaded.county.stations.lon_deg[2] == pytest.approx(lon, abs=1e-8)
    assert loaded.county.stations.lat_deg[2] == pytest.approx(lat, abs=1e-8)
    assert abs(float(x[0]) - lon) > 1e-3  # the shift is there


def test_wrong_datum_and_swapped_points(refused: Callable[..., list[str]]) -> None:
    said = refused(crs="GCJ2", stations={"03": {"at": [SOUTH, WEST]}})
    assert any("crs = GCJ2: expected a datum" in s for s in said)
    assert any("stations.03.at" in s and "longitude first" in s for s in said)


# --- locks ----------------------------------------------------------------------------------


def test_locks_name_stations_by_name(changed: Callable[..., LoadedCase]) -> None:
    loaded = changed(
        policy={
            "bundling": {"locks": {"keep": ["乙"], "apart": [["丙派出所", "04"]], "host": ["戊"]}}
        }
    )
    locks = loaded.policy.bundling.locks
    assert (locks.keep, locks.apart, locks.host) == (("02",), (("03", "04"),), ("05",))


def test_locks_that_cannot_be(refused: Callable[..., list[str]]) -> None:
    def locked(**locks: Any) -> Change:
        return {"bundling": {"locks": locks}}

    said = refused(policy=locked(keep=["丙派出"]))
    assert "policy.bundling.locks.keep = 丙派出" in said[0]
    assert "did you mean 丙派出所" in said[0]
    said = refused(policy=locked(host=["丙"]), stations={"03": {"close": True}})
    assert "a station that is open; this scenario closes it" in said[0]
    said = refused(policy=locked(together=[["乙", "丙"]], keep=["02"], apart=[["03", "乙"]]))
    assert len(said) == 2  # kept alone and together; together and apart


def test_unknown_lock_of_the_case_itself(tmp_path: Path) -> None:
    def lock(document: Change) -> None:
        document["policy"]["bundling"] = {"locks": {"keep": ["乙", "辛"]}}

    case = open_case(str(write_case(tmp_path / "case", case=lock)))
    with pytest.raises(InputError, match=r"case\.yaml policy\.bundling\.locks\.keep = 辛"):
        Prepared(case).load(case.scenario(None))


# --- one case, several scenarios ------------------------------------------------------------


def test_a_shared_cache_changes_nothing_but_the_work(prepared: Prepared, base: LoadedCase) -> None:
    cache = Cache()
    said: list[Change] = [
        {"alerts": {"factor": 1.2}},
        {"stations": {"03": {"close": True}}},
        {"stations": {"03": {"close": True}}, "policy": {"bundling": {"max_bundle_size": 2}}},
        {"stations": {"07": new()}},
        {"roads": {"speed_factor": 0.5}},
        {"roads": {"speed_factor": 0.5}, "stations": {"03": {"close": True}}},
        {"roads": {"speed_factor": 0.5}, "alerts": {"factor": 3}},
    ]
    travelled = []
    for one in said:
        scenario = scenario_of(prepared.case, **one)
        shared = apply(base, scenario, cache=cache)
        assert shared.county.digest == apply(base, scenario).county.digest
        travelled.append(len(cache.ways))
    # Alerts and policy ask for no travel; closing, opening and slower roads each once.
    assert travelled == [0, 1, 1, 2, 3, 3, 3]


def test_applying_leaves_the_case_as_it_is(prepared: Prepared, base: LoadedCase) -> None:
    before = (base.county.digest, base.policy.digest)
    apply(
        base,
        scenario_of(
            prepared.case,
            stations={"03": {"close": True}, "07": new()},
            alerts={"factor": 2},
            roads={"speed_factor": 0.8},
        ),
    )
    assert (base.county.digest, base.policy.digest) == before
    assert base.overrides == ()


def test_files_are_read_once_for_scenarios_with_the_same_road_speeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scenarios import load
    from scenarios import prepared as opening

    prepared = library_case(
        tmp_path,
        a={"policy": {"bundling": {"max_bundle_size": 2}}},
        b={"reason": "b", "roads": {"speed_factor": 0.5}},
        c={"policy": {"roads": {"detour_factor": 1.5}}},
    )
    read: list[str] = []

    def counted(case: Case, policy: Policy, watch: Any = None) -> load.Inspection:
        read.append(case.spec.name)
        return load.inspect(case, policy, watch)

    monkeypatch.setattr(opening, "inspect", counted)
    counties = {n: prepared.load(prepared.case.scenario(n)).county for n in ("a", "b", "c", "a")}
    assert len(read) == 2
    assert counties["c"].road_km.max() > counties["a"].road_km.max()
    base = prepared.load(prepared.case.scenario("a"))
    with pytest.raises(ValueError, match="other road speeds"):
        apply(base, prepared.case.scenario("c"))


def test_a_run_with_scenario_and_sets(tmp_path: Path) -> None:
    prepared = library_case(
        tmp_path, less={"reason": "r", "stations": {"06": {"close": True, "officers_to": "05"}}}
    )
    run = run_case(
        prepared.case, "less", sets=["policy.bundling.locks.keep=[丙]", "alerts.factor=1.5"]
    )
    assert run.plan is not None
    assert run.result.plan is not None
    assert run.scenario == "less, policy.bundling.locks.keep=[丙], alerts.factor=1.5"
    assert run.result.plan.centre_of()["03"] == "03"
    assert run.today.alerts_per_year == pytest.approx(1.5 * 3080)
    assert "06" not in run.result.plan.centre_of()
    assert [o.origin for o in run.loaded.overrides if o.key == "alerts.factor"] == ["--set"]


# --- the shipped what-ifs -------------------------------------------------------------------


def test_shipped_scenarios_load_each_with_a_reason() -> None:
    prepared = Prepared(open_case("dianjiang"))
    case = prepared.case
    shipped = [n for n in case.library.scenarios if n not in case.spec.scenarios]
    assert len(shipped) >= 10
    base = prepared.load(case.scenario("as_published"))
    for name in shipped:
        loaded = prepared.load(case.scenario(name))
        scenario = case.scenario(name)
        assert scenario.description, name
        assert all(o.reason for o in loaded.overrides), name
        assert any(o.is_own for o in loaded.overrides) or len(scenario.parents) > 1, name
        same = loaded.county.digest == base.county.digest and loaded.policy == base.policy
        assert not same, name
        bundles, proof = bundle(loaded.county, loaded.policy)
        assert proof.status is Status.OPTIMAL, name
        assert bundles is not None, name


@pytest.mark.parametrize("name", ["baojia_closed", "twelve_centres"])
def test_shipped_scenarios_that_ask_for_other_duty_stations_have_a_plan(name: str) -> None:
    run = run_case(open_case("dianjiang"), name)
    assert run.plan is not None
    assert run.plan.duty_stations == {"baojia_closed": 14, "twelve_centres": 12}[name]
