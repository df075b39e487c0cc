"""What a road layer writes for class and direction, read into one vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

# Chinese names, English names and OpenStreetMap `highway` tags. OSM tags follow the common use in
# China: trunk = 国道, primary = 省道, secondary = 县道, tertiary = 乡道, unclassified = 村道.
CLASS_ALIASES: Mapping[str, tuple[str, ...]] = {
    "expressway": (
        "expressway", "freeway", "motorway", "motorway_link", "interstate",
        "高速", "高速公路", "国家高速", "国家高速公路", "省级高速", "省级高速公路", "高速匝道",
    ),
    "national": (
        "national", "national road", "national highway", "trunk", "trunk_link",
        "国道", "普通国道", "国道公路",
    ),
    "provincial": (
        "provincial", "provincial road", "provincial highway", "primary", "primary_link",
        "省道", "普通省道", "省道公路",
    ),
    "county": (
        "county", "county road", "secondary", "secondary_link", "县道", "县级公路", "县乡道",
    ),
    "township": (
        "township", "township road", "tertiary", "tertiary_link", "乡道", "乡镇道路", "乡镇公路",
    ),
    "village": (
        "village", "village road", "rural road", "unclassified", "track", "track_grade1",
        "track_grade2", "track_grade3", "track_grade4", "track_grade5",
        "村道", "村路", "通村公路", "机耕路", "机耕道",
    ),
    "street": (
        "street", "city street", "urban street", "residential", "living_street", "service",
        "road", "街道", "街", "城市道路", "城区道路", "市政道路", "城市主干道", "城市次干道",
        "城市支路", "主干道", "主干路", "次干道", "次干路", "支路", "巷", "小区道路", "内部道路",
    ),
}  # fmt: skip

# OSM ways that no car may use, or that are not there yet.
NOT_FOR_CARS = frozenset({
    "footway", "path", "pedestrian", "steps", "cycleway", "bridleway", "corridor", "elevator",
    "platform", "construction", "proposed", "abandoned", "raceway", "via_ferrata", "escape",
    "人行道", "步道", "步行道", "步行街", "自行车道", "在建", "规划道路",
})  # fmt: skip

OTHER_CLASS = "other"

FERRY = "ferry"
FERRY_KM_PER_H = 10.0
"""Speed on a ferry whose class has none in the policy."""
FERRY_ALIASES = ("ferry", "轮渡", "汽渡", "车渡", "汽车渡口", "渡口")

# Route numbers of GB/T 917: G and S with up to two digits (or four) are expressways.
_ROUTE_NUMBER = re.compile(r"^([GSXYC])(\d{0,5})$")
_ROUTE_LETTER = {"G": "national", "S": "provincial", "X": "county", "Y": "township", "C": "village"}

_FORWARD = {
    "yes",
    "true",
    "1",
    "1.0",
    "ft",
    "y",
    "是",
    "单行",
    "单向",
    "单行线",
    "正向",
    "正向单行",
}
_BACKWARD = {"-1", "-1.0", "tf", "reverse", "反向", "反向单行", "逆向"}
_BOTH_WAYS = {"no", "false", "0", "0.0", "b", "n", "", "否", "双向", "双行", "nan", "none", "<na>"}


def _plain(text: object) -> str:
    """Text without the differences that carry no meaning: width, case, spaces, hyphens."""
    folded = unicodedata.normalize("NFKC", str(text)).strip().casefold()
    return re.sub(r"(?<=\w)[\s_\-]+(?=\w)", " ", folded)


_CLASS_OF = {_plain(alias): name for name, aliases in CLASS_ALIASES.items() for alias in aliases}
_NOT_FOR_CARS = {_plain(text) for text in NOT_FOR_CARS}
_FERRIES = {_plain(text) for text in FERRY_ALIASES}


def road_class(text: object, known: Iterable[str] = ()) -> str | None:
    """Class that `text` means, or None where the vocabulary does not hold it.

    Reads class names and route numbers (国道 and G318 alike).

    Args:
        text: What the layer writes.
        known: Further class names of the policy, which mean themselves.
    """
    plain = _plain(text)
    for name in known:
        if plain == _plain(name):
            return name
    if plain in _CLASS_OF:
        return _CLASS_OF[plain]
    if plain in _FERRIES:
        return FERRY
    route = _ROUTE_NUMBER.match(plain.upper().replace(" ", ""))
    if route is None:
        return None
    letter, digits = route.groups()
    if letter in "GS" and len(digits) in (1, 2, 4):
        return "expressway"
    return _ROUTE_LETTER[letter]


def carries_cars(text: object) -> bool:
    """False for a footpath, a cycleway, a road under construction and the like."""
    return _plain(text) not in _NOT_FOR_CARS


def directions(texts: Sequence[object]) -> tuple[list[int], dict[str, int]]:
    """Driving direction of each line: 0 both ways, 1 as drawn, -1 against.

    Reads OSM (`yes`, `no`, `-1`, `1`, `true`), GIS (`FT`, `TF`), `T`/`F` and Chinese words. A
    column that also holds `B`, `FT` or `TF` is one of Geofabrik's or a navigation firm's, where
    `F` is "forward only" and `T` "backward only"; otherwise `T` is true and `F` is false.

    Returns:
        The directions, and how often each text that could not be read occurs (taken as both ways).
    """
    plain = ["" if text is None else _plain(text) for text in texts]
    one_letter = not {"b", "ft", "tf"}.isdisjoint(plain)
    forward = _FORWARD | ({"f"} if one_letter else {"t"})
    backward = _BACKWARD | ({"t"} if one_letter else set())
    both = _BOTH_WAYS | (set() if one_letter else {"f"})
    strange: dict[str, int] = {}
    found = []
    for text, said in zip(texts, plain, strict=True):
        if said in backward:
            found.append(-1)
        elif said in forward:
            found.append(1)
        else:
            found.append(0)
            if said not in both:
                strange[str(text)] = strange.get(str(text), 0) + 1
    return found, strange
