"""The run store: the same rules on a SQLite file and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from optimizer.result import Status
from scenarios import store as store_module
from scenarios.store import Store, open_store
from scenarios.store_record import StoredRun, run_id_of
from tests.postgres import Server
from tests.store_processes import NOON, run_record
from tests.store_support import problem_of

pytest_plugins = ["tests.store_places"]


def test_adding_the_same_record_again_keeps_one(store: Store) -> None:
    assert store.add(run_record()) == store.add(run_record())
    assert len(store.list()) == 1


def test_two_runs_of_one_moment_get_two_ids(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clash = "20261121-g000abc"
    monkeypatch.setattr(
        store_module, "run_id_of", lambda r, n=0: clash if n == 0 else run_id_of(r, n)
    )
    first, second = run_record(seed=1), run_record(seed=2)
    ids = [store.add(first), store.add(second), store.add(second), store.add(first)]
    assert ids[0] == ids[3] == clash
    assert ids[1] == ids[2] != clash
    assert [store.get(i).record.seed for i in ids[:2]] == [1, 2]


def inputs(**changes: Any) -> dict[str, Any]:
    same = {"county_digest": "a" * 64, "policy_digest": "b" * 64, "seed": 7, "version": "0.1.0"}
    return same | changes


def test_identical_inputs_are_found(store: Store) -> None:
    run_id = store.add(run_record())
    found = store.find(**inputs())
    assert found == StoredRun(run_id=run_id, record=run_record())
    assert store.find(**inputs(scenario="as_published")) == found


@pytest.mark.parametrize(
    "other",
    [
        {"county_digest": "c" * 64},
        {"policy_digest": "c" * 64},
        {"seed": 8},
        {"version": "0.1.1"},
        {"scenario": "free"},
    ],
)
def test_other_inputs_are_not_found(store: Store, other: dict[str, Any]) -> None:
    store.add(run_record())
    assert store.find(**inputs(**other)) is None


def test_of_several_runs_a_proven_then_the_newest_is_found(store: Store) -> None:
    def best() -> datetime:
        found = store.find(**inputs())
        assert found is not None
        return found.record.created_at

    def add(number: int, status: Status) -> datetime:
        store.add(run_record(number, status=status))
        return NOON + timedelta(seconds=number)

    assert best_after(add(5, Status.UNKNOWN), best)
    assert best_after(add(1, Status.FEASIBLE), best)
    infeasible = add(2, Status.INFEASIBLE)
    assert best() == infeasible
    add(9, Status.FEASIBLE)
    assert best() == infeasible
    assert best_after(add(3, Status.OPTIMAL), best)
    add(0, Status.OPTIMAL)
    assert best() == NOON + timedelta(seconds=3)


def best_after(added: datetime, best: Callable[[], datetime]) -> bool:
    return best() == added


def test_list_is_newest_first_and_filtered(store: Store) -> None:
    ids = [
        store.add(run_record(0, scenario=None)),
        store.add(run_record(2, case_name="忠县", status=Status.INFEASIBLE, plan=None)),
        store.add(run_record(1, case_folder="other", scenario="free")),
    ]
    zero, two, one = ids

    def listed(**filters: Any) -> list[str]:
        return [summary.run_id for summary in store.list(**filters)]

    assert listed() == [two, one, zero]
    assert listed(limit=2) == [two, one]
    assert listed(case="忠县") == [two]
    assert listed(case="other") == [one]
    assert listed(scenario="free") == [one]
    assert listed(status=Status.INFEASIBLE) == [two]
    assert listed(since=NOON + timedelta(seconds=1)) == [two, one]
    east = timezone(timedelta(hours=8))
    assert listed(since=(NOON + timedelta(seconds=2)).astimezone(east)) == [two]
    assert listed(case="垫江县", scenario="free", limit=5) == [one]
    assert listed(case="nowhere") == []
    summary = store.list(case="忠县")[0]
    record = store.get(two).record
    for name in ("created_at", "case_folder", "scenario", "county_digest", "seed", "status"):
        assert getattr(summary, name) == getattr(record, name), name


def test_values_of_filters_are_never_sql(store: Store) -> None:
    store.add(run_record())
    assert store.list(case="' OR 1=1 --") == ()
    with pytest.raises(InputError):
        store.get("20261121-g000%")
    with pytest.raises(InputError):
        store.delete(["' OR ''='"])
    assert len(store.list()) == 1


def test_impossible_filters_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="since"):
        store.list(since=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="limit"):
        store.list(limit=0)


def test_get_takes_a_unique_beginning(store: Store) -> None:
    first, second = store.add(run_record(0)), store.add(run_record(3600))
    assert first[:10] != second[:10]
    assert store.get(first).run_id == first
    assert store.get(second[:10].upper()).run_id == second
    with pytest.raises(InputError) as refused:
        store.get("20261121-")
    assert f"it fits {first}, {second}; write more" in problem_of(refused)


def test_ids_sort_by_code_point_whatever_the_language_of_the_server(
    postgres_server: Server,
) -> None:
    ((version,),) = postgres_server.run("SHOW server_version_num")
    if int(version) < 150000:
        pytest.skip("PostgreSQL 15 or newer for a database that sorts as Chinese does")
    database = postgres_server.new_database(
        "LOCALE_PROVIDER icu ICU_LOCALE 'zh' LOCALE 'C' TEMPLATE template0"
    )
    assert postgres_server.run("SELECT '~' < 'a'", database) == [(True,)]
    with open_store(postgres_server.url(database)) as opened:
        run_id = opened.add(run_record())
        assert opened.get(run_id[:12]).run_id == run_id


@pytest.mark.parametrize("unknown", ["20261122", "", "  ", "zz", "20261121-g000abcd"])
def test_get_of_no_run_says_so(store: Store, unknown: str) -> None:
    store.add(run_record())
    with pytest.raises(InputError) as refused:
        store.get(unknown)
    assert "expected the id of a run, or its beginning" in problem_of(refused)


def test_many_candidates_are_cut_short(store: Store) -> None:
    for number in range(7):
        store.add(run_record(number * 60))
    with pytest.raises(InputError) as refused:
        store.get("2026")
    assert problem_of(refused).count("20261121-") == 5
    assert ", …;" in problem_of(refused)


def test_delete_all_or_none(store: Store) -> None:
    ids = [store.add(run_record(n)) for n in range(4)]
    with pytest.raises(InputError) as refused:
        store.delete([ids[0], "nonsense", "2026", ids[1]])
    assert [p.value for p in refused.value.problems] == ["nonsense", "2026"]
    assert len(store.list()) == 4
    assert store.delete([ids[2], ids[0], ids[0]]) == (ids[0], ids[2])
    assert [s.run_id for s in store.list()] == [ids[3], ids[1]]
    assert store.delete([]) == ()


def test_a_deleted_run_is_gone_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with open_store(path) as opened:
        run_id = opened.add(run_record(case_name="秘密单位"))
    assert "秘密单位".encode() in path.read_bytes()
    with open_store(path) as opened:
        opened.delete([run_id])
    assert "秘密单位".encode() not in path.read_bytes()
