"""A load generator: some connections that stay open, each sending its next request once it has its answer."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from tests.benchmarks.conversations import REGISTRATION, msisdn

__all__ = ["post", "rate", "registered", "screens"]

_CONNECTIONS = 16
_PATIENCE = 30.0

_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def post(session: str, text: str, *, number: str, new: bool = False) -> bytes:
    """Write the request that Nalo would send."""
    fields = {"USERID": "NALOTEST", "MSISDN": number, "USERDATA": text, "MSGTYPE": new, "NETWORK": "MTN", "SESSIONID": session}
    body = json.dumps(fields).encode()
    head = f"POST /ussd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def registered(person: int) -> list[bytes]:
    """Write the requests of one registration, in a session of its own."""
    session, number = f"17954658{person:09d}", msisdn(person)
    return [post(session, text, number=number, new=not place) for place, text in enumerate(REGISTRATION)]


def rate(port: int, conversations: Sequence[Sequence[bytes]]) -> float:
    """Hold conversations as fast as they are answered, and give the requests per second."""
    return asyncio.run(_rate(port, conversations))


def screens(port: int, conversation: Sequence[bytes]) -> list[str]:
    """Hold one conversation, and read what is shown."""
    return [json.loads(body)["MSG"] for body in asyncio.run(_bodies(port, conversation))]


async def _rate(port: int, conversations: Sequence[Sequence[bytes]]) -> float:
    waiting = iter(conversations)
    async with asyncio.timeout(_PATIENCE), AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(_line(port)) for _ in range(_CONNECTIONS)]
        begin = time.perf_counter()
        await asyncio.gather(*(_hold(line, waiting) for line in lines))
        return sum(map(len, conversations)) / (time.perf_counter() - begin)


async def _bodies(port: int, conversation: Sequence[bytes]) -> list[bytes]:
    async with asyncio.timeout(_PATIENCE), _line(port) as line:
        return [await _exchange(line, request) for request in conversation]


async def _hold(line: _Line, waiting: Iterator[Sequence[bytes]]) -> None:
    for conversation in waiting:
        for request in conversation:
            await _exchange(line, request)


async def _exchange(line: _Line, request: bytes) -> bytes:
    reader, writer = line
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length))


@asynccontextmanager
async def _line(port: int) -> AsyncIterator[_Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
