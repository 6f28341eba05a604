"""The syntax of one function: the nodes that run when it does, and what its own names are bound to. Pure."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from flowdsl.linting.sources import Definition

__all__ = ["Bound", "Imported", "bindings", "declared", "own_nodes"]

# What is given to these runs there and then.
_AT_ONCE: Final = ("map", "filter")


class Imported(NamedTuple):
    """What an import within a function binds a name to."""

    module: str
    name: str
    level: int


Bound = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | Imported | None
"""What a name is bound to; ``None`` where only running it would tell, as for a parameter or the target of a loop."""


def own_nodes(node: Definition) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Give the nodes that run when a function does, each with its parent, in the order of the source.

    The bodies of functions and lambdas within are left out: most of them are a ``validate``, a ``transform`` or what a
    ``Call`` runs, which run once and not on replay. One that the function calls itself is looked at where it is called.

    >>> function = ast.parse("def quote(rate=now()): return Call(lambda: pay(), map(lambda each: each * rate, [1]))").body[0]
    >>> [each.id for each, _ in own_nodes(function) if isinstance(each, ast.Name)]
    ['Call', 'map', 'each', 'rate']
    """
    todo: list[tuple[ast.AST, ast.AST]] = [(each, node) for each in _body(node)]
    todo.reverse()
    while todo:
        each, parent = todo.pop()
        yield each, parent
        todo.extend((child, each) for child in reversed(list(_children(each, parent))))


def _body(node: Definition) -> list[ast.AST]:
    return [node.body] if isinstance(node.body, ast.AST) else list(node.body)


def _children(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            yield from _defaults(node.args)
        case ast.ClassDef():
            yield from (*node.decorator_list, *node.bases, *node.keywords)
        case ast.Lambda():
            yield from _defaults(node.args)
            if _runs_at_once(node, parent):
                yield node.body
        case ast.AnnAssign():
            yield from (each for each in (node.target, node.value) if each is not None)
        case _:
            yield from ast.iter_child_nodes(node)


def _defaults(args: ast.arguments) -> Iterator[ast.expr]:
    yield from args.defaults
    yield from (each for each in args.kw_defaults if each is not None)


def _runs_at_once(node: ast.Lambda, parent: ast.AST) -> bool:
    match parent:
        case ast.keyword(arg="key"):  # the key of a Call is a text
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _AT_ONCE and node in parent.args
    return False


def declared(node: Definition, kind: type[ast.Global] | type[ast.Nonlocal]) -> frozenset[str]:
    """Give the names that a function declares as not its own.

    >>> sorted(declared(ast.parse("def count(): global hits, misses").body[0], ast.Global))
    ['hits', 'misses']
    """
    return frozenset(name for each, _ in own_nodes(node) if isinstance(each, kind) for name in each.names)


def bindings(node: Definition) -> dict[str, list[Bound]]:
    """Give all that each name of a function is bound to.

    >>> found = bindings(ast.parse("def quote(rate): import time as t; now = t.time(); return now * rate").body[0])
    >>> found["rate"], found["t"], ast.unparse(found["now"][0])
    ([None], [Imported(module='time', name='', level=0)], 't.time()')
    """
    found: defaultdict[str, list[Bound]] = defaultdict(list)
    for argument in _arguments(node.args):
        found[argument].append(None)
    for each, _ in own_nodes(node):
        for name, bound in _bound_by(each):
            found[name].append(bound)
    for name in declared(node, ast.Global) | declared(node, ast.Nonlocal):
        found.pop(name, None)
    # A function within may bind it again, whenever it is called.
    for inner in ast.walk(node):
        if isinstance(inner, ast.Nonlocal):
            for name in inner.names:
                if name in found:
                    found[name].append(None)
    return dict(found)


def _arguments(args: ast.arguments) -> Iterator[str]:
    several = [each for each in (args.vararg, args.kwarg) if each is not None]
    yield from (each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs, *several))


def _bound_by(node: ast.AST) -> Iterator[tuple[str, Bound]]:
    match node:
        case ast.Assign(value=value):
            for target in node.targets:
                yield from _targets(target, value)
        case ast.NamedExpr(target=target, value=value):
            yield from _targets(target, value)
        case ast.AnnAssign(target=target, value=value):
            yield from _targets(target, value)
        case ast.Delete():
            for target in node.targets:
                yield from _targets(target, None)
        case (
            ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target) | ast.AugAssign(target=target)
        ):
            yield from _targets(target, None)
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _targets(target, None)
        case ast.Import():
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], _imported(alias)
        case ast.ImportFrom(module=module, level=level):
            for alias in node.names:
                yield alias.asname or alias.name, Imported(module or "", alias.name, level)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            # A decorator may make anything of it.
            yield node.name, None if node.decorator_list else node
        case ast.Lambda():
            for name in _arguments(node.args):
                yield name, None
        case (
            ast.ClassDef(name=name)
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
        ):
            yield name, None
        case ast.MatchMapping(rest=str(name)):
            yield name, None


def _imported(alias: ast.alias) -> Imported:
    return Imported(alias.name if alias.asname else alias.name.partition(".")[0], "", 0)


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Bound]]:
    if isinstance(target, ast.Name):
        yield target.id, value
        return
    for each in ast.walk(target):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store | ast.Del):
            yield each.id, None
