"""Turns without HTTP: the whole registration, against the same conversation written by hand."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator

from examples.registration import registration
from flowdsl import Inbound, Runtime, Screen
from tests.benchmarks.conversations import REGISTRATION, SCREENS, msisdn
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import interleaved
from tests.benchmarks.table import Finding, Limit, times

__all__ = ["Talk", "by_flow", "by_hand", "measure"]

_LIMIT = Limit(2.0)
_CONVERSATIONS = 200

Talk = Callable[[int, tuple[str, ...]], Awaitable[str]]
"""Lets one person, known by a number, send these messages, and gives the last screen."""


def measure(rounds: int) -> Iterator[Finding]:
    """Hold the registration over and over."""
    people = itertools.count()
    hand, ours = by_hand(Machine()), by_flow(Runtime())
    with asyncio.Runner() as runner:
        for talk in (hand, ours):
            runner.run(_check(talk, people))
        samples = interleaved(
            lambda: runner.run(_turns(hand, people)),
            lambda: runner.run(_turns(ours, people)),
            rounds,
        )
    yield times("a turn in process, mean of the registration", samples, _LIMIT)


def by_hand(machine: Machine) -> Talk:
    """Talk to the state machine."""

    async def talk(person: int, messages: tuple[str, ...]) -> str:
        shown = ""
        session = f"17954658{person:09d}"
        for place, text in enumerate(messages):
            shown, _ = await machine.handle(session, text, new=not place)
        return shown

    return talk


def by_flow(runtime: Runtime) -> Talk:
    """Talk to the flow."""
    screen = Screen()

    async def talk(person: int, messages: tuple[str, ...]) -> str:
        shown = ""
        session = f"17954658{person:09d}"
        number = f"+{msisdn(person)}"
        for place, text in enumerate(messages):
            inbound = Inbound(
                platform="ussd",
                gateway="nalo",
                text=text if place else "",
                new=not place,
                dialled=None if place else text,
                request_id=session,
                msisdn=number,
            )
            shown = (await runtime.handle(registration, inbound, screen=screen)).text
        return shown

    return talk


async def _turns(talk: Talk, people: Iterator[int]) -> float:
    begin = time.process_time()
    for person in itertools.islice(people, _CONVERSATIONS):
        await talk(person, REGISTRATION)
    return (time.process_time() - begin) / _CONVERSATIONS / len(REGISTRATION)


async def _check(talk: Talk, people: Iterator[int]) -> None:
    for end, screen in enumerate(SCREENS, start=1):
        assert await talk(next(people), REGISTRATION[:end]) == screen
