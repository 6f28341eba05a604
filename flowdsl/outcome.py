"""What one turn of a flow comes to, and how far it may go."""

from typing import Any

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.journal import Entry
from flowdsl.steps import Prompt, Say

__all__ = ["Asked", "Divergence", "Limits", "Outcome"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a conversation may become before it is stopped with a clear error.

    Args:
        entries: answers in one journal.
        bytes: size of one stored record, in bytes.
        steps: things said in a row without a prompt that waits.

    Raises:
        ConfigurationError: one of them lets nothing through.
    """

    entries: int = 2_000
    bytes: int = 256 * 1024
    steps: int = 1_000

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            limit = getattr(self, name)
            if not (isinstance(limit, int) and limit > 0):
                raise ConfigurationError(f"the limit of {name} is {limit!r}: give a number from 1 on")


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """Which question was shown: its key and the fingerprint of its choices."""

    key: str
    choices: str


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


class Outcome(msgspec.Struct, frozen=True):
    """What one turn of a flow came to.

    Args:
        said: what was said since the last accepted answer.
        prompt: what the flow waits for; ``None`` where it has ended.
        asked: which question that is; ``None`` where the flow has ended.
        journal: the answers in the order in which the code asked for them.
        aside: entries whose prompt the code did not come to. The same question may take them later.
        result: what the flow returned, where it has ended.
        answered: key of the prompt that this turn's text answered.
        rejected: what was wrong with the text, for the person.
        stray: the text was a page key, and the prompt did not ask for it: nothing was answered.
        divergence: where the code and the journal parted, if they did.
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
