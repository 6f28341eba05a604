"""People who dial and type, what they talk to, and a store that fails them, for tests of the runtime."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from flowdsl import Chat, Flow, Inbound, Prompt, Reply, Runtime, Say, Screen, SessionConfig, Steps, Stored, flow
from flowdsl._aiocache import CacheStore, MemoryCache, MemoryStore
from flowdsl.errors import StoreUnavailable

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

    def message(self, text: str, *, new: bool | None = False, **fields: Any) -> Inbound:
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


class Faulty:
    """A memory store that a test can make to fail, to wait, or to be overtaken."""

    def __init__(self, inner: CacheStore | None = None) -> None:
        self.inner = inner or MemoryStore(MemoryCache())
        self.wanted = ""
        self.before_load: list[Callable[[], Any]] = []
        self.before_write: list[Callable[[], Any]] = []
        self.after_write: list[Callable[[], Any]] = []
        self.before_touch: list[Callable[[], Any]] = []
        self.calls: list[str] = []

    async def _next(self, actions: list[Callable[[], Any]]) -> None:
        if actions:
            result = actions.pop(0)()
            if asyncio.iscoroutine(result):
                await result

    async def load(self, key: str) -> Stored | None:
        self.calls.append("load")
        await self._next(self.before_load)
        return await self.inner.load(key)

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        self.calls.append("create")
        await self._next(self.before_write)
        done = await self.inner.create(key, value, ttl)
        await self._next(self.after_write)
        return done

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        self.calls.append("save")
        self.wanted = value
        await self._next(self.before_write)
        done = await self.inner.save(key, value, token, ttl)
        await self._next(self.after_write)
        return done

    async def touch(self, key: str, ttl: float | None) -> None:
        self.calls.append("touch")
        await self._next(self.before_touch)
        await self.inner.touch(key, ttl)

    async def delete(self, key: str) -> bool:
        return await self.inner.delete(key)

    async def close(self) -> None:
        await self.inner.close()


def in_two_processes(store: Faulty, flow: Flow[..., Any], *, deadline: float | None = None) -> tuple[Person, Person]:
    """Let one person's messages reach two processes, as far as two runtimes on one store are that."""
    person, same_person = (Person(Runtime(store=store, deadline=deadline), flow) for _ in range(2))
    same_person.session = person.session
    return person, same_person


def lose() -> None:
    """Fail as a store that does not answer."""
    raise StoreUnavailable("no answer")


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


def hold_after_write(store: Faulty) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the next save arrive and be held there until a gate is opened, and then seem to have failed."""
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def wait_and_lose() -> None:
        arrived.set()
        await gate.wait()
        lose()

    store.after_write.append(wait_and_lose)
    return arrived, gate


def passing() -> None:
    """Do nothing, and let the next action wait for its turn."""


async def pause() -> None:
    """Let others run."""
    await asyncio.sleep(0)
