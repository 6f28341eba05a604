"""Conversations that are given up, the menu for who dials again, and session data reached from outside."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from flowdsl import (
    Call,
    CallFailed,
    Chat,
    Choice,
    ConfigurationError,
    Flow,
    Inbound,
    Limits,
    Next,
    Prompt,
    Reply,
    Resume,
    Runtime,
    Say,
    SessionConfig,
    Steps,
    flow,
)
from flowdsl.apologies import SORRY
from flowdsl.errors import MissingIdentifier, UnstorableValue
from flowdsl.place import Place
from flowdsl.signals import session_parked
from flowdsl.trouble import taken_up
from tests.people import Faulty, Person, lose, survey

DURABLE = SessionConfig().durable()


class Switch:
    """A flow that raises while it is told to."""

    def __init__(self) -> None:
        self.broken = True
        self.other = False

        @flow(name="switched")
        def switched() -> Steps[None]:
            name = yield from Prompt("name", "Name?")
            if self.broken:
                raise ValueError(name)
            if self.other:
                raise KeyError(name)
            yield from Prompt("town", f"{name}, town?")
            yield Say("Done.")

        self.flow = switched


async def test_after_failures_at_one_place_the_conversation_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """The flow is not played any more, the person reads so, and a signal tells where and how often."""
    told: list[Any] = []

    def listen(sender: Flow[..., Any], *, event: Any) -> None:
        told.append(event)

    switch = Switch()
    runtime = Runtime(park_after=3, parked="Closed for now.")
    person = Person(runtime, switch.flow, sessions=DURABLE)
    session_parked.connect(listen, sender=switch.flow)
    try:
        await person.dial()
        for _ in range(3):
            assert (await person.type("Ama")).startswith("Sorry, something")
        switch.broken = False
        for message in (person.message("Ama"), person.message("", new=True)):
            reply = await person.send(message)
            assert (reply.text, reply.end) == ("Closed for now.", True)
        await runtime.settle()
    finally:
        session_parked.disconnect(listen)
    (event,) = told
    assert event.failures == 3
    assert event.where.startswith(__file__)
    assert "is not played any more" in caplog.text


async def test_other_places_and_successes_begin_the_count_anew() -> None:
    """Only failures in a row at one place count."""
    switch = Switch()
    person = Person(Runtime(park_after=2), switch.flow, sessions=DURABLE)
    await person.dial()
    await person.type("Ama")
    switch.broken, switch.other = False, True
    await person.type("Ama")
    switch.other = False
    assert await person.type("Ama") == "Ama, town?"


async def test_failures_before_the_first_question_count_too() -> None:
    """Nobody is apologised to for ever."""
    calls = 0

    @flow
    def broken() -> Steps[None]:
        nonlocal calls
        calls += 1
        raise ValueError
        yield Say("Never.")

    person = Person(Runtime(park_after=2, parked="Closed."), broken, sessions=DURABLE)
    assert [(await person.dial())[:5] for _ in range(4)] == ["Sorry", "Sorry", "Close", "Close"]
    assert calls == 2


async def test_nobody_is_given_up_where_that_is_switched_off() -> None:
    """``park_after=None`` tries for ever."""
    switch = Switch()
    person = Person(Runtime(park_after=None), switch.flow)
    await person.dial()
    for _ in range(10):
        await person.type("Ama")
    switch.broken = False
    assert await person.type("Ama") == "Ama, town?"


async def test_what_made_calls_without_end_can_be_tried_again() -> None:
    """Once it is mended and taken up, its calls are counted anew; none of them is made again."""
    made: list[int] = []
    endless = True

    @flow
    def looping() -> Steps[None]:
        yield from Prompt("name", "Name?")
        while endless or len(made) < 3:
            yield Call(made.append, len(made), key="note", thread=False)
        yield from Prompt("next", "Next?")

    store = Faulty()
    runtime = Runtime(store=store, park_after=1, limits=Limits(calls=5), sessions=DURABLE)
    person = Person(runtime, looping)
    await person.dial()
    assert (await person.type("Ama")).startswith("Sorry")
    endless = False
    place = Place(store, DURABLE.session_id(person.message(""), flow=looping), None, 10**6)
    assert (await person.dial()).startswith("Sorry, this service")
    assert await place.amend(lambda record: taken_up(record, "another")) is None
    assert await place.amend(lambda record: taken_up(record, "looping")) is not None
    assert await person.dial() == "Next?"
    assert len(made) == 5


async def test_a_failure_that_cannot_be_counted_is_an_apology_all_the_same() -> None:
    """A store that fails while that is written down hides nothing."""
    switch, store = Switch(), Faulty()
    person = Person(Runtime(store=store), switch.flow)
    await person.dial()
    store.before_write.append(lose)
    assert (await person.type("Ama")).startswith("Sorry")
    switch.broken = False
    assert await person.type("Ama") == "Ama, town?"


@pytest.mark.parametrize(
    "settings",
    [
        {"park_after": 0},
        {"park_after": "5"},
        {"parked": 5},
        {"holding": None},
        {"deadline": 0},
        {"lease": -1},
        {"lease": float("inf")},
        {"lease": None},
        {"park_after": True},
        {"resume": "1"},
    ],
    ids=str,
)
def test_settings_are_looked_at_when_they_are_given(settings: Any) -> None:
    """A mistake does not wait for the first failure."""
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        Runtime(**settings)


# Dialling again


def resuming(**settings: Any) -> Person:
    """Give somebody who is asked on dialling again."""
    return Person(Runtime(resume=Resume(**settings)), survey, sessions=DURABLE)


MENU = "You have not finished. What would you like to do?\n1. Continue\n2. Start again"


async def test_who_dials_again_is_asked_whether_to_go_on() -> None:
    """Going on shows the question, and what was said before it."""
    person = resuming()
    shown = await person.talk("Ama")
    assert await person.dial() == MENU
    assert await person.type("1") == shown == "Hello, Ama.\nTown?"
    assert (await person.type("Accra")).startswith("Ama of Accra")


@pytest.mark.parametrize("text", ["2", "Start again", "start AGAIN"])
async def test_who_dials_again_may_begin_again(text: str) -> None:
    """By number or label; nothing of before is left."""
    person = resuming()
    await person.talk("Ama")
    await person.dial()
    assert await person.type(text) == "Name?"
    assert await person.type("Esi") == "Hello, Esi.\nTown?"


async def test_who_begins_again_has_no_new_attempts_and_what_they_dialled() -> None:
    """What is typed for the menu is no opening message, and a question that was answered wrongly stays so."""

    @flow
    def guarded(chat: Chat) -> Steps[None]:
        yield from Prompt("name", f"{chat.opener}: name?")
        yield from Prompt("pin", "PIN?", choices=["1234"], attempts=3, too_many="Too many.")

    person = Person(Runtime(resume=Resume()), guarded, sessions=DURABLE)
    await person.talk("Ama", "7", "8")
    person.session = "another"
    await person.dial("*920*78#")
    await person.type("nonsense")
    assert await person.type("2") == "*920*78#: name?"
    assert (await person.type("Ama")).startswith("PIN?")
    assert await person.type("5") == "Too many."


async def test_who_cannot_begin_again_has_lost_nothing() -> None:
    """Where the flow raises before it asks anything, what was to be left is still there, with the attempts at it."""
    failing = False

    def look() -> None:
        if failing:
            raise OSError("down")

    @flow
    def guarded() -> Steps[None]:
        with suppress(CallFailed):
            yield Call(look, key="first", thread=False)
        yield Call(look, key="second", thread=False)
        yield from Prompt("name", "Name?")
        yield from Prompt("pin", "PIN?", validate=lambda pin: "No." if pin != "1234" else None, attempts=3, too_many="Too many.")

    person = Person(Runtime(resume=Resume()), guarded, sessions=DURABLE)
    assert await person.talk("Ama", "7", "8") == "No.\nPIN?"
    await person.dial()
    failing = True
    assert await person.type("2") == SORRY
    failing = False
    assert await person.dial() == MENU
    assert await person.type("1") == "PIN?"
    assert await person.type("5") == "Too many."


async def test_the_menu_comes_again_until_it_is_answered() -> None:
    """Neither another text nor another dial is an answer to the flow's question."""
    person = resuming()
    await person.talk("Ama")
    assert [await person.dial(), await person.dial(), await person.type("Accra"), await person.type("")] == [MENU] * 4
    assert await person.type("1") == "Hello, Ama.\nTown?"


async def test_who_has_answered_nothing_yet_is_not_asked() -> None:
    """There is nothing to go on with; nor is there when a conversation is over."""
    person = resuming()
    await person.dial()
    assert await person.dial() == "Name?"
    await person.type("Ama")
    await person.type("Accra")
    assert await person.dial() == "Name?"


async def test_the_menu_has_words_of_ones_own() -> None:
    """And is made of buttons elsewhere."""
    person = resuming(text="Again?", proceed="On", restart="Anew")
    person.screen, person.platform = None, "chat"
    await person.type("Hi")
    await person.type("Ama")
    reply = await person.send(person.message("", new=True))
    assert (reply.text, reply.choices) == ("Again?", (Choice("1", "On"), Choice("2", "Anew")))


# Session data from outside


@dataclass
class Card:
    """A loyalty card."""

    points: int


@flow(types=[Card])
def shopping(chat: Chat) -> Steps[None]:
    """Show what is remembered."""
    card = chat.session.get("card", Card(0))
    item = yield from Prompt("item", f"{card.points} points, {chat.session.get('vip', False)}. Item?")
    chat.session.set("last", item)
    yield Say("Thank you.")


async def test_session_data_is_reached_by_the_id_of_the_session() -> None:
    """All of it can be read and changed from outside, and the next conversation sees it."""
    runtime = Runtime(sessions=DURABLE)
    person = Person(runtime, shopping)
    await person.dial()
    session_id = DURABLE.session_id(person.message(""), flow=shopping)
    data = runtime.session(session_id, types=[Card])
    assert data.id == session_id
    assert await data.exists()
    assert await data.get("card") is None
    await data.set("card", Card(5))
    await data.set("vip", True)
    assert await data.get("card") == Card(5)
    assert await person.dial() == "0 points, False. Item?"  # a conversation goes on with the data with which it began
    assert await person.type("Tea") == "Thank you."
    assert await data.get("last") == "Tea"
    assert await person.dial() == "5 points, True. Item?"
    await data.delete("vip")
    await data.delete("vip")
    assert await data.get("vip", "gone") == "gone"
    await data.clear()
    assert await data.get("card") is None
    assert await person.dial() == "5 points, True. Item?"
    assert await data.destroy()
    assert not await data.destroy()
    assert not await data.exists()
    assert await person.dial() == "0 points, False. Item?"


async def test_a_change_from_outside_lets_a_session_live_as_its_config_says() -> None:
    """And not as long as other sessions of the runtime."""
    lives: list[float | None] = []

    class Watched(Faulty):
        async def create(self, key: str, value: str, ttl: float | None) -> bool:
            lives.append(ttl)
            return await super().create(key, value, ttl)

    runtime = Runtime(store=Watched())
    await runtime.session("s").set("vip", True)
    await runtime.session("t", sessions=DURABLE).set("vip", True)
    assert lives == [3_600.0, 86_400.0]


async def test_session_data_may_come_before_the_session() -> None:
    """A session that does not exist begins with it."""
    runtime = Runtime(sessions=DURABLE)
    person = Person(runtime, shopping)
    data = runtime.session(DURABLE.session_id(person.message(""), flow=shopping), types=[Card])
    assert not await data.exists()
    await data.set("card", Card(7))
    assert await data.exists()
    assert await person.dial() == "7 points, False. Item?"


async def test_middleware_reaches_the_session_of_a_message() -> None:
    """Also of a session that is the gateway's, and belongs to one person."""

    async def remember(inbound: Inbound, next: Next) -> Reply:
        data = next.session(inbound)
        await data.set("vip", True)
        reply = await next(inbound)
        return Reply(f"{await data.get('vip')} {reply.text}", end=reply.end)

    person = Person(Runtime(middleware=[remember]), shopping)
    assert await person.dial() == "True 0 points, True. Item?"


async def test_middleware_is_told_where_a_message_has_no_session() -> None:
    """As the flow would be."""

    async def remember(inbound: Inbound, next: Next) -> Reply:
        await next.session(inbound).set("vip", True)
        return await next(inbound)

    runtime = Runtime(middleware=[remember])
    with pytest.raises(MissingIdentifier):
        await runtime.handle(shopping, Inbound(platform="ussd", gateway="test"))


async def test_changes_from_outside_and_inside_do_not_overwrite_each_other() -> None:
    """What is saved in between is not lost."""
    store = Faulty()
    runtime = Runtime(store=store, sessions=DURABLE)
    person = Person(runtime, shopping)
    await person.dial()
    data = runtime.session(DURABLE.session_id(person.message(""), flow=shopping))
    store.before_write.append(lambda: person.type("Tea"))
    await data.set("note", "x")
    assert (await data.get("note"), await data.get("last")) == ("x", "Tea")


async def test_a_value_that_cannot_be_stored_is_refused() -> None:
    """As in a flow."""
    with pytest.raises(UnstorableValue, match="session data 'x' is"):
        await Runtime().session("s").set("x", object())


async def test_data_that_do_not_change_cost_no_save() -> None:
    """Nor does forgetting what is not there."""
    store = Faulty()
    data = Runtime(store=store).session("s")
    await data.delete("x")
    await data.clear()
    await data.set("x", 1)
    await data.set("x", 1)
    assert [call for call in store.calls if call != "load"] == ["create"]


async def test_a_destroyed_session_takes_its_calls_with_it() -> None:
    """What a call comes to after that is nobody's."""
    runtime = Runtime(sessions=DURABLE)

    async def destroy(session_id: str) -> None:
        await runtime.session(session_id).destroy()

    @flow
    def ending(chat: Chat) -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield Call(destroy, name)
        yield from Prompt("next", "Next?")

    person = Person(runtime, ending)
    await person.dial()
    shown = await person.type(DURABLE.session_id(person.message(""), flow=ending))
    assert shown == "Name?"
