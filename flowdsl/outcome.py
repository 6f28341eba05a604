"""What one turn of a flow comes to, and how far it may go."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.calls import Call
from flowdsl.effects import Snapshot
from flowdsl.journal import Entry
from flowdsl.prompt import Prompt
from flowdsl.settings import count
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run

__all__ = [
    "NO_TRAIL",
    "Asked",
    "Became",
    "Divergence",
    "Finished",
    "Limits",
    "Outcome",
    "Refused",
    "Trail",
    "Undoable",
    "Wanted",
    "Ways",
]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a conversation may become before it is stopped with a clear error.

    Args:
        entries: answers and results in one journal.
        bytes: size of one stored record, in bytes.
        steps: things said in a row without a prompt that waits.
        calls: calls in one turn.
        depth: flows that run within each other, and hand-overs in a row.

    Raises:
        ConfigurationError: one of them lets nothing through.
    """

    entries: int = 2_000
    bytes: int = 256 * 1024
    steps: int = 1_000
    calls: int = 100
    depth: int = 50

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            count(f"limit of {name}", getattr(self, name))


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """Which question was shown: its key and the fingerprint of its choices."""

    key: str
    choices: str


class Refused(msgspec.Struct, frozen=True, array_like=True):
    """A question that was answered in vain for the last time: its key, its name among those that are counted, how often."""

    key: str
    spot: str
    attempts: int


class Divergence(msgspec.Struct, frozen=True):
    """The code no longer asks what is answered next.

    Args:
        expected: key of the journal's next entry, or of the question that the person has just answered.
        found: key of what the code asks instead; ``None`` where it ends.
        where: ``file:line`` of what was found.
    """

    expected: str
    found: str | None
    where: str


class Finished(NamedTuple):
    """A sub-flow that is done: its entries, its step, its place, what it returned, and what it did to the session.

    ``raised`` is how often the same one raised just before.
    """

    start: int
    end: int
    run: Run[Any]
    within: str
    types: Mapping[str, type]
    result: Any
    barred: bool
    undoable: bool
    did: list[Any] | None
    raised: int


class Became(NamedTuple):
    """A hand-over: after how many entries, to what, and what had been done to the session at that moment."""

    at: int
    step: Become
    prefix: str
    before: Snapshot | None


class Undoable(NamedTuple):
    """A call that can be taken back: the place of its entry, its step, and the types that its result may have."""

    at: int
    call: Call[Any]
    types: Mapping[str, type]


class Trail(NamedTuple):
    """What a replay has come past, beside questions.

    Args:
        undoable: calls that can be taken back.
        finished: sub-flows that are done.
        became: the hand-overs.
    """

    undoable: tuple[Undoable, ...] = ()
    finished: tuple[Finished, ...] = ()
    became: tuple[Became, ...] = ()


NO_TRAIL: Final = Trail()
"""Only questions were come past."""


class Wanted(NamedTuple):
    """A call whose result the journal lacks, the fingerprint of the entry that will hold it, and the types it may have."""

    call: Call[Any]
    choices: str
    types: Mapping[str, type]


class Ways(NamedTuple):
    """The keys that lead away from a question, where they lead somewhere, and the old answer that can be kept."""

    back: str | None
    start: str | None
    kept: str | None


class Outcome(msgspec.Struct, frozen=True):
    """What one turn of a flow came to.

    Args:
        said: what was said since the last accepted answer.
        prompt: what the flow waits for; ``None`` where it has ended, wants a call, or goes back.
        asked: which question that is.
        journal: answers and results in the order in which the code asked for them.
        aside: entries whose step the code did not come to. The same step may take them later.
        result: what the flow returned, where it has ended.
        answered: key of the prompt that this turn's text answered.
        rejected: what was wrong with the text, for the person.
        stray: the text was a page key, and the prompt did not ask for it: nothing was answered.
        divergence: where the code and the journal parted, if they did.
        refused: the question that was answered in vain for the last time.
        at: place of the entry that this turn's text became; -1 where it became none.
        wanted: the call to be made before the flow goes on.
        back: how many entries stay where the person goes back; ``None`` where they do not.
        trail: what was come past, if anything.
        ways: the keys that lead away from the prompt.
        spot: name of the question among those whose attempts are counted; ``""`` where they are not.
    """

    said: tuple[Say, ...]
    prompt: Prompt[Any] | None
    asked: Asked | None
    journal: list[Entry]
    aside: list[Entry]
    result: Any = None
    answered: str | None = None
    rejected: str | None = None
    stray: bool = False
    divergence: Divergence | None = None
    refused: Refused | None = None
    at: int = -1
    wanted: Wanted | None = None
    back: int | None = None
    trail: Trail | None = None
    ways: Ways | None = None
    spot: str = ""
