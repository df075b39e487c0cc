"""How a log of alerts is read: what counts as one call logged twice, and whose codes it uses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimizer.policy_part import Minutes, Part


class Ingest(Part):
    """Reading of the alert log (接警记录)."""

    duplicate_min: Minutes = Field(
        default=10.0,
        description="Alerts of one category at one place within these minutes of the first are "
        "one alert (重复报警); 0 = every row counts",
    )
    category_file: str | None = Field(
        default=None,
        description="The bureau's codes and our categories: CSV with code and category, or YAML "
        "code: category; relative to the case folder",
    )
    categories: dict[str, str] = Field(
        default={}, description="The same in place: the log's code -> category"
    )
    unknown_category: Literal["keep", "other", "quarantine"] = Field(
        default="other",
        description="Codes that a mapping does not know: counted as `other`, set aside, or kept as "
        "they are",
    )
    date_order: Literal["year_first", "day_first", "month_first"] | None = Field(
        default=None,
        description="Order of dates such as 03/04/2026; none = as the column itself shows",
    )
    clock_offset_hours: Annotated[float, Field(ge=-12, le=14)] = Field(
        default=8.0,
        description="Hours ahead of UTC of the county's clock, for seconds since 1970",
    )
