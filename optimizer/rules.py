"""Rules of a plan by name, and what a broken one reads like.

A rule goes by the dotted policy key, or the layer and column, that sets it.
"""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.errors import Translate, untranslated

SENTENCES = {
    "adjacency": "{where}: one bundle, but not one connected area: {value} apart from the centre",
    "bundling.max_bundle_size": "{where}: a bundle of {value} stations; at most {limit} allowed",
    "bundling.rural_only": "{where}: a town station in a bundle: {value}; town stations stay alone",
    "stations.can_bundle": "{where}: {value} may not be bundled",
    "stations.can_host": "{where}: {value} may not be a centre station",
    "stations.max_officers": "{where}: {value} officers in a building for {limit}",
    "bundling.max_office_travel_min": "{where}: {value} minutes from the centre to {what}; at most "
    "{limit} allowed",
    "response.farthest_min": "{where}: {value} minutes to cell {what}; at most {limit} allowed",
    "response.share_within_fraction": "{where}: a share of {value} of the alerts is reached within "
    "the standard; at least {limit} required",
    "bundling.centres": "{where}: {value} bundles of two or more; exactly {limit} required",
    "bundling.stations_bundled": "{where}: {value} stations in bundles; exactly {limit} required",
    "bundling.min_officers_freed": "{where}: {value} officers freed; at least {limit} required",
    "bundling.locks.together": "{where}: must share one bundle, but are in {value}",
    "bundling.locks.apart": "{where}: must not share a bundle",
    "bundling.locks.keep": "{where}: must stay alone, but is bundled with {value}",
    "bundling.locks.host": "{where}: must stay a centre or alone, but is a police office of "
    "{value}",
    "equity.max_township_loss_min": "{where}: {what} waits {value} minutes longer than today; at "
    "most {limit} allowed",
    "equity.max_township_response_min": "{where}: {what} waits {value} minutes, longer than today; "
    "at most {limit} allowed",
    "equity.max_residents_losing_standard_fraction": "{where}: a share of {value} of the residents "
    "({what}) loses the response standard; at most {limit} allowed",
    "equity.max_window_km": "{where}: {value} km from cell {what} to the nearest window of its own "
    "bundle; at most {limit} allowed",
    "bundling.locks.fix": "{where}: fixed as one bundle under its first station, but is {value}",
    "bundling.barriers": "{where}: one bundle across a barrier: {value} beyond it",
    "bundling.changes.max_stations": "{where}: {value} stations with another centre than in the "
    "plan to start from; at most {limit} allowed: {what}",
    "traffic.dissolve_squads": "{where}: squads dissolved: {value}; required: {limit}",
    "traffic.duty_stations": "{where}: {value} duty stations; exactly {limit} required",
    "traffic.rural_only": "{where}: a town station with road duty; only rural ones take it",
    "traffic.min_officers_per_duty_station": "{where}: {value} officers from squads for its road "
    "duty; at least {limit} required",
    "traffic.max_accident_travel_min": "{where}: {value} minutes to the seat of {what}, whose "
    "roads it takes; at most {limit} allowed",
    "traffic.coverage": "{where}: its roads must be managed by {limit}; found: {value}",
    "traffic.accidents_within_fraction": "{where}: a share of {value} of the accidents is reached "
    "within {what} minutes from the duty stations; at least {limit} required",
    "traffic.min_checkpoint_coverage": "{where}: a share of {value} of the main roads is within "
    "{what} minutes of a duty station or a manned checkpoint; at least {limit} required",
    "traffic.split_by_class": "{where}: its roads of class {what} may not go to {value} by "
    "themselves",
    "traffic.contiguity": "{where}: takes the roads of {value}, which does not touch its own area",
    "staffing.reassign": "{where}: {value} officers reassigned, but reassignment is switched off",
    "staffing.max_moves": "{where}: {value} officers reassigned; at most {limit} allowed",
    "staffing.inflows": "{where}: {value} officers come by reassignment; exactly {limit} required",
    "staffing.give_only_from_bundles": "{where}: gives {value} officers, but only bundles of two "
    "or more may give",
    "staffing.min_officers_per_station": "{where}: brought down to {value} officers; at least "
    "{limit} must stay",
    "staffing.respect_establishment": "{where}: brought up to {value} officers; {limit} authorised",
    "units.can_give": "{where}: gives {value} officers, but may not give",
    "units.can_receive": "{where}: receives {value} officers, but may not receive",
    "reassignment.floors": "{where}: {value} officers; the policy's floor is {limit}",
    "reassignment.caps": "{where}: {value} officers; the policy's cap is {limit}",
    "reassignment.teams": "{where}: {value} officers; its community teams need {limit}",
    "reassignment.auxiliary_floors": "{where}: {value} auxiliaries; the policy's floor is {limit}",
    "reassignment.auxiliary_teams": "{where}: {value} auxiliaries; its community teams need "
    "{limit}",
    "reassignment.max_auxiliary_moves": "{where}: {value} auxiliaries reassigned; at most {limit} "
    "allowed",
    "reassignment.max_give_fraction": "{where}: gives {value} people; at most a share of {limit} "
    "may leave",
    "reassignment.max_move_min": "{where}: sends people {value} minutes away; at most {limit} "
    "allowed",
    "reassignment.rotation.at_least": "{where}: {value} officers leave by rotation; at least "
    "{limit} are due",
    "reassignment.rotation.at_most": "{where}: {value} officers leave; at most {limit} may by "
    "rotation",
    "reassignment.qualified": "{where}: {value} officers hold {what}; at least {limit} required",
    "reassignment.qualified_fraction": "{where}: {value} officers hold {what}; at least a share of "
    "{limit} required",
    "reassignment.holders": "{where}: {value} officers who hold {what} leave, and the others; it "
    "has {limit} such",
    "moves.qualified": "{where}: {value} officers who hold {what} in a move of {limit}",
    "moves.auxiliaries": "{where}: {value} auxiliaries go to what is no other unit of the plan",
    "auxiliaries.conserved": "{where}: {value} auxiliaries leave; {limit} are there",
    "moves.reason": "{where}: {value} officers move for the reason {what}, which it cannot be",
    "strength.conserved": "{where}: {value} officers in the plan; {limit} by head count and moves",
}
"""What a broken rule reads like, by rule; templates for translation."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Violation:
    """One rule broken in one place.

    Attributes:
        rule: Dotted policy key, or layer and column.
        where: The bundle, station, unit or plan, by name and id.
        value: What was found.
        limit: What the rule asks for; empty where the rule is a plain no.
        what: The station or cell that the value belongs to, where the rule needs one.
    """

    rule: str
    where: str
    value: str = ""
    limit: str = ""
    what: str = ""

    def text(self, translate: Translate = untranslated) -> str:
        """Say it in one line, in the language of `translate`."""
        said = translate(SENTENCES[self.rule]).format(
            where=self.where, value=self.value, limit=self.limit, what=self.what
        )
        return f"{said} [{self.rule}]"
