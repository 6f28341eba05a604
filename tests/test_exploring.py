"""Every path of a flow walked: how many there are, what is found on them, and what is typed where nothing is offered."""

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Chat,
    Checkpoint,
    ConfigurationError,
    Flow,
    Location,
    Navigation,
    Prompt,
    Run,
    Say,
    Steps,
    TooManyAttempts,
    Translations,
    answers,
    flow,
)
from flowdsl.testing import Conversation, Dialogue, Exploration, either, explore
from flowdsl.testing.guessing import Guessing

LETTERS = ["a", "b", "c", "d", "e"]

Tree = list[Any]


def never(*_: Any) -> Any:
    """Stand for what is outside of the process."""
    raise NotImplementedError("tests do not call it")


def typed(dialogue: Dialogue) -> list[str]:
    """Give what was typed in a dialogue, after the dial."""
    return [passage.did.text for passage in dialogue.passages[1:]]


def ways(exploration: Exploration) -> list[list[str]]:
    """Give what was typed in each conversation that came to an end."""
    return [typed(dialogue) for dialogue in exploration.ends]


def as_test(dialogue: Dialogue, **names: Any) -> Callable[[], None]:
    """Make the test to paste of a dialogue."""
    test = dialogue.as_test()
    namespace: dict[str, Any] = {"Conversation": Conversation, **names}
    exec(test, namespace)
    made: Callable[[], None] = namespace[test.partition("(")[0].removeprefix("def ")]
    return made


@flow
def tea() -> Steps[None]:
    """Two menus, and a line for each of their answers."""
    size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    if (yield from Prompt.confirm("milk", "Milk?")):
        yield Say(f"One {size.lower()} tea with milk.")
    else:
        yield Say(f"One {size.lower()} tea.")


def as_name(value: object) -> str:
    """Write a value into the name of a test, the same in every run."""
    return re.sub(r" (object )?at 0x[0-9a-f]+", "", repr(value))


def line(function: Callable[..., Any], part: str) -> str:
    """Tell in which line of a function something is written, as messages do."""
    code = function.__code__
    source = Path(code.co_filename).read_text(encoding="utf-8").splitlines()
    number = next(number for number in range(code.co_firstlineno, len(source)) if part in source[number - 1])
    return f"{code.co_filename}:{number}"


def test_what_an_exploration_tells() -> None:
    """Paths, messages, questions in their order, and that all of it was walked, with nothing wrong."""
    found = explore(tea)
    assert (found.paths, found.depth, found.questions) == (4, 2, ("size", "milk"))
    assert (found.complete, found.faults, found.cut, found.unvisited) == (True, (), (), ())
    assert [site.where for site in found.visited] == [
        line(tea.function, each) for each in ('Prompt("size"', "Prompt.confirm", "with milk.", 'tea.")')
    ]
    assert {site.function for site in found.visited} == {"tea"}
    assert sorted(ways(found)) == [["1", "1"], ["1", "2"], ["2", "1"], ["2", "2"]]
    assert str(found) == repr(found) == "flow 'tea': 4 paths of at most 2 messages, 2 questions, 4 of 4 yields visited"
    found.check()


def test_every_end_can_be_held_again() -> None:
    """What is found is what a conversation shows."""
    found = explore(tea)
    for dialogue in found.ends:
        talk = Conversation(tea)
        for text in typed(dialogue):
            talk.type(text)
        assert talk.ended
        assert dialogue.said == talk.said
        as_test(dialogue, tea=tea)()


def test_a_flow_that_asks_nothing() -> None:
    """It has one path, of no message after the dial."""

    @flow
    def news() -> Steps[None]:
        yield Say("It rains.")

    found = explore(news)
    assert (found.paths, found.depth, found.questions) == (1, 0, ())
    assert [str(dialogue) for dialogue in found.ends] == ["> *920*77#\n  It rains.\n· the end"]


def test_all_of_six_menus_with_five_choices() -> None:
    """Whether the answers are kept or forgotten there are 15,625 conversations; what is forgotten is walked once."""

    @flow
    def kept() -> Steps[None]:
        answered = ""
        for place in range(6):
            answered += yield from Prompt(f"menu {place}", "?", choices=LETTERS)
        yield Say(answered)

    @flow
    def forgotten() -> Steps[None]:
        for place in range(6):
            yield from Prompt(f"menu {place}", "?", choices=LETTERS)
        yield Say("Done.")

    walked = explore(kept)
    assert (walked.paths, walked.depth, len(walked.questions)) == (15_625, 6, 6)
    assert len({dialogue.said[0] for dialogue in walked.ends}) == 15_625
    merged = explore(forgotten)
    assert (merged.paths, merged.depth) == (15_625, 6)
    assert len(merged.visits) < 100


_trees: st.SearchStrategy[Tree] = st.recursive(st.just([]), lambda below: st.lists(below, min_size=1, max_size=3), max_leaves=25)


def leaves(tree: Tree) -> int:
    """Count the ends of a tree of menus."""
    return sum(map(leaves, tree)) if tree else 1


def height(tree: Tree) -> int:
    """Count the menus on the longest way through a tree."""
    return 1 + max(map(height, tree)) if tree else 0


def held(subject: Flow[..., Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Hold every conversation with a flow of menus, one after the other."""
    talk = Conversation(subject)
    for number in before:
        talk.type(number)
    if talk.ended:
        yield before
    for choice in range(1, len(talk.choices) + 1):
        yield from held(subject, (*before, f"{choice}"))


@settings(max_examples=60, deadline=None)
@given(_trees, st.booleans())
def test_paths_are_counted_as_by_hand(tree: Tree, remembers: bool) -> None:
    """In any tree of menus there are as many paths as conversations, whether equal places are walked once or not."""

    @flow
    def menus() -> Steps[None]:
        below, path, depth = tree, "", 0
        while below:
            chosen: int = yield from Prompt(f"menu {depth}", "?", choices=list(range(len(below))))
            below, depth = below[chosen], depth + 1
            if remembers:
                path += f"{chosen}"
        yield Say(f"The end {path}.")

    found = explore(menus, mistakes=False)
    assert found.paths == leaves(tree)
    assert found.depth == height(tree)
    by_hand = set(held(menus))
    walked = {tuple(way) for way in ways(found)}
    assert len(by_hand) == found.paths
    assert walked <= by_hand
    assert walked == by_hand or not remembers


@flow
def several() -> Steps[None]:
    """A loop, calls that fail, a flow within, and a fault."""
    rounds = 0
    while (yield from Prompt("more", f"{rounds}?", choices=["More", "Enough"])) == "More":
        rounds += 1
        try:
            yield from Call(never, rounds, key="work")
        except CallFailed:
            yield Say("It failed.")
    name = yield from Prompt("name", "Name?")
    if rounds == 2:
        raise LookupError(name)
    yield Say(f"{rounds}, {name}.")


def test_an_exploration_comes_out_the_same_again() -> None:
    """All that it tells, in the same order."""
    one, other = (explore(several, calls={"work": either(1, TimeoutError("no"))}, check=False) for _ in range(2))
    assert str(one) == str(other)
    assert [str(each) for each in one.faults] == [str(each) for each in other.faults]
    assert one.faults
    assert [str(each) for each in one.ends] == [str(each) for each in other.ends]
    assert [str(each.passage) for each in one.visits] == [str(each.passage) for each in other.visits]
    depths = [len(dialogue.passages) for dialogue in one.ends]
    assert depths == sorted(depths)


@flow
def spelling() -> Steps[None]:
    """Asks for letters in the condition of a loop, which Python compiles twice."""
    word = ""
    while (letter := (yield from Prompt("letter", f"{word}?", choices=["a", "b", "Enough"]))) != "Enough":
        word += letter
    yield Say(f"{word}.")


@flow
def dictating() -> Steps[None]:
    """Asks for letters in a loop."""
    word = ""
    while True:
        letter = yield from Prompt("letter", f"{word}?", choices=["a", "b", "Enough"])
        if letter == "Enough":
            break
        word += letter
    yield Say(f"{word}.")


@pytest.mark.parametrize("rounds", [1, 2, 3])
@pytest.mark.parametrize("subject", [spelling, dictating], ids=lambda each: each.name)
def test_a_loop_that_remembers_is_gone_round_so_often(subject: Flow[..., Any], rounds: int) -> None:
    """So often with all that can be typed, and after that with one thing at a time."""
    found = explore(subject, rounds=rounds, mistakes=False)
    assert not found.faults
    words = [dialogue.said[0] for dialogue in found.ends]
    assert len(set(words)) == len(words)
    for length in range(rounds):
        assert sum(len(word) == length + 1 for word in words) == 2**length
    open_at = [sum(visit.depth == depth and not visit.passage.ended for visit in found.visits) for depth in range(found.depth)]
    assert open_at[: rounds + 1] == [2**depth for depth in range(rounds + 1)]
    assert max(open_at) == 2**rounds


def test_a_loop_that_changes_nothing_is_gone_round_once() -> None:
    """The path that comes to a place again ends there."""

    @flow
    def menu() -> Steps[None]:
        while (choice := (yield from Prompt("menu", "Menu", choices=["News", "Exit"]))) != "Exit":
            yield Say(f"No {choice.lower()}.")
        yield Say("Goodbye.")

    found = explore(menu)
    assert ways(found) == [["2"], ["1", "2"]]
    assert found.complete
    assert not found.cut


def test_a_loop_over_a_list_comes_to_its_end() -> None:
    """How far it is matters, also where its elements are equal, or nothing keeps them."""

    @flow
    def shopping() -> Steps[None]:
        total = 0
        for item in ["Tea", "Tea", "Bread", "Bread", "Bread"]:
            total += yield from Prompt(f"count of {item}", f"How many {item}?", choices=[0, 1])
        for _ in range(4):
            yield from Prompt("rate", "Good?", choices=["Yes", "No"])
        yield Say(f"{total}.")

    found = explore(shopping)
    assert found.depth == 9
    assert not found.faults
    assert "· the end" in str(next(iter(found.ends)))


def test_a_loop_over_equal_things_is_gone_round_for_each_of_them() -> None:
    """How far a loop is is in no variable, and matters all the same."""

    @flow
    def rating() -> Steps[None]:
        for word in ["Good?", "Good?", "Good?"]:
            yield from Prompt("rate", word, choices=["Yes", "No"])
        yield Say("Thank you.")

    found = explore(rating)
    assert (found.paths, found.depth, found.faults) == (8, 3, ())


def test_a_loop_that_ends_by_itself_is_gone_round_with_all_that_can_be_typed() -> None:
    """However long its list is: it is one question for each, though all have one key."""

    @flow
    def marking() -> Steps[None]:
        marks = ""
        for word in ("Tea", "Milk", "Bread", "Rice", "Salt", "Oil"):
            marks += yield from Prompt("mark", f"{word}?", choices=["+", "-"])
        yield Say(marks)

    found = explore(marking)
    assert found.paths == 2**6
    assert len({dialogue.said[0] for dialogue in found.ends}) == 2**6


@pytest.mark.parametrize("number", [3, 4, 5])
def test_what_is_not_in_a_variable_yet_is_no_secret(number: int) -> None:
    """Two answers within one expression: what the first one was matters, though no variable holds it."""

    @flow
    def summed() -> Steps[None]:
        if (yield from Prompt("a", "A?", choices=[1, 2])) + (yield from Prompt("b", "B?", choices=[1, 2, 3])) == number:
            raise LookupError("a fault")
        yield Say("Done.")

    (fault,) = explore(summed, check=False).faults
    assert fault.kind == "raises"


def test_menus_that_hand_over() -> None:
    """A menu that becomes itself has an end where one is offered; what its parameters are matters."""

    @flow
    def menu(*, visits: int = 0) -> Steps[None]:
        choice = yield from Prompt("menu", f"Visit {visits}", choices=["Again", "Once more", "Exit"])
        if choice == "Again":
            yield Become(menu, visits=visits)
        if choice == "Once more":
            yield Become(menu, visits=(visits + 1) % 3)
        yield Say(f"Goodbye after {visits}.")

    found = explore(menu)
    assert not found.faults
    assert {dialogue.said[-1] for dialogue in found.ends} == {f"Goodbye after {visits}." for visits in range(3)}


@pytest.mark.parametrize("most", [2, 3, 4, 5, 6, 10])
def test_a_loop_that_can_be_left_is_not_endless(most: int) -> None:
    """However late its variables stop to change, and whatever is typed at one thing at a time."""

    @flow
    def counting() -> Steps[None]:
        number = 0
        while (choice := (yield from Prompt("more", f"{number}?", choices=["More", "Stay", "Exit"]))) != "Exit":
            if choice == "More":
                number = min(number + 1, most)
        yield Say(f"{number}.")

    found = explore(counting, check=False)
    assert found.faults == ()
    if most <= 4:  # what leads to where it has been is no reason not to try the next thing
        assert f"{most}." in {dialogue.said[0] for dialogue in found.ends}


def test_flows_within() -> None:
    """Their questions, and their yields, are those of the flow."""

    @flow
    def within() -> Steps[str]:
        if (yield from Prompt.confirm("long", "Long?")):
            return (yield from Prompt("name", "Name?"))
        return "short"

    @flow
    def outer() -> Steps[None]:
        found = yield from Run(within)
        yield Say(f"{found}.")

    found = explore(outer)
    assert (found.paths, found.questions) == (2, ("long", "name"))
    assert {site.function.rpartition(".")[2] for site in found.visited} == {"outer", "within"}


def test_ways_back() -> None:
    """Going back leads to where one has been, and calls between are made again."""

    @flow
    def journey() -> Steps[None]:
        seat = yield from Prompt("seat", "Seat?", choices=["1A", "1B"])
        yield from Call(never, seat, key="book", undo=never)
        choice = yield from Prompt("meal", "Meal?", choices=["Yes", "Other seat", "Stay"])
        if choice == "Other seat":
            yield Back()
        yield Checkpoint()
        yield from Prompt("email", "Email?")
        yield Say(f"{seat}, {choice}.")

    found = explore(journey, calls={"book": "B1"})
    assert not found.faults
    assert {dialogue.said[-1] for dialogue in found.ends} == {
        f"{seat}, {meal}." for seat in ("1A", "1B") for meal in ("Yes", "Stay")
    }
    assert any(way[:2] == ["1", "2"] for way in map(typed, (visit.dialogue("journey") for visit in found.visits)))
    assert not found.unvisited


@flow
def locked(*, caught: bool = True, told: bool = False) -> Steps[None]:
    """Has two attempts at a question."""
    try:
        yield from Prompt("pin", "PIN?", transform=answers.pin(), attempts=2, too_many="Locked." if told else None)
    except TooManyAttempts:
        if not caught:
            raise
        yield Say("Come to a shop.")
        return
    yield Say("Welcome.")


@pytest.mark.parametrize(
    ("params", "said", "faults"),
    [
        ({}, {"Welcome.", "Come to a shop."}, []),
        ({"told": True}, {"Welcome.", "Locked."}, []),
        ({"caught": False}, {"Welcome."}, ["raises"]),
    ],
)
def test_attempts_that_run_out(params: dict[str, bool], said: set[str], faults: list[str]) -> None:
    """Each mistake counts where attempts are limited, and what comes of the last one is walked."""
    found = explore(locked, params=params, check=False)
    assert {dialogue.said[-1] if dialogue.said else dialogue.passages[-1].shown.text for dialogue in found.ends} == said
    assert [fault.kind for fault in found.faults] == faults
    if faults:
        assert "TooManyAttempts" in found.faults[0].message
        assert len(found.faults[0].dialogue.passages) == 3


def test_without_mistakes_nothing_is_answered_wrongly() -> None:
    """Then nobody runs out of attempts, and no message is refused."""
    found = explore(locked, mistakes=False)
    assert {tuple(dialogue.said) for dialogue in found.ends} == {("Welcome.",)}
    assert found.depth == 1
    assert len(explore(tea, mistakes=False).visits) < len(explore(tea).visits)


def test_mistakes_are_no_paths() -> None:
    """They are walked, and not counted."""
    found = explore(tea)
    assert any("Please choose" in visit.passage.shown.text for visit in found.visits)
    assert found.paths == explore(tea, mistakes=False).paths == 4


def test_a_wrong_answer_that_raises_is_found() -> None:
    """What is typed wrongly may be what a flow does not bear."""

    @flow
    def fragile() -> Steps[None]:
        share = yield from Prompt("share", "Share of 100?", transform=lambda text: 100 // int(text))
        yield Say(f"{share}.")

    (fault,) = explore(fragile, check=False).faults
    assert fault.kind == "raises"
    assert "ZeroDivisionError" in fault.message


def test_each_way_of_each_call_is_gone() -> None:
    """Two calls in one turn that may come to two and three things come to six."""

    @flow
    def both() -> Steps[tuple[Any, ...]]:
        yield from Prompt("name", "Name?")
        results: list[Any] = []
        for key in ("one", "two"):
            try:
                results.append((yield from Call(never, key=key)))
            except CallFailed as error:
                results.append(error.message)
        yield Say(f"{results}")
        return tuple(results)

    calls = {"one": either(1, 2), "two": either("a", TimeoutError("b"), lambda: "c")}
    found = explore(both, calls=calls)
    assert {dialogue.said[0] for dialogue in found.ends} == {f"{[one, two]}" for one in (1, 2) for two in "abc"}
    assert found.paths == 6
    for dialogue in found.ends:
        as_test(dialogue, both=both)()


def test_a_call_that_is_made_only_sometimes() -> None:
    """What a second call may come to is tried wherever there is one."""

    @flow
    def retrying() -> Steps[None]:
        tries = 0
        while not (yield from Call(never, key="work")):
            tries += 1
            if tries == 3:
                break
        yield Say(f"{tries} in vain.")

    found = explore(retrying, calls={"work": either(False, True)})
    assert {dialogue.said[0] for dialogue in found.ends} == {f"{tries} in vain." for tries in range(4)}
    assert found.paths == 4


def test_an_unexpected_call_is_a_fault() -> None:
    """With the dialogue to it, and what to give."""
    found = explore(several, check=False)
    (fault,) = [each for each in found.faults if "the flow makes the call" in each.message]
    assert "give calls={'work': …}" in fault.message
    assert typed(fault.dialogue) == ["1"]


@flow
def open_question() -> Steps[None]:
    """Asks for any text."""
    name = yield from Prompt("name", "Name?")
    yield Say(f"{name}.")


@pytest.mark.parametrize(
    ("given_to_it", "expected"),
    [
        ("Kofi", ["Kofi."]),
        (["Kofi", "Esi"], ["Kofi.", "Esi."]),
        (("Kofi", "Esi"), ["Kofi.", "Esi."]),
        (lambda prompt: prompt.text, ["Name?."]),
        (lambda prompt: [prompt.key, "Esi"], ["name.", "Esi."]),
        ("", ["."]),
    ],
    ids=as_name,
)
def test_answers_that_are_given(given_to_it: Any, expected: list[str]) -> None:
    """A text, several, or a function of the question; they are typed instead of what is found by trying."""
    found = explore(open_question, answers={"name": given_to_it})
    assert [dialogue.said[0] for dialogue in found.ends] == expected


def test_answers_may_pick_from_a_menu() -> None:
    """A menu of which only some choices are of interest can be answered, too; other keys are nobody's."""
    found = explore(tea, answers={"size": "Large", "nobody": "?"})
    assert ways(found) == [["Large", "1"], ["Large", "2"]]


@pytest.mark.parametrize("given_to_it", [5, [5], [b"text"], lambda prompt: 5], ids=as_name)
def test_answers_that_nobody_can_type(given_to_it: Any) -> None:
    """What is no text is told by its key."""
    with pytest.raises(
        ConfigurationError, match=r"answers\['name'\] has .*: give what a person types, as a text, or an attachment"
    ):
        explore(open_question, answers={"name": given_to_it})


class Plan(Enum):
    """Plans that are sold."""

    DAY = "Daily"
    WEEK = "Weekly"


def _annotated() -> list[tuple[Callable[..., Any], list[Any]]]:
    def nothing() -> None: ...

    def yes_or_no() -> bool: ...  # type: ignore[empty-body]

    async def later() -> bool: ...  # type: ignore[empty-body]

    def awaited() -> Awaitable[bool]: ...  # type: ignore[empty-body]

    def maybe() -> int | None: ...

    def one_of_two() -> Literal["a", "b"]: ...  # type: ignore[empty-body]

    def member() -> Plan: ...  # type: ignore[empty-body]

    def listed() -> list[str]: ...  # type: ignore[empty-body]

    def table() -> dict[str, int]: ...  # type: ignore[empty-body]

    def text() -> str: ...  # type: ignore[empty-body]

    def money() -> Decimal: ...  # type: ignore[empty-body]

    def when() -> date | time | datetime | UUID: ...  # type: ignore[empty-body]

    def unknown(): ...  # type: ignore[no-untyped-def]

    return [
        (nothing, [None]),
        (yes_or_no, [True, False]),
        (later, [True, False]),
        (awaited, [True, False]),
        (maybe, [1, None]),
        (one_of_two, ["a", "b"]),
        (member, [Plan.DAY, Plan.WEEK]),
        (listed, [["text"], []]),
        (table, [{"text": 1}, {}]),
        (text, ["text"]),
        (money, [Decimal("1.00")]),
        (when, [date(2026, 1, 1), time(12), datetime(2026, 1, 1, 12, tzinfo=UTC), UUID(int=1)]),
        (unknown, []),
    ]


@pytest.mark.parametrize(("function", "expected"), _annotated(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_calls_come_to_is_guessed(function: Callable[..., Any], expected: list[Any]) -> None:
    """By what their functions are annotated to return; and they may fail."""

    @flow(types=[Plan])
    def calling() -> Steps[Any]:
        try:
            result: Any = yield from Call(function)
        except CallFailed as error:
            result = error
        yield Say(f"{result!r}")

    found = explore(calling, calls=Guessing())
    said = [dialogue.said[0] for dialogue in found.ends]
    assert said[:-1] == [repr(each) for each in expected]
    assert "it failed" in said[-1]


def test_what_is_known_is_not_guessed() -> None:
    """A table may guess only what it has not."""

    def work() -> bool:
        return bool(never())

    @flow
    def calling() -> Steps[None]:
        yield Say(f"{(yield from Call(work))}")

    assert [dialogue.said for dialogue in explore(calling, calls=Guessing(work=7)).ends] == [["7"]]


def asking(**options: Any) -> Flow[..., Any]:
    """Make a flow of one question."""

    @flow
    def ask() -> Steps[Any]:
        answer = yield from Prompt("answer", "?", **options)
        yield Say(".")
        return answer

    return ask


def taken(**options: Any) -> list[str]:
    """Give what is typed at a question that it takes."""
    return [typed(dialogue)[0] for dialogue in explore(asking(**options), mistakes=False).ends]


def refused(**options: Any) -> list[str]:
    """Give what is typed at a question that it refuses."""
    found = explore(asking(**options))
    return [visit.did.text for visit in found.visits if visit.depth and not visit.passage.ended]


def ten_digits(text: str) -> str | None:
    """Tell what is wrong with a number."""
    return None if text.isdecimal() and len(text) == 10 else "A number has 10 digits."


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"transform": answers.whole(18, 120)}, ["18", "65", "120"]),
        ({"transform": answers.whole(3, 7)}, ["3", "5", "7"]),
        ({"transform": answers.whole(1, 1)}, ["1"]),
        ({"transform": answers.whole(-7, 1_234_567)}, ["-7", "100", "1234567"]),
        ({"transform": answers.whole(1900, 1999)}, ["1900", "1999"]),
        ({"transform": answers.whole(3, 4)}, ["3", "4"]),
        ({"transform": answers.whole(333)}, ["333"]),
        ({"transform": answers.decimal(1, 99)}, ["1", "99"]),
        ({"transform": answers.decimal(Decimal("0.10"), Decimal("0.90"), point=".")}, ["0.10", "0.90"]),
        ({"transform": answers.money("GHS", 1, 100, point=".")}, ["1", "100"]),
        ({"transform": answers.money("GHS", Decimal("0.50"), Decimal("0.75"), point=".")}, ["0.50", "0.75"]),
        ({"transform": answers.day("d/m/y")}, ["31/12/1990"]),
        ({"transform": answers.day("y-m-d", earliest=date(2030, 5, 6), latest=date(2030, 5, 9))}, ["2030-05-06", "2030-05-09"]),
        ({"transform": answers.day("d/m/y", latest=date(1900, 1, 2))}, ["02/01/1900"]),
        ({"transform": answers.phone("GH")}, ["0244123456"]),
        ({"transform": answers.phone()}, ["+233244123456"]),
        ({"transform": answers.email()}, ["ama@example.com"]),
        ({"transform": answers.pin()}, ["1000", "9999"]),
        ({"transform": answers.pin(7)}, ["1000000", "9999999"]),
        ({"transform": answers.pin(12)}, ["123456789055"]),
        ({"transform": answers.pin(5, hashed_with="a long secret"), "secret": True}, ["10000", "99999"]),
        ({"transform": answers.pin(7, hashed_with="a long secret"), "secret": True}, ["1000000", "9999999"]),
        ({"transform": answers.yes_no()}, ["1", "2"]),
        ({"transform": answers.yes_no(["aane"], ["daabi"])}, ["aane", "daabi"]),
        ({"transform": answers.one_of("Accra", "Kumasi")}, ["Accra"]),
        ({"transform": int}, ["-1", "100", "1000000"]),
        ({"transform": float}, ["-1", "100", "1000000"]),
        ({"transform": Decimal}, ["-1", "100", "1000000"]),
        ({"transform": date.fromisoformat}, ["1990-12-31"]),
        ({"transform": UUID}, ["12345678-1234-5678-1234-567812345678"]),
        ({"transform": str.title}, ["Ama"]),
        ({"transform": str.split}, ["Ama"]),
        ({}, ["Ama"]),
        ({"validate": ten_digits}, ["0244123456"]),
        ({"validate": lambda text: None if text.isdecimal() and 7 <= int(text) <= 93 else "no"}, ["7", "50", "93"]),
        ({"validate": lambda text: None if text.strip() else "Please enter something."}, ["Ama"]),
        ({"validate": lambda text: None if "@" in text else "no", "transform": str.lower}, ["ama@example.com"]),
        ({"choices": LETTERS}, ["1", "2", "3", "4", "5"]),
        ({"choices": LETTERS, "validate": lambda letter: None if letter > "c" else "sold out"}, ["4", "5"]),
    ],
    ids=as_name,
)
def test_what_a_question_takes_is_found_by_trying(options: dict[str, Any], expected: list[str]) -> None:
    """Something that it takes, and the limits where there are such; it is never stuck for want of an answer."""
    found = taken(**options)
    assert set(expected) <= set(found), found
    for text in found:  # an exploration has answered with it, and so can a person
        assert Conversation(asking(**options)).type(text).ended


@pytest.mark.parametrize("least", [1, 2, 25])
@pytest.mark.parametrize("most", [25, 40, 160])
def test_the_shortest_and_the_longest_text_is_typed(least: int, most: int) -> None:
    """Where a parser tells how long a text may be, texts of just that length are among those that are typed."""
    lengths = {len(text) for text in taken(transform=answers.words(least, most))}
    assert most in lengths
    assert min(lengths) >= least


@pytest.mark.parametrize(
    "options",
    [
        {"transform": int},
        {"transform": answers.whole(0, 9)},
        {"transform": answers.whole(-5)},
        {"transform": answers.email()},
        {"transform": answers.day()},
        {"transform": answers.yes_no()},
        {"transform": answers.words(3, 20)},
        {"transform": UUID},
        {"validate": ten_digits},
        {"validate": lambda text: None if text else "Please enter something."},
        {"choices": LETTERS},
        {"choices": ["?", "99", "x"]},
    ],
    ids=as_name,
)
def test_each_question_is_answered_wrongly_as_well(options: dict[str, Any]) -> None:
    """Where it refuses anything, something that it refuses is typed once."""
    (wrong,) = refused(**options)
    assert Conversation(asking(**options)).type(wrong).asked == "answer"


def test_questions_that_look_alike_are_tried_each() -> None:
    """What was found for one is not taken for another, of whose code only a default or an answer is different."""

    def at_least(least: int) -> Callable[[str], str | None]:
        return lambda text, least=least: None if text.isdecimal() and int(text) >= least else "no"  # type: ignore[misc]

    for least in (5, 500):
        assert f"{least}" in taken(validate=at_least(least))
    assert refused(choices={"a": "A"}) == ["?"]
    assert refused(choices={"?": "A"}) != ["?"]


def test_a_question_that_takes_anything_refuses_nothing() -> None:
    """There is no wrong answer to it."""
    assert refused() == []


@settings(max_examples=80, deadline=None)
@given(st.integers(-10_000, 100_000), st.integers(0, 100_000))
def test_limits_are_found_whatever_they_are(least: int, size: int) -> None:
    """The smallest and the largest number that a question takes are typed, wherever a number that people try is between."""
    tried = (-1, 0, 1, 2, 5, 10, 18, 20, 25, 50, 65, 100, 120, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
    most = least + size
    if not any(least <= number <= most for number in tried):
        return

    def within(text: str) -> str | None:
        return None if re.fullmatch("-?[0-9]+", text) and least <= int(text) <= most else "no"

    found = taken(validate=within)
    assert {f"{least}", f"{most}"} <= set(found)


@flow
def parcel() -> Steps[None]:
    """Takes what only chats can send."""
    where = yield from Prompt("where", "Where are you?", expects="location")
    yield from Prompt("picture", "A picture?", expects="image")
    yield from Prompt("film", "A film?", expects="video")
    whom = yield from Prompt("whom", "For whom?", expects="contact")
    yield Say(f"{whom.name}, near {where.latitude}.")


def test_chats_are_explored_with_attachments() -> None:
    """What is expected is sent, and something else once; what is given is sent instead."""
    found = explore(parcel, platform="whatsapp")
    assert (found.paths, found.depth, found.questions) == (1, 4, ("where", "picture", "film", "whom"))
    assert sum("Please send" in visit.passage.shown.text for visit in found.visits) == 4
    (end,) = found.ends
    as_test(end, parcel=parcel, **{name: getattr(__import__("flowdsl"), name) for name in ("Location", "Media", "Contact")})()
    places = [Location(1.0, 2.0), Location(3.0, 4.0)]
    given_to_it = explore(parcel, platform="whatsapp", answers={"where": places})
    assert {end.said[0].partition("near ")[2] for end in given_to_it.ends} == {"1.0.", "3.0."}


def test_on_ussd_nobody_can_send_anything() -> None:
    """A question that expects a place is one that nobody can answer there."""
    (fault,) = explore(parcel, check=False).faults
    assert fault.kind == "stuck"
    assert "'where'" in fault.message


def test_a_flow_that_asks_on_one_platform_only() -> None:
    """The flow is told where it is."""

    @flow
    def asked(chat: Chat) -> Steps[None]:
        if chat.platform == "telegram":
            yield from Prompt("more", "More?", choices=["Yes", "No"])
        yield Say("Goodbye.")

    assert explore(asked).paths == 1
    assert explore(asked, platform="telegram").paths == 2


WORDS = Translations.of({"fr": {"Goodbye.": "Au revoir.", "Please choose one of the options.": "Choisissez.", "Tea": "Thé"}})


@flow
def spoken(chat: Chat, *, fee: int) -> Steps[None]:
    """Goes by the language, the session and a parameter."""
    yield from Prompt("drink", f"For {fee}?", choices={"tea": WORDS.gettext("Tea"), "milk": "Milk"})
    if chat.locale == "fr" and chat.session.get("vip") and fee > 3:
        yield Say(WORDS.gettext("Goodbye."))
    else:
        yield Say("Goodbye, whoever you are.")


def test_options_of_an_exploration() -> None:
    """Language, translations, parameters and the session are those that are given, and stand in the tests to paste."""
    found = explore(spoken, locale="fr", translations=WORDS, params={"fee": 5}, session={"vip": True})
    assert {dialogue.said[-1] for dialogue in found.ends} == {"Au revoir."}
    assert any("Choisissez." in visit.passage.shown.text for visit in found.visits)
    assert "1. Thé" in str(next(iter(found.ends)))
    as_test(next(iter(found.ends)), spoken=spoken, translations=WORDS)()
    others = explore(spoken, params={"fee": 5}, session={"vip": True})
    assert {dialogue.said[-1] for dialogue in others.ends} == {"Goodbye, whoever you are."}
    with pytest.raises(ConfigurationError, match="'fee'"):
        explore(spoken)


def test_what_is_remembered_in_the_session_matters() -> None:
    """Two paths that differ only in its data are both gone on from."""

    @flow
    def remembering(chat: Chat) -> Steps[None]:
        chat.session.set("choice", (yield from Prompt("choice", "?", choices=["a", "b"])))
        yield from Prompt("more", "More?", choices=["c", "d"])
        yield Say(f"{chat.session.get('choice')}")

    assert sorted(dialogue.said[0] for dialogue in explore(remembering).ends) == ["a", "a", "b", "b"]


def test_an_exploration_that_takes_too_long_is_not_complete() -> None:
    """It stops after so many messages, tells where, and does not pass for one that found nothing."""

    @flow
    def wide() -> Steps[None]:
        path = ""
        for place in range(5):
            path += yield from Prompt(f"menu {place}", "?", choices=LETTERS)
        yield Say(path)

    found = explore(wide, turns=100, check=False)
    assert not found.complete
    assert found.cut
    assert not found.faults
    assert 100 <= len(found.visits) < 150
    for check in (found.check, lambda: explore(wide, turns=100)):
        with pytest.raises(
            AssertionError, match=r"flow 'wide' was not explored to its end: after 1\d\d messages there was more.*'path' at"
        ):
            check()


def test_a_flow_without_choices_that_goes_on_for_ever() -> None:
    """A loop that nobody can leave, though something in it changes all the time, is one fault."""

    @flow
    def endless() -> Steps[None]:
        number = 0
        while True:
            yield from Prompt("more", f"{number}?")
            number += 1

    (fault,) = explore(endless, check=False).faults
    assert fault.kind == "endless"


@flow
def faulty() -> Steps[None]:
    """Has a fault of each kind, two of them on several paths."""
    way = yield from Prompt("way", "Way?", choices=["raise", "be silent", "stick", "go round", "end"])
    often = yield from Prompt("often", "Often?", choices=["Yes", "No"])
    if way == "raise":
        raise LookupError(f"nothing for {often}")
    if way == "stick":
        yield from Prompt("riddle", "Riddle?", validate=lambda text: "Wrong.")
    while way == "go round":
        yield from Prompt("round", "Round?", choices=["Left", "Right"])
    if way == "end":
        yield Say("Goodbye.")


def test_each_kind_of_fault() -> None:
    """What is wrong, where, the shortest dialogue that leads there, and a test that shows it; one of each is told."""
    found = explore(faulty, check=False)
    faults = {fault.kind: fault for fault in found.faults}
    assert sorted(faults) == ["endless", "raises", "silent", "stuck"]
    assert len(found.faults) == 4
    assert faults["raises"].message == "the flow raises LookupError: nothing for Yes"
    assert faults["raises"].where == line(faulty.function, "raise LookupError")
    assert isinstance(faults["raises"].raised, LookupError)
    assert typed(faults["raises"].dialogue) == ["1", "1"]
    assert "ends without a word" in faults["silent"].message
    assert typed(faults["silent"].dialogue) == ["2", "1"]
    assert "the question 'riddle': give answers={'riddle': …}" in faults["stuck"].message
    assert faults["stuck"].where == line(faulty.function, 'Prompt("riddle"')
    assert typed(faults["stuck"].dialogue) == ["3", "1"]
    assert "nobody gets to an end from here" in faults["endless"].message
    assert faults["endless"].where == line(faulty.function, 'Prompt("round"')
    assert typed(faults["endless"].dialogue)[:2] == ["4", "1"]
    for kind, fault in faults.items():
        assert str(fault.dialogue) in str(fault)
        assert fault.dialogue.as_test() in str(fault)
        if kind == "raises":
            with pytest.raises(LookupError):
                as_test(fault.dialogue, faulty=faulty)()
        else:
            as_test(fault.dialogue, faulty=faulty)()
    lengths = [len(fault.dialogue.passages) for fault in found.faults]
    assert lengths == sorted(lengths)


def test_the_check_of_an_exploration_tells_three_faults() -> None:
    """With what they say and how they are shown, and how many more there are; its words have them all in lines."""
    found = explore(faulty, check=False)
    for check in (found.check, lambda: explore(faulty)):
        with pytest.raises(AssertionError, match="… and 1 more fault") as told:
            check()
        assert str(told.value).count("As a test:") == 3
    lines = str(found).splitlines()
    assert lines[0].startswith("flow 'faulty': ")
    assert [f"{fault.where}: {fault.message}" for fault in found.faults] == lines[1:]


def test_faults_in_different_places_are_different_faults() -> None:
    """Two lines that raise are told both, and one line that raises on many paths once."""

    @flow
    def twice() -> Steps[None]:
        way = yield from Prompt("way", "Way?", choices=[1, 2, 3, 4])
        if way < 3:
            raise LookupError(f"a {way}")
        if way == 3:
            raise LookupError("b")
        yield Say("Goodbye.")

    assert [str(fault.raised) for fault in explore(twice, check=False).faults] == ["a 1", "b"]


def test_what_differs_on_replay_is_a_fault() -> None:
    """Its message says what differs, and the walk goes on elsewhere."""
    numbers = iter(range(1_000_000))

    @flow
    def differing() -> Steps[None]:
        if (yield from Prompt("way", "Way?", choices=["a", "b"])) == "a":
            yield from Prompt("number", f"Number {next(numbers)}?")
        yield Say("Goodbye.")

    (fault,) = explore(differing, check=False).faults
    assert fault.kind == "raises"
    assert "goes into a Call" in fault.message
    assert not fault.message.startswith("the flow raises")
    assert typed(fault.dialogue) == ["1"]


def test_lines_that_nobody_comes_to() -> None:
    """A yield that no path leads to is told by its line, also within a part of the flow."""

    @flow
    def partly() -> Steps[None]:
        size = yield from Prompt("size", "Size?", choices=["S", "L"])
        if size == "M":
            yield Say("Medium.")
        yield Say("Done.")

    found = explore(partly)
    assert [site.where for site in found.unvisited] == [line(partly.function, "Medium.")]
    assert str(found).splitlines() == [
        "flow 'partly': 2 paths of at most 1 message, 1 question, 2 of 3 yields visited",
        f"not visited: {line(partly.function, 'Medium.')}",
    ]


def merging(make: Callable[[], Any]) -> Flow[..., Any]:
    """Make a flow that forgets its answers, and holds something."""

    @flow
    def holding() -> Steps[None]:
        held = make()
        yield from Prompt("a", "?", choices=["1", "2", "3"])
        yield from Prompt("b", "?", choices=["1", "2", "3"])
        yield Say(f"{type(held).__name__}.")

    return holding


@pytest.mark.parametrize(
    ("make", "merged"),
    [
        (lambda: 5, True),
        (lambda: {"a": [1, Decimal(2), {3}]}, True),
        (lambda: open, True),
        (lambda: (number for number in range(3)), False),
        (lambda: [[number] for number in range(5_000)], False),
    ],
    ids=["number", "containers", "function", "generator", "too much"],
)
def test_only_what_can_be_compared_is_gone_on_from_once(make: Callable[[], Any], merged: bool) -> None:
    """Where a variable holds what nobody can look into, each path is walked by itself; the count is the same."""
    found = explore(merging(make), mistakes=False)
    assert found.paths == 9
    assert len(found.visits) == (1 + 3 + 3 if merged else 1 + 3 + 9)


def test_going_back_by_a_key_is_walked() -> None:
    """Where a navigation offers it, what a person finds when they go back is looked at, too."""

    @flow
    def order() -> Steps[None]:
        size = yield from Prompt("size", "Size?", choices=["S", "L"])
        yield from Call(never, size, key="reserve", undo=never)
        yield from Prompt("milk", "Milk?", choices=["Yes", "No"])
        yield Say("Done.")

    found = explore(order, calls={"reserve": 1}, navigation=Navigation(back="9"))
    assert any(typed(visit.dialogue("order")) == ["1", "9"] for visit in found.visits)
    assert found.paths == 4
