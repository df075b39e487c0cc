"""What stages of the chain have answered, kept for worlds in which their inputs are the same.

A stage reads a part of the county and of the policy only. `BUNDLING` and `TRAFFIC` name that part;
its digest is the key. Staffing reads nearly everything and takes a hundredth of a second: it is not
kept. The tests run each stage on a county that has nothing but the fields named here, so that a
stage that comes to read more fails there instead of finding an old answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from optimizer.county import County
from optimizer.frozen import digest
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.result import Proof, Status
from optimizer.traffic import TrafficPlan

Answer = TypeVar("Answer")

MOST_ANSWERS = 512
"""Some kilobytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Fields that a stage reads, by table; parts of the policy by name."""

    county: tuple[str, ...]
    stations: tuple[str, ...]
    cells: tuple[str, ...]
    squads: tuple[str, ...]
    policy: tuple[str, ...]

    def key(self, county: County, policy: Policy, *more: object) -> str:
        """Digest of all that the stage reads, and of `more`."""
        return digest(
            [
                [[n, getattr(county, n)] for n in self.county],
                [[n, getattr(county.stations, n)] for n in self.stations],
                [[n, getattr(county.cells, n)] for n in self.cells],
                [[n, getattr(county.squads, n)] for n in self.squads],
                [[n, getattr(policy, n).model_dump_json()] for n in self.policy],
                list(more),
            ]
        )


BUNDLING = Reads(
    county=(
        "categories", "period_hours", "period_share_fraction", "travel_time_min",
        "station_time_min", "station_adjacency", "road_km", "cell_adjacency", "severed_cells",
    ),
    stations=(
        "station_id", "is_urban", "officers", "can_bundle", "can_host", "max_officers",
        "has_window",
    ),
    cells=("station", "township", "is_urban", "population", "alerts_per_year"),
    squads=(),
    policy=("workload", "crews", "response", "bundling", "equity", "weights", "solver"),
)  # fmt: skip

TRAFFIC = Reads(
    county=("station_time_min", "station_adjacency", "duty_road_km"),
    stations=("station_id", "is_urban", "lon_deg", "lat_deg"),
    cells=(),
    squads=("squad_id", "lon_deg", "lat_deg", "officers", "stations"),
    policy=("traffic", "solver"),
)
"""With the bundles, where squads are dissolved; squads that stay are not a question."""


@dataclass(slots=True)
class Answers(Generic[Answer]):
    """Answers of one stage by key, the least lately asked forgotten first; threads may share it.

    Attributes:
        most: Answers kept at the most.
        found: How often an answer was there.
    """

    most: int = MOST_ANSWERS
    found: int = 0
    _kept: OrderedDict[str, tuple[Answer | None, Proof]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    def recall(
        self, key: str, work: Callable[[], tuple[Answer | None, Proof]]
    ) -> tuple[Answer | None, Proof]:
        """The answer for `key`: as kept, or worked out now.

        Kept are proofs only: what was cut short by the clock may come out better next time.
        """
        with self._lock:
            if key in self._kept:
                self.found += 1
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = work()
        if answer[1].status in (Status.OPTIMAL, Status.INFEASIBLE):
            with self._lock:
                self._kept[key] = answer
                while len(self._kept) > self.most:
                    self._kept.popitem(last=False)
        return answer


@dataclass(frozen=True, slots=True)
class StageMemory:
    """Answers of the stages; the caller keeps it as long as it likes."""

    bundling: Answers[tuple[Bundle, ...]] = field(default_factory=Answers)
    traffic: Answers[TrafficPlan] = field(default_factory=Answers)
