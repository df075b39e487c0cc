"""How a case and its scenario head a table, a map or a page."""

from __future__ import annotations


def case_title(name: str, scenario: str | None) -> str:
    """The name of the county, and of the scenario where there is one."""
    return f"{name} · {scenario}" if scenario else name
