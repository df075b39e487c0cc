"""Options by which commands on alerts choose which are meant."""

from __future__ import annotations

import click

CATEGORY = click.option(
    "--category", multiple=True, help="Category of alerts; may be repeated; all."
)
HOURS = click.option(
    "--hours", default=None, metavar="FROM-TO", help="Hours of the day, such as 20-02; all."
)
WEEKDAY = click.option(
    "--weekday", default=None, metavar="DAYS", help="Days, such as 1-5 or fri-sun; Monday = 1; all."
)
MONTH = click.option(
    "--month", default=None, metavar="MONTHS", help="Months, such as 6-8 or 12,1,2; all."
)
