"""The Chinese catalogue holds every message a planner can read, and nothing else."""

from __future__ import annotations

import ast
import io
import json
import os
import string
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from optimizer.result import Status
from scenarios.language import DOMAIN, LOCALES, default_language, translator
from tests.message_finder import MessageFinder

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = LOCALES / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
# Functions that hand a text on to a translation: they add no text of their own.
PASSED_ON = ("geo.faults:reworded", "scenarios.language:translator")
# Texts of other libraries that reach a translation as values.
FROM_LIBRARIES = {
    "m": "unit of matplotlib-scalebar",
    "required": "click's word beside a required option",
}
# Nothing, and texts of other libraries alone: the same in every language.
AS_GIVEN = {"", "{expected}", "{reason}", "true", "false"}
# Texts that cannot be followed, by the function that puts them together.
NOT_FOLLOWED = {
    "geo.alert_ingest_kept:_open": "kept as an earlier run wrote it",
    "geo.osm:read_osm_facts": "kept as an earlier run wrote it",
    "geo.road_layer:_opened": "kept as an earlier run wrote it",
    "geo.road_layer:_all_aside": "a row's reason, followed where quarantine is told",
    "optimizer.policy_bundling:": "the policy key `fix`, no text",
    "optimizer.ways_out:_told": "ids and yes or no, as the stations file has them",
    "scenarios.documents:_relaxation": "read back as another run wrote it",
    "scenarios.kept:_of_folder": "read back as another run wrote it",
    "scenarios.kept:kept_of_record": "read back as another run wrote it",
    "scenarios.keeping:result_of": "read back as another run wrote it",
    "scenarios.show_runs:show_stored": "read back as another run wrote it",
}
CLICK_MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "types")


@cache
def found() -> MessageFinder:
    paths = [p for d in ("optimizer", "geo", "scenarios") for p in sorted((ROOT / d).rglob("*.py"))]
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in paths]
    texts = [p.read_text(encoding="utf-8") for p in paths]
    return MessageFinder(dict(zip(names, texts, strict=True)), PASSED_ON)


@cache
def of_click() -> frozenset[str]:
    """What click passes to gettext in its help and its usage errors."""
    folder = Path(click.__file__).parent
    trees = [ast.parse((folder / f"{m}.py").read_text(encoding="utf-8")) for m in CLICK_MODULES]
    calls = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return frozenset(
        str(call.args[0].value)
        for call in calls
        if getattr(call.func, "id", "") in ("_", "ngettext")
        and isinstance(call.args[0], ast.Constant)
    )


@cache
def catalogue() -> dict[str, Message]:
    with CATALOGUE.open("rb") as file:
        return {_first(m.id): m for m in read_po(file, locale="zh") if m.id}


def _first(text: str | tuple[str, ...] | list[str] | None) -> str:
    return text if isinstance(text, str) else (text or ("",))[0]


def _said(message: Message) -> str:
    return _first(message.string)


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_message_can_be_followed_to_its_text() -> None:
    lost = {f: texts for f, texts in found().unknown.items() if f not in NOT_FOLLOWED}
    assert not lost
    assert set(NOT_FOLLOWED) <= set(found().unknown), "no longer needed: delete it"


def test_the_catalogue_is_complete() -> None:
    wanted = {t: w for t, w in found().messages.items() if t not in AS_GIVEN}
    wanted |= dict.fromkeys(of_click(), "click") | FROM_LIBRARIES
    said = {text for text, message in catalogue().items() if _said(message)}
    missing = [f"{where}: {text!r}" for text, where in wanted.items() if text not in said]
    assert not missing, "\n".join(missing)


def test_the_catalogue_holds_nothing_that_no_code_says() -> None:
    known = {*found().messages, *of_click(), *FROM_LIBRARIES}
    unused = [text for text in catalogue() if text not in known]
    assert not unused, "\n".join(unused)


def test_no_translation_is_uncertain() -> None:
    assert not [text for text, message in catalogue().items() if message.fuzzy]


def test_translations_keep_the_braces() -> None:
    for message in catalogue().values():
        texts = [message.id] if isinstance(message.id, str) else list(message.id)
        asked = set().union(*(braces(t) for t in texts))
        if len(texts) == 1:
            assert braces(_said(message)) == asked, message.id
        else:  # the one text for every number
            assert braces(_said(message)) <= asked, message.id


def test_translations_end_as_their_messages_do() -> None:
    for text, message in catalogue().items():
        assert text.endswith(".") <= _said(message).endswith(("。", "）")), text
        assert _said(message) == _said(message).strip(), text


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with CATALOGUE.open("rb") as file:
        source = read_po(file, locale="zh")
    compiled = io.BytesIO()
    write_mo(compiled, source)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), (
        "run `python dev.py messages`"
    )


def test_chinese_is_spoken_when_asked_for() -> None:
    assert translator("zh")("Today") == "现状"
    assert translator("en")("Today") == "Today"
    assert translator("zh")("") == ""


def test_an_unknown_message_stays_as_it_is() -> None:
    assert translator("zh")("not in any catalogue") == "not in any catalogue"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_language_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language


SPOKEN: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("--help",), ("用法:", "选项:", "命令:", "显示本说明并退出。")),
    (("--lang", "zh", "--help"), ("用法:", "选项:", "命令:", "显示本说明并退出。")),
    (("--lang=zh", "run", "--help"), ("用法:", "运行案例", "显示本说明并退出。")),
    (("--lang", "zh", "run"), ("错误：", "缺少参数", "查看说明")),
    (("--lang", "zh", "validate", "nowhere"), ("输入有1个问题", "案例文件夹")),
    (("--lang", "en", "validate", "nowhere", "--lang", "zh"), ("输入有1个问题",)),
    (("run", "--help", "--lang", "zh"), ("用法:", "运行案例", "情景；", "显示本说明并退出。")),
    (("run",), ("错误：", "缺少参数", "查看说明")),
    (("run", "--lang=zh"), ("错误：", "缺少参数", "查看说明")),
    (("run", "x", "--nosuch", "--lang", "zh"), ("错误：", "没有选项“--nosuch”。")),
    (("nosuch", "--lang", "zh"), ("错误：", "没有命令“nosuch”。")),
    (("validate", "x", "y", "--lang=zh"), ("错误：", "多出参数（y）")),
    (("run", "x", "--lang", "zh", "--lang", "fr"), ("的值无效：", "“fr”")),
)
# Command lines one after the other in one process, each with what it says on either stream.
SPEAKING = """
import json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from scenarios.cli import main
for arguments in json.loads(sys.argv[1]):
    asked = any(a.startswith("--lang") for a in arguments)
    os.environ["LANGUAGE"] = "" if asked else "zh"
    sys.argv[1:] = arguments
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
        except SystemExit:
            pass
    print(json.dumps(said.getvalue()))
"""


@pytest.fixture(scope="module")
def spoken() -> dict[tuple[str, ...], str]:
    """What `jingli` says to each command line of `SPOKEN`."""
    asked = [arguments for arguments, _ in SPOKEN]
    done = subprocess.run(
        [sys.executable, "-c", SPEAKING, json.dumps(asked)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(asked, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(("arguments", "words"), SPOKEN)
def test_click_speaks_chinese_too(
    spoken: dict[tuple[str, ...], str], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    said = spoken[arguments]
    assert not [word for word in words if word not in said], said
    assert not [word for word in ("Usage", "Error", "Options", "Try") if word in said], said


def test_statuses_have_one_word_each() -> None:
    assert {s.value for s in Status} == {"OPTIMAL", "FEASIBLE", "INFEASIBLE", "UNKNOWN"}
