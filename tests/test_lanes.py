"""One at a time, whoever waits, gives up, or is cancelled."""

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.lanes import Lanes, TooLate


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 12))
def test_nobody_is_beside_another(seed: int, people: int) -> None:
    """Cancelled and late waiters leave no gap and no lock behind, and nobody overtakes who has waited longer."""
    asyncio.run(crowd(Random(seed), people))


async def crowd(chance: Random, people: int) -> None:
    """Let people come, wait, give up and be cancelled."""
    lanes: Lanes[int] = Lanes()
    loop = asyncio.get_running_loop()
    inside: list[int] = []
    order: list[int] = []

    async def work(who: int) -> tuple[int, asyncio.Future[Any] | None]:
        assert not inside
        inside.append(who)
        order.append(who)
        try:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.2:
                raise ValueError(who)
        finally:
            inside.remove(who)
        rest = loop.create_future()
        if chance.random() < 0.3:
            loop.call_later(0, rest.set_result, None)
            return who, rest
        return who, None

    async def come(who: int) -> int | None:
        until = loop.time() if chance.random() < 0.2 else None
        try:
            return (await lanes.run("one", None, lambda: work(who), until))[0]
        except (TooLate, ValueError):
            return None

    tasks = []
    for who in range(people):
        tasks.append(asyncio.create_task(come(who)))
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
    await asyncio.wait(tasks, timeout=10)
    assert all(task.done() for task in tasks)
    assert order == sorted(order)
    while len(lanes):  # noqa: ASYNC110 (what goes on after a result gives the lane back a moment later)
        await asyncio.sleep(0)
    assert await lanes.run("one", None, work_alone, None) == (7, False)


async def work_alone() -> tuple[int, None]:
    """Do nothing, alone."""
    return 7, None


async def test_who_is_too_late_has_done_nothing() -> None:
    """And does not keep others from their turn."""
    lanes: Lanes[int] = Lanes()
    gate = asyncio.Event()

    async def slow() -> tuple[int, None]:
        await gate.wait()
        return 1, None

    first = asyncio.create_task(lanes.run("one", None, slow))
    await asyncio.sleep(0)
    with pytest.raises(TooLate):
        await lanes.run("one", None, work_alone, asyncio.get_running_loop().time())
    last = asyncio.create_task(lanes.run("one", None, work_alone))
    gate.set()
    assert (await first, await last) == ((1, False), (7, False))
    assert len(lanes) == 0
