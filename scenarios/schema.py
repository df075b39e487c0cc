"""`case.yaml` as a schema: unknown keys refused, all errors at once, exported for editors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizer.errors import WrongValue
from optimizer.policy import Policy
from scenarios.alert_rules import AlertRules
from scenarios.scenario_schema import Block, ScenarioSpec


class Part(BaseModel):
    """Base of every part: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Layer(Part):
    """One file of the case."""

    path: Annotated[str, Field(min_length=1)] = Field(
        description="File, relative to the case folder; / and \\ both work"
    )
    sheet: str | None = Field(
        default=None, description="Sheet of a workbook or layer of a GeoPackage"
    )
    crs: str | None = Field(
        default=None,
        description="Datum: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n; none = what the file carries",
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Jingli's column name -> the file's header"
    )
    origin: Literal["given", "modelled"] = Field(
        default="given", description="Whether the bureau gave the layer or a recipe modelled it"
    )


class StationLayer(Layer):
    """Stations."""

    seat: Literal["given", "median_of_cells"] = Field(
        default="given",
        description="median_of_cells: stations without coordinates stand at the cell with the "
        "fewest alert-minutes to their other cells (modelled)",
    )


class CellLayer(Layer):
    """Demand cells."""

    no_station: tuple[str, ...] = Field(
        default=(),
        description="station_id values that mean 'of no station'; such cells are quarantined",
    )
    rate_period_days: Annotated[float, Field(gt=0)] = Field(
        default=365.0, description="Days that the cells' alert counts cover"
    )

    attributes: Layer | None = Field(
        default=None,
        description="A second file with columns of the cells, joined by cell_id (boundaries in one "
        "file, counts in another)",
    )


class RoadLayer(Layer):
    """Road lines."""

    oneway: bool = Field(default=True, description="Honour the one-way column")
    join: Literal["ends", "crossings"] = Field(
        default="ends",
        description="Where roads meet: at their ends, or wherever lines cross (flyovers too)",
    )
    merge_m: Annotated[float, Field(ge=0, le=50)] = Field(
        default=0.05, description="Road ends this near to each other are one junction, in metres"
    )
    maxspeed: bool = Field(
        default=True,
        description="OpenStreetMap: drive at the tagged limit; else at the speed of the class",
    )
    ferries: bool = Field(default=False, description="Cross water on ferries")
    turn_restrictions: bool = Field(
        default=True, description="OpenStreetMap: honour forbidden turns"
    )


class AlertLayer(Layer):
    """A log of alerts, in one file or many, or in a table of a database."""

    path: str = Field(
        default="",
        description="File, pattern such as alerts/*.csv, or URL: postgresql://…, duckdb://…, "
        "https://…",
    )
    paths: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Several of these, instead of path"
    )

    @model_validator(mode="after")
    def _one_way(self) -> AlertLayer:
        if bool(self.path) == bool(self.paths):
            raise WrongValue("either path or paths", "keep one of the two")
        return self

    @property
    def all_paths(self) -> tuple[str, ...]:
        """What `path` or `paths` name."""
        return self.paths or (self.path,)


class Layers(Part):
    """The files of a case."""

    stations: StationLayer
    cells: CellLayer
    roads: RoadLayer | Literal["modelled"]
    alerts: AlertLayer | None = None
    squads: Layer | None = None
    units: Layer | None = None
    checkpoints: Layer | None = Field(
        default=None,
        description="Checkpoints on main roads (一站一体查): place, hours manned, officers",
    )
    key_areas: Layer | None = Field(
        default=None,
        description="Key areas (重点部位) where police are to be seen: place, minutes, window",
    )
    barriers: Layer | None = Field(
        default=None,
        description="Lines that part neighbours (a river, an expressway without exit), and "
        "crossings with passable: yes",
    )
    boundary: Layer | None = Field(default=None, description="Outline of the county, for the map")


class Period(Part):
    """A part of the day."""

    name: str
    hours: Annotated[float, Field(gt=0, le=24)]


class Rhythm(Part):
    """When alerts fall, for cases that give yearly rates instead of a log."""

    periods: tuple[Period, ...]
    share_fraction: dict[str, tuple[Annotated[float, Field(ge=0, le=1)], ...]] = Field(
        description="Category -> share of its alerts in each period, sum 1; `other` for the rest"
    )
    month_share_fraction: dict[str, tuple[Annotated[float, Field(ge=0, le=1)], ...]] = Field(
        default_factory=dict,
        description="Category -> share of its alerts in each month, sum 1; `other` for the rest",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Rhythm:
        hours = sum(p.hours for p in self.periods)
        if abs(hours - 24.0) > 1e-6:
            raise WrongValue(
                "periods whose hours sum to 24; these sum to {hours}",
                "correct the hours",
                hours=f"{hours:g}",
            )
        for name, table, n in (
            ("share_fraction", self.share_fraction, len(self.periods)),
            ("month_share_fraction", self.month_share_fraction, 12),
        ):
            for category, shares in table.items():
                if len(shares) != n:
                    raise WrongValue(
                        "{n} shares in {key}, one for each period or month; there are {found}",
                        "add or delete shares",
                        n=n,
                        key=f"{name}.{category}",
                        found=len(shares),
                    )
                if abs(sum(shares) - 1.0) > 1e-6:
                    raise WrongValue(
                        "shares in {key} that sum to 1; these sum to {total}",
                        "correct the shares",
                        key=f"{name}.{category}",
                        total=f"{sum(shares):g}",
                    )
        return self


class Origin(Part):
    """Provenance of one layer or column."""

    item: str = Field(description="A layer (roads) or a layer's column (cells.population)")
    origin: Literal["given", "modelled"]
    note: str = ""


class CaseSpec(Part):
    """A case: its files, its policy and its scenarios."""

    jingli: Literal[1] = Field(description="Version of this format")
    name: Annotated[str, Field(min_length=1)]
    attribution: str = Field(default="", description="Sources to print on every map")
    layers: Layers
    alert_rhythm: Rhythm | None = None
    alert_rules: AlertRules = Field(
        default_factory=AlertRules, description="How alerts are read and what is made of them"
    )
    provenance: tuple[Origin, ...] = ()
    policy: Policy = Field(default_factory=Policy)
    default_scenario: str | None = None
    scenarios: dict[str, ScenarioSpec] = Field(
        default_factory=dict, description="What-ifs, besides those in scenarios/*.yaml"
    )
    overrides: dict[str, Block] = Field(
        default_factory=dict, description="Blocks that scenarios share, besides overrides.yaml"
    )
