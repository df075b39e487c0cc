"""The finder follows a text from where it is translated to wherever it was written."""

from __future__ import annotations

import textwrap

import pytest

from tests.message_finder import MessageFinder

ERRORS = """
    Translate = object

    class Problem:
        where: str
        expected: str
        fix: str = ""

        def text(self, translate: Translate) -> str:
            return translate(self.expected) + translate(self.fix)

    class RowProblem(Problem):
        row: int
"""


def found(code: str, *passed_on: str) -> MessageFinder:
    sources = {
        "errors": ERRORS,
        "code": "from errors import Problem, RowProblem, Translate\n" + code,
    }
    whole = {name: textwrap.dedent(text) for name, text in sources.items()}
    return MessageFinder(whole, passed_on)


def texts(code: str) -> set[str]:
    finder = found(textwrap.dedent(code))
    assert not finder.unknown, finder.unknown
    return set(finder.messages) - {""}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(_: Translate): return _('said')", {"said"}),
        ("x = lambda _: _('said')", {"said"}),
        ("def f(_: Translate, b): return _('one' if b else 'two')", {"one", "two"}),
        ("def f(_: Translate): return _('a') if b else 'not said'", {"a"}),
        ("def f(speak: Translate): return speak('said')", {"said"}),
        ("def f(scene: 'S'): return 'abc'.translate(TABLE)", set()),
        ("Problem(where='f', expected='e')", {"e"}),
        ("Problem('f', 'e', 'x')", {"e", "x"}),
        ("RowProblem(where='f', expected='e', row=1)", {"e"}),
        ("def f(p: Problem): return replace(p, fix='x')", {"x"}),
        (
            """
            def report(where, expected, fix=''):
                return Problem(where=where, expected=expected, fix=fix)
            def check(expected):
                report('file', expected, 'by position')
            check('through two functions')
            check(expected='by name')
            """,
            {"by position", "through two functions", "by name"},
        ),
        (
            """
            TABLE = {1: ('e1', 'x1'), 2: ('e2', 'x2')}
            def f(code):
                expected, fix = TABLE.get(code, ('e3', 'x3'))
                return Problem(where='f', expected=expected, fix=fix)
            """,
            {"e1", "x1", "e2", "x2", "e3", "x3"},
        ),
        (
            """
            PAIRS = {1: ('e1', 'x1')}
            def report(expected, fix): return Problem(where='f', expected=expected, fix=fix)
            def f(code): return report(*PAIRS[code])
            """,
            {"e1", "x1"},
        ),
        (
            """
            def f(_: Translate):
                rows = []
                rows.append(('shown', 1))
                rows += [('added', 2)]
                for text, n in rows:
                    _(text)
            """,
            {"shown", "added"},
        ),
        ("def f(_: Translate):\n for k, v in {'key': 'value'}.items(): _(v)", {"value"}),
        ("def f(_: Translate):\n for i, t in enumerate(['a', 'b']): _(t)", {"a", "b"}),
        ("def f(_: Translate):\n for n, t in zip([1], ['a']): _(t)", {"a"}),
        ("def f(_: Translate): return [_(t) for t in ('a', 'b')]", {"a", "b"}),
        (
            """
            def f(_: Translate, more):
                label = 'road'
                if more:
                    label += ' (modelled)'
                return _(label)
            """,
            {"road", "road (modelled)"},
        ),
        (
            """
            def wanted(kind):
                if kind:
                    return 'a number', {}
                return 'a whole number', {}
            def f(kind):
                expected, params = wanted(kind)
                return Problem(where='f', expected=expected)
            """,
            {"a number", "a whole number"},
        ),
        (
            """
            class Names:
                def __init__(self, kind): self.kind = kind
                def say(self, _: Translate): return _(self.kind)
            Names('station')
            """,
            {"station"},
        ),
        ("def f(_: Translate, n): return _(f'{n:.1f} %')", set()),
        ("def f(_: Translate): return _(_('inner'))", {"inner"}),
        ("Problem(where='not said', expected='e')", {"e"}),
    ],
)
def test_texts_are_found(code: str, expected: set[str]) -> None:
    assert texts(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "def f(_: Translate, n): return _(f'{n} stations')",
        "def f(_: Translate): return _(', '.join(names))",
        "def f(_: Translate, given): return _(given)",
        "def f(_: Translate): return _(unheard_of())",
        "def f(data): return Problem(**data)",
    ],
)
def test_what_cannot_be_followed_is_reported(code: str) -> None:
    assert found(code).unknown.keys() == {"code:f"}


def test_functions_of_one_name_in_two_modules_are_told_apart() -> None:
    module = """
        from errors import Problem
        def fault(text): return Problem(where='f', expected=text)
        fault('of {}')
    """
    sources = {
        "errors": textwrap.dedent(ERRORS),
        "a": textwrap.dedent(module).replace("{}", "a"),
        "b": textwrap.dedent(module)
        .replace("{}", "b")
        .replace("Problem(where='f', expected=", "("),
    }
    assert set(MessageFinder(sources).messages) == {"of a", ""}


def test_a_function_that_only_passes_on_adds_nothing() -> None:
    code = "def f(translate: Translate):\n    def g(text): return translate(text)\n    return g"
    assert found(code).unknown
    assert not found(code, "code:g").unknown
