"""What a calibration found as a scenario file that `jingli run -s NAME` loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from geo.atomic import write_text
from optimizer.errors import InputError, Problem, Translate
from scenarios.calibration import Calibration, CategoryFit
from scenarios.library import COMBINE
from scenarios.load import LoadedCase

_DECIMALS = 3


def scenario_document(
    found: Calibration, loaded: LoadedCase, _: Translate
) -> dict[str, Any] | None:
    """A scenario with a block and a reason for each thing fitted; None where nothing changes.

    It starts from the scenario that the log was set against. Minutes fitted poorly or on too few
    alerts are not in it.

    Args:
        found: The calibration.
        loaded: The case that it was made for.
        _: Translation of the reasons.
    """
    blocks = [*_categories(found, _), *_general(found, loaded, _)]
    if not blocks:
        return None
    document: dict[str, Any] = {
        "description": _(
            "Calibrated on {log}, {first} to {last}: fitted on odd weeks, judged on even ones"
        ).format(log=found.shown, first=found.first, last=found.last)
    }
    parents, shared = _parents(loaded)
    if parents:
        document["extends"] = parents
    document["overrides"] = [*shared, *blocks]
    return document


def write_scenario(document: Mapping[str, Any], path: Path, shown: str) -> None:
    """Write a scenario file.

    Raises:
        InputError: the name cannot be a scenario's, or the file cannot be written.
    """
    if path.suffix != ".yaml" or COMBINE in path.name or not path.parent.is_dir():
        raise InputError(
            [
                Problem(
                    where=shown,
                    expected="a file such as CASE/scenarios/calibrated.yaml in a folder that is "
                    "there; the file's name is the scenario's name",
                    fix="write another name with --out",
                )
            ]
        )
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    write_text(path, "# jingli calibrate\n" + text)


def _parents(loaded: LoadedCase) -> tuple[list[str], list[str]]:
    """Scenarios to extend and blocks to use, of a name that may join several."""
    name = None if loaded.scenario is None else loaded.scenario.name
    if name is None:
        return [], []
    library = loaded.case.library
    if name in library.scenarios:
        return [name], []
    parts = [p.strip() for p in name.split(COMBINE)]
    return [p for p in parts if p in library.scenarios], [p for p in parts if p in library.blocks]


def _categories(found: Calibration, _: Translate) -> list[dict[str, Any]]:
    work = found.overrides.get("workload", {}).get("categories", {})
    ways = found.overrides.get("simulation", {}).get("categories", {})
    blocks = []
    for one in found.categories:
        policy: dict[str, Any] = {}
        if one.category in work:
            policy["workload"] = {"categories": {one.category: work[one.category]}}
        if one.category in ways:
            policy["simulation"] = {"categories": {one.category: ways[one.category]}}
        if policy:
            name = f"calibrated {one.category}"
            blocks.append({"name": name, "reason": _reason(one, _), "policy": policy})
    return blocks


def _reason(one: CategoryFit, _: Translate) -> str:
    parts = []
    service = one.service
    if service.state == "fitted" and service.match is not None:
        parts.append(
            _(
                "minutes on scene of {n} alerts; on {judged} others the distributions differ by "
                "{ks} (KS) and {minutes} min"
            ).format(
                n=service.fit_alerts,
                judged=service.judged_alerts,
                ks=f"{service.match.ks:.2f}",
                minutes=f"{service.match.wasserstein_min:.1f}",
            )
        )
    if one.officers_sent is not None:
        parts.append(
            _("{mean} officers sent, mean of {n} alerts").format(
                mean=f"{one.officers_mean:.2f}", n=one.officers_alerts
            )
        )
    return "; ".join(parts)


def _general(found: Calibration, loaded: LoadedCase, _: Translate) -> list[dict[str, Any]]:
    """Turn-out, roads, and the law of the minutes on scene."""
    blocks: list[dict[str, Any]] = []
    rules = found.overrides.get("simulation", {})
    travel = found.travel
    if "service_distribution" in rules:
        policy = {"simulation": {"service_distribution": rules["service_distribution"]}}
        reason = _("the law that suits the minutes on scene of all categories best (Akaike)")
        blocks.append({"name": "calibrated law", "reason": reason, "policy": policy})
    policy = {}
    if "response" in found.overrides:
        policy["response"] = found.overrides["response"]
    if "turnout_on_road_min" in rules:
        policy["simulation"] = {"turnout_on_road_min": rules["turnout_on_road_min"]}
    if policy:
        reason = _(
            "{handling} min from alert to dispatch (median) and {start} min before the drive "
            "(intercept of {n} alerts)"
        ).format(
            handling=f"{travel.handling_min:.1f}",
            start=f"{travel.intercept_min:.1f}",
            n=travel.fit_alerts,
        )
        blocks.append({"name": "calibrated turn-out", "reason": reason, "policy": policy})
    before = _present_speed_factor(loaded)
    factor = round(before / found.road_factor, _DECIMALS)
    if factor != round(before, _DECIMALS):
        reason = _(
            "real drives take {factor} times the modelled minutes ({low} to {high}, {n} alerts)"
        ).format(
            factor=f"{travel.factor:.2f}",
            low=f"{travel.factor_low:.2f}",
            high=f"{travel.factor_high:.2f}",
            n=travel.fit_alerts,
        )
        roads = {"speed_factor": factor}
        blocks.append({"name": "calibrated roads", "reason": reason, "roads": roads})
    return blocks


def _present_speed_factor(loaded: LoadedCase) -> float:
    """What the scenario fitted in says already: the new factor takes its place."""
    steps = () if loaded.scenario is None else loaded.scenario.steps
    given = [s.entry.spec.roads.speed_factor for s in steps]
    return next((g for g in reversed(given) if g is not None), 1.0)
