"""People whose gateway sends all that they have typed in its session each time."""

import itertools
from typing import Any

from flowdsl import Flow, History, Inbound, Reply, Runtime
from tests.people import Person

_requests = itertools.count(1)


class Typist(Person):
    """One person, behind a gateway that joins what they type by stars.

    Args:
        runtime: who answers.
        flow: with what.
        first: what the gateway sends when they dial: nothing, or what they dialled behind the code.
        repeats: what comes unchanged is the same message again.
        fields: what every message has besides.
    """

    def __init__(
        self, runtime: Runtime, flow: Flow[..., Any], *, first: str = "", repeats: bool = True, fields: Any = None, **known: Any
    ) -> None:
        super().__init__(runtime, flow, **known)
        self.first = first
        self.repeats = repeats
        self.fields = fields or {}
        self.answers: list[str] = []

    @property
    def typed(self) -> str:
        """All that was typed, as the gateway sends it."""
        return "*".join([*([self.first] if self.first else []), *self.answers])

    def inbound(self, **fields: Any) -> Inbound:
        """Make the message that says all that was typed."""
        told: dict[str, Any] = {
            "new": None if self.typed else True,
            "dialled": "*920*77#",
            "history": History(self.typed, self.repeats),
            **self.fields,
            **fields,
        }
        return self.message(told["history"].text.rpartition("*")[2], **told)

    async def send_again(self, **fields: Any) -> Reply:
        """Let the gateway send what it has sent last."""
        return await self.send(self.inbound(**fields))

    async def dial(self, code: str = "*920*77#") -> str:
        """Dial, in a new session of the gateway."""
        self.session = f"2000{next(_requests)}"
        self.answers = []
        return (await self.send_again(dialled=code)).text

    def add(self, *texts: str) -> None:
        """Type something that the gateway has not sent yet."""
        self.answers += texts

    async def type(self, text: str, message_id: str | None = None) -> str:
        """Type an answer, and read the screen."""
        self.add(text)
        return (await self.send_again(message_id=message_id)).text
