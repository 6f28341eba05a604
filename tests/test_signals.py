"""Signals: what is told, to whom, and what a receiver cannot break."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import Flow, Inbound, Limits, Next, Prompt, Reply, Runtime, Say, Screen, SessionConfig, Steps, flow, signals
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import StoreUnavailable
from flowdsl.signals import (
    Event,
    FlowFailed,
    PromptAnswered,
    SessionEvent,
    WebhookEvent,
    flow_failed,
    flow_started,
    prompt_answered,
)
from flowdsl_adapters import Nalo, mount
from tests.people import Faulty, Person, lose


@flow
def registration() -> Steps[str]:
    """Ask a number and greet."""
    count = yield from Prompt("count", "How many?", transform=int)
    yield Say(f"{count} it is.")
    return "done"


@flow
def other() -> Steps[None]:
    """Say something."""
    yield Say("Hello")


FIRST = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": "", "MSGTYPE": True, "SESSIONID": "1"}


class Heard:
    """Everything that was told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []

    @property
    def names(self) -> list[str]:
        """Name what was told."""
        return [name for name, _ in self.events]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Listen to every signal there is."""
    log = Heard()
    with ExitStack() as stack:
        for name, signal in signals.namespace.items():

            def receiver(sender: Flow[..., Any], *, event: Event, name: str = name) -> None:
                assert event.flow == sender.name
                log.events.append((name, event))

            stack.enter_context(signal.connected_to(receiver))
        yield log


async def test_a_conversation_is_told_from_top_to_bottom(heard: Heard) -> None:
    """Each step of a conversation has its signal, in the order in which it happened."""
    runtime = Runtime()
    person = Person(runtime, registration)
    await person.talk("many", "3")
    await runtime.settle()
    assert heard.names == [
        "message.received",
        "session.cache.miss",
        "session.created",
        "flow.started",
        "prompt.shown",
        "message.received",
        "session.cache.hit",
        "prompt.rejected",
        "prompt.shown",
        "message.received",
        "session.cache.hit",
        "prompt.answered",
        "flow.finished",
        "session.destroyed",
    ]
    told: dict[str, Any] = dict(heard.events)
    assert (told["prompt.rejected"].attempts, told["prompt.rejected"].message) == (1, "Please enter a whole number.")
    assert (told["prompt.answered"].key, told["prompt.answered"].attempts) == ("count", 2)
    assert told["flow.finished"].result == "done"
    assert told["session.created"].session_id == f"registration:ussd:test:{person.session}"


async def test_duplicates_dialling_again_and_pages_are_told(heard: Heard) -> None:
    """What does not advance a conversation has signals too."""
    runtime = Runtime()
    person = Person(runtime, registration, sessions=SessionConfig().durable(), screen=Screen(septets=24, units=24))
    await person.dial()
    await person.dial()
    await person.type("x", "m1")
    await person.type("x", "m1")
    await person.type("#")
    await runtime.settle()
    assert heard.names.count("session.resumed") == 1
    assert heard.names.count("message.duplicate") == 1
    assert heard.names.count("prompt.rejected") == 1
    pages: list[Any] = [event for name, event in heard.events if name == "pagination.triggered"]
    assert [(event.page, event.pages) for event in pages] == [(1, 3), (2, 3)]


async def test_a_failure_is_told_with_its_exception_and_place(heard: Heard) -> None:
    """``flow.failed`` carries the exception and the line of the flow that raised it."""

    @flow
    def broken() -> Steps[None]:
        yield from Prompt("a", "A?")
        raise RuntimeError("no stock")

    runtime = Runtime()
    await Person(runtime, broken).talk("x")
    await runtime.settle()
    (event,) = [event for _, event in heard.events if isinstance(event, FlowFailed)]
    assert str(event.exception) == "no stock"
    assert event.where == f"{__file__}:{broken.function.__code__.co_firstlineno + 3}"


async def test_a_mistake_of_the_author_is_told_with_its_place(heard: Heard) -> None:
    """An error that the library finds names the line of the flow, too."""

    @flow
    def looping() -> Steps[None]:
        while True:
            yield Say("on and on")

    runtime = Runtime(limits=Limits(steps=5))
    await Person(runtime, looping).dial()
    await runtime.settle()
    (event,) = [event for _, event in heard.events if isinstance(event, FlowFailed)]
    assert event.where == f"{__file__}:{looping.function.__code__.co_firstlineno + 3}"


async def test_dialling_again_gives_no_new_attempts(heard: Heard) -> None:
    """Attempts count on when the person dials again in between, and begin anew with the next question."""
    runtime = Runtime()
    person = Person(runtime, registration, sessions=SessionConfig().durable())
    await person.talk("a", "b")
    await person.dial()
    await person.type("c")
    await runtime.settle()
    rejected: list[Any] = [event for name, event in heard.events if name == "prompt.rejected"]
    assert [event.attempts for event in rejected] == [1, 2, 3]


async def test_changed_code_is_told(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    """A deploy that asks something else than the journal answers is reported, and logged, with both sides and the place."""
    cache = MemoryCache()

    def asking(keys: list[str]) -> Flow[[], None]:
        @flow(name="asking")
        def asking() -> Steps[None]:
            for key in keys:
                yield from Prompt(key, f"{key}?")

        return asking

    before = Person(Runtime(cache=cache), asking(["name", "age", "town"]))
    await before.talk("Ama", "30")
    runtime = Runtime(cache=cache)
    after = Person(runtime, asking(["name", "sex", "age", "town"]))
    after.session = before.session
    assert await after.type("Accra") == "sex?"
    assert await after.type("f") == "town?"
    await runtime.settle()
    (event,) = [event for _, event in heard.events if isinstance(event, signals.FlowDiverged)]
    assert (event.expected, event.found) == ("age", "sex")
    assert event.where.startswith(f"{__file__}:")
    (record,) = caplog.records
    assert all(part in record.getMessage() for part in ("'asking'", "'sex'", "'age'", event.where, event.session_id))


async def test_how_often_a_question_was_answered_in_vain(heard: Heard) -> None:
    """A question is shown with its refused answers, and answered with all of its tries; each question has its own."""
    runtime = Runtime()
    await Person(runtime, registration).talk("x", "3")
    await runtime.settle()
    shown: list[Any] = [event for name, event in heard.events if name == "prompt.shown"]
    answered: list[Any] = [event for name, event in heard.events if name == "prompt.answered"]
    assert [event.attempts for event in shown] == [0, 1]
    assert [event.attempts for event in answered] == [2]


async def test_a_flow_starts_once_and_a_session_is_created_again_after_its_end(heard: Heard) -> None:
    """Dialling again starts no flow; a session that only remembers its end is a new one at the next dial."""
    runtime = Runtime()
    person = Person(runtime, registration, sessions=SessionConfig().durable())
    await person.dial()
    await person.dial()
    await runtime.settle()
    assert heard.names.count("flow.started") == heard.names.count("session.created") == 1
    await person.type("3")
    await person.dial()
    await runtime.settle()
    assert heard.names.count("flow.started") == heard.names.count("session.created") == 2


async def test_of_retries_one_is_told_as_the_message(heard: Heard) -> None:
    """Texts that come again while the first is answered are told as duplicates, each of them."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, registration)
    await person.dial()
    store.before_load.append(lambda: asyncio.sleep(0))
    await asyncio.gather(*(person.type("3") for _ in range(5)))
    await runtime.settle()
    assert heard.names.count("message.received") == 6
    assert heard.names.count("message.duplicate") == 4
    assert heard.names.count("flow.finished") == 1


@pytest.mark.parametrize("message_id", [None, "m1"])
async def test_the_end_is_told_once_though_two_processes_answer(heard: Heard, message_id: str | None) -> None:
    """Of two processes that get the same last message at once, the one whose save won tells of the end."""
    store = Faulty()
    runtimes = [Runtime(store=store) for _ in range(2)]
    person, same_person = (Person(runtime, registration) for runtime in runtimes)
    same_person.session = person.session
    await person.dial()
    store.before_write.append(lambda: same_person.type("3", message_id))
    await person.type("3", message_id)
    for runtime in runtimes:
        await runtime.settle()
    assert heard.names.count("flow.finished") == 1
    assert heard.names.count("message.duplicate") == 1


async def test_the_end_is_told_once_though_its_work_was_taken_over(heard: Heard) -> None:
    """Of several retries that find the first one's work done but given up, one tells of the end, and all of repetitions."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, registration)
    await person.dial()
    arrived = asyncio.Event()

    async def hang() -> None:
        arrived.set()
        await asyncio.Event().wait()

    store.after_write.append(hang)
    first, *others = (asyncio.create_task(person.type("3")) for _ in range(4))
    await arrived.wait()
    first.cancel()
    _, *shown = await asyncio.gather(first, *others, return_exceptions=True)
    await runtime.settle()
    assert shown == ["3 it is."] * 3
    assert heard.names.count("flow.finished") == heard.names.count("session.destroyed") == 1
    assert heard.names.count("message.duplicate") == 3


async def test_what_is_told_before_the_first_message_is_waited_for() -> None:
    """A runtime that has answered nothing yet keeps hold of what it tells."""
    gate = asyncio.Event()
    done: list[int] = []

    async def slow(sender: Flow[..., Any], *, event: WebhookEvent) -> None:
        await gate.wait()
        done.append(event.status)

    with signals.webhook_verified.connected_to(slow):
        runtime = Runtime()
        runtime.tell(
            signals.webhook_verified, other, WebhookEvent(flow="other", platform="ussd", gateway="nalo", status=200, reason="")
        )
        await Person(runtime, other).dial()
        gate.set()
        await runtime.settle()
    assert done == [200]


async def test_a_save_in_doubt_that_arrived_is_told_as_what_it_was(heard: Heard) -> None:
    """The end is told also where its save first seemed to fail; not as a repetition."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, registration)
    await person.dial()
    store.after_write.append(lose)
    await person.type("3")
    await runtime.settle()
    assert heard.names.count("flow.finished") == 1
    assert "message.duplicate" not in heard.names


async def test_what_came_in_is_told_though_the_store_is_down(heard: Heard) -> None:
    """A message that could not be answered was received all the same; the store is asked once more and told of once."""
    store = Faulty()
    runtime = Runtime(store=store)
    person = Person(runtime, registration)
    store.before_load.append(lose)
    with pytest.raises(StoreUnavailable):
        await person.dial()
    await runtime.settle()
    assert heard.names == ["message.received"]
    other_runtime = Runtime(store=store)
    same_person = Person(other_runtime, registration)
    same_person.session = person.session
    store.before_write.append(same_person.dial)
    await person.dial()
    await runtime.settle()
    assert heard.names.count("session.cache.miss") == 2
    assert "session.cache.hit" not in heard.names


async def test_code_that_ends_earlier_is_told(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    """What was typed for a question that is gone is used for nothing, and that is told and logged, also at the end."""

    def asking(keys: list[str]) -> Flow[[], None]:
        @flow(name="asking")
        def asking() -> Steps[None]:
            for key in keys:
                yield from Prompt(key, f"{key}?")
            yield Say("Done.")

        return asking

    cache = MemoryCache()
    person = Person(Runtime(cache=cache), asking(["name", "age"]))
    await person.talk("Ama")
    runtime = Runtime(cache=cache)
    person.flow, person.runtime = asking(["name"]), runtime
    assert await person.type("30") == "Done."
    await runtime.settle()
    (event,) = [event for _, event in heard.events if isinstance(event, signals.FlowDiverged)]
    assert (event.expected, event.found) == ("age", None)
    assert "'age'" in caplog.text


async def test_a_receiver_of_one_flow_hears_only_of_it() -> None:
    """``sender=`` filters by flow."""
    names: list[str] = []

    def receiver(sender: Flow[..., Any], *, event: signals.FlowStarted) -> None:
        names.append(event.flow)

    flow_started.connect(receiver, sender=registration)
    runtime = Runtime()
    await Person(runtime, other).dial()
    await Person(runtime, registration).dial()
    await runtime.settle()
    flow_started.disconnect(receiver)
    assert names == ["registration"]


async def test_receivers_may_be_coroutines_and_lambdas_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    """A receiver that raises is logged; the others hear, and the conversation goes on."""
    keys: list[str] = []

    async def slow(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
        await asyncio.sleep(0)
        keys.append(f"slow {event.key}")

    def broken(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
        raise RuntimeError("receiver is broken")

    async def cancelled(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
        raise asyncio.CancelledError("what it waited for was cancelled")

    def exiting(sender: Flow[..., Any], *, event: PromptAnswered) -> None:
        raise SystemExit("receiver has had enough")

    prompt_answered.connect(broken)
    prompt_answered.connect(cancelled)
    prompt_answered.connect(exiting)
    prompt_answered.connect(slow)
    prompt_answered.connect(lambda sender, *, event: keys.append(f"lambda {event.key}"))
    gc.collect()
    runtime = Runtime()
    assert await Person(runtime, registration).talk("3") == "3 it is."
    await runtime.settle()
    for each in list(prompt_answered.receivers.values()):
        prompt_answered.disconnect(each)
    assert sorted(keys) == ["lambda count", "slow count"]
    assert "receiver is broken" in caplog.text
    assert "what it waited for was cancelled" in caplog.text
    assert "receiver has had enough" in caplog.text


async def test_receivers_may_make_messages_of_their_own() -> None:
    """Settling waits for what receivers set off as well."""
    runtime = Runtime()
    heard: list[str] = []

    async def answer(sender: Flow[..., Any], *, event: SessionEvent) -> None:
        if not heard:
            heard.append(event.session_id)
            await Person(runtime, other).dial()
            heard.append("answered")

    with signals.session_created.connected_to(answer):
        await Person(runtime, other).dial()
        await runtime.settle()
    assert heard[1:] == ["answered"]
    assert not runtime._telling


async def test_closing_gives_up_receivers_that_hang(caplog: pytest.LogCaptureFixture) -> None:
    """A receiver that never comes back does not keep the service from ending."""
    cancelled: list[str] = []

    async def hanging(sender: Flow[..., Any], *, event: SessionEvent) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(event.session_id)

    with signals.session_created.connected_to(hanging):
        runtime = Runtime()
        await Person(runtime, other).dial()
        await asyncio.sleep(0)
        await runtime.close(patience=0)
        await asyncio.sleep(0)
    assert len(cancelled) == 1
    assert "1 turns and receivers of signals did not finish" in caplog.text


async def test_a_receiver_takes_no_time_of_the_reply() -> None:
    """The reply is there while a receiver still works; closing waits for it."""
    gate = asyncio.Event()
    done: list[str] = []

    async def slow(sender: Flow[..., Any], *, event: SessionEvent) -> None:
        await gate.wait()
        done.append(event.session_id)

    with signals.session_created.connected_to(slow):
        runtime = Runtime()
        assert await Person(runtime, other).dial() == "Hello"
        assert not done
        gate.set()
        await runtime.close()
    assert len(done) == 1


async def test_events_come_after_the_save(heard: Heard) -> None:
    """A turn that changes nothing, because the flow failed, tells of no answer."""
    runtime = Runtime(limits=Limits(bytes=400))
    await Person(runtime, registration).talk("3" * 400)
    await runtime.settle()
    assert "prompt.answered" not in heard.names
    assert heard.names[-1] == "flow.failed"


async def test_no_number_is_told(heard: Heard) -> None:
    """With sessions by number no event holds it in the clear."""
    runtime = Runtime()
    person = Person(runtime, registration, sessions=SessionConfig().durable())
    await person.talk("x", "3")
    await runtime.settle()
    assert heard.events
    assert "244123456" not in repr(heard.events)


class Unsent(web.Response):
    """A response whose sender has hung up."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Fail as a closed connection does."""
        raise ConnectionResetError("hung up")


async def test_a_reply_is_told_as_sent_when_it_was(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is the one of the mount, and a reply that could not be handed over is not told as sent."""
    runtime = Runtime()
    app = web.Application()
    mount(app, "/ussd", Nalo(), other, runtime=runtime, sessions=SessionConfig().durable())
    async with TestClient(TestServer(app)) as client:
        assert (await client.post("/ussd", json=FIRST)).status == 200
        monkeypatch.setattr("flowdsl_adapters.mounting.web.Response", Unsent)
        with pytest.raises(ClientError):
            await client.post("/ussd", json=FIRST)
    await runtime.settle()
    told: dict[str, list[Any]] = {name: [event for each, event in heard.events if each == name] for name in heard.names}
    assert len(told["message.received"]) == 2
    (sent,) = told["message.sent"]
    assert sent.session_id == told["message.received"][0].session_id


@pytest.mark.parametrize("answers_itself", [True, False])
async def test_what_middleware_changes_is_what_is_told(heard: Heard, answers_itself: bool) -> None:
    """A session is told by the id that it was found with; a reply that middleware made has none, and breaks nothing."""

    async def middleware(inbound: Inbound, next: Next) -> Reply:
        if answers_itself:
            return Reply("Closed.", end=True)
        return await next(msgspec.structs.replace(inbound, request_id="changed"))

    runtime = Runtime(middleware=[middleware])
    app = web.Application()
    mount(app, "/ussd", Nalo(), other, runtime=runtime)
    async with TestClient(TestServer(app)) as client:
        for _ in range(2):
            assert (await client.post("/ussd", json=FIRST)).status == 200
    await runtime.settle()
    sent: list[Any] = [event for name, event in heard.events if name == "message.sent"]
    assert [event.session_id for event in sent] == [None if answers_itself else "other:ussd:nalo:changed"] * 2


@flow
def cedis() -> Steps[None]:
    """Ask and tell in letters that make a screen UCS-2, and once in others."""
    yield from Prompt("amount", "₵5 – ₵20?", choices={"5": "₵5 ɛ", "20": "₵20 🙂"})
    yield from Prompt("plain", "How many?")
    yield Say("Meda wo ase ɔ 🙏🏽")


async def test_what_makes_a_screen_ucs2_is_told(heard: Heard) -> None:
    """Each screen that needs UCS-2 is told with its question, and which characters are to blame; other screens are not."""
    runtime = Runtime()
    person = Person(runtime, cedis)
    await person.talk("1", "3")
    await runtime.settle()
    told = [event for _, event in heard.events if isinstance(event, signals.AlphabetForced)]
    assert [(event.key, event.characters) for event in told] == [("amount", "₵–ɛ🙂"), ("", "ɔ🙏🏽")]
    assert {(event.flow, event.gateway, event.session_id) for event in told} == {
        ("cedis", "test", f"cedis:ussd:test:{person.session}")
    }
    assert heard.names[:6] == [
        *("message.received", "session.cache.miss", "session.created", "flow.started", "prompt.shown", "alphabet.forced")
    ]


@pytest.mark.parametrize("screen", [Screen(transliterate=True), None], ids=["transliterates", "chat"])
async def test_a_screen_without_ucs2_is_not_told_of(heard: Heard, screen: Screen | None) -> None:
    """Nothing is told where all is transliterated, nor of a chat, which has no septets."""
    runtime = Runtime()
    await Person(runtime, cedis, screen=screen).talk("1", "3")
    await runtime.settle()
    assert "alphabet.forced" not in heard.names


async def test_of_pages_and_apologies_it_is_told_too(heard: Heard) -> None:
    """Whatever is shown counts: each page that is turned to, an apology, and what middleware says without a session."""

    @flow
    def broken() -> Steps[None]:
        yield from Prompt("a", "ɛ" * 50 + " " + "a" * 40 + " " + "ɔ" * 30)
        raise RuntimeError("no stock")

    async def closing(inbound: Inbound, next: Next) -> Reply:
        return Reply("₦") if inbound.text == "bye" else await next(inbound)

    runtime = Runtime(apology="Kosɛ", middleware=[closing])
    person = Person(runtime, broken, screen=Screen(septets=60, units=60))
    await person.talk("#", "#", "x", "bye")
    await runtime.settle()
    told = [event for _, event in heard.events if isinstance(event, signals.AlphabetForced)]
    assert [event.characters for event in told] == ["ɛ", "ɔ", "ɛ", "₦"]
    assert [event.session_id is None for event in told] == [False, False, False, True]
    assert [event.key for event in told] == ["a", "a", "", ""]


async def test_webhooks_are_told(heard: Heard) -> None:
    """Requests that prove their origin, requests that are refused, and replies that were sent."""
    runtime = Runtime()
    app = web.Application()
    mount(app, "/ussd", Nalo(), other, runtime=runtime, secret="s3cret")
    async with TestClient(TestServer(app)) as client:
        assert (await client.post("/ussd", json=FIRST)).status == 403
        assert (await client.post("/ussd?secret=s3cret", json={})).status == 400
        response = await client.post("/ussd?secret=s3cret", json=FIRST)
        assert (response.status, (await response.json())["MSG"]) == (200, "Hello")
        await runtime.settle()
    told = [name for name in heard.names if name.startswith(("webhook", "message.sent"))]
    assert told == ["webhook.failed", "webhook.verified", "webhook.failed", "webhook.verified", "message.sent"]
    failures: list[Any] = [event for name, event in heard.events if name == "webhook.failed"]
    assert [(event.status, event.reason) for event in failures] == [
        (403, "the shared secret is missing or wrong"),
        (400, "MSGTYPE is missing"),
    ]


def test_names_and_globals_agree() -> None:
    """Each signal is a module global in snake case, and in the namespace under its name with dots."""
    for name, signal in signals.namespace.items():
        assert getattr(signals, name.replace(".", "_")) is signal
        assert signal.name == name


def test_events_are_not_built_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a receiver no event is made."""

    def refuse(*args: Any, **fields: Any) -> None:
        raise AssertionError("an event was built")

    for signal in signals.namespace.values():
        monkeypatch.setattr(signal, "event", refuse)
    assert asyncio.run(Person(Runtime(), registration).talk("3")) == "3 it is."
    assert not flow_failed.receivers
