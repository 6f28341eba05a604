"""What a flow does outside of a ``Call`` although it gives something else at every run, or is seen outside."""

import ast
import os
import sys
from collections.abc import Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, Final

from flowdsl.calls import Call
from flowdsl.linting.finding import Fault, quoted
from flowdsl.linting.kinds import instance_of
from flowdsl.linting.live import bound_to, is_a
from flowdsl.linting.outside import CLIENTS, NAMES, PATH_METHODS, RUNNERS, Index
from flowdsl.linting.scopes import Nested, Scope

__all__ = ["impurities"]

_AGAIN: Final = "the flow is replayed from its beginning at every message"
_WHY: Final = {
    "clock": f"tells another time each time that it runs, and {_AGAIN}",
    "chance": f"comes out differently each time that it runs, and {_AGAIN}",
    "environment": "depends on the machine and the process that it runs in, and the next message may come to another one",
    "io": f"reaches out of the flow again and again: {_AGAIN}",
}
_PROCESS: Final = "is another number in every process, and the next message may come to another one"
_SLEEP: Final = f"keeps everybody else waiting, again and again: {_AGAIN}"
_WHERE: Final = {True: "", False: ", in the flow, and give the result to this function"}
_BY_NAME: Final = {"builtins.id": _PROCESS, "builtins.hash": _PROCESS, "time.sleep": _SLEEP}

_SEED: Final = (
    "`random.Random(seed)` with a seed that is made of the answers, or `yield from Call(random.randint, 1, 6)` and the like"
)
_MOMENT: Final = "`yield from Call(datetime.now, UTC)`, whose result is kept; `chat.timestamp` is when the conversation began"
_BYTES: Final = "`yield from Call(secrets.token_hex)`, whose result is kept"
_CURES: Final = {
    "builtins.print": "`yield Say(…)` for the person to read it; a logger for you, which repeats itself and harms nothing",
    "builtins.input": "`yield from Prompt(…)`, which asks the person",
    "builtins.id": "give it a key of your own, such as one made of the answers",
    "builtins.hash": "`hashlib`, which gives the same everywhere",
    "time.sleep": "leave it out; what takes long is waited for in an asynchronous function, by `yield from Call(function)`",
    # What these give cannot be kept in a journal, or means nothing in another process.
    **dict.fromkeys(("random.Random", "numpy.random.default_rng"), _SEED),
    **dict.fromkeys(("os.urandom", "os.getrandom", "secrets.token_bytes"), _BYTES),
    **{
        name: _MOMENT for name, (rule, _) in NAMES.items() if rule == "clock" and name.startswith("time.") and name != "time.time"
    },
}
_FUNCTION: Final = (
    "a function of its own, that returns what the flow needs of it, and write `yield from Call(function)`, whose result is kept"
)
# Of what reaches out of the process, or tells of it, these give something that a journal can keep.
_PLAIN: Final = {
    "io": ("exists", "is_dir", "is_file", "isdir", "isfile", "getsize", "getmtime", "read_text", "write_text"),
    "environment": ("get", "getenv", "getpid", "gethostname", "getuser", "node"),
}


def impurities(scope: Scope, index: Index, *, steps: bool) -> Iterator[Fault]:
    """Find what a function does itself that only a ``Call`` may do.

    Args:
        scope: the function.
        index: knows what is outside.
        steps: whether the function yields steps, and so could yield a ``Call``.
    """
    for call in scope.calls:
        callee = scope.callee(call)
        name = index.name_of(callee)
        if name in RUNNERS:
            yield _runner(call)
        elif _is_asynchronous(callee):
            if not _is_run(scope, call, index):
                yield _coroutine(call, steps)
        elif rule := _rule(scope, call, callee, name):
            yield _outside(call, rule, name, steps)
    yield from (_variable(scope, node, steps) for node in scope.nodes if _reads_environment(scope, node))


def _rule(scope: Scope, call: ast.Call, callee: Any, name: str) -> str:
    """Tell which rule a call breaks; an empty one where it is harmless or nobody knows."""
    if name:
        rule, enough = NAMES[name]
        given = len(call.args) + len(call.keywords)
        return "" if enough is not None and given >= enough else rule
    # The functions of `random` are methods of a generator that all share; one with a seed, made in the flow, is harmless.
    if _is_chance(bound_to(callee)):
        return "chance"
    if not isinstance(call.func, ast.Attribute):
        return ""
    if scope.resolve(call.func.value) is os.environ:
        return "environment"
    return _of_client(instance_of(scope, call.func.value), call.func.attr)


def _is_chance(owner: Any) -> bool:
    return any(each.__module__ == "random" or each.__module__.startswith("numpy.random") for each in type(owner).__mro__)


def _of_client(kind: type | None, method: str) -> str:
    if kind is None:
        return ""
    if issubclass(kind, Path):
        return "io" if method in PATH_METHODS else ""
    # Chance that no seed can bind.
    if kind.__module__ == "random" and kind.__qualname__ == "SystemRandom":
        return "chance"
    for each in kind.__mro__:
        place = f"{each.__module__}.{each.__qualname__}"
        for prefix, methods in CLIENTS.items():
            if f"{place}.".startswith(f"{prefix}."):
                return "io" if not methods or method in methods else ""
    return ""


def _is_asynchronous(callee: Any) -> bool:
    if is_a(callee, Nested):
        return isinstance(callee.node, ast.AsyncFunctionDef) and not callee.scope.is_generator
    return is_a(callee, (FunctionType, MethodType)) and iscoroutinefunction(callee)


def _is_run(scope: Scope, call: ast.Call, index: Index) -> bool:
    parent = scope.parents[call]
    return isinstance(parent, ast.Call) and index.name_of(scope.callee(parent)) in RUNNERS


def _reads_environment(scope: Scope, node: ast.AST) -> bool:
    """Tell whether something is read out of ``os.environ`` or ``sys.argv`` there, other than by a method."""
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    parent = scope.parents[node]
    match parent:
        case ast.Subscript() | ast.Compare() | ast.For() | ast.comprehension():
            pass
        case ast.Call() if node in parent.args and scope.callee(parent) is not Call:
            pass
        case _:
            return False
    found = scope.resolve(node)
    return found is os.environ or found is sys.argv


def _outside(call: ast.Call, rule: str, name: str, steps: bool) -> Fault:
    return Fault(call, rule, f"{quoted(call)} {_BY_NAME.get(name, _WHY[rule])}", _cure(call, rule, name, steps))


def _cure(call: ast.Call, rule: str, name: str, steps: bool) -> str:
    if name in _CURES:
        return _CURES[name]
    cure = f"{_called(call, rule)}{_WHERE[steps]}"
    if rule == "environment":
        return f"read it once where the module is imported, or {cure}"
    return f"{cure}; `chat.timestamp` is when the conversation began" if rule == "clock" else cure


def _called(call: ast.Call, rule: str) -> str:
    """Write a call as a ``Call``, where it can be one as it stands and its result can be kept."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    args, named = [*call.args], [each.arg for each in call.keywords]
    if rule == "clock" and named == ["tz"]:
        args, named = [*args, call.keywords[0].value], []
    if method == "shuffle" and len(args) == 1:
        return f"`yield from Call(random.sample, {ast.unparse(args[0])}, len({ast.unparse(args[0])}))`, whose result is kept"
    if named or any(isinstance(each, ast.Starred) for each in args) or (rule in _PLAIN and method not in _PLAIN[rule]):
        return f"put it into {_FUNCTION}"
    return f"`yield from {ast.unparse(ast.Call(ast.Name('Call'), [call.func, *args], []))}`, whose result is kept"


def _runner(call: ast.Call) -> Fault:
    message = (
        f"{quoted(call)} would wait within the event loop that the flow runs in, which Python refuses, and would run again "
        "at every message"
    )
    return Fault(call, "awaitable", message, "`yield from Call(function, argument)` with the asynchronous function itself")


def _coroutine(call: ast.Call, steps: bool) -> Fault:
    message = f"{quoted(call)} runs nothing: it makes a coroutine, and nothing awaits that in a flow"
    return Fault(call, "awaitable", message, f"{_called(call, 'awaitable')}{_WHERE[steps]}")


def _variable(scope: Scope, node: ast.AST, steps: bool) -> Fault:
    parent = scope.parents[node]
    read = parent if isinstance(parent, ast.expr) else node
    assert isinstance(read, ast.expr)
    cure = f"read it once where the module is imported, or by a function that a `Call` runs, whose result is kept{_WHERE[steps]}"
    return Fault(read, "environment", f"{quoted(read)} {_WHY['environment']}", cure)
