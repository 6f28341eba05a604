"""``flowdsl check-sessions``: what becomes of live sessions under the code as it is now, before it is deployed."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from flowdsl._aiocache import Sessions
from flowdsl.commands.shared import (
    INTERRUPTED,
    add_cache,
    add_flow,
    add_msisdn,
    loaded,
    note,
    out,
    out_json,
    quiet,
    with_sessions,
)
from flowdsl.errors import ConfigurationError, UnreadableRecord
from flowdsl.inspection import Report, imported, report_lines

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "tell what becomes of live sessions under the code as it is now"
"""One line of help."""

_DESCRIPTION: Final = """
Play live or exported sessions with the code as it is now, and tell how many continue where they are, are asked something
else, or fail: those that began with the flow, and those that have become it. Nothing is touched: no session is written or
renewed, no call is made. The exit status is 0 where all continue, 1 where some fail or cannot be read, and with --strict
where some are asked something else, or all are of other flows, and 2 for wrong usage.
"""


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    add_flow(parser)
    add_msisdn(parser)
    place = parser.add_mutually_exclusive_group(required=True)
    add_cache(place, required=False)
    place.add_argument("--journals", metavar="FILE", help="what `flowdsl sessions export` wrote; - for standard input")
    parser.add_argument("--strict", action="store_true", help="status 1 also where some are asked something else or begin again")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(chosen: argparse.Namespace) -> int:
    """Check the sessions, and give the exit status.

    Raises:
        ConfigurationError: there is no such flow or file, or the address is not that of a Redis or Valkey.
        StoreUnavailable: the server does not answer, or refuses.
    """
    try:
        report = Report(loaded(chosen))
        if chosen.journals is None:
            with_sessions(chosen.cache, lambda sessions: _live(sessions, report))
        else:
            _exported(chosen.journals, report)
    except KeyboardInterrupt:  # nobody must take that for sessions which all continue
        note("interrupted before all sessions were checked")
        return INTERRUPTED
    if chosen.json:
        out_json(report.content())
    else:
        out(report_lines(report))
    strangers_only = report.others > 0 and not report.total()  # as where the flow was renamed
    return int(report.failing > 0 or (chosen.strict and (report.changed > 0 or strangers_only)))


async def _live(sessions: Sessions, report: Report) -> None:
    async for batch in sessions.scan():
        with quiet():
            for held in batch:
                if held.stored is None:
                    report.strangers += 1
                else:
                    report.add(held.session_id, held.stored)


def _exported(name: str, report: Report) -> None:
    with ExitStack() as stack:
        try:
            file: BinaryIO = sys.stdin.buffer if name == "-" else stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
        stack.enter_context(quiet())
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                session = imported(line)
            except UnreadableRecord as error:
                report.unread(f"line {number}", str(error))
                continue
            report.masked += session.masked
            report.add(session.id, bytes(session.record).decode("utf-8", "replace"))
