"""Flows within flows, and flows after flows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl import (
    Become,
    Call,
    CallFailed,
    Chat,
    Checkpoint,
    Flow,
    Limits,
    Prompt,
    Run,
    Runtime,
    Say,
    Steps,
    TooManyAttempts,
    flow,
)
from flowdsl.signals import flow_failed, flow_finished
from tests.people import Faulty, Person


class Plan(Enum):
    """What can be bought."""

    DAY = "Daily"
    WEEK = "Weekly"


@dataclass
class Address:
    """Where somebody lives."""

    street: str
    town: str


@flow(types=[Address])
def address() -> Steps[Address]:
    """Ask where somebody lives, under keys that others have too."""
    street = yield from Prompt("name", "Street?")
    town = yield from Prompt("town", "Town?")
    yield Say(f"Noted {street}.")
    return Address(street, town)


@flow
def order() -> Steps[str]:
    """Ask for a name, an address and a date."""
    name = yield from Prompt("name", "Name?")
    where = yield from Run(address)
    day = yield from Prompt("day", f"{name}, {where.street}, {where.town}: when?")
    last = yield from Prompt("town", "From which town?")
    yield Say(f"{name} {where.town} {day} {last}")
    return name


class Journal:
    """Reads what is stored of a person's conversation."""

    def __init__(self, flow: Flow[..., Any]) -> None:
        self.store = Faulty()
        self.person = Person(Runtime(store=self.store), flow)

    @property
    async def entries(self) -> list[tuple[str, str]]:
        """Kind and key of each entry."""
        stored = await self.store.inner.load(f"{self.person.flow.name}:ussd:test:{self.person.session}")
        assert stored is not None
        state = json.loads(stored.value)["flows"][self.person.flow.name]
        return [(kind, key) for kind, key, *_ in state.get("journal", [])]


async def test_a_flow_within_has_keys_of_its_own() -> None:
    """Both ask for ``name`` and ``town``, and each gets its own answers."""
    person = Person(Runtime(), order)
    assert await person.dial() == "Name?"
    assert await person.type("Ama") == "Street?"
    assert await person.type("Ring Road") == "Town?"
    assert await person.type("Accra") == "Noted Ring Road.\nAma, Ring Road, Accra: when?"
    assert await person.type("Monday") == "From which town?"
    assert await person.type("Kumasi") == "Ama Accra Monday Kumasi"


async def test_a_flow_within_collapses_once_something_after_it_is_answered() -> None:
    """Until then what it said can be shown again; then only what it returned is kept."""
    journal = Journal(order)
    person = journal.person
    shown = await person.talk("Ama", "Ring Road", "Accra")
    assert await person.dial() == shown == "Noted Ring Road.\nAma, Ring Road, Accra: when?"
    assert await journal.entries == [("prompt", "name"), ("prompt", "name"), ("prompt", "town")]
    await person.type("Monday")
    assert await journal.entries == [("prompt", "name"), ("run", "address"), ("prompt", "day")]
    assert await person.dial() == "From which town?"


class Empty(Exception):
    """A flow within has nothing to ask about."""


@pytest.mark.parametrize("deep", [False, True])
async def test_a_flow_within_that_raised_leaves_its_place_to_none_after_it(deep: bool) -> None:
    """It has no entry; what later runs of the same flow returned is theirs, however often it raises between."""

    @flow
    def entered(*, who: str) -> Steps[str]:
        if not who:
            raise Empty
        return (yield from Prompt("x", f"For {who}?"))

    @flow
    def listed() -> Steps[str]:
        got = []
        for who in ("Ama", "", "", "Kofi", "", "Esi"):
            try:
                got.append((yield from Run(entered, who=who)))
            except Empty:
                got.append("none")
        yield from Prompt("a", f"{' '.join(got)}: a?")
        return " ".join(got)

    @flow
    def around() -> Steps[None]:
        got = (yield from Run(listed)) if deep else (yield from listed())
        yield from Prompt("b", f"{got}: b?")
        yield Say(f"{got}.")

    store = Faulty()
    person = Person(Runtime(store=store), around)
    assert await person.talk("1", "2", "3") == "1 none none 2 none 3: a?"
    assert await person.dial() == "1 none none 2 none 3: a?"
    assert await person.type("aa") == "1 none none 2 none 3: b?"
    assert await person.dial() == "1 none none 2 none 3: b?"
    assert "aside" not in store.wanted
    assert await person.type("bb") == "1 none none 2 none 3."


@pytest.mark.parametrize("value", [None, False, 0, "", Decimal("2.50"), [1, {"a": None}], Plan.DAY, Address("a", "b")], ids=repr)
async def test_what_it_returns_comes_back_as_it_was(value: Any) -> None:
    """Also when it is read from the journal, and also where it looks like nothing."""
    seen = []

    @flow(types=[Plan, Address])
    def inner() -> Steps[Any]:
        yield from Prompt("a", "A?")
        return value

    @flow
    def outer() -> Steps[None]:
        seen.append((yield from Run(inner)))
        yield from Prompt("b", "B?")
        yield from Prompt("c", "C?")

    person = Person(Runtime(), outer)
    await person.talk("1", "2", "3")
    assert len(seen) == 3
    assert all(each == value and type(each) is type(value) for each in seen)


async def test_a_result_that_cannot_be_stored_is_refused_when_it_is_returned() -> None:
    """The author reads at once which flow returned it, and what to do."""
    errors = []

    @flow
    def inner() -> Steps[object]:
        yield Prompt("a", "A?")
        return object()

    @flow
    def outer() -> Steps[None]:
        yield Run(inner)
        yield Prompt("b", "B?")

    def listen(sender: Any, *, event: Any) -> None:
        errors.append(str(event.exception))

    runtime = Runtime()
    flow_failed.connect(listen)
    try:
        await Person(runtime, outer).talk("1")
        await runtime.settle()
    finally:
        flow_failed.disconnect(listen)
    assert "flow 'inner'" in errors[0]
    assert "a value of type builtins.object" in errors[0]


async def test_the_same_flow_may_run_again_and_within_itself() -> None:
    """The n-th time takes the n-th answers, at every depth."""

    @flow
    def tree(*, depth: int) -> Steps[str]:
        name = yield from Prompt("name", f"{depth}?")
        if depth == 3:
            return name
        left = yield from Run(tree, depth=depth + 1)
        right = yield from Run(tree, depth=depth + 1)
        return f"({left}{name}{right})"

    @flow
    def walk() -> Steps[None]:
        for _ in range(2):
            yield Say((yield from Run(tree, depth=1)))
        yield from Prompt("end", "End?")

    person = Person(Runtime(), walk)
    shown = await person.talk(*"abcdefgABCDEFG")
    assert shown == "((CBD)A(FEG))\nEnd?"
    assert await person.type("x") == ""


def _recurse() -> Flow[[], None]:
    @flow
    def itself() -> Steps[None]:
        yield Run(itself)
        yield Prompt("never", "Never?")

    return itself


def _become() -> Flow[[], None]:
    @flow
    def itself() -> Steps[None]:
        yield Say("Round and round.")
        yield Become(itself)

    return itself


@pytest.mark.parametrize(
    ("make", "words"),
    [(_recurse, "5 flows run within each other: does 'itself' run itself?"), (_become, "become another flow 5 times")],
    ids=["run", "become"],
)
async def test_endless_recursion_is_stopped(
    make: Callable[[], Flow[[], None]], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A flow that runs or becomes itself without a question is an error that says so, and no slow death."""
    person = Person(Runtime(limits=Limits(depth=5)), make())
    assert (await person.dial()).startswith("Sorry")
    assert words in caplog.text
    assert "flow 'itself' at " in caplog.text


async def test_an_exception_goes_through_to_the_flow_around() -> None:
    """As with ``yield from``, and the same when it is replayed."""

    def broken() -> None:
        raise OSError("down")

    @flow
    def inner() -> Steps[None]:
        yield from Prompt("a", "A?", attempts=1, choices=["x"])
        yield Call(broken)

    @flow
    def outer() -> Steps[None]:
        for _ in range(2):
            try:
                yield from Run(inner)
            except TooManyAttempts as error:
                yield Say(f"No more: {error.key}.")
            except CallFailed as error:
                yield Say(f"Broken: {error.name}.")
        yield from Prompt("b", "B?")
        yield from Prompt("c", "C?")

    person = Person(Runtime(), outer)
    assert await person.talk("wrong") == "No more: a.\nA?\n1. x"
    assert await person.type("x") == "Broken: OSError.\nB?"
    assert await person.type("1") == "C?"
    assert await person.dial() == "C?"


async def test_a_flow_within_may_take_the_chat_and_parameters() -> None:
    """They are given where it is run; what it lacks is an error that names it."""

    @flow
    def inner(chat: Chat, *, fee: int) -> Steps[str]:
        answer = yield from Prompt("a", f"{chat.msisdn} pays {fee}?")
        return f"{answer}{fee}"

    @flow
    def outer() -> Steps[None]:
        yield Say((yield from Run(inner, fee=5)))
        yield Say((yield from Run(inner, fee=6)))

    assert await Person(Runtime(), outer).talk("a", "b") == "b6"


async def test_what_a_flow_becomes_begins_with_an_empty_journal() -> None:
    """It may ask under the same keys, gets its parameters again, and its result is the conversation's."""
    results = []

    @flow(types=[Plan])
    def second(*, plan: Plan, count: int = 0) -> Steps[int]:
        name = yield from Prompt("name", f"{plan.value} {count}: again?")
        if name == "yes":
            yield Become(second, plan=plan, count=count + 1)
        yield Say(f"Bye after {count}.")
        return count

    @flow
    def begin() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield Say(f"Hello, {name}.")
        yield from Become(second, plan=Plan.WEEK)

    def listen(sender: Any, *, event: Any) -> None:
        results.append(event.result)

    runtime = Runtime()
    person = Person(runtime, begin)
    flow_finished.connect(listen)
    try:
        assert await person.talk("Ama") == "Hello, Ama.\nWeekly 0: again?"
        assert await person.dial() == "Hello, Ama.\nWeekly 0: again?"
        assert await person.type("yes") == "Weekly 1: again?"
        assert await person.type("yes") == "Weekly 2: again?"
        assert await person.dial() == "Weekly 2: again?"
        assert await person.type("no") == "Bye after 2."
        await runtime.settle()
    finally:
        flow_finished.disconnect(listen)
    assert results == [2]


async def test_a_menu_of_ten_thousand_rounds_stays_small() -> None:
    """Its record is under 1 KB at every round."""

    @flow
    def menu(chat: Chat) -> Steps[None]:
        choice = yield from Prompt("menu", "What?", choices=["balance", "send"])
        if choice == "send":
            to = yield from Prompt("to", "To whom?")
            yield Say(f"Sent to {to}.")
        chat.session.set("rounds", chat.session.get("rounds", 0) + 1)
        yield Become(menu)

    store = Faulty()
    person = Person(Runtime(store=store), menu)
    await person.dial()
    largest = 0
    for _ in range(3_333):
        for text in ("1", "2", "0244123456"):
            shown = await person.type(text)
            largest = max(largest, len(store.wanted))
    assert shown == "Sent to 0244123456.\nWhat?\n1. balance\n2. send"
    assert largest < 1024
    stored = await store.inner.load(f"menu:ussd:test:{person.session}")
    assert stored is not None
    assert json.loads(stored.value)["data"] == {"rounds": 6_666}


async def test_a_call_made_again_in_the_next_round_has_another_key() -> None:
    """Two rounds with the same answers are two payments."""
    tokens = []

    async def pay(amount: str, idempotency_key: str) -> None:
        tokens.append(idempotency_key)

    @flow
    def menu() -> Steps[None]:
        amount = yield from Prompt("amount", "Amount?")
        yield Call(pay, amount)
        yield Become(menu)

    await Person(Runtime(), menu).talk("5", "5", "5")
    assert len(set(tokens)) == 3


async def test_a_flow_that_is_not_there_any_more_is_named() -> None:
    """A process that does not know what a conversation became says so; the session stays."""
    store = Faulty()

    def deploy() -> Flow[[], None]:
        @flow(name="gone")
        def gone() -> Steps[None]:
            yield from Prompt("a", "A?")
            yield from Prompt("b", "B?")

        @flow(name="start")
        def start() -> Steps[None]:
            yield from Prompt("s", "S?")
            yield Become(gone)

        return start

    person = Person(Runtime(store=store), deploy())
    await person.talk("1", "2")
    stored = await store.inner.load(f"start:ussd:test:{person.session}")
    assert stored is not None
    renamed = stored.value.replace('"gone"', '"lost"')
    assert await store.inner.save(f"start:ussd:test:{person.session}", renamed, stored.token, None)
    assert (await person.type("3")).startswith("Sorry")


async def test_session_data_is_that_of_the_flow_it_became() -> None:
    """What was counted before counts once, however often what comes after is replayed."""

    @flow
    def counting(chat: Chat) -> Steps[None]:
        count = chat.session.get("count", 0) + 1
        chat.session.set("count", count)
        yield from Prompt("a", f"{count}")
        if (yield from Prompt("b", f"{chat.session.get('count')}!")) == "more":
            yield Become(counting)
        yield Say(f"{chat.session.get('count')}")

    person = Person(Runtime(), counting)
    assert await person.talk("x", "more") == "2"
    assert await person.type("x") == "2!"
    assert await person.type("more") == "3"
    assert await person.dial() == "3"
    assert await person.type("x") == "3!"
    assert await person.type("end") == "3"


@pytest.mark.parametrize("hands_over", [False, True])
async def test_session_data_may_be_of_types_that_only_a_flow_within_names(hands_over: bool) -> None:
    """It is kept whatever the flow around names, which reads the rest of the data, and this as long as it knows the type."""

    @flow(types=[Address])
    def inner(chat: Chat, *, ends: bool) -> Steps[None]:
        chat.session.set("home", Address("High Street", "Kumasi"))
        if ends:
            yield from Prompt("b", "B?")
            yield Say(f"{chat.session.get('home')} {chat.session.get('count')}")

    @flow
    def outer(chat: Chat) -> Steps[None]:
        yield from Prompt("a", "A?")
        chat.session.set("count", 1)
        if hands_over:
            yield Become(inner, ends=True)
        yield from Run(inner, ends=False)
        yield from Prompt("b", "B?")
        yield from Prompt("c", f"{chat.session.get('count')}")
        yield Say(f"{chat.session.get('home')} {chat.session.get('count')}")

    person = Person(Runtime(), outer)
    shown = await person.talk("x", "y")
    if not hands_over:
        assert shown == "1"
        shown = await person.type("z")
    assert shown == f"{Address('High Street', 'Kumasi')} 1"


@given(st.lists(st.sampled_from(["name", "a/b", "inner/name", "x!", "%2F", "call", "run"]), min_size=1, max_size=4))
async def test_no_key_clashes_with_one_elsewhere(names: list[str]) -> None:
    """Whatever flows within and their prompts are called, each gets its own answer."""
    inner = [_asking(name, names) for name in names]

    @flow
    def outer() -> Steps[None]:
        got: list[str] = []
        for name, each in zip(names, inner, strict=True):
            got.append((yield from Prompt(name, "outer")))
            got.extend((yield from Run(each)))
            yield Checkpoint()
        yield Say(",".join(got))
        yield from Prompt("end", "end")

    count = len(names) * (1 + len(names))
    person = Person(Runtime(), outer, screen=None, platform="chat")
    await person.type("Hi")
    for number in range(count):
        shown = await person.type(f"{number}")
    assert shown == ",".join(map(str, range(count))) + "\nend"


def _asking(name: str, keys: list[str]) -> Flow[[], list[str]]:
    @flow(name=name)
    def asking() -> Steps[list[str]]:
        got: list[str] = []
        for key in keys:
            got.append((yield from Prompt(key, "inner")))  # noqa: PERF401 (a comprehension cannot yield)
        return got

    return asking


@pytest.mark.parametrize("how", [Run, Become], ids=["run", "become"])
async def test_a_flow_that_will_not_close_is_told_of_wherever_it_stands(how: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A ``finally`` that yields around another flow names the line, as one around a prompt does."""

    @flow
    def inner() -> Steps[None]:
        yield Prompt("a", "A?")

    @flow
    def outer() -> Steps[None]:
        try:
            yield how(inner)
        finally:
            yield Say("Goodbye.")  # here

    assert (await Person(Runtime(), outer).dial()).startswith("Sorry")
    line = outer.function.__code__.co_firstlineno + 5
    assert f"flow 'outer' at {__file__}:{line}: it goes on when it is told to stop" in caplog.text
