"""Styles that QGIS finds in the GeoPackage by itself, in the colours of Jingli's maps.

A style is QML, QGIS's own format, made as an XML tree: a name such as `<b>&` is only ever a value.
Symbol options are written both as `Option` (QGIS 3.24 and later) and as `prop` (before).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from xml.etree import ElementTree as ET

Symbol = Literal["fill", "line", "marker"]
Options = tuple[tuple[str, str], ...]

_VERSION = "3.22.0"
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_LAYER_CLASS = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}
_PLACEMENT = {"fill": "1", "marker": "6", "line": "2"}
"""QGIS's numbers: over the middle, beside the point by preference, along the line."""
# What XML 1.0 cannot hold even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EVER = 1e9
"""Beyond any value: the ends of the outer classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one class of features is drawn.

    Attributes:
        label: In the legend.
        colour: `#RRGGBB` of the fill, the line or the marker.
        outline: Colour of the border.
        width_mm: Of the line, or of the border.
        size_mm: Of a marker.
        shape: Of a marker, in QGIS's words: `circle`, `diamond`, `square`.
        dashed: The line is dashed.
        arrow: The line is an arrow to its end.
        opaque_fraction: 1 hides what is below.
    """

    label: str
    colour: str
    outline: str = "#4D4D4D"
    width_mm: float = 0.2
    size_mm: float = 2.4
    shape: str = "circle"
    dashed: bool = False
    arrow: bool = False
    opaque_fraction: float = 1.0


def single(symbol: Symbol, look: Look, label_column: str = "") -> str:
    """QML of a layer whose features all look alike."""
    root, renderer = _root(symbol, "singleSymbol", label_column)
    _symbol(ET.SubElement(renderer, "symbols"), symbol, "0", look)
    return _text(root)


def categorised(
    symbol: Symbol, column: str, looks: Iterable[tuple[str, Look]], label_column: str = ""
) -> str:
    """QML of a layer with a class for each value of `column`.

    Args:
        symbol: What the layer draws.
        column: Name of the column.
        looks: Value and look of each class, in the order of the legend.
        label_column: Column whose text stands beside each feature; empty: none.
    """
    root, renderer = _root(symbol, "categorizedSymbol", label_column)
    renderer.set("attr", column)
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for i, (value, look) in enumerate(looks):
        ET.SubElement(
            categories,
            "category",
            {
                "render": "true",
                "type": "string",
                "symbol": str(i),
                "value": _plain(value),
                "label": _plain(look.label),
            },
        )
        _symbol(symbols, symbol, str(i), look)
    return _text(root)


def graduated(
    symbol: Symbol,
    column: str,
    breaks: Sequence[float],
    looks: Sequence[Look],
    label_column: str = "",
) -> str:
    """QML of a layer with classes between `breaks` of the number in `column`.

    Args:
        symbol: What the layer draws.
        column: Name of the column.
        breaks: Ascending, one fewer than `looks`; the outer classes are open.
        looks: Look of each class.
        label_column: Column whose text stands beside each feature; empty: none.

    Raises:
        ValueError: breaks that do not ascend, or do not fit `looks`.
    """
    if len(breaks) != len(looks) - 1 or list(breaks) != sorted(set(breaks)):
        raise ValueError("graduated: ascending breaks, one fewer than looks")
    root, renderer = _root(symbol, "graduatedSymbol", label_column)
    renderer.set("attr", column)
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges = ET.SubElement(renderer, "ranges")
    symbols = ET.SubElement(renderer, "symbols")
    ends = [-_EVER, *breaks, _EVER]
    for i, look in enumerate(looks):
        ET.SubElement(
            ranges,
            "range",
            {
                "render": "true",
                "symbol": str(i),
                "lower": f"{ends[i]:.6f}",
                "upper": f"{ends[i + 1]:.6f}",
                "label": _plain(look.label),
            },
        )
        _symbol(symbols, symbol, str(i), look)
    return _text(root)


def _root(symbol: Symbol, renderer: str, label_column: str) -> tuple[ET.Element, ET.Element]:
    """The document and its renderer; labels are added where asked for."""
    root = ET.Element(
        "qgis",
        {
            "version": _VERSION,
            "styleCategories": "Symbology|Labeling",
            "labelsEnabled": "1" if label_column else "0",
        },
    )
    found = ET.SubElement(
        root,
        "renderer-v2",
        {"type": renderer, "forceraster": "0", "symbollevels": "0", "enableorderby": "0"},
    )
    if label_column:
        labeling = ET.SubElement(root, "labeling", {"type": "simple"})
        settings = ET.SubElement(labeling, "settings")
        style = ET.SubElement(
            settings,
            "text-style",
            {
                "fieldName": label_column,
                "isExpression": "0",
                "fontSize": "8",
                "fontSizeUnit": "Point",
                "textColor": "0,0,0,255",
            },
        )
        ET.SubElement(
            style,
            "text-buffer",
            {
                "bufferDraw": "1",
                "bufferSize": "0.8",
                "bufferSizeUnits": "MM",
                "bufferColor": "255,255,255,255",
            },
        )
        ET.SubElement(settings, "placement", {"placement": _PLACEMENT[symbol]})
    return root, found


def _symbol(parent: ET.Element, symbol: Symbol, name: str, look: Look) -> None:
    found = ET.SubElement(
        parent,
        "symbol",
        {
            "type": symbol,
            "name": name,
            "alpha": f"{look.opaque_fraction:g}",
            "clip_to_extent": "1",
            "force_rhr": "0",
        },
    )
    if symbol == "line" and look.arrow:
        arrow = _layer(found, "ArrowLine", _arrow(look))
        # An arrow is an area, which has a symbol of its own.
        _symbol(arrow, "fill", f"@{name}@0", replace(look, outline=look.colour, width_mm=0.1))
    else:
        options = {"fill": _fill, "line": _line, "marker": _marker}[symbol](look)
        _layer(found, _LAYER_CLASS[symbol], options)


def _layer(symbol: ET.Element, kind: str, options: Options) -> ET.Element:
    looks = {"class": kind, "enabled": "1", "locked": "0", "pass": "0"}
    found = ET.SubElement(symbol, "layer", looks)
    table = ET.SubElement(found, "Option", {"type": "Map"})
    for key, value in options:
        ET.SubElement(table, "Option", {"type": "QString", "name": key, "value": value})
    for key, value in options:
        ET.SubElement(found, "prop", {"k": key, "v": value})
    return found


def _arrow(look: Look) -> Options:
    head_mm = look.width_mm + 1.0
    return (
        ("arrow_start_width", f"{look.width_mm:g}"),
        ("arrow_start_width_unit", "MM"),
        ("arrow_width", f"{look.width_mm:g}"),
        ("arrow_width_unit", "MM"),
        ("arrow_type", "0"),
        ("head_length", f"{head_mm:g}"),
        ("head_length_unit", "MM"),
        ("head_thickness", f"{head_mm:g}"),
        ("head_thickness_unit", "MM"),
        ("head_type", "0"),
        ("is_curved", "0"),
        ("is_repeated", "0"),
    )


def _fill(look: Look) -> Options:
    return (
        ("color", _rgba(look.colour)),
        ("style", "solid"),
        ("outline_color", _rgba(look.outline)),
        ("outline_style", "solid"),
        ("outline_width", f"{look.width_mm:g}"),
        ("outline_width_unit", "MM"),
    )


def _line(look: Look) -> Options:
    return (
        ("line_color", _rgba(look.colour)),
        ("line_style", "dash" if look.dashed else "solid"),
        ("line_width", f"{look.width_mm:g}"),
        ("line_width_unit", "MM"),
        ("capstyle", "round"),
        ("joinstyle", "round"),
    )


def _marker(look: Look) -> Options:
    return (
        ("name", look.shape),
        ("color", _rgba(look.colour)),
        ("size", f"{look.size_mm:g}"),
        ("size_unit", "MM"),
        ("outline_color", _rgba(look.outline)),
        ("outline_style", "solid"),
        ("outline_width", f"{look.width_mm:g}"),
        ("outline_width_unit", "MM"),
    )


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _text(root: ET.Element) -> str:
    return _DOCTYPE + ET.tostring(root, encoding="unicode")
