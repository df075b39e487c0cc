"""Two teams, one room: worked by hand, by enumeration, and every rule broken once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from optimizer.apportionment import apportion
from optimizer.county import County
from optimizer.errors import InputError
from optimizer.inner_form import HEADS_IN, Organisation
from optimizer.inner_organisation import organise
from optimizer.inner_rules import broken, deviation
from optimizer.inner_work import TEAMS, unit_works
from optimizer.plan import Bundle, Plan, RoadDuty, current_plan
from optimizer.policy import Policy
from optimizer.strength import unit_needs
from tests.toy import random_county, toy_county, worked_county, worked_policy

NIGHTS = 365 / 12


def policy_of(base: Policy | None = None, **inner: Any) -> Policy:
    base = Policy() if base is None else base
    values = base.model_dump() | {"organisation": inner}
    return Policy.model_validate(values)


def under_a(strength: int, **fields: Any) -> Plan:
    """Both stations of the worked example under A."""
    return Plan(
        bundles=(Bundle(centre_id="A", station_ids=("A", "B")),),
        strength=(("A", strength),),
        **fields,
    )


def splits(total: int, least: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to share `total` heads with so many at the least."""
    spare = total - sum(least)
    for bars in itertools.combinations(range(spare + len(least) - 1), len(least) - 1):
        edges = (-1, *bars, spare + len(least) - 1)
        yield tuple(n + b - a - 1 for n, a, b in zip(least, edges[:-1], edges[1:], strict=True))


# --- heads by work ---------------------------------------------------------------------------


def test_webster_by_hand() -> None:
    # By 1, 3, 5, 7: 53, 17.67, 10.6, 7.57; 24, 8, 4.8; 23, 7.67, 4.6. The seven largest count.
    assert apportion(7, [53, 24, 23], [0, 0, 0]).tolist() == [3, 2, 2]
    assert apportion(7, [53, 24, 23], [0, 0, 3]).tolist() == [3, 1, 3]
    assert apportion(5, [1.0, 1.0], [0, 0]).tolist() == [3, 2]
    assert apportion(5, [0.0, 1.0], [1, 0]).tolist() == [1, 4]
    assert apportion(4, [0.0, 0.0], [0, 0]).tolist() == [2, 2]
    with pytest.raises(ValueError, match="3 heads for 4"):
        apportion(3, [1.0, 1.0], [2, 2])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 1.0, 1.7, 2.0, 9.5]), st.integers(0, 3)),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 7),
)
def test_no_other_share_is_better(places: list[tuple[float, int]], spare: int) -> None:
    work, least = [w for w, _ in places], [n for _, n in places]
    heads = apportion(sum(least) + spare, work, least).tolist()
    assert sum(heads) == sum(least) + spare
    assert all(n >= m for n, m in zip(heads, least, strict=True))
    idle = [n for n, m, w in zip(heads, least, work, strict=True) if w == 0 and n > m]
    assert not idle or sum(work) == 0
    # Places without work keep their least, so they drop out of the comparison.
    best = min(
        deviation(other, work)
        for other in splits(sum(least) + spare, least)
        if sum(work) == 0
        or all(n == m for n, m, w in zip(other, least, work, strict=True) if w == 0)
    )
    assert deviation(heads, work) == pytest.approx(best, abs=1e-9)


# --- the worked example ----------------------------------------------------------------------


def test_the_worked_example() -> None:
    """docs/organisation.md works it through: four crews, one post, one window, 34 officers."""
    county, policy = worked_county(), worked_policy()
    (one,) = organise(county, policy, under_a(34))
    case, community, command = one.teams
    # Crews are 14 officers; half of the day and all of the night to the case team: 3/4.
    assert case.work_officers == pytest.approx(10.5 + 7.990868)
    assert community.work_officers == pytest.approx(3.5 + 3.329528 + 0.833333)
    assert command.work_officers == pytest.approx(3.5)
    assert one.required_officers == pytest.approx(29.653729)
    # Quotas of 34: 21.20, 8.79, 4.01.
    assert (case.officers, community.officers, command.officers) == (21, 9, 4)
    # Two for each of four crews, an officer for an area at each station, two for the post.
    assert (case.least_officers, community.least_officers, command.least_officers) == (8, 2, 2)
    # Auxiliaries: two for each of five areas, the rest where the crews are.
    assert (case.auxiliaries, community.auxiliaries, command.auxiliaries) == (10, 10, 0)
    assert one.nights_before == pytest.approx(5 * NIGHTS / 34)
    assert case.nights_per_officer_month == pytest.approx(4 * NIGHTS / 21)
    assert command.nights_per_officer_month == pytest.approx(NIGHTS / 4)
    assert community.nights_per_officer_month == 0
    assert one.off_roster_officers == 9
    # 50,000 residents at 10,000 an area; 30,000 of them at A.
    assert one.areas_wanted == 5
    assert [a.area_id for a in one.areas] == ["A-1", "A-2", "A-3", "B-1", "B-2"]
    assert [a.residents for a in one.areas] == [10_000] * 5
    assert [a.work_officers for a in one.areas] == pytest.approx([7.662861 / 5] * 5)
    assert [a.officers for a in one.areas] == [2, 2, 2, 2, 1]
    assert [a.auxiliaries for a in one.areas] == [2] * 5
    assert one.form == "two_teams"
    assert (one.lacking_officers, one.lacking_auxiliaries) == (0, 0)
    assert broken(county, policy, under_a(34), [one]) == ()


def test_road_duty_goes_to_the_team_that_the_policy_names() -> None:
    county = worked_county()
    plan = under_a(
        38,
        road_duties=(RoadDuty(station_id="A", duty_id="A"), RoadDuty(station_id="B", duty_id="A")),
        dissolved_squad_ids=("Q",),
    )
    road = 0.332953 + 0.426180
    for team, place in (("community", 1), ("case", 0)):
        policy = policy_of(worked_policy(), road_duty_team=team)
        (one,) = organise(county, policy, plan)
        (without,) = organise(county, policy, under_a(38))
        gained = one.teams[place].work_officers - without.teams[place].work_officers
        assert gained == pytest.approx(road, abs=1e-6)
        assert one.required_officers == pytest.approx(29.653729 + road)


@pytest.mark.parametrize("seed", range(4))
def test_the_work_of_the_teams_is_what_the_unit_requires(seed: int) -> None:
    county = random_county(seed, 5, n_squads=1)
    plan = current_plan(county)
    needs = {n.unit_id: n.required_officers for n in unit_needs(county, Policy(), plan)}
    for work in unit_works(county, Policy(), plan):
        assert work.officers_of(*TEAMS) == pytest.approx(needs[work.unit_id])
        assert work.cell_officers.sum() == pytest.approx(work.officers_of("community"))
        assert work.cell_auxiliaries.sum() == pytest.approx(work.auxiliaries_of("community"))
    (video,) = unit_works(county, policy_of(video_officers=2), plan, ["s01"])
    assert video.officers_of("command") == pytest.approx(3.5 + 7.0)
    assert video.night_posts_of("command") == 3.0
    assert video.roster_posts == video.crews + 1


# --- enumeration -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_no_other_split_of_the_teams_is_better(seed: int) -> None:
    county = random_county(seed, 4, n_squads=1)
    rng = np.random.default_rng(seed)
    inner: dict[str, Any] = {
        "residents_per_area": float(rng.choice([3000.0, 10_000.0])),
        "one_night_in": float(rng.choice([1.0, 2.0])),
        "auxiliaries_per_area": int(rng.integers(0, 3)),
        "min_community_officers": int(rng.integers(0, 4)),
        "hold_areas": bool(rng.integers(0, 2)),
        "video_officers": int(rng.integers(0, 2)),
        "min_areas": int(rng.integers(1, 3)),
    }
    night = float(rng.choice([0.0, 0.5]))
    inner["night_crews"] = {"case_fraction": 1.0 - night, "community_fraction": night}
    policy = policy_of(**inner)
    stations = county.stations.station_id
    pair = tuple(sorted(stations[:2]))
    rest = [Bundle(centre_id=s, station_ids=(s,)) for s in stations[2:]]
    plan = Plan(bundles=tuple(sorted([Bundle(centre_id=pair[0], station_ids=pair), *rest])))
    found = organise(county, policy, plan)
    assert broken(county, policy, plan, found) == ()
    works = {w.unit_id: w for w in unit_works(county, policy, plan)}
    for one in found:
        work = works[one.unit_id]
        for role in ("officers", "auxiliaries"):
            heads = [getattr(t, role) for t in one.teams]
            least = [getattr(t, f"least_{role}") for t in one.teams]
            asked = [
                sum(getattr(w, role) for w in work.work if w.team in t.teams) for t in one.teams
            ]
            with_work = [i for i, w in enumerate(asked) if w > 0]
            best = min(
                deviation(s, asked)
                for s in splits(sum(heads), least)
                if all(s[i] == least[i] for i in range(len(s)) if i not in with_work)
            )
            assert deviation(heads, asked) == pytest.approx(best, abs=1e-9)
        if one.areas:
            team = one.team_of("community").officers
            shares = splits(team, [1] * len(one.areas)) if team <= 12 else ()
            asked = [a.work_officers for a in one.areas]
            present = deviation([a.officers for a in one.areas], asked)
            assert all(present <= deviation(s, asked) + 1e-9 for s in shares)


# --- forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strength", "form", "lacking"),
    [(12, "two_teams", 0), (11, "one_team", 1), (10, "one_team", 2), (9, "one_roster", 3)],
)
def test_a_unit_too_small_for_two_teams_is_merged(strength: int, form: str, lacking: int) -> None:
    """Two teams take 8 + 2 + 2 officers, one team and a room 8 + 2."""
    county, policy = worked_county(), worked_policy()
    (one,) = organise(county, policy, under_a(strength))
    assert one.form == form
    assert one.lacking_officers == lacking
    assert sum(t.officers for t in one.teams) == strength
    assert tuple(t.teams for t in one.teams) == HEADS_IN[one.form]
    assert broken(county, policy, under_a(strength), [one]) == ()
    if form == "one_team":
        # One team looks after areas and cases; auxiliaries are not paired.
        assert one.teams[0].officers == strength - 2
        assert one.team_of("case") is one.team_of("community")
        assert one.off_roster_officers == 0
    if form == "one_roster":
        assert one.areas == ()
        assert one.teams[0].nights_per_officer_month == pytest.approx(one.nights_before)


def test_where_two_teams_are_a_must_the_lacking_heads_are_named() -> None:
    county = worked_county()
    policy = policy_of(worked_policy(), form="two_teams")
    organise(county, policy, under_a(12))
    with pytest.raises(InputError) as error:
        organise(county, policy, under_a(11))
    (problem,) = error.value.problems
    assert "1 officers and 0 auxiliaries more" in problem.text()
    assert "let it have one team and one room (一队一室)" in problem.text()
    assert "Station A (A)" in problem.text()
    with pytest.raises(InputError, match="too small for one team and one room too"):
        organise(county, policy, under_a(9))


def test_auxiliaries_that_are_too_few_merge_the_teams_too() -> None:
    """Each of four crews has an auxiliary every other night: eight, and two for each area."""
    county = worked_county()
    few = replace(county, stations=replace(county.stations, auxiliaries=np.array([11, 0])))
    (one,) = organise(few, worked_policy(), under_a(34))
    assert one.form == "one_team"
    assert (one.lacking_officers, one.lacking_auxiliaries) == (0, 1)
    (paired,) = organise(few, policy_of(worked_policy(), auxiliaries_per_area=1), under_a(34))
    assert paired.form == "two_teams"
    assert paired.team_of("case").least_auxiliaries == 8
    # The other three hold three areas, though the residents ask for five.
    assert len(paired.areas) == 3
    assert paired.areas_wanted == 5
    policy = policy_of(worked_policy(), auxiliaries_per_area=1)
    assert broken(few, policy, under_a(34), [paired]) == ()
    lines = broken(few, policy, under_a(34), [moved(paired, "auxiliaries", 0, 1)])
    assert any("7 auxiliaries for ('case',), 8 at least" in line for line in lines)


# --- what the policy says --------------------------------------------------------------------


def test_areas_between_least_and_most() -> None:
    county = worked_county()

    def areas(strength: int, **inner: Any) -> list[str]:
        (one,) = organise(county, policy_of(worked_policy(), **inner), under_a(strength))
        return [a.area_id for a in one.areas]

    assert len(areas(34, min_areas=7)) == 7
    assert areas(34, max_areas=3) == ["A-1", "A-2", "B-1"]
    # 16 officers: the work gives the community team 4, so four areas; held, it gets 5.
    assert len(areas(16)) == 4
    assert len(areas(16, hold_areas=True)) == 5
    assert areas(34, max_areas=1, area_per_station=False) == ["A-1"]
    (whole,) = organise(county, policy_of(worked_policy(), area_per_station=False), under_a(34))
    assert whole.areas[0].station_ids == ("A", "B")


def test_nights_shared_by_two_teams() -> None:
    """A community team with half of the crews' nights is on the roster still."""
    half = {"case_fraction": 0.5, "community_fraction": 0.5}
    (one,) = organise(worked_county(), policy_of(worked_policy(), night_crews=half), under_a(34))
    case, community, _ = one.teams
    assert case.work_officers == pytest.approx(7 + 7.990868)
    assert (case.night_posts, community.night_posts) == (2.0, 2.0)
    assert community.least_officers == 4
    assert one.off_roster_officers == 0


def test_drawn_beats_are_the_areas() -> None:
    county, policy = worked_county(), worked_policy()
    beats = {"A1": "x", "A2": "y", "B1": "y", "B2": "z"}
    (one,) = organise(county, policy, under_a(34), beats=beats)
    assert [a.area_id for a in one.areas] == ["x", "y", "z"]
    assert [a.station_ids for a in one.areas] == [("A",), ("A", "B"), ("B",)]
    assert [a.residents for a in one.areas] == [20_000, 25_000, 5_000]
    # Community work and window by residents, 3.5 officers of crews by alerts.
    by_residents = (3.329528 + 0.833333) / 50_000
    assert one.areas[0].work_officers == pytest.approx(20_000 * by_residents + 3.5 * 2000 / 5000)
    assert all(a.drawn for a in one.areas)
    assert broken(county, policy, under_a(34), [one]) == ()


# --- bad input -------------------------------------------------------------------------------


def problems(county: County, policy: Policy, plan: Plan, **options: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        organise(county, policy, plan, **options)
    return [p.text() for p in error.value.problems]


def test_a_role_that_nobody_holds() -> None:
    county = worked_county()
    none = replace(county, stations=replace(county.stations, auxiliaries=np.array([0, 0])))
    (text,) = problems(none, worked_policy(), under_a(34))
    assert "nobody holds the role" in text
    assert "policy.organisation.auxiliaries_per_area" in text
    (one,) = organise(none, policy_of(worked_policy(), auxiliaries_per_area=0), under_a(34))
    assert one.auxiliaries == 0
    (empty,) = problems(county, worked_policy(), under_a(0))
    assert "stations officers = 0: expected officers in one of the units at least" in empty


def test_a_station_without_officers_keeps_its_roster() -> None:
    county, policy = worked_county(), worked_policy()
    plan = replace(current_plan(county), strength=(("A", 34), ("B", 0)))
    full, empty = organise(county, policy, plan)
    assert (full.form, empty.form) == ("two_teams", "one_roster")
    # Two crews and a post: four, two and an area.
    assert empty.lacking_officers == 7
    assert empty.nights_before == float("inf")
    assert broken(county, policy, plan, [full, empty]) == ()


def test_all_problems_at_once() -> None:
    county = worked_county()
    none = replace(county, stations=replace(county.stations, auxiliaries=np.array([0, 0])))
    policy = policy_of(worked_policy(), max_areas=1)
    texts = problems(none, policy, under_a(0), beats={"A1": "x", "nowhere": "x"})
    assert len(texts) == 5
    assert any("an area for each of its 2 stations" in t for t in texts)
    assert any("cell_id = nowhere: expected a cell of the case" in t for t in texts)
    assert any("3 of its cells have none" in t for t in texts)


def test_beats_across_a_border_or_of_others() -> None:
    county, policy = worked_county(), worked_policy()
    today = current_plan(county)
    beats = dict.fromkeys(("A1", "A2", "B1", "B2"), "x")
    (text,) = problems(county, policy, today, beats=beats)
    assert "this one lies in Station A (A) and Station B (B)" in text
    only_b = {"B1": "x", "B2": "x"}
    assert organise(county, policy, today, beats=only_b)[0].areas[0].drawn is False
    (other,) = problems(county, policy, today, unit_ids=["A"], beats=only_b)
    assert "these are of others" in other
    with pytest.raises(ValueError, match="no centre or lone station of the plan"):
        organise(county, policy, under_a(34), ["B"])


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({"min_areas": 3, "max_areas": 2}, "max_areas of at least min_areas = 3"),
        ({"night_crews": {"case_fraction": 0.5}}, "shares of the three teams that sum to 1"),
        ({"dispute_after_min": 30}, "dispute_before_min and dispute_after_min together"),
    ],
)
def test_contradictory_policy(inner: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy_of(**inner)


# --- the judge -------------------------------------------------------------------------------


def moved(one: Organisation, role: str, giver: int, taker: int) -> Organisation:
    """A head of a role moved between two teams."""
    teams = list(one.teams)
    teams[giver] = replace(teams[giver], **{role: getattr(teams[giver], role) - 1})
    teams[taker] = replace(teams[taker], **{role: getattr(teams[taker], role) + 1})
    return replace(one, teams=tuple(teams))


def in_area(one: Organisation, place: int, **changed: Any) -> Organisation:
    areas = list(one.areas)
    areas[place] = replace(areas[place], **changed)
    return replace(one, areas=tuple(areas))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda o: moved(o, "officers", 0, 2), "best: a head from 2 to 0"),
        (lambda o: moved(o, "auxiliaries", 1, 0), "9 auxiliaries for ('community',), 10 at least"),
        (lambda o: replace(o, teams=o.teams[:2]), "form: two_teams with other teams"),
        (
            lambda o: replace(o, teams=(replace(o.teams[0], officers=22), *o.teams[1:])),
            "strength: 35 officers of 34",
        ),
        (
            lambda o: replace(o, teams=(replace(o.teams[0], night_posts=1.0), *o.teams[1:])),
            "night_crews: 1.0 posts at night, 4.0 by the shares",
        ),
        (lambda o: replace(o, areas=o.areas[:4]), "areas: 4 of 5, though there are heads for more"),
        (lambda o: replace(o, areas=o.areas[:1]), "areas: 1, due are 2 to 5"),
        (lambda o: replace(o, areas=o.areas[:3]), "area_per_station: a station without an area"),
        (lambda o: in_area(o, 0, officers=3), "areas: 10 officers, the team has 9"),
        (lambda o: in_area(o, 4, officers=0), "pairing: an area with 0 officers, 1 at least"),
        (lambda o: in_area(o, 4, auxiliaries=1), "pairing: an area with 1 auxiliaries, 2"),
        (lambda o: in_area(o, 0, work_officers=9.0), "areas: work"),
        (lambda o: in_area(o, 0, residents=9.0), "areas: residents"),
        (
            lambda o: in_area(in_area(o, 0, officers=3), 1, officers=1),
            "best: a head from 0 to 1 would be better of areas",
        ),
        (
            lambda o: in_area(o, 2, station_ids=("B",)),
            "would be better of stations' areas",
        ),
    ],
)
def test_the_judge_sees_what_is_wrong(
    spoil: Callable[[Organisation], Organisation], said: str
) -> None:
    county, policy, plan = worked_county(), worked_policy(), under_a(34)
    (one,) = organise(county, policy, plan)
    lines = broken(county, policy, plan, [spoil(one)])
    assert any(said in line for line in lines), lines


def test_the_judge_sees_a_form_that_need_not_be() -> None:
    county, policy = worked_county(), worked_policy()
    (merged,) = organise(county, policy, under_a(11))
    (single,) = organise(county, policy, under_a(9))
    two = "form: two teams and one room would fit"
    assert any(two in line for line in broken(county, policy, under_a(12), [merged]))
    one = "form: one team and one room would fit"
    assert any(one in line for line in broken(county, policy, under_a(10), [single]))
    areas = replace(single, areas=merged.areas)
    assert any(
        "areas under one roster" in line for line in broken(county, policy, under_a(9), [areas])
    )


def test_stations_without_residents_still_have_an_area() -> None:
    county = toy_county(n_stations=2, officers=30, population_per_cell=0.0)
    plan = Plan(bundles=(Bundle(centre_id="s01", station_ids=("s01", "s02")),))
    (one,) = organise(county, Policy(), plan)
    assert [a.station_ids for a in one.areas] == [("s01",), ("s02",)]
    assert broken(county, Policy(), plan, [one]) == ()
