"""Surveys that already have so many answers: played once, and stored under as many sessions as are needed."""

from collections.abc import Iterable

from flowdsl import Inbound, Reply, Runtime, Screen, SessionConfig
from tests.benchmarks.conversations import msisdn, replies, survey

__all__ = ["DEPTHS", "answer", "last_reply", "name", "seed"]

DEPTHS = (1, 400)
"""Which answers are given: the first, and one that has a long conversation behind it."""

_SCREEN = Screen(septets=120)
_CONFIG = SessionConfig()


def name(depth: int, number: int) -> str:
    """Name one of the sessions in which this answer is the next one."""
    return f"{depth}-{number}"


def last_reply(depth: int) -> str:
    """Give the answer itself."""
    return list(replies(depth))[-1]


async def seed(runtime: Runtime, depth: int, numbers: Iterable[int]) -> None:
    """Bring sessions to the question that this answer is for."""
    model = name(depth, -1)
    await answer(runtime, model, "", new=True)
    for text in replies(depth - 1):
        await answer(runtime, model, text)
    held = await runtime.store.load(_key(model))
    assert held is not None
    for number in numbers:
        await runtime.store.create(_key(name(depth, number)), held.value, _CONFIG.ttl)


async def answer(runtime: Runtime, session: str, text: str, *, new: bool = False) -> Reply:
    """Answer a survey in process."""
    return await runtime.handle(survey, _message(session, text, new=new), screen=_SCREEN)


def _message(session: str, text: str, *, new: bool = False) -> Inbound:
    return Inbound(platform="ussd", gateway="nalo", text=text, new=new, request_id=session, msisdn=f"+{msisdn(0)}")


def _key(session: str) -> str:
    return _CONFIG.session_id(_message(session, ""), flow=survey)
