"""Every word that the interactive map says of itself; scripts hold none."""

from __future__ import annotations

from optimizer.errors import Translate


def page_words(_: Translate) -> dict[str, str]:
    """Words of the page by the name its script knows them by."""
    return {**_frame(_), **_layers(_), **_keys(_), **_notes(_)}


def _frame(_: Translate) -> dict[str, str]:
    """Buttons, search and what areas may show."""
    return {
        "kicker": _("Today and the plan"),
        "today": _("Today"),
        "plan": _("Plan"),
        "change": _("Change"),
        "swipe": _("Swipe"),
        "swipe_handle": _("Divider between today and the plan; arrow keys move it"),
        "view": _("View"),
        "scenario": _("Scenario"),
        "search": _("Search townships and stations"),
        "search_none": _("Nothing found"),
        "township": _("Township"),
        "station": _("Station"),
        "layers": _("Layers"),
        "legend": _("Legend"),
        "areas": _("Areas show"),
        "on_top": _("On top"),
        "print": _("Print"),
        "close": _("Close"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "home": _("Whole county"),
        "panel": _("Layers and legend"),
        "map": _("Map of the jurisdictions; arrow keys move it, plus and minus zoom"),
        "bundles": _("Bundles"),
        "losers": _("Townships that lose"),
        "fill_units": _("Jurisdictions and bundles"),
        "fill_cell": _("Response, each cell"),
        "fill_town": _("Response, township mean"),
        "fill_change": _("Change of response time"),
        "fill_density": _("Alert density"),
        "fill_none": _("Nothing"),
    }


def _layers(_: Translate) -> dict[str, str]:
    return {
        "layer_stations": _("Stations and what becomes of each"),
        "layer_links": _("Bundles: centre to police office"),
        "layer_numbers": _("Numbers"),
        "layer_townships": _("Township borders"),
        "layer_roads": _("Roads"),
        "layer_duties": _("Road duty"),
        "layer_isochrones": _("Isochrones"),
        "layer_moves_bundle": _("Officers under their centre's command"),
        "layer_moves_road": _("Officers from squads to stations"),
        "layer_moves_reassign": _("Officers reassigned"),
        "layer_closures": _("Changes of roads"),
    }


def _keys(_: Translate) -> dict[str, str]:
    """The legend."""
    return {
        "key_centre": _("Centre station"),
        "key_office": _("Police office"),
        "key_town": _("Town station"),
        "key_rural": _("Rural station"),
        "key_squad": _("Traffic squad"),
        "key_squad_ends": _("Traffic squad, dissolved"),
        "key_duty": _("Duty station: manages roads"),
        "key_units": _("Functional units"),
        "key_link": _("Centre to its police office"),
        "key_jurisdiction": _("Jurisdiction"),
        "key_bundle": _("Bundle"),
        "key_inner": _("Border inside a bundle"),
        "key_township": _("Township border"),
        "key_road": _("Road"),
        "key_road_modelled": _("Road (modelled)"),
        "key_managed": _("Managed road"),
        "key_managed_modelled": _("Managed road (modelled)"),
        "key_duty_line": _("Roads managed from elsewhere"),
        "key_isochrone": _("Reached within so many minutes"),
        "key_flow_bundle": _("Under their centre's command"),
        "key_flow_road": _("To road duty, from a squad"),
        "key_flow_reassign": _("Reassigned"),
    }


def _notes(_: Translate) -> dict[str, str]:
    """Headings of scales, remarks, and figures with their units."""
    return {
        "legend_response": _("Response from the responsible station, min"),
        "legend_change": _("Change of response, plan against today, min"),
        "legend_density": _("Alerts per km² and year"),
        "no_change_today": _("Today's side is the base: nothing changes there."),
        "fill_note": _(
            "Fill colours only tell neighbours apart; a bundle has its centre's colour."
        ),
        "points_note": _(
            "Cells are known as points only: areas are the ground nearest to each, not boundaries."
        ),
        "unreachable": _("not reached"),
        "n_min": _("{n} min"),
        "n_officer": _("{n} officer"),
        "n_officers": _("{n} officers"),
        "n_moved": _("{n} moved"),
        "n_alerts": _("{n} alerts a year"),
        "n_per_km2": _("{n} alerts per km² and year"),
        "n_km": _("{n} km"),
        "n_m": _("{n} m"),
        "cell": _("Cell {id}"),
        "responsible": _("Responsible: {name}"),
        "list_comma": _(", "),
        "library": _("Map drawn with Leaflet (BSD-2-Clause)."),
        "no_script": _("This map needs JavaScript, which this browser has switched off."),
    }
