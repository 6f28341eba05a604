"""What the variables of a flow hold, written so that two replays can be held against each other."""

import dis
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from flowdsl.chat import Chat
from flowdsl.flow import Flow
from flowdsl.prompt import Prompt
from flowdsl.replay import Replay
from flowdsl.session import Session
from flowdsl.source import delegates
from flowdsl.texts import Deferred

__all__ = ["Place", "Stack", "difference", "places", "stack", "written"]


class Place(NamedTuple):
    """A function that a flow stands in: its name, its file, its line, the place in its code, and its variables as written.

    A variable that cannot be held against another one, such as an open file, is ``None``. ``loops`` are the places in the
    code at which loops by ``for`` begin and end.
    """

    name: str
    file: str
    line: int
    instruction: int
    variables: tuple[tuple[str, str | None], ...]
    loops: tuple[tuple[int, int], ...] = ()

    @property
    def where(self) -> str:
        """The line, as ``file:line``."""
        return f"{self.file}:{self.line}"


class Stack(NamedTuple):
    """The functions that a flow stands in, the outermost first."""

    places: tuple[Place, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether all variables can be held against others."""
        return all(written is not None for place in self.places for _, written in place.variables)

    @property
    def counts(self) -> bool:
        """Whether it matters how often it has come here: in a ``for``, which keeps how far it is where nobody can look."""
        return any(begin <= place.instruction < end for place in self.places for begin, end in place.loops)


def stack(replay: Replay) -> Stack:
    """Write down where a flow stands.

    Args:
        replay: shown by ``watch`` of :func:`flowdsl.turn.take_turn`.
    """
    return Stack(tuple(places(replay)))


def places(replay: Replay) -> Iterator[Place]:
    """Give the functions that a flow stands in, the outermost first."""
    for outer in replay.generators():
        for each in delegates(outer):
            frame = getattr(each, "gi_frame", None)
            if frame is None:
                continue
            code = frame.f_code
            # A name that is not one of the author's is Python's, as the iterator of a comprehension.
            held = tuple((name, written(value)) for name, value in frame.f_locals.items())
            yield Place(code.co_qualname, code.co_filename, frame.f_lineno, frame.f_lasti, held, _loops(code))


@lru_cache(maxsize=1024)
def _loops(code: CodeType) -> tuple[tuple[int, int], ...]:
    return tuple((each.offset, each.argval) for each in dis.get_instructions(code) if each.opname == "FOR_ITER")


def difference(one: Stack, other: Stack) -> str | None:
    """Say in words what differs between two replays of the same answers; ``None`` where nothing does.

    Args:
        one: where the first stands.
        other: where the second stands.
    """
    for first, second in zip(one.places, other.places, strict=False):
        if (first.name, first.instruction) != (second.name, second.instruction):
            return f"it stood at {first.where}, and then at {second.where}"
        known = dict(second.variables)
        for name, written in first.variables:
            if name in known and None not in (written, known[name]) and written != known[name]:
                return f"the variable {name!r} at {first.where} was {written}, and then {known[name]}"
    if len(one.places) != len(other.places):
        longer = max(one.places, other.places, key=len)
        return f"only one of them stood at {longer[-1].where}"
    return None


_PLAIN: Final = frozenset({str, int, float, bool, NoneType, bytes, Decimal, date, datetime, time, timedelta, UUID})
_NAMED: Final = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, type)
_OF_THE_SESSION: Final = (Chat, Session)
_DEEPEST: Final = 8
# What holds more is a catalogue or a client, and to write it at every turn would take longer than all the rest.
_MOST: Final = 2_000


def written(value: Any) -> str | None:
    """Write a value down so that it can be held against another; ``None`` where what it holds cannot be known.

    >>> written({"bags": [1, 2]}), written(open), written(value for value in ())
    ("{'bags': [1, 2]}", '<io.open>', None)
    """
    if value.__class__ in _PLAIN:  # as most are
        return repr(value)
    try:
        return _Writer().written(value, 0)
    except _Unknown:
        return None


class _Unknown(Exception):
    """What a value holds cannot be known."""


class _Writer:
    """Writes one value; ``left`` is how much more it may hold."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _MOST

    def written(self, value: Any, depth: int) -> str:
        cls = value.__class__
        self.left -= 1
        if cls in _PLAIN:
            return repr(value)
        if depth > _DEEPEST or self.left < 0:
            raise _Unknown
        if cls is list or cls is tuple:
            return f"[{self._joined(value, depth)}]" if cls is list else f"({self._joined(value, depth)})"
        if cls is dict:
            pairs = (f"{self.written(key, depth + 1)}: {self.written(each, depth + 1)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        if cls is set or cls is frozenset:
            return f"{{{', '.join(sorted(self.written(each, depth + 1) for each in value))}}}"
        return self._named(value) or f"{cls.__qualname__}({self._joined(_held(value), depth)})"

    def _joined(self, values: Iterable[Any], depth: int) -> str:
        return ", ".join([self.written(each, depth + 1) for each in values])

    @staticmethod
    def _named(value: Any) -> str | None:
        cls = value.__class__
        if isinstance(value, Enum):
            return f"{cls.__qualname__}.{value.name}"
        if isinstance(value, _OF_THE_SESSION):
            return f"<{cls.__name__.lower()}>"  # what is in them is compared by itself
        if isinstance(value, Flow):
            return f"<flow {value.name}>"
        if isinstance(value, Prompt):
            return f"<prompt {value.key!r}>"
        if isinstance(value, _NAMED):
            return f"<{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', ''))}>"
        return None


def _held(value: Any) -> Iterable[Any]:
    """Tell what an object holds, as :mod:`pickle` would have to know it."""
    if isinstance(value, Deferred):  # a text and its values; where catalogues are is another thing
        return [getattr(value, name) for name in value.__struct_fields__ if name != "source"]
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name, None) for name in value.__struct_fields__]
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # a file, a lock, a generator
        raise _Unknown from None
    if not isinstance(reduced, tuple):
        raise _Unknown
    _, arguments, *state = reduced
    return [arguments, *(list(each) if isinstance(each, Iterator) else each for each in state)]
