"""Python source as a graph: what a name is bound to, of what class a value is, who is called.

As much as it takes to follow a text through our own code, and no more: the type of a value is the
set of names that its annotations mention.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Way: TypeAlias = tuple[int | str, ...]
"""Steps into a value: an index of a tuple, EACH element or value, or each KEY of a mapping."""

EACH, KEY = "each", "key"
SAME = frozenset({"tuple", "list", "sorted", "reversed", "set", "frozenset", "iter"})
"""Functions whose result holds what their argument holds."""
_SCOPES = (
    ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp,
)  # fmt: skip
_SIGNS = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
_GROWS = frozenset({"append", "add", "appendleft"})


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name stands for: part `way` of `value`, or a parameter of `function`.

    With `annotation` only its type is told.
    """

    value: ast.expr | None = None
    way: Way = ()
    is_element: bool = False
    function: Function | ast.Lambda | None = None
    annotation: ast.expr | None = None


@dataclass(slots=True)
class Class:
    """A class of ours: bases; fields in order, with annotation and default; methods.

    `given` holds what methods assign to attributes of `self`.
    """

    name: str
    bases: set[str] = field(default_factory=set)
    fields: dict[str, tuple[ast.expr, ast.expr | None]] = field(default_factory=dict)
    methods: dict[str, Function] = field(default_factory=dict)
    given: dict[str, list[ast.expr]] = field(default_factory=dict)

    def has(self, attribute: str) -> bool:
        return attribute in self.fields or attribute in self.methods or attribute in self.given


class Code:
    """Modules, given as name -> source text."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.trees = {name: ast.parse(text) for name, text in sources.items()}
        self.classes: dict[str, Class] = {}
        self.calls: dict[str, list[ast.Call]] = defaultdict(list)
        self.parent: dict[ast.AST, ast.AST] = {}
        self._functions: dict[str, list[Function]] = defaultdict(list)
        self._names: dict[tuple[ast.AST, str], list[Bound]] = defaultdict(list)
        self._imported: dict[tuple[str, str], tuple[str, str]] = {}
        self._module_of: dict[ast.AST, str] = {}
        self._types: dict[ast.expr, set[str]] = {}
        self._asked: dict[ast.expr, int] = {}
        self._reached = 0
        self._ancestors: dict[str, set[str]] = {}
        self._having: dict[str, set[str]] = {}
        met = [node for name, tree in self.trees.items() for node in self._met(name, tree)]
        for node in met:
            self._learn(node)

    # --- what is where --------------------------------------------------------------------

    def _met(self, module: str, tree: ast.Module) -> list[ast.AST]:
        """Every node of a module that can say something, each after its parent."""
        nodes: list[ast.AST] = [tree]
        for node in nodes:  # grows as it goes
            self._module_of[node] = module
            for name in node._fields:
                value = getattr(node, name, None)
                for child in value if isinstance(value, list) else (value,):
                    if isinstance(child, ast.AST) and not isinstance(child, _SIGNS):
                        self.parent[child] = node
                        nodes.append(child)
        return nodes

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.ClassDef():
                self._learn_class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                if not isinstance(node, ast.Lambda):
                    self._functions[node.name].append(node)
                for one in parameters(node):
                    self._names[node, one.arg].append(Bound(function=node))
            case ast.Call():
                self.calls[last_name(node.func)].append(node)
                self._learn_growth(node)
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, node.value, ())
            case ast.AnnAssign():
                if isinstance(node.target, ast.Name):
                    self._own(node.target).append(Bound(annotation=node.annotation))
                if node.value is not None:
                    self._bind(node.target, node.value, ())
            case ast.AugAssign():
                both = ast.BinOp(node.target, node.op, node.value)
                self.parent[both] = node
                self._module_of[both] = self._module_of[node]
                self._bind(node.target, both, ())
            case ast.NamedExpr():
                self._bind(node.target, node.value, ())
            case ast.For() | ast.comprehension():
                self._bind(node.target, node.iter, (EACH,))
            case ast.ImportFrom():
                for alias in node.names:
                    known = (self.module(node), alias.asname or alias.name)
                    self._imported[known] = (node.module or "", alias.name)
            case _:
                pass

    def _learn_class(self, node: ast.ClassDef) -> None:
        # Two classes of one name, in two modules, count as one.
        known = self.classes.setdefault(node.name, Class(node.name))
        known.bases |= {last_name(b) for b in node.bases}
        for one in node.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                known.fields[one.target.id] = (one.annotation, one.value)
            elif isinstance(one, Function):
                known.methods[one.name] = one

    def _learn_growth(self, node: ast.Call) -> None:
        """`rows.append(row)`, `rows.extend(more)`."""
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            grown = self._own(node.func.value)
            if node.func.attr in _GROWS and len(node.args) == 1:
                grown.append(Bound(node.args[0], is_element=True))
            elif node.func.attr in ("extend", "update") and len(node.args) == 1:
                grown.append(Bound(node.args[0]))

    def _bind(self, target: ast.expr, value: ast.expr, way: Way) -> None:
        match target:
            case ast.Name():
                self._own(target).append(Bound(value, way))
            case ast.Tuple() | ast.List():
                for i, one in enumerate(target.elts):
                    self._bind(one, value, (*way, i))
            case ast.Starred():
                self._bind(target.value, value, way[:-1])
            case ast.Subscript(value=ast.Name() as name):
                self._own(name).append(Bound(value, way, is_element=True))
            case ast.Attribute(value=ast.Name(id="self")):
                owner = self.owner(target)
                if owner is not None and not way:
                    self.classes[owner].given.setdefault(target.attr, []).append(value)
            case _:
                pass

    def _own(self, name: ast.Name) -> list[Bound]:
        """The list of what `name` is bound to in the scope that it stands in."""
        return self._names[self._home(name), name.id]

    def _home(self, node: ast.AST) -> ast.AST:
        while not isinstance(node, _SCOPES):
            node = self.parent[node]
        return node

    def scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        """The scopes that `node` stands in, from within."""
        scope = self._home(node)
        yield scope
        while scope in self.parent:
            scope = self._home(self.parent[scope])
            yield scope

    def module(self, node: ast.AST) -> str:
        """Name of the module that `node` stands in."""
        return self._module_of[node]

    def owner(self, node: ast.AST) -> str | None:
        """Name of the class that `node` stands in."""
        return next((s.name for s in self.scopes(node) if isinstance(s, ast.ClassDef)), None)

    def bounds(self, name: ast.Name) -> list[Bound]:
        """Everything that `name` may be bound to where it stands; empty if not known."""
        for i, scope in enumerate(self.scopes(name)):
            hidden = i and isinstance(scope, ast.ClassDef)
            if not hidden and self._names.get((scope, name.id)):
                return self._names[scope, name.id]
        module, original = self._imported.get((self.module(name), name.id), ("", ""))
        return self.in_module(module, original)

    def in_module(self, module: str, name: str) -> list[Bound]:
        """What `name` is bound to at the top of a module of ours."""
        tree = self.trees.get(module)
        return [] if tree is None else self._names.get((tree, name), [])

    def module_meant(self, node: ast.expr) -> str | None:
        """The module of ours that `node` names."""
        if not isinstance(node, ast.Name):
            return None
        whole = ".".join(self._imported.get((self.module(node), node.id), ("", "")))
        return whole if whole in self.trees else None

    # --- of what class, and who is called ---------------------------------------------------

    def types(self, node: ast.expr) -> set[str]:
        """Names in the type of an expression: its class, or what it holds; empty if not known."""
        if node in self._types:
            return self._types[node]
        if node in self._asked:
            self._reached = min(self._reached, self._asked[node])
            return set()
        depth, reached = len(self._asked), self._reached
        self._asked[node] = self._reached = depth
        found = self._types_anew(node)
        del self._asked[node]
        if self._reached >= depth:  # within a circle an answer may be half of it
            self._types[node] = found
        self._reached = min(reached, self._reached)
        return found

    def _types_anew(self, node: ast.expr) -> set[str]:
        match node:
            case ast.Name(id="self"):
                owner = self.owner(node)
                return set() if owner is None else {owner}
            case ast.Name():
                return set().union(*(self._types_of_bound(b, node.id) for b in self.bounds(node)))
            case ast.Attribute():
                found: set[str] = set()
                for one in self.classes_with(node.attr, self.types(node.value)):
                    if node.attr in one.fields:
                        found |= _mentioned(one.fields[node.attr][0])
                    elif node.attr in one.methods:
                        found |= _mentioned(one.methods[node.attr].returns)
                    for value in one.given.get(node.attr, ()):
                        found |= self.types(value)
                return found
            case ast.Call():
                name = last_name(node.func)
                if name in self.classes:
                    return {name}
                if name in SAME | {"next", "replace", "enumerate", "zip"}:
                    return set().union(*map(self.types, node.args))
                return set().union(*(_mentioned(f.returns) for f in self.called(node)))
            case ast.Subscript() | ast.Starred():
                return self.types(node.value)
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self.types(node.elt)
            case ast.Tuple() | ast.List() | ast.Set():
                return set().union(*map(self.types, node.elts))
            case ast.BoolOp():
                return set().union(*map(self.types, node.values))
            case ast.IfExp():
                return self.types(node.body) | self.types(node.orelse)
            case _:
                return set()

    def _types_of_bound(self, bound: Bound, name: str) -> set[str]:
        if bound.function is not None:
            own = [p for p in parameters(bound.function) if p.arg == name]
            return set().union(*(_mentioned(p.annotation) for p in own))
        value = bound.value
        if value is None:
            return _mentioned(bound.annotation)
        if isinstance(value, ast.Tuple) and bound.way and isinstance(bound.way[0], int):
            value = value.elts[bound.way[0]]
        return self.types(value)

    def classes_with(self, attribute: str, types: set[str]) -> list[Class]:
        """Our classes that have `attribute`: those in `types` and their kin; all if not known."""
        having = self._having.get(attribute)
        if having is None:
            having = {name for name, one in self.classes.items() if one.has(attribute)}
            self._having[attribute] = having
        kin = {name for name in having if self.ancestors(name) & types}
        for one in types & self.classes.keys():
            kin |= self.ancestors(one) & having
        return [self.classes[n] for n in sorted(kin if types else having)]

    def ancestors(self, name: str) -> set[str]:
        """A class of ours and those of ours it comes from."""
        if name not in self._ancestors:
            found = {name}
            for base in self.classes[name].bases & self.classes.keys():
                found |= self.ancestors(base)
            self._ancestors[name] = found
        return self._ancestors[name]

    def called(self, call: ast.Call) -> list[Function]:
        """Functions of ours that `call` may run."""
        name = last_name(call.func)
        if isinstance(call.func, ast.Name):
            here = self.module(call)
            module, original = self._imported.get((here, name), (here, name))
            return [f for f in self._functions.get(original, ()) if self.module(f) == module]
        if not isinstance(call.func, ast.Attribute):
            return []
        meant = self.module_meant(call.func.value)
        if meant is not None:
            return [f for f in self._functions.get(name, ()) if self.module(f) == meant]
        having = self.classes_with(name, self.types(call.func.value))
        return [c.methods[name] for c in having if name in c.methods]


def parameters(node: Function | ast.Lambda) -> list[ast.arg]:
    """All parameters of a function."""
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`; nothing for what has no name."""
    return node.id if isinstance(node, ast.Name) else str(getattr(node, "attr", ""))


def _mentioned(annotation: ast.expr | None) -> set[str]:
    """Names in an annotation."""
    nodes = ast.walk(annotation) if annotation is not None else ()
    return {last_name(n) for n in nodes if isinstance(n, ast.expr)} - {""}
