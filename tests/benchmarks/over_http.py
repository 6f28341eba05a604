"""Turns over HTTP: the registration through ``mount``, against a handler that only reads and writes a record."""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from tests.benchmarks.conversations import SCREENS
from tests.benchmarks.cores import pin_server, spent
from tests.benchmarks.load import rate, registered, screens
from tests.benchmarks.measuring import Samples, interleaved
from tests.benchmarks.table import Finding, Limit, rates
from tests.servers import Server, free_port, valkey

__all__ = ["endpoint", "in_memory", "in_valkey"]

_LIMIT_IN_MEMORY = Limit(0.60, at_least=True)
_LIMIT_IN_VALKEY = Limit(0.80, at_least=True)
_CONVERSATIONS = 430


def in_memory(rounds: int) -> Iterator[Finding]:
    """Keep sessions in the server's memory."""
    yield from _compared("memory", "memory://", rounds, _LIMIT_IN_MEMORY)


def in_valkey(rounds: int) -> Iterator[Finding]:
    """Keep sessions in a Valkey that does not wait for its disk, which would slow both down to the same."""
    with tempfile.TemporaryDirectory() as directory, valkey(Path(directory)) as server:
        pin_server(server.process.pid)  # the load generator has the other core for itself
        with Redis(port=server.port) as client:
            client.config_set("appendonly", "no")
        address = f"redis://127.0.0.1:{server.port}"
        yield from _compared("Valkey", address, rounds, _LIMIT_IN_VALKEY)


@contextmanager
def endpoint(kind: str, cache: str, sessions: int = 0) -> Iterator[Server]:
    """Run a server process of one kind."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.endpoints", str(port), kind, cache, str(sessions)]
    server = Server(command, port)
    try:
        pin_server(server.process.pid)
        yield server
    finally:
        server.kill()


def _compared(where: str, cache: str, rounds: int, limit: Limit) -> Iterator[Finding]:
    people = itertools.count()
    with endpoint("bare", cache) as bare, endpoint("registrations", cache) as served:
        assert tuple(screens(served.port, registered(next(people)))) == SCREENS
        assert len(screens(bare.port, registered(next(people)))) == len(SCREENS)
        floor, ours = _Load(bare, people), _Load(served, people)
        yield rates(f"a turn over HTTP, sessions in {where}", interleaved(floor.rate, ours.rate, rounds), limit)
    if floor.busy:
        # The same where the server has its core to itself; where it has not, this is the steadier of the two.
        yield rates(f"the same by the server's processor time, {where}", Samples(floor.busy[1:], ours.busy[1:]), limit)


class _Load:
    """Registrations by people nobody has seen before, against one server."""

    def __init__(self, server: Server, people: Iterator[int]) -> None:
        self.server = server
        self.people = people
        self.busy: list[float] = []

    def rate(self) -> float:
        """Give the requests per second, and note how many there were per second in which the server was at work."""
        conversations = [registered(person) for person in itertools.islice(self.people, _CONVERSATIONS)]
        before = spent(self.server.process.pid)
        found = rate(self.server.port, conversations)
        if (used := spent(self.server.process.pid) - before) > 0:
            self.busy.append(sum(map(len, conversations)) / used)
        return found
