"""What a test gives a flow instead of making its calls."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from flowdsl.calls import IDEMPOTENCY_KEY, asks_for_key
from flowdsl.journal import failure
from flowdsl.pauses import Done, Job, written
from flowdsl.source import defined_at
from flowdsl.testing.failing import UnexpectedCall

__all__ = ["Either", "Guess", "InTurn", "Made", "Results", "begun", "either", "given_once", "in_turn", "result_of"]

Results: TypeAlias = Mapping[str, Any]
"""Key of a call to what it gives: a value, a function of the call's arguments, an exception that it raises, or one
:func:`either` of several. What is taken back by ``undo=`` is found under ``"undo "`` and the key; without one it succeeds."""

_UNDO: Final = "undo "


class Either(NamedTuple):
    """Several things that a call may come to; made by :func:`either`."""

    results: tuple[Any, ...]


class InTurn(NamedTuple):
    """Things that a call comes to one after the other; made by :func:`in_turn`."""

    results: tuple[Any, ...]


Guess: TypeAlias = Callable[[Job], Either]
"""Tells what a call may come to of which a table says nothing."""


class Made(NamedTuple):
    """A call that was made: its key, its arguments, what it gave or raised, and its idempotency key."""

    key: str
    args: tuple[Any, ...]
    result: Any
    token: str


def either(*results: Any) -> Either:
    """Let a call come to one of several things: an exploration goes all ways, a drawn conversation one of them.

    Args:
        results: values, functions or exceptions, as in ``calls=``. A scripted conversation takes the first.

    Raises:
        ValueError: there are none.

    >>> either(42, TimeoutError("no answer")).results[0]
    42
    """
    if not results:
        raise ValueError("either() needs the results that a call may have")
    return Either(results)


def in_turn(*results: Any) -> InTurn:
    """Let a call come to one thing the first time in a conversation, to another one the second time, and so on.

    Args:
        results: values, functions or exceptions, as in ``calls=``.

    >>> in_turn(20, 15).results
    (20, 15)
    """
    return InTurn(results)


def begun(results: Results) -> Results:
    """Give a table for one conversation, in which what comes in turn begins anew.

    Args:
        results: the table that a test has.
    """
    return {key: _taking_turns(key, each.results) if isinstance(each, InTurn) else each for key, each in results.items()}


def _taking_turns(key: str, results: tuple[Any, ...]) -> Callable[..., Any]:
    left = list(results)

    def give(*args: Any, idempotency_key: str = "") -> Any:
        if not left:
            raise UnexpectedCall(f"the call {key!r} is made more often than in_turn() has results, which are {len(results)}")
        return given_once(left.pop(0), args, idempotency_key)

    return give


def given_once(result: Any, args: tuple[Any, ...], token: str) -> Any:
    """Give one result: itself, or what it gives as a function of the arguments; an exception is raised.

    Args:
        result: what a test has for a call.
        args: the arguments of the call.
        token: its idempotency key.
    """
    if _is_raised(result):
        raise result
    if not callable(result):
        return result
    return result(*args, **({IDEMPOTENCY_KEY: token} if asks_for_key(result, args) else {}))


def result_of(job: Job, results: Results, choose: Callable[[int], int], guess: Guess | None = None) -> tuple[Done, Made]:
    """Answer a call from a table.

    Args:
        job: the call, or what takes it back.
        results: the table.
        choose: is told how many things a call may come to, and tells the place of one of them.
        guess: tells what a call may come to that is not in the table.

    Raises:
        UnexpectedCall: there is nothing for it in the table.
        AssertionError: a function of the table raised one, which is a matter of the test and not of the flow.
    """
    key = _UNDO + job.call.key if job.undoes else job.call.key
    if job.undoes and key not in results:
        return written(None, job), Made(key, job.args, None, job.token)
    if key in results:
        given = results[key]
    elif guess is not None:
        given = guess(job)
    else:
        raise UnexpectedCall(_unexpected(key, job, results))
    if isinstance(given, Either):
        given = given.results[choose(len(given.results))]
    try:
        result = _given(given, job, key)
    except Exception as error:
        if isinstance(error, AssertionError) and not _is_raised(given):
            raise
        done = Done(job.token, failure(type(error).__name__, str(error)), failed=True, final=job.call.on_crash == "fail")
        return done, Made(key, job.args, error, job.token)
    return written(result, job), Made(key, job.args, result, job.token)


def _given(given: Any, job: Job, key: str) -> Any:
    if callable(given) and not _is_raised(given):
        keyed = {IDEMPOTENCY_KEY: job.token} if asks_for_key(given, job.args) else {}
        try:
            inspect.signature(given).bind(*job.args, **keyed)
        except TypeError as error:
            raise UnexpectedCall(f"what calls[{key!r}] gives, {given!r}, cannot be called with {job.args!r}: {error}") from None
        except ValueError:
            pass  # written in C, and does not tell
    result = given_once(given, job.args, job.token)
    return _awaited(result, key) if inspect.isawaitable(result) else result


def _is_raised(result: Any) -> bool:
    return isinstance(result, BaseException) or (isinstance(result, type) and issubclass(result, BaseException))


def _awaited(result: Any, key: str) -> Any:
    """Run a coroutine that waits for nothing; there is no event loop here."""
    coroutine = result.__await__()
    try:
        next(coroutine)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise UnexpectedCall(f"what calls[{key!r}] gives waits for something: give a function that has its result at once")


def _unexpected(key: str, job: Job, results: Results) -> str:
    arguments = ", ".join(map(repr, job.args))
    known = f"it has {', '.join(map(repr, results))}" if results else "it has none"
    name = getattr(job.function, "__qualname__", repr(job.function))
    return (
        f"the flow makes the call {key!r}, {name}({arguments}) of {defined_at(job.function)}, for which the test has no result: "
        f"give calls={{{key!r}: …}} (a value, a function, an exception, or either(…)); {known}"
    )
