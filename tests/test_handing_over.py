"""Flows that become others, without end: nothing grows, and nothing is mistaken for something else."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import Become, Call, Chat, Flow, Prompt, Run, Runtime, Say, SessionConfig, Steps, flow
from flowdsl.record import FlowState, read
from tests.people import Person

DURABLE = SessionConfig().durable()


async def state_of(person: Person) -> tuple[FlowState, int]:
    """Tell where a person stands, and how long their record is."""
    stored = await person.runtime.store.load(DURABLE.session_id(person.message(""), flow=person.flow))
    assert stored is not None
    return read(stored.value).flows[person.flow.name], len(stored.value)


@flow
def again(chat: Chat, *, times: int = 0) -> Steps[None]:
    """Begin again after each answer."""
    yield Prompt("name", f"Name? {times}")
    yield Become(again, times=times + 1)


async def test_a_menu_without_end_does_not_grow() -> None:
    """However often a flow begins again, its journal holds no more than the last answer."""
    person = Person(Runtime(), again, sessions=DURABLE)
    await person.dial()
    lengths = set()
    for time in range(1, 201):
        assert await person.type("x") == f"Name? {time}"
        state, length = await state_of(person)
        assert len(state.journal) <= 1
        lengths.add(length)
    assert max(lengths) < 450
    assert await person.dial() == "Name? 200"


async def test_what_was_said_before_a_hand_over_is_said_again() -> None:
    """Until the next answer it is on the screen, and so it is for who dials again."""

    @flow
    def saying(chat: Chat, *, times: int = 0) -> Steps[None]:
        answer = yield Prompt("name", f"Name? {times}")
        yield Say(f"Thank you, {answer}.")
        yield Become(saying, times=times + 1)

    person = Person(Runtime(), saying, sessions=DURABLE)
    await person.dial()
    for time in range(1, 5):
        assert await person.type(f"{time}") == f"Thank you, {time}.\nName? {time}"
        assert await person.dial() == f"Thank you, {time}.\nName? {time}"


async def test_a_flow_that_asks_nothing_is_run_anew_in_every_round() -> None:
    """What it returned just before a hand-over belongs to the round that is over."""

    @flow
    def price(*, item: str) -> Steps[int]:
        yield Say(f"{item} added.")
        return {"tea": 2, "rice": 50}[item]

    @flow
    def shop(*, total: int = 0) -> Steps[None]:
        item = yield Prompt("item", f"Total {total}. Item?")
        yield Prompt("count", f"How many {item}?")
        yield Become(shop, total=total + (yield from Run(price, item=item)))

    person = Person(Runtime(), shop)
    assert await person.talk("tea", "1") == "tea added.\nTotal 2. Item?"
    assert await person.type("rice") == "How many rice?"
    assert await person.type("1") == "rice added.\nTotal 52. Item?"
    assert await person.dial() == "rice added.\nTotal 52. Item?"


async def test_a_flow_that_never_asks_is_still_stopped() -> None:
    """Hand-overs in a row without an answer are a loop, also where answers came before."""

    @flow
    def spinning(chat: Chat, *, asks: bool = True) -> Steps[None]:
        if asks:
            yield Prompt("name", "Name?")
        yield Become(spinning, asks=False)

    person = Person(Runtime(), spinning)
    assert await person.talk("x") == "Sorry, something went wrong. Please try again."


ACTS = st.lists(st.sampled_from(["ask", "other", "run", "call", "say", "set"]), min_size=1, max_size=4)


@given(ACTS, st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_rounds_are_alike_however_many_there_are(acts: list[str], rounds: int) -> None:
    """Whatever a flow does in a round, the next round asks the same, gets its own answers, and calls its own calls once."""
    asyncio.run(_rounds(acts, rounds))


async def _rounds(acts: list[str], rounds: int) -> None:
    called: list[str] = []

    def call(name: str) -> str:
        called.append(name)
        return name

    @flow
    def inner(chat: Chat) -> Steps[str]:
        chat.session.set("inner", chat.session.get("inner", 0) + 1)
        return str((yield Prompt("inner", "inner")))

    def steps(chat: Chat, number: int, following: Flow[..., Any]) -> Steps[None]:
        heard = [(yield Prompt("first", f"first {number}"))]
        for place, act in enumerate(acts):
            if act in ("ask", "other"):
                heard.append((yield Prompt("first" if act == "ask" else "other", act)))
            elif act == "run":
                heard.append((yield Run(inner)))
            elif act == "call":
                heard.append((yield Call(call, f"{number}.{place}")))
            elif act == "say":
                yield Say(" ".join(heard))
            else:
                chat.session.set("count", chat.session.get("count", 0) + 1)
        yield Say("|".join([*heard, str(chat.session.get("count", 0)), str(chat.session.get("inner", 0))]))
        yield Become(following, number=number + 1)

    @flow
    def odd(chat: Chat, *, number: int = 1) -> Steps[None]:
        yield from steps(chat, number, even)

    @flow
    def even(chat: Chat, *, number: int) -> Steps[None]:
        yield from steps(chat, number, even if number % 4 == 0 else odd)

    person = Person(Runtime(), odd, sessions=DURABLE)
    shown = await person.dial()
    waits = sum(act in ("ask", "other", "run") for act in acts)
    for number in range(1, rounds + 1):
        assert shown.endswith(f"first {number}")
        texts = [f"{number}-{place}" for place in range(waits + 1)]
        for text in texts:
            shown = await person.type(text)
            assert await person.dial() == shown
        answers = iter(texts[1:])
        heard = [texts[0]]
        for place, act in enumerate(acts):
            if act in ("ask", "other", "run"):
                heard.append(next(answers))
            elif act == "call":
                heard.append(f"{number}.{place}")
        counts = [str(acts.count("set") * number), str(acts.count("run") * number)]
        assert "|".join([*heard, *counts]) in shown
        state, _length = await state_of(person)
        assert len(state.journal) <= 2 * (len(acts) + 1)
    assert called == [f"{number}.{place}" for number in range(1, rounds + 1) for place, act in enumerate(acts) if act == "call"]
