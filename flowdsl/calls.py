"""A call: what a flow has done outside of itself, once, and whose result its journal keeps."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, overload

from flowdsl.errors import BadStep
from flowdsl.settings import is_count, is_time
from flowdsl.unyielded import Unyielded

__all__ = ["IDEMPOTENCY_KEY", "Call", "asks_for_key"]

R = TypeVar("R")

IDEMPOTENCY_KEY: Final = "idempotency_key"
"""Name of the parameter by which a function asks for it."""

_TIMEOUT: Final = 30.0
_BACKOFF: Final = 0.5


class Call(Unyielded, Generic[R]):
    """Have a function run once, and keep its result: replay never runs it again.

    It is for everything that may differ between two runs, or that is seen outside: the time, chance, a database, an
    API. ``result = yield Call(…)`` and ``result = yield from Call(…)`` do the same; the second tells type checkers
    what the result is.

    That the function is about to run is saved before, and its result after. Where the process dies in between, nobody
    knows whether it ran: it is run again with the same idempotency key, unless ``on_crash`` says otherwise. Once
    a call has been made, the answer that led to it stays.

    Args:
        function: a function or coroutine function. Where it has a parameter ``idempotency_key`` for which nothing is
            given, it gets a text that is the same whenever this call is tried again, and no other call's.
        args: its arguments.
        key: names the result in the journal and in signals; the function's name unless given.
        timeout: seconds that one try may take; ``None`` for any time. A function in a thread cannot be stopped: what it
            comes to later is not used.
        retries: how often it is tried again when it raises.
        retry_on: what it may raise to be tried again: an exception class, or a tuple of them.
        backoff: seconds before the second try; twice as many before each one after it, 30 at most.
        on_crash: ``"retry"`` runs it again where a process died in the middle of it; ``"fail"`` raises
            :class:`~flowdsl.CallFailed` with the name ``"Interrupted"``, for a function that must not run twice.
        undo: a function of the result that takes it back, when the person goes back to before this call.
        irreversible: nobody goes back to before this call.
        thread: run a function that is not asynchronous in a thread, so that it keeps nobody else waiting. ``False`` is
            for quick ones that belong to the event loop's thread.

    Where the function raises, or its result cannot be stored, the flow gets :class:`~flowdsl.CallFailed`, with the name
    and the message of what was raised; it may catch it, and gets the same on every replay.

    >>> import random
    >>> Call(random.randint, 1, 6).key
    'randint'
    """

    __slots__ = (
        "args",
        "backoff",
        "function",
        "irreversible",
        "key",
        "on_crash",
        "retries",
        "retry_on",
        "thread",
        "timeout",
        "undo",
    )

    if TYPE_CHECKING:

        @overload
        def __init__(
            self,
            function: Callable[..., Awaitable[R]],
            /,
            *args: Any,
            key: str | None = ...,
            timeout: float | None = ...,
            retries: int = ...,
            retry_on: type[Exception] | tuple[type[Exception], ...] = ...,
            backoff: float = ...,
            on_crash: Literal["retry", "fail"] = ...,
            undo: Callable[..., Any] | None = ...,
            irreversible: bool = ...,
        ) -> None: ...

        @overload
        def __init__(
            self,
            function: Callable[..., R],
            /,
            *args: Any,
            key: str | None = ...,
            timeout: float | None = ...,
            retries: int = ...,
            retry_on: type[Exception] | tuple[type[Exception], ...] = ...,
            backoff: float = ...,
            on_crash: Literal["retry", "fail"] = ...,
            undo: Callable[..., Any] | None = ...,
            irreversible: bool = ...,
            thread: bool = ...,
        ) -> None: ...

    # Made again on every replay, so nothing is looked at here that can wait until it runs.
    def __init__(
        self,
        function: Callable[..., Any],
        /,
        *args: Any,
        key: str | None = None,
        timeout: float | None = _TIMEOUT,
        retries: int = 0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
        backoff: float = _BACKOFF,
        on_crash: Literal["retry", "fail"] = "retry",
        undo: Callable[..., Any] | None = None,
        irreversible: bool = False,
        thread: bool = True,
    ) -> None:
        self.function = function
        self.args = args
        self.key: str = _named(function) if key is None else key
        self.timeout = timeout
        self.retries = retries
        self.retry_on = retry_on
        self.backoff = backoff
        self.on_crash = on_crash
        self.undo = undo
        self.irreversible = irreversible
        self.thread = thread

    def __iter__(self) -> Generator[Call[R], Any, R]:
        """Yield itself and return the result, so that ``yield from`` has the result's type."""
        result: R = yield self
        return result

    def __repr__(self) -> str:
        return f"<call {self.key!r}>"

    def require(self) -> None:
        """Make sure that it can run.

        Raises:
            BadStep: one of its settings cannot work.
        """
        wrong = _wrong(self)
        if wrong:
            raise BadStep(f"call {self.key!r} cannot run: {wrong}")


def _named(function: Any) -> str:
    while isinstance(function, partial):
        function = function.func
    name: str = getattr(function, "__name__", type(function).__name__)
    if name == "<lambda>":
        raise BadStep("a call of a lambda has no name of its own: give it one, Call(…, key='…')")
    return name


def _wrong(call: Call[Any]) -> str:
    if not callable(call.function):
        return f"{call.function!r} is not a function: write Call(function, argument, …), without calling it"
    if not (isinstance(call.key, str) and call.key):
        return f"its key is {call.key!r}: a key is a text that names the result"
    if call.timeout is not None and not is_time(call.timeout):
        return f"its timeout is {call.timeout!r}: give a positive number of seconds, or None"
    if not is_count(call.retries, 0):
        return f"its retries are {call.retries!r}: give a number from 0 on"
    kinds = call.retry_on if isinstance(call.retry_on, tuple) else (call.retry_on,)
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        return f"its retry_on is {call.retry_on!r}: give an exception class, or a tuple of them"
    if call.backoff != 0 and not is_time(call.backoff):
        return f"its backoff is {call.backoff!r}: give a number of seconds"
    if call.on_crash not in ("retry", "fail"):
        return f"its on_crash is {call.on_crash!r}: it is 'retry' or 'fail'"
    if call.undo is not None and not callable(call.undo):
        return f"its undo is {call.undo!r}: give a function of the result"
    if call.undo is not None and call.irreversible:
        return "it is irreversible, and has an undo: give one of the two"
    if unfit := _unfit(call.function, call.args):
        return f"its function does not take these arguments: {unfit}"
    if call.undo is not None and (unfit := _unfit(call.undo, (None,))):
        return f"its undo does not take one argument, the result: {unfit}"
    return ""


def asks_for_key(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Tell whether a function wants the idempotency key, and is not given one of its own.

    >>> asks_for_key(lambda amount, idempotency_key: None, (5,))
    True
    """
    if isinstance(function, partial) and IDEMPOTENCY_KEY in function.keywords:
        return False
    try:
        signature = _signature(function)
        return IDEMPOTENCY_KEY in signature.parameters and IDEMPOTENCY_KEY not in signature.bind_partial(*args).arguments
    except (TypeError, ValueError):  # written in C, and does not tell
        return False


# Reading one takes longer than the turn, most of all where a function is written in C.
@lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _unfit(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Say what is wrong with arguments for a function; better before it is tried than after."""
    try:
        signature = _signature(function)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*args, **({IDEMPOTENCY_KEY: ""} if asks_for_key(function, args) else {}))
    except TypeError as error:
        return str(error)
    return ""
