"""Console tables that hold at 80 columns."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table


def table(title: str, *columns: tuple[str, str]) -> Table:
    """An empty table; each column is a header and `left` or `right`. Figures are never broken."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for header, justify in columns:
        made.add_column(
            header,
            justify="right" if justify == "right" else "left",
            overflow="fold",
            no_wrap=justify == "right",
        )
    return made


def verdict_text(text: str, verdict: str) -> str:
    """Text in the colour of its verdict, with a sign for those who cannot see it and for paper."""
    if verdict == "better":
        return f"[green]{escape(text)} ✓[/]"
    if verdict == "worse":
        return f"[red]{escape(text)} ✗[/]"
    return escape(text)
