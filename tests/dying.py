"""Server processes that die at a point that is chosen: ``python -m tests.dying CACHE DIRECTORY``.

For each line on its standard input, ``NAME POINT``, a process is forked that dies when it has come to so many points, or never
where that is 0; the port on which it listens is written to the standard output. What its functions do outside, and what it had
come past when it died, is appended to files in the directory.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from flowdsl import (
    Call,
    CallFailed,
    Chat,
    Inbound,
    Prompt,
    Reply,
    Run,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    SessionStore,
    Steps,
    Stored,
    flow,
)
from flowdsl._aiocache import open_store
from flowdsl_adapters import Nalo, Request, Response, mount
from flowdsl_adapters.gateway import Decoded

LEASE = 0.3


class Death:
    """Waits for a process at one of the points that it comes to."""

    def __init__(self, name: str = "", at: int = 0, directory: Path = Path()) -> None:
        self.name = name
        self.at = at
        self.directory = directory
        self.past: list[str] = []

    def note(self, file: str, line: str) -> None:
        """Write a line in one piece, which outlives the process."""
        handle = os.open(self.directory / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)

    def point(self, name: str) -> None:
        """Come to a point, and die there perhaps."""
        self.past.append(name)
        if len(self.past) == self.at:
            self.note(f"death-{self.name}", " ".join(self.past))
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # nothing more may happen in this thread until it has come


death = Death()


def effect(person: str, name: str, key: str) -> None:
    """Do something that is seen outside."""
    death.point(f"before:{name}")
    death.note(f"effects-{person.lstrip('+')}", f"{name} {key}")
    death.point(f"ran:{name}")


async def welcome(person: str) -> str:
    """Be called before anything is asked, and know of no keys."""
    effect(person, "welcome", "-")
    return "Ama"


async def reserve(person: str, item: str, *, idempotency_key: str) -> str:
    """Be called asynchronously."""
    effect(person, "reserve", idempotency_key)
    await asyncio.sleep(0)
    return f"One {item}"


def find(person: str, street: str, *, idempotency_key: str) -> dict[str, str]:
    """Be called in a thread, by a flow within the flow."""
    effect(person, "find", idempotency_key)
    return {"zone": street.upper()}


def charge(person: str, amount: int, *, idempotency_key: str) -> int:
    """Be called in a thread."""
    effect(person, "charge", idempotency_key)
    return amount * 10


async def tell(person: str, *, idempotency_key: str) -> None:
    """Fail after all."""
    effect(person, "tell", idempotency_key)
    raise ConnectionError("no answer")


async def send(person: str, *, idempotency_key: str) -> None:
    """Be called last."""
    effect(person, "send", idempotency_key)


def only(word: str) -> Any:
    """Take one answer only, so that what is typed twice answers no other question."""
    return lambda text: None if text == word else "No."


@flow
def address(chat: Chat) -> Steps[str]:
    """Ask for a street."""
    street = yield from Prompt("street", "Street?", validate=only("Main"))
    found = yield from Call(find, str(chat.msisdn), street)
    return found["zone"]


@flow
def shopping(chat: Chat) -> Steps[None]:
    """Call something at every turn."""
    person = str(chat.msisdn)
    name = yield from Call(welcome, person)
    item = yield from Prompt("item", f"Welcome {name}. Item?", validate=only("rice"))
    booked = yield from Call(reserve, person, item)
    yield Say(f"{booked}.")
    zone = yield from Run(address)
    amount = yield from Prompt("amount", f"In {zone}. Amount?", transform=int)
    paid = yield from Call(charge, person, amount)
    try:
        yield from Call(tell, person)
    except CallFailed as error:
        yield Say(f"Nobody told: {error.name}, {error.message}.")
    if (yield from Prompt.confirm("sure", f"{paid} paid. Send?")):
        yield from Call(send, person)
        yield Say("Sent.")


class Watched:
    """A store before and after each of whose operations there is a point."""

    def __init__(self, inner: SessionStore) -> None:
        self.inner = inner

    async def load(self, key: str) -> Stored | None:
        death.point("load")
        held = await self.inner.load(key)
        death.point("loaded")
        return held

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        death.point("save")
        done = await self.inner.create(key, value, ttl)
        death.point("saved")
        return done

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        death.point("save")
        done = await self.inner.save(key, value, token, ttl)
        death.point("saved")
        return done

    async def touch(self, key: str, ttl: float | None) -> None:
        death.point("touch")
        await self.inner.touch(key, ttl)
        death.point("touched")

    async def delete(self, key: str) -> bool:
        return await self.inner.delete(key)

    async def close(self) -> None:
        await self.inner.close()


class Numbered(Nalo):
    """Nalo's format with a message id beside it, and a point before and after each turn."""

    def decode(self, request: Request) -> Decoded:
        """Read the id from the query."""
        inbound = msgspec.structs.replace(super().decode(request), message_id=request.query.get("id"))
        death.point("received")
        return inbound

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Come to a point."""
        death.point("answered")
        return super().encode(reply, inbound)


@web.middleware
async def sending(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the reply between two points."""
    response = await handler(request)
    death.point("send")
    await response.prepare(request)
    await response.write_eof()
    death.point("sent")
    return response


def serve(sock: socket.socket, cache: str) -> None:
    """Serve until killed."""
    app = web.Application(middlewares=[sending])
    runtime = Runtime(store=Watched(open_store(cache)), lease=LEASE, sessions=SessionConfig().durable())
    mount(app, "/ussd", Numbered(screen=Screen(septets=1_000, units=1_000)), shopping, runtime=runtime)
    web.run_app(app, sock=sock, print=None, handle_signals=False)


def main(cache: str, directory: Path) -> None:
    """Start processes on demand, and end them all when nobody demands any more."""
    global death
    open_store(cache)  # and all that has to be imported for one
    children = []
    for line in sys.stdin:
        name, at = line.split()
        sock = socket.create_server(("127.0.0.1", 0), backlog=128)
        # Nothing runs here beside this loop, so there is nothing that a fork would break; and it is fast.
        child = os.fork()
        if not child:
            death = Death(name, int(at), directory)
            serve(sock, cache)
            os._exit(0)
        children.append(child)
        print(sock.getsockname()[1], flush=True)
        sock.close()
    for child in children:
        os.kill(child, signal.SIGKILL)  # not waited for before, so nobody else has its number


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
