"""Roles of a plan in words and tables: auxiliaries who move, and qualifications that go along."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape

from optimizer.errors import Translate
from optimizer.plan import Move, Plan, QualifiedMove
from scenarios.show_table import table
from scenarios.tables import Columns, Sheet, reason_text, sheet_of


def qualification_text(name: str, _: Translate) -> str:
    """Name of a qualification."""
    return {
        "firearm": _("firearm"),
        "case": _("case-handling"),
        "traffic_law": _("traffic law"),
    }[name]


def role_sheets(plan: Plan, name: Mapping[str, str], _: Translate) -> tuple[Sheet, ...]:
    """Moves of auxiliaries, and of holders of qualifications, as tables; none where nobody moves.

    Args:
        plan: The plan.
        name: Name of every station, squad and unit by id.
        _: The planner's language.
    """
    auxiliaries: Columns[Move] = (
        (_("From id"), "text", lambda m: m.from_id),
        (_("From"), "text", lambda m: name[m.from_id]),
        (_("To id"), "text", lambda m: m.to_id),
        (_("To"), "text", lambda m: name[m.to_id]),
        (_("Auxiliaries"), "count", lambda m: m.officers),
        (_("Reason"), "text", lambda m: reason_text(m.reason, _)),
    )
    held: Columns[QualifiedMove] = (
        (_("From id"), "text", lambda m: m.from_id),
        (_("From"), "text", lambda m: name[m.from_id]),
        (_("To id"), "text", lambda m: m.to_id),
        (_("To"), "text", lambda m: name[m.to_id]),
        (_("Qualification"), "text", lambda m: qualification_text(m.qualification, _)),
        (_("Officers"), "count", lambda m: m.officers),
    )
    found = []
    if plan.auxiliary_moves:
        found.append(sheet_of("auxiliary_moves", auxiliaries, plan.auxiliary_moves))
    if plan.qualified_moves:
        found.append(sheet_of("qualified_moves", held, plan.qualified_moves))
    return tuple(found)


def roles_told(plan: Plan, _: Translate) -> tuple[str, ...]:
    """What moves besides officers, and what they are qualified for; empty where nothing does."""
    said = [
        _("{n} auxiliaries: {reason}").format(n=total, reason=reason_text(reason, _))
        for reason in ("bundle", "road_duty", "reassign")
        if (total := sum(m.officers for m in plan.auxiliary_moves if m.reason == reason))
    ]
    for kind in dict.fromkeys(m.qualification for m in plan.qualified_moves):
        number = sum(m.officers for m in plan.qualified_moves if m.qualification == kind)
        said.append(
            _("{n} of the officers reassigned with the qualification {name}").format(
                n=number, name=qualification_text(kind, _)
            )
        )
    return tuple(said)


def show_roles(plan: Plan, name: Mapping[str, str], console: Console, _: Translate) -> None:
    """Print who moves besides officers; nothing where nobody does."""
    moved = [m for m in plan.auxiliary_moves if m.reason == "reassign"]
    if moved:
        found = table(
            _("Auxiliaries reassigned"),
            (_("From"), "left"),
            (_("To"), "left"),
            (_("Auxiliaries"), "right"),
        )
        for m in moved:
            found.add_row(escape(name[m.from_id]), escape(name[m.to_id]), str(m.officers))
        console.print(found)
    for line in roles_told(plan, _):
        console.print(line)
