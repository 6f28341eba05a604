"""What the names in a function mean: the live object behind an expression, wherever it can be told for certain."""

import ast
import builtins
from collections import ChainMap
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any, Final, NamedTuple

from flowdsl.linting.bindings import Bound, Imported, bindings, declared, own_nodes
from flowdsl.linting.live import UNKNOWN, attribute, is_a, loaded, unwrapped
from flowdsl.linting.sources import Definition, File

__all__ = ["Nested", "Scope"]

_DEEPEST: Final = 20


class Scope:
    """A function as its names see it.

    Args:
        node: where it is defined.
        file: the file that it stands in.
        known: what its names mean that are not bound in it, nor in the functions around it.
        outer: the function around it, where only source tells of that one.

    >>> from flowdsl.linting.sources import Sources
    >>> import textwrap
    >>> file, node = Sources().of(textwrap.indent)
    >>> Scope(node, file, vars(textwrap)).resolve(ast.parse("str.title", mode="eval").body)
    <method 'title' of 'str' objects>
    """

    def __init__(self, node: Definition, file: File, known: Mapping[str, Any], outer: "Scope | None" = None) -> None:
        self.node = node
        self.file = file
        self.known = known
        self.outer = outer
        self.parents: dict[ast.AST, ast.AST] = dict(own_nodes(node))
        self.bound = bindings(node)
        self.global_names = declared(node, ast.Global)
        self.nonlocal_names = declared(node, ast.Nonlocal)
        self.name = "a lambda" if isinstance(node, ast.Lambda) else f"{node.name}()"
        self._busy: set[ast.expr] = set()

    @classmethod
    def of(cls, function: FunctionType, node: Definition, file: File) -> "Scope":
        """Make the scope of a live function."""
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        held = {name: _content(cell) for name, cell in cells.items()}
        scope = cls(node, file, ChainMap(held, function.__globals__))
        if not isinstance(node, ast.Lambda):
            # Of a method the class as well.
            scope.name = f"{function.__qualname__.rpartition('<locals>.')[2]}()"
        return scope

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """The nodes that run when the function does."""
        yield from self.parents

    @property
    def is_generator(self) -> bool:
        """Whether it yields."""
        return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in self.parents)

    @property
    def calls(self) -> Iterator[ast.Call]:
        """The calls that run when the function does."""
        yield from (each for each in self.parents if isinstance(each, ast.Call))

    def callee(self, call: ast.Call) -> Any:
        """Find what is called; of a partial the function in it."""
        return unwrapped(self.resolve(call.func))

    def value(self, node: ast.expr) -> tuple["Scope", ast.expr]:
        """Follow names that are bound once to the expression that they stand for, and the function which that is in."""
        scope = self
        for _ in range(_DEEPEST):
            match node:
                case ast.NamedExpr(value=inner):
                    node = inner
                case ast.Name(id=name):
                    holder = scope._holder(name)
                    bound = holder._only(name) if holder is not None else None
                    if holder is None or not isinstance(bound, ast.expr):
                        break
                    scope, node = holder, bound
                case _:
                    break
        return scope, node

    def resolve(self, node: ast.expr) -> Any:
        """Find the live object that an expression means.

        Returns:
            :data:`~flowdsl.linting.live.UNKNOWN` where it cannot be told, a :class:`Nested` for a function that is defined
            in this one.
        """
        scope, node = self.value(node)
        if node in scope._busy:  # `here = here.next`
            return UNKNOWN
        scope._busy.add(node)
        try:
            return scope._meant(node)
        finally:
            scope._busy.remove(node)

    def _meant(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(value=value, attr=attr):
                return attribute(self.resolve(value), attr)
            case ast.Lambda():
                return Nested(node, self)
            case ast.Subscript(value=value):
                # As in `Prompt[int]`.
                found = self.resolve(value)
                return found if is_a(found, type) else UNKNOWN
        return UNKNOWN

    def _holder(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and name not in scope.bound:
            scope = None if name in scope.global_names else scope.outer
        return scope

    def _only(self, name: str) -> Bound:
        found = self.bound[name]
        return found[0] if len(found) == 1 else None

    def _named(self, name: str) -> Any:
        holder = self._holder(name)
        if holder is None:
            return self.known[name] if name in self.known else getattr(builtins, name, UNKNOWN)
        match holder._only(name):
            case Imported() as imported:
                return _import(imported, self.known)
            case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                return Nested(node, holder)
        return UNKNOWN


class Nested(NamedTuple):
    """A function that is defined in another one, of which there is no live object."""

    node: Definition
    outer: Scope

    @property
    def scope(self) -> Scope:
        """Its own scope."""
        return Scope(self.node, self.outer.file, self.outer.known, self.outer)


def _import(imported: Imported, known: Mapping[str, Any]) -> Any:
    module = imported.module
    if imported.level:
        package = str(known.get("__package__") or "").split(".")
        parents = package[: len(package) - imported.level + 1]
        module = ".".join([*parents, module] if module else parents)
    return loaded(f"{module}.{imported.name}" if imported.name else module)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return UNKNOWN
