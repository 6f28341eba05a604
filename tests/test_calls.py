"""Calls: what a flow has done outside of itself, once, whatever happens in between."""

import asyncio
import dataclasses
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Limits,
    Navigation,
    Prompt,
    Reply,
    Resume,
    Run,
    Runtime,
    Say,
    Screen,
    Steps,
    flow,
    signals,
)
from flowdsl.errors import BadStep, StoreUnavailable
from flowdsl.flow import Flow
from flowdsl.signals import CallEvent, Event, call_failed
from tests.hurry import hurried
from tests.people import Faulty, Person, in_two_processes, lose, passing, pause

SORRY = "Sorry, something went wrong. Please try again."


class Clerk:
    """Somebody outside who is called: notes what for, with which key, and does what the test wants."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[Any] = []
        self.keys: list[str] = []

    def _next(self, what: Any, key: str) -> Any:
        self.asked.append(what)
        self.keys.append(key)
        outcome = self.outcomes.pop(0) if self.outcomes else len(self.asked)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def book(self, what: Any, idempotency_key: str = "") -> Any:
        """Take an order, as an API would."""
        outcome = self._next(what, idempotency_key)
        return await outcome() if callable(outcome) else outcome

    def note(self, what: Any, *, idempotency_key: str = "") -> Any:
        """Take an order, as a blocking library would."""
        return self._next(what, idempotency_key)


def ordering(function: Callable[..., Any], **options: Any) -> Flow[..., Any]:
    """Make a flow that asks for an item, has it booked, and asks for more."""

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        try:
            number = yield from Call(function, item, **options)
        except CallFailed as error:
            yield Say(f"{error.name}: {error.message}.")
            number = None
        yield from Prompt("more", f"{item} is {number!r}. More?")

    return order


def rash(function: Callable[..., Any], **options: Any) -> Flow[..., Any]:
    """Make a flow that does the same and lets failures happen."""

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(function, item, **options)
        yield from Prompt("more", f"{item} is {number!r}. More?")

    return order


class Machine:
    """A callable object, which is named by its class."""

    def __call__(self, item: str) -> str:
        return item.upper()


class Slow:
    """A callable object that is asynchronous."""

    async def __call__(self, item: str) -> str:
        await pause()
        return item.upper()


async def upper(item: str) -> str:
    """Do something asynchronously."""
    await pause()
    return item.upper()


def lifted(item: str) -> str:
    """Do something in a thread."""
    return item.upper()


def handed_on(item: str) -> Awaitable[str]:
    """Give something to wait for, as a plain function."""
    return upper(item)


FUNCTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "async": (upper, {}, "upper"),
    "thread": (lifted, {}, "lifted"),
    "no thread": (lifted, {"thread": False}, "lifted"),
    "partial": (partial(partial(lifted)), {}, "lifted"),
    "partial of async": (partial(upper), {}, "upper"),
    "object": (Machine(), {}, "Machine"),
    "async object": (Slow(), {}, "Slow"),
    "method": ("{}".format, {"key": "written"}, "written"),
    "builtin": (str.upper, {}, "upper"),
    "lambda": (lambda item: item.upper(), {"key": "high"}, "high"),
    "gives an awaitable": (handed_on, {}, "handed_on"),
    "gives an awaitable, no thread": (handed_on, {"thread": False}, "handed_on"),
}


@pytest.mark.parametrize(("function", "options", "key"), FUNCTIONS.values(), ids=FUNCTIONS)
async def test_whatever_can_be_called_is_called(function: Callable[..., Any], options: dict[str, Any], key: str) -> None:
    """Functions of every kind run, their results come back, and the key is the function's name unless given."""
    assert Call(function, "a", **options).key == key
    shown = await Person(Runtime(), ordering(function, **options)).talk("a")
    assert shown == f"a is {'a' if key == 'written' else 'A'!r}. More?"


def test_a_lambda_needs_a_key() -> None:
    """Two lambdas of one flow could not be told apart."""
    with pytest.raises(BadStep, match="key="):
        Call(lambda: 1)


async def test_a_thread_keeps_nobody_waiting() -> None:
    """A function that is not asynchronous runs beside the event loop, unless it says that it belongs there."""
    threads: list[int] = []

    def where(item: str) -> None:
        threads.append(threading.get_ident())

    for thread in (True, False):
        await Person(Runtime(), ordering(where, thread=thread)).talk("a")
    assert threads[0] != threading.get_ident() == threads[1]


MISTAKES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "called already": ("result", {"key": "a"}, "without calling it"),
    "no key": (lifted, {"key": ""}, "its key is ''"),
    "timeout": (lifted, {"timeout": 0}, "its timeout is 0"),
    "no end": (lifted, {"timeout": float("inf")}, "its timeout is inf"),
    "retries": (lifted, {"retries": -1}, "its retries are -1"),
    "backoff": (lifted, {"backoff": -1}, "its backoff is -1"),
    "on_crash": (lifted, {"on_crash": "again"}, "its on_crash is 'again'"),
    "undo": (lifted, {"undo": "back"}, "its undo is 'back'"),
    "both": (lifted, {"undo": lifted, "irreversible": True}, "give one of the two"),
}


@pytest.mark.parametrize(("function", "options", "says"), MISTAKES.values(), ids=MISTAKES)
async def test_a_call_that_cannot_run_says_why(
    function: Any, options: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of the author is told with its line, and nothing runs."""
    assert await Person(Runtime(), rash(function, **options)).talk("a") == SORRY
    assert says in caplog.text
    assert f"{__file__}:" in caplog.text


async def test_a_call_without_yield_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """A call that is taken for its own result is a mistake that is told."""

    @flow
    def hasty() -> Steps[None]:
        if Call(lifted, "a"):
            yield Say("yes")

    assert await Person(Runtime(), hasty).dial() == SORRY
    assert "write `yield`" in caplog.text


RESULTS: list[Any] = [None, False, 0, "", [], {}, {"$failed": ["a", "b"]}, ("a", 1), 1.5, "é"]


@pytest.mark.parametrize("result", RESULTS, ids=repr)
async def test_any_result_is_a_result(result: Any) -> None:
    """What is falsy, or looks like a failure, is given back as it is, and the function does not run again."""
    clerk = Clerk(result)
    person = Person(Runtime(), ordering(clerk.book))
    assert await person.talk("a") == f"a is {result!r}. More?"
    assert await person.dial() == f"a is {result!r}. More?"
    assert clerk.asked == ["a"]


# Failing


class Declined(Exception):
    """What a payment raises."""


ERRORS: dict[str, tuple[BaseException, str]] = {
    "own": (Declined("no money"), "Declined: no money."),
    "key": (KeyError("a"), "KeyError: 'a'."),
    "exit": (SystemExit(2), "SystemExit: 2."),
    "cancelled": (asyncio.CancelledError("theirs"), "CancelledError: theirs."),
    "generator": (GeneratorExit(), "GeneratorExit: ."),
    "surrogate": (ValueError("\ud800"), "ValueError: ?."),
    "call": (CallFailed("a", "b", "c"), "CallFailed: call 'a' failed: b: c."),
}


@pytest.mark.parametrize("kind", ["async", "thread", "no thread"])
@pytest.mark.parametrize(("error", "says"), ERRORS.values(), ids=ERRORS)
async def test_what_a_function_raises_is_raised_in_the_flow(kind: str, error: BaseException, says: str) -> None:
    """The flow can catch it by name and message, gets it again on each replay and in another process, and nobody else does."""
    store = Faulty()
    clerk = Clerk(error)
    order = ordering(clerk.book if kind == "async" else clerk.note, thread=kind != "no thread", key="book")
    person, same_person = in_two_processes(store, order)
    assert await person.talk("a") == f"{says}\na is None. More?"
    assert await person.dial() == f"{says}\na is None. More?"
    assert await same_person.dial() == f"{says}\na is None. More?"
    assert clerk.asked == ["a"]


@pytest.mark.parametrize("kind", ["async", "thread", "no thread"])
async def test_the_end_of_an_iterator_is_a_failure(kind: str) -> None:
    """A StopIteration, which no future can hold, ends neither the flow nor the waiting."""
    clerk = Clerk(StopIteration())
    order = ordering(clerk.book if kind == "async" else clerk.note, thread=kind != "no thread")
    assert (await Person(Runtime(), order).talk("a")).startswith("RuntimeError: ")


def a_ring() -> list[Any]:
    """Make a list that holds itself."""
    ring: list[Any] = []
    ring.append(ring)
    return ring


class Opaque:
    """What the journal does not know."""


class Odd:
    """What cannot even be looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@dataclasses.dataclass
class Quarrel:
    """What cannot be compared."""

    number: int

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no peer")

    __hash__ = None  # type: ignore[assignment]


UNSTORABLE: dict[str, Any] = {
    "object": Opaque(),
    "no repr": Odd(),
    "set": {1},
    "ring": a_ring(),
    "quarrel": Quarrel(1),
    "surrogate": "\ud800",
    "huge number": 10**9_000,
    "too large": "a" * 300_000,
}


@pytest.mark.parametrize("caught", [True, False], ids=["caught", "uncaught"])
@pytest.mark.parametrize("result", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_a_result_that_cannot_be_stored_is_a_failure(result: Any, caught: bool) -> None:
    """The function has run, so it does not run again, neither at once nor at the next message."""
    clerk = Clerk(result)
    order = (ordering if caught else rash)(clerk.book, retries=3, backoff=0)
    order = flow(types=[Quarrel])(order.function)
    person = Person(Runtime(), order, screen=Screen(septets=1_000, units=1_000))
    shown = await person.talk("a")
    assert shown == SORRY if not caught else "its result" in shown
    await person.type("b")
    assert clerk.asked == ["a"]


async def test_a_message_of_any_length_is_a_failure() -> None:
    """An error that brings a whole page with it is cut, and fits into the session."""
    clerk = Clerk(Declined("a" * 300_000))
    shown = await Person(Runtime(), ordering(clerk.book), screen=None).talk("a")
    assert shown.startswith("Declined: aaaa")
    assert clerk.asked == ["a"]


def test_a_function_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its timeout a call fails with a TimeoutError; each try has the whole of it."""
    clerk = Clerk(partial(asyncio.sleep, 31), partial(asyncio.sleep, 29, "late"))
    assert (
        hurried(Person(Runtime(), ordering(clerk.book)).talk("a"), monkeypatch)
        == "TimeoutError: it took longer than 30 seconds.\na is None. More?"
    )
    clerk = Clerk(*[partial(asyncio.sleep, 31)] * 2, partial(asyncio.sleep, 29, "late"))
    shown = hurried(Person(Runtime(), ordering(clerk.book, retries=2)).talk("a"), monkeypatch)
    assert shown == "a is 'late'. More?"
    assert len(set(clerk.keys)) == 1


async def test_a_function_in_a_thread_may_be_late() -> None:
    """A thread cannot be stopped: the call fails in time, and what comes later is used for nothing."""
    gate = threading.Event()

    def wait(item: str) -> str:
        gate.wait()
        return "late"

    person = Person(Runtime(), ordering(wait, timeout=0.001))
    assert await person.talk("a") == "TimeoutError: it took longer than 0.001 seconds.\na is None. More?"
    gate.set()
    assert await person.dial() == "TimeoutError: it took longer than 0.001 seconds.\na is None. More?"


@pytest.mark.parametrize(("retry_on", "asked"), [(Declined, 3), (OSError, 1), ((OSError, Declined), 3), (Exception, 3)])
async def test_only_what_may_pass_is_tried_again(retry_on: Any, asked: int) -> None:
    """A refusal that is final need not cost a person the time of more tries."""
    clerk = Clerk(*[Declined("no money")] * 3)
    await Person(Runtime(), ordering(clerk.book, retries=2, backoff=0, retry_on=retry_on)).talk("a")
    assert len(clerk.asked) == asked


async def test_a_failure_is_told_with_the_line_that_raised(caplog: pytest.LogCaptureFixture) -> None:
    """Whether the flow catches it or not, its author finds out why."""

    def deep(item: str) -> None:
        raise Declined(item)

    await Person(Runtime(), ordering(deep)).talk("a")
    line = deep.__code__.co_firstlineno + 1
    assert "call 'deep' of flow 'order' failed after 1 try in session" in caplog.text
    assert f"Declined at {__file__}:{line}" in caplog.text


@pytest.mark.parametrize(
    ("function", "undo", "words"),
    [
        (lambda: None, None, "its function does not take these arguments: too many positional arguments"),
        (lambda item, other: None, None, "missing a required argument: 'other'"),
        (lambda item: None, lambda: None, "its undo does not take one argument, the result: too many positional arguments"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_before_anything_runs(
    function: Any, undo: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the line of the flow, and not when somebody goes back one day."""
    await Person(Runtime(), ordering(function, key="x", undo=undo)).talk("a")
    assert words in caplog.text
    assert f"flow 'order' at {__file__}:" in caplog.text


def test_retries_wait_twice_as_long_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tries have the same idempotency key; the pauses grow, up to half a minute."""
    at: list[float] = []

    async def fail() -> None:
        at.append(asyncio.get_running_loop().time())
        raise Declined(str(len(at)))

    clerk = Clerk(*[fail] * 10)
    shown = hurried(Person(Runtime(), ordering(clerk.book, retries=8)).talk("a"), monkeypatch)
    assert shown == "Declined: 9.\na is None. More?"
    assert [round(later - earlier, 3) for earlier, later in pairwise(at)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert len(set(clerk.keys)) == 1


async def test_very_many_retries_are_only_that() -> None:
    """However often a call is tried again, the pause can be reckoned."""
    clerk = Clerk(*[Declined("no")] * 1_100, "done")
    assert await Person(Runtime(), ordering(clerk.book, retries=1_200, backoff=0.0)).talk("a") == "a is 'done'. More?"


@pytest.mark.parametrize("final", [False, True], ids=["retry", "fail"])
async def test_a_failure_that_nobody_catches_is_tried_again(final: bool) -> None:
    """The next message tries again what failed, and nothing that was done; what must not run twice stays failed."""
    clerk, other = Clerk(Declined("no"), "booked"), Clerk()

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(other.book, item, key="find")
        booked = yield from Call(clerk.book, item, on_crash="fail" if final else "retry")
        yield from Prompt("more", f"{item} is {number} {booked!r}. More?")

    person = Person(Runtime(), order)
    assert await person.talk("a") == SORRY
    # The answer led to a call that is done, so it stays, and what is typed now is for nothing.
    assert await person.type("b") == (SORRY if final else "a is 1 'booked'. More?")
    assert (len(other.asked), len(clerk.asked)) == (1, 1 if final else 2)
    assert len(set(clerk.keys)) == 1


async def test_a_failure_that_is_caught_stays_though_the_flow_raises_later() -> None:
    """What the flow knows of is not tried again when something else goes wrong after it."""
    first, second, third = Clerk(), Clerk(Declined("no")), Clerk(Declined("neither"), "third")

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield from Call(first.book, item, key="first")
        try:
            yield from Call(second.book, item, key="second")
        except CallFailed:
            yield Say("No second.")
        number = yield from Call(third.book, item, key="third")
        yield from Prompt("more", f"{item} is {number!r}. More?")

    person = Person(Runtime(), order)
    assert await person.talk("a") == SORRY
    assert await person.type("b") == "No second.\na is 'third'. More?"
    assert [len(each.asked) for each in (first, second, third)] == [1, 1, 2]


async def test_a_turn_whose_only_call_failed_is_taken_back() -> None:
    """Where nothing was done, the answer is not taken either, and the person gives it, or another one, again."""
    clerk = Clerk(Declined("no"))
    person = Person(Runtime(), rash(clerk.book))
    assert await person.talk("a") == SORRY
    assert await person.dial() == "Item?"
    assert await person.type("b") == "b is 2. More?"
    assert clerk.asked == ["a", "b"]
    assert len(set(clerk.keys)) == 2


async def test_an_answer_that_led_to_a_call_stays_though_the_flow_raises_after_it() -> None:
    """The next message goes on behind the call, whatever it says, once the flow is whole again."""
    clerk = Clerk()
    broken = True

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(clerk.book, item)
        if broken:
            raise RuntimeError("no stock")
        yield from Prompt("more", f"{item} is {number}. More?")

    person = Person(Runtime(), order)
    assert await person.talk("a") == SORRY
    assert await person.type("b") == SORRY
    broken = False
    assert await person.type("c") == "a is 1. More?"
    assert clerk.asked == ["a"]


async def test_a_page_is_not_turned_in_the_middle_of_a_turn() -> None:
    """A page key, typed after an apology, is for nothing like any other text, where a call is done already."""
    clerk = Clerk()
    broken = True

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "word " * 60)
        number = yield from Call(clerk.book, item)
        if broken:
            raise RuntimeError("no stock")
        yield from Prompt("more", f"{item} is {number}. More?")

    person = Person(Runtime(), order)
    assert await person.talk("a") == SORRY
    broken = False
    assert await person.type("#") == "a is 1. More?"


# Keys


async def test_only_who_asks_for_a_key_is_given_one() -> None:
    """A function gets the idempotency key where it has such a parameter that nothing was given for."""
    given: list[Any] = []

    def asks(item: str, idempotency_key: str = "none") -> str:
        given.append(idempotency_key)
        return item

    def takes_anything(item: str, **others: Any) -> str:
        given.append(others)
        return item

    person = Person(Runtime(), ordering(asks))
    await person.talk("a")
    await Person(Runtime(), ordering(takes_anything)).talk("a")
    await Person(Runtime(), ordering(partial(asks, idempotency_key="mine"))).talk("a")

    @flow
    def positional() -> Steps[None]:
        yield Say((yield from Call(asks, "a", "mine")))

    assert await Person(Runtime(), positional).dial() == "a"
    assert len(given[0]) == 32
    assert given[1:] == [{}, "mine", "mine"]


def keyed(clerk: Clerk) -> Flow[..., Any]:
    """Make a flow that books items without end, and goes back where it is told to."""

    @flow
    def booking() -> Steps[None]:
        count = 0
        while True:
            item = yield from Prompt("item", f"{count}|")
            if item == "back":
                yield from Back()
            if item == "again":
                yield from Become(booking)
            count = yield from Call(clerk.book, item)

    return booking


TALKS: dict[str, tuple[list[str], int]] = {
    "two rounds": (["a", "a"], 2),
    "after going back": (["a", "back", "a"], 2),
    "after becoming itself": (["a", "again", "a", "again", "a"], 3),
    "another answer": (["a", "b"], 2),
}


@pytest.mark.parametrize(("texts", "keys"), TALKS.values(), ids=TALKS)
async def test_every_call_of_a_conversation_has_a_key_of_its_own(texts: list[str], keys: int) -> None:
    """No two calls share a key, though function and arguments are the same."""
    clerk = Clerk()
    await Person(Runtime(), keyed(clerk)).talk(*texts)
    assert len(clerk.keys) == len(set(clerk.keys)) == keys


async def test_no_two_conversations_share_a_key() -> None:
    """Another person, another session, and the same session once more, have other keys for the same answers."""
    clerk = Clerk()

    @flow
    def once() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield Say(str((yield from Call(clerk.book, item))))

    runtime = Runtime()
    person = Person(runtime, once)
    await person.talk("a")
    await person.talk("a")
    await Person(runtime, once).talk("a")
    await Person(runtime, once, msisdn="+233200000001").talk("a")
    assert len(set(clerk.keys)) == 4


async def test_calls_in_a_row_and_alike_are_told_apart() -> None:
    """The same function, called twice with the same arguments, runs twice, with two keys."""
    clerk = Clerk()

    @flow
    def twice() -> Steps[None]:
        one = yield from Call(clerk.book, "a")
        two = yield from Call(clerk.book, "a")
        yield from Prompt("more", f"{one} {two}")

    person = Person(Runtime(), twice)
    assert await person.dial() == "1 2"
    assert await person.dial() == "1 2"
    assert len(set(clerk.keys)) == 2


# What is saved when


async def test_a_call_costs_two_saves() -> None:
    """A turn without calls is one load and one save; each call adds two of each, and not one more."""
    store = Faulty()
    clerk = Clerk()

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        for _ in range(2):
            yield from Call(clerk.book, item)
        yield from Prompt("more", "More?")

    person = Person(Runtime(store=store), order)
    assert await person.dial() == "Item?"
    assert store.calls == ["load", "create"]
    store.calls.clear()
    assert await person.type("a") == "More?"
    assert store.calls == ["load", "save"] + 2 * ["load", "save", "load", "save"]
    store.calls.clear()
    await person.dial()
    assert store.calls == ["load", "save"]


async def test_the_intent_is_saved_before_and_the_result_after() -> None:
    """While a function runs, the session says so; when it has run, its result is there before the flow goes on."""
    store = Faulty()
    seen: list[Any] = []

    async def look(item: str, idempotency_key: str) -> str:
        held = await store.inner.load(f"order:ussd:test:{person.session}")
        assert held is not None
        opened = msgspec.json.decode(held.value)["flows"]["order"]["open"]
        assert opened["intent"][:3] == ["look", "call", idempotency_key]
        seen.append([entry[1] for entry in opened["journal"]])
        return "done"

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield from Call(look, item)
        seen.append(msgspec.json.decode(store.wanted)["flows"]["order"]["open"]["journal"][-1][-1])
        yield from Prompt("more", "More?")

    person = Person(Runtime(store=store), order)
    assert await person.talk("a") == "More?"
    assert seen == [["item"], "done"]


SAVES = ["intent", "result", "reply"]


@pytest.mark.parametrize("on_crash", ["retry", "fail"])
@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("place", range(3), ids=SAVES)
async def test_a_save_in_doubt_is_settled(place: int, arrives: bool, on_crash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the saves seems to fail once, the function runs once and the person reads the reply."""
    monkeypatch.setattr("flowdsl.errands._BEFORE_NEXT", 0)
    store, clerk = Faulty(), Clerk()
    person = Person(Runtime(store=store), ordering(clerk.book, on_crash=on_crash))
    await person.dial()
    (store.after_write if arrives else store.before_write).extend([*[passing] * place, lose])
    assert await person.type("a", "m1") == "a is 1. More?"
    assert await person.type("a", "m1") == "a is 1. More?"
    assert await person.dial() == "a is 1. More?"
    assert clerk.asked == ["a"]


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize(("place", "runs"), [(0, 1), (1, 2), (2, 1)], ids=SAVES)
def test_a_store_that_goes_down_in_a_turn_with_a_call(
    place: int, runs: int, arrives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same message, delivered again when the store is back, gets through; only what is not known to be done runs again."""
    store, clerk = Faulty(), Clerk()
    person = Person(Runtime(store=store), ordering(clerk.book))

    async def talk() -> None:
        await person.dial()
        down = [lose] * 30

        def fall() -> None:
            store.before_load.extend(down)
            lose()

        (store.after_write if arrives else store.before_write).extend([*[passing] * place, fall])
        with pytest.raises(StoreUnavailable):
            await person.type("a", "m1")
        store.before_load.clear()
        assert await person.type("a", "m1") == f"a is {runs if not (arrives and place == 1) else 1}. More?"
        assert await person.dial() == await person.type("a", "m1")

    hurried(talk(), monkeypatch)
    assert clerk.asked == ["a"] * (runs if not (arrives and place == 1) else 1)
    assert len(set(clerk.keys)) == 1


# Processes


def stopped(clerk: Clerk) -> tuple[Callable[..., Any], asyncio.Event, asyncio.Event]:
    """Give a function that waits in the middle of its work, and what tells and ends that."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def book(item: str, idempotency_key: str) -> Any:
        outcome = clerk._next(item, idempotency_key)
        begun.set()
        if len(clerk.asked) == 1:
            await gate.wait()
        return outcome

    return book, begun, gate


@pytest.mark.parametrize("message_id", [None, "m1"], ids=["without ids", "with ids"])
async def test_two_processes_answer_one_message_with_one_call(message_id: str | None) -> None:
    """While one of them makes the call the other waits, and both give the same reply."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)
    person, same_person = in_two_processes(store, ordering(book))
    await person.dial()
    first = asyncio.create_task(person.type("a", message_id))
    await begun.wait()
    store.calls.clear()
    other = asyncio.create_task(same_person.type("a", message_id))
    while len(store.calls) < 3:
        await pause()
    assert not other.done()
    gate.set()
    assert [*await asyncio.gather(first, other)] == ["a is 1. More?"] * 2
    assert clerk.asked == ["a"]


async def test_another_message_waits_for_the_call_in_another_process() -> None:
    """What is typed meanwhile is an answer to the question that comes after the call, not to the one before it."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(book, item)
        size = yield from Prompt("size", f"{item} is {number}. Size?")
        yield from Prompt("more", f"{size}. More?")

    person, same_person = in_two_processes(store, order)
    await person.dial()
    first = asyncio.create_task(person.type("a"))
    await begun.wait()
    other = asyncio.create_task(same_person.type("b"))
    store.calls.clear()
    while len(store.calls) < 3:
        await pause()
    gate.set()
    assert [*await asyncio.gather(first, other)] == ["a is 1. Size?", "b. More?"]


@pytest.mark.parametrize("on_crash", ["retry", "fail"])
def test_a_message_that_waited_long_is_not_taken_for_dead(on_crash: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that it spent behind others of its session in one process is not taken from the lease of its own call."""
    store, clerk = Faulty(), Clerk(*[partial(asyncio.sleep, 40, "late")] * 2)

    @flow
    def order() -> Steps[None]:
        yield from Prompt("item", "Item?")
        yield from Call(clerk.book, "item", timeout=None)
        yield from Prompt("size", "Size?")
        yield from Call(clerk.book, "size", timeout=None, on_crash=on_crash)
        yield from Prompt("more", "More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> list[str]:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        await person.dial()
        first = asyncio.create_task(person.type("a", "m1"))
        await asyncio.sleep(1)
        second = asyncio.create_task(person.type("b", "m2"))
        await asyncio.sleep(40)
        again = asyncio.create_task(same_person.type("b", "m2"))
        return [*await asyncio.gather(first, second, again)]

    assert hurried(talk(), monkeypatch) == ["Size?", "More?", "More?"]
    assert clerk.asked == ["item", "size"]


@pytest.mark.parametrize("how", ["again", "with an id", "something else", "dials"])
def test_a_process_that_died_in_a_call_is_followed_by_another(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its lease has run out the call is made again with the same key; the answer is kept, and what is typed is none."""
    store, clerk = Faulty(), Clerk()
    book, begun, _ = stopped(clerk)
    person, same_person = in_two_processes(store, ordering(book, retries=3, backoff=0))

    async def talk() -> str:
        loop = asyncio.get_running_loop()
        person.runtime._clock = same_person.runtime._clock = loop.time
        await person.dial()
        first = asyncio.create_task(person.type("a", "m1" if how == "with an id" else None))
        await begun.wait()
        first.cancel()
        died = loop.time()
        if how == "dials":
            shown = await same_person.dial()
        else:
            shown = await same_person.type("b" if how == "something else" else "a", "m1" if how == "with an id" else None)
        assert 14 < loop.time() - died < 16
        return shown

    assert hurried(talk(), monkeypatch) == "a is 2. More?"
    assert clerk.asked == ["a", "a"]
    assert len(set(clerk.keys)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["first", "after another"])
@pytest.mark.parametrize("caught", [True, False], ids=["caught", "uncaught"])
def test_what_must_not_run_twice_is_given_up(caught: bool, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that a process died in is a failure that says so, now and ever after, and its function does not run again."""
    store, clerk, other = Faulty(), Clerk(), Clerk()
    book, begun, _ = stopped(clerk)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        if after:
            yield from Call(other.book, item, key="find")
        try:
            yield from Call(book, item, on_crash="fail")
        except CallFailed as error:
            if not caught:
                raise
            yield Say(f"{error.name}.")
        yield from Prompt("more", "More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> list[str]:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await begun.wait()
        first.cancel()
        return [await same_person.type("a", "m1"), await same_person.dial(), await person.type("a", "m2")]

    shown = hurried(talk(), monkeypatch)
    if caught:
        assert shown[:2] == ["Interrupted.\nMore?"] * 2
    else:
        assert shown == [SORRY] * 3
    assert (len(clerk.asked), len(other.asked)) == (1, int(after))


def test_a_long_call_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a call takes, nobody else makes it; a renewal that fails is made up for by the next one."""
    store, clerk = Faulty(), Clerk(partial(asyncio.sleep, 100, "late"))
    person, same_person = in_two_processes(store, ordering(clerk.book, timeout=None))

    async def talk() -> list[str]:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await asyncio.sleep(20)
        other = asyncio.create_task(same_person.type("a"))
        await asyncio.sleep(20)
        store.before_write.append(lose)
        return [*await asyncio.gather(first, other)]

    assert hurried(talk(), monkeypatch) == ["a is 'late'. More?"] * 2
    assert clerk.asked == ["a"]


@pytest.mark.parametrize(("ahead", "runs"), [(-3600.0, 1), (-5.0, 1), (5.0, 1), (3600.0, 2)])
def test_clocks_may_differ_by_less_than_a_lease(ahead: float, runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose clock is behind waits for the other; one that is ahead by more than the lease takes it for dead."""
    store, clerk = Faulty(), Clerk(*[partial(asyncio.sleep, 20, "late")] * 2)
    person, same_person = in_two_processes(store, ordering(clerk.book))

    async def talk() -> list[str]:
        loop = asyncio.get_running_loop()
        person.runtime._clock = loop.time
        same_person.runtime._clock = lambda: loop.time() + ahead
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await asyncio.sleep(1)
        other = asyncio.create_task(same_person.type("a"))
        return [*await asyncio.gather(first, other)]

    assert hurried(talk(), monkeypatch) == ["a is 'late'. More?"] * 2
    assert len(clerk.asked) == runs
    assert len(set(clerk.keys)) == 1


@pytest.mark.parametrize("more", [False, True], ids=["one call", "two calls"])
@pytest.mark.parametrize("text", ["a", "b"])
def test_a_process_that_wakes_up_late_counts_for_nothing(text: str, more: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process that was taken for dead answered is not answered once more when it goes on after all."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(book, item)
        if more:
            yield from Call(clerk.book, item)
        size = yield from Prompt("size", f"{item} is {number}. Size?")
        yield from Prompt("more", f"{size}. More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        person.runtime._clock = loop.time
        same_person.runtime._clock = lambda: loop.time() + 100  # so the first one's lease has run out
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await begun.wait()
        assert await same_person.type(text) == "a is 2. Size?"
        await asyncio.sleep(20)  # long enough for it to renew what is no longer its own
        gate.set()
        await first
        assert await person.dial() == "a is 2. Size?"

    hurried(talk(), monkeypatch)


@pytest.mark.parametrize("message_id", [None, "m1"], ids=["without ids", "with ids"])
async def test_a_duplicate_while_a_call_runs_waits_for_it(message_id: str | None) -> None:
    """In one process, too, a repeated message makes no second call, and gets the same reply."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)
    person = Person(Runtime(store=store), ordering(book))
    await person.dial()
    messages = [asyncio.create_task(person.type("a", message_id)) for _ in range(3)]
    await begun.wait()
    gate.set()
    assert await asyncio.gather(*messages) == ["a is 1. More?"] * 3
    assert clerk.asked == ["a"]


@pytest.mark.parametrize("fails", ["is cancelled", "cannot save"])
@pytest.mark.parametrize("final", [False, True], ids=["retry", "fail"])
def test_a_retry_in_the_same_process_knows_that_the_call_has_begun(
    final: bool, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first of two equal messages ends in the middle of a call, the second does what on_crash says."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)
    person = Person(Runtime(store=store), ordering(book, on_crash="fail" if final else "retry"))

    async def talk() -> str:
        await person.dial()
        first, second = (asyncio.create_task(person.type("a")) for _ in range(2))
        await begun.wait()
        if fails == "is cancelled":
            first.cancel()
        else:
            store.before_load.extend([lose] * 5)
            gate.set()
        failed, shown = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(failed, asyncio.CancelledError | StoreUnavailable)
        assert isinstance(shown, str)
        return shown

    shown = hurried(talk(), monkeypatch)
    assert shown.endswith("a is None. More?" if final else "a is 2. More?")
    assert shown.startswith("Interrupted" if final else "a")
    assert len(clerk.asked) == (1 if final else 2)
    assert len(set(clerk.keys)) == 1


# Slow work

HOLDING = "This takes a moment. Please reply with any key to see the result."


def hasty(person: Person, **fields: Any) -> Callable[..., Any]:
    """Send for a person who waits five seconds."""

    async def send(text: str, message_id: str | None = None, **more: Any) -> Reply:
        inbound = person.message(text, message_id=message_id, **more)
        return await person.runtime.handle(person.flow, inbound, screen=person.screen, sessions=person.sessions, deadline=5)

    return send


def ending(function: Callable[..., Any]) -> Flow[..., Any]:
    """Make a flow that asks for an item, has it booked, and ends."""

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield Say(f"{item} is {(yield from Call(function, item))}.")

    return order


@pytest.mark.parametrize("platform", ["ussd", "chat"])
@pytest.mark.parametrize("message_id", [None, "m"], ids=["without ids", "with ids"])
@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "ends"])
def test_who_cannot_wait_sees_the_result_at_the_next_message(
    platform: str, message_id: str | None, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the deadline the person is asked to wait; the work goes on, and what they type next is for nothing."""
    clerk = Clerk(partial(asyncio.sleep, 8, "late"))
    made = ending(clerk.book) if ends else ordering(clerk.book)
    runtime = Runtime()
    person = Person(runtime, made, platform=platform, screen=Screen() if platform == "ussd" else None)
    send = hasty(person)

    async def talk() -> None:
        await person.dial()
        began = asyncio.get_running_loop().time()
        assert await send("a", message_id and "m1") == Reply(HOLDING, held=True)
        assert asyncio.get_running_loop().time() - began == pytest.approx(5, abs=0.1)
        shown = await send("x", message_id and "m2")
        assert asyncio.get_running_loop().time() - began == pytest.approx(8, abs=0.1)
        assert shown == (Reply("a is late.", end=True) if ends else Reply("a is 'late'. More?", key="more"))
        # What follows is as if nothing had been late.
        after = await send("b", message_id and "m3")
        assert after.text == ("Item?" if ends and platform == "chat" else "" if not ends else after.text)
        assert len(runtime._lanes) == 0
        await runtime.settle()

    hurried(talk(), monkeypatch)
    assert clerk.asked[0] == "a"


async def test_a_call_needs_no_more_room_than_its_result() -> None:
    """A conversation that fits its limits goes on through a call, though the turn is written down beside it."""
    clerk = Clerk()

    @flow
    def long() -> Steps[None]:
        for _ in range(16):
            yield from Prompt("item", "Item?")
        yield Call(clerk.book, "all")
        yield from Prompt("more", "More?")

    person = Person(Runtime(limits=Limits(bytes=4_000)), long)
    assert await person.talk(*["x" * 150] * 16) == "More?"


@pytest.mark.parametrize("message_id", [None, "m"], ids=["without ids", "with ids"])
def test_a_late_reply_of_any_length_is_shown(message_id: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that its session has room for once is not lost because it waits to be shown."""
    clerk = Clerk(partial(asyncio.sleep, 8, "late"))

    @flow
    def order() -> Steps[None]:
        yield from Prompt("item", "Item?")
        yield Call(clerk.book, "item")
        yield from Prompt("more", "word " * 200)

    person = Person(Runtime(limits=Limits(bytes=1_700)), order, platform="chat", screen=None)
    send = hasty(person)

    async def talk() -> list[str]:
        await person.dial()
        await send("a", message_id and "m1")
        await asyncio.sleep(10)
        return [(await send("x", message_id and "m2")).text, (await send("y", message_id and "m3")).text]

    assert hurried(talk(), monkeypatch) == ["word " * 200, ""]


def test_a_clock_that_is_set_back_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that nobody renews is taken up after the time of its lease, whatever time it says that it has."""
    store, clerk = Faulty(), Clerk()
    person, same_person = in_two_processes(store, ordering(clerk.book))

    def set_clocks(ahead: float) -> None:
        loop = asyncio.get_running_loop()
        person.runtime._clock = same_person.runtime._clock = lambda: loop.time() + ahead

    async def talk() -> tuple[str, float]:
        set_clocks(ahead=86_400)
        await person.dial()
        clerk.outcomes.append(partial(asyncio.sleep, 10**9))
        dying = asyncio.create_task(person.type("a", "m1"))
        await asyncio.sleep(1)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        set_clocks(ahead=0)
        began = asyncio.get_running_loop().time()
        return await same_person.type("a", "m1"), asyncio.get_running_loop().time() - began

    shown, waited = hurried(talk(), monkeypatch)
    assert shown == "a is 2. More?"
    assert waited < 20
    assert len(set(clerk.keys)) == 1


@pytest.mark.parametrize("dials", [False, True], ids=["types", "dials"])
def test_a_late_flow_that_raises_says_so_at_the_next_message(dials: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The apology for what went wrong after the person was asked to wait is not lost, and the conversation goes on."""
    clerk = Clerk(partial(asyncio.sleep, 8, "late"))
    broken = True

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(clerk.book, item)
        if broken:
            raise RuntimeError("no stock")
        yield from Prompt("more", f"{item} is {number}. More?")

    person = Person(Runtime(), order)
    send = hasty(person)

    async def talk() -> None:
        nonlocal broken
        await person.dial()
        assert await send("a") == Reply(HOLDING, held=True)
        await asyncio.sleep(10)
        broken = False
        assert (await send("", new=dials)).text == SORRY
        assert (await send("c")).text == "a is late. More?"

    hurried(talk(), monkeypatch)
    assert clerk.asked == ["a"]


def test_a_late_reply_is_given_to_the_message_that_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that comes again after the person was asked to wait gets its result, which is then no longer owed."""
    clerk = Clerk(partial(asyncio.sleep, 8, "late"), "soon")
    person = Person(Runtime(), keyed(clerk))
    send = hasty(person)

    async def talk() -> None:
        await person.dial()
        assert await send("a", "m1") == Reply(HOLDING, held=True)
        assert await send("a", "m1") == Reply("late|", key="item")
        assert await send("a", "m1") == Reply("late|", key="item")
        assert await send("b", "m2") == Reply("soon|", key="item")
        assert await send("a", "m1") == Reply("late|", key="item")

    hurried(talk(), monkeypatch)
    assert clerk.asked == ["a", "b"]


def test_a_late_reply_is_not_taken_for_that_of_an_older_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of before, delivered again, gets its own reply, and the result is still owed to the next one."""
    clerk = Clerk("soon", partial(asyncio.sleep, 8, "late"))

    @flow
    def order() -> Steps[None]:
        while True:
            item = yield from Prompt("item", "Item?")
            yield Say(f"{item} is {(yield from Call(clerk.book, item))}.")

    person = Person(Runtime(), order)
    send = hasty(person)

    async def talk() -> None:
        await person.dial()
        assert await send("a", "m1") == Reply("a is soon.\nItem?", key="item")
        assert await send("b", "m2") == Reply(HOLDING, held=True)
        await asyncio.sleep(10)
        assert await send("a", "m1") == Reply("a is soon.\nItem?", key="item")
        assert await send("x", "m3") == Reply("b is late.\nItem?", key="item")

    hurried(talk(), monkeypatch)


def test_a_second_message_on_ussd_is_asked_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first one's call runs, in this process or another, the next one is told to wait, and answers nothing."""
    store, clerk = Faulty(), Clerk(partial(asyncio.sleep, 28, "late"))
    people = in_two_processes(store, ordering(clerk.book))
    sends = [hasty(person) for person in people]

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        for person in people:
            person.runtime._clock = loop.time
        await people[0].dial()
        first = asyncio.create_task(sends[0]("a"))
        await asyncio.sleep(1)
        for send in sends:
            for text in ("a", "b"):
                began = loop.time()
                assert await send(text) == Reply(HOLDING, held=True)
                assert loop.time() - began <= 5.01
        assert await first == Reply(HOLDING, held=True)
        await asyncio.sleep(30)
        assert await sends[1]("c") == Reply("a is 'late'. More?", key="more")
        assert [len(person.runtime._lanes) for person in people] == [0, 0]

    hurried(talk(), monkeypatch)
    assert clerk.asked == ["a"]


@pytest.mark.parametrize("here", [True, False], ids=["this process", "another one"])
def test_a_second_message_in_a_chat_waits_for_the_first(here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message to a chat is not lost: it waits however long the call before it takes, and sees the result that is owed."""
    store, clerk = Faulty(), Clerk(partial(asyncio.sleep, 28, "late"))
    people = in_two_processes(store, ordering(clerk.book))
    for person in people:
        person.platform, person.screen = "chat", None

    async def talk() -> None:
        for person in people:
            person.runtime._clock = asyncio.get_running_loop().time
        await people[0].dial()
        assert await hasty(people[0])("a", "m1") == Reply(HOLDING, held=True)
        store.calls.clear()
        assert await hasty(people[0 if here else 1])("b", "m2") == Reply("a is 'late'. More?", key="more")
        # Nobody asks the store for what this process itself is doing.
        assert (store.calls.count("load") > 10) is not here

    hurried(talk(), monkeypatch)


def test_closing_waits_for_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A runtime that is closed lets the work that goes on finish, for as long as it has patience."""
    store, clerk = Faulty(), Clerk(partial(asyncio.sleep, 12, "late"), partial(asyncio.sleep, 29))
    runtime = Runtime(store=store)
    people = [Person(runtime, ordering(clerk.book)) for _ in range(2)]

    async def talk() -> None:
        for person in people:
            await person.dial()
            assert await hasty(person)("a") == Reply(HOLDING, held=True)
        await runtime.close()
        assert not [task for task in asyncio.all_tasks() if "Exchange" in repr(task)]  # they would use a closed store
        other = Person(Runtime(store=store), people[0].flow)
        other.session = people[0].session
        assert await other.type("x") == "a is 'late'. More?"
        for _ in range(5):
            await pause()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    hurried(talk(), monkeypatch)


def test_words_for_waiting_are_the_services_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person reads may be given, in their language, and is cut to the screen."""
    clerk = Clerk(*[partial(asyncio.sleep, 8, "late")] * 2)
    for screen, words in ((None, "Wait. " * 60), (Screen(), ("Wait. " * 60)[:140])):
        person = Person(Runtime(deadline=5, holding="Wait. " * 60), ordering(clerk.book), screen=screen)
        shown = hurried(person.talk("a"), monkeypatch)
        assert words.startswith(shown)
        assert len(shown) > 100


# Around other steps


async def test_calls_within_other_flows_and_after_them() -> None:
    """A call runs once within a sub-flow, and in a flow that was handed over to, and its key is that flow's own."""
    clerk = Clerk()

    @flow
    def inner() -> Steps[Any]:
        item = yield from Prompt("item", "Inner item?")
        number = yield from Call(clerk.book, item)
        size = yield from Prompt("size", f"{number}. Size?")
        return [number, (yield from Call(clerk.book, size))]

    @flow
    def last(*, numbers: list[int]) -> Steps[None]:
        number = yield from Call(clerk.book, "last")
        item = yield from Prompt("item", f"{numbers} {number}. Item?")
        yield Say(f"{item} {(yield from Call(clerk.book, item))}")

    @flow
    def outer() -> Steps[None]:
        numbers = yield from Run(inner)
        numbers = [*numbers, (yield from Call(clerk.book, "outer"))]
        if (yield from Prompt.confirm("sure", f"{numbers}. Sure?")):
            yield from Become(last, numbers=numbers)

    person = Person(Runtime(), outer)
    assert await person.talk("a") == "1. Size?"
    assert await person.dial() == "1. Size?"
    assert (await person.type("b")).startswith("[1, 2, 3]. Sure?")
    assert (await person.dial()).startswith("[1, 2, 3]. Sure?")
    assert await person.type("1") == "[1, 2, 3] 4. Item?"
    assert await person.dial() == "[1, 2, 3] 4. Item?"
    assert await person.type("c") == "c 5"
    assert clerk.asked == ["a", "b", "outer", "last", "c"]
    assert len(set(clerk.keys)) == 5


async def test_a_loop_of_calls_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    """A flow that calls without end and never asks is an apology, and is given up in the end."""
    clerk = Clerk()

    @flow
    def endless() -> Steps[None]:
        while True:
            yield from Call(clerk.book, "a")

    person = Person(Runtime(limits=Limits(calls=7), park_after=2), endless)
    assert await person.dial() == SORRY
    assert len(clerk.asked) == 7
    assert f"flow 'endless' at {endless.where}: it made 7 calls in one turn" in caplog.text
    assert await person.dial() == SORRY
    assert await person.dial() == "Sorry, this service is not available to you now. We are looking into it."
    assert len(clerk.asked) == 7


async def test_the_limit_of_calls_is_that_of_one_turn() -> None:
    """However many calls a conversation makes, each turn may make as many as allowed."""
    clerk = Clerk()
    person = Person(Runtime(limits=Limits(calls=1)), keyed(clerk))
    assert await person.talk("a", "b", "c") == "3|"


async def test_going_back_takes_calls_back() -> None:
    """Calls after the question that the person goes back to are undone, the last one first, once, and made again after it."""
    clerk, undone = Clerk(), Clerk()

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        one = yield from Call(clerk.book, item, undo=undone.book)
        two = yield from Call(clerk.book, item, undo=undone.note, key="two")
        yield from Prompt("sure", f"{item} is {one}, {two}. Sure?", back=True)

    person = Person(Runtime(), order)
    assert (await person.talk("a")).startswith("a is 1, 2. Sure?")
    assert (await person.type("0")).startswith("Item?")
    assert clerk.asked == ["a", "a"]
    assert undone.asked == [2, 1]
    assert (await person.type("b")).startswith("b is 3, 4. Sure?")
    assert clerk.asked == ["a", "a", "b", "b"]
    assert undone.asked == [2, 1]
    assert len({*clerk.keys, *undone.keys}) == 6


def test_what_is_taken_back_is_so_once_over_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies while it takes a call back is followed by another, with the same key, and the person is back."""
    store, clerk, undone = Faulty(), Clerk(), Clerk()
    undo, begun, _ = stopped(undone)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        one = yield from Call(clerk.book, item, undo=undo)
        yield from Prompt("sure", f"{item} is {one}. Sure?", back=True)
        raise RuntimeError("nobody is sure here")

    person, same_person = in_two_processes(store, order)

    async def talk() -> None:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        await person.talk("a")
        first = asyncio.create_task(person.type("0"))
        await begun.wait()
        first.cancel()
        assert await same_person.type("1") == "Item?"
        assert (await same_person.type("b")).startswith("b is 2. Sure?")

    hurried(talk(), monkeypatch)
    assert undone.asked == [1, 1]
    assert len(set(undone.keys)) == 1
    assert clerk.asked == ["a", "b"]


async def test_an_undo_may_return_anything() -> None:
    """What a function gives that takes a call back is used for nothing, so it need not be storable."""
    failed: list[Event] = []

    @call_failed.connect
    def hear(sender: Flow[..., Any], *, event: CallEvent) -> None:
        failed.append(event)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield from Call(lifted, item, undo=lambda _: Opaque())
        yield from Prompt("sure", "Sure?", back=True)

    try:
        runtime = Runtime()
        person = Person(runtime, order)
        assert await person.talk("a", "0") == "Item?"
        await runtime.settle()
        assert failed == []
    finally:
        call_failed.disconnect(hear)


async def test_a_turn_that_went_back_is_taken_back_as_a_whole() -> None:
    """A call that fails after the person went back leaves them where they were before they did, on the same page."""
    clerk = Clerk("first", Declined("no"), "second")

    @flow
    def inner() -> Steps[str]:
        found = yield from Call(clerk.book, "a")
        return (yield from Prompt("size", f"{found}. Size?"))

    @flow
    def order() -> Steps[None]:
        yield from Run(inner)
        town = yield from Prompt("town", "word " * 60, back="b")
        yield from Prompt("more", f"{town}. More?", back="b")

    person = Person(Runtime(), order)
    page = await person.talk("small")
    assert (await person.type("Accra")).startswith("Accra. More?")
    assert await person.type("b") == page
    assert await person.type("b") == SORRY
    assert await person.type("#") != page
    assert await person.type("0") == page
    assert await person.type("b") == "second. Size?"
    assert clerk.keys[0] != clerk.keys[1] == clerk.keys[2]
    assert (await person.type("large")) == page
    assert (await person.type("Tema")).startswith("Tema. More?")


def test_a_late_process_that_was_overtaken_owes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process has shown the result meanwhile, what the person types after it is an answer."""
    store, clerk = Faulty(), Clerk()
    book, _, gate = stopped(clerk)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(book, item)
        size = yield from Prompt("size", f"{item} is {number}. Size?")
        yield from Prompt("more", f"{size}. More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        person.runtime._clock = loop.time
        same_person.runtime._clock = lambda: loop.time() + 100
        await person.dial()
        assert await hasty(person)("a", "m1") == Reply(HOLDING, held=True)
        assert await same_person.type("a", "m1") == "a is 2. Size?"
        gate.set()
        await person.runtime.settle()
        assert await same_person.type("large", "m2") == "large. More?"

    hurried(talk(), monkeypatch)


# What is told


class Heard:
    """What was told of calls and sessions, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []

    def of(self, name: str) -> list[Any]:
        """Give the events of one kind."""
        return [event for told, event in self.events if told == name]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Listen to everything."""
    heard = Heard()
    with ExitStack() as stack:
        for name, signal in signals.namespace.items():

            def receive(sender: Flow[..., Any], *, event: Any, name: str = name) -> None:
                heard.events.append((name, event))

            stack.enter_context(signal.connected_to(receive))
        yield heard


async def test_calls_are_told(heard: Heard) -> None:
    """Each call is told once, when its result is saved, with how often it was tried and what it raised; no replay tells it."""
    clerk = Clerk(Declined("no"), "one", Declined("no"), Declined("no"))
    runtime = Runtime()

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        yield from Call(clerk.book, item, retries=1, backoff=0)
        try:
            yield from Call(clerk.book, item, retries=1, backoff=0, key="other")
        except CallFailed:
            yield from Prompt("more", "More?")

    person = Person(runtime, order)
    await person.talk("a")
    await person.dial()
    await runtime.settle()
    (finished,), (failed,) = heard.of("call.finished"), heard.of("call.failed")
    assert (finished.key, finished.tries, finished.error) == ("book", 2, "")
    assert (failed.key, failed.tries, failed.error) == ("other", 2, "Declined")
    assert finished.session_id == failed.session_id == f"order:ussd:test:{person.session}"
    assert finished.seconds >= 0


async def test_a_turn_with_calls_is_told_like_any_other(heard: Heard) -> None:
    """Calls change nothing in what is told of sessions, flows and questions, however often the record is read."""
    clerk = Clerk()

    @flow
    def order() -> Steps[int]:
        yield from Call(clerk.book, "first")
        item = yield from Prompt("item", "Item?")
        yield from Call(clerk.book, item)
        yield Say("Done.")
        return 1

    runtime = Runtime()
    await Person(runtime, order).talk("a")
    await runtime.settle()
    told = [name for name, _ in heard.events]
    assert told == [
        "message.received",
        "session.cache.miss",
        "call.finished",
        "session.created",
        "flow.started",
        "prompt.shown",
        "message.received",
        "session.cache.hit",
        "call.finished",
        "prompt.answered",
        "flow.finished",
        "session.destroyed",
    ]
    assert heard.of("flow.finished")[0].result == 1


async def test_a_turn_that_another_process_ends_is_told_once(heard: Heard) -> None:
    """Whoever waits for another process tells that its message was a duplicate, and nothing twice."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)
    person, same_person = in_two_processes(store, ordering(book))
    await person.dial()
    await person.runtime.settle()
    heard.events.clear()
    first = asyncio.create_task(person.type("a", "m1"))
    await begun.wait()
    store.calls.clear()
    other = asyncio.create_task(same_person.type("a", "m1"))
    while len(store.calls) < 3:
        await pause()
    gate.set()
    await asyncio.gather(first, other)
    for each in (person, same_person):
        await each.runtime.settle()
    assert sorted(name for name, _ in heard.events) == [
        "call.finished",
        "message.duplicate",
        *["message.received"] * 2,
        "prompt.answered",
        "prompt.shown",
        *["session.cache.hit"] * 2,
    ]


async def test_a_record_without_room_is_an_apology() -> None:
    """Where the intent, the result, or the note of a failure does not fit, nothing runs twice and nothing breaks."""
    seen = set()
    for size in range(150, 800, 5):
        clerk = Clerk(*["r" * 150] * 3)
        person = Person(Runtime(limits=Limits(bytes=size)), rash(clerk.book), screen=None, platform="chat")
        shown = [await person.type(text) for text in ("Hi", "a" * 30, "b", "c")]
        assert set(shown) <= {SORRY, "Item?", f"{'a' * 30} is {'r' * 150!r}. More?", ""}
        assert len(clerk.asked) <= 1
        seen.add((shown.count(SORRY), len(clerk.asked)))
    assert seen == {(4, 0), (3, 0), (3, 1), (0, 1)}


# What is left of a turn that was not finished


async def test_another_call_at_the_same_place_has_another_key() -> None:
    """Where a deploy puts another call in the place of one that failed, their keys differ."""
    clerk = Clerk(Declined("no"))
    key = "old"

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        number = yield from Call(clerk.book, item, key=key)
        yield from Prompt("more", f"{item} is {number}. More?")

    person = Person(Runtime(), order)
    assert await person.talk("a") == SORRY
    key = "new"
    assert await person.type("a") == "a is 2. More?"
    assert len(set(clerk.keys)) == 2


def test_a_late_result_is_not_taken_for_that_of_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was taken for dead brings its result while the next call runs elsewhere, and it is used for nothing."""
    store, clerk, next_one = Faulty(), Clerk(), Clerk("next")
    (book, begun, gate), (then, then_begun, then_gate) = stopped(clerk), stopped(next_one)

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        one = yield from Call(book, item)
        two = yield from Call(then, item, key="then")
        yield from Prompt("more", f"{one} {two}. More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        person.runtime._clock = loop.time
        same_person.runtime._clock = lambda: loop.time() + 100
        await person.dial()
        first = asyncio.create_task(person.type("a", "m1"))
        await begun.wait()
        second = asyncio.create_task(same_person.type("a", "m1"))
        await then_begun.wait()
        gate.set()
        await asyncio.sleep(1)
        then_gate.set()
        assert [*await asyncio.gather(first, second)] == ["2 next. More?"] * 2

    hurried(talk(), monkeypatch)
    assert (len(clerk.asked), len(next_one.asked)) == (2, 1)


@pytest.mark.parametrize("text", ["a", "b"])
def test_who_has_been_asked_nothing_yet_answers_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process dies in a call before the first question; what the person types then is not the answer to that."""
    store, clerk = Faulty(), Clerk()
    book, begun, _ = stopped(clerk)

    @flow
    def order() -> Steps[None]:
        number = yield from Call(book, "first")
        item = yield from Prompt("item", f"{number}. Item?")
        yield from Prompt("more", f"{item}. More?")

    person, same_person = in_two_processes(store, order)

    async def talk() -> None:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        first = asyncio.create_task(person.dial())
        await begun.wait()
        first.cancel()
        assert await same_person.type(text) == "2. Item?"
        assert await same_person.type("c") == "c. More?"

    hurried(talk(), monkeypatch)
    assert len(set(clerk.keys)) == 1


def test_a_process_that_dies_after_going_back_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person typed to go back is done with, and calls made again after that have keys of their own."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)

    @flow
    def inner() -> Steps[str]:
        number = yield from Call(book, "a")
        return (yield from Prompt("size", f"{number}. Size?"))

    @flow
    def order() -> Steps[None]:
        yield from Run(inner)
        town = yield from Prompt("town", "Town?")
        yield from Prompt("more", f"{town}. More?")

    people = [Person(Runtime(store=store, navigation=Navigation(start="00")), order) for _ in range(2)]
    person, same_person = people
    same_person.session = person.session

    async def there_and_back(way: Person, shown: str) -> None:
        assert (await way.type("large")).startswith("Town?")
        assert (await way.type("Accra")).startswith("Accra. More?")
        assert await way.type("00") == shown

    async def talk() -> None:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        gate.set()
        assert await person.dial() == "1. Size?"
        await there_and_back(person, "2. Size?")
        await person.type("large")
        await person.type("Accra")
        begun.clear()
        clerk.asked.clear()
        gate.clear()
        first = asyncio.create_task(person.type("00"))
        await begun.wait()
        first.cancel()
        assert await same_person.type("Tema") == "2. Size?"
        await there_and_back(same_person, "3. Size?")

    hurried(talk(), monkeypatch)
    assert clerk.keys[2] == clerk.keys[3]
    assert len(set(clerk.keys)) == len(clerk.keys) - 1 == 4


async def test_going_back_takes_back_only_what_came_after() -> None:
    """A call before the question that the person goes back to stays as it is."""
    clerk, undone = Clerk(), Clerk()

    @flow
    def order() -> Steps[None]:
        item = yield from Prompt("item", "Item?")
        one = yield from Call(clerk.book, item, undo=undone.book)
        size = yield from Prompt("size", f"{one}. Size?")
        two = yield from Call(clerk.book, size, undo=undone.book)
        yield from Prompt("sure", f"{two}. Sure?", back=True)

    person = Person(Runtime(), order)
    assert (await person.talk("a", "b")).startswith("2. Sure?")
    assert await person.type("0") == "1. Size?"
    assert undone.asked == [2]
    assert (await person.type("c")).startswith("3. Sure?")
    assert clerk.asked == ["a", "b", "c"]


async def test_who_dials_into_an_unfinished_turn_is_not_asked_whether_to_go_on() -> None:
    """The menu for those who dial again comes only where they wait for nothing."""
    clerk = Clerk()
    broken = True

    @flow
    def order() -> Steps[None]:
        yield from Prompt("name", "Name?")
        item = yield from Prompt("item", "Item?")
        number = yield from Call(clerk.book, item)
        if broken:
            raise RuntimeError("no stock")
        yield from Prompt("more", f"{item} is {number}. More?")

    person = Person(Runtime(resume=Resume()), order)
    assert await person.talk("Ama", "a") == SORRY
    broken = False
    assert await person.dial() == "a is 1. More?"
    assert "More?" not in await person.dial()


async def test_a_conversation_whose_first_call_fails_has_not_begun(heard: Heard) -> None:
    """Who dials again after that begins it, and it is told so."""
    clerk = Clerk(Declined("no"))

    @flow
    def order() -> Steps[None]:
        number = yield from Call(clerk.book, "first")
        yield from Prompt("item", f"{number}. Item?")

    person = Person(Runtime(), order)
    assert (await person.send(person.message("", new=True))) == Reply(SORRY, end=True)
    assert heard.of("session.created") == []
    assert await person.dial() == "2. Item?"
    await person.runtime.settle()
    assert [len(heard.of(name)) for name in ("session.created", "flow.started", "session.resumed")] == [1, 1, 0]


def test_what_is_done_late_is_told(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signals of a turn for which nobody could wait come when it is done."""
    clerk = Clerk(partial(asyncio.sleep, 8, "late"))
    person = Person(Runtime(), ordering(clerk.book))

    async def talk() -> list[str]:
        await person.dial()
        await hasty(person)("a")
        for _ in range(3):
            await pause()  # until what was told at once is heard
        heard.events.clear()
        await asyncio.sleep(10)
        await person.runtime.settle()
        return [name for name, _ in heard.events]

    assert hurried(talk(), monkeypatch) == ["call.finished", "prompt.answered", "prompt.shown"]


async def test_somebody_else_in_the_same_session_is_told_nothing_of_a_call() -> None:
    """Where a gateway gives two people one session id while a call runs, neither sees or answers what is the other's."""
    store, clerk = Faulty(), Clerk()
    book, begun, gate = stopped(clerk)
    person, other = in_two_processes(store, ordering(book))
    other.msisdn = "+233200000001"
    await person.dial()
    first = asyncio.create_task(person.type("a"))
    await begun.wait()
    assert await other.type("b") == "Item?"
    gate.set()
    assert await first == "Item?"
    assert clerk.asked == ["a"]


def test_a_clock_that_is_set_back_keeps_nobody_waiting_who_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each message can wait for a few seconds only, the silence of a dead process is counted over all of them."""
    store, clerk = Faulty(), Clerk()
    person, same_person = in_two_processes(store, ordering(clerk.book, timeout=None), deadline=4)

    async def talk() -> list[str]:
        loop = asyncio.get_running_loop()
        person.runtime._clock = same_person.runtime._clock = lambda: loop.time() + 86_400
        await person.dial()
        clerk.outcomes.append(partial(asyncio.sleep, 10**9))
        dying = asyncio.create_task(person.type("a"))
        await asyncio.sleep(1)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        same_person.runtime._clock = loop.time
        shown: list[str] = []
        while "a is 2. More?" not in shown and len(shown) < 6:
            shown.append(await same_person.type("a"))
            await asyncio.sleep(2)
        return shown

    assert hurried(talk(), monkeypatch)[-1] == "a is 2. More?"
    assert len(set(clerk.keys)) == 1


def test_a_clock_that_is_set_forward_takes_no_call_from_who_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes a call renews by the clock as it is now, so that it is not taken for dead."""
    store, clerk, ahead = Faulty(), Clerk(*[partial(asyncio.sleep, 60, "late")] * 2), 0.0
    person, same_person = in_two_processes(store, ordering(clerk.book, timeout=None))

    async def talk() -> list[str]:
        nonlocal ahead
        loop = asyncio.get_running_loop()
        person.runtime._clock = same_person.runtime._clock = lambda: loop.time() + ahead
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await asyncio.sleep(20)
        ahead = 30.0
        await asyncio.sleep(10)
        return [*await asyncio.gather(first, same_person.type("a"))]

    assert hurried(talk(), monkeypatch) == ["a is 'late'. More?"] * 2
    assert clerk.asked == ["a"]


def test_two_renewals_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails twice, and takes its time for that, does not let a call be taken for dead."""
    store, clerk = Faulty(), Clerk(*[partial(asyncio.sleep, 60, "late")] * 2)
    person, same_person = in_two_processes(store, ordering(clerk.book, timeout=None))

    async def lose_slowly() -> None:
        await asyncio.sleep(0.1)
        lose()

    async def talk() -> None:
        person.runtime._clock = same_person.runtime._clock = asyncio.get_running_loop().time
        await person.dial()
        first = asyncio.create_task(person.type("a"))
        await asyncio.sleep(1)
        store.before_write.extend([lose_slowly] * 2)
        await asyncio.gather(first, same_person.type("a"))

    hurried(talk(), monkeypatch)
    assert clerk.asked == ["a"]
