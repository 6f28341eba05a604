"""Gateways that send all that was typed in their session each time: what is new in a message, and what is kept of it."""

import asyncio
import time
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Call,
    Chat,
    ConfigurationError,
    History,
    Inbound,
    Navigation,
    Next,
    Prompt,
    Reply,
    Resume,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    flow,
    signals,
)
from flowdsl._aiocache import MemoryCache
from flowdsl.chat import Opening
from flowdsl.deliveries import Delivery, mark
from flowdsl.errors import BadPayload, StoreUnavailable
from flowdsl.hearing import hear
from flowdsl.record import FlowState
from tests.cumulative import Typist
from tests.people import Faulty, Person, counting, lose, pause, survey

PIN = "4821 zyx"  # which no digest can hold by chance
SORRY = "Sorry, something went wrong. Please try again."


def delivered(text: str, *, repeats: bool = True, request: str = "1", by: str = "me", **fields: Any) -> Delivery:
    """Make a delivery of all that was typed."""
    known: dict[str, Any] = {"new": False, "text": text.rpartition("*")[2], **fields}
    inbound = Inbound(platform="ussd", gateway="test", request_id=request, history=History(text, repeats), **known)
    return Delivery(inbound=inbound, mark=mark(inbound, "flow", "secret"), owner="", by=by, now=0.0, secret="secret")


def heard_before(*texts: str, repeats: bool = True) -> FlowState | None:
    """Give the state of a flow that has heard these, the first of them being the dial."""
    state: FlowState | None = None
    for place, text in enumerate(texts):
        hearing = hear(delivered(text, repeats=repeats, new=place == 0), state)
        state = FlowState(opening=Opening("", 0.0, "ussd", "test"), request=hearing.request, heard=hearing.heard)
    return state


@pytest.mark.parametrize(
    ("before", "now", "answer", "blank"),
    [
        # Nothing was heard in this session of the gateway: the last piece is all that can be told.
        ([], "1", "1", None),
        ([], "1*2*9", "9", None),
        ([], "1*", "", None),
        # What was typed first has no star before it, and may begin with one.
        ([""], "1", "1", None),
        ([""], "*1", "*1", None),
        ([""], "12*30", "12*30", None),
        (["", "1"], "1*2", "2", None),
        (["", "1", "1*2"], "1*2*12*30", "12*30", None),
        (["", "1", "1*2"], "1*2*", "", None),
        (["", "1", "1*2"], "1*2**", "*", None),
        (["", "1", "1*"], "1**2", "2", None),
        # It begins with what was dialled, which is no answer.
        (["7"], "7*1", "1", None),
        (["7", "7*1"], "7*1*a*b", "a*b", None),
        # Unchanged it is the same message again, with the same answer, or a blank one.
        (["", "1", "1*2"], "1*2", "2", ""),
        (["", "1", "1*12*30"], "1*12*30", "12*30", ""),
        (["", "1"], "1", "1", ""),
        (["7"], "7", "", ""),
        ([""], "", "", ""),
        (["7", "7"], "7*1", "1", "1"),
        (["7", "7", "7*"], "7**1", "1", "1"),
        # The gateway has written it anew.
        (["", "1", "1*2"], "1*3", "3", None),
        (["", "1", "1*2"], "12*3", "3", None),
        (["", "1", "1*2"], "1", "1", None),
        (["", "1*2"], "2*2*3", "3", None),
    ],
)
def test_what_is_new_in_all_that_was_typed(before: list[str], now: str, answer: str, blank: str | None) -> None:
    """The answer is what follows what was heard before, stars and blanks included; unchanged text is as the gateway means it."""
    for repeats, expected in ((True, answer), (False, answer if blank is None else blank)):
        hearing = hear(delivered(now, repeats=repeats), heard_before(*before, repeats=repeats))
        assert hearing.text == expected, repeats


def test_a_blank_first_answer_counts_where_nothing_repeats() -> None:
    """Where what comes unchanged is a blank, the star behind it is no part of the next answer."""
    state = heard_before("", "", repeats=False)
    assert hear(delivered("*1", repeats=False), state).text == "1"
    assert hear(delivered("", repeats=False), state).text == ""


def test_what_was_heard_belongs_to_one_session_of_the_gateway() -> None:
    """In another one it begins anew, though it may begin with the same."""
    state = heard_before("", "1", "1*2")
    assert hear(delivered("1*2*3", request="2"), state).text == "3"
    assert hear(delivered("1*2*12*30", request="2"), state).text == "30"
    assert hear(delivered("1*2*12*30"), state).text == "12*30"


def test_what_was_heard_is_kept_by_a_name_that_tells_nothing() -> None:
    """Another secret, or another session of the gateway, names the same text otherwise, and nothing of it is in the name."""
    one = hear(delivered("4821"), None).heard
    other = hear(delivered("4821", request="2"), None).heard
    keyed = hear(msgspec.structs.replace(delivered("4821"), secret=b"another"), None).heard
    assert len({one, other, keyed}) == 3
    assert one.startswith("5:")
    assert not [each for each in ("4821", "secret") if each in one + repr(delivered("4821"))]


@pytest.mark.parametrize("first", ["", "7"], ids=["nothing", "what was dialled"])
@pytest.mark.parametrize("repeats", [True, False])
async def test_a_conversation_from_top_to_bottom(first: str, repeats: bool) -> None:
    """Each answer is the latest one, stars and blanks and all, whatever the gateway sends when somebody dials."""
    person = Typist(Runtime(), counting, first=first, repeats=repeats)
    assert await person.dial() == "|"
    for text, shown in (("1", "1|"), ("12*30", "1,12*30|"), ("", "1,12*30,|"), ("*", "1,12*30,,*|"), ("x", "1,12*30,,*,x|")):
        assert await person.type(text) == shown


async def test_an_unseen_session_of_the_gateway_begins() -> None:
    """Where nothing else tells, the first message is no answer; what was dialled is what the codec says, and else not kept."""
    person = Typist(Runtime(), survey, first="7", fields={"dialled": None})
    await person.send_again()
    person.add("Ama")
    await person.send_again()
    assert (await person.send(msgspec.structs.replace(person.inbound(), history=History("7*Ama*Accra")))).text == (
        "Ama of Accra, opened by ."
    )
    known = Typist(Runtime(), survey, first="7")
    assert await known.talk("Ama", "Accra") == "Ama of Accra, opened by *920*77#."


@pytest.mark.parametrize("typed", [(), ("Ama",)], ids=["the dial", "an answer"])
async def test_the_same_text_is_the_same_message(typed: tuple[str, ...]) -> None:
    """What a gateway sends again is answered by the same reply, advances nothing, and is told as a duplicate without an id."""
    told: list[Any] = []
    signals.message_duplicate.connect(lambda sender, *, event: told.append(event.message_id), sender=survey)
    runtime = Runtime()
    person = Typist(runtime, survey)
    shown = await person.talk(*typed)
    for _ in range(3):
        assert await person.send_again() == Reply(shown, key="town" if typed else "name")
    await runtime.settle()
    assert told == [None] * 3
    assert await person.type("x") == ("Ama of x, opened by *920*77#." if typed else "Hello, x.\nTown?")


async def test_the_last_message_and_an_early_one_may_come_late() -> None:
    """What ended a conversation is answered as it was, and so is what came long before it."""
    person = Typist(Runtime(), survey)
    histories = ("", "Ama", "Ama*Accra")
    messages = [person.inbound(history=History(typed), new=None if typed else True) for typed in histories]
    first, second, end = [await person.send(each) for each in messages]
    assert end.end
    late = (messages[2], messages[1], messages[2], messages[0])
    assert [await person.send(each) for each in late] == [end, second, end, first]


async def test_where_nothing_repeats_the_same_text_is_a_blank() -> None:
    """The same text is an empty answer, and only while the first is being answered a retry."""
    store = Faulty()
    person = Typist(Runtime(store=store), counting, first="7", repeats=False)
    await person.talk("a")
    assert (await person.send_again()).text == "a,|"
    assert (await person.send_again()).text == "a,,|"
    person.add("b")
    gate = asyncio.Event()
    store.before_load.append(gate.wait)
    twice = [asyncio.create_task(person.send_again()) for _ in range(2)]
    await asyncio.sleep(0)
    gate.set()
    assert [reply.text for reply in await asyncio.gather(*twice)] == ["a,,,b|"] * 2


async def test_the_same_answer_twice_is_two_answers() -> None:
    """Though the second one comes while the first is being answered: more was typed."""
    for repeats in (True, False):
        store = Faulty()
        person = Typist(Runtime(store=store), counting, first="7", repeats=repeats)
        await person.dial()
        store.before_load.extend([pause] * 3)
        sends = []
        for _ in range(2):
            person.add("a")
            sends.append(person.send(person.inbound()))
        assert [reply.text for reply in await asyncio.gather(*sends)] == ["a|", "a,a|"]


async def test_the_end_is_remembered_as_long_as_where_messages_have_ids() -> None:
    """The last message may come late, and begins nothing."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Typist(Runtime(cache=cache), survey, sessions=SessionConfig(ttl=1_000))
    shown = await person.talk("Ama", "Accra")
    now = 999.0
    assert (await person.send_again()).text == shown


@pytest.mark.parametrize("processes", [1, 2])
async def test_two_equal_deliveries_at_once_are_one_message(processes: int) -> None:
    """In one process and in two, the answer counts once and both are told the same."""
    store = Faulty()
    runtimes = [Runtime(store=store) for _ in range(processes)]
    person = Typist(runtimes[0], counting)
    await person.talk("a")
    person.add("b")
    store.before_load.extend([pause] * 4)
    sends = [runtime.handle(counting, person.inbound(), screen=Screen()) for runtime in (runtimes[0], runtimes[-1])]
    assert [reply.text for reply in await asyncio.gather(*sends)] == ["a,b|"] * 2
    assert await person.type("c") == "a,b,c|"


async def test_a_message_that_has_an_id_as_well_is_known_by_what_was_typed() -> None:
    """Two ids do not make two answers of one text."""
    person = Typist(Runtime(), counting)
    await person.talk("a")
    assert await person.type("b", "m1") == "a,b|"
    assert (await person.send_again(message_id="m2")).text == "a,b|"


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"history": History(cast("str", None))}, ConfigurationError, "the history of the message is History"),
        ({"history": "1*2"}, ConfigurationError, "the history of the message is '1\\*2'"),
        ({"shortcut": ["2"]}, ConfigurationError, "the shortcut of the message is \\['2'\\]: give a tuple of texts"),
        ({"shortcut": (2,)}, ConfigurationError, "the shortcut of the message is \\(2,\\)"),
        ({"history": History("1*\ud83d")}, BadPayload, "half of a surrogate pair"),
        ({"shortcut": ("\ud83d",)}, BadPayload, "half of a surrogate pair"),
    ],
)
async def test_what_a_codec_makes_is_looked_at_before_it_is_used(
    fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    """What is no text is the codec's mistake, and what is no character its sender's; no session is touched."""
    store = Faulty()
    person = Typist(Runtime(store=store), counting)
    with pytest.raises(error, match=said):
        await person.send(msgspec.structs.replace(person.inbound(), **fields))
    assert store.calls == []


# What was heard is noted whatever came of it


@flow
def asking(chat: Chat) -> Steps[None]:
    """Ask for a number, show much, and fail at 13."""
    number = yield from Prompt("number", "Number?", transform=int)
    if number == 13:
        raise RuntimeError("no such luck")
    yield from Prompt("more", f"{'word ' * 40}{number}. More?")


async def test_a_refused_answer_was_heard() -> None:
    """What follows it is the next answer alone."""
    person = Typist(Runtime(), asking)
    assert await person.talk("x") == "Please enter a whole number.\nNumber?"
    assert "2. More?" not in await person.type("2")
    assert (await person.type("#")).endswith("2. More?\n0 Back")


async def test_a_key_that_turns_a_page_was_heard() -> None:
    """Pages are turned back and forth, and the answer after that is the next one."""
    person = Typist(Runtime(), counting)
    await person.dial()
    first = await person.type("word " * 40)
    assert first.endswith("# Next")
    assert (await person.send_again()).key == "item"
    assert (second := await person.type("#")) != first
    assert await person.type("0") == first
    assert await person.type("#") == second
    shown = await person.send_again()
    assert (shown.text, shown.key) == (second, "item")
    assert (await person.type("x")).startswith("word")
    assert (await person.type("#")).split("\n")[0].endswith(",x|")


@pytest.mark.parametrize("again", [False, True], ids=["something else", "the same again"])
async def test_what_made_a_flow_raise_was_heard(again: bool) -> None:
    """Who answers again after an apology is not taken for having typed both; and what comes again is tried again."""
    broken = True

    @flow
    def fragile() -> Steps[None]:
        yield from Prompt("first", "First?")
        second = yield from Prompt("second", "Second?")
        if broken:
            raise RuntimeError("broken")
        yield from Prompt("third", f"{second}. Third?")

    person = Typist(Runtime(), fragile)
    await person.talk("a")
    assert await person.type("12*30") == SORRY
    assert (await person.send_again()).text == SORRY
    broken = False
    assert (await person.send_again()).text == "12*30. Third?" if again else await person.type("2") == "2. Third?"


async def test_a_call_in_between_does_not_make_it_heard_twice() -> None:
    """A turn that is saved in the middle goes on with its own answer, and so does the next one."""

    @flow
    def calling() -> Steps[None]:
        items: list[str] = []
        while True:
            item = yield from Prompt("item", ",".join(items) + "|")
            items.append((yield from Call(str.upper, item, key="upper", thread=False)))

    for repeats in (True, False):
        person = Typist(Runtime(), calling, first="7", repeats=repeats)
        assert await person.talk("a", "b*c", "", "d") == "A,B*C,,D|"


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
async def test_a_call_before_the_answer_does_not_make_it_another_one(repeats: bool, dies: bool) -> None:
    """Where a deploy has put a call before the question, the answer waits for it; who types after a crash typed but that."""
    gate, asked, store = asyncio.Event(), asyncio.Event(), Faulty()

    async def look_up() -> str:
        asked.set()
        if dies:
            await gate.wait()
        return "known"

    def asks() -> Steps[None]:
        yield from Prompt("more", f"{(yield from Prompt('name', 'Name?'))}. More?")

    @flow(name="deployed")
    def before() -> Steps[None]:
        yield from asks()

    @flow(name="deployed")
    def after() -> Steps[None]:
        yield from Call(look_up)
        yield from asks()

    person = Typist(Runtime(store=store), before, first="7", repeats=repeats)
    await person.dial()
    person.flow = after
    if not dies:
        assert await person.type("a*b") == "a*b. More?"
        return
    dying = asyncio.create_task(person.type("a*b"))
    await asked.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    gate.set()
    person.runtime = Runtime(store=store, clock=lambda: time.time() + 60)
    assert (await person.send_again()).text == "a*b. More?" if repeats else await person.type("c") == "c. More?"


async def test_what_was_typed_while_a_reply_was_late_was_heard() -> None:
    """The message to which a late reply is shown is for nothing, and the next one is an answer of its own."""
    gate = asyncio.Event()

    async def slow(item: str) -> str:
        await gate.wait()
        return item

    @flow
    def late() -> Steps[None]:
        items: list[str] = []
        while True:
            items.append((yield from Call(slow, (yield from Prompt("item", ",".join(items) + "|")), key="slow")))

    runtime = Runtime(deadline=0.01)
    person = Typist(runtime, late)
    await person.dial()
    assert (await person.type("a")).startswith("This takes a moment")
    gate.set()
    await runtime.settle()
    assert await person.type("9") == "a|"
    assert await person.type("b") == "a,b|"


@pytest.mark.parametrize("new", [True, None], ids=["told by the gateway", "told by the session"])
async def test_dialling_again_and_the_menu_for_that_were_heard(new: bool | None) -> None:
    """In a session that lasts, the next session of the gateway begins with what it sends first, and a menu takes its answer."""
    first = "" if new else "7"
    for menu in (None, Resume()):
        person = Typist(Runtime(resume=menu), survey, first=first, sessions=SessionConfig(secret="s").durable())
        await person.talk("Ama")
        shown = await person.dial()
        if menu is not None:
            assert shown == "You have not finished. What would you like to do?\n1. Continue\n2. Start again"
            assert (await person.send_again()).key == "resume"
            shown = await person.type("1")
        assert shown == "Hello, Ama.\nTown?"
        assert await person.type("Ac*cra") == "Ama of Ac*cra, opened by *920*77#."


async def test_pages_of_the_menu_for_dialling_again_name_it() -> None:
    """Whichever page is shown, the question is the same."""
    person = Typist(Runtime(resume=Resume()), survey, sessions=SessionConfig().durable(), screen=Screen(septets=40, units=40))
    await person.talk("Ama")
    await person.dial()
    person.add("#")
    assert (await person.send_again()).key == "resume"
    person.add("1")
    assert (await person.send_again()).key == "town"


async def test_the_menu_for_dialling_again_takes_its_answer_where_only_the_session_tells_who_dials() -> None:
    """Also without any history: the dial was heard when the menu was shown."""
    runtime = Runtime(resume=Resume())
    sessions = SessionConfig().durable()
    person = Person(runtime, survey, sessions=sessions)
    await person.talk("Ama")
    dial = person.message("*920*77#", new=None, request_id="again")
    assert "1. Continue" in (await person.send(dial)).text
    chosen = msgspec.structs.replace(dial, text="1")
    assert (await person.send(chosen)).text == "Hello, Ama.\nTown?"


async def test_what_middleware_answers_was_heard_too() -> None:
    """A message that the flow never sees is no part of the next answer."""
    reads: list[str] = []

    async def help_them(inbound: Inbound, next: Next) -> Reply:
        reads.append(inbound.text)
        return Reply("Call 100.") if inbound.text == "help" else await next(inbound)

    store = Faulty()
    person = Typist(Runtime(store=store, middleware=[help_them]), counting)
    await person.talk("a")
    for _ in range(2):
        assert await person.type("help") == "Call 100."
        assert (await person.send_again()).text == "Call 100."
    assert await person.type("b*c") == "a,b*c|"
    store.before_load.append(lose)
    assert await person.type("help") == "Call 100."  # though it could not be noted
    assert reads.count("help") == 5


async def test_middleware_may_answer_before_a_conversation() -> None:
    """What it answers where nobody is known is nobody's business, and the flow begins when it is asked first."""

    async def ask_consent(inbound: Inbound, next: Next) -> Reply:
        return await next(inbound) if "yes" in inbound.history.text else Reply("Agree?")  # type: ignore[union-attr]

    person = Typist(Runtime(middleware=[ask_consent]), survey, first="7")
    assert await person.dial() == "Agree?"
    assert await person.type("what") == "Agree?"
    assert await person.type("yes") == "Name?"
    assert await person.type("Ama") == "Hello, Ama.\nTown?"


async def test_what_middleware_answers_first_in_a_session_that_lasts_is_no_dial_yet() -> None:
    """The flow begins with what it is asked first, though it knows the person from before."""
    closed = False

    async def turn_away(inbound: Inbound, next: Next) -> Reply:
        return Reply("Closed. Try again.") if closed else await next(inbound)

    person = Typist(Runtime(middleware=[turn_away]), survey, first="7", sessions=SessionConfig().durable())
    await person.talk("Ama")
    closed = True
    assert await person.dial() == "Closed. Try again."
    closed = False
    assert await person.type("1") == "Hello, Ama.\nTown?"
    assert await person.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_what_middleware_answers_in_another_session_of_the_gateway_was_not_heard_in_this_one() -> None:
    """Each goes on where it was, whichever of them the person uses."""
    closed = False

    async def turn_away(inbound: Inbound, next: Next) -> Reply:
        return Reply("Closed.") if closed else await next(inbound)

    person = Typist(Runtime(middleware=[turn_away]), counting, first="7", sessions=SessionConfig().durable())
    await person.talk("a")
    session, closed = person.session, True
    assert await person.dial() == "Closed."
    person.session, person.answers, closed = session, ["a"], False
    assert await person.type("b*c") == "a,b*c|"


async def test_what_middleware_makes_of_a_text_counts() -> None:
    """Who changes the text changes the answer, and the next one is as it was typed."""

    async def digits(inbound: Inbound, next: Next) -> Reply:
        return await next(msgspec.structs.replace(inbound, text=inbound.text.replace("one", "1")))

    person = Typist(Runtime(middleware=[digits]), counting)
    assert await person.talk("a", "one", "b*c") == "a,1,b*c|"


async def test_a_reply_that_was_not_saved_was_not_heard() -> None:
    """Where a turn could not be saved, nothing of it was heard, and the message may come again."""
    store = Faulty()
    person = Typist(Runtime(store=store), counting)
    await person.talk("a")
    store.before_write.extend([lose, lose])
    with pytest.raises(StoreUnavailable):
        await person.type("b")
    assert (await person.send_again()).text == "a,b|"


async def test_gateways_of_one_session_are_heard_apart() -> None:
    """What comes from another platform in between makes nobody forget what was typed on this one."""
    person = Typist(Runtime(), counting, sessions=SessionConfig().cross_platform())
    await person.talk("a")
    other = Person(person.runtime, counting, platform="chat", screen=None, sessions=person.sessions)
    assert await other.type("b") == "a,b|"
    assert await person.type("c*d") == "a,b,c*d|"


async def test_an_answer_to_a_session_that_is_gone_begins_a_new_one() -> None:
    """Only what comes after that is an answer, and all of it."""
    person = Typist(Runtime(), counting, fields={"new": False})
    person.add("a", "b")
    assert (await person.send_again()).text == "|"
    assert await person.type("c*d") == "c*d|"


# Several at once


@flow(shortcuts=True)
def ordering() -> Steps[None]:
    """Ask what and how much."""
    item = yield from Prompt("item", "Item?", choices=["Tea", "Bread"])
    count = yield from Prompt("count", "How many?", transform=int, attempts=3, too_many="Enough.")
    pin = yield from Prompt("pin", "PIN?", secret=True, transform=len)
    yield Say(f"{count} {item}, {pin}.")


@pytest.mark.parametrize(
    ("typed", "shown", "answered"),
    [
        (["2*3"], "PIN?", ["item", "count"]),
        (["2*x"], "Please enter a whole number.\nHow many?", ["item"]),
        (["x*3"], "Please choose one of the options.\nItem?\n1. Tea\n2. Bread", []),
        (["2*3*4821"], "PIN?", ["item", "count"]),
        (["2", "3*4821"], "PIN?", ["item", "count"]),
        (["2", "3", "48*21"], "3 Bread, 5.", ["item", "count", "pin"]),
    ],
)
async def test_several_answers_at_once(typed: list[str], shown: str, answered: list[str]) -> None:
    """What is no answer as a whole is several, where the flow allows that; one that is refused, or secret, ends it."""
    told: list[str] = []
    signals.prompt_answered.connect(lambda sender, *, event: told.append(event.key), sender=ordering)
    runtime = Runtime()
    person = Typist(runtime, ordering)
    assert await person.talk(*typed) == shown
    await runtime.settle()
    assert told == answered


async def test_several_answers_at_once_are_one_without_shortcuts() -> None:
    """Where the flow does not say that it takes shortcuts, all of it is one answer, and refused as such."""

    @flow
    def plain() -> Steps[None]:
        yield from Prompt("item", "Item?", choices=["Tea", "Bread"])

    assert (await Typist(Runtime(), plain).talk("2*3")).startswith("Please choose")


@flow(shortcuts=True)
def strict() -> Steps[None]:
    """Ask for two numbers, and for a secret one, each at most three times."""
    yield from Prompt("count", "How many?", transform=int, attempts=3, too_many="Enough.")
    yield from Prompt("more", "More?", transform=int, attempts=3, too_many="Enough.")
    yield from Prompt("pin", "PIN?", transform=int, secret=True, attempts=3, too_many="Enough.")


AGAIN = "Please enter a whole number.\n"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        # A piece that is refused is an attempt; that the whole was refused before is none.
        (["x*y", "x*5", "x"], [f"{AGAIN}How many?"] * 2 + ["Enough."]),
        (["x", "y", "5*6"], [f"{AGAIN}How many?"] * 2 + ["PIN?"]),
        (["x", "5*x", "x", "x"], [f"{AGAIN}How many?", *[f"{AGAIN}More?"] * 2, "Enough."]),
        # A secret is no piece, so all of it was one wrong answer.
        (["5", "6", "1*x", "2*x", "3*x"], ["More?", "PIN?", *[f"{AGAIN}PIN?"] * 2, "Enough."]),
    ],
)
async def test_several_answers_count_as_attempts_like_one(typed: list[str], shown: list[str]) -> None:
    """No question can be answered wrongly more often, or less, because several answers came at once."""
    person = Typist(Runtime(), strict)
    await person.dial()
    assert [await person.type(text) for text in typed] == shown


async def test_a_question_that_was_left_in_vain_has_no_new_attempts_for_one_of_several_answers() -> None:
    """Who goes back, and answers that and the question before at once, has as many as are left."""
    person = Typist(Runtime(navigation=Navigation(back="0")), strict)
    await person.talk("5", "x", "y")
    assert (await person.type("0")).startswith("How many?")
    assert await person.type("6*z") == "Enough."


# Nothing secret is kept


class Keeping(Faulty):
    """A store that keeps all that was ever written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        self.written.append(value)
        return await super().create(key, value, ttl)

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        self.written.append(value)
        return await super().save(key, value, token, ttl)


@pytest.mark.parametrize("secret", [None, "a key"])
@pytest.mark.parametrize("repeats", [True, False])
async def test_a_secret_is_in_nothing_that_is_stored(repeats: bool, secret: str | None) -> None:
    """A PIN that is typed in the middle is in every message after it, and in no record, whatever came of them."""

    async def check(hashed: int) -> int:
        return hashed

    async def help_them(inbound: Inbound, next: Next) -> Reply:
        return Reply("Call 100.") if inbound.text == "help" else await next(inbound)

    @flow(shortcuts=True)
    def login() -> Steps[None]:
        yield from Prompt("name", "Name?")
        pin = yield from Prompt("pin", "PIN?", secret=True, transform=len)
        yield from Call(check, pin, key="check")
        while (yield from Prompt("amount", "Amount?", transform=int)) != 13:
            pass
        raise RuntimeError("no such luck")

    store = Keeping()
    runtime = Runtime(store=store, middleware=[help_them])
    person = Typist(runtime, login, first="7", repeats=repeats, sessions=SessionConfig(secret=secret))
    assert await person.talk("Ama", PIN, "x", "5", "2*3", "help", "13", "5*13") == SORRY
    await person.send_again()
    assert len(store.written) > 9
    assert not [each for each in store.written if PIN in each]


# All of it, at random


@flow
def shopping() -> Steps[None]:
    """Ask for all kinds of things, some on several pages, and end after a while."""
    items: list[str] = []
    while True:
        item = yield from Prompt("item", f"{', '.join(items)} What?" * (3 if len(items) % 2 else 1))
        count = yield from Prompt("count", "How many?", transform=int, attempts=3, too_many="Enough of that.")
        items.append(f"{count} {item}")
        again = yield from Prompt("again", "More?", choices={"y": "Yes", "n": "No", "*": "Star"})
        if again == "n":
            yield Say(f"{items}. " * 9)
            return


texts = st.one_of(st.sampled_from(["1", "2", "3", "0", "#", "n", "*", "1*2", "**", "", "Ama"]), st.text("12*#0 a", max_size=4))
deeds = st.lists(st.tuples(texts, st.integers(1, 3)), min_size=1, max_size=12)


@settings(max_examples=300)
@given(deeds, st.sampled_from(["", "7"]), st.booleans())
def test_a_conversation_through_histories_is_as_any_other(deeds: list[tuple[str, int]], first: str, repeats: bool) -> None:
    """Stars, blanks, pages and repeated deliveries: each screen is as where only the latest text is sent, and sent once.

    A first answer that is blank looks like the dial again, and cannot be told from it.
    """
    if not first:
        deeds = [(text or "1", times) if place == 0 else (text, times) for place, (text, times) in enumerate(deeds)]

    async def hold() -> None:
        plain, typist = Person(Runtime(), shopping), Typist(Runtime(), shopping, first=first, repeats=repeats)
        assert await typist.dial() == await plain.dial()
        for text, times in deeds:
            reply = await plain.send(plain.message(text))
            typist.add(text)
            for _ in range(times if repeats else 1):
                assert await typist.send_again() == reply
            if reply.end:
                return

    asyncio.run(hold())


@pytest.mark.parametrize("kind", [Person, Typist])
async def test_who_is_asked_to_wait_for_another_flow_is_answered_after_it(kind: type[Person]) -> None:
    """The key that is pressed then shows the result, and is no answer."""
    gate = asyncio.Event()

    async def work(item: str) -> str:
        await gate.wait()
        return item

    @flow
    def slow() -> Steps[None]:
        yield from Call(work, (yield from Prompt("item", "Item?")), key="work")
        yield from Prompt("more", "More?")

    @flow
    def pay() -> Steps[None]:
        amount = yield from Prompt("amount", "Amount?", transform=int)
        yield from Prompt("sure", f"Pay {amount}?")

    runtime, sessions = Runtime(deadline=0.05), SessionConfig(boundaries=()).durable()
    ordering, paying = kind(runtime, slow, sessions=sessions), kind(runtime, pay, sessions=sessions)
    await paying.dial()
    await ordering.dial()
    assert "any key" in await ordering.type("tea")
    assert "any key" in await paying.type("500")
    gate.set()
    await runtime.settle()
    assert await paying.type("1") == "Pay 500?"


async def test_what_was_only_held_is_heard() -> None:
    """The next answer is not joined to it, though another process was working on the one before."""
    store, gate, begun = Faulty(), asyncio.Event(), asyncio.Event()

    async def work(item: str) -> str:
        begun.set()
        if item == "slow":
            await gate.wait()
        return item

    @flow
    def listing() -> Steps[None]:
        items: list[str] = []
        while True:
            item = yield from Prompt("item", f"{','.join(items)}|")
            items.append((yield from Call(work, item, key="work")))

    patient, hasty = Runtime(store=store), Runtime(store=store, deadline=0.05)
    person = Typist(patient, listing)
    await person.dial()
    first = asyncio.create_task(person.type("slow"))
    await begun.wait()
    person.runtime = hasty
    assert "any key" in await person.type("x")
    gate.set()
    assert await first == "slow|"
    await hasty.settle()
    assert await person.type("y") == "slow,x|"
    assert await person.type("z") == "slow,x,z|"
