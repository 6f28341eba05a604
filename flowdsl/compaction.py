"""What a journal need not hold any more: the answers within a sub-flow that is done, and those before a hand-over."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.flow import placed
from flowdsl.journal import ASKED, CALLED, LEFT, QUIET_RUN, QUIET_RUN_OF_CALLS, RUN, RUN_OF_CALLS, Entry, encode
from flowdsl.nesting import segment
from flowdsl.outcome import Became, Finished, Outcome

__all__ = ["compacted"]


def compacted(outcome: Outcome, at: int) -> tuple[Outcome, Became | None]:
    """Shorten the journal of a turn.

    Only what comes before the answer of this turn is dropped: until the person has answered something after a sub-flow,
    what that said is still on the screen, and is said again to whoever looks at it again. A sub-flow with a call that
    can be undone stays as it is, or nobody could go back to before it.

    Args:
        outcome: what the turn came to.
        at: place of the entry that the turn's text became; -1 where it became none.

    Returns:
        The same with a shorter journal, and the hand-over before which nothing is left.

    Raises:
        UnstorableValue: a sub-flow returned what the journal cannot hold.
    """
    trail = outcome.trail
    if trail is None:
        return outcome, None
    over = sum(each.at <= at for each in trail.became)
    became = trail.became[over - 1] if over else None
    cut = became.at if became is not None else 0
    # One that used no entry may end where the hand-over stands, and yet be of the flow before.
    prefix = became.prefix if became is not None else ""
    results = [(done, _result(done)) for done in trail.finished if done.start >= cut and done.within.startswith(prefix)]
    journal = list(outcome.journal)
    # From the end, so that the places before are still right.
    for done, result in _outermost((done, result) for done, result in results if done.end <= at and not done.undoable):
        choices = f"{done.within}{'*' * done.raised}{RUN}{'!' if done.barred else ''}"
        journal[done.start : done.end] = [Entry(_kind(journal[done.start : done.end]), done.run.key, choices, result)]
    if became is None:
        return msgspec.structs.replace(outcome, journal=journal), None
    return msgspec.structs.replace(
        outcome,
        journal=[_without(entry, prefix) for entry in journal[cut:]],
        aside=[_without(entry, prefix) for entry in outcome.aside if entry.choices.startswith(prefix)],
        asked=None if outcome.asked is None else _without(outcome.asked, prefix),
    ), became


def _without(entry: Any, prefix: str) -> Any:
    return msgspec.structs.replace(entry, choices=entry.choices.removeprefix(prefix))


def _kind(within: list[Entry]) -> str:
    called = any(entry.kind in CALLED for entry in within)
    if any(entry.kind in ASKED for entry in within):
        return RUN_OF_CALLS if called else RUN
    return QUIET_RUN_OF_CALLS if called else QUIET_RUN


def _outermost(finished: Iterable[tuple[Finished, Any]]) -> Iterator[tuple[Finished, Any]]:
    """Give sub-flows that are not within another one, the last one first; those within come before it."""
    around, start = "", -1
    for done, result in reversed(list(finished)):
        if start < 0 or done.start < start or not done.within.startswith(around):
            around, start = f"{done.within}{segment(done.run.key)}/", done.start
            yield done, result


def _result(done: Finished) -> Any:
    types = {**done.types, **done.run.flow.types}
    try:
        result = encode(done.result, types)
    except UnstorableValue as error:
        raise placed(UnstorableValue(f"it returns {error}"), done.run.flow) from error
    return result if done.did is None else {LEFT: [result, done.did]}
