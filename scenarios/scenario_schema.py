"""Scenario files as a schema: what a what-if may change, each key with its unit.

A scenario is a block of overrides with a name, parents (`extends`) and named blocks (`overrides`).
Everything a block can say stands under `policy`, `stations`, `squads`, `units`, `alerts` and
`roads`, so that `--set alerts.factor=1.2` and a file spell a key the same way.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from optimizer.errors import WrongValue

Point = tuple[float, float]
Count = Annotated[int, Field(ge=0)]
NotNegative = Annotated[float, Field(ge=0)]
Month = Annotated[int, Field(ge=1, le=12)]


def _listed(value: Any) -> Any:
    """One name may stand without the brackets of a list."""
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Months = Annotated[tuple[Month, ...], BeforeValidator(_listed)]
Hours = Annotated[
    str,
    Field(
        pattern=r"^\d{1,2}-\d{1,2}$",
        description="From-to in whole hours of the day, such as 20-06; spread evenly within the "
        "periods of the case's rhythm",
    ),
]


class Part(BaseModel):
    """Base of every part: frozen, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True
    )


class Item(Part):
    """One named change; its reason is printed wherever the change is."""

    reason: str | None = Field(default=None, description="Why; default: the block's reason")


class StationChange(Item):
    """What changes at one station, named by id or by name."""

    open: bool | None = Field(default=None, description="true: a new station, opened at `at`")
    close: bool | None = Field(default=None, description="true: the station is not there")
    name: str | None = Field(default=None, description="Name of a new station; default: its key")
    at: Point | None = Field(default=None, description="Seat: longitude, latitude")
    kind: Literal["urban", "rural"] | None = None
    officers: Count | None = Field(default=None, description="Officers in post (实有)")
    add_officers: int | None = Field(default=None, description="Officers more, or fewer (negative)")
    authorised_officers: Count | None = Field(default=None, description="Establishment (编制)")
    add_authorised_officers: int | None = None
    auxiliaries: Count | None = Field(default=None, description="Auxiliaries (辅警)")
    add_auxiliaries: int | None = None
    max_officers: Count | None = Field(default=None, description="Officers the building holds")
    can_bundle: bool | None = None
    can_host: bool | None = None
    has_window: bool | None = None
    takes_cells: Names | None = Field(default=None, description="Cells it becomes responsible for")
    takes_townships: Names | None = Field(default=None, description="Townships likewise")
    cells_to: str | None = Field(
        default=None, description="Closing: the station that takes all its cells; default: each "
        "cell goes to the neighbouring open station nearest by road"
    )  # fmt: skip
    officers_to: str | None = Field(
        default=None, description="Closing: the station that takes its officers; default: shared "
        "over the stations that take its cells, by their alerts"
    )  # fmt: skip


class SquadChange(Item):
    """What changes at one traffic squad."""

    officers: Count | None = None
    add_officers: int | None = None
    stations: Names | None = Field(default=None, description="Stations whose roads it manages")


class UnitChange(Item):
    """What changes at one functional unit."""

    officers: Count | None = None
    add_officers: int | None = None
    authorised_officers: Count | None = None
    add_authorised_officers: int | None = None
    required_officers: NotNegative | None = None
    can_give: bool | None = None
    can_receive: bool | None = None


class Where(Item):
    """Which cells: all that every given key names; none given = all."""

    cells: Names | None = None
    townships: Names | None = None
    stations: Names | None = Field(
        default=None, description="Cells of these stations, as in the case's files"
    )
    inside: tuple[Point, ...] | None = Field(
        default=None, min_length=3, description="Cells whose point lies in this ring of lon, lat"
    )


class AlertFactor(Where):
    """Alerts times a factor."""

    factor: NotNegative | None = None
    categories: Names | None = None
    months: Months | None = Field(default=None, description="1-12; default: all year")
    hours: Hours | None = None


class Place(Item):
    """A place that is not there yet, such as a housing estate."""

    at: Point | None = Field(default=None, description="Longitude, latitude")
    cell: str | None = Field(default=None, description="Or the cell it lies in")
    population: NotNegative | None = Field(default=None, description="Residents more")
    alerts_per_year: NotNegative | None = Field(
        default=None, description="Alerts more; default: as many per resident as in its township"
    )
    categories: dict[str, NotNegative] | None = Field(
        default=None, description="Their parts by category; default: the township's mix"
    )


class Event(Where):
    """A day on which more happens, such as a fair."""

    at: Point | None = Field(default=None, description="Longitude, latitude of the place")
    alerts: NotNegative | None = Field(default=None, description="Alerts more on one such day")
    days: Annotated[int, Field(ge=1, le=366)] | None = Field(
        default=None, description="Such days a year; default 1"
    )
    categories: dict[str, NotNegative] | None = Field(
        default=None, description="Their parts by category; default: the place's mix"
    )
    hours: Hours | None = None


class AsIn(Item):
    """The part of the year that stands for the whole."""

    months: Months | None = Field(
        default=None, description="Rates as in these months, counted up to a year"
    )
    event: str | None = Field(default=None, description="Every day as on the days of this event")


class AlertChanges(Item):
    """What changes in the alerts."""

    forecast: bool | None = Field(
        default=None,
        description="true: the rates are the forecast of the planning year (alert_rules.forecast); "
        "false: the log's past; default: as case.yaml says",
    )
    factor: NotNegative | None = Field(default=None, description="All alerts times this")
    factors: dict[str, AlertFactor | None] | None = None
    places: dict[str, Place | None] | None = None
    events: dict[str, Event | None] | None = None
    as_in: AsIn | None = None


class Closure(Item):
    """A road that cannot be used, told in one of seven ways."""

    near: Point | None = Field(
        default=None, description="The road nearest to this point is cut there (a bridge)"
    )
    across: tuple[Point, ...] | None = Field(
        default=None, min_length=2, description="Every road is cut where it crosses this line"
    )
    inside: tuple[Point, ...] | None = Field(
        default=None, min_length=3, description="All road inside this ring is closed"
    )
    name: str | None = Field(default=None, description="The whole road of this name")
    id: Names | None = Field(
        default=None, min_length=1, description="Whole roads by their road_id in the road layer"
    )
    between: Annotated[Names, Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="The road that joins two stations or cells directly"
    )
    drawn: str | None = Field(
        default=None, description="GeoJSON, GeoPackage or Shapefile in the case folder, or one "
        "feature of it (FILE#name or id): lines as `across`, areas as `inside`"
    )  # fmt: skip
    length_m: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Length of the cut with `near` and `across`; default 20 m"
    )


class Speed(Item):
    """Speeds times a factor, on all roads or some."""

    factor: Annotated[float, Field(gt=0)] | None = None
    classes: Names | None = Field(default=None, description="Road classes; default: all")
    name: str | None = Field(default=None, description="The road of this name; default: all")
    id: Names | None = Field(
        default=None, min_length=1, description="Roads by their road_id; default: all"
    )
    inside: tuple[Point, ...] | None = Field(
        default=None, min_length=3, description="Only inside this ring; default: everywhere"
    )
    months: Months | None = Field(
        default=None, description="1-12; the factor counts by these months' share of the alerts"
    )
    hours: Hours | None = Field(
        default=None, description="Such as 07-09; the factor counts by these hours' share of them"
    )


class NewRoad(Item):
    """A road that is not there yet; it joins the roads that it meets."""

    line: tuple[Point, ...] | None = Field(
        default=None, min_length=2, description="Points along it: longitude, latitude"
    )
    drawn: str | None = Field(
        default=None, description="Or a GeoJSON, GeoPackage or Shapefile in the case folder with "
        "its lines, or one feature of it: FILE#name or id"
    )  # fmt: skip
    road_class: str = Field(default="county", description="Road class; `ferry` for a ferry")
    speed_km_per_h: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Speed; default: the policy's for the class"
    )
    oneway: bool = Field(default=False, description="Only from its first point to its last")
    grade_separated: bool | None = Field(
        default=None, description="true: it meets other roads at its ends only; default: false, "
        "true for expressways and ferries"
    )  # fmt: skip
    join_m: Annotated[float, Field(ge=0, le=5000)] | None = Field(
        default=None, description="How far its ends may be from the roads they join; default 100"
    )
    dead_end: bool = Field(
        default=False, description="true: an end further off than that joins nothing"
    )


class RoadChanges(Item):
    """What changes on the roads."""

    speed_factor: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="All speeds times this"
    )
    speeds: dict[str, Speed | None] | None = None
    close: dict[str, Closure | None] | None = None
    ferries: bool | None = Field(
        default=None, description="true: the ferries of the road layer run; false: they do not"
    )
    new: dict[str, NewRoad | None] | None = None
    cut_off: Literal["refuse", "nearest"] | None = Field(
        default=None, description="Cells that their station no longer reaches: refuse (default) "
        "the scenario, or give them to the station that reaches them first"
    )  # fmt: skip


class NewBarrier(Item):
    """A barrier that is not there yet, or a crossing."""

    line: tuple[Point, ...] | None = Field(
        default=None, min_length=2, description="Points along it: longitude, latitude"
    )
    at: Point | None = Field(default=None, description="A crossing: longitude, latitude")
    passable: bool | None = Field(
        default=None, description="true: a crossing (a bridge); it joins what barriers part there"
    )


class BarrierChanges(Item):
    """What changes in the barriers between neighbours."""

    add: dict[str, NewBarrier | None] | None = None
    remove: Names | None = Field(default=None, description="Barriers or crossings, by name")


class Changes(Part):
    """All changes of data; relative to the case's files."""

    stations: dict[str, StationChange | None] = Field(default_factory=dict)
    squads: dict[str, SquadChange | None] = Field(default_factory=dict)
    units: dict[str, UnitChange | None] = Field(default_factory=dict)
    alerts: AlertChanges = Field(default_factory=AlertChanges)
    roads: RoadChanges = Field(default_factory=RoadChanges)
    barriers: BarrierChanges = Field(default_factory=BarrierChanges)


DATA_KEYS = tuple(Changes.model_fields)

# Keys of which the later one in a chain of overrides drops the earlier ones; two of them in one
# block are two overrides of one thing.
RIVALS: tuple[frozenset[str], ...] = (
    frozenset({"officers", "add_officers"}),
    frozenset({"authorised_officers", "add_authorised_officers"}),
    frozenset({"auxiliaries", "add_auxiliaries"}),
    frozenset({"near", "across", "inside", "name", "id", "between", "drawn"}),
    frozenset({"line", "drawn"}),
    frozenset({"line", "at"}),
    frozenset({"at", "cell"}),
    frozenset({"months", "event"}),
)


def has_rivals(path: tuple[str, ...]) -> bool:
    """Whether keys stand for each other there; selectors of alerts and speeds narrow each other."""
    return path[:2] not in (("alerts", "factors"), ("alerts", "events"), ("roads", "speeds"))


class Block(Changes):
    """Overrides that belong together."""

    reason: str = Field(default="", description="Why, for every override of the block")
    crs: str = Field(
        default="WGS84",
        description="Datum of all points of the block: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n",
    )
    policy: dict[str, Any] = Field(
        default_factory=dict,
        description="Policy values that differ; mappings are merged, lists replaced; the first "
        "key may be dotted (bundling.centres)",
    )


class NamedBlock(Block):
    """An entry of a scenario's `overrides`: the name of a block, or a block written out."""

    use: str | None = Field(default=None, description="Name of a block of the case")
    name: str | None = Field(default=None, description="Name of a block written out here")

    @model_validator(mode="before")
    @classmethod
    def _just_a_name(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _either(self) -> NamedBlock:
        if self.use is not None and self.model_fields_set != {"use"}:
            raise WrongValue(
                "either the name of a block or a block written out", "delete one of the two"
            )
        return self


class ScenarioSpec(Block):
    """A named what-if."""

    description: str = ""
    extends: Names = Field(
        default=(), description="Scenarios it starts from, in order; the later one wins"
    )
    overrides: tuple[NamedBlock, ...] = Field(
        default=(), description="Blocks applied after the parents and before its own values"
    )
