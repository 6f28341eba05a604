"""Live sessions for tests of the command line: flows in files that change, people who talk to them, servers that are watched."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis as redis_py

from flowdsl import Runtime
from flowdsl.loading import load_flow
from tests.people import Person

DATABASE = 9

# What may be asked of a server by a command that touches nothing.
READING = {"client", "config", "getrange", "exists", "get", "hello", "info", "mget", "pttl", "scan", "select"}


class Deploy:
    """A file with flows, as it is changed from one deploy to the next."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.py"
        self.source = ""

    def __call__(self, source: str, flow: str = "shop") -> str:
        """Deploy other code, and name a flow in it for the command line."""
        self.source = source
        self.path.write_text(source)
        # Another process would not know what was there before.
        for name in (self.path.stem, f"flows in {self.path.stem}"):
            sys.modules.pop(name, None)
        gc.collect()
        return f"{self.path}:{flow}"

    def line(self, part: str) -> str:
        """Tell the line in which something is written, as messages do."""
        number = next(number for number, line in enumerate(self.source.splitlines(), 1) if part in line)
        return f"{self.path}:{number}"


def talk(url: str, target: str, *conversations: list[str], **options: Any) -> list[str]:
    """Let a person have each of these conversations, and give the ids of their sessions."""
    flow = load_flow(target)
    ids = []

    async def go() -> None:
        runtime = Runtime(cache=url, **options)
        for texts in conversations:
            person = Person(runtime, flow)
            await person.talk(*texts)
            ids.append(f"{flow.name}:ussd:test:{person.session}")
        await runtime.close()

    asyncio.run(go())
    return ids


def die_in_a_call(url: str, target: str, *texts: str) -> str:
    """Let a process end in the middle of the call to which the last text leads, and give the session's id.

    The flow's module has an event ``started`` that the call sets before it waits for ever.
    """
    flow = load_flow(target)
    person = Person(Runtime(cache=url), flow)

    async def go() -> None:
        for text in texts[:-1]:
            await person.type(text)
        last = asyncio.create_task(person.type(texts[-1]))
        started = flow.function.__globals__["started"]
        await started.wait()
        last.cancel()
        with suppress(asyncio.CancelledError):
            await last
        await person.runtime.store.close()

    asyncio.run(go())
    return f"{flow.name}:ussd:test:{person.session}"


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Connect to a server by itself."""
    client = redis_py.Redis.from_url(url.partition("?")[0])
    try:
        yield client
    finally:
        client.close()


@contextmanager
def untouched(url: str) -> Iterator[None]:
    """Make sure that nothing is written meanwhile, by what the server has counted and by what it holds."""
    with connected(url) as client:
        before = _held(client)
        client.config_resetstat()
        yield
        sent = {name.removeprefix("cmdstat_").partition("|")[0] for name in client.info("commandstats")}
        assert sent <= READING, sent - READING
        assert _held(client) == before


def _held(client: Any) -> dict[bytes, Any]:
    return {key: (client.dump(key), client.pexpiretime(key)) for key in client.scan_iter()}
