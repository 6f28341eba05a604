"""A turn that must wait for something outside of it, written down so that any process can go on with it. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from flowdsl.calls import Call
from flowdsl.errors import UnstorableValue
from flowdsl.journal import CALL, Entry, encode, failure
from flowdsl.record import FlowState, Open, Record, write
from flowdsl.service import Service

__all__ = [
    "INTERRUPTED",
    "Busy",
    "Done",
    "Job",
    "Pause",
    "changed",
    "finished",
    "mine",
    "pause",
    "renewed",
    "require_room",
    "token",
    "unstorable",
    "written",
]

INTERRUPTED = "Interrupted"
"""Name with which a call fails whose process died, where it must not run twice."""


class Job(NamedTuple):
    """What is to be run: a call, or the function that takes one back.

    Args:
        call: the call.
        function: what to run.
        args: its arguments.
        token: its idempotency key.
        types: enums and dataclasses that its result may have.
        undoes: it takes back what the call did.
    """

    call: Call[Any]
    function: Any
    args: tuple[Any, ...]
    token: str
    types: Mapping[str, type]
    undoes: bool = False


class Pause(NamedTuple):
    """Something must be run before the flow goes on, once the record is saved that says so."""

    record: Record
    stored: str
    job: Job


class Busy(NamedTuple):
    """Another process is in the middle of a turn of this session.

    ``mark`` names the message that it answers, and ``found`` the revision at which it began. It has until ``until``, and
    says so anew for as long as it lives.
    """

    mark: str
    found: int
    until: float


class Done(NamedTuple):
    """What a job came to: the value as it is stored, or what is raised in the flow; ``final`` if it must not run again."""

    token: str
    value: Any
    failed: bool
    final: bool


def pause(service: Service, record: Record, state: FlowState, opened: Open, job: Job) -> Pause:
    """Write down what is about to run.

    Args:
        service: the flow.
        record: the session.
        state: where the flow stood before this turn.
        opened: the turn as far as it has come, with the intent in it.
        job: what is about to run.
    """
    following = changed(record, service.flow.name, msgspec.structs.replace(state, open=opened))
    most = service.limits.bytes
    require_room(following, service.flow.name, most)
    return Pause(following, write(following, 2 * most), job)


def require_room(record: Record, flow: str, most: int) -> None:
    """Make sure that a session fits its limits, without what is in it twice in the middle of a turn.

    Args:
        record: the session.
        flow: name of the flow whose turn it is.
        most: how many bytes it may have.

    Raises:
        LimitExceeded: it has more.
    """
    state = record.flows[flow]
    opened = None if state.open is None else msgspec.structs.replace(state.open, replaced=None)
    write(changed(record, flow, msgspec.structs.replace(state, journal=[], aside=[], open=opened)), most)


def token(state: FlowState, journal: list[Entry], key: str, choices: str) -> str:
    """Make the idempotency key of a call: the same for the same answers of the same conversation, and for no others."""
    digest = hashlib.sha256(f"{state.nonce}\n{state.epoch}\n{choices}\n{key}\n".encode())
    digest.update(msgspec.json.encode(journal))
    return digest.hexdigest()[:32]


def mine(record: Record, flow: str, token: str) -> bool:
    """Tell whether a record waits for what the job of an idempotency key comes to."""
    state = record.flows.get(flow)
    intent = state.open.intent if state is not None and state.open is not None else None
    return intent is not None and intent.token == token


def finished(record: Record, flow: str, done: Done) -> Record:
    """Write down what a job came to. The record must wait for it.

    Args:
        record: the session.
        flow: name of the flow.
        done: what the job came to.
    """
    state = record.flows[flow]
    opened = state.open
    assert opened is not None
    intent = opened.intent
    assert intent is not None
    if intent.undoes >= 0:
        journal = opened.journal[: intent.undoes]
    else:
        journal = [*opened.journal, Entry(CALL, intent.key, intent.choices, done.value)]
    settled = opened.settled or done.final
    opened = msgspec.structs.replace(opened, journal=journal, intent=None, settled=settled, again=not done.final)
    return changed(record, flow, msgspec.structs.replace(state, open=opened))


def renewed(record: Record, flow: str, until: float) -> Record:
    """Keep others from going on with a turn for longer."""
    state = record.flows[flow]
    assert state.open is not None
    return changed(record, flow, msgspec.structs.replace(state, open=msgspec.structs.replace(state.open, until=until)))


def changed(record: Record, flow: str, state: FlowState) -> Record:
    """Give the next state of a record, in which one flow stands elsewhere."""
    return msgspec.structs.replace(record, revision=record.revision + 1, flows={**record.flows, flow: state})


def written(value: Any, job: Job) -> Done:
    """Write down the result of a job; one that cannot be stored becomes a failure, since it must not run again."""
    if job.undoes:
        return Done(job.token, None, failed=False, final=True)
    try:
        return Done(job.token, encode(value, job.types), failed=False, final=True)
    except UnstorableValue as error:
        return unstorable(job.token, f"its result is {error}")
    except Exception as error:  # of code of the value itself, or of its depth
        return unstorable(job.token, f"its result cannot be written down: {type(error).__name__}")


def unstorable(token: str, message: str) -> Done:
    """Let a job fail whose result cannot be stored."""
    return Done(token, failure(UnstorableValue.__name__, message), failed=True, final=True)
