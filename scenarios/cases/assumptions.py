"""Every number that the case recipe assumes. Reasons: dianjiang/SOURCES.md, by step.

A published figure of the county always goes before one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Place = Literal["county_town", "town_centre", "village"]

# Rates of Dianjiang as published (935,000 residents, 504 of 529 officers, 60,000 alerts, 5 squads
# for 24 rural stations, 32 officers moved), for counties that publish none.
OFFICERS_PER_RESIDENT: Final = 504 / 935_000
AUTHORISED_PER_OFFICER: Final = 529 / 504
ALERTS_PER_RESIDENT: Final = 60_000 / 935_000
SQUADS_PER_RURAL_STATION: Final = 5 / 24
MOVES_PER_OFFICER: Final = 32 / 504
BUNDLED_PER_RURAL_STATION: Final = 17 / 24
CENTRES_PER_RURAL_STATION: Final = 8 / 24

# Step 1: which stations are town stations.
COUNTY_TOWN_RADIUS_KM: Final = 3.0

# Step 3: where people settle: density at `r` km from a seat is 1 + PEAK exp(-(r / REACH)^2).
SETTLEMENT_PEAK: Final = 8.0
SETTLEMENT_REACH_KM: Final = 1.0
RELAXATIONS: Final = 40
GRID_POINTS_PER_CELL: Final = 120

# Step 4: registered residents of a village-level unit, relative to a plain village, by NBS class.
RESIDENT_WEIGHT: Final[Mapping[str, float]] = {
    "111": 3.0,  # main urban area
    "112": 2.0,  # urban fringe
    "121": 2.0,  # town centre
    "122": 1.2,  # town fringe
    "123": 0.5,  # special area: works, farm, camp
    "210": 1.3,  # township centre
    "220": 1.0,  # village
}
# Residents per village-level unit where the county's total is not published: 1,382.71 million
# people (NBS) in 662,000 units (Ministry of Civil Affairs) at the end of 2016, rounded.
RESIDENTS_PER_VILLAGE_UNIT: Final = 2_090

# Step 5: people present in the county town, at the least, as a share of the county's: 2020 census
# of Linshui (邻水), Dianjiang's neighbour of like size: 239,523 of 707,537 in its seat.
COUNTY_TOWN_PRESENT_SHARE: Final = 0.34
# Effective alerts by category, and alerts per person present relative to a village.
CATEGORY_SHARE: Final[Mapping[str, float]] = {
    "criminal": 0.045,
    "public_order": 0.115,
    "dispute": 0.14,
    "traffic": 0.22,
    "help": 0.33,
    "other": 0.15,
}
PLACE_FACTOR: Final[Mapping[str, Mapping[Place, float]]] = {
    "criminal": {"county_town": 1.5, "town_centre": 1.2, "village": 1.0},
    "public_order": {"county_town": 1.5, "town_centre": 1.2, "village": 1.0},
    "dispute": {"county_town": 1.0, "town_centre": 1.0, "village": 1.0},
    "traffic": {"county_town": 1.3, "town_centre": 1.3, "village": 1.0},
    "help": {"county_town": 1.2, "town_centre": 1.1, "village": 1.0},
    "other": {"county_town": 1.0, "town_centre": 1.0, "village": 1.0},
}

# Step 6: share of a category's alerts in each four-hour period.
PERIODS: Final = ("00-04", "04-08", "08-12", "12-16", "16-20", "20-24")
RHYTHM: Final[Mapping[str, tuple[float, ...]]] = {
    "criminal": (0.14, 0.09, 0.18, 0.19, 0.20, 0.20),
    "public_order": (0.16, 0.05, 0.13, 0.17, 0.21, 0.28),
    "dispute": (0.06, 0.03, 0.20, 0.23, 0.26, 0.22),
    "traffic": (0.05, 0.07, 0.25, 0.24, 0.27, 0.12),
    "help": (0.09, 0.07, 0.22, 0.22, 0.22, 0.18),
    "other": (0.09, 0.06, 0.22, 0.23, 0.23, 0.17),
}

# Step 7: officers.
STATIONS_SHARE: Final = 0.42
RURAL_STATION_FLOOR: Final = 4
COUNTY_TOWN_FLOOR: Final = 40
SQUADS_SHARE: Final = 0.04
SQUAD_FLOOR: Final = 3
AUXILIARIES_PER_OFFICER: Final = 1.0
URBAN_BUILDING_OFFICERS: Final = 80
LARGE_TOWN_RESIDENTS: Final = 30_000
LARGE_TOWN_BUILDING_OFFICERS: Final = 30
SMALL_TOWN_BUILDING_OFFICERS: Final = 20

# Step 8: functional units. Officers required = (round-the-clock posts x minutes in a year +
# minutes per alert x alerts + minutes per 10,000 residents) / effective minutes of one officer.
EFFECTIVE_MIN_PER_YEAR: Final = 48.0 * 60.0 * 365.0 / 7.0
MIN_PER_YEAR: Final = 365.0 * 24.0 * 60.0
ALL_ALERTS: Final = "all"
# id, name, kind, share of the officers in functional units, posts, minutes per alert by category,
# minutes per 10,000 residents; None instead of the last three: no workload model.
UnitWork = tuple[float, Mapping[str, float], float]
UNITS: Final[tuple[tuple[str, str, str, float, UnitWork | None], ...]] = (
    ("U01", "指挥中心", "情指", 0.07, (3.0, {ALL_ALERTS: 25.0}, 0.0)),
    ("U02", "刑事侦查大队", "刑侦", 0.17, (0.0, {"criminal": 2_700.0}, 0.0)),
    ("U03", "治安管理大队", "治安", 0.08, (0.0, {"public_order": 480.0}, 0.0)),
    ("U04", "交巡警大队", "交巡警", 0.20, (10.0, {"traffic": 240.0}, 0.0)),
    ("U05", "禁毒大队", "禁毒", 0.06, (0.0, {}, 27_000.0)),
    ("U06", "经济犯罪侦查大队", "经侦", 0.04, (0.0, {"criminal": 720.0}, 0.0)),
    ("U07", "网络安全保卫大队", "网安", 0.04, (0.0, {"criminal": 720.0}, 0.0)),
    ("U08", "法制大队", "法制", 0.04, (0.0, {"criminal": 180.0, "public_order": 180.0}, 0.0)),
    ("U09", "督察大队", "督察", 0.02, None),
    ("U10", "看守所和拘留所", "监管", 0.11, None),
    ("U11", "局机关", "综合", 0.17, None),
)

# Policy of the case: work per alert.
CATEGORY_WORK: Final[Mapping[str, Mapping[str, float | int | bool]]] = {
    "criminal": {"on_scene_min": 60.0, "officers_sent": 2, "case_work_officer_min": 240.0},
    "public_order": {"on_scene_min": 45.0, "officers_sent": 2, "case_work_officer_min": 180.0},
    "dispute": {"on_scene_min": 45.0, "officers_sent": 1, "case_work_officer_min": 30.0},
    "traffic": {
        "on_scene_min": 40.0,
        "officers_sent": 1,
        "case_work_officer_min": 30.0,
        "is_road_traffic": True,
    },
    "help": {"on_scene_min": 25.0, "officers_sent": 1, "case_work_officer_min": 0.0},
    "other": {"on_scene_min": 20.0, "officers_sent": 1, "case_work_officer_min": 0.0},
}
