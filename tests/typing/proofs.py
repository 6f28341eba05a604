"""What type checkers infer for people who prove flows, and the mistakes that they must find."""

from typing import Any, assert_type

from hypothesis import given
from hypothesis.stateful import invariant
from hypothesis.strategies import SearchStrategy

from flowdsl import Location, Prompt, Screen, Steps, flow
from flowdsl.store import SessionStore
from flowdsl.testing import (
    Conversation,
    Dialogue,
    Exploration,
    Fit,
    FlowMachine,
    Made,
    StoreContract,
    assert_fits,
    conversations,
    either,
    explore,
)
from flowdsl_adapters import Nalo


@flow
def greeting(*, polite: bool = False) -> Steps[None]:
    """Ask for a name."""
    yield from Prompt("name", "Name?")


talk = Conversation(greeting, calls={"pay": either(1, OSError)}, gateway=Nalo(), params={"polite": True}, locale="fr")
assert_type(talk, Conversation)
assert_type(talk.type("Ama").choose("Yes").send(Location(5.6, -0.2)).wait(5).redeliver().dial().see("Name?"), Conversation)
assert_type(talk.ended, bool)
assert_type(talk.said, list[str])
assert_type(talk.asked, str | None)
assert_type(talk.answers, dict[str, Any])
assert_type(talk.calls, list[Made])
assert_type(talk.dialogue, Dialogue)
assert_type(explore(greeting, answers={"name": ["Ama"]}, screen=Screen(), rounds=2), Exploration)
assert_type(explore(greeting).paths, int)
assert_type(assert_fits(greeting, gateway=Nalo(), page=120, locales=["en", None]), Fit)
assert_type(conversations(greeting, mistakes=0, platform="telegram"), SearchStrategy[Conversation])
assert_type(FlowMachine.for_flow(greeting), type[FlowMachine])

Conversation(greeting, gatway=Nalo())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Conversation(greeting, locale=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
explore(greeting, gateway="nalo")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
talk.type(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@given(conversations(greeting))
def is_drawn(drawn: Conversation) -> None:
    """Take what is drawn."""


class GreetingMachine(FlowMachine):
    """A machine with an invariant."""

    flow = greeting

    @invariant()
    def somebody_is_asked(self) -> None:
        """Look at the conversation."""
        assert_type(self.talk, Conversation)


class TestOwnStore(StoreContract):
    """A store of one's own."""

    def open(self) -> SessionStore:
        """Open it."""
        raise NotImplementedError
