"""A reassignment on the console, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from optimizer.errors import Translate
from optimizer.reassignment import FrontierPoint
from optimizer.reassignment_task import Answer
from optimizer.result import Status
from scenarios.provenance import modelled_text
from scenarios.reassign import Months, ReassignStudy, Side
from scenarios.reassign_tables import holders_text, role_text, transfers_of
from scenarios.show_lines import Cell, Column, grid, listed_in, say_lines
from scenarios.titles import case_title

_POINTS = 10
_MOVES = 40


def show_reassign(study: ReassignStudy, console: Console, _: Translate) -> None:
    """Print the comparison, the moves, the units, what each move buys, and what was asked for."""
    name = case_title(study.loaded.county.name, study.opened.scenario)
    say_lines(f"{name} · {_('reassignment')}", console, "bold")
    _show_sides(study, console, _)
    say_lines(proof_line(study.found, _), console)
    if study.found.objective is None:
        if study.ways_out:
            text = _("Leaving out any one of these rules would help: {rules}.")
            say_lines(text.format(rules=listed_in(study.ways_out, _)), console)
        return
    _show_moves(study, console, _)
    _show_units(study, console, _)
    _show_points(study, console, _)
    if study.months is not None:
        _show_months(study, study.months, console, _)
    if study.recruits:
        _show_recruits(study, console, _)
    if study.auxiliaries is not None:
        text = _("Auxiliaries: {n} move. {proof}")
        said = text.format(n=study.auxiliaries.moves, proof=proof_line(study.auxiliaries, _))
        say_lines(said, console)
    _show_notes(study, console, _)


def proof_line(found: Answer, _: Translate) -> str:
    """What is known of an answer."""
    if found.status is Status.OPTIMAL:
        return _(
            "Proven: no other choice under these rules has a lower imbalance, prices included."
        )
    if found.objective is not None and found.bound is not None:
        text = _("Not proven: objective {value}, bound {bound}; the time limit ran out.")
        return text.format(value=f"{found.objective:.3f}", bound=f"{found.bound:.3f}")
    if found.status is Status.INFEASIBLE:
        return _("Proven: no choice of moves keeps all rules.")
    return _("The time limit ran out before an answer or a proof.")


def _print(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    for line in grid(columns, rows, console.width):
        console.print(line)


def _heading(text: str, console: Console) -> None:
    console.print()
    say_lines(text, console, "bold")


def _show_sides(study: ReassignStudy, console: Console, _: Translate) -> None:
    sides: list[tuple[str, Side | None]] = [(_("Today, in the plan's units"), study.before)]
    if study.stated is not None:
        inflows = study.loaded.policy.staffing.inflows
        said = _("Scenario's plan")
        if inflows:
            to = {
                "urban_stations": _("town stations"),
                "rural_stations": _("rural stations"),
                "functional_units": _("functional units"),
                "other_units": _("other units"),
            }
            parts = listed_in((f"{to[i.to]} +{i.officers}" for i in inflows), _)
            said = _("{plan} ({inflows})").format(plan=said, inflows=parts)
        sides.append((said, study.stated))
    sides.append((_("Free optimum"), study.then))
    _print(
        console,
        [
            Column(header=_("Strength"), gives_way=True),
            Column(header=_("Moves"), figures=True),
            Column(header=_("Imbalance"), figures=True),
            Column(header=_("Mismatch"), figures=True),
        ],
        [
            (said, str(s.moves), f"{s.imbalance:.2f}", f"{s.mismatch_fraction:.1%}")
            for said, s in sides
            if s is not None
        ],
    )


def _show_moves(study: ReassignStudy, console: Console, _: Translate) -> None:
    every = transfers_of(study)
    _heading(_("Moves, by head count"), console)
    if not every:
        say_lines(_("Nobody moves: no move would gain anything."), console)
        return
    _print(
        console,
        [
            Column(header=_("From"), gives_way=True),
            Column(header=_("To"), gives_way=True),
            Column(header=_("People"), figures=True),
            Column(header=_("Minutes"), figures=True),
            Column(header=_("Of them"), gives_way=True),
        ],
        [
            (
                study.name(t.giver),
                study.name(t.taker),
                str(t.people),
                f"{task.way_min[t.giver, t.taker]:.0f}",
                holders_text(task, t, _) if task.role == "officer" else role_text(task, _),
            )
            for task, t in every[:_MOVES]
        ],
    )
    if len(every) > _MOVES:
        say_lines(_("… and {n} more in transfers.csv.").format(n=len(every) - _MOVES), console)


def _show_units(study: ReassignStudy, console: Console, _: Translate) -> None:
    """Units whose strength differs in any of the columns, the largest change first."""
    task, then, stated = study.board.officers, study.then, study.stated
    assert then is not None
    changed = [
        u
        for u in range(len(study.board.needs))
        if then.officers[u] != task.before[u]
        or (stated is not None and stated.officers[u] != task.before[u])
    ]
    if not changed:
        return
    _heading(_("Units that change: officers"), console)
    order = sorted(changed, key=lambda u: (int(task.before[u] - then.officers[u]), u))
    rows: list[list[Cell]] = []
    for u in order:
        now, best = int(task.before[u]), int(then.officers[u])
        row: list[Cell] = [study.name(u), f"{task.target[u]:.1f}", str(now)]
        if stated is not None:
            row.append(str(int(stated.officers[u])))
        rows.append([*row, str(best), f"{best - now:+d}"])
    columns = [
        Column(header=_("Unit"), gives_way=True),
        Column(header=_("Target"), figures=True),
        Column(header=_("Today"), figures=True),
    ]
    if stated is not None:
        columns.append(Column(header=_("Scenario's plan"), figures=True))
    columns += [
        Column(header=_("Free optimum"), figures=True),
        Column(header=_("Change"), figures=True),
    ]
    _print(console, columns, rows)


def _some(points: Sequence[FrontierPoint], keep: set[int]) -> list[FrontierPoint]:
    """Some points, evenly, with both ends and those of the moves to keep."""
    last = len(points) - 1
    wanted = {round(i * last / (_POINTS - 1)) for i in range(_POINTS)}
    return [p for i, p in enumerate(points) if i in wanted or p.moves in keep]


def _show_points(study: ReassignStudy, console: Console, _: Translate) -> None:
    if len(study.points) < 2:
        return
    _heading(_("What each further move buys"), console)
    keep = {study.found.moves} | ({study.knee.moves} if study.knee else set())
    rows: list[list[Cell]] = []
    for p in _some(study.points, keep):
        marks = []
        if p == study.knee:
            marks.append(_("knee"))
        if p.moves == study.found.moves:
            marks.append(_("free optimum"))
        gain = f"{p.gain:.3f}" if p is not study.points[0] else "-"
        rows.append(
            [
                str(p.moves),
                f"{p.imbalance:.2f}",
                gain,
                f"{p.mismatch_fraction:.1%}",
                listed_in(marks, _) if marks else "",
            ]
        )
    _print(
        console,
        [
            Column(header=_("Moves"), figures=True),
            Column(header=_("Imbalance"), figures=True),
            Column(header=_("Gain of the move"), figures=True),
            Column(header=_("Mismatch"), figures=True),
            Column(header="", gives_way=True),
        ],
        rows,
    )
    whole = study.points[-1].moves - study.points[0].moves + 1
    if len(study.points) < whole:
        said = _("Computed at {n} of {whole} numbers of moves; between them nothing is claimed.")
        say_lines(said.format(n=len(study.points), whole=whole), console)


def _show_months(study: ReassignStudy, months: Months, console: Console, _: Translate) -> None:
    _heading(_("By month"), console)
    if not months.phases:
        text = (
            _("These months are too few: bundles are switched on too late, or too few may move.")
            if months.proof.status is Status.INFEASIBLE
            else _("The time limit ran out before an answer or a proof.")
        )
        say_lines(text, console)
        return
    rows: list[list[Cell]] = []
    for m in months.phases:
        who = (f"{study.name(t.giver)}→{study.name(t.taker)} {t.people}" for t in m.transfers)
        rows.append(
            [
                str(m.month),
                str(m.moved),
                f"{m.imbalance:.2f}",
                f"{m.mismatch_fraction:.1%}",
                listed_in(who, _) if m.transfers else "-",
            ]
        )
    _print(
        console,
        [
            Column(header=_("Month"), figures=True),
            Column(header=_("Moved so far"), figures=True),
            Column(header=_("Imbalance"), figures=True),
            Column(header=_("Mismatch"), figures=True),
            Column(header=_("Moves"), gives_way=True),
        ],
        rows,
    )
    if months.proof.status is Status.OPTIMAL:
        say_lines(
            _("Proven: no other order has a lower imbalance summed over the months."), console
        )
    if months.from_rollout:
        text = _("A bundle's officers leave from the month in which it is switched on.")
        say_lines(text, console, "dim")
    elif any(b.office_ids for b in study.plan.bundles):
        text = _(
            "Moves do not wait for the bundles: no order of them was found; see jingli rollout."
        )
        say_lines(text, console, "dim")


def _show_recruits(study: ReassignStudy, console: Console, _: Translate) -> None:
    _heading(_("{n} more recruits, in order").format(n=len(study.recruits)), console)
    rows: list[list[Cell]] = [
        [
            str(i),
            study.name(r.unit),
            str(r.officers),
            f"{r.gain:.3f}",
            f"{r.mismatch_fraction:.1%}",
        ]
        for i, r in enumerate(study.recruits, start=1)
    ]
    _print(
        console,
        [
            Column(header=_("Recruit"), figures=True),
            Column(header=_("Unit"), gives_way=True),
            Column(header=_("Officers then"), figures=True),
            Column(header=_("Gain"), figures=True),
            Column(header=_("Mismatch"), figures=True),
        ],
        rows,
    )


def _show_notes(study: ReassignStudy, console: Console, _: Translate) -> None:
    console.print()
    if study.is_free:
        text = _(
            "The free optimum keeps every rule but the stated inflows and that only bundles give."
        )
        say_lines(text, console, "dim")
    text = _(
        "Imbalance: squared distance from the target over the target, summed; the target is the "
        "share of the workload. Mismatch: share of the workload that sits where officers do not."
    )
    say_lines(text, console, "dim")
    if len(study.board.officers.qualified) > 1:
        text = _(
            "Counts do not say who holds several qualifications; one person may count for each."
        )
        say_lines(text, console, "dim")
    items = modelled_text(study.loaded.county.provenance, _)
    if items:
        say_lines(_("Modelled: {items}").format(items=items), console, "dim")
