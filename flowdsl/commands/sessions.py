"""``flowdsl sessions``: list, show, export, delete and retry what is kept in a Redis or Valkey."""

import argparse
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import msgspec

from flowdsl._aiocache import Held, Sessions
from flowdsl.commands.retrying import retry
from flowdsl.commands.shared import (
    INTERRUPTED,
    add_cache,
    add_flow,
    add_msisdn,
    bytes_out,
    loaded,
    no_session,
    note,
    out,
    out_json,
    quiet,
    record_of,
    with_sessions,
)
from flowdsl.errors import ConfigurationError, UnreadableRecord
from flowdsl.inspection import counted, exported, look, masked, masked_id, printable, rows, stands_in, table, view_lines
from flowdsl.record import Record, write

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "list, show, export, delete or retry live sessions"
"""One line of help."""

_DESCRIPTION: Final = """
Look after the sessions in a Redis or Valkey. Those in memory are in the process that serves, and a Memcached can neither
list its keys nor tell the ids of which it keeps only hashes, so neither is supported here.
"""
_OF_A_FLOW: Final = "only those with a flow of this name, whether the conversation began with it or has become it"
_LIMIT: Final = 100
_ANY_SIZE: Final = sys.maxsize

_Action = Callable[[argparse.Namespace, Sessions], Awaitable[int]]


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their arguments."""
    parser.description = _DESCRIPTION
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = _action(actions, "list", _list, "list sessions and where they stand")
    listing.add_argument("--flow", metavar="NAME", help=_OF_A_FLOW)
    listing.add_argument("--parked", action="store_true", help="only those that were given up after failing again and again")
    listing.add_argument("--limit", type=int, default=_LIMIT, help="how many at most, 0 for all (default %(default)s)")
    listing.add_argument("--json", action="store_true", help="print JSON")

    showing = _action(
        actions,
        "show",
        _show,
        "show one session. With MODULE:FLOW its conversation is played as far as it has come, without touching it, which "
        "tells the line of code, the variables and what was on the screen; answers to secret questions are hidden. Without, "
        "nobody knows which those are, and all answers are hidden",
    )
    showing.add_argument("session", metavar="SESSION_ID")
    add_flow(showing, nargs="?")
    add_msisdn(showing)
    showing.add_argument(
        "--answers", action="store_true", help="show answers of which it is not known whether they are secret, too"
    )
    showing.add_argument("--json", action="store_true", help="print JSON")

    exporting = _action(
        actions,
        "export",
        _export,
        "write sessions as lines of JSON, for `flowdsl check-sessions --journals`. Unless masked they hold people's answers "
        "as they are stored, those to secret questions included",
    )
    exporting.add_argument("sessions", nargs="*", metavar="SESSION_ID", help="which ones; all unless given")
    exporting.add_argument("--flow", metavar="NAME", help=_OF_A_FLOW)
    exporting.add_argument("--to", metavar="FILE", help="where to, instead of standard output; nobody else may read it")
    exporting.add_argument(
        "--mask",
        action="store_true",
        help="take out answers, results, session data and texts, and keep their types: a flow that goes by its answers may "
        "then be played another way",
    )
    exporting.add_argument("--keep-choices", action="store_true", help="with --mask, keep what was picked from a menu")

    deleting = _action(actions, "delete", _delete, "delete sessions; the status is 1 if one was not there")
    deleting.add_argument("sessions", nargs="+", metavar="SESSION_ID")

    retrying = _action(
        actions, "retry", retry, "let sessions go on that were given up after failing again and again: the next message tries"
    )
    retrying.add_argument("sessions", nargs="*", metavar="SESSION_ID")
    retrying.add_argument("--all", action="store_true", help="all that were given up")
    retrying.add_argument("--flow", metavar="NAME", help="only this flow of a session")


def _action(actions: Any, name: str, work: _Action, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary.partition(".")[0], description=f"{summary}.")
    add_cache(parser)
    parser.set_defaults(work=work)
    return parser


def run(chosen: argparse.Namespace) -> int:
    """Do what was chosen, and give the exit status.

    Raises:
        ConfigurationError: what was chosen cannot be done.
        StoreUnavailable: the server does not answer, or refuses.
    """
    if chosen.action == "retry" and bool(chosen.sessions) == chosen.all:
        raise ConfigurationError("retry takes the ids of sessions, or --all for all that were given up")
    if chosen.action == "export" and chosen.keep_choices and not chosen.mask:
        raise ConfigurationError("--keep-choices tells what --mask leaves: give both")
    work: _Action = chosen.work
    try:
        return with_sessions(chosen.cache, partial(work, chosen))
    except KeyboardInterrupt:
        note("interrupted before all was done")
        return INTERRUPTED


async def _list(chosen: argparse.Namespace, sessions: Sessions) -> int:
    found, skipped, listed, more = [], 0, 0, False
    now = time.time()
    async for held, record in _readable(sessions):
        if record is None:
            skipped += 1
            continue
        each = rows(held.session_id, record, held.left, now, chosen.flow)
        each = [row for row in each if row.parked or not chosen.parked]
        if each and chosen.limit and listed >= chosen.limit:
            more = True
            break
        listed += bool(each)
        found += each
    found.sort(key=lambda row: (row.session, row.flow))
    if chosen.json:
        out_json({"sessions": found, "skipped": skipped, "more": more})
        return 0
    shown = [msgspec.structs.replace(row, session=printable(row.session), flow=printable(row.flow)) for row in found]
    out(table(shown) if shown else ["no such sessions"])
    if more:
        note(f"there are more: these are the first {counted(listed, 'session')} that were found; --limit 0 lists all")
    _note_skipped(skipped)
    return 0


async def _show(chosen: argparse.Namespace, sessions: Sessions) -> int:
    (held,) = await sessions.find([chosen.session])
    if held is None:
        return no_session(chosen.session)
    record = record_of(held)
    subject = None
    if chosen.flow is not None:
        subject = loaded(chosen)
        if subject.flow.name not in record.flows:
            there = ", ".join(map(repr, sorted({*record.flows, *record.trouble}))) or "none"
            note(f"flow {subject.flow.name!r} does not stand in this session; of those that do there is {there}")
    with quiet():
        view = look(held.session_id, record, held.left, subject, answers=chosen.answers)
    if chosen.json:
        out_json(view)
        return 0
    out(view_lines(view, time.time()))
    if subject is None and not chosen.answers:
        note("answers are hidden, since only the flow tells which are secret: name it as MODULE:FLOW, or give --answers")
    return 0


async def _export(chosen: argparse.Namespace, sessions: Sessions) -> int:
    written, skipped, missing = 0, 0, 0
    with _written_to(chosen.to) as write_line:
        async for wanted, held in _wanted(chosen.sessions, sessions):
            if held is None:
                missing += no_session(wanted)
                continue
            try:
                record = record_of(held)
            except UnreadableRecord:
                skipped += 1
                continue
            if chosen.flow is not None and not _has(record, chosen.flow):
                continue
            written += 1
            if chosen.mask:
                stored = write(masked(record, keep_choices=chosen.keep_choices), _ANY_SIZE)
                write_line(exported(masked_id(held.session_id, written), stored, is_masked=True))
            else:
                write_line(exported(held.session_id, held.stored or ""))
    note(f"{counted(written, 'session')} exported")
    _note_skipped(skipped)
    return int(missing > 0)


async def _delete(chosen: argparse.Namespace, sessions: Sessions) -> int:
    missing = 0
    for session_id in dict.fromkeys(chosen.sessions):
        (held,) = await sessions.find([session_id])
        if held is not None and held.stored is None:
            note(f"{printable(session_id)!r} is no session, and stays")
            missing += 1
        elif held is not None and await sessions.store.delete(session_id):
            out([f"deleted {printable(session_id)}"])
        else:
            missing += no_session(session_id)
    return int(missing > 0)


def _has(record: Record, flow: str) -> bool:
    return any(stands_in(flow, name, record) for name in {*record.flows, *record.trouble})


async def _readable(sessions: Sessions) -> AsyncIterator[tuple[Held, Record | None]]:
    async for batch in sessions.scan():
        for held in batch:
            try:
                record = record_of(held)
            except UnreadableRecord:
                yield held, None
            else:
                yield held, record


async def _wanted(session_ids: list[str], sessions: Sessions) -> AsyncIterator[tuple[str, Held | None]]:
    if session_ids:
        for session_id in dict.fromkeys(session_ids):
            (held,) = await sessions.find([session_id])
            yield session_id, held
        return
    async for batch in sessions.scan():
        for held in batch:
            yield held.session_id, held


@contextmanager
def _written_to(name: str | None) -> Iterator[Callable[[bytes], None]]:
    if name is None:
        yield bytes_out
        return
    try:
        # It holds what people answered, so nobody else may read it.
        file = os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be written: {error.strerror}") from None
    with file:
        yield lambda line: file.writelines((line, b"\n"))


def _note_skipped(skipped: int) -> None:
    if skipped:
        note(f"{counted(skipped, 'key')} beside them hold{'s' if skipped == 1 else ''} no session that can be read")
