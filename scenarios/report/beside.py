"""Other plans of a county in the run store, to set beside the plan of a report."""

from __future__ import annotations

from optimizer.result import Status
from scenarios.kept import KeptRun, OpenStore, kept_of_record

MOST = 12
"""Plans read at the most; each brings its whole evaluation."""


def plans_beside(kept: KeptRun, open_store: OpenStore, most: int = MOST) -> tuple[KeptRun, ...]:
    """Other plans of the same county, newest first.

    Runs on the same data under the same rules are the same question: of those the newest counts,
    and none that asks what `kept` asked.

    Args:
        kept: The run that the report is about.
        open_store: Opens the run store; None where there is none.
        most: Plans at the most.

    Raises:
        InputError: the store cannot be read.
    """
    asked = {(kept.evaluation.county_digest, kept.evaluation.policy_digest)}
    plans = {kept.plan.digest}
    found: list[KeptRun] = []
    with open_store() as store:
        if store is None:
            return ()
        for summary in store.list(case=kept.case_name):
            question = (summary.county_digest, summary.policy_digest)
            if question in asked or summary.status not in (Status.OPTIMAL, Status.FEASIBLE):
                continue
            asked.add(question)
            other = kept_of_record(store.get(summary.run_id))
            # The same decisions again, under rules that did not bind: nothing to choose.
            if other.case_name != kept.case_name or other.plan.digest in plans:
                continue
            plans.add(other.plan.digest)
            found.append(other)
            if len(found) == most:
                break
    return tuple(found)
