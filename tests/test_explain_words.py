"""The words of explanations: a sentence for every rule, figures that add up and differ."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.columns import COLUMN_RULES
from optimizer.explain_board import LOCKS, Change, Price
from optimizer.explain_rules import Broken, Margin
from optimizer.plan import Bundle
from optimizer.policy import Policy
from optimizer.question import PLAN_RULES
from optimizer.result import Status
from scenarios.explain_words import (
    ASKS,
    BREAKS,
    LIMITS,
    adding_up,
    asks_text,
    broken_text,
    bundle_text,
    change_text,
    instead_text,
    margin_label,
    margin_texts,
    price_text,
    signed,
)
from scenarios.language import Language, translator
from tests.toy import toy_county

NAME = {"s01": "Station-1", "s02": "Station-2"}
LANGUAGES: tuple[Language, ...] = ("en", "zh")
PAIR = Bundle(centre_id="s01", station_ids=("s01", "s02"))
ALONE = Bundle(centre_id="s02", station_ids=("s02",))


def test_every_rule_has_its_sentences() -> None:
    assert set(BREAKS) == set(COLUMN_RULES)
    assert set(ASKS) >= {*COLUMN_RULES, *PLAN_RULES, LOCKS}
    assert set(LIMITS) <= set(COLUMN_RULES)


# What each rule reads like in English, with a value beyond its limit.
SAID = {
    "adjacency": (None, None, "not one connected area"),
    "bundling.barriers": (None, None, "held together only across a barrier: Station-1"),
    "bundling.max_bundle_size": (4.0, 3.0, "4 stations; a bundle has 3 at the most"),
    "bundling.rural_only": (None, None, "town stations stay alone: Station-1"),
    "stations.can_bundle": (None, None, "may not be bundled: Station-1"),
    "stations.can_host": (None, None, "may not be a centre station: Station-1"),
    "stations.max_officers": (
        31.42, 30.0, "31.4 officers would work at Station-1, whose building holds 30",
    ),
    "bundling.max_office_travel_min": (
        31.04, 31.0, "31.04 min from the centre to Station-1; at most 31",
    ),
    "response.farthest_min": (
        67.0, 60.0, "67 min to the farthest place, in Aton; at most 60",
    ),
    "response.share_within_fraction": (
        0.8996, 0.9, "89.96% of the alerts reached in time; at least 90%",
    ),
    "bundling.locks.together": (None, None, "a lock wants these together: Station-1"),
    "bundling.locks.apart": (None, None, "a lock keeps these apart: Station-1"),
    "bundling.locks.keep": (None, None, "a lock keeps these alone: Station-1"),
    "bundling.locks.host": (None, None, "by a lock never a police office: Station-1"),
    "bundling.locks.fix": (None, None, "a lock has fixed the bundle of Station-1"),
    "equity.max_township_loss_min": (9.3, 8.0, "a township waits 9.3 min longer; at most 8"),
    "equity.max_township_response_min": (
        27.1, 25.0, "a township gets slower, to 27.1 min; at most 25",
    ),
    "equity.max_window_km": (11.2, 10.0, "11.2 km to the window that is left; at most 10"),
}  # fmt: skip


@pytest.mark.parametrize("rule", COLUMN_RULES)
def test_a_broken_rule_reads_so(rule: str) -> None:
    value, limit, said = SAID[rule]
    broken = Broken(rule=rule, value=value, limit=limit, station_ids=("s01",), township="Aton")
    assert broken_text(broken, NAME, translator("en")) == f"{said} [{rule}]"
    chinese = broken_text(broken, NAME, translator("zh"))
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert "{" not in chinese
    for figure in re.findall(r"\d+\.?\d*", said.replace("Station-1", "")):
        assert figure in chinese


def test_a_rule_that_nobody_put_into_words_is_named() -> None:
    assert broken_text(Broken(rule="x.y"), NAME, translator("en")) == "breaks a rule [x.y]"
    assert asks_text("x.y", toy_county(), Policy(), translator("en")) == "x.y"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_each_rule_asks_is_said_with_its_value(language: Language) -> None:
    county = toy_county(stations={"can_host": [True, False, True, True]})
    rules = Policy.model_validate(
        {
            "bundling": {
                "centres": 7,
                "stations_bundled": 19,
                "min_officers_freed": 41.5,
                "locks": {"keep": ("s01",), "together": (("s02", "s03"),), "fix": {"s04": ()}},
            },
            "traffic": {"duty_stations": 15},
        }
    )
    _ = translator(language)
    for rule, shown in (
        ("bundling.centres", "7"),
        ("bundling.stations_bundled", "19"),
        ("bundling.min_officers_freed", "41.5"),
        ("bundling.locks.keep", "Station 1"),
        ("bundling.locks.together", "Station 2"),
        ("bundling.locks.together", "Station 3"),
        ("bundling.locks.fix", "Station 4"),
        ("stations.can_host", "Station 2"),
        ("response.share_within_fraction", "90%"),
        ("response.farthest_min", "60"),
        ("traffic.duty_stations", "15"),
    ):
        said = asks_text(rule, county, rules, _)
        assert shown in said.replace("\u00a0", " "), said
        assert said.endswith(f" [{rule}]")
    for rule in ASKS:
        assert "{" not in asks_text(rule, county, rules, _)


def test_limits_are_labelled_and_told_from_their_values() -> None:
    near = Margin(
        rule="response.farthest_min", value=59.97, limit=60.0, is_near=True, is_least=False
    )
    assert margin_label(near, translator("en")) == "Farthest place, min"
    assert margin_texts(near) == ("59.97", "60")
    assert margin_label(Margin(rule="x.y", value=1, limit=2, is_near=False), str) == "x.y"


@given(
    st.lists(st.floats(-500, 500, allow_nan=False), min_size=1, max_size=7), st.sampled_from([1, 2])
)
def test_parts_add_up_as_shown(parts: list[float], digits: int) -> None:
    shown = adding_up(parts, digits)
    unit = 10.0**-digits
    assert round(sum(shown), 6) == pytest.approx(round(sum(parts), digits), abs=unit / 1e3)
    assert all(abs(s - p) < unit + 1e-9 for s, p in zip(shown, parts, strict=True))


def test_a_total_from_elsewhere_is_met() -> None:
    assert adding_up([1.424, 2.687, 1.214], 2, total=5.31) == (1.42, 2.68, 1.21)
    assert adding_up([0.1, 0.1], 1, total=0.5) == (0.3, 0.2)


def test_prices_and_changes_in_words() -> None:
    _ = translator("en")
    price = Price(officers=3.5, response=-0.291, overload=0.0)
    assert price_text(price, _) == "+3.21 (officers required +3.50, longer ways −0.29)"
    assert price_text(Price(), _) == "0.00"
    every = Price(officers=1.0, response=1.0, overload=1.0, fixed=1.0, changes=1.0)
    assert price_text(every, _) == (
        "+5.00 (officers required +1.00, longer ways +1.00, overload +1.00, police offices +1.00, "
        "changed centres +1.00)"
    )
    exact = Change(status=Status.OPTIMAL, price=price, least_officers=3.209, new=(PAIR, ALONE))
    assert change_text(exact, NAME, _) == price_text(price, _)
    assert instead_text(exact, NAME, _) == "Station-1 with Station-2; Station-2 alone"
    assert instead_text(Change(status=Status.OPTIMAL), NAME, _) == "nothing else changes"
    open_end = Change(status=Status.FEASIBLE, price=price, least_officers=2.5)
    assert change_text(open_end, NAME, _).endswith("; not proven, at least +2.50")
    assert "ran out" in change_text(Change(status=Status.UNKNOWN), NAME, _)
    none = Change(status=Status.INFEASIBLE, clashing=("bundling.centres",))
    assert change_text(none, NAME, _).endswith("gives way: bundling.centres")
    assert "under these rules" in change_text(Change(status=Status.INFEASIBLE), NAME, _)
    assert bundle_text(PAIR, NAME, translator("zh")) == "Station-1（中心）与Station-2"


def test_signs() -> None:
    assert (signed(-0.004, 2), signed(2.0, 1), signed(-2.0, 1)) == ("0.00", "+2.0", "−2.0")
