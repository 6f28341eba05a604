"""Where a person can go back to, and with which keys."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from flowdsl.errors import BadStep, UnstorableValue
from flowdsl.journal import ASKED, Entry, decode
from flowdsl.navigation import Navigation
from flowdsl.outcome import Asked, Ways
from flowdsl.prompt import Prompt
from flowdsl.verdict import known_types

__all__ = ["first", "one_before", "previous", "ways_from"]

_BACK = "0"


def previous(done: list[Entry], barrier: int) -> int | None:
    """Find the question that was answered last: the place of its entry, or of the sub-flow that it was in.

    There is no way back to what was only called, or to a sub-flow that asked nothing.

    Args:
        done: the journal.
        barrier: how many of its entries nobody goes back past.

    >>> previous([Entry("prompt", "name", "", "Ama"), Entry("call", "look_up", "call", 1)], 0)
    0
    """
    return next((place for place in range(len(done) - 1, barrier - 1, -1) if done[place].kind in ASKED), None)


def first(done: list[Entry], barrier: int) -> int | None:
    """Find the first question that a person can go back to."""
    return next((place for place in range(barrier, len(done)) if done[place].kind in ASKED), None)


def one_before(done: list[Entry], barrier: int) -> int:
    """Find the question before the one that was answered last, or that one where there is none before it.

    Raises:
        BadStep: there is nowhere to go back to.
    """
    last = previous(done, barrier)
    if last is None:
        raise BadStep(
            "it goes back, and nothing was asked that it could go back to: a question must come before `yield Back()`, and no "
            "Checkpoint, irreversible call or Become between them"
        )
    before = previous(done[:last], barrier)
    return last if before is None else before


def ways_from(
    prompt: Prompt[Any],
    asked: Asked,
    done: list[Entry],
    barrier: int,
    navigation: Navigation | None,
    kept: Entry | None,
    types: Mapping[str, type],
) -> Ways | None:
    """Tell which keys lead away from a question; ``None`` where none does.

    Args:
        prompt: the question.
        asked: which one it is.
        done: what was answered before it.
        barrier: how many of these entries nobody goes back past.
        navigation: the keys that hold everywhere.
        kept: the old answer of the question that the person came back to.
        types: enums and dataclasses that it may be of, by name.
    """
    back = start = None
    if previous(done, barrier) is not None and prompt.back is not False:
        back = prompt.back if isinstance(prompt.back, str) else navigation.back if navigation else None
        back = _BACK if back is None and prompt.back else back
        start = navigation.start if navigation else None
    if start == back:
        start = None
    if prompt.choices is not None:
        back, start = (None if key is not None and prompt.menu.pick(key) else key for key in (back, start))
    old = None
    if navigation is not None and navigation.keep not in (None, back) and kept is not None and not prompt.secret:
        same = kept.key == asked.key and kept.choices == asked.choices
        taken = prompt.choices is not None and prompt.menu.pick(navigation.keep)
        old = _as_text(prompt, kept, types) if same and not taken else None
    return None if back is start is old is None else Ways(back, start, old)


def _as_text(prompt: Prompt[Any], kept: Entry, types: Mapping[str, type]) -> str | None:
    try:
        value = decode(kept.value, known_types(prompt, types))
    except UnstorableValue:  # its class has changed since, and what cannot be read cannot be kept
        return None
    if (label := prompt.menu.label(value)) is not None:
        return label
    write: Any = getattr(prompt.transform, "format", None)
    if callable(write) and not isinstance(prompt.transform, type):
        return str(write(value))
    return str(value.value if isinstance(value, Enum) else value) if isinstance(value, _SHOWN) else None


_SHOWN = (str, int, float, Decimal, Enum)
