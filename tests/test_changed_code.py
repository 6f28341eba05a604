"""What becomes of a conversation in the middle of which a deploy changed the code."""

from typing import Any

import pytest

from flowdsl import Call, Flow, Prompt, Run, Runtime, Say, SessionConfig, Steps, flow
from flowdsl.errors import ConfigurationError, Diverged
from flowdsl.flow import OnChange
from flowdsl.signals import flow_diverged, flow_failed
from tests.people import Person


class Service:
    """One person's conversation, whose code changes under it."""

    def __init__(self) -> None:
        self.runtime = Runtime()
        self.events: list[Any] = []
        self.made: list[str] = []
        self.session = ""

    def person(self, code: Any, on_change: OnChange = "reuse") -> Person:
        """Let the person go on with this code."""
        person = Person(self.runtime, flow(name="survey", on_change=on_change)(code))
        person.session = self.session = self.session or person.session
        return person

    def look_up(self, what: str) -> str:
        """Be called."""
        self.made.append(what)
        return what.upper()


@pytest.fixture
def service() -> Any:
    """Listen to what diverges and fails."""
    service = Service()

    def listen(sender: Flow[..., Any], *, event: Any) -> None:
        service.events.append(event)

    flow_diverged.connect(listen)
    flow_failed.connect(listen)
    yield service
    flow_diverged.disconnect(listen)
    flow_failed.disconnect(listen)


def old(service: Service) -> Any:
    """Ask for a name, look it up, and ask for a town and an age."""

    def code() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        found = yield from Call(service.look_up, name, key="look", thread=False)
        town = yield from Prompt("town", "Town?")
        age = yield from Prompt("age", "Age?")
        yield Prompt("end", f"{name} {found} {town} {age}")

    return code


def new(service: Service) -> Any:
    """Ask for a surname in between."""

    def code() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        surname = yield from Prompt("surname", "Surname?")
        found = yield from Call(service.look_up, name, key="look", thread=False)
        town = yield from Prompt("town", "Town?")
        age = yield from Prompt("age", "Age?")
        yield Prompt("end", f"{name} {surname} {found} {town} {age}")

    return code


@pytest.mark.parametrize(
    ("on_change", "texts", "shown"),
    [
        ("reuse", ["Osei"], ["Surname?", "Ama Osei AMA Accra 30"]),
        ("reask", ["Osei", "Kumasi", "31"], ["Surname?", "Town?", "Age?", "Ama Osei AMA Kumasi 31"]),
        ("restart", ["Esi", "Osei", "Kumasi", "31"], ["Name?", "Surname?", "Town?", "Age?", "Esi Osei AMA Kumasi 31"]),
    ],
)
async def test_what_stays_of_the_answers(service: Service, on_change: OnChange, texts: list[str], shown: list[str]) -> None:
    """What fits at the beginning stays, or nothing; what was called is never called again."""
    await service.person(old(service)).talk("Ama", "Accra", "30")
    person = service.person(new(service), on_change)
    screens = [await person.dial()]
    screens += [await person.type(text) for text in texts]
    assert screens == shown
    assert service.made == ["Ama"]


async def test_a_flow_may_refuse_to_go_on(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """``fail`` raises with what was expected and found, and loses nothing: the old code goes on."""
    await service.person(old(service)).talk("Ama", "Accra")
    assert (await service.person(new(service), "fail").dial()).startswith("Sorry")
    await service.runtime.settle()
    (failed,) = service.events
    assert isinstance(failed.exception, Diverged)
    assert "it asks for 'surname' where the journal answers 'look'" in str(failed.exception)
    line = new.__code__.co_firstlineno + 5
    assert failed.where == f"{__file__}:{line}"
    assert await service.person(old(service)).dial() == "Age?"


async def test_a_divergence_is_told_with_what_was_expected_and_found(service: Service) -> None:
    """And with the line of what was found, once."""
    await service.person(old(service)).talk("Ama", "Accra")
    person = service.person(new(service))
    await person.dial()
    await person.type("Osei")
    await service.runtime.settle()
    (event,) = service.events
    assert (event.expected, event.found) == ("look", "surname")
    assert event.where == f"{__file__}:{new.__code__.co_firstlineno + 5}"


async def test_a_divergence_before_a_call_is_told_once_it_is_made(service: Service) -> None:
    """The turn goes on after the call with a journal that fits, and yet it is one turn in which they parted."""

    def calling() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield from Call(service.look_up, name, key="look", thread=False)
        yield from Call(service.look_up, "more", key="more", thread=False)
        age = yield from Prompt("age", "Age?")
        yield Prompt("end", f"{name} {age}")

    await service.person(old(service)).talk("Ama", "Accra")
    assert await service.person(calling).type("5") == "Ama 5"
    await service.runtime.settle()
    assert [(event.expected, event.found) for event in service.events] == [("town", "more")]
    await service.person(calling).type("x")
    await service.runtime.settle()
    assert len(service.events) == 1


async def test_a_call_that_was_removed_is_set_aside(service: Service) -> None:
    """And is found again when it comes back."""
    await service.person(old(service)).talk("Ama", "Accra")

    def without() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        town = yield from Prompt("town", "Town?")
        age = yield from Prompt("age", "Age?")
        yield Prompt("end", f"{name} {town} {age}")

    assert await service.person(without).dial() == "Age?"
    assert await service.person(old(service)).type("30") == "Ama AMA Accra 30"
    assert service.made == ["Ama"]


async def test_a_prompt_is_never_taken_for_a_call_of_its_key(service: Service) -> None:
    """Nor for a flow that was run under it."""

    def called() -> Steps[None]:
        yield from Call(service.look_up, "x", key="town", thread=False)
        yield from Prompt("name", "Name?")

    def asked() -> Steps[None]:
        town = yield from Prompt("town", "Town?")
        yield Say(town)
        yield from Prompt("name", "Name?")

    await service.person(called).talk()
    assert await service.person(asked).dial() == "Town?"


async def test_a_flow_within_may_change_and_go(service: Service) -> None:
    """Its answers find their questions within it only."""
    runtime = service.runtime

    def deploy(keys: list[str], *, run: bool = True) -> Person:
        @flow(name="inner")
        def inner() -> Steps[str]:
            got = ""
            for key in keys:
                got += yield from Prompt(key, f"inner {key}?")
            return got

        @flow(name="outer")
        def outer() -> Steps[None]:
            got = (yield from Run(inner)) if run else "none"
            name = yield from Prompt("a", f"{got}: a?")
            yield Prompt("end", f"{got} {name}")

        return Person(runtime, outer, sessions=SessionConfig(id="1"))

    await deploy(["a", "b"]).talk("1")
    assert await deploy(["b", "a"]).dial() == "inner b?"
    assert await deploy(["b", "a"]).type("2") == "21: a?"
    assert await deploy([], run=False).dial() == "none: a?"
    assert await deploy(["b", "a"]).dial() == "21: a?"


async def test_what_is_typed_for_a_question_that_is_gone_is_used_for_nothing(service: Service) -> None:
    """On every policy; under ``restart`` not for the first question either."""
    for policy in ("reuse", "reask", "restart"):
        service.session = ""
        await service.person(old(service)).talk("Ama", "Accra")
        screen = await service.person(new(service), policy).type("30")
        assert screen == ("Name?" if policy == "restart" else "Surname?")


async def test_what_is_typed_before_a_new_beginning_answers_nothing_after_a_call(service: Service) -> None:
    """Also where the flow that begins again calls something before its first question."""

    def greeting() -> Steps[None]:
        yield from Call(service.look_up, "greeting", key="greet", thread=False)
        age = yield from Prompt("age", "Age?")
        yield Prompt("end", age)

    await service.person(old(service)).talk("Ama", "Accra")
    assert await service.person(greeting, "restart").type("30") == "Age?"


def test_a_policy_that_does_not_exist_is_refused() -> None:
    """When the flow is made."""
    with pytest.raises(ConfigurationError, match="on_change of flow 'survey' is 'ignore'"):
        flow(name="survey", on_change="ignore")(new)  # type: ignore[call-overload]
