"""What a planner hands in for a roster: demand by hour, and what is settled beforehand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from geo.readers import Column, Schema, Source, Table, read_table
from optimizer.errors import InputError, Problem
from optimizer.frozen import IntArray
from optimizer.roster import FREE
from optimizer.roster_demand import HOURS, WEEKDAYS, WeekDemand
from optimizer.roster_task import Absences

_DAYS = (
    ("monday", "mon", "周一", "星期一", "一"),
    ("tuesday", "tue", "周二", "星期二", "二"),
    ("wednesday", "wed", "周三", "星期三", "三"),
    ("thursday", "thu", "周四", "星期四", "四"),
    ("friday", "fri", "周五", "星期五", "五"),
    ("saturday", "sat", "周六", "星期六", "六"),
    ("sunday", "sun", "周日", "周天", "星期日", "星期天", "日"),
)
DEMAND = Schema(
    layer="demand",
    columns=(
        Column(
            name="weekday",
            kind="choice",
            required=True,
            choices={
                text: str(i) for i, names in enumerate(_DAYS, start=1) for text in (str(i), *names)
            },
            aliases=("星期", "周几", "day"),
        ),
        Column(
            name="hour", kind="count", required=True, maximum=23, aliases=("时", "小时", "钟点")
        ),
        Column(
            name="officers", kind="count", required=True, aliases=("民警", "在岗民警", "应在岗民警")
        ),
        Column(
            name="community",
            kind="count",
            default=0,
            aliases=("社区队", "社区民警", "其中社区队", "community_officers"),
        ),
        Column(name="auxiliaries", kind="count", default=0, aliases=("辅警", "应在岗辅警")),
    ),
)
LEAVE = Schema(
    layer="leave",
    columns=(
        Column(name="slot", kind="count", required=True, minimum=1, aliases=("岗位号", "岗位")),
        Column(name="from", kind="time", required=True, aliases=("开始", "开始日期", "start")),
        Column(name="to", kind="time", aliases=("结束", "结束日期", "至", "end")),
        Column(
            name="kind",
            kind="choice",
            required=True,
            choices={
                "leave": "leave", "休假": "leave", "请假": "leave", "年休": "leave",
                "training": "training", "培训": "training", "训练": "training",
                "off": "off", "休息": "off", "不排班": "off",
                "duty": "duty", "固定班": "duty", "值班": "duty",
            },
            aliases=("类别", "类型", "事由"),
        ),
        Column(name="shift", kind="text", aliases=("班次", "班")),
    ),
)  # fmt: skip


def read_demand(path: Path) -> WeekDemand:
    """Heads on duty by weekday and hour, one row each.

    Raises:
        InputError: everything wrong with the file, hours that are missing among it.
    """
    table = _table(path, DEMAND)
    problems = [p for p in table.problems if p.severity == "error"]
    if problems:
        raise InputError(problems)
    found = {
        name: np.full((WEEKDAYS, HOURS), FREE, dtype=np.int64)
        for name in ("officers", "community", "auxiliaries")
    }
    for row in table.frame.to_dict("records"):
        day, hour = int(row["weekday"]) - 1, int(row["hour"])
        if found["officers"][day, hour] != FREE:
            problems.append(
                table.problem(
                    "each hour of each weekday once",
                    "delete one of the two rows",
                    row=int(row["row"]),
                    column="hour",
                    value=hour,
                )
            )
        if int(row["community"]) > int(row["officers"]):
            problems.append(
                table.problem(
                    "at most as many as officers, of whom they are part",
                    "correct one of the two",
                    row=int(row["row"]),
                    column="community",
                    value=row["community"],
                )
            )
        for name, values in found.items():
            values[day, hour] = int(row[name])
    problems += _gaps(table, found["officers"])
    if problems:
        raise InputError(problems)
    return WeekDemand(
        case=found["officers"] - found["community"],
        community=found["community"],
        auxiliary=found["auxiliaries"],
    )


def _gaps(table: Table, officers: IntArray) -> list[Problem]:
    return [
        table.problem(
            "all 24 hours of weekday {weekday}",
            "add the missing hours; 0 where nobody is needed",
            column="hour",
            value=", ".join(str(h) for h in np.flatnonzero(officers[day] == FREE)),
            weekday=day + 1,
        )
        for day in range(WEEKDAYS)
        if (officers[day] == FREE).any()
    ]


def read_absences(
    path: Path, slots: int, start: date, days: int, shifts: tuple[str, ...]
) -> Absences:
    """Leave, training, free days and fixed shifts.

    Args:
        path: The file.
        slots: How many slots there are.
        start: First date of the roster.
        days: Its days.
        shifts: Names of the kinds of shift.

    Raises:
        InputError: everything wrong with the file.
    """
    table = _table(path, LEAVE)
    problems = [p for p in table.problems if p.severity == "error"]
    if problems:
        raise InputError(problems)
    found = Absences.none(slots, days)
    marks = {"leave": found.leave, "training": found.training, "off": found.off}
    taken = np.zeros((slots, days), dtype=np.int64)
    for row in table.frame.to_dict("records"):
        wrong = _row_problems(table, row, slots, start, days, shifts)
        problems += wrong
        if wrong:
            continue
        slot, line = int(row["slot"]) - 1, int(row["row"])
        first, last = _dates(row)
        for day in range((first - start).days, (last - start).days + 1):
            if taken[slot, day]:
                problems.append(
                    table.problem(
                        "each day of a slot once; line {line} has it already",
                        "delete one of the two",
                        row=line,
                        column="from",
                        value=(start + timedelta(days=day)).isoformat(),
                        line=int(taken[slot, day]),
                    )
                )
                break
            taken[slot, day] = line
            if row["kind"] == "duty":
                found.fixed[slot, day] = shifts.index(str(row["shift"]))
            else:
                marks[row["kind"]][slot, day] = True
    if problems:
        raise InputError(problems)
    return found


def _dates(row: dict[Any, Any]) -> tuple[date, date]:
    first = row["from"].date()
    last = row.get("to")
    return first, first if last is None or last != last else last.date()


def _row_problems(
    table: Table,
    row: dict[Any, Any],
    slots: int,
    start: date,
    days: int,
    shifts: tuple[str, ...],
) -> list[Problem]:
    line, found = int(row["row"]), []
    end = start + timedelta(days=days - 1)
    first, last = _dates(row)
    if not 1 <= int(row["slot"]) <= slots:
        found.append(
            table.problem(
                "a slot from 1 to {slots}",
                "correct it, or give the roster more slots (--officers)",
                row=line,
                column="slot",
                value=row["slot"],
                slots=slots,
            )
        )
    if last < first:
        found.append(
            table.problem(
                "a last day that is not before the first",
                "swap the two",
                row=line,
                column="to",
                value=last.isoformat(),
            )
        )
    elif first < start or last > end:
        found.append(
            table.problem(
                "days within the roster, {start} to {end}",
                "cut it to the roster, or change --start or --weeks",
                row=line,
                column="from" if first < start else "to",
                value=(first if first < start else last).isoformat(),
                start=start.isoformat(),
                end=end.isoformat(),
            )
        )
    if row["kind"] == "duty" and row.get("shift") not in shifts:
        found.append(
            table.problem(
                "one of the shifts {shifts}",
                "correct it",
                row=line,
                column="shift",
                value=row.get("shift"),
                shifts=", ".join(shifts),
            )
        )
    return found


def _table(path: Path, schema: Schema) -> Table:
    return read_table(Source(layer=schema.layer, path=path, shown=str(path), strict=True), schema)
