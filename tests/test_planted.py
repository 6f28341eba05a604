"""Flows with a fault planted in each, found by one line, and shrunk to a dialogue that a person reads at a glance."""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.stateful import invariant

from flowdsl import Back, Call, CallFailed, Chat, Flow, Navigation, Prompt, Say, Steps, Translations, answers, flow
from flowdsl.linting import findings
from flowdsl.testing import (
    Conversation,
    FlowMachine,
    ReplayDiffers,
    assert_fits,
    conversations,
    either,
    explore,
)

fixed = settings(derandomize=True, database=None, deadline=None, max_examples=500)


def told(test: Callable[[], Any]) -> str:
    """Run a test that must fail, and give all that it says."""
    try:
        test()
    except Exception as error:
        return "\n".join([str(error), *getattr(error, "__notes__", [])])
    pytest.fail("nothing was found")


def has_dialogue(said: str, dialogue: str) -> bool:
    """Tell whether a dialogue is among what a failing test says, wherever it stands in its line."""
    wanted = [line.strip() for line in dedent(dialogue).strip().splitlines()]
    lines = [line.strip() for line in said.splitlines()]
    return any(lines[place : place + len(wanted)] == wanted for place in range(len(lines)))


@flow
def branches() -> Steps[None]:
    """The third menu says the wrong thing for one choice of another menu."""
    size = yield from Prompt("size", "Size?", choices=["Small", "Large"])
    milk = yield from Prompt.confirm("milk", "Milk?")
    spice = yield from Prompt("spice", "Spice?", choices=["None", "Ginger", "Clove"])
    if size == "Large" and not milk and spice == "Ginger":
        spice = "Clove"
    yield Say(f"{size}, {'milk' if milk else 'black'}, {spice}.")


def test_a_wrong_branch_at_the_third_menu() -> None:
    """One property finds the one combination of three menus that goes wrong."""

    @fixed
    @given(conversations(branches, mistakes=0))
    def test(talk: Conversation) -> None:
        talk.see(talk.answers["spice"])

    assert has_dialogue(
        told(test),
        """
        > 2  (Large)
          Milk?
          1. Yes
          2. No
        > 2  (No)
          Spice?
          1. None
          2. Ginger
          3. Clove
        > 2  (Ginger)
          Large, black, Clove.
        · the end
        """,
    )


@flow
def transfer() -> Steps[None]:
    """The largest amount that may be sent is refused."""
    amount = yield from Prompt("amount", "How much, up to 500?", transform=answers.whole(1, 500))
    yield Say("Sent." if amount < 500 else "That is too much.")


def test_an_off_by_one_limit_in_an_amount() -> None:
    """Amounts are drawn at their limits."""

    @fixed
    @given(conversations(transfer))
    def test(talk: Conversation) -> None:
        assert not talk.ended or talk.said == ["Sent."]

    assert has_dialogue(told(test), "> *920*77#\n  How much, up to 500?\n> 500\n  That is too much.\n· the end")


WORDS = Translations.of({"fr": {"Your balance is low. Please pay in.": "Votre solde est faible. Approvisionnez-le."}})


@flow
def low() -> Steps[None]:
    """In French it is one septet longer than the screen."""
    yield Say(WORDS.gettext("Your balance is low. Please pay in."))


def test_a_screen_one_septet_too_long_in_one_language() -> None:
    """Screens are measured in each language."""
    length = len("Votre solde est faible. Approvisionnez-le.")
    said = told(lambda: assert_fits(low, page=length - 1, locales=["en", "fr"]))
    assert f"a screen has {length} of {length - 1} septets in 'fr'" in said
    assert_fits(low, page=length, locales=["en", "fr"])
    assert_fits(low, page=length - 1, locales=["en"])


@flow
def maze() -> Steps[None]:
    """Who says no is asked for ever."""
    if (yield from Prompt.confirm("leave", "Leave?")):
        yield Say("Goodbye.")
        return
    tries = 0
    while (yield from Prompt("where", f"Where to, after {tries} tries?", choices=["Left", "Right"])):
        tries += 1


def test_a_loop_without_an_exit() -> None:
    """A loop whose variables change is not taken for one that has an end."""
    said = told(lambda: explore(maze))
    assert "nobody gets to an end from here" in said
    assert said.count("no end") <= 1
    assert has_dialogue(said, "> *920*77#\n  Leave?\n  1. Yes\n  2. No\n> 2  (No)\n  Where to, after 0 tries?")


@flow
def lottery() -> Steps[None]:
    """Draws a number again at every message."""
    drawn = random.randint(1, 10**9)
    guess = yield from Prompt("guess", "Guess a number!", transform=int)
    yield Say("You won!" if guess == drawn else "You lost.")


def test_a_replayed_random() -> None:
    """What no screen shows is seen in the variables."""
    with pytest.raises(ReplayDiffers, match=r"the variable 'drawn' at .*test_planted.py:\d+ was \d+, and then \d+"):
        Conversation(lottery)
    assert "goes into a Call" in told(lambda: explore(lottery))


@flow
def late() -> Steps[None]:
    """Reads the clock at every message."""
    began = time.perf_counter_ns()
    yield from Prompt("name", "Name?")
    yield Say("Good morning!" if began % 2 else "Good evening!")


def test_a_replayed_clock() -> None:
    """The clock is seen in the variables, too."""
    assert "the variable 'began'" in told(lambda: Conversation(late))


_visitors: Iterator[int] = count(1)


@flow
def visitor() -> Steps[None]:
    """Counts with a counter of the process."""
    yield from Prompt("name", f"You are visitor {next(_visitors)}. Name?")
    yield Say("Welcome.")


def test_a_counter_of_the_process() -> None:
    """What is asked otherwise at the second time is told as it was and as it is."""
    said = told(lambda: Conversation(visitor))
    line = visitor.function.__code__.co_firstlineno + 3
    assert f"test_planted.py:{line}, and then 'You are visitor 2. Name?'" in said
    assert "it asked 'You are visitor 1. Name?' at " in said


@flow
def newsletter() -> Steps[None]:
    """Takes no for no answer."""
    wants = (yield from Prompt.confirm("news", "May we write to you?")) or True
    if wants:
        yield Say("We will write to you.")
    else:
        yield Say("We will not.")


def test_a_lost_no() -> None:
    """A line that nobody comes to is told."""
    missing = explore(newsletter).unvisited
    assert [line.function for line in missing] == ["newsletter"]
    assert missing[0].line == newsletter.function.__code__.co_firstlineno + 7

    @fixed
    @given(conversations(newsletter))
    def test(talk: Conversation) -> None:
        if talk.answers.get("news") is False:
            talk.see("We will not.")

    assert has_dialogue(told(test), "> 2  (No)\n  We will write to you.\n· the end")


@flow
def silent() -> Steps[None]:
    """Says nothing to who does not agree."""
    if (yield from Prompt.confirm("terms", "Do you agree?")):
        yield Say("Thank you.")


def test_an_end_without_a_word() -> None:
    """A path that ends without a word is found, and only that one."""
    said = told(lambda: explore(silent))
    assert "the conversation ends without a word" in said
    assert has_dialogue(said, "> 2  (No)\n· the end")


@flow
def fares() -> Steps[None]:
    """A fare is missing."""
    town = yield from Prompt("town", "Where to?", choices=["Accra", "Kumasi", "Tamale"])
    bags = yield from Prompt("bags", "How many bags?", transform=answers.whole(0, 3))
    yield Say(f"GHS { ({'Accra': 80, 'Kumasi': 60}[town] if bags else 50) }.")


def test_a_choice_that_raises() -> None:
    """The error is told with its line, the dialogue that leads there, and a test to paste."""
    said = told(lambda: explore(fares))
    assert "the flow raises KeyError: 'Tamale'" in said
    assert "talk.choose('Tamale')\n    talk.type('1')" in said
    namespace: dict[str, Any] = {"Conversation": Conversation, "fares": fares}
    exec(said.split("As a test:")[1].strip(), namespace)
    with pytest.raises(KeyError):
        namespace["test_fares"]()


def charge(amount: int) -> str:
    """Take money."""
    raise NotImplementedError("tests do not call it")


@flow
def shop() -> Steps[None]:
    """Pays before it asks, and again after it has asked."""
    amount = yield from Prompt("amount", "How much?", transform=answers.whole(1, 100))
    try:
        receipt = yield from Call(charge, amount)
    except CallFailed as error:
        yield Say(f"Not paid: {error.massage}.")  # type: ignore[attr-defined]
        return
    if (yield from Prompt.confirm("sure", "Sure?")):
        receipt = yield from Call(charge, amount)
    yield Say(f"Paid, {receipt}.")


def test_a_failure_that_is_not_handled_well() -> None:
    """Each thing that a call may come to is a way of its own."""
    said = told(lambda: explore(shop, calls={"charge": either("R1", TimeoutError("no answer"))}))
    assert "AttributeError" in said
    assert "· charge(1) raises TimeoutError('no answer')" in said


def test_a_payment_that_is_made_twice() -> None:
    """The calls of a conversation can be counted."""

    @fixed
    @given(conversations(shop, calls={"charge": "R1"}))
    def test(talk: Conversation) -> None:
        assert len(talk.calls) < 2

    assert has_dialogue(
        told(test),
        """
        > 1
        · charge(1) gives 'R1'
          Sure?
          1. Yes
          2. No
        > 1  (Yes)
        · charge(1) gives 'R1'
          Paid, R1.
        · the end
        """,
    )


@flow
def riddle() -> Steps[None]:
    """Nobody can be 18 and younger than 16."""
    yield from Prompt("age", "Age?", transform=answers.whole(18), validate=lambda text: None if text < "16" else "Too old.")
    yield Say("Welcome.")


def test_a_question_that_nobody_can_answer() -> None:
    """A question that refuses all that was tried is told by its key."""
    said = told(lambda: explore(riddle, answers={"age": ["17", "20", "30"]}))
    assert "the question 'age' refuses all that answers['age'] has" in said


def book(seat: str) -> str:
    """Book a seat."""
    raise NotImplementedError("tests do not call it")


@flow
def journey() -> Steps[None]:
    """Books again after going back, and keeps the first booking."""
    seat = yield from Prompt("seat", "Seat?", choices=["1A", "1B"])
    yield from Call(book, seat)
    if (yield from Prompt("meal", "Meal?", choices=["Yes", "Other seat"])) == "Other seat":
        yield Back()
    yield Say("Have a good journey!")


def test_a_booking_that_is_not_undone() -> None:
    """A machine with one invariant finds what going back forgets."""

    class Seats(FlowMachine.for_flow(journey, calls={"book": "B1"}, navigation=Navigation(back="0"))):  # type: ignore[misc]
        @invariant()
        def nobody_has_two_seats(self) -> None:
            if hasattr(self, "talk"):
                assert len({made.token for made in self.talk.calls}) < 2

    case = Seats.TestCase
    case.settings = settings(fixed, max_examples=100, stateful_step_count=8)
    said = told(case("runTest").runTest)
    assert has_dialogue(said, "> 1  (1A)\n· book('1A') gives 'B1'\n  Meal?")


@flow(name="club")
def club_before() -> Steps[None]:
    """Takes any age."""
    age = yield from Prompt("age", "Age?", transform=answers.whole(0, 120))
    yield from Prompt("name", "Name?")
    yield Say(f"{age}.")


@flow(name="club")
def club_after(chat: Chat) -> Steps[None]:
    """Takes ages from 18 on, and counts on that."""
    age = yield from Prompt("age", "Age?", transform=answers.whole(18, 120))
    name = yield from Prompt("name", "Name?")
    assert age >= 18, "a member is not of age"
    yield Say(f"{name}, {age}.")


def test_a_deploy_that_does_not_bear_old_answers() -> None:
    """Versions of a flow are changed in the middle of its conversations."""
    case = FlowMachine.for_flow(club_before, versions=[club_after]).TestCase
    case.settings = settings(fixed, max_examples=300, stateful_step_count=6)
    said = told(case("runTest").runTest)
    assert "a member is not of age" in said
    assert "talk.redeploy(club_after)" in said


@flow
def plans() -> Steps[None]:
    """Has a row of 25 characters."""
    yield from Prompt("plan", "Plan?", choices=["Daily", "Weekly", "Monthly", "Every other month, GHS 30"])
    yield Say("Thank you.")


def test_a_row_that_whatsapp_would_cut() -> None:
    """In chats choices and texts are measured by the limits of the platform."""
    said = told(lambda: assert_fits(plans, platform="whatsapp"))
    assert "a row has 25 of 24 characters: 'Every other month, GHS 30'" in said


def address() -> Steps[str]:
    """A part of a flow."""
    return (yield from Prompt("street", "Street?"))


@flow
def parcel() -> Steps[None]:
    """Calls a part without `yield from`."""
    where = address()
    yield Say(f"To {where}.")


def test_a_part_that_is_not_delegated_to() -> None:
    """The check of the source tells what no path shows."""
    found = findings(parcel)
    assert [(each.rule, each.line) for each in found] == [("no-yield-from", parcel.function.__code__.co_firstlineno + 3)]


SOUND: list[tuple[Flow[..., Any], dict[str, Any]]] = [
    (branches, {}),
    (transfer, {}),
    (low, {}),
    (fares, {"answers": {"bags": "0"}}),
]


@pytest.mark.parametrize(("sound", "given_to_it"), SOUND, ids=lambda each: getattr(each, "name", ""))
def test_what_is_sound_is_found_sound(sound: Flow[..., Any], given_to_it: dict[str, Any]) -> None:
    """What no default of an exploration forbids is not told."""
    assert not explore(sound, **given_to_it).faults
