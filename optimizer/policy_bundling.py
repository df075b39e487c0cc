"""Rules of bundling (捆绑): sizes, counts, and what the planner decides beforehand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimizer.policy_part import Count, NotNegative, Part, Positive


class Locks(Part):
    """Decisions that the planner makes beforehand. Station ids throughout."""

    together: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Groups whose stations end in one bundle"
    )
    apart: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Groups no two of whose stations share a bundle"
    )
    keep: tuple[str, ...] = Field(default=(), description="Stations that stay alone")
    host: tuple[str, ...] = Field(
        default=(), description="Stations that stay a centre or alone, never a police office"
    )
    fix: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Centre -> its stations: bundles that stay exactly so, a lone station with "
        "none or itself",
    )
    free: tuple[str, ...] = Field(
        default=(), description="Stations whose bundle under `fix` is not fixed after all"
    )


class Changes(Part):
    """Staying near a plan that is there already: how many stations get another centre."""

    from_centres: dict[str, str] = Field(
        default={},
        description="Centre of each station in that plan; a station not named is its own centre, "
        "so that nothing named is today",
    )
    max_stations: Count | None = Field(
        default=None, description="Stations with another centre than there at the most; none = free"
    )
    price_per_station: NotNegative = Field(
        default=0.0, description="Price of each such station, in officers"
    )


class Bundling(Part):
    """Rules of bundling (捆绑)."""

    max_bundle_size: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="Stations in one bundle at the most"
    )
    rural_only: bool = Field(default=True, description="Town stations stay alone")
    max_office_travel_min: Positive = Field(
        default=30.0, description="Minutes from a centre to each of its police offices at the most"
    )
    offices_keep_windows: bool | Literal["far"] = Field(
        default=True,
        description="A police office keeps its household-registration window; false = where the "
        "centre has a window, those of its police offices close; far = of these, only those whose "
        "residents all have at most equity.max_window_km to the centre's (no limit: all)",
    )
    centres: Count | None = Field(
        default=None, description="Exact number of bundles of two or more; none = free"
    )
    stations_bundled: Count | None = Field(
        default=None, description="Exact number of stations in such bundles; none = free"
    )
    min_officers_freed: NotNegative | None = Field(
        default=None, description="Required officers must fall by at least this; none = free"
    )
    locks: Locks = Field(default_factory=Locks)
    barriers: tuple[tuple[str, str], ...] = Field(
        default=(),
        description="Pairs of neighbouring stations that do not count as neighbours (a river, an "
        "expressway without exit)",
    )
    changes: Changes = Field(default_factory=Changes)
