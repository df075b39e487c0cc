"""Every cross-check of the county, each refused with its own message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.county import Cells, County, Provenance, Squads, Stations, Units, merge_provenance
from tests.toy import random_county, toy_county, worked_county

S, C = 4, 12  # toy_county() has 4 stations with 3 cells each


def squads(**changes: Any) -> Squads:
    return replace(toy_county(n_squads=2).squads, **changes)


def units(**changes: Any) -> Units:
    return replace(toy_county(n_units=2).units, **changes)


def cut(matrix: np.ndarray[Any, Any], at: tuple[int, int], value: float) -> np.ndarray[Any, Any]:
    changed = matrix.copy()
    changed[at] = value
    return changed


TOY = toy_county()
REFUSED: list[tuple[Callable[[], object], str]] = [
    # tables
    (lambda: toy_county(stations={"name": ("x",)}), "stations.name: 1 names for 4 stations"),
    (
        lambda: toy_county(stations={"station_id": ("a", "b", "b", "c")}),
        "stations.station_id: 'b' twice",
    ),
    (lambda: toy_county(stations={"lon_deg": [1.0]}), r"stations.lon_deg: shape \(1,\)"),
    (
        lambda: toy_county(stations={"lat_deg": [np.nan, 30.0, 30.0, 30.0]}),
        "stations.lat_deg: NaN refused",
    ),
    (lambda: toy_county(stations={"officers": [1, 2, 3, -1]}), "stations.officers: negative"),
    (
        lambda: toy_county(stations={"officers": [1, 2, 3, 1.5]}),
        "stations.officers: values must be whole",
    ),
    (
        lambda: toy_county(stations={"authorised_officers": [1, 2, 3, -1]}),
        "stations.authorised_officers: negative",
    ),
    (lambda: toy_county(stations={"auxiliaries": [0, 0, 0, -1]}), "stations.auxiliaries: negative"),
    (
        lambda: toy_county(stations={"max_officers": [9, 9, 9, -3]}),
        "stations.max_officers: negative",
    ),
    (lambda: toy_county(cells={"township": ("x",)}), "cells.township: 1 values for 12 cells"),
    (lambda: toy_county(cells={"cell_id": ("x",) * C}), "cells.cell_id: 'x' twice"),
    (lambda: toy_county(cells={"population": [-1.0] * C}), "cells.population: negative"),
    (lambda: toy_county(cells={"population": [np.inf] * C}), "cells.population: must be finite"),
    (lambda: toy_county(cells={"area_km2": [-1.0] * C}), "cells.area_km2: negative"),
    (
        lambda: toy_county(cells={"alerts_per_year": -np.ones((C, 2))}),
        "cells.alerts_per_year: negative",
    ),
    (
        lambda: toy_county(cells={"alerts_per_year": np.full((C, 2), np.nan)}),
        "cells.alerts_per_year: NaN refused",
    ),
    (
        lambda: toy_county(cells={"alerts_per_year": np.full((C, 2), np.inf)}),
        "cells.alerts_per_year: must be finite",
    ),
    (
        lambda: toy_county(cells={"alerts_per_year": np.ones((C, 3))}),
        "cells.alerts_per_year: one column per category",
    ),
    (lambda: squads(name=("x",)), "squads: name and stations need one entry per squad"),
    (lambda: squads(squad_id=("q", "q")), "squads.squad_id: 'q' twice"),
    (lambda: squads(stations=(("s01",), ("s01",))), "squads.stations: 's01' twice"),
    (lambda: squads(officers=[1, -1]), "squads.officers: negative"),
    (lambda: units(kind=("x",)), "units: name and kind need one entry per unit"),
    (lambda: units(unit_id=("u", "u")), "units.unit_id: 'u' twice"),
    (lambda: units(required_officers=[1.0, -1.0]), "units.required_officers: negative"),
    (lambda: units(required_officers=[1.0, np.inf]), "units.required_officers: must be finite"),
    (lambda: units(officers=[1, -1]), "units.officers: negative"),
    # across tables
    (lambda: replace(TOY, categories=()), "needs stations, cells, alert categories and periods"),
    (lambda: toy_county(period_hours=[8.0, 8.0, 9.0]), "positive hours that sum to 24"),
    (lambda: toy_county(period_hours=[30.0, -14.0, 8.0]), "positive hours that sum to 24"),
    (
        lambda: toy_county(period_share_fraction=np.full((2, 3), 0.3)),
        "each category's shares sum to 1",
    ),
    (
        lambda: toy_county(period_share_fraction=[[2.0, -1.0, 0.0], [1.0, 0.0, 0.0]]),
        "county.period_share_fraction: negative",
    ),
    (lambda: toy_county(travel_time_min=np.ones((C, S))), r"travel_time_min: shape \(12, 4\)"),
    (lambda: toy_county(travel_time_min=np.full((S, C), -1.0)), "travel_time_min: negative"),
    (lambda: toy_county(travel_time_min=np.full((S, C), np.nan)), "travel_time_min: NaN refused"),
    (lambda: toy_county(road_km=np.full((S, C), -1.0)), "county.road_km: negative"),
    (lambda: toy_county(station_time_min=np.ones((S, S))), "0 minutes from itself"),
    (lambda: toy_county(station_time_min=np.eye(S) - 1.0), "station_time_min: negative"),
    (lambda: toy_county(cells={"station": [0] * 11 + [4]}), "cells.station: row of no station"),
    (lambda: toy_county(cells={"station": [-1] + [0] * 11}), "cells.station: row of no station"),
    (
        lambda: toy_county(travel_time_min=cut(TOY.travel_time_min, (1, 4), np.inf)),
        "cell 's02c1' unreachable from its station",
    ),
    (lambda: toy_county(units=units(station=[0, 4])), "units.station: row of no station"),
    (lambda: toy_county(units=units(station=[0, -1])), "units.station: row of no station"),
    (
        lambda: toy_county(squads=squads(stations=(("s01", "zz"), ("yy",)))),
        r"squads.stations: unknown stations \['yy', 'zz'\]",
    ),
    (
        lambda: toy_county(units=units(unit_id=("s01", "u2"))),
        "ids of stations, squads and units together: 's01' twice",
    ),
    (
        lambda: toy_county(squads=squads(squad_id=("q1", "s02"))),
        "ids of stations, squads and units together: 's02' twice",
    ),
    (lambda: toy_county(cell_adjacency=[[0, 12]]), r"cell_adjacency: row outside 0..11"),
    (lambda: toy_county(cell_adjacency=[[-1, 3]]), r"cell_adjacency: row outside 0..11"),
    (lambda: toy_county(station_adjacency=[[0, 4]]), r"station_adjacency: row outside 0..3"),
    (lambda: toy_county(duty_road_km=np.ones((S, 1))), r"duty_road_km: shape \(4, 1\)"),
    (lambda: toy_county(duty_road_km=-np.ones((S, 2))), "duty_road_km: negative"),
    (lambda: toy_county(duty_road_km=np.full((S, 2), np.inf)), "duty_road_km: must be finite"),
]


@pytest.mark.parametrize(
    ("make", "message"), REFUSED, ids=[f"{i}-{m[:40]}" for i, (_, m) in enumerate(REFUSED)]
)
def test_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_toy_itself_is_accepted() -> None:
    assert len(TOY.stations) == S
    assert len(TOY.cells) == C
    assert len(toy_county(squads=squads(), units=units()).squads) == 2


def test_another_stations_cell_may_be_unreachable() -> None:
    county = toy_county(travel_time_min=cut(TOY.travel_time_min, (0, 4), np.inf))
    assert county.travel_time_min[0, 4] == np.inf


def test_no_array_can_be_changed() -> None:
    county = toy_county(n_squads=1, n_units=1)
    assert county.duty_road_km is not None
    assert county.station_adjacency is not None
    arrays: list[np.ndarray[Any, Any]] = [
        county.period_hours,
        county.period_share_fraction,
        county.travel_time_min,
        county.road_km,
        county.station_time_min,
        county.cell_adjacency,
        county.station_adjacency,
        county.duty_road_km,
        county.stations.officers,
        county.cells.alerts_per_year,
        county.squads.officers,
        county.units.required_officers,
    ]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        county.name = "other"  # type: ignore[misc]


def test_the_callers_arrays_are_copied() -> None:
    minutes = TOY.travel_time_min.copy()
    county = toy_county(travel_time_min=minutes)
    minutes[:] = 0.0
    assert county.digest == TOY.digest


def test_equal_values_equal_digest_and_any_change_another() -> None:
    assert toy_county().digest == TOY.digest == TOY.digest
    others = [
        toy_county(name="x"),
        toy_county(categories=("criminal", "other")),
        toy_county(cells={"population": [8000.0] * 11 + [8001.0]}),
        toy_county(stations={"can_host": [True, True, True, False]}),
        toy_county(station_adjacency=[[0, 1], [1, 2]]),
        toy_county(n_units=1),
        toy_county(n_squads=1),
        toy_county(provenance=()),
    ]
    assert len({c.digest for c in [TOY, *others]}) == 9


def test_a_copy_with_another_value_has_another_digest() -> None:
    first = TOY.digest  # computed once and kept: a copy must not inherit it
    assert replace(TOY, name="x").digest != first


def test_station_adjacency_comes_from_the_cells() -> None:
    # Cells 0-2 are of s01, 3-5 of s02 and so on; doubles, order and inner pairs do not matter.
    county = toy_county(cell_adjacency=[[4, 1], [0, 1], [0, 3], [7, 5], [2, 2]])
    assert county.cell_adjacency.tolist() == [[0, 1], [0, 3], [1, 4], [5, 7]]
    assert county.station_adjacency is not None
    assert county.station_adjacency.tolist() == [[0, 1], [1, 2]]
    assert county.neighbours() == (
        frozenset({1}),
        frozenset({0, 2}),
        frozenset({1}),
        frozenset(),
    )


def test_a_caller_may_forbid_a_pair() -> None:
    county = toy_county(station_adjacency=[[1, 0], [2, 3]])
    assert county.station_adjacency is not None
    assert county.station_adjacency.tolist() == [[0, 1], [2, 3]]


def test_no_pairs_at_all() -> None:
    county = toy_county(cell_adjacency=np.zeros((0, 2)))
    assert county.neighbours() == (frozenset(),) * 4


def test_road_km_of_squads_defaults_to_none() -> None:
    county = toy_county(duty_road_km=None)
    assert county.duty_road_km is not None
    assert county.duty_road_km.tolist() == [[0.0, 0.0]] * 4


def test_index_and_length() -> None:
    assert TOY.stations.index() == {"s01": 0, "s02": 1, "s03": 2, "s04": 3}
    assert len(Squads.none()) == len(Units.none()) == 0
    assert isinstance(worked_county().stations, Stations)
    assert isinstance(worked_county().cells, Cells)


def test_origin_is_modelled_if_any_entry_says_so() -> None:
    county = toy_county(
        provenance=(
            Provenance(item="cells", origin="given"),
            Provenance(item="cells.population", origin="modelled"),
            Provenance(item="roads", origin="modelled"),
            Provenance(item="cells", origin="given", note="2024"),
        )
    )
    assert county.origin_of("cells.population") == "modelled"
    assert county.origin_of("cells.alerts_per_year") == "given"
    assert county.origin_of("cells") == "given"
    assert county.origin_of("roads") == "modelled"
    assert county.origin_of("roads.speed_km_per_h") == "modelled"


def test_provenance_is_merged_without_doubles() -> None:
    a = Provenance(item="roads", origin="modelled", note="Gabriel graph")
    b = Provenance(item="cells", origin="given")
    assert merge_provenance([a, b, a]) == (b, a)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_random_counties_are_the_same_every_time(seed: int, n: int) -> None:
    one: County = random_county(seed, n, n_squads=1, n_units=1)
    assert one.digest == random_county(seed, n, n_squads=1, n_units=1).digest
