"""Replay: the same journal gives the same conversation, and changed code never misreads an answer."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import Prompt, Run, Say, Steps, choices, flow
from flowdsl.errors import LimitExceeded, UnstorableValue
from flowdsl.flow import Flow
from flowdsl.interpreter import play
from flowdsl.journal import PROMPT, Entry
from flowdsl.outcome import Asked, Divergence, Limits, Outcome
from flowdsl.replay import Replay
from flowdsl.texts import plain


def place(mark: str) -> str:
    """Find the line of this file that ends with a mark, as ``file:line``."""
    file = place.__code__.co_filename
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(f"# here: {mark}")]
    return f"{file}:{number}"


def stored(entries: list[Entry]) -> list[Entry]:
    """Write entries down as JSON text and read them back, as a store does between two turns."""
    return msgspec.json.decode(msgspec.json.encode(entries), type=list[Entry])


@dataclass(frozen=True)
class Talk:
    """Where a conversation stands between two turns: what a store keeps of it, and what the last turn showed."""

    code: Flow[..., Any]
    last: Outcome

    def types(self, text: str) -> "Talk":
        """Answer what is on the screen."""
        return Talk(self.code, self._play(self.code, text))

    def deploys(self, code: Flow[..., Any], text: str | None = None) -> "Talk":
        """Go on with other code; ``None`` where the person only dials again."""
        return Talk(code, self._play(code, text))

    def _play(self, code: Flow[..., Any], text: str | None) -> Outcome:
        last = self.last
        return play(code, None, stored(last.journal), text, aside=stored(last.aside), asked=last.asked)

    @property
    def said(self) -> list[str]:
        """What is said on the screen."""
        return [plain(say.text) for say in self.last.said]

    @property
    def question(self) -> str | None:
        """The key of the question on the screen."""
        return None if self.last.prompt is None else self.last.prompt.key

    @property
    def answers(self) -> list[tuple[str, Any]]:
        """Keys and stored values of the journal."""
        return [(entry.key, entry.value) for entry in self.last.journal]

    @property
    def aside(self) -> list[tuple[str, Any]]:
        """Keys and stored values of what was set aside."""
        return [(entry.key, entry.value) for entry in self.last.aside]


def begin(code: Flow[..., Any], *texts: str) -> Talk:
    """Start a conversation and answer its first questions."""
    talk = Talk(code, play(code, None, []))
    for text in texts:
        talk = talk.types(text)
    return talk


# Rule 1: a turn shows what is said, then the question it waits for, or the end.


@flow
def registration() -> Steps[dict[str, Any]]:
    """Ask three questions and say something around each."""
    yield Say("Welcome!")
    name = yield Prompt("name", "Name?", transform=str.title)
    yield Say(f"Hello, {name}!")
    yield Say("One moment.")
    age = yield Prompt("age", f"How old are you, {name}?", transform=int)
    if not (yield Prompt.confirm("sure", f"{name}, {age}?")):
        return {}
    yield Say("Thank you.")
    return {"name": name, "age": age}


def test_the_first_turn_shows_the_first_question() -> None:
    """Without an answer a flow runs up to its first question, and nothing is journaled."""
    talk = begin(registration)
    assert talk.said == ["Welcome!"]
    assert talk.question == "name"
    assert talk.answers == []
    assert talk.last.asked == Asked("name", "")
    assert (talk.last.result, talk.last.answered, talk.last.rejected, talk.last.divergence) == (None, None, None, None)


def test_an_answer_leads_to_the_next_question() -> None:
    """The accepted, transformed value reaches the flow and the journal, under the question's key."""
    talk = begin(registration, "ama")
    assert talk.answers == [("name", "Ama")]
    assert talk.last.answered == "name"
    assert talk.last.prompt is not None
    assert talk.last.prompt.text == "How old are you, Ama?"


def test_the_last_answer_leads_to_the_end() -> None:
    """A flow that returns has no question left, and what it returned is the result."""
    talk = begin(registration, "ama", "40", "yes")
    assert (talk.question, talk.last.asked) == (None, None)
    assert talk.said == ["Thank you."]
    assert talk.last.result == {"name": "Ama", "age": 40}
    assert talk.answers == [("name", "Ama"), ("age", 40), ("sure", True)]


def test_a_flow_may_end_early() -> None:
    """A return in the middle is an end like any other."""
    talk = begin(registration, "ama", "40", "2")
    assert (talk.question, talk.said, talk.last.result) == (None, [], {})


def test_dialling_again_shows_the_same_screen() -> None:
    """Without an answer a turn changes nothing and says again what is on the screen."""
    before = begin(registration, "ama")
    after = before.deploys(registration)
    assert (after.said, after.question, after.answers) == (before.said, before.question, before.answers)
    assert after.last.answered is None


def test_a_flow_that_asks_nothing_ends_at_once() -> None:
    """What is said with no question after it is the end; an answer to nothing is not used."""

    @flow
    def news() -> Steps[int]:
        yield Say("All is well.")
        return 7

    for text in (None, "hello?"):
        outcome = play(news, None, [], text)
        assert ([plain(say.text) for say in outcome.said], outcome.result) == (["All is well."], 7)
        assert (outcome.prompt, outcome.journal, outcome.answered) == (None, [], None)


def test_one_text_answers_one_question() -> None:
    """The text that answered one question is not used again for the next, not even one with the same key."""

    @flow
    def twice() -> Steps[None]:
        yield Prompt("name", "First name?")
        yield Prompt("name", "Last name?")

    talk = begin(twice, "Ama")
    assert talk.last.prompt is not None
    assert talk.last.prompt.text == "Last name?"
    assert talk.answers == [("name", "Ama")]


@pytest.mark.parametrize("entries", [[], [("name", "Ama")], [("name", "Ama"), ("gone", 1)], [("gone", 1), ("name", "Ama")]])
@pytest.mark.parametrize("old", [[], [("old", 2), ("age", 40)]], ids=["", "set aside"])
def test_a_turn_changes_nothing_that_it_was_given(entries: list[tuple[str, Any]], old: list[tuple[str, Any]]) -> None:
    """The journal of the turn before stays as it was, whatever happens: the caller may have to start over from it."""
    journal = [Entry(PROMPT, key, "", value) for key, value in entries]
    aside = [Entry(PROMPT, key, "", value) for key, value in old]
    before = stored(journal), stored(aside)
    for text in (None, "1", "wrong"):
        play(registration, None, journal, text, aside=aside)
        assert (journal, aside) == before


def test_media_and_all_else_of_a_step_come_out_with_it() -> None:
    """The very steps that the flow yielded come out, not copies with less in them."""
    say, prompt = Say("Hello"), Prompt("name", "Name?", invalid="No.")  # type: ignore[call-overload]

    @flow
    def fixed() -> Steps[None]:
        yield say
        yield prompt

    outcome = play(fixed, None, [])
    assert outcome.said[0] is say
    assert outcome.prompt is prompt


@pytest.mark.parametrize(
    ("transform", "value"),
    [
        (lambda text: False, False),
        (lambda text: 0, 0),
        (lambda text: 0.0, 0.0),
        (lambda text: "", ""),
        (lambda text: None, None),
        (lambda text: [], []),
        (lambda text: {}, {}),
        (lambda text: (), ()),
        (None, ""),
    ],
    ids=["False", "0", "0.0", "empty text", "None", "empty list", "empty dict", "empty tuple", "nothing typed"],
)
def test_an_answer_that_is_falsy_is_an_answer(transform: Callable[[str], Any] | None, value: object) -> None:
    """No, zero, nothing and None go on to the next question, in this turn and in every replay."""
    seen = []

    @flow
    def asks() -> Steps[None]:
        seen.append((yield Prompt("first", "First?", transform=transform or str)))
        yield Prompt("second", "Second?")
        yield Prompt("third", "Third?")

    talk = begin(asks, "")
    assert talk.question == "second"
    assert talk.types("x").question == "third"
    assert seen == [value, value]
    assert [type(each) for each in seen] == [type(value)] * 2


def test_no_to_a_confirmation_is_an_answer() -> None:
    """The person who says no is not asked again."""
    assert begin(registration, "ama", "40", "no").question is None


@flow
def shopping() -> Steps[list[str]]:
    """Ask the same question until the person has enough."""
    basket: list[str] = []
    while True:
        item = yield Prompt("item", f"Item {len(basket) + 1}?")
        if item == "done":
            return basket
        basket.append(item)
        if not (yield Prompt.confirm("more", "More?")):
            return basket


def test_a_key_that_repeats_takes_its_answers_in_order() -> None:
    """In a loop the n-th question of a key has the n-th answer, and all of them replay."""
    talk = begin(shopping, "rice", "yes", "oil", "yes", "done")
    assert talk.last.result == ["rice", "oil"]
    assert [value for key, value in talk.answers if key == "item"] == ["rice", "oil", "done"]
    assert play(shopping, None, stored(talk.last.journal)).result == ["rice", "oil"]


# Rule 3: what was said before the last accepted answer is not said again.


def test_what_was_said_before_the_last_answer_is_not_said_again() -> None:
    """Each turn shows only what is new since the answer before it."""
    said = [begin(registration).said, begin(registration, "ama").said, begin(registration, "ama", "40").said]
    assert said == [["Welcome!"], ["Hello, Ama!", "One moment."], []]


def test_a_rejected_answer_says_again_what_belongs_to_the_question() -> None:
    """What was said since the last accepted answer is still there when an answer was not accepted."""
    talk = begin(registration, "ama", "old")
    assert talk.said == ["Hello, Ama!", "One moment."]
    assert talk.last.rejected == "Please enter a whole number."


# Answers: rejected and accepted.


def too_short(text: str) -> str | None:
    return "Too short." if len(text) < 3 else None


def even(text: str) -> int:
    if int(text) % 2:
        raise ValueError("An even number, please.")
    return int(text)


def silent(text: str) -> str:
    raise ValueError


def unspeakable(text: str) -> str:
    raise ValueError(7)


@dataclass
class Between:
    """A transform with settings of its own; two of them with the same settings are equal."""

    low: int
    high: int

    def __call__(self, text: str) -> int:
        """Read a whole number of the range."""
        if not self.low <= int(text) <= self.high:
            raise ValueError(f"From {self.low} to {self.high}, please.")
        return int(text)


class Plan(Enum):
    """A choice."""

    DAY = 1
    WEEK = 7


class Paint(StrEnum):
    """Texts that are equal to plain ones."""

    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("prompt", "text", "message"),
    [
        (Prompt("k", "?", validate=too_short), "ab", "Too short."),
        (Prompt("k", "?", transform=even), "3", "An even number, please."),
        (Prompt("k", "?", transform=int), "ten", "Please enter a whole number."),
        (Prompt("k", "?", transform=float), "ten", "Please enter a number."),
        (Prompt("k", "?", transform=Decimal), "ten", "Please enter a number."),
        (Prompt("k", "?", transform=float), "nan", "Please enter a number."),
        (Prompt("k", "?", transform=float), "1e999", "Please enter a number."),
        (Prompt("k", "?", transform=Decimal), "Infinity", "Please enter a number."),
        (Prompt("k", "?", transform=Decimal), "sNaN", "Please enter a number."),
        (Prompt("k", "?", transform=date.fromisoformat), "tomorrow", "Please enter a date such as 2026-12-31."),
        (Prompt("k", "?", transform=time.fromisoformat), "noon", "Please enter a time such as 18:30."),
        (
            Prompt("k", "?", transform=datetime.fromisoformat),
            "tomorrow",
            "Please enter a date and a time such as 2026-12-31 18:30.",
        ),
        (Prompt("k", "?", transform=UUID), "1", "That is not a valid answer."),
        (Prompt("k", "?", transform=int, invalid="Digits only!"), "ten", "Digits only!"),
        (Prompt("k", "?", transform=float, invalid="Digits only!"), "nan", "Digits only!"),
        (Prompt("k", "?", transform=silent, invalid="Once more."), "x", "Once more."),
        (Prompt("k", "?", transform=Between(1, 5), invalid="No."), "9", "From 1 to 5, please."),
        (Prompt("k", "?", transform=silent), "x", "That is not a valid answer."),
        (Prompt("k", "?", transform=unspeakable), "x", "That is not a valid answer."),
        (Prompt("k", "?", transform=Between(1, 5)), "9", "From 1 to 5, please."),
        (Prompt("k", "?", validate=too_short, transform=even), "3", "Too short."),
        (Prompt("k", "?", choices=["a", "b"]), "3", "Please choose one of the options."),
        (Prompt("k", "?", choices=["a", "b"], invalid="Pick one."), "", "Pick one."),
        (Prompt("k", "?", choices=["a", "b"], validate=lambda key: f"Not {key}." if key == "b" else None), "2", "Not b."),
        (Prompt("k", "?", choices=[5, 10], validate=lambda key: "Sold out." if key == 10 else None), "2", "Sold out."),
    ],
)
def test_a_rejected_answer_says_why_and_changes_nothing(prompt: Prompt[Any], text: str, message: str) -> None:
    """The person reads what was wrong, the same question stays, and nothing is journaled."""

    @flow
    def asks() -> Steps[None]:
        yield Prompt("before", "Before?")
        yield prompt
        yield Prompt("after", "After?")

    before = begin(asks, "x")
    after = before.types(text)
    assert after.last.rejected == message
    assert (after.question, after.answers, after.last.asked) == ("k", before.answers, before.last.asked)
    assert after.last.answered is None


@pytest.mark.parametrize(
    ("prompt", "text", "value", "free"),
    [
        (Prompt("k", "?"), " any Text ", " any Text ", True),
        (Prompt("k", "?", transform=str.upper), "x", "X", True),
        (Prompt("k", "?", transform=str.strip), "", "", True),
        (Prompt("k", "?", validate=too_short), "abc", "abc", False),
        (Prompt("k", "?", transform=int), " 12 ", 12, False),
        (Prompt("k", "?", transform=Decimal), "2.50", {"$decimal": "2.50"}, False),
        (Prompt("k", "?", transform=Plan.__getitem__, choices=["DAY"]), "1", {"$enum": ["Plan", "DAY"]}, False),
        (Prompt("k", "?", choices=Plan), "week", {"$enum": ["Plan", "WEEK"]}, False),
        (Prompt("k", "?", choices=[5, 10]), "2", 10, False),
        (Prompt("k", "?", choices={"5": "Five"}, transform=int), "1", 5, False),
        (Prompt("k", "?", choices=[5, 10], transform=lambda key: key + 1), "2", 11, False),
        (Prompt("k", "?", transform=Between(1, 5)), "3", 3, False),
    ],
)
def test_an_accepted_answer_is_journaled(prompt: Prompt[Any], text: str, value: object, free: bool) -> None:
    """The journal holds what the flow is given; a page key is an answer only where not just any text would have done."""

    @flow(types=[Plan])
    def asks() -> Steps[None]:
        yield prompt
        yield Prompt("after", "After?")

    talk = begin(asks, text)
    assert talk.question == "after"
    assert talk.answers == [("k", value)]
    turning = play(asks, None, [], text, page_key=True)
    assert turning.stray is free
    assert [entry.key for entry in turning.journal] == ([] if free else ["k"])


def test_types_that_a_prompt_shows_need_not_be_named() -> None:
    """An enum given as choices, or as the transform, comes back as its member without being named in the flow."""
    seen = []

    @flow
    def asks() -> Steps[None]:
        seen.append((yield Prompt("plan", "Plan?", choices=Plan)))
        seen.append((yield Prompt("again", "Again?", choices={Plan.DAY: "Daily"})))
        seen.append((yield Prompt("days", "Days?", transform=lambda text: int(text), choices=["1", "7"])))
        yield Prompt("after", "After?")

    begin(asks, "2", "1", "7").types("x")
    assert seen[-3:] == [Plan.WEEK, Plan.DAY, 7]


def test_neither_validate_nor_transform_runs_again() -> None:
    """What accepted an answer is not asked again on replay: a look-up in it happens once."""
    calls = []

    def look_up(text: str) -> str:
        calls.append(("transform", text))
        return text.upper()

    def check(text: str) -> str | None:
        calls.append(("validate", text))
        return None

    @flow
    def asks() -> Steps[None]:
        for key in ("a", "b", "c"):
            yield Prompt(key, "?", validate=check, transform=look_up)
        yield Prompt("last", "?")

    talk = begin(asks, "1", "2", "3")
    talk.deploys(asks)
    assert calls == [(what, text) for text in "123" for what in ("validate", "transform")]


# Flows made of flows.


def address() -> Steps[str]:
    """Ask for an address, in two questions below the flow."""
    town = yield from Prompt("town", "Town?")
    yield from Say(f"{town} it is.")
    return f"{(yield from street())}, {town}"


def street() -> Steps[str]:
    """Ask one question two levels below the flow."""
    return (yield from Prompt("street", "Street?", transform=str.title))


def test_sub_generators_ask_as_the_flow_itself_does() -> None:
    """Questions of nested generators are asked, journaled and replayed in their place, and return their results."""

    @flow
    def delivery() -> Steps[list[str]]:
        found = []
        for kind in ("home", "work"):
            yield Say(kind)
            found.append((yield from address()))
        return found

    talk = begin(delivery, "Accra", "ring road")
    assert (talk.question, talk.said) == ("town", ["work"])
    assert talk.types("Kumasi").said == ["Kumasi it is."]
    ended = talk.types("Kumasi").types("high street")
    assert ended.last.result == ["Ring Road, Accra", "High Street, Kumasi"]
    assert [key for key, _ in ended.answers] == ["town", "street"] * 2


# Rule 2: changed code.


def asking(*prompts: Prompt[Any]) -> Flow[..., list[tuple[str, Any]]]:
    """Make a flow that asks some questions, says each answer, and returns them all."""

    @flow(name="asking")
    def conversation() -> Steps[list[tuple[str, Any]]]:
        answers = []
        for prompt in prompts:
            answers.append((prompt.key, (yield prompt)))  # here: asks
            yield Say(f"{prompt.key} is {answers[-1][1]}.")
        return answers

    return conversation


NAME = Prompt("name", "Name?")
AGE = Prompt("age", "Age?")
PIN = Prompt("pin", "PIN?")
TOWN = Prompt("town", "Town?")
PLAN = Prompt("plan", "Plan?", choices=["day", "week"])
OTHER_PLAN = Prompt("plan", "Plan?", choices=["day", "week", "month"])
PLAN_IN_TWI = Prompt("plan", "Plan bɛn?", choices={"day": "Da", "week": "Dapɛn"})
FREE_PLAN = Prompt("plan", "Plan?")


def diverged(expected: str, found: str | None, mark: str = "asks") -> Divergence:
    return Divergence(expected, found, place(mark) if found is not None else "its end")


CHANGES: dict[
    str, tuple[list[Prompt[Any]], list[str], list[Prompt[Any]], list[str], list[str], str | None, tuple[Any, Any] | None]
]
CHANGES = {
    # before, what was answered, after | answers used, answers set aside, question now open, divergence
    "swapped": ([NAME, AGE, PIN], ["Kofi", "42"], [AGE, NAME, PIN], ["42", "Kofi"], [], "pin", ("name", "age")),
    "removed last": ([NAME, AGE, PIN], ["Kofi", "42"], [NAME, PIN], ["Kofi"], ["42"], "pin", ("age", "pin")),
    "removed": ([NAME, AGE, TOWN], ["Kofi", "42"], [AGE, TOWN], ["42"], ["Kofi"], "town", ("name", "age")),
    "new in front": ([NAME, AGE], ["Kofi"], [PIN, NAME, AGE], [], ["Kofi"], "pin", ("name", "pin")),
    "new between": ([NAME, AGE, TOWN], ["Kofi", "42"], [NAME, PIN, AGE, TOWN], ["Kofi"], ["42"], "pin", ("age", "pin")),
    "new at the end": ([NAME, AGE], ["Kofi"], [NAME, PIN, AGE], ["Kofi"], [], "pin", None),
    "open one removed": ([NAME, AGE], ["Kofi"], [NAME], ["Kofi"], [], None, None),
    "all others": ([NAME, AGE, PIN], ["Kofi", "42"], [TOWN], [], ["Kofi", "42"], "town", ("name", "town")),
    "all removed": ([NAME, AGE, PIN], ["Kofi", "42"], [], [], ["Kofi", "42"], None, ("name", None)),
    "more choices": ([PLAN, AGE], ["week"], [OTHER_PLAN, AGE], [], ["week"], "plan", ("plan", "plan")),
    "no choices now": ([PLAN, AGE], ["week"], [FREE_PLAN, AGE], [], ["week"], "plan", ("plan", "plan")),
    "choices now": ([FREE_PLAN, AGE], ["week"], [PLAN, AGE], [], ["week"], "plan", ("plan", "plan")),
    "new labels": ([PLAN, AGE], ["week"], [PLAN_IN_TWI, AGE], ["week"], [], "age", None),
    "loop shorter": ([NAME, NAME, AGE], ["Kofi", "Ama"], [NAME, AGE], ["Kofi"], ["Ama"], "age", ("name", "age")),
    "new in a loop": ([NAME, NAME, AGE], ["Kofi", "Ama"], [NAME, TOWN, NAME], ["Kofi"], ["Ama"], "town", ("name", "town")),
}


@pytest.mark.parametrize(
    ("before", "texts", "after", "used", "aside", "question", "divergence"), CHANGES.values(), ids=CHANGES.keys()
)
def test_answers_find_their_question_when_the_code_changed(
    before: list[Prompt[Any]],
    texts: list[str],
    after: list[Prompt[Any]],
    used: list[str],
    aside: list[str],
    question: str | None,
    divergence: tuple[str, str | None] | None,
) -> None:
    """The prefix that fits stays, a new question is asked, an answer without its question is set aside, and it is reported."""
    old = begin(asking(*before), *texts)
    new = old.deploys(asking(*after))
    assert [value for _, value in new.answers] == used
    assert [value for _, value in new.aside] == aside
    assert {*new.answers, *new.aside} == {*old.answers}
    assert new.question == question
    assert new.last.divergence == (None if divergence is None else diverged(*divergence))


def test_repeated_answers_keep_their_order_when_the_code_changed() -> None:
    """After a change in a loop the first question of a key still has the first answer."""
    old = begin(asking(NAME, NAME, AGE), "Kofi", "Ama")
    new = old.deploys(asking(NAME, TOWN, NAME, AGE)).types("Accra")
    assert new.answers == [("name", "Kofi"), ("town", "Accra"), ("name", "Ama")]
    assert (new.question, new.aside) == ("age", [])


def test_an_answer_set_aside_is_taken_by_its_own_question_later() -> None:
    """What was set aside for a new question is used, once, when the code comes to the question it answered."""
    old = begin(asking(NAME, AGE, PIN), "Kofi", "42")
    new = old.deploys(asking(TOWN, NAME, AGE, PIN))
    assert new.aside == [("name", "Kofi"), ("age", "42")]
    answered = new.types("Accra")
    assert answered.answers == [("town", "Accra"), ("name", "Kofi"), ("age", "42")]
    assert (answered.aside, answered.question, answered.said) == ([], "pin", ["age is 42."])


def test_an_answer_set_aside_outlives_turns_that_do_not_ask_for_it() -> None:
    """Nothing that was answered is thrown away: rolling the code back finds the answers again."""
    first = asking(NAME, AGE, PIN)
    talk = begin(first, "Kofi", "42").deploys(asking(TOWN, PIN)).types("Accra")
    assert (talk.question, talk.aside) == ("pin", [("name", "Kofi"), ("age", "42")])
    back = talk.deploys(first)
    assert (back.answers, back.aside, back.question) == ([("name", "Kofi"), ("age", "42")], [("town", "Accra")], "pin")


def test_an_answer_set_aside_is_not_taken_by_another_question() -> None:
    """Only the same key with the same choices takes it: another question is asked although an answer lies there."""
    talk = begin(asking(PLAN, AGE), "week").deploys(asking(TOWN, OTHER_PLAN, FREE_PLAN, AGE)).types("Accra")
    assert (talk.question, talk.last.asked, talk.aside) == (
        "plan",
        Asked("plan", OTHER_PLAN.menu.fingerprint),
        [("plan", "week")],
    )
    assert talk.types("3").last.asked == Asked("plan", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([NAME, AGE], [NAME, PIN, AGE]),
        ([NAME, AGE], [NAME, PIN]),
        ([NAME, AGE], [PIN, NAME, AGE]),
        ([NAME, PLAN], [NAME, OTHER_PLAN]),
        ([NAME, PLAN], [NAME, FREE_PLAN]),
        ([NAME, FREE_PLAN], [NAME, PLAN]),
        ([NAME, AGE], [NAME]),
    ],
)
def test_what_is_typed_for_a_question_that_is_not_asked_first_is_not_used(
    before: list[Prompt[Any]], after: list[Prompt[Any]]
) -> None:
    """The code changed while a person was typing: the text answers neither another question nor this one before its turn."""
    old = begin(asking(*before), "Kofi")
    new = old.deploys(asking(*after), "1")
    seen = old.deploys(asking(*after))
    assert (new.answers, new.aside, new.question, new.said) == (seen.answers, seen.aside, seen.question, seen.said)
    assert (new.last.answered, new.last.rejected) == (None, None)


def test_what_is_typed_for_the_question_that_is_still_asked_is_used() -> None:
    """A change elsewhere in the code does not cost the person the answer just typed."""
    old = begin(asking(NAME, TOWN, PLAN), "Kofi", "Accra")
    new = old.deploys(asking(NAME, PLAN_IN_TWI, PIN), "2")
    assert (new.answers, new.aside) == ([("name", "Kofi"), ("plan", "week")], [("town", "Accra")])
    assert (new.last.answered, new.question) == ("plan", "pin")


def test_a_divergence_is_reported_where_the_code_differs() -> None:
    """The report names what the journal answers next, what the code asks, and the line, also below other generators."""

    def asks_below() -> Steps[None]:
        yield from Prompt("town", "Town?")  # here: asks below

    @flow
    def changed() -> Steps[None]:
        yield Prompt("name", "Name?")
        yield Say("Next.")
        yield from asks_below()

    talk = begin(asking(NAME, AGE, PIN), "Kofi", "42").deploys(changed)
    assert talk.last.divergence == diverged("age", "town", "asks below")


def test_a_divergence_is_reported_once() -> None:
    """The turns after the one that met the change go on without a word, since the journal fits again."""
    talk = begin(asking(NAME, AGE, PIN), "Kofi", "42").deploys(asking(NAME, TOWN, PIN))
    assert talk.last.divergence is not None
    assert talk.types("Accra").last.divergence is None


def test_unchanged_code_does_not_diverge() -> None:
    """No turn of an unchanged flow reports anything or sets anything aside."""
    talk = begin(registration)
    for text in ("ama", "wrong", "40", "yes"):
        talk = talk.types(text)
        assert (talk.last.divergence, talk.aside) == (None, [])


def test_a_stored_answer_that_its_class_no_longer_has_is_an_error_with_its_place() -> None:
    """A member that was removed from an enum is reported with flow, line and cure, not guessed at."""
    journal = [Entry(PROMPT, "plan", "", {"$enum": ["Plan", "YEAR"]})]

    @flow(types=[Plan])
    def asks() -> Steps[None]:
        yield Prompt("plan", "Plan?", transform=Plan.__getitem__)  # here: a member that is gone

    with pytest.raises(UnstorableValue, match="a stored Plan that no longer fits its class") as told:
        play(asks, None, journal)
    assert str(told.value).startswith(f"flow 'asks' at {place('a member that is gone')}: ")


# Rule 6: limits.


def test_a_journal_does_not_grow_beyond_its_limit() -> None:
    """As many answers as the limit allows are taken; one more is an error that names flow and line."""

    @flow
    def endless() -> Steps[None]:
        while True:
            yield Prompt("again", "Again?")  # here: asks for ever

    limits = Limits(entries=3)
    journal: list[Entry] = []
    for _ in range(3):
        journal = play(endless, None, journal, "x", limits=limits).journal
    assert len(journal) == 3
    assert play(endless, None, journal, limits=limits).prompt is not None
    with pytest.raises(LimitExceeded, match="more than 3 answers in one conversation") as told:
        play(endless, None, journal, "x", limits=limits)
    assert str(told.value).startswith(f"flow 'endless' at {place('asks for ever')}: ")


def test_things_said_are_counted_from_the_last_answer() -> None:
    """A long conversation that says something after each answer does not run into the limit of a loop."""

    @flow
    def talkative() -> Steps[int]:
        for _ in range(50):
            yield Say("So.")
            yield Say("And?")
            yield Prompt("again", "Again?")
        return 50

    talk = begin(talkative)
    outcome = talk.last
    for _ in range(50):
        outcome = play(talkative, None, outcome.journal, "x", limits=Limits(steps=2))
    assert outcome.result == 50


# Rules 1 to 4, for flows that nobody thought of.

PROMPTS: dict[str, Callable[[str], Prompt[Any]]] = {
    "text": lambda key: Prompt(key, f"{key}?"),
    "number": lambda key: Prompt(key, f"{key}?", transform=int),
    "money": lambda key: Prompt(key, f"{key}?", transform=Decimal),
    "words": lambda key: Prompt(key, f"{key}?", transform=str.split),
    "nothing": lambda key: Prompt(key, f"{key}?", transform=lambda text: None),
    "short": lambda key: Prompt(key, f"{key}?", validate=lambda text: "Too long." if len(text) > 3 else None),
    "choice": lambda key: Prompt(key, f"{key}?", choices=[10, 2, 1]),
    "mapping": lambda key: Prompt(key, f"{key}?", choices={"2": "Two", "1": "One"}),
    "member": lambda key: Prompt(key, f"{key}?", choices=Plan),
    "confirm": lambda key: Prompt.confirm(key, f"{key}?"),
}
STEP = st.tuples(st.sampled_from("abcd"), st.sampled_from(["say", *PROMPTS]))
STEPS = st.lists(STEP, max_size=8)
TEXT = st.sampled_from(["1", "2", "3", "0", "", "yes", "no", "12", "1.5", "day", "Two", "Ama Ɔsɛe", "a b c"])


def asked_by(step: tuple[str, str]) -> Asked | None:
    """Tell which question a step asks."""
    key, kind = step
    return None if kind == "say" else Asked(key, PROMPTS[kind](key).menu.fingerprint)


def built(steps: list[tuple[str, str]]) -> Flow[..., list[tuple[Asked, Any]]]:
    """Build a flow of steps, the latter half of them in a generator below; it returns what it was answered."""
    middle = len(steps) // 2

    def ask(some: list[tuple[str, str]]) -> Steps[list[tuple[Asked, Any]]]:
        answers = []
        for key, kind in some:
            asked = asked_by((key, kind))
            if asked is None:
                yield Say(key)
            else:
                answers.append((asked, (yield PROMPTS[kind](key))))
        return answers

    @flow(name="built", types=[Plan])
    def conversation() -> Steps[list[tuple[Asked, Any]]]:
        first = yield from ask(steps[:middle])
        second = yield from ask(steps[middle:])
        return [*first, *second]

    return conversation


def shown(outcome: Outcome) -> tuple[list[str], Asked | None, Any, list[Entry]]:
    """Give what a person sees of a turn, and what is kept of it."""
    return [plain(say.text) for say in outcome.said], outcome.asked, outcome.result, outcome.journal


@given(STEPS, st.lists(TEXT, max_size=16))
@settings(deadline=None, max_examples=300)
def test_playing_turn_by_turn_is_replaying_it_cold(steps: list[tuple[str, str]], texts: list[str]) -> None:
    """At every point the journal, read back from a store by a new process, gives the screen and the answers it was left at."""
    code = built(steps)
    talk = begin(code)
    for text in texts:
        before, talk = talk, talk.types(text)
        cold = play(built(steps), None, stored(talk.last.journal))
        assert shown(cold) == shown(talk.last)
        assert (talk.last.divergence, talk.last.aside, cold.divergence) == (None, [], None)
        taken = len(talk.last.journal) - len(before.last.journal)
        assert taken == (before.last.prompt is not None and talk.last.rejected is None)
        assert talk.last.answered == (before.question if taken else None)
        assert talk.last.journal[: len(before.last.journal)] == before.last.journal
        assert (talk.last.rejected is None) or (shown(talk.last) == shown(before.last))


@given(STEPS.filter(bool), st.lists(TEXT, min_size=1, max_size=16))
@settings(deadline=None)
def test_a_flow_is_given_every_answer_under_its_own_question(steps: list[tuple[str, str]], texts: list[str]) -> None:
    """What a flow returns of its answers is what its questions made of the texts that they accepted, in their order."""
    talk = begin(built(steps))
    expected = []
    for text in texts:
        prompt, asked = talk.last.prompt, talk.last.asked
        talk = talk.types(text)
        if prompt is None or talk.last.rejected is not None:
            continue
        picked = prompt.menu.pick(text)
        value = text if picked is None else picked.key
        expected.append((asked, value if prompt.transform is None else prompt.transform(value)))
    if talk.question is None:
        assert talk.last.result == expected
    assert [Asked(entry.key, entry.choices) for entry in talk.last.journal] == [asked for asked, _ in expected]


@st.composite
def edits(draw: st.DrawFn, steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Edit the steps of a flow as a deploy does: a few added, dropped, moved or changed."""
    edited = list(steps)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(edited)))
        match draw(st.sampled_from(["add", "drop", "move", "change"])):
            case "add":
                edited.insert(place, draw(STEP))
            case "drop":
                del edited[place : place + 1]
            case "move":
                moved = edited[place : place + 1]
                del edited[place : place + 1]
                where = draw(st.integers(0, len(edited)))
                edited[where:where] = moved
            case _:
                edited[place : place + 1] = [draw(STEP)]
    return edited


@given(st.data(), STEPS, st.lists(TEXT, max_size=12), st.none() | TEXT)
@settings(deadline=None, max_examples=500)
def test_no_edit_of_the_code_puts_an_answer_under_another_question(
    data: st.DataObject, steps: list[tuple[str, str]], texts: list[str], typed: str | None
) -> None:
    """After any edit each question has the answers that were given to it, in their order, and nothing is lost."""
    old = begin(built(steps), *texts)
    edited = data.draw(edits(steps))
    new = old.deploys(built(edited), None if old.question is None else typed)

    # What the rules say, written once more in the simplest way.
    given_to: dict[Asked, list[Entry]] = defaultdict(list)
    for entry in old.last.journal:
        given_to[Asked(entry.key, entry.choices)].append(entry)
    questions = [asked for asked in map(asked_by, edited) if asked is not None]
    expected: list[Entry] = []
    while len(expected) < len(questions) and given_to[questions[len(expected)]]:
        expected.append(given_to[questions[len(expected)]].pop(0))
    left = questions[len(expected) :]

    accepted = new.last.journal[len(expected) :]
    assert new.last.journal[: len(expected)] == expected
    if new.last.answered is None:
        assert accepted == []
    else:
        # The text that was typed answers the question that was on the screen, if the code asks it first.
        assert old.last.asked is not None
        assert left[0] == old.last.asked
        first, *later = accepted
        assert Asked(first.key, first.choices) == left[0]
        for place, entry in enumerate(later, start=1):
            assert entry == given_to[left[place]].pop(0)
    if new.last.answered is None and new.last.rejected is not None:
        assert left[0] == old.last.asked
    assert (new.last.asked is None) == (len(new.last.journal) == len(questions))
    assert new.last.asked in {None, *questions[len(new.last.journal) :][:1]}

    def counted(entries: list[Entry]) -> list[str]:
        return sorted(msgspec.json.encode(entry).decode() for entry in entries)

    kept = [*new.last.journal, *new.last.aside]
    if new.last.answered is not None:
        kept.remove(accepted[0])
    assert counted(kept) == counted(old.last.journal)

    were = [Asked(entry.key, entry.choices) for entry in old.last.journal]
    found = [*questions[: len(were)], *[None] * (len(were) - len(questions))]
    differs = [(one.key, None if other is None else other.key) for one, other in zip(were, found, strict=True) if one != other]
    if typed is not None and new.last.answered is None and new.last.rejected is None and old.last.asked is not None:
        # What was typed for a question that is not asked any more is used for nothing, and that is told as well.
        differs.append((old.last.asked.key, None if new.last.asked is None else new.last.asked.key))
    reported = new.last.divergence
    assert (None if reported is None else (reported.expected, reported.found)) == next(iter(differs), None)


def test_a_menu_is_known_again_after_a_restart() -> None:
    """A process that has shown no menu yet finds the answers to all of them."""
    talk = begin(asking(Prompt("c", "C?", choices=["a", "b"]), NAME), "1")
    choices._menus.clear()
    choices._last.clear()
    assert talk.types("Ama").last.divergence is None


def test_what_was_set_aside_twice_comes_back_in_its_order() -> None:
    """Of answers to one key the earlier one stays the earlier, however many deploys set them aside."""
    old = begin(asking(NAME, NAME, AGE), "Kofi", "Ama")
    new = old.deploys(asking(NAME, AGE)).deploys(asking(TOWN, NAME, NAME, AGE)).types("Accra")
    assert new.answers == [("town", "Accra"), ("name", "Kofi"), ("name", "Ama")]


@pytest.mark.parametrize("seen", [False, True], ids=["never seen", "seen before"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({True: "Yes", False: "No"}, {1: "Yes", 0: "No"}),
        ([1, 2], [1.0, 2.0]),
        (["red", "blue"], [Paint.RED, Paint.BLUE]),
        ([Paint.RED, Paint.BLUE], ["red", "blue"]),
    ],
    ids=repr,
)
def test_choices_that_only_look_alike_are_another_question(before: Any, after: Any, seen: bool) -> None:
    """An answer is used only under the choices it was given to, whatever menus this process has shown before."""
    if seen:
        _ = Prompt("k", "?", choices=before).menu

    def asking(choices: Any) -> Flow[[], Any]:
        @flow(types=[Paint])
        def asking() -> Steps[Any]:
            return (yield Prompt("k", "?", choices=choices))

        return asking

    journal = play(asking(before), None, [], "1").journal
    outcome = play(asking(after), None, journal)
    assert outcome.prompt is not None
    assert outcome.divergence is not None


@given(st.data(), STEPS, st.lists(TEXT, max_size=8), st.integers(1, 4))
@settings(deadline=None)
def test_edits_that_are_taken_back_cost_no_answer(
    data: st.DataObject, steps: list[tuple[str, str]], texts: list[str], deploys: int
) -> None:
    """However often the code changed in between, the code that the answers were given to finds them where they were."""
    old = begin(built(steps), *texts)
    talk, edited = old, steps
    for _ in range(deploys):
        edited = data.draw(edits(edited))
        talk = talk.deploys(built(edited))
    back = talk.deploys(built(steps))
    assert shown(back.last) == shown(play(built(steps), None, stored(old.last.journal)))
    assert back.aside == []


def test_who_watches_sees_the_flows_while_they_are_alive() -> None:
    """The replay is shown once, where it has stopped, with its generators and the flows within that it came to."""

    @flow
    def address() -> Steps[str]:
        street = yield from Prompt("street", "Street?")
        town = yield from Prompt("town", f"Town of {street}?")
        return f"{street}, {town}"

    @flow
    def order() -> Steps[None]:
        first = yield from Run(address)
        item = yield from Prompt("item", f"To {first}?")
        yield from Run(address)
        yield Say(item)

    seen: list[tuple[list[dict[str, Any]], list[tuple[str, str]]]] = []

    def watch(replay: Replay) -> None:
        alive: list[Any] = list(replay.generators())
        variables = [{**generator.gi_frame.f_locals, "address": None} for generator in alive]
        seen.append((variables, [(prefix, run.key) for prefix, run in replay.runs()]))

    journal = [Entry(PROMPT, key, prefix, key) for prefix, key in (("address/", "street"), ("address/", "town"), ("", "item"))]
    play(order, None, journal, "High Street", watch=watch)
    assert seen == [
        (
            [{"first": "street, town", "item": "item", "address": None}, {"street": "High Street", "address": None}],
            [("", "address"), ("", "address")],
        )
    ]
