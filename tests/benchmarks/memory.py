"""What people who are in the middle of a conversation take in memory."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator

from flowdsl import Runtime
from tests.benchmarks.conversations import REGISTRATION
from tests.benchmarks.in_process import Talk, by_flow, by_hand
from tests.benchmarks.machine import Machine
from tests.benchmarks.table import Finding, Limit

__all__ = ["measure"]

_LIMIT = Limit(10.0)
_PEOPLE = 10_000
_MIB = 1024 * 1024


def measure(rounds: int) -> Iterator[Finding]:
    """Let many people wait at their third question; counting is exact, so once is enough."""
    floor, ours = _taken(by_hand(Machine())), _taken(by_flow(Runtime()))
    what = f"memory of {_PEOPLE:,} people at their third question"
    yield Finding(what, f"{ours:.2f} MiB", f"{floor:.2f} MiB", ours, _LIMIT, " MiB")


def _taken(talk: Talk) -> float:
    return asyncio.run(_difference(talk)) / _MIB


async def _difference(talk: Talk) -> int:
    dial, name, _, age, *_ = REGISTRATION
    await talk(_PEOPLE, (dial, name, age))  # what is made once is not a person's
    tracemalloc.start()
    try:
        before = _held()
        for person in range(_PEOPLE):
            await talk(person, (dial, f"{name} {person}", age))
        return _held() - before
    finally:
        tracemalloc.stop()


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
