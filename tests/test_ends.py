"""The end of a gateway's session: what it ends, what it keeps, and answers to sessions that are not there."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import msgspec
import pytest

from flowdsl import (
    Call,
    Chat,
    ConfigurationError,
    Ended,
    Inbound,
    Prompt,
    Reply,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    UserInputError,
    flow,
    signals,
)
from flowdsl._aiocache import CacheStore, MemoryCache
from flowdsl.errors import BadPayload, MissingIdentifier, StoreUnavailable, UnknownSession
from flowdsl.record import read
from tests.cumulative import Typist
from tests.people import Faulty, Person, counting, in_two_processes, lose, pause, survey

DURABLE = SessionConfig(secret="key").durable()


def notice(person: Person, **fields: Any) -> Ended:
    """Make the notice that a person's session with the gateway is over."""
    known: dict[str, Any] = {"request_id": person.session, "msisdn": person.msisdn, "reason": "user_abort", **fields}
    return Ended(platform="ussd", gateway="test", **known)


async def hang_up(person: Person, keep: bool | None = None, **fields: Any) -> bool:
    """Let the gateway say that a person's session is over."""
    return await person.runtime.ended(person.flow, notice(person, **fields), sessions=person.sessions, keep=keep)


async def is_alive(person: Person, **fields: Any) -> bool:
    """Ask whether a person's conversation is under way."""
    return await person.runtime.is_alive(person.flow, person.message("", **fields), sessions=person.sessions)


@pytest.fixture
def told() -> Iterator[list[tuple[str, Any]]]:
    """Listen to what is told of sessions and flows."""
    events: list[tuple[str, Any]] = []
    with ExitStack() as stack:
        for name, signal in signals.namespace.items():
            if name in ("session.ended", "session.destroyed", "flow.finished", "flow.failed", "prompt.answered"):

                def receiver(sender: Any, *, event: Any, name: str = name) -> None:
                    events.append((name, event))

                stack.enter_context(signal.connected_to(receiver))
        yield events


async def test_a_session_of_the_gateway_ends_with_it(told: list[tuple[str, Any]]) -> None:
    """Its answers are gone, it is told why, and nothing of it was an answer or the end of the flow."""
    runtime = Runtime()
    person = Person(runtime, survey)
    await person.talk("Ama")
    assert await is_alive(person)
    assert not await hang_up(person, reason="timeout", detail="idle for 60 s")
    assert not await is_alive(person)
    await runtime.settle()
    assert [name for name, _ in told] == ["prompt.answered", "session.ended", "session.destroyed"]
    event = told[1][1]
    assert (event.session_id, event.reason, event.detail, event.kept) == (
        f"survey:ussd:test:{person.session}",
        "timeout",
        "idle for 60 s",
        False,
    )
    assert (event.flow, event.platform, event.gateway) == ("survey", "ussd", "test")
    assert await person.type("Accra") == "Name?"


@pytest.mark.parametrize(
    "sessions",
    [DURABLE, SessionConfig(identifier="user_id"), SessionConfig(id=lambda inbound: inbound.msisdn or "")],
    ids=["by number", "by user", "by a function"],
)
async def test_a_session_that_outlasts_the_gateways_is_kept(sessions: SessionConfig, told: list[tuple[str, Any]]) -> None:
    """Who dials again goes on where they stopped."""
    runtime = Runtime()
    person = Person(runtime, survey, sessions=sessions)
    await person.talk("Ama")
    assert await hang_up(person)
    assert await person.dial() == "Hello, Ama.\nTown?"
    await runtime.settle()
    assert [(name, event.kept) for name, event in told if name.startswith("session")] == [("session.ended", True)]


@pytest.mark.parametrize("history", [False, True])
async def test_a_late_notice_ends_nothing_that_goes_on_since(history: bool) -> None:
    """The person has dialled again, and stands in another session of the gateway."""
    person = (Typist if history else Person)(Runtime(), survey, sessions=DURABLE)
    await person.dial()
    before, person.session = person.session, "another"
    await person.dial()
    assert await person.type("Ama") == "Hello, Ama.\nTown?"
    assert await hang_up(person, False, request_id=before)
    assert await person.type("Accra") != "Name?"
    assert not await hang_up(person, False)


@pytest.mark.parametrize(("sessions", "keep"), [(DURABLE, False), (SessionConfig(), True)], ids=["end", "keep"])
async def test_what_is_wanted_wins(sessions: SessionConfig, keep: bool) -> None:
    """A session by the number ends where that is asked for, and one of the gateway's id is kept."""
    person = Person(Runtime(), survey, sessions=sessions)
    await person.talk("Ama")
    assert await hang_up(person, keep) is keep
    assert await person.dial() == ("Hello, Ama.\nTown?" if keep else "Name?")


@pytest.mark.parametrize("keep", [None, False, True])
async def test_a_notice_that_says_too_little_changes_nothing(keep: bool | None, told: list[tuple[str, Any]]) -> None:
    """Without the number that the session's id is made of nobody knows whose it is; it is told all the same."""
    runtime = Runtime()
    person = Person(runtime, survey, sessions=DURABLE)
    await person.talk("Ama")
    assert await hang_up(person, keep, msisdn=None)
    assert await person.dial() == "Hello, Ama.\nTown?"
    await runtime.settle()
    (event,) = [event for name, event in told if name == "session.ended"]
    assert (event.session_id, event.kept) == (None, True)
    with pytest.raises(MissingIdentifier):
        await is_alive(person, msisdn=None)


async def test_a_notice_with_half_of_a_character_is_refused() -> None:
    """No store can be asked for it."""
    person = Person(Runtime(), survey)
    with pytest.raises(BadPayload, match="half of a surrogate pair"):
        await hang_up(person, request_id="\ud83d")
    with pytest.raises(BadPayload, match="half of a surrogate pair"):
        await is_alive(person, request_id="\ud83d")


async def test_the_gateways_id_is_enough_where_the_notice_has_no_number() -> None:
    """Then it cannot be held against whose the session is, and need not be."""
    person = Person(Runtime(), survey)
    await person.talk("Ama")
    assert await is_alive(person, msisdn=None, user_id=None)
    assert not await hang_up(person, msisdn=None)
    assert not await is_alive(person)


async def test_a_session_of_somebody_else_is_not_touched(told: list[tuple[str, Any]]) -> None:
    """Where the gateway has given its id to another person, a late notice about the first one ends nothing of theirs."""
    runtime = Runtime()
    person = Person(runtime, survey)
    await person.talk("Ama")
    assert not await hang_up(person, msisdn="+233200000001")
    assert not await is_alive(person, msisdn="+233200000001")
    assert await is_alive(person)
    await runtime.settle()
    assert not [name for name, _ in told if name == "session.destroyed"]
    assert await person.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_an_unknown_session_is_no_error_and_a_notice_may_come_twice(told: list[tuple[str, Any]]) -> None:
    """It is told each time, and only what was there is destroyed."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, survey)
    assert not await hang_up(person)
    assert "create" not in store.calls
    await person.talk("Ama")
    for _ in range(2):
        assert not await hang_up(person)
    await runtime.settle()
    assert [name for name, _ in told if name.startswith("session")] == [
        "session.ended",
        "session.ended",
        "session.destroyed",
        "session.ended",
    ]


async def test_what_else_lives_in_a_session_stays(told: list[tuple[str, Any]]) -> None:
    """Other flows go on, and data are remembered; only a session with nothing in it is over."""

    @flow
    def remembering(chat: Chat) -> Steps[None]:
        chat.session.set("seen", (yield from Prompt("name", "Name?")))
        yield from Prompt("more", "More?")

    runtime, sessions = Runtime(), SessionConfig(boundaries=())
    person, other = Person(runtime, remembering, sessions=sessions), Person(runtime, survey, sessions=sessions)
    other.session = person.session
    await person.talk("Ama")
    await other.talk("Kofi")
    assert not await hang_up(person)
    assert await other.type("Accra") == "Kofi of Accra, opened by *920*77#."
    assert await runtime.session(sessions.session_id(person.message(""), flow=survey)).get("seen") == "Ama"
    await runtime.settle()
    assert not [name for name, _ in told if name == "session.destroyed"]


async def test_a_late_delivery_after_the_end_gets_its_reply_and_begins_nothing() -> None:
    """What was answered is remembered as after the end of a flow, for as long as messages with names may come late."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    runtime = Runtime(store=Faulty(CacheStore(cache, owned=True)))
    person = Person(runtime, survey, sessions=SessionConfig(ttl=1_000))
    await person.dial()
    shown = await person.type("Ama", "m1")
    await hang_up(person)
    assert await person.type("Ama", "m1") == shown
    assert not await is_alive(person)
    now = 999.0
    assert await person.type("Ama", "m1") == shown
    assert await person.type("x", "m2") == "Name?"


@pytest.mark.parametrize(("message_id", "left"), [(None, 60.0), ("m", 1_000.0)])
async def test_a_session_that_was_ended_is_remembered_as_long_as_one_that_is_over(message_id: str | None, left: float) -> None:
    """No longer than that, or each caller would take room for hours."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Person(Runtime(store=Faulty(CacheStore(cache, owned=True))), survey, sessions=SessionConfig(ttl=1_000))
    await person.dial()
    await person.type("Ama", message_id)
    await hang_up(person)
    now = left - 1
    assert await cache.get(f"survey:ussd:test:{person.session}")
    now = left + 1
    assert await cache.get(f"survey:ussd:test:{person.session}") is None


async def test_the_end_of_a_cumulative_session_is_followed_by_the_late_delivery_of_its_last_message() -> None:
    """Its name is all that was typed, so it is known again."""
    person = Typist(Runtime(), counting)
    shown = await person.talk("a", "b*c")
    await hang_up(person)
    assert (await person.send_again()).text == shown
    assert not await is_alive(person)


# Nothing is lost


class Clerk:
    """Takes time over what they do."""

    def __init__(self) -> None:
        self.gate, self.asked = asyncio.Event(), asyncio.Event()

    async def work(self, item: str) -> str:
        """Do it."""
        self.asked.set()
        await self.gate.wait()
        return item.upper()


def working(clerk: Clerk) -> Any:
    """Make a flow that calls after its first question."""

    @flow
    def slow() -> Steps[None]:
        done = yield from Call(clerk.work, (yield from Prompt("item", "Item?")), key="work")
        yield from Prompt("more", f"{done}. More?")

    return slow


@pytest.mark.parametrize("process", [0, 1], ids=["this process", "another one"])
async def test_a_call_under_way_is_not_given_up(process: int, told: list[tuple[str, Any]]) -> None:
    """The notice comes while it runs, here or elsewhere: the conversation is kept, and so is what the call comes to."""
    store, clerk = Faulty(), Clerk()
    people = in_two_processes(store, working(clerk), deadline=0.02)
    await people[0].dial()
    assert (await people[0].type("tea")).startswith("This takes a moment")
    await clerk.asked.wait()
    assert await hang_up(people[process], False)
    clerk.gate.set()
    await people[0].runtime.settle()
    # It is still owed to the person.
    assert await hang_up(people[process], False)
    assert await people[process].type("x") == "TEA. More?"
    assert not await hang_up(people[process], False)
    await people[process].runtime.settle()
    assert [event.kept for name, event in told if name == "session.ended"] == [True, True, False]


async def test_a_conversation_that_was_given_up_waits_for_somebody_to_look() -> None:
    """It is not cleared away before anybody has seen why."""

    @flow
    def broken() -> Steps[None]:
        yield from Prompt("name", "Name?")
        raise RuntimeError("no luck")

    runtime = Runtime(park_after=1)
    person = Person(runtime, broken)
    await person.talk("Ama")
    assert await hang_up(person)
    assert (await person.type("x")).startswith("Sorry, this service is not available")


async def test_a_notice_waits_for_the_messages_before_it() -> None:
    """It ends what they have come to, and not what they had found."""
    store = Faulty()
    person = Person(Runtime(store=store), survey)
    gate = asyncio.Event()
    store.before_load.append(gate.wait)
    dial, over = asyncio.create_task(person.dial()), asyncio.create_task(hang_up(person))
    await pause()
    gate.set()
    assert (await dial, await over) == ("Name?", False)
    assert not await is_alive(person)
    assert len(person.runtime._lanes) == 0


async def test_a_notice_that_loses_against_another_process_looks_again() -> None:
    """What was saved in between is what it ends."""
    store = Faulty()
    person, same_person = in_two_processes(store, survey)
    await person.dial()
    store.before_write.append(lambda: same_person.type("Ama"))
    assert not await hang_up(person)
    assert await person.type("Accra") == "Name?"


async def test_a_store_that_fails_is_said() -> None:
    """Whoever sends notices may send them again."""
    store = Faulty()
    person = Person(Runtime(store=store), survey)
    await person.talk("Ama")
    store.before_load.append(lose)
    with pytest.raises(StoreUnavailable):
        await hang_up(person)
    store.before_load.append(lose)
    with pytest.raises(StoreUnavailable):
        await is_alive(person)
    assert await person.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_the_pages_of_a_last_message_are_alive_until_the_gateway_hangs_up() -> None:
    """There is something left to read."""

    @flow
    def long() -> Steps[None]:
        yield Say("word " * 60)

    person = Person(Runtime(), long)
    await person.dial()
    assert await is_alive(person)
    assert not await hang_up(person)
    assert not await is_alive(person)


# Sessions that are not there


async def test_an_answer_to_a_session_that_is_not_there_may_be_an_error(told: list[tuple[str, Any]]) -> None:
    """Nothing is saved, nothing has failed, and the flow is not played; dialling begins as ever."""
    played: list[bool] = []

    @flow
    def watched() -> Steps[None]:
        played.append(True)
        yield from Prompt("name", "Name?")

    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, watched)

    async def send(inbound: Inbound) -> Reply:
        return await runtime.handle(watched, inbound, screen=Screen(), lost="end")

    with pytest.raises(UnknownSession, match="the session is not known: it has expired, or never was") as raised:
        await send(person.message("Ama"))
    assert raised.value.status == 404
    assert isinstance(raised.value, UserInputError)
    assert (store.calls, played) == (["load"], [])
    assert (await send(person.message("", new=True))).text == "Name?"
    assert (await send(person.message("Ama"))).end
    await runtime.settle()
    assert not [name for name, _ in told if name == "flow.failed"]
    with pytest.raises(UnknownSession):
        await send(person.message("Kofi"))
    assert len(runtime._lanes) == 0


async def test_what_was_answered_is_answered_again_though_the_session_is_over() -> None:
    """A redelivery is no answer to a session that is not there."""
    runtime = Runtime()
    person = Person(runtime, survey)
    await person.talk("Ama")
    last = person.message("Accra", message_id="m1")
    first = await runtime.handle(survey, last, screen=Screen(), lost="end")
    assert first.end
    assert await runtime.handle(survey, last, screen=Screen(), lost="end") == first


async def test_where_only_the_session_tells_who_dials_nothing_is_lost() -> None:
    """An unseen session of the gateway is a dial."""
    runtime = Runtime()
    person = Person(runtime, survey)
    message = person.message("*920*77#", new=None)
    assert (await runtime.handle(survey, message, screen=Screen(), lost="end")).text == "Name?"
    answer = msgspec.structs.replace(message, text="Ama")
    assert (await runtime.handle(survey, answer, screen=Screen(), lost="end")).text == "Hello, Ama.\nTown?"


async def test_the_session_of_somebody_else_is_one_that_is_not_there() -> None:
    """It is not shown to another person, nor taken from its own."""
    runtime = Runtime()
    person, other = Person(runtime, survey), Person(runtime, survey, msisdn="+233200000001")
    other.session = person.session
    await person.talk("Ama")
    with pytest.raises(UnknownSession):
        await runtime.handle(survey, other.message("x"), screen=Screen(), lost="end")
    assert await person.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_two_mounts_may_differ_in_it() -> None:
    """One runtime begins for one gateway what it refuses to another."""
    runtime, screen = Runtime(), Screen()
    person = Person(runtime, survey)
    for _ in range(2):
        with pytest.raises(UnknownSession):
            await runtime.handle(survey, person.message("x"), screen=screen, lost="end")
    assert (await runtime.handle(survey, person.message("x"), screen=screen, lost="begin")).text == "Name?"
    with pytest.raises(ConfigurationError, match="lost is 'ignore': it is 'begin' or 'end'"):
        await runtime.handle(survey, person.message("x"), lost=cast("Any", "ignore"))


async def test_the_record_of_an_ended_session_holds_no_answers() -> None:
    """Only the marks of its messages are left."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.talk("Ama", "Kofi")
    await hang_up(person)
    held = await store.inner.load(f"counting:ussd:test:{person.session}")
    assert held is not None
    record = read(held.value)
    assert (record.flows, len(record.seen)) == ({}, 3)
