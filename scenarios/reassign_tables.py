"""The tables of a reassignment, headers translated, for files, workbook and console."""

from __future__ import annotations

from optimizer.errors import Translate
from optimizer.reassignment_task import RoleTask, Transfer
from scenarios.reassign import ReassignStudy
from scenarios.role_tables import qualification_text
from scenarios.tables import Cell, Kind, Sheet, kind_text


def role_text(task: RoleTask, _: Translate) -> str:
    """Name of a role."""
    return _("officers") if task.role == "officer" else _("auxiliaries")


def transfers_of(study: ReassignStudy) -> list[tuple[RoleTask, Transfer]]:
    """All transfers, officers first."""
    found = [(study.board.officers, t) for t in study.found.transfers]
    if study.board.auxiliaries is not None and study.auxiliaries is not None:
        found += [(study.board.auxiliaries, t) for t in study.auxiliaries.transfers]
    return found


def holders_text(task: RoleTask, transfer: Transfer, _: Translate) -> str:
    """How many of those who move hold which qualification; empty where no rule asks."""
    said = [
        f"{qualification_text(rule.name, _)} {n}"
        for rule, n in zip(task.qualified, transfer.holders, strict=False)
        if n
    ]
    return _("; ").join(said)


def reassign_sheets(study: ReassignStudy, _: Translate) -> tuple[Sheet, ...]:
    """Every table that has rows."""
    made = (
        _transfers(study, _),
        _units(study, _),
        _frontier(study, _),
        _months(study, _),
        _recruits(study, _),
    )
    return tuple(sheet for sheet in made if sheet.rows)


def _sheet(
    name: str,
    title: str,
    columns: list[tuple[str, Kind]],
    rows: list[tuple[Cell, ...]],
) -> Sheet:
    return Sheet(
        name=name,
        title=title,
        header=tuple(header for header, _kind in columns),
        kinds=tuple(kind for _header, kind in columns),
        rows=tuple(rows),
    )


def _transfers(study: ReassignStudy, _: Translate) -> Sheet:
    needs = study.board.needs
    return _sheet(
        "transfers",
        _("Moves"),
        [
            (_("Role"), "text"), (_("From id"), "text"), (_("From"), "text"), (_("To id"), "text"),
            (_("To"), "text"), (_("People"), "count"), (_("Minutes"), "minutes"),
            (_("Of them"), "text"),
        ],
        [
            (
                role_text(task, _),
                needs[t.giver].unit_id,
                study.name(t.giver),
                needs[t.taker].unit_id,
                study.name(t.taker),
                t.people,
                float(task.way_min[t.giver, t.taker]),
                holders_text(task, t, _),
            )
            for task, t in transfers_of(study)
        ],
    )  # fmt: skip


def _units(study: ReassignStudy, _: Translate) -> Sheet:
    task = study.board.officers
    stated, then = study.stated, study.then
    columns: list[tuple[str, Kind]] = [
        (_("Id"), "text"), (_("Unit"), "text"), (_("Kind"), "text"),
        (_("Alerts a year"), "number"), (_("Officers required"), "number"),
        (_("Target"), "number"), (_("Today"), "count"), (_("Scenario's plan"), "count"),
        (_("Free optimum"), "count"), (_("Change"), "count"),
    ]  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for u, need in enumerate(study.board.needs):
        now = int(task.before[u])
        best = None if then is None else int(then.officers[u])
        rows.append(
            (
                need.unit_id,
                study.name(u),
                kind_text(need.kind, _),
                study.alerts[u] if need.station_ids else None,
                need.required_officers,
                float(task.target[u]),
                now,
                None if stated is None else int(stated.officers[u]),
                best,
                None if best is None else best - now,
            )
        )
    return _sheet("units", _("Units"), columns, rows)


def _frontier(study: ReassignStudy, _: Translate) -> Sheet:
    return _sheet(
        "frontier",
        _("What each move buys"),
        [
            (_("Moves"), "count"), (_("Imbalance"), "load"), (_("Gain of the move"), "load"),
            (_("Mismatch"), "fraction"), (_("Knee"), "text"),
        ],
        [
            (
                p.moves,
                p.imbalance,
                p.gain if i else None,
                p.mismatch_fraction,
                _("yes") if p == study.knee else "",
            )
            for i, p in enumerate(study.points)
        ],
    )  # fmt: skip


def _months(study: ReassignStudy, _: Translate) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    if study.months is not None:
        rows = [
            (
                m.month,
                study.name(t.giver),
                study.name(t.taker),
                t.people,
                m.moved,
                m.imbalance,
                m.mismatch_fraction,
            )
            for m in study.months.phases
            for t in m.transfers
        ]
    return _sheet(
        "months",
        _("By month"),
        [
            (_("Month"), "count"), (_("From"), "text"), (_("To"), "text"), (_("People"), "count"),
            (_("Moved so far"), "count"), (_("Imbalance"), "load"), (_("Mismatch"), "fraction"),
        ],
        rows,
    )  # fmt: skip


def _recruits(study: ReassignStudy, _: Translate) -> Sheet:
    return _sheet(
        "recruits",
        _("Recruits"),
        [
            (_("Recruit"), "count"), (_("Id"), "text"), (_("Unit"), "text"),
            (_("Gain"), "load"), (_("Officers then"), "count"), (_("Mismatch"), "fraction"),
        ],
        [
            (
                i,
                study.board.needs[r.unit].unit_id,
                study.name(r.unit),
                r.gain,
                r.officers,
                r.mismatch_fraction,
            )
            for i, r in enumerate(study.recruits, start=1)
        ],
    )  # fmt: skip
