"""What the machine of ``test_machine.py`` has found, each in the plainest way."""

import asyncio
from typing import Any

import pytest

from flowdsl import Become, Call, CallFailed, Navigation, Prompt, Run, Runtime, Say, Steps, flow
from tests.people import Faulty, Person


class Till:
    """Something that is called, and counts; it may fail, or hang until it is cancelled."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fails = False
        self.hangs = False
        self.rung = asyncio.Event()

    async def ring(self) -> int:
        self.log.append("ring")
        self.rung.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise ConnectionError("down")
        return len(self.log)

    async def refund(self, number: int) -> None:
        self.log.append(f"refund {number}")


async def die_ringing(till: Till, person: Person, text: str) -> None:
    """Let a message be given up in the middle of a call."""
    till.hangs = True
    task = asyncio.create_task(person.type(text))
    await till.rung.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    till.hangs = False


async def test_a_menu_of_one_question_is_endless() -> None:
    """A flow that becomes itself after every answer neither grows nor is taken for a loop."""

    @flow
    def menu(*, rounds: int = 0) -> Steps[None]:
        yield from Prompt("choice", f"Round {rounds}?")
        yield from Say(f"Done {rounds}.")
        yield from Become(menu, rounds=rounds + 1)

    store = Faulty()
    person = Person(Runtime(store=store), menu)
    await person.dial()
    sizes = []
    for rounds in range(60):
        assert await person.type("x") == f"Done {rounds}.\nRound {rounds + 1}?"
        sizes.append(len(store.wanted))
    assert sizes[-1] <= sizes[20]
    assert await person.dial() == "Done 59.\nRound 60?"


async def test_what_is_undone_is_not_done_again_on_the_way_back() -> None:
    """Going back to before a call takes it back once, and asks."""
    till = Till()

    @flow
    def shop() -> Steps[None]:
        yield from Prompt("item", "Item?")
        number = yield from Call(till.ring, undo=till.refund)
        yield from Prompt("sure", f"{number} sure?")

    person = Person(Runtime(navigation=Navigation()), shop)
    await person.talk("bread")
    assert await person.type("0") == "Item?"
    assert till.log == ["ring", "refund 1"]
    assert await person.type("milk") == "3 sure?\n0 Back"


async def test_the_time_runs_out_while_the_reply_is_saved() -> None:
    """A person who was asked to wait sees the result next, though it was just being saved then."""
    store, till = Faulty(), Till()

    @flow
    def shop() -> Steps[None]:
        yield from Prompt("item", "Item?")
        yield from Call(till.ring)
        yield from Prompt("town", "Town?")
        yield from Say("Goodbye.")

    person = Person(Runtime(store=store, deadline=0.2), shop)
    await person.dial()
    held = asyncio.Event()
    store.after_write += [lambda: None, lambda: None, held.wait]  # of the intent, of the result, of the reply
    assert (await person.type("bread")).startswith("This takes a moment.")
    held.set()
    await person.runtime.settle()
    assert await person.type("?") == "Town?"
    assert await person.type("Accra") == "Goodbye."


@pytest.mark.parametrize("caught", [True, False], ids=["caught", "not caught"])
@pytest.mark.parametrize("taken_up", ["by another process", "by a retry", "after a deploy"])
async def test_what_must_not_run_twice_does_not(taken_up: str, caught: bool) -> None:
    """A call that was running when its message was given up fails, whoever goes on, and whatever the flow makes of it."""
    store, till, deployed = Faulty(), Till(), False

    @flow
    def shop() -> Steps[None]:
        yield from Prompt("item", "Item?")
        if deployed:
            yield from Prompt("town", "Town?")
        try:
            yield from Call(till.ring, on_crash="fail")
        except CallFailed as error:
            if not caught:
                raise
            yield from Say(error.name)
        while True:
            yield from Prompt("end", "End?")

    person = Person(Runtime(store=store, lease=0.05), shop)
    await person.dial()
    retry = asyncio.create_task(pause_and_type(till, person, "bread")) if taken_up == "by a retry" else None
    await die_ringing(till, person, "bread")
    deployed = taken_up == "after a deploy"
    if retry is None:
        person.runtime = Runtime(store=store)
    shown = [await person.type("?") if retry is None else await retry]
    shown += [await person.type("Accra"), await person.type("?")]
    assert till.log == ["ring"]
    assert ("Interrupted\nEnd?" in shown) == caught
    assert any(each.startswith("Sorry") for each in shown) != caught


async def pause_and_type(till: Till, person: Person, text: str) -> str:
    """Type what is being answered already."""
    await till.rung.wait()
    return await person.type(text)


async def test_a_failure_that_is_final_is_not_tried_again() -> None:
    """A call that must not run twice does not, though it failed and the flow did not catch that."""
    till = Till()
    till.fails = True

    @flow
    def shop() -> Steps[None]:
        yield from Prompt("item", "Item?")
        yield from Call(till.ring, on_crash="fail")

    person = Person(Runtime(), shop)
    await person.dial()
    for _ in range(3):
        assert (await person.type("bread")).startswith("Sorry")
    assert till.log == ["ring"]


@pytest.mark.parametrize("change", ["taken out", "put back"])
async def test_a_sub_flow_that_is_done_stays_done_when_the_code_changes(change: str) -> None:
    """A question before it that is gone, or a time without it, does not let it begin again."""
    till = Till()
    script = ["item", "paid", "town"]

    @flow
    def paying() -> Steps[int]:
        yield from Prompt("amount", "Amount?")
        return (yield from Call(till.ring))

    @flow
    def shop() -> Steps[None]:
        known: list[Any] = []
        for step in script:
            known.append((yield from Run(paying) if step == "paid" else Prompt(step, f"{known} {step}?")))
        yield from Prompt("end", f"{known} end?")

    person = Person(Runtime(), shop)
    await person.talk("bread", "5", "Accra")
    if change == "taken out":
        script.remove("item")
        assert await person.dial() == "[1, 'Accra'] end?"
    else:
        script.remove("paid")
        assert await person.dial() == "['bread', 'Accra'] end?"
        script.insert(1, "paid")
        assert await person.dial() == "['bread', 1, 'Accra'] end?"
    assert till.log == ["ring"]


async def test_what_was_set_aside_is_undone_with_a_key_of_its_own() -> None:
    """Of two calls that a change of the code has brought to one place, each is taken back as itself."""
    till, keys, rings = Till(), set[str](), 2

    async def refund(number: int, idempotency_key: str) -> None:
        till.log.append(f"refund {number}")
        keys.add(idempotency_key)

    @flow
    def shop() -> Steps[None]:
        yield from Prompt("item", "Item?")
        for _ in range(rings):
            yield from Call(till.ring, undo=refund)
        yield from Prompt("town", "Town?")
        yield from Prompt("end", "End?")

    person = Person(Runtime(navigation=Navigation()), shop)
    await person.talk("bread", "Accra")
    rings = 1
    await person.dial()
    await person.type("0")
    assert await person.type("0") == "Item?"
    assert till.log == ["ring", "ring", "refund 1", "refund 2"]
    assert len(keys) == 2
