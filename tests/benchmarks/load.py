"""A load generator: some connections that stay open, each sending its next request once it has its answer."""

import json
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.benchmarks.conversations import REGISTRATION, msisdn

__all__ = ["post", "rate", "registered", "screens"]

_CONNECTIONS = 16
_PATIENCE = 30.0


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
    waiting = iter(conversations)
    with ExitStack() as stack:
        lines = [stack.enter_context(_Line(port, waiting)) for _ in range(_CONNECTIONS)]
        begin = time.perf_counter()
        _hold(lines)
        return sum(map(len, conversations)) / (time.perf_counter() - begin)


def screens(port: int, conversation: Sequence[bytes]) -> list[str]:
    """Hold one conversation, and read what is shown."""
    with _Line(port, iter([conversation])) as line:
        _hold([line])
        return [json.loads(body)["MSG"] for body in line.bodies]


class _Line:
    """A connection that holds one conversation after the other."""

    def __init__(self, port: int, waiting: Iterator[Sequence[bytes]]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting = waiting
        self.requests: Iterator[bytes] = iter(())
        self.received = b""
        self.bodies: list[bytes] = []

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self) -> bool:
        """Send the next request; ``False`` where there is none left."""
        request = next(self.requests, None)
        while request is None:
            conversation = next(self.waiting, None)
            if conversation is None:
                return False
            self.requests = iter(conversation)
            request = next(self.requests, None)
        self.socket.sendall(request)
        return True

    def hear(self) -> bool:
        """Read what has come; ``True`` once an answer is whole."""
        part = self.socket.recv(65536)
        assert part, "the server hung up"
        self.received += part
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]) if end else 0
        if not end or len(body) < length:
            return False
        assert head.startswith(b"HTTP/1.1 200 "), self.received
        self.bodies.append(body)
        self.received = b""
        return True


def _hold(lines: Sequence[_Line]) -> None:
    """Let every line ask again once it was answered.

    The poll never waits: a process that sleeps must be woken by the server's next answer, and a slower
    server, which leaves it time to sleep, would be charged for waking it while a faster one is not.
    """
    poll = select.poll()
    open_lines = {line.socket.fileno(): line for line in lines if line.ask()}
    for number in open_lines:
        poll.register(number, select.POLLIN)
    deadline = time.monotonic() + _PATIENCE
    while open_lines:
        for number, _ in poll.poll(0):
            if open_lines[number].hear() and not open_lines[number].ask():
                poll.unregister(number)
                del open_lines[number]
        assert time.monotonic() < deadline, "the server does not answer"
