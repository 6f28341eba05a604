"""Scripted conversations: a person who dials, types and chooses, on screens and in chats, and what a test sees of it."""

import asyncio
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import flowdsl.testing
from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Chat,
    Checkpoint,
    ConfigurationError,
    Contact,
    Flow,
    Inbound,
    Limits,
    Location,
    Media,
    Navigation,
    Prompt,
    Resume,
    Run,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    TooManyAttempts,
    Translations,
    answers,
    flow,
)
from flowdsl.errors import UnstorableValue
from flowdsl.testing import Conversation, ReplayDiffers, UnexpectedCall, either, explore, in_turn
from flowdsl_adapters import Nalo

DURABLE = SessionConfig().durable()


def never(*_: Any) -> Any:
    """Stand for what is outside of the process."""
    raise NotImplementedError("tests do not call it")


def pay(amount: int, idempotency_key: str) -> str:
    """Take money."""
    return str(never(amount, idempotency_key))


def refund(receipt: str) -> None:
    """Give money back."""
    never(receipt)


class Plan(Enum):
    """Plans that are sold."""

    DAY = "Daily"
    WEEK = "Weekly"


class Declined(Exception):
    """The account does not hold that much."""


def as_name(value: object) -> str:
    """Write a value into the name of a test, the same in every run."""
    return re.sub(r" (object )?at 0x[0-9a-f]+", "", repr(value))


def pasted(talk: Conversation, **names: Any) -> Conversation:
    """Run the test that a conversation is written down as, and give the conversation that it holds."""
    held: list[Conversation] = []

    def keep(*args: Any, **options: Any) -> Conversation:
        held.append(Conversation(*args, **options))
        return held[-1]

    test = talk.dialogue.as_test()
    namespace: dict[str, Any] = {**vars(flowdsl.testing), **globals(), **names, "Conversation": keep}
    exec(test, namespace)
    namespace[test.partition("(")[0].removeprefix("def ")]()
    return held[-1]


@flow
def tea() -> Steps[str]:
    """Ask for a size and for milk."""
    size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    yield Say(f"{size}, fine.")
    milk = yield from Prompt.confirm("milk", "With\nmilk?")
    yield Say(f"One {size.lower()} tea{' with milk' if milk else ''}.")
    return size


@flow
def shop() -> Steps[str]:
    """Ask for an amount, pay it, and let it be changed."""
    amount = yield from Prompt("amount", "How much?", transform=int)
    receipt = yield from Call(pay, amount, undo=refund)
    if (yield from Prompt("sure", "Sure?", choices=["Yes", "Other amount"])) == "Other amount":
        yield Back()
    yield Say(f"Paid: {receipt}.")
    return receipt


@flow
def parcel() -> Steps[dict[str, Any]]:
    """Take what only chats can send."""
    where = yield from Prompt("where", "Where are you?", expects="location")
    picture = yield from Prompt("picture", "A picture?", expects="image")
    whom = yield from Prompt("whom", "For whom?", expects="contact")
    yield Say(f"{whom.name}, near {where.latitude}.")
    return {"where": where, "picture": picture, "whom": whom}


@flow
def long(chat: Chat) -> Steps[str]:
    """Ask what takes several screens, and say something that does."""
    town = yield from Prompt("town", "Town?", choices=[f"Town number {number}" for number in range(1, 21)])
    yield Say(" ".join(f"word{number}" for number in range(40)))
    return town


def test_it_is_dialled_when_it_is_made() -> None:
    """The first screen is there at once, and nothing else has happened."""
    talk = Conversation(tea)
    assert (talk.asked, talk.ended, talk.said, talk.answers, talk.result, talk.calls) == ("size", False, [], {}, None, [])
    assert talk.choices == ["Small", "Large"]
    assert talk.screen == "Which size?\n1. Small\n2. Large"


def test_each_step_gives_the_conversation_itself() -> None:
    """So that a script can be written in one line."""
    talk = Conversation(tea)
    done = talk.type("?").see("Which").miss("milk").choose("Large").wait(1).type("2").dial()
    assert done is talk
    chat = Conversation(tea, platform="whatsapp")
    assert chat.redeliver().redeploy(tea) is chat


def test_a_conversation_to_its_end() -> None:
    """What was asked, answered, said and returned is told."""
    talk = Conversation(tea).choose("Large")
    assert (talk.asked, talk.choices, talk.said) == ("milk", ["Yes", "No"], ["Large, fine."])
    talk.type("no")
    assert talk.ended
    assert (talk.asked, talk.choices) == (None, [])
    assert talk.said == ["Large, fine.", "One large tea."]
    assert talk.answers == {"size": "Large", "milk": False}
    assert talk.result == "Large"


def test_what_is_refused_says_nothing_again() -> None:
    """After a wrong answer what was said before it does not count twice, and nothing is answered."""
    talk = Conversation(tea).choose("Large").type("maybe").type("perhaps")
    assert talk.see("Please choose one of the options.").said == ["Large, fine."]
    assert talk.answers == {"size": "Large"}


@pytest.mark.parametrize(
    ("choices", "choice", "expected"),
    [
        (["Small", "Large"], "Large", "Large"),
        ({"s": "Small", "l": "Large"}, "l", "l"),
        ({"s": "Small", "l": "Large"}, "Large", "l"),
        (Plan, Plan.WEEK, Plan.WEEK),
        (Plan, "Weekly", Plan.WEEK),
        ({True: "Yes", False: "No"}, False, False),
        ({True: "Yes", False: "No"}, "No", False),
        ({0: "None", 2: "Two", 1: "One"}, 1, 1),
        ({0: "None", 2: "Two", 1: "One"}, 0, 0),
        ([1, True, "1"], True, True),
        ([1, True, "1"], "1", "1"),
        ([True, 1], 1, 1),
        ({"2": "Two", "1": "One"}, "2", "2"),
        ({"a": "b", "b": "a"}, "a", "a"),
        ([Decimal("2.50"), Decimal(10)], Decimal(10), Decimal(10)),
    ],
    ids=as_name,
)
@pytest.mark.parametrize("platform", ["ussd", "whatsapp"])
def test_choose_takes_answers_and_labels(platform: str, choices: Any, choice: Any, expected: Any) -> None:
    """By the answer, else by the label; a number, a boolean and a text that look alike are kept apart."""

    @flow
    def ask() -> Steps[Any]:
        chosen = yield from Prompt("choice", "?", choices=choices)
        yield Say(".")
        return chosen

    talk = Conversation(ask, platform=platform).choose(choice)
    assert (talk.result, type(talk.result)) == (expected, type(expected))
    assert (talk.answers["choice"], type(talk.answers["choice"])) == (expected, type(expected))


@pytest.mark.parametrize(
    ("choices", "choice"),
    [
        ({1: "One", 2: "Two"}, True),
        ({True: "Yes", False: "No"}, 1),
        ({1: "One", 2: "Two"}, "1"),
        ({1: "One", 2: "Two"}, 1.0),
        (["Small"], "small"),
        (Plan, "DAY"),
        (["Small"], None),
    ],
    ids=as_name,
)
def test_what_is_not_offered_cannot_be_chosen(choices: Any, choice: Any) -> None:
    """A look-alike is not what is offered; the message tells what is, and has the dialogue."""

    @flow
    def ask() -> Steps[None]:
        yield from Prompt("choice", "Choose!", choices=choices)
        yield Say(".")

    talk = Conversation(ask)
    with pytest.raises(
        AssertionError, match=re.escape(f"{choice!r} cannot be chosen: what is offered is {talk.choices[0]!r}")
    ) as told:
        talk.choose(choice)
    assert "> *920*77#\n  Choose!\n  1. " in str(told.value)
    assert talk.asked == "choice"


def test_nothing_can_be_chosen_where_nothing_is_offered() -> None:
    """A question that takes a text offers nothing."""
    with pytest.raises(AssertionError, match="'Ama' cannot be chosen: what is offered is nothing"):
        Conversation(shop).choose("Ama")


def test_see_and_miss_take_line_breaks_as_blanks() -> None:
    """Where a line ends is not what a test is about."""
    talk = Conversation(tea).choose("Small")
    talk.see("With milk?", "fine. With", "milk? 1. Yes 2. No", "With\n milk?").miss("withmilk", "Large")
    wrongs: list[Callable[[], Any]] = [
        lambda: talk.see("With milk?", "With sugar?"),
        lambda: talk.miss("Large", "Small, fine. With milk?"),
    ]
    for wrong in wrongs:
        with pytest.raises(AssertionError) as told:
            wrong()
        assert "> 1  (Small)\n  Small, fine.\n  With\n  milk?" in str(told.value)
    with pytest.raises(AssertionError, match="'With sugar\\?' is not on the screen\n"):
        talk.see("With sugar?")


def test_see_tells_on_which_page_a_text_is() -> None:
    """Only the page that is shown is seen; of others it is told which it is."""
    talk = Conversation(long)
    talk.see("1. Town number 1", "# Next").miss("Town number 20")
    with pytest.raises(
        AssertionError, match=r"'Town number 20' is not on the screen \(it is on page \d of (\d), so turn"
    ) as told:
        talk.see("Town number 20")
    found = re.search(r"on page (\d) of (\d)", str(told.value))
    assert found
    page, pages = map(int, found.groups())
    assert page == pages > 1
    for _ in range(pages - 1):
        talk.type("#")
    talk.see("Town number 20", "0 Back").miss("2. Town number 2 3.")


def test_the_question_still_waits_when_its_pages_are_turned() -> None:
    """On any page a choice can be made, and what is asked is told."""
    talk = Conversation(long).type("#")
    assert (talk.asked, talk.ended) == ("town", False)
    assert talk.choices[19] == "Town number 20"
    assert talk.choose("Town number 20").result == "Town number 20"


def test_a_long_last_message_is_read_to_its_end() -> None:
    """The flow has ended when its last message begins, and the pages of that can still be turned, and then no more."""
    talk = Conversation(long).choose("Town number 3")
    assert (talk.ended, talk.result) == (True, "Town number 3")
    talk.see("word0", "# Next").type("#").see("word39")
    assert (talk.ended, talk.result) == (True, "Town number 3")
    with pytest.raises(AssertionError, match="nobody can type '#': the conversation has ended"):
        talk.type("#")


def test_attachments_are_sent_in_chats() -> None:
    """What comes is the very object, and the answers have it."""
    place, card = Location(5.6, -0.2, "Accra"), Contact("Kofi", ("+233201234567",))
    picture = Media("https://example.com/a.jpg", caption="A parcel")
    talk = Conversation(parcel, platform="whatsapp").send(place)
    talk.send(Media("https://example.com/a.mp4", "video")).see("Please send a picture.")
    talk.send(picture, "here").send(card)
    assert talk.said == ["Kofi, near 5.6."]
    assert talk.result == talk.answers == {"where": place, "picture": picture, "whom": card}


def test_attachments_cannot_be_sent_on_ussd() -> None:
    """And the message says what to do instead."""
    with pytest.raises(AssertionError, match="cannot be sent on USSD: hold the conversation on another platform"):
        Conversation(parcel).send(Location(5.6, -0.2))


def test_a_chat_shows_messages() -> None:
    """In a chat the choices are beside the text, nothing is paged, and the end leaves the person free to write again."""
    talk = Conversation(long, platform="whatsapp")
    assert talk.screen.splitlines()[::20] == ["Town?", "20. Town number 20"]
    talk.choose("Town number 7").see("word0", "word39")
    assert talk.ended
    assert talk.type("Hi again").asked == "town"
    assert not talk.on_ussd
    assert talk.answers == {}


def test_the_same_message_may_come_again_in_a_chat() -> None:
    """It shows the same, and nothing is asked, said or called again."""
    talk = Conversation(shop, platform="telegram", calls={"pay": "R1"}).type("5")
    before = (talk.screen, talk.answers, talk.calls, talk.said)
    talk.redeliver().redeliver()
    assert (talk.screen, talk.answers, talk.calls, talk.said) == before
    assert talk.choose("Yes").redeliver().said == ["Paid: R1."]
    assert talk.ended
    assert str(talk).count("· the same message comes again") == 3


def test_a_message_in_which_a_process_died_comes_again() -> None:
    """In a chat the sender delivers it once more, and the call is made again with the same key; after that all goes on."""
    talk = Conversation(shop, platform="telegram", calls={"pay": "R1"}).crash("5").redeliver()
    assert (talk.asked, talk.answers) == ("sure", {"amount": 5})
    assert len({made.token for made in talk.calls}) == 1
    assert len(talk.calls) == 2
    assert talk.redeliver().choose("Yes").said == ["Paid: R1."]


def test_the_end_stays_the_end_when_its_message_comes_again() -> None:
    """A dialogue tells that it has ended, also where something happened after it that changed nothing."""
    talk = Conversation(tea, platform="telegram").choose("Small").choose("No").redeliver()
    assert str(talk).endswith("· the end")
    assert str(talk.wait(5)).endswith("· the end")


def test_on_ussd_no_message_is_known_again() -> None:
    """There a test cannot deliver one twice."""
    with pytest.raises(AssertionError, match="on USSD messages have no ids"):
        Conversation(tea).redeliver()


def test_the_message_on_which_a_flow_raised_may_come_again() -> None:
    """What was raised changes nothing of what is known of messages: the next one is answered, and may come twice."""

    @flow
    def once() -> Steps[None]:
        yield from Prompt("number", "Number?", transform=lambda text: 1 // int(text))
        yield Say("Done.")

    talk = Conversation(once, platform="whatsapp")
    with pytest.raises(ZeroDivisionError):
        talk.type("0")
    assert talk.type("1").redeliver().said == ["Done."]


@pytest.mark.parametrize(("seconds", "goes_on"), [(3599, True), (3601, False)])
def test_a_session_expires(seconds: float, goes_on: bool) -> None:
    """In a chat who stays away for longer than it lives begins anew."""
    talk = Conversation(tea, platform="whatsapp").choose("Large").wait(seconds).type("1")
    assert talk.ended == goes_on
    assert talk.answers == ({"size": "Large", "milk": True} if goes_on else {})
    assert f"· {seconds} seconds pass" in str(talk)


def test_it_is_the_last_message_from_which_a_session_lives() -> None:
    """Each message makes it live on, and waiting adds up."""
    talk = Conversation(tea, platform="whatsapp").wait(3000).choose("Large").wait(3000).type("?")
    assert talk.asked == "milk"
    assert talk.wait(3000).wait(3000).type("?").asked == "size"
    assert talk.lifetime == 3600


def test_a_session_may_live_for_ever() -> None:
    """As its settings have it."""
    talk = Conversation(tea, platform="whatsapp", sessions=SessionConfig(ttl=None)).choose("Large").wait(10**9)
    assert talk.type("1").ended
    assert talk.lifetime is None


def test_dialling_again_begins_anew_on_ussd() -> None:
    """The gateway's session is another one then."""
    talk = Conversation(tea).choose("Large").dial()
    assert (talk.asked, talk.answers) == ("size", {})


def test_dialling_again_goes_on_in_durable_sessions() -> None:
    """Where the session outlives that of the gateway the question is asked again, until it has expired."""
    talk = Conversation(tea, sessions=DURABLE).choose("Large").dial()
    assert (talk.asked, talk.answers, talk.said) == ("milk", {"size": "Large"}, ["Large, fine."])
    assert talk.wait(90_000).dial().asked == "size"
    assert talk.answers == {}


@pytest.mark.parametrize(("choice", "asked"), [("1", "milk"), ("2", "size")])
def test_who_dials_again_is_asked_whether_to_go_on(choice: str, asked: str) -> None:
    """With ``Resume`` it can be gone on, or begun again, and the answers are those of what is gone on with."""
    talk = Conversation(tea, sessions=DURABLE, resume=Resume()).choose("Large").dial()
    talk.see("You have not finished.", "1. Continue", "2. Start again").type(choice)
    assert talk.asked == asked
    assert talk.answers == ({"size": "Large"} if asked == "milk" else {})


def test_the_choices_of_resume_can_be_chosen() -> None:
    """It is a question as any other."""
    talk = Conversation(tea, sessions=DURABLE, resume=Resume(proceed="Go on")).choose("Large").dial()
    assert talk.choices == ["Go on", "Start again"]
    assert talk.choose("Go on").asked == "milk"


def test_a_process_that_dies_makes_the_call_again() -> None:
    """With the same idempotency key, so that the payment can be known again; after that all goes on."""
    paid: list[str] = []

    def take(amount: int, idempotency_key: str) -> str:
        paid.append(idempotency_key)
        return f"R{len(paid)}"

    talk = Conversation(shop, calls={"pay": take}).crash("5")
    assert (talk.asked, talk.ended, talk.screen) == (None, False, "")
    assert [made.result for made in talk.calls] == ["R1"]
    talk.type("anything")
    assert (talk.asked, talk.answers) == ("sure", {"amount": 5})
    assert len(set(paid)) == 1
    assert [(made.args, made.token) for made in talk.calls] == [((5,), paid[0])] * 2
    assert talk.choose("Yes").result == "R2"
    assert "> 5  (and the process dies)\n· pay(5) gives 'R1'\n> anything\n· pay(5) gives 'R2'" in str(talk)


def test_another_call_has_another_key() -> None:
    """The same call at another place of the conversation is not known as the one before."""
    talk = Conversation(shop, calls={"pay": "R"}).type("5").choose("Other amount").type("5")
    one, undone, other = talk.calls
    assert one.token != other.token
    assert undone.key == "undo pay"


def test_a_process_may_die_before_a_person_dials_again() -> None:
    """In a durable session dialling makes the call as well as typing does."""
    talk = Conversation(shop, calls={"pay": "R"}, sessions=DURABLE).crash("5").dial()
    assert talk.asked == "sure"
    assert [made.key for made in talk.calls] == ["pay", "pay"]
    assert talk.answers == {"amount": 5}


def test_a_call_that_must_not_be_made_again_is_not() -> None:
    """With ``on_crash="fail"`` the flow is told that it was interrupted."""

    @flow
    def strict() -> Steps[None]:
        amount = yield from Prompt("amount", "How much?", transform=int)
        try:
            yield from Call(pay, amount, on_crash="fail")
        except CallFailed as error:
            yield Say(f"{error.name}.")

    talk = Conversation(strict, calls={"pay": "R"}).crash("5").type("?")
    assert talk.said == ["Interrupted."]
    assert len(talk.calls) == 1


def test_a_process_dies_only_in_a_call() -> None:
    """A text that leads to none is told; where it need not, it is typed as any other."""
    with pytest.raises(AssertionError, match="'1' leads to no call in which the process could die"):
        Conversation(tea).crash("1")
    talk = Conversation(tea).crash("2", required=False)
    assert (talk.answers, talk.asked) == ({"size": "Large"}, "milk")
    assert "> 2\n" in str(talk)


def test_a_loop_goes_on_after_a_process_has_died() -> None:
    """The last answer of a key is the one of the turn in which the process died."""

    @flow
    def loop() -> Steps[None]:
        while (amount := (yield from Prompt("amount", "How much?", transform=int))) > 0:
            yield from Call(pay, amount)
        yield Say("Done.")

    talk = Conversation(loop, calls={"pay": "R"}).type("1").crash("2").type("?")
    assert talk.asked == "amount"
    assert talk.answers == {"amount": 2}


def test_code_changes_under_a_conversation() -> None:
    """Old answers are used by the new code, which asks what is new."""

    @flow(name="tea")
    def other() -> Steps[None]:
        size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
        sugar = yield from Prompt("sugar", "Sugar?", choices=["Yes", "No"])
        yield Say(f"{size}, {sugar}.")

    talk = Conversation(tea).choose("Large").redeploy(other)
    assert talk.type("1").asked == "sugar"
    assert talk.choose("No").said[-1] == "Large, No."
    assert re.search("^· the code of .* changes$", str(talk), re.MULTILINE)
    with pytest.raises(AssertionError, match="flow 'shop' does not find sessions of 'tea': a flow keeps its name"):
        talk.redeploy(shop)


def test_a_test_names_flows_as_code_does() -> None:
    """By their functions, whatever they are called in sessions."""

    @flow(name="the-tea-shop")
    def renamed() -> Steps[None]:
        yield Say("Welcome.")

    assert Conversation(renamed).dialogue.as_test() == "def test_renamed():\n    talk = Conversation(renamed)"
    assert pasted(Conversation(renamed).redeploy(renamed), renamed=renamed).said == ["Welcome."]


def test_answers_after_going_back() -> None:
    """What was gone back past is no answer any more, and what was answered then is."""
    talk = Conversation(tea, navigation=Navigation(back="0")).choose("Large").type("0")
    assert (talk.asked, talk.answers) == ("size", {})
    assert talk.choose("Small").answers == {"size": "Small"}
    shopping = Conversation(shop, calls={"pay": "R"}).type("5").choose("Other amount")
    assert (shopping.asked, shopping.answers) == ("amount", {})


def test_answers_of_a_key_that_comes_again() -> None:
    """The last one counts, also when the one before was the same or was gone back past."""

    @flow
    def order() -> Steps[None]:
        while (yield from Prompt("item", "Item?")) != "done":
            pass
        yield Say("Ordered.")

    talk = Conversation(order, navigation=Navigation(back="0")).type("tea").type("bread").type("milk")
    assert talk.answers == {"item": "milk"}
    assert talk.type("0").answers == {"item": "bread"}
    assert talk.type("done").answers == {"item": "done"}


@flow
def details() -> Steps[str]:
    """Ask for a name and a town, within another flow."""
    name = yield from Prompt("name", "Name?")
    town = yield from Prompt("town", "Town?")
    return f"{name} of {town}"


@flow
def member() -> Steps[None]:
    """Run a flow between two questions."""
    first = yield from Prompt("first", "First?")
    whole = yield from Run(details)
    last = yield from Prompt("last", "Last?")
    again = yield from Prompt("again", "Again?")
    yield Say(f"{first}, {whole}, {last}, {again}.")


def test_answers_of_a_flow_within() -> None:
    """They stay, though the journal keeps only what the flow within returned."""
    talk = Conversation(member).type("a").type("Ama")
    assert talk.answers == {"first": "a", "name": "Ama"}
    talk.type("Accra").type("b").type("c")
    assert talk.said == ["a, Ama of Accra, b, c."]
    assert talk.answers == {"first": "a", "name": "Ama", "town": "Accra", "last": "b", "again": "c"}


def test_answers_of_a_flow_within_stay_when_a_later_question_is_gone_back_past() -> None:
    """Only what was answered after the question that is asked again is taken back."""
    talk = Conversation(member, navigation=Navigation(back="0")).type("a").type("Ama").type("Accra").type("b").type("0")
    assert talk.asked == "last"
    assert talk.answers == {"first": "a", "name": "Ama", "town": "Accra"}


@flow
def wallet(*, spent: int = 0) -> Steps[int]:
    """Hand over to itself."""
    amount = yield from Prompt("amount", f"Spent {spent}. How much?", transform=int)
    if amount:
        yield Become(wallet, spent=spent + amount)
    yield Say("Goodbye.")
    return spent


@flow
def entrance() -> Steps[None]:
    """Hand over to another flow."""
    yield from Prompt("name", "Name?")
    yield Become(wallet, spent=5)


def test_answers_over_a_hand_over() -> None:
    """They stay, though the journal is empty after it."""
    talk = Conversation(entrance).type("Ama").see("Spent 5.")
    assert talk.answers == {"name": "Ama"}
    talk.type("3").see("Spent 8.")
    assert talk.answers == {"name": "Ama", "amount": 3}
    talk.type("4").type("0")
    assert (talk.result, talk.answers) == (12, {"name": "Ama", "amount": 0})


def test_answers_over_a_hand_over_to_the_same() -> None:
    """A menu that becomes itself, with nothing changed, is no way back."""

    @flow
    def menu() -> Steps[None]:
        choice = yield from Prompt("menu", "Menu", choices=["News", "Exit"])
        if choice == "News":
            topic = yield from Prompt("topic", "Topic?")
            yield Say(f"No news of {topic}.")
            yield Become(menu)
        yield Say("Goodbye.")

    talk = Conversation(menu).choose("News").type("tea").choose("News")
    assert talk.answers == {"menu": "News", "topic": "tea"}


def test_answers_that_were_answered_in_vain_are_none() -> None:
    """A question that has no attempts left has no answer."""

    @flow
    def login() -> Steps[None]:
        try:
            yield from Prompt("pin", "PIN?", transform=int, attempts=2)
        except TooManyAttempts:
            yield from Prompt("shop", "Which shop?")
        yield Say("Goodbye.")

    talk = Conversation(login).type("x").type("y").type("Osu")
    assert talk.answers == {"shop": "Osu"}
    assert talk.ended


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("R1", "R1"),
        (None, None),
        (Decimal("2.50"), Decimal("2.50")),
        (lambda amount: f"R{amount}", "R5"),
        (lambda *args: args, (5,)),
        (either("R1", "R2"), "R1"),
        (either(lambda amount: amount + 1, "R2"), 6),
        (TimeoutError("no answer"), "TimeoutError: no answer"),
        (Declined, "Declined: "),
        (either(Declined("poor"), "R2"), "Declined: poor"),
    ],
    ids=as_name,
)
def test_what_a_call_comes_to(result: Any, expected: Any) -> None:
    """A value, a function of the arguments, an exception, or the first of several."""

    @flow
    def buy() -> Steps[Any]:
        amount = yield from Prompt("amount", "How much?", transform=int)
        try:
            receipt: Any = yield from Call(pay, amount)
        except CallFailed as error:
            receipt = f"{error.name}: {error.message}"
        yield Say(f"{receipt}.")
        return receipt

    talk = Conversation(buy, calls={"pay": result}).type("5")
    assert talk.result == expected
    assert [made.key for made in talk.calls] == ["pay"]


def test_what_calls_come_to_one_after_the_other() -> None:
    """Each result is given once, and failures are raised; one call more is told."""
    calls = {"work": in_turn("one", Declined("poor"), lambda: "three")}
    talk = Conversation(patient, calls=calls).choose("Yes").choose("Yes").choose("Yes")
    assert talk.said == ["one.", "Declined!", "three."]
    with pytest.raises(UnexpectedCall, match="more often than in_turn\\(\\) has results, which are 3"):
        talk.choose("Yes")


def test_functions_may_ask_for_the_idempotency_key() -> None:
    """As the real ones may; and they may be asynchronous, as long as they wait for nothing."""

    async def take(amount: int, idempotency_key: str) -> str:
        return f"{amount} {len(idempotency_key) > 8}"

    assert Conversation(shop, calls={"pay": take}).type("5").choose("Yes").result == "5 True"


def test_functions_that_wait_are_refused() -> None:
    """There is no event loop, and the message says what to give instead."""

    async def slow(amount: int) -> str:
        await asyncio.sleep(0)
        return "R1"

    with pytest.raises(UnexpectedCall, match=r"what calls\['pay'\] gives waits for something: give a function that has"):
        Conversation(shop, calls={"pay": slow}).type("5")


def test_an_unexpected_call_says_which() -> None:
    """Its key, its function, its arguments, what there is a result for; and the dialogue is a note."""
    talk = Conversation(shop, calls={"pays": 1})
    with pytest.raises(UnexpectedCall) as told:
        talk.type("5")
    said = str(told.value)
    assert "the flow makes the call 'pay', pay(5) of " in said
    assert "test_conversation.py:" in said
    assert "give calls={'pay': …}" in said
    assert "it has 'pays'" in said
    (note,) = told.value.__notes__
    assert "> *920*77#\n  How much?\n> 5" in note
    with pytest.raises(UnexpectedCall, match="it has none"):
        Conversation(shop).type("5")


def test_a_function_that_does_not_take_the_arguments_is_told() -> None:
    """It is the test that is wrong then, and not the flow, which would take it for a failed call."""
    with pytest.raises(UnexpectedCall, match=r"what calls\['pay'\] gives, .* cannot be called with \(5,\)"):
        Conversation(shop, calls={"pay": lambda: "R1"}).type("5")


def test_a_result_that_cannot_be_stored_fails_the_call() -> None:
    """As it does in a service."""
    with pytest.raises(CallFailed, match="pay"):
        Conversation(shop, calls={"pay": object()}).type("5")


def test_going_back_takes_back_calls() -> None:
    """With what is given for it, or with nothing; it is among the calls in any case."""
    taken: list[Any] = []
    talk = Conversation(shop, calls={"pay": "R1", "undo pay": taken.append}).type("5").choose("Other amount")
    assert taken == ["R1"]
    assert [(made.key, made.args, made.result) for made in talk.calls] == [("pay", (5,), "R1"), ("undo pay", ("R1",), None)]
    plain = Conversation(shop, calls={"pay": "R1"}).type("5").choose("Other amount")
    assert [made.key for made in plain.calls] == ["pay", "undo pay"]


def test_what_cannot_be_taken_back_is_raised() -> None:
    """An undo that fails is raised where the person goes back, and tried again at the next message."""
    tries = count(1)

    def give_back(receipt: str) -> None:
        if next(tries) == 1:
            raise TimeoutError("no answer")

    talk = Conversation(shop, calls={"pay": "R1", "undo pay": give_back}).type("5")
    with pytest.raises(CallFailed, match="no answer"):
        talk.choose("Other amount")
    assert talk.type("again").asked == "amount"


def test_screens_are_those_of_the_gateway() -> None:
    """With ``gateway=`` its size holds, and it is what the flow is told; ``screen=`` wins."""

    @flow
    def told(chat: Chat) -> Steps[None]:
        yield Say(f"{chat.gateway} {chat.platform} " + "x" * 111)

    assert Conversation(told).see("test ussd x").screen.count("x") == 111
    assert "# Next" in Conversation(told, gateway=Nalo()).see("nalo ussd").screen
    assert "# Next" not in Conversation(told, gateway=Nalo(screen=Screen(septets=130))).screen
    assert "# Next" not in Conversation(told, gateway=Nalo(), screen=Screen()).screen
    assert "99 More" in Conversation(told, screen=Screen(septets=60, units=30, next_key="99", next_label="More")).screen


def test_every_page_fits_its_screen() -> None:
    """What is shown can be held against the size of the screen; in a chat there is none."""
    talk = Conversation(long, screen=Screen(septets=50, units=25))
    for _ in range(4):
        assert len(talk.screen) <= 50
        talk.require_fit()
        talk.type("#")
    Conversation(long, platform="whatsapp").require_fit()


def test_who_talks() -> None:
    """Number, id, name, language, dialled code and time are what the flow is told."""

    @flow
    def told(chat: Chat) -> Steps[dict[str, Any]]:
        yield Say(".")
        names = ("msisdn", "user_id", "name", "locale", "opener", "platform", "timestamp")
        return {name: getattr(chat, name) for name in names}

    known = Conversation(told, name="Ama", locale="fr", opener="*1#", msisdn="+233200000001", user_id="u1", now=0.0).result
    assert {**known, "timestamp": known["timestamp"].year} == {
        "msisdn": "+233200000001",
        "user_id": "u1",
        "name": "Ama",
        "locale": "fr",
        "opener": "*1#",
        "platform": "ussd",
        "timestamp": 1970,
    }
    usual = Conversation(told).result
    assert (usual["opener"], usual["user_id"], usual["name"]) == ("*920*77#", usual["msisdn"], None)
    assert Conversation(told, platform="telegram").result["opener"] == "Hi"


def test_parameters_of_a_flow() -> None:
    """They are given as in a service; what is missing, or too much, is told before anybody dials."""
    assert Conversation(wallet, params={"spent": 7}).see("Spent 7.").type("0").result == 7

    @flow
    def fees(*, fee: int) -> Steps[None]:
        yield Say(f"{fee}")

    with pytest.raises(ConfigurationError, match="'fee'"):
        Conversation(fees)
    with pytest.raises(ConfigurationError, match="'price'"):
        Conversation(fees, params={"fee": 1, "price": 2})


def test_what_is_no_flow_is_told() -> None:
    """With what to do about it."""
    with pytest.raises(ConfigurationError, match="is not a flow: put @flow above its function"):
        Conversation(tea.function)  # type: ignore[arg-type]


WORDS = Translations.of({"fr": {"Name?": "Nom ?", "Please choose one of the options.": "Choisissez.", "Tea": "Thé"}})


@flow
def languages(chat: Chat) -> Steps[None]:
    """Ask in the language of the person."""
    chat.locale = yield from Prompt("language", "Language?", choices={"en": "English", "fr": "Français"})
    yield from Prompt("name", WORDS.gettext("Name?"))
    yield from Prompt("drink", "?", choices={"tea": WORDS.gettext("Tea"), "milk": "Milk"})
    yield Say(WORDS.gettext("Name?"))


def test_screens_are_in_the_language_of_the_person() -> None:
    """Texts of the flow, labels, and with ``translations=`` the words of the library."""
    talk = Conversation(languages, translations=WORDS).type("?").see("Please choose one of the options.")
    talk.choose("fr").see("Nom ?").type("Ama").type("?").see("Choisissez.")
    assert talk.choices == ["Thé", "Milk"]
    assert talk.choose("Thé").said == ["Nom ?"]
    assert Conversation(languages, locale="fr", translations=WORDS).type("?").see("Choisissez.").asked == "language"
    assert Conversation(languages, locale="fr").type("?").see("Please choose").asked == "language"


@flow
def visits(chat: Chat) -> Steps[None]:
    """Count in the session."""
    seen = chat.session.get("visits", 0)
    chat.session.set("visits", seen + 1)
    yield from Prompt("name", f"Visit {seen + 1}. Name?")
    chat.session.set("plan", Plan.DAY)
    chat.session.delete("old")
    yield Say("Goodbye.")


VISITS = flow(types=[Plan])(visits.function)


def test_data_of_the_session() -> None:
    """What was there before is seen, and what the flow has set is told, of any type."""
    talk = Conversation(VISITS, session={"visits": 3, "old": Plan.WEEK}).see("Visit 4.")
    assert talk.session == {"visits": 4, "old": Plan.WEEK}
    assert talk.type("?").session == {"visits": 4, "plan": Plan.DAY}
    assert Conversation(VISITS).session == {"visits": 1}


def test_data_of_a_session_that_outlives_a_conversation() -> None:
    """The next conversation of a durable session sees it, until it has expired; that of another one does not."""
    talk = Conversation(VISITS, sessions=DURABLE).type("?").dial().see("Visit 2.")
    assert talk.wait(90_000).dial().see("Visit 1.").session == {"visits": 1}
    assert Conversation(VISITS).type("?").dial().see("Visit 1.").session == {"visits": 1}


@flow
def brittle() -> Steps[None]:
    """Raises on one answer, and after a call on another."""
    amount = yield from Prompt("amount", "How much?", transform=int)
    if amount == 0:
        raise LookupError("nothing")
    yield from Call(pay, amount)
    if amount == 1 and next(_raising) == 0:
        raise LookupError("once")
    yield Say("Done.")


_raising = count()


def test_what_a_flow_raises_is_raised_where_it_is_typed() -> None:
    """The last answer is not kept, and the conversation goes on as in a service."""
    talk = Conversation(brittle, calls={"pay": "R"})
    with pytest.raises(LookupError, match="nothing"):
        talk.type("0")
    assert (talk.asked, talk.answers, talk.ended) == ("amount", {}, False)
    talk.see("Sorry, something went wrong.")
    assert re.search(r"> 0\n! LookupError at .*test_conversation.py:\d+: nothing$", str(talk))
    talk.type("5")
    assert (talk.ended, talk.answers) == (True, {"amount": 5})


def test_what_a_flow_raises_before_its_first_question() -> None:
    """It is raised when the conversation is made."""

    @flow
    def bad() -> Steps[None]:
        raise LookupError("at once")
        yield

    with pytest.raises(LookupError, match="at once"):
        Conversation(bad)


def test_what_a_flow_raises_after_a_call() -> None:
    """The answer is kept then, since the call is done, and the next message goes on from there."""
    global _raising
    _raising = count()
    talk = Conversation(brittle, calls={"pay": "R"})
    with pytest.raises(LookupError, match="once"):
        talk.type("1")
    talk.type("?")
    assert (talk.ended, talk.answers, len(talk.calls)) == (True, {"amount": 1}, 1)


def test_a_failure_that_is_not_caught_is_raised() -> None:
    """And the call is made again at the next message."""
    tries = count(1)

    def take(amount: int) -> str:
        if next(tries) == 1:
            raise TimeoutError("no answer")
        return "R1"

    talk = Conversation(shop, calls={"pay": take})
    with pytest.raises(CallFailed, match="no answer"):
        talk.type("5")
    assert talk.type("5").asked == "sure"
    assert [type(made.result) for made in talk.calls] == [TimeoutError, str]


def test_limits_hold() -> None:
    """Those of the runtime that are given."""
    with pytest.raises(Exception, match="more than 1 answers in one conversation"):
        Conversation(tea, limits=Limits(entries=1)).choose("Large").choose("Yes")


@pytest.mark.parametrize("act", [lambda talk: talk.type("1"), lambda talk: talk.choose("Yes"), lambda talk: talk.crash("1")])
def test_nobody_types_after_the_end(act: Callable[[Conversation], Any]) -> None:
    """On USSD the gateway has closed the session."""
    talk = Conversation(tea).choose("Small").choose("No")
    with pytest.raises(AssertionError, match="the conversation has ended\n\n> "):
        act(talk)
    assert talk.dial().asked == "size"


def test_a_dialogue_is_read_at_a_glance() -> None:
    """Messages, what they came to, calls and the end, each on lines of its own."""
    talk = Conversation(shop, calls={"pay": either("R1", "R2")}).type("x").type("5").choose("Yes")
    assert str(talk) == str(talk.dialogue)
    assert str(talk).splitlines() == [
        "> *920*77#",
        "  How much?",
        "> x",
        "  Please enter a whole number.",
        "  How much?",
        "> 5",
        "· pay(5) gives 'R1'",
        "  Sure?",
        "  1. Yes",
        "  2. Other amount",
        "> 1  (Yes)",
        "  Paid: R1.",
        "· the end",
    ]
    assert talk.dialogue.said == talk.said
    assert talk.dialogue.calls == talk.calls


def test_a_conversation_is_shown_with_its_test() -> None:
    """What a failing test prints is the dialogue, and a test to paste."""
    talk = Conversation(shop, calls={"pay": "R1"}, name="Ama").type("5").choose("Yes")
    assert str(talk) in repr(talk)
    assert (
        repr(talk)
        .rstrip()
        .endswith(
            "def test_shop():\n"
            "    talk = Conversation(shop, calls={'pay': 'R1'}, name='Ama')\n"
            "    talk.type('5')\n"
            "    talk.choose('Yes')"
        )
    )


@flow
def swapped() -> Steps[str]:
    """Has labels that are other choices' answers."""
    chosen = yield from Prompt("choice", "?", choices={"a": "b", "b": "a"})
    yield Say(f"It is {chosen}.")
    return chosen


@flow
def twins() -> Steps[int]:
    """Has two choices that are called the same."""
    chosen = yield from Prompt("choice", "?", choices={1: "One", 2: "One"})
    yield Say(f"It is {chosen}.")
    return chosen


@flow
def plans() -> Steps[Any]:
    """Calls what gives a member of an enum."""
    plan: Any = yield from Call(never, key="plan")
    yield Say(f"{plan}.")
    return plan


PLANS = flow(types=[Plan])(plans.function)


@flow
def patient() -> Steps[None]:
    """Call until it works."""
    while (yield from Prompt.confirm("more", "More?")):
        try:
            yield Say(f"{(yield from Call(never, key='work'))}.")
        except CallFailed as error:
            yield Say(f"{error.name}!")
    yield Say("Done.")


def _several() -> Any:
    gives = iter(["one", TimeoutError("no"), "two"])

    def give() -> Any:
        result = next(gives)
        if isinstance(result, Exception):
            raise result
        return result

    return give


_as_tests: dict[str, Callable[[], Conversation]] = {
    "dial": lambda: Conversation(tea),
    "type and choose": lambda: Conversation(tea).type("?").choose("Large").type("1"),
    "dial again": lambda: Conversation(tea, sessions=DURABLE).choose("Large").wait(5.5).dial().choose("No"),
    "chat": lambda: Conversation(tea, platform="whatsapp", msisdn="+233200000001").choose("Large").redeliver(),
    "send": lambda: (
        Conversation(parcel, platform="whatsapp")
        .send(Location(1.5, 2.0))
        .send(Media("https://a/b.jpg"), "it's here")
        .send(Contact("Ama", ("1",)))
    ),
    "crash": lambda: Conversation(shop, calls={"pay": "R1"}).crash("5").type("?").choose("Yes"),
    "redeploy": lambda: Conversation(tea).redeploy(tea).choose("Large"),
    "exception": lambda: Conversation(patient, calls={"work": Declined("poor")}).choose("Yes").choose("No"),
    "several results": lambda: Conversation(patient, calls={"work": lambda: _numbers()}).choose("Yes").choose("Yes").choose("No"),
    "several, one raises": lambda: (
        Conversation(patient, calls={"work": _several()}).choose("Yes").choose("Yes").choose("Yes").choose("No")
    ),
    "function": lambda: Conversation(shop, calls={"pay": lambda amount: amount * 2}).type("5").choose("Yes"),
    "undo": lambda: Conversation(shop, calls={"pay": "R1"}).type("5").choose("Other amount").type("6").choose("Yes"),
    "params": lambda: Conversation(wallet, params={"spent": 3}).type("4").type("0"),
    "gateway": lambda: Conversation(long, gateway=Nalo()).type("#").type("3").type("#"),
    "gateway of another size": lambda: Conversation(long, gateway=Nalo(screen=Screen(septets=60))).type("#").type("3"),
    "screen": lambda: Conversation(long, screen=Screen(septets=60, units=30, next_key="99")).type("99").type("3"),
    "navigation": lambda: (
        Conversation(tea, navigation=Navigation(back="0", start="00")).choose("Large").type("0").choose("Small")
    ),
    "resume": lambda: Conversation(tea, sessions=DURABLE, resume=Resume(text="So?")).choose("Large").dial().type("1"),
    "session": lambda: Conversation(VISITS, session={"visits": 3}).type("?"),
    "translations": lambda: (
        Conversation(languages, translations=WORDS, locale="fr").type("?").choose("en").type("Ama").choose("tea")
    ),
    "labels that are answers": lambda: Conversation(swapped).choose("a"),
    "labels that are alike": lambda: Conversation(twins).choose(2),
    "result that is an enum": lambda: Conversation(PLANS, calls={"plan": Plan.DAY}),
    "exception that is a class": lambda: Conversation(patient, calls={"work": Declined}).choose("Yes").choose("No"),
}


_numbered: Iterator[int] = count(1)


def _numbers() -> str:
    return f"number {next(_numbered)}"


@pytest.mark.parametrize("hold", _as_tests.values(), ids=_as_tests)
def test_the_pasted_test_holds_the_same_conversation(hold: Callable[[], Conversation]) -> None:
    """Whatever was done, on whatever screen, and whatever calls came to."""
    talk = hold()
    again = pasted(talk, translations=WORDS, visits=VISITS, plans=PLANS)
    assert str(again) == str(talk)
    assert (again.answers, again.said) == (talk.answers, talk.said)


class Box:
    """Something that is equal to nothing but itself."""


@dataclass
class Address:
    """Something that is equal to what holds the same."""

    town: str


_times: Iterator[int] = count()


def differing_variables() -> Steps[None]:
    """Holds another number every time."""
    number = next(_times)
    yield from Prompt("name", "Name?")
    yield Say(f"{number >= 0}")


def differing_fields() -> Steps[None]:
    """Holds another number every time, deep in an object."""
    held = {"where": [Address(f"{next(_times)}")]}
    yield from Prompt("name", "Name?")
    yield Say(f"{len(held)}")


def differing_text() -> Steps[None]:
    """Says another number every time."""
    yield Say(f"Number {next(_times)}.")
    yield from Prompt("name", "Name?")


def differing_last_text() -> Steps[None]:
    """Says another number every time, and ends."""
    yield Say(f"Number {next(_times)}.")


def differing_question() -> Steps[None]:
    """Asks another thing every time."""
    yield from Prompt("name", f"Name {next(_times)}?")


def differing_key() -> Steps[None]:
    """Asks under another key every time."""
    yield from Prompt(f"name{next(_times)}", "Name?")


def differing_choices() -> Steps[None]:
    """Offers another choice every time."""
    yield from Prompt("name", "Name?", choices=["a", f"b{next(_times)}"])


def differing_labels() -> Steps[None]:
    """Calls a choice something else every time."""
    yield from Prompt("name", "Name?", choices={"a": "A", "b": f"B{next(_times)}"})


def differing_data(chat: Chat) -> Steps[None]:
    """Remembers another number every time."""
    chat.session.set("number", next(_times))
    yield from Prompt("name", "Name?")


def differing_result() -> Steps[int]:
    """Returns another number every time."""
    yield Say("Goodbye.")
    return next(_times)


def differing_line() -> Steps[None]:
    """Stands elsewhere every time."""
    if next(_times) % 2:
        yield from Prompt("name", "Name?")
    else:
        yield from Prompt("name", "Name?")


def differing_end() -> Steps[None]:
    """Ends every other time."""
    if next(_times) % 2:
        yield from Prompt("name", "Name?")
    yield Say("Goodbye.")


def differing_call() -> Steps[None]:
    """Calls once more every other time."""
    yield from Call(never, key="work")
    if _made_once():
        yield from Call(never, key="more")
    yield from Prompt("name", "Name?")


def differing_raise() -> Steps[None]:
    """Raises when it is played again."""
    if _made_once():
        raise LookupError("only the first time")
    yield from Prompt("name", "Name?")


_plays: Iterator[int] = iter(())


def _made_once() -> bool:
    return bool(next(_plays, 0))


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (differing_variables, r"the variable 'number' at .*:\d+ was \d+, and then \d+"),
        (differing_fields, r"the variable 'held' at .*:\d+ was \{'where': \[Address.*, and then "),
        (differing_text, r"it said 'Number \d+\.', and then 'Number \d+\.'"),
        (differing_last_text, r"it said 'Number \d+\.', and then 'Number \d+\.'"),
        (differing_question, r"it asked 'Name \d+\?' at .*:\d+, and then 'Name \d+\?'"),
        (differing_key, r"it asked for 'name\d+', and then for 'name\d+'"),
        (differing_choices, r"it asked for 'name', and then for 'name'"),
        (differing_labels, r"it asked 'Name\?\\n1\. A\\n2\. B\d+' at .*:\d+, and then"),
        (differing_data, r"it had changed the session data by"),
        (differing_result, r"it returned \d+, and then \d+"),
        (differing_line, r"it stood at .*:\d+, and then at .*:\d+"),
        (differing_end, r"stood at|it asked for"),
        (differing_call, r"it made the call 'more' once more"),
        (differing_raise, r"it raised LookupError\('only the first time'\) at .*test_conversation.py:\d+"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_every_turn_is_replayed(function: Callable[..., Any], told: str) -> None:
    """What comes out otherwise the second time is told, with the flow, the cure, and the dialogue as a note."""
    global _plays
    # The call that is made is played past twice before the replay: until it is wanted, and with its result.
    _plays = iter([0, 1] if function is differing_raise else [0, 1] if function is differing_call else [])
    subject: Flow[..., Any] = flow(function)
    with pytest.raises(ReplayDiffers, match=told) as error:
        Conversation(subject, calls={"work": 1, "more": 2})
    assert f"flow {function.__name__!r} at " in str(error.value)
    assert "goes into a Call" in str(error.value)
    assert "> *920*77#" in error.value.__notes__[0]


def test_a_later_turn_is_replayed_as_well() -> None:
    """What differs only after some answers is told where it comes up, with the dialogue to there."""

    @flow
    def later() -> Steps[None]:
        yield from Prompt("name", "Name?")
        drawn = random.random()
        yield from Prompt("guess", "Guess!")
        yield Say(f"{drawn > 2}")

    talk = Conversation(later)
    with pytest.raises(ReplayDiffers, match="the variable 'drawn'") as told:
        talk.type("Ama")
    assert "  Name?\n> Ama" in told.value.__notes__[0]


def test_what_holds_nothing_to_compare_is_left_alone() -> None:
    """Objects without an equality, generators, functions of the flow itself, sets and big data differ by nothing."""

    @flow
    def holding(chat: Chat) -> Steps[Any]:
        box = Box()
        numbers = (number for number in range(3))
        names = {f"name{number}" for number in range(50)}
        table = {frozenset({"a", "b", "c"}): Plan.DAY}
        lock = open
        place = Address("Accra")
        many = list(range(5_000))

        def within(text: str) -> str:
            return text + str(next(numbers, 0))

        short: Callable[[str], str] = lambda text: within(text)  # noqa: E731
        yield Say(f"{len(names)} {len(table)} {len(many)} {place.town} {callable(lock)}")
        yield from Prompt("name", "Name?", transform=lambda text: text, validate=lambda text: None)
        yield Say(f"{type(box).__name__} {short('?')}")
        return len(names)

    assert Conversation(holding).see("50 1 5000 Accra True").type("Ama").result == 50


def test_a_set_has_no_order() -> None:
    """Two that hold the same are the same, in whichever order they were filled."""
    plays = count()
    # Numbers that come to one place in the table of a set stand there in the order in which they came.
    orders = ([0, 8], [8, 0])
    assert [*map(list, map(set, orders))] == [[0, 8], [8, 0]]

    @flow
    def holding() -> Steps[None]:
        held = set(orders[next(plays) % 2])
        yield from Prompt("name", "Name?")
        yield Say(f"{len(held)}")

    assert Conversation(holding).type("Ama").said == ["2"]


@pytest.mark.parametrize(
    "make",
    [Box, lambda: [Box()], lambda: {"box": Box()}, lambda: {"b", "a"}, lambda: lambda: 1, lambda: float("nan")],
    ids=["object", "list of them", "dict of them", "set", "function", "no number"],
)
def test_a_result_that_cannot_be_compared_is_left_alone(make: Callable[[], Any]) -> None:
    """What a flow returns may be equal to nothing but itself."""

    @flow
    def returning() -> Steps[Any]:
        yield from Prompt("name", "Name?")
        yield Say("Goodbye.")
        return make()

    assert Conversation(returning).type("Ama").ended


@dataclass
class Point:
    """Has a field that comes back as another kind."""

    x: float


class Kilo(int):
    """A number that comes back as a plain one."""


def test_the_replay_goes_through_the_stored_form() -> None:
    """An answer that would come back as another kind is told where it is given, and not a turn later."""

    @flow
    def kilos() -> Steps[None]:
        weight = yield from Prompt("weight", "Weight?", transform=Kilo)
        yield from Prompt("sure", "Sure?")
        yield Say(type(weight).__name__)

    talk = Conversation(kilos)
    with pytest.raises((UnstorableValue, ReplayDiffers)):
        talk.type("5")


def test_what_a_flow_does_to_an_answer_is_not_kept() -> None:
    """A flow that changes an answer changes it again on every replay: that is no difference."""

    @flow
    def growing() -> Steps[list[str]]:
        items: list[str] = yield from Prompt("items", "Items?", transform=str.split)
        items.append("last")
        more = yield from Prompt("more", "More?")
        items.append(more)
        yield Say(" ".join(items))
        return items

    talk = Conversation(growing).type("a b").type("c")
    assert talk.result == ["a", "b", "last", "c"]
    assert talk.answers == {"items": ["a", "b"], "more": "c"}


def test_the_global_of_a_process_is_found_out() -> None:
    """What a flow keeps outside of itself is not there for the next process, nor for a replay."""
    kept: list[str] = []

    @flow
    def forgetful() -> Steps[None]:
        kept.append((yield from Prompt("name", "Name?")))
        yield from Prompt("town", f"Town, {len(kept)}?")
        yield Say("Goodbye.")

    with pytest.raises(ReplayDiffers, match=r"the variable 'kept' at .* was \['Ama'\], and then \['Ama', 'Ama'\]"):
        Conversation(forgetful).type("Ama")


# Flows that are held through a conversation of a test and through a runtime, with what their calls come to.


def price(item: str) -> int:
    """Look up what something costs."""
    if item == "Milk":
        raise LookupError(f"no {item}")
    return len(item)


def put_back(paid: int) -> None:
    """Take back what was bought."""
    if paid == len("Bread"):
        raise LookupError("eaten")


@flow
def market(chat: Chat) -> Steps[int]:
    """A loop, calls that fail, ways back, attempts, several pages, and session data."""
    chat.session.set("visits", chat.session.get("visits", 0) + 1)
    total = 0
    yield Say(f"Visit {chat.session.get('visits')} of {chat.opener}.")
    while (item := (yield from Prompt("item", f"{total} so far. What?", choices=["Tea", "Milk", "Bread", "Done"]))) != "Done":
        try:
            each = yield from Call(price, item, undo=put_back, thread=False)
        except CallFailed as error:
            yield Say(f"{error.name}: {error.message}")
            continue
        number = yield from Prompt("number", f"How many for {each}?", transform=answers.whole(1, 9), attempts=2)
        total += each * number
    if total > 20:
        yield Checkpoint()
    if (yield from Prompt("sure", f"Pay {total}?", choices=["Yes", "Back", "No"])) == "Back":
        yield Back()
    yield Say("Thank you. " * (total * 4))
    return total


@flow
def hall(chat: Chat) -> Steps[None]:
    """Flows within and hand-overs."""
    whole = yield from Run(details)
    choice = yield from Prompt("menu", f"Hello {whole}. " + "More text. " * 20, choices=["Wallet", "Market", "Again", "Fail"])
    if choice == "Wallet":
        yield Become(wallet, spent=1)
    if choice == "Market":
        yield Become(market)
    if choice == "Fail":
        raise LookupError("a fault")
    yield Say("Once more.")
    yield Become(hall)


_TYPED = st.sampled_from(["1", "2", "3", "4", "0", "00", "9", "#", "", "Tea", "done", "yes", "5", "x", "Ama", "ɛ", "20"])
_SCRIPTS = st.lists(st.one_of(_TYPED, _TYPED, _TYPED, st.just("dial again")), max_size=14)


async def through_a_runtime(subject: Flow[..., Any], script: list[str], platform: str, options: dict[str, Any]) -> list[str]:
    """Hold a conversation as a service does, and give what was shown each time, choices included."""
    settings = {name: options[name] for name in ("navigation", "resume") if name in options}
    runtime = Runtime(apology="(raised)", park_after=None, **settings)
    shown: list[str] = []
    requests = 1

    async def send(**fields: Any) -> bool:
        known: dict[str, Any] = {"platform": platform, "gateway": "test", "msisdn": "+233244123456", "user_id": "+233244123456"}
        message = Inbound(**known, request_id=f"{requests}", message_id=None if platform == "ussd" else f"{len(shown)}", **fields)
        screen = Screen() if platform == "ussd" else None
        reply = await runtime.handle(subject, message, screen=screen, sessions=options.get("sessions"))
        shown.append("\n".join([reply.text, *(f"{choice.key}. {choice.label}" for choice in reply.choices)]))
        return reply.end

    async def dial() -> bool:
        return await send(dialled="*920*77#", new=True) if platform == "ussd" else await send(text="Hi")

    ended = await dial()
    for typed in script:
        if typed == "dial again":
            requests += 1
            ended = await dial()
        elif platform == "ussd" and ended:
            break
        else:
            ended = await send(text=typed)
    await runtime.close()
    return shown


def through_a_conversation(subject: Flow[..., Any], script: list[str], platform: str, options: dict[str, Any]) -> list[str]:
    """Hold the same conversation as a test does."""
    talk = Conversation(subject, platform=platform, calls={"price": price, "undo price": put_back}, **options)
    shown = [talk.screen]
    for typed in script:
        try:
            if typed == "dial again":
                talk.dial()
            else:
                talk.type(typed)
        except AssertionError as error:
            if "the conversation has ended" in str(error):
                break
            raise
        except Exception:
            shown.append("(raised)")
        else:
            shown.append(talk.screen)
    return shown


_WAYS: list[dict[str, Any]] = [
    {},
    {"navigation": Navigation(back="0", start="00", keep="9")},
    {"sessions": DURABLE},
    {"sessions": DURABLE, "resume": Resume(), "navigation": Navigation(back="0")},
]


@pytest.mark.parametrize("platform", ["ussd", "telegram"])
@settings(max_examples=120, deadline=None)
@given(st.sampled_from([market, hall, tea]), _SCRIPTS, st.sampled_from(_WAYS))
@example(market, ["3", "0", "2"], _WAYS[1])  # what is gone back past cannot be taken back
@example(market, ["2", "1", "x", "y", "1"], _WAYS[0])  # no attempts are left
@example(hall, ["Ama", "Accra", "#", "0", "4", "3"], _WAYS[0])  # pages are turned, and the flow raises
@example(hall, ["Ama", "Accra", "1", "dial again", "2", "dial again", "1"], _WAYS[3])  # asked whether to go on
def test_a_test_sees_what_a_service_shows(
    platform: str, subject: Flow[..., Any], script: list[str], options: dict[str, Any]
) -> None:
    """Whatever is typed, a scripted conversation and a runtime show the same, message by message."""
    served = asyncio.run(through_a_runtime(subject, script, platform, options))
    assert through_a_conversation(subject, script, platform, options) == served


@flow
def sceptic() -> Steps[None]:
    """Makes sure of something by itself, and catches what it calls."""
    name = yield from Prompt("name", "Name?")
    assert name != "Ama", "not Ama"
    try:
        yield from Call(never, name, key="greet")
    except CallFailed:
        yield Say("Not greeted.")
    yield Say("Goodbye.")


def test_an_assertion_of_the_flow_is_what_the_flow_raises() -> None:
    """It is told as that, and not as something of the test."""
    with pytest.raises(AssertionError, match="not Ama"):
        Conversation(sceptic).type("Ama")
    (fault,) = explore(sceptic, calls={"greet": None}, check=False).faults
    assert fault.message.startswith("the flow raises AssertionError: not Ama")


def test_an_assertion_of_a_function_in_the_table_fails_the_test() -> None:
    """A flow that catches what fails does not hide it."""

    def greet(name: str) -> None:
        assert name == "Kofi", "somebody else is greeted"

    talk = Conversation(sceptic, calls={"greet": greet})
    with pytest.raises(AssertionError, match="somebody else is greeted"):
        talk.type("Yaw")
    with pytest.raises(AssertionError, match="somebody else is greeted"):
        explore(sceptic, calls={"greet": greet}, answers={"name": "Yaw"})


def test_what_comes_in_turn_begins_anew_with_each_conversation() -> None:
    """One table serves many tests; where many conversations are held at once it says that it cannot."""
    table = {"greet": in_turn(None)}
    for _ in range(2):
        assert Conversation(sceptic, calls=table).type("Yaw").ended
    with pytest.raises(ConfigurationError, match=r"what comes in turn is for one conversation.*calls\['greet'\]"):
        explore(sceptic, calls=table)


def test_a_session_lives_on_from_the_message_in_which_a_process_died() -> None:
    """It was saved then."""
    talk = Conversation(sceptic, calls={"greet": None}, sessions=SessionConfig(ttl=600))
    talk.wait(590).crash("Yaw").wait(400)
    assert talk.type("Yaw").said == ["Goodbye."]
    first, again = talk.calls
    assert first.token == again.token


_KNOWN = {"Ama"}


def known(text: str) -> str:
    """Read one of the names that are known."""
    if text not in _KNOWN:
        raise ValueError("Who is that?")
    return text


@pytest.mark.parametrize("names", [{"Ama"}, {"yes"}, {"12345"}])
def test_what_a_question_takes_may_change_from_test_to_test(names: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out in one test is not used in another."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("name", "Name?", transform=known)
        yield Say("Hello.")

    monkeypatch.setattr(sys.modules[__name__], "_KNOWN", names)
    assert {dialogue.passages[1].did.text for dialogue in explore(asking).ends} == names


@pytest.mark.parametrize("misspelt", [{"navigaton": None}, {"call": {}}, {"answer": {}}])
def test_options_that_are_none_are_refused(misspelt: dict[str, Any]) -> None:
    """A test that does not say what it means proves something else."""
    for hold in (Conversation, explore):
        with pytest.raises(ConfigurationError, match=f"there is no option '{next(iter(misspelt))}'"):
            hold(sceptic, **misspelt)


def test_a_pasted_test_has_the_calls_of_a_turn_that_differs() -> None:
    """It comes to the same failure."""

    @flow
    def chancy() -> Steps[None]:
        yield from Prompt("a", "A?", choices=["x", "y"])
        yield from Call(never, random.random(), key="pay")
        yield Say("Done.")

    (fault,) = explore(chancy, calls={"pay": 1}, check=False).faults
    names: dict[str, Any] = {**vars(flowdsl.testing), "chancy": chancy}
    exec(fault.dialogue.as_test(), names)
    with pytest.raises(ReplayDiffers, match="it called 'pay' with"):
        names["test_chancy"]()
