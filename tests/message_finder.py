"""Finds every text that a planner can be told, by reading the code.

From each call of a `Translate` function its argument is followed back: through variables, tables,
parameters (to every caller), fields of our classes (to every place that makes one) and results of
functions, down to string constants. What cannot be followed is reported, never passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from tests.code_reading import EACH, KEY, SAME, Class, Code, Function, Way, last_name

TRANSLATE = "Translate"
# Before the key, in a way into a mapping under a key that the code spells out.
NAMED = "key "
_OF_MAPPINGS = frozenset({"get", "pop", "setdefault"})
# argparse, in tools of our own developers, speaks English.
_ENGLISH_MAKERS = frozenset({"add_argument"})
_DEEPEST = 5


class MessageFinder:
    """Reads modules.

    Args:
        sources: Module name -> source text.
        passed_on: Functions that are translations themselves, as `module:name`.

    Attributes:
        messages: Every text found, and the module that holds it.
        unknown: Expressions that reach a translation and cannot be followed, by the function they
            stand in (`module:function`).
    """

    def __init__(self, sources: Mapping[str, str], passed_on: Collection[str] = ()) -> None:
        self.messages: dict[str, str] = {}
        self.unknown: dict[str, set[str]] = {}
        self._passed_on = passed_on
        self._code = Code(sources)
        self._seen: set[tuple[ast.AST, Way]] = set()
        self._adding: set[ast.BinOp] = set()
        for calls in self._code.calls.values():
            for call in calls:
                if len(call.args) == 1 and self._is_translation(call.func):
                    self._follow(call.args[0], ())

    def _is_translation(self, function: ast.expr) -> bool:
        """Whether a function of this type, or of this name, translates."""
        types = self._code.types(function)
        return TRANSLATE in types or (not types and last_name(function) == "_")

    def _follow(self, node: ast.expr, way: Way) -> None:
        """Find the texts that part `way` of `node` may be."""
        # A name bound to a part of itself (`table = table[key]`) leads ever deeper.
        if (node, way) in self._seen or len(way) > _DEEPEST:
            return
        self._seen.add((node, way))
        match node:
            case ast.Constant(value=str() as text):
                if not way:
                    self.messages.setdefault(text, self._code.module(node))
            case ast.Constant():
                pass
            case ast.IfExp():
                self._follow(node.body, way)
                self._follow(node.orelse, way)
            case ast.BoolOp():
                for value in node.values:
                    self._follow(value, way)
            case ast.NamedExpr() | ast.Starred():
                self._follow(node.value, way)
            case ast.Tuple() | ast.List() | ast.Set() if way:
                for i, one in enumerate(node.elts):
                    if isinstance(one, ast.Starred):
                        self._follow(one.value, (EACH, *way[1:]))
                    elif way[0] in (i, EACH):
                        self._follow(one, way[1:])
            case ast.Dict() if way:
                for key, value in zip(node.keys, node.values, strict=True):
                    if key is None:
                        self._follow(value, way)
                    elif way[0] in (EACH, KEY) or _may_be(key, way[0]):
                        self._follow(key if way[0] == KEY else value, way[1:])
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() if way:
                self._follow(node.elt, way[1:])
            case ast.DictComp() if way:
                self._follow(node.key if way[0] == KEY else node.value, way[1:])
            case ast.Subscript(slice=ast.Constant(value=int() as index)):
                self._follow(node.value, (index, *way))
            case ast.Subscript(slice=ast.Constant(value=str() as name)):
                self._follow(node.value, (NAMED + name, *way))
            case ast.Subscript():
                self._follow(node.value, (EACH, *way))
            case ast.Name():
                self._follow_name(node, way)
            case ast.Attribute():
                self._follow_attribute(node, way)
            case ast.Call():
                self._follow_call(node, way)
            case ast.BinOp() if way:
                self._follow(node.left, way)
                self._follow(node.right, way)
            case ast.BinOp(op=ast.Add()):
                self._follow_sum(node)
            case ast.JoinedStr() if _is_figures(node):
                pass
            case _:
                self._give_up(node)

    def _follow_sum(self, node: ast.BinOp) -> None:
        """Two texts in one, in every combination."""
        if node in self._adding:  # `text += more`: what `text` was before
            return
        self._adding.add(node)
        left, right = self._texts(node.left), self._texts(node.right)
        self._adding.discard(node)
        for text in (a + b for a in left for b in right):
            self.messages.setdefault(text, self._code.module(node))

    def _texts(self, node: ast.expr) -> list[str]:
        """What `node` alone may be."""
        found, seen = self.messages, self._seen
        self.messages, self._seen = {}, set()
        self._follow(node, ())
        texts = list(self.messages)
        self.messages, self._seen = found, seen
        return texts

    def _follow_name(self, node: ast.Name, way: Way) -> None:
        bounds = self._code.bounds(node)
        if not bounds:
            self._give_up(node)
        for bound in bounds:
            if bound.function is not None:
                self._follow_parameter(bound.function, node, way)
            elif bound.value is not None and not bound.is_element:
                self._follow(bound.value, (*bound.way, *way))
            elif bound.value is not None and way and way[0] != KEY:
                self._follow(bound.value, way[1:])

    def _follow_parameter(self, function: Function | ast.Lambda, name: ast.Name, way: Way) -> None:
        """To what every caller gives."""
        if isinstance(function, ast.Lambda):
            self._give_up(name)
            return
        if f"{self._code.module(function)}:{function.name}" in self._passed_on:
            return
        owner = self._code.parent[function]
        if isinstance(owner, ast.ClassDef) and function.name == "__init__":
            calls = self._code.calls.get(owner.name, [])
        else:
            named = self._code.calls.get(function.name, [])
            calls = [c for c in named if any(f is function for f in self._code.called(c))]
        if not calls:
            self._give_up(name)
        for call in calls:
            given = _argument(call, function, name.id, is_method=isinstance(owner, ast.ClassDef))
            if given is None:
                self._give_up(name)
            else:
                self._follow(given[0], (*given[1], *way))

    def _follow_attribute(self, node: ast.Attribute, way: Way) -> None:
        module = self._code.module_meant(node.value)
        if module is not None:
            for bound in self._code.in_module(module, node.attr):
                assert bound.value is not None
                self._follow(bound.value, (*bound.way, *way))
            return
        types = self._code.types(node.value)
        classes = self._code.classes_with(node.attr, types)
        if not classes:
            self._follow_foreign(node, way)
        for one in classes:
            if node.attr in one.methods:
                self._follow_results(one.methods[node.attr], way)
            for value in one.given.get(node.attr, ()):
                self._follow(value, way)
            if node.attr in one.fields:
                self._follow_field(one, node.attr, way)
        for call in self._code.calls.get("replace", ()):
            own = self._code.types(call.args[0]) if call.args else set()
            if not own or not types or own & types:
                for keyword in call.keywords:
                    if keyword.arg == node.attr:
                        self._follow(keyword.value, way)

    def _follow_field(self, one: Class, name: str, way: Way) -> None:
        """To its default and to every place that makes the class or one that comes from it."""
        default = one.fields[name][1]
        if default is not None:
            self._follow(default, way)
        made = [n for n in self._code.classes if one.name in self._code.ancestors(n)]
        for call in (c for n in made for c in self._code.calls.get(n, ())):
            for keyword in call.keywords:
                if keyword.arg == name:
                    self._follow(keyword.value, way)
                elif keyword.arg is None:
                    self._give_up(keyword.value)
            at = list(one.fields).index(name)
            if at < len(call.args):
                self._follow(call.args[at], way)

    def _follow_foreign(self, node: ast.Attribute, way: Way) -> None:
        """A field of a library's object: to what we give its makers under that name."""
        given = [
            keyword.value
            for calls in self._code.calls.values()
            for call in calls
            for keyword in call.keywords
            if keyword.arg == node.attr
            and last_name(call.func) not in {*self._code.classes, *_ENGLISH_MAKERS}
            and not self._code.called(call)
        ]
        if not given:
            self._give_up(node)
        for value in given:
            self._follow(value, way)

    def _follow_call(self, node: ast.Call, way: Way) -> None:
        name = last_name(node.func)
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        if self._is_translation(node.func) or (_is_figures(node) and not way):
            return  # in the planner's language already, or in nobody's
        is_ours = base is None or self._code.types(base) & set(self._code.classes)
        functions = self._code.called(node)
        if functions and (is_ours or name not in _OF_MAPPINGS):
            for function in functions:
                self._follow_results(function, way)
        elif name == "next" and node.args:
            self._follow(node.args[0], (EACH, *way))
            for other in node.args[1:]:
                self._follow(other, way)
        elif name in (*SAME, "MappingProxyType", "fromkeys") and node.args:
            self._follow(node.args[0], way)
        elif name == "zip" and len(way) > 1 and isinstance(way[1], int):
            self._follow(node.args[way[1]], (EACH, *way[2:]))
        elif name == "enumerate" and way[1:2] == (1,):
            self._follow(node.args[0], (EACH, *way[2:]))
        elif base is not None and name == "items" and len(way) > 1:
            self._follow(base, (KEY if way[1] == 0 else EACH, *way[2:]))
        elif base is not None and name == "values" and way:
            self._follow(base, way)
        elif base is not None and name in _OF_MAPPINGS and node.args:
            self._follow(base, (EACH, *way))
            for other in node.args[1:]:
                self._follow(other, way)
        elif name == "field":
            for keyword in node.keywords:
                if keyword.arg == "default":
                    self._follow(keyword.value, way)
        else:
            self._give_up(node)

    def _follow_results(self, function: Function, way: Way) -> None:
        for node in ast.walk(function):
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                scopes = self._code.scopes(node)
                if next(s for s in scopes if isinstance(s, Function)) is function:
                    self._follow(node.value, way[1:] if isinstance(node, ast.Yield) else way)

    def _give_up(self, node: ast.expr) -> None:
        inside = [s.name for s in self._code.scopes(node) if isinstance(s, Function)]
        where = f"{self._code.module(node)}:{inside[0] if inside else ''}"
        self.unknown.setdefault(where, set()).add(ast.unparse(node))


def _argument(
    call: ast.Call, function: Function, name: str, *, is_method: bool
) -> tuple[ast.expr, Way] | None:
    """What `call` gives for a parameter, or its default; None where that is not plain."""
    a = function.args
    positional = [p.arg for p in (*a.posonlyargs, *a.args)]
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value, ()
    if name in positional:
        at = positional.index(name) - is_method
        for i, given in enumerate(call.args[: at + 1]):
            if isinstance(given, ast.Starred):
                return given.value, (at - i,)
        if at < len(call.args):
            return call.args[at], ()
    defaults = dict(zip(reversed(positional), reversed(a.defaults), strict=False))
    only = zip(a.kwonlyargs, a.kw_defaults, strict=True)
    defaults |= {p.arg: default for p, default in only if default is not None}
    return (defaults[name], ()) if name in defaults else None


def _may_be(key: ast.expr, step: object) -> bool:
    """Whether a mapping's `key` may be the one that a way goes by."""
    return not isinstance(key, ast.Constant) or step == f"{NAMED}{key.value!s}"


def _is_figures(node: ast.expr) -> bool:
    """Whether a text is put together of figures and names only, without a word of ours."""
    match node:
        case ast.JoinedStr():
            parts = [p.value for p in node.values if isinstance(p, ast.Constant)]
            return not any(sign.isalpha() for part in parts for sign in str(part))
        case ast.Call(func=ast.Name(id="str")):
            return True
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.GeneratorExp() as each]):
            return _is_figures(each.elt)
        case _:
            return False
