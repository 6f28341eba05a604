"""The runtime in one process: what it does with a message, shared sessions, settings and middleware."""

import asyncio
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
    SessionConfig,
    Steps,
    flow,
)
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import ConfigurationError, MissingIdentifier
from tests.people import Faulty, Person, counting, survey


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
        ({"apology": " "}, "the apology is ' '"),
        ({"apology": "\ud800 sorry"}, "the apology is"),
        ({"clock": 5}, "the clock is 5"),
        ({"store": Faulty}, "is a class"),
        ({"middleware": survey}, "give a list of functions"),
        ({"middleware": ["log"]}, "give a list of functions"),
        ({"store": Runtime}, "has no load, create, save, touch, delete: give an object with the methods of SessionStore"),
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
    for limit in (0, -1, "5", 1.5):
        with pytest.raises(ConfigurationError, match=f"the limit of {name} is {limit!r}"):
            Limits(**{name: limit})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"text": None}, "the text of the message is None"), ({"msisdn": 233244123456}, r"\{'msisdn': 233244123456\}: give texts")],
)
async def test_a_message_that_is_no_text_is_told(fields: dict[str, Any], says: str) -> None:
    """Whoever makes messages by hand learns which field is wrong."""
    message = Inbound(platform="ussd", gateway="test", request_id="1")
    with pytest.raises(ConfigurationError, match=says):
        await Runtime().handle(survey, msgspec.structs.replace(message, **fields))


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


@pytest.mark.parametrize("field", ["text", "dialled", "request_id", "user_id", "msisdn", "message_id", "name"])
async def test_half_a_character_is_refused(field: str) -> None:
    """Half of a surrogate pair can be neither stored nor shown; the session is not touched."""
    person = Person(Runtime(), survey)
    await person.dial()
    with pytest.raises(FlowError, match="surrogate"):
        await person.send(msgspec.structs.replace(person.message("x"), **{field: "\ud83d"}))
    assert await person.type("Ama") == "Hello, Ama.\nTown?"
