"""A plan: decisions only, no costs. Today's deployment is a plan too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from optimizer.county import County
from optimizer.frozen import ONLY_IF_SET, digest

MoveReason = Literal["bundle", "road_duty", "reassign"]
_ALWAYS = ("bundles", "road_duties", "dissolved_squad_ids", "strength", "moves")
_IF_SET = ("class_duties", "qualified_moves", "auxiliary_moves")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Bundle:
    """Stations run as one (捆绑) and the centre station that hosts them.

    A station that stays alone is a bundle of one. `station_ids` is sorted and holds `centre_id`.
    """

    centre_id: str
    station_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if tuple(sorted(set(self.station_ids))) != self.station_ids:
            raise ValueError(f"bundle {self.centre_id}: station_ids must be sorted and unique")
        if self.centre_id not in self.station_ids:
            raise ValueError(f"bundle {self.centre_id}: the centre is not one of its stations")

    @property
    def office_ids(self) -> tuple[str, ...]:
        """Stations that become police offices (警务室)."""
        return tuple(s for s in self.station_ids if s != self.centre_id)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RoadDuty:
    """Roads of one station's jurisdiction, and the duty station that manages them (交所合一).

    Attributes:
        station_id: The jurisdiction (as of today) whose managed roads are meant.
        duty_id: The centre or lone station that takes them over, or the squad that keeps them.
    """

    station_id: str
    duty_id: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ClassDuty:
    """Roads of one class in a jurisdiction that go to another duty station than its other roads.

    Attributes:
        station_id: The jurisdiction, as of today.
        road_class: One of `County.road_classes`.
        duty_id: The centre or lone station that takes them over.
    """

    station_id: str
    road_class: str
    duty_id: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Move:
    """Officers who change unit, by head count, never by name.

    Attributes:
        from_id: Station, squad or functional unit they hold today.
        to_id: Centre station, lone station, squad or functional unit they go to.
        officers: How many.
        reason: `bundle` (to the own centre), `road_duty` (from a dissolved squad) or `reassign`.
    """

    from_id: str
    to_id: str
    officers: int
    reason: MoveReason

    def __post_init__(self) -> None:
        if self.officers <= 0:
            raise ValueError(f"move {self.from_id}->{self.to_id}: at least one officer")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class QualifiedMove:
    """How many of the officers reassigned between two units hold a qualification.

    Attributes:
        from_id, to_id: Units of the plan; of a bundle its centre, whichever station they leave.
        qualification: `firearm`, `case` or `traffic_law`.
        officers: How many of the officers who go that way hold it.
    """

    from_id: str
    to_id: str
    qualification: str
    officers: int

    def __post_init__(self) -> None:
        if self.officers <= 0:
            raise ValueError(f"move {self.from_id}->{self.to_id}: at least one officer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which stations form which bundle, who manages which roads, and where officers serve.

    Attributes:
        bundles: Every station in exactly one, sorted by centre.
        road_duties: One entry per station whose roads a squad manages today, sorted.
        dissolved_squad_ids: Squads that end, sorted.
        strength: Officers per unit after the plan as (unit_id, officers), sorted; the units are
            the centres and lone stations, the squads that remain, and the functional units.
        moves: Sorted; they turn today's strength into `strength`.
        class_duties: Where `traffic.split_by_class` parts the roads of a jurisdiction: the classes
            that go elsewhere than `road_duties` says, which then names the station that takes the
            class with most km, and the accidents with it; sorted.
        qualified_moves: Of the officers reassigned, those whose qualification a rule counts;
            sorted. Empty without such rules.
        auxiliary_moves: Auxiliaries who change unit, like `moves`; sorted. Those of a station go
            with its bundle without a move.

    A plan without what is marked `ONLY_IF_SET` is the same plan, with the same digest and bytes,
    as before that was there.
    """

    bundles: tuple[Bundle, ...]
    road_duties: tuple[RoadDuty, ...] = ()
    dissolved_squad_ids: tuple[str, ...] = ()
    strength: tuple[tuple[str, int], ...] = ()
    moves: tuple[Move, ...] = ()
    class_duties: tuple[ClassDuty, ...] = field(default=(), metadata=ONLY_IF_SET)
    qualified_moves: tuple[QualifiedMove, ...] = field(default=(), metadata=ONLY_IF_SET)
    auxiliary_moves: tuple[Move, ...] = field(default=(), metadata=ONLY_IF_SET)

    def __post_init__(self) -> None:
        for name in (*_ALWAYS, *_IF_SET):
            values = getattr(self, name)
            if tuple(sorted(values)) != values:
                raise ValueError(f"plan.{name}: must be sorted")

    @property
    def digest(self) -> str:
        """SHA-256 of the decisions."""
        return digest(self)

    @property
    def duty_ids(self) -> frozenset[str]:
        """Stations and squads that have roads to manage."""
        return frozenset(unit for _, unit in self.duty_pairs)

    @property
    def duty_pairs(self) -> tuple[tuple[str, str], ...]:
        """Jurisdictions and the units that have roads there."""
        whole = [(d.station_id, d.duty_id) for d in self.road_duties]
        return (*whole, *((d.station_id, d.duty_id) for d in self.class_duties))

    def centre_of(self) -> dict[str, str]:
        """Centre station of each station."""
        return {s: b.centre_id for b in self.bundles for s in b.station_ids}

    def to_json(self) -> str:
        """The same plan always gives the same bytes."""
        raw = asdict(self)
        for name in _IF_SET:
            if not raw[name]:
                del raw[name]
        return json.dumps(raw, ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote.

        Raises:
            ValueError: not a plan.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                bundles=tuple(
                    Bundle(centre_id=b["centre_id"], station_ids=tuple(b["station_ids"]))
                    for b in raw["bundles"]
                ),
                road_duties=tuple(RoadDuty(**d) for d in raw["road_duties"]),
                class_duties=tuple(ClassDuty(**d) for d in raw.get("class_duties", ())),
                dissolved_squad_ids=tuple(raw["dissolved_squad_ids"]),
                strength=tuple((str(u), int(n)) for u, n in raw["strength"]),
                moves=tuple(Move(**m) for m in raw["moves"]),
                qualified_moves=tuple(QualifiedMove(**m) for m in raw.get("qualified_moves", ())),
                auxiliary_moves=tuple(Move(**m) for m in raw.get("auxiliary_moves", ())),
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a plan: {error}") from error


def current_plan(county: County) -> Plan:
    """Today's deployment as a plan: every station alone, squads in place, nobody moved."""
    squads = county.squads
    strength = [
        *zip(county.stations.station_id, county.stations.officers.tolist(), strict=True),
        *zip(squads.squad_id, squads.officers.tolist(), strict=True),
        *zip(county.units.unit_id, county.units.officers.tolist(), strict=True),
    ]
    return Plan(
        bundles=tuple(
            sorted(Bundle(centre_id=s, station_ids=(s,)) for s in county.stations.station_id)
        ),
        road_duties=current_road_duties(county),
        strength=tuple(sorted(strength)),
    )


def current_road_duties(county: County) -> tuple[RoadDuty, ...]:
    """Who manages which roads today, sorted."""
    areas = zip(county.squads.squad_id, county.squads.stations, strict=True)
    return tuple(sorted(RoadDuty(station_id=s, duty_id=q) for q, area in areas for s in area))
