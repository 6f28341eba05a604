"""A call is made: in time, again where it may be, and in a thread where it would keep others waiting."""

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flowdsl.calls import IDEMPOTENCY_KEY, Call, asks_for_key
from flowdsl.journal import failure
from flowdsl.pauses import Done, Job, written

__all__ = ["perform"]

_LONGEST_WAIT: Final = 30.0
_DOUBLINGS: Final = 64
# Some errors bring the page with them that a server answered with, and a session has its limits.
_LONGEST_MESSAGE: Final = 1_000


async def perform(job: Job) -> tuple[Done, int, BaseException | None]:
    """Run a job until it succeeds or may not be tried again.

    Args:
        job: what to run.

    Returns:
        What it came to, how often it was tried, and what it raised the last time.
    """
    call, tries = job.call, 0
    while True:
        tries += 1
        try:
            return written(await _tried(job), job), tries, None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit and the like are for whole programs, and a cancellation that is not ours is the function's own.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            if tries > call.retries or not isinstance(error, call.retry_on):
                return _failed(job, error), tries, error
        await asyncio.sleep(min(call.backoff * 2 ** min(tries - 1, _DOUBLINGS), _LONGEST_WAIT))


async def _tried(job: Job) -> Any:
    call: Call[Any] = job.call
    keyed = {IDEMPOTENCY_KEY: job.token} if asks_for_key(job.function, job.args) else {}
    work = partial(job.function, *job.args, **keyed)
    async with asyncio.timeout(call.timeout):
        if call.thread and not _is_async(job.function):
            result = await asyncio.to_thread(_contained, work)
        else:
            result = work()
        return await result if inspect.isawaitable(result) else result


def _contained(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except StopIteration as error:
        # A future cannot hold one, and would never be done.
        raise RuntimeError("it raised StopIteration") from error


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _failed(job: Job, error: BaseException) -> Done:
    try:
        message = str(error)[:_LONGEST_MESSAGE].encode(errors="replace").decode()
    except Exception:
        message = ""
    if not message and isinstance(error, TimeoutError) and job.call.timeout is not None:
        message = f"it took longer than {job.call.timeout:g} seconds"
    # One that may be run again is not final: where the flow does not catch it, the next message tries again.
    final = job.call.on_crash == "fail"
    return Done(job.token, failure(type(error).__name__, message), failed=True, final=final)
