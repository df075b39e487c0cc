"""One kept run: its id, its stored form, and what is no run."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.plan import Plan
from optimizer.result import Status
from scenarios.store import Store
from scenarios.store_lines import line_of
from scenarios.store_record import RUN_ID, RunRecord, StoredRun, record_of, row_of, run_id_of
from tests.store_processes import NOON, PLAN, run_record

pytest_plugins = ["tests.store_places"]


@pytest.mark.parametrize(
    ("time", "start"),
    [
        # A day has 32**4 = 1048576 ticks; noon is half of them, 16 * 32**3.
        (NOON, "20261121-g000"),
        (NOON - timedelta(hours=12), "20261121-0000"),
        (NOON + timedelta(hours=12, microseconds=-1), "20261121-zzzz"),
        # 06:00 is a quarter: 8 * 32**3.
        (datetime(2026, 1, 2, 14, tzinfo=timezone(timedelta(hours=8))), "20260102-8000"),
    ],
)
def test_run_id_by_hand(time: datetime, start: str) -> None:
    run_id = run_id_of(run_record(created_at=time))
    assert run_id.startswith(start)
    assert RUN_ID.fullmatch(run_id)
    assert len(run_id) == 16


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(milliseconds=83), timedelta(days=900)),
)
def test_ids_sort_by_time(earlier: datetime, apart: timedelta) -> None:
    first, second = (run_record(created_at=t) for t in (earlier, earlier + apart))
    assert run_id_of(first) < run_id_of(second)


def test_id_depends_on_the_whole_record_and_the_attempt() -> None:
    one = run_record()
    others = [replace(one, plan=None), replace(one, seed=8), replace(one, command=("jingli",))]
    assert len({run_id_of(one), run_id_of(one, 1), *map(run_id_of, others)}) == 5


TEXTS = st.text(max_size=8)
JSON = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS, max_size=3)
RECORDS = st.builds(
    run_record,
    st.integers(0, 10**6),
    case_name=TEXTS,
    case_folder=TEXTS,
    scenario=st.none() | TEXTS,
    seed=st.integers(-(2**63), 2**63 - 1),
    versions=st.dictionaries(TEXTS, TEXTS, max_size=3),
    status=st.sampled_from(Status),
    command=st.lists(TEXTS, max_size=3).map(tuple),
    proofs=st.lists(JSON, max_size=2).map(json.dumps),
    evaluation=JSON.map(json.dumps),
    plan=st.none() | JSON.map(lambda d: json.dumps(d, ensure_ascii=False)),
)


@given(RECORDS)
def test_row_and_line_hold_the_whole_record(record: RunRecord) -> None:
    assert record_of(row_of(record)) == record
    line = line_of(StoredRun(run_id="20261121-g000abc", record=record))
    assert line.count("\n") == 1
    assert json.loads(line)["evaluation"] == json.loads(record.evaluation)


def test_a_stored_record_is_what_was_added(store: Store) -> None:
    @settings(max_examples=40)
    @given(RECORDS)
    def holds(record: RunRecord) -> None:
        assert store.get(store.add(record)).record == record

    holds()


def test_texts_that_databases_refuse_are_kept_as_escapes(store: Store) -> None:
    odd = os.fsdecode(b"\xb5\xe6\xbd\xad") if sys.platform != "win32" else "\udcb5"
    got = store.get(store.add(run_record(case_folder=odd, case_name="a\0b"))).record
    assert got.case_folder.startswith(r"\udcb5")
    assert got.case_name == r"a\x00b"


def test_numbers_and_plan_come_back_exactly(store: Store) -> None:
    evaluation = {"today": {"x": 0.1 + 0.2}, "plan": {"x": 1e-300, "y": 2**60, "z": -0.0}}
    got = store.get(store.add(run_record(evaluation=json.dumps(evaluation)))).record
    assert repr(json.loads(got.evaluation)) == repr(evaluation)
    assert got.plan is not None
    assert Plan.from_json(got.plan) == PLAN
    assert Plan.from_json(got.plan).to_json() == PLAN.to_json()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"created_at": datetime(2026, 11, 21)}, "created_at"),
        ({"county_digest": "abc"}, "county_digest"),
        ({"policy_digest": "B" * 64}, "policy_digest"),
        ({"proofs": "{}"}, "proofs: a JSON list"),
        ({"evaluation": "[]"}, "evaluation: a JSON object"),
        ({"evaluation": '{"x": NaN}'}, "NaN is not JSON"),
        ({"evaluation": '{"x": 1e999}'}, "evaluation: not JSON"),
        ({"plan": "{"}, "plan: not JSON"),
    ],
)
def test_a_record_that_is_none_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        run_record(**changes)
