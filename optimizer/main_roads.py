"""Main roads street by street, and the checkpoints on them: what coverage is counted over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.frozen import BoolArray, FloatArray, IntArray, read_only

HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MainRoads:
    """K streets of the managed classes, P checkpoints (一站一体查), S stations.

    Attributes:
        station: Row of the station whose ground each street is on, shape (K,).
        road_km: Shape (K,).
        seat_min: Minutes by road from each station's seat to the middle of each street, (S, K);
            inf = unreachable.
        checkpoint_min: Likewise from each checkpoint, shape (P, K).
        is_manned: Whether each checkpoint is manned in each hour of the day, shape (P, 24).
    """

    station: IntArray
    road_km: FloatArray
    seat_min: FloatArray
    checkpoint_min: FloatArray
    is_manned: BoolArray

    def __post_init__(self) -> None:
        k, s, p = len(self.road_km), len(self.seat_min), len(self.checkpoint_min)
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "station": (np.int64, (k,)),
            "road_km": (float, (k,)),
            "seat_min": (float, (s, k)),
            "checkpoint_min": (float, (p, k)),
            "is_manned": (np.bool_, (p, HOURS)),
        }
        for name, (dtype, shape) in shapes.items():
            array = read_only(getattr(self, name), dtype, shape=shape, name=f"main_roads.{name}")
            object.__setattr__(self, name, array)
        if (self.road_km < 0).any() or not np.isfinite(self.road_km).all():
            raise ValueError("main_roads.road_km: not negative, finite")

    def check(self, stations: int) -> None:
        """Refuse roads of another county.

        Raises:
            ValueError: other stations.
        """
        if len(self.seat_min) != stations:
            raise ValueError(f"main_roads.seat_min: rows of {stations} stations")
        if len(self.station) and not 0 <= self.station.min() <= self.station.max() < stations:
            raise ValueError("main_roads.station: row of no station")
