"""Which inputs are modelled, in a planner's words."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.county import MODELLED, Provenance
from optimizer.errors import Translate


def modelled_items(provenance: Sequence[Provenance]) -> list[str]:
    """Items that a recipe or a scenario modelled, each once; a layer stands for its columns."""
    items = {p.item for p in provenance if p.origin == MODELLED}
    return sorted(i for i in items if "." not in i or i.split(".")[0] not in items)


def modelled_text(provenance: Sequence[Provenance], _: Translate) -> str:
    """The same as one line of text; empty where everything was given."""
    said = dict.fromkeys(item_text(item, _) for item in modelled_items(provenance))
    return _("; ").join(said)


def inputs_text(provenance: Sequence[Provenance], _: Translate) -> str:
    """What is modelled, or that nothing is, for the line `Inputs` of a table or map."""
    items = modelled_text(provenance, _)
    return _("Modelled: {items}").format(items=items) if items else _("All inputs given")


def item_text(item: str, _: Translate) -> str:
    """`stations.officers` as "stations: officers in post"; a name we do not know stays as it is."""
    layer, _dot, column = item.partition(".")
    layers = {
        "alert_rhythm": _("alerts by time of day"),
        "alerts": _("alerts"),
        "boundary": _("county outline"),
        "cells": _("demand cells"),
        "policy": _("policy"),
        "roads": _("roads"),
        "squads": _("traffic squads"),
        "stations": _("stations"),
        "units": _("functional units"),
    }
    columns = {
        "alerts_per_year": _("alerts a year"),
        "authorised_officers": _("establishment"),
        "auxiliaries": _("auxiliaries"),
        "can_bundle": _("may be bundled"),
        "can_give": _("may give officers"),
        "can_host": _("may be a centre"),
        "can_receive": _("may receive officers"),
        "geometry": _("borders"),
        "has_window": _("windows"),
        "kind": _("town or rural"),
        "lat": _("places of alerts") if layer == "cells" else _("seats"),
        "lon": _("places of alerts") if layer == "cells" else _("seats"),
        "max_officers": _("room in the building"),
        "officers": _("officers in post"),
        "population": _("residents"),
        "required_officers": _("officers required"),
        "rhythm": _("time of day"),
        "station_id": _("jurisdictions"),
        "stations": _("areas"),
        "township": _("township"),
        "workload": _("minutes per alert"),
    }
    said = layers.get(layer, layer)
    return f"{said}{_(': ')}{columns.get(column, column)}" if column else said
