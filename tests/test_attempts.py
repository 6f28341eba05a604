"""Questions that may be answered wrongly only so often, secrets, and answers that are no text."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from flowdsl import (
    Become,
    Call,
    Chat,
    Contact,
    Location,
    Media,
    Navigation,
    Prompt,
    Resume,
    Run,
    Runtime,
    Say,
    SessionConfig,
    Steps,
    TooManyAttempts,
    answers,
    flow,
)
from flowdsl.compaction import compacted
from flowdsl.deliveries import mark
from flowdsl.interpreter import play
from flowdsl.journal import PROMPT, RUN
from flowdsl.signals import namespace, prompt_answered, prompt_rejected
from tests.people import Faulty, Person

PIN = "8351"
# Digests and random keys have any four digits in them now and then.
PASSWORD = "8351907264"


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """Listen to everything that is told."""
    events: list[Any] = []

    def listen(sender: Any, *, event: Any) -> None:
        events.append(event)

    for signal in namespace.values():
        signal.connect(listen, weak=False)
    yield events
    for signal in namespace.values():
        signal.disconnect(listen)


@flow
def guarded() -> Steps[None]:
    """Ask for a PIN, three times at most, and go on without."""
    try:
        yield from Prompt("pin", "PIN?", choices=["1234"], attempts=3)
        yield Say("Welcome.")
    except TooManyAttempts as error:
        yield Say(f"{error.key} wrong {error.attempts} times.")
    yield from Prompt("next", "Next?")
    yield from Prompt("last", "Last?")


@pytest.mark.parametrize("again", [False, True], ids=["at once", "dialled again in between"])
async def test_attempts_are_counted_over_messages(again: bool) -> None:
    """Dialling again gives no new ones."""
    person = Person(Runtime(), guarded)
    await person.dial()
    for _ in range(2):
        assert (await person.type("wrong")).startswith("Please choose")
        if again:
            assert (await person.dial()).startswith("PIN?")
    assert await person.type("wrong") == "pin wrong 3 times.\nNext?"
    assert await person.dial() == "pin wrong 3 times.\nNext?"
    assert await person.type("x") == "Last?"


async def test_the_last_attempt_may_be_right() -> None:
    """Three attempts are three."""
    assert await Person(Runtime(), guarded).talk("a", "b", "1234") == "Welcome.\nNext?"


async def test_a_last_message_ends_the_conversation() -> None:
    """Without anything to catch."""

    @flow
    def strict() -> Steps[None]:
        yield from Prompt("pin", "PIN?", choices=["1234"], attempts=2, too_many="Too many. Goodbye.")
        yield Say("Welcome.")

    person = Person(Runtime(), strict)
    await person.talk("a")
    reply = await person.send(person.message("b"))
    assert (reply.text, reply.end) == ("Too many. Goodbye.", True)
    assert (await person.dial()).startswith("PIN?")


async def test_who_is_not_caught_is_out(heard: list[Any]) -> None:
    """A flow that does not catch it ends: otherwise every apology would be one more attempt."""

    @flow
    def open_ended() -> Steps[None]:
        yield from Prompt("pin", "PIN?", choices=["1234"], attempts=2)
        yield Say("Welcome.")

    runtime = Runtime()
    person = Person(runtime, open_ended)
    await person.talk("a")
    reply = await person.send(person.message("b"))
    assert reply.end
    assert reply.text.startswith("Sorry")
    assert await person.type("1234") == "PIN?\n1. 1234"
    await runtime.settle()
    assert [type(event.exception) for event in heard if hasattr(event, "exception")] == [TooManyAttempts]


async def test_every_wrong_answer_is_told(heard: list[Any]) -> None:
    """The last one too; it is no answer."""
    runtime = Runtime()
    await Person(runtime, guarded).talk("a", "b", "c")
    await runtime.settle()
    told = [(event.key, event.attempts) for event in heard if type(event) is prompt_rejected.event]
    assert told == [("pin", 1), ("pin", 2), ("pin", 3)]
    assert not [event for event in heard if type(event) is prompt_answered.event]


# Secrets


_hashing = answers.pin(4, hashed_with="key")
_hashing_long = answers.pin(len(PASSWORD), hashed_with="key")


def _repeating(text: str) -> str:
    raise ValueError(f"{text} is too simple")


def _failing(text: str) -> str:
    raise KeyError(text)


def _unstorable(text: str) -> Any:
    return {text}


def _repeats(text: str) -> str | None:
    return f"{text} will not do"


@pytest.mark.parametrize(
    ("transform", "validate"),
    [(_hashing_long, None), (_repeating, None), (_failing, None), (_unstorable, None), (_hashing_long, _repeats), (None, None)],
)
async def test_a_secret_is_nowhere(
    transform: Callable[[str], Any] | None,
    validate: Callable[[str], str | None] | None,
    heard: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was typed is in no record, signal, log or reply, whatever the author's functions do with it."""
    caplog.set_level(logging.DEBUG)
    written: list[str] = []

    class Watching(Faulty):
        async def create(self, key: str, value: str, ttl: float | None) -> bool:
            written.append(value)
            return await super().create(key, value, ttl)

        async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
            written.append(value)
            return await super().save(key, value, token, ttl)

    @flow
    def secretive(chat: Chat) -> Steps[str]:
        pin: str = yield Prompt("pin", "PIN?", secret=True, transform=transform, validate=validate)  # type: ignore[arg-type]
        found = yield from Call(len, pin, thread=False)
        yield Prompt("next", f"{found}?")
        return pin

    runtime = Runtime(store=Watching())
    person = Person(runtime, secretive)
    shown = [await person.dial(), await person.type(PASSWORD, "m1"), await person.type("x"), await person.dial()]
    await runtime.settle()
    everything = "\n".join(
        [*shown, *written, *map(repr, heard), caplog.text, *(str(record.exc_info) for record in caplog.records)]
    )
    assert PASSWORD not in everything
    assert "pin" in everything


async def test_what_was_typed_cannot_be_found_by_trying() -> None:
    """With a secret of the sessions, even the digest that names a message tells nothing to who knows how it is made."""

    @flow(name="guarded")
    def secretive() -> Steps[None]:
        yield from Prompt("pin", "PIN?", secret=True, transform=_hashing)
        yield from Prompt("next", "Next?")

    stores = Faulty(), Faulty()
    for store, secret in zip(stores, (None, "a long secret"), strict=True):
        person = Person(Runtime(store=store, sessions=SessionConfig(secret=secret)), secretive)
        await person.talk(PIN)
    tried = [mark(person.message(f"{number:04d}"), "guarded") for number in range(8_300, 8_400)]
    assert [any(each in store.wanted for each in tried) for store in stores] == [True, False]


@pytest.mark.parametrize(("typed", "read"), [("4", "It has 4 digits."), ("4871", "It has **** digits.")])
async def test_only_what_may_be_the_secret_is_hidden_from_who_typed_it(typed: str, read: str) -> None:
    """What is refused is told in words that may repeat it, and are kept; a digit by itself is no secret."""

    @flow
    def secretive() -> Steps[None]:
        yield from Prompt("pin", "PIN?", secret=True, transform=_hashing, validate=lambda _: f"It has {typed} digits.")

    assert await Person(Runtime(), secretive).talk(typed) == f"{read}\nPIN?"


async def test_what_is_typed_into_a_session_that_is_gone_is_not_kept() -> None:
    """It may be a secret: on USSD only what was dialled opens a conversation."""

    @flow
    def secretive(chat: Chat) -> Steps[None]:
        yield from Prompt("pin", f"Opened by {chat.opener!r}. PIN?", secret=True, transform=_hashing)

    store = Faulty()
    person = Person(Runtime(store=store), secretive)
    assert await person.type(PASSWORD) == "Opened by ''. PIN?"
    assert await person.dial() == "Opened by ''. PIN?"
    assert PASSWORD not in store.wanted
    chatting = Person(Runtime(), secretive, platform="chat", screen=None)
    assert await chatting.type("Hi") == "Opened by 'Hi'. PIN?"
    dialling = Person(Runtime(), secretive)
    assert await dialling.dial("*920*77#") == "Opened by '*920*77#'. PIN?"


async def test_a_secret_needs_a_transform(caplog: pytest.LogCaptureFixture) -> None:
    """Since nothing else of it may be kept, and the author reads so."""

    @flow
    def careless() -> Steps[None]:
        yield Prompt("pin", "PIN?", secret=True)

    await Person(Runtime(), careless).dial()
    assert "it is secret and has no transform" in caplog.text


async def test_what_a_secret_became_is_an_answer() -> None:
    """It is the same on every replay."""

    @flow
    def secretive() -> Steps[None]:
        pin = yield from Prompt("pin", "PIN?", secret=True, transform=_hashing)
        yield from Prompt("next", pin[:8])

    person = Person(Runtime(), secretive)
    assert await person.talk(PIN) == _hashing(PIN)[:8] == await person.dial()


# Answers that are no text


PLACE = Location(5.6, -0.2, name="Accra")
CARD = Contact("Ama", ("+233244123456",))
PICTURE = Media("https://example.com/a.jpg")
SOUND = Media("https://example.com/a.ogg", "audio")


@pytest.mark.parametrize(
    ("expects", "attachment", "wrong"),
    [
        ("location", PLACE, "Please send a location."),
        ("contact", CARD, "Please send a contact."),
        ("media", SOUND, "Please send a picture, a recording or a file."),
        ("image", PICTURE, "Please send a picture."),
        ("audio", SOUND, "Please send a recording."),
    ],
)
async def test_an_attachment_is_an_answer(expects: Any, attachment: Any, wrong: str) -> None:
    """The flow gets the object, also from the journal; a text is refused in words that say what to send."""
    seen = []

    @flow
    def sending() -> Steps[None]:
        seen.append((yield Prompt("it", "Send it.", expects=expects)))
        yield Prompt("next", "Next?")

    person = Person(Runtime(), sending, screen=None, platform="chat")
    await person.type("Hi")
    assert await person.type("no") == f"{wrong}\nSend it."
    for other in {PLACE, CARD, SOUND, PICTURE} - {attachment}:
        if expects != "media" or not isinstance(other, Media):
            assert (await person.send(person.message("", attachment=other))).text == f"{wrong}\nSend it."
    assert (await person.send(person.message("", attachment=attachment))).text == "Next?"
    await person.type("x")
    assert seen == [attachment, attachment]


async def test_an_attachment_is_no_text() -> None:
    """A picture does not answer a question that wants words; its caption does."""

    @flow
    def words() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield from Prompt("next", f"{name}!")

    person = Person(Runtime(), words, screen=None, platform="chat")
    await person.type("Hi")
    assert (await person.send(person.message("", attachment=PICTURE))).text == "Please answer in words.\nName?"
    assert (await person.send(person.message("Ama", attachment=PICTURE))).text == "Ama!"


async def test_an_attachment_may_be_validated_and_transformed() -> None:
    """As a text may."""

    @flow
    def near() -> Steps[None]:
        def far(place: Location) -> str | None:
            return "Too far." if place.latitude > 10 else None

        where = yield Prompt("where", "Where?", expects="location", validate=far, transform=lambda place: place.name)  # type: ignore[call-overload]
        yield Say(f"{where}!")

    person = Person(Runtime(), near, screen=None, platform="chat")
    await person.type("Hi")
    assert (await person.send(person.message("", attachment=Location(50, 0)))).text == "Too far.\nWhere?"
    assert (await person.send(person.message("", attachment=PLACE))).text == "Accra!"


async def test_a_hand_over_gives_no_new_attempts_at_what_was_left() -> None:
    """Who goes back from a question, and comes to it again through a menu, has those that were left."""

    @flow
    def menu() -> Steps[None]:
        where = yield from Prompt("where", "Where to?")
        if where == "in":
            yield from Prompt("age", "Age?", transform=int, attempts=3, too_many="Enough.")
        yield Become(menu)

    person = Person(Runtime(navigation=Navigation(back="0")), menu)
    await person.talk("in", "x", "x", "0")
    assert await person.type("in") == "Age?\n0 Back"
    for text in ("0", "out", "in", "30", "in", "x"):
        await person.type(text)
    assert (await person.type("x")).endswith("Age?\n0 Back")
    for text in ("0", "out", "in"):
        await person.type(text)
    assert await person.type("x") == "Enough."


def _is_ok(text: str) -> str | None:
    return None if text == "ok" else "Wrong."


async def test_a_question_that_comes_twice_has_attempts_for_each_time() -> None:
    """Who goes back from the second one to the first has no new attempts at the second one for that."""

    @flow
    def codes() -> Steps[None]:
        for number in (1, 2):
            yield from Prompt("code", f"Code {number}?", validate=_is_ok, attempts=3, too_many="Locked.")

    person = Person(Runtime(navigation=Navigation(back="0")), codes)
    await person.talk("ok", "no", "no", "0", "ok")
    assert await person.type("no") == "Locked."


async def test_a_hand_over_at_the_beginning_gives_no_new_attempts() -> None:
    """Who begins again by the menu, in a flow that hands over at once, has those that were left."""

    @flow
    def login() -> Steps[None]:
        yield from Prompt("name", "Name?")
        yield from Prompt("code", "Code?", validate=_is_ok, attempts=3, too_many="Locked.")

    @flow
    def start() -> Steps[None]:
        yield Become(login)

    person = Person(Runtime(resume=Resume()), start)
    await person.talk("Ama", "no", "no")
    await person.dial()
    await person.type("2")
    await person.type("Ama")
    assert await person.type("no") == "Locked."


@pytest.mark.parametrize("first", ["nothing", "an answer", "a call"])
async def test_who_begins_again_has_no_new_attempts_behind_a_hand_over(first: str) -> None:
    """Whatever comes before it."""

    @flow
    def login() -> Steps[None]:
        yield from Prompt("name", "Name?")
        yield from Prompt("code", "Code?", validate=_is_ok, attempts=3, too_many="Locked.")

    @flow
    def start() -> Steps[None]:
        if first == "an answer":
            yield from Prompt("language", "Language?")
        elif first == "a call":
            yield Call(len, "code", thread=False)
        yield Become(login)

    person = Person(Runtime(resume=Resume()), start)
    before = ["en"] if first == "an answer" else []
    assert (await person.talk(*before, "Ama", "no", "no")).endswith("Code?")
    await person.dial()
    for text in ("2", *before, "Ama"):
        await person.type(text)
    assert await person.type("no") == "Locked."


@pytest.mark.parametrize("way", ["0", "00", "again"])
async def test_nobody_gets_new_attempts_once_there_are_none_left(way: str) -> None:
    """The flow has gone on without the answer; there is no way back to the question, and who begins again is not asked."""

    @flow
    def guarded() -> Steps[None]:
        yield from Prompt("name", "Name?")
        try:
            yield from Prompt("code", "Code?", validate=_is_ok, attempts=3)
            who = "member"
        except TooManyAttempts as error:
            who = f"guest after {error.attempts}"
        yield from Prompt("wish", f"{who}: what do you wish?")

    person = Person(Runtime(resume=Resume(), navigation=Navigation(back="0", start="00")), guarded)
    await person.talk("Ama", "no", "no")
    assert await person.type("no") == "guest after 3: what do you wish?"
    if way == "again":
        assert (await person.dial()).endswith("2. Start again")
        assert await person.type("2") == "Name?"
        assert await person.type("Ama") == "guest after 3: what do you wish?"
    else:
        await person.type(way)
    assert "Code?" not in await person.dial()


async def test_who_hands_over_after_too_many_attempts_lets_the_person_try_again() -> None:
    """The flow has seen to it, and asks anew."""

    @flow
    def guarded() -> Steps[None]:
        yield from Prompt("name", "Name?")
        try:
            yield from Prompt("code", "Code?", validate=_is_ok, attempts=2)
        except TooManyAttempts:
            yield Become(guarded)
        yield Say("Welcome!")

    person = Person(Runtime(), guarded)
    assert await person.talk("Ama", "no", "no") == "Name?"
    await person.type("Ama")
    assert await person.type("no") == "Wrong.\nCode?"
    assert await person.type("ok") == "Welcome!"


async def test_each_run_of_a_flow_has_attempts_of_its_own() -> None:
    """Whether the one before is still in the journal or not, and whichever of them the person goes back to."""

    @flow
    def verified(*, who: str) -> Steps[None]:
        yield from Prompt("ready", f"{who} ready?")
        yield from Prompt("code", f"Code of {who}?", validate=_is_ok, attempts=3, too_many=f"{who} is locked.")

    @flow
    def joint() -> Steps[None]:
        yield from Run(verified, who="Ama")
        yield from Run(verified, who="Kofi")
        yield from Prompt("sure", "Sure?")

    person = Person(Runtime(navigation=Navigation(back="0")), joint)
    await person.talk("y", "no", "ok", "y", "no", "no", "0", "0")
    # The first one is collapsed by now, and is gone back into at its beginning.
    assert await person.type("y") == "Code of Ama?\n0 Back"
    assert await person.type("no") == "Wrong.\nCode of Ama?\n0 Back"
    await person.type("ok")
    await person.type("y")
    assert await person.type("no") == "Kofi is locked."


@pytest.mark.parametrize("name", ["around", "a*round", "a/b!*"])
def test_the_name_of_a_question_does_not_hang_on_what_is_collapsed(name: str) -> None:
    """Whatever the flows are called, it is the same before and after the journal lets go of what came before it."""

    @flow
    def part() -> Steps[None]:
        yield from Prompt("code", "Code?", attempts=3)

    @flow(name=name)
    def around() -> Steps[None]:
        yield from Run(part)
        yield from Run(part)

    @flow
    def outer() -> Steps[None]:
        yield from Run(around)

    first = play(outer, None, [], "a")
    answered = play(outer, None, first.journal, "b")
    collapsed, _ = compacted(answered, answered.at)
    assert [entry.kind for entry in collapsed.journal] == [RUN, PROMPT]
    assert first.spot == play(outer, None, collapsed.journal[:1]).spot != ""


async def test_a_message_of_the_last_attempt_tells_how_many_there_were(heard: list[Any]) -> None:
    """Also where the question is not asked at all any more."""

    @flow
    def guarded() -> Steps[None]:
        with suppress(TooManyAttempts):
            yield from Prompt("code", "Code?", validate=_is_ok, attempts=2)
        yield from Prompt("wish", "What do you wish?")

    person = Person(Runtime(resume=Resume()), guarded)
    await person.talk("no", "no")
    await person.dial()
    assert await person.type("2") == "What do you wish?"
    await person.runtime.settle()
    told = [(event.key, event.attempts) for event in heard if type(event) is prompt_rejected.event]
    assert told == [("code", 1), ("code", 2), ("code", 2)]
