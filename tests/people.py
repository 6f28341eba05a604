"""People who dial and type, for tests of the runtime."""

import itertools
from typing import Any

from flowdsl import Flow, Inbound, Reply, Runtime, Screen, SessionConfig

_sessions = itertools.count(1)


class Person:
    """One person on USSD, with a gateway session of their own."""

    def __init__(
        self,
        runtime: Runtime,
        flow: Flow[..., Any],
        *,
        msisdn: str = "+233244123456",
        sessions: SessionConfig | None = None,
        screen: Screen | None = Screen(),
        platform: str = "ussd",
        params: dict[str, Any] | None = None,
    ) -> None:
        self.runtime = runtime
        self.flow = flow
        self.msisdn = msisdn
        self.sessions = sessions
        self.screen = screen
        self.platform = platform
        self.params = params or {}
        self.session = f"1000{next(_sessions)}"

    def message(self, text: str, *, new: bool = False, **fields: Any) -> Inbound:
        """Make a message of this person."""
        known: dict[str, Any] = {"gateway": "test", "request_id": self.session, "msisdn": self.msisdn, "user_id": self.msisdn}
        return Inbound(platform=self.platform, text=text, new=new, **{**known, **fields})

    async def send(self, inbound: Inbound) -> Reply:
        """Send a message as it is."""
        return await self.runtime.handle(self.flow, inbound, sessions=self.sessions, screen=self.screen, params=self.params)

    async def dial(self, code: str = "*920*77#") -> str:
        """Dial the service, and read the screen."""
        return (await self.send(self.message("", new=True, dialled=code))).text

    async def type(self, text: str, message_id: str | None = None) -> str:
        """Type an answer, and read the screen."""
        return (await self.send(self.message(text, message_id=message_id))).text

    async def talk(self, *texts: str) -> str:
        """Dial, type these answers, and read the last screen."""
        shown = await self.dial()
        for text in texts:
            shown = await self.type(text)
        return shown
