"""Tasks in the run store, on both databases: issued once, moved step by step, every step kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from optimizer.errors import InputError
from scenarios import store_schema
from scenarios.store import Store, open_store
from scenarios.tasks_record import Event, State, Task
from tests.store_processes import run_record
from tests.store_support import problem_of, sql

pytest_plugins = ["tests.store_places"]
DAY = date(2026, 3, 31)
COUNTY = "小县"


def task(number: int = 1, **changed: Any) -> Task:
    plain = Task(
        task_id=f"20260331-0000{number}",
        county=COUNTY,
        issued_at=datetime(2026, 4, 1, 8, tzinfo=UTC),
        as_of=DAY,
        kind="repeat",
        subject=f"repeat:00000000000000a{number}:all",
        grade="red",
        station_id="01",
        station="甲派出所",
        township="甲镇",
        cell_id="c11",
        category="",
        alerts=7,
        expected_alerts=None,
        trace="20260301-20260331/repeat=a1",
        due=date(2026, 4, 3),
        state="issued",
        officers=None,
        changed_on=date(2026, 4, 1),
    )
    return replace(plain, **changed)


def test_a_task_comes_back_as_it_was(store: Store) -> None:
    kept = task(
        kind="rise", expected_alerts=3.25, category="纠纷;=1+1", subject="rise:01:纠纷;=1+1"
    )
    assert store.tasks.issue([kept]).added == (kept.task_id,)
    assert store.tasks.list(COUNTY) == (kept,)
    assert store.tasks.list("别县") == ()


def test_nothing_is_issued_twice(store: Store) -> None:
    first = task()
    assert store.tasks.issue([first, first]).present == (first.task_id,)
    later = task(2, subject=first.subject, alerts=9)
    assert store.tasks.issue([later]).added == ()
    other_county = task(3, subject=first.subject, county="别县")
    assert store.tasks.issue([other_county]).added == (other_county.task_id,)
    # Once it is checked, the same subject may be a task again.
    for state in ("done", "checked"):
        store.tasks.move(COUNTY, [first.task_id], state, date(2026, 4, 2))
    assert store.tasks.issue([later]).added == (later.task_id,)


def test_the_way_from_issue_to_check_and_back(store: Store) -> None:
    store.tasks.issue([task()])
    days = [date(2026, 4, d) for d in (2, 2, 5, 6)]
    book = store.tasks
    book.move(COUNTY, ["00001"], "done", days[0], officers=4)
    book.move(COUNTY, ["20260331"], "reopened", days[1])
    book.move(COUNTY, ["00001"], "done", days[2], officers=6)
    (checked,) = book.move(COUNTY, ["00001"], "checked", days[3])
    assert checked == replace(task(), state="checked", officers=6, changed_on=days[3])
    assert book.list(COUNTY) == (checked,)
    steps: list[tuple[State, date, int | None]] = [
        ("issued", date(2026, 4, 1), None),
        ("done", days[0], 4),
        ("reopened", days[1], 4),
        ("done", days[2], 6),
        ("checked", days[3], 6),
    ]
    assert book.events(COUNTY) == tuple(
        Event(task_id=task().task_id, step=i + 1, state=s, on_day=d, officers=n)
        for i, (s, d, n) in enumerate(steps)
    )


@pytest.mark.parametrize(
    ("begin", "wrong", "said"),
    [
        ([], "checked", "a task that is done: only such a one can be checked"),
        ([], "reopened", "a task that is done or checked"),
        (["done"], "done", "a task that is issued or reopened"),
        (["done", "checked"], "done", "a task that is issued or reopened"),
    ],
)
def test_steps_that_cannot_be(file_store: Store, begin: list[Any], wrong: Any, said: str) -> None:
    file_store.tasks.issue([task()])
    for state in begin:
        file_store.tasks.move(COUNTY, ["00001"], state, date(2026, 4, 2))
    with pytest.raises(InputError) as refused:
        file_store.tasks.move(COUNTY, ["00001"], wrong, date(2026, 4, 3))
    assert said in problem_of(refused)


def test_all_tasks_move_or_none(store: Store) -> None:
    store.tasks.issue([task(1), task(2)])
    with pytest.raises(InputError) as refused:
        store.tasks.move(COUNTY, ["00001", "20260331", "zzz"], "done", date(2026, 4, 2))
    texts = [p.text() for p in refused.value.problems]
    assert len(texts) == 2
    assert "it fits 20260331-00001, 20260331-00002" in texts[0]
    assert "the id of a task of this county" in texts[1]
    assert {t.state for t in store.tasks.list(COUNTY)} == {"issued"}


def test_time_does_not_run_backwards(file_store: Store) -> None:
    file_store.tasks.issue([task()])
    with pytest.raises(InputError) as refused:
        file_store.tasks.move(COUNTY, ["00001"], "done", date(2026, 3, 31))
    assert "not before the task's last change, 2026-04-01" in problem_of(refused)


def test_a_checked_task_is_not_reopened_beside_an_open_one(store: Store) -> None:
    first, later = task(), task(2, subject=task().subject)
    store.tasks.issue([first])
    for state in ("done", "checked"):
        store.tasks.move(COUNTY, ["00001"], state, date(2026, 4, 2))
    store.tasks.issue([later])
    with pytest.raises(InputError) as refused:
        store.tasks.move(COUNTY, ["00001"], "reopened", date(2026, 4, 3))
    assert f"{later.task_id} is one" in problem_of(refused)


def test_two_offices_at_one_store(new_place: Callable[[], str]) -> None:
    place = new_place()
    with open_store(place) as one, open_store(place) as two:
        assert one.tasks.issue([task()]).added
        assert two.tasks.issue([task()]).present
        two.tasks.move(COUNTY, ["00001"], "done", date(2026, 4, 2), officers=2)
        assert one.tasks.list(COUNTY)[0].officers == 2


def test_a_store_from_before_tasks_is_lifted_with_its_runs(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(store_schema, "MIGRATIONS", store_schema.MIGRATIONS[:1])
        with open_store(place) as old:
            run_id = old.add(run_record())
    with pytest.raises(Exception, match="tasks"):
        sql(place, "SELECT count(*) FROM {}tasks")
    with open_store(place) as lifted:
        assert lifted.tasks.list(COUNTY) == ()
        lifted.tasks.issue([task()])
        assert lifted.get(run_id).record == run_record()
    with open_store(place) as again:
        assert again.tasks.list(COUNTY) == (task(),)
    assert sql(place, "SELECT version FROM {}store") == [(len(store_schema.MIGRATIONS),)]


def test_overdue_is_an_open_task_after_its_day() -> None:
    assert not task().overdue(date(2026, 4, 3))
    assert task().overdue(date(2026, 4, 4))
    assert task(state="reopened").overdue(date(2026, 4, 4))
    assert not task(state="done").overdue(date(2026, 4, 4))
