"""Rules of bundling (捆绑): sizes, counts, and what the planner decides beforehand."""

from __future__ import annotations

from typing import Annotated

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


class Bundling(Part):
    """Rules of bundling (捆绑)."""

    max_bundle_size: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="Stations in one bundle at the most"
    )
    rural_only: bool = Field(default=True, description="Town stations stay alone")
    max_office_travel_min: Positive = Field(
        default=30.0, description="Minutes from a centre to each of its police offices at the most"
    )
    offices_keep_windows: bool = Field(
        default=True,
        description="A police office keeps its household-registration window; false = where the "
        "centre has a window, those of its police offices close",
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
