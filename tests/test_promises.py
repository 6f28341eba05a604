"""The runtime's promises, attacked in one process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flowdsl import (
    Chat,
    Inbound,
    Limits,
    Next,
    Prompt,
    Reply,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    flow,
)
from flowdsl._aiocache import CacheStore, MemoryCache
from flowdsl.errors import ConfigurationError, StoreUnavailable, UnreadableRecord
from tests.people import Faulty, Person, counting, hold_after_write, in_two_processes, lose, passing, pause, survey

# Once


async def test_a_delivery_seen_before_gets_the_same_reply() -> None:
    """A message id that was answered advances nothing and is told the same, byte for byte."""
    person = Person(Runtime(), survey)
    await person.dial()
    first = await person.send(person.message("Yes", message_id="m1"))
    again = await person.send(person.message("Yes", message_id="m1"))
    assert first == again
    assert await person.type("Accra", "m2") == "Yes of Accra, opened by *920*77#."


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
@pytest.mark.parametrize("message_id", [None, "m1"], ids=["without ids", "with ids"])
async def test_a_reply_is_never_another_persons(message_id: str | None, at_once: bool) -> None:
    """A gateway that gives two people one session id shows neither of them what the other is told."""
    store = Faulty()
    runtime = Runtime(store=store)
    person, other = Person(runtime, survey), Person(runtime, survey, msisdn="+233200000001")
    other.session = person.session
    await person.talk("Ama")
    store.before_load.extend([pause] * 4)
    messages = [each.type("Accra", message_id) for each in (person, other)]
    shown = await asyncio.gather(*messages) if at_once else [await each for each in messages]
    assert shown == ["Ama of Accra, opened by *920*77#.", "Name?"]


async def test_the_newest_replies_are_kept_whole() -> None:
    """Of the last eight messages each is told again what it was told."""
    person = Person(Runtime(), counting)
    await person.dial()
    shown = [await person.type(f"{number}", f"m{number}") for number in range(10)]
    assert [await person.type(f"{number}", f"m{number}") for number in range(2, 10)] == shown[2:]


async def test_the_last_message_may_come_again() -> None:
    """The delivery that ended a conversation gets its reply again, and starts no new one."""
    person = Person(Runtime(), survey)
    await person.talk("Ama")
    first = await person.send(person.message("Accra", message_id="m1"))
    assert first.end
    assert await person.send(person.message("Accra", message_id="m1")) == first


async def test_the_opening_message_may_come_again() -> None:
    """A repeated opener is no answer to the first question."""
    person = Person(Runtime(), survey, screen=None, platform="chat")
    assert await person.type("Hi", "m1") == "Name?"
    assert await person.type("Hi", "m1") == "Name?"
    assert await person.type("Ama", "m2") == "Hello, Ama.\nTown?"


async def test_a_delivery_of_long_ago_advances_nothing() -> None:
    """Of older messages only the names are kept; they still answer nothing."""
    person = Person(Runtime(), counting)
    await person.dial()
    for number in range(30):
        await person.type(f"{number}", f"m{number}")
    before = await person.type("29", "m29")
    assert (await person.send(person.message("3", message_id="m3"))).text == ""
    assert await person.type("29", "m29") == before


async def test_the_same_input_while_the_first_is_answered_is_a_retry() -> None:
    """Without message ids, what comes again before the answer has gone out is answered once."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    gate = asyncio.Event()
    store.before_load.append(gate.wait)
    tasks = [asyncio.create_task(person.type("x")) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*tasks) == ["x|"] * 5
    assert await person.type("x") == "x,x|"


async def test_a_retry_keeps_its_session_alive() -> None:
    """While a sender delivers again, the answer that it must get does not expire."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Person(Runtime(cache=cache), counting, sessions=SessionConfig(ttl=100))
    await person.dial()
    for at in (0.0, 90.0, 180.0):
        now = at
        assert await person.type("x", "m1") == "x|"
    assert await person.type("y", "m2") == "x,y|"
    now = 281.0
    assert await cache.get(f"counting:ussd:test:{person.session}") is None


async def test_a_retry_gives_a_session_no_more_than_its_time() -> None:
    """A session that was renewed by a repetition alone still ends."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Person(Runtime(cache=cache), counting, sessions=SessionConfig(ttl=100))
    await person.dial()
    for at in (0.0, 90.0):
        now = at
        assert await person.type("x", "m1") == "x|"
    now = 191.0
    assert await cache.get(f"counting:ussd:test:{person.session}") is None


async def test_a_reply_that_is_there_is_given_though_it_cannot_be_renewed() -> None:
    """That a session could not be given more time is no reason to apologise for a reply that is known."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    first = await person.type("x", "m1")
    store.before_touch.append(lose)
    assert await person.type("x", "m1") == first


@pytest.mark.parametrize(
    ("ttl", "message_id", "remembered"), [(10_000, None, 60.0), (10, None, 10.0), (None, None, 60.0), (10_000, "m1", 10_000.0)]
)
async def test_the_end_is_remembered_for_a_while(ttl: float | None, message_id: str | None, remembered: float) -> None:
    """The answer that ended a session is kept while it may still be asked for, and no longer: with an id it may come late."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Person(Runtime(cache=cache), survey, sessions=SessionConfig(ttl=ttl))
    await person.talk("Ama")
    await person.type("Accra", message_id)
    now = remembered - 1
    assert await cache.get(f"survey:ussd:test:{person.session}")
    now = remembered + 1
    assert await cache.get(f"survey:ussd:test:{person.session}") is None


async def test_a_retry_of_what_failed_is_tried_again() -> None:
    """When the first of two equal messages fails, the second does the work."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    gate = asyncio.Event()

    async def wait_and_lose() -> None:
        await gate.wait()
        lose()

    store.before_load.append(wait_and_lose)
    first, second = (asyncio.create_task(person.type("x")) for _ in range(2))
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(StoreUnavailable):
        await first
    assert await second == "x|"


async def test_of_many_retries_one_does_the_work() -> None:
    """Where the first of them fails, its retries take one after the other, and one save is enough."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()

    async def wait_and_lose() -> None:
        await pause()
        await pause()
        lose()

    store.before_load.extend([wait_and_lose, *[pause] * 9])
    failed, *shown = await asyncio.gather(*(person.type("x") for _ in range(4)), return_exceptions=True)
    assert isinstance(failed, StoreUnavailable)
    assert shown == ["x|"] * 3
    assert store.calls == ["load", "create", "load", "load", "save"]


@pytest.mark.parametrize("fails", ["gives up", "is cancelled"])
async def test_a_retry_goes_on_with_what_the_first_has_tried(fails: str) -> None:
    """Where the first failed after its save had arrived, its retry finds that, and the text counts once."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    arrived, gate = hold_after_write(store)
    store.before_load.extend([passing, *([lose] if fails == "gives up" else [])])
    first, *others = (asyncio.create_task(person.type("x")) for _ in range(4))
    await arrived.wait()
    if fails == "is cancelled":
        first.cancel()
    gate.set()
    failed, *shown = await asyncio.gather(first, *others, return_exceptions=True)
    assert isinstance(failed, StoreUnavailable if fails == "gives up" else asyncio.CancelledError)
    assert shown == ["x|"] * 3
    assert store.calls.count("save") == 1


@pytest.mark.parametrize("fails", ["gives up", "is cancelled"])
async def test_a_retry_finds_the_save_of_the_first_though_others_came_between(fails: str) -> None:
    """A retry whose turn comes after that of another message still knows that its text was saved, and counts it once."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    arrived, gate = hold_after_write(store)
    if fails == "gives up":
        store.before_load.extend([passing, lose])
    first = asyncio.create_task(person.type("x"))
    await arrived.wait()
    other, retry = asyncio.create_task(person.type("y")), asyncio.create_task(person.type("x"))
    await pause()
    if fails == "is cancelled":
        first.cancel()
    gate.set()
    failed, *shown = await asyncio.gather(first, other, retry, return_exceptions=True)
    assert isinstance(failed, StoreUnavailable if fails == "gives up" else asyncio.CancelledError)
    assert shown == ["x,y|", "x|"]
    assert await person.type("z") == "x,y,z|"


async def test_a_save_in_doubt_that_arrived_counts_though_another_was_saved_since() -> None:
    """A process whose save seemed to fail finds it below that of another process."""
    store = Faulty()
    person, same_person = in_two_processes(store, counting)
    await person.dial()

    async def overtaken() -> None:
        await same_person.type("theirs")
        lose()

    store.after_write.append(overtaken)
    assert await person.type("mine") == "mine|"
    assert await person.type("end") == "mine,theirs,end|"


async def test_what_is_shown_is_what_was_saved() -> None:
    """A save in doubt that arrives late is the one that counts, also where the flow goes another way each time."""
    draws = iter(range(10))

    @flow
    def drawing() -> Steps[None]:
        yield from Prompt("name", "Name?")
        yield from Prompt("slot", f"Slot {next(draws)}?")

    store = Faulty()
    person = Person(Runtime(store=store), drawing)
    await person.dial()
    late: list[Callable[[], Any]] = []

    async def keep_back() -> None:
        held = await store.inner.load(f"drawing:ussd:test:{person.session}")
        turn = store.wanted
        assert held is not None
        late.append(lambda: store.inner.save(f"drawing:ussd:test:{person.session}", turn, held.token, 60))
        lose()

    store.before_write.extend([keep_back, lambda: late.pop()()])
    shown = await person.type("Ama", "m1")
    assert await person.type("Ama", "m1") == shown == "Slot 0?"


async def test_the_end_is_forgotten_in_time_though_it_was_asked_for_again() -> None:
    """A repeated last answer gives the record that remembers it no more time than it had."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    store = Faulty(CacheStore(cache, owned=True))
    people = [Person(Runtime(store=store), survey, sessions=SessionConfig(ttl=None)) for _ in range(2)]
    people[1].session = people[0].session
    await people[0].talk("Ama")
    store.before_write.append(lambda: people[1].type("Accra"))
    await people[0].type("Accra")
    now = 61.0
    assert await cache.get(f"survey:ussd:test:{people[0].session}") is None


# One at a time


async def test_racing_messages_are_answered_one_by_one() -> None:
    """Of many different messages at once each is an answer of its own, none is lost, and none has to try twice."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    store.before_load.extend([pause] * 40)
    await asyncio.gather(*(person.type(f"{number}", f"m{number}" if number % 2 else None) for number in range(20)))
    assert store.calls == ["load", "create"] + ["load", "save"] * 20
    shown = await person.type("end")
    assert sorted(shown.rstrip("|").split(","), key=lambda each: (len(each), each)) == [*map(str, range(20)), "end"]


async def test_the_locks_leave_nothing_behind() -> None:
    """After racing, failing and being cancelled, no lock of any session is kept."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, counting)
    store.before_load.extend([passing, lose])
    gate = asyncio.Event()
    store.before_load.append(gate.wait)
    results = await asyncio.gather(person.dial(), person.type("a"), return_exceptions=True)
    assert isinstance(results[1], StoreUnavailable)
    hanging = [asyncio.create_task(person.type("b")), asyncio.create_task(person.type("b"))]
    await asyncio.sleep(0)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert len(runtime._lanes) == 0
    assert await person.type("c") == "c|"


async def test_a_turn_that_loses_starts_over_from_what_won() -> None:
    """A save by another process in between makes the turn load again; both answers count, in order."""
    store = Faulty()
    person, same_person = in_two_processes(store, counting)
    await person.dial()
    store.before_write.append(lambda: same_person.type("theirs"))
    assert await person.type("mine") == "theirs,mine|"


async def test_the_same_message_in_two_processes_is_answered_once() -> None:
    """A turn that loses to the same input from the same state is its retry."""
    store = Faulty()
    person, same_person = in_two_processes(store, counting)
    store.before_write.append(same_person.dial)
    assert await person.dial() == "|"
    store.before_write.append(lambda: same_person.type("x"))
    assert await person.type("x") == "x|"
    assert await person.type("x") == "x,x|"


async def test_the_last_message_in_two_processes_is_answered_once() -> None:
    """The loser of a race for the last answer shows the end, and starts nothing new."""
    store = Faulty()
    person, same_person = in_two_processes(store, survey)
    await person.talk("Ama")
    store.before_write.append(lambda: same_person.type("Accra"))
    assert await person.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_one_runtime_serves_one_event_loop_at_a_time() -> None:
    """Locks and connections are one loop's; a second loop beside it is told so instead of waiting for ever."""
    runtime = Runtime()
    await Person(runtime, survey).dial()
    with ThreadPoolExecutor() as threads:
        beside = threads.submit(asyncio.run, Person(runtime, survey).dial())
        with pytest.raises(ConfigurationError, match="another event loop"):
            beside.result()


def test_one_event_loop_after_the_other() -> None:
    """A program that runs a loop for every message may keep one runtime."""
    person = Person(Runtime(), survey)
    assert asyncio.run(person.dial()) == "Name?"
    assert asyncio.run(person.type("Ama")) == "Hello, Ama.\nTown?"


# Nothing lost


async def test_a_save_in_doubt_that_arrived_counts() -> None:
    """A save that timed out but arrived is found on looking, and answered for once."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    store.after_write.append(lose)
    assert await person.dial() == "|"
    store.after_write.append(lose)
    assert await person.type("x") == "x|"
    assert await person.type("y") == "x,y|"


async def test_a_save_in_doubt_that_was_lost_is_done_again() -> None:
    """A save that timed out and did not arrive is made again."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    store.before_write.append(lose)
    assert await person.dial() == "|"
    store.before_write.append(lose)
    assert await person.type("x") == "x|"
    assert await person.type("y") == "x,y|"


async def test_a_save_in_doubt_loses_to_another() -> None:
    """A save that was lost in doubt while another process saved starts over from what won."""
    store = Faulty()
    person, same_person = in_two_processes(store, counting)
    await person.dial()

    async def overtaken() -> None:
        await same_person.type("theirs")
        lose()

    store.before_write.append(overtaken)
    assert await person.type("mine") == "theirs,mine|"


async def test_a_save_that_fails_twice_is_given_up() -> None:
    """The gateway waits, so a store that does not answer is not asked for ever."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    store.before_write.extend([lose] * 30)
    store.calls.clear()
    with pytest.raises(StoreUnavailable):
        await person.type("x")
    assert store.calls == ["load", "save"] * 2


@pytest.mark.parametrize("write_arrives", [True, False])
async def test_a_store_that_goes_down_in_a_turn_loses_nothing(write_arrives: bool) -> None:
    """When nobody can tell whether the save arrived, the error says so, and a redelivery settles it."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    (store.after_write if write_arrives else store.before_write).append(lose)
    store.before_load.extend([passing, lose])
    with pytest.raises(StoreUnavailable):
        await person.type("x", "m1")
    assert await person.type("x", "m1") == "x|"
    assert await person.type("y", "m2") == "x,y|"


async def test_a_flow_that_raises_changes_nothing() -> None:
    """The person reads an apology, keeps their answers, and the next message tries again."""
    broken = True

    @flow
    def fragile() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        if name == "Ama" and broken:
            raise RuntimeError("no stock")
        yield from Prompt("town", f"{name}'s town?")

    person = Person(Runtime(), fragile)
    await person.dial()
    reply = await person.send(person.message("Ama"))
    assert reply == Reply("Sorry, something went wrong. Please try again.", end=False)
    broken = False
    assert await person.type("Ama") == "Ama's town?"


@pytest.mark.parametrize("error", [SystemExit(2), GeneratorExit(), asyncio.CancelledError(), StopIteration()], ids=repr)
@pytest.mark.parametrize("how", ["in the flow", "in transform"])
async def test_what_would_end_the_service_ends_one_turn(error: BaseException, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """An argument parser in a transform exits on a wrong text, and must not take the service with it."""

    def fail(text: str) -> str:
        raise error

    @flow
    def parsing() -> Steps[None]:
        yield from Prompt("name", "Name?", transform=fail if how == "in transform" else str)
        fail("")

    person = Person(Runtime(), parsing)
    await person.dial()
    reply = await person.send(person.message("x"))
    assert reply == Reply("Sorry, something went wrong. Please try again.", end=False)
    assert f"{__file__}:{fail.__code__.co_firstlineno + 1}" in caplog.text


async def test_an_interrupt_of_the_process_is_one() -> None:
    """Ctrl+C while a flow runs stops the process and not only the turn."""

    @flow
    def interrupted() -> Steps[None]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        await Person(Runtime(), interrupted).dial()


async def test_an_apology_ends_for_who_has_no_question() -> None:
    """Somebody who got the session id of another person has none of their questions to go back to."""

    @flow
    def fragile(chat: Chat) -> Steps[None]:
        if chat.msisdn == "+233200000001":
            raise RuntimeError("no stock")
        yield from Prompt("name", "Name?")

    runtime = Runtime()
    person, other = Person(runtime, fragile), Person(runtime, fragile, msisdn="+233200000001")
    other.session = person.session
    await person.dial()
    assert (await other.send(other.message("", new=True))).end


async def test_a_question_of_another_flow_is_none_to_go_back_to() -> None:
    """A flow that raises at once ends the session's turn, whatever else lives in the session."""

    @flow
    def hopeless() -> Steps[None]:
        raise RuntimeError("closed")
        yield

    person = Person(Runtime(), counting, sessions=SessionConfig(boundaries=()))
    await person.dial()
    person.flow = hopeless
    assert (await person.send(person.message("", new=True))).end


async def test_an_apology_ends_where_only_old_pages_are_left() -> None:
    """A conversation that is over has no question, though the pages of its last message are still there."""
    open_ = True

    @flow
    def closing() -> Steps[None]:
        if not open_:
            raise RuntimeError("closed")
        yield Say("word " * 60)

    person = Person(Runtime(), closing, sessions=SessionConfig().durable())
    await person.dial()
    open_ = False
    assert (await person.send(person.message("", new=True))).end


def test_two_runtimes_take_their_address_as_it_is_written() -> None:
    """The default address may be given beside a store like the default itself, and another one may not."""
    assert Runtime(store=Faulty(), cache="".join(["memory", "://"]))


def nothing(error: Exception) -> Any:
    """Forget to return the text."""


def surrogate(error: Exception) -> str:
    """Return what is no text."""
    return "\ud800"


def broken(error: Exception) -> str:
    """Fail in the apology itself."""
    raise KeyError("language")


@pytest.mark.parametrize("apology", [nothing, surrogate, broken])
async def test_an_apology_that_fails_is_the_usual_one(apology: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The function that makes apologies may be wrong as well, and then the person still reads one."""

    @flow
    def hopeless() -> Steps[None]:
        raise RuntimeError("closed")
        yield

    assert await Person(Runtime(apology=apology), hopeless).dial() == "Sorry, something went wrong. Please try again."
    assert "the function that makes the apology" in caplog.text


async def test_what_nobody_can_page_through_fits_one_screen(caplog: pytest.LogCaptureFixture) -> None:
    """An apology or a reply of middleware is cut where the screen ends, for no later page of it could be asked for."""

    @flow
    def hopeless() -> Steps[None]:
        raise RuntimeError("closed")
        yield

    screen = Screen(septets=60, units=40)
    long = "We are closed now. " * 10
    assert screen.fits(await Person(Runtime(apology=long), hopeless, screen=screen).dial())

    async def closed(inbound: Inbound, next: Next) -> Reply:
        return Reply(long, end=True)

    shown = await Person(Runtime(middleware=[closed]), survey, screen=screen).dial()
    assert shown == "We are closed now. We are closed now. We are closed now. We"
    assert "a reply that no screen holds" in caplog.text
    assert await Person(Runtime(middleware=[closed]), survey, screen=None).dial() == long


async def test_a_flow_that_raises_at_once_ends_the_session() -> None:
    """There is no question to go back to, so the gateway may close; the apology is the service's own."""

    @flow
    def hopeless() -> Steps[None]:
        raise RuntimeError("closed")
        yield

    person = Person(Runtime(apology=lambda error: f"We are {error}."), hopeless)
    assert await person.send(person.message("", new=True)) == Reply("We are closed.", end=True)


async def test_a_mistake_of_the_author_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """What flowdsl found wrong says itself what and where, so no traceback through flowdsl hides it."""

    @flow
    def mistaken() -> Any:
        yield "Hello"

    await Person(Runtime(), mistaken).dial()
    (record,) = caplog.records
    assert "flow 'mistaken' at " in record.getMessage()
    assert record.exc_info is None


async def test_a_flow_that_ends_with_nothing_to_show_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An empty screen tells the person nothing, and the author would not learn of it otherwise."""

    @flow
    def silent() -> Steps[None]:
        yield from Prompt("name", "Name?")

    person = Person(Runtime(), silent)
    await person.dial()
    assert not caplog.records
    assert await person.type("Ama") == ""
    assert f"flow 'silent' at {silent.where} ends with an empty screen" in caplog.text
    caplog.clear()
    await Person(Runtime(), silent, screen=None).talk("Ama")
    assert not caplog.records


async def test_what_is_no_record_is_left_alone() -> None:
    """Something else under a session's key is an error that says so, and is not overwritten."""
    store = Faulty()
    person = Person(Runtime(store=store), survey)
    name = f"survey:ussd:test:{person.session}"
    for foreign in ("hello", '{"a": 1}', '{"version": 99, "revision": 1}', '{"version": 0, "revision": 1}'):
        await store.inner.delete(name)
        await store.inner.create(name, foreign, 60)
        with pytest.raises(UnreadableRecord):
            await person.dial()
        held = await store.inner.load(name)
        assert held is not None
        assert held.value == foreign


async def test_a_conversation_that_outgrows_its_limits_is_stopped() -> None:
    """Too many answers, or too large a record, is an apology and not a slow death."""
    person = Person(Runtime(limits=Limits(entries=3)), counting)
    await person.talk("a", "b", "c")
    assert "Sorry" in await person.type("d")
    person = Person(Runtime(limits=Limits(bytes=2_000)), counting)
    await person.talk("a")
    assert "Sorry" in await person.type("d" * 2_000)
    assert await person.type("b") == "a,b|"


async def test_long_replies_leave_room_for_the_next_one() -> None:
    """What was replied to earlier messages is forgotten where there is no room for it, and the messages are not."""

    @flow
    def wordy() -> Steps[None]:
        yield from Prompt("first", "one " * 200)
        yield from Prompt("second", "two " * 200)
        yield from Prompt("third", "three")

    person = Person(Runtime(limits=Limits(bytes=1_600)), wordy, platform="chat", screen=None)
    assert await person.type("hi", "m1") == "one " * 200
    assert await person.type("a", "m2") == "two " * 200
    assert await person.type("hi", "m1") == ""
    assert await person.type("a", "m2") == "two " * 200
    assert await person.type("b", "m3") == "three"
