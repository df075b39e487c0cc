"""Chapter 8: how the plan was found, in plain words, and what its proof means and does not mean."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.result import Proof, Status
from scenarios.report.blocks import Block, Bullets, Heading, Paragraph, TableBlock
from scenarios.report.material import Material
from scenarios.report.wording import one, percent, whole
from scenarios.show import step_text


def method(m: Material) -> Iterator[Block]:
    """The chapter."""
    _ = m.translate
    yield Heading(text=_("Method, and how far to trust it"))
    yield Heading(text=_("How officers and minutes are reckoned"), level=2)
    yield Bullets(items=tuple(_reckoned(m)))
    yield Heading(text=_("How the plan was chosen"), level=2)
    yield Paragraph(
        text=_(
            "Three decisions follow one another: which stations share a centre, who takes over "
            "which managed roads, and who gives officers to whom. Each is solved by an exact "
            "method, on what the one before decided. A better plan for the chain as a whole is "
            "therefore not ruled out, even where every stage is proven."
        )
    )
    yield _proofs(m)
    yield Bullets(items=tuple(_meaning(m)))


def _reckoned(m: Material) -> Iterator[str]:
    _, county, policy = m.translate, m.run.loaded.county, m.run.loaded.policy
    yield _(
        "Response: {turnout} min turn-out plus the drive by road from the seat of the responsible "
        "station to each of {cells} cells, weighted by alerts ({alerts} a year)."
    ).format(
        turnout=one(policy.response.turnout_min),
        cells=whole(len(county.cells)),
        alerts=whole(m.plan.alerts_per_year),
    )
    yield _(
        "Crews: as many as queueing theory (Erlang C) needs so that at most {share} of alerts wait "
        "over {wait} min for a free crew, in the busiest of {periods} parts of the day; drive and "
        "minutes on scene count as work."
    ).format(
        share=percent(policy.crews.max_wait_share_fraction),
        wait=one(policy.crews.max_wait_min),
        periods=whole(len(county.period_names)),
    )
    yield _(
        "Officers required: crews and duty posts times {relief} (168 hours a week over {hours} "
        "effective hours of one officer), plus windows, case work, community work and managed "
        "roads."
    ).format(
        relief=one(policy.crews.relief_factor), hours=one(policy.crews.effective_hours_per_week)
    )
    yield _(
        "Price of a bundle: one required officer counts {officer}; every thousand extra "
        "alert-minutes of response a year count {response}. The weights are the bureau's choice, "
        "and another choice gives another plan."
    ).format(
        officer=f"{policy.weights.officers:g}",
        response=f"{policy.weights.response_per_1000_alert_min:g}",
    )


def _proofs(m: Material) -> TableBlock:
    _ = m.translate
    aims = {
        "bundling": _("officers required, with the price of longer ways"),
        "traffic": _("managed road per officer at the most loaded unit"),
        "staffing": _("deviation of strength from workload"),
        "auxiliaries": _("deviation of auxiliaries from workload"),
    }
    return TableBlock(
        caption=_("Stages, and what was proven"),
        header=(_("Stage"), _("What is made least"), _("Status"), _("Value"), _("Bound"), _("Gap")),
        rows=tuple(
            (step_text(p.stage, _), aims.get(p.stage, p.stage), *_proof(m, p))
            for p in m.run.result.proofs
        ),
        align=("left", "left", "left", "right", "right", "right"),
        note=_(
            "Bound: no plan of the stage can have a lower value. Gap: how far the plan lies above "
            "the bound."
        ),
        width_share=(1.3, 2.6, 1.1, 1.6, 1.0, 0.8),
    )


def _proof(m: Material, proof: Proof) -> tuple[str, str, str, str]:
    _ = m.translate
    if proof.stage == "traffic" and proof.objective == 0.0:
        return (_("nothing to decide"), "–", "–", "–")
    gap = proof.gap_fraction
    return (
        proof.status.value,
        "–" if proof.objective is None else f"{proof.objective:,.3f} {_(proof.objective_unit)}",
        _("not known") if proof.bound is None else f"{proof.bound:,.3f}",
        _("not known") if gap is None else f"{gap:.2%}",
    )


def _meaning(m: Material) -> Iterator[str]:
    _, proofs = m.translate, m.run.result.proofs
    found = {p.status for p in proofs}
    if Status.OPTIMAL in found:
        yield _(
            "OPTIMAL means: it is proven that under this policy and these inputs no other choice "
            "of the stage has a lower value. Others may be as good."
        )
    if Status.FEASIBLE in found:
        yield _(
            "FEASIBLE means: the plan keeps every rule, but the search ended before it was proven "
            "the best. The gap says how much better another could be at the most."
        )
    yield _(
        "Neither means that the inputs are right, that the weights are the right ones, or that the "
        "plan is wise for reasons that no figure here holds: people, buildings, history."
    )
    yield _(
        "The plan was checked against every rule, and scored, by code that does not share the "
        "solver's."
    )
