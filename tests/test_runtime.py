"""The runtime's promises, attacked in one process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from flowdsl import (
    Chat,
    FlowError,
    Inbound,
    Limits,
    Media,
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
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import ConfigurationError, MissingIdentifier, StoreUnavailable, UnreadableRecord
from tests.people import Faulty, Person, lose


@flow
def survey(chat: Chat) -> Steps[dict[str, str]]:
    """Ask for a name and a town."""
    name = yield from Prompt("name", "Name?")
    yield Say(f"Hello, {name}.")
    town = yield from Prompt("town", "Town?")
    yield Say(f"{name} of {town}, opened by {chat.opener}.")
    return {"name": name, "town": town}


@flow
def counting() -> Steps[None]:
    """Ask for items without end."""
    items: list[str] = []
    while True:
        items.append((yield from Prompt("item", f"{','.join(items)}|")))


def passing() -> None:
    """Do nothing, and let the next action wait for its turn."""


async def pause() -> None:
    """Let others run."""
    await asyncio.sleep(0)


async def test_a_conversation_from_top_to_bottom() -> None:
    """The dialled code opens the flow and answers nothing; what is said last ends it."""
    person = Person(Runtime(), survey)
    assert await person.dial() == "Name?"
    assert await person.type("Ama") == "Hello, Ama.\nTown?"
    reply = await person.send(person.message("Accra"))
    assert reply == Reply("Ama of Accra, opened by *920*77#.", end=True)


async def test_a_turn_is_one_load_and_one_save() -> None:
    """A turn reads the store once and writes it once."""
    store = Faulty()
    person = Person(Runtime(store=store), survey)
    await person.talk("Ama", "Accra")
    assert store.calls == ["load", "create", "load", "save", "load", "save"]


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


@pytest.mark.parametrize("fails", ["gives up", "is cancelled"])
async def test_a_retry_goes_on_with_what_the_first_has_tried(fails: str) -> None:
    """Where the first failed after its save had arrived, its retry finds that, and the text counts once."""
    store = Faulty()
    person = Person(Runtime(store=store), counting)
    await person.dial()
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def wait_and_lose() -> None:
        arrived.set()
        await gate.wait()
        lose()

    store.after_write.append(wait_and_lose)
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
    here, there = Runtime(store=store), Runtime(store=store)
    person, same_person = Person(here, counting), Person(there, counting)
    same_person.session = person.session
    await person.dial()
    store.before_write.append(lambda: same_person.type("theirs"))
    assert await person.type("mine") == "theirs,mine|"


async def test_the_same_message_in_two_processes_is_answered_once() -> None:
    """A turn that loses to the same input from the same state is its retry."""
    store = Faulty()
    here, there = Runtime(store=store), Runtime(store=store)
    person, same_person = Person(here, counting), Person(there, counting)
    same_person.session = person.session
    store.before_write.append(same_person.dial)
    assert await person.dial() == "|"
    store.before_write.append(lambda: same_person.type("x"))
    assert await person.type("x") == "x|"
    assert await person.type("x") == "x,x|"


async def test_the_last_message_in_two_processes_is_answered_once() -> None:
    """The loser of a race for the last answer shows the end, and starts nothing new."""
    store = Faulty()
    person, same_person = Person(Runtime(store=store), survey), Person(Runtime(store=store), survey)
    same_person.session = person.session
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
    person, same_person = Person(Runtime(store=store), counting), Person(Runtime(store=store), counting)
    same_person.session = person.session
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


# Dialling again


async def test_dialling_again_shows_where_the_person_stopped() -> None:
    """In a session that lasts, dialling shows the question again with what was said before it."""
    sessions = SessionConfig().durable()
    runtime = Runtime()
    person = Person(runtime, survey, sessions=sessions)
    await person.talk("Ama")
    again = Person(runtime, survey, sessions=sessions)
    assert await again.dial("*920*99#") == "Hello, Ama.\nTown?"
    assert await again.type("Accra") == "Ama of Accra, opened by *920*77#."
    assert await again.dial() == "Name?"


async def test_without_a_lasting_session_dialling_starts_over() -> None:
    """A new gateway session is a new conversation."""
    runtime = Runtime()
    await Person(runtime, survey).talk("Ama")
    assert await Person(runtime, survey).dial() == "Name?"


async def test_an_expired_session_starts_from_the_top() -> None:
    """An answer to a session that is gone opens a new one, and is not taken for its first answer."""
    person = Person(Runtime(), survey)
    assert await person.type("1") == "Name?"


async def test_a_session_id_that_comes_back_with_another_number_is_another_session() -> None:
    """A gateway that reuses its session ids never shows one person another's answers."""
    runtime = Runtime()
    person = Person(runtime, survey)
    await person.talk("Ama")
    other = Person(runtime, survey, msisdn="+233200000001")
    other.session = person.session
    assert await other.type("Accra") == "Name?"
    assert await other.type("Kofi") == "Hello, Kofi.\nTown?"


async def test_every_turn_renews_the_time_to_live() -> None:
    """A session lives for its ttl after the last turn, not after the first."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    person = Person(Runtime(cache=cache), counting, sessions=SessionConfig(ttl=100))
    await person.dial()
    for text, at in (("a", 90.0), ("b", 180.0), ("c", 270.0)):
        now = at
        shown = await person.type(text)
    assert shown == "a,b,c|"
    now = 371.0
    assert await person.type("d") == "|"


@pytest.mark.parametrize("text", ["", "0", "False", "None"])
async def test_what_looks_like_nothing_is_an_answer(text: str) -> None:
    """A blank and a naught answer a question like any other text."""
    person = Person(Runtime(), survey)
    await person.dial()
    assert await person.type(text) == f"Hello, {text}.\nTown?"


async def test_no_is_an_answer() -> None:
    """A "No" to a yes-or-no question goes on."""

    @flow
    def asking() -> Steps[None]:
        sure = yield from Prompt.confirm("sure", "Sure?")
        yield from Prompt("next", f"{sure}")

    assert await Person(Runtime(), asking).talk("2") == "False"


# Sessions that several flows share


@flow
def english() -> Steps[None]:
    """Ask for nothing but a greeting."""
    yield from Prompt("greeting", "Greeting?")


async def test_two_flows_of_one_session_have_journals_of_their_own() -> None:
    """One record serves both flows; answers do not mix, and the end of one leaves the other."""
    runtime = Runtime()
    sessions = SessionConfig(boundaries=())
    first, second = Person(runtime, survey, sessions=sessions), Person(runtime, english, sessions=sessions)
    second.session = first.session
    await first.talk("Ama")
    await second.dial()
    assert (await second.send(second.message("Hi"))).end
    assert await first.type("Accra") == "Ama of Accra, opened by *920*77#."


async def test_the_same_text_to_two_flows_of_one_session_is_two_messages() -> None:
    """What is typed to one flow at the moment it is typed to another is no retry of it."""
    store = Faulty()
    runtime = Runtime(store=store)
    sessions = SessionConfig(boundaries=())
    first, second = Person(runtime, survey, sessions=sessions), Person(runtime, counting, sessions=sessions)
    second.session = first.session
    await first.dial()
    await second.dial()
    gate = asyncio.Event()
    store.before_load.append(gate.wait)
    tasks = [asyncio.create_task(person.type("x")) for person in (first, second)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*tasks) == ["Hello, x.\nTown?", "x|"]


async def test_two_gateways_may_give_the_same_message_id() -> None:
    """In a session across platforms an id says which message it is only together with its gateway."""
    person = Person(Runtime(), counting, sessions=SessionConfig().cross_platform())
    await person.dial()
    assert await person.type("a", "1") == "a|"
    reply = await person.send(person.message("b", message_id="1", gateway="another"))
    assert reply.text == "a,b|"


async def test_a_chat_stays_what_it_was_when_the_conversation_began() -> None:
    """A person who renames themselves or goes on elsewhere is not asked again, since the flow goes the way it went."""

    @flow
    def naming(chat: Chat) -> Steps[None]:
        name = chat.name or (yield Prompt("name", "Name?"))
        yield Prompt("pin", f"{chat.platform} {chat.gateway}: PIN, {name}?")
        yield Say(f"{name} on {chat.platform}.")

    person = Person(Runtime(), naming, sessions=SessionConfig().cross_platform())
    await person.talk()
    assert await person.type("Ama") == "ussd test: PIN, Ama?"
    person.platform = "whatsapp"
    reply = await person.send(person.message("1", name="Kofi", gateway="cloud"))
    assert reply.text == "Ama on ussd."


async def test_session_data_is_shared_and_survives_a_flow() -> None:
    """What one flow remembers another reads; replay does not add to it twice."""

    @flow
    def visits(chat: Chat) -> Steps[None]:
        chat.session.set("visits", chat.session.get("visits", 0) + 1)
        chat.session.set("seen", [*chat.session.get("seen", []), "a"])
        chat.session.get("seen").append("b")
        yield from Prompt("name", "Name?")
        yield from Prompt("town", "Town?")
        yield Say(f"Visit {chat.session.get('visits')}")

    @flow
    def reading(chat: Chat) -> Steps[None]:
        yield Say(f"{chat.session.get('visits')} {chat.session.get('seen')}")

    runtime = Runtime()
    sessions = SessionConfig(boundaries=("platform",)).durable()
    assert await Person(runtime, visits, sessions=sessions).talk("a", "b") == "Visit 1"
    assert await Person(runtime, visits, sessions=sessions).talk("a", "b") == "Visit 2"
    assert await Person(runtime, reading, sessions=sessions).dial() == "2 ['a', 'b', 'a', 'b']"


async def test_a_flow_can_let_the_whole_session_end_with_it() -> None:
    """Who asks to be forgotten is: data and the answers to other flows go when the flow ends, and not before."""

    @flow
    def forgetting(chat: Chat) -> Steps[None]:
        chat.session.destroy()
        chat.session.set("last", "word")
        if (yield from Prompt.confirm("sure", "Forget you?")):
            yield Say("Forgotten.")

    @flow
    def remembering(chat: Chat) -> Steps[None]:
        known = chat.session.exists()
        chat.session.set("known", True)
        yield Say(f"{known}")

    runtime = Runtime()
    sessions = SessionConfig(boundaries=()).durable()
    asked, forgotten, known = (Person(runtime, each, sessions=sessions) for each in (survey, forgetting, remembering))
    await asked.talk("Ama")
    assert [await known.dial(), await known.dial()] == ["False", "True"]
    await forgotten.dial()
    assert await asked.dial() == "Hello, Ama.\nTown?"
    assert await forgotten.type("1") == "Forgotten."
    assert await asked.dial() == "Name?"
    assert await known.dial() == "False"


async def test_replaying_a_change_does_not_undo_another_flows() -> None:
    """A flow that wrote a value in an earlier turn does not write it again over a newer one."""

    @flow
    def slow(chat: Chat) -> Steps[None]:
        chat.session.set("by", "slow")
        yield from Prompt("a", "A?")
        yield from Prompt("b", "B?")

    @flow
    def quick(chat: Chat) -> Steps[None]:
        chat.session.set("by", "quick")
        chat.session.delete("gone")
        yield Say("done")

    @flow
    def reading(chat: Chat) -> Steps[None]:
        yield Say(f"{chat.session.get('by')}")

    runtime = Runtime()
    sessions = SessionConfig(boundaries=()).durable()
    person = Person(runtime, slow, sessions=sessions)
    await person.dial()
    await Person(runtime, quick, sessions=sessions).dial()
    await person.type("x")
    assert await Person(runtime, reading, sessions=sessions).dial() == "quick"


# What is shown


async def test_a_chat_gets_choices_and_media_as_they_are() -> None:
    """Where messages may be long, nothing is numbered or paged; the choices and media go beside the text."""

    @flow
    def shop() -> Steps[None]:
        yield Say("Welcome", media=Media("https://example.com/a.png"))
        yield from Prompt("what", "What? " + "long " * 100, choices={"tea": "Tea", "milk": "Milk"})

    person = Person(Runtime(), shop, screen=None, platform="chat")
    reply = await person.send(person.message("Hi"))
    assert reply.text.startswith("Welcome\nWhat? long long")
    assert [(each.key, each.label) for each in reply.choices] == [("1", "Tea"), ("2", "Milk")]
    assert [each.url for each in reply.media] == ["https://example.com/a.png"]


async def test_media_is_a_line_on_ussd() -> None:
    """A screen tells where the picture is, without an emoji that would halve it."""

    @flow
    def shop() -> Steps[None]:
        yield Say("Welcome", media=Media("https://example.com/a.png", caption="Map"))
        yield from Prompt("go", "Go?", media=Media("https://example.com/b.png"))

    assert await Person(Runtime(), shop).dial() == (
        "Welcome\nMap: https://example.com/a.png\nGo?\nImage: https://example.com/b.png"
    )


async def test_a_rejection_shows_the_error_and_the_question() -> None:
    """What was said before the question is not said again; the error may stand alone."""

    @flow
    def asking() -> Steps[None]:
        yield Say("Hello.")
        yield from Prompt("age", "Age?", transform=int)
        yield from Prompt("size", "Size?", choices=["S", "M"], combine_error=False, invalid="S or M")
        yield from Prompt("end", "End?")

    person = Person(Runtime(), asking)
    assert await person.dial() == "Hello.\nAge?"
    assert await person.type("x") == "Please enter a whole number.\nAge?"
    assert await person.type("3") == "Size?\n1. S\n2. M"
    assert await person.type("7") == "S or M"
    assert await person.type("m") == "End?"


async def test_stale_numbers_do_not_rewrite_free_text() -> None:
    """A choice is matched against the prompt being answered, and later texts are taken as they are."""

    @flow
    def order() -> Steps[None]:
        size = yield from Prompt("size", "Size?", choices=[5, 10, 2, 1])
        quantity = yield from Prompt("quantity", "Quantity?")
        yield Say(f"{size} x {quantity}")

    assert await Person(Runtime(), order).talk("4", "2") == "1 x 2"


async def test_flow_parameters_reach_the_flow() -> None:
    """A flow's keyword parameters are given where it is served."""

    @flow
    def shop(chat: Chat, *, name: str) -> Steps[None]:
        yield Say(f"{name} for {chat.msisdn}")

    assert await Person(Runtime(), shop, params={"name": "Kiosk"}).dial() == "Kiosk for +233244123456"


# Middleware and what is refused


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sessions": {"ttl": 1}}, r"the sessions is {'ttl': 1}: write SessionConfig\(…\)"),
        ({"limits": 10}, r"the limits is 10: write Limits\(…\)"),
        ({"apology": 4}, "the apology is 4"),
        ({"middleware": survey}, "give a list of functions"),
        ({"middleware": ["log"]}, "give a list of functions"),
        ({"store": Runtime}, "has no load, create, save, touch, delete: write the methods of SessionStore"),
        ({"store": Faulty(), "cache": "redis://localhost"}, "give a cache or a store, not both"),
    ],
)
def test_a_setting_of_another_kind_is_refused(options: dict[str, Any], says: str) -> None:
    """A mistake in a setting is told when it is made, not to the first person who dials."""
    with pytest.raises(ConfigurationError, match=says):
        Runtime(**options)


@pytest.mark.parametrize("name", ["entries", "bytes", "steps"])
def test_a_limit_that_lets_nothing_through_is_refused(name: str) -> None:
    """With a limit of zero nobody could be answered."""
    with pytest.raises(ConfigurationError, match=f"the limit of {name} is 0"):
        Limits(**{name: 0})


async def test_middleware_sees_messages_in_order_and_may_answer() -> None:
    """The first middleware sees a message first and a reply last; one that does not go on answers itself."""
    seen: list[str] = []

    async def outer(inbound: Inbound, next: Next) -> Reply:
        seen.append(f"outer {inbound.text}")
        reply = await next(inbound)
        seen.append(f"outer got {reply.text}")
        return reply

    async def inner(inbound: Inbound, next: Next) -> Reply:
        if inbound.text == "stop":
            return Reply("Stopped.", end=True)
        return await next(inbound)

    person = Person(Runtime(middleware=[outer, inner]), survey)
    await person.dial()
    assert await person.type("stop") == "Stopped."
    assert await person.type("Ama") == "Hello, Ama.\nTown?"
    assert seen == ["outer ", "outer got Name?", "outer stop", "outer got Stopped.", "outer Ama", "outer got Hello, Ama.\nTown?"]


async def test_a_message_without_its_identifier_is_refused() -> None:
    """Nobody shares a session for want of an id."""
    person = Person(Runtime(), survey)
    with pytest.raises(MissingIdentifier, match="request_id"):
        await person.send(person.message("", request_id=None))
    with pytest.raises(MissingIdentifier, match="msisdn"):
        await Person(Runtime(), survey, platform="whatsapp").send(Inbound(platform="whatsapp", gateway="x", text="Hi"))


@pytest.mark.parametrize("field", ["text", "dialled", "request_id", "user_id", "msisdn", "message_id"])
async def test_half_a_character_is_refused(field: str) -> None:
    """Half of a surrogate pair can be neither stored nor shown; the session is not touched."""
    person = Person(Runtime(), survey)
    await person.dial()
    with pytest.raises(FlowError, match="surrogate"):
        await person.send(msgspec.structs.replace(person.message("x"), **{field: "\ud83d"}))
    assert await person.type("Ama") == "Hello, Ama.\nTown?"
