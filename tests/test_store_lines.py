"""Runs as JSON lines: out of one store and into another, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from scenarios import store as store_module
from scenarios.store import Imported, Store, open_store
from scenarios.store_lines import header_line, line_of
from scenarios.store_record import StoredRun, run_id_of
from tests.postgres import Server
from tests.store_processes import PLAN, run_record
from tests.store_support import problem_of

pytest_plugins = ["tests.store_places"]


def test_export_and_import_carry_everything(
    store: Store, new_place: Callable[[], str], tmp_path: Path
) -> None:
    # More than one page of the export.
    for number in range(store_module._PAGE_RUNS + 3):
        store.add(run_record(number, plan=None if number % 2 else PLAN.to_json()))
    file, again = tmp_path / "runs.jsonl", tmp_path / "again.jsonl"
    assert store.export(file) == len(store.list()) == store_module._PAGE_RUNS + 3
    ids = tuple(sorted(s.run_id for s in store.list()))
    with open_store(new_place()) as other:
        assert other.import_(file) == Imported(added=ids, present=())
        assert other.list() == store.list()
        assert all(other.get(i) == store.get(i) for i in ids)
        assert other.import_(file) == Imported(added=(), present=ids)
        other.export(again)
    assert again.read_bytes() == file.read_bytes()
    documents = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert documents[0] == {"jingli_runs": 1}
    assert documents[1]["plan"] == json.loads(PLAN.to_json())


def test_an_export_is_of_one_moment(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PAGE_RUNS", 1)
    with open_store(place) as exporting, open_store(place) as adding:
        ids = [exporting.add(run_record(n)) for n in range(3)]
        late = iter(range(100, 200))

        def line_while_others_work(run: StoredRun) -> str:
            adding.add(run_record(next(late)))
            if run.run_id == ids[0]:
                adding.delete([ids[2]])
            return line_of(run)

        monkeypatch.setattr(store_module, "line_of", line_while_others_work)
        assert exporting.export(tmp_path / "runs.jsonl") == 3
        assert len(exporting.list()) == 5
    with (tmp_path / "runs.jsonl").open(encoding="utf-8") as file:
        assert [json.loads(line)["run_id"] for line in list(file)[1:]] == sorted(ids)


def test_runs_move_between_the_two_databases(postgres_server: Server, tmp_path: Path) -> None:
    file, back = tmp_path / "office.jsonl", tmp_path / "back.jsonl"
    with open_store(tmp_path / "own.sqlite") as own:
        own.add(run_record(1))
        own.add(run_record(2, scenario=None, plan=None))
        own.export(file)
    with open_store(postgres_server.url(postgres_server.new_database())) as office:
        office.import_(file)
        office.export(back)
    assert back.read_bytes() == file.read_bytes()


def test_export_of_chosen_runs(store: Store, tmp_path: Path) -> None:
    ids = sorted(store.add(run_record(n)) for n in range(3))
    file = tmp_path / "some.jsonl"
    assert store.export(file, [ids[2], ids[0]]) == 2
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    assert [json.loads(line)["run_id"] for line in lines] == [ids[0], ids[2]]
    with pytest.raises(InputError):
        store.export(file, ["nonsense"])
    assert file.read_text(encoding="utf-8").splitlines()[1:] == lines


def test_export_to_nowhere_leaves_nothing(file_store: Store, tmp_path: Path) -> None:
    file_store.add(run_record())
    with pytest.raises(InputError) as refused:
        file_store.export(tmp_path / "missing" / "runs.jsonl")
    assert "expected a place that can be written" in problem_of(refused)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        file_store.export(tmp_path / "folder")
    assert {p.name for p in tmp_path.glob("[!r]*")} == {"folder"}


def good_line(**changes: Any) -> str:
    run = StoredRun(run_id=run_id_of(run_record()), record=run_record())
    document = json.loads(line_of(run)) | changes
    return json.dumps({k: v for k, v in document.items() if v != "REMOVED"}) + "\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{\n", "line 3: expected a run as one JSON object"),
        ("[]\n", "line 3: expected a run as one JSON object"),
        (good_line(seed="REMOVED"), "line 3 seed: expected a whole number"),
        (good_line(seed=True), "line 3 seed = true: expected a whole number"),
        (good_line(seed=2**63), "line 3 seed = 9223372036854775808: expected a whole number"),
        (good_line(run_id="x"), 'line 3 run_id = "x": expected a run\'s id'),
        (good_line(created_at="2026-11-21T12:00:00"), "line 3 created_at"),
        (good_line(created_at="noon"), "line 3 created_at"),
        (good_line(status="DONE"), 'line 3 status = "DONE"'),
        (good_line(status=[]), "line 3 status = []"),
        (good_line(case_name=None), "line 3 case_name = null: expected text"),
        (good_line(scenario=1), "line 3 scenario = 1: expected text or null"),
        (good_line(versions={"python": 3}), "line 3 versions"),
        (good_line(command="jingli"), "line 3 command"),
        (good_line(proofs={}), "line 3 proofs = {}: expected a JSON list"),
        (good_line(evaluation=None), "line 3 evaluation = null: expected a JSON object"),
        (good_line(plan=[]), "line 3 plan = []: expected a JSON object"),
        (good_line(surprise=1), "line 3 surprise: expected only known keys"),
        (good_line(county_digest="abc"), "line 3 = county_digest"),
        (good_line(evaluation={"x": float("nan")}), "line 3 = "),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(
    file_store: Store, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(header_line() + good_line() + line + "oops\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        file_store.import_(file)
    first, last = refused.value.problems
    assert f"{file} {said}" in first.text()
    assert "line 4" in last.text()
    assert file_store.list() == ()


def test_a_line_that_is_no_utf8_is_named(file_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_bytes(header_line().encode() + "{'垫江'}\n".encode("gb18030"))
    with pytest.raises(InputError, match="line 2"):
        file_store.import_(file)


def test_editors_may_add_a_mark_and_blank_lines(file_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    text = "\ufeff" + header_line() + "\n" + good_line() + "\n"
    file.write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert len(file_store.import_(file).added) == 1


def test_an_id_with_other_contents_is_refused(file_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file_store.add(run_record())
    file.write_text(header_line() + good_line(seed=99), encoding="utf-8")
    with pytest.raises(InputError, match="not in the store with other contents"):
        file_store.import_(file)
    assert file_store.get("2026").record == run_record()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a file of exported runs"),
        ("station_id,name\n", "expected a file of exported runs"),
        ("[1]\n", "expected a file of exported runs"),
        ('{"jingli_runs": true}\n', "expected a file of exported runs"),
        ('{"jingli_runs": 2}\n', "expected an export of version 1 or older; install a newer"),
    ],
)
def test_other_files_are_not_imported(
    file_store: Store, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "stations.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        file_store.import_(file)
    assert said in problem_of(refused)


def test_a_missing_file_is_not_imported(file_store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file that can be read"):
        file_store.import_(tmp_path / "nowhere.jsonl")


def test_an_interrupted_import_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(header_line() + good_line(), encoding="utf-8")

    def interrupted(*_: object) -> Iterator[StoredRun]:
        yield StoredRun(run_id=run_id_of(run_record()), record=run_record())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "read_runs", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.import_(file)
    assert store.list() == ()
    assert len(store.import_(file).added) == 1
