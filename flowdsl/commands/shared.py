"""What commands have in common: which flow is meant, where sessions are, and how things are printed."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, Final, TypeVar

import msgspec

from flowdsl._aiocache import Held, Sessions, open_sessions
from flowdsl.errors import ConfigurationError, UnreadableRecord
from flowdsl.inspection import STAND_IN, Subject, printable
from flowdsl.loading import load_flow
from flowdsl.phone import e164
from flowdsl.record import Record, read

__all__ = [
    "INTERRUPTED",
    "add_cache",
    "add_flow",
    "add_msisdn",
    "bytes_out",
    "loaded",
    "no_session",
    "note",
    "out",
    "out_json",
    "params_of",
    "quiet",
    "record_of",
    "with_sessions",
]

T = TypeVar("T")

INTERRUPTED: Final = 130
"""Exit status of a command that was interrupted, as shells have it."""


def add_cache(parser: Any, *, required: bool = True) -> None:
    """Let a command be told where sessions are."""
    parser.add_argument(
        "--cache",
        required=required,
        metavar="URL",
        help="where sessions are kept, in Redis or Valkey: redis://host:6379/0, with ?namespace=… where the service has one",
    )


def add_flow(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Let a command be told which flow is meant, and its parameters."""
    parser.add_argument("flow", metavar="MODULE:FLOW", help="the flow, as module:flow or path/to/file.py:flow", **options)
    parser.add_argument("--params", default="{}", metavar="JSON", help="keyword parameters of the flow, as a JSON object")


def add_msisdn(parser: argparse.ArgumentParser, what: str = "number that the flow is told, since sessions hold none") -> None:
    """Let a command be told a number."""
    parser.add_argument("--msisdn", default=STAND_IN, help=f"{what} (default %(default)s)")


def params_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Read the parameters that a command was told.

    Raises:
        ConfigurationError: they are no JSON object.
    """
    try:
        return msgspec.json.decode(chosen.params, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"--params {chosen.params!r} is no JSON object: {error}") from None


def loaded(chosen: argparse.Namespace) -> Subject:
    """Import the flow that a command was told.

    Raises:
        ConfigurationError: there is none, or it cannot be started with these parameters.
    """
    params = params_of(chosen)
    msisdn = e164(chosen.msisdn)
    if msisdn is None:
        raise ConfigurationError(f"{chosen.msisdn!r} is no number with its country's code, such as {STAND_IN}")
    with quiet():
        flow = load_flow(chosen.flow)
    flow.require(params)
    return Subject(flow=flow, params=params, msisdn=msisdn)


def with_sessions(url: str, work: Callable[[Sessions], Awaitable[T]]) -> T:
    """Do something with the sessions at an address, and close the connections.

    Raises:
        ConfigurationError: the address is not that of a Redis or Valkey.
        StoreUnavailable: the server does not answer, or refuses.
    """

    async def done() -> T:
        sessions = open_sessions(url)
        try:
            return await work(sessions)
        finally:
            await sessions.close()

    return asyncio.run(done())


def record_of(held: Held) -> Record:
    """Read the record of a session that was found.

    Raises:
        UnreadableRecord: it is none, or one of another version.
    """
    if held.stored is None:
        raise UnreadableRecord(f"what is kept under {printable(held.session_id)!r} is no session of flowdsl")
    return read(held.stored)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a flow prints out of what the command prints."""
    with redirect_stdout(sys.stderr):
        yield


def out(lines: Iterable[str]) -> None:
    """Print lines; what the terminal has no character for is spelt out."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        print(line.encode(encoding, "backslashreplace").decode(encoding))


def out_json(content: Any) -> None:
    """Print something as JSON."""
    bytes_out(msgspec.json.format(msgspec.json.encode(content)))


def bytes_out(line: bytes) -> None:
    """Print a line of JSON, which is UTF-8 whatever the terminal has."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        print(line.decode())
    else:
        buffer.write(line + os.linesep.encode())


def note(text: str) -> None:
    """Tell something beside what is printed, which a program may read."""
    print(f"flowdsl: {text}", file=sys.stderr)


def no_session(session_id: str) -> int:
    """Say that there is no such session, and count it."""
    note(f"there is no session {printable(session_id)!r}")
    return 1
