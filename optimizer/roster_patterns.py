"""Names of the shift patterns (班次模式); light, so that the command line can list them."""

from __future__ import annotations

from typing import Literal

Pattern = Literal["three_shift", "24on48off", "day_night", "two_team", "custom"]
PATTERNS: tuple[Pattern, ...] = ("three_shift", "24on48off", "day_night", "two_team", "custom")
