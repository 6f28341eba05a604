"""Answers that are dialled behind the code of a service."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Chat,
    ConfigurationError,
    Ended,
    History,
    Inbound,
    Navigation,
    Prompt,
    Reply,
    Resume,
    Run,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    TooManyAttempts,
    flow,
    signals,
)
from flowdsl.deliveries import mark
from flowdsl.record import FlowState, read
from flowdsl.shortcuts import code
from flowdsl.testing import Conversation, explore
from flowdsl.texts import locale
from tests.cumulative import Typist
from tests.people import Faulty, Person, in_two_processes, pause

WIDE = Screen(septets=1000, units=1000)
SORRY = "Sorry, something went wrong. Please try again."


def dialling(person: Person, *parts: str, **fields: Any) -> Inbound:
    """Make the message of somebody who dials more than the code."""
    dialled = f"*920*77{''.join(f'*{part}' for part in parts)}#"
    return person.message(**{"text": "", "new": True, "dialled": dialled, "shortcut": parts, **fields})


async def dialled(person: Person, *parts: str, **fields: Any) -> str:
    """Dial more than the code, and read the screen."""
    return (await person.send(dialling(person, *parts, **fields))).text


@pytest.fixture
def told() -> Iterator[list[tuple[str, Any]]]:
    """Listen to every signal."""
    events: list[tuple[str, Any]] = []
    with ExitStack() as stack:
        for name, signal in signals.namespace.items():

            def receiver(sender: Any, *, event: Any, name: str = name) -> None:
                events.append((name, event))

            stack.enter_context(signal.connected_to(receiver))
        yield events


@flow(shortcuts=True)
def selling(chat: Chat) -> Steps[None]:
    """Ask what, how many, and for the PIN."""
    yield Say("Welcome.")
    item = yield from Prompt("item", "Item?", choices=["Tea", "Bread"])
    yield Say(f"{item}, then.")
    count = yield from Prompt("count", "How many?", transform=int)
    yield Say(f"{count} of it.")
    pin = yield from Prompt("pin", "PIN?", secret=True, transform=len)
    yield Say(f"{count} {item} for {pin}, dialled {chat.opener}.")


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ((), "Welcome.\nItem?\n1. Tea\n2. Bread"),
        (("2",), "Bread, then.\nHow many?"),
        (("bread", " 5 "), "5 of it.\nPIN?"),
        (("2", "5", "4821"), "5 of it.\nPIN?"),
        (("3",), "Please choose one of the options.\nItem?\n1. Tea\n2. Bread"),
        (("3", "5"), "Please choose one of the options.\nItem?\n1. Tea\n2. Bread"),
        (("2", "five", "6"), "Please enter a whole number.\nHow many?"),
        (("2", ""), "Please enter a whole number.\nHow many?"),
    ],
)
async def test_what_is_dialled_behind_the_code_answers_the_first_questions(parts: tuple[str, ...], shown: str) -> None:
    """One after the other, up to the end, a secret, or what is refused; only what comes after the last answer is said."""
    assert await dialled(Person(Runtime(), selling), *parts) == shown


async def test_they_answer_nothing_where_the_flow_does_not_say_so() -> None:
    """Without ``shortcuts`` a flow begins at its first question."""

    @flow
    def plain() -> Steps[None]:
        yield from Prompt("item", "Item?", choices=["Tea", "Bread"])

    assert await dialled(Person(Runtime(), plain), "2") == "Item?\n1. Tea\n2. Bread"


def test_whether_a_flow_takes_them_is_yes_or_no() -> None:
    """Anything else is refused where the flow is defined."""
    with pytest.raises(ConfigurationError, match="shortcuts of flow 'selling' is 1: it is True or False"):
        flow(name="selling", shortcuts=cast("bool", 1))(selling.function)


async def test_the_rest_of_the_conversation_is_as_ever() -> None:
    """What is typed after that answers the question on the screen, and the code is all that is known of the dial string."""
    person = Person(Runtime(), selling)
    await dialled(person, "2", "5", "4821")
    assert await person.type("999") == "5 Bread for 3, dialled *920*77#."


async def test_they_count_where_a_conversation_begins_only() -> None:
    """Who dials again into a live one sees where they stopped, and a menu for that takes no shortcut, either."""
    for menu, shown in ((None, "Bread, then.\nHow many?"), (Resume(), "You have not finished. What would you like to do?")):
        person = Person(Runtime(resume=menu), selling, sessions=SessionConfig().durable())
        await dialled(person, "2")
        for _ in range(2):
            assert (await dialled(person, "1", "5")).startswith(shown)


@pytest.mark.parametrize("new", [False, None], ids=["told by the gateway", "told by the session"])
async def test_who_begins_again_by_the_menu_has_not_dialled(new: bool | None) -> None:
    """Nor where the gateway says each time what was dialled, and a call comes before the first question."""
    bank = Bank()
    for asking, shown in ((selling, "Welcome.\nItem?\n1. Tea\n2. Bread"), (calling(bank), "One?")):
        person = Person(Runtime(resume=Resume()), asking, sessions=SessionConfig().durable())
        await dialled(person, "2")
        again = dialling(person, "2", new=True if new is False else None, text="*920*77*2#", request_id="again")
        assert "2. Start again" in (await person.send(again)).text
        assert (await person.send(msgspec.structs.replace(again, new=new, text="2"))).text == shown


@pytest.mark.parametrize("new", [False, None])
async def test_who_answers_in_a_session_that_is_gone_has_not_dialled(new: bool | None) -> None:
    """Where the gateway says that nobody dialled, nothing counts; where only the session tells, this looks like a dial."""
    shown = await dialled(Person(Runtime(), selling), "2", "5", new=new)
    assert shown == ("Welcome.\nItem?\n1. Tea\n2. Bread" if new is False else "5 of it.\nPIN?")


async def test_everything_is_told_in_order(told: list[tuple[str, Any]]) -> None:
    """Each question that was answered is told, then the one that was refused or is shown; nothing else was shown."""
    runtime = Runtime()
    await dialled(Person(runtime, selling), "2", "x", "7")
    await dialled(Person(runtime, selling), "2", "5")
    await runtime.settle()
    prompts = [(name.partition(".")[2], event.key, event.attempts) for name, event in told if name.startswith("prompt.")]
    assert prompts == [
        ("answered", "item", 1),
        ("rejected", "count", 1),
        ("shown", "count", 1),
        ("answered", "item", 1),
        ("answered", "count", 1),
        ("shown", "pin", 0),
    ]


async def test_attempts_count_as_typed() -> None:
    """A part that is refused is an attempt, and where it was the last one the flow goes on without it, and without the rest."""

    @flow(shortcuts=True)
    def strict() -> Steps[None]:
        try:
            yield from Prompt("count", "How many?", transform=int, attempts=2)
        except TooManyAttempts as error:
            yield Say(f"{error.attempts} tries.")
        yield from Prompt("name", "Name?")

    person = Person(Runtime(), strict)
    assert await dialled(person, "x", "5") == "Please enter a whole number.\nHow many?"
    assert await person.type("y") == "2 tries.\nName?"

    @flow(shortcuts=True)
    def stricter() -> Steps[None]:
        try:
            yield from Prompt("count", "How many?", transform=int, attempts=1)
        except TooManyAttempts as error:
            yield Say(f"{error.attempts} try.")
        yield from Prompt("name", "Name?")

    assert await dialled(Person(Runtime(), stricter), "x", "5") == "1 try.\nName?"


@pytest.mark.parametrize(("parts", "shown"), [(("a", "0", "b"), "Second?"), (("0", "b"), "Third?"), (("a", "9"), "Third?")])
async def test_a_key_that_leads_back_ends_it(parts: tuple[str, ...], shown: str) -> None:
    """It is no answer where it leads somewhere, and leads nowhere from a question that nobody has seen."""

    @flow(shortcuts=True)
    def asking() -> Steps[None]:
        for key in ("first", "second", "third"):
            yield from Prompt(key, f"{key.title()}?")

    person = Person(Runtime(navigation=Navigation(back="0", keep="9")), asking)
    assert (await dialled(person, *parts)).partition("\n")[0] == shown


async def test_a_question_for_something_else_than_text_ends_it() -> None:
    """A place or a picture cannot be dialled."""

    @flow(shortcuts=True)
    def placing() -> Steps[None]:
        yield from Prompt("name", "Name?")
        yield from Prompt("place", "Where?", expects="location")

    assert await dialled(Person(Runtime(), placing), "Ama", "Accra") == "Where?"


async def test_the_end_of_the_flow_drops_the_rest() -> None:
    """What is left begins nothing."""

    @flow(shortcuts=True)
    def short() -> Steps[None]:
        yield Say(f"Hello, {(yield from Prompt('name', 'Name?'))}.")

    person = Person(Runtime(), short)
    assert await person.send(dialling(person, "Ama", "Kofi", "Esi")) == Reply("Hello, Ama.", end=True)


async def test_labels_are_those_of_the_language_that_was_chosen_on_the_way() -> None:
    """A part picks what it would pick if the question had been read, and nothing else."""

    @flow(shortcuts=True)
    def spoken(chat: Chat) -> Steps[None]:
        chat.locale = yield from Prompt("language", "Language?", choices={"en": "English", "fr": "Francais"})
        labels = {"y": lambda: "Oui" if locale() == "fr" else "Yes", "n": lambda: "Non" if locale() == "fr" else "No"}
        yield from Prompt("sure", "?", choices=labels)
        yield from Prompt("more", "More?")

    assert await dialled(Person(Runtime(), spoken), "fr", "oui") == "More?"
    assert await dialled(Person(Runtime(), spoken), "en", "Yes") == "More?"
    assert (await dialled(Person(Runtime(), spoken), "fr", "Yes")).startswith("Please choose")


# Calls on the way


class Bank:
    """Looks up and pays, and counts how often."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.gate: asyncio.Event | None = None
        self.broken = False

    async def pay(self, *args: Any) -> str:
        """Pay."""
        self.asked.append(args)
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise ConnectionError("down")
        return f"{args} paid"


def calling(bank: Bank) -> Any:
    """Make a flow that calls before its first question, and between them."""

    @flow(shortcuts=True)
    def called() -> Steps[None]:
        yield from Call(bank.pay, "first", key="first")
        one = yield from Prompt("one", "One?")
        yield from Call(bank.pay, one, key="one")
        two = yield from Prompt("two", "Two?")
        yield from Call(bank.pay, one, two, key="two")
        three = yield from Prompt("three", f"{one}{two}, three?")
        yield from Call(bank.pay, one, two, three, key="three")
        yield from Prompt("four", f"{one}{two}{three}, four?")

    return called


async def test_calls_between_the_questions_are_made_once_each(told: list[tuple[str, Any]]) -> None:
    """The turn pauses for each, and goes on with the next part; all is told when it is done, each answer once."""
    bank = Bank()
    runtime = Runtime()
    person = Person(runtime, calling(bank))
    assert await dialled(person, "a", "b", "c") == "abc, four?"
    assert bank.asked == [("first",), ("a",), ("a", "b"), ("a", "b", "c")]
    assert await dialled(person, "x", "y") == "abc, four?"
    await runtime.settle()
    assert [event.key for name, event in told if name == "prompt.answered"] == ["one", "two", "three"]


@pytest.mark.parametrize("named", [False, True], ids=["without ids", "with ids"])
async def test_a_process_that_dies_is_followed_by_one_that_goes_on_with_the_next_part(named: bool) -> None:
    """How many parts were taken is saved, so the same message, delivered again, goes on where the first one was."""
    store, bank = Faulty(), Bank()
    person, same_person = in_two_processes(store, calling(bank))
    message = dialling(person, "a", "b", "c", message_id="m" if named else None)
    bank.gate = asyncio.Event()
    bank.gate.set()

    async def until_the_second() -> None:
        while len(bank.asked) < 3:
            bank.gate = asyncio.Event() if len(bank.asked) == 2 else bank.gate
            await pause()

    first = asyncio.create_task(person.send(message))
    await until_the_second()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    bank.gate = None
    same_person.runtime._clock = lambda: person.runtime._clock() + 60
    assert (await same_person.send(message)).text == "abc, four?"
    assert bank.asked.count(("first",)) == bank.asked.count(("a",)) == bank.asked.count(("a", "b", "c")) == 1


@pytest.mark.parametrize("dials", [False, True], ids=["an answer", "a dial"])
async def test_another_message_that_takes_the_turn_over_drops_the_rest(dials: bool) -> None:
    """Neither its own parts nor those of the first one are taken, and what it brings answers nothing that was not shown."""
    store, bank = Faulty(), Bank()
    person, same_person = in_two_processes(store, calling(bank))
    bank.gate = asyncio.Event()
    first = asyncio.create_task(person.send(dialling(person, "a", "b", "c")))
    while not bank.asked:
        await pause()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    bank.gate = None
    same_person.runtime._clock = lambda: person.runtime._clock() + 60
    if dials:
        assert await dialled(same_person, "x", "y") == "One?"
    else:
        assert await same_person.type("x") == "One?"
    assert await same_person.type("y") == "Two?"


async def test_a_call_that_fails_on_the_way_leaves_nothing(told: list[tuple[str, Any]]) -> None:
    """As where an answer is typed: the session is as it was before, and the first question is asked at the next dial."""
    bank = Bank()

    @flow(shortcuts=True)
    def failing() -> Steps[None]:
        one = yield from Prompt("one", "One?")
        yield from Call(bank.pay, one, key="one")
        yield from Prompt("two", "Two?")

    bank.broken = True
    runtime = Runtime()
    person = Person(runtime, failing)
    assert await person.send(dialling(person, "a", "b")) == Reply(SORRY, end=True)
    await runtime.settle()
    assert not [event for name, event in told if name == "prompt.answered"]
    bank.broken = False
    assert await person.dial() == "One?"


async def test_a_flow_that_raises_on_the_way_leaves_nothing() -> None:
    """None of the parts is an answer then."""

    @flow(shortcuts=True)
    def raising() -> Steps[None]:
        yield from Prompt("one", "One?")
        yield from Prompt("two", "Two?")
        raise RuntimeError("no luck")

    person = Person(Runtime(), raising)
    assert await person.send(dialling(person, "a", "b")) == Reply(SORRY, end=True)
    assert await person.dial() == "One?"


# Deliveries


@pytest.mark.parametrize("processes", [1, 2])
async def test_two_equal_dials_at_once_are_one(processes: int) -> None:
    """Both are told the same, and the calls are made once."""
    store, bank = Faulty(), Bank()
    people = in_two_processes(store, calling(bank))
    message = dialling(people[0], "a", "b", "c")
    store.before_load.extend([pause] * 9)
    replies = await asyncio.gather(*(each.send(message) for each in (people[0], people[processes - 1])))
    assert [reply.text for reply in replies] == ["abc, four?"] * 2
    assert len(bank.asked) == 4


async def test_a_dial_that_comes_again_is_answered_as_before() -> None:
    """With an id its reply is there, and nothing is answered twice."""
    person = Person(Runtime(), selling)
    first = await person.send(dialling(person, "2", "5", message_id="m"))
    assert await person.send(dialling(person, "2", "5", message_id="m")) == first


async def test_other_parts_are_another_message() -> None:
    """Also where the gateway tells the code apart, and the parts alone make the difference."""
    store = Faulty()
    person = Person(Runtime(store=store), selling, sessions=SessionConfig().durable())
    store.before_load.extend([pause] * 4)
    messages = [dialling(person, part, dialled="*920*77#") for part in "12"]
    first, second = await asyncio.gather(*map(person.send, messages))
    assert first == second  # the second one dials into what the first one has begun
    assert "Tea, then." in first.text
    assert len({mark(each, "selling") for each in (*messages, *messages)}) == 2


async def test_nobody_dials_thousands_of_answers() -> None:
    """More parts than a dial string can have are not taken."""

    @flow(shortcuts=True)
    def endless() -> Steps[None]:
        count = 0
        while True:
            yield from Prompt("item", f"{count} so far.")
            count += 1

    assert await dialled(Person(Runtime(), endless), *"x" * 3_000) == "91 so far."


# Nothing secret is kept


@pytest.mark.parametrize("shortcuts", [True, False])
async def test_pins_behind_the_code_are_in_nothing_that_is_stored(shortcuts: bool) -> None:
    """Ten of them, dialled where the first question is secret, and where a call is saved in the middle."""
    pins = [f"{number}zyx" for number in range(4_821, 4_831)]
    bank = Bank()

    @flow(shortcuts=shortcuts)
    def secretly(chat: Chat) -> Steps[None]:
        yield from Call(bank.pay, chat.opener, key="first")
        yield from Prompt("pin", "PIN?", secret=True, transform=len)
        yield from Prompt("more", f"Dialled {chat.opener}. More?")

    store = Faulty()
    written: list[str] = []
    create, save = store.create, store.save

    async def created(key: str, value: str, ttl: float | None) -> bool:
        written.append(value)
        return await create(key, value, ttl)

    async def saved(key: str, value: str, token: Any, ttl: float | None) -> bool:
        written.append(value)
        return await save(key, value, token, ttl)

    store.create, store.save = created, saved  # type: ignore[method-assign]
    person = Person(Runtime(store=store, resume=Resume()), secretly, sessions=SessionConfig(secret="key").durable())
    for fields in ({}, {"message_id": "m"}, {"dialled": "*".join(("", "920", "77", *pins))}, {"new": None, "text": "x"}):
        await dialled(person, *pins, **fields)
    assert await person.type("1") == "PIN?"
    assert await person.type("4821zyx") == "Dialled *920*77#. More?"
    await dialled(person, *pins)
    assert len(written) > 6
    assert not [each for each in written if any(pin in each for pin in pins)]


@pytest.mark.parametrize(
    ("dialled", "shortcut", "service", "known"),
    [
        ("*920*77*2*500#", ("2", "500"), None, "*920*77#"),
        ("*920*77*2*500", ("2", "500"), None, "*920*77"),
        (" *920*77**5# ", ("", "5"), None, "*920*77#"),
        ("*920*77#", (), None, "*920*77#"),
        (None, ("2",), None, None),
        # The gateway tells the code apart.
        ("*384*1234#", ("2", "500"), "*384*1234#", "*384*1234#"),
        ("*384*1234#", ("", "500"), None, "*384*1234#"),
        ("*384*1234#", ("1234",), "*384*1234#", "*384#"),
        # A part of it cannot be told from the code, so the service's own name must do.
        ("7", ("7",), "167", "167"),
        ("*920* 4821 *77#", ("4821",), None, ""),
    ],
)
def test_what_is_kept_of_a_dial_string(
    dialled: str | None, shortcut: tuple[str, ...], service: str | None, known: str | None
) -> None:
    """The code, without the answers behind it."""
    assert code(Inbound(platform="ussd", gateway="test", dialled=dialled, shortcut=shortcut, service=service)) == known


# As if they had been typed


def double(text: str) -> int:
    """Read a number, and double it."""
    return 2 * int(text)


@flow
def transfer(chat: Chat) -> Steps[int]:
    """Ask to whom and how much."""
    to = yield from Prompt("to", lambda: {"fr": "A qui ?"}.get(locale() or "", "To whom?"))
    chat.session.set("to", to)
    try:
        amount = yield from Prompt("amount", "How much?", transform=double, attempts=2)
    except TooManyAttempts:
        yield Say("That was no number.")
        return 0
    yield Say(f"{amount} to {to}.")
    return amount


@flow(shortcuts=True)
def wallet(chat: Chat, *, spent: int = 0, back: bool = True) -> Steps[None]:
    """Go round a menu, with all that a flow may do; it goes back in the first round."""
    yield Say(f"{chat.session.get('to', 'nobody')} has {spent}.")
    choice = yield from Prompt("menu", "What?", choices={"s": "Send", "l": "Language", "p": "Pay", "b": "Back", "x": "Exit"})
    if choice == "s":
        yield Become(wallet, spent=spent + (yield from Run(transfer)), back=False)
    elif choice == "l":
        chat.locale = yield from Prompt("language", "Language?", choices={"en": "English", "fr": "Francais"})
        if (yield from Prompt.confirm("sure", lambda: {"fr": "Vraiment ?"}.get(locale() or "", "Sure?"))):
            yield Become(wallet, spent=spent, back=False)
    elif choice == "p":
        try:
            paid = yield from Call(str.upper, f"{spent}!", key="pay", thread=False)
        except CallFailed:
            paid = ""
        yield from Prompt("pin", f"PIN for {paid}?", secret=True, transform=len)
    elif choice == "b" and back and (yield from Prompt("again", "Again?", choices=["Yes", "No"])) == "Yes":
        yield Back()
    yield Say(f"Goodbye, {chat.session.get('to', 'nobody')}.")


async def state_of(store: Faulty, person: Person) -> tuple[FlowState | None, dict[str, Any], str | None]:
    """Read where a person's flow stands, and their session."""
    held = await store.inner.load(f"wallet:ussd:test:{person.session}")
    assert held is not None
    record = read(held.value)
    return record.flows.get("wallet"), record.data, record.locale


def alike(state: FlowState | None) -> Any:
    """Give of a state what must not depend on how the answers came."""
    if state is None:
        return None
    opening = msgspec.structs.replace(state.opening, at=0.0, text="")
    return msgspec.structs.replace(state, opening=opening, nonce="", epoch=0)


parts = st.lists(st.sampled_from(["1", "2", "3", "4", "1", "2", "s", "l", "5", "0", "00", "", "x", "Ama", " 1 "]), max_size=9)


@settings(max_examples=500)
@given(parts, st.booleans())
def test_they_are_as_if_typed(parts: list[str], navigates: bool) -> None:
    """The same journal, the same session and the same last screen, through menus, languages, calls, flows within, and back."""

    async def hold() -> None:
        store, navigation = Faulty(), Navigation(back="0", start="00") if navigates else None
        runtime = Runtime(store=store, navigation=navigation)
        one, other = Person(runtime, wallet, screen=WIDE), Person(runtime, wallet, screen=WIDE)
        reply = await one.send(dialling(one))
        for part in parts:
            leads_back = navigates and f"\n{part.strip()} " in reply.text.replace("1. ", "")
            if reply.end or reply.key == "pin" or (part.strip() in ("0", "00") and leads_back):
                break
            before, reply = reply, await one.send(one.message(part))
            if reply.text.startswith("Please") or (before.key == "amount" and reply.key != "menu"):
                break
        shown = await other.send(dialling(other, *parts))
        assert shown == reply
        states = [await state_of(store, person) for person in (one, other)]
        (typed, *session), (dialled, *other_session) = states
        assert alike(dialled) == alike(typed)
        assert other_session == session

    asyncio.run(hold())


# In tests of a flow


def test_a_scripted_conversation_may_begin_with_a_shortcut() -> None:
    """The answers are those of the parts, and the dialogue shows what was dialled, as does the test to paste."""
    talk = Conversation(selling, shortcut=("2", "5"))
    talk.see("PIN?").miss("Item?")
    assert talk.answers == {"item": "Bread", "count": 5}
    assert str(talk).startswith("> *920*77*2*5#\n  5 of it.")
    assert "Conversation(selling, shortcut=('2', '5'))" in talk.dialogue.as_test()
    talk.type("999").see("5 Bread for 3, dialled *920*77#.")
    assert talk.dial().answers == {"item": "Bread", "count": 5}


def test_a_scripted_conversation_with_a_call_on_the_way() -> None:
    """Calls come to what the test says, and the turn is replayed."""
    talk = Conversation(calling(Bank()), calls={"first": 1, "one": 2, "two": 3}, shortcut=("a", "b"))
    assert talk.asked == "three"
    assert talk.answers == {"one": "a", "two": "b"}
    assert [made.key for made in talk.calls] == ["first", "one", "two"]


def test_all_paths_behind_a_shortcut_are_walked() -> None:
    """A walk begins where the shortcut has led."""
    assert explore(selling, shortcut=("2",)).questions == ("count", "pin")


def test_a_shortcut_is_dialled() -> None:
    """In a chat there is no dial string, and a text is not several parts."""
    with pytest.raises(ConfigurationError, match="a shortcut is dialled on USSD"):
        Conversation(selling, platform="whatsapp", shortcut=("2",))
    with pytest.raises(ConfigurationError, match="the shortcut is '2'"):
        Conversation(selling, shortcut="2")


def paying(paid: list[int]) -> Any:
    """Make a flow that asks for an amount, and pays."""

    async def pay(amount: int) -> None:
        paid.append(amount)

    @flow(shortcuts=True)
    def payment() -> Steps[None]:
        amount = yield from Prompt("amount", "How much?", transform=int)
        yield from Call(pay, amount)
        name = yield from Prompt("name", "Paid. Your name?")
        yield Say(f"Bye, {name}.")

    return payment


@pytest.mark.parametrize("new", [True, None])
@pytest.mark.parametrize("ends", ["by itself", "by the gateway"])
async def test_what_was_dialled_is_not_taken_twice(new: bool | None, ends: str) -> None:
    """A dial that is delivered once more, after the conversation is over, pays for nothing."""
    paid: list[int] = []
    person = Person(Runtime(), paying(paid))
    dial = dialling(person, "500", "Ama") if ends == "by itself" else dialling(person, "500")
    dial = msgspec.structs.replace(dial, new=new)
    shown = (await person.send(dial)).text
    if ends == "by itself":
        assert shown == "Bye, Ama."
    else:
        assert shown == "Paid. Your name?"
        notice = Ended(platform="ussd", gateway="test", reason="timeout", request_id=person.session, msisdn=person.msisdn)
        await person.runtime.ended(person.flow, notice)
    assert (await person.send(dial)).text == "How much?"
    assert paid == [500]
    person.session = "another"
    assert await dialled(person, "7") == "Paid. Your name?"
    assert paid == [500, 7]


@pytest.mark.parametrize("ends", ["by itself", "by the gateway"])
async def test_an_answer_after_the_end_is_no_dial(ends: str) -> None:
    """Though a history has all that was typed in it, and looks like a dial."""
    paid: list[int] = []
    person = Typist(Runtime(), paying(paid))
    await person.talk("500", *(["Ama"] if ends == "by itself" else []))
    if ends == "by the gateway":
        notice = Ended(platform="ussd", gateway="test", reason="timeout", request_id=person.session, msisdn=person.msisdn)
        await person.runtime.ended(person.flow, notice)
    person.add("late")
    assert (await person.send(person.inbound(shortcut=("500", "Ama", "late")))).text == "How much?"
    assert paid == [500]


async def test_a_page_key_that_is_dialled_is_no_answer() -> None:
    """Typed, it would turn the page of a question that has several."""

    @flow(shortcuts=True)
    def long() -> Steps[None]:
        name = yield from Prompt("name", f"Name? {'word ' * 60}")
        count = yield from Prompt("count", "How many?", transform=int)
        yield Say(f"{count} for {name}.")

    assert (await dialled(Person(Runtime(), long), "0", "5")).startswith("Name? word")
    assert await dialled(Person(Runtime(), long), "Ama", "0") == "0 for Ama."


@pytest.mark.parametrize(
    ("fields", "opener"),
    [
        ({"text": "*365#"}, "*365#"),
        ({"text": "4821"}, ""),
        ({"text": "4821", "dialled": "*4821#"}, ""),
        ({"text": "*48a1#"}, ""),
        ({"history": History("7*4821"), "dialled": "*167*7*4821#"}, "*167#"),
        ({"history": History("7*4821"), "dialled": "*167*7*4821#", "shortcut": ("4821",)}, "*167*7#"),
        ({"history": History("415*33*4821"), "dialled": "*415*33*4821#"}, ""),
        ({"history": History("4821"), "dialled": "*384*1234#"}, "*384*1234#"),
        ({"history": History(""), "dialled": "*384*1234#"}, "*384*1234#"),
        ({"history": History("4821")}, ""),
    ],
)
async def test_what_is_typed_into_a_session_that_is_gone_is_not_kept(fields: dict[str, Any], opener: str) -> None:
    """It was meant for a question, and may be a PIN; only what reads as a dial is what was dialled."""
    runtime = Runtime()
    person = Person(runtime, selling)
    await person.send(person.message(**{"text": "", "new": None, "dialled": None, **fields}))
    held = await runtime.store.load(f"selling:ussd:test:{person.session}")
    assert held is not None
    assert read(held.value).flows["selling"].opening.text == opener
    assert "4821" not in held.value
