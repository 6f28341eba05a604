"""How a contract is tried: in an event loop of its own, and with words for whoever does not keep it."""

import asyncio
from collections.abc import Callable, Coroutine
from reprlib import Repr
from typing import Any, Final, TypeVar

__all__ = ["named_as", "promise", "run", "told"]

F = TypeVar("F", bound=Callable[..., Any])

_short: Final = Repr()
_short.maxstring = _short.maxother = 120


def promise(kept: object, *, wanted: str, found: str, because: str) -> None:
    """Fail a test, in words that its author understands without reading the test, where a promise is not kept.

    Args:
        kept: whether it is.
        wanted: what the contract wants.
        found: what there was instead.
        because: why it matters.

    Raises:
        AssertionError: it is not kept.

    >>> promise(1 + 1 == 3, wanted="1 + 1 is 3", found="it is 2", because="somebody counts on it")
    Traceback (most recent call last):
    AssertionError: The contract: 1 + 1 is 3.
    Found: it is 2.
    Why: somebody counts on it.
    """
    __tracebackhide__ = True
    if not kept:
        raise AssertionError(f"The contract: {wanted}.\nFound: {found}.\nWhy: {because}.")


def told(value: object) -> str:
    """Write a value in a message, cut where it is long.

    >>> told("a" * 1000)[:20]
    "'aaaaaaaaaaaaaaaaaaa"
    """
    return _short.repr(value)


def run(trial: Coroutine[Any, Any, None], seconds: float) -> None:
    """Run a trial to its end in an event loop of its own.

    Args:
        trial: what to run.
        seconds: after which it is taken to hang.

    Raises:
        AssertionError: it does, or what it tried does not keep the contract.

    >>> run(asyncio.sleep(0), 1)
    """

    async def bounded() -> None:
        bound = asyncio.timeout(seconds)
        try:
            async with bound:
                await trial
        except TimeoutError:
            promise(
                not bound.expired(),
                wanted="every operation ends",
                found=f"something hung for {seconds:g} seconds",
                because="a person waits at the other end, and a gateway does so for a few seconds",
            )
            raise

    with asyncio.Runner() as runner:
        runner.run(bounded())


def named_as(test: Callable[..., Any], plain: F) -> F:
    """Give a plain test the name and the words of the asynchronous one that it runs.

    Not by ``functools.wraps``: test runners would look through it, and find a coroutine, and arguments that they do not know.

    Args:
        test: the asynchronous one.
        plain: what runs it.
    """
    plain.__name__, plain.__qualname__, plain.__module__ = test.__name__, test.__qualname__, test.__module__
    plain.__doc__ = test.__doc__
    return plain
