"""Going back: by a key, by a step, past what can be taken back, and never past what cannot."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl import (
    Back,
    Become,
    Call,
    Chat,
    Checkpoint,
    Choice,
    ConfigurationError,
    Navigation,
    Prompt,
    Run,
    Runtime,
    Say,
    Screen,
    Steps,
    answers,
    flow,
)
from flowdsl.signals import flow_failed
from flowdsl.source import defined_at
from tests.people import Faulty, Person

KEYS = Navigation(back="0", start="00", keep="9")


class Plan(Enum):
    """What can be bought."""

    DAY = "Daily"
    WEEK = "Weekly"


@dataclass
class Seat:
    """What can be booked."""

    number: str


@flow
def signup(chat: Chat) -> Steps[None]:
    """Ask for three things and count the questions."""
    name = yield from Prompt("name", "Name?")
    yield Say(f"Hello, {name}.")
    plan = yield from Prompt("plan", "Plan?", choices=Plan)
    chat.session.set("plan", plan.name)
    age = yield from Prompt("age", "Age?", transform=int)
    yield Say(f"{name} {plan.name} {age}")
    yield Prompt("end", "End?")


def person(flow: Any = signup, navigation: Navigation | None = KEYS, **settings: Any) -> Person:
    """Give somebody who can go back."""
    return Person(Runtime(navigation=navigation), flow, **settings)


async def test_the_key_leads_to_the_question_before() -> None:
    """It is offered where there is one, and answers that come after it are gone."""
    ama = person()
    assert await ama.dial() == "Name?"
    assert await ama.type("Ama") == "Hello, Ama.\nPlan?\n1. Daily\n2. Weekly\n0 Back\n00 Start again"
    assert await ama.type("1") == "Age?\n0 Back\n00 Start again"
    assert await ama.type("0") == "Hello, Ama.\nPlan?\n1. Daily\n2. Weekly\n9 Keep: Daily\n0 Back\n00 Start again"
    assert await ama.type("2") == "Age?\n0 Back\n00 Start again"
    assert await ama.type("30") == "Ama WEEK 30\nEnd?\n0 Back\n00 Start again"


async def test_the_start_key_leads_to_the_first_question() -> None:
    """From anywhere; the old answer to it can be kept."""
    ama = person()
    await ama.talk("Ama", "1", "30")
    assert await ama.type("00") == "Name?\n9 Keep: Ama"
    assert await ama.type("9") == "Hello, Ama.\nPlan?\n1. Daily\n2. Weekly\n0 Back\n00 Start again"


async def test_on_the_first_question_the_key_is_an_answer() -> None:
    """Where there is nothing to go back to, it is not offered and has no meaning."""
    ama = person()
    await ama.dial()
    assert (await ama.type("0")).startswith("Hello, 0.")


async def test_the_old_answer_is_kept_as_it_was() -> None:
    """It is neither validated nor transformed again, and only offered for the question that it answered."""
    ama = person()
    await ama.talk("Ama", "1", "30", "0")
    assert await ama.dial() == "Age?\n9 Keep: 30\n0 Back\n00 Start again"
    assert await ama.type("x") == "Please enter a whole number.\nAge?\n9 Keep: 30\n0 Back\n00 Start again"
    assert (await ama.type("9")).startswith("Ama DAY 30")
    assert (await ama.type("0")) == "Age?\n9 Keep: 30\n0 Back\n00 Start again"


async def test_in_chats_the_ways_are_buttons() -> None:
    """The same keys, as choices beside the question's own."""
    ama = person(screen=None, platform="chat")
    await ama.type("Hi")
    reply = await ama.send(ama.message("Ama"))
    assert reply.choices == (Choice("1", "Daily"), Choice("2", "Weekly"), Choice("0", "Back"), Choice("00", "Start again"))
    assert (await ama.send(ama.message("0"))).choices == (Choice("9", "Keep: Ama"),)


async def test_a_choice_comes_before_a_key() -> None:
    """A question that has the key among its choices gets it as an answer, and does not offer the way."""

    @flow
    def numbers() -> Steps[None]:
        yield from Prompt("first", "First?")
        got = yield from Prompt("second", "Second?", choices=["0", "00", "9"])
        yield Say(f"Got {got}.")
        yield from Prompt("third", "Third?")

    ama = person(numbers)
    assert await ama.talk("a") == "Second?\n1. 0\n2. 00\n3. 9"
    assert (await ama.type("0")).startswith("Got 0.")


async def test_the_keys_of_pages_come_first_on_later_pages() -> None:
    """``0`` shows the page before, and on the first page leads to the question before; it is offered once on each."""

    @flow
    def long() -> Steps[None]:
        yield from Prompt("first", "First?")
        yield from Prompt("second", "word " * 20, choices=["one", "two"])

    ama = person(long, Navigation(back="0", start="00"), screen=Screen(septets=60))
    first = await ama.talk("a")
    assert first == "word " * 8 + "word\n0 Back  # Next"
    second = await ama.type("#")
    third = await ama.type("#")
    assert second.endswith("\n0 Back  # Next")
    assert third.endswith("1. one\n2. two\n00 Start again\n0 Back")
    assert await ama.type("0") == second
    assert await ama.type("0") == first
    assert await ama.type("0") == "First?"


async def test_keys_of_pages_and_of_the_way_back_may_differ() -> None:
    """Then each has its line."""

    @flow
    def long() -> Steps[None]:
        yield from Prompt("first", "First?")
        yield from Prompt("second", "word " * 20)

    ama = person(long, Navigation(back="*"), screen=Screen(septets=60))
    await ama.talk("a", "#")
    assert (await ama.type("#")).endswith("* Back\n0 Back")
    assert await ama.type("*") == "First?"


@pytest.mark.parametrize(
    ("back", "offered"),
    [(None, "B?\n0 Back"), (True, "B?\n0 Back"), ("#", "B?\n# Back"), (False, "B?")],
)
async def test_a_question_may_have_its_own_key_or_none(back: Any, offered: str) -> None:
    """``Prompt(back=…)`` wins over the setting for all."""

    @flow
    def two() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from Prompt("b", "B?", back=back)

    ama = person(two, Navigation(back="0"))
    assert await ama.talk("x") == offered
    key = offered.partition("\n")[2].partition(" ")[0]
    assert await ama.type(key or "0") == ("A?" if key else "")


async def test_a_yes_or_no_takes_what_any_question_does() -> None:
    """The way back, and words of its own for what is neither."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("a", "A?")
        sure = yield from Prompt.confirm("sure", "Sure?", invalid="Yes or no?", back="#", attempts=2, too_many="Enough.")
        yield Say(f"{sure}.")

    ama = person(asking, None)
    assert await ama.talk("x") == "Sure?\n1. Yes\n2. No\n# Back"
    assert await ama.type("perhaps") == "Yes or no?\nSure?\n1. Yes\n2. No\n# Back"
    assert await ama.type("perhaps") == "Enough."


async def test_a_question_may_offer_the_way_alone() -> None:
    """Without a setting for all, ``back=True`` offers ``0``."""

    @flow
    def two() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from Prompt("b", "B?", back=True)

    ama = person(two, None)
    assert await ama.talk("x") == "B?\n0 Back"
    assert await ama.type("0") == "A?"


async def test_the_step_leads_to_the_question_before_the_last() -> None:
    """A menu may have a choice for it."""

    @flow
    def menu() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        choice = yield from Prompt("menu", f"{name}: what?", choices=["go on", "back"])
        if choice == "back":
            yield from Back()
        yield Say("Done.")

    ama = person(menu, None)
    assert await ama.talk("Ama", "back") == "Name?"
    assert (await ama.type("Kofi")).startswith("Kofi: what?")
    assert await ama.type("1") == "Done."


async def test_the_step_asks_the_only_question_again() -> None:
    """Where nothing was asked before it."""

    @flow
    def only() -> Steps[None]:
        if (yield from Prompt("sure", "Sure?", choices=["yes", "no"])) == "no":
            yield Back()
        yield Say("Done.")

    ama = person(only, None)
    first = await ama.dial()
    assert await ama.type("no") == first
    assert await ama.type("no") == first
    assert await ama.type("yes") == "Done."


async def test_the_step_with_nothing_to_go_back_to_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """It does not loop, and says what must come before it."""

    @flow
    def nothing() -> Steps[None]:
        yield Say("Hello.")
        yield Back()
        yield Prompt("a", "A?")

    assert (await person(nothing, None).dial()).startswith("Sorry")
    assert "nothing was asked that it could go back to" in caplog.text


def _barred(bar: Any) -> Any:
    @flow
    def conversation() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from bar()
        yield from Prompt("b", "B?")
        if (yield from Prompt("c", "C?")) == "back":
            yield Back()
        yield Say("Done.")

    return conversation


def _checkpoint() -> Steps[None]:
    yield Checkpoint()


def _irreversible() -> Steps[None]:
    yield Call(int, key="irreversible", irreversible=True)


@flow
def _within() -> Steps[None]:
    yield from Prompt("w", "W?")
    yield Checkpoint()


def _run() -> Steps[None]:
    yield Run(_within)


@pytest.mark.parametrize("bar", [_checkpoint, _irreversible], ids=["checkpoint", "irreversible"])
async def test_nobody_goes_back_past_a_line(bar: Any) -> None:
    """Neither by a key nor by a step, nor to the start."""
    ama = person(_barred(bar))
    assert await ama.talk("1") == "B?"
    assert await ama.type("2") == "C?\n0 Back\n00 Start again"
    assert await ama.type("00") == "B?\n9 Keep: 2"
    assert await ama.type("2") == "C?\n0 Back\n00 Start again"
    assert await ama.type("back") == "B?\n9 Keep: 2"
    assert (await ama.type("0")) == "C?\n0 Back\n00 Start again"


async def test_a_line_within_another_flow_holds_when_that_is_collapsed() -> None:
    """What is left of a sub-flow remembers that nobody goes back past it."""
    ama = person(_barred(_run))
    assert await ama.talk("1", "2") == "B?"
    assert await ama.type("3") == "C?\n0 Back\n00 Start again"
    assert await ama.type("0") == "B?\n9 Keep: 3"
    assert await ama.type("0") == "C?\n0 Back\n00 Start again"


async def test_a_hand_over_is_a_line() -> None:
    """What a flow has become has nothing before it."""

    @flow
    def after() -> Steps[None]:
        yield from Prompt("b", "B?")
        yield from Prompt("c", "C?")

    @flow
    def before() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield Become(after)

    ama = person(before)
    assert await ama.talk("1") == "B?"
    assert await ama.type("0") == "C?\n0 Back\n00 Start again"


async def test_back_leads_into_a_flow_that_is_done() -> None:
    """To its last question while that is in the journal, and to its first one when only its result is left."""

    @flow
    def inner() -> Steps[str]:
        first = yield from Prompt("first", "First?")
        second = yield from Prompt("second", "Second?")
        return first + second

    @flow
    def outer() -> Steps[None]:
        yield from Prompt("a", "A?")
        got = yield from Run(inner)
        yield from Prompt("b", f"{got} B?", back=True)
        yield from Prompt("c", f"{got} C?", back=True)

    ama = person(outer, None)
    assert await ama.talk("1", "x", "y") == "xy B?\n0 Back"
    assert await ama.type("0") == "Second?"
    assert await ama.type("z") == "xz B?\n0 Back"
    assert await ama.type("2") == "xz C?\n0 Back"
    assert await ama.type("0") == "xz B?\n0 Back"
    assert await ama.type("0") == "First?"


def _around(inner: Any) -> Any:
    @flow
    def outer() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield Say("Now to it.")
        got = yield from Run(inner)
        yield from Prompt("b", f"{got} B?")
        yield from Prompt("c", f"{got} C?")

    return outer


async def test_what_was_said_before_a_flow_that_asked_does_not_come_back() -> None:
    """It was read when that asked its first question."""

    @flow
    def inner() -> Steps[str]:
        return (yield from Prompt("first", "First?"))

    ama = person(_around(inner), Navigation(back="0"))
    assert await ama.talk("1") == "Now to it.\nFirst?\n0 Back"
    assert await ama.type("x") == "x B?\n0 Back"
    assert await ama.type("2") == "x C?\n0 Back"
    assert await ama.type("0") == "x B?\n0 Back"
    assert await ama.type("3") == "x C?\n0 Back"


@pytest.mark.parametrize("deep", [False, True])
async def test_back_leads_past_a_flow_that_asked_nothing(deep: bool) -> None:
    """There is no question in it to go back to; what it called is not called again, and what it said before is read again."""
    made: list[str] = []

    @flow
    def calling() -> Steps[str]:
        yield from Call(made.append, "x", key="look", thread=False)
        return "x"

    @flow
    def around() -> Steps[str]:
        return (yield from Run(calling))

    ama = person(_around(around if deep else calling), Navigation(back="0"))
    assert await ama.talk("1") == "Now to it.\nx B?\n0 Back"
    assert await ama.type("2") == "x C?\n0 Back"
    assert await ama.type("0") == "Now to it.\nx B?\n0 Back"
    assert made == ["x"]
    assert await ama.type("0") == "A?"
    assert await ama.type("2") == "Now to it.\nx B?\n0 Back"
    assert made == ["x", "x"]


async def test_nothing_leads_back_into_a_flow_that_only_says() -> None:
    """Where it is all that came before, there is no way back."""

    @flow
    def inner() -> Steps[str]:
        yield Say("Hello!")
        return "x"

    @flow
    def outer() -> Steps[None]:
        got = yield from Run(inner)
        yield from Prompt("b", f"{got} B?")
        yield from Prompt("c", f"{got} C?")

    ama = person(outer, Navigation(back="0"))
    assert await ama.talk("1") == "x C?\n0 Back"
    assert await ama.type("0") == "x B?"


@pytest.mark.parametrize("calls", [False, True])
async def test_only_the_question_gone_back_to_keeps_its_old_answer(calls: bool) -> None:
    """The next one may have the same key, and was never answered."""

    @flow
    def party() -> Steps[None]:
        guest = yield from Prompt("guest", "Guest?")
        if calls:
            yield Call(len, guest, thread=False)
        other = yield from Prompt("guest", f"Beside {guest}?")
        yield from Prompt("sure", f"{guest} and {other}?")

    ama = person(party, Navigation(back="0", keep="9"))
    assert await ama.talk("Ama", "0") == "Guest?\n9 Keep: Ama"
    assert await ama.type("Kofi") == "Beside Kofi?\n0 Back"
    assert await ama.type("9") == "Kofi and 9?\n0 Back"


@pytest.mark.parametrize(
    ("key", "navigation", "shown"),
    [
        ("00", Navigation(back="0", start="00"), "B?\n00 Back"),
        ("9", Navigation(back="0", start="00", keep="9"), "B?\n9 Back\n00 Start again"),
        ("#", Navigation(back="0", start="00"), "B?\n# Back\n00 Start again"),
    ],
)
async def test_a_key_of_a_question_goes_before_those_that_hold_everywhere(key: str, navigation: Navigation, shown: str) -> None:
    """One key is offered for one thing."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from Prompt("b", "B?", back=key)
        yield from Prompt("c", "C?", back=False)

    ama = person(asking, navigation)
    assert await ama.talk("1") == shown
    await ama.type("2")
    assert (await ama.type(key)) != shown or key == "00"
    ama = person(asking, navigation)
    await ama.talk("1")
    assert (await ama.type(key)).startswith("A?")


class Bookings:
    """Books and cancels, and remembers both."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.failing = False

    def book(self, what: str, idempotency_key: str) -> str:
        """Book something."""
        self.log.append(("book", what, idempotency_key))
        return what.upper()

    def cancel(self, what: str, idempotency_key: str) -> None:
        """Take it back."""
        self.log.append(("cancel", what, idempotency_key))
        if self.failing:
            raise OSError("down")

    @property
    def short(self) -> list[str]:
        """What happened, in short."""
        return [f"{what} {which}" for what, which, _ in self.log]


def booking(bookings: Bookings) -> Any:
    """Make a flow that books two things."""

    @flow
    def journey() -> Steps[None]:
        city = yield from Prompt("city", "City?")
        room = yield from Call(bookings.book, city, undo=bookings.cancel, key="room", thread=False)
        yield from Prompt("date", f"{room}: date?")
        seat = yield from Call(bookings.book, "seat", undo=bookings.cancel, key="seat", thread=False)
        yield from Prompt("end", f"{room} {seat}: end?")
        yield Say("Done.")

    return journey


async def test_calls_are_undone_the_last_one_first() -> None:
    """Each with its result and a key of its own; made again they have other keys."""
    bookings = Bookings()
    ama = person(booking(bookings))
    await ama.talk("accra", "monday")
    assert await ama.type("00") == "City?\n9 Keep: accra"
    assert bookings.short == ["book accra", "book seat", "cancel SEAT", "cancel ACCRA"]
    await ama.type("accra")
    await ama.type("monday")
    assert bookings.short[4:] == ["book accra", "book seat"]
    tokens = [token for *_, token in bookings.log]
    assert len(set(tokens)) == len(tokens)


async def test_only_what_comes_after_the_question_is_undone() -> None:
    """A call before it stays, and is not made again."""
    bookings = Bookings()
    ama = person(booking(bookings))
    await ama.talk("accra", "monday", "0")
    assert bookings.short == ["book accra", "book seat", "cancel SEAT"]
    assert (await ama.type("tuesday")).startswith("ACCRA SEAT")
    assert bookings.short[3:] == ["book seat"]


async def test_an_undo_that_fails_is_tried_again_with_the_same_key() -> None:
    """The person reads an apology; what is undone already is not undone again, and they arrive in the end."""
    bookings = Bookings()
    ama = person(booking(bookings))
    await ama.talk("accra", "monday")
    bookings.failing = True
    assert (await ama.type("00")).startswith("Sorry")
    bookings.failing = False
    assert await ama.dial() == "City?\n9 Keep: accra"
    cancelled = [entry for entry in bookings.log if entry[0] == "cancel"]
    assert [what for _, what, _ in cancelled] == ["SEAT", "SEAT", "ACCRA"]
    assert cancelled[0] == cancelled[1]


async def test_a_failing_undo_is_told_with_its_own_place() -> None:
    """No line of the flow runs meanwhile, so it is that of the function that takes back."""
    places: list[str] = []

    def refuse(booking: str) -> None:
        raise ValueError(booking)

    def listen(sender: Any, *, event: Any) -> None:
        places.append(event.where)

    @flow
    def booked() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from Call(str, 1, undo=refuse, thread=False)
        yield from Prompt("b", "B?")

    ama = person(booked)
    with flow_failed.connected_to(listen, sender=booked):
        await ama.talk("x", "0")
        await ama.runtime.settle()
    assert places == [defined_at(refuse)]


async def test_going_back_costs_one_save_and_two_for_each_undo() -> None:
    """As calls do."""
    bookings, store = Bookings(), Faulty()
    ama = Person(Runtime(store=store, navigation=KEYS), booking(bookings))
    await ama.talk("accra", "monday")
    store.calls.clear()
    await ama.type("00")
    assert store.calls.count("save") == 5
    store.calls.clear()
    await ama.type("accra")
    await ama.type("0")
    assert store.calls.count("save") == 3 + 3


async def test_a_call_without_undo_is_made_again() -> None:
    """Going back forgets what it gave."""
    made: list[str] = []

    @flow
    def looking() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield Call(made.append, name, key="look", thread=False)
        yield from Prompt("end", "End?")

    ama = person(looking)
    await ama.talk("Ama", "0", "Kofi")
    assert made == ["Ama", "Kofi"]


async def test_session_data_goes_back_too() -> None:
    """What was set by an answer that is taken back was never set."""
    store = Faulty()
    ama = Person(Runtime(store=store, navigation=KEYS), signup)
    await ama.talk("Ama", "2")
    assert '"data":{"plan":"WEEK"}' in store.wanted
    await ama.type("0")
    assert '"data"' not in store.wanted


async def test_going_back_gives_no_new_attempts() -> None:
    """Otherwise a PIN could be tried for ever; what is answered rightly counts from nothing again."""

    @flow
    def limited() -> Steps[None]:
        yield from Prompt("a", "A?", choices=["x"], attempts=3, too_many="Too many.")
        yield from Prompt("b", "B?", choices=["x"], attempts=3, too_many="Too many.", back="0")
        yield from Prompt("c", "C?", back="0")

    ama = person(limited, None)
    await ama.talk("x", "wrong", "wrong", "0")
    assert await ama.dial() == "A?\n1. x"
    assert (await ama.type("wrong")).startswith("Please choose")
    assert (await ama.type("x")).startswith("B?")
    assert await ama.type("wrong") == "Too many."
    await ama.talk("x", "wrong", "wrong", "x", "0", "wrong")
    assert (await ama.type("wrong")).startswith("Please choose")
    assert await ama.type("wrong") == "Too many."


async def test_a_secret_is_never_offered_again() -> None:
    """The old answer to a secret question is not shown."""

    @flow
    def guarded() -> Steps[None]:
        yield from Prompt("pin", "PIN?", secret=True, transform=lambda pin: f"hash of {len(pin)}")
        yield from Prompt("b", "B?")

    ama = person(guarded)
    await ama.talk("1234")
    assert await ama.type("0") == "PIN?"


async def test_what_is_kept_is_written_as_the_parser_writes_it() -> None:
    """A date as it would be typed, not as Python prints it."""

    @flow
    def born() -> Steps[None]:
        yield from Prompt("born", "Born?", transform=answers.day("d/m/y"))
        yield from Prompt("b", "B?")

    ama = person(born)
    await ama.talk("31/12/1990")
    assert await ama.type("0") == "Born?\n9 Keep: 31/12/1990"
    assert await ama.type("9") == "B?\n0 Back\n00 Start again"


async def test_what_is_kept_may_be_of_a_type_that_the_flow_names() -> None:
    """It is written and kept where a function made it, and is not offered where its class has changed since."""

    @flow(types=[Plan])
    def planned() -> Steps[None]:
        plan = yield from Prompt("plan", "Plan?", transform=lambda text: Plan[text])
        yield Prompt("b", f"{plan.value}. B?")

    ama = person(planned)
    await ama.talk("DAY")
    assert await ama.type("0") == "Plan?\n9 Keep: Daily"
    assert await ama.type("9") == "Daily. B?\n0 Back\n00 Start again"

    @flow(name="planned")
    def changed() -> Steps[None]:
        yield Prompt("plan", "Plan?")

    await ama.type("0")
    ama.flow = changed
    assert await ama.dial() == "Plan?"


async def test_a_call_is_taken_back_with_a_type_that_only_its_own_flow_names() -> None:
    """The function gets the result as the flow got it, also where that flow is within another one."""
    undone: list[Seat] = []

    @flow(types=[Seat])
    def seating() -> Steps[None]:
        yield from Call(Seat, "1A", undo=undone.append)
        yield from Prompt("meal", "Meal?")

    @flow
    def journey() -> Steps[None]:
        yield from Prompt("to", "To?")
        yield from Run(seating)

    ama = person(journey)
    await ama.talk("Kumasi")
    assert await ama.type("0") == "To?\n9 Keep: Kumasi"
    assert undone == [Seat("1A")]


@pytest.mark.parametrize("keys", [{"back": "0", "start": "0"}, {"back": ""}, {"back": " 0"}, {"back": 0}, {"back_label": 5}])
def test_keys_that_cannot_be_told_apart_are_refused(keys: Any) -> None:
    """A navigation is looked at when it is made."""
    with pytest.raises(ConfigurationError):
        Navigation(**keys)


def test_a_runtime_takes_a_navigation_only() -> None:
    """A mistake does not wait for the first person."""
    with pytest.raises(ConfigurationError, match="navigation"):
        Runtime(navigation="0")  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["a", "b", "0", "00", "9"]), max_size=25))
async def test_going_back_is_as_if_it_had_never_been_answered(texts: list[str]) -> None:
    """For any sequence of answers and keys, the screen is that of a person who gave only the answers that are left."""

    @flow
    def listing() -> Steps[None]:
        got: list[str] = []
        while True:
            got.append((yield from Prompt("item", f"[{','.join(got)}]", choices=["a", "b"], invalid="?")))

    ama, left = person(listing, Navigation(back="0", start="00")), list[str]()
    await ama.dial()
    for text in texts:
        shown = await ama.type(text)
        if text in ("a", "b"):
            left.append(text)
        elif text == "0":
            left = left[:-1]
        elif text == "00":
            left = []
        assert f"[{','.join(left)}]" in shown
    assert f"[{','.join(left)}]" in await ama.dial()
