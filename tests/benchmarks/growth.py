"""A turn at the 400th answer, against a turn at the first: what a long conversation costs."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator

from flowdsl import Runtime
from tests.benchmarks.conversations import msisdn
from tests.benchmarks.depths import DEPTHS, answer, last_reply, name, seed
from tests.benchmarks.load import post, rate, screens
from tests.benchmarks.measuring import interleaved
from tests.benchmarks.over_http import endpoint
from tests.benchmarks.table import Finding, Limit, times

__all__ = ["measure"]

_LIMIT = Limit(4.0)
_TURNS = 800
_FIRST, _LATE = DEPTHS
_SHOWN = {_FIRST: "What does Kofi 0 do in the group?", _LATE: "What is the name of member 201?"}


def measure(rounds: int) -> Iterator[Finding]:
    """Answer many surveys once each, at both depths."""
    yield _over_http(rounds)
    yield _in_process(rounds)


def _over_http(rounds: int) -> Finding:
    with endpoint("surveys", "memory://", _needed(rounds)) as server:
        for depth in DEPTHS:
            assert screens(server.port, [_request(depth, 0)])[0].startswith(_SHOWN[depth])
        samples = interleaved(_requests(server.port, _FIRST), _requests(server.port, _LATE), rounds)
    return times(f"a turn at answer {_LATE} over HTTP, to one at the first", samples, _LIMIT)


def _in_process(rounds: int) -> Finding:
    runtime = Runtime()
    with asyncio.Runner() as runner:
        for depth in DEPTHS:
            runner.run(seed(runtime, depth, range(_needed(rounds))))
        samples = interleaved(_turns(runner, runtime, _FIRST), _turns(runner, runtime, _LATE), rounds)
    return times(f"a turn at answer {_LATE} in process, to one at the first", samples, None)


def _needed(rounds: int) -> int:
    # One session is used by the check, and one round warms up.
    return 1 + _TURNS * (rounds + 1)


def _request(depth: int, number: int) -> bytes:
    return post(name(depth, number), last_reply(depth), number=msisdn(0))


def _requests(port: int, depth: int) -> Callable[[], float]:
    numbers = itertools.count(1)
    return lambda: 1 / rate(port, [[_request(depth, number)] for number in itertools.islice(numbers, _TURNS)])


def _turns(runner: asyncio.Runner, runtime: Runtime, depth: int) -> Callable[[], float]:
    numbers = itertools.count(1)
    text = last_reply(depth)

    async def turns() -> float:
        begin = time.process_time()
        for number in itertools.islice(numbers, _TURNS):
            await answer(runtime, name(depth, number), text)
        return (time.process_time() - begin) / _TURNS

    return lambda: runner.run(turns())
