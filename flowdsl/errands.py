"""A call on behalf of a session: nobody else makes it meanwhile, and what it came to is kept."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from flowdsl.calling import perform
from flowdsl.errors import LimitExceeded, StoreUnavailable
from flowdsl.journal import FAILED
from flowdsl.pauses import Done, Job, Pause, finished, mine, renewed, require_room, unstorable
from flowdsl.place import Place
from flowdsl.record import Record
from flowdsl.reports import Report
from flowdsl.source import UNKNOWN, defined_at, source_line

__all__ = ["carry_out"]

logger = logging.getLogger("flowdsl")

# A lease is renewed often enough to survive two renewals that fail, though each takes its time.
_RENEWALS: Final = 4
# What a call came to is worth more than one try: a store that comes back within seconds loses nothing.
_TRIES_TO_SAVE: Final = 5
_BEFORE_NEXT: Final = 0.2


async def carry_out(place: Place, flow: str, pause: Pause, lease: float, now: Callable[[], float], report: Report) -> Done:
    """Make a call whose intent is saved, and save what it came to; that a call could not be undone is not kept.

    Args:
        place: the session.
        flow: name of the flow.
        pause: the call.
        lease: seconds for which others leave it alone after each renewal.
        now: gives the time in seconds since 1970.
        report: what happens is noted there.

    Returns:
        What it came to.

    Raises:
        StoreError: what it came to could not be saved.
    """
    began = monotonic()
    work = asyncio.create_task(perform(pause.job))
    try:
        while not (await asyncio.wait({work}, timeout=lease / _RENEWALS))[0]:
            await _renew(place, flow, pause, now() + lease)
        done, tries, raised = work.result()
    finally:
        work.cancel()
    if not (done.failed and pause.job.undoes):
        try:
            await _save(place, flow, done)
        except LimitExceeded as limit:
            done = unstorable(done.token, f"its result is too large: {limit}")
            await _save(place, flow, done)
    key, name, where = pause.job.call.key, "", ""
    if done.failed:
        name, where = done.value[FAILED][0], _raised_at(pause.job, raised)
        called = f"undo of call {key!r}" if pause.job.undoes else f"call {key!r}"
        times = "1 try" if tries == 1 else f"{tries} tries"
        logger.warning(
            "%s of flow %r failed after %s in session %s: %s at %s", called, flow, times, place.session_id, name, where
        )
        logger.debug("%s of flow %r raised", called, flow, exc_info=raised)
    report.called(key, tries, monotonic() - began, name, where)
    return done


def _raised_at(job: Job, raised: BaseException | None) -> str:
    """Say where a call raised, as ``file:line``; what took too long was stopped, and raised nowhere of its own."""
    where = UNKNOWN if raised is None or isinstance(raised, TimeoutError) else source_line(raised)
    return defined_at(job.function) if where == UNKNOWN else where


async def _renew(place: Place, flow: str, pause: Pause, until: float) -> None:
    token = pause.job.token

    def change(record: Record | None) -> Record | None:
        held = record is not None and mine(record, flow, token)
        return renewed(record, flow, until) if record is not None and held else None

    try:
        await place.amend(change)
    except StoreUnavailable as error:
        logger.warning("session %s: a call takes long, and others cannot be told: %s", place.session_id, error)


async def _save(place: Place, flow: str, done: Done) -> None:
    def change(record: Record | None) -> Record | None:
        if record is None or not mine(record, flow, done.token):
            return None  # it is saved already, or the conversation was begun again meanwhile
        following = finished(record, flow, done)
        if not done.failed:
            require_room(following, flow, place.most)
        return following

    for tries in range(1, _TRIES_TO_SAVE + 1):
        try:
            await place.amend(change)
            return
        except StoreUnavailable:
            if tries == _TRIES_TO_SAVE:
                raise
        await asyncio.sleep(_BEFORE_NEXT * 2 ** (tries - 1))
