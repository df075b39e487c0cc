"""Explanations for machines and spreadsheets: JSON, and CSV of all bundles and rejected pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

from geo.atomic import atomic_folder, write_text
from geo.safe_text import write_csv
from optimizer.errors import Translate
from optimizer.explain_bundle import BundleWhy
from optimizer.explain_pair import SetWhy
from scenarios.documents import json_text, plain, proof_documents
from scenarios.explain import Explanation
from scenarios.explain_reasons import reason_text
from scenarios.explain_words import asks_text, broken_texts, bundle_text
from scenarios.keeping import versions
from scenarios.manifest import write_manifest
from scenarios.opened import Opened


def head_document(opened: Opened) -> dict[str, Any]:
    """What every document starts with."""
    return {
        "run": opened.label,
        "case": opened.loaded.county.name,
        "scenario": opened.scenario,
        "status": opened.status.value,
        "solved_again": ["bundling"],
    }


def summary_document(found: Explanation, _: Translate) -> dict[str, Any]:
    """All bundles, lone stations and rejected pairs."""
    return head_document(found.opened) | {
        "locks": None if found.locks is None else _plain(asdict(found.locks)),
        "bundles": [bundle_document(w) for w in found.bundles],
        "lone": [set_document(found, w, _) for w in found.lone],
        "pairs": [set_document(found, w, _) for w in found.pairs],
    }


def bundle_document(why: BundleWhy) -> dict[str, Any]:
    """One bundle."""
    return _document(why) | {"apart": asdict(why.apart), "price_total": why.price.total}


def set_document(found: Explanation, why: SetWhy, _: Translate) -> dict[str, Any]:
    """One set of stations, with the sentence that the console prints."""
    price = None if why.change is None or why.change.price is None else why.change.price
    return _document(why) | {
        "said": _flat(reason_text(found, why, _)),
        "price_total": None if price is None else price.total,
    }


def no_plan_document(opened: Opened, _: Translate) -> dict[str, Any]:
    """Why there is no plan."""
    county, policy = opened.loaded.county, opened.loaded.policy
    return head_document(opened) | {
        "proofs": proof_documents(opened.proofs),
        "clashing": [
            {"stage": p.stage, "rule": r, "said": _flat(asks_text(r, county, policy, _))}
            for p in opened.proofs
            for r in p.clashing_rules
        ],
    }


def write_explanation(
    found: Explanation, out: Path, _: Translate, command: Sequence[str]
) -> tuple[str, ...]:
    """Write all bundles and all rejected neighbouring pairs into the folder `out`.

    Returns:
        Names of the files written.

    Raises:
        InputError: `out` cannot be written.
    """
    document = summary_document(found, _)
    with atomic_folder(out) as folder:
        write_text(folder / "explanation.json", json_text(document))
        write_csv(folder / "explained_bundles.csv", *_bundle_table(found, _))
        write_csv(folder / "rejected_pairs.csv", *_pair_table(found, _))
        return write_manifest(
            folder,
            command=list(command),
            run=found.opened.label,
            county_digest=found.opened.loaded.county.digest,
            policy_digest=found.opened.loaded.policy.digest,
            versions=versions(),
        )


def _bundle_table(
    found: Explanation, _: Translate
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    header = (
        _("Centre id"), _("Centre station"), _("Bundle"), _("Stations"),
        _("Officers required apart"), _("Officers required together"), _("Officers freed"),
        _("of which duty posts"), _("of which crews"), _("of which windows"),
        _("Crews apart"), _("Crews together"), _("Alerts a year"),
        _("Added alert-minutes a year"), _("Residents who lose the standard"),
        _("Without it: price"), _("Without it: status"), _("A lock decided"),
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for w in found.bundles:
        apart, together, without = w.apart, w.together, w.without.price
        rows.append(
            (
                w.bundle.centre_id,
                found.name[w.bundle.centre_id],
                _flat(bundle_text(w.bundle, found.name, _)),
                len(w.bundle.station_ids),
                round(apart.officers, 4),
                round(together.officers, 4),
                round(apart.officers - together.officers, 4),
                round(apart.post_officers - together.post_officers, 4),
                round(apart.crew_officers - together.crew_officers, 4),
                round(apart.window_officers - together.window_officers, 4),
                apart.crews,
                together.crews,
                round(sum(t.alerts_per_year for t in w.townships), 1),
                round(
                    sum(t.alerts_per_year * (t.together_min - t.today_min) for t in w.townships), 1
                ),
                round(sum(t.residents_losing_standard for t in w.townships), 1),
                None if without is None else round(without.total, 6),
                w.without.status.value,
                _("yes") if w.lock_decides else _("no"),
            )
        )
    return header, rows


def _pair_table(
    found: Explanation, _: Translate
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    header = (
        _("Station A id"), _("Station A"), _("Station B id"), _("Station B"), _("Verdict"),
        _("Rules that always break"), _("Nearest bundle"), _("What it breaks"),
        _("Price of together"), _("of which officers required"), _("of which longer ways"),
        _("of which overload"), _("Status"), _("In a sentence"),
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for w in found.pairs:
        one, other = w.station_ids
        price = None if w.change is None else w.change.price
        near = w.nearest
        rows.append(
            (
                one,
                found.name[one],
                other,
                found.name[other],
                w.verdict,
                ", ".join(w.always),
                "" if near is None else _flat(bundle_text(near.bundle, found.name, _)),
                "" if near is None else _flat(broken_texts(near.broken, found.name, _)),
                None if price is None else round(price.total, 6),
                None if price is None else round(price.officers, 6),
                None if price is None else round(price.response, 6),
                None if price is None else round(price.overload, 6),
                "" if w.change is None else w.change.status.value,
                _flat(reason_text(found, w, _)),
            )
        )
    return header, rows


def _flat(text: str) -> str:
    """Blanks inside names, which keep a console's lines whole, as plain blanks."""
    return text.replace("\u00a0", " ")


def _document(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = _plain(asdict(value))
    return found


def _plain(value: Any) -> Any:
    """Plain values: an enum's value, tuples as lists, null for infinity."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.value if isinstance(value, Enum) else plain(value)
