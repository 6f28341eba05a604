"""Going back: the steps for it, and the keys that a person types."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

import msgspec

from flowdsl.errors import BadStep, ConfigurationError
from flowdsl.texts import BuiltIn, Text, is_text
from flowdsl.unyielded import Unyielded

__all__ = ["Back", "Checkpoint", "Navigation"]


class Back(Unyielded):
    """Go to the question before the one that was answered last; nothing after it runs.

    Never past a :class:`Checkpoint` or an irreversible call; then, and where there is no question before it, the
    last one is asked again. Calls in between are undone, where they have an ``undo``.

    >>> from flowdsl import Prompt, flow
    >>> @flow
    ... def order():
    ...     item = yield Prompt("item", "What would you like?")
    ...     if (yield Prompt("sure", f"One {item}?", choices=["Yes", "Change"])) == "Change":
    ...         yield Back()
    """

    __slots__ = ()

    def __iter__(self) -> Generator[Back, None, NoReturn]:
        """Yield itself; what comes after may be of any type, as in ``return (yield from Back())``."""
        yield self
        raise BadStep("a flow goes on after it has gone back")

    def __repr__(self) -> str:
        return "<back>"


class Checkpoint(Unyielded):
    """Draw a line: nobody goes back past it."""

    __slots__ = ()

    def __iter__(self) -> Generator[Checkpoint, None, None]:
        """Yield itself, so that ``yield from Checkpoint()`` works as ``yield Checkpoint()`` does."""
        yield self

    def __repr__(self) -> str:
        return "<checkpoint>"


class Navigation(msgspec.Struct, frozen=True, kw_only=True):
    """The keys with which a person moves in any conversation, and what stands beside them.

    A key is offered, below the question, where there is something to go back to. Where a question has it among its
    choices it is an answer, and on a later page of a long screen the keys of the screen come first.

    Args:
        back: typed to see the question before; ``None`` for no such key.
        start: typed to see the first question, or the first after a checkpoint; ``None`` for no such key.
        keep: typed to give the old answer again, where the person came back to a question; ``None`` for no such key.
        back_label: what stands beside the back key.
        start_label: what stands beside the start key.
        keep_label: what stands beside the keep key, before the old answer.

    Raises:
        ConfigurationError: two keys are the same, or one is no text.

    >>> Navigation(back="0", start="00").start
    '00'
    """

    back: str | None = "0"
    start: str | None = None
    keep: str | None = None
    back_label: Text = BuiltIn("Back")
    start_label: Text = BuiltIn("Start again")
    keep_label: Text = BuiltIn("Keep")

    def __post_init__(self) -> None:
        keys = [key for key in (self.back, self.start, self.keep) if key is not None]
        if any(not isinstance(key, str) or not key or key != key.strip() for key in keys) or len(set(keys)) < len(keys):
            raise ConfigurationError("navigation needs different keys, without blanks, or None for those that it has not")
        if not all(map(is_text, (self.back_label, self.start_label, self.keep_label))):
            raise ConfigurationError("the labels of a navigation are texts")
