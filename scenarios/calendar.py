"""China's public holidays and moved working days (调休), as kinds of days.

Moved working days are announced by the State Council each November for the next year only: for
years after that the holidays themselves are known, what is moved for them is not.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast_model import HOLIDAY, MOVED_WORKDAY, ORDINARY, SPRING_FESTIVAL
from optimizer.frozen import IntArray

if TYPE_CHECKING:
    from collections.abc import Iterable

# The Spring Festival falls between these; no other holiday but New Year's Day comes near.
_SPRING = ((1, 15), (2, 28))
_ONE = timedelta(days=1)


def day_kinds(days: NDArray[np.datetime64], calendar: str) -> tuple[IntArray, tuple[int, ...]]:
    """What day each is (`forecast_model.HOLIDAY` and so on), shape (D,).

    Args:
        days: Dates.
        calendar: `china` or `none`.

    Returns:
        The kinds, and the years whose moved working days are not announced.
    """
    kinds = np.full(len(days), ORDINARY, np.int64)
    if calendar == "none":
        return kinds, ()
    dates: list[date] = days.astype("datetime64[D]").tolist()
    years = sorted({d.year for d in dates})
    china = _china(years)
    off = _with_weekends(set(china), china.weekend_workdays)
    for i, day in enumerate(dates):
        if day in china.weekend_workdays:
            kinds[i] = MOVED_WORKDAY
        elif day in off:
            spring = _SPRING[0] <= (day.month, day.day) <= _SPRING[1]
            kinds[i] = SPRING_FESTIVAL if spring else HOLIDAY
    announced = {d.year for d in china.weekend_workdays}
    return kinds, tuple(y for y in years if y not in announced)


def _china(years: Iterable[int]) -> Any:
    from holidays import country_holidays  # a quarter of a second, for whoever forecasts

    years = list(years)
    # Days of one year's holiday may fall into the next.
    return country_holidays("CN", years=range(years[0] - 1, years[-1] + 2))


def _with_weekends(off: set[date], worked: set[date]) -> set[date]:
    """Holidays with the weekend days that touch them, which are no ordinary weekend."""
    found = set(off)
    for day in sorted(off):
        for step in (_ONE, -_ONE):
            near = day + step
            while near.weekday() >= 5 and near not in worked:
                found.add(near)
                near += step
    return found
